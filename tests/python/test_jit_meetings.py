"""`quelea.jit` against Python itself: Python's numbers and NumPy's that meet in one variable, whichever comes first."""

import linecache
from typing import Any

import jit_on_ranks
import numpy
import numpy as np
import pytest
from jit_support import check, outcome
from jobs import LAUNCHED

import quelea
from quelea.errors import JitError

one_process = pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")

INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
FLOATS = ("f2", "f4", "f8", "F", "D")

# What meets K, a number of Python's, with x, y = a[0], a[1] of NumPy's. In the `else` of loops is what
# they end with.
WAYS = {
    "branch": "v = K\nif c:\n    v = x",
    "branch, other first": "v = x\nif not c:\n    v = K",
    "head": "v = K\nfor i in range(c):\n    v = a[i]",
    "head, other first": "v = x\nfor i in range(c):\n    v = K",
    "heads": "v = K\nfor i in range(2):\n    for j in range(c):\n        v = a[j]",
    "break": "v = x\nfor i in range(2):\n    if c:\n        v = K\n        break",
    "continue": "v = K\nfor i in range(2):\n    if not c:\n        continue\n    v = a[i]",
    "while": "v, i = K, 0\nwhile i < c:\n    v = a[i]\n    i += 1",
    "one of two": "v = x if c else K",
    "one of two, other first": "v = K if c else x",
    "or": "v = (x if c else x * 0) or K",
    "or, other first": "v = (K if c else 0) or x",
    "item": "v = (x, K)[c]",
    "item, other first": "v = (K, y, x)[c]",
    "parts": "p = (K, x)\nif c:\n    p = (x, K)\nv = p[0]",
    "returned": "v = either(c, x, K)",
    "returned, other first": "v = either(c, K, x)",
    "kept": "v = K\nfor i in range(c):\n    if i > 3:\n        v = a[i]",
}
ORDERED = {
    "min": "v = min(x, K)",
    "min, other first": "v = min(K, x)",
    "max": "v = max(x, K)",
    "max, other first": "v = max(K, y, x)",
    "least so far": "v = K\nfor i in range(2):\n    v = min(v, a[i])",
    "greatest so far": "v = K\nfor i in range(2):\n    v = max(a[i], v)",
    "above": "v = K\nfor i in range(2):\n    if a[i] > v:\n        v = a[i]",
}
HEAD = """\
def either(c, one, other):
    if c:
        return one
    return other
def f(a, c, k):
    x, y = a[0], a[1]
"""


def function_of(ways: dict[str, str], number: str) -> Any:
    """f(a, c, k): what v is in all these ways, and what comes of it where it is used."""
    lines = []
    for n, way in enumerate(ways.values()):
        lines += [*way.replace("K", number).splitlines(), f"v{n} = v"]
    text = HEAD + "".join(f"    {line}\n" for line in lines)
    text += "    return " + ", ".join(f"v{n}" for n in range(len(ways))) + ",\n"
    name = f"<meetings {number} {next(iter(ways))}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {}
    exec(compile(text, name, "exec"), scope)
    return scope["f"]


def compare(ways: dict[str, str], number: str, a: Any, k: Any, dtype: str) -> None:
    """The same numbers as Python's, of one dtype."""
    function = function_of(ways, number)
    compiled = quelea.jit(function)
    for c in (0, 1):
        want, _, raised = outcome(function, (a, c, k))
        got, _, error = outcome(compiled, (a, c, k))
        assert raised is None and error is None, (number, a.dtype, error)
        for way, one, other in zip(ways, got, want, strict=True):
            where = number, a.dtype, c, way, one, other
            assert one == other or (one != one and other != other), where
            assert numpy.asarray(one).dtype == dtype, where


def holds(dtype: str, number: int) -> bool:
    info = numpy.iinfo(dtype)
    return info.min <= number <= info.max


@one_process
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers(dtype):
    info = numpy.iinfo(dtype)
    least, most = max(info.min, -(2**63)), min(info.max, 2**63 - 1)
    a = numpy.array([info.max, info.min + 1], dtype)
    for number in {-1, least, max(least - 1, -(2**63)), min(most + 1, 2**63 - 1), 0}:
        if dtype == "u8" and number < 0:
            refuses = function_of({"branch": WAYS["branch"]}, str(number))
            with pytest.raises(JitError, match=r"QJ303: 'v' .*no dtype holds both"):
                quelea.jit(refuses)(a, 1, 0)
            continue
        both = dtype if holds(dtype, number) else "i8"
        compare(WAYS, str(number), a, 0, both)
        compare(ORDERED, str(number), a, 0, both)


@one_process
def test_integers_that_are_not_known():
    """An argument of Python's may be any integer of 64 bits; a length is no negative one."""
    for dtype in ("u1", "i2", "i8"):
        a = numpy.array([100, 7], dtype)
        for k in (-1, 40_000, 3):
            compare({**WAYS, **ORDERED}, "k", a, k, "i8")
    a = numpy.array([2**64 - 1, 7], "u8")
    compare({**WAYS, **ORDERED}, "len(a)", a, 0, "u8")
    for way in ("branch", "head, other first", "one of two", "item", "returned"):
        with pytest.raises(JitError, match="QJ303"):
            quelea.jit(function_of({way: WAYS[way]}, "k"))(a, 1, 3)
    for way in ORDERED:
        with pytest.raises(JitError, match="QJ303"):
            quelea.jit(function_of({way: ORDERED[way]}, "k"))(a, 1, 3)


@quelea.jit
def beside_what_is_negative(a):
    return min(a[0], -1), max(a[0], -1), min(-5, a[1]), max(-5, a[1])


@quelea.jit
def torn_and_forgotten(a, n):
    s = 0
    for i in range(n):
        v = -1
        if a[i] > 3:
            v = a[i]
            s += 1
    v = a[0]
    return v, s


@quelea.jit
def torn_and_a_float(a, n):
    v = a[0]
    if n == 1:
        v = -1
    elif n == 2:
        v = 0.5
    return v


def test_what_no_dtype_holds():
    a = numpy.array([2**64 - 1, 5], "u8")
    got, want = beside_what_is_negative(a), beside_what_is_negative.__wrapped__(a)
    assert got == want
    check(torn_and_forgotten, a, 2)
    for n in range(3):
        assert torn_and_a_float(a, n) == float(torn_and_a_float.__wrapped__(a, n))


@one_process
@pytest.mark.parametrize("dtype", FLOATS)
def test_floats(dtype):
    """What is finite stays so; it may be rounded."""
    kind, part = numpy.dtype(dtype), numpy.finfo(dtype).dtype
    is_complex, single = kind.kind == "c", "D" if part == "f8" else "F"
    wide = "D" if is_complex else "f8"
    a = numpy.array([1.5, -0.25], dtype)
    ways = WAYS if is_complex else {**WAYS, **ORDERED}
    numbers = {"-2.5": dtype, "70000": wide if part == "f2" else dtype}
    numbers |= {"1e300": dtype if part == "f8" else wide, repr(float(numpy.finfo(part).max)): dtype}
    numbers |= {"(-1e999)": dtype, "(1e999 - 1e999)": dtype}
    for number, both in numbers.items():
        compare(ways, number, a, 0, both)
    for k in (1e300, 2.5):
        compare(ways, "k", a, k, wide)
    compare(ways, "k", a, 3, wide if part == "f2" else dtype)  # no int is infinite in others
    compare(WAYS, "(1e39 + 2j)", a, 0, "D")
    compare(WAYS, "(-2.5 + 2j)", a, 0, single)


@quelea.jit
def met_in_a_mask(a, n):
    a[a > n] = 300
    return a


@quelea.jit
def met_in_while(a, n):
    y = 1000
    while n > 0:
        n -= 1
        y = y + a[n]
    return y


@quelea.jit
def sum_of_small(a):
    s = 0
    for _ in range(2):
        for j in range(len(a)):
            s = s + a[j]
    return s


@quelea.jit
def made(a, x):
    return np.array([a[0], 300]), np.array([x, 0.1]), [a[0], a[1]], np.array([True, 2])


@quelea.jit
def kept_in_a_list(a):
    t = [a[0], a[1]]
    t[0] = 7
    return t[0], t[1]


@quelea.jit
def changed_in_a_list(a, k):
    t = [a[0], a[1]]
    t[0] = k
    return t[0]


def test_beside_them():
    a = numpy.array([200, 100, 7], "u1")
    check(sum_of_small, a)  # of Python's 0 and NumPy's: it wraps
    assert kept_in_a_list(a) == kept_in_a_list.__wrapped__(a)
    for n in (0, 1, 3):
        want = 1000 + int(a[:n].sum())  # NumPy's raises: 1000 is none of its dtype
        assert met_in_while(a, n) == want
    with pytest.raises(JitError, match="QJ369"):
        met_in_a_mask(a, 3)
    with pytest.raises(JitError, match="QJ360"):
        changed_in_a_list(a, 300)
    got = made(a, numpy.float32(2))
    for one, other in zip(got, made.__wrapped__(a, numpy.float32(2)), strict=True):
        assert (
            numpy.array_equal(one, other) and numpy.asarray(one).dtype == numpy.array(other).dtype
        )


# ---- over ranks ----


@quelea.jit
def added(a, n, out):
    s, p = n, 300
    for i in range(len(a)):
        s += a[i]
        p += a[i]
        out[i] = a[i]
    return s, p


@quelea.jit
def added_to_nothing(a, out):
    s = 0
    for i in range(len(a)):
        s += a[i]
        out[i] = a[i]
    return s


@quelea.jit
def handed_on(a, out, k):
    last, before, least = -1, 0, k
    for i in range(len(a)):
        out[i] = before != a[i]
        least = min(least, a[i])
        if a[i] > 3:
            last = a[i]
        before = a[i]
    return last, before, least


def test_over_ranks():
    """Loops that are shared out meet as others do."""
    for dtype in ("u1", "i2", "f4"):
        a, out = (numpy.arange(30_000) % 100).astype(dtype), numpy.zeros(30_000, "i8")
        shared, into = quelea.asarray(a), quelea.asarray(out)
        got, before = added(shared, 5, into), added(a, 5, out)
        total = int(a.sum(dtype="i8"))
        second = (total + 300 + 2**15) % 2**16 - 2**15 if dtype == "i2" else total + 300
        assert got == before == (5 + total, second)  # an int16 holds 300, and wraps
        assert type(got[0]) is type(before[0]) and type(got[1]) is type(before[1])
        got, want = added_to_nothing(shared, into), added_to_nothing(a, out)
        assert got == want and got.dtype == want.dtype == dtype
        for k in (-5, 50) if dtype != "f4" else (1e300, -1e300):
            jit_on_ranks.check(handed_on, a, out, k)
    assert added(shared, 1e300, into)[0] == 1e300
