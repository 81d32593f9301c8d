"""Processes that take turns: one side computes while the other one's threads have come to rest.

With both sides in one process the threads of NumPy's BLAS, which spin for a while after each product, would take
Quelea's cores, and the other way round. A side is one process, or a job of ranks of which each takes the same orders.
"""

import contextlib
import functools
import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from ..temporary import TemporaryFolder
from .common import environment
from .programs import SECTIONS, Program, Section
from .programs.arrays import ARRAYS
from .programs.compiled import COMPILED, made
from .programs.compiled_doors import doors, of_numexpr, stencils
from .programs.references import references

__all__ = ["Side", "Spell", "spinning", "started"]

_START_S = 60.0  # within which a side must have reported


class Spell(NamedTuple):
    """What a side answers: how often it has called a program, and for how long; on the first time with the results.

    `own` is the processor's time, of all threads of a process.
    """

    calls: int
    seconds: float
    own: float
    results: tuple[Any, ...] = ()


# ---- in the processes ----


def _parts(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def _look(part: Any) -> None:
    """Look at an element: then all of what was recorded is computed."""
    if getattr(part, "ndim", 0):
        part = part[(-1,) * part.ndim]
    if hasattr(part, "item"):
        part.item()


def _rest() -> None:
    """Wait until no thread of this process computes or spins any more, which OpenBLAS's do for 2^28 cycles.

    What a thread takes without a pause is counted at ticks of 4 ms.
    """
    deadline = time.perf_counter() + 1.0
    while time.perf_counter() < deadline:
        before = time.process_time()
        time.sleep(0.012)
        if time.process_time() - before < 0.002:
            return


def _call(np: Any, program: Program, data: Sequence[Any], calls: int, late: bool) -> Spell:
    """So many calls; where results may be late, on both sides, they are looked at."""
    own, begin = time.process_time(), time.perf_counter()
    if late:
        for _ in range(calls):
            for part in _parts(program.run(np, *data)):
                _look(part)
    else:
        for _ in range(calls):
            program.run(np, *data)
    return Spell(calls, time.perf_counter() - begin, time.process_time() - own)


def _find(name: str, program: str) -> tuple[Section, Program]:
    section = next(s for s in (*SECTIONS, *ARRAYS, *COMPILED) if s.name == name)
    return section, next(p for p in section.programs if p.name == program)


_ON_ARRAYS = ("quelea", "jit arrays", "reference arrays")  # their data are Quelea's arrays


def _of_numba(**options: Any) -> Any:
    """Give its functions; what a first compilation loads is not theirs."""
    numba = importlib.import_module("numba")
    numba.njit(lambda: 0)()
    if not options.get("parallel"):
        return made(numba.njit(**options), numba.prange)
    vectorize = functools.partial(numba.vectorize, target="parallel")
    jit = numba.njit(**options)
    by_stencils = stencils(numba.stencil, lambda kernel: jit(lambda u: kernel(u)))
    return {**made(jit, numba.prange, vectorize), **by_stencils}


def _of_quelea() -> Any:
    quelea = importlib.import_module("quelea")
    quelea.jit(lambda x: x)(0)
    return {**made(quelea.jit, quelea.prange, quelea.vectorize), **doors(quelea)}


_MODULES: dict[str, Callable[[], Any]] = {
    "numpy": lambda: numpy,
    "quelea": lambda: importlib.import_module("quelea"),
    "numba": _of_numba,
    "numba cached": lambda: _of_numba(cache=True),
    "numba parallel": lambda: _of_numba(parallel=True),
    "numexpr": of_numexpr,
    "dask": lambda: importlib.import_module("dask.array"),
    "jit": _of_quelea,
    "jit arrays": _of_quelea,
    "reference": lambda: references(_of_quelea()),
    "reference arrays": lambda: references(_of_quelea()),
}
"""What a side's programs are functions of: an array module, or functions by their names."""


def _of_arrays(data: Sequence[Any]) -> tuple[Any, ...]:
    quelea = importlib.import_module("quelea")
    given = tuple(quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in data)
    quelea.sync()
    return given


_CHUNKS = 8


class _Chunks:
    """A result of Dask's, computed: there is nothing to look at."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return numpy.asarray(self._made, dtype)


def _of_dask(program: Program, data: Sequence[Any]) -> tuple[Program, tuple[Any, ...]]:
    """Cut arrays into chunks along the first axis, and let results be computed, and left in theirs."""
    dask, arrays = importlib.import_module("dask"), importlib.import_module("dask.array")

    def cut(x: Any) -> Any:
        if not isinstance(x, numpy.ndarray):
            return x
        return arrays.from_array(x, (-(-len(x) // _CHUNKS), *x.shape[1:]))

    def run(np: Any, *given: Any) -> Any:
        return tuple(map(_Chunks, dask.persist(*_parts(program.run(np, *given)))))

    return program._replace(run=run), tuple(map(cut, data))


def _serve(side: str, address: str) -> None:
    """Do what the benchmark orders: begin with a program, call it so often, until the connection is closed."""
    np = _MODULES[side]()
    section, program = SECTIONS[0], Program("", _look, tuple, (), (), None)
    data: tuple[Any, ...] = ()
    with Client(address) as orders, contextlib.suppress(EOFError):
        while True:
            order, *words = orders.recv()
            if order == "begin":
                name, text, tiny = words
                section, program = _find(name, text)
                data = program.data(*(program.tiny if tiny else program.size))
                if side in _ON_ARRAYS:
                    data = _of_arrays(data)
                if side == "dask":
                    program, data = _of_dask(program, data)
                own, begin = time.process_time(), time.perf_counter()
                results = _parts(program.run(np, *data))
                for part in results:
                    _look(part)
                seconds, own = time.perf_counter() - begin, time.process_time() - own
                answer = Spell(1, seconds, own, tuple(map(numpy.asarray, results)))
            else:
                answer = _call(np, program, data, words[0], section.late)
            _rest()
            orders.send(tuple(answer))


# ---- in the benchmark ----


class Side:
    """One of the two: the connections to its processes. The one that takes longest counts."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", ranks: list[Connection]):
        self.name = name
        self._process = process
        self._ranks = ranks

    def _order(self, *words: Any) -> Spell:
        for rank in self._ranks:
            rank.send(words)
        try:
            answers = [Spell(*rank.recv()) for rank in self._ranks]
        except EOFError:
            raise RuntimeError(
                f"{self.name} ended with {self._process.wait()}: what it said is above"
            ) from None
        return max(answers, key=lambda spell: spell.seconds)  # who has its share may go on

    def begin(self, section: str, program: Program, tiny: bool) -> Spell:
        """Let it make a program's data and call it for the first time, which compiles."""
        return self._order("begin", section, program.name, tiny)

    def call(self, calls: int) -> Spell:
        """Let it call the program so often."""
        return self._order("call", calls)

    def close(self) -> None:
        """Let its processes end."""
        for rank in self._ranks:
            rank.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.terminate()  # mpirun ends its ranks
            self._process.wait()


@contextlib.contextmanager
def started(
    name: str,
    side: str,
    launcher: Sequence[str] = (),
    ranks: int = 1,
    more: Mapping[str, str] | None = None,
) -> Iterator[Side]:
    """Start a side, under a launcher of so many ranks or as one process, with more variables; end it in the end."""
    with TemporaryFolder("bench") as folder:
        address = str(Path(folder) / "orders")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(address)
            door.listen(ranks)
            door.settimeout(0.1)
            process = subprocess.Popen(
                [*launcher, sys.executable, "-m", "quelea.bench.turns", side, address],
                env=environment(**(more or {})),
                stdin=subprocess.DEVNULL,
            )
            connections: list[Connection] = []
            deadline = time.monotonic() + _START_S
            while len(connections) < ranks:
                try:
                    connections.append(Connection(door.accept()[0].detach()))
                except TimeoutError:
                    if process.poll() is None and time.monotonic() < deadline:
                        continue
                    process.kill()
                    raise RuntimeError(f"{name} has not started") from None
        given = Side(name, process, connections)
        try:
            yield given
        finally:
            given.close()


@contextlib.contextmanager
def spinning() -> Iterator[None]:
    """Bind this process, and what it starts, to two cores, and let a process spin on the first of them."""
    before = os.sched_getaffinity(0)
    cores = sorted(before)[:2]
    spin = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n for _ in range(1000000): pass"
    os.sched_setaffinity(0, cores[:1])
    spinner = subprocess.Popen([sys.executable, "-c", spin])
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        spinner.kill()
        spinner.wait()
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
