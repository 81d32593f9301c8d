"""`quelea.jit`: indices that wrap around the ends of partitioned arrays, or stop there, which are halos."""

import numpy
import pytest
from jit_on_ranks import as_numpy, check, each, field, on_ranks, ours, same
from support import happened

import quelea


@quelea.jit
def remainders(u, v):
    n = len(u)
    for i in range(n):
        v[i] = 0.5 * u[(i + 1) % n] + 0.25 * u[(i - 1) % n] + u[i] + u[(i + 3) % n]


@quelea.jit
def torus(u, v, steps):
    n, m = u.shape
    for _ in range(steps):
        for i in range(n):
            for j in range(m):
                v[i, j] = 0.25 * (
                    u[(i + 1) % n, j] + u[(i - 1) % n, j] + u[i, (j + 1) % m] + u[i, (j - 1) % m]
                )
        u, v = v, u
    return u


@quelea.jit
def corners(u, v):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            v[i, j] = u[(i + 1) % n, (j - 2) % m] * u[(i - 1) % n, (j + 1) % m]


@quelea.jit
def downwards(u, v):
    n = len(u)
    for i in range(n - 1, -1, -1):
        ip = (i + 2) % n
        v[i] = u[ip] - u[(n - 1 - i + 5) % n]


@quelea.jit
def around_several_times(u, v):
    n = len(u)
    for i in range(1, len(v) - 1):
        v[i] = u[(i + 7) % n]


@quelea.jit
def chosen(u, v):
    n = len(u)
    for i in range(n):
        left = i - 1 if i > 0 else n - 1
        right = i + 1 if i < n - 1 else 0
        v[i] = u[left] + 2 * u[right] + u[i]


@quelea.jit
def stepped_over(u, v):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            im = i - 1
            if im < 0:
                im = n - 1
            jp = j + 1
            if jp == m:
                jp = 0
            v[i, j] = u[im, j] - u[i, jp]


@quelea.jit
def held(u, v):
    n = len(u)
    for i in range(n):
        left = i - 1
        if i == 0:
            left = 0
        right = i + 2 if i + 2 < n else n - 1
        v[i] = u[left] * u[right]


@quelea.jit
def neither(u, v):
    n = len(u)
    for i in range(n):
        left = i - 1 if i > 3 else n - 1
        right = i + 1 if i != n // 2 else 5
        v[i] = u[left] + u[right if i < n - 1 else 2] + u[(i + 1) % 7]


@quelea.jit
def counted(u):
    n, total = len(u), 0
    for i in range(n):
        if u[(i + 1) % n] > u[i - 1 if i else n - 1]:
            total += i
    return total


@quelea.jit
def diagonally(u, v):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            v[i, j] = u[(i + 1) % n, (j + 1) % m]


@quelea.jit
def of_nothing(u, v):
    n = len(u)
    for i in range(len(v)):
        if n > 0:
            v[i] = u[(i + 1) % n] + u[i - 1 if i else n - 1]


@quelea.jit
def raised(u, v):
    n = len(u)
    for i in range(n):
        if u[(i + 1) % n] < 0:
            raise ValueError("below zero")
        v[i] = u[(i + 1) % n]


PROGRAMS = [
    (remainders, field(101), field(101)),
    (remainders, field(4), field(4)),
    (remainders, field(1), field(1)),
    (torus, field(40, 31), field(40, 31), 3),
    (torus, field(3, 200), field(3, 200), 2),
    (torus, field(2, 1), field(2, 1), 2),
    (corners, field(23, 34), field(23, 34)),
    (downwards, field(77), field(77)),
    (around_several_times, field(50), field(150)),
    (around_several_times, field(5), field(150)),
    (chosen, field(101), field(101)),
    (chosen, field(2), field(2)),
    (chosen, field(1), field(1)),
    (stepped_over, field(40, 31), field(40, 31)),
    (held, field(77), field(77)),
    (held, field(3), field(3)),
    (neither, field(50), field(50)),
    (counted, field(60)),
    (of_nothing, field(0), field(20)),
]


@each(PROGRAMS)
def test_programs(function, args):
    check(function, *args)
    check(function, *args)  # plans that are known


@pytest.mark.parametrize(("function", "args"), [(torus, (1,)), (stepped_over, ())])
def test_only_edges_are_brought(function, args):
    u = field(400, 300)
    given = ours(u), ours(u * 0)
    moved = happened(lambda: function(*given, *args))
    assert moved["halo_bytes"] + moved["redistributed_bytes"] <= 4 * quelea.size * 400 * 8
    moved = happened(lambda: held_by(ours(field(40000))))
    assert moved["halo_bytes"] + moved["redistributed_bytes"] <= 4 * quelea.size * 8


def held_by(u):
    return held(u, u * 0)


def test_the_first_that_raises():
    u = numpy.ones(90)
    u[[7, 40]] = -1
    with pytest.raises(ValueError, match="below zero"):
        raised(ours(u), ours(u))
    got = ours(u * 0)
    raised(ours(abs(u)), got)
    same(as_numpy(got), abs(u))


def test_pieces_that_only_together_store_what_they_read():
    x = field(9, 12)
    given = ours(x)
    if quelea.size > 1 and on_ranks(given):
        with pytest.raises(ValueError, match="another name"):
            diagonally(given[:, 5:], given[:, :7])
        same(as_numpy(given), x)
    diagonally(given[:, 6:], given[:, :6])
    diagonally.__wrapped__(x[:, 6:], x[:, :6])
    same(as_numpy(given), x)
