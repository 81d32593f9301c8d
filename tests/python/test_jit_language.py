"""`quelea.jit` against Python itself: lists, arrays as indices, generators, what arguments may be."""

import collections
import math

import numpy
import numpy as np
import pytest
from jit_support import check, same

import quelea
import quelea.types as types
from quelea.errors import JitError

Point = collections.namedtuple("Point", "x y")


# ---- arrays as indices ----


@quelea.jit
def gathered(a, v, i, m):
    return (
        v[i],
        v[i[::-1]],
        a[i],
        a[i, 1],
        a[1, i],
        a[:, i],
        a[i, i],
        a[i][:, ::2],
        v[m],
        a[:, None, i],
    )


@quelea.jit
def gathered_apart(a, i):
    return a[i, :, i], a[0, :, i], a[i[:, None], :, 1:], a[:, i, 1], a[..., i], a[i[:, None], i]


@quelea.jit
def chosen(a, v):
    return (
        a[a > 3],
        a[v[: a.shape[0]] > 1],
        a[:, v[: a.shape[1]] > 0],
        v[[0, 2]],
        a[a[:, 0] > 2, 1:],
    )


@quelea.jit
def scattered(a, v, i):
    a[i, 0] = 7
    a[a > 5] = -1
    v[v < 2] *= 3
    a[i] += 1
    v[i] = v[:3] * 2
    v[i] = v[::-1][:3]
    v[v == v[0]] = v[0] + 1
    a[:, i] = a[:, i[::-1]]
    return a, v


@quelea.jit
def scattered_rows(a, i, rows):
    a[i] = rows
    a[i, 1:] = rows[:1, 1:]
    a[i[:, None], i] = 9
    i[i] = i[::-1] * 0
    return a, i


def test_arrays_as_indices():
    a, v = numpy.arange(12.0).reshape(3, 4), numpy.array([3.0, -1, 2, 5, 0])
    for i in (numpy.array([2, 0, 1]), numpy.array([-1, 0, 0], "i4"), numpy.array([0, 1, 2], "u1")):
        check(gathered, a, v, i, v > 1)
        check(gathered, numpy.asfortranarray(a), v[::-1], i, v > 7)
        check(scattered, a, v, i)
        check(gathered_apart, numpy.arange(60).reshape(3, 5, 4), i)
    check(chosen, a, v)
    check(chosen, a.astype("c8").real, v.astype("i2"))
    check(scattered_rows, a, numpy.array([2, 0, 1]), numpy.ones((3, 4), "f4"))
    check(gathered, a, v, numpy.zeros(0, int), v > 1)
    with pytest.raises(IndexError):
        gathered(a, v, numpy.array([3]), v > 1)
    with pytest.raises(IndexError):
        gathered(a, v, numpy.array([-4]), v > 1)


@quelea.jit
def masked(a, m):
    return a[m]


@quelea.jit
def set_masked(a, m, x):
    a[m] = x
    return a


def test_arrays_of_bools_as_indices():
    a = numpy.arange(12.0).reshape(3, 4)
    check(masked, a, a % 2 == 0)
    check(masked, a, a[:, 0] > 2)
    check(set_masked, a, a > 3, 5)
    check(set_masked, a, a > 3, numpy.arange(8))
    check(set_masked, a, a[:, 0] > 2, numpy.arange(4))
    check(set_masked, a, a > 3, numpy.arange(3))
    check(masked, a, numpy.ones((2, 4), bool))
    check(set_masked, a, numpy.zeros((3, 4), bool), 1)


# ---- slices, tuples ----


@quelea.jit
def cut(a, k, c):
    s = 0.0
    for part in (slice(0, 2), slice(1, None)):
        s += a[part].sum()
    w = slice(0, 2) if c else slice(1, 3)
    return s, a[w], w.start, a[::k], a[k::-k], a[-2:-9:-k], a[::-k], w


@quelea.jit
def with_point(p, q):
    r = Point(p.y, q)
    for k in range(3):
        r = Point(r.x + k, y=r.y * 2)
    return r.x + r[1], r, p, Point(x=1, y=(p.x, 2)), len(r), p == p


@quelea.jit
def starred(t, u):
    a, *b = (*t, 1, *u)
    return a, b, (*t,), len((*t, *u))


def test_slices_and_tuples():
    for k in (1, 2, 3, -1):
        check(cut, numpy.arange(6.0), k, k > 1)
    with pytest.raises(ValueError, match="zero"):
        cut(numpy.arange(6.0), 0, True)
    check(with_point, Point(1, 2.5), 3)
    check(with_point, Point(numpy.float32(1), 2), 3.5)
    got = with_point(Point(1, 2.5), 3)
    assert type(got[1]) is Point and type(got[2]) is Point
    t, u = (1, 2.5), (3,)
    got, want = starred(t, u), starred.__wrapped__(t, u)
    assert got[0] == want[0] and list(got[1]) == want[1] and got[2:] == want[2:]

    @quelea.jit
    def part(s, a):
        return a[s], s.stop

    for s in (slice(1, 3), slice(None, None, -1), slice(2), slice(-3, None, 2)):
        check(part, s, numpy.arange(5))


# ---- lists ----


@quelea.jit
def lists(n):
    x = [0] * n
    for i in range(n):
        x[i] = i * i
    y = x + [1, 2]  # noqa: RUF005
    z = y[1:]
    z[0] = 100
    rows = [[1.0, 2.0], [3.0, 4.0]]
    rows[0][1] = 7.0
    s = 0
    for k, v in enumerate(y):
        s += k * v
    return (
        len(y),
        y[1],
        y[-1],
        s,
        x[0] / 2,
        rows[0][1],
        z[0],
        3 in y,
        2.5 in rows[0],
        sum(y),
        min(y),
    )


@quelea.jit
def made_of_lists(n):
    x = [k for k in range(n) if k % 2]
    y = [i * 10 + j for i in range(n) for j in range(i) if i != j + 1]
    z = [v * 0.5 for v in x]
    e = [k for k in range(n) if k > n]
    return np.array(x), np.array(y), np.array(z), len(e), max(z), sorted(z)[0], list(range(3))[1]


@quelea.jit
def arrays_of_lists(v):
    a = np.array([v, v * 2])
    b = np.sum([1.5, 2, 3])
    c = v + [1, 2, 3]  # noqa: RUF005
    return a, b, c, np.concatenate([v, v]), not [], bool([0]), [1, 2].index(2)


def test_lists():
    for n in (1, 2, 5, 40):
        check(lists, n)
    for n in (3, 50):
        check(made_of_lists, n)
    check(arrays_of_lists, numpy.arange(3.0))

    @quelea.jit
    def weak(x):
        y = [1, 2]
        return y[0] * x, y[1] / 2

    check(weak, numpy.float32(2.5))
    check(weak, numpy.int8(3))


# ---- generators, map ----


@quelea.jit
def generators(v, n):
    s = sum(x * x for x in v)
    t = sum(i * j for i in range(n) for j in range(i) if (i + j) % 2)
    e = sum((x for x in v if x > 4), 5)
    a, b = any(x > 4 for x in v), all(x > -2 for x in v)
    least, most = min(x + n for x in v), max((x for x in v if x > 4), default=0)
    u = tuple(k * n for k in range(3))
    w = tuple(k for k in (1, 2.5, 3) if k > 1)
    return s, t, e, a, b, least, most, u, w, sum(v), sum(v, 1), any(v), all(v)


@quelea.jit
def nested_generators(a):
    return sum(sum(x for x in row) * k for k, row in enumerate(a)), [max(y for y in r) for r in a][
        1
    ]


@quelea.jit
def mapped(v):
    def twice(x):
        return x * 2

    s = 0.0
    for x, y in zip(map(twice, v), map(lambda p, q: p + q, v, v[1:])):  # noqa: B905
        s += x * y
    return s, sum(map(abs, v)), max(map(math.sqrt, (1.0, 4.0))), tuple(map(twice, (1, 2.5)))


@quelea.jit
def walrus(n):
    s = 0
    while (s := s + 2) < n:
        pass
    if (k := s * 2) > 3:
        return s, k
    return s, 0


@quelea.jit
def other_ways(v, t):
    s = 0.0
    for x in reversed(v):
        s = s * 2 + x
    for x in reversed(t):
        s = s * 2 + x
    return s, 2 in range(0, 5, 2), 3 in range(0, 5, 2), 4 not in range(9, 0, -1), v[1] in v, 9 in v


def test_generators():
    v = numpy.array([3.0, -1, 2, 5, 0])
    check(generators, v, 4)
    check(generators, v.astype("i4"), 3)
    check(nested_generators, numpy.arange(6.0).reshape(2, 3))
    check(mapped, v)
    for n in (1, 5):
        check(walrus, n)
    check(other_ways, v, (1, 2))

    @quelea.jit
    def empty(n):
        return min(x for x in range(n))

    check(empty, 0)
    check(empty, 2)


def test_truth_of_arrays():
    @quelea.jit
    def truth(a):
        if a:
            return 1
        return 0 if not a else 2

    for a in (numpy.zeros(1), numpy.ones((1, 1)), numpy.arange(2), numpy.zeros(0)):
        check(truth, a)


# ---- functions, dtypes and texts as arguments ----


@quelea.jit
def applied(f, x, k=2):
    s = x
    for _ in range(k):
        s = f(s)
    return s


@quelea.jit
def integral(f, a, b, n=100):
    h = (b - a) / n
    return h * sum(f(a + (i + 0.5) * h) for i in range(n))


@quelea.jit
def kinds(v, dtype, way):
    out = np.zeros(3, dtype=dtype)
    if way == "sum":
        return out.dtype == v.dtype, v.sum()
    return out, v.max()


@quelea.jit
def square(x):
    return x * x


def test_functions_as_arguments():
    check(applied, lambda x: x + 1, 3)
    check(applied, lambda x: x * 2, 3.5, 4)
    check(applied, math.sqrt, 3.5)
    check(applied, numpy.sin, numpy.arange(3.0), 1)
    assert applied(square, 3) == 81
    check(integral, lambda x: x * x, 0.0, 1.0)
    check(integral, math.exp, 0.0, 1.0, 10)
    for n in (2, 3):
        assert applied(lambda x: x * n, 1, 1) == n  # noqa: B023
    for dtype in (numpy.float32, numpy.dtype("i2"), float, "int16"):
        for way in ("sum", "max"):
            same(
                kinds(numpy.arange(3.0), dtype, way),
                kinds.__wrapped__(numpy.arange(3.0), dtype, way),
            )
    with pytest.raises(TypeError, match="not dict"):
        applied(square, {})
    with pytest.raises(TypeError, match="not object"):
        applied(square, object())


def test_functions_that_are_returned():
    @quelea.jit
    def chosen_function(x, k):
        def pick(k):
            def add(y):
                return y + 1

            return add

        return pick(k)(x), type(x) is float, type(x) is int

    check(chosen_function, 2, 1)
    check(chosen_function, 2.5, 1)


# ---- signatures ----


def test_signatures():
    @quelea.njit("float64(float64[:], int64)")
    def item(a, k):
        return a[k]

    assert item.signatures == ["(f64[:], i64)"]
    assert item(numpy.arange(3.0), 1) == 1.0
    assert item(numpy.arange(6.0)[::2], numpy.int8(2)) == 4.0
    with pytest.raises(TypeError, match="is declared for"):
        item(numpy.arange(3), 1)
    with pytest.raises(TypeError, match="is declared for"):
        item(numpy.arange(3.0), 1.5)

    @quelea.jit([types.float64(types.float64), "i8(i8)"])
    def same_kind(x):
        return x + x

    assert len(same_kind.signatures) == 2
    got = same_kind(2)
    assert type(got) is numpy.float64 and got == 4  # the first that takes it

    @quelea.jit((types.int32, types.float32[:, ::1], types.Tuple((types.b1, types.i8))))
    def several(k, a, t):
        return a[k, t[1]] if t[0] else a[0, 0]

    assert several(1, numpy.arange(4, dtype="f4").reshape(2, 2), (True, 0)) == 2
    with pytest.raises(TypeError, match="is declared for"):
        several(1, numpy.arange(4, dtype="f4").reshape(2, 2).T, (True, 0))

    with pytest.raises(JitError, match="QJ379"):

        @quelea.njit("f8(f8[:])")
        def wrong(a):
            return a.tolist()

    with pytest.raises(TypeError, match="is declared as int64"):

        @quelea.njit("int64(float64)")
        def half(x):
            return x / 2

    for text in ("float64(float65)", "float64", "f8(f8", "f8(f8)x", "f8[::1,:](i8)"):
        with pytest.raises((ValueError, TypeError)):
            quelea.njit(text)
    assert repr(types.void(types.f8[:, :], types.i8)) == "void(float64[:, :], int64)"
    assert types.float64(2) == 2.0


@quelea.jit
def limits_and_boxes(a):
    s, top = 0.0, float("-inf")
    for i, j in np.ndindex(a.shape):
        s += a[i, j] * (i + 2 * j)
    for (i, j), x in np.ndenumerate(a):
        top = max(top, x * (i - j))
    for k in np.ndindex(2, 3):
        s += k[0] - k[1]
    eps, big = np.finfo(np.float64).eps, np.iinfo(np.int16).max
    return s, top, eps, big, float("nan"), float("1e3"), np.finfo(np.float32).max


def test_limits_and_boxes():
    check(limits_and_boxes, numpy.arange(6.0).reshape(2, 3))
    check(limits_and_boxes, numpy.arange(6.0).reshape(3, 2).T)
