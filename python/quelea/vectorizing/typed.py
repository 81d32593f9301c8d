"""An element function for some types of numbers: what it gives, and how it is computed."""

from __future__ import annotations

import math
import types
from dataclasses import dataclass, field
from typing import Any

import numpy

from .. import _quelea
from ..compiling import Function
from ..compiling.report import split
from ..compiling.signatures import IR, NAMES, is_argument, type_of
from ..creation import empty
from .straight import NotStraight, Straight, narrowed
from .written import element_function

TYPE_OF = {numpy.dtype(name): text for name, text in IR.items()}
WEAK = {"bool": "bool", "int": "int64", "float": "float64", "complex": "complex128"}
_DTYPES = {**NAMES, **WEAK}  # of the types of numbers
_NUMBERS = bool, int, float, complex, numpy.number, numpy.bool_


@dataclass
class Typed:
    """What an element function is for some types of its arguments."""

    results: list[numpy.dtype[Any]]
    straight: Straight | None
    why_not: str = ""  # it is not
    stored: bool = False  # it gave numbers one by one: a number alone is no tuple
    narrowed: list[tuple[int, numpy.dtype[Any]]] = field(default_factory=list)

    def refuse_large(self, given: list[Any]) -> None:
        """Refuse what NumPy refuses: integers of Python's beside a dtype that does not hold them."""
        for number, dtype in self.narrowed:
            value, limits = given[number], numpy.iinfo(dtype)
            if type(value) is int and not limits.min <= value <= limits.max:
                raise OverflowError(f"Python integer {value} out of bounds for {dtype}")


class Element:
    """A function of numbers, which is compiled for what it is given."""

    def __init__(self, function: Any) -> None:
        if isinstance(function, Function):
            function = function.__wrapped__
        if not isinstance(function, types.FunctionType):
            raise TypeError(
                f"an element function is a Python function, not {type(function).__name__}"
            )
        self.function = function
        self.compiled: Function = element_function(function)
        self._known: dict[str, Typed] = {}
        self._builds = 0

    @property
    def name(self) -> str:
        """The function's."""
        return str(self.function.__name__)

    def types(self, count: int) -> list[str]:
        """For which types of so many numbers it was compiled, and what it gives: "dd->d"."""
        found: dict[str, None] = {}
        for text, typed in self._known.items():
            given = split(text)[:count]
            if all(part in _DTYPES for part in given):
                letters = "".join(numpy.dtype(_DTYPES[part]).char for part in given)
                found[f"{letters}->{''.join(to.char for to in typed.results)}"] = None
        return list(found)

    def _captures(self) -> list[Any]:
        self.compiled._known_program()
        self._builds = self._builds or self.compiled._builds
        return captures_of(self.compiled)

    def typed(self, given: list[str], plain: bool = True) -> Typed:
        """What it is for arguments of some types. plain: they are numbers.

        Raises
        ------
        JitError
            It is not in the language.
        TypeError
            It gives no numbers.
        """
        captures = self._captures()
        text = "(" + ", ".join([*given, *map(type_of, captures)]) + ")"
        try:
            self.compiled._compile(text)
        except Exception:
            if self._builds == self.compiled._builds:
                raise
        if self._builds != self.compiled._builds:  # a name that it depends on has changed
            self._builds = self.compiled._builds
            self._known.clear()
            return self.typed(given, plain)
        if text not in self._known:
            if len(self._known) == 256:
                self._known.clear()
            self._known[text] = self._typed(text, plain and all(map(is_number, captures)))
        return self._known[text]

    def _typed(self, text: str, plain: bool) -> Typed:
        rows = [row[0] for row in self.compiled._specials()]
        number = len(rows) - 1 - rows[::-1].index(text)
        result = self.compiled._specials()[number][1]
        parts = split(result) if result.startswith("(") else [result]
        if not parts or any(part not in _DTYPES for part in parts):
            raise TypeError(
                f"{self.name}() gives {result}: an element function gives a number, or a tuple of numbers"
            )
        results = [numpy.dtype(_DTYPES[part]) for part in parts]
        made = Typed(results, None, stored=not result.startswith("("))
        try:
            if not plain:
                raise NotStraight("it is given arrays whole")
            optimised = self.compiled._text(number, "optimised")
            made.narrowed = narrowed(optimised)
            made.straight = Straight(optimised, len(results))
        except NotStraight as reason:
            made.why_not = str(reason)
        return made

    def captured(self) -> list[Any]:
        """The numbers that it takes from around it, as they are now, of dtypes."""
        return [as_typed(value) for value in self._captures()]

    def refuse_large(self, typed: Typed, given: list[Any]) -> None:
        """Refuse integers that do not fit beside what they meet."""
        if typed.narrowed:
            typed.refuse_large([*given, *self._captures()])


def _around(function: Function) -> list[Any]:
    found: list[Any] = []
    for place, name in function._known_program().captures:
        if isinstance(place, types.CellType):
            found.append(place.cell_contents)
        else:
            found.append(place.get(name, place))  # nothing is no number either
    return found


def captures_of(function: Function) -> list[Any]:
    """What a function takes from around it, as it is now.

    Raises
    ------
    JitError
        A name stands for something else by now, which is not in the language.
    """
    found = _around(function)
    if not all(map(is_argument, found)):
        function._prepare()  # which says so, with the line
        found = _around(function)
    return found


def captured_types(function: Function) -> list[str]:
    """The types of that."""
    return [type_of(value) for value in captures_of(function)]


def is_number(value: Any) -> bool:
    """Whether it is a number, not an array."""
    return isinstance(value, _NUMBERS)


def as_typed(value: Any) -> Any:
    """A number of a dtype, as compiled code has Python's own."""
    kind = WEAK.get(type(value).__name__)
    return (
        value if kind is None or isinstance(value, numpy.generic) else numpy.dtype(kind).type(value)
    )


def _rank(x: Any) -> int:
    """Of bools, integers, floats, complex numbers."""
    kind = x.dtype.kind if hasattr(x, "dtype") else numpy.dtype(WEAK[type(x).__name__]).kind
    return "bifc".index(kind.replace("u", "i"))


def settled(given: list[Any]) -> list[Any]:
    """Python's numbers that are of a larger kind than all that has a dtype: as numbers of dtypes, as NumPy has them."""
    largest = max((_rank(x) for x in given if hasattr(x, "dtype")), default=-1)
    return [x if hasattr(x, "dtype") or _rank(x) <= largest else as_typed(x) for x in given]


def native(given: Any) -> numpy.ndarray[Any, Any]:
    """NumPy's array of it, in the machine's order of bytes; of numbers alone."""
    if isinstance(given, numpy.ma.MaskedArray):
        raise TypeError(
            "a masked array is given, whose mask is not seen: give its data, x.filled(...)"
        )
    array = numpy.asarray(given)
    if array.dtype not in TYPE_OF and array.dtype.newbyteorder("=") not in TYPE_OF:
        raise TypeError(f"an element function takes numbers, not elements of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def allowed(given: Any, dtype: numpy.dtype[Any], casting: str) -> bool:
    """May it be cast so? A number of Python's own to every dtype of its kind, or of a larger one."""
    if type(given).__name__ in WEAK and not isinstance(given, numpy.generic):
        own = numpy.dtype(WEAK[type(given).__name__]).kind
        kinds = "biufc"
        return casting == "unsafe" or (
            kinds.index(own) <= kinds.index(dtype.kind) or (own == "i" and dtype.kind == "u")
        )
    return numpy.can_cast(given.dtype, dtype, casting)  # type: ignore[arg-type]


def refused_cast(name: str, what: str, given: Any, dtype: Any, casting: str) -> TypeError:
    """NumPy's words."""
    own = getattr(given, "dtype", type(given).__name__)
    return TypeError(
        f"Cannot cast ufunc '{name}' {what} from {own!r} to {dtype!r} with casting rule {casting!r}"
    )


def is_ours(value: Any) -> bool:
    """Whether it is an array of Quelea's."""
    return isinstance(value, _quelea.ndarray)


_SPREAD = 1 << 16  # elements that are not replicated for their number
_FEW = 4096  # elements that each rank may as well have


def target(shape: tuple[int, ...], dtype: Any, read: int) -> Any:
    """A new array for a loop that reads so many elements, of which it stores fewer.

    Arrays of few elements are replicated, so that each rank would compute them, of all that is read. So these are a
    part of a larger one, which ranks share. Whoever gives it away copies it.
    """
    size = math.prod(shape)
    if not size or size >= _SPREAD or read <= _FEW or _quelea.info()["size"] == 1:
        return empty(shape, dtype)
    return empty((*shape, -(-_SPREAD // size)), dtype)[..., 0]


def for_loops(array: Any) -> Any:
    """An array as loops over ranks take it: no parts of complex numbers, and nothing that has been reshaped."""
    if not is_ours(array) or (_quelea.is_box(array) and not _quelea.is_part(array)):
        return array
    return array.copy() if _quelea.is_part(array) or _quelea.info()["size"] > 1 else array
