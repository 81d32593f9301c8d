"""Loops over columns around others: neighbouring iterations are computed together, with the same bits."""

import copy
import linecache
import textwrap
import warnings
from typing import Any

import numpy
import numpy as np
import pytest
from jit_programs import dilate
from jit_random_windows import random_windows
from jit_support import check
from jobs import LAUNCHED

import quelea


def same(got: Any, want: Any, *where: Any) -> None:
    got = numpy.asarray(got)
    assert got.dtype == want.dtype and got.shape == want.shape, (where, got, want)
    assert numpy.array_equal(got, want, equal_nan=want.dtype.kind in "fc"), (where, got, want)


def as_in_python(seed: int) -> bool:
    """Is it computed as Python does? Says whether neighbouring iterations are computed together."""
    function, args, text = random_windows(seed)
    theirs, ours = copy.deepcopy(args), copy.deepcopy(args)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        want = function(*theirs)
    compiled = quelea.jit(function)
    got = compiled(*ours)
    for x, y in zip([*got, *ours[:3]], [*want, *theirs[:3]], strict=True):
        same(x, y, seed, text)
    return "vectorised over j" in compiled.explain()


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_random_windows():
    together = sum(as_in_python(seed) for seed in range(40))
    assert together > 10


@pytest.mark.slow
@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_more_random_windows():
    for seed in range(40, 2000):
        as_in_python(seed)


# ---- what is said, and values that are apart from numbers ----


@quelea.jit
def product(a, b):
    m, n = a.shape[0], b.shape[1]
    c = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


@quelea.jit
def smoothed(x, w):
    y = np.zeros(len(x))
    for i in range(len(x) - len(w) + 1):
        for k in range(len(w)):
            y[i] += w[k] * x[i + k]
    return y


@quelea.jit
def sums_so_far(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        for k in range(i):
            y[i] += x[k]
    return y


def arguments(function: Any) -> tuple[Any, ...]:
    rng = numpy.random.default_rng(5)
    matrix = rng.random((12, 130)) - 0.5
    matrix[rng.random(matrix.shape) < 0.05] = numpy.nan
    matrix[3, 40:60] = -0.0
    if function is dilate:
        return (matrix, 7)
    if function is product:
        return (rng.random((12, 9)), rng.random((9, 130)))
    return (rng.random(300), rng.random(5))[: 1 + (function is smoothed)]


@pytest.mark.parametrize("function", [dilate, product, smoothed])
def test_said(function):
    """Of NumPy's arrays, and of Quelea's, wherever they lie."""
    args = arguments(function)
    want = function(*args)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        same(want, function.__wrapped__(*args), function)
    over = "i" if function is smoothed else "j"
    assert f"; vectorised over {over}" in function.explain()
    ours = [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args]
    same(numpy.asarray(function(*ours)), want, function)
    assert f"; vectorised over {over}" in function.explain()


def test_not_said():
    """In each iteration the loop inside has another number of turns."""
    (x,) = arguments(sums_so_far)
    same(sums_so_far(x), numpy.array([x[:i].cumsum()[-1] if i else 0.0 for i in range(len(x))]))
    assert "vectorised" not in sums_so_far.explain()


@quelea.jit
def first_few(x, turns):
    m, n = x.shape
    y = np.zeros_like(x)
    for i in range(m):
        for j in range(n):
            t = np.zeros(4)
            for q in range(turns):
                if x[i, j] > 0 and q < 4:
                    t[q] += x[i, j] * q
            y[i, j] = t[0] + t[1] + t[2] + t[3]
    return y


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_private_memory_is_not_left():
    """Where no iteration asks for an element, none of it is touched: far behind there is no memory."""
    (x,) = arguments(dilate)[:1]
    same(first_few(x, 1 << 20), first_few.__wrapped__(x, 5))
    assert "vectorised over j" in first_few.explain()


@quelea.jit
def raises(x, last, y):
    m, n = x.shape
    for i in range(m):
        for j in range(n):
            if j > last:
                raise ValueError
            for q in range(3):
                y[i, j] += x[i, (j + q) % n]


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
@pytest.mark.parametrize("last", [-1, 31, 40, 200])
def test_what_is_stored_before_an_iteration_raises(last):
    """In the first of a strip, where all of it would raise, and in its middle."""
    (x,) = arguments(dilate)[:1]
    check(raises, x, last, np.zeros_like(x))
    assert "vectorised over j" in raises.explain()


def doubled(levels: int) -> Any:
    """A function that stores in rows whose number is put together by additions: 0, in the only iteration."""
    steps = "    t, u = t + u, t + t\n" * levels
    text = f"""
def doubled(x):
    m, n = x.shape
    y = np.zeros((1, m, n))
    for i in range(m):
        for j in range(n):
            for q in range(1):
                t, u = q, 0
{textwrap.indent(steps, " " * 12)}                y[t, i, j] = x[i, j] + q
    return y
"""
    linecache.cache["<doubled>"] = len(text), None, text.splitlines(True), "<doubled>"
    scope: dict[str, Any] = {"np": np}
    exec(compile(text, "<doubled>", "exec"), scope)
    return quelea.jit(scope["doubled"])


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_doubled_addresses():
    """Code that looks at such an address two times for each level would not end."""
    (x,) = arguments(dilate)[:1]
    same(doubled(60)(x), x[None])


@pytest.mark.parametrize("k", [0, 1, 6, 400])
@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8", "bool", "int64"])
def test_dilation(dtype, k):
    """Windows larger than the image, of no rows, and all dtypes; on ranks as on one."""
    for shape in ((5, 90), (2, 33), (3, 8), (0, 40), (7, 0)):
        rng = numpy.random.default_rng(len(dtype) + k)
        image = (rng.random(shape) * 90).astype(dtype)
        radius = k // 2
        want = image.copy()
        for i in range(shape[0]):
            for j in range(shape[1]):
                rows = slice(max(i - radius, 0), i + radius + 1)
                columns = slice(max(j - radius, 0), j + radius + 1)
                want[i, j] = image[rows, columns].max()
        same(dilate(image, k), want, shape)
        same(numpy.asarray(dilate(quelea.asarray(image), k)), want, shape)


@pytest.mark.parametrize("seed", [3, 14, 26, 37])
def test_random_windows_on_ranks(seed):
    """Quelea's arrays: what loops over them may not do on ranks is refused."""
    function, args, text = random_windows(seed)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        want = quelea.jit(function)(*copy.deepcopy(args))
    ours = [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in copy.deepcopy(args)]
    try:
        got = quelea.jit(function)(*ours)
    except quelea.errors.JitError:
        return
    for x, y in zip(got, want, strict=True):
        same(numpy.asarray(x), y, seed, text)
