"""`quelea.jit` over Quelea's arrays, partitioned or not: what is raised, refused and explained."""

import math
from typing import Any

import numpy
import pytest
from jit_on_ranks import check, field
from jit_support import refused

import quelea
from quelea.errors import JitError

# ---- what is raised ----


@quelea.jit(boundscheck=True)
def shifted(a, b, by):
    for i in range(len(a)):
        b[i] = a[i + by]


@quelea.jit
def divided(a, b):
    for i in range(len(a)):
        b[i] = 100 // a[i]


@quelea.jit
def asserted(a, b):
    for i in range(len(a)):
        assert a[i] != 7, "seven"
        if a[i] == 9:
            raise ValueError("nine")
        b[i] = a[i]


@quelea.jit
def looked_at(a):
    b = a.copy()
    turns = 0
    while b.sum() >= 0:
        for i in range(len(a)):
            b[i] = a[i] // (a[i] - turns)
        turns += 1
    return turns


def test_what_iterations_raise():
    a = quelea.arange(40)
    b = quelea.zeros(40, dtype=int)
    shifted(a, b, 0)
    shifted(a, b, -1)
    with pytest.raises(IndexError, match="out of bounds for axis 0"):
        shifted(a, b, 1)
    with pytest.raises(ZeroDivisionError):
        divided(a - 25, b)
    divided(a + 1, b)
    assert int(b[3]) == 25
    with pytest.raises(AssertionError, match="seven"):
        asserted(a, b)
    with pytest.raises(ValueError, match="nine"):  # the first iteration that raises, wherever it is
        asserted(40 - a, b)
    with pytest.raises(ZeroDivisionError):
        looked_at(a + 1)
    asserted(a * 0, b)
    assert int(b.sum()) == 0


@quelea.jit
def whole(a, b):
    for i in range(len(a)):
        b[i] = a[i]


@quelea.jit
def whole_of(a, b):
    for i in range(len(a)):
        b[i] = int(a[i] * 2)


def test_floats_that_are_no_integers():
    given = numpy.linspace(-50, 50, 40)
    for dtype in ("i1", "i4", "i8"):
        b = quelea.zeros(40, dtype=dtype)
        check(whole, given, numpy.zeros(40, dtype))
        for bad, error in (
            (math.nan, ValueError),
            (math.inf, OverflowError),
            (1e30, OverflowError),
        ):
            a = given.copy()
            a[27] = bad
            for function in (whole, whole_of):
                with pytest.raises(error):
                    function(quelea.asarray(a), b)
    b = quelea.zeros(40, dtype="u2")
    whole(quelea.asarray(a), b)  # as C converts
    assert b[0] == 65486


# ---- what it says ----


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def squared(x):
    return x * x


def compiled(body: str, types: str, name: str) -> Any:
    import linecache
    import textwrap

    text = "def f(x, y, n):\n" + textwrap.indent(body, "    ") + "\n"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy, "math": math, "fib": fib, "squared": squared}
    exec(compile(text, name, "exec"), scope)
    function = quelea.jit(scope["f"])
    function._compile(types)
    return function


# What only a long function reaches, and what stands before the places in its message.
LONG = {
    "QJ401": (
        "".join(f"z{k} = x.copy()\n" for k in range(30))
        + "for i in range(n):\n    y[i] = "
        + " + ".join(f"z{k}[i]" for k in range(30)),
        "for i in range(n):\n    y[i] = x[i] + x[n - 1 - i]",
        "a loop over distributed arrays uses too many arrays and numbers",
    ),
    "QJ401-carried": (
        "".join(f"s{k} = 0.0\n" for k in range(17))
        + "for i in range(n):\n"
        + "".join(f"    s{k} = s{k} * 0.5 + x[i]\n" for k in range(17)),
        "s = 0.0\nfor i in range(n):\n    s = s * 0.5 + x[i]",
        "a loop over distributed arrays hands on more than 16 variables",
    ),
}
TYPES = "(ranks f64[:], ranks f64[:], int)"


def try_advice(code, body):
    """It is in the language, for arrays on ranks too, and what Python computes."""
    function = compiled(body, TYPES, f"<{code} instead>")
    check(function, field(40), numpy.zeros(40), 40)


@pytest.mark.parametrize("row", refused("jit_refused_ranks.txt"), ids=lambda row: row[0])
def test_refused(row):
    code, body, instead, message = row
    with pytest.raises(JitError) as caught:
        compiled(body, TYPES, f"<{code}>")
    assert caught.value.msg == message
    assert set(caught.value.codes) == {code[:5]}
    assert all(len(one.splitlines()) < 15 for one in message.split(code[:5] + ": ")[1:])
    try_advice(code, instead)


@pytest.mark.parametrize("code", LONG)
def test_refused_where_there_is_too_much(code):
    body, instead, text = LONG[code]
    with pytest.raises(JitError) as caught:
        compiled(body, TYPES, f"<{code}>")
    assert set(caught.value.codes) == {"QJ401"}
    assert f"QJ401: {text}\n  <{code}>:" in caught.value.msg
    assert "\n  instead: split it into several loops" in caught.value.msg
    try_advice(code, instead)


def test_nests_are_shown():
    function = compiled(
        "for i in range(n):\n    y[i] = x[i] * 2", "(ranks f64[:], ranks f64[:], int)", "<shown>"
    )
    assert function.inspect("nests").startswith("# nest 0\nfunction rank 0\nparam ?0: i64\n")


def test_loops_are_explained():
    body = """for s in range(n):
    for i in range(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            t = 0.0
            for k in range(n + 20):
                t += k
            y[i, j] = x[i - 1, j] + x[i + 2, j] + x[i, j - 1] + t"""
    function = compiled(body, "(ranks f64[:,:], ranks f64[:,:], int)", "<explained>")
    said = [line.partition("^ ")[2] for line in function.explain().splitlines() if "^ " in line]
    assert said == [
        "in order, by every rank; what it does with distributed arrays is done by all together",
        "parallel over ranks, by i, j: stores y[i, j]; reads x[i - 1 to i + 2, j - 1 to j]",
        "a dimension of the parallel loop around it",
        "in order, inside of an iteration of the loop over ranks",
    ]


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        ("x[i, j] = x[i - 1, j]", "in order along lines, which are parallel over ranks, by j:"),
        ("x[i, j] = x[i, j - 1]", "in order along lines, which are parallel over ranks, by i:"),
        ("x[i, j] = x[i - 1, j - 1]", "in order, one node after another, by rows i:"),
        (
            "x[i, int(y[i, j])] = 1.0",
            "parallel over ranks, by rows i (in order, one node after another, where",
        ),
        (
            "n = n + x[i, j]; y[i, j] = n",
            "in order, one node after another, by rows i: hands on n;",
        ),
    ],
)
def test_ways_are_explained(stores, said):
    body = f"for i in range(1, len(x)):\n    for j in range(1, x.shape[1]):\n        {stores}"
    function = compiled(body, "(ranks f64[:,:], ranks f64[:,:], float)", f"<way {said}>")
    assert f"^ {said}" in function.explain()


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("ranks f64[:]", "parallel over ranks, by i: reads x[i - 1 to i]; puts together s, top"),
        ("ours f64[:]", "by this process; puts together s, top, as on ranks"),
        ("f64[:]", "in order, by this process"),
    ],
)
def test_what_is_put_together_is_said(types, said):
    body = """s, top = 0.0, x[0]
for i in range(1, len(x)):
    s += x[i] - x[i - 1]
    top = max(top, x[i])
return s, top"""
    assert (
        f"^ {said}\n" in compiled(body, f"({types}, {types}, int)", f"<sums of {types}>").explain()
    )


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        ("y[i, j] = x[i, j]", "puts together s, of terms that several nodes store"),
        ("y[i, int(x[i, j])] = 1.0", "puts together s, of terms that are stored"),
        ("y[i, j] = y[i - 1, j] + x[i, j]", "puts together s, of terms that are stored"),
    ],
)
def test_where_terms_are_stored_is_said(stores, said):
    body = f"""s = 0.0
for i in range(1, len(x)):
    for j in range(x.shape[1]):
        {stores}
        s += x[i, j]
return s"""
    function = compiled(body, "(ranks f64[:,:], ranks f64[:,:], int)", f"<terms of {stores}>")
    assert f"; {said}\n" in function.explain()


def test_what_is_not_known_of_a_halo_is_not_said():
    body = """for i in range(x.size):
    t = 0.0
    for k in range(max(i - n, 0), min(i + n + 1, len(x))):
        t += x[k]
    y[i] = t"""
    function = compiled(body, "(ranks f64[:], ranks f64[:], int)", "<unknown>")
    assert "by i: stores y[i]; reads x[... of i]" in function.explain()


def test_all_codes_of_loops_are_here():
    codes = {row[0][:5] for row in refused("jit_refused_ranks.txt")}
    assert codes == {f"QJ{number}" for number in range(400, 411)}
