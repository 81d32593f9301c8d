"""The folder of a checkpoint: its generations, of which each has its name only when it is whole. On rank 0 alone.

A generation is written into a folder that nobody reads, and renamed when all of it is on the disk; one that goes is
renamed before it is removed. So whoever is ended, wherever, leaves whole generations, and perhaps a folder that the
next one removes.
"""

import contextlib
import os
import shutil
import zlib
from collections.abc import Sequence

from ..errors import CheckpointError

__all__ = [
    "MANIFEST",
    "abandon",
    "begin",
    "finish",
    "folder",
    "new_folder",
    "numbers",
    "read_manifest",
]

MANIFEST = "manifest"
_HEAD = "quelea checkpoint 1, CRC-32"
_NEW, _OLD = ".new-", ".old-"


def folder(path: str, number: int) -> str:
    """Name the folder of a generation."""
    return os.path.join(path, f"{number:08d}")


def new_folder(path: str, number: int) -> str:
    """Name the folder in which it is written."""
    return os.path.join(path, f"{_NEW}{number:08d}")


def numbers(path: str) -> list[int]:
    """Find the generations, the oldest first."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(int(name) for name in os.listdir(path) if name.isdecimal() and len(name) >= 8)
    return []


def _to_disk(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def begin(path: str) -> int:
    """Make the folder for the next generation, and remove what earlier ones have left. Gives its number."""
    os.makedirs(path, exist_ok=True)
    for name in os.listdir(path):
        if name.startswith((_NEW, _OLD)):
            shutil.rmtree(os.path.join(path, name), ignore_errors=True)
    number = max(numbers(path), default=0) + 1
    os.mkdir(new_folder(path, number))
    return number


def abandon(path: str, number: int) -> None:
    """Remove what there is of a generation that failed."""
    shutil.rmtree(new_folder(path, number), ignore_errors=True)


def finish(
    path: str, number: int, text: str, sizes: Sequence[tuple[str, int, str]], keep: int
) -> None:
    """Name a generation whose files are there, then let go of those beyond so many.

    sizes: of each file its name, how long it must be, and who wrote it.
    """
    written = new_folder(path, number)
    for name, size, who in sizes:
        file = os.path.join(written, name)
        if not os.path.exists(file):
            raise CheckpointError(
                f"{file}, which {who} has written, is not there for rank 0: "
                "give a path in a file system that all hosts share"
            )
        if os.path.getsize(file) != size:
            raise CheckpointError(
                f"{file} has {os.path.getsize(file)} bytes of {size}, which {who} has written"
            )
    data = text.encode()
    with open(os.path.join(written, MANIFEST), "wb") as file_of_manifest:
        file_of_manifest.write(
            f"{_HEAD} {zlib.crc32(data):08x} of {len(data)} bytes\n".encode() + data
        )
        file_of_manifest.flush()
        os.fsync(file_of_manifest.fileno())
    _to_disk(written)
    os.rename(written, folder(path, number))
    _to_disk(path)
    for old in numbers(path)[:-keep]:
        leaving = os.path.join(path, f"{_OLD}{old:08d}")
        with contextlib.suppress(OSError):
            os.rename(folder(path, old), leaving)
            shutil.rmtree(leaving, ignore_errors=True)


def read_manifest(path: str, number: int) -> str:
    """Read what a generation says of itself, and check that it is what was written."""
    name = os.path.join(folder(path, number), MANIFEST)
    with open(name, "rb") as file:
        head, _, data = file.read().partition(b"\n")
    if head != f"{_HEAD} {zlib.crc32(data):08x} of {len(data)} bytes".encode():
        raise CheckpointError(
            f"{name} is not as it was written, or not of this version of Quelea: {_others(path, number)}"
        )
    return data.decode()


def _others(path: str, number: int) -> str:
    before = [k for k in numbers(path) if k < number]
    return (
        f"restore(path, generation={before[-1]}) takes the one before"
        if before
        else "there is none before"
    )
