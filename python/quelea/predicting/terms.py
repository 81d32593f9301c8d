"""The table: a row for each term of the time that a run takes on the rank that has most to do."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..folding import LEAF
from .geometry import Geometry
from .networks import Network

__all__ = ["DEEPEST", "PART", "TERMS", "Case", "Pattern", "Term"]

# Ghosts are no deeper than such a part of a node's extent, and so many: those of runtime/plan/deepen.c.
PART, DEEPEST = 16, 64
# Exchanges of a sum: along the last axis twice, along the others, and to where the value is.
SUM_EXCHANGES = 4


@dataclass(frozen=True)
class Pattern:
    """What a program does, whatever takes how long: counted in a run on several nodes."""

    points: float  # that kernels compute for each element of the array
    exchanges: float  # of halos
    kernels: float  # for each of them, of a rank
    depth: float  # of the ghosts that each of them brings
    arrays: int  # whose ghosts travel in a message
    item: int  # bytes of an element
    overlapped: float  # part of the exchanges during which what needs none of them is computed
    agreements: float
    sums: float  # numbers that the program has looked at
    gathered: float  # bytes that go to one node, or to each, for each element of the array
    redistributions: float  # in which every node sends to every other,
    redistributed: float  # and is brought so many bytes for each element that it owns

    def within(self, geometry: Geometry) -> "Pattern":
        """Make exchanges less deep where the nodes' parts are too thin for them, and more of them."""
        if self.depth <= 0:
            return self
        most = min(geometry.thinnest // PART, DEEPEST)
        least = self.depth / max(self.kernels, 1.0)  # what one kernel reads beyond
        # what was counted is a little more than the ghosts of blocks: edges, and how a run begins
        parts = max(math.ceil(self.depth / max(most, least) - 0.1), 1)
        return replace(
            self,
            exchanges=self.exchanges * parts,
            kernels=self.kernels / parts,
            depth=self.depth / parts,
        )


@dataclass(frozen=True)
class Case:
    """What the terms are made of, for some ranks on some nodes."""

    pattern: Pattern
    network: Network
    geometry: Geometry
    per_node: int
    point: (
        float  # seconds in which a rank computes a point, while the others of its node do the same
    )
    rate: float  # bytes in a second that its kernels pass over meanwhile
    waiting: float  # seconds, as measured on one node: for other ranks there,
    program: float  # and in Python, recording, planning and compiling

    @functools.cached_property
    def own(self) -> float:
        """Seconds in which a rank computes the elements that its node owns."""
        elements = math.prod(self.geometry.part) / self.per_node
        return self.pattern.points * elements * self.point

    @functools.cached_property
    def brought(self) -> float:
        """Bytes that an exchange brings to a node."""
        return self.geometry.ghosts(self.pattern.depth) * self.pattern.item * self.pattern.arrays

    @functools.cached_property
    def largest(self) -> float:
        """Bytes of the largest message of an exchange."""
        part, depth = self.geometry.part, self.pattern.depth
        faces = [
            depth * math.prod(part) / n for n, s in zip(part, self.geometry.sides, strict=True) if s
        ]
        return max(faces, default=0.0) * self.pattern.item * self.pattern.arrays

    @functools.cached_property
    def stages(self) -> int:
        """Messages that each node sends, one after another, until all have agreed."""
        return math.ceil(math.log2(self.geometry.nodes))

    @functools.cached_property
    def travel(self) -> tuple[float, float]:
        """Seconds of an exchange: latency, bytes."""
        messages = self.geometry.neighbours
        return self.network.waits(messages, self.largest), self.brought / self.network.bandwidth


class Term(NamedTuple):
    """A part of the time, in seconds of a run."""

    name: str
    seconds: Callable[[Case], float]
    meaning: str
    source: str


def _beyond(case: Case) -> float:
    """Sum up what the kernels of an exchange compute of the neighbours' elements: the first one most."""
    p, kernels = case.pattern, max(round(case.pattern.kernels), 1)
    volume = math.prod(case.geometry.part)
    wider = [math.floor(k * p.depth / kernels) for k in range(kernels)]
    return case.own * sum(case.geometry.ghosts(w) for w in wider) / (volume * kernels)


def _hidden(case: Case) -> float:
    exchanges = case.pattern.exchanges
    if exchanges <= 0:
        return 0.0
    kernel = case.own / (exchanges * max(case.pattern.kernels, 1.0))
    return -case.pattern.overlapped * exchanges * min(sum(case.travel), kernel)


def _gathers(case: Case) -> float:
    nodes = case.geometry.nodes
    brought = case.pattern.gathered * case.geometry.elements * (nodes - 1) / nodes
    return brought / case.network.bandwidth


def _redistributions(case: Case) -> float:
    nodes, network, p = case.geometry.nodes, case.network, case.pattern
    if nodes == 1:
        return 0.0
    brought = p.redistributed * case.geometry.elements / nodes * (nodes - 1) / nodes
    return p.redistributions * network.waits(nodes - 1, 0.0) + brought / network.bandwidth


def _sums(case: Case) -> float:
    nodes = case.geometry.nodes
    if nodes == 1:
        return 0.0
    values = min(nodes, math.ceil(max(case.geometry.shape) / LEAF))
    busy = case.network.overhead * (nodes - 1 + values - 1)
    return case.pattern.sums * (SUM_EXCHANGES * case.network.latency + busy)


# fmt: off
TERMS = (
    Term("kernels", lambda c: c.own,
         "points of the largest part, at the speed that was measured with as many ranks on a node: memory is shared",
         "roofline: Williams, Waterman, Patterson 2009"),
    Term("beyond", _beyond,
         "points of neighbours that a node computes as well, so that it exchanges once for several steps",
         "Demmel, Hoemmen, Mohiyuddin, Yelick 2008"),
    Term("packing", lambda c: 4 * c.pattern.exchanges * c.brought / (c.per_node * c.rate),
         "what is sent and what has come, read and written at the speed of kernels, by all ranks of the node",
         "Hockney 1994"),
    Term("latency", lambda c: c.pattern.exchanges * c.travel[0],
         "a message to each neighbour for each exchange, by the node's leader alone",
         "LogGP: Alexandrov, Ionescu, Schauser, Scheiman 1995; LogGPS: Ino, Fujimoto, Hagihara 2001"),
    Term("bytes", lambda c: c.pattern.exchanges * c.travel[1],
         "all that is brought to a node, through its one link",
         "LogGP, Hockney 1994"),
    Term("hidden", _hidden,
         "what is computed while messages travel, where the study has seen that it is",
         "counted"),
    Term("agreeing", lambda c: c.pattern.agreements * c.stages * c.network.stage,
         "log2(nodes) messages one after another for each execution of the log",
         "dissemination: Hensgen, Finkel, Manber 1988"),
    Term("gathers", _gathers,
         "arrays that are looked at wholly: all of them goes through the link of one node",
         "LogGP; counted"),
    Term("redistributions", _redistributions,
         "arrays that are wanted cut otherwise: each node sends a piece to each other one",
         "LogGP; counted"),
    Term("sums", _sums,
         "numbers that are looked at: their last values go from each node that has one to all",
         "contract C7's tree"),
    Term("waiting", lambda c: c.waiting,
         "for other ranks of the node (where nodes are pretended, or namespaces: of the machine), as measured on one",
         "measured"),
    Term("program", lambda c: c.program,
         "Python, recording, planning and compiling, which all ranks do alike",
         "Amdahl 1967"),
)
# fmt: on
