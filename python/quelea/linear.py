"""Products of matrices and vectors, as sums of broadcast products: contract C7's fixed tree on any number of ranks."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .elementwise import _cast_input, as_array, check_rules, deliver, is_elsewhere, refuse_signature
from .manipulation import moveaxis

__all__ = ["dot", "inner", "matmul", "outer", "tensordot", "trace", "vdot", "vecdot"]


def _contract(x: ndarray, y: ndarray, axis: int) -> ndarray:
    """Sum of x * y over an axis, in the dtype of the product."""
    return _quelea.contract(x, y, axis, "C")


def _deliver(result: ndarray, out: ndarray | None) -> ndarray:
    if out is None:
        return result
    if not isinstance(out, ndarray):
        raise TypeError("'out' must be a quelea.ndarray")
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
    given = {
        name: value for name, value in keywords.items() if value is not None and value is not ...
    }
    result: ndarray = function(*operands, **given)
    return result


_MATMUL = "(n?,k),(k,m?)->(n?,m?)"


def matmul(
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
    signature: Any = None,
) -> ndarray:
    """Matrix product over the last two axes; the others broadcast.

    Parameters
    ----------
    x1, x2 : array_like
        A vector is a row on the left and a column on the right.
    out : ndarray, optional
    axes : list of tuple of int, optional
        Where the axes of each matrix and of the result are.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}
    order : {'K', 'A', 'C', 'F'}
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
    plain = dtype is None and axes is ... and axis is ... and keepdims is ... and signature is None
    if plain and out is None and casting == "same_kind" and order == "K":
        made = _quelea.product(x1, x2)
        if made is not None:
            return made
    if is_elsewhere(x1, x2, *(out if isinstance(out, tuple) else (out,))):
        keywords = {"axes": axes, "axis": axis, "keepdims": keepdims, "out": out}
        return _elsewhere(numpy.matmul, x1, x2, dtype=dtype, **keywords)
    check_rules(dtype, casting, order)
    if out is not None and not isinstance(out, (ndarray, tuple)):
        raise TypeError("return arrays must be of type quelea.ndarray")
    _check_one(out)
    refuse_signature("matmul", signature)
    if axis is not ...:
        raise TypeError(
            "matmul: axis can only be used with a single shared core dimension, not with the 3 distinct ones implied "
            f"by signature {_MATMUL}."
        )
    if keepdims is not ...:
        raise TypeError(
            f"matmul does not support keepdims: its signature {_MATMUL} requires multiple core dimensions"
        )
    a = x1 if isinstance(x1, ndarray) else _asarray(x1)
    b = x2 if isinstance(x2, ndarray) else _asarray(x2)
    result_axes = None
    if axes is not ...:
        a, b, result_axes = _moved("matmul", a, b, axes, (min(a.ndim, 2), min(b.ndim, 2)))
    result = _matrix_product(a, b, dtype, casting)
    if result_axes is not None and len(result_axes):
        result = moveaxis(result, range(-len(result_axes), 0), result_axes)
    return _delivered("matmul", result, out, casting, order)


def _check_output(name: str, dtype: Any, out: ndarray, casting: str) -> None:
    if not numpy.can_cast(dtype, out.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast ufunc '{name}' output from {dtype!r} to {out.dtype!r} with casting rule '{casting}'"
        )


def _check_one(out: Any) -> None:
    """Refuse a tuple that is not of one output."""
    if isinstance(out, tuple) and len(out) != 1:
        raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")


def _moved(
    name: str, a: ndarray, b: ndarray, axes: Any, cores: tuple[int, int]
) -> tuple[ndarray, ndarray, Any]:
    """Put the axes that axes= names at the end; the third entry says where those of the result go."""
    if not isinstance(axes, list):
        raise TypeError("axes should be a list.")
    if len(axes) not in (2, 3):
        raise ValueError(
            "axes should be a list with an entry for all inputs and outputs; entries for outputs can only be omitted "
            "if none of them has core axes."
        )
    named: list[Any] = [
        (entry,) if isinstance(entry, (int, numpy.integer)) else entry for entry in axes
    ]
    for entry, core in zip(named, cores, strict=False):
        if not isinstance(entry, tuple):
            raise TypeError(f"{name}: axes should be a list of tuples")
        if len(entry) != core:
            raise ValueError(f"{name}: an axes item should be a tuple with {core} elements")
    a = moveaxis(a, named[0], range(-cores[0], 0))
    b = moveaxis(b, named[1], range(-cores[1], 0))
    return a, b, named[2] if len(named) == 3 else ()


def _matrix_product(a: ndarray, b: ndarray, dtype: Any, casting: str) -> ndarray:
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
        a, b = (_cast_input("matmul", x, dtype, casting) for x in (a, b))
    if len(right) == 1:
        return _contract(a, b, -1)
    if len(left) == 1:
        return _contract(a[:, None], b, -2)
    order = _order_of_stacks(a, b) if max(a.ndim, b.ndim) > 3 else []
    if order == sorted(order):
        return _contract(a[..., :, :, None], b[..., None, :, :], -2)
    count = len(order)
    a, b = (
        x.reshape((1,) * (count + 2 - x.ndim) + x.shape).transpose([*order, count, count + 1])
        for x in (a, b)
    )
    places = [order.index(i) for i in range(count)]
    result = _contract(a[..., :, :, None], b[..., None, :, :], -2)
    return result.transpose([*places, count, count + 1])


def _order_of_stacks(a: ndarray, b: ndarray) -> list[int]:
    """Give the axes of stacks of matrices as they lie in a result of NumPy's, by the rule of its iterator."""
    count = max(a.ndim, b.ndim) - 2
    steps = [
        [0] * (count + 2 - x.ndim)
        + [0 if n == 1 else abs(s) for n, s in zip(x.shape[:-2], x.strides[:-2], strict=True)]
        for x in (a, b)
    ]
    order: list[int] = []
    for i in range(count):
        to = i
        for j in range(i - 1, -1, -1):
            said = [(s[order[j]], s[i]) for s in steps if s[order[j]] and s[i]]
            if said and not all(second > first for first, second in said):
                break
            if said:
                to = j
        order.insert(to, i)
    return order


def _delivered(name: str, result: ndarray, out: Any, casting: str, order: str) -> ndarray:
    """Give the result of a ufunc in `out`, or in an order."""
    numpy.can_cast(bool, bool, casting)  # type: ignore[arg-type]  # refuses what is no rule
    _check_one(out)
    if isinstance(out, tuple):
        out = out[0]
    if out is None:
        return result if order == "K" else result.astype(result.dtype, order=order, copy=False)
    if isinstance(out, ndarray):
        _check_output(name, result.dtype, out, casting)
        if numpy.broadcast_shapes(result.shape, out.shape) != out.shape:
            raise ValueError(
                f"{name}: the output has shape {out.shape}, but the result has {result.shape}"
            )
    return deliver(result, out)


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


def _is_of_blas(x: ndarray, y: ndarray) -> bool:
    """Say whether NumPy's products of these begin with zero only where there is more than one element."""
    return x.ndim <= 2 and y.ndim <= 2 and numpy.result_type(x.dtype, y.dtype).char in "fdFD"


def _scaled(x: ndarray, y: ndarray) -> ndarray:
    """Give the product with a number; of many it is added to zeros, in NumPy too."""
    product = _quelea.multiply(x, y)
    return product + 0 if product.size > 1 and _is_of_blas(x, y) else product


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
    if out is None and (plain := _quelea.product(a, b, True)) is not None:
        return plain
    x = a if isinstance(a, ndarray) else _asarray(a)
    y = b if isinstance(b, ndarray) else _asarray(b)
    left, right = x.shape, y.shape
    if not left or not right:
        return _deliver(_scaled(x, y), out)
    if x.size == y.size == 1 and _is_of_blas(x, y):
        one = _quelea.multiply(x.reshape(()), y.reshape(()))
        return _deliver(one.reshape(left[:-1] + right[:-1]), out)
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
        return _scaled(x, y)
    if x.size == y.size == 1 and _is_of_blas(x, y):
        return _quelea.multiply(x.reshape(()), y.reshape(())).reshape(x.shape[:-1] + y.shape[:-1])
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


def vecdot(
    x1: Any,
    x2: Any,
    /,
    out: Any = None,
    *,
    axes: Any = ...,
    axis: Any = ...,
    keepdims: bool = False,
    casting: str = "same_kind",
    order: str = "K",
    dtype: Any = None,
    subok: bool = True,
    signature: Any = None,
) -> ndarray:
    """Sum of products over an axis, the first conjugated; the other axes broadcast.

    Parameters
    ----------
    x1, x2 : array_like
    out : ndarray, optional
    axis : int, default -1
    axes : list of tuple of int, optional
        The axis of each.
    keepdims : bool, default False
        Whether it stays, with extent 1.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}
    order : {'K', 'A', 'C', 'F'}
    dtype : dtype, optional

    Returns
    -------
    ndarray
    """
    if is_elsewhere(x1, x2, *(out if isinstance(out, tuple) else (out,))):
        keywords = {"axes": axes, "axis": axis, "keepdims": keepdims or None, "out": out}
        return _elsewhere(numpy.vecdot, x1, x2, dtype=dtype, **keywords)
    check_rules(dtype, casting, order)
    _check_one(out)
    refuse_signature("vecdot", signature)
    x, y = as_array(x1), as_array(x2)
    for i, a in enumerate((x, y)):
        if a.ndim == 0:
            raise ValueError(
                f"vecdot: Input operand {i} does not have enough dimensions (has 0, gufunc core with signature "
                "(n),(n)->() requires 1)"
            )
    if dtype is not None:
        x, y = (_cast_input("vecdot", a, dtype, casting) for a in (x, y))
    target = out[0] if isinstance(out, tuple) else out
    if isinstance(target, ndarray):
        _check_output("vecdot", numpy.result_type(x.dtype, y.dtype), target, casting)
    place: Any = -1
    if axes is not ...:
        if axis is not ...:
            raise TypeError("cannot specify both 'axis' and 'axes'")
        x, y, named = _moved("vecdot", x, y, axes, (1, 1))
        place = named[0] if keepdims and named else -1
    elif axis is not ...:
        axis = operator.index(axis)
        x, y = moveaxis(x, axis, -1), moveaxis(y, axis, -1)
        place = axis
    if x.shape[-1] != y.shape[-1]:
        raise _mismatch("vecdot", 0, y.shape[-1], x.shape[-1], "(n),(n)->()")
    result = _quelea.contract(x.conj(), y, -1, "K")
    if keepdims:
        result = _quelea.expand_dims(result, place)
        if isinstance(target, ndarray) and target.shape != result.shape:
            raise ValueError(
                f"vecdot: the output has shape {target.shape}, but the result has {result.shape}"
            )
    return _delivered("vecdot", result, out, casting, order)


def outer(a: Any, b: Any, out: ndarray | None = None) -> ndarray:
    """Give the products of all pairs of elements of two flattened arrays.

    Returns
    -------
    ndarray of shape (a.size, b.size)
    """
    x, y = as_array(a).ravel(), as_array(b).ravel()
    return _quelea.multiply(x[:, None], y[None, :], *(() if out is None else (out,)))


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

    if dtype is not None:
        numpy.dtype(dtype)
    if out is not None and not isinstance(out, ndarray):
        raise TypeError("output must be an array")
    x = moveaxis(as_array(a), (axis1, axis2), (-2, -1))
    mask = eye(x.shape[-2], x.shape[-1], offset, bool)
    return _quelea.sum(_quelea.where(mask, x, x.dtype.type(0)), (-2, -1), dtype, out)
