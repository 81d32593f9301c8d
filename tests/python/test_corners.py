"""What generated calls found, an example of each kind: what NumPy gives, and the class of what it raises."""

import warnings
from array import array

import numpy
import pytest
from examples import Examples, lies, refused

import quelea

EXAMPLES = Examples()
example = EXAMPLES.add

# ---- functions, operators, methods (test_generated.py) ----


@example
def results_lie_across_axes_that_do_not_move(m):
    x = m.asarray(numpy.arange(24).reshape(2, 3, 4)).transpose(2, 0, 1)
    wide = m.broadcast_to(x[:, :1], (4, 5, 3))
    return [
        lies(m, made)
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
    return lies(m, x @ m.ones(5)), lies(m, m.vecdot(x, m.ones(5))), lies(m, m.ones(4) @ x)


@example
def order_a_looks_at_the_operands(m):
    x, y = m.ones((2, 3), order="F"), m.ones((2, 3))
    return [
        lies(m, made)
        for made in (
            m.add(x, 1, order="A"), m.add(x, y, order="A"), m.add(x[:, ::-1], 1, order="A"),
            m.matmul(x, x.T, order="A"), m.matmul(y, y.T, order="A"), m.array(x[::-1], "f4", order="A"),
        )
    ]  # fmt: skip


@example
def shapes_beside_an_array_of_one_element(m):
    return lies(m, m.zeros_like(m.ones((2, 2))[:1, :1].T, shape=(2, 3)))


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
def comparisons_with_numbers_beyond_64_bits_lie_as_the_array(m):
    x = m.asarray(numpy.arange(6, dtype="u1").reshape(2, 3)).T
    return (
        [lies(m, made) for made in (x < 2**70, x == 2**70, x != -(2**70))],
        x < 2**70,
        m.greater_equal(-(2**70), x),
    )


@example
def elements_where_arrays_are_asked_for(m):
    x = m.asarray([1.5, 2.5, 3.5])[1]
    wide = m.broadcast_to(x, (2, 3))
    given = [
        *m.broadcast_arrays(x),
        *m.broadcast_arrays(x, m.ones(2)),
        m.pad(x, 1),
        x.view(),
        x.reshape(None),
    ]
    return wide.strides, wide, [m.isscalar(a) for a in given], given, x.reshape(-1, copy=False)


@example
def elements_are_refused_as_scalars_are(m):
    x = m.asarray([1.5, 2.5])[0]
    return refused(
        lambda: 1.5 in x,
        lambda: m.asarray(x, copy=False),
        lambda: m.nan_to_num(x, copy=False),
        lambda: m.broadcast_to(x, (2,)).__setitem__(0, 1),
    )


@example
def elements_that_do_not_repeat_lists(m):
    numbers, truths = m.asarray([1.5, 2.5]), m.asarray([True])
    return refused(
        *(
            lambda n=n: n * [1, 2]
            for n in (numbers[0], truths[0], (numbers * 1j)[0], numbers.sum(), numbers)
        ),
        *(lambda n=n: [[1, 2]] * n for n in (numbers[0], truths[0], numbers)),
    )


@example
def elements_repeat_lists_in_place(m):
    n = m.arange(4)[3]
    n *= [1, 2]
    return n


@example
def sums_of_diagonals(m):
    x = m.asarray(numpy.arange(24.0).reshape(2, 3, 4) - 0.5)
    z = m.asarray([[-0.0, m.nan], [m.inf, -0.0]])
    return (
        [m.trace(x, k, i, j) for k in (0, 1, -1, 9, -9) for i, j in ((0, 1), (2, 0), (-1, 1))],
        [x[0].T.trace(k) for k in (0, -2, 4, -4)],
        [m.trace(z, k) for k in (0, 1, -1, 2)],
        m.trace(x > 3, 0, 1, 2),
        m.trace(x, dtype="f4", out=m.zeros(4)),
    )


def test_sums_of_diagonals_have_the_bits_of_sums_of_their_elements() -> None:
    for rows, columns, k in ((300, 300, 0), (300, 140, -150), (150, 300, 20)):
        x = numpy.random.default_rng(rows + columns).normal(size=(rows, columns))
        ours = quelea.trace(quelea.asarray(x), k)
        line = quelea.asarray(numpy.ascontiguousarray(numpy.diagonal(x, k)))
        assert float(ours) == float(line.sum())


@example
def diagonals_beyond_a_matrix(m):
    return m.eye(2, k=2.5), m.eye(2, k=-3), refused(lambda: m.eye(2, k=0.5))


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


# ---- any keywords ----


@example
def flags_that_must_be_integers(m):
    x = m.ones((2, 3))
    return refused(
        *(
            lambda name=name, flag=flag: getattr(m, name)(x, keepdims=flag)
            for name in (
                "sum",
                "max",
                "any",
                "mean",
                "var",
                "ptp",
                "nanmax",
                "nansum",
                "average",
                "count_nonzero",
            )
            for flag in ("x", [1], numpy.True_, 1.5, 2**40, 1, True)
        ),
        *(lambda flag=flag: m.add.reduce(x, keepdims=flag) for flag in ("x", None, 1)),
        *(lambda flag=flag: m.zeros_like(x, subok=flag) for flag in ("x", None, 1)),
    )


@example
def flags_that_must_be_booleans(m):
    x = m.ones((2, 2))
    return refused(
        *(
            lambda f=f, flag=flag: f(x, subok=flag)
            for f in (
                m.sqrt,
                m.modf,
                lambda a, **k: m.matmul(a, a, **k),
                lambda a, **k: m.vecdot(a, a, **k),
            )
            for flag in (1, None, numpy.True_, True)
        ),
        lambda: m.vecdot(x, x, keepdims=1),
        lambda: m.copy(x, subok=numpy.array([1, 2])),
        lambda: m.broadcast_to(x, (2, 2), subok=numpy.array([1, 2])),
    )


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
        lies(m, made)
        for made in (
            m.power(x, m.broadcast_to(m.asarray([2.5]), (3, 3))),
            x ** m.asarray([[2.0]]),
            m.power(m.broadcast_to(x[:1], (3, 3)), m.broadcast_to(m.asarray(0.5), (3, 3))),
            x[::-1] ** m.asarray(2.5),
        )
    ]


@example
def arrays_of_nothing_say_where_others_lie(m):
    x = m.ones((1, 3)).T
    return (
        lies(m, m.hstack([x, x, m.ones((3, 0))])),
        m.zeros((2, 0, 3)).strides,
        m.ones((2, 3))[:, 1:1].copy().strides,
        lies(m, m.trapezoid(m.ones((3, 1, 2)).T, axis=1)),
        m.ones((2, 3))[:, :0].reshape(0, 4).strides,
    )


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


@example
def rounds_by_steps_where_they_go(m):
    x, n = m.asarray([[0.126, 2.0]], "f2"), m.asarray([[126, -30]])
    return (
        m.round(x, 2, m.zeros((1, 2))),
        m.round(n, -1, m.zeros((1, 2), "c8")),
        m.round(n, 1, m.zeros(2, "f4")),
        m.round(m.asarray([True]), 0, m.zeros(1)),
        n.round(-2),
        m.round(x, 1, x[:, ::-1].copy()),
    )


@example
def rounds_that_are_refused(m):
    n = m.asarray([126, -30])
    return refused(
        lambda: m.round(n, -1, m.zeros(2, "i4")),
        lambda: m.round(n, 1, m.zeros(2, "u8")),
        lambda: m.round(n, 1, m.zeros(3)),
        lambda: m.round(m.ones(2), 0, m.zeros((1, 2), int)),
        lambda: m.round(m.ones(2), 0, m.zeros((2, 2))),
    )


@example
def dimensions_that_are_no_sequence(m):
    return refused(
        lambda: m.ones({1, 2}), lambda: m.zeros(n for n in (1, 2)), lambda: m.ones(2).reshape({2})
    )


@example
def dimensions_given_as_an_array_in_another_order(m):
    return m.ones(numpy.array([2, 3]), order="F"), m.full(numpy.array([2, 3]), 1, order="F")


@example
def reshapes_that_avoid_copies(m):
    x = m.arange(6).reshape(2, 3)
    return x.reshape(3, 2, copy=0), refused(
        lambda: m.reshape(x.T, -1, copy=0), lambda: x.T.reshape(-1, copy=False)
    )


@example
def products_with_a_number_of_the_kinds_of_blas(m):
    x = m.ones((1, 1), "f4")
    return refused(
        lambda: m.dot(x, True, m.zeros((1, 1))),
        lambda: m.dot(x[None], True, m.zeros((1, 1, 1))),
        lambda: m.matmul(m.ones(1), m.ones((1, 1)), out=m.zeros((2, 4))),
        lambda: m.matmul(x, x, out=m.zeros((3, 1, 1))),
    )


@example
def strict_casts_of_products_and_parts(m):
    x, n = m.ones((2, 2)), m.ones((2, 2), int)
    return refused(
        lambda: m.matmul(x, n, casting="equiv"),
        lambda: m.matmul(x, n, casting="safe"),
        lambda: m.vecdot(n, x, casting="no"),
        lambda: m.modf(n, casting="equiv"),
        lambda: m.modf(x, casting="no"),
        lambda: m.divmod(n, x, casting="no"),
        lambda: m.divmod(n, n, casting="equiv"),
        lambda: m.astype(None, "f4"),
        lambda: m.astype([1], "f4"),
    )


@example
def one_fault_before_another(m):
    x = m.ones((2, 2))
    return refused(
        lambda: m.zeros(2, device="gpu", like=1),
        lambda: m.ones(2, device="gpu", like=1),
        lambda: m.sum(x, 5, keepdims="x"),
        lambda: m.trace(x, 1.5, 0, 0),
        lambda: m.repeat(x, -2, 1.5),
        lambda: m.dot(x, m.ones(3), out=(x,)),
        lambda: m.matmul(x, x, keepdims=1, order="X"),
        lambda: m.concatenate([2], out=x, dtype="f4"),
        lambda: m.sqrt.reduce(x, nonsense=1),
        lambda: m.ones(1).item(True),
        lambda: m.sqrt(x, order="X", subok=1),
        lambda: m.maximum(x, 1, numpy.float64(2), casting="any"),
    )


@example
def a_mask_of_all_axes_takes_one_axis(m):
    x = m.ones((2, 2))
    x[x > 1] = m.ones((1, 1))


@example
def ranges_of_truths(m):
    return (
        m.arange(-1, 1, dtype=bool),
        m.arange(2, dtype=bool),
        m.arange(1, dtype=bool),
        m.arange(0, dtype=bool),
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


def test_results_go_to_arrays_that_can_be_written():
    q = quelea.ones(3)
    fixed = numpy.zeros(3)
    fixed.flags.writeable = False
    for out in (fixed, q[0], quelea.broadcast_to(q[:1], (3,)), "x", 1):
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


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    EXAMPLES.check(name)
