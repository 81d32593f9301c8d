"""`quelea.jit` against Python itself: sizes, shapes and indices at and beyond what there can be."""

import numpy
import numpy as np
import pytest
from jit_support import check

import quelea

LARGE = 4611686018427380000


@quelea.jit
def emptied(n):
    a = np.empty(n)
    a[0] = 1.0
    return a.shape


@quelea.jit
def emptied_of(m, n):
    a = np.zeros((m, 4, n), dtype=np.int8)
    return a.shape


@quelea.jit
def known_shape():
    return np.zeros((1 << 32, 1 << 31))


@quelea.jit
def outer(a, b):
    return a[:, None] * b


def test_sizes_that_no_array_has():
    for n in (2**61, 2**63 - 1, -1, (2**32, 2**32), (2**31, 2**31, 8), (3, -1), 3):
        check(emptied, n)
    for m, n in ((2**62, 1), (2**40, 2**21), (2**62, 0), (0, 2**62), (0, 5), (2, 3)):
        check(emptied_of, m, n)
    check(known_shape)
    row = numpy.broadcast_to(1.0, (2**40,))
    for function in outer, outer.__wrapped__:
        with pytest.raises(ValueError, match=r"too (big|large)"):
            function(row, row)


@quelea.jit
def reshaped(a, m, n):
    return a.reshape(m, n)


@quelea.jit
def half_known(a, n):
    return a.reshape(2, n), a.reshape((n, 2)), a.reshape(-1), a.reshape((-1, 3))


def test_shapes_known_when_it_runs():
    a = numpy.arange(6.0)
    for m, n in ((2, 3), (-1, 2), (3, -1), (-1, -1), (-2, 6), (4, -1), (0, -1), (2, 2)):
        check(reshaped, a, m, n)
    for n in (3, -1, 2):
        check(half_known, a, n)
    none = numpy.zeros(0)
    for m, n in ((2**32, 2**32), (0, 5), (5, -1), (0, -1), (2**62, 4)):
        check(reshaped, none, m, n)


@quelea.jit(boundscheck=True)
def stored_at_a_wrapped_index(a):
    for i in range(2, 3):
        a[i * 4611686018427380000 * 2] = 1.0


@quelea.jit
def cut_at_a_wrapped_index(a):
    s = 0.0
    for i in range(2, 3):
        s += a[i * 4611686018427380000 :].size + a[: i * 4611686018427380000 : 2].size
    return s


@quelea.jit(boundscheck=True)
def element(a, i):
    return a[i]


@quelea.jit
def item(i):
    t = (1, 2, 3)
    return t[i]


def test_indices_are_compared_as_they_are():
    with pytest.raises(IndexError):
        stored_at_a_wrapped_index(numpy.zeros(4))
    assert cut_at_a_wrapped_index(numpy.zeros(4)) in (0, 2, 4, 6)
    for i in (-4, -3, -1, 0, 2, 3, LARGE, -LARGE, numpy.int8(-3), numpy.int8(-4), numpy.uint8(3)):
        check(element, numpy.arange(3.0), i)
        check(item, i)


@quelea.jit
def numbered(a, n):
    s = 0.0
    for i, x in enumerate(a, n):
        s += i * x
    for i, x in enumerate(a, start=n):
        s -= 2 * i * x
    for i, x in enumerate(iterable=(1, 2), start=n):
        s += i * x
    return s


@quelea.jit
def numbers_nothing():
    return [i * 2 for i in enumerate()]


@quelea.jit
def numbers_from(a, start):
    s = 0.0
    for i, x in enumerate(a, start=start):
        s += i * x
    return s


@quelea.jit
def numbers_only_from(a):
    return [i * 2 for i in enumerate(start=a)]


def test_enumerate():
    check(numbered, numpy.arange(4.0), 3)
    check(numbered, numpy.arange(4.0), True)
    with pytest.raises(quelea.errors.JitError, match="QJ371"):
        numbers_nothing()
    with pytest.raises(quelea.errors.JitError, match="QJ372"):
        numbers_from(numpy.zeros(2), 1.5)
    with pytest.raises(quelea.errors.JitError, match="QJ372"):
        numbers_only_from(numpy.zeros(2))


def _never_negative(x, n):
    total = 0.0
    for i in range(1, len(x)):
        total += x[i - 1]
    for i in range(3, len(x)):
        for j in range(i - 3, i):
            total += x[j] * x[-1 + i]
    return total


def _may_be_negative(x, n):
    total = x[(3 if n > 4 else 1) - 2]
    for i in range(1, len(x)):
        total += x[i - 2]
    for i in range(max(n, 1), len(x)):
        total += x[i - 2]
    for i in range(min(max(n, 3), 1), len(x)):
        total += x[i - 2]
    i = 5
    while i > -3:
        total += x[i]
        i = i - 1
    return total


@pytest.mark.parametrize("n", [-3, 0, 2, 5])
def test_indices_that_are_never_negative(n):
    """They are seen from where a loop begins, and nothing asks whether they count from the end."""
    x = numpy.random.default_rng(3).random(9)
    for function in (_never_negative, _may_be_negative):
        compiled = quelea.jit(function)
        assert compiled(x, n) == function(x, n)
        # one is the end of a long loop's chunk
        asks = compiled.inspect("optimised").count("i64 = where") > 1
        assert asks == (function is _may_be_negative)
