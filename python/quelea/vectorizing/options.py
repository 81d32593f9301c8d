"""Options of Numba's decorators."""

from __future__ import annotations

from typing import Any

from ..compiling.function import ALLOWED, NUMBA

_TARGETS = ("cpu", "parallel")


def check_numba(what: str, options: dict[str, Any]) -> None:
    """Accept Numba's options that allow something, refuse by its name what asks for something."""
    if options.pop("target", "cpu") not in _TARGETS:
        raise ValueError(f"target is one of {', '.join(_TARGETS)}: there are no other machines")
    if not options.pop("nopython", True):
        raise ValueError("nopython=False: a compiled function never falls back to Python")
    for name, value in options.items():
        if name in ALLOWED or name in ("boundscheck", "error_model"):
            continue
        if name not in NUMBA:
            raise TypeError(f"{what}() has no option {name!r}")
        if value not in (None, False, "never"):
            raise ValueError(f"{name}={value!r} is not in Quelea yet: {NUMBA[name]}")
