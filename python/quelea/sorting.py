"""The order of elements: `sort`, `argsort` and their like, and where elements belong, `searchsorted` and `digitize`.

Sorting along an axis is a matter of C (runtime/run/sort.c), which sorts along the last one; here axes are moved there
and back. It is done at once. Whatever `kind` says equal elements keep their order, and -0.0 comes before 0.0, so that
the result has the same bits wherever it is computed.
"""

import operator
from collections.abc import Iterator
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .creation import empty_like
from .elementwise import as_array
from .indexing import _taken
from .manipulation import moveaxis

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "lexsort",
    "partition",
    "searchsorted",
    "sort",
    "sort_complex",
]

_LONG = 2**16  # elements of a line, from which on all workers of a node sort it together
_BROUGHT = 2**20  # elements of a sorted array, which each node is given


# ---- along an axis ----


def _is_one_by_one(lines: int, length: int) -> bool:
    """Whether lines are sorted one after another, each by all, since there are too few to be shared out."""
    about: dict[str, int] = _quelea.info()
    if lines * length <= about["replicated_size"]:
        return False
    if about["node_count"] > 1:
        return lines < about["node_count"]
    return lines < about["workers"] and length >= _LONG


def _lines(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    yield from numpy.ndindex(shape)


def _last(x: ndarray, values: bool, indices: bool) -> list[ndarray | None]:
    """Sort along the last axis: values and indices, as far as they are wanted."""
    length = x.shape[-1]
    lines = x.size // max(length, 1)
    if lines == 1 and x.ndim > 1:
        return [
            None if part is None else part.reshape(x.shape)
            for part in _quelea.sort(x.reshape(-1), values, indices)
        ]
    if x.ndim == 1 or not x.size or not _is_one_by_one(lines, length):
        return [*_quelea.sort(x, values, indices)]
    both = [
        _quelea.empty(x.shape, x.dtype) if values else None,
        _quelea.empty(x.shape, numpy.int64) if indices else None,
    ]
    for line in _lines(x.shape[:-1]):
        for made, part in zip(both, _quelea.sort(x[line], values, indices), strict=True):
            if made is not None:
                made[line] = part
    return both


def sorted_along(
    x: ndarray, axis: int, values: bool = True, indices: bool = False
) -> list[ndarray | None]:
    """Give an array sorted along an axis, and where its elements were; None for what is not wanted."""
    if axis == x.ndim - 1:
        return _last(x, values, indices)
    return [
        None if part is None else moveaxis(part, -1, axis)
        for part in _last(moveaxis(x, axis, -1), values, indices)
    ]


def _check(kind: Any, order: Any, stable: Any) -> None:
    """Raise what NumPy raises of these; each of them gives the same order here."""
    if kind is not None and not isinstance(kind, str):
        raise TypeError(f"sort kind must be str, not {type(kind).__name__}")
    if kind is not None and kind[:1] not in tuple("qQhHmMsS"):
        raise ValueError(f"sort kind must be one of 'quick', 'heap', or 'stable' (got {kind!r})")
    if kind is not None and stable is not None:
        raise ValueError(
            "`kind` and keyword parameters can't be provided at the same time. Use only one of them."
        )
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")


def _values(x: ndarray, axis: int) -> ndarray:
    made: Any = sorted_along(x, axis)[0]
    target = empty_like(x)
    if target.strides == made.strides:
        return made  # type: ignore[no-any-return]
    target[...] = made
    return target


def _indices(x: ndarray, axis: int) -> ndarray:
    made: Any = sorted_along(x, axis, False, True)[1]
    return made if axis == x.ndim - 1 else made.copy()  # type: ignore[no-any-return]


def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> ndarray:
    """Sort along an axis.

    Parameters
    ----------
    a : array_like
        The elements.
    axis : int or None, default -1
        None: all elements in C order.
    kind : {'quicksort', 'mergesort', 'heapsort', 'stable'}, optional
        Makes no difference: equal elements always keep their order.
    order : None
        Is for fields, which there are not.
    stable : bool, optional
        Makes no difference.

    Returns
    -------
    ndarray
        Of the same shape and dtype. NaN is last, and -0.0 before 0.0.

    Examples
    --------
    >>> import quelea as np
    >>> np.sort([[1, 4], [3, 1]])
    array([[1, 4],
           [1, 3]])
    >>> np.sort([[1, 4], [3, 1]], axis=None)
    array([1, 1, 3, 4])
    """
    x = as_array(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    place = operator.index(axis)
    _check(kind, order, stable)
    return _values(x, normalize_axis_index(place, x.ndim))


def argsort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> ndarray:
    """Find the order of elements along an axis, by their indices. The parameters are those of `sort`.

    Returns
    -------
    ndarray of int64
        Of the same shape. Equal elements are in the order of their indices.

    Examples
    --------
    >>> import quelea as np
    >>> np.argsort([3, 1, 2])
    array([1, 2, 0])
    """
    x = as_array(a)
    place = None if axis is None else operator.index(axis)
    _check(kind, order, stable)
    if place is None or (x.ndim == 0 and place in (0, -1)):
        x, place = x.reshape(-1), -1
    return _indices(x, normalize_axis_index(place, max(x.ndim, 1)))


def sort_complex(a: Any) -> ndarray:
    """Sort along the last axis, as complex numbers: by real parts, then imaginary parts.

    Parameters
    ----------
    a : array_like
        The elements.

    Returns
    -------
    ndarray of complex128, or complex64 of integers of up to 16 bits

    Examples
    --------
    >>> import quelea as np
    >>> np.sort_complex([5, 3, 6, 2, 1])
    array([1.+0.j, 2.+0.j, 3.+0.j, 5.+0.j, 6.+0.j])
    """
    made = sort(a)
    if made.dtype.kind == "c":
        return made
    return made.astype(numpy.complex64 if made.dtype.char in "bhBH" else numpy.complex128)


def lexsort(keys: Any, axis: int = -1) -> ndarray:
    """Find the order of elements by several keys, of which the last one counts most.

    Parameters
    ----------
    keys : sequence of array_like, or ndarray
        Of one shape; of an array its first axis counts the keys.
    axis : int, default -1
        Of each key.

    Returns
    -------
    ndarray of int64
        Elements that are equal in all keys are in the order of their indices.

    Examples
    --------
    >>> import quelea as np
    >>> np.lexsort(([9, 4, 0, 4], [1, 5, 1, 5]))
    array([2, 0, 1, 3])
    """
    try:
        arrays = [as_array(key) for key in keys]
    except TypeError:
        arrays = []
    if not arrays:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    if any(key.shape != arrays[0].shape for key in arrays):
        raise ValueError("all keys need to be the same shape")
    if arrays[0].ndim == 0:
        return _quelea.asarray(numpy.int64(0))
    axis = normalize_axis_index(operator.index(axis), arrays[0].ndim)
    arrays = [moveaxis(key, axis, -1) for key in arrays]
    shape = arrays[0].shape
    order = _indices(arrays[0], len(shape) - 1)
    for key in arrays[1:]:
        chosen = _indices(_along_last(key, order), len(shape) - 1)
        order = _along_last(order, chosen)
    return order if axis == len(shape) - 1 else moveaxis(order, -1, axis).copy()


def _along_last(x: ndarray, index: ndarray) -> ndarray:
    """Take elements along the last axis by indices of the same lines, which are within it."""
    if not index.size:
        return _quelea.empty(index.shape, x.dtype)
    if x.ndim > 1:
        length, lines = x.shape[-1], x.shape[:-1]
        start = _quelea.ramp((x.size // length,), 0, 0, length, "int64").reshape(*lines, 1)
        index = index + start
    return _taken(x.reshape(-1), [0], 0, [index])


# ---- partly ----


def _check_kth(kth: Any, extent: int) -> None:
    places = numpy.asarray(kth)
    if places.dtype.kind == "b":
        raise ValueError("Booleans unacceptable as partition index")
    if places.dtype.kind not in "iu":
        raise TypeError("Partition index must be integer")
    if places.ndim > 1:
        raise ValueError("object too deep for desired array")
    for place in places.reshape(-1):
        at = int(place) + (extent if place < 0 else 0)
        if extent and not 0 <= at < extent:
            raise ValueError(f"kth(={at}) out of bounds ({extent})")


def _check_select(kind: Any, order: Any) -> None:
    if not isinstance(kind, str):
        raise TypeError(f"select kind must be str, not {type(kind).__name__}")
    if kind != "introselect":
        raise ValueError(f"select kind must be 'introselect' (got {kind!r})")
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")


def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> ndarray:
    """Bring the elements that would have the given places in order there, smaller ones before them: here by sorting.

    Parameters
    ----------
    a : array_like
        The elements.
    kth : int or sequence of ints
        The places.
    axis : int or None, default -1
        None: all elements in C order.
    kind : {'introselect'}
    order : None

    Returns
    -------
    ndarray
        Sorted altogether.

    Examples
    --------
    >>> import quelea as np
    >>> np.partition([7, 1, 7, 7, 1, 5], 2)
    array([1, 1, 5, 7, 7, 7])
    """
    x = as_array(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    place = operator.index(axis)
    _check_select(kind, order)
    place = normalize_axis_index(place, x.ndim)
    _check_kth(kth, x.shape[place])
    return _values(x, place)


def argpartition(
    a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> ndarray:
    """Find the order in which `partition` gives the elements. The parameters are those of `partition`.

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> import quelea as np
    >>> np.argpartition([7, 1, 5], 1)
    array([1, 2, 0])
    """
    x = as_array(a)
    place = None if axis is None else operator.index(axis)
    _check_select(kind, order)
    if place is None or (x.ndim == 0 and place in (0, -1)):
        x, place = x.reshape(-1), -1
    place = normalize_axis_index(place, max(x.ndim, 1))
    _check_kth(kth, x.shape[place])
    return _indices(x, place)


# ---- methods ----


def _method_sort(
    self: ndarray, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> None:
    """Sort in place; see `quelea.sort`."""
    place = operator.index(axis)
    _check(kind, order, stable)
    axis = normalize_axis_index(place, self.ndim)
    self[...] = sorted_along(self, axis)[0]


def _method_argsort(
    self: ndarray, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> ndarray:
    """Find the order of elements; see `quelea.argsort`."""
    return argsort(self, axis, kind, order, stable=stable)


def _method_partition(
    self: ndarray, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None
) -> None:
    """Sort in place; see `quelea.partition`."""
    place = operator.index(axis)
    _check_select(kind, order)
    axis = normalize_axis_index(place, self.ndim)
    _check_kth(kth, self.shape[axis])
    self[...] = sorted_along(self, axis)[0]


def _method_argpartition(
    self: ndarray, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> ndarray:
    """Find the order of elements; see `quelea.argpartition`."""
    return argpartition(self, kth, axis, kind, order)


def _method_searchsorted(self: ndarray, v: Any, side: Any = "left", sorter: Any = None) -> ndarray:
    """Find where elements belong in a sorted array; see `quelea.searchsorted`."""
    return searchsorted(self, v, side, sorter)


# ---- where elements belong ----


def _is_before(x: ndarray, y: ndarray) -> ndarray:
    """Compare elements as they are sorted: NaN is behind all others."""
    if x.dtype.kind != "f":
        return _quelea.less(x, y)
    last = _quelea.logical_and(_quelea.isnan(y), _quelea.logical_not(_quelea.isnan(x)))
    return _quelea.logical_or(_quelea.less(x, y), last)


def _search_far(x: ndarray, wanted: ndarray, behind: bool) -> ndarray:
    """Search an array that no node should be given: first some of its elements, then between two of these."""
    if x.dtype.kind == "c":
        raise NotImplementedError(
            f"searching a complex array of more than {_BROUGHT} elements that lies on several nodes is not in Quelea "
            "yet; search its real parts"
        )
    step = -(-x.size // _BROUGHT)
    place = _quelea.search(x[::step].copy(), wanted, behind)
    high = _quelea.minimum(place * step, x.size)
    low = _quelea.where(place > 0, (place - 1) * step + 1, 0)
    for _ in range(step.bit_length()):
        middle = _quelea.floor_divide(low + high, 2)
        here = _taken(x, [0], 0, [_quelea.minimum(middle, x.size - 1)])
        beyond = (
            _quelea.logical_not(_is_before(wanted, here)) if behind else _is_before(here, wanted)
        )
        goes_on = low < high
        low, high = (
            _quelea.where(_quelea.logical_and(goes_on, beyond), middle + 1, low),
            _quelea.where(_quelea.logical_or(beyond, ~goes_on), high, middle),
        )
    return low


def search(x: ndarray, wanted: ndarray, behind: bool) -> ndarray:
    """Find where elements belong in a sorted array of one axis and of the same dtype."""
    flat = wanted.reshape(1) if wanted.ndim == 0 else wanted
    if x.size > _BROUGHT and _quelea.info()["node_count"] > 1:
        made = _search_far(x, flat, behind)
    else:
        made = _quelea.search(x, flat, behind)
    return made[0] if wanted.ndim == 0 else made


def _sorter(sorter: Any, size: int) -> ndarray:
    order = as_array(sorter)
    if order.dtype.kind not in "iu":
        raise TypeError("sorter must only contain integers")
    if order.ndim != 1:
        raise TypeError("could not parse sorter argument")
    if order.size != size:
        raise ValueError("sorter.size must equal a.size")
    if size and (int(_quelea.min(order)) < 0 or int(_quelea.max(order)) >= size):
        raise ValueError("Sorter index out of range.")
    return order.astype(numpy.int64, copy=False)


def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> ndarray:
    """Find where elements would be inserted into a sorted array.

    Parameters
    ----------
    a : array_like
        Of one axis, sorted; or `sorter` sorts it.
    v : array_like
        The elements.
    side : {'left', 'right'}, default 'left'
        Before the elements that are equal, or behind them.
    sorter : array_like of int, optional
        The order of `a`, as `argsort` gives it.

    Returns
    -------
    ndarray of int64
        Of the shape of `v`.

    Examples
    --------
    >>> import quelea as np
    >>> np.searchsorted([11, 12, 13, 14, 15], [-10, 13, 20])
    array([0, 2, 5])
    >>> np.searchsorted([1, 2, 2, 3], 2, side="right")
    np.int64(3)
    """
    if not isinstance(side, str):
        raise TypeError(f"search side must be str, not {type(side).__name__}")
    if side not in ("left", "right"):
        raise ValueError(f"search side must be 'left' or 'right' (got {side!r})")
    x, wanted = as_array(a), as_array(v)
    if x.ndim != 1:
        raise ValueError(
            f"object {'too deep' if x.ndim else 'of too small depth'} for desired array"
        )
    dtype = numpy.promote_types(x.dtype, wanted.dtype)
    if sorter is not None:
        order = _sorter(sorter, x.size)
        x = _taken(x, [0], 0, [order]) if x.size else x
    return search(x.astype(dtype, copy=False), wanted.astype(dtype, copy=False), side == "right")


def digitize(x: Any, bins: Any, right: Any = False) -> ndarray:
    """Find in which of some bins each element lies.

    Parameters
    ----------
    x : array_like
        The elements; no complex ones.
    bins : array_like
        Of one axis, ascending or descending, which is looked at.
    right : bool, default False
        Whether a bin has its right end, and not its left one.

    Returns
    -------
    ndarray of int64
        0: before all bins.

    Examples
    --------
    >>> import quelea as np
    >>> np.digitize([0.2, 6.4, 3.0, 1.6], [0.0, 1.0, 2.5, 4.0, 10.0])
    array([1, 4, 3, 2])
    """
    elements, ends = as_array(x), as_array(bins)
    if elements.dtype.kind == "c":
        raise TypeError("x may not be complex")
    direction = _direction(ends)
    if direction == 0:
        raise ValueError("bins must be monotonically increasing or decreasing")
    side = "left" if right else "right"
    if direction > 0:
        return searchsorted(ends, elements, side)
    return len(ends) - searchsorted(ends[::-1], elements, side)


def _direction(bins: ndarray) -> int:
    """Whether bins ascend, 1, or descend, -1, as the first two say that differ; all are equal: ascend. 0: neither."""
    if bins.ndim != 1:
        raise ValueError(
            f"object {'too deep' if bins.ndim else 'of too small depth'} for desired array"
        )
    if bins.dtype.kind == "c":
        raise TypeError(
            f"Cannot cast array data from {bins.dtype!r} to dtype('float64') according to the rule 'safe'"
        )
    differ = _quelea.not_equal(bins[1:], bins[:1])
    if not bool(_quelea.any(differ)):
        return 1
    ascend = bool(_quelea.less(bins[0], bins[int(_quelea.argmax(differ)) + 1]))
    is_against = _quelea.greater if ascend else _quelea.less
    if bool(_quelea.any(is_against(bins[:-1], bins[1:]))):
        return 0
    return 1 if ascend else -1
