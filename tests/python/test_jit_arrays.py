"""`quelea.jit` against Python itself: arrays, whose memory it is, in which order it is used."""

import numpy
import numpy as np
import pytest
from jit_support import check
from jobs import LAUNCHED

import quelea
from quelea.errors import JitError


@quelea.jit
def iterated(a):
    s = 0
    for v in a:
        s += v
    for i, v in enumerate(a):
        s += i * v
    for u, v in zip(a, a[1:]):  # noqa: B905, RUF007
        s += u * v
    return s


@quelea.jit
def stored(a):
    a[1:3] = 7
    a[::2] += 1
    a[-1] = 9
    b = a[::-1]
    b[0] = 3
    a[1:] = a[:-1]
    return b, a.shape, a.T, a[None, 1:], a[..., 0], a.size, a.ndim, a[2:2], a[10:], a[-2:]


@quelea.jit
def matrix(a):
    a[0, 1:] = a[1, :-1] * 2
    a[1] = a[0] + a[1, :1]
    a *= 2
    return a.sum(), a.sum(axis=0), a.mean(), a.max(), a.min(axis=1), np.sqrt(a), a * a + 1, a[:, 1]


@quelea.jit
def made(n):
    x = np.zeros(n)
    y = np.ones((n, 2), dtype=np.float32)
    z = np.full(n, 3)
    w = np.array([1, 2.5, n])
    t = x
    for i in range(n):
        x, t = x + i, x
    return x, y, z, w, t, np.empty_like(y).shape, np.zeros_like(z), np.array([[1, 2], [3, 4]])


@quelea.jit
def repeated(a, b):
    return (
        a + b,
        a * 2 + b[0],
        np.where(a > 1, a, b),
        np.maximum(a, 2),
        (a < b).any(),
        np.clip(a, 1, 2),
    )


@quelea.jit
def copied(a):
    b = a.copy()
    b[:] = a[::-1]
    a[:] = a[::-1]
    return b, a.reshape(2, -1), a.astype(np.int32), a.dtype == np.float64, a.ravel()


def test_arrays():
    for dtype in ("i8", "f8", "i1", "f4"):
        check(iterated, numpy.arange(5).astype(dtype))
        check(stored, numpy.arange(6).astype(dtype))
    check(stored, numpy.arange(12.0)[::2])
    check(stored, numpy.arange(6.0)[::-1])
    for a in (
        numpy.arange(12.0).reshape(3, 4),
        numpy.asfortranarray(numpy.arange(12.0).reshape(3, 4)),
    ):
        check(matrix, a)
    check(made, 3)
    check(repeated, numpy.arange(3.0), numpy.arange(3))
    check(repeated, numpy.arange(3.0).reshape(3, 1), numpy.arange(4.0))
    check(repeated, numpy.arange(2.0), numpy.arange(3.0))
    check(copied, numpy.arange(6.0))


def test_arguments_that_share_memory():
    @quelea.jit
    def moved(a, b):
        a[1:] = b[:-1] * 2

    x, y = numpy.arange(6.0), numpy.arange(6.0)
    moved(x, x)
    moved.__wrapped__(y, y)
    assert x.tolist() == y.tolist()


def test_an_argument_comes_back_as_itself():
    @quelea.jit
    def back(a):
        return a, a[1:], (a, 1)

    x = numpy.arange(3.0)
    whole, part, pair = back(x)
    assert whole is x and pair[0] is x and numpy.shares_memory(part, x)
    part[0] = 9
    assert x[1] == 9


def test_bounds_are_checked_where_it_is_asked_for():
    @quelea.jit(boundscheck=True)
    def element(a, i):
        return a[i]

    for i in (-4, -3, 0, 2, 3):
        check(element, numpy.arange(3.0), i)


def test_readonly_arrays():
    @quelea.jit
    def read(a):
        return a[0] + 1

    @quelea.jit
    def write(a):
        a[0] = 1

    x = numpy.arange(3.0)
    x.flags.writeable = False
    assert read(x) == 1
    with pytest.raises(quelea.errors.JitError, match="QJ365"):
        write(x)


def total(x):
    return np.sum(x)


def doubled(x):
    x *= 2
    return x[0]


@quelea.jit
def of_expressions(a):
    """Arguments that are expressions, chains of comparisons, loops that are left over expressions."""
    s = total(a * 2) + total(a + total(a * 3))
    inside = 0 < np.sum(a * 2) < 10 < np.max(a + 1) + 20
    for _ in range(2):
        for v in a + 1:
            if v > 2:
                break
            s += v
        else:
            continue
        s += 1
    return s, inside


@quelea.jit
def counted(x, y):
    small = np.sum(x < y), np.any(x > y), np.all(x < y + 5), np.any(x + y), np.all(x)
    return *small, np.prod((x < y) * np.int8(3) - np.int8(1)), (x > y).sum(keepdims=True)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((1000,), (1000,)),
        ((5, 7), (7,)),
        ((5, 1), (1, 6)),
        ((1,), (9,)),
        ((3, 4, 2), (2,)),
        ((0,), (0,)),
        ((), ()),
    ],
)
@pytest.mark.parametrize("dtype", ["f8"] if LAUNCHED else ["f8", "i2", "u8", "?", "c16"])
def test_what_is_the_same_in_any_order_is_counted_where_it_is_computed(left, right, dtype):
    rng = numpy.random.default_rng(len(left))
    x, y = ((rng.normal(size=n) * 3).astype("i8").astype(dtype) for n in (left, right))
    check(counted, x, y)
    if left != right:
        check(counted, y, x)
    if x.ndim > 1:
        check(counted, x.T[::-1], x.T[:, ::-1])


@quelea.jit
def comprehended(a):
    b = a * 2.0
    x = np.array([np.sum(r) for r in b])
    y = np.array([np.sum(r) for r in (a[0:1], a[1:2] * 2, b)])
    return np.sum(x), y, b


@quelea.jit
def in_order(a):
    b = (a * 2) + doubled(a)
    c = a + 1
    c, r = divmod(c, 3)
    pairs = zip(c * 2.0, c)  # noqa: B905
    c = np.zeros(5)
    s = 0.0
    for x, y in pairs:
        s += x * y
    return b, c, r, s


@quelea.jit
def stretched(a):
    r = np.ones((1, 3))
    a[:, :] = r
    a[1:] += r * 2
    return a, np.full((4, 3), r)


@quelea.jit
def flattened(a):
    b = a.flatten()
    b[0] = 100
    return b


def test_memory_and_order():
    for a in (numpy.arange(6.0), numpy.array([-1.0, 0.5]), numpy.zeros(0) + 1):
        if a.size:
            check(of_expressions, a)
            check(in_order, a)
    for shape in ((0, 3), (5, 3), (2, 3)):
        if shape[0] != 1:
            check(comprehended, numpy.ones(shape))
    check(stretched, numpy.zeros((4, 3)))
    check(flattened, numpy.arange(6.0).reshape(2, 3))


def test_integers_in_place():
    @quelea.jit
    def halves(a):
        a[0:2] /= 2

    with pytest.raises(quelea.errors.JitError, match="QJ335"):
        halves(numpy.arange(4))
    check(halves, numpy.arange(4.0))


@quelea.jit
def smoothed(u, v, n):
    for _ in range(n):
        v[1:-1] = (u[:-2] + u[2:]) * 0.5
        u, v = v, u
    return u, u[1:3], u.sum(), u * 2


def taken(size: int) -> bool:
    """Has this rank all of an array of that size?"""
    return quelea.size == 1 or size <= quelea.info()["replicated_size"]


@pytest.mark.parametrize("size", [8, 50_000])
def test_arrays_of_quelea(size):
    x = numpy.linspace(0, 1, size) ** 2
    u, v = quelea.asarray(x), quelea.zeros(size)
    theirs = x.copy(), numpy.zeros(size)
    want = smoothed.__wrapped__(*theirs, 3)
    before = numpy.asarray(u)  # shares the memory until it is written
    kept = before.copy()
    whole, part, total, twice = smoothed(u, v, 3)
    assert whole is v and isinstance(part, quelea.ndarray) and isinstance(twice, quelea.ndarray)
    for ours, other in zip(
        (u, v, whole, part, twice), (*theirs, want[0], want[1], want[3]), strict=True
    ):
        assert numpy.array_equal(numpy.asarray(ours), other)
    assert abs(total - want[2]) <= 1e-12 * abs(want[2])
    assert numpy.array_equal(before, kept)
    part[...] = 7
    assert float(v[1]) == 7
    u += 1
    assert numpy.array_equal(numpy.asarray(u), theirs[0] + 1)


def test_an_array_that_nothing_has_stored_yet():
    @quelea.jit
    def filled(a):
        for i in range(a.size):
            a[i] = i
        return a

    x = quelea.empty(6)
    if taken(6):
        assert numpy.asarray(filled(x)).tolist() == [0, 1, 2, 3, 4, 5]
        assert filled(x) is x


def test_arrays_of_numpy_beside_those_of_quelea():
    @quelea.jit
    def read(a, w):
        return a * w

    @quelea.jit
    def write(a, w):
        w[0] = a[0]

    a, w = quelea.arange(5.0), numpy.arange(5.0) + 1
    if taken(5):
        assert numpy.array_equal(numpy.asarray(read(a, w)), numpy.arange(5.0) * w)
        with pytest.raises(quelea.errors.JitError, match="QJ365"):
            write(a, w)


@quelea.jit
def of_both(x, n):
    a, b = quelea.zeros(n), np.zeros(n)
    c = quelea.arange(n) * 2 + b
    d = np.ones(n) + a
    for k in range(n):
        c[k] += k
    return (
        a,
        b,
        c,
        d,
        d[1:],
        np.sum(c),
        b + 1,
        quelea.linspace(0, 1, n),
        np.sort(d),
        np.sin(b),
        x,
        x + a,
    )


def helper_of_numpy(n):
    return np.ones(n)


@quelea.jit
def through_others(n):
    return (
        quelea.concatenate((helper_of_numpy(n), np.zeros(1))),
        helper_of_numpy(n),
        quelea.eye(n) @ np.ones(n),
    )


def test_arrays_of_quelea_are_made_by_its_functions():
    x = numpy.arange(4.0)
    got = of_both(x, 4)
    ours = [isinstance(g, quelea.ndarray) for g in got]
    assert ours == [True, False, True, True, True, False, False, True, True, False, False, True]
    assert got[-2] is x
    y = numpy.arange(4)
    want = (
        y * 0.0,
        y * 0.0,
        y * 3.0,
        y * 0 + 1.0,
        (y * 0 + 1.0)[1:],
        18.0,
        y * 0 + 1.0,
        numpy.linspace(0, 1, 4),
    )
    for one, other in zip(got, want, strict=False):
        assert numpy.array_equal(numpy.asarray(one), other)
    joined, plain, product = through_others(3)
    assert isinstance(joined, quelea.ndarray) and isinstance(product, quelea.ndarray)
    assert type(plain) is numpy.ndarray
    assert numpy.asarray(joined).tolist() == [1, 1, 1, 0] and numpy.asarray(product).tolist() == [
        1,
        1,
        1,
    ]


def test_arrays_of_quelea_on_some_ways():
    @quelea.jit
    def chosen(n, ours):
        a = np.zeros(n)
        if ours:
            a = quelea.ones(n)
        return a

    assert isinstance(chosen(3, True), quelea.ndarray)
    assert isinstance(chosen(3, False), quelea.ndarray)  # either, so Quelea's


@quelea.jit
def of_private_arrays(x, n):
    """Small arrays that no other name has are private; these are, or become others."""
    s = 0.0
    before = np.zeros(2)
    for i in range(len(x)):
        t = np.empty(3)
        t[0] = x[i]
        t[1:] = t[0] + 1
        u = np.array([t[0], t[2]])
        u = np.array([u[1], u[0]])
        v = np.array([1.0, 2.0])
        v = np.array(v[::-1])
        w = np.full(2, v)
        w = np.full(2, w[::-1])
        before = before + u
        if i == n:
            u = np.zeros(2)
        s += (t * t).sum() + u[0] * 2 - u[1] + before[0] * v[0] + w[1]
    kept = np.zeros(2)
    other = kept
    other[0] = s
    pair = (np.ones(2), t)
    last = np.ones(2)
    for _ in range(2):
        last = np.array([last[1], last[0] * 2])
    m = np.zeros((2, 2))
    m[0] = last
    return s, kept, pair, last[0], m.sum(), t


def test_private_arrays():
    for n in (-1, 0, 2):
        check(of_private_arrays, numpy.arange(4.0), n)

    @quelea.jit
    def summed(x):
        s = 0.0
        for i in range(len(x)):
            t = np.zeros((2, 2))
            t[0, 1] = x[i]
            t *= 2
            s += t[0, 1]
        return s

    check(summed, numpy.arange(5.0))
    assert "allocate" not in summed.inspect("ir")


@quelea.jit
def shared_results(a):
    b = a * 2
    c = np.zeros((2, a.size))
    d = np.empty(8)
    d[:2] = 5
    d[6:] = 7
    return b, b[1:], (c[1], c, c.T), d[6:], d[:2], b, b[0:0], (a + 1)[::-1], a


def test_results_that_share_memory():
    x = numpy.arange(5.0)
    theirs = shared_results.__wrapped__(x)
    if not taken(10):
        return
    for given in x, quelea.asarray(x):
        b, tail, (row, c, t), end, begin, again, none, back, a = shared_results(given)
        assert isinstance(tail, type(given)) and again.shape == b.shape and a is given
        for ours, other in zip(
            (b, tail, row, c, t, end, begin, none, back),
            (*theirs[:2], *theirs[2], theirs[3], theirs[4], theirs[6], theirs[7]),
            strict=True,
        ):
            assert numpy.array_equal(numpy.asarray(ours), other)
        tail[0] = 100
        assert float(b[1]) == 100 and float(again[1]) == 100
        c[1, 2] = 50
        assert float(row[2]) == 50 and float(t[2, 1]) == 50


LARGE = 1 << 18  # of elements: results of so many stay in the memory that the function made


@quelea.jit
def large(x):
    y = x * 2
    z = np.empty((4, x.size // 4), dtype=np.float32)
    for i in range(4):
        for j in range(x.size // 4):
            z[i, j] = i - j
    return y, z


@quelea.jit
def behind_the_begin(x):
    y, z = large(x)
    return y[1:], z.T, y.sum()


@quelea.jit
def together(x):
    y, z = large(x)
    return y, z[1:3], y[::2]


@quelea.jit
def a_small_part(x):
    y, z = large(x)
    return y[: x.size // 8], z, y[0]


@pytest.mark.skipif(quelea.size > 1, reason="they lie where the others' do")
@pytest.mark.parametrize("function", [large, behind_the_begin, together, a_small_part])
def test_large_results_stay_where_they_are_made(function):
    x = numpy.random.default_rng(3).random(LARGE)
    ours, theirs, kept = quelea.asarray(x), function.__wrapped__(x), []
    quelea.sync()
    flushes = quelea.counters()["flushes"]
    for _ in range(7):
        kept.append(function(ours))
    if function is large and quelea.info()["threads"] == 1:
        assert quelea.counters()["flushes"] == flushes  # nothing was copied
    for results in kept:  # none has become another's
        for got, want in zip(results, theirs, strict=True):
            assert numpy.allclose(numpy.asarray(got), want, rtol=1e-12)
    y, z = kept[0][:2]
    snapshot, before = numpy.asarray(y), theirs[0].copy()
    y += 1
    y[3:-3] = y[:-6] + z.ravel()[3] * y[6:]
    before += 1
    before[3:-3] = before[:-6] + theirs[1].ravel()[3] * before[6:]
    assert numpy.array_equal(numpy.asarray(y), before)
    assert numpy.array_equal(snapshot, theirs[0])
    assert numpy.array_equal(numpy.asarray(kept[1][0]), theirs[0])
    large(y + kept[2][0])[1][...] = 5
    del kept, results, snapshot
    assert numpy.array_equal(numpy.asarray(function(ours)[0]), theirs[0])


@quelea.jit
def stepped(u, v):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return u + v


@pytest.mark.skipif(quelea.size > 1, reason="they lie where the others' do")
def test_large_results_go_on_as_others_do():
    """In statements beside arrays of the arena, in sweeps, as arguments and in files; and they are given back."""
    x = numpy.random.default_rng(1).random((300, 700))
    a, b = quelea.asarray(x), quelea.asarray(x)
    c, d = x.copy(), x.copy()
    peak = 0
    for k in range(60):
        a, c = stepped(a, b), _stepped(c, d)
        for _ in range(3):
            a[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[:-2, 1:-1] + a[2:, 1:-1])
            c[1:-1, 1:-1] = 0.2 * (c[1:-1, 1:-1] + c[:-2, 1:-1] + c[2:, 1:-1])
        a, b, c, d = a[::-1].copy(), a * 0.5, c[::-1].copy(), c * 0.5
        if k == 20:
            peak = resident()
    assert numpy.array_equal(numpy.asarray(a), c) and numpy.array_equal(numpy.asarray(b), d)
    assert resident() < peak + 20 * x.nbytes


def _stepped(u, v):
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    return u + v


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@quelea.jit
def lines_in_shapes(a):
    a[::2].reshape(2, 2)[0, 0] = 99
    b = a[::-1].reshape((4, -1))
    b[1] = 5
    c = np.reshape(a[1::2], (1, 4))
    c += 0.5
    d = a[::2].ravel()
    d[0] = -1
    e = a[::2].flatten()
    e[1] = -2
    return a, b, c, d, e


def test_a_line_with_gaps_is_seen_in_any_shape():
    check(lines_in_shapes, numpy.arange(8.0))
    check(lines_in_shapes, numpy.arange(16.0)[::2])


def test_complex_numbers_do_not_fit_into_parts():
    @quelea.jit
    def fill(x, value):
        x[1:] = value
        return x

    for m in (numpy, quelea):
        with pytest.raises(JitError, match=r"QJ360: an element of .* cannot hold complex"):
            fill(m.zeros(3), 1j)
        assert numpy.asarray(fill(m.zeros(3, complex), 1j)).tolist() == [0, 1j, 1j]
        assert numpy.asarray(fill(m.zeros(3), numpy.array([1 + 5j, 2]))).tolist() == [0, 1, 2]


def test_bounds_of_small_floats():
    def limited(x):
        y = x.copy()
        for i in range(len(x)):
            y[i] = np.minimum(x[i], 1) + np.fmax(x[i], -1) * np.maximum(x[i], 0.5)
        return y

    x = np.array([1.5, 0.5, -2, np.nan, -0.0, np.inf, -np.inf])
    for dtype in "f2", "f4", "f8":
        got, want = quelea.jit(limited)(x.astype(dtype)), limited(x.astype(dtype))
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
