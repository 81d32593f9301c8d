"""`quelea.jit` against Python itself: the language, statement by statement and operator by operator."""

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy
import numpy as np
import pytest

import quelea

K = 10  # captured by functions below, and changed by tests
TABLE = numpy.arange(3.0)


def outcome(function: Callable[..., Any], args: Any) -> Any:
    """What a call gives, what it leaves in its arguments, and what it raises."""
    given = copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*given), given, None
        except (ArithmeticError, AssertionError, LookupError, NameError, ValueError) as error:
            return None, given, error


def same(got: Any, want: Any, where: str = "") -> None:
    if isinstance(want, (tuple, list)):
        assert isinstance(got, (tuple, list)) and len(got) == len(want), (where, got, want)
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            same(one, other, f"{where}[{k}]")
        return
    assert type(got) is type(want), (where, got, want)
    if isinstance(want, numpy.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape, (where, got, want)
        assert numpy.array_equal(got, want, equal_nan=want.dtype.kind in "fc"), (where, got, want)
    else:
        assert got == want or (got != got and want != want), (where, got, want)


def check(function: Any, *args: Any) -> None:
    """The compiled function does what Python does: values, types, arguments, exceptions."""
    want, left, raised = outcome(function.__wrapped__, args)
    got, ours, error = outcome(function, args)
    assert type(error) is type(raised), (args, error, raised)
    same(got, want, f"{function.__name__}{args}")
    same(list(ours), list(left), "arguments")


# ---- numbers ----


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


# ---- statements ----


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


# ---- functions ----


@quelea.jit
def scaled(a, b=2, *, c=1):
    return a * b + c


def plain(x):
    return x + K


@quelea.jit
def calling(x):
    return scaled(x) + scaled(x, b=3) + scaled(b=x, a=1, c=5) + plain(x)


@quelea.jit
def rest(x, y=3, *others):
    return x + y, len(others), others


@quelea.jit
def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


@quelea.jit
def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


@quelea.jit
def is_even(n):
    if n < 0:
        raise ValueError("below zero")
    return True if n == 0 else is_odd(n - 1)


@quelea.jit
def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def test_functions():
    check(calling, 2)
    check(rest, 1)
    check(rest, 1, 2, 3, 4.5)
    same(rest(y=1, x=2), (3, 0, ()))
    check(fibonacci, 15)
    check(fibonacci, 10.0)
    check(ackermann, 2, 3)
    for n in (10, 7, -1):
        check(is_even, n)


def test_what_is_captured_may_change(monkeypatch):
    module = __import__(__name__, fromlist=["x"]) if __name__ in __import__("sys").modules else None
    assert module is not None

    @quelea.jit
    def looks(i):
        return TABLE[i] + plain(i)

    check(looks, 1)
    for value in (11, 2.5, numpy.int8(3)):
        monkeypatch.setattr(module, "K", value)
        check(looks, 1)
    monkeypatch.setattr(module, "TABLE", numpy.arange(5)[::-1])
    check(looks, 4)
    monkeypatch.setattr(module, "plain", lambda x: x * 7)
    check(looks, 4)


def test_inner_functions_and_closures():
    def outer(q):
        @quelea.jit
        def inner(x):
            def square(v):
                return v * v + q

            twice = lambda v: square(v) * 2  # noqa: E731
            return square(x), twice(x)

        return inner

    check(outer(3), 4)
    check(outer(3.5), 4)
    check(outer(3), 0.5)


def test_comprehensions_are_arrays():
    @quelea.jit
    def squares(n):
        x = [i * i + 0.5 for i in range(n)]
        i = 7
        y = [v * 2 for v in x]
        return x, y, i

    x, y, i = squares(4)
    want, twice, seven = squares.__wrapped__(4)
    assert x.tolist() == want and y.tolist() == twice and i == seven


# ---- arrays ----


@quelea.jit
def iterated(a):
    s = 0
    for v in a:
        s += v
    for i, v in enumerate(a):
        s += i * v
    for u, v in zip(a, a[1:]):  # noqa: B905, RUF007
        s += u * v
    return s


@quelea.jit
def stored(a):
    a[1:3] = 7
    a[::2] += 1
    a[-1] = 9
    b = a[::-1]
    b[0] = 3
    a[1:] = a[:-1]
    return b, a.shape, a.T, a[None, 1:], a[..., 0], a.size, a.ndim, a[2:2], a[10:], a[-2:]


@quelea.jit
def matrix(a):
    a[0, 1:] = a[1, :-1] * 2
    a[1] = a[0] + a[1, :1]
    a *= 2
    return a.sum(), a.sum(axis=0), a.mean(), a.max(), a.min(axis=1), np.sqrt(a), a * a + 1, a[:, 1]


@quelea.jit
def made(n):
    x = np.zeros(n)
    y = np.ones((n, 2), dtype=np.float32)
    z = np.full(n, 3)
    w = np.array([1, 2.5, n])
    t = x
    for i in range(n):
        x, t = x + i, x
    return x, y, z, w, t, np.empty_like(y).shape, np.zeros_like(z), np.array([[1, 2], [3, 4]])


@quelea.jit
def repeated(a, b):
    return (
        a + b,
        a * 2 + b[0],
        np.where(a > 1, a, b),
        np.maximum(a, 2),
        (a < b).any(),
        np.clip(a, 1, 2),
    )


@quelea.jit
def copied(a):
    b = a.copy()
    b[:] = a[::-1]
    a[:] = a[::-1]
    return b, a.reshape(2, -1), a.astype(np.int32), a.dtype == np.float64, a.ravel()


def test_arrays():
    for dtype in ("i8", "f8", "i1", "f4"):
        check(iterated, numpy.arange(5).astype(dtype))
        check(stored, numpy.arange(6).astype(dtype))
    check(stored, numpy.arange(12.0)[::2])
    check(stored, numpy.arange(6.0)[::-1])
    for a in (
        numpy.arange(12.0).reshape(3, 4),
        numpy.asfortranarray(numpy.arange(12.0).reshape(3, 4)),
    ):
        check(matrix, a)
    check(made, 3)
    check(repeated, numpy.arange(3.0), numpy.arange(3))
    check(repeated, numpy.arange(3.0).reshape(3, 1), numpy.arange(4.0))
    check(repeated, numpy.arange(2.0), numpy.arange(3.0))
    check(copied, numpy.arange(6.0))


def test_arguments_that_share_memory():
    @quelea.jit
    def moved(a, b):
        a[1:] = b[:-1] * 2

    x, y = numpy.arange(6.0), numpy.arange(6.0)
    moved(x, x)
    moved.__wrapped__(y, y)
    assert x.tolist() == y.tolist()


def test_an_argument_comes_back_as_itself():
    @quelea.jit
    def back(a):
        return a, a[1:], (a, 1)

    x = numpy.arange(3.0)
    whole, part, pair = back(x)
    assert whole is x and pair[0] is x and numpy.shares_memory(part, x)
    part[0] = 9
    assert x[1] == 9


def test_bounds_are_checked_where_it_is_asked_for():
    @quelea.jit(boundscheck=True)
    def element(a, i):
        return a[i]

    for i in (-4, -3, 0, 2, 3):
        check(element, numpy.arange(3.0), i)


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


def test_readonly_arrays():
    @quelea.jit
    def read(a):
        return a[0] + 1

    @quelea.jit
    def write(a):
        a[0] = 1

    x = numpy.arange(3.0)
    x.flags.writeable = False
    assert read(x) == 1
    with pytest.raises(quelea.errors.JitError, match="QJ365"):
        write(x)


def test_prints(capsys):
    @quelea.jit
    def shows(x):
        print("x is", x, (x, 2), None, 0.1, 1e16, True, 2j, ("a", (x,)))
        print()

    for x in (
        3,
        2.5,
        numpy.float64(0.1),
        numpy.float32(0.1),
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


def test_what_jit_takes():
    with pytest.raises(TypeError, match="not int"):
        quelea.jit(3)
    with pytest.raises(ValueError, match="nopython"):
        quelea.jit(nopython=False)
    with pytest.raises(ValueError, match="parallel=True is not in Quelea yet"):
        quelea.njit(parallel=True)
    with pytest.raises(TypeError, match="no option 'paralel'"):
        quelea.njit(paralel=True)
    assert quelea.njit(cache=True, parallel=False, inline="never")(loops.__wrapped__)(5) == loops(5)
    with pytest.raises(TypeError, match="missing a required argument"):
        integers(1)
    with pytest.raises(TypeError, match="not str"):
        integers("a", 1)
    with pytest.raises(OverflowError):
        integers(1 << 70, 1)


# ---- whose memory, in which order ----


def total(x):
    return np.sum(x)


def doubled(x):
    x *= 2
    return x[0]


@quelea.jit
def of_expressions(a):
    """Arguments that are expressions, chains of comparisons, loops that are left over expressions."""
    s = total(a * 2) + total(a + total(a * 3))
    inside = 0 < np.sum(a * 2) < 10 < np.max(a + 1) + 20
    for _ in range(2):
        for v in a + 1:
            if v > 2:
                break
            s += v
        else:
            continue
        s += 1
    return s, inside


@quelea.jit
def comprehended(a):
    b = a * 2.0
    x = np.array([np.sum(r) for r in b])
    y = np.array([np.sum(r) for r in (a[0:1], a[1:2] * 2, b)])
    return np.sum(x), y, b


@quelea.jit
def in_order(a):
    b = (a * 2) + doubled(a)
    c = a + 1
    c, r = divmod(c, 3)
    pairs = zip(c * 2.0, c)  # noqa: B905
    c = np.zeros(5)
    s = 0.0
    for x, y in pairs:
        s += x * y
    return b, c, r, s


@quelea.jit
def stretched(a):
    r = np.ones((1, 3))
    a[:, :] = r
    a[1:] += r * 2
    return a, np.full((4, 3), r)


@quelea.jit
def flattened(a):
    b = a.flatten()
    b[0] = 100
    return b


def test_memory_and_order():
    for a in (numpy.arange(6.0), numpy.array([-1.0, 0.5]), numpy.zeros(0) + 1):
        if a.size:
            check(of_expressions, a)
            check(in_order, a)
    for shape in ((0, 3), (5, 3), (2, 3)):
        if shape[0] != 1:
            check(comprehended, numpy.ones(shape))
    check(stretched, numpy.zeros((4, 3)))
    check(flattened, numpy.arange(6.0).reshape(2, 3))


@quelea.jit
def added(n):
    return 0 if n == 0 else K + added(n - 1)


def down(n, k):
    if n == 0:
        return 10 // k
    return down(n - 1, k)


@quelea.jit
def all_down(k):
    return np.sum(np.array([down(3, k) for i in range(2)]))


def test_functions_that_call_themselves_and_what_is_outside_of_them():
    check(added, 3)
    check(all_down, 5)
    with pytest.raises(ZeroDivisionError) as caught:
        all_down(0)
    assert "return 10 // k" in caught.value.__notes__[0]


@quelea.jit
def rest_of_arrays(a, *rest):
    for r in rest:
        a = a + r
    return a


@quelea.jit
def only_by_name(a, *, k=1):
    return a + k


def named_last(a, *rest, k=1):
    return a + len(rest) * 100 + k


@quelea.jit
def calls_named_last(a):
    return named_last(a, 2, 3), named_last(a, k=5)


def test_arguments_are_bound_as_python_does():
    check(rest_of_arrays, 1.0, numpy.array([1.0, 2.0]))
    check(calls_named_last, 1)
    assert only_by_name(1) == 2 and only_by_name(1, k=5) == 6
    with pytest.raises(TypeError, match="too many positional"):
        only_by_name(1, 2)


def test_functions_of_one_code():
    fs = [lambda x, i=i: x + i for i in range(3)]
    first, last = fs[0], fs[2]

    @quelea.jit
    def both(x):
        return first(x) * 10 + last(x)

    check(both, 1)
    # fmt: off
    add, multiply = quelea.jit(lambda x: x + 1), quelea.jit(lambda x: x * 2)
    # fmt: on
    assert add(5) == 6 and multiply(5) == 10


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


def test_integers_in_place():
    @quelea.jit
    def halves(a):
        a[0:2] /= 2

    with pytest.raises(quelea.errors.JitError, match="QJ335"):
        halves(numpy.arange(4))
    check(halves, numpy.arange(4.0))


def test_what_is_printed_to_may_do_anything(monkeypatch):
    """The output of a call changes what the function is made of, and calls it."""
    import sys

    module = sys.modules[__name__]
    kept = numpy.ones(100_000)
    monkeypatch.setattr(module, "TABLE", kept)

    @quelea.jit
    def shows(n):
        print("x")
        TABLE[0] = n + K
        return TABLE[0] + plain(1)

    class Out:
        calls = 0

        def write(self, text):
            if not text.strip() or self.calls:
                return
            self.calls = 1
            module.TABLE = numpy.zeros(3)
            module.plain = lambda x: x * 7
            assert shows(1) == 11 + 7

        def flush(self):
            pass

    monkeypatch.setattr(module, "plain", lambda x: x + 5)
    monkeypatch.setattr(sys, "stdout", Out())
    assert shows(2) == 12 + 6
    assert kept[0] == 12


# ---- arrays of Quelea's ----


@quelea.jit
def smoothed(u, v, n):
    for _ in range(n):
        v[1:-1] = (u[:-2] + u[2:]) * 0.5
        u, v = v, u
    return u, u[1:3], u.sum(), u * 2


def taken(size: int) -> bool:
    """Has this rank all of an array of that size?"""
    return quelea.size == 1 or size <= quelea.info()["replicated_size"]


@pytest.mark.parametrize("size", [8, 50_000])
def test_arrays_of_quelea(size):
    x = numpy.linspace(0, 1, size) ** 2
    u, v = quelea.asarray(x), quelea.zeros(size)
    if not taken(size):
        with pytest.raises(TypeError, match="partitioned among the ranks"):
            smoothed(u, v, 3)
        return
    theirs = x.copy(), numpy.zeros(size)
    want = smoothed.__wrapped__(*theirs, 3)
    before = numpy.asarray(u)  # shares the memory until it is written
    kept = before.copy()
    whole, part, total, twice = smoothed(u, v, 3)
    assert whole is v and isinstance(part, quelea.ndarray) and isinstance(twice, quelea.ndarray)
    for ours, other in zip(
        (u, v, whole, part, twice), (*theirs, want[0], want[1], want[3]), strict=True
    ):
        assert numpy.array_equal(numpy.asarray(ours), other)
    assert abs(total - want[2]) <= 1e-12 * abs(want[2])
    assert numpy.array_equal(before, kept)
    part[...] = 7
    assert float(v[1]) == 7
    u += 1
    assert numpy.array_equal(numpy.asarray(u), theirs[0] + 1)


def test_an_array_that_nothing_has_stored_yet():
    @quelea.jit
    def filled(a):
        for i in range(a.size):
            a[i] = i
        return a

    x = quelea.empty(6)
    if taken(6):
        assert numpy.asarray(filled(x)).tolist() == [0, 1, 2, 3, 4, 5]
        assert filled(x) is x


def test_arrays_of_numpy_beside_those_of_quelea():
    @quelea.jit
    def read(a, w):
        return a * w

    @quelea.jit
    def write(a, w):
        w[0] = a[0]

    a, w = quelea.arange(5.0), numpy.arange(5.0) + 1
    if taken(5):
        assert numpy.array_equal(numpy.asarray(read(a, w)), numpy.arange(5.0) * w)
        with pytest.raises(quelea.errors.JitError, match="QJ365"):
            write(a, w)
