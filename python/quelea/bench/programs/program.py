"""What a program is: a function of an array module and its data, with what the benchmark expects of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Program", "Section"]


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


class Section(NamedTuple):
    """Programs of one kind, and what the geometric mean of their ratios must be."""

    name: str
    title: str
    programs: tuple[Program, ...]
    least_mean: float | None = None
