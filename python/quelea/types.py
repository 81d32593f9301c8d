"""Types for the signatures of `quelea.jit`, under Numba's names: ``float64(float64[:], int64)``."""

from __future__ import annotations

from typing import Any

from .compiling.signatures import TYPES, Signature, Tuple, Type, UniTuple

__all__ = ["Signature", "Tuple", "Type", "UniTuple", *TYPES]


def __getattr__(name: str) -> Any:
    if name in TYPES:
        return TYPES[name]
    raise AttributeError(f"module 'quelea.types' has no attribute {name!r}")


globals().update(TYPES)
