"""Frames, one after another, into the file of a movie. On rank 0 alone; no frame is kept."""

import contextlib
import importlib
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

from ..new_files import NewFile

__all__ = ["reel_of"]


class _Gif:
    """A GIF by Pillow, each frame with its own colours, in an endless loop."""

    def __init__(self, path: str, rate: float) -> None:
        try:
            self._gif: Any = importlib.import_module("PIL.GifImagePlugin")
            self._image: Any = importlib.import_module("PIL.Image")
        except ImportError:
            raise ImportError(
                "a .gif is written by Pillow, which is not installed: pip install pillow"
            ) from None
        self._each = round(1000 / rate)
        self._file = open(path, "wb")  # noqa: SIM115  closed by close
        self._begun = False

    def put(self, rgb: Any) -> None:
        image = self._image.fromarray(rgb).quantize(dither=self._image.Dither.NONE)
        if not self._begun:
            self._file.writelines(self._gif.getheader(image, info={"loop": 0})[0])
            self._begun = True
        self._file.writelines(
            self._gif.getdata(image, duration=self._each, include_color_table=True)
        )

    def close(self) -> None:
        self._file.write(b";")
        self._file.close()

    def drop(self) -> None:
        self._file.close()


def _ffmpeg() -> str:
    """Find the program: in the path, or imageio's."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    with contextlib.suppress(ImportError, RuntimeError):
        path: str = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
        return path
    raise ImportError(
        "an .mp4 is written by ffmpeg, which is not installed: apt install ffmpeg, or pip install imageio-ffmpeg, "
        "or write a .gif"
    )


class _Mp4:
    """A movie by ffmpeg, which is given the frames as they come."""

    def __init__(self, path: str, rate: float) -> None:
        self._program, self._path, self._rate = _ffmpeg(), path, rate
        self._running: Any = None
        self._said = io.BytesIO()

    def _start(self, rows: int, columns: int) -> None:
        shape = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{columns}x{rows}"]
        # frames of odd sides get another row or column: most players want even ones
        form = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-f", "mp4"]
        command = [self._program, "-y", "-loglevel", "error", *shape, "-r", str(self._rate)]
        self._running = subprocess.Popen(
            [*command, "-i", "-", *form, self._path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def put(self, rgb: Any) -> None:
        if self._running is None:
            self._start(*rgb.shape[:2])
        try:
            self._running.stdin.write(rgb.tobytes())
        except BrokenPipeError:
            self._fail()

    def _fail(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._running.stdin.close()
        text = self._running.stderr.read().decode(errors="replace").strip()
        self._running.stderr.close()
        raise RuntimeError(f"ffmpeg ended with status {self._running.wait()}: {text}")

    def close(self) -> None:
        try:
            self._running.stdin.close()
        except BrokenPipeError:
            self._fail()
        text = self._running.stderr.read().decode(errors="replace").strip()
        self._running.stderr.close()
        if self._running.wait():
            raise RuntimeError(f"ffmpeg ended with status {self._running.returncode}: {text}")

    def drop(self) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.kill()
            self._running.communicate()


_FORMS: dict[str, Callable[[str, float], Any]] = {".gif": _Gif, ".mp4": _Mp4}


class _Reel:
    """A file in the making, which takes the place of an earlier one when it is closed."""

    def __init__(self, path: str, rate: float) -> None:
        self._file = NewFile(path)
        try:
            with self._file.named():
                self._inner = _FORMS[os.path.splitext(path)[1].lower()](self._file.written, rate)
        except BaseException:
            self._file.drop()
            raise

    def put(self, rgb: Any) -> None:
        self._inner.put(rgb)

    def close(self) -> None:
        self._inner.close()
        self._file.keep()

    def drop(self) -> None:
        """Leave nothing, after a failure."""
        with contextlib.suppress(Exception):
            self._inner.drop()
        self._file.drop()


def check_end(path: str) -> None:
    """See that the end of the name is known.

    Raises
    ------
    ValueError
        It is not.
    """
    end = os.path.splitext(path)[1].lower()
    if end not in _FORMS:
        raise ValueError(f"movie({path!r}) needs an end of {' or '.join(_FORMS)}")


def reel_of(path: str, rate: float) -> _Reel:
    """Begin a file of frames, so many in a second."""
    return _Reel(path, rate)
