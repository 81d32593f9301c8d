"""``python -m quelea bench``: Quelea on ranks and threads, against hand-written C + MPI and against NumPy.

Every figure is the median of several runs of a process of its own, the sides taking turns, so that a busy machine is
busy for all; the answers are compared bit by bit.
"""

import argparse
import os
import shutil
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from .common import count, warn_of_others
from .grids import checksum, start_values
from .jobs import CORES, Reading, References, Workers, agree, median, turns
from .limits import Limits, measured
from .programs.stencils import jacobi
from .report import Report

__all__ = ["main"]


class Field(NamedTuple):
    """A grid to relax: n x n points; the times are for so many steps, NumPy's for fewer."""

    n: int
    steps: int
    numpy_steps: int


FIELDS = (Field(1000, 1000, 100), Field(8192, 20, 4))
CHECK_STEPS = 4  # all sides, NumPy too, must agree after so many

# ---- what runs in processes of their own ----


def _timed(np: Any, n: int, steps: int) -> tuple[float, float, Any]:
    """Make a grid and relax it: seconds of each, and the grid."""
    begin = time.perf_counter()
    u = start_values(np, (n, n))
    v = u.copy()
    float(u[-1, -1]), float(v[-1, -1])  # the last rank owns them: everybody has finished
    ready = time.perf_counter()
    (u,) = jacobi(steps, u, v)
    float(u[-1, -1])
    return ready - begin, time.perf_counter() - ready, u


def _work_jacobi(np: Any, n: int, steps: int, warm: int) -> None:
    first = sum(_timed(np, n, warm)[:2])
    _, seconds, u = _timed(np, n, steps)
    answer = checksum(u) if np is numpy else np.on_root(checksum, u)
    print(f"seconds {seconds:.6f} checksum {answer} first {first:.4f}")


def _work_overhead(np: Any) -> None:
    """Print the time of a one-element a + b: NumPy's, and that of recording it, in turns."""
    count, ours, theirs = 20000, [], []
    a, b = np.ones(1), np.ones(1)
    x, y = numpy.ones(1), numpy.ones(1)
    for _ in range(7):
        ours.append(timeit.timeit("a + b", globals={"a": a, "b": b}, number=count) / count)
        np.sync()
        theirs.append(timeit.timeit("a + b", globals={"a": x, "b": y}, number=count) / count)
    print(f"record {statistics.median(ours):.9f} numpy {statistics.median(theirs):.9f}")


def _work_executing(np: Any) -> None:
    """Print the time to execute one small statement whose plan is known, and one whose plan is new.

    With plans for every position; where they are moved instead, both are the time with a moved one.
    """
    count = 200
    known: list[float] = []
    new: list[float] = []
    theirs: list[float] = []
    x, one = np.ones(20000), numpy.ones(1)
    views = [x[k:][:40] for k in range(8 * count)]
    for view in views[:2]:
        np.add(view, 1, out=view)
        np.sync()
    for turn in range(1, 8):
        for times in (new, known):  # the second time the plans are there
            total = 0.0
            for view in views[turn * count : (turn + 1) * count]:
                np.add(view, 1, out=view)
                begin = time.perf_counter()
                np.sync()
                total += time.perf_counter() - begin
            times.append(total / count)
        theirs.append(timeit.timeit("a + a", globals={"a": one}, number=20 * count) / (20 * count))
    medians = (statistics.median(times) for times in (known, new, theirs))
    print("known {:.9f} new {:.9f} numpy {:.9f}".format(*medians))


def _work_latency(np: Any) -> None:
    """Print the time from the first array to the first result, which includes the start of MPI."""
    start = time.perf_counter()
    total = float((np.ones((1000, 1000)) + 1.0).sum())
    print(f"seconds {time.perf_counter() - start:.6f} total {total}")


def _worker(words: Sequence[str]) -> int:
    np: Any = numpy
    if words[0] != "numpy":
        import quelea

        np = quelea
    match words[1]:
        case "jacobi":
            _work_jacobi(np, *map(int, words[2:5]))
        case "overhead":
            _work_overhead(np)
        case "executing":
            _work_executing(np)
        case "latency":
            _work_latency(np)
    return 0


# ---- the table ----

_workers = Workers("quelea.bench.parallel")


_FLOPS, _MOVED = 5, 16  # of a point of Jacobi's iteration: additions and multiplications, bytes


def _jacobi(
    report: Report, references: References, field: Field, repeats: int, limits: Limits
) -> None:
    n, steps = field.n, field.steps
    warm = min(steps, 100)

    def sides(count: int, warm: int) -> dict[str, Callable[[], Reading]]:
        def quelea(ranks: int) -> Callable[[], Reading]:
            return lambda: _workers.quelea(ranks, "jacobi", n, count, warm, QUELEA_TIME_BLOCK="1")

        return {
            "C, OpenMP, 2 threads": lambda: references.threads("jacobi_omp", n, count, warm),
            "C + MPI, 2 ranks": lambda: references.ranks("jacobi_mpi", n, count, warm),
            "Quelea, 2 ranks": quelea(2),
            "Quelea, 1 process, 2 threads": quelea(0),
            "Quelea, 16 ranks": quelea(16),
        }

    def theirs(count: int) -> dict[str, Callable[[], Reading]]:
        return {"NumPy": lambda: _workers.other("numpy", "jacobi", n, count, 1)}

    agree(f"{n} x {n}", turns({**sides(CHECK_STEPS, 1), **theirs(CHECK_STEPS)}, 1))
    readings = turns({**sides(steps, warm), **theirs(field.numpy_steps)}, repeats)
    agree(f"{n} x {n}", {name: given for name, given in readings.items() if name != "NumPy"})
    speed = {
        name: 1e-9 * _FLOPS * n * n * steps / median(given) for name, given in readings.items()
    }
    speed["NumPy"] *= field.numpy_steps / steps

    openmp, mpi, two, one, many = sides(0, 0)
    limit = limits.of(_FLOPS, _MOVED, 2 * 8 * n * n)

    def shown(side: str) -> str:
        points = 1e9 * speed[side] / _FLOPS
        return f"{speed[side]:.2f} {1e-9 * points:.3f} {100 * points / limit.points:3.0f} %"

    report.title(
        f"Jacobi, 5 points, float64, {n} x {n}, plain slices, one step after another as in C (`bench sweeps` has\n"
        f"the other way); GFLOP/s at {_FLOPS} a point, GPts/s, and percent of the limit,\n"
        f"{1e-9 * limit.points:.3f} GPts/s: {limit.by}, {_MOVED} bytes a point"
    )
    report.row(openmp, shown(openmp))
    report.row(mpi, shown(mpi), speed[mpi] / speed[openmp], least=0.95)
    report.row(f"{two}  (to C + MPI)", shown(two), speed[two] / speed[mpi], least=0.9)
    report.row(f"{one}  (ditto)", shown(one), speed[one] / speed[mpi], least=0.9)
    report.row(f"{many}  (to 2 ranks)", shown(many), speed[many] / speed[two], least=0.8)
    report.row("NumPy  (2 ranks to it)", shown("NumPy"), speed[two] / speed["NumPy"])
    report.row(f"first touch, compiling, {warm} steps", f"{median(readings[two], 'first'):.2f} s")


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    if arguments and arguments[0] == "--worker":
        return _worker(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench",
        description="How fast Quelea is on this machine: ranks and threads beside C and MPI. "
        "`python -m quelea bench small` measures programs of small statements beside NumPy.",
    )
    parser.add_argument(
        "--repeats", type=count, default=5, help="runs of which the median counts (5)"
    )
    extents = [field.n for field in FIELDS]
    parser.add_argument(
        "--n",
        type=int,
        action="append",
        choices=extents,
        help="only the grid with so many points along a side",
    )
    given = parser.parse_args(arguments)
    if shutil.which("mpirun") is None:
        print("mpirun is missing (Debian package openmpi-bin)", file=sys.stderr)
        return 2

    report, references = Report(), References()
    print(
        f"{os.cpu_count()} cores; medians of {given.repeats}, the sides in turns, answers compared bit by bit"
    )
    warn_of_others()
    limits = measured(references)
    memory = limits.levels[-1]
    report.title(
        "Memory bandwidth, 2 threads, as STREAM counts (more of it: python -m quelea limits)"
    )
    report.row("copy", f"{memory.copy:.1f} GB/s")
    report.row("triad", f"{memory.triad:.1f} GB/s")

    for field in FIELDS:
        if not given.n or field.n in given.n:
            _jacobi(report, references, field, given.repeats, limits)

    recorded = {"QUELEA_IMMEDIATE": "0"}
    overhead = [_workers.quelea(0, "overhead", **recorded) for _ in range(given.repeats)]
    record, theirs = median(overhead, "record"), median(overhead, "numpy")
    report.title("Recording an operation: a + b on one element")
    report.row("NumPy", f"{1e9 * theirs:.0f} ns")
    report.row("Quelea", f"{1e9 * record:.0f} ns", record / theirs, most=2.0)

    ways = turns(
        {
            f"{how}, {ranks}": lambda how=how, ranks=ranks: _workers.quelea(  # type: ignore[misc]
                ranks,
                "executing",
                **recorded,
                **({} if how == "moved" else {"QUELEA_POSITIONS": "-1"}),
            )
            for how in ("made", "moved")
            for ranks in (0, CORES)
        },
        given.repeats,
    )
    alone, together = ways["made, 0"], ways[f"made, {CORES}"]
    known, theirs = median(alone, "known"), median(alone, "numpy")
    both, new = median(together, "known"), median(together, "new")
    moved, moved_both = (median(ways[f"moved, {ranks}"], "known") for ranks in (0, CORES))
    report.title("Executing one recorded statement of 40 elements")
    report.row("NumPy, one element", f"{1e6 * theirs:.2f} us")
    report.row("Quelea, 1 process, plan known", f"{1e6 * known:.2f} us", known / theirs, most=3.0)
    report.row("Quelea, 1 process, moved  (to known)", f"{1e6 * moved:.2f} us", moved / known)
    report.row("Quelea, 2 ranks, plan known", f"{1e6 * both:.2f} us")
    report.row(
        "Quelea, 2 ranks, moved  (to known)", f"{1e6 * moved_both:.2f} us", moved_both / both
    )
    report.row("Quelea, 2 ranks, plan new  (to known)", f"{1e6 * new:.2f} us", new / both, most=5.0)

    _workers.quelea(CORES, "latency")  # fills the cache of kernels
    sides = {
        "quelea": lambda: _workers.quelea(CORES, "latency"),
        "mpi": lambda: references.ranks("jacobi_mpi", 64, 1, 1),
    }
    readings = turns(sides, given.repeats)
    first, start = median(readings["quelea"]), median(readings["mpi"], "start")
    report.title("First array to first result, 2 ranks, kernels in the cache; seconds")
    report.row("MPI_Init alone, in C", f"{start:.3f} s")
    report.row("Quelea, MPI's start included", f"{first:.3f} s")
    report.row("Quelea beyond it", f"{first - start:.3f} s", first - start, most=0.3)

    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
