"""What a study has found: a line for each point, efficiencies, where the time went, which answers differ."""

import csv
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..profiling import SPLIT
from .records import Records, Row
from .study import Point, Run, Study

__all__ = ["Line", "curves", "differing", "lines_of", "table", "write_csv"]


Three = tuple[float, float, float]
_NONE: Three = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Line:
    """What the runs of a point have come to.

    seconds are the median, the fastest and the slowest; so are speed-up and efficiency, those of the median first.
    Speed is work in a second: of a strong study 1/seconds, of a weak one ranks/seconds, unless --work says else.
    """

    point: Point
    runs: int
    seconds: Three
    speedup: Three
    efficiency: Three
    split: dict[str, float]  # parts of the time that Quelea has measured
    note: str


def _numbers(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["status"] == "ok"]


def _rows(study: Study, records: Records, point: Point, warm: bool = False) -> list[Row]:
    first = 1 - study.warm if warm else 1
    found = [records.of(Run(point, k)) for k in range(first, study.repeats + 1)]
    return [row for row in found if row is not None]


def differing(study: Study, records: Records) -> dict[Point, str]:
    """Find points whose answers are not those of the first run with the same arguments; say which they are."""
    first: dict[tuple[str, ...], tuple[str, Point]] = {}
    found: dict[Point, str] = {}
    for point in study.points():
        for row in _numbers(_rows(study, records, point, warm=True)):
            answer, known = first.setdefault(point.arguments, (row["answer"], point))
            if row["answer"] != answer:
                where = (
                    "in itself"
                    if known == point
                    else f"from {known.ranks} rank(s) on {known.nodes}"
                )
                found.setdefault(point, f"DIFFERS {where}: {row['answer']}, not {answer}")
    return found


def _each(function: Callable[[float], float], three: Three) -> Three:
    return function(three[0]), function(three[1]), function(three[2])


def _speed(point: Point, seconds: float) -> float:
    return point.work / seconds if seconds > 0 else 0.0


def lines_of(study: Study, records: Records) -> list[Line]:
    """Make the lines. Each series is measured by its first point: the fewest ranks."""
    base: dict[str, tuple[float, int]] = {}
    other = differing(study, records)
    made = []
    for point in study.points():
        every = _rows(study, records, point, warm=True)
        failed = [row["status"] for row in every if row["status"] != "ok"]
        good = _numbers(_rows(study, records, point))
        notes = [f"FAILED: {failed[0]}"] if failed else []
        if not good:
            notes = notes or ["not run yet"]
            made.append(Line(point, 0, _NONE, _NONE, _NONE, {}, "; ".join(notes)))
            continue
        times = [float(row["seconds"]) for row in good]
        three = (statistics.median(times), min(times), max(times))
        speed, ranks = base.setdefault(point.series, (_speed(point, three[0]), point.ranks))
        slow_first = (three[0], three[2], three[1])
        gain = _each(lambda t: _speed(point, t) / speed if speed else 0.0, slow_first)  # noqa: B023
        part = _each(lambda g: g * ranks / point.ranks, gain)  # noqa: B023
        whole = statistics.fmean(sum(float(row[name]) for name in SPLIT) for row in good)
        split = {
            name: statistics.fmean(float(row[name]) for row in good) / whole if whole else 0.0
            for name in SPLIT
        }
        by = good[0]["answer_by"]
        if point in other:
            notes.append(other[point])
        else:
            notes.append(f"{good[0]['answer'].split()[-1]} ({by})" if by != "none" else "no answer")
        made.append(Line(point, len(good), three, gain, part, split, "; ".join(notes)))
    return made


def curves(study: Study, lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Sort the lines that have times into curves: by series, and by nodes where the same ranks lie on several."""
    have = [line for line in lines if line.runs]
    several = len({(line.point.series, line.point.ranks) for line in have}) < len(have)
    found: dict[str, list[Line]] = {}
    for line in have:
        nodes = f"{line.point.nodes} node(s)" if several else ""
        name = ", ".join(filter(None, (line.point.series, nodes)))
        found.setdefault(name, []).append(line)
    return found


def _spread(three: Three, write: str) -> str:
    middle, low, high = three
    return f"{middle:{write}} ({low:{write}} to {high:{write}})"


def table(study: Study, lines: Sequence[Line]) -> str:
    """Write the lines for people."""
    heads = ["size"] if any(line.point.series for line in lines) else []
    heads += ["ranks", "nodes", "runs", "seconds", "speed-up", "efficiency, %"]
    heads += [f"{name} %" if name == SPLIT[0] else name for name in SPLIT]
    cells = []
    for line in lines:
        row = [line.point.series] if heads[0] == "size" else []
        row += [str(line.point.ranks), str(line.point.nodes), str(line.runs)]
        if line.runs:
            percent = _each(lambda part: 100 * part, line.efficiency)
            row += [_spread(line.seconds, ".3f"), f"{line.speedup[0]:.2f}", _spread(percent, ".0f")]
            row += [f"{100 * line.split[name]:.0f}" for name in SPLIT]
        else:
            row += ["-"] * (3 + len(SPLIT))
        cells.append(row)
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    texts = [
        "  ".join(word.rjust(width) for word, width in zip(heads, widths, strict=True)) + "  answer"
    ]
    for row, line in zip(cells, lines, strict=True):
        shown = "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        texts.append(f"{shown}  {line.note}")
    return "\n".join(texts)


def write_csv(path: Path, lines: Sequence[Line]) -> None:
    """Write the lines for programs."""
    heads = ["series", "ranks", "nodes", "runs"]
    for name in ("seconds", "speedup", "efficiency"):
        heads += [name, f"{name}_low", f"{name}_high"]
    new = path.with_suffix(".new")
    with open(new, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*heads, *SPLIT, "arguments", "answer"])
        for line in lines:
            point = line.point
            numbers = [f"{x:.6g}" for x in (*line.seconds, *line.speedup, *line.efficiency)]
            parts = [f"{line.split.get(name, 0.0):.4f}" for name in SPLIT]
            told = [point.series, point.ranks, point.nodes, line.runs, *numbers, *parts]
            writer.writerow([*told, " ".join(point.arguments), line.note])
    new.replace(path)
