"""interp and apply_along_axis against NumPy, bit for bit, on any layout."""

from typing import Any

import numpy
import pytest
from support import same, same_error

import quelea

Q = quelea.asarray
RANDOM = numpy.random.default_rng(0)
PLACES = numpy.sort(RANDOM.normal(size=40))
PLACES[7] = PLACES[8]
SAMPLES = RANDOM.normal(size=40)
KINDS = {"real": SAMPLES, "complex": SAMPLES + 1j * SAMPLES[::-1], "integers": (SAMPLES * 9).astype("i4"),
         "float32": SAMPLES.astype("f4")}  # fmt: skip


def wanted(shape: tuple[int, ...] = (30, 7)) -> Any:
    """Between samples, at them, beyond them, infinite, NaN."""
    x = RANDOM.normal(size=shape) * 1.5
    special = [*PLACES[[0, 3, 7, 8, 38, 39]], numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0]
    x.flat[: len(special)] = special
    return x


@pytest.mark.parametrize("kind", KINDS)
def test_interp(kind: str) -> None:
    fp, x = KINDS[kind], wanted()
    with numpy.errstate(all="ignore"):
        for keywords in (
            {},
            {"left": 5, "right": -1},
            {"left": numpy.nan},
            {"period": 1.3},
            {"period": -2},
        ):
            for view in (
                lambda a: a,
                lambda a: a.T,
                lambda a: a[::-2, 1:],
                lambda a: a[:0],
                lambda a: a[2],
            ):
                same(
                    quelea.interp(view(Q(x)), Q(PLACES), Q(fp), **keywords),
                    numpy.interp(view(x), PLACES, fp, **keywords),
                    keywords,
                )
            same(
                quelea.interp(x, PLACES[::-1][::-1], Q(fp), **keywords),
                numpy.interp(x, PLACES, fp, **keywords),
            )
    if kind == "complex":
        same(quelea.interp(Q(x), PLACES, fp, 1j, 2 - 1j), numpy.interp(x, PLACES, fp, 1j, 2 - 1j))


def test_few_and_infinite_samples() -> None:
    inf = numpy.inf
    x = numpy.array([-1.0, 1.0, 1.5, 3.0, 4.0, 9.0, inf, -inf, numpy.nan])
    with numpy.errstate(all="ignore"):
        for xp, fp in (
            ([1.0], [4.0]), ([1, 2, inf], [1, 2, 2.0]), ([1, 2, 4.0], [1, inf, inf]), ([1, 2, 4.0], [1, numpy.nan, 3]),
            ([-inf, 0, 1, inf], [0, 1, 2, 3]), ([1, 2, 4.0], [inf, 1, -inf]), ([1, 1, 1, 2], [0, 1, 2, 3]),
            ([1.0, 2.0], [1 + 1j, 1 + 1j]), ([numpy.nan, 1], [0, 10.0]), ([0, numpy.nan], [0, 10j]),
            ([numpy.nan, 1, 1.5, 3], numpy.arange(4) * (1 - 1j)),
        ):  # fmt: skip
            same(quelea.interp(Q(x), xp, fp), numpy.interp(x, xp, fp), (xp, fp))
        same(quelea.interp(1.5, [1, 2], [3, 4]), numpy.interp(1.5, [1, 2], [3, 4]))
        same(quelea.interp(numpy.arange(5), [3, 1, 2], [7, 8, 9], period=4),
             numpy.interp(numpy.arange(5), [3, 1, 2], [7, 8, 9], period=4))  # fmt: skip


def test_many_samples() -> None:
    xp = numpy.arange(5000) ** 1.01
    fp, x = numpy.sin(xp), numpy.random.default_rng(1).random(7001) * 6000 - 100
    same(quelea.interp(Q(x), Q(xp), Q(fp)), numpy.interp(x, xp, fp))


def test_what_interp_refuses() -> None:
    for work in (
        lambda m: m.interp([1.0], [], []),
        lambda m: m.interp([1.0], [1, 2], [1]),
        lambda m: m.interp([1.0], [[1, 2]], [[1, 2]]),
        lambda m: m.interp([1.0], [1, 2], [1, 2], period=0),
        lambda m: m.interp([1j], [1, 2], [1, 2]),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)


def test_functions_of_lines() -> None:
    x = numpy.random.default_rng(2).integers(0, 99, (3, 4, 5))
    for axis in (0, 1, 2, -1, -3):
        for name in ("sort", "diff", "cumsum", "argmax", "diag", "max", "flip"):
            same(
                quelea.apply_along_axis(getattr(quelea, name), axis, Q(x)),
                numpy.apply_along_axis(getattr(numpy, name), axis, x),
                (name, axis),
            )
    same(
        quelea.apply_along_axis(lambda v, a, b=0: v[:2] * a + b, 1, Q(x), 3, b=2.5),
        numpy.apply_along_axis(lambda v, a, b=0: v[:2] * a + b, 1, x, 3, b=2.5),
    )
    same(quelea.apply_along_axis(lambda v: 7, 0, Q(x)), numpy.apply_along_axis(lambda v: 7, 0, x))
    same(
        quelea.apply_along_axis(quelea.sort, 0, [3, 1, 2]),
        numpy.apply_along_axis(numpy.sort, 0, [3, 1, 2]),
    )
    for work in (
        lambda m: m.apply_along_axis(m.max, 2, m.ones((2, 2))),
        lambda m: m.apply_along_axis(m.max, 0, m.ones((2, 0))),
        lambda m: m.apply_along_axis(m.max, 0, 3),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)
