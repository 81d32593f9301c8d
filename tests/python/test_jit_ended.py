"""`quelea.jit`: loops over partitioned arrays that break or return ends, and `while` loops over their elements."""

import numpy
import numpy as np
import pytest
from jit_on_ranks import as_numpy, check, check_random, each, field, on_ranks, ours, same
from jit_random_ended import Ended
from jit_random_nests import random_nests

import quelea


@quelea.jit
def first_above(x, limit):
    for i in range(len(x)):
        if x[i] > limit:
            return i
    return -1


@quelea.jit
def first_and_value(x, limit):
    for i in range(3, len(x)):
        if x[i] > limit:
            return i, x[i] * 2, True
        if x[i] < -0.299:
            return -i, 1, False
    return 0, 0.5, x[0] > 0


@quelea.jit
def broken_off(x, limit):
    s, turns = 0.0, 0
    for i in range(len(x) - 1, -1, -1):
        s = 0.5 * s + x[i]
        turns += 1
        if s > limit:
            break
        x[i] = s
    return s, turns


@quelea.jit
def where_it_ended(x, limit):
    for i in range(len(x)):
        if x[i] > limit:
            break
    return i


@quelea.jit
def with_else(x, limit):
    found, s = -1, 0.0
    for i in range(1, len(x)):
        s = s * 0.5 + x[i]
        if x[i] > limit:
            found = i
            break
    else:
        found = len(x)
        s = -s
    return found, s


@quelea.jit
def search(x, limit):
    i = 0
    while i < len(x) and x[i] < limit:
        i += 1
    return i


@quelea.jit
def search_down(x, limit):
    i = len(x) - 1
    while i >= 0 and x[i] < limit:
        i -= 1
    return i


@quelea.jit
def every_third(x, limit):
    i, s = 1, 0.0
    n = len(x)
    while i <= n - 1 and s < limit:
        s += x[i]
        i = i + 3
        if s < 0.1:
            continue
        x[i - 3] = s
    return i, s


@quelea.jit
def returned_inside(x, limit):
    i, s = 0, 0.0
    while i < x.shape[0]:
        s = s * 0.5 + x[i]
        if s > limit:
            return s
        i += 1
    return 0.0


@quelea.jit
def of_rows(a, limit):
    n, m = a.shape
    for i in range(n):
        s = 0.0
        for j in range(m):
            if a[i, j] > limit:
                break
            s = s + a[i, j]
            a[i, j] = s
        if s > 2.0:
            return i
    return n


@quelea.jit
def two_pointers(x, total):
    i, j = 0, len(x) - 1
    while i < j:
        s = x[i] + x[j]
        if s == total:
            return i, j
        if s < total:
            i += 1
        else:
            j -= 1
    return -1, -1


@quelea.jit
def bisect(x, value):
    lo, hi = 0, len(x)
    while lo < hi:
        mid = (lo + hi) // 2
        if x[mid] < value:
            lo = mid + 1
        else:
            hi = mid
    return lo


@quelea.jit
def merged(a, b):
    out = np.zeros(len(a) + len(b))
    i, j, k = 0, 0, 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            out[k] = a[i]
            i += 1
        else:
            out[k] = b[j]
            j += 1
        k += 1
    while i < len(a):
        out[k] = a[i]
        i, k = i + 1, k + 1
    while j < len(b):
        out[k] = b[j]
        j, k = j + 1, k + 1
    return out


@quelea.jit
def reversed_in_place(x):
    i, j = 0, len(x) - 1
    while i < j:
        x[i], x[j] = x[j], x[i]
        i += 1
        j -= 1


def steps(n):
    return numpy.cumsum(field(n) + 0.3)


PROGRAMS = [
    (first_above, field(200), 0.69),
    (first_above, field(200), 9.0),
    (first_above, field(200), -9.0),
    (first_above, field(1), 0.0),
    (first_above, field(0), 0.0),
    (first_and_value, field(150), 0.699),
    (first_and_value, field(150), 9.0),
    (first_and_value, field(150, dtype="f4"), 0.69),
    (broken_off, field(90), 0.9),
    (broken_off, field(90), 9.0),
    (broken_off, field(90), -9.0),
    (broken_off, field(1), 9.0),
    (where_it_ended, field(120), 0.69),
    (where_it_ended, field(120), 9.0),
    (with_else, field(120), 0.69),
    (with_else, field(120), 9.0),
    (with_else, field(1), 0.1),
    (with_else, field(0), 0.1),
    (search, field(150), 0.69),
    (search, field(150), 9.0),
    (search, field(150), -9.0),
    (search, field(0), 0.5),
    (search_down, field(150), 0.695),
    (search_down, field(150), 9.0),
    (every_third, field(150), 3.0),
    (every_third, field(150), 300.0),
    (returned_inside, field(100), 1.1),
    (returned_inside, field(100), 9.0),
    (of_rows, field(40, 7), 0.65),
    (of_rows, field(40, 7), 9.0),
    (two_pointers, numpy.arange(0.0, 99.0), 99.0),
    (two_pointers, numpy.arange(0.0, 99.0), 0.5),
    (bisect, steps(99), 3.0),
    (bisect, steps(99), -3.0),
    (bisect, steps(0), -3.0),
    (merged, steps(40), steps(33) + 0.1),
    (merged, steps(40), steps(0)),
    (reversed_in_place, field(77)),
    (reversed_in_place, field(0)),
]


@each(PROGRAMS)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@quelea.jit
def shifted_up(x, key):
    """A step of insertion: what is larger moves up."""
    j = len(x) - 2
    while j >= 0 and x[j] > key:
        x[j + 1] = x[j]
        j -= 1
    x[j + 1] = key
    return j


@quelea.jit
def called_in_turns(a, limit):
    found = np.zeros(len(a), dtype=np.int64)
    for i in range(len(a)):
        found[i] = first_above(a[i], limit)
    return found


@quelea.jit
def twice(x, limit):
    return first_above(x, limit), first_above(x[::-1], limit), search(x[1:], limit)


@quelea.jit
def until_it_rests(u, tolerance):
    """A loop in time that is every rank's, with loops in it that end early."""
    for turn in range(30):
        most = 0.0
        for i in range(1, len(u) - 1):
            new = 0.5 * (u[i - 1] + u[i + 1])
            most = max(most, abs(new - u[i]))
            u[i] = new
            if most > 0.4:
                break
        if most < tolerance:
            return turn
    return -1


@quelea.jit
def fixed_while(x, turns):
    """The loop's limit is no longer what it was: it is on one node."""
    i, n = 0, len(x) // 2
    while i < n:
        if x[i] > 0.5 and n < len(x):
            n += 1
        x[i] = i
        i += 1
    return n


@quelea.jit
def collatz(x):
    """Where an element says which is next."""
    k, turns = 1, 0
    while x[k] != 1:
        k = x[k]
        turns += 1
    return turns


@quelea.jit
def cleared_once(x, limit):
    for i in range(len(x)):
        if x[i] > limit:
            x[i] = 0
            return
        x[i] += 1
    x[0] = -5


@quelea.jit
def down_by_two(x, z):
    i, last = len(x) - 1, z
    while 0 < i and x[i] < 90:  # noqa: SIM300
        i -= 2
    while i > 0 and last.real < 40:
        last = last * 0.5 + x[i] * 1j + 7
        i -= 2
    return i, last


MORE = [
    (shifted_up, numpy.sort(field(70)), 0.2),
    (shifted_up, numpy.sort(field(70)), -9.0),
    (called_in_turns, field(20, 30), 0.65),
    (twice, field(130), 0.68),
    (until_it_rests, field(40), 0.02),
    (fixed_while, field(60), 3),
    (cleared_once, field(60, dtype="i4"), 95),
    (cleared_once, field(60, dtype="i4"), 195),
    (down_by_two, field(60, dtype="i8"), 0.5j),
    (collatz, numpy.roll(numpy.arange(50), -7)),
]


@each(MORE)
def test_more_programs(function, args):
    check(function, *args)


def test_nothing_is_known_of_a_loop_without_turns():
    for x in (field(0), ours(field(0))):
        with pytest.raises(UnboundLocalError):
            where_it_ended(x, 0.5)


@quelea.jit
def raises_or_ends(x, limit, most):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        if s > most:
            raise ValueError("too much")
        if s > limit:
            break
        x[i] = s
    return s


@quelea.jit(boundscheck=True)
def beyond(x, limit):
    i = 0
    while x[i] < limit:
        i += 1
    return i


def test_all_ranks_raise_what_comes_first():
    x = numpy.ones(200)
    assert raises_or_ends(ours(x), 50.5, 60.5) == 51.0
    with pytest.raises(ValueError, match="too much"):
        raises_or_ends(ours(x), 60.5, 50.5)
    assert raises_or_ends(ours(x), 500.0, 500.0) == 200.0
    assert beyond(ours(numpy.arange(99.0)), 77.0) == 77
    with pytest.raises(IndexError):
        beyond(ours(numpy.arange(99.0)), 777.0)


def test_views_are_searched_and_changed():
    def both(array, search, turn):
        u, x = array(field(40, 30)), array(field(99))
        turn(u.T[3])
        turn(x[::3])
        return u, x, search(u[:, 2], 0.6), search(x[::-2], 0.69)

    given = both(quelea.array, search, reversed_in_place)
    want = both(numpy.array, search.py_func, reversed_in_place.py_func)
    same(as_numpy(given), want)


@quelea.jit
def returns_rows(x):
    for i in range(len(x)):
        if x[i, 0] > 0.5:
            return x[i]
    return x[0]


@quelea.jit
def two_types(x):
    for i in range(len(x)):
        if x[i] > 0.5:
            return i, x[i]
    return -1


def test_arrays_from_outside():
    given = ours(field(120))

    @quelea.jit
    def search_outside(limit):
        i = 0
        while i < len(given) and given[i] < limit:
            i += 1
        j = len(given) - 1
        while i < j and given[j] != given[i]:
            j -= 1
        return i, j

    want = search.py_func(field(120), 0.68)
    assert search_outside(0.68) == (want, want)


def test_what_is_refused():
    if quelea.size == 1:
        pytest.skip("one process takes the arrays' memory")
    x = ours(field(60, 4))
    if on_ranks(x):
        with pytest.raises(quelea.errors.JitError, match="QJ410"):
            returns_rows(x)
    with pytest.raises(quelea.errors.JitError, match="QJ301"):
        two_types(ours(field(60)))


def test_how_it_is_done_is_said():
    def said(function, types):
        function = quelea.jit(function.py_func)
        function._compile(types)
        return function.explain()

    text = said(search, "(ranks f64[:], float)")
    assert "in order, one node after another, by rows i, until it ends early" in text
    assert "by one node, to which all that it touches is brought" in said(
        bisect, "(ranks f64[:], float)"
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_ended(seed):
    check_random(*random_nests(seed, Ended)[:2])
