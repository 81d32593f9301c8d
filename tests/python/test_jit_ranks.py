"""`quelea.jit` over Quelea's arrays, partitioned or not: loops that are shared out, against Python itself."""

import copy
import math
import os
import warnings
from typing import Any

import numpy
import numpy as np
import pytest
from jit_random_nests import random_nests
from support import happened

import quelea
from quelea.errors import JitError

# ---- the comparison ----


def as_numpy(value: Any) -> Any:
    if isinstance(value, quelea.ndarray):
        return numpy.asarray(value)
    return tuple(map(as_numpy, value)) if isinstance(value, tuple) else value


def same(got: Any, want: Any) -> None:
    if isinstance(want, tuple):
        assert isinstance(got, tuple) and len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            same(one, other)
    elif isinstance(want, numpy.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape
        numpy.testing.assert_array_equal(got, want)
    else:
        assert got == want or (got != got and want != want), (got, want)


def ours(value: Any) -> Any:
    return quelea.asarray(value) if isinstance(value, numpy.ndarray) else value


def close(got: Any, want: Any) -> None:
    if isinstance(want, tuple):
        for one, other in zip(got, want, strict=True):
            close(one, other)
    elif want is not None:
        numpy.testing.assert_allclose(got, want, rtol=1e-13)


def check(function: Any, *args: Any) -> None:
    """On Quelea's arrays it gives and stores the bits that it does on NumPy's, and Python's values."""
    alone, plain = copy.deepcopy(args), copy.deepcopy(args)
    given = tuple(ours(arg) for arg in args)
    got, want = function(*given), function(*alone)
    same(as_numpy(got), want)
    same(as_numpy(given), alone)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        close(want, function.__wrapped__(*plain))
    close(alone, plain)


def field(*shape: int, dtype: str = "f8", seed: int = 1) -> Any:
    rng = numpy.random.default_rng(seed)
    if dtype[0] in "iu":
        return rng.integers(0, 100, shape).astype(dtype)
    return (rng.random(shape) - 0.3).astype(dtype)


# ---- programs ----


@quelea.jit
def dilate(image, k):
    m, n = image.shape
    out = np.empty_like(image)
    for i in range(m):
        for j in range(n):
            best = image[i, j]
            for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                    best = max(best, image[ii, jj])
            out[i, j] = best
    return out


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


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


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
def put_together(a):
    n, m = a.shape
    total, squares, rest, product, high, low, count = 0.0, 0.0, 1.0, 1.0, a[0, 0], 9, 0
    some, all_small, most = False, True, -math.inf
    for i in range(1, n):
        for j in range(m):
            x = a[i, j] - a[i - 1, j]
            if x > 0.2:
                rest -= x
                count += 1
            total = total + x
            high = max(high, x)
    for i in range(n):
        for j in range(m - 1, -1, -1):
            squares = a[i, j] * a[i, j] + squares
            some = some or a[i, j] > 0.6
            all_small &= a[i, j] < 0.9
            if a[i, j] < low:
                low = a[i, j]
    for i in range(n):
        for j in range(i):
            if j < m:
                product *= 1.0 + a[i, j] / 64
                most = max(most, a[i, j])
    return total, squares, rest, product, high, low, count, some, all_small, most


@quelea.jit
def until_it_rests(u, turns):
    n = len(u)
    v = u.copy()
    change = 1.0
    done = 0
    while change > 0.01 and done < turns:
        change = 0.0
        for i in range(1, n - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
            change += abs(v[i] - u[i])
        u, v = v, u
        done += 1
    return u, change, done


@quelea.jit
def of_few(a):
    total, high = 2, 7
    for i in range(len(a)):
        total += a[i]
        high = max(high, a[i])
    return total, high


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
    (backwards, field(27), numpy.zeros(27)),
    (transposed, field(15, 22), numpy.zeros((22, 15))),
    (three_axes, field(6, 13, 8)),
    (two_layouts, field(19, 13)),
    (whole_arrays, field(30), field(30, seed=4)),
    (by_rows, field(18, 7)),
]


@pytest.mark.parametrize(
    ("function", "args"),
    [(function, args) for function, *args in PROGRAMS],
    ids=[f"{p[0].__name__}-{k}" for k, p in enumerate(PROGRAMS)],
)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


REDUCTIONS = [
    (put_together, field(31, 23)),
    (put_together, field(310, 23, dtype="f4")),
    (put_together, field(2, 9)),
    (until_it_rests, field(50), 30),
    (of_few, field(0)),
    (of_few, field(1, dtype="i4")),
    (of_few, field(40, dtype="i8")),
]


@pytest.mark.parametrize(("function", "args"), [(function, args) for function, *args in REDUCTIONS])
def test_reductions(function, args):
    plain = copy.deepcopy(args)
    got = as_numpy(function(*map(ours, args)))
    for one, other in zip(got, function.__wrapped__(*plain), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-3 if args[0].dtype == "f4" else 1e-12)
        exact = not isinstance(other, (float, numpy.floating, numpy.ndarray))
        assert not exact or one == other


@quelea.jit
def summed(a, b):
    n, m = a.shape
    products, differences, some, high = 0.0, 1.5, 0, a[0, 0]
    for i in range(n):
        for j in range(m):
            products += a[i, j] * b[i, j]
    for i in range(n - 1):
        for j in range(m):
            differences += a[i + 1, j] - a[i, j]
            if a[i, j] > 0.1:
                some += b[i, j]
            high = max(high, b[i, j])
    return products, differences, some, high


@pytest.mark.parametrize("shape", [(3, 5), (70, 90), (700, 300)])
def test_sums_have_the_bits_of_sums(shape):
    a, b = ours(field(*shape)), ours(field(*shape, seed=2))
    products, differences, some, high = summed(a, b)
    first, last = a[:-1], b[:-1]
    assert products == float((a * b).sum())
    assert differences == 1.5 + float((a[1:] - first).sum())
    assert some == float(quelea.where(first > 0.1, last, 0.0).sum())
    assert high == max(float(a[0, 0]), float(last.max()))


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


@pytest.mark.parametrize("function", [framed, moved_up])
def test_conditions_keep_indices_from_wrapping(function):
    a = field(400, 300)
    given = ours(a), ours(numpy.zeros_like(a))
    moved = happened(lambda: function(*given))
    assert moved["redistributed_bytes"] == 0 and moved["halo_bytes"] <= 2 * quelea.size * 300 * 8


@quelea.jit
def along_rows(a):
    y, high = np.empty(a.shape[0]), np.empty(a.shape[0])
    for i in range(a.shape[0]):
        total, best = 0.0, a[i, 0]
        for j in range(a.shape[1]):
            total += a[i, j]
            best = max(best, a[i, j])
        y[i], high[i] = total, best
    return y, high


@quelea.jit
def along_columns(a):
    y = np.empty(a.shape[1])
    for j in range(a.shape[1]):
        total = 0.0
        for i in range(a.shape[0]):
            total += a[i, j]
        y[j] = total
    return y


def test_reductions_along_an_axis_bring_no_more_than_it_takes():
    a = field(200000, 4)  # so that the results too are partitioned
    given, kept = ours(a), []
    for function, most in ((along_rows, 0), (along_columns, a.nbytes), (summed, 64)):
        args = (given, given)[: 1 + (function is summed)]
        moved = happened(lambda: kept.append(function(*args)))  # noqa: B023
        assert moved["redistributed_bytes"] <= most
        assert moved["halo_bytes"] <= a.nbytes // 50  # their blocks may end some rows apart
    check(along_rows, field(3000, 40))
    check(along_columns, field(3000, 40))
    check(along_columns, field(40, 3000))


def test_one_array_under_two_names():
    a = quelea.asarray(field(30))
    before = numpy.asarray(a).copy()
    if on_ranks(a) and int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1")) > 1:
        with pytest.raises(ValueError, match="another name sees the same elements"):
            backwards(a, a)
        numpy.testing.assert_array_equal(numpy.asarray(a), before)


def on_ranks(array: Any) -> bool:
    function = quelea.jit(lambda x: len(x))
    function(array)
    return "ranks" in function.signatures[-1]


# ---- what is raised ----


@quelea.jit(boundscheck=True)
def shifted(a, b, by):
    for i in range(len(a)):
        b[i] = a[i + by]


@quelea.jit
def divided(a, b):
    for i in range(len(a)):
        b[i] = 100 // a[i]


@quelea.jit
def asserted(a, b):
    for i in range(len(a)):
        assert a[i] != 7, "seven"
        if a[i] == 9:
            raise ValueError("nine")
        b[i] = a[i]


@quelea.jit
def looked_at(a):
    b = a.copy()
    turns = 0
    while b.sum() >= 0:
        for i in range(len(a)):
            b[i] = a[i] // (a[i] - turns)
        turns += 1
    return turns


def test_what_iterations_raise():
    a = quelea.arange(40)
    b = quelea.zeros(40, dtype=int)
    shifted(a, b, 0)
    shifted(a, b, -1)
    with pytest.raises(IndexError, match="out of bounds for axis 0"):
        shifted(a, b, 1)
    with pytest.raises(ZeroDivisionError):
        divided(a - 25, b)
    divided(a + 1, b)
    assert int(b[3]) == 25
    with pytest.raises(AssertionError, match="seven"):
        asserted(a, b)
    with pytest.raises(ValueError, match="nine"):  # the first iteration that raises, wherever it is
        asserted(40 - a, b)
    with pytest.raises(ZeroDivisionError):
        looked_at(a + 1)
    asserted(a * 0, b)
    assert int(b.sum()) == 0


# ---- what it says ----


def compiled(body: str, types: str, name: str) -> Any:
    import linecache
    import textwrap

    text = "def f(x, y, n):\n" + textwrap.indent(body, "    ") + "\n"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy, "math": math, "fib": fib, "squared": squared}
    exec(compile(text, name, "exec"), scope)
    function = quelea.jit(scope["f"])
    function._compile(types)
    return function


REFUSED = {
    "QJ402-read": (
        "s = 0.0\nfor i in range(n):\n    s = max(x[i], s)\nreturn s",
        "s = 0.0\nfor i in range(n):\n    s = max(s, x[i])\nreturn s",
    ),
    "QJ402-break": (
        "for i in range(n):\n    if x[i] > 0:\n        break\n    y[i] = x[i]",
        "for i in range(n):\n    if x[i] <= 0:\n        y[i] = x[i]",
    ),
    "QJ402-one": (
        "for i in range(n):\n    y[n // 2] = x[i]",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ402-both": (
        "s = 1.0\nfor i in range(n):\n    s += x[i]\n    s *= y[i]\nreturn s",
        "s, p = 1.0, 1.0\nfor i in range(n):\n    s += x[i]\n    p *= y[i]\nreturn s, p",
    ),
    "QJ402-logical": (
        "s = 0\nfor i in range(n):\n    s = s or x[i]\nreturn s",
        "s = False\nfor i in range(n):\n    s = s or x[i] > 0\nreturn s",
    ),
    "QJ402-while": (
        "i = 0\nwhile i < n:\n    y[i] = x[i]\n    i += 1",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ402-items": ("s = 0.0\nfor v in x:\n    s += v\nreturn s", "return np.sum(x)"),
    "QJ400-list": ("return [i * 2.0 for i in range(n)]", "return np.zeros(n)"),
    "QJ401": (
        "".join(f"z{k} = x.copy()\n" for k in range(30))
        + "for i in range(n):\n    y[i] = "
        + " + ".join(f"z{k}[i]" for k in range(30)),
        "for i in range(n):\n    y[i] = x[i] + x[n - 1 - i]",
    ),
    "QJ406": (
        "for i in range(n):\n    y[i] = fib(i)",
        "for i in range(n):\n    y[i] = squared(i)",
    ),
    "QJ408": (
        "def g():\n    for i in range(n):\n        y[i] = x[i]\ng()",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ403": (
        "for i in range(n):\n    y[i * i] = x[i]",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ404-scan": (
        "for i in range(1, n):\n    y[i] = y[i - 1] + x[i]",
        "for i in range(1, n):\n    y[i] = x[i - 1] + x[i]",
    ),
    "QJ404-twice": (
        "for i in range(1, n):\n    y[i] = x[i]\n    y[i - 1] = x[i]",
        "for i in range(1, n):\n    y[i] = x[i]\nfor i in range(1, n):\n    y[i - 1] = x[i]",
    ),
    "QJ405-carried": (
        "s = 0.0\nfor i in range(n):\n    s = s + x[i]\n    y[i] = s",
        "for i in range(n):\n    s = x[i]\n    y[i] = s",
    ),
    "QJ405-after": (
        "for i in range(n):\n    s = x[i]\n    y[i] = s\nreturn s",
        "for i in range(n):\n    s = x[i]\n    y[i] = s\ns = 1.0\nreturn s",
    ),
    "QJ405-sometimes": (
        "s = 1.0\nfor i in range(n):\n    if x[i] > 0:\n        s = x[i]\n    y[i] = s",
        "for i in range(n):\n    s = 1.0\n    if x[i] > 0:\n        s = x[i]\n    y[i] = s",
    ),
    "QJ407": (
        "for i in range(n):\n    print(i)\n    y[i] = x[i]",
        "print(n)\nfor i in range(n):\n    y[i] = x[i]",
    ),
    "QJ409": (
        "for i in range(n):\n    x.fill(1.0)\n    y[i] = x[i]",
        "x[:] = 1.0\nfor i in range(n):\n    y[i] = x[i]",
    ),
    "QJ400": ("return x.reshape(n, 1)", "return x[:, None]"),
}


@pytest.mark.parametrize(("code", "bodies"), REFUSED.items())
def test_refused(code, bodies):
    types = "(ranks f64[:], ranks f64[:], int)"
    with pytest.raises(JitError) as caught:
        compiled(bodies[0], types, f"<{code}>")
    assert set(caught.value.codes) == {code[:5]}
    where = "test_jit_ranks.py:" if code == "QJ406" else f"<{code}>:"  # in the function called
    assert where in str(caught.value) and "instead: " in str(caught.value)
    compiled(bodies[1], types, f"<{code} instead>")


@pytest.mark.parametrize("seed", range(20))
def test_random_nests(seed):
    function, args, _ = random_nests(seed)
    plain = copy.deepcopy(args)
    given = tuple(ours(arg) for arg in args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = function(*plain)
    same(as_numpy(quelea.jit(function)(*given)), want)
    same(as_numpy(given), plain)


def test_nests_are_shown():
    function = compiled(
        "for i in range(n):\n    y[i] = x[i] * 2", "(ranks f64[:], ranks f64[:], int)", "<shown>"
    )
    assert function.inspect("nests").startswith("# nest 0\nfunction rank 0\nparam ?0: i64\n")


def test_loops_are_explained():
    body = """for s in range(n):
    for i in range(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            t = 0.0
            for k in range(n + 20):
                t += k
            y[i, j] = x[i - 1, j] + x[i + 2, j] + x[i, j - 1] + t"""
    function = compiled(body, "(ranks f64[:,:], ranks f64[:,:], int)", "<explained>")
    said = [line.partition("^ ")[2] for line in function.explain().splitlines() if "^ " in line]
    assert said == [
        "in order, by every rank; what it does with distributed arrays is done by all together",
        "parallel over ranks, by i, j: stores y[i, j]; reads x[i - 1 to i + 2, j - 1 to j]",
        "a dimension of the parallel loop around it",
        "in order, inside of an iteration of the parallel loop",
    ]


def test_what_is_not_known_of_a_halo_is_not_said():
    body = """for i in range(x.size):
    t = 0.0
    for k in range(max(i - n, 0), min(i + n + 1, len(x))):
        t += x[k]
    y[i] = t"""
    function = compiled(body, "(ranks f64[:], ranks f64[:], int)", "<unknown>")
    assert "by i: stores y[i]; reads x[... of i]" in function.explain()


def test_what_is_computed_of_transposed_arrays():
    @quelea.jit
    def turned(x):
        return (x.T + x.T).T, (x.T * 2)[1:].T, x.T.copy()[:, 1:], np.sum(x.T * x.T, axis=0)

    x = numpy.arange(24.0).reshape(4, 6) * 7 % 11
    for got, want in zip(turned(quelea.asarray(x)), turned.__wrapped__(x), strict=True):
        assert numpy.array_equal(numpy.asarray(got), want)
