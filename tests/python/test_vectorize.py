"""quelea.vectorize: element functions over arrays, against the functions themselves, element by element."""

import functools
import linecache
import math
import os
import random
import types
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import happened, host

import quelea
from quelea import _quelea, vectorize
from quelea.errors import JitError
from quelea.types import float32, float64, int32, int64

ACROSS = 3.0  # a number from around functions
TORN = int(os.environ.get("QUELEA_FLUSH", "64")) < 16  # statements are executed one by one


# ---- functions, and what they give ----


def add(x, y):
    return x + y


def kinked(x, y):
    if x > y:
        return x - y
    return x + y


def nested(x, y):
    z = x * y
    if x > 0:
        if y > 0:
            z = z + 1
        elif y < -2:
            return z * 2
        else:
            z = z - x
    elif x == y or z > 4:
        z = -z
    return z + x


def chained(x, y):
    return x if 0 < x < y else (y if not (x > 3 or y > 3) else x * y)


def across(x, y):
    return x * ACROSS + y


def with_math(x, y):
    return math.sqrt(x * x + y * y) + math.fabs(x)


def with_ufuncs(x, y):
    return numpy.maximum(x, y) - numpy.abs(x) * numpy.minimum(x, 2)


def truth(x, y):
    return x > y


def counts(x, y):
    return 1 if x > y else 0


def first(x, y):
    return x


def constant(x, y):
    return 2.5


def halved(x, y):
    n = 0
    while x > y + 1 and n < 20:
        x = x / 2
        n += 1
    return n


def summed(x, y):
    s = 0.0
    for k in range(5):
        if k % 2 == 0:
            s += x * k
        else:
            s -= y
    return s


def both(x, y):
    return x + y, x > y


def floored(x, y):
    return math.floor(x) + y


def added_often(x, y):
    s = x + y
    for _ in range(3):
        s = s + x
    return s


LARGE = 70000


def around_small(x, y):
    return x + LARGE


def fixed(x, y):
    t = numpy.empty(4)
    for k in range(4):
        t[k] = x + k * y
    return t[3] - t[0]


STRAIGHT = [
    add,
    kinked,
    nested,
    chained,
    across,
    with_math,
    with_ufuncs,
    truth,
    counts,
    first,
    constant,
]
LOOPS = [halved, summed, fixed, floored]  # or what raises
G = numpy.random.default_rng(3)
SHAPES = [
    ((7,), (7,)),
    ((3, 7), (7,)),
    ((3, 1), (1, 7)),
    ((4, 3, 5), (3, 1)),
    ((0, 3), (3,)),
    ((), (5,)),
    ((1,), (1,)),
]
KINDS = [
    ("f8", "f8"),
    ("f4", "f4"),
    ("i8", "i8"),
    ("i4", "f4"),
    ("f4", "f8"),
    ("i2", "u1"),
    ("f2", "f2"),
]


def data(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    numbers = numpy.random.default_rng([seed, *shape]).integers(-6, 7, shape)
    if dtype == "u1":
        numbers = numpy.abs(numbers)
    return (numbers / 2 if dtype[0] == "f" else numbers).astype(dtype)


def elements(function: Callable[..., Any], *args: Any) -> Any:
    """Its values, one by one."""
    given = numpy.broadcast_arrays(*args)
    shape = given[0].shape
    with numpy.errstate(all="ignore"):
        rows = [
            function(
                *(
                    a if isinstance(a, (int, float)) else x[p]
                    for a, x in zip(args, given, strict=True)
                )
            )
            for p in numpy.ndindex(shape)
        ]
    return rows, shape


def check(function: Callable[..., Any], *args: Any, exact: bool = True) -> None:
    """On NumPy's arrays and on ours it gives what the function gives, with the same bits."""
    made = vectorize(function)
    rows, shape = elements(function, *args)
    want = numpy.array(rows).reshape(shape) if rows else numpy.zeros(shape)
    alone = made(*args)
    ours = made(*(quelea.asarray(a) if isinstance(a, numpy.ndarray) else a for a in args))
    assert isinstance(ours, quelea.ndarray), function
    if shape:
        assert type(alone) is numpy.ndarray, function
    assert (alone.shape, ours.shape) == (shape, shape), function
    assert alone.dtype == ours.dtype, function
    numpy.testing.assert_array_equal(host(ours), alone, f"{function.__name__} {args}")
    tolerance = 0 if exact else 1e-12
    numpy.testing.assert_allclose(numpy.asarray(alone, want.dtype), want, tolerance, tolerance)


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


# ---- random functions without loops ----


class Writer:
    """Writes one, of x, y and z."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def number(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.3:
            return self.random.choice(["x", "y", "z", "w", str(self.random.randint(-3, 3)), "0.5"])
        a, b = self.number(depth + 1), self.number(depth + 1)
        forms = [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"(-{a})",
            f"min({a}, {b})",
            f"abs({a})",
        ]
        forms += [f"({a} if {self.truth(depth + 1)} else {b})", f"max({a}, {b})"]
        return self.random.choice(forms)

    def truth(self, depth: int = 0) -> str:
        compared = self.random.choice(["<", ">", "<=", ">=", "==", "!="])
        simple = f"{self.number(depth + 1)} {compared} {self.number(depth + 1)}"
        if depth > 2 or self.random.random() < 0.5:
            return f"({simple})"
        a, b = self.truth(depth + 1), self.truth(depth + 1)
        return self.random.choice([f"({a} and {b})", f"({a} or {b})", f"(not {a})"])

    def block(self, indent: str, depth: int) -> None:
        for _ in range(self.random.randint(1, 2)):
            if depth < 3 and self.random.random() < 0.5:
                self.lines.append(f"{indent}if {self.truth()}:")
                self.block(indent + "    ", depth + 1)
                if self.random.random() < 0.6:
                    self.lines.append(f"{indent}else:")
                    self.block(indent + "    ", depth + 1)
            else:
                self.lines.append(f"{indent}w = {self.number()}")
        if depth and self.random.random() < 0.3:
            self.lines.append(f"{indent}return {self.number()} * 1.0")

    def function(self, seed: int) -> Any:
        self.block("    ", 0)
        lines = [
            "def made(x, y, z):",
            "    w = 1.0 * z",
            *self.lines,
            f"    return {self.number()} * 1.0",
        ]
        source, file = "\n".join(lines) + "\n", f"<element {seed}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        names: dict[str, Any] = {}
        exec(compile(source, file, "exec"), names)
        return names["made"], source


@pytest.mark.parametrize("seed", range(30))
def test_random_functions(seed):
    function, source = Writer(seed).function(seed)
    made = vectorize(function)
    a, b, c = (data((5, 8), "f8", seed + k) for k in range(3))
    want = numpy.array(elements(function, a, b, c[0])[0]).reshape(5, 8)
    numpy.testing.assert_array_equal(made(a, b, c[0]), want, source)
    ours = made(quelea.asarray(a), quelea.asarray(b), quelea.asarray(c[0]))
    numpy.testing.assert_array_equal(host(ours), want, source)


def test_most_random_functions_are_straight():
    straight = 0
    for seed in range(30):
        made = vectorize(Writer(seed).function(seed)[0])
        straight += made._element.typed(["f64"] * 3).straight is not None
    assert straight >= 15


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


def test_out_must_be_of_the_same_kind():
    made = vectorize(add)
    with pytest.raises(TypeError, match="out is NumPy's"):
        made(quelea.ones(3), 1.0, out=numpy.ones(3))
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


# ---- reductions ----


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
    assert made.__module__ == __name__ and made.signature is None
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
