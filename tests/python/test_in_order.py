"""Methods of ufuncs whose order matters, and reduceat: NumPy's results, in NumPy's order, on any layout."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED
from support import is_elementwise, near, same, same_error

import quelea

Q = quelea.asarray
IS_ALONE = quelea.info()["size"] == 1
BINARY = [
    name
    for name in dir(quelea)
    if is_elementwise(ufunc := getattr(quelea, name)) and ufunc.nin == 2 and ufunc.__name__ == name
]
# Of these ours and NumPy's last bits differ.
ROUNDED = ("arctan2", "float_power", "hypot", "logaddexp", "logaddexp2", "power")
# Scans of their own, or whose sums are in another order.
OTHERS = ("add", "multiply", "minimum", "maximum", "logical_and", "logical_or")
VIEWS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda a: a,
    "transposed": lambda a: a.T,
    "backwards": lambda a: a[::-1, ::2],
    "odd": lambda a: a[1:, 3:4],
    "one axis": lambda a: a.reshape(-1)[2:-1],
}


def some(dtype: str, shape: tuple[int, ...] = (13, 9), seed: int = 3) -> Any:
    random = numpy.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) < 0.6
    if numpy.dtype(dtype).kind in "iu":
        return random.integers(0 if dtype[0] == "u" else -9, 10, shape).astype(dtype)
    return (random.normal(size=shape) + 1.5).astype(dtype)


def alike(name: str, ours: Any, theirs: Any, context: Any) -> None:
    is_half = theirs.dtype == numpy.float16  # which NumPy's reductions keep as float32
    if (name in ROUNDED or is_half) and theirs.dtype.kind in "fc":
        near(ours, theirs, 64, context, absolute=64)
    else:
        same(ours, theirs, context)


def tried(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], context: Any) -> None:
    with numpy.errstate(all="ignore"):
        try:
            want = theirs()
        except (TypeError, ValueError):
            same_error(ours, theirs, text=False)
            return
    alike(name, ours(), numpy.asarray(want), context)


def by_columns(ufunc: numpy.ufunc, method: str, x: Any, axis: int) -> Any:
    """NumPy's result of two arrays side by side: of one, its vectors of powers and angles overtake the reduction."""
    return getattr(ufunc, method)(numpy.stack([x, x], -1), axis)[..., 0]


@pytest.mark.parametrize("name", [n for n in BINARY if n not in (*OTHERS, "ldexp")])
def test_accumulate_and_reduce(name: str) -> None:
    ours, theirs = getattr(quelea, name), getattr(numpy, name)
    kinds = ["bool", "int8", "uint16", "int64", "float16", "float64", "complex128"]
    for number, dtype in enumerate(kinds):
        x = some(dtype)
        if name == "power":
            x = numpy.abs(x) if dtype != "bool" else x
        for k, (view_name, view) in enumerate(VIEWS.items()):
            if LAUNCHED and (k + number + len(name)) % 5:
                continue
            a, b = view(Q(x)), view(x)
            for axis in range(b.ndim):
                context = (dtype, view_name, axis)
                for method in ("accumulate", "reduce"):
                    tried(
                        name,
                        lambda m=method, i=axis, a=a: getattr(ours, m)(a, i),
                        lambda m=method, i=axis, b=b: by_columns(theirs, m, b, i),
                        (method, context),
                    )


@pytest.mark.parametrize(
    "name",
    ["subtract", "gcd", "hypot", "fmin", "bitwise_and", "lcm", "equal", "divide", "copysign"],
)
def test_what_reduce_takes(name: str) -> None:
    ours, theirs = getattr(quelea, name), getattr(numpy, name)
    x = some("int16") if name in ("gcd", "bitwise_and", "lcm") else some("float64")
    if name == "equal":
        x = x > 1
    mask = numpy.random.default_rng(1).random(x.shape) < 0.5
    for keywords in (
        {"axis": None}, {"axis": (0, 1)}, {"axis": ()}, {"axis": -1, "keepdims": True}, {"initial": 3},
        {"axis": 1, "initial": 0}, {"axis": None, "keepdims": True}, {"initial": None}, {"axis": 2}, {"dtype": "f4"},
        {"dtype": "i4"}, {"axis": (0, 0)},
    ):  # fmt: skip
        tried(
            name,
            lambda k=keywords: ours.reduce(Q(x), **k),
            lambda k=keywords: theirs.reduce(x, **k),
            keywords,
        )
    if name != "equal":
        for keywords in ({"where": mask}, {"where": mask, "initial": 4}, {"where": mask[0], "initial": 2, "axis": 1},
                         {"where": False, "initial": 5, "axis": None}):  # fmt: skip
            tried(
                name,
                lambda k=keywords: ours.reduce(Q(x), **k),
                lambda k=keywords: theirs.reduce(x, **k),
                keywords,
            )
    for shape in ((0,), (0, 3), (3, 0)):
        empty = numpy.zeros(shape, x.dtype)
        for axis in (0, None):
            tried(
                name,
                lambda a=axis, e=empty: ours.reduce(Q(e), a),
                lambda a=axis, e=empty: theirs.reduce(e, a),
                shape,
            )
    tried(name, lambda: ours.reduce(Q(x[0, 0])), lambda: theirs.reduce(x[0, 0]), "a number")


def test_the_smallest_beside_nan() -> None:
    x = some("float64", (40, 6))
    x[numpy.random.default_rng(2).random(x.shape) < 0.4] = numpy.nan
    x[:, 2] = numpy.nan
    for name in ("fmin", "fmax"):
        for y in (x, x.astype("f4"), x + 1j * x[::-1]):
            for axis in (0, 1, None):
                same(
                    getattr(quelea, name).reduce(Q(y), axis),
                    getattr(numpy, name).reduce(y, axis),
                    (name, axis),
                )


def test_where_accumulated_and_reduced_go() -> None:
    x = some("int32")
    for dtype in ("int64", "float32", "int16"):
        outs = [m.zeros(x.shape, dtype) for m in (numpy, quelea)]
        numpy.subtract.accumulate(x, 1, out=outs[0])
        given = quelea.subtract.accumulate(Q(x), 1, out=outs[1])
        assert given is outs[1]
        same(given, outs[0])
        outs = [m.zeros(x.shape[1], dtype) for m in (numpy, quelea)]
        numpy.subtract.reduce(x, 0, out=outs[0])
        quelea.subtract.reduce(Q(x), 0, None, outs[1])
        same(outs[1], outs[0])
    a, b = Q(x), x.copy()
    quelea.subtract.accumulate(a, out=a)
    numpy.subtract.accumulate(b, out=b)
    same(a, b)
    for work in (
        lambda m: m.subtract.accumulate(m.ones(3), out=m.zeros(4)),
        lambda m: m.subtract.accumulate(m.ones((3, 2)), None),
        lambda m: m.subtract.accumulate(m.asarray(2.0)),
        lambda m: m.divide.accumulate(m.ones(3, int), dtype=int),
        lambda m: m.power.accumulate(m.asarray([2, -1])),
        lambda m: m.less.accumulate(m.ones(3)),
        lambda m: m.ldexp.reduce(m.ones(3)),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)


def test_long_lines() -> None:
    """Longer than the leaves of scans, and than a rank's part."""
    x = some("float64", (3000,))
    same(quelea.subtract.accumulate(Q(x)), numpy.subtract.accumulate(x))
    same(quelea.subtract.reduce(Q(x)), numpy.subtract.reduce(x))
    y = some("int64", (700, 5))
    same(quelea.gcd.accumulate(Q(y)), numpy.gcd.accumulate(y))
    same(quelea.gcd.reduce(Q(y * 6)), numpy.gcd.reduce(y * 6))
    same(quelea.floor_divide.accumulate(Q(y).T, 1), numpy.floor_divide.accumulate(y.T, 1))
    wide = numpy.array([-128, 0, 0, 64, -96], "i1")
    same(quelea.gcd.accumulate(Q(wide)), numpy.gcd.accumulate(wide))


# ---- reduceat ----

INDICES: list[Any] = [[0, 4, 1, 5, 2, 6, 3, 7], [0], [3], [0, 1, 2], [7, 0], [5, 5, 5], [0, 8, 2, 12], [12, 11, 0],
                      numpy.array([2, 9], "i2"),
                      numpy.array([0, 3], "u4"), [True, False], numpy.array([], int)]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["add", "multiply", "maximum", "subtract", "gcd", "logical_or", "divide", "hypot"]
)
def test_reduceat(name: str) -> None:
    ours, theirs = getattr(quelea, name), getattr(numpy, name)
    for number, dtype in enumerate(("bool", "int8", "int64", "float32", "complex128")):
        x = some(dtype)
        for k, indices in enumerate(INDICES):
            if not IS_ALONE and (k + number) % 4:
                continue
            for view_name, view in VIEWS.items():
                a, b = view(Q(x)), view(x)
                where = numpy.asarray(indices)
                for axis in range(b.ndim):
                    if where.dtype == bool and b.shape[axis] < 2:
                        continue
                    fits = where % max(b.shape[axis], 1) if where.dtype != bool else indices
                    with numpy.errstate(all="ignore"):
                        try:
                            want = theirs.reduceat(b, fits, axis)
                        except TypeError:
                            with pytest.raises(TypeError):
                                ours.reduceat(a, fits, axis)
                            continue
                    got = ours.reduceat(a, fits, axis)
                    if want.dtype.kind in "fc":
                        near(got, want, 16, (view_name, axis), absolute=64)
                    else:
                        same(got, want, (view_name, axis))
                    if not IS_ALONE:
                        break


def test_reduceat_of_many() -> None:
    x = numpy.arange(5000)
    starts = numpy.unique(numpy.random.default_rng(1).integers(0, 5000, 400))
    same(quelea.add.reduceat(Q(x), Q(starts)), numpy.add.reduceat(x, starts))
    pairs = numpy.random.default_rng(2).integers(0, 5000, 300)
    same(quelea.maximum.reduceat(Q(x % 997), Q(pairs)), numpy.maximum.reduceat(x % 997, pairs))
    same(
        quelea.add.reduceat(Q(x).astype("i4"), starts, dtype="f8"),
        numpy.add.reduceat(x.astype("i4"), starts, dtype="f8"),
    )
    outs = [m.zeros(starts.size, "i4") for m in (numpy, quelea)]
    numpy.add.reduceat(x, starts, out=outs[0])
    assert quelea.add.reduceat(Q(x), starts, out=outs[1]) is outs[1]
    same(outs[1], outs[0])


def test_reduceat_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quelea.in_order, "_AT_ONCE", 7)
    x = some("int32", (40, 3))
    for indices in ([0, 20, 21, 10, 39, 2], [5], [0, 1, 30]):
        same(quelea.subtract.reduceat(Q(x), indices), numpy.subtract.reduceat(x, indices), indices)


def test_what_reduceat_refuses() -> None:
    for work in (
        lambda m: m.add.reduceat(m.arange(8), [8]),
        lambda m: m.add.reduceat(m.arange(8), [0, -1]),
        lambda m: m.add.reduceat(m.arange(8), 3),
        lambda m: m.add.reduceat(m.arange(8), [[0, 1]]),
        lambda m: m.add.reduceat(m.asarray(3), [0]),
        lambda m: m.add.reduceat(m.ones((2, 3)), [0], axis=2),
        lambda m: m.add.reduceat(m.ones((2, 3)), [0], axis=None),
        lambda m: m.add.reduceat(m.ones((2, 3)), [0], out=m.zeros((2, 2))),
        lambda m: m.add.reduceat(m.zeros((0, 3)), [0]),
        lambda m: m.sin.reduceat(m.ones(3), [0]),
        lambda m: m.less.reduceat(m.ones(3), [0]),
        lambda m: m.add.reduceat(m.ones(3), numpy.array([0], "u8")),
    ):
        same_error(lambda w=work: w(quelea), lambda w=work: w(numpy), text=False)
    assert numpy.array_equal(numpy.asarray(numpy.add.reduceat(Q(numpy.arange(4)), [0, 2])), [1, 5])


def test_all_bits_of_unsigned_integers() -> None:
    """The identity of bitwise_and is -1, which they have not."""
    for dtype in ("u1", "u8", "i4", "?"):
        x = some(dtype, (3, 4)) if dtype != "?" else some("bool", (3, 4))
        for work in (
            lambda m, a: m.bitwise_and.reduce(a[:0], axis=0),
            lambda m, a: m.bitwise_and.reduce(a[:, :0], axis=1),
            lambda m, a: m.bitwise_and.reduce(a, axis=None, where=a % 2 == 1),
            lambda m, a: m.bitwise_and.reduce(a, axis=1, where=a > 9),
            lambda m, a: m.bitwise_and.reduce(a, axis=1, where=a > 1, initial=1),
        ):
            same(work(quelea, Q(x)), work(numpy, x), dtype)


def test_the_dtype_of_out_chooses_the_loop() -> None:
    """Also where there is none for the elements."""
    x = some("bool", (3, 4))
    for name, dtype in (("subtract", "f8"), ("gcd", "i8"), ("lcm", "u1"), ("power", "f4")):
        ufunc, theirs = getattr(quelea, name), getattr(numpy, name)
        out, want = quelea.zeros((3, 4), dtype), numpy.zeros((3, 4), dtype)
        same(ufunc.accumulate(Q(x), 1, out=out), theirs.accumulate(x, 1, out=want), name)
        same(
            ufunc.reduce(Q(x), 1, out=quelea.zeros(3, dtype)),
            theirs.reduce(x, 1, out=numpy.zeros(3, dtype)),
            name,
        )
        same(
            ufunc.reduceat(Q(x), [0, 2], 1, out=out[:, :2]),
            theirs.reduceat(x, [0, 2], 1, out=want[:, :2]),
            name,
        )


def test_one_column() -> None:
    """The line is one worker's, though ranks share its elements: each waits for nobody."""
    for shape in ((12, 1), (40, 1), (1, 40), (1, 40, 1)):
        axis = shape.index(max(shape))
        for seed in range(6):
            x = some("float64", shape, seed)
            same(
                quelea.subtract.accumulate(Q(x), axis),
                numpy.subtract.accumulate(x, axis),
                (shape, seed),
            )
