"""`quelea.jit` against Python itself: calls, arguments, what a function takes from outside."""

import linecache
import sys
import types

import numpy
import numpy as np
import pytest
from jit_support import check, same

import quelea

K = 10  # captured by functions below, and changed by tests
TABLE = numpy.arange(3.0)


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
    module = sys.modules[__name__]

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


def test_what_is_printed_to_may_do_anything(monkeypatch):
    """The output of a call changes what the function is made of, and calls it."""
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


def halves_even(n):
    if n <= 0:
        return 0.0
    return halves_odd(n - 1) + 0.5


def halves_odd(n):
    if n <= 0:
        return 1
    r = halves_even(n - 1)
    x = 10 // n
    return r + 0.5 if x >= 0 else r


def counted(n):
    if n <= 0:
        return 0
    return waits(n - 1) + 1


def waits(n):
    k = 0
    while k < n:
        k += 1
    if k == 0:
        return 0
    return counted(n - 1) * 2


def first_of_three(n):
    if n <= 0:
        return 0.0
    return second_of_three(n - 1) + 1


def second_of_three(n):
    if n <= 0:
        return 0.5
    return third_of_three(n - 1) * 2


def third_of_three(n):
    if n <= 0:
        return 1.0
    t = first_of_three(n - 1)
    return t // 2 if t > 3 and n > 1 else t


def test_functions_that_call_each_other():
    for function in halves_even, counted, first_of_three:
        compiled = quelea.jit(function)
        for n in range(1, 10):
            check(compiled, n)


def grösse(n):
    return 1 if n < 2 else n * grösse(n - 1)


product = lambda n: 1 if n < 2 else n * product(n - 1)  # noqa: E731


def test_functions_that_call_themselves_by_any_name():
    check(quelea.jit(grösse), 5)
    check(quelea.jit(product), 5)


@quelea.jit
def lambdas_inside(a):
    x = [(lambda x: x + 1)(2 * x) for x in a]
    y = [(lambda v, x=3: x + v)(x) + (lambda v: x * v)(2) for x in a]  # noqa: B023
    return np.sum(x), np.sum(y)


def test_names_of_lambdas_are_their_own():
    check(lambdas_inside, numpy.arange(3.0))


@quelea.jit
def inner_recursion(n):
    def twice(k):
        return 2 * k

    def f(k):
        return 1 if k < 2 else twice(k) * f(k - 1)

    return f(n)


@quelea.jit
def inner_recursion_with_a_variable(n):
    m = n + 1

    def f(k):
        return m if k < 2 else f(k - 1)

    return f(n)


def test_inner_functions_that_call_themselves():
    check(inner_recursion, 5)
    with pytest.raises(quelea.errors.JitError, match="QJ202: 'm' is a variable around"):
        inner_recursion_with_a_variable(3)


def fails():
    raise ValueError("never")


@quelea.jit
def fails_for_each(n):
    return np.sum(np.array([fails() for _ in range(n)]))


@quelea.jit
def fails_beside(n):
    return np.sum(np.array([n, fails()]))


@quelea.jit
def reduces_and_recurses(a, n):
    low, high = a.min(), a[::2].max()
    first = fibonacci(n)
    for i in range(n):
        low += a[: i + 1].sum()
        first += fibonacci(i)
    return low, high, first


def test_functions_that_call_themselves_after_something_is_reduced():
    for a in (numpy.arange(9.0), numpy.arange(20, dtype=numpy.int32)[::-2], numpy.ones(5, "f4")):
        check(reduces_and_recurses, a, 5)


def test_what_always_raises():
    assert fails_for_each(0) == 0
    for n in (1, 3):
        check(fails_for_each, n)
    check(fails_beside, 1)


def with_keywords(x, **more):
    return x + len(more)


ONE, FLAG, LESS = numpy.float32(1), numpy.bool_(True), numpy.int8(-3)


def with_defaults(x, n=ONE, z=1 + 2j, b=FLAG, i=LESS):
    return x + n, x * z, b, i


def with_a_list(x, n=[]):  # noqa: B006
    return x


def by_place(a, /, b, c=2):
    return a + 10 * b + 100 * c


@quelea.jit
def calls_with_defaults(x):
    return with_defaults(x), FLAG, by_place(x, b=3), by_place(1, x, c=5)


@quelea.jit
def calls_by_name(x):
    return by_place(a=x, b=2)


@quelea.jit
def calls_with_a_list(x):
    return with_a_list(x)


def test_defaults_and_marks_of_arguments():
    check(calls_with_defaults, 3)
    check(quelea.jit(with_defaults), 2)
    check(quelea.jit(by_place), 1, 2)
    with pytest.raises(quelea.errors.JitError, match="QJ320"):
        calls_by_name(1)
    with pytest.raises(quelea.errors.JitError, match="QJ128"):
        quelea.jit(with_keywords)(1)
    with pytest.raises(quelea.errors.JitError, match="QJ132") as caught:
        calls_with_a_list(1)
    assert "in with_a_list" in str(caught.value) and "n=[]" in str(caught.value)


def made(text, name):
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope = {"np": numpy}
    exec(compile(text, name, "exec"), scope)
    return quelea.jit(scope["f"])


def test_programs_that_are_too_large():
    texts = {
        "<sum>": "    return " + " + ".join(["x"] * 600),
        "<lines>": "    x = x + 1\n" * 5000 + "    return x",
        "<deep>": "    return " + "-" * 1500 + "x",
    }
    for name, body in texts.items():
        with pytest.raises(quelea.errors.JitError, match="QJ102"):
            made(f"def f(x):\n{body}\n", name)(1)


def own(a, b):
    return a - b


def own_rows(a, out):
    out[:] = a[::-1]


def named(name, make, function):
    """Something that is made of the program's function, which has the name of one of NumPy's."""
    function = type(function)(function.__code__, globals(), name)
    function.__qualname__ = name
    return make(function)


@pytest.mark.parametrize(
    ("name", "make", "function"),
    [
        ("maximum", quelea.vectorize, own),
        ("hypot", quelea.vectorize(["float64(float64, float64)"]), own),
        ("sort", quelea.guvectorize(["void(float64[:], float64[:])"], "(n)->(n)"), own_rows),
        ("arctan2", lambda f: quelea.cfunc("double arctan2(double a, double b)")(f), own),
        ("maximum", lambda f: numpy.frompyfunc(f, 2, 1), own),
    ],
)
def test_what_has_the_name_of_one_of_numpys_is_not_it(name, make, function):
    theirs = named(name, make, function)

    @quelea.jit
    def f(x, y):
        return theirs(x, y)

    with pytest.raises(quelea.errors.JitError, match="QJ1"):
        f(numpy.arange(3.0), numpy.ones(3))


def test_modules_in_modules_may_change():
    around, one, two = (types.ModuleType(name) for name in ("around", "one", "two"))
    one.function, two.function = (lambda x: x * 2), (lambda x: x * 0.5)
    one.turned, two.turned = False, True
    around.module = one

    @quelea.jit
    def f(x):
        return -around.module.function(x) if around.module.turned else around.module.function(x)

    assert f(3) == 6
    around.module = two
    assert f(3) == -1.5
    around.module = one
    assert f(3) == 6
