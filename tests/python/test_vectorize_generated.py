"""quelea.vectorize: random functions without loops."""

import linecache
import random
from typing import Any

import numpy
import pytest
from support import host
from vectorize_support import data, elements

import quelea
from quelea import vectorize


class Writer:
    """Writes one, of x, y and z."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def number(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.3:
            return self.random.choice(["x", "y", "z", "w", str(self.random.randint(-3, 3)), "0.5"])
        a, b = self.number(depth + 1), self.number(depth + 1)
        forms = [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"(-{a})",
            f"min({a}, {b})",
            f"abs({a})",
        ]
        forms += [f"({a} if {self.truth(depth + 1)} else {b})", f"max({a}, {b})"]
        return self.random.choice(forms)

    def truth(self, depth: int = 0) -> str:
        compared = self.random.choice(["<", ">", "<=", ">=", "==", "!="])
        simple = f"{self.number(depth + 1)} {compared} {self.number(depth + 1)}"
        if depth > 2 or self.random.random() < 0.5:
            return f"({simple})"
        a, b = self.truth(depth + 1), self.truth(depth + 1)
        return self.random.choice([f"({a} and {b})", f"({a} or {b})", f"(not {a})"])

    def block(self, indent: str, depth: int) -> None:
        for _ in range(self.random.randint(1, 2)):
            if depth < 3 and self.random.random() < 0.5:
                self.lines.append(f"{indent}if {self.truth()}:")
                self.block(indent + "    ", depth + 1)
                if self.random.random() < 0.6:
                    self.lines.append(f"{indent}else:")
                    self.block(indent + "    ", depth + 1)
            else:
                self.lines.append(f"{indent}w = {self.number()}")
        if depth and self.random.random() < 0.3:
            self.lines.append(f"{indent}return {self.number()} * 1.0")

    def function(self, seed: int) -> Any:
        self.block("    ", 0)
        lines = [
            "def made(x, y, z):",
            "    w = 1.0 * z",
            *self.lines,
            f"    return {self.number()} * 1.0",
        ]
        source, file = "\n".join(lines) + "\n", f"<element {seed}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        names: dict[str, Any] = {}
        exec(compile(source, file, "exec"), names)
        return names["made"], source


@pytest.mark.parametrize("seed", range(30))
def test_random_functions(seed):
    function, source = Writer(seed).function(seed)
    made = vectorize(function)
    a, b, c = (data((5, 8), "f8", seed + k) for k in range(3))
    want = numpy.array(elements(function, a, b, c[0])[0]).reshape(5, 8)
    numpy.testing.assert_array_equal(made(a, b, c[0]), want, source)
    ours = made(quelea.asarray(a), quelea.asarray(b), quelea.asarray(c[0]))
    numpy.testing.assert_array_equal(host(ours), want, source)


def test_most_random_functions_are_straight():
    straight = 0
    for seed in range(30):
        made = vectorize(Writer(seed).function(seed)[0])
        straight += made._element.typed(["f64"] * 3).straight is not None
    assert straight >= 15
