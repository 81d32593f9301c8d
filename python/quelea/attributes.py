"""Attributes of arrays about their memory, as far as arrays over ranks have them: `flags`, `data`, and `resize`.

Which object owns the memory they do not say: an array is a handle on it, as a view is. So there is neither ``base`` nor
``flags.owndata``; `shares_memory` tells whether two arrays have an element in common.
"""

import operator
from typing import Any

from . import _quelea
from ._quelea import ndarray
from .creation import zeros
from .elementwise import order_of_new

__all__: list[str] = []

_WORDS = {
    "C_CONTIGUOUS": "c_contiguous", "C": "c_contiguous", "CONTIGUOUS": "c_contiguous",
    "F_CONTIGUOUS": "f_contiguous", "F": "f_contiguous", "FORTRAN": "f_contiguous", "FNC": "fnc", "FORC": "forc",
    "WRITEABLE": "writeable", "W": "writeable", "ALIGNED": "aligned", "A": "aligned",
    "WRITEBACKIFCOPY": "writebackifcopy", "X": "writebackifcopy", "BEHAVED": "behaved", "B": "behaved",
    "CARRAY": "carray", "CA": "carray", "FARRAY": "farray", "FA": "farray",
}  # fmt: skip


class flagsobj:
    """How the elements of an array lie, and whether they may be assigned; an array's ``flags``."""

    __slots__ = ("_array",)

    def __init__(self, array: ndarray) -> None:
        self._array = array

    @property
    def c_contiguous(self) -> bool:
        """Whether elements follow one another in C order."""
        return _quelea.is_contiguous(self._array, "C")

    @property
    def f_contiguous(self) -> bool:
        """Whether elements follow one another in Fortran order."""
        return _quelea.is_contiguous(self._array, "F")

    contiguous, fortran = c_contiguous, f_contiguous

    @property
    def writeable(self) -> bool:
        """Whether elements may be assigned through this array."""
        return _quelea.is_writable(self._array)

    @writeable.setter
    def writeable(self, value: Any) -> None:
        _quelea.set_writable(self._array, bool(value))

    @property
    def aligned(self) -> bool:
        """Whether elements are aligned: always."""
        return True

    @aligned.setter
    def aligned(self, value: Any) -> None:
        if not value:
            raise NotImplementedError("elements of Quelea's arrays are always aligned")

    @property
    def writebackifcopy(self) -> bool:
        """Whether it is a copy that is to be written back: never."""
        return False

    @property
    def fnc(self) -> bool:
        """Whether it is in Fortran order and not in C order."""
        return self.f_contiguous and not self.c_contiguous

    @property
    def forc(self) -> bool:
        """Whether it is in one of both orders."""
        return self.f_contiguous or self.c_contiguous

    @property
    def behaved(self) -> bool:
        """Whether elements are aligned and may be assigned."""
        return self.writeable

    @property
    def carray(self) -> bool:
        """Whether it is behaved and in C order."""
        return self.behaved and self.c_contiguous

    @property
    def farray(self) -> bool:
        """Whether it is behaved, in Fortran order and not in C order."""
        return self.behaved and self.fnc

    @property
    def owndata(self) -> bool:
        """Whether the memory is its own is not said."""
        raise AttributeError(
            "flags.owndata is not in Quelea yet; np.shares_memory(a, b) tells whether two arrays see the same elements"
        )

    def __getitem__(self, key: Any) -> bool:
        """Give a flag by its name in capitals."""
        if key in ("OWNDATA", "O"):
            return self.owndata
        if key not in _WORDS:
            raise KeyError("Unknown flag")
        return bool(getattr(self, _WORDS[key]))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set a flag by its name in capitals."""
        if key not in ("WRITEABLE", "W", "ALIGNED", "A"):
            raise KeyError("Unknown flag")
        setattr(self, _WORDS[key], value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, flagsobj) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Print all flags."""
        names = ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED", "WRITEBACKIFCOPY")
        return "\n".join(f"  {name} : {self[name]}" for name in names) + "\n"


def _flags(self: ndarray) -> flagsobj:
    """How the elements lie, and whether they may be assigned."""
    return flagsobj(self)


def _setflags(self: ndarray, write: Any = None, align: Any = None, uic: Any = None) -> None:
    """``ndarray.setflags``: let elements be assigned through this array, or not."""
    if align is not None:
        flagsobj(self).aligned = align
    if uic:
        raise ValueError("cannot set WRITEBACKIFCOPY flag to True")
    if write is not None:
        _quelea.set_writable(self, bool(write))


def _data(self: ndarray) -> memoryview:
    """A snapshot of the elements, which cannot be written; of an array that is partitioned there is none."""
    return memoryview(self)  # type: ignore[arg-type]


def _resize(self: ndarray, *new_shape: Any, refcheck: bool = True) -> None:
    """``ndarray.resize``: be an array of another shape, with the first elements in C order and zeros behind them.

    Views of what it was stay as they are; nobody counts them, whatever `refcheck` is.
    """
    if new_shape in ((), (None,)):
        return
    given = new_shape[0] if len(new_shape) == 1 else new_shape
    shape = (
        tuple(operator.index(n) for n in given)
        if isinstance(given, (tuple, list))
        else (operator.index(given),)
    )
    if any(n < 0 for n in shape):
        raise ValueError("negative dimensions not allowed")
    if _quelea.is_value(self):
        raise ValueError("cannot resize this array: it does not own its data")
    is_fortran = order_of_new(self) == "F"
    if not is_fortran and not _quelea.is_contiguous(self, "C"):
        raise ValueError("resize only works on single-segment arrays")
    made = zeros(shape, self.dtype, "F" if is_fortran else "C")
    count = min(made.size, self.size)
    if count:  # elements stay where they lie in memory
        before, after = (a.T.reshape(-1) if is_fortran else a.reshape(-1) for a in (self, made))
        after[:count] = before[:count]
    _quelea.exchange(self, made)
