"""Products of matrices and vectors: sums of broadcast products, which the runtime makes products of matrices."""

import math
import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .diagonals import line_of
from .elementwise import (
    OUTPUTS,
    as_array,
    cast_input,
    check_output,
    check_rules,
    composed,
    deliver,
    is_elsewhere,
    refuse_signature,
    whole,
)
from .manipulation import moveaxis

__all__ = ["dot", "inner", "matmul", "outer", "tensordot", "trace", "vdot", "vecdot"]


def _contract(x: ndarray, y: ndarray, axis: int) -> ndarray:
    """Sum of x * y over an axis, in the dtype of the product."""
    return _quelea.contract(x, y, axis)


def _deliver(result: ndarray, out: ndarray | None) -> ndarray:
    if out is None:
        return result
    if not isinstance(out, OUTPUTS):
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


@composed
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
    signature: Any = ...,
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
    plain = dtype is None and axes is ... and axis is ... and keepdims is ... and signature is ...
    if plain and out is None and casting == "same_kind" and order == "K" and subok is True:
        made = _quelea.product(x1, x2)
        if made is not None:
            return made
    if is_elsewhere(x1, x2, *(out if isinstance(out, tuple) else (out,))):
        keywords = {"axes": axes, "axis": axis, "keepdims": keepdims, "out": out}
        return _elsewhere(numpy.matmul, x1, x2, dtype=dtype, **keywords)
    _check_keepdims(keepdims)
    check_rules(dtype, casting, order, subok)
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
    a, b = _cast_operands("matmul", x1, x2, out, dtype, casting)
    result_axes = None
    if axes is not ...:
        a, b, result_axes = _moved("matmul", a, b, axes, (min(a.ndim, 2), min(b.ndim, 2)))
    result = _matrix_product(a, b)
    target = out[0] if isinstance(out, tuple) else out
    core = (a.ndim > 1) + (b.ndim > 1)
    cores = None if result_axes is not None or core == 0 else result.shape[-core:]
    if isinstance(target, ndarray) and cores not in (None, target.shape[-core:]):
        raise ValueError(
            f"matmul: the output has shape {target.shape}, but the result has {result.shape}"
        )
    if result_axes is not None and len(result_axes):
        result = moveaxis(result, range(-len(result_axes), 0), result_axes)
    return _delivered("matmul", result, out, order, a, b)


_VECTORS_AND_MATRICES = {"matvec": (2, 1), "vecmat": (1, 2)}


def _core_product(name: str, core: str, x1: Any, x2: Any, **words: Any) -> ndarray:
    """Products of stacks of matrices and stacks of vectors; core: NumPy's signature of one product."""
    out, axes, axis, keepdims = (words[word] for word in ("out", "axes", "axis", "keepdims"))
    dtype, casting, order = (words[word] for word in ("dtype", "casting", "order"))
    if is_elsewhere(x1, x2, *(out if isinstance(out, tuple) else (out,))):
        keywords = {"axes": axes, "axis": axis, "keepdims": keepdims, "out": out}
        return _elsewhere(getattr(numpy, name), x1, x2, dtype=dtype, **keywords)
    _check_keepdims(keepdims)
    check_rules(dtype, casting, order, words["subok"])
    _check_one(out)
    refuse_signature(name, words["signature"])
    if axis is not ...:
        raise TypeError(
            f"{name}: axis can only be used with a single shared core dimension, not with the 2 distinct ones "
            f"implied by signature {core}."
        )
    if keepdims is not ...:
        raise TypeError(
            f"{name} does not support keepdims: its signature {core} requires multiple core dimensions"
        )
    x, y = _cast_operands(name, x1, x2, out, dtype, casting)
    cores = _VECTORS_AND_MATRICES[name]
    for i, (operand, needed) in enumerate(zip((x, y), cores, strict=True)):
        if operand.ndim < needed:
            raise ValueError(
                f"{name}: Input operand {i} does not have enough dimensions (has {operand.ndim}, gufunc core with "
                f"signature {core} requires {needed})"
            )
    target = out[0] if isinstance(out, tuple) else out
    if isinstance(target, ndarray) and target.ndim == 0:
        raise ValueError(
            f"{name}: Output operand 0 does not have enough dimensions (has 0, gufunc core with signature {core} "
            "requires 1)"
        )
    place: Any = ()
    if axes is not ...:
        x, y, place = _moved(name, x, y, axes, cores)
    if x.shape[-1] != y.shape[-cores[1]]:
        raise _mismatch(name, 0, y.shape[-cores[1]], x.shape[-1], core)
    result = (
        _contract(x, y[..., None, :], -1)
        if name == "matvec"
        else _contract(x.conj()[..., :, None], y, -2)
    )
    if place:
        result = moveaxis(result, -1, place[0])
    if isinstance(target, ndarray) and not place and target.shape[-1:] != result.shape[-1:]:
        raise ValueError(
            f"{name}: the output has shape {target.shape}, but the result has {result.shape}"
        )
    return _delivered(name, result, out, order, x, y)


def _cast_operands(
    name: str, x1: Any, x2: Any, out: Any, dtype: Any, casting: str
) -> tuple[ndarray, ndarray]:
    """Take operands in, in the dtype that is asked for; what cannot be cast comes before shapes that do not fit."""
    a, b = as_array(x1), as_array(x2)
    if dtype is None and casting in ("no", "equiv", "safe"):
        dtype = numpy.result_type(a.dtype, b.dtype)
    if dtype is not None:
        a, b = (cast_input(name, x, dtype, casting) for x in (a, b))
    target = out[0] if isinstance(out, tuple) else out
    if isinstance(target, ndarray):
        check_output(name, numpy.result_type(a.dtype, b.dtype), target, casting)
    return a, b


def _check_keepdims(keepdims: Any) -> None:
    if keepdims is not ... and not isinstance(keepdims, bool):
        raise TypeError("'keepdims' must be a boolean")


def _check_one(out: Any) -> None:
    """Refuse what is no output, and a tuple that is not of one."""
    if out is not None and out is not ... and not isinstance(out, (*OUTPUTS, tuple)):
        raise TypeError("return arrays must be of type quelea.ndarray")
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


def _matrix_product(a: ndarray, b: ndarray) -> ndarray:
    left, right = a.shape, b.shape
    if not left or not right:
        raise ValueError(
            f"matmul: Input operand {1 if left else 0} does not have enough dimensions (has 0, gufunc core with "
            f"signature {_MATMUL} requires 1)"
        )
    over = right[-2] if len(right) > 1 else right[0]
    if over != left[-1]:
        raise _mismatch("matmul", 0, over, left[-1], _MATMUL)
    return _in_stack_order(_stacked_product, a, b, 2)


def _in_stack_order(
    product: Callable[[ndarray, ndarray], ndarray], a: ndarray, b: ndarray, core: int
) -> ndarray:
    """Give a product over the last axes of stacks, which lie in the result as in the operands, where NumPy's do."""
    count = max(a.ndim, b.ndim) - core
    order = list(_quelea.stack_order(a, b, core)) if count > 1 else []
    if order == sorted(order):
        return product(a, b)
    axes = [*order, *range(count, count + core)]
    a, b = (
        x if x.ndim < core else x.reshape((1,) * (count + core - x.ndim) + x.shape).transpose(axes)
        for x in (a, b)
    )
    result = product(a, b)
    return result.transpose([*(order.index(i) for i in range(count)), *range(count, result.ndim)])


def _stacked_product(a: ndarray, b: ndarray) -> ndarray:
    if b.ndim == 1:
        return _contract(a, b, -1)
    if a.ndim == 1:
        return _contract(a[:, None], b, -2)
    return _contract(a[..., :, :, None], b[..., None, :, :], -2)


def _delivered(name: str, result: ndarray, out: Any, order: str, *operands: ndarray) -> ndarray:
    """Give the result of a ufunc, whose arguments are checked, in `out` or in an order."""
    if isinstance(out, tuple):
        out = out[0]
    if order in ("A", "a"):
        order = "F" if all(_quelea.is_contiguous(x, "F") for x in operands) else "C"
    if out is None or out is ...:
        if order != "K":
            result = result.astype(result.dtype, order=order, copy=False)
        return result if out is None else whole(result)
    if isinstance(out, OUTPUTS) and numpy.broadcast_shapes(result.shape, out.shape) != out.shape:
        raise ValueError(
            f"{name}: the output has shape {out.shape}, but the result has {result.shape}"
        )
    return deliver(result, out)


_MULTIPLIED = (
    ndarray,
    numpy.ndarray,
    numpy.generic,
    list,
    tuple,
    range,
    bool,
    int,
    float,
    complex,
)


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
            return left @ right.__array__()
        return left.__array__() @ right
    if not foreign and (isinstance(other, _MULTIPLIED) or hasattr(other, "__array__")):
        return matmul(left, right)
    return NotImplemented


def _is_of_blas(x: ndarray, y: ndarray) -> bool:
    """Say whether NumPy's products of these begin with zero only where there is more than one element."""
    return x.ndim <= 2 and y.ndim <= 2 and numpy.result_type(x.dtype, y.dtype).char in "fdFD"


def _scaled(x: ndarray, y: ndarray) -> ndarray:
    """Give the product with a number; of many it is added to zeros, in NumPy too."""
    dtype = numpy.result_type(x.dtype, y.dtype)
    product = _quelea.multiply(x.astype(dtype, copy=False), y.astype(dtype, copy=False))
    is_sum = product.size > 1 and _is_of_blas(x, y)
    return _quelea.add(product, 0, order="C") if is_sum else product


def _pair(a: Any, b: Any) -> tuple[ndarray, ndarray]:
    """Take two factors in; a second one that is a list of nothing has the dtype of the first."""
    x, y = as_array(a), as_array(b)
    return x, y.astype(x.dtype) if y.size == 0 and isinstance(b, (list, tuple)) else y


def _product_of_one(x: ndarray, y: ndarray) -> ndarray:
    """Give the product of arrays of one element each."""
    one = _quelea.multiply(x.reshape(()), y.reshape(()))
    shape = x.shape[:-1] + y.shape[:-1]
    return one.reshape(shape) if shape else one


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
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("'out' must be an array")
    x, y = _pair(a, b)
    left, right = x.shape, y.shape
    if not left or not right:
        if out is None or _is_of_blas(x, y):
            return _deliver(_scaled(x, y), out)
        return _quelea.multiply(x, y, out=out)
    if x.size == y.size == 1 and _is_of_blas(x, y):
        return _deliver(_product_of_one(x, y), out)
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
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return _scaled(x, y)
    if x.size == y.size == 1 and _is_of_blas(x, y):
        return _product_of_one(x, y)
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
    x, y = (x.ravel() for x in _pair(a, b))
    if x.size != y.size:
        raise ValueError(
            "cannot reshape array into the shape of the other: vdot takes arrays of equal size"
        )
    return _contract(x.conj(), y, 0)


@composed
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
    signature: Any = ...,
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
    _check_keepdims(keepdims)
    check_rules(dtype, casting, order, subok)
    _check_one(out)
    refuse_signature("vecdot", signature)
    x, y = _cast_operands("vecdot", x1, x2, out, dtype, casting)
    for i, a in enumerate((x, y)):
        if a.ndim == 0:
            raise ValueError(
                f"vecdot: Input operand {i} does not have enough dimensions (has 0, gufunc core with signature "
                "(n),(n)->() requires 1)"
            )
    target = out[0] if isinstance(out, tuple) else out
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
    result = _in_stack_order(lambda a, b: _contract(a.conj(), b, -1), x, y, 1)
    if keepdims:
        result = _quelea.expand_dims(result, place)
        if isinstance(target, ndarray) and target.shape != result.shape:
            raise ValueError(
                f"vecdot: the output has shape {target.shape}, but the result has {result.shape}"
            )
    return _delivered("vecdot", result, out, order, x, y)


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
    pairs: Any = axes if isinstance(axes, Iterable) else (list(range(-axes, 0)), list(range(axes)))
    named_x, named_y = (list(s) if isinstance(s, Collection) else [s] for s in pairs)
    if any(len(set(s)) < len(s) for s in (named_x, named_y)):
        raise ValueError("duplicate axes are not allowed in tensordot")
    x, y = as_array(a), as_array(b)
    # of the first pair that does not fit the others are not looked at
    if len(named_x) != len(named_y) or any(
        x.shape[i] != y.shape[j] for i, j in zip(named_x, named_y, strict=True)
    ):
        raise ValueError("shape-mismatch for sum")
    left, right = ([i % z.ndim for i in s] for z, s in ((x, named_x), (y, named_y)))
    rest_x, rest_y = (
        [i for i in range(x.ndim) if i not in left],
        [i for i in range(y.ndim) if i not in right],
    )
    shape_x, shape_y = [x.shape[i] for i in rest_x], [y.shape[i] for i in rest_y]
    size = math.prod(x.shape[i] for i in left)
    flat_x = x.transpose(rest_x + left).reshape(math.prod(shape_x), size)
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
    if dtype is not None:
        numpy.dtype(dtype)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("output must be an array")
    offset, axis1, axis2 = (operator.index(n) for n in (offset, axis1, axis2))
    x = as_array(a)
    return _quelea.sum(line_of(x, offset, axis1, axis2), -1, dtype, out)
