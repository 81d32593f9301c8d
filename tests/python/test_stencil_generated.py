"""quelea.stencil: generated kernels, and time loops of them, against plain Python over padded arrays, bit for bit."""

import random
from typing import Any

import numpy
import pytest
from stencil_support import MODES, check, made, ours
from support import same

import quelea


class Generated:
    """A kernel, with arrays for it."""

    def __init__(self, seed: int) -> None:
        self.random = one = random.Random(seed)
        self.ndim = one.choice((1, 2, 2, 2, 3))
        self.names = ["a", "b", "c"][: one.choice((1, 1, 2, 3))]
        self.mode = one.choice(MODES)
        self.radius = one.choice((0, 1, 1, 1, 2, 3))
        most = {1: 40, 2: 9, 3: 6}[self.ndim]
        self.shape = tuple(one.choice((1, 2, 3, 5, most, most)) for _ in range(self.ndim))
        kinds = ["f8", "f8", "f4", "f2", "i8", "i4", "u1", "c16"]
        self.dtypes = {name: one.choice(kinds) for name in self.names}
        if one.randrange(2):
            self.dtypes = dict.fromkeys(self.names, one.choice(kinds))
        self.real = "c16" not in self.dtypes.values()
        self.reach = [(0, 0)] * self.ndim
        self.loop = self.real and one.randrange(4) == 0
        self.text = "def f(" + ", ".join([*self.names, "s"]) + "):\n"
        for line in self.lines():
            self.text += f"    {line}\n"

    def element(self, name: str = "", of: str = "") -> str:
        name = name or self.random.choice(self.names)
        offsets = [self.random.randint(-self.radius, self.radius) for _ in range(self.ndim)]
        words = [str(offset) for offset in offsets]
        if of:
            words[self.random.randrange(self.ndim)] = of
        for k, word in enumerate(words):
            ends = (-self.radius, self.radius) if word == "k" else (int(word), int(word))
            self.reach[k] = min(self.reach[k][0], ends[0]), max(self.reach[k][1], ends[1])
        return f"{name}[{', '.join(words)}]"

    def term(self) -> str:
        one = self.random.randrange(6)
        text = self.element()
        if one == 0:
            return f"2 * {text}"
        if one == 1:
            return f"s * {text}"
        if one == 2 and self.real:
            return f"np.maximum({text}, {self.element()})"
        if one == 3:
            return f"({text} + {self.element()}) * 3"
        return text

    def terms(self) -> str:
        text = self.term()
        for _ in range(self.random.randint(0, 4)):
            text += f" {self.random.choice('+-*+')} {self.term()}"
        return text

    def lines(self) -> list[str]:
        name = self.random.choice(self.names)
        styles = ["expression", "expression", "names", "names"]
        styles += ["where", "if", "max"] if self.real else []
        style = "loop" if self.loop else self.random.choice(styles)
        if style == "expression":
            return [f"return {self.terms()}"]
        if style == "names":
            return [f"t = {self.terms()}", f"r = t + {self.term()}", "return t * 2 - r"]
        e = self.element
        if style == "where":
            return [f"return np.where({e(name)} > {e(name)}, {e(name)}, {e(name)} + {e(name)})"]
        if style == "max":
            return [f"return max({e(name)}, {e(name)}, {e(name)}) + {self.terms()}"]
        if style == "if":
            return [f"if {e(name)} < {e(name)}:", f"    return {e(name)}", f"return {e(name)} * 2"]
        self.loop = True
        r = self.radius
        return [
            f"t = {e(name)}",
            f"for k in range({-r}, {r + 1}):",
            f"    t = t + {e(name, 'k')}",
            "return t",
        ]

    def array(self, name: str) -> Any:
        shape, dtype = self.shape, numpy.dtype(self.dtypes[name])
        source = numpy.random.default_rng(self.random.randrange(2**30))
        if dtype.kind == "c":
            return (source.integers(-4, 5, shape) + 1j * source.integers(-4, 5, shape)).astype(
                dtype
            )
        if dtype.kind == "f":
            return source.normal(0, 2, shape).astype(dtype)
        return source.integers(0, 200 if dtype.kind == "u" else 3000, shape).astype(dtype)


def parts(few: int, count: int) -> list[Any]:
    """So many parts of generated tests, of which few are run each time."""
    return [pytest.param(k, marks=[pytest.mark.slow] if k >= few else []) for k in range(count)]


@pytest.mark.parametrize("part", parts(1, 10))
def test_generated(part: int) -> None:
    for seed in range(10 * part, 10 * part + 10):
        one = Generated(seed)
        kernel = made(one.text)
        args = (*(one.array(name) for name in one.names), 2)
        options: dict[str, Any] = {"neighborhood": one.reach} if one.loop else {}
        if one.mode in ("constant", "grid-constant") and seed % 2:
            options["cval"] = 1
        check(kernel, args, one.reach, one.mode, (seed, one.mode, one.shape, one.text), **options)


@pytest.mark.parametrize("part", parts(1, 4))
def test_generated_time_loops(part: int) -> None:
    """Steps that follow from one another, computed together where that can be, as NumPy's arrays have them."""
    for seed in range(1000 + 10 * part, 1010 + 10 * part):
        one = Generated(seed)
        one.dtypes = dict.fromkeys(one.names, one.random.choice(("f8", "f4", "i8")))
        kernel = made(one.text)
        reach = one.reach if one.loop else None
        stencil = quelea.stencil(kernel, mode=one.mode, neighborhood=reach)
        fields = [one.array(name) for name in one.names] + [one.array(one.names[0])]
        fresh = one.mode != "skip" and one.random.randrange(2)
        results = []
        for u in fields, ours(fields):
            u = [x.copy() for x in u]
            for _ in range(9):
                *given, out = u
                new = stencil(*given, 2) if fresh else stencil(*given, 2, out=out)
                u = [new, *given]
            results.append(u)
        for mine, theirs in zip(results[1], results[0], strict=True):
            same(mine, theirs, (seed, one.mode, one.shape, one.text))
