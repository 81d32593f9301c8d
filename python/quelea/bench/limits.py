"""``python -m quelea limits``: what this machine gives at best, by C programs, and how near to that a loop comes.

Memory and each cache are passed over by each thread with arrays of its own; arithmetic is vectors that do not wait for
each other; messages go between two ranks, by MPI. A loop over points cannot be faster than its arithmetic, nor than its
bytes where they lie: that is the limit which binds it.
"""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import NamedTuple

from .common import warn_of_others
from .jobs import CORES, Reading, References, reading

__all__ = ["Limit", "Limits", "main", "measured"]


class Level(NamedTuple):
    """A cache, or memory: the bytes that its threads' arrays have together at most, and GB/s of all of them."""

    name: str
    bytes: float
    read: float
    copy: float
    triad: float


class Limit(NamedTuple):
    """What binds a loop: so many points/s at most."""

    points: float
    by: str


class Limits(NamedTuple):
    """Of so many threads together: GFLOP/s of additions, and of multiplications with additions; caches and memory."""

    threads: int
    adds: float
    muladds: float
    levels: tuple[Level, ...]

    def level(self, size: float) -> Level:
        """Give where arrays of so many bytes lie."""
        return next((level for level in self.levels if size <= level.bytes), self.levels[-1])

    def of(self, flops: int, moved: int, size: float) -> Limit:
        """Give the limit of a loop with so many additions and multiplications, and bytes read and written, per point.

        Its arrays have `size` bytes together, and are passed over once.
        """
        level = self.level(size)
        return min(
            Limit(1e9 * self.adds / flops, "arithmetic"),
            Limit(1e9 * level.triad / moved, level.name),
        )


def _limits(given: Reading) -> Limits:
    """Understand what ``cluster/bench/limits.c`` prints."""
    threads = int(given["threads"])
    names = [key.removesuffix("_bytes") for key in given if key.endswith("_bytes")]
    levels = tuple(
        Level(
            name,
            2.0 * threads * given[f"{name}_bytes"],  # it was half full
            *(given[f"{name}_{way}"] for way in ("read", "copy", "triad")),
        )
        for name in names
    )
    return Limits(threads, given["adds"], given["muladds"], levels)


def measured(references: References, threads: int = CORES, effort: int = 64) -> Limits:
    """Measure this machine, which takes some seconds."""
    return _limits(references.threads("limits", effort, count=threads))


def _size(size: float) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.0f} KB"


def _print(limits: Limits) -> None:
    who = f"{limits.threads} threads together" if limits.threads > 1 else "1 thread"
    print(f"\n{who}\n  {'additions, float64':40}{limits.adds:>10.1f} GFLOP/s")
    print(f"  {'multiplications with additions':40}{limits.muladds:>10.1f} GFLOP/s")
    print(f"  {'GB/s, read + written':40}{'read':>10}{'copy':>10}{'triad':>10}")
    for level in limits.levels:
        last = level is limits.levels[-1]
        name = level.name if last else f"{level.name}, {_size(level.bytes)}"
        print(f"  {name:40}{level.read:>10.1f}{level.copy:>10.1f}{level.triad:>10.1f}")


def _print_wires(what: str, given: Reading) -> None:
    print(f"\n{what}, by MPI")
    print(f"  {'latency, 8 bytes':40}{1e6 * given['latency']:>10.2f} us")
    print(f"  {'bandwidth, 4 MB':40}{1e-9 * given['bandwidth']:>10.2f} GB/s", flush=True)


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and print the limits.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``limits``.

    Returns
    -------
    int
        0, or 2 when nothing can be measured so.

    Raises
    ------
    RuntimeError
        A program failed.
    """
    parser = argparse.ArgumentParser(
        prog="python -m quelea limits",
        description="What this machine gives at best: arithmetic, caches, memory, messages. "
        "C programs measure it; nothing of Quelea is in them.",
    )
    parser.add_argument(
        "--launch",
        metavar="COMMAND",
        action="append",
        help="also measure messages between the first two ranks that this starts, as 'mpirun -n 2 --host a,b'",
    )
    parser.add_argument("--tiny", action="store_true", help="a trial, whose figures say nothing")
    given = parser.parse_args(arguments)
    if shutil.which("mpirun") is None:
        print("mpirun is missing (Debian package openmpi-bin)", file=sys.stderr)
        return 2
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores")
    warn_of_others()
    references = References()
    for threads in sorted({1, cores}):
        _print(measured(references, threads, 1 if given.tiny else 64))
    if cores > 1:
        _print_wires("Between 2 ranks of this machine", references.ranks("wires"))
    for command in given.launch or ():
        _print_wires(command, reading([*shlex.split(command), references.program("wires")]))
    return 0
