"""``quelea.guvectorize``: functions of small arrays as generalized ufuncs.

A layout, "(m,n),(n)->(m)", says which last axes of an argument are the function's; all others are broadcast, and
looped over:

    def generalized(out0, a0, a1):
        for i0 in range(out0.shape[0]):
            for i1 in range(out0.shape[1]):
                r0 = zeros((out0.shape[2],), kind0)
                function(a0[i0, i1], a1[i1], r0)
                out0[i0, i1] = r0

The outermost loop is shared out, by rows of what it stores. An argument that the function may store into (Numba's
writable_args) is one more result, which begins as a copy of the argument, and is stored there afterwards.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy

from .. import _quelea
from .._quelea import asarray, ndarray
from ..compiling import Function
from ..compiling.report import split
from ..compiling.signatures import NAMES, Signature, parse_signatures
from .options import check_numba
from .stored import refuse_stores
from .typed import (
    TYPE_OF,
    WEAK,
    allowed,
    captured_types,
    for_loops,
    is_number,
    is_ours,
    native,
    refused_cast,
    settled,
    target,
)
from .written import compiled, element_function, loops, subscript

__all__ = ["Generalized", "LayoutFunction", "guvectorize"]

_ENOUGH = 32  # rows that are shared out, rather than those of a longer axis


# ---- layouts ----

_CORE = r"\(\s*(?:[^\W]\w*\s*(?:,\s*\w+\s*)*)?\)"
_SIDE = rf"{_CORE}(?:\s*,\s*{_CORE})*"


@dataclass
class Layout:
    """The names of the axes of arguments and results, from the first to the last."""

    text: str
    inputs: list[tuple[str, ...]]
    results: list[tuple[str, ...]]


def layout_of(text: str) -> Layout:
    """Read a layout, "(m,n),(n)->(m)"."""
    if not isinstance(text, str):
        raise TypeError(f"a layout is a text, '(n),()->(n)', not {type(text).__name__}")
    if not re.fullmatch(rf"\s*{_SIDE}\s*->\s*{_SIDE}\s*", text):
        raise ValueError(f"not a valid gufunc signature: {text}")
    sides = [
        [tuple(re.findall(r"\w+", core)) for core in re.findall(_CORE, side)]
        for side in text.split("->")
    ]
    return Layout(text.replace(" ", ""), sides[0], sides[1])


class _Shapes:
    """What extents the arguments of a call give to the axes of a layout, and over what is looped."""

    def __init__(self, name: str, layout: Layout, shapes: Sequence[tuple[int, ...]]) -> None:
        self.name, self.layout = name, layout
        self.extents: dict[str, int] = {}
        looped = [self.add(f"Input operand {k}", core, shape) for k, (core, shape) in
                  enumerate(zip(layout.inputs, shapes, strict=True))]  # fmt: skip
        self.loop: tuple[int, ...] = numpy.broadcast_shapes(*looped)

    def add(self, what: str, core: tuple[str, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """Hold an operand against the layout; its other axes."""
        if len(shape) < len(core):
            raise ValueError(
                f"{self.name}: {what} does not have enough dimensions (has {len(shape)}, gufunc core with "
                f"signature {self.layout.text} requires {len(core)})"
            )
        first = len(shape) - len(core)
        for axis, extent in zip(core, shape[first:], strict=True):
            wanted = int(axis) if axis.isdigit() else self.extents.setdefault(axis, extent)
            if wanted != extent:
                raise ValueError(
                    f"{self.name}: {what} has a mismatch in its core dimension {core.index(axis)}, with gufunc "
                    f"signature {self.layout.text} (size {extent} is different from {wanted})"
                )
        return shape[:first]

    def result(self, core: tuple[str, ...], number: int) -> tuple[int, ...]:
        """The shape of a result."""
        for axis in core:
            if not axis.isdigit() and axis not in self.extents:
                raise ValueError(
                    f"{self.name}: the layout {self.layout.text} does not say how long axis {axis} of result {number} "
                    "is: give out="
                )
        return self.loop + tuple(int(a) if a.isdigit() else self.extents[a] for a in core)


# ---- loops ----


class _Looped:
    """A function of parts of arrays, called in loops over all others."""

    def __init__(self, function: Any, layout: Any, doc: str | None = None) -> None:
        if isinstance(function, Function):
            function = function.__wrapped__
        if not isinstance(function, types.FunctionType):
            raise TypeError(f"it compiles Python functions, not {type(function).__name__}")
        self.pyfunc = self.__wrapped__ = function
        self._compiled = element_function(function)
        self._layout = layout_of(layout)
        self._writable: list[int] = []  # arguments that are results too
        self.signature = self._layout.text
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__ if doc is None else doc
        self._loops: dict[Any, Function] = {}

    def __reduce__(self) -> Any:
        return self.__qualname__

    @property
    def nin(self) -> int:
        """Number of arguments."""
        return len(self._layout.inputs)

    @property
    def nout(self) -> int:
        """Number of results."""
        return len(self._layout.results)

    @property
    def nargs(self) -> int:
        """Number of arguments and results."""
        return self.nin + self.nout

    def _refuse_stores(self, declared: Sequence[Signature] = ()) -> None:
        """Arguments are read."""
        names = inspect.signature(self.pyfunc, follow_wrapped=False).parameters
        cores = zip(names, self._layout.inputs, strict=False)
        arrays = [any(_is_array(signature, k) for signature in declared) for k in range(self.nin)]
        read = [
            name
            for k, (name, core) in enumerate(cores)
            if (core or arrays[k]) and k not in self._writable
        ]
        refuse_stores(self.pyfunc, read)

    def _cores(self) -> list[tuple[str, ...]]:
        """The axes of all that is stored into."""
        return [*self._layout.results, *(self._layout.inputs[k] for k in self._writable)]

    def _taken(self, args: Sequence[Any], outs: Sequence[Any]) -> tuple[list[Any], bool]:
        """All as arrays: Quelea's if one is, or if there are lists and no NumPy's."""
        every = [*args, *outs]
        theirs = any(isinstance(a, numpy.ndarray) for a in every) or all(map(is_number, every))
        ours = any(map(is_ours, every)) or not theirs
        taken: list[Any] = []
        for a in args:
            if is_ours(a):
                taken.append(a)
                continue
            array = native(a)
            taken.append(asarray(array) if ours else array)
        for out in outs:
            if not isinstance(out, (ndarray, numpy.ndarray)):
                raise TypeError(f"return arrays must be arrays, not {type(out).__name__}")
        return taken, ours

    def _run(
        self,
        args: list[Any],
        inputs: Sequence[Any],
        results: Sequence[numpy.dtype[Any]],
        shapes: _Shapes,
        ours: bool,
        stores: bool,
    ) -> list[Any]:
        """New arrays.

        inputs: the dtypes of arguments without axes that are given as arrays of one; stores: into
        its last arguments.
        """
        layout = self._layout
        made: Callable[..., Any] = numpy.empty
        if ours:
            made = functools.partial(target, read=sum(a.size for a in args))
        outs = [
            made(shapes.result(core, k), dtype)
            for k, (core, dtype) in enumerate(zip(self._cores(), results, strict=True))
        ]
        loop = shapes.loop
        if not all(loop):
            return outs
        if not any(out.size for out in outs):
            return outs
        seen = outs
        if not loop:
            loop = (1,)
            seen = [out.reshape((1, *out.shape)) for out in outs]
            args = [a.reshape((1, *a.shape)) for a in args]
        args = [a.reshape(1) if a.ndim == 0 else a for a in args]
        moves = [
            tuple(
                n != 1 or loop[len(loop) - (a.ndim - len(core)) + k] == 1
                for k, n in enumerate(a.shape[: a.ndim - len(core)])
            )
            for a, core in zip(args, layout.inputs, strict=True)
        ]
        longest = max(range(len(loop)), key=lambda k: loop[k])
        first = next((k for k, n in enumerate(loop) if n >= _ENOUGH), longest)
        key = len(loop), first, tuple(moves), tuple(inputs), tuple(results)
        if key not in self._loops:
            self._loops[key] = self._written(*key, stores=stores)
        self._loops[key](*seen, *map(for_loops, args))
        return [out.copy() for out in outs] if ours else outs

    def _written(
        self, ndim: int, first: int, moves: Any, inputs: Any, results: Any, stores: bool
    ) -> Function:
        layout = self._layout
        outs = [f"out{k}" for k in range(len(results))]
        args = [f"a{k}" for k in range(len(moves))]
        names: dict[str, Any] = {"function": self._compiled, "zeros": numpy.zeros}
        names |= {f"kind{k}": to.type for k, to in enumerate(results)}
        lines = [f"def generalized({', '.join([*outs, *args])}):"]
        lines += loops(ndim, "out0", [first, *(k for k in range(ndim) if k != first)])
        indent = "    " * (ndim + 1)
        place = subscript([True] * ndim, ndim)
        given, begins = [], dict[str, str]()
        for k, (moved, core) in enumerate(zip(moves, layout.inputs, strict=True)):
            value = args[k] if not moved else f"{args[k]}[{subscript(moved, ndim)}]"
            if k in self._writable:
                written = f"r{len(layout.results) + self._writable.index(k)}"
                begins[written] = value
                value = written
            elif not core and inputs[k]:
                lines += [f"{indent}v{k} = zeros(1, kind_of{k})", f"{indent}v{k}[0] = {value}"]
                names[f"kind_of{k}"] = inputs[k].type
                value = f"v{k}"
            given.append(value)
        if not stores:
            values = (
                ["value"] if len(results) == 1 else [f"value[{k}]" for k in range(len(results))]
            )
            lines.append(f"{indent}value = function({', '.join(given)})")
            lines += [
                f"{indent}{out}[{place}] = {value}" for out, value in zip(outs, values, strict=True)
            ]
            return compiled(lines, names, "vectorize")
        for k, core in enumerate(self._cores()):
            shape = ", ".join(f"out{k}.shape[{ndim + m}]" for m in range(len(core)))
            lines.append(f"{indent}r{k} = zeros({f'({shape},)' if core else '1'}, kind{k})")
        lines += [f"{indent}{name}[:] = {value}" for name, value in begins.items()]
        given += [f"r{k}" for k in range(len(layout.results))]
        lines.append(f"{indent}function({', '.join(given)})")
        for k, core in enumerate(self._cores()):
            lines.append(f"{indent}out{k}[{place}] = r{k}" + ("" if core else "[0]"))
        return compiled(lines, names, "guvectorize")


def _store(name: str, outs: Sequence[Any], results: Sequence[Any], casting: str) -> None:
    for out, result in zip(outs, results, strict=True):
        if not numpy.can_cast(result.dtype, out.dtype, casting):  # type: ignore[arg-type]
            raise refused_cast(name, "output", result, out.dtype, casting)
        if is_ours(out) and not _quelea.is_writable(out):
            raise ValueError("output array is read-only")
        out[...] = result


def _delivered(results: list[Any], ours: bool) -> Any:
    made = results if ours else [r[()] if r.ndim == 0 else r for r in results]
    return made[0] if len(made) == 1 else tuple(made)


class LayoutFunction(_Looped):
    """A function that takes and gives arrays, as `quelea.vectorize` makes it with NumPy's `signature`."""

    def __init__(
        self, function: Any, layout: Any, otypes: Sequence[numpy.dtype[Any]] | None, doc: str | None
    ) -> None:
        super().__init__(function, layout, doc)
        self._otypes = otypes
        if otypes is not None and len(otypes) != self.nout:
            raise ValueError(f"{self.signature} has {self.nout} results, and otypes {len(otypes)}")
        self._refuse_stores()

    def __repr__(self) -> str:
        return f"<quelea.vectorize {self.__qualname__} {self.signature}>"

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it for the last axes of the arguments, for each place along the others."""
        bound = list(inspect.signature(self.pyfunc, follow_wrapped=False).bind(*args, **named).args)
        if len(bound) != self.nin:
            raise TypeError(
                f"wrong number of positional arguments: expected {self.nin}, got {len(bound)}"
            )
        taken, ours = self._taken(bound, [])
        shapes = _Shapes(self.__name__, self._layout, [a.shape for a in taken])
        given = self._given(taken)
        results = self._run(taken, [None] * self.nin, self._otypes or given, shapes, ours, False)
        return _delivered(results, ours)

    def _given(self, taken: list[Any]) -> list[numpy.dtype[Any]]:
        """The dtypes of what it gives for parts of such arrays."""
        texts = []
        for a, core in zip(taken, self._layout.inputs, strict=True):
            axes = f"[{','.join(':' * len(core))}]" if core else ""
            texts.append(TYPE_OF[a.dtype] + axes)
        text = "(" + ", ".join([*texts, *captured_types(self._compiled)]) + ")"
        self._compiled._compile(text)
        result = next(row[1] for row in self._compiled._specials()[::-1] if row[0] == text)
        parts = split(result) if result.startswith("(") else [result]
        found = [re.fullmatch(r"(?:\w+ )*(\w+)(\[[^]]*\])?", part) for part in parts]
        ranks = [m[2].count(",") + 1 if m and m[2] else 0 for m in found]
        if ranks != [len(core) for core in self._layout.results]:
            raise ValueError(
                f"{self.__name__}() gives {result}, and its layout is {self.signature}"
            )
        known = {**NAMES, **WEAK}
        return [numpy.dtype(known[m[1]]) for m in found if m]


class Generalized(_Looped):
    """A function that stores into its last arguments, as `quelea.guvectorize` makes it."""

    def __init__(
        self,
        function: Any,
        layout: Any,
        declared: Sequence[Signature] = (),
        identity: Any = None,
        writable: Sequence[int | str] = (),
    ) -> None:
        super().__init__(function, layout)
        self.identity = identity
        self._declared = list(declared)
        names = list(inspect.signature(self.pyfunc, follow_wrapped=False).parameters)
        if len(names) != self.nargs:
            raise ValueError(
                f"{self.__name__}() takes {len(names)} arguments, and {self.signature} has {self.nargs}: "
                "the last ones are what is stored into"
            )
        self._writable = self._numbers_of(writable, names[: self.nin])
        self._refuse_stores(self._declared)
        self._kinds = [self._kinds_of(signature) for signature in self._declared]
        self._called: dict[str, None] = {}
        for signature in self._declared:
            types_ = [argument.text for argument in signature.arguments]
            self._compiled._compile(
                "(" + ", ".join([*types_, *captured_types(self._compiled)]) + ")"
            )

    def __repr__(self) -> str:
        return f"<quelea.guvectorize {self.__qualname__} {self.signature}>"

    def _numbers_of(self, writable: Sequence[int | str], names: list[str]) -> list[int]:
        """Which arguments may be stored into, of numbers or names."""
        found = set()
        for one in writable:
            if isinstance(one, str) and one in names:
                one = names.index(one)
            if not isinstance(one, int) or not 0 <= one < len(names):
                raise ValueError(
                    f"writable_args has {one!r}, which is none of the arguments: {', '.join(names)}"
                )
            if not self._layout.inputs[one] and not self._declared:
                raise ValueError(
                    f"{names[one]} is a number, into which nothing can be stored: declare it as an array "
                    "of one, as 'void(float64[:], float64[:])'"
                )
            found.add(one)
        return sorted(found)

    @property
    def types(self) -> list[str]:
        """The types that were declared, or else for which it was called, as ufuncs have them: "dd->d"."""
        letters = ["".join(dtype.char for dtype, _ in kinds) for kinds in self._kinds]
        return [f"{text[: self.nin]}->{text[self.nin :]}" for text in letters] or list(self._called)

    @property
    def ntypes(self) -> int:
        """How many there are."""
        return len(self.types)

    def _kinds_of(self, signature: Signature) -> list[tuple[numpy.dtype[Any], bool]]:
        """Of each argument the dtype, and whether it is an array."""
        if len(signature.arguments) != self.nargs:
            raise TypeError(
                f"{self.signature} has {self.nargs} arguments and results, and {signature} others"
            )
        if signature.result is not None and signature.result.text != "none":
            raise TypeError(
                f"{signature}: such a function returns nothing, and stores into its last arguments"
            )
        kinds = []
        cores = [*self._layout.inputs, *self._layout.results]
        for k, (argument, core) in enumerate(zip(signature.arguments, cores, strict=True)):
            kind, _, axes = argument.text.partition("[")
            rank = axes.count(":") - axes.count("::") if axes else 0
            is_stored = k >= self.nin or k in self._writable
            wanted = {max(len(core), 1)} if core or is_stored else {0, 1}
            if kind not in NAMES or rank not in wanted:
                raise TypeError(f"argument {k} of {signature} does not fit {self.signature}")
            kinds.append((numpy.dtype(NAMES[kind]), bool(axes)))
        return kinds

    def _choose(self, given: Sequence[Any], outs: Sequence[Any]) -> list[tuple[Any, bool]]:
        """The types of all arguments."""
        if not self._declared:
            if len(outs) != self.nout:
                raise TypeError(
                    f"{self.__name__}() has no declared types, from which those of its results follow: "
                    "give it arrays to store into, or declare types"
                )
            return [(None, bool(core)) for core in self._layout.inputs] + [
                (out.dtype, True) for out in outs
            ]
        strong = settled(list(given))
        for kinds in self._kinds:
            pairs = zip(strong, kinds, strict=False)
            if all(allowed(x, dtype, "safe") for x, (dtype, _) in pairs):
                return list(kinds)
        found = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in given)
        known = "; ".join(map(str, self._declared))
        raise TypeError(
            f"ufunc '{self.__name__}' is declared for {known}; none takes ({found}) under the casting rule 'safe': "
            "cast the arguments, or declare these types"
        )

    def __call__(
        self, *args: Any, out: Any = None, casting: str = "same_kind", **others: Any
    ) -> Any:
        """Call it for the last axes of the arguments, for each place along the others."""
        for name in others:
            _refuse(self.__name__, name)
        outs = [] if out is None else list(out) if isinstance(out, tuple) else [out]
        if len(args) == self.nargs and not outs:
            args, outs = args[: self.nin], list(args[self.nin :])
        if len(args) != self.nin:
            raise TypeError(
                f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but "
                f"{len(args)} were given"
            )
        if outs and len(outs) != self.nout:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        numbers = (bool, int, float, complex)
        taken, ours = self._taken(args, outs)
        given = [a if type(a) in numbers or hasattr(a, "dtype") else numpy.asarray(a) for a in args]
        kinds = self._choose(given, outs)
        shapes = _Shapes(self.__name__, self._layout, [a.shape for a in taken])
        for k, (core, array) in enumerate(zip(self._layout.results, outs, strict=False)):
            looped = shapes.add(f"Output operand {k}", core, array.shape)
            if numpy.broadcast_shapes(looped, shapes.loop) != looped:
                raise ValueError(
                    f"non-broadcastable output operand with shape {array.shape} doesn't match the broadcast shape "
                    f"{shapes.result(core, k)}"
                )
        for k in self._writable:
            self._check_writable(k, args[k], shapes)
        inputs = kinds[: self.nin]
        casts = [
            a if dtype is None or a.dtype == dtype else a.astype(dtype)
            for a, (dtype, _) in zip(taken, inputs, strict=True)
        ]
        as_arrays = [dtype if is_array else None for dtype, is_array in inputs]
        stored = [dtype for dtype, _ in kinds[self.nin :]] + [
            casts[k].dtype for k in self._writable
        ]
        results = self._run(casts, as_arrays, stored, shapes, ours, True)
        if not self._declared:
            dtypes = [a.dtype.char for a in casts], [out.dtype.char for out in outs]
            self._called["->".join(map("".join, dtypes))] = None
        also, results = results[self.nout :], results[: self.nout]
        _store(self.__name__, [args[k] for k in self._writable], also, casting)
        if not outs:
            return _delivered(results, ours)
        _store(self.__name__, outs, results, casting)
        return outs[0] if len(outs) == 1 else tuple(outs)

    def _check_writable(self, k: int, given: Any, shapes: _Shapes) -> None:
        """It can be stored into, once at each place."""
        what = f"{self.__name__}() stores into its argument {k}, which must be "
        if not isinstance(given, (ndarray, numpy.ndarray)):
            raise TypeError(f"{what}an array, not {type(given).__name__}")
        wanted = shapes.result(self._layout.inputs[k], k)
        if given.shape != wanted:
            raise ValueError(f"{what}of shape {wanted}, not {given.shape}")

    def reduce(self, *args: Any, **named: Any) -> NoReturn:
        """Refuse, as NumPy does."""
        raise RuntimeError("Reduction not defined on ufunc with signature")


def _is_array(signature: Signature, k: int) -> bool:
    given = signature.arguments
    return k < len(given) and given[k].text.endswith("]")


def _refuse(function: str, name: str) -> NoReturn:
    if name in ("axes", "axis", "keepdims", "dtype", "signature", "sig", "order", "subok"):
        raise NotImplementedError(
            f"{function}({name}=) is not in Quelea yet; move axes with moveaxis, and cast with astype"
        )
    raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


def guvectorize(
    ftylist_or_function: Any = None,
    signature: str | None = None,
    *,
    identity: Any = None,
    cache: bool = True,
    writable_args: Sequence[int | str] = (),
    **numba: Any,
) -> Any:
    """Make a function of small arrays a generalized ufunc, which is called for the last axes of its arguments.

    The function is compiled as `quelea.jit` does it, and has Numba's convention: it returns nothing, and stores into
    its last arguments, which are zeros before. Arguments that have no axes are numbers, results that have none
    arrays of one element.

    Parameters
    ----------
    ftylist_or_function : list of str or signatures, or str, optional
        The types for which it is compiled, as "void(float64[:], int64, float64[:])". Without them, arrays to store
        into must be given at each call. A text with an arrow is the layout.
    signature : str
        The layout: the names of the axes of each argument and result, as "(n),()->(n)" or "(m,n),(n,p)->(m,p)". All
        other axes are broadcast, and looped over; the outermost of these loops that has many turns is shared out
        among ranks and threads. What one turn takes lies whole where it is computed.
    identity, cache : optional
        Taken as in Numba.
    writable_args : sequence of int or str, optional
        Numbers or names of arguments that the function may store into, beside its results. These are arrays of the
        whole shape, nothing broadcast; what their places hold is stored when all turns are done.
    **numba
        Other options of Numba's: `nopython`, `target` ('cpu', 'parallel') and what only allows something.

    Returns
    -------
    Generalized
        Called with arrays, lists and numbers, and with ``out`` and ``casting``, or with arrays to store into behind
        the arguments. Results are Quelea's if an array is, or if there are lists alone; with NumPy's arrays, and of
        numbers alone, they are NumPy's.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`: at the first call, or at once with types.
    ValueError
        This is no layout; shapes do not fit it.
    TypeError
        The function stores into arguments that are no results; one has a mask, or may not be cast.

    See Also
    --------
    vectorize : of functions of numbers.

    Examples
    --------
    >>> import quelea as np
    >>> @np.guvectorize(["void(float64[:], float64, float64[:])"], "(n),()->(n)")
    ... def add_to_all(x, y, result):
    ...     for i in range(x.shape[0]):
    ...         result[i] = x[i] + y
    >>> print(add_to_all(np.arange(6.0).reshape(2, 3), [10, 20]))
    [[10. 11. 12.]
     [23. 24. 25.]]
    """
    check_numba("guvectorize", numba)
    declared: Any = ftylist_or_function
    if isinstance(declared, str) and "->" in declared and signature is None:
        declared, signature = None, declared
    if signature is None:
        raise TypeError("guvectorize needs a layout: guvectorize([types], '(n),()->(n)')")
    if callable(declared) and not isinstance(declared, Signature):
        return Generalized(declared, signature, (), identity, writable_args)
    signatures = parse_signatures(declared)
    layout_of(signature)

    def made(function: Any) -> Generalized:
        return Generalized(function, signature, signatures, identity, writable_args)

    return made
