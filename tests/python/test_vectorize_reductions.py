"""quelea.vectorize: reduce, accumulate and outer, in the order of contract C7."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host
from vectorize_support import G, add, data, elements, kinked, summed

import quelea
from quelea import vectorize


def tree(function: Callable[[Any, Any], Any], x: list[Any]) -> Any:
    """The order of contract C7, with elements one by one."""

    def pairs(values: list[Any]) -> Any:
        while len(values) > 1:
            last = values[len(values) // 2 * 2 :]
            values = [
                function(values[k], values[k + 1]) for k in range(0, len(values) - 1, 2)
            ] + last
        return values[0]

    leaves = []
    for start in range(0, len(x), 128):
        leaf, parts = x[start : start + 128], []
        for k in range(min(8, len(leaf))):
            part = leaf[k]
            for value in leaf[k + 8 :: 8]:
                part = function(part, value)
            parts.append(part)
        leaves.append(pairs(parts))
    return pairs(leaves)


def scan(function: Callable[[Any, Any], Any], x: list[Any]) -> list[Any]:
    out: list[Any] = []
    before = value = None
    for k, item in enumerate(x):
        if k % 128 == 0:
            before = value if k == 128 else function(before, value) if k else None
            value = item
        else:
            value = function(value, item)
        out.append(value if k < 128 else function(before, value))
    return out


def leaning(x, y):
    return x * 0.5 + y * 0.75  # neither associative nor commutative: it tells orders apart


LENGTHS = [1, 2, 3, 5, 7, 8, 9, 100, 127, 128, 129, 300, 640, 1000, 5000]


@pytest.mark.parametrize("length", LENGTHS)
def test_order_of_reductions(length):
    x = G.normal(size=length)
    made, plus = vectorize(leaning), vectorize(add)
    want = tree(leaning, list(x))
    for array in (x, quelea.asarray(x)):
        assert float(made.reduce(array)) == want
        assert float(plus.reduce(array)) == float(quelea.asarray(x).sum())
        numpy.testing.assert_array_equal(host(made.accumulate(array)), scan(leaning, list(x)))
        numpy.testing.assert_array_equal(
            host(plus.accumulate(array)), host(quelea.asarray(x).cumsum())
        )


def test_scans_of_few_long_lines():
    x = G.normal(size=(2, 17_000))
    made = vectorize(leaning)
    want = made.accumulate(x, axis=1)
    assert want[1].tolist() == scan(leaning, list(x[1]))
    numpy.testing.assert_array_equal(host(made.accumulate(quelea.asarray(x), axis=1)), want)
    numpy.testing.assert_array_equal(host(made.accumulate(quelea.asarray(x.T), axis=0)), want.T)
    numpy.testing.assert_array_equal(host(made.accumulate(quelea.asarray(x).T)), want.T)
    for axis in (0, 1):
        got = made.reduce(quelea.asarray(x), axis=axis)
        numpy.testing.assert_array_equal(host(got), made.reduce(x, axis=axis))


def test_reduction_of_many():
    x = quelea.arange(40_000) % 1000 * 0.125
    made = vectorize(add)
    assert float(made.reduce(x)) == float(x.sum())
    numpy.testing.assert_array_equal(host(made.accumulate(x)), host(x.cumsum()))


@pytest.mark.parametrize("axis", [0, 1, -1, None, (0, 2), (-1, 0), (), (0, 1, 2)])
@pytest.mark.parametrize("ours", [False, True])
def test_axes(axis, ours):
    x = data((5, 4, 300), "f8")
    array = quelea.asarray(x) if ours else x
    made = vectorize(add)
    for keepdims in (False, True):
        want = numpy.add.reduce(x, axis=axis, keepdims=keepdims)
        got = made.reduce(array, axis=axis, keepdims=keepdims)
        assert got.shape == want.shape and got.dtype == want.dtype
        numpy.testing.assert_array_equal(host(got), want)
        out = (quelea if ours else numpy).zeros(want.shape)
        assert made.reduce(array, axis, None, out, keepdims) is out
        numpy.testing.assert_array_equal(host(out), want)
    if isinstance(axis, int):
        numpy.testing.assert_array_equal(
            host(made.accumulate(array, axis)), numpy.add.accumulate(x, axis)
        )


@pytest.mark.parametrize("ours", [False, True])
def test_reductions_in_other_dtypes(ours):
    m: Any = quelea if ours else numpy
    made = vectorize(add)
    for dtype in ("i1", "u2", "i4", "f2", "f4", "c8", "c16"):
        x = (
            data((6, 9), "i1").astype(dtype)
            if dtype != "u2"
            else numpy.abs(data((6, 9), "i1")).astype(dtype)
        )
        got = made.reduce(m.asarray(x), axis=1)
        assert got.dtype == dtype
        numpy.testing.assert_array_equal(host(got), x.sum(axis=1, dtype=dtype))
        got = made.accumulate(m.asarray(x), axis=1)
        numpy.testing.assert_array_equal(host(got), x.cumsum(axis=1, dtype=dtype))
    small = m.asarray(numpy.full(300, 100, "i1"))
    assert made.reduce(small, dtype="i8") == 30000
    assert vectorize(add, otypes=[float]).reduce(m.arange(4)).dtype == float
    either = vectorize(lambda x, y: x or y)
    assert bool(either.reduce(m.asarray([False, True, False])))
    largest = vectorize(lambda x, y: x if x > y else y)
    x = data((20, 30), "f8")
    numpy.testing.assert_array_equal(host(largest.reduce(m.asarray(x), axis=0)), x.max(0))
    numpy.testing.assert_array_equal(
        host(largest.accumulate(m.asarray(x), 1)), numpy.maximum.accumulate(x, 1)
    )
    looped = vectorize(lambda x, y: sum([x, y]))
    numpy.testing.assert_array_equal(host(looped.reduce(m.asarray(x), axis=1)), x.sum(1))


@pytest.mark.parametrize("ours", [False, True])
def test_reductions_of_nothing(ours):
    m: Any = quelea if ours else numpy
    made, times = vectorize(add), vectorize(lambda x, y: x * y, identity=1)
    with pytest.raises(ValueError, match="which has no identity"):
        made.reduce(m.zeros((0, 3)))
    numpy.testing.assert_array_equal(host(made.reduce(m.zeros((0, 3)), initial=5)), [5, 5, 5])
    assert made.reduce(m.zeros((0, 3)), axis=1).shape == (0,)
    numpy.testing.assert_array_equal(host(times.reduce(m.zeros((3, 0)), axis=1)), [1, 1, 1])
    numpy.testing.assert_array_equal(host(times.reduce(m.full(3, 2.0), initial=5)), 40)
    x = m.asarray(numpy.arange(1.0, 7.0).reshape(2, 3))
    mask = m.asarray(numpy.array([[True, False, True], [False, True, True]]))
    numpy.testing.assert_array_equal(host(times.reduce(x, axis=1, where=mask)), [3, 30])
    with pytest.raises(NotImplementedError, match="needs an identity"):
        made.reduce(x, where=mask)
    assert made.accumulate(m.zeros((0, 3))).shape == (0, 3)
    assert float(made.reduce(m.asarray(3.0))) == float(made.reduce(m.asarray(3.0), axis=-1)) == 3
    with pytest.raises(numpy.exceptions.AxisError):
        made.reduce(m.asarray(3.0), axis=1)


def test_methods_that_are_refused():
    x = quelea.ones((2, 3))
    one = vectorize(lambda x: x)
    for method in ("reduce", "accumulate"):
        with pytest.raises(ValueError, match=f"{method} only supported for binary functions"):
            getattr(one, method)(x)
    with pytest.raises(ValueError, match="outer product only supported for binary functions"):
        one.outer(x, x)
    made = vectorize(add)
    with pytest.raises(NotImplementedError, match="at is not in Quelea yet"):
        made.at(x, [0], 1)
    with pytest.raises(NotImplementedError, match="reduceat is not in Quelea yet"):
        made.reduceat(x, [0])
    with pytest.raises(numpy.exceptions.AxisError):
        made.reduce(x, axis=2)
    with pytest.raises(TypeError, match="cannot reduce them"):
        vectorize(lambda x, y: (x, y)).reduce(x)
    with pytest.raises(TypeError, match="cannot reduce them"):
        vectorize(["float64(int64, float64)"])(add).reduce(x)
    with pytest.raises(ValueError, match="has the wrong shape"):
        made.reduce(x, out=quelea.ones(2))


@pytest.mark.parametrize("function", [kinked, summed])
def test_outer(function):
    made = vectorize(function)
    a, b = data((2, 3), "f8", 1), data((4,), "f8", 2)
    want = numpy.array(elements(function, a[..., None], b)[0]).reshape(2, 3, 4)
    numpy.testing.assert_array_equal(made.outer(a, b), want)
    numpy.testing.assert_array_equal(host(made.outer(quelea.asarray(a), quelea.asarray(b))), want)
    assert made.outer([1, 2], 3.0).shape == (2,)
