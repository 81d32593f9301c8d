"""Random functions that store into other shapes of views, which shows what is a view.

A function is given its array and the new shape when it runs, so that what is a view is known only then.
"""

import linecache
import random
from typing import Any

import numpy


class Shapes:
    """The text of a function f(a, shape), and arrays and shapes for it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ndim = self.random.randint(1, 4)
        self.view = self.chain()
        self.wanted = self.random.randint(1, 4)
        self.way = self.random.choice(("reshape", "reshape", "reshape", "ravel", "flatten"))

    def chain(self) -> str:
        """A view."""
        text, ndim = "a", self.ndim
        for _ in range(self.random.randint(0, 3)):
            kind = self.random.randrange(6)
            if kind == 0:
                text += ".T"
            elif kind == 1 and ndim > 1:
                axes = [*range(ndim)]
                self.random.shuffle(axes)
                text += f".transpose({', '.join(map(str, axes))})"
            elif kind == 2 and ndim > 1:
                text += self.random.choice(("[0]", "[..., -1]", "[:, 0]"))
                ndim -= 1
            elif kind == 3 and ndim < 4:
                text += self.random.choice(("[None]", "[..., None]"))
                ndim += 1
            else:
                cuts = (":", ":", "1:", "::2", "::-1", ":-1", ":1", "::3")
                text += f"[{', '.join(self.random.choice(cuts) for _ in range(ndim))}]"
        return text

    def text(self) -> str:
        call = {
            "reshape": self.random.choice(("y = x.reshape(shape)", "y = np.reshape(x, shape)")),
            "ravel": self.random.choice(("y = x.ravel()", "y = np.ravel(x)")),
            "flatten": "y = x.flatten()",
        }[self.way]
        lines = ["def f(a, shape):", f"    x = {self.view}", f"    {call}"]
        if self.random.randrange(2):
            lines += ["    a[...] += 0.5"]
        lines += ["    y[...] += 100", "    if y.size > 0:"]
        count = self.wanted if self.way == "reshape" else 1
        lines += [f"        y[{', '.join(['-1'] * count)}] = 9"]
        if self.random.randrange(2):
            lines += [f"    z = y[{', '.join(['::-1'] * count)}].reshape(y.size)", "    z[:1] = 7"]
        return "\n".join([*lines, "    return x, y", ""])

    def factors(self, size: int) -> tuple[int, ...]:
        """A shape of so many elements."""
        shape = [1] * self.wanted
        if size == 0:
            shape = [self.random.randint(0, 3) for _ in range(self.wanted)]
            shape[self.random.randrange(self.wanted)] = 0
            return tuple(shape)
        for p in (2, 3, 5, 7):
            while size % p == 0:
                shape[self.random.randrange(self.wanted)] *= p
                size //= p
        shape[self.random.randrange(self.wanted)] *= size
        if self.random.randrange(3) == 0:
            shape[self.random.randrange(self.wanted)] = -1
        return tuple(shape)

    def arguments(self) -> tuple[Any, tuple[int, ...]]:
        """An array of which the view can be made, and a shape that this can have."""
        while True:
            extents = self.random.choice(((1, 2, 4, 6), (1, 1, 2, 3), (0, 1, 2, 5), (3, 4, 8, 9)))
            a = numpy.arange(1.0, 1 + 9**4)
            shape = tuple(self.random.choice(extents) for _ in range(self.ndim))
            a = a[: int(numpy.prod(shape))].reshape(shape).copy()
            try:
                size = eval(self.view, {"a": a}).size
            except IndexError:
                continue
            return a, self.factors(size)


def random_shapes(seed: int) -> tuple[Any, list[tuple[Any, tuple[int, ...]]], str]:
    """A function, some arguments for it, and its text."""
    shapes = Shapes(seed)
    text, name = shapes.text(), f"<shapes {seed}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {"np": numpy}
    exec(compile(text, name, "exec"), scope)
    return scope["f"], [shapes.arguments() for _ in range(8)], text
