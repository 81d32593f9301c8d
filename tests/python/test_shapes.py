"""Shapes, joins, splits and rearrangements."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import same, same_error

import quelea as np

X = numpy.arange(24.0).reshape(2, 3, 4)


def pair():
    return np.asarray(X), X.copy()


def both(function, *args, text=True):
    """The same call on both modules: the same value, or the same error."""
    try:
        want = function(numpy, *args)
    except Exception:
        same_error(lambda: function(np, *args), lambda: function(numpy, *args), text)
        return
    got = function(np, *args)
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            same(a, b)
    else:
        same(got, want)


CALLS = {
    "reshape": lambda m, x: x.reshape(4, -1),
    "reshape tuple": lambda m, x: x.reshape((6, 4)),
    "reshape bad": lambda m, x: x.reshape(5, 5),
    "reshape bad -1": lambda m, x: x.reshape(-1, 5),
    "reshape two -1": lambda m, x: x.reshape(-1, -1),
    "reshape 1": lambda m, x: x.reshape(7),
    "reshape of transposed": lambda m, x: x.T.reshape(4, 6),
    "np.reshape": lambda m, x: m.reshape(x, (2, 12)),
    "ravel": lambda m, x: x.ravel(),
    "ravel of transposed": lambda m, x: m.ravel(x.T),
    "flatten": lambda m, x: x[:, ::-1].flatten(),
    "T": lambda m, x: x.T,
    "mT": lambda m, x: x.mT,
    "transpose": lambda m, x: x.transpose(1, 0, 2),
    "transpose list": lambda m, x: m.transpose(x, [2, 0, -2]),
    "transpose repeated": lambda m, x: x.transpose(0, 0, 1),
    "transpose short": lambda m, x: x.transpose(0, 1),
    "transpose bounds": lambda m, x: x.transpose(0, 1, 5),
    "swapaxes": lambda m, x: m.swapaxes(x, 0, -1),
    "swapaxes bad": lambda m, x: x.swapaxes(0, 3),
    "moveaxis": lambda m, x: m.moveaxis(x, 0, -1),
    "moveaxis two": lambda m, x: m.moveaxis(x, (0, 1), (-1, 0)),
    "rollaxis": lambda m, x: m.rollaxis(x, 2),
    "permute_dims": lambda m, x: m.permute_dims(x, (1, 2, 0)),
    "squeeze": lambda m, x: x[:1, :, :1].squeeze(),
    "squeeze axis": lambda m, x: m.squeeze(x[:1, :, :1], axis=-1),
    "squeeze bad": lambda m, x: x.squeeze(0),
    "expand_dims": lambda m, x: m.expand_dims(x, (0, -1)),
    "expand_dims bad": lambda m, x: m.expand_dims(x, 5),
    "expand repeated": lambda m, x: m.expand_dims(x, (0, 0)),
    "broadcast_to": lambda m, x: m.broadcast_to(x, (5, 2, 3, 4)),
    "broadcast_to bad": lambda m, x: m.broadcast_to(x, (2, 3, 5)),
    "broadcast_arrays": lambda m, x: m.broadcast_arrays(x, x[0], x[:, :1, :1]),
    "atleast_1d": lambda m, x: m.atleast_1d(x[0, 0, 0], x),
    "atleast_2d": lambda m, x: m.atleast_2d(x[0, 0]),
    "atleast_3d": lambda m, x: m.atleast_3d(x[0, 0], x[0]),
    "flip": lambda m, x: m.flip(x),
    "flip axis": lambda m, x: m.flip(x, (0, 2)),
    "flipud": lambda m, x: m.flipud(x),
    "fliplr": lambda m, x: m.fliplr(x),
    "rot90": lambda m, x: [m.rot90(x, k) for k in range(-1, 5)],
    "rot90 axes": lambda m, x: m.rot90(x, 1, (1, 2)),
    "rot90 bad": lambda m, x: m.rot90(x, 1, (0, 0)),
    "roll": lambda m, x: m.roll(x, 5),
    "roll axis": lambda m, x: m.roll(x, -1, 2),
    "roll axes": lambda m, x: m.roll(x, (1, 2), (0, 2)),
    "roll far": lambda m, x: m.roll(x, 17, 1),
    "tile": lambda m, x: m.tile(x[0], (2, 1, 2)),
    "tile int": lambda m, x: m.tile(x[0, 0], 3),
    "repeat": lambda m, x: m.repeat(x, 2, 1),
    "repeat flat": lambda m, x: x[0].repeat(3),
    "concatenate": lambda m, x: m.concatenate([x, x[:1]], 0),
    "concatenate -1": lambda m, x: m.concat((x, x), axis=-1),
    "concatenate None": lambda m, x: m.concatenate([x, x[0]], axis=None),
    "concatenate bad": lambda m, x: m.concatenate([x, x[:, :2]]),
    "concatenate ndim": lambda m, x: m.concatenate([x, x[0]]),
    "concatenate 0": lambda m, x: m.concatenate([]),
    "concatenate mixed": lambda m, x: m.concatenate([x.astype("int8"), x.astype("float32")]),
    "concatenate dtype": lambda m, x: m.concatenate([x, x], dtype="float32"),
    "concatenate casting": lambda m, x: m.concatenate([x, x], casting="odd"),
    "concatenate unsafely": lambda m, x: m.concatenate([x, x], dtype="int8", casting="no"),
    "stack mixed": lambda m, x: m.stack([x[0].astype("int8"), x[1].astype("float32")], -1),
    "stack dtype": lambda m, x: m.stack([x[0], x[0]], 1, dtype="float32"),
    "stack 0-d": lambda m, x: m.stack([x[0, 0], x[0, 1], x[1, 0]]),
    "stack": lambda m, x: m.stack([x, x + 1], axis=1),
    "stack -1": lambda m, x: m.stack([x, x + 1], axis=-1),
    "stack bad": lambda m, x: m.stack([x, x[0]]),
    "stack 0": lambda m, x: m.stack([]),
    "vstack": lambda m, x: m.vstack([x[0, 0], x[0, 1]]),
    "hstack": lambda m, x: m.hstack([x[0], x[0]]),
    "hstack 1": lambda m, x: m.hstack([x[0, 0], x[0, 1]]),
    "dstack": lambda m, x: m.dstack([x[0], x[1]]),
    "column_stack": lambda m, x: m.column_stack([x[0, 0], x[0].T]),
    "append": lambda m, x: m.append(x[0], x[1], axis=0),
    "split": lambda m, x: m.split(x, 3, axis=1),
    "split at": lambda m, x: m.split(x, [1, 3], axis=2),
    "split bad": lambda m, x: m.split(x, 2, axis=1),
    "array_split": lambda m, x: m.array_split(x, 3, axis=2),
    "vsplit": lambda m, x: m.vsplit(x, 2),
    "hsplit": lambda m, x: m.hsplit(x, 3),
    "dsplit": lambda m, x: m.dsplit(x, 2),
    "unstack": lambda m, x: m.unstack(x, axis=1),
    "diff": lambda m, x: m.diff(x),
    "diff 2": lambda m, x: m.diff(x, 2, axis=1),
    "diff ends": lambda m, x: m.diff(x, prepend=0.0, append=x[..., :1]),
    "pad": lambda m, x: m.pad(x, 1),
    "pad pairs": lambda m, x: m.pad(x[0], ((1, 2), (0, 3)), constant_values=5),
    "pad edge": lambda m, x: m.pad(x[0], 2, mode="edge"),
    "pad wrap": lambda m, x: m.pad(x[0], ((5, 1), (2, 9)), mode="wrap"),
}


@pytest.mark.parametrize("name", CALLS)
def test_call(name):
    both(lambda m: CALLS[name](m, m.asarray(X)), text=name not in ("rollaxis", "expand repeated"))


@given(
    st.lists(st.sampled_from([1, 2, 3, 4, 6, 12, -1]), min_size=1, max_size=4),
    st.permutations(range(3)),
    st.booleans(),
)
def test_reshape_is_a_view_exactly_when_numpys_is(shape, order, backwards):
    a, x = pair()
    a, x = a.transpose(order), x.transpose(order)
    if backwards:
        a, x = a[::-1], x[::-1]
    try:
        want = x.reshape(shape)
    except ValueError:
        same_error(lambda: a.reshape(shape), lambda: x.reshape(shape))
        return
    got = a.reshape(shape)
    same(got, want)
    assert np.shares_memory(got, a) == numpy.shares_memory(want, x)


def test_views_and_copies():
    a, _ = pair()
    for view in (
        a.T,
        a.mT,
        a.swapaxes(0, 1),
        np.squeeze(a),
        a[None],
        np.flip(a),
        np.rot90(a),
        np.broadcast_to(a, (2, 2, 3, 4)),
        *np.split(a, 3, 1),
        a.view(),
    ):
        assert np.shares_memory(view, a)
    for copy in (a.copy(), a.flatten(), a + 0, np.roll(a, 1), np.tile(a, 1), np.concatenate([a])):
        assert not np.shares_memory(copy, a)
    with pytest.raises(ValueError, match="copy"):
        a.T.reshape(24, copy=False)
    assert not np.shares_memory(a.reshape(24, copy=True), a)


def test_sizes_beyond_64_bits_are_refused():
    for shape in ((2**40, 2**40), (2**32, 2**32), (0, 2**62, 2**62)):
        same_error(
            lambda s=shape: np.broadcast_to(np.ones(1), s),
            lambda s=shape: numpy.broadcast_to(numpy.ones(1), s),
            text=False,
        )
        same_error(lambda s=shape: np.zeros(s), lambda s=shape: numpy.zeros(s), text=False)


def test_attributes():
    a, x = pair()
    for ours, theirs in (
        (a, x),
        (a.T, x.T),
        (a[::2, ::-1], x[::2, ::-1]),
        (np.zeros(()), numpy.zeros(())),
    ):
        for name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes"):
            assert getattr(ours, name) == getattr(theirs, name), name
    assert a[::2, ::-1].strides == x[::2, ::-1].strides
    assert (np.shape(a), np.ndim(a), np.size(a), np.size(a, 1)) == ((2, 3, 4), 3, 24, 3)
    assert (numpy.shape(a), numpy.ndim(a), numpy.size(a)) == ((2, 3, 4), 3, 24)


def test_copyto():
    a, x = pair()
    np.copyto(a, 5, where=a > 20)
    numpy.copyto(x, 5, where=x > 20)
    same(a, x)
    same_error(
        lambda: np.copyto(np.zeros(2, int), np.ones(2)),
        lambda: numpy.copyto(numpy.zeros(2, int), numpy.ones(2)),
    )


def test_too_many_dimensions():
    with pytest.raises(ValueError, match="maximum supported dimension"):
        np.zeros((1,) * 17)
    with pytest.raises(IndexError, match="number of dimensions"):
        np.zeros((1,) * 16)[None]


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_results_lie_as_their_operands_do(axes):
    """NumPy's order 'K': then nothing is read across, and a transposed result reshapes as NumPy's does."""
    x = numpy.arange(5 * 6 * 7.0).reshape(5, 6, 7)
    theirs = x.transpose(axes) * 2 + x.transpose(axes)[:, ::-1]
    ours = np.asarray(x).transpose(axes) * 2 + np.asarray(x).transpose(axes)[:, ::-1]
    same(ours, theirs)
    same(ours.reshape(-1)[3:50], theirs.reshape(-1)[3:50])
    same(ours.transpose(axes) + ours.T.sum(), theirs.transpose(axes) + theirs.T.sum())
    view = ours.T
    view[1] = -1
    theirs.T[1] = -1
    same(ours, theirs)
    if np.info()["node_count"] == 1:
        assert numpy.asarray(ours).strides == theirs.strides


def test_numpy_integers_are_numbers():
    a = numpy.arange(10)
    x = np.asarray(a)
    for ours, theirs in zip(np.split(x, numpy.int64(5)), numpy.split(a, 5), strict=True):
        same(ours, theirs)
    with pytest.raises(ValueError, match="equal division"):
        np.split(x, numpy.int64(3))
    same(np.tile(x, numpy.int64(2)), numpy.tile(a, 2))
    same(np.tile(x, ()), numpy.tile(a, ()))
    with pytest.raises(TypeError, match="integral"):
        np.pad(x, 1.5)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "complex64"])
@pytest.mark.parametrize("value", [True, 3, 300, 1.5, 1j])
@pytest.mark.parametrize("casting", ["same_kind", "safe", "unsafe"])
@pytest.mark.filterwarnings("ignore:Casting complex")
def test_copyto_casts_python_scalars_as_numpy_does(dtype, value, casting):
    a = numpy.zeros(2, dtype)
    x = np.asarray(a)
    try:
        numpy.copyto(a, value, casting=casting)
    except (TypeError, OverflowError) as error:
        with pytest.raises(type(error)):
            np.copyto(x, value, casting=casting)
    else:
        np.copyto(x, value, casting=casting)
    same(x, a)


FLAT = [
    lambda m, a: a.ravel(),
    lambda m, a: m.ravel(a[1:]),
    lambda m, a: a[:1, 1:3].ravel(),
    lambda m, a: a[::2].ravel(),
    lambda m, a: a[::-1].ravel(),
    lambda m, a: a[:, 1].ravel(),
    lambda m, a: a[:, :1].ravel(),
    lambda m, a: a.T.ravel(),
    lambda m, a: a[::2].reshape(-1),
    lambda m, a: a[:, 1].reshape(2, 3),
    lambda m, a: m.ascontiguousarray(a[::2]),
    lambda m, a: m.ascontiguousarray(a),
    lambda m, a: m.asarray(a.T, order="C"),
    lambda m, a: m.asarray(a, order="C"),
]


@pytest.mark.parametrize("part", FLAT)
def test_a_flat_array_is_a_view_where_numpy_gives_one(part):
    a = numpy.arange(24.0).reshape(6, 4)
    x = np.asarray(a)
    flat, view = part(numpy, a), part(np, x)
    flat[...] = -1
    view[...] = -1
    same(view, flat)
    same(x, a)


def test_shapes_together():
    for shapes in ([(3, 1), (4,)], [(2, 1, 4), (3, 1), ()], [(5,)], [], [(0, 1), (1, 3)]):
        ours = np.broadcast(*(np.ones(s) for s in shapes))
        theirs = numpy.broadcast(*(numpy.ones(s) for s in shapes))
        for name in ("shape", "ndim", "nd", "size", "numiter"):
            assert getattr(ours, name) == getattr(theirs, name)
    assert np.broadcast([1, 2], 3).shape == (2,)
    same_error(
        lambda: np.broadcast(np.ones(2), np.ones(3)),
        lambda: numpy.broadcast(X[0, 0, :2], X[0, 0, :3]),
        False,
    )
    with pytest.raises(NotImplementedError, match="broadcast_arrays"):
        iter(np.broadcast(np.ones(2), 1))


def test_elements_one_after_another():
    for view in (
        lambda x: x,
        lambda x: x.T,
        lambda x: x[0, ::2],
        lambda x: x[:0],
        lambda x: x[0, 0, 0],
    ):
        ours = [(i, float(v)) for i, v in np.ndenumerate(view(np.asarray(X)))]
        assert ours == [(i, float(v)) for i, v in numpy.ndenumerate(view(X))]
    assert [i for i, _ in np.ndenumerate([[1, 2]])] == [(0, 0), (0, 1)]


def test_views_that_have_elements_in_common():
    a = numpy.zeros((6, 8), complex)
    x = np.asarray(a)
    views = [
        lambda x: x,
        lambda x: x[:3],
        lambda x: x[3:],
        lambda x: x[::2],
        lambda x: x[1::2],
        lambda x: x[::-1, ::3].T,
        lambda x: x[:, 1::3],
        lambda x: x.real[2:],
        lambda x: x.imag[2:],
        lambda x: x.reshape(-1)[5::7],
        lambda x: x[2:2],
        lambda x: x[5, 7],
        lambda x: x[5:, 7:].reshape(()),
        lambda x: x.copy(),
    ]
    for left in views:
        for right in views:
            for name in ("shares_memory", "may_share_memory"):
                got = getattr(np, name)(left(x), right(x))
                assert got == getattr(numpy, name)(left(a), right(a)), (name, left(a).shape)
    assert not np.shares_memory(x, a)
    with pytest.raises(numpy.exceptions.TooHardError):
        np.shares_memory(x[::2], x[::-1], 0)
