"""Random programs with a loop over steps in time, as NumPy's users write them: fields, stencils, boundaries.

    python tests/python/stencil_random.py 0 200         compares the programs 0 to 199 with NumPy, bit for bit

Their arithmetic is additions and products alone, so that a program has one answer.
"""

import random
import sys
from typing import Any

import numpy


class Stencils:
    """The text of a function f(np, fields, steps), which gives arrays and what was looked at."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ndim = self.random.choice((1, 2, 2, 2, 3))
        sizes = {1: (40, 900), 2: (5, 70), 3: (4, 18)}[self.ndim]
        self.shape = [self.random.randint(*sizes) for _ in range(self.ndim)]
        self.radius = self.random.choice((1, 1, 1, 2, 3))
        self.shape = [max(n, 2 * self.radius + 1) for n in self.shape]
        self.fields = ["a", "b", "c", "d"][: self.random.choice((1, 2, 2, 3, 4))]
        self.staggered = self.random.randrange(4) == 0 and len(self.fields) > 1
        self.dtype = self.random.choice(("f8", "f8", "f8", "f4", "i8"))
        self.lines: list[str] = []
        self.names = 0
        body = [self.statement() for _ in range(self.random.randint(1, 5))]
        if len(self.fields) > 1 and self.random.randrange(2):
            turned = self.fields[1:] + self.fields[:1]
            body.append(f"{', '.join(self.fields)} = {', '.join(turned)}")
        if self.random.randrange(4) == 0:
            body.append(f"seen.append({self.field()}.max())")
        if self.random.randrange(8) == 0:
            body.append(f"if step % 3 == 2 and float({self.field()}.min()) > 1e30: break")
        names = ", ".join(self.fields)
        text = ["def f(np, fields, steps):", f"    {names}, = fields", "    seen = []"]
        text += ["    for step in range(steps):"]
        text += [f"        {line}" for part in body for line in part.split("\n")]
        text += [f"    return [{names}], seen"]
        self.text = "\n".join(text) + "\n"
        self.steps = self.random.randint(1, 40)

    def field(self) -> str:
        return self.random.choice(self.fields)

    def inner(self, shifts: list[int]) -> str:
        """The inside of a field, seen so far away along each axis."""
        r, parts = self.radius, []
        for s in shifts:
            hi = s - r
            parts.append(f"{r + s}:{hi if hi else ''}")
        return ", ".join(parts)

    def shifts(self) -> list[int]:
        r = self.radius
        out = [0] * self.ndim
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            out[self.random.randrange(self.ndim)] = self.random.randint(-r, r)
        return out

    def number(self) -> str:
        if self.dtype == "i8":
            return str(self.random.randint(1, 3))
        return self.random.choice(("0.25", "0.5", "0.125", "-0.375", "1.5", "(0.5 + step * 0.125)"))

    def term(self) -> str:
        text = f"{self.field()}[{self.inner(self.shifts())}]"
        return f"{self.number()} * {text}" if self.random.randrange(2) else text

    def terms(self, least: int = 1) -> str:
        text = self.term()
        for _ in range(self.random.randint(least, 4)):
            text += f" {self.random.choice('+-')} {self.term()}"
        scale = "0.25 * " if self.dtype != "i8" else ""
        return f"{scale}({text})"

    def edge(self, axis: int, text: str) -> str:
        return ", ".join(text if a == axis else ":" for a in range(self.ndim))

    def statement(self) -> str:
        to = self.field()
        inside = self.inner([0] * self.ndim)
        axis = self.random.randrange(self.ndim)
        match self.random.randrange(13):
            case 0 | 1 | 2 | 3:
                return f"{to}[{inside}] = {self.terms()}"
            case 4 | 5:
                return f"{to}[{inside}] {self.random.choice(('+=', '-='))} {self.terms()}"
            case 6:
                at, source = self.random.choice(
                    (("0", "1"), ("-1", "-2"), ("0", "-2"), ("-1", "1"), ("0", "-1"))
                )
                return f"{to}[{self.edge(axis, at)}] = {self.field()}[{self.edge(axis, source)}]"
            case 7:
                value = "0" if self.dtype == "i8" else "0.5 * step"
                return (
                    f"{to}[{self.edge(axis, self.random.choice(('0', '-1', '3', ':2')))}] = {value}"
                )
            case 8:
                self.names += 1
                fresh = f"t{self.names}"
                return (
                    f"{fresh} = {self.random.choice(('np.zeros_like', 'np.copy', 'np.ones_like'))}({to})\n"
                    f"{fresh}[{inside}] = {self.terms()}\n{to} = {fresh}"
                )
            case 9:
                by = self.random.choice((-2, -1, 1, 2))
                other = self.field()
                half = "0.5 * " if self.dtype != "i8" else ""
                return f"{to} = {half}({other} + np.roll({self.field()}, {by}, {axis}))"
            case 10:
                mask = f"{self.field()}[{inside}] > {self.field()}[{self.inner(self.shifts())}]"
                return f"{to}[{inside}] = np.where({mask}, {self.terms()}, {self.term()})"
            case 11:
                even = self.edge(axis, f"{self.random.randint(0, 1)}::2")
                half = "0.5" if self.dtype != "i8" else "2"
                return f"{to}[{even}] = {half} * {self.field()}[{even}]"
            case _:
                return f"{to}[{', '.join(str(self.random.randrange(n)) for n in self.shape)}] += 1"

    def arrays(self) -> list[Any]:
        numbers = numpy.random.default_rng(len(self.text))
        return [
            numbers.integers(-50, 50, self.shape).astype(self.dtype)
            / (1 if self.dtype == "i8" else 8)
            if self.dtype != "i8"
            else numbers.integers(-50, 50, self.shape)
            for _ in self.fields
        ]

    def run(self, module: Any) -> Any:
        space: dict[str, Any] = {}
        exec(self.text, space)
        given = [module.asarray(x.astype(self.dtype)) for x in self.arrays()]
        arrays, seen = space["f"](module, given, self.steps)
        return [numpy.array(x) for x in arrays], [numpy.array(x) for x in seen]


def different(seed: int, module: Any) -> str:
    """Empty, or what differs between a module and NumPy."""
    program = Stencils(seed)
    with numpy.errstate(all="ignore"):
        theirs = program.run(numpy)
        ours = program.run(module)
    for mine, right in zip(ours[0] + ours[1], theirs[0] + theirs[1], strict=True):
        if mine.shape != right.shape or mine.dtype != right.dtype:
            return f"seed {seed}: {mine.shape} {mine.dtype} for {right.shape} {right.dtype}"
        alike = (mine == right) | ((mine != mine) & (right != right))
        if not alike.all():
            return f"seed {seed}, {program.shape}: {(~alike).sum()} elements differ\n{program.text}"
    return ""


if __name__ == "__main__":
    import quelea

    first, last = int(sys.argv[1]), int(sys.argv[2])
    wrong = [text for seed in range(first, last) if (text := different(seed, quelea))]
    counters = quelea.counters()
    print(
        len(wrong),
        "wrong",
        counters["sweeps"],
        "sweeps",
        counters["swept_kernels"],
        "kernels",
        counters["halo_exchanges"],
        "halos",
        counters["redistributions"],
    )
    for text in wrong[:3]:
        print(text)
    sys.exit(bool(wrong))
