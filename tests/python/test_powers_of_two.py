"""Of powers of two and divisors: ldexp, frexp, spacing, gcd, lcm, bitwise_count, against NumPy."""

from typing import Any

import numpy
import pytest
from support import DTYPES, FLOATS, HERE, INTEGERS, same, same_error, values

import quelea

Q = quelea.asarray
NUMBERS = [0, 1, -1, 3, -3, 13, 40, -24, -25, 126, -150, 1000, -1074, -1075, 2100, -2200, 70000]


def numbers(dtype: str, seed: int = 0) -> Any:
    """Those of `values`, and the smallest and largest."""
    info = numpy.finfo(dtype)
    edges = [
        info.max,
        -info.max,
        info.tiny,
        info.smallest_subnormal,
        -info.smallest_subnormal,
        1 + info.eps,
    ]
    between = numpy.float64(info.tiny) * numpy.array([0.75, 0.5, 3, -1.25])
    return numpy.concatenate([values(dtype, seed=seed), edges, between]).astype(dtype)  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
def test_powers_of_two(dtype: str) -> None:
    x = numbers(dtype)
    with numpy.errstate(all="ignore"):
        for exponent in NUMBERS:
            same(quelea.ldexp(Q(x), exponent), numpy.ldexp(x, exponent), exponent)
        for kind in ("int8", "int32", "int64", "uint8", "uint32", "bool"):
            n = numpy.resize(numpy.array(NUMBERS).astype(kind), x.size)
            same(quelea.ldexp(Q(x), Q(n)), numpy.ldexp(x, n), kind)
        many, shifts = numpy.resize(x, (40, 61)), numpy.resize(numpy.array(NUMBERS), (40, 1))
        same(quelea.ldexp(Q(many).T, Q(shifts).T), numpy.ldexp(many.T, shifts.T))
        beyond = numpy.array([2**62, -(2**62), 2**31, -(2**31) - 1])
        same(quelea.ldexp(Q(x[:4]), Q(beyond)), numpy.ldexp(x[:4], beyond))
    target, wanted = quelea.zeros(x.size), numpy.zeros(x.size)
    quelea.ldexp(Q(x), 2, out=target)
    with numpy.errstate(all="ignore"):
        numpy.ldexp(x, 2, out=wanted)
    same(target, wanted)


@pytest.mark.parametrize("left", DTYPES)
def test_of_what_powers_of_two_are(left: str) -> None:
    x = numpy.ones(2, left)
    for right in DTYPES:
        n = numpy.ones(2, right)
        for keywords in ({}, {"dtype": "f4"}, {"dtype": "f8"}, {"casting": "no"}, {"casting": "safe"},
                         {"casting": "unsafe"}):  # fmt: skip
            try:
                theirs = numpy.ldexp(x, n, **keywords)
            except TypeError:
                with pytest.raises(TypeError):
                    quelea.ldexp(Q(x), Q(n), **keywords)
            else:
                same(quelea.ldexp(Q(x), Q(n), **keywords), theirs, (right, keywords))
    for other in (2, -3, True, 2.5, 1j, 2**31, 2**63, numpy.int8(3), numpy.float32(1)):
        for ours, theirs in (((Q(x), other), (x, other)), ((other, Q(x)), (other, x))):
            try:
                want = numpy.ldexp(*theirs)
            except (TypeError, OverflowError):
                same_error(
                    lambda a=ours: quelea.ldexp(*a), lambda a=theirs: numpy.ldexp(*a), text=False
                )
            else:
                same(quelea.ldexp(*ours), want, other)  # fmt: skip


@pytest.mark.parametrize("dtype", HERE)
def test_mantissas_and_exponents(dtype: str) -> None:
    x = numbers(dtype) if dtype in FLOATS else values(dtype)
    try:
        theirs = numpy.frexp(x)
    except TypeError:
        same_error(lambda: quelea.frexp(Q(x)), lambda: numpy.frexp(x), text=False)
        return
    for ours in (quelea.frexp(Q(x)), numpy.frexp(Q(x))):
        for got, want in zip(ours, theirs, strict=True):
            same(got, want)
    many = numpy.resize(x, (30, 41))
    for view in (lambda a: a, lambda a: a.T, lambda a: a[::-2, 1::3]):
        for got, want in zip(quelea.frexp(view(Q(many))), numpy.frexp(view(many)), strict=True):
            same(got, want)
    if dtype in FLOATS:
        mantissa, exponent = quelea.frexp(Q(x))
        same(quelea.ldexp(mantissa, exponent), x)


def test_where_mantissas_go() -> None:
    x = numpy.arange(1.0, 7.0)
    for m in (numpy, quelea):
        a = m.asarray(x)
        first, second = m.zeros(6), m.zeros(6, "i8")
        made = m.frexp(a, out=(first, second))
        assert made[0] is first
        assert made[1] is second
        m.frexp(a, a, None)
    outs = [(m.asarray(x), m.zeros(6, "i8")) for m in (numpy, quelea)]
    numpy.frexp(outs[0][0], *outs[0])
    quelea.frexp(outs[1][0], *outs[1])
    for theirs, ours in zip(*outs, strict=True):
        same(ours, theirs)
    for work in (
        lambda m: m.frexp(m.asarray(x), dtype="f4"),
        lambda m: m.frexp(m.asarray(x), m.zeros(6), m.zeros(6, "u1")),
        lambda m: m.frexp(m.asarray(x), m.zeros(5), None),
        lambda m: m.frexp(m.asarray(x), m.zeros(6), out=(None, None)) and m.frexp(1, 2, 3, 4),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_of_layouts_and_fused(dtype: str) -> None:
    x, y = (numpy.resize(values(dtype, seed=s), (37, 23)) for s in (1, 2))
    y = y[::-1].copy()
    for name in ("gcd", "lcm"):
        ours, theirs = getattr(quelea, name), getattr(numpy, name)
        for view in (
            lambda a: a,
            lambda a: a.T,
            lambda a: a[::-1, ::2],
            lambda a: a[3:, 4:5],
            lambda a: a[5:5],
        ):
            same(ours(view(Q(x)), view(Q(y))), theirs(view(x), view(y)), name)
        same(ours(Q(x), Q(y)[:, :1]) + Q(x) * 2, theirs(x, y[:, :1]) + x * 2)
        same(ours(Q(x), 12), theirs(x, 12))
        target, wanted = Q(x).copy(), x.copy()
        ours(target, Q(y), out=target, where=Q(y) > 3)
        theirs(wanted, y, out=wanted, where=y > 3)
        same(target, wanted)
    counted = quelea.bitwise_count(Q(x))
    same(counted, numpy.bitwise_count(x))
    same(quelea.bitwise_count(Q(x).T[1:]) + counted.T[1:], numpy.bitwise_count(x.T[1:]) * 2)
    same(quelea.bitwise_count(Q(x), dtype="u1"), numpy.bitwise_count(x, dtype="u1"))
    for out in ("i8", "f4", "u1"):
        target = quelea.zeros(x.shape, out)
        quelea.bitwise_count(Q(x), out=target)
        same(target, numpy.bitwise_count(x, out=numpy.zeros(x.shape, out)))


def test_what_there_are_no_loops_for() -> None:
    bits, halves = numpy.array([True, False]), numpy.ones(2)
    for work in (
        lambda m: m.gcd(m.asarray(bits), m.asarray(bits)),
        lambda m: m.gcd(m.asarray(halves), 2),
        lambda m: m.lcm(m.ones(2, "u8"), m.ones(2, "i8")),
        lambda m: m.gcd(m.ones(2, "u1"), -1),
        lambda m: m.gcd(m.ones(2, "u1"), 300),
        lambda m: m.gcd(m.ones(2, "i4"), 2, dtype="f8"),
        lambda m: m.bitwise_count(m.asarray(halves)),
        lambda m: m.bitwise_count(m.ones(2, int), dtype="i8"),
        lambda m: m.bitwise_count(m.ones(2, int), out=m.zeros(2, bool)),
        lambda m: m.spacing(m.ones(2, "c8")),
        lambda m: m.spacing.reduce(m.ones(2)),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)
    same(quelea.gcd(Q(bits), 6), numpy.gcd(bits, 6))
    same(quelea.bitwise_count(Q(bits)), numpy.bitwise_count(bits))
    same(
        quelea.gcd(Q(numpy.array([6, 4], "i1")), Q(bits)),
        numpy.gcd(numpy.array([6, 4], "i1"), bits),
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_spacings(dtype: str) -> None:
    x = numbers(dtype)
    with numpy.errstate(all="ignore"):
        same(quelea.spacing(Q(x)), numpy.spacing(x))
        many = numpy.resize(x, (30, 41))
        same(quelea.spacing(Q(many).T), numpy.spacing(many.T))
        if dtype == "float16":
            every = numpy.arange(2**16, dtype="u2").view("f2")
            same(quelea.spacing(Q(every)), numpy.spacing(every))
            for ours, theirs in zip(quelea.frexp(Q(every)), numpy.frexp(every), strict=True):
                same(ours, theirs)
            same(quelea.ldexp(Q(every), -3), numpy.ldexp(every, -3))
    for number in (1, 2, True):
        ours = quelea.spacing(Q(numpy.array([number])))
        same(ours, numpy.spacing(numpy.array([number])))


@quelea.jit
def _loop(x: Any, y: Any, z: Any, divisors: Any, counts: Any, products: Any) -> None:
    for i in range(x.shape[0]):
        divisors[i] = numpy.gcd(x[i], y[i]) + numpy.lcm(x[i], 4)
        counts[i] = numpy.bitwise_count(x[i])
        products[i] = numpy.spacing(z[i]) * numpy.ldexp(z[i], 3)


@quelea.jit
def _whole(x: Any, z: Any) -> Any:
    return numpy.gcd(x, 12), numpy.spacing(z), numpy.bitwise_count(x)


def test_in_compiled_functions() -> None:
    x, y, z = numpy.arange(1, 90), numpy.arange(89) * 6, numpy.linspace(0.1, 2, 89)
    made = quelea.zeros(89, int), quelea.zeros(89, "u1"), quelea.zeros(89)
    _loop(Q(x), Q(y), Q(z), *made)
    same(made[0], numpy.gcd(x, y) + numpy.lcm(x, 4))
    same(made[1], numpy.bitwise_count(x))
    same(made[2], numpy.spacing(z) * numpy.ldexp(z, 3))
    for got, want in zip(
        _whole(Q(x), Q(z)),
        (numpy.gcd(x, 12), numpy.spacing(z), numpy.bitwise_count(x)),
        strict=True,
    ):
        same(got, want)
