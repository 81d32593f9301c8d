"""Random functions of the language of `quelea.jit`, from a seed."""

import linecache
import math
import random
from typing import Any

import numpy

HELPERS = """\
    def twice(x):
        return x * 2
    def spread(first, *rest):
        s = first
        for v in rest:
            s = (s * 3 + v) % 1000
        return s
    def down(k):
        return 1 if k < 1 else down(k - 1) + k
"""


class Maker:
    """Writes one function. What it computes stays small, so that integers need no more than 64 bits."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.ints = ["n", "m"]
        self.floats = ["p"]
        self.arrays = [("a", 1), ("b", 1), ("c", 2)]
        self.made = self.loops = self.depth = 0

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def new(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def put(self, line: str) -> None:
        self.lines.append("    " * (self.depth + 1) + line)

    # ---- expressions ----

    def index(self, array: str) -> str:
        i = self.int(1)
        return self.pick(f"{i} % len({array})", f"-1 - {i} % len({array})")

    def element(self) -> str:
        name, ndim = self.random.choice(self.arrays)
        if ndim == 1:
            return f"{name}[{self.index(name)}]"
        return f"{name}[{self.index(name)}, {self.int(1)} % {name}.shape[1]]"

    def int(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.35:
            return self.random.choice(self.ints)
        x, y = (lambda: self.int(depth + 1)), (lambda: self.int(depth + 1))
        return self.random.choice(
            [
                lambda: str(self.random.randint(-5, 9)),
                lambda: "len(a)",
                lambda: f"int(k[{self.index('k')}])",
                lambda: f"({x()} {self.pick('+', '-', '*')} {y()}) % {self.random.randint(2, 99)}",
                lambda: f"({x()} {self.pick('//', '%')} (abs({y()}) % 7 + 1))",
                lambda: f"{self.pick('min', 'max')}({x()}, {y()})",
                lambda: f"({x()} if {self.truth(depth + 1)} else {y()})",
                lambda: f"({x()} {self.pick('&', '|', '^')} {y()})",
                lambda: f"int(np.{self.pick('argmin', 'argmax')}({self.array(1, 1)}))",
                lambda: f"sum(1 for x in {self.vector()} if x > {self.float(2)})",
                lambda: f"len([x for x in k if x > {y()}])",
                lambda: f"max((x % 9 for x in range({x()} % 7)), default={y()})",
                lambda: f"({x()}, {y()}, {self.int(2)})[{self.int(2)} % 3]",
                lambda: f"int(np.sum({self.array(1, 1)} > {self.float(2)}))",
                lambda: f"twice({x()}) % 50",
                lambda: f"divmod({x()}, {self.pick('3', '-4', '7')})[{self.random.randint(0, 1)}]",
                lambda: f"pow({x()} % 5, {self.random.randint(0, 3)})",
                lambda: f"{self.pick('round', 'math.floor', 'math.ceil')}({self.float(2)}) % 97",
                lambda: f"(lambda v, w={self.random.randint(2, 4)}: v * w - {y()})({x()}) % 90",
                lambda: f"spread({x()}, *({y()}, {self.int(2)}))",
                lambda: f"spread({x()}{self.pick('', ', ' + self.int(2))}) % 77",
                lambda: f"down({x()} % 6)",
                lambda: f"len({self.vector()}[{self.part()}])",
                lambda: "int(sum((i + 1) * v for i, v in enumerate(k))) % 100",
                lambda: f"sum(int(v) * w for v, w in zip(k, range({self.random.randint(1, 5)})))",
                lambda: f"[{x()}, {y()}, {self.int(2)}][{self.pick('-1', '0', '-2')}]",
                lambda: f"({x()} {self.pick('<<', '>>')} ({y()} % 5)) % 1000",
            ]
        )()

    def part(self) -> str:
        """A slice."""
        ends = [self.pick("", "1", "-2", "n", "-1", "9", "-9"), self.pick("", "3", "-1", "m", "0")]
        return ":".join([*ends, self.pick("", "1", "-1", "2", "-2", "3")])

    def float(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.3:
            return self.random.choice(self.floats)
        x, y = (lambda: self.float(depth + 1)), (lambda: self.float(depth + 1))
        return self.random.choice(
            [
                lambda: repr(round(self.random.uniform(-3, 3), 2)),
                self.element,
                self.element,
                lambda: f"({x()} {self.pick('+', '-', '*')} {y()})",
                lambda: f"({x()} / (abs({y()}) + 1.5))",
                lambda: f"{self.pick('min', 'max')}({x()}, {self.int(depth + 1)})",
                lambda: f"abs({x()})",
                lambda: f"({x()} if {self.truth(depth + 1)} else {y()})",
                lambda: f"({x()} {self.pick('//', '%')} {self.pick('0.75', '-1.25', '3')})",
                lambda: f"float({self.int(depth + 1)})",
                lambda: f"{self.pick('sum', 'min', 'max')}(x * 0.5 for x in {self.vector()})",
                lambda: f"float([{x()}, {y()}][{self.int(2)} % 2])",
                lambda: f"float(np.median({self.array(1, 1)}))",
                lambda: f"twice({x()})",
                lambda: f"sum(map(twice, {self.vector()}))",
                lambda: f"{self.vector()}[k % len(a)][{self.int(2)} % 4]",
                lambda: f"math.sqrt(abs({x()}))",
                lambda: f"math.copysign({x()}, {y()})",
                lambda: f"round({x()}, {self.random.randint(0, 3)})",
                lambda: f"(complex({x()}, 1.0) * complex({y()}, -2.0)).{self.pick('real', 'imag')}",
                lambda: f"{self.vector()}[{self.pick('::-1', '::2', '-2:', '1:')}][0]",
                lambda: f"c[..., {self.int(2)} % 5][::-1][{self.int(2)} % 4]",
                lambda: f"float(({self.int(2)}, ({x()}, {y()}))[1][{self.int(2)} % 2])",
            ]
        )()

    def vector(self) -> str:
        return self.random.choice([name for name, ndim in self.arrays if ndim == 1])

    def truth(self, depth: int = 0) -> str:
        x, y = (lambda: self.int(depth + 1)), (lambda: self.int(depth + 1))
        if depth > 3:
            return "n > 1"
        return self.random.choice(
            [
                lambda: f"{x()} {self.pick('<', '<=', '==', '!=', '>')} {y()}",
                lambda: f"{self.float(depth + 1)} < {self.float(depth + 1)}",
                lambda: f"not {x()}",
                lambda: f"({self.truth(depth + 1)} {self.pick('and', 'or')} {self.truth(depth + 1)})",
                lambda: f"0 <= {x()} < 5",
                lambda: f"{x()} in ({y()}, {self.int(2)})",
                lambda: f"{x()} < {y()} {self.pick('<=', '!=', '>', '==')} {self.int(2)} < 9",
                lambda: f"{x()} {self.pick('in', 'not in')} range({y()}, 9, {self.pick('2', '3')})",
                lambda: f"({x()} > {y()}) is {self.pick('True', 'False')}",
                lambda: f"({x()}, {y()}) {self.pick('==', '!=')} ({y()}, {self.int(2)})",
                lambda: f"math.isfinite({self.float(depth + 1)})",
                lambda: f"{self.pick('any', 'all')}(x > {self.float(2)} for x in {self.vector()})",
            ]
        )()

    def array(self, ndim: int, depth: int = 0) -> str:
        names = [name for name, n in self.arrays if n == ndim]
        if depth > 1 or self.random.random() < 0.4:
            return self.random.choice(names)
        x = lambda: self.array(ndim, depth + 1)  # noqa: E731
        return self.random.choice(
            [
                lambda: self.random.choice(names) + "[::-1]",
                lambda: f"({x()} {self.pick('+', '-', '*')} {x()})",
                lambda: f"({x()} {self.pick('+', '*')} {self.float(2)})",
                lambda: f"np.maximum({x()}, {self.float(2)})",
                lambda: f"np.where({x()} > {self.float(2)}, {x()}, {x()})",
                lambda: f"np.{self.pick('sort', 'flip')}({x()})",
                lambda: f"np.roll({x()}, {self.int(2)})",
                lambda: self.permuted(ndim),
                lambda: f"({x()} if {self.truth(2)} else {x()})",
                lambda: f"{x()}[None][0]",
                lambda: f"{x()}[..., np.newaxis][..., 0]",
            ]
        )()

    def permuted(self, ndim: int) -> str:
        if ndim == 1:
            return f"{self.vector()}[np.argsort({self.vector()}, kind='stable')]"
        return self.pick(
            "c[np.array([3, 0, 1, 2])]", "c[:, [4, 0, 1, 2, 3]]", "np.cumsum(c, axis=1)"
        )

    # ---- statements ----

    def block(self, most: int) -> None:
        kept = list(self.ints), list(self.floats), list(self.arrays)
        self.depth += 1
        for _ in range(self.random.randint(1, most)):
            self.statement()
        if self.loops and self.random.random() < 0.15:
            self.put(f"if {self.truth()}: {self.pick('break', 'continue')}")
        self.depth -= 1
        self.ints, self.floats, self.arrays = kept

    def statement(self) -> None:
        simple = [self.set_int, self.set_float, self.change, self.store, self.store_slice]
        simple += [self.store_array, self.overlap, self.make, self.reduce]
        simple += [self.scatter, self.store_masked, self.cut, self.list]
        simple += [self.unpack, self.exchange, self.private, self.inner, self.sure, self.named]
        compound = [self.branch, self.loop, self.count, self.walk] if self.depth < 3 else []
        self.random.choice(simple + simple + compound + compound)()

    def set_int(self) -> None:
        free = [name for name in self.ints if not name.startswith("i")]
        name = self.new("j") if self.random.random() < 0.5 else self.random.choice(free)
        self.put(f"{name} = {self.int()}")
        self.ints = list(dict.fromkeys([*self.ints, name]))

    def set_float(self) -> None:
        name = self.new("f") if self.random.random() < 0.5 else self.random.choice(self.floats)
        self.put(f"{name} = {self.float()}")
        self.floats = list(dict.fromkeys([*self.floats, name]))

    def change(self) -> None:
        self.put(f"{self.random.choice(self.floats)} {self.pick('+=', '-=', '*=')} {self.float(1)}")

    def store(self) -> None:
        self.put(f"{self.element()} {self.pick('=', '+=', '-=', '*=')} {self.float()}")
        self.put(f"k[{self.index('k')}] = {self.int()}")

    def store_slice(self) -> None:
        part = self.pick(":", "1:", ":-1", "::2", "::-1", "2:-1")
        self.put(f"{self.pick('a', 'b')}[{part}] {self.pick('=', '+=', '*=')} {self.float()}")

    def store_array(self) -> None:
        name, ndim = self.random.choice(self.arrays)
        self.put(f"{name}[...] = {self.array(ndim)}")

    def scatter(self) -> None:
        sign = self.pick("=", "+=", "*=")
        self.put(
            self.pick(
                f"{self.vector()}[k % len(a)] {sign} {self.float()}",
                f"{self.vector()}[k % len(a)] {sign} {self.vector()}[(k + 1) % len(a)]",
                f"c[k % 4, k % 5] {sign} {self.float()}",
                f"c[:, k % 5] {sign} c[:, (k + 2) % 5]",
                f"c[k % 4] {sign} {self.float(1)}",
                f"k[k % 4] = {self.int()}",
            )
        )

    def store_masked(self) -> None:
        name, ndim = self.random.choice(self.arrays)
        mask = f"{name} {self.pick('<', '>')} {self.float(1)}"
        self.put(
            self.pick(
                f"{name}[{mask}] {self.pick('=', '+=')} {self.float()}",
                f"{name}[{mask}] = {self.array(ndim, 1)}[{mask}]",
                f"c[c[:, 0] > {self.float(1)}] = {self.float()}",
            )
        )

    def cut(self) -> None:
        name = self.new("s")
        step = self.pick("None", "1", "-1", f"{self.int(1)} % 3 + 1")
        self.put(f"{name} = slice({self.int(1)}, {self.int(1)}, {step})")
        self.put(f"{self.vector()}[{name}] {self.pick('=', '+=')} {self.float(1)}")

    def list(self) -> None:
        name, index = self.new("x"), self.new("f")
        self.put(f"{name} = [float({self.float(1)}), 0.5, float({self.int(1)})]")
        self.put(f"{name}[{self.int(1)} % 3] = float({self.float(1)})")
        self.put(f"{index} = sum({name} * 2) + max({name}[1:])")
        self.floats.append(index)

    def overlap(self) -> None:
        self.put(
            self.pick(
                "a[1:] = a[:-1]",
                "a[1:] = b[1:] + a[:-1]",
                "a[:-1] = a[1:] - b[1:]",
                "c[:, 1:] = c[:, :-1]",
                "c[:, 1:] = c[:, :1] + c[:, 1:]",
                "c[:, 1:] = c[::-1, 1:]",
                "a, b = b, a",
            )
        )

    def make(self) -> None:
        name = self.new("w")
        self.put(f"{name} = {self.array(1)}{self.pick('', ' + 1', '.copy()')}")
        self.arrays.append((name, 1))

    def reduce(self) -> None:
        name = self.new("f")
        self.put(f"{name} = {self.array(int(self.pick('1', '2')))}.{self.pick('max', 'min')}()")
        self.floats.append(name)

    def unpack(self) -> None:
        i, j, x, y = self.new("j"), self.new("j"), self.new("f"), self.new("f")
        self.put(
            self.pick(
                f"({i}, {x}), {j}, *{y} = ({self.int(1)}, {self.float(1)}), {self.int(1)}, 1.5, 2.5",
                f"*{y}, ({j}, ({i}, {x})) = 0.5, 4.0, ({self.int(1)}, ({self.int(1)}, {self.float(1)}))",
                f"{i}, *{y}, {x}, {j} = {self.int(1)}, 1.0, 2.0, {self.float(1)}, {self.int(1)}",
            )
        )
        self.put(f"{y} = {x} + {y}[-1] * len({y})")
        self.ints += [i, j]
        self.floats += [x, y]

    def exchange(self) -> None:
        free = [name for name in self.ints if not name.startswith("i")]
        i, j = self.random.sample(free, 2)
        self.put(f"{i}, {j} = {j} - {self.int(2)}, {i}")
        self.put(f"{i} {self.pick('//=', '%=')} {self.pick('7', '-5', '3')}")

    def named(self) -> None:
        name, total = self.new("j"), self.new("j")
        self.put(f"if ({name} := {self.int()}) > {self.int(1)}: {name} -= 1")
        self.put(f"{total} = ({name} := {name} % 9) + {name}")
        self.ints += [name, total]

    def private(self) -> None:
        name, i, total = self.new("t"), self.new("i"), self.new("f")
        self.put(f"{name} = np.{self.pick('zeros', 'ones')}({self.random.randint(2, 4)})")
        self.put(f"for {i} in range(len({name})):")
        self.put(f"    {name}[{i}] {self.pick('=', '+=', '-=')} {self.float(1)} * {i}")
        self.put(f"{total} = {name}[0] - {name}[{self.int(1)} % len({name})]")
        self.floats.append(total)

    def inner(self) -> None:
        name, result = self.new("g"), self.new("f")
        self.put(f"def {name}(v, w={self.random.randint(1, 3)}, *more):")
        self.put(f"    if v > {self.float(2)}:")
        self.put(f"        return v * w + {self.int(2)}")
        self.put(f"    return v - {self.float(2)} + len(more)")
        given = self.pick("", ", 2", ", w=0.5", ", 2, 3, 4", ", *(2, 1)")
        self.put(f"{result} = {name}({self.float(1)} * 1.0{given})")
        self.floats.append(result)

    def sure(self) -> None:
        self.put(f"assert {self.truth(1)} or n > -99, 'never'")
        self.put(f"k[{self.index('k')}] {self.pick('=', '+=')} {self.float(1)}")

    def walk(self) -> None:
        i, v, w = self.new("i"), self.new("v"), self.new("v")
        array, part = self.vector(), self.pick("", "[::-1]", "[1:]", "[::2]")
        self.put(
            self.pick(
                f"for {i}, {v} in enumerate({array}{part}):",
                f"for {v}, {i} in zip({array}{part}, range({self.random.randint(1, 6)})):",
                f"for {i}, ({v}, {w}) in enumerate(zip({array}, {self.vector()}{part}), 2):",
                f"for {i}, {v} in ((n, 0.5), (m, p), (3, 2.5)):",
            )
        )
        self.ints.append(i)
        self.floats.append(v)
        self.loops += 1
        self.block(3)
        self.loops -= 1
        self.ints.remove(i)
        self.floats.remove(v)
        self.otherwise()

    def otherwise(self) -> None:
        """The else of a loop."""
        if self.random.random() < 0.4:
            self.put("else:")
            self.block(2)

    def branch(self) -> None:
        self.put(f"if {self.truth()}:")
        self.block(3)
        if self.random.random() < 0.5:
            self.put("else:")
            self.block(2)

    def loop(self) -> None:
        name, stop = self.new("i"), self.random.randint(-1, 3)
        down = f"range({self.random.randint(3, 8)}, {stop}, -{self.random.randint(1, 2)})"
        self.put(
            f"for {name} in {self.pick(f'range({self.random.randint(1, 6)})', 'range(len(a))', down)}:"
        )
        self.ints.append(name)
        self.loops += 1
        self.block(4)
        self.loops -= 1
        self.ints.remove(name)
        self.otherwise()

    def count(self) -> None:
        name = self.new("q")
        self.put(f"{name} = 0")
        self.put(f"while {name} < {self.random.randint(1, 5)}:")
        self.depth += 1
        self.put(f"{name} += 1")
        self.depth -= 1
        self.loops += 1
        self.block(3)
        self.loops -= 1
        self.otherwise()

    def text(self) -> str:
        for _ in range(self.random.randint(3, 9)):
            self.statement()
        arrays = [name for name, _ in self.arrays]
        self.put("return " + ", ".join([*self.ints, *self.floats, *arrays, "k"]))
        first = HELPERS
        return "def f(n, m, p, a, b, c, k):\n" + first + "\n".join(self.lines) + "\n"


def function(seed: int) -> tuple[Any, str]:
    """A function f(n, m, p, a, b, c, k) and its text."""
    text, name = Maker(seed).text(), f"<random function {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy, "math": math}
    exec(compile(text, name, "exec"), scope)
    return scope["f"], text


def arguments(seed: int) -> list[Any]:
    """Arguments for it: arrays that are contiguous or not, and sometimes share memory."""
    numbers = numpy.random.default_rng(seed)
    length = int(numbers.integers(3, 9))
    a, b = (numpy.round(numbers.normal(size=2 * length), 2) for _ in range(2))
    a, b = a[:length], b[::2]
    if seed % 5 == 0:
        b = a[::-1]
    c = numpy.round(numbers.normal(size=(4, 5)), 2)
    if seed % 4 == 0:
        c = numpy.asfortranarray(c)
    n, m = (int(x) for x in numbers.integers(-4, 9, size=2))
    return [n, m, float(round(numbers.normal(), 2)), a, b, c, numbers.integers(0, 9, size=4)]
