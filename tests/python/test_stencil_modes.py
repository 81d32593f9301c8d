"""quelea.stencil: each mode, dtype and size against plain Python over padded arrays, bit for bit."""

import itertools

import numpy
import pytest
from jobs import LAUNCHED
from stencil_support import MODES, PADS, check, equal, made, meaning, ours, weighted
from support import HERE, host, same, values

import quelea
from quelea.compiling import plain
from quelea.errors import JitError


def sharpest(a, b):
    t = a[-2, 0] - b[1, -1]
    if t < 0:
        t = -t
    return max(t, a[0, 1])


@pytest.mark.parametrize("kernel", [weighted, sharpest])
@pytest.mark.parametrize("shape", [(7, 5), (1, 1), (2, 9), (3, 1), (1, 40)])
@pytest.mark.parametrize("mode", MODES)
def test_modes(mode, shape, kernel):
    source = numpy.random.default_rng(7)
    a, b = source.normal(0, 1, shape), source.normal(0, 1, shape)
    check(kernel, (a, b), [(-2, 1), (-1, 1)], mode)


@pytest.mark.parametrize("mode", list(PADS))
@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_far_beyond_the_ends(mode, n):
    def f(a):
        return a[-7] + 2 * a[5]

    def g(a):
        t = a[0]
        for k in range(-7, 6):
            t = t + a[k]
        return t

    a = numpy.arange(1, n + 1)
    check(f, (a,), [(-7, 5)], mode)
    check(g, (a,), [(-7, 5)], mode, neighborhood=((-7, 5),))


def test_names_of_modes():
    def f(a):
        return a[-1] + a[1]

    a = numpy.array([1.0, 2.0, 4.0, 8.0])
    for name, other in ("grid-mirror", "reflect"), ("grid-wrap", "wrap"):
        equal(quelea.stencil(f, mode=name)(a), quelea.stencil(other)(f)(a))
    assert list(quelea.stencil("wrap")(f)(a)) == [10, 5, 10, 5]
    assert list(quelea.stencil("constant", cval=-1)(f)(a)) == [-1, 5, 10, -1]
    assert list(quelea.stencil(f, mode="grid-constant", cval=-1)(a)) == [1, 5, 10, 3]
    with pytest.raises(ValueError, match="mode must be one of constant, skip"):
        quelea.stencil("periodic")
    with pytest.raises(TypeError, match="twice: 'wrap' and 'nearest'"):
        quelea.stencil("wrap", mode="nearest")
    with pytest.raises(ValueError, match="'wrap' has no cval"):
        quelea.stencil("wrap", cval=1)


@pytest.mark.parametrize("dtype", HERE)
def test_dtypes(dtype):
    def f(a):
        return a[-1] | a[1] if dtype == "bool" else 0

    texts = {"bool": "a[-1] | a[1]", "other": "a[-1] + a[1] * a[0]"}
    kernel = made(f"def f(a):\n    return {texts.get(dtype, texts['other'])}\n")
    a = values(dtype, 40)
    if numpy.dtype(dtype).kind == "c":
        a = numpy.arange(40).astype(dtype) * (1 + 2j)
    for mode in ("constant", "mirror", "grid-constant"):
        stencil = quelea.stencil(kernel, mode=mode, cval=1 if mode != "mirror" else None)
        want = meaning(kernel, (a,), [(-1, 1)], mode, 1)
        got = stencil(a)
        assert got.dtype == want.dtype
        numpy.testing.assert_array_equal(got, want, strict=True)
        same(stencil(quelea.asarray(a)), got)


@pytest.mark.parametrize("mode", ["constant", "nearest"])
def test_results_have_the_kernels_type(mode):
    kernels = {
        "a[0] > a[1]": bool,
        "1 if a[0] > a[1] else 0": int,
        "a[1] / 2": float,
        "a[1] + 1j": complex,
        "np.float32(a[1])": numpy.float32,
        "a[0] // a[1]": numpy.int64,
        "a[1] ** 2": numpy.int64,
        "a[0] / a[1]": float,
        "quelea.sqrt(a[1])": float,
        "abs(-a[1])": numpy.int64,
        "~a[1]": numpy.int64,
    }
    a = numpy.array([3, 1, 5, 2, 4])
    for text, dtype in kernels.items():
        kernel = made(f"def f(a):\n    return {text}\n")
        check(made(f"def f(a):\n    return {text}\n", quelea=numpy), (a,), [(0, 1)], mode, text)
        for x in a, quelea.asarray(a), quelea.asarray(a)[:0], a[:0]:
            assert quelea.stencil(kernel, mode=mode)(x).dtype == dtype, text


TYPES = ["bool", "int8", "float16", "float32", "float64", "int32", "uint8", "complex128"]
PART = 8  # each text is compiled for each type; without --all every eighth function, all of them for some type


@pytest.mark.skipif(LAUNCHED, reason="it is of types alone")
@pytest.mark.parametrize(
    ("dtype", "part"),
    [(dtype, k % PART) for k, dtype in enumerate(TYPES)]
    + [pytest.param(dtype, None, marks=pytest.mark.slow) for dtype in TYPES],
)
def test_elements_and_views_have_the_same_bits(dtype, part):
    """What NumPy's arrays get from loops, and ours from expressions of views."""
    a = values(dtype, 60)
    b = values(dtype, 60, 1)
    if dtype[0] != "f":
        a, b = (a % 7).astype(dtype) if dtype[0] != "c" else a, numpy.arange(1, 61).astype(dtype)
    texts = [f"{op}a[1]" for op in ("-", "~", "+")]
    texts += [
        f"a[0] {op} b[1]"
        for op in ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<", "<=", "==", "!="]
    ]
    texts += [f"a[0] {op} 2 + b[1]" for op in ["/", "//", "%", "**"]]
    for name in sorted(plain.ELEMENTWISE)[part :: PART if part is not None else 1]:
        args = "a[0], b[1]"[: 10 if getattr(numpy, name).nin == 2 else 4]
        texts.append(f"np.{name}({args})")
    tried = 0
    for text in texts:
        stencil = quelea.stencil(made(f"def f(a, b):\n    return {text}\n"), mode="nearest")
        try:
            with numpy.errstate(all="ignore"):
                numpy.asarray(eval(text, {"np": numpy, "a": a, "b": b[1:]}))
        except TypeError:
            for given in (a, b), ours((a, b)):
                with pytest.raises((TypeError, JitError)):
                    stencil(*given)
            continue
        except IndexError:
            pass
        tried += 1
        same(stencil(*ours((a, b))), stencil(a, b), text)
    assert tried > (15 if part is not None else 30)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_powers_of_bools(power):
    stencil = quelea.stencil(made(f"def f(a):\n    return a[1] ** {power}\n"))
    a = numpy.array([True, False, True])
    got = stencil(a)
    assert got.dtype == (a[0] ** power).dtype
    same(stencil(quelea.asarray(a)), got)


def test_integers_by_zero_raise():
    def f(a, b):
        return a[0] // b[1]

    a = numpy.array([4, 2, 0, 1])
    for given in (a, a), ours((a, a)):
        with pytest.raises(ZeroDivisionError):
            quelea.stencil(f)(*given)
    x = a.astype(float)
    with numpy.errstate(all="ignore"):
        check(f, (x, x), [(0, 1)], "constant")


def test_views():
    a = numpy.random.default_rng(3).normal(0, 1, (12, 10))
    x = quelea.asarray(a)
    for mode in ("constant", "wrap", "reflect"):
        for kernel in weighted, sharpest:
            stencil = quelea.stencil(kernel, mode=mode)
            for cut in (lambda u: u.T, lambda u: u[::2, ::-1], lambda u: u[1:, 2:-1]):
                p, q = cut(a), cut(a[::-1])
                want = meaning(kernel, (p, q), [(-2, 1), (-1, 1)], mode)
                numpy.testing.assert_array_equal(stencil(p, q), want)
                same(stencil(cut(x), cut(x[::-1])), want)


def test_of_parts():
    z = numpy.arange(24.0).reshape(4, 6) * (1 - 2j)
    x = quelea.asarray(z)
    for kernel in weighted, sharpest:
        for mode in ("constant", "nearest"):
            stencil = quelea.stencil(kernel, mode=mode)
            want = meaning(kernel, (z.real, z.imag), [(-2, 1), (-1, 1)], mode)
            same(stencil(x.real, x.imag), want)
            y = quelea.zeros((4, 6), complex)
            stencil(x.real, x.imag, out=y.imag)
            same(y.imag.copy(), want)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", [weighted, sharpest])
def test_out_is_also_read(mode, kernel):
    a = numpy.random.default_rng(4).normal(0, 1, (8, 6))
    stencil = quelea.stencil(kernel, mode=mode)
    want = meaning(kernel, (a, a), [(-2, 1), (-1, 1)], mode, out=a.copy())
    x, y = quelea.asarray(a), a.copy()
    assert stencil(x, x, out=x) is x
    stencil(y, y, out=y)
    same(x, want)
    equal(y, want)
    wide = quelea.zeros((9, 6))
    wide[1:] = a
    want = meaning(kernel, (a, a), [(-2, 1), (-1, 1)], mode, out=host(wide)[:-1].copy())
    stencil(wide[1:], wide[1:], out=wide[:-1])
    same(wide[:-1], want)


def test_larger_arrays_beside():
    def f(a, b):
        return a[1] + b[-1] - b[1]

    a, b = numpy.arange(6.0), numpy.arange(9.0) ** 2
    want = numpy.zeros(6)
    for i in range(1, 5):
        want[i] = a[i + 1] + b[i - 1] - b[i + 1]
    equal(quelea.stencil(f)(a, b), want)
    same(quelea.stencil(f)(*ours((a, b))), want)
    for given in (b, a), ours((b, a)):
        with pytest.raises(ValueError, match="b of shape"):
            quelea.stencil(f)(*given)
    with pytest.raises(ValueError, match="'wrap' arrays have the same"):
        quelea.stencil("wrap")(f)(a, b)


def test_large():
    a = numpy.random.default_rng(5).normal(0, 1, (130, 70))
    want = numpy.zeros_like(a)
    want[1:-1, 1:-1] = 0.25 * (a[1:-1, 2:] + a[2:, 1:-1] + a[1:-1, :-2] + a[:-2, 1:-1])

    @quelea.stencil
    def around(a):
        return 0.25 * (a[0, 1] + a[1, 0] + a[0, -1] + a[-1, 0])

    @quelea.stencil
    def around_in_loops(a):
        t = a[0, 1]
        t += a[1, 0]
        t += a[0, -1]
        t += a[-1, 0]
        return 0.25 * t

    equal(around(a), want)
    same(around(quelea.asarray(a)), want)
    equal(around_in_loops(a), want)
    same(around_in_loops(quelea.asarray(a)), want)
    wide = numpy.pad(a, 3, "reflect")
    best = numpy.full_like(a, -numpy.inf)
    for i, j in itertools.product(range(7), repeat=2):
        best = numpy.maximum(best, wide[i : i + 130, j : j + 70])

    @quelea.stencil(mode="mirror", neighborhood=((-3, 3), (-3, 3)))
    def dilated(a):
        best = a[0, 0]
        for i in range(-3, 4):
            for j in range(-3, 4):
                best = max(best, a[i, j])
        return best

    equal(dilated(a), best)
    same(dilated(quelea.asarray(a)), best)
