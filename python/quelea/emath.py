"""``np.emath``: functions that give complex numbers where those of the reals have no value.

Whether there are such elements is looked at: what is recorded is executed.
"""

from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .elementwise import as_array

__all__ = ["arccos", "arcsin", "arctanh", "log", "log2", "log10", "logn", "power", "sqrt"]


def _complex(x: ndarray) -> ndarray:
    return x.astype("c8" if x.dtype.char in "fbhBHF" else "c16", copy=False)


def _below_zero(x: ndarray) -> bool:
    """Look for real elements below zero."""
    if x.dtype.kind == "c":
        return bool(_quelea.any((x.imag == 0) & (x.real < 0)))
    return x.dtype.kind in "if" and bool(_quelea.any(x < 0))


def _of_positive(x: Any) -> ndarray:
    x = as_array(x)
    return _complex(x) if _below_zero(x) else x


def _within_one(x: Any) -> ndarray:
    x = as_array(x)
    outside = _quelea.absolute(x) > 1
    if x.dtype.kind == "c":
        outside = outside & (x.imag == 0)
    return _complex(x) if bool(_quelea.any(outside)) else x


def sqrt(x: Any) -> ndarray:
    """Square root; imaginary below zero."""
    return _quelea.sqrt(_of_positive(x))


def log(x: Any) -> ndarray:
    """Natural logarithm; complex below zero."""
    return _quelea.log(_of_positive(x))


def log10(x: Any) -> ndarray:
    """Logarithm to the base 10; complex below zero."""
    return _quelea.log10(_of_positive(x))


def log2(x: Any) -> ndarray:
    """Logarithm to the base 2; complex below zero."""
    return _quelea.log2(_of_positive(x))


def logn(n: Any, x: Any) -> ndarray:
    """Logarithm to the base `n`; complex below zero."""
    x, n = _of_positive(x), _of_positive(n)
    return _quelea.log(x) / _quelea.log(n)


def power(x: Any, p: Any) -> ndarray:
    """Give ``x ** p``; complex where x is below zero, of floats where p is."""
    x, p = _of_positive(x), as_array(p)
    return _quelea.power(x, p * 1.0 if _below_zero(p) else p)


def arccos(x: Any) -> ndarray:
    """Inverse cosine; complex beyond one."""
    return _quelea.arccos(_within_one(x))


def arcsin(x: Any) -> ndarray:
    """Inverse sine; complex beyond one."""
    return _quelea.arcsin(_within_one(x))


def arctanh(x: Any) -> ndarray:
    """Inverse hyperbolic tangent; complex beyond one."""
    return _quelea.arctanh(_within_one(x))


def __getattr__(name: str) -> Any:
    return getattr(numpy.emath, name)
