"""`quelea.jit` against Python itself: Python's integers beside NumPy's, and what is computed before what."""

import math

import numpy
import numpy as np
import pytest
from jit_support import check

import quelea


@quelea.jit
def compared(a, k):
    return (
        a[0] == k,
        a[0] != k,
        (a < k).sum(),
        (k <= a).any(),
        a[0] in (k, 5),
        np.where(a == k, 1, 0),
        0 <= a[0] < k,
        a[0] > k,
    )


@quelea.jit
def chosen(a, k):
    x, y = min(a[0], k), max(k, a[0])
    return int(x), int(y), int(max(a[0], -1)), int(min(300, a[1])), int(max(a[0], 300))


@quelea.jit
def searched(a, k):
    n = 0
    while n < len(a) and a[n] != k:
        n += 1
    s = 0
    for v in range(k - 2, k + 2):
        for i in range(len(a)):
            if a[i] == v:
                s = s * 10 + i + 1
    return n, s


def test_comparisons_are_of_numbers():
    for dtype in ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "?"):
        a = numpy.array([1, 44, 100, 3]).astype(dtype)
        for k in (300, -212, 44, 1, 3_000_000_000, 2**63 - 1, -(2**63)):
            check(compared, a, k)
        if dtype in ("u1", "i2", "i8"):
            for k in (300, 44, -7):
                check(chosen, a, k)
                check(searched, a, k)
    large = numpy.array([2**63 + 5, 7], numpy.uint64)
    for k in (-1, 7, 2**63 - 1):
        check(compared, large, k)


@quelea.jit
def stored(a, n):
    a[0] = 300 if n > 0 else 3
    return a


@quelea.jit
def stored_300(a):
    a[0] = 300


@quelea.jit
def filled_300(a):
    a[:] = 300


@quelea.jit
def converted_300():
    return np.int8(300)


@quelea.jit
def listed_300():
    return np.array([1, 300], dtype=np.int8)


def test_integers_that_do_not_fit_where_they_are_known():
    a = numpy.zeros(3, numpy.uint8)
    for function in stored_300, filled_300:
        with pytest.raises(OverflowError):
            function.__wrapped__(a)
        with pytest.raises(quelea.errors.JitError, match="QJ369"):
            function(a)
        check(function, numpy.zeros(3, numpy.int16))
    for function in converted_300, listed_300:
        with pytest.raises(OverflowError):
            function.__wrapped__()
        with pytest.raises(quelea.errors.JitError, match="QJ369"):
            function()
    check(stored, a, 0)


# ---- floats that become integers ----


@quelea.jit
def stored_in(y, i, x):
    y[i] = x
    return y


@quelea.jit
def stored_in_all(y, i, x):
    y[i:] = x
    return y


@quelea.jit
def stored_in_some(y, i, x):
    y[np.array([i, 0])] = x
    return y


@quelea.jit
def converted_to(y, i, x):
    return (np.int8(x), np.uint16(x), np.int32(x), np.int64(x))[0]


@quelea.jit
def stored_one_by_one(y, x):
    for i in range(len(x)):
        y[i] = x[i]
    return y


@quelea.jit
def added_one_by_one(y, x):
    for i in range(len(x)):
        y[i] += x[i]


@quelea.jit
def listed(y, i, x):
    return np.array([x, 1], dtype=np.int16)


@quelea.jit
def filled_with(y, i, x):
    y.fill(x)
    return y


@quelea.jit
def stored_nan(y):
    y[0] = math.nan


@quelea.jit
def stored_infinity(y):
    y[1:] = -math.inf


@quelea.jit
def stored_large(y):
    y[y > 0] = 1e30


@quelea.jit
def whole_of_one(x):
    return int(x)


def test_floats_that_become_integers():
    values = [2.75, -0.5, -1.0, 127.9, 128.0, 255.5, 256.0, -32769.0, 2.0**31, -(2.0**31) - 0.5]
    values += [-129.0, -128.9, -(2.0**31) - 1, 65536.0, 2.0**32, -32768.5]
    values += [2.0**63, -(2.0**63), 2.0**64, -1e30, math.nan, math.inf, -math.inf]
    functions = [stored_in, stored_in_all, stored_in_some, converted_to, listed, filled_with]
    for dtype in "bhilBHIL?":
        for x in values:
            for function in functions[:3]:
                check(function, numpy.zeros(3, dtype), 1, x)
            for kind in (numpy.float64, numpy.float32, numpy.float16) if dtype in "bhil" else ():
                with numpy.errstate(all="ignore"):
                    check(stored_in, numpy.zeros(3, dtype), -1, kind(x))
    for x in values:
        for function in functions[3:]:
            check(function, numpy.zeros(3, numpy.int32), 0, x)
    good = numpy.array([1.5, -7.25, 100.0])
    for dtype in "bhil":
        check(stored_one_by_one, numpy.zeros(4, dtype), good)
        check(added_one_by_one, numpy.ones(4, dtype), good)
        for bad in (math.nan, math.inf, 1e30):
            check(stored_one_by_one, numpy.zeros(4, dtype), numpy.array([1.5, bad, 100.0]))
            check(added_one_by_one, numpy.ones(4, dtype), numpy.array([1.5, bad, 100.0]))
    for function, said in (
        (stored_nan, "cannot convert float NaN to integer"),
        (stored_infinity, "cannot convert float infinity to integer"),
        (stored_large, r"float 1e\+30 out of bounds for int32"),
    ):
        with pytest.raises((ValueError, OverflowError)):
            function.__wrapped__(numpy.ones(3, numpy.int32))
        with pytest.raises(quelea.errors.JitError, match=f"QJ369: {said}"):
            function(numpy.ones(3, numpy.int32))
    for x in (math.nan, math.inf, 2.5):
        check(whole_of_one, numpy.array(x))
    for large in (1e19, -1e30, 2.0**63):
        with pytest.raises(OverflowError, match="64 bits"):
            whole_of_one(large)
    assert whole_of_one(-(2.0**63)) == -(2**63)


def change(a):
    a[0] = 100.0
    return 0


def changed(a):
    a[0] = 100.0
    return a


@quelea.jit
def compares(a):
    return (a + 1) < changed(a)


@quelea.jit
def compares_three(a):
    return np.sum(a + 1) < np.sum(a * 2) + 1000 < np.sum(changed(a)) + 2000


@quelea.jit
def takes(a):
    return (a * 2)[change(a)], (a * 2)[change(a) :]


@quelea.jit
def clips(a):
    return (a * 2).clip(change(a), 50.0)


@quelea.jit
def stores(x, y):
    y[change(x) :] = x * 2
    return y


@quelea.jit
def stores_from_the_second(x, y):
    y[0:2] = x[0:2] * 2 + change(x)
    y[1:] = (x * 3)[1:]
    return y


def test_what_is_written_first_is_computed_first():
    a = numpy.arange(3.0)
    check(compares, a)
    check(compares_three, a)
    check(takes, a)
    check(clips, a)
    check(stores, a, numpy.zeros(3))
    check(stores_from_the_second, a, numpy.zeros(3))


@quelea.jit
def ordered(a, b):
    return a < b


@quelea.jit
def least(a, b):
    return min(a, b)


@quelea.jit
def zeros():
    t = (0,) * 1500
    u = (1, 2) * 0
    return len(t), len(u), len(() * 5)


@quelea.jit
def too_many():
    return len((0, 1) * 3000)


def test_refused_rather_than_wrong():
    for function in ordered, least:
        with pytest.raises(TypeError):
            function.__wrapped__(1 + 2j, 1 + 3j)
        with pytest.raises(quelea.errors.JitError, match="QJ340"):
            function(1 + 2j, 1 + 3j)
    check(ordered, numpy.complex128(1 + 2j), numpy.complex128(1 + 3j))
    check(zeros)
    with pytest.raises(quelea.errors.JitError, match="QJ343"):
        too_many()


@quelea.jit
def itself(x):
    return x


@quelea.jit
def least_integer():
    return -9223372036854775808, 9223372036854775807


@quelea.jit
def beyond():
    return 9223372036854775808


def test_integers_of_64_bits():
    for x in (2**63, 2**64 - 1, -(2**63) - 1):
        with pytest.raises(OverflowError):
            itself(x)
    check(itself, 2**63 - 1)
    check(itself, -(2**63))
    check(itself, numpy.uint64(2**64 - 1))
    check(least_integer)
    with pytest.raises(quelea.errors.JitError, match="QJ131"):
        beyond()


@quelea.jit
def raised(a):
    a += 1.0
    a[...] *= 2
    return a


@quelea.jit
def raised_and_cut(a):
    a += 1.5
    return a


def test_arrays_of_no_axes_in_place():
    check(raised, numpy.array(2.0))
    check(raised, numpy.array(2.0, numpy.float32))
    with pytest.raises(quelea.errors.JitError, match="QJ335"):
        raised_and_cut(numpy.array(2))


@quelea.jit
def means(a):
    return np.mean(a), a.mean(axis=0), np.mean(a * 2)


def test_means_of_float16():
    check(means, numpy.ones((70_000, 2), numpy.float16))
    check(means, (numpy.arange(12) / 7).astype(numpy.float16).reshape(4, 3))


@quelea.jit
def whole(x):
    return int(x)


@quelea.jit
def floored(x):
    return math.floor(x), math.ceil(x)


@quelea.jit
def rounded(x):
    return round(x)


@quelea.jit
def infinite():
    return int(math.inf)


@quelea.jit
def shifted(a, b):
    return a << b


@quelea.jit
def shifted_down(a):
    return a >> -1


@quelea.jit
def least_and_greatest(a):
    return min(a), max(a)


@quelea.jit
def least_of_one(a):
    return min(a)


@quelea.jit
def parts(x):
    return x.real, x.imag


@quelea.jit
def magnitude():
    return abs(-9223372036854775807), abs(-9223372036854775808) < 0, abs(True)


def test_what_python_raises_or_counts():
    for x in (
        math.inf,
        -math.inf,
        math.nan,
        2.5,
        -0.5,
        numpy.float32(numpy.inf),
        numpy.float64(3.5),
    ):
        for function in whole, floored, rounded:
            check(function, x)
    check(infinite)
    for b in (-1, 0, 3):
        check(shifted, 5, b)
    check(shifted_down, 5)
    check(shifted, numpy.int32(5), numpy.int32(3))
    nan = math.nan
    for a in ([1.0, nan, 0.5], [nan, 0.5, 2], [3.0], [2.0, 1, nan], [nan], [], [0.5, nan]):
        check(least_and_greatest, numpy.array(a))
    check(least_and_greatest, numpy.array([3, 1, 2]))
    with pytest.raises(quelea.errors.JitError, match="QJ372"):
        least_of_one(5)
    for x in (True, 5, 2.5, 1 + 2j, numpy.float32(2), numpy.complex64(1 - 2j)):
        check(parts, x)
    got, negative, one = magnitude()
    assert got == 2**63 - 1 and negative and one == 1


@quelea.jit
def begun(a):
    return (
        np.sum(a),
        np.prod(a),
        a.sum(axis=0),
        a.prod(axis=0),
        np.prod(a, axis=1, keepdims=True),
        np.sum(a, axis=()),
        np.prod(a, axis=()),
        np.sum(a * 1, axis=(0, 1)),
        a.T.prod(axis=0),
    )


@quelea.jit
def begun_of_numbers(x, a):
    return np.sum(x), np.prod(x), np.sum(a), np.prod(a), np.min(x), np.max(a)


@quelea.jit
def begun_in_a_loop(a):
    s = np.zeros(len(a), a.dtype)
    for i in range(len(a)):
        s[i] = np.prod(a[i]) + np.sum(a[i])
    return s


def bits(value):
    """With signs of zeros, and of NaN only where they are."""
    array = numpy.ascontiguousarray(value)
    parts = array.view(array.real.dtype) if array.dtype.kind == "c" else array
    return [(str(x), bool(numpy.signbit(x)) and x == x) for x in parts.ravel()], array.shape


def test_what_reductions_begin_with():
    """0 of sums, 1 of products: bits of zeros, and of parts that are infinite."""
    inf, nan = math.inf, math.nan
    values = [[inf], [-0.0, -0.0], [complex(inf, 0)], [complex(-0.0, -0.0)], [complex(0, inf)]]
    values += [[complex(inf, nan), 1], [1, complex(inf, 0)], [complex(-0.0, 2), complex(-1, -0.0)]]
    values += [[complex(inf, inf)] * 3, []]
    for dtype in "efdFD":
        for row in values:
            if dtype in "efd":
                row = [complex(x).real for x in row]
            a = numpy.array([row], dtype)
            many = numpy.array([row] * 130, dtype).reshape(130, -1)
            calls = [(begun, (a,)), (begun_in_a_loop, (a,)), (begun_in_a_loop, (many,))]
            if row:
                calls.append((begun_of_numbers, (a.flat[0], a[0, 0, ...])))
            results = []
            with numpy.errstate(all="ignore"):
                for function, args in calls:
                    results.append((function(*args), function.__wrapped__(*args)))
                # of many elements in the order of arrays, which is not NumPy's
                results.append((begun(many), begun.__wrapped__(quelea.asarray(many))))
            for n, (got, want) in enumerate(results):
                if not isinstance(got, tuple):
                    got, want = (got,), (want,)
                for k, (one, other) in enumerate(zip(got, want, strict=True)):
                    assert bits(one) == bits(other), (n, k, a, one, other)
                    assert numpy.asarray(one).dtype == numpy.asarray(other).dtype
