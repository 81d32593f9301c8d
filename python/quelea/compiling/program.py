"""The program of a function: it and all that it calls, what it captures, and on what it depends."""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from . import library, names
from .source import Source, lines_of, source_of
from .syntax import Translator, quoted

Rewrite = Callable[[Source], Source]  # of a function that is compiled as another than it stands


@dataclass
class Program:
    """The program of a function and of all that it calls."""

    text: str
    sources: list[Source]
    captures: list[tuple[names.Place, str]]
    guards: list[tuple[Any, ...]]  # (where, name, value), or (where, name): there is none


@dataclass
class Builder:
    """What the functions of a program have in common."""

    sources: list[Source] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    captures: list[tuple[names.Place, str]] = field(default_factory=list)
    guards: list[tuple[Any, ...]] = field(default_factory=list)

    def number_of(
        self,
        function: types.FunctionType,
        lines: list[str] | None = None,
        rewrite: Rewrite | None = None,
    ) -> int:
        """The function's number in the program, to which it is added; the lines of its file."""
        key = function if rewrite is None else (function, rewrite)
        if key not in self.numbers:
            source = source_of(function, lines or lines_of(function))
            self.numbers[key] = len(self.sources)
            self.sources.append(source if rewrite is None else rewrite(source))
        return self.numbers[key]

    def number_of_made(self, key: Any, make: Callable[[], Source]) -> int:
        """The number of a function that is made for the program."""
        if key not in self.numbers:
            self.numbers[key] = self.add(make())
        return self.numbers[key]

    def need(self, name: str) -> int:
        """The number of a function of the library, by that name in the program."""
        if name not in self.numbers:
            self.numbers[name] = len(self.sources)
            source = library_source(library.FUNCTIONS[name])
            self.sources.append(replace(source, name=name))
        return self.numbers[name]

    def number_in_library(self, function: types.FunctionType) -> int:
        """The number of a function of the library that another one calls."""
        name = library.NAMES[function]
        if name in library.FUNCTIONS:
            return self.need(name)
        if function not in self.numbers:
            self.numbers[function] = len(self.sources)
            self.sources.append(library_source(function))
        return self.numbers[function]

    def add(self, source: Source) -> int:
        """The number of a function that stands inside another."""
        self.sources.append(source)
        return len(self.sources) - 1

    def capture(self, place: names.Place, name: str) -> int:
        """The number of a hidden argument."""
        for number, (other, known) in enumerate(self.captures):
            if other is place and known == name:
                return number
        self.captures.append((place, name))
        return len(self.captures) - 1

    def guard(self, place: names.Place, name: str, *value: Any) -> None:
        """The program holds only as long as the name has this value, or none."""
        if not any(other[0] is place and other[1] == name for other in self.guards):
            self.guards.append((place, name, *value))


@functools.cache
def library_source(function: types.FunctionType) -> Source:
    """The source of a function of the library."""
    source = source_of(function, lines_of(function))
    return replace(source, name=library.NAMES[function], is_library=True)


def build(
    function: types.FunctionType,
    lines: list[str],
    fixed: dict[str, Any] | None = None,
    rewrite: Rewrite | None = None,
) -> Program:
    """The program text of a function, whose file has these lines; `fixed` arguments are part of it."""
    builder = Builder()
    if fixed:
        builder.add(replace(source_of(function, lines or lines_of(function)), fixed=fixed))
    else:
        builder.number_of(function, lines, rewrite)
    done: list[str] = []
    while len(done) < len(builder.sources):
        done.append(Translator(builder, builder.sources[len(done)], len(done)).function())
    text = f"(program {quoted(str(len(builder.captures)))}\n" + "\n".join(done) + ")"
    return Program(text, builder.sources, builder.captures, builder.guards)
