"""Making arrays: from shapes, from functions, from what Python has already. Ranges are in ranges.py."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray

__all__ = [
    "array",
    "asanyarray",
    "asarray",
    "ascontiguousarray",
    "asfortranarray",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "fromfunction",
    "full",
    "full_like",
    "identity",
    "indices",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]

Shape = int | Sequence[int]
DType = Any


def _check(
    device: str | None = None, like: Any = None, dtype: DType = None, *, of_c: bool = False
) -> None:
    """Check the arguments that change nothing here, in NumPy's order; of_c: that of its functions in C."""
    if not of_c:
        _check_like(like)
    if dtype is not None:
        numpy.dtype(dtype)
    if device not in (None, "cpu"):
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {device}')
    if of_c:
        _check_like(like)


def _check_like(like: Any) -> None:
    if like is not None and not isinstance(like, ndarray):
        raise TypeError("The `like` argument must be a quelea.ndarray")


def array(
    object: Any,
    dtype: DType = None,
    *,
    copy: bool | None = True,
    order: str | None = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
    like: Any = None,
) -> ndarray:
    """Make an array from anything array-like.

    The data is the same on every rank; each takes its own part (contract C4).

    Parameters
    ----------
    object : array_like
        Nested lists, NumPy arrays, Quelea arrays, scalars.
    dtype : dtype, optional
        By default that of the data.
    copy : bool or None, default True
        Whether a Quelea array is copied; None: only if the dtype changes.
    ndmin : int, default 0
        The result gets leading axes of extent 1 up to this number.
    ndmax : int, default 0
        How many levels of nested sequences become axes, at most; 0: all. Deeper ones would be objects: TypeError.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.array([[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]])
    """
    if order != "K" or like is not None:
        _check(like=like)
    if subok is not False:
        bool(subok)  # which chooses nothing here
    if type(ndmin) is not int:
        ndmin = operator.index(ndmin)
    if ndmax:
        object = _nested(object, dtype, ndmin, ndmax)
    avoids = copy is not True and copy is not None and (isinstance(copy, str) or not copy)
    result = _asarray(object, dtype, copy if isinstance(object, ndarray) or avoids else None)
    if order != "K":
        result = _in_order(result, order, copy, object)
    return (
        result
        if result.ndim >= ndmin
        else result.reshape((1,) * (ndmin - result.ndim) + result.shape)
    )


def _nested(object: Any, dtype: DType, ndmin: int, ndmax: int) -> Any:
    """What NumPy makes of sequences in sequences, of which so many levels are axes; it may refuse an array, too."""
    is_ours = isinstance(object, ndarray)
    given = numpy.empty((0,) * object.ndim, object.dtype) if is_ours else object
    made = numpy.array(given, dtype, ndmin=ndmin, ndmax=ndmax)
    return object if is_ours else made


def _in_order(
    a: ndarray, order: str | None, copy: bool | None = None, given: object = None
) -> ndarray:
    """Give the array itself if its elements follow one another in that order, else a copy in which they do."""
    order = _quelea.order(order)
    if order == "A":
        source: Any = given if isinstance(given, (ndarray, numpy.ndarray)) else a
        order = _order_of(source)
        if source is a or (order == "C" and source.dtype != a.dtype):
            return a  # a cast keeps the order of the axes
    result: ndarray = a.astype(a.dtype, order=order, copy=False)
    if copy is not None and not copy and result is not a:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    return result


def asarray(
    a: Any,
    dtype: DType = None,
    order: str | None = None,
    *,
    device: str | None = None,
    copy: bool | None = None,
    like: Any = None,
) -> ndarray:
    """Give anything array-like as an array; a Quelea array of that dtype is returned itself.

    Anything else is copied, NumPy arrays too: what is written into the result does not reach the original, nor what
    is written into the original later the result. It must be the same on every rank.

    Parameters
    ----------
    a : array_like
        Nested lists, NumPy arrays, Quelea arrays, scalars.
    dtype : dtype, optional
        By default that of the data.
    copy : bool or None, default None
        Whether a Quelea array is copied; None: only if the dtype changes.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        `copy` is False, and `a` is no Quelea array of that dtype.

    Examples
    --------
    >>> import numpy
    >>> import quelea as np
    >>> original = numpy.zeros(3)
    >>> taken = np.asarray(original)
    >>> taken[0] = 1.0
    >>> float(original[0])
    0.0
    """
    if order is not None or device is not None or like is not None:
        _check(device, like, dtype)
    result = _asarray(a, dtype, copy)
    return result if order is None else _in_order(result, order, copy, a)


asanyarray = asarray


def ascontiguousarray(a: Any, dtype: DType = None, *, like: Any = None) -> ndarray:
    """Give an array of at least one axis whose elements follow one another in C order: `a` itself, or a copy.

    Returns
    -------
    ndarray
    """
    _check(like=like)
    result = _in_order(_asarray(a, dtype), "C")
    return result if result.ndim else result.reshape(1)


def asfortranarray(a: Any, dtype: DType = None, *, like: Any = None) -> ndarray:
    """Give an array of at least one axis whose elements follow one another in Fortran order: `a` itself, or a copy.

    Returns
    -------
    ndarray
    """
    _check(like=like)
    result = _in_order(_asarray(a, dtype), "F")
    return result if result.ndim else result.reshape(1)


def copy(a: Any, order: str = "K", subok: bool = False) -> ndarray:
    """Give a new array with the same elements.

    Returns
    -------
    ndarray
    """
    return array(a, order=order, subok=subok)


# ---- from shapes ----


def _made(make: Callable[[Any, Any], ndarray], shape: Any, dtype: DType, order: str) -> ndarray:
    """Make an array of that shape in C or Fortran order."""
    if dtype is not None:
        numpy.dtype(dtype)
    if _only_c_or_f(order) == "C":
        return make(shape, dtype)
    extents = tuple(shape) if numpy.ndim(shape) else (shape,)
    return make(extents[::-1], dtype).transpose()


def empty(
    shape: Shape,
    dtype: DType = float,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make an array whose elements have no value yet.

    Parameters
    ----------
    shape : int or sequence of int
    dtype : dtype, default float64

    Returns
    -------
    ndarray
    """
    if device is not None or like is not None:
        _check(device, like, dtype, of_c=True)
    return (
        _quelea.empty(shape, dtype) if order == "C" else _made(_quelea.empty, shape, dtype, order)
    )


def zeros(
    shape: Shape,
    dtype: DType = float,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make an array of zeros.

    Parameters
    ----------
    shape : int or sequence of int
    dtype : dtype, default float64

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.zeros((2, 3))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """
    if device is not None or like is not None:
        _check(device, like, dtype, of_c=True)
    if order != "C":
        return _made(zeros, shape, dtype, order)
    return _quelea.full(shape, 0, float if dtype is None else dtype)


def ones(
    shape: Shape,
    dtype: DType = None,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make an array of ones.

    Parameters
    ----------
    shape : int or sequence of int
    dtype : dtype, default float64

    Returns
    -------
    ndarray
    """
    if device is not None or like is not None:
        _check(device, like, dtype)
    if order != "C":
        return _made(ones, shape, dtype, order)
    return _quelea.full(shape, 1, float if dtype is None else dtype)


def is_number(x: Any) -> bool:
    """Whether it is a scalar of Python's or NumPy's."""
    return isinstance(x, (bool, int, float, complex, numpy.generic))


def type_of_number(x: Any) -> numpy.dtype[Any]:
    """Dtype that NumPy gives to one number as an array."""
    dtype: numpy.dtype[Any] = numpy.asarray(x).dtype
    return dtype


def full(
    shape: Shape,
    fill_value: Any,
    dtype: DType = None,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make an array filled with a value.

    Parameters
    ----------
    shape : int or sequence of int
    fill_value : scalar or array_like
        An array is broadcast to the shape.
    dtype : dtype, optional
        By default that of the value.

    Returns
    -------
    ndarray
    """
    if device is not None or like is not None:
        _check(device, like, dtype)
    if order != "C":
        if is_number(fill_value):
            return _made(lambda n, kind: full(n, fill_value, kind), shape, dtype, order)
        value = _asarray(fill_value)
        result = _made(empty, shape, value.dtype if dtype is None else dtype, order)
        result[...] = value
        return result
    if dtype is None and type(fill_value) is float:
        return _quelea.full(shape, fill_value, float)
    if isinstance(fill_value, (bool, int, float, complex, numpy.generic)):
        kind = numpy.dtype(type_of_number(fill_value) if dtype is None else dtype)
        if isinstance(fill_value, float) and kind.kind in "fc":  # rounded by us, as everywhere
            return _quelea.full(shape, fill_value, kind)
        element = numpy.empty((), kind)
        numpy.copyto(element, fill_value, casting="unsafe")
        return _quelea.full(shape, element[()], element.dtype)
    value = _asarray(fill_value)
    result = _quelea.empty(shape, value.dtype if dtype is None else dtype)
    result[...] = value
    return result


def _like(
    make: Callable[[Shape, Any], ndarray],
    a: Any,
    dtype: DType,
    order: str,
    subok: bool,
    shape: Shape | None,
    device: str | None,
) -> ndarray:
    """Make an array of that shape and dtype, with the axes in the order in which those of `a` lie in memory."""
    if subok is not True:
        operator.index(subok)  # which chooses nothing here
    if device is not None:
        _check(device, None, dtype)
    elif dtype is not None:
        numpy.dtype(dtype)
    if not isinstance(a, (ndarray, numpy.ndarray)):
        a = numpy.asarray(a)
    dtype = a.dtype if dtype is None else dtype
    extents: Any = a.shape if shape is None else shape
    extents = tuple(extents) if numpy.ndim(extents) else (extents,)
    order = _quelea.order(order)
    if order == "A":
        order = _order_of(a)
    if order not in ("K", None):
        return _made(make, extents, dtype, order)
    if a.ndim < 2 or _is_in_c_order(a):
        return make(extents, dtype)
    axes = sorted(range(a.ndim), key=lambda k: -abs(a.strides[k]))
    if len(extents) != a.ndim or axes == list(range(a.ndim)):
        return make(extents, dtype)
    places = [axes.index(k) for k in range(a.ndim)]
    return make(tuple(extents[k] for k in axes), dtype).transpose(places)


def _is_in_c_order(a: Any) -> bool:
    return _quelea.is_contiguous(a, "C") if isinstance(a, ndarray) else a.flags.c_contiguous


def _order_of(a: Any) -> str:
    """Give what order 'A' stands for."""
    if isinstance(a, ndarray):
        return "F" if not _quelea.is_contiguous(a, "C") and _quelea.is_contiguous(a, "F") else "C"
    return "F" if a.flags.fnc else "C"


def empty_like(
    prototype: Any,
    dtype: DType = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> ndarray:
    """Make an array of the same shape and dtype, without values yet.

    Parameters
    ----------
    prototype : array_like
    dtype : dtype, optional
        By default that of `prototype`.
    shape : int or sequence of int, optional
        Instead of the shape of `prototype`.

    Returns
    -------
    ndarray
    """
    return _like(empty, prototype, dtype, order, subok, shape, device)


def zeros_like(
    a: Any,
    dtype: DType = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> ndarray:
    """Make an array of zeros of the same shape and dtype.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        By default that of `a`.
    shape : int or sequence of int, optional
        Instead of the shape of `a`.

    Returns
    -------
    ndarray
    """
    return _like(zeros, a, dtype, order, subok, shape, device)


def ones_like(
    a: Any,
    dtype: DType = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> ndarray:
    """Make an array of ones of the same shape and dtype.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        By default that of `a`.
    shape : int or sequence of int, optional
        Instead of the shape of `a`.

    Returns
    -------
    ndarray
    """
    return _like(ones, a, dtype, order, subok, shape, device)


def full_like(
    a: Any,
    fill_value: Any,
    dtype: DType = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> ndarray:
    """Make an array of the same shape and dtype, filled with a value.

    Parameters
    ----------
    a : array_like
    fill_value : scalar or array_like
        An array is broadcast to the shape.
    dtype : dtype, optional
        By default that of `a`.
    shape : int or sequence of int, optional
        Instead of the shape of `a`.

    Returns
    -------
    ndarray
    """
    if isinstance(fill_value, (bool, int, float, complex, numpy.generic)):
        return _like(
            lambda extents, wanted: full(extents, fill_value, wanted),
            a,
            dtype,
            order,
            subok,
            shape,
            device,
        )
    result = _like(empty, a, dtype, order, subok, shape, device)
    result[...] = _asarray(fill_value)
    return result


# ---- grids ----


def _grid_axis(
    dimensions: tuple[int, ...], axis: int, dtype: DType, sparse: bool = False
) -> ndarray:
    shape = tuple(n if i == axis else 1 for i, n in enumerate(dimensions)) if sparse else dimensions
    return _quelea.ramp(shape, axis, 0, 1, dtype)


def indices(dimensions: Sequence[int], dtype: DType = int, sparse: bool = False) -> Any:
    """Make the indices of a grid.

    Parameters
    ----------
    dimensions : sequence of int
    dtype : dtype, default int64
    sparse : bool, default False
        Give a tuple of arrays that broadcast to the grid instead of one array.

    Returns
    -------
    ndarray of shape (len(dimensions), *dimensions), or tuple of ndarray
    """
    shape = tuple(dimensions)
    if numpy.dtype(dtype) == bool and any(n > 2 for n in shape):
        raise TypeError(
            "arange() is only supported for booleans when the result has at most length 2."
        )
    if sparse:
        return tuple(_grid_axis(shape, i, dtype, True) for i in range(len(shape)))
    result = _quelea.empty((len(shape), *shape), dtype)
    for i in range(len(shape)):
        result[i] = _grid_axis(shape, i, dtype)
    return result


def fromfunction(
    function: Callable[..., Any],
    shape: Sequence[int],
    *,
    dtype: DType = float,
    like: Any = None,
    **kwargs: Any,
) -> Any:
    """Make an array by calling a function on the indices of a grid.

    Parameters
    ----------
    function : callable
        Called once, with one array of indices per axis.
    shape : sequence of int
    dtype : dtype, default float64
        Of the indices.

    Returns
    -------
    Any
        What the function returns.

    Examples
    --------
    >>> import quelea as np
    >>> np.fromfunction(lambda i, j: i + j, (2, 3))
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    _check(like=like)
    extents = tuple(shape)
    return function(*(_grid_axis(extents, i, dtype) for i in range(len(extents))), **kwargs)


def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[ndarray, ...]:
    """Make coordinate arrays from coordinate vectors.

    Parameters
    ----------
    *xi : array_like of shape (n_i,)
    copy : bool, default True
        Whether the arrays are writable; otherwise they are broadcast views.
    sparse : bool, default False
        Give arrays that broadcast to the grid.
    indexing : {'xy', 'ij'}
        Cartesian (the first two axes exchanged) or matrix order.

    Returns
    -------
    tuple of ndarray
    """
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    count = len(xi)
    places = list(range(count))
    if indexing == "xy" and count > 1:
        places[0], places[1] = 1, 0
    vectors = [_asarray(x).reshape(-1) for x in xi]
    shape = [0] * count
    for place, vector in zip(places, vectors, strict=True):
        shape[place] = vector.size
    grids = [
        v.reshape([-1 if i == place else 1 for i in range(count)])
        for place, v in zip(places, vectors, strict=True)
    ]
    if not sparse:
        grids = [_quelea.broadcast_to(g, tuple(shape)) for g in grids]
    return tuple(g.copy() for g in grids) if copy else tuple(grids)


def _only_c_or_f(order: str | None) -> str:
    letter = _quelea.order(order)
    if letter in ("A", "K"):
        raise ValueError("only 'C' or 'F' order is permitted")
    return letter or "C"


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: DType = float,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make a matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    N, M : int
        Rows and columns; as many columns as rows by default.
    k : int, default 0
        The diagonal: positive above the main one.

    Returns
    -------
    ndarray of shape (N, M)
    """
    _check(device, like, dtype)
    order = _only_c_or_f(order)
    if isinstance(N, bool) or isinstance(M, bool):
        raise TypeError("an integer is required")
    rows, columns = operator.index(N), operator.index(N if M is None else M)
    if k >= columns:
        k = columns  # no element is there, and NumPy asks for no integer
    k = max(operator.index(k), -rows)
    ones = _quelea.equal(
        _quelea.ramp((rows, 1), 0, k, 1, int), _quelea.ramp((1, columns), 1, 0, 1, int)
    )
    return ones.astype(dtype, order=order, copy=False)


def identity(n: int, dtype: DType = None, *, like: Any = None) -> ndarray:
    """Make the identity matrix.

    Returns
    -------
    ndarray of shape (n, n)
    """
    return eye(n, dtype=float if dtype is None else dtype, like=like)


def _length(stop: Any) -> int:
    """Count the elements of a range up to a number."""
    if isinstance(stop, ndarray) and stop.ndim == 0:
        stop = _quelea.scalar(stop)
    return max(
        0, math.ceil(stop) if isinstance(stop, (float, numpy.floating)) else operator.index(stop)
    )


def tri(
    N: int, M: int | None = None, k: float = 0, dtype: DType = float, *, like: Any = None
) -> ndarray:
    """Make a matrix with ones at and below a diagonal.

    Parameters
    ----------
    N, M : int
        Rows and columns; as many columns as rows by default. Parts of one count, as in `arange`.
    k : int, default 0
        The diagonal: positive above the main one.
    dtype : dtype, default float64

    Returns
    -------
    ndarray of shape (N, M)
    """
    _check(like=like)
    rows = _length(N)
    columns = rows if M is None else _length(M)
    first, second = int(-k), int(-k + 1)  # NumPy counts in integers from there
    last = _quelea.ramp((1, columns), 1, first, second - first, int)
    return _quelea.greater_equal(_quelea.ramp((rows, 1), 0, 0, 1, int), last).astype(dtype)


def _at_or_below(x: ndarray, k: float) -> ndarray:
    """Mark the elements at or below a diagonal of the last two axes."""
    if x.ndim == 0:
        raise TypeError("tril and triu take an array of one axis at least")
    return tri(x.shape[-2] if x.ndim > 1 else x.size, x.shape[-1], k, bool)


def tril(m: Any, k: float = 0) -> ndarray:
    """Give the lower triangle of the last two axes, zeros elsewhere; a vector is every row of a square matrix.

    Parameters
    ----------
    m : array_like
    k : int, default 0
        The diagonal that is kept with the triangle: positive above the main one.

    Returns
    -------
    ndarray of the same shape, or of (n, n) for a vector
    """
    x = _asarray(m)
    return _quelea.where(_at_or_below(x, k), x, x.dtype.type(0))


def triu(m: Any, k: float = 0) -> ndarray:
    """Give the upper triangle of the last two axes, zeros elsewhere; a vector is every row of a square matrix.

    Parameters
    ----------
    m : array_like
    k : int, default 0
        The diagonal that is kept with the triangle: positive above the main one.

    Returns
    -------
    ndarray of the same shape, or of (n, n) for a vector
    """
    x = _asarray(m)
    return _quelea.where(_at_or_below(x, k - 1), x.dtype.type(0), x)
