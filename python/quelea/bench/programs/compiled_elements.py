"""Functions of elements, as they are written for `quelea.vectorize` and for Numba's alike."""

# mypy: allow-untyped-defs
# Types of what is compiled follow from what is declared.

from collections.abc import Callable
from typing import Any

import numpy

__all__ = ["elements", "plainly"]

np = numpy


def plainly(types: list[str]) -> Callable[..., Any]:
    """Decorate as the others do, with NumPy's `vectorize`, which calls Python."""
    return numpy.vectorize


def elements(vectorize: Callable[..., Any]) -> dict[str, Any]:
    """Give the functions by their names; `vectorize` takes types, and gives a decorator."""

    @vectorize(["float64(float64, float64)"])
    def relative(x, y):
        return 2.0 * (x - y) / (x + y)

    @vectorize(["float64(float64, float64)"])
    def folded(x, y):
        if x > y:
            return x - y
        return x * y + 1.0

    @vectorize(["float64(float64, float64)"])
    def bell(x, y):
        return np.exp(-x * x) * y

    @vectorize(["float64(float64, float64, float64)"])
    def root(a, b, c):
        d = b * b - 4.0 * a * c
        if d < 0.0:
            return 0.0
        return (np.sqrt(d) - b) / (2.0 * a)

    @vectorize(["int64(float64, float64)"])
    def escape(cx, cy):
        x, y, k = 0.0, 0.0, 0
        while k < 50 and x * x + y * y <= 4.0:
            x, y = x * x - y * y + cx, 2.0 * x * y + cy
            k += 1
        return k

    return dict(locals())
