"""Reading by arrays of integers, against NumPy."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import LAUNCHED, fine, job
from support import AT_ONCE, HERE, happened, same, same_error, values

import quelea as np


def ours_of(key):
    """The same key with arrays of ours."""
    if isinstance(key, tuple):
        return tuple(ours_of(item) for item in key)
    return np.asarray(key) if isinstance(key, numpy.ndarray) else key


def both(x, key):
    """By NumPy's arrays and by ours."""
    mine = np.asarray(x)
    same(mine[key], x[key], key)
    same(mine[ours_of(key)], x[key], key)


X = numpy.arange(5 * 7 * 3.0).reshape(5, 7, 3)
I, J = numpy.array([4, -5, 0, 2]), numpy.array([6, -7, 3, 3])
K = numpy.array([[0, -1, 2, 1], [1, 1, -3, 0]])


@pytest.mark.parametrize(
    "key",
    [
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
        (),
        ([],),
        (numpy.zeros((0, 2), int),),
        (slice(2, 2), J),
        numpy.array([1]),
        (I.astype("int8"), J.astype("int16")),
        (numpy.array([0, 1], "uint64"),),
        (numpy.int32(1), [0, 1]),
    ],
)
def test_keys(key):
    both(X, key)
    both(X.T[::-1].T, key)


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype):
    x = values(dtype, 60).reshape(12, 5)
    index = numpy.array([3, -12, 11, 3, 0, 0, 7])
    both(x, index)
    both(x, (index, index % 5))
    both(x, (slice(None), index % 5))


@pytest.mark.parametrize("shape", [(1,), (2,), (3001,), (997, 3), (3, 997), (41, 30, 3)])
@pytest.mark.parametrize("count", [1, 2, 5, 4099])
def test_sizes(shape, count):
    rng = numpy.random.default_rng(count)
    x = rng.random(shape)
    keys = [rng.integers(-n, n, count) for n in shape]
    both(x, keys[0])
    both(x, tuple(keys))
    both(x, (Ellipsis, keys[-1]))


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
    if any(isinstance(item, numpy.ndarray) for item in key):
        both(x, tuple(key))


def test_what_is_pending_is_stored_first():
    x, index = np.arange(5000.0), np.arange(5000)
    x += 1
    y = (x * 2)[(index + 1) % 5000] + x[::-1][index]
    x[:10] = 0  # what y took stays
    theirs = numpy.arange(5000.0) + 1
    same(y, (theirs * 2)[(numpy.arange(5000) + 1) % 5000] + theirs[::-1])
    same(x[[9, 10]], numpy.array([0.0, 11.0]))
    total = x[index % 7].sum()
    assert float(total) == 0.0


def test_views_and_parts():
    z = numpy.arange(600.0).reshape(20, 30) * (1 + 2j)
    mine = np.asarray(z)
    index = numpy.array([5, -1, 0])
    same(mine.imag[index], z.imag[index])
    same(mine.T[index], z.T[index])
    same(mine.reshape(15, 40)[index], z.reshape(15, 40)[index])
    same(mine[::3, ::-2][index], z[::3, ::-2][index])
    same(np.broadcast_to(mine[0], (6, 30))[index], numpy.broadcast_to(z[0], (6, 30))[index])
    taken = mine[index]
    taken[...] = 0  # a copy
    same(mine, z)


@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize(
    "key",
    [
        numpy.array([1, 2, 5]),
        numpy.array([0, -6, 9]),
        (slice(None), numpy.array([1, -8])),
        (numpy.array([0, 1]), numpy.array([0, 9])),
        (numpy.array([0, 7]), numpy.array([0, 9])),
        (0, slice(None), numpy.array([[0, 1], [3, 1]])),
        (Ellipsis, numpy.array([3])),
        (numpy.zeros(3),),
        (numpy.array([0, 1]), numpy.array([0, 1, 2])),
        (I, I, I, I),
        numpy.array([0, 2**63], "uint64"),
    ],
)
def test_mistakes(key, ours):
    """NumPy's error and text, at the line that reads, on all ranks."""
    mine, given_key = np.asarray(X), ours_of(key) if ours else key
    same_error(lambda: mine[given_key], lambda: X[key])
    same(mine[[0]], X[[0]])  # nothing is broken


def test_other_mistakes():
    x = np.asarray(X)
    for key in ([1.5], ["a"], [0, None]):
        with pytest.raises(IndexError):
            x[key]
    with pytest.raises(IndexError):
        np.zeros(0)[[0]]


def test_take():
    x = np.asarray(X)
    for indices in (
        3,
        [3, -4],
        [[0], [1]],
        I,
        [],
        [0.5],
        2.5,
        numpy.array([1], "uint8"),
        [True, False],
    ):
        same(np.take(x, indices), numpy.take(X, indices))
        same(x.take(indices), X.take(indices))
        same(numpy.take(x, indices), numpy.take(X, indices))
    for axis in (0, 1, 2, -1):
        same(np.take(x, [2, 0], axis), numpy.take(X, [2, 0], axis))
        same(x.take(2, axis), X.take(2, axis))
        for mode in ("wrap", "clip"):
            for indices in ([30, -4, 2], 17, numpy.arange(-9, 9).reshape(3, 6)):
                same(np.take(x, indices, axis, mode=mode), numpy.take(X, indices, axis, mode=mode))
                mine = np.asarray(indices)
                same(np.take(x, mine, axis, mode=mode), numpy.take(X, indices, axis, mode=mode))
    out = np.zeros((2, 7, 3))
    assert np.take(x, [1, 1], 0, out) is out
    same(out, X.take([1, 1], 0))
    same(np.take([4, 5, 6], [2, 0]), numpy.take([4, 5, 6], [2, 0]))
    for bad in (
        lambda m, a: m.take(a, [200]),
        lambda m, a: m.take(a, 200),
        lambda m, a: m.take(a, [0, -6], 0),
        lambda m, a: m.take(a, [0], 3),
        lambda m, a: m.take(a, m.asarray([0.5])),
        lambda m, a: m.take(m.zeros(0), [0], mode="wrap"),
    ):
        same_error(lambda f=bad: f(np, x), lambda f=bad: f(numpy, X), text=False)
    with pytest.raises(ValueError, match="clipmode"):
        np.take(x, [0], mode="other")


def test_a_loop_finds_its_plan():
    x, index = np.zeros(5000), np.arange(5000)

    def step():
        x[...] = (x + 1)[index]
        np.sync()

    step(), step(), step(), step()
    assert happened(step)["plans_made"] == 0
    same(x, numpy.full(5000, 5.0))


@pytest.mark.skipif(not AT_ONCE, reason="small statements have plans")
def test_few_elements_are_taken_at_once():
    x, index = np.asarray(X), np.asarray(J)
    y = np.zeros((5, 4, 3))

    def step():
        y[...] = x[:, index] + x[1, [2, 3, 4, 5]]

    theirs = X[:, J] + X[1, [2, 3, 4, 5]]
    done = happened(step)
    assert done["flushes"] == 0
    assert done["immediate"] >= 3
    same(y, theirs)


LONG = (1 << 20) + 5


@pytest.mark.parametrize("count", [1, 2, 5, 1000, 3001, 70_001, 400_003])
def test_large_arrays(count):
    """Across nodes elements are fetched, in rounds, from whoever owns them."""
    rng = numpy.random.default_rng(count)
    x = rng.random(LONG)
    mine, index = np.asarray(x), rng.integers(-LONG, LONG, count)
    both(x, index)
    same(mine[::-3][np.asarray(index % 1000)], x[::-3][index % 1000])
    mine += 1  # is pending
    same(mine[index.reshape(1, -1)], (x + 1)[index.reshape(1, -1)])


@pytest.mark.parametrize(
    "shape", [(1031, 1021), (1021, 1031, 1), (103, 101, 107), (4, LONG // 4 + 1)]
)
def test_large_arrays_of_several_axes(shape):
    rng = numpy.random.default_rng(len(shape))
    x = rng.integers(0, 1 << 30, shape)
    mine = np.asarray(x)
    keys = [rng.integers(-n, n, 2001) for n in shape]
    few = keys[-1][: 31 if shape[-1] > 1 else 3]  # each is all of an array of one column
    same(mine[tuple(map(np.asarray, keys))], x[tuple(keys)])
    same(mine[keys[0][:31]], x[keys[0][:31]])
    same(mine[..., few], x[..., few])
    same(mine.T[few, 1:], x.T[few, 1:])
    same(mine[keys[0][:0]], x[keys[0][:0]])
    same((mine * (1 + 2j)).imag[keys[0][:5]], (x * (1 + 2j)).imag[keys[0][:5]])
    same_error(lambda: mine[keys[0] + shape[0]], lambda: x[keys[0] + shape[0]])


@pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own")
@pytest.mark.parametrize("nodes", ["0", "1"])
def test_between_ranks(nodes):
    code = """
    import numpy
    rng = numpy.random.default_rng(2)
    x, index = rng.random((301, 40)), rng.integers(-301, 301, 5000)
    mine, ours = np.asarray(x), np.asarray(index)
    assert numpy.array_equal(numpy.asarray(mine[ours]), x[index])
    assert numpy.array_equal(numpy.asarray(mine[ours, ours % 40]), x[index, index % 40])
    try: mine[ours + 1]
    except IndexError as error: print(error)
    """
    out = fine(code, 3, QUELEA_NODE_SIZE=nodes)
    assert "index 301 is out of bounds for axis 0 with size 301" in out


@pytest.mark.skipif(LAUNCHED, reason="starts a job of its own")
def test_strict():
    code = """
    np.config.strict = True
    x = np.arange(5000.0); index = np.arange(5000)
    float(x[index].sum())
    """
    status, _, err = job(code, 2, QUELEA_NODE_SIZE="1")
    assert status != 0
    assert "StrictError" in err
    code = """
    np.config.strict = True
    x = np.zeros(2**20 + 5); index = np.arange(5000)
    print(float(x[index[:100]].sum()))
    try: x[index]
    except np.StrictError as error: print(error)
    """
    out = fine(code, 2, QUELEA_NODE_SIZE="1")
    assert "0.0" in out
    assert "this takes 5000 elements" in out
