"""Random functions with loops over arrays, for comparison of layouts and with Python itself.

Each stores elements of its own in each iteration, or where a condition holds, reads others nearby, at an edge, wrapped,
anywhere, or inside by a condition, and does so in one or two loops, with scalars, branches, inner loops and steps
through time. A last loop may count, and find what is greatest and least. It has the same bits in Python.
"""

import linecache
import random
from typing import Any

import numpy


class Nests:
    """The text of a function f(a, b, c, k): a and b are read, c is stored into; all of one shape."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ndim = self.random.choice((1, 1, 2, 2, 2, 3))
        self.names = 0
        self.lines: list[str] = []

    def one_of(self, *items: Any) -> Any:
        return self.random.choice(items)

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    # ---- indices ----

    def extent(self, axis: int) -> str:
        return f"n{axis}"

    def near(self, var: str, axis: int) -> str:
        n, by = self.extent(axis), self.random.randint(1, 3)
        return str(
            self.one_of(
                var,
                var,
                f"max({var} - {by}, 0)",
                f"min({var} + {by}, {n} - 1)",
                f"({var} + {by}) % {n}",
                f"{var} - {by}",
                f"{n} - 1 - {var}",
                "0",
                "-1",
                f"{n} // 2",
                f"min(max({var} + k - 2, 0), {n} - 1)",
                f"{var} - 1 if {var} > 0 else {n} - 1",
                f"{var} * {var} % {n}",
            )
        )

    def read(self, variables: list[str]) -> str:
        name = self.one_of("a", "a", "b")
        index = [self.near(v, d) for d, v in enumerate(variables)]
        if self.ndim > 1 and not self.random.randrange(4):
            axis = self.random.randrange(self.ndim)
            v, w, n = variables[axis], variables[axis - 1], self.extent(axis)
            index[axis] = self.one_of(
                f"min(3 * {v} + {w}, {n} - 1)",
                f"max({v} - {w}, 0)",
                f"min({w} + k * {v}, {n} - 1)",
                f"({v} + 2 * {w}) % {n}",
                f"min(max({n} - 1 - {v} - {w}, 0), {n} - 1)",
            )
            return f"{name}[{', '.join(index)}]"
        if self.random.randrange(4):
            return f"{name}[{', '.join(index)}]"
        axis, by = self.random.randrange(self.ndim), self.random.randint(1, 3)
        var, n = variables[axis], self.extent(axis)
        index[axis], inside = self.one_of(
            (f"{var} - {by}", f"{var} >= {by}"),
            (f"{var} + {by}", f"{var} + {by} < {n}"),
            (f"{var} - 1", f"0 < {var} <= {n} - 1"),
            (f"{var} - 1", f"{var}"),
            (f"{var} + 1", f"not ({var} == {n} - 1)"),
            (f"2 * {var}", f"2 * {var} < {n}"),
        )
        one = f"{name}[{', '.join(index)}]"
        return str(
            self.one_of(
                f"({one} if {inside} else 0.25)", f"(1.5 if {inside} and {one} > 0.3 else 0.5)"
            )
        )

    # ---- values ----

    def value(self, variables: list[str], scalars: list[str], depth: int = 0) -> str:
        kind = self.random.randrange(9)
        if depth > 2 or kind < 2:
            return self.read(variables)
        if kind == 2 and scalars:
            return str(self.one_of(*scalars))
        one = self.value(variables, scalars, depth + 1)
        if kind == 3:
            return f"({one} * 0.5)"
        other = self.value(variables, scalars, depth + 1)
        if kind == 4:
            return f"max({one}, {other})"
        if kind == 5:
            return f"({one} if {other} > 0.25 else {other})"
        if kind == 6 and self.ndim == 2:
            return f"({one} + {self.one_of(*variables)})"
        return f"({one} {self.one_of('+', '-', '*')} {other})"

    # ---- statements ----

    def scalar(self, depth: int, variables: list[str], scalars: list[str]) -> None:
        name = f"s{self.names}"
        self.names += 1
        self.add(depth, f"{name} = {self.value(variables, scalars)}")
        kind = self.random.randrange(5)
        if kind == 0:
            self.add(depth, f"if {self.value(variables, scalars)} > 0.1:")
            self.add(depth + 1, f"{name} = {self.value(variables, [*scalars, name])}")
        if kind == 1:
            axis = self.random.randrange(self.ndim)
            var, n, wide = variables[axis], self.extent(axis), self.random.randint(0, 3)
            self.add(depth, f"for w in range(max({var} - {wide}, 0), min({var} + k, {n})):")
            inside = [*variables]
            inside[axis] = "w"
            reads = ", ".join(v if d == axis else self.near(v, d) for d, v in enumerate(inside))
            self.add(depth + 1, f"{name} {self.one_of('+=', '-=')} a[{reads}]")
        if kind == 2:
            self.add(depth, "turns = 0")
            self.add(depth, f"while turns < 3 and {name} < 2.0:")
            self.add(depth + 1, f"{name} = {name} * 1.5 + {self.read(variables)}")
            self.add(depth + 1, "turns += 1")
        scalars.append(name)

    def span(self, axis: int) -> tuple[str, str, str]:
        """The range of a loop, which element of an axis an iteration stores, and under which condition."""
        n = self.extent(axis)
        items, index, inside = self.one_of(
            (f"range({n})", "{}", ""),
            (f"range(1, {n} - 1)", "{}", ""),
            (f"range(1, {n} - 1)", "{} + 1", ""),
            (f"range({n} - 1, -1, -1)", "{}", ""),
            (f"range(0, {n}, 2)", "{}", ""),
            (f"range(k, {n})", "{} - k", ""),
            (f"range({n})", n + " - 1 - {}", ""),
            (f"range({n})", "{}", f"0 < {{}} < {n} - 1"),
            (f"range({n})", "{} - 1", "{} > 0"),
            (f"range({n})", "{} - 1", "{} != 0"),
            (f"range(-3, {n} + 2)", "{}", f"0 <= {{}} < {n}"),
            (f"range({n})", "2 * {}", f"2 * {{}} < {n}"),
            (f"range({n} + k)", n + " - 1 - {}", f"{{}} <= {n} - 1"),
        )
        return items, index, inside

    def nest(self, depth: int, target: str) -> None:
        variables = [f"i{d}" for d in range(self.ndim)]
        spans = [self.span(d) for d in range(self.ndim)]
        scalars: list[str] = []
        insides = [span[2].format(v) for v, span in zip(variables, spans, strict=True) if span[2]]
        early = self.random.randrange(4) == 0 and self.ndim > 1
        for d, (var, (items, _, _)) in enumerate(zip(variables, spans, strict=True)):
            if early and d == 1:
                self.add(depth, f"early = {variables[0]} * 0.25 + k")
                scalars.append("early")
            self.add(depth, f"for {var} in {items}:")
            depth += 1
        if insides and self.random.randrange(2):
            outside = [f"not ({inside})" for inside in insides]
            self.add(depth, f"if {' or '.join(outside)}:")
            self.add(depth + 1, "continue")
        elif insides:
            self.add(depth, f"if {' and '.join(insides)}:")
            depth += 1
        for _ in range(self.random.randint(0, 2)):
            self.scalar(depth, variables, scalars)
        if self.random.randrange(5) == 0:
            self.add(depth, f"if {self.value(variables, scalars)} < 0.2:")
            self.add(depth + 1, "continue")
        index = ", ".join(at.format(v) for v, (_, at, _) in zip(variables, spans, strict=True))
        self.add(
            depth,
            f"{target}[{index}] {self.one_of('=', '=', '+=')} {self.value(variables, scalars)}",
        )

    def reduction(self, depth: int) -> None:
        """What a loop puts together; exact, so that the order does not matter."""
        variables = [f"i{d}" for d in range(self.ndim)]
        self.add(depth, f"count, high, low, some = 0, a[{', '.join('0' * self.ndim)}], 4.0, False")
        for d, var in enumerate(variables):
            n = self.extent(d)
            self.add(
                depth,
                f"for {var} in {self.one_of(f'range({n})', f'range({n} - 1, 0, -2)', 'range(k, 3)')}:",
            )
            depth += 1
        scalars: list[str] = []
        if self.random.randrange(2):
            self.scalar(depth, variables, scalars)
        kinds = ["count", "high", "low", "some"]
        for kind in self.random.sample(kinds, self.random.randint(1, 3)):
            value = self.value(variables, scalars)
            if kind == "count":
                self.add(depth, f"if {value} > 0.2:")
                self.add(depth + 1, f"count += {self.one_of('1', variables[0], '2')}")
            elif kind == "high":
                self.add(depth, f"high = {self.one_of('max(high, ', 'np.maximum(high, ')}{value})")
            elif kind == "low":
                self.add(depth, f"lower = {value}")
                self.add(depth, "if lower < low:")
                self.add(depth + 1, "low = lower")
            else:
                self.add(depth, f"some = some or {value} > 1.25")

    def text(self) -> str:
        shape = ", ".join(self.extent(d) for d in range(self.ndim))
        self.add(0, "def f(a, b, c, k):")
        self.add(1, f"{shape}{',' * (self.ndim == 1)} = a.shape")
        made = self.one_of("np.zeros_like(a)", "b.copy()", f"np.ones(({shape},))", "a * 0.5")
        self.add(1, f"d = {made}")
        if self.random.randrange(3) == 0:
            self.add(1, "for t in range(k):")
            self.nest(2, "d")
            self.add(2, self.one_of("a, d = d, a.copy()", "a = d + a", "b[...] = d"))
        else:
            self.nest(1, "d")
        self.nest(1, "c")
        if self.random.randrange(2):
            self.reduction(1)
            self.add(1, "return d, c, count, high, low, some")
        else:
            self.add(1, self.one_of("return d", "return d, c", "return c[::-1], np.max(d, axis=0)"))
        return "\n".join(self.lines) + "\n"


def random_nests(seed: int, kind: type[Nests] = Nests) -> tuple[Any, tuple[Any, ...], str]:
    """A function, its arguments as NumPy's, and its text."""
    nests = kind(seed)
    text, name = nests.text(), f"<{kind.__name__} {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy}
    exec(compile(text, name, "exec"), scope)
    rng = numpy.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(4, 23, nests.ndim))
    arrays = tuple(rng.random(shape) - 0.3 for _ in range(3))
    return scope["f"], (*arrays, nests.random.randint(1, 3)), text
