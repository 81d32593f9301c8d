"""`quelea.jit` against Python itself: what is carried where ways meet, besides numbers and arrays."""

import math
import resource

import numpy
import pytest
from jit_support import check

import quelea


@quelea.jit
def zipped_sometimes(a, n):
    if n > 0:
        z = zip(a * 2, a)  # noqa: B905
    t = 0.0
    for x, y in z:
        t += x * y
    return t


@quelea.jit
def zipped_and_left(a, n):
    t = 0.0
    for i in range(n):
        z = zip(a * i, a)  # noqa: B905
        if i == 1:
            break
    for x, y in z:
        t += x * y
    return t


@quelea.jit
def zipped_never_used(a, n):
    if n > 0:
        z = enumerate(a * 2)  # noqa: F841
    return n


@quelea.jit
def zipped_one_of_two(a, c):
    z = zip(a * 2, a) if c else zip(a, a + 3)  # noqa: B905
    t = 0.0
    for x, y in z:
        t += x * y
    return t


@quelea.jit
def cut(a, n):
    if n > 0:
        s = slice(0, n + 1, 2)
    return a[s]


@quelea.jit
def cut_in_a_loop(a, n):
    s = slice(n, None)
    total = a[0]
    for i in range(n):
        total += a[s].sum()
        if i % 2:
            s = slice(i, None)
    return total, a[s]


@quelea.jit
def ranged(n):
    r = range(n + 1, 5 * n, 3) if n > 1 else range(n)
    t = 0
    for i in r:
        t += i
    for i in range(n):
        r = range(i, n)
    for i in r:
        t = t * 10 + i
    return t


def test_what_only_some_ways_define():
    a = numpy.arange(8.0)
    for n in (0, 1, 2, 5):
        check(zipped_sometimes, a, n)
        check(zipped_and_left, a, n)
        check(zipped_never_used, a, n)
        check(cut, a, n)
        check(cut_in_a_loop, a, n)
        check(ranged, n)
    check(zipped_one_of_two, a, True)
    check(zipped_one_of_two, a, False)


@quelea.jit
def holds_function(n):
    t = (abs, 2.0)
    for _ in range(n):
        t = (abs, t[1] + 1)
    if n == 2:
        u = (math.sqrt, t[1])
    return t[0](t[1]), u[0](u[1])


@quelea.jit
def holds_text(n):
    t = ("a", 1)
    for _ in range(n):
        t = ("a", t[1] + 1)
    return t[1] if t[0] == "a" else -1


@quelea.jit
def holds_slice(a, n):
    t = (slice(1, 3), range(n), 2.0)
    for i in range(n):
        t = (slice(1, i), range(i, n), t[2] + 1)
    s = 0
    for k in t[1]:
        s += k
    return a[t[0]], s, t[2]


def test_tuples_that_hold_what_no_number_is():
    for n in (0, 2, 3):
        check(holds_function, n)
        check(holds_text, n)
        check(holds_slice, numpy.arange(6.0), n)


@quelea.jit
def other_in_a_loop(n):
    t = (abs, 1.0)
    for _ in range(n):
        t = (math.sqrt, 1.0)
    return t[1]


@quelea.jit
def other_on_a_way(n):
    t = (abs, 1.0) if n else (math.sqrt, 2.0)
    return t[1]


@quelea.jit
def named_anew(x, n):
    for _ in range(n):
        f = math.sqrt
        x = f(x)
        f = abs
        x = f(x) + 1
    return x


def test_functions_that_differ():
    with pytest.raises(quelea.errors.JitError, match="QJ302"):
        other_in_a_loop(2)
    with pytest.raises(quelea.errors.JitError, match=r"QJ301.*another such one"):
        other_on_a_way(2)
    check(named_anew, 3.0, 3)


@quelea.jit
def zips_in_turn(a, n):
    t = 0.0
    for _ in range(n):
        z = zip(a * 3, a)  # noqa: B905
        e = enumerate(a + 1)
        for x, y in z:
            t += x * y
    for i, x in e:
        t += i * x
    return t


def test_what_is_carried_is_released():
    check(zips_in_turn, numpy.arange(3.0), 3)
    big = numpy.ones(200_000)
    zips_in_turn(big, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    zips_in_turn(big, 100)  # makes 320 MB, of which 5 live at a time
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@quelea.jit
def reset_for_each():
    s = 0
    for v in (1.5, 2):
        s = 0
        for _ in range(3):
            s += v
    return s


@quelea.jit
def of_each(a, b, n):
    t = 0.0
    for v in (a, b):
        x = v
        for _ in range(n):
            k = 0
            while k < 2:
                x = x + v
                k += 1
        t += x.sum()
    return t


def test_each_item_of_a_tuple_has_types_of_its_own():
    check(reset_for_each)
    check(of_each, numpy.ones((2, 2)), numpy.ones(3), 2)
