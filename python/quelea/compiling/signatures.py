"""Explicit signatures, with Numba's meaning: as texts, and of types.

    "float64(float64[:], int64)"    float64(float64[:], int64)    (float64[:], int64)

A type is NumPy's: a number of a dtype, an array of it (``[:, :]`` in any order, ``[:, ::1]`` in C order), a tuple, or
nothing. `quelea.types` has them under Numba's names.
"""

from __future__ import annotations

import re
from typing import Any

import numpy

from .. import _quelea

IR = {
    "bool": "b8",
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "c64",
    "complex128": "c128",
}
IR |= {f"{kind}{bits}": f"{kind[0]}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
NUMBA = {
    "boolean": "bool",
    "bool_": "bool",
    "b1": "bool",
    "byte": "uint8",
    "char": "int8",
    "uchar": "uint8",
    "short": "int16",
    "ushort": "uint16",
    "intc": "int32",
    "uintc": "uint32",
    "int_": "int64",
    "uint": "uint64",
    "long_": "int64",
    "ulong": "uint64",
    "longlong": "int64",
    "ulonglong": "uint64",
    "intp": "int64",
    "uintp": "uint64",
    "size_t": "uint64",
    "ssize_t": "int64",
    "float_": "float32",
    "double": "float64",
    "i1": "int8",
    "i2": "int16",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "u2": "uint16",
    "u4": "uint32",
    "u8": "uint64",
    "f4": "float32",
    "f8": "float64",
    "c8": "complex64",
    "c16": "complex128",
}


class Type:
    """The type of an argument or a result, called with types a `Signature`.

    Attributes
    ----------
    text : str
        As compiled functions have it: "f64[:,::1]".
    """

    def __init__(self, name: str, text: str, items: tuple[Type, ...] | None = None) -> None:
        self.name = name
        self.text = text
        self.items = items  # of a tuple

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __getitem__(self, axes: Any) -> Type:
        if "[" in self.text or self.text == "none" or self.text[0] == "(":
            raise TypeError(f"there are no arrays of {self.name}")
        every = axes if isinstance(axes, tuple) else (axes,)
        words = []
        for number, axis in enumerate(every):
            if not isinstance(axis, slice) or axis.start is not None or axis.stop is not None:
                raise TypeError("an array type is written as float64[:, :]")
            if axis.step not in (None, 1):
                raise TypeError("an axis is : or ::1")
            if axis.step == 1 and number + 1 < len(every):
                raise TypeError("::1 stands last: arrays in Fortran order are given as [:, :]")
            words.append("::1" if axis.step == 1 else ":")
        name = f"{self.name}[{', '.join(words)}]"
        return Type(name, f"{self.text}[{','.join(words)}]")

    def __call__(self, *arguments: Any) -> Any:
        """Make a signature of types; a number of others."""
        if arguments and all(isinstance(a, (Type, tuple, list)) for a in arguments):
            return Signature(tuple(map(as_type, arguments)), self)
        if not arguments:
            return Signature((), self)
        return numpy.dtype(self.name).type(*arguments)

    def convert(self, value: Any) -> Any:
        """The value as one of this type; NotImplemented if it is none."""
        if self.text == "none":
            return value if value is None else NotImplemented
        if self.items is not None:
            if not isinstance(value, tuple) or len(value) != len(self.items):
                return NotImplemented
            taken = [t.convert(v) for t, v in zip(self.items, value, strict=True)]
            return NotImplemented if any(t is NotImplemented for t in taken) else tuple(taken)
        if "[" in self.text:
            found = type_of(value)  # one in C order is one in any
            same = self.text in (found, found.replace("::1", ":"))
            return value if same else NotImplemented
        dtype = numpy.dtype(NAMES[self.text])
        if isinstance(value, (bool, int, float, complex, numpy.generic)):
            kinds = "biufc"
            own = numpy.asarray(value).dtype.kind
            if own in kinds and (
                kinds.index(own) <= kinds.index(dtype.kind) or (own in "iu" and dtype.kind in "iu")
            ):
                return dtype.type(value)
        return NotImplemented


class Signature:
    """The types of arguments, and of the result if it is said."""

    def __init__(self, arguments: tuple[Type, ...], result: Type | None) -> None:
        self.arguments = arguments
        self.result = result
        self.text = "(" + ", ".join(a.text for a in arguments) + ")"

    def __repr__(self) -> str:
        inside = ", ".join(a.name for a in self.arguments)
        return f"{self.result.name if self.result else ''}({inside})"

    def convert(self, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The arguments as it has them; None: they are others."""
        if len(arguments) != len(self.arguments):
            return None
        converted = []
        for one, value in zip(self.arguments, arguments, strict=True):
            taken = one.convert(value)
            if taken is NotImplemented:
                return None
            converted.append(taken)
        return tuple(converted)

    def gives(self, result: str) -> bool:
        """Say whether that is the type of its result, but for the order of arrays."""
        weak = {"int": "i64", "float": "f64", "bool": "b8", "complex": "c128"}
        assert self.result is not None
        found = re.sub(
            r"\b(int|float|bool|complex)\b",
            lambda m: weak[m[0]],
            result.replace("ours ", "").replace("list ", "").replace("const ", ""),
        )
        return found.replace("::1", ":") == self.result.text.replace("::1", ":")


NAMES = {text: name for name, text in IR.items()}
TYPES: dict[str, Type] = {name: Type(name, text) for name, text in IR.items()}
TYPES |= {other: TYPES[name] for other, name in NUMBA.items()}
TYPES |= {"void": Type("void", "none"), "none": Type("none", "none")}


def Tuple(items: Any) -> Type:
    """A tuple of types."""
    every = tuple(map(as_type, items))
    last = "," if len(every) == 1 else ""
    name = "Tuple((" + ", ".join(t.name for t in every) + last + "))"
    return Type(name, "(" + ", ".join(t.text for t in every) + last + ")", every)


def UniTuple(item: Any, count: int) -> Type:
    """A tuple of so many of one type."""
    return Tuple([item] * count)


def as_type(given: Any) -> Type:
    """A type of a type, a dtype, a class of numbers, or a tuple of types."""
    if isinstance(given, Type):
        return given
    if isinstance(given, (tuple, list)):
        return Tuple(given)
    if given is None:
        return TYPES["none"]
    name = numpy.dtype(given).name
    if name not in IR:
        raise TypeError(f"{given!r} is no type of @jit")
    return TYPES[name]


def _is_contiguous(array: Any) -> bool:
    step = array.itemsize
    for extent, stride in zip(reversed(array.shape), reversed(array.strides), strict=True):
        if extent > 1 and stride != step:
            return False
        step *= extent
    return True


def is_argument(value: Any) -> bool:
    """Whether a compiled function may be given it, as far as its class says."""
    kinds = (bool, int, float, complex, tuple, numpy.number, numpy.bool_, numpy.ndarray)
    return value is None or isinstance(value, (*kinds, _quelea.ndarray))


def type_of(value: Any) -> str:
    """The type of an argument as text."""
    if isinstance(value, (numpy.ndarray, _quelea.ndarray)):
        axes = ",".join([":"] * value.ndim)
        contiguous = value.ndim and _is_contiguous(value)
        return f"{IR.get(value.dtype.name, value.dtype.name)}[{axes}{':1' if contiguous else ''}]"
    if isinstance(value, tuple):
        last = "," if len(value) == 1 else ""
        return "(" + ", ".join(map(type_of, value)) + last + ")"
    if isinstance(value, numpy.generic):
        return IR.get(value.dtype.name, value.dtype.name)
    return "none" if value is None else type(value).__name__


# ---- texts ----

_WORDS = re.compile(r"\s*([A-Za-z_]\w*|::1|[\[\](),:]|\d+)")


class Reader:
    """Reads a signature."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = _WORDS.findall(text)
        if "".join(self.words) != re.sub(r"\s", "", text):
            raise self.wrong()
        self.at = 0

    def wrong(self) -> ValueError:
        """What is raised for something that is no signature."""
        return ValueError(
            f"{self.text!r} is no signature: write one as 'float64(float64[:], int64)'"
        )

    def next(self) -> str:
        """The word that is there, "" at the end."""
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, word: str) -> bool:
        """Goes on if the word is there."""
        if self.next() != word:
            return False
        self.at += 1
        return True

    def types(self) -> list[Type]:
        """What stands in parentheses."""
        found = []
        while not self.take(")"):
            found.append(self.type())
            if not self.take(",") and self.next() != ")":
                raise self.wrong()
        return found

    def type(self) -> Type:
        """One type."""
        if self.take("("):
            return Tuple(self.types())
        name = self.next()
        self.at += 1
        if name in ("Tuple", "UniTuple") and self.take("("):
            items = [self.type()]
            count = 1
            if name == "UniTuple":
                if not self.take(",") or not self.next().isdigit():
                    raise self.wrong()
                count = int(self.next())
                self.at += 1
            if not self.take(")"):
                raise self.wrong()
            return UniTuple(items[0], count) if name == "UniTuple" else items[0]
        if name not in TYPES:
            raise self.wrong()
        made = TYPES[name]
        if self.take("["):
            axes = []
            while not self.take("]"):
                if self.take("::1"):
                    axes.append(slice(None, None, 1))
                elif self.take(":"):
                    axes.append(slice(None))
                else:
                    raise self.wrong()
                self.take(",")
            made = made[tuple(axes)]
        return made

    def signature(self) -> Signature:
        """All of it."""
        result = None if self.next() == "(" else self.type()
        if not self.take("("):
            raise self.wrong()
        arguments = tuple(self.types())
        if self.next():
            raise self.wrong()
        return Signature(arguments, result)


def parse_signatures(given: Any) -> tuple[Signature, ...]:
    """The signatures that `jit` is given: none, one, or a list."""
    if given is None:
        return ()
    if isinstance(given, list):
        return tuple(one for item in given for one in parse_signatures(item))
    if isinstance(given, Signature):
        return (given,)
    if isinstance(given, str):
        return (Reader(given).signature(),)
    if isinstance(given, tuple):
        return (Signature(tuple(map(as_type, given)), None),)
    raise TypeError(f"jit compiles Python functions, not {type(given).__name__}")
