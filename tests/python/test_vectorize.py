"""quelea.vectorize: element functions over arrays, against the functions themselves, element by element."""

import functools
import linecache
import math
import types
from typing import Any

import numpy
import pytest
from support import happened, host
from vectorize_support import (
    KINDS,
    LOOPS,
    SHAPES,
    STRAIGHT,
    TORN,
    add,
    added_often,
    around_small,
    both,
    check,
    constant,
    counts,
    data,
    elements,
    first,
    halved,
    kinked,
    nested,
    summed,
    truth,
    with_ufuncs,
)

import quelea
from quelea import _quelea, vectorize


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("function", STRAIGHT + LOOPS)
def test_shapes(function, shapes):
    a, b = (data(shape, "f8", k) for k, shape in enumerate(shapes))
    check(function, a, b)


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("function", [add, kinked, nested, with_ufuncs, truth, counts, first])
def test_dtypes(function, kinds):
    a, b = data((3, 4), kinds[0], 1), data((4,), kinds[1], 2)
    if function is with_ufuncs and "u1" in kinds:
        pytest.skip("abs of small integers is NumPy's business")
    check(function, a, b)
    if function is add:
        assert vectorize(add)(quelea.asarray(a), quelea.asarray(b)).dtype == (a[0, 0] + b[0]).dtype


def curved(x, y):
    return (
        math.exp(-x * x) * numpy.sin(y) + math.atan2(x, y) if x < 2 else numpy.sqrt(abs(y)) ** 0.3
    )


def test_transcendental_functions():
    check(curved, data((6, 7), "f8", 1), data((7,), "f8", 2), exact=False)
    made, x = vectorize(curved), data((9,), "f4")
    assert made(x, 1.5).dtype == made(quelea.asarray(x), 1.5).dtype
    numpy.testing.assert_array_equal(host(made(quelea.asarray(x), 1.5)), made(x, 1.5))
    assert all(typed.straight for typed in made._element._known.values())


def test_python_numbers_are_weak():
    made = vectorize(add)
    for dtype in ("f4", "f8", "i2"):
        x = data((5,), dtype)
        for array in (x, quelea.asarray(x)):
            got = made(array, 2)
            assert got.dtype == x.dtype
            numpy.testing.assert_array_equal(host(got), x + 2)
            assert made(2, array).dtype == x.dtype
    for m in (numpy, quelea):
        for small, number in (("i1", 200), ("u1", -1), ("u2", 2**16)):
            x = m.zeros(3, small)
            for function in (add, around_small, added_often):
                with pytest.raises(OverflowError, match="out of bounds for"):
                    vectorize(function)(x, number)
            assert not host(vectorize(lambda x, y: x > y if y > 0 else x < y)(x, number)).any()
            assert vectorize(add)(x, numpy.int64(number)).dtype == "i8"
            assert host(vectorize(lambda x, y: x * 1.0 + y)(x, number)).tolist() == [number] * 3
    assert made(data((5,), "f4"), numpy.float64(2)).dtype == "f8"
    assert made(data((5,), "i4"), 2.5).dtype == "f8"


def test_numbers_are_numpys_numbers():
    made = vectorize(add)
    for args in (
        (1, 2),
        (1.5, 2),
        (numpy.float32(1), 2),
        (numpy.int8(1), numpy.int8(3)),
        (True, 2),
    ):
        got = made(*args)
        assert isinstance(got, numpy.generic) and got == args[0] + args[1]
    assert type(made(1, 2)) is numpy.int64
    assert type(made(numpy.array(1.0), 2)) is numpy.float64
    for function in (kinked, summed):
        for m in (numpy, quelea):
            got = vectorize(function)(m.asarray(2.0), m.asarray([1.0, 3.0]))
            assert host(got).tolist() == [function(2.0, 1.0), function(2.0, 3.0)]
            assert vectorize(function)(m.asarray(2.0), m.asarray([[1.0]])).shape == (1, 1)
            assert float(vectorize(function)(m.asarray(2.0), m.asarray(1.0))) == function(2.0, 1.0)
    zero = made(quelea.asarray(1.0), 2)
    assert isinstance(zero, quelea.ndarray) and zero.shape == () and float(zero) == 3


def test_what_is_given_decides_what_it_gives():
    made, x = vectorize(add), numpy.arange(3)
    assert isinstance(made([1, 2, 3], [4, 5, 6]), quelea.ndarray)
    assert type(made(x, [4, 5, 6])) is numpy.ndarray
    assert isinstance(made(quelea.asarray(x), x), quelea.ndarray)
    numpy.testing.assert_array_equal(host(made(quelea.asarray(x), x)), 2 * x)
    numpy.testing.assert_array_equal(host(made([[1, 2, 3]], (1, 1, 1))), [[2, 3, 4]])


def test_which_functions_are_straight():
    for function in STRAIGHT:
        made = vectorize(function)
        made(numpy.ones(2), numpy.ones(2))
        assert all(t.straight for t in made._element._known.values()), function
    for function in LOOPS:
        made = vectorize(function)
        made(numpy.ones(2), numpy.ones(2))
        assert not any(t.straight for t in made._element._known.values()), function


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
def test_straight_functions_are_fused():
    a, b = quelea.arange(100_000) * 1.0, quelea.arange(100_000) * 0.5
    made = vectorize(nested)
    kept: list[Any] = []
    assert happened(lambda: kept.append(made(a, b) * 2 + a))["kernels_run"] == 1
    want = elements(nested, numpy.arange(50) * 1.0, numpy.arange(50) * 0.5)[0]
    numpy.testing.assert_array_equal(host(kept[0][:50]), numpy.array(want) * 2 + numpy.arange(50))
    assert happened(lambda: kept.append(made(a, b).sum()))["kernels_run"] <= 3


@pytest.mark.parametrize("function", [nested, summed, halved])
def test_large_arrays(function):
    a, b = data((301, 53), "f8", 1), data((301, 1), "f8", 2)
    made = vectorize(function)
    x, y = quelea.asarray(a), quelea.asarray(b)
    numpy.testing.assert_array_equal(host(made(x, y)), made(a, b))
    numpy.testing.assert_array_equal(host(made(x.T, y.T) + x.T), made(a.T, b.T) + a.T)
    numpy.testing.assert_array_equal(host(made(x[3:200:2], y[5:104])), made(a[3:200:2], b[5:104]))
    numpy.testing.assert_array_equal(host(made(x, y, where=x > 0)), made(a, b, where=a > 0))
    numpy.testing.assert_array_equal(host(made(x[:, :1], y[7])), made(a[:, :1], b[7]))


def test_views_that_are_no_boxes():
    a = data((120, 56), "f8", 1)
    x = quelea.asarray(a)
    made = vectorize(summed)
    flat = a.reshape(-1)[5:6005]
    boxes = x, x.T, x[::2, ::-1], x[3], x[None, :, 5], x.reshape(-1)[:0]
    others = x.reshape(-1), x.reshape(60, 112), x.reshape(-1)[5:6005]
    assert all(map(_quelea.is_box, boxes)) and not any(map(_quelea.is_box, others))
    for view, want in (
        (x.reshape(-1)[5:6005], flat),
        (x.reshape(-1)[5:6005].reshape(60, 100), flat.reshape(60, 100)),
        (x.reshape(60, 112)[::2, 1:], a.reshape(60, 112)[::2, 1:]),
    ):
        numpy.testing.assert_array_equal(host(made(view, 2.0)), made(want, 2.0))
        plus = vectorize(add)
        for axis in range(want.ndim):
            numpy.testing.assert_array_equal(host(plus.reduce(view, axis)), plus.reduce(want, axis))
            got = plus.accumulate(view, axis)
            numpy.testing.assert_array_equal(host(got), plus.accumulate(want, axis))


@pytest.mark.skipif(quelea.info()["node_count"] == 1, reason="nothing moves")
def test_what_moves_between_nodes():
    """No array is brought to all nodes."""
    x = quelea.arange(200_000) * 1.0
    rows = quelea.ones((2000, 100)) * 2
    quelea.sync()
    plus, loop = vectorize(add), vectorize(summed)
    for work, most in (
        (lambda: loop(x, 1.0), 0),
        (lambda: loop(rows, rows[:, :1]), 0),
        (lambda: plus.reduce(x), 50_000),
        (lambda: plus.reduce(rows, axis=1), 50_000),
        (lambda: plus.accumulate(x), 50_000),
        (lambda: plus.accumulate(rows, axis=1), 0),
        (lambda: plus.reduce(rows, axis=0), 1_000_000),  # whose columns are shared out instead
    ):
        kept: list[Any] = []
        moved = happened(lambda work=work, kept=kept: kept.append(work()))
        assert moved["redistributed_bytes"] + moved["halo_bytes"] <= most


def test_several_results():
    made = vectorize(both)
    a, b = data((3, 4), "f8", 1), data((4,), "f8", 2)
    for x, y in ((a, b), (quelea.asarray(a), quelea.asarray(b))):
        got = made(x, y)
        assert isinstance(got, tuple) and len(got) == 2 and made.nout == 2
        numpy.testing.assert_array_equal(host(got[0]), a + b)
        numpy.testing.assert_array_equal(host(got[1]), a > b)
        assert got[1].dtype == bool
    assert made(1, 2) == (3, False)


@pytest.mark.parametrize("function", [kinked, summed])
def test_views(function):
    a, b = data((12, 10), "f8", 1), data((10, 12), "f8", 2)
    made = vectorize(function)
    x, y = quelea.asarray(a), quelea.asarray(b)
    want = numpy.array(elements(function, a[::2, ::-1], b[:, 3:9].T)[0]).reshape(6, 10)
    numpy.testing.assert_array_equal(made(a[::2, ::-1], b[:, 3:9].T), want)
    numpy.testing.assert_array_equal(host(made(x[::2, ::-1], y[:, 3:9].T)), want)
    z = x + 1j * x
    numpy.testing.assert_array_equal(host(made(z.real, z.imag)), made(a, a))
    same = made(x, x)
    assert same is not x
    numpy.testing.assert_array_equal(host(same), made(a, a))


def test_results_share_nothing():
    x = quelea.arange(5.0)
    y = vectorize(first)(x, 1.0)
    y[0] = 9
    numpy.testing.assert_array_equal(host(x), numpy.arange(5.0))
    z = x * (1 + 2j)
    for function, factor in (
        (lambda z: z.real, 1),
        (lambda z: z.imag, 2),
        (lambda z: z.real + z.imag, 3),
    ):
        y = vectorize(function)(z)
        numpy.testing.assert_array_equal(host(y), numpy.arange(5.0) * factor)
        y[:] = 9
        numpy.testing.assert_array_equal(host(z), numpy.arange(5.0) * (1 + 2j))
    assert vectorize(first)(x, quelea.ones((2, 5))).shape == (2, 5)
    assert vectorize(constant)(x, x).shape == (5,)

    def twice(x):
        y = x + 1
        return y, y, x, x

    for m in (numpy, quelea):
        results = vectorize(twice)(m.arange(3.0))
        for k, result in enumerate(results):
            result[:] = k
        assert [host(result).tolist() for result in results] == [[k] * 3 for k in range(4)]


def test_exponents_of_ldexp():
    def scaled(x, y):
        return numpy.ldexp(x, 2) + numpy.ldexp(y, int(x))

    check(scaled, data((3, 5), "f8"), data((5,), "f8"))


def test_decorated_functions():
    @functools.wraps(add)
    def increased(x):
        return add(x, 2) * 10

    for m in (numpy, quelea):
        assert host(vectorize(increased)(m.arange(3))).tolist() == [20, 30, 40]
    assert vectorize(increased).nin == 1


def test_masks_are_refused():
    masked = numpy.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    for call in (vectorize(add), vectorize(add).outer, lambda x, y: vectorize(add).reduce(x)):
        with pytest.raises(TypeError, match="whose mask is not seen"):
            call(masked, 1.0)
    with pytest.raises(TypeError, match="whose mask is not seen"):
        vectorize(add)(quelea.ones(3), masked)


def test_what_is_around_may_change():
    module = types.ModuleType("module")
    made_of = "def scaled(x):\n    return x * factor\n"
    linecache.cache["<scaled>"] = len(made_of), None, made_of.splitlines(keepends=True), "<scaled>"
    exec(compile(made_of, "<scaled>", "exec"), vars(module))
    module.factor = 2
    made = vectorize(module.scaled)
    x = numpy.arange(4)
    for factor in (2, 3, 2.5, numpy.float32(1.5)):
        module.factor = factor
        for array in (x, quelea.asarray(x)):
            got = made(array)
            assert got.dtype == (x * factor).dtype
            numpy.testing.assert_array_equal(host(got), x * factor)
