"""np.fft: NumPy's transforms within a few units in the last place, on every layout, with the same bits everywhere."""

import inspect
import warnings
from typing import Any

import numpy
import pytest
from support import HERE, host, near, same, same_error

import quelea

NAMES = [
    name
    for name in dir(numpy.fft)
    if not name.startswith("_") and name != "test" and callable(getattr(numpy.fft, name))
]
ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
TAKES_REAL = {"rfft", "ihfft", "rfft2", "rfftn"}
pytestmark = pytest.mark.filterwarnings("ignore::quelea.GatherWarning")


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    random = numpy.random.default_rng(seed)
    x = random.normal(0, 10, shape)
    if numpy.dtype(dtype).kind == "c":
        x = x + 1j * random.normal(0, 10, shape)
    if numpy.dtype(dtype).kind == "u":
        x = abs(x)
    return x.astype(dtype)


def close(ours: Any, theirs: Any, context: object = "") -> None:
    """Same shape and dtype; errors are a few units in the last place of the largest number."""
    got, want = host(ours), numpy.asarray(theirs)
    assert isinstance(ours, quelea.ndarray), context
    assert (got.shape, got.dtype) == (want.shape, want.dtype), context
    largest = float(numpy.max(abs(want), initial=0))
    error = float(numpy.max(abs(got - want), initial=0))
    assert error <= 8 * float(numpy.finfo(want.dtype).eps) * largest, (context, error, largest)


def dtype_for(name: str, dtype: str) -> str:
    return (
        {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
        if name in TAKES_REAL
        else dtype
    )


def call(m: Any, name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(m.fft, name)(m.asarray(x), *args, **kwargs)


def test_all_of_numpys_names_are_there() -> None:
    assert sorted(quelea.fft.__all__) == sorted(NAMES)
    for name in NAMES:
        ours, theirs = (inspect.signature(getattr(m.fft, name)) for m in (quelea, numpy))
        assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
            (p.name, p.kind, p.default) for p in theirs.parameters.values()
        ], name
        assert getattr(quelea.fft, name).__doc__


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype: str) -> None:
    for name in ONE:
        x = numbers((5, 12), dtype_for(name, dtype))
        for axis in (0, 1, -1):
            close(call(quelea, name, x, axis=axis), call(numpy, name, x, axis=axis), (name, axis))
    for name in SEVERAL:
        x = numbers((4, 5, 6), dtype_for(name, dtype))
        close(call(quelea, name, x), call(numpy, name, x), name)


@pytest.mark.parametrize("name", ONE)
def test_lengths(name: str) -> None:
    # factors of the library's own passes, of its general one, and primes of Bluestein's
    for size in (
        1,
        2,
        3,
        4,
        7,
        8,
        11,
        13,
        26,
        49,
        60,
        64,
        97,
        121,
        128,
        169,
        211,
        509,
        1000,
        2 * 401,
    ):
        for dtype in ("complex128", "complex64"):
            x = numbers((9, size), dtype_for(name, dtype), size)
            if name in ("irfft", "hfft") and size == 1:
                continue
            close(call(quelea, name, x), call(numpy, name, x), (name, size))
            close(call(quelea, name, x.T, axis=0), call(numpy, name, x.T, axis=0), (name, size))


@pytest.mark.parametrize("name", ONE)
def test_lines_are_cut_and_continued(name: str) -> None:
    x = numbers((6, 11), dtype_for(name, "complex128"))
    for n in (1, 2, 5, 10, 11, 12, 20, 21, 33):
        for axis in (0, 1):
            for norm in (None, "backward", "ortho", "forward"):
                close(
                    call(quelea, name, x, n, axis, norm),
                    call(numpy, name, x, n, axis, norm),
                    (name, n, axis, norm),
                )


@pytest.mark.parametrize("name", ONE)
def test_a_line_has_the_same_bits_alone_and_beside_others(name: str) -> None:
    for size in (16, 30, 101):
        for dtype in ("complex128", "complex64"):
            x = numbers((37, size), dtype_for(name, dtype), size)
            together = host(call(quelea, name, x))
            across = host(call(quelea, name, numpy.ascontiguousarray(x.T), axis=0))
            same(quelea.asarray(across.T), together, (name, size))
            for k in (0, 1, 8, 31, 36):
                alone = call(quelea, name, x[k])
                same(alone, together[k], (name, size, k))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
def test_long_lines_beside_each_other(name: str) -> None:
    x = numbers((5, 1 << 15), dtype_for(name, "complex128"))
    together = call(quelea, name, x)
    close(together, call(numpy, name, x), name)
    same(call(quelea, name, x[3]), host(together)[3], name)


def test_a_line_has_numpys_bits() -> None:
    x = numbers((17, 240), "complex128")
    same(quelea.fft.fft(quelea.asarray(x)), numpy.fft.fft(x))
    same(quelea.fft.rfft(quelea.asarray(x.real)), numpy.fft.rfft(x.real))


@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name: str) -> None:
    x = numbers((6, 10, 7), dtype_for(name, "complex128"))
    for axes in ((0, 1), (1, 0), (2, 0), (0, 1, 2), (-1,), (1, 1), (2, 0, 1)):
        close(call(quelea, name, x, axes=axes), call(numpy, name, x, axes=axes), (name, axes))
        s = [4, 11, 5][: len(axes)]
        for norm in (None, "ortho", "forward"):
            close(
                call(quelea, name, x, s, axes, norm),
                call(numpy, name, x, s, axes, norm),
                (name, axes, s),
            )
    for s in ((4, 5), (4, -1), (-1, 8), (9, None)):
        close(call(quelea, name, x, s, (0, 1)), call(numpy, name, x, s, (0, 1)), (name, s))
        close(call(quelea, name, x, s), call(numpy, name, x, s), (name, s))


def test_there_and_back() -> None:
    x = numbers((33, 20), "float64")
    a = quelea.asarray(x)
    near(quelea.fft.irfft2(quelea.fft.rfft2(a), s=x.shape, axes=(0, 1)), x, 64, absolute=256)
    near(quelea.fft.ifftn(quelea.fft.fftn(a)).real, x, 64, absolute=256)
    near(quelea.fft.hfft(quelea.fft.ihfft(a), 20), x, 64, absolute=256)


VIEWS = {
    "backwards": lambda x: x[::-1, ::-1],
    "steps": lambda x: x[::2, 1::3],
    "transposed": lambda x: x.T,
    "a part": lambda x: x[3:17, 2:9],
    "a row": lambda x: x[4:5],
    "a column": lambda x: x[:, 3:4],
    "one line": lambda x: x[5],
    "a new axis": lambda x: x[:, None, :],
    "broadcast": lambda x: x[2][None, :] + 0 * x[:3, :1],
    "reshaped": lambda x: x.reshape(-1),
    "folded": lambda x: x.reshape(2, -1),
}


@pytest.mark.parametrize("view", list(VIEWS))
def test_views(view: str) -> None:
    x = numbers((24, 15), "complex128")
    a = quelea.asarray(x) + 0
    for axis in range(VIEWS[view](x).ndim):
        got, want = (m.fft.fft(VIEWS[view](y), axis=axis) for m, y in ((quelea, a), (numpy, x)))
        close(got, want, (view, axis))
        if view != "a new axis":  # where an axis of one element lies says nothing
            assert got.strides == want.strides, (view, axis)
    got, want = (m.fft.rfft(VIEWS[view](y.real)) for m, y in ((quelea, a), (numpy, x)))
    close(got, want, view)


def test_broadcast_and_diagonal() -> None:
    x = numbers((1, 12), "float64")
    got = quelea.fft.fft(quelea.broadcast_to(quelea.asarray(x), (5, 12)))
    close(got, numpy.fft.fft(numpy.broadcast_to(x, (5, 12))))
    y = numbers((12, 12), "complex128")
    close(quelea.fft.fft(quelea.diagonal(quelea.asarray(y))), numpy.fft.fft(numpy.diagonal(y)))


def test_empty() -> None:
    for shape, axis, n in (((0, 4), 1, None), ((4, 0), 0, None), ((3, 0), 1, 5), ((0,), 0, 3)):
        x = numpy.zeros(shape)
        same(quelea.fft.fft(quelea.zeros(shape), n, axis), numpy.fft.fft(x, n, axis), (shape, axis))
        same(
            quelea.fft.rfft(quelea.zeros(shape), n, axis), numpy.fft.rfft(x, n, axis), (shape, axis)
        )


def test_special_values() -> None:
    for value in (numpy.nan, numpy.inf, -0.0):
        x = numpy.full((3, 8), value)
        x[1, 2:] = 1
        with numpy.errstate(all="ignore"):
            half, whole = numpy.fft.rfft(x), numpy.fft.fft(x + 0j)
        same(quelea.fft.rfft(quelea.asarray(x)), half, value)
        same(quelea.fft.fft(quelea.asarray(x + 0j)), whole, value)


@pytest.mark.parametrize("name", ONE)
def test_out(name: str) -> None:
    x = numbers((6, 8), dtype_for(name, "complex128"))
    want = call(numpy, name, x)
    for dtype in (want.dtype, numpy.dtype("c16"), numpy.dtype("c8")):
        out = quelea.zeros(want.shape, dtype)
        assert call(quelea, name, x, out=out) is out
        close(out, want.astype(dtype))
    out = quelea.zeros((2 * want.shape[0], want.shape[1] + 1), want.dtype)
    part = out[::2, 1:]
    assert call(quelea, name, x, out=part) is part
    close(out[::2, 1:], want)
    assert not host(out[1::2]).any()


def test_out_that_is_read() -> None:
    x = numbers((6, 6), "complex128")
    a, b = quelea.asarray(x) + 0, x.copy()
    assert quelea.fft.fft(a, axis=0, out=a) is a
    close(a, numpy.fft.fft(b, axis=0, out=b))
    a, b = quelea.asarray(x) + 0, x.copy()
    assert quelea.fft.fftn(a, out=a) is a
    close(a, numpy.fft.fftn(b, out=b))


ERRORS = {
    "no numbers": lambda m, x: m.fft.fft(x, 0),
    "fewer": lambda m, x: m.fft.ifft(x, -3),
    "empty axis": lambda m, x: m.fft.fft(x[:, :0]),
    "one of a half": lambda m, x: m.fft.irfft(x[:, :1]),
    "axis": lambda m, x: m.fft.fft(x, axis=2),
    "axis and n": lambda m, x: m.fft.fft(x, 4, axis=2),
    "axis below": lambda m, x: m.fft.rfft(x, 4, axis=-3),
    "axes": lambda m, x: m.fft.fftn(x, axes=(0, 5)),
    "0-d": lambda m, x: m.fft.fft(x[0, 0]),
    "norm": lambda m, x: m.fft.fft(x, norm="none"),
    "norm of an inverse": lambda m, x: m.fft.ifft(x, norm="none"),
    "lengths": lambda m, x: m.fft.fftn(x, (3,), (0, 1)),
    "complex": lambda m, x: m.fft.rfft(x + 1j),
    "complex, single": lambda m, x: m.fft.rfft(m.asarray(x, dtype="c8"), 5),
    "complex, ihfft": lambda m, x: m.fft.ihfft(x + 1j),
    "out of another shape": lambda m, x: m.fft.fft(x, out=m.zeros((4, 5), complex)),
    "out of other axes": lambda m, x: m.fft.fft(x, out=m.zeros(6, complex)),
    "real out": lambda m, x: m.fft.fft(x, out=m.zeros((4, 6))),
    "frequencies": lambda m, x: m.fft.fftfreq(2.5),
    "half frequencies": lambda m, x: m.fft.rfftfreq("a"),
}


@pytest.mark.parametrize("case", list(ERRORS))
def test_errors(case: str) -> None:
    x = numbers((4, 6), "float64")
    a = quelea.asarray(x)
    same_error(lambda: ERRORS[case](quelea, a), lambda: ERRORS[case](numpy, x), text=False)


def test_frequencies() -> None:
    for n in (1, 2, 3, 8, 9, 101):
        for d in (1.0, 0.1, 2):
            same(quelea.fft.fftfreq(n, d), numpy.fft.fftfreq(n, d), (n, d))
            same(quelea.fft.rfftfreq(n, d), numpy.fft.rfftfreq(n, d), (n, d))
    same(quelea.fft.fftfreq(5, device="cpu"), numpy.fft.fftfreq(5, device="cpu"))


def test_shifts() -> None:
    x = numbers((6, 5, 7), "float64")
    a = quelea.asarray(x)
    for axes in (None, 0, -1, (0, 2), [1], (), (0, 0)):
        for name in ("fftshift", "ifftshift"):
            same(
                getattr(quelea.fft, name)(a, axes), getattr(numpy.fft, name)(x, axes), (name, axes)
            )
    same(quelea.fft.fftshift([1, 2, 3]), numpy.fft.fftshift([1, 2, 3]))


def test_numpys_functions_are_ours() -> None:
    x = numbers((4, 6), "complex128")
    a = quelea.asarray(x)
    close(numpy.fft.fft(a), numpy.fft.fft(x))
    close(numpy.fft.fftn(a), numpy.fft.fftn(x))
    same(numpy.fft.fftshift(a), numpy.fft.fftshift(x))
    assert isinstance(quelea.fft.fft([1, 2, 3]), quelea.ndarray)


def test_among_other_statements() -> None:
    """Transforms of what is pending, twice of one array, and dead ones, in one log."""
    x = numbers((16, 12), "float64")
    a = quelea.asarray(x)
    b = a * 2 + 1
    for m, y in ((quelea, b), (numpy, x * 2 + 1)):
        f = m.fft.rfft(y)
        g = m.fft.fft(y[::-1] * y, axis=0)
        m.fft.fft(y)
        h = m.fft.irfft(f * 3, 12) + g.real
        h[2:5] = m.fft.ifft(g)[:3].imag
        if m is quelea:
            ours = h
    near(ours, h, 64, absolute=4096)


def test_a_loop_of_transforms() -> None:
    """Heat by its spectrum: the same plan at each step, with a factor that changes."""
    n = 32
    for m in (quelea, numpy):
        k = m.fft.fftfreq(n)
        decay = m.exp(-(k[:, None] ** 2 + m.fft.rfftfreq(n)[None, :] ** 2))
        u = m.zeros((n, n))
        u[n // 4 : n // 2, n // 4 : n // 2] = 1
        for step in range(12):
            u = m.fft.irfft2(m.fft.rfft2(u) * decay ** (1 + step % 3), s=(n, n), axes=(0, 1))
        if m is quelea:
            ours = u
    near(ours, u, 64, absolute=64)


def test_generated() -> None:
    random = numpy.random.default_rng(3)
    for turn in range(60):
        ndim = int(random.integers(1, 5))
        shape = tuple(int(n) for n in random.integers(1, [0, 90, 24, 12, 7][ndim], ndim))
        name = [*ONE, *SEVERAL][int(random.integers(0, 14))]
        if name.endswith("2") and ndim < 2:
            continue
        dtype = ["float32", "float64", "complex64", "complex128", "int16"][
            int(random.integers(0, 5))
        ]
        x = numbers(shape, dtype_for(name, dtype), turn)
        kwargs: dict[str, Any] = {"norm": [None, "ortho", "forward"][int(random.integers(0, 3))]}
        if name in ONE:
            kwargs["axis"] = int(random.integers(-ndim, ndim))
            kwargs["n"] = int(random.integers(1, 40))
        else:
            kwargs["axes"] = tuple(
                int(a) for a in random.permutation(ndim)[: int(random.integers(1, ndim + 1))]
            )
            kwargs["s"] = [int(n) for n in random.integers(1, 20, len(kwargs["axes"]))]
        close(
            call(quelea, name, x, **kwargs),
            call(numpy, name, x, **kwargs),
            (turn, name, shape, kwargs),
        )


def test_one_line_says_where_it_goes() -> None:
    info = quelea.info()
    a = quelea.ones(5000)
    if info["node_count"] == 1 or info["replicated_size"] >= 5000:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quelea.fft.fft(a)
        return
    with pytest.warns(quelea.GatherWarning, match="one line of 5000 numbers") as caught:
        quelea.fft.fft(a)
    assert caught[0].filename == __file__
