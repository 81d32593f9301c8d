"""Loops around a function, written as text, which is compiled as what the user writes is.

    def vectorized(out0, a0, a1):
        for i0 in range(out0.shape[0]):
            for i1 in range(out0.shape[1]):
                out0[i0, i1] = function(a0[i0, i1], a1[0, i1])

So loops over distributed arrays are nests (jit/program), and are shared out by the owners of what they store.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from ..compiling import Function
from ..compiling.written import function_of


def compiled(lines: Sequence[str], names: dict[str, Any], what: str) -> Function:
    """Compile a function, given as lines, for which other names stand for these values."""
    return element_function(function_of("\n".join(lines) + "\n", names, what))


def element_function(function: types.FunctionType) -> Function:
    """Compile it, also with QUELEA_JIT=off: there is no other way to call it for elements."""
    return Function(function, {"boundscheck": False, "python_error": False})


def subscript(moves: Sequence[bool], ndim: int) -> str:
    """Index of the element of an operand at a point; it moves along its last axes, or has one element along them."""
    first = ndim - len(moves)
    return ", ".join(f"i{first + k}" if moved else "0" for k, moved in enumerate(moves))


def loops(ndim: int, of: str, order: Sequence[int] | None = None) -> list[str]:
    """Loops over all axes of an array, from outside to inside."""
    axes = range(ndim) if order is None else order
    return [
        f"{'    ' * (depth + 1)}for i{axis} in range({of}.shape[{axis}]):"
        for depth, axis in enumerate(axes)
    ]
