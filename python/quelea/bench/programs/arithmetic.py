"""Functions whose arithmetic is long: of complex numbers, powers, quotients."""

from collections.abc import Callable
from typing import Any

import numpy

from .program import Program, Section

__all__ = ["ARITHMETIC"]

_COUNT = 1_000_000


def _complex(n: int) -> tuple[Any, ...]:
    random = numpy.random.default_rng(3)
    return (random.uniform(-3, 3, n) + 1j * random.uniform(-3, 3, n),)


def _two_complex(n: int) -> tuple[Any, ...]:
    return (*_complex(n), numpy.random.default_rng(4).uniform(-2, 2, n) + 0.5j)


def _real(n: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(5).uniform(0.01, 100, n),)


def _function(name: str) -> Callable[..., Any]:
    return lambda np, z: getattr(np, name)(z)


def power(np: Any, z: Any, w: Any) -> Any:
    """Raise complex numbers to complex numbers."""
    return z**w


def raised(np: Any, x: Any) -> Any:
    """Raise to what is no integer."""
    return x**1.7


def floor_divided(np: Any, x: Any) -> Any:
    """Divide, and round down."""
    return x // 0.1


def remainder(np: Any, x: Any) -> Any:
    """Divide, and take what is left."""
    return x % 0.3


def cubed(np: Any, x: Any) -> Any:
    """Raise to a small integer."""
    return x**3


ARITHMETIC = Section(
    "arithmetic",
    "Arithmetic, 1e6 elements",
    (
        *(
            Program(f"complex {name}", _function(name), _complex, (_COUNT,), (50,), 1.0)
            for name in ("abs", "sqrt", "exp", "log", "sin")
        ),
        Program("complex power", power, _two_complex, (_COUNT,), (50,), 1.0),
        Program("x ** 1.7", raised, _real, (_COUNT,), (50,), 1.0),
        Program("x // 0.1", floor_divided, _real, (_COUNT,), (50,), 1.0, True),
        Program("x % 0.3", remainder, _real, (_COUNT,), (50,), 1.0, True),
        Program("x ** 3", cubed, _real, (_COUNT,), (50,), 1.0),
    ),
)
