"""`quelea.jit` over Quelea's arrays, against the same on NumPy's and Python itself."""

import copy
import warnings
from typing import Any

import numpy
import pytest

import quelea


def as_numpy(value: Any) -> Any:
    if isinstance(value, quelea.ndarray):
        return numpy.asarray(value)
    return tuple(map(as_numpy, value)) if isinstance(value, tuple) else value


def same(got: Any, want: Any) -> None:
    if isinstance(want, tuple):
        assert isinstance(got, tuple) and len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            same(one, other)
    elif isinstance(want, numpy.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape
        numpy.testing.assert_array_equal(got, want)
    else:
        assert got == want or (got != got and want != want), (got, want)


def ours(value: Any) -> Any:
    return quelea.asarray(value) if isinstance(value, numpy.ndarray) else value


def on_ranks(array: Any) -> bool:
    """Is it partitioned? Small ones are not."""
    function = quelea.jit(lambda x: len(x))
    function(array)
    return "ranks" in function.signatures[-1]


def close(got: Any, want: Any) -> None:
    if isinstance(want, tuple):
        for one, other in zip(got, want, strict=True):
            close(one, other)
    elif want is not None:
        numpy.testing.assert_allclose(got, want, rtol=1e-13)


def check(function: Any, *args: Any) -> None:
    """On Quelea's arrays it gives and stores the bits that it does on NumPy's, and Python's values."""
    alone, plain = copy.deepcopy(args), copy.deepcopy(args)
    given = tuple(ours(arg) for arg in args)
    got, want = function(*given), function(*alone)
    same(as_numpy(got), want)
    same(as_numpy(given), alone)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        close(want, function.__wrapped__(*plain))
    close(alone, plain)


def field(*shape: int, dtype: str = "f8", seed: int = 1) -> Any:
    rng = numpy.random.default_rng(seed)
    if dtype[0] in "iu":
        return rng.integers(0, 100, shape).astype(dtype)
    return (rng.random(shape) - 0.3).astype(dtype)


def each(programs: Any) -> Any:
    """A test of each function with its arguments."""
    names = [f"{p[0].__name__}-{k}" for k, p in enumerate(programs)]
    return pytest.mark.parametrize(
        ("function", "args"), [(p[0], p[1:]) for p in programs], ids=names
    )


def check_random(function: Any, args: Any) -> None:
    """On Quelea's arrays it gives and stores what it does in Python on NumPy's, bit for bit."""
    plain = copy.deepcopy(args)
    given = tuple(ours(arg) for arg in args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = function(*plain)
    same(as_numpy(quelea.jit(function)(*given)), want)
    same(as_numpy(given), plain)
