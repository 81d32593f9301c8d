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
    for work in (
        lambda m: m.polymul([[1]], [1]),
        lambda m: m.roots([[1, 2]]),
        lambda m: m.poly(numpy.ones((2, 3))),
        lambda m: m.poly1d([[1, 2]]),
        lambda m: m.polyfit([1, 2], [1, 2], -1),
        lambda m: m.polyfit([1, 2], [1, 2, 3], 1),
        lambda m: m.polyfit([], [], 1),
        lambda m: m.polyfit([[1]], [1], 1),
        lambda m: m.polyfit([1, 2], [1, 2], 1, cov=True),
        lambda m: m.polyfit([1, 2], [1, 2], 1, w=[1]),
        lambda m: m.polyfit([1, 2], [1, 2], 1, w=[[1, 2]]),
        lambda m: m.poly1d([1, 2]) ** -1,
        lambda m: m.poly1d([1, 2]) ** 1.5,
        lambda m: m.poly1d([1, 2]).__setitem__(-1, 3),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)


ROOTS: list[Any] = [[1, 2, 3], [1.5], [], [0, 0, 1], [1j, -1j], [2, 1j], numpy.array([1, 2], "f4"),
                    numpy.array([3], "i1"),                    numpy.ones((2, 2)), [[1.0, 2], [3, 4]]]  # fmt: skip


def close(got: Any, want: Any, context: Any = "") -> None:
    if not isinstance(want, numpy.ndarray):
        assert got == want, context
        return
    if want.dtype.kind not in "fc":
        same(got, want, context)
        return
    near(got, want, 1e4, context, absolute=1e4)


@pytest.mark.filterwarnings("ignore")
def test_roots_and_back() -> None:
    for points in ROOTS:
        close(quelea.poly(ours(numpy.asarray(points))), numpy.poly(points), points)
    for p in (
        *P,
        [0, 1, -6, 11, -6, 0, 0],
        [1, 0, 0],
        [0, 3],
        [1, 0, 1],
        numpy.array([1, 2, 3j], "c8"),
    ):
        if numpy.ndim(p) != 1:
            continue
        got, want = quelea.roots(ours(p)), numpy.roots(p)
        close(quelea.sort_complex(got), numpy.sort_complex(want), p)
        assert got.dtype == want.dtype


@pytest.mark.filterwarnings("ignore")
def test_divisions() -> None:
    for u in (
        [3.0, 5, 2],
        [1, 0, 0, -1],
        [2.5],
        [1, 2j, 3],
        [0.0, 1, 2],
        numpy.array([4, 2, 1, 5], "f4"),
    ):
        for v in ([2.0, 1], [1], [1, -1], [3, 0, 1], [1j, 1], numpy.array([1, 2], "f4")):
            for got, want in zip(
                quelea.polydiv(ours(u), ours(v)), numpy.polydiv(u, v), strict=True
            ):
                if want.dtype.kind == "c":
                    close(got, want, (u, v))
                else:
                    same(got, want, (u, v))


@pytest.mark.filterwarnings("ignore")
def test_fits() -> None:
    random = numpy.random.default_rng(3)
    x = numpy.linspace(-1, 2, 50)
    y = numpy.sin(x) + random.normal(size=50) * 0.1
    w = random.random(50) + 0.5
    both = numpy.stack([y, y**2], 1)
    for samples in (y, both, y.astype("f4"), y + 1j * y[::-1]):
        for words in ({}, {"w": w}, {"full": True}, {"cov": True}, {"cov": "unscaled"}, {"w": w, "cov": True},
                      {"rcond": 1e-2, "full": True}):  # fmt: skip
            for degree in (0, 1, 3):
                want = numpy.polyfit(x, samples, degree, **words)
                got = quelea.polyfit(Q(x), Q(samples), degree, **words)
                pairs = (
                    [(got, want)]
                    if isinstance(want, numpy.ndarray)
                    else zip(got, want, strict=True)
                )
                for one, other in pairs:
                    if isinstance(other, numpy.ndarray):
                        assert one.dtype == other.dtype
                        numpy.testing.assert_allclose(
                            numpy.asarray(one), other, rtol=1e-5, atol=1e-6
                        )
                    else:
                        assert one == other
    for rcond in (None, 0.5):  # which is given as it is
        ours = quelea.polyfit(Q(x.astype("f4")), Q(y), 1, rcond, full=True)[4]
        theirs = numpy.polyfit(x.astype("f4"), y, 1, rcond, full=True)[4]
        assert ours == theirs and type(ours) is type(theirs)
    with pytest.warns(numpy.exceptions.RankWarning):
        quelea.polyfit([1.0, 1.0, 1.0], [1, 2, 3], 2)


@pytest.mark.filterwarnings("ignore")
def test_polynomials_as_objects() -> None:
    for left in ([1, 2, 3], [0, 0, 4.5, -1], [2], [0], [1j, 2]):
        for right in ([1, -1], [3.0], [2, 0, 1]):
            for work in (
                lambda p, q: p + q, lambda p, q: p - q, lambda p, q: p * q, lambda p, q: p / q, lambda p, q: -p,
                lambda p, q: p**3, lambda p, q: p + 1, lambda p, q: 2 * p, lambda p, q: p * 2.5,
                lambda p, q: [1, 2] - p, lambda p, q: p / 4, lambda p, q: [1, 2, 3] / p, lambda p, q: p(q),
                lambda p, q: p.deriv(), lambda p, q: p.integ(2, 1), lambda p, q: +p, lambda p, q: 3 + p,
            ):  # fmt: skip
                polynomials = [[m.poly1d(f) for f in (left, right)] for m in (numpy, quelea)]
                with numpy.errstate(all="ignore"):
                    want, got = (work(*pair) for pair in polynomials)
                pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
                for one, other in pairs:
                    assert type(one) is quelea.poly1d
                    close(one.coeffs, other.coeffs, (left, right))
        p, q = quelea.poly1d(left), numpy.poly1d(left)
        assert str(p) == str(q)
        assert repr(p) == repr(q)
        assert (p.order, p.o, len(p), p.variable) == (q.order, q.o, len(q), q.variable)
        for power in (-1, 0, 1, 9):
            assert complex(p[power]) == complex(q[power])
        close(p([1, 2]), q([1, 2]))
        close(quelea.sort_complex(p.r), numpy.sort_complex(q.r))
        assert p == quelea.poly1d(left)
        assert p == q
        assert p != quelea.poly1d([7, 7])
        assert (p == 3) == (q == 3)
        p[4] = 5
        q[4] = 5
        close(p.c, q.c)
        assert [complex(f) for f in p] == [complex(f) for f in q]
    assert str(quelea.poly1d([1, 2], True, "z")) == str(numpy.poly1d([1, 2], True, "z"))
    for name in ("polyadd", "polysub", "polymul"):
        made = getattr(quelea, name)(quelea.poly1d([1, 2]), [3, 4])
        assert type(made) is quelea.poly1d
        close(made.c, getattr(numpy, name)(numpy.poly1d([1, 2]), [3, 4]).c)
    same(quelea.polyval(numpy.poly1d([1, 2]), [3]), numpy.polyval([1, 2], [3]))
    assert type(quelea.polyder(numpy.poly1d([1, 2]))) is quelea.poly1d


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
