"""Factors and determinants of matrices: each of a stack by one call of LAPACK on one core."""

import warnings
from typing import Any, NamedTuple

import numpy

from . import _quelea, manipulation
from ._quelea import ndarray
from .creation import empty
from .lapack import (
    cast,
    check,
    dtypes,
    factorise,
    matrices,
    part_of,
    real_dtype,
    row_of,
    square,
    without_elements,
)

__all__ = [
    "cholesky",
    "det",
    "qr",
    "slogdet",
]


class QRResult(NamedTuple):
    """What `qr` gives."""

    Q: ndarray
    R: ndarray


class SlogdetResult(NamedTuple):
    """What `slogdet` gives."""

    sign: ndarray
    logabsdet: ndarray


# ---- determinants and factors ----


def slogdet(a: Any) -> SlogdetResult:
    """Give the signs of the determinants of square matrices, and the logarithms of their magnitudes.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    SlogdetResult
        sign, 0 where a matrix is singular, and logabsdet, -inf there
    """
    x = square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        return SlogdetResult(*without_elements(numpy.linalg.slogdet, x))
    made = factorise("slogdet", "SLOGDET", x, dtype=computed)
    check(made, "")
    return SlogdetResult(cast(made[..., 0, 0], dtype), cast(made[..., 0, 1], real_dtype(dtype)))


def det(a: Any) -> ndarray:
    """Give the determinants of square matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    ndarray of shape (...)
    """
    x = square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        result: ndarray = without_elements(numpy.linalg.det, x)
        return result
    made = factorise("det", "SLOGDET", x, dtype=computed)
    check(made, "")
    size = _quelea.exp(made[..., 0, 1].real if computed.kind == "c" else made[..., 0, 1])
    return cast(_quelea.multiply(made[..., 0, 0], size), dtype)


def cholesky(a: Any, /, *, upper: bool = False) -> ndarray:
    """Give the triangular factors of positive definite matrices: ``L @ L.mT.conj()``, or ``U.mT.conj() @ U``.

    Parameters
    ----------
    a : array_like of shape (..., M, M)
        Of which the lower half is read, or the upper one.
    upper : bool, default False

    Returns
    -------
    ndarray of shape (..., M, M)

    Raises
    ------
    LinAlgError
        A matrix is not positive definite, or not square.
    """
    x = square(a)
    computed, dtype = dtypes(x)
    if x.size == 0:
        return empty(x.shape, dtype)
    made = factorise("cholesky", "CHOLESKY", x, None, int(bool(upper)), dtype=computed)
    check(made, "Matrix is not positive definite")
    return part_of(made, 0, x.shape[-1], x.shape[-1], dtype)


_QR = {"reduced": 0, "complete": 1, "r": 2, "raw": 3, "economic": 3}


def qr(a: Any, mode: str = "reduced") -> Any:
    """Give orthonormal columns and a triangle whose product is the matrix.

    Parameters
    ----------
    a : array_like of shape (..., M, N)
    mode : {'reduced', 'complete', 'r', 'raw'}
        K = min(M, N) columns, or all M; the triangle alone; or LAPACK's reflectors, transposed, and their factors.

    Returns
    -------
    QRResult of Q (..., M, K) and R (..., K, N), or R, or (h, tau)

    Raises
    ------
    ValueError
        No such mode.
    """
    if mode in ("f", "full"):
        warnings.warn(
            "The 'full' option is deprecated in favor of 'reduced'.\nFor backward compatibility let mode default.",
            DeprecationWarning,
            stacklevel=2,
        )
        mode = "reduced"
    elif mode in ("e", "economic"):
        warnings.warn("The 'economic' option is deprecated.", DeprecationWarning, stacklevel=2)
        mode = "economic"
    elif mode not in _QR:
        raise ValueError(f"Unrecognized mode '{mode}'")
    x = matrices(a)
    computed, dtype = dtypes(x)
    m, n = x.shape[-2:]
    k = min(m, n)
    if x.size == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = without_elements(numpy.linalg.qr, x, mode)
        return found if isinstance(found, ndarray) else _named(found, mode)
    made = factorise("qr", "QR", x, None, _QR[mode], dtype=computed)
    check(made, "Incorrect argument found while performing QR factorization")
    if mode == "r":
        return part_of(made, 0, k, n, dtype)
    if mode == "raw":
        return part_of(made, 0, n, m, dtype), row_of(made, n, k, dtype)
    if mode == "economic":
        return manipulation.matrix_transpose(part_of(made, 0, n, m, dtype))
    q = m if mode == "complete" else k
    return QRResult(part_of(made, 0, m, q, dtype), part_of(made, m, q, n, dtype))


def _named(found: list[ndarray], mode: str) -> Any:
    return tuple(found) if mode == "raw" else QRResult(*found)
