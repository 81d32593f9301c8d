"""Bits in bytes: `packbits` and `unpackbits`, of which each byte is made of every eighth element."""

import operator
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .creation import empty
from .elementwise import as_array, order_of_new

__all__ = ["packbits", "unpackbits"]


def _shifts(bitorder: Any, *begin: str) -> list[int]:
    """By how much each of eight bits is shifted; NumPy looks at how the order's name begins."""
    if not isinstance(bitorder, str):
        raise TypeError(f"argument 'bitorder' must be str, not {type(bitorder).__name__}")
    if not bitorder.startswith(begin):
        raise ValueError("'order' must be either 'little' or 'big'")
    return list(range(8)) if bitorder[:1] == "l" else list(range(7, -1, -1))


def _line(x: ndarray, axis: Any) -> tuple[ndarray, int]:
    """Give an array and which of its axes is packed; None: it is flattened."""
    if axis is None:
        return x.reshape(-1), 0
    if x.ndim == 0:
        return x.reshape(1), int(normalize_axis_index(axis, 1))
    return x, int(normalize_axis_index(axis, x.ndim))


def packbits(a: Any, /, axis: int | None = None, bitorder: str = "big") -> ndarray:
    """Put eight truths into each byte.

    Parameters
    ----------
    a : array_like of integers or bools
        What is not 0 is a bit that is set.
    axis : int, optional
        Along which bits follow one another; None: the array is flattened.
    bitorder : {'big', 'little'}
        Whether the first of eight is the highest bit or the lowest one.

    Returns
    -------
    ndarray of uint8
        The last byte's bits that are left over are 0.

    Raises
    ------
    TypeError
        The elements are neither integers nor bools.

    Examples
    --------
    >>> import quelea as np
    >>> np.packbits(np.asarray([1, 0, 1, 0, 0, 0, 0, 0, 1]))
    array([160, 128], dtype=uint8)
    """
    axis = None if axis is None else operator.index(axis)
    shifts = _shifts(bitorder, "big", "little")
    given = as_array(a)
    if given.dtype.kind not in "biu":
        raise TypeError("Expected an input array of integer or boolean data type")
    x, axis = _line(given, axis)
    length = x.shape[axis]
    lead = (slice(None),) * axis
    whole, rest = divmod(length, 8)
    shape = (*x.shape[:axis], whole + (rest > 0), *x.shape[axis + 1 :])
    made = empty(shape, numpy.uint8, order_of_new(x))
    pieces = ((slice(whole), 0, 8 * whole), (slice(whole, None), 8 * whole, length))
    for target, first, end in pieces:
        parts = [
            _quelea.left_shift(
                _quelea.not_equal(x[(*lead, slice(first + k, end, 8))], 0).astype(numpy.uint8),
                numpy.uint8(shifts[k]),
            )
            for k in range(min(8, end - first))
        ]
        if parts:
            byte = parts[0]
            for part in parts[1:]:
                byte = _quelea.bitwise_or(byte, part)
            made[(*lead, target)] = byte
    return made


def unpackbits(
    a: Any, /, axis: int | None = None, count: int | None = None, bitorder: str = "big"
) -> ndarray:
    """Give the bits of bytes, as zeros and ones.

    Parameters
    ----------
    a : array_like of uint8
    axis : int, optional
        Along which the bits of a byte follow one another; None: the array is flattened.
    count : int, optional
        How many bits; more than there are: zeros follow; below 0: so many fewer than there are.
    bitorder : {'big', 'little'}
        Whether the first is the highest bit or the lowest one.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    TypeError
        The elements are no uint8.

    Examples
    --------
    >>> import quelea as np
    >>> np.unpackbits(np.asarray([160], "u1"), count=4)
    array([1, 0, 1, 0], dtype=uint8)
    """
    axis, count = (None if n is None else operator.index(n) for n in (axis, count))
    shifts = _shifts(bitorder, "b", "l")
    given = as_array(a)
    if given.dtype != numpy.uint8:
        raise TypeError("Expected an input array of unsigned byte data type")
    x, axis = _line(given, axis)
    there = 8 * x.shape[axis]
    length = there if count is None else count
    if length < 0:
        length += there
        if length < 0:
            raise ValueError(f"-count must be less than or equal to {there}")
    lead = (slice(None),) * axis
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    made = empty(shape, numpy.uint8, order_of_new(x))
    taken = min(length, there)
    for k in range(min(8, taken)):
        bytes_ = x[(*lead, slice((taken - k + 7) // 8))]
        bit = _quelea.bitwise_and(_quelea.right_shift(bytes_, numpy.uint8(shifts[k])), 1)
        made[(*lead, slice(k, taken, 8))] = bit
    if length > taken:
        made[(*lead, slice(taken, None))] = 0
    return made
