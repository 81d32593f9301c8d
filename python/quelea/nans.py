"""Products, variances and positions that leave NaN out; sums, means and extremes are in statistics.py."""

from collections.abc import Callable
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray
from .elementwise import OUTPUTS, as_array
from .statistics import (
    Axis,
    _axes,
    _copied_if_broadcast,
    _deliver,
    _mask,
    _without_nan,
    std,
    var,
)

__all__ = ["nanargmax", "nanargmin", "nanprod", "nanstd", "nanvar"]


def _position(
    find: Callable[..., ndarray],
    worst: float,
    a: Any,
    axis: int | None,
    out: ndarray | None,
    keepdims: Any,
) -> ndarray:
    x = as_array(a)
    if x.dtype.kind in "fc" and x.size:
        if _quelea.any(_quelea.all(_quelea.isnan(x), axis)):
            raise ValueError("All-NaN slice encountered")
        x = _without_nan(x, worst)
    return find(x, axis, out, keepdims=keepdims)


def nanargmin(
    a: Any, axis: int | None = None, out: ndarray | None = None, *, keepdims: bool = False
) -> ndarray:
    """Where the smallest elements are that are not NaN. The parameters are those of `argmin`.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ValueError
        There is a slice of NaN alone, or of no elements.

    Examples
    --------
    >>> import quelea as np
    >>> np.nanargmin(np.array([[np.nan, 4], [2, 3]]), axis=0)
    array([1, 1])
    """
    return _position(_quelea.argmin, numpy.inf, a, axis, out, keepdims)


def nanargmax(
    a: Any, axis: int | None = None, out: ndarray | None = None, *, keepdims: bool = False
) -> ndarray:
    """Where the largest elements are that are not NaN. The parameters are those of `argmax`.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ValueError
        There is a slice of NaN alone, or of no elements.

    Examples
    --------
    >>> import quelea as np
    >>> np.nanargmax(np.array([[np.nan, 4], [2, 3]]), axis=1)
    array([1, 1])
    """
    return _position(_quelea.argmax, -numpy.inf, a, axis, out, keepdims)


def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: ndarray | None = None,
    keepdims: bool = False,
    initial: Any = 1,
    where: Any = True,
) -> ndarray:
    """Product over axes, NaN counting as 1. The parameters are those of `prod`.

    Returns
    -------
    ndarray
    """
    given: dict[str, Any] = {} if where is True else {"where": where}
    if type(initial) is not int or initial != 1:
        given["initial"] = initial
    x = _without_nan(_copied_if_broadcast(as_array(a)), 1)
    return _quelea.prod(x, _axes(axis), dtype, out, keepdims, **given)


def _check_inexact(dtype: Any, out: Any) -> None:
    if dtype is not None and numpy.dtype(dtype).kind not in "fc":
        raise TypeError("If a is inexact, then dtype must be inexact")
    if isinstance(out, OUTPUTS) and out.dtype.kind not in "fc":
        raise TypeError("If a is inexact, then out must be inexact")


def nanvar(
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
    """Variance over axes of what is not NaN; NaN where no degree of freedom is left. The parameters are those of `var`.

    Returns
    -------
    ndarray, real
    """
    x = as_array(a)
    words: dict[str, Any] = {"mean": mean, "correction": correction}
    if x.dtype.kind not in "fc":
        return var(x, axis, dtype, out, ddof, keepdims, where=where, **words)
    _check_inexact(dtype, out)
    if axis is not None:
        normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    x = _copied_if_broadcast(x)
    numbers = _quelea.logical_not(_quelea.isnan(x))
    if where is not True:
        numbers = _quelea.logical_and(numbers, _mask(where, x))
    found = var(x, axis, dtype, None, ddof, keepdims, where=numbers, **words)
    left = _quelea.sum(numbers, _axes(axis), keepdims=keepdims) - (
        ddof if correction is ... else correction
    )
    nan = found.dtype.type(numpy.nan)
    return _deliver(_quelea.where(_quelea.less_equal(left, 0), nan, found), out)


def nanstd(
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
    """Standard deviation over axes of what is not NaN. The parameters are those of `var`.

    Returns
    -------
    ndarray, real
    """
    words: dict[str, Any] = {"where": where, "mean": mean, "correction": correction}
    x = as_array(a)
    if x.dtype.kind not in "fc":
        return std(x, axis, dtype, out, ddof, keepdims, **words)
    variance = nanvar(x, axis, dtype, out, ddof, keepdims, **words)
    if out is not None:
        return _quelea.sqrt(out, out=out)
    return _quelea.sqrt(variance).astype(variance.dtype, copy=False)
