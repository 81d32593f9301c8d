"""Elementwise functions of two results, with the keywords of ufuncs: divmod, frexp, modf."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .elementwise import (
    OUTPUTS,
    as_array,
    cast_input,
    check_rules,
    is_elsewhere,
    refuse_signature,
    whole,
)

__all__ = ["divmod", "frexp", "modf"]

Pair = tuple[ndarray, ndarray]
_NO_OUTPUTS = (None, None)


def _targets(name: str, outs: tuple[Any, ...], out: Any) -> tuple[ndarray | None, ndarray | None]:
    if any(t is not None and not isinstance(t, OUTPUTS) for t in outs):
        raise TypeError("return arrays must be of type quelea.ndarray")
    if len(outs) > 2:
        raise TypeError(f"{name}() takes at most two outputs, but {len(outs)} were given")
    if not isinstance(out, tuple):
        raise TypeError("'out' must be a tuple of arrays")
    if outs and any(t is not None for t in out):
        raise TypeError("cannot specify 'out' as both a positional and keyword argument")
    if len(out) != 2:
        raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
    first, second = (*outs, None, None)[:2] if outs else out
    return first, second


def _keywords(
    out: Any, where: Any, casting: str, order: str, dtype: Any, signature: Any
) -> dict[str, Any]:
    """Those that were given."""
    all_of_them = {
        "out": (out, not isinstance(out, tuple) or any(t is not None for t in out)),
        "where": (where, where is not True),
        "casting": (casting, casting != "same_kind"),
        "order": (order, order != "K"),
        "dtype": (dtype, dtype is not None),
        "signature": (signature, signature is not ...),
    }
    return {name: value for name, (value, is_given) in all_of_them.items() if is_given}


def _of_two_results(compute: Callable[..., Pair]) -> Callable[..., Pair]:
    """Give a function of elements, and of `dtype` and `casting`, the keywords of a ufunc."""
    name = compute.__name__
    theirs = getattr(numpy, name)

    def function(
        *given: Any,
        out: Any = _NO_OUTPUTS,
        where: Any = True,
        casting: str = "same_kind",
        order: str = "K",
        dtype: Any = None,
        subok: bool = True,
        signature: Any = ...,
    ) -> Pair:
        inputs, outs = given[: theirs.nin], given[theirs.nin :]
        if len(inputs) < theirs.nin:
            raise TypeError(f"{name}() takes {theirs.nin} arrays, but {len(inputs)} were given")
        if is_elsewhere(*given, *(out if isinstance(out, tuple) else (out,))):
            keywords = _keywords(out, where, casting, order, dtype, signature)
            elsewhere: Pair = theirs(*given, **keywords)
            return elsewhere
        wants_arrays = out is ...
        if where is not True and out is _NO_OUTPUTS and all(t is None for t in outs):
            warnings.warn(
                "'where' used without 'out', expect unitialized memory in output. If this is intentional, use "
                "out=None.",
                UserWarning,
                stacklevel=2,
            )
        targets = _targets(name, outs, _NO_OUTPUTS if wants_arrays else out)
        check_rules(dtype, casting, order, subok)
        refuse_signature(name, signature)
        results = compute(*inputs, dtype, casting)
        if where is not True or order != "K" or any(t is not None for t in targets):
            first, second = (
                _quelea.positive(r, out=t, where=where, casting=casting, order=order)
                for r, t in zip(results, targets, strict=True)
            )
            results = first, second
        return (whole(results[0]), whole(results[1])) if wants_arrays else results

    functools.update_wrapper(function, compute)
    del function.__wrapped__  # type: ignore[attr-defined]
    composed: Callable[..., Pair] = _quelea.composed(function, theirs)
    return composed


def _floats(name: str, x: Any, casting: str) -> ndarray:
    a = as_array(x)
    if a.dtype.kind == "f":
        return a
    return cast_input(name, a, getattr(numpy, name)(numpy.zeros(0, a.dtype))[0].dtype, casting)


def _no_loop(name: str) -> TypeError:
    return TypeError(
        f"No loop matching the specified signature and casting was found for ufunc {name}"
    )


@_of_two_results
def modf(x: Any, dtype: Any, casting: str, /) -> Pair:
    """Split into fractional and integral parts, both with the sign of the element.

    The keywords are those of ufuncs; `out` is a tuple of two.

    Returns
    -------
    tuple of ndarray
    """
    if dtype is not None and numpy.dtype(dtype).kind != "f":
        raise _no_loop("modf")
    a = as_array(x) if dtype is None else cast_input("modf", as_array(x), dtype, casting)
    a = _floats("modf", a, casting)
    whole = _quelea.trunc(a)
    fraction = _quelea.cast(_quelea.where(_quelea.isinf(a), 0, a - whole), a.dtype)
    return _quelea.copysign(fraction, a), whole


@_of_two_results
def frexp(x: Any, dtype: Any, casting: str, /) -> Pair:
    """Split into a mantissa, of 0.5 to 1 but for the sign, and an exponent of 2.

    The keywords are those of ufuncs; `out` is a tuple of two. NumPy has no loop that `dtype` could name.

    Returns
    -------
    mantissa : ndarray
        Of zeros, infinities and NaN these themselves.
    exponent : ndarray of int32

    Examples
    --------
    >>> import quelea as np
    >>> np.frexp(np.asarray([1.0, 10.0, 0.0]))
    (array([0.5  , 0.625, 0.   ]), array([1, 4, 0], dtype=int32))
    """
    if dtype is not None:
        raise _no_loop("frexp")
    a = _floats("frexp", x, casting)
    return _quelea.mantissa(a), _quelea.exponent(a)


@_of_two_results
def divmod(x1: Any, x2: Any, dtype: Any, casting: str, /) -> Pair:
    """Give quotient and remainder, ``(x1 // x2, x1 % x2)``.

    The keywords are those of ufuncs; `out` is a tuple of two.

    Returns
    -------
    tuple of ndarray
    """
    kind: dict[str, Any] = {} if dtype is None else {"dtype": dtype}
    return (
        _quelea.floor_divide(x1, x2, casting=casting, **kind),
        _quelea.remainder(x1, x2, casting=casting, **kind),
    )
