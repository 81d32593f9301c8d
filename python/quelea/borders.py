"""Borders of stencils: into which boxes a result is cut, and where what lies beyond the ends is found.

Along each axis a box is the whole inside, or one place that has neighbours beyond the ends:

    corner   edge ...... edge   corner
    edge     inside ... inside  edge
    corner   edge ...... edge   corner

For such a place all neighbours along the axis are known beforehand, so no index is bent inside of a loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .compiling.relative import Offsets

Table = list[int]  # where neighbours are found


def _nearest(x: int, n: int) -> int:
    return min(max(x, 0), n - 1)


def _reflect(x: int, n: int) -> int:
    x %= 2 * n
    return min(x, 2 * n - 1 - x)


def _mirror(x: int, n: int) -> int:
    x %= max(2 * n - 2, 1)
    return min(x, 2 * n - 2 - x) if n > 1 else 0


def _wrap(x: int, n: int) -> int:
    return x % n


# Where a position beyond the ends of an axis is found, of those that have such a place: SciPy's names.
FOUND: dict[str, Callable[[int, int], int]] = {
    "nearest": _nearest,
    "reflect": _reflect,
    "mirror": _mirror,
    "wrap": _wrap,
    "grid-constant": _nearest,  # anything: it is not read
}
SAME = {"grid-mirror": "reflect", "grid-wrap": "wrap"}
MODES = ("constant", "skip", *FOUND, *SAME)


class Piece:
    """A box of the result: along each axis from where to where; border: it is one place, with neighbours there."""

    def __init__(self, axes: Sequence[Span], reach: Offsets, fills: bool) -> None:
        self.axes, self.reach, self.fills = axes, reach, fills
        self.key = tuple(slice(axis.low, axis.high) for axis in axes)
        self.border = tuple(axis.found is not None for axis in axes)
        self.views: dict[Any, tuple[slice, ...] | None] = {}

    def view_at(self, offsets: Any) -> tuple[slice, ...] | None:
        """Which view of an array stands so far away; None: it is beyond the ends, where a number is."""
        if offsets not in self.views:
            places = offsets if isinstance(offsets, tuple) else (offsets,)
            key = []
            for axis, offset, (least, _) in zip(self.axes, places, self.reach, strict=True):
                if axis.found is None:
                    key.append(slice(axis.low + offset, axis.high + offset))
                elif self.fills and not axis.inside[offset - least]:
                    self.views[offsets] = None
                    return None
                else:
                    place = axis.found[offset - least]
                    key.append(slice(place, place + 1))
            self.views[offsets] = tuple(key)
        return self.views[offsets]


class Span:
    """A piece along one axis.

    Of a place of the border `found` says where its neighbours are found, and `inside` which of them are there.
    """

    def __init__(self, low: int, high: int, found: Table | None, inside: list[bool]) -> None:
        self.low, self.high = low, high
        self.found, self.inside = found, inside  # by offset from the least

    def found_at(self, inside: bool) -> Table:
        """Where those are that are inside, or not, and for the others one of these."""
        assert self.found is not None
        some = [x for x, there in zip(self.found, self.inside, strict=True) if there == inside]
        other = (some or self.found)[0]
        pairs = zip(self.found, self.inside, strict=True)
        return [x if there == inside else other for x, there in pairs]


def _spans(n: int, reach: tuple[int, int], mode: str) -> tuple[list[Span], list[Span]]:
    """An axis of n places: the stretch inside, if there is one, and each place of the border."""
    below, above = max(0, -reach[0]), max(0, reach[1])
    first, last = min(below, n), max(n - above, 0)
    inside = [Span(first, last, None, [])] if first < last else []
    border = []
    if mode in FOUND:
        for x in (*range(first), *range(max(first, last), n)):
            seen = range(x + reach[0], x + reach[1] + 1)
            found = [FOUND[mode](y, n) for y in seen]
            border.append(Span(x, x + 1, found, [0 <= y < n for y in seen]))
    return inside, border


def pieces_of(shape: tuple[int, ...], reach: Offsets, mode: str) -> list[Piece]:
    """All that is computed, the inside first if there is one."""
    axes = []
    for n, axis in zip(shape, reach, strict=True):
        inside, border = _spans(n, axis, mode)
        axes.append(inside + border)
    fills = mode == "grid-constant"
    return [Piece(spans, reach, fills) for spans in itertools.product(*axes)]


def edges(shape: tuple[int, ...], reach: Offsets) -> Iterator[tuple[slice, ...]]:
    """All that is not inside, as boxes that do not overlap."""
    before: list[slice] = []
    for n, (low, high) in zip(shape, reach, strict=True):
        first = min(max(0, -low), n)
        last = max(n - max(0, high), first)
        rest = [slice(None)] * (len(shape) - len(before) - 1)
        for edge in (slice(0, first), slice(last, n)):
            if edge.start < edge.stop:
                yield (*before, edge, *rest)
        before.append(slice(first, last))
