"""Operands of others: whoever computes with them beside NumPy's arrays does so beside ours, and gives the same."""

import inspect
import operator
import os
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import quelea

BINARY = {
    name: getattr(operator, name)
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "eq", "ne", "gt", "ge", "matmul",
    )
}  # fmt: skip


def outcome(make: Callable[[], Any]) -> Any:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return make()
        except Exception as error:
            return error


def compare(ours: Any, theirs: Any, context: object = "") -> None:
    """Same type, and the same values; of arrays ours for NumPy's."""
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), (context, theirs, ours)
        return
    if isinstance(ours, Exception):
        raise ours
    if type(theirs) is tuple:
        assert type(ours) is tuple
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b, context)
        return
    is_plain = type(theirs) is numpy.ndarray or isinstance(theirs, numpy.generic)
    expected = (quelea.ndarray, numpy.ndarray, numpy.generic) if is_plain else type(theirs)
    assert isinstance(ours, expected), (context, type(theirs), type(ours))
    if isinstance(theirs, (str, bool)):
        assert ours == theirs
        return
    got, want = (_dense(x) for x in (ours, theirs))
    assert got.shape == want.shape, context
    numpy.testing.assert_array_equal(got.astype(want.dtype), want, str(context))


def _dense(x: Any) -> Any:
    for name in ("toarray", "todense"):
        if hasattr(x, name):
            return getattr(x, name)()
    return numpy.asarray(x)


def both_ways(other: Callable[[], Any], x: Any, skip: tuple[str, ...] = ()) -> None:
    for name, compute in BINARY.items():
        if name in skip:
            continue
        theirs, ours = numpy.array(x), quelea.array(x)
        for ways in ((theirs, other()), (other(), theirs)):
            mine = tuple(ours if a is theirs else a for a in ways)
            compare(
                outcome(lambda: compute(*mine)),  # noqa: B023
                outcome(lambda: compute(*ways)),  # noqa: B023
                (name, [type(a).__name__ for a in mine]),
            )


def in_place(other: Callable[[], Any], x: Any) -> None:
    for name in ("iadd", "imul", "ipow", "itruediv"):
        theirs, ours = numpy.array(x), quelea.array(x)
        compute = getattr(operator, name)
        compare(
            outcome(lambda: compute(ours, other())),  # noqa: B023
            outcome(lambda: compute(theirs, other())),  # noqa: B023
            name,
        )
        compare(ours, theirs, name)


# ---- own classes ----


class Override:
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return f"{ufunc.__name__} {method} {len(inputs)} {sorted(kwargs)}"


class Shy(Override):
    """Returns NotImplemented."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return NotImplemented


class Apart:
    """Asks that operators are left to it."""

    __array_ufunc__ = None

    def __add__(self, other):
        return "added"

    __radd__ = __rmul__ = __rmatmul__ = __rpow__ = __rsub__ = __eq__ = __lt__ = __gt__ = __add__
    __hash__ = None  # type: ignore[assignment]

    def __rdivmod__(self, other):
        return "divided"


class Legacy:
    """Of before __array_ufunc__."""

    __array_priority__ = 15.0

    def __radd__(self, other):
        return "legacy"

    __rmul__ = __rmatmul__ = __radd__

    def __array__(self, dtype=None, copy=None):
        return numpy.array([1.0, 2.0, 3.0], dtype)


class Lower(Legacy):
    __array_priority__ = -5.0


class Plain:
    def __radd__(self, other):
        return "added to plain"


class Sub(numpy.ndarray):
    pass


class Functional(Override):
    def __array_function__(self, function, types, args, kwargs):
        return f"{function.__name__} of theirs"


def sub() -> Any:
    return numpy.arange(3.0).view(Sub)


@pytest.mark.parametrize("other", [Override, Shy, Apart, Legacy, Lower, sub])
def test_operators_of_own_classes(other):
    x = [1.0, 2.0, 3.0]
    both_ways(other, x, ("eq", "ne") if other in (Shy, Legacy, Lower) else ())
    in_place(other, x)
    for m in (numpy, quelea):
        assert not isinstance(m.array(x), Override)


@pytest.mark.parametrize("other", [Override, Shy, Apart, Legacy, sub])
def test_ufuncs_of_own_classes(other):
    for name in ("add", "hypot", "equal", "logical_and", "matmul", "divmod", "vecdot"):
        for module in (numpy, quelea):  # NumPy's function given ours, and ours
            theirs = outcome(lambda: getattr(numpy, name)(numpy.ones(3), other()))  # noqa: B023
            ours = outcome(lambda: getattr(module, name)(quelea.ones(3), other()))  # noqa: B023
            compare(ours, theirs, (name, module.__name__))
            theirs = outcome(lambda: getattr(numpy, name)(other(), numpy.ones(3)))  # noqa: B023
            ours = outcome(lambda: getattr(module, name)(other(), quelea.ones(3)))  # noqa: B023
            compare(ours, theirs, (name, module.__name__))
    for name in ("negative", "sin", "modf"):
        compare(
            outcome(lambda: getattr(quelea, name)(other())),  # noqa: B023
            outcome(lambda: getattr(numpy, name)(other())),  # noqa: B023
            name,
        )


def test_out_of_own_classes():
    for m in (numpy, quelea):
        assert m.add(m.ones(3), 1, out=Override()) == "add __call__ 2 ['out']"
        with pytest.raises(TypeError):
            m.add(m.ones(3), 1, out=Shy())


def test_protocols_called_by_hand():
    for args in (
        (),
        (numpy.add,),
        (numpy.add, 1),
        (1, 2, 3),
        (numpy.add, "__call__"),
        (numpy.add, "x", 1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            quelea.ones(3).__array_ufunc__(*args)


def test_reductions_and_outer_products_of_own_classes():
    for m in (numpy, quelea):
        assert numpy.add.outer(m.ones(3), Override()) == "add outer 2 []"
        assert numpy.add.reduce(Override()) == "add reduce 1 []"


def test_divmod_of_own_classes():
    for m in (numpy, quelea):
        assert divmod(m.ones(3), Override()) == "divmod __call__ 2 []"
        assert divmod(m.ones(3), Apart()) == "divided"


def test_functions_of_own_classes():
    for m in (numpy, quelea):
        assert numpy.concatenate([m.ones(3), Functional()]) == "concatenate of theirs"
        assert numpy.where(m.ones(3) > 0, Functional(), 0) == "where of theirs"


def test_what_python_tries_next():
    for m in (numpy, quelea):
        assert m.ones(3) + Apart() == "added"
        assert m.ones(3) + Legacy() == "legacy"
        assert outcome(lambda: m.ones(3) @ Legacy()) == "legacy"  # noqa: B023
    with pytest.raises(TypeError):
        quelea.ones(3) + object()


def test_assignment_takes_in_what_has_an_array():
    for value in (sub(), Legacy(), numpy.ma.array([1.0, 2.0, 3.0]), range(3)):
        x, y = quelea.zeros(3), numpy.zeros(3)
        x[...] = value
        y[...] = value
        compare(x, y)
        compare(quelea.asarray(value), numpy.asarray(value))


class Gives:
    """Has an array of either module, as a class does whose module has another import now."""

    def __init__(self, module: Any, dtype: str) -> None:
        self._x = module.arange(1, 7).reshape(2, 3).astype(dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._x if dtype is None else self._x.astype(dtype)


@pytest.mark.parametrize("dtype", ["int64", "float32", "complex128"])
def test_what_has_an_array_of_ours(dtype: str) -> None:
    def assigned(m: Any) -> Any:
        x = m.zeros((2, 3), "complex64")
        x[:, ::-1] = Gives(m, dtype)
        return x

    uses: list[Callable[[Any, Any], Any]] = [
        lambda m, given: m.asarray(given),
        lambda m, given: m.array(given, "float16" if dtype != "complex128" else "complex64"),
        lambda m, given: m.ones(3) + given,
        lambda m, given: m.sum(given, axis=0),
        lambda m, given: m.add(given, given),
        lambda m, given: m.unique(given),
        lambda m, given: m.where(given, given, 2),
        lambda m, given: m.concatenate([m.asarray(given), m.asarray(given)]),
        lambda m, given: m.ones((2, 3)) @ m.transpose(given),
        lambda m, given: assigned(m),
    ]
    for number, use in enumerate(uses):
        compare(use(quelea, Gives(quelea, dtype)), use(numpy, Gives(numpy, dtype)), number)
    with pytest.raises(ValueError, match="not producing an array"):
        quelea.asarray(type("Wrong", (), {"__array__": lambda self: [1, 2]})())


@pytest.mark.parametrize("dtype", ["int16", "float64", "complex64"])
def test_what_describes_its_memory(dtype: str) -> None:
    """Pictures of Pillow, for instance, have this alone."""

    class Described:
        def __init__(self) -> None:
            self.kept = numpy.arange(1, 7, dtype=dtype).reshape(2, 3)
            self.__array_interface__ = self.kept.__array_interface__

    uses: list[Callable[[Any, Any], Any]] = [
        lambda m, given: m.abs(given),
        lambda m, given: m.multiply(2, given),
        lambda m, given: m.ones(3) - given,
        lambda m, given: m.where(given, 3, given),
        lambda m, given: m.sum(given, axis=1),
        lambda m, given: m.concatenate([given, given]),
    ]
    for number, use in enumerate(uses):
        compare(use(quelea, Described()), use(numpy, Described()), number)


def test_ranges_are_operands():
    compare(quelea.ones(3) + range(3), numpy.ones(3) + range(3))
    compare(range(3) - quelea.ones(3), range(3) - numpy.ones(3))


def test_memory_maps_are_arrays(tmp_path):
    numpy.arange(3.0).tofile(tmp_path / "numbers")
    mapped = numpy.memmap(tmp_path / "numbers", dtype=float, mode="r")
    compare(quelea.ones(3) + mapped, numpy.ones(3) + mapped)
    compare(mapped * quelea.ones(3), mapped * numpy.ones(3))


# ---- NumPy's own ----


def masked() -> Any:
    return numpy.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])


def test_masked_arrays():
    both_ways(masked, [3.0, 1.0, 2.0], ("matmul",))
    for name, compute in BINARY.items():
        if name in ("matmul", "floordiv"):
            continue
        ours, theirs = (compute(m.array([3.0, 1.0, 2.0]), masked()) for m in (quelea, numpy))
        numpy.testing.assert_array_equal(
            numpy.ma.getmaskarray(ours), numpy.ma.getmaskarray(theirs), name
        )
    in_place(masked, [3.0, 1.0, 2.0])
    compare(numpy.ma.add(quelea.ones(3), masked()), numpy.ma.add(numpy.ones(3), masked()))


def matrix() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return numpy.matrix([[1.0, 2.0], [3.0, 4.0]])


def test_matrices():
    both_ways(matrix, [[5.0, 6.0], [7.0, 8.0]], ("pow",))
    compare(
        numpy.dot(quelea.ones((2, 2)), matrix()),
        numpy.dot(numpy.ones((2, 2)), matrix()),
    )


_OF_ONE = """
    sum prod mean std var max min amax ptp any all average count_nonzero round around nan_to_num real angle
    zeros_like ones_like ravel squeeze transpose flip diff copy trapezoid nansum shape ndim size iscomplexobj isreal
    sinc fix atleast_2d cumsum sort
"""

# How functions are called with an operand, and with one beside an array.
CALLS: dict[str, Callable[..., tuple[Any, ...]]] = {
    **dict.fromkeys(
        _OF_ONE.split(),
        lambda x: (x,),
    ),
    "clip": lambda x: (x, 1, 2),
    "full_like": lambda x: (x, 2),
    "reshape": lambda x: (x, -1),
    "repeat": lambda x: (x, 2),
    "roll": lambda x: (x, 1),
    "tile": lambda x: (x, 2),
    "expand_dims": lambda x: (x, 0),
    "concatenate": lambda x: ([x, x],),
    "stack": lambda x: ([x, x],),
    "hstack": lambda x: ([x, x],),
    "where": lambda x: (x, x, 0),
    "dot": lambda x: (x, x),
    "inner": lambda x: (x, x),
    "isclose": lambda x: (x, x),
    "array_equal": lambda x: (x, x),
    "append": lambda x: (x, x),
}  # fmt: skip
BESIDE: dict[str, Callable[..., tuple[Any, ...]]] = {
    "concatenate": lambda q, x: ([q, x],),
    "stack": lambda q, x: ([q, x],),
    "where": lambda q, x: (q > 1, x, q),
    "dot": lambda q, x: (q, x),
    "inner": lambda q, x: (q, x),
    "isclose": lambda q, x: (q, x),
    "append": lambda q, x: (q, x),
    "clip": lambda q, x: (q, x, 9),
    "clip of": lambda q, x: (x, q, 9),
    "sum of": lambda q, x: (x, None, None, q[0]),
    "copyto": lambda q, x: (q, x),
    "outer": lambda q, x: (q, x),
    "allclose": lambda q, x: (q, x),
    "full_like": lambda q, x: (q, x),
    "average": lambda q, x: (q, 0, x),
}


def functions(other: Callable[[], Any], skip: tuple[str, ...] = ()) -> None:
    for name, args in CALLS.items():
        if name in skip or not hasattr(quelea, name):
            continue
        theirs, ours = (outcome(lambda: getattr(m, name)(*args(other()))) for m in (numpy, quelea))  # noqa: B023
        compare(ours, theirs, name)
    for entry, beside in BESIDE.items():
        name = entry.split()[0]
        if entry in skip or name in skip:
            continue
        theirs, ours, through = (
            outcome(lambda: getattr(f, name)(*beside(m.array([3.0, 1.0, 2.0]), other())))  # noqa: B023
            for f, m in ((numpy, numpy), (quelea, quelea), (numpy, quelea))
        )
        compare(ours, theirs, (entry, "beside"))
        compare(through, theirs, (entry, "beside, by NumPy's function"))


class Protocol:
    """Has functions, and knows all arrays."""

    def __array_function__(self, function, types, args, kwargs):
        return f"{function.__name__} of {len(args)} {sorted(kwargs)}"

    __array_ufunc__ = Override.__array_ufunc__


class Refusing(Protocol):
    def __array_function__(self, function, types, args, kwargs):
        return NotImplemented


# NumPy makes arrays of objects of what is no array.
OF_OBJECTS = (*CALLS, "where", "append", "sum of")


@pytest.mark.parametrize("other", [Protocol, Refusing, Functional, Override, Legacy, sub])
def test_functions_of_others(other):
    functions(
        other,
        ("full_like",)
        if other in (Protocol, Functional)
        else OF_OBJECTS
        if other is Override
        else (),
    )


def test_functions_of_masked_arrays_and_matrices():
    functions(masked)
    functions(matrix)
    for name in ("sum", "mean", "round", "clip", "concatenate"):
        args = CALLS[name](masked())
        theirs, ours = (getattr(m, name)(*args) for m in (numpy, quelea))
        numpy.testing.assert_array_equal(numpy.ma.getmaskarray(ours), numpy.ma.getmaskarray(theirs))


def test_like():
    for name, args in {"asarray": (3,), "zeros": (3,), "arange": (4,), "eye": (2,), "full": (2, 1), "array": ([1],),
                       "ones": (2,), "empty": (2,), "identity": (2,), "tri": (2,)}.items():  # fmt: skip
        theirs, ours = (getattr(m, name)(*args, like=Protocol()) for m in (numpy, quelea))
        assert ours == theirs and name in ours
    assert isinstance(quelea.zeros(3, like=quelea.ones(1)), quelea.ndarray)
    with pytest.raises(TypeError):
        quelea.zeros(3, like=Refusing())


def test_functions_are_found_by_name():
    for name in ("sum", "amax", "concat", "where", "zeros"):
        function = getattr(quelea, name)
        assert pickle.loads(pickle.dumps(function)) is function and function.__name__ == name
    assert next(iter(inspect.signature(quelea.mean).parameters)) == "a"


def test_what_others_give_as_arrays_is_taken_in():
    assert isinstance(quelea.concatenate([Lower(), quelea.ones(2)]), quelea.ndarray)
    assert isinstance(quelea.where(sub() > 1, sub(), 0), quelea.ndarray)


def test_arrays_of_objects_decide():
    """What matplotlib's bar() does with its positions."""
    words = numpy.array(["a", None], object)
    for m in (numpy, quelea):
        given = numpy.broadcast_arrays(words, m.ones(2), 0.5)
        assert [a.dtype.kind for a in given] == ["O", "f", "f"]
        given = numpy.broadcast_arrays(m.ones(2), None, "a", 1)
        assert [(a.dtype.kind, a.shape) for a in given] == [(k, (2,)) for k in "fOUi"]
        assert list(numpy.concatenate([words, m.ones(1)])) == ["a", None, 1.0]


# ---- others: skipped where they are not installed ----


def test_pandas():
    pandas = pytest.importorskip("pandas")
    functions(lambda: pandas.Series([1.0, 2.0, 3.0], index=["x", "y", "z"]))
    both_ways(lambda: pandas.Series([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0], ("matmul",))
    both_ways(lambda: pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}), [3.0, 1.0], ("matmul",))
    both_ways(lambda: pandas.Index([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0], ("matmul",))
    series = pandas.Series([1.0, 2.0, 3.0], index=["x", "y", "z"])
    assert list((quelea.ones(3) + series).index) == ["x", "y", "z"]
    assert type(numpy.hypot(quelea.ones(3), series)) is pandas.Series
    assert type(quelea.hypot(quelea.ones(3), series)) is pandas.Series
    x = quelea.ones(3)
    x += series
    compare(x, numpy.ones(3) + numpy.array([1.0, 2.0, 3.0]))
    compare(quelea.asarray(series), numpy.asarray(series))


def test_masks_of_series():
    """A public report's example: pandas asks whether a key is of NumPy's type, and of others takes the elements."""
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0, 3.0], index=["x", "y", "z"])
    mask, places = quelea.asarray([True, False, True]), quelea.asarray([0, 2])
    for choose in (series.__getitem__, series.loc.__getitem__, series.to_frame().__getitem__):
        with pytest.raises(KeyError):
            choose(mask)
        assert list(choose(numpy.asarray(mask)).index) == ["x", "z"]
    with pytest.raises(KeyError):
        series[mask] = 0
    # pandas asks here for integers, and True is one: README says so
    assert list(series.iloc[mask].index) == ["y", "x", "y"]
    assert list(series.iloc[places].index) == ["x", "z"]
    compare(series.where(mask, 0.0), series.where(numpy.asarray(mask), 0.0))


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="C++ exceptions, which matplotlib throws, and an ASan that was loaded first end the process",
)
def test_drawings():
    """A public report's example, and what people draw."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    q = quelea.arange(3.0)
    heights = [bar.get_height() for bar in axes.bar(q, q)]
    assert heights == [0, 1, 2]
    (line,) = axes.plot(q, q**2)
    compare(line.get_ydata(), numpy.arange(3.0) ** 2)
    axes.imshow(quelea.ones((3, 4)))
    axes.scatter(q, q, c=q)
    axes.hist(numpy.asarray(q))
    figure.canvas.draw()
    pyplot.close(figure)


def test_xarray():
    xarray = pytest.importorskip("xarray")
    functions(lambda: xarray.DataArray([1.0, 2.0, 3.0], dims="x"))
    both_ways(lambda: xarray.DataArray([1.0, 2.0, 3.0], dims="x"), [3.0, 1.0, 2.0], ("matmul",))
    assert (quelea.ones(3) + xarray.DataArray([1.0, 2.0, 3.0], dims="x")).dims == ("x",)


def test_sparse_matrices_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    for name in ("sum", "mean", "max", "round"):
        theirs, ours = (
            getattr(m, name)(sparse.csr_array([[1.0, 0.0], [0.0, 4.0]])) for m in (numpy, quelea)
        )
        compare(ours, theirs, name)
    both_ways(
        lambda: sparse.csr_array([[1.0, 0.0], [0.0, 4.0]]),
        [[5.0, 6.0], [7.0, 8.0]],
        ("pow", "mod", "floordiv"),
    )


def test_dask():
    dask = pytest.importorskip("dask.array")
    functions(lambda: dask.ones(3, chunks=2) * 2, ("sort",))
    both_ways(lambda: dask.ones(3, chunks=2) * 2, [3.0, 1.0, 2.0], ("matmul",))
    joined = numpy.concatenate([quelea.ones(3), dask.ones(3, chunks=2)])
    assert type(joined) is dask.Array
