"""Evidence, geometry and a network put together: what a step takes on some ranks."""

import dataclasses
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..scaling.sizes import value
from ..scaling.study import Point
from .evidence import Evidence, Seen
from .geometry import geometry_of
from .networks import Network
from .terms import TERMS, Case, Pattern

__all__ = ["Model", "Predicted"]


@dataclass(frozen=True)
class Predicted:
    """Seconds of a run, by terms, at a point; and what was measured there, if the study has it."""

    point: Point
    case: Case
    steps: float
    terms: dict[str, float]
    measured: tuple[float, float, float] | None

    @property
    def seconds(self) -> float:
        """Seconds of a run."""
        return sum(self.terms.values())

    @property
    def travel(self) -> float:
        """Seconds of messages alone, whether or not something is computed meanwhile."""
        return sum(self.terms[name] for name in ("latency", "bytes", "agreeing"))

    @property
    def error(self) -> float | None:
        """By which part of it the measured time is missed."""
        return None if self.measured is None else self.seconds / self.measured[0] - 1


def _extents(text: str) -> list[str]:
    """Cut at commas that are not inside of parentheses."""
    return re.split(r",(?![^()]*\))", text)


class Model:
    """A program, as a study has seen it, and a network."""

    def __init__(
        self,
        evidence: Evidence,
        network: Network,
        shape: str,
        steps: str = "1",
        item: int = 8,
        arrays: int = 1,
        memory: float | None = None,
    ) -> None:
        self._evidence, self._network, self._memory = evidence, network, memory
        self._shape, self._steps = _extents(shape), steps
        self._item, self._arrays = item, arrays
        self._patterns: dict[str, Pattern] = {}

    # ---- what was seen ----

    def shape(self, point: Point) -> tuple[int, ...]:
        """Give the array's shape at a point."""
        made = tuple(round(value(text, dict(point.names))) for text in self._shape)
        if min(made) < 1:
            raise ValueError(f"--shape {','.join(self._shape)} has no elements: {made}")
        return made

    def _alone(self, point: Point) -> list[Seen]:
        """Give the points on one node, of a series if there are any."""
        alone = [seen for seen in self._evidence.seen if seen.point.nodes == 1]
        if not alone:
            raise ValueError(
                "the study has no run on one node, where kernels are measured: scale --nodes 1,..."
            )
        return alone

    def _as_many(self, point: Point, ranks: int) -> list[Seen]:
        """Give the points with the most ranks of one node that are no more than so many, by elements of a rank."""
        alone = self._alone(point)
        counts = {seen.point.ranks for seen in alone}
        most = max((count for count in counts if count <= ranks), default=min(counts))
        found = [seen for seen in alone if seen.point.ranks == most]
        return sorted(found, key=lambda seen: math.prod(self.shape(seen.point)))

    def _speed(self, point: Point, sharing: int, elements: float) -> tuple[float, float]:
        """Give seconds of a point, and bytes of it, for a rank of so many on a machine, with so many elements each."""
        found = self._as_many(point, sharing)
        known = []
        for seen in found:
            count = seen.point.ranks
            points = max(seen.counted["points"], 1.0)
            known.append(
                (
                    math.log(math.prod(self.shape(seen.point)) / count),
                    seen.split["compute"] * count / points,
                    seen.counted["bytes"] / points,
                )
            )
        seconds, moved = _between(known, math.log(elements))
        if sharing > found[0].point.ranks:
            if self._memory is None:
                raise ValueError(
                    f"the study has no run of {sharing} ranks on one node, which share its memory: "
                    "add it (scale --ranks), give --per-node, or the memory's bandwidth by --memory"
                )
            seconds = max(seconds, sharing * moved / self._memory)
        return seconds, moved

    def pattern(self, point: Point) -> Pattern:
        """Give what the program does, as it was counted on the most nodes of the point's series."""
        if point.series not in self._patterns:
            self._patterns[point.series] = self._count(point)
        return self._patterns[point.series]

    def _count(self, point: Point) -> Pattern:
        same = [seen for seen in self._evidence.seen if seen.point.series == point.series]
        several = max(same, key=lambda seen: (seen.point.nodes, seen.point.ranks), default=None)
        if several is None or several.point.nodes == 1:
            raise ValueError(
                "the study has one node alone; what nodes send is counted where there are several, "
                "pretended ones too: scale --ranks 1,2,4 --nodes 1,4"
            )
        alone = min(same, key=lambda seen: (seen.point.nodes, seen.point.ranks))
        counted, nodes = several.counted, several.point.nodes
        geometry = geometry_of(self.shape(several.point), nodes)
        exchanges = counted["halo_messages"] / max(geometry.all_neighbours, 1)
        some = exchanges > 0
        ghosts = counted["halo_bytes"] / (exchanges * self._arrays * self._item) if some else 0.0
        return Pattern(
            points=alone.counted["points"] / math.prod(self.shape(alone.point)),
            exchanges=exchanges,
            kernels=counted["kernels_run"] / exchanges if some else 0.0,
            depth=geometry.depth(ghosts),
            arrays=self._arrays,
            item=self._item,
            overlapped=min(counted["overlapped_statements"] / exchanges, 1.0) if some else 0.0,
            agreements=counted["agreements"],
            sums=counted["looks"],
            gathered=counted["gathered_bytes"] / geometry.elements,
            redistributions=counted["redistributions"],
            redistributed=counted["redistributed_bytes"]
            * nodes**2
            / (nodes - 1)
            / geometry.elements,
        )

    # ---- what is predicted ----

    def case(self, point: Point, together: bool) -> Case:
        """Give what the terms are made of; together: all nodes share one machine's memory."""
        shape = self.shape(point)
        geometry = geometry_of(shape, point.nodes)
        pattern = self.pattern(point)
        seconds, moved = self._speed(
            point, point.ranks if together else point.per_node, math.prod(shape) / point.ranks
        )
        here = self._as_many(point, point.per_node)
        own = [seen for seen in here if seen.point.series == point.series] or here
        beside = self._as_many(point, point.ranks) if together else here
        beside = [seen for seen in beside if seen.point.series == point.series] or beside
        program = min(
            sum(seen.split[name] for name in ("python", "compile", "other")) for seen in own
        )
        return Case(
            pattern=pattern.within(geometry),
            network=self._network,
            geometry=geometry,
            per_node=point.per_node,
            point=seconds,
            rate=moved / seconds if seconds > 0 else math.inf,
            waiting=min(seen.split["wait"] for seen in beside),
            program=program,
        )

    def _predicted(self, point: Point, together: bool, measured: Seen | None) -> Predicted:
        case = self.case(point, together)
        terms = {term.name: term.seconds(case) for term in TERMS}
        steps = value(self._steps, dict(point.names))
        return Predicted(point, case, steps, terms, measured.seconds if measured else None)

    def of_the_study(self) -> list[Predicted]:
        """Predict the study's own points; those over wires that are not there are left out."""
        evidence = self._evidence
        return [
            self._predicted(seen.point, evidence.together, seen)
            for seen in evidence.seen
            if seen.point.nodes == 1 or evidence.has_wires
        ]

    def of(self, ranks: Sequence[int], per_node: int) -> list[Predicted]:
        """Predict these numbers of ranks, so many on each node; fewer are on one."""
        made = []
        for count in ranks:
            nodes = max(count // per_node, 1)
            if count > per_node and count % per_node:
                raise ValueError(f"{count} ranks are not {per_node} on each of some nodes")
            study = dataclasses.replace(
                self._evidence.study, ranks=(count,), nodes=(nodes,), per_node=()
            )
            made += [self._predicted(point, False, None) for point in study.points()]
        return made


def _between(known: list[tuple[float, float, float]], at: float) -> tuple[float, float]:
    """Interpolate two numbers that are known at some places; beyond these they stay."""
    if at <= known[0][0]:
        return known[0][1], known[0][2]
    for (low, *a), (high, *b) in itertools.pairwise(known):
        if at <= high:
            part = (at - low) / (high - low) if high > low else 0.0
            first, second = (x + part * (y - x) for x, y in zip(a, b, strict=True))
            return first, second
    return known[-1][1], known[-1][2]
