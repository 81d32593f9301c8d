"""``quelea.stencil``: kernels that say what one element is made of, by offsets from it.

A call is a few statements, each for a box of the result: one for the inside, where all neighbours are there, and, where
the border is computed too, others as thin as one element (`borders.py`), so that the inside is as fast as without them.

On Quelea's arrays a kernel that is one expression (`compiling/plain.py`) is computed of views, as slices that the
program writes itself: so it is fused, its halos are inferred, and time loops of it are swept. Other kernels are loops
that `quelea.jit` compiles (`compiling/boxes.py`), and so are all on NumPy's arrays. Both give the same bits.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import asarray, ndarray
from .borders import FOUND, MODES, SAME, Piece, edges, pieces_of
from .compiling import Function, plain, relative
from .compiling.boxes import Loops, hidden_of
from .compiling.inside import loops_of
from .compiling.names import DTYPES
from .compiling.signatures import IR
from .compiling.source import NoSource, Source, lines_of, source_of
from .creation import empty_like, full
from .errors import JitError
from .manipulation import may_share_memory

__all__ = ["stencil"]

# ---- what stands around an element, or around many ----


class _Around:
    """What a kernel gets for an array: views of as many elements as a piece has, by offsets."""

    __slots__ = ("_array", "_fill", "_piece")

    def __init__(self, array: Any, piece: Piece, fill: Any) -> None:
        self._array, self._piece, self._fill = array, piece, fill

    def __getitem__(self, offsets: Any) -> Any:
        key = self._piece.views.get(offsets) or self._piece.view_at(offsets)
        return self._fill if key is None else self._array[key]


class _AroundOne:
    """The same for one element, without views: where nothing is compiled."""

    def __init__(self, array: Any, piece: Piece, fill: Any) -> None:
        self._array, self._piece, self._fill = array, piece, fill
        self.at: tuple[int, ...] = ()

    def __getitem__(self, offsets: Any) -> Any:
        offsets = offsets if isinstance(offsets, tuple) else (offsets,)
        key: list[Any] = []
        spans = zip(self._piece.axes, offsets, self._piece.reach, self.at, strict=True)
        for axis, offset, (least, _), at in spans:
            if isinstance(offset, slice):
                key.append(slice(at + offset.start, at + offset.stop))
            elif axis.found is None:
                key.append(at + offset)
            elif self._piece.fills and not axis.inside[offset - least]:
                return self._fill
            else:
                key.append(axis.found[offset - least])
        return self._array[tuple(key)]


# ---- kinds of arguments ----

_KEPT = 64  # shapes of which the pieces are known
_MOST_PIECES = 64  # of the border, that are recorded one by one as views
_OF_PYTHON = {"bool": bool, "int": int, "float": float, "complex": complex}
_OF_NUMPY = {text: name for name, text in IR.items()}


# ---- the decorator ----


class Stencil:
    """A stencil, as `quelea.stencil` makes it of a kernel."""

    __wrapped__: Any
    __name__: str
    _instead = "call it outside the function: inside are the modes 'constant' and 'skip'"

    def __init__(
        self,
        function: types.FunctionType,
        mode: str,
        cval: Any,
        neighborhood: relative.Offsets | None,
        standard: Sequence[str],
    ) -> None:
        functools.update_wrapper(self, function)
        self.mode = mode
        self._cval = cval  # None: not given
        self._declared = neighborhood
        self.neighborhood = neighborhood
        self._standard = tuple(standard)
        self._signature = inspect.signature(function, follow_wrapped=False)
        self._names = tuple(self._signature.parameters)
        self._lines = lines_of(function)
        self._kinds: dict[Any, _Kind] = {}
        self._compiled = os.environ.get("QUELEA_JIT", "").lower() != "off"
        kinds = inspect.Parameter
        starred = (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
        parameters = self._signature.parameters.values()
        self._by_name = tuple(p.name for p in parameters if p.kind is kinds.KEYWORD_ONLY)
        self._plain = -1 if self._by_name else len(self._names)  # arguments that need no binding
        if any(p.kind in starred for p in parameters):
            raise TypeError(f"{self.__name__}(): a stencil's kernel names all of its arguments")
        if not self._names or "out" in self._names:
            what = "names an argument out, which calls have" if self._names else "has no argument"
            raise TypeError(f"{self.__name__}(): a stencil's kernel {what}")
        if set(self._standard) - set(self._names):
            raise ValueError(f"standard_indexing names what {self.__name__}() has no argument of")
        if self._names[0] in self._standard:
            raise ValueError(
                "the first argument is indexed by offsets, and not in standard_indexing"
            )

    def __repr__(self) -> str:
        return f"<quelea.stencil {self.__qualname__}>"  # type: ignore[attr-defined]

    @property
    def py_func(self) -> Any:
        """The kernel itself."""
        return self.__wrapped__

    # ---- in compiled functions ----

    @property
    def _has_inside(self) -> bool:
        return self.mode not in FOUND

    def _inside(self) -> Source:
        """The function that a compiled function has for it, where the kernel's text says what it takes."""
        source = _source_of(self)
        free = tuple(name for name in self._names if name not in self._standard)
        found = list(relative.subscripts(source.node, free))
        indexed = {s.value.id for s in found}  # type: ignore[attr-defined]
        arrays = tuple(name for name in free if name in indexed)
        if not arrays or arrays[0] != self._names[0]:
            raise ValueError(f"{_place(source)} does not look at {self._names[0]}: write a[0]")
        first = next(s for s in found if s.value.id == arrays[0])  # type: ignore[attr-defined]
        kind = self._kind(len(relative.indices(first)), arrays, ())
        kernel = kind.loops_for((False,) * len(kind.reach)).kernel
        cval = self._cval if self.mode == "constant" else None
        return loops_of(self.__name__, kernel, arrays, kind.reach, self.mode, cval)

    # ---- a call ----

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """Compute all elements.

        Parameters
        ----------
        *args, **kwargs
            What the kernel takes: arrays, and numbers.
        out : ndarray, optional

        Returns
        -------
        ndarray
        """
        given = self._taken(args, kwargs, out)
        first = given[self._names[0]]
        arrays = {name: x for name, x in given.items() if self._is_array(name, x)}
        self._check(arrays, first)
        kind = self._kind(
            first.ndim, tuple(arrays), tuple(k for k, x in given.items() if _is_number(x))
        )
        self.neighborhood = kind.reach
        if out is not None and out.shape != first.shape:
            raise ValueError(f"out has shape {out.shape}, and {self._names[0]} {first.shape}")
        if out is None and self.mode == "skip":
            raise ValueError("mode 'skip' leaves the border as it is in out: give out=")
        if isinstance(first, ndarray) and isinstance(out, numpy.ndarray):
            out[...] = _Call(self, kind, given, arrays, asarray(out)).done()
            return out
        return _Call(self, kind, given, arrays, out).done()

    def _taken(self, args: Any, kwargs: Any, out: Any) -> dict[str, Any]:
        """The arguments by name, all arrays of one side."""
        given = dict(zip(self._names, args, strict=False))
        if len(args) != self._plain or kwargs:
            try:
                bound = self._signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self.__name__}() {error}") from None
            bound.apply_defaults()
            given = bound.arguments
        given = {name: _taken(name, value) for name, value in given.items()}
        first = given[self._names[0]]
        if not self._is_array(self._names[0], first):
            raise TypeError(f"{self._names[0]}, the first argument of a stencil, is an array")
        if out is not None and not isinstance(out, (ndarray, numpy.ndarray)):
            raise TypeError(f"out is no array, but {type(out).__name__}")
        if any(isinstance(x, ndarray) for x in (*given.values(), out)):
            given = {k: asarray(x) if self._is_array(k, x) else x for k, x in given.items()}
        return given

    def _is_array(self, name: str, value: Any) -> bool:
        is_array = isinstance(value, (ndarray, numpy.ndarray)) and value.ndim > 0
        return is_array and name not in self._standard

    def _check(self, arrays: dict[str, Any], first: Any) -> None:
        for name, array in arrays.items():
            if array.ndim != first.ndim:
                raise ValueError(
                    f"{name} has {array.ndim} axes, and {self._names[0]} {first.ndim}: "
                    "what has indices of its own is listed in standard_indexing"
                )
            if any(map(int.__lt__, array.shape, first.shape)):
                raise ValueError(
                    f"{name} of shape {array.shape} is smaller than {self._names[0]} of {first.shape}"
                )
            if self.mode in FOUND and array.shape != first.shape:
                raise ValueError(
                    f"{name} has shape {array.shape}, and {self._names[0]} {first.shape}: "
                    f"with mode {self.mode!r} arrays have the same"
                )

    def _kind(self, ndim: int, arrays: tuple[str, ...], numbers: tuple[str, ...]) -> _Kind:
        key = ndim, arrays, numbers
        if key not in self._kinds:
            self._kinds[key] = _Kind(self, ndim, arrays, numbers)
        return self._kinds[key]


def _taken(name: str, value: Any) -> Any:
    """An array of numbers, or what else a kernel is given; arrays of no axes are numbers."""
    if isinstance(value, ndarray):
        return value
    if isinstance(value, numpy.ndarray):
        if isinstance(value, numpy.ma.MaskedArray):
            raise TypeError(f"{name} has a mask, which a stencil does not see")
        if value.dtype.name not in DTYPES or not value.dtype.isnative:
            raise TypeError(f"{name} is of {value.dtype!r}, which stencils do not take")
        return numpy.asarray(value) if value.ndim else value[()]
    if value is None or isinstance(value, (int, float, complex, tuple, numpy.number, numpy.bool_)):
        return value
    raise TypeError(f"{name} is {type(value).__name__}: a stencil takes arrays and numbers")


def _is_number(x: Any) -> bool:
    """Say whether it is a number, or an array of no axes."""
    if isinstance(x, (ndarray, numpy.ndarray)):
        return not x.ndim
    return isinstance(x, (int, float, complex, numpy.number, numpy.bool_))


def _source_of(stencil: Stencil) -> Source:
    try:
        return source_of(stencil.__wrapped__, stencil._lines or lines_of(stencil.__wrapped__))
    except NoSource as no_source:
        raise JitError(f"QJ101: {no_source}") from None


def _place(source: Source) -> str:
    return f"{source.name}() at {source.file}:{source.node.lineno + source.line}"


class _Kind:
    """What a stencil is for arrays of some number of axes."""

    def __init__(
        self, stencil: Stencil, ndim: int, arrays: tuple[str, ...], numbers: tuple[str, ...]
    ) -> None:
        self.stencil, self.arrays = stencil, arrays
        source = _source_of(stencil)
        self.indexed = {s.value.id for s in relative.subscripts(source.node, arrays)}  # type: ignore[attr-defined]
        self._refuse_unused(source, arrays)
        declared = stencil._declared
        if declared is not None and len(declared) != ndim:
            raise ValueError(
                f"neighborhood has {len(declared)} axes, and {stencil._names[0]} {ndim}"
            )
        self.is_declared = declared is not None
        self.reach = declared or relative.reach_of(source.node, arrays, ndim)
        inside = all(
            self.reach[k][0] <= offset <= self.reach[k][1]
            for found in relative.subscripts(source.node, arrays)
            for k, item in enumerate(relative.indices(found)[:ndim])
            if (offset := relative.constant(item)) is not None
        )
        self.plain = plain.plain(source, arrays, numbers, ndim) if inside else None
        self.loops: dict[tuple[bool, ...], Loops] = {}
        self.pieces: dict[tuple[int, ...], list[Piece]] = {}
        self.dtypes: dict[tuple[int, str], numpy.dtype[Any]] = {}  # of results, by the types given

    def _refuse_unused(self, source: Source, arrays: tuple[str, ...]) -> None:
        where = _place(source)
        if not self.indexed:
            raise ValueError(
                f"{where} looks at no element: write a[0], with an offset for each axis"
            )
        used = relative.named(source.node)
        for name in arrays:
            if name in used and name not in self.indexed:
                raise TypeError(
                    f"{where} has no offsets for {name}, which is an array: list it in standard_indexing"
                )

    def pieces_of(self, shape: tuple[int, ...]) -> list[Piece]:
        """The pieces of a result."""
        if shape not in self.pieces:
            if len(self.pieces) == _KEPT:
                del self.pieces[next(iter(self.pieces))]
            self.pieces[shape] = pieces_of(shape, self.reach, self.stencil.mode)
        return self.pieces[shape]

    def loops_for(self, border: tuple[bool, ...]) -> Loops:
        """The loops over a piece with a border along these axes."""
        if border not in self.loops:
            fills, wraps = (self.stencil.mode == mode for mode in ("grid-constant", "wrap"))
            at_all = any(border)
            form = relative.Form(
                self.arrays,
                self.reach,
                border,
                fills and at_all,
                wraps and at_all,
                self.is_declared,
            )
            self.loops[border] = Loops(self.stencil.__wrapped__, self.stencil._names, form)
        return self.loops[border]

    def dtype(self, given: dict[str, Any], arrays: dict[str, Any]) -> numpy.dtype[Any]:
        """The dtype of what the kernel gives."""
        loops = self.loops_for((False,) * len(self.reach))
        types_ = loops.types(arrays, given)
        key = loops.kernel._builds, types_  # another program may give another
        if key not in self.dtypes:
            text = loops.result(types_)
            if text not in _OF_PYTHON and text not in _OF_NUMPY:
                name = self.stencil.__name__
                raise TypeError(f"{name}() gives {text}, and a stencil's kernel gives a number")
            of = _OF_PYTHON.get(text) or _OF_NUMPY[text]
            self.dtypes[key] = numpy.dtype(of)
        return self.dtypes[key]


class _Call:
    """One application of a stencil."""

    def __init__(
        self, stencil: Stencil, kind: _Kind, given: dict[str, Any], arrays: dict[str, Any], out: Any
    ) -> None:
        self.stencil, self.kind, self.given, self.arrays, self.out = (
            stencil,
            kind,
            given,
            arrays,
            out,
        )
        self.first = given[stencil._names[0]]
        self.ours = isinstance(self.first, ndarray)
        self.looped: dict[str, Any] | None = None
        self.fills: dict[str, Any] = {}
        self.filled: dict[str, Any] = {}  # the same, as arrays of one element
        if stencil.mode == "grid-constant":
            number = 0 if stencil._cval is None else stencil._cval
            self.fills = {k: _converted(number, a.dtype) for k, a in arrays.items()}

    def done(self) -> Any:
        pieces = self.kind.pieces_of(self.first.shape)
        views = self._as_views() and all(self.first.shape)
        known: list[Any] = []  # of the first pieces the values, which tell the dtype
        if views and pieces:
            known = [self._views(pieces[0])]
            dtype = known[0].dtype
        elif self.stencil._compiled:
            dtype = self.kind.dtype(self._in_loops(), self.arrays)
        else:
            known = [self._elements(piece) for piece in pieces]
            dtype = numpy.result_type(*(v.dtype for v in known)) if known else numpy.dtype(float)
        out, target = self._target(dtype)
        few = views and len(pieces) <= _MOST_PIECES
        if self.ours:
            _quelea.set_patient(True)
        try:
            for piece, value in itertools.zip_longest(pieces, known):
                if value is not None:
                    target[piece.key] = value
                elif few:
                    target[piece.key] = self._views(piece)
                else:
                    self._loops(piece, target)
        finally:
            if self.ours:
                _quelea.set_patient(False)
        return self._finished(out, target)

    # ---- where it goes ----

    def _target(self, dtype: numpy.dtype[Any]) -> tuple[Any, Any]:
        """The result, and what is computed into: another array, where the result is also read."""
        make = empty_like if self.ours else numpy.empty_like
        if self.out is None:
            made = make(self.first, dtype)
            return made, made
        out = self.out
        if not numpy.can_cast(dtype, out.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast the result of {self.stencil.__name__}() from {dtype!r} to "
                f"{out.dtype!r} with casting rule 'same_kind'"
            )
        read = list(_arrays_in(self._all_read()))
        shares = may_share_memory if self.ours else numpy.may_share_memory
        if any(shares(out, x) for x in read if type(x) is type(out)) or _is_part(out):
            return out, make(out)
        return out, out

    def _all_read(self) -> list[Any]:
        """What the kernel is given, and takes from outside."""
        given = list(self.given.values())
        if self.stencil._compiled and not self._as_views():
            given += self.kind.loops_for((False,) * len(self.kind.reach)).kernel.captured()
        return given

    def _finished(self, out: Any, target: Any) -> Any:
        mode, cval = self.stencil.mode, self.stencil._cval
        if mode in FOUND:
            if target is not out:
                out[...] = target
            return out
        if target is not out:
            reach = zip(out.shape, self.kind.reach, strict=True)
            key = tuple(slice(max(0, -low), max(n - max(0, high), 0)) for n, (low, high) in reach)
            out[key] = target[key]
        if mode == "constant" and (self.out is None or cval is not None):
            for edge in edges(out.shape, self.kind.reach):
                out[edge] = 0 if cval is None else cval
        return out

    # ---- how ----

    def _as_views(self) -> bool:
        plain = self.kind.plain
        if not self.ours or plain is None or not self.stencil._compiled or not plain.holds():
            return False
        return plain.takes({a.dtype.kind for a in self.arrays.values()})

    def _views(self, piece: Piece) -> Any:
        """The values of a piece, as an expression of views."""
        if self.fills and not self.filled:
            ones = (1,) * self.first.ndim
            self.filled = {k: full(ones, fill, fill.dtype) for k, fill in self.fills.items()}
        around = {k: _Around(array, piece, self.filled.get(k)) for k, array in self.arrays.items()}
        return self._kernel(around)

    def _kernel(self, around: dict[str, Any]) -> Any:
        """What the kernel itself gives, of what it gets for arrays."""
        given = {**self.given, **around}
        by_name = {name: given.pop(name) for name in self.stencil._by_name}
        return self.stencil.__wrapped__(*given.values(), **by_name)

    def _in_loops(self) -> dict[str, Any]:
        """The arguments as loops take them: arrays of no axes are looked at."""
        if self.looped is None:
            self.looped = {name: _looped(value) for name, value in self.given.items()}
        return self.looped

    def _loops(self, piece: Piece, target: Any) -> None:
        """Compute a piece by compiled loops."""
        loops = self.kind.loops_for(piece.border)
        ends = [end for axis in piece.axes for end in (axis.low, axis.high)]
        given = self._in_loops()
        arrays = {name: given[name] for name in self.arrays}
        hidden = hidden_of(piece, loops.form, self.fills, arrays)
        loops.run(target, *ends, *given.values(), *hidden)

    def _elements(self, piece: Piece) -> Any:
        """The values of a piece, element by element, in Python."""
        around = {
            name: _AroundOne(array, piece, self.fills.get(name))
            for name, array in self.arrays.items()
        }
        found = []
        for at in itertools.product(*(range(axis.low, axis.high) for axis in piece.axes)):
            for one in around.values():
                one.at = at
            found.append(self._kernel(around))
        return numpy.array(found).reshape([axis.high - axis.low for axis in piece.axes])


def _arrays_in(values: Iterable[Any]) -> Iterator[Any]:
    """The arrays among them, in tuples too."""
    for value in values:
        if isinstance(value, tuple):
            yield from _arrays_in(value)
        elif isinstance(value, (ndarray, numpy.ndarray)):
            yield value


def _is_part(x: Any) -> bool:
    """Say whether loops cannot take it: the real or imaginary parts of an array."""
    return isinstance(x, ndarray) and _quelea.is_part(x)


def _looped(x: Any) -> Any:
    if isinstance(x, ndarray) and not x.ndim:
        return numpy.asarray(x)[()]
    return x.copy() if _is_part(x) else x


def _converted(number: Any, dtype: numpy.dtype[Any]) -> Any:
    """The number as an element of the dtype, as when it is stored there."""
    one = numpy.empty(1, dtype)
    one[0] = number
    return one[0]


def _neighborhood(given: Any) -> relative.Offsets | None:
    if given is None:
        return None
    try:
        reach = tuple((int(low), int(high)) for low, high in given)
    except (TypeError, ValueError):
        reach = ()
    if not reach or any(low > high for low, high in reach):
        raise ValueError(
            "neighborhood has a pair (low, high) for each axis, as ((-1, 1), (0, 2)): the least and "
            f"the largest offset; not {given!r}"
        )
    return reach


def stencil(
    func_or_mode: Any = "constant",
    *,
    mode: str | None = None,
    cval: Any = None,
    neighborhood: Sequence[tuple[int, int]] | None = None,
    standard_indexing: Sequence[str] = (),
) -> Any:
    """Make a stencil of a kernel: a function that says what one element is made of.

    The kernel's arrays are indexed by offsets from the element: ``a[-1, 0]`` is the one before it
    along the first axis. The stencil is called with whole arrays, and gives a new array of the shape
    of the first. The function's interface is that of ``numba.stencil``, with more modes.

    Parameters
    ----------
    func_or_mode : function or str
        The kernel; or the mode, as in Numba. Without a function a decorator is made.
    mode : str, optional
        What becomes of the border: of the elements that have neighbours beyond the ends of the
        arrays. By default 'constant'.

        ================= ===================================================================
        'constant'        they are `cval`, as in Numba. Of an array that is given as ``out``
                          they stay as they are, unless `cval` is given
        'skip'            they stay as they are in ``out``, which must be given
        'grid-constant'   beyond the ends is `cval`: ``k k k | a b c d | k k k``. This is what
                          ``scipy.ndimage`` calls 'constant' too, and ``numpy.pad`` 'constant'
        'nearest'         ``a a a | a b c d | d d d``, ``numpy.pad``'s 'edge'
        'reflect'         ``c b a | a b c d | d c b``, ``numpy.pad``'s 'symmetric'; also
                          'grid-mirror'
        'mirror'          ``d c b | a b c d | c b a``, ``numpy.pad``'s 'reflect'
        'wrap'            ``b c d | a b c d | a b c``; also 'grid-wrap'
        ================= ===================================================================

    cval : number, optional
        0 by default. It is stored as ``out[...] = cval`` does it, with 'grid-constant' as an element of each array:
        among integers 0.5 is 0.
    neighborhood : sequence of pairs of int, optional
        The least and the largest offset along each axis. It must be given where offsets are not
        constants, as in loops; what leads farther is undefined.
    standard_indexing : sequence of str
        Arguments that are arrays with indices of their own, which count from their beginning.

    Returns
    -------
    Stencil
        Called with what the kernel takes, arrays and numbers, and with ``out=``, an array of the
        shape of the first argument, which is given back. `neighborhood` is what was declared or,
        after a call, inferred.

    Raises
    ------
    ValueError
        There is no such mode; or, from a call, arrays do not fit each other.
    quelea.errors.JitError
        From the first call: what the kernel does is not in the language of `quelea.jit`. A
        ``SyntaxError``.

    Notes
    -----
    The kernel is compiled as by `quelea.jit`, in whose language it is written. Its arrays are
    Quelea's or NumPy's; with one of Quelea's the result is Quelea's. They have as many axes as the
    first, and are at least as large (with a mode that looks beyond the ends, as large); others have
    to be listed in `standard_indexing`. If ``out`` is also read, all is read before it is stored.

    Over ranks the halo follows from the offsets, and messages bring no more. A kernel that is one
    expression (numbers, operators, ufuncs, ``where``, names for parts of it) is computed as slices
    are: fused with what is around it, and in time loops several steps together.

    Functions of `quelea.jit` may call it, with the modes 'constant' and 'skip'; there ``out`` must not
    also be read.

    Examples
    --------
    >>> import quelea as np
    >>> @np.stencil
    ... def around(a):
    ...     return 0.25 * (a[0, 1] + a[1, 0] + a[0, -1] + a[-1, 0])
    >>> print(around(np.arange(12).reshape(3, 4)))
    [[0. 0. 0. 0.]
     [0. 5. 6. 0.]
     [0. 0. 0. 0.]]
    >>> @np.stencil(mode="nearest", neighborhood=((-2, 0),))
    ... def largest(a):
    ...     best = a[0]
    ...     for i in range(-2, 0):
    ...         best = max(best, a[i])
    ...     return best
    >>> print(largest(np.array([1, 5, 2, 0, 3])))
    [1 5 5 5 3]
    """
    given = func_or_mode if isinstance(func_or_mode, str) else None
    if mode is not None and given not in (None, "constant", mode):
        raise TypeError(f"the mode is given twice: {given!r} and {mode!r}")
    chosen = mode or given or "constant"
    if chosen not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {chosen!r}")
    chosen = SAME.get(chosen, chosen)
    if cval is not None and chosen not in ("constant", "grid-constant"):
        raise ValueError(f"mode {chosen!r} has no cval")
    if isinstance(standard_indexing, str):
        standard_indexing = (standard_indexing,)
    reach = _neighborhood(neighborhood)

    def decorate(function: Any) -> Stencil:
        if isinstance(function, (Function, Stencil)):  # what is around others is a part of them
            function = function.__wrapped__
        if not isinstance(function, types.FunctionType):
            raise TypeError(f"stencil takes Python functions, not {type(function).__name__}")
        return Stencil(function, chosen, cval, reach, standard_indexing)

    return decorate if isinstance(func_or_mode, str) else decorate(func_or_mode)
