"""Stacks of matrices to LAPACK and what comes of them back, by one statement: what the modules of `linalg` share.

Everything that comes of a matrix lies in one array, part below part (``factors.def``), whose last row begins with
LAPACK's info. That is looked at before the parts are given out, so an error is raised on all ranks, at this line. As
NumPy's, they are computed in double precision and rounded.
"""

from collections.abc import Callable
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .elementwise import as_array
from .errors import warn_of_gather

# ---- what goes in ----


def matrices(a: Any) -> ndarray:
    """Take in what has two axes at least."""
    x = as_array(a)
    if x.ndim < 2:
        raise LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return x


def square(a: Any) -> ndarray:
    """Take in square matrices."""
    x = matrices(a)
    if x.shape[-1] != x.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    return x


def dtypes(*arrays: ndarray) -> tuple[Any, Any]:
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


def real_dtype(dtype: Any) -> Any:
    """Give the dtype of the parts of a complex one."""
    return numpy.zeros((), dtype).real.dtype


def _warn_of_gather(name: str, x: ndarray) -> None:
    """Say that a matrix on several nodes is computed by one of them."""
    found = _quelea.info()
    if found["node_count"] == 1 or x.size != x.shape[-1] * x.shape[-2]:
        return
    if x.size > found["replicated_size"]:
        warn_of_gather(
            f"linalg.{name}",
            f"brings a matrix of {x.nbytes} bytes to one node, where one core factorises it",
        )


# ---- what comes out ----


def factorise(
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


def failure_of(made: ndarray) -> ndarray:
    """Give what LAPACK says of each matrix: 0 where all is well."""
    return abs(made[..., -1, 0])


_LACKS = 1 << 20


def check(made: ndarray, complaint: str) -> None:
    """Raise what LAPACK has to say of the worst of the matrices."""
    info = failure_of(made)
    worst = float(info if info.ndim == 0 else _quelea.max(info))
    if worst >= _LACKS:
        raise MemoryError(f"out of memory for the work of LAPACK on matrices of {made.shape}")
    if worst:
        raise LinAlgError(complaint)


def part_of(made: ndarray, first: int, rows: int, columns: int, dtype: Any) -> ndarray:
    """Give rows and columns of each matrix, as an array of their own."""
    return cast(made[..., first : first + rows, :columns], dtype)


def row_of(made: ndarray, row: int, columns: int, dtype: Any) -> ndarray:
    """Give a row of each matrix, as an array of its own."""
    return cast(made[..., row, :columns], dtype)


def cast(x: ndarray, dtype: Any) -> ndarray:
    """Give numbers in a dtype; of a real one the real parts."""
    if x.dtype.kind == "c" and numpy.dtype(dtype).kind != "c":
        x = x.real
    return x.astype(dtype)


def without_elements(function: Callable[..., Any], *operands: Any, **keywords: Any) -> Any:
    """Give NumPy's answer where no matrix has an element, which needs no data."""
    given = [numpy.zeros(x.shape, x.dtype) if isinstance(x, ndarray) else x for x in operands]
    found = function(*given, **keywords)
    return (
        [_asarray(part) for part in found]
        if isinstance(found, (tuple, list))
        else _asarray(numpy.asarray(found))
    )
