"""Writing a generation by all ranks, and reading one on as many as there are then."""

import contextlib
import json
import math
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from .. import _quelea, config
from .._quelea import ndarray
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


def _is_empty(box: pieces.Box) -> bool:
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
        So many generations stay, this one among them; while it is written there is one more.
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
    place = os.fsdecode(path)
    if keep < 1:
        raise ValueError(f"keep={keep}: at least one generation stays, the one that is written")
    arrays: list[ndarray] = []
    state = {name: packed(value, arrays, name) for name, value in what.items()}
    with config._looking_is_allowed():
        lying = [_lying(x) for x in arrays]
        mine: list[tuple[ndarray, pieces.Box]] = [
            (x, _quelea.piece(x) if x.size else ([0], [0])) for x, _ in lying
        ]
    rank = _quelea.info()["rank"]
    held = [(k, x, b) for k, (x, b) in enumerate(mine) if not _is_empty(b) and (x.ndim or not rank)]
    number: int = on_root(lambda: generations.begin(place))
    new = generations.new_folder(place, number)
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
            "generation": number,
            "ranks": len(written),
            "arrays": [
                {"shape": list(x.shape), "dtype": x.dtype.str, "axes": axes} for x, axes in lying
            ],
            "files": files,
            "state": state,
        }
        sizes = [
            (_file(r), one[0][0], f"rank {r} on {one[2]}") for r, one in enumerate(written) if one
        ]
        generations.finish(place, number, json.dumps(manifest, allow_nan=False), sizes, keep)
        total = sum(x.nbytes for x, _ in lying)
        return CheckpointReport(place, number, total, time.perf_counter() - began, len(files))

    try:
        written = on_all(write)
        report: CheckpointReport = on_root(lambda: finish(written))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
            os.rmdir(new)  # where rank 0 does not see it
        if rank == 0:
            generations.abandon(place, number)
        raise
    return report


# ---- reading ----


def _read(
    where: str, files: dict[str, Any], kinds: Sequence[str], number: int, into: Any, origin: Any
) -> int:
    done = 0
    for name, (noted, inside) in files.items():
        described = [[k, begin, end, kinds[k]] for k, begin, end in inside]
        done += pieces.read(os.path.join(where, name), noted, described, number, into, origin)
    return done


def _read_array(
    where: str, manifest: dict[str, Any], number: int, contents: int
) -> tuple[ndarray, int]:
    """Make an array of its pieces; give the bytes that all ranks have read for it."""
    one = manifest["arrays"][number]
    shape, dtype = tuple(one["shape"]), numpy.dtype(one["dtype"]).newbyteorder("=")
    kinds = [array["dtype"] for array in manifest["arrays"]]
    size = math.prod(shape)
    if size == 0:
        return empty(shape, dtype), 0
    if not shape or size <= info()["replicated_size"]:

        def read() -> Any:
            whole = numpy.empty(shape, dtype)
            return whole, _read(where, manifest["files"], kinds, number, whole, (0,) * len(shape))

        whole, done = on_root(read)
        return _quelea.asarray(whole), done
    made, (begin, end) = _quelea.piece_new(shape, dtype)
    part: list[Any] = []

    def read_mine() -> int:
        part.append(numpy.empty([b - a for a, b in zip(begin, end, strict=True)], dtype))
        if part[0].size == 0:
            return 0
        return _read(where, manifest["files"], kinds, number, part[0], begin)

    done = sum(on_all(read_mine))
    _quelea.piece_store(made, part[0], contents)
    return made, done


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

    def find() -> tuple[int, str, int] | None:
        found = generations.numbers(place)
        if generation is None and not found:
            return None
        number = found[-1] if generation is None else generation
        before = max((k for k in found if k < number), default=0)
        return number, generations.read_manifest(place, number), before

    found = on_root(find)
    if found is None:
        if default is not _NO_DEFAULT:
            return default
        raise FileNotFoundError(2, "There is no checkpoint", place)
    number, text, before = found
    manifest = json.loads(text)
    where = generations.folder(place, number)
    arrays, done = [], 0
    try:
        for k, one in enumerate(manifest["arrays"]):
            made, read = _read_array(where, manifest, k, zlib.crc32(text.encode()) << 32 | k)
            turned = made.transpose(numpy.argsort(one["axes"]).tolist()) if made.ndim > 1 else made
            arrays.append(turned)
            done += read
    except (OSError, CheckpointError) as error:
        if before:
            error.add_note(f"restore(path, generation={before}) takes the generation before")
        raise
    saved = Restored({name: unpacked(value, arrays) for name, value in manifest["state"].items()})
    seconds: float = on_root(lambda: time.perf_counter() - began)
    saved.report = CheckpointReport(place, number, done, seconds, len(manifest["files"]))
    return saved
