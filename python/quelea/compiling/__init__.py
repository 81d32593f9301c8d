"""``@jit``: Python functions, compiled.

========== =====================================================================
syntax     a function's syntax tree becomes program text; the only place with ast
names      what the names of a function stand for: modules, functions, numbers
function   what ``@jit`` makes of a function: calls, defaults, refusals, looking inside
signatures explicit signatures, with Numba's meaning
library    functions that compiled ones may call, written in the language itself
========== =====================================================================
"""

from __future__ import annotations

from .function import Function, jit, njit, prange

__all__ = ["Function", "jit", "njit", "prange"]
