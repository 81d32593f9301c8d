"""What may be shown, and how: arguments that `show` and `movie` have in common."""

import math
import operator
from dataclasses import dataclass
from typing import Any

from .._quelea import ndarray
from ..elementwise import as_array
from .drawing import Look
from .pixels import KINDS, Pixels, pixels_of

__all__ = ["Wish"]

_NUMBERS = "?bBhHiIlLqQefd"


def _field(x: Any, caller: str) -> ndarray:
    """Give the array, if it can be shown.

    Raises
    ------
    TypeError
        It is complex.
    ValueError
        It has no element, no axis or too many.
    """
    field: ndarray = x if isinstance(x, ndarray) else as_array(x)
    if field.dtype.char not in _NUMBERS:
        raise TypeError(
            f"{caller} takes real numbers, not {field.dtype}: write {caller}(abs(x)) or {caller}(x.real)"
        )
    if field.ndim == 0:
        raise ValueError(
            f"{caller} takes an array of one axis or two, not a single element: print it"
        )
    if field.ndim > 2:
        keys = ", ".join([":"] * 2 + [str(n // 2) for n in field.shape[2:]])
        raise ValueError(
            f"{caller} takes an array of one axis or two, not of shape {field.shape}: write which slice, as "
            f"{caller}(x[{field.shape[0] // 2}{', 0' * (field.ndim - 3)}]) or {caller}(x[{keys}])"
        )
    if field.size == 0:
        raise ValueError(f"{caller} takes an array with elements, not one of shape {field.shape}")
    return field


def _limit(value: Any, name: str) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is a finite number, not {number}")
    return number


@dataclass
class Wish:
    """How the caller wants pictures: the arguments, checked.

    Raises
    ------
    TypeError, ValueError
        On all ranks, with what is wrong.
    """

    caller: str
    by: str
    pixels: Any
    vmin: Any
    vmax: Any
    cmap: str

    def __post_init__(self) -> None:
        if self.by not in KINDS:
            raise ValueError(f"by= is one of {', '.join(map(repr, KINDS))}, not {self.by!r}")
        given = self.pixels if isinstance(self.pixels, tuple | list) else (self.pixels, self.pixels)
        self._most = tuple(operator.index(n) for n in given)
        if len(self._most) != 2 or min(self._most) < 1:
            raise ValueError(f"pixels= is a number or two (rows, columns), not {self.pixels!r}")
        self.vmin, self.vmax = _limit(self.vmin, "vmin"), _limit(self.vmax, "vmax")
        if self.vmin is not None and self.vmax is not None and self.vmin > self.vmax:
            raise ValueError(f"vmin={self.vmin} is above vmax={self.vmax}")

    def pixels_of(self, x: Any) -> Pixels:
        """Reduce a field to pixels. Collective."""
        field = _field(x, self.caller)
        if field.ndim == 2:
            return pixels_of(field, self._most, [self.by])
        kinds = [self.by] if self.by != "mean" else ["mean", "min", "max"]
        return pixels_of(field, self._most[1:], kinds)

    def look(self, pixels: Pixels, title: str) -> Look:
        """Give the colours: as wanted, or from the least to the greatest element."""
        low = pixels.low if self.vmin is None else self.vmin
        high = pixels.high if self.vmax is None else self.vmax
        return Look(self.cmap, min(low, high), max(low, high), title)
