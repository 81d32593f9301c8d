"""What goes through an array: `for`, `list`, `sorted`, `max` and the like, against NumPy, also while it is stored."""

import copy
import operator
from typing import Any

import numpy
import pytest
from support import PLANNED, host, values

import quelea

LONG = 3000  # elements: partitioned on the ranks of every job

VIEWS = {
    "whole": lambda a: a,
    "backwards": lambda a: a[::-2],
    "part": lambda a: a[7:-900],
    "column": lambda a: a.reshape(-1, 3)[:, 1],
    "none": lambda a: a[:0],
}


def long_array(dtype: str) -> Any:
    return values(dtype, LONG, 3)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", ["float64", "int16", "bool", "complex128"])
def test_elements_are_numpys(dtype, view):
    x = long_array(dtype)
    ours, theirs = VIEWS[view](quelea.asarray(x)), VIEWS[view](x)
    got = [v.item() for v in ours]
    numpy.testing.assert_array_equal(got, theirs.tolist())
    if dtype == "complex128":
        numpy.testing.assert_array_equal([float(v) for v in ours.imag], theirs.imag)


def test_what_is_stored_meanwhile_is_seen():
    def go(np: Any, x: Any) -> list[float]:
        seen = []
        x = x * 2
        for k, v in enumerate(x):
            seen.append(float(v))
            if k % 600 == 5:
                x[k + 1 :] += 1
            if k % 700 == 6:
                x[k + 2] = -5
        return seen

    x = long_array("float64")
    numpy.testing.assert_array_equal(go(quelea, quelea.asarray(x)), go(numpy, x))


def test_rows_are_views():
    x = numpy.arange(LONG * 2.0).reshape(-1, 4)
    ours = quelea.asarray(x)
    for row in ours.T:
        row += 1
    numpy.testing.assert_array_equal(host(ours), x + 1)
    numpy.testing.assert_array_equal([float(v) for v in ours.T[2]], x[:, 2] + 1)


def test_pythons_functions():
    x = numpy.random.default_rng(5).permutation(numpy.arange(LONG * 1.0))
    ours = quelea.asarray(x)
    assert float(max(ours)) == LONG - 1 and float(min(ours + 1)) == 1
    assert [float(v) for v in sorted(ours)] == sorted(x)
    assert float(sum(ours)) == sum(x)
    assert 7.0 in ours and -7.0 not in ours
    first, *_, last = ours
    assert (float(first), float(last)) == (x[0], x[-1])
    assert all(float(a) == float(b) for a, b in zip(ours, ours[:], strict=True))


@pytest.mark.skipif(PLANNED, reason="elements that are looked at are computed by plans")
def test_few_looks():
    """What is pending is executed once, and elements of other nodes are looked at a thousand at a time."""
    x = quelea.asarray(long_array("float64"))
    for use in (list, max, lambda y: [float(v) for v in y], lambda y: y.tolist(), lambda y: 1 in y):
        y = x + 1
        before = quelea.counters()["flushes"]
        use(y)
        assert quelea.counters()["flushes"] - before <= 1 + -(-LONG // 1024)


def test_the_iterator_itself():
    for x in (numpy.arange(5.0), numpy.ones((3, 2))):
        going, theirs = iter(quelea.asarray(x)), iter(x)
        next(going), next(theirs)
        assert operator.length_hint(going) == operator.length_hint(theirs)
        assert iter(going) is going
        for _ in range(2):
            again = copy.copy(going)
            assert [v.tolist() for v in again] == [v.tolist() for v in copy.copy(theirs)]
        rest = [v.tolist() for v in going]
        assert rest == [v.tolist() for v in theirs]
        assert next(going, None) is None and list(copy.copy(going)) == []
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(quelea.asarray(1.0))
