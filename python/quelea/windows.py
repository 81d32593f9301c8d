"""Windows for spectra, and the Bessel function that the last of them takes."""

from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .creation import ones
from .elementwise import as_array
from .ranges import arange

__all__ = ["bartlett", "blackman", "hamming", "hanning", "i0", "kaiser"]


def _distances(M: Any) -> tuple[ndarray | None, float]:
    """Give twice the distances of points from the middle, and M; None: there is one point, or none."""
    count = float(numpy.array([0.0, M])[1])
    return (arange(1 - count, count, 2) if count > 1 else None), count


def _few(count: float) -> ndarray:
    return ones(0 if count < 1 else 1)


def bartlett(M: int) -> ndarray:
    """Triangle of `M` points that is 0 at both ends.

    Returns
    -------
    ndarray of shape (M,)
    """
    n, count = _distances(M)
    if n is None:
        return _few(count)
    return _quelea.where(_quelea.less_equal(n, 0), 1 + n / (count - 1), 1 - n / (count - 1))


def blackman(M: int) -> ndarray:
    """Blackman's window of `M` points, of three cosines.

    Returns
    -------
    ndarray of shape (M,)
    """
    n, count = _distances(M)
    if n is None:
        return _few(count)
    angle = numpy.pi * n / (count - 1)
    twice = 2.0 * numpy.pi * n / (count - 1)
    return 0.42 + 0.5 * _quelea.cos(angle) + 0.08 * _quelea.cos(twice)


def hamming(M: int) -> ndarray:
    """Hamming's window of `M` points, a raised cosine on a step.

    Returns
    -------
    ndarray of shape (M,)
    """
    n, count = _distances(M)
    if n is None:
        return _few(count)
    return 0.54 + 0.46 * _quelea.cos(numpy.pi * n / (count - 1))


def hanning(M: int) -> ndarray:
    """Hann's window of `M` points, a raised cosine.

    Returns
    -------
    ndarray of shape (M,)

    Examples
    --------
    >>> import quelea as np
    >>> np.hanning(5).round(2)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    n, count = _distances(M)
    if n is None:
        return _few(count)
    return 0.5 + 0.5 * _quelea.cos(numpy.pi * n / (count - 1))


def kaiser(M: int, beta: float) -> ndarray:
    """Kaiser's window of `M` points, of a Bessel function.

    Parameters
    ----------
    M : int
    beta : float
        How narrow it is.

    Returns
    -------
    ndarray of shape (M,)
    """
    values = numpy.array([0.0, M, beta])
    count, width = float(values[1]), float(values[2])
    if count == 1:
        return ones(1)
    n = arange(0, count)
    middle = (count - 1) / 2.0
    return i0(width * _quelea.sqrt(1 - ((n - middle) / middle) ** 2.0)) / i0(width)


# ---- the modified Bessel function of order 0, as in Cephes: Chebyshev series up to 8 and beyond ----

_UP_TO_8 = (
    -4.41534164647933937950e-18, 3.33079451882223809783e-17, -2.43127984654795469359e-16, 1.71539128555513303061e-15,
    -1.16853328779934516808e-14, 7.67618549860493561688e-14, -4.85644678311192946090e-13, 2.95505266312963983461e-12,
    -1.72682629144155570723e-11, 9.67580903537323691224e-11, -5.18979560163526290666e-10, 2.65982372468238665035e-9,
    -1.30002500998624804212e-8, 6.04699502254191894932e-8, -2.67079385394061173391e-7, 1.11738753912010371815e-6,
    -4.41673835845875056359e-6, 1.64484480707288970893e-5, -5.75419501008210370398e-5, 1.88502885095841655729e-4,
    -5.76375574538582365885e-4, 1.63947561694133579842e-3, -4.32430999505057594430e-3, 1.05464603945949983183e-2,
    -2.37374148058994688156e-2, 4.93052842396707084878e-2, -9.49010970480476444210e-2, 1.71620901522208775349e-1,
    -3.04682672343198398683e-1, 6.76795274409476084995e-1,
)  # fmt: skip
_BEYOND_8 = (
    -7.23318048787475395456e-18, -4.83050448594418207126e-18, 4.46562142029675999901e-17, 3.46122286769746109310e-17,
    -2.82762398051658348494e-16, -3.42548561967721913462e-16, 1.77256013305652638360e-15, 3.81168066935262242075e-15,
    -9.55484669882830764870e-15, -4.15056934728722208663e-14, 1.54008621752140982691e-14, 3.85277838274214270114e-13,
    7.18012445138366623367e-13, -1.79417853150680611778e-12, -1.32158118404477131188e-11, -3.14991652796324136454e-11,
    1.18891471078464383424e-11, 4.94060238822496958910e-10, 3.39623202570838634515e-9, 2.26666899049817806459e-8,
    2.04891858946906374183e-7, 2.89137052083475648297e-6, 6.88975834691682398426e-5, 3.36911647825569408990e-3,
    8.04490411014108831608e-1,
)  # fmt: skip


def _series(x: ndarray, factors: tuple[float, ...]) -> ndarray:
    """Sum Chebyshev's polynomials of x by Clenshaw's recurrence."""
    first: Any = factors[0]
    second: Any = 0.0
    third: Any = 0.0
    for factor in factors[1:]:
        third, second = second, first
        first = x * second - third + factor
    result: ndarray = 0.5 * (first - third)
    return result


def i0(x: Any) -> ndarray:
    """Give the modified Bessel function of the first kind and order 0.

    Parameters
    ----------
    x : array_like, real

    Returns
    -------
    ndarray
    """
    a = as_array(x)
    if a.dtype.kind == "c":
        raise TypeError("i0 not supported for complex values")
    if a.dtype.kind != "f":
        a = a.astype(float)
    a = abs(a)
    low = _quelea.exp(a) * _series(a / 2.0 - 2, _UP_TO_8)
    high = _quelea.exp(a) * _series(32.0 / a - 2.0, _BEYOND_8) / _quelea.sqrt(a)
    return _quelea.where(_quelea.less_equal(a, 8.0), low, high)
