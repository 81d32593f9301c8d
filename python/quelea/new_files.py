"""Files that take the place of earlier ones when they are whole: written beside them, in the same folder."""

import contextlib
import os
import shutil
from collections.abc import Iterator

__all__ = ["NewFile", "new_file"]


class NewFile:
    """A file in the making, which is there from now on.

    A device or a pipe, which cannot be exchanged, is written itself.

    Attributes
    ----------
    written : str
        What to write to.

    Raises
    ------
    OSError
        It cannot be made.
    """

    def __init__(self, path: str) -> None:
        self._path, self._place = path, os.path.realpath(path)
        self.written = self._place
        if not os.path.exists(self._place) or os.path.isfile(self._place):
            folder, name = os.path.split(self._place)
            self.written = os.path.join(folder, f".{os.getpid()}.{name}")
            with self.named():
                os.close(os.open(self.written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, self._mode()))

    def _mode(self) -> int:
        """Nobody reads it who could not read what was there."""
        try:
            return os.stat(self._place).st_mode & 0o777 | 0o200
        except OSError:
            return 0o666

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """Let errors have the name that the caller knows."""
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename != self.written:
                raise
            raise OSError(error.errno, error.strerror, self._path) from None

    def keep(self) -> None:
        """Let it take its place; it has the mode of what was there."""
        if self.written != self._place:
            if os.path.exists(self._place):
                shutil.copymode(self._place, self.written)
            os.replace(self.written, self._place)

    def drop(self) -> None:
        """Leave what was there before, and nothing else."""
        if self.written != self._place:
            with contextlib.suppress(OSError):
                os.unlink(self.written)


@contextlib.contextmanager
def new_file(path: str) -> Iterator[str]:
    """Give a name to write to, which becomes `path` at the end, unless something has failed."""
    made = NewFile(path)
    try:
        with made.named():
            yield made.written
            made.keep()
    except BaseException:
        made.drop()
        raise
