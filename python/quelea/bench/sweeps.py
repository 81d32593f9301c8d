"""``python -m quelea bench sweeps``: plain NumPy loops over stencils in sweeps, beside C + MPI, Numba and NumPy.

All sides take turns, each a process (or a job of ranks) of its own at every turn. Their answers are compared bit by
bit: after a few steps, NumPy's too, and after all that are timed. The C programs are written by hand, one step per
sweep; for Jacobi's iteration there is also one with time blocking, which says what a sweep can give. Behind the
stencils come passes over long vectors beside the fastest C loops.
"""

import argparse
import importlib
import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy

from .common import count, warn_of_others
from .grids import checksum
from .jobs import CORES, Reading, References, Workers, agree, median, turns
from .limits import Limits, measured
from .programs.stencil_loops import loops
from .programs.stencils import STENCILS, Case, Stencil
from .report import Report

__all__ = [
    "MPI",
    "NUMBA",
    "NUMPY",
    "RANKS",
    "UNBLOCKED",
    "Sides",
    "main",
    "numpy_side",
    "sides_of",
]

_CHECK_STEPS = 4  # all sides, NumPy too, must agree after so many
_STEPS = 20  # of sizes that the table does not have
_WARM, _QUICK = 100, 2e9  # steps at most before those that are timed, but all of so many points
_MANY = 16  # ranks on CORES cores

# ---- what runs in processes of their own ----


def _look(fields: Sequence[Any]) -> None:
    """Look at the last elements, which the last rank owns: everybody has finished."""
    for field in fields:
        float(field[(-1,) * field.ndim])


def _timed(
    np: Any, stencil: Stencil, run: Callable[..., Any], n: int, steps: int
) -> tuple[float, Any]:
    arrays = stencil.arrays(np, n)
    _look(arrays)
    begin = time.perf_counter()
    fields = run(steps, *arrays)
    _look(fields)
    return time.perf_counter() - begin, fields


def _work_stencil(arrays: str, name: str, n: int, steps: int, warm: int) -> None:
    stencil = next(s for s in STENCILS if s.name == name)
    np: Any = importlib.import_module("quelea") if arrays == "quelea" else numpy
    run: Callable[..., Any] = stencil.run
    if arrays == "numba":
        numba = importlib.import_module("numba")
        run = loops(numba.njit(parallel=True), numba.prange)[name]
    _timed(np, stencil, run, n, warm)
    seconds, fields = _timed(np, stencil, run, n, steps)
    answer = np.on_root(checksum, *fields) if arrays == "quelea" else checksum(*fields)
    print(f"seconds {seconds:.9f} checksum {answer}")


def _work_vectors(arrays: str, n: int, repeats: int) -> None:
    """Time each pass, as cluster/bench/vectors.c does, on the same elements."""
    np: Any = importlib.import_module("quelea") if arrays == "quelea" else numpy
    a, b = ((np.arange(n) + first) * 2654435761 % 1000 + 0.0 for first in (0, n))
    c = np.zeros(n)

    def triad() -> None:
        c[:] = b + 3.0 * a

    def copy() -> None:
        c[:] = a

    passes = {
        "sum": lambda: float(a.sum()),
        "dot": lambda: float(a @ b),
        "triad": triad,
        "copy": copy,
    }
    words, answer = [], 0
    for name, once in passes.items():
        times = []
        for _ in range(1 + repeats):
            _look((a, b, c))
            begin = time.perf_counter()
            result = once()
            _look((c,))
            times.append(time.perf_counter() - begin)
        words.append(f"{name} {sorted(times[1:])[repeats // 2]:.9f}")
        if result is not None:
            answer += int(result)
        else:
            answer += np.on_root(checksum, c) if arrays == "quelea" else checksum(c)
    print(*words, "checksum", answer % 2**64)


def _worker(words: Sequence[str]) -> int:
    if words[1] == "vectors":
        _work_vectors(words[0], *map(int, words[2:]))
    else:
        _work_stencil(words[0], words[1], *map(int, words[2:]))
    return 0


_workers = Workers("quelea.bench.sweeps")

# ---- the sides ----

MPI, _BY_HAND, NUMBA, NUMPY = (
    "C + MPI, 2 ranks",
    "C by hand in sweeps, 2 threads",
    "Numba, 2 threads",
    "NumPy",
)
RANKS, _THREADS, _CROWD = "Quelea, 2 ranks", "Quelea, 1 process, 2 threads", "Quelea, 16 ranks"
_WAYS = {RANKS: CORES, _THREADS: 0}  # ranks; 0: one process with threads
UNBLOCKED = ", no sweeps"
_SWEPT, _NOT_SWEPT = {"QUELEA_TIME_BLOCK": "0"}, {"QUELEA_TIME_BLOCK": "1"}

Sides = dict[str, Callable[[], Reading]]


def sides_of(references: References, stencil: Stencil, n: int, steps: int, warm: int) -> Sides:
    """Give all sides but NumPy's; Numba's is there where Numba is."""
    words = (n, steps, warm)

    def quelea(ranks: int, more: dict[str, str]) -> Callable[[], Reading]:
        return lambda: _workers.quelea(ranks, stencil.name, *words, **more)

    sides: Sides = {MPI: lambda: references.ranks(f"{stencil.name}_mpi", *words)}
    by_hand = stencil.by_hand
    if by_hand is not None:
        sides[_BY_HAND] = lambda: references.threads(by_hand, *words)
    for way, ranks in _WAYS.items():
        sides[way] = quelea(ranks, _SWEPT)
        sides[way + UNBLOCKED] = quelea(ranks, _NOT_SWEPT)
    if stencil.many:
        sides[_CROWD] = quelea(_MANY, _SWEPT)
    if importlib.util.find_spec("numba") is not None:
        threads = {"NUMBA_NUM_THREADS": str(CORES)}
        sides[NUMBA] = lambda: _workers.other("numba", stencil.name, *words, **threads)
    return sides


def numpy_side(stencil: Stencil, n: int, steps: int) -> Sides:
    """Give NumPy's side, of so many steps."""
    return {NUMPY: lambda: _workers.other("numpy", stencil.name, n, steps, 1)}


class _Bar(NamedTuple):
    """A row: a side, beside another one, and what their ratio must be."""

    side: str
    base: str | None = None
    least: float | None = None
    beside: str = ""


def _bars(stencil: Stencil, case: Case) -> Iterator[_Bar]:
    yield _Bar(MPI)
    yield _Bar(_BY_HAND, MPI, None, "to C + MPI")
    for way in _WAYS:
        yield _Bar(way, MPI, case.least, "to C + MPI")
        yield _Bar(way, _BY_HAND, stencil.least_by_hand, "to C by hand")
        yield _Bar(way, NUMBA, stencil.least_numba, "to Numba")
        yield _Bar(way + UNBLOCKED, MPI, case.least_unblocked, "to C + MPI")
    yield _Bar(_CROWD, RANKS, 0.8, "to 2 ranks")
    yield _Bar(NUMBA, MPI, None, "to C + MPI")
    yield _Bar(NUMPY, MPI, None, "to C + MPI")


# ---- the table ----


def _stencil(
    report: Report,
    references: References,
    limits: Limits,
    stencil: Stencil,
    case: Case,
    given: argparse.Namespace,
) -> None:
    n, steps = case.n, case.steps
    size = " x ".join([str(n)] * stencil.dimensions)
    what = f"{stencil.title}, float64, {size}, {steps} steps"

    checked = sides_of(references, stencil, n, _CHECK_STEPS, 1)
    agree(what, turns({**checked, **numpy_side(stencil, n, _CHECK_STEPS)}, 1))
    quick = n**stencil.dimensions * steps <= _QUICK  # then all plans are made before, too
    sides = sides_of(references, stencil, n, steps, steps if quick else min(steps, _WARM))
    readings = turns({**sides, **numpy_side(stencil, n, case.numpy_steps)}, given.repeats)
    agree(what, {name: found for name, found in readings.items() if name != NUMPY})
    points = {
        name: 1e-9 * n**stencil.dimensions * steps / median(found)
        for name, found in readings.items()
    }
    points[NUMPY] *= case.numpy_steps / steps

    limit = limits.of(stencil.flops, stencil.moved, stencil.size(n))
    report.title(
        f"{what}; GPts/s, GFLOP/s at {stencil.flops} a point, and percent of the limit of\n"
        f"one step after another, {1e-9 * limit.points:.3f} GPts/s: {limit.by}, {stencil.moved} bytes a point"
    )
    for bar in _bars(stencil, case):
        if bar.side not in points or (bar.base and bar.base not in points):
            continue
        speed = points[bar.side]
        report.row(
            f"{bar.side}  ({bar.beside})" if bar.beside else bar.side,
            f"{speed:.3f} {stencil.flops * speed:6.2f} {1e11 * speed / limit.points:4.0f} %",
            speed / points[bar.base] if bar.base else None,
            least=bar.least if case in stencil.cases else None,
        )


_BYTES = {"sum": 8, "dot": 16, "triad": 24, "copy": 16}  # of an element
_LIKE = {"sum": "read", "dot": "read", "triad": "triad", "copy": "copy"}  # which bandwidth binds
_ELEMENTS = 100_000_000
_LEAST_VECTORS = 0.9


def _vectors(
    report: Report, references: References, limits: Limits, given: argparse.Namespace
) -> None:
    n = given.elements
    sides: Sides = {
        "C, 2 threads": lambda: references.threads("vectors", n),
        **{
            way: lambda ranks=ranks: _workers.quelea(ranks, "vectors", n, 5)  # type: ignore[misc]
            for way, ranks in _WAYS.items()
        },
        NUMPY: lambda: _workers.other("numpy", "vectors", n, 5),
    }
    readings = turns(sides, given.repeats)
    agree("vectors", readings)
    base = next(iter(sides))
    for name, moved in _BYTES.items():
        level = limits.level(24 * n)
        most = getattr(level, _LIKE[name])
        report.title(
            f"{name}, {n} float64; GB/s at {moved} bytes an element, and percent of\n"
            f"the limit, {most:.1f}: {level.name}, {_LIKE[name]}"
        )
        best = median(readings[base], name)
        for side, found in readings.items():
            taken = median(found, name)
            least = _LEAST_VECTORS if side in _WAYS and n == _ELEMENTS else None
            rate = 1e-9 * moved * n / taken
            speed = f"{rate:.2f} {100 * rate / most:4.0f} %"
            if side == base:
                report.row(side, speed)
            else:
                report.row(f"{side}  (to C)", speed, best / taken, least=least)


# ---- the command ----


def _cases(stencil: Stencil, given: argparse.Namespace) -> list[Case]:
    """Give those of the table, or as many points and steps as were asked for, of which nothing is required."""
    cases: list[Case] = []
    for n in given.n or [case.n for case in stencil.cases]:
        known = next((case for case in stencil.cases if case.n == n), None)
        if known is not None and given.steps in (None, known.steps):
            cases.append(known)
        else:
            steps = given.steps or _STEPS
            cases.append(Case(n, steps, min(steps, _CHECK_STEPS)))
    return cases


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    if arguments and arguments[0] == "--worker":
        return _worker(arguments[1:])
    names = [*(stencil.name for stencil in STENCILS), "vectors"]
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench sweeps",
        description="How fast plain loops over stencils are in sweeps: beside C + MPI, Numba and NumPy.",
    )
    parser.add_argument(
        "--rows", action="append", choices=names, metavar="NAME", help=f"only {', '.join(names)}"
    )
    parser.add_argument(
        "--n",
        type=count,
        action="append",
        help="so many points along a side; of other sizes than the table's nothing is required",
    )
    parser.add_argument("--steps", type=count, help="so many time steps; ditto")
    parser.add_argument("--elements", type=count, default=_ELEMENTS, help="of vectors (1e8, ditto)")
    parser.add_argument(
        "--repeats", type=count, default=5, help="runs of which the median counts (5)"
    )
    given = parser.parse_args(arguments)
    if shutil.which("mpirun") is None:
        print("mpirun is missing (Debian package openmpi-bin)", file=sys.stderr)
        return 2
    print(
        f"{os.cpu_count()} cores; medians of {given.repeats}, the sides in turns, answers compared bit by bit"
    )
    warn_of_others()
    if importlib.util.find_spec("numba") is None:
        print("Numba is missing, and with it its rows: pip install numba")
    report, references = Report(56), References()
    limits = measured(references)
    for stencil in STENCILS:
        if not given.rows or stencil.name in given.rows:
            for case in _cases(stencil, given):
                _stencil(report, references, limits, stencil, case, given)
    if not given.rows or "vectors" in given.rows:
        _vectors(report, references, limits, given)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
