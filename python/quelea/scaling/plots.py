"""The pictures of a study: speed-up, efficiency, and where the time went; each as PNG and SVG, by matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..profiling import SPLIT
from .report import Line, curves
from .study import Study

__all__ = ["draw"]

_COLOURS = dict(
    zip(SPLIT, ("#4477aa", "#ee6677", "#ccbb44", "#aa3377", "#66ccee", "#bbbbbb"), strict=True)
)


def _axis_of_ranks(axes: Any, ranks: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(r) for r in ranks])
    axes.xaxis.set_minor_locator(_ticker().NullLocator())
    axes.set_xlabel("ranks")
    axes.grid(True, alpha=0.3)


def _ticker() -> Any:
    from matplotlib import ticker

    return ticker


def _ranks(lines: Sequence[Line]) -> list[int]:
    return sorted({line.point.ranks for line in lines if line.runs})


def _bars(axes: Any, found: dict[str, list[Line]], what: str, times: float) -> None:
    """Draw a curve for each series, with bars from the slowest run to the fastest."""
    for name, lines in found.items():
        three = [[times * x for x in getattr(line, what)] for line in lines]
        middle = [one[0] for one in three]
        below = [max(one[0] - one[1], 0.0) for one in three]
        above = [max(one[2] - one[0], 0.0) for one in three]
        ranks = [line.point.ranks for line in lines]
        axes.errorbar(
            ranks, middle, yerr=(below, above), marker="o", capsize=4, label=name or "measured"
        )


def _speedup(axes: Any, study: Study, lines: Sequence[Line]) -> None:
    found, ranks = curves(study, lines), _ranks(lines)
    _bars(axes, found, "speedup", 1.0)
    first: dict[str, int] = {}  # of each series, to which all of its curves are compared
    for line in lines:
        if line.runs:
            first.setdefault(line.point.series, line.point.ranks)
    for k, least in enumerate(sorted(set(first.values()))):
        shown = [r for r in ranks if r >= least]
        ideal = [r / least for r in shown]
        axes.plot(shown, ideal, "--", color="grey", label="" if k else "ideal", zorder=0)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(_ticker().FuncFormatter(lambda y, _: f"{y:g}"))
    axes.set_ylabel(
        "speed-up" if study.kind == "strong" else "work in a second, of the first point's"
    )
    _axis_of_ranks(axes, ranks)
    axes.legend()


def _efficiency(axes: Any, study: Study, lines: Sequence[Line]) -> None:
    _bars(axes, curves(study, lines), "efficiency", 100.0)
    axes.axhline(100, linestyle="--", color="grey", zorder=0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("efficiency, %")
    _axis_of_ranks(axes, _ranks(lines))
    axes.legend()


def _breakdown(axes: Any, study: Study, lines: Sequence[Line]) -> None:
    have = [line for line in lines if line.runs]
    series = any(line.point.series for line in have)
    labels = [
        f"{line.point.ranks} x {line.point.nodes}" + (f"\n{line.point.series}" if series else "")
        for line in have
    ]
    below = [0.0] * len(have)
    for name in SPLIT:
        parts = [line.split[name] * line.seconds[0] for line in have]
        if max(parts) < 0.002 * max(line.seconds[0] for line in have):
            continue
        axes.bar(range(len(have)), parts, bottom=below, color=_COLOURS[name], label=name)
        below = [a + b for a, b in zip(below, parts, strict=True)]
    axes.set_xticks(range(len(have)), labels)
    axes.set_xlabel("ranks x nodes")
    axes.set_ylabel("seconds, mean of the ranks")
    axes.set_ylim(0, 1.25 * max(below))
    axes.legend(ncols=3, loc="upper center")


_PICTURES = {"speedup": _speedup, "efficiency": _efficiency, "breakdown": _breakdown}


def draw(folder: Path, study: Study, lines: Sequence[Line], title: str) -> list[str]:
    """Draw the pictures, and give their files.

    Raises
    ------
    ImportError
        There is no matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not any(line.runs for line in lines):
        return []
    made = []
    for name, picture in _PICTURES.items():
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        picture(axes, study, lines)
        axes.set_title(title, fontsize=10)
        for kind in ("png", "svg"):
            figure.savefig(folder / f"{name}.{kind}", dpi=150)
            made.append(f"{name}.{kind}")
    return made
