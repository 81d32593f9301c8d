"""The modules of NumPy's namespace: through NumPy where they only look, ours where they compute."""

import importlib
import warnings
from typing import Any

import numpy
import pytest
from support import host

import quelea


@pytest.mark.parametrize(
    "name", ["dtypes", "exceptions", "typing", "version", "testing", "lib", "lib.stride_tricks"]
)
def test_modules_are_imported_by_name(name: str) -> None:
    ours, theirs = (importlib.import_module(f"{m}.{name}") for m in ("quelea", "numpy"))
    assert [x for x in dir(theirs) if x[0] != "_" and not hasattr(ours, x)] == []


def test_versions_and_classes_are_numpys() -> None:
    assert quelea.version.version == numpy.version.version
    assert quelea.exceptions.AxisError is numpy.exceptions.AxisError
    assert quelea.dtypes.Float64DType is numpy.dtypes.Float64DType
    assert quelea.typing.NDArray is numpy.typing.NDArray
    assert quelea.lib.NumpyVersion is numpy.lib.NumpyVersion


def test_what_the_array_api_asks_of_a_namespace() -> None:
    found = quelea.ones(1).__array_namespace__().__array_namespace_info__()
    theirs = numpy.__array_namespace_info__()
    assert found.dtypes() == theirs.dtypes() and found.devices() == ["cpu"]
    assert found.default_dtypes() == theirs.default_dtypes()
    assert found.capabilities()["boolean indexing"] is False
    for dtype in found.dtypes().values():
        assert quelea.zeros(1, dtype).dtype == dtype


def outcome(name: str, m: Any, *args: Any) -> Any:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return host(getattr(m.emath, name)(*(m.asarray(a) for a in args)))
        except Exception as error:
            return error


@pytest.mark.parametrize("name", sorted(numpy.lib.scimath.__all__))
def test_emath(name: str) -> None:
    rows = [1, 2, 3], [-1, 0, 2], [0.5, -0.5, 0.25], [2, -2, 0.5], [-1j, 1, -1], []
    for dtype in ("?", "i1", "i8", "u1", "f2", "f4", "f8", "c8", "c16"):
        for row in rows:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                x = numpy.array(row).astype(dtype)
            seconds: list[Any] = [[]]
            if name == "power":
                seconds = [[2], [-1], [0.5], [numpy.array([1, 2, -1][: len(row)])]]
            if name == "logn":
                seconds = [[numpy.array(2)], [numpy.array(-2.0)]]
            for more in seconds:
                args = (*more, x) if name == "logn" else (x, *more)
                theirs, ours = (outcome(name, m, *args) for m in (numpy, quelea))
                if isinstance(theirs, Exception):
                    assert isinstance(ours, (TypeError, ValueError)), (ours, args)
                    continue
                assert not isinstance(ours, Exception), (ours, args)
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), args
                eps = float(numpy.finfo(theirs.dtype).eps) if theirs.dtype.kind in "fc" else 0
                for part in ("real", "imag"):
                    pair = getattr(ours, part), getattr(theirs, part)
                    numpy.testing.assert_allclose(*pair, 16 * eps, 16 * eps)


def test_emath_is_what_numpys_functions_reach() -> None:
    x = quelea.asarray([-1.0, 4.0])
    assert isinstance(numpy.emath.sqrt(x), quelea.ndarray)
    assert host(numpy.emath.sqrt(x)).tolist() == [1j, 2]
    assert complex(quelea.emath.sqrt(-1)) == 1j


def test_assertions_look_at_arrays() -> None:
    one = quelea.ones(3)
    quelea.testing.assert_equal(one, 1)
    quelea.testing.assert_equal({"a": one}, {"a": numpy.ones(3)})
    quelea.testing.assert_allclose(one[0], 1)
    quelea.testing.assert_array_equal([one, one], numpy.ones((2, 3)))
    quelea.testing.assert_array_almost_equal_nulp(one, one)
    with quelea.testing.assert_raises(AssertionError):
        quelea.testing.assert_allclose(one, 2)
    with pytest.raises(AssertionError):
        quelea.testing.assert_array_less(one, one)


def test_functions_of_stride_tricks_are_ours() -> None:
    for module in (quelea, numpy):  # NumPy's asks ours
        window = module.lib.stride_tricks.sliding_window_view(quelea.arange(4), 2)
        assert isinstance(window, quelea.ndarray)
        assert window.tolist() == [[0, 1], [1, 2], [2, 3]]
