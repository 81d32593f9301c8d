"""Single elements that are read and written, and single statements whose results are looked at."""

from typing import Any

import numpy

from .program import Program, Section

__all__ = ["ELEMENTS", "STATEMENTS"]

_CALLS = 100  # statements in a call of a program


# ---- elements ----


def _vector(n: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(1).random(n),)


def _square(n: int) -> tuple[Any, ...]:
    return (numpy.zeros((n, n)),)


def read_elements(np: Any, x: Any) -> Any:
    """Add the elements up as Python numbers."""
    total = 0.0
    for i in range(x.shape[0]):
        total += float(x[i])
    return total


def write_elements(np: Any, x: Any) -> Any:
    """Store a Python number into each element."""
    x = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = i - 0.5 * j
    return x


def recur(np: Any, x: Any) -> Any:
    """Store into each element what follows from the one before."""
    x = x.copy()
    for i in range(1, x.shape[0]):
        x[i] = x[i - 1] * 0.9 + 0.3
    return x


ELEMENTS = Section(
    "elements",
    "Elements in a loop; time of one",
    (
        Program("float(x[i])", read_elements, _vector, (1000,), (5,), 0.4, True, 1000),
        Program("x[i, j] = v", write_elements, _square, (32,), (3,), 0.6, True, 1024),
        Program("x[i] = x[i-1] * a + b", recur, _vector, (1000,), (5,), 0.6, True, 999),
    ),
)


# ---- statements; each result is looked at ----


def _three(n: int) -> tuple[Any, ...]:
    random = numpy.random.default_rng(2)
    return 1 + random.random(n), random.random(n), random.random(n)


def _two(n: int) -> tuple[Any, ...]:
    return _three(n)[:2]


def multiply_add(np: Any, a: Any, b: Any, c: Any) -> Any:
    """Look at an element of a + b * c."""
    total = 0.0
    for _ in range(_CALLS):
        d = a + b * c
        total += float(d[-1])
    return total


def multiply_add_sum(np: Any, a: Any, b: Any, c: Any) -> Any:
    """Look at the sum of a + b * c."""
    total = 0.0
    for _ in range(_CALLS):
        total += float((a + b * c).sum())
    return total


def any_less(np: Any, a: Any, b: Any) -> Any:
    """Decide by (a < b).any(); none is."""
    count = 0
    for _ in range(_CALLS):
        if (a < b).any():
            count += 1
    return count


def join_two(np: Any, a: Any, b: Any) -> Any:
    """Look at an element of two arrays that are joined."""
    total = 0.0
    for _ in range(_CALLS):
        d = np.concatenate((a, b))
        total += float(d[-1])
    return total


STATEMENTS = Section(
    "statements",
    "Statements whose results are looked at; time of one",
    tuple(
        Program(f"{name}, {n}", run, data, (n,), (4,), least, exact, _CALLS)
        for name, run, data, least, exact in (
            ("a + b * c", multiply_add, _three, 0.7, True),
            ("float((a + b * c).sum())", multiply_add_sum, _three, 1.0, False),
            ("(a < b).any()", any_less, _two, 1.0, True),
            ("concatenate((a, b))", join_two, _two, 0.5, True),
        )
        for n in (10, 100, 1000)
    ),
)
