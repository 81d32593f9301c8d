"""What ``@jit`` makes of a function."""

from __future__ import annotations

import builtins
import functools
import inspect
import os
import types
from collections.abc import Callable
from typing import Any, NoReturn

from .. import _quelea
from ..errors import JitError
from . import syntax

prange = range

# Options of Numba's that are not here, and what holds instead.
NUMBA = {
    "parallel": "a compiled function runs on one thread; leave it out",
    "fastmath": "set QUELEA_FASTMATH=1 for the whole program, or leave it out",
    "nogil": "a compiled function holds the interpreter's lock; leave it out",
    "inline": "functions are always compiled into their callers; leave it out",
    "forceobj": "a compiled function never falls back to Python; leave it out",
    "looplift": "a compiled function never falls back to Python; leave it out",
    "locals": "types follow from the arguments; leave it out",
    "debug": "QUELEA_JIT=off runs the function itself, under a debugger too; leave it out",
}


def _excerpt(source: syntax.Source, line: int, column: int) -> list[str]:
    text = source.text_of(line)
    indent = len(text) - len(text.lstrip())
    return ["    " + text.strip(), "    " + " " * max(column - indent, 0) + "^"]


class Function(_quelea.Function):
    """A compiled function, as `quelea.jit` makes it.

    It is called as the function that it was made of, which is ``__wrapped__``. For each combination
    of types of its arguments it is compiled once.
    """

    __wrapped__: Any  # the function
    __name__: str
    __qualname__: str

    def __init__(self, function: types.FunctionType, options: dict[str, bool]) -> None:
        functools.update_wrapper(self, function)
        self._options = options
        self._program: syntax.Program | None = None
        self._signature: inspect.Signature | None = None

    def __repr__(self) -> str:
        return f"<quelea.jit {self.__qualname__}>"

    def __reduce__(self) -> Any:
        return self.__qualname__

    # ---- what C calls ----

    def _prepare(self) -> None:
        try:
            self._program = program = syntax.build(self.__wrapped__)
        except syntax.NoSource as no_source:
            raise JitError(f"QJ101: {no_source}") from None
        captures = tuple(program.captures)
        guards = tuple(program.guards)
        code = self.__wrapped__.__code__
        rest = bool(code.co_flags & inspect.CO_VARARGS)
        count = code.co_argcount + code.co_kwonlyargcount + rest
        plain = -1 if rest or code.co_kwonlyargcount else count  # a call that needs no binding
        boundscheck, python_error = self._options["boundscheck"], self._options["python_error"]
        self._set(program.text, count, plain, captures, guards, boundscheck, python_error)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> tuple[Any, ...]:
        if self._signature is None:
            self._signature = inspect.signature(self.__wrapped__)
        try:
            bound = self._signature.bind(*args, **(kwargs or {}))
        except TypeError as error:
            raise TypeError(f"{self.__name__}() {error}") from None
        bound.apply_defaults()
        kinds = inspect.Parameter
        values, rest = [], []
        for name, parameter in self._signature.parameters.items():
            if parameter.kind is kinds.VAR_POSITIONAL:
                rest.append(bound.arguments[name])
            elif parameter.kind is not kinds.VAR_KEYWORD:
                values.append(bound.arguments[name])
        return tuple(values + rest)

    def _refused(self, rows: list[tuple[str, str, str, int, int, int]], types: str) -> NoReturn:
        assert self._program is not None
        several = "" if len(rows) == 1 else f" in {len(rows)} places"
        lines = [f"{self.__name__}{types} is not in the language of @jit{several}"]
        for code, text, advice, number, line, column in rows[:8]:
            source = self._program.sources[number]
            lines.append(f"{code}: {text}")
            lines.append(f"  {source.file}:{line}, in {source.name}")
            lines += _excerpt(source, line, column)
            if advice:
                lines.append(f"  instead: {advice}")
        if len(rows) > 8:
            lines.append(f"... and {len(rows) - 8} more")
        source = self._program.sources[rows[0][3]]
        error = JitError("\n".join(lines))
        error.filename, error.lineno = source.file, rows[0][4]
        error.codes = tuple(row[0] for row in rows)
        raise error

    def _raised(self, name: str, text: str, number: int, line: int) -> NoReturn:
        assert self._program is not None
        source = self._program.sources[number]
        error = getattr(builtins, name)(*([text] if text else []))
        where = f"{source.file}:{line}, in {source.name} (compiled)"
        error.add_note(f"  {where}\n    {source.text_of(line).strip()}")
        raise error

    # ---- looking inside ----

    @property
    def signatures(self) -> list[str]:
        """The types of arguments for which it is compiled."""
        return [row[0] for row in self._specials()]

    def inspect(self, stage: str = "ir", signature: str | None = None) -> str:
        """What became of the function, as text.

        Parameters
        ----------
        stage : {'program', 'ir', 'optimised', 'asm'}
            The program text; the array IR as it was made, and after the passes of its own; the
            machine's instructions.
        signature : str, optional
            One of `signatures`; the last one compiled.

        Returns
        -------
        str
        """
        if stage == "program":
            if self._program is None:
                self._prepare()
            assert self._program is not None
            return self._program.text
        known = self.signatures
        if not known:
            raise ValueError(f"{self.__name__} is not compiled yet: call it")
        number = len(known) - 1 if signature is None else known.index(signature)
        return self._text(number, stage)


def jit(
    function: Callable[..., Any] | str | None = None,
    *,
    nopython: bool = True,
    cache: bool = True,
    boundscheck: bool = False,
    error_model: str = "numpy",
    **numba: Any,
) -> Any:
    """Compiles a function of numbers and NumPy arrays.

    Its loops, branches and element accesses are translated once for each combination of types of
    its arguments, and run without Python. What the language does not have is refused, at the first
    call, with the line and what to write instead; nothing falls back to Python.

    Parameters
    ----------
    function : function
        What is compiled. Without it a decorator is made.
    nopython, cache : bool
        As in Numba; always true here.
    boundscheck : bool
        ``IndexError`` where an index is out of bounds. Without it what happens then is undefined.
    error_model : {'numpy', 'python'}
        What division of floats by zero gives: infinities and NaN, or ``ZeroDivisionError``.
        Integers raise it in both.
    **numba
        Other options of Numba's, which are accepted where they ask for nothing (``parallel=False``).

    Returns
    -------
    Function
        It is called as `function` is.

    Raises
    ------
    quelea.errors.JitError
        At the first call: what is not in the language. A ``SyntaxError``.

    Notes
    -----
    Python's integers have 64 bits and wrap. Python's numbers take the dtype of what is beside them,
    as in NumPy 2; where a variable is Python's number on one way and NumPy's on another, it is
    NumPy's. With ``QUELEA_JIT=off`` the function itself is returned.

    Examples
    --------
    >>> import numpy as np
    >>> import quelea
    >>> @quelea.jit
    ... def total(x):
    ...     s = 0.0
    ...     for i in range(len(x)):
    ...         s += x[i]
    ...     return s
    >>> float(total(np.arange(5.0)))
    10.0
    """
    for name, value in numba.items():
        if name not in NUMBA:
            raise TypeError(f"jit() has no option {name!r}")
        if value not in (None, False, "never"):
            raise ValueError(f"{name}={value!r} is not in Quelea yet: {NUMBA[name]}")
    if not nopython:
        raise ValueError("nopython=False: a compiled function never falls back to Python")
    if error_model not in ("numpy", "python"):
        raise ValueError(f"error_model must be 'numpy' or 'python', not {error_model!r}")
    options = {"boundscheck": bool(boundscheck), "python_error": error_model == "python"}

    def decorate(function: Callable[..., Any]) -> Any:
        if isinstance(function, Function):
            function = function.__wrapped__
        if not isinstance(function, types.FunctionType):
            raise TypeError(f"jit compiles Python functions, not {type(function).__name__}")
        if os.environ.get("QUELEA_JIT", "").lower() == "off":
            return function
        return Function(function, options)

    if function is None:
        return decorate
    if isinstance(function, str):
        raise ValueError("explicit signatures are not in Quelea yet: leave it out")
    return decorate(function)


njit = jit
