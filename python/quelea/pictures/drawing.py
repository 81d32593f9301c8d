"""Pixels as a drawing, by matplotlib, or without axes by Pillow, whichever is there. On rank 0 alone."""

import importlib
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy

from .pixels import Pixels

__all__ = ["Look", "drawing_of"]

_BAD = (255, 0, 255)  # what is not finite


@dataclass(frozen=True)
class Look:
    """How a picture is to be.

    Attributes
    ----------
    cmap : str
        A colour map of matplotlib.
    vmin, vmax : float
        What has the first colour, and what the last.
    title : str
    """

    cmap: str
    vmin: float
    vmax: float
    title: str


class _Axes:
    """A drawing by matplotlib: an image with its colours, or a line. Drawn again, it keeps its size."""

    def __init__(self, pixels: Pixels, look: Look) -> None:
        figure = importlib.import_module("matplotlib.figure")
        importlib.import_module("matplotlib.backends.backend_agg")
        self._pixels = pixels
        self.figure = figure.Figure(figsize=(8, 6), dpi=120, layout="constrained")
        self._axes = self.figure.subplots()
        if len(pixels.shape) == 1:
            self._draw_line(pixels, look)
        else:
            self._draw_image(pixels, look)
        self._axes.set_title(look.title)

    def _draw_image(self, pixels: Pixels, look: Look) -> None:
        rows, columns = pixels.shape
        values = next(iter(pixels.values.values()))
        is_thin = max(rows, columns) > 8 * min(rows, columns)
        colours = (
            importlib.import_module("matplotlib")
            .colormaps[look.cmap]
            .with_extremes(bad=tuple(c / 255 for c in _BAD))
        )
        # the last pixels have fewer elements, but are drawn as large
        ends = [n * k for n, k in zip(values.shape, pixels.steps, strict=True)]
        self._image = self._axes.imshow(
            values,
            cmap=colours,
            vmin=look.vmin,
            vmax=look.vmax,
            extent=(-0.5, ends[1] - 0.5, ends[0] - 0.5, -0.5),
            aspect="auto" if is_thin else "equal",
        )
        self._axes.set_xlim(-0.5, columns - 0.5)
        self._axes.set_ylim(rows - 0.5, -0.5)
        self.figure.colorbar(self._image)

    def _draw_line(self, pixels: Pixels, look: Look) -> None:
        (step,), values = pixels.steps, pixels.values
        first, *band = values.values()
        places = step * numpy.arange(first.size) + (step - 1) / 2
        if band and step > 1:
            low, high = values["min"], values["max"]
            self._axes.fill_between(places, low, high, alpha=0.3, linewidth=0)
        self._axes.plot(places, first)
        for place in places[~numpy.isfinite(first)]:
            self._axes.axvline(place, color=[c / 255 for c in _BAD], linewidth=1)
        self._axes.set_xlim(-0.5, max(0.5, pixels.shape[0] - 0.5))
        room = 0.05 * (look.vmax - look.vmin) or 1.0
        if math.isfinite(room):
            self._axes.set_ylim(look.vmin - room, look.vmax + room)

    def again(self, pixels: Pixels, look: Look) -> None:
        """Draw the next one in the same place."""
        if len(pixels.shape) == 1:
            self._axes.clear()
            self._draw_line(pixels, look)
        else:
            self._image.set_data(next(iter(pixels.values.values())))
            self._image.set_clim(look.vmin, look.vmax)
        self._axes.set_title(look.title)

    def save(self, file: Any, form: str) -> None:
        self.figure.savefig(file, format=form)

    def rgb(self) -> Any:
        """Give the drawing as an array of rows, columns and three colours of a byte each."""
        canvas = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(
            self.figure
        )
        canvas.draw()
        return numpy.asarray(canvas.buffer_rgba())[..., :3].copy()


class _Plain:
    """A drawing by Pillow: the pixels alone, in grey."""

    def __init__(self, pixels: Pixels, look: Look) -> None:
        self._image = importlib.import_module("PIL.Image")
        if len(pixels.shape) == 1:
            raise ImportError(
                "a line is drawn by matplotlib, which is not installed: pip install matplotlib"
            )
        self.again(pixels, look)

    def again(self, pixels: Pixels, look: Look) -> None:
        values = next(iter(pixels.values.values()))
        with numpy.errstate(all="ignore"):
            width = look.vmax / 2 - look.vmin / 2
            share = (values / 2 - look.vmin / 2) / (width if width > 0 else 1.0)
            grey = numpy.rint(255 * numpy.clip(share, 0, 1))
        bad = ~numpy.isfinite(values)
        grey = numpy.where(bad, 0, grey).astype(numpy.uint8)
        self._rgb = numpy.stack([numpy.where(bad, c, grey) for c in _BAD], -1).astype(numpy.uint8)

    def save(self, file: Any, form: str) -> None:
        try:
            self._image.fromarray(self._rgb).save(file, format=form)
        except KeyError:
            raise ValueError(
                f"Pillow writes no file of the form {form!r}; install matplotlib, or write a .png"
            ) from None

    def rgb(self) -> Any:
        return self._rgb


def drawing_of(pixels: Pixels, look: Look) -> Any:
    """Draw pixels. The drawing has ``save(file, form)``, ``rgb()`` and ``again(pixels, look)``.

    Raises
    ------
    ImportError
        Neither matplotlib nor Pillow is there.
    """
    for kind, needs in ((_Axes, "matplotlib"), (_Plain, "PIL")):
        try:
            importlib.import_module(needs)
        except ImportError:
            continue
        return kind(pixels, look)
    raise ImportError(
        "pictures are drawn by matplotlib, or by Pillow, of which none is installed: pip install matplotlib"
    )


def png_of(drawing: Any) -> bytes:
    """Give the drawing as the bytes of a PNG file."""
    file = io.BytesIO()
    drawing.save(file, "png")
    return file.getvalue()
