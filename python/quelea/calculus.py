"""Of samples: derivatives, the differences of neighbours with ends, phases; `diff` is in rearranging.py."""

from itertools import accumulate, pairwise
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray
from .creation import empty, empty_like
from .elementwise import as_array
from .joins import _place
from .rearranging import diff

__all__ = ["ediff1d", "gradient", "unwrap"]


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Derivatives along axes: central differences inside, one-sided ones at the ends.

    Parameters
    ----------
    f : array_like
    *varargs : number or array_like of one axis
        The distance between samples, or where they are: one for all axes, or one for each. Whether places are
        equally far apart is looked at: what is recorded is executed.
    axis : int or tuple of int, optional
        All axes by default.
    edge_order : {1, 2}
        The order of the differences at the ends.

    Returns
    -------
    ndarray, or tuple of ndarray, one for each axis

    Examples
    --------
    >>> import quelea as np
    >>> np.gradient([1.0, 2.0, 4.0, 7.0])
    array([1. , 1.5, 2.5, 3. ])
    """
    x = as_array(f)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    steps = _steps(x, axes, varargs)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    dtype = x.dtype if x.dtype.kind in "fc" else numpy.dtype(float)
    if x.dtype.kind in "iu":
        x = x.astype(float)
    results = []
    for i, step in zip(axes, steps, strict=True):
        if x.shape[i] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are "
                "required."
            )
        results.append(_derivative(x, i, step, edge_order, dtype))
    return results[0] if len(axes) == 1 else tuple(results)


def _steps(x: ndarray, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """Give the distance of samples along each axis: a number, or all of them where they differ."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and _ndim(given[0]) == 0:
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise TypeError("invalid number of arguments")
    steps = list(given)
    for i, places in enumerate(given):
        if _ndim(places) == 0:
            continue
        places = as_array(places)
        if places.ndim != 1:
            raise ValueError("distances must be either scalars or 1d")
        if places.size != x.shape[axes[i]]:
            raise ValueError(
                "when 1d, distances must match the length of the corresponding dimension"
            )
        between = diff(places.astype(float) if places.dtype.kind in "iu" else places)
        if between.size == 0:
            raise IndexError("index 0 is out of bounds for axis 0 with size 0")
        steps[i] = between[0] if bool(_quelea.all(between == between[0])) else between
    return steps


def _ndim(x: Any) -> int:
    return x.ndim if isinstance(x, ndarray) else numpy.ndim(x)


def _derivative(x: ndarray, axis: int, step: Any, edge_order: int, dtype: Any) -> ndarray:
    lead = (slice(None),) * axis

    def at(key: Any) -> tuple[Any, ...]:
        return (*lead, key)

    before, here, after = x[at(slice(None, -2))], x[at(slice(1, -1))], x[at(slice(2, None))]
    if _ndim(step) == 0:
        inner = (after - before) / (2.0 * step)
        first = last = step
    else:
        low, high = (
            part.reshape((-1,) + (1,) * (x.ndim - axis - 1)) for part in (step[:-1], step[1:])
        )
        a, b, c = (
            -high / (low * (low + high)),
            (high - low) / (low * high),
            low / (high * (low + high)),
        )
        inner = a * before + b * here + c * after
        first, last = step[0], step[-1]
    if edge_order == 1:
        begin = (x[at(1)] - x[at(0)]) / first
        end = (x[at(-1)] - x[at(-2)]) / last
    else:
        if _ndim(step) == 0:
            a, b, c = -1.5 / step, 2.0 / step, -0.5 / step
            d, e, g = 0.5 / step, -2.0 / step, 1.5 / step
        else:
            low, high = step[0], step[1]
            a = -(2.0 * low + high) / (low * (low + high))
            b, c = (low + high) / (low * high), -low / (high * (low + high))
            low, high = step[-2], step[-1]
            d, e = high / (low * (low + high)), -(high + low) / (low * high)
            g = (2.0 * high + low) / (high * (low + high))
        begin = a * x[at(0)] + b * x[at(1)] + c * x[at(2)]
        end = d * x[at(-3)] + e * x[at(-2)] + g * x[at(-1)]
    result = empty_like(x, dtype)
    return _place(result, [at(slice(1, -1)), at(0), at(-1)], [inner, begin, end])


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> ndarray:
    """Differences of neighbours in the flattened array.

    Parameters
    ----------
    ary : array_like
    to_end, to_begin : array_like, optional
        Put behind and before the differences.

    Returns
    -------
    ndarray of one axis
    """
    x = as_array(ary).ravel()
    parts: list[ndarray | None] = []
    for name, given in (("to_begin", to_begin), ("to_end", to_end)):
        if given is not None:
            end = as_array(given)
            if not numpy.can_cast(end.dtype, x.dtype, "same_kind"):
                raise TypeError(
                    f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule."
                )
            parts.append(end.ravel())
        else:
            parts.append(None)
    differences = _quelea.subtract(x[1:], x[:-1])
    if to_begin is None and to_end is None:
        return differences
    kept = [p for p in (parts[0], differences, parts[1]) if p is not None]
    ends = list(accumulate((p.size for p in kept), initial=0))
    keys = [slice(a, b) for a, b in pairwise(ends)]
    return _place(empty(ends[-1], x.dtype), keys, kept)


def unwrap(
    p: Any, discont: Any = None, axis: int = -1, *, period: Any = 6.283185307179586
) -> ndarray:
    """Phases that go on where samples of them jump by more than half a period.

    Parameters
    ----------
    p : array_like
    discont : number, optional
        A smaller jump is none; half a period.
    axis : int
        Along which the samples follow one another.
    period : number

    Returns
    -------
    ndarray
        Of the dtype of differences and period together.

    Examples
    --------
    >>> import quelea as np
    >>> np.unwrap(np.array([0, 1, 2, -1, 0]), period=4)
    array([0, 1, 2, 3, 4])
    """
    x = as_array(p)
    jumps = diff(x, axis=axis)
    if discont is None:
        discont = period / 2
    dtype = numpy.result_type(jumps.dtype, period)
    if numpy.issubdtype(dtype, numpy.integer):
        high, rest = divmod(period, 2)
        is_ambiguous = rest == 0
    else:
        high, is_ambiguous = period / 2, True
    low = -high
    rests = _quelea.remainder(jumps - low, period) + low
    if is_ambiguous:  # half a period upwards stays so
        rests = _quelea.where((rests == low) & (jumps > 0), high, rests).astype(rests.dtype)
    by = rests - jumps
    by = _quelea.where(abs(jumps) < discont, by.dtype.type(0), by)
    behind = [slice(None)] * x.ndim
    behind[axis] = slice(1, None)
    result = x.astype(dtype)
    result[tuple(behind)] = x[tuple(behind)] + by.cumsum(axis)
    return result
