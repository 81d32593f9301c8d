"""What two operands give together: dtype, value and errors are NumPy's for all pairs of dtypes, Python's numbers beside
them (beyond 64 bits too), NumPy's scalars, arrays of no axes and of one element.

Every pair is tried for its dtype or the class of what it raises; a sample of them for its values too.
"""

import operator
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from support import DTYPES, host, is_elementwise

import quelea

NUMBERS = [True, 2, -1, 300, 2**40, 2**63, 2**70, -(2**70), 0.5, float("nan"), -0.0, 1e300, 1j]


def _operands() -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    for d in DTYPES:
        yield "array", f"array {d}", lambda m, d=d: m.asarray(numpy.array([0, 1, 3]).astype(d))
        yield "array", f"0-d {d}", lambda m, d=d: m.asarray(numpy.array(3).astype(d))
        yield "array", f"one {d}", lambda m, d=d: m.asarray(numpy.array([3]).astype(d))
        yield "scalar", f"scalar {d}", lambda m, d=d: numpy.dtype(d).type(1)
    for n in NUMBERS:
        yield "number", f"number {n!r}", lambda m, n=n: n


OPERANDS = list(_operands())
PAIRS = [(a, b) for a in OPERANDS for b in OPERANDS if "array" in (a[0], b[0])]


def _changed(change: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    def make(m: Any, a: Any, b: Any) -> Any:
        x = m.array(a)
        change(x, b)
        return x

    return make


def _set_all(x: Any, value: Any) -> None:
    x[...] = value


def _set_first(x: Any, value: Any) -> None:
    x[[0]] = value if numpy.ndim(value) == 0 else value[:1]


def _set_marked(x: Any, value: Any) -> None:
    x[numpy.arange(x.size) < 1] = value if numpy.ndim(value) == 0 else value[:1]


def _first(m: Any, value: Any) -> Any:
    return m.atleast_1d(value)[:1]


def _three(m: Any, a: Any) -> Any:
    return m.array(m.broadcast_to(m.asarray(a), (3,)))


TWO: dict[str, Callable[[Any, Any, Any], Any]] = {
    name: lambda m, a, b, name=name: getattr(m, name)(a, b)
    for name in dir(quelea)
    if is_elementwise(ufunc := getattr(quelea, name)) and ufunc.nin == 2 and ufunc.__name__ == name
}
_OPERATORS = "add sub mul truediv floordiv mod pow and_ or_ xor lshift rshift lt eq"
for _name in _OPERATORS.split():
    TWO[f"operator.{_name}"] = lambda m, a, b, name=_name: getattr(operator, name)(a, b)
TWO |= {
    "where": lambda m, a, b: m.where(m.asarray([True, False, True]), a, b),
    "clip": lambda m, a, b: m.clip(m.asarray([1, 2, 3], "i4"), a, b),
    "clip of f4": lambda m, a, b: m.clip(m.asarray([1, 2, 3], "f4"), a, b),
    "clip of signed zeros": lambda m, a, b: m.clip(m.asarray([-0.0, 0.0, -0.0], "f4"), a, b),
    "clip on both sides": lambda m, a, b: m.clip(a, b, b),
    "clip on one side": lambda m, a, b: m.clip(a, b, None),
    "concatenate": lambda m, a, b: m.concatenate([a, b], None),
    "append": lambda m, a, b: m.append(a, b),
    "hstack": lambda m, a, b: m.hstack([a, b]),
    "isclose": lambda m, a, b: m.isclose(a, b),
    "isclose exactly": lambda m, a, b: m.isclose(a, b, rtol=0, atol=0),
    "array_equal": lambda m, a, b: m.array_equal(a, b),
    "divmod": lambda m, a, b: m.divmod(a, b)[0],
    "divmod 1": lambda m, a, b: divmod(a, b)[1],
    "outer": lambda m, a, b: m.outer(a, b),
    "r_": lambda m, a, b: m.r_[a, b],
    "c_": lambda m, a, b: m.c_[m.r_[a, 1], b],
    "block": lambda m, a, b: m.block([a, b]),
    "einsum": lambda m, a, b: m.einsum("...,...->...", a, b),
    "convolve": lambda m, a, b: m.convolve(a, b),
    "add.accumulate(out=)": lambda m, a, b: m.add.accumulate(_three(m, a), out=_three(m, b)),
    "maximum.accumulate(out=)": lambda m, a, b: m.maximum.accumulate(
        _three(m, a), out=_three(m, b)
    ),
    "ediff1d": lambda m, a, b: m.ediff1d(a, b),
    "polyval": lambda m, a, b: m.polyval(m.atleast_1d(a)[:2], b),
    "polyadd": lambda m, a, b: m.polyadd(a, b),
    "choose": lambda m, a, b: m.choose(m.asarray([0, 1, 1]), [a, b]),
    "select": lambda m, a, b: m.select([m.asarray([True, False, False])], [m.atleast_1d(a)], b),
    "putmask": lambda m, a, b: _put(m, "putmask", a, b),
    "put": lambda m, a, b: _changed(lambda x, v: m.put(x, [0], v))(m, m.atleast_1d(a), b),
    "put_along_axis": lambda m, a, b: _changed(
        lambda x, v: m.put_along_axis(x, numpy.array([0]), m.atleast_1d(v)[:1], 0)
    )(m, m.atleast_1d(a), b),
    "x[index] =": lambda m, a, b: _changed(_set_first)(m, m.atleast_1d(a), b),
    "x[mask] =": lambda m, a, b: _changed(_set_marked)(m, m.atleast_1d(a), b),
    "add.at": lambda m, a, b: _changed(lambda x, v: m.add.at(x, [0], _first(m, v)))(
        m, m.atleast_1d(a), b
    ),
    "multiply.at": lambda m, a, b: _changed(lambda x, v: m.multiply.at(x, [0], _first(m, v)))(
        m, m.atleast_1d(a), b
    ),
    "insert": lambda m, a, b: m.insert(a, 0, b),
    "insert several": lambda m, a, b: m.insert(m.atleast_1d(a), [0, 0], b),
    "take_along_axis": lambda m, a, b: m.take_along_axis(m.atleast_1d(a), numpy.array([0]), 0),
    "place": lambda m, a, b: _put(m, "place", a, m.atleast_1d(b)[:1]),
    "kron": lambda m, a, b: m.kron(a, b),
    "vecmat": lambda m, a, b: m.vecmat(m.atleast_1d(a)[:1], m.atleast_1d(b)[:1, None]),
    "linspace": lambda m, a, b: m.linspace(a, b, 3),
    "full_like": lambda m, a, b: m.full_like(a, b),
    "diff": lambda m, a, b: m.diff(a, prepend=b),
    "pad": lambda m, a, b: m.pad(a, 1, constant_values=b),
    "result_type": lambda m, a, b: m.result_type(a, b),
    "sum(initial)": lambda m, a, b: m.sum(a, initial=b),
    "prod(initial)": lambda m, a, b: m.prod(a, initial=b),
    "max(initial)": lambda m, a, b: m.max(a, initial=b),
    "max(initial, out)": lambda m, a, b: m.max(a, initial=b, out=m.zeros((), "f8")),
    "x[...] =": _changed(_set_all),
    "fill": _changed(lambda x, b: x.fill(b)),
    "fill_diagonal": lambda m, a, b: _diagonal_filled(m, a, b),
    "copyto": lambda m, a, b: _copied(m, a, b, "same_kind"),
    "copyto(unsafe)": lambda m, a, b: _copied(m, a, b, "unsafe"),
    "copyto(safe)": lambda m, a, b: _copied(m, a, b, "safe"),
    "+=": _changed(operator.iadd),
    "/=": _changed(operator.itruediv),
    "add(out=)": lambda m, a, b: m.add(a, b, out=m.zeros(3, "f4")),
    "add(where=)": lambda m, a, b: m.add(m.zeros(3), 1, where=a, out=m.zeros(3)),
    "add(dtype=)": lambda m, a, b: m.add(a, b, dtype="f4"),
    "add(casting='unsafe')": lambda m, a, b: m.add(a, b, dtype="u2", casting="unsafe"),
    "add(casting='safe')": lambda m, a, b: m.add(a, b, dtype="f4", casting="safe"),
    "add(casting='no')": lambda m, a, b: m.add(a, b, casting="no"),
}


def _put(m: Any, name: str, a: Any, b: Any) -> Any:
    x = m.ones(3, m.asarray(a).dtype)
    getattr(m, name)(x, m.asarray([True, False, True]), b)
    return x


def _diagonal_filled(m: Any, a: Any, b: Any) -> Any:
    x = m.ones((3, 3), m.asarray(a).dtype)
    m.fill_diagonal(x, b)
    return x


def _copied(m: Any, a: Any, b: Any, casting: str) -> Any:
    x = m.array(a)
    m.copyto(x, b, casting=casting)
    return x


# NumPy's own faults and what depends on its vector loops: signs of zeros in fmax and fmin, powers and angles in the
# last place.
_SIGNS_DIFFER = {"fmax", "fmin"}
_NEAR = {"arctan2", "power", "float_power", "operator.pow", "logaddexp", "logaddexp2", "hypot"}


def _is_huge(name: str) -> bool:
    return len(name) > len("number 1234567890123456")


def _is_object(x: Any) -> bool:
    return getattr(x, "dtype", None) == numpy.dtype(object) or type(x) is int


def _outcome(name: str, m: Any, a: Any, b: Any) -> Any:
    try:
        return TWO[name](m, a[2](m), b[2](m))
    except Exception as error:
        return error


def _difference(name: str, ours: Any, theirs: Any, values: bool) -> str | None:
    if isinstance(theirs, Exception):
        builtin = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
        return None if isinstance(ours, builtin) else f"{theirs!r}, not {ours!r}"
    if isinstance(ours, Exception):
        return None if _is_object(theirs) else f"{ours!r}"
    if not isinstance(theirs, (numpy.ndarray, numpy.generic)):
        return None if ours == theirs else f"{theirs!r}, not {ours!r}"
    if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
        return f"{theirs.dtype}{theirs.shape}, not {ours.dtype}{ours.shape}"
    if not values:
        return None
    got = host(ours)
    if name in _NEAR and theirs.dtype.kind in "fc":
        eps = float(numpy.finfo(theirs.dtype).eps)
        is_same = numpy.allclose(got, theirs, 8 * eps, 8 * eps, equal_nan=True)
    else:
        is_same = numpy.array_equal(got, theirs, equal_nan=theirs.dtype.kind in "fc")
    if is_same and theirs.dtype.kind == "f" and name not in _SIGNS_DIFFER:
        numbers = ~numpy.isnan(theirs)
        is_same = numpy.array_equal(numpy.signbit(got)[numbers], numpy.signbit(theirs)[numbers])
    return None if is_same else f"{theirs}, not {got}"


@pytest.mark.parametrize("name", TWO)
def test_pairs(name: str) -> None:
    chosen = set(random.Random(name).sample(range(len(PAIRS)), 40))
    differences = []
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for k, (a, b) in enumerate(PAIRS):
            if _is_huge(a[1]) or _is_huge(b[1]):
                if name not in _OF_HUGE:
                    continue
            elif k % STRIDE and k not in chosen:
                continue
            theirs, ours = (_outcome(name, m, a, b) for m in (numpy, quelea))
            difference = _difference(name, ours, theirs, k in chosen)
            if difference:
                differences.append(f"{a[1]}, {b[1]}: {difference}")
    assert not differences


_OF_HUGE = {
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "arctan2", "hypot", "copysign",
    "logaddexp", "float_power", "maximum", "minimum", "equal", "less", "operator.add", "operator.truediv",
    "operator.lt", "operator.eq", "bitwise_and", "left_shift", "where", "logical_and",
    "logical_xor", "not_equal", "greater_equal", "fmod", "add(out=)", "add(dtype=)",
}  # fmt: skip
STRIDE = 3 if quelea.info()["size"] == 1 else 29
