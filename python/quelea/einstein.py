"""Einstein's sums: of each operand its diagonals, then pair by pair products, summed over what no one else needs.

Letters are axes. The dots stand for axes that broadcast, which are numbered from the right, -1 being the last.
"""

import math
import operator
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .diagonals import line_of
from .elementwise import OUTPUTS, as_array, check_rules, deliver

__all__ = ["einsum", "einsum_path"]

Labels = list[Any]  # of the axes of an array: letters and numbers

_LETTERS = string.ascii_uppercase + string.ascii_lowercase


def einsum(
    *operands: Any, out: ndarray | None = None, optimize: Any = False, **kwargs: Any
) -> ndarray:
    """Sum of products over the axes that letters name.

    Parameters
    ----------
    subscripts : str
        The letters of each operand's axes, and behind an arrow those of the result: ``"ij,jk->ik"``.
    *operands : array_like
        Or operands and lists of integers in turns.
    out : ndarray, optional
    optimize : bool, str or list, default False
        Of three operands or more: in which order they are multiplied; without it, the cheapest pair first.
    dtype : dtype, optional
    order : {'K', 'A', 'C', 'F'}
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, default 'safe'

    Returns
    -------
    ndarray
        A view where axes of one operand are only permuted; diagonals are copies.

    Examples
    --------
    >>> import quelea as np
    >>> np.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1])
    array([3, 7])
    """
    unknown = set(kwargs) - {"dtype", "order", "casting"}
    if unknown:
        raise TypeError(f"Did not understand the following kwargs: {sorted(unknown)}")
    dtype, order = kwargs.get("dtype"), kwargs.get("order", "K")
    casting = kwargs.get("casting", "safe")
    terms, result, arrays = _read(operands)
    check_rules(dtype, casting, order)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("return arrays must be of type quelea.ndarray")
    terms, result = _without_dots(terms, result, arrays)
    arrays = _of_one_dtype(arrays, out, dtype, casting)
    _check_extents(terms, arrays)
    pairs = [_distinct(x, labels) for x, labels in zip(arrays, terms, strict=True)]
    if len(pairs) == 1:
        made = _alone(*pairs[0], result, arrays[0])
    else:
        order_of_pairs = _path(operands, optimize, len(pairs))
        made = _contracted(pairs, result, order_of_pairs)
    if out is not None:
        if out.shape != made.shape:
            raise ValueError(f"the output has shape {out.shape}, but the sum has {made.shape}")
        return deliver(made, out)
    if order in ("K", None) or any(_quelea.shares_storage(made, x) for x in arrays):
        return made  # a view lies as it lies
    return made.astype(made.dtype, order=order, copy=False)


def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """Say in which order `einsum` multiplies three operands or more; NumPy's answer for arrays of these shapes.

    Returns
    -------
    tuple of list and str
    """
    theirs: Any = numpy.einsum_path
    return theirs(*_of_shapes(operands), optimize=optimize, einsum_call=einsum_call)


def _of_shapes(operands: Sequence[Any]) -> list[Any]:
    """Put NumPy's arrays of one element, broadcast to those shapes, where arrays are."""
    is_text = bool(operands) and isinstance(operands[0], str)
    return [
        numpy.broadcast_to(numpy.zeros((), x.dtype), x.shape)
        if (i > 0 if is_text else i % 2 == 0 and i + 1 < len(operands))
        and (x := as_array(given)) is not None
        else given
        for i, given in enumerate(operands)
    ]


# ---- reading ----


def _read(operands: Sequence[Any]) -> tuple[list[Labels], Labels | None, list[ndarray]]:
    """Give the axes of the operands, those of the result if they are named, and the operands."""
    if not operands:
        raise ValueError(
            "must specify the einstein sum subscripts string and at least one operand, or at least one operand and its "
            "corresponding subscripts list"
        )
    if isinstance(operands[0], str):
        text, named = operands[0].replace(" ", ""), None
        inside, arrow, behind = text.partition("->")
        if any(c in inside + behind for c in "->"):
            raise ValueError("Subscripts can only contain one '->'.")
        terms = [_letters(part) for part in inside.split(",")]
        if arrow:
            if "," in behind:
                raise ValueError("Character , is not a valid symbol.")
            named = _letters(behind)
        given = operands[1:]
    else:
        count = len(operands) // 2
        terms = [_numbered(operands[2 * i + 1]) for i in range(count)]
        named = _numbered(operands[-1]) if len(operands) % 2 else None
        given = operands[: 2 * count : 2]
    if len(terms) != len(given):
        raise ValueError("Number of einsum subscripts must be equal to the number of operands.")
    return terms, named, [as_array(x) for x in given]


def _letters(text: str) -> Labels:
    before, dots, after = text.partition("...")
    for letter in before + after:
        if letter == ".":
            raise ValueError("Invalid Ellipses.")
        if letter not in _LETTERS:
            raise ValueError(f"Character {letter} is not a valid symbol.")
    return [*before, ..., *after] if dots else [*before]


def _numbered(numbers: Any) -> Labels:
    labels: Labels = []
    for number in numbers:
        if number is Ellipsis:
            labels.append(...)
            continue
        try:
            number = operator.index(number)
        except TypeError as error:
            raise TypeError(
                "For this input type lists must contain either int or Ellipsis"
            ) from error
        if not 0 <= number < len(_LETTERS):
            raise ValueError("subscript is not within the valid range [0, 52)")
        labels.append(_LETTERS[number])
    if labels.count(...) > 1:
        raise ValueError("Invalid Ellipses.")
    return labels


def _without_dots(
    terms: list[Labels], result: Labels | None, arrays: list[ndarray]
) -> tuple[list[Labels], Labels]:
    """Number the axes that dots stand for, and find the axes of the result where they are not named."""
    most, plain = 0, []
    for i, (labels, x) in enumerate(zip(terms, arrays, strict=True)):
        has_dots = ... in labels
        left = x.ndim - (len(labels) - has_dots)
        if left < 0:
            raise ValueError(
                f"einstein sum subscripts string contains too many subscripts for operand {i}"
            )
        if left and not has_dots:
            raise ValueError(
                "operand has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided to "
                "broadcast the extra dimensions."
            )
        most = max(most, left)
        plain.append(_spread(labels, left))
    used = [label for labels in plain for label in labels]
    if result is None:
        once = sorted(c for c in {*used} if isinstance(c, str) and used.count(c) == 1)
        return plain, [*range(-most, 0), *once]
    if most and ... not in result:
        raise ValueError(
            "output has fewer dimensions than the dots of the operands stand for: it needs '...', too"
        )
    named = _spread(result, most)
    for label in named:
        if named.count(label) > 1:
            raise ValueError(
                f"einstein sum subscripts string includes output subscript '{label}' multiple times"
            )
        if label not in used:
            raise ValueError(
                f"einstein sum subscripts string included output subscript '{label}' which never appeared in an input"
            )
    return plain, named


def _spread(labels: Labels, count: int) -> Labels:
    if ... not in labels:
        return labels
    i = labels.index(...)
    return [*labels[:i], *range(-count, 0), *labels[i + 1 :]]


def _of_one_dtype(
    arrays: list[ndarray], out: ndarray | None, dtype: Any, casting: str
) -> list[ndarray]:
    targets = [] if out is None else [out.dtype]
    loop = (
        numpy.result_type(*(x.dtype for x in arrays), *targets)
        if dtype is None
        else numpy.dtype(dtype)
    )
    if out is not None and not numpy.can_cast(loop, out.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Iterator operand {len(arrays)} dtype could not be cast from {loop!r} to {out.dtype!r} according to the "
            f"rule '{casting}'"
        )
    for i, x in enumerate(arrays):
        if not numpy.can_cast(x.dtype, loop, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"Iterator operand {i} dtype could not be cast from {x.dtype!r} to {loop!r} according to the rule "
                f"'{casting}'"
            )
    return [x if x.dtype == loop else _quelea.cast(x, loop) for x in arrays]


def _check_extents(terms: list[Labels], arrays: list[ndarray]) -> None:
    extents: dict[Any, int] = {}
    for labels, x in zip(terms, arrays, strict=True):
        for label, extent in zip(labels, x.shape, strict=True):
            if extents.setdefault(label, extent) == 1:
                extents[label] = extent
            elif extent not in (1, extents[label]):
                raise ValueError(
                    "operands could not be broadcast together: the axes that are named "
                    f"'{label}' have {extents[label]} and {extent} elements"
                )


# ---- computing ----


def _distinct(x: ndarray, labels: Labels) -> tuple[ndarray, Labels]:
    """Take diagonals of axes that have one name, until all have names of their own."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"dimensions in operand for collapsing index '{label}' don't match ({x.shape[first]} != "
                    f"{x.shape[second]})"
                )
            x = line_of(x, 0, first, second)
            labels = [c for i, c in enumerate(labels) if i not in (first, second)] + [label]
    return x, labels


def _total(x: ndarray, axes: Sequence[int]) -> ndarray:
    """Sum over axes in the dtype of the elements; of truths whether there is one."""
    if not axes:
        return x
    if x.dtype == bool:
        return _quelea.any(x, tuple(axes))
    return _quelea.sum(x, tuple(axes), x.dtype)


def _summed(x: ndarray, labels: Labels, kept: Callable[[Any], bool]) -> tuple[ndarray, Labels]:
    axes = [i for i, label in enumerate(labels) if not kept(label)]
    return _total(x, axes), [label for label in labels if kept(label)]


def _alone(x: ndarray, labels: Labels, result: Labels, given: ndarray) -> ndarray:
    """Sum over one operand, or give a view where nothing is summed; of a diagonal a copy, which cannot be written."""
    is_view = len(labels) == len(result)
    x, labels = _summed(x, labels, lambda label: label in result)
    x = x.transpose([labels.index(label) for label in result])
    if is_view and len(result) < given.ndim:
        copied = x.copy() if _quelea.shares_storage(x, given) else x
        return _quelea.broadcast_to(copied, copied.shape)
    return x


def _path(operands: Sequence[Any], optimize: Any, count: int) -> list[tuple[int, ...]]:
    """Tell which operands are multiplied one after the other; what they give comes last."""
    if count == 2 and isinstance(optimize, (bool, type(None))):
        return [(0, 1)]
    words = "greedy" if optimize in (True, False, None) else optimize
    path: list[tuple[int, ...]] = einsum_path(*operands, optimize=words)[0][1:]
    return path


def _contracted(
    pairs: list[tuple[ndarray, Labels]], result: Labels, path: list[tuple[int, ...]]
) -> ndarray:
    for places in path:
        taken = [pairs[i] for i in sorted(places)]
        pairs = [pair for i, pair in enumerate(pairs) if i not in places]
        made = taken[0]
        for i, other in enumerate(taken[1:], 2):
            later = {c for _, labels in (*pairs, *taken[i:]) for c in labels}
            is_last = not pairs and i == len(taken)
            made = _product(made, other, {*result, *later}, result if is_last else None)
        pairs.append(made)
    x, labels = pairs[0]
    x, labels = _summed(x, labels, lambda label: label in result)
    return x.transpose([labels.index(label) for label in result])


def _product(
    first: tuple[ndarray, Labels],
    second: tuple[ndarray, Labels],
    needed: set[Any],
    result: Labels | None,
) -> tuple[ndarray, Labels]:
    """Multiply two operands and sum over the axes that nobody needs later."""
    left, right = set(first[1]), set(second[1])
    x, of_x = _summed(*first, lambda label: label in needed or label in right)
    y, of_y = _summed(*second, lambda label: label in needed or label in left)
    union = list(dict.fromkeys([*of_x, *of_y]))
    summed = [label for label in union if label not in needed]
    kept = result if result is not None else [label for label in union if label in needed]
    if len(summed) > 1 and _are_matrices(x, of_x, y, of_y, kept, summed):
        x, of_x = _joined(x, of_x, summed)
        y, of_y = _joined(y, of_y, summed)
        summed = [_SUMMED]
    if len(summed) == 1 and kept and kept[-1] not in of_x:
        order, place = [*kept[:-1], *summed, kept[-1]], -2  # as matrices are multiplied
    else:
        order, place = [*kept, *summed], -1
    x, y = _aligned(x, of_x, order), _aligned(y, of_y, order)
    if len(summed) == 1:
        return _quelea.contract(x, y, place), kept
    product = _quelea.multiply(x, y)
    if result is not None and not summed and product.dtype.kind in "fc":
        product = _quelea.add(
            product, 0
        )  # NumPy adds it to zeros, whose sign it takes if it is one
    return _total(product, range(len(kept), len(order))), kept


_SUMMED = "summed"  # the axis that several are made one of, which are summed


def _are_matrices(
    x: ndarray, of_x: Labels, y: ndarray, of_y: Labels, kept: Labels, summed: Labels
) -> bool:
    """Say whether two operands are multiplied as matrices, once all axes that are summed are one."""
    alike = all(x.shape[of_x.index(c)] == y.shape[of_y.index(c)] for c in summed)
    rows = any(c in of_x and c not in of_y for c in kept)
    return alike and rows and any(c in of_y and c not in of_x for c in kept)


def _joined(x: ndarray, labels: Labels, summed: Labels) -> tuple[ndarray, Labels]:
    rest = [label for label in labels if label not in summed]
    x = x.transpose([labels.index(label) for label in (*rest, *summed)])
    size = math.prod(x.shape[len(rest) :])
    return x.reshape([*x.shape[: len(rest)], size]), [*rest, _SUMMED]


def _aligned(x: ndarray, labels: Labels, order: Labels) -> ndarray:
    """Give the axes in an order, those that are not there with extent 1."""
    x = x.transpose([labels.index(label) for label in order if label in labels])
    return x[tuple(slice(None) if label in labels else None for label in order)]
