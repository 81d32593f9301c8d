"""Polynomials as vectors of factors, that of the highest power first; `poly1d` is such a vector with operators."""

import operator
import warnings
from collections.abc import Iterator
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .correlation import convolve
from .creation import zeros, zeros_like
from .diagonals import diag
from .dispatch import holds_ours
from .elementwise import allclose, as_array, isscalar
from .joins import concatenate
from .linear import dot, outer
from .manipulation import atleast_1d
from .products import vander
from .ranges import arange
from .sorting import sort
from .spectra import eigvals
from .systems import inv, lstsq

__all__ = [
    "poly",
    "poly1d",
    "polyadd",
    "polyder",
    "polydiv",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyval",
    "roots",
]


def _is_object(*polynomials: Any) -> bool:
    return any(isinstance(p, (poly1d, numpy.poly1d)) for p in polynomials)


def _factors(p: Any) -> Any:
    return p.coeffs if _is_object(p) else p


def _wrapped(result: ndarray, *given: Any) -> Any:
    """Give a polynomial as an object, if one of the given is."""
    return poly1d(result) if _is_object(*given) else result


def polyval(p: Any, x: Any) -> Any:
    """Evaluate a polynomial at points, by Horner's rule.

    Parameters
    ----------
    p : array_like of one axis, or poly1d
        Its factors, of the highest power first.
    x : array_like, or poly1d

    Returns
    -------
    ndarray of the shape of `x`; poly1d of a polynomial

    Examples
    --------
    >>> import quelea as np
    >>> np.polyval([3, 0, 1], np.arange(3))
    array([ 1,  4, 13])
    """
    p = _factors(p)
    if _is_object(x):
        whole: Any = 0
        for factor in as_array(p):
            whole = poly1d(x) * whole + factor
        return whole
    points = as_array(x)
    # of what is no array of ours the factors are numbers, at which nobody looks
    parts = as_array(p) if holds_ours(p) else numpy.asarray(p)
    y: Any = zeros_like(points)
    for factor in parts:
        y = y * points + factor
    result: ndarray = y
    return result


def _of_one_length(a1: Any, a2: Any) -> tuple[ndarray, ndarray]:
    """Put zeros before the shorter one."""
    x, y = atleast_1d(_factors(a1)), atleast_1d(_factors(a2))
    longer = len(y) - len(x)
    if longer > 0:
        x = concatenate((zeros(longer, x.dtype), x))
    elif longer < 0:
        y = concatenate((zeros(-longer, y.dtype), y))
    return x, y


def polyadd(a1: Any, a2: Any) -> Any:
    """Give the sum of two polynomials.

    Returns
    -------
    ndarray; poly1d if one of them is
    """
    x, y = _of_one_length(a1, a2)
    return _wrapped(_quelea.add(x, y), a1, a2)


def polysub(a1: Any, a2: Any) -> Any:
    """Give the difference of two polynomials.

    Returns
    -------
    ndarray; poly1d if one of them is
    """
    x, y = _of_one_length(a1, a2)
    return _wrapped(_quelea.subtract(x, y), a1, a2)


def polymul(a1: Any, a2: Any) -> Any:
    """Give the product of two polynomials, without leading zeros of theirs, for which first elements are looked at.

    Returns
    -------
    ndarray; poly1d if one of them is
    """
    x, y = atleast_1d(_factors(a1)), atleast_1d(_factors(a2))
    if x.ndim > 1 or y.ndim > 1:
        raise ValueError("Polynomial must be 1d only.")
    return _wrapped(convolve(_without_zeros(x), _without_zeros(y)), a1, a2)


def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Divide a polynomial by another one, step by step; first elements of what is left are looked at.

    Returns
    -------
    quotient, remainder : ndarray; poly1d if one of them is

    Examples
    --------
    >>> import quelea as np
    >>> np.polydiv([3.0, 5.0, 2.0], [2.0, 1.0])
    (array([1.5 , 1.75]), array([0.25]))
    """
    whole, by = atleast_1d(_factors(u)) + 0.0, atleast_1d(_factors(v)) + 0.0
    dtype = (whole[0] + by[0]).dtype
    steps, degree = len(whole) - len(by) + 1, len(by) - 1
    scale = 1.0 / by[0]
    quotient, rest = zeros(max(steps, 1), dtype), whole.astype(dtype)
    for k in range(steps):
        factor = scale * rest[k]
        quotient[k] = factor
        rest[k : k + degree + 1] -= factor * by
    while len(rest) > 1 and allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return _wrapped(quotient, u, v), _wrapped(rest, u, v)


def _without_zeros(x: ndarray) -> ndarray:
    """Leave leading zeros out; nothing is the polynomial 0."""
    while x.size and not bool(x[0]):
        x = x[1:]
    return x if x.size else zeros(1, x.dtype)


def polyder(p: Any, m: int = 1) -> Any:
    """Give the m-th derivative of a polynomial.

    Returns
    -------
    ndarray; poly1d of one
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    result = as_array(_factors(p))
    for _ in range(m):
        result = result[:-1] * arange(len(result) - 1, 0, -1)
    return _wrapped(result, p)


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Give the m-th integral of a polynomial.

    Parameters
    ----------
    p : array_like of one axis
    m : int, default 1
    k : array_like, optional
        The constants, that of the first integral first; 0 by default.

    Returns
    -------
    ndarray; poly1d of one
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = zeros(m) if k is None else atleast_1d(k)
    if len(constants) == 1 and m > 1:
        constants = _quelea.broadcast_to(constants, (m,))
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    result = as_array(_factors(p))
    for i in range(m):
        result = concatenate((result / arange(len(result), 0, -1), constants[i : i + 1]))
    return _wrapped(result, p)


# ---- roots ----


def poly(seq_of_zeros: Any) -> Any:
    """Give the polynomial that has these roots, or the characteristic one of a matrix.

    Parameters
    ----------
    seq_of_zeros : array_like of shape (N,) or (N, N)

    Returns
    -------
    ndarray of shape (N + 1,)
        The first factor is 1. Of no roots it is the number 1.0.

    Examples
    --------
    >>> import quelea as np
    >>> np.poly([1, -1])
    array([ 1.,  0., -1.])
    """
    points = atleast_1d(seq_of_zeros)
    shape = points.shape
    if len(shape) == 2 and shape[0] == shape[1] and shape[0]:
        points = eigvals(points)
    elif len(shape) == 1:
        points = points.astype(numpy.mintypecode(points.dtype.char))
    else:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not len(points):
        return 1.0
    made = _quelea.full((1,), 1, points.dtype)
    for number in range(len(points)):
        one = _quelea.full((1,), 1, points.dtype)
        made = convolve(made, concatenate([one, -points[number : number + 1]]))
    if points.dtype.kind == "c":
        wide = points.astype(complex)
        if bool(_quelea.all(_quelea.equal(sort(wide), sort(_quelea.conjugate(wide))))):
            made = made.real.copy()
    return made


def roots(p: Any) -> ndarray:
    """Give the roots of a polynomial: eigenvalues of its companion matrix. Which factors are 0 is looked at.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.roots([1.0, -3.0, 2.0])
    array([2., 1.])
    """
    factors = atleast_1d(_factors(p))
    if factors.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    marked = numpy.flatnonzero(numpy.asarray(_quelea.not_equal(factors, 0)))
    if not marked.size:
        return zeros(0)
    at_zero = len(factors) - int(marked[-1]) - 1
    inner = factors[int(marked[0]) : int(marked[-1]) + 1]
    if inner.dtype.kind not in "fc":
        inner = inner.astype(float)
    if len(inner) > 1:
        companion = diag(_quelea.full((len(inner) - 2,), 1, inner.dtype), -1).copy()
        companion[0, :] = -inner[1:] / inner[0]
        found = eigvals(companion)
    else:
        found = zeros(0)
    return concatenate([found, zeros(at_zero, found.dtype)]) if at_zero else found


# ---- fits ----


def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: bool | str = False,
) -> Any:
    """Fit a polynomial to samples so that the squares of what is left are least.

    Parameters
    ----------
    x : array_like of shape (M,)
    y : array_like of shape (M,) or (M, K)
        Several samples at each place are fitted apart.
    deg : int
        The degree.
    rcond : float, optional
        As of `linalg.lstsq`; the precision times M.
    full : bool, default False
        Whether to give residuals, rank, singular values and `rcond` too.
    w : array_like of shape (M,), optional
        What the differences are multiplied by.
    cov : bool or 'unscaled', default False
        Whether to give the covariances of the factors too, scaled by what is left.

    Returns
    -------
    ndarray of shape (deg + 1,) or (deg + 1, K), or a tuple of it and of what else is wanted

    Warns
    -----
    RankWarning
        The samples do not say all factors.

    Examples
    --------
    >>> import quelea as np
    >>> np.polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1).round(6)
    array([2., 1.])
    """
    order = int(deg) + 1
    places, samples = as_array(x) + 0.0, as_array(y) + 0.0
    _check_samples(places, samples, deg)
    if rcond is None:
        rcond = len(places) * numpy.finfo(places.dtype).eps
    left, right = vander(places, order), samples
    if w is not None:
        weights = as_array(w) + 0.0
        if weights.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if weights.shape[0] != samples.shape[0]:
            raise TypeError("expected w and y to have the same length")
        left = left * weights[:, None]
        right = right * (weights[:, None] if right.ndim == 2 else weights)
    scale = _quelea.sqrt(_quelea.sum(left * left, axis=0))
    left = left / scale
    found, residuals, rank, singular = lstsq(left, right, rcond)
    factors = (found.T / scale).T
    if rank != order and not full:
        warnings.warn(
            "Polyfit may be poorly conditioned", numpy.exceptions.RankWarning, stacklevel=2
        )
    if full:
        return factors, residuals, numpy.int32(rank), singular, rcond
    if not cov:
        return factors
    spread = inv(dot(left.T, left)) / outer(scale, scale)
    by: Any = 1
    if cov != "unscaled":
        if len(places) <= order:
            raise ValueError(
                "the number of data points must exceed order to scale the covariance matrix"
            )
        by = residuals / (len(places) - order)
    return factors, (spread if samples.ndim == 1 else spread[:, :, None]) * by


def _check_samples(x: ndarray, y: ndarray, deg: int) -> None:
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if x.size == 0:
        raise TypeError("expected non-empty vector for x")
    if y.ndim < 1 or y.ndim > 2:
        raise TypeError("expected 1D or 2D array for y")
    if x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")


# ---- objects ----


class poly1d:
    """A polynomial, with operators.

    Parameters
    ----------
    c_or_r : array_like of one axis, or poly1d
        Its factors, of the highest power first; leading zeros, for which they are looked at, are left out.
    r : bool, default False
        Whether these are its roots.
    variable : str, default 'x'
        In which it is printed.

    Examples
    --------
    >>> import quelea as np
    >>> p = np.poly1d([1, 2, 3])
    >>> p * p
    poly1d([ 1,  4, 10, 12,  9])
    >>> print(p)
       2
    1 x + 2 x + 3
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, c_or_r: Any, r: bool = False, variable: str | None = None) -> None:
        if _is_object(c_or_r):
            self._variable = c_or_r.variable if variable is None else variable
            self._coeffs = as_array(c_or_r.coeffs)
            return
        factors = atleast_1d(poly(c_or_r) if r else c_or_r)
        if factors.ndim > 1:
            raise ValueError("Polynomial must be 1d only.")
        self._coeffs = _without_zeros(factors)
        self._variable = "x" if variable is None else variable

    @property
    def coeffs(self) -> ndarray:
        """The factors."""
        return self._coeffs

    @coeffs.setter
    def coeffs(self, value: Any) -> None:
        if value is not self._coeffs:
            raise AttributeError("Cannot set attribute")

    @property
    def variable(self) -> str:
        """The name in which it is printed."""
        return self._variable

    @property
    def order(self) -> int:
        """The degree."""
        return len(self._coeffs) - 1

    @property
    def roots(self) -> ndarray:
        """Where it is 0."""
        return roots(self._coeffs)

    c = coef = coefficients = coeffs
    r = roots
    o = order

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Give the factors as NumPy's array."""
        return numpy.array(self._coeffs.__array__(), dtype)

    def __repr__(self) -> str:
        """Print the factors."""
        return f"poly1d({repr(self._coeffs)[6:-1]})"

    def __str__(self) -> str:
        """Print the powers above the line."""
        return str(numpy.poly1d(self.__array__(), variable=self._variable))

    def __len__(self) -> int:
        """Give the degree."""
        return self.order

    def __call__(self, val: Any) -> Any:
        """Evaluate it."""
        return polyval(self._coeffs, val)

    def __iter__(self) -> Iterator[Any]:
        """Go through the factors."""
        return iter(self._coeffs)

    def __neg__(self) -> "poly1d":
        return poly1d(-self._coeffs)

    def __pos__(self) -> "poly1d":
        return self

    def __mul__(self, other: Any) -> "poly1d":
        if isscalar(other):
            return poly1d(self._coeffs * other)
        return poly1d(polymul(self, poly1d(other)))

    def __rmul__(self, other: Any) -> "poly1d":
        if isscalar(other):
            return poly1d(other * self._coeffs)
        return poly1d(polymul(self, poly1d(other)))

    def __add__(self, other: Any) -> "poly1d":
        return poly1d(polyadd(self, poly1d(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> "poly1d":
        return poly1d(polysub(self, poly1d(other)))

    def __rsub__(self, other: Any) -> "poly1d":
        return poly1d(polysub(poly1d(other), self))

    def __pow__(self, val: Any) -> "poly1d":
        if not isscalar(val) or int(val) != val or val < 0:
            raise ValueError("Power to non-negative integers only.")
        result: Any = [1]
        for _ in range(operator.index(val)):
            result = polymul(self._coeffs, result)
        return poly1d(result)

    def __truediv__(self, other: Any) -> Any:
        if isscalar(other):
            return poly1d(self._coeffs / other)
        return polydiv(self, poly1d(other))

    def __rtruediv__(self, other: Any) -> Any:
        if isscalar(other):
            return poly1d(other / self._coeffs)
        return polydiv(poly1d(other), self)

    def __eq__(self, other: object) -> Any:
        if not _is_object(other):
            return NotImplemented
        theirs = as_array(_factors(other))
        if self._coeffs.shape != theirs.shape:
            return False
        return bool(_quelea.all(_quelea.equal(self._coeffs, theirs)))

    def __getitem__(self, val: int) -> Any:
        """Give the factor of a power; 0 of one that is not there."""
        if val > self.order or val < 0:
            return self._coeffs.dtype.type(0)
        return self._coeffs[self.order - val]

    def __setitem__(self, key: int, val: Any) -> None:
        """Set the factor of a power."""
        if key < 0:
            raise ValueError("Does not support negative powers.")
        if key > self.order:
            before = zeros(key - self.order, self._coeffs.dtype)
            self._coeffs = concatenate((before, self._coeffs))
        self._coeffs[self.order - key] = val

    def integ(self, m: int = 1, k: Any = 0) -> "poly1d":
        """Give the m-th integral; see `polyint`."""
        return poly1d(polyint(self._coeffs, m=m, k=k))

    def deriv(self, m: int = 1) -> "poly1d":
        """Give the m-th derivative; see `polyder`."""
        return poly1d(polyder(self._coeffs, m=m))
