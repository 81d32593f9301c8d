"""Random functions as of jit_random_nests, whose iterations read what others store, and hand on a number."""

from jit_random_nests import Nests


class Rows(Nests):
    """The text of a function f(a, b, c, k), all of one shape, of which c is stored into."""

    target = "c"

    def read(self, variables: list[str]) -> str:
        if self.random.randrange(3):
            return super().read(variables)
        index = [self.near(v, d) for d, v in enumerate(variables)]
        if self.random.randrange(3):  # what lies near, which is there
            index = [self.beside(v, d) for d, v in enumerate(variables)]
        return f"{self.target}[{', '.join(index)}]"

    def beside(self, var: str, axis: int) -> str:
        n = self.extent(axis)
        return str(self.one_of(var, f"max({var} - 1, 0)", f"min({var} + 1, {n} - 1)"))

    def scalar(self, depth: int, variables: list[str], scalars: list[str]) -> None:
        if self.random.randrange(2):
            return super().scalar(depth, variables, scalars)
        if self.random.randrange(3) == 0:
            self.add(depth, f"if {self.value(variables, scalars)} > 0.1:")
            depth += 1
        self.add(depth, f"q = q * 0.25 + {self.value(variables, [*scalars, 'q'])} * 0.5")
        scalars.append("q")

    def nest(self, depth: int, target: str) -> None:
        self.target = target
        super().nest(depth, target)

    def text(self) -> str:
        lines = super().text().splitlines()
        lines.insert(1, "    q = 0.25")
        lines[-1] += ", q"
        return "\n".join(lines) + "\n"
