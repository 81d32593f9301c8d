"""What `@jit` says of its functions: their text at each stage, what was compiled, what became of loops."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .program import Program
    from .source import Source

STAGES = {
    "ast": "the syntax tree of the function, as Python reads it",
    "program": "the program text: names are resolved, nothing has a type (jit/program.md)",
    "ir": "the array IR as it was lowered for the types (jit/ir.md)",
    "nests": "the kernels of loops over distributed arrays, in the same IR",
    "optimised": "the array IR after the passes of its own",
    "llvm": "LLVM's IR after its passes",
    "asm": "the machine's instructions",
}
OF_SOURCE = ("ast", "program")  # they need no types


class Specialisation(NamedTuple):
    """A function as it was compiled for some types of arguments."""

    types: str
    """Of the arguments and of what is captured: "(f64[:,::1], int)"."""
    result: str
    reason: str
    """Why it was compiled: what differs from the nearest one before it."""
    seconds: float
    """It took, the search in the caches included."""
    size: int
    """Bytes of object code; kernels of loops over distributed arrays are not among them."""
    cache: str
    """'compiled', 'on disk' or 'in memory': where its code was found."""


def check_stage(stage: str) -> None:
    """Raise a ``ValueError`` that lists the stages if it is none of them."""
    if stage not in STAGES:
        known = "\n".join(f"  {name:10} {text}" for name, text in STAGES.items())
        raise ValueError(f"no stage {stage!r}; there are\n{known}")


def split(types: str) -> list[str]:
    """The types of a tuple's text.

    >>> split("(f64[:,::1], (int, f32), int)")
    ['f64[:,::1]', '(int, f32)', 'int']
    """
    parts, depth = [""], 0
    for letter in types[1:-1]:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def reason(names: Sequence[str], types: str, before: Sequence[str], again: bool) -> str:
    """Why a function was compiled for these types after those before it.

    Parameters
    ----------
    names : sequence of str
        Of the arguments, and of what is captured behind them.
    types : str
        What it was compiled for.
    before : sequence of str
        What it had been compiled for.
    again : bool
        It had been forgotten: a name that it depends on had got another value.
    """
    if not before:
        changed = "the first call after a name that the function depends on had changed"
        return changed if again else "the first call"
    own = split(types)
    differences: list[list[str]] = []
    for other in before:
        rows = [
            f"{name} is {mine}, was {theirs}"
            for name, mine, theirs in zip(names, own, split(other), strict=False)
            if mine != theirs
        ]
        differences.append(rows)
    nearest = min(differences[::-1], key=len)
    return "; ".join(nearest) or "other types"


def tree_text(source: Source) -> str:
    """The syntax tree of a function."""
    return ast.dump(source.node, indent=2)


def explained(program: Program, notes: Sequence[tuple[int, int, str]]) -> str:
    """The sources of a program's own functions, with what is known of their loops beside them."""
    parts = []
    for number, source in enumerate(program.sources):
        if source.is_library or source.around is not None:
            continue
        said = {line: text for function, line, text in notes if function == number}
        inside = {  # functions that stand inside it
            line: text
            for function, line, text in notes
            if program.sources[function].around is not None
            and program.sources[function].file == source.file
        }
        first = source.node.lineno + source.line
        last = (source.node.end_lineno or source.node.lineno) + source.line
        lines = [f"{source.name}, {source.file}:{first}"]
        for line in range(first, last + 1):
            text = source.text_of(line)
            note = said.get(line) or inside.get(line)
            lines.append(f"{line:5} | {text}")
            if note:
                indent = len(text) - len(text.lstrip())
                lines.append(f"      | {' ' * indent}^ {note}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
