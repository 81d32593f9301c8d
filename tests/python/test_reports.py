"""Examples of public bug reports of like systems: what NumPy gives, and the class of what it raises."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host

import quelea

EXAMPLES: dict[str, Callable[[Any], Any]] = {}


def example(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    EXAMPLES[make.__name__] = make
    return make


# ---- products and sums of halves ----


@example
def products_of_halves_are_not_rounded(m):
    return m.dot(m.array([300, 300], "f2"), m.array([300, -300], "f2"))


@example
def products_of_matrices_of_halves(m):
    x = m.asarray(numpy.linspace(-300, 300, 12).reshape(3, 4), "f2")
    return x @ x.T, m.inner(x, x[1]), m.vecdot(x, x), m.tensordot(x, x.T, 1), m.vdot(x, x)


@example
def each_element_is_cast_before_it_is_added(m):
    return m.array([2049.0, 1.0, -2048.0]).sum(dtype="f2")


# ---- contractions of nothing ----


@example
def tensordot_of_nothing(m):
    return m.tensordot(m.zeros((3, 0)), m.zeros((0, 4)), 1)


@example
def tensordot_of_nothing_twice(m):
    return m.tensordot(m.zeros((0, 3, 2)), m.zeros((3, 2, 0)), 2)


@example
def tensordot_without_rows(m):
    return m.tensordot(m.zeros((0, 3)), m.zeros((3, 4)), 1)


# ---- rounding ----


@example
def rounds_by_large_powers(m):
    return m.round(m.array([5.1e73]), -73), m.round(m.array([1.23456e-30]), 33)


@example
def rounds_by_powers_beyond_all_floats(m):
    return m.round(m.array([1.5, 0.0]), 400), m.round(m.array([1.5, 2.5]), -400)


# ---- ranges ----


@example
def logspace_with_an_axis(m):
    return m.logspace(m.array([0.0, 1.0]), m.array([1.0, 2.0]), 3, axis=1)


@example
def logspace_with_bases(m):
    return m.logspace(0, 2, 3, base=m.array([2.0, 3.0]))


@example
def geomspace_between_arrays(m):
    return m.geomspace(m.array([1.0, 2.0]), m.array([1.0, 8.0]), 3, axis=-1)


@example
def geomspace_of_other_signs(m):
    return m.geomspace(-1000, -1, 4), m.geomspace(1, 256, 9, dtype=int)


@example
def linspace_along_no_axis(m):
    return m.linspace(0, 1, 3, axis=5)


@example
def geomspace_of_zero(m):
    return m.geomspace(0, 1, 3)


# ---- comparison ----


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
        if got.dtype.kind == "f":
            signs = ~numpy.isnan(theirs)
            numpy.testing.assert_array_equal(
                numpy.signbit(got)[signs], numpy.signbit(theirs)[signs]
            )
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    make = EXAMPLES[name]
    compare(outcome(make, quelea), outcome(make, numpy))
