"""Functions with a plain form in C: it gives what the function in Python gives, bit for bit, and lies as that."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host

import quelea

Arguments = Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]


def call(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


IS_ALONE = quelea.info()["size"] == 1
NUMBERS = [0.0, -0.0, 1.5, -2.5, 0.45, 1e-3, 12345.678, -1.0]
ARRAYS: dict[str, Callable[[], Any]] = {
    f"{name} of {dtype}": lambda view=view, dtype=dtype: view(
        quelea.asarray(numpy.resize(NUMBERS, (3, 4)).astype(dtype))
    )
    for dtype in (("f8", "f4", "i8", "f2", "c16", "u1", "?") if IS_ALONE else ("f8", "i8"))
    for name, view in {
        "matrix": lambda x: x, "transposed": lambda x: x.T, "row": lambda x: x[1], "reversed": lambda x: x[::-1, ::2],
        "element": lambda x: x[0, 2], "no axes": lambda x: x[0, 2].reshape(1)[0:1].reshape(()),
        "nothing": lambda x: x[:0], "broadcast": lambda x: quelea.broadcast_to(x[0], (2, 4)),
    }.items()
}  # fmt: skip

OF_ARRAY: dict[str, list[Arguments]] = {
    "clip": [
        lambda x: call(x, -0.0, 1.0), lambda x: call(x, 0, 2), lambda x: call(x, numpy.float64(0), 1.0),
        lambda x: call(x, 0.5, None), lambda x: call(x, 2**70, 3), lambda x: call(x, True, 2.0),
        lambda x: call(x, 1, 0.5), lambda x: call(x, x, x + x), lambda x: call(x, x[:1], x),
        lambda x: call(x, x[:1, :1], x),
    ],
    "round": [
        lambda x: call(x), lambda x: call(x, 1), lambda x: call(x, -1), lambda x: call(x, decimals=2),
        lambda x: call(x, 9),
    ],
    "where": [
        lambda x: call(x > 0, x, 0), lambda x: call(x > 0, 1.5, x), lambda x: call(x > 0, 1, 2),
        lambda x: call(x, x, 1j), lambda x: call(x > 0, numpy.float32(1), x),
    ],
    "mean": [
        lambda x: call(x), lambda x: call(x, 0), lambda x: call(x, axis=-1, keepdims=True), lambda x: call(x, (0, 1)),
        lambda x: call(x, 5), lambda x: call(x, dtype="f4"),
    ],
    "var": [
        lambda x: call(x), lambda x: call(x, 0), lambda x: call(x, axis=0, ddof=1), lambda x: call(x, keepdims=True),
        lambda x: call(x, ddof=2),
    ],
    "std": [lambda x: call(x), lambda x: call(x, 0), lambda x: call(x, axis=-1, ddof=1)],
    "dot": [lambda x: call(x, x.T), lambda x: call(x, 2), lambda x: call(x[..., :1], x[..., :1].T)],
    "concatenate": [
        lambda x: call([x, x]), lambda x: call((x, x), 1), lambda x: call([x, x], axis=-1), lambda x: call([x, 1]),
        lambda x: call([x, x], None), lambda x: call([]),
    ],
    "take": [
        lambda x: call(x, [1, 0, -1], 0), lambda x: call(x, numpy.array([[1, 0]], "u1"), -1), lambda x: call(x, [2, 0]),
        lambda x: call(x.reshape(-1), quelea.asarray([2, 0])), lambda x: call(x, [9], 0), lambda x: call(x, [0.5], 0),
        lambda x: call(x, [True, False], 0), lambda x: call(x, 1, 0), lambda x: call(x, [1], 7),
        lambda x: call(x, [], 0),
    ],
    "nonzero": [lambda x: call(x), lambda x: call(x.reshape(-1)), lambda x: call(x.reshape(-1) > 0)],
    "stack": [lambda x: call([x, x]), lambda x: call([x, x], axis=-1), lambda x: call([x, x], 3)],
    "zeros_like": [lambda x: call(x), lambda x: call(x, "f4")],
    "ones_like": [lambda x: call(x), lambda x: call(x, order="F")],
    "empty_like": [lambda x: call(x), lambda x: call(x, shape=(2, 2))],
    "array": [lambda x: call(x), lambda x: call(x, "f4"), lambda x: call([x, x])],
    "asarray": [lambda x: call(x), lambda x: call(x, dtype="f8")],
}  # fmt: skip
OF_NUMBERS: dict[str, list[Any]] = {
    "zeros": [call((2, 3)), call(3, "f4"), call(2, dtype=bool), call(()), call(-1)],
    "ones": [call((2, 3)), call(3, int), call([2, 2])],
    "empty": [call((2, 0)), call(0, "f4")],
    "full": [
        call((2, 3), 1.5), call(3, 2), call(3, 2, float), call(3, 2.5, int), call(2, 2**60), call(2, 300, "i1"),
        call((), -0.0), call(2, 7, dtype="i8"), call(2, True),
    ],
    "arange": [call(5), call(1, 9, 2), call(0.5, 3), call(-0.0, 2), call(3, 0, -0.5), call(0, 1, 0), call(2.0)],
    "linspace": [
        call(0, 1), call(0.1, 0.7, 7), call(-1, 5, num=4), call(2.0, 2.0, 3), call(0, 1, 1), call(1, 2, 0),
        call(0, 1, -1), call(1e300, -1e300, 5), call(0, 5e-324, 4), call(0, 1, 3.0), call(0.0, float("inf"), 3),
        call(3, 1, 1000),
    ],
}  # fmt: skip


def outcome(function: Any, args: Any, kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


def same(ours: Any, theirs: Any, context: object) -> None:
    if isinstance(theirs, type):
        assert ours is theirs, context
        return
    assert not isinstance(ours, type), context
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs), context
        for x, y in zip(ours, theirs, strict=True):
            same(x, y, context)
        return
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), context
    assert quelea.isscalar(ours) == quelea.isscalar(theirs), context
    assert ours.strides == theirs.strides or 0 in ours.shape or 1 in ours.shape, context
    assert host(ours).tobytes() == host(theirs).tobytes(), context


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OF_ARRAY)
def test_of_arrays(name: str) -> None:
    function = getattr(quelea, name)
    for kind, make in ARRAYS.items():
        for k, arguments in enumerate(OF_ARRAY[name]):
            made = outcome(arguments, (make(),), {})
            if isinstance(made, type):
                continue  # there are no such parts of it
            args, kwargs = made
            ours, theirs = (outcome(f, args, kwargs) for f in (function, function.__wrapped__))
            if name == "empty_like" and not isinstance(theirs, type):
                ours[...] = theirs[...] = 0
            same(ours, theirs, (kind, k))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_of_numbers(name: str) -> None:
    function = getattr(quelea, name)
    for args, kwargs in OF_NUMBERS[name]:
        ours, theirs = (outcome(f, args, kwargs) for f in (function, function.__wrapped__))
        if name == "empty" and not isinstance(theirs, type):
            ours[...] = theirs[...] = 0
        same(ours, theirs, (args, kwargs))


@pytest.mark.parametrize("name", ["clip", "round", "mean", "var", "std", "dot"])
def test_methods_have_them_too(name: str) -> None:
    more = {"clip": (0.5, 1.5), "dot": (numpy.ones(4),)}.get(name, ())
    for make in (lambda: ARRAYS["matrix of f8"](), lambda: ARRAYS["row of f8"]()):
        ours, theirs = (
            outcome(f, (make(), *more), {})
            for f in (getattr(quelea.ndarray, name), getattr(quelea, name))
        )
        same(ours, theirs, name)
