"""What LAPACK makes of matrices: a stack is shared out over ranks, each matrix is one call on one core.

Everything that comes of a matrix lies in one array, part below part (``factors.def``), whose last row begins with
LAPACK's info. That is looked at before the parts are given out, so an error is raised on all ranks, at this line. As
NumPy's, they are computed in double precision and rounded.
"""

import math
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.linalg import LinAlgError

from . import _quelea, linear, manipulation
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import empty, zeros
from .elementwise import as_array
from .errors import GatherWarning

__all__ = [
    "cholesky",
    "cond",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
]


class EigResult(NamedTuple):
    """What `eig` gives."""

    eigenvalues: ndarray
    eigenvectors: ndarray


class EighResult(NamedTuple):
    """What `eigh` gives."""

    eigenvalues: ndarray
    eigenvectors: ndarray


class QRResult(NamedTuple):
    """What `qr` gives."""

    Q: ndarray
    R: ndarray


class SVDResult(NamedTuple):
    """What `svd` gives."""

    U: ndarray
    S: ndarray
    Vh: ndarray


class SlogdetResult(NamedTuple):
    """What `slogdet` gives."""

    sign: ndarray
    logabsdet: ndarray


# ---- what goes in ----


def _matrices(a: Any) -> ndarray:
    x = as_array(a)
    if x.ndim < 2:
        raise LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return x


def _square(a: Any) -> ndarray:
    x = _matrices(a)
    if x.shape[-1] != x.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    return x


def _dtypes(*arrays: ndarray) -> tuple[Any, Any]:
    """Give the dtype in which is computed, and that of the result: single precision if nothing has more."""
    is_complex, is_single = False, True
    for x in arrays:
        if x.dtype.kind in "fc":
            if x.dtype.char not in "fdFD":
                raise TypeError(f"array type {x.dtype.name} is unsupported in linalg")
            is_complex |= x.dtype.kind == "c"
            is_single &= x.dtype.char in "fF"
        else:
            is_single = False
    names = (
        ("complex128", "complex64" if is_single else "complex128")
        if is_complex
        else ("float64", "float32" if is_single else "float64")
    )
    return numpy.dtype(names[0]), numpy.dtype(names[1])


def _real(dtype: Any) -> Any:
    return numpy.zeros((), dtype).real.dtype


_PACKAGE = str(Path(__file__).parent)


def _user_level() -> int:
    """How many calls above the caller the user's line is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


def _warn_of_gather(name: str, x: ndarray) -> None:
    """Say that a matrix on several nodes is computed by one of them."""
    found = _quelea.info()
    if found["node_count"] == 1 or x.size != x.shape[-1] * x.shape[-2]:
        return
    if x.size <= found["replicated_size"]:
        return
    level = _user_level()
    frame = sys._getframe(level - 1)
    warnings.warn(
        f"linalg.{name} at {frame.f_code.co_filename}:{frame.f_lineno} brings a matrix of {x.nbytes} bytes to one "
        "node, where one core factorises it",
        GatherWarning,
        stacklevel=level,
    )


# ---- what comes out ----


def _made(
    name: str,
    kind: str,
    a: ndarray,
    b: ndarray | None = None,
    option: int = 0,
    least: float = 0.0,
    dtype: Any = None,
) -> ndarray:
    """Give all that LAPACK makes of stacks of matrices, cast to the dtype in which is computed."""
    _warn_of_gather(name, a)
    a = a.astype(dtype, copy=False)
    b = b if b is None else b.astype(dtype, copy=False)
    return _quelea.factor(kind, a, b, option, least)


def _info(made: ndarray) -> ndarray:
    return abs(made[..., -1, 0])


_LACKS = 1 << 20


def _check(made: ndarray, complaint: str) -> None:
    """Raise what LAPACK has to say of the worst of the matrices."""
    info = _info(made)
    worst = float(info if info.ndim == 0 else _quelea.max(info))
    if worst >= _LACKS:
        raise MemoryError(f"out of memory for the work of LAPACK on matrices of {made.shape}")
    if worst:
        raise LinAlgError(complaint)


def _part(made: ndarray, first: int, rows: int, columns: int, dtype: Any) -> ndarray:
    """Rows and columns of each matrix, as an array of their own."""
    return _cast(made[..., first : first + rows, :columns], dtype)


def _row(made: ndarray, row: int, columns: int, dtype: Any) -> ndarray:
    return _cast(made[..., row, :columns], dtype)


def _cast(x: ndarray, dtype: Any) -> ndarray:
    if x.dtype.kind == "c" and numpy.dtype(dtype).kind != "c":
        x = x.real
    return x.astype(dtype)


def _without_elements(function: Callable[..., Any], *operands: Any, **keywords: Any) -> Any:
    """Give NumPy's answer where no matrix has an element, which needs no data."""
    given = [numpy.zeros(x.shape, x.dtype) if isinstance(x, ndarray) else x for x in operands]
    found = function(*given, **keywords)
    return (
        [_asarray(part) for part in found]
        if isinstance(found, (tuple, list))
        else _asarray(numpy.asarray(found))
    )


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
    x, y = _square(a), as_array(b)
    computed, dtype = _dtypes(x, y)
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
    made = _made("solve", "SOLVE", x, columns, dtype=computed)
    _check(made, "Singular matrix")
    result = _part(made, 0, columns.shape[-2], columns.shape[-1], dtype)
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
    x = _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        return empty(x.shape, dtype)
    made = _made("inv", "INV", x, dtype=computed)
    _check(made, "Singular matrix")
    return _part(made, 0, x.shape[-1], x.shape[-1], dtype)


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
    computed, dtype = _dtypes(x, y)
    real = _real(dtype)
    if rcond is None:
        rcond = numpy.finfo(computed).eps * max(m, n)
    if x.size == 0:
        rank, found, s = 0, zeros((n, count), dtype), empty(0, real)
        left = _quelea.sum(_quelea.square(abs(y.astype(computed))), 0)
    else:
        wide = y if count else zeros((m, 1), y.dtype)
        made = _made("lstsq", "LSTSQ", x, wide, 0, float(rcond), computed)
        _check(made, "SVD did not converge in Linear Least Squares")
        rank = int(float(abs(made[-1, 1])))
        found = _part(made, 0, n, count, dtype)
        left, s = _row(made, n, count, real), _row(made, n + 1, min(m, n), real)
    if rank != n or m <= n:
        left = empty(0, real)
    return (found[:, 0] if is_vector else found), left.astype(real), rank, s


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
    x = _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        return SlogdetResult(*_without_elements(numpy.linalg.slogdet, x))
    made = _made("slogdet", "SLOGDET", x, dtype=computed)
    _check(made, "")
    return SlogdetResult(_cast(made[..., 0, 0], dtype), _cast(made[..., 0, 1], _real(dtype)))


def det(a: Any) -> ndarray:
    """Give the determinants of square matrices.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    ndarray of shape (...)
    """
    x = _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        result: ndarray = _without_elements(numpy.linalg.det, x)
        return result
    made = _made("det", "SLOGDET", x, dtype=computed)
    _check(made, "")
    size = _quelea.exp(made[..., 0, 1].real if computed.kind == "c" else made[..., 0, 1])
    return _cast(_quelea.multiply(made[..., 0, 0], size), dtype)


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
    x = _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        return empty(x.shape, dtype)
    made = _made("cholesky", "CHOLESKY", x, None, int(bool(upper)), dtype=computed)
    _check(made, "Matrix is not positive definite")
    return _part(made, 0, x.shape[-1], x.shape[-1], dtype)


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
    x = _matrices(a)
    computed, dtype = _dtypes(x)
    m, n = x.shape[-2:]
    k = min(m, n)
    if x.size == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _without_elements(numpy.linalg.qr, x, mode)
        return found if isinstance(found, ndarray) else _named(found, mode)
    made = _made("qr", "QR", x, None, _QR[mode], dtype=computed)
    _check(made, "Incorrect argument found while performing QR factorization")
    if mode == "r":
        return _part(made, 0, k, n, dtype)
    if mode == "raw":
        return _part(made, 0, n, m, dtype), _row(made, n, k, dtype)
    if mode == "economic":
        return manipulation.matrix_transpose(_part(made, 0, n, m, dtype))
    q = m if mode == "complete" else k
    return QRResult(_part(made, 0, m, q, dtype), _part(made, m, q, n, dtype))


def _named(found: list[ndarray], mode: str) -> Any:
    return tuple(found) if mode == "raw" else QRResult(*found)


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
    half, x = _half(UPLO), _square(a)
    computed, dtype = _dtypes(x)
    n = x.shape[-1]
    if x.size == 0:
        return EighResult(*_without_elements(numpy.linalg.eigh, x))
    made = _made("eigh", "EIGH", x, None, half, dtype=computed)
    _check(made, _NO_EIGENVALUES)
    return EighResult(_row(made, n, n, _real(dtype)), _part(made, 0, n, n, dtype))


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
    half, x = _half(UPLO), _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        return empty(x.shape[:-1], _real(dtype))
    made = _made("eigvalsh", "EIGVALSH", x, None, half, dtype=computed)
    _check(made, _NO_EIGENVALUES)
    return _row(made, 0, x.shape[-1], _real(dtype))


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
    x = _square(a)
    computed, dtype = _dtypes(x)
    n = x.shape[-1]
    if x.size == 0:
        return EigResult(*_without_elements(numpy.linalg.eig, x))
    _finite(x)
    made = _made("eig", "EIG", x, dtype=computed)
    _check(made, _NO_EIGENVALUES)
    dtype = _complex_if_needed(made[..., n, :], computed, dtype)
    return EigResult(_row(made, n, n, dtype), _part(made, 0, n, n, dtype))


def eigvals(a: Any) -> ndarray:
    """Give the eigenvalues of square matrices; real ones if all are.

    Parameters
    ----------
    a : array_like of shape (..., M, M)

    Returns
    -------
    ndarray of shape (..., M)
    """
    x = _square(a)
    computed, dtype = _dtypes(x)
    if x.size == 0:
        result: ndarray = _without_elements(numpy.linalg.eigvals, x)
        return result
    _finite(x)
    made = _made("eigvals", "EIGVALS", x, dtype=computed)
    _check(made, _NO_EIGENVALUES)
    return _row(made, 0, x.shape[-1], _complex_if_needed(made[..., 0, :], computed, dtype))


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
    x = _square(a) if hermitian else _matrices(a)
    computed, dtype = _dtypes(x)
    m, n = x.shape[-2:]
    k, real = min(m, n), _real(dtype)
    if x.size == 0:
        words = {"full_matrices": full_matrices, "compute_uv": compute_uv, "hermitian": hermitian}
        found = _without_elements(numpy.linalg.svd, x, **words)
        return SVDResult(*found) if compute_uv else found
    if hermitian:
        made = _made("svd", "SVDH", x, dtype=computed)
        _check(made, _NO_EIGENVALUES)
        u = v = n
    elif compute_uv:
        made = _made("svd", "SVD", x, None, int(bool(full_matrices)), dtype=computed)
        _check(made, _NO_SINGULAR_VALUES)
        u, v = (m, n) if full_matrices else (k, k)
    else:
        made = _made("svd", "SVDVALS", x, dtype=computed)
        _check(made, _NO_SINGULAR_VALUES)
        return _row(made, 0, k, real)
    s = _row(made, m + v, k, real)
    if not compute_uv:
        return s
    return SVDResult(_part(made, 0, m, u, dtype), s, _part(made, m, v, n, dtype))


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
        a = _square(a)
        computed, dtype = _dtypes(a)
        if a.size == 0:
            return empty(a.shape[:-2], _real(dtype))
        made = _made("cond", "INV", a, dtype=computed)
        inverse = _part(made, 0, a.shape[-1], a.shape[-1], dtype)
        inverse = _quelea.where(_quelea.equal(_info(made), 0)[..., None, None], inverse, math.nan)
        product = _quelea.multiply(
            linalg.norm(a, p, axis=(-2, -1)), linalg.norm(inverse, p, axis=(-2, -1))
        )
        result = product.astype(_real(dtype), copy=False)
    given = _quelea.any(_quelea.isnan(a), (-2, -1))
    unknown = _quelea.logical_and(_quelea.isnan(result), _quelea.logical_not(given))
    found: ndarray = _quelea.where(unknown, math.inf, result).astype(result.dtype, copy=False)
    return found
