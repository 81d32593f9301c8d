"""`real` and `imag` of complex arrays: live views that are read, written, sliced and reduced like others."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import near, same

import quelea as np


def start(dtype="complex128", shape=(5, 12)):
    a = numpy.asarray(numpy.arange(int(numpy.prod(shape))).reshape(shape) * (1 + 2j) / 3, dtype)
    if shape == (5, 12):
        a[2, 3], a[1, 1] = complex(numpy.inf, -0.0), complex(numpy.nan, numpy.inf)
    return a, np.asarray(a)


READ = [
    lambda m, v, w: v,
    lambda m, v, w: w[1:, ::-2],
    lambda m, v, w: v.T,
    lambda m, v, w: v.astype("float16"),
    lambda m, v, w: v.max(axis=1),
    lambda m, v, w: w[2:].any(axis=0),
    lambda m, v, w: w.ravel()[::7],
    lambda m, v, w: w.reshape(-1)[::7],
    lambda m, v, w: m.broadcast_to(v[0], (3, 12)),
    lambda m, v, w: v * v + w * w,
    lambda m, v, w: m.where(v > 3, v, w),
    lambda m, v, w: m.concatenate([v, w]),
    lambda m, v, w: m.stack([v, w], axis=-1),
    lambda m, v, w: m.roll(v, 3),
    lambda m, v, w: m.zeros_like(v),
    lambda m, v, w: v.copy(),
    lambda m, v, w: m.asarray(v, dtype="complex64"),
    lambda m, v, w: v[1, 2],
    lambda m, v, w: v[0:0],
]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("read", READ)
def test_parts_are_read(read, dtype):
    a, x = start(dtype)
    same(read(np, x.real, x.imag), read(numpy, a.real, a.imag))


def test_parts_are_views():
    a, x = start()
    v, w = a.real, a.imag
    ours_v, ours_w = x.real, x.imag
    with numpy.errstate(all="ignore"):
        a *= 3
    x *= 3
    a[1:4] += 2j
    x[1:4] += 2j
    same(ours_v, v)
    same(ours_w, w)
    assert ours_v.strides == v.strides
    assert ours_v[1:, ::2].T.strides == v[1:, ::2].T.strides
    assert float(ours_v[3, 3]) == v[3, 3]
    assert ours_v.tolist()[0] == v.tolist()[0]
    assert (ours_v.dtype, ours_v.itemsize, ours_v.nbytes) == (v.dtype, v.itemsize, v.nbytes)
    assert repr(ours_v) == repr(v)


def test_a_snapshot_of_a_part_is_one():
    _, x = start()
    before = numpy.asarray(x.imag)
    kept = before.copy()
    x[...] = 0
    numpy.testing.assert_array_equal(before, kept)
    near(start()[1].real[3:].sum(axis=0), start()[0].real[3:].sum(axis=0), 4)


def overlap_rows(m, a):
    a.imag[1:] = a.imag[:-1]


def overlap_reversed(m, a):
    a.real[:] = a.real[::-1]


def exchange(m, a):
    a.real, a.imag = a.imag, a.real


def exchange_copies(m, a):
    a.real, a.imag = a.imag.copy(), a.real.copy()


def slices(m, a):
    a.real[1:3, ::2] = 7
    a.T.imag[3] = 5
    a[::2].real[:, 1:] *= 2


def across(m, a):
    w = a.imag
    w[::-1] += a.real
    w -= a.imag.T.reshape(w.shape)


def outputs(m, a):
    m.add(a.real, 1, out=a.imag)
    m.sqrt(abs(a.imag), out=a.real, where=a.imag > 10)
    a.real[1:].max(axis=0, out=a[0].imag)


def scalars(m, a):
    a.real = 3
    a.imag = m.arange(12.0)
    a.real[2] = -0.0
    a.imag[2] = numpy.inf


def flat(m, a):
    a.imag.reshape(-1)[::7] = -1
    a.real.ravel()[:] = 3  # a copy


def integers(m, a):
    a.real = m.arange(12)
    a.imag += m.arange(60, dtype="int8").reshape(5, 12)


WRITE = [
    overlap_rows,
    overlap_reversed,
    exchange,
    exchange_copies,
    slices,
    across,
    outputs,
    scalars,
    flat,
    integers,
]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("write", WRITE)
def test_parts_are_written(write, dtype):
    a, x = start(dtype)
    with numpy.errstate(all="ignore"):
        write(numpy, a)
    write(np, x)
    same(x, a)


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 3, 4), (700, 3)])
def test_parts_of_any_shape(shape):
    a, x = start(shape=shape)
    a.imag[...], x.imag[...] = a.real + 1, x.real + 1
    same(x, a)
    same(x.imag, a.imag)


def test_parts_of_values_and_read_only_arrays():
    a, x = start()
    assert (x[0, 1].real, x[0, 1].imag) == (a[0, 1].real, a[0, 1].imag)
    frozen = np.broadcast_to(x, (2, 5, 12)).real
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 1
    with pytest.raises(TypeError, match="same_kind"):
        np.add(x, 1, out=x.real)


steps = st.sampled_from(
    [slice(None), slice(1, None), slice(None, None, 2), slice(None, None, -1), slice(3, 1, -1)]
)
moves = st.lists(
    st.tuples(steps, steps, st.sampled_from(["real", "imag"]), st.integers(0, 4)),
    min_size=1,
    max_size=6,
)


@given(moves)
def test_programs_of_parts(program):
    a, x = start()
    a[...], x[...] = (
        numpy.arange(60).reshape(5, 12) * (2 - 1j),
        np.arange(60).reshape(5, 12) * (2 - 1j),
    )
    for rows, columns, name, kind in program:
        for z in (a, x):
            part = getattr(z[rows, columns], name)
            other = z.imag if name == "real" else z.real
            if kind == 0:
                part += 1
            elif kind == 1:
                part[...] = other[rows, columns]
            elif kind == 2:
                part[1:] = part[:-1] * 2
            elif kind == 3:
                z[rows, columns] *= 1j
            else:
                part[...] = z.real[rows, columns] - z.imag[rows, columns][::-1]
    same(x, a)
