"""Attributes of arrays about their memory: flags, setflags, data and resize, against NumPy."""

from typing import Any

import numpy
import pytest
from support import same

import quelea

VIEWS: list[Any] = [lambda a: a, lambda a: a.T, lambda a: a[1:], lambda a: a[:, :1], lambda a: a[::2], lambda a: a[:0],
                    lambda a: a.reshape(-1), lambda a: a[0], lambda a: a[None]]  # fmt: skip
NAMES = ["c_contiguous", "f_contiguous", "contiguous", "fortran", "writeable", "aligned", "writebackifcopy", "fnc",
         "forc", "behaved", "carray", "farray"]  # fmt: skip


def test_flags() -> None:
    x = numpy.arange(12.0).reshape(3, 4)
    for k, view in enumerate(VIEWS):
        ours, theirs = view(quelea.array(x)).flags, view(x.copy()).flags
        for name in NAMES if ours.forc else NAMES[:-1]:  # NumPy's farray is true of others too
            assert getattr(ours, name) == getattr(theirs, name), (k, name)
        for name in (
            "C",
            "F",
            "FNC",
            "FORC",
            "W",
            "A",
            "B",
            "CA",
            "CONTIGUOUS",
            "FORTRAN",
            "WRITEABLE",
        ):
            assert ours[name] == theirs[name], (k, name)
        shown = [line for line in str(theirs).splitlines() if "OWNDATA" not in line]
        assert str(ours).splitlines() == shown
    a = quelea.ones(3)
    assert a.flags == quelea.zeros(4).flags
    for word in ("OWNDATA", "O"):
        with pytest.raises(AttributeError, match="shares_memory"):
            a.flags[word]
    with pytest.raises(AttributeError, match="shares_memory"):
        a.flags.owndata  # noqa: B018
    with pytest.raises(KeyError):
        a.flags["nonsense"]
    with pytest.raises(KeyError):
        a.flags["C"] = True
    with pytest.raises(AttributeError):
        a.flags.c_contiguous = False


def test_what_may_not_be_assigned() -> None:
    for m in (numpy, quelea):
        a = m.zeros(3)
        b = a[1:]
        a.flags.writeable = False
        assert not a.flags.writeable
        assert b.flags["W"]
        for change in (
            lambda a=a: a.__setitem__(0, 1),
            lambda a=a, m=m: m.add(a, 1, out=a),
            lambda a=a: a.fill(2),
        ):
            with pytest.raises(ValueError):
                change()
        b[0] = 5
        assert float(a[1]) == 5
        assert not a[:2].flags.writeable
        a.setflags(write=True)
        a[0] = 1
        a.setflags(write=0)
        with pytest.raises(ValueError):
            a[0] = 2
        with pytest.raises(ValueError):
            a.setflags(uic=True)
        a.setflags(True, True)
        assert a.flags.carray
    fixed = quelea.broadcast_to(quelea.ones(3), (2, 3))
    assert not fixed.flags.writeable
    with pytest.raises(ValueError):
        (quelea.ones(3).sum()).flags.writeable = True


def test_data() -> None:
    x = numpy.arange(6, dtype="i4").reshape(2, 3)
    a = quelea.asarray(x)
    try:
        memoryview(a)  # type: ignore[arg-type]
    except BufferError:  # partitioned: no rank has all of it, and nothing is gathered unasked
        with pytest.raises(BufferError, match=r"numpy\.asarray"):
            a.data  # noqa: B018
        return
    data = a.data
    assert data.readonly
    assert (data.shape, data.format, data.nbytes) == (x.data.shape, x.data.format, x.data.nbytes)
    assert data.tolist() == x.tolist()
    a[0] = 9
    assert data.tolist() == x.tolist()


@pytest.mark.parametrize("dtype", ["int8", "float64", "complex64", "bool"])
def test_resize(dtype: str) -> None:
    for order in "CF":
        for shape in ((6,), (2, 3), (3, 2), (8, 1), (0,), (0, 4), (4,), (), (3, 3, 2), 7, [2, 2]):
            x = numpy.array(numpy.arange(6).reshape(2, 3), dtype, order=order)
            a = quelea.array(x, order=order)
            before = a[1:]
            x.resize(shape, refcheck=False)
            a.resize(shape, refcheck=False)
            same(a, x, (order, shape))
            assert x.ndim == 0 or a.flags.f_contiguous == x.flags.f_contiguous
            if a.size:
                a[...] = 0
            same(before, numpy.arange(6).reshape(2, 3).astype(dtype)[1:])
    a = quelea.arange(4)
    a.resize(2, 3)
    a.resize()
    a.resize(None)
    same(a, numpy.array([[0, 1, 2], [3, 0, 0]]))
    for m in (numpy, quelea):
        for arguments in ((-1,), (2, -3)):
            with pytest.raises(ValueError):
                m.arange(4).resize(*arguments)
        with pytest.raises(TypeError):
            m.arange(4).resize(2.5)
        with pytest.raises(ValueError):
            m.arange(8)[::2].resize(3, refcheck=False)
    with pytest.raises(ValueError):
        quelea.arange(4).sum().resize(2)
