"""Random programs of statements over a few arrays, views of them and what they come to.

Their arrays hold whole numbers, which every order of computing gives exactly, so a value that was read too early, or
overwritten too late, is another number.
"""

import random
from types import ModuleType
from typing import Any

import numpy

BINARY = ["add", "subtract", "minimum", "maximum"]
STEPS = [1, 1, 1, 2, -1, -2]


class Program:
    """The same random statements on NumPy's arrays or on ours."""

    def __init__(self, np: ModuleType, seed: int, scale: int) -> None:
        self.np, self.random, self.scale = np, random.Random(seed), scale
        self.long, self.wide = 24 * scale, 14 * scale
        size = 9 * self.wide
        self.lines = [np.arange(self.long) * 1.0 % 41 + k for k in range(4)]
        self.sheets = [
            (np.arange(size) * (k + 1) % 23 * 1.0).reshape(9, self.wide) for k in range(3)
        ]
        self.numbers = [np.arange(3)[k] * 1.0 for k in range(2)]

    def span(self, extent: int, count: int) -> slice:
        """`count` places of an axis, some with steps, some from the end."""
        steps = [s for s in STEPS if (count - 1) * abs(s) < extent]
        step = self.random.choice(steps)
        room = extent - 1 - (count - 1) * abs(step)
        low = self.random.randint(0, min(room, 3))
        if step > 0:
            return slice(low, low + (count - 1) * step + 1, step)
        high, stop = low + (count - 1) * -step, low - 1
        return slice(high, stop if stop >= 0 else None, step)

    def view(self, shape: tuple[int, ...]) -> Any:
        if len(shape) == 1:
            if self.random.random() < 0.25:  # a row or a column of a sheet
                x = self.random.choice(self.sheets)
                if shape[0] <= 9 and self.random.random() < 0.5:
                    return x[self.span(9, shape[0]), self.random.randrange(self.wide)]
                if shape[0] <= self.wide:
                    return x[self.random.randrange(9), self.span(self.wide, shape[0])]
            x = self.random.choice(self.lines)
            return x[self.span(x.shape[0], shape[0])]
        x = self.random.choice(self.sheets)
        if self.random.random() < 0.15:  # one line for all rows
            return self.random.choice(self.lines)[self.span(self.long, shape[1])]
        return x[self.span(9, shape[0]), self.span(self.wide, shape[1])]

    def target(self, shape: tuple[int, ...]) -> Any:
        while (x := self.view(shape)).shape != shape:
            pass
        return x

    def value(self, shape: tuple[int, ...]) -> Any:
        x, choice = self.view(shape), self.random.random()
        if choice < 0.15:
            return x
        if choice < 0.3:
            return x + self.random.choice(self.numbers)
        if choice < 0.45:
            return x + self.random.randint(1, 3)
        y = self.view(shape)
        made = getattr(self.np, self.random.choice(BINARY))(x, y)
        return self.np.subtract(made, self.view(shape)) if choice > 0.8 else made

    def reduce(self, x: Any) -> None:
        """Some of its sums and extremes, which one kernel may find."""
        for _ in range(self.random.randint(1, 3)):
            how = self.random.choice(["sum", "max", "min"])
            axis = self.random.choice([None, 0, -1]) if x.ndim == 2 else None
            self.keep(self.finish(getattr(x, how)(axis=axis)))

    def finish(self, x: Any) -> Any:
        """Perhaps something computed of results, which is a part of their kernel."""
        choice = self.random.random()
        if choice < 0.3:
            return x
        if choice < 0.5:
            return x % 31 + self.random.choice(self.numbers)
        if choice < 0.6:
            return self.random.randint(1, 3) - x
        if x.ndim == 0:
            y = self.random.choice(self.lines)[self.random.randrange(8)]
        elif choice < 0.7:
            return x % 53 * self.np.arange(x.shape[0])
        else:
            y = self.view(x.shape)
        if choice < 0.8:
            return getattr(self.np, self.random.choice(BINARY))(y, x)
        x = x % 61
        self.keep(x)  # stored as well
        return x + y if y.shape == x.shape else x

    def shape(self) -> tuple[int, ...]:
        line, sheet = self.random.choice([8, 8, 11, 24]), self.random.choice([(7, 12), (9, 14)])
        if self.random.random() < 0.6:
            return (line * self.scale,)
        return (sheet[0], sheet[1] * self.scale)

    def keep(self, x: Any) -> None:
        """Replaces an array, which may leave a temporary behind."""
        if x.shape == (self.long,):
            self.lines[self.random.randrange(4)] = x + 0
        elif x.shape == (9, self.wide):
            self.sheets[self.random.randrange(3)] = x + 0
        elif x.shape == ():
            self.numbers[self.random.randrange(2)] = x
        elif x.shape in ((7,), (9,)):  # sums of rows
            x = x % 89
            self.target(x.shape)[...] = x
        else:
            self.store(x.shape, x)

    def store(self, shape: tuple[int, ...], x: Any) -> None:
        """NumPy gets a copy: it assigns some views of a line to that line in a wrong order."""
        self.target(shape)[...] = x.copy() if self.np is numpy else x

    def step(self) -> None:
        shape, choice = self.shape(), self.random.random()
        if choice < 0.45:
            self.store(shape, self.value(shape))
        elif choice < 0.6:
            x = self.target(shape)
            x += self.value(shape)
        elif choice < 0.8:
            x, y = self.value(shape), self.value(shape)
            self.keep(x)
            self.keep(y)
        else:
            x = self.value(shape)
            if x.shape == shape:
                self.keep(x)
            if self.random.random() < 0.5:
                x = self.view(shape)  # perhaps what was just stored
            self.reduce(x)

    def shrink(self) -> None:
        """Keeps whole numbers small enough to stay exact."""
        for k, x in enumerate(self.lines):
            self.lines[k] = x % 97
        for k, x in enumerate(self.sheets):
            self.sheets[k] = x % 97
        self.numbers = [x % 97 for x in self.numbers]

    def run(self, statements: int) -> list[Any]:
        for k in range(statements):
            self.step()
            if k % 12 == 11:
                self.shrink()
        return self.lines + self.sheets + self.numbers
