"""Elements chosen among arrays, and put into them, by masks and numbers: all of them expressions with `where`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import zeros_like
from .dispatch import holds_ours
from .elementwise import OUTPUTS, as_array, deliver, isscalar
from .manipulation import size as _size
from .putting import assign_in_turn
from .rearranging import tile

__all__ = ["apply_over_axes", "choose", "piecewise", "place", "putmask", "real_if_close", "select"]


def _weak(x: Any) -> Any:
    """Leave Python's numbers as they are, whose dtype is that of the others; make anything else an array."""
    return x if type(x) in (int, float, complex) else _asarray(x)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> ndarray:
    """Choose elements from the array of the first condition that holds.

    Parameters
    ----------
    condlist : sequence of array_like of bool
    choicelist : sequence of array_like
        As many.
    default : array_like, default 0
        Where no condition holds.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> x = np.arange(6)
    >>> np.select([x < 2, x > 3], [x, x * x], 42)
    array([ 0,  1, 42, 42, 16, 25])
    """
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    choices = [_weak(c) for c in (*choicelist, default)]
    dtype = numpy.result_type(*(c.dtype if isinstance(c, ndarray) else c for c in choices))
    conditions = [_asarray(c) for c in condlist]
    for i, condition in enumerate(conditions):
        if condition.dtype != bool:
            raise TypeError(f"invalid entry {i} in condlist: should be boolean ndarray")
    shapes = (a.shape for a in (*conditions, *choices) if isinstance(a, ndarray))
    shape = numpy.broadcast_shapes(*shapes)
    *chosen, otherwise = [_of_dtype(c, dtype) for c in choices]
    result = _quelea.broadcast_to(otherwise, shape)
    for condition, choice in zip(conditions[::-1], chosen[::-1], strict=True):
        result = _quelea.where(condition, choice, result)
    return _asarray(result).astype(dtype, order="C", copy=False)


def _of_dtype(x: Any, dtype: Any) -> ndarray:
    if isinstance(x, ndarray):
        return _quelea.cast(x, dtype)
    with numpy.errstate(all="ignore"):
        return _asarray(numpy.asarray(x).astype(dtype))  # wraps around, as an array's elements do


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> ndarray:
    """Give the values of functions, of each where its condition holds.

    A function is called once, with all of `x`, whose elements it must treat one by one; NumPy calls it with those of
    its condition.

    Parameters
    ----------
    x : array_like
    condlist : list of array_like of bool, or one
    funclist : list of callable or scalar
        As many, or one more for where no condition holds.

    Returns
    -------
    ndarray of the shape and dtype of `x`

    Examples
    --------
    >>> import quelea as np
    >>> x = np.linspace(-2, 2, 5)
    >>> np.piecewise(x, [x < 0], [lambda x: -x, 7])
    array([2., 1., 7., 7., 7.])
    """
    a = _asarray(x)
    is_one = isscalar(condlist) or (a.ndim != 0 and not _is_list(condlist[0]))
    conditions = [condlist] if is_one else list(condlist)
    conditions = [_asarray(c).astype(bool, copy=False) for c in conditions]
    count, wanted = len(conditions), len(funclist)
    if count == wanted - 1:
        held = conditions[0]
        for condition in conditions[1:]:
            held = _quelea.logical_or(held, condition)
        conditions.append(_quelea.logical_not(held))
    elif count != wanted:
        raise ValueError(
            f"with {count} condition(s), either {count} or {count + 1} functions are expected"
        )
    result = zeros_like(a)
    for condition, function in zip(conditions, funclist, strict=True):
        value = function(a, *args, **kw) if callable(function) else function
        given = _quelea.empty(
            value.shape if isinstance(value, ndarray) else numpy.shape(value), a.dtype
        )
        given[...] = value
        result = _quelea.where(condition, given, result)
    return _asarray(result)


def _is_list(x: Any) -> bool:
    """Whether it is one of several conditions, not the first element of one."""
    return isinstance(x, (list, ndarray, numpy.ndarray)) and not _quelea.is_value(x)


_MODES = ("raise", "wrap", "clip")


def choose(a: Any, choices: Any, out: ndarray | None = None, mode: str = "raise") -> ndarray:
    """Choose each element from the array of that number.

    Parameters
    ----------
    a : array_like of int
    choices : sequence of array_like
        They are broadcast together with `a`.
    out : ndarray, optional
    mode : {'raise', 'wrap', 'clip'}
        What numbers that there are not mean: an error, for which they are looked at, or the rest of a division by
        the number of arrays, or the nearest one.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.choose([1, 0, 1], [[1, 2, 3], [10, 20, 30]])
    array([10,  2, 30])
    """
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("return arrays must be of type quelea.ndarray")
    if mode not in _MODES:
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    x = as_array(a)
    if not numpy.can_cast(x.dtype, numpy.intp, "safe"):
        raise TypeError(
            f"Cannot cast array data from {x.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    arrays = [_weak(c) for c in choices]
    if not arrays:
        raise ValueError("choose needs one array at least")
    dtype = numpy.result_type(*(c.dtype if isinstance(c, ndarray) else c for c in arrays))
    arrays = [_of_dtype(c, dtype) for c in arrays]
    shape = numpy.broadcast_shapes(x.shape, *(c.shape for c in arrays))
    if out is not None and out.shape != shape:
        raise TypeError("choose: invalid shape for output array.")
    count = len(arrays)
    places = x.astype(int, copy=False)
    if mode == "wrap":
        places = _quelea.remainder(places, count)
    elif mode == "clip":
        places = _quelea.minimum(_quelea.maximum(places, 0), count - 1)
    elif bool(_quelea.any((places < 0) | (places >= count))):
        raise ValueError("invalid entry in choice array")
    result = _quelea.broadcast_to(arrays[-1], shape)
    for i in range(count - 2, -1, -1):
        result = _quelea.where(_quelea.equal(places, i), arrays[i], result)
    if out is not None:
        return deliver(result, out)
    return result.astype(dtype, order="C", copy=count == 1)


def _choose(x: ndarray, *choices: Any, out: ndarray | None = None, mode: str = "raise") -> ndarray:
    """``ndarray.choose``: the arrays may be one argument, or one each."""
    return choose(x, choices[0] if len(choices) == 1 else choices, out, mode)


_choose.__name__ = _choose.__qualname__ = "choose"


def _marked(a: ndarray, mask: Any) -> ndarray:
    """Give the mask of an assignment, in the shape of the array."""
    marked = _asarray(mask).astype(bool, copy=False)
    return marked if marked.shape == a.shape else marked.reshape(a.shape)


def _put(values: Any, dtype: numpy.dtype[Any]) -> ndarray:
    """Give what is put as elements of that dtype, to which arrays must be cast safely; numbers need not be."""
    if not isinstance(values, numpy.ndarray) and not holds_ours(values):
        return _asarray(numpy.asarray(values, dtype))
    given = _asarray(values)
    if not _quelea.is_value(values) and not numpy.can_cast(given.dtype, dtype, "safe"):
        raise TypeError(
            f"Cannot cast array data from {given.dtype!r} to {dtype!r} according to the rule 'safe'"
        )
    return _quelea.cast(given, dtype)


def putmask(a: ndarray, /, mask: Any, values: Any) -> None:
    """Assign elements where a mask is true: of the flattened values that of the same place.

    Parameters
    ----------
    a : ndarray
    mask : array_like of bool
        As many elements as `a`.
    values : array_like
        Where there are fewer they begin again.
    """
    if not isinstance(a, ndarray):
        raise TypeError(f"putmask() argument 1 must be quelea.ndarray, not {type(a).__name__}")
    if _size(mask) != a.size:
        raise ValueError("putmask: mask and data must be the same size")
    marked = _marked(a, mask)
    given = _put(values, a.dtype)
    if given.size == 0 or a.size == 0:
        return
    if given.size == 1:
        given = given.reshape(())
    elif given.shape != a.shape:
        flat = given.ravel()
        if flat.size < a.size:
            flat = tile(flat, -(-a.size // flat.size))
        given = flat[: a.size].reshape(a.shape)
    a[...] = _quelea.where(marked, given, a)


def place(arr: ndarray, mask: Any, vals: Any) -> None:
    """Assign values where a mask is true: to the n-th true element the n-th.

    Parameters
    ----------
    arr : ndarray
    mask : array_like of bool
        As many elements as `arr`.
    vals : array_like
        Where there are fewer they begin again.

    Raises
    ------
    ValueError
        Shapes do not fit, or there are no values.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.arange(6)
    >>> np.place(x, x > 2, [44, 55])
    >>> x
    array([ 0,  1,  2, 44, 55, 44])
    """
    if not isinstance(arr, ndarray):
        raise TypeError(f"argument 1 must be quelea.ndarray, not {type(arr).__name__}")
    if _size(mask) != arr.size:
        raise ValueError("place: mask and data must be the same size")
    given = _put(vals, arr.dtype)
    marked = _marked(arr, mask)
    if given.size > 1:
        assign_in_turn(arr, marked, given.ravel())
        return
    if given.size == 0:
        if bool(_quelea.any(marked)):
            raise ValueError("Cannot insert from an empty array!")
        return
    arr[...] = _quelea.where(marked, given.reshape(()), arr)


def real_if_close(a: Any, tol: float = 100) -> ndarray:
    """Give the real parts if all imaginary parts are close to 0, which is looked at; else the array itself.

    Parameters
    ----------
    a : array_like
    tol : float, default 100
        In units of the last place of 1; what is not above 1 is the difference itself.

    Returns
    -------
    ndarray
    """
    x = _asarray(a)
    if x.dtype.kind != "c":
        return x
    if tol > 1:
        tol = float(numpy.finfo(x.dtype).eps) * tol
    return x.real if bool(_quelea.all(_quelea.absolute(x.imag) < tol)) else x


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> ndarray:
    """Call a function, ``func(a, axis)``, for one axis after another; an axis that it takes away is put back.

    Parameters
    ----------
    func : callable
    a : array_like
    axes : int or sequence of int

    Returns
    -------
    ndarray of as many axes

    Examples
    --------
    >>> import quelea as np
    >>> np.apply_over_axes(np.sum, np.ones((2, 3, 4)), (0, 2))
    array([[[8.],
            [8.],
            [8.]]])
    """
    value = _asarray(a)
    ndim = a.ndim
    for axis in [axes] if numpy.ndim(axes) == 0 else axes:
        axis = ndim + axis if axis < 0 else axis
        result = func(value, axis)
        if result.ndim != value.ndim:
            result = _quelea.expand_dims(_asarray(result), axis)
        if result.ndim != value.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        value = result
    return value
