"""`quelea.jit` over Quelea's arrays: loops whose iterations cost different amounts, which workers take in portions."""

from typing import Any

import numpy
import numpy as np
import pytest
from jit_on_ranks import check, each, field, on_ranks, ours
from support import happened

import quelea


@quelea.jit
def escape(a, b, most):
    m, n = a.shape
    out = np.empty((m, n), np.int64)
    for i in range(m):
        for j in range(n):
            x, y, k = 0.0, 0.0, 0
            while k < most and x * x + y * y <= 4.0:
                x, y = x * x - y * y + a[i, j], 2.0 * x * y + b[i, j]
                k += 1
            out[i, j] = k
    return out


@quelea.jit
def steps_of_turns(u, v, steps):
    """Each step reads what others have stored in the one before, above and below."""
    m, n = u.shape
    for _ in range(steps):
        for i in range(1, m - 1):
            for j in range(n):
                s = u[i - 1, j]
                for _ in range(40):
                    if s > u[i + 1, j] + 0.5:
                        break
                    s = s + 0.25 * abs(u[i, j]) + 0.125
                v[i, j] = s
        for i in range(m):
            for j in range(1, n - 1):
                u[i, j] = 0.5 * (v[i, j - 1] + v[i, j + 1])
    return u


@quelea.jit
def triangles(x, k):
    out = np.empty_like(x)
    for i in range(len(x)):
        s = 0.0
        for j in range(i):
            s += x[j] * k
        out[i] = s
    return out


@quelea.jit
def some_in_place(a, b, c):
    m, n = a.shape
    for i in range(m):
        for j in range(n):
            if a[i, j] > 0.2:
                s = a[i, j]
                while s < 3.0:
                    s += abs(b[i, j]) + 0.125
                a[i, j] = s
                b[i, n - 1 - j] = c[i, j] + s
    return a, b


@quelea.jit
def put_together(a):
    m, n = a.shape
    total, turns, most = 0.0, 0, 0
    for i in range(m):
        for j in range(n):
            k, x = 0, abs(a[i, j]) + 0.001
            while x < 1.0:
                x *= 1.25
                k += 1
            total += 0.25 * k
            turns += k
            most = max(most, k)
    return total, turns, most


@quelea.jit
def rows_below_the_diagonal(a):
    n = len(a)
    out = np.zeros_like(a)
    for i in range(n):
        for j in range(1, i + 1):
            out[i, j] = 0.5 * out[i, j - 1] + a[i, j]
    return out


@quelea.jit
def down_columns(a):
    m, n = a.shape
    out = a.copy()
    for i in range(1, m):
        for j in range(n):
            s = out[i - 1, j]
            while s > 0.125:
                s *= 0.75
            out[i, j] += s
    return out


@quelea.jit
def raises_somewhere(a, limit):
    m, n = a.shape
    out = np.zeros_like(a)
    for i in range(m):
        for j in range(n):
            s = a[i, j]
            while s < 2.0:
                s = s + 0.125 + abs(a[i, j])
            if i * n + j > limit:
                if j % 3:
                    raise ValueError("late")
                raise KeyError("later")
            out[i, j] = s
    return out


PLANE = np.meshgrid(np.linspace(-2.0, 0.6, 53), np.linspace(-0.4, 1.3, 61))
PROGRAMS: Any = [
    (escape, *PLANE, 60),
    (escape, PLANE[0][:1].copy(), PLANE[1][:1].copy(), 60),
    (escape, PLANE[0][:, :1].copy(), PLANE[1][:, :1].copy(), 60),
    (steps_of_turns, field(45, 31), field(45, 31, seed=2), 3),
    (triangles, field(400), 0.5),
    (some_in_place, field(50, 40), field(50, 40, seed=2), field(50, 40, seed=3)),
    (put_together, field(60, 50)),
    (rows_below_the_diagonal, field(90, 90)),
    (down_columns, field(50, 60)),
]


@each(PROGRAMS)
def test_bits(function, args):
    check(function, *args)


def test_the_first_that_raises():
    a = field(61, 53)
    for limit, error in ((2, KeyError), (701, ValueError), (3001, ValueError)):
        with pytest.raises(error):
            raises_somewhere(ours(a), limit)
    check(raises_somewhere, a, 61 * 53)


def test_known_plans():
    """The same again and again, without waiting in between; each time portions are taken anew."""
    given = [ours(part) for part in PLANE]
    wants = {most: escape(*PLANE, most) for most in (20, 60)}
    got = [(most, escape(*given, most)) for _ in range(6) for most in wants]
    for most, one in got:
        numpy.testing.assert_array_equal(numpy.asarray(one), wants[most])


def test_they_are_taken_in_portions():
    given = [ours(part) for part in PLANE]
    if not on_ranks(given[0]):
        pytest.skip("small arrays are every rank's")
    kept: list[Any] = []
    taken = happened(lambda: kept.append(escape(*given, 60)))["portioned_kernels"]
    info = quelea.info()
    shared = info["workers"] > info["threads"]
    assert taken == 1 if shared else taken <= 1
    told = str(quelea.explain(escape(*given, 59)))
    assert info["node_count"] > 1 or told.count("take portions in turn") == taken
    assert happened(lambda: kept.append(some_even(given[0])))["portioned_kernels"] == 0


@quelea.jit
def some_even(a):
    m, n = a.shape
    out = np.empty_like(a)
    for i in range(m):
        for j in range(n):
            s = 0.0
            for k in range(max(j - 3, 0), min(j + 4, n)):
                s += a[i, k]
            out[i, j] = s
    return out
