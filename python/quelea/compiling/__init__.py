"""``@jit``: Python functions, compiled.

=========== =====================================================================
program     a function and all that it calls, as one text; what it captures and depends on
syntax      the syntax tree of one becomes program text
generators  generators and comprehensions as loops
source      where a function's text stands, and whether it is what the function was made of
names       what the names of a function stand for: modules, functions, numbers
function    what ``@jit`` makes of a function: calls, defaults, refusals, looking inside
relative    kernels of stencils, whose indices count from an element
plain       those that are one expression
boxes       those that are loops over a box of the result
inside      stencils that compiled functions call
signatures  explicit signatures, with Numba's meaning
native      compiled functions as C calls them
c_functions functions of C that compiled ones call
library     functions that compiled ones may call, written in the language itself
=========== =====================================================================
"""

from __future__ import annotations

from .c_functions import external
from .function import Function, jit, njit, prange
from .native import CFunction, cfunc, export

__all__ = ["CFunction", "Function", "cfunc", "export", "jit", "njit", "prange"]

jit.export = export  # type: ignore[attr-defined]
jit.external = external  # type: ignore[attr-defined]
