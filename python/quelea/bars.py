"""A bar for a loop, of rank 0 alone, where somebody watches: it looks at no array, executes nothing and asks nobody.

The other ranks, and batch jobs, go through what they were given itself, at no cost.
"""

import importlib
import operator
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from . import _quelea

__all__ = ["progress"]

_EACH = 0.1  # seconds between two lines


def _is_terminal(path: str) -> bool:
    try:
        where = os.readlink(path)
    except OSError:
        return False
    return where.startswith(("/dev/pts/", "/dev/tty"))


def _is_watched(stream: TextIO) -> bool:
    """Whether somebody sees what rank 0 writes. Mpirun hands it on by a pipe: then its own stream counts."""
    try:
        if stream.isatty():
            return True
    except (AttributeError, ValueError):
        return False
    return _quelea.launched_rank() is not None and _is_terminal(f"/proc/{os.getppid()}/fd/2")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text


def _points(points: Any) -> int | None:
    if points is None:
        return None
    return int(points.size) if hasattr(points, "size") else int(points)


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


class _Line:
    """A plain line of our own, which is written over itself."""

    def __init__(self, stream: TextIO, total: int | None, name: str, points: int | None) -> None:
        self._stream, self._total, self._points = stream, total, points
        self._name = f"{name}: " if name else ""
        self._began = time.perf_counter()
        self._shown = 0

    def _text(self, done: int, now: float) -> str:
        took = now - self._began
        rate = done / took if took > 0 else 0.0
        parts = [f"{done} steps"]
        clock = _clock(took)
        if self._total:
            parts = [f"{100 * done // self._total:3d} % {done}/{self._total}"]
            clock += f" < {_clock((self._total - done) / rate)}" if rate else " < ?"
        parts += [f"[{clock}]", f"{rate:.3g} steps/s"]
        if self._points is not None:
            parts.append(f"{rate * self._points:.3g} points/s")
        return self._name + " ".join(parts)

    def show(self, done: int, now: float, end: str = "") -> None:
        text = self._text(done, now)
        try:
            self._stream.write("\r" + text.ljust(self._shown) + end)
            self._stream.flush()
        except (OSError, ValueError):  # nobody listens any more, which is no reason to end the loop
            return
        self._shown = len(text)

    def over(self, items: Iterable[Any]) -> Iterator[Any]:
        done, due = 0, self._began + _EACH
        try:
            for item in items:
                yield item
                done += 1
                now = time.perf_counter()
                if now >= due:
                    self.show(done, now)
                    due = now + _EACH
        finally:
            self.show(done, time.perf_counter(), "\n")


def _by_tqdm(
    items: Iterable[Any], stream: TextIO, total: int | None, name: str, points: int | None
) -> Any:
    """Give tqdm's bar, or None where it is not installed."""
    try:
        tqdm: Any = importlib.import_module("tqdm").tqdm
    except ImportError:
        return None

    class Bar(tqdm):  # type: ignore[misc]
        @property
        def format_dict(self) -> dict[str, Any]:
            found: dict[str, Any] = super().format_dict
            rate = found["rate"] or (found["n"] / found["elapsed"] if found["elapsed"] else 0)
            if points is not None:
                found["postfix"] = f"{rate * points:.3g} points/s"
            return found

    return Bar(
        items,
        file=stream,
        total=total,
        desc=name or None,
        unit=" steps",
        mininterval=_EACH,
        dynamic_ncols=True,
    )


class progress:
    """Show how far a loop is, on rank 0: steps in a second, and the time that is left.

    Nothing is executed or communicated for it, so what is recorded in a step may be computed some steps later: the
    rates are those of the loop, over all steps so far.

    Parameters
    ----------
    items : iterable
        What the loop goes through: ``range(n)``.
    points : int or array, optional
        How many points a step computes, or an array with so many: then they are counted too.
    name : str, optional
        Before the bar.
    total : int, optional
        How many items there are, where they do not know it themselves.
    show : bool, optional
        By default there is a bar where somebody sees it: rank 0 writes to a terminal, or mpirun does for it.
        In batch jobs there is none.

    Examples
    --------
    >>> import quelea as np
    >>> u = np.zeros(1000)
    >>> for step in np.progress(range(100), points=u):
    ...     u[1:-1] = 0.5 * (u[:-2] + u[2:])
    """

    def __init__(
        self,
        items: Iterable[Any],
        points: Any = None,
        *,
        name: str = "",
        total: int | None = None,
        show: bool | None = None,
    ) -> None:
        self._items = items
        self._points = _points(points)
        self._name = name
        self._total = _length(items) if total is None else operator.index(total)
        shows = _is_watched(sys.stderr) if show is None else bool(show)
        self._shows = shows and sys.stderr is not None and not _quelea.launched_rank()

    def __len__(self) -> int:
        if self._total is None:
            raise TypeError(
                f"{type(self._items).__name__} does not know how long it is: write progress(items, total=)"
            )
        return self._total

    def __iter__(self) -> Iterator[Any]:
        if not self._shows:
            return iter(self._items)
        bar = _by_tqdm(self._items, sys.stderr, self._total, self._name, self._points)
        if bar is not None:
            return iter(bar)
        return _Line(sys.stderr, self._total, self._name, self._points).over(self._items)
