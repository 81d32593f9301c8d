"""Elements in other places: rolled, repeated, subtracted from their neighbours. Copies."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import array, empty_like
from .dispatch import as_numpy
from .elementwise import as_array
from .indexing import take
from .joins import _along, _place, concatenate
from .manipulation import Axes

__all__ = [
    "diff",
    "repeat",
    "roll",
    "tile",
]

# ---- rearranging: copies ----


def roll(a: Any, shift: int | Sequence[int], axis: Axes = None) -> ndarray:
    """Give a copy with the elements moved along axes; what leaves one end comes back at the other.

    Parameters
    ----------
    a : array_like
    shift : int or sequence of int
    axis : int or sequence of int, optional
        None: along the flattened array.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    if axis is None:
        return roll(x.ravel(), shift, 0).reshape(x.shape)
    axes = normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    pairs = numpy.broadcast(shift, axes)
    if pairs.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    shifts = dict.fromkeys(range(x.ndim), 0)
    for by, i in pairs:
        shifts[int(i)] += int(by)
    result = x
    for i, by in shifts.items():
        by = by % x.shape[i] if x.shape[i] else 0
        if by:
            before = (slice(None),) * i
            parts = [result[(*before, slice(-by, None))], result[(*before, slice(None, -by))]]
            result = _place(empty_like(x), _along(parts, i), parts)
    return result.copy("K") if result is x else result


def tile(A: Any, reps: int | Sequence[int]) -> ndarray:
    """Give the array repeated along each axis, as a copy.

    Parameters
    ----------
    A : array_like
    reps : int or sequence of int
        For the last axes; leading axes are added to whichever has fewer.

    Returns
    -------
    ndarray
    """
    x = as_array(A)
    times = tuple(
        operator.index(r)
        for r in numpy.atleast_1d(numpy.asarray(reps, None if numpy.size(reps) else int))
    )
    if isinstance(A, (ndarray, numpy.ndarray)) and all(t == 1 for t in times):
        return array(A, ndmin=len(times))
    times = (1,) * (x.ndim - len(times)) + times
    x = x.reshape((1,) * (len(times) - x.ndim) + x.shape)
    interleaved = x.reshape([n for extent in x.shape for n in (1, extent)])
    wide = _quelea.broadcast_to(
        interleaved, [n for r, extent in zip(times, x.shape, strict=True) for n in (r, extent)]
    )
    return wide.copy().reshape([r * extent for r, extent in zip(times, x.shape, strict=True)])


_MOST_COUNTS = 2**20  # of an array of ours, which every rank looks at


def _repeat_each(x: ndarray, repeats: Any, axis: int | None) -> ndarray:
    """Repeat with one number for each element along the axis."""
    if isinstance(repeats, ndarray):
        if repeats.size > _MOST_COUNTS:
            raise NotImplementedError(
                f"repeat by an array of more than {_MOST_COUNTS} numbers is not in Quelea yet; write "
                "np.repeat(x, numpy.asarray(repeats))"
            )
        repeats = as_numpy(repeats)
    counts = numpy.asarray(repeats)
    if isinstance(repeats, (list, tuple)) and counts.dtype.kind == "f":
        counts = counts.astype(numpy.int64)
    if not numpy.can_cast(counts.dtype, numpy.int64, "safe"):
        raise TypeError(
            f"Cannot cast array data from {counts.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    if counts.ndim > 1:
        raise ValueError("object too deep for desired array")
    if axis is None or (x.ndim == 0 and axis in (0, -1)):
        x, axis = x.ravel(), 0
    axis = normalize_axis_index(axis, x.ndim)
    if (counts < 0).any():
        raise ValueError("repeats may not contain negative values.")
    if counts.size != x.shape[axis]:
        raise ValueError(
            f"operands could not be broadcast together with shape ({x.shape[axis]},) ({counts.size},)"
        )
    ends = numpy.concatenate([[0], numpy.cumsum(counts)])
    index: Any = numpy.zeros(0, numpy.int64)
    if ends[-1]:  # number k is of the element whose copies begin at or before it
        number = _quelea.ramp((int(ends[-1]),), 0, 0, 1, "int64")
        index = _quelea.bins(number, _quelea.asarray(ends), 0.0)
    return take(x, index, axis)


def repeat(a: Any, repeats: Any, axis: int | None = None) -> ndarray:
    """Give every element as often as `repeats` says, as a copy.

    Parameters
    ----------
    a : array_like
    repeats : int or array_like of ints
        One number for all, or one for each element along the axis.
    axis : int, optional
        None: of the flattened array.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        A number is below zero, or there are not as many as elements.

    Examples
    --------
    >>> import quelea as np
    >>> np.repeat(np.asarray([3, 4, 5]), [1, 0, 2])
    array([3, 5, 5])
    """
    x = as_array(a)
    if axis is not None:
        axis = operator.index(axis)
    if numpy.ndim(repeats) and numpy.size(repeats) != 1:
        return _repeat_each(x, repeats, axis)
    times = int(repeats.item() if hasattr(repeats, "item") else numpy.asarray(repeats).item())
    if times < 0 and x.size == 0:
        times = 0  # of nothing NumPy does not ask
    if times < 0:
        raise ValueError("repeats may not contain negative values.")
    if axis is None or (x.ndim == 0 and axis in (0, -1)):
        x, axis = x.ravel(), 0
    axis = normalize_axis_index(axis, x.ndim)
    shape = x.shape
    wide = _quelea.broadcast_to(
        _quelea.expand_dims(x, axis + 1), (*shape[: axis + 1], times, *shape[axis + 1 :])
    )
    return wide.copy().reshape((*shape[:axis], shape[axis] * times, *shape[axis + 1 :]))


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = ..., append: Any = ...) -> ndarray:
    """Give differences of neighbours along an axis, `n` times.

    Parameters
    ----------
    a : array_like
    n : int, default 1
    axis : int, default -1
    prepend, append : array_like, optional
        Put before and behind `a` along the axis first; a scalar is broadcast.

    Returns
    -------
    ndarray
    """
    if n == 0:
        given: ndarray = a
        return given
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    x = as_array(a)
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(axis, x.ndim)
    ends = [e if e is ... or numpy.ndim(e) else _edge(x, e, axis) for e in (prepend, append)]
    if any(e is not ... for e in ends):
        x = concatenate([e for e in (ends[0], x, ends[1]) if e is not ...], axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        high, low = x[(*lead, slice(1, None))], x[(*lead, slice(None, -1))]
        x = _quelea.not_equal(high, low) if x.dtype == bool else high - low
    return x


def _edge(x: ndarray, value: Any, axis: int) -> ndarray:
    if value is None:
        raise TypeError("unsupported operand type(s) for -: 'NoneType' and 'int'")
    return _quelea.broadcast_to(_asarray(value), (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
