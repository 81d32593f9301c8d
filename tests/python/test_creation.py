"""Making arrays, and taking them in."""

import copy
import inspect
import math
import pickle
import warnings

import numpy
import pytest
from support import DTYPES, HERE, near, same, same_error

import quelea as np


@pytest.mark.parametrize("dtype", [*DTYPES, None, float, int])
@pytest.mark.parametrize("shape", [(), 3, (0,), (2, 0), (2, 3, 4)])
def test_constants(shape, dtype):
    same(np.zeros(shape, dtype), numpy.zeros(shape, dtype))
    same(np.ones(shape, dtype), numpy.ones(shape, dtype))
    if dtype:
        same(np.full(shape, 3, dtype), numpy.full(shape, 3, dtype))
    assert (np.empty(shape, dtype).shape, np.empty(shape, dtype).dtype) == (
        numpy.empty(shape, dtype).shape,
        numpy.empty(shape, dtype).dtype,
    )


def test_full_and_like():
    same(np.full(2, 3), numpy.full(2, 3))
    same(np.full((2, 2), [1.5, 2]), numpy.full((2, 2), [1.5, 2]))
    same(np.full(2, numpy.float32(2)), numpy.full(2, numpy.float32(2)))
    same(np.full(3, np.ones(3).sum()), numpy.full(3, numpy.ones(3).sum()))
    x = numpy.ones((2, 3), numpy.int8)
    for name in ("zeros_like", "ones_like"):
        same(getattr(np, name)(np.asarray(x)), getattr(numpy, name)(x))
        same(getattr(np, name)(x, float), getattr(numpy, name)(x, float))
        same(getattr(numpy, name)(np.asarray(x)), getattr(numpy, name)(x))
    same(np.full_like(x, 7), numpy.full_like(x, 7))
    same(np.full_like(np.asarray(x), 7, shape=4), numpy.full_like(x, 7, shape=4))
    assert np.empty_like(x).dtype == numpy.int8
    for bad in (
        lambda m: m.zeros(-1),
        lambda m: m.zeros((2, "a")),
        lambda m: m.full(2, 300, "uint8"),
    ):
        same_error(lambda f=bad: f(np), lambda f=bad: f(numpy))


@pytest.mark.parametrize(
    "args",
    [
        (5,),
        (2, 9),
        (2, 9, 3),
        (9, 2, -3),
        (0.5, 4),
        (0, 1, 0.1),
        (1, 0, -0.1),
        (5, 5),
        (9, 2),
        (0, 1, 0.3),
        (-3, 3.0),
        (2.5,),
        (0, 1e-9, 1e-10),
        (-7, 8, 5),
        (8, -7, -4),
        (3, -4, 2),
    ],
)
def test_arange(args):
    same(np.arange(*args), numpy.arange(*args))
    for dtype in ("float32", "int16", "float64", "complex64"):
        same(np.arange(*args, dtype=dtype), numpy.arange(*args, dtype=dtype), dtype)


def test_arange_of_scalars():
    same(np.arange(numpy.float32(3)), numpy.arange(numpy.float32(3)))
    same(np.arange(numpy.int8(3), numpy.int8(9)), numpy.arange(numpy.int8(3), numpy.int8(9)))
    same(np.arange(np.asarray(4)), numpy.arange(4))
    same(np.arange(2**53 - 1, 2**53 + 2), numpy.arange(2**53 - 1, 2**53 + 2))
    same_error(lambda: np.arange(0, 1, 0), lambda: numpy.arange(0, 1, 0), text=False)


@pytest.mark.parametrize(
    "args", [(0, 1), (0, 1, 5), (2, 2, 3), (5, -5, 11), (0, 1, 1), (0, 1, 0), (1, 10, 7)]
)
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace(args, endpoint):
    same(np.linspace(*args, endpoint=endpoint), numpy.linspace(*args, endpoint=endpoint))
    same(
        np.linspace(*args, endpoint=endpoint, dtype="float32"),
        numpy.linspace(*args, endpoint=endpoint, dtype="float32"),
    )
    same(
        np.linspace(*args, endpoint=endpoint, dtype=int),
        numpy.linspace(*args, endpoint=endpoint, dtype=int),
    )


@pytest.mark.parametrize(
    "ends",
    [([0, 1], [2, 3]), ([[1.5], [2.0]], [4, 2.0, 9]), (0, [1, 5]), ([2, 3], numpy.float32(7))],
)
@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_between_arrays(ends, num, axis, endpoint):
    for dtype in (None, "float32", int):
        given = {"num": num, "axis": axis, "endpoint": endpoint, "dtype": dtype, "retstep": True}
        ours, theirs = np.linspace(*map(np.asarray, ends), **given), numpy.linspace(*ends, **given)
        same(ours[0], theirs[0], given)
        numpy.testing.assert_array_equal(numpy.asarray(ours[1]), theirs[1])


def test_linspace_step_logspace_geomspace():
    ours, theirs = np.linspace(0, 2, 9, retstep=True), numpy.linspace(0, 2, 9, retstep=True)
    same(ours[0], theirs[0])
    assert ours[1] == theirs[1]
    near(np.logspace(0, 3, 7), numpy.logspace(0, 3, 7), 4)
    near(np.geomspace(1, 1000, 4), numpy.geomspace(1, 1000, 4), 8)
    same_error(lambda: np.linspace(0, 1, -1), lambda: numpy.linspace(0, 1, -1))


def test_grids():
    same(np.eye(3), numpy.eye(3))
    same(np.eye(3, 5, k=-1, dtype=int), numpy.eye(3, 5, k=-1, dtype=int))
    same(np.identity(4), numpy.identity(4))
    same(np.indices((2, 3)), numpy.indices((2, 3)))
    same(
        np.fromfunction(lambda i, j: i * 10 + j, (3, 4)),
        numpy.fromfunction(lambda i, j: i * 10 + j, (3, 4)),
    )
    same(np.tri(3, 4), numpy.tri(3, 4))
    x = numpy.arange(12).reshape(3, 4)
    same(np.tril(x, -1), numpy.tril(x, -1))
    same(np.triu(np.asarray(x), 1), numpy.triu(x, 1))
    for indexing in ("xy", "ij"):
        for sparse in (True, False):
            given = ([1, 2, 3], [4.0, 5.0], numpy.arange(2))
            ours, theirs = (
                m.meshgrid(*given, indexing=indexing, sparse=sparse) for m in (np, numpy)
            )
            for a, b in zip(ours, theirs, strict=True):
                same(a, b)


def test_taking_in():
    x = numpy.arange(24.0).reshape(2, 3, 4)
    for given in (
        x,
        x.T,
        x[::-1, ::2],
        x[0, 0],
        x.astype(">f8"),
        [[1, 2], [3, 4]],
        (1.5, 2),
        3,
        numpy.float16(2),
        [],
        [[]],
        memoryview(b"abc"),
    ):
        same(
            np.asarray(given),
            numpy.asarray(given).astype(numpy.asarray(given).dtype.newbyteorder("=")),
        )
    a = np.asarray(x)
    assert np.asarray(a) is a and np.array(a) is not a and np.array(a, copy=False) is a
    x[0] = -1
    assert float(a[0, 0, 0]) == 0.0
    same(np.array([1, 2], ndmin=3), numpy.array([1, 2], ndmin=3))
    same(np.asarray([1, 2], dtype="float32"), numpy.asarray([1, 2], dtype="float32"))
    same(np.copy(a), numpy.copy(numpy.array(a)))
    same_error(lambda: np.array([1], copy=False), lambda: numpy.array([1], copy=False), text=False)


def test_lists_of_arrays():
    a, b = np.arange(3.0), np.ones(3)
    same(np.array([a, b]), numpy.array([[0.0, 1, 2], [1, 1, 1]]))
    same(np.array([[a.sum(), 2], [b.sum(), 4]]), numpy.array([[3.0, 2], [3, 4]]))
    same(a + [b[0], 1, 2], numpy.array([1.0, 2, 4]))  # noqa: RUF005


@pytest.mark.parametrize("source", DTYPES)
def test_astype(source):
    x = numpy.array([0, 1, 2, 100, 3], source)
    for target in DTYPES:
        with numpy.errstate(all="ignore"):
            want = (
                x.astype(target)
                if x.dtype.kind != "c" or numpy.dtype(target).kind in "cb"
                else x.real.astype(target)
            )
        if x.dtype.kind == "c" and numpy.dtype(target).kind not in "cb":
            with pytest.warns(numpy.exceptions.ComplexWarning):
                same(np.asarray(x).astype(target), want, target)
        else:
            same(np.asarray(x).astype(target), want, target)


def test_astype_rules():
    x = numpy.ones(2)
    a = np.asarray(x)
    assert a.astype(float, copy=False) is a and a.astype(float) is not a
    for casting in ("no", "equiv", "safe", "same_kind", "odd"):
        same_error(
            lambda c=casting: a.astype("int8", casting=c),
            lambda c=casting: x.astype("int8", casting=c),
            text=casting != "odd",
        )
    for dtype in ("U5", "object", "datetime64[s]", "float128", "i4,f8"):
        with pytest.raises(TypeError, match="not in Quelea"):
            a.astype(dtype)
    with pytest.raises(TypeError, match="not in Quelea"):
        np.asarray(["text"])


@pytest.mark.parametrize(
    "view", [numpy.s_[:], numpy.s_[::-1], numpy.s_[3:-2, ::2], numpy.s_[::3, ::-1]]
)
def test_large_arrays_are_taken_at_once(view):
    """What is given may change as soon as asarray has returned."""
    x = numpy.arange(700 * 900.0).reshape(700, 900)
    y = x[view].copy()
    ours = np.asarray(x[view])
    x[...] = -1
    same(ours, y)
    same(ours[1:] + ours[:-1], y[1:] + y[:-1])


def test_a_shape_may_be_an_array():
    for shape in (
        numpy.array([2, 3]),
        np.array([2, 3]),
        np.array(4),
        np.array([5]),
        numpy.array(0),
    ):
        assert np.zeros(shape).shape == numpy.zeros(numpy.asarray(shape)).shape
    assert np.arange(6).reshape(np.array([3, 2])).shape == (3, 2)
    with pytest.raises(TypeError):
        np.zeros(np.array([2.0, 3.0]))


@pytest.mark.filterwarnings(
    "ignore:invalid value:RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning"
)
@pytest.mark.parametrize(
    ("value", "dtype"),
    [(numpy.inf, int), (numpy.nan, "uint8"), (2 + 1j, float), (numpy.float64(300.7), "uint16")],
)
def test_full_casts_unsafely(value, dtype):
    same(np.full(3, value, dtype), numpy.full(3, value, dtype))


def test_full_refuses_integers_that_do_not_fit():
    for value, dtype in ((300, "uint8"), (-1, "uint8"), (2**63, "int64")):
        same_error(
            lambda v=value, d=dtype: np.full(3, v, d), lambda v=value, d=dtype: numpy.full(3, v, d)
        )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "int8"])
def test_linspace_has_the_dtype_of_its_ends(dtype):
    first, last = numpy.dtype(dtype).type(1), numpy.dtype(dtype).type(9)
    same(np.linspace(first, last, 7), numpy.linspace(first, last, 7))
    same(np.linspace(first, 9, 7), numpy.linspace(first, 9, 7))


def test_arange_by_keyword_and_of_no_length():
    same(np.arange(start=2, stop=9, step=3), numpy.arange(start=2, stop=9, step=3))
    for bad in ((numpy.nan,), (0, 3, numpy.nan), (numpy.inf,), (1e300,), (-numpy.inf,)):
        same_error(lambda a=bad: np.arange(*a), lambda a=bad: numpy.arange(*a))


@pytest.mark.parametrize(
    "scalar", [numpy.int8, numpy.uint64, numpy.float16, numpy.float32, numpy.complex64]
)
@pytest.mark.filterwarnings("error")
def test_arange_is_of_64_bits_at_least(scalar):
    args = (scalar(0), scalar(1), scalar(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = numpy.arange(*args)
    same(np.arange(*args), expected)


def test_a_list_that_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    for call in (
        lambda: np.asarray(endless),
        lambda: np.zeros(3) + endless,
        lambda: np.zeros(3).__setitem__(0, endless),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()


def test_triangles_of_vectors():
    for k in (-1, 0, 2):
        same(np.tril([1, 2, 3], k), numpy.tril([1, 2, 3], k))
        same(np.triu([1, 2, 3], k), numpy.triu([1, 2, 3], k))
    for triangle in (np.tril, np.triu):
        with pytest.raises(TypeError):
            triangle(5)


COPIES = [
    lambda m, a: a.astype("float32"),
    lambda m, a: a.astype("int64", order="C"),
    lambda m, a: m.copy(a),
    lambda m, a: a.copy(),
    lambda m, a: a.copy(order="K"),
    lambda m, a: copy.copy(a),
    lambda m, a: copy.deepcopy(a),
    lambda m, a: m.array(a),
    lambda m, a: m.array(a, order="C"),
    lambda m, a: m.asarray(a, dtype="float32"),
    lambda m, a: m.zeros_like(a),
    lambda m, a: m.ones_like(a, dtype="float32"),
    lambda m, a: m.full_like(a, 3),
    lambda m, a: m.full_like(a, [4]),
    lambda m, a: m.zeros_like(a, shape=(3, 4, 5, 6)),
    lambda m, a: m.zeros_like(a, shape=(3, 4)),
    lambda m, a: m.zeros_like(a, shape=7),
]


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (0, 2, 1, 3)])
@pytest.mark.parametrize("make", COPIES)
def test_copies_keep_the_order_of_axes_as_numpy_does(make, axes):
    """Strides say it, and whether a flat array is a view of the copy."""
    a = numpy.arange(24).reshape(3, 2, 2, 2).transpose(axes)
    made, wanted = make(np, np.arange(24).reshape(3, 2, 2, 2).transpose(axes)), make(numpy, a)
    assert made.strides == wanted.strides
    same(made, wanted)
    flat, wanted_flat = made.reshape(-1), wanted.reshape(-1)
    flat[1:3], wanted_flat[1:3] = 70, 70
    same(made, wanted)


def test_a_list_of_extents_may_change_meanwhile():
    class Extent:
        def __index__(self):
            extents[1:] = [None, None]
            return 2

    extents = [Extent(), 3, 5]
    assert np.zeros(extents).shape == (2, 3, 5)


# ---- plain forms, which are in C ----

LISTS = [
    [1],
    [1, 2.5],
    (1, -2),
    [[1, 2], [3, 4.0]],
    [(1, 2), [3, 4]],
    [[[1.0]], [[2.0]]],
    [],
    [[], []],
    [True, 2],
    [2**62, 0.5],
    [2**63 - 1, -(2**63)],
    [2**63],
    [2**63, 1],
    [float("nan"), -0.0],
    [1j, 2],
    [numpy.float32(1), 2],
    [0.1] * 1023 + [1],
    [0.1] * 1500,
]


@pytest.mark.parametrize("dtype", [None, float, int, "float64", "int64", "float32", "complex128"])
@pytest.mark.parametrize("given", LISTS, ids=lambda given: str(given)[:30])
def test_lists_of_numbers(given, dtype):
    for name in ("array", "asarray"):
        try:
            want = getattr(numpy, name)(given, dtype=dtype)
        except (OverflowError, TypeError, ValueError):
            same_error(
                lambda name=name: getattr(np, name)(given, dtype=dtype),
                lambda name=name: getattr(numpy, name)(given, dtype=dtype),
            )
            continue
        same(getattr(np, name)(given, dtype=dtype), want)
        same(getattr(np, name)(given, dtype), want)
        same(np.zeros(want.shape) + given, numpy.zeros(want.shape) + given)


@pytest.mark.parametrize("given", [[[1], 2], [1, [2]], [[1, 2], [3]], [[1], [[2]]]])
def test_uneven_lists(given):
    same_error(lambda: np.array(given), lambda: numpy.array(given))


def test_a_list_that_contains_itself():
    given = [1.0]
    given.append(given)
    same_error(lambda: np.array(given), lambda: numpy.array(given), text=False)


def test_lists_of_elements():
    a = numpy.arange(6.0).reshape(2, 3) / 7
    x = np.asarray(a)
    same(np.array([x[0, 0], x[1, 2] * 2]), numpy.array([a[0, 0], a[1, 2] * 2]))
    same(np.array([x[0], x[1]]), numpy.array([a[0], a[1]]))
    same(np.array([x, x]), numpy.array([a, a]))
    same(np.array([x.T, x.T]), numpy.array([a.T, a.T]))
    same(np.array([x[0, 0], 2]), numpy.array([a[0, 0], 2]))
    same(np.array([x[0, 0], x[0].astype("f4")[1]]), numpy.array([a[0, 0], a[0].astype("f4")[1]]))
    same(np.array((x[0, 1],), dtype=int), numpy.array((a[0, 1],), dtype=int))


@pytest.mark.parametrize(
    "given",
    [
        *[(5,), (0,), (-3,), (2, 9, 3), (9, 2, -3), (2, 2), (5, 1), (-5, 5, 7), (5, -5, -10)],
        *[(0.0, 1.0, 0.1), (1, 2, 0.25), (1.5,), (3.0, 1, -0.5), (1, 3.0), (0.1, 0.1 + 2**-54)],
        *[(2**53, 2**53 + 5), (-(2**60), 2**60, 2**58), (2**52 + 1, 2**52 + 9, 3), (True, 5)],
        *[(1, 5, 0), (1.0, 5.0, 0.0), (float("nan"),), (1e19,), (float("inf"),), (2**70,)],
        *[(0.0, 1.0, math.inf), (0.0, 1.0, -math.inf), (1.0, 0.0, math.inf), (1, 0, -math.inf)],
        *[(0.0, 5e-324, 1e300), (0.0, 5e-324, -1e300), (2.0, 2.0, math.inf), (3, 3.0, -math.inf)],
        *[(0.0, 1.0, 1e308), (1e308, 1.5e308, 1e308), (0, 1, numpy.float32(numpy.inf))],
    ],
)
def test_ranges_of_numbers(given):
    try:
        want = numpy.arange(*given)
    except (MemoryError, OverflowError, TypeError, ValueError, ZeroDivisionError) as error:
        with pytest.raises(type(error)):
            np.arange(*given)
    else:
        same(np.arange(*given), want)


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "array", "asarray", "arange"])
def test_they_are_functions_to_whoever_asks(name):
    function = getattr(np, name)
    assert function.__name__ == name and function.__doc__ and callable(function)
    assert "dtype" in inspect.signature(function).parameters
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function
    with pytest.raises(TypeError):
        function()
    with pytest.raises(TypeError):
        function(3, nonsense=1)
    with pytest.raises(ValueError, match=r"[Dd]evice"):
        function(3, device="gpu") if name != "array" else np.asarray(3, device="gpu")


@pytest.mark.parametrize("dtype", HERE)
def test_lists_of_elements_of_an_array(dtype):
    a = numpy.arange(30).astype(dtype)
    x = np.asarray(a)
    for view in (slice(None), slice(None, None, -3), slice(5, 5), slice(2, 9)):
        got, want = x[view].tolist(), a[view].tolist()
        assert got == want and [type(v) for v in got] == [type(v) for v in want]
    assert (x + x).tolist() == (a + a).tolist()
    x[3:] = x[:27] + x[3:]
    a[3:] = a[:27] + a[3:]
    assert x.tolist() == a.tolist()
