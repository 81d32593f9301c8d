"""What `help` says of functions that are C's: reductions over axes, where extremes are, scans.

A table of what differs, put into three texts. None of them executes anything: what they give is computed when somebody
looks at it.
"""

from collections.abc import Iterable
from typing import Any

__all__ = ["describe"]

_DTYPE = """dtype : dtype, optional
    Of the result, and in which it is put together. None: NumPy's choice, 64 bits for smaller integers.
"""
_OUT = """out : ndarray, optional
    Where the result goes, of its shape.
"""
_TREE = (
    "The order is one fixed tree: the same bits on any number of ranks, NumPy's up to rounding.\n"
)
_NUMBER = "initial : scalar, optional\n    What it begins with: {}.\n"
_CANDIDATE = (
    "initial : scalar, optional\n    Another candidate, which stands in where there is none.\n"
)
_NOTHING = "ValueError\n    There are no elements, and no `initial`.\n"

_REDUCED = """{first}

{order}Parameters
----------
a : array_like
axis : int or tuple of int, optional
    Over which axes; None: over all.
{words}keepdims : bool, default False
    Whether reduced axes stay, with extent 1.
{where}
Returns
-------
ndarray
    {result}

Raises
------
numpy.exceptions.AxisError
    There is no such axis.
{errors}
Examples
--------
>>> import quelea as np
{example}
"""
_WHERE = "where : array_like of bool, default True\n    Which elements count; broadcast to `a`.\n"

_PLACE = """Find where the {what} elements are along an axis: of equal ones the first, and NaN before all others.

Parameters
----------
a : array_like
axis : int, optional
    Along which axis; None: over all elements in C order.
out : ndarray, optional
    Of int64, where the result goes.
keepdims : bool, default False
    Whether the axis stays, with extent 1.

Returns
-------
ndarray
    Positions, int64.

Raises
------
numpy.exceptions.AxisError
    There is no such axis.
ValueError
    There are no elements along the axis.

Examples
--------
>>> import quelea as np
{example}
"""

_SCANNED = """Give the {what} of the elements up to each, along an axis.

Lines of up to 128 elements have NumPy's bits. Longer ones go in leaves of 128: what comes before a leaf is combined
with each of its elements, which gives the same bits on any number of ranks, NumPy's up to rounding.

Parameters
----------
a : array_like
axis : int, optional
    Along which axis; None: over all elements in C order, into one axis.
dtype : dtype, optional
    Of the result. None: NumPy's choice, 64 bits for smaller integers.
out : ndarray, optional
    Where the result goes, of its shape.

Returns
-------
ndarray

Raises
------
numpy.exceptions.AxisError
    There is no such axis.

Examples
--------
>>> import quelea as np
{example}
"""


def _reduced(first: str, words: str, result: str, example: str, **more: str) -> str:
    given = {"order": "", "where": _WHERE, "errors": ""} | more
    given["order"] += "\n" if given["order"] else ""
    return _REDUCED.format(first=first, words=words, result=result, example=example, **given)


_TEXTS = {
    "sum": _reduced(
        "Add up elements over axes.",
        _DTYPE + _OUT + _NUMBER.format("0"),
        "Sums; of float16 they are added up as float32.",
        ">>> np.sum(np.array([[1, 2], [3, 4]]), axis=0)\narray([4, 6])",
        order=_TREE,
    ),
    "prod": _reduced(
        "Multiply elements over axes.",
        _DTYPE + _OUT + _NUMBER.format("1"),
        "Products; of float16 they are computed as float32.",
        ">>> np.prod(np.array([[1, 2], [3, 4]]), axis=1)\narray([ 2, 12])",
        order=_TREE,
    ),
    "min": _reduced(
        "Find the smallest elements over axes; NaN if there is one.",
        _OUT + _CANDIDATE,
        "Of the dtype of `a`.",
        ">>> np.min(np.array([[1, 2], [3, 4]]), axis=1)\narray([1, 3])",
        errors=_NOTHING,
    ),
    "max": _reduced(
        "Find the largest elements over axes; NaN if there is one.",
        _OUT + _CANDIDATE,
        "Of the dtype of `a`.",
        ">>> np.max(np.array([[1, 2], [3, 4]]), axis=1)\narray([2, 4])",
        errors=_NOTHING,
    ),
    "any": _reduced(
        "Tell whether any element is true over axes.",
        _OUT,
        "Of bool, or of the dtype of `out`.",
        ">>> np.any(np.array([[0, 0], [0, 4]]), axis=1)\narray([False,  True])",
    ),
    "all": _reduced(
        "Tell whether all elements are true over axes.",
        _OUT,
        "Of bool, or of the dtype of `out`.",
        ">>> np.all(np.array([[1, 0], [3, 4]]), axis=1)\narray([False,  True])",
    ),
    "count_nonzero": _reduced(
        "Count the elements that are not zero over axes.",
        "",
        "Of int64.",
        ">>> np.count_nonzero(np.array([[1, 0], [3, 4]]), axis=1)\narray([1, 2])",
        where="",
    ),
    "argmin": _PLACE.format(
        what="smallest",
        example=">>> np.argmin(np.array([[5, 2], [3, 4]]), axis=1)\narray([1, 0])",
    ),
    "argmax": _PLACE.format(
        what="largest", example=">>> np.argmax(np.array([[5, 2], [3, 4]]), axis=1)\narray([0, 1])"
    ),
    "cumsum": _SCANNED.format(
        what="sums", example=">>> np.cumsum(np.array([1, 2, 3]))\narray([1, 3, 6])"
    ),
    "cumprod": _SCANNED.format(
        what="products", example=">>> np.cumprod(np.array([1, 2, 3]))\narray([1, 2, 6])"
    ),
}
_TEXTS |= {"amin": _TEXTS["min"], "amax": _TEXTS["max"]}
__test__ = _TEXTS


def describe(namespace: dict[str, Any], names: Iterable[str] = _TEXTS) -> None:
    """Give the functions of a namespace their texts."""
    for name in names:
        namespace[name].__doc__ = _TEXTS[name]
