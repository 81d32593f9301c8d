"""``python -m quelea bench small``: programs of many small statements, Quelea beside NumPy in the same run.

Each side is a process of its own with its usual threads; they take turns, the medians count, every result is looked at,
and the two must agree.
"""

import argparse
import contextlib
import math
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy

from .common import count, mpirun, warn_of_others
from .programs import SECTIONS, Program, Section
from .turns import Side, Spell, spinning, started

__all__ = ["Measured", "Table", "chosen_of", "main", "measure", "read_seconds"]

_BUSY = 2 / 3  # of the requirements, where another process takes half of the cores
_RANKS = 0.5  # of one process's speed, at least, on several ranks
_FEW = 3  # measurements of a row at least, ...
_LONG = 4  # ... if they take no more than so many times as long as a row should
_SPELL = 0.01  # seconds that a measurement lasts at least: shorter calls are repeated


class Measured(NamedTuple):
    """Seconds of each side, and how many measurements they are the medians of."""

    theirs: float
    ours: float
    repeats: int
    first: tuple[float, float]  # the first calls, which compiled

    @property
    def ratio(self) -> float:
        """How many times as fast as the other side ours is."""
        return self.theirs / self.ours


def _check(name: str, program: Program, theirs: Spell, ours: Spell) -> None:
    for want, got in zip(theirs.results, ours.results, strict=True):
        tolerance = 1e-4 if want.dtype == numpy.float32 else 1e-7
        if not numpy.allclose(got, want, rtol=tolerance, atol=tolerance * 1e-3):
            raise RuntimeError(f"{name}: the answers differ")


def measure(
    sides: tuple[Side, Side], section: Section, program: Program, given: argparse.Namespace
) -> Measured:
    """Call a program in turns, as often as it was asked for or as time allows."""
    first = [side.begin(section.name, program, given.tiny) for side in sides]
    _check(f"{section.name}: {program.name}", program, *first)
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
            times[k].append(spell.seconds / spell.calls / program.times)
        spent = time.perf_counter() - begin
        if spent > given.seconds and (len(times[0]) >= _FEW or spent > _LONG * given.seconds):
            break
    return Measured(
        statistics.median(times[0]),
        statistics.median(times[1]),
        len(times[0]),
        (first[0].seconds, first[1].seconds),
    )


# ---- the table ----


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


class Table:
    """Prints rows as they become known, and counts the requirements that were missed."""

    def __init__(self, names: tuple[str, str], scale: float, repeats: int) -> None:
        self.missed = 0
        self._names = names
        self._scale = scale
        self._repeats = repeats

    def title(self, text: str) -> None:
        """Print a heading with the columns of the rows under it."""
        theirs, ours = self._names
        print(f"\n{text}\n{'':34}{theirs:>12}{ours:>12}{'ratio':>9}{'required':>10}", flush=True)

    def row(self, program: Program, found: Measured, least: float | None) -> None:
        """Print a program's row."""
        few = f"  ({found.repeats} times)" if found.repeats < self._repeats else ""
        times = f"{_duration(found.theirs):>12}{_duration(found.ours):>12}"
        self._print(program.name, times, found.ratio, least, few)

    def times(self, name: str, theirs: float, ours: float) -> None:
        """Print a row of which nothing is required."""
        self._print(name, f"{_duration(theirs):>12}{_duration(ours):>12}", theirs / ours, None)

    def mean(self, ratios: Sequence[float], least: float | None) -> None:
        """Print the geometric mean of a section's ratios."""
        self._print("geometric mean", " " * 24, statistics.geometric_mean(ratios), least)

    def _print(
        self, name: str, times: str, ratio: float, least: float | None, more: str = ""
    ) -> None:
        bound, verdict = "", ""
        if least is not None:
            least *= self._scale
            met = ratio >= least
            bound, verdict = f">= {least:.2f}", "   met" if met else "   NOT MET"
            self.missed += not met
        print(f"  {name:32}{times}{ratio:>9.3f}{bound:>10}{verdict}{more}", flush=True)


def chosen_of(
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


def _run(given: argparse.Namespace, chosen: list[tuple[Section, list[Program]]]) -> int:
    names = ("1 process", f"{given.ranks} ranks") if given.ranks > 1 else ("NumPy", "Quelea")
    table = Table(names, _BUSY if given.busy else 1.0, given.repeats)
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        if given.busy:
            stack.enter_context(spinning())
        if given.ranks > 1:
            theirs = stack.enter_context(started(names[0], "quelea"))
            launcher = mpirun(given.ranks, limit=3600)
            ours = stack.enter_context(started(names[1], "quelea", launcher, given.ranks))
        else:
            theirs = stack.enter_context(started(names[0], "numpy"))
            ours = stack.enter_context(started(names[1], "quelea"))
        for section, programs in chosen:
            table.title(section.title)
            ratios = []
            for program in programs:
                found = measure((theirs, ours), section, program, given)
                ratios.append(found.ratio)
                least = _RANKS if given.ranks > 1 else program.least
                table.row(program, found, least)
            if len(programs) == len(section.programs):
                table.mean(ratios, None if given.ranks > 1 else section.least_mean)
            print(f"  ({time.perf_counter() - begin:.0f} s so far)", flush=True)
    print(f"\n{table.missed} requirements not met" if table.missed else "\nall requirements met")
    return 1 if table.missed else 0


def read_seconds(text: str) -> float:
    """Read a time."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench small``.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not, 2 when nothing can be measured so.

    Raises
    ------
    RuntimeError
        A side failed, or the two answers differ.
    """
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench small",
        description="How fast programs of many small statements are: NumPy and Quelea, a process each, in turns.",
    )
    parser.add_argument(
        "--rows",
        action="append",
        metavar="WORDS",
        help="only programs that have these words in their section or name, as 'loops' or 'lu, S'; "
        f"sections: {', '.join(s.name for s in SECTIONS)}",
    )
    parser.add_argument(
        "--busy",
        action="store_true",
        help="bind both sides to two cores, on one of which another process spins",
    )
    parser.add_argument(
        "--ranks",
        type=count,
        default=1,
        help="with more than 1: Quelea on so many ranks beside Quelea in one process",
    )
    parser.add_argument(
        "--repeats", type=count, default=9, help="measurements of which the median counts (9)"
    )
    parser.add_argument(
        "--seconds",
        type=read_seconds,
        default=3.0,
        help="after which a row has fewer of them (3)",
    )
    parser.add_argument(
        "--tiny", action="store_true", help="tiny sizes, whose times say nothing: a trial"
    )
    given = parser.parse_args(arguments)
    chosen = chosen_of(SECTIONS, given.rows)
    if not chosen:
        print("no program has these words in its section or name", file=sys.stderr)
        return 2
    if given.ranks > 1 and shutil.which("mpirun") is None:
        print("mpirun is missing (Debian package openmpi-bin)", file=sys.stderr)
        return 2
    if given.busy and len(os.sched_getaffinity(0)) < 2:
        print("--busy needs two cores", file=sys.stderr)
        return 2
    print(
        f"{len(os.sched_getaffinity(0))} cores; medians of {given.repeats}, the sides in turns, answers compared"
    )
    warn_of_others()
    return _run(given, chosen)
