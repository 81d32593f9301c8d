"""Ordinary loops over small arrays, as they stand in scripts: ten kinds of them."""

from typing import Any

import numpy

from .program import Program, Section

__all__ = ["LOOPS"]


def _tridiagonal(n: int) -> tuple[Any, ...]:
    random = numpy.random.default_rng(10)
    lower, upper, right = random.uniform(-1, 1, (3, n))
    return lower, 4 + random.random(n), upper, right


def thomas(np: Any, lower: Any, diagonal: Any, upper: Any, right: Any) -> Any:
    """Solve a tridiagonal system: eliminate downwards, substitute upwards."""
    n = diagonal.shape[0]
    ratio, x = np.zeros(n), np.zeros(n)
    ratio[0] = upper[0] / diagonal[0]
    x[0] = right[0] / diagonal[0]
    for i in range(1, n):
        pivot = diagonal[i] - lower[i] * ratio[i - 1]
        ratio[i] = upper[i] / pivot
        x[i] = (right[i] - lower[i] * x[i - 1]) / pivot
    for i in range(n - 2, -1, -1):
        x[i] -= ratio[i] * x[i + 1]
    return x


def _items(items: int, capacity: int) -> tuple[Any, ...]:
    random = numpy.random.default_rng(11)
    weights = random.integers(1, capacity // 2, items)
    return capacity, weights.tolist(), random.integers(1, 100, items).tolist()


def knapsack(np: Any, capacity: int, weights: list[int], worth: list[int]) -> Any:
    """Fill a knapsack: the best worth for each capacity, item by item."""
    best = np.zeros(capacity + 1, dtype=np.int64)
    for weight, value in zip(weights, worth, strict=True):
        best[weight:] = np.maximum(best[weight:], best[:-weight] + value)
    return best


def _cubes(n: int, starts: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(12).uniform(1, 50, (starts, n)),)


def newton(np: Any, cubes: Any) -> Any:
    """Find cube roots, a few at a time, until the steps are small."""
    total = 0.0
    for k in range(cubes.shape[0]):
        a = cubes[k]
        x = np.ones_like(a)
        while True:
            step = (x * x * x - a) / (3 * x * x)
            x = x - step
            if np.abs(step).max() < 1e-12:
                break
        total += float(x.sum())
    return total


def _symmetric(n: int) -> tuple[Any, ...]:
    a = numpy.random.default_rng(13).normal(0, 0.1, (n, n))
    return (a + a.T + numpy.diag(numpy.arange(n) / 8.0),)


def power_iteration(np: Any, a: Any) -> Any:
    """Find the largest eigenvalue and its vector, until the value does not change any more."""
    v = np.ones(a.shape[0])
    value = 0.0
    while True:
        w = a @ v
        v = w / np.sqrt((w * w).sum())
        before, value = value, float(v @ (a @ v))
        if abs(value - before) < 1e-11 * abs(value):
            return value, v


def _rows(count: int, n: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(14).random((count, n)),)


def collect(np: Any, rows: Any) -> Any:
    """Let an array grow by joining, and stack what was kept of each step."""
    grown = np.zeros(0)
    kept = []
    for k in range(rows.shape[0]):
        grown = np.concatenate((grown, rows[k] * 2.0))
        kept.append(np.stack((rows[k], grown[-rows.shape[1] :])))
    return grown, np.array(kept)


def _signal(n: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(15).normal(0, 1, n),)


def clip_drift(np: Any, x: Any) -> Any:
    """Follow a signal by at most a quarter at a step: elements decide, are read and written."""
    y = np.zeros_like(x)
    y[0] = x[0]
    for i in range(1, x.shape[0]):
        if x[i] > y[i - 1] + 0.25:
            y[i] = y[i - 1] + 0.25
        elif x[i] < y[i - 1] - 0.25:
            y[i] = y[i - 1] - 0.25
        else:
            y[i] = x[i]
    return y


def _steps(n: int) -> tuple[Any, ...]:
    return (n,)


def euler(np: Any, steps: int) -> Any:
    """Integrate the Lorenz equations, a vector of three, with steps of Euler's."""
    state = np.array([1.0, 1.0, 1.0])
    path = np.empty((steps + 1, 3))
    path[0] = state
    for k in range(steps):
        x, y, z = state
        slope = np.array([10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z])
        state = state + 0.005 * slope
        path[k + 1] = state
    return path


def walk(np: Any, x: Any) -> Any:
    """Walk at random between two walls that throw back, and count how often they do."""
    place = np.zeros(())
    farthest = np.zeros(())
    hits = 0
    for i in range(x.shape[0]):
        place = place + x[i]
        if abs(place) > 3.0:
            place = place - 2.0 * x[i]
            hits += 1
        farthest = np.maximum(farthest, place)
    return place, farthest, hits


def _plate(n: int) -> tuple[Any, ...]:
    u = numpy.zeros((n, n))
    u[0] = 1.0
    return (u,)


def settle(np: Any, u: Any) -> Any:
    """Relax a plate until no point changes by more than a bound, which is tested at each step."""
    u = u.copy()
    steps = 0
    while True:
        v = u.copy()
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        change = np.abs(v - u).max()
        u = v
        steps += 1
        if change < 1e-3:
            return u, steps


def _columns(rows: int, columns: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(18).random((rows, columns)),)


def smooth_columns(np: Any, a: Any) -> Any:
    """Compute each column from the one before."""
    a = a.copy()
    for j in range(1, a.shape[1]):
        a[:, j] = a[:, j - 1] * 0.5 + 1
    return a


LOOPS = Section(
    "loops",
    "Ordinary loops",
    (
        Program("tridiagonal solver", thomas, _tridiagonal, (300,), (6,), None, True),
        Program("dynamic programming", knapsack, _items, (100, 500), (4, 12), None, True),
        Program("Newton's iteration", newton, _cubes, (10, 20), (3, 2), None),
        Program("power iteration", power_iteration, _symmetric, (50,), (4,), None),
        Program("joins", collect, _rows, (100, 10), (4, 3), None, True),
        Program("elements decide", clip_drift, _signal, (1000,), (12,), None, True),
        Program("Euler's method", euler, _steps, (300,), (4,), None, True),
        Program("random walk", walk, _signal, (1000,), (12,), None, True),
        Program("Jacobi with a test", settle, _plate, (50,), (6,), None, True),
        Program(
            "recurrence along columns", smooth_columns, _columns, (100, 200), (4, 5), None, True
        ),
    ),
    1.0,
)
