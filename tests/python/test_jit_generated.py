"""Random functions, compiled, against Python itself."""

import copy
import warnings
from typing import Any

import jit_random
import jit_random_small
import numpy
import pytest
from jobs import LAUNCHED

import quelea
from quelea.errors import JitError


def equal(x: Any, y: Any) -> bool:
    if isinstance(x, numpy.ndarray):
        alike = isinstance(y, numpy.ndarray) and x.dtype == y.dtype and x.shape == y.shape
        return alike and numpy.array_equal(x, y, equal_nan=True)
    return float(x) == float(y) or (x != x and y != y)


def compare(seed: int) -> bool:
    """Is it computed as Python does? False: it is refused, since types clash."""
    function, text = jit_random.function(seed)
    theirs, ours = jit_random.arguments(seed), jit_random.arguments(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want, raised = None, None
        try:
            want = function(*theirs)
        except (ArithmeticError, AssertionError, UnboundLocalError, ValueError) as error:
            raised = error
    if isinstance(raised, OverflowError):
        return True  # beyond 64 bits, in Python alone
    try:
        got = quelea.jit(function)(*ours)
    except JitError as error:
        assert set(error.codes) <= {"QJ301", "QJ302", "QJ303"}, (seed, text, error)
        return False
    except (ArithmeticError, AssertionError, UnboundLocalError, ValueError) as error:
        if "64 bits" in str(error):
            return True
        assert type(error) is type(raised), (seed, text, error, raised)
        return True
    assert raised is None, (seed, text, raised)
    assert want is not None and len(got) == len(want), (seed, text)
    for x, y in zip([*got, *ours], [*want, *theirs], strict=True):
        assert equal(x, y), (seed, x, y, text)
    return True


@pytest.mark.parametrize("first", range(0, 50, 25))
def test_random_functions(first):
    if LAUNCHED and first:
        pytest.skip("each rank would do the same, by itself")
    count = 10 if LAUNCHED else 25
    done = sum(compare(seed) for seed in range(first, first + count))
    assert done >= count * 0.9


@pytest.mark.slow
@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_more_random_functions():
    for seed in range(50, 3000):
        compare(seed)


# ---- numbers of all dtypes ----


def stays_finite(x: Any, y: Any, args: Any) -> bool:
    """Is x an infinity, and y what no dtype beside it holds? NumPy takes them for equal (jit/program.md)."""
    most = [
        numpy.finfo(arg.dtype).max
        for arg in args
        if isinstance(arg, numpy.ndarray) and arg.dtype.kind == "f"
    ]
    return x.ndim == 0 and bool(numpy.isinf(x) & numpy.isfinite(y)) and abs(y) > min(most)


def as_in_numpy(seed: int) -> None:
    """Are dtypes and bits NumPy's? Of Python's numbers that meet NumPy's, the values."""
    function, text, args = jit_random_small.function(seed)
    theirs, ours = copy.deepcopy(args), copy.deepcopy(args)
    want, raised = None, None
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            want = function(*theirs)
        except (OverflowError, ValueError) as error:
            raised = error
    try:
        got = quelea.jit(function)(*ours)
    except (OverflowError, ValueError) as error:
        assert type(error) is type(raised), (seed, text, error, raised)
        return
    if "Python integer" in str(raised):
        return  # stored where it does not fit: it wraps
    assert raised is None, (seed, text, raised)
    assert want is not None
    for k, (x, y) in enumerate(zip([*got, *ours], [*want, *theirs], strict=True)):
        x, y = numpy.asarray(x), numpy.asarray(y)
        assert x.dtype == y.dtype, (seed, k, x, y, text)
        same = numpy.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        assert same or stays_finite(x, y, args), (seed, k, x, y, text)


@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_random_numbers():
    for seed in range(40):
        as_in_numpy(seed)


@pytest.mark.slow
@pytest.mark.skipif(LAUNCHED, reason="each rank would do the same, by itself")
def test_more_random_numbers():
    for seed in range(40, 2000):
        as_in_numpy(seed)
