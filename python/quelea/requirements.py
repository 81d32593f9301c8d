"""Questions and demands about dtypes, order in memory and finiteness."""

from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import _check, array, asarray

__all__ = ["asarray_chkfinite", "common_type", "isfortran", "require"]


def asarray_chkfinite(a: Any, dtype: Any = None, order: str | None = None) -> ndarray:
    """Give an array of finite numbers, at which it looks.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
    order : {'C', 'F', 'A', 'K'}, optional

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        Some element is infinite, or NaN.
    """
    x = asarray(a, dtype, order)
    if x.dtype.kind in "fc" and not bool(_quelea.all(_quelea.isfinite(x))):
        raise ValueError("array must not contain infs or NaNs")
    return x


def common_type(*arrays: Any) -> type:
    """Give the inexact scalar type that arrays have in common; float64 for integers.

    Returns
    -------
    type
    """
    theirs: Any = numpy.common_type
    found: type = theirs(
        *(numpy.empty(0, a.dtype) if isinstance(a, ndarray) else a for a in arrays)
    )
    return found


def isfortran(a: Any) -> bool:
    """Whether elements follow one another in Fortran order, and not in C order."""
    if isinstance(a, ndarray):
        return _quelea.is_contiguous(a, "F") and not _quelea.is_contiguous(a, "C")
    return numpy.isfortran(a)


_FLAGS = {
    **dict.fromkeys(("C", "C_CONTIGUOUS", "CONTIGUOUS"), "C"),
    **dict.fromkeys(("F", "F_CONTIGUOUS", "FORTRAN"), "F"),
    **dict.fromkeys(("A", "ALIGNED"), "A"),
    **dict.fromkeys(("W", "WRITEABLE"), "W"),
    **dict.fromkeys(("O", "OWNDATA"), "O"),
    **dict.fromkeys(("E", "ENSUREARRAY"), "E"),
}


def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> ndarray:
    """Give an array that fulfils requirements, as a copy where it does not.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
    requirements : sequence of str, optional
        'C' or 'F': in that order; 'W': it can be written; 'O': it is no view, for which a copy is made. 'A' and 'E'
        always hold.

    Returns
    -------
    ndarray
    """
    _check(like=like)
    if not requirements:
        return _asarray(a, dtype)
    wanted = {_FLAGS[name.upper()] for name in requirements}
    if wanted >= {"C", "F"}:
        raise ValueError('Cannot specify both "C" and "F" order')
    order = "F" if "F" in wanted else "C" if "C" in wanted else "A"
    x = array(a, dtype, order=order, copy=None)
    kept = x is a and ("O" in wanted or ("W" in wanted and not _quelea.is_writable(x)))
    return x.copy(order) if kept else x
