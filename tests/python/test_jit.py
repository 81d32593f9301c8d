"""`quelea.jit` against Python itself: numbers, statements, types that meet, and what `jit` takes and shows."""

import math

import numpy
import numpy as np
import pytest
from jit_support import check, same

import quelea


@quelea.jit
def integers(a, b):
    return a // b, a % b, divmod(a, b), a - b, a * b, a < b, a & b, a | b, a ^ b, ~a, -a, +a


@quelea.jit
def shifts(a, b):
    return a << b, a >> b, a**2, a**3, 2**b


@quelea.jit
def floats(a, b):
    return a / b, a // b, a % b, a + b, -a, abs(a), min(a, b), max(a, b), a if a > b else b, a != b


@quelea.jit
def powers(x, n):
    return x**2, x**1, x**0.5, x**-1, x**n


@quelea.jit
def complexes(z):
    return z * z, abs(z), z.real, z.imag, z.conjugate(), z + 1, z == 2j, complex(1, 2) * z


@quelea.jit
def converted(x):
    return int(x), float(x), bool(x), round(x), math.floor(x), math.ceil(x), np.float32(x)


def test_numbers():
    for a in (7, -7, 0, 1 << 40):
        for b in (3, -3, 0):
            check(integers, a, b)
    for b in (0, 1, 5):
        check(shifts, 9, b)
        check(shifts, -9, b)
    for a in (7.5, -7.5, 0.0, math.inf, math.nan):
        for b in (3.0, -2.5):
            check(floats, a, b)
    for x in (3, 2.5, numpy.float32(2.5), numpy.arange(1, 4.0)):
        check(powers, x, 2)
    for z in (1 + 2j, numpy.complex128(1 + 2j), numpy.complex64(1 - 2j)):
        check(complexes, z)
    for x in (2.5, -3.5, 4, True):
        check(converted, x)


def test_numbers_of_numpy_keep_their_dtype():
    @quelea.jit
    def mixed(x, y):
        return x + 1, x * 2.5, x + y, x / 3, x > 2

    for dtype in ("i1", "u1", "i4", "u8", "f2", "f4", "f8", "c8"):
        x = numpy.dtype(dtype).type(3)
        for y in (numpy.float32(1.5), numpy.int16(2), numpy.int64(5)):
            if dtype == "c8":
                continue  # complex numbers have no order
            check(mixed, x, y)


@quelea.jit
def loops(n):
    x = 1
    for i in range(n):
        if i == 3:
            continue
        if i > 6:
            break
        x = x * 2 + i
    else:
        x = -x
    return x, i


@quelea.jit
def counts(n):
    s = 0
    for i in range(10, 0, -3):
        s = s * 10 + i
    for i in range(n, -n, -2):
        s += i
    while s > 5:
        s -= 3
        if s == 7:
            return s
    else:
        s += 100
    return s


@quelea.jit
def unpacked(x):
    a, (b, *c), d = x
    e = f = a + d
    a, b = b, a
    return len(c), c[0], a, b, d, e, f


@quelea.jit
def logic(x):
    r = not x
    if (x > 1 and x < 5) or x == 9:
        r = 0 < x <= 3
    return r, x is None, 1 < x < 5, x in (1, 2, 3), x not in (4,), x and 3, x or 4


@quelea.jit
def raising(x):
    assert x > 0, "positive"
    if x > 5:
        raise ValueError("too large")
    return x


def test_statements():
    for n in (0, 1, 3, 5, 9):
        check(loops, n)
    for n in (-2, 0, 3, 40):
        check(counts, n)
    check(unpacked, (1, (2, 3, 4), 5))
    check(unpacked, (1.5, (2, 3, 4), 5))
    for x in (0, 1, 3, 9):
        check(logic, x)
    for x in (-1, 3, 7):
        check(raising, x)


def test_what_is_raised_names_its_line():
    with pytest.raises(ValueError, match="too large") as caught:
        raising(9)
    assert 'raise ValueError("too large")' in caught.value.__notes__[0]
    assert "test_jit.py:" in caught.value.__notes__[0]


def test_types_that_meet():
    @quelea.jit
    def widened(x):
        s = 0
        for i in range(len(x)):
            s += x[i]
        return s * 2

    for dtype in ("f8", "f4", "i2", "c16"):
        check(widened, numpy.arange(5).astype(dtype))
    assert widened(numpy.zeros(0)) == 0

    @quelea.jit
    def nested(n):
        a = 0
        for _ in range(n):
            b = a
            for _ in range(n):
                a = b * 0.5 + 1
        return a

    check(nested, 3)


def test_division_of_floats_by_zero():
    @quelea.jit(error_model="python")
    def divided(a, b):
        return a / b

    with pytest.raises(ZeroDivisionError):
        divided(1.0, 0.0)
    assert divided(1.0, 2.0) == 0.5
    same(quelea.jit(divided.__wrapped__)(1.0, 0.0), math.inf)


def test_names_without_a_value():
    @quelea.jit
    def last(n):
        for i in range(n):
            x = i
        return x

    check(last, 3)
    check(last, 0)


def test_prints(capsys):
    @quelea.jit
    def shows(x):
        print("x is", x, (x, 2), None, 0.1, 1e16, True, 2j, ("a", (x,)))
        print(("it's", 'say "no"', "both ' and \"", "a\\b\n\t\x01", "ü"), "it's\n")
        print()

    for x in (
        3,
        2.5,
        numpy.float64(0.1),
        numpy.float32(0.1),
        numpy.float16(0.1),
        numpy.float16(999),
        numpy.float16(65504),
        numpy.float32(999999),
        numpy.float32(1e6),
        numpy.complex64(0.1 + 0.2j),
        numpy.complex128(2j),
        numpy.complex128(-1e6 + 2e6j),
        numpy.complex64(-1e6 + 2e6j),
        numpy.int8(3),
        numpy.bool(True),
        1 - 2j,
    ):
        shows(x)
        got = capsys.readouterr().out
        shows.__wrapped__(x)
        assert got == capsys.readouterr().out


def test_looking_inside():
    @quelea.jit
    def added(a, b):
        return a + b

    with pytest.raises(ValueError, match="not compiled"):
        added.inspect("ir")
    added(1, 2)
    added(1.5, 2)
    assert added.signatures == ["(int, int)", "(float, int)"]
    assert "(binary@" in added.inspect("program")
    assert "add" in added.inspect("ir") and "add" in added.inspect("asm", "(int, int)")


def test_stages():
    @quelea.jit
    def scaled(x, n):
        s = 0.0
        for i in range(n):
            s += x[i]
        return s

    wanted = {"ast": "FunctionDef(", "program": "(for@", "ir": "function rank 0", "llvm": "define "}
    wanted |= {"optimised": "function rank 0", "asm": ".text", "nests": ""}
    assert "name='scaled'" in scaled.inspect("ast")  # needs no types
    scaled(numpy.ones(3), 3)
    for stage, part in wanted.items():
        assert part in scaled.inspect(stage), stage
    with pytest.raises(ValueError) as caught:
        scaled.inspect("typed")
    assert all(stage in str(caught.value) for stage in wanted)
    with pytest.raises(ValueError, match=r"not compiled for \(int\), but for"):
        scaled.inspect("ir", "(int)")


def test_stats():
    factor = 2

    @quelea.jit
    def scaled(x, y):
        return x * y + factor

    assert scaled.stats() == []
    scaled(1, 2), scaled(1, 2.5), scaled(numpy.ones(3), 2.5), scaled(numpy.ones(3), 2)
    rows = scaled.stats()
    assert [row.types for row in rows] == scaled.signatures
    assert [row.reason for row in rows] == [
        "the first call",
        "y is float, was int",
        "x is f64[::1], was int",
        "y is int, was float",
    ]
    assert [row.result for row in rows] == ["int", "float", "f64[::1]", "f64[::1]"]
    for row in rows:
        assert row.seconds > 0 and row.size > 0
        assert row.cache in ("compiled", "on disk", "in memory")
    factor = 2.5
    scaled(1, 2)
    assert scaled.stats()[-1].reason == "factor is float, was int"


def test_stats_of_what_is_found():
    """The second function of one text has the code of the first."""

    def make():
        @quelea.jit
        def odd_one(x):
            return x * 7919 - 3

        return odd_one

    first, second = make(), make()
    assert first(2) == second(2)
    assert second.stats()[0].cache == "in memory"


def test_stats_of_variants():
    @quelea.jit
    def applied(f, x):
        return f(x)

    def double(x):
        return 2 * x

    applied(double, 3), applied(abs, 3)
    assert [row.reason for row in applied.stats()] == [
        "f=double: the first call",
        "f=abs: the first call",
    ]


def test_stats_after_a_change(monkeypatch):
    monkeypatch.setitem(globals(), "helper", lambda x: x + 1)

    @quelea.jit
    def called(x):
        return helper(x)  # noqa: F821

    assert called(1) == 2
    monkeypatch.setitem(globals(), "helper", lambda x: x + 2)
    assert called(1) == 3
    (row,) = called.stats()
    assert row.reason == "the first call after a name that the function depends on had changed"


def test_explain():
    @quelea.jit
    def loops(x):
        s = 0.0
        for i in range(len(x)):
            for k in range(3):
                s += x[i] * k
        for c in (1, 2.5):
            s += c
        while s > 1:
            s /= 2
        return s

    with pytest.raises(ValueError, match="not compiled"):
        loops.explain()
    loops(numpy.ones(3))
    lines = loops.explain().splitlines()
    assert lines[0].startswith("loops, ") and "test_jit.py:" in lines[0]
    after = {
        lines[k - 1].partition("| ")[2].strip(): lines[k].partition("^ ")[2]
        for k in range(len(lines))
        if "^ " in lines[k]
    }
    assert after == {
        "for i in range(len(x)):": "in order, by this process",
        "for k in range(3):": "in order, a small, known number of turns",
        "for c in (1, 2.5):": "written out: 2 times",
        "while s > 1:": "in order, by this process",
    }


def test_explain_of_recursion_and_callees():
    def below(n):
        k = 0
        while k < n:
            k += 1
        return k

    @quelea.jit
    def power(n):
        return 1 if n == 0 else 2 * power(n - 1)

    @quelea.jit
    def both(n):
        return below(n) + power(n)

    assert both(5) == 37
    text = both.explain()
    assert "calls itself: a function of its own" in text
    assert "below, " in text and "in order, by this process" in text


def test_what_jit_takes():
    with pytest.raises(TypeError, match="not int"):
        quelea.jit(3)
    with pytest.raises(ValueError, match="nopython"):
        quelea.jit(nopython=False)
    with pytest.raises(ValueError, match="nogil=True is not in Quelea yet"):
        quelea.njit(nogil=True)
    with pytest.raises(ValueError, match="parallel=3 is not one of"):
        quelea.njit(parallel=3)
    with pytest.raises(TypeError, match="no option 'paralel'"):
        quelea.njit(paralel=True)
    allowed = quelea.njit(cache=True, parallel=True, fastmath=True, inline="always", nogil=False)
    assert allowed(loops.__wrapped__)(5) == loops(5)
    with pytest.raises(TypeError, match="missing a required argument"):
        integers(1)
    with pytest.raises(TypeError, match="not object"):
        integers(object(), 1)
    with pytest.raises(OverflowError):
        integers(1 << 70, 1)


def test_what_is_no_value():
    @quelea.jit
    def with_dtype(a):
        return a.shape, a.dtype

    with pytest.raises(quelea.errors.JitError, match="QJ333"):
        with_dtype(numpy.zeros(3))

    @quelea.jit
    def sometimes(n):
        if n > 0:
            s = "big"
        return 1 if s == "big" else 0

    check(sometimes, 1)
    check(sometimes, 0)

    @quelea.jit
    def windows(a):
        s = 0.0
        for i in range(len(a) - 1):
            w = slice(i, i + 2)
            s += np.max(a[w])
        return s

    check(windows, numpy.arange(5.0))
