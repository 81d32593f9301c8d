"""Values between samples, `interp`, and functions of lines, `apply_along_axis`."""

from collections.abc import Callable
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .creation import empty
from .elementwise import as_array, as_scalar
from .indexing import _taken
from .joins import concatenate
from .sorting import argsort, search

__all__ = ["apply_along_axis", "interp"]


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> ndarray:
    """Interpolate linearly between samples.

    Parameters
    ----------
    x : array_like
        Where.
    xp : array_like of one axis
        Where the samples are, in ascending order, or any order with `period`.
    fp : array_like of one axis
        The samples, real or complex.
    left, right : number, optional
        What is before the first sample and behind the last one; these themselves.
    period : number, optional
        After which the samples come again; `left` and `right` then mean nothing.

    Returns
    -------
    ndarray of float64 or complex128
        Of the shape of `x`.

    Raises
    ------
    ValueError
        There are no samples, as many places as samples are not there, or the period is 0.

    Examples
    --------
    >>> import quelea as np
    >>> np.interp([0, 1, 1.5, 2.72, 3.14], [1, 2, 3], [3, 2, 0])
    array([3.  , 3.  , 2.5 , 0.56, 0.  ])
    """
    wanted, places = as_array(x), as_array(xp)
    samples = as_array(fp)
    kind = numpy.dtype(complex if samples.dtype.kind == "c" else float)
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        left = right = None
    else:
        _check_real(wanted, places)
    wanted, places = (a.astype(float, copy=False) for a in (wanted, places))
    samples = samples.astype(kind, copy=False)
    if places.ndim != 1 or samples.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if places.size != samples.size:
        raise ValueError("fp and xp are not of the same length.")
    if places.size == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        wanted, places, samples = _periodic(wanted, places, samples, abs(period))
    before, behind = (
        samples[at] if end is None else _end(end, kind) for at, end in ((0, left), (-1, right))
    )
    return as_scalar(_between(wanted, places, samples, before, behind))


def _check_real(*arrays: ndarray) -> None:
    for a in arrays:
        if a.dtype.kind == "c":
            raise TypeError(
                f"Cannot cast array data from {a.dtype!r} to dtype('float64') according to the rule 'safe'"
            )


def _end(given: Any, kind: numpy.dtype[Any]) -> ndarray:
    """Give what is beyond the samples."""
    end = as_array(given)
    if end.ndim or (end.dtype.kind == "c" and kind.kind != "c"):
        raise TypeError(f"what is beyond the samples must be a number of dtype {kind}")
    return end.astype(kind)


def _periodic(
    x: ndarray, xp: ndarray, fp: ndarray, period: Any
) -> tuple[ndarray, ndarray, ndarray]:
    """Bring all into one period, in order, with a sample of the next ones at either end."""
    within = xp % period
    order = argsort(within)
    within, samples = _taken(within, [0], 0, [order]), _taken(fp, [0], 0, [order])
    return (
        x % period,
        concatenate([within[-1:] - period, within, within[:1] + period]),
        concatenate([samples[-1:], samples, samples[:1]]),
    )


def _between(x: ndarray, xp: ndarray, fp: ndarray, before: Any, behind: Any) -> ndarray:
    count = xp.size
    flat = x.reshape(-1)
    if count == 1:
        result = _quelea.where(flat < xp[0], before, _quelea.where(flat > xp[0], behind, fp[0]))
    else:
        place = search(xp, flat, True) - 1  # of the last sample that is not behind
        low = _quelea.minimum(_quelea.maximum(place, 0), count - 2)
        start, end = (_taken(xp, [0], 0, [i]) for i in (low, low + 1))
        first, second = (_taken(fp, [0], 0, [i]) for i in (low, low + 1))
        if fp.dtype.kind == "c":
            made = _quelea.from_parts(
                _line(flat, start, end, first.real, second.real, True),
                _line(flat, start, end, first.imag, second.imag, True),
            )
        else:
            made = _line(flat, start, end, first, second, False)
        made = _quelea.where(_quelea.equal(flat, start), first, made)
        result = _quelea.where(place > count - 2, fp[count - 1], made)
        result = _quelea.where(flat < xp[0], before, result)  # nothing is before a NaN
        result = _quelea.where(flat > xp[count - 1], behind, result)
        result = _quelea.where(_quelea.isnan(flat), flat.astype(fp.dtype, copy=False), result)
    return result.reshape(x.shape)


def _line(
    x: ndarray, start: ndarray, end: ndarray, first: ndarray, second: ndarray, is_part: bool
) -> ndarray:
    """Go from the first sample; from the second one where that is NaN, as with infinite samples or places.

    Parts of complex numbers are divided by a product, as NumPy does.
    """
    way, between = second - first, end - start
    slope = way * (1.0 / between) if is_part else way / between
    made = slope * (x - start) + first
    other = slope * (x - end) + second
    other = _quelea.where(_quelea.isnan(other) & _quelea.equal(first, second), first, other)
    return _quelea.where(_quelea.isnan(made), other, made)


def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> ndarray:
    """Call a function of one line for each line along an axis.

    It is called as often as there are lines, one after another, each time on all ranks, as NumPy calls it in a loop:
    functions with an ``axis`` compute all lines in one statement.

    Parameters
    ----------
    func1d : callable
        Takes an array of one axis, and `args` and `kwargs`.
    axis : int
        Along which the lines go.
    arr : array_like

    Returns
    -------
    ndarray
        What the function gives has its axes at the place of `axis`.

    Raises
    ------
    ValueError
        There is no line.

    Examples
    --------
    >>> import quelea as np
    >>> np.apply_along_axis(np.sort, 1, [[8, 1, 7], [4, 3, 9]])
    array([[1, 7, 8],
           [3, 4, 9]])
    """
    x = as_array(arr)
    axis = normalize_axis_index(axis, x.ndim)
    lines = x.transpose([a for a in range(x.ndim) if a != axis] + [axis])
    shape = lines.shape[:-1]
    if 0 in shape:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    made = None
    for index in numpy.ndindex(shape):
        result = as_array(func1d(lines[(*index, Ellipsis)], *args, **kwargs))
        if made is None:
            own = result.ndim
            made = empty((*shape, *result.shape), result.dtype)
        made[(*index, Ellipsis)] = result
    if made is None:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    order = list(range(made.ndim))
    return made.transpose(order[:axis] + order[made.ndim - own :] + order[axis : made.ndim - own])
