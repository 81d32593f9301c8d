"""quelea.map, reduce, scan, allpairs: against Python's own loops, on NumPy's arrays and on ours, with the same bits."""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED
from support import happened, host

import quelea
from quelea import applying, mapping
from quelea.errors import JitError

random = numpy.random.default_rng(11)


def field(shape: Any, dtype: str = "f8") -> Any:
    if dtype == "?":
        return random.random(shape) > 0.4
    if dtype[0] in "iu":
        return random.integers(0, 90, shape).astype(dtype)
    if dtype[0] == "c":
        return (random.random(shape) - 0.5j * random.random(shape)).astype(dtype)
    return (random.random(shape) - 0.3).astype(dtype)


def items_of(array: Any, axes: tuple[int, ...]) -> list[Any]:
    """The items along axes, in C order."""
    front = numpy.moveaxis(array, axes, range(len(axes)))
    return [front[place] for place in numpy.ndindex(front.shape[: len(axes)])]


def alike(got: Any, want: Any, exact: bool = True) -> None:
    """The same dtype and shape, and the same bits or nearly so."""
    got, want = host(got), numpy.asarray(want)
    assert got.shape == want.shape, (got.shape, want.shape)
    if exact:
        assert got.dtype == want.dtype, (got.dtype, want.dtype)
        numpy.testing.assert_array_equal(got, want)
    else:
        eps = float(numpy.finfo(got.dtype).eps) if got.dtype.kind in "fc" else 0
        numpy.testing.assert_allclose(got, want, rtol=64 * eps, atol=64 * eps)


def on_both(call: Callable[..., Any], *args: Any) -> Any:
    """A call on NumPy's arrays, which on ours has the same bits."""
    ours = [quelea.asarray(a) if isinstance(a, numpy.ndarray) else a for a in args]
    got, other = call(*args), call(*ours)
    pairs = zip(got, other, strict=True) if isinstance(got, tuple) else [(got, other)]
    for one, two in pairs:
        assert not isinstance(one, quelea.ndarray) and isinstance(two, quelea.ndarray)
        alike(two, one)
    return got


# ---- map ----


def total(r):
    return r.sum()


def spread(r):
    low, high = r[0], r[0]
    for k in range(1, len(r)):
        low, high = min(low, r[k]), max(high, r[k])
    return high, low


def turned(r):
    return r[::-1] * 2


def products(r):
    return numpy.outer(r, r)


def parts(r):
    return r.max(), r[1:], numpy.where(r > 0.1, r, 0)


def order(r):
    return numpy.sort(r)


def above(r):
    count = 0
    for v in r:
        if v > 0.25:
            count += 1
    return count


def first(r):
    return r[0] > 0.1


OF_ROWS = [total, spread, turned, products, parts, order, above, first]
SHAPES = [(2, 3), (131, 4)] if LAUNCHED else [(1, 1), (2, 3), (7, 5), (131, 4), (3, 200)]


@pytest.mark.parametrize("function", OF_ROWS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "dtype", ["f8", "u1", *(pytest.param(d, marks=pytest.mark.slow) for d in ("f4", "i8"))]
)
def test_map_over_the_lines_of_a_matrix(function: Any, shape: Any, dtype: str) -> None:
    x = field(shape, dtype)
    for axis in (0, 1, -2):
        got = on_both(lambda a: quelea.map(function, a, axis=axis), x)  # noqa: B023
        want = [function(item) for item in items_of(x, (axis % 2,))]
        if not isinstance(want[0], tuple):
            got, want = (got,), [(w,) for w in want]
        for k, array in enumerate(got):
            alike(array, numpy.stack([w[k] for w in want]), exact=dtype[0] in "iu")


def by_sign(v, w, k):
    return v * k if w > 0.2 else math.sqrt(abs(v)) + w


OF_ELEMENTS = [
    (by_sign, 2.5),
    (lambda v, w, k: v > w, 0),
    (lambda v, w, k: (v + k, w), 3),
    (lambda v, w, k: numpy.array([v, w, v]), 1),
    (lambda v, w, k: k, True),
    (lambda v, w, k: k, 2 + 1j),
]


@pytest.mark.parametrize(("function", "k"), OF_ELEMENTS)
@pytest.mark.parametrize("shape", [(9,), (4, 6), (2, 3, 5), (1000,)])
def test_map_over_elements(function: Any, k: Any, shape: Any) -> None:
    x, y = field(shape), field(shape)
    got = on_both(lambda a, b: quelea.map(function, a, b, k, axis=None), x, y)
    pairs = zip(x.ravel(), y.ravel(), strict=True)
    want = [function(v, w, k) for v, w in pairs]
    if not isinstance(want[0], tuple):
        got, want = (got,), [(w,) for w in want]
    for n, array in enumerate(got):
        stacked = numpy.stack([w[n] for w in want])
        alike(array, stacked.reshape(shape + stacked.shape[1:]))


@pytest.mark.parametrize("axis", [0, 2, (0, 1), (2, 0), (-1, 1), None])
def test_map_over_several_axes(axis: Any) -> None:
    x = field((3, 4, 5))
    axes = tuple(range(3)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    got = on_both(lambda a: quelea.map(lambda item: 2 * item, a, axis=axis), x)
    want = 2 * x.transpose(
        [a % 3 for a in axes] + [k for k in range(3) if k not in {a % 3 for a in axes}]
    )
    alike(got, want)


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", "c8", "c16"])
def test_dtypes(dtype: str) -> None:
    x = field((300,), dtype)
    alike(on_both(lambda a: quelea.map(lambda v: v, a), x), x)
    alike(
        on_both(lambda a: quelea.map(lambda v: (v, v * v), a), x)[1],
        x * x,
        dtype not in ("c8", "c16"),
    )
    alike(on_both(lambda a: quelea.reduce(lambda v, w: w, a), x), x[-1])
    alike(on_both(lambda a: quelea.scan(lambda v, w: w, a), x), x)
    byte = x.astype(x.dtype.newbyteorder())
    alike(quelea.map(lambda v: v, byte), x)


def test_views_with_odd_strides_and_a_target_that_is_read() -> None:
    x = field((40, 9))
    for view in (slice(None, None, -1), slice(3, 30, 3), slice(10, 10)):

        def half(a: Any) -> Any:
            return quelea.map(lambda r: r.sum() + r[0], a[view, ::2])  # noqa: B023

        want = [r.sum() + r[0] for r in x[view, ::2]]
        alike(on_both(half, x), want or numpy.empty(0), exact=False)
    ours = quelea.asarray(x)
    ours[:, 0] = quelea.map(lambda r: r[1] + r[2], ours)
    x[:, 0] = x[:, 1] + x[:, 2]
    alike(ours, x)
    z = field((20, 3), "c16")
    alike(quelea.map(lambda r: r[0] + r[1], quelea.asarray(z).real), z.real[:, 0] + z.real[:, 1])


def test_numpys_and_pythons_own_functions_are_applied() -> None:
    x = field((6, 4))
    alike(on_both(lambda a: quelea.map(numpy.sum, a), x), [r.sum() for r in x], exact=False)
    alike(on_both(lambda a: quelea.map(abs, a, axis=None), x), abs(x))
    alike(on_both(lambda a: quelea.map(math.floor, a, axis=None), x), numpy.floor(x).astype(int))
    alike(on_both(lambda a: quelea.reduce(numpy.maximum, a), x), x.max(0))
    alike(on_both(lambda a: quelea.reduce(quelea.maximum, a), x), x.max(0))
    alike(on_both(lambda a: quelea.reduce(max, a, axis=None), x), x.max())
    alike(on_both(lambda a: quelea.allpairs(numpy.dot, a, a), x), x @ x.T, exact=False)
    alike(on_both(lambda a: quelea.map(quelea.mean, a), x), x.mean(1), exact=False)
    alike(on_both(lambda a: quelea.map(quelea.sort, a), x), numpy.sort(x))
    alike(on_both(lambda a: quelea.map(numpy.float32, a, axis=None), x), x.astype("f4"))
    jitted = quelea.jit(turned)
    alike(on_both(lambda a: quelea.map(jitted, a), x), x[:, ::-1] * 2)


# ---- what a function takes from outside ----


def test_a_lambda_in_a_loop_is_compiled_once() -> None:
    x, made = field((9, 4)), []
    for k in range(4):
        centre = field(4)
        got = quelea.map(lambda r: r - centre * k, quelea.asarray(x))  # noqa: B023
        alike(got, x - centre * k)
        made.append(list(applying._known.values())[-1])
    assert all(one is made[0] for one in made) and made[0].function._builds == 1
    assert len(made[0].function._specials()) == 1 and len(made[0].loops) == 2

    def nearest(points: Any, centres: Any) -> Any:
        return quelea.map(lambda p: numpy.argmin(((centres - p) ** 2).sum(axis=1)), points)

    for _ in range(3):
        points, centres = field((50, 2)), field((3, 2))
        want = [((centres - p) ** 2).sum(1).argmin() for p in points]
        alike(nearest(points, centres), want)
        got = nearest(points, quelea.asarray(centres))
        assert isinstance(got, quelea.ndarray)
        alike(got, want)
        alike(nearest(quelea.asarray(points), quelea.asarray(centres)), want)
    assert all(cell_is_empty(cell) for one in applying._known.values() for cell in one.cells)


def cell_is_empty(cell: Any) -> bool:
    try:
        return cell.cell_contents is None
    except ValueError:
        return True


def test_what_is_captured_may_become_another_function_or_type() -> None:
    def with_(inner: Any, k: Any) -> Any:
        return quelea.map(lambda v: inner(v) + k, quelea.asarray([1.0, 2.0]))

    alike(with_(lambda v: v * v, 1), [2.0, 5.0])
    alike(with_(math.exp, 0), numpy.exp([1.0, 2.0]), exact=False)
    alike(with_(lambda v: v > 1, 1j), [1j, 1 + 1j])
    alike(with_(lambda v: 7, 0), [7, 7])
    for start in (1, 2.5):
        alike(
            quelea.map(lambda v, start=start: v + start, field(3) * 0), [start] * 3 + field(3) * 0
        )


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def test_functions_of_all_forms() -> None:
    x = field((7, 3))
    for function, want in (
        (lambda r: [r[0], 2 * r[1]], x[:, :2] * [1, 2]),
        (lambda r, k=2, *, c=1: r[0] * k + c, x[:, 0] * 2 + 1),
        (lambda *rows: rows[0][2], x[:, 2]),
        (lambda r, *more: r[0] + len(more), x[:, 0]),
        (len, numpy.full(7, 3)),
    ):
        alike(on_both(lambda a: quelea.map(function, a), x), want)  # noqa: B023
    got = on_both(lambda a: quelea.reduce(lambda v, w: [v[0] + w[0], w[1], v[2]], a), x)
    alike(got, [functools.reduce(lambda v, w: v + w, x[:, 0]), x[-1, 1], x[0, 2]])
    few = numpy.arange(9)  # over ranks no function calls itself
    alike(quelea.map(factorial, few), [math.factorial(k) for k in few])


# ---- reduce and scan ----

P = 9973


def composed(a, b):
    """x -> b(a(x)) of affine functions modulo a prime: associative, and does not commute."""
    return a[0] * b[0] % P, (a[1] * b[0] + b[1]) % P


def multiplied(a, b):
    return (a @ b) % P


def longest(a, b):
    """Where the largest is: the first of several."""
    return a if a[0] >= b[0] else b


def last(a, b):
    return b


COUNTS = [1, 2, 3, 127, 128, 129, 255, 256, 257, 1000, 16384, 16385, 20000]


@pytest.mark.parametrize("count", COUNTS)
def test_what_is_associative_is_what_python_gives(count: int) -> None:
    x, y = field(count, "i8") + 1, field(count, "i8")
    pairs = [(int(a), int(b)) for a, b in zip(x, y, strict=True)]
    for function in (composed, longest):
        for init in (None, (3, 4)):
            begin = () if init is None else (init,)
            want = list(itertools.accumulate([*begin, *pairs], function))
            got = on_both(lambda a, b: quelea.reduce(function, a, b, init=init), x, y)  # noqa: B023
            assert tuple(int(v) for v in got) == want[-1]
            got = on_both(lambda a, b: quelea.scan(function, a, b, init=init), x, y)  # noqa: B023
            for k in range(2):
                alike(got[k], [w[k] for w in want[len(begin) :]])


@pytest.mark.parametrize("count", [2, 129, 16500] if LAUNCHED else [1, 2, 128, 129, 700, 16500])
def test_items_with_axes(count: int) -> None:
    m = field((count, 2, 2), "i8")
    want = list(itertools.accumulate(m, multiplied))
    alike(on_both(lambda a: quelea.reduce(multiplied, a), m), want[-1])
    alike(on_both(lambda a: quelea.scan(multiplied, a), m), want)
    turn = numpy.array([[0, 1], [1, 1]])
    want = list(itertools.accumulate(m, multiplied, initial=turn))
    alike(on_both(lambda a: quelea.reduce(multiplied, a, init=turn), m), want[-1])
    alike(on_both(lambda a: quelea.scan(multiplied, a, init=turn), m), want[1:])
    rows = field((count, 3))
    for axis in (0, 1):
        want = numpy.maximum.accumulate(rows, axis)
        alike(on_both(lambda a: quelea.scan(numpy.maximum, a, axis=axis), rows), want)  # noqa: B023
        got = on_both(lambda a: quelea.reduce(numpy.maximum, a, axis=axis), rows)  # noqa: B023
        alike(got, rows.max(axis))


@pytest.mark.parametrize("count", [1, 2, 5, 128, 129, 300])
def test_large_items(count: int) -> None:
    """For whole ones the function is called; the order is the same."""
    m, v = field((count, 30, 40)), field(count)

    def added(a: Any, b: Any) -> Any:
        return a * b + a

    totals = tree(added, list(m))
    alike(on_both(lambda a: quelea.reduce(added, a), m), totals)
    alike(
        on_both(lambda a: quelea.reduce(added, a, init=2), m),
        added(numpy.full((30, 40), 2.0), totals),
    )
    for init in (None, numpy.ones((30, 40))):
        got = on_both(lambda a: quelea.scan(added, a, init=init), m)  # noqa: B023
        lines = m.reshape(count, 1200)
        few = None if init is None else numpy.ones(3)
        got2 = on_both(lambda a: quelea.scan(added, a, init=few), lines[:, :3])  # noqa: B023
        alike(got.reshape(count, 1200)[:, :3], got2)

    def of_larger(a: Any, b: Any) -> Any:
        return a if a[0] > b[0] else b

    got = on_both(lambda a, b: quelea.reduce(of_larger, a, b), v, m)
    alike(got[0], v.max())
    alike(got[1], m[v.argmax()])
    several = field((30, 50, count, 2))  # windows, say
    want = tree(added, [several[:, :, a, b] for b in range(2) for a in range(count)])
    alike(on_both(lambda a: quelea.reduce(added, a, axis=(3, 2)), several), want)
    i = field((count, 2000), "i2")
    got = on_both(lambda a: quelea.scan(lambda v, w: (v + w) / 2, a), i)
    want = list(itertools.accumulate(i.astype("f8"), lambda v, w: (v + w) / 2))
    assert got.dtype == "f8"
    alike(got[:128], want[:128])
    with pytest.raises(ValueError, match="different shapes"):
        quelea.reduce(lambda a, b: a[1:], field((3, 2000)))


def tree(function: Any, items: list[Any]) -> Any:
    """The order that is promised."""
    level = [functools.reduce(function, items[k : k + 128]) for k in range(0, len(items), 128)]
    while len(level) > 1:
        pairs = [function(*level[k : k + 2]) for k in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) // 2 * 2 :]
    return level[0]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_orders_are_those_that_are_promised(count: int, dtype: str) -> None:
    x = field(count, dtype)
    with numpy.errstate(all="ignore"):
        for function in (lambda a, b: a + b, lambda a, b: a * b + a):
            got = on_both(lambda a: quelea.reduce(function, a), x)  # noqa: B023
            alike(got, tree(function, list(x)))
    added = on_both(lambda a: quelea.scan(lambda v, w: v + w, a), x)
    if dtype != "f2":  # whose leaves numpy adds as float32
        alike(quelea.cumsum(quelea.asarray(x)), added)


def test_init_of_quelea() -> None:
    m = quelea.asarray(field((300, 2, 2), "i8"))
    for init in (quelea.asarray([[1, 1], [1, 0]]), quelea.asarray(3), quelea.ones((2, 2), "f4")):
        want = functools.reduce(added, host(m), host(init) + numpy.zeros((2, 2), "i8"))
        alike(quelea.reduce(added, m, init=init), want)
        alike(quelea.reduce(added, host(m), init=init), want)
        alike(quelea.scan(added, m, init=init)[-1], want)


def added(a, b):
    return a + b


@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_what_is_reduced_is_no_view_of_what_was_given(take: Any) -> None:
    """Of large items it was one where the function gives an item as it is, or there is one item."""
    for width in (20, 2000):
        x, start = take(field((3, width))), take(field(width))
        before = host(x).copy(), host(start).copy()
        for made in (
            quelea.reduce(lambda a, b: b, x),
            quelea.reduce(lambda a, b: a, x),
            quelea.reduce(lambda a, b: a, x, init=start),
            quelea.reduce(lambda a, b: a, x[:0], init=start),
            quelea.reduce(lambda a, b: a + b, x[:1]),
            quelea.scan(lambda a, b: b, x)[2],
        ):
            made[:] = 5.0
        alike(x, before[0])
        alike(start, before[1])


def test_init_has_the_dtype_that_it_has() -> None:
    """An array of Quelea's without axes counted as a number of Python's."""
    x = numpy.arange(5, dtype="f4")
    for start in (1, 1.0, numpy.float32(1), numpy.float64(1), numpy.array(1.0), numpy.int64(1)):
        want = (x + start).dtype
        for init in (start, quelea.asarray(start) if hasattr(start, "dtype") else start):
            for function in (quelea.reduce, quelea.scan):
                for given in (x, quelea.asarray(x)):
                    assert function(lambda a, b: a + b, given, init=init).dtype == want


@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_items_are_not_written(take: Any) -> None:
    """Ranks would write them at any time, and what is reduced begins with one."""

    def stores(row: Any) -> Any:
        row[0] = 7.0
        return row.sum()

    def adds(p: Any, q: Any) -> Any:
        p += q
        return p

    def of_two(p: Any, q: Any) -> Any:
        q[0][1] = 1.0
        return p

    def own(row: Any) -> Any:
        row = row * 2
        row[0] = 7.0
        return row

    x = take(field((3, 4)))
    before = host(x).copy()
    for call in (
        lambda: quelea.map(stores, x),
        lambda: quelea.allpairs(adds, x, x),
        lambda: quelea.reduce(adds, x),
        lambda: quelea.scan(adds, x),
        lambda: quelea.reduce(adds, take(field((3, 2000)))),
        lambda: quelea.reduce(of_two, x, take(field(3))),
    ):
        with pytest.raises(JitError, match="may not be written"):
            call()
    alike(x, before)
    quelea.map(own, x)
    alike(x, before)


@pytest.mark.parametrize("dtype", [numpy.longdouble, numpy.clongdouble])
def test_long_numbers_are_refused(dtype: Any) -> None:
    for call in (
        lambda: quelea.map(lambda a: a, numpy.ones(3, dtype)),
        lambda: quelea.map(lambda a, b: a + b, X, dtype(1)),
        lambda: quelea.reduce(lambda a, b: a + b, X, init=dtype(1)),
    ):
        with pytest.raises(TypeError, match="is no array of numbers"):
            call()


def test_several_axes_are_one_and_results_keep_their_place() -> None:
    x = field((5, 40, 3))
    alike(on_both(lambda a: quelea.reduce(last, a, axis=None), x), x[-1, -1, -1])
    alike(on_both(lambda a: quelea.reduce(last, a, axis=(0, 2)), x), x[-1, :, -1])
    alike(on_both(lambda a: quelea.reduce(lambda v, w: v, a, axis=(2, 1)), x), x[:, 0, 0])
    got = on_both(lambda a: quelea.reduce(lambda v, w: v + w, a, axis=None), x)
    alike(got, tree(lambda v, w: v + w, list(x.ravel())))
    for axis in (0, 1, 2, -1):
        alike(on_both(lambda a: quelea.scan(last, a, axis=axis), x), x)  # noqa: B023


def test_the_dtype_is_what_the_function_gives_for_two() -> None:
    """Of Python's own numbers that of these: of small ones sums were cut off."""
    few = numpy.full(5, 100, "u1")
    alike(on_both(lambda a: quelea.reduce(lambda v, w: int(v) + int(w), a), few), 500)
    alike(
        on_both(lambda a: quelea.scan(lambda v, w: int(v) + int(w), a), few),
        few.cumsum(dtype=int),
    )
    half = few.astype("f2")
    alike(on_both(lambda a: quelea.reduce(lambda v, w: float(v) + float(w), a), half), 500.0)
    i = field(300, "i4")
    alike(on_both(lambda a: quelea.reduce(lambda v, w: (v + w) / 1, a), i), float(i.sum()))
    alike(on_both(lambda a: quelea.reduce(lambda v, w: v + w, a), i), i.sum(dtype="i4"))
    alike(on_both(lambda a: quelea.reduce(lambda v, w: v + w, a, init=0.5), i), i.sum() + 0.5)
    alike(
        on_both(lambda a: quelea.reduce(lambda v, w: v + w, a, init=numpy.int64(2)), i), i.sum() + 2
    )
    assert quelea.reduce(lambda v, w: v + w, i.astype("f4"), init=2).dtype == "f4"
    assert quelea.scan(lambda v, w: v + w, i > 3, init=0).dtype == "i8"
    b = field(300, "?")
    alike(on_both(lambda a: quelea.reduce(lambda v, w: v and w, a), b), b.all())
    alike(on_both(lambda a: quelea.scan(lambda v, w: v or w, a), b), numpy.logical_or.accumulate(b))


# ---- all pairs ----


def squares(a, b):
    s = 0.0
    for k in range(len(a)):
        s += (a[k] - b[k]) * (a[k] - b[k])
    return s


@pytest.mark.parametrize("shapes", [(1, 1, 1), (5, 7, 3), (40, 3, 2), (3, 130, 1)])
@pytest.mark.parametrize("block", [1, 100, 1 << 24])
def test_all_pairs(shapes: Any, block: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(mapping, "_BLOCK", block)
    n, m, d = shapes
    x, y = field((n, d)), field((m, d))
    got = on_both(lambda a, b: quelea.allpairs(squares, a, b), x, y)
    alike(got, [[squares(a, b) for b in y] for a in x])
    got = on_both(lambda a, b: quelea.allpairs(squares, a.T, b.T, axis=1), x, y)
    alike(got, [[squares(a, b) for b in y] for a in x])
    got = on_both(lambda a, b: quelea.allpairs(lambda v, w: (v[0] < w[0], v - w), a, b), x, y)
    alike(got[0], x[:, None, 0] < y[None, :, 0])
    alike(got[1], x[:, None] - y)
    got = on_both(lambda a, b: quelea.allpairs(max, a, b), x[:, 0], y[:, 0])
    alike(got, numpy.maximum.outer(x[:, 0], y[:, 0]))


# ---- nothing, and what is refused ----


@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_no_items(take: Any) -> None:
    none = take(numpy.empty((0, 3), "f4"))
    for got, shape in [
        (quelea.map(lambda r: r.sum(), none), (0,)),
        (quelea.map(lambda v: v, none, axis=None), (0, 3)),
        (quelea.scan(numpy.maximum, none), (0, 3)),
        (quelea.allpairs(lambda a, b: a[0] + b[0], none, take(numpy.ones((4, 3), "f4"))), (0, 4)),
        (quelea.reduce(numpy.maximum, none, init=2), (3,)),
        (quelea.reduce(numpy.maximum, none, axis=1, init=2), (0,)),
        (quelea.map(lambda r: r.sum(), none, axis=1), (3,)),
    ]:
        assert got.shape == shape and got.dtype == "f4" and type(got) is type(none)
    alike(quelea.reduce(numpy.maximum, none, init=2), numpy.full(3, 2, "f4"))
    with pytest.raises(ValueError, match="no items for which"):
        quelea.map(lambda r: 2 * r, none)
    with pytest.raises(ValueError, match="no items for which"):
        quelea.allpairs(lambda a, b: a, none, none)
    for call in (quelea.reduce,):
        with pytest.raises(ValueError, match="zero-size array to reduce, which has no init"):
            call(numpy.maximum, none)


X, Y = numpy.ones((4, 3)), numpy.ones((5, 3))
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda q: quelea.map(lambda a, b: a, q(X), q(Y)), ValueError, "different numbers of items"),
    (lambda q: quelea.map(lambda a, b: a, q(X), q(Y), axis=None), ValueError, "different numbers"),
    (lambda q: quelea.map(lambda a, b: a, q(X), q(X[0]), axis=None), ValueError, "as many axes"),
    (lambda q: quelea.map(lambda a: a, q(X), axis=2), numpy.exceptions.AxisError, "axis 2"),
    (lambda q: quelea.map(lambda a: a, q(X), axis=-3), numpy.exceptions.AxisError, "axis -3"),
    (lambda q: quelea.map(lambda a: a, q(X), axis=(0, -2)), ValueError, "repeated axis"),
    (lambda q: quelea.map(lambda a: a, q(X), axis=()), ValueError, "one axis at least"),
    (lambda q: quelea.map(lambda a: a, q(X), axis=0.5), TypeError, "an integer, a tuple"),
    (lambda q: quelea.map(lambda a: a, 3), ValueError, "one at least"),
    (lambda q: quelea.map(lambda: 1), ValueError, "one at least"),
    (lambda q: quelea.map(3, q(X)), TypeError, "int is not applied"),
    (lambda q: quelea.map("sum", q(X)), TypeError, "str is not applied"),
    (lambda q: quelea.map(functools.partial(max, 1), q(X)), TypeError, "partial is not applied"),
    (lambda q: quelea.map(lambda a: None, q(X)), TypeError, "gives nothing"),
    (lambda q: quelea.map(lambda a: (a, (a, a)), q(X)), TypeError, "give a number, an array, or"),
    (lambda q: quelea.map(lambda a: a[a > a[0]], q(X)), None, ""),
    (lambda q: quelea.map(lambda a: a, numpy.array(["a"])), TypeError, "no array of numbers"),
    (lambda q: quelea.reduce(lambda a, b: a, 3), ValueError, "a number has no axis"),
    (lambda q: quelea.reduce(lambda a, b: a), ValueError, "one at least"),
    (lambda q: quelea.scan(lambda a, b: a), ValueError, "one at least"),
    (lambda q: quelea.scan(lambda a, b: a, q(X), axis=None), TypeError, "one axis"),
    (lambda q: quelea.scan(lambda a, b: a, q(X), axis=(0, 1)), TypeError, "one axis"),
    (lambda q: quelea.allpairs(lambda a, b: a[0], q(X), q(X), axis=(0, 1)), TypeError, "one axis"),
    (lambda q: quelea.allpairs(lambda a, b: a[0], q(X), 2), ValueError, "a number has no axis"),
    (lambda q: quelea.reduce(lambda a, b: a.sum(), q(X)), TypeError, "must give what it takes"),
    (lambda q: quelea.reduce(lambda a, b: (a, b), q(X)), TypeError, "must give what it takes"),
    (lambda q: quelea.scan(lambda a, b: a, q(X), q(X)), None, ""),
    (lambda q: quelea.scan(lambda a, b: a[0], q(X), q(X)), TypeError, "must give what it takes"),
    (lambda q: quelea.scan(lambda a, b: a[1:], q(X)), ValueError, "different shapes"),
    (lambda q: quelea.reduce(lambda a, b: a, q(X), init=q(Y)), ValueError, "init of reduce has shape"),
    (lambda q: quelea.scan(lambda a, b: a, q(X), q(X), init=1), ValueError, "a value for each array"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(WRONG)))
@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_what_is_wrong_is_said(case: int, take: Any) -> None:
    call, error, text = WRONG[case]
    if error is None:  # that is none
        call(take)
        return
    with pytest.raises(error, match=text):
        call(take)


def ragged(r):
    return numpy.arange(int(r[0]))


def raises(r):
    if r[0] > 2:
        raise ValueError("this one")
    return r[0]


@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_results_of_different_shapes_and_what_a_function_raises(take: Any) -> None:
    x = numpy.repeat(numpy.arange(1.0, 6.0), 2).reshape(5, 2)
    with pytest.raises(ValueError, match="arrays of different shapes"):
        quelea.map(ragged, take(x))
    with pytest.raises(ValueError, match="this one") as caught:
        host(quelea.map(raises, take(x)))
    assert any("in raises (compiled)" in note for note in caught.value.__notes__)


def with_a_dict(r):
    table = {1: 2}
    return table[1] + r[0]


@pytest.mark.parametrize("take", [lambda a: a, quelea.asarray])
def test_refusals_name_the_line_of_the_function(take: Any) -> None:
    with pytest.raises(JitError, match="dicts are not in the language") as caught:
        quelea.map(with_a_dict, take(X))
    assert caught.value.filename == __file__
    assert caught.value.lineno == with_a_dict.__code__.co_firstlineno + 1
    assert "table = {1: 2}" in str(caught.value) and "with_a_dict" in str(caught.value)
    with pytest.raises(JitError, match="with_a_dict"):
        quelea.reduce(lambda a, b: with_a_dict(a) + b, take(X))


def test_names_of_pythons_own_are_not_imported() -> None:
    assert {"map", "reduce"} & set(quelea.__all__) == set()
    assert {"scan", "allpairs"} <= set(quelea.__all__)
    names: dict[str, Any] = {}
    exec("from quelea import *", names)
    assert "map" not in names and "reduce" not in names and "scan" in names

    @quelea.jit
    def inside(x: Any) -> Any:
        return quelea.map(lambda r: r, x)

    with pytest.raises(JitError):
        inside(X)


# ---- over ranks ----


def test_little_moves() -> None:
    """Beyond edges of leaves, the other side of all pairs, and what few leaves come to."""
    x = quelea.asarray(field((100000, 8)))  # so that what leaves come to is partitioned too
    y, z = quelea.asarray(field(900000)), quelea.asarray(field((50, 8)))
    quelea.sync()
    kept = []
    for call, size in (
        (lambda: quelea.map(lambda r: r.sum(), x), x.nbytes),
        (lambda: quelea.map(lambda r: r / r[0], x), x.nbytes),
        (lambda: quelea.map(lambda v, w: v * w, x, x, axis=None), x.nbytes),
        (lambda: quelea.reduce(numpy.maximum, x), x.nbytes),
        (lambda: quelea.reduce(last, y), y.nbytes),
        (lambda: quelea.scan(last, y), y.nbytes),
        (lambda: quelea.allpairs(squares, x, z), x.nbytes),
    ):
        moved = happened(lambda: kept.append(call()))  # noqa: B023
        assert moved["redistributed_bytes"] <= size // 20, moved
        assert moved["halo_bytes"] <= size // 10, moved


def test_masks_are_refused() -> None:
    masked = numpy.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    doors: list[Callable[[], Any]] = [
        lambda: quelea.map(lambda v: v * 2, masked),
        lambda: quelea.reduce(lambda a, b: a + b, masked),
        lambda: quelea.scan(lambda a, b: a + b, masked),
        lambda: quelea.allpairs(lambda a, b: a + b, numpy.ones(2), masked),
    ]
    for door in doors:
        with pytest.raises(TypeError, match="is a masked array, whose mask is not seen"):
            door()
