"""What messages between nodes take, as LogGP has it (Alexandrov, Ionescu, Schauser, Scheiman 1995).

    L + 2 o              a short message, of which a processor is busy for o at either end
    L + 2 o + bytes G    a long one; 1/G is the bandwidth of the node's link, which all its messages share
    3 (L + 2 o) + bytes G    one that is so long that the receiver is asked first (LogGPS: Ino, Fujimoto, Hagihara 2001)

Measurements give L + 2 o, half of the way there and back: `latency`. It cannot be told from them how much of that is o.
"""

import json
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


def measured_network(path: Path, overhead: float, eager: float) -> Network:
    """Take what ``python -m quelea doctor --json`` has measured between nodes: medians of the pairs.

    Raises
    ------
    ValueError
        It is no such file, or of one node.
    """
    try:
        pairs = json.loads(path.read_text())["pairs"]
        latency = statistics.median(pair["seconds"] for pair in pairs)
        long = statistics.median(LONG / pair["bytes_per_second"] for pair in pairs)
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} does not have what 'python -m quelea doctor --json' prints in a job of several nodes"
        ) from None
    ways = 1 if eager >= LONG else 3
    return Network(latency, LONG / max(long - ways * latency, 1e-12), overhead, eager)
