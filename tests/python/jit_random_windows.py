"""Random functions whose loops over columns have loops inside: windows, filters, products of matrices.

What the inner loops go over is the same for all columns, or is once windows at the edges are left out; it is put
together by sums, products, what is greatest or least, counts, and under conditions. What is read lies anywhere near,
in rows of the target too. All of it has the same bits in Python.
"""

import linecache
import random
from typing import Any

import numpy

DTYPES = ("float64", "float64", "float32", "int64", "int32", "uint8", "complex128", "complex64")


class Windows:
    """The text of a function f(a, b, w, k): a and b are matrices of one shape, w is a small one, k a number."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.dtype = numpy.dtype(self.one_of(*DTYPES))
        self.exact = self.dtype.kind in "iu"  # sums might not fit

    def one_of(self, *items: Any) -> Any:
        return self.random.choice(items)

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def turns(self, var: str, n: str) -> tuple[str, str]:
        """What an inner loop goes over, and the index that its variable q gives along the axis of var."""
        return self.one_of(
            (f"range(max({var} - k // 2, 0), min({var} + k // 2 + 1, {n}))", "{q}"),
            (f"range(max({var} - 1, 0), min({var} + k, {n}))", "{q}"),
            (f"range(max(0, {var} - k), {var} + 1)", "{q}"),
            (f"range({var}, min({n}, {var} + 4))", "{q}"),
            ("range(-2, 3)", f"({var} + {{q}}) % {n}"),
            ("range(-1, 2)", f"min(max({var} + {{q}}, 0), {n} - 1)"),
            (f"range(min(3, {n} - {var}))", f"{var} + {{q}}"),
            ("range(3)", f"{var} - {{q}}"),
            ("range(min(k, 3))", f"({var} if {var} < {n} - k else 0) + {{q}} - 1"),
            (f"range({n})", "{q}"),
            (f"range({var})", "{q}"),
        )

    def read(self, i: str, j: str) -> str:
        name = self.one_of("a", "a", "a", "b", "out")
        row = self.one_of(i, i, "0", "-1", "i - 1")
        return f"{name}[{row}, {self.one_of(j, j, j, 'j')}]"

    def value(self, i: str, j: str) -> str:
        one, other = self.read(i, j), self.read(i, j)
        weight = f"w[{self.one_of('0', 'min(k, 3) - 1', 'i % 3')}, {self.one_of('0', '1', '2')}]"
        if self.exact:
            return self.one_of(one, one, f"min({one}, {other})", f"max({one}, {weight})")
        return self.one_of(
            one,
            one,
            f"({one} + {other})",
            f"({one} * {weight})",
            f"({one} - {other})",
            f"({one} * j)",
            f"({one} if j % 3 else {other})",
        )

    def put_together(self, depth: int, value: str) -> None:
        kinds = ["count", "if", "choice"]
        ordered = self.dtype.kind != "c"
        kinds += ["max", "min", "max"] if ordered else ["sum"]
        kinds += [] if self.exact else ["sum", "product", "sum"]
        kind = self.one_of(*kinds)
        part = "" if ordered else ".real"
        if kind in ("max", "min"):
            self.add(depth, f"s = {kind}(s, {value})")
        elif kind == "sum":
            self.add(depth, f"s {self.one_of('+=', '-=')} {value}")
        elif kind == "product":
            self.add(depth, f"s = s * {value}")
        elif kind == "count":
            self.add(depth, f"c += {value}{part} > s{part}")
        elif kind == "if":
            self.add(depth, f"if {value}{part} {self.one_of('<', '>')} s{part}:")
            self.add(depth + 1, self.one_of(f"s = {value}", "c += 1", f"s = {value}"))
        else:
            self.add(depth, f"s = {value} if {value}{part} < s{part} else s")

    def window(self, depth: int) -> None:
        i, j = "i", "j"
        if self.random.randrange(2):
            items, index = self.turns("i", "m")
            self.add(depth, f"for p in {items}:")
            i, depth = index.format(q="p"), depth + 1
        items, index = self.turns("j", "n")
        self.add(depth, f"for q in {items}:")
        j, depth = index.format(q="q"), depth + 1
        kind = self.random.randrange(12)
        if kind == 0:
            self.add(depth, f"if {self.one_of('q == 1', 'i > 2', 'j > 3', 'q < j - 20')}:")
            self.add(depth + 1, self.one_of("continue", "c += 2"))
        if kind == 1:
            self.add(depth, f"if {self.one_of('i == 2', 's != s', 'c > 40')}:")
            self.add(depth + 1, "break")
        if kind == 2:
            self.add(depth, f"if 0 <= j + q < n and {self.read(i, 'j + q')} != 0:")
            self.add(depth + 1, "c += 1")
        for _ in range(self.random.randint(1, 2)):
            self.put_together(depth, self.value(i, j))

    def private(self, depth: int) -> None:
        """An array of the iteration's own: each turn stores an element, perhaps only some."""
        self.add(depth, "t = np.empty(4, a.dtype)")
        self.add(depth, f"t[3] = {self.read('i', 'j')}")
        self.add(depth, "for q in range(3):")
        self.add(depth + 1, f"t[q] = {self.value('i', 'j')}")
        if self.random.randrange(2):
            part = ".real" if self.dtype.kind == "c" else ""
            self.add(depth + 1, f"if t[q]{part} < s{part}:")
            self.add(depth + 2, f"t[3] = t[q] {self.one_of('', '+ t[q // 2]' * (not self.exact))}")
        self.add(depth, f"s = {self.one_of('t[1]', 't[0] if i % 2 else t[2]', 't[k % 4]')}")
        self.add(depth, "c += t[3] == s")

    def slices(self, depth: int) -> None:
        """Reductions of parts of rows, which have the same bits in every order."""
        columns = self.one_of(
            "max(j - k, 0) : j + 2", "j : j + 1 + i % 3", "max(j - 3, 0) : min(j + 4, n)", "j, None"
        )
        rows = self.one_of("i : i + 1", "max(i - 1, 0) : i + 2", "i")
        what = self.one_of("max", "min") if self.dtype.kind != "c" else "any"
        part = f"a[{rows}, {columns}].{what}()"
        self.add(
            depth,
            f"c += {part}" if what == "any" else f"s = {self.one_of('max', 'min')}(s, {part})",
        )

    def planes(self, depth: int) -> None:
        """A loop inside that stores, a row in each turn."""
        number = self.one_of("q", "q", "2 - q", "(q + 1) % 3")
        self.add(depth, "for q in range(3):")
        how = self.one_of("=", "=", "=" if self.exact else "+=")
        self.add(depth + 1, f"planes[{number}, i, j] {how} {self.value('i', 'j')}")
        if self.random.randrange(2):
            self.add(depth + 1, f"c += planes[{self.one_of(number, '0')}, i, j] == s")

    def text(self) -> str:
        self.add(0, "def f(a, b, w, k):")
        self.add(1, "m, n = a.shape")
        self.add(1, f"out = {self.one_of('a.copy()', 'np.zeros_like(a)', 'b', 'a')}")
        self.add(1, "counts = np.zeros((m, n), np.int64)")
        crossed = "np.zeros((3, n, m), a.dtype).transpose((0, 2, 1))"
        self.add(1, f"planes = {self.one_of('np.zeros((3, m, n), a.dtype)', crossed)}")
        rows = self.one_of("range(m)", "range(m)", "range(1, m)", "range(m - 1, -1, -1)")
        columns = self.one_of(
            *["range(n)"] * 8,
            "range(k, n - k)",
            "range(1, n - 1)",
            "range(k, n - k)",
            "range(1, n)",
            "range(n - 1, -1, -1)",
            "range(0, n, 2)",
        )
        self.add(1, f"for i in {rows}:")
        self.add(2, f"for j in {columns}:")
        self.add(3, f"s = {self.one_of('a[i, j]', 'b[i, j]', 'w[0, 0]')}")
        self.add(3, "c = 0")
        for _ in range(self.one_of(1, 1, 2)):
            kind = self.random.randrange(8)
            others = (self.private, self.slices, self.planes)
            (others[kind] if kind < 3 else self.window)(3)
        self.add(3, f"out[i, j] {'=' if self.exact else self.one_of('=', '=', '+=')} s")
        self.add(3, f"counts[i, {self.one_of(*'jjjjjjj', 'n - 1 - j')}] = c")
        self.add(1, "return out, counts, planes")
        return "\n".join(self.lines) + "\n"


def random_windows(seed: int) -> tuple[Any, tuple[Any, ...], str]:
    """A function, its arguments as NumPy's, and its text."""
    windows = Windows(seed)
    text, name = windows.text(), f"<windows {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy}
    exec(compile(text, name, "exec"), scope)
    rng = numpy.random.default_rng(seed)
    shape = int(rng.integers(3, 6)), int(rng.choice((0, 2, 7, 30, 41, 75, 90)))
    arrays = []
    for extents in (shape, shape, (3, 3)):
        numbers = rng.integers(0, 100, extents) / 8
        if windows.dtype.kind == "c":
            numbers = numbers + 1j * rng.integers(-9, 9, extents)
        if not windows.exact and seed % 3 == 0:
            numbers[rng.random(extents) < 0.1] = numpy.nan
        arrays.append((numbers * 4 if windows.exact else numbers).astype(windows.dtype))
    if seed % 5 == 1:  # of an array of more columns, or of every other one
        wide = numpy.repeat(arrays[0], 2, axis=1)
        arrays[0] = wide[:, ::2] if seed % 2 else wide[:, : shape[1]]
    return scope["f"], (*arrays, int(rng.integers(1, 6))), text
