"""quelea.stencil: what kernels may say, and what they take from outside."""

import functools
import types
from typing import Any

import numpy
import pytest
from stencil_support import LINE, MODES, check, equal, ours
from support import host, same

import quelea
from quelea.errors import JitError

# ---- what Numba documents, by kind ----


@pytest.mark.parametrize("give", [numpy.asarray, quelea.asarray])
def test_numbas(give):
    a = give(numpy.arange(30).reshape(5, 6))

    @quelea.stencil
    def cross(a):
        return (a[-1, 0] + a[1, 0] + a[0, -1] + a[0, 1]) / 4

    got = cross(a)
    assert got.dtype == float and cross.neighborhood == ((-1, 1), (-1, 1))
    assert host(got).tolist()[0] == [0] * 6 and host(got).tolist()[2] == [0, 13, 14, 15, 16, 0]
    out = give(numpy.full((5, 6), 9.0))
    assert cross(a, out=out) is out
    assert host(out)[0, 0] == 9 and host(out)[1, 1] == 7

    @quelea.stencil(neighborhood=((-3, 0),))
    def trailing(a):
        total = 0
        for i in range(-3, 1):
            total += a[i]
        return total / 4

    got = host(trailing(give(numpy.arange(8.0))))
    assert got.tolist() == [0, 0, 0, 1.5, 2.5, 3.5, 4.5, 5.5]

    @quelea.stencil(standard_indexing=("w",))
    def by_weights(a, w, scale):
        return scale * (a[-1] * w[0] + a[0] * w[1] + a[1] * w[2])

    w = numpy.array([1.0, 10.0, 100.0])
    x = give(numpy.arange(5.0))
    for weights in w, give(w), quelea.asarray(w):
        if isinstance(weights, quelea.ndarray) and not isinstance(x, quelea.ndarray):
            continue
        got = host(by_weights(x, weights, 2.0))
        assert got.tolist() == [0, 2 * 210, 2 * 321, 2 * 432, 0]
    same_size = quelea.stencil(lambda a, b: a[0] - b[1])
    assert host(same_size(x, give(numpy.arange(5.0) * 2))).tolist() == [-2, -3, -4, -5, 0]

    @quelea.stencil(cval=1.5)
    def next_one(a):
        return a[1, 1]

    got = next_one(give(numpy.ones((3, 3))))
    assert host(got).tolist() == [[1, 1, 1.5], [1, 1, 1.5], [1.5, 1.5, 1.5]]
    out = give(numpy.zeros((3, 3)))
    assert host(next_one(give(numpy.ones((3, 3))), out=out)).tolist() == host(got).tolist()


def test_slices():
    @quelea.stencil(neighborhood=((-1, 1), (-2, 0)))
    def total(a):
        return np_sum(a[-1:2, -2:1])

    a = numpy.arange(30).reshape(5, 6)
    want = numpy.zeros_like(a)
    for i in range(1, 4):
        for j in range(2, 6):
            want[i, j] = a[i - 1 : i + 2, j - 2 : j + 1].sum()
    equal(total(a), want)
    same(total(quelea.asarray(a)), want)


@pytest.mark.parametrize("mode", MODES)
def test_inner_loops(mode):
    def f(a):
        return sum([a[at, 0] for at in range(-1, 2)]) + sum(a[0, to] for to in range(-2, 2))

    def g(a):
        def one(k):
            return a[k, k]

        return one(-1) - one(1) + (lambda x: x * a[0, 0])(2)

    a = numpy.random.default_rng(8).integers(0, 99, (6, 5))
    for kernel in f, g:
        check(kernel, (a,), [(-1, 1), (-2, 1)], mode, neighborhood=((-1, 1), (-2, 1)))


np_sum = numpy.sum
FACTOR = 3.0


def helper(x, y):
    return x * y if x > 0 else y


def test_names_from_outside():
    around = 2.0

    def f(a, *, by=1.5):
        return helper(a[0], a[1]) * FACTOR + around * by

    a = numpy.array([1.0, -2.0, 3.0])

    def want(by):
        return numpy.array([helper(a[0], a[1]), helper(a[1], a[2]), 0]) * 3 + [2 * by, 2 * by, 0]

    stencil = quelea.stencil(f)
    for x in a, quelea.asarray(a):
        assert host(stencil(x)).tolist() == want(1.5).tolist()
        assert host(stencil(x, by=4.0)).tolist() == want(4).tolist()
    around = 10.0
    for x in a, quelea.asarray(a):
        assert host(stencil(x, by=4.0)).tolist() == (want(4) + numpy.array([32, 32, 0])).tolist()
    around = 1j
    for x in a, quelea.asarray(a):
        assert stencil(x).dtype == complex


def test_arguments_by_name():
    def f(a, /, b, *, by=2.0, c):
        return a[0] * by + b[1] - c[0]

    x, y, z = (numpy.arange(4.0) ** k for k in (1, 2, 3))
    for a, b, c in (x, y, z), ours((x, y, z)):
        for got, by in (
            (quelea.stencil(f)(a, b, c=c), 2),
            (quelea.stencil(f)(a, c=c, b=b, by=3.0), 3),
        ):
            assert host(got).tolist() == [x[k] * by + y[k + 1] - z[k] for k in range(3)] + [0]


FUNCTION = numpy.sqrt


def test_names_that_change():
    global FUNCTION
    stencil = quelea.stencil(lambda a: FUNCTION(a[1]))
    a = numpy.array([1.0, 4.0, 9.0])
    for x in a, quelea.asarray(a):
        FUNCTION = numpy.sqrt
        assert host(stencil(x)).tolist() == [2, 3, 0]
        FUNCTION = helper_of_one
        assert host(stencil(x)).tolist() == [4, 1, 0]
    FUNCTION = numpy.sqrt


def helper_of_one(x):
    return 1.0 if x > 5 else x


def doubled(x):
    return 2 * x


def halved(x):
    return 0.5 * x


SCALED = doubled


def test_the_dtype_follows_what_changes():
    global SCALED
    a = numpy.arange(5)
    stencil = quelea.stencil(lambda a: SCALED(a[1]))
    for SCALED in (doubled, halved, doubled):
        want = numpy.array([*(SCALED(x) for x in a[1:]), 0])
        equal(stencil(a), want)
        same(stencil(quelea.asarray(a)), want)


def test_names_that_become_something_else():
    module = types.ModuleType("settings")
    module.factor, module.function = 2.0, numpy.sqrt
    a = numpy.array([1.0, 4.0, 9.0])
    for x in a, quelea.asarray(a):
        stencil = quelea.stencil(lambda a: module.function(a[1]) * module.factor)
        module.factor, module.function = 2.0, numpy.sqrt
        assert host(stencil(x)).tolist() == [4, 6, 0]
        module.factor = 3
        assert host(stencil(x)).tolist() == [6, 9, 0]
        module.factor = numpy.array([1.0, 2.0])  # is no factor of views
        with pytest.raises(TypeError, match="a stencil's kernel gives a number"):
            stencil(x)
        module.factor, module.function = 2.0, numpy.cumsum  # nor is that a function of them
        with pytest.raises((TypeError, JitError)):
            stencil(x)


def test_out_is_read_from_outside():
    for m in (numpy, quelea):
        outside = m.asarray(numpy.array([1.0, 2.0, 3.0, 4.0]))
        stencil = quelea.stencil(lambda a: a[0] + WEIGHTS[0] + WEIGHTS[1] + WEIGHTS[2])
        globals()["WEIGHTS"] = outside
        assert stencil(m.zeros(4), out=outside) is outside
        assert host(outside).tolist() == [6, 6, 6, 6]


WEIGHTS: Any = None


def test_decorated_kernels():
    def decorated(kernel):
        @functools.wraps(kernel)
        def doubled(a, s=1):
            return kernel(a[0], a[1]) * 2 * s

        return doubled

    @quelea.stencil
    @decorated
    def sums(x, y):
        return x + y

    @quelea.stencil
    @quelea.jit
    def compiled(a):
        return a[0] + a[1]

    for x in LINE, quelea.asarray(LINE):
        assert host(sums(x)).tolist() == [4, 4, 4, 0]
        assert host(sums(x, s=3)).tolist() == [12, 12, 12, 0]
        assert host(compiled(x)).tolist() == [2, 2, 2, 0]


def test_functions_of_others_are_refused():
    own = numpy.frompyfunc(numpy.sqrt, 1, 1)  # a ufunc, and not NumPy's
    stencil = quelea.stencil(lambda a: own(a[0]))
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(JitError):
            stencil(x)


def test_numbers_of_no_axes():
    def f(a, s):
        return a[1] * s

    def g(a, s):
        return max(a[1], s)

    a = quelea.asarray(numpy.arange(5.0))
    for kernel, want in (f, [4, 8, 12, 16, 0]), (g, [4, 4, 4, 4, 0]):
        for s in 4.0, numpy.float64(4), numpy.array(4.0), quelea.asarray(4.0), a.max():
            assert host(quelea.stencil(kernel)(a, s)).tolist() == want
    assert quelea.stencil(f)(a.astype("f4"), 4.0).dtype == numpy.float32
    assert quelea.stencil(f)(a.astype("f4"), numpy.float64(4)).dtype == float
    assert quelea.stencil(f)(a.astype("f4"), quelea.asarray(4.0)).dtype == float


def test_mixed_sides():
    def f(a, b):
        return a[-1] + b[1]

    a, b = numpy.arange(5.0), numpy.arange(5.0) ** 2
    want = numpy.array([0, 4, 10, 18, 0.0])
    same(quelea.stencil(f)(quelea.asarray(a), b), want)
    same(quelea.stencil(f)(a, quelea.asarray(b)), want)
    out = quelea.zeros(5)
    same(quelea.stencil(f)(a, b, out=out), want)
    theirs = numpy.zeros(5)
    assert quelea.stencil(f)(a, quelea.asarray(b), out=theirs) is theirs
    numpy.testing.assert_array_equal(theirs, want)
    theirs[:] = 7
    quelea.stencil(f, mode="skip")(quelea.asarray(a), b, out=theirs)
    numpy.testing.assert_array_equal(theirs, [7, *want[1:-1], 7])
