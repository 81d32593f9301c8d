"""Different elements, and sets: `unique`, `isin` and their like, over sorted arrays.

How many elements are different is a look at values, like where a mask is true.
"""

import operator
from typing import Any, NamedTuple

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .elementwise import as_array
from .indexing import _is_large, _taken, flatnonzero
from .joins import concatenate
from .manipulation import moveaxis
from .putting import put_numbers
from .sorting import argsort, search, sorted_along

__all__ = [
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def _places(mask: ndarray) -> ndarray:
    """Find where a mask of one axis is true, also where no node should be given all of it: there by sorting."""
    if not _is_large(mask):
        return flatnonzero(mask)
    count = int(_quelea.count_nonzero(mask))
    numbers = _quelea.where(mask, _quelea.ramp(mask.shape, 0, 0, 1, "int64"), mask.size)
    places: Any = sorted_along(numbers, 0)[0]
    return places[:count].copy()  # type: ignore[no-any-return]


def _chosen(x: ndarray, mask: ndarray) -> ndarray:
    return _taken(x, [0], 0, [_places(mask)]) if _is_large(mask) else x[mask]


def _is_nan(x: ndarray) -> ndarray:
    return _quelea.isnan(x)


def _begins(x: ndarray, equal_nan: bool) -> ndarray:
    """Mark the elements of a sorted array that differ from the one before."""
    before, here = x[:-1], x[1:]
    differs = _quelea.not_equal(here, before)
    if equal_nan and x.dtype.kind in "fc":
        both = _quelea.logical_and(_quelea.isnan(before), _quelea.isnan(here))
        differs = _quelea.logical_and(differs, _quelea.logical_not(both))
    begins = _quelea.empty(x.shape, bool)
    begins[:1] = True
    begins[1:] = differs
    return begins


def _inverse(x: ndarray, different: ndarray, order: ndarray, equal_nan: bool) -> ndarray:
    """Find each element among the different ones."""
    made = search(different, x, False)
    if equal_nan and x.dtype.kind == "c":  # NaN in either part is the last one
        made = _quelea.minimum(made, different.size - 1)
    if equal_nan or x.dtype.kind not in "fc":
        return made
    count = int(_quelea.count_nonzero(_is_nan(x)))
    if count:  # each NaN is one by itself, in the order of their indices
        apart = different.size - x.size
        made = _quelea.where(_is_nan(x), argsort(order) + apart, made)
    return made


def _unique(x: ndarray, index: bool, inverse: bool, counts: bool, equal_nan: bool) -> list[Any]:
    """Give the different elements of an array of one axis, and what else is wanted."""
    if not x.size:
        none = [
            _quelea.empty((0,), numpy.int64) if wanted else None
            for wanted in (index, inverse, counts)
        ]
        return [x.copy(), *none]
    made: Any = sorted_along(x, 0, True, index or inverse)
    in_order, order = made
    begins = _begins(in_order, equal_nan)
    if not (index or counts):
        different = _chosen(in_order, begins)
        return [
            different,
            None,
            _inverse(x, different, order, equal_nan) if inverse else None,
            None,
        ]
    at = _places(begins)
    different = _taken(in_order, [0], 0, [at])
    first = _taken(order, [0], 0, [at]) if index else None
    places = _inverse(x, different, order, equal_nan) if inverse else None
    many = None
    if counts:
        ends = concatenate([at, _quelea.asarray(numpy.array([x.size]))])
        many = ends[1:] - ends[:-1]
    return [different, first, places, many]


def _parts(x: ndarray, axis: Any) -> ndarray:
    """Give an array whose first axis counts the parts."""
    if not isinstance(axis, (tuple, list)):
        axis = normalize_axis_index(axis, x.ndim)
    return moveaxis(x, axis, 0)


def _unique_parts(x: ndarray, index: bool, inverse: bool, counts: bool) -> list[Any]:
    """Give the different parts, which the first axis counts, and what else is wanted."""
    count, size = x.shape[0], int(numpy.prod(x.shape[1:], dtype=int))
    if not count:
        none = [
            _quelea.empty((0,), numpy.int64) if wanted else None
            for wanted in (index, inverse, counts)
        ]
        return [x.copy(), *none]
    rows = x.reshape(count, size)
    order = _order_of_rows(rows)
    in_order = _taken(rows, [0], 0, [order])
    differs = _quelea.any(_quelea.not_equal(in_order[1:], in_order[:-1]), axis=1)
    first = _quelea.asarray(numpy.zeros(1, numpy.int64))
    begins = concatenate([first, _places(differs) + 1])
    places = _taken(order, [0], 0, [begins])
    made: list[Any] = [_taken(rows, [0], 0, [places]).reshape(places.size, *x.shape[1:])]
    made += [places if index else None, None, None]
    if inverse:
        made[2] = _quelea.empty((count,), numpy.int64)
        numbers = _quelea.add.accumulate(differs.astype(numpy.int64))
        put_numbers(made[2], order, concatenate([first, numbers]))
    if counts:
        ends = concatenate([begins, _quelea.asarray(numpy.array([count]))])
        made[3] = ends[1:] - ends[:-1]
    return made


def _order_of_rows(rows: ndarray) -> ndarray:
    """Sort by the first column, then by the second ...: by the last one first, in stable sorts."""
    order: Any = None
    for column in range(rows.shape[1] - 1, -1, -1):
        line = rows[:, column]
        step = argsort(line if order is None else _taken(line, [0], 0, [order]), kind="stable")
        order = step if order is None else _taken(order, [0], 0, [step])
    if order is None:
        return _quelea.ramp((rows.shape[0],), 0, 0, 1, "int64")
    return order  # type: ignore[no-any-return]


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Find the different elements.

    Parameters
    ----------
    ar : array_like
        The elements.
    return_index : bool, default False
        Whether to give where each is first, by its number in C order.
    return_inverse : bool, default False
        Whether to give which of them each element is.
    return_counts : bool, default False
        Whether to give how often each is there.
    axis : int, optional
        Along which parts are compared as wholes, of which each element costs a sort; None: the elements themselves.
    equal_nan : bool, default True
        Whether NaN is one element; parts with NaN are all different.
    sorted : bool, default True
        They are sorted anyway.

    Returns
    -------
    ndarray, or tuple of it and of what else is wanted
        The inverse has the shape of `ar`.

    Examples
    --------
    >>> import quelea as np
    >>> np.unique([1, 1, 2, 2, 3, 3])
    array([1, 2, 3])
    >>> np.unique([3, 1, 3], return_index=True, return_counts=True)
    (array([1, 3]), array([1, 0]), array([1, 2]))
    """
    x = as_array(ar)
    if axis is not None and _parts(x, axis).ndim > 1:
        axis = operator.index(axis)
        made = _unique_parts(
            _parts(x, axis), bool(return_index), bool(return_inverse), bool(return_counts)
        )
        made[0] = moveaxis(made[0], 0, axis)
        wanted = [part for part in made if part is not None]
        return wanted[0] if len(wanted) == 1 else tuple(wanted)
    flat = x.reshape(-1)
    made = _unique(
        flat, bool(return_index), bool(return_inverse), bool(return_counts), bool(equal_nan)
    )
    if return_inverse:
        made[2] = made[2].reshape(x.shape)
    wanted = [part for part in made if part is not None]
    return wanted[0] if len(wanted) == 1 else tuple(wanted)


class UniqueAllResult(NamedTuple):
    """What `unique_all` gives."""

    values: ndarray
    indices: ndarray
    inverse_indices: ndarray
    counts: ndarray


class UniqueCountsResult(NamedTuple):
    """What `unique_counts` gives."""

    values: ndarray
    counts: ndarray


class UniqueInverseResult(NamedTuple):
    """What `unique_inverse` gives."""

    values: ndarray
    inverse_indices: ndarray


def unique_all(x: Any) -> UniqueAllResult:
    """Find the different elements, where each is first, which of them each element is, and how often each is there.

    Parameters
    ----------
    x : array_like
        The elements. Each NaN is one by itself.

    Returns
    -------
    UniqueAllResult
        A tuple of `values`, `indices`, `inverse_indices` and `counts`.

    Examples
    --------
    >>> import quelea as np
    >>> np.unique_all([3, 1, 3]).counts
    array([1, 2])
    """
    return UniqueAllResult(*unique(x, True, True, True, equal_nan=False))


def unique_counts(x: Any) -> UniqueCountsResult:
    """Find the different elements, and how often each is there. The parameter is that of `unique_all`.

    Returns
    -------
    UniqueCountsResult
        A tuple of `values` and `counts`.

    Examples
    --------
    >>> import quelea as np
    >>> np.unique_counts([3, 1, 3]).values
    array([1, 3])
    """
    return UniqueCountsResult(*unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x: Any) -> UniqueInverseResult:
    """Find the different elements, and which of them each element is. The parameter is that of `unique_all`.

    Returns
    -------
    UniqueInverseResult
        A tuple of `values` and `inverse_indices`.

    Examples
    --------
    >>> import quelea as np
    >>> np.unique_inverse([3, 1, 3]).inverse_indices
    array([1, 0, 1])
    """
    return UniqueInverseResult(*unique(x, return_inverse=True, equal_nan=False))


def unique_values(x: Any) -> ndarray:
    """Find the different elements, sorted. The parameter is that of `unique_all`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.unique_values([3, 1, 3])
    array([1, 3])
    """
    result: ndarray = unique(x, equal_nan=False)
    return result


# ---- sets ----


def _flat(x: Any) -> ndarray:
    return as_array(x).reshape(-1)


def _of_one_dtype(*arrays: ndarray) -> list[ndarray]:
    dtype = numpy.result_type(*(a.dtype for a in arrays))
    return [a.astype(dtype, copy=False) for a in arrays]


def _in_order(x: ndarray) -> ndarray:
    made: Any = sorted_along(x, 0)[0]
    return made  # type: ignore[no-any-return]


def _found(x: ndarray, in_order: ndarray) -> ndarray:
    """Compare elements with those of a sorted array of the same dtype."""
    if not in_order.size or not x.size:
        return _quelea.full(x.shape, False, bool)
    place = _quelea.minimum(search(in_order, x, False), in_order.size - 1)
    return _quelea.equal(_taken(in_order, [0], 0, [place]), x)


def _is_among(x: ndarray, those: ndarray) -> ndarray:
    """Compare elements with those of a set; integers as integers, also where one dtype alone has a sign."""
    dtype = numpy.result_type(x.dtype, those.dtype)
    is_exact = dtype.kind != "f" or "f" in (x.dtype.kind, those.dtype.kind)
    if not is_exact:
        dtype = numpy.dtype(numpy.uint64)
    found = _found(x.astype(dtype, copy=False), _in_order(those.astype(dtype, copy=False)))
    if is_exact:
        return found
    # below zero they have become numbers that the other dtype may have, but not together with these
    can_be = x >= 0 if x.dtype.kind == "i" else x <= numpy.iinfo(numpy.int64).max
    return _quelea.logical_and(found, can_be)


def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> ndarray:
    """Compare each element with those of a set.

    Parameters
    ----------
    element : array_like
        The elements.
    test_elements : array_like
        The set.
    assume_unique : bool, default False
        Makes no difference.
    invert : bool, default False
        Whether those that are not in the set are true.
    kind : {None, 'sort', 'table'}
        Makes no difference; a table is for integers and bools.

    Returns
    -------
    ndarray of bool
        Of the shape of `element`.

    Examples
    --------
    >>> import quelea as np
    >>> np.isin([[0, 2], [4, 6]], [1, 2, 4, 8])
    array([[False,  True],
           [ True, False]])
    """
    x, those = as_array(element), _flat(test_elements)
    if kind not in (None, "sort", "table"):
        raise ValueError(f"Invalid kind: '{kind}'. Please use None, 'sort' or 'table'.")
    if kind == "table" and not (x.dtype.kind in "iub" and those.dtype.kind in "iub"):
        raise ValueError(
            "The 'table' method is only supported for boolean or integer arrays. "
            "Please select 'sort' or None for kind."
        )
    found = _is_among(x.reshape(-1), those)
    return (_quelea.logical_not(found) if invert else found).reshape(x.shape)


def union1d(ar1: Any, ar2: Any) -> ndarray:
    """Find the different elements of two arrays together.

    Parameters
    ----------
    ar1, ar2 : array_like
        The elements.

    Returns
    -------
    ndarray
        Sorted.

    Examples
    --------
    >>> import quelea as np
    >>> np.union1d([-1, 0, 1], [-2, 0, 2])
    array([-2, -1,  0,  1,  2])
    """
    result: ndarray = unique(concatenate([as_array(ar1), as_array(ar2)], axis=None))
    return result


def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """Find the elements that are in both of two arrays.

    Parameters
    ----------
    ar1, ar2 : array_like
        The elements.
    assume_unique : bool, default False
        Whether those of each array are different, which is not checked.
    return_indices : bool, default False
        Whether to give where they are first in each, by their numbers in C order.

    Returns
    -------
    ndarray, or tuple of it and two arrays of int64
        Sorted.

    Examples
    --------
    >>> import quelea as np
    >>> np.intersect1d([1, 3, 4, 3], [3, 1, 2, 1])
    array([1, 3])
    """
    both: list[Any] = []
    for x in (_flat(ar1), _flat(ar2)):
        wanted = bool(return_indices)
        both.append(
            sorted_along(x, 0, True, wanted)
            if assume_unique
            else _unique(x, wanted, False, False, True)[:2]
        )
    (first, first_index), (second, second_index) = both
    first, second = _of_one_dtype(first, second)
    at = _places(_found(first, second))
    result = _taken(first, [0], 0, [at])
    if not return_indices:
        return result
    there = search(second, result, False)
    return result, _taken(first_index, [0], 0, [at]), _taken(second_index, [0], 0, [there])


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> ndarray:
    """Find the elements of one array that are not in another one.

    Parameters
    ----------
    ar1, ar2 : array_like
        The elements.
    assume_unique : bool, default False
        Whether those of each array are different; the result is in the order of `ar1` then.

    Returns
    -------
    ndarray
        Sorted.

    Examples
    --------
    >>> import quelea as np
    >>> np.setdiff1d([1, 2, 3, 2, 4, 1], [3, 4, 5, 6])
    array([1, 2])
    """
    x: ndarray = _flat(ar1) if assume_unique else unique(ar1)
    return _chosen(x, isin(x, ar2, invert=True))


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> ndarray:
    """Find the elements that are in one of two arrays and not in the other.

    Parameters
    ----------
    ar1, ar2 : array_like
        The elements.
    assume_unique : bool, default False
        Whether those of each array are different, which is not checked.

    Returns
    -------
    ndarray
        Sorted.

    Examples
    --------
    >>> import quelea as np
    >>> np.setxor1d([1, 2, 3, 2, 4], [2, 3, 5, 7, 5])
    array([1, 4, 5, 7])
    """
    parts = [_flat(x) if assume_unique else unique(x) for x in (ar1, ar2)]
    x = _in_order(concatenate(parts))
    if x.size < 2:
        return x
    differs = _quelea.not_equal(x[1:], x[:-1])
    edge = _quelea.full((1,), True, bool)
    lone = _quelea.logical_and(concatenate([edge, differs]), concatenate([differs, edge]))
    return _chosen(x, lone)
