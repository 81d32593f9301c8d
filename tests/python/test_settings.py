"""Settings of floating-point errors, demands on arrays, and the names that are NumPy's own."""

from typing import Any

import numpy
import pytest
from support import same, same_error

import quelea

A = numpy.arange(12.0).reshape(3, 4)


def test_errors_are_ignored() -> None:
    ignored = dict.fromkeys(numpy.geterr(), "ignore")
    assert quelea.geterr() == ignored
    old = quelea.seterr(all="ignore")
    assert old == ignored and quelea.seterr(**old) == ignored and quelea.seterr() == ignored
    with pytest.raises(NotImplementedError, match="isfinite"):
        quelea.seterr(divide="warn")
    with pytest.raises(NotImplementedError, match="isfinite"):
        quelea.seterr("raise")
    with pytest.raises(ValueError):
        quelea.seterr(over="nonsense")
    assert quelea.geterrcall() is None
    quelea.seterrcall(None)
    with pytest.raises(NotImplementedError, match="isfinite"):
        quelea.seterrcall(print)


def test_finite_arrays() -> None:
    for a in (A, A.astype(int), A + 1j, A > 3):
        same(quelea.asarray_chkfinite(quelea.asarray(a)), a)
    for bad in (numpy.inf, numpy.nan, -numpy.inf):
        a = A.copy()
        a[2, 1] = bad
        same_error(
            lambda a=a: quelea.asarray_chkfinite(quelea.asarray(a)),
            lambda a=a: numpy.asarray_chkfinite(a),
        )
    same(quelea.asarray_chkfinite([1, 2], "f4", order="F"), numpy.asarray_chkfinite([1, 2], "f4"))


def test_types_in_common() -> None:
    for kinds in (["f4"], ["f4", "f8"], ["i4"], ["i1", "f4"], ["c8", "f8"], ["f2", "f2"]):
        arrays = [numpy.ones(2, k) for k in kinds]
        assert quelea.common_type(*map(quelea.asarray, arrays)) is numpy.common_type(*arrays)
    same_error(
        lambda: quelea.common_type(quelea.ones(2, bool)),
        lambda: numpy.common_type(numpy.ones(2, bool)),
    )


def test_demands() -> None:
    x, a = quelea.asarray(A), A.copy()
    for view in (lambda z: z, lambda z: z.T, lambda z: z[::2], lambda z: z[0]):
        assert quelea.isfortran(view(x)) == numpy.isfortran(view(a))
        for wanted in (
            None,
            "C",
            "F",
            ["C", "W"],
            ["FORTRAN"],
            ["a", "e"],
            ["C_CONTIGUOUS", "ALIGNED"],
        ):
            ours, theirs = (
                quelea.require(view(x), None, wanted),
                numpy.require(view(a), None, wanted),
            )
            same(ours, theirs, wanted)
            assert ours.strides == theirs.strides or theirs.ndim == 1
            assert quelea.shares_memory(ours, x) == numpy.shares_memory(theirs, a)
        same(quelea.require(view(x), "f4", "F"), numpy.require(view(a), "f4", "F"))
    fixed = quelea.broadcast_to(x[0], (2, 4))
    written = quelea.require(fixed, None, "W")
    written[0] = 7
    same(x[0], A[0])
    assert not quelea.shares_memory(quelea.require(x, None, "O"), x)
    same_error(
        lambda: quelea.require(x, None, ["C", "F"]), lambda: numpy.require(a, None, ["C", "F"])
    )
    with pytest.raises(KeyError):
        quelea.require(x, None, "Z")
    same(quelea.require([1, 2], float, "C"), numpy.require([1, 2], float, "C"))


def test_names_that_are_numpys() -> None:
    names: dict[str, Any] = {"base_repr": (5, 3), "binary_repr": (5,), "mintypecode": (["f", "d"],)}
    for name, args in names.items():
        assert getattr(quelea, name)(*args) == getattr(numpy, name)(*args)
    assert quelea.typecodes is numpy.typecodes
    assert quelea.iterable(quelea.ones(2)) and not quelea.iterable(quelea.ones(2).sum())
    assert quelea.getbufsize() == numpy.getbufsize()
