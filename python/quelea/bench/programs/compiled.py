"""Programs in loops, as they are written for `quelea.jit` and for Numba alike: either compiles the same functions."""

# mypy: allow-untyped-defs
# Types of what is compiled follow from the arguments.

from collections.abc import Callable
from typing import Any

import numpy

from .compiled_doors import CONVOLUTIONS, DILATIONS, EXPRESSIONS, PAIRS, STENCILS
from .compiled_elements import elements, plainly
from .compiled_grids import VELOCITIES, grids
from .program import Program, Section, Way

__all__ = ["COMPILED", "FIRST", "ONE", "made"]

np = numpy


def made(
    jit: Callable[..., Any],
    prange: Callable[..., Any] = range,
    vectorize: Callable[..., Any] = plainly,
) -> dict[str, Any]:
    """Give the functions by their names, as a compiler's decorators make them; `prange` is its own."""

    @jit
    def fibonacci(n):
        if n < 2:
            return n
        return fibonacci(n - 1) + fibonacci(n - 2)

    @jit
    def fibonacci_iterative(n):
        a, b = 0, 1
        for _ in range(n):
            a, b = b, a + b
        return a

    @jit
    def jacobi(u, steps):
        m, n = u.shape
        a, b = u.copy(), u.copy()
        for _ in range(steps):
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    b[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
            a, b = b, a
        return a

    @jit
    def gauss_seidel(u, steps):
        m, n = u.shape
        a = u.copy()
        for _ in range(steps):
            for i in range(1, m - 1):
                for j in range(1, n - 1):
                    a[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
        return a

    @jit
    def dilation(image, k):
        m, n = image.shape
        out = np.empty_like(image)
        for i in prange(m):
            for j in range(n):
                best = image[i, j]
                for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                    for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                        best = max(best, image[ii, jj])
                out[i, j] = best
        return out

    @jit
    def count_below(x, limit):
        count = 0
        for i in prange(len(x)):
            if x[i] < limit:
                count += 1
        return count

    @jit
    def sum_below(x, limit):
        return np.sum(x < limit)

    @jit
    def mandelbrot(n, most):
        out = np.empty((n, n), np.int64)
        for i in range(n):
            for j in range(n):
                cx, cy = 2.6 * j / n - 2.0, 2.6 * i / n - 1.3
                x, y, k = 0.0, 0.0, 0
                while k < most and x * x + y * y <= 4.0:
                    x, y = x * x - y * y + cx, 2.0 * x * y + cy
                    k += 1
                out[i, j] = k
        return out

    @jit
    def convolution(image, weights):
        m, n = image.shape
        out = np.zeros((m, n))
        for i in prange(1, m - 1):
            for j in range(1, n - 1):
                s = 0.0
                for a in range(3):
                    for b in range(3):
                        s += weights[a, b] * image[i + a - 1, j + b - 1]
                out[i, j] = s
        return out

    @jit
    def rosenbrock(x):
        s = 0.0
        for i in prange(len(x) - 1):
            a, b = x[i + 1] - x[i] * x[i], 1.0 - x[i]
            s += 100.0 * a * a + b * b
        return s

    @jit
    def rule_30(n, steps):
        row = np.zeros((steps, n), np.uint8)
        row[0, n // 2] = 1
        for t in range(1, steps):
            for i in range(1, n - 1):
                row[t, i] = row[t - 1, i - 1] ^ (row[t - 1, i] | row[t - 1, i + 1])
        return row

    @jit
    def distances(x):
        n, dimensions = x.shape
        d = np.empty((n, n))
        for i in prange(n):
            for j in range(n):
                s = 0.0
                for k in range(dimensions):
                    t = x[i, k] - x[j, k]
                    s += t * t
                d[i, j] = np.sqrt(s)
        return d

    @jit
    def k_means(points, count, steps):
        n, dimensions = points.shape
        centres = points[:count].copy()
        for _ in range(steps):
            sums = np.zeros((count, dimensions))
            size = np.zeros(count)
            for p in range(n):
                nearest, best = 0, np.inf
                for c in range(count):
                    s = 0.0
                    for d in range(dimensions):
                        t = points[p, d] - centres[c, d]
                        s += t * t
                    if s < best:
                        nearest, best = c, s
                size[nearest] += 1.0
                for d in range(dimensions):
                    sums[nearest, d] += points[p, d]
            for c in range(count):
                for d in range(dimensions):
                    if size[c] > 0.0:
                        centres[c, d] = sums[c, d] / size[c]
        return centres

    @jit
    def n_body(position, mass):
        n = len(mass)
        force = np.zeros((n, 3))
        for i in prange(n):
            for j in range(n):
                dx = position[j, 0] - position[i, 0]
                dy = position[j, 1] - position[i, 1]
                dz = position[j, 2] - position[i, 2]
                r = dx * dx + dy * dy + dz * dz + 1e-3
                w = mass[j] / (r * np.sqrt(r))
                force[i, 0] += w * dx
                force[i, 1] += w * dy
                force[i, 2] += w * dz
        return force

    @jit
    def product(a, b):
        m, n, inner = a.shape[0], b.shape[1], a.shape[1]
        c = np.zeros((m, n))
        for i in prange(m):
            for k in range(inner):
                for j in range(n):
                    c[i, j] += a[i, k] * b[k, j]
        return c

    @jit
    def floyd_warshall(weights):
        n = weights.shape[0]
        d = weights.copy()
        for k in range(n):
            for i in range(n):
                for j in range(n):
                    d[i, j] = min(d[i, j], d[i, k] + d[k, j])
        return d

    @jit
    def smoothing(x, a):
        y = np.empty_like(x)
        s = x[0]
        for i in range(len(x)):
            s = a * x[i] + (1.0 - a) * s
            y[i] = s
        return y

    @jit
    def collatz(n):
        most = 0
        for i in range(1, n):
            k, x = 0, i
            while x != 1:
                x = x // 2 if x % 2 == 0 else 3 * x + 1
                k += 1
            most = max(most, k)
        return most

    @jit
    def black_scholes(spot, strike, years):
        price = np.empty_like(spot)
        for i in prange(len(spot)):
            spread = 0.3 * np.sqrt(years[i])
            d = (np.log(spot[i] / strike[i]) + 0.065 * years[i]) / spread
            k = 1.0 / (1.0 + 0.2316419 * abs(d))
            tail = np.exp(-0.5 * d * d) * 0.3989422804014327 * k
            price[i] = spot[i] * tail - strike[i] * np.exp(-0.02 * years[i]) * tail
        return price

    @jit
    def first_two(x, y):
        return x[0] + y[0]

    return {**dict(locals()), **grids(jit, prange), **elements(vectorize)}


# ---- the table ----


def _uniform(*shape: int) -> Any:
    return numpy.random.default_rng(20).random(shape)


def _named(name: str, data: Callable[..., tuple[Any, ...]], size: Any, tiny: Any) -> Program:
    return Program(name, lambda functions, *given: functions[name](*given), data, size, tiny, 0.8)


def _numbers(*given: int) -> tuple[Any, ...]:
    return given


def _plane(m: int, n: int, most: int) -> tuple[Any, ...]:
    """Real and imaginary parts of points; the rows above have more to do than those below."""
    rows, columns = numpy.linspace(-0.4, 1.3, m), numpy.linspace(-2.0, 0.6, n)
    return (numpy.tile(columns, (m, 1)), numpy.tile(rows[:, None], (1, n)), most)


def _populations(n: int, steps: int) -> tuple[Any, ...]:
    rows, columns = numpy.array(VELOCITIES).T
    weights = numpy.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
    first = weights[:, None, None] * (1.0 + 0.1 * _uniform(9, n, n))
    return (first, rows.copy(), columns.copy(), weights, steps)


def _system(n: int, steps: int) -> tuple[Any, ...]:
    """A symmetric positive definite matrix, and a right side."""
    part = _uniform(n, n)
    return (part + part.T + n * numpy.eye(n), _uniform(n), steps)


_JACOBI = _named("jacobi", lambda n, s: (_uniform(n, n), s), (500, 40), (10, 3))
_DILATION = _named("dilation", lambda m, n: (_uniform(m, n), 7), (384, 512), (9, 12))
_COUNT = _named("count_below", lambda n: (_uniform(n), 0.5), (1_000_000,), (100,))
_CONVOLUTION = _named("convolution", lambda n: (_uniform(n, n), _uniform(3, 3)), (1000,), (9,))
_ROSENBROCK = _named("rosenbrock", lambda n: (_uniform(n),), (1_000_000,), (50,))
_HARRIS = _named("harris", lambda m, n: (_uniform(m, n),), (600, 800), (9, 12))
_JULIA = _named("julia", _plane, (300, 300, 200), (9, 12, 20))
_MANDELBROT = _named("mandelbrot_plane", _plane, (300, 300, 200), (9, 12, 20))
_WATER = _named("shallow_water", lambda n, s: (1.0 + _uniform(n, n), s), (500, 20), (9, 3))
_FIBONACCI = _named("fibonacci", _numbers, (32,), (10,))
_SEPARABLE = _DILATION._replace(
    run=lambda functions, *given: functions["dilation_separable"](*given)
)
_FIRST_TWO = _named("first_two", lambda n: (_uniform(n), _uniform(n)), (1000,), (10,))
_BLACK_SCHOLES = _named("black_scholes", lambda n: tuple(_uniform(3, n) + 0.5), (300_000,), (40,))

_PROGRAMS = (
    _FIBONACCI,
    _named("fibonacci_iterative", _numbers, (10_000_000,), (10,)),
    _JACOBI,
    _named("gauss_seidel", lambda n, s: (_uniform(n, n), s), (300, 20), (10, 3)),
    _DILATION,
    _named("erosion_separable", lambda m, n: (_uniform(m, n), 7), (384, 512), (9, 12)),
    _COUNT,
    _named("mandelbrot", _numbers, (300, 200), (12, 20)),
    _JULIA,
    _CONVOLUTION,
    _HARRIS,
    _ROSENBROCK,
    _named("fdtd", lambda n, s: (*_uniform(3, n, n), s), (500, 20), (9, 3)),
    _named("rule_30", _numbers, (4000, 1000), (40, 10)),
    _named("distances", lambda n: (_uniform(n, 3),), (1000,), (9,)),
    _named("k_means", lambda n, c, s: (_uniform(n, 3), c, s), (20_000, 8, 10), (60, 3, 2)),
    _named("n_body", lambda n: (_uniform(n, 3), _uniform(n)), (1000,), (9,)),
    _named("product", lambda n: (_uniform(n, n), _uniform(n, n)), (300,), (7,)),
    _named("floyd_warshall", lambda n: (_uniform(n, n),), (250,), (7,)),
    _named("smoothing", lambda n: (_uniform(n), 0.3), (1_000_000,), (50,)),
    _named("conjugate_gradients", _system, (400, 20), (7, 3)),
    _named("lattice_boltzmann", _populations, (150, 5), (7, 2)),
    _WATER,
    _named("collatz", _numbers, (100_000,), (30,)),
)
_PARALLEL = (
    _JACOBI._replace(size=(1000, 50)),
    _DILATION._replace(size=(768, 1024)),
    _COUNT._replace(size=(10_000_000,)),
    _MANDELBROT._replace(size=(800, 800, 200)),
    _JULIA._replace(size=(800, 800, 200)),
    _CONVOLUTION._replace(size=(1500,)),
    _HARRIS._replace(size=(1200, 1200)),
    _ROSENBROCK._replace(size=(10_000_000,)),
    _WATER._replace(size=(1000, 20)),
    _BLACK_SCHOLES._replace(size=(2_000_000,)),
)
_ELEMENTS = tuple(
    _named(name, lambda n, k=count: tuple(_uniform(k, n) + 0.5), (1_000_000,), (40,))._replace(
        least=1.2
    )
    for name, count in (("relative", 2), ("folded", 2), ("bell", 2), ("root", 3), ("escape", 2))
)
_REFERENCES = (
    _SEPARABLE._replace(
        name="dilation, separable: SciPy", size=(768, 1024), least=2.5, needs="scipy"
    ),
    _COUNT._replace(name="count in a loop: NumPy's sum", least=2.0),
    _COUNT._replace(
        name="count by np.sum: in a loop",
        run=lambda functions, *given: functions["sum_below"](*given),
        least=0.95,
    ),
    _FIBONACCI._replace(name="fibonacci(40): C by clang", size=(40,), needs="clang"),
)
_RANKS = tuple(
    program._replace(size=size, least=1.8)
    for program, size in (
        (_MANDELBROT, (800, 800, 1000)),
        (_DILATION, (3072, 2048)),
        (_HARRIS, (2400, 2400)),
    )
)

ONE = (Way("Numba", "numba"), Way("Quelea", "jit"))
"""What is compared where a section says nothing else."""

_TWO = (Way("Numba, 2", "numba parallel", threads=2), Way("Quelea, 2", "jit arrays", threads=2))
_NUMEXPR = (Way("numexpr, 2", "numexpr", threads=2), _TWO[1])
_SCIPY = (Way("SciPy", "reference"), Way("2 ranks", "jit arrays", ranks=2))
_OTHERS = (Way("other", "reference"), ONE[1])
_WITHOUT = (Way("without jit", "reference arrays"), Way("Quelea", "jit arrays"))
_STEPS = (("QUELEA_TIME_BLOCK", "1"),)
_STEP_BY_STEP = (_WITHOUT[0]._replace(settings=_STEPS), _WITHOUT[1]._replace(settings=_STEPS))
_SPREAD = (_WITHOUT[1]._replace(title="1 rank"), Way("2 ranks", "jit arrays", ranks=2))

COMPILED = (
    Section("compiled", "loops, warm, one thread", _PROGRAMS, 1.1, late=False, alone=True),
    Section(
        "mathematics",
        "loops that call vector mathematics",
        (_BLACK_SCHOLES,),
        late=False,
        alone=True,
    ),
    Section("parallel", "loops, 2 threads", _PARALLEL, 1.1, _TWO),
    Section("vectorize", "functions of elements by vectorize, 2 threads", _ELEMENTS, ways=_TWO),
    Section("stencil", "stencils, applied once, 2 threads", STENCILS, ways=_TWO),
    Section(
        "convolve",
        "the same beyond the border, beside SciPy's convolve, one thread",
        CONVOLUTIONS,
        ways=_OTHERS,
        late=False,
        alone=True,
    ),
    Section(
        "dilation",
        "dilation of 1024 x 768 by 7 x 7, beside SciPy's grey_dilation, one thread, Quelea's arrays",
        DILATIONS,
        ways=(_OTHERS[0], Way("Quelea", "jit arrays")),
        alone=True,
    ),
    Section("evaluate", "expressions in texts, 2 threads", EXPRESSIONS, ways=_NUMEXPR),
    Section("allpairs", "all pairs of rows, 2 ranks beside SciPy's cdist", PAIRS, ways=_SCIPY),
    Section(
        "window",
        "dilation of 1024 x 768 by 7 x 7, naive",
        (_DILATION._replace(size=(768, 1024), least=4.0),),
        late=False,
        alone=True,
    ),
    Section(
        "references",
        "one thread, beside other ways",
        _REFERENCES,
        ways=_OTHERS,
        late=False,
        alone=True,
    ),
    Section(
        "time loop",
        "loops in jit, the time loop too, beside slices without it, one step at a time",
        (_JACOBI._replace(size=(1000, 50), least=0.95),),
        ways=_STEP_BY_STEP,
    ),
    Section(
        "calls",
        "a warm call with two NumPy arrays",
        (_FIRST_TWO._replace(least=1.0),),
        late=False,
        alone=True,
    ),
    Section(
        "statement",
        "a warm call with two small Quelea arrays, beside a statement x + y",
        (_FIRST_TWO._replace(size=(1,), tiny=(1,)),),
        ways=_WITHOUT,
        late=False,
        alone=True,
    ),
    Section("ranks", "loops, 2 ranks beside 1", _RANKS, ways=_SPREAD),
)

FIRST = ("compiled", "mathematics")
"""The sections of which first calls are measured."""
