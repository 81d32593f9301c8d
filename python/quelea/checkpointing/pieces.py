"""A rank's file: its piece of each array, chunk after chunk, each as it lies in C order.

    chunk  chunk  ...  chunk  table

The table, as JSON, has the checksums of the chunks (CRC-32), which the manifest has of the table. Chunks are cut along
the first axes, so that who reads a part of an array on other ranks reads whole chunks, few of which he does not need.
"""

import json
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from .. import _quelea
from ..boxes import Box, extents_of, slices_of, within
from ..errors import CheckpointError

__all__ = ["Wanted", "chunks", "read", "write"]

_CHUNK = 2**22  # bytes


def chunks(box: Box, item: int) -> Iterator[Box]:
    """Cut a box, of elements of so many bytes, into chunks, in the order of its elements."""
    begin, end = list(box[0]), list(box[1])
    extents = extents_of(box)
    if any(extent <= 0 for extent in extents):
        return
    axis, row = 0, item * math.prod(extents[1:])
    while axis < len(extents) and row > _CHUNK:  # one step along the axis is too much
        axis += 1
        row = item * math.prod(extents[axis + 1 :])
    if axis >= len(extents):
        yield begin, end
        return
    step = max(1, _CHUNK // row)
    for before in numpy.ndindex(*extents[:axis]):
        place = [a + k for a, k in zip(begin, before, strict=False)]
        for at in range(begin[axis], end[axis], step):
            yield (
                [*place, at, *begin[axis + 1 :]],
                [*(k + 1 for k in place), min(at + step, end[axis]), *end[axis + 1 :]],
            )


def _write_all(file: int, data: Any) -> None:
    left = memoryview(data).cast("B")
    while left:
        left = left[os.write(file, left) :]


# ---- writing ----


def write(path: str, arrays: Sequence[tuple[_quelea.ndarray, Box]]) -> list[Any]:
    """Write a file of pieces, to the disk. Gives what the manifest says of it: size, and size and sum of the table."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        sums: list[list[int]] = []
        size = 0
        for x, box in arrays:
            sums.append([])
            for begin, end in chunks(box, x.itemsize):
                data = _quelea.piece_read(x, begin, end).reshape(-1).view(numpy.uint8)
                sums[-1].append(zlib.crc32(data))
                _write_all(file, data)
                size += data.nbytes
        table = json.dumps(sums).encode()
        _write_all(file, table)
        os.fsync(file)
    except OSError as error:
        raise _named(error, path) from None
    finally:
        os.close(file)
    return [size + len(table), len(table), zlib.crc32(table)]


def _named(error: OSError, path: str) -> OSError:
    """Give the same error with the name of the file: what is done with open files has none."""
    return OSError(error.errno, error.strerror, path)


# ---- reading ----


def _read_all(file: int, size: int, at: int, path: str) -> Any:
    data = numpy.empty(size, numpy.uint8)
    left, view = size, data.data
    while left:
        count = os.preadv(file, [view[size - left :]], at + size - left)
        if not count:
            raise CheckpointError(
                f"{path} is shorter than it was written: it ends before byte {at + size}"
            )
        left -= count
    return data


def _changed(path: str, what: str) -> CheckpointError:
    return CheckpointError(f"{path} is not as it was written: {what}")


def _table(file: int, path: str, noted: Sequence[int]) -> Any:
    size, table, total = noted
    found = os.fstat(file).st_size
    if found != size:
        raise _changed(path, f"it has {found} bytes of {size}")
    data = _read_all(file, table, size - table, path).tobytes()
    if zlib.crc32(data) != total:
        raise _changed(path, "the checksum of its table differs")
    return json.loads(data)


Wanted = dict[
    int, tuple[Any, Sequence[int]]
]  # of arrays by number: a part of it, and where that begins


def read(path: str, noted: Sequence[int], inside: Sequence[Any], wanted: Wanted) -> int:
    """Read what a file has of arrays into the parts that are wanted of them. Gives the bytes that were read.

    inside: of each piece in the file, in order, the array's number, where it begins and ends, and the dtype.
    """

    def box_of(number: int) -> Box:
        into, origin = wanted[number]
        return origin, [o + n for o, n in zip(origin, into.shape, strict=True)]

    mine = [k in wanted and within((begin, end), box_of(k)) for k, begin, end, _ in inside]
    if not any(mine):
        return 0
    done = at = 0
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _named(error, path) from None
    try:
        sums = _table(file, path, noted)
        for (k, begin, end, kind), of_chunks, needed in zip(inside, sums, mine, strict=True):
            dtype = numpy.dtype(kind)
            if needed:
                piece = _Piece(file, path, at, dtype, (begin, end), of_chunks)
                done += piece.read(wanted[k][0], box_of(k))
            at += dtype.itemsize * math.prod(extents_of((begin, end)))
    except OSError as error:
        raise _named(error, path) from None
    finally:
        os.close(file)
    return done


@dataclass
class _Piece:
    """A piece of an array in an open file, from a byte on."""

    file: int
    path: str
    at: int
    dtype: Any
    box: Box
    sums: Sequence[int]

    def read(self, into: Any, wanted: Box) -> int:
        """Read the chunks that have something of a box. Gives their bytes."""
        done, at = 0, self.at
        for chunk, total in zip(chunks(self.box, self.dtype.itemsize), self.sums, strict=True):
            extents = extents_of(chunk)
            size = self.dtype.itemsize * math.prod(extents)
            both = within(chunk, wanted)
            if both:
                data = _read_all(self.file, size, at, self.path)
                if zlib.crc32(data) != total:
                    raise _changed(self.path, f"the checksum of bytes {at} to {at + size} differs")
                elements = data.view(self.dtype).reshape(extents)
                into[slices_of(both, wanted[0])] = elements[slices_of(both, chunk[0])]
                done += size
            at += size
        return done
