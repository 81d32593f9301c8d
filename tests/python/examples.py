"""Examples: small functions of a module, NumPy or ours, whose results are compared."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy
from support import host

import quelea

Make = Callable[[Any], Any]


class Examples(dict[str, Make]):
    """Those of a file, by their names."""

    def add(self, make: Make) -> Make:
        self[make.__name__] = make
        return make

    def check(self, name: str) -> None:
        compare(outcome(self[name], quelea), outcome(self[name], numpy))


def refused(*calls: Callable[[], Any]) -> list[str]:
    """Of what builtin class the errors are that calls raise."""
    names = []
    for call in calls:
        try:
            call()
            names.append("nothing")
        except Exception as error:
            kind = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
            names.append(kind.__name__)
    return names


def lies(m, x):
    """Where the elements of a NumPy array or ours lie, as numbers."""
    return [s for n, s in zip(x.shape, x.strides, strict=True) if n > 1]


def outcome(make: Callable[[Any], Any], m: Any) -> Any:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return make(m)
        except Exception as error:
            return error


def compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, Exception):
        builtin = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
        assert isinstance(ours, builtin), f"{theirs!r}, not {ours!r}"
        return
    if isinstance(ours, Exception):
        raise ours
    if isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b)
    elif isinstance(theirs, (numpy.ndarray, numpy.generic)):
        assert isinstance(ours, (quelea.ndarray, type(theirs)))
        got = host(ours)
        assert (got.dtype, got.shape) == (theirs.dtype, theirs.shape)
        numpy.testing.assert_array_equal(got, theirs)
        if got.dtype.kind in "fc":
            for part in (numpy.real, numpy.imag):
                signs = (numpy.signbit(part(x)) & ~numpy.isnan(part(x)) for x in (got, theirs))
                numpy.testing.assert_array_equal(*signs)
    else:
        assert ours == theirs
