"""Comparison with NumPy, and the dtypes and values that tests take."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED

import quelea

BOOL = ["bool"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
DTYPES = BOOL + INTEGERS + FLOATS + COMPLEX
FEW = ["bool", "uint8", "int16", "int64", "float16", "float32", "complex128"]
HERE = FEW if LAUNCHED else DTYPES
"""All dtypes in one process, whose kernels are those of ranks; on ranks one of each kind and size."""


def values(dtype: str, count: int = 60, seed: int = 0) -> numpy.ndarray[Any, Any]:
    """Small and large numbers of both signs, and the special ones that the dtype has."""
    kind = numpy.dtype(dtype)
    random = numpy.random.default_rng(seed)
    if kind.kind == "b":
        return random.integers(0, 2, count).astype(bool)
    if kind.kind in "iu":
        limits = numpy.iinfo(kind)
        special = [0, 1, 2, 3, limits.max, limits.max - 1, limits.min, limits.min + 1]
        rest = random.integers(max(limits.min, -100), min(limits.max, 100), count - len(special))
        return numpy.concatenate([numpy.array(special, kind), rest.astype(kind)])
    if kind.kind == "c":
        parts = [
            values("float32" if dtype == "complex64" else "float64", count, seed + i)
            for i in (1, 2)
        ]
        parts = [numpy.where(numpy.isfinite(p), p, 1) for p in parts]
        return (parts[0] + 1j * parts[1]).astype(kind)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, numpy.inf, -numpy.inf, numpy.nan]
    rest = random.normal(0, 3, count - len(special))
    return numpy.concatenate([special, rest]).astype(kind)


def host(x: Any) -> Any:
    """The NumPy value of a Quelea result: copied, so that the test exports nothing."""
    return numpy.array(x, copy=True) if isinstance(x, quelea.ndarray) else x


def is_elementwise(function: Any) -> bool:
    """A ufunc of one result, element by element; not one of several results or of whole axes."""
    is_ufunc = isinstance(function, quelea.ufunc)
    return is_ufunc and function.nout == 1 and function.signature is None


def same(ours: Any, theirs: Any, context: object = "") -> None:
    """Same shape, dtype and bits, but that any NaN equals any other."""
    got, want = host(ours), numpy.asarray(theirs)
    assert isinstance(ours, quelea.ndarray), context
    assert got.shape == want.shape, context
    assert got.dtype == want.dtype, context
    if want.dtype.kind == "c":
        same_bits(got.real, want.real, context)
        same_bits(got.imag, want.imag, context)
    else:
        same_bits(got, want, context)


def same_bits(got: Any, want: Any, context: object) -> None:
    if want.dtype.kind != "f":
        numpy.testing.assert_array_equal(got, want, str(context))
        return
    nan = numpy.isnan(want)
    numpy.testing.assert_array_equal(numpy.isnan(got), nan, f"NaN: {context}")
    bits = f"u{want.dtype.itemsize}"
    got, want = (
        numpy.ascontiguousarray(numpy.where(nan, 0, x).astype(want.dtype)) for x in (got, want)
    )
    numpy.testing.assert_array_equal(
        got.view(bits),
        want.view(bits),
        f"bits of {got[got != want]} {want[got != want]}: {context}",
    )


def near(ours: Any, theirs: Any, ulps: float, context: object = "", absolute: float = 0) -> None:
    """Same shape and dtype, and no farther than some units in the last place."""
    got, want = host(ours), numpy.asarray(theirs)
    assert (got.shape, got.dtype) == (want.shape, want.dtype), context
    eps = float(numpy.finfo(want.dtype).eps)
    numpy.testing.assert_allclose(
        got, want, rtol=ulps * eps, atol=absolute * eps, equal_nan=True, err_msg=str(context)
    )


def same_error(ours: Any, theirs: Any, text: bool = True) -> None:
    """Both raise; the class is NumPy's or derives from the same builtin, and the message is NumPy's."""
    with numpy.errstate(all="ignore"):
        try:
            theirs()
        except Exception as error:
            expected = error
        else:
            pytest.fail("NumPy does not raise")
    builtin = next(c for c in type(expected).__mro__ if c.__module__ == "builtins")
    with pytest.raises(builtin) as caught:
        ours()
    if text:
        ours_text, theirs_text = (
            str(caught.value).strip(),
            str(expected).replace("numpy.ndarray", "quelea.ndarray").strip(),
        )
        assert ours_text == theirs_text


# Is every statement on several elements recorded? Those on few are executed at once, where all ranks have the arrays.
_PARAMS = {p["name"]: p["value"] for p in quelea.params()}
PLANNED = _PARAMS["QUELEA_IMMEDIATE"] == "0"  # so are those on few
RECORDED = PLANNED or (quelea.info()["size"] > 1 and _PARAMS["QUELEA_REPLICATE"] == "-1")
recorded = pytest.mark.skipif(not RECORDED, reason="small statements have no plans")
# Are kernels computed together wherever that can be?
SWEPT = _PARAMS["QUELEA_TIME_BLOCK"] not in ("0", "1")
# Is every small statement on new arrays executed at once?
AT_ONCE = _PARAMS["QUELEA_REPLICATE"] != "-1" and not PLANNED


def happened(work: Callable[[], object]) -> dict[str, int]:
    """By how much the counters grow while something is done and executed."""
    quelea.sync()
    before = quelea.counters()
    work()
    quelea.sync()
    after = quelea.counters()
    return {name: after[name] - before[name] for name in after}
