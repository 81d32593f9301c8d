"""NumPy's functions that make arrays of numbers, and put arrays together."""

from __future__ import annotations

from typing import Any

import numpy as np

from .intrinsics import axis as axis_of
from .intrinsics import diagonal as diagonal_of
from .intrinsics import dtype as dtype_of
from .intrinsics import is_array, is_tuple, kind, refuse, result_type, value


def _length(start: Any, stop: Any, step: Any) -> int:
    """How many numbers arange makes."""
    if (
        kind(start) in ("b", "i", "u")
        and kind(stop) in ("b", "i", "u")
        and kind(step) in ("b", "i", "u")
    ):
        if step == 0:
            raise ZeroDivisionError("division by zero")
        return max(0, -((int(start) - int(stop)) // int(step)))
    else:
        distance, by = float(stop) - float(start), float(step)
        if by == 0.0:
            raise ZeroDivisionError("division by zero")
        length = distance / by
        if length != length:
            raise ValueError("arange: cannot compute length")
        if length >= 9223372036854775808.0:
            raise ValueError("Maximum allowed size exceeded")
        if length == 0.0 and distance != 0.0:
            length = 1.0 if (distance > 0.0) == (by > 0.0) else 0.0
        return max(0, int(np.ceil(length)))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """The numbers of a half-open interval."""
    if stop is None:
        start, stop = 0, start
    if step is None:
        step = 1
    if kind(start) == "c" or kind(stop) == "c" or kind(step) == "c":
        return refuse("np.arange of complex numbers is not there in @jit", "use real numbers")
    else:
        out_type = result_type(np.int64, start, stop, step) if dtype is None else dtype_of(dtype)
        wide = np.float32 if out_type == np.float16 else out_type
        n = _length(start, stop, step)
        out = np.empty(n, out_type)
        first, second = wide(out_type(start)), wide(out_type(start + step))
        by = second - first if kind(out_type) != "b" else second
        for i in range(n):
            out[i] = first if i == 0 else second if i == 1 else first + wide(i) * by
        return out


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    """Evenly spaced numbers from start to stop."""
    if is_array(start) or is_array(stop):
        return refuse("np.linspace between arrays is not there in @jit", "fill it in a loop")
    else:
        first, last = value(start) * 1.0, value(stop) * 1.0
        computed = result_type(first, last)
        out_type = computed if dtype is None else dtype_of(dtype)
        if num < 0:
            raise ValueError("Number of samples must be non-negative.")
        between = num - 1 if endpoint else num
        delta = last - first
        step = delta / computed(max(between, 1))
        out = np.empty(num, out_type)
        for i in range(num):
            at = computed(i)
            if between <= 0:
                x = at * delta
            elif step != 0:
                x = at * step
            else:
                x = at / computed(between) * delta
            x = x + first
            if endpoint and num > 1 and i == num - 1:
                x = last
            if kind(out_type) in ("i", "u"):
                out[i] = out_type(np.floor(x))
            else:
                out[i] = out_type(x)
        return out


def eye(N: int, M: Any = None, k: int = 0, dtype: Any = float) -> Any:
    """Ones on a diagonal, zeros elsewhere."""
    columns = N if M is None else M
    out = np.zeros((N, columns), dtype)
    for i in range(N):
        if 0 <= i + k < columns:
            out[i, i + k] = 1
    return out


def identity(n: int, dtype: Any = float) -> Any:
    """Ones on the main diagonal."""
    return eye(n, None, 0, dtype)


def tri(N: int, M: Any = None, k: int = 0, dtype: Any = float) -> Any:
    """Ones at a diagonal and below."""
    columns = N if M is None else M
    out = np.zeros((N, columns), dtype)
    for i in range(N):
        for j in range(min(max(i + k + 1, 0), columns)):
            out[i, j] = 1
    return out


def tril(m: Any, k: int = 0) -> Any:
    """What is at a diagonal and below."""
    x = value(m)
    if x.ndim != 2:
        return refuse("np.tril takes a matrix here", "give an array of two dimensions")
    else:
        out = np.zeros_like(x)
        for i in range(x.shape[0]):
            for j in range(min(max(i + k + 1, 0), x.shape[1])):
                out[i, j] = x[i, j]
        return out


def triu(m: Any, k: int = 0) -> Any:
    """What is at a diagonal and above."""
    x = value(m)
    if x.ndim != 2:
        return refuse("np.triu takes a matrix here", "give an array of two dimensions")
    else:
        out = np.zeros_like(x)
        for i in range(x.shape[0]):
            for j in range(min(max(i + k, 0), x.shape[1]), x.shape[1]):
                out[i, j] = x[i, j]
        return out


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with that diagonal."""
    x = value(v)
    if x.ndim == 2:
        return diagonal_of(x, k).copy()
    elif x.ndim == 1:
        n = len(x) + abs(k)
        out = np.zeros((n, n), dtype_of(x))
        for i in range(len(x)):
            out[i + max(-k, 0), i + max(k, 0)] = x[i]
        return out
    else:
        return refuse("np.diag takes one or two dimensions", "give a vector or a matrix")


def diagonal(a: Any, offset: int = 0) -> Any:
    """The diagonal of a matrix."""
    return diagonal_of(value(a), offset)


def fill_diagonal(a: Any, val: Any) -> None:
    """Store into the diagonal of a matrix."""
    view = diagonal_of(a, 0)
    view[:] = val


def meshgrid(x: Any, y: Any, indexing: str = "xy") -> Any:
    """Matrices of the coordinates of a grid."""
    p, q = value(x), value(y)
    if p.ndim != 1 or q.ndim != 1:
        return refuse("np.meshgrid takes two vectors here", "use reshape and broadcasting")
    elif indexing == "xy":
        a = np.empty((len(q), len(p)), dtype_of(p))
        b = np.empty((len(q), len(p)), dtype_of(q))
        a[:, :] = p
        b[:, :] = q[:, None]
        return a, b
    else:
        a = np.empty((len(p), len(q)), dtype_of(p))
        b = np.empty((len(p), len(q)), dtype_of(q))
        a[:, :] = p[:, None]
        b[:, :] = q
        return a, b


def copyto(dst: Any, src: Any) -> None:
    """Store into all of an array."""
    dst[...] = src


# ---- put together ----


def _first(x: Any, axis: int) -> Any:
    """A view with that axis in front."""
    return np.transpose(x, (axis, *tuple(k for k in range(x.ndim) if k != axis)))


def _check_shapes(x: Any, y: Any, axis: int) -> None:
    for k in tuple(k for k in range(x.ndim)):
        if k != axis and x.shape[k] != y.shape[k]:
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly"
            )


def _joined(every: Any, at: int) -> Any:
    total = 0
    for x in every:
        if x.ndim != every[0].ndim:
            refuse("arrays of several numbers of dimensions are not put together", "reshape them")
        else:
            _check_shapes(every[0], x, at)
            total += x.shape[at]
    shape = tuple(total if k == at else every[0].shape[k] for k in range(every[0].ndim))
    out = np.empty(shape, result_type(*every))
    view, next_one = _first(out, at), 0
    for x in every:
        view[next_one : next_one + x.shape[at]] = _first(x, at)
        next_one += x.shape[at]
    return out


def concatenate(arrays: Any, axis: Any = 0) -> Any:
    """Arrays behind each other along an axis."""
    if not is_tuple(arrays) or len(arrays) == 0:
        return refuse("np.concatenate takes a tuple of arrays", "write np.concatenate((x, y))")
    if axis is None:
        return _joined(tuple(atleast_1d(x).ravel() for x in arrays), 0)
    every = tuple(value(x) for x in arrays)
    if every[0].ndim == 0:
        return refuse("np.concatenate takes arrays, not numbers", "write np.array([x, y])")
    return _joined(every, axis_of(axis, every[0].ndim))


def expand_dims(a: Any, axis: int) -> Any:
    """One more axis, of extent 1."""
    x = value(a)
    at = axis_of(axis, x.ndim + 1)
    return x[(slice(None),) * at + (None,)]


def squeeze(a: Any, axis: Any = None) -> Any:
    """Without an axis of extent 1."""
    if axis is None:
        return refuse("np.squeeze without an axis is not there in @jit", "name the axis")
    else:
        at = axis_of(axis, a.ndim)
        if a.shape[at] != 1:
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        return a[(slice(None),) * at + (0,)]


def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays behind each other along a new axis."""
    if not is_tuple(arrays):
        return refuse("np.stack takes a tuple of arrays", "write (x, y)")
    else:
        every = tuple(value(x) for x in arrays)
        for x in every:
            if x.ndim != every[0].ndim:
                refuse("np.stack takes arrays of one number of dimensions", "reshape them")
            else:
                _check_shapes(every[0], x, -1)
        return concatenate(tuple(expand_dims(x, axis) for x in every), axis)


def _rows(a: Any) -> Any:
    """As a matrix: a vector is one row."""
    x = value(a)
    if x.ndim == 0:
        return np.array([[x]])
    elif x.ndim == 1:
        return x[None, :]
    else:
        return x


def atleast_1d(a: Any) -> Any:
    """With one axis or more."""
    x = value(a)
    if x.ndim == 0:
        return np.array([x])
    else:
        return x


def atleast_2d(a: Any) -> Any:
    """With two axes or more."""
    return _rows(a)


def vstack(tup: Any) -> Any:
    """Rows below each other."""
    return concatenate(tuple(_rows(x) for x in tup), 0)


def hstack(tup: Any) -> Any:
    """Beside each other: along the second axis, of vectors along the first."""
    every = tuple(atleast_1d(x) for x in tup)
    if every[0].ndim == 1:
        return concatenate(every, 0)
    else:
        return concatenate(every, 1)


def column_stack(tup: Any) -> Any:
    """Vectors as columns of a matrix."""
    return concatenate(tuple(x[:, None] if x.ndim == 1 else x for x in tup), 1)


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Values behind an array."""
    if axis is None:
        return concatenate((atleast_1d(arr).ravel(), atleast_1d(values).ravel()), 0)
    else:
        return concatenate((arr, values), axis)


def repeat(a: Any, repeats: int, axis: Any = None) -> Any:
    """Each element several times."""
    if axis is None:
        x = atleast_1d(a).ravel()
        out = np.empty((len(x), repeats), dtype_of(x))
        out[:, :] = x[:, None]
        return out.ravel()
    else:
        x = value(a)
        at = axis_of(axis, x.ndim)
        shape = tuple(x.shape[k] * repeats if k == at else x.shape[k] for k in range(x.ndim))
        out = np.empty(shape, dtype_of(x))
        view, lines = _first(out, at), _first(x, at)
        for i in range(x.shape[at]):
            for j in range(repeats):
                view[i * repeats + j] = lines[i]
        return out


def _tiled(rows: Any, down: int, right: int) -> Any:
    m, n = rows.shape
    out = np.empty((down, m, right, n), dtype_of(rows))
    out[:, :, :, :] = rows[:, None, :]
    return out.reshape(down * m, right * n)


def tile(A: Any, reps: Any) -> Any:
    """The whole several times."""
    x = atleast_1d(A)
    if x.ndim > 2 or (is_tuple(reps) and len(reps) > 2):
        return refuse("np.tile is of one or two dimensions here", "fill an array in a loop")
    if is_tuple(reps) and len(reps) == 2:
        return _tiled(_rows(x), reps[0], reps[1])
    times = reps[0] if is_tuple(reps) else reps
    tiled = _tiled(_rows(x), 1, times)
    return tiled if x.ndim == 2 else tiled.ravel()
