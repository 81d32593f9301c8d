"""Statements that become one kernel, and those that must not.

The generated programs are executed by NumPy beside us: their arrays hold whole numbers, which every order of computing
gives exactly, so a value that was read too early, or overwritten too late, is another number.
"""

import os
from typing import Any

import numpy
import pytest
from fusion_random import Program
from support import happened, recorded, same

import quelea

TORN = int(os.environ.get("QUELEA_FLUSH", "64")) < 16  # statements are executed one by one
NODES = quelea.info()["node_count"]
SIZE = 100_000


def kernels(work) -> int:
    kept: list[object] = []
    count = happened(lambda: kept.append(work()))["kernels_run"]
    assert kept
    return count


# ---- how many kernels ----


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
@pytest.mark.parametrize("size", [pytest.param(20, marks=recorded), SIZE])
def test_unrelated_statements_are_one_kernel(size):
    a, b = quelea.arange(size) * 1.0, quelea.arange(size) * 2.0
    made: list[Any] = []
    assert kernels(lambda: made.extend((a + 1, b + 2))) == 1
    same(made[0], numpy.arange(size) + 1.0)
    same(made[1], numpy.arange(size) * 2.0 + 2)


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
def test_statements_join_across_others():
    a, b = quelea.arange(SIZE) * 1.0, quelea.arange(SIZE) * 2.0
    m = quelea.ones((300, 300))
    assert kernels(lambda: (a + b, m * 2, a - b)) == 2
    assert kernels(lambda: (a + b, m * 2, a - b, m + 1, a * b)) == 2


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
def test_dear_statements_join_only_what_they_share():
    a, b = quelea.arange(SIZE) * 1.0, quelea.arange(SIZE) * 2.0
    assert kernels(lambda: (quelea.exp(a), b + 2)) == 2
    assert kernels(lambda: (quelea.exp(a), a + 2)) == 1


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
def test_many_arrays_are_several_kernels():
    arrays = [quelea.arange(SIZE) * float(k) for k in range(8)]
    counts = kernels(lambda: [x + 1 for x in arrays])
    assert 2 <= counts <= 4


# ---- several results of one pass ----


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
@pytest.mark.skipif(NODES > 1, reason="leaves may lie on two nodes")
def test_a_stored_value_and_its_sum_are_read_once():
    x, y = numpy.arange(SIZE) * 1.0, numpy.arange(SIZE) % 7 * 1.0
    a, b = quelea.asarray(x), quelea.asarray(y)
    made: list[Any] = []

    def work():
        s = a * b
        made[:] = s, s.sum()

    assert kernels(work) == 2  # the leaves and their tree
    same(made[0], x * y)
    same(made[1], (x * y).sum())


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
def test_reductions_of_one_array_share_its_reads():
    x = numpy.arange(SIZE) % 1013 * 1.0
    a = quelea.asarray(x)
    made: list[Any] = []
    assert kernels(lambda: made.extend((a.sum(), a.max(), a.min()))) == 2
    for ours, theirs in zip(made, (x.sum(), x.max(), x.min()), strict=True):
        same(ours, theirs)


# Whole numbers, whose sums and means every order of adding gives exactly.
LINE = numpy.arange(1 << 17) % 8 * 1.0
SHEET = (numpy.arange(256 * 512) % 8 * 1.0).reshape(256, 512)
SOLID = (numpy.arange(256 * 64 * 4) % 8 * 1.0).reshape(256, 64, 4)

# What is computed of results, and in how many kernels on one node.
RESULTS = {
    "mean": (LINE, 2, lambda np, x: x.mean()),
    "mean and variance": (LINE, 4, lambda np, x: (x.mean(), x.var())),
    "mean, variance and deviation": (LINE, 4, lambda np, x: (x.mean(), x.var(), x.std())),
    "equal sums": (LINE, 2, lambda np, x: (x.sum() + 1, x.sum(keepdims=True) * 2, x.sum())),
    "range": (LINE, 2, lambda np, x: np.ptp(x)),
    "norm": (LINE, 2, lambda np, x: np.sqrt((x * x).sum())),
    "half precision": (LINE.astype("float16"), 2, lambda np, x: x.max() + x.min()),
    "complex": (LINE * 1j, 2, lambda np, x: abs(x.sum()) / 2),
    "integers": (LINE.astype(int), 2, lambda np, x: x.sum() // 7 % 5),
    "means of columns": (SHEET, 2, lambda np, x: x.mean(0)),
    "means of rows": (SHEET, 2, lambda np, x: x.mean(1, keepdims=True)),
    "columns, mean and variance": (SHEET, 4, lambda np, x: (x.mean(0), x.var(0))),
    "ranges of columns": (SHEET, 2, lambda np, x: np.ptp(x, 0)),
    "reshaped": (LINE, 2, lambda np, x: np.ptp(x.reshape(256, 512), 0)),
    "transposed": (SHEET, 2, lambda np, x: x.T.sum(1) * 2),
    "backwards": (SHEET, 2, lambda np, x: 1 - x[:, ::-1].sum(0)),
    "backwards again": (SHEET, 2, lambda np, x: x[:, ::-1].sum(0)[::-1] * 2),
    "merged axes": (SOLID, 2, lambda np, x: x.sum(0) / 2),
    "positions": (SHEET, 2, lambda np, x: x.sum(0) * np.arange(512)),
    "both axes": (SHEET, 3, lambda np, x: x.mean()),
}


@pytest.mark.skipif(TORN, reason="expressions are executed in parts")
@pytest.mark.parametrize("name", RESULTS)
def test_what_is_computed_of_results_is_a_part_of_their_kernel(name):
    x, wanted, work = RESULTS[name]
    a = quelea.asarray(x)
    made: list[Any] = []
    count = kernels(lambda: made.append(work(quelea, a)))
    assert NODES > 1 or count <= wanted
    results = made[0] if isinstance(made[0], tuple) else (made[0],)
    theirs = work(numpy, x)
    for mine, his in zip(results, theirs if len(results) > 1 else (theirs,), strict=True):
        same(mine, his)


@pytest.mark.parametrize("axis", [0, 1])
def test_results_change_what_was_reduced(axis):
    for np in (numpy, quelea):
        m, v = np.arange(200 * 300).reshape(200, 300) % 17 * 1.0, np.arange(200) * 1.0
        total = m.sum(axis)
        m[(slice(3, 4), slice(None))[:: 1 - 2 * axis]] = np.expand_dims(total, axis)  # reduced yet
        again = m.sum(axis) - total
        v[:] = v.sum() - v  # every point needs the sum
        v += v.max()
        r = m.max(axis)
        r += m.min(axis)  # in place
        r *= r
        if np is numpy:
            wanted = total, m, again, v, r
        else:
            for ours, theirs in zip((total, m, again, v, r), wanted, strict=True):
                same(ours, theirs)


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(1000,), (5, 300), (300, 5), (40, 41)])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_sums_beside_stores_have_their_bits(dtype, shape, axis):
    """A sum is the same whether its elements are stored along with it or not."""
    size = numpy.prod(shape)
    x = (numpy.arange(size) * 37 % 101 / 7).astype(dtype).reshape(shape)
    a = quelea.asarray(x)
    alone = [(a + a).sum(axis), (a + a).any(axis)]
    quelea.sync()
    s = a + a
    together = [s.sum(axis), s.any(axis)]
    quelea.sync()
    same(s, x + x)
    for ours, theirs in zip(together, alone, strict=True):
        same(ours, numpy.asarray(theirs))


# ---- hazards across joined groups ----


def test_a_value_is_read_before_it_is_overwritten():
    for np in (numpy, quelea):
        a, m = np.arange(SIZE) * 1.0, np.ones((30, 40))
        b = a[1:] + 1  # reads a
        m *= 2
        a[1:] = 5.0  # over the same domain, but what b reads is its own points' alone
        c = a[:-1] + 1  # reads what other points have just stored
        if np is numpy:
            wanted = b, m, c, a
        else:
            for ours, theirs in zip((b, m, c, a), wanted, strict=True):
                same(ours, theirs)


def test_a_stored_value_overwritten_between_is_not_forwarded():
    for np in (numpy, quelea):
        a, b = np.arange(SIZE) * 1.0, np.arange(SIZE) * 3.0
        a[:1000] = b[:1000] + 1
        a[500:600] = -7.0  # another domain
        c = a[:1000] * 2
        a[:1000] = c + b[:1000]
        a[100:200] = c[:100]
        d = a[:1000] - 1
        if np is numpy:
            wanted = c, d, a
        else:
            for ours, theirs in zip((c, d, a), wanted, strict=True):
                same(ours, theirs)


def test_an_inner_part_and_its_edges():
    for np in (numpy, quelea):
        m = np.arange(300 * 300).reshape(300, 300) % 17 * 1.0
        for _ in range(3):
            m[1:-1, 1:-1] = 0.5 * (m[:-2, 1:-1] + m[2:, 1:-1])
            m[0] = 0
            m[-1] = 0
            m[:, 0] = m[:, 1]
            m[:, -1] = m[:, -2]
        if np is numpy:
            wanted = m
        else:
            same(m, wanted)


# ---- generated programs ----


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("scale", [1, 40])
def test_generated_programs(scale, seed):
    ours = Program(quelea, seed, scale).run(20)
    theirs = Program(numpy, seed, scale).run(20)
    for k, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        same(x, y, (scale, seed, k))


@recorded
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u1"])
def test_rows_of_stencils_from_every_column(dtype):
    """Wherever a row begins and ends beside the lines of the cache: each element is stored, and no other."""
    columns = 700
    given = (numpy.arange(4 * columns) % 101).astype(dtype).reshape(4, columns)
    begins = (1, 2, 3, 7, 31, 32, 63, 64, 65)
    for begin in begins:
        for count in (1, 15, 64, 255, 257, 400, 500, 601):
            cut = slice(begin, begin + count)
            u, ours, theirs = quelea.asarray(given), quelea.zeros(given.shape, dtype), 0 * given
            for np, x, y in ((quelea, u, ours), (numpy, given, theirs)):
                y[1:-1, cut] = (
                    np.maximum(x[:-2, cut], x[2:, cut]) - x[1:-1, begin - 1 : begin + count - 1]
                )
            same(ours, theirs, (begin, count))
