"""Files that take the place of earlier ones when they are whole."""

import contextlib
import os
from collections.abc import Iterator

__all__ = ["beside", "name_beside", "named"]


def name_beside(path: str) -> str:
    """Give the name of the new file, in the same folder."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{os.getpid()}.{name}")


@contextlib.contextmanager
def named(path: str, written: str) -> Iterator[None]:
    """Let errors of the file beside have the name that the caller knows."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename != written:
            raise
        raise OSError(error.errno, error.strerror, path) from None


@contextlib.contextmanager
def beside(path: str) -> Iterator[str]:
    """Give a name to write to, which becomes `path` at the end, unless something has failed."""
    written = name_beside(path)
    try:
        with named(path, written):
            yield written
            os.replace(written, os.path.realpath(path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(written)
        raise
