"""Arrays with more or fewer elements: `insert`, `delete`, `resize`, `trim_zeros`; and numbers of elements.

What is given as places (where to insert, what to delete) is few, and known to every rank, or an array of ours that is
used where it lies. The elements that stay are copied slice by slice, or taken through a mask.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray
from .creation import array, empty, ones, zeros
from .dispatch import as_numpy, holds_ours
from .elementwise import as_array
from .indexing import flatnonzero, nonzero, take
from .joins import _place
from .putting import _values

__all__ = [
    "delete",
    "insert",
    "mask_indices",
    "ravel_multi_index",
    "resize",
    "trim_zeros",
    "unravel_index",
]

_MOST_PLACES = 2**20  # of an array of ours, which every rank looks at


def _along(arr: Any, axis: int | None) -> tuple[ndarray, int]:
    x = as_array(arr)
    if axis is None:
        x = x if x.ndim == 1 else x.ravel()
        return x, x.ndim - 1
    return x, normalize_axis_index(axis, x.ndim)


def _order(x: ndarray) -> str:
    return "F" if _quelea.is_contiguous(x, "F") and not _quelea.is_contiguous(x, "C") else "C"


def _at(ndim: int, axis: int, item: Any) -> tuple[Any, ...]:
    key: list[Any] = [slice(None)] * ndim
    key[axis] = item
    return tuple(key)


def _longer(x: ndarray, axis: int, by: int) -> ndarray:
    shape = list(x.shape)
    shape[axis] += by
    return empty(shape, x.dtype, _order(x))


# ---- insert ----


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> ndarray:
    """Give a copy with values inserted along an axis, before the places given.

    Parameters
    ----------
    arr : array_like
    obj : int, slice, or array_like of ints or bools
        The places; where bools are true.
    values : array_like
        Cast to the dtype of `arr`.
    axis : int, optional
        None: of the flattened array.

    Returns
    -------
    ndarray

    Raises
    ------
    IndexError
        A place is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> np.insert(np.asarray([1, 2, 3]), 1, 9)
    array([1, 9, 2, 3])
    >>> np.insert(np.asarray([1, 2, 3]), [0, 2], [7, 8])
    array([7, 1, 2, 8, 3])
    """
    x, axis = _along(arr, axis)
    extent = x.shape[axis]
    places = _places_of(obj, extent)
    if places.size == 1:
        at = int(places.item())
        if at < -extent or at > extent:
            raise IndexError(f"index {obj} is out of bounds for axis {axis} with size {extent}")
        return _inserted(x, axis, at + extent if at < 0 else at, values, places.ndim == 0)
    if places.size == 0 and not isinstance(obj, (ndarray, numpy.ndarray)):
        places = places.astype(numpy.intp)
    places = numpy.where(places < 0, places + extent, places)
    count = len(places)
    order = places.argsort(kind="stable")
    places[order] += numpy.arange(count)
    outside = (places < 0) | (places >= extent + count)
    if outside.any():
        raise IndexError(
            f"index {places[outside.argmax()]} is out of bounds for axis 0 with size {extent + count}"
        )
    new = _longer(x, axis, count)
    stays = ones(extent + count, bool)
    stays[places] = False
    new[_at(x.ndim, axis, places)] = values
    new[_at(x.ndim, axis, flatnonzero(stays))] = x
    return new


def _places_of(obj: Any, extent: int) -> Any:
    """Give where to insert, as NumPy's array: of no axes for a number."""
    if isinstance(obj, slice):
        return numpy.arange(*obj.indices(extent))
    if isinstance(obj, ndarray) and obj.size > _MOST_PLACES:
        raise NotImplementedError(
            f"insert at more than {_MOST_PLACES} places of an array of ours is not in Quelea yet; write insert(arr, "
            "numpy.asarray(obj), values)"
        )
    places = numpy.array(as_numpy(obj))
    if places.dtype == bool:
        if places.ndim != 1:
            raise ValueError("boolean array argument obj to insert must be one dimensional")
        return numpy.flatnonzero(places)
    if places.ndim > 1:
        raise ValueError("index array argument obj to insert must be one dimensional or scalar")
    if places.size == 1 and places.dtype.kind not in "iu":
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    if places.size and places.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return places


def _inserted(x: ndarray, axis: int, at: int, values: Any, is_number: bool) -> ndarray:
    given = _values(values, x.dtype)
    given = given.reshape((1,) * (x.ndim - given.ndim) + given.shape)
    if is_number:
        given = _moved(given, axis)
    count = given.shape[axis]
    new = _longer(x, axis, count)
    keys = [
        _at(x.ndim, axis, s)
        for s in (slice(None, at), slice(at, at + count), slice(at + count, None))
    ]
    parts = [x[_at(x.ndim, axis, slice(None, at))], given, x[_at(x.ndim, axis, slice(at, None))]]
    return _place(new, keys, parts)


def _moved(x: ndarray, axis: int) -> ndarray:
    """Move the first axis to that place."""
    order = list(range(1, x.ndim))
    order.insert(axis, 0)
    return x.transpose(order)


# ---- delete ----


def delete(arr: Any, obj: Any, axis: int | None = None) -> ndarray:
    """Give a copy without the elements at the places given along an axis.

    Parameters
    ----------
    arr : array_like
    obj : int, slice, or array_like of ints or bools
        The places; where bools are true.
    axis : int, optional
        None: of the flattened array.

    Returns
    -------
    ndarray

    Raises
    ------
    IndexError
        A place is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> np.delete(np.asarray([1, 2, 3, 4]), [0, 2])
    array([2, 4])
    """
    x, axis = _along(arr, axis)
    extent = x.shape[axis]
    if isinstance(obj, slice):
        return _without(x, axis, range(*obj.indices(extent)))
    given = obj if isinstance(obj, ndarray) else numpy.asarray(obj)
    if given.size == 0 and not isinstance(obj, (ndarray, numpy.ndarray)):
        given = given.astype(numpy.intp)
    if given.size == 1 and given.dtype.kind in "iu":
        at = int(given.item())
        if at < -extent or at >= extent:
            raise IndexError(f"index {at} is out of bounds for axis {axis} with size {extent}")
        return _without(x, axis, range(at % extent, at % extent + 1))
    if given.dtype == bool:
        if given.shape != (extent,):
            raise ValueError(
                "boolean array argument obj to delete must be one dimensional and match the axis "
                f"length of {extent}"
            )
        stays = ~given
    else:
        stays = ones(extent, bool)
        stays[given,] = False
    return take(x, flatnonzero(stays), axis)


def _without(x: ndarray, axis: int, gone: range) -> ndarray:
    if not len(gone):
        return array(x, order=_order(x))
    if gone.step < 0:
        gone = gone[::-1]
    new = _longer(x, axis, -len(gone))
    if gone.step == 1 or len(gone) == 1:
        keys = [slice(None, gone[0]), slice(gone[0], None)]
        parts = [
            x[_at(x.ndim, axis, slice(None, gone[0]))],
            x[_at(x.ndim, axis, slice(gone[-1] + 1, None))],
        ]
        return _place(new, [_at(x.ndim, axis, key) for key in keys], parts)
    stays = ones(x.shape[axis], bool)
    stays[gone.start : gone[-1] + 1 : gone.step] = False
    return _place(new, [_at(x.ndim, axis, slice(None))], [take(x, flatnonzero(stays), axis)])


# ---- resize, trim_zeros ----


def resize(a: Any, new_shape: int | Sequence[int]) -> ndarray:
    """Give a copy in another shape: elements in C order, which begin again where there are not enough.

    Parameters
    ----------
    a : array_like
    new_shape : int or sequence of ints

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.resize(np.asarray([[0, 1], [2, 3]]), (2, 3))
    array([[0, 1, 2],
           [3, 0, 1]])
    """
    shape = (new_shape,) if isinstance(new_shape, (int, numpy.integer)) else tuple(new_shape)
    x = as_array(a)
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = int(numpy.prod(shape, dtype=int))
    if x.size == 0 or size == 0:
        return zeros(shape, x.dtype)
    flat = x.reshape(-1)
    if size > x.size:
        times = -(-size // x.size)
        flat = _quelea.broadcast_to(flat, (times, x.size)).copy().reshape(-1)
    return flat[:size].copy().reshape(shape)


def trim_zeros(filt: Any, trim: str = "fb", axis: int | Sequence[int] | None = None) -> Any:
    """Leave out zeros at the ends.

    Parameters
    ----------
    filt : array_like
    trim : {'fb', 'f', 'b'}, default 'fb'
        At the front, the back or both.
    axis : int or sequence of ints, optional
        Along which axes; None: all.

    Returns
    -------
    ndarray or sequence
        A view of `filt`, or what slicing it gives.

    Examples
    --------
    >>> import quelea as np
    >>> np.trim_zeros(np.asarray([0, 0, 1, 0, 2, 0]))
    array([1, 0, 2])
    """
    x = as_array(filt)
    trim = trim.lower()
    if trim not in {"fb", "bf", "f", "b"}:
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = (
        tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, argname="axis")
    )
    if not axes:
        return filt
    key: list[Any] = [slice(None)] * x.ndim
    for a in axes:
        first, last = _ends(x, a)
        if first > last:
            first, last = 0, -1
        elif "f" not in trim:
            first = 0
        elif "b" not in trim:
            last = x.shape[a] - 1
        key[a] = slice(first, last + 1)
    of: Any = filt if isinstance(filt, (list, tuple)) else x
    return of[key[0]] if len(key) == 1 else of[tuple(key)]


def _ends(x: ndarray, axis: int) -> tuple[int, int]:
    """Look where along an axis the first and the last element lie that are not zero."""
    others = tuple(a for a in range(x.ndim) if a != axis)
    extent = x.shape[axis]
    if x.size == 0:
        return extent, -1
    there = _quelea.any(x != 0, others) if others else x != 0
    number = _quelea.ramp((extent,), 0, 0, 1, "int64")
    first = _quelea.min(_quelea.where(there, number, extent))
    last = _quelea.max(_quelea.where(there, number, -1))
    return int(first), int(last)


# ---- numbers of elements ----


def _own(result: Any) -> Any:
    """Give NumPy's arrays as ours, scalars as they are."""
    if isinstance(result, tuple):
        return tuple(map(_own, result))
    return as_array(result) if isinstance(result, numpy.ndarray) else result


def _integers(x: Any) -> ndarray:
    index = as_array(x)
    if index.dtype.kind not in "iub":
        raise TypeError(
            f"Cannot cast array data from {index.dtype!r} to dtype('int64') according to the rule 'same_kind'"
        )
    return index if index.dtype == numpy.int64 else index.astype(numpy.int64)


def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: Any = "C") -> Any:
    """Give the numbers of elements of which the indices along each axis are given.

    Parameters
    ----------
    multi_index : tuple of array_like of ints
        For each axis.
    dims : tuple of ints
        The shape.
    mode : {'raise', 'wrap', 'clip'}, or one for each axis, default 'raise'
        What becomes of indices that are out of bounds.
    order : {'C', 'F'}, default 'C'

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ValueError
        An index is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> np.ravel_multi_index(np.asarray([[3, 6, 6], [4, 5, 1]]), (7, 6))
    array([22, 41, 37])
    """
    if isinstance(multi_index, ndarray):
        multi_index = tuple(multi_index[k] for k in range(len(multi_index)))
    if not holds_ours(multi_index):
        return _own(numpy.ravel_multi_index(multi_index, dims, mode, order))
    # NumPy checks the rest on one element of each, if there is one: axes without elements have none
    few = tuple(numpy.zeros(1, i.dtype) if isinstance(i, ndarray) else i for i in multi_index)
    one = (0,) if any(numpy.size(i) == 0 for i in multi_index) else ()
    numpy.ravel_multi_index(
        tuple(numpy.zeros(one, numpy.asarray(i).dtype) for i in few), dims, mode, order
    )
    modes = mode if isinstance(mode, tuple) else (mode,) * len(few)
    extents = (dims,) if isinstance(dims, (int, numpy.integer)) else tuple(dims)
    indices = [_integers(i) for i in multi_index]
    numbers: Any = 0
    for index, extent, rule in _from_outside(indices, extents, modes, order):
        numbers = numbers * extent + _within(index, extent, rule)
    result: ndarray = numbers
    return result


def _from_outside(indices: Any, extents: Any, modes: Any, order: str) -> Any:
    rows = list(zip(indices, extents, modes, strict=True))
    return rows if order == "C" else reversed(rows)


def _within(index: ndarray, extent: int, mode: str) -> ndarray:
    if mode == "wrap":
        return index % extent
    if mode == "clip":
        return _quelea.minimum(_quelea.maximum(index, 0), extent - 1)
    if index.size and (int(_quelea.min(index)) < 0 or int(_quelea.max(index)) >= extent):
        raise ValueError("invalid entry in coordinates array")
    return index


def unravel_index(indices: Any, shape: Any, order: Any = "C") -> Any:
    """Give the indices along each axis of elements of which the numbers are given.

    Parameters
    ----------
    indices : array_like of ints
    shape : tuple of ints
    order : {'C', 'F'}, default 'C'

    Returns
    -------
    tuple of ndarray of int64

    Raises
    ------
    ValueError
        A number is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> np.unravel_index(np.asarray([22, 41, 37]), (7, 6))
    (array([3, 6, 6]), array([4, 5, 1]))
    """
    if not holds_ours(indices):
        return _own(numpy.unravel_index(indices, shape, order))
    numbers = _integers(indices)
    numpy.unravel_index(numpy.zeros((0,) * min(numbers.ndim, 1), numpy.int64), shape, order)
    extents = (shape,) if isinstance(shape, (int, numpy.integer)) else tuple(shape)
    size = int(numpy.prod(extents, dtype=int))
    if numbers.size:
        least, most = int(_quelea.min(numbers)), int(_quelea.max(numbers))
        if least < 0 or most >= size:
            wrong = least if least < 0 else most
            raise ValueError(f"index {wrong} is out of bounds for array with size {size}")
    result: list[ndarray] = []
    for extent in reversed(extents) if order == "C" else extents:
        result.append(numbers % extent if extent else numbers)
        numbers = numbers // max(extent, 1)
    return tuple(reversed(result)) if order == "C" else tuple(result)


def mask_indices(n: int, mask_func: Any, k: Any = 0) -> tuple[ndarray, ...]:
    """Give the indices of the elements of a square matrix that a function like `triu` leaves.

    Parameters
    ----------
    n : int
        Rows and columns.
    mask_func : callable
        Called with a matrix of ones and `k`.
    k : scalar, default 0

    Returns
    -------
    tuple of ndarray of int64

    Examples
    --------
    >>> import quelea as np
    >>> np.mask_indices(2, np.triu)
    (array([0, 0, 1]), array([0, 1, 1]))
    """
    marked = mask_func(ones((operator.index(n), n), int), k)
    return nonzero(marked != 0)
