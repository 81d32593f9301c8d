"""Random functions as of jit_random_rows, whose loops end early, are `while` loops, or store several rows."""

import re

from jit_random_rows import Rows


class Ended(Rows):
    """The text of a function f(a, b, c, k), all of one shape, of which c is stored into, and which gives numbers."""

    def add(self, depth: int, text: str) -> None:
        """A sum that stands in a loop of every rank's has np.sum's order, not Python's: there are none."""
        super().add(depth, re.sub(r"^(s\d+) [+-]= ", r"\1 = \1 * 0.5 + ", text))

    def outside(self, var: str) -> list[str]:
        """What stands for the loops' variables where only the outer one has begun."""
        return [var, *(self.one_of("0", "k", "1") for _ in range(1, self.ndim))]

    def condition(self, variables: list[str], scalars: list[str]) -> str:
        limit = self.one_of(0.1, 0.5, 0.69, 0.9, 1.3)
        return f"{self.value(variables, scalars)} {self.one_of('>', '<', '>')} {limit}"

    def leave(self, depth: int, var: str, scalars: list[str]) -> None:
        self.add(depth, f"if {self.condition(self.outside(var), scalars)}:")
        if self.random.randrange(2):
            self.add(depth + 1, f"where = {self.one_of(var, 'steps', '7')}")
        number = f"{self.value(self.outside(var), scalars)}"
        self.add(
            depth + 1,
            self.one_of("break", "break", f"return q, {var}, steps", f"return {number}, 1, {var}"),
        )

    def inside(self, depth: int, var: str, scalars: list[str]) -> None:
        """The loops over the other axes, which store a row, or others too."""
        variables = [var]
        for d in range(1, self.ndim):
            self.add(
                depth, f"for i{d} in {self.one_of(f'range(n{d})', f'range(n{d} - 1, -1, -2)')}:"
            )
            variables.append(f"i{d}")
            depth += 1
        inner = [*scalars]
        if self.random.randrange(2):
            self.scalar(depth, variables, inner)
        self.store(depth, variables, inner)

    def store(self, depth: int, variables: list[str], scalars: list[str]) -> None:
        rest = "".join(f", {v}" for v in variables[1:])
        one = f"c[{variables[0]}{rest}]"
        self.add(
            depth, f"{one} {self.one_of('=', '=', '+=')} {self.value(variables, scalars)} * 0.5"
        )
        if not self.several:
            return
        other = self.one_of(
            f"n0 - 1 - {variables[0]}", f"{variables[0]} - 1", f"({variables[0]} + k) % n0", "k"
        )
        two = f"c[{other}{rest}]"
        self.add(
            depth,
            self.one_of(
                f"{two} = {self.value(variables, scalars)} * 0.5",
                f"{one}, {two} = {two}, {one}",
                f"{two} += {one} * 0.25",
            ),
        )

    def body(self, depth: int, var: str, step: str) -> None:
        scalars = ["q", "steps"]
        after = self.random.randrange(2)
        self.add(depth, "steps += 1")
        if step and not after:
            self.add(depth, step)
            var = self.one_of(var, var) if "- 1" in step else f"({var} - 1)"
        if self.random.randrange(2):
            self.add(
                depth, f"q = q * 0.25 + {self.value(self.outside(var), [*scalars, 'q'])} * 0.5"
            )
        early = self.random.randrange(3)
        if early == 0:
            self.leave(depth, var, scalars)
        self.inside(depth, var, scalars)
        if early == 1:
            self.leave(depth, var, scalars)
        if step and after:
            self.add(depth, step)

    def ended(self, depth: int) -> None:
        kind = self.random.randrange(6)
        self.several = self.random.randrange(3) == 0
        if kind < 2:
            items = self.one_of(
                "range(n0)", "range(1, n0)", "range(n0 - 1, -1, -1)", "range(k, n0, 2)"
            )
            self.add(depth, f"for i0 in {items}:")
            self.body(depth + 1, "i0", "")
            if self.random.randrange(3) == 0:
                self.add(depth, "else:")
                self.add(depth + 1, "where = -2")
        elif kind < 4:
            rest = self.one_of("", f" and {self.condition(self.outside('i0'), ['q'])}")
            self.add(depth, f"i0 = {self.one_of('0', 'k', '1')}")
            self.add(depth, f"while i0 < n0{rest}:")
            self.body(depth + 1, "i0", self.one_of("i0 += 1", "i0 = i0 + 1"))
            self.add(depth, "where = where * 100 + i0")
        else:
            self.add(depth, "i0, j0 = 0, n0 - 1")
            self.add(depth, "while i0 < j0:")
            self.body(depth + 1, self.one_of("i0", "j0"), "")
            self.add(depth + 1, f"if {self.condition(self.outside('i0'), ['q'])}:")
            self.add(depth + 2, "i0 += 1")
            self.add(depth + 1, "else:")
            self.add(depth + 2, "j0 -= 1")

    def text(self) -> str:
        shape = ", ".join(self.extent(d) for d in range(self.ndim))
        self.add(0, "def f(a, b, c, k):")
        self.add(1, f"{shape}{',' * (self.ndim == 1)} = a.shape")
        self.add(1, "q, where, steps = 0.25, -1, 0")
        depth = 1
        if self.random.randrange(4) == 0:
            self.add(1, "for t in range(k):")
            depth = 2
        for _ in range(self.random.randint(1, 2)):
            self.ended(depth)
        self.add(1, "return q, where, steps")
        return "\n".join(self.lines) + "\n"
