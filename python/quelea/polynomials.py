"""Polynomials as vectors of factors, that of the highest power first. `poly1d` is not there: they are arrays."""

from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .correlation import convolve
from .creation import zeros, zeros_like
from .dispatch import holds_ours
from .elementwise import as_array
from .joins import concatenate
from .manipulation import atleast_1d
from .ranges import arange

__all__ = ["polyadd", "polyder", "polyint", "polymul", "polysub", "polyval"]


def _refuse_objects(*polynomials: Any) -> None:
    if any(isinstance(p, numpy.poly1d) for p in polynomials):
        raise NotImplementedError(
            "poly1d is not in Quelea yet; write its factors, p.coeffs, as an array"
        )


def polyval(p: Any, x: Any) -> ndarray:
    """Evaluate a polynomial at points, by Horner's rule.

    Parameters
    ----------
    p : array_like of one axis
        Its factors, of the highest power first.
    x : array_like

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> import quelea as np
    >>> np.polyval([3, 0, 1], np.arange(3))
    array([ 1,  4, 13])
    """
    _refuse_objects(p, x)
    points = as_array(x)
    # of what is no array of ours the factors are numbers, at which nobody looks
    parts = as_array(p) if holds_ours(p) else numpy.asarray(p)
    y: Any = zeros_like(points)
    for factor in parts:
        y = y * points + factor
    result: ndarray = y
    return result


def _of_one_length(a1: Any, a2: Any) -> tuple[ndarray, ndarray]:
    """Put zeros before the shorter one."""
    _refuse_objects(a1, a2)
    x, y = atleast_1d(a1), atleast_1d(a2)
    longer = len(y) - len(x)
    if longer > 0:
        x = concatenate((zeros(longer, x.dtype), x))
    elif longer < 0:
        y = concatenate((zeros(-longer, y.dtype), y))
    return x, y


def polyadd(a1: Any, a2: Any) -> ndarray:
    """Give the sum of two polynomials.

    Returns
    -------
    ndarray
    """
    x, y = _of_one_length(a1, a2)
    return _quelea.add(x, y)


def polysub(a1: Any, a2: Any) -> ndarray:
    """Give the difference of two polynomials.

    Returns
    -------
    ndarray
    """
    x, y = _of_one_length(a1, a2)
    return _quelea.subtract(x, y)


def polymul(a1: Any, a2: Any) -> ndarray:
    """Give the product of two polynomials, without leading zeros of theirs, for which first elements are looked at.

    Returns
    -------
    ndarray
    """
    _refuse_objects(a1, a2)
    x, y = atleast_1d(a1), atleast_1d(a2)
    if x.ndim > 1 or y.ndim > 1:
        raise ValueError("Polynomial must be 1d only.")
    return convolve(_without_zeros(x), _without_zeros(y))


def _without_zeros(x: ndarray) -> ndarray:
    """Leave leading zeros out; nothing is the polynomial 0."""
    while x.size and not bool(x[0]):
        x = x[1:]
    return x if x.size else zeros(1, x.dtype)


def polyder(p: Any, m: int = 1) -> ndarray:
    """Give the m-th derivative of a polynomial.

    Returns
    -------
    ndarray
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    _refuse_objects(p)
    result = as_array(p)
    for _ in range(m):
        result = result[:-1] * arange(len(result) - 1, 0, -1)
    return result


def polyint(p: Any, m: int = 1, k: Any = None) -> ndarray:
    """Give the m-th integral of a polynomial.

    Parameters
    ----------
    p : array_like of one axis
    m : int, default 1
    k : array_like, optional
        The constants, that of the first integral first; 0 by default.

    Returns
    -------
    ndarray
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = zeros(m) if k is None else atleast_1d(k)
    if len(constants) == 1 and m > 1:
        constants = _quelea.broadcast_to(constants, (m,))
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    _refuse_objects(p)
    result = as_array(p)
    for i in range(m):
        result = concatenate((result / arange(len(result), 0, -1), constants[i : i + 1]))
    return result
