"""Views along other axes: `sliding_window_view` and `as_strided`, which copy nothing, on any layout."""

import numpy
import pytest
from support import HERE, happened, near, same, same_error, values

import quelea as np

TRICKS = numpy.lib.stride_tricks


def windows(m):
    return m.lib.stride_tricks.sliding_window_view


def strided(m):
    return m.lib.stride_tricks.as_strided


FORMS = [
    ((60,), 1, None),
    ((60,), 3, None),
    ((60,), (60,), None),
    ((60,), 7, -1),
    ((60,), 0, 0),
    ((6, 10), (2, 3), None),
    ((6, 10), 3, 0),
    ((6, 10), 4, 1),
    ((6, 10), (4,), -1),
    ((10, 6), (6, 10), (1, 0)),
    ((6, 10), (2, 3), (1, 1)),
    ((6, 10), (), ()),
    ((3, 4, 5), (2, 2, 2), None),
    ((3, 4, 5), 3, 1),
    ((0, 5), 2, 1),
    ((1, 60), 1, 0),
]


@pytest.mark.parametrize(("shape", "window", "axis"), FORMS)
@pytest.mark.parametrize("dtype", ["float64", "int16", "bool", "complex64"])
def test_windows_are_numpys(shape, window, axis, dtype):
    a = numpy.resize(values(dtype), shape)
    x = np.asarray(a)
    got, want = windows(np)(x, window, axis), windows(numpy)(a, window, axis)
    same(got, want)
    assert got.strides == want.strides or want.size == 0
    assert not got.flags.writeable
    assert np.shares_memory(got, x) == numpy.shares_memory(want, a)
    with pytest.raises(ValueError, match="read-only"):
        got[...] = 0


CALLS = [
    lambda m, w: w.sum(axis=-1),
    lambda m, w: w.max(axis=-1),
    lambda m, w: w.min(axis=0),
    lambda m, w: w.argmax(axis=-1),
    lambda m, w: w.cumsum(axis=-1),
    lambda m, w: w + 1,
    lambda m, w: w[::2],
    lambda m, w: w[::-1, 1:],
    lambda m, w: w[3],
    lambda m, w: w[3, 2],
    lambda m, w: w.T,
    lambda m, w: w.reshape(-1),
    lambda m, w: w.copy(),
    lambda m, w: w[[5, 1, 1]],
    lambda m, w: w[w[:, 0] > 5],
    lambda m, w: m.sort(w, axis=-1)[:, 2],
    lambda m, w: m.median(w, axis=-1),
    lambda m, w: m.unique(w),
    lambda m, w: m.concatenate([w, w]),
    lambda m, w: m.where(w > 4, w, 0),
    lambda m, w: w.any(axis=1),
    lambda m, w: m.count_nonzero(w, axis=0),
    lambda m, w: m.diff(w, axis=0),
    lambda m, w: w.astype("f4"),
    lambda m, w: m.broadcast_to(w[:2], (2, 2, 5)),
]


@pytest.mark.parametrize("call", CALLS)
def test_windows_are_used(call):
    a = (numpy.arange(37) * 11) % 37
    x = np.asarray(a)
    same(call(np, windows(np)(x, 5)), call(numpy, windows(numpy)(a, 5)))


@pytest.mark.parametrize("dtype", HERE)
def test_statistics_of_windows(dtype):
    a = numpy.resize(values(dtype)[10:50], (9, 13))
    x = np.asarray(a)
    for window, axis in ((3, 0), (4, 1), ((2, 3), None)):
        theirs, ours = windows(numpy)(a, window, axis), windows(np)(x, window, axis)
        inside = tuple(range(2, theirs.ndim))
        same(ours.max(axis=inside), theirs.max(axis=inside))
        if dtype not in ("float16", "complex64", "complex128"):
            want = theirs.mean(axis=inside)
            near(ours.mean(axis=inside), want, 16, absolute=64)


def test_windows_with_weights():
    a = numpy.arange(48.0).reshape(6, 8) ** 2 % 17
    weights = numpy.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    got = (windows(np)(np.asarray(a), (3, 3)) * np.asarray(weights)).sum(axis=(2, 3))
    want = (windows(numpy)(a, (3, 3)) * weights).sum(axis=(2, 3))
    same(got, want)
    same(
        np.einsum("ijkl,kl->ij", windows(np)(np.asarray(a), (3, 3)), np.asarray(weights)),
        numpy.einsum("ijkl,kl->ij", windows(numpy)(a, (3, 3)), weights),
    )
    same(windows(np)(np.asarray(a), 3, 1) @ np.ones(3), windows(numpy)(a, 3, 1) @ numpy.ones(3))


def test_windows_see_what_is_stored():
    a = numpy.zeros((8, 8))
    x = np.zeros((8, 8))
    w, v = windows(np)(x, (3, 3)), windows(numpy)(a, (3, 3))
    for y in (a, x):
        y[2:5, 3] = [1.0, 2.0, 3.0]
        y[7] += 4
    same(w, v)
    for y, z in ((a, v), (x, w)):
        y[1:-1, 1:-1] = z.sum(axis=(2, 3))  # the right side is read first
        y[:6, :6] += z[..., 0, 1]
    same(x, a)


def test_reductions_over_windows_bring_halos_alone():
    x = np.arange(40_000.0)
    did = happened(lambda: windows(np)(x, 16).max(axis=-1))
    assert did["redistributions"] == did["gathers"] == 0
    nodes = np.info()["node_count"]
    assert did["halo_bytes"] <= 2 * 2 * 16 * 8 * (nodes > 1)


def test_windows_of_views():
    a = numpy.arange(120.0).reshape(10, 12)
    x = np.asarray(a)
    for cut in (
        lambda y: y.T,
        lambda y: y[::-1, ::2],
        lambda y: y[2:9:3],
        lambda y: y[4],
        lambda y: y[:, 5],
    ):
        for window in (1, 2, 3):
            same(windows(np)(cut(x), window, 0), windows(numpy)(cut(a), window, 0))
    z = np.asarray(a + 1j * a[::-1])
    same(windows(np)(z.imag, 3, 1), windows(numpy)((a + 1j * a[::-1]).imag, 3, 1))
    same(windows(np)([1, 2, 3], 2), windows(numpy)([1, 2, 3], 2))


REFUSED = [
    lambda m, x: windows(m)(x, 3),
    lambda m, x: windows(m)(x, 2, 2),
    lambda m, x: windows(m)(x, 9, 1),
    lambda m, x: windows(m)(x, (2, 2, 2), (1, 1)),
    lambda m, x: windows(m)(x, -1, 0),
    lambda m, x: windows(m)(x, 1.5, 0),
]


@pytest.mark.parametrize("call", REFUSED)
def test_errors_are_numpys(call):
    a = numpy.arange(12.0).reshape(3, 4)
    same_error(lambda: call(np, np.asarray(a)), lambda: call(numpy, a))


def test_windows_for_writing():
    x = np.arange(6)
    with pytest.raises(NotImplementedError, match="slices"):
        windows(np)(x, 2, writeable=True)
    windows(np)(x, 1, writeable=True)[2] = 7
    assert x.tolist() == [0, 1, 7, 3, 4, 5]


STRIDED = [
    ((5,), (8,)),
    ((4, 3), (8, 8)),
    ((3, 4), (32, 8)),
    ((4,), (0,)),
    ((3,), (16,)),
    ((2, 2, 2), (8, 16, 24)),
    ((), ()),
    ((0, 4), (8, 8)),
    ((3, 1), (8, 800)),
]


@pytest.mark.parametrize(("shape", "strides"), STRIDED)
def test_strides_are_numpys(shape, strides):
    a = numpy.arange(12.0)
    x = np.asarray(a)
    same(strided(np)(x, shape, strides), strided(numpy)(a, shape, strides))
    same(
        strided(np)(x.reshape(3, 4)[1:], (2, 3), (8, 8)),
        strided(numpy)(a.reshape(3, 4)[1:], (2, 3), (8, 8)),
    )
    same(strided(np)(x[::-1], (3, 2), (-16, -8)), strided(numpy)(a[::-1], (3, 2), (-16, -8)))


def test_strided_views_are_written():
    a = numpy.arange(24.0).reshape(4, 6)
    x = np.asarray(a)
    for m, y in ((numpy, a), (np, x)):
        strided(m)(y, (4,), (56,))[:] = -1  # the diagonal
        strided(m)(y[1:], (3, 3), (48, 16))[...] *= 2
        strided(m)(y, shape=(6, 4))[0] += 100
    same(x, a)
    view = strided(np)(x, (4, 3), (8, 8))
    assert not view.flags.writeable
    assert not strided(np)(x, (4,), (8,), writeable=False).flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_strides_that_are_refused():
    x = np.arange(6)
    for shape, strides in (((7,), (8,)), ((2,), (-8,)), ((2, 4), (24, 8)), ((3,), (2**62,))):
        with pytest.raises(ValueError, match="beyond"):
            strided(np)(x, shape, strides)
    with pytest.raises(NotImplementedError, match="multiples"):
        strided(np)(x, (2,), (4,))
    with pytest.raises(ValueError, match="mismatch"):
        strided(np)(x, (2, 2), (8,))
    with pytest.raises(ValueError, match="negative"):
        strided(np)(x, (-2,), (8,))
    assert strided(np)(numpy.arange(3), (2, 2), (8, 8)).tolist() == [[0, 1], [1, 2]]
