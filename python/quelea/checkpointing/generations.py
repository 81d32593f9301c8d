"""The folder of a checkpoint: its generations, of which each has its name only when it is whole. On rank 0 alone.

A generation is written into a folder that nobody reads, and renamed when all of it is on the disk; one that goes is
renamed before it is removed. So whoever is ended, wherever, leaves whole generations, and perhaps a folder that the
next one removes.

Other jobs may write to the same path, at the same time: their folders have names of their own, and whose manifest is
locked somebody is writing. Generations are numbered when they are whole. Where the file system has no locks one job
may take another's folder for one that was left; the other's call then fails, and leaves what there is.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import zlib
from collections.abc import Sequence

from ..errors import CheckpointError

__all__ = ["MANIFEST", "Writing", "folder", "last", "read_manifest", "whole_before"]

MANIFEST = "manifest"
_HEAD = "quelea checkpoint 2, CRC-32"
_NEW, _OLD = ".new-", ".old-"
_NAME = re.compile(r"0[0-9]{7}|[1-9][0-9]{7,}")


def folder(path: str, number: int) -> str:
    """Name the folder of a generation."""
    return os.path.join(path, f"{number:08d}")


def _numbers(path: str) -> list[int]:
    """Find the generations, whole or not, the oldest first."""
    with contextlib.suppress(FileNotFoundError), os.scandir(path) as entries:
        return sorted(
            int(one.name) for one in entries if _NAME.fullmatch(one.name) and one.is_dir()
        )
    return []


def last(path: str) -> int:
    """Give the last generation; 0: there is none."""
    return max(_numbers(path), default=0)


def _to_disk(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _own(start: str) -> str:
    """Make a name that no other job makes."""
    return start + os.urandom(4).hex()


# ---- writing ----


def _lock(file: int) -> bool:
    """Lock a file as long as it is open; False: somebody else has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks
        pass
    return True


def _remove(name: str) -> None:
    """Remove a folder, at once for everybody else."""
    leaving = os.path.join(os.path.dirname(name), _own(_OLD))
    with contextlib.suppress(OSError):
        os.rename(name, leaving)
        shutil.rmtree(leaving, ignore_errors=True)


def _remove_unless_written(name: str) -> None:
    try:
        file = os.open(os.path.join(name, MANIFEST), os.O_WRONLY)
    except FileNotFoundError:
        _remove(name)
        return
    except OSError:  # somebody else's
        return
    try:
        if _lock(file):
            _remove(name)
    finally:
        os.close(file)


def _remove_what_was_left(path: str) -> None:
    for name in os.listdir(path):
        if name.startswith(_OLD):
            shutil.rmtree(os.path.join(path, name), ignore_errors=True)
        elif name.startswith(_NEW):
            _remove_unless_written(os.path.join(path, name))


class Writing:
    """A generation that is being written, which has a folder and no name yet.

    Attributes
    ----------
    folder : str
    """

    _manifest = -1

    def __init__(self, path: str) -> None:
        os.makedirs(path, exist_ok=True)
        _remove_what_was_left(path)
        self._path = path
        for _ in range(10):
            self.folder = os.path.join(path, _own(f"{_NEW}{self._next():08d}-"))
            os.mkdir(self.folder)
            if self._has_locked():
                return
        raise CheckpointError(f"{path}: other jobs remove what is being written")

    def _next(self) -> int:
        return (
            max((int(name) for name in os.listdir(self._path) if _NAME.fullmatch(name)), default=0)
            + 1
        )

    def _has_locked(self) -> bool:
        """Make the manifest and lock it, unless another job has removed the folder before it was."""
        name = os.path.join(self.folder, MANIFEST)
        with contextlib.suppress(FileNotFoundError):
            self._manifest = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            if _lock(self._manifest) and os.path.exists(name):
                return True
            self._close()
        return False

    def abandon(self) -> None:
        """Remove what there is of it, for it failed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._close()

    def __del__(self) -> None:
        self._close()  # what was interrupted is left, for the next one to remove

    def _close(self) -> None:
        if self._manifest >= 0:
            os.close(self._manifest)
        self._manifest = -1

    def finish(self, text: str, sizes: Sequence[tuple[str, int, str]], keep: int) -> int:
        """Name it when its files are there, then let go of those beyond so many. Gives its number.

        sizes: of each file its name, how long it must be, and who wrote it.
        """
        self._check(sizes)
        self._write_manifest(text.encode())
        self._see_that_it_is_there()
        _to_disk(self.folder)
        number = self._name()
        self._close()
        _to_disk(self._path)
        _let_go(self._path, number, keep)
        return number

    def _see_that_it_is_there(self) -> None:
        """Another job may have taken the folder for what a killed one left, where files have no locks."""
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(os.path.join(self.folder, MANIFEST))
            if os.path.samestat(there, os.fstat(self._manifest)):
                return
        raise CheckpointError(f"{self.folder}: another job has removed what was being written")

    def _check(self, sizes: Sequence[tuple[str, int, str]]) -> None:
        for name, size, who in sizes:
            file = os.path.join(self.folder, name)
            try:
                found = os.path.getsize(file)
            except FileNotFoundError:
                raise CheckpointError(
                    f"{file}, which {who} has written, is not there for rank 0: "
                    "give a path in a file system that all hosts share"
                ) from None
            if found != size:
                raise CheckpointError(
                    f"{file} has {found} bytes of {size}, which {who} has written"
                )

    def _write_manifest(self, data: bytes) -> None:
        left = memoryview(_head(data) + b"\n" + data)
        try:
            while left:
                left = left[os.write(self._manifest, left) :]
            os.fsync(self._manifest)
        except OSError as error:
            name = os.path.join(self.folder, MANIFEST)
            raise OSError(error.errno, error.strerror, name) from None

    def _name(self) -> int:
        number = self._next()
        while True:
            try:
                os.rename(self.folder, folder(self._path, number))
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise
                number += 1  # another job has just taken it
            else:
                return number


def _let_go(path: str, newest: int, keep: int) -> None:
    """Remove what is older than so many whole generations. What has no manifest is not ours to remove."""
    kept = 0
    for number in reversed(_numbers(path)):
        if kept >= keep:
            if os.path.exists(os.path.join(folder(path, number), MANIFEST)):
                _remove(folder(path, number))
        elif number == newest or _is_whole(path, number):
            kept += 1


# ---- reading ----


def _head(data: bytes) -> bytes:
    return f"{_HEAD} {zlib.crc32(data):08x} of {len(data)} bytes".encode()


def read_manifest(path: str, number: int) -> str:
    """Read what a generation says of itself, and check that it is what was written."""
    name = os.path.join(folder(path, number), MANIFEST)
    with open(name, "rb") as file:
        head, _, data = file.read().partition(b"\n")
    if head != _head(data):
        raise CheckpointError(f"{name} is not as it was written, or not of this version of Quelea")
    return data.decode()


def _is_whole(path: str, number: int) -> bool:
    """Whether the manifest is as it was written, and all files are there as long as they were."""
    try:
        files = json.loads(read_manifest(path, number))["files"]
        return all(
            os.path.getsize(os.path.join(folder(path, number), name)) == noted[0]
            for name, (noted, _) in files.items()
        )
    except (OSError, CheckpointError):
        return False


def whole_before(path: str, number: int) -> int:
    """Give the last generation before one of which all files are there; 0: there is none."""
    return next((k for k in reversed(_numbers(path)) if k < number and _is_whole(path, k)), 0)
