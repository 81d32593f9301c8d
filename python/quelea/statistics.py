"""Reductions that are made of others: mean, variance, range; and the slow ways of the simple ones."""

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray
from .elementwise import OUTPUTS, as_array, as_scalar, deliver
from .rearranging import diff

__all__ = [
    "average",
    "mean",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "ptp",
    "std",
    "trapezoid",
    "var",
]

Axis = int | Sequence[int] | None


def _check_shape(shape: tuple[int, ...], out: Any) -> None:
    if out.shape != shape:
        raise ValueError(
            f"output parameter for a reduction has shape {out.shape}, but the result has {shape}"
        )


def _shape_of_lines(x: ndarray, axis: Axis, keepdims: bool) -> tuple[int, ...]:
    """Give the shape of a reduction over axes."""
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
    return tuple(kept)


def _deliver(result: ndarray, out: ndarray | None) -> ndarray:
    """Give the result of a reduction, in `out` if there is one, which must have its shape."""
    if isinstance(out, OUTPUTS):
        _check_shape(result.shape, out)
    return deliver(result, out)


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, Sequence) else axis


def _count(x: ndarray, axis: Axis) -> int:
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    count = 1
    for i in axes:
        count *= x.shape[i]
    return count


def _divide(total: ndarray, count: Any, dtype: Any) -> ndarray:
    """Divide a sum by a number of elements, in the dtype of the sum where it is inexact."""
    if total.dtype.kind in "fc" and isinstance(count, ndarray):
        place = (total,) if total.ndim else ()  # where the quotient lies as the sum does
        result = _quelea.divide(total, count.astype(total.real.dtype), *place)
    elif total.dtype.kind in "fc":
        result = _quelea.divide(total, total.dtype.type(count))
    else:
        result = _quelea.divide(total, count)
    return result if dtype is None or result.dtype == dtype else result.astype(dtype)


def _accumulator(dtype: numpy.dtype[Any], wanted: Any) -> tuple[Any, Any]:
    """Dtypes in which a mean is accumulated and given; None: that of the quotient."""
    if wanted is not None:
        wanted = numpy.dtype(wanted)
        return wanted, wanted if wanted.kind in "iub" else None
    if dtype.kind in "iub":
        return numpy.dtype(float), None
    if dtype == numpy.float16:
        return numpy.dtype(numpy.float32), numpy.dtype(numpy.float16)
    return dtype, None


def mean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> ndarray:
    """Arithmetic mean over axes.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        All axes by default.
    dtype : dtype, optional
        Of the sum; float64 for integers by default.
    out : ndarray, optional
    keepdims : bool, default False
        Whether reduced axes stay, with extent 1.
    where : array_like of bool
        Elements to include.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.mean(np.array([[1, 2], [3, 4]]), axis=0)
    array([2., 3.])
    """
    x = as_array(a)
    if axis is not None and where is True:
        normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    accumulated, given = _accumulator(x.dtype, dtype)
    mask = True if where is True else _mask_that_counts(where, x)
    count = _count(x, axis) if mask is True else _quelea.sum(mask, _axes(axis), keepdims=keepdims)
    if mask is True and count == 0:
        warnings.warn("Mean of empty slice.", RuntimeWarning, stacklevel=2)
    if out is not None:
        return _quotient_in(out, x, axis, dtype, accumulated, keepdims, mask, count)
    return _divide(_sum(x, axis, accumulated, keepdims, mask), count, given)


def _quotient_in(
    out: ndarray,
    x: ndarray,
    axis: Axis,
    dtype: Any,
    accumulated: Any,
    keepdims: bool,
    mask: Any,
    count: Any,
) -> ndarray:
    """Sum into `out`, in what both promote to if no dtype is asked for, and divide there, as NumPy does."""
    summed = accumulated if dtype is not None or accumulated != x.dtype else None
    _quelea.sum(x, _axes(axis), summed, out, keepdims, where=mask)
    return _quelea.divide(out, count, out=out, casting="unsafe")


def _mask_that_counts(where: Any, x: ndarray) -> ndarray:
    if where is None:
        raise TypeError("where= must be of booleans, not None")
    return _mask(where, x)


def _sum(x: ndarray, axis: Axis, dtype: Any, keepdims: bool, where: Any = True) -> ndarray:
    return _quelea.sum(x, _axes(axis), dtype, keepdims=keepdims, where=where)


def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = ...,
) -> ndarray:
    """Variance over axes: the mean of the squared distances from the mean.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
    dtype : dtype, optional
    out : ndarray, optional
    ddof : float, default 0
        The divisor is the number of elements less `ddof`; also as `correction`.
    keepdims : bool, default False
    where : array_like of bool
    mean : ndarray, optional
        The mean, with the reduced axes kept, if it is known.

    Returns
    -------
    ndarray, real
    """
    x = as_array(a)
    if correction is not ...:
        if ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    if axis is not None and where is True:
        normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    accumulated, given = _accumulator(x.dtype, dtype)
    mask = True if where is True else _mask_that_counts(where, x)
    count: Any = _count(x, axis) if mask is True else _quelea.sum(mask, _axes(axis), keepdims=True)
    if ddof is None:
        raise TypeError("'<=' not supported between instances of 'int' and 'NoneType'")
    rounded = given if dtype is not None else None  # an integer dtype holds for the mean too
    centre = (
        _divide(_sum(x, axis, accumulated, True, mask), count, rounded) if mean is None else mean
    )
    distance = x - centre
    squares = (
        _quelea.square(distance.real) + _quelea.square(distance.imag)
        if distance.dtype.kind == "c"
        else _quelea.square(distance)
    )
    summed = accumulated
    if x.dtype.kind == "c" and dtype is None:
        summed = numpy.zeros(0, accumulated).real.dtype
    if mask is not True:
        divisor: Any = _quelea.maximum(_quelea.sum(mask, _axes(axis), keepdims=keepdims) - ddof, 0)
    else:
        divisor = max(count - ddof, 0)
        if count - ddof <= 0:
            warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
    if out is not None:
        return _quotient_in(out, squares, axis, dtype, summed, keepdims, mask, divisor)
    return _divide(_sum(squares, axis, summed, keepdims, mask), divisor, given)


def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = ...,
) -> ndarray:
    """Standard deviation over axes: the square root of the variance. The parameters are those of `var`.

    Returns
    -------
    ndarray, real
    """
    variance = var(
        a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    if variance.dtype.kind in "iub" and (out is not None or variance.ndim):
        raise TypeError(
            f"Cannot cast ufunc 'sqrt' output from dtype('float64') to {variance.dtype!r} with casting rule 'same_kind'"
        )
    if out is not None:
        return _quelea.sqrt(out, out=out)
    return _quelea.sqrt(variance).astype(variance.dtype, copy=False)


def ptp(a: Any, axis: Axis = None, out: ndarray | None = None, keepdims: bool = False) -> ndarray:
    """Range of values over axes: maximum less minimum. The parameters are those of `max`.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    axes = _axes(axis)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("return arrays must be of type quelea.ndarray")
    high, low = (reduce(x, axes, keepdims=keepdims) for reduce in (_quelea.max, _quelea.min))
    if out is None:
        return high - low
    _check_shape(high.shape, out)
    return _quelea.subtract(high, low, out=out)


def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """Weighted mean over axes.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
    weights : array_like, optional
        Of the shape of `a`, or a vector along one axis.
    returned : bool, default False
        Whether the sum of the weights is returned as well.

    Returns
    -------
    ndarray, or tuple of ndarray

    Raises
    ------
    ZeroDivisionError
        Weights sum to 0, which is looked at: what is recorded is executed.
    """
    x = as_array(a)
    axes = () if axis is None else normalize_axis_tuple(axis, x.ndim, argname="axis")
    if weights is None:
        result = mean(x, axis, keepdims=keepdims)
        count = x.size / result.size  # of no result: ZeroDivisionError, as in NumPy
        return (
            (result, as_scalar(_quelea.full(result.shape, count, result.dtype)))
            if returned
            else result
        )
    w = as_array(weights)
    if w.shape != x.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if w.shape != tuple(x.shape[i] for i in axes):
            raise ValueError(
                "Shape of weights must be consistent with shape of a along specified axis."
            )
        w = w.transpose([int(i) for i in numpy.argsort(axes)])
        w = w.reshape([x.shape[i] if i in axes else 1 for i in range(x.ndim)])
    dtype = (
        numpy.result_type(x.dtype, w.dtype, float)
        if x.dtype.kind in "iub"
        else numpy.result_type(x.dtype, w.dtype)
    )
    scale = _sum(w, axis, dtype, keepdims)
    if bool(_quelea.any(_quelea.equal(scale, 0))):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    result = _sum(_quelea.multiply(x, w, dtype=dtype), axis, dtype, keepdims) / scale
    if not returned:
        return result
    if scale.shape != result.shape:
        scale = _quelea.broadcast_to(scale, result.shape).copy()
    return result, scale


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> ndarray:
    """Integrate along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : array_like
    x : array_like, optional
        Where the values are; a vector, or of the shape of `y`.
    dx : float, default 1
        The distance between values, without `x`.
    axis : int, default -1

    Returns
    -------
    ndarray
    """
    f = as_array(y)
    width: Any = dx
    if x is not None:
        points = as_array(x)
        width = diff(points) if points.ndim == 1 else diff(points, axis=axis)
        if points.ndim == 1:
            shape = [1] * f.ndim
            shape[axis] = width.size
            width = width.reshape(shape)
    lead = (slice(None),) * normalize_axis_index(axis, f.ndim)
    return _quelea.sum(
        width * (f[(*lead, slice(1, None))] + f[(*lead, slice(None, -1))]) / 2.0, axis
    )


# ---- leaving NaN out ----


def _without_nan(x: ndarray, value: Any) -> ndarray:
    if x.dtype.kind not in "fc":
        return x
    return _quelea.where(_quelea.isnan(x), x.dtype.type(value), x)


def _copied_if_broadcast(x: ndarray) -> ndarray:
    """Give an array that lies as its copy without NaN, which NumPy makes for sums."""
    return x.copy("K") if x.dtype.kind in "fc" and 0 in x.strides else x


def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    initial: Any = 0,
    where: Any = True,
) -> ndarray:
    """Sum over axes, NaN counting as 0. The parameters are those of `sum`.

    Returns
    -------
    ndarray
    """
    given: dict[str, Any] = {} if where is True else {"where": where}
    if type(initial) is not int or initial:
        given["initial"] = initial
    x = _without_nan(_copied_if_broadcast(as_array(a)), 0)
    return _quelea.sum(x, _axes(axis), dtype, out, keepdims, **given)


def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> ndarray:
    """Mean over axes of what is not NaN. The parameters are those of `mean`.

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    if x.dtype.kind not in "fc":
        return mean(x, axis, dtype, out, keepdims, where=where)
    if dtype is not None and numpy.dtype(dtype).kind not in "fc":
        raise TypeError("If a is inexact, then dtype must be inexact")
    if isinstance(out, OUTPUTS) and out.dtype.kind not in "fc":
        raise TypeError("If a is inexact, then out must be inexact")
    x = _copied_if_broadcast(x)
    numbers = _quelea.logical_not(_quelea.isnan(x))
    if where is not True:
        numbers = _quelea.logical_and(numbers, _mask(where, x))
    return mean(x, axis, dtype, out, keepdims, where=numbers)


def _nan_extreme(
    name: str,
    x: ndarray,
    axis: Axis,
    out: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> ndarray:
    if isinstance(out, tuple):
        if len(out) != 1:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        out = out[0]
    given: dict[str, Any] = {} if where is True else {"where": where}
    if initial is not None:
        given["initial"] = initial
    reduce = getattr(_quelea, name)
    if x.dtype.kind not in "fc":
        return reduce(x, axis, out, keepdims, **given)  # type: ignore[no-any-return]
    neutral = numpy.inf if name == "min" else -numpy.inf
    begins_with_nan = initial is not None and bool(initial != initial)
    if begins_with_nan:
        given["initial"] = neutral
    replaced = reduce(_without_nan(x, neutral), axis, None, keepdims, **given)
    nothing = _quelea.all(_quelea.isnan(x), axis, None, keepdims, where=where)
    if initial is not None:
        nothing = _quelea.logical_and(nothing, begins_with_nan)
    is_complex = x.dtype.kind == "c" and x.size > 0
    of_nan = reduce(x, axis, None, keepdims) if is_complex else x.dtype.type(numpy.nan)
    return _deliver(_quelea.where(nothing, of_nan, replaced), out)


def nanmin(
    a: Any,
    axis: Axis = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> ndarray:
    """Minimum over axes of what is not NaN. The parameters are those of `max`.

    Returns
    -------
    ndarray
    """
    return _nan_extreme("min", as_array(a), axis, out, keepdims, initial, where)


def nanmax(
    a: Any,
    axis: Axis = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> ndarray:
    """Maximum over axes of what is not NaN. The parameters are those of `max`.

    Returns
    -------
    ndarray
    """
    return _nan_extreme("max", as_array(a), axis, out, keepdims, initial, where)


# ---- what C calls: initial= and where= of the simple reductions ----


def _identity(name: str) -> Any:
    return {"sum": 0, "prod": 1, "any": False, "all": True}.get(name)


def _combine(name: str) -> Any:
    return {
        "sum": _quelea.add,
        "prod": _quelea.multiply,
        "min": _quelea.minimum,
        "max": _quelea.maximum,
        "any": _quelea.logical_or,
        "all": _quelea.logical_and,
    }[name]


def _reduce_slowly(
    name: str, a: Any, axis: Any, dtype: Any, out: Any, keepdims: bool, initial: Any, where: Any
) -> ndarray:
    """Reduce with `initial` and `where`: what is not included becomes the neutral element, or the initial value."""
    if dtype is not None:
        numpy.dtype(dtype)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError(f"return arrays must be of type quelea.ndarray, not {type(out).__name__}")
    x = as_array(a)
    if dtype is not None and numpy.dtype(dtype).kind not in "biufc":
        _quelea.sum(x, axis, dtype)  # says so
    arguments: dict[str, Any] = {"keepdims": keepdims}
    if isinstance(out, OUTPUTS) and dtype is None and name not in ("any", "all"):
        common = numpy.result_type(x.dtype, out.dtype)
        if name in ("sum", "prod"):
            dtype = common
        elif initial is not None and initial is not ...:
            x = x.astype(common, copy=False)
    if name in ("sum", "prod"):
        arguments["dtype"] = dtype
    _check_mask(where)
    if x.ndim == 0 and not isinstance(axis, tuple) and axis is not None:
        axis = None if operator.index(axis) in (0, -1) else axis  # NumPy lets it stand for no axis
    if axis is not None:
        normalize_axis_tuple(axis, x.ndim)
    neutral = _identity(name)
    if name in ("min", "max") and dtype is not None:
        x = _quelea.cast(x, dtype)
    if name in ("any", "all") and dtype is not None and numpy.dtype(dtype) != bool:
        raise TypeError("any and all are of booleans: write astype")
    keeps_sign = False  # a sum that does not begin with zero: it has the sign of negative zeros
    if initial is None and neutral is not None and name in ("sum", "prod"):
        neutral, keeps_sign = None, name == "sum"
        if x.size == 0 and _quelea.sum(x, axis).size:
            which = "add" if name == "sum" else "multiply"
            raise ValueError(
                f"zero-size array to reduction operation {which} which has no identity"
            )
    initial = None if initial is ... else initial
    if isinstance(out, OUTPUTS):
        _check_shape(_shape_of_lines(x, axis, keepdims), out)
    mask = None if where is True else _mask(where, x)
    first = None if initial is None else _initial(initial, name, x, dtype)
    if name == "sum" and (keeps_sign or (first is not None and not first)):
        parts = _sum_of_parts(x, axis, dtype, keepdims, first, where)
        if parts is not None:
            return _deliver(parts, out)
    if name == "sum" and first is not None and first.dtype.kind == "f" and not first:
        keeps_sign = bool(numpy.signbit(first))
    if mask is not None:
        filler = first if neutral is None or keeps_sign else x.dtype.type(neutral)
        if filler is None:
            names = {"min": "minimum", "max": "maximum", "sum": "add", "prod": "multiply"}
            which = names[name]
            raise ValueError(
                f"reduction operation '{which}' does not have an identity, so to use a where mask one has to specify "
                "'initial'"
            )
        x = _quelea.where(mask, x, filler)
    if first is not None and x.size == 0 and neutral is None:
        shape = _quelea.sum(x, axis, keepdims=keepdims).shape
        return _deliver(as_scalar(_quelea.full(shape, first, x.dtype)), out)
    begins = x.size and (first is not None or neutral is None)
    if name == "prod" and begins and numpy.result_type(dtype or x.dtype).kind == "c":
        result = _quelea.product_from(_quelea.cast(x, dtype), axis, keepdims, first)
        return _deliver(result, out)
    result = getattr(_quelea, name)(x, axis, **arguments)
    if first is not None:
        result = _combine(name)(result, _quelea.full((), first, result.dtype))
    if keeps_sign and x.dtype.kind == "f" and result.dtype.kind == "f":
        is_negative = _quelea.all(_quelea.signbit(x), axis, keepdims=keepdims)
        result = _quelea.where(is_negative, _quelea.copysign(result, -1), result)
    return _deliver(result, out)


def _sum_of_parts(
    x: ndarray, axis: Any, dtype: Any, keepdims: bool, first: Any, where: Any
) -> ndarray | None:
    """Sum complex numbers by their parts, each of which may begin with no zero, or with one below 0."""
    kind = numpy.dtype(dtype) if dtype is not None else x.dtype
    if kind.kind != "c":
        return None
    x = _quelea.cast(x, kind)
    sums = [
        _reduce_slowly("sum", part, axis, None, None, keepdims, begin, where)
        for part, begin in (
            (x.real, None if first is None else first.real),
            (x.imag, None if first is None else first.imag),
        )
    ]
    return _quelea.from_parts(*sums)


def _initial(initial: Any, name: str, x: ndarray, dtype: Any) -> Any:
    """Give what a reduction begins with as an element of the dtype that it computes in."""
    if isinstance(initial, ndarray) and initial.ndim == 0:
        initial = _quelea.scalar(initial)
    if name in ("any", "all") and not numpy.ndim(initial):
        return initial
    is_wide = name in ("sum", "prod")
    kind = numpy.sum(numpy.empty(0, x.dtype), dtype=dtype).dtype if is_wide else x.dtype
    if numpy.ndim(initial):
        if kind.kind == "b":
            return bool(initial)
        is_list = not isinstance(initial, (ndarray, numpy.ndarray))
        if kind.kind == "c" or (kind.kind in "iu" and is_list):
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        raise ValueError("setting an array element with a sequence.")
    element = numpy.empty((), kind)
    with numpy.errstate(all="ignore"):
        element[()] = initial
    return element[()]


def _check_mask(where: Any) -> None:
    if isinstance(where, (ndarray, numpy.ndarray)) and where.dtype != bool:
        raise TypeError(
            f"Cannot cast array data from {where.dtype!r} to dtype('bool') according to the rule 'safe'"
        )


def _mask(where: Any, x: ndarray) -> ndarray:
    """Give where= as an array of booleans of the shape of `x`."""
    _check_mask(where)
    if not isinstance(where, (ndarray, numpy.ndarray)):
        where = numpy.asarray(where, bool)
    return _quelea.broadcast_to(as_array(where), x.shape)
