"""Different elements and sets, against NumPy."""

import itertools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HERE, host, same, same_error
from test_sorting import mixed

import quelea as np


def equal(ours, theirs, context=""):
    """Same dtype, shape and values; which zero stands for both is not said."""
    got, want = host(ours), numpy.asarray(theirs)
    assert (got.dtype, got.shape) == (want.dtype, want.shape), context
    assert numpy.array_equal(got, want, equal_nan=want.dtype.kind in "fc"), context


def all_equal(ours, theirs, context=""):
    assert isinstance(ours, tuple) == isinstance(theirs, tuple), context
    if not isinstance(theirs, tuple):
        ours, theirs = (ours,), (theirs,)
    assert len(ours) == len(theirs), context
    for a, b in zip(ours, theirs, strict=True):
        equal(a, b, context)


WORDS = ["return_index", "return_inverse", "return_counts"]


@pytest.mark.parametrize("dtype", HERE)
def test_unique(dtype):
    for shape in ((200,), (9, 40), (0,)):
        x = mixed(dtype, shape, 3)
        for chosen in range(8) if dtype == "float64" and shape == (200,) else (0, 7):
            words = {w: bool(chosen >> k & 1) for k, w in enumerate(WORDS)}
            for equal_nan in (True, False) if x.dtype.kind in "fc" else (True,):
                if x.dtype.kind == "c" and not equal_nan:
                    continue  # NumPy compares complex NaN by parts there
                ours = np.unique(np.asarray(x), **words, equal_nan=equal_nan)
                theirs = numpy.unique(x, **words, equal_nan=equal_nan)
                if words["return_inverse"] and not equal_nan:  # NumPy's order of NaN is any
                    ours, theirs = list(ours), list(theirs)
                    at = 1 + words["return_index"]
                    assert numpy.array_equal(
                        theirs[0][host(ours[at])], x, equal_nan=x.dtype.kind == "f"
                    )
                    del ours[at], theirs[at]
                    ours, theirs = tuple(ours), tuple(theirs)
                all_equal(ours, theirs, (shape, words, equal_nan))


def test_results_with_names():
    x = mixed("float64", (6, 20))
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        ours, theirs = getattr(np, name)(np.asarray(x)), getattr(numpy, name)(x)
        assert ours._fields == theirs._fields and type(ours).__name__ == type(theirs).__name__
        if name == "unique_inverse":
            assert numpy.array_equal(host(ours[0])[host(ours[1])], x, equal_nan=True)
            ours, theirs = ours[:1], theirs[:1]
        all_equal(tuple(ours), tuple(theirs), name)
    got, want = np.unique_values(np.asarray(x)), numpy.unique_values(x)
    equal(got, numpy.sort(want))
    equal(np.unique(5), numpy.unique(5))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float64", "complex64"])
def test_sets(dtype):
    x, y = mixed(dtype, (8, 20), 1), mixed(dtype, (120,), 2)[:70]
    mine, other = np.asarray(x), np.asarray(y)
    for invert in (False, True):
        same(np.isin(mine, other, invert=invert), numpy.isin(x, y, invert=invert))
    for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d"):
        equal(getattr(np, name)(mine, other), getattr(numpy, name)(x, y), name)
    all_equal(
        np.intersect1d(mine, other, return_indices=True),
        numpy.intersect1d(x, y, return_indices=True),
    )
    u, v = numpy.unique(x), numpy.unique(y)
    if x.dtype.kind not in "fc":
        for name in ("intersect1d", "setdiff1d", "setxor1d"):
            got = getattr(np, name)(np.asarray(u[::-1].copy()), np.asarray(v), True)
            equal(got, getattr(numpy, name)(u[::-1], v, True), name)


def test_sets_of_two_dtypes():
    x, y = numpy.array([3, 1, 2, 7]), numpy.array([2.5, 2.0, 7.0])
    for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d", "isin"):
        equal(getattr(np, name)(np.asarray(x), y), getattr(numpy, name)(x, y), name)
        equal(getattr(np, name)(np.asarray(x), []), getattr(numpy, name)(x, []), name)
        equal(getattr(np, name)([], np.asarray(y)), getattr(numpy, name)([], y), name)


def test_many_between_nodes(monkeypatch):
    """What no node is given: the same by other ways."""
    monkeypatch.setattr("quelea.indexing._MASK_BETWEEN_NODES", 10)
    monkeypatch.setattr("quelea.sorting._BROUGHT", 50)
    x = mixed("int16", (3000,), 5) % 500
    all_equal(
        np.unique(np.asarray(x), True, True, True), numpy.unique(x, True, True, True), "unique"
    )
    equal(np.unique(np.asarray(x)), numpy.unique(x), "unique alone")
    equal(np.isin(np.asarray(x), x[:70]), numpy.isin(x, x[:70]))


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.unique(m.asarray(5), axis=0),
        lambda m: m.unique(m.asarray([5]), axis=1),
        lambda m: m.isin(m.asarray([1]), [1], kind="x"),
        lambda m: m.isin(m.asarray([1.0]), [1], kind="table"),
    ],
)
def test_errors(call):
    same_error(lambda: call(np), lambda: call(numpy))


@settings(max_examples=10, deadline=None)
@given(
    dtype=st.sampled_from(["int8", "float32", "bool", "uint64"]),
    size=st.integers(0, 300),
    seed=st.integers(0, 99),
)
def test_any(dtype, size, seed):
    x = mixed(dtype, (size,), seed)
    all_equal(np.unique(np.asarray(x), True, True, True), numpy.unique(x, True, True, True))


@pytest.mark.parametrize("kind", [None, "sort"])
def test_isin_of_integers_with_and_without_sign(kind):
    signed = numpy.array([-1, 0, 3, 2**53, 2**53 + 1, -(2**63), 2**63 - 1])
    unsigned = numpy.array([2**64 - 1, 0, 2**53 + 1, 2**63, 2**63 - 1, 5], "uint64")
    small = numpy.array([-1, 5, 0, 7], "int8")
    for x, those in itertools.permutations((signed, unsigned, small), 2):
        same(np.isin(np.asarray(x), np.asarray(those), kind=kind), numpy.isin(x, those, kind=kind))


def test_parts_that_are_different() -> None:
    random = numpy.random.default_rng(5)
    for dtype in ("int8", "float64", "bool", "complex128", "uint16"):
        x = random.integers(0, 2, (20, 3, 2)).astype(dtype)
        if dtype == "float64":
            x[3, 1, 1] = -0.0
        for view in (
            lambda a: a,
            lambda a: a.T,
            lambda a: a[::-1, 1:],
            lambda a: a[:, :, :1],
            lambda a: a[:1],
        ):
            for axis in (0, 1, 2, -1):
                ours = np.unique(view(np.asarray(x)), True, True, True, axis)
                theirs = numpy.unique(view(x), True, True, True, axis)
                for got, want in zip(ours, theirs, strict=True):
                    same(got, want, (dtype, axis))
    x = numpy.array([[1.0, numpy.nan], [0.0, 1.0], [1.0, numpy.nan], [numpy.nan, 0.0]])
    for ours, theirs in zip(
        np.unique(np.asarray(x), True, True, True, 0),
        numpy.unique(x, True, True, True, 0),
        strict=True,
    ):
        same(ours, theirs)
    same(np.unique(np.zeros((0, 3)), axis=0), numpy.unique(numpy.zeros((0, 3)), axis=0))
    same(
        np.unique([[2, 1], [1, 2], [2, 1]], axis=0),
        numpy.unique([[2, 1], [1, 2], [2, 1]], axis=0),
    )
    for shape in ((0, 3), (3, 0), (0, 0), (4, 0, 2), (0, 2, 0)):
        for axis in range(len(shape)):
            ours = np.unique(np.zeros(shape), True, True, True, axis)
            theirs = numpy.unique(numpy.zeros(shape), True, True, True, axis)
            for got, want in zip(ours, theirs, strict=True):
                same(got, want, (shape, axis))
