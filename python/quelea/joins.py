"""Arrays joined, as copies, and split, as views."""

import operator
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import join as _join
from ._quelea import ndarray
from .elementwise import OUTPUTS, as_array, check_rules
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


def _sequence(arrays: Any) -> Any:
    if not hasattr(arrays, "__getitem__"):
        raise TypeError(
            'arrays to stack must be passed as a "sequence" type such as list or tuple.'
        )
    return arrays


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
    plain = out is None and dtype is None and casting == "same_kind"
    if plain and (joined := _join(arrays, axis, False)) is not None:
        return joined
    _refuse_both(out, dtype)
    if not isinstance(arrays, ndarray) and not hasattr(arrays, "__getitem__"):
        raise TypeError("The first input argument needs to be a sequence")
    axis = axis if axis is None else operator.index(axis)
    if not plain:
        check_rules(dtype, casting, None)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("'out' must be a quelea.ndarray")
    if axis is None:
        arrays, axis = _flattened(arrays), 0
    parts = [a if isinstance(a, ndarray) else _asarray(a) for a in arrays]
    if not parts:
        raise ValueError("need at least one array to concatenate")
    if plain and (joined := _join(parts, axis, False)) is not None:
        return joined
    shape = parts[0].shape
    if not shape:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    axis = normalize_axis_index(axis, len(shape))
    for i, part in enumerate(parts):
        if (extents := part.shape) != shape:
            _check_join(shape, extents, i, axis)
    keys = _along(parts, axis)
    end = keys[-1][axis].stop
    return _joined(
        (*shape[:axis], end, *shape[axis + 1 :]), axis, False, keys, parts, out, dtype, casting
    )


def _refuse_both(out: Any, dtype: Any) -> None:
    if out is not None and dtype is not None:
        raise TypeError(
            "concatenate() only takes `out` or `dtype` as an argument, but both were provided."
        )


def _flattened(arrays: Sequence[Any]) -> list[ndarray]:
    """Flatten what is joined along no axis; Python's numbers take the dtype of the others."""
    if not any(type(a) in _NUMBERS for a in arrays):
        return [(a if isinstance(a, ndarray) else _asarray(a)).ravel() for a in arrays]
    items = [a if type(a) in _NUMBERS else as_array(a).ravel() for a in arrays]
    if all(type(a) in _NUMBERS for a in items):
        return [_asarray(a).ravel() for a in items]
    target = numpy.result_type(*(a.dtype if isinstance(a, ndarray) else a for a in items))
    return [a if isinstance(a, ndarray) else _asarray([a]).astype(target) for a in items]


_NUMBERS = (int, float, complex)


def _check_join(first: tuple[int, ...], extents: tuple[int, ...], index: int, axis: int) -> None:
    if len(extents) != len(first):
        raise ValueError(
            "all the input array dimensions except for the concatenation axis must match exactly, but along dimension 0"
            if not extents
            else "all the input arrays must have same number of dimensions, but the array at index 0 has "
            f"{len(first)} dimension(s) and the array at index {index} has {len(extents)} dimension(s)"
        )
    for i, (a, b) in enumerate(zip(first, extents, strict=True)):
        if i != axis and a != b:
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly, but along "
                f"dimension {i}, the array at index 0 has size {a} and the array at index {index} has size {b}"
            )


def _common_dtype(
    shape: tuple[int, ...], parts: Sequence[ndarray], out: ndarray | None, dtype: Any, casting: str
) -> Any:
    """Find the dtype in which arrays are joined, and refuse what cannot be cast to it."""
    if out is not None:
        if not isinstance(out, OUTPUTS):
            raise TypeError("'out' must be a quelea.ndarray")
        _refuse_both(out, dtype)
        if out.shape != shape:
            raise ValueError("Output array is the wrong shape")
        target = out.dtype
    elif dtype is not None:
        target = numpy.dtype(dtype)
    else:
        target = numpy.result_type(*(p.dtype for p in parts))
    for part in parts:
        if not numpy.can_cast(part.dtype, target, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"Cannot cast array data from {part.dtype!r} to {target!r} according to the rule '{casting}'"
            )
    return target


def _joined(
    shape: tuple[int, ...],
    axis: int,
    is_new: bool,
    keys: Sequence[Any],
    parts: list[ndarray],
    out: ndarray | None,
    dtype: Any,
    casting: str,
) -> ndarray:
    """Assign arrays to where they belong in a new array, or in `out`."""
    target = parts[0].dtype
    plain = out is None and dtype is None and casting == "same_kind"
    if not plain or [p.dtype for p in parts].count(target) < len(parts):
        target = _common_dtype(shape, parts, out, dtype, casting)
    if out is None:
        return _place(_quelea.empty_join(parts, axis, is_new, shape, target), keys, parts)
    for key, part in zip(keys, parts, strict=True):
        out[key] = part
    return out


def _place(result: ndarray, keys: Sequence[Any], parts: Sequence[Any]) -> ndarray:
    """Assign parts of a new array, as one step of the expression that it belongs to."""
    goes_on = _quelea.goes_on
    goes_on()
    for key, part in zip(keys, parts, strict=True):
        result[key] = part
        goes_on()
    return result


def _along(parts: Sequence[ndarray], axis: int) -> list[tuple[Any, ...]]:
    """Where each of the parts goes that lie behind one another along an axis."""
    keys, end = [], 0
    every = (slice(None),) * axis
    for part in parts:
        begin, end = end, end + part.shape[axis]
        keys.append((*every, slice(begin, end)))
    return keys


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
    plain = out is None and dtype is None and casting == "same_kind"
    if plain and (joined := _join(arrays, axis, True)) is not None:
        return joined
    parts = [a if isinstance(a, ndarray) else _asarray(a) for a in _sequence(arrays)]
    if not parts:
        raise ValueError("need at least one array to stack")
    shape = parts[0].shape
    if [p.shape for p in parts].count(shape) < len(parts):
        raise ValueError("all input arrays must have the same shape")
    axis = normalize_axis_index(axis, len(shape) + 1)
    if not plain:
        check_rules(dtype, casting, None)
    every = (slice(None),) * axis
    keys = [(*every, i) for i in range(len(parts))]
    return _joined(
        (*shape[:axis], len(parts), *shape[axis:]), axis, True, keys, parts, out, dtype, casting
    )


def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> ndarray:
    """Join arrays along axis 0, vectors as rows.

    Returns
    -------
    ndarray
    """
    return concatenate([atleast_2d(a) for a in _sequence(tup)], 0, dtype=dtype, casting=casting)


def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> ndarray:
    """Join arrays along axis 1, vectors along axis 0.

    Returns
    -------
    ndarray
    """
    parts = [atleast_1d(a) for a in _sequence(tup)]
    return concatenate(
        parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype, casting=casting
    )


def dstack(tup: Sequence[Any]) -> ndarray:
    """Join arrays along axis 2.

    Returns
    -------
    ndarray
    """
    return concatenate([atleast_3d(a) for a in _sequence(tup)], 2)


def column_stack(tup: Sequence[Any]) -> ndarray:
    """Join arrays along axis 1, vectors as columns.

    Returns
    -------
    ndarray
    """
    return concatenate(
        [x if (x := as_array(a)).ndim >= 2 else x.reshape(x.size, 1) for a in _sequence(tup)], 1
    )


def append(arr: Any, values: Any, axis: int | None = None) -> ndarray:
    """Give a copy with values added at the end of an axis, or of the flattened array.

    Returns
    -------
    ndarray
    """
    if axis is None:
        return concatenate((as_array(arr).ravel(), as_array(values).ravel()))
    return concatenate((arr, values), axis)


def _stack_nested(items: Sequence[Any]) -> ndarray:
    """Make an array of a nested list that holds Quelea arrays."""
    parts = []
    for i in items:
        if isinstance(i, ndarray):
            parts.append(i)
        else:
            parts.append(_stack_nested(i) if isinstance(i, (list, tuple)) and i else _asarray(i))
    joined = stack(parts)
    return joined.astype(joined.dtype, order="C", copy=False)


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
    extent = ary.shape[axis] if hasattr(ary, "shape") else len(ary)  # as NumPy asks for it
    x = as_array(ary)
    axis = normalize_axis_index(axis, x.ndim)
    if isinstance(indices_or_sections, Sequence) or numpy.ndim(indices_or_sections) > 0:
        cuts = [0, *indices_or_sections, extent]  # type: ignore[misc]
    else:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, extra = divmod(extent, sections)
        cuts = [0, *accumulate(extra * [each + 1] + (sections - extra) * [each])]
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
    is_number = (
        not isinstance(indices_or_sections, Sequence) and numpy.ndim(indices_or_sections) == 0
    )
    if (
        is_number and ary.shape[axis] % indices_or_sections
    ):  # only arrays have a shape, in NumPy too
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def vsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 0.

    Returns
    -------
    list of ndarray
    """
    if as_array(ary).ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(ary, indices_or_sections, 0)


def hsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 1, a vector along axis 0.

    Returns
    -------
    list of ndarray
    """
    if as_array(ary).ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


def dsplit(ary: Any, indices_or_sections: int | Sequence[int]) -> list[ndarray]:
    """Split along axis 2.

    Returns
    -------
    list of ndarray
    """
    if as_array(ary).ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[ndarray, ...]:
    """Give the views along an axis, which they no longer have.

    Returns
    -------
    tuple of ndarray
    """
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    return tuple(moveaxis(x, axis, 0))
