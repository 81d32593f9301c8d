"""``python -m quelea bench jit``: functions in loops, compiled by `quelea.jit` beside Numba's `njit` in the same run.

Each side is a process of its own; they take turns, the medians count, and the two must agree. Of rows on one thread
the processor's time counts. First calls are measured too: with empty caches, and in new processes with full ones. Some
rows have another side than Numba: C, NumPy, SciPy, numexpr, Quelea without `jit`, or Quelea on one rank beside several.
"""

import argparse
import contextlib
import importlib.util
from collections.abc import Sequence

from ..temporary import TemporaryFolder
from .common import mpirun
from .programs import Program, Section, Way
from .programs.compiled import COMPILED, FIRST, ONE
from .programs.references import lacking
from .rows import Table, begin, options, run
from .turns import Side, started

__all__ = ["main"]

_FIRST = 2.0  # of Numba's speed, the geometric mean of the first calls
_CACHED = Way("Numba", "numba cached")


class _Sides(contextlib.ExitStack):
    """The processes of this run, each started when it is first needed, with caches in a folder."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self._sides: dict[Way, Side] = {}

    def start(self, way: Way) -> Side:
        """Start a new one."""
        threads = str(way.threads)
        more = {
            "QUELEA_THREADS": threads,
            "NUMBA_NUM_THREADS": threads,
            "NUMEXPR_NUM_THREADS": threads,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "QUELEA_CACHE": f"{self._folder}/quelea",
            "NUMBA_CACHE_DIR": f"{self._folder}/numba",
            **dict(way.settings),
        }
        launcher = mpirun(way.ranks, limit=3600) if way.ranks > 1 else ()
        return self.enter_context(started(way.title, way.kind, launcher, way.ranks, more))

    def of(self, ways: tuple[Way, Way]) -> tuple[Side, Side]:
        """Give those that compute in these ways."""
        for way in ways:
            if way not in self._sides:
                self._sides[way] = self.start(way)
        return self._sides[ways[0]], self._sides[ways[1]]


def _first_calls(
    table: Table, title: str, sides: tuple[Side, Side], programs: Sequence[tuple[Section, Program]]
) -> None:
    """Rows of the first calls, on tiny data."""
    table.title(title, (sides[0].name, sides[1].name))
    ratios = []
    for section, program in programs:
        theirs, ours = (side.begin(section.name, program, True).own for side in sides)
        table.times(program.name, theirs, ours)
        ratios.append(theirs / ours)
    complete = len(programs) == sum(len(s.programs) for s in COMPILED if s.name in FIRST)
    table.mean(ratios, _FIRST if complete else None)


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    table = Table((ONE[0].title, ONE[1].title), None if given.tiny else 1.0, given.repeats)
    first = [(s, p) for s, programs in chosen if s.name in FIRST for p in programs]
    with (
        TemporaryFolder("bench") as folder,
        _Sides(folder) as sides,
    ):
        if first:
            _first_calls(table, "first call, empty cache", sides.of(ONE), first)
            with _Sides(folder) as before:  # fills Numba's cache
                side = before.start(_CACHED)
                for section, program in first:
                    side.begin(section.name, program, True)
            with _Sides(folder) as after:
                both = after.of((_CACHED, ONE[1]))
                _first_calls(table, "first call in a new process, full cache", both, first)
        for section, programs in chosen:
            ways = section.ways or ONE
            missing = lacking("mpirun" if ways[1].ranks > 1 else ways[0].kind)
            if missing:
                table.title(section.title)
                for program in programs:
                    table.skip(program.name, missing)
                continue
            for _ in run(table, sides.of(ways), [(section, programs)], given):
                pass
    return table.finish()


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    parser = options(
        "jit",
        "How fast functions in loops are: compiled by Numba and by Quelea, a process each, in turns.",
        COMPILED,
    )
    given = parser.parse_args(arguments)
    found = importlib.util.find_spec("numba")
    chosen = begin(given, COMPILED, None if found else "Numba is missing: pip install numba")
    return _run(given, chosen) if chosen else 2
