"""Boxes of indices: where they begin, and where they end, along each axis."""

from collections.abc import Sequence

__all__ = ["Box", "extents_of", "slices_of", "within"]

Box = tuple[Sequence[int], Sequence[int]]


def extents_of(box: Box) -> list[int]:
    """Give how long a box is along each axis."""
    return [b - a for a, b in zip(*box, strict=True)]


def slices_of(box: Box, origin: Sequence[int]) -> tuple[slice, ...]:
    """Give what reads a box of an array whose first element has the indices `origin`."""
    return tuple(slice(a - o, b - o) for a, b, o in zip(*box, origin, strict=True))


def within(box: Box, other: Box) -> Box | None:
    """Give what two boxes have in common."""
    begin = [max(a, b) for a, b in zip(box[0], other[0], strict=True)]
    end = [min(a, b) for a, b in zip(box[1], other[1], strict=True)]
    return (begin, end) if all(a < b for a, b in zip(begin, end, strict=True)) else None
