"""Grids and joins that are written as indices: ``np.mgrid[0:3, 0:4]``, ``np.r_[0:3, x, 7]``, and blocks."""

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import array, empty, is_number
from .elementwise import as_array
from .indexing import nonzero
from .joins import _place, concatenate, vstack
from .manipulation import ndim as _ndim
from .manipulation import size as _size
from .ranges import _number, arange, linspace

__all__ = ["block", "c_", "ix_", "mgrid", "ogrid", "r_", "row_stack"]


def _is_count(step: Any) -> bool:
    """Whether a step is imaginary, and says how many points there are."""
    return isinstance(step, (complex, numpy.complexfloating))


def _ends(key: slice) -> tuple[Any, Any, Any]:
    start, stop, step = (_number(n) for n in (key.start, key.stop, key.step))
    return (0 if start is None else start), stop, (1 if step is None else step)


class _Grid:
    """``np.mgrid`` and ``np.ogrid``: indices that are slices make the coordinates of a grid.

    A step that is an imaginary number says how many points there are, the end among them.

    Examples
    --------
    >>> import quelea as np
    >>> np.mgrid[0:2, 0:3]
    array([[[0, 0, 0],
            [1, 1, 1]],
    <BLANKLINE>
           [[0, 1, 2],
            [0, 1, 2]]])
    >>> np.mgrid[-1:1:5j]
    array([-1. , -0.5,  0. ,  0.5,  1. ])
    """

    __slots__ = ("sparse",)

    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, (tuple, list)):
            return _points(key)
        axes = [_ends(k) for k in key]
        counts, numbers = [], [0]
        for start, stop, step in axes:
            if _is_count(step):
                counts.append(int(abs(step)))
                numbers += [start, stop, abs(step)]
            else:
                counts.append(math.ceil((stop - start) / step))
                if counts[-1] < 0 and not self.sparse:
                    raise ValueError("negative dimensions are not allowed")
                numbers += [start, stop, step]
        dtype = numpy.result_type(*numbers)
        grids = []
        for axis, (start, stop, step) in enumerate(axes):
            shape = [max(n, 0) if not self.sparse or i == axis else 1 for i, n in enumerate(counts)]
            by = _step_between(start, stop, step)
            grids.append(_quelea.ramp(shape, axis, 0, 1, dtype) * by + start)
        if self.sparse:
            return tuple(grids)
        result = empty((len(axes), *counts), dtype)
        return _place(result, range(len(axes)), grids)


def _step_between(start: Any, stop: Any, step: Any) -> Any:
    if not _is_count(step):
        return step
    count = int(abs(step))
    return count if count == 1 else (stop - start) / float(count - 1)


def _points(key: slice) -> ndarray:
    start, stop, step = _ends(key)
    if not _is_count(step):
        return arange(start, stop, step)
    dtype = numpy.result_type(start, stop, abs(step))
    points: Any = arange(0, int(abs(step)), 1, dtype=dtype) * _step_between(start, stop, step)
    moved: ndarray = points + start
    return moved


mgrid = _Grid(sparse=False)
ogrid = _Grid(sparse=True)


class _Joiner:
    """``np.r_`` and ``np.c_``: indices, of which slices are ranges, are joined to one array.

    A text as the first index says along which axis, and with how many axes at least.

    Examples
    --------
    >>> import quelea as np
    >>> np.r_[1:4, 0, [7, 8]]
    array([1, 2, 3, 0, 7, 8])
    >>> np.c_[[1, 2], [3, 4]]
    array([[1, 3],
           [2, 4]])
    """

    __slots__ = ("axis", "ndmin", "place")

    def __init__(self, axis: int, ndmin: int, place: int) -> None:
        self.axis, self.ndmin, self.place = axis, ndmin, place

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: Any) -> ndarray:
        if isinstance(key, str):
            raise _no_matrices()
        items = list(key) if isinstance(key, tuple) else [key]
        axis, ndmin, place = self.axis, self.ndmin, self.place
        if items and isinstance(items[0], str):
            axis, ndmin, place = self._directed(items.pop(0))
        if any(isinstance(item, str) for item in items):
            raise ValueError("special directives must be the first entry.")
        parts = [item if is_number(item) else _part(item, ndmin, place) for item in items]
        if not parts:
            raise ValueError("need at least one array to concatenate")
        dtype = numpy.result_type(*(p.dtype if isinstance(p, ndarray) else p for p in parts))
        return concatenate([array(p, dtype, copy=None, ndmin=ndmin) for p in parts], axis)

    def _directed(self, text: str) -> tuple[int, int, int]:
        """Read the axis, and behind commas the least number of axes and where a vector goes among them."""
        if text in ("r", "c"):
            raise _no_matrices()
        words = text.split(",")
        try:
            numbers = [int(word) for word in words[:3]]
        except ValueError:
            what = f" {text!r}" if "," in text else ""
            raise ValueError(f"unknown special directive{what}") from None
        axis, ndmin, place = (*numbers, *(self.axis, self.ndmin, self.place)[len(numbers) :])
        return axis, ndmin, place


def _no_matrices() -> NotImplementedError:
    return NotImplementedError(
        "matrices of r_ and c_ are not in Quelea yet; use arrays of two axes, which block joins"
    )


def _part(item: Any, ndmin: int, place: int) -> ndarray:
    if isinstance(item, slice):
        start, stop, step = _ends(item)
        made = (
            linspace(start, stop, int(abs(step))) if _is_count(step) else arange(start, stop, step)
        )
        if ndmin == 1:
            return made
        made = array(made, copy=None, ndmin=ndmin)
        return made if place == -1 else made.swapaxes(-1, place)
    x = as_array(item)
    added = ndmin - x.ndim
    x = array(x, copy=None, ndmin=ndmin)
    if place == -1 or added <= 0:
        return x
    first = place + added + 1 if place < 0 else place
    axes = list(range(ndmin))
    return x.transpose(axes[:first] + axes[added:] + axes[first:added])


r_ = _Joiner(0, 1, -1)
c_ = _Joiner(-1, 2, 0)


def ix_(*args: Any) -> tuple[ndarray, ...]:
    """Give vectors of indices as arrays that broadcast to a grid.

    Parameters
    ----------
    *args : array_like of one axis
        Integers, or booleans, which stand for the places of what is true.

    Returns
    -------
    tuple of ndarray
    """
    result = []
    for k, given in enumerate(args):
        x = as_array(given)
        if x.size == 0 and not isinstance(given, ndarray):
            x = x.astype(int)
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if x.dtype == bool:
            (x,) = nonzero(x)
        result.append(x.reshape((1,) * k + (x.size,) + (1,) * (len(args) - k - 1)))
    return tuple(result)


def row_stack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> ndarray:
    """Join arrays along axis 0, vectors as rows. NumPy's old name of `vstack`.

    Returns
    -------
    ndarray
    """
    warnings.warn(
        "`row_stack` alias is deprecated. Use `np.vstack` directly.",
        DeprecationWarning,
        stacklevel=2,
    )
    return vstack(tup, dtype=dtype, casting=casting)


# ---- blocks ----

_BY_PARTS = 2 * 512 * 512  # elements, times depth, from which NumPy, too, assigns all parts at once


def block(arrays: Any) -> ndarray:
    """Join arrays in nested lists: those of the innermost along the last axis, those around them along the one before.

    Parameters
    ----------
    arrays : nested list of array_like

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        Lists are empty or not equally deep, or shapes do not fit.

    Examples
    --------
    >>> import quelea as np
    >>> np.block([[np.zeros((1, 2)), np.ones((1, 1))], [7, 8, 9]])
    array([[0., 0., 1.],
           [7., 8., 9.]])
    """
    place, ndim, size = _deepest(arrays, [])
    if place and place[-1] is None:
        raise ValueError(f"List at {_named(place)} cannot be empty")
    depth = len(place)
    ndim = max(ndim, depth)
    if depth * size <= _BY_PARTS:
        result = _joined_blocks(arrays, depth, ndim)
        return result.copy() if depth == 0 else result
    shape, keys, parts = _placed_blocks(arrays, depth, ndim)
    in_c, in_f = (all(_quelea.is_contiguous(p, order) for p in parts) for order in "CF")
    order = "F" if in_f and not in_c else "C"
    result = empty(shape, numpy.result_type(*(p.dtype for p in parts)), order)
    return _place(result, [(..., *key) for key in keys], parts)


def _named(place: Sequence[int | None]) -> str:
    return "arrays" + "".join(f"[{i}]" for i in place if i is not None)


def _deepest(arrays: Any, place: list[Any]) -> tuple[list[Any], int, int]:
    """Give where the first array is, how many axes arrays have at most, and how many elements they have together."""
    if isinstance(arrays, tuple):
        raise TypeError(
            f"{_named(place)} is a tuple. Only lists can be used to arrange blocks, and np.block does not allow "
            "implicit conversion from tuple to ndarray."
        )
    if not isinstance(arrays, list):
        return place, _ndim(arrays), _size(arrays)
    if not arrays:
        return [*place, None], 0, 0
    found = [_deepest(a, [*place, i]) for i, a in enumerate(arrays)]
    first = found[0][0]
    for where, _, _ in found[1:]:
        if len(where) != len(first):
            raise ValueError(
                f"List depths are mismatched. First element was at depth {len(first)}, but there is an element at "
                f"depth {len(where)} ({_named(where)})"
            )
        if where[-1] is None:
            first = where
    return first, max(f[1] for f in found), sum(f[2] for f in found)


def _joined_blocks(arrays: Any, depth: int, ndim: int) -> ndarray:
    if depth == 0:
        return array(_asarray(arrays), copy=None, ndmin=ndim)
    return concatenate([_joined_blocks(a, depth - 1, ndim) for a in arrays], -depth)


def _placed_blocks(
    arrays: Any, depth: int, ndim: int
) -> tuple[tuple[int, ...], list[tuple[Any, ...]], list[ndarray]]:
    """Give the shape of blocks, where in it each part goes, and the parts."""
    if depth == 0:
        part = array(_asarray(arrays), copy=None, ndmin=ndim)
        return part.shape, [()], [part]
    inner = [_placed_blocks(a, depth - 1, ndim) for a in arrays]
    axis, shapes = ndim - depth, [shape for shape, _, _ in inner]
    if len({(*s[:axis], *s[axis + 1 :]) for s in shapes}) > 1:
        raise ValueError(f"Mismatched array shapes in block along axis {axis}.")
    ends = list(itertools.accumulate((s[axis] for s in shapes), initial=0))
    keys = [
        (slice(a, b), *key)
        for a, b, (_, inside, _) in zip(ends, ends[1:], inner, strict=False)
        for key in inside
    ]
    shape = (*shapes[0][:axis], ends[-1], *shapes[0][axis + 1 :])
    return shape, keys, [part for _, _, parts in inner for part in parts]
