"""Calls NumPy's functions and Quelea's with the same arrays, of each dtype, and notes what is taken and what moves.

``python -m quelea.probing FILE SPACE...`` is what `coverage` starts on two ranks; rank 0 writes the file. A function is
called as the tests of signatures call it, where they do (``tests/python`` is in the path then), else with whatever of a
few sets of arguments NumPy takes.
"""

import contextlib
import importlib
import inspect
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy

import quelea

from .dispatch import missing_attribute
from .info import counters, info, on_root, sync

__all__ = ["SPACES", "rows"]

KINDS = {
    "b": ["bool"],
    "i": ["int8", "int16", "int32", "int64"],
    "u": ["uint8", "uint16", "uint32", "uint64"],
    "f": ["float16", "float32", "float64"],
    "c": ["complex64", "complex128"],
}
_X = numpy.arange(1.0, 13.0).reshape(3, 4)
_S = numpy.array([[4.0, 1, 2], [1, 5, 1], [2, 1, 6]])

Call = Callable[[Any, str], Any]  # of a module and a dtype


def _functions(space: Any) -> list[str]:
    return [
        name
        for name in dir(space)
        if not name.startswith("_")
        and callable(function := getattr(space, name))
        and not isinstance(function, type)
    ]


def _attributes(space: Any) -> list[str]:
    return [name for name in dir(space) if not name.startswith("_")]


def _module(m: Any, path: str) -> Any:
    return importlib.import_module(f"{m.__name__}.{path}") if path else m


# Each of NumPy's namespaces: its names, and what they are looked up in, of a module.
SPACES: dict[str, tuple[Callable[[Any], list[str]], Callable[[Any], Any]]] = {
    "numpy": (_functions, lambda m: m),
    "numpy.linalg": (_functions, lambda m: _module(m, "linalg")),
    "numpy.fft": (_functions, lambda m: _module(m, "fft")),
    "numpy.random": (_functions, lambda m: _module(m, "random")),
    "numpy.random.Generator": (_functions, lambda m: _module(m, "random").Generator),
    "numpy.ndarray": (_attributes, lambda m: m.ndarray),
}


# ---- what is called ----


def _given(m: Any, x: Any, dtype: str) -> Any:
    """Give an argument of a call: arrays as those of the module and of a dtype."""
    if isinstance(x, numpy.ndarray):
        return m.asarray(x.astype(dtype) if x.dtype == float else x)
    if isinstance(x, (list, tuple)):
        return type(x)(_given(m, item, dtype) for item in x)
    return x(m) if callable(x) and not isinstance(x, type) else x  # as the tests have it


_SETS: tuple[tuple[Any, ...], ...] = (
    (_X,), (_S,), (_X, 1), (_X, _X), (_S, _S), (_S, _S[0]), (_S, 2), (_X, 0, 1), (_S[0], _S[1]),
    (_X, [1, 0]), (_X, [1, 0], _X[:2]), (_X, (4, 3)), ([_X, _X],), ([_S, _S, _S],), (5,), (5, 0.5), (0.5,), (),
    (_X[0], _X[1], _X[2]), (_X > 3, _X), (_X, _X > 3), (3, 2, 4), (0.0, 1.0, 2.0), ([0.0, 1.0], _S[:2, :2]),
    (10, [0.2, 0.8]), ([0.2, 0.8],), ((3, 4),),
)  # fmt: skip
_OF_RANDOM: tuple[tuple[Any, ...], ...] = (
    (), (5,), (0.5,), (5, 0.5), (10, [0.2, 0.8]), ([0.2, 0.8],), (0.0, 1.0, 2.0), (3, 2, 4),
    ([0.0, 1.0], _S[:2, :2]),
)  # fmt: skip
_OF_METHODS: tuple[tuple[Any, ...], ...] = (
    (), (0,), (_X,), (3.0,), (0, 1), ([1, 0],), ("C",), ("f8",), ([True, False, True], 0), ([0, 1], 7.0),
    ([_X, _X],), ((4, 3),), ("cpu",),
)  # fmt: skip


def _recorded() -> dict[str, tuple[Any, ...]]:
    """Give the arguments with which the tests of signatures call functions."""
    try:
        tests: Any = importlib.import_module("test_signatures")
    except ImportError:  # no checkout, or no pytest
        return {}
    ufuncs = {name: tests.ufunc_arguments(name) for name in tests.UFUNCS}
    return {**ufuncs, **tests.CALLS}


def _owner(m: Any, space: str, dtype: str) -> Any:
    if space == "numpy.ndarray":
        return m.asarray(_X.astype(dtype))
    return m.random.default_rng(1) if space == "numpy.random.Generator" else SPACES[space][1](m)


def _calls(space: str, name: str, recorded: dict[str, tuple[Any, ...]]) -> Iterator[Call]:
    """Give the calls to be tried: each of a module and a dtype."""

    def call(args: tuple[Any, ...], **more: Any) -> Call:
        def made(m: Any, dtype: str) -> Any:
            found = getattr(_owner(m, space, dtype), name)
            return found(*(_given(m, x, dtype) for x in args), **more) if callable(found) else found

        return made

    if space == "numpy" and name in recorded:
        yield call(recorded[name])
    if space == "numpy.ndarray":
        yield from map(call, _OF_METHODS)
    elif space.startswith("numpy.random"):
        yield from (call(args, size=(3, 4)) for args in _OF_RANDOM)
        yield from map(call, _SETS)
    else:
        yield from map(call, _SETS)


def _outcome(call: Call, m: Any, dtype: str) -> Any:
    """Give what it gives, or None where it raises."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return (call(m, dtype),)
        except Exception:
            return None


# ---- what is found ----


def _dtypes(call: Call) -> str:
    """Give a letter for each kind of which Quelea takes the dtypes that NumPy takes."""
    text = ""
    for letter, kind in KINDS.items():
        taken = [dtype for dtype in kind if _outcome(call, numpy, dtype) is not None]
        missing = [dtype for dtype in taken if _outcome(call, quelea, dtype) is None]
        text += "-" if not taken else "!" if missing else letter
    return text


def _ranks(call: Call, dtype: str) -> str:
    """Say how it goes over two nodes."""
    if info()["size"] < 2:
        return "?"
    sync()
    before = counters()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = call(quelea, dtype)
            sync()
        except Exception:
            return "?"
    after = counters()
    did = {name: after[name] - before[name] for name in after}
    del result
    if any(issubclass(warning.category, quelea.errors.GatherWarning) for warning in said):
        return "one node"
    if did["gathers"]:
        return "gathered"
    return "distributed" if did["partitioned_statements"] else "local"


def _there(theirs: Any, ours: Any) -> str:
    if ours is None or isinstance(ours, missing_attribute):
        return "no"
    return "NumPy's" if ours is theirs else "yes"


def _working(
    space: str, name: str, recorded: dict[str, tuple[Any, ...]]
) -> tuple[Call, str] | None:
    """Find a call that NumPy takes, and a dtype for it."""
    for call in _calls(space, name, recorded):
        for dtype in ("float64", "int64", "uint8", "bool"):
            if _outcome(call, numpy, dtype) is not None:
                return call, dtype
    return None


def _row(space: str, name: str, recorded: dict[str, tuple[Any, ...]]) -> dict[str, str]:
    place = SPACES[space][1]
    ours = inspect.getattr_static if space == "numpy.ndarray" else getattr
    row = {"space": space, "name": name, "generated": ""}
    if space == "numpy" and name in recorded:
        row["generated"] = "test_signatures.py"
    row["there"] = _there(getattr(place(numpy), name), ours(place(quelea), name, None))
    works = _working(space, name, recorded) if row["there"] == "yes" else None
    row["dtypes"] = _dtypes(works[0]) if works and not space.startswith("numpy.random") else ""
    row["ranks"] = _ranks(*works) if works else ""
    return row


def rows(spaces: list[str]) -> list[dict[str, str]]:
    """Give a row for each name of NumPy's namespaces. Collective."""
    recorded = _recorded()
    return [
        _row(space, name, recorded)
        for space in spaces
        for name in SPACES[space][0](SPACES[space][1](numpy))
    ]


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):  # some functions print
        table = rows(sys.argv[2:])
    on_root(lambda: Path(sys.argv[1]).write_text(json.dumps(table)))
