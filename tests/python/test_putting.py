"""Assigning by arrays of integers, masks and truths, and `ufunc.at`, against NumPy."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HERE, happened, same, same_error, values

import quelea as np


def ours_of(key):
    """The same key with arrays of ours."""
    if isinstance(key, tuple):
        return tuple(ours_of(item) for item in key)
    return np.asarray(key) if isinstance(key, numpy.ndarray) else key


def both(x, key, value, view=lambda a: a):
    """By NumPy's arrays and by ours, values too."""
    want = x.copy()
    view(want)[key] = value
    for k, v in [
        (key, value),
        (ours_of(key), value),
        (key, ours_of(value)),
        (ours_of(key), ours_of(value)),
    ]:
        mine = np.array(x)
        view(mine)[k] = v
        same(mine, want, (k, v))


def added(x, key, value, ufunc="add", view=lambda a: a):
    """By `ufunc.at`."""
    want = x.copy()
    with numpy.errstate(all="ignore"):
        getattr(numpy, ufunc).at(view(want), key, *value)
    for k, v in [(key, value), (ours_of(key), ours_of(tuple(map(numpy.asarray, value))))]:
        mine = np.array(x)
        getattr(np, ufunc).at(view(mine), k, *v)
        same(mine, want, (ufunc, k, v))


X = numpy.arange(5 * 7 * 3.0).reshape(5, 7, 3)
I, J = numpy.array([4, -5, 0, 2, 4]), numpy.array([6, -7, 3, 3, 6])
K = numpy.array([[0, -1, 2, 1, 0], [1, 1, -3, 0, 1]])
ROWS, PLANE, COLUMNS, LAST = X[:, 0, 0] < 60, X[:, :, 0] % 7 < 3, X[0, :, 0] > 5, X[0, 0] < 2
KEYS = [
    I,
    (I, J),
    (I, J, K),
    (slice(None), J),
    (slice(None), J, K),
    (I, slice(None), K),
    (Ellipsis, K),
    (I, None, J),
    (None, I),
    (I, Ellipsis, None),
    (0, slice(None), K),
    (I, 1),
    (2, 1, K),
    (1, J, slice(None)),
    (slice(1, 4), [1, 2]),
    (slice(None, None, -1), J, slice(None, None, 2)),
    (I[:, None], J),
    (numpy.ix_([0, 3], [1, 5])),
    ([1, 2],),
    [0, 1],
    ([[1], [2]], [0, 1]),
    range(3),
    ([],),
    (numpy.zeros((0, 2), int),),
    (slice(2, 2), J),
    numpy.array([1]),
    (I.astype("int8"), J.astype("int16")),
    (numpy.array([0, 1], "uint64"),),
    (numpy.int32(1), [0, 1]),
    ROWS,
    PLANE,
    X % 4 < 2,
    X < 0,
    (slice(None), COLUMNS),
    (ROWS, slice(2, 5)),
    (PLANE, 1),
    (3, COLUMNS),
    (None, ROWS),
    (Ellipsis, LAST),
    (PLANE, LAST.nonzero()[0][:1]),
    (slice(None), COLUMNS, [1]),
    (slice(3, 3), COLUMNS),
    True,
    False,
    (True, [0, 1]),
    (Ellipsis, True),
    (slice(1, 3), numpy.True_, 2),
    ([2], True, None, [1]),
    (False, 0),
]


@pytest.mark.parametrize("key", KEYS)
def test_keys(key):
    shape = X[key].shape
    one_each = numpy.random.default_rng(0).random(shape)
    same(np.asarray(X)[key], X[key])
    both(X, key, 5)
    both(X, key, one_each)
    both(X, key, one_each, lambda a: a.T[::-1].T)
    if one_each.ndim > 1 and not isinstance(key, numpy.ndarray):
        both(X, key, one_each[:1])
        both(X, key, one_each[..., :1])
        both(X, key, one_each[None])
    added(X, key, (one_each,))
    added(X, key, (2,), "subtract")
    added(X, key, (), "negative")


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype):
    x = values(dtype, 60).reshape(12, 5)
    index = numpy.array([3, -12, 11, 3, 0, 0, 7])
    new = values(dtype, 35, 7).reshape(7, 5)
    both(x, index, new)
    both(x, (index, index % 5), new[:, 1])
    both(x, (slice(None), index % 5), values(dtype, 84, 3).reshape(12, 7))
    mask = numpy.arange(60).reshape(12, 5) % 3 == 0
    both(x, mask, new[:4].reshape(20))
    both(x, mask[:, 0], new[:4])
    both(x, mask, new[1, 1])
    with numpy.errstate(all="ignore"):
        for other in ("bool", "int8", "uint64", "float16", "float64"):
            both(x, index, values(other, 35, 7).reshape(7, 5) != 0)
            if not (dtype[0] in "iu" and other[0] == "f"):  # of infinities that is the processor's
                both(x, index, values(other, 35, 7).reshape(7, 5))


@pytest.mark.parametrize("shape", [(1,), (2,), (3001,), (997, 3), (3, 997), (41, 30, 3)])
@pytest.mark.parametrize("count", [1, 2, 5, 4099])
def test_sizes(shape, count):
    rng = numpy.random.default_rng(count)
    x = rng.random(shape)
    keys = [rng.integers(-n, n, count) for n in shape]
    for key in (keys[0], tuple(keys), (Ellipsis, keys[-1])):
        both(x, key, rng.random(x[key].shape))
        added(x, key, (rng.random(x[key].shape),))
    mask = rng.random(shape) < 0.4
    both(x, mask, rng.random(mask.sum()))
    both(x, mask, 3)


@given(st.data())
def test_any_key(data):
    """Numbers, slices, arrays of shapes that are broadcast, new axes and one ellipsis, in any order."""
    draw = data.draw
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    x = numpy.arange(float(numpy.prod(shape))).reshape(shape)
    common = draw(st.sampled_from([(3,), (2, 3), (1,), (2, 1), (0,)]))
    key, ellipsis = [], draw(st.integers(-1, len(shape)))
    for axis, n in enumerate(shape):
        if axis == ellipsis:
            key.append(Ellipsis)
            break
        kind = draw(st.sampled_from(["array", "array", "slice", "number", "stop"]))
        if kind == "array":
            cut = draw(st.integers(0, len(common) - 1))
            of = common[cut:]
            numbers = [draw(st.integers(-n, n - 1)) for _ in range(int(numpy.prod(of)))]
            key.append(numpy.array(numbers, int).reshape(of))
        elif kind == "slice":
            key.append(draw(st.sampled_from([slice(None), slice(1, None), slice(None, None, -1)])))
        elif kind == "number":
            key.append(draw(st.integers(-n, n - 1)))
        else:
            break
        if draw(st.integers(0, 4)) == 0:
            key.append(None)
    key = tuple(key)
    if any(isinstance(item, numpy.ndarray) for item in key):
        new = numpy.random.default_rng(1).random(x[key].shape)
        both(x, key, new)
        added(x, key, (new,))


@given(st.integers(0, 5000), st.integers(0, 2**32))
def test_any_mask(size, seed):
    rng = numpy.random.default_rng(seed)
    x = rng.random(size)
    mask = rng.random(size) < (seed % 7) / 6
    both(x, mask, rng.random(mask.sum()))
    both(x, mask[::-1], rng.random(mask.sum()))
    both(x, mask, numpy.nan)


UFUNCS = "add subtract multiply maximum minimum fmax divide logical_or power copysign less bitwise_xor floor_divide"


@pytest.mark.parametrize("ufunc", UFUNCS.split())
@pytest.mark.parametrize("dtype", HERE)
def test_ufuncs(ufunc, dtype):
    index = numpy.random.default_rng(3).integers(-9, 9, 200)
    x = values(dtype, 60, 5)[9:18]
    other = abs(values(dtype, 260, 6)[60:]) if dtype != "bool" else values(dtype, 200)
    want = x.copy()
    with numpy.errstate(all="ignore"):
        try:
            getattr(numpy, ufunc).at(want, index, other)
        except TypeError:
            same_error(
                lambda: getattr(np, ufunc).at(np.array(x), index, other),
                lambda: getattr(numpy, ufunc).at(x.copy(), index, other),
                False,
            )
            return
    mine = np.array(x)
    getattr(np, ufunc).at(mine, index, np.asarray(other))
    same(mine, want)


def test_operands_of_other_dtypes():
    index = numpy.array([1, 1, 0, 2])
    for dtype in ("int8", "int64", "float32", "complex128"):
        x = numpy.arange(4).astype(dtype)
        added(x, index, (3,))
        added(x, index, (numpy.array([1, 2, 3, 4], "int16"),))
        added(x, index, (True,), "multiply")
    added(numpy.arange(4, dtype="f4"), index, (numpy.array([0.1, 0.2, 0.3, 0.4]),))
    added(numpy.arange(12.0).reshape(3, 4), (slice(None), 1), (3,))
    added(numpy.arange(12.0).reshape(3, 4), (2, 1), (3,))
    added(numpy.arange(12.0).reshape(3, 4), slice(1, None), (numpy.arange(4.0),))
    added(numpy.arange(12.0), 3, (2,))
    added(numpy.arange(4.0), index, (), "square")
    theirs = numpy.zeros(3)
    np.add.at(theirs, [0, 0], np.asarray([1.0, 2.0]))
    assert theirs.tolist() == [3, 0, 0]
    mine = np.zeros(3)
    numpy.add.at(mine, [0, 0], 1)
    same(mine, numpy.array([2.0, 0, 0]))


def test_reading_adding_writing():
    x = numpy.arange(20.0)
    mine = np.array(x)
    index, mask = numpy.array([3, 3, -1, 0]), x % 3 == 0
    for a, i, m in ((x, index, mask), (mine, np.asarray(index), np.asarray(mask))):
        a[i] += 1
        a[i] *= [2, 3, 4, 5]
        a[m] += 10
        a[m] -= a[m]
        a[~m] **= 2
    same(mine, x)


def test_of_itself():
    """The right side and the indices are read first."""
    x = numpy.random.default_rng(2).permutation(3000)
    mine = np.array(x)
    for a in (x, mine):
        a[a[:1500]] = a[1500:]
        a[a % 3000] = a[::-1]
        a[[0, 1, 2]] = a[[1, 2, 0]]
        a[a > 2000] = a[a > 2000][::-1]
        a[a[::-1] % 2 == 0] = 7
    same(mine, x)
    y = x[:2500].reshape(50, 50) % 50
    own = np.array(y)
    for a in (y, own):
        a[a[:, 0]] = a[::-1]
        a[:, a[0]] = a.T
    same(own, y)


def test_views_and_parts():
    z = numpy.arange(600.0).reshape(20, 30) * (1 + 2j)
    mine = np.array(z)
    new = numpy.arange(float((z.imag > 700).sum()))
    for a in (z, mine):
        a.imag[[5, -1, 0]] = 3
        a.real[a.real > 500] = -1
        a.T[[5, -1, 0]] = 4j
        a[::-2, 3::4][[1, 2]] = 7
        a.reshape(-1)[[3, 4]] = 9
        a.imag[[3, 3], 5:9] = a.imag[[1, 2], 5:9]
    same(mine, z)
    z.real[z.imag > 700] = new[: (z.imag > 700).sum()]
    mine.real[mine.imag > 700] = new[: (z.imag > 700).sum()]
    same(mine, z)


def test_what_is_pending():
    def act(m):
        a = m.arange(5000.0)
        a += 1
        b = a * 2
        a[m.arange(5000)[::-2]] = b[:2500]
        b[b > 100] = 0
        a[::7] = b[::7]
        a[a == 0] = a[a == 0] + m.arange(float((a == 0).sum()))
        return a, b

    for mine, theirs in zip(act(np), act(numpy), strict=True):
        same(mine, theirs)


@pytest.mark.parametrize(
    "value",
    [
        numpy.nan,
        -0.0,
        1e300,
        True,
        300,
        [1, 2],
        [300, -5],
        [1.5, 2.5],
        [2j, 1],
        1j,
        numpy.float32(2.5),
        numpy.int64(300),
        numpy.uint8(200),
        "a",
        2**70,
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "bool", "complex64"])
def test_what_scalars_become(value, dtype):
    for key in (numpy.array([0, 2]), numpy.array([True, False, True])):
        x = numpy.ones(3, dtype)
        mine = np.ones(3, dtype)
        with numpy.errstate(all="ignore"):
            try:
                x[key] = value
            except Exception:

                def ours(mine=mine, key=key):
                    mine[key] = value

                def theirs(x=x, key=key):
                    x[key] = value

                same_error(ours, theirs, False)
                continue
            mine[key] = value
        same(mine, x)


def stored(key, value, shape=(5, 7, 3)):
    def act(m):
        x = m.zeros(shape)
        x[key] = value

    return act


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (stored([5], 1), True),
        (stored(([0, 1], [0, -8]), 1), True),
        (stored([0, 1, 2], numpy.zeros((2, 7, 3))), True),
        (stored([], [1, 2]), True),
        (stored(([0, 1], [0, 1, 2]), 1), True),
        (stored([0.5], 1), False),
        (stored(numpy.ones(4, bool), 1), True),
        (stored(numpy.ones((5, 7, 3), bool), [1, 2, 3]), True),
        (stored(numpy.zeros((5, 7, 3), bool), [1, 2, 3]), True),
        (stored(numpy.zeros((5, 7, 3), bool), numpy.zeros((2, 2))), True),
        (stored(ROWS, numpy.zeros((9, 7, 3))), True),
        (stored((slice(None), COLUMNS), numpy.zeros((5, 9, 3))), True),
        (stored(([0], [0], [0], [0]), 1), True),
        (lambda m: m.broadcast_to(m.zeros(3), (2, 3)).__setitem__([0], 1), False),
        (lambda m: m.add.at(m.zeros(3), [3], 1), True),
        (lambda m: m.add.at(m.zeros(3), [0]), True),
        (lambda m: m.bitwise_and.at(m.zeros(3, int), [0], 1.5), False),
        (lambda m: m.add.at(m.zeros(3), [0, 1], [1, 2, 3]), False),
        (lambda m: m.add.at([0], [0], 1), True),
        (lambda m: m.negative.at(m.zeros(3), [0], 1), False),
    ],
)
def test_mistakes(bad, text):
    same_error(lambda: bad(np), lambda: bad(numpy), text)


def test_nothing_is_stored_by_mistakes():
    x = np.zeros(4000)
    with pytest.raises(IndexError):
        x[np.arange(4000) + 1] = 1
    with pytest.raises(ValueError, match="cannot assign"):
        x[x == 0] = np.ones(3)
    assert float(x.sum()) == 0


def test_order_of_additions():
    """Sums have the bits of the order in which they are added, on any layout."""
    rng = numpy.random.default_rng(8)
    index, numbers = (
        rng.integers(0, 300, 50_000),
        rng.random(50_000) * 10.0 ** rng.integers(-9, 9, 50_000),
    )
    want = numpy.zeros(300)
    numpy.add.at(want, index, numbers)
    for length in (300, 20_000):
        mine = np.zeros(length)
        np.add.at(mine, np.asarray(index), np.asarray(numbers))
        same(mine[:300], want)


def test_scalars_through_masks_are_one_statement():
    x = np.zeros((300, 400))
    mask = x > 1
    did = happened(lambda: x.__setitem__(mask, 3))
    assert did["gathers"] == 0
    assert did["redistributions"] == 0
