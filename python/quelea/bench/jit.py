"""``python -m quelea bench jit``: functions in loops, compiled by `quelea.jit` beside Numba's `njit` in the same run.

Each side is a process of its own with one thread; they take turns, the medians count, and the two must agree. First
calls are measured too, with empty caches: what it takes to compile.
"""

import argparse
import contextlib
import importlib.util
import tempfile
from collections.abc import Sequence

from .programs import Program, Section
from .programs.compiled import COMPILED
from .rows import Table, begin, options, run
from .turns import started

__all__ = ["main"]

_FIRST = 2.0  # of Numba's speed, the geometric mean of the first calls
_ONE = {"QUELEA_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    table = Table(("Numba", "Quelea"), 1.0, given.repeats)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="quelea-bench-"))
        environment = {**_ONE, "QUELEA_CACHE": folder}
        theirs = stack.enter_context(started("Numba", "numba", more=environment))
        ours = stack.enter_context(started("Quelea", "jit", more=environment))
        first = [(p, *found.first) for p, found in run(table, (theirs, ours), chosen, given)]
    table.title("first call, empty cache: compiled")
    for program, numba, quelea in first:
        table.times(program.name, numba, quelea)
    complete = len(first) == sum(len(section.programs) for section in COMPILED)
    table.mean([numba / quelea for _, numba, quelea in first], _FIRST if complete else None)
    return table.finish()


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
    parser = options(
        "jit",
        "How fast functions in loops are: compiled by Numba and by Quelea, a process each, in turns.",
        COMPILED,
    )
    given = parser.parse_args(arguments)
    found = importlib.util.find_spec("numba")
    chosen = begin(given, COMPILED, None if found else "Numba is missing: pip install numba")
    return _run(given, chosen) if chosen else 2
