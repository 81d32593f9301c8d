"""What messages between nodes take, as LogGP has it (Alexandrov, Ionescu, Schauser, Scheiman 1995).

    L + 2 o              a short message, of which a processor is busy for o at either end
    L + 2 o + bytes G    a long one; 1/G is the bandwidth of the node's link, which all its messages share
    3 (L + 2 o) + bytes G    one that is so long that the receiver is asked first (LogGPS: Ino, Fujimoto, Hagihara 2001)

Measurements give L + 2 o, half of the way there and back: `latency`; o is by how much another message that is sent
with it comes later: `overhead`. What it takes until all nodes have agreed is measured too: `stage` is a part of it.
"""

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

from ..doctor.wires import LONG

__all__ = ["Network", "measured_network"]


@dataclass(frozen=True)
class Network:
    """Seconds, and bytes."""

    latency: float  # of a short message, overheads included
    bandwidth: float  # of a node's link, each way
    overhead: float  # of a processor, at either end of each message
    eager: float  # bytes up to which nobody is asked first
    stage: float  # of the log2(nodes) messages, one after another, by which all agree

    def ways(self, size: float) -> int:
        """Give how often a message of so many bytes crosses the wire before its end does."""
        return 1 if size <= self.eager else 3

    def waits(self, messages: float, largest: float) -> float:
        """Give what a node's messages to its neighbours take beside their bytes.

        The processor sends and receives them one after another, and the wires' latencies pass at the same time.
        """
        if messages <= 0:
            return 0.0
        return self.ways(largest) * self.latency + 2 * (messages - 1) * self.overhead


def measured_network(path: Path, overhead: float | None, eager: float) -> Network:
    """Take what ``python -m quelea doctor --json`` has measured between nodes: medians of the pairs.

    The bandwidth is the best that was measured, as nobody else's messages are expected; latencies are those of the
    usual message, which is what many of them take.

    Raises
    ------
    ValueError
        It is no such file, or of one node.
    """
    try:
        told = json.loads(path.read_text())
        pairs = told["pairs"]
        best, latency, later = (
            statistics.median(pair[name] for pair in pairs)
            for name in ("seconds", "usual_seconds", "overhead_seconds")
        )
        long = statistics.median(LONG / pair["bytes_per_second"] for pair in pairs)
        nodes = 1 + max(max(pair["nodes"]) for pair in pairs)
        stage = told["agreement_seconds"] / math.ceil(math.log2(nodes))
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} does not have what 'python -m quelea doctor --json' prints in a job of several nodes"
        ) from None
    ways = 1 if eager >= LONG else 3
    bandwidth = LONG / max(long - ways * best, 1e-12)
    return Network(latency, bandwidth, later if overhead is None else overhead, eager, stage)
