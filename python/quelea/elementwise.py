"""Elementwise functions that are not ufuncs: where, clip, round, comparisons within a tolerance, and their like."""

import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy

from . import _quelea
from ._quelea import asarray as _asarray
from ._quelea import ndarray

__all__ = [
    "allclose",
    "angle",
    "around",
    "array_equal",
    "array_equiv",
    "clip",
    "fix",
    "imag",
    "isclose",
    "iscomplex",
    "iscomplexobj",
    "isneginf",
    "isposinf",
    "isreal",
    "isrealobj",
    "isscalar",
    "nan_to_num",
    "real",
    "round",
    "sinc",
    "where",
]


def as_array(x: Any) -> ndarray:
    """Make an array of what is none; leave what NumPy gives as a scalar as it is."""
    return x if isinstance(x, ndarray) else _asarray(x)


def as_scalar(x: ndarray) -> ndarray:
    """Give an array of no axes as NumPy's scalar, any other itself."""
    return x if x.ndim else x[()]


def is_elsewhere(*operands: Any) -> bool:
    """Whether one of the operands of a ufunc is another's business."""
    return any(
        not isinstance(x, (ndarray, int, float, complex))
        and _quelea.foreign(x) in ("overrides", "subclass", "defers")
        for x in operands
        if x is not None
    )


Composed = TypeVar("Composed", bound=Callable[..., Any])
OUTPUTS = ndarray, numpy.ndarray
"""What results may be stored in: an array of NumPy's has them on every rank."""


def whole(result: ndarray) -> ndarray:
    """Give an array for NumPy's scalar, any other itself."""
    return _asarray(result, copy=True) if _quelea.is_value(result) else result


def deliver(result: ndarray, out: ndarray | None) -> ndarray:
    """Give a result, in `out` if there is one."""
    if out is None:
        return result
    if not isinstance(out, OUTPUTS):
        raise TypeError(f"return arrays must be of type quelea.ndarray, not {type(out).__name__}")
    out[...] = result
    return out


def _is_scalar(x: Any) -> bool:
    return isinstance(x, (bool, int, float, complex, numpy.generic))


def _operand(x: Any) -> Any:
    """Leave numbers weak; make anything else an array."""
    return x if isinstance(x, ndarray) or _is_scalar(x) else _asarray(x)


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """Choose elements from `x` where a condition holds and from `y` elsewhere.

    Parameters
    ----------
    condition, x, y : array_like
        They are broadcast together.

    Returns
    -------
    ndarray or tuple of ndarray
        Without `x` and `y`: where the condition holds, as `nonzero` gives it.

    Examples
    --------
    >>> import quelea as np
    >>> np.where(np.arange(4) < 2, 0, 9)
    array([0, 0, 9, 9])
    """
    if x is None and y is None:
        from .indexing import nonzero  # which needs this module

        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    mask = _asarray(condition)
    if mask.dtype != bool:
        mask = mask.astype(bool)
    return _asarray(_quelea.where(mask, _operand(x), _operand(y)))


_ABSENT = object()


def clip(
    a: Any,
    a_min: Any = _ABSENT,
    a_max: Any = _ABSENT,
    out: ndarray | None = None,
    *,
    min: Any = _ABSENT,
    max: Any = _ABSENT,
    **kwargs: Any,
) -> ndarray:
    """Limit the elements to an interval.

    Parameters
    ----------
    a : array_like
    a_min, a_max : array_like or None
        The limits; also as `min`, `max`. None: no limit.
    out : ndarray, optional

    Returns
    -------
    ndarray
    """
    if a_min is _ABSENT and a_max is _ABSENT:
        a_min, a_max = (None if limit is _ABSENT else limit for limit in (min, max))
    elif a_min is _ABSENT or a_max is _ABSENT:
        name = "a_min" if a_min is _ABSENT else "a_max"
        raise TypeError(f"clip() missing 1 required positional argument: '{name}'")
    elif min is not _ABSENT or max is not _ABSENT:
        raise ValueError(
            "Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden."
        )
    if is_elsewhere(a_min, a_max):  # NumPy's ufunc of three asks them
        return numpy.clip(numpy.asarray(a), a_min, a_max, out=out, **kwargs)  # type: ignore
    return _limited(as_array(a), a_min, a_max, out, **kwargs)


def _limited(
    x: ndarray, min: Any = None, max: Any = None, out: ndarray | None = None, **kwargs: Any
) -> ndarray:
    """``ndarray.clip``: limit the elements to an interval."""
    low, high = _limit(x, min, "min"), _limit(x, max, "max")
    if low is None and high is None:
        return _quelea.positive(x, out=out, **kwargs)
    if low is None:
        return _quelea.minimum(x, high, out=out, **kwargs)
    if high is None:
        return _quelea.maximum(x, low, out=out, **kwargs)
    alike = not kwargs and x.dtype.kind in "iufc" and _are_of_dtype(x.dtype, low, high)
    dtype, (x, low, high) = (
        (x.dtype, (x, low, high)) if alike else _of_one_dtype(x, low, high, kwargs)
    )
    words: dict[str, Any] = {} if alike else {"dtype": dtype}
    if isinstance(out, OUTPUTS):
        check_output("clip", dtype, out, kwargs.get("casting", "same_kind"))
    # Of two zeros NumPy's loop takes that of the limit, or that of the element where the limits stay as they are.
    arrays = [a for a in (x, low, high) if isinstance(a, ndarray)]
    walks = any(a.size > 1 or (a.dtype != dtype and a.ndim > 1) for a in arrays)  # by its iterator
    stay = dtype in _WIDE and all(a.ndim == 0 or (a.size == 1 and walks) for a in arrays[1:])
    if stay or dtype.kind == "c":
        raised = _quelea.maximum(low, x, **words)
        return _quelea.minimum(high, raised, out=out, **words, **kwargs)
    raised = _quelea.maximum(x, low, **words)
    return _quelea.minimum(raised, high, out=out, **words, **kwargs)


def _are_of_dtype(dtype: numpy.dtype[Any], *operands: Any) -> bool:
    return all(isinstance(a, ndarray) and a.dtype == dtype for a in operands)


_limited.__name__ = _limited.__qualname__ = "clip"  # it has the plain form of the function

_WIDE = (numpy.dtype(numpy.float32), numpy.dtype(numpy.float64))


def check_output(name: str, dtype: Any, out: ndarray, casting: str) -> None:
    """Refuse a ufunc's result of a dtype that cannot go to `out`."""
    if not numpy.can_cast(dtype, out.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast ufunc '{name}' output from {dtype!r} to {out.dtype!r} with casting rule '{casting}'"
        )


def _of_one_dtype(x: ndarray, low: Any, high: Any, kwargs: dict[str, Any]) -> Any:
    """Give what elements and limits promote to, as one ufunc of three inputs would, and what can be cast to it."""
    operands = [x, _operand(low), _operand(high)]
    resolved = {k: kwargs[k] for k in ("dtype", "casting") if k in kwargs}
    kwargs.pop("dtype", None)
    samples = (numpy.empty(0, a.dtype) if isinstance(a, ndarray) else a for a in operands)
    dtype = numpy.clip(*samples, **resolved).dtype
    with numpy.errstate(all="ignore"):
        return dtype, [
            (a if numpy.can_cast(a.dtype, dtype) else _quelea.cast(a, dtype))
            if isinstance(a, ndarray)
            else numpy.asarray(a).astype(dtype)[()]
            for a in operands
        ]


def _limit(x: ndarray, limit: Any, end: str) -> Any:
    """Give a limit, None if every integer of the dtype respects it."""
    if type(limit) is int and x.dtype.kind in "iu":
        range_ = numpy.iinfo(x.dtype)
        if limit <= range_.min if end == "min" else limit >= range_.max:
            return None
    return limit


def round(a: Any, decimals: int = 0, out: ndarray | None = None) -> ndarray:
    """Round to a number of decimals, halves to even.

    Parameters
    ----------
    a : array_like
    decimals : int, default 0
        Negative: to tens, hundreds, ...
    out : ndarray, optional

    Returns
    -------
    ndarray
    """
    x = as_array(a)
    decimals = operator.index(decimals)
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError(f"return arrays must be of type quelea.ndarray, not {type(out).__name__}")
    if not -(2**31) <= decimals < 2**31:
        raise OverflowError("Python int too large to convert to C int")
    if out is not None and out.size != x.size:
        raise ValueError("invalid output shape")
    if x.dtype.kind == "c":
        return _round_parts(x, decimals, out)
    if x.dtype.kind in "iu" and decimals >= 0:
        return as_scalar(_asarray(x, copy=True)) if out is None else _assigned(x, out)
    if x.dtype == bool and decimals and out is None:
        raise TypeError(
            "Cannot cast ufunc 'multiply' output from dtype('float64') to dtype('bool') with casting rule 'same_kind'"
        )
    rint = _quelea.rint
    if decimals == 0:
        return rint(x, out=out)
    scale = _power_of_ten(abs(decimals))
    first, last = _quelea.multiply, _quelea.divide
    if decimals < 0:
        first, last = last, first
    if out is not None:
        first(x, scale, out=out)
        rint(out, out=out)
        return last(out, scale, out=out)
    result = last(rint(first(x, scale)), scale)
    if x.dtype.kind in "iu":
        result = result.astype(x.dtype)
    return (
        result.astype(result.dtype, order=order_of_new(x), copy=False)
        if result.ndim > 1
        else result
    )


def _assigned(x: ndarray, out: ndarray) -> ndarray:
    if not numpy.can_cast(x.dtype, out.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast array data from {x.dtype!r} to {out.dtype!r} according to the rule 'same_kind'"
        )
    out[...] = x
    return out


def _round_parts(x: ndarray, decimals: int, out: ndarray | None) -> ndarray:
    if out is None:
        result = _asarray(x, copy=True)
        result.real[...], result.imag[...] = round(x.real, decimals), round(x.imag, decimals)
        return as_scalar(result)
    if out.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    if out.shape != x.shape:
        raise ValueError("invalid output shape")
    out.real[...], out.imag[...] = round(x.real, decimals), round(x.imag, decimals)
    return out


def _power_of_ten(n: int) -> float:
    """As NumPy computes it: by multiplications beyond 1e9."""
    power = 10.0 ** (n if n < 9 else 9)
    if n < 9:
        return power
    for _ in range(9, min(n, 400)):
        power *= 10.0
    return power


def order_of_new(x: ndarray) -> str:
    """Where NumPy makes an array beside another: Fortran order where that lies so alone, else C order."""
    return "F" if not _quelea.is_contiguous(x, "C") and _quelea.is_contiguous(x, "F") else "C"


around = round


def fix(x: Any, out: ndarray | None = None) -> ndarray:
    """Round towards zero.

    Returns
    -------
    ndarray
    """
    return _quelea.trunc(x, out=out)


def real(val: Any) -> ndarray:
    """Give the real part.

    Returns
    -------
    ndarray
        `val` itself if it is real, else a view of the parts.
    """
    return val.real if hasattr(val, "real") else as_array(val).real


def imag(val: Any) -> ndarray:
    """Give the imaginary part.

    Returns
    -------
    ndarray
    """
    return val.imag if hasattr(val, "imag") else as_array(val).imag


def angle(z: Any, deg: bool = False) -> ndarray:
    """Give the angle of complex numbers, in radians or degrees.

    Returns
    -------
    ndarray
    """
    x = _asarray(z)
    result = _quelea.arctan2(x.imag, x.real) if x.dtype.kind == "c" else _quelea.arctan2(0, x)
    return _quelea.rad2deg(result) if deg else result


def check_rules(dtype: Any, casting: Any, order: Any, subok: Any = True) -> None:
    """Refuse keywords of ufuncs that are no dtype, no rule or no order, in the order in which NumPy does."""
    if dtype is not None:
        numpy.dtype(dtype)
    numpy.can_cast(bool, bool, casting)
    _quelea.order(order)
    if not isinstance(subok, bool):
        raise TypeError("'subok' must be a boolean")


def composed(function: Composed) -> Composed:
    """Give a ufunc, with NumPy's attributes, that a function of the same name computes."""
    made: Composed = _quelea.composed(function, getattr(numpy, function.__name__))
    return made


def refuse_signature(name: str, signature: Any) -> None:
    """Refuse a keyword of ufuncs that is not there yet."""
    if signature is None:
        raise TypeError("the signature object to ufunc must be a string or a tuple.")
    if signature is not ...:
        raise NotImplementedError(f"{name}(signature=) is not in Quelea yet; write dtype=")


def cast_input(name: str, a: ndarray, dtype: Any, casting: str) -> ndarray:
    """Cast an operand as the rule of a ufunc allows it."""
    target = numpy.dtype(dtype)
    if not numpy.can_cast(a.dtype, target, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast ufunc '{name}' input from {a.dtype!r} to {target!r} with casting rule '{casting}'"
        )
    return _quelea.cast(a, target)


def nan_to_num(
    x: Any,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> ndarray:
    """Replace NaN and infinities by finite numbers.

    Parameters
    ----------
    x : array_like
    copy : bool, default True
        Otherwise a Quelea array is changed itself.
    nan, posinf, neginf : float, optional
        What replaces them: 0, and the largest and smallest finite numbers of the dtype.

    Returns
    -------
    ndarray
    """
    a = _asarray(x, copy=copy)
    if a.dtype.kind == "c":
        finite_real, finite_imag = (
            nan_to_num(part, True, nan, posinf, neginf) for part in (a.real, a.imag)
        )
        a[...] = _quelea.from_parts(finite_real, finite_imag)
        return as_scalar(a)
    if a.dtype.kind != "f":
        return as_scalar(a)
    limits = numpy.finfo(a.dtype)
    for mask, value in (
        (_quelea.isnan(a), nan),
        (_quelea.equal(a, numpy.inf), limits.max if posinf is None else posinf),
        (_quelea.equal(a, -numpy.inf), limits.min if neginf is None else neginf),
    ):
        a[...] = _quelea.where(mask, value, a)
    return as_scalar(a)


def sinc(x: Any) -> ndarray:
    """Give ``sin(pi x) / (pi x)``, 1 at 0.

    Returns
    -------
    ndarray
    """
    y = numpy.pi * as_array(x)
    tiny = numpy.finfo(y.dtype).eps if y.dtype.kind == "f" else 1.0e-20  # its sine is itself
    y = _quelea.where(_quelea.equal(y, 0), tiny, y)
    return _quelea.sin(y) / y


# ---- questions ----


def _positional(out: Any) -> tuple[Any, ...]:
    """Give an output as a ufunc takes it by its place: never in a tuple."""
    return () if out is None else (out,)


def isneginf(x: Any, out: ndarray | None = None) -> ndarray:
    """Tell where elements are negative infinity.

    Returns
    -------
    ndarray of bool
    """
    return _quelea.logical_and(_quelea.isinf(x), _quelea.signbit(x), *_positional(out))


def isposinf(x: Any, out: ndarray | None = None) -> ndarray:
    """Tell where elements are positive infinity.

    Returns
    -------
    ndarray of bool
    """
    return _quelea.logical_and(
        _quelea.isinf(x), _quelea.logical_not(_quelea.signbit(x)), *_positional(out)
    )


def iscomplex(x: Any) -> ndarray:
    """Tell where elements have an imaginary part other than 0.

    Returns
    -------
    ndarray of bool
    """
    a = _asarray(x)
    return as_scalar(a.imag != 0 if a.dtype.kind == "c" else _quelea.full(a.shape, False, bool))


def isreal(x: Any) -> ndarray:
    """Tell where elements have no imaginary part.

    Returns
    -------
    ndarray of bool
    """
    return imag(x) == 0


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex, of whatever has one."""
    kind = getattr(getattr(x, "dtype", None), "type", None) or numpy.asarray(x).dtype.type
    return issubclass(kind, numpy.complexfloating)


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def isscalar(element: Any) -> bool:
    """Whether it is a scalar: a Python or NumPy one, or what a full reduction or ``x[i, j]`` gives."""
    return _quelea.is_value(element) if isinstance(element, ndarray) else numpy.isscalar(element)


_WEAK = (int, float, complex)


def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> ndarray:
    """Tell where elements are equal within a tolerance, ``|a - b| <= atol + rtol |b|``.

    Parameters
    ----------
    a, b : array_like
    rtol, atol : float
    equal_nan : bool, default False
        Whether NaN equals NaN.

    Returns
    -------
    ndarray of bool
    """
    x = a if isinstance(a, _WEAK) and not isinstance(b, _WEAK) else _asarray(a)
    y: Any = b if isinstance(b, _WEAK) else _asarray(b)
    if not isinstance(y, ndarray):
        y = float(y) if isinstance(y, int) else y
    elif y.dtype.kind in "iub":
        y = y.astype(numpy.result_type(y.dtype, 1.0))
    relative, absolute = (_asarray(t) if type(t) is list else t for t in (rtol, atol))
    near = _quelea.logical_and(
        _quelea.less_equal(abs(x - y), absolute + relative * abs(y)), _quelea.isfinite(y)
    )
    result = _quelea.logical_or(near, _quelea.equal(x, y))
    if equal_nan:
        both = _quelea.logical_and(_quelea.isnan(x), _quelea.isnan(y))
        result = _quelea.logical_or(result, both, out=result if result.ndim else None)
    return result


def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are equal within a tolerance. The parameters are those of `isclose`.

    Returns
    -------
    bool
    """
    return bool(_quelea.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether two arrays have the same shape and elements.

    Returns
    -------
    bool
    """
    x, y = _asarray(a1), _asarray(a2)
    if x.shape != y.shape:
        return False
    equal = _quelea.equal(x, y)
    if equal_nan:
        equal = _quelea.logical_or(equal, _quelea.logical_and(_quelea.isnan(x), _quelea.isnan(y)))
    return bool(_quelea.all(equal))


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether two arrays have the same elements once they are broadcast together.

    Returns
    -------
    bool
    """
    x, y = _asarray(a1), _asarray(a2)
    try:
        numpy.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return bool(_quelea.all(_quelea.equal(x, y)))
