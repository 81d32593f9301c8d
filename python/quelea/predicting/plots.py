"""The picture of a prediction: time of a step and its terms over ranks; as PNG and SVG, by matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .model import Predicted
from .terms import TERMS

__all__ = ["draw"]

_COLOURS = (
    *("#4477aa", "#88bbdd", "#bbbbbb", "#ee6677", "#aa3377", "#dddddd"),
    *("#ccbb44", "#999933", "#ddcc99", "#ee8866", "#66ccee", "#228833"),
)


def _series(found: Sequence[Predicted]) -> dict[str, list[Predicted]]:
    made: dict[str, list[Predicted]] = {}
    for one in found:
        made.setdefault(one.point.series, []).append(one)
    return made


def _times(axes: Any, study: Sequence[Predicted], found: Sequence[Predicted]) -> None:
    colours = {}
    for name, ones in _series(found).items():
        ranks = [one.point.ranks for one in ones]
        [line] = axes.plot(
            ranks,
            [1e3 * one.seconds / one.steps for one in ones],
            "-",
            label=f"{name} predicted".strip(),
        )
        colours[name] = line.get_color()
    for name, ones in _series([one for one in study if one.measured]).items():
        three = [[1e3 * x / one.steps for x in one.measured or ()] for one in ones]
        bars = ([m - low for m, low, _ in three], [high - m for m, _, high in three])
        ranks, middle = [one.point.ranks for one in ones], [m for m, _, _ in three]
        colour = colours.get(name, "black")
        axes.errorbar(
            ranks,
            middle,
            yerr=bars,
            fmt="o",
            capsize=4,
            color=colour,
            label=f"{name} measured".strip(),
        )
        predicted = [1e3 * one.seconds / one.steps for one in ones]
        axes.plot(
            ranks,
            predicted,
            "x",
            color=colour,
            markersize=9,
            label=f"{name} predicted of that".strip(),
        )
    axes.set(xscale="log", yscale="log", xlabel="ranks", ylabel="ms of a step")
    axes.grid(True, alpha=0.3, which="both")
    axes.legend(fontsize=8)


def _terms(axes: Any, ones: Sequence[Predicted]) -> None:
    """Draw what the time of the first series consists of; what is hidden is taken off what it hides."""
    below = [0.0] * len(ones)
    for term, colour in zip(TERMS, _COLOURS, strict=True):
        if term.name == "hidden":
            continue
        parts = [100 * one.terms[term.name] / (one.seconds - one.terms["hidden"]) for one in ones]
        if max(parts) >= 0.2:
            axes.bar(range(len(ones)), parts, bottom=below, color=colour, label=term.name)
        below = [a + b for a, b in zip(below, parts, strict=True)]
    labels = [str(one.point.ranks) for one in ones]
    axes.set_xticks(range(len(ones)), labels, rotation=60 if len(ones) > 8 else 0, fontsize=8)
    axes.set(xlabel="ranks", ylabel="% of a step, before what is hidden", ylim=(0, 125))
    axes.legend(ncols=4, loc="upper center", fontsize=7)


def draw(
    folder: Path, study: Sequence[Predicted], found: Sequence[Predicted], title: str
) -> list[str]:
    """Draw the picture, and give its files.

    Raises
    ------
    ImportError
        There is no matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(11, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    times, terms = figure.subplots(1, 2)
    _times(times, study, found)
    _terms(terms, next(iter(_series(found).values())))
    figure.suptitle(title, fontsize=10)
    names = [f"prediction.{kind}" for kind in ("png", "svg")]
    for name in names:
        figure.savefig(folder / name, dpi=150)
    return names
