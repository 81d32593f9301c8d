"""``np.lib.stride_tricks``: views of an array along other axes, which copy nothing.

Between nodes a statement that reads such a view is brought the stretch of the array that it touches, not the windows.
Where an element is seen at several places the view is for reading alone.
"""

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy.lib.stride_tricks as theirs
from numpy.lib.array_utils import normalize_axis_tuple

from .. import _quelea
from .._quelea import ndarray
from ..elementwise import as_array

__all__ = ["as_strided", "sliding_window_view"]


def as_strided(
    x: Any,
    shape: Any = None,
    strides: Any = None,
    subok: bool = False,
    writeable: bool = True,
) -> Any:
    """Give a view with any shape and strides, from the first element on.

    Parameters
    ----------
    x : ndarray
    shape : sequence of int, optional
    strides : sequence of int, optional
        In bytes, over the array in C order, as ``x.strides`` has them, and in whole elements.
    subok : bool, default False
    writeable : bool, default True
        False: the view is for reading. It is for reading, too, where an element would be seen at several places.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        The view would reach beyond the array: NumPy reads whatever lies there.

    Examples
    --------
    >>> import quelea as np
    >>> x = np.arange(5)
    >>> np.lib.stride_tricks.as_strided(x, (3, 2), (8, 16))
    array([[0, 2],
           [1, 3],
           [2, 4]])
    """
    if not isinstance(x, ndarray):
        return theirs.as_strided(x, shape, strides, subok, writeable)
    extents = x.shape if shape is None else tuple(operator.index(n) for n in shape)
    if strides is not None:
        steps = tuple(operator.index(n) for n in strides)
    elif shape is not None and _quelea.is_contiguous(x, "C"):
        steps = tuple(x.itemsize * math.prod(extents[a + 1 :]) for a in range(len(extents)))
    else:
        steps = x.strides
    view = _strided(x, extents, steps)
    if not writeable:
        _quelea.set_writable(view, False)
    return view


def _strided(x: ndarray, shape: tuple[int, ...], strides: tuple[int, ...]) -> ndarray:
    if len(shape) != len(strides):
        raise ValueError("mismatch in length of strides and shape")
    if any(n < 0 for n in shape):
        raise ValueError("negative dimensions are not allowed")
    step = _quelea.item_step(x)
    if any(s % step for s, n in zip(strides, shape, strict=True) if n > 1):
        raise NotImplementedError(
            f"strides that are no multiples of an element's {step} bytes are not in Quelea yet; use "
            "numpy.asarray(x), a copy on every rank"
        )
    return _quelea.view_strided(x, shape, tuple(s // step for s in strides))


def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """Give all windows of a shape in an array, as a view: axes of places, then axes within the window.

    Nothing is copied, on one node or on many, and reductions over windows are computed without them
    (``sliding_window_view(x, 3).mean(axis=-1)``); what is no reduction is as large as all windows together.

    Parameters
    ----------
    x : array_like
    window_shape : int or tuple of int
    axis : int or tuple of int, optional
        Which axes the window moves along; None: all.
    subok : bool, default False
    writeable : bool, default False

    Returns
    -------
    ndarray
        It cannot be written into, unless no element is in two windows.

    Raises
    ------
    ValueError
        A window is longer than the axis.

    Examples
    --------
    >>> import quelea as np
    >>> np.lib.stride_tricks.sliding_window_view(np.arange(5), 3)
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    """
    if not isinstance(x, ndarray) and _quelea.foreign(x):
        return theirs.sliding_window_view(x, window_shape, axis, subok=subok, writeable=writeable)
    window = (
        tuple(map(operator.index, window_shape))
        if isinstance(window_shape, Iterable)
        else (operator.index(window_shape),)
    )
    x = as_array(x)
    if any(n < 0 for n in window):
        raise ValueError("`window_shape` cannot contain negative values")
    if axis is None:
        axes = tuple(range(x.ndim))
        if len(window) != len(axes):
            raise ValueError(
                "Since axis is `None`, must provide window_shape for all dimensions of `x`; got "
                f"{len(window)} window_shape elements and `x.ndim` is {x.ndim}."
            )
    else:
        axes = normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
        if len(window) != len(axes):
            raise ValueError(
                f"Must provide matching length window_shape and axis; got {len(window)} window_shape elements "
                f"and {len(axes)} axes elements."
            )
    places = list(x.shape)
    for along, extent in zip(axes, window, strict=True):
        if places[along] < extent:
            raise ValueError("window shape cannot be larger than input array shape")
        places[along] -= extent - 1
    view = _strided(x, (*places, *window), x.strides + tuple(x.strides[along] for along in axes))
    if not writeable:
        _quelea.set_writable(view, False)
    elif not _quelea.is_writable(view):
        raise NotImplementedError(
            "sliding_window_view(writeable=True) is not in Quelea yet: which of the windows that share an element "
            "would write it last follows from no order; assign to slices of the array"
        )
    return view
