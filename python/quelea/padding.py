"""``np.pad``: borders around arrays. One axis after the other is put together of parts, mostly views of the array."""

from collections.abc import Callable
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import max as _max
from ._quelea import min as _min
from ._quelea import ndarray
from .creation import empty
from .elementwise import as_array, order_of_new
from .elementwise import round as _round
from .joins import _place, concatenate
from .manipulation import moveaxis
from .quantiles import median
from .ranges import linspace
from .statistics import mean

__all__ = ["pad"]


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> ndarray:
    """Give a copy with a border.

    Parameters
    ----------
    array : array_like
    pad_width : int, (before, after), one pair per axis, or a dict of them
    mode : str or function, default 'constant'
        'constant', 'empty' (of any values); 'edge' (the nearest element), 'wrap', 'reflect' (without the edge),
        'symmetric' (with it); 'linear_ramp'; 'maximum', 'mean', 'median', 'minimum' of the elements along the axis.
        ``function(vector, widths, axis, kwargs)``, where `vector` is a view of a line of the result, with zeros at its
        ends, and `widths` says how many: it assigns to these ends. Axis after axis, for every line of one the function
        is called, in Python and on all ranks alike, so that of many lines a mode above is faster.
    constant_values, end_values : scalar, (before, after), or one pair per axis, default 0
        For 'constant'; what 'linear_ramp' ends in.
    stat_length : int, (before, after), or one pair per axis, optional
        Of how many elements at each end 'maximum', 'mean', 'median' and 'minimum' are; None: of all.
    reflect_type : {'even', 'odd'}
        For 'reflect' and 'symmetric'; 'odd': twice the edge, less what is reflected.

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError
        `pad_width` is not of integers.

    Examples
    --------
    >>> import quelea as np
    >>> np.pad(np.arange(4), 2, "reflect")
    array([2, 1, 0, 1, 2, 3, 2, 1])
    """
    x = as_array(array)
    if isinstance(pad_width, dict):
        pad_width = _widths_of_axes(pad_width, x.ndim)
    given = numpy.asarray(pad_width)
    if given.dtype.kind != "i":
        raise TypeError("`pad_width` must be of integral type.")
    if given.size and given.min() < 0:
        raise ValueError("index can't contain negative values")
    widths = [(int(a), int(b)) for a, b in numpy.broadcast_to(pad_width, (x.ndim, 2))]
    _check_mode(mode, kwargs)
    if callable(mode):
        return _pad_by(mode, x, widths, kwargs)
    if x.ndim == 0:
        numpy.broadcast_to(kwargs.get("constant_values", 0), (0, 2))
        return _asarray(x, copy=True)
    if mode in ("constant", "empty"):
        return _pad_with(x, widths, kwargs.get("constant_values", 0))
    for axis, (extent, width) in enumerate(zip(x.shape, widths, strict=True)):
        if extent == 0 and any(width):
            raise ValueError(
                f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
            )
    border = _border(mode, kwargs, x.ndim)
    made = x
    for axis, (before, after) in enumerate(widths):
        if (before or after) and x.size:
            made = border(made, axis, before, after)
        elif before or after:
            shape = (*made.shape[:axis], x.shape[axis] + before + after, *made.shape[axis + 1 :])
            made = empty(shape, x.dtype)
    return made.copy(order_of_new(x))


_PAD_KEYWORDS = {
    "constant": {"constant_values"},
    "edge": set(),
    "wrap": set(),
    "empty": set(),
    "linear_ramp": {"end_values"},
    "maximum": {"stat_length"},
    "mean": {"stat_length"},
    "median": {"stat_length"},
    "minimum": {"stat_length"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
}


def _check_mode(mode: Any, kwargs: dict[str, Any]) -> None:
    """Refuse what NumPy refuses."""
    if callable(mode):
        return
    if mode not in _PAD_KEYWORDS:
        raise ValueError(f"mode '{mode}' is not supported")
    unknown = set(kwargs) - _PAD_KEYWORDS[mode]
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")


def _widths_of_axes(given: dict[int, Any], ndim: int) -> list[tuple[Any, Any]]:
    widths: list[tuple[Any, Any]] = [(0, 0)] * ndim
    for axis, width in given.items():
        widths[axis] = (width, width) if isinstance(width, (int, numpy.integer)) else tuple(width)
    return widths


def _pad_with(x: ndarray, widths: list[tuple[int, int]], constants: Any) -> ndarray:
    """Put a border of constants around, one axis after the other."""
    shape = [n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)]
    result = empty(shape, x.dtype, order_of_new(x))
    middle = tuple(slice(a, a + n) for n, (a, b) in zip(x.shape, widths, strict=True))
    values = numpy.asarray(constants)
    if values.size == 1:
        return _place(result, (..., middle), (values.ravel()[0], x))
    keys: list[Any] = []
    parts: list[Any] = []
    for axis, ((a, b), (low, high)) in enumerate(
        zip(widths, numpy.broadcast_to(values, (x.ndim, 2)), strict=True)
    ):
        before = (slice(None),) * axis
        end = shape[axis] - b
        keys += [(*before, slice(0, a), *middle[axis + 1 :])]
        keys += [(*before, slice(end, None), *middle[axis + 1 :])]
        parts += [low, high]
    return _place(result, [*keys, middle], [*parts, x])


def _pad_by(
    function: Callable[..., Any], x: ndarray, widths: list[tuple[int, int]], kwargs: dict[str, Any]
) -> ndarray:
    """Let a function fill the ends of every line, which are zeros, or what it made of an axis before."""
    made = _pad_with(x, widths, 0) if x.ndim else _asarray(x, copy=True)
    for axis in range(made.ndim):
        lines = moveaxis(made, axis, -1)
        for at in numpy.ndindex(*lines.shape[:-1]):
            function(lines[(*at, ...)], widths[axis], axis, kwargs)
    return made


# ---- borders that follow from the array ----

_Border = Callable[
    [ndarray, int, int, int], ndarray
]  # of an array, along an axis, before and behind it


def _border(mode: str, kwargs: dict[str, Any], ndim: int) -> _Border:
    if mode in _STATISTICS:
        lengths = _pairs_of(kwargs.get("stat_length"), ndim)
        return lambda x, axis, a, b: _statistics(x, axis, a, b, _STATISTICS[mode], lengths[axis])
    if mode == "linear_ramp":
        ends = numpy.broadcast_to(kwargs.get("end_values", 0), (ndim, 2)).tolist()
        return lambda x, axis, a, b: _ramps(x, axis, a, b, ends[axis])
    if mode == "edge":
        return _edges
    if mode == "wrap":
        return _wrapped
    is_odd = kwargs.get("reflect_type", "even") == "odd"
    with_edge = mode == "symmetric"
    return lambda x, axis, a, b: _reflected(x, axis, a, b, is_odd, with_edge)


def _pairs_of(lengths: Any, ndim: int) -> list[tuple[Any, Any]]:
    if lengths is None:
        return [(None, None)] * ndim
    given = numpy.round(numpy.asarray(lengths)).astype(numpy.intp)
    if given.size and given.min() < 0:
        raise ValueError("index can't contain negative values")
    return [(int(a), int(b)) for a, b in numpy.broadcast_to(given, (ndim, 2))]


def _stretch(x: ndarray, axis: int, begin: int, end: int) -> ndarray:
    return x[(*(slice(None),) * axis, slice(begin, end))]


def _backwards(x: ndarray, axis: int) -> ndarray:
    return x[(*(slice(None),) * axis, slice(None, None, -1))]


def _wide(x: ndarray, axis: int, width: int) -> ndarray:
    """See one element along an axis so many times."""
    return _quelea.broadcast_to(x, (*x.shape[:axis], width, *x.shape[axis + 1 :]))


def _edges(x: ndarray, axis: int, before: int, after: int) -> ndarray:
    extent = x.shape[axis]
    first, last = _stretch(x, axis, 0, 1), _stretch(x, axis, extent - 1, extent)
    return concatenate([_wide(first, axis, before), x, _wide(last, axis, after)], axis)


def _wrapped(x: ndarray, axis: int, before: int, after: int) -> ndarray:
    extent = x.shape[axis]
    whole, rest = divmod(before, extent)
    parts = [_stretch(x, axis, extent - rest, extent), *[x] * (whole + 1)]
    whole, rest = divmod(after, extent)
    return concatenate([*parts, *[x] * whole, _stretch(x, axis, 0, rest)], axis)


def _reflected(
    x: ndarray, axis: int, before: int, after: int, is_odd: bool, with_edge: bool
) -> ndarray:
    """Reflect at both ends, and where that is not enough, what has come of it again: by whole periods."""
    first = x.shape[axis]
    if first == 1:
        return _edges(x, axis, before, after)
    while before or after:
        extent = x.shape[axis]
        period = first if with_edge else first - 1
        most = (extent if with_edge else extent - 1) // period * period
        skipped = 0 if with_edge else 1  # of the elements at an end, which is not repeated
        a, b = min(most, before), min(most, after)
        parts = [
            _backwards(_stretch(x, axis, skipped, skipped + a), axis),
            _backwards(_stretch(x, axis, extent - skipped - b, extent - skipped), axis),
        ]
        if is_odd:
            ends = _stretch(x, axis, 0, 1), _stretch(x, axis, extent - 1, extent)
            parts = [
                (2 * end - part).astype(x.dtype) for end, part in zip(ends, parts, strict=True)
            ]
        x = concatenate([parts[0], x, parts[1]], axis)
        before, after = before - a, after - b
    return x


def _ramps(x: ndarray, axis: int, before: int, after: int, ends: tuple[Any, Any]) -> ndarray:
    """Go from the edges to the ends in even steps."""
    extent = x.shape[axis]
    edges = _stretch(x, axis, 0, 1), _stretch(x, axis, extent - 1, extent)
    left, right = (
        linspace(end, edge.squeeze(axis), width, endpoint=False, dtype=x.dtype, axis=axis)
        for end, edge, width in zip(ends, edges, (before, after), strict=True)
    )
    return concatenate([left, x, _backwards(right, axis)], axis)


_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": _max,
    "minimum": _min,
    "mean": mean,
    "median": median,
}


def _statistics(
    x: ndarray,
    axis: int,
    before: int,
    after: int,
    function: Callable[..., Any],
    lengths: tuple[int | None, int | None],
) -> ndarray:
    extent = x.shape[axis]
    left, right = (extent if n is None else min(n, extent) for n in lengths)
    if 0 in (left, right) and function in (_max, _min):
        raise ValueError("stat_length of 0 yields no value for padding")

    def value(part: ndarray) -> ndarray:
        found: ndarray = function(part, axis=axis, keepdims=True)
        return (_round(found) if x.dtype.kind in "iu" else found).astype(x.dtype)

    low = value(_stretch(x, axis, 0, left))
    high = low if left == right == extent else value(_stretch(x, axis, extent - right, extent))
    return concatenate([_wide(low, axis, before), x, _wide(high, axis, after)], axis)
