"""Prototypes in C, as `native` takes them.

    double dot(int n, const double x[n], const double y[n])
    int filter(double window[size], intptr_t size, double result[1], void *data)

Arrays are given by the address of their first element, and lie in C order; their extents are other parameters, or
numbers. The function in Python has the same parameters in the same order, without those that are ``void *``.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from dataclasses import dataclass
from typing import Any

from .signatures import parse_signatures

__all__ = ["CType", "Parameter", "Prototype", "is_name", "type_of_ir"]


@dataclass(frozen=True)
class CType:
    """A type of C, in the languages that it is met in."""

    name: str
    ir: str  # of the compiler
    llvm: str
    ctype: Any

    @property
    def is_int(self) -> bool:
        """Say whether it is an integer."""
        return self.ir[0] in "iu"


_INTS = [
    CType(f"{'u' if u else ''}int{b}_t", f"{'u' if u else 'i'}{b}", f"i{b}", c)
    for b, u, c in (
        (8, 0, ctypes.c_int8), (16, 0, ctypes.c_int16), (32, 0, ctypes.c_int32), (64, 0, ctypes.c_int64),
        (8, 1, ctypes.c_uint8), (16, 1, ctypes.c_uint16), (32, 1, ctypes.c_uint32), (64, 1, ctypes.c_uint64),
    )
]  # fmt: skip
_TYPES = {
    t.name: t
    for t in (
        *_INTS,
        CType("double", "f64", "double", ctypes.c_double),
        CType("float", "f32", "float", ctypes.c_float),
        CType("bool", "b8", "i8", ctypes.c_bool),
    )
}
_OTHER_NAMES = {
    "signed char": "int8_t", "unsigned char": "uint8_t", "short": "int16_t", "unsigned short": "uint16_t",
    "int": "int32_t", "unsigned": "uint32_t", "unsigned int": "uint32_t", "long": "int64_t", "long long": "int64_t",
    "unsigned long": "uint64_t", "unsigned long long": "uint64_t", "intptr_t": "int64_t", "ssize_t": "int64_t",
    "ptrdiff_t": "int64_t", "npy_intp": "int64_t", "size_t": "uint64_t", "uintptr_t": "uint64_t", "_Bool": "bool",
}  # fmt: skip
_TYPES |= {name: _TYPES[other] for name, other in _OTHER_NAMES.items()}
_WEAK = {"int": "i64", "float": "f64", "bool": "b8"}


# ---- prototypes ----

_FUNCTION = re.compile(r"(?P<result>[\w ]+?) ?(?P<name>\b\w+)? ?\((?P<rest>.*)\) ?;?", re.ASCII)
_PARAMETER = re.compile(
    r"(?P<const>const )?(?P<type>[\w ]+?) ?(?P<star>\*? ?)(?P<name>\b\w+)(?P<axes>( ?\[ ?\w+ ?\])*)",
    re.ASCII,
)
_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const const_cast constexpr
continue decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto if
inline int int16_t int32_t int64_t int8_t long mutable namespace new noexcept not not_eq nullptr operator or or_eq
private protected public register reinterpret_cast restrict return short signed sizeof static static_assert static_cast
struct switch template this thread_local throw true try typedef typeid typename typeof uint16_t uint32_t uint64_t
uint8_t union unsigned using virtual void volatile wchar_t while xor xor_eq
"""  # of C and C++
_KEYWORDS = frozenset(_WORDS.split())
_IN_HEADERS = {"npy_intp": "int64_t", "ssize_t": "int64_t", "_Bool": "bool"}  # of what needs others


def is_name(text: str) -> bool:
    """Say whether something can be called so in C and C++."""
    return text.isidentifier() and text.isascii() and text not in _KEYWORDS


@dataclass(frozen=True)
class Parameter:
    """A parameter of a C function: a number, an array, or an address that nobody looks at."""

    name: str
    type: CType | None  # None: void *
    extents: tuple[str, ...] = ()
    is_const: bool = False

    @property
    def text(self) -> str:
        """The type, as compiled functions have it."""
        assert self.type is not None
        const = "const " if self.is_const and self.extents else ""
        axes = f"[{','.join(':' * len(self.extents))}:1]" if self.extents else ""
        return const + self.type.ir + axes

    def declared(self, written: str) -> str:
        """Give it as a header has it: `written` is how the type was written."""
        return (
            f"{written}*{self.name}" if self.extents or not self.type else f"{written}{self.name}"
        )


def _of_numbers(text: str) -> str:
    """Give a signature of numbers, as Numba has it, as a prototype; a prototype as it is."""
    try:
        (signature,) = parse_signatures(text)
    except ValueError:
        return text
    given = [*signature.arguments, *([signature.result] if signature.result else [])]
    if any("[" in t.text for t in given):
        raise ValueError(
            f"{text!r} has arrays: write a prototype in C, as 'double (int n, double x[n])'"
        )
    if signature.result is None or any(t.text[0] in "c(" or t.text == "f16" for t in given):
        raise ValueError(f"{text!r} is no function of C: it gives and takes integers and floats")
    known = {t.ir: t.name for t in _TYPES.values()} | {"none": "void"}
    return (
        f"{known[signature.result.text]} ({', '.join(known[t.text] for t in signature.arguments)})"
    )


class Prototype:
    """How a function is called from C."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(_of_numbers(text).split())
        found = _FUNCTION.fullmatch(self.text)
        if not found:
            raise self.wrong("write one as 'double (double x)'")
        result, name = found["result"].strip(), found["name"]
        if name and f"{result} {name}" in (*_TYPES, "unsigned", "void"):
            result, name = f"{result} {name}", None
        elif not name and result not in (*_TYPES, "void"):
            raise self.wrong(f"{result} is no type of numbers")
        self.name: str | None = name
        self.result = None if result == "void" else self._type(result)
        self.parameters: list[Parameter] = []
        self.written: list[str] = []  # their types, as they were
        rest = found["rest"].strip()
        for one in [] if rest in ("", "void") else rest.split(","):
            self._parameter(one.strip())
        self._check()

    def wrong(self, why: str) -> ValueError:
        """What is raised for a text that is no prototype."""
        return ValueError(f"{self.text!r} is no prototype that is known here: {why}")

    def _type(self, name: str) -> CType:
        if name not in _TYPES:
            known = ", ".join(_TYPES)
            raise self.wrong(f"{name} is none of {known}")
        return _TYPES[name]

    def _parameter(self, text: str) -> None:
        if text in _TYPES or text == "void *":  # without a name
            text = f"{text} unnamed{len(self.parameters)}"
        found = _PARAMETER.fullmatch(text)
        if not found:
            raise self.wrong(
                f"of {text!r} neither a number nor an array, as 'double x[n]', can be made"
            )
        if found["star"].strip():
            if found["type"] != "void" or found["axes"]:
                raise self.wrong(
                    f"write {text!r} with its extents, as 'double x[n]'; or as 'void *data', which is not looked at"
                )
            kind = None
        else:
            kind = self._type(found["type"])
        extents = tuple(re.findall(r"\w+", found["axes"]))
        self.parameters.append(Parameter(found["name"], kind, extents, bool(found["const"])))
        written = _IN_HEADERS.get(found["type"], found["type"])
        self.written.append((found["const"] or "") + written + " ")

    def _check(self) -> None:
        ints = {p.name for p in self.parameters if p.type and p.type.is_int and not p.extents}
        names = [p.name for p in self.parameters]
        if len(set(names)) != len(names):
            raise self.wrong("two parameters have one name")
        for name in [*names, *([self.name] if self.name else [])]:
            if not is_name(name):
                raise self.wrong(f"nothing is called {name} in C")
        for extent in itertools.chain.from_iterable(p.extents for p in self.parameters):
            if extent.isdigit() and (str(int(extent)) != extent or int(extent) >= 2**63):
                raise self.wrong(f"{extent} is no extent: write a number as 10 or 128")
            if not extent.isdigit() and extent not in ints:
                raise self.wrong(
                    f"{extent} is neither a number nor an integer among the parameters"
                )

    @property
    def taken(self) -> list[Parameter]:
        """The parameters that the function in Python has."""
        return [p for p in self.parameters if p.type is not None]

    def declaration(self, name: str) -> str:
        """Give the declaration, in C and C++."""
        result = "void" if self.result is None else self.result.name
        pairs = zip(self.parameters, self.written, strict=True)
        return f"{result} {name}({', '.join(p.declared(w) for p, w in pairs) or 'void'});"

    def ctype(self) -> Any:
        """Give the type of such functions of `ctypes`."""
        given = [
            ctypes.c_void_p
            if p.type is None
            else ctypes.POINTER(p.type.ctype)
            if p.extents
            else p.type.ctype
            for p in self.parameters
        ]
        return ctypes.CFUNCTYPE(self.result.ctype if self.result else None, *given)


def type_of_ir(name: str) -> CType:
    """Give the type of C that the compiler calls so."""
    return next(t for t in _TYPES.values() if t.ir == _WEAK.get(name, name))
