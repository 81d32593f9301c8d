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
from typing import Any

import numpy

from .. import _quelea
from ..errors import CheckpointError

__all__ = ["Box", "chunks", "read", "write"]

_CHUNK = 2**22  # bytes

Box = tuple[Sequence[int], Sequence[int]]  # where it begins, and where it ends


def chunks(box: Box, item: int) -> Iterator[Box]:
    """Cut a box, of elements of so many bytes, into chunks, in the order of its elements."""
    begin, end = list(box[0]), list(box[1])
    extents = [b - a for a, b in zip(begin, end, strict=True)]
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


def _within(box: Box, other: Box) -> Box | None:
    """Give what two boxes have in common."""
    begin = [max(a, b) for a, b in zip(box[0], other[0], strict=True)]
    end = [min(a, b) for a, b in zip(box[1], other[1], strict=True)]
    return (begin, end) if all(a < b for a, b in zip(begin, end, strict=True)) else None


def _slices(box: Box, origin: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(a - o, b - o) for a, b, o in zip(*box, origin, strict=True))


def read(
    path: str,
    noted: Sequence[int],
    inside: Sequence[Any],
    number: int,
    into: Any,
    origin: Sequence[int],
) -> int:
    """Read what a file has of an array into a part of it, which begins at `origin`. Gives the bytes that were read.

    inside: of each piece in the file, in order, the array's number, where it begins and ends, and the dtype.
    """
    wanted: Box = (origin, [o + n for o, n in zip(origin, into.shape, strict=True)])
    if not any(k == number and _within((begin, end), wanted) for k, begin, end, _ in inside):
        return 0
    done = 0
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _named(error, path) from None
    try:
        sums, at = _table(file, path, noted), 0
        for (k, begin, end, kind), of_chunks in zip(inside, sums, strict=True):
            dtype = numpy.dtype(kind)
            for chunk, total in zip(chunks((begin, end), dtype.itemsize), of_chunks, strict=True):
                extents = [b - a for a, b in zip(*chunk, strict=True)]
                size = dtype.itemsize * math.prod(extents)
                both = _within(chunk, wanted) if k == number else None
                if both:
                    data = _read_all(file, size, at, path)
                    if zlib.crc32(data) != total:
                        raise _changed(path, f"the checksum of bytes {at} to {at + size} differs")
                    elements = data.view(dtype).reshape(extents)
                    into[_slices(both, origin)] = elements[_slices(both, chunk[0])]
                    done += size
                at += size
    except OSError as error:
        raise _named(error, path) from None
    finally:
        os.close(file)
    return done
