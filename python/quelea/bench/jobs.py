"""Sides that are whole processes: how they are started and take turns, and what they print.

The C programs of ``cluster/bench`` and the workers of the benchmarks print ``key value`` pairs, among them a checksum
of every bit of the answer; a time is believed only when the checksums agree.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..temporary import TemporaryFolder
from .common import environment, mpirun

__all__ = ["CORES", "Reading", "References", "Workers", "agree", "median", "reading", "turns"]

CORES = 2  # what the requirements are stated for
Reading = dict[str, float]


def reading(command: Sequence[str], **more: str) -> Reading:
    """Run a program and take the ``key value`` pairs of its last line."""
    done = subprocess.run(
        command, env=environment(**more), capture_output=True, text=True, check=False
    )
    lines = done.stdout.split("\n")
    if done.returncode != 0 or len(lines) < 2:
        raise RuntimeError(
            f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    words = lines[-2].split()
    return {
        key: float(value) if "." in value else int(value)
        for key, value in zip(words[::2], words[1::2], strict=True)
    }


class Workers:
    """Processes of a module that is started with ``--worker``, what its arrays are made by, and more words."""

    def __init__(self, module: str) -> None:
        self._command = [sys.executable, "-m", module, "--worker"]

    def other(self, arrays: str, *words: object, **more: str) -> Reading:
        """Run one process that is not Quelea's."""
        return reading([*self._command, arrays, *map(str, words)], **more)

    def quelea(self, ranks: int, *words: object, **more: str) -> Reading:
        """Run Quelea on MPI ranks, or with 0 ranks in one process with CORES threads."""
        command = [*self._command, "quelea", *map(str, words)]
        more["QUELEA_OUTPUT"] = "root"  # one line, not one of each rank
        if ranks == 0:
            return reading(command, QUELEA_THREADS=str(CORES), **more)
        return reading([*mpirun(ranks), *command], **more)


class References:
    """The C programs, as CMake built them beside this checkout, else compiled now into a temporary folder."""

    def __init__(self) -> None:
        package = Path(__file__).resolve().parent.parent
        checkout = package.parent.parent
        self._built = checkout / "build" / "release" / "cluster"
        self._sources = next(
            (p for p in (checkout / "cluster" / "bench", package / "references") if p.is_dir()),
            None,
        )
        self._temporary: TemporaryFolder | None = None

    def source(self, name: str) -> Path:
        """Give the path of a program's text."""
        if self._sources is None:
            raise RuntimeError(
                "the C references are not here: run this from a checkout after ./run.sh"
            )
        return self._sources / f"{name}.c"

    def program(self, name: str) -> str:
        """Give the path of a program."""
        if (self._built / name).exists():
            return str(self._built / name)
        source = self.source(name)
        if self._temporary is None:
            self._temporary = TemporaryFolder("bench")
        path = Path(self._temporary.name) / name
        if not path.exists():
            flags = ["-std=gnu11", "-O3", "-march=native", "-ffp-contract=off", "-fopenmp"]
            if os.uname().machine == "x86_64":
                flags.append("-mprefer-vector-width=512")
            subprocess.run(["mpicc", *flags, str(source), "-o", str(path)], check=True)
        return str(path)

    def threads(self, name: str, *words: object, count: int = CORES) -> Reading:
        """Run a program on some threads."""
        return reading(
            [self.program(name), *map(str, words)],
            OMP_NUM_THREADS=str(count),
            OMP_PROC_BIND="true",
            OMP_PLACES="cores",
        )

    def ranks(self, name: str, *words: object) -> Reading:
        """Run a program on CORES ranks."""
        return reading([*mpirun(CORES), self.program(name), *map(str, words)])


def turns(sides: dict[str, Callable[[], Reading]], repeats: int) -> dict[str, list[Reading]]:
    """Run the sides in turns."""
    readings: dict[str, list[Reading]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, run in sides.items():
            readings[name].append(run())
    return readings


def median(readings: list[Reading], key: str = "seconds") -> float:
    """Give the median of one of the figures."""
    return statistics.median(given[key] for given in readings)


def agree(what: str, readings: dict[str, list[Reading]]) -> None:
    """Raise a RuntimeError where answers differ."""
    found = {name: {given["checksum"] for given in all_} for name, all_ in readings.items()}
    if len(set().union(*found.values())) != 1:
        raise RuntimeError(f"{what}: the answers differ: {found}")
