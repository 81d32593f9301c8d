"""`quelea.jit`: loops that put numbers together, over Quelea's arrays, partitioned or not."""

import copy
import math

import numpy
import numpy as np
import pytest
from jit_on_ranks import as_numpy, check, field, ours
from support import happened

import quelea


@quelea.jit
def put_together(a):
    n, m = a.shape
    total, squares, rest, product, high, low, count = 0.0, 0.0, 1.0, 1.0, a[0, 0], 9, 0
    some, all_small, most = False, True, -math.inf
    for i in range(1, n):
        for j in range(m):
            x = a[i, j] - a[i - 1, j]
            if x > 0.2:
                rest -= x
                count += 1
            total = total + x
            high = max(high, x)
    for i in range(n):
        for j in range(m - 1, -1, -1):
            squares = a[i, j] * a[i, j] + squares
            some = some or a[i, j] > 0.6
            all_small &= a[i, j] < 0.9
            if a[i, j] < low:
                low = a[i, j]
    for i in range(n):
        for j in range(i):
            if j < m:
                product *= 1.0 + a[i, j] / 64
                most = max(most, a[i, j])
    return total, squares, rest, product, high, low, count, some, all_small, most


@quelea.jit
def until_it_rests(u, turns):
    n = len(u)
    v = u.copy()
    change = 1.0
    done = 0
    while change > 0.01 and done < turns:
        change = 0.0
        for i in range(1, n - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
            change += abs(v[i] - u[i])
        u, v = v, u
        done += 1
    return u, change, done


@quelea.jit
def of_few(a):
    total, high = 2, 7
    for i in range(len(a)):
        total += a[i]
        high = max(high, a[i])
    return total, high


REDUCTIONS = [
    (put_together, field(31, 23)),
    (put_together, field(310, 23, dtype="f4")),
    (put_together, field(2, 9)),
    (until_it_rests, field(50), 30),
    (of_few, field(0)),
    (of_few, field(1, dtype="i4")),
    (of_few, field(40, dtype="i8")),
]


@pytest.mark.parametrize(("function", "args"), [(function, args) for function, *args in REDUCTIONS])
def test_reductions(function, args):
    plain = copy.deepcopy(args)
    got = as_numpy(function(*map(ours, args)))
    for one, other in zip(got, function.__wrapped__(*plain), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-3 if args[0].dtype == "f4" else 1e-12)
        exact = not isinstance(other, (float, numpy.floating, numpy.ndarray))
        assert not exact or one == other


@quelea.jit
def summed(a, b):
    n, m = a.shape
    products, differences, some, high = 0.0, 1.5, 0, a[0, 0]
    for i in range(n):
        for j in range(m):
            products += a[i, j] * b[i, j]
    for i in range(n - 1):
        for j in range(m):
            differences += a[i + 1, j] - a[i, j]
            if a[i, j] > 0.1:
                some += b[i, j]
            high = max(high, b[i, j])
    return products, differences, some, high


@pytest.mark.parametrize("shape", [(3, 5), (70, 90), (700, 300)])
def test_sums_have_the_bits_of_sums(shape):
    a, b = ours(field(*shape)), ours(field(*shape, seed=2))
    products, differences, some, high = summed(a, b)
    first, last = a[:-1], b[:-1]
    assert products == float((a * b).sum())
    assert differences == 1.5 + float((a[1:] - first).sum())
    assert some == float(quelea.where(first > 0.1, last, 0.0).sum())
    assert high == max(float(a[0, 0]), float(last.max()))


@quelea.jit
def along_rows(a):
    y, high = np.empty(a.shape[0]), np.empty(a.shape[0])
    for i in range(a.shape[0]):
        total, best = 0.0, a[i, 0]
        for j in range(a.shape[1]):
            total += a[i, j]
            best = max(best, a[i, j])
        y[i], high[i] = total, best
    return y, high


@quelea.jit
def along_columns(a):
    y = np.empty(a.shape[1])
    for j in range(a.shape[1]):
        total = 0.0
        for i in range(a.shape[0]):
            total += a[i, j]
        y[j] = total
    return y


def test_reductions_along_an_axis_bring_no_more_than_it_takes():
    a = field(200000, 4)  # so that the results too are partitioned
    given, kept = ours(a), []
    for function, most in ((along_rows, 0), (along_columns, a.nbytes), (summed, 64)):
        args = (given, given)[: 1 + (function is summed)]
        moved = happened(lambda: kept.append(function(*args)))  # noqa: B023
        assert moved["redistributed_bytes"] <= most
        assert moved["halo_bytes"] <= a.nbytes // 50  # their blocks may end some rows apart
    check(along_rows, field(3000, 40))
    check(along_columns, field(3000, 40))
    check(along_columns, field(40, 3000))


@quelea.jit
def lines_of_chunks(x, y):
    total, product, high = 0.0, 1.0, x[0, 0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total += x[i, j] * y[i, j]
            product *= 1.0 + x[i, j] * 1e-3
            high = np.maximum(high, x[i, j])
    low, z, seen = x[0, 0], 0j, 0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if y[i, j] < low:
                low = y[i, j]
            z += x[i, j] * 1j
            seen += 1
    return total, product, high, low, z, seen


@pytest.mark.parametrize(
    "shape", [(1, 4095), (1, 4097), (2, 8192), (3, 9000), (9000, 2), (1, 70000)]
)
def test_lines_longer_than_a_chunk(shape):
    x, y = field(*shape), field(*shape, seed=2)
    a, b = quelea.asarray(x), quelea.asarray(y)
    total, product, high, low, z, seen = lines_of_chunks(a, b)
    assert total == float((a * b).sum()) and product == float((1.0 + a * 1e-3).prod())
    assert high == x.max() and low == min(x[0, 0], y.min()) and seen == x.size
    assert z == complex((a * 1j).sum())
    half = quelea.asarray(x.astype("f2"))
    assert first_sum(half) == half[0].sum()


@quelea.jit
def first_sum(x):
    s = x[0, 0] - x[0, 0]
    for j in range(x.shape[1]):
        s += x[0, j]
    return s


@quelea.jit
def of_both(x, y):
    s, count, z = 0.25, 3, 0j
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            s += x[i, j] * y[j, i]
            z += x[i, j] * 1j + y[j, i]
            if x[i, j] < 0.5:
                count += 1
    return s, z, count


@quelea.jit
def terms_of_both(x, y, a, b):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            a[i, j] = x[i, j] * y[j, i]
            b[i, j] = x[i, j] * 1j + y[j, i]


@quelea.jit
def beside(x, out):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = 2.0 * x[i, j]
            s -= out[i, j]
    return s


@quelea.jit
def of_three(x, by):
    s, steps = 0.0, 1.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            for k in range(x.shape[2]):
                s += x[i, j, k] * by
    for i in range(1, x.shape[0]):
        for j in range(x.shape[1]):
            steps *= 1.0 + (x[i, j, 0] - x[i - 1, j, 0]) * 0.125
    return s, steps


@pytest.mark.parametrize(
    "shape", [(1, 8193), (129, 127), (3000, 3), (3, 3001), (300, 70), (3, 9001), (8193, 1)]
)
def test_terms_have_the_bits_of_what_stores_them(shape):
    """Leaves of them, along a last axis that is short, or long, or where all is along another."""
    whole, other = ours(field(shape[0] + 5, shape[1] + 2)), ours(field(shape[1], shape[0], seed=2))
    views = [whole[:-5, :-2], whole[5:, 1:-1][::-1], ours(field(*shape[::-1])).T]
    for x in views:
        a, b = quelea.empty(shape), quelea.empty(shape, dtype=complex)
        terms_of_both(x, other, a, b)
        s, z, count = of_both(x, other)
        assert s == 0.25 + float(a.sum()) and z == complex(b.sum())
        assert count == 3 + int((x < 0.5).sum())
        assert beside(x, a) == -float((2.0 * x).sum())
        numpy.testing.assert_array_equal(a, 2.0 * numpy.asarray(x))


@pytest.mark.parametrize("shape", [(40, 30, 20), (700, 4, 3), (3, 4, 800), (130, 71, 1)])
def test_terms_of_three_loops(shape):
    x = ours(field(*shape))
    s, steps = of_three(x, 1.5)
    assert s == float((x * 1.5).sum())
    assert steps == float((1.0 + (x[1:, :, 0] - x[:-1, :, 0]) * 0.125).prod())
    whole = ours((field(*shape) * 8).astype("i4"))
    assert of_three(whole, 2)[0] == 2 * int(whole.sum())


@quelea.jit
def rows_of_one_layer(x, layer):
    doubled = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            for k in range(x.shape[2]):
                doubled[i, j, k] = 2.0 * x[i, j, k]
    return doubled[layer].sum(axis=1)


@pytest.mark.parametrize("shape", [(60, 300, 200), (5, 3, 9000)])
def test_terms_of_one_layer(shape):
    """All layers of a chunk lie in its memory, though one of them is reduced."""
    x = ours(field(*shape))
    for layer in (0, 4):
        numpy.testing.assert_array_equal(
            rows_of_one_layer(x, layer), numpy.asarray((2.0 * x[layer]).sum(axis=1))
        )


@quelea.jit
def divided(x, y):
    s = 0
    for i in range(len(x)):
        s += x[i] // y[i]
    return s


def test_terms_of_iterations_that_raise():
    x, y = quelea.arange(9000), quelea.ones(9000, dtype=int)
    assert divided(x, y) == int(x.sum())
    y[8999] = 0
    with pytest.raises(ZeroDivisionError):
        divided(x, y)
    y[8999] = 2
    assert divided(x, y) == int(x[:-1].sum()) + 4499


@quelea.jit
def some_rows(x, limit):
    total, top = 0.0, -1.0
    for i in range(x.shape[0]):
        if x[i, 0] < limit:
            continue
        for j in range(x.shape[1]):
            total += x[i, j]
            top = max(top, x[i, j])
    return total, top


def test_rows_that_are_skipped_add_nothing():
    x = field(40, 30)
    large = [ours(numpy.full_like(x, 1e9)) for _ in range(5)]
    assert all(float(a.sum()) > 1 for a in large)
    del large  # memory that is used again
    for limit in (0.2, 9.0):
        got, want = some_rows(ours(x), limit), some_rows.py_func(x, limit)
        numpy.testing.assert_allclose(got, want, rtol=1e-13)
