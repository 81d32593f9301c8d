"""The pattern of messages of a prediction, played by SimGrid's SMPI: a network that is simulated, message by message.

Casanova, Giersch, Legrand, Quinson, Suter 2014. Nodes hang by a link of their own, each way, on a switch that is never
short of anything: what is checked is how messages, agreements and links act on one another, of all nodes, for which the
model has a formula. Computing is the model's: each node is busy for as long as it says.
"""

import math
import shutil
import subprocess
from pathlib import Path

from ..bench.jobs import References
from ..temporary import TemporaryFolder
from .model import Predicted
from .networks import Network

__all__ = ["Simulator"]

_PLATFORM = """<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="nodes" prefix="n" suffix="" radical="0-{last}" speed="1Gf" bw="{bandwidth:.9g}Bps" lat="{latency:.9g}s"/>
</platform>
"""


def _options(network: Network) -> list[str]:
    busy = f"0:{network.overhead:.9g}:0"
    settings = {
        "smpi/simulate-computation": "no",  # ours is said
        "network/model": "CM02",  # latency and bandwidth as they are, without factors of a certain cluster
        "network/TCP-gamma": "0",  # no window limits a stream
        "smpi/os": busy,
        "smpi/ois": busy,
        "smpi/or": busy,
        "smpi/async-small-thresh": f"{network.eager:.0f}",
        "smpi/send-is-detached-thresh": f"{network.eager:.0f}",
    }
    return [f"--cfg={name}:{value}" for name, value in settings.items()]


class Simulator:
    """SimGrid, and the program that it plays."""

    def __init__(self) -> None:
        for tool in ("smpicc", "smpirun"):
            if shutil.which(tool) is None:
                raise RuntimeError(f"{tool} is missing (Debian package libsimgrid-dev)")
        self._folder = TemporaryFolder("predict")
        self._program = Path(self._folder.name) / "halo"
        source = References().source("halo_mpi")
        done = subprocess.run(
            ["smpicc", "-std=gnu11", "-O2", str(source), "-o", str(self._program)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"smpicc cannot compile {source}:\n{done.stderr}")

    def seconds(self, one: Predicted) -> float:
        """Give what the messages of a run take where they are simulated."""
        pattern, geometry = one.case.pattern, one.case.geometry
        if geometry.nodes == 1 or pattern.exchanges < 1:
            return 0.0
        if len(geometry.shape) > 3:
            raise ValueError("arrays of up to 3 axes can be simulated")
        exchanges = round(pattern.exchanges)
        rest = one.seconds - one.travel - one.terms["hidden"]
        words = [len(geometry.cells), *geometry.cells, *geometry.part, round(pattern.depth)]
        words += [pattern.item * pattern.arrays, round(pattern.agreements), exchanges]
        busy = f"{rest / exchanges:.9g}"
        return self._run(geometry.nodes, one.case.network, [*words, busy]) - exchanges * float(busy)

    def _run(self, nodes: int, network: Network, words: list[object]) -> float:
        wire = (
            max(network.latency - 2 * network.overhead, 1e-9) / 2
        )  # of a link; a message goes through two
        platform, hosts = (Path(self._folder.name) / name for name in ("platform.xml", "hosts"))
        platform.write_text(
            _PLATFORM.format(last=nodes - 1, bandwidth=network.bandwidth, latency=wire)
        )
        hosts.write_text("".join(f"n{k}\n" for k in range(nodes)))
        command = [
            "smpirun",
            "-np",
            str(nodes),
            "-platform",
            str(platform),
            "-hostfile",
            str(hosts),
        ]
        command += [*_options(network), str(self._program), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = [line for line in done.stdout.splitlines() if line.startswith("seconds ")]
        if done.returncode or not found:
            raise RuntimeError(
                f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}"
            )
        seconds = float(found[-1].split()[1])
        if not math.isfinite(seconds):
            raise RuntimeError(f"{' '.join(command)} says that it took {seconds} s")
        return seconds
