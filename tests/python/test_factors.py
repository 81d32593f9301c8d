"""np.linalg's factors of matrices against NumPy: values up to rounding, dtypes, stacks, nothing, errors."""

from typing import Any

import numpy
import pytest
from jobs import LAUNCHED, fine
from support import host

import quelea

L, M = numpy.linalg, quelea.linalg
DTYPES = ["f4", "f8", "c8", "c16", "i4"]
SQUARE = [(3, 3), (40, 40), (6, 5, 5), (2, 3, 4, 4), (1, 1)]
OBLONG = [(5, 3), (3, 5), (4, 30, 20), (4, 20, 30), (7, 1)]


def some(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    random = numpy.random.default_rng([*shape, seed])
    x = random.normal(size=shape)
    if numpy.dtype(dtype).kind == "c":
        x = x + 1j * random.normal(size=shape)
    x = (10 * x).astype(dtype)
    return numpy.where(x == 0, numpy.ones((), dtype) * 7, x)


def positive(a: Any) -> Any:
    return a @ a.conj().swapaxes(-1, -2) + 10 * numpy.eye(a.shape[-1], dtype=a.dtype)


def near(ours: Any, theirs: Any, slack: float = 1e-9) -> None:
    got, want = host(ours), numpy.asarray(theirs)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    slack = 1e-4 if want.dtype.char in "fF" else slack
    most = abs(want).max() if want.size else 1
    numpy.testing.assert_allclose(got, want, slack, slack * max(1, min(most, 1e30)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SQUARE)
def test_systems(shape: tuple[int, ...], dtype: str) -> None:
    a, b, v = some(shape, dtype), some((*shape[:-1], 2), dtype, 1), some(shape[-1:], dtype)
    x, y, w = (quelea.asarray(z) for z in (a, b, v))
    near(M.solve(x, y), L.solve(a, b))
    near(M.solve(x, w), L.solve(a, v))
    near(M.solve(x.swapaxes(-1, -2), y), L.solve(a.swapaxes(-1, -2), b))
    if a.ndim > 2:
        near(M.solve(x[0], y), L.solve(a[0], b))
        near(M.solve(x[:, :0], y[:, :0]) if a.ndim == 4 else M.solve(x[:0], y[:0]),
             L.solve(a[:, :0], b[:, :0]) if a.ndim == 4 else L.solve(a[:0], b[:0]))  # fmt: skip
    near(M.inv(x), L.inv(a), 1e-8)
    with numpy.errstate(all="ignore"):
        theirs = L.det(a)
    near(M.det(x), theirs)
    for ours, theirs in zip(M.slogdet(x), L.slogdet(a), strict=True):
        near(ours, theirs)
    if a.dtype.kind != "i":
        near(M.matrix_power(x, -2), L.matrix_power(a, -2), 1e-6)
    for p in (None, -2, 1, -1, numpy.inf, "fro", "nuc"):
        with numpy.errstate(all="ignore"):
            theirs = L.cond(a, p)
        near(M.cond(x, p), theirs, 1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SQUARE)
def test_eigenvalues(shape: tuple[int, ...], dtype: str) -> None:
    a = some(shape, dtype)
    s = positive(a)
    x, y = quelea.asarray(a), quelea.asarray(s)
    near(M.cholesky(y), L.cholesky(s))
    near(M.cholesky(y, upper=True), L.cholesky(s, upper=True))
    near(M.eigvalsh(y), L.eigvalsh(s))
    near(M.eigvalsh(x, "U"), L.eigvalsh(a, "U"))
    w, v = (host(part) for part in M.eigh(y))
    near(quelea.asarray(w), L.eigh(s)[0])
    near(quelea.asarray(v * w[..., None, :] @ v.conj().swapaxes(-1, -2)), s.astype(v.dtype), 1e-7)
    w, v = (host(part) for part in M.eig(x))
    values, vectors = L.eig(a)
    assert (w.dtype, v.dtype) == (values.dtype, vectors.dtype)
    near(quelea.asarray(numpy.sort_complex(w)), numpy.sort_complex(values), 1e-7)
    near(quelea.asarray(a @ v), v * w[..., None, :], 1e-7)
    near(quelea.asarray(numpy.sort_complex(host(M.eigvals(x)))), numpy.sort_complex(values), 1e-7)
    u, values, vh = (host(part) for part in M.svd(x, hermitian=True))
    p, q, r = L.svd(a, hermitian=True)
    near(quelea.asarray(values), q)
    near(quelea.asarray(u * values[..., None, :] @ vh), p * q[..., None, :] @ r, 1e-7)
    near(M.svd(x, compute_uv=False, hermitian=True), q)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", OBLONG)
def test_oblong(shape: tuple[int, ...], dtype: str) -> None:
    a = some(shape, dtype)
    x, k = quelea.asarray(a), min(shape[-2:])
    for mode in ("reduced", "complete", "raw"):
        for ours, theirs in zip(M.qr(x, mode), L.qr(a, mode), strict=True):
            near(ours, theirs, 1e-7)
    near(M.qr(x, "r"), L.qr(a, "r"), 1e-7)
    for full in (False, True):
        u, s, vh = M.svd(x, full)
        p, q, r = L.svd(a, full)
        assert (u.shape, vh.shape) == (p.shape, r.shape)
        near(s, q)
        u, s, vh = host(u)[..., :, :k], host(s), host(vh)[..., :k, :]
        near(quelea.asarray(u * s[..., None, :] @ vh), a.astype(u.dtype), 1e-7)
    near(M.svdvals(x), L.svdvals(a))
    near(M.matrix_rank(x), L.matrix_rank(a))
    near(M.pinv(x), L.pinv(a), 1e-7)
    if a.ndim == 2:
        for b in (some((shape[0], 2), dtype, 1), some(shape[:1], dtype, 1)):
            ours, theirs = M.lstsq(x, quelea.asarray(b)), L.lstsq(a, b)
            assert ours[2] == theirs[2]
            for k in (0, 1, 3):
                near(ours[k], theirs[k], 1e-7)


def test_ranks_that_are_not_full() -> None:
    a = some((6, 4), "f8")
    a[:, 3] = a[:, 0] + a[:, 1]
    x = quelea.asarray(a)
    assert int(M.matrix_rank(x)) == 3
    assert M.matrix_rank(quelea.zeros(3)) == 0
    near(M.pinv(x, 1e-10), L.pinv(a, 1e-10), 1e-7)
    near(M.matrix_rank(x, rtol=1e-3), L.matrix_rank(a, rtol=1e-3))
    ours, theirs = M.lstsq(x, quelea.asarray(a[:, 2])), L.lstsq(a, a[:, 2])
    assert ours[2] == theirs[2] == 3
    for k in (0, 1, 3):
        near(ours[k], theirs[k], 1e-7)
    assert float(M.cond(quelea.ones((2, 2)), 1)) == numpy.inf
    assert float(M.det(quelea.ones((3, 3)))) == 0


@pytest.mark.parametrize(
    "shape", [(0, 0), (3, 0, 0), (0, 3, 3), (0, 3), (3, 0), (2, 0, 3), (0, 2, 3)]
)
def test_nothing(shape: tuple[int, ...]) -> None:
    a = numpy.zeros(shape)
    x = quelea.asarray(a)
    names = ["svd", "qr", "pinv", "matrix_rank"]
    if shape[-1] == shape[-2]:
        names += [
            "inv",
            "det",
            "cholesky",
            "eigvalsh",
            "eigvals",
            "svdvals",
            "slogdet",
            "eigh",
            "eig",
        ]
    for name in names:
        ours, theirs = getattr(M, name)(x), getattr(L, name)(a)
        assert isinstance(ours, tuple) == isinstance(theirs, tuple)
        parts = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
        for one, other in parts:
            near(one, other)
    if len(shape) == 2:
        b = numpy.ones((shape[0], 2))
        for one, other in zip(M.lstsq(x, quelea.asarray(b))[:2], L.lstsq(a, b)[:2], strict=True):
            near(one, other)


def test_tensors() -> None:
    a, b = some((2, 3, 6), "f8"), some((2, 3), "f8")
    x, y = quelea.asarray(a), quelea.asarray(b)
    near(M.tensorsolve(x, y), L.tensorsolve(a, b))
    near(M.tensorinv(x), L.tensorinv(a))
    near(M.tensorsolve(x.transpose(2, 0, 1), y, (0,)), L.tensorsolve(a.transpose(2, 0, 1), b, (0,)))


def error(work: Any) -> tuple[str, str]:
    with pytest.raises((ValueError, TypeError)) as caught:
        work()
    return type(caught.value).__name__, str(caught.value)


def test_errors() -> None:
    stack = numpy.broadcast_to(numpy.eye(3), (4, 3, 3)).copy()
    stack[2] = 1
    calls: list[tuple[str, Any]] = [
        ("inv", (stack,)), ("cholesky", (-stack,)), ("solve", (stack, numpy.ones((3, 1)))), ("inv", (numpy.ones(3),)),
        ("inv", (numpy.ones((2, 3)),)), ("det", (numpy.ones((2, 3)),)), ("svd", (numpy.ones(2),)),
        ("eig", (numpy.full((2, 2), numpy.nan),)), ("inv", (numpy.ones((2, 2), "f2"),)), ("qr", (numpy.ones(3),)),
        ("lstsq", (numpy.ones((2, 2)), numpy.ones(3))), ("qr", (numpy.ones((2, 2)), "wide")),
        ("eigh", (numpy.ones((2, 2)), "X")), ("cond", (numpy.ones((0, 0)),)),
        ("matrix_power", (numpy.ones((2, 2)), -1)),
        ("tensorinv", (numpy.ones((2, 2)), 0)), ("solve", (numpy.ones((3, 3)), numpy.ones((2, 1)))),
    ]  # fmt: skip
    for name, given in calls:
        ours = [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in given]
        theirs = getattr(L, name)
        assert error(lambda n=name, g=ours: getattr(M, n)(*g)) == error(
            lambda t=theirs, g=given: t(*g)
        ), name


@pytest.mark.skipif(LAUNCHED, reason="it starts jobs of its own")
def test_a_large_matrix_on_several_nodes_is_said() -> None:
    code = """
    import warnings
    a = np.eye(60) * 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        b = np.linalg.inv(a)
        c = np.linalg.inv(a.reshape(1, 60, 60).repeat(4, 0))
    print(float(b.sum()), float(c.sum()), [(w.category.__name__, "28800 bytes" in str(w.message)) for w in caught])
    """
    assert fine(code, 2, QUELEA_NODE_SIZE="1") == "30.0 120.0 [('GatherWarning', True)]\n"
    assert fine(code, 2) == "30.0 120.0 []\n"
