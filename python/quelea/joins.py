"""Arrays joined, as copies, and split, as views."""

import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .elementwise import as_array
from .manipulation import atleast_1d, atleast_2d, atleast_3d, moveaxis

__all__ = [
    "append",
    "array_split",
    "column_stack",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]

# ---- joins: copies ----


def concatenate(
    arrays: Sequence[Any],
    /,
    axis: int | None = 0,
    out: ndarray | None = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> ndarray:
    """Join arrays along an axis they have.

    Parameters
    ----------
    arrays : sequence of array_like
        Equal in shape but for that axis.
    axis : int or None, default 0
        None: the arrays are flattened first.
    out : ndarray, optional
    dtype : dtype, optional

    Returns
    -------
    ndarray
    """
    parts = [as_array(a) for a in arrays]
    if not parts:
        raise ValueError("need at least one array to concatenate")
    if axis is None:
        parts, axis = [p.ravel() for p in parts], 0
    first = parts[0]
    if first.ndim == 0:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    axis = normalize_axis_index(axis, first.ndim)
    for i, part in enumerate(parts[1:], 1):
        _check_join(first, part, i, axis)
    total = (*first.shape[:axis], sum(p.shape[axis] for p in parts), *first.shape[axis + 1 :])
    if out is not None and dtype is not None:
        raise TypeError(
            "concatenate() only takes `out` or `dtype` as an argument, but both were provided."
        )
    common = (
        numpy.dtype(dtype) if dtype is not None else numpy.result_type(*(p.dtype for p in parts))
    )
    if out is not None and out.shape != total:
        raise ValueError("Output array is the wrong shape")
    target = common if out is None else out.dtype
    for part in parts:
        if not numpy.can_cast(part.dtype, target, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"Cannot cast array data from {part.dtype!r} to {target!r} according to the rule '{casting}'"
            )
    if out is None:
        return _place(_quelea.empty(total, common), _along(parts, axis))
    for key, part in _along(parts, axis):
        out[key] = part
    return out


def _check_join(first: ndarray, part: ndarray, index: int, axis: int) -> None:
    if part.ndim != first.ndim:
        raise ValueError(
            "all the input array dimensions except for the concatenation axis must match exactly, but along dimension 0"
            if part.ndim == 0
            else "all the input arrays must have same number of dimensions, but the array at index 0 has "
            f"{first.ndim} dimension(s) and the array at index {index} has {part.ndim} dimension(s)"
        )
    for i, (a, b) in enumerate(zip(first.shape, part.shape, strict=True)):
        if i != axis and a != b:
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly, but along "
                f"dimension {i}, the array at index 0 has size {a} and the array at index {index} has size {b}"
            )


def _place(result: ndarray, parts: Iterable[tuple[Any, Any]]) -> ndarray:
    """Assign parts of a new array, as one step of the expression that it belongs to."""
    _quelea.goes_on()
    for key, value in parts:
        result[key] = value
        _quelea.goes_on()
    return result


def _along(parts: Sequence[ndarray], axis: int) -> Iterable[tuple[Any, ndarray]]:
    """Where each of the parts goes that lie behind one another along an axis."""
    at = 0
    for part in parts:
        end = at + part.shape[axis]
        yield (slice(None),) * axis + (slice(at, end),), part
        at = end


def stack(
    arrays: Sequence[Any],
    axis: int = 0,
    out: ndarray | None = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> ndarray:
    """Join arrays of one shape along a new axis.

    Parameters
    ----------
    arrays : sequence of array_like
    axis : int, default 0
        The new axis in the result.
    out : ndarray, optional
    dtype : dtype, optional
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}

    Returns
    -------
    ndarray
    """
    parts = [as_array(a) for a in arrays]
    if not parts:
        raise ValueError("need at least one array to stack")
    if any(p.shape != parts[0].shape for p in parts):
        raise ValueError("all input arrays must have the same shape")
    axis = normalize_axis_index(axis, parts[0].ndim + 1)
    return concatenate(
        [_quelea.expand_dims(p, axis) for p in parts], axis, out, dtype=dtype, casting=casting
    )


def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> ndarray:
    """Join arrays along axis 0, vectors as rows.

    Returns
    -------
    ndarray
    """
    return concatenate([atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)


def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> ndarray:
    """Join arrays along axis 1, vectors along axis 0.

    Returns
    -------
    ndarray
    """
    parts = [atleast_1d(a) for a in tup]
    return concatenate(
        parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype, casting=casting
    )


def dstack(tup: Sequence[Any]) -> ndarray:
    """Join arrays along axis 2.

    Returns
    -------
    ndarray
    """
    return concatenate([atleast_3d(a) for a in tup], 2)


def column_stack(tup: Sequence[Any]) -> ndarray:
    """Join arrays along axis 1, vectors as columns.

    Returns
    -------
    ndarray
    """
    return concatenate(
        [x if (x := as_array(a)).ndim >= 2 else x.reshape(x.size, 1) for a in tup], 1
    )


def append(arr: Any, values: Any, axis: int | None = None) -> ndarray:
    """Give a copy with values added at the end of an axis, or of the flattened array.

    Returns
    -------
    ndarray
    """
    return concatenate((arr, values), axis)


def _stack_nested(items: Sequence[Any]) -> ndarray:
    """Make an array of a nested list that holds Quelea arrays."""
    return stack(
        [_stack_nested(i) if isinstance(i, (list, tuple)) and i else _asarray(i) for i in items]
    )


# ---- splits: views ----


def array_split(ary: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[ndarray]:
    """Split along an axis into views, which need not be equal.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or where the parts after the first begin.
    axis : int, default 0

    Returns
    -------
    list of ndarray
    """
    x = as_array(ary)
    axis = normalize_axis_index(axis, x.ndim)
    extent = x.shape[axis]
    if isinstance(indices_or_sections, Sequence) or numpy.ndim(indices_or_sections) > 0:
        cuts = [0, *indices_or_sections, extent]  # type: ignore[misc]
    else:
        sections = operator.index(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, extra = divmod(extent, sections)
        cuts = [0]
        for i in range(sections):
            cuts.append(cuts[-1] + each + (i < extra))
    before = (slice(None),) * axis
    return [x[(*before, slice(a, b))] for a, b in pairwise(cuts)]


def split(ary: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[ndarray]:
    """Split along an axis into equal views, or at indices.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of parts, or where the parts after the first begin.
    axis : int, default 0

    Returns
    -------
    list of ndarray

    Raises
    ------
    ValueError
        So many parts cannot be equal.
    """
    x = as_array(ary)
    is_number = (
        not isinstance(indices_or_sections, Sequence) and numpy.ndim(indices_or_sections) == 0
    )
    if is_number and x.shape[axis] % indices_or_sections:  # type: ignore[operator]
        raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


def vsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 0.

    Returns
    -------
    list of ndarray
    """
    x = as_array(ary)
    if x.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(x, indices_or_sections, 0)


def hsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 1, a vector along axis 0.

    Returns
    -------
    list of ndarray
    """
    x = as_array(ary)
    if x.ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


def dsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 2.

    Returns
    -------
    list of ndarray
    """
    x = as_array(ary)
    if x.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(x, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[ndarray, ...]:
    """Give the views along an axis, which they no longer have.

    Returns
    -------
    tuple of ndarray
    """
    a = as_array(x)
    if a.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    moved = moveaxis(a, axis, 0)
    return tuple(moved[i, ...] for i in range(moved.shape[0]))
