"""NumPy's functions inside `quelea.jit`, against NumPy, and their sums against Quelea's, bit for bit."""

import linecache
import math
import warnings

import numpy
import numpy as np
import pytest
from jit_support import check, same

import quelea

V = "v: f8 f4 i4 u1 b"  # of which dtypes the argument is
FLOATS = "v: f8 f4"
EXACT = [
    # making
    ("n", "np.arange(n), np.arange(n, 2 * n, 2), np.arange(n, 0, -1), np.arange(0.5, n, 0.25)"),
    ("n", "np.arange(3, dtype=np.float32), np.arange(np.float32(n)), np.arange(n * 0)"),
    ("n", "np.linspace(0, 1, n), np.linspace(1, n, 7), np.linspace(0, 1, n, endpoint=False)"),
    ("n", "np.linspace(2.0, 2.0, 3), np.linspace(0, 9, 4, dtype=int), np.linspace(1, 2, 1)"),
    (
        "n",
        "np.eye(n), np.eye(n, 2), np.eye(2, 3, k=1), np.identity(2), np.tri(3), np.eye(2, dtype=int)",
    ),
    ("v", "np.zeros_like(v), np.ones_like(v), np.full_like(v, 1), np.empty_like(v).shape"),
    (
        "a",
        "np.triu(a), np.tril(a), np.triu(a, 1), np.tril(a, -1), np.diag(a), np.diag(a[0]), np.diag(a, 1)",
    ),
    ("v", "np.diag(v, 1), np.diag(v, -1), np.meshgrid(v, v[:2])[0], np.meshgrid(v, v[:2])[1]"),
    # put together
    (
        V,
        "np.concatenate((v, v[:2])), np.concatenate([v, v * 2]), np.append(v, v[0]), np.hstack((v, v))",
    ),
    (
        "a",
        "np.concatenate((a, a), axis=0), np.concatenate((a, a), axis=1), np.concatenate((a, a), axis=None)",
    ),
    ("a", "np.vstack((a, a[0])), np.hstack((a, a)), np.stack((a, a)), np.stack((a, a), axis=-1)"),
    (
        "v",
        "np.stack((v, v), axis=1), np.vstack((v, v)), np.column_stack((v, v)), np.expand_dims(v, 0)",
    ),
    (
        "v",
        "np.repeat(v, 2), np.tile(v, 3), np.tile(v, (2, 2)), np.atleast_2d(v), np.array([v, v + 1])",
    ),
    (
        "a",
        "np.repeat(a, 2, axis=1), np.repeat(a, 2, axis=0), np.repeat(a, 2), np.tile(a, 2), np.squeeze(a[:1], 0)",
    ),
    # order
    (V, "np.sort(v), np.argsort(v, kind='stable'), np.unique(v), np.argmin(v), np.argmax(v)"),
    (
        "a",
        "np.sort(a), np.sort(a, axis=0), np.sort(a, axis=None), np.argsort(a, axis=0), a.argmax(axis=1)",
    ),
    ("a", "np.argmin(a, axis=0), np.argmin(a), a.argmax(), np.argsort(a)[0]"),
    (
        "v",
        "np.searchsorted(np.sort(v), v), np.searchsorted(np.sort(v), 1.5), np.digitize(v, np.array([0, 2]))",
    ),
    (
        "v",
        "np.searchsorted(np.sort(v), v, side='right'), np.median(v), np.median(v[:4]), np.nanargmax(v)",
    ),
    (
        "a",
        "np.median(a, axis=0), np.median(a, axis=1), np.median(a), np.quantile(a, 0.3), np.percentile(a, 50)",
    ),
    # counts, what is true
    (
        "v",
        "np.nonzero(v), np.flatnonzero(v > 0), np.where(v > 1), np.argwhere(v > 1), np.extract(v > 1, v)",
    ),
    (
        "a",
        "np.nonzero(a > 3), np.argwhere(a > 3), np.take(a, np.array([1, 0])), np.take(a, np.array([1]), axis=1)",
    ),
    ("v: i8 u1", "np.bincount(v), np.bincount(v, minlength=12), np.bincount(v, weights=v * 0.5)"),
    ("v", "np.histogram(v), np.histogram(v, bins=3), np.histogram(v, bins=np.array([0.0, 1, 3]))"),
    ("v", "np.histogram(v, bins=4, range=(0, 3)), np.histogram(v, 5, weights=v)"),
    # rearranging
    (V, "np.roll(v, 2), np.roll(v, -1), np.flip(v), v[::-1], np.broadcast_to(v, (2, 5))"),
    (
        "a",
        "np.roll(a, 1), np.roll(a, 1, axis=0), np.roll(a, (1, 2), axis=(0, 1)), np.flip(a), np.flip(a, 0)",
    ),
    (
        "a",
        "np.flipud(a), np.fliplr(a), np.rot90(a), np.rot90(a, 2), np.moveaxis(a, 0, 1), np.swapaxes(a, 0, 1)",
    ),
    (
        "b",
        "np.transpose(b, (2, 0, 1)), b.transpose(1, 0, 2), np.moveaxis(b, -1, 0), np.transpose(b), b.T",
    ),
    (
        "a",
        "np.reshape(a, (4, 3)), a.reshape(2, -1), np.ravel(a.T), a.T.flatten(), np.pad(a, 1), a.swapaxes(0, 1)",
    ),
    # scans, differences
    (V, "np.cumsum(v), np.cumprod(v[:3]), v.cumsum()"),
    ("a", "np.cumsum(a), np.cumsum(a, axis=0), np.cumsum(a, axis=1), np.cumprod(a, axis=0)"),
    (
        "v: f8 f4 i4",
        "np.diff(v), np.ediff1d(v), np.ptp(v), np.clip(v, 0, 2), np.clip(v, None, 1), v.clip(1, 2)",
    ),
    (
        "a",
        "np.diff(a), np.diff(a, axis=0), np.ptp(a, axis=1), np.max(a, axis=(0, 1)), np.min(a, axis=1, keepdims=True)",
    ),
    (
        "b",
        "np.max(b, axis=(0, 2)), b.max(axis=-1), b.min(axis=(1, 2), keepdims=True), np.any(b > 5, axis=(0, 1))",
    ),
    (
        "a",
        "a.sum(axis=1, keepdims=True), np.sum(a > 2), np.sum(a, keepdims=True), a.all(axis=0, keepdims=True)",
    ),
    (
        "v: i4 u1",
        "np.sum(v), np.prod(v), np.mean(v), np.sum(v, dtype=np.float32), np.any(v), np.all(v)",
    ),
    # NaN
    (
        "w",
        "np.nanmin(w), np.nanmax(w), np.nansum(w), np.nanprod(w), np.nanargmin(w), np.sort(w), np.unique(w)",
    ),
    (
        "w",
        "np.argmin(w), np.argmax(w), np.median(w), np.nan_to_num(w), np.isnan(w).sum(), np.argsort(w)",
    ),
    # comparison, numbers
    (
        "v",
        "np.isclose(v, v + 1e-9), np.allclose(v, v), np.array_equal(v, v), np.array_equal(v, v[1:])",
    ),
    (
        "w",
        "np.isclose(w, w), np.isclose(w, w, equal_nan=True), np.allclose(w, w), np.round(w), np.fix(w)",
    ),
    (
        FLOATS,
        "np.round(v, 1), np.around(v * 1.37, 2), v.round(), np.rint(v), np.interp(v, np.arange(3), v[:3])",
    ),
    (
        "v",
        "np.interp(0.5, np.array([0.0, 1]), v[:2]), np.polyval(v, 2.0), np.convolve(v, v[:2]), np.angle(v + 1j)",
    ),
    # products of integers, whose order does not matter
    (
        "k",
        "k @ k.T, np.dot(k, k.T), k @ k[0], k[0] @ k[0], k[:, 0] @ k, np.vdot(k, k), np.outer(k[0], k[1])",
    ),
    (
        "k",
        "np.inner(k, k), np.kron(k[0], k[1]), np.kron(k, k), np.trace(k), np.add.outer(k[0], k[1]), k.dot(k.T)",
    ),
    ("k: b u1 f2", "k @ k.T, np.dot(k[0], k[1]), np.cross(k[0, :3] * 1, k[1, :3])"),
    ("k", "np.matmul(k[None], k.T[None]), np.matmul(k, k.T[None]), np.matmul(k[None], k.T)"),
]
NEAR = [
    (
        "v: f8 f4 f2",
        "np.mean(v), np.var(v), np.std(v), v.std(ddof=1), np.average(v), np.average(v, weights=v + 2)",
    ),
    (
        "a: f8 c8",
        "np.mean(a, axis=0), np.var(a, axis=1), a.std(axis=0, keepdims=True), a.mean(axis=(0, 1))",
    ),
    (
        "b",
        "np.mean(b, axis=(0, 2)), np.var(b, axis=(1, 2)), b.sum(axis=(0, 1)), np.prod(b, axis=1)",
    ),
    ("w", "np.nanmean(w), np.nanvar(w), np.nanstd(w), np.nanstd(w, ddof=1)"),
    (
        "a: f8 f4 c16",
        "a @ a.T, a @ a[0], a[:, 0] @ a, np.dot(a, a.T), np.vdot(a, a), np.inner(a, a)",
    ),
    (
        "a",
        "np.linalg.norm(a), np.linalg.norm(a[0]), np.linalg.norm(a, axis=1), np.linalg.norm(a[0], 1)",
    ),
    (
        "s: f8 c16",
        "np.linalg.solve(s, s[0]), np.linalg.inv(s), np.linalg.det(s), np.linalg.solve(s, s)",
    ),
    (
        "s",
        "np.linalg.cholesky(s @ s.T), np.cov(s), np.corrcoef(s), np.trapezoid(s[0]), np.trapezoid(s[0], s[0])",
    ),
    ("v", "np.quantile(v, np.array([0.1, 0.5])), np.percentile(v, 33.0)"),
]
GIVEN = {
    "n": 5,
    "v": numpy.array([3.0, 1, 2, 5, 0]),
    "w": numpy.array([2.0, numpy.nan, -1, 0.5, numpy.inf, -1]),
    "a": numpy.array([[4.0, 1, 2, 3], [7, 0, 6, 2], [5, 5, 1, 8]]),
    "b": numpy.arange(24.0).reshape(2, 3, 4) % 7,
    "k": (numpy.arange(12) % 5).reshape(3, 4),
    "s": numpy.array([[4.0, 1, 2], [0, 3, 1], [1, 1, 5]]),
}


def made(name, text, number):
    """The function f(name) of that text, and the arguments to try it on."""
    name, _, dtypes = name.partition(": ")
    file, body = f"<library {number}>", f"def f({name}):\n    return ({text},)\n"
    linecache.cache[file] = len(body), None, body.splitlines(True), file
    scope = {"np": numpy}
    exec(compile(body, file, "exec"), scope)
    given = GIVEN[name]
    every = [given.astype(dtype) for dtype in dtypes.split()] if dtypes else [given]
    return quelea.jit(scope["f"]), every


@pytest.mark.parametrize("number", range(len(EXACT)))
def test_same_as_numpy(number):
    function, every = made(*EXACT[number], f"exact {number}")
    for given in every:
        check(function, given)


def near(got, want):
    if isinstance(want, tuple):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            near(one, other)
        return
    x, y = numpy.asarray(got), numpy.asarray(want)
    assert x.dtype == y.dtype and x.shape == y.shape, (got, want)
    most = 2e-3 if y.dtype == "f2" else 1e-5 if y.dtype in ("f4", "c8") else 1e-12
    assert numpy.allclose(x, y, rtol=most, atol=most, equal_nan=True), (got, want)


@pytest.mark.parametrize("number", range(len(NEAR)))
def test_near_to_numpy(number):
    function, every = made(*NEAR[number], f"near {number}")
    for given in every:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            near(function(given), function.__wrapped__(given))


# ---- contract C7 ----


@quelea.jit
def products(a, b, x):
    return a @ b, a @ x, x @ b, np.dot(x, x), np.vdot(x, x)


@quelea.jit
def reduced(a, x):
    return np.sum(x), np.mean(x), np.sum(a, axis=0), np.var(a, axis=1), np.std(x), np.mean(a)


@pytest.mark.parametrize("dtype", ["f8", "f4", "c16"])
def test_sums_have_the_bits_of_quelea(dtype):
    """Leaves of 128 elements and a tree over them, whatever computes it."""
    numbers = numpy.random.default_rng(3)
    for k in (1, 5, 8, 9, 128, 129, 300, 1000):
        a, b = (numbers.normal(size=shape).astype(dtype) for shape in ((3, k), (k, 5)))
        if dtype == "c16":
            a, b = a + 1j * a[:, ::-1], b * 1j + b[::-1]
        x = a[0].copy()
        p, q, y = quelea.asarray(a), quelea.asarray(b), quelea.asarray(x)
        want = p @ q, p @ y, y @ q, quelea.dot(y, y), quelea.vdot(y, y)
        got = products(a, b, x)
        # a product of matrices is BLAS's outside of compiled functions
        numpy.testing.assert_allclose(got[0], numpy.asarray(want[0]), 1e-4, 1e-4)
        for one, other in zip(got[1:], want[1:], strict=True):
            assert numpy.asarray(one).tobytes() == numpy.asarray(other).tobytes(), k
        means = quelea.sum(y), quelea.mean(y), quelea.sum(p, axis=0), quelea.var(p, axis=1)
        means = (*means, quelea.std(y), quelea.mean(p))
        for one, other in zip(reduced(a, x), means, strict=True):
            assert numpy.asarray(one).tobytes() == numpy.asarray(other).tobytes(), k


def test_errors_stand_at_the_call():
    @quelea.jit
    def product(a, b):
        return a @ b

    with pytest.raises(ValueError, match="inner dimensions") as caught:
        product(numpy.ones((2, 3)), numpy.ones((2, 3)))
    assert "return a @ b" in caught.value.__notes__[0]

    @quelea.jit
    def least(a):
        return np.argmin(a)

    check(least, numpy.zeros(0))
    with pytest.raises(quelea.errors.JitError, match="QJ385") as refused:
        least(numpy.zeros(3, complex))
    assert refused.value.filename.endswith("test_jit_library.py")


def test_math():
    @quelea.jit
    def whole(a, b):
        return math.gcd(a, b), math.lcm(a, b), math.factorial(b), math.comb(a, b), math.isqrt(a)

    @quelea.jit
    def close(x, y):
        return math.isclose(x, y), math.prod((x, y)), math.perm(5, 2)

    for a, b in ((12, 18), (62, 20), (0, 3), (7, 0), (99999, 3)):
        check(whole, a, b)
    for x, y in ((1.0, 1.0 + 1e-12), (1.0, 1.1), (math.inf, 1.0), (0.0, 1e-12)):
        check(close, x, y)


def test_long_sorts():
    @quelea.jit
    def ordered(x):
        y = x.copy()
        y.sort()
        return y, np.argsort(x), np.unique(x), np.median(x)

    numbers = numpy.random.default_rng(1)
    for n in (1, 15, 16, 17, 33, 100, 1000):
        check(ordered, numbers.permutation(n).astype(float))
        x = numbers.integers(0, 5, n)
        same(ordered(x)[1], numpy.argsort(x, kind="stable"))


def test_special_functions():
    @quelea.jit
    def special(x):
        return math.erf(x), math.erfc(x), math.gamma(x), math.lgamma(x)

    for x in (0.5, 1.0, 3.25, 7.5, 1e-3):
        for one, other in zip(special(x), special.__wrapped__(x), strict=True):
            assert abs(one - other) <= 1e-15 * max(abs(other), 1e-300) * 4

    @quelea.jit
    def rounded(x):
        return round(x, 2), round(x, 0), round(x, 3), round(x)

    for x in (2.675, 0.5, 1.5, -2.665, 1e15, 0.125, 1 / 3, 1e-5, 123456.785):
        check(rounded, x)
    check(rounded, numpy.float64(2.675))
    check(rounded, 3)


def test_products_in_place():
    @quelea.jit
    def stored(a, b, c):
        np.dot(a, b, out=c)
        d = np.dot(a, b, c)
        d[0, 0] += 1
        np.add(c, 1, c)
        np.sqrt(c, out=c)
        return c

    a = numpy.arange(6.0).reshape(2, 3)
    check(stored, a, a.T.copy(), numpy.zeros((2, 2)))
    check(stored, a, a.T.copy(), numpy.zeros((2, 3)))


def test_the_names_of_refused_calls():
    @quelea.jit
    def trace(x):
        return np.trace(x)

    with pytest.raises(quelea.errors.JitError, match=r"numpy.trace\(\) takes a matrix"):
        trace(numpy.zeros((2, 2, 2)))


def alike(got, want):
    """Equal, where what was an array may be Quelea's."""
    if isinstance(want, (tuple, list)) and isinstance(got, tuple):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            alike(one, other)
        return
    near(numpy.asarray(got), numpy.asarray(want))


@pytest.mark.parametrize("row", [*EXACT, *NEAR], ids=range(len(EXACT) + len(NEAR)))
def test_arrays_of_quelea(row):
    """Of arrays that are partitioned what cannot be computed is refused; nothing is wrong."""
    for number, text in enumerate(row[1].split("), ")):
        whole = text if text.count("(") == text.count(")") else text + ")"
        try:
            function, every = made(row[0], whole, f"quelea {row[1]} {number}")
        except SyntaxError:
            continue  # cut in the middle of something
        if isinstance(every[0], int):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want = function.__wrapped__(every[0].copy())
        try:
            got = function(quelea.asarray(every[0]))
        except quelea.errors.JitError as error:
            codes = {"QJ400", "QJ402", "QJ403", "QJ404", "QJ405", "QJ409", "QJ385"}
            assert quelea.size > 1 and set(error.codes) <= codes, (whole, error)
            continue
        alike(got, want)
