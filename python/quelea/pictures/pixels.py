"""A field as pixels: each rank reduces its own part of it to the pixels that it touches, and these alone travel.

    field   |.....rank 0.....|.....rank 1.....|     k elements a pixel along each axis, fewer at the end
    pixels  |..|..|..|..|..|..|..|..|..|..|..|.|    one that lies in two parts comes from two ranks

So that a mean is the same bits however the field is cut, no sum may depend on the order: elements are rounded to
multiples of a power of two, as small as lets the sum of a pixel fit the 53 bits of a float64, and then all sums are
exact. A pixel of one element is that element.
"""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from .. import _quelea, config
from .._quelea import ndarray
from ..boxes import Box, extents_of, slices_of
from ..checkpointing.together import on_all

__all__ = ["KINDS", "Pixels", "pixels_of"]

_CHUNK = 2**20  # bytes of a part that are reduced at a time
_ROUND = 2**24  # bytes of pixels that travel at a time


@dataclass(frozen=True)
class _Kind:
    """A way to make one value of many, whose parts may be put together in any order."""

    combine: Any
    begin: float


KINDS = {
    "mean": _Kind(numpy.add, 0.0),
    "max": _Kind(numpy.maximum, -math.inf),
    "min": _Kind(numpy.minimum, math.inf),
}


@dataclass(frozen=True)
class Pixels:
    """What a picture is made of.

    Attributes
    ----------
    values : dict of str to NumPy array
        For each kind float64, on rank 0; elsewhere empty.
    shape : tuple of int
        Of the field.
    steps : tuple of int
        So many elements are a pixel along each axis.
    low, high : float
        The least and the greatest finite element of the field, 0 and 0 where there is none; on all ranks.
    """

    values: dict[str, Any]
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    low: float
    high: float


# ---- a rank's part ----


def _chunks(box: Box, item: int) -> Iterator[Box]:
    """Cut a box of one axis or two into parts of some bytes: rows, or stretches of a row."""
    begin, end = box
    width = end[-1] - begin[-1]
    across = max(1, min(width, _CHUNK // item))
    down = max(1, _CHUNK // (item * across)) if len(begin) > 1 else 1
    rows = range(begin[0], end[0], down) if len(begin) > 1 else range(1)
    for i in rows:
        for j in range(begin[-1], end[-1], across):
            last = min(j + across, end[-1])
            yield ([i, j], [min(i + down, end[0]), last]) if len(begin) > 1 else ([j], [last])


def _floats(x: ndarray, chunk: Box) -> Any:
    part = _quelea.piece_read(x, *chunk)
    return part.astype(numpy.float64, copy=False)


def _limits(x: ndarray, box: Box) -> list[float]:
    """The least and the greatest finite element, or inf and -inf."""
    low, high = math.inf, -math.inf
    for chunk in _chunks(box, x.itemsize):
        part = _floats(x, chunk)
        least, greatest = float(part.min()), float(part.max())
        if not (math.isfinite(least) and math.isfinite(greatest)):
            part = part[numpy.isfinite(part)]
            if part.size == 0:
                continue
            least, greatest = float(part.min()), float(part.max())
        low, high = min(low, least), max(high, greatest)
    return [low, high]


def _columns(combine: Any, part: Any, begin: int, step: int) -> Any:
    """Reduce rows that belong to the same pixels; the first is the row `begin` of the field."""
    rows, width = part.shape
    head = min(rows, -begin % step)
    whole = (rows - head) // step
    tail = head + whole * step
    made = [combine.reduce(part[head:tail].reshape(whole, step, width), axis=1)]
    if head:
        made.insert(0, combine.reduce(part[:head], axis=0)[None])
    if tail < rows:
        made.append(combine.reduce(part[tail:], axis=0)[None])
    return numpy.concatenate(made)


def _rows(combine: Any, part: Any, begin: int, step: int) -> Any:
    """Reduce what belongs to the same pixels in each row; the first column is the field's column `begin`."""
    width = part.shape[-1]
    starts = numpy.arange(-begin % step, width, step)
    if begin % step:
        starts = numpy.concatenate(([0], starts))
    return combine.reduceat(part, starts, axis=-1)


def _touched(box: Box, steps: Sequence[int]) -> Box:
    """Give the pixels that a box has elements of."""
    begin, end = box
    if any(a >= b for a, b in zip(begin, end, strict=True)):
        return [0] * len(steps), [0] * len(steps)
    first = [a // k for a, k in zip(begin, steps, strict=True)]
    return first, [-(-b // k) for b, k in zip(end, steps, strict=True)]


def _reduced(
    x: ndarray, box: Box, steps: Sequence[int], kinds: Sequence[str], scale: Callable[[Any], Any]
) -> list[Any]:
    """Reduce a part of the field to the pixels that it touches, for each kind."""
    mine = _touched(box, steps)
    made = [numpy.full(extents_of(mine), KINDS[kind].begin) for kind in kinds]
    for chunk in _chunks(box, x.itemsize):
        part = _floats(x, chunk)
        place = slices_of(_touched(chunk, steps), mine[0])
        for kind, into in zip(kinds, made, strict=True):
            combine = KINDS[kind].combine
            reduced = scale(part) if kind == "mean" else part
            if len(steps) > 1 and steps[0] > 1:
                reduced = _columns(combine, reduced, chunk[0][0], steps[0])
            if steps[-1] > 1:
                reduced = _rows(combine, reduced, chunk[0][-1], steps[-1])
            combine(into[place], reduced, out=into[place])
    return made


# ---- exact sums ----


def _exponent(low: float, high: float, steps: Sequence[int]) -> int:
    """Which power of two elements are multiplied with, so that sums of as many as a pixel has are exact integers."""
    bits = 52 - (math.prod(steps) - 1).bit_length()
    return bits - math.frexp(max(abs(low), abs(high)))[1]


def _scaled(exponent: int) -> Callable[[Any], Any]:
    if abs(exponent) < 1000:
        factor = 2.0**exponent
        return lambda part: numpy.rint(part * factor)
    return lambda part: numpy.rint(numpy.ldexp(part, exponent))


def _counts(shape: Sequence[int], steps: Sequence[int]) -> Any:
    """How many elements each pixel has."""
    along = [numpy.minimum(k, n - numpy.arange(0, n, k)) for n, k in zip(shape, steps, strict=True)]
    return along[0] if len(along) == 1 else numpy.outer(*along)


# ---- to rank 0 ----


def _rounds(sizes: Sequence[int]) -> Iterator[range]:
    """Put ranks together whose pixels travel at a time."""
    begin = total = 0
    for rank, size in enumerate(sizes):
        if total and total + size > _ROUND:
            yield range(begin, rank)
            begin, total = rank, 0
        total += size
    if total:
        yield range(begin, len(sizes))


def _packed(box: Box, made: list[Any]) -> bytes:
    if not made or made[0].size == 0:
        return b""
    head = struct.pack(f"<{2 * len(box[0])}q", *box[0], *box[1])
    return head + b"".join(part.tobytes() for part in made)


def _combined(data: bytes, kinds: Sequence[str], whole: list[Any], ndim: int) -> None:
    """Take in what a rank has."""
    words = struct.unpack_from(f"<{2 * ndim}q", data)
    box = words[:ndim], words[ndim:]
    extents = extents_of(box)
    parts = numpy.frombuffer(data, numpy.float64, offset=16 * ndim)
    for kind, into, part in zip(kinds, whole, parts.reshape(len(kinds), *extents), strict=True):
        place = into[slices_of(box, [0] * ndim)]
        KINDS[kind].combine(place, part, out=place)


def _put_together(packed: bytes, kinds: Sequence[str], extents: Sequence[int]) -> list[Any]:
    """Give the pixels of all ranks, on rank 0. Collective."""
    is_root = _quelea.info()["rank"] == 0
    whole = [numpy.full(extents, KINDS[kind].begin) for kind in kinds] if is_root else []
    mine = _quelea.info()["rank"]
    for ranks in _rounds(on_all(lambda: len(packed))):
        for data in _quelea.collect(packed if mine in ranks else b""):
            if is_root and data:
                _combined(data, kinds, whole, len(extents))
    return whole


def _readable(x: ndarray) -> ndarray:
    """Give an array of which each rank has a box: a copy of diagonals and what else is none, across nodes."""
    if _quelea.info()["node_count"] == 1 or _quelea.is_box(x):
        return x
    with config._looking_is_allowed():
        copy = x.copy()
        _quelea.sync()
    return copy


def pixels_of(x: ndarray, most: Sequence[int], kinds: Sequence[str]) -> Pixels:
    """Reduce a field of one axis or two, of real numbers, to pixels. Collective; executes what is recorded.

    Parameters
    ----------
    x : ndarray
    most : sequence of int
        So many pixels at most along each axis.
    kinds : sequence of str
        Of `KINDS`.
    """
    steps = tuple(max(1, -(-n // m)) for n, m in zip(x.shape, most, strict=True))
    extents = [-(-n // k) for n, k in zip(x.shape, steps, strict=True)]
    x = _readable(x)
    box = _quelea.piece(x)
    with numpy.errstate(all="ignore"):
        found = on_all(lambda: _limits(x, box))
        low, high = min(a for a, _ in found), max(b for _, b in found)
        if low > high:
            low = high = 0.0
        exponent = _exponent(low, high, steps)
        is_one = math.prod(steps) == 1
        scale = _scaled(exponent) if not is_one else lambda part: part
        made: list[Any] = []
        on_all(lambda: made.extend(_reduced(x, box, steps, kinds, scale)))
        whole = _put_together(_packed(_touched(box, steps), made), kinds, extents)
        values = dict(zip(kinds, whole, strict=False))
        if "mean" in values and not is_one:
            values["mean"] = numpy.ldexp(values["mean"], -exponent) / _counts(x.shape, steps)
        values = {kind: value + 0.0 for kind, value in values.items()}  # one zero, not two
    return Pixels(values, tuple(x.shape), steps, low, high)
