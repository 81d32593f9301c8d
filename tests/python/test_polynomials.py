"""Polynomials, windows and the Bessel function: NumPy's numbers, bit for bit but for cosines and exponentials."""

from typing import Any

import numpy
import pytest
from support import near, same, same_error

import quelea

Q = quelea.asarray
P: list[Any] = [[3, 0, 1], [1.5], [0, 0, 2, 1], [2, -1, 0.5, 4], [], [True, False], [1j, 2],
                numpy.arange(4, dtype="f4"), numpy.array([5, 6], "i1"), [0, 0]]  # fmt: skip


def ours(p: Any) -> Any:
    return Q(p) if isinstance(p, numpy.ndarray) else p


def alike(name: str, *args: Any, **kwargs: Any) -> None:
    try:
        theirs = getattr(numpy, name)(*args, **kwargs)
    except Exception:
        same_error(
            lambda: getattr(quelea, name)(*map(ours, args), **kwargs),
            lambda: getattr(numpy, name)(*args, **kwargs),
            text=False,
        )
        return
    for change in (ours, lambda p: Q(p) if isinstance(p, (list, numpy.ndarray)) else p):
        made = getattr(quelea, name)(*map(change, args), **kwargs)
        if theirs.dtype.kind == "c":
            near(made, theirs, 8, (args, kwargs), absolute=8)
        else:
            same(made, theirs, (args, kwargs))


@pytest.mark.parametrize("number", range(len(P)))
def test_polynomials(number: int) -> None:
    p = P[number]
    for x in (
        numpy.linspace(-2, 2, 11),
        numpy.arange(6).reshape(2, 3),
        3,
        2.5,
        1j,
        numpy.arange(4, dtype="f4"),
        [1, 2],
    ):
        alike("polyval", p, x)
    for other in P:
        for name in ("polyadd", "polysub", "polymul"):
            alike(name, p, other)
    for m in (0, 1, 2, 5, -1):
        alike("polyder", p, m)
    for m, k in (
        (0, None),
        (1, None),
        (2, None),
        (2, 3),
        (2, [1, 2]),
        (1, [4, 5]),
        (3, [1, 2]),
        (-1, None),
        (2, [0.5, 1]),
    ):
        alike("polyint", p, m, k)


def test_what_polynomials_refuse() -> None:
    for name, args in (
        ("polyval", (1,)),
        ("polyadd", ([1],)),
        ("polymul", ([1],)),
        ("polyder", ()),
        ("polyint", ()),
    ):
        with pytest.raises(NotImplementedError, match="poly1d"):
            getattr(quelea, name)(numpy.poly1d([1, 2]), *args)
    same_error(lambda: quelea.polymul([[1]], [1]), lambda: numpy.polymul([[1]], [1]), text=False)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
def test_windows(name: str) -> None:
    for count in (-1, 0, 1, 2, 3, 8, 101, 4.5, True):
        near(getattr(quelea, name)(count), getattr(numpy, name)(count), 4, count, absolute=4)


def test_windows_of_a_bessel_function() -> None:
    for count in (0, 1, 2, 9, 64):
        for beta in (0, 2.5, 14):
            with numpy.errstate(all="ignore"):
                near(quelea.kaiser(count, beta), numpy.kaiser(count, beta), 16, (count, beta))
    for x in (
        numpy.linspace(-40, 40, 161),
        numpy.arange(10),
        numpy.array(8.0),
        numpy.array([7.999999, 8.0, 8.000001, 0.0]),
    ):
        near(quelea.i0(Q(x)), numpy.i0(x), 8)
    near(
        quelea.i0(Q(numpy.linspace(0, 9, 10, dtype="f4"))),
        numpy.i0(numpy.linspace(0, 9, 10, dtype="f4")),
        64,
    )
    near(quelea.i0(0.0), numpy.i0(0.0), 4)
    same_error(lambda: quelea.i0(1j), lambda: numpy.i0(1j))
