"""Shapes and joins: most are views; what copies says so."""

import math
import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .elementwise import as_array

__all__ = [
    "append",
    "array_split",
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "column_stack",
    "concatenate",
    "copyto",
    "diff",
    "dsplit",
    "dstack",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "matrix_transpose",
    "may_share_memory",
    "moveaxis",
    "ndim",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "rollaxis",
    "rot90",
    "shape",
    "shares_memory",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "unstack",
    "vsplit",
    "vstack",
]

Axes = int | Sequence[int] | None


# ---- questions ----


def shape(a: Any) -> tuple[int, ...]:
    """Extents of an array."""
    return a.shape if isinstance(a, ndarray) else numpy.shape(a)


def ndim(a: Any) -> int:
    """Number of axes of an array."""
    return a.ndim if isinstance(a, ndarray) else numpy.ndim(a)


def size(a: Any, axis: int | None = None) -> int:
    """Number of elements, in all or along an axis."""
    extents = shape(a)
    return math.prod(extents) if axis is None else extents[normalize_axis_index(axis, len(extents))]


def shares_memory(a: Any, b: Any, max_work: int | None = None) -> bool:
    """Whether two arrays are views of one storage (they may still have no element in common)."""
    return _quelea.shares_storage(a, b)


may_share_memory = shares_memory


# ---- shapes ----


def reshape(a: Any, /, shape: int | Sequence[int], order: str = "C", *, copy: bool | None = None) -> ndarray:
    """Give the elements in another shape.

    Parameters
    ----------
    a : array_like
    shape : int or sequence of int
        One extent may be -1.
    copy : bool, optional
        None: a copy only where no view can be had; False: an error then.

    Returns
    -------
    ndarray
    """
    return as_array(a).reshape(shape, order=order, copy=copy)


def ravel(a: Any, order: str = "C") -> ndarray:
    """Give the elements along one axis: a view if they follow one another in C order, else a copy.

    Returns
    -------
    ndarray of shape (a.size,)
    """
    return as_array(a).ravel(order)


def squeeze(a: Any, axis: Axes = None) -> ndarray:
    """Give a view without axes of extent 1.

    Returns
    -------
    ndarray
    """
    return as_array(a).squeeze(tuple(axis) if isinstance(axis, Sequence) else axis)


def expand_dims(a: Any, axis: int | Sequence[int]) -> ndarray:
    """Give a view with new axes of extent 1 at the positions of the result that are named.

    Parameters
    ----------
    a : array_like
    axis : int or sequence of int
        Positions in the result.

    Returns
    -------
    ndarray
    """
    return _quelea.expand_dims(as_array(a), axis)


def atleast_1d(*arys: Any) -> Any:
    """Give arrays with one axis at least.

    Returns
    -------
    ndarray or tuple of ndarray
    """
    result = tuple(x if (x := as_array(a)).ndim >= 1 else x.reshape(1) for a in arys)
    return result[0] if len(result) == 1 else result


def atleast_2d(*arys: Any) -> Any:
    """Give arrays with two axes at least; a vector becomes a row.

    Returns
    -------
    ndarray or tuple of ndarray
    """
    result = tuple(x if (x := as_array(a)).ndim >= 2 else x.reshape(1, x.size) for a in arys)
    return result[0] if len(result) == 1 else result


def atleast_3d(*arys: Any) -> Any:
    """Give arrays with three axes at least; new ones come around a vector and after a matrix.

    Returns
    -------
    ndarray or tuple of ndarray
    """
    result = []
    for a in arys:
        x = as_array(a)
        if x.ndim < 2:
            x = x.reshape(1, x.size, 1)
        elif x.ndim == 2:
            x = x[:, :, None]
        result.append(x)
    return result[0] if len(result) == 1 else tuple(result)


def astype(x: ndarray, dtype: Any, /, *, copy: bool = True, device: str | None = None) -> ndarray:
    """Give a new array with the elements converted to another dtype.

    Returns
    -------
    ndarray
    """
    return x.astype(dtype, copy=copy)


# ---- axes ----


def transpose(a: Any, axes: Sequence[int] | None = None) -> ndarray:
    """Give a view with the axes permuted, reversed by default.

    Returns
    -------
    ndarray
    """
    return as_array(a).transpose(axes)


def matrix_transpose(x: Any, /) -> ndarray:
    """Give a view with the last two axes exchanged.

    Returns
    -------
    ndarray
    """
    a = as_array(x)
    if a.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {a.ndim}")
    return a.mT


def swapaxes(a: Any, axis1: int, axis2: int) -> ndarray:
    """Give a view with two axes exchanged.

    Returns
    -------
    ndarray
    """
    return as_array(a).swapaxes(axis1, axis2)


def moveaxis(a: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> ndarray:
    """Give a view with axes moved to new positions; the others keep their order.

    Parameters
    ----------
    a : array_like
    source, destination : int or sequence of int
        Where the axes are, and where they go.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    old = normalize_axis_tuple(source, x.ndim, "source")
    new = normalize_axis_tuple(destination, x.ndim, "destination")
    if len(old) != len(new):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [i for i in range(x.ndim) if i not in old]
    for position, axis in sorted(zip(new, old, strict=True)):
        order.insert(position, axis)
    return x.transpose(order)


def rollaxis(a: Any, axis: int, start: int = 0) -> ndarray:
    """Give a view with one axis moved before position `start`.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    axis = normalize_axis_index(axis, x.ndim)
    if start < 0:
        start += x.ndim
    if not 0 <= start <= x.ndim:
        raise AxisError(f"'start' arg requires {-x.ndim} <= start < {x.ndim + 1}, but {start} was passed in")
    return moveaxis(x, axis, start - 1 if axis < start else start)


def flip(m: Any, axis: Axes = None) -> ndarray:
    """Give a view with the order along axes reversed, along all by default.

    Returns
    -------
    ndarray
    """
    x = as_array(m)
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]


def flipud(m: Any) -> ndarray:
    """Give a view with axis 0 reversed.

    Returns
    -------
    ndarray
    """
    x = as_array(m)
    if x.ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return x[::-1]


def fliplr(m: Any) -> ndarray:
    """Give a view with axis 1 reversed.

    Returns
    -------
    ndarray
    """
    x = as_array(m)
    if x.ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return x[:, ::-1]


def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> ndarray:
    """Give a view rotated by `k` times 90 degrees in the plane of two axes, from the first to the second.

    Parameters
    ----------
    m : array_like
    k : int, default 1
    axes : (int, int), default (0, 1)

    Returns
    -------
    ndarray
    """
    x = as_array(m)
    plane = tuple(axes)
    if len(plane) != 2:
        raise ValueError("len(axes) must be 2.")
    first, second = plane
    if first == second or abs(first - second) == x.ndim:
        raise ValueError("Axes must be different.")
    if not all(-x.ndim <= i < x.ndim for i in plane):
        raise ValueError(f"Axes={plane} out of range for array of ndim={x.ndim}.")
    turns = operator.index(k) % 4
    if turns == 0:
        return x[...]
    if turns == 2:
        return flip(x, (first, second))
    if turns == 1:
        return flip(x, second).swapaxes(first, second)
    return flip(x.swapaxes(first, second), second)


# ---- broadcasting ----


def broadcast_to(array: Any, shape: int | Sequence[int], subok: bool = False) -> ndarray:
    """Give a read-only view of a larger shape.

    Returns
    -------
    ndarray
    """
    return _quelea.broadcast_to(as_array(array), shape)


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[ndarray, ...]:
    """Give views of all arrays in their common shape.

    Returns
    -------
    tuple of ndarray
    """
    arrays = [as_array(a) for a in args]
    common = numpy.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(a if a.shape == common else _quelea.broadcast_to(a, common) for a in arrays)


def copyto(dst: ndarray, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Assign elements, where a mask is true.

    Parameters
    ----------
    dst : ndarray
    src : array_like
        Broadcast to the shape of `dst`.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}
        Which conversions are allowed.
    where : array_like of bool

    Raises
    ------
    TypeError
        `casting` does not allow the conversion.
    """
    if not isinstance(dst, ndarray):
        raise TypeError(f"copyto() argument 1 must be quelea.ndarray, not {type(dst).__name__}")
    value: Any = src if isinstance(src, (bool, int, float, complex, numpy.generic)) else as_array(src)
    is_strong = isinstance(value, (ndarray, numpy.generic))
    dtype = value.dtype if is_strong else numpy.result_type(dst.dtype, value)
    if not numpy.can_cast(dtype, dst.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(f"Cannot cast array data from {dtype!r} to {dst.dtype!r} according to the rule '{casting}'")
    if casting == "unsafe" and isinstance(value, float):
        with numpy.errstate(all="ignore"):
            value = numpy.asarray(value).astype(dst.dtype)[()]  # wraps around as an array's elements do
    if isinstance(value, complex):
        value = as_array(value)  # its imaginary part may be lost, with a warning
    if where is True:
        dst[...] = value
        return
    given = _quelea.empty(shape(value), dst.dtype)
    given[...] = value
    dst[...] = _quelea.where(_quelea.broadcast_to(as_array(where), dst.shape), given, dst)


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
        raise TypeError("concatenate() only takes `out` or `dtype` as an argument, but both were provided.")
    common = numpy.dtype(dtype) if dtype is not None else numpy.result_type(*(p.dtype for p in parts))
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
    arrays: Sequence[Any], axis: int = 0, out: ndarray | None = None, *, dtype: Any = None, casting: str = "same_kind"
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
    return concatenate([_quelea.expand_dims(p, axis) for p in parts], axis, out, dtype=dtype, casting=casting)


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
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


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
    return concatenate([x if (x := as_array(a)).ndim >= 2 else x.reshape(x.size, 1) for a in tup], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> ndarray:
    """Give a copy with values added at the end of an axis, or of the flattened array.

    Returns
    -------
    ndarray
    """
    return concatenate((arr, values), axis)


def _stack_nested(items: Sequence[Any]) -> ndarray:
    """Make an array of a nested list that holds Quelea arrays."""
    return stack([_stack_nested(i) if isinstance(i, (list, tuple)) and i else _asarray(i) for i in items])


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
    is_number = not isinstance(indices_or_sections, Sequence) and numpy.ndim(indices_or_sections) == 0
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
            result = _place(_quelea.empty(x.shape, x.dtype), _along(parts, i))
    return result.copy() if result is x else result


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
    times = tuple(operator.index(r) for r in numpy.atleast_1d(numpy.asarray(reps, None if numpy.size(reps) else int)))
    times = (1,) * (x.ndim - len(times)) + times
    x = x.reshape((1,) * (len(times) - x.ndim) + x.shape)
    interleaved = x.reshape([n for extent in x.shape for n in (1, extent)])
    wide = _quelea.broadcast_to(interleaved, [n for r, extent in zip(times, x.shape, strict=True) for n in (r, extent)])
    return wide.copy().reshape([r * extent for r, extent in zip(times, x.shape, strict=True)])


def repeat(a: Any, repeats: int, axis: int | None = None) -> ndarray:
    """Give every element as often as `repeats` says, as a copy.

    Parameters
    ----------
    a : array_like
    repeats : int
    axis : int, optional
        None: of the flattened array.

    Returns
    -------
    ndarray

    Raises
    ------
    NotImplementedError
        `repeats` is an array.
    """
    x = as_array(a)
    try:
        times = operator.index(repeats)
    except TypeError:
        raise NotImplementedError("repeat with one number per element is not in Quelea yet") from None
    if times < 0:
        raise ValueError("repeats may not contain negative values.")
    if axis is None:
        x, axis = x.ravel(), 0
    axis = normalize_axis_index(axis, x.ndim)
    shape = x.shape
    wide = _quelea.broadcast_to(_quelea.expand_dims(x, axis + 1), (*shape[: axis + 1], times, *shape[axis + 1 :]))
    return wide.copy().reshape((*shape[:axis], shape[axis] * times, *shape[axis + 1 :]))


def pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> ndarray:
    """Give a copy with a border of constants, or of the nearest or wrapped elements.

    Parameters
    ----------
    array : array_like
    pad_width : int, (before, after), or one pair per axis
    mode : {'constant', 'edge', 'wrap'}
    constant_values : scalar
        For mode 'constant'.

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError
        `pad_width` is not of integers.
    NotImplementedError
        Another mode, or one constant per side.
    """
    x = as_array(array)
    if numpy.asarray(pad_width).dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    widths = [(int(a), int(b)) for a, b in numpy.broadcast_to(pad_width, (x.ndim, 2))]
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError("index can't contain negative values")
    if mode == "constant":
        if numpy.ndim(constant_values) > 0:
            raise NotImplementedError("pad with one constant per side is not in Quelea yet")
        result = _quelea.empty([n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)], x.dtype)
        middle = tuple(slice(a, a + n) for n, (a, b) in zip(x.shape, widths, strict=True))
        return _place(result, [(..., constant_values), (middle, x)])
    if mode not in ("edge", "wrap"):
        raise NotImplementedError(f"pad(mode={mode!r}) is not in Quelea yet; there are 'constant', 'edge' and 'wrap'")
    for axis, (a, b) in enumerate(widths):
        x = _pad_axis(x, axis, a, b, mode)
    return x


def _pad_axis(x: ndarray, axis: int, before: int, after: int, mode: str) -> ndarray:
    extent = x.shape[axis]
    if before == after == 0:
        return x.copy()
    if extent == 0:
        raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
    lead = (slice(None),) * axis
    parts: list[ndarray] = []
    if mode == "edge":
        first, last = x[(*lead, slice(0, 1))], x[(*lead, slice(extent - 1, extent))]
        parts = [repeat(first, before, axis), x, repeat(last, after, axis)]
    else:
        whole, rest = divmod(before, extent)
        parts = [x[(*lead, slice(extent - rest, extent))], *[x] * (whole + 1)]
        whole, rest = divmod(after, extent)
        parts += [*[x] * whole, x[(*lead, slice(0, rest))]]
    return concatenate(parts, axis)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> ndarray:
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
    x = as_array(a)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(axis, x.ndim)
    ends = [e if e is None or numpy.ndim(e) else _edge(x, e, axis) for e in (prepend, append)]
    if any(e is not None for e in ends):
        x = concatenate([e for e in (ends[0], x, ends[1]) if e is not None], axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        high, low = x[(*lead, slice(1, None))], x[(*lead, slice(None, -1))]
        x = _quelea.not_equal(high, low) if x.dtype == bool else high - low
    return x


def _edge(x: ndarray, value: Any, axis: int) -> ndarray:
    return _quelea.broadcast_to(_asarray(value), (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
