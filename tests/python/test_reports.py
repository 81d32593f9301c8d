"""Examples of public bug reports of like systems: what NumPy gives, and the class of what it raises."""

import math

import numpy
import pytest
from examples import Examples

import quelea

EXAMPLES = Examples()
example = EXAMPLES.add

# ---- order in memory ----


@example
def sums_are_flattened_as_views_where_numpys_are(m):
    x = m.asarray(numpy.arange(24.0).reshape(2, 3, 4)).transpose(2, 1, 0)
    y = x.sum(axis=0)
    z = y.reshape(-1)
    y[...] = 9
    return z[:4], z


@example
def copies_of_broadcast_arrays_are_flattened_as_numpys(m):
    results = []
    x = m.broadcast_to(m.asarray(numpy.arange(6.0).reshape(2, 3)).T, (2, 3, 2))
    for y in (x.copy("K"), x.astype("f4"), m.round(x), m.roll(x, 1, 0), m.concatenate([x, x])):
        z = y.reshape(-1)
        y[...] = 9
        results.append(z)
    return results


# ---- products and sums of halves ----


@example
def products_of_halves_are_not_rounded(m):
    return m.dot(m.array([300, 300], "f2"), m.array([300, -300], "f2"))


@example
def products_of_matrices_of_halves(m):
    x = m.asarray(numpy.linspace(-300, 300, 12).reshape(3, 4), "f2")
    return x @ x.T, m.inner(x, x[1]), m.vecdot(x, x), m.tensordot(x, x.T, 1), m.vdot(x, x)


@example
def each_element_is_cast_before_it_is_added(m):
    return m.array([2049.0, 1.0, -2048.0]).sum(dtype="f2")


# ---- contractions of nothing ----


@example
def tensordot_of_nothing(m):
    return m.tensordot(m.zeros((3, 0)), m.zeros((0, 4)), 1)


@example
def tensordot_of_nothing_twice(m):
    return m.tensordot(m.zeros((0, 3, 2)), m.zeros((3, 2, 0)), 2)


@example
def tensordot_without_rows(m):
    return m.tensordot(m.zeros((0, 3)), m.zeros((3, 4)), 1)


# ---- rounding ----


@example
def rounds_by_large_powers(m):
    return m.round(m.array([5.1e73]), -73), m.round(m.array([1.23456e-30]), 33)


@example
def rounds_by_powers_beyond_all_floats(m):
    return m.round(m.array([1.5, 0.0]), 400), m.round(m.array([1.5, 2.5]), -400)


# ---- ranges ----


@example
def logspace_with_an_axis(m):
    return m.logspace(m.array([0.0, 1.0]), m.array([1.0, 2.0]), 3, axis=1)


@example
def logspace_with_bases(m):
    return m.logspace(0, 2, 3, base=m.array([2.0, 3.0]))


@example
def geomspace_between_arrays(m):
    return m.geomspace(m.array([1.0, 2.0]), m.array([1.0, 8.0]), 3, axis=-1)


@example
def geomspace_of_other_signs(m):
    return m.geomspace(-1000, -1, 4), m.geomspace(1, 256, 9, dtype=int)


@example
def linspace_along_no_axis(m):
    return m.linspace(0, 1, 3, axis=5)


@example
def geomspace_of_zero(m):
    return m.geomspace(0, 1, 3)


# ---- promotion ----


@example
def clip_promotes_once(m):
    return m.clip(m.array([0, 9], "u1"), 0.0, numpy.float32(5))


@example
def clip_of_a_boolean(m):
    return m.clip(m.array(True), 2, m.array(3, "u8"))


@example
def clip_keeps_signs_of_zeros(m):
    zeros = m.array([0.0, -0.0] * 8)
    return (
        m.clip(zeros, 0, 1),
        m.clip(zeros, 0, None),
        zeros.clip(-1, -0.0),
        m.clip(zeros, m.zeros(16), 1.0),
        m.clip(zeros.astype("f2"), m.zeros(16, "f2"), 1),
        m.clip(zeros, m.nan, 1),
    )


@example
def clip_without_a_limit(m):
    return m.clip(m.ones(3), 0)


@example
def clip_of_booleans_without_limits(m):
    return m.clip(m.array([True]), None, None)


@example
def divides_by_integers_beyond_64_bits(m):
    return m.arange(4) / math.factorial(25), m.arange(4.0) + 10**30, m.hypot(m.arange(4), -(10**30))


@example
def multiplies_by_integers_beyond_64_bits(m):
    return m.arange(4) * 10**30


@example
def scalars_are_cast_through_masks(m):
    v = m.zeros(2, "i1")
    v[m.asarray([True, False])] = numpy.uint8(200)
    return v


@example
def scalars_are_cast_by_copyto(m):
    v = m.zeros(2, "i1")
    m.copyto(v, numpy.int64(300), casting="unsafe")
    return v


@example
def numbers_are_not_cast_by_copyto(m):
    v = m.zeros(2, "i1")
    m.copyto(v, 300, casting="unsafe")
    return v


@example
def pad_casts_scalars(m):
    return m.pad(m.zeros(2, "i1"), 1, constant_values=numpy.array([300, -300]))


@example
def amax_into_floats_counts_from_a_float(m):
    return m.amax(m.array([[0, 0], [-1, -2]]), axis=1, out=m.zeros(2), initial=0.5)


@example
def isclose_to_a_number(m):
    return m.isclose(m.array([0.1], "f4"), 0.1, rtol=0, atol=0)


@example
def concatenate_with_a_number(m):
    return m.concatenate([m.array([1], "f4"), 2.0], axis=None)


@example
def unsafe_casts_of_scalars(m):
    return m.add(m.array([1.5]), 1e3, dtype="u2", casting="unsafe")


@example
def unsafe_casts_to_what_the_loop_takes(m):
    return m.absolute(m.array([3 + 4j]), dtype="f8", casting="unsafe")


@example
def strict_casts(m):
    return m.add(m.array([1.0], "f4"), 1, casting="safe"), m.add(m.ones(2), 1, casting="no")


@example
def strict_casts_that_are_refused(m):
    return m.add(m.array([1.0], "f4"), m.ones(1), casting="equiv")


@example
def casts_by_a_rule_that_there_is_not(m):
    return m.add(m.ones(2), 1, casting="any")


@example
def order_of_a_ufunc(m):
    return m.add(m.ones((2, 3)), 1, order="F").T.ravel(), m.add(
        m.ones((2, 3)), 1, order="F"
    ).strides


# ---- borders ----


@example
def pad_refuses_keywords_of_other_modes(m):
    return m.pad(m.ones(2), 1, mode="edge", constant_values=9)


@example
def pad_with_constants_of_each_side(m):
    return m.pad(m.ones((2, 2)), ((1, 2), (2, 1)), constant_values=((1, 2), (3, 4)))


@example
def pad_with_widths_of_axes(m):
    return m.pad(m.ones((2, 2)), {1: (1, 2)}), m.pad(m.ones((2, 2)), {-1: 2}, "edge")


@example
def pad_in_no_mode(m):
    return m.pad(m.ones(2), 1, "nothing")


# ---- powers ----


def _bases(m, dtype):
    return m.array([-m.inf, -0.0, 2.25, 3.7, 5.1], dtype)


@example
def powers_by_one_element(m):
    x = _bases(m, "f8")
    return x ** m.array(0.5), x ** m.array([0.5]), x ** numpy.float64(-1), x ** m.array([2.0])[0]


@example
def powers_by_one_element_of_float32(m):
    x = _bases(m, "f4")
    return x ** m.array(0.5, "f4"), m.power(x, 0.5), x ** m.broadcast_to(m.array(-1, "f4"), (5,))


@example
def powers_by_one_element_in_place(m):
    x = _bases(m, "f8")
    x **= m.array(0.5)
    return x


@example
def powers_of_integers_by_one_element(m):
    return m.array([4, 9]) ** m.array(0.5), m.array([4, 9]) ** m.array([2])


@example
def literal_powers_of_halves(m):
    x = m.array([0.0, -0.0, 2.25, 4.0], "f2")
    return x**0.5, x**2, x**-1, x**2.0


# ---- products in place ----


@example
def product_with_a_vector_in_place(m):
    a = m.ones((4, 4))
    a @= m.arange(4.0)
    return a


@example
def product_in_place(m):
    a = m.ones((2, 2))
    a @= m.array([[1.0, 2.0], [3.0, 4.0]])
    return a


@example
def product_of_another_shape_in_place(m):
    a = m.ones((2, 3))
    a @= m.ones((3, 2))
    return a


@example
def product_of_another_kind_in_place(m):
    a = m.ones((2, 2), int)
    a @= m.ones((2, 2))
    return a


# ---- triangles ----


@example
def triangles_at_fractions(m):
    x = m.arange(9.0).reshape(3, 3)
    return m.tri(3, k=0.5), m.tril(x, 0.5), m.triu(x, 0.5), m.tri(3, k=-1.5), m.tri(3, 4, 1.7)


@example
def triangle_of_fewer_than_no_rows(m):
    return m.tri(-3), m.tri(2, -1)


# ---- what NumPy refuses ----


@example
def zeros_of_a_boolean(m):
    return m.zeros(True)


@example
def reshape_to_a_boolean(m):
    return m.zeros(4).reshape((True, -1))


@example
def weights_that_sum_to_zero(m):
    return m.average(m.ones(3), weights=m.zeros(3))


@example
def stack_of_a_generator(m):
    return m.vstack(m.ones(2) for _ in range(2))


@example
def concatenate_of_a_generator(m):
    return m.concatenate(m.ones(2) for _ in range(2))


@example
def integers_as_where(m):
    return m.add(m.ones(2), 1, where=m.array([1, 0]), out=m.zeros(2))


@example
def integers_as_where_of_a_sum(m):
    return m.sum(m.ones(2), where=m.array([1, 0]))


@example
def mask_of_another_length(m):
    a = m.zeros(3)
    a[m.asarray([True, False])] = 1
    return a


@example
def wrong_cast_and_wrong_shape(m):
    return m.add(m.ones(3), 1.5, out=m.zeros(2, int))


@example
def fill_with_an_array(m):
    return m.ones(3).fill(m.ones(1))


@example
def nan_into_integers(m):
    m.zeros(2, int)[0] = float("nan")


@example
def infinity_into_integers(m):
    m.zeros(2, int)[...] = float("inf")


@example
def too_much_for_an_integer(m):
    m.zeros(2, "i1")[1:] = 1e10


# ---- keywords ----


@example
def extremes_in_another_dtype(m):
    x = m.array([1.5, 2.5, -3.5])
    return (
        m.maximum.reduce(x, dtype="i4"),
        m.minimum.reduce(x, dtype="f4"),
        m.add.reduce(x, dtype="i8"),
    )


@example
def reductions_of_nothing_without_a_beginning(m):
    return m.add.reduce(m.zeros(0), initial=None)


@example
def sums_without_a_beginning(m):
    return m.sum(m.arange(3.0), initial=None), m.add.reduce(m.ones((2, 2)), initial=None)


@example
def quotients_and_remainders_in_place(m):
    a, q, r = m.array([5.0, 6.0]), m.zeros(2), m.zeros(2, "f4")
    given = m.divmod(a, 4, out=(q, r))
    m.divmod(a, 3, a, None)
    return q, r, a, given[0]


@example
def parts_of_numbers_in_place(m):
    whole = m.zeros(2)
    return (
        m.modf(m.array([1.5, -2.25]), out=(None, whole)),
        whole,
        m.modf(m.array([1.5]), dtype="f4"),
    )


@example
def quotients_where_a_mask_is(m):
    out = (m.zeros(3), m.ones(3))
    m.divmod(m.arange(3.0), 2, out=out, where=m.array([True, False, True]))
    return out


@example
def products_along_other_axes(m):
    a, b = m.arange(24.0).reshape(2, 3, 4), m.arange(24.0).reshape(2, 4, 3)
    return (
        m.matmul(a, a, axes=[(1, 2), (2, 1), (0, 1)]),
        m.matmul(b[0], b[0, 0], axes=[(0, 1), (0,), (0,)]),
        m.vecdot(a, a, axis=0),
        m.vecdot(a, a, axis=1, keepdims=True),
        m.vecdot(a, b, axes=[2, 1]),
    )


@example
def products_in_another_dtype(m):
    out = m.zeros((2, 2), "f4")
    m.matmul(m.ones((2, 3)), m.ones((3, 2)), out)
    return (
        out,
        m.matmul(m.ones((2, 2)), m.ones((2, 2)), dtype="f4", order="F"),
        m.vecdot(m.ones(2), m.ones(2), dtype="c16"),
    )


@example
def products_refuse_a_cast(m):
    return m.matmul(m.ones((2, 2)), m.ones((2, 2)), dtype="i4")


@example
def extremes_of_numbers_where_a_mask_is(m):
    x, mask = m.array([1.0, m.nan, 0.0]), m.asarray([True, True, False])
    return (
        m.nanmin(x, where=mask, initial=5),
        m.nanmax(x, initial=7),
        m.nansum(x, initial=3, where=mask),
    )


@example
def mean_of_numbers_where_a_mask_is(m):
    return m.nanmean(m.array([1.0, m.nan, 4.0, 7.0]), where=m.asarray([True, True, False, True]))


@example
def conjugates_into_an_array(m):
    out = m.zeros(1, complex)
    return m.array([1j]).conjugate(out), out, m.array([1j]).conj()


@example
def types_of_a_ufunc(m):
    return m.add.types[:3], m.add.ntypes > 3


@example
def infinities_into_an_array(m):
    return m.isposinf(m.array([m.inf, 1.0]), m.zeros(2, bool)), m.isneginf(
        m.array([-m.inf]), out=m.ones(1, bool)
    )


def test_signatures_of_loops_are_not_there_yet():
    for call in (
        lambda: quelea.add(quelea.ones(2), 1, signature="dd->d"),
        lambda: quelea.matmul(quelea.ones((2, 2)), quelea.ones((2, 2)), signature="dd->d"),
    ):
        with pytest.raises(NotImplementedError, match="is not in Quelea yet"):
            call()


# ---- small ones ----


@example
def whether_arrays_can_be_cast(m):
    rules = ("no", "equiv", "safe", "same_kind", "unsafe")
    dtypes = ("bool", "int8", "float32", "float64", "complex64")
    x = m.ones((2, 3), "float32")
    return [m.can_cast(x, to, rule) for to in dtypes for rule in rules] + [m.can_cast("i4", "f4")]


@example
def the_smallest_dtype(m):
    arrays = m.arange(3), m.ones((2, 0), "float32"), m.array(300), m.array(True)
    return [str(m.min_scalar_type(a)) for a in (*arrays, 7, -1, 1e60, 2j)]


@example
def so_many_axes(m):
    return m.array([[1, 2], [3, 4]], ndmax=2), m.array(m.ones((2, 3)), ndmax=1, ndmin=3)


def test_sequences_deeper_than_axes():
    with pytest.raises(TypeError, match="dtype object is not in Quelea"):
        quelea.array([[1, 2], [3, 4]], dtype=object, ndmax=1)


@example
def repeats_that_are_floats(m):
    return m.repeat(m.arange(3), 4.7), m.repeat(m.arange(3), [2])


@example
def sections_that_are_floats(m):
    return m.split(m.arange(4), 2.0), m.array_split(m.arange(5), 2.0)


@example
def arrays_that_are_called(m):
    return m.ndarray((2,)).shape, m.ndarray(shape=(2, 3), dtype="i4", order="F").dtype.name


@example
def shapes_that_are_set(m):
    a = m.arange(4.0)
    a.shape = (2, -1)
    return a, a.T.shape


@example
def shapes_that_would_need_a_copy(m):
    a = m.ones((2, 3)).T
    a.shape = (6,)
    return a


@example
def lists_times_elements(m):
    n = m.arange(3)[2]
    return [1, 2] * n, n * (1, 2), "ab" * n, [1.5] * m.array(2)


@example
def views_of_elements_are_copies(m):
    v = m.arange(3)[1]
    results = []
    for w in (v[...], v[None], v.reshape(1), v.ravel()):
        w[...] = 7
        results.append(w)
    return results, v


@example
def modules(m):
    m.testing.assert_allclose(m.ones(2), m.ones(2))
    return m.version.version, m.typing.__name__, m.exceptions.__name__, m.dtypes.__name__


@example
def assigning_through_ranges(m):
    a = m.zeros((1, 3, 3))
    a[:, range(3), range(3)] = 1
    return a


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    EXAMPLES.check(name)
