"""The same elements at other places, and what compares, rounds and interpolates."""

from __future__ import annotations

from typing import Any

import numpy as np

from .intrinsics import axis as axis_of
from .intrinsics import dtype as dtype_of
from .intrinsics import is_array, is_tuple, kind, refuse, result_type, value


def moveaxis(a: Any, source: int, destination: int) -> Any:
    """A view with an axis at another place."""
    x = value(a)
    at, to = axis_of(source, x.ndim), axis_of(destination, x.ndim)
    rest = tuple(k for k in range(x.ndim) if k != at)
    return np.transpose(x, (*rest[:to], at, *rest[to:]))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """A view with two axes exchanged."""
    x = value(a)
    p, q = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    order = tuple(q if k == p else p if k == q else k for k in range(x.ndim))
    return np.transpose(x, order)


def permute_dims(a: Any, axes: Any = None) -> Any:
    """A view with the axes in another order."""
    return np.transpose(a, axes)


def _flipped(x: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def flip(m: Any, axis: Any = None) -> Any:
    """A view with axes backwards."""
    x = value(m)
    every: Any = tuple(k for k in range(x.ndim)) if axis is None else axis
    for one in every if is_tuple(every) else (every,):
        x = _flipped(x, axis_of(one, x.ndim))
    return x


def flipud(m: Any) -> Any:
    """A view with the first axis backwards."""
    return _flipped(value(m), 0)


def fliplr(m: Any) -> Any:
    """A view with the second axis backwards."""
    return _flipped(value(m), 1)


def rot90(m: Any, k: int = 1) -> Any:
    """A matrix, turned by so many quarters."""
    x = value(m)
    if x.ndim != 2:
        return refuse("np.rot90 takes a matrix here", "use np.flip and np.transpose")
    turns = k % 4
    if turns == 0:
        return x.copy()
    elif turns == 1:
        return fliplr(x).T.copy()
    elif turns == 2:
        return x[::-1, ::-1].copy()
    else:
        return fliplr(x.T).copy()


def _rolled(x: Any, shift: int, axis: int) -> Any:
    out = np.empty(x.shape, dtype_of(x))
    n = x.shape[axis]
    if n > 0:
        s = shift % n
        before = (slice(None),) * axis
        out[(*before, slice(s, None))] = x[(*before, slice(None, n - s))]
        out[(*before, slice(None, s))] = x[(*before, slice(n - s, None))]
    return out


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements further along, those of the end at the beginning."""
    x = value(a)
    if axis is None:
        if is_tuple(shift):
            return refuse("np.roll by several numbers takes axes", "name the axes")
        return _rolled(x.ravel(), shift, 0).reshape(x.shape)
    if is_tuple(axis):
        for k in tuple(k for k in range(len(axis))):
            by = shift[k] if is_tuple(shift) else shift
            x = _rolled(x, by, axis_of(axis[k], x.ndim))
        return x
    if is_tuple(shift):
        return refuse("np.roll by several numbers takes as many axes", "name the axes")
    return _rolled(x, shift, axis_of(axis, x.ndim))


def broadcast_to(array: Any, shape: Any) -> Any:
    """A copy, repeated to a shape."""
    x = value(array)
    out = np.empty(shape, dtype_of(x))
    out[...] = x
    return out


def pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """An array in a larger one of one value."""
    x = value(array)
    if mode != "constant" or x.ndim > 2 or x.ndim == 0:
        return refuse("np.pad is of one or two dimensions here, with a constant", "fill an array")
    if is_tuple(pad_width):
        return refuse("np.pad takes one number here", "fill an array, and store into a slice of it")
    w = pad_width
    if x.ndim == 1:
        line = np.full(len(x) + 2 * w, dtype_of(x)(constant_values), dtype_of(x))
        line[w : w + len(x)] = x
        return line
    else:
        m, n = x.shape
        out = np.full((m + 2 * w, n + 2 * w), dtype_of(x)(constant_values), dtype_of(x))
        out[w : w + m, w : w + n] = x
        return out


# ---- comparison ----


def isclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Whether they differ by little."""
    p, q = value(a), value(b)
    x = p if kind(p) in ("f", "c") else p.astype(np.float64)
    y = q if kind(q) in ("f", "c") else q.astype(np.float64)
    near = np.logical_and(np.abs(x - y) <= atol + rtol * np.abs(y), np.isfinite(y))
    close = np.logical_or(near, x == y)
    if equal_nan:
        return np.logical_or(close, np.logical_and(np.isnan(x), np.isnan(y)))
    else:
        return close


def allclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all differ by little."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any) -> bool:
    """Whether shape and elements are equal."""
    x, y = value(a1), value(a2)
    if x.ndim != y.ndim:
        return False
    for k in tuple(k for k in range(x.ndim)):
        if x.shape[k] != y.shape[k]:
            return False
    return bool(np.all(x == y))


# ---- numbers ----


def round_(a: Any, decimals: int = 0) -> Any:
    """To so many digits after the point; halves to even."""
    x = value(a)
    if kind(x) in ("b", "i", "u"):
        if decimals < 0:
            return refuse("np.round of integers before the point is not there", "divide first")
        return np.rint(x) if kind(x) == "b" else x
    if kind(x) == "c":
        return refuse("np.round of complex numbers is not there in @jit", "round its parts")
    if decimals == 0:
        return np.rint(x)
    by = dtype_of(x)(10.0 ** abs(decimals))
    return np.rint(x * by) / by if decimals > 0 else np.rint(x / by) * by


def fix(x: Any) -> Any:
    """Rounded towards zero."""
    return np.trunc(x)


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """With numbers in the place of NaN and infinities."""
    v = value(x)
    if kind(v) == "c":
        return refuse("np.nan_to_num of complex numbers is not there", "use their parts")
    if kind(v) != "f":
        return v.copy() if is_array(v) else v
    if dtype_of(v) == np.float64:
        most = 1.7976931348623157e308
    elif dtype_of(v) == np.float32:
        most = 3.4028234663852886e38
    else:
        most = 65504.0
    above = most if posinf is None else posinf
    below = -most if neginf is None else neginf
    t = dtype_of(v)
    finite = np.where(v == np.inf, t(above), np.where(v == -np.inf, t(below), v))
    return np.where(np.isnan(v), t(nan), finite)


def angle(z: Any) -> Any:
    """The argument of complex numbers."""
    x = value(z)
    if kind(x) == "c":
        return np.arctan2(x.imag, x.real)
    return np.arctan2(0.0, x.astype(np.float64)) if kind(x) == "b" else np.arctan2(0, x)


def _interpolated(x: Any, xp: Any, fp: Any) -> Any:
    n = len(xp)
    if x != x:
        return x
    if x < xp[0]:
        return fp[0]
    if x >= xp[n - 1]:
        return fp[n - 1]
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if x < xp[middle]:
            high = middle
        else:
            low = middle
    slope = (fp[low + 1] - fp[low]) / (xp[low + 1] - xp[low])
    y = slope * (x - xp[low]) + fp[low]
    if y != y:
        y = slope * (x - xp[low + 1]) + fp[low + 1]
        if y != y and fp[low] == fp[low + 1]:
            y = fp[low]
    return y


def interp(x: Any, xp: Any, fp: Any) -> Any:
    """Linear between points."""
    at = value(x)
    if kind(at) == "c" or kind(value(fp)) == "c":
        return refuse("np.interp of complex numbers is not there in @jit", "use their parts")
    p, f = value(xp).astype(np.float64), value(fp).astype(np.float64)
    if len(p) != len(f):
        raise ValueError("fp and xp are not of the same length.")
    if len(p) == 0:
        raise ValueError("array of sample points is empty")
    if not is_array(at):
        return np.float64(_interpolated(np.float64(at), p, f))
    flat = at.ravel()
    out = np.empty(len(flat), np.float64)
    for k in range(len(flat)):
        out[k] = _interpolated(np.float64(flat[k]), p, f)
    return out.reshape(at.shape)


def polyval(p: Any, x: Any) -> Any:
    """A polynomial, the highest power first."""
    c, at = value(p), value(x)
    if is_array(at):
        y = np.zeros(at.shape, result_type(c, at))
        for k in range(len(c)):
            y[...] = y * at + c[k]
        return y
    else:
        total = result_type(c, at)(0)
        for k in range(len(c)):
            total = total * at + c[k]
        return total


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The sums of products of one vector and another that goes along it backwards."""
    x, y = value(a), value(v)
    if len(x) == 0 or len(y) == 0:
        raise ValueError("a convolution takes vectors that are not empty")
    t = result_type(x, y)
    m, n = len(x), len(y)
    whole = np.zeros(m + n - 1, t)
    for k in range(m + n - 1):
        s = t(0)
        for i in range(max(0, k - n + 1), min(k + 1, m)):
            s += t(x[i]) * t(y[k - i])
        whole[k] = s
    if mode == "full":
        return whole
    elif mode == "same":
        begin = (min(m, n) - 1) // 2
        return whole[begin : begin + max(m, n)]
    else:
        return whole[min(m, n) - 1 : max(m, n)]
