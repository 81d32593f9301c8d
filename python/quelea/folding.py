"""`quelea.reduce` and `scan`, of items along the first axis: the orders of C7, for any function of two.

The function need not commute, so that leaves are gone through in order. What leaves of 128 items come to is put
together by the tree of a counter, 128 of them at a time:

    items    a b c | d e f | g h i | j k          leaves of 3
    leaves   A       D       G       J            A = f(f(a, b), c), ...
    tree     f(f(A, D), f(G, J))

A scan is local in each leaf; what comes before a leaf, the leaves put together one after another, is put before each
of its results:

    results  a, f(a, b), A | f(A, d), f(A, f(d, e)), f(A, D) | f(f(A, D), g), ...

Where items are large and few, no leaf could be shared out: then the function is called for whole ones, which are
partitioned as any arrays, in the same order.
"""

import collections
from collections.abc import Iterator
from typing import Any

import numpy

from ._quelea import asarray, ndarray
from .applying import Applied, type_of_item
from .compiling import Function
from .creation import empty
from .loop_texts import SHAPES_DIFFER, assigned, definition, dtype_name, indented, returned

__all__ = ["LEAF", "State", "reduced", "scanned"]

LEAF = 128  # items that are gone through one after another
_LARGE = 1024  # elements, from which on items may be called large


class State:
    """What a reduction goes on with: a number or an array for each of its arrays."""

    def __init__(
        self, made: Applied, arrays: list[Any], lead: int, init: list[Any], what: str
    ) -> None:
        self.made, self.arrays = made, arrays  # with the axes first that are gone through
        self.places = arrays[0].shape[:lead]
        self.length = int(numpy.prod(self.places))
        self.count = len(arrays)
        self.shapes = [a.shape[lead:] for a in arrays]  # of items
        self.ndims = [a.ndim - lead for a in arrays]
        self.dtypes = [a.dtype for a in arrays]
        self.init = init
        for k, value in enumerate(self.init):
            self.dtypes[k] = numpy.result_type(self.dtypes[k], value)
        for _ in range(8):
            found, several = made.results([self._type()] * 2)
            if several != (self.count > 1) or [r.ndim for r in found] != self.ndims:
                wanted = self._type()
                given = ", ".join(type_of_item(r.dtype, r.ndim) for r in found)
                given = f"({given})" if several else given
                raise TypeError(
                    f"{made.name}() of {what} gives {given} for two of {wanted}: it must give what it takes"
                )
            pairs = zip(found, self.dtypes, strict=True)
            wider = [numpy.result_type(r.dtype, d) for r, d in pairs]
            if wider == self.dtypes:
                self.found = found, several
                return
            self.dtypes = wider
        raise TypeError(f"{made.name}() of {what} gives other types each time")

    def _type(self) -> str:
        one = [type_of_item(d, n) for d, n in zip(self.dtypes, self.ndims, strict=True)]
        return f"({', '.join(one)})" if self.count > 1 else one[0]

    def starts(self) -> list[Any]:
        """Give init as arrays of one item each."""
        made: list[Any] = []
        for value, shape, dtype in zip(self.init, self.shapes, self.dtypes, strict=False):
            if isinstance(value, ndarray):
                made.append(value.astype(dtype)[None])
            else:
                made.append(numpy.full((1, *shape), value, dtype))
        return made

    def lines(self) -> list[Any]:
        """Give the arrays with one axis that is gone through."""
        if len(self.places) == 1:
            return self.arrays
        pairs = zip(self.arrays, self.shapes, strict=True)
        return [a.reshape((self.length, *shape)) for a, shape in pairs]

    def at(self, place: int) -> tuple[Any, ...]:
        """Give the items at a place, counted in C order."""
        index = tuple(int(k) for k in numpy.unravel_index(place, self.places))
        return tuple(array[index] for array in self.arrays)

    # ---- text ----

    def each(self, line: str) -> list[str]:
        """Write a line for each array: K is its number."""
        return [line.replace("K", str(k)) for k in range(self.count)]

    def extents(self, k: int, like: str) -> list[str]:
        """Write the extents of the items of an array: `like` is the name of some that has one axis before them."""
        return [f"{like}{k}.shape[{d + 1}]" for d in range(self.ndims[k])]

    def empty(self, name: str, extents: str, like: str = "x") -> list[str]:
        """Write new arrays of items."""
        return [
            f"{name}{k} = np.empty(({', '.join([extents, *self.extents(k, like)])},), np.{dtype_name(d)})"
            for k, d in enumerate(self.dtypes)
        ]

    def item(self, k: int, text: str, dtype: numpy.dtype[Any]) -> str:
        """Write a value as one of the state."""
        if self.ndims[k]:
            return (
                text
                if dtype == self.dtypes[k]
                else f"{text}.astype(np.{dtype_name(self.dtypes[k])})"
            )
        return f"np.{dtype_name(self.dtypes[k])}({text})"

    def items(self, name: str, index: str, raw: bool = False) -> str:
        """Write the items at a place, as an argument."""
        parts = [
            self.item(k, f"{name}{k}[{index}]", a.dtype) if raw else f"{name}{k}[{index}]"
            for k, a in enumerate(self.arrays)
        ]
        return f"({', '.join(parts)})" if self.count > 1 else parts[0]

    def combined(
        self, left: str, right: str, target: str, index: str, like: str = "x"
    ) -> list[str]:
        """Write that two states become one, which is stored."""
        results, several = self.found
        lines = assigned(results, several, f"function({left}, {right})")
        for k, result in enumerate(results):
            for d, extent in enumerate(self.extents(k, like)):
                lines.append(f"if r{k}.shape[{d}] != {extent}:")
                lines.append(f"    raise ValueError({SHAPES_DIFFER!r})")
            lines.append(f"{target}{k}{index} = {self.item(k, f'r{k}', result.dtype)}")
        return lines

    def own(self, name: str) -> str:
        """Write variables of a state as an argument."""
        parts = [f"{name}{k}" for k in range(self.count)]
        return f"({', '.join(parts)})" if self.count > 1 else parts[0]

    def first(self, index: str) -> list[str]:
        """Write that a state begins with an item."""
        return [
            f"s{k} = {self.item(k, f'x{k}[{index}]', a.dtype)}" for k, a in enumerate(self.arrays)
        ]


def _reduce_text(state: State) -> str:
    """Leaves, then branches: 128 at a time to one by the tree."""
    leaf = [
        *state.first(f"{LEAF} * k"),
        f"for j in range({LEAF} * k + 1, min({LEAF} * k + {LEAF}, n)):",
        *indented(state.combined(state.own("s"), state.items("x", "j", raw=True), "s", ""), 1),
        *state.each("pK[k] = sK"),
    ]
    branch = [
        *state.empty("t", str(LEAF)),
        f"m = min({LEAF}, n - {LEAF} * k)",
        f"for j in range({LEAF} * k, min({LEAF} * k + {LEAF}, n)):",
        *indented(state.each(f"tK[j - {LEAF} * k] = pK[j]"), 1),
        "while m > 1:",
        "    for j in range(m // 2):",
        *indented(
            state.combined(state.items("t", "2 * j"), state.items("t", "2 * j + 1"), "t", "[j]"), 2
        ),
        "    if m % 2:",
        *indented(state.each("tK[m // 2] = tK[m - 1]"), 2),
        "    m = (m + 1) // 2",
        *state.each("qK[k] = tK[0]"),
    ]
    body = [
        "n = x0.shape[0]",
        f"count = (n + {LEAF - 1}) // {LEAF}",
        *state.empty("p", "count"),
        "for k in range(count):",
        *indented(leaf, 1),
        "while count > 1:",
        "    n = count",
        f"    count = (n + {LEAF - 1}) // {LEAF}",
        *indented(state.empty("q", "count"), 1),
        "    for k in range(count):",
        *indented(branch, 2),
        *indented(state.each("pK = qK"), 1),
    ]
    arguments = state.each("xK")
    if state.init:
        arguments += state.each("aK")
        body += [
            *state.empty("q", "1"),
            "for k in range(1):",
            *indented(state.combined(state.items("a", "k"), state.items("p", "k"), "q", "[k]"), 1),
            *state.each("pK = qK"),
        ]
    return definition("reduce", arguments, [*body, returned(state.found[0], "p")])


def _leaves_text(state: State) -> str:
    """Leaves by themselves: a row of results for each, and what it comes to."""
    leaf = [
        *state.first(f"{LEAF} * k"),
        *state.each("yK[k, 0] = sK"),
        f"for j in range({LEAF} * k + 1, min({LEAF} * k + {LEAF}, n)):",
        *indented(state.combined(state.own("s"), state.items("x", "j", raw=True), "s", ""), 1),
        *indented(state.each(f"yK[k, j - {LEAF} * k] = sK"), 1),
        f"for j in range(n - {LEAF} * k, {LEAF}):",  # ranks compare what is given to Quelea
        *indented(state.each("yK[k, j] = sK"), 1),
        *state.each("tK[k] = sK"),
    ]
    body = [
        "n = x0.shape[0]",
        f"count = (n + {LEAF - 1}) // {LEAF}",
        *state.empty("y", f"count, {LEAF}"),
        *state.empty("t", "count"),
        "for k in range(count):",
        *indented(leaf, 1),
        f"return ({', '.join(state.each('yK') + state.each('tK'))},)",
    ]
    return definition("leaves", state.each("xK"), body)


def _before_text(state: State) -> str:
    """What comes before each leaf: init, if there is one, and all leaves before it, in order."""
    arguments = state.each("tK") + (state.each("aK") if state.init else [])
    begin = state.each("oK[0] = aK[0]" if state.init else "oK[0] = oK[1] = tK[0]")
    body = [
        "count = t0.shape[0]",
        *state.empty("o", "count", "t"),
        *begin,
        f"for k in range({1 if state.init else 2}, count):",
        *indented(
            state.combined(state.items("o", "k - 1"), state.items("t", "k - 1"), "o", "[k]", "t"), 1
        ),
        returned(state.found[0], "o"),
    ]
    return definition("before", arguments, body)


def _after_text(state: State) -> str:
    """What comes before a leaf is put before each of its results, in place."""
    body = [
        f"for k in range({0 if state.init else 1}, y0.shape[0]):",
        f"    for j in range(min({LEAF}, n - {LEAF} * k)):",
        *indented(
            state.combined(state.items("o", "k"), state.items("y", "k, j"), "y", "[k, j]", "o"), 2
        ),
    ]
    return definition("after", ["n", *state.each("yK"), *state.each("oK")], body)


# ---- large items ----


def _are_large(state: State) -> bool:
    """Say whether the function is to be called for whole items; this follows from shapes alone."""
    sizes = [int(numpy.prod(shape)) for shape in state.shapes]
    return max(sizes) >= max(_LARGE, state.length)


class _Whole:
    """A function of two states that are there as a whole."""

    def __init__(self, state: State, ours: bool) -> None:
        self.state = state
        made = state.made
        ufunc = made.ufunc() if ours else None
        if ufunc is not None:  # what it gives is only recorded, so that many calls are one kernel
            self.function = ufunc
        elif isinstance(made.function, Function):
            self.function = made.function
        else:
            self.function = made.loop("def call(x0, x1):\n    return function(x0, x1)\n", ours)

    def taken(self, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give parts as they are in a state."""
        made = []
        for part, shape, dtype in zip(parts, self.state.shapes, self.state.dtypes, strict=True):
            if not shape:
                part = dtype.type(part.item() if hasattr(part, "item") else part)
            elif part.shape != shape:
                raise ValueError(SHAPES_DIFFER)
            made.append(part if part.dtype == dtype else part.astype(dtype))
        return tuple(made)

    def item(self, k: int) -> tuple[Any, ...]:
        """Give what stands at a place."""
        return self.taken(self.state.at(k))

    def __call__(self, left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.state.count > 1:
            return self.taken(self.function(left, right))
        return self.taken((self.function(left[0], right[0]),))

    def leaf(self, first: int) -> Iterator[tuple[Any, ...]]:
        """Go through a leaf: what its items up to each come to."""
        total = self.item(first)
        yield total
        for k in range(first + 1, min(first + LEAF, self.state.length)):
            total = self(total, self.item(k))
            yield total


def _reduced_whole(state: State, ours: bool) -> tuple[Any, ...]:
    combined, stack = _Whole(state, ours), list[tuple[int, tuple[Any, ...]]]()
    for first in range(0, state.length, LEAF):
        size, total = 1, collections.deque(combined.leaf(first), maxlen=1)[0]
        while stack and stack[-1][0] == size:
            size, total = 2 * size, combined(stack.pop()[1], total)
        stack.append((size, total))
    total = stack.pop()[1]
    while stack:
        total = combined(stack.pop()[1], total)
    if state.init:
        total = combined(combined.taken(tuple(s[0] for s in state.starts())), total)
    # one item, or what the function gives, may be a part of what was given
    given = (part if isinstance(part, ndarray) or not ours else asarray(part) for part in total)
    return tuple(part.copy() if part.ndim else part for part in given)


def _scanned_whole(state: State, results: tuple[Any, ...], ours: bool) -> tuple[Any, ...]:
    combined, before = _Whole(state, ours), None
    if state.init:
        before = combined.taken(tuple(s[0] for s in state.starts()))
    for first in range(0, state.length, LEAF):
        total: tuple[Any, ...] = ()
        for k, total in enumerate(combined.leaf(first), first):
            stored = total if before is None else combined(before, total)
            for result, part in zip(results, stored, strict=True):
                result[k] = part
        before = total if before is None else combined(before, total)
    return results


# ---- all of it ----


def reduced(state: State, ours: bool) -> tuple[Any, ...]:
    """Put items together; `ours`: what is made is Quelea's.

    Returns
    -------
    tuple of ndarray or number
    """
    if _are_large(state):
        return _reduced_whole(state, ours)
    given = state.made.loop(_reduce_text(state), ours)(*state.lines(), *state.starts())
    return tuple(part[0] for part in given)


def scanned(state: State, ours: bool) -> tuple[Any, ...]:
    """Put items together, with all that comes between.

    Returns
    -------
    tuple of ndarray
    """
    count = state.length
    if not count or _are_large(state):
        make = empty if ours else numpy.empty
        whole = tuple(make(a.shape, d) for a, d in zip(state.arrays, state.dtypes, strict=True))
        return _scanned_whole(state, whole, ours) if count else whole
    given = state.made.loop(_leaves_text(state), ours)(*state.lines())
    rows, totals = given[: state.count], given[state.count :]
    if state.init or len(totals[0]) > 1:
        before = state.made.loop(_before_text(state), ours)(*totals, *state.starts())
        state.made.loop(_after_text(state), ours)(count, *rows, *before)
    made = []
    for row in rows:
        part = row.reshape((len(row) * LEAF, *row.shape[2:]))[:count]
        made.append(part.copy() if isinstance(part, ndarray) else part)
    return tuple(made)
