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
from .programs.references import lacking
from .rows import Table, begin, options, run
from .turns import started

__all__ = ["main"]

_RANKS = 2  # of which the programs say what they require


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    required = given.ranks == _RANKS and not given.tiny
    table = Table(("NumPy", "Quelea"), 1.0 if required else None, given.repeats)
    launcher = mpirun(given.ranks, limit=3600) if given.ranks > 1 else ()
    plain = [(section, programs) for section, programs in chosen if not section.ways]
    if plain:
        with contextlib.ExitStack() as stack:
            theirs = stack.enter_context(started("NumPy", "numpy"))
            ours = stack.enter_context(started("Quelea", "quelea", launcher, given.ranks))
            for _ in run(table, (theirs, ours), plain, given):
                pass
    for section, programs in chosen:
        if section.ways:
            _beside(table, section, programs, given)
    return table.finish()


def _beside(
    table: Table, section: Section, programs: list[Program], given: argparse.Namespace
) -> None:
    """Rows whose other side is not NumPy."""
    assert section.ways
    way, own = section.ways
    missing = lacking(way.kind) or lacking("mpirun")
    if missing:
        table.title(section.title, (way.title, own.title))
        for program in programs:
            table.skip(program.name, missing)
        return
    more = {"DASK_NUM_WORKERS": str(way.threads), "OPENBLAS_NUM_THREADS": "1"}
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(started(way.title, way.kind, more=more))
        ours = stack.enter_context(
            started(own.title, own.kind, mpirun(own.ranks, limit=3600), own.ranks)
        )
        for _ in run(table, (theirs, ours), [(section, programs)], given):
            pass


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
