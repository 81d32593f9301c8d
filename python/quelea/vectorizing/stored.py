"""What a function stores into, as far as its text says so."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Sequence

from ..compiling.source import NoSource, lines_of, source_of

__all__ = ["refuse_stores"]


def _stores(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The names of arrays whose elements are stored, and where."""
    for node in ast.walk(tree):
        target: ast.AST | None = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.AugAssign):
            target = node.target
        while isinstance(target, (ast.Subscript, ast.Attribute)):  # x.T[0], x[0][1]
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id, node


def _bound(tree: ast.AST) -> set[str]:
    """The names that stand for something new: what they are given is another array."""
    augmented = {id(n.target) for n in ast.walk(tree) if isinstance(n, ast.AugAssign)}
    names = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in augmented)
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


def refuse_stores(function: types.FunctionType, arguments: Sequence[str]) -> None:
    """Refuse a function that stores into these arguments.

    They are read by other turns of the loop too, and may be copies: what becomes of them would depend on how many ranks
    there are.
    """
    try:
        source = source_of(function, lines_of(function))
    except NoSource:
        return  # the compiler says so
    own = set(arguments) - _bound(source.node)
    for name, node in _stores(source.node):
        if name in own:
            line = node.lineno + source.line  # type: ignore[attr-defined]
            raise TypeError(
                f"{function.__name__}() stores into its argument {name}, at {source.file}:{line}: "
                f"store into a result, or into a copy, {name} = {name}.copy()"
            )
