"""Positions of extremes, and scans: NumPy's answers; scans of floats in the order that scan.c promises, to the bit.

It is that of leaves of 128 elements whatever the layout, so these tests say the same on any ranks.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED, fine
from support import COMPLEX, DTYPES, FLOATS, HERE, INTEGERS, same, same_error, values

import quelea

LEAF = 128
IS_ALONE = quelea.info()["size"] == 1
Array = numpy.ndarray[Any, Any]
SHAPES = [(1,), (7,), (127,), (128,), (129,), (513,), (1500,), (3, 4), (200, 3), (3, 200), (130, 40), (2, 140, 5),
          (1, 150), (150, 1), (2, 3, 129)]  # fmt: skip
VIEWS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda a: a,
    "transposed": lambda a: a.T,
    "backwards": lambda a: a[..., ::-1],
    "every other": lambda a: a[::2],
    "every other backwards": lambda a: a[..., ::-2],
    "flat": lambda a: a.reshape(-1)[1:],
    "of one row": lambda a: a[None],
}


def some(dtype: str, shape: tuple[int, ...], seed: int = 0) -> Array:
    """Few values, so that there are equal ones, and in floats what no order may change by chance."""
    random = numpy.random.default_rng(seed)
    if numpy.dtype(dtype).kind in "biu":
        high = 2 if dtype == "bool" else 100
        return random.integers(0, high, shape).astype(dtype)
    x = random.normal(size=shape)
    return (x + 1j * random.normal(size=shape) if dtype in COMPLEX else x).astype(dtype)


def leafy(op: Any, x: Array, axis: int, dtype: Any = None) -> Array:
    """The order of scan.c, by NumPy's operations."""
    x = numpy.moveaxis(x, axis, -1)
    made = op.accumulate(x, -1, dtype)
    offset = None
    for at in range(0, x.shape[-1], LEAF):
        local = op.accumulate(x[..., at : at + LEAF], -1, dtype)
        part = local if offset is None else op(offset[..., None], local)
        made[..., at : at + LEAF] = part
        offset = part[..., -1]
    return numpy.moveaxis(made, -1, axis)


def views(dtype: str) -> Iterator[tuple[str, Array, Any]]:
    """Every view of every shape; of several ranks each dtype has one of each shape, all dtypes together all."""
    for number, shape in enumerate(SHAPES):
        x = some(dtype, shape, number)
        ours = quelea.asarray(x)
        for k, (name, view) in enumerate(VIEWS.items()):
            taken = IS_ALONE or (number + k + DTYPES.index(dtype)) % len(VIEWS) == 0
            if taken and view(x).size:
                yield f"{dtype} {shape} {name}", view(x), view(ours)


# ---- positions ----


@pytest.mark.parametrize("dtype", HERE)
def test_positions(dtype: str) -> None:
    for context, theirs, ours in views(dtype):
        for axis in (None, *range(theirs.ndim)):
            same(ours.argmax(axis), theirs.argmax(axis), (context, axis))
            same(quelea.argmin(ours, axis=axis), theirs.argmin(axis), (context, axis))
        same(
            quelea.argmax(ours, axis=-1, keepdims=True),
            numpy.argmax(theirs, axis=-1, keepdims=True),
            context,
        )


@pytest.mark.parametrize("dtype", HERE)
def test_positions_of_special_values(dtype: str) -> None:
    """NaN comes first, of zeros of both signs and other equal ones the first; at any place of leaves and ranks."""
    for seed in range(6 if IS_ALONE else 2):
        x = numpy.resize(values(dtype, 60, seed), 1100)
        x = numpy.random.default_rng(seed).permutation(x)
        for y in (x, x.reshape(11, 100), x.reshape(100, 11), x.reshape(11, 100).T):
            for axis in (None, *range(y.ndim)):
                same(quelea.asarray(y).argmax(axis), y.argmax(axis), (seed, y.shape, axis))
                same(quelea.asarray(y).argmin(axis), y.argmin(axis), (seed, y.shape, axis))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "complex128"])
def test_positions_anywhere(dtype: str) -> None:
    """One best element, or two, at each kind of place."""
    x = numpy.zeros(1501, dtype)
    places = [0, 1, 126, 127, 128, 129, 255, 256, 640, 1023, 1024, 1495, 1499, 1500]
    for first in places if IS_ALONE else places[::3]:
        for second in (places[3], places[-2]):
            y = x.copy()
            y[[first, second]] = 1
            same(quelea.asarray(y).argmax(), y.argmax(), (first, second))
            same(quelea.asarray(1 - y).argmin(), (1 - y).argmin(), (first, second))
            if dtype[0] in "fc":
                y[second] = numpy.nan
                same(quelea.asarray(y).argmax(), y.argmax(), (first, second))
                same(quelea.asarray(y).argmin(), y.argmin(), (first, second))
    for constant in (0, 1):
        y = numpy.full((300, 5), constant, dtype)
        for axis in (None, 0, 1):
            same(quelea.asarray(y).argmax(axis), y.argmax(axis), axis)


def test_positions_of_large_arrays() -> None:
    random = numpy.random.default_rng(3)
    x = random.normal(size=(700, 301))
    ours = quelea.asarray(x)
    for axis in (None, 0, 1):
        same((ours * 2 + 1).argmax(axis), (x * 2 + 1).argmax(axis), axis)
        same(abs(ours.T).argmin(axis), abs(x.T).argmin(axis), axis)
    same(quelea.asarray(x.reshape(-1))[5:-7:3].argmax(), x.reshape(-1)[5:-7:3].argmax())
    same(ours[:, :3].argmax(1), x[:, :3].argmax(1))
    same(ours[:, :3].argmin(), x[:, :3].argmin())
    z = x + 1j * x[::-1]
    same(quelea.asarray(z).imag.argmax(0), z.imag.argmax(0))
    same(quelea.asarray(z).real.argmin(), z.real.argmin())


def test_where_positions_go() -> None:
    def out(m: Any, dtype: str, shape: Any = (3,)) -> Any:
        given = m.zeros(shape, dtype)
        result = m.argmax(m.asarray([[1, 5, 2, 5], [0, 0, 0, 0], [3, 2, 1, 4]]), 1, given)
        assert result is given
        return result

    for dtype in ("int64", "int32", "uint8", "bool"):
        same(out(quelea, dtype), out(numpy, dtype), dtype)
    for arguments in (("float64",), ("uint64",), ("int64", (4,)), ("int64", (3, 1)), ("int64", ())):
        same_error(
            lambda args=arguments: out(quelea, *args),
            lambda args=arguments: out(numpy, *args),
            text=False,
        )


def test_what_positions_refuse() -> None:
    for work in (
        lambda m: m.argmax(m.zeros(0)),
        lambda m: m.argmin(m.zeros((0, 3)), axis=0),
        lambda m: m.argmax(m.zeros((3, 0))),
        lambda m: m.argmax(m.zeros((3, 2)), axis=2),
        lambda m: m.argmax(m.zeros((3, 2)), axis=-3),
        lambda m: m.argmax(m.zeros((3, 2)), axis=(0, 1)),
        lambda m: m.argmax(m.zeros((3, 2)), axis=1.0),
        lambda m: m.argmax(m.asarray(3), axis=1),
        lambda m: m.asarray([1]).argmax(0, None, True),
        lambda m: m.argmax(m.zeros(3), out=[1]),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)
    for work in (
        lambda m: m.argmax(m.zeros((0, 3)), axis=1),
        lambda m: m.argmax(m.zeros((2, 0, 3)), axis=2, keepdims=True),
        lambda m: m.argmax(m.asarray(3)),
        lambda m: m.argmax(m.asarray(3), axis=-1),
        lambda m: m.argmin([3, 1, 2]),
        lambda m: m.argmax(m.ones((2, 3)), keepdims=True),
        lambda m: m.argmax(m.ones((1, 3, 1)), axis=0),
    ):
        same(work(quelea), work(numpy))


def test_positions_without_nan() -> None:
    random = numpy.random.default_rng(1)
    for dtype in ("float64", "float32", "float16", "complex128", "int32", "bool"):
        x = some(dtype, (40, 7))
        if dtype[0] in "fc":
            x[random.random(x.shape) < 0.5] = numpy.nan
            x[3] = 1
            x[:, 2] = 0
        for axis in (None, 0, 1):
            for name in ("nanargmin", "nanargmax"):
                same(
                    getattr(quelea, name)(quelea.asarray(x), axis),
                    getattr(numpy, name)(x, axis),
                    (dtype, axis, name),
                )
        same(
            quelea.nanargmax(quelea.asarray(x), 0, keepdims=True),
            numpy.nanargmax(x, 0, keepdims=True),
        )
    y = numpy.array([[numpy.nan, numpy.nan], [1, numpy.nan]])
    same(quelea.nanargmax(quelea.asarray(y)), numpy.nanargmax(y))
    for axis in (0, 1):
        same_error(
            lambda a=axis: quelea.nanargmax(quelea.asarray(y), a),
            lambda a=axis: numpy.nanargmax(y, a),
        )
    same_error(lambda: quelea.nanargmin(quelea.zeros(0)), lambda: numpy.nanargmin(numpy.zeros(0)))


# ---- scans ----


@pytest.mark.parametrize("dtype", HERE)
def test_sums_and_products(dtype: str) -> None:
    for context, theirs, ours in views(dtype):
        for axis in range(theirs.ndim):
            with numpy.errstate(all="ignore"):
                same(ours.cumsum(axis), leafy(numpy.add, theirs, axis), (context, axis))
                if dtype in COMPLEX:
                    continue  # products: below
                product = leafy(numpy.multiply, theirs, axis)
            same(quelea.cumprod(ours, axis), product, (context, axis))
        flat = theirs.ravel()
        same(ours.cumsum(), leafy(numpy.add, flat, 0), context)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
def test_scans_of_integers_are_numpys(dtype: str) -> None:
    for context, theirs, ours in views(dtype):
        for axis in (None, *range(theirs.ndim)):
            same(ours.cumsum(axis), theirs.cumsum(axis), (context, axis))
            same(ours.cumprod(axis), theirs.cumprod(axis), (context, axis))


def test_products_of_complex_numbers() -> None:
    for dtype in COMPLEX:
        for shape in ((300,), (130, 3)):
            x = numpy.exp(1j * some("float64", shape)).astype(dtype)
            got = numpy.array(quelea.asarray(x).cumprod(0))
            want = x.cumprod(0)
            assert got.dtype == want.dtype
            numpy.testing.assert_allclose(got, want, rtol=1e-4 if dtype == "complex64" else 1e-12)


SCANS = ["maximum", "minimum", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
         "add", "multiply"]  # fmt: skip


@pytest.mark.parametrize("name", SCANS)
def test_accumulate(name: str) -> None:
    """What no order changes is NumPy's to the bit, for every dtype."""
    theirs_of, ours_of = getattr(numpy, name), getattr(quelea, name)
    of_numbers = name in ("add", "multiply")
    dtypes = DTYPES if name[0] in "ml" else ["bool", *INTEGERS]
    for dtype in (["bool", *INTEGERS] if of_numbers else dtypes)[:: 1 if IS_ALONE else 3]:
        for shape in ((1300,), (200, 6), (6, 200), (3, 140, 2)):
            x = numpy.resize(numpy.random.default_rng(0).permutation(values(dtype)), shape)
            for axis in range(len(shape)):
                with numpy.errstate(all="ignore"):
                    want = theirs_of.accumulate(x, axis)
                if want.dtype.kind in "fc":  # of zeros of both signs either is a smallest
                    want = want + 0
                    same(
                        ours_of.accumulate(quelea.asarray(x), axis) + 0, want, (dtype, shape, axis)
                    )
                else:
                    same(ours_of.accumulate(quelea.asarray(x), axis), want, (dtype, shape, axis))


def test_special_numbers() -> None:
    for dtype in FLOATS:
        for seed in range(4):
            x = numpy.random.default_rng(seed).permutation(numpy.resize(values(dtype), 400))
            finite = numpy.where(numpy.isfinite(x), x, 1)
            with numpy.errstate(all="ignore"):
                for y in (x, finite, -abs(finite) * 0):
                    same(quelea.asarray(y).cumsum(), leafy(numpy.add, y, 0), (dtype, seed))
                    same(quelea.asarray(y).cumprod(), leafy(numpy.multiply, y, 0), (dtype, seed))


def test_sums_never_decrease() -> None:
    x = numpy.random.default_rng(0).random(20_000) ** 8
    sums = numpy.array(quelea.asarray(x).cumsum())
    assert (numpy.diff(sums) >= 0).all()
    numpy.testing.assert_allclose(sums, x.cumsum(), rtol=1e-13)


def test_large_arrays() -> None:
    x = some("float64", (700, 301))
    ours = quelea.asarray(x)
    for axis in (0, 1):
        same((ours + 1).cumsum(axis), leafy(numpy.add, x + 1, axis), axis)
        same(ours.T.cumsum(axis), leafy(numpy.add, x.T, axis), axis)
    same(ours.cumsum(), leafy(numpy.add, x.ravel(), 0))
    table = quelea.asarray(x).cumsum(0).cumsum(1)
    same(table, leafy(numpy.add, leafy(numpy.add, x, 0), 1))
    mask = x > 0
    same(quelea.asarray(mask).cumsum(), mask.cumsum())
    z = x + 1j * x[::-1]
    same(quelea.asarray(z).imag.cumsum(0), leafy(numpy.add, z.imag, 0))


def test_in_place_and_beside() -> None:
    x = some("float64", (300, 4))
    ours = quelea.asarray(x)
    quelea.cumsum(ours, axis=0, out=ours)
    same(ours, leafy(numpy.add, x, 0))
    ours[1:] = ours.cumsum(0)[:-1]
    want = leafy(numpy.add, x, 0)
    want[1:] = leafy(numpy.add, want, 0)[:-1]
    same(ours, want)
    y = quelea.zeros((300, 9))
    result = quelea.cumsum(quelea.asarray(x), 0, None, y[:, 1::2])
    assert isinstance(result, quelea.ndarray)
    want = numpy.zeros((300, 9))
    want[:, 1::2] = leafy(numpy.add, x, 0)
    same(y, want)


def test_dtypes_and_targets() -> None:
    x = numpy.arange(12).reshape(3, 4) % 5
    for work in (
        lambda m, a: m.cumsum(a, dtype="f4"),
        lambda m, a: m.cumsum(a, 0, "i1"),
        lambda m, a: m.cumsum(a * 100, 1, "i1"),
        lambda m, a: m.cumsum(a + 0.5, 1, "i4"),
        lambda m, a: m.cumsum(a.astype("u1")),
        lambda m, a: m.cumsum(a.astype("i2"), out=m.zeros(12, "i2")),
        lambda m, a: m.cumsum(a.astype("i2"), 1, out=m.zeros((3, 4), "f4")),
        lambda m, a: m.cumsum(a + 0.5, 1, out=m.zeros((3, 4), int)),
        lambda m, a: m.cumsum(a + 0.5, 1, "f4", m.zeros((3, 4), "f8")),
        lambda m, a: m.add.accumulate(a > 2),
        lambda m, a: m.add.accumulate(a > 2, dtype=bool),
        lambda m, a: m.add.accumulate(a, axis=(1,)),
        lambda m, a: m.add.accumulate(a, 1, None, m.zeros((3, 4), "f4")),
        lambda m, a: m.add.accumulate(a, out=(m.zeros((3, 4)),)),
        lambda m, a: m.maximum.accumulate(a, dtype="i4"),
        lambda m, a: m.maximum.accumulate(a.astype("i2"), out=m.zeros((3, 4))),
        lambda m, a: m.logical_and.accumulate(a, dtype=bool),
        lambda m, a: m.logical_or.accumulate(a, out=m.zeros((3, 4))),
        lambda m, a: m.cumsum(m.asarray(5)),
        lambda m, a: m.cumsum(m.asarray(5), axis=0),
        lambda m, a: m.asarray(5).cumprod(),
        lambda m, a: m.cumsum([[1, 2], [3, 4]], 1),
        lambda m, a: m.cumsum(m.zeros((0, 3)), 0),
        lambda m, a: m.cumsum(m.zeros((0, 3)), 1),
        lambda m, a: m.cumsum(m.zeros((3, 0))),
        lambda m, a: m.add.accumulate(m.zeros((3, 0), "i1"), 1),
    ):
        same(work(quelea, quelea.asarray(x)), work(numpy, x))


def test_what_scans_refuse() -> None:
    x = numpy.arange(12.0).reshape(3, 4)
    for work in (
        lambda m, a: m.cumsum(a, axis=2),
        lambda m, a: m.cumsum(a, axis=(0, 1)),
        lambda m, a: m.cumsum(a, axis=0.5),
        lambda m, a: m.cumsum(a, dtype="nonsense"),
        lambda m, a: m.cumsum(a, out=m.zeros(5)),
        lambda m, a: m.cumsum(a, 0, out=[1]),
        lambda m, a: m.cumsum(a, 0, out=m.zeros((3, 3))),
        lambda m, a: m.add.accumulate(5),
        lambda m, a: m.add.accumulate(a, None),
        lambda m, a: m.add.accumulate(a, axis=(0, 1)),
        lambda m, a: m.add.accumulate(a, axis=3),
        lambda m, a: m.sin.accumulate(a),
        lambda m, a: m.equal.accumulate(a),
        lambda m, a: m.bitwise_and.accumulate(a),
        lambda m, a: m.logical_and.accumulate(a, dtype=float),
        lambda m, a: m.add.accumulate(a, 0, None, None, 1),
    ):
        same_error(
            lambda w=work: w(quelea, quelea.asarray(x)), lambda w=work: w(numpy, x), text=False
        )


# ---- with a first element, and without NaN ----


def test_with_an_initial_element() -> None:
    for dtype in ("int8", "uint16", "float32", "bool", "complex64"):
        x = some(dtype, (140, 3))
        for name in ("cumulative_sum", "cumulative_prod"):
            op = numpy.add if name == "cumulative_sum" else numpy.multiply
            if dtype == "complex64" and op is numpy.multiply:
                continue
            for axis in (0, 1, -1):
                scan = leafy(op, x, axis)
                same(getattr(quelea, name)(quelea.asarray(x), axis=axis), scan, (name, axis))
                begin = numpy.full_like(scan.take([0], axis), op.identity)
                got = getattr(quelea, name)(quelea.asarray(x), axis=axis, include_initial=True)
                same(got, numpy.concatenate([begin, scan], axis), (name, axis))
    for work in (
        lambda m: m.cumulative_sum(m.arange(5), include_initial=True),
        lambda m: m.cumulative_prod(m.arange(1, 5), include_initial=True, out=m.zeros(5)),
        lambda m: m.cumulative_sum(m.asarray(5)),
        lambda m: m.cumulative_sum([True, True], dtype="f4", include_initial=1),
    ):
        same(work(quelea), work(numpy))
    for work in (
        lambda m: m.cumulative_sum(m.ones((2, 3))),
        lambda m: m.cumulative_sum(m.ones((2, 3)), axis=2, include_initial=True),
        lambda m: m.cumulative_sum(m.ones(3), include_initial=True, out=m.zeros(3)),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy))


def test_scans_without_nan() -> None:
    for dtype in ("float64", "float32", "float16", "complex128", "int16", "bool"):
        x = some(dtype, (140, 3))
        if dtype[0] in "fc":
            x[numpy.random.default_rng(0).random(x.shape) < 0.4] = numpy.nan
        for axis in (0, 1):
            filled = numpy.where(numpy.isnan(x), x.dtype.type(0), x)
            same(quelea.nancumsum(quelea.asarray(x), axis), leafy(numpy.add, filled, axis), dtype)
            if dtype == "complex128":
                continue
            filled = numpy.where(numpy.isnan(x), x.dtype.type(1), x)
            same(
                quelea.nancumprod(quelea.asarray(x), axis),
                leafy(numpy.multiply, filled, axis),
                dtype,
            )
    x = numpy.array([[1, numpy.nan], [2, 3]])
    same(quelea.nancumsum(quelea.asarray(x)), numpy.nancumsum(x))
    same(quelea.nancumprod(x, 1, "f4"), numpy.nancumprod(x, 1, "f4"))


@pytest.mark.parametrize("size", [5, 1500])
def test_unwrap(size: int) -> None:
    phase = numpy.cumsum(numpy.random.default_rng(0).normal(0, 2, size))
    wrapped = (phase + numpy.pi) % (2 * numpy.pi) - numpy.pi
    got = numpy.array(quelea.unwrap(quelea.asarray(wrapped)))
    numpy.testing.assert_allclose(got, numpy.unwrap(wrapped), atol=1e-9)
    degrees = (numpy.arange(size) * 47) % 360
    same(quelea.unwrap(quelea.asarray(degrees), period=360), numpy.unwrap(degrees, period=360))
    table = numpy.stack([degrees, degrees[::-1]])
    for axis in (0, 1):
        for words in ({}, {"discont": 200}, {"period": 180}, {"period": 7.5}):
            got = numpy.array(quelea.unwrap(quelea.asarray(table), axis=axis, **words))
            want = numpy.unwrap(table, axis=axis, **words)
            assert got.dtype == want.dtype
            numpy.testing.assert_allclose(got, want, atol=1e-8)


@pytest.mark.skipif(LAUNCHED, reason="it starts jobs of its own")
def test_lines_stay_whole() -> None:
    """Boxes of more than 2^26 additions are cut, so that signals are answered, but not along whole lines."""
    code = """
    n, m = (1 << 24) + 5000, (1 << 23) + 100
    x, y = np.zeros(n, "i1"), np.zeros((m, 4), "i1")
    x[7], y[5, 1], y[-2, 2], y[9, 3] = 1, 1, 1, 2
    scanned = np.maximum.accumulate(x)
    print(int(scanned.sum()) == n - 7, np.argmax(y, axis=0).tolist() == [0, 5, m - 2, 9])
    """
    assert fine(code, 0).split() == ["True", "True"]
