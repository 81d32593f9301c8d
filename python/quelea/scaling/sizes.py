"""Sizes that are written into a script's arguments: ``--n {n}``, with ``n`` a number or an expression of ``ranks``.

An expression is arithmetic and nothing else: it is read against a list of what it may have, and never executed.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

__all__ = ["filled", "names_in", "value"]

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "cbrt": lambda x: round(x ** (1 / 3), 12),
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "log2": math.log2,
    "min": min,
    "max": max,
}


def value(text: str, names: Mapping[str, float]) -> float:
    """Compute an expression.

    Raises
    ------
    ValueError
        It has something else in it than numbers, names that are known, arithmetic and some functions.
    """

    def of(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name) if name in names:
                return names[name]
            case ast.Name(id=name):
                raise ValueError(f"{name} is not known in {text!r}; there are {', '.join(names)}")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -of(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](of(left), of(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                return _FUNCTIONS[name](*map(of, args))
        raise ValueError(
            f"{text!r} has more than numbers, {', '.join(names)}, arithmetic and {', '.join(_FUNCTIONS)}"
        )

    try:
        return of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ArithmeticError, TypeError) as error:
        raise ValueError(f"{text!r} cannot be computed: {error}") from None


def names_in(words: Sequence[str]) -> list[str]:
    """Give the names in braces."""
    return sorted({name for word in words for name in re.findall(r"\{([A-Za-z_]\w*)\}", word)})


def filled(words: Sequence[str], names: Mapping[str, float]) -> list[str]:
    """Put numbers in the places of names in braces; what else is in braces stays."""

    def number(match: re.Match[str]) -> str:
        name = match[1]
        return format(names[name], ".15g") if name in names else match[0]

    return [re.sub(r"\{([A-Za-z_]\w*)\}", number, word) for word in words]
