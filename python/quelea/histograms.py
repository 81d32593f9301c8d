"""Counting: `bincount`, and histograms over bins between edges.

Edges are few, and every rank makes them, as NumPy does, of the smallest and largest element or what is given. A routine
finds each element's bin, by comparing it with the edges, and another counts.
"""

import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .creation import zeros
from .dispatch import as_numpy
from .elementwise import as_array
from .quantiles import percentile

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> ndarray:
    """Count how often each number occurs, or sum the weights of its occurrences.

    Parameters
    ----------
    x : array_like of ints
        Of one axis, none below zero.
    weights : array_like, optional
        As many as there are numbers. They are summed in float64, in an order that follows from their number and that of
        bins alone.
    minlength : int, default 0
        The result has at least so many elements.

    Returns
    -------
    ndarray
        Of int64, or with weights of float64: an element for each number up to the largest.

    Raises
    ------
    ValueError
        A number is below zero, or shapes do not fit.
    TypeError
        The numbers are no integers.

    Examples
    --------
    >>> import quelea as np
    >>> np.bincount([0, 1, 1, 3, 2, 1, 7])
    array([1, 3, 1, 1, 0, 0, 0, 1])
    >>> np.bincount([0, 1, 1], weights=[0.5, 0.25, 1.0])
    array([0.5 , 1.25])
    """
    given = as_array(x)
    if isinstance(x, (list, tuple)) and given.dtype.kind == "f":
        if given.size:
            warnings.warn(
                "Non-integer input passed to bincount. In a future version of NumPy, this will be an error. "
                "(Deprecated NumPy 2.1)",
                DeprecationWarning,
                stacklevel=2,
            )
        given = given.astype(numpy.int64)
    if given.ndim != 1:
        raise ValueError(
            "object of too small depth for desired array"
            if given.ndim == 0
            else "object too deep for desired array"
        )
    if given.dtype.kind not in "iub":
        raise TypeError(
            f"Cannot cast array data from {given.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    if minlength is None:
        raise TypeError("use 0 instead of None for minlength")
    least = operator.index(minlength)
    if least < 0:
        raise ValueError("'minlength' must not be negative")
    numbers = given if given.dtype == numpy.int64 else given.astype(numpy.int64)
    if numbers.size == 0:
        return zeros(least, numpy.int64)
    low, high = _quelea.min(numbers), _quelea.max(numbers)
    if int(low) < 0:
        raise ValueError("'list' argument must have no negative elements")
    bins = max(int(high) + 1, least)
    if weights is None:
        return _quelea.tally(numbers, None, bins)
    return _quelea.tally(numbers, _weights_of(weights, numbers), bins)


def _weights_of(weights: Any, numbers: ndarray) -> ndarray:
    given = as_array(weights)
    if given.ndim != 1:
        raise ValueError(
            "object of too small depth for desired array"
            if given.ndim == 0
            else "object too deep for desired array"
        )
    if not numpy.can_cast(given.dtype, numpy.float64, "safe"):
        raise TypeError(
            f"Cannot cast array data from {given.dtype!r} to dtype('float64') according to the rule 'safe'"
        )
    if given.size != numbers.size:
        raise ValueError("The weights and list don't have the same length.")
    return given


# ---- edges ----


def _host(edges: Any) -> Any:
    return as_numpy(edges) if isinstance(edges, ndarray) else numpy.asarray(edges)


def _outer_edges(x: ndarray, limits: Any) -> tuple[Any, Any]:
    if limits is not None:
        first, last = limits
        if first > last:
            raise ValueError("max must be larger than min in range parameter.")
        if not (numpy.isfinite(first) and numpy.isfinite(last)):
            raise ValueError(f"supplied range of [{first}, {last}] is not finite")
    elif x.size == 0:
        first, last = 0, 1
    else:
        low, high = _quelea.min(x), _quelea.max(x)
        first, last = _quelea.scalar(low), _quelea.scalar(high)
        if not (numpy.isfinite(first) and numpy.isfinite(last)):
            raise ValueError(f"autodetected range of [{first}, {last}] is not finite")
    if first == last:
        first, last = first - 0.5, last + 0.5
    return first, last


def _difference(last: Any, first: Any) -> Any:
    """Subtract integers so that nothing is lost."""
    dtype = numpy.result_type(last, first)
    if dtype.kind != "i":
        return numpy.subtract(last, first, dtype=dtype)
    unsigned = numpy.dtype(f"u{dtype.itemsize}")
    return numpy.subtract(
        numpy.asarray(last, dtype), numpy.asarray(first, dtype), casting="unsafe", dtype=unsigned
    )


def _deviation(x: ndarray) -> Any:
    return _quelea.scalar((x - x.mean()).__abs__().__pow__(2).mean()) ** 0.5


# How wide bins are by a rule: of the elements, of the largest less the smallest, and of the outer edges.


def _scott(x: ndarray, ptp: Any, limits: Any) -> Any:
    return (24.0 * numpy.pi**0.5 / x.size) ** (1.0 / 3.0) * _deviation(x)


def _doane(x: ndarray, ptp: Any, limits: Any) -> Any:
    if x.size <= 2:
        return 0.0
    sg1 = numpy.sqrt(6.0 * (x.size - 2) / ((x.size + 1.0) * (x.size + 3)))
    sigma = _deviation(x)
    if not sigma > 0.0:
        return 0.0
    g1 = _quelea.scalar((((x - x.mean()) / sigma) ** 3).mean())
    return ptp / (1.0 + numpy.log2(x.size) + numpy.log2(1.0 + numpy.absolute(g1) / sg1))


def _freedman_diaconis(x: ndarray, ptp: Any, limits: Any) -> Any:
    high, low = percentile(x, [75, 25])
    return 2.0 * _quelea.scalar(high - low) * x.size ** (-1.0 / 3.0)


def _auto(x: ndarray, ptp: Any, limits: Any) -> Any:
    """Take Freedman's and Diaconis' rule or Sturges', and at most twice as many bins as by the root."""
    least = _WIDTHS["sqrt"](x, ptp, limits) / 2
    return min(max(_freedman_diaconis(x, ptp, limits), least), _WIDTHS["sturges"](x, ptp, limits))


def _stone(x: ndarray, ptp: Any, limits: Any) -> Any:
    """Minimise an estimate of the error, with each number of bins: a histogram for each."""
    size = x.size
    if size <= 1 or ptp == 0:
        return 0

    def estimate(count: int) -> Any:
        share = histogram(x, bins=count, range=limits)[0].__array__() / size
        return (2 - (size + 1) * share.dot(share)) / (ptp / count)

    most = max(100, int(numpy.sqrt(size)))
    count = min(range(1, most + 1), key=estimate)
    if count == most:
        warnings.warn(
            "The number of bins estimated may be suboptimal.", RuntimeWarning, stacklevel=4
        )
    return ptp / count


_WIDTHS: dict[str, Callable[[ndarray, Any, Any], Any]] = {
    "auto": _auto,
    "fd": _freedman_diaconis,
    "sqrt": lambda x, ptp, limits: ptp / numpy.sqrt(x.size),
    "sturges": lambda x, ptp, limits: ptp / (numpy.log2(x.size) + 1.0),
    "stone": _stone,
    "rice": lambda x, ptp, limits: ptp / (2.0 * x.size ** (1.0 / 3)),
    "scott": _scott,
    "doane": _doane,
}


def _bins_of_word(x: ndarray, word: str, limits: Any, weights: Any) -> tuple[int, Any, Any]:
    if word not in _WIDTHS:
        raise ValueError(f"{word!r} is not a valid estimator for `bins`")
    if weights is not None:
        raise TypeError(
            "Automated estimation of the number of bins is not supported for weighted data"
        )
    first, last = _outer_edges(x, limits)
    if limits is not None:
        x = x[(x >= first) & (x <= last)]
    if x.size == 0:
        return 1, first, last
    ptp = _difference(_quelea.scalar(_quelea.max(x)), _quelea.scalar(_quelea.min(x)))
    width = _WIDTHS[word](x, ptp, (first, last))
    if not width:
        return 1, first, last
    if x.dtype.kind in "iu" and width < 1:
        width = 1
    return int(numpy.ceil(_difference(last, first) / width)), first, last


def _edges(x: ndarray, bins: Any, limits: Any, weights: Any) -> tuple[Any, float]:
    """Give NumPy's edges, and the width of all bins together if they have one width; else 0."""
    if isinstance(bins, str):
        count, first, last = _bins_of_word(x, bins, limits, weights)
    elif numpy.ndim(bins) == 0:
        try:
            count = operator.index(bins)
        except TypeError as e:
            raise TypeError("`bins` must be an integer, a string, or an array") from e
        if count < 1:
            raise ValueError("`bins` must be positive, when an integer")
        first, last = _outer_edges(x, limits)
    elif numpy.ndim(bins) == 1:
        edges = _host(bins)
        if numpy.any(edges[:-1] > edges[1:]):
            raise ValueError("`bins` must increase monotonically, when an array")
        return edges, 0.0
    else:
        raise ValueError("`bins` must be 1d, when an array")
    dtype = numpy.result_type(first, last, numpy.empty(0, x.dtype))
    if dtype.kind in "iu":
        dtype = numpy.result_type(dtype, float)
    edges = numpy.linspace(first, last, count + 1, endpoint=True, dtype=dtype)
    if numpy.any(edges[:-1] >= edges[1:]):
        raise ValueError(f"Too many bins for data range. Cannot create {count} finite-sized bins.")
    return edges, float(_difference(last, first))


def _bins(x: ndarray, edges: Any, width: float) -> ndarray:
    """Find in which bin each element lies; -1: in none."""
    dtype = numpy.result_type(edges.dtype, x.dtype)
    if dtype.kind == "c":
        raise NotImplementedError(
            "histograms of complex numbers are not in Quelea yet; write those of x.real and x.imag"
        )
    if dtype.kind in "iub" and dtype != numpy.uint64:
        dtype = numpy.dtype(numpy.int64)
    elif dtype == numpy.float16:
        dtype = numpy.dtype(numpy.float32)
    elif dtype != numpy.float32:
        dtype = numpy.dtype(numpy.float64)
    if x.dtype == numpy.uint64 and edges.dtype.kind in "bu":  # both shifted, into what int64 has
        top = numpy.uint64(1 << 63)
        x, edges = (x ^ top).astype(numpy.int64), (edges ^ top).astype(numpy.int64)
        dtype = edges.dtype
    values = x if x.dtype == dtype else x.astype(dtype)
    return _quelea.bins(values, _quelea.asarray(edges.astype(dtype)), width)


# ---- histograms ----


def _as_given(a: Any) -> ndarray:
    x = as_array(a)
    if x.dtype == numpy.bool_:
        warnings.warn(
            f"Converting input from {x.dtype} to {numpy.uint8} for compatibility.",
            RuntimeWarning,
            stacklevel=3,
        )
        x = x.astype(numpy.uint8)
    return x


def _with_weights(a: Any, weights: Any) -> tuple[ndarray, ndarray | None]:
    x = _as_given(a)
    if weights is None:
        return x, None
    w = as_array(weights)
    if w.shape != x.shape:
        raise ValueError("weights should have the same shape as a.")
    return x, w


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> ndarray:
    """Give the edges of the bins that `histogram` takes.

    Parameters
    ----------
    a : array_like
    bins : int, sequence of scalars, or str, default 10
        How many, the edges themselves, or how their number is estimated: 'auto', 'fd', 'sqrt', 'sturges', 'stone',
        'rice', 'scott' or 'doane'.
    range : (float, float), optional
        The outer edges; by default the smallest and the largest element.
    weights : array_like, optional

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.histogram_bin_edges([0, 0, 0, 1, 2, 3, 3, 4, 5], bins=4, range=(0, 1))
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    x, w = _with_weights(a, weights)
    return _quelea.asarray(_edges(x, bins, range, w)[0])


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[ndarray, ndarray]:
    """Count how many elements lie in each bin.

    Parameters
    ----------
    a : array_like
        Of any shape.
    bins : int, sequence of scalars, or str, default 10
        As of `histogram_bin_edges`. A bin has its lower edge, the last one also its upper.
    range : (float, float), optional
        The outer edges; what lies beyond them is left out.
    density : bool, optional
        Give the density whose integral is 1.
    weights : array_like, optional
        Of the shape of `a`: what each element counts.

    Returns
    -------
    hist : ndarray
    bin_edges : ndarray

    Examples
    --------
    >>> import quelea as np
    >>> np.histogram([1, 2, 1], bins=[0, 1, 2, 3])
    (array([0, 2, 1]), array([0, 1, 2, 3]))
    """
    x, w = _with_weights(a, weights)
    edges, width = _edges(x, bins, range, w)
    dtype = numpy.dtype(numpy.int64) if w is None else w.dtype
    count = len(edges) - 1
    if count < 1 or x.size == 0:
        n = zeros(max(count, 0), dtype)
    else:
        n = _counted(_bins(_flat(x), edges, width), None if w is None else _flat(w), count)
        n = n if n.dtype == dtype else n.astype(dtype)
    if density:
        widths = _quelea.asarray(numpy.array(numpy.diff(edges), float))
        return n / widths / n.sum(), _quelea.asarray(edges)
    return n, _quelea.asarray(edges)


def _flat(x: ndarray) -> ndarray:
    return x if x.ndim == 1 else x.reshape(-1)


def _counted(numbers: ndarray, weights: ndarray | None, bins: int) -> ndarray:
    if weights is None or weights.dtype.kind != "c":
        return _quelea.tally(numbers, weights, bins)
    real, imag = (_quelea.tally(numbers, part, bins) for part in (weights.real, weights.imag))
    return real + 1j * imag


def _columns(sample: Any) -> list[ndarray]:
    if isinstance(sample, (ndarray, numpy.ndarray)) and sample.ndim == 2:
        x = as_array(sample)
        return [x[:, i] for i in range(x.shape[1])]
    if isinstance(sample, (ndarray, numpy.ndarray)):
        x = as_array(sample)
        if x.ndim > 2:
            raise ValueError("the sample has one axis, or two: points and their coordinates")
        return [x.reshape(-1)]
    columns = [as_array(column) for column in sample]
    if columns and columns[0].ndim == 0:
        return [as_array(sample)]
    if len({column.shape for column in columns}) > 1:
        raise ValueError("the coordinates of points differ in number")
    return columns


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> tuple[ndarray, list[ndarray]]:
    """Count how many points lie in each box between the edges of all dimensions.

    Parameters
    ----------
    sample : (N, D) array_like, or sequence of D arrays of N elements
        The points, or their coordinates.
    bins : int or sequence, default 10
        How many in each dimension; or for each dimension how many, or the edges.
    range : sequence of (float, float) or None, optional
        The outer edges in each dimension.
    density : bool, optional
        Give the density whose integral is 1.
    weights : (N,) array_like, optional
        What each point counts.

    Returns
    -------
    H : ndarray of float64
    edges : list of ndarray

    Examples
    --------
    >>> import quelea as np
    >>> H, edges = np.histogramdd(np.asarray([[0.0, 0.0], [1.0, 1.0], [1.0, 0.2]]), bins=2)
    >>> H
    array([[1., 0.],
           [1., 1.]])
    """
    columns = _columns(sample)
    dimensions = len(columns)
    edges, widths = _edges_of_columns(columns, bins, range)
    shape = tuple(len(e) - 1 for e in edges)
    total = int(numpy.prod(shape, dtype=int))
    if columns and columns[0].size and total:
        numbers: Any = 0
        inside: Any = None
        for column, e, width, count in zip(columns, edges, widths, shape, strict=True):
            here = _bins(column, e, width)
            is_in = here >= 0
            numbers = numbers * count + here
            inside = is_in if inside is None else inside & is_in
        if dimensions > 1:
            numbers = _quelea.where(inside, numbers, -1)
        w = None if weights is None else _weights_of(weights, numbers)
        hist = _quelea.tally(numbers, w, total).reshape(shape)
    else:
        hist = zeros(shape)
    hist = hist if hist.dtype == numpy.float64 else hist.astype(numpy.float64)
    if density:
        whole = hist.sum()
        for i, e in enumerate(edges):
            along = [1] * dimensions
            along[i] = shape[i]
            hist = hist / _quelea.asarray(numpy.diff(e)).reshape(along)
        hist = hist / whole
    return hist, [_quelea.asarray(e) for e in edges]


def _edges_of_columns(
    columns: Sequence[ndarray], bins: Any, limits: Any
) -> tuple[list[Any], list[float]]:
    dimensions = len(columns)
    try:
        count = len(bins)
    except TypeError:
        bins = dimensions * [bins]
    else:
        if count != dimensions:
            raise ValueError(
                "The dimension of bins must be equal to the dimension of the sample x."
            )
    if limits is None:
        limits = (None,) * dimensions
    elif len(limits) != dimensions:
        raise ValueError("range argument must have one entry per dimension")
    edges, widths = [], []
    for i, column in enumerate(columns):
        if numpy.ndim(bins[i]) == 0:
            if bins[i] < 1:
                raise ValueError(f"`bins[{i}]` must be positive, when an integer")
            first, last = _outer_edges(column, limits[i])
            try:
                n = operator.index(bins[i])
            except TypeError as e:
                raise TypeError(f"`bins[{i}]` must be an integer, when a scalar") from e
            edges.append(numpy.linspace(first, last, n + 1))
            widths.append(float(_difference(last, first)))
        elif numpy.ndim(bins[i]) == 1:
            given = _host(bins[i])
            if numpy.any(given[:-1] > given[1:]):
                raise ValueError(f"`bins[{i}]` must be monotonically increasing, when an array")
            edges.append(given)
            widths.append(0.0)
        else:
            raise ValueError(f"`bins[{i}]` must be a scalar or 1d array")
    return edges, widths


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> tuple[ndarray, ndarray, ndarray]:
    """Count how many points of a plane lie in each rectangle.

    Parameters
    ----------
    x, y : (N,) array_like
        The coordinates of the points.
    bins : int, [int, int], array_like, or [array, array], default 10
        How many in both dimensions or in each, or the edges.
    range : ((float, float), (float, float)), optional
        The outer edges.
    density : bool, optional
        Give the density whose integral is 1.
    weights : (N,) array_like, optional
        What each point counts.

    Returns
    -------
    H : ndarray of float64
        Its rows follow `x`.
    xedges, yedges : ndarray

    Examples
    --------
    >>> import quelea as np
    >>> H, xedges, yedges = np.histogram2d([0.0, 1.0, 1.0], [0.0, 1.0, 0.2], bins=2)
    >>> H
    array([[1., 0.],
           [1., 1.]])
    """
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    try:
        count = len(bins)
    except TypeError:
        count = 1
    if count not in {1, 2}:
        edges = as_array(bins)
        bins = [edges, edges]
    hist, (xedges, yedges) = histogramdd([x, y], bins, range, density, weights)
    return hist, xedges, yedges
