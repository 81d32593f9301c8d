"""What a stencil means: its kernel called by Python over padded arrays."""

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED
from support import same

import quelea

starts_jobs = pytest.mark.skipif(LAUNCHED, reason="starts jobs, which a rank of a job cannot")
ALONE = quelea.info()["size"] == 1

# ---- what a stencil means ----

PADS = {
    "grid-constant": "constant",
    "nearest": "edge",
    "reflect": "symmetric",
    "mirror": "reflect",
    "wrap": "wrap",
}
MODES = ["constant", "skip", *PADS]


class At:
    """An array, seen from one of its elements."""

    def __init__(self, array: Any, at: tuple[int, ...]) -> None:
        self.array, self.at = array, at

    def __getitem__(self, offsets: Any) -> Any:
        offsets = offsets if isinstance(offsets, tuple) else (offsets,)
        parts = []
        for place, offset in zip(self.at, offsets, strict=True):
            if isinstance(offset, slice):
                parts.append(slice(place + offset.start, place + offset.stop))
            else:
                assert place + offset >= 0
                parts.append(place + offset)
        return self.array[tuple(parts)]


def padded(array: Any, reach: Any, mode: str, cval: Any) -> Any:
    around = [(max(0, -low), max(0, high)) for low, high in reach]
    if mode in ("constant", "skip"):
        return numpy.pad(array, around)  # nobody looks there
    extra = {"constant_values": cval} if mode == "grid-constant" else {}
    return numpy.pad(array, around, PADS[mode], **extra)


def meaning(
    kernel: Callable[..., Any],
    args: tuple[Any, ...],
    reach: Any,
    mode: str,
    cval: Any = 0,
    out: Any = None,
    standard: tuple[int, ...] = (),
    of_nothing: Any = None,
) -> Any:
    """What a stencil gives: each element by itself, in Python."""
    shape = args[0].shape
    wide = [
        padded(x, reach, mode, cval) if isinstance(x, numpy.ndarray) and k not in standard else x
        for k, x in enumerate(args)
    ]
    below = [max(0, -low) for low, _ in reach]
    inside = mode in PADS
    ranges = [
        range(n) if inside else range(max(0, -low), n - max(0, high))
        for n, (low, high) in zip(shape, reach, strict=True)
    ]
    found = {}
    with numpy.errstate(all="ignore"):
        for place in itertools.product(*ranges):
            at = tuple(p + b for p, b in zip(place, below, strict=True))
            given = [
                At(x, at) if isinstance(x, numpy.ndarray) and k not in standard else x
                for k, x in enumerate(wide)
            ]
            found[place] = kernel(*given)
    if out is None:
        kinds = [numpy.asarray(value).dtype for value in found.values()]
        dtype = numpy.result_type(*kinds) if found else of_nothing
        out = numpy.full(shape, cval if mode == "constant" else 0, dtype)
    for place, value in found.items():
        out[place] = value
    return out


def equal(got: Any, want: Any, context: object = "") -> None:
    assert type(got) is numpy.ndarray, context
    assert (got.dtype, got.shape) == (want.dtype, want.shape), context
    numpy.testing.assert_array_equal(got, want, str(context), strict=True)
    if want.dtype.kind == "f":
        numpy.testing.assert_array_equal(numpy.signbit(got), numpy.signbit(want), str(context))


def made(text: str, **names: Any) -> Callable[..., Any]:
    """The function f of that text."""
    file = f"<made {len(linecache.cache)}>"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    scope = {"np": numpy, "quelea": quelea, **names}
    exec(compile(text, file, "exec"), scope)
    return scope["f"]


def ours(args: Any) -> list[Any]:
    return [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args]


def check(kernel: Any, args: Any, reach: Any, mode: str, context: object = "", **options: Any):
    """On NumPy's arrays and ours, with a new array and a given one, of which a view is stored into."""
    cval = options.get("cval", 0)
    stencil = quelea.stencil(kernel, mode=mode, **options)
    old = None
    if mode != "skip":
        got = stencil(*args)
        want = meaning(kernel, args, reach, mode, cval, of_nothing=got.dtype)
        equal(got, want, context)
        same(stencil(*ours(args)), got, context)
        old = numpy.ones_like(got)
    else:
        old = numpy.ones(args[0].shape, complex)
    want = meaning(kernel, args, reach, mode, cval, old.copy())
    if mode == "constant" and "cval" in options:
        want = meaning(kernel, args, reach, mode, cval, numpy.full_like(old, cval))
    given = old.copy()
    assert stencil(*args, out=given) is given
    equal(given, want, context)
    wide = quelea.zeros([n + 2 for n in old.shape], old.dtype)
    view = wide[tuple(slice(1, -1) for _ in old.shape)]
    view[...] = old
    assert stencil(*ours(args), out=view) is view
    same(view, want, context)
    assert stencil.neighborhood == tuple(tuple(axis) for axis in reach)


def weighted(a, b):
    return a[-2, 0] + 3 * a[0, 1] - b[1, -1] * a[0, 0]


LINE = numpy.ones(4)
