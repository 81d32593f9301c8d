"""Products beyond those of `linear`: cross, kron, matrices with vectors, Vandermonde's matrix."""

import operator
import warnings
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import empty
from .elementwise import as_array, composed
from .joins import _place
from .linear import _core_product
from .manipulation import moveaxis

__all__ = ["cross", "kron", "matvec", "vander", "vecmat"]


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> ndarray:
    """Cross product of vectors of three components (of two, the third being 0).

    Parameters
    ----------
    a, b : array_like
    axisa, axisb : int, default -1
        The axis of the components.
    axisc : int, default -1
        Where it goes in the result.
    axis : int, optional
        All three.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.cross([1, 2, 3], [4, 5, 6])
    array([-3,  6, -3])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = as_array(a), as_array(b)
    if x.ndim < 1 or y.ndim < 1:
        raise ValueError("At least one array has zero dimension")
    x = moveaxis(x, normalize_axis_index(axisa, x.ndim, "axisa"), -1)
    y = moveaxis(y, normalize_axis_index(axisb, y.ndim, "axisb"), -1)
    widths = x.shape[-1], y.shape[-1]
    if not {*widths} <= {2, 3}:
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    if 2 in widths:
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors instead. "
            "(deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=2,
        )
    shape = numpy.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    if 3 in widths:
        axisc = normalize_axis_index(axisc, len(shape) + 1, "axisc")
    dtype = numpy.promote_types(x.dtype, y.dtype)
    x, y = x.astype(dtype, copy=False), y.astype(dtype, copy=False)
    last = x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    if widths == (2, 2):
        return _asarray(_place(empty(shape, dtype), [...], [last]))
    if widths == (2, 3):
        parts = [x[..., 1] * y[..., 2], -(x[..., 0] * y[..., 2]), last]
    elif widths == (3, 2):
        parts = [-(x[..., 2] * y[..., 1]), x[..., 2] * y[..., 0], last]
    else:
        parts = [
            x[..., 1] * y[..., 2] - x[..., 2] * y[..., 1],
            x[..., 2] * y[..., 0] - x[..., 0] * y[..., 2],
            last,
        ]
    result = empty((*shape, 3), dtype)
    return moveaxis(_place(result, [(..., i) for i in range(3)], parts), -1, axisc)


def kron(a: Any, b: Any) -> ndarray:
    """Kronecker's product: every element of `a` times all of `b`, block by block.

    Parameters
    ----------
    a, b : array_like

    Returns
    -------
    ndarray of as many axes as the operand of more has, each with the product of the extents
    """
    y = as_array(b)
    x = as_array(a)
    if x.ndim == 0 or y.ndim == 0:
        return _quelea.multiply(x, y)
    count = max(x.ndim, y.ndim)
    wide = [(1,) * (count - z.ndim) + z.shape for z in (x, y)]
    if _goes_by_parts(x, y):
        return _by_parts(x.reshape(wide[0]), y.reshape(wide[1]))
    left = x.reshape([n for extent in wide[0] for n in (extent, 1)])
    right = y.reshape([n for extent in wide[1] for n in (1, extent)])
    product = _quelea.multiply(left, right)
    return product.reshape([m * n for m, n in zip(*wide, strict=True)])


_PARTS = 256  # at most, of a product that is assigned part by part


def _goes_by_parts(x: ndarray, y: ndarray) -> bool:
    """Whether a product is cut across nodes, where two axes that are made one could not be read in place."""
    found = _quelea.info()
    return (
        found["node_count"] > 1
        and 0 < min(x.size, y.size) <= _PARTS
        and x.size * y.size > found["replicated_size"]
        and all(_quelea.is_contiguous(z, "C") for z in (x, y))
    )


def _by_parts(x: ndarray, y: ndarray) -> ndarray:
    """Multiply one operand by each element of the smaller one, to blocks of the result, or to every n-th element."""
    shape = [m * n for m, n in zip(x.shape, y.shape, strict=True)]
    keys: list[Any] = []
    parts = []
    if x.size <= y.size:
        for index in numpy.ndindex(x.shape):
            keys.append(
                tuple(slice(i * n, (i + 1) * n) for i, n in zip(index, y.shape, strict=True))
            )
            parts.append(_quelea.multiply(x[index], y))
    else:
        for index in numpy.ndindex(y.shape):
            keys.append(tuple(slice(j, None, n) for j, n in zip(index, y.shape, strict=True)))
            parts.append(_quelea.multiply(x, y[index]))
    return _place(empty(shape, numpy.result_type(x.dtype, y.dtype)), keys, parts)


_MATVEC, _VECMAT = "(m,n),(n)->(m)", "(n),(n,m)->(m)"


@composed
def matvec(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = ...,
    axis: Any = ...,
    keepdims: Any = ...,
    casting: str = "same_kind",
    order: str = "K",
    dtype: Any = None,
    subok: bool = True,
    signature: Any = ...,
) -> ndarray:
    """Products of matrices, over the last two axes, with vectors, over the last; the others broadcast.

    The keywords are those of `matmul`.

    Returns
    -------
    ndarray
    """
    words = {"out": out, "axes": axes, "axis": axis, "keepdims": keepdims, "signature": signature}
    words |= {"casting": casting, "order": order, "dtype": dtype, "subok": subok}
    return _core_product("matvec", _MATVEC, x1, x2, **words)


@composed
def vecmat(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = ...,
    axis: Any = ...,
    keepdims: Any = ...,
    casting: str = "same_kind",
    order: str = "K",
    dtype: Any = None,
    subok: bool = True,
    signature: Any = ...,
) -> ndarray:
    """Products of vectors, which are conjugated, with matrices, over the last two axes; the others broadcast.

    The keywords are those of `matmul`.

    Returns
    -------
    ndarray
    """
    words = {"out": out, "axes": axes, "axis": axis, "keepdims": keepdims, "signature": signature}
    words |= {"casting": casting, "order": order, "dtype": dtype, "subok": subok}
    return _core_product("vecmat", _VECMAT, x1, x2, **words)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> ndarray:
    """Vandermonde's matrix: the powers of a vector's elements as columns.

    Parameters
    ----------
    x : array_like of one axis
    N : int, optional
        The number of columns; as many as elements by default.
    increasing : bool, default False
        Whether powers grow from left to right.

    Returns
    -------
    ndarray of shape (len(x), N)
    """
    a = as_array(x)
    if a.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    columns = a.size if N is None else operator.index(N)
    dtype = numpy.promote_types(a.dtype, int)
    result = empty((a.size, columns), dtype)
    a = a.astype(dtype, copy=False)
    # each by one product from the one before, as they are accumulated in NumPy
    power, keys, parts = None, [], []
    for k in range(columns):
        power = a.dtype.type(1) if k == 0 else a if k == 1 else power * a
        keys.append((slice(None), k if increasing else columns - 1 - k))
        parts.append(power)
    return _place(result, keys, parts)
