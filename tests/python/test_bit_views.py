"""`view` as another dtype of the same size, and `byteswap`: live views that are read and written as NumPy's."""

import itertools

import numpy
import pytest
from support import DTYPES, FLOATS, HERE, host, same, same_error, values

import quelea as np

SIZES = {d: numpy.dtype(d).itemsize for d in DTYPES}
REAL = [d for d in DTYPES if not d.startswith("complex")]
PAIRS = [(a, b) for a, b in itertools.permutations(REAL, 2) if SIZES[a] == SIZES[b]]


def exact(ours, theirs):
    """The same bits, those of NaN too."""
    got = host(ours)
    assert (got.dtype, got.shape) == (theirs.dtype, theirs.shape)
    assert got.tobytes() == theirs.tobytes()


def pair(dtype, shape=(5, 12)):
    a = values(dtype, 60, 3).reshape(shape)
    return a, np.asarray(a)


READ = [
    lambda m, v: v,
    lambda m, v: v[1:, ::-2],
    lambda m, v: v.T,
    lambda m, v: v.copy(),
    lambda m, v: v[2, 3],
    lambda m, v: v[0:0],
    lambda m, v: v.ravel()[::7],
    lambda m, v: v.reshape(-1)[::7],
    lambda m, v: m.concatenate([v, v[:1]]),
    lambda m, v: m.roll(v, 3),
    lambda m, v: m.where(v > v[0, 0], v, v[1, 1]),
    lambda m, v: v.max(axis=1),
    lambda m, v: v[[3, 1], :],
    lambda m, v: v[m.asarray([4, 0]), m.asarray([1, 2])],
    lambda m, v: m.sort(m.abs(v), axis=-1),
    lambda m, v: m.broadcast_to(v[0], (3, 12)),
    lambda m, v: m.stack([v, v]),
]


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_bits_are_read(old, new, read):
    a = values(old, 60, 3).reshape(5, 12)
    if "bool" in (old, new):  # a bool of other bits than 0 and 1 is nobody's business
        a = (a != 0).astype(old)
    x = np.asarray(a)
    same(read(np, x.view(new)), read(numpy, a.view(new)))


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_bits_are_written(old, new):
    a, x = pair(old)
    if "bool" in (old, new):
        a = (a != 0).astype(old)
        x = np.asarray(a)
    rest = values("bool" if new == "bool" else new, 60, 9).reshape(5, 12)
    for m, y in ((numpy, a), (np, x)):
        v = y.view(new)
        v[1:3, ::2] = m.asarray(rest)[2:4, ::2]
        v[-1] = v[0]
        v[0, 0] = 1
        v.T[3] = 0
        # NaN of which operand a sum has is the processor's business
        if new not in (*FLOATS, "bool"):
            v[3] += v[2]
            v[:, 5] *= 2
    if old == "bool":  # what is not 0 is stored as 1
        a = (a != 0).astype("uint8").view(bool)
    exact(x, a)
    exact(x.view(new), a.view(new))


def test_a_view_is_live_both_ways():
    a, x = pair("float64")
    v, w = a.view("uint64"), x.view(np.uint64)
    for y, bits in ((a, v), (x, w)):
        y[...] = numpy.arange(60.0).reshape(5, 12)
        bits[1] |= numpy.uint64(1) << numpy.uint64(63)
        y += 1
        bits ^= numpy.uint64(5)
    exact(x, a)
    exact(w, v)
    assert w.view("float64").strides == a.strides
    assert np.shares_memory(x, w)
    assert not np.shares_memory(w, w.copy())
    w.view("float64")[...] = 3  # through two views
    assert float(x[4, 4]) == 3
    before = numpy.asarray(w)
    x[...] = 7
    assert (before == numpy.float64(3).view("u8")).all()


def test_what_a_view_says_of_itself():
    a, x = pair("float32")
    v, w = a.T[1:, ::2].view("int32"), x.T[1:, ::2].view("int32")
    assert (w.strides, w.shape, w.dtype, w.nbytes) == (v.strides, v.shape, v.dtype, v.nbytes)
    assert repr(w) == repr(v)
    assert w.tolist() == v.tolist()
    assert int(w[1, 1]) == v[1, 1]
    assert w.flags.c_contiguous == v.flags.c_contiguous
    assert x.view("int32").flags.c_contiguous
    assert x.view("int32").tobytes() == a.tobytes()
    assert bytes(x.view("int32")) == a.tobytes()
    ours, theirs = np.zeros(0).view("i8"), numpy.zeros(0).view("i8")
    same(ours, theirs)
    same(np.asarray(numpy.array(2.5)).view("i8"), numpy.array(2.5).view("i8"))
    assert int(np.float64(2.5).view("i8")) == numpy.float64(2.5).view("i8")
    assert int(x.astype("f8")[1, 2].view("i8")) == a.astype("f8")[1, 2].view("i8")


def test_views_that_cannot_be_written():
    for m in (numpy, np):
        v = m.broadcast_to(m.arange(3.0), (2, 3)).view("i8")
        with pytest.raises(ValueError, match="read-only"):
            v[0] = 1
        x = m.arange(3.0)
        x.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            x.view("i8")[0] = 1


def test_masks_and_places_are_views_too():
    a = numpy.arange(10.0)
    ones = (a % 3 == 0).astype("uint8")
    places = numpy.array([3, 1, 8], "uint64")
    x, t, p = np.asarray(a), np.asarray(ones).view(bool), np.asarray(places).view("int64")
    same(x[t], a[ones.view(bool)])
    same(x[p], a[places.view("int64")])
    x[t] = np.asarray([7.0, 8.0, 9.0, 10.0])
    a[ones.view(bool)] = [7.0, 8.0, 9.0, 10.0]
    x[p] += 1
    a[places.view("int64")] += 1
    x[~t] = 0
    a[~ones.view(bool)] = 0
    same(x, a)
    same(np.bincount(p), numpy.bincount(places.view("int64")))
    same(np.nonzero(t)[0], numpy.nonzero(ones)[0])


def test_where_and_out():
    a, x = pair("float32")
    for m, y in ((numpy, a), (np, x)):
        bits = y.view("int32")
        m.add(bits, 3, out=bits, where=y > 0)
        m.bitwise_and(bits, 255, out=bits[::-1])
        bits.max(axis=0, out=bits[2])
    exact(x, a)


def test_compiled_functions_take_views():
    @np.jit
    def spread(v, n):
        for i in range(len(v)):
            v[i] += i + n

    a = numpy.arange(9.0)
    x, want = np.asarray(a), a.copy()
    bits = want.view("int64")
    bits += numpy.arange(9) + 3
    v = x.view("int64")
    try:
        spread(v, 3)
    except TypeError as error:  # partitioned among ranks
        assert "bits as another dtype" in str(error)
    else:
        exact(x, want)


REFUSED = [
    lambda m: m.arange(6.0).reshape(2, 3).T.view("i4"),
    lambda m: m.arange(6.0).reshape(2, 3).view("c16"),
    lambda m: m.float64(1.0).view("i4") if m is numpy else np.arange(1.0)[0].view("i4"),
    lambda m: m.asarray(1.0).view("i4"),
    lambda m: m.arange(3.0).view("O"),
    lambda m: m.arange(3.0).view("i3"),
    lambda m: m.arange(3.0).view(5),
    lambda m: m.arange(3.0).view(type=3),
    lambda m: m.arange(3.0).view(type=int),
    lambda m: m.arange(3.0).view(m.ndarray, m.ndarray),
    lambda m: m.zeros((0, 3)).view("c16"),
    lambda m: m.arange(6.0).reshape(2, 3)[:, ::2].view("i4"),
    lambda m: m.zeros((4, 6), "u1").view("i4"),
]


@pytest.mark.parametrize("call", REFUSED)
def test_errors_are_numpys(call):
    same_error(lambda: call(np), lambda: call(numpy))


@pytest.mark.parametrize(
    ("old", "new", "instead"),
    [
        ("complex128", "float64", "np.stack"),
        ("float64", "complex128", "1j"),
        ("float64", "complex64", "complex numbers"),
        ("complex64", "int64", "complex numbers"),
        ("int32", "uint8", "shifts"),
        ("float64", ">f8", "byteswap"),
        ("float64", "M8[s]", "numpy.asarray"),
    ],
)
def test_other_views_say_what_to_write(old, new, instead):
    with pytest.raises(NotImplementedError, match=instead):
        np.zeros((2, 4), old).view(new)


def test_plain_views():
    x = np.arange(3.0)
    for y in (
        x.view(),
        x.view(np.ndarray),
        x.view(type=np.ndarray),
        x.view("f8", np.ndarray),
        x.view(None),
    ):
        y[0] += 1
    assert float(x[0]) == 5
    with pytest.raises(NotImplementedError, match="real or imaginary"):
        np.zeros(3, complex).real.view("i8")


@pytest.mark.parametrize("dtype", HERE)
def test_bytes_are_swapped(dtype):
    a, x = pair(dtype)
    exact(x.byteswap(), a.byteswap())
    exact(x.byteswap().byteswap(), a)
    exact(x.T[1:, ::-2].byteswap(), a.T[1:, ::-2].byteswap())
    assert x.T.byteswap().strides == a.T.byteswap().strides
    got, want = x[1:, ::2], a[1:, ::2]
    assert got.byteswap(True) is got
    want.byteswap(True)
    exact(x, a)
    exact(np.zeros((0, 3), dtype).byteswap(), numpy.zeros((0, 3), dtype))
    exact(x[2, 3].byteswap(), numpy.asarray(a[2, 3].byteswap()))


def test_swaps_that_are_refused():
    for call in (
        lambda m: m.broadcast_to(m.arange(2), (3, 2)).byteswap(True),
        lambda m: m.arange(3)[1].byteswap(True),
    ):
        same_error(lambda call=call: call(np), lambda call=call: call(numpy))
