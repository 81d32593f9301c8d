"""Methods of ufuncs whose order matters, ``subtract.accumulate`` and the like, and ``reduceat``.

    accumulate   a sequential loop: where the axis is shared out, nodes take their parts in turn
    reduce       the last of what accumulates; of `fmin` and `fmax` a minimum that does not see NaN
    reduceat     an ``at`` of the first elements of the pieces, at most 2^20 elements at a time

The loops are functions that `quelea.jit` compiles, written here for each ufunc, number of axes and axis.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_tuple

from . import _quelea
from ._quelea import ndarray, ufunc
from .compiling import jit
from .compiling.written import function_of
from .creation import empty_like
from .elementwise import as_array
from .indexing import take
from .joins import concatenate
from .sorting import searchsorted
from .statistics import _check_mask

__all__: list[str] = []

_AT_ONCE = 1 << 20  # elements that reduceat brings to their pieces


def _method(method: str, function: ufunc, *values: Any) -> ndarray:
    """``ufunc.reduce``, ``accumulate`` and ``reduceat``, where C has none of its own."""
    compute: Any = _METHODS[method]
    result: ndarray = compute(function, *values)
    return result


def _given(value: Any, absent: Any) -> Any:
    return absent if value is ... else value


# ---- dtypes, as NumPy resolves them ----


def _theirs(function: ufunc) -> Any:
    return getattr(numpy, function.__name__)


def _loop(function: ufunc, method: str, x: ndarray, dtype: Any, out: Any) -> numpy.dtype[Any]:
    """Give the dtype in which is computed, or raise what NumPy does."""
    theirs = _theirs(function)
    if function is _quelea.ldexp:
        raise TypeError("the resolved dtypes are not compatible: what ldexp gives is no exponent")
    few = numpy.ones(1, x.dtype)
    loop: numpy.dtype[Any]
    if dtype is None and out is not None:
        given = out.dtype, x.dtype, None
        loop = theirs.resolve_dtypes(given, reduction=True, casting="unsafe")[0]
        return loop
    with numpy.errstate(all="ignore"):
        if method == "reduceat":
            loop = theirs.reduceat(few, [0], dtype=dtype).dtype
        else:
            loop = getattr(theirs, method)(few, dtype=dtype).dtype
    return loop


def _check_out(out: ndarray | None, shape: tuple[int, ...], method: str) -> None:
    if out is not None and out.shape != shape:
        raise ValueError(f"out has the shape {out.shape}; what {method} gives has {shape}")


def _deliver(result: ndarray, out: ndarray | None) -> ndarray:
    if out is None:
        return result
    if not numpy.can_cast(result.dtype, out.dtype, "same_kind"):
        result = result.astype(out.dtype)
    out[...] = result
    return out


# ---- accumulate ----


@functools.cache
def _loops(name: str, ndim: int, axis: int, is_marked: bool) -> Any:
    """Write and compile ``y[i] = f(y[i - 1], y[i])`` along an axis; where a mask is false, ``y[i] = y[i - 1]``."""
    indices = [f"i{a}" for a in range(ndim)]
    before = [f"i{a} - 1" if a == axis else f"i{a}" for a in range(ndim)]
    lines = ["def accumulate(y, mask):" if is_marked else "def accumulate(y):"]
    for a in range(ndim):
        start = "1, " if a == axis else ""
        lines.append(f"{'    ' * (a + 1)}for i{a} in range({start}y.shape[{a}]):")
    here, earlier = ", ".join(indices), ", ".join(before)
    indent = "    " * (ndim + 1)
    step = f"y[{here}] = numpy.{name}(y[{earlier}], y[{here}])"
    if is_marked:
        lines += [f"{indent}if mask[{here}]:", f"{indent}    {step}"]
        lines += [f"{indent}else:", f"{indent}    y[{here}] = y[{earlier}]"]
    else:
        lines.append(f"{indent}{step}")
    return jit(function_of("\n".join(lines) + "\n", {"numpy": numpy}, f"{name}.accumulate"))


def _accumulated(
    function: ufunc,
    x: ndarray,
    axis: int,
    loop: numpy.dtype[Any],
    is_own: bool = False,
    mask: ndarray | None = None,
) -> ndarray:
    """Accumulate along an axis; is_own: nobody else sees the elements, which are of the loop's dtype."""
    result = x if is_own else x.astype(loop)
    if x.size and x.shape[axis] > 1:
        given = (result,) if mask is None else (result, mask)
        _loops(function.__name__, x.ndim, axis, mask is not None)(*given)
    return result


def _accumulate(function: ufunc, array: Any, axis: Any, dtype: Any, out: Any) -> ndarray:
    """``ufunc.accumulate``, one element after another.

    Examples
    --------
    >>> import quelea as np
    >>> np.subtract.accumulate(np.asarray([10, 1, 2]))
    array([10,  9,  7])
    """
    x, out = as_array(array), _given(out, None)
    if x.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    along = _one_axis(axis, x.ndim, "accumulate")
    _check_out(out, x.shape, "accumulate")
    loop = _loop(function, "accumulate", x, _given(dtype, None), out)
    _check_powers(function, x, along, loop)
    return _deliver(_accumulated(function, x, along, loop), out)


def _check_powers(function: ufunc, x: ndarray, axis: int, loop: numpy.dtype[Any]) -> None:
    """Look at exponents, which all are but the first."""
    if function.__name__ == "power" and loop.kind == "i" and x.size:
        exponents = x[(*(slice(None),) * axis, slice(1, None))].astype(loop, copy=False)
        if bool(_quelea.any(exponents < 0)):
            raise ValueError("Integers to negative integer powers are not allowed.")


def _one_axis(axis: Any, ndim: int, method: str) -> int:
    axis = _given(axis, 0)
    several = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = normalize_axis_tuple(tuple(several), ndim)
    if len(axes) != 1:
        raise ValueError(f"{method} does not allow multiple axes")
    return int(axes[0])


# ---- reduce ----

_REORDERABLE = (
    "bitwise_and", "bitwise_or", "bitwise_xor", "fmax", "fmin", "gcd", "hypot", "logaddexp", "logaddexp2",
    "logical_xor",
)  # fmt: skip


def _reduce(
    function: ufunc,
    array: Any,
    axis: Any,
    dtype: Any,
    out: Any,
    keepdims: Any,
    initial: Any,
    where: Any,
) -> ndarray:
    """``ufunc.reduce`` of what is none of the usual reductions.

    Examples
    --------
    >>> import quelea as np
    >>> int(np.gcd.reduce(np.asarray([12, 18, 27])))
    3
    """
    x, name = as_array(array), function.__name__
    axis, dtype, out = _given(axis, 0), _given(dtype, None), _given(out, None)
    keepdims, where = bool(_given(keepdims, False)), _given(where, True)
    axes = _axes(axis, x.ndim)
    loop = _loop(function, "reduce", x, dtype, out)
    if len(axes) > 1 and name not in _REORDERABLE:
        raise ValueError(
            f"reduction operation '{name}' is not reorderable, so at most one axis may be specified"
        )
    _check_mask(where)
    identity = _identity(function, loop) if initial is ... else initial
    if where is not True and identity is None:
        raise ValueError(
            f"reduction operation '{name}' does not have an identity, so to use a where mask one has to specify "
            "'initial'"
        )
    lines, shape, kept = _in_lines(x, axes)
    _check_out(out, kept if keepdims else shape, "reduce")
    if not lines.shape[-1] and identity is None and lines.size == 0 and 0 not in shape:
        raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    first = initial if initial is not ... and initial is not None else None
    if where is not True:
        mask = _quelea.broadcast_to(as_array(where), x.shape)
        reduced = _of_marked(function, lines, _in_lines(mask, axes)[0], loop, identity)
    elif first is None and lines.shape[-1] == 0:
        reduced = _quelea.full(shape, loop.type(identity) if identity is not None else 0, loop)
    else:
        if first is None and lines.shape[-1] == 1 and name in ("gcd", "hypot"):
            first = identity  # NumPy begins with it, and so gives no negative numbers
        reduced = _of_lines(function, lines, loop, first)
    if (
        reduced.ndim and x.size and out is None
    ):  # it lies as the array, and keeps no more than itself
        line = x[tuple(0 if a in axes else slice(None) for a in range(x.ndim))]
        reduced = _deliver(reduced, empty_like(line, loop))
    if keepdims:
        reduced = reduced.reshape(kept)
    return _deliver(reduced if reduced.ndim else reduced[()], out)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    if ndim == 0 and not isinstance(axis, tuple) and axis in (0, -1):
        return ()
    return tuple(normalize_axis_tuple(axis, ndim))


def _in_lines(
    x: ndarray, axes: tuple[int, ...]
) -> tuple[ndarray, tuple[int, ...], tuple[int, ...]]:
    """Bring the axes behind the others, as one. Gives the shapes of the result too, without and with them."""
    others = [a for a in range(x.ndim) if a not in axes]
    shape = tuple(x.shape[a] for a in others)
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    length = int(numpy.prod([x.shape[a] for a in axes], dtype=int))
    order = (*others, *axes)
    moved = x if order == tuple(range(x.ndim)) else x.transpose(order)
    return moved.reshape((*shape, length)), shape, kept


def _of_lines(function: ufunc, lines: ndarray, loop: numpy.dtype[Any], first: Any) -> ndarray:
    """Reduce the last axis, which begins with `first`, if it is not None."""
    if first is not None:
        lines = _begun(lines.astype(loop, copy=False), _element(first, loop))
    name = function.__name__
    if name in ("fmin", "fmax"):
        return _without_nan(lines.astype(loop, copy=False), name)
    if lines.shape[-1] == 1 or lines.size == 0:
        return lines[..., 0].astype(loop) if lines.size else _quelea.empty(lines.shape[:-1], loop)
    axis = lines.ndim - 1
    if name in ("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "logical_xor"):
        result: ndarray = function.accumulate(lines, axis, loop)[..., -1]
        return result
    _check_powers(function, lines, axis, loop)
    return _accumulated(function, lines, axis, loop, first is not None)[..., -1]


def _begun(lines: ndarray, first: Any) -> ndarray:
    """Put an element before each line."""
    return concatenate([_quelea.full((*lines.shape[:-1], 1), first, lines.dtype), lines], axis=-1)


def _element(value: Any, loop: numpy.dtype[Any]) -> Any:
    if isinstance(value, ndarray):
        value = _quelea.scalar(value)
    element = numpy.empty((), loop)
    with numpy.errstate(all="ignore"):
        element[()] = value
    return element[()]


def _identity(function: ufunc, loop: numpy.dtype[Any]) -> Any:
    """Give the identity, or None; -1 stands for all bits."""
    identity = _theirs(function).identity
    return (
        loop.type(-1 % 2 ** (8 * loop.itemsize))
        if identity == -1 and loop.kind == "u"
        else identity
    )


def _without_nan(lines: ndarray, name: str) -> ndarray:
    """The smallest or largest that is no NaN; NaN where there is no other."""
    if lines.dtype.kind not in "fc":
        return (_quelea.min if name == "fmin" else _quelea.max)(lines, axis=-1)
    missing = _quelea.isnan(lines)
    bound = numpy.inf if name == "fmin" else -numpy.inf
    filler = bound if lines.dtype.kind == "f" else complex(bound, bound)
    best = (_quelea.min if name == "fmin" else _quelea.max)(
        _quelea.where(missing, lines.dtype.type(filler), lines), axis=-1
    )
    return _quelea.where(_quelea.all(missing, axis=-1), lines[..., 0], best)


def _of_marked(
    function: ufunc, lines: ndarray, mask: ndarray, loop: numpy.dtype[Any], identity: Any
) -> ndarray:
    """Reduce what a mask selects, from the identity or the initial value on."""
    start = _element(identity, loop)
    taken, name = lines.astype(loop, copy=False), function.__name__
    if name in ("fmin", "fmax", "lcm"):  # the same twice changes nothing
        return _of_lines(function, _quelea.where(mask, taken, start), loop, start)
    if name in _REORDERABLE:
        neutral = _element(_identity(function, loop), loop)
        return _of_lines(function, _quelea.where(mask, taken, neutral), loop, start)
    whole, marks = _begun(taken, start), _begun(mask, False)
    axis = whole.ndim - 1
    _check_powers(function, _quelea.where(marks, whole, 1), axis, loop)
    return _accumulated(function, whole, axis, loop, True, marks)[..., -1]


# ---- reduceat ----


def _reduceat(
    function: ufunc, array: Any, indices: Any, axis: Any, dtype: Any, out: Any
) -> ndarray:
    """``ufunc.reduceat``: reduce from each index up to the next one; where that is no larger, the element alone.

    Examples
    --------
    >>> import quelea as np
    >>> np.add.reduceat(np.arange(8), [0, 4, 1, 5])
    array([ 6,  4, 10, 18])
    """
    x, out = as_array(array), _given(out, None)
    starts = _starts(indices)
    if x.ndim == 0:
        raise TypeError("cannot reduceat on a scalar")
    along = _one_axis(axis, x.ndim, "reduceat")
    extent = x.shape[along]
    _check_starts(function, starts, extent)
    shape = (*x.shape[:along], starts.size, *x.shape[along + 1 :])
    _check_out(out, shape, "reduceat")
    loop = _loop(function, "reduceat", x, _given(dtype, None), out)
    result = _beside(x, along, shape, loop)
    front, reduced = (a if along == 0 else a.swapaxes(0, along) for a in (x, result))
    front = front.astype(loop, copy=False)
    reduced[...] = take(front, starts, axis=0)
    if starts.size:
        last = _quelea.asarray(numpy.asarray([extent]))
        ends = concatenate([starts[1:], last])
        ends = _quelea.where(ends > starts, ends, starts + 1)
        for pieces, places in _pieces(starts, ends, front.size // max(extent, 1)):
            function.at(reduced, pieces, take(front, places, axis=0))
    return _deliver(result, out)


def _beside(x: ndarray, axis: int, shape: tuple[int, ...], loop: numpy.dtype[Any]) -> ndarray:
    """Make what `reduceat` gives: the axis stays at its place, the others lie as in the array."""
    if x.ndim < 2 or not x.size:
        return _quelea.empty(shape, loop)
    line = empty_like(x[(*(slice(None),) * axis, 0)])
    others = [a for a in range(x.ndim) if a != axis]
    steps = dict(zip(others, line.strides, strict=True))
    order = sorted(others, key=lambda a: -steps[a])
    order.insert(axis, axis)
    made = _quelea.empty(tuple(shape[a] for a in order), loop)
    return made.transpose([order.index(a) for a in range(x.ndim)])


def _starts(indices: Any) -> ndarray:
    """Give indices as NumPy takes them: of one axis, of integers."""
    given = indices if isinstance(indices, ndarray) else numpy.asarray(indices)
    if given.ndim > 1:
        raise ValueError(
            "setting an array element with a sequence. The requested array would exceed the maximum number of "
            "dimension of 1."
        )
    if given.ndim == 0:
        raise ValueError("object of too small depth for desired array")
    if given.size and given is indices and not numpy.can_cast(given.dtype, numpy.int64, "safe"):
        raise TypeError(
            f"Cannot cast array data from {given.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    return as_array(given).astype(numpy.int64, copy=False)


def _check_starts(function: ufunc, starts: ndarray, extent: int) -> None:
    wrong = _quelea.logical_or(starts < 0, starts >= extent)
    if starts.size and bool(_quelea.any(wrong)):
        first = int(starts[_quelea.argmax(wrong)])
        raise IndexError(
            f"index {first} out-of-bounds in {function.__name__}.reduceat [0, {extent})"
        )


def _pieces(starts: ndarray, ends: ndarray, width: int) -> Iterator[tuple[ndarray, ndarray]]:
    """Count what follows the first elements of pieces: the numbers of pieces, and the places of elements.

    As many at a time as have at most so many elements, in order.
    """
    counts = ends - starts - 1
    after = _quelea.add.accumulate(counts)
    total = int(after[-1])
    step = max(_AT_ONCE // max(width, 1), 1)
    for at in range(0, total, step):
        numbers = _quelea.ramp((min(step, total - at),), 0, at, 1, "int64")
        pieces = searchsorted(after, numbers, side="right")
        before = after[pieces] - counts[pieces]
        yield pieces, starts[pieces] + 1 + (numbers - before)


_METHODS = {"reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat}
