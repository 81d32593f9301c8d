"""Element functions, and what they give element by element."""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy
from support import host

import quelea
from quelea import vectorize

ACROSS = 3.0  # a number from around functions
TORN = int(os.environ.get("QUELEA_FLUSH", "64")) < 16  # statements are executed one by one


# ---- functions, and what they give ----


def add(x, y):
    return x + y


def kinked(x, y):
    if x > y:
        return x - y
    return x + y


def nested(x, y):
    z = x * y
    if x > 0:
        if y > 0:
            z = z + 1
        elif y < -2:
            return z * 2
        else:
            z = z - x
    elif x == y or z > 4:
        z = -z
    return z + x


def chained(x, y):
    return x if 0 < x < y else (y if not (x > 3 or y > 3) else x * y)


def across(x, y):
    return x * ACROSS + y


def with_math(x, y):
    return math.sqrt(x * x + y * y) + math.fabs(x)


def with_ufuncs(x, y):
    return numpy.maximum(x, y) - numpy.abs(x) * numpy.minimum(x, 2)


def truth(x, y):
    return x > y


def counts(x, y):
    return 1 if x > y else 0


def first(x, y):
    return x


def constant(x, y):
    return 2.5


def halved(x, y):
    n = 0
    while x > y + 1 and n < 20:
        x = x / 2
        n += 1
    return n


def summed(x, y):
    s = 0.0
    for k in range(5):
        if k % 2 == 0:
            s += x * k
        else:
            s -= y
    return s


def both(x, y):
    return x + y, x > y


def floored(x, y):
    return math.floor(x) + y


def added_often(x, y):
    s = x + y
    for _ in range(3):
        s = s + x
    return s


LARGE = 70000


def around_small(x, y):
    return x + LARGE


def fixed(x, y):
    t = numpy.empty(4)
    for k in range(4):
        t[k] = x + k * y
    return t[3] - t[0]


STRAIGHT = [
    add,
    kinked,
    nested,
    chained,
    across,
    with_math,
    with_ufuncs,
    truth,
    counts,
    first,
    constant,
]
LOOPS = [halved, summed, fixed, floored]  # or what raises
G = numpy.random.default_rng(3)
SHAPES = [
    ((7,), (7,)),
    ((3, 7), (7,)),
    ((3, 1), (1, 7)),
    ((4, 3, 5), (3, 1)),
    ((0, 3), (3,)),
    ((), (5,)),
    ((1,), (1,)),
]
KINDS = [
    ("f8", "f8"),
    ("f4", "f4"),
    ("i8", "i8"),
    ("i4", "f4"),
    ("f4", "f8"),
    ("i2", "u1"),
    ("f2", "f2"),
]


def data(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    numbers = numpy.random.default_rng([seed, *shape]).integers(-6, 7, shape)
    if dtype == "u1":
        numbers = numpy.abs(numbers)
    return (numbers / 2 if dtype[0] == "f" else numbers).astype(dtype)


def elements(function: Callable[..., Any], *args: Any) -> Any:
    """Its values, one by one."""
    given = numpy.broadcast_arrays(*args)
    shape = given[0].shape
    with numpy.errstate(all="ignore"):
        rows = [
            function(
                *(
                    a if isinstance(a, (int, float)) else x[p]
                    for a, x in zip(args, given, strict=True)
                )
            )
            for p in numpy.ndindex(shape)
        ]
    return rows, shape


def check(function: Callable[..., Any], *args: Any, exact: bool = True) -> None:
    """On NumPy's arrays and on ours it gives what the function gives, with the same bits."""
    made = vectorize(function)
    rows, shape = elements(function, *args)
    want = numpy.array(rows).reshape(shape) if rows else numpy.zeros(shape)
    alone = made(*args)
    ours = made(*(quelea.asarray(a) if isinstance(a, numpy.ndarray) else a for a in args))
    assert isinstance(ours, quelea.ndarray), function
    if shape:
        assert type(alone) is numpy.ndarray, function
    assert (alone.shape, ours.shape) == (shape, shape), function
    assert alone.dtype == ours.dtype, function
    numpy.testing.assert_array_equal(host(ours), alone, f"{function.__name__} {args}")
    tolerance = 0 if exact else 1e-12
    numpy.testing.assert_allclose(numpy.asarray(alone, want.dtype), want, tolerance, tolerance)
