"""How nodes cut an array, and what they touch of each other.

Along each axis the nodes have cells; a node that is not at an end has a neighbour on either side. All sums over nodes
are products over axes, so they are exact, and cost nothing on any number of nodes:

    neighbours of all nodes       prod(3 cells - 2) - prod(cells)
    ghosts of all, so deep        prod(extent + 2 depth (cells - 1)) - prod(extent)
"""

import math
from dataclasses import dataclass

from .. import _quelea

__all__ = ["Geometry", "geometry_of"]


@dataclass(frozen=True)
class Geometry:
    """An array's shape, and its cells along each axis."""

    shape: tuple[int, ...]
    cells: tuple[int, ...]

    @property
    def nodes(self) -> int:
        """Nodes that it is cut for."""
        return math.prod(self.cells)

    @property
    def elements(self) -> int:
        """Elements of all nodes."""
        return math.prod(self.shape)

    @property
    def part(self) -> tuple[int, ...]:
        """Shape of the largest part."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.cells, strict=True))

    @property
    def sides(self) -> tuple[int, ...]:
        """Along each axis, neighbours of a node that has most."""
        return tuple(min(c - 1, 2) for c in self.cells)

    @property
    def neighbours(self) -> int:
        """Nodes that touch it, at corners too: of a node that has most."""
        return math.prod(1 + s for s in self.sides) - 1

    @property
    def all_neighbours(self) -> int:
        """The same, summed over all nodes."""
        return math.prod(3 * c - 2 for c in self.cells) - self.nodes

    def ghosts(self, depth: float) -> float:
        """Elements of others within so many of a part, of a node that has most."""
        whole = [n + depth * s for n, s in zip(self.part, self.sides, strict=True)]
        return math.prod(whole) - math.prod(self.part)

    def all_ghosts(self, depth: float) -> float:
        """The same, summed over all nodes."""
        whole = [n + 2 * depth * (c - 1) for n, c in zip(self.shape, self.cells, strict=True)]
        return math.prod(whole) - self.elements

    def depth(self, ghosts: float) -> float:
        """Find how deep so many ghosts of all nodes are."""
        low, high = 0.0, 1.0
        if self.nodes == 1 or ghosts <= 0:
            return 0.0
        while self.all_ghosts(high) < ghosts:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.all_ghosts(middle) < ghosts else (low, middle)
        return high

    @property
    def thinnest(self) -> int:
        """The least extent of a part along an axis that is cut."""
        cut = [n // c for n, c in zip(self.shape, self.cells, strict=True) if c > 1]
        return min(cut, default=max(self.shape))


def geometry_of(shape: tuple[int, ...], nodes: int) -> Geometry:
    """Cut a shape as the runtime does."""
    return Geometry(shape, _quelea.grid_cells(shape, nodes))
