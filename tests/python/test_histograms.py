"""bincount and the histograms, against NumPy."""

import warnings

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import FLOATS, INTEGERS, near, same, same_error

import quelea as np

RNG = numpy.random.default_rng(11)
COUNTED = RNG.integers(0, 50, 70_000)
WEIGHTS = RNG.random(70_000) * 10.0 ** RNG.integers(-3, 3, 70_000)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint8", "uint32"])
def test_counting(dtype):
    x = COUNTED.astype(dtype)
    mine = np.asarray(x)
    same(np.bincount(mine), numpy.bincount(x))
    same(np.bincount(mine[:999]), numpy.bincount(x[:999]))
    same(np.bincount(mine[::-3], minlength=300), numpy.bincount(x[::-3], minlength=300))
    same(np.bincount(x.tolist()[:100]), numpy.bincount(x[:100]))
    same(np.bincount(mine.astype("uint64")), numpy.bincount(x))
    near(np.bincount(mine, WEIGHTS), numpy.bincount(x, WEIGHTS), 200)
    near(np.bincount(mine[5::7], WEIGHTS[5::7]), numpy.bincount(x[5::7], WEIGHTS[5::7]), 200)


@pytest.mark.parametrize("size", [0, 1, 2, 16384, 16385, 32768, 50_001])
@pytest.mark.parametrize("most", [1, 7, 5000, 40_000])
def test_sizes(size, most):
    rng = numpy.random.default_rng(size)
    x, w = rng.integers(0, most, size), rng.integers(0, 100, size)
    same(np.bincount(np.asarray(x)), numpy.bincount(x))
    same(np.bincount(np.asarray(x), np.asarray(w)), numpy.bincount(x, w))  # sums are exact
    grid = x[: size // 7 * 7].reshape(-1, 7)
    same(np.bincount(np.asarray(grid)[:, 2]), numpy.bincount(grid[:, 2]))
    same(np.bincount(np.asarray(grid).reshape(-1)), numpy.bincount(grid.reshape(-1)))


def test_weights_have_one_order():
    """The bits do not depend on the layout: those of chunks, which the test adds up."""
    x, w = COUNTED[:16000], WEIGHTS[:16000]
    same(np.bincount(np.asarray(x), np.asarray(w)), numpy.bincount(x, w))
    rows = [
        numpy.bincount(COUNTED[k : k + 2048], WEIGHTS[k : k + 2048], 50)
        for k in range(0, 70_000, 2048)
    ]
    same(
        np.bincount(np.asarray(COUNTED), np.asarray(WEIGHTS)),
        numpy.asarray(np.asarray(numpy.array(rows)).sum(0)),
    )


@pytest.mark.parametrize(
    "bad",
    [
        lambda m: m.bincount([1, -1]),
        lambda m: m.bincount([[1], [2]]),
        lambda m: m.bincount(3),
        lambda m: m.bincount(m.asarray([1.0, 2.0])),
        lambda m: m.bincount([1j]),
        lambda m: m.bincount(m.zeros(0)),
        lambda m: m.bincount([1, 2], [1]),
        lambda m: m.bincount([1, 2], [1j, 2]),
        lambda m: m.bincount([1], minlength=-1),
        lambda m: m.bincount([1], minlength=1.5),
        lambda m: m.bincount([1], minlength=None),
        lambda m: m.histogram([1, 2], 0),
        lambda m: m.histogram([1, 2], 1.5),
        lambda m: m.histogram([1, 2], "no"),
        lambda m: m.histogram([1, 2], [3, 2]),
        lambda m: m.histogram([1, 2], [[3, 4]]),
        lambda m: m.histogram([1, 2], range=(3, 2)),
        lambda m: m.histogram([1, 2], range=(3, numpy.inf)),
        lambda m: m.histogram([1, numpy.nan]),
        lambda m: m.histogram([1, 2], weights=[1]),
        lambda m: m.histogram([1.0, 1.0 + 1e-16 + 2**-52], bins=10),
        lambda m: m.histogramdd(m.zeros((5, 2)), [3]),
        lambda m: m.histogramdd(m.zeros((5, 2)), 3, [(0, 1)]),
        lambda m: m.histogramdd(m.zeros((5, 2)), [0, 1]),
        lambda m: m.histogramdd(m.zeros((5, 2)), [1.5, 1]),
        lambda m: m.histogramdd(m.zeros((5, 2)), [[2, 1], 1]),
        lambda m: m.histogramdd(m.zeros((5, 2, 2))),
        lambda m: m.histogram2d([1, 2], [1]),
    ],
)
def test_mistakes(bad):
    same_error(lambda: bad(np), lambda: bad(numpy), False)


def pair(got, want, exact=True):
    if exact:
        same(got[0], want[0])
    else:
        near(got[0], want[0], 200)
    same(got[1], want[1])


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
def test_histograms(dtype):
    random = numpy.random.default_rng(4)
    x = random.normal(3, 40, 5000)
    x = (
        x.astype(dtype)
        if dtype[0] in "if"
        else (abs(x) if dtype[0] == "u" else x > 3).astype(dtype)
    )
    mine, w = np.asarray(x), random.random(5000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for bins in (10, 1, 37, [0, 1, 5, 5, 20], numpy.array([-3.5, 0.25, 2, 9]), (2,)):
            for limits in (None, (0, 50), (-1.5, 1.25), (7, 7), (1000, 2000)):
                pair(np.histogram(mine, bins, limits), numpy.histogram(x, bins, limits))
                same(
                    np.histogram_bin_edges(mine, bins, limits),
                    numpy.histogram_bin_edges(x, bins, limits),
                )
            pair(np.histogram(mine, bins, weights=w), numpy.histogram(x, bins, weights=w), False)
            pair(
                np.histogram(mine, bins, density=True),
                numpy.histogram(x, bins, density=True),
                False,
            )
        pair(np.histogram(mine.reshape(50, 100).T, 9), numpy.histogram(x, 9))
        for word in (
            ("auto", "fd", "sqrt", "sturges", "stone", "rice", "scott", "doane")
            if dtype in ("int64", "float64")
            else ()
        ):
            same(np.histogram_bin_edges(mine, word), numpy.histogram_bin_edges(x, word))
            same(
                np.histogram_bin_edges(mine, word, (0, 9)),
                numpy.histogram_bin_edges(x, word, (0, 9)),
            )


@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "complex64", "complex128"])
def test_weights(dtype):
    x, w = RNG.random(20_000), (RNG.random(20_000) * 9).astype(dtype)
    for bins in (10, [0, 0.25, 1]):
        got, want = (
            np.histogram(np.asarray(x), bins, weights=np.asarray(w)),
            numpy.histogram(x, bins, weights=w),
        )
        if dtype[0] == "i":
            same(got[0], want[0])
        else:
            near(got[0], want[0], 1000)
        same(got[1], want[1])


def test_special_values():
    x = numpy.array([0.0, -0.0, 1, 1, 2, 3, 3, numpy.inf, -numpy.inf, numpy.nan, 5])
    for bins in (3, [0, 1, 3], [-numpy.inf, 0, numpy.inf], [1, 1, 1], [3]):
        pair(np.histogram(np.asarray(x), bins, (0, 3)), numpy.histogram(x, bins, (0, 3)))
    for empty in (numpy.zeros(0), numpy.zeros((0, 3), int)):
        pair(np.histogram(np.asarray(empty)), numpy.histogram(empty))
        pair(np.histogram(np.asarray(empty), [1, 2]), numpy.histogram(empty, [1, 2]))
    big = numpy.array([-(2**62), 2**62, 2**62 - 1, 0])
    pair(np.histogram(np.asarray(big), 4), numpy.histogram(big, 4))
    small = numpy.array([-100, 100, 3], "int8")
    pair(np.histogram(np.asarray(small), 7), numpy.histogram(small, 7))


@given(st.integers(1, 3000), st.integers(1, 60), st.integers(0, 2**32))
def test_any_histogram(size, bins, seed):
    x = numpy.random.default_rng(seed).random(size)
    x[: size // 2] = numpy.round(x[: size // 2], 2)  # on edges
    pair(np.histogram(np.asarray(x), bins), numpy.histogram(x, bins))
    pair(np.histogram(np.asarray(x), bins, (0, 1)), numpy.histogram(x, bins, (0, 1)))
    edges = numpy.sort(numpy.round(numpy.random.default_rng(seed).random(bins + 1), 2))
    pair(np.histogram(np.asarray(x), edges), numpy.histogram(x, edges))


def test_several_dimensions():
    points, w = RNG.random((3000, 3)), RNG.random(3000)
    mine = np.asarray(points)
    for bins in (4, (2, 3, 5), ([0, 0.5, 1], 3, numpy.array([0.1, 0.7]))):
        for more in ({}, {"range": [(0, 1), None, (0.2, 0.5)]}, {"weights": w}, {"density": True}):
            got, want = np.histogramdd(mine, bins, **more), numpy.histogramdd(points, bins, **more)
            near(got[0], want[0], 300)
            assert len(got[1]) == 3
            for a, b in zip(got[1], want[1], strict=True):
                same(a, b)
    same(
        np.histogramdd([mine[:, 0], mine[:, 1]], 4)[0],
        numpy.histogramdd([points[:, 0], points[:, 1]], 4)[0],
    )
    same(np.histogramdd(mine[:, 0], 4)[0], numpy.histogramdd(points[:, 0], 4)[0])
    for bins in (5, [3, 4], numpy.array([0.0, 0.3, 0.4]), [[0, 1], [0, 0.5, 1]]):
        got = np.histogram2d(mine[:, 0], mine[:, 1], bins)
        want = numpy.histogram2d(points[:, 0], points[:, 1], bins)
        for a, b in zip(got, want, strict=True):
            same(a, b)
    same(np.histogramdd(np.zeros((0, 2)), 3)[0], numpy.histogramdd(numpy.zeros((0, 2)), 3)[0])
    integers = RNG.integers(0, 9, (500, 2))
    same(np.histogramdd(np.asarray(integers), 5)[0], numpy.histogramdd(integers, 5)[0])


def test_of_what_is_pending():
    x = np.asarray(COUNTED) + 1
    y = np.bincount(x)
    x -= 1
    same(y, numpy.bincount(COUNTED + 1))
    same(np.bincount(x), numpy.bincount(COUNTED))


def test_edges_of_large_unsigned_integers():
    x = numpy.array([2**63, 2**63, 2**63 + 1, 2**63 - 1, 2**64 - 1, 0], "uint64")
    for edges in ([2**63, 2**63 + 1, 2**63 + 2], [0, 2**63 - 1, 2**63, 2**64 - 1]):
        bins = numpy.array(edges, "uint64")
        same(np.histogram(np.asarray(x), bins)[0], numpy.histogram(x, bins)[0])
        same(np.histogramdd((np.asarray(x),), (bins,))[0], numpy.histogramdd((x,), (bins,))[0])
