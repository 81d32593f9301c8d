"""`quelea.jit`: other shapes of arrays are views where NumPy's are, and copies where those are."""

import numpy
import numpy as np
import pytest
from jit_on_ranks import as_numpy, ours, same
from jit_random_shapes import random_shapes
from jit_support import check
from jobs import LAUNCHED

import quelea


@quelea.jit
def stored_through(x, shape):
    y = x.reshape(shape)
    y[0] = 9
    return y


@quelea.jit
def stored_flat(x):
    y = x.ravel()
    y[0] = 9
    return y


@quelea.jit
def transposed_back(a):
    y = a.T.T.reshape(a.shape)
    y[0] = 9
    z = a.T.reshape(a.shape)
    z[0] = 7
    return y, z


@quelea.jit
def private():
    t = np.zeros((2, 3))
    y = t.T.reshape((3, 2))
    z = t.T.reshape((6,))
    y[0, 1] = 4
    z[0] = 5
    return t.sum(), y, z


@quelea.jit
def in_turns(a, n):
    total = 0.0
    for k in range(n):
        y = a[k:, ::2].reshape(((a.shape[0] - k) * ((a.shape[1] + 1) // 2), 1))
        y[0] += 1
        total += y.sum()
    return total


def test_views_are_views_and_copies_copies() -> None:
    a = numpy.arange(24.0).reshape(4, 6)
    for x in (a, a.T, a[::2], a[:, ::2], a[:, :3], a[:1], a[:1].T, a[:, :1]):
        check(stored_through, x, (x.size // 2, 2))
        check(stored_through, x, x.shape)
        check(stored_through, x, (-1,))
        check(stored_flat, x)
    check(transposed_back, a)
    check(private)
    for n in range(1, 5):
        check(in_turns, a, n)


def test_what_may_not_be_written_is_refused_through_its_views() -> None:
    a = numpy.arange(6.0).reshape(2, 3)
    a.flags.writeable = False
    with pytest.raises(quelea.errors.JitError, match="QJ365"):
        stored_through(a.T, (3, 2))


def compare(seed: int) -> None:
    function, arguments, _ = random_shapes(seed)
    compiled = quelea.jit(function)
    for args in arguments:
        check(compiled, *args)
        plain = (args[0].copy(), args[1])
        given = (ours(args[0]), args[1])
        want = function(*plain)
        same(as_numpy(compiled(*given)), want)
        same(as_numpy(given[0]), plain[0])


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_shapes(first: int) -> None:
    for seed in range(first, first + (5 if LAUNCHED else 20)):
        compare(seed)


@pytest.mark.slow
@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_more_random_shapes() -> None:
    for seed in range(60, 1000):
        compare(seed)
