"""Latency and bandwidth between each two nodes as a picture: in the terminal by shades, in a file by matplotlib.

Of many nodes an element of the picture stands for several, and shows the worst pair among them.
"""

import math
import sys
from typing import Any, NamedTuple

import numpy

from .facts import Job
from .wires import tile

__all__ = ["draw", "lines"]

ROWS, PIXELS = 24, 512
SHADES, PLAIN_SHADES = " ░▒▓█", " .:*#"


class Side(NamedTuple):
    """What is shown: a matrix, its unit, which values are bad."""

    name: str
    unit: str
    matrix: numpy.ndarray
    bad: str  # "largest" or "least"


def _sides(job: Job, most: int) -> list[Side]:
    wires = job.wires
    if wires is None:
        return []
    latency = tile(wires.nodes, wires.latency, most, "largest")
    bandwidth = tile(wires.nodes, wires.bandwidth, most, "least")
    return [
        Side("latency", "us", 1e6 * latency, "largest"),
        Side("bandwidth", "GB/s", 1e-9 * bandwidth, "least"),
    ]


# ---- in the terminal ----


def _shade(value: float, best: float, worst: float) -> int:
    """Give the shade's number by how bad a value is, on a logarithmic scale; 0: it was not measured."""
    if math.isnan(value):
        return 0
    spread = abs(math.log(worst / best))
    if spread < math.log(1.5):
        return 1  # they differ by less than measurements do
    return 1 + min(int(4 * abs(math.log(value / best)) / spread), 3)


def _shades() -> str:
    try:
        SHADES.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN_SHADES
    return SHADES


def _drawn(side: Side, shades: str) -> tuple[list[str], str]:
    """Give the rows of a matrix, and what its shades mean."""
    least, most = float(numpy.nanmin(side.matrix)), float(numpy.nanmax(side.matrix))
    best, worst = (least, most) if side.bad == "largest" else (most, least)
    if _shade(worst, best, worst) == 1:
        legend = f"{side.name} {shades[1]} {least:.3g} to {most:.3g} {side.unit}"
    else:
        legend = f"{side.name} {shades[1]} {best:.3g}, {shades[4]} {worst:.3g} {side.unit}"
    rows = [
        "".join(2 * shades[_shade(float(value), best, worst)] for value in row)
        for row in side.matrix
    ]
    return rows, legend


def _name(job: Job, row: int, rows: int) -> str:
    first, last = row * len(job.nodes) // rows, (row + 1) * len(job.nodes) // rows - 1
    if first < last:
        return f"{first}-{last}"
    return f"{first} {job.nodes[first]['host'][:11]}"


def lines(job: Job) -> list[str]:
    """Give the picture for the terminal, nothing of one node."""
    sides = _sides(job, ROWS)
    if not sides or job.wires is None:
        return []
    shades = _shades()
    nodes, (latency, legend), (bandwidth, other) = (
        job.wires.nodes,
        *(_drawn(side, shades) for side in sides),
    )
    count, every = len(job.wires.latency), nodes * (nodes - 1) // 2
    said = f"all {every}" if count == every else f"{count} of {every}"
    shown = [
        "",
        f"between each two nodes, {said} pairs measured, each node with one other at a time",
        f"{'':16}{legend}; {other}",
    ]
    rows = len(latency)
    shown += [
        f"{_name(job, row, rows):>15} {latency[row]}   {bandwidth[row]}".rstrip()
        for row in range(rows)
    ]
    return shown


# ---- in a file ----


def draw(job: Job, path: str) -> None:
    """Draw both matrices into a file, by matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    nodes = len(job.nodes)
    measured = len(job.wires.latency) if job.wires else 0
    dense = 2 * measured // max(nodes - 1, 1)  # so many elements leave few without a measurement
    figure: Any = Figure(figsize=(12, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, side in zip(
        figure.subplots(1, 2), _sides(job, min(max(dense, ROWS), PIXELS)), strict=True
    ):
        colours = "viridis_r" if side.bad == "least" else "viridis"
        image = axes.imshow(
            side.matrix,
            cmap=colours,
            extent=(-0.5, nodes - 0.5, nodes - 0.5, -0.5),
            interpolation="nearest",
        )
        figure.colorbar(image, ax=axes, label=side.unit)
        axes.set(title=f"{side.name} between nodes", xlabel="node", ylabel="node")
        if nodes <= 16:
            axes.set_xticks(range(nodes), [node["host"] for node in job.nodes], rotation=90)
            axes.set_yticks(range(nodes), [node["host"] for node in job.nodes])
    figure.savefig(path)
