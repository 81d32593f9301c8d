"""``python -m quelea bench small``: programs of many small statements, Quelea beside NumPy in the same run.

Each side is a process of its own with its usual threads; they take turns, the medians count, every result is looked at,
and the two must agree.
"""

import argparse
import contextlib
import os
import shutil
from collections.abc import Sequence

from .common import count, mpirun
from .programs import SECTIONS, Program, Section
from .rows import Table, begin, options, run
from .turns import spinning, started

__all__ = ["main"]

_BUSY = 2 / 3  # of the requirements, where another process takes half of the cores
_RANKS = 0.5  # of one process's speed, at least, on several ranks


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    names = ("1 process", f"{given.ranks} ranks") if given.ranks > 1 else ("NumPy", "Quelea")
    scale = _BUSY if given.busy else 1.0
    table = Table(names, None if given.tiny else scale, given.repeats)
    with contextlib.ExitStack() as stack:
        if given.busy:
            stack.enter_context(spinning())
        if given.ranks > 1:
            theirs = stack.enter_context(started(names[0], "quelea"))
            launcher = mpirun(given.ranks, limit=3600)
            ours = stack.enter_context(started(names[1], "quelea", launcher, given.ranks))
        else:
            theirs = stack.enter_context(started(names[0], "numpy"))
            ours = stack.enter_context(started(names[1], "quelea"))
        for _ in run(table, (theirs, ours), chosen, given, _RANKS if given.ranks > 1 else None):
            pass
    return table.finish()


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    parser = options(
        "small",
        "How fast programs of many small statements are: NumPy and Quelea, a process each, in turns.",
        SECTIONS,
    )
    parser.add_argument(
        "--busy",
        action="store_true",
        help="bind both sides to two cores, on one of which another process spins",
    )
    parser.add_argument(
        "--ranks",
        type=count,
        default=1,
        help="with more than 1: Quelea on so many ranks beside Quelea in one process",
    )
    given = parser.parse_args(arguments)
    missing = None
    if given.ranks > 1 and shutil.which("mpirun") is None:
        missing = "mpirun is missing (Debian package openmpi-bin)"
    elif given.busy and len(os.sched_getaffinity(0)) < 2:
        missing = "--busy needs two cores"
    chosen = begin(given, SECTIONS, missing)
    return _run(given, chosen) if chosen else 2
