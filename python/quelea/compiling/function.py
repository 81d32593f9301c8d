"""What ``@jit`` makes of a function."""

from __future__ import annotations

import builtins
import functools
import inspect
import os
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .. import _quelea
from ..errors import CompileError, JitError
from . import names, report
from .program import Program, Rewrite, build
from .signatures import Signature, parse_signatures, type_of
from .source import NoSource, Source, lines_of

if TYPE_CHECKING:
    from .native import CFunction

prange = range

MOST_VARIANTS = 64  # of a function, for functions and the like among its arguments

# Options of Numba's that are not here, and what holds instead.
NUMBA = {
    "nogil": "a compiled function holds the interpreter's lock; leave it out",
    "forceobj": "a compiled function never falls back to Python; leave it out",
    "looplift": "a compiled function never falls back to Python; leave it out",
    "locals": "types follow from the arguments; leave it out",
    "debug": "QUELEA_JIT=off runs the function itself, under a debugger too; leave it out",
    "pipeline_class": "there is one compiler; leave it out",
}
# Options of Numba's that allow something, which a compiled function need not make use of.
ALLOWED = {
    "parallel": (True, False),
    "fastmath": None,  # a set of flags, too
    "inline": ("never", "always"),
}


# Expressions are nested as deep as they have operators in a row, and so is elif in elif.
TOO_LARGE = (
    "is nested deeper, or has longer blocks or lists, than @jit takes: 500 levels, 4096 items; "
    "write parts of it as functions, or as loops"
)


def _excerpt(source: Source, line: int, column: int) -> list[str]:
    text = source.text_of(line)
    indent = len(text) - len(text.lstrip())
    column = len(text.encode()[:column].decode(errors="ignore"))  # what is given counts bytes
    return ["    " + text.strip(), "    " + " " * max(column - indent, 0) + "^"]


class Function(_quelea.Function):
    """A compiled function, as `quelea.jit` makes it.

    It is called as the function that it was made of, which is ``__wrapped__``, and ``py_func`` as
    Numba calls it. For each combination of types of its arguments it is compiled once.
    """

    __wrapped__: Any  # the function
    __name__: str
    __qualname__: str
    _rewrite: Rewrite | None = None

    def __init__(
        self,
        function: types.FunctionType,
        options: dict[str, bool],
        signatures: Sequence[Signature] = (),
        fixed: dict[str, Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self._options = options
        self._fixed = fixed or {}  # arguments that are part of the program
        self._variants: dict[Any, Function] = {}  # for arguments that are
        self._declared = tuple(signatures)
        self._lines = lines_of(function)  # as they are now, whatever becomes of the file
        self._program: Program | None = None
        self._builds = 0  # programs that it has had
        self._signature: inspect.Signature | None = None
        self._for_c: dict[tuple[str, int], CFunction] = {}

    def __repr__(self) -> str:
        return f"<quelea.jit {self.__qualname__}>"

    def __reduce__(self) -> Any:
        return self.__qualname__

    # ---- what C calls ----

    def _prepare(self) -> None:
        try:
            self._program = program = build(
                self.__wrapped__, self._lines, self._fixed, self._rewrite
            )
        except NoSource as no_source:
            raise JitError(f"QJ101: {no_source}") from None
        except RecursionError:
            raise JitError(f"QJ102: {self.__name__}() {TOO_LARGE}") from None
        self._builds += 1
        captures = tuple(program.captures)
        guards = tuple(program.guards)
        code = self.__wrapped__.__code__
        rest = bool(code.co_flags & inspect.CO_VARARGS)
        count = code.co_argcount + code.co_kwonlyargcount + rest - len(self._fixed)
        bound = rest or code.co_kwonlyargcount or self._fixed or self._declared
        plain = -1 if bound else count  # a call that needs no binding
        boundscheck, python_error = self._options["boundscheck"], self._options["python_error"]
        try:
            self._set(program.text, count, plain, captures, guards, boundscheck, python_error)
        except CompileError:
            raise JitError(f"QJ102: {self.__name__}() {TOO_LARGE}") from None

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> tuple[Any, ...]:
        if self._signature is None:
            self._signature = inspect.signature(self.__wrapped__, follow_wrapped=False)
        if self._fixed:
            return args  # of a variant, which gets them in order
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
        return self._as_declared(tuple(values + rest))

    def _as_declared(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Numbers as a declared signature has them; arrays must be of its types."""
        if not self._declared:
            return args
        for signature in self._declared:
            converted = signature.convert(args)
            if converted is not None:
                return converted
        given = ", ".join(type_of(value) for value in args)
        known = "; ".join(str(signature) for signature in self._declared)
        raise TypeError(f"{self.__name__}() is declared for {known}, and is given ({given})")

    def _with_static(self, args: tuple[Any, ...]) -> Any:
        """Calls the variant of the function of which functions, dtypes and texts among the arguments are a part."""
        of_rest = inspect.Parameter.VAR_POSITIONAL
        parameters = inspect.signature(self.__wrapped__, follow_wrapped=False).parameters.values()
        every = [p.name for p in parameters if p.kind is not of_rest and p.name not in self._fixed]
        rest_name = [p.name for p in parameters if p.kind is of_rest]
        fixed, rest = {}, []
        for name, value in zip(every + rest_name, args, strict=True):
            if name not in rest_name and names.is_static(value):
                fixed[name] = value
            else:
                rest.append(value)
        if not fixed:
            wrong = next((v for v in args if not names.is_taken(v)), args)
            raise TypeError(
                "a compiled function takes numbers, arrays, tuples of them, None, functions, "
                f"dtypes and texts, not {type(wrong).__name__}"
            )
        key = tuple((name, names.key_of(value)) for name, value in fixed.items())
        if key not in self._variants:
            if len(self._variants) == MOST_VARIANTS:
                del self._variants[next(iter(self._variants))]
            self._variants[key] = variant = Function(
                self.__wrapped__, self._options, fixed={**self._fixed, **fixed}
            )
            variant._lines = self._lines
        return self._variants[key](*rest)

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
        error = getattr(builtins, name)(*([text] if text else []))
        self._stopped(error, number, line)
        raise error

    def _stopped(self, error: BaseException, number: int, line: int) -> None:
        assert self._program is not None
        source = self._program.sources[number]
        where = f"{source.file}:{line}, in {source.name} (compiled)"
        error.add_note(f"  {where}\n    {source.text_of(line).strip()}")

    def _declare(self) -> None:
        """Compiles for the declared signatures, and holds their results against them."""
        for signature in self._declared:
            known = len(self._specials())
            self._compile(signature.text)
            if signature.result is not None and len(self._specials()) > known:
                result = self._specials()[-1][1]
                if not signature.gives(result):
                    raise TypeError(
                        f"{self.__name__}() gives {result}, and is declared as {signature}: "
                        "convert what it returns, or leave the result out of the signature"
                    )

    # ---- out to C ----

    def address(self, prototype: str) -> int:
        """Give the address at which C calls the function in this process.

        Parameters
        ----------
        prototype : str
            How it is called, in C: "double (int n, const double x[n])"; see `quelea.cfunc`.

        Returns
        -------
        int
            For as long as the process lives.
        """
        return self._of_c(prototype).address

    def c_header(self, prototype: str) -> str:
        """Give the declarations with which C programs call it when `quelea.jit.export` has written it.

        Parameters
        ----------
        prototype : str

        Returns
        -------
        str
        """
        return self._of_c(prototype).c_header()

    def _of_c(self, prototype: str) -> CFunction:
        from .native import CFunction

        self._known_program()
        key = prototype, self._builds
        if key not in self._for_c:
            self._for_c[key] = CFunction(self, prototype)
        return self._for_c[key]

    # ---- looking inside ----

    @property
    def signatures(self) -> list[str]:
        """The types of arguments for which it is compiled."""
        return [row[0] for row in self._specials()]

    def inspect(self, stage: str = "ir", signature: str | None = None) -> str:
        """What became of the function, as text.

        Parameters
        ----------
        stage : {'ast', 'program', 'ir', 'nests', 'optimised', 'llvm', 'asm'}
            The syntax tree; the program text; the array IR as it was made for the types, that of
            loops over distributed arrays, and after the passes of its own; LLVM's IR after its
            passes; the machine's instructions.
        signature : str, optional
            One of `signatures`; the last one compiled.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            There is no such stage, or it is not compiled for such types.
        """
        report.check_stage(stage)
        if stage in report.OF_SOURCE:
            program = self._known_program()
            return program.text if stage == "program" else report.tree_text(program.sources[0])
        return self._text(self._number(signature), stage)

    @property
    def py_func(self) -> Any:
        """The Python function itself."""
        return self.__wrapped__

    def stats(self) -> list[report.Specialisation]:
        """What was compiled, and why.

        Returns
        -------
        list of Specialisation
            For each combination of types in the order in which they came: `types`, `result`,
            `reason`, `seconds`, `size` in bytes, and where the code was found, `cache`. Variants,
            for functions, dtypes and texts among the arguments, come behind.

        Examples
        --------
        >>> import quelea
        >>> @quelea.jit
        ... def twice(x):
        ...     return 2 * x
        >>> twice(1), twice(1.5)
        (2, 3.0)
        >>> [row.reason for row in twice.stats()]
        ['the first call', 'x is float, was int']
        """
        rows = []
        known = self._specials()
        for k, (types_, result, seconds, size, found) in enumerate(known):
            before = [row[0] for row in known[:k]]
            why = report.reason(self._argument_names(), types_, before, self._builds > 1)
            rows.append(report.Specialisation(types_, result, why, seconds, size, found))
        for variant in self._variants.values():
            fixed = {k: v for k, v in variant._fixed.items() if k not in self._fixed}
            given = ", ".join(f"{name}={getattr(v, '__name__', v)}" for name, v in fixed.items())
            rows += [row._replace(reason=f"{given}: {row.reason}") for row in variant.stats()]
        return rows

    def explain(self, signature: str | None = None) -> str:
        """The source, with what became of each loop: what is not known is not said.

        Parameters
        ----------
        signature : str, optional
            One of `signatures`; the last one compiled.

        Returns
        -------
        str
            Loops over distributed arrays are *parallel over ranks*, with what an iteration stores
            and reads, where ``...`` stands for what is known only when they run: reads of
            neighbours are halos. Those *in order along lines* are too, along what is named. Those
            *in order, one node after another* keep Python's order, on one core at a time; those
            *in order, by one node* too, and that node has all that they touch. Others run *in
            order*, on each process. Of loops *vectorised over* their variable neighbouring
            iterations are computed together, each as if it were alone.

        Raises
        ------
        ValueError
            It is not compiled, or not for such types.
        """
        number = self._number(signature)
        assert self._program is not None
        return report.explained(self._program, self._notes(number))

    def _number(self, signature: str | None) -> int:
        known = self.signatures
        if not known:
            raise ValueError(f"{self.__name__} is not compiled yet: call it")
        if signature is not None and signature not in known:
            raise ValueError(
                f"{self.__name__} is not compiled for {signature}, but for {'; '.join(known)}"
            )
        return len(known) - 1 if signature is None else known.index(signature)

    def _known_program(self) -> Program:
        if self._program is None:
            self._prepare()
        assert self._program is not None
        return self._program

    def _argument_names(self) -> list[str]:
        code = self.__wrapped__.__code__
        rest = bool(code.co_flags & inspect.CO_VARARGS)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + rest]
        captured = [name for _, name in self._known_program().captures]
        return [name for name in names if name not in self._fixed] + captured


def jit(
    signature_or_function: Any = None,
    *,
    nopython: bool = True,
    cache: bool = True,
    boundscheck: bool | None = None,
    error_model: str = "numpy",
    **numba: Any,
) -> Any:
    """Compiles a function of numbers and NumPy arrays.

    Its loops, branches and element accesses are translated once for each combination of types of
    its arguments, and run without Python. What the language does not have is refused, at the first
    call, with the line and what to write instead; nothing falls back to Python.

    Parameters
    ----------
    signature_or_function : function, str, signature or list of these, optional
        What is compiled. Without it a decorator is made. With signatures, as "float64(float64[:],
        int64)" or of `quelea.types`, it is compiled at once, for these types alone: numbers are
        converted to them, arrays must be of them.
    nopython, cache : bool
        As in Numba; always so here.
    boundscheck : bool
        ``IndexError`` where an index is out of bounds. Without it what happens then is undefined.
    error_model : {'numpy', 'python'}
        What division of floats by zero gives: infinities and NaN, or ``ZeroDivisionError``.
        Integers raise it in both.
    **numba
        Other options of Numba's: what allows something is accepted (`parallel`, `fastmath`,
        `inline`), what asks for something that is not here is refused by its name.

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
    What it takes: numbers, arrays, tuples (named ones too) of them, slices, None; functions, dtypes
    and texts, for each of which it is compiled anew. What it gives: the same but for the latter.

    What it knows: assignments, branches, loops, functions inside functions, lambdas; slices, arrays
    of integers and bools as indices; lists of numbers, comprehensions, generators in ``sum``,
    ``any``, ``all``, ``min``, ``max``, ``list`` and ``tuple``; ``map``, ``zip``, ``enumerate``,
    ``reversed``, ``sorted``; ``math``, ``cmath``; NumPy's ufuncs, reductions, and most of what makes,
    sorts, counts and multiplies arrays. The package's folder `compiling/library` has them. Functions of
    C: of `ctypes` with `argtypes` and `restype`, of cffi, of `quelea.jit.external`; they take numbers, and
    the addresses of NumPy's arrays (``x.ctypes``). Such a call may have effects: it is made as often as
    the program says; in loops over distributed arrays by whoever computes the iteration.

    Python's integers have 64 bits and wrap. Python's numbers take the dtype of what is beside them,
    as in NumPy 2: one that is known not to fit there, as 300 beside ``uint8``, is refused; one that
    is known only when it runs wraps. Where a variable is Python's number on one way and NumPy's on
    another it holds both: it is of NumPy's dtype where that holds what Python's is known to be, as
    a constant, else in general an int64 or a float64 of NumPy's (``last = -1``, then elements of
    uint8). NaN and what is too large raise in ``int(x)``, and where a float
    is stored as an element of (signed) integers, as in NumPy.

    A list is an array of one dtype that has Python's operators, and is given back as an array.
    Arrays that `quelea`'s functions make are Quelea's; with a Quelea array among the arguments all
    are. With ``QUELEA_JIT=off`` the function itself is returned.

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
        if name in ALLOWED:
            values = ALLOWED[name]
            if values is not None and value not in values:
                raise ValueError(f"{name}={value!r} is not one of {values}")
            continue
        if name not in NUMBA:
            raise TypeError(f"jit() has no option {name!r}")
        if value not in (None, False, "never"):
            raise ValueError(f"{name}={value!r} is not in Quelea yet: {NUMBA[name]}")
    function = signature_or_function if callable(signature_or_function) else None
    if isinstance(signature_or_function, Signature):
        function = None
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
        made = Function(function, options, signatures)
        made._declare()
        return made

    signatures = () if function is not None else parse_signatures(signature_or_function)
    return decorate if function is None else decorate(function)


njit = jit
