"""Kernels of stencils that are one expression of the elements around: it means the same for whole views of them."""

from __future__ import annotations

import ast
import builtins
import types
from dataclasses import dataclass
from typing import Any

import numpy

from .. import _quelea
from . import names
from .relative import constant, indices
from .source import Source


@dataclass
class Plain:
    """A kernel that means the same for whole views as for elements: one expression of them.

    What it names from outside must be what it was, and a number still a number.
    """

    guards: list[tuple[names.Place, str, Any]]
    of_floats: bool  # of integers an element may raise where an array has a 0
    of_numbers: bool  # NumPy's powers of one bool are int64, and those of arrays int8

    def takes(self, kinds: set[str]) -> bool:
        """Say whether it means the same for arrays of dtypes of these kinds."""
        return not (self.of_floats and kinds - set("fc")) and not (self.of_numbers and "b" in kinds)

    def holds(self) -> bool:
        """Say whether all names are what they were."""
        for place, name, value in self.guards:
            now = place.get(name) if isinstance(place, dict) else place.cell_contents
            if now is not value and not (value is _ANY_NUMBER and isinstance(now, _NUMBERS)):
                return False
        return True


class _NotPlain(Exception):
    pass


_NUMBERS = int, float, complex, numpy.number, numpy.bool_
_ANY_NUMBER = object()  # guarded is that it is one, not which


# Those that may raise for elements, or are no function of numbers, are not among them.
ELEMENTWISE = frozenset(
    [
        "absolute",
        "add",
        "arccos",
        "arccosh",
        "arcsin",
        "arcsinh",
        "arctan",
        "arctan2",
        "arctanh",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "cbrt",
        "ceil",
        "conjugate",
        "copysign",
        "cos",
        "cosh",
        "deg2rad",
        "equal",
        "exp",
        "exp2",
        "expm1",
        "fabs",
        "floor",
        "fmax",
        "fmin",
        "greater",
        "greater_equal",
        "hypot",
        "invert",
        "isfinite",
        "isinf",
        "isnan",
        "less",
        "less_equal",
        "log",
        "log10",
        "log1p",
        "log2",
        "logaddexp",
        "logaddexp2",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
        "multiply",
        "negative",
        "nextafter",
        "not_equal",
        "positive",
        "rad2deg",
        "rint",
        "sign",
        "signbit",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "subtract",
        "tan",
        "tanh",
        "trunc",
    ]
)
_SIMPLE = ast.Add, ast.Sub, ast.Mult
_BITS = ast.BitAnd, ast.BitOr, ast.BitXor


def plain(
    source: Source, arrays: tuple[str, ...], numbers: tuple[str, ...], ndim: int
) -> Plain | None:
    """Say whether the kernel is one expression of the elements around, and numbers; None: it is more."""
    reader = _Reader(source, arrays, numbers, ndim)
    try:
        reader.read()
    except _NotPlain:
        return None
    return Plain(reader.guards, reader.of_floats, reader.of_numbers)


class _Reader:
    def __init__(
        self, source: Source, arrays: tuple[str, ...], numbers: tuple[str, ...], ndim: int
    ) -> None:
        self.function, self.node = source.function, source.node
        self.arrays, self.ndim = arrays, ndim
        own = source.node.args
        self.arguments = {a.arg for a in [*own.posonlyargs, *own.args, *own.kwonlyargs]}
        # of each local name: does an array stand in its value?
        self.local = dict.fromkeys(numbers, False)
        self.guards: list[tuple[names.Place, str, Any]] = []
        self.of_floats = self.of_numbers = False

    def read(self) -> None:
        if isinstance(self.node, ast.Lambda):
            self.needed(self.node.body)
            return
        *before, last = self.node.body
        for k, statement in enumerate(before):
            self.statement(statement, not k)
        if not isinstance(last, ast.Return) or last.value is None:
            raise _NotPlain
        self.needed(last.value)

    def statement(self, node: ast.stmt, first: bool) -> None:
        if first and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            raise _NotPlain
        target = node.targets[0]
        if not isinstance(target, ast.Name) or target.id in self.arrays:
            raise _NotPlain
        found = self.of(node.value)
        self.local[target.id] = found

    def needed(self, *nodes: ast.expr) -> None:
        """At least one of them is of arrays."""
        found = [self.of(node) for node in nodes]
        if not any(found):
            raise _NotPlain

    def of(self, node: ast.expr) -> bool:
        """Say whether the value is of arrays."""
        if isinstance(node, ast.Constant):
            return self.number(node.value)
        if isinstance(node, ast.Name) and node.id in self.local:
            return self.local[node.id]
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self.number(self.outer(node))
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return self.of(node.operand)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            self.needed(node.operand)
            return True
        if isinstance(node, ast.BinOp):
            return self.operator(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            if isinstance(node.ops[0], (ast.Is, ast.IsNot, ast.In, ast.NotIn)):
                raise _NotPlain
            self.needed(node.left, *node.comparators)
            return True
        if isinstance(node, ast.Call):
            return self.call(node)
        raise _NotPlain

    def number(self, value: Any) -> bool:
        if not isinstance(value, _NUMBERS):
            raise _NotPlain
        return False

    def outer(self, node: ast.expr) -> Any:
        """What a name from outside, or an attribute of a module, is."""
        if isinstance(node, ast.Attribute):
            module = self.outer(node.value)
            if not isinstance(module, types.ModuleType):
                raise _NotPlain
            value = getattr(module, node.attr, None)
            if names.known_module(module) is None:
                self.guard(vars(module), node.attr, value)
            return value
        inside = isinstance(node, ast.Name) and node.id in {*self.local, *self.arguments}
        if not isinstance(node, ast.Name) or inside:
            raise _NotPlain
        value, place = names.lookup(self.function, node.id)
        if place is vars(builtins):
            self.guards.append((self.function.__globals__, node.id, None))
            return value
        if value is names.Missing:
            raise _NotPlain
        self.guard(place, node.id, value)
        return value

    def guard(self, place: names.Place, name: str, value: Any) -> None:
        """It must stay what it is."""
        self.guards.append((place, name, _ANY_NUMBER if isinstance(value, _NUMBERS) else value))

    def subscript(self, node: ast.Subscript) -> bool:
        items = indices(node)
        if not isinstance(node.value, ast.Name) or node.value.id not in self.arrays:
            raise _NotPlain
        if len(items) != self.ndim or any(constant(item) is None for item in items):
            raise _NotPlain
        return True

    def operator(self, node: ast.BinOp) -> bool:
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(node.op, _SIMPLE):
            return left or right
        if not left and not right:
            raise _NotPlain  # of Python's numbers, which have rules of their own
        if isinstance(node.op, _BITS):
            return True
        if isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod)):
            by = node.right.value if isinstance(node.right, ast.Constant) else 0
            self.of_floats |= not by
            return True
        if isinstance(node.op, ast.Pow):
            power = node.right.value if isinstance(node.right, ast.Constant) else None
            self.of_floats |= not (type(power) is int and power >= 0)
            self.of_numbers = True
            return True
        raise _NotPlain

    def call(self, node: ast.Call) -> bool:
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise _NotPlain
        function = self.outer(node.func)
        _, _, name = (names.known_name(function) or "").rpartition(".")
        if function is builtins.abs:
            known = len(node.args) == 1
        elif isinstance(function, (numpy.ufunc, _quelea.ufunc)):
            known = name in ELEMENTWISE and len(node.args) == function.nin
        else:
            known = name == "where" and len(node.args) == 3
        if not known:
            raise _NotPlain
        self.needed(*node.args)
        return True
