"""Indexing: ints, slices of any step, Ellipsis, newaxis; live views and writing through them; masks on the left."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import same, same_error

import quelea as np

SHAPE = (5, 1, 6)


def slices(extent):
    bound = st.none() | st.integers(-extent - 2, extent + 2)
    return st.builds(slice, bound, bound, st.none() | st.integers(1, 3) | st.integers(-3, -1))


@st.composite
def keys(draw, shape=SHAPE):
    items = [
        draw(slices(n) | st.integers(-n, n - 1)) for n in shape[: draw(st.integers(0, len(shape)))]
    ]
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), Ellipsis)
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    return tuple(items) if len(items) != 1 or draw(st.booleans()) else items[0]


def fits(key, shape=SHAPE):
    """Items after an Ellipsis may meet another axis than the one they were drawn for."""
    try:
        numpy.zeros(shape)[key]
    except IndexError:
        return False
    return True


@given(keys())
def test_reading(key):
    x = numpy.arange(30.0).reshape(SHAPE)
    a = np.asarray(x)
    if not fits(key):
        same_error(lambda: a[key], lambda: x[key])
        return
    same(a[key], x[key], key)


@given(keys(), keys())
def test_writing_through_views_of_views(first, second):
    x = numpy.arange(30.0).reshape(SHAPE)
    if not fits(first) or numpy.ndim(x[first]) == 0 or not fits(second, x[first].shape):
        return
    a = np.asarray(x)
    view, expected = a[first], x[first]
    part = expected[second]
    view[second] = 100 + numpy.arange(part.size).reshape(part.shape)
    expected[second] = 100 + numpy.arange(part.size).reshape(part.shape)
    same(a, x, (first, second))
    same(view, expected, (first, second))


@given(slices(12), slices(12))
def test_overlapping_assignment_reads_first(target, source):
    x = numpy.arange(12.0)
    if x[target].shape != x[source].shape:
        return
    a = np.asarray(x)
    a[target] = a[source]
    x[target] = x[source].copy()
    same(a, x)
    a[target] += a[source]
    x[target] += x[source].copy()
    same(a, x)


def test_views_are_live_in_both_directions():
    x = numpy.arange(24).reshape(2, 3, 4)
    a = np.asarray(x)
    ours, theirs = (
        (a.T, a[::-1, 1:], a.reshape(6, 4), a.ravel(), a[..., None]),
        (x.T, x[::-1, 1:], x.reshape(6, 4), x.ravel(), x[..., None]),
    )
    a[0, 1] = -1
    x[0, 1] = -1
    ours[0][...] *= 2
    theirs[0][...] *= 2
    ours[2][2:4, ::2] = 7
    theirs[2][2:4, ::2] = 7
    same(a, x)
    for view, expected in zip(ours, theirs, strict=True):
        same(view, expected)


def test_swapping_names_swaps_nothing_else():
    u, v = np.zeros(4), np.ones(4)
    u, v = v, u
    v[1:] = u[:-1]
    same(v, numpy.array([0.0, 1, 1, 1]))


def test_inplace_on_a_slice_assigns_once():
    def statements():
        counts = np.counters()
        return counts["statements"] + counts["immediate"]

    a = np.arange(6.0)
    before = statements()
    a[1:3] += 1
    assert statements() == before + 1
    same(a, numpy.array([0.0, 2, 3, 3, 4, 5]))


def test_broadcasting_assignment():
    x = numpy.zeros((3, 4))
    a = np.asarray(x)
    for value in (
        5,
        [1, 2, 3, 4],
        [[1], [2], [3]],
        numpy.arange(4).reshape(1, 1, 4),
        numpy.float32(2),
    ):
        a[...] = value
        x[...] = value
        same(a, x)
    same_error(lambda: a.__setitem__(0, [1, 2]), lambda: x.__setitem__(0, [1, 2]))
    same_error(
        lambda: a.__setitem__(slice(0, 2), np.zeros((3, 4))),
        lambda: x.__setitem__(slice(0, 2), numpy.zeros((3, 4))),
    )


def test_assignment_casts_as_numpy_does():
    x = numpy.zeros(4, numpy.int16)
    a = np.asarray(x)
    a[...] = np.asarray([1.9, -1.9, 300.5, 40000.0])
    x[...] = numpy.array([1.9, -1.9, 300.5, 40000.0])
    same(a[:3], x[:3])
    with pytest.warns(numpy.exceptions.ComplexWarning):
        a[...] = np.ones(4) * 1j


@pytest.mark.parametrize(
    "key",
    [
        3,
        -4,
        (0, 9),
        (0, 0, 0),
        1.5,
        "name",
        (..., ...),
        slice(None, None, 0),
        (slice(1.5), 0),
        (1, "x"),
    ],
)
def test_wrong_keys_raise_as_numpy_does(key):
    x = numpy.zeros((3, 4))
    a = np.asarray(x)
    same_error(lambda: a[key], lambda: x[key])
    same_error(lambda: a.__setitem__(key, 1), lambda: x.__setitem__(key, 1))


def test_index_objects():
    x = numpy.arange(6).reshape(2, 3)
    a = np.asarray(x)
    same(a[numpy.int64(1)], x[1])
    same(a[numpy.asarray(1), numpy.uint8(2)], x[1, 2])
    same(a[a[0, 1]], x[1])
    same(a[()], x)
    same(np.asarray(5)[()], x[1, 2])
    same(np.asarray(5)[...], numpy.asarray(5))


def test_assignment_through_a_mask():
    x = numpy.arange(12.0).reshape(3, 4)
    a = np.asarray(x)
    a[a > 5] = -1
    x[x > 5] = -1
    same(a, x)
    rows = numpy.array([True, False, True])
    a[rows] = [1, 2, 3, 4]
    x[rows] = [1, 2, 3, 4]
    same(a, x)
    a[a == 2] = np.asarray(7)
    x[x == 2] = 7
    same(a, x)
    same_error(
        lambda: a.__setitem__(numpy.ones(4, bool), 0), lambda: x.__setitem__(numpy.ones(4, bool), 0)
    )


def test_read_only():
    a = np.broadcast_to(np.zeros(3), (2, 3))
    same_error(
        lambda: a.__setitem__(0, 1),
        lambda: numpy.broadcast_to(numpy.zeros(3), (2, 3)).__setitem__(0, 1),
    )
    with pytest.raises(ValueError, match="read-only"):
        a += 1
    with pytest.raises(ValueError, match="delete"):
        del np.zeros(3)[0]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "bool", "complex64"])
@pytest.mark.parametrize(
    "items", [[300, -5], [1.5, 2.5], (True, 3), [numpy.nan, 1.0], [2j, 1], [2**70, 0]]
)
def test_numbers_in_lists_are_assigned_one_by_one(items, dtype):
    x = numpy.ones(4, dtype)
    a = np.asarray(x)
    try:
        x[1:3] = items
    except (OverflowError, ValueError, TypeError):
        same_error(
            lambda: a.__setitem__(slice(1, 3), items), lambda: x.__setitem__(slice(1, 3), items)
        )
    else:
        a[1:3] = items
    same(a, x)


@pytest.mark.parametrize(
    "mask", [[True, False, True], [[True, False], [True, True], [False, True]]]
)
def test_a_list_of_booleans_is_a_mask(mask):
    a = numpy.arange(6).reshape(3, 2)
    x = np.asarray(a)
    a[mask] = x[mask] = -1
    same(x, a)
    same(x[mask], a[mask])
    with pytest.raises(IndexError):
        x[[True, False]] = 1


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_parts_are_assigned_exactly(dtype):
    special = [0.0, -0.0, 1.5, -2.0, numpy.inf, -numpy.inf, numpy.nan]
    a = numpy.empty((7, 7), dtype)
    a.real, a.imag = numpy.array(special)[:, None], special
    x = np.empty((7, 7), dtype)
    x[...] = 1
    x.real, x.imag = numpy.array(special)[:, None], special
    same(x, a)
    a.imag = x.imag = 3
    same(x, a)
    a.real = x.real = -0.0
    same(x, a)


ONE_ELEMENT = [
    (0, [1.0]),
    (0, (1.0, 2.0)),
    (0, numpy.ones(1)),
    ((1,), numpy.ones((1, 1))),
    (0, numpy.ones(())),
    (0, numpy.float64(2)),
    ((0, ...), numpy.ones(1)),
    (slice(0, 1), numpy.ones(1)),
]


@pytest.mark.parametrize("dtype", ["float64", "int8", "bool", "complex128"])
@pytest.mark.parametrize(("key", "value"), ONE_ELEMENT)
def test_an_element_takes_no_sequence(key, value, dtype):
    a = numpy.zeros(3, dtype)
    x = np.asarray(a)
    for mine in (value, np.asarray(value)) if isinstance(value, numpy.ndarray) else (value,):
        try:
            a[key] = value
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                x[key] = mine
        else:
            x[key] = mine
        same(x, a)


def test_a_0d_array_takes_no_sequence():
    with pytest.raises(ValueError, match="sequence"):
        np.zeros(())[()] = np.ones(1)
