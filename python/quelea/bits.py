"""The bits of elements: `ndarray.view` as another dtype, `ndarray.byteswap`.

A view as another dtype of the same size is a handle, as every view is: what is stored through it is seen in the array,
and the other way round. As a dtype of another size there is none: where elements lie follows from their number, so an
array cannot be cut into parts, over ranks, at two grains at once.
"""

from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .elementwise import order_of_new

__all__: list[str] = []

_INSTEAD = {
    ("c", "f"): "write np.stack((x.real, x.imag), axis=-1), a copy, or assign to x.real and x.imag",
    ("f", "c"): "write x[..., 0::2] + 1j * x[..., 1::2], a copy",
}
_SHIFTS = (
    "write shifts of an unsigned integer, as (x >> 8) & 255, or numpy.asarray(x).view(dtype), a copy on "
    "every rank"
)


def _is_array_type(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, (ndarray, numpy.ndarray))


def _check_size(x: ndarray, dtype: numpy.dtype[Any]) -> None:
    """Raise what NumPy raises where elements of another size do not fit."""
    old, new = x.dtype.itemsize, dtype.itemsize
    if x.ndim == 0:
        raise ValueError(
            "Changing the dtype of a 0d array is only supported if the itemsize is unchanged"
        )
    if x.shape[-1] != 1 and x.size and x.strides[-1] != old:
        raise ValueError(
            "To change to a dtype of a different size, the last axis must be contiguous"
        )
    if new < old and (new == 0 or old % new):
        raise ValueError(
            "When changing to a smaller dtype, its size must be a divisor of the size of original dtype"
        )
    if new > old and x.shape[-1] * old % new:
        raise ValueError(
            "When changing to a larger dtype, its size must be a divisor of the total size in bytes of the last "
            "axis of the array."
        )


def _view(x: ndarray, dtype: Any, type: Any) -> ndarray:
    """``ndarray.view`` with arguments, `...` where there is none: the same bits as elements of another dtype.

    Raises
    ------
    NotImplementedError
        The dtype has another size, or the other one is complex.
    """
    if dtype is not ... and _is_array_type(dtype):
        if type is not ...:
            raise ValueError("Cannot specify output type twice.")
        dtype, type = ..., dtype
    if type is not ... and not _is_array_type(type):
        raise ValueError("Type must be a sub-type of ndarray type")
    if type is not ... and type not in (ndarray, numpy.ndarray):
        raise NotImplementedError(
            f"view as {type.__name__} is not in Quelea yet; write numpy.asarray(x).view({type.__name__}), a copy "
            "on every rank"
        )
    if dtype is ...:
        return x.view()
    wanted = numpy.dtype(dtype)
    if wanted == x.dtype:
        return x.view()
    if wanted.hasobject:
        raise TypeError("Cannot change data-type for array of references.")
    if wanted.itemsize != x.dtype.itemsize:
        _check_size(x, wanted)
    if wanted.kind not in "biufc" or not wanted.isnative or wanted.itemsize > 16:
        raise NotImplementedError(
            f"view as {wanted} is not in Quelea yet: arrays hold booleans, integers, floats of up to 64 and complex "
            "numbers of up to 128 bits, in the machine's order (x.byteswap() gives the other one); write "
            "numpy.asarray(x).view(dtype), a copy on every rank"
        )
    kinds = x.dtype.kind, wanted.kind
    if wanted.itemsize != x.dtype.itemsize or (kinds[0] == "c") != (kinds[1] == "c"):
        raise NotImplementedError(
            f"view of {x.dtype} as {wanted} is not in Quelea yet: a view has elements of the same size, and complex "
            f"numbers are none of bits; {_INSTEAD.get(kinds, _SHIFTS)}"
        )
    try:
        return _quelea.view_bits(x, wanted)
    except TypeError:
        raise NotImplementedError(
            "view of real or imaginary parts as another dtype is not in Quelea yet; write x.real.copy().view(dtype)"
        ) from None


def _swapped(words: ndarray) -> ndarray:
    """Give the bytes of unsigned integers in the other order: halves first, then the halves of these, and so on."""
    half = words.dtype.itemsize * 4
    while half >= 8:
        low = sum(((1 << half) - 1) << at for at in range(0, words.dtype.itemsize * 8, 2 * half))
        words = (words >> half) & low | (words & low) << half
        half //= 2
    return words


def _swap(x: ndarray) -> None:
    """Exchange the bytes of each element, or of its parts."""
    for part in (x.real, x.imag) if x.dtype.kind == "c" else (x,):
        size = part.dtype.itemsize
        if size > 1 and x.dtype.kind != "c":
            words = part.view(f"u{size}")
            words[...] = _swapped(words)
        elif size > 1:  # of parts there is no view as bits
            part[...] = _quelea.from_bits(_swapped(_quelea.bits(part)))


def _byteswap(x: ndarray, inplace: Any = False) -> ndarray:
    """``ndarray.byteswap``: the bytes of each element in the other order, in a new array or in this one."""
    if inplace:
        if _quelea.is_value(x):
            raise ValueError("cannot byteswap a scalar in-place")
        if not _quelea.is_writable(x):
            raise ValueError("array to be byte-swapped is read-only")
        _swap(x)
        return x
    made = x.copy(order_of_new(x))
    if _quelea.is_value(x):
        made = made.reshape(1)
    _swap(made)
    return made.reshape(())[()] if _quelea.is_value(x) else made
