"""Compiled functions for C: as addresses in this process, and as object files that C programs link.

A prototype (`prototypes`) says how a function is called. A function around the compiled one (`wrapping`) takes what C
gives and calls it as Python would; both are compiled together once more, from LLVM's texts.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import itertools
import re
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _quelea
from . import c_functions
from .prototypes import Prototype, is_name
from .wrapping import HOSTS, OF_C, Wrapper, called

if TYPE_CHECKING:
    from .function import Function

__all__ = ["CFunction", "cfunc", "export"]


class CFunction:
    """A compiled function with the prototype by which C calls it, as `quelea.cfunc` makes it.

    Called from Python it is the function itself.

    Attributes
    ----------
    prototype : str
    native_name : str
    address : int
        Of the function in this process, as long as that lives.
    ctypes : function of `ctypes`
        The same, which `scipy.LowLevelCallable` takes.
    status : int
        0, or which exception a call from C has raised last.
    """

    __wrapped__: Any
    __name__: str

    def __init__(self, function: Function, prototype: str) -> None:
        functools.update_wrapper(self, function.__wrapped__)
        self._function = function
        self._prototype = Prototype(prototype)
        self.native_name = self._prototype.name or function.__name__
        if not self.native_name.isidentifier():
            raise ValueError("a lambda has no name in C: write one into the prototype")
        self._state = ctypes.c_int64(0)
        self._address: int | None = None
        self._ctypes: Any = None
        number, self._result = self._compiled()
        self._kernel = function._text(number, "llvm")
        self._raises = function._raises(number)  # by status, from 1
        if any(name.startswith("quelea_host_print") for name in called(self._kernel)):
            raise ValueError(
                f"{function.__name__}() prints, which C's callers cannot have; leave it out"
            )

    def __repr__(self) -> str:
        return f"<quelea.cfunc {self.prototype}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function from Python."""
        return self._function(*args, **kwargs)

    @property
    def prototype(self) -> str:
        """The prototype, without its extents."""
        return self._prototype.declaration(self.native_name)[:-1]

    def _compiled(self) -> tuple[int, str]:
        """The function for these types: which of its specialisations that is, and what it gives."""
        function, prototype = self._function, self._prototype
        program = function._known_program()
        if program.captures:
            names = ", ".join(name for _, name in program.captures)
            raise ValueError(
                f"{function.__name__}() takes {names} from outside, which C has not; make it an argument"
            )
        types = f"({', '.join(p.text for p in prototype.taken)})"
        function._compile(types)
        rows = function._specials()
        number = next(k for k, row in enumerate(rows) if row[0] == types)
        result = rows[number][1]
        wanted = prototype.result
        good = (
            result == "none"
            if wanted is None
            else result == wanted.ir
            or (result == "int" and wanted.is_int)
            or (result == "bool" and (wanted.is_int or wanted.ir == "b8"))
            or (result == "float" and wanted.ir in ("f64", "f32"))
        )
        if not good:
            gives = "nothing" if result == "none" else result
            raise TypeError(
                f"{function.__name__}() gives {gives}, and {prototype.text!r} says "
                f"{wanted.name if wanted else 'void'}: convert what it returns, or store into an array"
            )
        return number, result

    def _texts(self, name: str, status: str) -> tuple[str, str]:
        """The function around it, and the compiled one."""
        kernel = re.sub(r"@kernel\b", f"@{name}.kernel", self._kernel)
        return Wrapper(self._prototype, name, self._result, status).text(), kernel

    @property
    def address(self) -> int:
        """Where the function is in this process."""
        if self._address is None:
            name = f"quelea_c{next(_numbers)}_{self.native_name}"
            status = f"inttoptr (i64 {ctypes.addressof(self._state)} to ptr)"
            code = _quelea.Function._assemble(_hidden(self._texts(name, status), name))
            self._address = _quelea.Function._link(name, code)
            _kept.append(self._state)  # C may have the address for ever
        return self._address

    @property
    def ctypes(self) -> Any:
        """The function as one of `ctypes`."""
        if self._ctypes is None:
            self._ctypes = self._prototype.ctype()(self.address)
        return self._ctypes

    @property
    def status(self) -> int:
        """0, or which exception a call from C has raised last."""
        return int(self._state.value)

    def check(self) -> None:
        """Raise what a call from C has raised since this was asked last.

        Raises
        ------
        Exception
            What the function raises; MemoryError.
        """
        number, self._state.value = self._state.value, 0
        if number == 0:
            return
        if not 0 < number <= len(self._raises):
            raise MemoryError(f"out of memory in {self.native_name}()")
        self._function._raised(*self._raises[number - 1])

    def c_header(self) -> str:
        """Give the declarations that C programs need, with what the function raises.

        Returns
        -------
        str
        """
        name = self.native_name
        lines = [f"/* {self._prototype.text}"]  # with the extents of arrays
        for k, (exception, text, _, line) in enumerate(self._raises):
            if exception != "KeyboardInterrupt":  # nobody stops it
                said = f"{exception}: {text}" if text else exception
                lines.append(f" * {name}_status {k + 1}: {said}, line {line}".replace("*/", "* /"))
        return "\n".join(
            [*lines, " */", self._prototype.declaration(name), f"extern int64_t {name}_status;"]
        )


_numbers = itertools.count()
_kept: list[Any] = []


def _hidden(texts: tuple[str, str], name: str) -> tuple[str, ...]:
    """Let only the function around it be seen: the compiled one is put into it."""
    around, kernel = texts
    kernel = kernel.replace(
        f"define void @{name}.kernel", f"define linkonce_odr hidden void @{name}.kernel"
    )
    return around, kernel


def cfunc(prototype: str, **options: Any) -> Any:
    """Compile a function that C calls: for callbacks, as `ctypes` and `scipy.LowLevelCallable` take them.

    Parameters
    ----------
    prototype : str
        In C: "double (double x)"; of numbers alone also as Numba has it, "float64(float64)". Arrays have extents,
        which are integers among the parameters or numbers: "double (int n, const double x[n])"; they lie in C order.
        Parameters "void *data" are left out of the function in Python.
    **options
        As `quelea.jit` has them.

    Returns
    -------
    function
        A decorator, which makes a `CFunction`.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`.
    ValueError
        The prototype is not understood, or the function takes numbers or arrays from outside.
    TypeError
        The function gives something else than the prototype says.

    Notes
    -----
    C cannot be given exceptions: what raises returns 0, or NaN, and sets `CFunction.status`. It runs without Python, on
    any thread, and cannot be stopped.

    Examples
    --------
    >>> import quelea
    >>> @quelea.cfunc("double (int n, const double x[n])")
    ... def norm(n, x):
    ...     s = 0.0
    ...     for k in range(n):
    ...         s += x[k] * x[k]
    ...     return s**0.5
    >>> import ctypes
    >>> norm.ctypes(2, (ctypes.c_double * 2)(3.0, 4.0))
    5.0
    """
    from .function import Function, jit

    if not isinstance(prototype, str):
        raise TypeError("cfunc takes a prototype in C: write @quelea.cfunc('double (double x)')")
    Prototype(prototype)

    def decorate(function: Any) -> CFunction:
        made = function if isinstance(function, Function) else jit(**options)(function)
        if not isinstance(made, Function):
            raise RuntimeError("with QUELEA_JIT=off there are no functions for C")
        return CFunction(made, prototype)

    return decorate


_TAKEN = ("main", "NULL", "errno", "stdin", "stdout", "stderr", "assert", "EOF", "NAN", "INFINITY")


@functools.cache
def _libraries() -> list[ctypes.CDLL]:
    """What every C program may be linked with."""
    found = (ctypes.util.find_library(name) for name in ("c", "m"))
    return [ctypes.CDLL(name) for name in found if name]


def _is_there(name: str) -> bool:
    """Say whether object files have a function, or what they are linked with."""
    return name in OF_C or name in HOSTS or name.startswith(("Sleef_", "ql_"))


def _is_taken(name: str) -> bool:
    """Say whether a program has the name without us."""
    if name in _TAKEN or name.startswith("quelea_") or _is_there(name):
        return True
    return any(hasattr(library, name) for library in _libraries())


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that a program has already, or cannot have."""
    symbols = [*names, *(f"{name}_status" for name in names)]
    for name in symbols:
        if symbols.count(name) > 1:
            raise ValueError(f"two functions have one name: {name}, or one is another's status")
        if not is_name(name) or _is_taken(name):
            raise ValueError(
                f"no function is called {name} in a C program that is linked: write another name into the prototype"
            )


def _said(name: str) -> str:
    """Give the name of a function of the process that a program knows it by."""
    word = name.rpartition("_")[2]
    return "products of arrays of complex numbers" if word == "reduce" else word


def _folder() -> Path:
    """Where the library for C is: beside the extension."""
    return Path(_quelea.__file__).parent


def export(path: str | Path, functions: Iterable[CFunction]) -> None:
    """Write an object file and a header with which C programs call compiled functions.

    Parameters
    ----------
    path : str or Path
        Without an ending: ``path.o`` and ``path.h`` are written.
    functions : iterable of CFunction
        As `quelea.cfunc` makes them.

    Raises
    ------
    ValueError
        A function needs what is only in Quelea (reductions of whole arrays, ``erf``, ``gamma``), or a function of C by
        its address alone; or two have one name, or one has a name that C has already.

    Notes
    -----
    The code is for the processor on which it was made. The header says what it is linked with: ``-lsleef`` where it
    calls functions of SLEEF, as ``sin`` and ``log`` do; for ``exp``, ``pow``, ``tan`` and others that are Quelea's also
    ``-lquelea_math``, a library for C that lies in the package's folder and needs no Python; the libraries of functions
    of C that it calls.
    """
    given: Sequence[CFunction] = list(functions)
    path = Path(path)
    for function in given:
        if not isinstance(function, CFunction):
            raise TypeError(f"export takes what quelea.cfunc makes, not {type(function).__name__}")
    if not given:
        raise ValueError("there are no functions to write")
    _check_names([f.native_name for f in given])
    texts: list[str] = []
    libraries: list[str] = []  # of functions of C
    all_called: set[str] = set()
    for function in given:
        name = function.native_name
        around, kernel = _hidden(function._texts(name, f"@{name}_status"), name)
        texts += [f"@{name}_status = global i64 0\n{around}", kernel]
        calls = called(kernel)
        for symbol in {n for n in calls if n.startswith(c_functions.PREFIX)}:
            library, own = c_functions.known_as(symbol)
            if not own or _is_there(own) or own in [f.native_name for f in given]:
                continue  # it is refused
            texts[-1] = kernel = kernel.replace(f"@{symbol}(", f"@{own}(")
            calls = calls - {symbol}
            libraries.append(library)
        missing = {_said(n) for n in calls if not _is_there(n)}
        if missing:
            raise ValueError(
                f"{name}() needs what is only in Quelea: {', '.join(sorted(missing))}; write it in loops"
            )
        all_called |= calls
    texts += [HOSTS[n] for n in HOSTS if n in all_called]
    code = _quelea.Function._assemble(tuple(texts))
    guard = re.sub(r"[^0-9A-Z]", "_", f"QUELEA_{path.name.upper()}_H")
    ours = any(n.startswith("ql_") for n in all_called)
    link = f" -L{_folder()} -lquelea_math" if ours else ""
    link += " -lsleef" if ours or any(n.startswith("Sleef_") for n in all_called) else ""
    link += "".join(f" -l:{name}" for name in dict.fromkeys(libraries) if name)
    header = [
        f"/* Compiled by Quelea. Link with: cc program.c {path.name}.o{link} -lm",
        " * What fails returns 0, or NaN, and sets its status. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "#include <stdbool.h>",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "\n\n".join(f.c_header() for f in given),
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "#endif",
    ]
    for ending, content in ((".o", code), (".h", ("\n".join(header) + "\n").encode())):
        part = path.with_name(f"{path.name}{ending}.{uuid.uuid4().hex}")  # ranks write the same
        part.write_bytes(content)
        part.replace(path.with_name(path.name + ending))
