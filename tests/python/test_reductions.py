"""Reductions: axes, dtypes, out, initial, where; and mean, var, std and what is made of them; products of matrices."""

import itertools

import numpy
import pytest
from support import HERE, near, same, same_error, values

import quelea as np

AXES = [None, 0, 1, -1, (0, 2), (1, -1), (), (0, 1, 2)]


def close(ours, theirs, context=""):
    """Sums of floats differ from NumPy's in rounding (contract C7)."""
    got, want = numpy.array(ours, copy=True), numpy.asarray(theirs)
    assert (got.shape, got.dtype) == (want.shape, want.dtype), context
    if want.dtype.kind in "fc":
        tolerance = 50 * float(numpy.finfo(want.dtype).eps)
        numpy.testing.assert_allclose(
            got, want, rtol=tolerance, atol=tolerance, err_msg=str(context)
        )
    else:
        numpy.testing.assert_array_equal(got, want, str(context))


@pytest.mark.parametrize(
    "name",
    ["sum", "prod", "min", "max", "any", "all", "count_nonzero", "mean", "var", "std", "ptp"],
)
@pytest.mark.parametrize("dtype", HERE)
def test_every_dtype_and_axis(name, dtype):
    x = numpy.arange(24).reshape(2, 3, 4).astype(dtype)
    if x.dtype.kind in "fc":
        x /= 16
    elif name in (
        "min",
        "max",
        "any",
        "all",
        "count_nonzero",
        "ptp",
        "sum",
        "prod",
    ):  # in the others float rounding would show
        x = values(dtype, 24, 3).reshape(2, 3, 4)
    a = np.asarray(x)
    for axis, keepdims in itertools.product(AXES, (False, True)):
        if dtype == "bool" and name == "ptp":
            same_error(lambda: np.ptp(a), lambda: numpy.ptp(x))
            return
        with numpy.errstate(all="ignore"):
            want = getattr(numpy, name)(x, axis=axis, keepdims=keepdims)
        close(getattr(np, name)(a, axis=axis, keepdims=keepdims), want, (axis, keepdims))
        close(getattr(numpy, name)(a, axis=axis, keepdims=keepdims), want, (axis, keepdims))


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "any", "all", "mean", "var", "std"])
def test_methods_and_out(name):
    x = numpy.arange(1.0, 7).reshape(2, 3)
    a = np.asarray(x)
    close(getattr(a, name)(), getattr(x, name)())
    close(getattr(a, name)(1), getattr(x, name)(1))
    want = getattr(x, name)(axis=0)
    out = np.zeros(3, want.dtype)
    assert getattr(a, name)(axis=0, out=out) is out
    close(out, want)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64"])
@pytest.mark.parametrize("name", ["sum", "max", "min", "any", "all"])
def test_axes_that_lie_behind_one_another_are_reduced_as_one(name, dtype):
    """Where no order changes a bit; parts of rows, strides and broadcast rows keep their axes."""
    x = (numpy.arange(7 * 40 * 33).reshape(7, 40, 33) * 37 % 101 - 50).astype(dtype)
    a = np.asarray(x)
    views = [
        (a, x),
        (a.T, x.T),
        (a.transpose(1, 0, 2), x.transpose(1, 0, 2)),
        (a[:, 1:], x[:, 1:]),
        (a[:, :, ::-1], x[:, :, ::-1]),
        (a[::2], x[::2]),
        (a & a[:1], x & x[:1]),
        (a | a[:, :, :1], x | x[:, :, :1]),
    ]
    for k, (ours, theirs) in enumerate(views):
        for axis in (None, (0, 1), (1, 2), (0, 2), 0, 2):
            same(getattr(ours, name)(axis), getattr(theirs, name)(axis), (k, axis))


@pytest.mark.parametrize("count", [1, 5, 8, 9, 127, 1025, 8 * 128 + 17, 131 * 128 + 3])
def test_leaves_combine_alike_at_every_length(count):
    """Sums of halves are exact; which of two zeros is the largest depends on the tree alone."""
    x = numpy.arange(3 * count).reshape(3, count) % 17 / 2 - 4
    a = np.asarray(x)
    for dtype in ("float32", "float64"):
        b, y = a.astype(dtype), x.astype(dtype)
        same(b.sum(1), y.sum(1))
        same(b.max(), y.max())
        same(b[0] @ b[1], y[0] @ y[1])
    zeros = np.where(a > 0, 0.0, -0.0)
    signs = np.signbit(zeros.max(1))
    for k in range(3):
        same(np.signbit(np.max(np.array(zeros[k]))), numpy.asarray(signs[k]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
@pytest.mark.parametrize("name", ["sum", "max", "count_nonzero", "mean", "std"])
def test_results_lie_in_the_order_of_the_operand(name, dtype):
    x = numpy.ones((4, 5, 6), dtype)
    for order, axis, keepdims in itertools.product(
        itertools.permutations(range(3)), (0, 1, 2, (0, 2), ()), (False, True)
    ):
        theirs = x.transpose(order)[:, ::-1]
        ours = np.asarray(x).transpose(order)[:, ::-1]
        if name == "count_nonzero" and axis == ():
            continue  # NumPy's is of Python's making there
        want = getattr(numpy, name)(theirs, axis=axis, keepdims=keepdims)
        got = getattr(np, name)(ours, axis=axis, keepdims=keepdims)
        moves = [n > 1 for n in want.shape]
        strides = [list(itertools.compress(a.strides, moves)) for a in (got, want)]
        assert strides[0] == strides[1], (order, axis, keepdims)
        close(got, want)


def test_dtype_initial_where():
    x = numpy.arange(6, dtype=numpy.int8).reshape(2, 3)
    a = np.asarray(x)
    same(a.sum(dtype=numpy.int8), x.sum(dtype=numpy.int8))
    close(a.sum(0, dtype=float), x.sum(0, dtype=float))
    close(a.mean(dtype=numpy.float32), x.mean(dtype=numpy.float32))
    same(a.sum(initial=10), x.sum(initial=10))
    same(a.max(axis=0, initial=4), x.max(axis=0, initial=4))
    same(a.sum(1, where=a > 1), x.sum(1, where=x > 1))
    same(a.min(initial=9, where=a > 3), x.min(initial=9, where=x > 3))
    same(a.any(where=[True, False, False]), x.any(where=[True, False, False]))
    close(a.mean(where=a > 1), x.mean(where=x > 1))
    close(a.var(where=a > 1, ddof=1), x.var(where=x > 1, ddof=1))
    close(a.std(ddof=1), x.std(ddof=1))
    close(np.var(a, correction=1), numpy.var(x, correction=1))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_nan_and_empty(dtype):
    x = numpy.array([[1, numpy.nan, 3], [4, 5, 6]], dtype)
    a = np.asarray(x)
    for name in ("min", "max", "sum", "mean"):
        for axis in (None, 0, 1):
            near(
                getattr(a, name)(axis=axis), getattr(x, name)(axis=axis), 4, name
            ) if dtype != "complex64" else None
    empty = numpy.zeros((0, 3), dtype)
    for name in ("sum", "prod", "any", "all"):
        same(getattr(np.asarray(empty), name)(0), getattr(empty, name)(0))
    same(np.asarray(empty).max(1), empty.max(1))
    same_error(lambda: np.asarray(empty).max(), lambda: empty.max())
    same_error(lambda: np.asarray(empty).min(0), lambda: empty.min(0))
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        assert numpy.isnan(complex(np.asarray(empty).mean()))


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, 5), "x", 1.5])
def test_wrong_axes(axis):
    x = numpy.ones((2, 3))
    same_error(lambda: np.asarray(x).sum(axis=axis), lambda: x.sum(axis=axis), text=axis != (0, 5))


def test_results_are_numbers_where_numpys_are():
    a = np.ones((2, 3))
    assert np.isscalar(a.sum()) and np.isscalar(a.mean()) and not np.isscalar(a.sum(keepdims=True))
    assert repr(a.sum()) == "np.float64(6.0)"


def test_statistics():
    x = numpy.array([[1.0, 2, 4], [8, 16, 32]])
    a = np.asarray(x)
    close(np.average(a), numpy.average(x))
    close(np.average(a, axis=1, weights=[1, 2, 3]), numpy.average(x, axis=1, weights=[1, 2, 3]))
    close(np.trapezoid(a), numpy.trapezoid(x))
    close(np.trapezoid(a, [0, 1, 3]), numpy.trapezoid(x, [0, 1, 3]))
    x[0, 1] = x[:, 2] = numpy.nan
    a = np.asarray(x)
    for name in ("nansum", "nanmin", "nanmax", "nanmean"):
        close(getattr(np, name)(a), getattr(numpy, name)(x))
    close(np.nansum(a, axis=0), numpy.nansum(x, axis=0))


SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
]


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float32", "float64", "complex128"]
)
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul(left, right, dtype):
    x = (numpy.arange(numpy.prod(left)) % 5 - 1).reshape(left).astype(dtype)
    y = (numpy.arange(numpy.prod(right)) % 7 - 2).reshape(right).astype(dtype)
    a, b = np.asarray(x), np.asarray(y)
    close(a @ b, x @ y)
    close(numpy.matmul(a, y), x @ y)
    if x.ndim < 3:
        close(np.dot(a, b), numpy.dot(x, y))


def test_products():
    x, y = numpy.arange(6.0).reshape(2, 3), numpy.arange(12.0).reshape(4, 3) - 5
    a, b = np.asarray(x), np.asarray(y)
    close(np.inner(a, b), numpy.inner(x, y))
    close(np.outer(a, b), numpy.outer(x, y))
    close(np.vdot(a * 1j, a), numpy.vdot(x * 1j, x))
    close(np.tensordot(a, b, ((1,), (1,))), numpy.tensordot(x, y, ((1,), (1,))))
    close(np.vecdot(a, b[:2]), numpy.vecdot(x, y[:2]))
    close(a.dot(b.T), x.dot(y.T))
    close(np.trace(b[:3]), numpy.trace(y[:3]))
    close(b.trace(offset=-1), y.trace(offset=-1))
    close(np.dot(2, a), numpy.dot(2, x))
    cube = numpy.arange(24.0).reshape(2, 3, 4)
    close(np.dot(a, np.asarray(cube)), numpy.dot(x, cube))
    out = np.zeros((2, 4))
    assert np.matmul(a, b.T, out=out) is out
    close(out, x @ y.T)
    target, expected = np.asarray(x), x.copy()
    target @= np.eye(3)
    close(target, expected)
    for bad in (
        lambda m: m.ones(3) @ m.ones(4),
        lambda m: m.ones((3, 2)) @ m.ones((3, 2)),
        lambda m: m.ones(3) @ 2,
        lambda m: m.dot(m.ones((2, 3)), m.ones((2, 3))),
    ):
        same_error(lambda f=bad: f(np), lambda f=bad: f(numpy))


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_initial_is_converted_to_the_dtype_of_the_result(name):
    for x, initial in (
        (numpy.arange(1, 6), 3.5),
        (numpy.arange(1, 6, dtype="float32"), 7),
        (numpy.ones(3), numpy.int8(2)),
    ):
        same(
            getattr(np, name)(np.asarray(x), initial=initial),
            getattr(numpy, name)(x, initial=initial),
            initial,
        )


@pytest.mark.parametrize("shape", [(2, 2), (1, 2), (), (3,)])
@pytest.mark.parametrize(
    "name", ["mean", "var", "std", "ptp", "nanmax", "nanmean", "sum", "min", "any"]
)
def test_the_output_must_have_the_shape_of_the_result(name, shape):
    x = np.ones((2, 2))
    options = {
        "sum": {"initial": 3.0},
        "min": {"initial": 0.0},
        "any": {"where": np.ones((2, 2), bool)},
    }.get(name, {})
    with pytest.raises(ValueError):
        getattr(np, name)(x, axis=0, out=np.zeros(shape), **options)
    out = np.zeros(2)
    assert getattr(np, name)(x, axis=0, out=out, **options) is out
    same(
        out,
        getattr(numpy, name)(
            numpy.ones((2, 2)), axis=0, out=numpy.zeros(2), **options_for_numpy(options)
        ),
    )
    theirs = numpy.zeros(2)
    assert getattr(np, name)(x, axis=0, out=theirs, **options) is theirs
    numpy.testing.assert_array_equal(theirs, numpy.asarray(out))
    with pytest.raises(ValueError):
        getattr(np, name)(x, axis=0, out=numpy.zeros(shape), **options)
    with pytest.raises(TypeError, match=r"quelea\.ndarray"):
        getattr(np, name)(x, axis=0, out=[0.0, 0.0], **options)


def options_for_numpy(options):
    return {
        name: numpy.asarray(value) if name == "where" else value for name, value in options.items()
    }


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "complex64"])
@pytest.mark.parametrize("axis", [None, 0])
def test_means_have_the_dtype_that_is_asked_for(dtype, axis):
    a = numpy.array([[1, 2], [6, 3]])
    x = np.asarray(a)
    same(np.mean(x, axis, dtype), numpy.asarray(numpy.mean(a, axis, dtype)))
    if dtype != "bool":
        same(np.var(x, axis, dtype), numpy.asarray(numpy.var(a, axis, dtype)))
    mask = numpy.array([[True], [False]])
    same(np.mean(x, axis, dtype, where=mask), numpy.asarray(numpy.mean(a, axis, dtype, where=mask)))


@pytest.mark.parametrize("dtype", ["int64", "float32", "complex64"])
def test_average_gives_the_sum_of_the_weights(dtype):
    a = numpy.array([1, 2, 5], dtype)
    for ours, theirs in zip(
        np.average(np.asarray(a), returned=True), numpy.average(a, returned=True), strict=True
    ):
        assert ours.dtype == theirs.dtype
        numpy.testing.assert_allclose(numpy.asarray(ours), theirs, rtol=1e-6)


def test_any_and_all_have_no_initial_value():
    x = np.asarray([True, False])
    for call in (
        lambda: np.any(x, initial=True),
        lambda: x.all(initial=True),
        lambda: x.any(None, None, False, True),
    ):
        with pytest.raises(TypeError):
            call()
    assert bool(x.any(where=[True, False])) is True
    assert bool(x.all(None, None, False, where=[True, False])) is True


def test_tensordot_takes_numpy_integers_and_refuses_axes_out_of_range():
    a, b = numpy.arange(6.0).reshape(2, 3), numpy.arange(6.0).reshape(3, 2)
    x, y = np.asarray(a), np.asarray(b)
    same(np.tensordot(x, y, numpy.int64(1)), numpy.tensordot(a, b, numpy.int64(1)))
    same(np.tensordot(x, y, (numpy.int64(-1), 0)), numpy.tensordot(a, b, (-1, 0)))
    for axes in (3, ([3], [0]), ([0], [-3])):
        with pytest.raises(IndexError):
            np.tensordot(x, y, axes)


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all", "mean"])
def test_a_mask_does_not_make_an_array_larger(name):
    x, mask = np.asarray([1, 2, 3]), [[True, False, True], [True, True, True]]
    with pytest.raises(ValueError, match="more dimensions"):
        getattr(np, name)(x, where=mask)
    same(
        getattr(np, name)(x, where=mask[0]),
        numpy.asarray(getattr(numpy, name)([1, 2, 3], where=mask[0])),
    )


@pytest.mark.parametrize("name", ["sum", "prod", "max", "any"])
@pytest.mark.parametrize("to", ["bool", "int8", "int64", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int64", "uint64", "float16", "float32", "float64"]
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_sums_and_products_are_computed_in_what_out_promotes_to(dtype, to, name):
    a = (
        numpy.array([0, 1, 1]).astype(dtype)
        if dtype == "bool"
        else numpy.array([90, 100, 3]).astype(dtype)
    )
    x, made, wanted = np.asarray(a), np.zeros((), to), numpy.zeros((), to)
    same(getattr(x, name)(out=made), getattr(a, name)(out=wanted))
    if name == "sum":
        same(x.sum(out=made, initial=2), a.sum(out=wanted, initial=2))


@pytest.mark.parametrize("shape", [(0, 0, 2), (0, 2, 0), (2, 0), (0,)])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_extremes_of_nothing_are_refused_whatever_the_result(shape, axis):
    a = numpy.zeros(shape)
    try:
        want = a.min(axis=axis)
    except ValueError as error:  # an AxisError is one too
        with pytest.raises(type(error)):
            np.zeros(shape).min(axis=axis)
    else:
        same(np.zeros(shape).min(axis=axis), want)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_a_0d_array_has_no_axis_to_average(name):
    same_error(
        lambda: getattr(np.asarray(2.0), name)(axis=0),
        lambda: getattr(numpy.asarray(2.0), name)(axis=0),
    )
    same(getattr(np.asarray(2.0), name)(axis=()), getattr(numpy.asarray(2.0), name)(axis=()))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
def test_sums_of_negative_zeros(dtype):
    """Sums begin with zero, but where they are told to begin with nothing or with another zero."""
    shapes = (1,), (3,), (8,), (129,), (1, 1), (2, 1), (3, 4), (4, 1, 3), (300, 2)
    for shape in shapes:
        theirs = numpy.full(shape, -0.0, dtype)
        ours = np.asarray(theirs)
        for x, y in ((ours, theirs), (ours.T, theirs.T)):
            for axis in (None, 0, -1, ()):
                for how in ({}, {"keepdims": True}, {"dtype": "c16"}, {"where": y == 0}):
                    got, want = (m.sum(axis, **how) for m in (x, y))
                    same(np.signbit(got.real), numpy.signbit(want.real))
                same(np.signbit(x.mean(axis).real), numpy.signbit(y.mean(axis).real))
                if dtype[0] == "f":
                    for initial in (None, -0.0, 0.0):
                        got, want = (m.sum(axis, initial=initial) for m in (x, y))
                        same(np.signbit(got), numpy.signbit(want))


def test_products_of_negative_zeros():
    """NumPy's dot of one element each is their product; of more, and in matmul, a sum that begins with zero."""
    shapes = (), (1,), (1, 1), (3,), (1, 3), (3, 1)
    for dtype in ("f4", "f8", "f2", "c16"):
        for name in ("dot", "inner", "matmul", "vecdot", "vdot", "tensordot"):
            for a in shapes:
                for b in shapes:
                    x, y = numpy.full(a, -0.0, dtype), numpy.ones(b, dtype)
                    if dtype == "c16" and (x.size, y.size) == (3, 3):
                        continue  # a kernel of BLAS decides
                    more = (1,) if name == "tensordot" else ()
                    try:
                        want = getattr(numpy, name)(x, y, *more)
                    except (ValueError, IndexError):
                        continue
                    got = getattr(np, name)(np.asarray(x), np.asarray(y), *more)
                    same(np.signbit(got.real), numpy.signbit(want.real))
