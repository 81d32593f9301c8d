"""Ranges: evenly spaced numbers, between numbers and between arrays."""

import math
import operator
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_tuple

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import DType, _check, array, type_of_number

__all__ = ["arange", "geomspace", "linspace", "logspace"]


def _number(x: Any) -> Any:
    """Look at a 0-d array; leave other numbers as they are."""
    if isinstance(x, ndarray):
        if x.ndim:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        return _quelea.scalar(x)
    return x


def _refuse_none(*ends: Any) -> None:
    if any(end is None for end in ends):
        raise TypeError("unsupported operand type(s) for -: 'int' and 'NoneType'")


def arange(
    start: Any = None,
    stop: Any = None,
    step: Any = None,
    *,
    dtype: DType = None,
    device: str | None = None,
    like: Any = None,
) -> ndarray:
    """Make the values of a half-open interval: ``arange(stop)``, ``arange(start, stop, step)``.

    Parameters
    ----------
    start, stop, step : number
    dtype : dtype, optional
        By default that of the arguments together with int64.

    Returns
    -------
    ndarray of shape (ceil((stop - start) / step),)

    Examples
    --------
    >>> import quelea as np
    >>> np.arange(1, 10, 3)
    array([1, 4, 7])
    """
    _check(device, like, dtype, of_c=True)
    if start is None and stop is None:
        raise TypeError("arange() requires stop to be specified.")
    if stop is None:
        start, stop = 0, start
    first, last, by = (_number(start), _number(stop), _number(1 if step is None else step))
    _refuse_none(first)
    dtype = (
        numpy.dtype(dtype)
        if dtype is not None
        else numpy.result_type(int, *map(type_of_number, (first, last, by)))
    )
    try:
        with numpy.errstate(all="ignore"):
            steps = (last - first) / by  # of Python's numbers by zero: ZeroDivisionError
    except OverflowError as error:
        raise ValueError("Maximum allowed size exceeded") from error
    is_complex = isinstance(steps, (complex, numpy.complexfloating))
    if isinstance(steps, complex) and dtype.kind != "c":
        raise TypeError("must be real number, not complex")
    length = float(min(steps.real, steps.imag) if isinstance(steps, complex) else steps.real)
    if math.isnan(length):
        raise ValueError("arange: cannot compute length")
    if abs(length) >= 2**63:
        raise ValueError("Maximum allowed size exceeded")
    if (
        length == 0 and first != last and not is_complex
    ):  # too small a part of a step, or of an infinite one
        length = math.copysign(1, length)
    count = math.ceil(length) if length > 0 else 0
    if dtype.kind == "b" and count > 2:
        raise TypeError(
            "arange() is only supported for booleans when the result has at most length 2."
        )
    two = numpy.array([first, first + by], dtype)
    if dtype.kind == "b":
        return _asarray(two[:count])
    with numpy.errstate(all="ignore"):
        delta = two[1] - two[0]
    if count < 2:
        delta = dtype.type(0)
    result = _quelea.ramp(count, 0, two[0], delta, dtype)
    if count and dtype.kind == "f" and not two[0] and numpy.signbit(two[0]):
        result[0] = two[0]  # the first element is no sum
    return result


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DType = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Any:
    """Make evenly spaced numbers from `start` to `stop`.

    Parameters
    ----------
    start, stop : number or array_like
        Arrays are broadcast against each other.
    num : int, default 50
    endpoint : bool, default True
        Whether `stop` is the last value.
    retstep : bool, default False
        Whether the spacing is returned as well.
    dtype : dtype, optional
        By default that of the computation.
    axis : int, default 0
        Where the axis of the samples goes, between arrays.

    Returns
    -------
    ndarray of shape (num,) and, with arrays, their broadcast shape, or (ndarray, spacing)

    Raises
    ------
    ValueError
        `num` is negative.
    """
    _check(device, None, dtype)
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    intervals = num - 1 if endpoint else num
    _refuse_none(start, stop)
    if numpy.ndim(start) or numpy.ndim(stop):
        computed = numpy.result_type(
            *(
                a if isinstance(a, (int, float, complex)) else _asarray(a).dtype
                for a in (start, stop)
            ),
            1.0,
        )
        result, step = _ranges_between(
            _asarray(start), _asarray(stop), num, intervals, computed, dtype, axis
        )
        return (result, step) if retstep else result
    _destination(axis, 1)
    first, last = _number(start), _number(stop)
    computed = numpy.result_type(first, last, 1.0)
    integer = dtype is not None and numpy.issubdtype(dtype, numpy.integer)
    dtype = computed if dtype is None else numpy.dtype(dtype)
    first, last = computed.type(first), computed.type(last)
    delta = last - first
    y = _quelea.ramp(num, 0, 0, 1, computed)
    step = numpy.nan
    if intervals > 0:
        step = delta / intervals
        y = y * step if step != 0 else y / intervals * delta
    else:
        y = y * delta
    y += first
    if endpoint and num > 1:
        y[-1] = last
    if integer:
        y = _quelea.floor(y)
    result = y.astype(dtype, copy=False)
    return (result, step) if retstep else result


def _destination(axis: int, ndim: int) -> int:
    """Find where the axis of the samples goes."""
    places = normalize_axis_tuple(axis, ndim, "destination")
    if len(places) != 1:
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    return places[0]


def _ranges_between(
    start: ndarray,
    stop: ndarray,
    num: int,
    intervals: int,
    computed: numpy.dtype[Any],
    dtype: DType,
    axis: int,
) -> tuple[ndarray, Any]:
    """Make `linspace` between arrays, with its steps; as in NumPy one step of 0 changes how all are computed."""
    delta = _quelea.subtract(stop, start, dtype=computed)
    y = _quelea.ramp(num, 0, 0, 1, computed).reshape((num,) + (1,) * delta.ndim)
    step: Any = numpy.nan
    if intervals > 0:
        step = delta / intervals
        y = _quelea.where(_quelea.any(_quelea.equal(step, 0)), y / intervals * delta, y * step)
    else:
        y = y * delta
    y += start
    if intervals == num - 1 and num > 1:
        y[-1] = stop
    if dtype is not None and numpy.issubdtype(dtype, numpy.integer):
        y = _quelea.floor(y)
    order = list(range(1, y.ndim))
    order.insert(_destination(axis, y.ndim), 0)
    return y.transpose(order).astype(computed if dtype is None else dtype, copy=False), step


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: DType = None,
    axis: int = 0,
) -> ndarray:
    """Make numbers evenly spaced on a logarithmic scale, ``base ** linspace(start, stop)``.

    Parameters
    ----------
    start, stop : number or array_like
        Exponents of the first and of the last value.
    num : int, default 50
    endpoint : bool, default True
        Whether ``base ** stop`` is the last value.
    base : number or array_like, default 10
    dtype : dtype, optional
    axis : int, default 0
        Where the axis of the samples goes, between arrays.

    Returns
    -------
    ndarray of shape (num,) and, with arrays, their broadcast shape
    """
    if numpy.ndim(base):
        ndim = max(numpy.ndim(a) for a in (start, stop, base))
        start, stop, base = (array(a, copy=None, ndmin=ndim) for a in (start, stop, base))
        base = _quelea.expand_dims(base, axis)
    elif isinstance(base, ndarray):
        base = base[()]
    result = _quelea.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return result if dtype is None else result.astype(dtype, copy=False)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: DType = None, axis: int = 0
) -> ndarray:
    """Make numbers in a geometric progression from `start` to `stop`.

    Parameters
    ----------
    start, stop : number or array_like
        Whether one is 0 is looked at.
    num : int, default 50
    endpoint : bool, default True
        Whether `stop` is the last value.
    dtype : dtype, optional
    axis : int, default 0
        Where the axis of the samples goes, between arrays.

    Returns
    -------
    ndarray of shape (num,) and, with arrays, their broadcast shape

    Raises
    ------
    ValueError
        `start` or `stop` is 0.
    """
    first, last = _asarray(start), _asarray(stop)
    if bool(_quelea.any(_quelea.equal(first, 0))) or bool(_quelea.any(_quelea.equal(last, 0))):
        raise ValueError("Geometric sequence cannot include zero")
    computed = numpy.result_type(
        first.dtype, last.dtype, float(num), numpy.dtype(float if dtype is None else dtype)
    )
    first, last = first.astype(computed), last.astype(computed)
    sign = _quelea.sign(first)
    first, last = first / sign, last / sign
    result = logspace(_quelea.log10(first), _quelea.log10(last), num, endpoint, 10.0, computed)
    if num > 0:
        result[0] = first
        if num > 1 and endpoint:
            result[-1] = last
    result = result * sign
    order = list(range(1, result.ndim))
    order.insert(_destination(axis, result.ndim), 0)
    return result.transpose(order).astype(computed if dtype is None else dtype, copy=False)
