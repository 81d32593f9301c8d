"""Rows of a benchmark: programs of two sides in turns, the medians beside one another, with what is required."""

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy

from .common import count, warn_of_others
from .programs import Program, Section
from .programs.references import lacking
from .turns import Side, Spell

__all__ = ["Measured", "Table", "begin", "check", "options", "run"]

_FEW = 3  # measurements of a row at least, ...
_LONG = 4  # ... if they take no more than so many times as long as a row should
_SPELL = 0.01  # seconds that a measurement lasts at least: shorter calls are repeated


class Measured(NamedTuple):
    """Seconds of each side, and how many measurements they are the medians of."""

    theirs: float
    ours: float
    repeats: int

    @property
    def ratio(self) -> float:
        """How many times as fast as the other side ours is."""
        return self.theirs / self.ours


def check(name: str, theirs: Spell, ours: Spell) -> None:
    """Raise an error if the answers differ by more than rounding."""
    for want, got in zip(theirs.results, ours.results, strict=True):
        if want.dtype.kind in "biu":
            alike = numpy.array_equal(got, want)
        else:  # a small sum of large terms differs by what these are rounded to
            tolerance = 1e-4 if want.dtype == numpy.float32 else 1e-7
            largest = float(numpy.max(numpy.abs(want), initial=1.0, where=numpy.isfinite(want)))
            alike = numpy.allclose(got, want, rtol=tolerance, atol=tolerance * 0.1 * largest)
        if not alike:
            raise RuntimeError(f"{name}: the answers differ")


def _measure(
    sides: tuple[Side, Side], section: Section, program: Program, given: argparse.Namespace
) -> Measured:
    """Call a program in turns, as often as it was asked for or as time allows."""
    first = [side.begin(section.name, program, given.tiny) for side in sides]
    check(f"{section.name}: {program.name}", *first)
    # the first call compiled: what it took says how long one call is at most
    calls = [1, 1]
    for k, side in enumerate(sides):
        if first[k].seconds < given.seconds:
            once = side.call(1).seconds
            calls[k] = max(1, math.ceil(_SPELL / once)) if once < _SPELL else 1
    times: tuple[list[float], list[float]] = ([], [])
    begin = time.perf_counter()
    while len(times[0]) < given.repeats:
        for k, side in enumerate(sides):
            spell = side.call(calls[k])
            seconds = spell.own if section.alone else spell.seconds
            times[k].append(seconds / spell.calls / program.times)
        spent = time.perf_counter() - begin
        if spent > given.seconds and (len(times[0]) >= _FEW or spent > _LONG * given.seconds):
            break
    return Measured(statistics.median(times[0]), statistics.median(times[1]), len(times[0]))


# ---- the table ----


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


class Table:
    """Prints rows as they become known, and counts the requirements that were missed.

    Each is multiplied by ``scale``; without one nothing is required.
    """

    def __init__(self, names: tuple[str, str], scale: float | None, repeats: int) -> None:
        self._asked = self._missed = 0
        self._names = names
        self._scale = scale
        self._repeats = repeats

    def title(self, text: str, names: tuple[str, str] | None = None) -> None:
        """Print a heading with the columns of the rows under it, for other sides than the benchmark's if named."""
        theirs, ours = names or self._names
        print(f"\n{text}\n{'':34}{theirs:>12}{ours:>12}{'ratio':>9}{'required':>10}", flush=True)

    def row(self, program: Program, found: Measured, least: float | None) -> None:
        """Print a program's row."""
        few = f"  ({found.repeats} times)" if found.repeats < self._repeats else ""
        times = f"{_duration(found.theirs):>12}{_duration(found.ours):>12}"
        self._print(program.name, times, found.ratio, least, few)

    def times(self, name: str, theirs: float, ours: float) -> None:
        """Print a row of which nothing is required."""
        self._print(name, f"{_duration(theirs):>12}{_duration(ours):>12}", theirs / ours, None)

    def skip(self, name: str, why: str) -> None:
        """Print that a row could not be measured."""
        print(f"  {name:32}  skipped: {why}", flush=True)

    def mean(self, ratios: Sequence[float], least: float | None) -> None:
        """Print the geometric mean of a section's ratios."""
        self._print("geometric mean", " " * 24, statistics.geometric_mean(ratios), least)

    def finish(self) -> int:
        """Print how many requirements were missed, and give the command's status."""
        met = "all requirements met" if self._asked else "nothing is required of these"
        print(f"\n{self._missed} requirements not met" if self._missed else f"\n{met}")
        return 1 if self._missed else 0

    def _print(
        self, name: str, times: str, ratio: float, least: float | None, more: str = ""
    ) -> None:
        bound, verdict = "", ""
        if least is not None and self._scale is not None:
            least *= self._scale
            met = ratio >= least
            bound, verdict = f">= {least:.2f}", "   met" if met else "   NOT MET"
            self._asked += 1
            self._missed += not met
        print(f"  {name:32}{times}{ratio:>9.3f}{bound:>10}{verdict}{more}", flush=True)


def _chosen_of(
    sections: Sequence[Section], words: Sequence[str] | None
) -> list[tuple[Section, list[Program]]]:
    """Give the programs whose section and name contain one of the words."""
    found = []
    for section in sections:
        programs = [
            p
            for p in section.programs
            if not words or any(w.lower() in f"{section.name}: {p.name}".lower() for w in words)
        ]
        if programs:
            found.append((section, programs))
    return found


def run(
    table: Table,
    sides: tuple[Side, Side],
    chosen: Sequence[tuple[Section, Sequence[Program]]],
    given: argparse.Namespace,
    least: float | None = None,
) -> Iterator[tuple[Program, Measured]]:
    """Print the rows of the sections, each when it is known; ``least`` is required instead of what they say.

    Of what they say nothing, nothing is required.
    """

    def bound(theirs: float | None) -> float | None:
        return theirs if least is None or theirs is None else least

    start = time.perf_counter()
    for section, programs in chosen:
        table.title(section.title, section.ways and (section.ways[0].title, section.ways[1].title))
        ratios = []
        for program in programs:
            missing = lacking(program.needs) if program.needs else None
            if missing:
                table.skip(program.name, missing)
                continue
            found = _measure(sides, section, program, given)
            ratios.append(found.ratio)
            table.row(program, found, bound(program.least))
            yield program, found
        if len(ratios) == len(section.programs) > 1:
            table.mean(ratios, bound(section.least_mean))
        print(f"  ({time.perf_counter() - start:.0f} s so far)", flush=True)


# ---- the command ----


def _seconds(text: str) -> float:
    """Read a time."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def options(command: str, description: str, sections: Sequence[Section]) -> argparse.ArgumentParser:
    """Make a parser of what all such benchmarks are given."""
    parser = argparse.ArgumentParser(
        prog=f"python -m quelea bench {command}", description=description
    )
    parser.add_argument(
        "--rows",
        action="append",
        metavar="WORDS",
        help="only programs that have these words in their section or name, as 'loops' or 'lu, S'; "
        f"sections: {', '.join(s.name for s in sections)}",
    )
    parser.add_argument(
        "--repeats", type=count, default=9, help="measurements of which the median counts (9)"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=3.0, help="after which a row has fewer of them (3)"
    )
    parser.add_argument(
        "--tiny", action="store_true", help="tiny sizes, of which nothing is required: a trial"
    )
    return parser


def begin(
    given: argparse.Namespace, sections: Sequence[Section], missing: str | None
) -> list[tuple[Section, list[Program]]]:
    """Say what will be measured, and give the programs; none: it cannot be, and why is printed."""
    chosen = _chosen_of(sections, given.rows)
    if not chosen:
        missing = "no program has these words in its section or name"
    if missing:
        print(missing, file=sys.stderr)
        return []
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores; medians of {given.repeats}, the sides in turns, answers compared")
    warn_of_others()
    return chosen
