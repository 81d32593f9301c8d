"""Python values as JSON and back, without pickles: what is read can do nothing but be there.

What JSON has, with the same bits, is itself. All else is an object of one entry, whose name says what it is:

    [1, 2.5, None]      [1, 2.5, null]
    (1, "a")            {"tuple": [1, "a"]}
    {3: "x"}            {"dict": [[3, "x"]]}
    1j                  {"complex": ["0x0.0p+0", "0x1.0000000000000p+0"]}
    an array            {"array": 0}, its number among the arrays
"""

import base64
from collections.abc import Callable
from typing import Any

import numpy

from .._quelea import ndarray

__all__ = ["packed", "unpacked"]

_OF_NUMPY = 2**24  # bytes of an array of NumPy's, which every rank has
_EXACT = 2**63  # integers below it are numbers in the text
_BITS = ("PCG64", "Philox", "PCG64DXSM", "SFC64", "MT19937")  # bit generators by name


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _refusal(value: Any, place: str) -> TypeError:
    kind = type(value)
    return TypeError(
        f"{place} is a {kind.__module__}.{kind.__qualname__}, which a checkpoint does not keep; give numbers, texts, "
        "bytes, lists, tuples, dicts, None, arrays and random generators, or what makes the object again"
    )


def _of_numpy(value: Any, place: str) -> dict[str, Any]:
    if value.dtype.hasobject or value.dtype.names or value.dtype.kind not in "?bBiufcSU":
        raise _refusal(value, f"{place} (of dtype {value.dtype})")
    if value.nbytes > _OF_NUMPY:
        raise ValueError(
            f"{place} is NumPy's array of {value.nbytes} bytes, which rank 0 alone would write; "
            "write quelea.asarray(x), which is written by all ranks"
        )
    return {"numpy": [value.dtype.str, list(value.shape), _text(value.tobytes())]}


def _packed_dict(value: dict[Any, Any], arrays: list[ndarray], place: str) -> dict[str, Any]:
    return {
        "dict": [
            [packed(key, arrays, f"a key of {place}"), packed(item, arrays, f"{place}[{key!r}]")]
            for key, item in value.items()
        ]
    }


def _packed_float(value: float) -> Any:
    return value if value - value == 0 else {"float": numpy.float64(value).tobytes().hex()}


def _packed_generator(value: Any, arrays: list[ndarray], place: str) -> dict[str, Any]:
    from .. import random  # which takes NumPy's with it: not before somebody has one

    if type(value) is not random.Generator:
        raise _refusal(value, place)
    bits = value.bit_generator
    return {
        "generator": [
            type(bits).__name__,
            packed(bits.state, arrays, place),
            packed(_seed(bits, place), arrays, f"the seed of {place}"),
        ]
    }


def _seed(bits: Any, place: str) -> dict[str, Any] | None:
    """What children are spawned from. None: of a Philox that has a key."""
    seeds = bits.seed_seq
    if seeds is None and type(bits).__name__ == "Philox":
        return None
    if not isinstance(seeds, numpy.random.SeedSequence):
        raise _refusal(seeds, f"the seed of {place}")
    names = ("entropy", "spawn_key", "pool_size", "n_children_spawned")
    return {name: getattr(seeds, name) for name in names}


def _packed_array(value: ndarray, arrays: list[ndarray]) -> dict[str, Any]:
    for k, known in enumerate(arrays):
        if known is value:
            return {"array": k}
    arrays.append(value)
    return {"array": len(arrays) - 1}


def packed(value: Any, arrays: list[ndarray], place: str) -> Any:
    """Give a value as what JSON has; Quelea's arrays in it are added to those that are there."""
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return value if -_EXACT < value < _EXACT else {"int": hex(value)}
    if kind is float:
        return _packed_float(value)
    if kind is complex:
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if kind is bytes:
        return {"bytes": _text(value)}
    if kind in (list, tuple):
        items = [packed(item, arrays, f"{place}[{k}]") for k, item in enumerate(value)]
        return items if kind is list else {"tuple": items}
    if kind is dict:
        return _packed_dict(value, arrays, place)
    if isinstance(value, ndarray):
        return _packed_array(value, arrays)
    if kind in (numpy.str_, numpy.bytes_):  # of any length, and zeros at the end belong to it
        plain = bytes(value) if kind is numpy.bytes_ else str.__str__(value)
        return {kind.__name__: packed(plain, arrays, place)}
    if isinstance(value, numpy.generic) and value.dtype.kind in "?biufc":
        return {"scalar": [value.dtype.str, [], _text(value.tobytes())]}
    if kind is numpy.ndarray:
        return _of_numpy(value, place)
    if (
        kind.__name__ == "Generator"
        and type(getattr(value, "bit_generator", None)).__name__ in _BITS
    ):
        return _packed_generator(value, arrays, place)
    raise _refusal(value, place)


def _elements(given: list[Any]) -> Any:
    kind, shape, text = given
    lying = numpy.ndarray(shape, kind, _bytes(text))
    return lying.astype(numpy.dtype(kind).newbyteorder("="))


def unpacked(value: Any, arrays: list[Any]) -> Any:
    """Give what `packed` was given; with those arrays in place of the others."""
    if isinstance(value, list):
        return [unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, given),) = value.items()
    rules: dict[str, Callable[[], Any]] = {
        "int": lambda: int(given, 16),
        "float": lambda: float(numpy.frombuffer(bytes.fromhex(given))[0]),
        "complex": lambda: complex(float.fromhex(given[0]), float.fromhex(given[1])),
        "bytes": lambda: _bytes(given),
        "tuple": lambda: tuple(unpacked(given, arrays)),
        "dict": lambda: {unpacked(key, arrays): unpacked(item, arrays) for key, item in given},
        "array": lambda: arrays[given],
        "str_": lambda: numpy.str_(given),
        "bytes_": lambda: numpy.bytes_(unpacked(given, arrays)),
        "scalar": lambda: _elements(given)[()],
        "numpy": lambda: _elements(given),
        "generator": lambda: _generator(given[0], *(unpacked(one, arrays) for one in given[1:])),
    }
    return rules[kind]()


def _generator(name: str, state: dict[str, Any], seed: dict[str, Any] | None) -> Any:
    from .. import random

    kind = getattr(random, _BITS[_BITS.index(name)])
    bits = kind(key=0) if seed is None else kind(random.SeedSequence(**seed))
    bits.state = state
    return random.Generator(bits)
