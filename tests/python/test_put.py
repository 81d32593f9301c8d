"""put, place, putmask, take_along_axis and put_along_axis, repeat by arrays, against NumPy."""

import numpy
import pytest
from support import HERE, same, same_error, values

import quelea as np

X = numpy.arange(60.0).reshape(5, 4, 3)
INDEX = numpy.array([[3, -1, 59, 3], [0, -60, 17, 3]])


def both(act, x=X, view=lambda a: a):
    """The same on NumPy's array and on ours, with its own arrays and with ours as arguments."""
    want = x.copy()
    act(numpy, view(want), numpy.asarray)
    for of in (numpy.asarray, np.asarray):
        mine = np.array(x)
        act(np, view(mine), of)
        same(mine, want)


@pytest.mark.parametrize("new", [5, [1, 2], range(8), numpy.arange(20.0), []])
@pytest.mark.parametrize(
    "view", [lambda a: a, lambda a: a.T, lambda a: a[::-2, :, 1], lambda a: a[0, 0]]
)
def test_put(new, view):
    size = view(X).size
    both(lambda m, a, of: m.put(a, of(INDEX) % size, of(new)), view=view)
    both(lambda m, a, of: m.put(a, of(INDEX) % size - size, new), view=view)
    both(lambda m, a, of: a.put(of([0, size - 1]), of(new)), view=view)
    both(lambda m, a, of: m.put(a, of(INDEX * 7), of(new), "wrap"), view=view)
    both(lambda m, a, of: m.put(a, of(INDEX * 7), of(new), mode="clip"), view=view)
    both(lambda m, a, of: m.put(a, 0, new), view=view)
    both(lambda m, a, of: m.put(a, [], new), view=view)


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype):
    x, new = values(dtype, 60), values(dtype, 60, 3)[40:]
    mask = numpy.arange(60) % 3 != 0
    both(lambda m, a, of: m.put(a, of(numpy.arange(0, 60, 3)), of(new)), x)
    both(lambda m, a, of: m.place(a, of(mask), of(new)), x)
    both(lambda m, a, of: m.putmask(a, of(mask), of(new)), x)
    both(lambda m, a, of: m.put_along_axis(a, of(numpy.arange(20)), of(new), 0), x)


@pytest.mark.parametrize("new", [[7], [1, 2, 3], numpy.arange(60.0), numpy.arange(99.0)])
@pytest.mark.parametrize("chance", [0, 0.3, 1])
def test_place(new, chance):
    mask = numpy.random.default_rng(1).random(X.shape) < chance
    for order in ((0, 1, 2), (1, 0, 2)):
        turned = mask.transpose(order)
        view = {"view": lambda a, order=order: a.transpose(order)}
        both(lambda m, a, of, t=turned: m.place(a, of(t), of(new)), **view)
        both(lambda m, a, of, t=turned: m.place(a, of(t.reshape(-1)), of(new)), **view)
        both(lambda m, a, of, t=turned: m.putmask(a, of(t), of(new)), **view)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_along_an_axis(axis):
    rng = numpy.random.default_rng(6)
    for count in (1, 3, 9):
        shape = list(X.shape)
        shape[axis] = count
        index = rng.integers(-X.shape[axis], X.shape[axis], shape)
        narrow = index[:, :, :1] if axis not in (2, -1) else index[:1]
        for i in (index, narrow, index.astype("int8")):
            same(np.take_along_axis(np.asarray(X), i, axis), numpy.take_along_axis(X, i, axis))
            same(
                np.take_along_axis(np.asarray(X), np.asarray(i), axis),
                numpy.take_along_axis(X, i, axis),
            )
            both(lambda m, a, of, i=i: m.put_along_axis(a, of(i), 5, axis))
            both(lambda m, a, of, i=i: m.put_along_axis(a, of(i), of(rng.permutation(1) + i), axis))
    for count in (1, 9):
        number = rng.integers(-X.size, X.size, count)
        both(lambda m, a, of, i=number: m.put_along_axis(a, of(i), of(i * 2), None))
        both(lambda m, a, of, i=number: m.put_along_axis(a, of(i), 5, None))
        turned = numpy.asarray(X.T.copy())  # NumPy refuses arrays that are not in C order
        numpy.put_along_axis(turned, number, -3, None)
        ours = np.asarray(X)
        np.put_along_axis(ours.T, number, -3, None)
        same(ours.T, turned)
    order = numpy.argsort(X[::-1] % 7, axis)
    same(np.take_along_axis(np.asarray(X[::-1] % 7), order, axis), numpy.sort(X[::-1] % 7, axis))
    same(
        np.take_along_axis(np.asarray(X), [3, 1], None),
        numpy.take_along_axis(X, numpy.array([3, 1]), None),
    )


def test_repeat():
    mine = np.asarray(X)
    for axis, n in ((0, 5), (1, 4), (2, 3), (-1, 3), (None, 60)):
        for counts in (
            numpy.arange(n),
            numpy.zeros(n, int),
            (numpy.arange(n) * 7 % 3).astype("int8"),
        ):
            for c in (counts, counts.tolist(), np.asarray(counts)):
                same(np.repeat(mine, c, axis), numpy.repeat(X, counts, axis))
            same(mine.repeat(counts, axis), X.repeat(counts, axis))
    same(np.repeat(mine, [2], 0), numpy.repeat(X, [2], 0))
    same(np.repeat(mine[:0], numpy.zeros(0, int), 0), numpy.repeat(X[:0], numpy.zeros(0, int), 0))
    long = numpy.random.default_rng(0).integers(0, 5, 9000)
    same(np.repeat(np.arange(9000), long), numpy.repeat(numpy.arange(9000), long))


@pytest.mark.parametrize(
    "bad",
    [
        lambda m: m.put([1], 0, 1),
        lambda m: m.put(m.zeros(3), 3, 1),
        lambda m: m.put(m.zeros(3), [0, -4], 1),
        lambda m: m.put(m.zeros(3), m.asarray([0.5]), 1),
        lambda m: m.put(m.zeros(3), 0, 1, "no"),
        lambda m: m.place(m.zeros(3), [True, False], 1),
        lambda m: m.place(m.zeros(3), [True, False, True], []),
        lambda m: m.place([1], [True], 1),
        lambda m: m.take_along_axis(m.zeros((2, 2)), m.asarray([0, 1]), 0),
        lambda m: m.take_along_axis(m.zeros((2, 2)), m.asarray([[2]]), 0),
        lambda m: m.take_along_axis(m.zeros((2, 2)), m.asarray([[0.5]]), 0),
        lambda m: m.take_along_axis(m.zeros((2, 2)), m.asarray([[0]]), 2),
        lambda m: m.take_along_axis(m.zeros((3, 2)), m.zeros((2, 1), int), 1),
        lambda m: m.take_along_axis(m.zeros((2, 2)), m.asarray([[0]]), None),
        lambda m: m.put_along_axis(m.zeros((2, 2)), m.asarray([[0, 1]]), m.zeros(3), 0),
        lambda m: m.put_along_axis(m.zeros((2, 2)), m.asarray([0, 1]), m.zeros(3), None),
        lambda m: m.put_along_axis(m.zeros((2, 2)), m.asarray([4]), 1, None),
        lambda m: m.put_along_axis(m.zeros((2, 2)), m.asarray([[0]]), 1, None),
        lambda m: m.repeat(m.zeros(3), [1, 2]),
        lambda m: m.repeat(m.zeros(3), [1, 2, -1]),
        lambda m: m.repeat(m.zeros(3), m.asarray([1.0, 2, 3])),
        lambda m: m.repeat(m.zeros(3), [[1, 2, 3]]),
        lambda m: m.repeat(m.zeros(3), [1, 2, 3], 1),
    ],
)
def test_mistakes(bad):
    same_error(lambda: bad(np), lambda: bad(numpy), False)
