"""Medians and quantiles, of sorted elements: `median`, `percentile`, `quantile`, and those that leave NaN out.

A quantile lies at a *virtual index* among the sorted elements of a line, between two of them as a rule. With NaN left
out that differs from line to line; so the rules of all methods are written for NumPy's arrays and for ours.
"""

from collections.abc import Callable
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray
from .dispatch import as_numpy
from .elementwise import OUTPUTS, as_array, deliver
from .indexing import _taken
from .joins import stack
from .manipulation import moveaxis
from .sorting import _along_last, sorted_along
from .statistics import mean, nanmean

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]


# ---- axes ----


def _laid(x: ndarray, axis: Any) -> tuple[ndarray, tuple[Any, ...]]:
    """Give an array whose last axis is what is reduced; and, for each axis, whether it stays or, if kept, has extent 1.

    The latter as a key: with 0 for the axes that are reduced, a slice for the others.
    """
    if axis is None:
        return x.reshape(-1), (0,) * x.ndim
    axes = normalize_axis_tuple(axis, x.ndim)
    kept = tuple(0 if a in axes else slice(None) for a in range(x.ndim))
    others = [a for a in range(x.ndim) if a not in axes]
    if len(axes) == 1:
        return moveaxis(x, axes[0], -1), kept
    moved = moveaxis(x, others, range(len(others)))
    size = int(numpy.prod([x.shape[a] for a in axes], dtype=numpy.int64))
    return moved.reshape(*moved.shape[: len(others)], size), kept


def _keeps(keepdims: Any) -> bool:
    return keepdims is not numpy._NoValue and bool(keepdims)


def _delivered(
    result: ndarray, out: Any, keepdims: Any, kept: tuple[Any, ...], is_exact: bool = False
) -> Any:
    if out is None:
        new = tuple(numpy.newaxis if part == 0 else part for part in kept)
        return result[(Ellipsis, *new)] if _keeps(keepdims) else result
    target = out[(Ellipsis, *kept)] if _keeps(keepdims) else out
    if is_exact and target.shape != result.shape:
        raise ValueError(
            f"output parameter for reduction has shape {target.shape}; the result has {result.shape}"
        )
    deliver(result, target)
    return out


def _check_out(out: Any) -> None:
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError(f"return arrays must be of type quelea.ndarray, not {type(out).__name__}")


# ---- medians ----


def median(
    a: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    """Give the median: the element in the middle of those in order, or the mean of two.

    Parameters
    ----------
    a : array_like
        The elements.
    axis : int, sequence of int or None, default None
        Over which axes; None: over all.
    out : ndarray, optional
        Where the result goes.
    overwrite_input : bool, default False
        Makes no difference: the elements stay as they are.
    keepdims : bool, default False
        Whether those axes stay, with extent 1.

    Returns
    -------
    ndarray
        NaN where an element is.

    Examples
    --------
    >>> import quelea as np
    >>> np.median([[10, 7, 4], [3, 2, 1]], axis=1)
    array([7., 2.])
    """
    x = as_array(a)
    laid, kept = _laid(x, axis)
    length = laid.shape[-1]
    _check_out(out)
    if not laid.size:
        result = mean(laid, -1)
    else:
        in_order: Any = sorted_along(laid, laid.ndim - 1)[0]
        first = (length - 1) // 2
        result = mean(in_order[..., first : length // 2 + 1], -1)
        if x.dtype.kind in "fc":
            last = in_order[..., -1]
            result = _quelea.where(_quelea.isnan(last), last, result)
    return _delivered(result, out, keepdims, kept, True)


def nanmedian(
    a: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    keepdims: Any = numpy._NoValue,
) -> Any:
    """Give the median of the elements that are no NaN. The parameters are those of `median`.

    Returns
    -------
    ndarray
        NaN where all elements are.

    Examples
    --------
    >>> import quelea as np
    >>> np.nanmedian([[10.0, np.nan, 4], [3, 2, 1]], axis=1)
    array([7., 2.])
    """
    x = as_array(a)
    if x.dtype.kind not in "fc":
        return median(x, axis, out, overwrite_input, _keeps(keepdims))
    if not x.size:
        return nanmean(x, axis, out=out, keepdims=_keeps(keepdims))
    laid, kept = _laid(x, axis)
    _check_out(out)
    in_order: Any = sorted_along(laid, laid.ndim - 1)[0]
    count = _numbers(laid)
    low = _quelea.maximum(_quelea.floor_divide(count - 1, 2), 0)
    high = _quelea.minimum(_quelea.floor_divide(count, 2), laid.shape[-1] - 1)
    below, above = (_at(in_order, place) for place in (low, high))
    half = _quelea.divide(_quelea.add(below, above), 2)
    if x.dtype == numpy.float16:
        sums = _quelea.add(below.astype(numpy.float32), above.astype(numpy.float32))
        half = _quelea.divide(sums, 2).astype(numpy.float16)
    result = _quelea.where(_quelea.equal(low, high), above, half)
    return _delivered(result, out, keepdims, kept)


def _numbers(laid: ndarray) -> ndarray:
    """Count, for each line, the elements that are no NaN."""
    return laid.shape[-1] - _quelea.count_nonzero(_quelea.isnan(laid), axis=-1)


def _at(in_order: ndarray, place: Any) -> ndarray:
    """Give the element at a place of each line."""
    return _along_last(in_order, place.reshape((*place.shape, 1)))[..., 0]


# ---- quantiles ----


def _between(alpha: float, beta: float) -> Callable[[Any, Any, Any], Any]:
    """Hyndman & Fan's continuous rules ("Sample Quantiles in Statistical Packages", 1996)."""
    return lambda m, n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _step(m: Any, index: Any, goes_back: Callable[[Any, Any], Any]) -> Any:
    """Give the next element, but the one before where the rule says so."""
    before = m.floor(index)
    place = m.where(goes_back(index - before, before), before, before + 1)
    return m.maximum(place, 0).astype(numpy.int64)


def _inverted_cdf(m: Any, n: Any, q: Any) -> Any:
    return _step(m, n * q - 1, lambda gamma, before: gamma == 0)


def _closest_observation(m: Any, n: Any, q: Any) -> Any:
    return _step(m, n * q - 1 - 0.5, lambda gamma, before: (gamma == 0) & (before % 2 == 1))


def _plain(m: Any, gamma: Any, index: Any) -> Any:
    return gamma


# A method's virtual index, and the weight of the element behind it; None: the index is an element's.
_METHODS: dict[
    str, tuple[Callable[[Any, Any, Any], Any], Callable[[Any, Any, Any], Any] | None]
] = {
    "inverted_cdf": (_inverted_cdf, None),
    "averaged_inverted_cdf": (
        lambda m, n, q: n * q - 1,
        lambda m, gamma, index: m.where(gamma == 0, 0.5, 1.0),
    ),
    "closest_observation": (_closest_observation, None),
    "interpolated_inverted_cdf": (_between(0, 1), _plain),
    "hazen": (_between(0.5, 0.5), _plain),
    "weibull": (_between(0, 0), _plain),
    "linear": (lambda m, n, q: (n - 1) * q, _plain),
    "median_unbiased": (_between(1 / 3.0, 1 / 3.0), _plain),
    "normal_unbiased": (_between(3 / 8.0, 3 / 8.0), _plain),
    "lower": (lambda m, n, q: m.floor((n - 1) * q).astype(numpy.int64), None),
    "higher": (lambda m, n, q: m.ceil((n - 1) * q).astype(numpy.int64), None),
    "midpoint": (
        lambda m, n, q: 0.5 * (m.floor((n - 1) * q) + m.ceil((n - 1) * q)),
        lambda m, gamma, index: m.where(index % 1 == 0, 0.0, 0.5),
    ),
    "nearest": (lambda m, n, q: m.rint((n - 1) * q).astype(numpy.int64), None),
}


def _interpolated(below: ndarray, above: ndarray, gamma: Any, dtype: Any = None) -> ndarray:
    """Go from one element towards the next one, from the nearer of both; weights are rounded to a dtype."""
    if below.dtype.kind == "b":
        raise TypeError(
            "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, or the "
            "logical_xor function instead."
        )
    rest: Any = 1 - gamma
    nearer = gamma >= 0.5
    if dtype is not None:
        gamma, rest = _quelea.cast(gamma, dtype), _quelea.cast(rest, dtype)
    way = _quelea.subtract(above, below)
    up = _quelea.add(below, _quelea.multiply(way, gamma))
    down = _quelea.subtract(above, _quelea.multiply(way, rest))
    if isinstance(nearer, (bool, numpy.bool)):
        return down if nearer else up
    return _quelea.where(nearer, down, up)


def _check_q(q: Any, of: str) -> None:
    if q.dtype.kind not in "biuf":
        raise TypeError(f"quantiles must be real numbers, not {q.dtype}")
    if q.size and not (q.min() >= 0 and q.max() <= 1):
        raise ValueError(of)
    if q.ndim > 2:
        raise ValueError("q must be a scalar or 1d")


def _method(name: Any) -> Any:
    try:
        return _METHODS[name]
    except (KeyError, TypeError):
        raise ValueError(f"{name!r} is not a valid method. Use one of: {_METHODS.keys()}") from None


def _select(in_order: ndarray, places: Any) -> ndarray:
    """Give elements of each line by NumPy's integers, whose axes come first."""
    first = moveaxis(in_order, -1, 0)
    if places.ndim == 0:
        return first[int(places)]
    return _taken(first, [0], 0, [places])


def _quantiles(laid: ndarray, q: Any, method: Any, is_weak: bool) -> ndarray:
    length = laid.shape[-1]
    rule, weigh = _method(method)
    index = numpy.asanyarray(rule(numpy, length, q))
    if not length:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    in_order: Any = sorted_along(laid, laid.ndim - 1)[0]
    if weigh is None or (method == "linear" and index.dtype.kind in "iu"):
        result = _select(in_order, index.astype(numpy.int64))
    else:
        before = numpy.floor(index)
        behind = before + 1
        for beyond, end in ((index >= length - 1, length - 1), (index < 0, 0)):
            before, behind = numpy.where(beyond, end, before), numpy.where(beyond, end, behind)
        # NumPy's own last element has the number -1, from which it computes the weight
        gamma = weigh(numpy, index - numpy.where(index >= length - 1, -1, before), index)
        gamma = numpy.asanyarray(gamma, dtype=index.dtype)
        first, second = (_select(in_order, place.astype(numpy.int64)) for place in (before, behind))
        shaped: Any
        if is_weak:
            shaped = float(gamma)
        else:
            shaped = _quelea.asarray(gamma.reshape(gamma.shape + (1,) * (laid.ndim - 1)))
            if shaped.ndim == 0:
                shaped = gamma[()]
        result = _interpolated(first, second, shaped)
    if laid.dtype.kind == "f":
        last = in_order[..., -1]
        result = _quelea.where(_quelea.isnan(last), last, result)
    return result


def _nan_quantiles(laid: ndarray, q: Any, method: Any, is_weak: bool) -> ndarray:
    rule, weigh = _method(method)
    in_order: Any = sorted_along(laid, laid.ndim - 1)[0]
    count = _numbers(laid)
    lines = count.reshape((*count.shape, 1))
    if q.dtype.kind == "f":
        lines = lines.astype(q.dtype)  # a number of Python's beside q, in NumPy
    wanted = _quelea.asarray(numpy.atleast_1d(q).reshape(-1))
    index = rule(_quelea, lines, wanted)
    if weigh is None or (method == "linear" and index.dtype.kind in "iu"):
        place = _quelea.maximum(_quelea.minimum(index, lines - 1), 0)
        result = _along_last(in_order, place.astype(numpy.int64))
    else:
        before = _quelea.floor(index)
        above, below = index >= lines - 1, index < 0
        at = _quelea.where(below, 0.0, _quelea.where(above, lines - 1, before))
        behind = _quelea.where(below, 0.0, _quelea.where(above, lines - 1, before + 1))
        gamma = weigh(_quelea, index - _quelea.where(above, -1.0, at), index)
        gamma = _quelea.cast(gamma, index.dtype)
        first, second = (
            _along_last(in_order, _quelea.maximum(place, 0).astype(numpy.int64))
            for place in (at, behind)
        )
        result = _interpolated(first, second, gamma, laid.dtype if is_weak else None)
        nothing = _quelea.asarray(numpy.array(numpy.nan, result.dtype))
        result = _quelea.where(_quelea.equal(lines, 0), nothing, result)
    if q.ndim == 0:
        return result[..., 0]
    return moveaxis(result, -1, 0).reshape((*q.shape, *laid.shape[:-1]))


# ---- weights ----


def _weights(x: ndarray, axis: Any, weights: Any) -> ndarray:
    """Give the weights as `_laid` gives the elements."""
    given = as_array(weights)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"weights must be real numbers, not {given.dtype}")
    if given.shape != x.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        axes = normalize_axis_tuple(axis, x.ndim)
        if given.shape != tuple(x.shape[a] for a in axes):
            raise ValueError(
                "Shape of weights must be consistent with shape of a along specified axis."
            )
        given = given.transpose([int(a) for a in numpy.argsort(axes)])
        wide = given.reshape([n if a in axes else 1 for a, n in enumerate(x.shape)])
        given = _quelea.broadcast_to(wide, x.shape)
    if bool(_quelea.any(given < 0)):
        raise ValueError("Weights must be non-negative.")
    return _laid(given, axis)[0]


def _weighted(laid: ndarray, q: Any, weights: ndarray, without_nan: bool) -> ndarray:
    """The first elements up to which the weights are a part of at least q of them all."""
    length, last = laid.shape[-1], laid.ndim - 1
    if not length:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    made: Any = sorted_along(laid, last, True, True)
    in_order, order = made
    along = _along_last(weights, order).astype(numpy.float64)
    most: Any = length - 1
    if without_nan:  # they come last
        missing = _quelea.isnan(in_order)
        along = _quelea.where(missing, 0.0, along)
        most = _numbers(laid) - 1
    sums = _quelea.add.accumulate(along, last)
    parts = sums / sums[..., -1:]
    wrong = _quelea.isnan(parts[..., -1])
    if without_nan:
        wrong = _quelea.logical_and(wrong, most >= 0)
    if bool(_quelea.any(wrong)):
        raise ValueError("Weights included NaN, inf or were all zero.")
    if q.dtype.kind == "f":
        parts = parts.astype(q.dtype)
    parts = _quelea.where(
        _quelea.equal(parts, 0), -1, parts
    )  # what counts nothing is never the first
    results = []
    for number in numpy.atleast_1d(q).reshape(-1):
        place = _quelea.count_nonzero(_quelea.less(parts, number), axis=-1)
        place = _quelea.maximum(_quelea.minimum(place, most), 0)
        results.append(_at(in_order, place))
    if laid.dtype.kind == "f":
        end = in_order[..., 0] if without_nan else in_order[..., -1]
        results = [_quelea.where(_quelea.isnan(end), end, result) for result in results]
    if q.ndim == 0:
        return results[0]
    if not results:
        return _quelea.empty((*q.shape, *laid.shape[:-1]), laid.dtype)
    return stack(results).reshape((*q.shape, *laid.shape[:-1]))


def _given(a: Any, q: Any, weights: Any, method: Any, percent: bool) -> tuple[ndarray, Any, bool]:
    x = as_array(a)
    if x.dtype.kind == "c":
        raise TypeError("a must be an array of real numbers")
    is_weak = type(q) in (int, float)
    places = numpy.asanyarray(as_numpy(q) if isinstance(q, ndarray) else q)
    if percent:
        places = numpy.asanyarray(numpy.true_divide(places, 100))
    what = (
        "Percentiles must be in the range [0, 100]"
        if percent
        else "Quantiles must be in the range [0, 1]"
    )
    _check_q(places, what)
    if weights is not None and method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    return x, places, is_weak


def _all_of(
    a: Any, q: Any, axis: Any, out: Any, method: Any, keepdims: Any, weights: Any, percent: bool
) -> Any:
    x, places, is_weak = _given(a, q, weights, method, percent)
    laid, kept = _laid(x, axis)
    if weights is None:
        result = _quantiles(laid, places, method, is_weak)
    else:
        result = _weighted(laid, places, _weights(x, axis, weights), False)
    if (
        isinstance(out, tuple) and _method(method)[1]
    ):  # as NumPy's ufuncs take it, which it is given to
        if len(out) != 1:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        _all_of(a, q, axis, out[0], method, keepdims, weights, percent)
        return out
    _check_out(out)
    if out is not None and not numpy.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc 'add' output from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'"
        )
    return _delivered(result, out, keepdims, kept)


def _but_nan(
    a: Any, q: Any, axis: Any, out: Any, method: Any, keepdims: Any, weights: Any, percent: bool
) -> Any:
    x, places, is_weak = _given(a, q, weights, method, percent)
    if not x.size:
        return nanmean(x, axis, out=out, keepdims=_keeps(keepdims))
    laid, kept = _laid(x, axis)
    if weights is None:
        how = _nan_quantiles if x.dtype.kind == "f" else _quantiles
        result = how(laid, places, method, is_weak)
    else:
        result = _weighted(laid, places, _weights(x, axis, weights), x.dtype.kind == "f")
    _check_out(out)
    return _delivered(result, out, keepdims, kept)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """Give quantiles: what a part of the elements does not exceed.

    Parameters
    ----------
    a : array_like
        The elements, no complex ones.
    q : float or array_like of floats
        From 0 to 1; they are looked at.
    axis : int, sequence of int or None, default None
        Over which axes; None: over all.
    out : ndarray, optional
        Where the result goes.
    overwrite_input : bool, default False
        Makes no difference: the elements stay as they are.
    method : str, default 'linear'
        One of NumPy's 13 rules for what lies between two elements.
    keepdims : bool, default False
        Whether those axes stay, with extent 1.
    weights : array_like, optional
        How often each element counts, with the method 'inverted_cdf' alone: of the shape of `a`, or of its extents
        along the axes. They are looked at.

    Returns
    -------
    ndarray
        The axes of `q` come first. NaN where an element is.

    Examples
    --------
    >>> import quelea as np
    >>> np.quantile([[10.0, 7, 4], [3, 2, 1]], [0.25, 0.5], axis=1)
    array([[5.5, 1.5],
           [7. , 2. ]])
    """
    return _all_of(a, q, axis, out, method, keepdims, weights, False)


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """Give quantiles, `q` being from 0 to 100. The other parameters are those of `quantile`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.percentile([[10.0, 7, 4], [3, 2, 1]], 50, axis=0)
    array([6.5, 4.5, 2.5])
    """
    return _all_of(a, q, axis, out, method, keepdims, weights, True)


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = numpy._NoValue,
    *,
    weights: Any = None,
) -> Any:
    """Give quantiles of the elements that are no NaN. The parameters are those of `quantile`.

    Returns
    -------
    ndarray
        NaN where all elements are.

    Examples
    --------
    >>> import quelea as np
    >>> np.nanquantile([[10.0, np.nan, 4], [3, 2, 1]], 0.5, axis=1)
    array([7., 2.])
    """
    return _but_nan(a, q, axis, out, method, keepdims, weights, False)


def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: ndarray | None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = numpy._NoValue,
    *,
    weights: Any = None,
) -> Any:
    """Give quantiles of the elements that are no NaN, `q` being from 0 to 100. The parameters are those of `quantile`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.nanpercentile([[10.0, np.nan, 4], [3, 2, 1]], 50, axis=1)
    array([7., 2.])
    """
    return _but_nan(a, q, axis, out, method, keepdims, weights, True)
