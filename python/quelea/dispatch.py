"""NumPy's functions, called on Quelea arrays: each goes to Quelea's function of that name, or is refused by name.

None of them gathers behind the program's back (contract C13).
"""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy

__all__ = ["array_function", "fill_table", "missing_attribute", "missing_name"]

_table: dict[Any, Callable[..., Any]] = {}


def fill_table(namespace: ModuleType, names: Iterable[str]) -> None:
    """Pair NumPy's functions with those of the same name in a namespace."""
    for name in names:
        theirs, ours = getattr(numpy, name, None), getattr(namespace, name)
        if callable(theirs) and callable(ours) and theirs is not ours and not isinstance(theirs, (type, numpy.ufunc)):
            _table[theirs] = ours


def array_function(
    function: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call Quelea's version of one of NumPy's functions; ``ndarray.__array_function__``.

    Raises
    ------
    TypeError
        There is none.
    """
    ours = _table.get(function)
    if ours is None:
        name = f"{getattr(function, '__module__', 'numpy')}.{getattr(function, '__name__', function)}"
        raise TypeError(
            f"{name} is not in Quelea yet; to compute it with NumPy on a copy on every rank, pass numpy.asarray(x)"
        )
    return ours(*args, **kwargs)


def missing_name(name: str) -> AttributeError:
    """Make the error for a name that NumPy has and Quelea does not."""
    if hasattr(numpy, name):
        instead = f"numpy.{name} works on numpy.asarray(x), a copy on every rank, and asarray takes its result back in"
        return AttributeError(f"{name} is not in Quelea yet; {instead}", name=name)
    return AttributeError(f"module 'quelea' has no attribute '{name}'", name=name)


class missing_attribute:
    """Descriptor for an attribute that numpy.ndarray has and quelea.ndarray does not."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError(
            f"ndarray.{self._name} is not in Quelea yet; numpy.asarray(x).{self._name} works on a copy on every rank",
            name=self._name,
        )
