"""A movie of a field: a frame now and then, drawn by rank 0, into a file."""

import base64
import contextlib
import operator
import os
from types import TracebackType
from typing import Any

from ..info import on_root
from .drawing import Look, drawing_of
from .fields import Wish
from .reels import check_end, reel_of

__all__ = ["movie"]


class movie:
    """Write a movie of a field, frame by frame.

    Collective. Frames are made as by `show`: each rank reduces its part to pixels, which rank 0 draws and writes at
    once; it keeps none. Calls of `add` between frames execute nothing and send nothing.

    Parameters
    ----------
    file : path
        ``.gif``, written by Pillow, or ``.mp4``, by ffmpeg: the program, or that of imageio-ffmpeg. It appears under
        its name when it is whole.
    every : int, default 1
        Only the first and each so many-th call of `add` makes a frame.
    fps : float, default 20
        Frames in a second.
    by : {'mean', 'max', 'min'}
    pixels : int or (int, int), default 600
    vmin, vmax : float, optional
        What has the first colour, and what the last, in all frames. What is not given is the least and the greatest
        element of the first frame in which these differ.
    cmap : str, default 'viridis'
        The others are those of `show`.

    Attributes
    ----------
    frames : int
        How many there are so far.

    Raises
    ------
    ImportError
        What writes such a file is not installed on rank 0, or neither matplotlib nor Pillow, which draw.
    TypeError, ValueError
        An array cannot be shown, or has another shape than the one before. All are raised on all ranks, as an
        OSError of the file is; then there is no file.

    See Also
    --------
    show : one picture.

    Examples
    --------
    >>> import quelea as np
    >>> u = np.zeros((1000, 1000))
    >>> with np.movie("heat.gif", every=10) as m:                       # doctest: +SKIP
    ...     for step in range(1000):
    ...         u[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] - 2 * u[1:-1, 1:-1])
    ...         m.add(u, title=f"step {step}")

    An exception in the block, or Ctrl-C, ends the movie with the frames that it has.
    """

    def __init__(
        self,
        file: Any,
        *,
        every: int = 1,
        fps: float = 20,
        by: str = "mean",
        pixels: Any = 600,
        vmin: float | None = None,
        vmax: float | None = None,
        cmap: str = "viridis",
    ) -> None:
        self._path = os.fsdecode(os.fspath(file))
        check_end(self._path)
        self._every, self._rate = operator.index(every), float(fps)
        if self._every < 1 or not 0 < self._rate <= 1000:
            raise ValueError("every= is 1 or more, and fps= above 0 and at most 1000")
        self._wish = Wish("movie.add", by, pixels, vmin, vmax, cmap)
        self._calls = self.frames = 0
        self._shape: tuple[int, ...] | None = None
        self._colours: tuple[float, float] | None = None
        self._reel: Any = None  # on rank 0, as what is drawn
        self._drawing: Any = None
        self._closed = False
        on_root(self._begin)

    # ---- on rank 0 ----

    def _begin(self) -> None:
        self._reel = reel_of(self._path, self._rate)

    def _draw(self, pixels: Any, look: Look) -> None:
        if self._drawing is None:
            self._drawing = drawing_of(pixels, look)
        else:
            self._drawing.again(pixels, look)
        self._reel.put(self._drawing.rgb())

    def _finish(self) -> None:
        reel, self._reel, self._drawing = self._reel, None, None
        try:
            if self.frames:
                reel.close()
            else:
                reel.drop()
        except BaseException:
            reel.drop()
            raise

    def _drop(self) -> None:
        """Leave no file behind, on the rank that has one."""
        self._closed = True
        if self._reel is not None:
            self._reel.drop()
            self._reel = None

    # ---- on all ----

    def add(self, x: Any, title: str = "") -> bool:
        """Make a frame of a field, if it is time. Collective.

        Parameters
        ----------
        x : array_like
            Of one axis or two, and of the same shape each time.
        title : str

        Returns
        -------
        bool
            Whether there is a frame of it.
        """
        if self._closed:
            raise ValueError(f"the movie {self._path} is closed")
        self._calls += 1
        if (self._calls - 1) % self._every:
            return False
        try:
            self._add(x, str(title))
        except (Exception, KeyboardInterrupt):
            self._drop()
            raise
        self.frames += 1
        return True

    def _add(self, x: Any, title: str) -> None:
        pixels = self._wish.pixels_of(x)
        if self._shape not in (None, pixels.shape):
            raise ValueError(f"frames have the shape {self._shape}, not {pixels.shape}")
        self._shape = pixels.shape
        look = self._wish.look(pixels, title)
        if self._colours is None and look.vmin < look.vmax:
            self._colours = look.vmin, look.vmax
        low, high = self._colours or (look.vmin, look.vmax)
        look = Look(look.cmap, low, high, title)
        on_root(lambda: self._draw(pixels, look))

    def close(self) -> None:
        """Write the end of the file, which gets its name. Collective. Without frames there is none."""
        if not self._closed:
            self._closed = True
            on_root(self._finish)

    def __enter__(self) -> "movie":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        elif not self._closed:  # the others may have come elsewhere: rank 0 finishes alone
            self._closed = True
            if self._reel is not None:
                with contextlib.suppress(Exception):
                    self._finish()

    def _repr_html_(self) -> str | None:
        """What a notebook shows of it."""
        if not (self._closed and os.path.exists(self._path)):
            return None
        with open(self._path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        if self._path.lower().endswith(".gif"):
            return f'<img src="data:image/gif;base64,{data}">'
        return f'<video controls loop src="data:video/mp4;base64,{data}"></video>'
