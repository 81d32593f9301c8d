"""``x.flat``: the elements one after another in C order."""

import operator
from collections.abc import Iterator
from typing import Any

import numpy

from . import _quelea
from ._quelea import ndarray
from .dispatch import as_numpy
from .elementwise import as_array
from .indexing import _check, _index_array, _mask
from .putting import _again, _check_writable, _values, assign_in_turn, put_numbers

__all__ = ["flatiter"]

_PIECE = 2**16  # elements that are looked at together


class flatiter:
    """The elements of an array in C order, to be gone through, read and assigned by their numbers.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.arange(6).reshape(2, 3)
    >>> x.flat[3], x.T.flat[3]
    (np.int64(3), np.int64(4))
    >>> x.flat[[1, 4]] = 7
    >>> x
    array([[0, 7, 2],
           [3, 7, 5]])
    """

    def __init__(self, base: ndarray) -> None:
        self._base = base
        self._index = 0
        self._piece: Any = ()  # of the elements, which begins at
        self._begins = 0

    @property
    def base(self) -> ndarray:
        """The array."""
        return self._base

    @property
    def index(self) -> int:
        """The number of the next element."""
        return self._index

    @property
    def coords(self) -> tuple[int, ...]:
        """The indices of the next element."""
        if self._index >= max(self._base.size, 1):
            return (*self._base.shape[:1], *(0,) * (self._base.ndim - 1))
        return tuple(int(i) for i in numpy.unravel_index(self._index, self._base.shape))

    def __len__(self) -> int:
        return self._base.size

    def __iter__(self) -> Iterator[Any]:
        self._index = 0
        return self

    def __next__(self) -> Any:
        if self._index >= self._base.size:
            raise StopIteration
        here = self._index - self._begins
        if not 0 <= here < len(self._piece):
            end = min(self._index + _PIECE, self._base.size)
            self._piece = as_numpy(self._line()[self._index : end].copy())
            self._begins, here = self._index, 0
        self._index += 1
        return self._piece[here]

    def _line(self) -> ndarray:
        return self._base.reshape(-1)

    def copy(self) -> ndarray:
        """Give the elements as a new array of one axis."""
        return self._base.flatten()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        values = as_numpy(self.copy())
        return values if dtype is None else values.astype(dtype)

    def _number(self, key: Any) -> tuple[int, ...] | None:
        """Give the indices of one element, if the key is a number."""
        if isinstance(key, (bool, numpy.bool)) or not hasattr(key, "__index__"):
            return None
        if isinstance(key, (ndarray, numpy.ndarray)) and key.ndim:
            return None
        number, size = operator.index(key), self._base.size
        if not -size <= number < size:
            raise IndexError(f"index {number} is out of bounds for size {size}")
        return tuple(int(i) for i in numpy.unravel_index(number % size, self._base.shape))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and len(key) == 1:
            key = key[0]
        at = self._number(key)
        if at is not None:
            return self._base[at]
        if isinstance(key, tuple) or key is None:
            raise IndexError("unsupported iterator index")
        part = self._line()[key]
        return part.copy() if isinstance(key, slice) or key is Ellipsis else part

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, tuple) and len(key) == 1:
            key = key[0]
        x = self._base
        _check_writable(x)
        at = self._number(key)
        if at is not None:
            given = (
                value if not hasattr(value, "reshape") or not value.ndim else value.reshape(-1)[0]
            )
            x[at] = given
            return
        if isinstance(key, tuple) or key is None:
            raise IndexError("unsupported iterator index")
        values = _values(value, x.dtype).reshape(-1)
        mask = None if isinstance(key, slice) or key is Ellipsis else _mask(key)
        if mask is not None:
            if mask.size != x.size or mask.ndim != 1:
                raise IndexError("boolean index array has wrong length")
            if values.size:
                assign_in_turn(x, as_array(mask), values)
            return
        if isinstance(key, slice) or key is Ellipsis:
            self._assign_slice(slice(None) if key is Ellipsis else key, values)
            return
        index = _index_array(key)
        _check(index, x.size, 0)
        if index.size and values.size:
            put_numbers(x, index.reshape(-1), _again(values, index.size))

    def _assign_slice(self, key: slice, values: ndarray) -> None:
        x = self._base
        numbers = range(x.size)[key]
        if not len(numbers) or not values.size:
            return
        given = _again(values, len(numbers))
        line = self._line()
        if len(numbers) == x.size and numbers.step == 1:
            x[...] = given.reshape(x.shape if given.size > 1 else ())
        elif _quelea.shares_storage(line, x):
            line[key] = given
        else:
            ramp = _quelea.ramp((len(numbers),), 0, numbers.start, numbers.step, "int64")
            put_numbers(x, ramp, given)

    def __eq__(self, other: Any) -> Any:
        return self.copy() == _of(other)

    def __ne__(self, other: Any) -> Any:
        return self.copy() != _of(other)

    def __lt__(self, other: Any) -> Any:
        return self.copy() < _of(other)

    def __le__(self, other: Any) -> Any:
        return self.copy() <= _of(other)

    def __gt__(self, other: Any) -> Any:
        return self.copy() > _of(other)

    def __ge__(self, other: Any) -> Any:
        return self.copy() >= _of(other)

    __hash__ = None  # type: ignore[assignment]


def _of(x: Any) -> Any:
    return x.copy() if isinstance(x, flatiter) else x


def _assign_flat(x: ndarray, values: Any) -> None:
    """``x.flat = values``."""
    flatiter(x)[:] = _of(values)


_flat = property(flatiter, _assign_flat, doc=flatiter.__doc__)
