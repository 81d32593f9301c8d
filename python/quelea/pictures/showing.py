"""A picture of a field: in a notebook beneath the cell, else in a file."""

import importlib
import os
import sys
from typing import Any

from ..info import on_root
from ..new_files import new_file
from .drawing import drawing_of, png_of
from .fields import Wish

__all__ = ["show"]

_shown: list[str] = []  # files that this process has named itself


def _notebook() -> Any:
    """Give IPython's display where this process is the kernel of a notebook; else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    return importlib.import_module("IPython.display")


def _form(path: str) -> str:
    end = os.path.splitext(path)[1][1:].lower()
    if not end:
        raise ValueError(f"show(file={path!r}) needs an end that says what it is to be, as .png")
    return end


def show(
    x: Any,
    *,
    file: Any = None,
    by: str = "mean",
    pixels: Any = 1000,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: str = "viridis",
    title: str = "",
) -> str | None:
    """Show a field of one axis, as a line, or of two, as an image with the first row above.

    Collective: it looks at values, so what is recorded is executed. Each rank reduces its own part of the field to
    pixels, and only these go to rank 0, which draws them: no rank ever has the field, but for views that are no
    boxes (diagonals) between nodes, which are copied first, each node its part.

    Parameters
    ----------
    x : array_like
        Of real numbers or truths. Of more axes write which slice: ``show(x[5])``.
    file : path, optional
        Its end says what it is to be: ``.png``, or ``.pdf``, ``.svg`` and what else matplotlib writes. Without it
        the picture appears in the notebook, or, where there is none, in ``show-1.png``, ``show-2.png`` and so on,
        which rank 0 says.
    by : {'mean', 'max', 'min'}
        What a pixel of several elements shows. Means are of the elements, rounded to a multiple of a power of two
        that is beyond what colours tell apart: so they have the same bits on any number of ranks.
    pixels : int or (int, int), default 1000
        So many at most along each side, or as rows and columns: each pixel is of so many elements that there are no
        more. A line has the mean, and the band from the least to the greatest.
    vmin, vmax : float, optional
        What has the first colour, and what the last: of all finite elements the least and the greatest.
    cmap : str, default 'viridis'
        A colour map of matplotlib. What is not finite is magenta; a mean or a maximum with a NaN is NaN.
    title : str

    Returns
    -------
    str or None
        The file, on all ranks; None in a notebook.

    Raises
    ------
    ImportError
        Neither matplotlib nor Pillow is installed on rank 0 (Pillow draws images, in grey and without axes).
    TypeError, ValueError
        Something else cannot be shown. All are raised on all ranks, as an OSError of the file is.

    See Also
    --------
    movie : many of them in a file.
    on_root : any function with the whole array.

    Examples
    --------
    >>> import quelea as np
    >>> u = np.linspace(0, 1, 10**6).reshape(1000, 1000)
    >>> np.show(u * u.T, file="u.png", by="max")                        # doctest: +SKIP
    'u.png'
    """
    wish = Wish("show", by, pixels, vmin, vmax, cmap)
    path = None if file is None else os.fsdecode(os.fspath(file))
    form = "png" if path is None else _form(path)
    made = wish.pixels_of(x)
    look = wish.look(made, str(title))

    def draw() -> str | None:
        drawing = drawing_of(made, look)
        display = _notebook() if path is None else None
        if display is not None:
            display.display(display.Image(data=png_of(drawing)))
            return None
        place = path or f"show-{len(_shown) + 1}.png"
        with new_file(place) as written:
            drawing.save(written, form)
        if path is None:
            _shown.append(place)
            print(f"quelea.show: {place}", file=sys.stderr)
        return place

    shown: str | None = on_root(draw)
    return shown
