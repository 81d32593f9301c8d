"""`quelea.jit` over Quelea's arrays, partitioned or not: what is raised, refused and explained."""

import math
from typing import Any

import numpy
import pytest

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


REFUSED = {
    "QJ402-one": (
        "for i in range(n):\n    y[n // 2] = x[i]",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ402-items": ("s = 0.0\nfor v in x:\n    s += v\nreturn s", "return np.sum(x)"),
    "QJ400-list": ("return [i * 2.0 for i in range(n)]", "return np.zeros(n)"),
    "QJ401": (
        "".join(f"z{k} = x.copy()\n" for k in range(30))
        + "for i in range(n):\n    y[i] = "
        + " + ".join(f"z{k}[i]" for k in range(30)),
        "for i in range(n):\n    y[i] = x[i] + x[n - 1 - i]",
    ),
    "QJ401-terms": (
        "s = t = u = v = 0.0\nfor i in range(n):\n    s = s * 0.5 + x[i]\n    y[i] = s\n"
        "    t += s\n    u += x[i]\n    v += 1",
        "s = t = 0.0\nfor i in range(n):\n    s = s * 0.5 + x[i]\n    y[i] = s\n    t += s",
    ),
    "QJ401-carried": (
        "".join(f"s{k} = 0.0\n" for k in range(17))
        + "for i in range(n):\n"
        + "".join(f"    s{k} = s{k} * 0.5 + x[i]\n" for k in range(17)),
        "s = 0.0\nfor i in range(n):\n    s = s * 0.5 + x[i]",
    ),
    "QJ406": (
        "for i in range(n):\n    y[i] = fib(i)",
        "for i in range(n):\n    y[i] = squared(i)",
    ),
    "QJ408": (
        "def g():\n    for i in range(n):\n        y[i] = x[i]\ng()",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ403": (
        "for i in range(n):\n    y[i * i] = x[i]",
        "for i in range(n):\n    y[i] = x[i]",
    ),
    "QJ403-place": (
        "for i in range(n):\n    y[int(x[i])] += 1",
        "for i in range(n):\n    y[i] += 1",
    ),
    "QJ404-twice": (
        "a, b = x.copy(), x.copy()\nfor i in range(1, n):\n"
        + "".join(f"    {z}[i] = 1\n    {z}[i - 1] = 2\n" for z in "abxy"),
        "for i in range(1, n):\n    y[i] = x[i]\n    y[i - 1] = x[i]",
    ),
    "QJ405-after": (
        "for i in range(n):\n    s = x[i]\n    y[i] = s\nreturn s",
        "for i in range(n):\n    s = x[i]\n    y[i] = s\ns = 1.0\nreturn s",
    ),
    "QJ405-turns": (
        "s = 0.0\nfor k in range(n):\n    s = s + 1\n    for i in range(n):\n        s = x[i]\n        y[i] = s",
        "s = 0.0\nfor k in range(n):\n    s = s + 1\n    for i in range(n):\n        t = x[i]\n        y[i] = t",
    ),
    "QJ405-some": (
        "s = 0.0\nif n > 3:\n    for i in range(n):\n        s = x[i]\n        y[i] = s\nreturn s",
        "s = 0.0\nif n > 3:\n    for i in range(n):\n        t = x[i]\n        y[i] = t\nreturn s",
    ),
    "QJ407": (
        "for i in range(n):\n    print(i)\n    y[i] = x[i]",
        "print(n)\nfor i in range(n):\n    y[i] = x[i]",
    ),
    "QJ409": (
        "for i in range(n):\n    x.fill(1.0)\n    y[i] = x[i]",
        "x[:] = 1.0\nfor i in range(n):\n    y[i] = x[i]",
    ),
    "QJ410": (
        "z = x[:, None] * y[None, :]\nfor i in range(n):\n    if x[i] > 0:\n        return z[i]\nreturn y",
        "z = x[:, None] * y[None, :]\nk = 0\nfor i in range(n):\n    if x[i] > 0:\n        k = i\n"
        "        break\nreturn z[k]",
    ),
    "QJ400": ("return x[x > 0]", "x[x < 0] = 0\nreturn x.reshape(n, 1)"),
    "QJ400-factors": ("return np.linalg.inv(x[:, None])", "return x[:, None] @ y[None, :]"),
}


@pytest.mark.parametrize(("code", "bodies"), REFUSED.items())
def test_refused(code, bodies):
    types = "(ranks f64[:], ranks f64[:], int)"
    with pytest.raises(JitError) as caught:
        compiled(bodies[0], types, f"<{code}>")
    assert set(caught.value.codes) == {code[:5]}
    where = "test_jit_ranks_said.py:" if code == "QJ406" else f"<{code}>:"  # in the function called
    assert where in str(caught.value) and "instead: " in str(caught.value)
    compiled(bodies[1], types, f"<{code} instead>")


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


def test_what_is_not_known_of_a_halo_is_not_said():
    body = """for i in range(x.size):
    t = 0.0
    for k in range(max(i - n, 0), min(i + n + 1, len(x))):
        t += x[k]
    y[i] = t"""
    function = compiled(body, "(ranks f64[:], ranks f64[:], int)", "<unknown>")
    assert "by i: stores y[i]; reads x[... of i]" in function.explain()
