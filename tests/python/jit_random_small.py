"""Random functions of numbers of all dtypes beside Python's, from a seed: each operation has NumPy's dtype and wraps.

Python's integers in its operations fit into all dtypes, so that nothing is refused or raised for them. Others
meet NumPy's numbers in variables, whose values are Python's then, but not their dtypes.
"""

import linecache
import random
from typing import Any

import numpy

DTYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "f2", "f4", "f8")
NAMES = "abcd"


class Small:
    """Writes one function f(n, m, a, b, c, d): the arrays are of several dtypes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.dtypes = {name: self.random.choice(DTYPES) for name in NAMES}
        self.scalars: list[tuple[str, bool]] = []  # and whether they are integers
        self.met: list[tuple[str, bool]] = []  # the same, of any dtype
        self.before: list[str] = []  # lines before the loop
        self.lines: list[str] = []
        self.made = 0

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def new(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def array(self, whole: bool) -> str:
        """The name of one, of integers or of any."""
        names = [name for name in NAMES if not whole or self.dtypes[name][0] in "iu"]
        return self.random.choice(names) if names else ""

    def index(self) -> str:
        return self.pick("i", "n % 5", "-1 - m % 5", "0", "-1", "(i + m) % 5")

    def number(self, whole: bool, depth: int = 0) -> str:
        """One of NumPy's; `whole`: an integer."""
        name = self.array(whole)
        scalars = [one for one, is_whole in self.scalars if is_whole or not whole]
        if not name:
            return self.pick("np.int16(n)", "np.uint8(m % 9)", "np.int32(i)")
        if depth > 2 or self.random.random() < 0.25:
            return self.pick(f"{name}[{self.index()}]", *scalars)
        x, y = (lambda: self.number(whole, depth + 1)), (lambda: self.number(whole, depth + 1))
        small = self.random.randint(0, 100)
        choices = [
            lambda: f"({x()} {self.pick('+', '-', '*')} {y()})",
            lambda: f"({x()} {self.pick('+', '-', '*')} {small})",
            lambda: f"({small} {self.pick('+', '-', '*')} {x()})",
            lambda: f"(-{x()})",
            lambda: f"abs({x()})",
            lambda: f"np.{self.pick('maximum', 'minimum')}({x()}, {y()})",
            lambda: f"np.{self.pick('maximum', 'minimum')}({x()}, {small})",
            lambda: self.either(whole, x(), self.pick(y(), str(small)), self.truth(depth + 1)),
            lambda: f"{name}.{self.pick('max', 'min')}()",
        ]
        if whole:
            choices += [
                lambda: f"({x()} {self.pick('&', '|', '^')} {self.pick(x(), str(small))})",
                lambda: f"({x()} {self.pick('//', '%')} {self.random.randint(1, 100)})",
                lambda: f"({x()} {self.pick('<<', '>>')} {self.random.randint(0, 6)})",
                lambda: f"(~{x()})",
                lambda: f"np.{self.pick('int8', 'uint8', 'int16', 'uint32', 'int64')}({x()})",
                lambda: f"({x()} ** 2)",
                lambda: f"{name}.sum()" if self.dtypes[name][0] == "i" else f"{name}.max()",
                lambda: f"np.int16({self.pick('n', 'm', 'i')} * {small})",
            ]
        else:
            choices += [
                lambda: f"({x()} / {self.random.randint(1, 9)})",
                lambda: f"({x()} * {self.pick('0.5', '-1.25', '3.0')})",
                lambda: f"np.{self.pick('float32', 'float16', 'float64')}({self.number(True, 2)})",
                lambda: self.number(True, depth + 1),
            ]
        return str(self.random.choice(choices)())

    def either(self, whole: bool, x: str, y: str, truth: str) -> str:
        """One of two, of one dtype: what has one on one way and another on the other is lifted."""
        dtype = self.pick("int8", "uint16", "int64") if whole else self.pick("float32", "float64")
        return f"np.{dtype}({x} if {truth} else {y})"

    def truth(self, depth: int = 0) -> str:
        x = self.number(self.pick(True, False), depth + 1)
        met = [name for name, _ in self.met]
        other = self.pick("-300", "70000", "n", "2.5", "0", self.number(True, depth + 1), *met)
        return self.pick(
            f"{x} {self.pick('<', '<=', '==', '!=', '>', '>=')} {other}",
            f"{x} in (n, 3, {other})",
            f"-1 <= {x} < {other}",
        )

    # ---- statements ----

    def assign(self) -> None:
        name, whole = self.new("s"), self.pick(True, False)
        self.lines.append(f"        {name} = {self.number(whole)}")
        self.scalars.append((name, whole))

    def store(self) -> None:
        name = self.array(False)
        kind, value = self.dtypes[name][0], self.number(self.dtypes[name][0] == "u")
        if kind == "i" and self.random.random() < 0.8:  # else what does not fit raises, or wraps
            value = f"np.{numpy.dtype(self.dtypes[name]).name}({self.number(True)})"
        self.lines.append(f"        {name}[{self.index()}] = {value}")

    def change(self) -> None:
        name, sign = self.array(False), self.pick("+", "*", "-")
        part = self.pick(":", "1:", "::-2")
        self.lines.append(f"        {name}[{part}] {sign}= {self.random.randint(0, 100)}")

    # ---- numbers that meet ----

    def of_python(self, whole: bool) -> str:
        numbers = ["-1", "0", "7", "200", "300", "-70000", "4294967296", "n", "m - 99", "len(a)"]
        return self.pick(*numbers, *([] if whole else ["1.5", "-2.5", "70000.0", "1e300"]))

    def element(self, whole: bool, index: str = "") -> str:
        """Where floats meet integers, of an array whose integers a float64 holds."""
        names = [name for name in NAMES if self.dtypes[name] != "i8"]
        name = self.array(True) if whole or not names else self.random.choice(names)
        return f"{name}[{index or self.index()}]"

    def sentinel(self) -> None:
        """One that has Python's number before the loop, and sometimes another later."""
        whole = bool(self.array(True)) and self.pick(True, False)
        name = self.new("m")
        first = self.pick(self.of_python(whole), self.element(whole, "0"))
        self.before.append(f"    {name} = {first}")
        self.met.append((name, whole))

    def meet(self) -> None:
        name, whole = self.random.choice(self.met)
        number, element = self.of_python(whole), self.element(whole)
        least, sign = self.pick("min", "max"), self.pick("<", ">", "!=")
        one, other = self.pick((number, element), (element, number), (element, name))
        loop = f"for j in range({self.pick('n', 'm', '3')} % 5):"
        here = self.element(whole, "j")
        lines = self.pick(
            [f"if {self.truth()}:", f"    {name} = {one}"],
            [f"if {element} {sign} {name}:", f"    {name} = {element}"],
            [f"{name} = {one} if {self.truth()} else {other}"],
            [f"{name} = {least}({one}, {other})"],
            [f"{name} = {least}({name}, {element})"],
            [f"{name} = ({one}, {other}, {name})[{self.pick('n', 'm', 'i')} % 3]"],
            [f"{name} = {one} or {other}"],
            [loop, f"    if {here} {sign} {name}:", f"        {name} = {self.pick(one, here)}"],
        )
        self.lines += [f"        {line}" for line in lines]

    def text(self) -> str:
        for _ in range(self.random.randint(1, 3)):
            self.sentinel()
        total, low = self.new("t"), self.new("t")
        self.lines += [*self.before, f"    {total} = {low} = 0", "    for i in range(5):"]
        for _ in range(self.random.randint(2, 6)):
            makers = [self.assign, self.assign, self.store, self.change, self.meet, self.meet]
            self.random.choice(makers)()
        self.lines.append(f"        {total} = {total} + {self.number(True)}")
        self.lines.append(f"        {low} = np.minimum({low}, {self.number(False)})")
        met = [f"float({name})" for name, _ in self.met]
        results = ", ".join([total, low, *(name for name, _ in self.scalars), *met, *NAMES])
        return "def f(n, m, a, b, c, d):\n" + "\n".join(self.lines) + f"\n    return {results}\n"


def function(seed: int) -> tuple[Any, str, list[Any]]:
    """A function, its text, and arguments for it."""
    maker = Small(seed)
    text, name = maker.text(), f"<random numbers {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy}
    exec(compile(text, name, "exec"), scope)
    rng = numpy.random.default_rng(seed)
    args: list[Any] = [int(x) for x in rng.integers(0, 60, size=2)]
    for dtype in maker.dtypes.values():
        kind = numpy.dtype(dtype)
        if kind.kind == "f":
            args.append((rng.integers(-200, 200, size=5) / 4).astype(dtype))
        else:
            info = numpy.iinfo(kind)
            least, most = max(info.min, -(2**40)), min(info.max, 2**40)
            args.append(rng.integers(least, most, size=5, endpoint=True).astype(dtype))
    return scope["f"], text, args
