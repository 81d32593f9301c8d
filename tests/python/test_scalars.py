"""Scalars: Python's are weak, NumPy's and 0-d arrays are strong (NEP 50); looking at one element; 0-d results."""

import math
import operator
import warnings
from collections.abc import Hashable

import numpy
import pytest
from support import HERE, INTEGERS, same, same_error

import quelea as np


@pytest.mark.parametrize(
    "scalar",
    [
        True,
        3,
        2.5,
        1j,
        numpy.float32(2.5),
        numpy.int8(3),
        numpy.uint64(7),
        numpy.float64(2),
        numpy.bool(1),
    ],
)
@pytest.mark.parametrize("dtype", HERE)
def test_dtype_beside_a_scalar(dtype, scalar):
    x = numpy.array([1, 0, 1], dtype)
    a = np.asarray(x)
    for op in (operator.add, operator.mul, operator.truediv):
        same(op(a, scalar), op(x, scalar), (op, scalar))
        same(op(scalar, a[:1]), op(scalar, x[:1]), (op, scalar))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_python_integers_out_of_bounds(dtype):
    x = numpy.array([1, 2, 3], dtype)
    a = np.asarray(x)
    for number in (2**70, -(2**70), 300, -200, -1, 2**40, 2**63, 2**64):
        try:
            x + number
        except OverflowError:
            same_error(
                lambda n=number: a + n, lambda n=number: x + n, text=False
            )  # NumPy speaks of C long here
        else:
            same(a + number, x + number)
        for op in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
            same(op(a, number), op(x, number), (op, number))
            same(op(number, a), op(number, x), (op, number))


def test_huge_integers_beside_floats():
    same(np.ones(2) * 2**70, numpy.ones(2) * 2**70)


def test_zero_dimensional_operands_are_strong():
    x = numpy.ones(3, numpy.float32)
    same(np.asarray(x) + np.asarray(1.0), x + numpy.asarray(1.0))
    same(np.asarray(x) * np.asarray(x).sum(), x * x.sum())
    same(numpy.float64(2) * np.asarray(x), numpy.float64(2) * x)
    same(numpy.asarray(2.0) * np.asarray(x), numpy.asarray(2.0) * x)


def test_looking_at_one_element():
    a = np.arange(6).reshape(2, 3)
    assert float(a[1, 2]) == 5.0 and int(a[1, 2]) == 5 and bool(a[1, 2]) and complex(a[1, 2]) == 5
    assert a.item(5) == 5 and a.item(1, 0) == 3 and a.item((0, 1)) == 1 and type(a.item(0)) is int
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [10, 20, 30][a[0, 1]] == 20
    assert math.sqrt(a[1, 1]) == 2.0
    assert round(np.linspace(0, 1, 7)[1], 2) == 0.17 and type(round(np.ones(2).sum())) is int
    with pytest.raises(TypeError, match="__round__"):
        round(np.asarray(2.5))
    assert type(np.ones(1, np.float32).item()) is float and type(np.ones(1, bool).item()) is bool
    assert type(np.ones(1, np.complex64).item()) is complex


@pytest.mark.parametrize("convert", [float, int, complex, operator.index, len, bool])
@pytest.mark.parametrize("shape", [(), (1,), (2,), (0,)])
def test_conversions_refuse_what_numpy_refuses(convert, shape):
    x = numpy.ones(shape)
    try:
        want = convert(x)
    except (TypeError, ValueError):
        same_error(lambda: convert(np.asarray(x)), lambda: convert(x))
    else:
        assert convert(np.asarray(x)) == want


@pytest.mark.parametrize("convert", [float, int, complex, operator.index, round, hash])
@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint64", "float32", "float64", "complex64", "complex128"]
)
def test_conversions_of_one_element(convert, dtype):
    """A 0-d array is no scalar: NumPy converts its element as Python's number, and refuses complex ones."""
    for make in (
        lambda m: m.ones((), dtype) * 0 + 1,
        lambda m: m.ones((), dtype),
        lambda m: m.ones(2, dtype)[1],
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                want = convert(make(numpy))
            except TypeError:
                same_error(lambda f=make: convert(f(np)), lambda f=make: convert(f(numpy)))
                continue
            told = [w.category for w in caught]
            caught.clear()
            got = convert(make(np))
            assert (got, [w.category for w in caught]) == (want, told)


def test_what_numpy_gives_as_scalars_cannot_change():
    a = np.arange(4.0)
    first = a[0]
    a[0] = 9
    assert float(first) == 0.0
    total = a.sum()
    kept = total
    total += 1
    assert float(kept) == 15.0 and float(total) == 16.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        kept[()] = 1
    with pytest.raises(TypeError):
        np.add(a, a, out=kept)
    zero = np.zeros(())
    zero += 2
    zero[()] = zero + 1
    assert float(zero) == 3.0 and not np.isscalar(zero) and np.isscalar(kept)


def test_iteration_and_membership():
    a = np.arange(6).reshape(3, 2)
    assert [row.tolist() for row in a] == [[0, 1], [2, 3], [4, 5]]
    assert [int(x) for x in a[0]] == [0, 1]
    assert 5 in a and 6 not in a and numpy.int8(3) in a
    *_, last = a
    same(last, numpy.array([4, 5]))
    for theirs in (lambda m: iter(m.zeros(())), lambda m: len(m.zeros(()))):
        same_error(lambda f=theirs: f(np), lambda f=theirs: f(numpy))


def test_truth():
    for x in (numpy.ones(2), numpy.ones(0)):
        same_error(lambda a=x: bool(np.asarray(a)), lambda a=x: bool(a))
    assert np.ones((1, 1)) and not np.zeros(1)


def test_assigning_scalars():
    for dtype, value in (
        ("int32", 2.7),
        ("int32", True),
        ("uint8", numpy.float64(3.9)),
        ("bool", 2),
        ("complex64", 1 + 2j),
        ("float16", 1e3),
    ):
        x = numpy.zeros(3, dtype)
        a = np.asarray(x)
        x[1], a[1] = value, value
        same(a, x)
    for dtype, value in (
        ("int64", float("nan")),
        ("int64", float("inf")),
        ("uint8", 300),
        ("uint8", -1),
        ("int64", 2**70),
        ("float64", 1j),
    ):
        x = numpy.zeros(3, dtype)
        a = np.asarray(x)
        same_error(
            lambda a=a, v=value: a.__setitem__(0, v), lambda x=x, v=value: x.__setitem__(0, v)
        )
        same(a, x)


def test_scalars_are_keys_and_arrays_are_not():
    a = np.arange(3)
    names = {0: "zero", 3: "three", 2.5: "other"}
    assert (names[a[0]], names[a.sum()], names[(a / 2).sum() + 1]) == ("zero", "three", "other")
    assert len({a[1], a[1] + 0, 1}) == 1
    assert not isinstance(a[1], Hashable)  # one type for both: README says so
    for array in (a, np.array(3), a[1:2]):
        assert not isinstance(array, Hashable)
        with pytest.raises(TypeError, match="unhashable"):
            hash(array)


def assign(module, how, dtype, value):
    x = module.zeros((), dtype) if how[1] == "0" else module.zeros(3, dtype)
    if how[0] == "fill":
        x.fill(value)
    elif how[0] == "item":
        x[() if how[1] == "0" else 1] = value
    else:
        x[...] = value
    return x


@pytest.mark.filterwarnings(
    "ignore:.*encountered in cast:RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning"
)
@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "complex64"]
)
def test_elements_hold_what_is_assigned_to_them_or_raise(dtype):
    numbers = [math.nan, -math.inf, 1e30, -1, 300, 2**63, 2**64, -(2**70), True, 1.5, 1j]
    scalars = [t(v) for t in (numpy.float32, numpy.float64) for v in (math.nan, 300.7, 3.9)]
    scalars += [
        numpy.int64(300),
        numpy.int64(-1),
        numpy.uint64(2**63),
        numpy.complex128(1 + 2j),
        numpy.bool(1),
    ]
    strangers = [
        "3",
        "x",
        b"3",
        None,
        object(),
        {},
        numpy.asarray(300.7),
        numpy.asarray(math.nan),
        numpy.str_("3"),
    ]
    for value in numbers + scalars + strangers:
        for how in (
            ("fill", "0"),
            ("fill", "1"),
            ("item", "0"),
            ("item", "1"),
            ("all", "0"),
            ("all", "1"),
        ):
            with numpy.errstate(all="ignore"):
                try:
                    want = assign(numpy, how, dtype, value)
                except (TypeError, ValueError, OverflowError):
                    same_error(
                        lambda h=how, v=value: assign(np, h, dtype, v),
                        lambda h=how, v=value: assign(numpy, h, dtype, v),
                    )
                else:
                    same(assign(np, how, dtype, value), want, (how, value))


@pytest.mark.parametrize("value", [1j, numpy.complex64(2), numpy.asarray(1 + 2j)])
def test_lost_imaginary_parts_are_told(value):
    for module in (numpy, np):
        x = module.zeros(2)
        if isinstance(value, complex):
            with pytest.raises(TypeError):
                x[0] = value
        else:
            with pytest.warns(numpy.exceptions.ComplexWarning):
                x[0] = value
