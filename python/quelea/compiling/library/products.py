"""Products of vectors and matrices.

Sums are those of np.sum, bit for bit (contract C7): leaves of 128 elements with 8 accumulators each, and a tree over
the leaves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .intrinsics import axis as axis_of
from .intrinsics import diagonal as diagonal_of
from .intrinsics import dtype as dtype_of
from .intrinsics import (
    in_memory,
    is_array,
    is_contiguous,
    is_on_ranks,
    kind,
    product,
    refuse,
    result_type,
    value,
)


def _as(x: Any, t: Any) -> Any:
    """Of that dtype, a copy only where it is of another."""
    return x if dtype_of(x) == t else x.astype(t)


def _contract(a: Any, b: Any) -> Any:
    """The sum of products over the last axis."""
    t = result_type(a, b)
    if t == np.bool_:
        return np.any(np.logical_and(a, b), axis=-1)
    if t == np.float16:
        return np.sum(a.astype(np.float32) * b.astype(np.float32), axis=-1).astype(t)
    return _as(np.sum(a * b, axis=-1), t)


def _columns(a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """The columns first to last of a product of matrices: each of them a sum over k by leaves and tree."""
    count = a.shape[1]
    width = last - first
    zero = dtype_of(out)(0)
    sums = np.empty((8, width), dtype_of(out))  # accumulators of a leaf
    tree = np.empty((64, width), dtype_of(out))  # sums of 1, 2, 4 ... leaves
    for i in range(a.shape[0]):
        leaf = 0
        for begin in range(0, count, 128):
            end = min(begin + 128, count)
            for k in range(begin, min(begin + 8, end)):
                x = a[i, k]
                for j in range(width):
                    sums[k - begin, j] = x * b[k, first + j]
            for k in range(begin + 8, end):
                x, r = a[i, k], (k - begin) & 7
                for j in range(width):
                    sums[r, j] += x * b[k, first + j]
            apart = 1
            while apart < 8:
                for r in range(0, 8, 2 * apart):
                    if r + apart < end - begin:
                        for j in range(width):
                            sums[r, j] += sums[r + apart, j]
                apart *= 2
            level, rest = 0, leaf
            while rest & 1:
                for j in range(width):
                    sums[0, j] = tree[level, j] + sums[0, j]
                level, rest = level + 1, rest >> 1
            for j in range(width):
                tree[level, j] = sums[0, j]
            leaf += 1
        level, is_first = 0, True
        while leaf >> level:
            if leaf >> level & 1:
                for j in range(width):
                    sums[0, j] = tree[level, j] if is_first else tree[level, j] + sums[0, j]
                is_first = False
            level += 1
        for j in range(width):
            out[i, first + j] = zero if is_first else sums[0, j] + zero


def _matrix(a: Any, b: Any) -> Any:
    """The product of two matrices of one dtype."""
    out = np.empty((a.shape[0], b.shape[1]), dtype_of(a))
    for first in range(0, b.shape[1], 128):
        _columns(a, b, out, first, min(first + 128, b.shape[1]))
    return out


def _in_order(x: Any) -> Any:
    return x if is_contiguous(x) else x.copy()


def _matrix_product(a: Any, b: Any) -> Any:
    t = result_type(a, b)
    if is_on_ranks(a):
        return product(a, b)
    if t == np.bool_:
        return _matrix(a.astype(np.int64), b.astype(np.int64)) != 0
    if t == np.float16:
        return _matrix(a.astype(np.float32), b.astype(np.float32)).astype(t)
    return _matrix(_as(a, t), _in_order(_as(b, t)))


def _check(k: int, over: int) -> None:
    if k != over:
        raise ValueError("matmul: the inner dimensions of the operands differ")


def _stack_at(x: Any, i: int) -> Any:
    if x.ndim == 2:
        return x
    else:
        return x[i if x.shape[0] != 1 else 0]


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes."""
    a, b = value(x1), value(x2)
    if a.ndim == 0 or b.ndim == 0:
        return refuse("np.matmul takes arrays, not numbers", "write x * y")
    elif a.ndim == 1 and b.ndim == 1:
        _check(a.shape[0], b.shape[0])
        return _contract(a, b)
    elif b.ndim == 1:
        _check(a.shape[-1], b.shape[0])
        return _contract(a, b)
    elif a.ndim == 1 and b.ndim == 2:
        _check(a.shape[0], b.shape[0])
        return _matrix_product(a[None, :], b)[0]
    elif a.ndim == 2 and b.ndim == 2:
        _check(a.shape[1], b.shape[0])
        return _matrix_product(a, b)
    elif b.ndim == 2:
        _check(a.shape[-1], b.shape[0])
        count = 1
        for n in a.shape[:-1]:
            count *= n
        rows = _matrix_product(a.reshape(count, a.shape[-1]), b)
        return rows.reshape((*a.shape[:-1], b.shape[1]))
    elif a.ndim <= 3 and a.ndim >= 2 and b.ndim == 3:
        _check(a.shape[-1], b.shape[1])
        many = b.shape[0]
        if a.ndim == 3:
            many = max(a.shape[0], many) if a.shape[0] and many else 0
            if (a.shape[0] != many and a.shape[0] != 1) or (b.shape[0] != many and b.shape[0] != 1):
                raise ValueError("matmul: operands could not be broadcast together")
        out = np.empty((many, a.shape[-2], b.shape[2]), result_type(a, b))
        for i in range(many):
            out[i] = _matrix_product(_stack_at(a, i), _stack_at(b, i))
        return out
    else:
        return refuse(
            "np.matmul of these numbers of dimensions is not there in @jit", "write a loop over it"
        )


def _stored(result: Any, out: Any) -> Any:
    """The result in an array that is given for it."""
    if not is_array(out) or dtype_of(out) != dtype_of(result) or out.ndim != result.ndim:
        return refuse("out= takes an array of the result's dtype and shape", "leave it out")
    for k in tuple(k for k in range(result.ndim)):
        if out.shape[k] != result.shape[k]:
            raise ValueError("output array is not acceptable: it has another shape")
    out[...] = result
    return out


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """The sum of products over the last axis of a and the second to last of b."""
    return _dot(a, b) if out is None else _stored(_dot(a, b), out)


def _dot(a: Any, b: Any) -> Any:
    x, y = value(a), value(b)
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    elif y.ndim <= 2:
        return matmul(x, y)
    else:
        return refuse(
            "np.dot with more than two dimensions on the right is not there", "use matmul"
        )


def vdot(a: Any, b: Any) -> Any:
    """The sum of products of the flattened arrays, the first conjugated."""
    x, y = value(a), value(b)
    if x.ndim == 0 or y.ndim == 0:
        return np.conj(x) * y
    else:
        p, q = x.ravel(), y.ravel()
        _check(len(p), len(q))
        if kind(p) == "c":
            return _contract(np.conj(p), q)
        else:
            return _contract(p, q)


def inner(a: Any, b: Any) -> Any:
    """The sum of products over the last axes."""
    x, y = value(a), value(b)
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    elif y.ndim == 1:
        return matmul(x, y)
    elif y.ndim == 2 and x.ndim == 2:
        return matmul(x, y.T)
    elif y.ndim == 2 and x.ndim == 1:
        return matmul(y, x)
    else:
        return refuse("np.inner of these numbers of dimensions is not there", "use matmul")


def outer(a: Any, b: Any) -> Any:
    """The products of all pairs."""
    x, y = value(a), value(b)
    left = x.ravel() if is_array(x) else np.array([x])
    right = y.ravel() if is_array(y) else np.array([y])
    return left[:, None] * right


def outer_of(function: Any, a: Any, b: Any) -> Any:
    """What a ufunc gives of all pairs."""
    x, y = value(a), value(b)
    if x.ndim == 0 or y.ndim == 0:
        return function(x, y)
    else:
        return function(x.reshape(x.shape + (1,) * y.ndim), y)


def kron(a: Any, b: Any) -> Any:
    """The product of Kronecker of two matrices or two vectors."""
    x, y = value(a), value(b)
    if x.ndim == 1 and y.ndim == 1:
        return (x[:, None] * y).ravel()
    elif x.ndim == 2 and y.ndim == 2:
        shape = x.shape[0] * y.shape[0], x.shape[1] * y.shape[1]
        return (x[:, None, :, None] * y[:, None, :]).reshape(shape)
    else:
        return refuse("np.kron takes two vectors or two matrices here", "use reshape")


def trace(a: Any, offset: int = 0) -> Any:
    """The sum of the diagonal of a matrix."""
    return np.sum(diagonal_of(value(a), offset))


def cross(a: Any, b: Any) -> Any:
    """The vector product, over the last axis."""
    x, y = value(a), value(b)
    out = np.empty(x.shape if x.ndim >= y.ndim else y.shape, result_type(x, y))
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ValueError("incompatible dimensions for cross product: both have 3 here")
    out[..., 0] = x[..., 1] * y[..., 2] - x[..., 2] * y[..., 1]
    out[..., 1] = x[..., 2] * y[..., 0] - x[..., 0] * y[..., 2]
    out[..., 2] = x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    return out


# ---- linear algebra ----


def _inexact(x: Any) -> Any:
    """A copy, of floats."""
    if kind(x) == "f" or kind(x) == "c":
        return x.copy()
    else:
        return x.astype(np.float64)


def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """The norm of a vector, or of all elements."""
    v = _inexact(value(x))
    if ord is None and axis is None:
        w = v.ravel()
        if kind(w) == "c":
            return np.sqrt(np.sum(w.real * w.real) + np.sum(w.imag * w.imag))
        else:
            return np.sqrt(np.sum(w * w))
    elif axis is not None and (ord is None or ord == 2):
        at = axis_of(axis, v.ndim)
        return np.sqrt(np.sum((np.conj(v) * v).real, axis=at))
    elif v.ndim == 1:
        if ord == np.inf:
            return np.max(np.abs(v))
        elif ord == -np.inf:
            return np.min(np.abs(v))
        elif ord == 1:
            return np.sum(np.abs(v))
        elif ord == 2:
            return np.sqrt(np.sum((np.conj(v) * v).real))
        else:
            return refuse("this ord of np.linalg.norm is not there in @jit", "use 1, 2 or np.inf")
    else:
        return refuse(
            "np.linalg.norm of a matrix takes no ord here", "leave it out, or reshape the array"
        )


def _factorise(a: Any, rows: Any) -> int:
    """Gauss, with the largest element of each column as pivot: L and U in place, the sign of the order."""
    n, sign = a.shape[0], 1
    for i in range(n):
        rows[i] = i
    for k in range(n):
        at = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[at, k]):
                at = i
        if at != k:
            for j in range(n):
                x = a[k, j]
                a[k, j] = a[at, j]
                a[at, j] = x
            row = rows[k]
            rows[k] = rows[at]
            rows[at] = row
            sign = -sign
        if a[k, k] != 0:
            for i in range(k + 1, n):
                x = a[i, k] / a[k, k]
                a[i, k] = x
                for j in range(k + 1, n):
                    a[i, j] -= x * a[k, j]
    return sign


def _square(x: Any, name: str) -> Any:
    """A copy of a square matrix, of floats."""
    a = in_memory(_inexact(value(x)), name)
    if a.ndim != 2:
        refuse("this is of one matrix in @jit", "call it for each matrix")
    elif a.shape[0] != a.shape[1]:
        raise ValueError("the matrix is not square")
    return a


def _solved(a: Any, b: Any) -> Any:
    """The solutions for the columns of b."""
    n = a.shape[0]
    rows = np.empty(n, np.int64)
    _factorise(a, rows)
    out = np.empty((n, b.shape[1]), dtype_of(a))
    for i in range(n):
        if a[i, i] == 0:
            raise ValueError("Singular matrix")
        out[i] = b[rows[i]]
    for i in range(n):
        for k in range(i):
            x = a[i, k]
            for j in range(b.shape[1]):
                out[i, j] -= x * out[k, j]
    for m in range(n):
        i = n - 1 - m
        for k in range(i + 1, n):
            x = a[i, k]
            for j in range(b.shape[1]):
                out[i, j] -= x * out[k, j]
        for j in range(b.shape[1]):
            out[i, j] /= a[i, i]
    return out


def solve(a: Any, b: Any) -> Any:
    """The solution of a @ x == b."""
    left, right = (
        _square(a, "np.linalg.solve"),
        in_memory(_inexact(value(b)), "np.linalg.solve"),
    )
    if left.shape[0] != right.shape[0]:
        raise ValueError("solve: the matrix and the right side are of different lengths")
    t = result_type(left, right)
    if right.ndim == 1:
        return _solved(left.astype(t), right.astype(t)[:, None])[:, 0].copy()
    elif right.ndim == 2:
        return _solved(left.astype(t), right.astype(t))
    else:
        return refuse("np.linalg.solve takes a vector or a matrix here", "call it for each")


def inv(a: Any) -> Any:
    """The inverse matrix."""
    x = _square(a, "np.linalg.inv")
    return _solved(x, np.eye(x.shape[0], None, 0, dtype_of(x)))


def det(a: Any) -> Any:
    """The determinant."""
    x = _square(a, "np.linalg.det")
    rows = np.empty(x.shape[0], np.int64)
    result = dtype_of(x)(_factorise(x, rows))
    for k in range(x.shape[0]):
        result = result * x[k, k]
    return result


def cholesky(a: Any) -> Any:
    """The lower triangle L with L @ L.T == a."""
    x = _square(a, "np.linalg.cholesky")
    n = x.shape[0]
    out = np.zeros((n, n), dtype_of(x))
    for i in range(n):
        for j in range(i + 1):
            s = x[i, j]
            for k in range(j):
                s -= out[i, k] * np.conj(out[j, k])
            if i != j:
                out[i, j] = s / out[j, j]
            elif not s.real > 0:
                raise ValueError("Matrix is not positive definite")
            else:
                out[i, i] = np.sqrt(s)
    return out
