"""``python -m quelea bench arrays``: functions of large arrays, Quelea beside NumPy in the same run.

Each side has processes of its own, and NumPy its usual threads; they take turns, the medians count, every result is
looked at, and the two must agree.
"""

import argparse
import contextlib
import shutil
from collections.abc import Sequence

from .common import count, mpirun
from .programs.arrays import ARRAYS
from .programs.program import Program, Section
from .rows import Table, begin, options, run
from .turns import started

__all__ = ["main"]

_RANKS = 2  # of which the programs say what they require


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    required = given.ranks == _RANKS and not given.tiny
    table = Table(("NumPy", "Quelea"), 1.0 if required else None, given.repeats)
    launcher = mpirun(given.ranks, limit=3600) if given.ranks > 1 else ()
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(started("NumPy", "numpy"))
        ours = stack.enter_context(started("Quelea", "quelea", launcher, given.ranks))
        for _ in run(table, (theirs, ours), chosen, given):
            pass
    return table.finish()


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    parser = options(
        "arrays",
        "How fast products, order, positions, transforms and random numbers are: NumPy in one process and Quelea on "
        "ranks, in turns.",
        ARRAYS,
    )
    parser.add_argument(
        "--ranks",
        type=count,
        default=_RANKS,
        help=f"of Quelea ({_RANKS}); of others nothing is required",
    )
    given = parser.parse_args(arguments)
    missing = None
    if given.ranks > 1 and shutil.which("mpirun") is None:
        missing = "mpirun is missing (Debian package openmpi-bin)"
    chosen = begin(given, ARRAYS, missing)
    return _run(given, chosen) if chosen else 2
