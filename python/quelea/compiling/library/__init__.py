"""Functions that compiled functions may call, written in the language itself.

The compiler knows some functions by their name (jit/program). A name that it does not know is looked up in
`FUNCTIONS`: the function there is compiled with its caller, for the types that it is called with. What it refuses or
raises stands where the user calls it. Inside, `intrinsics` says what is known of types.

============ ==================================================
python       Python's own functions, and those of math
complexes    those of cmath
making       arrays that are made, and put together
products     products, sums of them, linear algebra
statistics   means and the like, scans, order along axes
sorting      order, places, counts
rearranging  places, comparison, rounding, interpolation
============ ==================================================
"""

from __future__ import annotations

import types
from typing import Any

from . import complexes, intrinsics, making, products, python, rearranging, sorting, statistics

__all__ = ["FUNCTIONS", "INTRINSICS", "METHODS", "NAMES", "NEEDS"]


def _public(module: types.ModuleType) -> dict[str, Any]:
    """The functions that are defined in a module, by their names."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__
    }


FUNCTIONS: dict[str, Any] = {}
for _module in (making, products, statistics, sorting, rearranging):
    for _name, _function in _public(_module).items():
        if not _name.startswith("_"):
            FUNCTIONS["numpy." + _name.rstrip("_")] = _function
for _name, _function in _public(python).items():
    _prefix = "builtins." if _name.endswith("_") else "math."
    if not _name.startswith("list_i") and not _name.startswith("list_c"):
        FUNCTIONS[_prefix + _name.rstrip("_")] = _function
for _name, _function in _public(complexes).items():
    FUNCTIONS["cmath." + _name] = _function
for _name in ("norm", "solve", "inv", "det", "cholesky"):
    FUNCTIONS["numpy.linalg." + _name] = FUNCTIONS.pop("numpy." + _name)
for _name, _function in {
    "list_index": python.list_index,
    "list_count": python.list_count,
    "outer_of": products.outer_of,
    "sort_in_place": sorting.sort_in_place,
}.items():
    FUNCTIONS["library." + _name] = _function
for _other, _name in {"around": "round", "row_stack": "vstack", "concat": "concatenate"}.items():
    FUNCTIONS["numpy." + _other] = FUNCTIONS["numpy." + _name]
INTRINSICS = {function: "library." + name for name, function in _public(intrinsics).items()}

# What each function of the library is called in program text.
NAMES: dict[Any, str] = {function: name for name, function in reversed(FUNCTIONS.items())}
for _module in (making, products, statistics, sorting, rearranging, python, complexes):
    for _name, _function in _public(_module).items():
        NAMES.setdefault(_function, f"{_module.__name__.rsplit('.', 1)[1]}.{_name}")

# What the compiler calls of the library on its own: for an attribute, an operator, another function.
METHODS = {
    name: "numpy." + name
    for name in (
        "mean",
        "dot",
        "argmin",
        "argmax",
        "cumsum",
        "cumprod",
        "std",
        "var",
        "trace",
        "round",
        "argsort",
        "diagonal",
        "repeat",
        "take",
        "squeeze",
        "swapaxes",
        "searchsorted",
        "ptp",
    )
}
METHODS |= {
    "sort": "library.sort_in_place",
    "outer": "library.outer_of",
    "index": "library.list_index",
    "count": "library.list_count",
}
NEEDS = {
    "sum": ("builtins.sum",),
    "any": ("builtins.any",),
    "all": ("builtins.all",),
    "min": ("builtins.min",),
    "max": ("builtins.max",),
    "list": ("builtins.list",),
    "round": ("numpy.round",),
    "sorted": ("builtins.list", "numpy.sort"),
}
