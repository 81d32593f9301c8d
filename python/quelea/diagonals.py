"""Diagonals: read, made into matrices, filled.

On one node a diagonal is a view with a step and is read and written in place. A partitioned array has no such view
between nodes: there a diagonal is what is left of the rows when nothing else is, one pass over the matrix in which each
node reads its own rows, and no element is brought.
"""

import operator
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import eye, zeros
from .elementwise import as_array
from .joins import _place, concatenate
from .manipulation import moveaxis
from .ranges import arange
from .rearranging import tile

__all__ = [
    "diag",
    "diag_indices",
    "diag_indices_from",
    "diagflat",
    "diagonal",
    "fill_diagonal",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
]

# ---- reading ----


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> ndarray:
    """Give a diagonal of two axes, which comes last in the result.

    What it gives cannot be written into, as in NumPy, but it is a copy: it does not change when `a` does.

    Parameters
    ----------
    a : array_like
    offset : int, default 0
        The diagonal: positive above the main one.
    axis1, axis2 : int, default 0 and 1

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.diagonal(np.arange(6).reshape(2, 3), 1)
    array([1, 5])
    """
    x = as_array(a)
    line = line_of(x, *(operator.index(n) for n in (offset, axis1, axis2)))
    copied = line.copy() if _quelea.shares_storage(line, x) else line
    return _quelea.broadcast_to(copied, copied.shape)


def line_of(x: ndarray, offset: int, axis1: int, axis2: int) -> ndarray:
    """Give a diagonal as a view where it can be read in place, else as a new array."""
    view = _quelea.diagonal(x, offset, axis1, axis2)
    if view is not None:
        return view
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    first, left = min(max(0, -offset), rows), min(max(0, offset), columns)
    count = min(rows - first, columns - left)
    square = x[..., first : first + count, left : left + count]
    view = _stepped(square, x, first, left)
    return _kept(square) if view is None else view


def _stepped(square: ndarray, x: ndarray, first: int, left: int) -> ndarray | None:
    """Give the main diagonal of a square part as every so manieth element of rows; None: it is no such view here."""
    if _quelea.info()["node_count"] > 1:
        return None
    count = square.shape[-1]
    for matrix, row, column in ((x, first, left), (x.mT, left, first)):
        columns = matrix.shape[-1]
        try:
            flat = matrix.reshape((*matrix.shape[:-2], -1), copy=False) if matrix.size else None
        except ValueError:
            continue
        if flat is not None and count:
            begin = row * columns + column
            return flat[..., begin : begin + (count - 1) * (columns + 1) + 1 : columns + 1]
    return None


def _least(dtype: numpy.dtype[Any]) -> Any:
    return dtype.type(-numpy.inf) if dtype.kind == "f" else numpy.iinfo(dtype).min


def _kept(square: ndarray) -> ndarray:
    """Give the main diagonal as the largest elements of rows in which all others are less: with the signs of zeros."""
    count, dtype = square.shape[-1], square.dtype
    if dtype.kind == "c":
        return _quelea.from_parts(_kept(square.real), _kept(square.imag))
    if count == 0:
        return _quelea.empty(square.shape[:-1], dtype)
    is_there = eye(count, dtype=bool)
    if dtype.kind == "b":
        return _quelea.any(_quelea.logical_and(is_there, square), -1)
    return _quelea.max(_quelea.where(is_there, square, dtype.type(_least(dtype))), -1)


# ---- matrices of diagonals ----


def diag(v: Any, k: int = 0) -> ndarray:
    """Give a diagonal of a matrix, or the matrix with a vector on a diagonal and zeros elsewhere.

    Parameters
    ----------
    v : array_like of one or two axes
    k : int, default 0
        The diagonal: positive above the main one.

    Returns
    -------
    ndarray
        Of a matrix what `diagonal` gives.

    Raises
    ------
    ValueError
        `v` has another number of axes.

    Examples
    --------
    >>> import quelea as np
    >>> np.diag([1, 2])
    array([[1, 0],
           [0, 2]])
    """
    x = as_array(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    return _matrix_of(x, operator.index(k))


def diagflat(v: Any, k: int = 0) -> ndarray:
    """Give the matrix with the flattened elements on a diagonal and zeros elsewhere.

    Parameters
    ----------
    v : array_like
    k : int, default 0
        The diagonal: positive above the main one.

    Returns
    -------
    ndarray of shape (v.size + abs(k), v.size + abs(k))
    """
    return _matrix_of(as_array(v).ravel(), operator.index(k))


def _matrix_of(line: ndarray, k: int) -> ndarray:
    count = line.size
    square = _quelea.where(eye(count, dtype=bool), line[:, None], line.dtype.type(0))
    if k == 0:
        return square
    result = zeros((count + abs(k), count + abs(k)), line.dtype)
    first, left = max(0, -k), max(0, k)
    key = (slice(first, first + count), slice(left, left + count))
    return _place(result, [key], [square])


# ---- writing ----


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Assign to the main diagonal of an array of two axes, or of more that are equally long.

    Parameters
    ----------
    a : ndarray
    val : scalar or array_like
        The elements of an array are taken in turns.
    wrap : bool, default False
        Whether the diagonal of a matrix of more rows than columns begins again below one empty row.

    Raises
    ------
    ValueError
        `a` has fewer axes, or more of different extents.
    NotImplementedError
        Several values go to a diagonal that wraps.
    """
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    shape = a.shape
    if a.ndim > 2 and len(set(shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    if not isinstance(a, ndarray):
        raise TypeError(f"fill_diagonal() takes a quelea.ndarray, not {type(a).__name__}")
    value: Any = val
    if numpy.ndim(val) if not isinstance(val, ndarray) else val.ndim:
        value = _asarray(val).ravel()
        if value.size == 0:
            return
    begins_again = wrap and a.ndim == 2 and shape[0] > shape[1] + 1 and shape[1] > 0
    if begins_again:
        _fill_wrapping(a, value)
        return
    count = min(shape)
    part = a[(slice(0, count),) * a.ndim]
    if isinstance(value, ndarray) and value.ndim:
        value = tile(value, -(-count // value.size))[:count]
    if a.ndim == 2 and count:
        line = _quelea.diagonal(a, 0, 0, 1)
        line = _stepped(part, a, 0, 0) if line is None else line
        if line is not None:
            line[...] = value
            return
    _fill_marked(part, value)


def _fill_marked(part: ndarray, value: Any) -> None:
    """Write every element anew, of which those of the diagonal change."""
    count, ndim = part.shape[0], part.ndim
    rows = _quelea.ramp((count,) + (1,) * (ndim - 1), 0, 0, 1, int)
    marked: Any = True
    for axis in range(1, ndim):
        shape = tuple(count if i == axis else 1 for i in range(ndim))
        equal = _quelea.equal(rows, _quelea.ramp(shape, axis, 0, 1, int))
        marked = equal if marked is True else _quelea.logical_and(marked, equal)
    given = _quelea.empty(value.shape if isinstance(value, ndarray) else (), part.dtype)
    given[...] = value
    given = given.reshape(given.shape + (1,) * (ndim - 1)) if given.ndim else given
    part[...] = _quelea.where(marked, given, part)


def _fill_wrapping(a: ndarray, value: Any) -> None:
    if isinstance(value, ndarray) and value.size > 1:
        raise NotImplementedError(
            "fill_diagonal(wrap=True) with several values is not in Quelea yet; fill a[i : i + n], n being the number "
            "of columns, for every n + 1st row i"
        )
    rows, columns = a.shape
    places = _quelea.ramp((rows, 1), 0, 0, columns, int) + _quelea.ramp((1, columns), 1, 0, 1, int)
    given = _quelea.empty((), a.dtype)
    given[...] = value.reshape(()) if isinstance(value, ndarray) else value
    a[...] = _quelea.where(_quelea.equal(_quelea.remainder(places, columns + 1), 0), given, a)


# ---- indices ----


def diag_indices(n: int, ndim: int = 2) -> tuple[ndarray, ...]:
    """Give the indices of the main diagonal of an array of equal extents, one array for each axis.

    Returns
    -------
    tuple of ndarray of shape (n,)
    """
    return (arange(n),) * ndim


def diag_indices_from(arr: Any) -> tuple[ndarray, ...]:
    """Give the indices of the main diagonal of this array, one array for each axis.

    Returns
    -------
    tuple of ndarray
    """
    if not arr.ndim >= 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(arr.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(arr.shape[0], arr.ndim)


def _below(t: ndarray, first: int) -> tuple[ndarray, ndarray]:
    """Give row and column of the t-th element in rows of first, first + 1, first + 2, ... elements.

    A root gives the row but for its rounding, which may make it one too many or too few.
    """

    def begin(row: ndarray) -> ndarray:
        return row * first + _quelea.floor_divide(row * (row - 1), 2)

    odd = 2 * first - 1
    row = _quelea.floor((_quelea.sqrt(8.0 * t + float(odd) ** 2) - odd) / 2).astype(int)
    row = row - _quelea.greater(begin(row), t)
    row = row + _quelea.less_equal(begin(row + 1), t)
    return row, t - begin(row)


def _whole_number(k: Any) -> int:
    if isinstance(k, (float, numpy.floating)):
        raise NotImplementedError(
            "a triangle of a diagonal that is no integer is not in Quelea yet; write the integer below it"
        )
    return operator.index(k)


def _triangle(rows: int, columns: int, k: int) -> tuple[ndarray, ndarray]:
    """Give the indices of the elements at or below a diagonal: rows that grow, and rows that are whole."""
    top = min(max(0, -k), rows)
    first = min(top + k + 1, columns)
    growing = max(0, min(rows, columns - k) - top) if columns else 0
    whole = rows - top - growing if columns else 0
    i, j = _below(arange(growing * first + growing * (growing - 1) // 2), first)
    t = arange(whole * columns)
    width = max(columns, 1)
    below = _quelea.floor_divide(t, width) + (top + growing)
    return concatenate((i + top, below)), concatenate((j, _quelea.remainder(t, width)))


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[ndarray, ndarray]:
    """Give the indices of the lower triangle of a matrix, of rows and of columns, row by row.

    Parameters
    ----------
    n, m : int
        Rows and columns; as many columns as rows by default.
    k : int, default 0
        The diagonal that belongs to the triangle: positive above the main one.

    Returns
    -------
    tuple of ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.tril_indices(2)
    (array([0, 1, 1]), array([0, 0, 1]))
    """
    rows = operator.index(n)
    return _triangle(rows, rows if m is None else operator.index(m), _whole_number(k))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[ndarray, ndarray]:
    """Give the indices of the upper triangle of a matrix. The parameters are those of `tril_indices`.

    Returns
    -------
    tuple of ndarray
    """
    rows = operator.index(n)
    columns = rows if m is None else operator.index(m)
    # turned by half a circle it is a lower one
    i, j = _triangle(rows, columns, columns - rows - _whole_number(k))
    return rows - 1 - i[::-1], columns - 1 - j[::-1]


def tril_indices_from(arr: Any, k: int = 0) -> tuple[ndarray, ndarray]:
    """Give the indices of the lower triangle of this matrix.

    Returns
    -------
    tuple of ndarray
    """
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return tril_indices(arr.shape[-2], k, arr.shape[-1])


def triu_indices_from(arr: Any, k: int = 0) -> tuple[ndarray, ndarray]:
    """Give the indices of the upper triangle of this matrix.

    Returns
    -------
    tuple of ndarray
    """
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return triu_indices(arr.shape[-2], k, arr.shape[-1])
