"""``np.linalg``: norms, products of matrices, and what LAPACK makes of them.

That is in `systems`, `factors` and `spectra`, over `lapack`.
"""

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.linalg import LinAlgError

from . import _quelea, diagonals, linear, manipulation, products
from ._quelea import ndarray
from .creation import empty_like, eye
from .elementwise import as_array
from .factors import cholesky, det, qr, slogdet
from .spectra import cond, eig, eigh, eigvals, eigvalsh, matrix_rank, pinv, svd, svdvals
from .systems import inv, lstsq, solve, tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

# ---- norms ----


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> ndarray:
    """Norm of vectors or of matrices.

    Parameters
    ----------
    x : array_like
    ord : number, inf, -inf, 'fro' or 'nuc', optional
        Of vectors: the largest or smallest magnitude (inf, -inf), the number of elements that are not 0 (0), else the
        root of the sum of powers. Of matrices: the largest or smallest sum of magnitudes of a row (inf, -inf) or a
        column (1, -1), the largest, smallest or sum of the singular values (2, -2, 'nuc'), or the root of the sum of
        squares ('fro', the default).
    axis : int or (int, int), optional
        Of the vectors, or of the matrices; all, by default, of which there is one or two if `ord` is given.
    keepdims : bool, default False
        Whether reduced axes stay, with extent 1.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.linalg.norm([3.0, 4.0]))
    5.0
    """
    a = as_array(x)
    if a.dtype.kind not in "fc":
        a = a.astype(float)
    if axis is None and (
        ord is None or (a.ndim == 2 and ord in ("f", "fro")) or (a.ndim == 1 and ord == 2)
    ):
        return _quelea.sqrt(_quelea.sum(_squares(a), keepdims=bool(keepdims)))
    if axis is None:
        axes: tuple[Any, ...] = tuple(range(a.ndim))
    elif isinstance(axis, tuple):
        axes = axis
    else:
        try:
            axes = (int(axis),)
        except Exception as error:
            raise TypeError("'axis' must be None, an integer or a tuple of integers") from error
    if len(axes) == 1:
        return _of_vectors(a, ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrices(a, ord, axes, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


def _squares(a: ndarray) -> ndarray:
    """Squares of magnitudes."""
    if a.dtype.kind == "c":
        return _quelea.square(a.real) + _quelea.square(a.imag)
    return _quelea.square(a)


def _of_vectors(a: ndarray, ord: Any, axis: tuple[int, ...] | None, keepdims: bool) -> ndarray:
    if ord is None or ord == 2:
        return _quelea.sqrt(_quelea.sum(_squares(a), axis, keepdims=keepdims))
    if ord == numpy.inf:
        return _quelea.max(abs(a), axis, keepdims=keepdims, initial=0)
    if ord == -numpy.inf:
        return _quelea.min(abs(a), axis, keepdims=keepdims)
    if ord == 0:
        return _quelea.sum(_quelea.not_equal(a, 0).astype(a.real.dtype), axis, keepdims=keepdims)
    if ord == 1:
        return _quelea.sum(abs(a), axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    powers = abs(a)
    powers **= ord
    total = _quelea.sum(powers, axis, keepdims=keepdims)
    return _quelea.power(total, numpy.reciprocal(ord, dtype=total.dtype))


def _of_matrices(a: ndarray, ord: Any, axis: tuple[int, ...], keepdims: bool) -> ndarray:
    row, column = (normalize_axis_index(i, a.ndim) for i in axis)
    if row == column:
        raise ValueError("Duplicate axes given.")
    if ord in (2, -2, "nuc"):
        s = svdvals(manipulation.moveaxis(a, (row, column), (-2, -1)))
        of_values = (
            _quelea.sum(s, -1)
            if ord == "nuc"
            else _quelea.max(s, -1, initial=0)
            if ord == 2
            else _quelea.min(s, -1)
        )
        return _quelea.expand_dims(of_values, sorted((row, column))) if keepdims else of_values
    if ord in (None, "fro", "f"):
        return _quelea.sqrt(_quelea.sum(_squares(a), (row, column), keepdims=bool(keepdims)))
    if ord in (1, -1):
        summed, other = row, column
    elif ord in (numpy.inf, -numpy.inf):
        summed, other = column, row
    else:
        raise ValueError("Invalid norm order for matrices.")
    sums = _quelea.sum(abs(a), summed, keepdims=True)
    found = (
        _quelea.max(sums, other, keepdims=True, initial=0)
        if ord > 0
        else _quelea.min(sums, other, keepdims=True)
    )
    return found if keepdims else found.squeeze((row, column))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> ndarray:
    """Norm of vectors over any number of axes, all by default.

    Parameters
    ----------
    x : array_like
    axis : int or tuple of int, optional
    keepdims : bool, default False
    ord : number, inf or -inf, default 2

    Returns
    -------
    ndarray
    """
    a = as_array(x)
    if a.dtype.kind not in "fc":
        a = a.astype(float)
    axes = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    return _of_vectors(a, ord, axes or None, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> ndarray:
    """Norm of matrices over the last two axes. The parameters are those of `norm`.

    Returns
    -------
    ndarray
    """
    return norm(x, ord, (-2, -1), keepdims)


# ---- products ----


def multi_dot(arrays: Sequence[Any], *, out: ndarray | None = None) -> ndarray:
    """Product of several matrices, in the order that takes the fewest multiplications.

    Parameters
    ----------
    arrays : sequence of array_like
        The first and the last may be vectors.
    out : ndarray, optional

    Returns
    -------
    ndarray
    """
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return linear.dot(arrays[0], arrays[1], out=out)
    factors = [as_array(a) for a in arrays]
    begins, ends = factors[0].ndim == 1, factors[-1].ndim == 1
    if begins:
        factors[0] = factors[0][None, :]
    if ends:
        factors[-1] = factors[-1][:, None]
    for factor in factors:
        if factor.ndim != 2:
            raise LinAlgError(
                f"{factor.ndim}-dimensional array given. Array must be two-dimensional"
            )
    extents = [factors[0].shape[0], *(f.shape[1] for f in factors)]
    result = _chain(factors, _cuts(extents), 0, len(factors) - 1, out)
    if begins and ends:
        return result[0, 0]
    return result.ravel() if begins or ends else result


def _cuts(extents: list[int]) -> dict[tuple[int, int], int]:
    """Where each chain of factors is cut in two, by the numbers of multiplications (Cormen, chapter 15.2)."""
    count = len(extents) - 1
    costs = {(i, i): 0 for i in range(count)}
    cuts = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            ways = {
                k: costs[i, k] + costs[k + 1, j] + extents[i] * extents[k + 1] * extents[j + 1]
                for k in range(i, j)
            }
            cuts[i, j] = min(ways, key=ways.__getitem__)  # the first of equal ones
            costs[i, j] = ways[cuts[i, j]]
    return cuts


def _chain(
    factors: list[ndarray], cuts: dict[tuple[int, int], int], i: int, j: int, out: ndarray | None
) -> ndarray:
    if i == j:
        return factors[i]
    k = cuts[i, j]
    return linear.dot(
        _chain(factors, cuts, i, k, None), _chain(factors, cuts, k + 1, j, None), out=out
    )


def matrix_power(a: Any, n: int) -> ndarray:
    """Product of a square matrix with itself, `n` times.

    Parameters
    ----------
    a : array_like of shape (..., M, M)
    n : int
        Below 0 the inverse is multiplied.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    if x.ndim < 2:
        raise LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    if x.shape[-1] != x.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    try:
        n = operator.index(n)
    except TypeError as error:
        raise TypeError("exponent must be an integer") from error
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        result = empty_like(x)
        result[...] = eye(x.shape[-1], dtype=x.dtype)
        return result
    if n <= 3:
        return functools.reduce(linear.matmul, [x] * n)
    power: ndarray | None = None
    product: ndarray | None = None
    while n > 0:
        power = x if power is None else linear.matmul(power, power)
        n, bit = divmod(n, 2)
        if bit:
            product = power if product is None else linear.matmul(product, power)
    return product  # type: ignore[return-value]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> ndarray:
    """Cross product of vectors of three components along an axis.

    Returns
    -------
    ndarray
    """
    x, y = as_array(x1), as_array(x2)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{x.shape[axis]} and {y.shape[axis]} dimensional instead."
        )
    return products.cross(x, y, axis=axis)


def outer(x1: Any, x2: Any, /) -> ndarray:
    """Give the products of all pairs of elements of two vectors.

    Returns
    -------
    ndarray of shape (x1.size, x2.size)
    """
    x, y = as_array(x1), as_array(x2)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={x.ndim} and x2.ndim={y.ndim}."
        )
    return linear.outer(x, y)


def matmul(x1: Any, x2: Any, /) -> ndarray:
    """Matrix product over the last two axes; the others broadcast.

    Returns
    -------
    ndarray
    """
    return linear.matmul(x1, x2)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> ndarray:
    """Sum of products over an axis, the first conjugated; the other axes broadcast.

    Returns
    -------
    ndarray
    """
    return linear.vecdot(x1, x2, axis=axis)


def tensordot(x1: Any, x2: Any, /, *, axes: int | Sequence[Any] = 2) -> ndarray:
    """Sum of products over several pairs of axes.

    Returns
    -------
    ndarray
    """
    return linear.tensordot(x1, x2, axes)


def matrix_transpose(x: Any, /) -> ndarray:
    """Give a view with the last two axes exchanged.

    Returns
    -------
    ndarray
    """
    return manipulation.matrix_transpose(x)


def diagonal(x: Any, /, *, offset: int = 0) -> ndarray:
    """Give a diagonal of the last two axes, as a copy that cannot be written.

    Returns
    -------
    ndarray
    """
    return diagonals.diagonal(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> ndarray:
    """Sum along a diagonal of the last two axes.

    Returns
    -------
    ndarray
    """
    return linear.trace(x, offset, -2, -1, dtype)
