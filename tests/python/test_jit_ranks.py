"""`quelea.jit` over Quelea's arrays, partitioned or not: loops that are shared out, against Python itself."""

import math
import os
from typing import Any

import numpy
import numpy as np
import pytest
from jit_on_ranks import as_numpy, check, check_random, each, field, on_ranks, ours, same
from jit_programs import dilate
from jit_random_nests import random_nests
from support import happened

import quelea


@quelea.jit
def erode_in_two_steps(image, k):
    m, n = image.shape
    rows = np.empty_like(image)
    out = np.empty_like(image)
    for i in range(m):
        for j in range(n):
            low = image[i, j]
            for jj in range(max(j - k, 0), min(j + k + 1, n)):
                low = min(low, image[i, jj])
            rows[i, j] = low
    for i in range(m):
        for j in range(n):
            low = rows[i, j]
            for ii in range(max(i - k, 0), min(i + k + 1, m)):
                low = min(low, rows[ii, j])
            out[i, j] = low
    return out


@quelea.jit
def jacobi(u, v, steps):
    n, m = u.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
        u, v = v, u
    return u


@quelea.jit
def smoothed(u, v, steps):
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
        u, v = v, u


@quelea.jit
def until_it_is_small(u, tolerance):
    n = len(u)
    v = u.copy()
    change = tolerance + 1
    turns = 0
    while change > tolerance and turns < 30:
        for i in range(1, n - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
        change = np.max(np.abs(v - u))
        u, v = v, u
        turns += 1
    return u, change, turns


@quelea.jit
def product(a, b):
    n, inner = a.shape
    m = b.shape[1]
    c = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            total = 0.0
            for k in range(inner):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    return c


@quelea.jit
def row_sums(a, x):
    y = np.empty(a.shape[0])
    for i in range(len(y)):
        total = 0.0
        for j in range(a.shape[1]):
            total += a[i, j] * x[j]
        y[i] = total
    return y


@quelea.jit
def convolved(image, weights):
    n, m = image.shape
    out = np.zeros_like(image)
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            total = 0.0
            for di in range(3):
                for dj in range(3):
                    total += weights[di, dj] * image[i + di - 1, j + dj - 1]
            out[i, j] = total
    return out


@quelea.jit
def mandelbrot(out, turns):
    n, m = out.shape
    for i in range(n):
        for j in range(m):
            c = complex(-2 + 3 * j / m, -1.5 + 3 * i / n)
            z = 0j
            k = 0
            while k < turns and z.real * z.real + z.imag * z.imag < 4:
                z = z * z + c
                k += 1
            out[i, j] = k


@quelea.jit
def fdtd(e, h, steps):
    n = len(e)
    for t in range(steps):
        for i in range(n - 1):
            h[i] += 0.5 * (e[i + 1] - e[i])
        for i in range(1, n):
            e[i] += 0.5 * (h[i] - h[i - 1])
        e[n // 2] = math.sin(0.1 * t)
    return e[n // 3]


@quelea.jit
def rule_30(cells, steps):
    n = len(cells)
    for _ in range(steps):
        after = np.zeros_like(cells)
        for i in range(n):
            left, right = cells[(i - 1) % n], cells[(i + 1) % n]
            after[i] = left ^ (cells[i] | right)
        cells = after
    return cells


@quelea.jit
def life(grid):
    n, m = grid.shape
    after = np.zeros_like(grid)
    for i in range(n):
        up = i - 1 if i else n - 1
        down = i + 1 if i < n - 1 else 0
        for j in range(m):
            around = 0
            for r in (up, i, down):
                for c in range(-1, 2):
                    around += grid[r, (j + c) % m]
            around -= grid[i, j]
            after[i, j] = 1 if around == 3 or (around == 2 and grid[i, j] == 1) else 0
    return after


@quelea.jit
def distances(x, y):
    n, k = x.shape
    m = y.shape[0]
    out = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            total = 0.0
            for d in range(k):
                t = x[i, d] - y[j, d]
                total += t * t
            out[i, j] = math.sqrt(total)
    return out


@quelea.jit
def nearest(points, centres):
    n = points.shape[0]
    label = np.empty(n, np.int64)
    for p in range(n):
        best, found = math.inf, -1
        for c in range(centres.shape[0]):
            total = 0.0
            for d in range(points.shape[1]):
                total += (points[p, d] - centres[c, d]) ** 2
            if total < best:
                best, found = total, c
        label[p] = found
    return label


@quelea.jit
def price(s, k):
    call, put = np.empty_like(s), np.empty_like(s)
    for i in range(len(s)):
        if s[i] <= 0:
            continue
        d = (math.log(s[i] / k) + 0.05) / 0.3
        n = 0.5 * (1 + math.tanh(d))
        call[i] = s[i] * n - k * n
        put[i] = call[i] - s[i] + k
    for i in range(len(s)):
        if s[i] <= 0:
            call[i] = put[i] = -1.0
    return call, put


def squared(x):
    return x * x


def at(a, i, j):
    return a[i, j]


@quelea.jit
def gradient(a):
    n, m = a.shape
    out = np.zeros((n, m))
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            dx = at(a, i, j + 1) - at(a, i, j - 1)
            dy = at(a, i + 1, j) - at(a, i - 1, j)
            out[i, j] = squared(dx) + squared(dy)
    return out


@quelea.jit
def sorted_neighbours(a):
    out = a.copy()
    for i in range(1, len(a) - 1):
        t = np.empty(3)
        t[0], t[1], t[2] = a[i - 1], a[i], a[i + 1]
        for _ in range(2):
            for k in range(2):
                if t[k] > t[k + 1]:
                    t[k], t[k + 1] = t[k + 1], t[k]
        out[i] = t[1]
    return out


@quelea.jit
def red_and_black(a):
    n = len(a)
    for start in range(2):
        b = a.copy()
        for i in range(1 + start, n - 1, 2):
            a[i] = 0.5 * (b[i - 1] + b[i + 1])
    return a


@quelea.jit
def backwards(a, b):
    n = len(a)
    for i in range(n - 1, -1, -1):
        b[n - 1 - i] = a[i] + i
    return b


@quelea.jit
def transposed(a, b):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            b[j, i] = a[i, j] - a[n - 1 - i, j]


@quelea.jit
def three_axes(a):
    p, q, r = a.shape
    out = np.ones_like(a)
    for i in range(p):
        for j in range(1, q):
            for k in range(r - 1):
                out[i, j, k] = a[i, j - 1, k + 1] * 2 + i - j * k
    return out


@quelea.jit
def two_layouts(a):
    n, m = a.shape
    sums, flipped = np.zeros((n, m)), np.zeros((m + 1, n + 2))
    for i in range(n):
        for j in range(m):
            sums[i, j] = a[i, j] + 1
            flipped[j + 1, n - i] = a[i, j] * 3
    return sums, flipped


@quelea.jit
def whole_arrays(a, b):
    c = a * 2 + b[::-1]
    c[1:] = c[:-1] - a[1:]
    d = np.where(c > 0, c, -b)
    for i in range(len(d)):
        d[i] = d[i] + c[i]
    return c.sum(), d.min(), np.mean(d), d, c[1:3], len(c), d.shape, c.size


@quelea.jit
def by_rows(a):
    n = a.shape[0]
    out = np.zeros(n)
    for i in range(n):
        row = a[i]
        out[i] = np.sum(row * row) + a[i, 1:].max()
    return out, a[n // 2], a.T[1], a[-1, -1]


@quelea.jit
def framed(a, out):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            if 0 < i < n - 1 and 0 < j < m - 1:
                out[i, j] = a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]
            else:
                out[i, j] = a[i, j]


@quelea.jit
def moved_up(a, out):
    n, m = a.shape
    for i in range(n):
        for j in range(m):
            if i == 0 or j == m - 1:
                continue
            out[i - 1, j + 1] = a[i - 1, j + 1] - a[i, j]


@quelea.jit
def one_sided(a, out):
    n = len(a)
    for i in range(n):
        left = a[i - 1] if i else 0.0
        right = 0.0 if not i < n - 1 else a[i + 1]
        if i > 0 and left > right:
            out[i - 1] = left + right


@quelea.jit
def spread(a, out):
    for i in range(len(a)):
        if 2 * i < len(a) and not i < 1:
            out[2 * i] = a[2 * i] - a[2 * i - 1]


@quelea.jit
def never(a, out):
    for i in range(len(a)):
        if i < 0 and i > 5:
            out[i - 7] = a[i + 1]


@quelea.jit
def mixed(u, v, w, steps):
    n = len(u)
    for _ in range(steps):
        for i in range(2, n - 2):
            v[i] = u[i - 2] + u[i + 2] * 0.5
        for i in range(n - 1):
            if v[i] > 0.25:
                w[i] = v[i + 1]
        for i in range(1, n):
            v[i] += w[i - 1] * 0.125
        u[:1] = v[1:2]
        for i in range(1, n - 1):
            u[i] = 0.3 * (v[i - 1] + w[i + 1])


PROGRAMS = [
    (framed, field(31, 23), numpy.zeros((31, 23))),
    (framed, field(2, 9), numpy.zeros((2, 9))),
    (moved_up, field(31, 23), numpy.zeros((31, 23))),
    (moved_up, field(1, 4), numpy.zeros((1, 4))),
    (one_sided, field(40), numpy.zeros(40)),
    (spread, field(41), numpy.zeros(41)),
    (never, field(41), numpy.zeros(41)),
    (dilate, field(37, 23), 1),
    (dilate, field(37, 23), 7),
    (dilate, field(9, 40, dtype="i4"), 60),
    (erode_in_two_steps, field(20, 31, dtype="f4"), 3),
    (jacobi, field(33, 18), field(33, 18), 5),
    (until_it_is_small, field(50), 0.01),
    (product, field(17, 9), field(9, 14)),
    (row_sums, field(29, 11), field(11)),
    (convolved, field(21, 33), field(3, 3)),
    (mandelbrot, numpy.zeros((24, 31), "i8"), 60),
    (fdtd, numpy.zeros(70), numpy.zeros(70), 9),
    (rule_30, numpy.eye(1, 61, 30, dtype="i8")[0], 20),
    (life, (field(22, 19) > 0.2).astype("i8")),
    (distances, field(23, 3), field(8, 3, seed=2)),
    (nearest, field(40, 2), field(5, 2, seed=2)),
    (price, field(45) * 10, 1.5),
    (gradient, field(26, 17)),
    (sorted_neighbours, field(38)),
    (red_and_black, field(31)),
    (mixed, field(900), field(900, seed=2), field(900, seed=3), 7),
    (backwards, field(27), numpy.zeros(27)),
    (transposed, field(15, 22), numpy.zeros((22, 15))),
    (three_axes, field(6, 13, 8)),
    (two_layouts, field(19, 13)),
    (whole_arrays, field(30), field(30, seed=4)),
    (by_rows, field(18, 7)),
]


@each(PROGRAMS)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_elements(n):
    check(jacobi, field(n, 5), field(n, 5), 3)
    check(jacobi, field(5, n), field(5, n), 2)
    check(dilate, field(n, n), 3)
    check(backwards, field(n), numpy.zeros(n))
    check(row_sums, field(n, 4), field(4))
    check(rule_30, numpy.ones(n, "i8"), 2)


def viewed(function: Any, make: Any) -> None:
    """With arguments that are views of other arrays, which must be stored into alike."""
    theirs = make(numpy.array)
    given = make(quelea.array)
    want = function.__wrapped__(*theirs[0])
    same(as_numpy(function(*given[0])), want)
    same(as_numpy(given[1]), theirs[1])


def test_views():
    def pair(array):
        u, v = array(field(40, 30)), array(field(50, 60))
        return (u[1:-2, ::-1].T, v[3 : 3 + 30, 2 : 2 + 2 * 37 : 1][:, :37], 2), (u, v)

    viewed(jacobi, pair)

    def stepped(array):
        a, b = array(field(41)), array(field(99))
        return (a[::2], b[3:45:2]), (a, b)

    viewed(backwards, stepped)

    def parts_of_one(array):
        a = array(field(60))
        return (a[:20], a[40:]), (a,)

    viewed(backwards, parts_of_one)


def test_what_it_captures():
    weights = quelea.asarray(field(3, 3, seed=9))
    image = field(14, 11)

    @quelea.jit
    def smooth(a):
        out = np.zeros_like(a)
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                out[i, j] = weights[0, 0] * a[i - 1, j - 1] + weights[2, 1] * a[i + 1, j]
        return out

    want = numpy.zeros_like(image)
    w = numpy.asarray(weights)
    want[1:-1, 1:-1] = w[0, 0] * image[:-2, :-2] + w[2, 1] * image[2:, 1:-1]
    numpy.testing.assert_array_equal(numpy.asarray(smooth(quelea.asarray(image))), want)


def test_arguments_come_back_as_themselves():
    a = quelea.asarray(field(30))

    @quelea.jit
    def first(x, y):
        return x, y, x

    one, two, three = first(a, 5)
    assert one is a and three is a and two == 5


@quelea.jit
def stopped_at_ends(u, v):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            v[i, j] = u[max(i - 1, 0), j] + u[min(i + 1, n - 1), j] + u[i, max(j - 2, 0)]


@quelea.jit
def windows(u, v):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(max(i - 1, 0), min(i + 2, n)):
                s += u[k, j]
            v[i, j] = s


def test_indices_that_stop_at_ends():
    check(stopped_at_ends, field(23, 34), field(23, 34))
    check(windows, field(23, 34), field(23, 34))
    check(stopped_at_ends, field(1, 3), field(1, 3))


@pytest.mark.parametrize("function", [framed, moved_up, stopped_at_ends, windows])
def test_indices_that_never_wrap_bring_halos(function):
    a = field(400, 300)
    given = ours(a), ours(numpy.zeros_like(a))
    moved = happened(lambda: function(*given))
    assert moved["redistributed_bytes"] == 0 and moved["halo_bytes"] <= 2 * quelea.size * 300 * 8


USUAL = {"QUELEA_TIME_BLOCK": "0", "QUELEA_FLUSH": "64"}


@pytest.mark.skipif(
    quelea.info()["node_count"] == 1
    or any(p["value"] != USUAL.get(p["name"], p["value"]) for p in quelea.params()),
    reason="counts the messages of several steps",
)
def test_steps_bring_their_ghosts_together():
    u, v = ours(field(20000)), ours(field(20000, seed=2))
    moved = happened(lambda: smoothed(u, v, 40))
    assert 0 < moved["halo_exchanges"] <= 10 and moved["redistributions"] == 0, moved


def test_one_array_under_two_names():
    a = quelea.asarray(field(30))
    before = numpy.asarray(a).copy()
    if on_ranks(a) and int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1")) > 1:
        with pytest.raises(ValueError, match="another name sees the same elements"):
            backwards(a, a)
        numpy.testing.assert_array_equal(numpy.asarray(a), before)


def test_what_is_computed_of_transposed_arrays():
    @quelea.jit
    def turned(x):
        return (x.T + x.T).T, (x.T * 2)[1:].T, x.T.copy()[:, 1:], np.sum(x.T * x.T, axis=0)

    x = numpy.arange(24.0).reshape(4, 6) * 7 % 11
    for got, want in zip(turned(quelea.asarray(x)), turned.__wrapped__(x), strict=True):
        assert numpy.array_equal(numpy.asarray(got), want)


@pytest.mark.parametrize("seed", range(20))
def test_random_nests(seed):
    check_random(*random_nests(seed)[:2])
