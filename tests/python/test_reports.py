"""Examples of public bug reports of like systems: what NumPy gives, and the class of what it raises."""

import math
import warnings
from array import array
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host

import quelea

EXAMPLES: dict[str, Callable[[Any], Any]] = {}


def example(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    EXAMPLES[make.__name__] = make
    return make


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
        lambda: quelea.pad(quelea.ones(4), 1, "reflect", reflect_type="odd"),
        lambda: quelea.array([1], ndmax=1),
    ):
        with pytest.raises(NotImplementedError, match="is not in Quelea yet"):
            call()


# ---- what generated calls found (test_generated.py) ----


def _lies(m, x):
    """Where the elements of a NumPy array or ours lie, as numbers."""
    return [s for n, s in zip(x.shape, x.strides, strict=True) if n > 1]


@example
def results_lie_across_axes_that_do_not_move(m):
    x = m.asarray(numpy.arange(24).reshape(2, 3, 4)).transpose(2, 0, 1)
    wide = m.broadcast_to(x[:, :1], (4, 5, 3))
    return [
        _lies(m, made)
        for made in (
            -wide, wide.astype("f4"), wide.sum(0), wide.max(2), m.clip(wide, 1, 2), wide + 0.5,
            m.isnan(wide), m.add(wide, wide[:1]), m.count_nonzero(wide, 0), m.nanmax(wide + 0.5, 0),
            m.round(wide + 0.5, 1), m.sinc(wide), m.nansum(wide + 0.5, 2), m.triu(wide), m.modf(wide)[1],
        )
    ]  # fmt: skip


@example
def broadcast_arrays_flattened_as_they_lie(m):
    wide = m.broadcast_to(m.asarray(numpy.arange(3)), (2, 3))
    return wide.ravel("K"), wide.T.flatten("K"), wide[::-1].ravel("K")


@example
def stacks_of_matrices_times_a_vector_lie_as_the_stacks(m):
    x = m.ones((2, 3, 4, 5)).transpose(1, 0, 2, 3)
    return _lies(m, x @ m.ones(5)), _lies(m, m.vecdot(x, m.ones(5))), _lies(m, m.ones(4) @ x)


@example
def order_a_looks_at_the_operands(m):
    x, y = m.ones((2, 3), order="F"), m.ones((2, 3))
    return [
        _lies(m, made)
        for made in (
            m.add(x, 1, order="A"), m.add(x, y, order="A"), m.add(x[:, ::-1], 1, order="A"),
            m.matmul(x, x.T, order="A"), m.matmul(y, y.T, order="A"), m.array(x[::-1], "f4", order="A"),
        )
    ]  # fmt: skip


@example
def shapes_beside_an_array_of_one_element(m):
    return _lies(m, m.zeros_like(m.ones((2, 2))[:1, :1].T, shape=(2, 3)))


@example
def casts_come_before_shapes(m):
    return m.add(m.ones(2), m.ones(3), out=m.zeros(2, int))


@example
def casts_come_before_shapes_of_masks(m):
    return m.add(m.ones(2), m.ones(3), out=m.zeros(2, int), where=m.zeros(2, bool))


@example
def casts_come_before_shapes_in_place(m):
    a = m.ones((2, 3), int)
    a @= m.ones((2, 2))
    return a


@example
def casts_come_before_shapes_of_limits(m):
    return m.clip(m.ones(2), m.ones(3), 2, out=m.zeros(2, int))


@example
def the_shape_of_out_comes_before_the_beginning(m):
    return m.sum(m.ones(3), initial=1j, out=m.zeros(2))


@example
def numbers_are_not_equivalent_to_another_dtype(m):
    return m.add(m.ones(2, "f4"), 1.0, casting="equiv")


@example
def truths_of_any_dtype_under_strict_casts(m):
    x = m.ones(2, "f4")
    return m.logical_and(x, m.ones(2, int), casting="no"), m.logical_xor(x, True, casting="equiv")


@example
def integers_of_any_size_are_compared_under_strict_casts(m):
    return m.less(m.ones(2, "u4"), 2**40, casting="no")


@example
def comparisons_with_numbers_beyond_64_bits_into_an_array(m):
    return m.less(m.arange(3), 2**70, out=m.zeros(3, "f2")), m.equal(m.arange(3), 2**70, m.ones(3))


@example
def unsafe_results_of_more_axes_than_out(m):
    return m.add(m.ones((1, 2)), 1, casting="unsafe", out=m.zeros(2, int))


@example
def ranges_between_numbers_of_other_signs(m):
    return m.arange(-300, numpy.uint64(7))


@example
def numbers_in_another_shape(m):
    return m.reshape(numpy.int8(3), (1, 1), copy=False), m.reshape(numpy.float32(1), ())


@example
def a_number_beyond_64_bits_alone(m):
    return m.log(2**70, out=m.zeros(2))


@example
def axes_of_no_axes(m):
    x = m.asarray(2.5)
    return (
        m.add.reduce(x), m.sum(x, axis=-1, initial=1), m.max(x, axis=0, where=True, initial=3),
        m.nansum(x, axis=0), m.nanmean(x, axis=0), m.repeat(x, 2, axis=0), m.all(x, axis=0, where=True),
    )  # fmt: skip


@example
def what_is_a_scalar(m):
    """Of arrays of no axes functions of Python's give scalars, too."""
    x, n = m.asarray(2.5), m.asarray(3)
    return [
        m.isscalar(made)
        for made in (
            m.round(x), m.round(n), m.round(n, 1), m.nan_to_num(x), m.nan_to_num(n), m.iscomplex(x),
            m.isreal(x), m.imag(x), m.imag(m.sum(m.ones(2))), m.real(x), m.dot(m.ones(1), m.ones(1, int)),
            m.inner(m.ones(1), m.ones(1, "f4")), m.min(m.zeros(0), initial=1), m.diff(2.5, 0),
            *m.unstack(m.ones(2)), m.squeeze(numpy.float32(1)), m.transpose(numpy.float32(1)),
            m.broadcast_to(numpy.float32(1), ()), m.where(m.asarray(True), 1, 2), m.clip(x, 1.0, 2.0),
        )
    ]  # fmt: skip


@example
def complex_is_what_has_such_a_dtype(m):
    class Duck:
        dtype = numpy.dtype("c8")

    return m.iscomplexobj(Duck()), m.iscomplexobj(m.ones(1)), m.isrealobj([1j]), m.iscomplexobj("a")


@example
def parts_of_numbers(m):
    return m.real(3), m.imag(2.5), m.isreal(1), m.isreal([1j, 2])


@example
def products_of_complex_numbers_begin_with_one(m):
    z = m.asarray([[complex(-0.0, -0.0), complex(1, m.nan)], [2 + 1j, complex(m.inf, 1)]])
    return [f(z[:1], **k) for f in (m.prod, m.multiply.reduce) for k in ({}, {"axis": 0})]


@example
def products_of_complex_numbers_begin_with_what_they_are_given(m):
    z = m.asarray([[complex(-0.0, -0.0), 2 + 1j], [3 - 1j, complex(m.inf, -0.0)]])
    return [
        f(z, axis=axis, initial=first)
        for f in (m.prod, m.multiply.reduce)
        for axis in (0, 1, ())
        for first in (2, 1j, -0.0, None, complex(m.inf, 0))
    ] + [m.prod(z[:0], 0, initial=2j), m.prod(m.ones(2), initial=2, out=m.zeros((), "c8"))]


@example
def sums_of_complex_numbers_that_begin_below_zero(m):
    z = m.full(3, complex(-0.0, -0.0))
    return [
        m.sum(z, initial=first)
        for first in (-0.0, None, 0, complex(-0.0, -0.0), complex(0.0, -0.0))
    ] + [m.add.reduce(m.stack([z, -z]), 1, initial=-0.0, where=m.asarray([True, False, True]))]


@example
def variance_of_complex_numbers_in_complex_numbers(m):
    return m.var(m.asarray([1j, 2.0]), dtype="c16"), m.var(m.asarray([1j, 2.0]))


@example
def weighted_means_of_small_integers(m):
    x = m.asarray([100, 100, 3], "i1")
    return m.average(x, weights=x), m.average(m.ones((2, 3)), 1, weights=m.ones(3), returned=True)


@example
def mean_of_no_results(m):
    return m.average(m.zeros((0, 3)), axis=1)


@example
def truths_do_not_have_decimals(m):
    return m.round(m.asarray([True]), 1)


@example
def integrals_over_truths_and_shorter_axes(m):
    y = m.ones((2, 3, 2))
    return m.trapezoid(m.ones(3), x=m.asarray([True, False, True])), m.trapezoid(
        y, y[0, :, :1], axis=1
    )


@example
def products_with_a_list_of_nothing(m):
    return m.inner(m.ones((0,), "i4"), []), m.dot(3, []), m.vdot(m.zeros(0, "u1"), [])


@example
def pairs_of_axes_that_are_there_twice(m):
    return m.tensordot(m.ones((2, 2)), m.ones((2, 2)), ([0, 0], [0, 1]))


@example
def pairs_of_axes_that_are_not_there(m):
    return m.tensordot(m.ones(2), m.ones((2, 2)), 2)


@example
def parts_of_a_list(m):
    return m.array_split([1, 2, 3], 2)


@example
def equal_parts_of_a_list(m):
    return m.split([1, 2, 3], 3)


@example
def a_range_times_a_matrix(m):
    return range(3) @ m.ones((3, 2)), m.ones((2, 3)) @ range(3)


@example
def a_list_deeper_than_its_place(m):
    m.zeros((3, 3))[0] = [[1, 2, 3]]


@example
def a_range_where_a_number_belongs(m):
    m.zeros(3, int).fill(range(3))


@example
def full_of_complex_numbers_in_a_list(m):
    return m.full_like(m.ones(2, int), [1j, 2])


@example
def ranges_of_complex_numbers(m):
    return m.arange(3 + 2j), m.arange(2j), m.arange(-0.0, 2)


@example
def ranges_of_infinitely_many_steps_back(m):
    return m.arange(0, 5, -0.0 * numpy.float64(1))


@example
def limits_that_are_zero(m):
    """A limit that stays as it is takes the element's zero, another one gives its own."""
    one, zeros = m.asarray([-0.0]), m.asarray([-0.0, 0.0, -0.0])
    return (
        m.clip(one, m.asarray([-1.0]), m.asarray([0.0])), m.clip(zeros, -1.0, m.asarray([0.0])),
        m.clip(one, -1.0, m.asarray([0], "u2")), m.clip(zeros, zeros, 1.0), m.clip(one, -1.0, 0.0),
        m.clip(zeros, numpy.float64(0), numpy.float64(1)), m.clip(zeros + 0j, -1, zeros[::-1] + 0j),
    )  # fmt: skip


@example
def borders_narrower_than_nothing(m):
    return m.pad(m.asarray(1), -1)


# ---- what calls with any keywords found ----


def refused(*calls: Callable[[], Any]) -> list[str]:
    """Of what builtin class the errors are that calls raise."""
    names = []
    for call in calls:
        try:
            call()
            names.append("nothing")
        except Exception as error:
            kind = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
            names.append(kind.__name__)
    return names


@example
def flags_that_must_be_integers(m):
    x = m.ones((2, 3))
    return refused(
        *(
            lambda name=name, flag=flag: getattr(m, name)(x, keepdims=flag)
            for name in ("sum", "max", "any", "mean", "var", "ptp", "nanmax", "nansum", "average", "count_nonzero")
            for flag in ("x", [1], numpy.True_, 1.5, 2**40, 1, True)
        ),
        *(lambda flag=flag: m.add.reduce(x, keepdims=flag) for flag in ("x", None, 1)),
        *(lambda flag=flag: m.zeros_like(x, subok=flag) for flag in ("x", None, 1)),
    )  # fmt: skip


@example
def flags_that_must_be_booleans(m):
    x = m.ones((2, 2))
    return refused(
        *(
            lambda f=f, flag=flag: f(x, subok=flag)
            for f in (m.sqrt, m.modf, lambda a, **k: m.matmul(a, a, **k), lambda a, **k: m.vecdot(a, a, **k))
            for flag in (1, None, numpy.True_, True)
        ),
        lambda: m.vecdot(x, x, keepdims=1),
        lambda: m.copy(x, subok=numpy.array([1, 2])),
        lambda: m.broadcast_to(x, (2, 2), subok=numpy.array([1, 2])),
    )  # fmt: skip


@example
def no_signature_is_none(m):
    x = m.ones((2, 2))
    return refused(
        lambda: m.add(x, 1, signature=None),
        lambda: m.modf(x, signature=None),
        lambda: m.divmod(x, 2, signature=None),
        lambda: m.matmul(x, x, signature=None),
    )


@example
def words_given_as_bytes(m):
    x = m.ones((2, 3))
    return (
        x.copy(b"F").strides,
        m.add(x, 1, casting=b"safe", order=b"F").strides,
        x.astype("i8", b"F", b"unsafe").strides,
    )


@example
def casts_of_words_given_as_bytes(m):
    return refused(
        lambda: m.ones(2).astype("i4", casting=b"safe"), lambda: m.add(m.ones(2), 1, casting=b"any")
    )


@example
def truths_as_axes(m):
    x = m.ones((2, 3))
    return refused(
        lambda: m.sum(x, True),
        lambda: x.max(axis=True),
        lambda: m.any(x, (True,)),
        lambda: m.eye(True),
    )


@example
def products_of_pairs_of_one_operand(m):
    return refused(lambda: m.negative.outer(m.ones(2), m.ones(2)), lambda: m.add.outer(m.ones(2)))


@example
def where_as_anything_that_is_true(m):
    x, out = m.ones(3), [m.zeros(3) for _ in range(4)]
    for mask, target in zip((None, 2.5, "a", [1, 0, 2]), out, strict=True):
        m.add(x, 1, where=mask, out=target)
    return out


@example
def where_of_numbers(m):
    return refused(
        lambda: m.add(m.ones(2), 1, where=m.asarray(1.0), out=m.zeros(2)),
        lambda: m.mean(m.ones(2), where=None),
    )


@example
def copies_that_are_avoided(m):
    x = m.ones(2)
    return m.asarray(x, copy=0) is x, refused(
        lambda: m.asarray(x, "f4", copy=0),
        lambda: m.array([1.0], copy=0),
        lambda: m.asarray(x, copy="x"),
        lambda: m.nan_to_num(1.5, copy=False),
    )


@example
def triangles_of_parts_of_rows(m):
    return m.tri(2.0), m.tri(1.5, 0.5), m.tri(0.1), m.tri(2, -0.5)


@example
def rounds_into_what_it_can_be_cast_to(m):
    x, z = m.asarray([1.26, 2.0]), m.asarray([1j])
    out = m.zeros(2, "f4")
    return m.round(x, 1, out), refused(
        lambda: m.round(x, 1, m.zeros(2, int)),
        lambda: m.round(m.arange(2), 0, m.zeros(2, "u8")),
        lambda: m.round(z, 1, m.zeros(1)),
        lambda: m.round(x, 2**70),
    )


@example
def means_are_divided_where_they_go(m):
    x = m.asarray([3.0, -1.0, -1.0], "f4")
    return (
        m.mean(x, out=m.zeros(())),
        m.mean(x, out=m.zeros((), int)),
        m.var(x[:0], out=m.zeros((), complex)),
    )


@example
def none_is_no_number(m):
    x = m.ones(3)
    return refused(
        lambda: m.arange(None, 2),
        lambda: m.linspace(None, 3),
        lambda: m.diff(x, prepend=None),
        lambda: m.diff(x, append=None),
        lambda: m.var(x, ddof=None),
        lambda: m.var(x, correction=None),
    )


@example
def dimensions_given_as_an_array(m):
    return m.ones_like(m.ones(1), shape=numpy.array([2, 3])), m.zeros(numpy.array([2, 1]))


@example
def products_with_a_number_into_another_dtype(m):
    x = m.asarray([True, False])
    return m.dot(x, m.asarray(-3), m.zeros(2, "f2")), refused(
        lambda: m.dot(x, -3, m.zeros(2, "u2")),
        lambda: m.dot(m.ones((2, 2)), m.ones(3), out=(m.ones(2),)),
    )


@example
def weights_of_means_are_scalars(m):
    return [m.isscalar(given) for given in m.average(m.ones(3), returned=True)]


@example
def memory_of_others_as_operands(m):
    x = m.arange(3)
    memory = bytearray(b"abc")
    return x + memory, memory * x, m.hypot(x, memoryview(memory)), x > array("d", [1.0, 0.0, 3.0])


@example
def views_as_no_dtype(m):
    return m.ones(2).view(dtype=None)


@example
def powers_lie_as_their_bases(m):
    x = m.asarray(numpy.arange(9.0).reshape(3, 3)).T
    return [
        _lies(m, made)
        for made in (
            m.power(x, m.broadcast_to(m.asarray([2.5]), (3, 3))), x ** m.asarray([[2.0]]),
            m.power(m.broadcast_to(x[:1], (3, 3)), m.broadcast_to(m.asarray(0.5), (3, 3))), x[::-1] ** m.asarray(2.5),
        )
    ]  # fmt: skip


@example
def arrays_of_nothing_say_where_others_lie(m):
    x = m.ones((1, 3)).T
    return (
        _lies(m, m.hstack([x, x, m.ones((3, 0))])), m.zeros((2, 0, 3)).strides, m.ones((2, 3))[:, 1:1].copy().strides,
        _lies(m, m.trapezoid(m.ones((3, 1, 2)).T, axis=1)), m.ones((2, 3))[:, :0].reshape(0, 4).strides,
    )  # fmt: skip


@example
def conjugates_of_truths_into_an_array(m):
    x = m.asarray([True, False])
    return x.conj(m.zeros(2, bool)), x.conjugate(m.zeros(2, "f4")), m.conj(x)


@example
def extremes_of_nothing_that_begin_somewhere(m):
    return [
        f(m.zeros((0, 2), dtype), axis, initial=first)
        for f in (m.nanmin, m.nanmax)
        for dtype in ("c8", "f4")
        for axis in (None, 0)
        for first in (100, 2.5)
    ] + [m.nanmax(m.ones(2), initial=10**20), m.nanmin(m.ones(2), initial=m.nan)]


@example
def repeats_of_nothing(m):
    return m.repeat(m.zeros(0), -1), m.repeat(m.zeros((3, 0)), -2)


@example
def numbers_that_are_copied_by_rules(m):
    return refused(
        *(
            lambda value=value, dtype=dtype, rule=rule: m.copyto(
                m.zeros(2, dtype), value, casting=rule
            )
            for value in (True, 1, 1.5, 1j, numpy.float32(1))
            for dtype in ("?", "u4", "i8", "f4", "f8")
            for rule in ("no", "equiv", "safe", "same_kind")
        )
    )


def test_sums_of_objects_are_not_there():
    for call in (
        lambda: quelea.sum(quelea.ones(2), dtype=object),
        lambda: quelea.sum(quelea.ones(2), dtype="O", initial=-0.0),
    ):
        with pytest.raises(TypeError, match="not in Quelea"):
            call()


def test_where_without_out_warns():
    for m in (numpy, quelea):
        x = m.ones(3)
        for call in (
            lambda: m.add(x, 1, where=x > 0),  # noqa: B023
            lambda: m.add(x, 1, None, where=[True, False, True]),  # noqa: B023
            lambda: m.divmod(x, 2, where=x > 0),  # noqa: B023
            lambda: m.modf(x, where=False),  # noqa: B023
        ):
            with pytest.warns(UserWarning, match="'where' used without 'out'"):
                call()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            m.add(x, 1, where=x > 0, out=None)
            m.add(x, 1, where=True)
            m.divmod(x, 2, where=x > 0, out=(None, None))


def test_casting_the_same_values_is_not_there_yet():
    for call in (
        lambda: quelea.ones(2).astype("f4", casting="same_value"),
        lambda: quelea.add(quelea.ones(2), 1, casting="same_value"),
    ):
        with pytest.raises(NotImplementedError, match="is not in Quelea yet"):
            call()


def test_results_go_to_arrays_of_ours_alone():
    q = quelea.ones(3)
    for out in (numpy.zeros(3), q[0], quelea.broadcast_to(q[:1], (3,)), "x", 1):
        for words in (
            {},
            {"casting": "unsafe"},
            {"casting": "safe"},
            {"where": q > 0},
            {"order": "F"},
        ):
            with pytest.raises((TypeError, ValueError)):
                quelea.add(q, 1, out=out, **words)
        with pytest.raises((TypeError, ValueError)):
            quelea.less(quelea.arange(3), 2**70, out=out)


# ---- small ones ----


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


def test_assigning_through_ranges_is_not_there_yet():
    a = quelea.zeros((1, 3, 3))
    with pytest.raises(NotImplementedError):
        a[:, range(3), range(3)] = 1


# ---- comparison ----


def outcome(make: Callable[[Any], Any], m: Any) -> Any:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return make(m)
        except Exception as error:
            return error


def compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, Exception):
        builtin = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
        assert isinstance(ours, builtin), f"{theirs!r}, not {ours!r}"
        return
    if isinstance(ours, Exception):
        raise ours
    if isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b)
    elif isinstance(theirs, (numpy.ndarray, numpy.generic)):
        assert isinstance(ours, (quelea.ndarray, type(theirs)))
        got = host(ours)
        assert (got.dtype, got.shape) == (theirs.dtype, theirs.shape)
        numpy.testing.assert_array_equal(got, theirs)
        if got.dtype.kind in "fc":
            for part in (numpy.real, numpy.imag):
                signs = (numpy.signbit(part(x)) & ~numpy.isnan(part(x)) for x in (got, theirs))
                numpy.testing.assert_array_equal(*signs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    make = EXAMPLES[name]
    compare(outcome(make, quelea), outcome(make, numpy))
