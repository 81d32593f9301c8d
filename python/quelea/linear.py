"""Products of matrices and vectors, as sums of broadcast products: contract C7's fixed tree on any number of ranks."""

import math
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .elementwise import as_array, deliver, is_elsewhere

__all__ = ["dot", "inner", "matmul", "outer", "tensordot", "trace", "vdot", "vecdot"]


def _contract(x: ndarray, y: ndarray, axis: int) -> ndarray:
    """Sum of x * y over an axis, in the dtype of the product."""
    return _quelea.contract(x, y, axis, "C")


def _deliver(result: ndarray, out: ndarray | None) -> ndarray:
    if out is None:
        return result
    if out.shape != result.shape or out.dtype != result.dtype:
        raise ValueError(
            "output array is not acceptable (must have the right datatype, number of dimensions, and shape)"
        )
    return deliver(result, out)


def _mismatch(name: str, core: int, size: int, expected: int, signature: str) -> ValueError:
    return ValueError(
        f"{name}: Input operand 1 has a mismatch in its core dimension {core}, with gufunc signature {signature} "
        f"(size {size} is different from {expected})"
    )


def _elsewhere(function: Any, *operands: Any, **keywords: Any) -> ndarray:
    """Call NumPy's function of operands that override it, which may give anything."""
    given = {name: value for name, value in keywords.items() if value is not None}
    result: ndarray = function(*operands, **given)
    return result


_MATMUL = "(n?,k),(k,m?)->(n?,m?)"


def matmul(x1: Any, x2: Any, /, out: ndarray | None = None, *, dtype: Any = None) -> ndarray:
    """Matrix product over the last two axes; the others broadcast.

    Parameters
    ----------
    x1, x2 : array_like
        A vector is a row on the left and a column on the right.
    out : ndarray, optional
    dtype : dtype, optional

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.matmul(np.ones((2, 3)), np.ones(3))
    array([3., 3.])
    """
    if out is None and dtype is None and (plain := _quelea.product(x1, x2)) is not None:
        return plain
    if is_elsewhere(x1, x2, out):
        return _elsewhere(numpy.matmul, x1, x2, out=out, dtype=dtype)
    a = x1 if isinstance(x1, ndarray) else _asarray(x1)
    b = x2 if isinstance(x2, ndarray) else _asarray(x2)
    left, right = a.shape, b.shape
    if not left or not right:
        raise ValueError(
            f"matmul: Input operand {1 if left else 0} does not have enough dimensions (has 0, gufunc core with "
            f"signature {_MATMUL} requires 1)"
        )
    over = right[-2] if len(right) > 1 else right[0]
    if over != left[-1]:
        raise _mismatch("matmul", 0, over, left[-1], _MATMUL)
    if dtype is not None:
        a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
    if len(right) == 1:
        result = _contract(a, b, -1)
    elif len(left) == 1:
        result = _contract(a[:, None], b, -2)
    else:
        result = _contract(a[..., :, :, None], b[..., None, :, :], -2)
    return result if out is None else _deliver(result, out)


_MULTIPLIED = (ndarray, numpy.ndarray, numpy.generic, list, tuple, bool, int, float, complex)


def _matmul_operator(left: Any, right: Any) -> Any:
    is_reflected = not isinstance(left, ndarray)
    other = left if is_reflected else right
    foreign = _quelea.foreign(other)
    if foreign == "overrides":
        return numpy.matmul(left, right)
    if foreign in ("subclass", "prior"):
        result: Any = NotImplemented
        if not is_reflected and hasattr(right, "__rmatmul__"):
            result = right.__rmatmul__(left)
        if result is not NotImplemented:
            return result
        if is_reflected:
            return left @ numpy.asarray(right)
        return numpy.asarray(left) @ right
    if not foreign and (isinstance(other, _MULTIPLIED) or hasattr(other, "__array__")):
        return matmul(left, right)
    return NotImplemented


def dot(a: Any, b: Any, out: ndarray | None = None) -> ndarray:
    """Sum of products over the last axis of `a` and the second to last of `b` (the only one of a vector).

    Parameters
    ----------
    a, b : array_like
    out : ndarray, optional
        Of the shape and dtype of the result.

    Returns
    -------
    ndarray of shape a.shape[:-1] + b.shape[:-2] + b.shape[-1:]
    """
    if out is None and (plain := _quelea.product(a, b)) is not None:
        return plain
    x = a if isinstance(a, ndarray) else _asarray(a)
    y = b if isinstance(b, ndarray) else _asarray(b)
    left, right = x.shape, y.shape
    if not left or not right:
        return _deliver(_quelea.multiply(x, y), out)
    k, over = left[-1], right[-2 if len(right) > 1 else 0]
    if k != over:
        words = [str(s).replace(" ", "") for s in (left, right)]
        raise ValueError(
            f"shapes {words[0]} and {words[1]} not aligned: "
            f"{k} (dim {len(left) - 1}) != {over} (dim {max(len(right) - 2, 0)})"
        )
    if len(right) == 1:
        return _deliver(_contract(x, y, -1), out)
    if len(right) == 2:
        return _deliver(_contract(x[..., None], y, -2), out)
    spread = x.reshape(x.shape[:-1] + (1,) * (y.ndim - 2) + (k, 1))
    return _deliver(_contract(spread, y, -2), out)


def inner(a: Any, b: Any, /) -> ndarray:
    """Sum of products over the last axes.

    Returns
    -------
    ndarray of shape a.shape[:-1] + b.shape[:-1]
    """
    x, y = as_array(a), as_array(b)
    if x.ndim == 0 or y.ndim == 0:
        return _quelea.multiply(x, y)
    if x.shape[-1] != y.shape[-1]:
        left, right = (str(s).replace(" ", "") for s in (x.shape, y.shape))
        raise ValueError(
            f"shapes {left} and {right} not aligned: "
            f"{x.shape[-1]} (dim {x.ndim - 1}) != {y.shape[-1]} (dim {y.ndim - 1})"
        )
    spread = x.reshape(x.shape[:-1] + (1,) * (y.ndim - 1) + x.shape[-1:])
    return _contract(spread, y, -1)


def vdot(a: Any, b: Any, /) -> ndarray:
    """Sum of products of the flattened arrays, the first conjugated.

    Returns
    -------
    ndarray, 0-d
    """
    x, y = as_array(a).ravel(), as_array(b).ravel()
    if x.size != y.size:
        raise ValueError(
            "cannot reshape array into the shape of the other: vdot takes arrays of equal size"
        )
    return _contract(x.conj(), y, 0)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> ndarray:
    """Sum of products over an axis, the first conjugated; the other axes broadcast.

    Parameters
    ----------
    x1, x2 : array_like
    axis : int, default -1

    Returns
    -------
    ndarray
    """
    if is_elsewhere(x1, x2):
        return _elsewhere(numpy.vecdot, x1, x2, axis=None if axis == -1 else axis)
    x, y = as_array(x1), as_array(x2)
    for i, a in enumerate((x, y)):
        if a.ndim == 0:
            raise ValueError(
                f"vecdot: Input operand {i} does not have enough dimensions (has 0, gufunc core with signature "
                "(n),(n)->() requires 1)"
            )
    normalize_axis_index(axis, x.ndim), normalize_axis_index(axis, y.ndim)
    if x.shape[axis] != y.shape[axis]:
        raise _mismatch("vecdot", 0, y.shape[axis], x.shape[axis], "(n),(n)->()")
    if axis >= 0:
        x, y = x.swapaxes(axis, -1), y.swapaxes(axis, -1)
    return _quelea.contract(x.conj(), y, axis if axis < 0 else -1, "K")


def outer(a: Any, b: Any, out: ndarray | None = None) -> ndarray:
    """Give the products of all pairs of elements of two flattened arrays.

    Returns
    -------
    ndarray of shape (a.size, b.size)
    """
    x, y = as_array(a).ravel(), as_array(b).ravel()
    return _quelea.multiply(x[:, None], y[None, :], out=out)


def tensordot(a: Any, b: Any, axes: int | Sequence[Any] = 2) -> ndarray:
    """Sum of products over several pairs of axes.

    Parameters
    ----------
    a, b : array_like
    axes : int or (sequence of int, sequence of int)
        The last n axes of `a` with the first n of `b`, or the axes of each.

    Returns
    -------
    ndarray

    Raises
    ------
    IndexError
        An axis is out of range.
    ValueError
        The axes of a pair have different extents.
    """
    x, y = as_array(a), as_array(b)
    pairs: Any = (
        (range(x.ndim - axes, x.ndim), range(axes))
        if isinstance(axes, (int, numpy.integer))
        else axes
    )
    named_x, named_y = ([s] if isinstance(s, (int, numpy.integer)) else s for s in pairs)
    left, right = [range(x.ndim)[i] for i in named_x], [range(y.ndim)[i] for i in named_y]
    if len(left) != len(right) or any(
        x.shape[i] != y.shape[j] for i, j in zip(left, right, strict=True)
    ):
        raise ValueError("shape-mismatch for sum")
    rest_x, rest_y = (
        [i for i in range(x.ndim) if i not in left],
        [i for i in range(y.ndim) if i not in right],
    )
    shape_x, shape_y = [x.shape[i] for i in rest_x], [y.shape[i] for i in rest_y]
    size = math.prod(x.shape[i] for i in left)
    flat_x = x.transpose(rest_x + left).reshape(*shape_x, size)
    flat_y = y.transpose(right + rest_y).reshape(size, math.prod(shape_y))
    return dot(flat_x, flat_y).reshape([*shape_x, *shape_y])


def trace(
    a: Any,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: ndarray | None = None,
) -> ndarray:
    """Sum along a diagonal of two axes.

    Parameters
    ----------
    a : array_like
    offset : int, default 0
        The diagonal: positive above the main one.
    axis1, axis2 : int, default 0 and 1
    dtype : dtype, optional
        Of the sum.
    out : ndarray, optional

    Returns
    -------
    ndarray
    """
    from .creation import eye
    from .manipulation import moveaxis

    x = moveaxis(as_array(a), (axis1, axis2), (-2, -1))
    mask = eye(x.shape[-2], x.shape[-1], offset, bool)
    return _quelea.sum(_quelea.where(mask, x, x.dtype.type(0)), (-2, -1), dtype, out)
