"""Medians and quantiles, against NumPy."""

import warnings

import numpy
import pytest
from support import host, same, same_error
from test_sorting import mixed

import quelea as np

METHODS = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]
REAL = ["int8", "int64", "uint16", "uint64", "float16", "float32", "float64"]


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def close(ours, theirs, context=""):
    """Same dtype and shape; the last bit of a mean of two may differ where NumPy fuses."""
    got, want = host(ours), numpy.asarray(theirs)
    assert (got.dtype, got.shape) == (want.dtype, want.shape), context
    eps = float(numpy.finfo(want.dtype).eps) if want.dtype.kind in "fc" else 0
    assert numpy.allclose(got, want, 2 * eps, 0, equal_nan=want.dtype.kind in "fc"), (
        context,
        got,
        want,
    )


def real(dtype, shape, seed=0, nans=True):
    x = mixed(dtype, shape, seed)
    if x.dtype.kind == "f":
        x = numpy.where(numpy.isinf(x), 3, x).astype(dtype)
        x = x if nans else numpy.where(numpy.isnan(x), 1, x).astype(dtype)
    elif x.dtype.itemsize > 1:
        x = x % 1000  # differences that have room
    else:
        x = x // 4
    return x


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float64", "bool", "complex64"])
def test_medians(dtype):
    for shape, axes in (
        ((1,), [0]),
        ((60,), [None, 0]),
        ((5, 9), [1, (0, 1)]),
        ((3, 4, 6), [0, (2, 0), None]),
        ((0,), [None]),
        ((0, 3), [0, 1]),
    ):
        for nans in (True, False) if dtype[0] == "f" else (False,):
            x = (
                mixed(dtype, shape, 1)
                if dtype in ("bool", "complex64")
                else real(dtype, shape, 1, nans)
            )
            mine = np.asarray(x)
            for keepdims, axis in enumerate(axes):
                for name in ("median", "nanmedian"):
                    if dtype == "complex64" and (name == "nanmedian" or numpy.isnan(x).any()):
                        continue
                    if name == "nanmedian" and not x.size:
                        continue
                    close(
                        getattr(np, name)(mine, axis, keepdims=bool(keepdims)),
                        getattr(numpy, name)(x, axis, keepdims=bool(keepdims)),
                        (name, shape, axis, nans),
                    )


EACH = [("float64", 0.3, None), ("float32", 0.5, 1), ("int64", [0.0, 0.1, 0.75, 1.0], (0, 2))]
EACH += [("float64", [0.0, 0.1, 0.75, 1.0], 1)]
MORE = [(dtype, q, 1) for dtype in REAL for q in (0.3, 1, [0.2])]
MORE += [("float32", numpy.float32(0.25), None), ("float64", [[0.2], [0.9]], 1), ("float64", 0, 0)]


@pytest.mark.parametrize("method", METHODS)
def test_quantiles(method):
    for dtype, q, axis in EACH + MORE if method == "linear" else EACH:
        for nans in (True, False) if dtype[0] == "f" else (False,):
            if dtype == "float16" and nans and not isinstance(q, (int, float)):
                continue  # NumPy's dtype depends on whether there is NaN
            x = real(dtype, (6, 11, 4), 2, nans)
            mine = np.asarray(x)
            for name in ("quantile", "nanquantile"):
                if numpy.ndim(q) == 2 and name == "nanquantile":
                    continue
                close(
                    getattr(np, name)(mine, q, axis, method=method),
                    getattr(numpy, name)(x, q, axis, method=method),
                    (name, dtype, q, axis, nans),
                )


def test_percentiles():
    x = real("float64", (5, 40), 3)
    mine = np.asarray(x)
    for q in (50, 12.5, [0, 33, 100], np.asarray([10.0, 90.0])):
        given = host(q)
        for keepdims in (False, True):
            for axis in (None, 0, 1):
                close(
                    np.percentile(mine, q, axis, keepdims=keepdims),
                    numpy.percentile(x, given, axis, keepdims=keepdims),
                )
                close(
                    np.nanpercentile(mine, q, axis, keepdims=keepdims),
                    numpy.nanpercentile(x, given, axis, keepdims=keepdims),
                )


def test_out():
    x = real("float64", (5, 40), 3, False)
    mine, out = np.asarray(x), np.zeros((2, 5), "f4")
    assert np.quantile(mine, [0.2, 0.5], 1, out) is out
    close(out, numpy.quantile(x, [0.2, 0.5], 1).astype("f4"))
    out = np.zeros(40)
    assert np.median(mine, 0, out) is out and np.nanmedian(mine, 0, out) is out
    close(out, numpy.median(x, 0))


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.quantile(m.asarray([1.0]), 2),
        lambda m: m.quantile(m.asarray([1.0]), [-0.1]),
        lambda m: m.percentile(m.asarray([1.0]), 101),
        lambda m: m.quantile(m.asarray([1.0]), 0.5, method="x"),
        lambda m: m.quantile(m.asarray([1j]), 0.5),
        lambda m: m.quantile(m.asarray([1.0]), [[[0.5]]]),
        lambda m: m.quantile(m.asarray([1.0]), 0.5, weights=[1.0]),
        lambda m: m.quantile(m.asarray([True, False]), 0.5),
        lambda m: m.quantile(m.asarray([]), 0.5),
        lambda m: m.median(m.asarray([1.0]), 3),
        lambda m: m.median(m.asarray([[1.0]]), (0, 0)),
    ],
)
def test_errors(call):
    same_error(lambda: call(np), lambda: call(numpy))


@pytest.mark.parametrize("dtype", [*REAL, "bool", "complex64"])
def test_without_nan_of_nothing(dtype):
    for shape, axis in (((0,), None), ((3, 0), 1), ((3, 0), 0), ((0, 2), None)):
        x = numpy.zeros(shape, dtype)
        for words in ({}, {"keepdims": True}, {"keepdims": 1}):
            close(
                np.nanmedian(np.asarray(x), axis, **words),
                numpy.nanmedian(x, axis, **words),
                (shape, axis, words),
            )
            if x.dtype.kind != "c":
                close(
                    np.nanquantile(np.asarray(x), 0.5, axis, **words),
                    numpy.nanquantile(x, 0.5, axis, **words),
                    (shape, axis, words),
                )


# ---- weights ----


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_weights(name: str) -> None:
    random = numpy.random.default_rng(4)
    weights = random.integers(0, 4, (3, 4, 50))
    weights[..., 1] += 1
    for dtype in ("float64", "float32", "float16", "int32", "bool"):
        x = random.normal(size=weights.shape).astype(dtype)
        if dtype[0] == "f":
            x[random.random(x.shape) < 0.02] = numpy.nan
            x[..., 1] = 0.5
        for axis in (0, 1, 2, None, (0, 2)):
            own = weights if axis is None else numpy.maximum(weights, 1)
            for q in (0.3, [0, 0.25, 0.5, 1], numpy.float32(0.4), [], [[0.1, 1]]):
                given = {"axis": axis, "method": "inverted_cdf", "weights": own}
                ours = getattr(np, name)(np.asarray(x), q, **{**given, "weights": np.asarray(own)})
                same(ours, getattr(numpy, name)(x, q, **given), (dtype, axis, q))
        line = numpy.array([1.0, 0, 2, 5])
        many = numpy.broadcast_to(
            line[:, None], x.shape
        )  # where NumPy's nanquantile fails of fewer
        for given in (line, many) if name == "quantile" else (many,):
            words = {"axis": 1, "method": "inverted_cdf", "keepdims": True}
            want = getattr(numpy, name)(x, 0.5, weights=given, **words)
            same(getattr(np, name)(np.asarray(x), 0.5, weights=line, **words), want)
    x = numpy.arange(12.0).reshape(3, 4)
    for change in (
        {"weights": numpy.zeros((3, 4))}, {"weights": -numpy.ones((3, 4))}, {"weights": numpy.ones(4)},
        {"weights": numpy.ones(3), "axis": 1}, {"method": "linear"}, {"weights": numpy.full((3, 4), numpy.nan)},
    ):  # fmt: skip
        given = {"method": "inverted_cdf", "weights": numpy.ones((3, 4)), **change}
        same_error(
            lambda g=given: getattr(np, name)(np.asarray(x), 0.5, **g),
            lambda g=given: getattr(numpy, name)(x, 0.5, **g),
            text=False,
        )
    same(
        np.percentile(np.asarray(x), 30, 0, method="inverted_cdf", weights=[1, 2, 3]),
        numpy.percentile(x, 30, 0, method="inverted_cdf", weights=[1, 2, 3]),
    )
