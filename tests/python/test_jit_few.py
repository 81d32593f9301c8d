"""`quelea.jit`: few targets of much that is read, and indices of several loops, over partitioned arrays."""

import numpy
import numpy as np
import pytest
from jit_on_ranks import check, close, each, field, on_ranks, ours
from support import happened

import quelea

# ---- few targets ----


@quelea.jit
def rows(a):
    y, high = np.zeros(len(a)), np.zeros(len(a), np.float32)
    for i in range(len(a)):
        total, best = 0.0, a[i, 0]
        for j in range(a.shape[1]):
            total += a[i, j]
            best = max(best, a[i, j])
        y[i], high[i] = total, best
    return y, high


@quelea.jit
def columns(a):
    y = np.ones(a.shape[1])
    for j in range(a.shape[1]):
        for i in range(a.shape[0]):
            y[j] += a[i, j] * 0.5
    return y


@quelea.jit
def counted(x, edges):
    h = np.zeros(len(edges) - 1, np.int64)
    for b in range(len(h)):
        for i in range(len(x)):
            if edges[b] <= x[i] < edges[b + 1]:
                h[b] += 1
    return h


@quelea.jit
def some_rows(a, y):
    for i in range(1, len(a) - 1):
        if i % 3 != 0:
            s = 0.0
            for j in range(a.shape[1]):
                s += a[i - 1, j] - a[i + 1, j]
            y[i - 1] = s + y[i - 1]


@quelea.jit
def backwards(a, y):
    m = len(a)
    for i in range(m):
        s = 0.0
        for j in range(a.shape[1]):
            s = s * 0.5 + a[i, j]
        y[m - 1 - i] = s


@quelea.jit
def with_steps(a, y):
    for i in range(len(a) // 2):
        s = 0.0
        for j in range(a.shape[1]):
            s += a[2 * i, j]
        y[2 * i] = s


@quelea.jit
def pairs(a):
    m = len(a)
    y = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            s = 0.0
            for k in range(a.shape[1]):
                s += abs(a[i, k] - a[j, k])
            y[i, j] = s
    return y


@quelea.jit
def a_few(x):
    y = np.empty(3)
    for i in range(3):
        y[i] = x[len(x) // 2 + i]
    return y


@quelea.jit
def turns(a, steps):
    y = np.zeros(len(a))
    for _ in range(steps):
        for i in range(len(a)):
            s = 0.0
            for j in range(a.shape[1]):
                s += a[i, j] * (1.0 + y[i])
            y[i] = s / a.shape[1]
        a += y[0]
    return y


@each(
    [
        (rows, field(13, 700)),
        (rows, field(2, 5000)),
        (rows, field(1, 5000)),
        (rows, field(900, 7)),
        (columns, field(700, 5)),
        (columns, field(5, 700)),
        (counted, field(4000), numpy.linspace(-0.3, 0.7, 12)),
        (some_rows, field(17, 300), field(17)),
        (some_rows, field(2, 3000), field(2)),
        (backwards, field(11, 500), field(11)),
        (with_steps, field(12, 500), field(12)),
        (pairs, field(9, 600)),
        (a_few, field(5000)),
        (turns, field(8, 900), 4),
    ]
)
def test_few_targets(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@quelea.jit
def raises(a, y):
    for i in range(len(a)):
        s = 0.0
        for j in range(a.shape[1]):
            s += a[i, j]
        assert s < 100.0, "too much"
        y[i] = s


def test_all_ranks_raise():
    a = numpy.zeros((9, 600))
    check(raises, a, numpy.ones(9))
    a[4] = 1.0
    with pytest.raises(AssertionError, match="too much"):
        raises(quelea.asarray(a), quelea.zeros(9))


def test_what_few_targets_are_made_of_stays_where_it_is():
    a = field(840, 60)
    given, y = ours(a), quelea.zeros(840)
    if not on_ranks(given) or on_ranks(y):
        pytest.skip("they are of one process, or partitioned both")
    kept = []  # what nobody has is not computed
    for function in (rows, lambda a: some_rows(a, y), lambda a: turns(a, 2)):
        moved = happened(lambda: kept.append(function(given)))  # noqa: B023
        brought = moved["halo_bytes"] + moved["redistributed_bytes"]
        assert brought <= 6 * y.nbytes + 4 * 60 * 8  # results, and rows at the ends


# ---- indices of several loops ----


@quelea.jit
def tiles(x, m):
    y = np.empty((m, 128))
    for k in range(m):
        for j in range(128):
            y[k, j] = x[128 * k + j] * 2.0
    return y


@quelea.jit
def tiles_backwards(x, w):
    m = len(x) // w
    y = np.empty((m, w))
    for k in range(m):
        for j in range(w):
            y[k, j] = x[len(x) - 1 - (w * k + j)] + x[w * k + w - 1 - j]
    return y


@quelea.jit
def boxes(x, l, m, n):
    y = np.zeros((l, m, n))
    for i in range(l):
        for j in range(m):
            for k in range(n):
                y[i, j, k] = x[(i * m + j) * n + k] + x[min((i * m + j) * n + k + 3, len(x) - 1)]
    return y


@quelea.jit
def across(x, m):
    y = np.zeros((len(x) // m, m))
    for j in range(m):
        for k in range(len(x) // m):
            y[k, j] = x[m * k + j]
    return y


@quelea.jit
def antidiagonals(x, m, n):
    y = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            y[i, j] = x[i + j] - x[i - j + n] + x[3 * i - 2 * j + 2 * n]
    return y


@quelea.jit
def put_together(x, m):
    s, count = 0.0, 0
    for k in range(m):
        for j in range(len(x) // m):
            if x[len(x) // m * k + j] > 0:
                s += x[len(x) // m * k + j]
                count += 1
    return s, count


@quelea.jit
def under_conditions(x, m):
    y = np.zeros((m, 8))
    for k in range(m):
        for j in range(8):
            if j > 2 and k < m - 1:
                y[k, j] = x[8 * k + j - 3] + x[8 * (k + 1) + j]
            else:
                y[k, j] = x[8 * k + j]
    return y


@each(
    [
        (tiles, field(40 * 128), 40),
        (tiles, field(7 * 128), 7),
        (tiles, field(128), 1),
        (tiles_backwards, field(3000), 60),
        (tiles_backwards, field(3000), 7),
        (boxes, field(13 * 9 * 20), 13, 9, 20),
        (boxes, field(2 * 30 * 40), 2, 30, 40),
        (across, field(3000), 5),
        (across, field(3000), 600),
        (antidiagonals, field(300), 60, 30),
        (antidiagonals, field(300), 30, 60),
        (under_conditions, field(8 * 200), 200),
    ]
)
def test_indices_of_several_loops(function, args):
    check(function, *args)


def test_terms_of_several_loops():
    x = field(9000)
    got, count = put_together(ours(x), 9)
    want, all_of_them = put_together.py_func(x, 9)
    close(float(got), want)
    assert count == all_of_them
    assert put_together(ours(x), 9)[0] == got


def test_tiles_bring_no_more_than_what_lies_otherwise():
    kept = []
    for function, args in ((tiles, (840,)), (tiles_backwards, (128,)), (boxes, (840, 8, 16))):
        x = ours(field(840 * 128))
        moved = happened(lambda: kept.append(function(x, *args)))  # noqa: B023
        brought = moved["halo_bytes"] + moved["redistributed_bytes"]
        reversed_too = x.nbytes if function is tiles_backwards else 0
        assert brought <= 128 * 8 * 4 + reversed_too
