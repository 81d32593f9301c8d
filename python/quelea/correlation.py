"""Covariances, and sums of products of what is moved along: `correlate` and `convolve`."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import array, empty, zeros
from .diagonals import diagonal
from .elementwise import as_array
from .joins import _place, concatenate
from .linear import dot
from .statistics import average, mean

__all__ = ["convolve", "corrcoef", "correlate", "cov"]

# ---- covariances ----


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> ndarray:
    """Covariance matrix of variables, of which each row has the observations.

    Parameters
    ----------
    m, y : array_like of one or two axes
    rowvar : bool, default True
        Otherwise the columns are the variables.
    bias : bool, default False
        Whether sums are divided by the number of observations, else by one less.
    ddof : int, optional
        They are divided by the number less this.
    fweights, aweights : array_like of one axis, optional
        How often each observation counts, and how much. They are looked at.
    dtype : dtype, optional

    Returns
    -------
    ndarray
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    x = as_array(m)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    other = None if y is None else as_array(y)
    if other is not None and other.ndim > 2:
        raise ValueError("y has more than 2 dimensions")
    if dtype is None:
        dtype = numpy.result_type(*(a.dtype for a in (x, other) if a is not None), float)
    rows = array(x, dtype, ndmin=2)
    if not rowvar and x.ndim != 1:
        rows = rows.T
    if rows.shape[0] == 0:
        return empty((0, 0))
    if other is not None:
        second = array(other, dtype, copy=None, ndmin=2)
        rows = concatenate((rows, second.T if not rowvar and second.shape[0] != 1 else second))
    if ddof is None:
        ddof = 0 if bias else 1
    weights = _weights(rows, fweights, aweights)
    if weights is None:
        centre = mean(rows, 1)
        divisor: Any = rows.shape[1] - ddof
    else:
        centre, sums = average(rows, 1, weights=weights, returned=True)
        total = divisor = sums[0]
        if ddof:
            lost = ddof if aweights is None else ddof * _quelea.sum(weights * aweights) / total
            divisor = total - lost
    if divisor <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        divisor = 0.0
    rows -= centre[:, None]
    columns = (rows if weights is None else rows * weights).T
    with numpy.errstate(all="ignore"):
        factor = 1 / divisor if isinstance(divisor, ndarray) else numpy.true_divide(1, divisor)
    products = _asarray(dot(rows, columns.conj()))
    products *= factor
    return products.squeeze()


def _weights(rows: ndarray, fweights: Any, aweights: Any) -> ndarray | None:
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        w = _asarray(given, float)
        if name == "fweights" and not bool(_quelea.all(w == _quelea.rint(w))):
            raise TypeError("fweights must be integer")
        if w.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if w.shape[0] != rows.shape[1]:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if bool(_quelea.any(w < 0)):
            raise ValueError(f"{name} cannot be negative")
        weights = w if weights is None else weights * w
    return weights


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> ndarray:
    """Correlation coefficients of variables. The parameters are those of `cov`.

    Returns
    -------
    ndarray
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = _quelea.sqrt(diagonal(c).real)
    c = c / scale[:, None] / scale[None, :]
    if c.dtype.kind != "c":
        return _within_one(c)
    return _quelea.from_parts(_within_one(c.real), _within_one(c.imag))


def _within_one(x: ndarray) -> ndarray:
    return _quelea.minimum(_quelea.maximum(x, -1), 1)


# ---- sums of products of what is moved along ----

_MOST = 4096  # elements of the shorter operand: of more, sums of products are no way to compute it
_TERMS = 16  # of one statement
_MODES = {"valid": 0, "same": 1, "full": 2}


def correlate(a: Any, v: Any, mode: Any = "valid") -> ndarray:
    """Sums of products of a vector and another, which is conjugated and moved along it.

    Parameters
    ----------
    a, v : array_like of one axis
        The shorter one has at most 4096 elements.
    mode : {'valid', 'same', 'full'}
        Where both overlap wholly, as many as the longer one has, or where they overlap at all.

    Returns
    -------
    ndarray of one axis

    Raises
    ------
    NotImplementedError
        Both are long.
    """
    x, y = (_vector(z) for z in (a, v))
    kind = _mode(mode)
    for name, z in (("first", x), ("second", y)):
        if z.size == 0:
            raise ValueError(f"{name} array argument cannot be empty")
    y = y.conj()
    if y.size > x.size:
        return _sums("correlate", y, x, kind)[::-1].copy()
    return _sums("correlate", x, y, kind)


def convolve(a: Any, v: Any, mode: Any = "full") -> ndarray:
    """Convolution of two vectors: sums of products of one and the other, reversed and moved along it.

    Parameters
    ----------
    a, v : array_like of one axis
        The shorter one has at most 4096 elements.
    mode : {'full', 'same', 'valid'}
        Where they overlap at all, as many as the longer one has, or where they overlap wholly.

    Returns
    -------
    ndarray of one axis

    Raises
    ------
    NotImplementedError
        Both are long.

    Examples
    --------
    >>> import quelea as np
    >>> np.convolve([1, 2, 3], [0, 1, 0.5])
    array([0. , 1. , 2.5, 4. , 1.5])
    """
    x, y = (_vector(z) for z in (a, v))
    for name, z in (("a", x), ("v", y)):
        if z.size == 0:
            raise ValueError(f"{name} cannot be empty")
    if y.size > x.size:
        x, y = y, x
    return _sums("convolve", x, y[::-1], _mode(mode))


def _vector(given: Any) -> ndarray:
    x = array(as_array(given), copy=None, ndmin=1)
    if x.ndim > 1:
        raise ValueError("object too deep for desired array")
    return x


def _mode(mode: Any) -> int:
    if isinstance(mode, str):
        if mode not in _MODES:
            raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got '{mode}')")
        return _MODES[mode]
    if isinstance(mode, bool) or not isinstance(mode, (int, numpy.integer)):
        raise TypeError("convolve/correlate mode not understood")
    if mode not in (0, 1, 2):
        raise ValueError("integer convolve/correlate mode must be 0, 1, or 2")
    return int(mode)


def _sums(name: str, x: ndarray, v: ndarray, mode: int) -> ndarray:
    """Sum v[n] * x[k + n - left] over n, v being the shorter one, for all k of that mode."""
    many, few = x.size, v.size
    if few > _MOST:
        raise NotImplementedError(
            f"{name} of two vectors of more than {_MOST} elements is not in Quelea yet; write "
            f"np.asarray(numpy.{name}(numpy.asarray(a), numpy.asarray(v))), computed by every rank"
        )
    dtype = numpy.result_type(x.dtype, v.dtype)
    x, v = (z.astype(dtype, copy=False) for z in (x, v))
    left = (0, few // 2, few - 1)[mode]
    right = 0 if mode == 0 else few - left - 1 if mode == 1 else few - 1
    whole = many - few + 1
    parts = [_moved(x, v, whole, None)]
    keys = [slice(left, left + whole)]
    edge = few - 1
    if left:
        begin = concatenate((zeros(left, dtype), x[:edge]))
        parts.append(_moved(begin, v, left, lambda places: _quelea.greater_equal(places, left)))
        keys.append(slice(0, left))
    if right:
        end = concatenate((x[many - edge :], zeros(right, dtype)))
        parts.append(_moved(end, v, right, lambda places: _quelea.less(places, edge)))
        keys.append(slice(left + whole, None))
    return parts[0] if len(parts) == 1 else _place(empty(left + whole + right, dtype), keys, parts)


def _moved(
    x: ndarray, v: ndarray, count: int, is_there: Callable[[ndarray], ndarray] | None
) -> ndarray:
    """Sum v[n] * x[k + n] for k < count over those n whose place k + n is there; x has zeros where it is not."""
    of_truths = x.dtype == bool
    multiply = _quelea.logical_and if of_truths else _quelea.multiply
    add = _quelea.logical_or if of_truths else _quelea.add
    total = zeros(count, x.dtype)
    nothing = x.dtype.type(0)
    for first in range(0, v.size, _TERMS):
        added: Any = None
        for n in range(first, min(first + _TERMS, v.size)):
            term = multiply(v[n : n + 1], x[n : n + count])
            if is_there is not None:  # a zero is no reason for infinity times zero
                term = _quelea.where(is_there(_quelea.ramp(count, 0, n, 1, int)), term, nothing)
            added = term if added is None else add(added, term)
        add(total, added, out=total)
    return total
