"""``python -m quelea bench jit``: functions in loops, compiled by `quelea.jit` beside Numba's `njit` in the same run.

Each side is a process of its own with one thread; they take turns, the medians count, and the two must agree. First
calls are measured too, with empty caches: what it takes to compile.
"""

import argparse
import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence

from .common import count, warn_of_others
from .programs import Program, Section
from .programs.compiled import COMPILED
from .small import Table, chosen_of, measure, read_seconds
from .turns import started

__all__ = ["main"]

_FIRST = 2.0  # of Numba's speed, the geometric mean of the first calls
_ONE = {"QUELEA_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    table = Table(("Numba", "Quelea"), 1.0, given.repeats)
    first: list[tuple[Program, float, float]] = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quelea-bench-"))
        environment = {**_ONE, "QUELEA_CACHE": folder}
        theirs = stack.enter_context(started("Numba", "numba", more=environment))
        ours = stack.enter_context(started("Quelea", "jit", more=environment))
        for section, programs in chosen:
            table.title(section.title)
            ratios = []
            for program in programs:
                found = measure((theirs, ours), section, program, given)
                ratios.append(found.ratio)
                first.append((program, *found.first))
                table.row(program, found, program.least)
            if len(programs) == len(section.programs) > 1:
                table.mean(ratios, section.least_mean)
    table.title("first call, empty cache: compiled")
    for program, numba, quelea in first:
        table.times(program.name, numba, quelea)
    complete = len(first) == sum(len(section.programs) for section in COMPILED)
    table.mean([numba / quelea for _, numba, quelea in first], _FIRST if complete else None)
    print(f"\n{table.missed} requirements not met" if table.missed else "\nall requirements met")
    return 1 if table.missed else 0


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench jit``.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not, 2 when nothing can be measured so.

    Raises
    ------
    RuntimeError
        A side failed, or the two answers differ.
    """
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench jit",
        description="How fast functions in loops are: compiled by Numba and by Quelea, a process each, in turns.",
    )
    parser.add_argument(
        "--rows", action="append", metavar="WORDS", help="only programs that have these words"
    )
    parser.add_argument(
        "--repeats", type=count, default=9, help="measurements of which the median counts (9)"
    )
    parser.add_argument(
        "--seconds", type=read_seconds, default=3.0, help="after which a row has fewer of them (3)"
    )
    parser.add_argument(
        "--tiny", action="store_true", help="tiny sizes, whose times say nothing: a trial"
    )
    given = parser.parse_args(arguments)
    chosen = chosen_of(COMPILED, given.rows)
    if not chosen:
        print("no program has these words in its section or name", file=sys.stderr)
        return 2
    if importlib.util.find_spec("numba") is None:
        print("Numba is missing: pip install numba", file=sys.stderr)
        return 2
    print(
        f"{len(os.sched_getaffinity(0))} cores; medians of {given.repeats}, the sides in turns, answers compared"
    )
    warn_of_others()
    return _run(given, chosen)
