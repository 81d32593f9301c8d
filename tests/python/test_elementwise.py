"""Every ufunc on every dtype against NumPy: which loops exist, what dtype they give, and the values."""

import inspect
import operator
import pickle

import numpy
import pytest
from support import DTYPES, FLOATS, is_elementwise, near, same, same_error, values

import quelea as np

UFUNCS = {
    theirs.__name__: (ours, theirs)
    for theirs, ours in np._quelea.numpy_ufuncs.items()
    if isinstance(theirs, numpy.ufunc)
}
UNARY = sorted(name for name, (ours, _) in UFUNCS.items() if is_elementwise(ours) and ours.nin == 1)
BINARY = sorted(
    name for name, (ours, _) in UFUNCS.items() if is_elementwise(ours) and ours.nin == 2
)

# Functions that SLEEF computes: at most one unit in the last place from the exact value, not NumPy's bits.
ROUNDED = {
    "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "power", "float_power", "arctan2",
    "hypot", "logaddexp", "logaddexp2",
}  # fmt: skip


def compare(name, ours, theirs, args):
    with numpy.errstate(all="ignore"):
        want = theirs(*args)
    result = ours(*(np.asarray(a) for a in args))
    if name in ROUNDED and want.dtype.kind == "f":
        reference = reference_of(theirs, args, want.dtype)
        near(
            result, reference, 1.5, name, absolute=2.0 if name.startswith("logaddexp") else 0
        )  # their sums cancel
    elif want.dtype.kind == "c" and name in ROUNDED | {
        "sqrt",
        "absolute",
        "divide",
        "reciprocal",
        "sign",
        "square",
        "multiply",
    }:
        near_complex(result, want, name)
    elif name == "absolute" and args[0].dtype.kind == "c":
        near(result, want, 2.0, name)
    else:
        same(result, want, name)


def reference_of(theirs, args, dtype):
    """The value in extended precision, rounded once."""
    with numpy.errstate(all="ignore"):
        return theirs(*(a.astype(dtype).astype(numpy.longdouble) for a in args)).astype(dtype)


def near_complex(result, want, name):
    got = numpy.array(result, copy=True)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    finite = numpy.isfinite(want) & (abs(want) < 1e30)
    scale = abs(want[finite])
    assert (abs(got[finite] - want[finite]) <= 100 * numpy.finfo(want.dtype).eps * scale).all(), (
        name
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name, dtype):
    ours, theirs = UFUNCS[name]
    x = values(dtype)
    try:
        with numpy.errstate(all="ignore"):
            theirs(x)
    except TypeError:
        with pytest.raises(TypeError):
            ours(np.asarray(x))
        return
    compare(name, ours, theirs, [x])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_binary(name, dtype):
    ours, theirs = UFUNCS[name]
    x, y = values(dtype, seed=1), values(dtype, seed=2)[::-1].copy()
    if "shift" in name and x.dtype.kind in "iu":
        y = (y % 70).astype(dtype)
    if name == "power" and x.dtype.kind in "iu":
        y = (abs(y.astype(object)) % 5).astype(dtype)
    try:
        with numpy.errstate(all="ignore"):
            theirs(x, y)
    except TypeError:
        with pytest.raises(TypeError):
            ours(np.asarray(x), np.asarray(y))
        return
    compare(name, ours, theirs, [x, y])


@pytest.mark.parametrize(
    "name", ["add", "divide", "maximum", "less", "power", "bitwise_and", "arctan2", "floor_divide"]
)
def test_promotion_of_every_pair(name):
    ours, theirs = UFUNCS[name]
    for left in DTYPES:
        for right in DTYPES:
            x, y = numpy.ones(2, left), numpy.ones(2, right)
            try:
                want = theirs(x, y).dtype
            except TypeError:
                with pytest.raises(TypeError):
                    ours(np.asarray(x), np.asarray(y))
            else:
                assert ours(np.asarray(x), np.asarray(y)).dtype == want, (left, right)


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "and_",
        "or_",
        "xor",
        "lshift",
        "rshift",
    ],
)
def test_operators(name):
    op = getattr(operator, name)
    dtype = "int32" if name in ("and_", "or_", "xor", "lshift", "rshift") else "float64"
    x, y = numpy.arange(1, 7, dtype=dtype).reshape(2, 3), numpy.array([2, 1, 3], dtype)
    a, b = np.asarray(x), np.asarray(y)
    compared = near_pow if name == "pow" else same
    compared(op(a, b), op(x, y))
    compared(op(a, 2), op(x, 2))
    compared(op(2, b), op(2, y))
    compared(op(x, b), op(x, y))
    compared(op(a, y), op(x, y))
    if name != "truediv" or dtype == "float64":
        inplace = getattr(operator, "i" + name.rstrip("_"))
        target, expected = np.asarray(x), x.copy()
        given = target
        target = inplace(target, b)
        assert target is given
        compared(target, inplace(expected, y))


def near_pow(ours, theirs):
    near(ours, theirs, 1.5) if theirs.dtype.kind == "f" else same(ours, theirs)


def test_unary_operators_and_divmod():
    x = numpy.array([-3, 5, 7, -8])
    a = np.asarray(x)
    same(-a, -x)
    same(+a, +x)
    same(abs(a), abs(x))
    same(~a, ~x)
    for ours, theirs in zip(divmod(a, 3), divmod(x, 3), strict=True):
        same(ours, theirs)
    for ours, theirs in zip(divmod(20, a), divmod(20, x), strict=True):
        same(ours, theirs)
    for ours, theirs in zip(numpy.divmod(a, 3), numpy.divmod(x, 3), strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("exponent", [2, 1, 0.5, -1, 3, 2.0, 0, -2.0])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_literal_exponents(dtype, exponent):
    x = numpy.array([1.5, 2.25, 3.0, 10.0], dtype)
    result, want = np.asarray(x) ** exponent, x**exponent
    assert result.dtype == want.dtype
    numpy.testing.assert_allclose(numpy.array(result), want, rtol=4 * numpy.finfo(dtype).eps)


def test_integer_powers():
    x = numpy.array([1, 2, 3, -4])
    same(np.asarray(x) ** 2, x**2)
    same(np.asarray(x) ** 5, x**5)
    same_error(lambda: np.asarray(x) ** -1, lambda: x**-1)
    same_error(lambda: np.asarray(x) ** numpy.int8(-1), lambda: x ** numpy.int8(-1))
    same_error(
        lambda: np.power(np.asarray(x), -1, dtype="int16"),
        lambda: numpy.power(x, -1, dtype="int16"),
    )


@pytest.mark.parametrize("kind", ["int8", "int32", "int64"])
def test_integers_to_an_array_of_negative_powers(kind):
    x, e = numpy.array([2, 1, 3, 1], kind), numpy.array([1, 0, 2, -1], kind)
    a, f = np.asarray(x), np.asarray(e)
    bits = numpy.ones((3, 4), bool)
    for base in ((a, x), (a.astype("uint8"), x.astype("uint8")), (2, 2), (np.asarray(bits), bits)):
        same_error(lambda b=base: b[0] ** f, lambda b=base: b[1] ** e)
    same_error(lambda: a ** f[3], lambda: x ** e[3])
    same_error(lambda: np.power(a, f, out=a), lambda: numpy.power(x, e, out=x + 0))
    same(a, x)
    assert "looked at" in np.power.__doc__


def test_integer_powers_that_are_not_computed_may_be_negative():
    x, e = numpy.array([2, 1, 3, 1]), numpy.array([1, 0, 2, -1])
    a, f = np.asarray(x), np.asarray(e)
    same(a[:3] ** f[:3], x[:3] ** e[:3])
    same(np.ones((0, 4), int) ** f, numpy.ones((0, 4), int) ** e)
    same(a * 1.0**f, x * 1.0**e)
    same(np.power(a, f, dtype=float), numpy.power(x, e, dtype=float))
    same(np.ones(4, "uint64") ** f, numpy.ones(4, "uint64") ** e)
    ours, theirs = np.full(4, 7), numpy.full(4, 7)
    np.power(a, f, out=ours, where=f >= 0)
    numpy.power(x, e, out=theirs, where=e >= 0)
    same(ours, theirs)
    same_error(
        lambda: np.power(a, f, out=ours, where=f < 1),
        lambda: numpy.power(x, e, out=x + 0, where=e < 1),
    )
    same(ours, theirs)


def test_comparisons_and_strangers():
    x = numpy.array([1.0, 2.0, numpy.nan])
    a = np.asarray(x)
    for op in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        same(op(a, 2.0), op(x, 2.0))
        same(op(2.0, a), op(2.0, x))
        same(op(a, a), op(x, x))
    same(a == None, x == None)  # noqa: E711
    same(a != "text", numpy.ones(3, bool))


class Plain:
    """Knows nothing of arrays."""


class Careful(Plain):
    def __eq__(self, other):
        return NotImplemented

    __hash__ = None


class Knowing(Plain):
    def __eq__(self, other):
        return "equal", type(other)

    __hash__ = None


class Deferred(Knowing):
    __array_ufunc__ = None


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("op", [operator.eq, operator.ne])
def test_nothing_is_equal_to_a_stranger(shape, op):
    x, a = numpy.ones(shape), np.ones(shape)
    for stranger in (
        None,
        "text",
        b"bytes",
        object(),
        Plain(),
        Careful(),
        {},
        {1},
        Ellipsis,
        int,
        slice(1),
    ):
        same(op(a, stranger), op(x, stranger), stranger)
        same(op(stranger, a), op(stranger, x), stranger)
    for theirs in (operator.lt, operator.add):
        with pytest.raises(TypeError):
            theirs(a, Plain())


def test_a_stranger_may_know_better():
    a = np.ones(3)
    for stranger in (Knowing(), Deferred()):
        assert (a == stranger) == (stranger == a) == ("equal", np.ndarray)
    scalar = np.ones(3)[0]
    assert (scalar == None) is (numpy.float64(1) == None) is False  # noqa: E711
    assert (scalar != Plain()) is (numpy.float64(1) != Plain()) is True


@pytest.mark.parametrize("signed", ["int8", "int16", "int32", "int64"])
def test_signs_are_compared_exactly(signed):
    x = numpy.array([-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1]).astype(signed)[:, None]
    y = numpy.array([0, 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1], "uint64")
    a, b = np.asarray(x), np.asarray(y)
    for op in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        same(op(a, b), op(x, y))
        same(op(b, a), op(y, x))
        for scalar in (
            -1,
            2**53 + 1,
            2**63 - 1,
            2**63,
            2**64 - 1,
            numpy.uint64(2**63),
            numpy.int64(-1),
        ):
            same(op(a, scalar), op(x, scalar))
            same(op(scalar, b), op(scalar, y))


def test_out_where_dtype():
    x, y = numpy.arange(6.0), numpy.arange(6.0)[::-1].copy()
    a, b = np.asarray(x), np.asarray(y)
    out, expected = np.zeros(6), numpy.zeros(6)
    assert np.add(a, b, out=out) is out
    numpy.add(x, y, out=expected)
    same(out, expected)
    assert np.multiply(a, b, out) is out
    same(out, x * y)
    np.subtract(a, b, out=(out,), where=a > 2)
    expected = x * y
    numpy.subtract(x, y, out=expected, where=x > 2)
    same(out, expected)
    same(np.add(a, b, dtype=np.float32), numpy.add(x, y, dtype=numpy.float32))
    whole = np.zeros(6, int)
    np.add(a, 0.75, out=whole, casting="unsafe")
    same(whole, x.astype(int))
    same_error(
        lambda: np.add(a, b, out=np.zeros(6, int)), lambda: numpy.add(x, y, out=numpy.zeros(6, int))
    )
    same_error(
        lambda: np.add(a, b, out=np.zeros(5)),
        lambda: numpy.add(x, y, out=numpy.zeros(5)),
        text=False,
    )
    theirs = numpy.zeros(6)
    assert np.add(a, b, out=theirs) is theirs
    numpy.testing.assert_array_equal(theirs, x + y)
    with pytest.raises(TypeError, match=r"quelea\.ndarray"):
        np.add(a, b, out=[0.0] * 6)


def outcome(function, args, dtype):
    """The result's dtype, or what is raised: its builtin class and its text, NumPy's names of classes apart."""
    try:
        return function(*args, dtype=dtype).dtype
    except (TypeError, ValueError, OverflowError) as error:
        class_ = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
        return class_, str(error).split(" <class")[0]


@pytest.mark.parametrize(
    "name", [name for name in UNARY + BINARY if name not in ("degrees", "radians")]
)
def test_dtypes_that_are_asked_for(name):
    ours, theirs = UFUNCS[name]
    x = {dtype: numpy.ones(0, dtype) for dtype in DTYPES}
    a = {dtype: np.ones(0, dtype) for dtype in DTYPES}
    for first in DTYPES:
        beside = (
            [()]
            if ours.nin == 1
            else [(second,) for second in (first, "bool", "int16", "float32", "complex64")]
        )
        literals = [] if ours.nin == 1 else [(True,), (1,), (300,), (1.0,), (1j,)]
        for dtype in DTYPES:
            for rest in beside + literals:
                mine, args = ([table.get(y, y) for y in (first, *rest)] for table in (a, x))
                got, want = outcome(ours, mine, dtype), outcome(theirs, args, dtype)
                if isinstance(want, tuple) and (
                    "did not contain" in want[1] or (name, dtype) == ("signbit", "bool")
                ):
                    got, want = got[0], want[0]  # NumPy has several words for a missing loop
                assert got == want, (first, *rest, dtype)


def test_questions_with_a_dtype_read_their_inputs_as_they_are():
    x, y = numpy.array([0.0, 0.25, 2.0]), numpy.array([0.0, 1.0, 2.0])
    for name in ("equal", "less", "logical_xor"):
        ours, theirs = UFUNCS[name]
        same(ours(np.asarray(x), y, dtype=bool), theirs(x, y, dtype=bool), name)
        same(
            ours(np.asarray(x), y, dtype=bool, casting="unsafe"),
            theirs(x, y, dtype=bool, casting="unsafe"),
            name,
        )


def test_out_overlaps_an_input():
    x = numpy.arange(10.0)
    a = np.asarray(x)
    np.add(a[:-1], a[1:], out=a[1:])
    numpy.add(x[:-1].copy(), x[1:].copy(), out=x[1:])
    same(a, x)


COMPOSED = ("divmod", "frexp", "modf", "matmul", "matvec", "vecdot", "vecmat")


@pytest.mark.parametrize("name", COMPOSED)
def test_ufuncs_of_several_results_or_of_axes(name):
    ours, theirs = getattr(np, name), getattr(numpy, name)
    assert isinstance(ours, np.ufunc) and repr(ours) == repr(theirs)
    for word in ("__name__", "nin", "nout", "nargs", "signature", "identity", "types", "ntypes"):
        assert getattr(ours, word) == getattr(theirs, word), word
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert pickle.loads(pickle.dumps(ours)) is ours
    x = numpy.ones((2, 2))
    for method, given in (
        ("reduce", (x,)),
        ("accumulate", (x,)),
        ("reduceat", (x, [0])),
        ("at", (x, [0], x)),
        ("outer", (x, x)),
    ):
        if (name, method) != ("divmod", "outer"):
            mine, its = getattr(ours, method), getattr(theirs, method)
            same_error(lambda f=mine, g=given: f(*g), lambda f=its, g=given: f(*g))


def test_ufuncs_are_attributes_of_classes_and_outer_of_two_results():
    class Case:
        product = np.matmul

    x = numpy.arange(6.0).reshape(2, 3)
    same(Case().product(np.asarray(x), x.T), x @ x.T)
    for ours, theirs in zip(
        np.divmod.outer(np.asarray(x), [2.0, 3.0]),
        numpy.divmod.outer(x, [2.0, 3.0]),
        strict=True,
    ):
        same(ours, theirs)


def test_an_ellipsis_is_given_by_name_and_alone():
    same(numpy.add(np.ones(2), 1, out=...), numpy.add(numpy.ones(2), 1, out=...))
    for wrong in (
        lambda m: m.add(m.ones(2), 1, ...),
        lambda m: m.negative(m.ones(2), out=(...,)),
        lambda m: m.add.reduce(m.ones(2), 0, None, ...),
        lambda m: m.add.accumulate(m.ones(2), 0, None, ...),
        lambda m: m.add.reduceat(m.ones(2), [0], 0, None, ...),
        lambda m: m.add.reduce(m.ones(2), out=(...,)),
        lambda m: m.divmod(m.ones(2), 2, ...),
        lambda m: m.divmod(m.ones(2), 2, out=(m.ones(2), ...)),
        lambda m: m.matmul(m.ones(2), m.ones(2), ...),
        lambda m: m.matmul(m.ones(2), m.ones(2), out=(...,)),
    ):
        same_error(lambda w=wrong: w(np), lambda w=wrong: w(numpy))


def test_reduce_and_outer_of_ufuncs():
    x = numpy.arange(12).reshape(3, 4)
    a = np.asarray(x)
    same(np.add.reduce(a), numpy.add.reduce(x))
    same(
        np.multiply.reduce(a + 1, axis=1, keepdims=True),
        numpy.multiply.reduce(x + 1, axis=1, keepdims=True),
    )
    same(np.maximum.reduce(a, axis=None), numpy.maximum.reduce(x, axis=None))
    same(np.logical_or.reduce(a, axis=-1), numpy.logical_or.reduce(x, axis=-1))
    same(np.subtract.outer(a[0], a[:, 0]), numpy.subtract.outer(x[0], x[:, 0]))
    same(np.add.accumulate(a, 1), numpy.add.accumulate(x, 1))
    same(
        np.subtract.reduce(a, where=a > 2, initial=0),
        numpy.subtract.reduce(x, where=x > 2, initial=0),
    )


def test_scalars_alone_are_numpys():
    assert type(np.sqrt(2.0)) is numpy.float64
    assert type(np.add(numpy.float32(1), 2)) is numpy.float32


@pytest.mark.parametrize(
    "limits", [(-1, 3), (0, 300), (-300, 2**80), (2, None), (None, 3), (300, None), (None, -1)]
)
def test_clip_between_integers_beyond_the_dtype(limits):
    x = numpy.arange(6, dtype="uint8")
    a = np.asarray(x)
    try:
        expected = numpy.clip(x, *limits)
    except OverflowError:
        same_error(lambda: np.clip(a, *limits), lambda: numpy.clip(x, *limits))
    else:
        same(np.clip(a, *limits), expected)


def test_clip_takes_anything_array_like_and_its_limits_once():
    assert np.clip(5, 1, 3) == 3
    same(np.clip([0, 5], 1, 3), numpy.clip([0, 5], 1, 3))
    same_error(
        lambda: np.clip(np.ones(3), 1, 2, min=3), lambda: numpy.clip(numpy.ones(3), 1, 2, min=3)
    )


def test_functions_made_of_others():
    x = numpy.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, numpy.nan, numpy.inf])
    a = np.asarray(x)
    same(np.where(a > 0, a, -1), numpy.where(x > 0, x, -1))
    same(np.where(a > 0, 1, 0), numpy.where(x > 0, 1, 0))
    same(np.clip(a, -1, 1), numpy.clip(x, -1, 1))
    same(a.clip(min=0), x.clip(min=0))
    same(a.clip(max=numpy.ones(8)), x.clip(max=numpy.ones(8)))
    same(np.round(a), numpy.round(x))
    same(a.round(1), x.round(1))
    same(np.asarray([15, 25, 35]).round(-1), numpy.array([15, 25, 35]).round(-1))
    same(np.fix(a), numpy.trunc(x))
    same(np.nan_to_num(a), numpy.nan_to_num(x))
    same(np.isclose(a, a + 1e-9), numpy.isclose(x, x + 1e-9))
    assert (
        np.allclose(a[:6], a[:6] + 1e-9)
        and not np.allclose(a, a)
        and np.allclose(a, a, equal_nan=True)
    )
    assert (
        np.array_equal(a[:6], x[:6])
        and not np.array_equal(a, x)
        and np.array_equal(a, x, equal_nan=True)
    )
    assert not np.array_equal(a, x[:6])
    for ours, theirs in zip(np.modf(a), numpy.modf(x), strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_parts(dtype):
    x = values(dtype, 12)
    a = np.asarray(x)
    same(a.real, x.real)
    same(a.imag, x.imag)
    same(np.conj(a), numpy.conj(x))
    same(a.conj(), x.conj())
    a.real = 2
    x.real = 2
    a.imag = np.arange(12)
    x.imag = numpy.arange(12)
    same(a, x)
    real = np.ones(3)
    assert real.real is real
    same(real.imag, numpy.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        real.imag[0] = 1
    with pytest.raises(TypeError, match="imaginary part"):
        real.imag = 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_signed_zeros_and_nan_in_extremes(dtype):
    x, y = (
        numpy.array([0.0, -0.0, numpy.nan, 1.0], dtype),
        numpy.array([1.0, numpy.nan, 2.0, numpy.nan], dtype),
    )
    for name in ("minimum", "maximum", "fmin", "fmax"):
        ours, theirs = UFUNCS[name]
        same(ours(np.asarray(x), np.asarray(y)), theirs(x, y), name)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "int64"])
@pytest.mark.parametrize("exponent", [3, 4, 7, 12, 63, 64, 65])
def test_integer_powers_by_a_number(dtype, exponent):
    """Few multiplications instead of a loop per element: they wrap around alike."""
    x = numpy.arange(-60, 67).astype(dtype)
    ours = np.asarray(x)
    same(ours**exponent, x**exponent)
    out = np.zeros_like(ours)
    np.power(ours[::-1], exponent, out=out)
    same(out, x[::-1] ** exponent)
    ours **= exponent
    same(ours, x**exponent)


def test_rounding_and_replacing_keep_the_parts_of_complex_numbers():
    special = numpy.array([0.0, -0.0, 1.26, -2.44, numpy.inf, -numpy.inf, numpy.nan])
    a = numpy.empty((7, 7), complex)
    a.real, a.imag = special[:, None], special
    x = np.asarray(a)
    same(np.round(x, 1), numpy.round(a, 1))
    same(np.nan_to_num(x), numpy.nan_to_num(a))


def test_masks_of_ufuncs_may_be_lists_and_python_scalars():
    for where in ([1, 0], [True, False], (0.0, 2.0), 1, 0, 0.5):
        ours, theirs = np.zeros(2), numpy.zeros(2)
        same(
            np.add([1.5, 2], 1, out=ours, where=where),
            numpy.add([1.5, 2], 1, out=theirs, where=where),
        )
    for where in (np.asarray([1, 0]), numpy.array([1, 0])):
        with pytest.raises(TypeError, match="safe"):
            np.add([1.5, 2], 1, out=np.zeros(2), where=where)


def test_every_input_of_a_ufunc_may_be_a_list_that_is_cast():
    chosen = np._quelea.where(
        [True, False, True], [1.5, 2.5, 3.5], [4.5, 5.5, 6.5], dtype="i4", casting="unsafe"
    )
    same(chosen, numpy.array([1, 5, 3], "i4"))


def test_huge_integers_beside_integers_in_a_floating_dtype():
    a = numpy.array([1, 2])
    same(np.add(np.asarray(a), 10**30, dtype=float), numpy.add(a, 10**30, dtype=float))
    same(np.less(np.asarray(a), 10**30, dtype=bool), numpy.less(a, 10**30, dtype=bool))


def test_squares_of_booleans():
    a = numpy.array([True, False])
    x = np.asarray(a)
    same(x**2, a**2)
    same(x[0] ** 2, a[0] ** 2)
    same(x**3, a**3)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64"]
)
def test_angle_and_sinc_of_every_kind(dtype):
    a = numpy.array([0, 1, 0]).astype(dtype)
    near(np.angle(np.asarray(a)), numpy.angle(a), 2)
    near(np.sinc(np.asarray(a)), numpy.sinc(a), 2, absolute=1e-3 if dtype == "float16" else 1e-7)


def test_other_names_are_the_same_functions():
    names = """abs absolute acos arccos acosh arccosh asin arcsin asinh arcsinh atan arctan atanh arctanh
        atan2 arctan2 bitwise_invert invert bitwise_not invert bitwise_left_shift left_shift
        bitwise_right_shift right_shift conj conjugate pow power true_divide divide mod remainder"""
    for other, name in zip(names.split()[::2], names.split()[1::2], strict=True):
        assert getattr(numpy, other) is getattr(numpy, name)
        assert getattr(np, other) is getattr(np, name)
    a = numpy.linspace(-400, 400, 9)
    same(np.deg2rad(np.asarray(a)), numpy.deg2rad(a))
    same(np.rad2deg(np.asarray(a)), numpy.rad2deg(a))
    same(np.degrees(np.radians(np.asarray(a))), numpy.degrees(numpy.radians(a)))
