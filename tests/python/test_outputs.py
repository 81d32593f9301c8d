"""Results that go into arrays of NumPy's (out=, in-place operators): they are there on every rank."""

import operator
from typing import Any

import numpy
import pytest

import quelea

X = numpy.arange(24.0).reshape(6, 4) / 16 + 0.1
AXIS = {"axis": 1}


class Both:
    """NumPy's functions, of Quelea's arrays."""

    asarray = staticmethod(quelea.asarray)

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy, name)


REDUCTIONS = (
    "amax amin max min sum prod mean std var median ptp all any nanmax nanmin nansum nanprod nanmean "
    "nanstd nanvar nanmedian argmax argmin nanargmax nanargmin cumsum cumprod nancumsum nancumprod "
    "cumulative_sum cumulative_prod add.reduce subtract.reduce maximum.reduce add.accumulate "
    "subtract.accumulate"
)
CALLS: dict[str, Any] = {
    **{name: lambda m, x, f, out: f(x, axis=1, out=out) for name in REDUCTIONS.split()},
    **dict.fromkeys(
        ("percentile", "quantile", "nanpercentile", "nanquantile"),
        lambda m, x, f, out: f(x, 0.3, axis=0, out=out),
    ),
    **dict.fromkeys(
        ("exp", "isneginf", "isposinf", "fix", "fft.fft", "negative", "sqrt", "isnan"),
        lambda m, x, f, out: f(x, out=out),
    ),
    **dict.fromkeys(("add", "power", "arctan2", "less"), lambda m, x, f, out: f(x, 2, out=out)),
    **dict.fromkeys(("matmul", "dot"), lambda m, x, f, out: f(x, x.T, out=out)),
    **dict.fromkeys(("vecdot", "linalg.vecdot"), lambda m, x, f, out: f(x, x, out=out)),
    **dict.fromkeys(("round", "around"), lambda m, x, f, out: f(x, 1, out=out)),
    **dict.fromkeys(("concatenate", "stack"), lambda m, x, f, out: f([x, x], axis=1, out=out)),
    "add.reduceat": lambda m, x, f, out: f(x, [0, 2], axis=1, out=out),
    "add.outer": lambda m, x, f, out: f(x[0], x[:, 1], out=out),
    "outer": lambda m, x, f, out: f(x[0], x[:, 1], out=out),
    "matvec": lambda m, x, f, out: f(x, x[0], out=out),
    "vecmat": lambda m, x, f, out: f(x[:, 0], x, out=out),
    "take": lambda m, x, f, out: f(x, [2, 0], axis=0, out=out),
    "compress": lambda m, x, f, out: f([True, False, True], x, axis=0, out=out),
    "choose": lambda m, x, f, out: f(m.asarray([[0, 1, 0, 1]]), [x, -x], out=out),
    "clip": lambda m, x, f, out: f(x, 0.2, 0.5, out=out),
    "einsum": lambda m, x, f, out: f("ij,kj->ik", x, x, out=out),
    "trace": lambda m, x, f, out: f(x[:4][None], axis1=1, axis2=2, out=out),
    "linalg.multi_dot": lambda m, x, f, out: f([x, x.T, x], out=out),
}


def found(m: Any, name: str) -> Any:
    return operator.attrgetter(name)(m)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "linalg.vecdot"])
def test_functions(name: str) -> None:
    wanted = CALLS[name](numpy, X, found(numpy, name), None)
    for m in (quelea, Both()):
        kept = numpy.full((2, *numpy.shape(wanted)), 1, numpy.asarray(wanted).dtype)
        out = kept[0]
        assert CALLS[name](m, quelea.asarray(X), found(m, name), out) is out
        numpy.testing.assert_allclose(out, wanted, rtol=1e-13)
        assert (kept[1] == 1).all()


@pytest.mark.parametrize(
    "name", ["sum", "mean", "cumsum", "argmax", "clip", "dot", "take", "round"]
)
def test_methods(name: str) -> None:
    given = {"clip": (0.2, 0.5), "dot": (X.T,), "take": ([1, 0],)}.get(name, ())
    wanted = getattr(X, name)(*given)
    out = numpy.empty_like(wanted)
    assert getattr(quelea.asarray(X), name)(*given, out=out) is out
    numpy.testing.assert_allclose(out, wanted, rtol=1e-13)


def test_operators_in_place() -> None:
    q = quelea.asarray(X)
    for one in (operator.iadd, operator.imul, operator.itruediv, operator.ipow):
        x, wanted = X[::-1].copy(), X[::-1].copy()
        assert one(x, q) is x
        one(wanted, X)
        numpy.testing.assert_allclose(x, wanted, rtol=1e-13)
    square, wanted = X[:4].copy(), X[:4].copy()
    square @= quelea.asarray(X[:4])
    wanted @= X[:4]
    numpy.testing.assert_allclose(square, wanted, rtol=1e-13)
    numbers = numpy.arange(24).reshape(6, 4)
    with pytest.raises(TypeError, match="Cannot cast ufunc 'add' output from dtype"):
        numbers += q
    assert numbers.sum() == 276


def test_where_keeps_the_rest() -> None:
    out = numpy.full(X.shape, -1.0)
    mask = X > 0.7
    assert numpy.multiply(quelea.asarray(X), 2, out=out, where=quelea.asarray(mask)) is out
    numpy.testing.assert_array_equal(out, numpy.where(mask, X * 2, -1))
    numpy.copyto(out, quelea.asarray(X), where=~mask)
    numpy.testing.assert_array_equal(out, numpy.where(mask, X * 2, X))


def test_views_and_two_results() -> None:
    wide = numpy.zeros((12, 8))
    quelea.add(quelea.asarray(X), 1, out=wide[::2, ::-2])
    numpy.testing.assert_array_equal(wide[::2, ::-2], X + 1)
    assert not wide[1::2].any()
    parts = numpy.empty(X.shape), numpy.empty(X.shape)
    assert numpy.divmod(quelea.asarray(X), 0.5, out=parts)[1] is parts[1]
    numpy.testing.assert_array_equal(parts, numpy.divmod(X, 0.5))


def test_what_is_refused() -> None:
    q, out = quelea.asarray(X), numpy.zeros(X.shape)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="output array is read-only"):
        numpy.add(q, 1, out=out)
    with pytest.raises(ValueError, match="non-broadcastable output"):
        numpy.add(q, 1, out=numpy.zeros((6, 3)))
    with pytest.raises(
        TypeError, match=r"must be of type quelea.ndarray or numpy.ndarray, not list"
    ):
        quelea.add(q, 1, out=[1])
    with pytest.raises(TypeError):
        numpy.add(q, 1, out=numpy.zeros(X.shape, object))


def test_compiled_functions() -> None:
    def twice(x):
        return 2 * x

    q, out = quelea.asarray(X), numpy.zeros(X.shape)
    assert quelea.vectorize(twice)(q, out=out) is out
    numpy.testing.assert_array_equal(out, 2 * X)
    quelea.vectorize(twice)(q * 2, out=out, where=q > 0.7)
    numpy.testing.assert_array_equal(out, numpy.where(X > 0.7, 4 * X, 2 * X))
    assert quelea.evaluate("q + 1", out=out) is out
    numpy.testing.assert_array_equal(out, X + 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.add(x, 1, out=...),
        lambda m, x: m.add(1, 2, out=...),
        lambda m, x: m.add(x[0, 0], 2, out=...),
        lambda m, x: m.add.reduce(x, out=...),
        lambda m, x: m.subtract.reduce(x, out=...),
        lambda m, x: m.add.accumulate(x, out=...),
        lambda m, x: m.add.reduceat(x, [0, 2], out=...),
        lambda m, x: m.divmod(x, 2, out=...)[0],
        lambda m, x: m.matmul(x, x.T, out=...),
        lambda m, x: m.vecdot(x, x, out=...),
        lambda m, x: m.add(x, 1, out=(...,)),
        lambda m, x: m.add(x, 1, ...),
    ],
)
def test_ellipsis_asks_for_an_array(call: Any) -> None:
    try:
        want = call(numpy, X)
    except TypeError as error:
        with pytest.raises(TypeError, match=str(error).split("`")[0]):
            call(quelea, quelea.asarray(X))
        return
    got = call(quelea, quelea.asarray(X))
    assert isinstance(got, quelea.ndarray)
    numpy.testing.assert_allclose(numpy.asarray(got), want, rtol=1e-13)  # of sums
