"""Reading by arrays of integers and masks: ``x[index]``, ``x[mask]``, `take`, and where a mask is true.

A key with arrays becomes a view, by its slices, and an index array for some of the view's axes. Indices are compared
with the extents here, before anything is recorded: those of NumPy's arrays and lists by each rank, those of Quelea's by
a look at the smallest and the largest. A mask becomes the places where it is true: how many there are is a look, too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .dispatch import as_numpy
from .elementwise import OUTPUTS, as_array, deliver
from .joins import concatenate, stack

__all__ = ["argwhere", "compress", "extract", "flatnonzero", "nonzero", "take"]

_CHUNK = 1024  # elements of a mask that are counted together
_MASK_BETWEEN_NODES = 2**20  # elements of a mask, which each node is given at a time
_NOT_INTEGERS = "arrays used as indices must be of integer (or boolean) type"


def _index_array(item: Any) -> Any:
    """Give an index array, ours or NumPy's."""
    if isinstance(item, ndarray):
        index: Any = item
    else:
        index = numpy.asarray(item)
        if index.size == 0 and not isinstance(item, numpy.ndarray):
            index = index.astype(numpy.intp)
    if index.dtype.kind not in "iu":
        raise IndexError(_NOT_INTEGERS)
    return index.astype(numpy.int64) if index.dtype.kind == "u" else index  # as NumPy takes them


def _first_outside(index: Any, extent: int) -> int:
    """Find the first index that is out of bounds."""
    flat = index.reshape(-1)
    outside = (flat < -extent) | (flat >= extent)
    if isinstance(flat, numpy.ndarray):
        return int(flat[outside.argmax()])
    places = _quelea.where(outside, _quelea.ramp(flat.shape, 0, 0, 1, "int64"), flat.size)
    return int(flat[int(_quelea.min(places))])


def _check(index: Any, extent: int, axis: int) -> None:
    """Raise IndexError unless all indices are within the axis."""
    if index.size == 0:
        return
    both = _quelea if isinstance(index, ndarray) else numpy
    least, most = both.min(index), both.max(index)
    if int(least) < -extent or int(most) >= extent:
        at = _first_outside(index, extent)
        raise IndexError(f"index {at} is out of bounds for axis {axis} with size {extent}")


def _ours(index: Any, shape: tuple[int, ...]) -> ndarray:
    """Give an index array as ours, of int64, broadcast."""
    array = index if isinstance(index, ndarray) else _quelea.asarray(index.astype(numpy.int64))
    if array.dtype != numpy.int64:
        array = array.astype(numpy.int64)
    return array if array.shape == shape else _quelea.broadcast_to(array, shape)


def _taken(x: ndarray, axes: Sequence[int], place: int, indices: Sequence[Any]) -> ndarray:
    """Take elements by index arrays, which are within their axes."""
    return _taken_at(x, axes, place, indices, _common([i.shape for i in indices]))


def _taken_at(
    x: ndarray, axes: Sequence[int], place: int, indices: Sequence[Any], shape: tuple[int, ...]
) -> ndarray:
    result: ndarray = _quelea.take(x, tuple(axes), place, tuple(_ours(i, shape) for i in indices))
    return result


def _quelea_text(shape: tuple[int, ...]) -> str:
    return "(" + ",".join(map(str, shape)) + (",)" if len(shape) == 1 else ")")


def _is_number(item: Any) -> bool:
    return numpy.ndim(item) == 0 and not isinstance(item, (list, tuple, range))


class _Selection(NamedTuple):
    """What a key with arrays, lists, ranges or truths selects."""

    view: ndarray  # of the key's slices, numbers and new axes
    axes: list[int]  # of the view, from which index arrays select, in order
    place: int  # the indices' axes come before this one of the view's other axes
    indices: list[Any]  # ours or NumPy's, within their axes
    shape: tuple[int, ...]  # of the indices, broadcast


def _select(x: ndarray, key: Any, whole: bool = False) -> _Selection:
    """Read a key, and check its indices. whole: a mask of all axes selects from these together."""
    items = list(key) if isinstance(key, tuple) else [key]
    plain = [item is None or item is Ellipsis or isinstance(item, slice) for item in items]
    masks = [None if is_plain else _mask(item) for item, is_plain in zip(items, plain, strict=True)]
    used = len(items) - sum(item is None or item is Ellipsis for item in items)
    used += sum(mask.ndim - 1 for mask in masks if mask is not None)
    if used > x.ndim:
        raise IndexError(
            f"too many indices for array: array is {x.ndim}-dimensional, but {used} were indexed"
        )
    if not any(item is Ellipsis for item in items):
        items, plain, masks = [*items, Ellipsis], [*plain, True], [*masks, None]
    basic: list[Any] = []
    indices: list[Any] = []
    shapes: list[tuple[int, ...]] = []  # of the indices, and of truths alone
    axes: list[int] = []  # of the view, and of x, from which they select
    axes_of_x: list[int] = []
    checked: list[bool] = []  # those of masks need not be
    chosen: list[int] = []  # which items select, numbers too
    place = axis = axis_of_x = 0
    for number, (item, is_plain) in enumerate(zip(items, plain, strict=True)):
        if item is Ellipsis:
            rest = x.ndim - used
            basic += [slice(None)] * rest
            axis, axis_of_x = axis + rest, axis_of_x + rest
        elif is_plain:
            basic.append(item)
            axis, axis_of_x = axis + 1, axis_of_x + (item is not None)
        else:
            if not chosen:
                place = axis
            chosen.append(number)
            mask = masks[number]
            if mask is not None and mask.ndim == 0:
                shapes.append((int(bool(mask)),))
                continue
            if mask is not None:
                _check_mask(mask, x.shape, axis_of_x)
                if whole and mask.ndim == x.ndim and len(items) == 2:
                    places = _places(mask)
                    return _Selection(x, list(range(x.ndim)), 0, [places], places.shape)
                given = list(nonzero(mask) if isinstance(mask, ndarray) else mask.nonzero())
            else:
                given = [] if _is_number(item) else [_index_array(item)]
            basic += [slice(None)] * len(given) or [item]
            indices += given
            shapes += [index.shape for index in given]
            axes += range(axis, axis + len(given))
            axes_of_x += range(axis_of_x, axis_of_x + len(given))
            checked += [mask is None] * len(given)
            axis, axis_of_x = axis + len(given), axis_of_x + max(len(given), 1)
    if chosen[-1] - chosen[0] != len(chosen) - 1:
        place = 0  # selected axes that lie apart come first
    for index, of_x, is_checked in zip(indices, axes_of_x, checked, strict=True):
        if is_checked:
            _check(index, x.shape[of_x], of_x)
    return _Selection(x[tuple(basic)], axes, place, indices, _common(shapes))


def _common(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return numpy.broadcast_shapes(*shapes)
    except ValueError:
        text = " ".join(map(_quelea_text, shapes))
        raise IndexError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {text} "
        ) from None


def _read(x: ndarray, key: Any) -> ndarray:
    """``x[key]``, for a key with arrays, lists, ranges or truths.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.arange(12).reshape(3, 4)
    >>> x[[2, 0, 2], 1:3]
    array([[ 9, 10],
           [ 1,  2],
           [ 9, 10]])
    >>> x[np.asarray([2, 0]), [1, -1]]
    array([9, 3])
    """
    selected = _select(x, key, whole=True)
    if not selected.axes:  # by truths alone: as often as all of them are true
        shape, at = selected.view.shape, selected.place
        wide = _quelea.broadcast_to(
            _quelea.expand_dims(selected.view, at), (*shape[:at], *selected.shape, *shape[at:])
        )
        return wide.copy()
    if len(selected.axes) > len(selected.indices):
        return _taken(x.reshape(-1), [0], 0, selected.indices)
    return _taken_at(selected.view, selected.axes, selected.place, selected.indices, selected.shape)


# ---- where a mask is true ----


def _mask(item: Any) -> Any:
    """Give a mask, ours or NumPy's; None: it is none."""
    if isinstance(item, ndarray):
        mask: Any = item
    elif isinstance(item, (bool, numpy.bool, list, tuple, range, numpy.ndarray)):
        mask = numpy.asarray(item)
    else:
        return None
    return mask if mask.dtype.kind == "b" else None


def _check_mask(mask: Any, shape: tuple[int, ...], first: int) -> None:
    for axis, have in enumerate(mask.shape, first):
        want = shape[axis]
        if have != want:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis}; size of axis is {want} but size of "
                f"corresponding boolean axis is {have}"
            )


def _is_large(mask: ndarray) -> bool:
    """Whether it is more than is brought to each node at a time."""
    return mask.size > _MASK_BETWEEN_NODES and _quelea.info()["node_count"] > 1


def _starts(mask: ndarray) -> Any:
    """Look how many truths there are before each chunk of a mask of one axis, and in all."""
    counts = as_numpy(_quelea.count_true(mask, _CHUNK))
    return numpy.concatenate([[0], numpy.cumsum(counts)])


def _places_in(mask: ndarray) -> ndarray:
    starts = _starts(mask)
    return _quelea.find_true(mask, _CHUNK, _quelea.asarray(starts), int(starts[-1]))


def _places(mask: Any) -> Any:
    """Find where a mask is true, by the elements' numbers in C order."""
    if not isinstance(mask, ndarray):
        return numpy.flatnonzero(mask)
    flat = mask.reshape(-1)
    if not _is_large(mask):
        return _places_in(flat)
    step = _MASK_BETWEEN_NODES
    pieces = ((begin, flat[begin : begin + step].copy()) for begin in range(0, flat.size, step))
    return concatenate([_places_in(piece) + begin for begin, piece in pieces])


def flatnonzero(a: Any) -> ndarray:
    """Find where the elements are not zero, by their numbers in C order.

    Parameters
    ----------
    a : array_like
        The elements.

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> import quelea as np
    >>> np.flatnonzero(np.asarray([[0, 5], [7, 0]]))
    array([1, 2])
    """
    x = as_array(a)
    result: ndarray = _places(x if x.dtype.kind == "b" else x != 0)
    return result


def nonzero(a: Any) -> tuple[ndarray, ...]:
    """Find where the elements are not zero.

    Parameters
    ----------
    a : array_like
        The elements, of one axis at least.

    Returns
    -------
    tuple of ndarray
        For each axis the indices along it, in C order.

    Examples
    --------
    >>> import quelea as np
    >>> np.nonzero(np.asarray([[0, 5], [7, 0]]))
    (array([0, 1]), array([1, 0]))
    """
    x = as_array(a)
    if x.ndim == 0:
        raise ValueError(
            "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead."
        )
    places = flatnonzero(x)
    result: list[ndarray] = []
    for extent in x.shape[:0:-1]:
        result.append(_quelea.remainder(places, max(extent, 1)))
        places = _quelea.floor_divide(places, max(extent, 1))
    return (places, *reversed(result))


def argwhere(a: Any) -> ndarray:
    """Find where the elements are not zero, an element in each row.

    Parameters
    ----------
    a : array_like
        The elements.

    Returns
    -------
    ndarray of int64
        Of as many columns as `a` has axes.

    Examples
    --------
    >>> import quelea as np
    >>> np.argwhere(np.asarray([[0, 5], [7, 0]]))
    array([[0, 1],
           [1, 0]])
    """
    x = as_array(a)
    if x.ndim == 0:
        return _quelea.empty((int(bool(x)), 0), numpy.int64)
    return stack(nonzero(x), axis=-1)


def extract(condition: Any, arr: Any) -> ndarray:
    """Give the elements where a condition of the same size is true.

    Parameters
    ----------
    condition, arr : array_like
        Of the same size.

    Returns
    -------
    ndarray
        Of one axis.

    Examples
    --------
    >>> import quelea as np
    >>> np.extract([True, False, True], np.arange(3.0))
    array([0., 2.])
    """
    places = flatnonzero(as_array(condition).reshape(-1))
    return take(as_array(arr).reshape(-1), places)


def compress(
    condition: Any, a: Any, axis: int | None = None, out: ndarray | None = None
) -> ndarray:
    """Give the parts along an axis where a condition is true.

    Parameters
    ----------
    condition : array_like
        Of one axis; where it is short, the rest is left out.
    a : array_like
        The parts.
    axis : int, optional
        By default all elements in C order.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.compress([False, True], np.arange(6).reshape(3, 2), axis=0)
    array([[2, 3]])
    """
    chosen = as_array(condition)
    if chosen.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    return take(a, flatnonzero(chosen), axis, out)


# ---- take ----


def take(
    a: Any, indices: Any, axis: int | None = None, out: ndarray | None = None, mode: str = "raise"
) -> ndarray:
    """Take elements along an axis by their numbers.

    Parameters
    ----------
    a : array_like
        Where they are.
    indices : int or array_like of ints
        Their numbers; those below zero count from the end.
    axis : int, optional
        By default of all elements in C order.
    out : ndarray, optional
        Where the result goes.
    mode : {'raise', 'wrap', 'clip'}, default 'raise'
        What becomes of numbers beyond the ends: an IndexError, counted on from the other end, or the nearest end (where
        numbers below zero are 0).

    Returns
    -------
    ndarray

    Raises
    ------
    IndexError
        A number is out of bounds.

    Examples
    --------
    >>> import quelea as np
    >>> np.take(np.asarray([4, 3, 5, 7]), [0, 1, -1])
    array([4, 3, 7])
    """
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("output must be an array")
    x = as_array(a)
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = normalize_axis_index(axis, x.ndim)
    extent = x.shape[axis]
    index = _index_of_take(indices)
    if mode == "raise":
        _check(index, extent, axis)
    elif mode not in ("wrap", "clip"):
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    elif extent == 0 and index.size:
        raise IndexError("cannot do a non-empty take from an empty axes.")
    elif mode == "wrap":
        index = index % extent
    else:
        both = _quelea if isinstance(index, ndarray) else numpy
        index = both.minimum(both.maximum(index, 0), extent - 1)
    if index.ndim == 0:
        result = x[(slice(None),) * axis + (int(index),)]
        result = result if result.ndim == 0 else result.copy()
    else:
        result = _taken(x, [axis], axis, [index])
    return deliver(result, out)


def _index_of_take(indices: Any) -> Any:
    index: Any = indices if isinstance(indices, ndarray) else numpy.asarray(indices)
    listed = not isinstance(indices, (ndarray, numpy.ndarray, numpy.generic))
    if index.dtype.kind in "bu" or (listed and index.dtype.kind == "f"):
        index = index.astype(numpy.int64)
    if index.dtype.kind not in "i":
        raise TypeError(
            f"Cannot cast array data from {index.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    return index


def _method_compress(
    self: ndarray, condition: Any, axis: int | None = None, out: ndarray | None = None
) -> ndarray:
    """Give the parts along an axis where a condition is true; see `quelea.compress`."""
    return compress(condition, self, axis, out)
