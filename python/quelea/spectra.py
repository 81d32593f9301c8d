"""Eigenvalues and singular values, and what follows from them: each matrix of a stack by LAPACK on one core."""

import math
from typing import Any, NamedTuple

import numpy
from numpy.linalg import LinAlgError

from . import _quelea, linear, manipulation
from ._quelea import ndarray
from .creation import empty
from .elementwise import as_array
from .lapack import (
    check,
    dtypes,
    factorise,
    failure_of,
    matrices,
    part_of,
    real_dtype,
    row_of,
    square,
    without_elements,
)

__all__ = [
    "cond",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "matrix_rank",
    "pinv",
    "svd",
    "svdvals",
]


class EigResult(NamedTuple):
    """What `eig` gives."""

    eigenvalues: ndarray
    eigenvectors: ndarray


class EighResult(NamedTuple):
    """What `eigh` gives."""

    eigenvalues: ndarray
    eigenvectors: ndarray


class SVDResult(NamedTuple):
    """What `svd` gives."""

    U: ndarray
    S: ndarray
    Vh: ndarray


# ---- eigenvalues ----


def _half(uplo: str) -> int:
    half = uplo.upper()
    if half not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return int(half == "U")


_NO_EIGENVALUES = "Eigenvalues did not converge"


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Give eigenvalues, which ascend, and eigenvectors of symmetric or Hermitian matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, M)
    UPLO : {'L', 'U'}
        Which half is read.

    Returns
    -------
    EighResult of eigenvalues (..., M) and eigenvectors (..., M, M), which are columns

    Raises
    ------
    LinAlgError
        Eigenvalues do not converge, or a matrix is not square.
    """
    half, x = _half(UPLO), square(a)
    computed, dtype = dtypes(x)
    n = x.shape[-1]
    if x.size == 0:
        return EighResult(*without_elements(numpy.linalg.eigh, x))
    made = factorise("eigh", "EIGH", x, None, half, dtype=computed)
    check(made, _NO_EIGENVALUES)
    return EighResult(row_of(made, n, n, real_dtype(dtype)), part_of(made, 0, n, n, dtype))


def eigvalsh(a: Any, UPLO: str = "L") -> ndarray:
    """Give the eigenvalues of symmetric or Hermitian matrices, which ascend.

    Parameters
    ----------
    a : array_like of shape (..., M, M)
    UPLO : {'L', 'U'}
        Which half is read.

    Returns
    -------
    ndarray of shape (..., M)
    """
    half, x = _half(UPLO), square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        return empty(x.shape[:-1], real_dtype(dtype))
    made = factorise("eigvalsh", "EIGVALSH", x, None, half, dtype=computed)
    check(made, _NO_EIGENVALUES)
    return row_of(made, 0, x.shape[-1], real_dtype(dtype))


def _finite(x: ndarray) -> None:
    if not bool(_quelea.all(_quelea.isfinite(x))):
        raise LinAlgError("Array must not contain infs or NaNs")


def _complex_if_needed(w: ndarray, computed: Any, dtype: Any) -> Any:
    """Say in which dtype eigenvalues are given: that of the matrix, if all of them are real."""
    if computed.kind == "c" or bool(_quelea.all(_quelea.equal(w.imag, 0))):
        return dtype
    return numpy.result_type(dtype, numpy.complex64)


def eig(a: Any) -> EigResult:
    """Give eigenvalues and eigenvectors of square matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    EigResult of eigenvalues (..., M) and eigenvectors (..., M, M), which are columns; real ones if all are

    Raises
    ------
    LinAlgError
        Eigenvalues do not converge, or a matrix is not square or not finite.
    """
    x = square(a)
    computed, dtype = dtypes(x)
    n = x.shape[-1]
    if x.size == 0:
        return EigResult(*without_elements(numpy.linalg.eig, x))
    _finite(x)
    made = factorise("eig", "EIG", x, dtype=computed)
    check(made, _NO_EIGENVALUES)
    dtype = _complex_if_needed(made[..., n, :], computed, dtype)
    return EigResult(row_of(made, n, n, dtype), part_of(made, 0, n, n, dtype))


def eigvals(a: Any) -> ndarray:
    """Give the eigenvalues of square matrices; real ones if all are.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    ndarray of shape (..., M)
    """
    x = square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        result: ndarray = without_elements(numpy.linalg.eigvals, x)
        return result
    _finite(x)
    made = factorise("eigvals", "EIGVALS", x, dtype=computed)
    check(made, _NO_EIGENVALUES)
    return row_of(made, 0, x.shape[-1], _complex_if_needed(made[..., 0, :], computed, dtype))


# ---- singular values ----

_NO_SINGULAR_VALUES = "SVD did not converge"


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Give the singular value decomposition of matrices: ``U * S[..., None, :] @ Vh``.

    Parameters
    ----------
    a : array_like of shape (..., M, N)
    full_matrices : bool, default True
        Whether U has all M columns and Vh all N rows, or each K = min(M, N).
    compute_uv : bool, default True
        Whether there are U and Vh.
    hermitian : bool, default False
        Whether the matrices are Hermitian: their lower halves are read.

    Returns
    -------
    SVDResult of U, S and Vh, or S, which descends

    Raises
    ------
    LinAlgError
        Singular values do not converge.
    """
    x = square(a) if hermitian else matrices(a)
    computed, dtype = dtypes(x)
    m, n = x.shape[-2:]
    k, real = min(m, n), real_dtype(dtype)
    if x.size == 0:
        words = {"full_matrices": full_matrices, "compute_uv": compute_uv, "hermitian": hermitian}
        found = without_elements(numpy.linalg.svd, x, **words)
        return SVDResult(*found) if compute_uv else found
    if hermitian:
        made = factorise("svd", "SVDH", x, dtype=computed)
        check(made, _NO_EIGENVALUES)
        u = v = n
    elif compute_uv:
        made = factorise("svd", "SVD", x, None, int(bool(full_matrices)), dtype=computed)
        check(made, _NO_SINGULAR_VALUES)
        u, v = (m, n) if full_matrices else (k, k)
    else:
        made = factorise("svd", "SVDVALS", x, dtype=computed)
        check(made, _NO_SINGULAR_VALUES)
        return row_of(made, 0, k, real)
    s = row_of(made, m + v, k, real)
    if not compute_uv:
        return s
    return SVDResult(part_of(made, 0, m, u, dtype), s, part_of(made, m, v, n, dtype))


def svdvals(x: Any, /) -> ndarray:
    """Give the singular values of matrices, which descend.

    Parameters
    ----------
    x : array_like of shape (..., M, N)

    Returns
    -------
    ndarray of shape (..., min(M, N))
    """
    result: ndarray = svd(x, compute_uv=False)
    return result


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None
) -> ndarray | int:
    """Count the singular values of matrices that are not small.

    Parameters
    ----------
    A : array_like of shape (M,) or (..., M, N)
    tol : array_like of shape (...), optional
        What counts as small; by default `rtol` times the largest.
    hermitian : bool, default False
    rtol : array_like of shape (...), optional
        By default the precision times the larger extent.

    Returns
    -------
    ndarray of shape (...), or int for a vector
    """
    if rtol is not None and tol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    x = as_array(A)
    if x.ndim < 2:
        return int(not bool(_quelea.all(_quelea.equal(x, 0))))
    s = svd(x, compute_uv=False, hermitian=hermitian)
    if tol is not None:
        least = as_array(tol)[..., None]
    else:
        relative: Any = (
            max(x.shape[-2:]) * numpy.finfo(s.dtype).eps
            if rtol is None
            else as_array(rtol)[..., None]
        )
        least = _quelea.multiply(_quelea.max(s, -1, keepdims=True, initial=0), relative)
    return _quelea.count_nonzero(_quelea.greater(s, least), axis=-1)


_NOT_GIVEN: Any = numpy._NoValue


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _NOT_GIVEN) -> ndarray:
    """Give the pseudo-inverses of matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, N)
    rcond : array_like of shape (...), default 1e-15
        Singular values that are smaller beside the largest one count as 0.
    hermitian : bool, default False
    rtol : array_like of shape (...), optional
        The same; None: the precision times the larger extent.

    Returns
    -------
    ndarray of shape (..., N, M)
    """
    x = as_array(a)
    if rcond is not None and rtol is not _NOT_GIVEN:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None and rtol is None:
        rcond = max(x.shape[-2:]) * numpy.finfo(x.dtype).eps
    elif rcond is None:
        rcond = 1e-15 if rtol is _NOT_GIVEN else rtol
    if x.size == 0 and x.ndim >= 2 and math.prod(x.shape[-2:]) == 0:
        return empty((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    u, s, vh = svd(x.conj(), full_matrices=False, hermitian=hermitian)
    cutoff = _quelea.multiply(as_array(rcond)[..., None], _quelea.max(s, -1, keepdims=True))
    large = _quelea.greater(s, cutoff)
    inverse = _quelea.where(large, _quelea.divide(1, _quelea.where(large, s, 1)), 0)
    inverse = inverse.astype(s.dtype, copy=False)
    right = _quelea.multiply(inverse[..., None], manipulation.matrix_transpose(u))
    return linear.matmul(manipulation.matrix_transpose(vh), right)


def cond(x: Any, p: Any = None) -> ndarray:
    """Give condition numbers of matrices.

    Parameters
    ----------
    x : array_like of shape (..., M, N)
    p : {None, 2, -2, 1, -1, inf, -inf, 'fro', 'nuc'}
        The norm; None and 2: the largest singular value beside the smallest.

    Returns
    -------
    ndarray of shape (...)
    """
    from . import linalg  # which imports this module

    a = as_array(x)
    if a.ndim >= 2 and a.size == 0 and math.prod(a.shape[-2:]) == 0:
        raise LinAlgError("cond is not defined on empty arrays")
    if p is None or p in (2, -2):
        s = svdvals(a)
        first, last = s[..., 0], s[..., -1]
        result = _quelea.divide(last, first) if p == -2 else _quelea.divide(first, last)
    else:
        a = square(a)
        computed, dtype = dtypes(a)
        if a.size == 0:
            return empty(a.shape[:-2], real_dtype(dtype))
        made = factorise("cond", "INV", a, dtype=computed)
        inverse = part_of(made, 0, a.shape[-1], a.shape[-1], dtype)
        inverse = _quelea.where(
            _quelea.equal(failure_of(made), 0)[..., None, None], inverse, math.nan
        )
        product = _quelea.multiply(
            linalg.norm(a, p, axis=(-2, -1)), linalg.norm(inverse, p, axis=(-2, -1))
        )
        result = product.astype(real_dtype(dtype), copy=False)
    given = _quelea.any(_quelea.isnan(a), (-2, -1))
    unknown = _quelea.logical_and(_quelea.isnan(result), _quelea.logical_not(given))
    found: ndarray = _quelea.where(unknown, math.inf, result).astype(result.dtype, copy=False)
    return found
