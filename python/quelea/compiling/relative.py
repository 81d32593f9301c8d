"""Kernels of stencils: their indices count from the element that is computed, and become indices of arrays.

    a[-1, 0]        a["at.0" - 1, "at.1"]           at an element whose neighbours are all there
                    a["to.0"[0], "at.1"]            at one of the border along axis 0: where its neighbours are found
                    a["to.0"[0], "at.1"] if "inside.0"[0] else ...      or, where that is a number, or at the other end

The rewritten kernel takes hidden arguments behind its own: where the element is along each axis, and, along those where
it is one of the border's, a table of where what stands beside it is found. It is compiled as any function; what it may
not do with its arrays is refused with the rest, at its line.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .source import Source

Offsets = tuple[tuple[int, int], ...]  # from where to where a kernel looks, along each axis


@dataclass(frozen=True)
class Form:
    """How a kernel is compiled: with how many axes, for the border along which of them."""

    arrays: tuple[str, ...]  # those that are indexed from the element on
    reach: Offsets
    border: tuple[bool, ...]
    fills: bool  # is what lies beyond the ends a number?
    wraps: bool  # or is it at the other end?
    declared: bool  # was the reach declared?

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.reach)


def parameters(form: Form) -> list[str]:
    """The hidden arguments of a rewritten kernel, behind its own."""
    found = [f".at.{k}" for k in range(form.ndim)]
    for k in range(form.ndim):
        if not form.border[k]:
            continue
        found += [f".to.{k}", f".inside.{k}", f".other.{k}"]
    if form.fills:
        found += [f".fill.{name}" for name in form.arrays]
    return found + [f".{name}.{turn}" for turn in turns(form) for name in form.arrays]


def turns(form: Form) -> range:
    """What wraps is read through other arguments, that its operands are not those of what does not.

    Which axes wrap are the bits of a number.
    """
    return range(1, 1 << sum(form.border)) if form.wraps else range(0)


# ---- what a kernel touches ----


def constant(node: ast.expr) -> int | None:
    """The value of an index that is written in digits, or None."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = constant(node.operand)
        return -value if value is not None and isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right = constant(node.left), constant(node.right)
        if left is None or right is None:
            return None
        return left + right if isinstance(node.op, ast.Add) else left - right
    return None


def indices(node: ast.Subscript) -> list[ast.expr]:
    """What stands in the brackets, axis by axis."""
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def subscripts(node: ast.AST, arrays: tuple[str, ...]) -> Iterator[ast.Subscript]:
    """Where these arrays are indexed."""
    for inner in ast.walk(node):
        named = isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Name)
        if named and inner.value.id in arrays:  # type: ignore[attr-defined]
            yield inner  # type: ignore[misc]


def reach_of(node: ast.AST, arrays: tuple[str, ...], ndim: int) -> Offsets:
    """From where to where the constant indices lead."""
    reach = [(0, 0)] * ndim
    for found in subscripts(node, arrays):
        items = indices(found)
        for k, item in enumerate(items if len(items) == ndim else []):
            offset = constant(item)
            if offset is not None:
                reach[k] = min(reach[k][0], offset), max(reach[k][1], offset)
    return tuple(reach)


def named(node: ast.FunctionDef | ast.Lambda) -> set[str]:
    """The names that stand in a kernel."""
    body = node.body if isinstance(node.body, list) else [node.body]
    return {n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name)}


# ---- rewriting ----


def rewritten(source: Source, form: Form) -> Source:
    """The kernel with indices of arrays."""
    node = copy.deepcopy(source.node)
    own = node.args
    every = [*own.posonlyargs, *own.args, *own.kwonlyargs]
    every += [ast.arg(name) for name in parameters(form)]
    node.args = ast.arguments([], every, None, [], [], None, [])
    change = _Rewriter(form)
    if isinstance(node, ast.Lambda):
        node.body = change.visit(node.body)
    else:
        body = [change.visit(statement) for statement in node.body]
        node.body = [ast.copy_location(ast.Expr(r), r) for r in change.refused] + body
    return replace(source, node=ast.fix_missing_locations(node))


@dataclass
class _Part:
    """Where an element is along an axis; if that is not inside, `other` says where it is instead."""

    place: ast.expr
    test: ast.expr | None = None
    other: ast.expr | None = None


class _Rewriter(ast.NodeTransformer):
    def __init__(self, form: Form) -> None:
        self.form = form
        self.refused: list[ast.expr] = []  # of what stands where no expression can

    def refuse(self, node: Any, code: str, what: str, advice: str) -> ast.expr:
        texts: list[ast.expr] = [ast.Constant(text) for text in (code, what, advice)]
        call = ast.copy_location(ast.Call(ast.Name("refuse.", ast.Load()), texts, []), node)
        if isinstance(getattr(node, "ctx", None), ast.Load):
            return call
        self.refused.append(call)
        return ast.copy_location(ast.Name("refused.", ast.Store()), node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.form.arrays:
            return node
        if not isinstance(node.ctx, ast.Load):
            what = f"{node.id} is an array of the stencil and cannot be another value"
            return self.refuse(node, "QJ151", what, "take another name")
        what = f"{node.id} is known around one element alone: it has indices, and nothing else"
        advice = f"write {node.id}[...] with offsets, or list it in standard_indexing"
        return self.refuse(node, "QJ152", what, advice)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.value, ast.Name) or node.value.id not in self.form.arrays:
            return self.generic_visit(node)
        name, items, ndim = node.value.id, indices(node), self.form.ndim
        if not isinstance(node.ctx, ast.Load):
            what = "a stencil's kernel stores into none of its arrays"
            return self.refuse(node, "QJ150", what, "return the value, and give out= to the call")
        if len(items) != ndim or any(isinstance(item, ast.Starred) for item in items):
            what = f"{name} has {ndim} axes here, and {len(items)} indices"
            return self.refuse(node, "QJ153", what, "write one offset for each axis")
        parts = [self.part(name, k, item) for k, item in enumerate(items)]
        wrong = next((part.place for part in parts if _is_refusal(part.place)), None)
        if wrong is not None:
            return wrong
        if self.form.fills:
            value: ast.expr = _element(name, [part.place for part in parts])
            tests = [part.test for part in parts if part.test is not None]
            for test in reversed(tests):
                value = ast.IfExp(test, value, _load(f".fill.{name}"))
        else:
            value = self.turned(name, parts, [], 0)
        return ast.copy_location(value, node)

    def turned(self, name: str, parts: list[_Part], places: list[ast.expr], turn: int) -> ast.expr:
        """The element, of that argument which is for what wraps along these axes."""
        if len(places) == len(parts):
            return _element(f".{name}.{turn}" if turn else name, places)
        part = parts[len(places)]
        here = self.turned(name, parts, [*places, part.place], turn)
        if part.other is None or not self.form.wraps:
            return here
        bit = 1 << sum(self.form.border[: len(places)])
        there = self.turned(name, parts, [*places, part.other], turn | bit)
        assert part.test is not None
        return ast.IfExp(part.test, here, there)

    def part(self, name: str, k: int, item: ast.expr) -> _Part:
        """Where it is along an axis."""
        if isinstance(item, ast.Slice):
            return _Part(self.stretch(k, item))
        offset = constant(item)
        low, high = self.form.reach[k]
        if offset is not None and not low <= offset <= high:
            what = f"{name} is asked for at {offset} along axis {k}, beyond its neighborhood"
            return _Part(self.refuse(_read(item), "QJ154", what, "widen neighborhood="))
        if offset is None and not self.form.declared:
            what = "an offset that is no constant may lead anywhere"
            advice = "say with neighborhood=((low, high), ...) how far it leads"
            return _Part(self.refuse(_read(item), "QJ155", what, advice))
        if not self.form.border[k]:
            return _Part(self.away(k, item, offset))
        if offset is not None:
            number = ast.Constant(offset - low)
            return _Part(*(_at(f".{word}.{k}", number) for word in ("to", "inside", "other")))
        words = ("to", "inside", "other")
        return _Part(*(self.chosen(f".{word}.{k}", item, high - low, low) for word in words))

    def chosen(self, table: str, item: ast.expr, last: int, low: int) -> ast.expr:
        """The item of a table, written out: so it is known between which numbers it is."""
        value = _at(table, ast.Constant(last))
        for j in reversed(range(last)):
            offset = copy.deepcopy(item)
            test = ast.Compare(self.visit(offset), [ast.Eq()], [ast.Constant(low + j)])
            value = ast.IfExp(test, _at(table, ast.Constant(j)), value)
        return ast.copy_location(value, item)

    def away(self, k: int, item: ast.expr, offset: int | None) -> ast.expr:
        here = _load(f".at.{k}")
        if offset is None:
            return ast.copy_location(ast.BinOp(here, ast.Add(), self.visit(item)), item)
        if not offset:
            return here
        sign = ast.Add() if offset > 0 else ast.Sub()
        return ast.BinOp(here, sign, ast.Constant(abs(offset)))

    def stretch(self, k: int, item: ast.Slice) -> ast.expr:
        whole = item.lower is not None and item.upper is not None and item.step is None
        if not whole or not self.form.declared or self.form.border[k]:
            what = "a slice in a stencil has both ends, a declared neighborhood, and stays inside"
            advice = "write low:high and neighborhood=, with mode 'constant' or 'skip'; or a loop"
            return self.refuse(_read(item), "QJ156", what, advice)
        assert item.lower is not None and item.upper is not None
        lower, upper = (self.away(k, end, constant(end)) for end in (item.lower, item.upper))
        return ast.copy_location(ast.Slice(lower, upper, None), item)


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _at(name: str, index: ast.expr) -> ast.expr:
    return ast.Subscript(_load(name), index, ast.Load())


def _element(name: str, places: list[ast.expr]) -> ast.expr:
    index = places[0] if len(places) == 1 else ast.Tuple(places, ast.Load())
    return ast.Subscript(_load(name), copy.deepcopy(index), ast.Load())


def _read(item: ast.expr) -> ast.expr:
    """Something that is read, at that place."""
    return ast.copy_location(ast.Name("", ast.Load()), item)


def _is_refusal(node: ast.expr) -> bool:
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return named and node.func.id == "refuse."  # type: ignore[attr-defined]
