"""`quelea.jit`: loops over partitioned arrays of which an iteration stores several rows: swaps, symmetric matrices."""

import numpy
from jit_on_ranks import as_numpy, check, close, each, field, ours, same

import quelea


@quelea.jit
def upside_down(a):
    n, m = a.shape
    for i in range(n // 2):
        for j in range(m):
            a[i, j], a[n - 1 - i, j] = a[n - 1 - i, j], a[i, j]


@quelea.jit
def reversed_elements(x):
    n = len(x)
    for i in range(n // 2):
        t = x[i]
        x[i] = x[n - 1 - i]
        x[n - 1 - i] = t


@quelea.jit
def rows_upside_down(a):
    n = len(a)
    for i in range(n // 2):
        a[i], a[n - 1 - i] = a[n - 1 - i].copy(), a[i].copy()


@quelea.jit
def rows_that_see_one_another(a):
    n = len(a)
    for i in range(n // 2):
        a[i], a[n - 1 - i] = a[n - 1 - i], a[i]  # both what the last one was, as in NumPy


@quelea.jit
def symmetric(a, x):
    n = len(a)
    for i in range(n):
        for j in range(i + 1):
            v = x[i] * x[j] + a[i, j]
            a[i, j] = v
            a[j, i] = v


@quelea.jit
def mirrored(a):
    n = len(a)
    for i in range(n):
        for j in range(i):
            a[j, i] = a[i, j]


@quelea.jit
def transposed_in_place(a):
    n = len(a)
    s = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            a[i, j], a[j, i] = a[j, i], a[i, j]
            s = s * 0.5 + a[i, j]
    return s


@quelea.jit
def swept(x):
    """Bubbles: each goes up by one."""
    for i in range(len(x) - 1):
        if x[i] > x[i + 1]:
            x[i], x[i + 1] = x[i + 1], x[i]


@quelea.jit
def bubble_sort(x):
    n = len(x)
    for k in range(n - 1):
        for i in range(n - 1 - k):
            if x[i] > x[i + 1]:
                x[i], x[i + 1] = x[i + 1], x[i]


@quelea.jit
def selection_sort(x):
    n = len(x)
    for i in range(n):
        m = i
        for j in range(i + 1, n):
            if x[j] < x[m]:
                m = j
        x[i], x[m] = x[m], x[i]


@quelea.jit
def shuffled(x, at):
    for i in range(len(x) - 1, 0, -1):
        x[i], x[at[i]] = x[at[i]], x[i]


@quelea.jit
def rows_swapped(a, i, j):
    for k in range(a.shape[1]):
        a[i, k], a[j, k] = a[j, k], a[i, k]


@quelea.jit
def pivoted(a):
    n = len(a)
    for k in range(n - 1):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        for j in range(n):
            a[k, j], a[p, j] = a[p, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]


@quelea.jit
def spread(x, out):
    for i in range(len(x)):
        out[2 * i] = x[i]
        out[2 * i + 1] = -x[i]


@quelea.jit
def both_ways(x, y):
    total = 0.0
    n = len(x)
    for i in range(n - 1):
        x[i] += y[i + 1] * 0.5
        x[i + 1] -= y[i]
        y[n - 1 - i] = x[i]
        total = max(total, x[i])
    return total, i


@quelea.jit
def sorted_from(x, start):
    swaps, first = 0, -1
    for i in range(start, len(x) - 1):
        if x[i] > x[i + 1]:
            x[i], x[i + 1] = x[i + 1], x[i]
            swaps += 1
            if swaps == 7:
                first = i
                break
    else:
        first = -2
    return swaps, first


@quelea.jit
def first_unlike(a, b):
    n = len(a)
    for i in range(n):
        for j in range(i):
            if a[i, j] != a[j, i]:
                return i, j
            b[i, j] = a[i, j]
            b[j, i] = -a[i, j]
    return n, n


def symmetric_but_for(n, i, j):
    a = field(n, n)
    a = a + a.T
    a[i, j] += 1
    return a


def indices(n):
    return numpy.random.default_rng(5).integers(0, n, n)


PROGRAMS = [
    (upside_down, field(41, 7)),
    (upside_down, field(40, 300)),
    (upside_down, field(1, 9)),
    (rows_upside_down, field(31, 7)),
    (rows_that_see_one_another, field(30, 7)),
    (reversed_elements, field(101)),
    (reversed_elements, field(2)),
    (symmetric, field(31, 31), field(31)),
    (symmetric, field(1, 1), field(1)),
    (mirrored, field(30, 30)),
    (transposed_in_place, field(33, 33)),
    (swept, field(90)),
    (bubble_sort, field(12)),
    (selection_sort, field(60)),
    (shuffled, field(60), indices(60)),
    (rows_swapped, field(20, 9), 3, 17),
    (pivoted, field(14, 14)),
    (spread, field(40), field(80)),
    (both_ways, field(50), field(50)),
    (sorted_from, field(50), 0),
    (sorted_from, field(50), 40),
    (sorted_from, field(50), 60),
    (first_unlike, symmetric_but_for(20, 13, 4), field(20, 20)),
    (first_unlike, symmetric_but_for(20, 4, 4), field(20, 20)),
]


@each(PROGRAMS)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@quelea.jit
def mirrored_sum(a):
    total = 0.0
    for i in range(len(a)):
        for j in range(i):
            a[i, j], a[j, i] = a[j, i], a[i, j]
            total += a[i, j]
    return total


def test_what_is_put_together_has_the_bits_of_one_process():
    a = field(41, 41)
    given, plain = ours(a), a.copy()
    got, want = mirrored_sum(given), mirrored_sum.py_func(plain)
    close(got, want)
    same(as_numpy(given), plain)
    terms = numpy.zeros(41)
    for i in range(41):
        for j in range(i):
            terms[i] += plain[i, j]
    assert got == quelea.asarray(terms).sum()


def test_views_and_arrays_under_two_names():
    def both(array, turn, swap):
        u, x = array(field(40, 30)), array(field(99))
        turn(u.T[::3])
        turn(u[:, 4:9])
        swap(x[::2])
        swap(x[90:50:-1])
        return u, x

    given = both(quelea.array, upside_down, swept)
    same(as_numpy(given), both(numpy.array, upside_down.py_func, swept.py_func))
    y, plain = quelea.array(field(50)), field(50)
    both_ways_of_one(y, y[::-1])
    both_ways_of_one.py_func(plain, plain[::-1])
    same(as_numpy(y), plain)


@quelea.jit
def both_ways_of_one(x, y):
    for i in range(len(x) - 1):
        x[i] = y[i] + 0.5
        x[i + 1] -= y[i] * 0.25


def test_how_it_is_done_is_said():
    function = quelea.jit(upside_down.py_func)
    function._compile("(ranks f64[:,:])")
    said = "in order, by one node, to which all that it touches is brought: stores a[:, :]; reads a[:, :]"
    assert said in function.explain()
