"""The order of elements, against NumPy: on every layout, for all dtypes, with NaN and both zeros."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import DTYPES, HERE, host, same, same_error, values

import quelea as np
from quelea import sorting


def mixed(dtype, shape, seed=0):
    """Elements of which some are equal, with what the dtype has of special ones."""
    size = int(numpy.prod(shape))
    chance = numpy.random.default_rng(seed)
    some = values(dtype, 60, seed)
    x = chance.choice(numpy.concatenate([some, some[:9], some[:9]]), size)
    if x.dtype.kind == "c" and size:
        special = numpy.array([0.0, -0.0, numpy.nan, numpy.inf, 1.0])
        for part in (x.real, x.imag):
            part[chance.integers(0, size, size // 3)] = chance.choice(special, size // 3)
    return x.reshape(shape)


def sorted_bits(x, axis=-1):
    """NumPy's order, with -0.0 before 0.0; equal complex numbers in the order of their indices."""
    if x.dtype.kind == "c":
        return numpy.take_along_axis(x, numpy.argsort(x, axis=axis, kind="stable"), axis)
    if x.dtype.kind != "f":
        return numpy.sort(x, axis=axis)
    order = numpy.lexsort((~numpy.signbit(x), x), axis=axis)
    return numpy.take_along_axis(x, order, axis)


SHAPES = [(1,), (47,), (5000,), (0,), (2, 500), (40, 9), (3, 4, 25), (4, 0)]


@pytest.mark.parametrize("dtype", HERE)
def test_values_and_indices(dtype):
    for shape in SHAPES:
        x = mixed(dtype, shape, len(shape))
        mine = np.asarray(x)
        same(np.sort(mine), sorted_bits(x), shape)
        same(np.argsort(mine), numpy.argsort(x, kind="stable"), shape)
        both = sorting.sorted_along(mine, mine.ndim - 1, True, True)
        same(both[1], numpy.argsort(x, kind="stable"), shape)
        same(both[0], numpy.take_along_axis(x, numpy.argsort(x, kind="stable"), -1), shape)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_of_both_signs(dtype):
    """Also where a worker sorts one element: processors make negative ones."""
    for count in (1, 2, 3, 4, 7, 40):
        for seed in range(4):
            x = numpy.random.default_rng(seed).permutation(numpy.arange(count) - 1.0).astype(dtype)
            x[:: seed + 1] = numpy.copysign(numpy.array(numpy.nan, dtype), -1)
            same(np.sort(np.asarray(x)), numpy.sort(x), (count, seed))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("largest", [0.0, -0.25, 1.0, 1e-30])
def test_most_are_the_largest(dtype, largest):
    """And others differ from it by less than an epsilon, as what is rounded does."""
    chance = numpy.random.default_rng(7)
    parts = numpy.array([0.8, 0.5, 0.3, 0.1, 1e-3, 1e-9]) * numpy.finfo(dtype).eps
    for count in (100, 1000, 20_000):
        x = numpy.full(count, largest, dtype)
        x[chance.integers(0, count, 6)] -= parts.astype(dtype)
        x[chance.integers(0, count)] = -3
        same(np.sort(np.asarray(x)), sorted_bits(x), count)
        same(np.sort(np.asarray(-x)), sorted_bits(-x), count)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3, None])
def test_axes(axis):
    x = mixed("float64", (6, 50, 7))
    for view in (x, x.T, x[::-1, ::2], x[:, 3:40:3, ::-1], x.transpose(1, 0, 2), x[:1], x[:, :0]):
        base = np.asarray(x)
        mine = (
            base
            if view is x
            else {
                x.T.shape: base.T,
                x[::-1, ::2].shape: base[::-1, ::2],
                x[:, 3:40:3].shape: base[:, 3:40:3, ::-1],
                (50, 6, 7): base.transpose(1, 0, 2),
                x[:1].shape: base[:1],
                x[:, :0].shape: base[:, :0],
            }[view.shape]
        )
        flat = view.reshape(-1) if axis is None else view
        same(np.sort(mine, axis), sorted_bits(flat, axis if axis is not None else -1))
        same(np.argsort(mine, axis), numpy.argsort(view, axis, kind="stable"))


def test_strides_are_numpys():
    x = numpy.arange(60.0).reshape(3, 4, 5)[:, ::-1]
    for view in (lambda a: a, lambda a: a.T, lambda a: a.transpose(1, 0, 2)):
        for axis in (0, 1, 2):
            ours, theirs = view(np.asarray(x)), view(x.copy())
            assert np.sort(ours, axis).strides == numpy.sort(theirs, axis).strides
            same(np.argsort(ours, axis), numpy.argsort(theirs, axis, kind="stable"))


def test_in_place():
    x = mixed("float32", (7, 90))
    mine, theirs = np.array(x), x.copy()
    assert mine.sort() is None
    same(mine, sorted_bits(theirs))
    mine.sort(axis=0)
    same(mine, sorted_bits(sorted_bits(theirs), 0))
    mine, theirs = np.array(x), x.copy()
    mine[::2, 5:70:3].sort(0)
    theirs[::2, 5:70:3] = sorted_bits(theirs[::2, 5:70:3], 0)
    same(mine, theirs)
    mine[:, 4].sort()
    theirs[:, 4] = sorted_bits(theirs[:, 4])
    same(mine, theirs)
    mine.partition(3, axis=1)
    same(mine, sorted_bits(theirs, 1))
    y = np.array(x)
    z = y * 2
    y.sort()
    same(z, x * 2)  # it was asked for before
    same(
        np.broadcast_to(np.asarray(x[0]), (2, 90)).argsort(),
        numpy.argsort([x[0]] * 2, kind="stable"),
    )
    with pytest.raises(ValueError, match="read-only"):
        np.broadcast_to(np.asarray(x[0]), (2, 90)).sort()


def test_what_is_in_order_already():
    for count in (3000, 100_000):
        for x in (
            numpy.arange(count),
            numpy.arange(count)[::-1],
            numpy.zeros(count),
            numpy.arange(count) // 1000,
            numpy.arange(count) % 7.0,
            numpy.where(numpy.arange(count) % 1000 == 3, 2.0**60, numpy.arange(count)),
            2.0 ** (numpy.arange(count) % 600 - 300),
        ):
            mine = np.asarray(x)
            same(np.sort(mine), numpy.sort(x))
            same(np.argsort(mine), numpy.argsort(x, kind="stable"))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint32"])
def test_many_that_crowd(dtype):
    """Many more than lie in a cache, of few values, and what is nearly in order."""
    count = 1_200_000 // numpy.dtype(dtype).itemsize * 2
    random = numpy.random.default_rng(3)
    crowd = (random.normal(size=count) * 100).astype("int64").astype(dtype)
    ascending = numpy.sort(crowd)
    ascending[[1, -2]] = ascending[[-2, 1]]
    wide = crowd.copy()
    wide[::4097] = values(dtype, len(wide[::4097]))
    for x in (crowd, ascending, wide + 0, numpy.full(count, 3, dtype)):  # zeros of one sign
        same(np.sort(np.asarray(x)), numpy.sort(x))


def test_parts_of_complex_numbers():
    x = mixed("complex128", (500,))
    mine = np.asarray(x)
    same(np.sort(mine.real), sorted_bits(x.real.copy()))
    same(np.argsort(mine.imag), numpy.argsort(x.imag, kind="stable"))
    ends = numpy.sort(x.imag[~numpy.isnan(x.imag)])
    same(np.searchsorted(np.asarray(ends), mine.real), numpy.searchsorted(ends, x.real))
    same(np.sort_complex(np.asarray(x.real.copy())), sorted_bits(x.real.copy()).astype(complex))
    for dtype in ("int8", "uint16", "int32", "float32", "complex64"):
        same(
            np.sort_complex(np.asarray(values(dtype))).imag, numpy.sort_complex(values(dtype)).imag
        )


def test_lexsort():
    chance = numpy.random.default_rng(4)
    a, b, c = (chance.integers(0, 5, (6, 80)) for _ in range(3))
    d = mixed("float64", (6, 80))
    for keys in ((a, b, c), (d, a), (b, d), (c,)):
        ours = tuple(np.asarray(k) for k in keys)
        for axis in (0, 1, -1):
            same(np.lexsort(ours, axis), numpy.lexsort(keys, axis))
        flat = tuple(k.reshape(-1) for k in keys)
        same(np.lexsort(tuple(k.reshape(-1) for k in ours)), numpy.lexsort(flat))
    same(np.lexsort(np.asarray(a)), numpy.lexsort(a))


def test_partition():
    x = mixed("int16", (5, 60))
    mine = np.asarray(x)
    for kth in (0, 7, -1, [3, 9], numpy.array(4)):
        for axis in (0, 1, None):
            if axis == 0 and numpy.max(kth) > 4:
                continue
            got, want = np.partition(mine, kth, axis), numpy.partition(x, kth, axis)
            at = numpy.atleast_1d(kth)
            where = -1 if axis is None else axis
            same_elements = host(np.take(got, at, where))
            assert numpy.array_equal(same_elements, numpy.take(want, at, where))
            assert numpy.array_equal(numpy.sort(host(got), where), numpy.sort(want, where))
            chosen = np.argpartition(mine, kth, axis)
            flat = x.reshape(-1) if axis is None else x
            assert numpy.array_equal(numpy.take_along_axis(flat, host(chosen), where), host(got))


def test_searchsorted(monkeypatch):
    for dtype in DTYPES:
        x, wanted = sorted_bits(mixed(dtype, (300,))), mixed(dtype, (4, 25), 1)
        order = numpy.random.default_rng(1).permutation(300)
        back = numpy.argsort(order)
        for side in ("left", "right"):
            theirs = numpy.searchsorted(x, wanted, side)
            same(np.searchsorted(np.asarray(x), np.asarray(wanted), side), theirs, dtype)
            same(np.asarray(x).searchsorted(wanted[0, 0], side), theirs[0, 0], dtype)
            shuffled = np.asarray(x[order])
            same(np.searchsorted(shuffled, np.asarray(wanted), side, np.asarray(back)), theirs)
            same(np.searchsorted(np.asarray(x)[::-1][::-1], wanted.T, side), theirs.T)
    same(np.searchsorted(np.asarray([1, 2, 3]), 2.5), numpy.searchsorted([1, 2, 3], 2.5))
    same(np.searchsorted(np.asarray([]), [1.0, 2.0]), numpy.searchsorted([], [1.0, 2.0]))
    monkeypatch.setattr(sorting, "_BROUGHT", 64)
    for dtype in ("float64", "int8"):
        x, wanted = sorted_bits(mixed(dtype, (999,))), mixed(dtype, (70,), 1)
        for side in ("left", "right"):
            got = sorting._search_far(np.asarray(x), np.asarray(wanted), side == "right")
            same(got, numpy.searchsorted(x, wanted, side), (dtype, side))


def test_digitize():
    x = mixed("float64", (200,))
    for bins in ([0.0, 1.0, 2.5], [3.0, 1.0, 1.0, -2.0], [1.0], [2.0, 2.0], []):
        for right in (False, True):
            same(np.digitize(np.asarray(x), bins, right), numpy.digitize(x, bins, right))
    same(np.digitize(3, np.arange(7)), numpy.digitize(3, numpy.arange(7)))


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.sort(m.asarray(5)),
        lambda m: m.sort(m.asarray([1]), 1),
        lambda m: m.sort(m.asarray([1]), kind="x"),
        lambda m: m.sort(m.asarray([1]), kind=3),
        lambda m: m.sort(m.asarray([1]), kind="quick", stable=True),
        lambda m: m.sort(m.asarray([1]), order="f"),
        lambda m: m.argsort(m.asarray(1), 1),
        lambda m: m.partition(m.asarray([1, 2]), 2),
        lambda m: m.partition(m.asarray([1, 2]), -3),
        lambda m: m.partition(m.asarray([1, 2]), True),
        lambda m: m.partition(m.asarray([1, 2]), 1.0),
        lambda m: m.partition(m.asarray([1, 2]), 1, kind="x"),
        lambda m: m.lexsort(()),
        lambda m: m.lexsort((m.asarray([1, 2]), m.asarray([1]))),
        lambda m: m.lexsort((m.asarray([1, 2]),), 1),
        lambda m: m.searchsorted(m.asarray([[1, 2]]), 1),
        lambda m: m.searchsorted(m.asarray(1), 1),
        lambda m: m.searchsorted(m.asarray([1]), 1, "x"),
        lambda m: m.searchsorted(m.asarray([1]), 1, 3),
        lambda m: m.searchsorted(m.asarray([1]), 1, sorter=[0, 1]),
        lambda m: m.searchsorted(m.asarray([1]), 1, sorter=[1]),
        lambda m: m.searchsorted(m.asarray([1]), 1, sorter=[0.0]),
        lambda m: m.searchsorted(m.asarray([1]), 1, sorter=[[0]]),
        lambda m: m.digitize(m.asarray([1]), [1, 3, 2]),
        lambda m: m.digitize(m.asarray([1]), [m.nan, 1, 2]),  # which descends from NaN
        lambda m: m.digitize(m.asarray([1j]), [1, 3]),
        lambda m: m.digitize(m.asarray([1]), [[1]]),
    ],
)
def test_errors(call):
    same_error(lambda: call(np), lambda: call(numpy))


def test_axes_are_integers():
    same_error(lambda: np.sort(np.asarray([1]), 0.0), lambda: numpy.sort([1], 0.0), text=False)


@settings(max_examples=15, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(0, 70), min_size=1, max_size=3),
    axis=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_any(dtype, shape, axis, seed):
    x = mixed(dtype, shape, seed)
    axis %= len(shape)
    mine = np.asarray(x)
    same(np.sort(mine, axis), sorted_bits(x, axis))
    same(np.argsort(mine, axis), numpy.argsort(x, axis, kind="stable"))


def test_strict_forbids_what_moves():
    x = np.asarray(numpy.arange(5000.0)[::-1])
    if np.info()["node_count"] == 1 or np.info()["replicated_size"] >= 5000:
        pytest.skip("nothing moves between nodes")
    np.config.strict = True
    try:
        with pytest.raises(Exception, match="strict"):
            np.sort(x)
        np.sort(np.asarray(numpy.arange(5000.0).reshape(100, 50)))
    finally:
        np.config.strict = False
    same(np.sort(x), numpy.arange(5000.0))
