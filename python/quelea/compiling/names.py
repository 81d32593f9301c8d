"""What the names that a function takes from outside stand for.

A name becomes one of the nodes of the program text:

- ``(ref "numpy.sin")``   a function, type or constant that the compiler knows by its name
- ``(use 2)``             another function of the program, compiled with it
- ``(capture 0)``         a number or an array: a hidden argument, read anew at each call
- a literal               None, a bool, a text: the program holds as long as the name has this value
"""

from __future__ import annotations

import builtins
import cmath
import inspect
import math
import sys
import types
from typing import Any

import numpy

from .. import _quelea
from . import c_functions

MODULES = {
    "numpy": "numpy",
    "numpy.linalg": "numpy.linalg",
    "numpy.random": "numpy.random",
    "quelea": "quelea",
    "quelea.linalg": "quelea.linalg",
    "quelea.random": "quelea.random",
    "math": "math",
    "cmath": "cmath",
    "builtins": "",
}
TYPES: dict[Any, str] = {
    int: "int",
    float: "float",
    bool: "bool",
    complex: "complex",
    range: "range",
    enumerate: "enumerate",
    zip: "zip",
    tuple: "tuple",
    slice: "slice",
    list: "list",
    map: "map",
    reversed: "reversed",
    type: "type",
}
DTYPES: tuple[str, ...] = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
)
DTYPES += ("float16", "float32", "float64", "complex64", "complex128")


Place = dict[str, Any] | types.CellType  # where the value of a name stands


class Missing:
    """The value of a name that is not there."""


def lookup(function: types.FunctionType, name: str) -> tuple[Any, Place]:
    """The value of a name that is not local, and where it stands."""
    free = function.__code__.co_freevars
    if name in free and function.__closure__:
        cell = function.__closure__[free.index(name)]
        try:
            return cell.cell_contents, cell
        except ValueError:
            return Missing, cell
    if name in function.__globals__:
        return function.__globals__[name], function.__globals__
    if hasattr(builtins, name):
        return getattr(builtins, name), vars(builtins)
    return Missing, function.__globals__


def is_module(value: Any) -> bool:
    """Say whether it is a module."""
    return isinstance(value, types.ModuleType)


def known_module(module: types.ModuleType) -> str | None:
    """The name under which the compiler knows a module's functions; None: it does not."""
    return MODULES.get(module.__name__)


def known_name(value: Any) -> str | None:
    """The name under which the compiler knows a function or a type; None: it does not."""
    if isinstance(value, type):
        if value in TYPES:
            return TYPES[value]
        if is_named_tuple(value):
            return "named" + named(value)
        if value is numpy.longlong:
            return "numpy.int64"
        of_numpy = value.__name__.rstrip("_")
        if of_numpy in DTYPES and value is getattr(numpy, of_numpy):
            return "numpy." + of_numpy
        return None
    if isinstance(value, numpy.dtype):
        return "numpy." + value.name if value.name in DTYPES and value.isnative else None
    if isinstance(value, numpy.ufunc):  # others make them too, of any name
        own = getattr(numpy, value.__name__, None) is value
        return "numpy." + value.__name__ if own else None
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__name__", None)
    if not callable(value) or not isinstance(name, str):
        return None
    if module == "math" and getattr(math, name, None) is value:
        return "math." + name
    if module == "cmath" and getattr(cmath, name, None) is value:
        return "cmath." + name
    if module == "builtins" and getattr(builtins, name, None) is value:
        return name
    if module.split(".")[0] == "numpy" and getattr(numpy, name, None) is value:
        return "numpy." + name
    if module.split(".")[0] == "numpy" and getattr(numpy.linalg, name, None) is value:
        return "numpy.linalg." + name
    if module.startswith("quelea.random"):
        return "quelea.random." + name
    return _own_name(value, name)


def _own_name(value: Any, name: str) -> str | None:
    """The name of a function of ours; what is made from the program's functions has their names."""
    ours = sys.modules["quelea"]
    if getattr(ours, name, None) is value:
        known = name in vars(numpy)
        return "range" if name == "prange" else "quelea." + name if known else None
    return "quelea.linalg." + name if getattr(ours.linalg, name, None) is value else None


NAMED: list[type] = []  # classes of named tuples, by the numbers that types have of them


def is_named_tuple(value: type) -> bool:
    """Say whether it is a class of named tuples."""
    return issubclass(value, tuple) and isinstance(getattr(value, "_fields", None), tuple)


def named(value: type) -> str:
    """The number and the fields of a class of named tuples, as types have them: "3 x y"."""
    if value not in NAMED:
        NAMED.append(value)
    return " ".join([str(NAMED.index(value)), *value._fields])  # type: ignore[attr-defined]


def is_taken(value: Any) -> bool:
    """Say whether a compiled function takes an argument."""
    if isinstance(value, tuple):
        return all(is_taken(item) for item in value)
    return value is None or isinstance(value, (slice, bool)) or is_capture(value)


def is_static(value: Any) -> bool:
    """Say whether an argument is a part of the program: a function, a dtype, a text."""
    if isinstance(value, tuple) and type(value) is tuple:
        return bool(value) and all(is_static(item) for item in value)
    if isinstance(value, str) or value is Ellipsis:
        return True
    if isinstance(value, (numpy.dtype, type)):
        return known_name(value) is not None
    return callable(value) and (
        is_python_function(value)
        or c_functions.is_external(value)
        or isinstance(value, _quelea.Function)
        or known_name(value) is not None
    )


def key_of(value: Any) -> Any:
    """What is equal for the same static argument; of a function of C what it is, takes and gives at present."""
    if isinstance(value, tuple):
        return tuple(key_of(item) for item in value)
    if not c_functions.is_external(value):
        return value
    try:
        return c_functions, c_functions.name_of(value)
    except c_functions.Unusable:
        return c_functions, id(value)  # compiling says why


def is_capture(value: Any) -> bool:
    """Say whether a value becomes a hidden argument."""
    if isinstance(value, tuple):
        return all(is_capture(item) for item in value)
    if isinstance(value, (numpy.ndarray, _quelea.ndarray)):
        return type(value) in (numpy.ndarray, _quelea.ndarray)
    kinds = int, float, complex, numpy.number, numpy.bool_
    return isinstance(value, kinds) and not isinstance(value, bool)


def is_python_function(value: Any) -> bool:
    """Say whether it can be compiled with its caller."""
    return inspect.isfunction(value)
