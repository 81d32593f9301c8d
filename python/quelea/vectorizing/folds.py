"""Reductions and scans by a function of two numbers, in an order that follows from positions alone (contract C7).

Each step is a loop whose iterations are leaves of 128 elements, so that it is shared out as any loop is:

    x        0 ... 127 | 128 ... 255 | ...      along the axis
    leaves   one value for each, of 8 accumulators
    branches one value for each 128 of these, and so on until there is one: a binary tree

A scan takes the elements of a leaf one after another, and combines each with all leaves before it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .._quelea import asarray
from ..compiling import Function
from ..creation import empty
from ..elementwise import where as select
from .typed import allowed, for_loops, is_ours, refused_cast, target
from .written import compiled

if TYPE_CHECKING:
    from .vectorized import Vectorized

LEAF = 128
_FEW_LINES = 8  # that are scanned one by one, each by leaves

# Bodies of loops: {x[K]} and {out[K]} are the elements of a line at K, {others out} that of the other axes alone,
# {a op b} what the function makes of two. What is read of whole leaves is known: so many elements at each.

_LEAVES = """
first = 128 * {leaf}
part = empty(8, kind)
for k in range({min(8, count)}):
    part[k] = {x[first + k]}
for k in range(8, {count}):
    part[k % 8] = {part[k % 8] op x[first + k]}
left = {min(8, count)}
while left > 1:
    half = left // 2
    for k in range(half):
        part[k] = {part[2 * k] op part[2 * k + 1]}
    if left % 2 == 1:
        part[half] = part[left - 1]
    left = left - half
{out[leaf]} = part[0]
"""

_BRANCHES = """
first = 128 * {leaf}
part = empty(8, kind)
left = {count}
for k in range({count}):
    value = {x[first + k]}
    level = 0
    count = k
    while count % 2 == 1:
        value = {part[level] op value}
        level += 1
        count = count // 2
    part[level] = value
level = 0
while left % 2 == 0:
    level += 1
    left = left // 2
value = part[level]
left = left // 2
level += 1
while left > 0:
    if left % 2 == 1:
        value = {part[level] op value}
    level += 1
    left = left // 2
{out[leaf]} = value
"""

_LINES = """
value = {x[0]}
before = value
{out[0]} = value
for k in range(1, n):
    if k % 128 == 0:
        if k == 128:
            before = value
        else:
            before = {before op value}
        value = {x[k]}
    else:
        value = {value op x[k]}
    if k < 128:
        {out[k]} = value
    else:
        {out[k]} = {before op value}
"""

# Of x in rows of a leaf each.

_TOTALS = """
value = {x[0]}
for k in range(1, min(128, n - 128 * i0)):
    value = {value op x[k]}
{others out} = value
"""

_BEFORE = """
{out[leaf + 1]} = {out[leaf] op x[leaf + 1]}
"""

_ELEMENTS = """
value = {x[0]}
if i0 > 0:
    {x[0]} = {others before op value}
for k in range(1, min(128, n - 128 * i0)):
    value = {value op x[k]}
    if i0 == 0:
        {x[k]} = value
    else:
        {x[k]} = {others before op value}
"""


class _Folder:
    """The loops for a function, and a dtype, in which it is combined."""

    def __init__(self, made: Vectorized, dtype: numpy.dtype[Any]) -> None:
        self.dtype = dtype
        self.function, self.casts = made.compute_pair(dtype)
        self.known: dict[Any, Function] = {}

    def written(
        self, body: str, ndim: int, axis: int, leaves: str, more: str = "", whole: bool = False
    ) -> Function:
        """Loops with that body over the axes of x; along the one that is combined over leaves, if there are."""
        key = body, ndim, axis, whole
        if key in self.known:
            return self.known[key]
        count = str(LEAF) if whole else f"min({LEAF}, n - first)"
        known = {
            "leaf": f"i{axis}",
            "count": count,
            "min(8, count)": "8" if whole else f"min(8, {count})",
        }

        def element(text: str) -> str:
            places = [f"i{k}" for k in range(ndim)]
            name, bracket, at = text.partition("[")
            if text.startswith("others "):
                del places[axis]
                if text == "others before":
                    places[0] = "i0 - 1"
                return f"{text[7:]}[{', '.join(places)}]"
            if name not in ("x", "out") or not bracket:
                return text
            places[axis] = at[:-1].replace("leaf", places[axis])
            return f"{name}[{', '.join(places)}]"

        def meaning(found: re.Match[str]) -> str:
            one, pair, other = found[1].partition(" op ")
            if not pair:
                return known.get(one) or element(one)
            call = f"function({element(one)}, {element(other)})"
            return f"kind({call})" if self.casts else call

        text = [f"def fold(out, x{more}):"]
        if not more:
            text.append(f"    n = x.shape[{axis}]")
        depth = 1
        for k in range(ndim):
            if k != axis or leaves:
                turns = leaves if k == axis else f"x.shape[{k}]"
                text.append(f"{'    ' * depth}for i{k} in range({turns}):")
                depth += 1
        written = re.sub(r"{([^{}]*)}", meaning, body)
        text += ["    " * depth + row for row in written.strip().splitlines()]
        names = {"function": self.function, "kind": self.dtype.type, "empty": numpy.empty}
        self.known[key] = compiled(text, names, "vectorize")
        return self.known[key]

    def _new(self, like: Any, shape: tuple[int, ...]) -> Any:
        return empty(shape, self.dtype) if is_ours(like) else numpy.empty(shape, self.dtype)

    def _fewer(self, x: Any, shape: tuple[int, ...]) -> Any:
        """A new array for what all of x gives."""
        return target(shape, self.dtype, x.size) if is_ours(x) else self._new(x, shape)

    def reduced(self, x: Any, axis: int) -> Any:
        """Over an axis, which is not empty, and is left out."""
        body = _LEAVES
        while x.shape[axis] > 1 or body is _LEAVES:
            before, behind = x.shape[:axis], x.shape[axis + 1 :]
            whole, rest = divmod(x.shape[axis], LEAF)
            out = self._fewer(x, (*before, whole + (rest > 0), *behind))
            if not is_ours(x) or not whole:
                whole = 0  # as one loop
            at: tuple[Any, ...] = (slice(None),) * axis
            turns = f"out.shape[{axis}]"
            if whole:
                first, read = (*at, slice(whole)), (*at, slice(whole * LEAF))
                self.written(body, x.ndim, axis, turns, whole=True)(out[first], x[read])
            if rest or not whole:
                last, read = (*at, slice(whole, None)), (*at, slice(whole * LEAF, None))
                self.written(body, x.ndim, axis, turns)(out[last], x[read])
            x, body = out, _BRANCHES
        result = x[(slice(None),) * axis + (0,)]
        return result.copy() if is_ours(x) else result

    def scanned(self, x: Any, axis: int) -> Any:
        """Along an axis, which is not empty."""
        lines = math.prod(x.shape) // x.shape[axis]
        if is_ours(x) and axis == 0 and lines <= _FEW_LINES:
            return self._scanned_by_leaves(x)
        out = self._new(x, x.shape)
        if not is_ours(x) or lines > _FEW_LINES or x.shape[axis] <= LEAF**2:
            self.written(_LINES, x.ndim, axis, "")(out, x)
            return out
        for place in numpy.ndindex(*x.shape[:axis]):
            out[place] = self._scanned_by_leaves(x[place])
        return out

    def _scanned_by_leaves(self, x: Any) -> Any:
        """Along the first axis, which nodes share, in a copy with a row for each leaf."""
        n, behind = x.shape[0], x.shape[1:]
        whole, rest = divmod(n, LEAF)
        leaves = whole + (rest > 0)
        rows = self._new(x, (leaves, LEAF, *behind))
        rows[:whole] = x[: whole * LEAF].reshape((whole, LEAF, *behind))
        if rest:
            rows[whole, :rest] = x[whole * LEAF :]
        totals = self._fewer(x, (leaves, *behind))
        self.written(_TOTALS, rows.ndim, 1, "", ", n")(totals, rows, n)
        before = totals.copy()
        if leaves > 1:
            self.written(_BEFORE, x.ndim, 0, "n - 1")(before, totals)
        self.written(_ELEMENTS, rows.ndim, 1, "", ", before, n")(rows, rows, before, n)
        return rows.reshape((leaves * LEAF, *behind))[:n].copy()


def _prepared(
    made: Vectorized, what: str, array: Any, dtype: Any, out: Any
) -> tuple[Any, _Folder, Any]:
    """The elements in the dtype in which they are combined, how, and where the result goes."""
    if made.nin != 2:
        raise ValueError(f"{what} only supported for binary functions")
    if isinstance(out, tuple):
        if len(out) != 1:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        out = out[0]
    (x,), ours = made._taken([array], [] if out is None else [out])
    if not hasattr(x, "shape") or isinstance(x, numpy.generic):
        x = asarray(x) if ours else numpy.asarray(x)
    kind = made.closed(x.dtype, None if dtype is None else numpy.dtype(dtype))
    if not allowed(x, kind, "same_kind"):
        raise refused_cast(made.__name__, "input", x, kind, "same_kind")
    folder = made._loops.get(("fold", kind))
    if folder is None:
        folder = made._loops[("fold", kind)] = _Folder(made, kind)  # type: ignore[assignment]
    return for_loops(x if x.dtype == kind else x.astype(kind)), folder, out  # type: ignore[return-value]


def _delivered(made: Vectorized, result: Any, out: Any) -> Any:
    if out is None:
        return result if is_ours(result) or result.ndim else result[()]
    if out.shape != result.shape:
        raise ValueError(
            f"output parameter for reduction operation {made.__name__} has the wrong shape"
        )
    made._deliver(out, result, None, "same_kind")
    return out


def reduce(
    made: Vectorized,
    array: Any,
    axis: Any,
    dtype: Any,
    out: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Any:
    """Reduce over axes, the last one first."""
    x, folder, out = _prepared(made, "reduce", array, dtype, out)
    if x.ndim == 0 and axis in (0, -1, (0,), (-1,)):
        axis = ()  # as NumPy has it
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if where is not True and where is not numpy.True_:
        if made.identity is None:
            raise NotImplementedError(
                f"{made.__name__}.reduce(where=) needs an identity: vectorize(identity=...)"
            )
        mask = made._mask(where, is_ours(x))
        choose: Any = select if is_ours(x) else numpy.where
        x = choose(mask, x, folder.dtype.type(made.identity))
    shape = x.shape
    kept = tuple(1 if k in axes else n for k, n in enumerate(shape))
    rest = tuple(n for k, n in enumerate(shape) if k not in axes)
    start = made.identity if initial is None else initial
    if any(shape[k] == 0 for k in axes):
        if start is None:
            raise ValueError(
                f"zero-size array to reduction operation {made.__name__} which has no identity"
            )
        x = (empty if is_ours(x) else numpy.empty)(rest, folder.dtype)
        x[...] = start
    else:
        for k in sorted(axes, reverse=True):
            left_out = (*x.shape[:k], *x.shape[k + 1 :])
            x = folder.reduced(x, k) if math.prod(left_out) else x.reshape(left_out)
        if initial is not None:
            x = made(folder.dtype.type(initial), x, dtype=None if made._declared else folder.dtype)
            x = asarray(x) if is_ours(x) else numpy.asarray(x)
        if not len(axes):
            x = x.copy()
    return _delivered(made, x.reshape(kept) if keepdims else x, out)


def accumulate(made: Vectorized, array: Any, axis: int, dtype: Any, out: Any) -> Any:
    """Scan along an axis."""
    x, folder, out = _prepared(made, "accumulate", array, dtype, out)
    if x.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    axis = normalize_axis_index(axis, x.ndim)
    if not math.prod(x.shape):
        return _delivered(made, x.copy(), out)
    return _delivered(made, folder.scanned(x, axis), out)
