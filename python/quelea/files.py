"""Files: arrays written and read by rank 0, in pieces of bounded size, so that no rank holds a whole array for it.

A file is written beside the one of its name, and takes its place when it is whole: who fails, or is ended, while it
writes leaves what was there before. What fails on rank 0 (no such file, a full disk) is raised on every rank. A file
that the program has opened is rank 0's; what is no file of the system (``io.BytesIO``) is written by every rank.
"""

import contextlib
import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy
from numpy.lib import format as npy

from . import _quelea, config
from ._quelea import asarray as _asarray
from ._quelea import ndarray
from .creation import _check, empty
from .dispatch import holds_ours
from .elementwise import as_array
from .info import on_root
from .new_files import NewFile

__all__ = [
    "fromfile",
    "genfromtxt",
    "load",
    "loadtxt",
    "save",
    "savetxt",
    "savez",
    "savez_compressed",
]

_PIECE = 2**24  # bytes that rank 0 has at a time
_HELD = "?bBhHiIlLqQefdFD"  # dtypes of Quelea's arrays, by their characters


def _pieces(shape: tuple[int, ...], most: int) -> Iterator[tuple[Any, ...]]:
    """Cut an array into parts of so many elements at most, in the order of its elements."""
    if not shape or math.prod(shape) <= most:
        yield ()
        return
    row = math.prod(shape[1:])
    if row <= most:
        step = max(1, most // row)
        for i in range(0, shape[0], step):
            yield (slice(i, i + step),)
        return
    for i in range(shape[0]):
        for rest in _pieces(shape[1:], most):
            yield (i, *rest)


def _pieces_of(x: Any) -> Iterator[Any]:
    for key in _pieces(x.shape, max(1, _PIECE // x.itemsize)):
        yield x[key] if key else x


# ---- writing ----


def _is_of_system(file: Any) -> bool:
    """Whether it is an open file that all ranks may share, not some memory of each."""
    try:
        file.fileno()
    except (AttributeError, OSError, io.UnsupportedOperation):
        return False
    return True


def _opened(name: str) -> Any:
    return open(name, "wb")


class _Output:
    """What is written to: rank 0's new file beside the one of that name, or a file that is open already."""

    def __init__(self, file: Any, suffix: str, opened: Callable[[str], Any] | None = None) -> None:
        self.path: str | None = None
        self.everywhere = False
        if hasattr(file, "write"):
            self.file = file
            self.everywhere = not _is_of_system(file)
            return
        path = os.fspath(file)
        path = path if isinstance(path, str) else os.fsdecode(path)
        self.path = path if path.endswith(suffix) else path + suffix
        self._new: NewFile | None = None  # on rank 0, while it is written
        self._open = opened or _opened

    def run(self, work: Callable[..., None], *arrays: Any) -> None:
        """Call a function that writes: on rank 0, with NumPy arrays."""
        if not self.everywhere:
            on_root(work, *arrays)
            return
        with config._looking_is_allowed():
            given = [_quelea.gather(x, -1) if isinstance(x, ndarray) else x for x in arrays]
        work(*given)

    def _begin(self) -> None:
        assert self.path is not None
        self._new = NewFile(self.path)
        with self._new.named():
            self.file = self._open(self._new.written)

    def _end(self) -> None:
        assert self._new is not None
        self.file.close()
        self._new.keep()
        self._new = None

    @contextlib.contextmanager
    def opened(self) -> Iterator["_Output"]:
        """Write; what has failed, here or elsewhere, leaves no part of a file."""
        if self.path is None:
            yield self
            return
        try:
            on_root(self._begin)
            yield self
            on_root(self._end)
        finally:
            if self._new is not None:  # on rank 0, where something has failed
                with contextlib.suppress(Exception):
                    self.file.close()
                self._new.drop()


def _given(value: Any) -> Any:
    """Give what is saved as an array of ours, or of NumPy's where it is one, or holds text."""
    if isinstance(value, ndarray):
        return value
    if isinstance(value, (list, tuple)) and holds_ours(value):
        return _asarray(value)
    taken = numpy.asanyarray(value)
    if taken.dtype.hasobject:
        raise NotImplementedError(
            "saving arrays of objects, which are pickled, is not in Quelea yet; write on rank 0: "
            "np.on_root(lambda: numpy.save(file, array))"
        )
    return taken


def _header_of(x: Any) -> tuple[dict[str, Any], Any]:
    """Give the header of a file of an array, and the array in the order in which its elements are written."""
    if isinstance(x, numpy.ndarray):
        return npy.header_data_from_array_1_0(x), x.T if x.flags.fnc else x
    is_f = _quelea.is_contiguous(x, "F") and not _quelea.is_contiguous(x, "C")
    descr = npy.dtype_to_descr(x.dtype)
    return {"descr": descr, "fortran_order": is_f, "shape": x.shape}, x.T if is_f else x


def _write_array(target: Any, output: _Output, x: Any) -> None:
    """Write header and elements; target: gives, where the writing is done, what is written to."""
    header, ordered = _header_of(x)

    def write_header() -> None:
        try:
            npy.write_array_header_1_0(target(), header)
        except ValueError:
            npy.write_array_header_2_0(target(), header)

    def write_piece(piece: Any) -> None:
        target().write(numpy.ascontiguousarray(piece).tobytes())

    def write_first(piece: Any) -> None:
        write_header()
        write_piece(piece)

    work = write_first
    for piece in _pieces_of(ordered):
        output.run(work, piece)
        work = write_piece


def save(file: Any, arr: Any, allow_pickle: bool = True) -> None:
    """Write an array to a file of NumPy's format, ``.npy``. Collective.

    Parameters
    ----------
    file : path or file
        A path gets the end ``.npy`` where it has none.
    arr : array_like
    allow_pickle : bool, default True
        Objects are not pickled here: they are refused.

    Examples
    --------
    >>> import quelea as np, tempfile, os
    >>> folder = tempfile.mkdtemp()
    >>> np.save(os.path.join(folder, "u"), np.arange(3))
    >>> np.load(os.path.join(folder, "u.npy"))
    array([0, 1, 2])
    """
    output = _Output(file, ".npy")
    x = _given(arr)
    with output.opened():
        _write_array(lambda: output.file, output, x)


def savez(file: Any, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """Write several arrays to one file, ``.npz``. Collective.

    Parameters
    ----------
    file : path or file
        A path gets the end ``.npz`` where it has none.
    *args, **kwds : array_like
        Arrays without names are called arr_0, arr_1, ...
    allow_pickle : bool, default True
        Objects are not pickled here: they are refused.
    """
    _save_several(file, args, kwds, zipfile.ZIP_STORED)


def savez_compressed(file: Any, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """Write several arrays to one compressed file, ``.npz``. The parameters are those of `savez`. Collective."""
    _save_several(file, args, kwds, zipfile.ZIP_DEFLATED)


def _save_several(file: Any, args: tuple[Any, ...], kwds: dict[str, Any], compression: int) -> None:
    output = _Output(file, ".npz")
    named = dict(kwds)
    for i, value in enumerate(args):
        if f"arr_{i}" in named:
            raise ValueError(f"Cannot use un-named variables and keyword arr_{i}")
        named[f"arr_{i}"] = value
    arrays = {name: _given(value) for name, value in named.items()}
    made: list[Any] = []  # where the writing is done: the archive, and its open entry

    def begin() -> None:
        archive = zipfile.ZipFile(output.file, "w", compression, allowZip64=True)
        made[:] = [archive, None]

    def begin_entry(name: str) -> None:
        made[1] = made[0].open(f"{name}.npy", "w", force_zip64=True)

    def end_entry() -> None:
        made[1].close()

    def end() -> None:
        made[0].close()

    with output.opened():
        try:
            output.run(begin)
            for name, x in arrays.items():
                output.run(lambda name=name: begin_entry(name))
                _write_array(lambda: made[1], output, x)
                output.run(end_entry)
            output.run(end)
        except BaseException:
            for opened in made[::-1]:  # else they want to write when they go
                with contextlib.suppress(Exception):
                    opened.close()
            raise


def savetxt(
    fname: Any,
    X: Any,
    fmt: Any = "%.18e",
    delimiter: str = " ",
    newline: str = "\n",
    header: str = "",
    footer: str = "",
    comments: str = "# ",
    encoding: str | None = None,
) -> None:
    """Write an array of one or two axes as text, a row a line. Collective.

    Parameters
    ----------
    fname : path or file
        With the end ``.gz``, ``.bz2`` or ``.xz`` it is compressed.
    X : array_like
    fmt : str or sequence of str, default '%.18e'
    delimiter, newline : str
    header, footer : str
        Written before and behind, each line after `comments`.
    encoding : str, optional
    """
    x = as_array(X)
    if x.ndim == 0 or x.ndim > 2:
        raise ValueError(f"Expected 1D or 2D array, got {x.ndim}D array instead")

    def opened(name: str) -> Any:
        open(name, "w").close()
        return numpy.lib.npyio.DataSource().open(name, "wt", encoding=encoding)

    output = _Output(fname, "", opened)
    row = max(1, math.prod(x.shape[1:]) * x.itemsize)
    step = max(1, _PIECE // row)
    rows = x.shape[0]
    with output.opened():
        for begin in range(0, max(rows, 1), step):
            words = {"header": header if begin == 0 else ""}
            words["footer"] = footer if begin + step >= rows else ""

            def write(piece: Any, words: dict[str, str] = words) -> None:
                numpy.savetxt(
                    output.file,
                    piece,
                    fmt,
                    delimiter,
                    newline,
                    comments=comments,
                    encoding=encoding,
                    **words,
                )

            output.run(write, x[begin : begin + step])


def _tofile(x: ndarray, fid: Any, sep: str = "", format: str = "%s") -> None:
    """``ndarray.tofile``: write the elements in C order, as bytes or as text with separators. Collective."""
    output = _Output(fid, "")
    if output.path is None and output.everywhere:
        raise OSError("tofile writes to files of the system: write file.write(x.tobytes())")
    written: list[bool] = []  # on rank 0: that there is something before a piece

    def write(piece: Any) -> None:
        if not sep:
            output.file.write(numpy.ascontiguousarray(piece).tobytes())
            return
        if written:
            output.file.write(sep.encode())
        written.append(True)
        output.file.flush()
        numpy.ascontiguousarray(piece).tofile(output.file, sep, format)

    with output.opened():
        for piece in _pieces_of(x):
            output.run(write, piece)


# ---- reading ----


class _Input:
    """What rank 0 reads from: its file, or an array that it has made of one."""

    file: Any = None
    is_own = False
    archive: Any = None
    entry: Any = None
    array: Any = None

    def __init__(self, file: Any) -> None:
        self._given = file if hasattr(file, "read") else os.fspath(file)

    def open(self) -> None:
        if hasattr(self._given, "read"):
            self.file = self._given
        else:
            self.file = open(self._given, "rb")  # noqa: SIM115  closed by close
            self.is_own = True

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()
        if self.is_own and self.file is not None:
            self.file.close()
        self.file = self.archive = self.entry = self.array = None

    __del__ = close

    def begin(self) -> list[str] | bytes:
        """Open it; give the names of what is in an archive, or how another file begins."""
        self.open()
        first: bytes = self.file.read(len(npy.MAGIC_PREFIX))
        if not first:
            raise EOFError("No data left in file")
        self.file.seek(-len(first), 1)
        if not first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            self.entry = self.file
            return first
        self.archive = zipfile.ZipFile(self.file)
        inside: list[str] = self.archive.namelist()
        return inside

    def begin_entry(self, name: str) -> bytes:
        """Open what is in an archive; give how it begins."""
        self.entry = self.archive.open(name)
        first: bytes = self.entry.read(len(npy.MAGIC_PREFIX))
        self.entry.seek(0)
        return first

    def rest(self) -> bytes:
        read: bytes = self.entry.read()
        return read

    def header(self, most: int) -> Any:
        """Read shape, order and dtype of an array; of what Quelea does not hold the array itself."""
        begin = self.entry.tell()
        version = npy.read_magic(self.entry)
        if version in ((1, 0), (2, 0)):
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, in_f, dtype = read(self.entry, most)
            if dtype.char in _HELD:
                return shape, in_f, dtype
            if dtype.hasobject:
                raise _of_objects()
        self.entry.seek(begin)
        return npy.read_array(self.entry, allow_pickle=False, max_header_size=most)

    def piece(self, count: int, dtype: Any) -> Any:
        """Read so many elements."""
        wanted, parts = count * dtype.itemsize, []
        while wanted and (part := self.entry.read(wanted)):
            parts.append(part)
            wanted -= len(part)
        if wanted:
            raise ValueError(
                f"Failed to read all data for array: {wanted} bytes are missing at the end of the file"
            )
        read = numpy.frombuffer(b"".join(parts), dtype)
        return read.astype(dtype.newbyteorder("="), copy=False)


def _of_objects() -> ValueError:
    return ValueError(
        "This file contains pickled (object) data, which Quelea does not read; write "
        "numpy.load(file, allow_pickle=True), on every rank, if you trust the file"
    )


def _taken(
    shape: tuple[int, ...], in_f: bool, dtype: numpy.dtype[Any], read: Callable[[int], Any]
) -> ndarray:
    """Make an array of what rank 0 reads, piece after piece: read(count) gives the next elements there."""
    result = empty(shape, dtype.newbyteorder("="), "F" if in_f else "C")
    ordered = result.T if in_f else result
    for key in _pieces(ordered.shape, max(1, _PIECE // dtype.itemsize)):
        part = ordered[key] if key else ordered
        if part.size == 0:
            continue
        piece = on_root(lambda count=part.size: read(count))
        ordered[key or ...] = piece.reshape(part.shape)
        _quelea.sync()  # else every piece waits in memory for the last
    return result


def _read_entry(source: _Input, first: bytes, allow_pickle: bool, most: int) -> Any:
    """Read the array whose beginning rank 0 has found."""
    if first != npy.MAGIC_PREFIX:
        if allow_pickle:
            raise NotImplementedError(
                "reading pickles is not in Quelea yet; write numpy.load(file, allow_pickle=True), on every rank, "
                "if you trust the file"
            )
        raise ValueError(
            "This file contains pickled (object) data. If you trust the file you can load it unsafely using the "
            "`allow_pickle=` keyword argument or `pickle.load()`."
        )
    found = on_root(lambda: source.header(most))
    if isinstance(found, numpy.ndarray):
        return found
    shape, in_f, dtype = found
    return _taken(shape, in_f, dtype, lambda count: source.piece(count, dtype))


class _Archive(Mapping[str, Any]):
    """What `load` gives of an ``.npz``: its arrays by their names, each read when it is asked for. Collective."""

    def __init__(self, source: _Input, names: list[str], allow_pickle: bool, most: int) -> None:
        self._source, self._entries = source, names
        self._allow_pickle, self._most = allow_pickle, most
        self.files = [name.removesuffix(".npy") for name in names]

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __contains__(self, key: object) -> bool:
        return key in self.files or key in self._entries

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(f"{key} is not a file in the archive")
        name = key if key in self._entries else f"{key}.npy"
        first = on_root(lambda: self._source.begin_entry(name))
        if first != npy.MAGIC_PREFIX:
            return on_root(self._source.rest)  # no array: its bytes, as NumPy gives them
        return _read_entry(self._source, first, self._allow_pickle, self._most)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> "_Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load(
    file: Any,
    mmap_mode: str | None = None,
    allow_pickle: bool = False,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    *,
    max_header_size: int = 10000,
) -> Any:
    """Read an array from an ``.npy``, or the arrays of an ``.npz`` by their names. Collective: rank 0 reads.

    Parameters
    ----------
    file : path or file
    max_header_size : int

    Returns
    -------
    ndarray, or a mapping of names to arrays
        Arrays of text and of other dtypes that Quelea does not hold are NumPy's.

    Raises
    ------
    ValueError
        The file holds pickled objects.
    NotImplementedError
        `mmap_mode` is given, or pickles are asked for.
    """
    if encoding not in ("ASCII", "latin1", "bytes"):
        raise ValueError("encoding must be 'ASCII', 'latin1', or 'bytes'")
    if mmap_mode is not None:
        raise NotImplementedError(
            "load(mmap_mode=) is not in Quelea yet; leave it out: the array is read in pieces, of which each "
            "rank keeps its own"
        )
    source = _Input(file)
    found = on_root(source.begin)
    if isinstance(found, list):
        return _Archive(source, found, allow_pickle, max_header_size)
    try:
        return _read_entry(source, found, allow_pickle, max_header_size)
    finally:
        source.close()


def _made_on_root(make: Callable[[], Any]) -> Any:
    """Give the array that NumPy's function makes on rank 0; what Quelea does not hold is NumPy's, on every rank."""
    kept: list[Any] = []  # on rank 0: what is left to give

    def begin() -> Any:
        made = make()
        if not isinstance(made, numpy.ndarray) or made.dtype.char not in _HELD:
            return made
        in_f = made.flags.fnc
        kept[:] = [(made.T if in_f else made).reshape(-1), 0]
        return made.shape, bool(in_f), made.dtype

    def read(count: int) -> Any:
        elements, begin = kept
        kept[1] += count
        return elements[begin : begin + count].astype(elements.dtype.newbyteorder("="))

    found = on_root(begin)
    if isinstance(found, tuple) and len(found) == 3 and isinstance(found[2], numpy.dtype):
        return _taken(*found, read)
    return found


def loadtxt(
    fname: Any,
    dtype: Any = float,
    comments: Any = "#",
    delimiter: str | None = None,
    converters: Any = None,
    skiprows: int = 0,
    usecols: Any = None,
    unpack: bool = False,
    ndmin: int = 0,
    encoding: str | None = None,
    max_rows: int | None = None,
    *,
    quotechar: str | None = None,
    like: Any = None,
) -> Any:
    """Read an array from text, a line a row. Collective: rank 0 reads the file, whole.

    Parameters
    ----------
    fname : path, file or list of str
    dtype : dtype, default float64
        The others are those of `numpy.loadtxt`.

    Returns
    -------
    ndarray
        Of text, or of a dtype with fields, one of NumPy's.
    """
    _check(like=like, dtype=dtype)
    theirs: Any = numpy.loadtxt
    return _made_on_root(
        lambda: theirs(
            fname,
            dtype,
            comments,
            delimiter,
            converters,
            skiprows,
            usecols,
            unpack,
            ndmin,
            encoding,
            max_rows,
            quotechar=quotechar,
        )
    )


def genfromtxt(fname: Any, *args: Any, like: Any = None, **kwargs: Any) -> Any:
    """Read an array from text in which values may be missing. Collective: rank 0 reads the file, whole.

    The parameters are those of `numpy.genfromtxt`; `usemask` is not in Quelea yet.

    Returns
    -------
    ndarray
        Of text, or of a dtype with fields, one of NumPy's.
    """
    _check(like=like)
    if kwargs.get("usemask"):
        raise NotImplementedError(
            "genfromtxt(usemask=True) is not in Quelea yet, which has no masked arrays; write filling_values="
        )
    return _made_on_root(lambda: numpy.genfromtxt(fname, *args, **kwargs))


def fromfile(
    file: Any,
    dtype: Any = float,
    count: int = -1,
    sep: str = "",
    offset: int = 0,
    *,
    like: Any = None,
) -> ndarray:
    """Read elements from a file of bytes, or of text with separators. Collective: rank 0 reads.

    Parameters
    ----------
    file : path or file
    dtype : dtype, default float64
    count : int, default -1
        How many; -1: all.
    sep : str, default ''
        Between elements of text.
    offset : int, default 0
        Bytes that are left out.

    Returns
    -------
    ndarray of one axis
    """
    _check(like=like, of_c=True)
    kind = numpy.dtype(dtype)
    if sep or kind.char not in _HELD:
        made: ndarray = _made_on_root(lambda: numpy.fromfile(file, kind, count, sep, offset))
        return made
    source = _Input(file)

    def begin() -> int:
        source.open()
        source.file.seek(offset, 1)
        left = os.fstat(source.file.fileno()).st_size - source.file.tell()
        if left < 0:
            raise ValueError("negative dimensions are not allowed")
        found: int = left // kind.itemsize
        return found if count < 0 else min(count, found)

    def read(wanted: int) -> Any:
        source.entry = source.file
        return source.piece(wanted, kind)

    try:
        return _taken((on_root(begin),), False, kind, read)
    finally:
        source.close()
