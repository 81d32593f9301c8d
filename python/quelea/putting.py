"""Assigning by arrays of integers and masks: ``x[index] = v``, ``x[mask] = v``, ``np.add.at`` and what puts elements.

What a key with arrays selects is indexing.py's: a view, and index arrays for some of its axes. Assigning brings these
axes to the front and counts their elements: each index, or all of them at one point together, becomes the number of a
block of the view. A routine stores the values there, one after another, so that the last one of equal places stays.
Where the value does not depend on how many elements a mask selects, it is one statement with `where`.
"""

import operator
from typing import Any, NamedTuple

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .dispatch import as_numpy
from .elementwise import as_array
from .indexing import (
    _CHUNK,
    _check,
    _check_mask,
    _common,
    _index_of_take,
    _is_large,
    _is_number,
    _mask,
    _quelea_text,
    _select,
    _Selection,
    _starts,
    _taken_at,
    take,
)

__all__ = ["put", "put_along_axis", "take_along_axis"]


# ---- values ----


def _shape_of(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, (ndarray, numpy.ndarray)) else numpy.shape(value)


def _values(value: Any, dtype: numpy.dtype[Any]) -> ndarray:
    """Give what is assigned as an array of ours, as an assignment casts it."""
    if isinstance(value, ndarray) and value.dtype == dtype:
        return value
    given = as_array(value) if isinstance(value, (list, tuple)) and _holds_ours(value) else value
    filled = _quelea.empty(_shape_of(given), dtype)
    filled[...] = _cast_as_arrays(given)
    return filled


def _cast_as_arrays(value: Any) -> Any:
    """Give NumPy's scalars as arrays, of which an assignment loses what it must."""
    return numpy.asarray(value) if isinstance(value, numpy.generic) else value


def _holds_ours(value: Any) -> bool:
    return any(
        isinstance(v, ndarray) or (isinstance(v, (list, tuple)) and _holds_ours(v)) for v in value
    )


def _spread(values: ndarray, shape: tuple[int, ...]) -> ndarray:
    """Broadcast what is assigned; leading axes of one element may be too many."""
    given = values
    while given.ndim > len(shape) and given.shape[0] == 1:
        given = given[0]
    if given.shape == shape:
        return given
    try:
        if numpy.broadcast_shapes(given.shape, shape) != shape:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"shape mismatch: value array of shape {_quelea_text(values.shape)} could not be broadcast to indexing "
            f"result of shape {_quelea_text(shape)}"
        ) from None
    return _quelea.broadcast_to(given, shape)


# ---- by places ----


def _places_of(selected: _Selection) -> ndarray:
    """Count the selected elements along the axes that are selected from: as many numbers as there are indices."""
    extents = [selected.view.shape[axis] for axis in selected.axes]
    if len(selected.indices) < len(extents):
        places: Any = selected.indices[0]  # numbers already
    elif len(extents) == 1:
        places = selected.indices[0]
    else:
        places, step = 0, 1
        for index, extent in zip(reversed(selected.indices), reversed(extents), strict=True):
            places = places + (index + (index < 0) * extent) * step
            step *= extent
    if not isinstance(places, ndarray):
        places = _quelea.asarray(numpy.ascontiguousarray(places, dtype=numpy.int64))
    elif places.dtype != numpy.int64:
        places = places.astype(numpy.int64)
    if places.shape != selected.shape:
        places = _quelea.broadcast_to(places, selected.shape)
    result: ndarray = places.reshape(-1)
    return result


def _result_shape(selected: _Selection) -> tuple[int, ...]:
    kept = [n for axis, n in enumerate(selected.view.shape) if axis not in selected.axes]
    return (*kept[: selected.place], *selected.shape, *kept[selected.place :])


def _scatter(selected: _Selection, values: ndarray | None, ufunc: Any = None) -> None:
    """Store values, of the selection's shape or what is broadcast to that, or combine them with what is there."""
    view, axes, place, _, shape = selected
    if not axes:  # by truths alone, one element or none of each
        if values is not None:
            values = _spread(values, _result_shape(selected))
        if shape == (1,):
            _put_all(view, values if values is None else values.reshape(view.shape), ufunc)
        return
    lead, count = len(axes), int(numpy.prod(shape, dtype=int))
    kept = [axis for axis in range(view.ndim) if axis not in axes]
    target = view.transpose(*axes, *kept) if axes != list(range(lead)) else view
    pairs = None
    if values is not None:
        wide = _spread(values, _result_shape(selected))
        first = range(place, place + len(shape))
        if place:
            wide = wide.transpose(*first, *(a for a in range(wide.ndim) if a not in first))
        block = int(numpy.prod(target.shape[lead:], dtype=int))
        pairs = wide.reshape(count, block)
    if count and target.size:
        _quelea.scatter(target, lead, _places_of(selected), pairs, ufunc)


def _put_all(view: ndarray, values: ndarray | None, ufunc: Any) -> None:
    """Store values of a view's shape, or combine them with what is there."""
    if ufunc is None:
        view[...] = values
    elif values is None:
        view[...] = ufunc(view)
    else:
        view[...] = ufunc(view, values)


def _assign(x: ndarray, key: Any, value: Any) -> None:
    """``x[key] = value``, for a key with arrays, lists, ranges or truths.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.zeros(5)
    >>> x[[1, 3, 1]] = [1.0, 2.0, 3.0]
    >>> x
    array([0., 3., 0., 2., 0.])
    """
    alone = key[0] if isinstance(key, tuple) and len(key) == 1 else key
    mask = None if isinstance(alone, tuple) else _mask(alone)
    if mask is not None:
        if _assigned_where(x, mask, value):
            return
        if mask.ndim == x.ndim:
            _assign_each(x, mask, value)
            return
    _scatter(_select(x, key, whole=True), _values(value, x.dtype))


# ---- by numbers, and along an axis ----


def put(a: ndarray, ind: Any, v: Any, mode: str = "raise") -> None:
    """Assign elements by their numbers in C order.

    Parameters
    ----------
    a : ndarray
    ind : array_like of ints
        The numbers; of equal ones the last stays.
    v : array_like
        A value for each; where there are fewer they begin again.
    mode : {'raise', 'wrap', 'clip'}, default 'raise'
        What becomes of numbers beyond the ends: an IndexError, counted on from the other end, or the nearest end (where
        numbers below zero are 0).

    Raises
    ------
    IndexError
        A number is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> a = np.arange(5)
    >>> np.put(a, [0, 2], [-44, -55])
    >>> a
    array([-44,   1, -55,   3,   4])
    """
    if not isinstance(a, ndarray):
        raise TypeError(f"argument 1 must be quelea.ndarray, not {type(a).__name__}")
    _check_writable(a)
    index = _index_of_take(ind)
    if mode == "raise":
        _check(index, a.size, 0)
    elif mode not in ("wrap", "clip"):
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    elif a.size == 0 and index.size:
        raise IndexError("cannot replace elements of an empty array")
    elif mode == "wrap":
        index = index % a.size
    else:
        both = _quelea if isinstance(index, ndarray) else numpy
        index = both.minimum(both.maximum(index, 0), a.size - 1)
    values = _values(v, a.dtype).reshape(-1)
    if values.size and index.size:
        put_numbers(a, index.reshape(-1), _again(values, index.size))


def put_numbers(x: ndarray, index: Any, values: ndarray) -> None:
    """Store values, one or as many as there are numbers, which are within and count elements in C order."""
    target = x if x.ndim else x.reshape(1)
    axes = list(range(target.ndim))
    if target.ndim == 1:
        _scatter(_Selection(target, axes, 0, [index], index.shape), values)
        return
    index = index + (index < 0) * x.size
    _scatter(_Selection(target, axes, 0, [index], index.shape), values)


def _again(values: ndarray, count: int) -> ndarray:
    """Give so many values, of which there are one, or as many, or too many, or those that begin again."""
    if values.size in (1, count):
        return values
    if values.size > count:
        return values[:count]
    return take(values, _quelea.ramp((count,), 0, 0, 1, "int64") % values.size)


def _along_axis(x: ndarray, indices: Any, axis: int) -> _Selection:
    """Give the selection of `take_along_axis`: all other axes go along."""
    index = indices if isinstance(indices, ndarray) else numpy.asarray(indices)
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if index.ndim != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    if index.dtype != numpy.int64:
        index = index.astype(numpy.int64)
    _check(index, x.shape[axis], axis)
    all_of: list[Any] = []
    for a, extent in enumerate(x.shape):
        along = [1] * x.ndim
        along[a] = extent
        ramp = None if a == axis else _quelea.ramp((extent,), 0, 0, 1, "int64")
        all_of.append(index if ramp is None else ramp.reshape(along))
    return _Selection(x, list(range(x.ndim)), 0, all_of, _common([i.shape for i in all_of]))


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> ndarray:
    """Take elements along an axis, by an index array that has all other axes too.

    Parameters
    ----------
    arr : array_like
    indices : array_like of ints
        As many axes as `arr`; those of one element are repeated.
    axis : int, optional
        None: of the flattened array.

    Returns
    -------
    ndarray

    Raises
    ------
    IndexError
        A number is out of bounds, or no integer.

    Examples
    --------
    >>> import quelea as np
    >>> np.take_along_axis(np.asarray([[10, 30, 20], [60, 40, 50]]), [[1], [0]], axis=1)
    array([[30],
           [60]])
    """
    x = as_array(arr)
    if axis is None:
        if numpy.ndim(indices) != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        x, axis = x.reshape(-1), 0
    selected = _along_axis(x, indices, normalize_axis_index(axis, x.ndim))
    return _taken_at(x, selected.axes, 0, selected.indices, selected.shape)


def put_along_axis(arr: ndarray, indices: Any, values: Any, axis: int | None) -> None:
    """Assign elements along an axis, by an index array that has all other axes too.

    Parameters
    ----------
    arr : ndarray
    indices : array_like of ints
        As many axes as `arr`; those of one element are repeated.
    values : array_like
        Broadcast to the shape of the indices.
    axis : int or None
        None: `indices` are numbers of elements in C order.

    Raises
    ------
    IndexError
        A number is out of bounds, or no integer.

    Examples
    --------
    >>> import quelea as np
    >>> a = np.asarray([[10, 30, 20], [60, 40, 50]])
    >>> np.put_along_axis(a, [[1], [0]], 99, axis=1)
    >>> a
    array([[10, 99, 20],
           [99, 40, 50]])
    """
    x = arr if isinstance(arr, ndarray) else as_array(arr)
    if axis is None:
        if numpy.ndim(indices) != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        _check_writable(x)
        along = _along_axis(x.reshape(-1), indices, 0)
        put_numbers(x, along.indices[0], _spread(_values(values, x.dtype), along.shape))
        return
    _check_writable(x)
    _scatter(_along_axis(x, indices, normalize_axis_index(axis, x.ndim)), _values(values, x.dtype))


def _method_put(self: ndarray, indices: Any, values: Any, mode: str = "raise") -> None:
    """Assign elements by their numbers in C order; see `quelea.put`."""
    put(self, indices, values, mode)


# ---- ufunc.at ----


def _at(ufunc: Any, a: Any, indices: Any, *values: Any) -> None:
    """``ufunc.at(a, indices, b)``: compute at each index, one after another, so that equal ones add up.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.zeros(4)
    >>> np.add.at(x, [1, 3, 1], [1.0, 2.0, 3.0])
    >>> x
    array([0., 4., 0., 2.])
    """
    if isinstance(a, numpy.ndarray):
        getattr(numpy, ufunc.__name__).at(a, indices, *(as_numpy(v) for v in values))
        return
    if not isinstance(a, ndarray):
        raise TypeError("first operand must be array")
    if len(values) != ufunc.nin - 1:
        raise ValueError(
            "second operand needed for ufunc"
            if ufunc.nin == 2
            else "second operand provided when ufunc is unary"
        )
    _check_writable(a)
    selected = _selected_at(a, indices)
    given = None if not values else _operand(ufunc, a, values[0])
    if selected is not None:
        _scatter(selected, given, ufunc)
        return
    view = a[indices]
    _put_all(view, given if given is None else _spread(given, view.shape), ufunc)


def _check_writable(x: ndarray) -> None:
    if not _quelea.is_writable(x):
        raise ValueError("assignment destination is read-only")


def _operand(ufunc: Any, a: ndarray, b: Any) -> ndarray:
    """Give the second operand, cast to what the loop takes: each element once, and not at each index."""
    given = as_array(b)
    loop = ufunc.resolve_dtypes((a.dtype, given.dtype, None))[1]
    return given if given.dtype == loop else given.astype(loop)


def _selected_at(x: ndarray, key: Any) -> _Selection | None:
    """Read a key; None: it is of slices, and selects no element twice."""
    items = key if isinstance(key, tuple) else (key,)
    if any(not _is_number(item) and not _is_plain(item) for item in items) or any(
        isinstance(item, (bool, numpy.bool)) for item in items
    ):
        return _select(x, key, whole=True)
    numbers = [item for item in items if not _is_plain(item)]
    if len(numbers) < x.ndim or len(numbers) < len(items):
        return None
    x[key]  # that the numbers are within
    indices = [numpy.asarray([operator.index(n)]) for n in numbers]
    return _Selection(x, list(range(x.ndim)), 0, indices, (1,))


def _is_plain(item: Any) -> bool:
    return item is None or item is Ellipsis or isinstance(item, slice)


# ---- through masks ----


def _assigned_where(x: ndarray, mask: Any, value: Any) -> bool:
    """Assign what does not depend on how many elements are selected; False: it does."""
    if mask.ndim > x.ndim:
        raise IndexError(
            f"too many indices for array: array is {x.ndim}-dimensional, but {mask.ndim} were indexed"
        )
    _check_mask(mask, x.shape, 0)
    rest = x.ndim - mask.ndim
    shape = _shape_of(value)
    if x.ndim and rest == 0 and len(shape) > 1:
        raise TypeError(
            "NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, "
            f"input has {len(shape)} dimensions"
        )
    if len(shape) > rest and any(n != 1 for n in shape[: len(shape) - rest]):
        return False
    filled = _quelea.empty(shape[len(shape) - rest :] if rest else (), x.dtype)
    filled[...] = _cast_as_arrays(value)
    if rest:
        _spread(filled, x.shape[mask.ndim :])
    chosen = mask.reshape(mask.shape + (1,) * rest)
    x[...] = _quelea.where(chosen, filled, x)
    return True


class _Truths(NamedTuple):
    """A mask and how often it is true."""

    mask: ndarray
    number: int
    flat: ndarray | None  # along one axis, and how many there are before each of its chunks;
    starts: Any  # None: it is found piece by piece


def _truths_of(mask: Any) -> _Truths:
    whole = mask if isinstance(mask, ndarray) else _quelea.asarray(mask)
    if _is_large(whole):
        return _Truths(whole, int(_quelea.count_nonzero(whole)), None, None)
    flat = whole.reshape(-1)
    starts = _starts(flat)
    return _Truths(whole, int(starts[-1]), flat, starts)


def _store(x: ndarray, truths: _Truths, values: ndarray) -> None:
    """Store as many values as there are truths."""
    if not truths.number:
        return
    if truths.flat is None:
        _store_pieces(x, truths.mask, values)
        return
    _quelea.spread(x, truths.flat, _CHUNK, _quelea.asarray(truths.starts), values)


def _store_pieces(x: ndarray, mask: ndarray, values: ndarray) -> int:
    """Store the first values piece by piece. Gives how many."""
    if not _is_large(mask):
        truths = _truths_of(mask.copy())
        _store(x, truths, values[: truths.number].copy())
        return truths.number
    axis = next(a for a, extent in enumerate(mask.shape) if extent > 1)
    halves = (slice(None, mask.shape[axis] // 2), slice(mask.shape[axis] // 2, None))
    first, second = ((slice(None),) * axis + (half,) for half in halves)
    count = _store_pieces(x[first], mask[first], values)
    return count + _store_pieces(x[second], mask[second], values[count:])


def _assign_each(x: ndarray, mask: Any, value: Any) -> None:
    """Assign one value for each element that a mask of all axes selects."""
    values = _values(value, x.dtype)
    truths = _truths_of(mask)
    if truths.number != values.size:
        raise ValueError(
            f"NumPy boolean array indexing assignment cannot assign {values.size} input values to the {truths.number} "
            "output values where the mask is true"
        )
    _store(x, truths, values)


def assign_in_turn(x: ndarray, mask: ndarray, values: ndarray) -> None:
    """Assign values, of one axis, where a mask of that shape is true; where there are fewer they begin again."""
    truths = _truths_of(mask.reshape(x.shape or (1,)))
    if truths.number and not values.size:
        raise ValueError("Cannot insert from an empty array!")
    again = _again(values, truths.number)
    if again.size != truths.number:
        again = _quelea.broadcast_to(again, (truths.number,))
    _store(x if x.ndim else x.reshape(1), truths, again)
