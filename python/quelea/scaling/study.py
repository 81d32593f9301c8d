"""What a study consists of: a table of points, ranks on nodes with arguments, and of runs of them."""

import hashlib
import itertools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from .sizes import filled, names_in, value

__all__ = ["Point", "Run", "Study"]


@dataclass(frozen=True)
class Point:
    """Some ranks on some nodes, running a script with certain arguments."""

    series: str  # what stays the same along a curve: "n=1000"
    ranks: int
    nodes: int
    arguments: tuple[str, ...]
    work: float  # in units of the user's, or 1; weak: ranks
    names: tuple[tuple[str, float], ...] = field(default=(), compare=False)  # n=1000, ranks=4, ...

    @property
    def per_node(self) -> int:
        """Ranks of each node."""
        return self.ranks // self.nodes

    @property
    def name(self) -> str:
        """What its files are called."""
        series = re.sub(r"[^A-Za-z0-9.=]+", "-", self.series).strip("-")
        return f"{series + '-' if series else ''}{self.ranks}x{self.nodes}"


@dataclass(frozen=True)
class Run:
    """One of the runs of a point: repeats count from 1 on, and those that warm up are 0, -1, ..."""

    point: Point
    repeat: int

    @property
    def name(self) -> str:
        """What its files are called."""
        kind = f"run{self.repeat}" if self.repeat > 0 else f"warm{1 - self.repeat}"
        return f"{self.point.name}-{kind}"


@dataclass(frozen=True)
class Study:
    """What is run, and where."""

    script: str
    arguments: tuple[str, ...]
    ranks: tuple[int, ...]
    nodes: tuple[int, ...]
    per_node: tuple[int, ...]  # in place of ranks, if there are any
    threads: int
    sizes: tuple[tuple[str, tuple[float, ...]], ...]
    weak: tuple[tuple[str, str], ...]
    work: str
    repeats: int
    warm: int
    launcher: str
    where: tuple[str, ...] = field(
        default=()
    )  # what else decides about times: hosts, options of jobs

    @property
    def kind(self) -> str:
        """Strong or weak."""
        return "weak" if self.weak else "strong"

    def key(self) -> str:
        """Say what results have in common: the script's text and all that is no list of points or repeats."""
        what = (self.arguments, self.threads, self.weak, self.work, self.launcher, self.where)
        text = hashlib.sha256(Path(self.script).read_bytes())
        text.update(repr(what).encode())
        return text.hexdigest()[:12]

    def places(self) -> list[tuple[int, int]]:
        """Give ranks and nodes of the points: those of which a node has whole ranks."""
        pairs = itertools.product(self.ranks, self.nodes)
        found = [(r, n) for r, n in pairs if r >= n and r % n == 0]
        if self.per_node:
            found = [(n * p, n) for n in self.nodes for p in self.per_node]
        return sorted(set(found))

    def points(self) -> list[Point]:
        """Make the table of points.

        Raises
        ------
        ValueError
            An expression cannot be computed, or a name in braces is not known.
        """
        known = [name for name, _ in self.sizes] + [name for name, _ in self.weak]
        for name in names_in(self.arguments):
            if name not in (*known, "ranks", "nodes"):
                raise ValueError(
                    f"{{{name}}} has no value: add --size {name}=1000 or --weak '{name}=1000*ranks'"
                )
        for name in known:
            if f"{{{name}}}" not in " ".join(self.arguments):
                raise ValueError(
                    f"no argument of the script has {{{name}}} in it: write, say, --{name} {{{name}}}"
                )
        made = []
        for chosen in itertools.product(*(numbers for _, numbers in self.sizes)):
            sizes = {name: number for (name, _), number in zip(self.sizes, chosen, strict=True)}
            series = " ".join(f"{name}={number:.15g}" for name, number in sizes.items())
            for ranks, nodes in self.places():
                names = {**sizes, "ranks": ranks, "nodes": nodes}
                for name, text in self.weak:
                    names[name] = round(value(text, names))
                default = "ranks" if self.weak else "1"
                work = value(self.work or default, names)
                arguments = tuple(filled(self.arguments, names))
                made.append(Point(series, ranks, nodes, arguments, work, tuple(names.items())))
        if not made:
            raise ValueError("no number of ranks is a multiple of a number of nodes")
        return made

    def runs(self) -> list[Run]:
        """Give all runs, in turns: what disturbs the machine for a while meets all points."""
        points = self.points()
        return [Run(point, k) for k in range(1 - self.warm, self.repeats + 1) for point in points]

    def command(self, point: Point, python: str) -> list[str]:
        """Give the words that each rank runs."""
        return [python, os.path.abspath(self.script), *point.arguments]
