"""Text of arrays, as NumPy prints them. Only what is shown is gathered.

NumPy summarises an array of more than `threshold` elements by the `edgeitems` first and last of every axis. For such an
array the corner blocks are gathered into a small array that has one more element in the middle of every summarised
axis; NumPy's own formatter then finds the same corners and writes the same text.
"""

import itertools
from typing import Any

import numpy

from . import _quelea, config
from ._quelea import ndarray

__all__ = ["array2string", "array_repr", "array_str"]


def _corners(x: ndarray, edge: int) -> numpy.ndarray[Any, Any]:
    """Gather the blocks that a summary shows."""
    pieces: list[list[tuple[slice, slice]]] = []
    for extent in x.shape:
        if extent > 2 * edge:
            pieces.append(
                [(slice(0, edge), slice(0, edge)), (slice(-edge, None), slice(edge + 1, None))]
            )
        else:
            pieces.append([(slice(None), slice(None))])
    small = numpy.zeros([min(extent, 2 * edge + 1) for extent in x.shape], x.dtype)
    for block in itertools.product(*pieces):
        source, target = tuple(b[0] for b in block), tuple(b[1] for b in block)
        small[target] = _quelea.gather(x[source], -1)
    return small


def _shown(x: ndarray, threshold: float, edge: int) -> tuple[numpy.ndarray[Any, Any], bool]:
    """Give a NumPy array that prints like `x`, and whether it stands for a summary."""
    with config._looking_is_allowed():
        if x.size <= threshold or edge <= 0:
            return _quelea.gather(x, -1), False
        return _corners(x, edge), True


def array2string(
    a: Any, *args: Any, threshold: int | None = None, edgeitems: int | None = None, **kwargs: Any
) -> str:
    """Text of an array; the parameters are those of `numpy.array2string`.

    Returns
    -------
    str

    Examples
    --------
    >>> import quelea as np
    >>> np.array2string(np.arange(4), separator=",")
    '[0,1,2,3]'
    """
    options: Any = numpy.get_printoptions()
    threshold = options["threshold"] if threshold is None else threshold
    edgeitems = options["edgeitems"] if edgeitems is None else edgeitems
    shown, summary = _shown(_quelea.asarray(a), threshold, edgeitems)
    return numpy.array2string(
        shown, *args, threshold=0 if summary else threshold, edgeitems=edgeitems, **kwargs
    )


def _dtype_extra(dtype: numpy.dtype[Any]) -> str:
    """Give what NumPy's repr says about a dtype: nothing, or 'dtype=float32'."""
    text = repr(numpy.zeros(1, dtype))
    at = text.find("dtype=")
    return text[at:-1] if at >= 0 else ""


def _summary_says_shape() -> bool:
    with numpy.printoptions(threshold=0, edgeitems=1):
        return "shape=" in repr(numpy.zeros(3))


def array_repr(
    arr: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    """Text of an array with its dtype, as ``repr`` gives it; the parameters are those of `numpy.array_repr`.

    Returns
    -------
    str
    """
    x = _quelea.asarray(arr)
    options = numpy.get_printoptions()
    override: Any = options.get("override_repr")
    if override is not None:
        return str(override(x))
    shown, summary = _shown(x, options["threshold"], options["edgeitems"])
    if not summary:
        return numpy.array_repr(shown, max_line_width, precision, suppress_small)
    width = options["linewidth"] if max_line_width is None else max_line_width
    prefix = "array("
    text = prefix + numpy.array2string(
        shown, width, precision, suppress_small, ", ", prefix, threshold=0, suffix=")"
    )
    extras = [f"shape={x.shape}"] if _summary_says_shape() else []
    extras += [extra] if (extra := _dtype_extra(x.dtype)) else []
    if not extras:
        return text + ")"
    text, tail = text + ",", ", ".join(extras) + ")"
    last_line = len(text) - (text.rfind("\n") + 1)
    gap = "\n" + " " * len(prefix) if last_line + len(tail) + 1 > width else " "
    return text + gap + tail


def array_str(
    a: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    """Text of the elements of an array, as ``str`` gives it; the parameters are those of `numpy.array_str`.

    Returns
    -------
    str
    """
    options = numpy.get_printoptions()
    shown, summary = _shown(_quelea.asarray(a), options["threshold"], options["edgeitems"])
    if not summary:
        return numpy.array_str(shown, max_line_width, precision, suppress_small)
    return numpy.array2string(
        shown, max_line_width, precision, suppress_small, " ", "", threshold=0
    )


def _repr(x: ndarray) -> str:
    return repr(_quelea.scalar(x)) if _quelea.is_value(x) else array_repr(x)


def _str(x: ndarray) -> str:
    return str(_quelea.scalar(x)) if _quelea.is_value(x) else array_str(x)


def _round(x: ndarray, ndigits: int | None = None) -> Any:
    """Round what NumPy would give as a scalar; ``ndarray.__round__``."""
    if not _quelea.is_value(x):
        raise TypeError("type quelea.ndarray doesn't define __round__ method")
    return round(_quelea.scalar(x), ndigits)


def _format(x: ndarray, spec: str) -> str:
    if _quelea.is_value(x):
        return format(_quelea.scalar(x), spec)
    if x.ndim == 0:
        return format(x.item(), spec)
    if spec:
        raise TypeError("unsupported format string passed to quelea.ndarray.__format__")
    return str(x)
