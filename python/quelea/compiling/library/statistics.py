"""NumPy's functions over axes that are more than a reduction, and scans."""

from __future__ import annotations

from typing import Any

import numpy as np

from .intrinsics import axis as axis_of
from .intrinsics import dtype as dtype_of
from .intrinsics import is_array, is_tuple, kind, refuse, result_type, value
from .sorting import sort_lines


def _wide(x: Any, dtype: Any) -> Any:
    """The dtype in which a mean is computed."""
    if dtype is not None:
        return dtype_of(dtype)
    elif kind(x) in ("b", "i", "u"):
        return np.float64
    elif dtype_of(x) == np.float16:
        return np.float32
    else:
        return dtype_of(x)


def _given(x: Any, dtype: Any) -> Any:
    """The dtype of a mean."""
    if dtype is not None:
        return dtype_of(dtype)
    elif kind(x) in ("b", "i", "u"):
        return np.float64
    else:
        return dtype_of(x)


def _as(x: Any, t: Any) -> Any:
    return x if dtype_of(x) == t else x.astype(t)


def _count(x: Any, axis: Any) -> Any:
    """How many elements are reduced to one."""
    if axis is None:
        return int(np.size(x))
    elif is_tuple(axis):
        count = 1
        for one in axis:
            count *= x.shape[axis_of(one, x.ndim)]
        return count
    else:
        return x.shape[axis_of(axis, x.ndim)]


def size(a: Any) -> Any:
    """The number of elements."""
    x = value(a)
    return x.size if is_array(x) else 1


def ndim(a: Any) -> Any:
    """The number of dimensions."""
    return value(a).ndim


def mean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The arithmetic mean."""
    x = value(a)
    total = np.sum(_as(x, _wide(x, dtype)), axis=axis, keepdims=keepdims)
    return _as(total / _count(x, axis), _given(x, dtype))


def average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    """The weighted mean."""
    x = value(a)
    if weights is None:
        return mean(x, axis)
    w = value(weights)
    if axis is not None or x.ndim != w.ndim:
        return refuse("np.average with weights takes no axis here", "write sum(w * x) / sum(w)")
    product = np.multiply(_as(x, result_type(x, w, 1.0)), w)
    return np.sum(product) / np.sum(_as(w, result_type(x, w, 1.0)))


def _squares(x: Any) -> Any:
    if kind(x) == "c":
        return np.square(x.real) + np.square(x.imag)
    else:
        return np.square(x)


def var(
    a: Any, axis: Any = None, dtype: Any = None, *, ddof: Any = 0, keepdims: bool = False
) -> Any:
    """The mean of the squared distances from the mean."""
    x = value(a)
    t = _wide(x, dtype)
    count = _count(x, axis)
    centre = np.sum(_as(x, t), axis=axis, keepdims=True) / count
    distance = x - centre
    squares = _squares(distance)
    total = np.sum(squares, axis=axis, keepdims=keepdims)
    result = total / max(count - ddof, 0)
    if kind(x) == "c":
        return result
    else:
        return _as(result, _given(x, dtype))


def std(
    a: Any, axis: Any = None, dtype: Any = None, *, ddof: Any = 0, keepdims: bool = False
) -> Any:
    """The square root of the variance."""
    return np.sqrt(var(a, axis, dtype, ddof=ddof, keepdims=keepdims))


def ptp(a: Any, axis: Any = None) -> Any:
    """The maximum less the minimum."""
    return np.max(a, axis=axis) - np.min(a, axis=axis)


# ---- without NaN ----


def _filled(a: Any, fill: Any) -> Any:
    x = value(a)
    if kind(x) in ("f", "c"):
        return np.where(np.isnan(x), fill, x)
    else:
        return x


def nansum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The sum of what is not NaN."""
    return np.sum(_filled(a, 0), axis=axis, keepdims=keepdims)


def nanprod(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The product of what is not NaN."""
    return np.prod(_filled(a, 1), axis=axis, keepdims=keepdims)


def _or_nan(x: Any, found: Any, axis: Any, keepdims: bool) -> Any:
    """What was found, or NaN where all of x is NaN."""
    if kind(x) == "f":
        alone = np.all(np.isnan(x), axis=axis, keepdims=keepdims)
        return np.where(alone, dtype_of(x)(np.nan), found)
    else:
        return found


def nanmin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The minimum of what is not NaN."""
    x = value(a)
    return _or_nan(x, np.min(_filled(x, np.inf), axis=axis, keepdims=keepdims), axis, keepdims)


def nanmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The maximum of what is not NaN."""
    x = value(a)
    return _or_nan(x, np.max(_filled(x, -np.inf), axis=axis, keepdims=keepdims), axis, keepdims)


def nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of what is not NaN."""
    x = value(a)
    if kind(x) not in ("f", "c"):
        return mean(x, axis, keepdims=keepdims)
    t = _wide(x, None)
    count = np.sum(np.logical_not(np.isnan(x)), axis=axis, keepdims=keepdims)
    total = np.sum(_as(_filled(x, 0), t), axis=axis, keepdims=keepdims)
    return _as(total / _as(count, t), dtype_of(x))


def nanvar(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """The variance of what is not NaN."""
    x = value(a)
    if kind(x) != "f":
        return var(x, axis, ddof=ddof, keepdims=keepdims)
    t = _wide(x, None)
    whole = np.logical_not(np.isnan(x))
    count = np.sum(whole, axis=axis, keepdims=True)
    centre = np.sum(_as(_filled(x, 0), t), axis=axis, keepdims=True) / _as(count, t)
    squares = np.where(whole, np.square(x - centre), t(0))
    divisor = np.sum(whole, axis=axis, keepdims=keepdims) - ddof
    total = np.sum(squares, axis=axis, keepdims=keepdims)
    return _as(np.where(divisor > 0, total / _as(divisor, t), t(np.nan)), dtype_of(x))


def nanstd(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """The standard deviation of what is not NaN."""
    return np.sqrt(nanvar(a, axis, ddof=ddof, keepdims=keepdims))


# ---- lines along an axis ----


def _last(x: Any, axis: int) -> Any:
    """A view with that axis behind the others."""
    return np.transpose(x, (*tuple(k for k in range(x.ndim) if k != axis), axis))


def _lines(x: Any, axis: int) -> Any:
    """A copy of the lines along an axis, as the rows of a matrix."""
    moved = _last(x, axis).copy()
    count = 1
    for n in moved.shape[:-1]:
        count *= n
    return moved.reshape(count, moved.shape[-1])


def _without(x: Any, axis: int) -> Any:
    """The shape without an axis."""
    return tuple(x.shape[k] for k in range(x.ndim) if k != axis)


def _back(lines: Any, x: Any, axis: int) -> Any:
    """The lines again as an array of the shape of x."""
    moved = lines.reshape((*_without(x, axis), lines.shape[1]))
    order = tuple(k if k < axis else x.ndim - 1 if k == axis else k - 1 for k in range(x.ndim))
    return np.transpose(moved, order).copy()


def _scanned(lines: Any, multiplies: bool, t: Any) -> Any:
    out = np.empty(lines.shape, t)
    for i in range(lines.shape[0]):
        if lines.shape[1]:
            total = t(lines[i, 0])
            out[i, 0] = total
            for j in range(1, lines.shape[1]):
                total = total * t(lines[i, j]) if multiplies else total + t(lines[i, j])
                out[i, j] = total
    return out


def _scan_type(x: Any, dtype: Any) -> Any:
    if dtype is not None:
        return dtype_of(dtype)
    elif kind(x) in ("b", "i"):
        return np.int64
    elif kind(x) == "u":
        return np.uint64
    else:
        return dtype_of(x)


def _scan(a: Any, axis: Any, dtype: Any, multiplies: bool) -> Any:
    x = value(a)
    t = _scan_type(x, dtype)
    if x.ndim == 0:
        return np.array([t(x)])
    if axis is None or x.ndim == 1:
        return _scanned(x.ravel()[None, :], multiplies, t)[0]
    at = axis_of(axis, x.ndim)
    return _back(_scanned(_lines(x, at), multiplies, t), x, at)


def cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The sums of all up to each, added in order."""
    return _scan(a, axis, dtype, False)


def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The products of all up to each, multiplied in order."""
    return _scan(a, axis, dtype, True)


def _extreme(line: Any, is_min: bool) -> int:
    """Where the first extreme is; the first NaN, if there is one."""
    at = 0
    best = line[0]
    for k in range(len(line)):
        x = line[k]
        if x != x:
            return k
        if (x < best) if is_min else (x > best):
            best, at = x, k
    return at


def _arg(a: Any, axis: Any, is_min: bool) -> Any:
    x = value(a)
    if kind(x) == "c":
        return refuse("complex numbers have no order in @jit", "compare abs(x) or x.real")
    if x.ndim == 0:
        return np.int64(0)
    if axis is None or x.ndim == 1:
        if np.size(x) == 0:
            raise ValueError("attempt to get argmin or argmax of an empty sequence")
        return np.int64(_extreme(x.ravel(), is_min))
    at = axis_of(axis, x.ndim)
    lines = _lines(x, at)
    if lines.shape[1] == 0:
        raise ValueError("attempt to get argmin or argmax of an empty sequence")
    out = np.empty(lines.shape[0], np.int64)
    for i in range(len(out)):
        out[i] = _extreme(lines[i], is_min)
    return out.reshape(_without(x, at))


def argmin(a: Any, axis: Any = None) -> Any:
    """Where the first minimum is."""
    return _arg(a, axis, True)


def argmax(a: Any, axis: Any = None) -> Any:
    """Where the first maximum is."""
    return _arg(a, axis, False)


def nanargmin(a: Any) -> Any:
    """Where the first minimum of what is not NaN is."""
    return _arg(_filled(a, np.inf), None, True)


def nanargmax(a: Any) -> Any:
    """Where the first maximum of what is not NaN is."""
    return _arg(_filled(a, -np.inf), None, False)


# ---- order ----


def _middle(lines: Any, t: Any, is_nan: bool) -> Any:
    """The median of each row of what is sorted."""
    n = lines.shape[1]
    out = np.empty(lines.shape[0], t)
    wide = np.float32 if t == np.float16 else t
    for i in range(lines.shape[0]):
        if n == 0 or (is_nan and lines[i, n - 1] != lines[i, n - 1]):
            out[i] = t(np.nan)
        elif n % 2:
            out[i] = t(lines[i, n // 2])
        else:
            out[i] = t((wide(lines[i, n // 2 - 1]) + wide(lines[i, n // 2])) / wide(2))
    return out


def median(a: Any, axis: Any = None) -> Any:
    """The value in the middle."""
    x = value(a)
    t = _given(x, None)
    if kind(x) == "c":
        return refuse("complex numbers have no order in @jit", "compare abs(x) or x.real")
    if x.ndim == 0:
        return t(x)
    if axis is None or x.ndim == 1:
        lines = x.flatten().reshape(1, np.size(x))
        sort_lines(lines)
        return _middle(lines, t, kind(x) == "f")[0]
    at = axis_of(axis, x.ndim)
    lines = _lines(x, at)
    sort_lines(lines)
    return _middle(lines, t, kind(x) == "f").reshape(_without(x, at))


def _at_part(line: Any, part: Any, t: Any) -> Any:
    """What is at a part of the way through a sorted line: between two elements, linearly."""
    n = len(line)
    if kind(line) == "f" and line[n - 1] != line[n - 1]:
        return t(np.nan)
    at = part * (n - 1)
    low = min(max(int(np.floor(at)), 0), n - 1)
    high = min(low + 1, n - 1)
    gamma = at - low
    a, b = t(line[low]), t(line[high])
    difference = b - a
    between = a + difference * gamma
    return t(b - difference * (1 - gamma)) if gamma >= 0.5 else t(between)


def quantile(a: Any, q: Any, axis: Any = None) -> Any:
    """What is above a part of the elements; linear between them."""
    x = value(a)
    t = np.float64 if kind(x) != "f" else dtype_of(x)
    if kind(x) in ("b", "c"):
        return refuse("np.quantile takes real numbers", "convert with .astype(np.float64)")
    if axis is not None and x.ndim > 1:
        return refuse("np.quantile along an axis is not there in @jit", "call it for each line")
    line = x.flatten()
    if len(line) == 0:
        raise ValueError("np.quantile of no elements")
    sort_lines(line[None, :])
    if is_array(value(q)):
        parts = value(q)
        out = np.empty(len(parts), t)
        for k in range(len(parts)):
            out[k] = _at_part(line, float(parts[k]), t)
        return out
    if not 0 <= q <= 1:
        raise ValueError("Quantiles must be in the range [0, 1]")
    return _at_part(line, float(q), t)


def percentile(a: Any, q: Any, axis: Any = None) -> Any:
    """What is above so many percent of the elements."""
    return quantile(a, value(q) / 100, axis)


# ---- differences ----


def _moved_back(x: Any, axis: int) -> Any:
    """A view with the last axis put at its place."""
    last = x.ndim - 1
    order = tuple(k if k < axis else last if k == axis else k - 1 for k in range(x.ndim))
    return np.transpose(x, order)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours."""
    x = value(a)
    if x.ndim == 0:
        return refuse("np.diff takes an array", "give an array")
    if n != 1:
        return refuse("np.diff of an order other than 1 is not there", "call it several times")
    at = axis_of(axis, x.ndim)
    y = _last(x, at)
    if kind(x) == "b":
        return _moved_back(y[..., 1:] != y[..., :-1], at)
    else:
        return _moved_back(y[..., 1:] - y[..., :-1], at)


def ediff1d(ary: Any) -> Any:
    """The differences of neighbours of all elements."""
    x = value(ary).ravel()
    return x[1:] - x[:-1]


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """The integral of a vector by trapezes."""
    v = value(y)
    if v.ndim != 1:
        return refuse("np.trapezoid takes a vector here", "call it for each line")
    if x is None:
        return np.sum(dx * (v[1:] + v[:-1]) / 2.0)
    else:
        return np.sum(diff(x) * (v[1:] + v[:-1]) / 2.0)


def cov(m: Any, rowvar: bool = True, ddof: Any = None) -> Any:
    """The covariances of the rows."""
    given = value(m)
    t = result_type(given, np.float64)
    x = _as(given if rowvar else given.T, t)
    if x.ndim != 2:
        return refuse("np.cov takes a matrix here", "use np.var for a vector")
    free = x.shape[1] - (1 if ddof is None else ddof)
    distance = x - mean(x, 1, keepdims=True)
    return np.dot(distance, np.conj(distance.T)) * (1.0 / free)


def corrcoef(x: Any, rowvar: bool = True) -> Any:
    """The correlations of the rows."""
    c = cov(x, rowvar)
    deviation = np.sqrt(np.diag(c).real)
    return np.clip(c / deviation[:, None] / deviation, -1, 1)
