"""Temporary folders of commands: those of commands that were killed go when the next one makes its own."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["TemporaryFolder"]

_LOCK = ".in-use"  # a file of each, locked for as long as its process lives


def _is_left(lock: Path) -> bool:
    """Whether its process is gone, whoever's number it has now, in whatever namespace."""
    try:
        with open(lock, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A folder that is removed at its end, as `tempfile.TemporaryDirectory` is, and otherwise by the next of that name.

    Parameters
    ----------
    name : str
        What it is for.
    """

    def __init__(self, name: str) -> None:
        prefix = f"quelea-{name}-"
        for lock in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_LOCK}"):
            if _is_left(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)
        super().__init__(prefix=prefix)
        new = os.path.join(self.name, f"{_LOCK}.new")  # none is seen that is not locked
        self._lock = os.open(new, os.O_WRONLY | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.replace(new, os.path.join(self.name, _LOCK))

    def cleanup(self) -> None:
        """Remove it."""
        super().cleanup()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
