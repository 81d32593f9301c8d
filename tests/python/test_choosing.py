"""Elements chosen among arrays and put by masks: NumPy's results, bit for bit, in every dtype and layout."""

import itertools
import warnings
from typing import Any

import numpy
import pytest
from support import HERE, same, same_error, values

import quelea

A = numpy.arange(12.0).reshape(3, 4)
Q = quelea.asarray


@pytest.mark.parametrize("dtype", HERE)
def test_select(dtype: str) -> None:
    a = values(dtype).reshape(10, 6)
    x = Q(a)
    index = numpy.arange(60).reshape(10, 6)
    for conditions, choices, default in (
        ([index < 20, index > 40], [a, a[::-1]], 0),
        ([index % 2 == 0, index % 3 == 0], [a, 1], a[0]),
        ([index[0] < 3, True], [a, 2.5], 1),
        ([index[:, :1] < 5], [7], 3),
        ([index < 0], [1.5], a[:, :1]),
        ([True], [a], 0),
    ):
        if dtype[0] == "u":  # to which NumPy does not cast a Python number here
            choices = [numpy.asarray(c, dtype) if type(c) is int else c for c in choices]
        theirs = numpy.select(conditions, choices, default)
        ours = quelea.select(*([Q(z) if isinstance(z, numpy.ndarray) else z for z in p] for p in (conditions, choices)),
                             Q(default) if isinstance(default, numpy.ndarray) else default)  # fmt: skip
        same(ours, theirs)
        if theirs.ndim == 2:
            assert ours.strides == theirs.strides
    same(quelea.select([x.T < 3], [x.T]), numpy.select([a.T < 3], [a.T])) if dtype[
        0
    ] != "c" else None


def test_what_select_refuses() -> None:
    for work in (
        lambda m: m.select([], []),
        lambda m: m.select([m.ones(2, bool)], []),
        lambda m: m.select([m.ones(2)], [1]),
        lambda m: m.select([m.ones(2, bool)], [m.ones(3)]),
        lambda m: m.select([m.ones(2, bool), m.ones(3, bool)], [1, 2]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy), text=False)
    same(quelea.select([True, False], [1, 2]), numpy.select([True, False], [1, 2]))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex64"])
def test_piecewise(dtype: str) -> None:
    a = (numpy.arange(24) - 12).reshape(4, 6).astype(dtype)
    x = Q(a)
    real = a.real

    def conditions(m: Any, z: Any) -> list[Any]:
        return [z.real < -3, z.real > 4]

    for functions in (
        [lambda z: z * 2, lambda z: z - 1],
        [1, 2, 3],
        [lambda z: -z, 2.5, lambda z: z * z],
        [lambda z, k: z + k, 0],
    ):
        args = (5,) if functions[0] != 1 and functions[0].__code__.co_argcount == 2 else ()  # type: ignore[union-attr]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = numpy.piecewise(a, conditions(numpy, a), functions, *args)
        same(quelea.piecewise(x, conditions(quelea, x), functions, *args), theirs)
    if dtype != "complex64":
        same(quelea.piecewise(x[0], x[0] < 0, [-1, 1]), numpy.piecewise(a[0], real[0] < 0, [-1, 1]))
        same(
            quelea.piecewise(Q(a[0, 0]), [a[0, 0] < 0], [-1, 1]),
            numpy.piecewise(a[0, 0], [a[0, 0] < 0], [-1, 1]),
        )
        same(quelea.piecewise(x[0], [True, False, True, False, True, True], [7]),
             numpy.piecewise(a[0], [True, False, True, False, True, True], [7]))  # fmt: skip
    same_error(
        lambda: quelea.piecewise(x, [x == 0], [1, 2, 3]),
        lambda: numpy.piecewise(a, [a == 0], [1, 2, 3]),
    )


@pytest.mark.parametrize("dtype", HERE)
def test_choose(dtype: str) -> None:
    a = values(dtype, 12).reshape(3, 4)
    which = numpy.array([[0, 1, 2, 1], [2, 2, 0, 0], [1, 0, 1, 2]])
    for choices in (
        [a, a[::-1], a[:, ::-1]],
        [a, a[0], 1],
        numpy.stack([a, a, a]),
        [a[:, :1], a, a[1]],
    ):
        ours = [Q(c) if isinstance(c, numpy.ndarray) else c for c in choices]
        for kind in ("i8", "u1", "i4"):
            same(
                quelea.choose(Q(which.astype(kind)), ours),
                numpy.choose(which.astype(kind), choices),
            )
        for mode in ("wrap", "clip"):
            far = which * 5 - 4
            same(quelea.choose(Q(far), ours, mode=mode), numpy.choose(far, choices, mode=mode))
    out, expected = quelea.zeros((3, 4), dtype), numpy.zeros((3, 4), dtype)
    assert quelea.choose(Q(which), [Q(a), Q(a[0]), Q(a)], out) is out
    numpy.choose(which, [a, a[0], a], expected)
    same(out, expected)
    same(Q(which).choose([a, a, a]), which.choose([a, a, a]))
    same(Q(which).choose(a, a[0], a), which.choose(a, a[0], a))
    same(quelea.choose(1, [2, 3]), numpy.choose(1, [2, 3]))


def test_what_choose_refuses() -> None:
    for work in (
        lambda m: m.choose(m.asarray([0, 2]), [[1, 2], [3, 4]]),
        lambda m: m.choose(m.asarray([0, -1]), [[1, 2], [3, 4]]),
        lambda m: m.choose(m.asarray([0.0]), [[1], [3]]),
        lambda m: m.choose(m.asarray([0]), [[1]], mode="no"),
        lambda m: m.choose(m.asarray([0, 1]), [m.ones(3), m.ones(2)]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy), text=False)


VIEWS = {"whole": lambda x: x, "transposed": lambda x: x.T, "steps": lambda x: x[::2, ::-1]}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("dtype", ["float64", "int8", "bool", "complex64", "float16"])
def test_putmask(dtype: str, name: str) -> None:
    mask = numpy.arange(60).reshape(10, 6) % 3 == 0
    for put in (
        5,
        [1, 2, 3],
        numpy.arange(60),
        numpy.arange(60).reshape(6, 10),
        [],
        numpy.arange(100),
        2.5,
    ):
        theirs = values(dtype).reshape(10, 6)
        ours = quelea.array(theirs)
        view = VIEWS[name]
        if isinstance(put, numpy.ndarray):
            if not numpy.can_cast(put.dtype, dtype, "safe"):
                same_error(
                    lambda p=put, x=ours: quelea.putmask(x, mask, p),
                    lambda p=put, a=theirs: numpy.putmask(a, mask, p),
                )
            put = put.astype(dtype)
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            numpy.putmask(view(theirs), view(mask), put)
            quelea.putmask(view(ours), view(Q(mask)), put)
        same(ours, theirs, put)
    same_error(
        lambda: quelea.putmask(quelea.ones(3), [True], 1),
        lambda: numpy.putmask(numpy.ones(3), [True], 1),
    )


@pytest.mark.parametrize("dtype", ["float64", "int32", "complex64"])
def test_place(dtype: str) -> None:
    mask = numpy.arange(60).reshape(10, 6) % 4 == 0
    for given, put in itertools.product(
        (mask, ~mask, mask & False, mask.ravel()), (5, [7], numpy.array([[2]], dtype), 2.5)
    ):
        theirs = values(dtype).reshape(10, 6)
        ours = quelea.array(theirs)
        numpy.place(theirs, given, put)
        quelea.place(ours, Q(given), put)
        same(ours, theirs)
    same_error(
        lambda: quelea.place(quelea.ones(2), [True, False], []),
        lambda: numpy.place(numpy.ones(2), [True, False], []),
    )
    same_error(
        lambda: quelea.place(quelea.ones(2), [True], 1),
        lambda: numpy.place(numpy.ones(2), [True], 1),
    )
    quelea.place(quelea.ones(2), [False, False], [])


def test_real_if_close() -> None:
    for a in (A, A + 0j, A + 1e-14j, A + 1e-12j, A.astype("c8") + 1e-6j, A + 1j, A.astype("f4")):
        for tol in (100, 1e5, 0.5):
            same(quelea.real_if_close(Q(a), tol), numpy.real_if_close(a, tol))
    same(quelea.real_if_close([1 + 1e-20j]), numpy.real_if_close([1 + 1e-20j]))


def test_functions_over_axes() -> None:
    cube = numpy.arange(24.0).reshape(2, 3, 4)
    for name, axes in (("sum", (0, 2)), ("max", 1), ("mean", [-1, 0]), ("sum", ())):
        same(
            quelea.apply_over_axes(getattr(quelea, name), Q(cube), axes),
            numpy.apply_over_axes(getattr(numpy, name), cube, axes),
        )
    same_error(
        lambda: quelea.apply_over_axes(lambda x, axis: x.sum(), Q(cube), (0,)),
        lambda: numpy.apply_over_axes(lambda x, axis: x.sum(), cube, (0,)),
        text=False,
    )
