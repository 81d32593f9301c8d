"""``np.fft``: discrete Fourier transforms, NumPy's functions and conventions.

A line is computed whole, by one thread, with the same bits on any number of ranks; NumPy's library computes it. An
array that is cut along the axis is redistributed so that lines are whole, and its result lies so: `fft2` and `fftn`
move their elements between nodes once. A line without others beside it goes to one node, which is a `GatherWarning`.
"""

import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from . import _quelea
from ._quelea import ndarray
from .elementwise import OUTPUTS, as_array
from .errors import warn_of_gather
from .ranges import arange
from .rearranging import roll

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

_Norm = str | None
_Sizes = Sequence[int] | None
_Axes = Sequence[int] | None

# ---- one axis ----

_COMPLEX, _SYMMETRIC, _HALF, _REAL = range(4)
_OPPOSITE: dict[Any, str] = {
    "backward": "forward",
    None: "forward",
    "ortho": "ortho",
    "forward": "backward",
}


def _opposite(norm: Any) -> str:
    try:
        return _OPPOSITE[norm]
    except KeyError:
        raise ValueError(
            f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".'
        ) from None


def _factor(n: int, norm: Any, dtype: Any) -> float:
    """What results are multiplied by, rounded as NumPy does it."""
    if norm is None or norm == "backward":
        return 1.0
    with numpy.errstate(all="ignore"):
        if norm == "ortho":
            return float(numpy.reciprocal(numpy.sqrt(n, dtype=dtype)))
        if norm == "forward":
            return float(numpy.reciprocal(n, dtype=dtype))
    raise ValueError(f'Invalid norm value {norm}; should be "backward","ortho" or "forward".')


def _prepared(name: str, a: ndarray, half: bool, complex_input: bool) -> ndarray:
    """Give the numbers in a dtype that there are transforms of."""
    if half and a.dtype.kind == "c":
        loop = numpy.dtype("f4" if a.dtype == "c8" else "f8")
        raise TypeError(
            f"Cannot cast ufunc '{name}' input 0 from {a.dtype!r} to {loop!r} with casting rule 'same_kind'"
        )
    single = a.dtype in ("f2", "f4", "c8")
    dtype = numpy.dtype(
        ("c8" if single else "c16") if complex_input else ("f4" if single else "f8")
    )
    return a if a.dtype == dtype else a.astype(dtype)


def _target(out: Any, a: ndarray, axis: int, n_out: int) -> Any:
    """Give where the result goes, as a ufunc takes it."""
    shape = getattr(out, "shape", None)
    if shape is not None and (len(shape) != a.ndim or shape[axis] != n_out):
        raise ValueError("output array has wrong shape.")
    if isinstance(out, tuple):
        if len(out) != 1:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        out = out[0]
    if out is not None and not isinstance(out, OUTPUTS):
        raise TypeError("return arrays must be of ArrayType")
    return out


def _store(name: str, result: ndarray, out: Any) -> Any:
    if out.shape != result.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {result.shape}"
        )
    if not numpy.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc '{name}' output from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'"
        )
    out[...] = result
    return out


def _along(
    name: str,
    a: ndarray,
    n: Any,
    axis: Any,
    half: bool,
    forward: bool,
    norm: Any,
    out: Any,
    conjugate: bool = False,
) -> ndarray:
    """Transform lines; `half`: of numbers whose lines are real on one side. `conjugate`: the other sign of i."""
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if not forward:
        norm = _opposite(norm)
    real = numpy.result_type(a.real.dtype, 1.0)
    factor = _factor(n, norm, real)
    n = operator.index(n)
    axis = normalize_axis_index(operator.index(axis), a.ndim)
    n_out = n // 2 + 1 if half and forward else n
    target = _target(out, a, axis, n_out)
    whole = _COMPLEX if a.dtype.kind == "c" else _SYMMETRIC
    kind = (_HALF if forward else _REAL) if half else whole
    x = _prepared(name, a, kind == _HALF, kind in (_COMPLEX, _REAL))
    result, on_one = _quelea.transform(x, kind, axis, n, forward == conjugate, factor)
    if on_one:
        warn_of_gather(
            f"fft.{name.split('_')[0]}",
            f"brings one line of {result.size} numbers to one node, where one thread computes it; "
            "transforms of several lines are shared out",
        )
    if target is not None:
        stored: ndarray = _store(name, result, target)
        return stored
    if kind == _REAL and result.dtype != real:  # of float16
        result = result.astype(real)
    return result


def fft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Discrete Fourier transform along an axis.

    Parameters
    ----------
    a : array_like
    n : int, optional
        Length of the result: longer lines are cut, shorter ones continued with zeros. By default that of `a`.
    axis : int, default -1
    norm : {'backward', 'ortho', 'forward'}, optional
        Which direction divides by `n`; 'ortho': both divide by its root.
    out : ndarray, optional

    Returns
    -------
    ndarray
        complex64 for float16, float32 and complex64, else complex128.

    Raises
    ------
    IndexError
        There is no such axis.

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.fft([1.0, 0.0, 0.0, 0.0]))
    [1.+0.j 1.+0.j 1.+0.j 1.+0.j]
    """
    a = as_array(a)
    return _along("fft", a, a.shape[axis] if n is None else n, axis, False, True, norm, out)


def ifft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `fft`, whose parameters it has.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.ifft([0.0, 4.0, 0.0, 0.0]))
    [ 1.+0.j  0.+1.j -1.+0.j  0.-1.j]
    """
    a = as_array(a)
    return _along("ifft", a, a.shape[axis] if n is None else n, axis, False, False, norm, out)


def rfft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """First ``n // 2 + 1`` numbers of `fft`, whose parameters it has, of real input: the others are their conjugates.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.rfft([1.0, 0.0, 0.0, 0.0]))
    [1.+0.j 1.+0.j 1.+0.j]
    """
    a = as_array(a)
    n = a.shape[axis] if n is None else n
    return _along(f"rfft_n_{'odd' if n % 2 else 'even'}", a, n, axis, True, True, norm, out)


def irfft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `rfft`, whose parameters it has; `n` is the length of the real result.

    Returns
    -------
    ndarray
        Without `n`, of ``2 * (m - 1)`` numbers for `m` of `a`.

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.irfft([1.0, -1j, -1.0]))
    [0. 1. 0. 0.]
    """
    a = as_array(a)
    n = (a.shape[axis] - 1) * 2 if n is None else n
    return _along("irfft", a, n, axis, True, False, norm, out)


def hfft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Transform numbers whose other half are their conjugates to real ones; parameters as those of `irfft`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.hfft([1.0, 2.0, 1.0]))
    [ 6.  0. -2.  0.]
    """
    a = as_array(a)
    n = (a.shape[axis] - 1) * 2 if n is None else n
    return _along("irfft", a, n, axis, True, False, _opposite(norm), out, conjugate=True)


def ihfft(
    a: Any, n: int | None = None, axis: int = -1, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `hfft`: conjugates of `rfft`, whose parameters it has, divided by `n`.

    Returns
    -------
    ndarray
    """
    a = as_array(a)
    n = a.shape[axis] if n is None else n
    name = f"rfft_n_{'odd' if n % 2 else 'even'}"
    return _along(name, a, n, axis, True, True, _opposite(norm), out, conjugate=True)


# ---- several axes ----


def _sizes_and_axes(a: ndarray, s: Any, axes: Any, inverse: bool = False) -> tuple[list[Any], Any]:
    """Give NumPy's lengths and axes; `inverse`: the last length is that of a real result."""
    given = s is not None
    if not given:
        s = list(a.shape) if axes is None else list(numpy.take(a.shape, axes))
    s = list(s)
    if axes is None:
        if given:
            warnings.warn(
                "`axes` should not be `None` if `s` is not `None` (Deprecated in NumPy 2.0)",
                DeprecationWarning,
                stacklevel=4,
            )
        axes = list(range(-len(s), 0))
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    if inverse and not given:
        s[-1] = (a.shape[axes[-1]] - 1) * 2
    if None in s:
        warnings.warn(
            "Passing an array containing `None` values to `s` is deprecated in NumPy 2.0 and will raise an error in a "
            "future version of NumPy.",
            DeprecationWarning,
            stacklevel=4,
        )
    return [a.shape[axis] if n == -1 else n for n, axis in zip(s, axes, strict=False)], axes


def _each(
    a: Any, s: Any, axes: Any, function: Callable[..., ndarray], norm: _Norm, out: Any
) -> ndarray:
    result = as_array(a)
    s, axes = _sizes_and_axes(result, s, axes)
    for n, axis in zip(reversed(s), reversed(axes), strict=True):
        result = function(result, n, axis, norm, out)
    return result


def fftn(
    a: Any, s: _Sizes = None, axes: _Axes = None, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Discrete Fourier transform along several axes.

    Parameters
    ----------
    a : array_like
    s : sequence of int, optional
        Lengths of the result along these axes; -1: that of `a`.
    axes : sequence of int, optional
        By default all.
    norm : {'backward', 'ortho', 'forward'}, optional
    out : ndarray, optional

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.fftn(np.ones((2, 2))))
    [[4.+0.j 0.+0.j]
     [0.+0.j 0.+0.j]]
    """
    return _each(a, s, axes, fft, norm, out)


def ifftn(
    a: Any, s: _Sizes = None, axes: _Axes = None, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `fftn`, whose parameters it has.

    Returns
    -------
    ndarray
    """
    return _each(a, s, axes, ifft, norm, out)


def fft2(
    a: Any, s: _Sizes = None, axes: _Axes = (-2, -1), norm: _Norm = None, out: Any = None
) -> ndarray:
    """Transform as `fftn` does, by default along the last two axes.

    Returns
    -------
    ndarray
    """
    return _each(a, s, axes, fft, norm, out)


def ifft2(
    a: Any, s: _Sizes = None, axes: _Axes = (-2, -1), norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `fft2`, whose parameters it has.

    Returns
    -------
    ndarray
    """
    return _each(a, s, axes, ifft, norm, out)


def _real_each(a: Any, s: Any, axes: Any, norm: _Norm, out: Any) -> ndarray:
    a = as_array(a)
    s, axes = _sizes_and_axes(a, s, axes)
    result = rfft(a, s[-1], axes[-1], norm, out)
    for k in range(len(axes) - 2, -1, -1):
        result = fft(result, s[k], axes[k], norm, out)
    return result


def _each_to_real(a: Any, s: Any, axes: Any, norm: _Norm, out: Any) -> ndarray:
    a = as_array(a)
    s, axes = _sizes_and_axes(a, s, axes, inverse=True)
    for k in range(len(axes) - 1):
        a = ifft(a, s[k], axes[k], norm)
    return irfft(a, s[-1], axes[-1], norm, out)


def rfftn(
    a: Any, s: _Sizes = None, axes: _Axes = None, norm: _Norm = None, out: Any = None
) -> ndarray:
    """`rfft` along the last of the axes, then `fft` along the others; parameters as those of `fftn`.

    Returns
    -------
    ndarray
    """
    return _real_each(a, s, axes, norm, out)


def rfft2(
    a: Any, s: _Sizes = None, axes: _Axes = (-2, -1), norm: _Norm = None, out: Any = None
) -> ndarray:
    """Transform as `rfftn` does, by default along the last two axes.

    Returns
    -------
    ndarray
    """
    return _real_each(a, s, axes, norm, out)


def irfftn(
    a: Any, s: _Sizes = None, axes: _Axes = None, norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `rfftn`, whose parameters it has; the last of `s` is a length of the real result.

    Returns
    -------
    ndarray
    """
    return _each_to_real(a, s, axes, norm, out)


def irfft2(
    a: Any, s: _Sizes = None, axes: _Axes = (-2, -1), norm: _Norm = None, out: Any = None
) -> ndarray:
    """Inverse of `rfft2`, whose parameters it has.

    Returns
    -------
    ndarray
    """
    return _each_to_real(a, s, axes, norm, out)


# ---- frequencies ----


def _as_frequencies(n: Any, d: Any, device: Any) -> float:
    if not isinstance(n, (int, numpy.integer)):
        raise ValueError("n should be an integer")
    if device not in ("cpu", None):
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {device}')
    return 1.0 / float(n * d)


def fftfreq(n: int, d: float = 1.0, device: str | None = None) -> ndarray:
    """Frequencies of the `n` numbers of `fft`, in cycles per unit of the spacing `d`.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.fftfreq(4, 0.5))
    [ 0.   0.5 -1.  -0.5]
    """
    step = _as_frequencies(n, d, device)
    count = arange(n)
    return _quelea.where(count > (n - 1) // 2, count - n, count) * step


def rfftfreq(n: int, d: float = 1.0, device: str | None = None) -> ndarray:
    """Frequencies of the ``n // 2 + 1`` numbers of `rfft`.

    Returns
    -------
    ndarray of shape (n // 2 + 1,)

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.rfftfreq(4, 0.5))
    [0.  0.5 1. ]
    """
    step = _as_frequencies(n, d, device)
    return arange(n // 2 + 1) * step


def _shifted(x: Any, axes: Any, sign: int) -> ndarray:
    x = as_array(x)
    if axes is None:
        axes = tuple(range(x.ndim))
    if isinstance(axes, (int, numpy.integer)):
        return roll(x, sign * (x.shape[axes] // 2), int(axes))
    return roll(x, [sign * (x.shape[axis] // 2) for axis in axes], axes)


def fftshift(x: Any, axes: int | _Axes = None) -> ndarray:
    """Move what belongs to frequency 0 into the middle.

    Parameters
    ----------
    x : array_like
    axes : int or sequence of int, optional
        By default all.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> print(np.fft.fftshift(np.fft.fftfreq(4)))
    [-0.5  -0.25  0.    0.25]
    """
    return _shifted(x, axes, 1)


def ifftshift(x: Any, axes: int | _Axes = None) -> ndarray:
    """Inverse of `fftshift`, whose parameters it has.

    Returns
    -------
    ndarray
    """
    return _shifted(x, axes, -1)
