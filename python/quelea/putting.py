"""Assigning by arrays of integers and masks: ``x[index] = v``, ``x[mask] = v``, ``np.add.at`` and what puts elements.

What a key with arrays selects is indexing.py's: a view, and index arrays for some of its axes. Assigning brings these
axes to the front and counts their elements: each index, or all of them at one point together, becomes the number of a
block of the view. A routine stores the values there, one after another, so that the last one of equal places stays.
Where the value does not depend on how many elements a mask selects, it is one statement with `where`.
"""

import operator
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .dispatch import as_numpy
from .elementwise import as_array
from .indexing import (
    _CHUNK,
    _check_mask,
    _is_number,
    _mask,
    _quelea_text,
    _select,
    _Selection,
    _starts,
)

__all__: list[str] = []


# ---- values ----


def _shape_of(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, (ndarray, numpy.ndarray)) else numpy.shape(value)


def _values(value: Any, dtype: numpy.dtype[Any]) -> ndarray:
    """Give what is assigned as an array of ours, as an assignment casts it."""
    if isinstance(value, ndarray) and value.dtype == dtype:
        return value
    given = as_array(value) if isinstance(value, (list, tuple)) and _holds_ours(value) else value
    filled = _quelea.empty(_shape_of(given), dtype)
    filled[...] = given
    return filled


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
    filled[...] = value
    if rest:
        _spread(filled, x.shape[mask.ndim :])
    chosen = mask.reshape(mask.shape + (1,) * rest)
    x[...] = _quelea.where(chosen, filled, x)
    return True


def _assign_each(x: ndarray, mask: Any, value: Any) -> None:
    """Assign one value for each element that a mask of all axes selects."""
    values = _values(value, x.dtype)
    if not isinstance(mask, ndarray):
        mask = _quelea.asarray(mask)
    flat = mask.reshape(-1)
    starts = _starts(flat)
    if starts[-1] != values.size:
        raise ValueError(
            f"NumPy boolean array indexing assignment cannot assign {values.size} input values to the {starts[-1]} "
            "output values where the mask is true"
        )
    if not values.size:
        return
    _quelea.spread(x, flat, _CHUNK, _quelea.asarray(starts), values)
