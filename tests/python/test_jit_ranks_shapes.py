"""`quelea.jit` over Quelea's arrays, partitioned or not: products of matrices, other shapes, stores by bools."""

from typing import Any

import numpy as np
import pytest
from jit_on_ranks import check, field
from jobs import LAUNCHED

import quelea


@quelea.jit
def products(a, b, v, w):
    return a @ b, a @ v, w @ a, w @ a @ v, np.dot(a, b), np.matmul(w, a), np.outer(w, v)


@quelea.jit
def power_steps(a, x, steps):
    for _ in range(steps):
        y = a @ x
        x[:] = y / np.sqrt(y @ y)
    return x @ (a @ x)


@quelea.jit
def of_rows(stack, b, out):
    for i in range(stack.shape[0]):
        t = stack[i] @ b
        out[i] = t
    return stack @ b


@quelea.jit
def of_stacks(a, b):
    return a @ b


OTHERS = [] if LAUNCHED else ["c16", "f4", "u1", "f2", "?"]


@pytest.mark.parametrize("dtype", ["f8", "i4", *OTHERS])
def test_products_of_matrices(dtype: str) -> None:
    a, b = field(13, 17, dtype=dtype), field(17, 9, dtype=dtype, seed=2)
    v, w = field(17, dtype=dtype, seed=3), field(13, dtype=dtype, seed=4)
    if dtype in ("f8", "c16"):
        check(products, a, b, v, w)
    else:
        bits(products, a, b, v, w)


def bits(function: Any, *args: Any) -> None:
    """The bits that it gives on NumPy's arrays."""
    want = function(*args)
    got = function(*(quelea.asarray(arg) if isinstance(arg, np.ndarray) else arg for arg in args))
    for one, other in zip(got, want, strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(np.asarray(one), other)


def test_products_of_views_and_in_loops() -> None:
    a = field(40, 40)
    check(products, a[::2, 1::3], a[:26:2, :9].T.copy().T, a[3, 1:27:2], a[:20, 5])
    check(products, a[:7].T, a[:7], a[0, :7], a[1])
    check(power_steps, a @ a.T, field(40, seed=5), 7)
    check(of_rows, field(5, 6, 7), field(7, 8, seed=2), np.zeros((5, 6, 8)))
    check(of_stacks, field(5, 6, 7), field(5, 7, 3, seed=2))
    check(of_stacks, field(1, 6, 7), field(4, 7, 3, seed=2))
    check(of_stacks, field(4, 0), field(0, 3))


def test_products_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="inner dimensions"):
        of_stacks(quelea.asarray(field(4, 5)), quelea.asarray(field(4, 3)))


@quelea.jit
def shapes(x):
    n = x.size
    flat = x.reshape(n)
    return flat, np.reshape(x, (2, n // 2)), x.reshape(-1, 3, 1), x.T.reshape(n), x[::2].ravel()


@quelea.jit
def through_views(x, y):
    rows = x.reshape(4, 3, 5)
    rows[1] = 7
    rows[:, 0, 2] += 1
    rows[..., 4] = rows[..., 3] * 2
    rows[2, 1, 1] = 4
    copy = y[:, 1:4].reshape(18)
    copy[:] = 5
    for i in range(18):
        copy[i] = copy[i] + i
    return rows, copy, rows.sum(axis=1), rows[3, 2, 1]


@quelea.jit
def sums_over_new_axes(x, w):
    n, k = x.shape
    m = w.shape[1]
    return np.sum(np.reshape(x, (n, k, 1)) * np.reshape(w, (1, k, m)), axis=1)


@quelea.jit
def in_steps(x, n):
    for k in range(n):
        pairs = np.reshape(x, (2**k, 2, 2 ** (n - k - 1)))
        turned = np.transpose(pairs, (1, 0, 2)).copy()
        x[:] = np.reshape(turned, (2**n,)) + k
    return x


def test_other_shapes() -> None:
    check(shapes, field(6, 4))
    check(shapes, field(24))
    check(shapes, field(4, 3, 2, dtype="i4"))
    check(through_views, field(12, 5), field(6, 6))
    check(through_views, field(60), field(6, 6, dtype="f4"))
    check(sums_over_new_axes, field(12, 5), field(5, 7))
    check(in_steps, field(64), 6)
    with pytest.raises(ValueError, match="number of elements"):
        in_steps(quelea.asarray(field(63)), 6)


@quelea.jit
def by_bools(x, y):
    x[x < 0.1] = 0
    x[(y > 0) & (x > 0.5)] = 2.5
    y[~(x == 0)] = x.max()
    return x.sum()


@quelea.jit
def by_one_of_another_shape(x, y):
    x[y > 0] = 1


def test_numbers_stored_by_bools() -> None:
    check(by_bools, field(50), field(50, seed=2))
    check(by_bools, field(7, 9), field(7, 9, seed=2))
    check(by_bools, field(7, 9, dtype="i4"), field(7, 9, seed=2))
    with pytest.raises(IndexError, match="another shape"):
        by_one_of_another_shape(quelea.asarray(field(5)), quelea.asarray(field(6)))
