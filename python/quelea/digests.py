"""One short text for all bits of arrays, the same on any number of ranks.

Every element is mixed with its place and what comes of it is added up, modulo 2^64: sums in which the order changes
nothing, computed like any others by the owners of the elements, so that nothing is gathered.
"""

import hashlib
from typing import Any

import numpy

from . import _quelea, config
from ._quelea import asarray, ndarray

__all__ = ["digest", "given"]

_given: list[str] = []


def given() -> list[str]:
    """Give the digests that the program has asked for, in their order; `python -m quelea scale` compares them."""
    return list(_given)


def _number(value: int) -> Any:
    return numpy.uint64(value & 0xFFFFFFFFFFFFFFFF)


def _mixed(x: ndarray) -> ndarray:
    """Give numbers all of whose bits depend on all bits of the given ones (the finalizer of splitmix64)."""
    x = (x ^ (x >> _number(30))) * _number(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> _number(27))) * _number(0x94D049BB133111EB)
    mixed: ndarray = x ^ (x >> _number(31))
    return mixed


def _sums(x: ndarray, seed: int) -> tuple[ndarray, ndarray]:
    """Add up what becomes of the elements, real ones, of any shape. Nobody holds these, so they are not stored."""
    if _quelea.is_part(x):  # of complex numbers, which has no bits of its own
        x = x.copy()
    words = x if x.dtype.kind in "bu" else x.view(f"u{x.itemsize}")
    place, stride = _number(seed), 1
    for axis in reversed(range(x.ndim)):
        ramp = _quelea.ramp(x.shape, axis, 0, 1, numpy.uint64)
        place, stride = place + ramp * _number(stride), stride * x.shape[axis]
    # a zero-dimensional array has no axis, and its place is the seed
    first = _mixed(words.astype(numpy.uint64) ^ _mixed(asarray(place)))
    second = _mixed(first ^ _number(0x9E3779B97F4A7C15))
    return first.sum(), second.sum()


def digest(*arrays: Any) -> str:
    """Give 16 letters that stand for all bits of arrays: shapes, dtypes and elements. Collective.

    The same arrays give the same text on any number of ranks, nodes and threads; other bits give another one, but for
    a chance of about 1 in 2^64. Zeros of both signs differ, and so do NaNs of different bits. Nothing is gathered.
    A script that ends with ``print(np.digest(u))`` shows whether its answer depends on the ranks, and
    ``python -m quelea scale`` compares the digests of all runs.

    Parameters
    ----------
    *arrays : array_like
        Of any shapes and dtypes; numbers too.

    Returns
    -------
    str

    See Also
    --------
    array_equal : whether two arrays are equal, which zeros of both signs are

    Examples
    --------
    >>> import quelea as np
    >>> np.digest(np.arange(4.0)) == np.digest(np.array([0.0, 1.0, 2.0, 3.0]))
    True
    >>> np.digest(np.zeros(3)) == np.digest(-np.zeros(3))
    False
    """
    text = hashlib.blake2b(digest_size=8)
    with config._looking_is_allowed():
        for x in map(asarray, arrays):
            text.update(f"{x.dtype.str}{x.shape};".encode())
            parts = (x.real, x.imag) if x.dtype.kind == "c" else (x,)
            for seed, part in enumerate(parts if x.size else ()):
                text.update("{:x},{:x};".format(*map(int, _sums(part, seed))).encode())
    _given.append(text.hexdigest())
    return _given[-1]
