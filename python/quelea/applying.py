"""Functions that are applied to the items of arrays: what `mapping` gives to the compiler.

A function is compiled with a loop around it, whose text is written here, for the number of arrays and the types of the
results. The text is Python that ``@jit`` compiles like any other: it calls the function by the name ``function``, so
that this is lowered where it is called, and its refusals stand at its own lines.

    applied(f)            f, once for all functions that are made of the same code
    .results(types)       what it gives for items of such types
    .loop(text, ours)     the text around it, compiled
"""

import contextlib
import inspect
import re
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from . import _quelea
from .compiling import Function, names, report
from .compiling.signatures import IR, NAMES, is_argument, type_of
from .compiling.written import function_of

__all__ = ["Applied", "Result", "applied", "holds_ours", "type_of_item"]

_WEAK: dict[str, type] = {"bool": bool, "int": int, "float": float, "complex": complex}
_OPTIONS = {"boundscheck": False, "python_error": False}


@dataclass(frozen=True)
class Result:
    """What a function gives: a number or an array, or one of several of them.

    Attributes
    ----------
    dtype : numpy.dtype
    ndim : int
    is_list : bool
    """

    dtype: numpy.dtype[Any]
    ndim: int = 0
    is_list: bool = False


def type_of_item(dtype: numpy.dtype[Any], ndim: int) -> str:
    """Give the type of an item of an array, as compiled functions have it."""
    return IR[dtype.name] + (f"[{','.join(':' * ndim)}]" if ndim else "")


def _result(text: str) -> Result | None:
    """Read a type; None: it is neither a number nor an array."""
    name, _, axes = text.split(" ")[-1].partition("[")
    if name in _WEAK and not axes:
        return Result(numpy.dtype(_WEAK[name]))
    if name not in NAMES or " " in re.sub("ours |list |const ", "", text):
        return None
    ndim = len(axes.split(",")) if axes else 0
    return Result(numpy.dtype(NAMES[name]), ndim, is_list="list " in text)


class Applied:
    """A function, and what was compiled with it.

    All functions that are made of the same code are one: what they capture is put into cells of this one's own while it
    is called, so that a lambda in a loop is compiled once.
    """

    def __init__(self, function: Any, known: bool) -> None:
        name = getattr(function, "__qualname__", None) or getattr(function, "__name__", "it")
        self.name = str(name)
        self.loops: dict[tuple[str, bool], Function] = {}
        self._known: dict[tuple[int, str], tuple[list[Result], bool]] = {}
        self._options = dict(getattr(function, "_options", _OPTIONS))
        self.cells: tuple[types.CellType, ...] = ()
        lines = getattr(function, "_lines", None)
        if isinstance(function, Function):
            function = function.__wrapped__
        if not known:
            self.cells = tuple(types.CellType() for _ in function.__closure__ or ())
            made = types.FunctionType(
                function.__code__,
                function.__globals__,
                function.__name__,
                function.__defaults__,
                self.cells,
            )
            made.__kwdefaults__ = function.__kwdefaults__
            made.__qualname__ = function.__qualname__
            self.function: Any = Function(made, self._options)
            if lines is not None:
                self.function._lines = lines
            code = made.__code__
            rest = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
            self.is_plain = not (
                made.__defaults__ or code.co_kwonlyargcount or code.co_flags & rest
            )
        else:
            self.function, self.is_plain = function, False

    def results(self, items: Sequence[str]) -> tuple[list[Result], bool]:
        """Find what the function gives for arguments of such types.

        Returns
        -------
        list of Result
        bool
            It gives a tuple of them.

        Raises
        ------
        TypeError
            It gives something else.
        quelea.errors.JitError
            It cannot be compiled for them.
        """
        alone = self._alone(len(items))
        captured = _captured(alone)
        read = [re.sub(r"(\w+\[)", r"const \1", item) for item in items]  # so writing is refused
        types_ = f"({', '.join([*read, *map(type_of, captured)])})"
        key = alone._builds, types_
        if key in self._known:
            return self._known[key]
        alone._compile(types_)
        found = next(row[1] for row in alone._specials() if row[0] == types_)
        several = found.startswith("(")
        given = [_result(part) for part in (report.split(found) if several else [found])]
        if not given or None in given:
            what = "nothing" if found == "none" else found
            taken = types_.replace("const ", "")
            raise TypeError(
                f"{self.name}() gives {what} for {taken}; give a number, an array, or a tuple of them"
            )
        self._known[key] = [r for r in given if r is not None], several
        return self._known[key]

    def _alone(self, count: int) -> Function:
        """Give what is called for its result alone: the function, or one that calls it."""
        if not self.is_plain:
            arguments = ", ".join(f"x{k}" for k in range(count))
            return self.loop(f"def call({arguments}):\n    return function({arguments})\n", False)
        takes = self.function.__wrapped__.__code__.co_argcount
        if takes != count:
            raise TypeError(f"{self.name}() takes {takes} arguments, and is given {count}")
        made: Function = self.function
        return made

    def captures_ours(self) -> bool:
        """Say whether the function takes an array of Quelea's from outside."""
        if not isinstance(self.function, Function):
            return False
        return holds_ours(tuple(_captured(self.function)))

    def ufunc(self) -> Any:
        """Give the ufunc of Quelea's that the function is, or NumPy's names; None: it is none."""
        module, _, name = (names.known_name(self.function) or "").partition(".")
        found = getattr(_package(), name, None) if module in ("numpy", "quelea") else None
        if not isinstance(found, _package().ufunc) or found.nout != 1 or found.signature:
            return None
        return found

    def loop(self, text: str, ours: bool) -> Function:
        """Compile a text with the function; `ours`: what it makes is Quelea's."""
        key = text, ours
        if key not in self.loops:
            known = {"function": self.function, "np": _package() if ours else numpy}
            self.loops[key] = Function(function_of(text, known, "map"), self._options)
        return self.loops[key]


def holds_ours(value: Any) -> bool:
    """Say whether it is an array of Quelea's, or a tuple with one."""
    if isinstance(value, tuple):
        return any(map(holds_ours, value))
    return isinstance(value, _quelea.ndarray)


def _value_at(place: names.Place, name: str) -> Any:
    """Give what stands there."""
    if not isinstance(place, types.CellType):
        return place.get(name, names.Missing)
    try:
        return place.cell_contents
    except ValueError:
        return names.Missing


def _captured(function: Function) -> list[Any]:
    """Give the values that a function takes from outside, of a program that holds for what its names are now."""
    program = function._known_program()
    if any(_value_at(g[0], g[1]) is not (g[2:] or (names.Missing,))[0] for g in program.guards):
        function._prepare()
        program = function._known_program()
    found = [_value_at(*where) for where in program.captures]
    if not all(map(is_argument, found)):
        function._prepare()  # which says what is not in the language, with the line
        found = [_value_at(*where) for where in function._known_program().captures]
    return found


def _package() -> Any:
    return sys.modules[__name__.rpartition(".")[0]]


class Entered:
    """An `Applied` while it is called: with what the function that was given captures."""

    def __init__(self, made: Applied, given: Any) -> None:
        self.made = made
        self.given = getattr(given, "__closure__", None) or ()

    def __enter__(self) -> Applied:
        for own, cell in zip(self.made.cells, self.given, strict=True):
            with contextlib.suppress(ValueError):  # the variable has no value yet
                own.cell_contents = cell.cell_contents
        return self.made

    def __exit__(self, *error: object) -> None:
        for own in self.made.cells:  # arrays are not kept alive
            with contextlib.suppress(ValueError):
                del own.cell_contents


_KEPT = 256
_known: dict[Any, Applied] = {}


def applied(function: Any) -> Entered:
    """Take a function that is to be applied to items.

    Raises
    ------
    TypeError
        It is none that can be compiled.
    """
    plain = function.__wrapped__ if isinstance(function, Function) else function
    known = not isinstance(plain, (str, tuple)) and names.known_name(plain) is not None
    if known:
        key: Any = plain
    elif isinstance(plain, types.FunctionType):
        defaults = *(plain.__defaults__ or ()), *(plain.__kwdefaults__ or {}).values()
        options = tuple(getattr(function, "_options", _OPTIONS).items())
        key = plain.__code__, id(plain.__globals__), tuple(id(d) for d in defaults), options
    else:
        raise TypeError(
            f"{type(plain).__name__} is not applied to items: give a function, of quelea.jit or a plain one, "
            "or one of NumPy's that @jit knows"
        )
    found = _known.pop(key, None) or Applied(function, known)
    if len(_known) >= _KEPT:
        del _known[next(iter(_known))]
    _known[key] = found  # last: it is used
    return Entered(found, plain)
