"""Arrays of what Python holds as bytes, text or an iterator: the same on every rank, and copied (contract C4)."""

from typing import Any

import numpy

from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import _check

__all__ = ["from_dlpack", "frombuffer", "fromiter", "fromstring"]


def frombuffer(
    buffer: Any, dtype: Any = float, count: int = -1, offset: int = 0, *, like: Any = None
) -> ndarray:
    r"""Make an array of the bytes of a buffer, as a copy: what changes there later does not reach it.

    Parameters
    ----------
    buffer : buffer_like
    dtype : dtype, default float64
    count : int, default -1
        How many elements; -1: all.
    offset : int, default 0
        Bytes that are left out.

    Returns
    -------
    ndarray of one axis

    Examples
    --------
    >>> import quelea as np
    >>> np.frombuffer(b"\x01\x02", dtype=np.uint8)
    array([1, 2], dtype=uint8)
    """
    _check(like=like, of_c=True)
    return _asarray(numpy.frombuffer(buffer, dtype, count, offset))


def fromstring(
    string: Any, dtype: Any = float, count: int = -1, *, sep: str, like: Any = None
) -> ndarray:
    """Make an array of the numbers in a text.

    Parameters
    ----------
    string : str
    dtype : dtype, default float64
    count : int, default -1
        How many elements; -1: all.
    sep : str
        Between numbers.

    Returns
    -------
    ndarray of one axis
    """
    _check(like=like, of_c=True)
    return _asarray(numpy.fromstring(string, dtype, count, sep=sep))


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> ndarray:
    """Make an array of what an iterator gives, on every rank the same.

    Parameters
    ----------
    iter : iterable
    dtype : dtype
    count : int, default -1
        How many elements; -1: all.

    Returns
    -------
    ndarray of one axis
    """
    _check(like=like, of_c=True)
    return _asarray(numpy.fromiter(iter, dtype, count))


def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> ndarray:
    """Make an array of one of another library, as a copy.

    Parameters
    ----------
    x : object with ``__dlpack__``
    device : {'cpu'}, optional
    copy : bool, optional
        Not False: memory is not shared.

    Returns
    -------
    ndarray
    """
    if copy is not None and not copy:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    return _asarray(numpy.from_dlpack(x, device=device, copy=copy))  # type: ignore[arg-type]


def _dlpack(
    self: ndarray,
    /,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Give the elements to another library; see `quelea.from_dlpack` for the other way.

    They are a snapshot, which cannot be written. Collective: each rank gets all elements. A consumer that cannot be
    told so (of a protocol below 1.0) is refused unless it asks for a copy: what it wrote would be lost.
    """
    if copy or (max_version is not None and tuple(max_version) >= (1, 0)):
        return self.__array__().__dlpack__(
            stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )
    raise BufferError(
        "a Quelea array is given to others for reading alone, which DLPack below 1.0 cannot say; "
        "pass numpy.array(x), a copy, and assign it to x if it is written"
    )


def _dlpack_device(self: ndarray) -> tuple[int, int]:
    """Say where the elements lie: the processor's memory."""
    return (1, 0)
