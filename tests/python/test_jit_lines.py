"""Reductions of rows inside of loops and nests: loops of the kernel, with the bits of `quelea.sum`, C7's."""

from typing import Any

import numpy
import pytest
from jobs import LAUNCHED

import quelea

random = numpy.random.default_rng(17)

LENGTHS = [0, 1, 2, 7, 8, 9, 15, 16, 50, 127, 128, 129, 255, 256, 257, 384, 500, 1024, 1029, 5000]
FEW = ["f8"] if LAUNCHED else []  # what holds for types alone is tried in one process
REDUCTIONS = ["sum", "prod", "min", "max"]


def bits(x: Any) -> Any:
    """Equal where nothing can be told apart; what a NaN is made of is not said."""
    x = numpy.ascontiguousarray(x)
    if x.dtype.kind in "iu":
        return x
    x = numpy.where(numpy.isnan(x), numpy.array(numpy.nan, x.dtype), x)
    return x.view(numpy.uint8)


def rows(n: int, dtype: str) -> tuple[Any, Any]:
    a, b = random.normal(size=(2, 6, n)) * 10
    if numpy.dtype(dtype).kind == "c":
        return (a + 1j * b).astype(dtype), (b - 1j * a).astype(dtype)
    if numpy.dtype(dtype).kind in "iu":
        return abs(a).astype(dtype), abs(b).astype(dtype)
    return a.astype(dtype), b.astype(dtype)


def of_pairs(reduction: str) -> Any:
    scope: dict[str, Any] = {"quelea": quelea}
    text = f"""
def of_pairs(a, b, y):
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            y[i, j] = (a[i] - b[j]).{reduction}()
"""
    import linecache

    name = f"<{reduction} of pairs>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), scope)
    return quelea.jit(scope["of_pairs"])


FUNCTIONS = {reduction: of_pairs(reduction) for reduction in REDUCTIONS}


def wanted(reduction: str, a: Any, b: Any) -> Any:
    each = numpy.ascontiguousarray(a[:, None, :] - b[None, :, :])
    return numpy.asarray(getattr(quelea, reduction)(quelea.array(each), axis=2))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", FEW or ["f8", "f4", "f2", "c16", "c8", "i8", "i2", "u1"])
def test_expressions(reduction: str, dtype: str) -> None:
    function = FUNCTIONS[reduction]
    for n in LENGTHS[:: 1 if dtype == "f8" else 3]:
        a, b = rows(n, dtype)
        if reduction in ("min", "max") and n == 0:
            for given in (numpy.asarray, quelea.array):
                with pytest.raises(ValueError, match="zero-size array"):
                    function(given(a), given(b), given(numpy.zeros((6, 6), dtype)))
            continue
        want = wanted(reduction, a, b)
        got = numpy.zeros((6, 6), want.dtype)
        function(a, b, got)
        numpy.testing.assert_array_equal(bits(got), bits(want), err_msg=f"{n} on NumPy's")
        ours = quelea.zeros((6, 6), want.dtype)
        function(quelea.array(a), quelea.array(b), ours)
        numpy.testing.assert_array_equal(bits(numpy.asarray(ours)), bits(want), err_msg=f"{n}")


def test_special_values() -> None:
    for values in (
        [-0.0] * 5,
        [numpy.nan, 1.0, 2.0],
        [1.0] * 9 + [numpy.nan],
        [numpy.inf, -numpy.inf, 1.0],
        [-numpy.inf] * 20,
    ):
        a = numpy.array([values])
        b = numpy.zeros_like(a)
        for reduction, function in FUNCTIONS.items():
            with numpy.errstate(invalid="ignore"):
                want = wanted(reduction, a, b)
            got = numpy.zeros((1, 1))
            function(a, b, got)
            numpy.testing.assert_array_equal(bits(got), bits(want), err_msg=f"{reduction} {values}")


@quelea.jit
def of_rows(a, y):
    for i in range(a.shape[0]):
        y[i] = a[i].sum() + 10 * a[i, ::2].max()


@quelea.jit
def of_columns(a, y):
    for j in range(a.shape[1]):
        y[j] = a[:, j].sum()


@quelea.jit
def of_small(a, y):
    for i in range(len(a)):
        t = numpy.empty(3)
        t[0], t[1], t[2] = a[i], a[i] / 3, 2 * a[i]
        y[i] = (t * t).sum() - t.min() + t.prod()


@quelea.jit
def repeated(a, b, y):
    for i in range(a.shape[0]):
        y[i] = (a[i] * b).sum()


@quelea.jit
def kept(a, y):
    for i in range(a.shape[0]):
        y[i] = (a[i] * 2).sum(keepdims=True)[0]


def both(function: Any, *given: Any, size: int) -> tuple[Any, Any]:
    """What it gives on NumPy's arrays, and on Quelea's."""
    mine, ours = numpy.zeros(size), quelea.zeros(size)
    function(*given, mine)
    function(*(quelea.array(x) for x in given), ours)
    return mine, numpy.asarray(ours)


@pytest.mark.parametrize("n", [1, 5, 8, 50, 130, 700])
def test_views(n: int) -> None:
    a = random.normal(size=(40, n))
    rows_sum = numpy.asarray(quelea.array(a).sum(axis=1))
    for got in both(of_rows, a, size=40):
        numpy.testing.assert_array_equal(got, rows_sum + 10 * a[:, ::2].max(axis=1))
    columns = numpy.asarray(quelea.array(a).sum(axis=0))
    for got in both(of_columns, a, size=n):
        numpy.testing.assert_array_equal(got, columns)
    for b in (random.normal(size=n), random.normal(size=1)):
        want = numpy.asarray(quelea.array(a * b).sum(axis=1))
        for got in both(repeated, a, b, size=40):
            numpy.testing.assert_array_equal(got, want)
    want = numpy.asarray(quelea.array(a * 2).sum(axis=1))
    for got in both(kept, a, size=40):
        numpy.testing.assert_array_equal(got, want)


def test_private_arrays() -> None:
    a = random.normal(size=300)
    t = numpy.stack([a, a / 3, 2 * a], axis=1)
    want = numpy.asarray(quelea.array(t * t).sum(axis=1)) - t.min(axis=1)
    want = want + numpy.asarray(quelea.array(t).prod(axis=1))
    for got in both(of_small, a, size=300):
        numpy.testing.assert_array_equal(got, want)


def test_no_memory_and_no_call() -> None:
    a, b = rows(50, "f8")
    FUNCTIONS["sum"](quelea.array(a), quelea.array(b), quelea.zeros((6, 6)))
    FUNCTIONS["sum"](a, b, numpy.zeros((6, 6)))
    for signature in FUNCTIONS["sum"].signatures:
        for stage in ("ir", "nests"):
            text = FUNCTIONS["sum"].inspect(stage, signature)
            assert "host reduce" not in text and "host allocate" not in text


def test_all_pairs() -> None:
    x, z = random.normal(size=(30, 50)), random.normal(size=(21, 50))
    got = numpy.asarray(
        quelea.allpairs(lambda a, b: ((a - b) ** 2).sum(), quelea.array(x), quelea.array(z))
    )
    each = numpy.ascontiguousarray((x[:, None] - z[None]) ** 2)
    numpy.testing.assert_array_equal(got, numpy.asarray(quelea.array(each).sum(axis=2)))


@quelea.jit
def of_windows(a, w, y):
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            y[i, j] = (a[i - 1 : i + 2, j - 1 : j + 2] * w).sum() + a[i - 1 : i + 2, j].max()


@quelea.jit
def of_planes(a, b, y):
    for i in range(a.shape[0]):
        y[i] = (a[i] - b).sum() + 3 * a[i].prod() - (a[i] * b).min()


def test_windows() -> None:
    a, w = random.normal(size=(30, 24)), random.normal(size=(3, 3))
    views = numpy.lib.stride_tricks.sliding_window_view(a, (3, 3))
    products = quelea.array(numpy.ascontiguousarray(views * w))
    want = numpy.zeros_like(a)
    rows_first = products.sum(axis=3).sum(axis=2)
    want[1:-1, 1:-1] = numpy.asarray(rows_first) + views[:, :, :, 1].max(axis=2)
    got, ours = numpy.zeros_like(a), quelea.zeros(a.shape)
    of_windows(a, w, got)
    of_windows(quelea.array(a), w, ours)
    numpy.testing.assert_array_equal(got, want)
    numpy.testing.assert_array_equal(numpy.asarray(ours), want)


@pytest.mark.parametrize("dtype", FEW or ["f8", "f4", "f2"])
@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 4), (2, 40), (40, 3), (130, 7), (300, 150), (3, 5, 9)]
)
def test_planes(shape: tuple[int, ...], dtype: str) -> None:
    a, b = random.normal(size=(9, *shape)).astype(dtype), random.normal(size=shape).astype(dtype)

    def all_of(x: Any, name: str) -> Any:
        return numpy.asarray(getattr(quelea.array(x), name)(axis=tuple(range(1, x.ndim))))

    want = all_of(a - b, "sum") + 3 * all_of(a, "prod") - (a * b).reshape(9, -1).min(axis=1)
    got, ours = numpy.zeros(9, dtype), quelea.zeros(9, dtype)
    of_planes(a, b, got)
    of_planes(quelea.array(a), quelea.array(b), ours)
    numpy.testing.assert_array_equal(bits(got), bits(want))
    numpy.testing.assert_array_equal(bits(numpy.asarray(ours)), bits(want))


def test_expressions_outside_of_loops() -> None:
    made = quelea.jit(lambda a, b: ((a * b).sum(), (a - b).min(), (a + b).sum(axis=0)))
    for shape in ((7,), (1000,), (20, 33)):
        a, b = random.normal(size=(2, *shape))
        got = made(a, b)
        x = quelea.array(a * b)
        for axis in range(len(shape) - 1, -1, -1):
            x = x.sum(axis=axis)
        assert got[0] == float(x) and got[1] == (a - b).min()
        numpy.testing.assert_array_equal(got[2], numpy.asarray(quelea.array(a + b).sum(axis=0)))


@pytest.mark.parametrize("name", ["sum", "prod", "mean"])
def test_half_floats_are_rounded_once(name: str) -> None:
    """Whether rows of a loop, an array in memory or one over ranks is reduced."""

    def reduced(a: Any) -> Any:
        return quelea.sum(a), quelea.prod(a), quelea.mean(a)

    which, compiled = ["sum", "prod", "mean"].index(name), quelea.jit(reduced)
    for shape in ((2, 7), (5, 3), (3, 2, 9), (2, 200)):
        for _ in range(5):
            a = (1 + random.normal(size=shape) / 10).astype("f2")
            want = getattr(quelea, name)(quelea.array(a))
            assert (
                float(compiled(a)[which]) == float(compiled(quelea.array(a))[which]) == float(want)
            )


# ---- along some axes ----


def along(reduction: str, axes: str, what: str = "a") -> Any:
    import linecache

    text = f"def along(a, b):\n    return {what}.{reduction}(axis={axes})\n"
    name = f"<{reduction} of {what} along {axes}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {}
    exec(compile(text, name, "exec"), scope)
    return quelea.jit(scope["along"])


SHAPES = [(3, 4, 5), (1, 200, 3), (130, 2, 9), (2, 3, 257), (3, 0, 2), (0, 3, 2)]


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
@pytest.mark.parametrize(
    ("reduction", "axes", "dtype"),
    [
        ("sum", "(1, 2)", "f8"),
        ("sum", "0", "f4"),
        ("sum", "(0, 2)", "c16"),
        ("sum", "1", "i2"),
        ("sum", "2, keepdims=True", "f2"),
        ("prod", "(0, 1)", "f4"),
        ("prod", "2", "c8"),
        ("max", "(1, 2)", "f8"),
        ("max", "0", "u1"),
        ("min", "(-1, 0)", "?"),
        ("min", "1, keepdims=True", "f2"),
        ("any", "(1, 2)", "f8"),
    ],
)
def test_along(reduction: str, axes: str, dtype: str) -> None:
    """As outside of compiled functions, to the bit: arrays, and views of every other element, backwards."""
    function, expression = along(reduction, axes), along(reduction, axes, "(a + b)")
    wanted = {"axis": eval(axes.partition(", keep")[0]), "keepdims": "keepdims" in axes}
    for shape in SHAPES:
        wide = tuple(2 * n for n in shape)
        a, b = random.normal(size=(2, *wide)) * 3
        if dtype in ("f8", "f4"):
            a[random.random(wide) < 0.02] = numpy.nan
        a, b = (x.astype(dtype) if dtype[0] != "u" else abs(x).astype(dtype) for x in (a, b))
        for x, y in ((a, b[:1]), (a[::2, ::-2, ::2], b[::2, ::2, ::-2])):
            with numpy.errstate(all="ignore"):
                sums = quelea.array(x) + quelea.array(y)
                for f, of in ((function, quelea.array(x)), (expression, sums)):
                    try:
                        want = numpy.asarray(getattr(quelea, reduction)(of, **wanted))
                    except ValueError as error:
                        with pytest.raises(ValueError, match=str(error)[:20]):
                            f(x, y)
                        continue
                    got = numpy.asarray(f(x, y))
                    assert got.dtype == want.dtype and got.shape == want.shape, (shape, got, want)
                    numpy.testing.assert_array_equal(bits(got), bits(want), err_msg=f"{shape}")
    text = function.inspect("ir")
    assert ("host reduce" in text) == (dtype[0] == "c" and reduction != "sum")


@quelea.jit
def largest(w):
    return w.max(axis=(2, 3)), w.sum(axis=(2, 3))


def test_windows_of_arguments() -> None:
    a = random.normal(size=(20, 60))
    w = numpy.lib.stride_tricks.sliding_window_view(a, (5, 7))
    high, total = largest(w)
    numpy.testing.assert_array_equal(high, w.max(axis=(2, 3)))
    views = numpy.ascontiguousarray(w)
    numpy.testing.assert_array_equal(total, numpy.asarray(quelea.array(views).sum(axis=(2, 3))))
