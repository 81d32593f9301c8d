"""What a program is: a function of an array module and its data, with what a benchmark expects of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Program", "Section", "Way"]


class Program(NamedTuple):
    """A program that computes the same with NumPy and with Quelea.

    Nothing that it is given is changed, so it can be called again.
    """

    name: str
    run: Callable[..., Any]  # run(np, *data): an array, a number, or a tuple of these
    data: Callable[
        ..., tuple[Any, ...]
    ]  # data(*size): NumPy arrays and Python numbers, always the same
    size: tuple[float, ...]
    tiny: tuple[float, ...]  # a size for tests: the same statements, over in no time
    least: float | None  # of NumPy's speed; None: only the section's mean counts
    exact: bool = False  # NumPy's bits: no function whose last bits differ, and no sum
    times: int = 1  # how often a call does what the name says
    needs: str | None = None  # what must be there for the other side: see references.lacking


class Way(NamedTuple):
    """How one side computes."""

    title: str
    kind: str  # what its programs are functions of: see turns.py
    threads: int = 1
    ranks: int = 1
    settings: tuple[tuple[str, str], ...] = ()  # variables of the environment beside those


class Section(NamedTuple):
    """Programs of one kind, and what the geometric mean of their ratios must be."""

    name: str
    title: str
    programs: tuple[Program, ...]
    least_mean: float | None = None
    ways: tuple[Way, Way] | None = None  # None: those of the whole benchmark
    late: bool = True  # results may be recorded only: each is looked at
    alone: bool = False  # one thread each: the processor's time counts, of which others take none
