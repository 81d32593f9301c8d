"""Functions of C that compiled functions call: of `ctypes`, of cffi, or by an address and a prototype.

Each becomes a name of the program (jit/program/external.c), which says what it takes and what it gives; where it is the
linker alone is told, by a symbol that is the same in all processes. So kernels on disk know no address.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import re
import sys
from typing import Any

import numpy

from .. import _quelea
from .prototypes import Prototype

__all__ = [
    "External",
    "Unusable",
    "external",
    "is_external",
    "is_ffi",
    "is_library",
    "known_as",
    "name_of",
]


class Unusable(Exception):
    """What a function of C has that compiled functions cannot call: what, and what to write instead."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what, self.advice = what, advice


# ---- their names, and where they are ----


class _Place(ctypes.Structure):
    """What `dladdr` says of an address."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("at", ctypes.c_void_p),
    )


@functools.cache
def _contents(path: str) -> str:
    """What tells a library from others of its name: its size and its beginning, where linkers note what they built."""
    try:
        with open(path, "rb") as file:
            beginning = file.read(1 << 16)
            return hashlib.sha1(beginning + b"%d" % os.fstat(file.fileno()).st_size).hexdigest()
    except OSError:
        return ""


def _place_of(address: int) -> tuple[str, str, str]:
    """The library in which an address is, its name there, "" where it has none, and what is the same on all ranks."""
    place = _Place()
    process = ctypes.CDLL(None)
    found = getattr(process, "dladdr", None)  # of older libraries it is elsewhere
    if found is None or not found(ctypes.c_void_p(address), ctypes.byref(place)):
        return "", "", ""
    path, name = os.fsdecode(place.file or b""), ""
    if place.name and place.at == address:
        name = place.name.decode()
    library = os.path.basename(path)
    return library, name, f"{library} {_contents(path)} {name or address - (place.base or 0)}"


PREFIX = "quelea_c_"
_known: dict[str, tuple[str, str]] = {}  # libraries and names, by symbols
_at: dict[str, int] = {}  # and their addresses
_symbols: dict[
    tuple[str, str, int], str
] = {}  # by what it is called, takes and gives, and the address
_kept: list[Any] = []  # libraries must stay where they are


def _symbol(shown: str, signature: str, address: int, kept: Any) -> str:
    """The name by which the linker knows it: the same on all ranks, in whatever order they meet such functions.

    Those that lie in no library (callbacks), or in copies of one, are told apart by the order alone.
    """
    known = _symbols.get((shown, signature, address))
    if known is None:
        library, name, place = _place_of(address)
        digest = hashlib.sha1(f"{place or shown} {signature}".encode()).hexdigest()[:12]
        first = f"{PREFIX}{re.sub(r'[^A-Za-z0-9_]', '_', name or shown)[:40]}_{digest}"
        known, number = first, 0
        while _at.get(known, address) != address:
            number += 1
            known = f"{first}_{number}"
        if not _quelea.Function._define(known, address):
            raise MemoryError("no memory for a function of C")
        _symbols[shown, signature, address] = known
        _known[known], _at[known] = (library, name), address
        _kept.append(kept)
    return known


def known_as(symbol: str) -> tuple[str, str]:
    """The library of a function of C, and its name there, or "", by the name that the linker knows."""
    return _known.get(symbol, ("", ""))


def _named(shown: str, result: str, taken: list[str], address: int, kept: Any) -> str:
    signature = " ".join([result, *taken])
    shown = re.sub(r"\W", "_", shown)
    return f"external {shown} {_symbol(shown, signature, address, kept)} {signature}"


# ---- by an address ----


class External:
    """A function of C at an address, as `quelea.jit.external` makes it.

    Attributes
    ----------
    prototype : str
    address : int
    """

    def __init__(self, prototype: str, address: int) -> None:
        self._prototype = Prototype(prototype)
        self.prototype = self._prototype.text
        self.address = address
        self.__name__ = self._prototype.name or "function"
        self._function = self._prototype.ctype()(address)

    def __repr__(self) -> str:
        return f"<quelea.jit.external {self.prototype}>"

    def __call__(self, *args: Any) -> Any:
        """Call it from Python."""
        parameters = self._prototype.parameters
        if len(args) != len(parameters):
            raise TypeError(f"{self.__name__}() takes {len(parameters)} arguments, not {len(args)}")
        by_name = {p.name: value for p, value in zip(parameters, args, strict=True)}
        given = list(args)
        for k, parameter in enumerate(parameters):
            if not parameter.extents:
                continue
            assert parameter.type is not None
            array, dtype = args[k], numpy.dtype(parameter.type.ctype)
            fits = type(array) is numpy.ndarray and array.dtype == dtype
            fits = fits and array.ndim == len(parameter.extents) and array.flags.c_contiguous
            if not fits or not (parameter.is_const or array.flags.writeable):
                raise TypeError(
                    f"{self.__name__}() takes a NumPy array of {dtype} of {len(parameter.extents)} dimensions "
                    "in C order"
                )
            extents = [int(e) if e.isdigit() else int(by_name[e]) for e in parameter.extents]
            if list(array.shape) != extents:
                raise ValueError(
                    f"{self.__name__}() is given an array of other extents than it takes"
                )
            given[k] = array.ctypes.data_as(ctypes.POINTER(parameter.type.ctype))
        return self._function(*given)

    def _text(self) -> str:
        places = {p.name: k for k, p in enumerate(self._prototype.parameters)}
        taken = []
        for parameter in self._prototype.parameters:
            if parameter.type is None:
                taken.append("*")
            elif parameter.extents:
                axes = (e if e.isdigit() else f"#{places[e]}" for e in parameter.extents)
                written = "" if parameter.is_const else "w"
                taken.append(f"={written}{parameter.type.ir}:{','.join(axes)}")
            else:
                taken.append(parameter.type.ir)
        result = self._prototype.result.ir if self._prototype.result else "none"
        return _named(self.__name__, result, taken, self.address, self)


def external(prototype: str, address: int) -> External:
    """Make a function of C, at an address, one that compiled functions call.

    Parameters
    ----------
    prototype : str
        In C, as `quelea.cfunc` takes it: "double (double x)", "void scale(int n, double x[n])". Arrays are given whole,
        NumPy's, in C order, and must have the extents that the prototype says.
    address : int
        In this process, as long as that lives: `f.address` of a compiled function, or what `ctypes.cast` gives.

    Returns
    -------
    External
        It may be called from Python too.

    Examples
    --------
    >>> import ctypes
    >>> import quelea
    >>> libm = ctypes.CDLL("libm.so.6")
    >>> cos = quelea.jit.external("double cos(double x)", ctypes.cast(libm.cos, ctypes.c_void_p).value)
    >>> @quelea.jit
    ... def f(x):
    ...     return cos(x) + 1.0
    >>> f(0.0)
    2.0
    """
    if not isinstance(prototype, str) or not isinstance(address, int) or address <= 0:
        raise TypeError("external takes a prototype in C and an address, an integer")
    return External(prototype, address)


# ---- of ctypes ----

_Function: Any = ctypes.CFUNCTYPE(None).__mro__[1]  # of all functions of ctypes
_NUMBERS = {**dict.fromkeys("bhilq", "i"), **dict.fromkeys("BHILQ", "u"), "f": "f", "d": "f"}
_PYTHON, _ERRNO = 4, 8  # flags of functions: they need the interpreter; they keep errno


def _number_of_ctypes(kind: Any) -> str | None:
    """The type of a number, as the compiler has it; None: it is none."""
    code = getattr(kind, "_type_", None)
    if not (isinstance(kind, type) and issubclass(kind, ctypes._SimpleCData)):
        return None
    if code == "?":
        return "b8"
    own = _NUMBERS.get(code) if isinstance(code, str) else None
    return f"{own}{8 * ctypes.sizeof(kind)}" if own else None


def _said(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


def _of_ndpointer(kind: Any) -> str:
    """What `numpy.ctypeslib.ndpointer` describes."""
    dtype = kind._dtype_
    if dtype is None or dtype.kind not in "biuf" or dtype.itemsize > 8 or not dtype.isnative:
        raise Unusable(
            f"it takes arrays of {dtype or 'any dtype'}",
            "give ndpointer a dtype of integers or floats",
        )
    ir = "b8" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"
    flags = kind._flags_ or 0
    if flags & 0x2 and not flags & 0x1:
        raise Unusable("it takes arrays in Fortran's order", "transpose them, and say C_CONTIGUOUS")
    written = "w" if flags & 0x400 else ""
    order = "" if flags & 0x1 else "?"
    if kind._shape_ is not None:
        axes = ",".join(str(extent) for extent in kind._shape_)
    else:
        axes = "*" if kind._ndim_ is None else ",".join("?" * kind._ndim_)
    return f"={written}{order}{ir}:{axes}"


def _taken_of_ctypes(kind: Any) -> str:
    number = _number_of_ctypes(kind)
    if number is not None:
        return number
    if hasattr(kind, "_ndim_"):
        return _of_ndpointer(kind)
    if kind is ctypes.c_void_p:
        return "*"
    if isinstance(kind, type) and issubclass(kind, ctypes._Pointer):
        number = _number_of_ctypes(kind._type_)
        if number is not None:
            return f"*{number}"
    if isinstance(kind, type) and issubclass(kind, _Function):
        raise Unusable("it takes a function", "call it outside the function")
    raise Unusable(
        f"it takes {_said(kind)}",
        "use functions of integers, floats, and pointers to these",
    )


def _of_ctypes(function: Any) -> str:
    name = getattr(function, "__name__", "function")
    if function._flags_ & _PYTHON:
        raise Unusable("it needs Python's interpreter", "call it outside the function")
    if any(type(kept).__name__ == "CThunkObject" for kept in (function._objects or {}).values()):
        raise Unusable("it is Python's, a callback", "call the Python function itself")
    if function._flags_ & _ERRNO:
        raise Unusable("it keeps errno for ctypes", "open its library without use_errno")
    if getattr(function, "errcheck", None) is not None:
        raise Unusable("it has errcheck", "look at its result in the function")
    if function.argtypes is None:
        raise Unusable(
            "its argtypes are not set",
            "set argtypes, and restype where it does not give an int",
        )
    result = function.restype
    number = "none" if result is None else _number_of_ctypes(result)
    if number is None:
        raise Unusable(f"it gives {_said(result)}", "use functions that give a number, or nothing")
    taken = [_taken_of_ctypes(kind) for kind in function.argtypes]
    address = ctypes.cast(function, ctypes.c_void_p).value
    if not address:
        raise Unusable("it is NULL", "give it an address")
    return _named(name, number, taken, address, function)


# ---- of cffi ----


@functools.cache
def _ffi() -> Any:
    """What asks for types of cffi, where it is in use."""
    return sys.modules["_cffi_backend"].FFI()


def is_ffi(value: Any) -> bool:
    """Say whether something is an FFI of cffi's, of declarations or of a compiled module."""
    if "_cffi_backend" not in sys.modules:
        return False
    declared = getattr(sys.modules.get("cffi"), "FFI", ())
    return isinstance(value, (sys.modules["_cffi_backend"].FFI, declared))


def _type_of_cffi(value: Any) -> Any:
    """The type of a function of cffi's; None: it is none."""
    if "_cffi_backend" not in sys.modules or not callable(value):
        return None
    own = type(value).__module__ == "_cffi_backend"
    library = type(getattr(value, "__self__", None)).__module__ == "_cffi_backend"
    if not own and not library:
        return None
    try:
        kind = _ffi().typeof(value)
    except TypeError:
        return None
    return kind if getattr(kind, "kind", None) == "function" else None


def _number_of_cffi(kind: Any) -> str | None:
    if kind.kind == "enum":
        return f"i{8 * _ffi().sizeof(kind)}"
    if kind.kind != "primitive":
        return None
    name, size = kind.cname, 8 * _ffi().sizeof(kind)
    if name == "_Bool":
        return "b8"
    if name in ("float", "double"):
        return f"f{size}"
    if name == "char" or "long double" in name or "_Complex" in name or name.startswith("char"):
        return None
    if name == "wchar_t":
        return None
    return f"{'i' if int(_ffi().cast(kind, -1)) < 0 else 'u'}{size}"


def _taken_of_cffi(kind: Any) -> str:
    number = _number_of_cffi(kind)
    if number is not None:
        return number
    if kind.kind == "pointer" and kind.item.kind == "void":
        return "*"
    number = _number_of_cffi(kind.item) if kind.kind == "pointer" else None
    if number is not None:
        return f"*{number}"
    if kind.kind == "function":
        raise Unusable("it takes a function", "call it outside the function")
    raise Unusable(
        f"it takes {kind.cname}",
        "use functions of integers, floats, and pointers to these",
    )


def _of_cffi(function: Any, kind: Any) -> str:
    if kind.ellipsis:
        raise Unusable("it takes any number of arguments", "call it outside the function")
    number = "none" if kind.result.kind == "void" else _number_of_cffi(kind.result)
    if number is None:
        raise Unusable(
            f"it gives {kind.result.cname}", "use functions that give a number, or nothing"
        )
    taken = [_taken_of_cffi(k) for k in kind.args]
    library, name = getattr(function, "__self__", None), getattr(function, "__name__", "function")
    pointer = function if library is None else _ffi().addressof(library, name)
    address = int(_ffi().cast("uintptr_t", pointer))
    if not address:
        raise Unusable("it is NULL", "give it an address")
    return _named(name, number, taken, address, (function, library))


# ---- any ----


def is_library(value: Any) -> bool:
    """Say whether the attributes of something are functions of C."""
    if isinstance(value, ctypes.CDLL):
        return True
    kind = type(value)
    name = {"_cffi_backend": "Lib", "cffi.api": "FFILibrary"}.get(kind.__module__)
    return name is not None and kind.__name__.startswith(name)


def is_external(value: Any) -> bool:
    """Say whether something is a function of C."""
    if isinstance(value, (External, _Function)):
        return True
    return _type_of_cffi(value) is not None


def name_of(value: Any) -> str:
    """The name by which programs call a function of C.

    Raises
    ------
    Unusable
        Compiled functions cannot call it.
    """
    if isinstance(value, External):
        return value._text()
    if isinstance(value, _Function):
        return _of_ctypes(value)
    return _of_cffi(value, _type_of_cffi(value))
