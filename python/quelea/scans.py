"""Scans beside `cumsum` and `cumprod`, which are C's: with an element before the first, and without NaN."""

from typing import Any

from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray, ufunc
from .creation import full_like
from .elementwise import as_array
from .joins import concatenate
from .statistics import _copied_if_broadcast, _without_nan

__all__ = ["cumulative_prod", "cumulative_sum", "nancumprod", "nancumsum"]


def _cumulative(
    x: Any, scan: ufunc, first: int, axis: int | None, dtype: Any, out: Any, include_initial: Any
) -> ndarray:
    x = as_array(x)
    if x.ndim == 0:
        x = x.reshape(1)
    if axis is None:
        if x.ndim > 1:
            raise ValueError(
                "For arrays which have more than one dimension ``axis`` argument is required."
            )
        axis = 0
    if not include_initial:
        return scan.accumulate(x, axis=axis, dtype=dtype, out=out)
    if out is not None:
        before = (slice(None),) * normalize_axis_index(axis, x.ndim)
        scan.accumulate(x, axis=axis, dtype=dtype, out=out[(*before, slice(1, None))])
        out[(*before, 0)] = first
        target: ndarray = out
        return target
    rest = scan.accumulate(x, axis=axis, dtype=dtype)
    axis = normalize_axis_index(axis, x.ndim)
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    return concatenate([full_like(rest, first, shape=shape), rest], axis=axis)


def cumulative_sum(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: ndarray | None = None,
    include_initial: bool = False,
) -> ndarray:
    """Sums of the elements up to each, along an axis; the array API's form of `cumsum`.

    Parameters
    ----------
    x : array_like
    axis : int, optional
        May be left out for one axis alone.
    dtype : dtype, optional
        In which is summed; of small integers int64 or uint64.
    out : ndarray, optional
        Of the result's shape.
    include_initial : bool
        The sum of nothing comes first: the result has one element more along the axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        There are several axes and none is given.

    Examples
    --------
    >>> import quelea as np
    >>> np.cumulative_sum(np.array([1, 2, 3]), include_initial=True)
    array([0, 1, 3, 6])
    """
    return _cumulative(x, _quelea.add, 0, axis, dtype, out, include_initial)


def cumulative_prod(
    x: Any,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: ndarray | None = None,
    include_initial: bool = False,
) -> ndarray:
    """Products of the elements up to each, along an axis. The parameters are those of `cumulative_sum`.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        There are several axes and none is given.

    Examples
    --------
    >>> import quelea as np
    >>> np.cumulative_prod(np.array([1, 2, 3]))
    array([1, 2, 6])
    """
    return _cumulative(x, _quelea.multiply, 1, axis, dtype, out, include_initial)


def nancumsum(
    a: Any, axis: int | None = None, dtype: Any = None, out: ndarray | None = None
) -> ndarray:
    """Sums of the elements up to each, NaN counting as 0. The parameters are those of `cumsum`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.nancumsum(np.array([1, np.nan, 2]))
    array([1., 1., 3.])
    """
    return _quelea.cumsum(_without_nan(_copied_if_broadcast(as_array(a)), 0), axis, dtype, out)


def nancumprod(
    a: Any, axis: int | None = None, dtype: Any = None, out: ndarray | None = None
) -> ndarray:
    """Products of the elements up to each, NaN counting as 1. The parameters are those of `cumprod`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.nancumprod(np.array([2, np.nan, 3]))
    array([2., 2., 6.])
    """
    return _quelea.cumprod(_without_nan(_copied_if_broadcast(as_array(a)), 1), axis, dtype, out)
