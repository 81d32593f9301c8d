"""insert, delete, resize, trim_zeros, numbers of elements and `flat`, against NumPy."""

import numpy
import pytest
from support import same, same_error

import quelea as np

X = numpy.arange(60.0).reshape(5, 4, 3)
TRUTHS = numpy.array([True, False, True])
VIEWS = [X, X.T, X[::-1, 1:], numpy.asfortranarray(X), X[:, 0], X[0, 0], X[:0]]


def check(act, *more):
    """The same of NumPy's arrays and of ours."""
    for x in VIEWS:
        if x.ndim == 3 or not more:
            same(act(np, np.asarray(x)), act(numpy, x), x.shape)


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize(
    "places",
    [
        0,
        1,
        -1,
        [1],
        [0, 2],
        [2, 0, 0, -1],
        [],
        slice(None),
        slice(None, None, -2),
        slice(2, 1),
        numpy.array([1, 1]),
    ],
)
def test_insert(places, axis):
    for x in VIEWS[:-1]:
        mine = np.asarray(x)
        for new in (7, 2.5, True):
            same(np.insert(mine, places, new, axis), numpy.insert(x, places, new, axis))
        if isinstance(places, numpy.ndarray):
            same(np.insert(mine, np.asarray(places), 7, axis), numpy.insert(x, places, 7, axis))
    ones = numpy.ones(X.shape[1:])
    if axis == 0 and isinstance(places, int):
        same(
            np.insert(np.asarray(X), places, np.asarray(ones), 0), numpy.insert(X, places, ones, 0)
        )
    same(
        np.insert(np.arange(4), [1, 3], [1.7, 2.9]),
        numpy.insert(numpy.arange(4), [1, 3], [1.7, 2.9]),
    )
    same(np.insert([1, 2], 1, [7, 8]), numpy.insert([1, 2], 1, [7, 8]))
    same(
        np.insert(np.arange(3), np.asarray(TRUTHS), 9),
        numpy.insert(numpy.arange(3), TRUTHS, 9),
    )
    long = numpy.arange(5000)
    same(
        np.insert(np.asarray(long), long[::3], -long[::3]),
        numpy.insert(long, long[::3], -long[::3]),
    )


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize(
    "places",
    [
        0,
        -1,
        [1],
        [0, 2],
        [1, 1, -1],
        [],
        slice(None),
        slice(None, None, -2),
        slice(2, 1),
        slice(0, 3, 2),
        slice(1, None),
    ],
)
def test_delete(places, axis):
    for x in VIEWS[:4]:
        mine = np.asarray(x)
        same(np.delete(mine, places, axis), numpy.delete(x, places, axis))
        if isinstance(places, list) and places:
            same(np.delete(mine, np.asarray(places), axis), numpy.delete(x, places, axis))
        extent = x.size if axis is None else x.shape[axis]
        mask = numpy.arange(extent) % 3 == 0
        same(np.delete(mine, mask, axis), numpy.delete(x, mask, axis))
        same(np.delete(mine, np.asarray(mask), axis), numpy.delete(x, mask, axis))
    long = numpy.arange(5000)
    same(np.delete(np.asarray(long), long[::7]), numpy.delete(long, long[::7]))


def test_resize():
    for shape in (3, 0, (2, 9), (7, 30), (4, 0), (), (60,), (1000,)):
        check(lambda m, a, shape=shape: m.resize(a, shape))
    same(np.resize([1, 2], (2, 3)), numpy.resize([1, 2], (2, 3)))


def test_trim_zeros():
    grid = numpy.zeros((9, 8))
    grid[2:5, 3] = 1
    for x in (
        grid,
        grid[3],
        grid[0],
        grid.T,
        numpy.zeros(0),
        grid[3] > 0,
        numpy.full(5, numpy.nan),
    ):
        for trim in ("fb", "f", "b", "B"):
            same(np.trim_zeros(np.asarray(x), trim), numpy.trim_zeros(x, trim))
    for axis in (0, 1, -1, (0, 1), ()):
        same(np.trim_zeros(np.asarray(grid), "fb", axis), numpy.trim_zeros(grid, "fb", axis))
    assert np.trim_zeros([0, 1, 0]) == [1]
    assert np.trim_zeros((0, 0)) == ()


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_no_positions_in_axes_without_elements(mode):
    none, one = numpy.zeros((3, 0), int), numpy.zeros((3, 1), int)
    same(
        np.ravel_multi_index(np.asarray(none), (2, 1, 0), mode),
        numpy.ravel_multi_index(none, (2, 1, 0), mode),
    )
    with pytest.raises(ValueError, match="zero entries"):
        np.ravel_multi_index(np.asarray(one), (2, 1, 0), mode)


def test_numbers_of_elements():
    shape = (7, 6, 5)
    numbers = numpy.random.default_rng(0).integers(0, 210, (40, 3))
    for order in ("C", "F"):
        want = numpy.unravel_index(numbers, shape, order)
        got = np.unravel_index(np.asarray(numbers), shape, order)
        for a, b, c in zip(got, want, np.unravel_index(numbers, shape, order), strict=True):
            same(a, b)
            same(c, b)
        same(np.ravel_multi_index(got, shape, order=order), numbers)
        same(np.ravel_multi_index(want, shape, order=order), numbers)
        far = tuple(i * 3 - 5 for i in want)
        for mode in ("wrap", "clip", ("wrap", "clip", "wrap")):
            theirs = numpy.ravel_multi_index(far, shape, mode, order)
            same(np.ravel_multi_index(tuple(map(np.asarray, far)), shape, mode, order), theirs)
    same(
        np.ravel_multi_index(np.asarray(numbers.T % 5), shape),
        numpy.ravel_multi_index(numbers.T % 5, shape),
    )
    assert np.ravel_multi_index((3, 1), (4, 5)) == 16
    assert np.unravel_index(16, (4, 5)) == (3, 1)
    assert np.unravel_index(np.asarray(0), ()) == ()
    for dtype in ("bool", "uint64"):
        few = numpy.array([1, 0], dtype)
        same(np.unravel_index(np.asarray(few), 2)[0], numpy.unravel_index(few, 2)[0])
        same(np.ravel_multi_index((np.asarray(few),), (2,)), numpy.ravel_multi_index((few,), (2,)))
    same(np.unravel_index(np.asarray(numbers), 210)[0], numbers)
    for a, b in zip(
        np.mask_indices(5, np.tril, -1), numpy.mask_indices(5, numpy.tril, -1), strict=True
    ):
        same(a, b)


FLAT = [
    3,
    -1,
    slice(None),
    Ellipsis,
    slice(1, 9, 3),
    slice(None, None, -2),
    slice(5, 5),
    [1, 1, 2],
    numpy.array([[0, -1], [5, 3]]),
    (4,),
]


@pytest.mark.parametrize("key", FLAT)
@pytest.mark.parametrize("new", [5, [1, 2], numpy.arange(12.0), 2.5])
def test_flat(key, new):
    base = numpy.arange(12.0)
    for view in (
        lambda a: a,
        lambda a: a.reshape(3, 4),
        lambda a: a.reshape(3, 4).T,
        lambda a: a.reshape(2, 6)[:, ::-1],
    ):
        x = base.copy()
        mine = np.array(base)
        got, want = view(mine).flat[key], view(x).flat[key]
        if isinstance(want, numpy.ndarray):
            same(got, want)
        else:
            assert got == want
        if numpy.ndim(new) and isinstance(key, (int, tuple)):
            continue
        view(x).flat[key] = new
        view(mine).flat[key] = np.asarray(new) if isinstance(new, numpy.ndarray) else new
        same(mine, x)
        y = numpy.array([0, 5, 7, 9, 1, 2, 3, 4, 6, 8, 10, 11.0])
        mask = view(y).reshape(-1) > 4
        view(x).flat[mask] = new
        view(mine).flat[np.asarray(mask)] = new
        same(mine, x)
        same(view(mine).flat[mask], view(x).flat[mask])
        view(x).flat, view(mine).flat = new, new
        same(mine, x)


def test_going_through():
    x = numpy.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)
    mine = np.asarray(x)
    assert list(mine.flat) == list(x.flat)
    assert len(mine.flat) == 24
    ours, theirs = mine.flat, x.flat
    for _ in range(5):
        assert (next(ours), ours.index, ours.coords) == (next(theirs), theirs.index, theirs.coords)
    assert ours.base is mine
    same(ours.copy(), theirs.copy())
    same(mine.flat == 3, x.flat == 3)
    same(mine.flat < mine.flat, x.flat < x.flat)
    numpy.testing.assert_array_equal(numpy.asarray(mine.flat), numpy.asarray(x.flat))
    assert isinstance(mine.flat, np.flatiter)
    assert float(np.asarray(7.0).flat[0]) == 7


@pytest.mark.parametrize(
    "bad",
    [
        lambda m: m.insert(m.zeros(3), 4, 1),
        lambda m: m.insert(m.zeros(3), [0, 9], 1),
        lambda m: m.insert(m.zeros(3), [[0]], 1),
        lambda m: m.insert(m.zeros(3), 0, 1, 1),
        lambda m: m.insert(m.zeros(3), [0, 1], [1, 2, 3]),
        lambda m: m.insert(m.zeros(3), [0.5, 1.5], 1),
        lambda m: m.delete(m.zeros(3), 3),
        lambda m: m.delete(m.zeros(3), [0, 3]),
        lambda m: m.delete(m.zeros(3), m.asarray([True, False])),
        lambda m: m.delete(m.zeros(3), [0.5, 1.5]),
        lambda m: m.resize(m.zeros(3), (-1, 2)),
        lambda m: m.trim_zeros(m.zeros(3), "x"),
        lambda m: m.trim_zeros(m.zeros(3), axis=1),
        lambda m: m.ravel_multi_index((m.asarray([3]), m.asarray([0])), (3, 2)),
        lambda m: m.ravel_multi_index((m.asarray([0]), m.asarray([-1])), (3, 2)),
        lambda m: m.ravel_multi_index((m.asarray([0.5]), m.asarray([1])), (3, 2)),
        lambda m: m.ravel_multi_index((m.asarray([0]),), (3, 2)),
        lambda m: m.ravel_multi_index((m.asarray([0]), m.asarray([0])), (3, 2), "no"),
        lambda m: m.unravel_index(m.asarray([6]), (3, 2)),
        lambda m: m.unravel_index(m.asarray([-1]), (3, 2)),
        lambda m: m.unravel_index(m.asarray([0.5]), (3, 2)),
        lambda m: m.unravel_index(m.asarray([2**63], "uint64"), (3, 2)),
        lambda m: m.unravel_index(m.asarray([0]), ()),
        lambda m: m.insert(m.zeros(3), [1.0], 9),
        lambda m: m.zeros(3).flat[3],
        lambda m: m.zeros(3).flat[0, 1],
        lambda m: m.zeros(3).flat[None],
        lambda m: m.zeros(3).flat[[3]],
        lambda m: m.zeros((2, 2)).flat.__setitem__([4], 1),
        lambda m: m.zeros((2, 2)).flat.__setitem__(4, 1),
        lambda m: hash(m.zeros(3).flat),
    ],
)
def test_mistakes(bad):
    same_error(lambda: bad(np), lambda: bad(numpy), False)
