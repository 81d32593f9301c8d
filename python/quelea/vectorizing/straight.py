"""The IR of an element function as operations on whole arrays.

A function without loops, which raises nothing and has no memory of its own, is a number of operations of the array
IR (jit/ir.md), some of them on one way only. What is recorded is each of them, over whole arrays; where ways meet,
elements are selected. So it is fused with what is around it, as plain arithmetic is. Values on a way that is not
taken are computed too, and left: no operation traps.

    %6: b8 = greater %2, %3                  c = greater(x, y)
    jnz %6, @2, @3                           d = subtract(x, y)
    ...                                      e = add(x, y)
    %8: f64 = phi @2 %7, @3 %9               where(c, d, e)
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy

from .. import _quelea, elementwise
from .._quelea import asarray, ndarray
from ..compiling.signatures import NAMES
from ..compiling.wrapping import BEFORE, SLOT

MOST_STEPS = (
    40  # operations; of more, a loop of its own is better: what is read twice is stored between
)
_MOST_TERMS = 16  # of a condition

Literal = tuple[str, bool]  # a value, and what it must be
Condition = frozenset[frozenset[Literal]]  # one of these, all literals of which hold
ALWAYS: Condition = frozenset([frozenset()])


class NotStraight(Exception):
    """It has loops, raises, or does what no operation on whole arrays does."""


@dataclass
class _Block:
    phis: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    steps: list[tuple[str, str, list[str]]] = field(default_factory=list)  # target, what, of what
    stores: list[tuple[str, str, str]] = field(default_factory=list)  # base, offset, value
    exits: list[tuple[str, Literal | None]] = field(default_factory=list)


# ---- reading ----

_LINE = re.compile(r"%(\w+): (\w+)\S* = (\w+) ?(.*)")
_STORE = re.compile(r"store at %(\w+) \+ %(\w+), %(\w+)")


def _number(dtype: numpy.dtype[Any], text: str) -> Any:
    if text in ("true", "false"):
        return numpy.bool_(text == "true")
    if text.startswith("("):
        parts = text[1:-1].split(",")
        return dtype.type(complex(*(float(_number(numpy.dtype(float), p.strip())) for p in parts)))
    if dtype.kind in "iu":
        return dtype.type(int(text))
    if text.startswith("bits"):
        return numpy.array(int(text[4:], 16), f"u{dtype.itemsize}").view(dtype)[()]
    return dtype.type(float.fromhex(text) if "0x" in text else float(text))


class _Reader:
    """The text of a function of numbers."""

    def __init__(self, text: str) -> None:
        self.blocks: dict[str, _Block] = {}
        self.dtypes: dict[str, numpy.dtype[Any]] = {}
        self.constants: dict[str, Any] = {}
        self.params: dict[str, int] = {}
        block = None
        for line in text.splitlines():
            line = line.strip()
            if line.startswith("@"):
                block = self.blocks[line[1:]] = _Block()
            elif line.startswith(("local", "external")):
                raise NotStraight("it calls itself, or C")
            elif block is not None and line:
                self._read(block, re.sub(r" !\d+$", "", line))

    def _read(self, block: _Block, line: str) -> None:
        word = line.split()[0]
        store = _STORE.fullmatch(line)
        if store:
            block.stores.append((store[1], store[2], store[3]))
        elif word == "jmp":
            block.exits = [(line.split("@")[1], None)]
        elif word == "jnz":
            condition, yes, no = (part.strip("%@") for part in line[4:].split(", "))
            block.exits = [(yes, (condition, True)), (no, (condition, False))]
        elif word != "ret":
            self._read_value(block, line)

    def _read_value(self, block: _Block, line: str) -> None:
        found = _LINE.fullmatch(line)
        if not found or found[3] in ("load", "stack", "call", "host", "reduce", "index"):
            raise NotStraight(line)
        target, dtype, what, rest = found[1], numpy.dtype(NAMES[found[2]]), found[3], found[4]
        self.dtypes[target] = dtype
        if what == "const":
            self.constants[target] = _number(dtype, rest)
        elif what == "param":
            self.params[target] = int(rest.strip("?"))
        elif what == "phi":
            arms = [arm.split() for arm in rest.split(", ")]
            block.phis.append((target, [(a[1:], b[1:]) for a, b in arms]))
        else:
            block.steps.append((target, what, [name[1:] for name in rest.split(", ")]))


_PARAM = re.compile(r"\s*%(\w+): i64 = param \?(\d+)")
_NARROW = re.compile(r"\s*%\w+: ([iu]\d+) = cast %(\w+)\b")


def narrowed(text: str) -> list[tuple[int, numpy.dtype[Any]]]:
    """Numbers of arguments that are integers and in any case become such of other dtypes, and these."""
    entry = text.partition("\n@1")[0]
    params = {name: int(number) - 2 for name, number in _PARAM.findall(entry)}
    casts = dict.fromkeys(
        (params[name], to) for to, name in _NARROW.findall(entry) if name in params
    )
    return [(number, numpy.dtype(NAMES[to])) for number, to in casts]


# ---- ways ----


def _either(one: Condition, other: Condition) -> Condition:
    """Either holds; what differs in one literal alone needs none."""
    terms = set(one | other)
    merged = True
    while merged:
        merged = False
        for a in list(terms):
            for b in list(terms):
                differ = a ^ b
                both = len(differ) == 2 and len({name for name, _ in differ}) == 1
                if a in terms and b in terms and a != b and (a < b or both):
                    terms.discard(b)
                    if both:
                        terms.discard(a)
                        terms.add(a & b)
                    merged = True
    if len(terms) > _MOST_TERMS:
        raise NotStraight("its branches are too many")
    return frozenset(terms)


def _both(one: Condition, literal: Literal | None) -> Condition:
    if literal is None:
        return one
    opposite = literal[0], not literal[1]
    return frozenset(term | {literal} for term in one if opposite not in term)


class _Ways:
    """Which conditions lead where."""

    def __init__(self, blocks: dict[str, _Block]) -> None:
        self.blocks = blocks
        self.order: list[str] = []
        self._visit(next(iter(blocks)), [])
        self.order.reverse()
        self.before: dict[str, list[tuple[str, Literal | None]]] = {name: [] for name in self.order}
        for name in self.order:
            for to, literal in blocks[name].exits:
                self.before[to].append((name, literal))
        self.dominators: dict[str, set[str]] = {}
        for name in self.order:
            known = [self.dominators[other] for other, _ in self.before[name]]
            self.dominators[name] = {name} | (set.intersection(*known) if known else set())
        self.condition = functools.cache(self._condition)

    def _visit(self, name: str, under_way: list[str]) -> None:
        if name in under_way:
            raise NotStraight("it has a loop")
        if name in self.order:
            return
        for to, _ in self.blocks[name].exits:
            self._visit(to, [*under_way, name])
        self.order.append(name)

    def nearest(self, name: str) -> str:
        """The last block that all ways to this one pass."""
        others = self.dominators[name] - {name}
        return max(others, key=lambda other: len(self.dominators[other]))

    def _condition(self, start: str, name: str) -> Condition:
        """The condition under which control that is at one block comes to another."""
        if name == start:
            return ALWAYS
        found: Condition = frozenset()
        for other, literal in self.before[name]:
            found = _either(found, _both(self.condition(start, other), literal))
        return found

    def through(self, start: str, arm: str, name: str) -> Condition:
        """The condition under which it comes from one block, through another, to this one."""
        found: Condition = frozenset()
        for other, literal in self.before[name]:
            if other == arm:
                found = _either(found, _both(self.condition(start, arm), literal))
        return found


# ---- operations ----


def _as_array(x: Any) -> ndarray:
    return x if isinstance(x, ndarray) else asarray(x)


def _cast(dtype: numpy.dtype[Any], x: Any) -> Any:
    return _as_array(x).astype(dtype)


def _part(function: Callable[[Any], Any], x: Any) -> Any:
    return function(_as_array(x)).copy()  # what it gives is a view


def _operation(what: str, dtype: numpy.dtype[Any]) -> Callable[..., Any]:
    """The function of whole arrays that an operation of the IR is, in which loop."""
    if what == "cast":
        return functools.partial(_cast, dtype)
    if what in ("real", "imag"):
        return functools.partial(_part, getattr(elementwise, what))
    if what == "where":
        return elementwise.where
    ufunc = getattr(_quelea, what, None)
    # an array of signed exponents would be looked at; the IR's ldexp takes exponents that are floats
    other = what == "ldexp" or (what == "power" and dtype.kind in "iu")
    if not isinstance(ufunc, _quelea.ufunc) or other:
        raise NotStraight(what)
    return ufunc


class Straight:
    """Operations that give what an element function gives, over whole arrays."""

    def __init__(self, text: str, results: int) -> None:
        self._reader = _Reader(text)
        self._ways = _Ways(self._reader.blocks)
        self._made: dict[Any, str] = {}
        self._steps: list[tuple[str, Callable[..., Any], list[str]]] = []
        self._stored: dict[int, str] = {}
        for name in self._ways.order:
            self._take(name)
        self._results = [self._stored.get(SLOT * (BEFORE + k), "") for k in range(results)]
        if "" in self._results:
            raise NotStraight("it does not always give a value")
        self._leave_out()
        if len(self._steps) > MOST_STEPS:
            raise NotStraight("it has many operations")

    def _take(self, name: str) -> None:
        block, reader = self._reader.blocks[name], self._reader
        for target, arms in block.phis:
            self._select(name, target, arms)
        for target, what, of in block.steps:
            self._steps.append((target, _operation(what, reader.dtypes[target]), of))
        for base, offset, value in block.stores:
            if reader.params.get(base) != 0 or offset not in reader.constants:
                raise NotStraight("it stores elsewhere")
            at = int(reader.constants[offset])
            if at == 0 and (value not in reader.constants or reader.constants[value] != 0):
                raise NotStraight("it raises")
            always = self._ways.condition(self._ways.order[0], name) == ALWAYS
            if at and (not always or at in self._stored):
                raise NotStraight("it stores on some ways")
            self._stored[at] = value

    def _select(self, block: str, target: str, arms: list[tuple[str, str]]) -> None:
        start = self._ways.nearest(block)
        ways = [(self._ways.through(start, arm, block), value) for arm, value in arms]
        ways.sort(key=lambda way: sum(map(len, way[0])) + len(way[0]))  # the rest is the longest
        chosen = ways[-1][1]
        for number, (condition, value) in enumerate(reversed(ways[:-1])):
            pair = [value, chosen]
            literals = next(iter(condition)) if len(condition) == 1 else frozenset()
            if len(literals) == 1 and not next(iter(literals))[1]:
                condition, pair = (
                    frozenset([frozenset([(next(iter(literals))[0], True)])]),
                    pair[::-1],
                )
            name = target if number == len(ways) - 2 else f"{target}.{number}"
            self._steps.append((name, elementwise.where, [self._whether(condition), *pair]))
            chosen = name

    def _new(self, function: Callable[..., Any], *of: str) -> str:
        key = function, of
        if key not in self._made:
            self._made[key] = f".{len(self._made)}"
            self._steps.append((self._made[key], function, [*of]))
        return self._made[key]

    def _whether(self, condition: Condition) -> str:
        terms = []
        for term in sorted(map(sorted, condition)):
            literals = [
                name if wanted else self._new(_quelea.logical_not, name) for name, wanted in term
            ]
            terms.append(
                functools.reduce(functools.partial(self._new, _quelea.logical_and), literals)
            )
        return functools.reduce(functools.partial(self._new, _quelea.logical_or), terms)

    def _leave_out(self) -> None:
        """Only what the results need."""
        needed, kept = set(self._results), []
        for step in reversed(self._steps):
            if step[0] in needed:
                needed.update(step[2])
                kept.append(step)
        self._steps = kept[::-1]

    def compute(self, arguments: list[Any]) -> list[Any]:
        """Record it. An argument is an array, or a number of NumPy's; so is what comes out."""
        reader = self._reader
        values = dict(reader.constants)
        # ?0 is where results go, ?1 where signals are heard
        values.update({k: arguments[n - 2] for k, n in reader.params.items() if n >= 2})
        for target, function, names in self._steps:
            of = [values[name] for name in names]
            if not any(isinstance(x, ndarray) for x in of):
                of[0] = asarray(of[0])  # so that its bits are ours
            values[target] = function(*of)
        return [values[name] for name in self._results]
