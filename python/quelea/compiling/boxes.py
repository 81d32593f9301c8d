"""Kernels of stencils as loops over a box of the result, which `@jit` compiles."""

from __future__ import annotations

import functools
import types
from collections.abc import Sequence
from typing import Any

from ..borders import Piece
from . import relative
from .function import Function, jit
from .names import Missing, Place
from .signatures import IR, is_argument, type_of
from .written import function_of


class Kernel(Function):
    """A kernel with indices of arrays."""

    def __init__(self, function: types.FunctionType, form: relative.Form) -> None:
        super().__init__(function, {"boundscheck": False, "python_error": False})
        self._rewrite = functools.partial(relative.rewritten, form=form)

    def captured(self) -> list[Any]:
        """The numbers and arrays that it takes from outside, as they are now."""
        if self._program is None or not all(map(_holds, self._program.guards)):
            self._prepare()
        assert self._program is not None
        found = [_value_at(*capture) for capture in self._program.captures]
        if not all(map(is_argument, found)):
            self._prepare()  # which says what is not in the language, with the line
            found = [_value_at(*capture) for capture in self._program.captures]
        return found


def _value_at(place: Place, name: str) -> Any:
    try:
        return place[name] if isinstance(place, dict) else place.cell_contents
    except (KeyError, ValueError):
        return Missing


def _holds(guard: tuple[Any, ...]) -> bool:
    place, name, *value = guard
    return _value_at(place, name) is (value[0] if value else Missing)


class Loops:
    """A kernel in loops over a box."""

    def __init__(self, function: types.FunctionType, own: Sequence[str], form: relative.Form):
        self.form = form
        self.kernel = Kernel(function, form)
        name = function.__name__ if function.__name__.isidentifier() else "kernel"
        hidden = [f"h{k}_" for k in range(len(relative.parameters(form)) - form.ndim)]
        given = [f"a{k}_" for k in range(len(own))]
        at = [f"i{k}_" for k in range(form.ndim)]
        ends = [f"{end}{k}_" for k in range(form.ndim) for end in ("from", "to")]
        # hidden arguments stand behind where the element is
        lines = [f"def {name}({', '.join(['out_', *ends, *given, *hidden])}):"]
        # so far from the first, that no neighbour's index is negative, and might count from the end
        lowest = [
            0 if border else max(0, -low)
            for border, (low, _) in zip(form.border, form.reach, strict=True)
        ]
        lines += [
            f"{'    ' * (k + 1)}for {at[k]} in range(max(from{k}_, {lowest[k]}), to{k}_):"
            for k in range(form.ndim)
        ]
        value = f"kernel_({', '.join([*given, *at, *hidden])})"
        lines.append(f"{'    ' * (form.ndim + 1)}out_[{', '.join(at)}] = {value}")
        text = "\n".join(lines) + "\n"
        self.run = jit(function_of(text, {"kernel_": self.kernel}, "stencil"))

    def types(self, arrays: dict[str, Any], args: dict[str, Any]) -> str:
        """The types of what the kernel is given, and takes from outside, as text."""
        axes = ",".join(":" * self.form.ndim)
        given = [
            f"{IR[value.dtype.name]}[{axes}]" if name in arrays else type_of(value)
            for name, value in args.items()
        ]
        outside = [type_of(value) for value in self.kernel.captured()]
        return f"({', '.join([*given, *['int'] * self.form.ndim, *outside])})"

    def result(self, text: str) -> str:
        """The type of what the kernel gives, of those."""
        self.kernel._compile(text)
        rows = {row[0]: row[1] for row in self.kernel._specials()}
        return str(rows[text])


def hidden_of(
    piece: Piece, form: relative.Form, fills: dict[str, Any], arrays: dict[str, Any]
) -> list[Any]:
    """What a kernel is given of a piece of the border, in the order of `relative.parameters`."""
    values: list[Any] = []
    for axis in piece.axes:
        if axis.found is None:
            continue
        here, there = axis.found, axis.found
        if form.wraps:
            here, there = axis.found_at(True), axis.found_at(False)
        values += [tuple(here), tuple(axis.inside), tuple(there)]
    if form.fills:
        values += fills.values()
    return values + [array for _ in relative.turns(form) for array in arrays.values()]
