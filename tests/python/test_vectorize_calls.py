"""quelea.vectorize: options of calls, declared types, NumPy's form, what is refused and what raises."""

import linecache
import math
from typing import Any

import numpy
import pytest
from support import host
from vectorize_support import add, both, data, elements, halved, kinked, summed

import quelea
from quelea import vectorize
from quelea.errors import JitError
from quelea.types import float32, float64, int32, int64

# ---- options of calls ----


@pytest.mark.parametrize("function", [kinked, summed])
@pytest.mark.parametrize("ours", [False, True])
def test_out_and_where(function, ours):
    m: Any = quelea if ours else numpy
    made = vectorize(function)
    a, b = data((4, 6), "f8", 1), data((6,), "f8", 2)
    want = numpy.array(elements(function, a, b)[0]).reshape(4, 6)
    x, y, mask = m.asarray(a), m.asarray(b), m.asarray(a > 0)
    out = m.full((4, 6), 9.0)
    assert made(x, y, out=out) is out
    numpy.testing.assert_array_equal(host(out), want)
    out = m.full((4, 6), 9.0)
    assert made(x, y, out) is out
    numpy.testing.assert_array_equal(host(out), want)
    out = m.full((4, 6), 9.0)
    assert made(x, y, out=(out,), where=mask) is out
    numpy.testing.assert_array_equal(host(out), numpy.where(a > 0, want, 9))
    numpy.testing.assert_array_equal(host(made(x, y, where=mask)), numpy.where(a > 0, want, 0))
    single = m.zeros((4, 6), "f4")
    made(x, y, out=single)
    numpy.testing.assert_array_equal(host(single), want.astype("f4"))
    whole = m.zeros((4, 6), int)
    with pytest.raises(TypeError, match=r"Cannot cast ufunc .* output from"):
        made(x, y, out=whole)
    made(x, y, out=whole, casting="unsafe")
    numpy.testing.assert_array_equal(host(whole), want.astype(int))
    large = m.zeros((2, 4, 6))
    made(x, y, out=large)
    numpy.testing.assert_array_equal(host(large), numpy.broadcast_to(want, (2, 4, 6)))
    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        made(x, y, out=m.zeros(6))
    with pytest.raises(ValueError, match="exactly one entry"):
        made(x, y, out=(out, out))
    with pytest.raises(TypeError):
        made(x, y, out=[1, 2])
    with pytest.raises(TypeError, match="both a positional and keyword"):
        made(x, y, out, out=out)
    reverse = numpy.array(elements(function, a[::-1], b)[0]).reshape(4, 6)
    made(x[::-1], y, out=x)  # what is stored may lie where operands do
    numpy.testing.assert_array_equal(host(x), reverse)
    with pytest.raises(TypeError, match="to dtype\\('bool'\\)"):
        made(x, y, where=m.ones(6))


def test_out_of_either_kind():
    made, theirs = vectorize(add), numpy.ones(3)
    assert made(quelea.ones(3), 1.0, out=theirs) is theirs
    numpy.testing.assert_array_equal(theirs, 2 * numpy.ones(3))
    out = quelea.zeros(3)
    made(numpy.ones(3), 1.0, out=out)
    numpy.testing.assert_array_equal(host(out), 2 * numpy.ones(3))


@pytest.mark.parametrize("ours", [False, True])
def test_dtype_casting_order(ours):
    m: Any = quelea if ours else numpy
    made = vectorize(add)
    x = m.asarray(numpy.full((3, 4), 100, "i1"))
    assert host(made(x, x))[0, 0] == -56
    got = made(x, x, dtype="i8")
    assert got.dtype == "i8" and host(got)[0, 0] == 200
    assert made(x, 1, dtype=numpy.float32).dtype == "f4"
    with pytest.raises(TypeError, match="Cannot cast ufunc 'add' input 0"):
        made(m.ones(3), 1, dtype="i4")
    assert made(m.ones(3) * 1.5, 1, dtype="i4", casting="unsafe").dtype == "i4"
    with pytest.raises(ValueError, match="casting must be one of"):
        made(x, x, casting="strange")
    with pytest.raises(ValueError, match="order must be one of"):
        made(x, x, order="Z")
    fortran = made(x, x, order="F")
    assert fortran.strides == numpy.asfortranarray(numpy.zeros((3, 4), "i1")).strides
    assert made(x, x, order="C").strides == (4, 1)


def test_names_and_defaults():
    def scaled(x, factor=2, offset=0):
        return x * factor + offset

    made = vectorize(scaled)
    x = numpy.arange(4)
    for array in (x, quelea.asarray(x)):
        numpy.testing.assert_array_equal(host(made(array)), x * 2)
        numpy.testing.assert_array_equal(host(made(array, offset=array)), x * 3)
        numpy.testing.assert_array_equal(host(made(factor=3, x=array)), x * 3)
    with pytest.raises(TypeError, match=r"scaled\(\) got an unexpected keyword argument 'more'"):
        made(x, more=1)
    with pytest.raises(TypeError, match=r"scaled\(\) missing a required argument"):
        made()


# ---- with types ----


def test_declared_types():
    @vectorize(
        [
            int32(int32, int32),
            int64(int64, int64),
            float32(float32, float32),
            float64(float64, float64),
        ]
    )
    def f(x, y):
        return x + y

    assert f.types == ["ii->i", "ll->l", "ff->f", "dd->d"]
    assert (f.nin, f.nout, f.nargs, f.ntypes, f.identity) == (2, 1, 3, 4, None)

    a, x = numpy.arange(6), numpy.linspace(0, 1, 6)
    for m in (numpy, quelea):
        numpy.testing.assert_array_equal(host(f(m.asarray(a), m.asarray(a))), a + a)
        numpy.testing.assert_array_equal(host(f(m.asarray(x), m.asarray(x))), x + x)
        assert f(m.asarray(a), m.asarray(a)).dtype == "i8"
        assert f(m.asarray(a, dtype="i1"), m.asarray(a, dtype="u2")).dtype == "i4"
        assert f(m.asarray(x, dtype="f4"), 2).dtype == "f4"
        assert f(m.asarray(x, dtype="f2"), m.asarray(a, dtype="i2")).dtype == "f4"
        assert f(m.asarray(a), m.asarray(a), dtype="f8").dtype == "f8"
        with pytest.raises(TypeError, match="is declared for"):
            f(m.asarray(x + 1j), m.asarray(x))
        b = m.asarray(numpy.arange(12).reshape(3, 4))
        numpy.testing.assert_array_equal(host(f.reduce(b, axis=0)), [12, 15, 18, 21])
        numpy.testing.assert_array_equal(host(f.reduce(b, axis=1)), [6, 22, 38])
        numpy.testing.assert_array_equal(
            host(f.accumulate(b)), [[0, 1, 2, 3], [4, 6, 8, 10], [12, 15, 18, 21]]
        )
        numpy.testing.assert_array_equal(
            host(f.accumulate(b, axis=1)), [[0, 1, 3, 6], [4, 9, 15, 22], [8, 17, 27, 38]]
        )
    assert f(2, 3) == 5 and f(2.5, 1) == 3.5
    for dtype, number, result in (
        ("i1", 1, "i4"), ("?", 1, "i8"), ("i1", 1.5, "f8"), ("f4", 1.5, "f4"), ("f2", 1, "f4"), ("u8", 1, "f8"),
        ("u4", True, "i8"), ("i8", numpy.float32(1), "f8"), ("i8", 1, "i8"), ("u2", -1, "i4"),
    ):  # fmt: skip
        assert f(numpy.ones(3, dtype), number).dtype == result, (dtype, number)
        assert f(number, quelea.ones(3, dtype)).dtype == result, (dtype, number)


def test_types_that_were_called():
    """As of Numba's dynamic ufuncs."""

    @vectorize
    def both(x, y):
        return x * y, x > y

    assert (both.types, both.ntypes) == ([], 0)
    both(3, 4), both(numpy.ones(3), 4), both(numpy.ones(3), numpy.ones(1, "i2"))
    both(quelea.ones(2), quelea.ones(2, "c8").real)
    assert sorted(both.types) == ["df->d?", "dh->d?", "dl->d?", "ll->l?"]


def test_declared_results_are_cast():
    made = vectorize(["float32(int64, int64)"])(add)
    got = made(quelea.arange(3), numpy.arange(3))
    assert got.dtype == "f4" and host(got).tolist() == [0, 2, 4]
    assert vectorize(["(float64, float64)"])(add)(numpy.arange(3), 1).dtype == "f8"
    assert (
        vectorize("float64(float64, float64)", nopython=True, target="parallel", cache=True)(add)(
            1, 2
        )
        == 3.0
    )
    loops = vectorize(["int32(float32, float32)"])(halved)
    for m in (numpy, quelea):
        got = loops(m.asarray(data((4,), "f4")) * 9, 0.5)
        assert got.dtype == "i4"


def test_declarations_that_are_refused():
    with pytest.raises(TypeError, match="takes 2 arguments"):
        vectorize(["float64(float64)"])(add)
    with pytest.raises(TypeError, match="takes and gives numbers"):
        vectorize(["float64[:](float64[:], float64)"])(add)
    with pytest.raises(ValueError, match="is no signature"):
        vectorize(["strange(float64)"])(add)
    with pytest.raises(TypeError, match="return its real part"):
        vectorize(["float64(complex128, complex128)"])(add)
    with pytest.raises(TypeError, match="gives several numbers"):
        vectorize(["float64(float64, float64)"])(both)
    with pytest.raises(ValueError, match="there are no other machines"):
        vectorize(["float64(float64, float64)"], target="cuda")
    with pytest.raises(ValueError, match="nopython=False"):
        vectorize(nopython=False)
    assert vectorize(identity="reorderable")(add).identity is None
    with pytest.raises(TypeError, match="identity is a number"):
        vectorize(identity="zero")
    with pytest.raises(TypeError, match="has no option 'strange'"):
        vectorize(strange=1)
    for value in (numpy.sin, 3, len):
        with pytest.raises(TypeError, match="compiles Python functions"):
            vectorize(value)


# ---- NumPy's own form ----


def test_numpys_form():
    a = numpy.arange(4)
    made = vectorize(kinked, otypes=[float], doc="Kinked.")
    assert (made.otypes, made.cache, vectorize(kinked).otypes) == ("d", False, None)
    for function in (lambda *args: args[0], lambda x, *, y: x, lambda **names: 0):
        with pytest.raises(TypeError, match="write plain ones"):
            vectorize(function)
    assert made.__doc__ == "Kinked." and made.pyfunc is kinked and made.__name__ == "kinked"
    for m in (numpy, quelea):
        got = made(m.asarray(a), 2)
        assert got.dtype == float
        numpy.testing.assert_array_equal(host(got), numpy.vectorize(kinked, otypes=[float])(a, 2))
        two = vectorize(both, "fd")(m.asarray(a), 2)
        assert [x.dtype.char for x in two] == ["f", "d"]
    assert vectorize(kinked, otypes="i")(a, 2).dtype == "i4"
    with pytest.raises(ValueError, match="otypes has 2"):
        vectorize(kinked, otypes="ii")(a, 2)
    for otypes in ("Ω", 3):
        with pytest.raises(ValueError, match="otype"):
            vectorize(kinked, otypes=otypes)

    @vectorize(otypes=[float], cache=True)
    def three(x):
        return x * 3

    assert three(a).dtype == float


def test_excluded():
    def polynomial(p, x):
        value = p[0]
        for k in range(1, len(p)):
            value = value * x + p[k]
        return value

    made = vectorize(polynomial, excluded={"p"})
    want = [3, 6]
    numpy.testing.assert_array_equal(host(made([1, 2, 3], [0, 1])), want)
    numpy.testing.assert_array_equal(made(p=numpy.array([1, 2, 3]), x=numpy.array([0, 1])), want)
    numpy.testing.assert_array_equal(
        host(made(quelea.asarray([1, 2, 3]), quelea.asarray([0, 1]))), want
    )
    assert vectorize(polynomial, excluded={0})((1, 2, 3), 1) == 6
    numpy.testing.assert_array_equal(vectorize(add, excluded={1})(numpy.arange(3), 2), [2, 3, 4])


def test_numpys_layouts():
    def centred(x, y):
        return x - y.mean()

    def correlated(x, y):
        return (x * y).sum()

    a, b = data((5, 4), "f8", 1), data((3, 1, 6), "f8", 2)
    for m in (numpy, quelea):
        x, y = m.asarray(a), m.asarray(b)
        got = vectorize(centred, signature="(n),(m)->(n)")(x, y)
        numpy.testing.assert_allclose(host(got), a - b.mean(-1, keepdims=True), 1e-14, 1e-14)
        got = vectorize(correlated, signature="(n),(n)->()")(x, x[0])
        numpy.testing.assert_allclose(host(got), (a * a[0]).sum(1), 1e-13)
        got = vectorize(correlated, signature="(n),(n)->()", otypes="f")(x[0], x[1])
        assert got.dtype == "f4" and got.shape == ()
    with pytest.raises(ValueError, match="mismatch in its core dimension"):
        vectorize(correlated, signature="(n),(n)->()")(a, b)
    with pytest.raises(ValueError, match="and its layout is"):
        vectorize(centred, signature="(n),(m)->()")(a, b)
    with pytest.raises(ValueError, match="does not say how long axis k"):
        vectorize(centred, signature="(n),(m)->(k)")(a, b)


# ---- what is refused, what raises ----


def test_what_is_not_in_the_language_is_refused_with_its_line():
    def caught(x):
        try:
            return 1 / x
        except ZeroDivisionError:
            return 0

    called = []

    def noted(x):
        called.append(x)
        return x

    for function, line in ((caught, 1), (noted, 1)):
        made = vectorize(function)
        for value in (numpy.ones(2), quelea.ones(2), 1.0, [1, 2]):
            with pytest.raises(JitError) as error:
                made(value)
            assert error.value.filename == __file__
            assert error.value.lineno == function.__code__.co_firstlineno + line
            assert f"in {function.__name__}" in str(error.value)
    assert not called
    with pytest.raises(JitError):
        vectorize(["float64(float64)"])(caught)
    with pytest.raises(TypeError, match="an element function gives a number"):
        vectorize(lambda x: None)(quelea.ones(2))
    with pytest.raises(TypeError, match="takes numbers"):
        vectorize(lambda x: x)(numpy.array(["a"]))
    with pytest.raises(ValueError, match="broadcast"):
        vectorize(add)(quelea.ones(2), quelea.ones(3))


def test_what_raises():
    def root(x):
        if x < 0:
            raise ValueError("negative")
        return math.sqrt(x)

    made = vectorize(root)
    x = numpy.array([4.0, 9.0, -1.0, 16.0])
    for array in (x, quelea.asarray(x)):
        numpy.testing.assert_array_equal(host(made(abs(array))), [2, 3, 1, 4])
        with pytest.raises(ValueError, match="negative"):
            host(made(array))
        quelea.sync()
        masked = made(array, where=array > 0)
        numpy.testing.assert_array_equal(host(masked), [2, 3, 0, 4])
    with pytest.raises(ZeroDivisionError):
        vectorize(lambda x, y: x // y)(numpy.arange(3), 0)


def test_attributes():
    made = vectorize(kinked)
    assert repr(made).startswith("<quelea.vectorize kinked")
    assert made.__module__ == kinked.__module__ and made.signature is None
    again = vectorize(quelea.jit(kinked))
    numpy.testing.assert_array_equal(again(numpy.arange(4), 2), [2, 3, 4, 1])
    assert vectorize()(kinked)(3, 2) == 1


# ---- documented examples, of the same kind ----


def test_relative_difference():
    @vectorize([float32(float32, float32), float64(float64, float64)], target="parallel")
    def relative(x, y):
        return 2 * (x - y) / (x + y)

    a, b = data((50,), "f8", 1) + 9, data((50,), "f8", 2) + 20
    for m in (numpy, quelea):
        numpy.testing.assert_array_equal(
            host(relative(m.asarray(a), m.asarray(b))), 2 * (a - b) / (a + b)
        )
        assert relative(m.asarray(a, dtype="f4"), m.asarray(b, dtype="f4")).dtype == "f4"


def test_escape_times():
    @vectorize
    def escape(c, turns):
        z = 0j
        for turn in range(turns):
            z = z * z + c
            if z.real * z.real + z.imag * z.imag > 4:
                return turn
        return turns

    y, x = numpy.ogrid[-1.2:1.2:9j, -2:0.5:13j]
    c = x + 1j * y
    want = numpy.array(elements(escape.pyfunc, c, 30)[0]).reshape(c.shape)
    numpy.testing.assert_array_equal(escape(c, 30), want)
    numpy.testing.assert_array_equal(host(escape(quelea.asarray(c), 30)), want)
    ours = quelea.asarray(x) + 1j * quelea.asarray(y)
    numpy.testing.assert_array_equal(host(escape(ours, 30)), want)


def test_what_a_name_stands_for_later():
    """What is no number by then is refused with its name and line, by every door."""
    names: dict[str, Any] = {"factor": 2.0}
    source = "def scaled(x): return x * factor\ndef beside(a): return a[0] * factor\n"
    linecache.cache["<later>"] = (len(source), None, source.splitlines(True), "<later>")
    exec(compile(source, "<later>", "exec"), names)
    x = numpy.arange(3.0)
    doors: list[Any] = [
        vectorize(names["scaled"]),
        quelea.stencil(names["beside"]),
        lambda a: quelea.map(names["scaled"], a),
    ]
    for door in doors:
        for value, said in (
            ([1.0], "QJ132: 'factor' is list"),
            (None, "QJ343"),
            (..., "QJ133: name 'factor'"),
        ):
            names["factor"] = 3.0
            numpy.testing.assert_array_equal(door(x), 3 * x)
            names["factor"] = value
            if value is ...:
                del names["factor"]
            with pytest.raises(JitError, match=said) as caught:
                door(x)
            assert "<later>:" in str(caught.value)
        names["factor"] = 4.0
        numpy.testing.assert_array_equal(door(x), 4 * x)
