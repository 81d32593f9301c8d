"""Grids as the C references make them, and the check of an answer that they print too (cluster/bench/common.h)."""

import math
from typing import Any

import numpy

__all__ = ["checksum", "start_values"]

_PIECE = 1 << 20  # elements that are checked at once


def start_values(np: Any, shape: tuple[int, ...], first: int = 0) -> Any:
    """Fill an array from integers alone: all sides have the same bits, and none are denormal later.

    `first` is the number of its first element.
    """
    number: Any = first
    for axis, extent in enumerate(shape):
        along = np.arange(extent) * math.prod(shape[axis + 1 :])
        number = number + along[(slice(None),) + (None,) * (len(shape) - axis - 1)]
    return number * 2654435761 % 1000 / 1000.0


def checksum(*fields: "numpy.ndarray[Any, Any]") -> int:
    """Sum of every element's bits times its odd position, modulo 2**64; positions go on from field to field."""
    total, first = 0, 0
    for field in fields:
        flat = numpy.ascontiguousarray(field).reshape(-1).view(numpy.uint64)
        for begin in range(0, flat.size, _PIECE):
            piece = flat[begin : begin + _PIECE]
            position = numpy.arange(first + begin, first + begin + piece.size, dtype=numpy.uint64)
            total += int((piece * (position * numpy.uint64(2) + numpy.uint64(1))).sum())
        first += flat.size
    return total % 2**64
