"""quelea.stencil: what is refused, at which line; stencils in compiled functions."""

from typing import Any

import numpy
import pytest
from stencil_support import LINE, equal, made, ours, weighted
from support import host, same

import quelea
from quelea.errors import JitError


def refused(text: str, *args: Any, **options: Any) -> JitError:
    for given in args, ours(args):
        with pytest.raises(JitError) as caught:
            quelea.stencil(made(text), **options)(*given)
    return caught.value


GRID = numpy.ones((4, 4))


@pytest.mark.parametrize(
    "code, line, args, options",
    [
        ("QJ150", "a[0] = 1", [LINE], {}),
        ("QJ150", "a[0] += 1", [LINE], {}),
        ("QJ151", "a = 1", [LINE], {}),
        ("QJ152", "b = a", [LINE], {}),
        ("QJ152", "b = a.shape", [LINE], {}),
        ("QJ152", "b = len(a)", [LINE], {}),
        ("QJ152", "b = helper(a, 1)", [LINE], {}),
        ("QJ153", "b = a[0, 0]", [LINE], {}),
        ("QJ153", "b = a[()]", [LINE], {}),
        ("QJ154", "b = a[3]", [LINE], {"neighborhood": ((-1, 2),)}),
        ("QJ155", "k = 1; b = a[k]", [LINE], {}),
        ("QJ156", "b = a[:1]", [LINE], {"neighborhood": ((-1, 2),)}),
        ("QJ156", "b = np.sum(a[-1:1])", [LINE], {"neighborhood": ((-1, 2),), "mode": "wrap"}),
        ("QJ119", "b = {1: a[0]}", [LINE], {}),
        ("QJ115", "import os", [LINE], {}),
    ],
)
def test_refused_at_the_line(code, line, args, options):
    text = f"def f(a):\n    {line}\n    return a[0]\n"
    error = refused(text.replace("helper", "np.maximum"), *args, **options)
    assert error.codes[0] == code, error
    assert error.lineno == 2 and error.filename.startswith("<made"), error
    assert "instead:" in str(error.msg)


def test_refused_together():
    text = "def f(a):\n    b = a\n    a[0, 0] = 1\n    return a[0] + {}\n"
    error = refused(text, GRID)
    assert sorted(error.codes) == ["QJ119", "QJ150", "QJ152", "QJ153"]


@pytest.mark.parametrize("shape", [(9, 7), (2, 1), (0, 5), (70, 40)])
def test_in_compiled_functions(shape):
    def sum_(a, b, s=2.0, *, t=1):
        return a[0, 1] * s if b[1, 0] > 0.5 else b[1, 0] * t + a[-1, 0]

    source = numpy.random.default_rng(6)
    x, y = source.random(shape), source.random(shape)
    sum_.__name__ = "around"  # not NumPy's function of that name
    plain, filled, skips = (
        quelea.stencil(sum_, **options) for options in ({}, {"cval": 1.5}, {"mode": "skip"})
    )

    @quelea.jit
    def make(x, y, k):
        return plain(x, y, k) - filled(x, b=y, t=k)

    @quelea.jit
    def store(x, y, out, steps):
        v = x.copy()
        for _step in range(steps):
            skips(x, y, t=3, out=out)
            filled(out, y, out=v)
            x, v = v, x
        return x + plain(x, v, out=out)

    want = plain(x, y, 3) - filled(x, b=y, t=3)
    equal(make(x, y, 3), want)
    same(make(*ours((x, y)), 3), want)
    out, u = numpy.ones(shape), x
    for _ in range(3):
        skips(u, y, t=3, out=out)
        v = filled(out, y)
        u, v = v, u
    w = u + plain(u, v, out=out)
    for given in (x.copy(), y, numpy.ones(shape)), ours((x, y, numpy.ones(shape))):
        got = store(*given, 3)
        numpy.testing.assert_array_equal(host(got), w)
        numpy.testing.assert_array_equal(host(given[2]), out)
    for dtype in "f4", "i4", "c16":
        assert quelea.jit(lambda a: quelea_of_one(a))(x.astype(dtype)).dtype == dtype


quelea_of_one = quelea.stencil(lambda a: a[0, 1])


def test_refused_in_compiled_functions():
    wraps = quelea.stencil(lambda a: a[1], mode="wrap")
    skips = quelea.stencil(lambda a: a[1], mode="skip")
    two = quelea.stencil(lambda a, b: a[1] + b[0])
    by_zero = quelea.stencil(lambda a: a[0] // a[1])
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(JitError, match="call it outside the function: inside are the modes"):
            quelea.jit(lambda x: wraps(x))(x)
        with pytest.raises(JitError, match="is not given its argument 'out'"):
            quelea.jit(lambda x: skips(x))(x)
        with pytest.raises(JitError):
            quelea.jit(lambda x: two(x, x[:, None]))(x)
        with pytest.raises(ValueError, match="b is smaller than a, the first array"):
            quelea.jit(lambda x: two(x, x[1:]))(x)
        with pytest.raises(ValueError, match="out has another shape"):
            quelea.jit(lambda x: skips(x, out=x[1:]))(x)
        with pytest.raises(ZeroDivisionError):
            quelea.jit(lambda x: by_zero(x))((x - 1).astype(int))
    imaginary = quelea.stencil(lambda a: a[1], cval=1j)
    assert quelea.jit(lambda x: imaginary(x))(LINE * 1j).tolist() == [1j] * 4
    with pytest.raises(JitError, match="cannot hold complex"):
        quelea.jit(lambda x: imaginary(x))(LINE)


def test_arguments_that_do_not_fit():
    def f(a, b=0):
        return a[1]

    def g(a, b):
        return a[1] + b[0]

    stencil = quelea.stencil(f)
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(TypeError, match=r"f\(\) missing a required argument: 'a'"):
            stencil()
        with pytest.raises(TypeError, match="a, the first argument of a stencil, is an array"):
            stencil(3.0)
        with pytest.raises(TypeError, match="a is list: a stencil takes arrays and numbers"):
            stencil([1.0, 2.0])
        with pytest.raises(ValueError, match=r"out has shape \(3,\), and a \(4,\)"):
            stencil(x, out=x[:3].copy())
        with pytest.raises(TypeError, match="out is no array, but int"):
            stencil(x, out=3)
        with pytest.raises(TypeError, match="Cannot cast the result of f"):
            stencil(x, out=x.astype(int))
        with pytest.raises(ValueError, match="mode 'skip' leaves the border as it is in out"):
            quelea.stencil("skip")(f)(x)
        with pytest.raises(ValueError, match="b has 2 axes, and a 1"):
            quelea.stencil(g)(x, x[:, None])
        with pytest.raises(ValueError, match="neighborhood has 2 axes, and a 1"):
            quelea.stencil(f, neighborhood=((0, 1), (0, 1)))(x)
        with pytest.raises(TypeError, match="has no offsets for b, which is an array"):
            quelea.stencil(made("def f(a, b):\n    return a[0] * b\n"))(x, x)
        with pytest.raises(ValueError, match=r"f\(\) at <made.*:1 looks at no element"):
            quelea.stencil(made("def f(a, b):\n    return b\n"))(x, 1)
        with pytest.raises(TypeError, match=r"f\(\) gives \(f64, f64\), and a stencil's kernel"):
            quelea.stencil(made("def f(a):\n    return a[0], a[1]\n"))(x)
    with pytest.raises(TypeError, match="has a mask"):
        stencil(numpy.ma.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="which stencils do not take"):
        stencil(numpy.array(["a"]))
    with pytest.raises(TypeError, match="names all of its arguments"):
        quelea.stencil(lambda *a: a[0])
    with pytest.raises(TypeError, match="names an argument out"):
        quelea.stencil(lambda a, out: a[0])
    with pytest.raises(TypeError, match="has no argument"):
        quelea.stencil(lambda: 0)
    with pytest.raises(TypeError, match="takes Python functions, not int"):
        quelea.stencil(3)
    with pytest.raises(ValueError, match="names what <lambda>"):
        quelea.stencil(lambda a: a[0], standard_indexing="b")
    with pytest.raises(ValueError, match="not in standard_indexing"):
        quelea.stencil(lambda a: a[0], standard_indexing=["a"])
    for wrong in ((-1, 1), ((1, -1),), 3, ()):
        with pytest.raises(ValueError, match="a pair"):
            quelea.stencil(neighborhood=wrong)


def test_its_own():
    stencil = quelea.stencil(weighted)
    assert repr(stencil) == "<quelea.stencil weighted>"
    assert stencil.py_func is weighted and stencil.__name__ == "weighted"
    assert quelea.stencil(stencil).py_func is weighted
    assert quelea.stencil(quelea.jit(weighted)).py_func is weighted
    assert stencil.neighborhood is None
