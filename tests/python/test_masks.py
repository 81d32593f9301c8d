"""Reading by masks, and where they are true, against NumPy."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HERE, happened, same, same_error, values

import quelea as np

NODES = np.info()["node_count"]
X = numpy.random.default_rng(5).random((20, 30, 4))


@pytest.mark.parametrize(
    "shape",
    [(1,), (5,), (0,), (3, 0), (1023,), (1025,), (70, 80), (9, 8, 7), (100_003,), (3, 40_001)],
)
@pytest.mark.parametrize("chance", [0, 0.001, 0.5, 1])
def test_masks(shape, chance):
    x = numpy.random.default_rng(3).random(shape)
    mask, mine = x < chance, np.asarray(x)
    ours = mine < chance
    same(mine[ours], x[mask])
    same(mine[mask], x[mask])
    same((mine + 1)[ours] * 2, (x + 1)[mask] * 2)
    for got, want in zip(np.nonzero(ours), numpy.nonzero(mask), strict=True):
        same(got, want)
    for got, want in zip(np.where(ours), numpy.where(mask), strict=True):
        same(got, want)
    same(np.flatnonzero(ours), numpy.flatnonzero(mask))
    same(np.argwhere(ours), numpy.argwhere(mask))
    same(np.extract(ours, mine), numpy.extract(mask, x))


ROWS, PLANE, COLUMNS, LAST = X[:, 0, 0] < 0.5, X[:, :, 0] < 0.3, X[0, :, 0] < 0.4, X[0, 0] < 0.7


@pytest.mark.parametrize(
    "key",
    [
        ROWS,
        PLANE,
        X < 0.1,
        (slice(None), COLUMNS),
        (ROWS, slice(2, 5)),
        (PLANE, 1),
        (3, COLUMNS),
        (None, ROWS),
        (Ellipsis, LAST),
        (PLANE, LAST.nonzero()[0][:1]),
        (slice(None), COLUMNS, [1]),
        [True] * 20,
        (slice(3, 3), COLUMNS),
    ],
)
def test_beside_others(key):
    mine = np.asarray(X)
    items = key if isinstance(key, tuple) else (key,)
    ours = tuple(np.asarray(k) if isinstance(k, numpy.ndarray) else k for k in items)
    same(mine[key], X[key])
    same(mine[ours], X[key])
    same(mine[::-1].T.T[ours], X[::-1].T.T[key])


def test_views():
    mine = np.asarray(X)
    same(mine.T[::-1][mine.T[::-1] < 0.2], X.T[::-1][X.T[::-1] < 0.2])
    same(mine[::-2][mine[::-2] < 0.2], X[::-2][X[::-2] < 0.2])
    z, own = mine * (1 + 2j), X * (1 + 2j)
    same(z.imag[z.real > 0.5], own.imag[own.real > 0.5])
    flat = np.asarray(ROWS)
    same(np.flatnonzero(flat[::-1]), numpy.flatnonzero(ROWS[::-1]))
    same(np.flatnonzero(np.broadcast_to(flat[:1], (9,))), numpy.flatnonzero(ROWS[:1].repeat(9)))


@pytest.mark.parametrize("dtype", HERE)
def test_what_is_not_zero(dtype):
    x = values(dtype, 60).reshape(12, 5)
    mine = np.asarray(x)
    for got, want in zip(mine.nonzero(), x.nonzero(), strict=True):
        same(got, want)
    same(mine[x != 0], x[x != 0])
    same(np.extract(mine, mine), numpy.extract(x, x))


@given(st.integers(0, 5000), st.integers(0, 2**32))
def test_any_mask(size, seed):
    mask = numpy.random.default_rng(seed).random(size) < (seed % 7) / 6
    same(np.flatnonzero(np.asarray(mask)), numpy.flatnonzero(mask))


def test_compress():
    mine = np.asarray(X)
    rows = np.asarray(ROWS)
    same(np.compress(rows, mine, axis=0), numpy.compress(ROWS, X, axis=0))
    same(mine.compress([True, False, True]), X.compress([True, False, True]))
    same(mine.compress([0, 2, 1], 2), X.compress([0, 2, 1], 2))
    out = np.zeros((1, 30, 4))
    assert np.compress([False, True], mine, 0, out) is out
    same(out, X[1:2])


@pytest.mark.parametrize(
    "bad",
    [
        lambda m, a: a[m.zeros(3, bool)],
        lambda m, a: a[:, m.zeros((30, 5), bool)],
        lambda m, a: a[m.zeros((20, 30, 4, 1), bool)],
        lambda m, a: a[[True, False]],
        lambda m, a: m.nonzero(m.asarray(3)),
        lambda m, a: m.compress([[True]], a),
        lambda m, a: m.compress([True] * 99, a, axis=0),
    ],
)
def test_mistakes(bad):
    same_error(lambda: bad(np, np.asarray(X)), lambda: bad(numpy, X))


def test_what_is_pending():
    x = np.arange(5000.0)
    x *= 2
    y = x[x > 9000]
    x[:] = 0
    same(y, numpy.arange(9002.0, 10000.0, 2))


def test_a_loop_finds_its_plans():
    x = np.arange(50_000.0)

    def step():
        x[...] = x + 1 - x[x < 0.5].size
        np.sync()

    step(), step(), step(), step()
    assert happened(step)["plans_made"] == 0


@pytest.fixture
def few(monkeypatch):
    """Masks are brought to nodes in small pieces."""
    monkeypatch.setattr("quelea.indexing._MASK_BETWEEN_NODES", 500)


@pytest.mark.parametrize("shape", [(3001,), (70, 31), (1, 9, 300), (2, 1, 1500)])
@pytest.mark.parametrize("chance", [0, 0.4, 1])
def test_large_masks_between_nodes(few, shape, chance):
    rng = numpy.random.default_rng(9)
    x = rng.random(shape)
    mask, mine = x < chance, np.array(x)
    same(mine[np.asarray(mask)], x[mask])
    same(np.flatnonzero(np.asarray(mask)), numpy.flatnonzero(mask))
    same(np.argwhere(np.asarray(mask).T), numpy.argwhere(mask.T))
    new = rng.random(int(mask.sum()))
    x[mask], mine[np.asarray(mask)] = new, np.asarray(new)
    same(mine, x)
    x.T[mask.T], mine.T[mask.T] = -new, -new
    same(mine, x)
    numpy.place(x, mask, [1, 2, 3])
    np.place(mine, np.asarray(mask), [1, 2, 3])
    same(mine, x)
    with pytest.raises(ValueError, match="cannot assign"):
        mine[np.asarray(mask)] = np.zeros(int(mask.sum()) + 2)
