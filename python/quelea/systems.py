"""Systems of linear equations: each of a stack is solved by one call of LAPACK on one core."""

import math
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from . import _quelea
from ._quelea import ndarray
from .creation import empty, zeros
from .elementwise import as_array
from .lapack import check, dtypes, factorise, part_of, real_dtype, row_of, square

__all__ = [
    "inv",
    "lstsq",
    "solve",
    "tensorinv",
    "tensorsolve",
]


# ---- systems ----


def _stacked(a: ndarray, b: ndarray) -> tuple[ndarray, ndarray]:
    """Give both the same stacks."""
    shape = numpy.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return tuple(  # type: ignore[return-value]
        x if x.shape[:-2] == shape else _quelea.broadcast_to(x, shape + x.shape[-2:])
        for x in (a, b)
    )


def solve(a: Any, b: Any) -> ndarray:
    """Solve systems of linear equations, ``a @ x == b``.

    Parameters
    ----------
    a : array_like of shape (..., M, M)
    b : array_like of shape (M,) or (..., M, K)

    Returns
    -------
    ndarray of shape (M,), (..., M) or (..., M, K)

    Raises
    ------
    LinAlgError
        A matrix is singular, or not square.

    Examples
    --------
    >>> import quelea as np
    >>> np.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0])
    array([0.5 , 0.25])
    """
    x, y = square(a), as_array(b)
    computed, dtype = dtypes(x, y)
    if y.ndim == 0:
        raise ValueError(
            "solve: Input operand 1 does not have enough dimensions (has 0, gufunc core with signature "
            "(m,m),(m,n)->(m,n) requires 2)"
        )
    is_vector = y.ndim == 1
    signature = "(m,m),(m)->(m)" if is_vector else "(m,m),(m,n)->(m,n)"
    columns = y[:, None] if is_vector else y
    if columns.shape[-2] != x.shape[-1]:
        raise ValueError(
            "solve: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
            f"{signature} (size {columns.shape[-2]} is different from {x.shape[-1]})"
        )
    x, columns = _stacked(x, columns)
    if columns.size == 0:
        return empty(columns.shape[:-1] if is_vector else columns.shape, dtype)
    made = factorise("solve", "SOLVE", x, columns, dtype=computed)
    check(made, "Singular matrix")
    result = part_of(made, 0, columns.shape[-2], columns.shape[-1], dtype)
    return result[..., 0] if is_vector else result


def inv(a: Any) -> ndarray:
    """Give the inverses of square matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    ndarray of shape (..., M, M)

    Raises
    ------
    LinAlgError
        A matrix is singular, or not square.
    """
    x = square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        return empty(x.shape, dtype)
    made = factorise("inv", "INV", x, dtype=computed)
    check(made, "Singular matrix")
    return part_of(made, 0, x.shape[-1], x.shape[-1], dtype)


def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> ndarray:
    """Solve ``tensordot(a, x, x.ndim) == b``.

    Parameters
    ----------
    a : array_like
        Whose first axes are those of `b`; the product of their extents is that of the others.
    b : array_like
    axes : sequence of int, optional
        Axes of `a` that are moved to the end first.

    Returns
    -------
    ndarray
    """
    x, y = as_array(a), as_array(b)
    if axes is not None:
        order = list(range(x.ndim))
        for k in axes:
            order.remove(k)
            order.insert(x.ndim, k)
        x = x.transpose(order)
    shape = x.shape[-(x.ndim - y.ndim) :]
    size = math.prod(shape)
    if x.size != size**2:
        raise LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return solve(x.reshape(size, size), y.ravel()).reshape(shape)


def tensorinv(a: Any, ind: int = 2) -> ndarray:
    """Give the inverse of an array with regard to ``tensordot(a, b, ind)``.

    Parameters
    ----------
    a : array_like
    ind : int, default 2
        How many axes count as rows.

    Returns
    -------
    ndarray of shape a.shape[ind:] + a.shape[:ind]
    """
    x = as_array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = x.shape[ind:] + x.shape[:ind]
    return inv(x.reshape(math.prod(x.shape[ind:]), -1)).reshape(shape)


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[ndarray, ndarray, int, ndarray]:
    """Solve a system of linear equations so that the squares of what is left are least.

    Parameters
    ----------
    a : array_like of shape (M, N)
    b : array_like of shape (M,) or (M, K)
    rcond : float, optional
        Singular values that are smaller beside the largest one count as 0; by default the precision times the larger
        extent.

    Returns
    -------
    x : ndarray of shape (N,) or (N, K)
    residuals : ndarray of shape (K,), or (0,) where there are none or `a` has not full rank
    rank : int
    s : ndarray
        The singular values of `a`.
    """
    x, y = as_array(a), as_array(b)
    is_vector = y.ndim == 1
    if is_vector:
        y = y[:, None]
    for z in (x, y):
        if z.ndim != 2:
            raise LinAlgError(f"{z.ndim}-dimensional array given. Array must be two-dimensional")
    (m, n), count = x.shape, y.shape[1]
    if m != y.shape[0]:
        raise LinAlgError("Incompatible dimensions")
    computed, dtype = dtypes(x, y)
    real = real_dtype(dtype)
    if rcond is None:
        rcond = numpy.finfo(computed).eps * max(m, n)
    if x.size == 0:
        rank, found, s = 0, zeros((n, count), dtype), empty(0, real)
        left = _quelea.sum(_quelea.square(abs(y.astype(computed))), 0)
    else:
        wide = y if count else zeros((m, 1), y.dtype)
        made = factorise("lstsq", "LSTSQ", x, wide, 0, float(rcond), computed)
        check(made, "SVD did not converge in Linear Least Squares")
        rank = int(float(abs(made[-1, 1])))
        found = part_of(made, 0, n, count, dtype)
        left, s = row_of(made, n, count, real), row_of(made, n + 1, min(m, n), real)
    if rank != n or m <= n:
        left = empty(0, real)
    return (found[:, 0] if is_vector else found), left.astype(real), rank, s
