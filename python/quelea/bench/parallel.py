"""``python -m quelea bench``: Quelea on ranks and threads, against hand-written C + MPI and against NumPy.

Every figure is the median of several runs of a process of its own, the sides taking turns, so that a busy machine is
busy for all. The C programs are those of ``cluster/bench``: they and the workers below print ``key value`` pairs, among
them a checksum of every bit of the answer, and a time is believed only when the checksums agree.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from .common import count, environment, mpirun, warn_of_others

__all__ = ["main"]

CORES = 2  # what the requirements are stated for
Reading = dict[str, float]


class Field(NamedTuple):
    """A grid to relax: n x n points; the times are for so many steps, NumPy's for fewer."""

    n: int
    steps: int
    numpy_steps: int


FIELDS = (Field(1000, 1000, 100), Field(8192, 20, 4))
CHECK_STEPS = 4  # all sides, NumPy too, must agree after so many

# ---- what runs in processes of their own ----


def _start_value(np: Any, n: int) -> Any:
    """Fill a grid as cluster/bench/jacobi.h does: from integers alone, and never denormal later."""
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    return (i * n + j) * 2654435761 % 1000 / 1000.0


def _relax(u: Any, v: Any, steps: int) -> tuple[Any, Any]:
    for _ in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
    return u, v


def _checksum(field: "numpy.ndarray[Any, Any]") -> int:
    """Sum of every element's bits times its odd position, modulo 2**64."""
    total = numpy.uint64(0)
    for i, row in enumerate(field):
        odd = numpy.arange(row.size, dtype=numpy.uint64) * numpy.uint64(2) + numpy.uint64(
            2 * i * row.size + 1
        )
        total += (numpy.ascontiguousarray(row).view(numpy.uint64) * odd).sum()
    return int(total)


def _timed(np: Any, n: int, steps: int) -> tuple[float, float, Any]:
    """Make a grid and relax it: seconds of each, and the grid."""
    begin = time.perf_counter()
    u = _start_value(np, n)
    v = u.copy()
    float(u[-1, -1]), float(v[-1, -1])  # the last rank owns them: everybody has finished
    ready = time.perf_counter()
    u, v = _relax(u, v, steps)
    float(u[-1, -1])
    return ready - begin, time.perf_counter() - ready, u


def _work_jacobi(np: Any, n: int, steps: int, warm: int) -> None:
    first = sum(_timed(np, n, warm)[:2])
    _, seconds, u = _timed(np, n, steps)
    answer = _checksum(u) if np is numpy else np.on_root(_checksum, u)
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


# ---- starting them ----


def _reading(command: Sequence[str], **more: str) -> Reading:
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


def _worker_command(*words: object) -> list[str]:
    return [sys.executable, "-m", "quelea.bench.parallel", "--worker", *map(str, words)]


def _quelea(ranks: int, *words: object, **more: str) -> Reading:
    """Run a worker on MPI ranks, or with 0 ranks in one process with CORES threads."""
    command = _worker_command("quelea", *words)
    if ranks == 0:
        return _reading(command, QUELEA_THREADS=str(CORES), **more)
    return _reading([*mpirun(ranks), *command], **more)


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
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def program(self, name: str) -> str:
        """Give the path of a program."""
        if (self._built / name).exists():
            return str(self._built / name)
        if self._sources is None:
            raise RuntimeError(
                "the C references are not here: run this from a checkout after ./run.sh"
            )
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="quelea-bench-")
        path = Path(self._temporary.name) / name
        if not path.exists():
            flags = ["-std=gnu11", "-O3", "-march=native", "-fopenmp"]
            if os.uname().machine == "x86_64":
                flags.append("-mprefer-vector-width=512")
            subprocess.run(
                ["mpicc", *flags, f"{self._sources / name}.c", "-o", str(path)], check=True
            )
        return str(path)

    def openmp(self, n: int, steps: int, warm: int) -> Reading:
        """Run the plain loop."""
        command = [self.program("jacobi_omp"), str(n), str(steps), str(warm)]
        return _reading(
            command, OMP_NUM_THREADS=str(CORES), OMP_PROC_BIND="true", OMP_PLACES="cores"
        )

    def mpi(self, n: int, steps: int, warm: int) -> Reading:
        """Run the hand-written program on CORES ranks."""
        return _reading([*mpirun(CORES), self.program("jacobi_mpi"), str(n), str(steps), str(warm)])

    def stream(self) -> Reading:
        """Measure the memory bandwidth, GB/s."""
        return _reading(
            [self.program("stream")],
            OMP_NUM_THREADS=str(CORES),
            OMP_PROC_BIND="true",
            OMP_PLACES="cores",
        )


# ---- the table ----


class Report:
    """Prints rows as they become known, and remembers whether a requirement was missed."""

    def __init__(self) -> None:
        self.missed = 0

    def title(self, text: str) -> None:
        """Print a heading with the columns of the rows under it."""
        print(f"\n{text}\n{'':42}{'measured':>18}{'ratio':>9}{'required':>11}", flush=True)

    def row(
        self,
        name: str,
        value: str,
        ratio: float | None = None,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """Print a row; the ratio must be at least `least`, or at most `most`."""
        bound, verdict = "", ""
        if ratio is not None and (least is not None or most is not None):
            met = ratio >= least if least is not None else ratio <= (most or 0.0)
            bound = f">= {least}" if least is not None else f"<= {most}"
            verdict = "   met" if met else "   NOT MET"
            self.missed += not met
        print(
            f"  {name:40}{value:>18}{'' if ratio is None else format(ratio, '.3f'):>9}{bound:>11}{verdict}",
            flush=True,
        )


def _turns(sides: dict[str, Callable[[], Reading]], repeats: int) -> dict[str, list[Reading]]:
    """Run the sides in turns."""
    readings: dict[str, list[Reading]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, run in sides.items():
            readings[name].append(run())
    return readings


def _median(readings: list[Reading], key: str = "seconds") -> float:
    return statistics.median(reading[key] for reading in readings)


def _agree(what: str, readings: dict[str, list[Reading]]) -> None:
    found = {name: {reading["checksum"] for reading in given} for name, given in readings.items()}
    if len(set().union(*found.values())) != 1:
        raise RuntimeError(f"{what}: the answers differ: {found}")


def _jacobi(
    report: Report, references: References, field: Field, repeats: int, bandwidth: float
) -> None:
    n, steps = field.n, field.steps
    warm = min(steps, 100)

    def sides(count: int, warm: int) -> dict[str, Callable[[], Reading]]:
        return {
            "C, OpenMP, 2 threads": lambda: references.openmp(n, count, warm),
            "C + MPI, 2 ranks": lambda: references.mpi(n, count, warm),
            "Quelea, 2 ranks": lambda: _quelea(2, "jacobi", n, count, warm),
            "Quelea, 1 process, 2 threads": lambda: _quelea(0, "jacobi", n, count, warm),
            "Quelea, 16 ranks": lambda: _quelea(16, "jacobi", n, count, warm),
        }

    def theirs(count: int) -> dict[str, Callable[[], Reading]]:
        return {"NumPy": lambda: _reading(_worker_command("numpy", "jacobi", n, count, 1))}

    _agree(f"{n} x {n}", _turns({**sides(CHECK_STEPS, 1), **theirs(CHECK_STEPS)}, 1))
    readings = _turns({**sides(steps, warm), **theirs(field.numpy_steps)}, repeats)
    _agree(f"{n} x {n}", {name: given for name, given in readings.items() if name != "NumPy"})
    speed = {name: 5e-9 * n * n * steps / _median(given) for name, given in readings.items()}
    speed["NumPy"] *= field.numpy_steps / steps

    openmp, mpi, two, one, many = sides(0, 0)
    report.title(f"Jacobi, 5 points, float64, {n} x {n}, plain slices; GFLOP/s at 5 per point")
    report.row(openmp, f"{speed[openmp]:.2f}")
    report.row(mpi, f"{speed[mpi]:.2f}", speed[mpi] / speed[openmp], least=0.95)
    report.row(f"{two}  (to C + MPI)", f"{speed[two]:.2f}", speed[two] / speed[mpi], least=0.9)
    report.row(f"{one}  (ditto)", f"{speed[one]:.2f}", speed[one] / speed[mpi], least=0.9)
    report.row(f"{many}  (to 2 ranks)", f"{speed[many]:.2f}", speed[many] / speed[two], least=0.8)
    report.row("NumPy  (2 ranks to it)", f"{speed['NumPy']:.2f}", speed[two] / speed["NumPy"])
    moved = speed[two] / 5 * 16
    report.row("bytes/s at 16 a point, 2 ranks", f"{moved:.1f} GB/s", moved / bandwidth)
    report.row(f"first touch, compiling, {warm} steps", f"{_median(readings[two], 'first'):.2f} s")


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench``.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not.

    Raises
    ------
    RuntimeError
        A program failed, or two answers differ.
    """
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
    bandwidth = references.stream()
    print(
        f"{os.cpu_count()} cores; medians of {given.repeats}, the sides in turns, answers compared bit by bit"
    )
    warn_of_others()
    report.title("Memory bandwidth, 2 threads, as STREAM counts")
    report.row("copy", f"{bandwidth['copy']:.1f} GB/s")
    report.row("triad", f"{bandwidth['triad']:.1f} GB/s")

    for field in FIELDS:
        if not given.n or field.n in given.n:
            _jacobi(report, references, field, given.repeats, bandwidth["triad"])

    recorded = {"QUELEA_IMMEDIATE": "0"}
    overhead = [_quelea(0, "overhead", **recorded) for _ in range(given.repeats)]
    record, theirs = _median(overhead, "record"), _median(overhead, "numpy")
    report.title("Recording an operation: a + b on one element")
    report.row("NumPy", f"{1e9 * theirs:.0f} ns")
    report.row("Quelea", f"{1e9 * record:.0f} ns", record / theirs, most=2.0)

    ways = _turns(
        {
            f"{how}, {ranks}": lambda how=how, ranks=ranks: _quelea(  # type: ignore[misc]
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
    known, theirs = _median(alone, "known"), _median(alone, "numpy")
    both, new = _median(together, "known"), _median(together, "new")
    moved, moved_both = (_median(ways[f"moved, {ranks}"], "known") for ranks in (0, CORES))
    report.title("Executing one recorded statement of 40 elements")
    report.row("NumPy, one element", f"{1e6 * theirs:.2f} us")
    report.row("Quelea, 1 process, plan known", f"{1e6 * known:.2f} us", known / theirs, most=3.0)
    report.row("Quelea, 1 process, moved  (to known)", f"{1e6 * moved:.2f} us", moved / known)
    report.row("Quelea, 2 ranks, plan known", f"{1e6 * both:.2f} us")
    report.row(
        "Quelea, 2 ranks, moved  (to known)", f"{1e6 * moved_both:.2f} us", moved_both / both
    )
    report.row("Quelea, 2 ranks, plan new  (to known)", f"{1e6 * new:.2f} us", new / both, most=5.0)

    _quelea(CORES, "latency")  # fills the cache of kernels
    sides = {"quelea": lambda: _quelea(CORES, "latency"), "mpi": lambda: references.mpi(64, 1, 1)}
    readings = _turns(sides, given.repeats)
    first, start = _median(readings["quelea"]), _median(readings["mpi"], "start")
    report.title("First array to first result, 2 ranks, kernels in the cache; seconds")
    report.row("MPI_Init alone, in C", f"{start:.3f} s")
    report.row("Quelea, MPI's start included", f"{first:.3f} s")
    report.row("Quelea beyond it", f"{first - start:.3f} s", first - start, most=0.3)

    print(f"\n{report.missed} requirements not met" if report.missed else "\nall requirements met")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
