"""``quelea.map``, ``reduce``, ``scan`` and ``allpairs``: functions over the items of arrays.

Items are what stands at the places of an axis: numbers of a vector, rows of a matrix. Each of the four writes a nest
of loops around the function, which `quelea.jit` compiles (`applying`), and is shared out over ranks as any nest.

``map`` and ``reduce`` are Python's own names: ``from quelea import *`` does not bring them, and in this module they
are called by others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .applying import Applied, applied, holds_ours, type_of_item
from .compiling.signatures import type_of
from .folding import State, reduced, scanned
from .loop_texts import Found, nest_text, pairs_text, shapes_text

__all__ = ["allpairs", "scan"]  # what `import *` brings: not Python's own names

_BLOCK = 1 << 24  # bytes of the other side that allpairs brings at a time


# ---- arguments ----


def _taken(value: Any, name: str) -> Any:
    """Take an array, or a number, which goes to each call as it is."""
    if type(value) in (bool, int, float, complex) or isinstance(value, numpy.generic):
        if type(value) is not int:
            _check_numbers(numpy.asarray(value).dtype, name)
        return value
    if isinstance(value, ndarray):
        # loops over ranks' arrays take no parts
        return value.copy() if _quelea.is_part(value) and _quelea.info()["size"] > 1 else value
    if isinstance(value, numpy.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask is not seen: give its data, x.filled(...)"
        )
    array = numpy.asarray(value)
    _check_numbers(array.dtype, name)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def _check_numbers(dtype: numpy.dtype[Any], name: str) -> None:
    if dtype.kind not in "biufc" or dtype.type in (numpy.longdouble, numpy.clongdouble):
        raise TypeError(f"{name} is no array of numbers that are known here, but of {dtype}")


def _is_array(value: Any) -> bool:
    return isinstance(value, (numpy.ndarray, ndarray)) and value.ndim > 0


def _arrays(args: Sequence[Any], what: str) -> list[Any]:
    """Take arrays that have items."""
    taken = [_taken(a, f"argument {k} of {what}") for k, a in enumerate(args)]
    if not taken:
        raise ValueError(f"{what} goes through arrays: give it one at least")
    for value in taken:
        if not _is_array(value):
            raise ValueError(f"{what} goes through arrays, and a number has no axis")
    return taken


def _axes(axis: Any, ndim: int, what: str) -> tuple[int, ...]:
    """Give the axes that are gone through, from 0."""
    if axis is None:
        return tuple(range(ndim))
    many = axis if isinstance(axis, (tuple, list)) else (axis,)
    found = []
    for one in many:
        try:
            number = one.__index__()
        except AttributeError:
            raise TypeError(f"the axis of {what} is an integer, a tuple of them, or None") from None
        if not -ndim <= number < ndim:
            raise numpy.exceptions.AxisError(number, ndim)
        found.append(number % ndim)
    if not found or len(set(found)) != len(found):
        raise ValueError("repeated axis" if found else f"{what} goes through one axis at least")
    return tuple(found)


def _in_front(array: Any, axes: tuple[int, ...]) -> Any:
    """See an array with some axes first."""
    rest = [k for k in range(array.ndim) if k not in axes]
    return array.transpose((*axes, *rest)) if axes != tuple(range(len(axes))) else array


def _same_extents(arrays: Sequence[Any], lead: int, what: str) -> None:
    """Refuse arrays that have different numbers of items."""
    for array in arrays[1:]:
        if array.shape[:lead] != arrays[0].shape[:lead]:
            shapes = ", ".join(str(a.shape[:lead]) for a in arrays)
            raise ValueError(f"the arrays of {what} have different numbers of items: {shapes}")


# ---- map, allpairs ----


def _shapes(
    made: Applied, name: str, args: Sequence[Any], call: str, found: Found, ours: bool
) -> list[int]:
    """Give the extents of results, which are those for the first items."""
    if not any(result.ndim for result in found[0]):
        return []
    arguments = [f"x{k}" for k in range(len(args))]
    shapes = made.loop(shapes_text(name, arguments, call, found), ours)(*args)
    return [int(extent) for extent in numpy.asarray(shapes)[0]]


def _outcome(given: tuple[Any, ...], found: Found) -> Any:
    return given if found[1] else given[0]


def _none_to_call(name: str, found: Found) -> None:
    if any(result.ndim for result in found[0]):
        raise ValueError(
            f"there are no items for which {name}() could say the shape of its results"
        )


def map(function: Callable[..., Any], *arrays: Any, axis: Any = 0) -> Any:
    """Apply a function to the items along an axis, all at once.

    Parameters
    ----------
    function : callable
        Of one argument for each array: a function, which is compiled as by `quelea.jit`, or one of NumPy's.
    *arrays : array_like
        With as many items each. Numbers among them are given to each call.
    axis : int, tuple of int or None, optional
        What is gone through, in each array: for the first axis of a matrix items are its rows. For several axes there
        is an item for each place of them; for None items are elements.

    Returns
    -------
    ndarray, or tuple of them
        The results for all items, along the first axis, or as many axes as are gone through. A function that gives a
        tuple makes a tuple of arrays. Quelea's if one of the arrays is, else NumPy's.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`.
    ValueError
        The arrays have different numbers of items, or results different shapes, or results have axes and there are no
        items.

    Notes
    -----
    Items are taken in any order, and a function that stores into one is refused. ``from quelea import *`` leaves
    Python's own `map` as it is.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> print(np.map(lambda row: row.sum(), x), np.map(lambda column: column.max(), x, axis=1))
    [3. 7.] [3. 4.]
    """
    taken = [_taken(a, f"array {k} of map") for k, a in enumerate(arrays)]
    given = [a for a in taken if _is_array(a)]
    if not given:
        raise ValueError("map goes through arrays: give it one at least")
    fronts, lead = _fronts(given, axis, "map")
    following = iter(fronts)
    args = [next(following) if _is_array(a) else _scalar(a) for a in taken]
    number = next(k for k, a in enumerate(args) if _is_array(a))
    with applied(function) as made:
        types = [type_of_item(a.dtype, a.ndim - lead) if _is_array(a) else type_of(a) for a in args]
        found = made.results(types)
        ours = holds_ours(tuple(args)) or made.captures_ours()
        arguments = [f"x{k}" for k in range(len(args))]

        def call(index: str) -> str:
            items = (f"x{k}[{index}]" if _is_array(a) else f"x{k}" for k, a in enumerate(args))
            return f"function({', '.join(items)})"

        sizes: list[int] = []
        if 0 in fronts[0].shape[:lead]:
            _none_to_call(made.name, found)
        else:
            one = ", ".join(["i0", *["0"] * (lead - 1)])
            sizes = _shapes(made, "map", args, call(one), found, ours)
        extents = [f"x{number}.shape[{d}]" for d in range(lead)]
        index = ", ".join(f"i{d}" for d in range(lead))
        text = nest_text("map", arguments, call(index), extents, found)
        return _outcome(made.loop(text, ours)(*args, *sizes), found)


def _scalar(value: Any) -> Any:
    """Give a number: of an array of no axes its element."""
    return value[()] if isinstance(value, numpy.ndarray) else value


def allpairs(function: Callable[[Any, Any], Any], x: Any, y: Any, axis: int = 0) -> Any:
    """Apply a function to all pairs of items of two arrays.

    Parameters
    ----------
    function : callable
        Of an item of `x` and one of `y`: a function, which is compiled as by `quelea.jit`, or one of NumPy's.
    x, y : array_like
    axis : int, optional
        What is gone through, in both: for the first axis of a matrix items are its rows.

    Returns
    -------
    ndarray, or tuple of them
        At ``[i, j]`` what the function gives for item i of `x` and item j of `y`. A function that gives a tuple makes
        a tuple of arrays. Quelea's if one of the arrays is, else NumPy's.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`.
    ValueError
        Results have different shapes, or they have axes and there are no items.

    Notes
    -----
    Rows of the result lie where the nodes are that compute them; the other side is brought to each in blocks of 16
    MB, one after another.

    Examples
    --------
    >>> import quelea as np
    >>> x, y = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[0.0, 4.0]])
    >>> print(np.allpairs(lambda a, b: np.sqrt(((a - b) ** 2).sum()), x, y))
    [[4.]
     [5.]]
    """
    sides = _arrays([x, y], "allpairs")
    for side in sides:
        if len(_axes(axis, side.ndim, "allpairs")) != 1:
            raise TypeError("allpairs goes through one axis")
    one, other = (_in_front(s, _axes(axis, s.ndim, "allpairs")) for s in sides)
    with applied(function) as made:
        found = made.results([type_of_item(s.dtype, s.ndim - 1) for s in (one, other)])
        ours = holds_ours((one, other)) or made.captures_ours()
        sizes: list[int] = []
        if 0 in (one.shape[0], other.shape[0]):
            _none_to_call(made.name, found)
        else:
            sizes = _shapes(made, "allpairs", (one, other), "function(x0[i0], x1[0])", found, ours)
        text = pairs_text(found)
        item = max(other.nbytes // max(other.shape[0], 1), 1)
        block = max(_BLOCK // item, 1)
        return _outcome(made.loop(text, ours)(one, other, block, *sizes), found)


# ---- reduce, scan ----


def _first(init: Any, arrays: Sequence[Any], lead: int, what: str) -> list[Any]:
    """Take what comes before the first item."""
    many = list(init) if len(arrays) > 1 and isinstance(init, (tuple, list)) else [init]
    if len(many) != len(arrays):
        raise ValueError(f"init of {what} has a value for each array: {len(arrays)}")
    taken = []
    for k, value in enumerate(many):
        one, shape = _taken(value, f"init of {what}"), arrays[k].shape[lead:]
        if not _is_array(one):
            taken.append(_scalar(numpy.asarray(one) if isinstance(one, ndarray) else one))
        elif one.shape != shape:
            raise ValueError(f"init of {what} has shape {one.shape}, and items {shape}")
        else:
            taken.append(one)
    return taken


def _fronts(arrays: list[Any], axis: Any, what: str) -> tuple[list[Any], int]:
    """See arrays with the axes first that are gone through; give how many these are."""
    axes = [_axes(axis, a.ndim, what) for a in arrays]
    if any(len(one) != len(axes[0]) for one in axes):
        raise ValueError(f"with axis=None the arrays of {what} have as many axes each")
    fronts = [_in_front(a, one) for a, one in zip(arrays, axes, strict=True)]
    _same_extents(fronts, len(axes[0]), what)
    return fronts, len(axes[0])


def reduce(
    function: Callable[[Any, Any], Any], *arrays: Any, axis: Any = 0, init: Any = None
) -> Any:
    """Put the items along an axis together by a function of two, as `functools.reduce`.

    Parameters
    ----------
    function : callable
        Of two items, which gives such an item: a function, which is compiled as by `quelea.jit`, or one of NumPy's. It
        must be associative, which nobody checks, and may store into no item; it need not commute. For several arrays
        it takes two tuples of items, of each array one, and gives such a tuple.
    *arrays : array_like
        With as many items each.
    axis : int, tuple of int or None, optional
        What is gone through: for the first axis of a matrix items are its rows. Several axes are gone through as one,
        in C order; for None items are elements.
    init : item, or tuple of items, optional
        What comes before the first item.

    Returns
    -------
    ndarray or number, or tuple of them
        Quelea's if one of the arrays is, else NumPy's. Items have the dtype that the function gives for two of them.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`.
    TypeError
        It does not give what it takes.
    ValueError
        There are no items and no `init`, the arrays have different numbers of items, or results other shapes than
        items.

    Notes
    -----
    The order is the same on any number of ranks: 128 items after one another, and what these come to by a balanced
    tree. ``from quelea import *`` does not bring this name.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.array([3.0, 9.0, 4.0])
    >>> print(np.reduce(lambda a, b: a if a > b else b, x))
    9.0
    >>> highest, place = np.reduce(lambda a, b: a if a[0] >= b[0] else b, x, np.arange(3))
    >>> int(place)
    1
    """
    taken, lead = _fronts(_arrays(arrays, "reduce"), axis, "reduce")
    with applied(function) as made:
        before = [] if init is None else _first(init, taken, lead, "reduce")
        state = State(made, taken, lead, before, "reduce")
        ours = holds_ours((*taken, *state.init)) or made.captures_ours()
        if state.length:
            return _outcome(reduced(state, ours), state.found)
        if not state.init:
            raise ValueError("zero-size array to reduce, which has no init")
        given = tuple((_quelea.asarray(s) if ours else s)[0] for s in state.starts())
        return _outcome(given, state.found)


def scan(function: Callable[[Any, Any], Any], *arrays: Any, axis: int = 0, init: Any = None) -> Any:
    """Put the items along an axis together by a function of two, step by step, as `itertools.accumulate`.

    Parameters
    ----------
    function : callable
        Of two items, which gives such an item: a function, which is compiled as by `quelea.jit`, or one of NumPy's. It
        must be associative, which nobody checks, and may store into no item; it need not commute. For several arrays
        it takes two tuples of items, of each array one, and gives such a tuple.
    *arrays : array_like
        With as many items each.
    axis : int, optional
        What is gone through: for the first axis of a matrix items are its rows.
    init : item, or tuple of items, optional
        What comes before the first item. It is not among the results.

    Returns
    -------
    ndarray, or tuple of them
        As the arrays: at each place what the items up to there come to. Quelea's if one of the arrays is, else
        NumPy's.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`.
    TypeError
        It does not give what it takes.
    ValueError
        The arrays have different numbers of items, or results other shapes than items.

    Notes
    -----
    The order is the same on any number of ranks, that of `cumsum`: 128 items after one another, and what comes before
    these is put before each of them.

    Examples
    --------
    >>> import quelea as np
    >>> print(np.scan(lambda a, b: a * b, np.array([2.0, 3.0, 4.0])))
    [ 2.  6. 24.]
    """
    taken = _arrays(arrays, "scan")
    if any(len(_axes(axis, a.ndim, "scan")) != 1 for a in taken):
        raise TypeError("scan goes through one axis")
    places = [_axes(axis, a.ndim, "scan")[0] for a in taken]
    taken, _ = _fronts(taken, axis, "scan")
    with applied(function) as made:
        before = [] if init is None else _first(init, taken, 1, "scan")
        state = State(made, taken, 1, before, "scan")
        ours = holds_ours((*taken, *state.init)) or made.captures_ours()
        given = scanned(state, ours)
    parts = []
    for part, place in zip(given, places, strict=True):
        order = [*range(1, part.ndim)]
        order.insert(place, 0)
        parts.append(part.transpose(order) if place else part)
    return _outcome(tuple(parts), state.found)
