"""`quelea.jit`: loops whose iterations depend on one another, or store rows, over partitioned arrays."""

import math

import numpy
import numpy as np
import pytest
from jit_on_ranks import as_numpy, check, check_random, close, each, field, on_ranks, ours, same
from jit_random_nests import random_nests
from jit_random_rows import Rows
from support import happened

import quelea


@quelea.jit
def gauss_seidel(u, turns):
    n, m = u.shape
    for _ in range(turns):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


@quelea.jit
def until_it_rests(u, tolerance):
    n, m = u.shape
    change, turns = 2.0 * tolerance, 0
    while change > tolerance:
        change = 0.0
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                new = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                change = max(change, abs(new - u[i, j]))
                u[i, j] = new
        turns += 1
    return turns, change


@quelea.jit
def put_together(u):
    total = 0.0
    for i in range(1, len(u)):
        for j in range(u.shape[1]):
            u[i, j] += 0.5 * u[i - 1, j]
            total += u[i, j]
    return total


@quelea.jit
def smoothed(x, alpha):
    y = np.empty_like(x)
    s = 0.0
    for i in range(len(x)):
        s = alpha * x[i] + (1 - alpha) * s
        y[i] = s
    return y, s


@quelea.jit
def running_sum(x):
    out = np.empty_like(x)
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = out[i - 1] + x[i]
    return out


@quelea.jit
def handed_on(x):
    a, b, k, last, z = 0, 1.0, -1, False, 1j
    for i in range(len(x) - 1, -1, -1):
        a, b = b, a * 0.5 + b * 0.25 + x[i]
        if x[i] > 0.5 or last:
            k = i
            last = x[i] > 0.1
        z = z * 0.5 + b * 1j
        x[i] = a
    return a, b, k, last, z


@quelea.jit
def last_above(x, limit):
    found = -1
    for i in range(len(x)):
        if x[i] > limit:
            found = i
    return found


@quelea.jit
def eliminate(a):
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]


@quelea.jit
def substitute(lower, b):
    x = np.zeros_like(b)
    for i in range(len(b)):
        t = b[i]
        for j in range(i):
            t -= lower[i, j] * x[j]
        x[i] = t / lower[i, i]
    return x


@quelea.jit
def tridiagonal(a, b, c, d):
    n = len(d)
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    d[n - 1] /= b[n - 1]
    for i in range(n - 2, -1, -1):
        d[i] = (d[i] - c[i] * d[i + 1]) / b[i]


@quelea.jit
def common_subsequence(d, a, b):
    for i in range(1, d.shape[0]):
        for j in range(1, d.shape[1]):
            if a[i - 1] == b[j - 1]:
                d[i, j] = d[i - 1, j - 1] + 1
            else:
                d[i, j] = max(d[i - 1, j], d[i, j - 1])
    return d[d.shape[0] - 1, d.shape[1] - 1]


@quelea.jit
def rows_and_parts(x, k):
    out = np.zeros_like(x)
    ends = np.zeros((len(x), 2))
    for i in range(len(x)):
        t = np.empty(3)
        for j in range(3):
            t[j] = x[i, j] * k
        out[i, :] = x[i, ::-1] * 2
        out[i, 1:4] = t
        ends[i, 0] = out[i, 0] + t[2]
        ends[i, 1] = out[i, -1]
    return out, ends


@quelea.jit
def along_rows(x):
    for i in range(len(x)):
        for j in range(1, x.shape[1]):
            x[i, j] = 0.5 * x[i, j - 1] + x[i, j]


@quelea.jit
def far(x, k):
    for i in range(k, len(x)):
        x[i] = 0.5 * x[i - k] + x[len(x) - 1 - i] + x[0]


@quelea.jit
def guarded(x, y, k):
    s = 0.0
    for i in range(-k, len(x) + k):
        if 0 <= i < len(x):
            s = 0.5 * s + x[i]
        if i >= k and i - k < len(y):
            y[i - k] = s + y[i - k]
    return s


@quelea.jit
def raising(x, limit):
    s = 0.0
    for i in range(len(x)):
        s = s * 0.5 + x[i]
        if s > limit:
            raise ValueError("too much")
        x[i] = s


@quelea.jit
def down(v, x):
    n, m = v.shape
    for i in range(1, n):
        for j in range(m):
            v[i, j] = v[i - 1, j] * 0.5 + x[i, j]


@quelea.jit
def vertical(a, b, c, d):
    nx, ny, nz = d.shape
    for k in range(1, nz):
        for i in range(nx):
            for j in range(ny):
                w = a[i, j, k] / b[i, j, k - 1]
                b[i, j, k] -= w * c[i, j, k - 1]
                d[i, j, k] -= w * d[i, j, k - 1]
    for k in range(nz - 2, -1, -1):
        for i in range(nx):
            for j in range(ny):
                d[i, j, k] = (d[i, j, k] - c[i, j, k] * d[i, j, k + 1]) / b[i, j, k]


@quelea.jit
def upwards_where(v):
    n, m = v.shape
    most = 0.0
    for i in range(n - 3, -1, -1):
        for j in range(2, m):
            if i % 2 == 0 and j < m - 1:
                v[i, j] += v[i + 2, j]
            most = max(most, v[i, j])
    return most


@quelea.jit
def two_ways(v, y):
    n, m = v.shape
    for i in range(2, n):
        for j in range(m):
            v[i, j] = v[i - 1, j] + v[i - 2, j] * 0.25
            y[m - 1 - j, i - 2] = v[i, j] + y[m - 1 - j, i - 1 if i < n - 1 else n - 3]


def weighted(n):
    return field(n, n) + n * numpy.eye(n)


@quelea.jit
def one_behind(c):
    q = 0.25
    for i in range(len(c)):
        q = q * 0.5 + 1
        if i > 0:
            c[i - 1, 0] = q
    return q


@quelea.jit
def beside_nothing(x, rows, ends):
    s = 0.5
    for i in range(len(x)):
        for j in range(rows.shape[1]):
            s += rows[i, j]
        if i < len(ends):
            s += ends[i]
        x[i] = s = 0.5 * s + x[i]
        rows[i, :] = s
    return s


@quelea.jit
def nothing_inside(b, m):
    s, top, last = 0.0, -1.0, 1
    for i in range(1, len(b)):
        last = last + i
        for j in range(m):
            b[i, j] = b[i - 1, j] * 0.5 + last
            s += b[i, j]
            top = max(top, b[i, j])
    return s, top, last


PROGRAMS = [
    (nothing_inside, field(20, 5), 0),
    (gauss_seidel, field(37, 29), 3),
    (gauss_seidel, field(5, 300), 2),
    (gauss_seidel, field(2, 9), 2),
    (until_it_rests, field(23, 17), 0.01),
    (smoothed, field(301), 0.3),
    (smoothed, field(301, dtype="f4"), 0.3),
    (smoothed, field(1), 0.3),
    (smoothed, field(0), 0.3),
    (running_sum, field(200)),
    (running_sum, field(300, dtype="i4")),
    (handed_on, field(123)),
    (handed_on, field(0)),
    (last_above, field(200), 0.69),
    (last_above, field(200), 9.0),
    (eliminate, weighted(23)),
    (eliminate, weighted(2)),
    (substitute, numpy.tril(weighted(40)), field(40)),
    (tridiagonal, field(90), field(90) + 4, field(90), field(90)),
    (
        common_subsequence,
        numpy.zeros((41, 34), "i8"),
        field(40, dtype="i8") % 3,
        field(33, dtype="i8") % 3,
    ),
    (rows_and_parts, field(30, 7), 3),
    (along_rows, field(31, 19)),
    (along_rows, field(3, 400)),
    (far, field(60), 1),
    (far, field(60), 25),
    (down, field(40, 31), field(40, 31)),
    (down, field(400, 3), field(400, 3)),
    (down, field(3, 300), field(3, 300)),
    (vertical, field(9, 8, 20), field(9, 8, 20) + 4, field(9, 8, 20), field(9, 8, 20)),
    (vertical, field(3, 30, 2), field(3, 30, 2) + 4, field(3, 30, 2), field(3, 30, 2)),
    (upwards_where, field(33, 27)),
    (two_ways, field(30, 20), field(20, 30)),
    (guarded, field(40), field(40), 3),
    (guarded, field(40), field(5), 50),
    (one_behind, field(1, 2)),
    (one_behind, field(20, 2)),
    (beside_nothing, field(20), field(20, 0), field(0)),
]


@each(PROGRAMS)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@quelea.jit
def beside_the_first(x):
    s = 0.0
    for i in range(len(x)):
        s = 0.5 * s + x[i]
        x[i] = s + x[max(i - 1, 0)] * 0.25
    return s


@pytest.mark.parametrize(("function", "args"), [(smoothed, (0.3,)), (beside_the_first, ())])
def test_parts_stay_where_they_are(function, args):
    check(function, field(200), *args)
    x = ours(field(30000))
    moved = happened(lambda: function(x, *args))
    assert moved["halo_bytes"] + moved["redistributed_bytes"] <= 100 * quelea.size


def test_what_is_put_together_has_the_bits_of_one_process():
    u = field(41, 23)
    given, plain = ours(u), u.copy()
    got, want = put_together(given), put_together.py_func(plain)
    close(got, want)
    same(as_numpy(given), plain)
    assert got == quelea.asarray(plain[1:]).sum()


@quelea.jit
def rows_of_one(total, last, x):
    for i in range(len(x)):
        row = np.zeros(2)
        row[:] = x[i]
        total[i] = row.sum()
        last[i] = row * 2


def test_what_was_without_axes():
    """Of whose storage no box is empty: there, each node would have the element."""
    for x in (ours(np.array(3.0)).reshape(1), ours(np.arange(3.0))[1].reshape(1)):
        total, last = ours(np.array(0.0)).reshape(1), ours(np.zeros((1, 2)))
        want = np.zeros(1), np.zeros((1, 2))
        rows_of_one(total, last, x)
        rows_of_one.py_func(*want, as_numpy(x))
        same((as_numpy(total), as_numpy(last)), want)
        smoothed(total, 0.5)
        smoothed.py_func(want[0], 0.5)
        same(as_numpy(total), want[0])


def test_an_array_under_two_names_is_gone_through_in_order():
    a = field(60, 5)
    want = a.copy()
    given = quelea.asarray(a)

    @quelea.jit
    def shifted(x, y):
        for i in range(len(x)):
            x[i, :] = y[i, ::-1] * 0.5 + 1

    shifted(given[1:], given[:-1])
    shifted.py_func(want[1:], want[:-1])
    same(as_numpy(given), want)


def test_transposed_and_stepped():
    def both(array):
        u, x = array(field(40, 30)), array(field(99))
        gauss_seidel_of(u.T[2:, ::2], 2)
        smoothed_of(x[::3])
        return u, x

    gauss_seidel_of, smoothed_of = gauss_seidel, tuple_of_smoothed
    given = both(quelea.array)
    gauss_seidel_of, smoothed_of = gauss_seidel.py_func, tuple_of_smoothed.py_func
    same(as_numpy(given), both(numpy.array))


@quelea.jit
def tuple_of_smoothed(x):
    for i in range(1, len(x)):
        x[i] = 0.5 * x[i - 1] + x[i]


def test_lines_of_one_array_under_two_names():
    @quelea.jit
    def across(x, y):
        for i in range(1, len(x)):
            for j in range(1, x.shape[1]):
                x[i, j] = x[i - 1, j] + 0.5 * y[i, j - 1]

    a = field(41, 23)
    given, want = quelea.asarray(a), a.copy()
    across.py_func(want, want)
    if on_ranks(given) and quelea.size > 1:
        with pytest.raises(ValueError, match="another name sees the same elements"):
            across(given, given)
        same(as_numpy(given), a)
    else:
        across(given, given)
        same(as_numpy(given), want)
    check(across, a, field(41, 23, seed=3))


def test_all_ranks_raise():
    x = quelea.asarray(numpy.ones(200))
    with pytest.raises(ValueError, match="too much"):
        raising(x, 1.5)
    raising(quelea.asarray(numpy.ones(200)), 2.0)


def test_other_numbers_of_types():
    """What is handed on has the type that the loop gives it."""

    @quelea.jit
    def widened(x):
        s = 0
        for i in range(len(x)):
            s = s * 0.5 + x[i]
        return s

    check(widened, field(50))
    check(widened, field(50, dtype="f4"))
    assert isinstance(widened(quelea.asarray(field(0))), float)
    assert math.isfinite(widened(quelea.asarray(field(9))))


@pytest.mark.parametrize("seed", range(20))
def test_random_rows(seed):
    check_random(*random_nests(seed, Rows)[:2])


@quelea.jit
def factorised(a):
    for i in range(len(a)):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
            a[i, i] -= a[i, j] * a[i, j]
        a[i, i] = np.sqrt(a[i, i])


@quelea.jit
def diagonal_of_columns(a):
    n = len(a)
    for i in range(1, n):
        a[i, i] *= 2
        for j in range(n):
            a[j, i] += 0.5 * a[i - 1, j]


@quelea.jit
def diagonal_from_columns(a):
    n = len(a)
    for i in range(1, n):
        s = 0.0
        for j in range(n):
            s += a[j, i] * 0.25
        a[i, i] = s + a[i, 0]


@quelea.jit
def beside_the_diagonal(a):
    n = len(a)
    for i in range(n - 1):
        a[i, i] += a[i, i + 1]
        a[i + 1, i] = a[n - 1 - i, i] * 0.5


@quelea.jit
def of_two(a, b):
    for i in range(len(a)):
        b[i, i] = a[i, i] * 2
        for j in range(i):
            b[i, j] = a[j, i] + a[i, i] + a[j, j]
            b[i, i] += b[i, j]


def test_diagonals_are_in_rows() -> None:
    a = field(13, 13)
    spd = a @ a.T + 13 * numpy.eye(13)
    for function in (diagonal_of_columns, beside_the_diagonal, factorised):
        check(function, spd.copy())
    check(of_two, field(13, 13), field(13, 13, seed=2))
    given, plain = quelea.asarray(a.copy()), a.copy()
    diagonal_from_columns(given)
    diagonal_from_columns.__wrapped__(plain)
    close(as_numpy(given), plain)
    fresh = quelea.jit(factorised.py_func)
    fresh._compile("(ranks f64[:,:])")
    assert "by rows i" in fresh.explain() and "stores a[i, :]" in fresh.explain()


@quelea.jit
def rows_changed_in_place(a, b):
    for i in range(1, len(a)):
        a[i] += a[i, ::-1] + b[i] * 2
        a[i] *= 0.5
        a[i] -= a[i - 1]


@quelea.jit
def matrices_added(s, g, h, at):
    for k in range(len(s)):
        for e in range(2):
            for m in range(s.shape[1]):
                s[k, m] += g[k, at[m, e]] @ h[m]
                s[k, m] -= s[k, m].T * 0.25


def test_parts_are_changed_in_place() -> None:
    check(rows_changed_in_place, field(17, 6), field(17, 6, seed=2))
    at = np.array([[0, 2], [1, 1], [2, 0]])
    check(matrices_added, field(7, 3, 4, 4), field(7, 3, 4, 4, seed=2), field(3, 4, 4, seed=3), at)
