"""What puts in order, looks up and counts. Equal elements keep their order; NaN come last."""

from __future__ import annotations

from typing import Any

import numpy as np

from .intrinsics import axis as axis_of
from .intrinsics import dtype as dtype_of
from .intrinsics import is_array, kind, nonzero, refuse, result_type, value


def _before(x: Any, y: Any) -> Any:
    """Say whether x comes before y."""
    if kind(x) == "f":
        return x < y or (y != y and x == x)
    else:
        return x < y


def _insert(line: Any, begin: int, end: int) -> None:
    """Sort a few, by moving each to its place."""
    for i in range(begin + 1, end):
        x = line[i]
        j = i
        while j > begin and x < line[j - 1]:
            line[j] = line[j - 1]
            j -= 1
        line[j] = x


def _merge(line: Any, other: Any, begin: int, middle: int, end: int) -> None:
    """Two sorted parts of the one become one in the other; of equals the first stays first."""
    i, j, k = begin, middle, begin
    while i < middle and j < end:
        if line[j] < line[i]:
            other[k] = line[j]
            j += 1
        else:
            other[k] = line[i]
            i += 1
        k += 1
    while i < middle:
        other[k] = line[i]
        i, k = i + 1, k + 1
    while j < end:
        other[k] = line[j]
        j, k = j + 1, k + 1


def _sort_line(line: Any, other: Any) -> None:
    """By merging of sorted parts of 16, into a second line and back; what is NaN goes to the end first."""
    n = 0
    for k in range(len(line)):
        x = line[k]
        if x == x:
            line[n] = x
            n += 1
        else:
            other[k - n] = x
    for k in range(n, len(line)):
        line[k] = other[k - n]
    for begin in range(0, n, 16):
        _insert(line, begin, min(begin + 16, n))
    run = 16
    while run < n:
        for begin in range(0, n, 2 * run):
            _merge(line, other, begin, min(begin + run, n), min(begin + 2 * run, n))
        for begin in range(0, n, 4 * run):
            _merge(other, line, begin, min(begin + 2 * run, n), min(begin + 4 * run, n))
        run *= 4


def _merge_places(line: Any, places: Any, other: Any, begin: int, middle: int, end: int) -> None:
    i, j, k = begin, middle, begin
    while i < middle and j < end:
        if line[places[j]] < line[places[i]]:
            other[k] = places[j]
            j += 1
        else:
            other[k] = places[i]
            i += 1
        k += 1
    while i < middle:
        other[k] = places[i]
        i, k = i + 1, k + 1
    while j < end:
        other[k] = places[j]
        j, k = j + 1, k + 1


def _sort_places(line: Any, places: Any, other: Any) -> None:
    """The same for the places of elements that stay."""
    n = 0
    for k in range(len(line)):
        if line[k] == line[k]:
            places[n] = k
            n += 1
        else:
            other[k - n] = k
    for k in range(n, len(line)):
        places[k] = other[k - n]
    for begin in range(0, n, 16):
        for i in range(begin + 1, min(begin + 16, n)):
            at = places[i]
            j = i
            while j > begin and line[at] < line[places[j - 1]]:
                places[j] = places[j - 1]
                j -= 1
            places[j] = at
    run = 16
    while run < n:
        for begin in range(0, n, 2 * run):
            middle, end = min(begin + run, n), min(begin + 2 * run, n)
            _merge_places(line, places, other, begin, middle, end)
        for begin in range(0, n, 4 * run):
            middle, end = min(begin + 2 * run, n), min(begin + 4 * run, n)
            _merge_places(line, other, places, begin, middle, end)
        run *= 4


def sort_lines(lines: Any) -> None:
    """Sort each row of a matrix, in place."""
    other = np.empty(lines.shape[1], dtype_of(lines))
    for i in range(lines.shape[0]):
        _sort_line(lines[i], other)


def _moved(x: Any, axis: int) -> Any:
    """A view with an axis behind the others."""
    return np.transpose(x, (*tuple(k for k in range(x.ndim) if k != axis), axis))


def _moved_back(x: Any, axis: int) -> Any:
    last = x.ndim - 1
    return np.transpose(
        x, tuple(k if k < axis else last if k == axis else k - 1 for k in range(x.ndim))
    )


def _rows_of(x: Any) -> Any:
    """A contiguous array as a matrix of its last axis."""
    count = 1
    for n in x.shape[:-1]:
        count *= n
    return x.reshape(count, x.shape[-1])


def _check_order(x: Any) -> None:
    if kind(x) == "c":
        refuse("complex numbers are not sorted in @jit", "sort abs(x), or the real parts")
    elif x.ndim == 0:
        refuse("a number has no axis to sort along", "give an array")


def sort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    """A sorted copy."""
    x = value(a)
    _check_order(x)
    if axis is None:
        line = x.flatten()
        sort_lines(line[None, :])
        return line
    at = axis_of(axis, x.ndim)
    moved = _moved(x, at).copy()
    sort_lines(_rows_of(moved))
    return moved if at == x.ndim - 1 else _moved_back(moved, at).copy()


def sort_in_place(x: Any, axis: int = -1, kind: Any = None) -> None:
    """The method of arrays."""
    x[...] = sort(x, axis)


def argsort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    """The places of the elements in order."""
    x = value(a)
    _check_order(x)
    flat = x.flatten() if axis is None else x
    at = 0 if axis is None else axis_of(axis, x.ndim)
    moved = _moved(flat, at).copy()
    rows = _rows_of(moved)
    places = np.empty(rows.shape, np.int64)
    other = np.empty(rows.shape[1], np.int64)
    for i in range(rows.shape[0]):
        _sort_places(rows[i], places[i], other)
    shaped = places.reshape(moved.shape)
    return shaped if at == flat.ndim - 1 else _moved_back(shaped, at).copy()


def searchsorted(a: Any, v: Any, side: str = "left") -> Any:
    """Where elements would have to stand in a sorted vector."""
    x, wanted = value(a), value(v)
    t = result_type(x, wanted)
    if not is_array(wanted):
        return np.int64(_place(x, t(wanted), side == "left", t))
    flat = wanted.ravel()
    out = np.empty(len(flat), np.int64)
    for k in range(len(flat)):
        out[k] = _place(x, t(flat[k]), side == "left", t)
    return out.reshape(wanted.shape)


def _place(x: Any, wanted: Any, is_left: bool, t: Any) -> int:
    low, high = 0, len(x)
    while low < high:
        middle = (low + high) // 2
        at = t(x[middle])
        goes_on = _before(at, wanted) if is_left else not _before(wanted, at)
        if goes_on:
            low = middle + 1
        else:
            high = middle
    return low


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The number of the bin of each, of bins that rise."""
    if kind(value(x)) == "c":
        return refuse("complex numbers have no order in @jit", "compare abs(x) or x.real")
    return searchsorted(bins, x, "left" if right else "right")


def unique(ar: Any) -> Any:
    """The values, each once, in order."""
    line = value(ar).flatten()
    _check_order(line)
    sort_lines(line[None, :])
    n = 0
    for k in range(len(line)):
        is_new = k == 0 or line[k] != line[k - 1]
        if k > 0 and line[k] != line[k] and line[k - 1] != line[k - 1]:
            is_new = False
        if is_new:
            line[n] = line[k]
            n += 1
    return line[:n].copy()


# ---- what is true ----


def flatnonzero(a: Any) -> Any:
    """The places of what is not zero, of all elements in order."""
    return nonzero(value(a).ravel())[0]


def argwhere(a: Any) -> Any:
    """The indices of what is not zero, a row each."""
    found = nonzero(value(a))
    out = np.empty((len(found[0]), len(found)), np.int64)
    for axis in tuple(k for k in range(len(found))):
        out[:, axis] = found[axis]
    return out


def count_nonzero(a: Any, axis: Any = None) -> Any:
    """How many are not zero."""
    return np.sum(value(a) != 0, axis=axis)


def extract(condition: Any, arr: Any) -> Any:
    """What stands where the condition holds."""
    return value(arr).ravel()[value(condition).ravel() != 0]


def take(a: Any, indices: Any, axis: Any = None) -> Any:
    """The elements at indices, along an axis."""
    x = value(a)
    if axis is None:
        return x.ravel()[value(indices)]
    at = axis_of(axis, x.ndim)
    return x[(slice(None),) * at + (value(indices),)]


# ---- counts ----


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number occurs, or the sum of the weights there."""
    v = value(x)
    if v.ndim != 1 or kind(v) not in ("b", "i", "u"):
        return refuse("np.bincount takes a vector of integers", "convert with .astype(np.int64)")
    length = minlength
    for k in range(len(v)):
        if v[k] < 0:
            raise ValueError("'list' argument must have no negative elements")
        length = max(length, int(v[k]) + 1)
    if weights is None:
        counts = np.zeros(length, np.int64)
        for k in range(len(v)):
            counts[int(v[k])] += 1
        return counts
    w = value(weights)
    if len(w) != len(v):
        raise ValueError("The weights and list don't have the same length.")
    sums = np.zeros(length, np.float64)
    for k in range(len(v)):
        sums[int(v[k])] += np.float64(w[k])
    return sums


def _bin_of(x: Any, first: Any, last: Any, n: int, edges: Any) -> int:
    """The number of the bin of equal width in which x lies; -1: none."""
    if not (x >= first and x <= last):
        return -1
    k = int((x - first) / (last - first) * n)
    if k == n:
        k -= 1
    if x < edges[k]:
        k -= 1
    if x >= edges[k + 1] and k != n - 1:
        k += 1
    return k


def _edges(x: Any, bins: Any, range: Any, t: Any) -> Any:
    """The edges of bins of equal width, or those that are given."""
    if is_array(bins):
        return value(bins).astype(np.float64)
    n = int(bins)
    if n < 1:
        raise ValueError("`bins` must be positive, when an integer")
    if range is None:
        first = t(np.min(x)) if len(x) else t(0)
        last = t(np.max(x)) if len(x) else t(1)
    else:
        first, last = t(range[0]), t(range[1])
    if first > last:
        raise ValueError("max must be larger than min in range parameter.")
    if not (np.isfinite(first) and np.isfinite(last)):
        raise ValueError("the range of a histogram is not finite")
    if first == last:
        first, last = first - t(0.5), last + t(0.5)
    return np.linspace(first, last, n + 1)


def histogram(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """How many lie in each bin, and the edges of the bins."""
    x = value(a).ravel()
    if kind(x) == "c":
        return refuse("complex numbers have no order in @jit", "count abs(x) or x.real")
    given = is_array(bins) or range is not None
    if given and kind(x) == "f" and dtype_of(x) != np.float64:
        return refuse("np.histogram of such floats takes a number of bins", "convert to float64")
    t = dtype_of(x) if kind(x) == "f" else np.float64
    edges = _edges(x, bins, range, t)
    n = len(edges) - 1
    first, last = edges[0], edges[n]
    w = None if weights is None else value(weights).ravel()
    counts = np.zeros(n, np.int64 if weights is None else dtype_of(value(weights)))
    for k in _numbers(len(x)):
        v = t(x[k])
        if is_array(bins):
            at = _place(edges, v, False, np.float64) - 1
            if v == last:
                at = n - 1
            if not (v >= first and v <= last):
                at = -1
        else:
            at = _bin_of(v, first, last, n, edges)
        if at >= 0:
            counts[at] += 1 if w is None else w[k]
    return counts, edges


def _numbers(n: int) -> Any:
    """A range, where its name is an argument's."""
    return range(n)
