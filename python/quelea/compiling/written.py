"""Functions that are written as text while the program runs, and are compiled as what the user writes is."""

import itertools
import linecache
import types
import weakref
from typing import Any

__all__ = ["function_of", "functions_of"]

_numbers = itertools.count(1)


def functions_of(text: str, names: dict[str, Any], what: str) -> list[types.FunctionType]:
    """Make the functions of a text, for which other names stand for these values.

    Its lines are found, as those of a file are, as long as there is the first of them.
    """
    file = f"<quelea.{what} {next(_numbers)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    module = compile(text, file, "exec")
    codes = [c for c in module.co_consts if isinstance(c, types.CodeType)]
    weakref.finalize(codes[0], linecache.cache.pop, file, None)
    return [types.FunctionType(code, names) for code in codes]


def function_of(text: str, names: dict[str, Any], what: str) -> types.FunctionType:
    """Make the function of a text; see `functions_of`."""
    return functions_of(text, names, what)[0]
