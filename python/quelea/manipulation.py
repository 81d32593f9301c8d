"""Views and shapes: axes moved, added and taken away, and what is broadcast."""

import math
from collections.abc import Callable, Sequence
from pickle import PickleBuffer
from typing import Any

import numpy
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.lib.stride_tricks import as_strided

from . import _quelea
from ._quelea import ndarray
from .elementwise import as_array, as_scalar

__all__ = [
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast",
    "broadcast_arrays",
    "broadcast_to",
    "copyto",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "matrix_transpose",
    "may_share_memory",
    "moveaxis",
    "ndenumerate",
    "ndim",
    "ravel",
    "reshape",
    "rollaxis",
    "rot90",
    "shape",
    "shares_memory",
    "squeeze",
    "swapaxes",
    "transpose",
]

Axes = int | Sequence[int] | None


def _tobytes(x: ndarray, order: str = "C") -> bytes:
    """``ndarray.tobytes``: the elements as bytes, on every rank."""
    taken: bytes = x.__array__().tobytes(order)  # type: ignore[arg-type]
    return taken


def _bytes(x: ndarray) -> bytes:
    """``bytes(x)``: of one integer as many zeros, as Python says; of anything else its elements."""
    is_integer = x.ndim == 0 and x.dtype.kind in "iu"
    return bytes(int(x)) if is_integer else _tobytes(x)


def _array_interface(x: ndarray) -> dict[str, Any]:
    """``ndarray.__array_interface__``: memory that stays as it is while whoever uses it holds ``data``.

    A number as its address would say nothing of who keeps it; a PickleBuffer is nothing but a buffer.
    """
    held = _quelea.held(x)
    interface = dict(held.__array_interface__)
    steps = list(zip(held.shape, held.strides, strict=True))
    if held.size == 0 or interface["strides"] is None:
        return {**interface, "data": PickleBuffer(held), "strides": None}  # type: ignore[arg-type]
    below = -sum(min(0, (n - 1) * step) for n, step in steps)
    above = sum(max(0, (n - 1) * step) for n, step in steps) + held.itemsize
    first = held[tuple(slice(-1, None) if step < 0 else slice(0, 1) for _, step in steps)]
    stretch = as_strided(
        first.reshape(1).view("u1"), (below + above,), (1,), subok=False, writeable=False
    )
    return {**interface, "data": PickleBuffer(stretch), "offset": below}  # type: ignore[arg-type]


# ---- questions ----


def shape(a: Any) -> tuple[int, ...]:
    """Give the extents of an array, over all ranks. Local.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    tuple of int
    """
    return a.shape if isinstance(a, ndarray) else numpy.shape(a)


def ndim(a: Any) -> int:
    """Give the number of axes of an array. Local.

    Parameters
    ----------
    a : array_like

    Returns
    -------
    int
    """
    return a.ndim if isinstance(a, ndarray) else numpy.ndim(a)


def size(a: Any, axis: Axes = None) -> int:
    """Give the number of elements over all ranks, in all or along axes. Local.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        None: all of them.

    Returns
    -------
    int
    """
    extents = shape(a)
    if axis is None:
        return math.prod(extents)
    return math.prod(extents[i] for i in normalize_axis_tuple(axis, len(extents)))


class _Place:
    """What NumPy takes for an array that lies where `x` lies in its storage; nobody reads its elements."""

    def __init__(self, x: ndarray) -> None:
        self.__array_interface__ = {
            "data": (_SOMEWHERE + _quelea.first_byte(x), True),
            "shape": x.shape,
            "strides": x.strides,
            "typestr": x.dtype.str,
            "version": 3,
        }


_SOMEWHERE = 1 << 40  # an address from which views go in both directions


def _shared(question: Callable[..., bool], a: Any, b: Any, max_work: int | None) -> bool:
    ours = [x for x in (a, b) if isinstance(x, ndarray)]
    if not ours:
        return question(a, b, max_work)
    if len(ours) == 1 or not _quelea.shares_storage(a, b):
        return False
    return question(numpy.asarray(_Place(a)), numpy.asarray(_Place(b)), max_work)


def shares_memory(a: Any, b: Any, /, max_work: int | None = None) -> bool:
    """Tell whether two arrays have an element in common. Local: nothing is executed, nobody is asked.

    Parameters
    ----------
    a, b : ndarray
        Arrays or views. An array of Quelea's and one of NumPy's never share memory.
    max_work : int, optional
        How many candidates are tried before NumPy gives up; None, as -1: until the answer is known.

    Returns
    -------
    bool

    Raises
    ------
    numpy.exceptions.TooHardError
        After `max_work` candidates it was not known.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.zeros(6)
    >>> np.shares_memory(x[:3], x[2:]), np.shares_memory(x[::2], x[1::2])
    (True, False)
    """
    return _shared(numpy.shares_memory, a, b, max_work)


def may_share_memory(a: Any, b: Any, /, max_work: int | None = None) -> bool:
    """Tell whether two arrays may have an element in common: by default, whether the stretches meet that they span.

    Local, as `shares_memory` is.

    Parameters
    ----------
    a, b : ndarray
        Arrays or views. An array of Quelea's and one of NumPy's never share memory.
    max_work : int, optional
        How many candidates are tried, after which the answer is True; None: 0.

    Returns
    -------
    bool

    Examples
    --------
    >>> import quelea as np
    >>> x = np.zeros(6)
    >>> np.may_share_memory(x[:2], x[3:]), np.may_share_memory(x[::2], x[1::2])
    (False, True)
    """
    return _shared(numpy.may_share_memory, a, b, max_work)


# ---- shapes ----


def _with_methods(a: Any) -> ndarray:
    """Make an array of what is none; NumPy's scalars have methods, too, which give scalars."""
    return as_scalar(as_array(a)) if isinstance(a, numpy.generic) else as_array(a)


def reshape(
    a: Any, /, shape: int | Sequence[int], order: str = "C", *, copy: bool | None = None
) -> ndarray:
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
    shaped = as_array(a).reshape(shape, order=order, copy=copy)
    return as_scalar(shaped) if isinstance(a, numpy.generic) else shaped


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
    return _with_methods(a).squeeze(tuple(axis) if isinstance(axis, Sequence) else axis)


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
    result = [x if (x := as_array(a)).ndim >= 1 else x.reshape(1) for a in arys]
    return result[0] if len(result) == 1 else tuple(result)


def atleast_2d(*arys: Any) -> Any:
    """Give arrays with two axes at least; a vector becomes a row.

    Returns
    -------
    ndarray or tuple of ndarray
    """
    result = [x if (x := as_array(a)).ndim >= 2 else x.reshape(1, x.size) for a in arys]
    return result[0] if len(result) == 1 else tuple(result)


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


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: str | None = None) -> ndarray:
    """Give a new array with the elements converted to another dtype.

    Returns
    -------
    ndarray
    """
    is_array = hasattr(x, "dtype") or numpy.ndim(x) == 0
    if x is None or not is_array:
        raise TypeError(f"Input should be an array or scalar. It is a {type(x)} instead.")
    if device not in (None, "cpu"):
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {device}')
    result: ndarray = x.astype(dtype, copy=copy)
    return result


# ---- axes ----


def transpose(a: Any, axes: Sequence[int] | None = None) -> ndarray:
    """Give a view with the axes permuted, reversed by default.

    Returns
    -------
    ndarray
    """
    return _with_methods(a).transpose(axes)


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
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
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
    axis = normalize_axis_index(axis, a.ndim)
    x = as_array(a)
    if start < 0:
        start += x.ndim
    if not 0 <= start <= x.ndim:
        raise AxisError(
            f"'start' arg requires {-x.ndim} <= start < {x.ndim + 1}, but {start} was passed in"
        )
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
    turns = k % 4
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
    if subok is not False:
        bool(subok)  # which chooses nothing here
    return _quelea.broadcast_to(as_array(array), shape)


class broadcast:
    """The shape that arrays have together, which nothing is made in.

    Parameters
    ----------
    *args : array_like

    Attributes
    ----------
    shape : tuple of int
    ndim, nd, size, numiter : int

    Examples
    --------
    >>> import quelea as np
    >>> np.broadcast(np.ones((3, 1)), np.ones(4)).shape
    (3, 4)
    """

    def __init__(self, *args: Any) -> None:
        if len(args) > 64:
            raise ValueError(
                f"Need at least 0 and at most 64 array objects, got {len(args)} array objects."
            )
        self.shape = numpy.broadcast_shapes(*(shape(a) for a in args))
        self.ndim = self.nd = len(self.shape)
        self.size = math.prod(self.shape)
        self.numiter = len(args)

    def __iter__(self) -> Any:
        raise NotImplementedError(
            "going through the elements of broadcast is not in Quelea yet; write whole-array operations with "
            "np.broadcast_arrays(...)"
        )


class ndenumerate:
    """Go through an array, element by element: its indices, and what ``x[indices]`` gives, when it is asked for.

    Parameters
    ----------
    arr : array_like

    Examples
    --------
    >>> import quelea as np
    >>> [(i, int(x)) for i, x in np.ndenumerate([[1, 2]])]
    [((0, 0), 1), ((0, 1), 2)]
    """

    def __init__(self, arr: Any) -> None:
        self._array = as_array(arr)
        self._indices = numpy.ndindex(self._array.shape)

    def __iter__(self) -> "ndenumerate":
        return self

    def __next__(self) -> tuple[tuple[int, ...], ndarray]:
        index = next(self._indices)
        return index, self._array[index]


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Give views of all arrays in their common shape.

    Returns
    -------
    tuple of ndarray
        What is no number is in an array of NumPy's.
    """
    if subok is not False:
        bool(subok)  # which chooses nothing here
    arrays = [_array_or_objects(a) for a in args]
    common = numpy.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(
        a
        if a.shape == common
        else numpy.broadcast_to(a, common)
        if isinstance(a, numpy.ndarray)
        else _quelea.broadcast_to(a, common)
        for a in arrays
    )


def _array_or_objects(a: Any) -> Any:
    """Give an array of ours, or of NumPy's where it holds no numbers: None, say, among what matplotlib broadcasts."""
    if isinstance(a, (type(None), str, bytes)):
        return numpy.asarray(a, object if a is None else None)
    x = as_array(a)
    return _quelea.asarray(x) if x.ndim == 0 else x  # an element as an array


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
    value: Any = (
        src if isinstance(src, (bool, int, float, complex, numpy.generic)) else as_array(src)
    )
    if isinstance(value, bool):
        value = numpy.bool(value)
    if isinstance(value, (ndarray, numpy.generic)):
        dtype = value.dtype
    elif casting == "equiv":
        dtype = numpy.asarray(value).dtype
    else:
        dtype = numpy.result_type(dst.dtype, value)
    if not numpy.can_cast(dtype, dst.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast array data from {dtype!r} to {dst.dtype!r} according to the rule '{casting}'"
        )
    if isinstance(value, numpy.generic):
        value = numpy.asarray(value)  # cast as arrays are; what it does not hold wraps around
    elif casting == "unsafe" and isinstance(value, float):
        with numpy.errstate(all="ignore"):
            value = numpy.asarray(value).astype(dst.dtype)[
                ()
            ]  # wraps around as an array's elements do
    if isinstance(value, complex):
        value = as_array(value)  # its imaginary part may be lost, with a warning
    if where is True:
        dst[...] = value
        return
    given = _quelea.empty(shape(value), dst.dtype)
    given[...] = value
    dst[...] = _quelea.where(_quelea.broadcast_to(as_array(where), dst.shape), given, dst)
