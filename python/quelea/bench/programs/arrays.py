"""Functions of large arrays that are no chains of elements: products, order, positions, transforms, random numbers."""

from collections.abc import Callable
from typing import Any

import numpy

from .program import Program, Section, Way

__all__ = ["ARRAYS"]

_COUNT = 10_000_000
_TINY = (1000,)


def _random() -> numpy.random.Generator:
    return numpy.random.default_rng(8)


# ---- products ----


def _matrices(dtype: str) -> Callable[..., tuple[Any, ...]]:
    def made(n: int) -> tuple[Any, ...]:
        random = _random()
        return tuple(random.uniform(-1, 1, (n, n)).astype(dtype) for _ in range(2))

    return made


def product(np: Any, a: Any, b: Any) -> Any:
    """Multiply matrices."""
    return a @ b


def _products(n: int, least: float) -> tuple[Program, ...]:
    return tuple(
        Program(f"a @ b, {n}, {dtype}", product, _matrices(dtype), (n,), (70,), least)
        for dtype in ("float32", "float64")
    )


PRODUCTS = Section(
    "products",
    "Products of matrices",
    (*_products(256, 0.7), *_products(1024, 0.85), *_products(2048, 0.85)),
)


# ---- order ----


def _numbers(dtype: str) -> Callable[..., tuple[Any, ...]]:
    def made(n: int) -> tuple[Any, ...]:
        random = _random()
        if dtype == "float64":
            return (random.standard_normal(n),)
        return (random.integers(-(2**40), 2**40, n),)

    return made


def in_order(np: Any, x: Any) -> Any:
    """Sort."""
    return np.sort(x)


def places_in_order(np: Any, x: Any) -> Any:
    """Find the order, of equal elements by their places."""
    return np.argsort(x, kind="stable")


def different(np: Any, x: Any) -> Any:
    """Find the different elements."""
    return np.unique(x)


ORDER = Section(
    "order",
    "Order, 1e7 elements",
    tuple(
        Program(f"{name} of {dtype}", run, _numbers(dtype), (_COUNT,), _TINY, least, True)
        for name, run, least in (
            ("sort", in_order, 1.15),
            ("stable argsort", places_in_order, 1.5),
            ("unique", different, 1.5),
        )
        for dtype in ("float64", "int64")
    ),
)


# ---- positions ----


def _masked(n: int) -> tuple[Any, ...]:
    random = _random()
    mask = random.random(n) < 0.5
    return random.random(n), mask, random.random(int(mask.sum()))


def _indexed(n: int) -> tuple[Any, ...]:
    random = _random()
    return random.random(n), random.integers(0, n, n), random.random(n)


def _few(n: int) -> tuple[Any, ...]:
    random = _random()
    return random.integers(0, 1000, n), random.random(n)


def where_true(np: Any, x: Any, mask: Any, values: Any) -> Any:
    """Read where a mask is true."""
    return x[mask]


def stored_where_true(np: Any, x: Any, mask: Any, values: Any) -> Any:
    """Store where a mask is true."""
    y = x.copy()
    y[mask] = values
    return y


def at_places(np: Any, x: Any, index: Any, values: Any) -> Any:
    """Read at places."""
    return x[index]


def taken(np: Any, x: Any, index: Any, values: Any) -> Any:
    """Take at places."""
    return np.take(x, index)


def counted(np: Any, numbers: Any, x: Any) -> Any:
    """Count numbers."""
    return np.bincount(numbers, minlength=1000)


def in_bins(np: Any, numbers: Any, x: Any) -> Any:
    """Count what lies in bins."""
    return np.histogram(x, 100)[0]


def summed_on(np: Any, numbers: Any, x: Any) -> Any:
    """Add on and on."""
    return np.cumsum(x)


POSITIONS = Section(
    "positions",
    "Positions and counts, 1e7 elements",
    tuple(
        Program(name, run, data, (_COUNT,), _TINY, 1.3, run is not summed_on)
        for name, run, data in (
            ("x[mask]", where_true, _masked),
            ("x[mask] = values", stored_where_true, _masked),
            ("x[index]", at_places, _indexed),
            ("take", taken, _indexed),
            ("bincount", counted, _few),
            ("histogram", in_bins, _few),
            ("cumsum", summed_on, _few),
        )
    ),
)


# ---- transforms and random numbers ----


def _line(n: int) -> tuple[Any, ...]:
    random = _random()
    return (random.standard_normal(n) + 1j * random.standard_normal(n),)


def _plane(n: int) -> tuple[Any, ...]:
    random = _random()
    return (random.standard_normal((n, n)),)


def transformed(np: Any, x: Any) -> Any:
    """Transform a line."""
    return np.fft.fft(x)


def transformed_plane(np: Any, x: Any) -> Any:
    """Transform a plane."""
    return np.fft.fft2(x)


def transformed_reals(np: Any, x: Any) -> Any:
    """Transform a plane of real numbers."""
    return np.fft.rfftn(x)


def uniform(np: Any, n: int) -> Any:
    """Draw numbers."""
    return np.random.default_rng(4).random(n)


def normal(np: Any, n: int) -> Any:
    """Draw normal numbers; how they differ from NumPy's README says, so their mean is given."""
    x = np.random.default_rng(4).standard_normal(n)
    return np.round(x.mean() * 0.01, 3)


TRANSFORMS = Section(
    "transforms",
    "Fourier transforms",
    (
        Program("fft, 2^22", transformed, _line, (2**22,), (60,), None),
        Program("fft2, 2048 x 2048", transformed_plane, _plane, (2048,), (12,), 0.75),
        Program("rfftn, 2048 x 2048", transformed_reals, _plane, (2048,), (12,), 0.75),
    ),
)

RANDOM = Section(
    "random",
    "Random numbers, 1e8",
    (
        Program("random", uniform, lambda n: (n,), (100_000_000,), _TINY, 1.8, True),
        Program("standard_normal", normal, lambda n: (n,), (100_000_000,), _TINY, 1.8),
    ),
)


# ---- beside Dask, which has no sort ----


def _pair(n: int) -> tuple[Any, ...]:
    random = _random()
    return random.random(n), random.random(n)


def chained(np: Any, x: Any, y: Any) -> Any:
    """Compute a chain of elements."""
    return np.sqrt(x * x + y * y) * 0.5 - x / (y + 2)


def summed_along(np: Any, a: Any) -> Any:
    """Reduce along either axis."""
    return a.sum(axis=0), a.max(axis=1)


def above(np: Any, x: Any, y: Any) -> Any:
    """Read where elements are large."""
    return x[x > 0.5]


def chosen(np: Any, x: Any, y: Any) -> Any:
    """Choose by a mask, and sum up."""
    return np.where(x > y, x, -y).sum()


_DASK = Way("Dask, 2", "dask", threads=2), Way("Quelea, 2", "quelea", ranks=2)


def _beside_dask(name: str, run: Callable[..., Any], data: Any, n: int, exact: bool) -> Program:
    tiny = (40,) if data is _plane else _TINY
    return Program(name, run, data, (n,), tiny, 2.0, exact, needs="dask")


DASK = Section(
    "dask",
    "Beside Dask's arrays of 8 chunks, 2 threads",
    (
        _beside_dask("chain, 1e7", chained, _pair, _COUNT, True),
        _beside_dask("chain, 1e8", chained, _pair, 10 * _COUNT, True),
        _beside_dask("sum, max of 1e4 x 1e4", summed_along, _plane, 10_000, False),
        _beside_dask("x[x > 0.5], 1e7", above, _pair, _COUNT, True),
        _beside_dask("where(x > y).sum(), 1e8", chosen, _pair, 10 * _COUNT, False),
    ),
    ways=_DASK,
)

ARRAYS = (PRODUCTS, ORDER, POSITIONS, TRANSFORMS, RANDOM, DASK)
"""What each requires is said of two ranks beside NumPy in one process, or beside what the section names."""
