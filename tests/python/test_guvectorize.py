"""quelea.guvectorize: functions of small arrays, against NumPy's expressions of the same meaning."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host

import quelea
from quelea import guvectorize
from quelea.errors import JitError
from quelea.types import float64, int64, void


def data(*shape: int, seed: int = 0) -> Any:
    return numpy.random.default_rng([seed, *shape]).integers(-9, 9, shape) * 0.5


# ---- functions ----


def add_number(x, y, out):
    for i in range(x.shape[0]):
        out[i] = x[i] + y


def total(x, out):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i]
    out[0] = s


def product(a, b, out):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            out[i, j] = s


def extremes(x, low, high):
    low[0] = x.min()
    high[0] = x.max()


def smoothed(x, y, out):
    out[:] = x
    out[1:-1] = (x[:-2] + y[2:]) / 2


def running(x, out):
    s = 0.0
    for i in range(len(x)):
        s = s * 0.5 + x[i]
        out[i] = s


def split(x, y, low, both):
    for i in range(x.shape[0]):
        low[i] = min(x[i], y[0])
        for j in range(y.shape[0]):
            both[i, j] = x[i] * y[j]


def scaled(x, y, out):
    out[0] = x * y


def _running(x: Any) -> Any:
    out, s = numpy.zeros(x.shape), numpy.zeros(x.shape[:-1])
    for i in range(x.shape[-1]):
        s = s * 0.5 + x[..., i]
        out[..., i] = s
    return out


def _smoothed(x: Any, y: Any) -> Any:
    x, y = numpy.broadcast_arrays(x, y)
    out = x.copy()
    out[..., 1:-1] = (x[..., :-2] + y[..., 2:]) / 2
    return out


F = "float64"
CASES: list[tuple[Callable[..., Any], str, str, Callable[..., Any], list[Any]]] = [
    (
        add_number,
        "(n),()->(n)",
        "f[:],f,f[:]",
        lambda x, y: x + y[..., None],
        [data(6, 5), data(6)],
    ),
    (
        add_number,
        "(n),()->(n)",
        "f[:],f,f[:]",
        lambda x, y: x + y[..., None],
        [data(2, 6, 5), data(6)],
    ),
    (
        add_number,
        "(n),()->(n)",
        "f[:],f,f[:]",
        lambda x, y: x + y[..., None],
        [data(5), data(4, 3)],
    ),
    (add_number, "(n),()->(n)", "f[:],f,f[:]", lambda x, y: x + y[..., None], [data(5), data()]),
    (
        add_number,
        "(n),()->(n)",
        "f[:],f,f[:]",
        lambda x, y: x + y[..., None],
        [data(1, 4, 5), data(3, 1)],
    ),
    (total, "(n)->()", "f[:],f[:]", lambda x: x.sum(-1), [data(40, 9)]),
    (total, "(n)->()", "f[:],f[:]", lambda x: x.sum(-1), [data(3, 4, 50)]),
    (total, "(n)->()", "f[:],f[:]", lambda x: x.sum(-1), [data(70)]),
    (total, "(n)->()", "f[:],f[:]", lambda x: x.sum(-1), [data(3, 0)]),
    (total, "(n)->()", "f[:],f[:]", lambda x: x.sum(-1), [data(0, 3)]),
    (
        product,
        "(m,n),(n,p)->(m,p)",
        "f[:,:],f[:,:],f[:,:]",
        numpy.matmul,
        [data(7, 2, 3), data(3, 4)],
    ),
    (
        product,
        "(m,n),(n,p)->(m,p)",
        "f[:,:],f[:,:],f[:,:]",
        numpy.matmul,
        [data(2, 1, 2, 3), data(5, 3, 4)],
    ),
    (product, "(m,n),(n,p)->(m,p)", "f[:,:],f[:,:],f[:,:]", numpy.matmul, [data(2, 3), data(3, 4)]),
    (extremes, "(n)->(),()", "f[:],f[:],f[:]", lambda x: (x.min(-1), x.max(-1)), [data(35, 6)]),
    (smoothed, "(n),(n)->(n)", "f[:],f[:],f[:]", _smoothed, [data(8, 9), data(9, seed=1)]),
    (smoothed, "(n),(n)->(n)", "f[:],f[:],f[:]", _smoothed, [data(9), data(2, 33, 9, seed=1)]),
    (running, "(n)->(n)", "f[:],f[:]", _running, [data(5, 40)]),
    (
        split,
        "(n),(m)->(n),(n,m)",
        "f[:],f[:],f[:],f[:,:]",
        lambda x, y: (numpy.minimum(x, y[..., :1]), x[..., None] * y[..., None, :]),
        [data(6, 3), data(6, 4, seed=1)],
    ),
    (scaled, "(),()->()", "f,f,f[:]", lambda x, y: x * y, [data(6, 3), data(3, seed=1)]),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_values(case):
    function, layout, types, meaning, args = CASES[case]
    made = guvectorize([f"void({types.replace('f', F)})"], layout)(function)
    want = meaning(*args)
    want = want if isinstance(want, tuple) else (want,)
    for m in (numpy, quelea):
        given = [m.asarray(a) for a in args]
        got = made(*given)
        got = got if isinstance(got, tuple) else (got,)
        outs = tuple(m.full(w.shape, 7.0) for w in want)
        stored = made(*given, *outs)
        assert len(got) == len(want) == made.nout
        stored = stored if made.nout > 1 else (stored,)
        assert all(s is o for s, o in zip(stored, outs, strict=True))
        for g, w, o in zip(got, want, outs, strict=True):
            assert numpy.shape(g) == w.shape and g.dtype == w.dtype
            if w.shape or m is quelea:
                assert isinstance(g, m.ndarray)
            numpy.testing.assert_array_equal(host(g), w)
            numpy.testing.assert_array_equal(host(o), w)


def test_large_arrays():
    a, b = data(500, 3, 11), data(3, 11, seed=1)
    for function, layout, types in (
        (smoothed, "(n),(n)->(n)", "f[:],f[:],f[:]"),
        (running, "(n)->(n)", "f[:],f[:]"),
        (total, "(n)->()", "f[:],f[:]"),
        (split, "(n),(m)->(n),(n,m)", "f[:],f[:],f[:],f[:,:]"),
    ):
        made = guvectorize([f"void({types.replace('f', F)})"], layout)(function)
        for x, y in ((a, b), (a[::3, ::-1], b), (a.transpose(1, 0, 2), b[:1])):
            given = (x, y)[: made.nin]
            want = made(*given)
            got = made(*map(quelea.asarray, given))
            several = isinstance(want, tuple)
            for g, w in zip(got if several else [got], want if several else [want], strict=True):
                numpy.testing.assert_array_equal(host(g), w)


def test_documented_example():
    @guvectorize([(int64[:], int64, int64[:])], "(n),()->(n)")
    def g(x, y, res):
        for i in range(x.shape[0]):
            res[i] = x[i] + y

    a = numpy.arange(5)
    b = numpy.arange(6).reshape(2, 3)
    assert (g.nin, g.nout, g.nargs, g.signature, g.types, g.ntypes) == (
        2,
        1,
        3,
        "(n),()->(n)",
        ["ll->l"],
        1,
    )
    for m in (numpy, quelea):
        assert host(g(m.asarray(a), 2)).tolist() == [2, 3, 4, 5, 6]
        assert host(g(m.asarray(b), 10)).tolist() == [[10, 11, 12], [13, 14, 15]]
        assert host(g(m.asarray(b), m.asarray([10, 20]))).tolist() == [[10, 11, 12], [23, 24, 25]]
        with pytest.raises(TypeError, match="is declared for"):
            g(m.asarray(a * 1.5), 2)
    assert isinstance(g([1, 2], 3), quelea.ndarray)
    with pytest.raises(TypeError, match="is declared for"):
        g(a, 2.5)


def test_numbers_as_arrays_of_one():
    @guvectorize([void(float64[:], float64[:], float64[:])], "(n),()->(n)")
    def g(x, y, res):
        for i in range(x.shape[0]):
            res[i] = x[i] * y[0]

    a, b = data(4, 3), data(4, seed=1)
    for m in (numpy, quelea):
        numpy.testing.assert_array_equal(host(g(m.asarray(a), m.asarray(b))), a * b[:, None])


def test_types_are_chosen_in_order():
    made = guvectorize(
        [
            "void(int64[:], int64[:])",
            "void(float32[:], float32[:])",
            "void(float64[:], float64[:])",
        ],
        "(n)->(n)",
    )
    double = made(lambda x, out: None)
    assert double.types == ["l->l", "f->f", "d->d"]

    @made
    def twice(x, out):
        for i in range(len(x)):
            out[i] = x[i] * 2

    for dtype, result in (
        ("i1", "i8"),
        ("f2", "f4"),
        ("f4", "f4"),
        ("f8", "f8"),
        ("u8", "f8"),
        ("?", "i8"),
    ):
        x = numpy.ones((3, 4), dtype)
        for m in (numpy, quelea):
            got = twice(m.asarray(x))
            assert got.dtype == result
            numpy.testing.assert_array_equal(host(got), numpy.full((3, 4), 2))


def test_without_types():
    @guvectorize("(n),()->(n)")
    def g(x, y, res):
        for i in range(x.shape[0]):
            res[i] = x[i] + y

    for m in (numpy, quelea):
        out = m.zeros((2, 3), "f4")
        assert g(m.asarray(data(2, 3)), 2, out) is out
        numpy.testing.assert_array_equal(host(out), data(2, 3) + 2)
        with pytest.raises(TypeError, match="give it arrays to store into, or declare types"):
            g(m.asarray(data(2, 3)), 2)
    whole = quelea.zeros(3, int)
    g(quelea.arange(3), 2, out=whole)
    assert host(whole).tolist() == [2, 3, 4]


def test_out():
    made = guvectorize(["void(float64[:], float64, float64[:])"], "(n),()->(n)")(add_number)
    x = data(4, 3)
    for m in (numpy, quelea):
        array = m.asarray(x.copy())
        made(array[::-1], 1, out=array)
        numpy.testing.assert_array_equal(host(array), x[::-1] + 1)
        large = m.zeros((2, 4, 3))
        made(m.asarray(x), 1, out=(large,))
        numpy.testing.assert_array_equal(host(large), numpy.broadcast_to(x + 1, (2, 4, 3)))
        with pytest.raises(ValueError, match="non-broadcastable output operand"):
            made(m.asarray(x), 1, out=m.zeros((1, 3)))
        with pytest.raises(ValueError, match="mismatch in its core dimension"):
            made(m.asarray(x), 1, out=m.zeros((4, 4)))
        with pytest.raises(TypeError, match="output from"):
            made(m.asarray(x), 1, out=m.zeros((4, 3), int))
        made(m.asarray(x), 1, out=m.zeros((4, 3), int), casting="unsafe")
    theirs = numpy.zeros((4, 3))
    assert made(quelea.asarray(x), 1, out=theirs) is theirs
    numpy.testing.assert_array_equal(theirs, x + 1)
    with pytest.raises(TypeError, match="return arrays must be arrays, not list"):
        made(quelea.asarray(x), 1, out=[0.0])


def test_results_begin_with_zeros():
    made = guvectorize(["void(float64[:], float64[:])"], "(n)->(n)")(lambda x, out: None)
    for m in (numpy, quelea):
        numpy.testing.assert_array_equal(host(made(m.ones((5, 3)))), numpy.zeros((5, 3)))


def test_some_results_are_empty():
    @guvectorize(["void(float64[:], float64[:], float64[:], float64[:])"], "(n),(m)->(n),(m)")
    def both(x, y, p, q):
        for i in range(len(p)):
            p[i] = x[i]
        for i in range(len(q)):
            q[i] = y[i] + 1

    for m in (numpy, quelea):
        for loop in ((5,), (), (40,)):
            none, some = m.zeros((*loop, 0)), m.ones((*loop, 3))
            for k, got in enumerate((both(none, some), both(some, none)[::-1])):
                assert got[0].shape == none.shape
                want = numpy.full(some.shape, 2.0 if k == 0 else 1.0)
                numpy.testing.assert_array_equal(host(got[1]), want)


def test_arguments_are_not_stored_into():
    def element(x, out):
        x[0] = 1.0

    def part(x, out):
        x.T[1:] += out

    def whole(x, out):
        x *= 2

    for function in (element, part, whole):
        line = function.__code__.co_firstlineno + 1
        with pytest.raises(TypeError, match=rf"its argument x, at .*:{line}: store into a result"):
            guvectorize("(n)->(n)")(function)

    def layout(x):
        x[0] = 1.0
        return x

    with pytest.raises(TypeError, match="stores into its argument x"):
        quelea.vectorize(layout, signature="(n)->(n)")

    @guvectorize("(n)->(n)")
    def copied(x, out):
        x = x.copy()
        x[0] = 7
        out[:] = x

    for m in (numpy, quelea):
        x, out = m.zeros((2, 3)), m.zeros((2, 3))
        assert host(copied(x, out)).tolist() == [[7, 0, 0]] * 2
        assert host(x).tolist() == [[0, 0, 0]] * 2


def emptied(x, count, out):
    out[0] = 0.0
    for i in range(x.shape[0]):
        out[0] += x[i] * count[0]
        x[i] = 6.5 - out[0]
    count[0] += 1.0


@pytest.mark.parametrize("shape", [(3,), (40, 3), (2, 50, 4), (0, 3), (5, 0)])
def test_arguments_that_may_be_stored_into(shape):
    """Numba's writable_args: of both families, and through views."""
    declared = ["void(float64[:], float64[:], float64[:])"]
    f = guvectorize(declared, "(n),()->()", writable_args=("x", 1))(emptied)
    x, count = data(*shape, 2)[..., 0], numpy.asarray(data(*shape[:-1], seed=1))
    want_x, want_count, want = x.copy(), count.copy(), numpy.empty(shape[:-1])
    for place in numpy.ndindex(shape[:-1]):
        part = want_count[place].reshape(1)
        emptied(want_x[place], part, made := numpy.empty(1))
        want_count[place], want[place] = part[0], made[0]
    ours = quelea.zeros((*shape, 2))
    ours[...] = data(*shape, 2)
    ours_x, ours_count = ours[..., 0], quelea.array(count)
    got = f(ours_x, ours_count)
    for made, wanted in ((got, want), (ours_x, want_x), (ours_count, want_count)):
        assert numpy.array_equal(host(made), wanted)
    assert numpy.array_equal(host(ours[..., 1]), data(*shape, 2)[..., 1])
    theirs = numpy.array(count)
    assert numpy.array_equal(f(x.copy(), quelea.array(count)), want)
    assert numpy.array_equal(f(x, theirs), want)
    assert numpy.array_equal(x, want_x) and numpy.array_equal(theirs, want_count)


def test_what_cannot_be_stored_into():
    f = guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),()->()",
                    writable_args=(0, 1))(emptied)  # fmt: skip
    with pytest.raises(TypeError, match=r"its argument 1, which must be an array, not float"):
        f(numpy.ones(3), 2.0)
    with pytest.raises(
        ValueError, match=r"argument 0, which must be of shape \(4, 3\), not \(3,\)"
    ):
        f(numpy.ones(3), numpy.ones(4))
    read_only = numpy.ones((4, 3))
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        f(read_only, numpy.ones(4))
    with pytest.raises(TypeError, match="Cannot cast ufunc 'emptied'"):
        f(numpy.ones((4, 3), int), numpy.ones(4))


def test_types_that_were_called():
    made = guvectorize("(n),()->(n)")(add_number)
    assert (made.types, made.ntypes) == ([], 0)
    made(numpy.ones(3), 1, numpy.zeros(3)), made(numpy.ones(3, "f4"), 1.0, numpy.zeros(3, "f4"))
    assert made.types == ["dl->d", "fd->f"]
    with pytest.raises(TypeError, match="takes numbers, not elements of"):
        made("text", 1, numpy.zeros(3))


def test_numbers_given_as_arrays_are_not_stored_into():
    """Nor into parts that have no axes, and are arrays of one by what is declared."""

    def emptied(x, out):
        x[0] = out[0] = 0.0

    with pytest.raises(TypeError, match=r"stores into its argument x"):
        guvectorize(["void(float64[:], float64[:])"], "()->()")(emptied)


def test_masks_are_refused():
    made = guvectorize(["void(float64[:], float64[:])"], "(n)->(n)")(lambda x, out: None)
    with pytest.raises(TypeError, match="whose mask is not seen"):
        made(numpy.ma.array([1.0, 2.0], mask=[False, True]))


def test_axes_that_only_out_knows():
    @guvectorize("(n)->(m)")
    def first(x, out):
        for i in range(len(out)):
            out[i] = x[i % len(x)]

    for m in (numpy, quelea):
        out = m.zeros((2, 5), int)
        first(m.asarray([[1, 2, 3], [4, 5, 6]]), out)
        assert host(out).tolist() == [[1, 2, 3, 1, 2], [4, 5, 6, 4, 5]]
    made = guvectorize(["void(int64[:], int64[:])"], "(n)->(m)")(first.pyfunc)
    with pytest.raises(ValueError, match="does not say how long axis m"):
        made(numpy.arange(3))
    fixed = guvectorize(["void(int64[:], int64[:])"], "(n)->(4)")(first.pyfunc)
    assert fixed(numpy.arange(3)).tolist() == [0, 1, 2, 0]
    with pytest.raises(ValueError, match="mismatch in its core dimension"):
        fixed(numpy.arange(3), numpy.zeros(3, int))


def test_what_is_refused():
    for layout in ("(n)", "n->n", "(n)->", "(n,)->(n)", "(n),->(n)", "(n?)->(n)"):
        with pytest.raises(ValueError, match="not a valid gufunc signature"):
            guvectorize([], layout)(total)
    with pytest.raises(TypeError, match="needs a layout"):
        guvectorize(["void(float64[:], float64[:])"])
    with pytest.raises(ValueError, match="takes 2 arguments, and"):
        guvectorize([], "(n),(n)->(n)")(total)
    with pytest.raises(TypeError, match=r"argument 0 of .* does not fit"):
        guvectorize(["void(float64, float64[:])"], "(n)->()")(total)
    with pytest.raises(TypeError, match=r"argument 1 of .* does not fit"):
        guvectorize(["void(float64[:], float64)"], "(n)->()")(total)
    with pytest.raises(TypeError, match="returns nothing"):
        guvectorize(["float64(float64[:], float64[:])"], "(n)->()")(total)
    for wrong in ((1,), (-1,), ("z",), (None,)):
        with pytest.raises(ValueError, match="which is none of the arguments: x"):
            guvectorize([], "(n)->()", writable_args=wrong)(total)
    with pytest.raises(ValueError, match="y is a number, into which nothing can be stored"):
        guvectorize([], "(n),()->(n)", writable_args=("y",))(add_number)
    with pytest.raises(ValueError, match="there are no other machines"):
        guvectorize([], "(n)->()", target="cuda")
    made = guvectorize(["void(float64[:], float64[:])"], "(n)->()")(total)
    x = quelea.ones((2, 3))
    with pytest.raises(NotImplementedError, match="axis="):
        made(x, axis=0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'strange'"):
        made(x, strange=0)
    with pytest.raises(ValueError, match="does not have enough dimensions"):
        made(3.0)
    with pytest.raises(TypeError, match="positional arguments but 3 were given"):
        made(x, x, x)
    with pytest.raises(RuntimeError, match="Reduction not defined"):
        made.reduce(x)
    with pytest.raises(ValueError, match="mismatch in its core dimension 0"):
        guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),(n)->(n)")(smoothed)(
            x, quelea.ones(4)
        )


def test_what_is_not_in_the_language_is_refused_with_its_line():
    def caught(x, out):
        with open("never"):
            out[0] = x[0]

    with pytest.raises(JitError) as error:
        guvectorize(["void(float64[:], float64[:])"], "(n)->()")(caught)
    assert error.value.filename == __file__
    assert error.value.lineno == caught.__code__.co_firstlineno + 1
    made = guvectorize("(n)->()")(caught)
    for m in (numpy, quelea):
        with pytest.raises(JitError):
            made(m.ones((2, 3)), m.ones(2))


def test_what_raises():
    @guvectorize(["void(float64[:], float64[:])"], "(n)->()")
    def positive(x, out):
        for i in range(len(x)):
            if x[i] < 0:
                raise ValueError("negative")
            out[0] += x[i]

    x = numpy.ones((40, 3))
    for m in (numpy, quelea):
        numpy.testing.assert_array_equal(host(positive(m.asarray(x))), numpy.full(40, 3))
        with pytest.raises(ValueError, match="negative"):
            host(positive(m.asarray(-x)))
        quelea.sync()
