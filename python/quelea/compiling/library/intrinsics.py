"""What the library's functions ask of types while they are compiled (jit/program/library.c).

They are called in the language alone; here they have their names.
"""

from __future__ import annotations

from typing import Any, NoReturn


def _only_compiled() -> NoReturn:
    raise NotImplementedError("only the compiler knows it")


def refuse(what: str, advice: str) -> Any:
    """Refuse the call of the library's function: with a constant text and advice."""
    _only_compiled()


def kind(x: Any) -> str:
    """The kind of a dtype, an array or a number: one of "b", "i", "u", "f", "c"."""
    _only_compiled()


def dtype(x: Any) -> Any:
    """The dtype of an array or a number, or that which a type stands for."""
    _only_compiled()


def result_type(*values: Any) -> Any:
    """The dtype of what is computed of them."""
    _only_compiled()


def value(x: Any) -> Any:
    """An array, or a number of NumPy's; of lists and tuples an array."""
    _only_compiled()


def is_array(x: Any) -> bool:
    """Say whether it is an array."""
    _only_compiled()


def is_tuple(x: Any) -> bool:
    """Say whether it is a tuple."""
    _only_compiled()


def is_contiguous(x: Any) -> bool:
    """Say whether it is known to be in C order, without gaps."""
    _only_compiled()


def axis(x: int, ndim: int) -> int:
    """The axis from 0; refused if there is none, or if it is not a constant."""
    _only_compiled()


def is_on_ranks(x: Any) -> bool:
    """Say whether it is an array that is partitioned among ranks, or beside such."""
    _only_compiled()


def product(a: Any, b: Any) -> Any:
    """The product of two such arrays of one or two axes that fit, at least one of them a matrix."""
    _only_compiled()


def in_memory(x: Any, what: str) -> Any:
    """The array; refused if it is partitioned among ranks."""
    _only_compiled()


def nonzero(x: Any) -> Any:
    """The indices of what is true: a tuple with an array for each axis."""
    _only_compiled()


def diagonal(x: Any, k: int) -> Any:
    """A view of the diagonal of a matrix, k above the main one."""
    _only_compiled()


def room(x: Any) -> Any:
    """A list with room for 16 items like x."""
    _only_compiled()


def grown(x: Any) -> Any:
    """The list with twice the room."""
    _only_compiled()


def taken(x: Any, n: int) -> Any:
    """The first items of a list."""
    _only_compiled()
