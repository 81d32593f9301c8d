"""quelea.evaluate: NumPy's values for expressions as texts, of NumPy's arrays and ours; all else is refused."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import HERE, host, values

import quelea
from quelea import evaluating

random = numpy.random.default_rng(5)
A = random.normal(0, 3, (17, 12))
B = random.normal(0, 3, (17, 12))
I = random.integers(-9, 9, (17, 12))
J = random.integers(1, 9, 12)
NAMES: dict[str, Any] = {
    "a": A, "b": B, "x": A, "y": B, "i": I, "j": J, "f": A.astype("f4"), "h": A.astype("f2"),
    "z": A + 1j * B, "c": (A - 1j * B).astype("c8"), "m": A > 0, "u": abs(I).astype("u1"), "row": A[0],
    "t": A.T, "s": 2.5, "k": 3, "w": 1 - 2j, "f4": numpy.float32(1.5), "n": numpy.array(4.0),
}  # fmt: skip

EXPRESSIONS = [
    "y / sqrt(x**2 + y**2)", "2*a + 3*b", "a**2 + b**2 + 2*a*b", "2*a**3 - 1.5*b + a*b/4 + k", "-a", "+a", "~i",
    "~m", "i % j", "i // j", "i / j", "i << 2", "i >> k", "(i & 3) | (j ^ 1)", "a < b", "(a < b) & (b >= 0.5)",
    "a != 0", "a == b", "m | (i > 2)", "where(a > b, a, b)", "where(m, i, 0)", "where(m, 1, 2.5)",
    "sin(a)*cos(b) * tan(b/9)", "arctan2(a, b)", "arcsin(a/20) + arccos(b/20) - arctan(a)",
    "sinh(f/9)*cosh(f/9)", "tanh(a)", "arcsinh(a) + arccosh(abs(b) + 1)", "arctanh(a/20)",
    "log(abs(a)) + log10(abs(b)) + log1p(abs(a))", "log2(abs(a))", "exp(a/9) - expm1(b/9)", "abs(a)", "abs(z)",
    "abs(i)", "floor(a) + ceil(b)", "rint(a)", "trunc(a)", "round(a)", "sign(i)", "signbit(a)", "hypot(a, b)",
    "copysign(a, b)", "nextafter(a, b)", "fmod(a, b)", "maximum(a, 0)", "minimum(i, j)", "square(i)",
    "isnan(a)", "isinf(f)", "isfinite(a)", "ones_like(a)", "z.real", "z.imag*2", "a.real", "a.imag", "real(z)",
    "imag(z) + 1", "conj(z)*z", "conj(a)", "complex(a, b)", "exp(z/9)", "(a + b).real", "int32(a)", "int(a)",
    "long(f)", "int64(s)", "float(i)", "double(f)", "float32(a) * 2", "float64(h)", "bool(i)", "complex(i)",
    "complex64(a)", "complex128(f)", "sum(a)", "sum(a, axis=0)", "sum(a, 1)", "sum(a, axis=-1)", "sum(i)",
    "sum(m)", "sum(f)", "sum(a, axis=(0, 1))", "sum(a, axis=None)", "prod(a/3, axis=1)", "prod(u)", "min(a)",
    "max(i, axis=0)", "min(b, axis=1) + k", "sum(a*b) / k", "sum((a - b)**2, axis=0)", "a - sum(a, axis=0)",
    "a + s", "f * s", "f * f4", "f * n", "i + s", "u + k", "h * 2", "a * w", "s + k", "3", "2.5 + 1", "True",
    "1e999", "a*1e-3 + 0x10 + 1_000", "row * a", "t + t", "t * 2", "a[0]" [:1], "a**-1", "a**0.5 + i**2",
    "s**2", "j**k", "c + f", "1j*f", "a\n", " a + b ", "(a +\n b)", "where(a < b, where(a < 0, -1, 1), 0)",
]  # fmt: skip

# Python's names for what is NumPy's here
MEANING = {
    name: getattr(numpy, name)
    for name in (*evaluating._FUNCTIONS, *evaluating._REDUCTIONS)
    if name not in evaluating._CASTS
} | {
    **{name: getattr(numpy, numpys) for name, numpys in evaluating._CASTS.items()},
    "complex": lambda x, y=None: numpy.complex128(x) if y is None else x + 1j * y,
}  # fmt: skip


def meaning(text: str, names: dict[str, Any]) -> Any:
    with numpy.errstate(all="ignore"):
        return numpy.asarray(eval(text.strip(), {"__builtins__": {}, **MEANING, **names}))


def close(got: Any, want: Any, context: object) -> None:
    got = host(got)
    assert (got.dtype, got.shape) == (want.dtype, want.shape), context
    if want.dtype.kind not in "fc":
        numpy.testing.assert_array_equal(got, want, str(context))
        return
    eps = float(numpy.finfo(want.dtype).eps)
    numpy.testing.assert_allclose(
        got, want, 16 * eps, 16 * eps, equal_nan=True, err_msg=str(context)
    )


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values(text: str) -> None:
    want = meaning(text, NAMES)
    got = quelea.evaluate(text, NAMES)
    assert type(got) is numpy.ndarray, text
    close(got, want, text)
    ours = {
        name: quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for name, x in NAMES.items()
    }
    got = quelea.evaluate(text, ours)
    has_arrays = any(
        name in ours and isinstance(ours[name], quelea.ndarray) for name in _names_in(text)
    )
    assert isinstance(got, quelea.ndarray if has_arrays else numpy.ndarray), text
    close(got, want, text)


def _names_in(text: str) -> set[str]:
    return set(compile(text.strip(), "", "eval").co_names)


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype: str) -> None:
    v = values(dtype, 40)
    texts = ["v + v", "v == v", "where(v == v, v, v)", "max(v)", "v * 1", "sum(v)"]
    texts += ["~v"] if v.dtype.kind in "biu" else ["v / 3", "-v"]
    for text in texts:
        if v.dtype.kind == "c" and "max" in text:
            continue
        want = meaning(text, {"v": v})
        for x in (v, quelea.asarray(v)):
            got = host(quelea.evaluate(text, {"v": x}))
            assert got.dtype == want.dtype, text
            numpy.testing.assert_allclose(
                got, want, 1e-2 if dtype == "float16" else 1e-5, equal_nan=True
            )


def test_names_are_the_callers() -> None:
    a, b = numpy.arange(4), quelea.arange(4.0)  # names that evaluate finds here
    numpy.testing.assert_array_equal(quelea.evaluate("2*a + b"), 3 * numpy.arange(4.0))
    numpy.testing.assert_array_equal(quelea.evaluate("A + 1"), A + 1)
    numpy.testing.assert_array_equal(quelea.evaluate("a + 1", {"a": 2}), 3)
    numpy.testing.assert_array_equal(quelea.evaluate("a + A", None, {"A": 2}), a + 2)
    numpy.testing.assert_array_equal(
        quelea.evaluate("a + A", local_dict={"a": 1}, global_dict={"A": 5}), 6
    )
    numpy.testing.assert_array_equal(quelea.evaluate("sum + max", {"sum": a, "max": 1}), a + 1)
    numpy.testing.assert_array_equal(
        quelea.evaluate("numpy0 * numpy", {"numpy0": a, "numpy": 2}), 2 * a
    )
    numpy.testing.assert_array_equal(quelea.evaluate("q + 1", {"q": [1, 2]}), [2, 3])
    with pytest.raises(KeyError, match="nowhere"):
        quelea.evaluate("a + nowhere")
    for value in (len, "text", None, {}, numpy.array(["a"]), numpy, object()):
        with pytest.raises(TypeError, match="q is neither an array of numbers nor a number"):
            quelea.evaluate("q + 1", {"q": value})
    assert (a.dtype, b.dtype) == (int, float)


@pytest.mark.parametrize("ours", [False, True])
def test_out(ours: bool) -> None:
    m: Any = quelea if ours else numpy
    a, b = m.asarray(A), m.asarray(B)
    assert a.shape == b.shape
    out = m.zeros(A.shape)
    assert quelea.evaluate("a*b", out=out) is out
    numpy.testing.assert_array_equal(host(out), A * B)
    assert quelea.evaluate("out + a", out=out) is out
    numpy.testing.assert_array_equal(host(out), A * B + A)
    single = m.zeros(A.shape, "f4")
    with pytest.raises(TypeError, match="according to the rule 'safe'"):
        quelea.evaluate("a*b", out=single)
    assert quelea.evaluate("a*b", out=single, casting="same_kind") is single
    numpy.testing.assert_array_equal(host(single), (A * B).astype("f4"))
    whole = m.zeros(A.shape, int)
    with pytest.raises(TypeError):
        quelea.evaluate("a*b", out=whole, casting="same_kind")
    quelea.evaluate("a*b", out=whole, casting="unsafe")
    numpy.testing.assert_array_equal(host(whole), (A * B).astype(int))
    part = m.zeros((A.shape[0], 2 * A.shape[1]))
    quelea.evaluate("a - b", out=part[:, ::2])
    numpy.testing.assert_array_equal(host(part[:, ::2]), A - B)
    with pytest.raises(ValueError, match="out has shape"):
        quelea.evaluate("a*b", out=m.zeros(3))
    with pytest.raises(TypeError, match="out is no array"):
        quelea.evaluate("a*b", out=3)
    with pytest.raises(ValueError, match="casting must be"):
        quelea.evaluate("a*b", casting="any")
    with pytest.raises(ValueError, match="order must be"):
        quelea.evaluate("a*b", order="X")


def test_sums_of_many_terms() -> None:
    """Of more than Python takes parentheses: parts become statements, with names that nobody has."""
    names = {**NAMES, "part0": A * 2}
    for text in (
        "part0" + "".join(f" - b / {k}" for k in range(1, 230)),
        "min(i)" + " + i" * 120 + " - max(a)" * 120,
        "where(a > b, " * 60 + "a" + ", b)" * 60,
    ):
        close(quelea.evaluate(text, names), meaning(text, names), text[:20])


def test_large_arrays() -> None:
    """Computed where the result goes, but where it is read too, or is of another dtype."""
    n = evaluating._LARGE
    a, b = values("float64", n, 1).reshape(2, -1), values("float64", n, 2).reshape(2, -1)
    i, s = (b != 0).astype("i4"), 3
    for text in (
        "a*b + s",
        "i + s",
        "i*a",
        "a < b",
        "a",
        "a.real",
        "where(a < b, i, 1)",
        "i/s",
        "abs(a + 1j*i)",
    ):
        want = meaning(text, {"a": a, "b": b, "i": i, "s": s})
        got = quelea.evaluate(text)
        close(got, want, text)
        assert got.base is None and got.flags.c_contiguous and got is not a
        out = numpy.zeros(want.shape, want.dtype)
        assert quelea.evaluate(text, out=out) is out
        close(out, want, text)
    wide = numpy.zeros(a.shape, complex)
    quelea.evaluate("a + b", out=wide)
    close(wide, (a + b).astype(complex), "wide")
    want = a * 2 + a[:, ::-1]
    quelea.evaluate("x*2 + y", {"x": a, "y": a[:, ::-1]}, out=a)
    close(a, want, "a")
    part = numpy.zeros((2, a.shape[1], 2))
    quelea.evaluate("b + 1", out=part[..., 1])
    close(part[..., 1], b + 1, "part")
    fixed = numpy.zeros(b.shape)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        quelea.evaluate("b + 1", out=fixed)


@pytest.mark.parametrize("text", ["where(re > 0, re, im)", "re * 2 - im", "sum(im, axis=0)", "re"])
def test_parts_of_complex_arrays(text: str) -> None:
    complex_ones = A + 1j * B
    whole, partial = (
        {"re": z.real[::-1], "im": z.T.imag.T[::-1]}
        for z in (complex_ones, quelea.asarray(complex_ones))
    )
    close(quelea.evaluate(text, partial), meaning(text, whole), text)


def test_order() -> None:
    for m in (numpy, quelea):
        a = m.asarray(A)
        assert quelea.evaluate("a + 1", order="F").strides == (8, 8 * A.shape[0])
        assert quelea.evaluate("a + 1", {"a": a.T}, order="C").strides == (8 * A.shape[0], 8)


def test_results_are_new() -> None:
    for m in (numpy, quelea):
        a, z = m.asarray(A) + 0, m.asarray(A + 1j)
        for text, names in (
            ("a", {"a": a}),
            ("+a", {"a": a}),
            ("a.real", {"a": a}),
            ("z.imag", {"z": z}),
            ("real(z)", {"z": z}),
        ):
            before = host(next(iter(names.values()))).copy()
            got = quelea.evaluate(text, names)
            got[...] = 7
            numpy.testing.assert_array_equal(host(next(iter(names.values()))), before, text)


def test_shapes_that_do_not_fit() -> None:
    for m in (numpy, quelea):
        with pytest.raises(ValueError):
            host(quelea.evaluate("a + b", {"a": m.ones(3), "b": m.ones(4)}))
    numpy.testing.assert_array_equal(
        quelea.evaluate("a*2", {"a": numpy.ones((0, 3))}), numpy.ones((0, 3))
    )


REFUSED = [
    "__import__('os').system('true')", "eval('1')", "exec('1')", "open('/etc/passwd')", "a.__class__",
    "().__class__.__bases__[0].__subclasses__()", "a.__init__.__globals__", "(lambda: 1)()", "[x for x in a]",
    "{x for x in a}", "(x for x in a)", "{1: 2}", "[a, b]", "(a, b)", "a[0]", "a[::2]", "a.T", "a.sum()",
    "a.tofile('x')", "a.real.__class__", "(1).__class__", "'text'", "b'text'", "f'{a}'", "f'{a.__class__}'",
    "None", "...", "a if b else c", "a and b", "a or b", "not a", "a < b < c", "a is b", "a in b", "a @ b",
    "(a := 3)", "await a", "yield a", "*a", "sum(*a)", "sum(**a)", "sum(a, keepdims=True)", "sum(a, axis=i)",
    "sum(a, axis=-None)", "sum(a, axis=(0, i))", "sum(a, 0, 1)", "sum()", "sqrt()", "sqrt(a, b)",
    "sqrt(a, out=b)", "sin(x=a)",
    "where(a, b)", "complex(a, b, a)", "numpy.sqrt(a)", "np.load('x')", "sqrt.__call__(a)",
    "getattr(a, 'real')", "globals()", "type(a)", "print(a)", "ord('a')", "vars()", "dir(a)",
    "compile('1', '', 'eval')", "breakpoint()", "input()", "help()", "setattr(a, 'b', 1)", "a; b", "a = 3",
    "import os", "del a", "a\nb", "", "   ", "a +", "1a", "\x00", "__builtins__", "__name__ + 1", "a__b",
    "\U0001d626val('1')", "\uff45xec('1')", "sqrt(a)(b)", "where(a, b, c)()", "(sqrt)(a).__doc__", "'%s' % a",
    "a.imag.tolist()", "~" * 3000 + "a", "(" * 3000 + "a" + ")" * 3000, "a" + " + a" * 3000, "assert a",
    "lambda: a", "a if True else __import__('os')",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_allowed(text: str) -> None:
    a = numpy.ones(3)
    with pytest.raises(quelea.ExpressionError):
        quelea.evaluate(text, {"a": a, "b": a, "c": a, "i": 0, "x": a})


def test_refusals_say_what_to_write() -> None:
    cases: list[tuple[str, str, int]] = [
        ("a < b < c", r"write \(a < b\) & \(b < c\)", 1),
        ("2*a[0]", "Subscript is not allowed", 3),
        ("1 + foo(a)", "there is no function foo; there are abs, ", 5),
        ("a.T", r"there are \.real and \.imag", 1),
        ("a and b", r"write \(a\) & \(b\)", 1),
        ("a @ b", "quelea.matmul", 1),
    ]
    for text, message, column in cases:
        with pytest.raises(SyntaxError, match=message) as caught:
            quelea.evaluate(text, {})
        assert (caught.value.offset, caught.value.text) == (column, text)
        assert isinstance(caught.value, (quelea.JitError, ValueError))
    for text in (3, None, b"a"):
        with pytest.raises(TypeError, match="an expression is a text"):
            quelea.evaluate(text)  # type: ignore[arg-type]


def test_expressions_are_kept() -> None:
    evaluate: Callable[..., Any] = quelea.evaluate
    evaluating._known.clear()
    evaluate("s * 3 + 1", {"s": 2})
    made = evaluating._known["s * 3 + 1"]
    for s in (1, 2, 3):
        assert evaluate("s * 3 + 1", {"s": s}) == 3 * s + 1
    assert evaluating._known["s * 3 + 1"] is made
    for k in range(evaluating._KEPT - 1):
        evaluating._known[f"{k}"] = made
    assert evaluate("s * 3 + 2", {"s": 2}) == 8
    assert len(evaluating._known) <= evaluating._KEPT
    evaluating._known.clear()


def test_whole_numbers_are_pythons():
    """What stands in the text is computed as Python does it, and refused where 64 bits do not hold it."""
    for text in ("10**30 + a", "a * 2**64", "a / (4000000000 * 4000000000)", "9**9**9", "1 << 70"):
        with pytest.raises(quelea.errors.ExpressionError, match="integers have 64 bits"):
            quelea.evaluate(text, {"a": numpy.arange(2.0)})
    for text in ("-(2**63)", "2**63 - 1", "(1 << 62) * 2 - 1", "(-1)**65 - 0**9", "2**-1"):
        assert quelea.evaluate(text) == eval(text)


def test_what_cannot_be_computed_is_said_of_the_text():
    a = numpy.arange(2.0)
    with pytest.raises(
        quelea.errors.ExpressionError, match=r"^axis 1 is out of bounds .*, in 'sum\(a, axis=1\)'$"
    ):
        quelea.evaluate("sum(a, axis=1)", {"a": a})
    with pytest.raises(TypeError, match="a is a masked array, whose mask is not seen"):
        quelea.evaluate("a + 1", {"a": numpy.ma.array(a, mask=[0, 1])})
    numpy.testing.assert_array_equal(
        quelea.evaluate("a / 2", {"a": a}, truediv="auto", optimization="none"), a / 2
    )
    with pytest.raises(ValueError, match="truediv is True"):
        quelea.evaluate("a / 2", {"a": a}, truediv=False)
