"""`pad` in every mode: borders of each side and axis, wider than the array, on any layout."""

import itertools

import numpy
import pytest
from support import HERE, near, same, same_error, values

import quelea as np

WIDTHS = [
    0,
    1,
    3,
    (0, 2),
    (2, 0),
    ((1, 2), (3, 0)),
    ((0, 0), (2, 5)),
    ((13, 9), (11, 17)),
    ((1,), (2,)),
]
EXACT = ["edge", "wrap", "reflect", "symmetric", "maximum", "minimum"]


@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize("mode", EXACT)
def test_modes_that_copy(mode, width):
    for shape in ((5, 4), (1, 6), (2, 2), (7, 1)):
        a = numpy.resize(values("float64")[9:], shape)
        for cut in (lambda y: y, lambda y: y.T, lambda y: y[::-1, ::-1]):
            got, want = np.pad(cut(np.asarray(a)), width, mode), numpy.pad(cut(a), width, mode)
            same(got, want)
            assert got.strides == want.strides


@pytest.mark.parametrize("mode", EXACT)
@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(mode, dtype):
    a = values(dtype, 60)[:12].reshape(3, 4)
    same(np.pad(np.asarray(a), ((2, 3), (7, 1)), mode), numpy.pad(a, ((2, 3), (7, 1)), mode))


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("dtype", HERE)
def test_odd_reflections(mode, dtype):
    a = values(dtype, 60)[12:24].reshape(3, 4) if dtype != "bool" else numpy.eye(3, 4, dtype=bool)
    for width in (1, (2, 3), ((8, 0), (1, 15))):
        want = numpy.pad(a, width, mode, reflect_type="odd")
        same(np.pad(np.asarray(a), width, mode, reflect_type="odd"), want)
        want = numpy.pad(a, width, mode, reflect_type="even")
        same(np.pad(np.asarray(a), width, mode, reflect_type="even"), want)


@pytest.mark.parametrize("length", [None, 1, 2, (1, 3), ((2, 1), (9, 2)), 1.6])
@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median"])
def test_statistics_of_ends(mode, length):
    for dtype, width in itertools.product(
        ("float64", "int16", "uint8", "float32"), (1, (2, 3), ((0, 4), (2, 0)))
    ):
        a = (numpy.arange(20) * 7 % 11).astype(dtype).reshape(5, 4)
        want = numpy.pad(a, width, mode, stat_length=length)
        near(
            np.pad(np.asarray(a), width, mode, stat_length=length), want, 4
        ) if want.dtype.kind == "f" else same(
            np.pad(np.asarray(a), width, mode, stat_length=length), want
        )


@pytest.mark.parametrize("end", [0, 9, (3, -5), ((1, 2), (3, 4)), 2.5])
def test_ramps(end):
    for dtype, width in itertools.product(
        ("float64", "int32", "float32"), (1, (2, 5), ((0, 4), (3, 0)))
    ):
        a = (numpy.arange(12) * 5 % 7).astype(dtype).reshape(3, 4)
        got, want = (m.pad(m.asarray(a), width, "linear_ramp", end_values=end) for m in (np, numpy))
        assert got.dtype == want.dtype
        if want.dtype.kind == "i":
            same(got, want)
        else:
            near(got, want, 4, absolute=8)


def test_one_axis_and_three():
    a = numpy.arange(24).reshape(2, 3, 4)
    for mode in (*EXACT, "median"):
        same(
            np.pad(np.asarray(a), ((1, 0), (0, 5), (2, 3)), mode),
            numpy.pad(a, ((1, 0), (0, 5), (2, 3)), mode),
        )
        same(np.pad(np.asarray(a[0, 0]), (9, 13), mode), numpy.pad(a[0, 0], (9, 13), mode))
        same(
            np.pad(np.asarray(a), {-1: 2, 0: (1, 0)}, mode), numpy.pad(a, {-1: 2, 0: (1, 0)}, mode)
        )
        same(np.pad([1, 2, 3], 2, mode), numpy.pad([1, 2, 3], 2, mode))
        same(
            np.pad(np.zeros((0, 3)), ((0, 0), (1, 2)), mode),
            numpy.pad(numpy.zeros((0, 3)), ((0, 0), (1, 2)), mode),
        )


def _lines_by(vector, widths, axis, kwargs):
    before, after = widths
    size = len(vector)
    vector[:before] = kwargs.get("low", 7) + axis
    if after:
        vector[size - after :] = vector[before : size - after].sum()


@pytest.mark.parametrize("width", WIDTHS, ids=str)
def test_functions_fill_lines(width):
    a = numpy.arange(6).reshape(3, 2) - 2
    for cut in (lambda y: y, lambda y: y.T, lambda y: y[0], lambda y: y[:, :0]):
        if cut(a).ndim == 1 and numpy.ndim(width) == 2:
            continue
        got = np.pad(cut(np.asarray(a)), width, _lines_by, low=20)
        want = numpy.pad(cut(a), width, _lines_by, low=20)
        same(got, want)
        assert got.strides == want.strides
    same(np.pad(np.asarray(3.5), 0, _lines_by), numpy.pad(numpy.asarray(3.5), 0, _lines_by))
    cube = numpy.arange(8.0).reshape(2, 2, 2)
    same(np.pad(np.asarray(cube), 1, _lines_by), numpy.pad(cube, 1, _lines_by))


CASES = [
    lambda m, x: m.pad(x, 1, "reflect", stat_length=2),
    lambda m, x: m.pad(x, 1, "mean", reflect_type="odd"),
    lambda m, x: m.pad(x, -1, "reflect"),
    lambda m, x: m.pad(x, 1.0, "symmetric"),
    lambda m, x: m.pad(
        x, m.asarray([1, 2], dtype="u4") if m is numpy else numpy.asarray([1, 2], "u4")
    ),
    lambda m, x: m.pad(x, 1, "maximum", stat_length=0),
    lambda m, x: m.pad(x, 1, "mean", stat_length=-2),
    lambda m, x: m.pad(x[:0], 1, "reflect"),
    lambda m, x: m.pad(x[:0], 1, "mean"),
    lambda m, x: m.pad(x, ((1, 2), (3, 4), (5, 6)), "reflect"),
    lambda m, x: m.pad(x, 1, "mirror"),
]


@pytest.mark.parametrize("call", CASES)
def test_errors_are_numpys(call):
    a = numpy.arange(12.0).reshape(3, 4)
    same_error(lambda: call(np, np.asarray(a)), lambda: call(numpy, a))
