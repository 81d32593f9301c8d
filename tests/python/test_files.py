"""Files: what is written is what NumPy writes, byte for byte; what NumPy has written is read, in pieces, on any ranks.

All ranks run these tests: rank 0 looks at the files, and the others get what it finds.
"""

import gc
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest
from support import DTYPES, same, values

import quelea
from quelea import files

IS_ROOT = quelea.info()["rank"] == 0
RANKS = quelea.info()["size"]


@pytest.fixture(params=["whole", "pieces"])
def piece(request: Any, monkeypatch: Any) -> Any:
    if request.param == "pieces":
        monkeypatch.setattr(files, "_PIECE", 100)
    return request.param


def content(path: Path) -> bytes:
    """What rank 0 finds in a file."""
    return quelea.on_root(path.read_bytes)


def names(folder: Path) -> list[str]:
    return quelea.on_root(lambda: sorted(os.listdir(folder)))


def of_numpy(work: Any, *args: Any, **kwargs: Any) -> bytes:
    """What NumPy's function writes."""
    buffer = io.BytesIO()
    work(buffer, *args, **kwargs)
    return buffer.getvalue()


VIEWS = {
    "matrix": lambda x: x,
    "transposed": lambda x: x.T,
    "steps": lambda x: x[::2, ::-1],
    "row": lambda x: x[1],
    "column": lambda x: x[:, 2:3],
    "element": lambda x: x[1, 1:2].reshape(()),
    "nothing": lambda x: x[:0],
    "cube": lambda x: x.reshape(2, -1, 3),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_saved_array_is_numpys_file(name: str, folder: Path, piece: str) -> None:
    for dtype in DTYPES if name in ("matrix", "transposed") else ["float64"]:
        a = VIEWS[name](values(dtype).reshape(10, 6))
        x = VIEWS[name](quelea.asarray(values(dtype).reshape(10, 6)))
        quelea.save(folder / "a", x)
        assert content(folder / "a.npy") == of_numpy(numpy.save, a), dtype
        read = quelea.load(folder / "a.npy")
        same(read, a, dtype)
        assert quelea.isscalar(read) is False
        if 0 not in a.shape and 1 not in a.shape:
            in_order = a if a.flags.c_contiguous or a.flags.f_contiguous else a.copy()
            assert read.strides == in_order.strides
    assert names(folder) == ["a.npy"]


def test_what_numpy_has_saved_is_read(folder: Path, piece: str) -> None:
    a = numpy.arange(60.0).reshape(12, 5)
    for given in (
        a,
        a.T,
        a.astype(">f4"),
        a.astype(">i2"),
        a[:0],
        a[0],
        a[0, 0],
        a.astype("g"),
        a.astype("U4"),
    ):
        quelea.on_root(lambda given=given: numpy.save(folder / "b.npy", given))
        read = quelea.load(str(folder / "b.npy"))
        if given.dtype.char in "gU":
            assert isinstance(read, numpy.ndarray)  # which Quelea does not hold
            numpy.testing.assert_array_equal(read, given)
        else:
            same(read, given.astype(given.dtype.newbyteorder("=")))


def test_lists_and_numbers_are_saved(folder: Path) -> None:
    for given in (
        [1, 2, 3],
        7.5,
        [[True]],
        numpy.arange(3, dtype="u1"),
        "text",
        numpy.array(["a", "bc"]),
    ):
        quelea.save(folder / "c.npy", given)
        assert content(folder / "c.npy") == of_numpy(numpy.save, given)
    x = quelea.arange(4.0)
    quelea.save(folder / "c.npy", [x.sum(), x.max()])
    same(quelea.load(folder / "c.npy"), numpy.array([6.0, 3.0]))
    quelea.save(folder / "c.npy", [x, x * 2])
    same(quelea.load(folder / "c.npy"), numpy.array([numpy.arange(4.0), numpy.arange(4.0) * 2]))


def test_archives(folder: Path, piece: str) -> None:
    a, b = numpy.arange(200.0).reshape(20, 10), numpy.arange(7)
    for write, theirs in (
        (quelea.savez, numpy.savez),
        (quelea.savez_compressed, numpy.savez_compressed),
    ):
        write(
            folder / "d",
            quelea.asarray(b),
            u=quelea.asarray(a),
            t=quelea.asarray(a).T,
            n=3,
            s="text",
        )

        def kept(source: Any) -> dict[str, bytes]:
            with zipfile.ZipFile(source) as archive:
                return {n: archive.read(n) for n in archive.namelist()}

        ours = quelea.on_root(lambda: kept(folder / "d.npz"))
        assert ours == kept(io.BytesIO(of_numpy(theirs, b, u=a, t=a.T, n=3, s="text")))
        with quelea.load(folder / "d.npz") as archive:
            assert archive.files == ["u", "t", "n", "s", "arr_0"]
            assert list(archive) == archive.files and len(archive) == 5
            assert "u" in archive and "u.npy" in archive and "x" not in archive
            same(archive["u"], a)
            same(archive["t"], a.T)
            same(archive["arr_0"], b)
            same(archive["n"], numpy.array(3))
            assert archive["s"] == "text"
            with pytest.raises(KeyError, match="x is not a file in the archive"):
                archive["x"]
            same(archive["u"], a)
    assert names(folder) == ["d.npz"]
    with pytest.raises(ValueError, match="arr_0"):
        quelea.savez(folder / "d", b, arr_0=b)


def test_open_files(folder: Path) -> None:
    """Rank 0's file is written and read; what is in memory is written by each."""
    a = numpy.arange(12.0).reshape(3, 4)
    path = folder / "e" if IS_ROOT else os.devnull
    with open(path, "wb") as file:
        quelea.save(file, quelea.asarray(a))
        quelea.save(file, quelea.asarray(a.T))
    assert content(folder / "e") == of_numpy(numpy.save, a) + of_numpy(numpy.save, a.T)
    with open(path, "rb") as file:
        same(quelea.load(file), a)
        same(quelea.load(file), a.T)
        with pytest.raises(EOFError):
            quelea.load(file)
    buffer = io.BytesIO()
    quelea.save(buffer, quelea.asarray(a))
    assert buffer.getvalue() == of_numpy(numpy.save, a)
    buffer.seek(0)
    same(quelea.load(buffer), a)
    buffer = io.BytesIO()
    quelea.savez(buffer, quelea.asarray(a))
    buffer.seek(0)
    same(quelea.load(buffer)["arr_0"], a)


# ---- errors ----


def test_errors_are_raised_on_every_rank(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        quelea.load(folder / "nothing.npy")
    with pytest.raises(FileNotFoundError):
        quelea.save(folder / "nothing" / "a", quelea.ones(3))
    with pytest.raises(IsADirectoryError):
        quelea.load(folder)
    quelea.on_root(lambda: (folder / "empty").touch())
    with pytest.raises(EOFError):
        quelea.load(folder / "empty")
    quelea.on_root(lambda: (folder / "text").write_text("no array at all"))
    with pytest.raises(ValueError, match="pickled"):
        quelea.load(folder / "text")
    with pytest.raises(NotImplementedError, match="pickles"):
        quelea.load(folder / "text", allow_pickle=True)
    quelea.on_root(lambda: numpy.save(folder / "o.npy", numpy.array([None, 1]), allow_pickle=True))
    with pytest.raises(ValueError, match="pickled"):
        quelea.load(folder / "o.npy")
    with pytest.raises(NotImplementedError, match="objects"):
        quelea.save(folder / "o", numpy.array([None]))
    with pytest.raises(NotImplementedError, match="mmap_mode"):
        quelea.load(folder / "o.npy", mmap_mode="r")
    with pytest.raises(ValueError, match="encoding"):
        quelea.load(folder / "o.npy", encoding="utf8")
    with pytest.raises(TypeError):
        quelea.load(3)


def test_a_file_that_ends_too_early(folder: Path, piece: str) -> None:
    quelea.save(folder / "a", quelea.ones(100))
    quelea.on_root(lambda: (folder / "a.npy").write_bytes((folder / "a.npy").read_bytes()[:-9]))
    with pytest.raises(ValueError, match="Failed to read all data for array"):
        quelea.load(folder / "a.npy")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_write_that_fails_leaves_the_earlier_file(
    after: int, folder: Path, monkeypatch: Any
) -> None:
    """As on a full disk: in the first piece or a later one."""
    a = numpy.arange(100.0)
    quelea.save(folder / "a", quelea.asarray(a))
    monkeypatch.setattr(files, "_PIECE", 80)

    class Full(io.FileIO):
        left = after

        def write(self, data: Any) -> int:
            if len(data) == 80:
                if not self.left:
                    raise OSError(28, "No space left on device")
                self.left -= 1
            return super().write(data)

    monkeypatch.setattr(files, "_opened", lambda name: Full(name, "wb"))
    with pytest.raises(OSError, match="No space left"):
        quelea.save(folder / "a", quelea.zeros(100))
    with pytest.raises(OSError, match="No space left"):
        quelea.zeros(100).tofile(folder / "b")
    with pytest.raises(OSError, match="No space left"):
        quelea.savez(folder / "c", quelea.ones(3), quelea.zeros(100))
    gc.collect()
    assert names(folder) == ["a.npy"]
    same(quelea.load(folder / "a.npy"), a)


def test_what_is_replaced_keeps_its_mode_and_its_links(folder: Path) -> None:
    def prepare() -> None:
        (folder / "real.npy").touch()
        (folder / "real.npy").chmod(0o640)
        (folder / "link.npy").symlink_to(folder / "real.npy")

    quelea.on_root(prepare)
    quelea.save(folder / "link.npy", quelea.ones(3))
    assert quelea.on_root(lambda: (folder / "link.npy").is_symlink())
    assert quelea.on_root(lambda: (folder / "real.npy").stat().st_mode & 0o777) == 0o640
    same(quelea.load(folder / "real.npy"), numpy.ones(3))
    quelea.ones(3).tofile(os.devnull)
    assert quelea.on_root(lambda: os.path.exists(os.devnull) and not os.path.isfile(os.devnull))


def test_no_rank_holds_a_whole_array(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(files, "_PIECE", 4096)
    x = quelea.arange(100.0 * 1000).reshape(100, 1000) * 2
    largest: list[int] = [0]
    on_root = files.on_root

    def watched(work: Any, *arrays: Any) -> Any:
        largest.append(max((a.nbytes for a in arrays), default=0))
        result = on_root(work, *arrays)
        largest.append(getattr(result, "nbytes", 0))
        return result

    monkeypatch.setattr(files, "on_root", watched)
    quelea.save(folder / "a", x)
    y = quelea.load(folder / "a.npy")
    assert 0 < max(largest) <= 4096
    assert bool((x == y).all())


# ---- text ----


def test_text(folder: Path, piece: str) -> None:
    a = numpy.arange(60.0).reshape(20, 3) / 7
    for given, words in (
        (a, {}),
        (
            a,
            {
                "fmt": "%.3f",
                "delimiter": ",",
                "header": "x y z\nsecond",
                "footer": "end",
                "comments": "% ",
            },
        ),
        (a[:, 0], {"fmt": "%g"}),
        (a.astype(int), {"fmt": "%d", "newline": ";\n"}),
        (a[:2] + 1j * a[2:4], {}),
        (a[:0], {"header": "nothing"}),
        (a, {"fmt": ["%.1f", "%d", "%e"], "encoding": "utf8"}),
    ):
        quelea.savetxt(folder / "a.txt", quelea.asarray(given), **words)
        assert content(folder / "a.txt") == of_numpy(numpy.savetxt, given, **words)
    quelea.savetxt(folder / "a.txt.gz", quelea.asarray(a))
    same(quelea.loadtxt(folder / "a.txt.gz"), a)
    for words in (
        {},
        {"skiprows": 2},
        {"usecols": (0, 2)},
        {"unpack": True},
        {"max_rows": 3},
        {"ndmin": 2, "dtype": "f4"},
    ):
        quelea.savetxt(folder / "a.txt", quelea.asarray(a))
        same(
            quelea.loadtxt(folder / "a.txt", **words),
            quelea.on_root(lambda w=words: numpy.loadtxt(folder / "a.txt", **w)),
        )
    same(quelea.loadtxt(["1 2", "3 4"], dtype=int), numpy.array([[1, 2], [3, 4]]))
    same(quelea.genfromtxt(["1,2", "3,"], delimiter=","), numpy.array([[1, 2], [3, numpy.nan]]))
    named = quelea.genfromtxt(["a b", "1 2"], names=True)
    assert isinstance(named, numpy.ndarray) and named.dtype.names == ("a", "b")
    with pytest.raises(FileNotFoundError):
        quelea.loadtxt(folder / "nothing")
    with pytest.raises(ValueError):
        quelea.loadtxt(["1 2", "x"])
    with pytest.raises(ValueError, match="Expected 1D or 2D array"):
        quelea.savetxt(folder / "b", quelea.ones((2, 2, 2)))
    with pytest.raises((TypeError, ValueError)):
        quelea.savetxt(folder / "b", quelea.ones(3), fmt="%d %d")
    with pytest.raises(NotImplementedError, match="usemask"):
        quelea.genfromtxt(["1"], usemask=True)
    assert names(folder) == ["a.txt", "a.txt.gz"]


# ---- bytes ----


@pytest.mark.parametrize("name", VIEWS)
def test_bytes(name: str, folder: Path, piece: str) -> None:
    a = VIEWS[name](numpy.arange(60.0).reshape(10, 6) / 3)
    x = VIEWS[name](quelea.arange(60.0).reshape(10, 6) / 3)
    x.tofile(folder / "a")
    assert content(folder / "a") == a.tobytes()
    for words in (
        {},
        {"count": 2},
        {"offset": 16},
        {"dtype": "i4", "count": 3},
        {"dtype": ">f8"},
        {"count": 10**6},
    ):
        if a.size and (a.size > 2 or "offset" not in words):
            theirs = quelea.on_root(lambda w=words: numpy.fromfile(folder / "a", **w))
            native = theirs.astype(theirs.dtype.newbyteorder("="))
            same(quelea.fromfile(folder / "a", **words), native)
    x.tofile(str(folder / "b"), sep=", ", format="%.2f")
    quelea.on_root(lambda: a.tofile(folder / "c", sep=", ", format="%.2f"))
    assert content(folder / "b") == content(folder / "c")
    if a.size:
        same(
            quelea.fromfile(folder / "b", sep=","),
            quelea.on_root(lambda: numpy.fromfile(folder / "c", sep=",")),
        )
    with open(folder / "d" if IS_ROOT else os.devnull, "wb") as file:
        file.write(b"head")
        x.tofile(file)
    assert content(folder / "d") == b"head" + a.tobytes()
    with pytest.raises(FileNotFoundError):
        quelea.fromfile(folder / "nothing")
    with pytest.raises(ValueError):
        quelea.fromfile(folder / "a", offset=1000)
    with pytest.raises(OSError, match="tobytes"):
        x.tofile(io.BytesIO())
