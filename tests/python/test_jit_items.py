"""The language of `quelea.jit`, item by item, against Python itself: `ITEMS` has short bodies by their names."""

import cmath
import collections
import linecache
import math
import textwrap
from typing import Any

import numpy
import pytest
from jit_support import check

import quelea

Point = collections.namedtuple("Point", "x y")

ITEMS = {
    # ---- values ----
    "bool": "return True + n, not n, bool(n), bool(x), bool(None), bool((1,)), True and False, ~True",
    "integers": """
        u, v = np.uint8(7), np.int16(-3)
        return u + u, v // np.int16(2), v % np.int16(2), -v, ~u, u << np.uint8(1), v ** 2, u * 3
        """,
    "integers-wide": "return np.int32(n) + np.int64(m), np.uint32(7) * 2, np.uint64(5), np.int8(n) - 1",
    "floats": "return np.float16(x) + 1, np.float32(x) * 2, np.float64(x) / 3, np.float32(x) + np.int32(n)",
    "complex": """
        z = complex(x, y)
        w = np.complex64(z)
        return z * z, z + n, z.conjugate(), w.real, w.imag, z == w, -z, z != 1j, w + 1, 2j * y
        """,
    "none": """
        k = None
        def given(v, w=None):
            return v if w is None else v + w
        return k is None, k is not None, given(n), given(n, m), given(n, None), None == k
        """,
    "tuples": """
        t = ((n, x), (m, (y, 2)))
        (p, q), (r, (s, u)) = t
        return t[1][1][0], p + r, q * s, u, t, len(t), t[0] + t[1][1], (n,) * 3, t[-1][0], t[0][1:]
        """,
    "tuples-compared": """
        one = (n, m) == (m, n), (n, m) != (n, m)
        return one, ((n, 1), 2) == ((n, 1), 2), () == (), (1,) == (1, 2)
        """,
    "tuples-named": """
        p = Point(n, y=x)
        q = Point(p.y, p.x)
        return p.x + p[1], q, len(p), p == (n, x), (lambda x, y: x - y)(*p)
        """,
    "slices": """
        s, t = slice(1, None, 2), slice(n)
        return a[s], c[s, s], a[t], a[slice(None, -1)]
        """,
    "dtypes": """
        d = np.float32
        one = np.zeros(3, d), a.astype(d), np.ones(2, dtype=a.dtype)
        return one, a.dtype == np.float64, d(x), np.empty(2, bool).dtype == np.bool_
        """,
    "ranks": """
        d = np.zeros((2, 3, 1, 2))
        d[1, 2, 0, 1] = x
        e = np.array(y)
        return d, d[1].sum(), d.ndim, d[..., 1].shape, d.size, e, e + 1, e.ndim, len(d)
        """,
    "functions": """
        def apply(f, v):
            return f(v)
        def half(v):
            return v / 2
        g = half
        return apply(half, x), apply(lambda v: v - n, m), apply(abs, y), apply(math.floor, x), g(3)
        """,
    # ---- statements ----
    "assignment": "p = q = r = n + 1\nq += 1\nr: int = q * 2\nreturn p, q, r",
    "unpacking": """
        i, j = n, m
        i, j = j, i
        [p, (q, r)] = x, (y, i)
        a[0], a[1] = a[1], a[0]
        u, v, w, *others = c[:, 0][0], c[1, 1], 2, 3, 4
        return i, j, p, q, r, u, v, w, others
        """,
    "starred": """
        first, *rest = n, m, 3, 4
        *most, last = n, m, 3
        one, *none, two = 1, 2
        (p, *q), *r = (n, x), y, 1
        return first, rest, most, last, one, none, two, p, q, r, [*rest, first][0], (*most, *rest)
        """,
    "unpacking-arrays": """
        p, q, r = c
        i, j = c[0, :2]
        return p, q.sum(), r[0], i + j
        """,
    "augmented": """
        i, v = n, x
        i += m
        i -= 3
        i *= 2
        i //= 4
        i %= 7
        i <<= 3
        i >>= 1
        i |= 8
        i &= 13
        i ^= 5
        v /= 4
        v **= 2
        a[1] += v
        a[2:] *= 2
        a[::2] -= a[1]
        c[0] += c[1]
        c[-1, 1:] /= 2
        return i, v
        """,
    "stores": """
        a[0] = n
        a[-1] = x
        a[1:3] = y
        a[::-2] = a[3:]
        c[1, 2] = m
        c[0] = a[:4]
        c[:, 0] = 7
        c[..., -1] = c[..., 0]
        c[1:, 1:3] = c[:-1, :2]
        """,
    "if": """
        if n > 3:
            k = 1
        elif n > 0 and m:
            k = 2
        elif x:
            k = 3
        else:
            k = 4
        if k: pass
        return k
        """,
    "while": """
        k = 0
        while True:
            k += 1
            if k == 3:
                continue
            if k > 5:
                break
        else:
            k = -1
        while k > n:
            k -= 1
        else:
            k += 100
        return k
        """,
    "for-range": """
        s = 0
        for i in range(n):
            s += i
        for i in range(n, m):
            s += i * 10
        for i in range(9, n, -2):
            s += i * 100
        for i in range(2, 9, 3):
            s = s * 2 + i
            i = 77
        return s, i
        """,
    "for-arrays": """
        s = 0.0
        for v in a:
            s = s * 0.5 + v
        for row in c:
            for v in row[::-1]:
                s = s * 0.5 + v
        for row in c[:, 1:]:
            row[0] = s
        return s, v
        """,
    "for-items": """
        s = 0.0
        for v in (n, x, True):
            s = s * 2 + v
        for i, v in enumerate(a, 1):
            s += i * v
        for i, (p, q) in enumerate(zip(a, a[1:])):
            s += i * p * q
        for p, q, i in zip(a, c[0], range(9)):
            s += p - q * i
        for v in reversed(a[:3]):
            s = s / 2 - v
        for i, v in enumerate((y, 2)):
            s += i * v
        return s
        """,
    "for-else": """
        s = 0
        for i in range(9):
            if i == n:
                break
            for v in a:
                if v > x:
                    break
            else:
                s += 1000
                continue
            s += 1
        else:
            s = -s
        return s
        """,
    "return": """
        for i in range(9):
            for j in range(9):
                if i * j == n + 6:
                    return i, j
        if x > 0:
            return 0, n
        return 0, m
        """,
    "return-nothing": "a[0] = 3\nif n > 0:\n    return\na[1] = 4",
    "assert": "assert n > 0, 'n is not above 0'\nassert m\nreturn n",
    "raise": "if n < 0:\n    raise ValueError('below 0')\nif n == 0:\n    raise ZeroDivisionError\nreturn 1 / n",
    "def": """
        by = 2
        def scaled(v, w=3, /, u=1, *, plus=0):
            'A function inside.'
            return v * w * by + u - plus
        first = scaled(n)
        by = 5
        return first, scaled(n), scaled(n, m), scaled(n, m, 7), scaled(n, u=2, plus=x)
        """,
    "documentation": "'What it does.'\n...\npass\nreturn n",
    # ---- expressions ----
    "signs": """
        k = m or 3
        return n // k, n % k, -n // 3, n % -4, -7 // 2, -7 % 2, 7 // -2, 7 % -2, divmod(n, -3), divmod(-n, 4)
        """,
    "signs-of-floats": """
        one = x // 0.75, x % 0.75, x // -2, x % -2, -7.5 // 2
        return one, -7.5 % 2, divmod(x, 0.5), divmod(y, -3), n % 2.5, 0.0 // -1.0
        """,
    "shifts": "return n << 2, n >> 1, -9 >> 1, -9 << 2, 1 << 62, n >> 63, True << 3",
    "bits": "return n & m, n | m, n ^ m, ~n, n & -2, True & False, True | False, True ^ True, True & 3",
    "powers": """
        one = n ** 2, 2 ** 5, x ** 2, 2 ** -1, (-2) ** 3
        return one, -2 ** 2, n ** 0, pow(n, 3), pow(2, -2), 4 ** 0.5, x ** 0
        """,
    "division": "return n / 4, 7 / 2, x / 4, 1 / (n or 1), True / 2",
    "division-by-zero": "return n // (n - n)",
    "chained": """
        def twice(v):
            a[0] += 1
            return 2 * v
        k = n < twice(m) < 9
        return n < m < 5, 0 <= n <= m != 3, n == m == m, x < y > 0 < n, n < 3 > m >= -9, 1 < 2 < 3 < 4, k
        """,
    "short-circuit": """
        def counted(v):
            a[0] += 1
            return v
        p = counted(n) and counted(m)
        q = counted(n) or counted(m)
        return p, q, n and m or 5, not (n and m), n > 0 and 8 // n > 1, x or y, x and y and 1.5
        """,
    "is": "k = n > 0\nreturn k is True, k is not False, None is None, math.pi is None, abs is abs, abs is not min",
    "in": """
        t = (1, n, 3)
        one = m in t, m not in t, x in (1.5, n), n in range(0, 9, 3)
        return one, m in range(9, 0, -2), 2.5 in a, n not in c, n in [1, m]
        """,
    "conditional": "return n if n > m else m, (x if n else y) * 2, 1 if x > 0 else 2 if y > 0 else 3, 'a' == 'b'",
    "slicing": """
        one = a[::-1], a[-3:], a[:-2], a[4:1:-1], a[::-2], a[n:m]
        return one, a[m::-1], a[n::2], a[5:2], a[-100:2], a[3:100], a[:n:-1]
        """,
    "slicing-axes": "return c[::-1, ::2], c[-1, :], c[:, -2], c[1:, 1:-1], c[n:, :m], c[1][2], c[:, ::-1][0]",
    "ellipsis": "return c[..., 0], c[..., None], c[0, ...], c[..., 1, 2], a[...], c[...][1], c[..., ::-1].shape",
    "newaxis": """
        one = a[None], a[:, np.newaxis].shape
        return one, c[None, ..., -1], c[:, None, 1:].shape, a[:, None] * a[None, :3]
        """,
    "negative": "return a[-1], c[-1, -2], a[n % 6 - 6], c[-3][-1], (n, m, 5)[-2], a[-6]",
    "index-error": "i = n + 8\nreturn (n, m, 5)[i]",
    "lists": """
        p = [n, m, 3]
        q = [x, n]
        r = [[1, n], [m, 4]]
        return np.array(p), np.array(q), np.array(r), p[0] + p[-1], len(p), sum(p), np.array(p + [4]), float(max(q))
        """,
    "comprehensions": """
        p = np.array([i * x for i in range(5)])
        q = np.array([v for v in a if v > x])
        r = np.array([i * 10 + n for i in range(3) if i != 1])
        s = np.array([v + w for v, w in zip(a, a[::-1])])
        t = tuple(v * 2 for v in (n, m))
        return p, q.sum(), len(q), r, s, t, sum([i for i in range(abs(n))]), sum(v * v for v in a)
        """,
    "lambda": """
        g = lambda v, k=2, *more: v * k + n + len(more)
        return g(x), g(x, 3), g(k=4, v=1), g(1, 2, 3, 4), (lambda: m)(), (lambda *v: v)(1, x)
        """,
    "arguments": """
        def total(first, *rest):
            s = first
            for v in rest:
                s = s * 10 + v
            return s
        def named(p, q=5, *, r=1):
            return p * 100 + q * 10 + r
        t = (n, m)
        one = total(n), total(n, m, 3), total(*t), total(*t, 3)
        return one, total(1, *t, *t), named(n), named(q=1, p=2), named(*t, r=3)
        """,
    "walrus": "if (k := n + m) > 3:\n    k += 10\nreturn k, (j := k * 2) + j, [i := 3, i + 1][1]",
    # ---- functions ----
    "closures": """
        k = n
        def outer(v):
            def inner(w):
                return v * w + k
            return inner(3) + inner(m)
        first = outer(x)
        k = 100
        return first, outer(x)
        """,
    "globals": "return WIDTH * n, STEPS[1], POINT.y, VECTOR[n % 3] + VECTOR.sum(), helper(n)",
    "recursion": """
        def fact(k):
            return 1 if k < 2 else k * fact(k - 1)
        def fib(k):
            if k < 2:
                return k
            return fib(k - 1) + fib(k - 2)
        def power(v, k):
            return 1.0 if k == 0 else v * power(v, k - 1)
        return fact(abs(n)), fib(10), power(x, 5), ackermann(2, 2), is_even(abs(n))
        """,
    "compiled": "return compiled(n), compiled(x), compiled(m, by=3), compiled(a)",
    # ---- builtins ----
    "len": "return len(a), len(c), len((n, m)), len([1, n, 3]), len(()), len(range(n, 9, 2)), len(c[0, 1:])",
    "min-max": """
        one = min(n, m), max(n, m, 3), min(x, y, 0.5), max((n, m))
        return one, min(a), max([n, 7, m]), min(c[0]), max(n, m) - min(n, m)
        """,
    "abs": "return abs(n), abs(x), abs(-0.0), abs(True), abs(3 - 4j), abs(a), abs(np.int8(-5))",
    "sum": """
        one = sum((n, m, 1)), sum([x, y]), sum(a)
        return one, sum(range(abs(n))), sum(a, 10.0), sum((), 3), sum(v for v in (1, n))
        """,
    "any-all": """
        one = any((n > 0, m > 0)), all((n, m, x)), any(())
        return one, all(()), any(v > 2 for v in a), all([v > -99 for v in a]), any(a > 2)
        """,
    "pow": "return pow(n, 2), pow(x, 2), pow(2, 10), pow(2.0, 3), pow(n, 0)",
    "round": "return round(x), round(-2.5), round(3.5), round(n), round(x, 1), round(2.675, 2), round(x, None)",
    "divmod": "return divmod(17, 5), divmod(-17, 5), divmod(n, 7), divmod(x, 0.25), divmod(17, -5)[1]",
    "int": "return int(x), int(-2.7), int(n), int(True), int(), int(np.float32(3.9)), int(a[0])",
    "float": "return float(n), float(True), float(), float('inf'), float('-2.5'), float(np.int8(3)), float(a[1])",
    "bool-of": "return bool(n), bool(0.0), bool(x), bool(), bool(()), bool((0,)), bool([]), bool(1j), bool(a[0])",
    "complex-of": "return complex(n, m), complex(x), complex(), complex(1j), complex(2, x)",
    "zip": "s = 0.0\nfor p, q, r in zip(a, (1, n, 3), range(10, 20)):\n    s = s * 2 + p * q - r\nreturn s",
    "enumerate": "s = 0\nfor i, v in enumerate((n, m, 5), start=2):\n    s = s * 3 + i * v\nreturn s",
    "map": "return tuple(map(abs, (n, m, x))), sum(map(lambda v, w: v * w, a, a[1:])), tuple(map(helper, (1, n)))",
    "tuple": "return tuple((n, x)), tuple(v + 1 for v in (n, m)), tuple(c.shape), ()",
    "sorted-reversed": """
        p, s = sorted([n, m, 3]), 0
        for v in reversed(p):
            s = s * 10 + v
        return s, p[0], max(sorted(a))
        """,
    # ---- arrays of an iteration ----
    "private": """
        s = 0.0
        for i in range(4):
            t = np.empty(3)
            for j in range(3):
                t[j] = i * 10 + j
            u = np.zeros((2, 2))
            u[i % 2, 1] = t[2]
            w = np.array([x, y, 1.5])
            w[1:] += t[:2]
            s += t.sum() + u[1, 1] - w[i % 3] + np.ones(2)[1] + np.full(2, n)[0]
        return s
        """,
    "private-kept": """
        kept = np.zeros(3)
        for i in range(3):
            t = np.zeros(3)
            t[i] = n + 1
            if i == 1:
                kept = t
        return kept
        """,
}

WIDTH, STEPS, POINT = 7, (1, 2.5), Point(1, 2.5)
VECTOR = numpy.array([1.5, -2.0, 4.0])


def helper(v):
    return v * 2 + 1


def ackermann(i, j):
    if i == 0:
        return j + 1
    return ackermann(i - 1, 1) if j == 0 else ackermann(i - 1, ackermann(i, j - 1))


def is_even(k):
    return True if k == 0 else is_odd(k - 1)


def is_odd(k):
    return False if k == 0 else is_even(k - 1)


@quelea.jit
def compiled(v, by=2):
    return v * by


def made(body: str, name: str) -> Any:
    """The function f(n, m, x, y, a, c) of that body."""
    text = "def f(n, m, x, y, a, c):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope = {**globals(), "np": numpy}
    exec(compile(text + "\n", name, "exec"), scope)
    return quelea.jit(scope["f"])


@pytest.mark.parametrize("name", ITEMS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_items(name):
    function = made(ITEMS[name], f"<item {name}>")
    a, c = numpy.array([2.5, -1.0, 4.0, 0.5, 3.0, -2.25]), numpy.arange(12.0).reshape(3, 4) - 4
    for n, m, x, y in (
        (3, 5, 2.75, -1.5),
        (-2, 1, -0.5, 3.25),
        (0, 0, 0.0, 1.0),
        (4, 4, 1e6, -0.0),
    ):
        check(function, n, m, x, y, a, c)


# ---- math, cmath ----

REAL = "acos asin atan cos sin tan cosh sinh tanh exp expm1 log log2 log10 log1p sqrt cbrt exp2 erf erfc gamma lgamma"
REAL += " degrees radians fabs acosh asinh atanh"
EXACT = "ceil floor trunc fabs isnan isinf isfinite sqrt"
TWO = "atan2 copysign fmod hypot pow remainder"
COMPLEX = "acos asin atan cos sin tan cosh sinh tanh exp log log10 sqrt acosh asinh atanh phase"


def of_one(module: str, name: str) -> Any:
    return made(f"return {module}.{name}(x)", f"<{module}.{name}>")


@pytest.mark.parametrize("name", REAL.split())
def test_functions_of_math(name):
    function = of_one("math", name)
    for x in (0.25, 0.75, 1.0, 1.5, 3.75):
        try:
            want = getattr(math, name)(x)
        except ValueError:
            assert math.isnan(function(0, 0, x, 0, 0, 0)) or math.isinf(function(0, 0, x, 0, 0, 0))
            continue
        got = function(0, 0, x, 0, 0, 0)
        assert type(got) is float and got == pytest.approx(want, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("name", EXACT.split())
def test_exact_functions_of_math(name):
    function = of_one("math", name)
    for x in (0.0, -0.0, 0.5, 2.5, 1e15 + 0.5, 7):
        check(function, 0, 0, x, 0, 0, 0)
    if name not in ("sqrt", "ceil", "floor", "trunc"):
        for x in (math.inf, -math.inf, math.nan, -3.5):
            check(function, 0, 0, x, 0, 0, 0)


@pytest.mark.parametrize("name", TWO.split())
def test_functions_of_math_of_two(name):
    function = made(f"return math.{name}(x, y)", f"<math.{name}>")
    for x, y in ((3.0, 4.0), (7.5, -2.0), (0.5, 1.25), (5, 3), (2.0, 0.5)):
        if x > 0 or name != "pow":
            got, want = function(0, 0, x, y, 0, 0), getattr(math, name)(x, y)
            assert type(got) is float and got == pytest.approx(want, rel=1e-14)


def test_numbers_of_math():
    body = "return math.pi, math.e, math.tau, math.inf, -math.inf, math.nan, cmath.pi, cmath.infj"
    check(made(body, "<numbers>"), 0, 0, 0, 0, 0, 0)
    nan = made("return cmath.nanj", "<nan>")(0, 0, 0, 0, 0, 0)
    assert nan.real == 0.0 and math.isnan(nan.imag)


WHOLE = """
    return (
        math.gcd(n, m), math.lcm(n, m), math.factorial(abs(n) % 21), math.isqrt(abs(n)),
        math.comb(abs(n), 2), math.perm(abs(n), 2), math.prod(range(1, 6)), math.prod((x, y, 2)),
        math.isclose(x, y), math.isclose(x, x + 1e-12), math.isclose(1.0, 1.1, rel_tol=0.2),
    )
    """
PARTS = """
    return (
        math.modf(x), math.frexp(x), math.ldexp(x, 5), math.ulp(x), math.remainder(x, 0.75),
        math.nextafter(x, y), math.remainder(x, math.inf), math.frexp(5e-324), math.modf(-math.inf),
        math.remainder(2.5, 1.0), math.remainder(3.5, -1.0), math.ulp(1.7976931348623157e308),
    )
    """


def test_functions_of_math_of_whole_numbers():
    function = made(WHOLE, "<whole>")
    for n, m, x, y in ((12, 18, 0.5, 2.0), (-7, 21, 1e300, 0.0), (0, 5, math.inf, math.inf)):
        check(function, n, m, x, y, 0, 0)
    for body in ("return math.factorial(n)", "return math.isqrt(n)", "return math.comb(n, 1)"):
        check(made(body, "<below zero>"), -1, 0, 0, 0, 0, 0)


def test_functions_of_math_that_take_numbers_apart():
    function = made(PARTS, "<parts>")
    for x in (2.75, -0.5, 0.0, -0.0, 1e300, -3e-310, 7.0, -1.125, 5e-324):
        check(function, 0, 0, x, 1.0, 0, 0)


def test_functions_of_cmath_that_take_numbers_apart():
    body = """
        return (
            cmath.isfinite(x), cmath.isinf(x), cmath.isnan(x), cmath.isclose(x, y), cmath.isclose(x, x),
            cmath.rect(2.0, 0.0), cmath.isclose(x, x * (1 + 1e-12)),
        )
        """
    function, polar = made(body, "<polar>"), made("return cmath.polar(x)", "<polar of>")
    rect = made("return cmath.rect(x, y)", "<rect>")
    for z in (1 + 2j, 0j, complex(math.inf, 1), complex(1, math.nan), -1 - 0.0j):
        check(function, 0, 0, z, 1 + 2j, 0, 0)
        assert polar(0, 0, z, 0, 0, 0) == pytest.approx(cmath.polar(z), rel=1e-14, nan_ok=True)
    for r, phi in ((2.0, 0.5), (-1.5, 4.0), (3.0, -0.0), (1, 2)):
        got, want = rect(0, 0, r, phi, 0, 0), cmath.rect(r, phi)
        assert abs(got - want) <= 1e-14 * abs(want)


@pytest.mark.parametrize("name", COMPLEX.split())
def test_functions_of_cmath(name):
    function = of_one("cmath", name)
    for z in (0.5 + 0.25j, -1.5 + 2j, 2 - 0.5j, 0.75 + 0j):
        got, want = function(0, 0, z, 0, 0, 0), getattr(cmath, name)(z)
        assert type(got) is type(want) and abs(got - want) <= 1e-14 * max(abs(want), 1)


# ---- print ----


@quelea.jit
def prints(n, x):
    print("n is", n, x, n > 1)
    for i in range(2):
        print(i, i * x)
    print()
    return n


def test_print_goes_where_pythons_goes(capsys):  # of other ranks than 0 nowhere (process.py)
    prints(3, 1.5)
    said = capsys.readouterr().out
    prints.__wrapped__(3, 1.5)
    assert said == capsys.readouterr().out
