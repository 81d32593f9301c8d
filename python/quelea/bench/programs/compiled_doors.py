"""What else compiles functions: stencils, expressions in texts, pairs of rows; beside Numba, numexpr and SciPy."""

# mypy: allow-untyped-defs
# Types of what is compiled follow from the arguments.

import importlib
from collections.abc import Callable
from typing import Any

import numpy

from .program import Program

__all__ = [
    "CONVOLUTIONS",
    "DILATIONS",
    "EXPRESSIONS",
    "PAIRS",
    "STENCILS",
    "doors",
    "of_numexpr",
    "of_scipy",
    "stencils",
]

np = numpy

_WIDTH = 7  # of the square by which images are dilated


# ---- the functions ----


def stencils(
    stencil: Callable[..., Any], around: Callable[..., Any] = lambda kernel: kernel
) -> dict[str, Any]:
    """Give stencils by their names, as a decorator makes them; `around` makes functions that call them."""

    def five(u):
        return 0.5 * u[0, 0] + 0.125 * (u[-1, 0] + u[1, 0] + u[0, -1] + u[0, 1])

    def seven(u):
        return 0.4 * u[0, 0, 0] + 0.1 * (
            u[-1, 0, 0] + u[1, 0, 0] + u[0, -1, 0] + u[0, 1, 0] + u[0, 0, -1] + u[0, 0, 1]
        )

    return {"five points": around(stencil(five)), "seven points": around(stencil(seven))}


def doors(quelea: Any) -> dict[str, Any]:
    """Give Quelea's functions by their names."""
    found = stencils(quelea.stencil)

    @quelea.stencil(mode="nearest")
    def five(u):
        return 0.5 * u[0, 0] + 0.125 * (u[-1, 0] + u[1, 0] + u[0, -1] + u[0, 1])

    @quelea.stencil(mode="nearest")
    def seven(u):
        return 0.4 * u[0, 0, 0] + 0.1 * (
            u[-1, 0, 0] + u[1, 0, 0] + u[0, -1, 0] + u[0, 1, 0] + u[0, 0, -1] + u[0, 0, 1]
        )

    @quelea.stencil(mode="nearest")
    def along_rows(a):
        return max(a[0, -3], a[0, -2], a[0, -1], a[0, 0], a[0, 1], a[0, 2], a[0, 3])

    @quelea.stencil(mode="nearest")
    def along_columns(a):
        return max(a[-3, 0], a[-2, 0], a[-1, 0], a[0, 0], a[1, 0], a[2, 0], a[3, 0])

    def windows(image):
        views = quelea.lib.stride_tricks.sliding_window_view
        wide = quelea.pad(image, _WIDTH // 2, mode="edge")
        return quelea.reduce(quelea.maximum, views(wide, (_WIDTH, _WIDTH)), axis=(2, 3))

    def pairs(x, z):
        found = quelea.allpairs(lambda a, b: ((a - b) ** 2).sum(), x, z)
        return found[:: max(1, len(x) // 100)]  # of which all is computed

    return {
        **found,
        "convolution of five": five,
        "convolution of seven": seven,
        "dilation by stencils": lambda image: along_columns(along_rows(image)),
        "dilation by reduce": windows,
        "pairs": pairs,
        "evaluate": quelea.evaluate,
    }


def of_scipy() -> dict[str, Any]:
    """Give SciPy's ways to the same answers."""

    def images() -> Any:
        return importlib.import_module("scipy.ndimage")

    def weights(ndim: int, centre: float, side: float) -> Any:
        found = numpy.zeros((3,) * ndim)
        for axis in range(ndim):
            for k in (0, 2):
                found[tuple(k if a == axis else 1 for a in range(ndim))] = side
        found[(1,) * ndim] = centre
        return found

    def dilation(image):
        return images().grey_dilation(image, size=(_WIDTH, _WIDTH), mode="nearest")

    def pairs(x, z):
        distances = importlib.import_module("scipy.spatial.distance")
        return distances.cdist(x, z, "sqeuclidean")[:: max(1, len(x) // 100)]

    return {
        "convolution of five": lambda u: images().convolve(
            u, weights(2, 0.5, 0.125), mode="nearest"
        ),
        "convolution of seven": lambda u: images().convolve(
            u, weights(3, 0.4, 0.1), mode="nearest"
        ),
        "dilation by stencils": dilation,
        "dilation by reduce": dilation,
        "pairs": pairs,
    }


def of_numexpr() -> dict[str, Any]:
    """Give numexpr's."""
    return {"evaluate": importlib.import_module("numexpr").evaluate}


# ---- the table ----


def _uniform(*shape: int) -> Any:
    return numpy.random.default_rng(20).random(shape)


def _named(
    name: str, data: Callable[..., tuple[Any, ...]], size: Any, tiny: Any, least: float
) -> Program:
    return Program(name, lambda functions, *given: functions[name](*given), data, size, tiny, least)


STENCILS = (
    _named("five points", lambda n: (_uniform(n, n),), (2000,), (9,), 1.3),
    _named("seven points", lambda n: (_uniform(n, n, n),), (160,), (7,), 1.3),
)
CONVOLUTIONS = tuple(
    program._replace(needs="scipy")
    for program in (
        _named("convolution of five", lambda n: (_uniform(n, n),), (2000,), (9,), 3.0),
        _named("convolution of seven", lambda n: (_uniform(n, n, n),), (160,), (7,), 3.0),
    )
)
DILATIONS = tuple(
    _named(name, lambda m, n: (_uniform(m, n),), (768, 1024), (9, 12), 2.5)._replace(needs="scipy")
    for name in ("dilation by stencils", "dilation by reduce")
)
PAIRS = (
    _named(
        "pairs", lambda n, k: (_uniform(n, k), _uniform(n, k) + 0.5), (10_000, 50), (12, 3), 1.5
    )._replace(
        name="squared distances, 10000 x 50",
        run=lambda functions, *given: functions["pairs"](*given),
        needs="scipy",
    ),
)
_TEXTS = (
    "y / sqrt(x**2 + y**2)",
    "2.5 * x**3 - 1.5 * x**2 + 0.5 * x - y",
    "exp(-(x - y)**2 / 2) * cos(3 * x) + sin(y)",
    "where(x > y, sqrt(x * y), log1p(x + y)) * 0.5 + x",
    "(x - 0.5)**2 + (y - 0.5)**2 < 0.2 * x * y + 0.05",
)


def _expression(text: str, size: int) -> Program:
    def run(functions, x, y):
        return functions["evaluate"](text, {"x": x, "y": y})

    def data(n):
        x = _uniform(2, n) + 0.1
        return x[0].copy(), x[1].copy()

    name = text if len(text) <= 22 else text[:19] + "..."
    return Program(f"{name} {size:.0e}", run, data, (size,), (30,), 1.3, needs="numexpr")


EXPRESSIONS = tuple(
    _expression(text, size)
    for k, text in enumerate(_TEXTS)
    for size in (1000, 100_000, 10_000_000, 50_000_000)[: 4 if k == 0 else 3]
)
