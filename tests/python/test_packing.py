"""packbits and unpackbits against NumPy: every axis, length and order of bits, on any layout."""

from typing import Any

import numpy
import pytest
from support import HERE, INTEGERS, same, same_error

import quelea

Q = quelea.asarray
IS_ALONE = quelea.info()["size"] == 1
SHAPES = [(0,), (1,), (7,), (8,), (9,), (41,), (3, 17), (17, 3), (16, 8), (2, 9, 5), (0, 4), (4, 0)]
VIEWS: list[Any] = [lambda a: a, lambda a: a.T, lambda a: a[::-1], lambda a: a[..., ::2]]


@pytest.mark.parametrize("dtype", [d for d in HERE if d in ["bool", *INTEGERS]])
def test_packbits(dtype: str) -> None:
    for number, shape in enumerate(SHAPES):
        x = numpy.random.default_rng(number).integers(0, 3, shape).astype(dtype)
        if dtype in ("int16", "int64"):
            x[x == 2] = -256  # whose lowest byte is 0
        for k, view in enumerate(VIEWS):
            if not IS_ALONE and (number + k + len(dtype)) % 3:
                continue
            for axis in (None, *range(-1, x.ndim)):
                for order in ("big", "little"):
                    same(
                        quelea.packbits(view(Q(x)), axis, order),
                        numpy.packbits(view(x), axis, order),
                        (shape, k, axis, order),
                    )


def test_unpackbits() -> None:
    for number, shape in enumerate(SHAPES):
        x = numpy.random.default_rng(number).integers(0, 256, shape).astype("u1")
        for k, view in enumerate(VIEWS):
            if not IS_ALONE and (number + k) % 3:
                continue
            for axis in (None, *range(-1, x.ndim)):
                for count in (None, 0, 1, 5, 8, 11, 200, -1, -8):
                    for order in ("big", "little"):
                        if not x.size and count:
                            continue  # NumPy gives what is in memory
                        arguments = axis, count, order
                        try:
                            theirs = numpy.unpackbits(view(x), *arguments)
                        except ValueError:
                            with pytest.raises(ValueError):
                                quelea.unpackbits(view(Q(x)), *arguments)
                            continue
                        same(
                            quelea.unpackbits(view(Q(x)), *arguments), theirs, (shape, k, arguments)
                        )


def test_there_and_back() -> None:
    bits = numpy.random.default_rng(0).random(100_003) < 0.5
    packed = quelea.packbits(Q(bits))
    same(packed, numpy.packbits(bits))
    same(quelea.unpackbits(packed, count=bits.size), bits.astype("u1"))
    same(quelea.packbits([[1, 0], [0, 1]], axis=-1), numpy.packbits([[1, 0], [0, 1]], axis=-1))
    same(quelea.packbits(Q(numpy.array(3))), numpy.packbits(numpy.array(3)))


def test_names_of_orders_are_looked_at_as_numpy_does() -> None:
    x = numpy.array([1, 0, 1], "u1")
    for order in ("bigger", "littlest"):
        same(quelea.packbits(Q(x), None, order), numpy.packbits(x, None, order))
    for order in ("b", "lit"):
        same(quelea.unpackbits(Q(x), None, None, order), numpy.unpackbits(x, None, None, order))


def test_what_packing_refuses() -> None:
    for work in (
        lambda m: m.packbits(m.ones(3)),
        lambda m: m.unpackbits(m.ones(3, "i1")),
        lambda m: m.unpackbits(m.ones(3, bool)),
        lambda m: m.packbits(m.ones(3, bool), 1),
        lambda m: m.packbits(m.ones(3, bool), 0, "x"),
        lambda m: m.packbits(m.ones(3, bool), 0, "lit"),
        lambda m: m.unpackbits(m.ones(3, "u1"), 0, None, ""),
        lambda m: m.packbits(m.ones(3, bool), bitorder=1),
        lambda m: m.unpackbits(m.ones(3, "u1"), 0, -25),
        lambda m: m.unpackbits(m.ones(3, "u1"), 2),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)
