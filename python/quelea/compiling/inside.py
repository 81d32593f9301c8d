"""Stencils that compiled functions call: a function of the program, which has their loops.

Of its own text, which is the library's, it knows no dtypes. That of the result is the kernel's, which is called where
no program comes, so that its type is known.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy

from . import library, relative
from .source import Source, source_of
from .written import function_of


def loops_of(
    name: str, kernel: Any, arrays: Sequence[str], reach: relative.Offsets, mode: str, cval: Any
) -> Source:
    """The stencil of a kernel, of which `arrays` are indexed by offsets; cval None: not given."""
    parameters = inspect.signature(kernel.__wrapped__, follow_wrapped=False).parameters.values()
    text = _text(parameters, arrays, reach, mode == "skip", cval is not None)
    scope = {
        "kernel_": kernel,
        "empty_": numpy.empty,
        "dtype_": library.intrinsics.dtype,
        "cval_": 0 if cval is None else cval,
    }
    function = function_of(text, scope, f"stencil {name}")
    given = [p for p in parameters if p.default is not p.empty]
    by_name = [p for p in given if p.kind is p.KEYWORD_ONLY]
    function.__defaults__ = tuple(p.default for p in given if p not in by_name)
    function.__kwdefaults__ = {p.name: p.default for p in by_name}
    if mode != "skip":
        function.__kwdefaults__["out"] = None
    source = source_of(function, text.splitlines(keepends=True))
    for node in ast.walk(source.node):
        if isinstance(node, ast.Name) and node.id == "maybe_":
            node.id = "maybe."
    return replace(source, name=f"stencil.{name}", is_library=True)


def _text(
    parameters: Any, arrays: Sequence[str], reach: relative.Offsets, skips: bool, fills: bool
) -> str:
    words, names = [], []
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        words.append(p.name if p.default is p.empty else f"{p.name}=None")
        names.append(p.name)
    words += ([] if "*" in words else ["*"]) + ["out" if skips else "out=None"]
    axes = range(len(reach))
    first, given = arrays[0], ", ".join(names)
    lines = [f"def stencil_({', '.join(words)}):"]
    lines += [f"    n{k}_ = {first}.shape[{k}]" for k in axes]
    for other in arrays[1:]:
        smaller = " or ".join(f"{other}.shape[{k}] < n{k}_" for k in axes)
        what = f"{other} is smaller than {first}, the first array of the stencil"
        lines += [f"    if {smaller}:", f"        raise ValueError({what!r})"]
    zeros = ", ".join("0" for _ in axes)
    lines += [
        f"    if {' or '.join(f'out.shape[{k}] != n{k}_' for k in axes)}:",
        "        raise ValueError('out has another shape than the first array')",
        *_loops("out", given, reach, fills),
        "    return out",
    ]
    if not skips:
        at = lines.index(next(line for line in lines if "out.shape" in line))
        lines[at:] = [
            "    if out is None:",
            "        if n0_ < 0:",
            f"            sample_ = kernel_({given}, {zeros})",
            f"        made_ = empty_({first}.shape, dtype_(maybe_(sample_)))",
            *(f"    {line}" for line in _loops("made_", given, reach, True)),
            "        return made_",
            "    else:",
            *(f"    {line}" for line in lines[at:]),
        ]
    return "\n".join(lines) + "\n"


def _loops(target: str, given: str, reach: relative.Offsets, fills: bool) -> list[str]:
    """What stores the inside, and the border if it is filled."""
    lines, at = [], []
    for k, (low, high) in enumerate(reach):
        below, above, before = max(0, -low), max(0, high), ":, " * k
        if fills and below:
            lines.append(f"    {target}[{before}:{below}] = cval_")
        if fills and above:
            lines.append(f"    {target}[{before}max(n{k}_ - {above}, 0):] = cval_")
    for k, (low, high) in enumerate(reach):
        ends = f"{max(0, -low)}, n{k}_ - {max(0, high)}"
        lines.append(f"{'    ' * (k + 1)}for i{k}_ in range({ends}):")
        at.append(f"i{k}_")
    place = ", ".join(at)
    lines.append(f"{'    ' * (len(reach) + 1)}{target}[{place}] = kernel_({given}, {place})")
    return lines
