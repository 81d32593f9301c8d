"""``np.lib.stride_tricks``: views of memory are NumPy's; of our arrays there are slices."""

from typing import Any

import numpy.lib.stride_tricks as theirs

from .._quelea import ndarray

__all__ = ["as_strided", "sliding_window_view"]


def as_strided(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Refuse arrays of Quelea, whose memory is its own; NumPy's function of others."""
    if isinstance(x, ndarray):
        raise NotImplementedError(
            "as_strided is not in Quelea yet; write slices, or take it of numpy.asarray(x), a copy on every rank"
        )
    return theirs.as_strided(x, *args, **kwargs)


def sliding_window_view(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Refuse arrays of Quelea; NumPy's function of others."""
    if isinstance(x, ndarray):
        raise NotImplementedError(
            "sliding_window_view is not in Quelea yet; combine slices, as x[:-2] and x[1:-1], or take it of "
            "numpy.asarray(x), a copy on every rank"
        )
    return theirs.sliding_window_view(x, *args, **kwargs)
