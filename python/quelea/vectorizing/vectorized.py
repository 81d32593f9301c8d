"""Element functions as ufuncs: calls, dtypes, and the methods that ufuncs have."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy

from .. import _quelea
from .._quelea import asarray, ndarray
from ..compiling import Function
from ..compiling.signatures import IR, Signature, type_of
from ..creation import empty, zeros
from ..elementwise import where as select
from ..manipulation import copyto
from . import folds
from .typed import (
    TYPE_OF,
    Element,
    Typed,
    allowed,
    as_typed,
    for_loops,
    is_number,
    is_ours,
    native,
    refused_cast,
    settled,
)
from .written import compiled, loops, subscript

__all__ = ["Vectorized"]

_CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
_KINDS = "biufc"

Moves = tuple[bool, ...]  # does an operand move along its axes, or has it one element along them?


class _Loop:
    """The dtypes with which a call computes."""

    def __init__(self, typed: Typed, inputs: list[Any], results: list[numpy.dtype[Any]]) -> None:
        self.typed = typed
        self.inputs = inputs  # dtypes to which arguments are cast; None: as they are
        self.results = results


class Vectorized:
    """A function of numbers that is called for each element of arrays, as `quelea.vectorize` makes it.

    It has what NumPy's ufuncs have: calls with ``out``, ``where``, ``dtype``, ``casting`` and ``order``, the methods
    `reduce`, `accumulate` and `outer`, and the attributes that say how many arguments it takes.
    """

    signature = None
    cache = False  # as of NumPy's; nothing is called to find out what it gives

    def __init__(
        self,
        function: Any,
        declared: Sequence[Signature] = (),
        otypes: Sequence[numpy.dtype[Any]] | None = None,
        excluded: Iterable[int | str] = (),
        identity: Any = None,
        doc: str | None = None,
    ) -> None:
        self._element = Element(function)
        self.pyfunc = self.__wrapped__ = self._element.function
        self.__name__ = self.pyfunc.__name__
        self.__qualname__ = self.pyfunc.__qualname__
        self.__module__ = self.pyfunc.__module__
        self.__doc__ = self.pyfunc.__doc__ if doc is None else doc
        self.identity = identity
        self._otypes = otypes
        self._declared = list(declared)
        self._call_signature = inspect.signature(self.pyfunc, follow_wrapped=False)
        self._parameters = self._call_signature.parameters
        kinds = {parameter.kind for parameter in self._parameters.values()}
        Kind = inspect.Parameter
        if kinds & {Kind.VAR_KEYWORD, Kind.KEYWORD_ONLY, Kind.VAR_POSITIONAL}:
            raise TypeError(
                f"{self.__name__}() has arguments that are starred, or given by name alone: write plain ones"
            )
        self.excluded = set(excluded)
        names = list(self._parameters)
        self._whole = {
            e if isinstance(e, int) else names.index(e)
            for e in self.excluded
            if e in names or isinstance(e, int)
        }
        self._loops: dict[Any, Function] = {}
        self._nout: int | None = None
        self._declare()

    def __repr__(self) -> str:
        return f"<quelea.vectorize {self.__qualname__}>"

    def __reduce__(self) -> Any:
        return self.__qualname__

    # ---- what ufuncs say of themselves ----

    @property
    def nin(self) -> int:
        """Number of arguments."""
        return len(self._parameters)

    @property
    def nout(self) -> int:
        """Number of results: one, as long as it is not compiled for anything."""
        return self._nout or 1

    @property
    def nargs(self) -> int:
        """Number of arguments and results."""
        return self.nin + self.nout

    @property
    def otypes(self) -> str | None:
        """The letters of the dtypes that were asked for."""
        return None if self._otypes is None else "".join(dtype.char for dtype in self._otypes)

    @property
    def types(self) -> list[str]:
        """The types that were declared, or else for which it was called, as ufuncs have them: "dd->d"."""
        if not self._declared:
            return self._element.types(self.nin)
        return ["".join(d.char for d in i) + "->" + r.char for i, r in self._declared_dtypes]

    @property
    def ntypes(self) -> int:
        """How many there are."""
        return len(self.types)

    # ---- types ----

    def _declare(self) -> None:
        """Compile for what is declared."""
        self._declared_dtypes: list[tuple[list[numpy.dtype[Any]], numpy.dtype[Any]]] = []
        for signature in self._declared:
            inputs = [_dtype_of(argument, signature) for argument in signature.arguments]
            if len(inputs) != self.nin:
                raise TypeError(
                    f"{self.__name__}() takes {self.nin} arguments, and is declared as {signature}"
                )
            typed = self._element.typed([TYPE_OF[dtype] for dtype in inputs])
            if not typed.stored:
                raise TypeError(
                    f"{self.__name__}() gives several numbers: leave the signatures out"
                )
            result = typed.results[0]
            if signature.result is not None:
                result = _dtype_of(signature.result, signature)
            if typed.results[0].kind == "c" and result.kind != "c":
                raise TypeError(
                    f"{self.__name__}() gives {typed.results[0]}, and is declared as {signature}: "
                    "return its real part"
                )
            self._declared_dtypes.append((inputs, result))

    def _choose(self, given: list[Any], dtype: numpy.dtype[Any] | None, casting: str) -> _Loop:
        """The first declared types to which the arguments can be cast."""
        safely = casting if casting in ("no", "equiv") else "safe"
        strong = settled(given)
        for inputs, result in self._declared_dtypes:
            if dtype is not None and result != dtype:
                continue
            rule = safely if dtype is None else casting
            if all(allowed(x, to, rule) for x, to in zip(strong, inputs, strict=True)):
                typed = self._element.typed([TYPE_OF[d] for d in inputs])
                self._element.refuse_large(typed, [None] * self.nin)
                return _Loop(typed, list(inputs), [result])
        kinds = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in given)
        wanted = f" and gives {dtype}" if dtype is not None else ""
        known = "; ".join(map(str, self._declared))
        raise TypeError(
            f"ufunc '{self.__name__}' is declared for {known}; none takes ({kinds}) under the casting rule "
            f"{'safe' if dtype is None else casting!r}{wanted}: cast the arguments, or declare these types"
        )

    def _loop(self, given: list[Any], dtype: numpy.dtype[Any] | None, casting: str) -> _Loop:
        """What to compute with, for these arguments."""
        if self._declared:
            return self._choose(given, dtype, casting)
        inputs: list[Any] = [None] * len(given)
        if dtype is not None:
            for k, x in enumerate(given):
                if k in self._whole:
                    continue
                if not allowed(x, dtype, casting):
                    raise refused_cast(self.__name__, f"input {k}", x, dtype, casting)
                inputs[k] = dtype
        kinds = [
            type_of(x) if k in self._whole else _type_of(x, to)
            for k, (x, to) in enumerate(zip(given, inputs, strict=True))
        ]
        whole_arrays = any(not is_number(given[k]) for k in self._whole if k < len(given))
        typed = self._element.typed(kinds, not whole_arrays)
        self._element.refuse_large(
            typed, [x if to is None else None for x, to in zip(given, inputs, strict=True)]
        )
        self._nout = len(typed.results)
        results = list(typed.results)
        if self._otypes is not None:
            if len(self._otypes) != len(results):
                raise ValueError(
                    f"{self.__name__}() gives {len(results)} results, and otypes has {len(self._otypes)}"
                )
            results = list(self._otypes)
        elif dtype is not None:
            results = [dtype] * len(results)
        for own, to in zip(typed.results, results, strict=True):
            if own.kind == "c" and to.kind != "c":
                raise TypeError(
                    f"{self.__name__}() gives {own}, which is no {to}: return its real part"
                )
        return _Loop(typed, inputs, results)

    # ---- calling ----

    def __call__(
        self,
        *args: Any,
        out: Any = None,
        where: Any = True,
        dtype: Any = None,
        casting: str = "same_kind",
        order: str = "K",
        subok: bool = True,
        **named: Any,
    ) -> Any:
        """Call it for each element of the arguments, which are broadcast."""
        _check_options(casting, order)
        bound, outs = self._bound(args, named, out)
        wanted = None if dtype is None else numpy.dtype(dtype)
        given, ours = self._taken(bound, outs)
        loop = self._loop(given, wanted, casting)
        plain = where is True or where is numpy.True_
        numbers = all(k in self._whole or is_number(x) for k, x in enumerate(given))
        if numbers and plain and not outs:
            return self._number(given, loop)
        mask = None if plain else self._mask(where, ours)
        results = self._results(given, loop, mask, ours, outs)
        if outs:
            for array, result in zip(outs, results, strict=True):
                self._deliver(array, result, mask, casting)
            results = outs
        elif order in "CF" or (order == "A" and _all_fortran(given)):
            layout = "F" if order == "A" else order
            results = [r if _lies(r, layout) else r.copy(order=layout) for r in results]
        if not ours and not outs:
            results = [r[()] if r.ndim == 0 else r for r in results]
        return results[0] if loop.typed.stored else tuple(results)

    def _bound(
        self, args: tuple[Any, ...], named: dict[str, Any], out: Any
    ) -> tuple[list[Any], list[Any]]:
        """The arguments in order, and where the results go."""
        outs = [] if out is None else list(out) if isinstance(out, tuple) else [out]
        if len(args) == self.nin > 0 and not named:
            return list(args), outs
        if len(args) > self.nin and not named:
            if outs:
                raise TypeError("cannot specify 'out' as both a positional and keyword argument")
            args, outs = args[: self.nin], [o for o in args[self.nin :] if o is not None]
        try:
            bound = self._call_signature.bind(*args, **named)
        except TypeError as error:
            raise TypeError(f"{self.__name__}() {error}") from None
        bound.apply_defaults()
        if not bound.args:
            raise ValueError("args can not be empty")
        return list(bound.args), outs

    def _taken(self, args: list[Any], outs: list[Any]) -> tuple[list[Any], bool]:
        """Numbers as they are, anything else as arrays: Quelea's if one is, or if there are lists alone."""
        elements = [a for k, a in enumerate(args) if k not in self._whole]
        for array in outs:
            if not isinstance(array, (ndarray, numpy.ndarray)):
                raise TypeError("return arrays must be of ArrayType")
        ours = any(map(is_ours, [*elements, *outs])) or not (
            any(isinstance(a, numpy.ndarray) for a in [*elements, *outs])
        )
        taken: list[Any] = []
        for k, a in enumerate(args):
            if (
                is_ours(a)
                or is_number(a)
                or (k in self._whole and not isinstance(a, (list, numpy.ndarray)))
            ):
                taken.append(a)
            elif ours:
                taken.append(asarray(native(a)))
            else:
                taken.append(native(a))
        return taken, ours

    def _number(self, given: list[Any], loop: _Loop) -> Any:
        """Of numbers alone: as NumPy's."""
        typed = [x if to is None else to.type(x) for x, to in zip(given, loop.inputs, strict=True)]
        found = self._element.compiled(*typed)
        every = (found,) if loop.typed.stored else found
        made = tuple(to.type(x) for x, to in zip(every, loop.results, strict=True))
        return made[0] if loop.typed.stored else made

    def _mask(self, where: Any, ours: bool) -> Any:
        mask = where if is_ours(where) else numpy.asarray(where)
        if mask.dtype != bool:
            raise TypeError(
                f"Cannot cast array data from {mask.dtype!r} to dtype('bool') according to the rule 'safe'"
            )
        if is_ours(mask) and not ours:
            raise TypeError(
                "where is Quelea's, and the arrays are NumPy's: give them to quelea.asarray"
            )
        return asarray(mask) if ours else mask

    def _results(
        self, given: list[Any], loop: _Loop, mask: Any, ours: bool, outs: list[Any]
    ) -> list[Any]:
        """New arrays; where the mask is false, of zeros."""
        arrays = [x for k, x in enumerate(given) if k not in self._whole and not is_number(x)]
        shape = numpy.broadcast_shapes(
            *(x.shape for x in [*arrays, *([] if mask is None else [mask])])
        )
        if outs and len(outs) != len(loop.results):
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        for array in outs:
            if numpy.broadcast_shapes(shape, array.shape) != array.shape:
                raise ValueError(
                    f"non-broadcastable output operand with shape {array.shape} doesn't match the broadcast "
                    f"shape {numpy.broadcast_shapes(shape, array.shape)}"
                )
        straight = loop.typed.straight
        if ours and straight is not None and arrays:
            return self._recorded(given, loop, mask, shape, bool(outs))
        return self._looped(given, loop, mask, shape, ours)

    def _recorded(
        self, given: list[Any], loop: _Loop, mask: Any, shape: Any, has_out: bool
    ) -> list[Any]:
        """As operations on whole arrays."""
        assert loop.typed.straight is not None
        arguments = []
        for x, to in zip(given, loop.inputs, strict=True):
            if is_number(x):
                arguments.append(as_typed(x) if to is None else to.type(x))
            else:
                arguments.append(x if to is None or x.dtype == to else x.astype(to))
        found = loop.typed.straight.compute([*arguments, *self._element.captured()])
        results: list[Any] = []
        for value, dtype in zip(found, loop.results, strict=True):
            if is_ours(value) and value.dtype != dtype:
                value = value.astype(dtype)
            if mask is not None and not has_out:
                value = select(mask, value, dtype.type(0))
            taken = [*given, *results]  # results share nothing, also where they are one value
            if not is_ours(value) or value.shape != shape or any(value is x for x in taken):
                made = empty(shape, dtype)
                made[...] = value
                value = made
            results.append(value)
        return results

    def _looped(
        self, given: list[Any], loop: _Loop, mask: Any, shape: Any, ours: bool
    ) -> list[Any]:
        """By a loop of its own."""
        make: Callable[..., Any] = zeros if ours else numpy.zeros
        if mask is None:
            make = empty if ours else numpy.empty
        results = [make(shape, dtype) for dtype in loop.results]
        if results[0].size == 0:
            return results
        arrays = [*results, *([] if mask is None else [mask])]
        elements = [x for k, x in enumerate(given) if k not in self._whole and not is_number(x)]
        flat = not ours and all(
            x.shape == shape and x.flags.c_contiguous for x in [*elements, *arrays]
        )
        if flat or not shape:
            shape = (results[0].size,)

        def seen(x: Any) -> Any:
            if flat:
                return x.reshape(shape)
            return x if x.ndim else x.reshape(1)

        stored = [seen(x) for x in results]
        masks = [] if mask is None else [for_loops(seen(mask))]
        moves: list[Moves | None] = []
        args = []
        for k, x in enumerate(given):
            whole = k in self._whole or is_number(x)
            args.append(for_loops(x if whole else seen(x)))
            moves.append(None if whole else _moves(args[-1], shape))
        key = (
            len(shape), tuple(moves), tuple(loop.inputs), tuple(loop.results),
            tuple(loop.typed.results), _moves(masks[0], shape) if masks else None,
            loop.typed.stored,
        )  # fmt: skip
        if key not in self._loops:
            self._loops[key] = self._written(*key)
        self._loops[key](*stored, *masks, *args)
        return results

    def _written(
        self, ndim: int, moves: Any, inputs: Any, results: Any, given: Any, mask: Any, single: bool
    ) -> Function:
        """The loop over all elements."""
        outs = [f"out{k}" for k in range(len(results))]
        args = [f"a{k}" for k in range(len(moves))]
        names: dict[str, Any] = {"function": self._element.compiled}
        names |= {f"cast{k}": to.type for k, to in enumerate(inputs) if to is not None}
        names |= {f"give{k}": to.type for k, to in enumerate(results)}
        lines = [
            f"def vectorized({', '.join([*outs, *(['mask'] if mask is not None else []), *args])}):"
        ]
        lines += loops(ndim, "out0")
        depth = ndim + 1
        if mask is not None:
            lines.append("    " * depth + f"if mask[{subscript(mask, ndim)}]:")
            depth += 1
        values = []
        for k, moved in enumerate(moves):
            value = args[k] if moved is None else f"{args[k]}[{subscript(moved, ndim)}]"
            values.append(value if inputs[k] is None else f"cast{k}({value})")
        lines.append("    " * depth + f"value = function({', '.join(values)})")
        place = subscript([True] * ndim, ndim)
        for k, to in enumerate(results):
            value = "value" if single else f"value[{k}]"
            value = value if to == given[k] else f"give{k}({value})"
            lines.append("    " * depth + f"out{k}[{place}] = {value}")
        return compiled(lines, names, "vectorize")

    def _deliver(self, out: Any, result: Any, mask: Any, casting: str) -> None:
        if not numpy.can_cast(result.dtype, out.dtype, casting):  # type: ignore[arg-type]
            raise refused_cast(self.__name__, "output", result, out.dtype, casting)
        if is_ours(out) and not _quelea.is_writable(out):
            raise ValueError("output array is read-only")
        condition = True if mask is None else mask
        if is_ours(out):
            copyto(out, result, casting="unsafe", where=condition)
        else:
            numpy.copyto(out, result, casting="unsafe", where=condition)

    # ---- methods ----

    def reduce(
        self,
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Combine the elements along axes.

        The function must be associative and commutative, up to rounding: elements are combined in the order in which
        `quelea.sum` adds them, a tree over the positions, which is the same on any number of ranks. NumPy's order is
        that of the elements. What is neither gives a value that is fixed, and not NumPy's.

        Parameters
        ----------
        array : array_like
        axis : int, tuple of ints or None, optional
        dtype : dtype, optional
            To which the elements are cast first, and which the result has.
        out : ndarray, optional
        keepdims : bool, optional
        initial : number, optional
            With which the result is combined, and what there is where there are no elements.
        where : array_like of bools, optional
            Which elements are combined: for functions with an `identity`.

        Returns
        -------
        ndarray
        """
        return folds.reduce(self, array, axis, dtype, out, keepdims, initial, where)

    def accumulate(self, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        """Combine each element with all before it along an axis.

        The function must be associative, up to rounding: elements are combined in leaves of 128, as `quelea.cumsum`
        adds them.

        Parameters
        ----------
        array : array_like
        axis : int, optional
        dtype : dtype, optional
            To which the elements are cast first, and which the result has.
        out : ndarray, optional

        Returns
        -------
        ndarray
        """
        return folds.accumulate(self, array, axis, dtype, out)

    def outer(self, A: Any, B: Any, /, **kwargs: Any) -> Any:
        """Call it for each element of one array with each of another.

        Parameters
        ----------
        A, B : array_like
        **kwargs
            As of a call.

        Returns
        -------
        ndarray
            Of the axes of `A`, then those of `B`.
        """
        self._need_two("outer product")
        (left, right), _ = self._taken([A, B], [])
        if not is_number(left) and not is_number(right):
            left = left.reshape(left.shape + (1,) * right.ndim)
        return self(left, right, **kwargs)

    def at(self, a: Any, indices: Any, b: Any = None, /) -> NoReturn:
        """Refuse: it is not there yet."""
        raise NotImplementedError(
            f"{self.__name__}.at is not in Quelea yet; write a loop in a function of quelea.jit"
        )

    def reduceat(
        self, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
    ) -> NoReturn:
        """Refuse: it is not there yet."""
        raise NotImplementedError(
            f"{self.__name__}.reduceat is not in Quelea yet; reduce parts of the array"
        )

    def _need_two(self, what: str) -> None:
        if self.nin != 2:
            raise ValueError(f"{what} only supported for binary functions")

    def closed(self, dtype: numpy.dtype[Any], wanted: numpy.dtype[Any] | None) -> numpy.dtype[Any]:
        """The dtype in which elements of that one are combined."""
        for inputs, result in self._declared_dtypes:
            asked = numpy.can_cast(dtype, result, "safe") if wanted is None else result == wanted
            if asked and inputs == [result, result]:
                return result
        at = dtype if wanted is None else wanted
        for _ in range(0 if self._declared else 3):
            found: list[numpy.dtype[Any]] = self._loop([at.type(0)] * 2, None, "same_kind").results
            if found == [at]:
                return at
            if len(found) > 1 or wanted is not None:
                break
            at = found[0]
        raise TypeError(
            f"{self.__name__} does not combine two elements of {dtype} to one of "
            f"{'theirs' if wanted is None else wanted}: it cannot reduce them"
        )

    def compute_pair(self, dtype: numpy.dtype[Any]) -> tuple[Function, bool]:
        """The function of two numbers of a dtype, and whether what it gives must be cast to it."""
        typed = self._element.typed([TYPE_OF[dtype]] * 2)
        return self._element.compiled, typed.results[0] != dtype


def _check_options(casting: str, order: str) -> None:
    if casting not in _CASTINGS:
        raise ValueError(f"casting must be one of {', '.join(map(repr, _CASTINGS))}")
    if order not in ("K", "C", "F", "A"):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")


def _type_of(x: Any, to: numpy.dtype[Any] | None) -> str:
    """The type of an argument of the function of numbers, for an operand."""
    if to is not None:
        return TYPE_OF[to]
    if is_number(x) and not isinstance(x, numpy.generic):
        return type_of(x)
    if x.dtype not in TYPE_OF:
        raise TypeError(f"an element function takes numbers, not elements of {x.dtype}")
    return TYPE_OF[x.dtype]


def _dtype_of(declared: Any, signature: Signature) -> numpy.dtype[Any]:
    if declared.name not in IR:
        raise TypeError(
            f"{signature} is no signature of an element function: it takes and gives numbers"
        )
    dtype: numpy.dtype[Any] = numpy.dtype(declared.name)
    return dtype


def _moves(x: Any, shape: Sequence[int]) -> Moves:
    """Along which of its axes an operand moves: where there is one point, along all."""
    first = len(shape) - x.ndim
    return tuple(extent != 1 or shape[first + k] == 1 for k, extent in enumerate(x.shape))


def _lies(x: Any, order: str) -> bool:
    if is_ours(x):
        return _quelea.is_contiguous(x, order)
    return bool(x.flags.f_contiguous if order == "F" else x.flags.c_contiguous)


def _all_fortran(given: list[Any]) -> bool:
    arrays = [x for x in given if isinstance(x, (ndarray, numpy.ndarray))]
    return bool(arrays) and all(_lies(x, "F") for x in arrays)
