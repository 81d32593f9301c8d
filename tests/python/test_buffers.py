"""Memory for whoever knows nothing of NumPy: the buffer protocol, ``__array_interface__``, bytes.

It is given where this process holds all of the array; elsewhere the error says what to write.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from support import DTYPES, HERE, same, same_error

import quelea

IS_ALONE = quelea.info()["size"] == 1
VIEWS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda x: x,
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1] if x.ndim else x,
    "steps": lambda x: x[..., ::2] if x.ndim else x,
    "real parts": lambda x: x.real,
}


def pairs() -> Iterator[tuple[numpy.ndarray, Any]]:
    for dtype in DTYPES:
        for shape in ((), (1,), (3,), (2, 3), (0, 3)):
            whole = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape).astype(dtype)
            for view in VIEWS.values():
                yield view(whole), view(quelea.asarray(whole))


def is_held(x: Any) -> bool:
    """Does this process hold all of it? Alike on all ranks."""
    try:
        memoryview(x)
    except BufferError:
        return False
    return True


def test_views_of_memory() -> None:
    for theirs, ours in pairs():
        if not is_held(ours):
            continue
        a, b = memoryview(theirs), memoryview(ours)
        assert (a.format, a.itemsize, a.shape, a.nbytes, a.tobytes(), a.c_contiguous) == (
            b.format, b.itemsize, b.shape, b.nbytes, b.tobytes(), b.c_contiguous,
        )  # fmt: skip
        assert b.readonly and (theirs.size == 0 or a.strides == b.strides)


def test_consumers_of_memory() -> None:
    consumers: list[Callable[[Any], Any]] = [
        lambda x: hashlib.sha256(x).hexdigest(),
        lambda x: io.BytesIO().write(x),
        bytearray,
        lambda x: memoryview(x).cast("B").tobytes(),
        lambda x: b"".join([x]),
    ]
    for theirs, ours in pairs():
        if not is_held(ours):
            continue
        for use in consumers:
            results = []
            for x in (theirs, ours):
                try:
                    results.append(use(x))
                except Exception as error:
                    results.append(type(error))
            assert results[0] == results[1]


def test_bytes() -> None:
    for theirs, ours in pairs():
        assert bytes(ours) == bytes(theirs)
        assert ours.tobytes("F") == theirs.tobytes("F")


def test_memory_stays_as_it_was() -> None:
    x = quelea.arange(5.0)
    if not is_held(x):
        return
    before, interface = memoryview(x), x.__array_interface__
    x += 1
    assert before.tolist() == [0, 1, 2, 3, 4] and memoryview(x).tolist() == [1, 2, 3, 4, 5]
    assert bytes(interface["data"]) == numpy.arange(5.0).tobytes()
    del x
    assert before.tolist() == [0, 1, 2, 3, 4]


def test_memory_is_not_written() -> None:
    x = quelea.zeros(8, "u1")
    kinds = (TypeError, ValueError) if is_held(x) else (TypeError, BufferError)
    with pytest.raises(kinds):
        io.BytesIO(b"12345678").readinto(x)


def test_array_interface() -> None:
    class Other:
        def __init__(self, interface: Any) -> None:
            self.__array_interface__ = interface

    for theirs, ours in pairs():
        if not is_held(ours):
            assert not hasattr(ours, "__array_interface__")
            continue
        interface = ours.__array_interface__
        assert interface["typestr"] == theirs.dtype.str and interface["version"] == 3
        taken = numpy.asarray(Other(interface))
        numpy.testing.assert_array_equal(taken, theirs, strict=True)
        assert not taken.flags.writeable


def test_numpy_takes_arrays_as_before() -> None:
    for theirs, ours in pairs():
        taken = numpy.asarray(ours)
        numpy.testing.assert_array_equal(taken, theirs, strict=True)
        assert not taken.flags.writeable and numpy.array(ours).flags.writeable
        with numpy.errstate(all="ignore"):
            numpy.testing.assert_array_equal(numpy.asarray(ours, "c8"), theirs.astype("c8"))


def test_what_ranks_share_is_refused_in_words() -> None:
    x = quelea.ones(200_000)
    if IS_ALONE:
        assert len(memoryview(x)) == 200_000
        return
    for use in (memoryview, bytearray, lambda x: io.BytesIO().write(x)):
        with pytest.raises(BufferError, match=r"pass numpy\.asarray\(x\)"):
            use(x)
    with pytest.raises(AttributeError, match=r"pass numpy\.asarray\(x\)"):
        _ = x.__array_interface__
    assert bytes(x[:3]) == numpy.ones(3).tobytes()


def test_pictures() -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = numpy.arange(20, dtype="u1").reshape(4, 5)
    for view in (lambda x: x, lambda x: x.T, lambda x: x[::-1]):
        ours = view(quelea.asarray(pixels))
        if is_held(ours):
            made = image.fromarray(ours)
            numpy.testing.assert_array_equal(numpy.asarray(made), view(pixels))


def test_messages_of_mpi4py() -> None:
    mpi = pytest.importorskip("mpi4py.MPI")
    x, total = quelea.ones(3), numpy.zeros(3)
    world = mpi.COMM_WORLD
    world.Allreduce(x, total)
    assert total.tolist() == [world.size] * 3
    with pytest.raises((ValueError, BufferError), match=r"read-only|not writable"):
        world.Allreduce(total, x)


# ---- the other way: arrays of what Python holds ----


@pytest.mark.parametrize("dtype", HERE)
def test_arrays_of_buffers(dtype: str) -> None:
    a = numpy.arange(12).astype(dtype)
    for words in (
        {},
        {"count": 5},
        {"offset": a.itemsize},
        {"count": 2, "offset": 2 * a.itemsize},
        {"count": 0},
    ):
        for buffer in (a.tobytes(), bytearray(a.tobytes()), memoryview(a.tobytes())):
            same(
                quelea.frombuffer(buffer, dtype, **words), numpy.frombuffer(buffer, dtype, **words)
            )
    same(
        quelea.fromiter((x for x in range(7)), dtype), numpy.fromiter((x for x in range(7)), dtype)
    )
    same(quelea.fromiter(iter([1, 0, 1]), dtype, 2), numpy.fromiter(iter([1, 0, 1]), dtype, 2))
    if dtype != "bool":
        same(quelea.from_dlpack(a), numpy.from_dlpack(a))
        same(
            quelea.fromstring("1, 2,3", dtype, sep=","), numpy.fromstring("1, 2,3", dtype, sep=",")
        )
    same(quelea.fromstring("1 2 3", sep=" ", count=2), numpy.fromstring("1 2 3", sep=" ", count=2))


def test_what_is_taken_in_is_copied() -> None:
    buffer = bytearray(16)
    x = quelea.frombuffer(buffer)
    buffer[:8] = numpy.ones(1).tobytes()
    same(x, numpy.zeros(2))
    x[0] = 3
    same(quelea.from_dlpack(numpy.ones(3), copy=True), numpy.ones(3))
    for work in (
        lambda m: m.frombuffer(b"123"),
        lambda m: m.frombuffer(b"12345678", offset=9),
        lambda m: m.frombuffer(b"12345678", count=2),
        lambda m: m.fromiter(3, int),
        lambda m: m.fromiter([1], int, 2),
        lambda m: m.fromiter([1], "nonsense"),
        lambda m: m.from_dlpack([1]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy), text=False)
    with pytest.raises(ValueError, match="avoid copy"):
        quelea.from_dlpack(numpy.ones(3), copy=False)


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", "f8", "c8", "c16"])
def test_others_take_our_arrays_by_dlpack(dtype: str) -> None:
    given = numpy.arange(24).reshape(4, 6).astype(dtype)
    x = quelea.asarray(given)
    for ours, theirs in ((x, given), (x[1:, ::2].T, given[1:, ::2].T), (x[:0], given[:0])):
        taken = numpy.from_dlpack(ours)
        assert not taken.flags.writeable
        assert taken.dtype == theirs.dtype
        assert taken.tolist() == theirs.tolist()
    assert x.__dlpack_device__() == given.__dlpack_device__()
    private = numpy.from_dlpack(x, copy=True)
    private[...] = 0
    same(x, given)
    same(quelea.from_dlpack(x), given)


def test_what_knows_an_old_dlpack_must_ask_for_a_copy() -> None:
    x = quelea.arange(3)
    for words in ({}, {"copy": False}, {"max_version": (0, 8)}):
        with pytest.raises(BufferError, match=r"numpy\.array"):
            x.__dlpack__(**words)
    assert "dltensor" in repr(x.__dlpack__(copy=True))
