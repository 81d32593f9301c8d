"""Writing a generation by all ranks, and reading one on as many as there are then."""

import contextlib
import json
import math
import operator
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from .. import _quelea, config
from .._quelea import ndarray
from ..boxes import Box
from ..creation import empty
from ..errors import CheckpointError
from ..info import info, on_root
from . import generations, pieces
from .state import packed, unpacked
from .together import on_all

__all__ = ["CheckpointReport", "Restored", "checkpoint", "restore"]


@dataclass(frozen=True)
class CheckpointReport:
    """What was written or read, by all ranks together.

    Attributes
    ----------
    path : str
    generation : int
    bytes : int
        Of arrays; when they are read on other numbers of ranks, chunks that two ranks need count twice.
    seconds : float
        By rank 0's clock, from the call to its end; what was recorded before is executed within it.
    files : int
    """

    path: str
    generation: int
    bytes: int
    seconds: float
    files: int

    def __str__(self) -> str:
        rate = self.bytes / max(self.seconds, 1e-9)
        return (
            f"generation {self.generation} of {self.path}: {self.bytes / 1e6:.1f} MB in {self.files} file(s), "
            f"{self.seconds:.2f} s, {rate / 1e6:.0f} MB/s"
        )


class Restored(dict[str, Any]):
    """What was kept, by its names, and how it was read: ``report``."""

    report: CheckpointReport


# ---- arrays as they lie ----


def _lying(x: ndarray) -> tuple[ndarray, list[int]]:
    """Give an array that is all of its memory, and which of its axes are those of x. Of a view it is a copy."""
    axes = list(range(x.ndim))
    if x.size and not _quelea.is_whole(x):
        axes.sort(key=lambda a: -abs(x.strides[a]))
        turned = x.transpose(axes)
        if _quelea.is_whole(turned):
            return turned, axes
        return x.copy(), list(range(x.ndim))
    return x, axes


def _file(rank: int) -> str:
    return f"piece-{rank:05d}"


def kept(keep: Any) -> int:
    """Give how many generations stay, before anything is done with them."""
    number = operator.index(keep)
    if number < 1:
        raise ValueError(f"keep={keep}: at least one generation stays, the one that is written")
    return number


def _is_empty(box: Box) -> bool:
    return any(a >= b for a, b in zip(*box, strict=True))


def checkpoint(path: Any, /, *, keep: int = 2, **what: Any) -> CheckpointReport:
    """Keep arrays and values in files, from which `restore` makes them again, on any number of ranks. Collective.

    Every rank writes its own piece of each array. Earlier generations stay as they are until this one is whole and on
    the disk: whatever ends the job, or fails, leaves the last of them.

    Parameters
    ----------
    path : path
        A folder, in a file system that all hosts share. It is made if it is not there.
    keep : int, default 2
        So many generations stay, this one among them; while it is written there is one more. Of which a file is
        missing, or not as long as it was written, is not counted.
    **what : ndarray, number, str, bytes, list, tuple, dict, None, NumPy scalar or array, or Generator
        By names of your own. Lists, tuples and dicts may hold any of these, arrays too. Views are kept as arrays of
        their own. Values must be the same on all ranks: rank 0's are written. NumPy's arrays have at most 16 MB.

    Returns
    -------
    CheckpointReport
        Generation, bytes and time: the same on all ranks.

    Raises
    ------
    OSError
        A file could not be written on some rank: the same error on all, with its name. This generation is removed.
    CheckpointError
        The hosts do not share the folder.
    TypeError, ValueError
        A value cannot be kept: objects of other classes are not pickled.

    Notes
    -----
    Other jobs may write to the same path: each generation is the whole of one of them, numbered as they were finished.

    See Also
    --------
    restore, checkpoint_every

    Examples
    --------
    >>> import quelea as np, tempfile
    >>> folder = np.on_root(tempfile.mkdtemp)  # the same on all ranks
    >>> report = np.checkpoint(folder, u=np.arange(4.0), step=7, rng=np.random.default_rng(1))
    >>> saved = np.restore(folder)
    >>> saved["step"], saved["u"]
    (7, array([0., 1., 2., 3.]))
    """
    began = time.perf_counter()
    place, keep = os.fsdecode(path), kept(keep)
    arrays: list[ndarray] = []
    state = {name: packed(what[name], arrays, name) for name in sorted(what)}  # alike on all ranks
    with config._looking_is_allowed():
        lying = [_lying(x) for x in arrays]
        mine: list[tuple[ndarray, Box]] = [
            (x, _quelea.piece(x) if x.size else ([0], [0])) for x, _ in lying
        ]
    rank = _quelea.info()["rank"]
    held = [(k, x, b) for k, (x, b) in enumerate(mine) if not _is_empty(b) and (x.ndim or not rank)]
    writing: list[generations.Writing] = []  # of rank 0

    def begin() -> str:
        writing.append(generations.Writing(place))
        return writing[0].folder

    new: str = on_root(begin)
    name = os.path.join(new, _file(rank))

    def write() -> list[Any]:
        if not held:
            return []
        os.makedirs(new, exist_ok=True)  # rank 0 has made it: who does not see that yet looks again
        noted = pieces.write(name, [(x, box) for _, x, box in held])
        return [noted, [[k, *box] for k, _, box in held], _quelea.info()["host"]]

    def finish(written: list[Any]) -> CheckpointReport:
        files = {_file(r): one[:2] for r, one in enumerate(written) if one}
        manifest = {
            "ranks": len(written),
            "arrays": [
                {"shape": list(x.shape), "dtype": x.dtype.str, "axes": axes} for x, axes in lying
            ],
            "files": files,
            "state": {name: state[name] for name in what},
        }
        sizes = [
            (_file(r), one[0][0], f"rank {r} on {one[2]}") for r, one in enumerate(written) if one
        ]
        number = writing[0].finish(json.dumps(manifest, allow_nan=False), sizes, keep)
        total = sum(x.nbytes for x, _ in lying)
        return CheckpointReport(place, number, total, time.perf_counter() - began, len(files))

    try:
        written = on_all(write)
        report: CheckpointReport = on_root(lambda: finish(written))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
            os.rmdir(new)  # where rank 0 does not see it
        for one in writing:
            one.abandon()
        raise
    return report


# ---- reading ----

_AT_A_TIME = 2**25  # bytes of arrays that a rank reads before it stores them


@dataclass
class _Kept:
    """An array as a manifest has it."""

    number: int
    shape: tuple[int, ...]
    written: str  # its dtype in the files
    axes: list[int]

    def __post_init__(self) -> None:
        self.dtype = numpy.dtype(self.written).newbyteorder("=")
        self.size = math.prod(self.shape)
        self.is_everywhere = not self.shape or self.size <= info()["replicated_size"]

    def bytes_of_rank(self) -> int:
        """About so many are read by each rank."""
        return self.size * self.dtype.itemsize // (1 if self.is_everywhere else info()["size"])


def _together(arrays: Sequence[_Kept]) -> Iterator[list[_Kept]]:
    """Give arrays of which each rank has few bytes, or one."""
    some: list[_Kept] = []
    total = 0
    for one in arrays:
        total += one.bytes_of_rank()
        if some and total > _AT_A_TIME:
            yield some
            some, total = [], one.bytes_of_rank()
        some.append(one)
    if some:
        yield some


class _Reading:
    """Arrays that are being made of the pieces in files, by each rank what it holds.

    Attributes
    ----------
    done : int
        Bytes that all ranks have read.
    """

    def __init__(self, where: str, manifest: dict[str, Any], contents: int) -> None:
        self._arrays = [
            _Kept(k, tuple(one["shape"]), one["dtype"], one["axes"])
            for k, one in enumerate(manifest["arrays"])
        ]
        self._files = {
            os.path.join(where, name): (
                noted,
                [[*piece, self._arrays[piece[0]].written] for piece in inside],
            )
            for name, (noted, inside) in manifest["files"].items()
        }
        self._contents = contents << 32  # of which each array is another
        self.done = 0

    def arrays(self) -> list[ndarray]:
        """Read all of them. Collective."""
        made: list[ndarray] = []
        for some in _together(self._arrays):
            for one, x in zip(some, self._read(some), strict=True):
                turned = x.transpose(numpy.argsort(one.axes).tolist()) if x.ndim > 1 else x
                made.append(turned)
        return made

    def _read(self, some: list[_Kept]) -> list[ndarray]:
        """Read some of them, file by file."""
        everywhere = [one for one in some if one.size and one.is_everywhere]
        new = {
            one.number: _quelea.piece_new(one.shape, one.dtype)
            for one in some
            if one.size and not one.is_everywhere
        }
        parts: dict[int, Any] = {}

        def read() -> tuple[int, dict[int, Any]]:
            wanted: pieces.Wanted = {}
            for k, (_, (begin, end)) in new.items():
                extents = [b - a for a, b in zip(begin, end, strict=True)]
                parts[k] = numpy.empty(extents, self._arrays[k].dtype)
                if parts[k].size:
                    wanted[k] = parts[k], begin
            whole = {}
            if _quelea.info()["rank"] == 0:
                whole = {one.number: numpy.empty(one.shape, one.dtype) for one in everywhere}
            wanted.update((k, (into, (0,) * into.ndim)) for k, into in whole.items())
            return sum(
                pieces.read(name, *file, wanted) for name, file in self._files.items()
            ), whole

        given = on_all(read)
        self.done += sum(done for done, _ in given)
        made = {k: _quelea.asarray(whole) for k, whole in given[0][1].items()}
        for k, (x, _) in new.items():
            _quelea.piece_store(x, parts.pop(k), self._contents | k)
            made[k] = x
        return [made[one.number] if one.size else empty(one.shape, one.dtype) for one in some]


_NO_DEFAULT: Any = object()


def restore(path: Any, /, default: Any = _NO_DEFAULT, *, generation: int | None = None) -> Any:
    """Make again what `checkpoint` has kept, on any number of ranks. Collective.

    Every rank reads what it will hold of each array. Values and elements have the bits they had; layouts are those of
    new arrays.

    Parameters
    ----------
    path : path
        The folder.
    default : any, optional
        Given back where nothing was kept yet; without it that is an error.
    generation : int, optional
        Which; the last one by default.

    Returns
    -------
    Restored
        A dict of what was kept, by its names; ``report`` says what was read.

    Raises
    ------
    FileNotFoundError
        There is no such generation, or a file of it is missing.
    CheckpointError
        A file is not as it was written: the same error on all ranks, with its name. Earlier generations can be asked
        for.
    OSError
        A file cannot be read.

    Examples
    --------
    >>> import quelea as np, tempfile
    >>> folder = np.on_root(tempfile.mkdtemp)  # the same on all ranks
    >>> saved = np.restore(folder, None)
    >>> u, step = (saved["u"], saved["step"]) if saved else (np.zeros(4), 0)
    >>> step
    0
    """
    began = time.perf_counter()
    place = os.fsdecode(path)
    number: int
    if generation is None:
        number = on_root(lambda: generations.last(place))
        if not number and default is not _NO_DEFAULT:
            return default
        if not number:
            raise FileNotFoundError(2, "There is no checkpoint", place)
    else:
        number = operator.index(generation)
    try:
        text: str = on_root(lambda: generations.read_manifest(place, number))
        manifest = json.loads(text)
        reading = _Reading(generations.folder(place, number), manifest, zlib.crc32(text.encode()))
        arrays = reading.arrays()
    except (OSError, CheckpointError) as error:
        now, before = on_root(lambda: _others(place, number))
        if generation is None and now > number:  # another job has let go of it meanwhile
            return restore(path)
        if before:
            error.add_note(f"restore(path, generation={before}) takes the generation before")
        raise
    saved = Restored({name: unpacked(value, arrays) for name, value in manifest["state"].items()})
    seconds: float = on_root(lambda: time.perf_counter() - began)
    saved.report = CheckpointReport(place, number, reading.done, seconds, len(manifest["files"]))
    return saved


def _others(place: str, number: int) -> tuple[int, int]:
    """Give the last generation, if one is gone, or 0, and the last whole one before it."""
    is_there = os.path.exists(generations.folder(place, number))
    return 0 if is_there else generations.last(place), generations.whole_before(place, number)
