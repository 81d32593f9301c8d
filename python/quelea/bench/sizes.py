"""``python -m quelea bench sizes``: how the speed of a stencil follows the size of its grid, as a table and a picture.

The sides are those of ``bench sweeps``; the limit is that of one step after another, by which cache the arrays fit.
"""

import argparse
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from .common import count, warn_of_others
from .jobs import CORES, References, agree, median, turns
from .limits import Limits, measured
from .programs.stencils import STENCILS, Stencil
from .sweeps import MPI, NUMBA, NUMPY, RANKS, UNBLOCKED, Sides, numpy_side, sides_of

__all__ = ["main"]

_POINTS = 3e8  # computed in a run, about
_MOST_STEPS, _LEAST_STEPS = 4000, 8
_OF_NUMPY = 0.1  # of the steps are enough for its speed
_USUAL = {2: (64, 128, 256, 512, 1000, 2048, 4096, 8192), 3: (16, 32, 64, 100, 160, 256, 400)}
_SHOWN = (MPI, NUMBA, RANKS, RANKS + UNBLOCKED, NUMPY)
_STYLES = ("s--", "^--", "o-", "o:", "x--")


class _Size(NamedTuple):
    """What was measured of a grid with `n` points along a side: GFLOP/s of each side, and the limit's."""

    n: int
    speeds: dict[str, float]
    limit: float


def _measured(
    references: References, limits: Limits, stencil: Stencil, n: int, repeats: int
) -> _Size:
    points = float(n**stencil.dimensions)
    steps = int(min(_MOST_STEPS, max(_LEAST_STEPS, _POINTS / points)))
    few = max(4, int(_OF_NUMPY * steps))
    all_sides: Sides = sides_of(references, stencil, n, steps, min(steps, 100))
    shown = {name: side for name, side in all_sides.items() if name in _SHOWN}
    readings = turns({**shown, **numpy_side(stencil, n, few)}, repeats)
    agree(f"{n}", {name: found for name, found in readings.items() if name != NUMPY})
    work = 1e-9 * stencil.flops * points
    speeds = {
        name: work * (few if name == NUMPY else steps) / median(found)
        for name, found in readings.items()
    }
    bound = limits.of(stencil.flops, stencil.moved, stencil.size(n)).points
    return _Size(n, speeds, 1e-9 * stencil.flops * bound)


def _print(names: Sequence[str], size: _Size) -> None:
    figures = "".join(f"{size.speeds[name]:>16.2f}" for name in names)
    print(f"{size.n:>8}{figures}{size.limit:>16.2f}", flush=True)


def _side_of(stencil: Stencil, size: float) -> float:
    """Give how many points along a side fill so many bytes."""
    return float((size / stencil.size(1)) ** (1 / stencil.dimensions))


def _draw(
    file: str, stencil: Stencil, limits: Limits, names: Sequence[str], sizes: Sequence[_Size]
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot()
    along = [size.n for size in sizes]
    for name in names:
        style = _STYLES[_SHOWN.index(name)]
        axes.plot(along, [size.speeds[name] for size in sizes], style, label=name)
    axes.step(
        along,
        [size.limit for size in sizes],
        where="mid",
        color="grey",
        label="limit, one step after another",
    )
    for level in limits.levels[:-1]:
        at = _side_of(stencil, level.bytes)
        if along[0] < at < along[-1]:
            axes.axvline(at, color="grey", linestyle=":", linewidth=1)
            axes.text(at, 0.99, f" {level.name}", transform=axes.get_xaxis_transform(), va="top")
    axes.set_xscale("log"), axes.set_yscale("log")
    axes.set_xticks(along, [str(n) for n in along], rotation=45)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.grid(True, which="both", alpha=0.25)
    axes.set_xlabel("points along a side; dotted: as many as a cache holds of all arrays")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(f"{stencil.title}, float64, {CORES} cores", fontsize=10)
    axes.legend(fontsize=8)
    figure.savefig(file, dpi=150)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench sizes",
        description="How the speed of a stencil in a time loop follows the size of its grid: "
        "beside C + MPI, Numba and NumPy, with what caches hold and the limit of one step after another.",
    )
    parser.add_argument(
        "--row", choices=[s.name for s in STENCILS], default="jacobi", help="which one (jacobi)"
    )
    parser.add_argument("--n", type=count, action="append", help="so many points along a side")
    parser.add_argument("--repeats", type=count, default=3, help="runs whose median counts (3)")
    parser.add_argument("--picture", metavar="FILE", help="draw it there, by matplotlib")
    given = parser.parse_args(arguments)
    if shutil.which("mpirun") is None:
        print("mpirun is missing (Debian package openmpi-bin)", file=sys.stderr)
        return 2
    if given.picture and importlib.util.find_spec("matplotlib") is None:
        print("--picture draws by matplotlib: pip install matplotlib", file=sys.stderr)
        return 2
    stencil = next(s for s in STENCILS if s.name == given.row)
    warn_of_others()
    references = References()
    limits = measured(references)
    names = [n for n in _SHOWN if n != NUMBA or importlib.util.find_spec("numba") is not None]
    print(f"\n{stencil.title}, float64; GFLOP/s at {stencil.flops} a point\n")
    short = {MPI: "C + MPI", RANKS: "Quelea", RANKS + UNBLOCKED: "no sweeps"}
    heads = [short.get(name, name.partition(",")[0]) for name in names]
    print(f"{'n':>8}" + "".join(f"{head:>16}" for head in (*heads, "limit")))
    sizes = []
    for n in sorted(given.n or _USUAL[stencil.dimensions]):
        sizes.append(_measured(references, limits, stencil, n, given.repeats))
        _print(names, sizes[-1])
    if given.picture:
        _draw(given.picture, stencil, limits, names, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
