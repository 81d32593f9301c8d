"""quelea.stencil: kernels against plain Python over padded arrays, bit for bit; borders, sweeps, refusals."""

import functools
import itertools
import linecache
import random
import types
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED, fine
from support import DTYPES, happened, host, same, values

import quelea
from quelea.compiling import plain
from quelea.errors import JitError

starts_jobs = pytest.mark.skipif(LAUNCHED, reason="starts jobs, which a rank of a job cannot")
ALONE = quelea.info()["size"] == 1

# ---- what a stencil means ----

PADS = {
    "grid-constant": "constant",
    "nearest": "edge",
    "reflect": "symmetric",
    "mirror": "reflect",
    "wrap": "wrap",
}
MODES = ["constant", "skip", *PADS]


class At:
    """An array, seen from one of its elements."""

    def __init__(self, array: Any, at: tuple[int, ...]) -> None:
        self.array, self.at = array, at

    def __getitem__(self, offsets: Any) -> Any:
        offsets = offsets if isinstance(offsets, tuple) else (offsets,)
        parts = []
        for place, offset in zip(self.at, offsets, strict=True):
            if isinstance(offset, slice):
                parts.append(slice(place + offset.start, place + offset.stop))
            else:
                assert place + offset >= 0
                parts.append(place + offset)
        return self.array[tuple(parts)]


def padded(array: Any, reach: Any, mode: str, cval: Any) -> Any:
    around = [(max(0, -low), max(0, high)) for low, high in reach]
    if mode in ("constant", "skip"):
        return numpy.pad(array, around)  # nobody looks there
    extra = {"constant_values": cval} if mode == "grid-constant" else {}
    return numpy.pad(array, around, PADS[mode], **extra)


def meaning(
    kernel: Callable[..., Any],
    args: tuple[Any, ...],
    reach: Any,
    mode: str,
    cval: Any = 0,
    out: Any = None,
    standard: tuple[int, ...] = (),
    of_nothing: Any = None,
) -> Any:
    """What a stencil gives: each element by itself, in Python."""
    shape = args[0].shape
    wide = [
        padded(x, reach, mode, cval) if isinstance(x, numpy.ndarray) and k not in standard else x
        for k, x in enumerate(args)
    ]
    below = [max(0, -low) for low, _ in reach]
    inside = mode in PADS
    ranges = [
        range(n) if inside else range(max(0, -low), n - max(0, high))
        for n, (low, high) in zip(shape, reach, strict=True)
    ]
    found = {}
    with numpy.errstate(all="ignore"):
        for place in itertools.product(*ranges):
            at = tuple(p + b for p, b in zip(place, below, strict=True))
            given = [
                At(x, at) if isinstance(x, numpy.ndarray) and k not in standard else x
                for k, x in enumerate(wide)
            ]
            found[place] = kernel(*given)
    if out is None:
        kinds = [numpy.asarray(value).dtype for value in found.values()]
        dtype = numpy.result_type(*kinds) if found else of_nothing
        out = numpy.full(shape, cval if mode == "constant" else 0, dtype)
    for place, value in found.items():
        out[place] = value
    return out


def equal(got: Any, want: Any, context: object = "") -> None:
    assert type(got) is numpy.ndarray, context
    assert (got.dtype, got.shape) == (want.dtype, want.shape), context
    numpy.testing.assert_array_equal(got, want, str(context), strict=True)
    if want.dtype.kind == "f":
        numpy.testing.assert_array_equal(numpy.signbit(got), numpy.signbit(want), str(context))


def made(text: str, **names: Any) -> Callable[..., Any]:
    """The function f of that text."""
    file = f"<made {len(linecache.cache)}>"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    scope = {"np": numpy, "quelea": quelea, **names}
    exec(compile(text, file, "exec"), scope)
    return scope["f"]


def ours(args: Any) -> list[Any]:
    return [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args]


def check(kernel: Any, args: Any, reach: Any, mode: str, context: object = "", **options: Any):
    """On NumPy's arrays and ours, with a new array and a given one, of which a view is stored into."""
    cval = options.get("cval", 0)
    stencil = quelea.stencil(kernel, mode=mode, **options)
    old = None
    if mode != "skip":
        got = stencil(*args)
        want = meaning(kernel, args, reach, mode, cval, of_nothing=got.dtype)
        equal(got, want, context)
        same(stencil(*ours(args)), got, context)
        old = numpy.ones_like(got)
    else:
        old = numpy.ones(args[0].shape, complex)
    want = meaning(kernel, args, reach, mode, cval, old.copy())
    if mode == "constant" and "cval" in options:
        want = meaning(kernel, args, reach, mode, cval, numpy.full_like(old, cval))
    given = old.copy()
    assert stencil(*args, out=given) is given
    equal(given, want, context)
    wide = quelea.zeros([n + 2 for n in old.shape], old.dtype)
    view = wide[tuple(slice(1, -1) for _ in old.shape)]
    view[...] = old
    assert stencil(*ours(args), out=view) is view
    same(view, want, context)
    assert stencil.neighborhood == tuple(tuple(axis) for axis in reach)


# ---- generated kernels ----


class Generated:
    """A kernel, with arrays for it."""

    def __init__(self, seed: int) -> None:
        self.random = one = random.Random(seed)
        self.ndim = one.choice((1, 2, 2, 2, 3))
        self.names = ["a", "b", "c"][: one.choice((1, 1, 2, 3))]
        self.mode = one.choice(MODES)
        self.radius = one.choice((0, 1, 1, 1, 2, 3))
        most = {1: 40, 2: 9, 3: 6}[self.ndim]
        self.shape = tuple(one.choice((1, 2, 3, 5, most, most)) for _ in range(self.ndim))
        kinds = ["f8", "f8", "f4", "f2", "i8", "i4", "u1", "c16"]
        self.dtypes = {name: one.choice(kinds) for name in self.names}
        if one.randrange(2):
            self.dtypes = dict.fromkeys(self.names, one.choice(kinds))
        self.real = "c16" not in self.dtypes.values()
        self.reach = [(0, 0)] * self.ndim
        self.loop = self.real and one.randrange(4) == 0
        self.text = "def f(" + ", ".join([*self.names, "s"]) + "):\n"
        for line in self.lines():
            self.text += f"    {line}\n"

    def element(self, name: str = "", of: str = "") -> str:
        name = name or self.random.choice(self.names)
        offsets = [self.random.randint(-self.radius, self.radius) for _ in range(self.ndim)]
        words = [str(offset) for offset in offsets]
        if of:
            words[self.random.randrange(self.ndim)] = of
        for k, word in enumerate(words):
            ends = (-self.radius, self.radius) if word == "k" else (int(word), int(word))
            self.reach[k] = min(self.reach[k][0], ends[0]), max(self.reach[k][1], ends[1])
        return f"{name}[{', '.join(words)}]"

    def term(self) -> str:
        one = self.random.randrange(6)
        text = self.element()
        if one == 0:
            return f"2 * {text}"
        if one == 1:
            return f"s * {text}"
        if one == 2 and self.real:
            return f"np.maximum({text}, {self.element()})"
        if one == 3:
            return f"({text} + {self.element()}) * 3"
        return text

    def terms(self) -> str:
        text = self.term()
        for _ in range(self.random.randint(0, 4)):
            text += f" {self.random.choice('+-*+')} {self.term()}"
        return text

    def lines(self) -> list[str]:
        name = self.random.choice(self.names)
        styles = ["expression", "expression", "names", "names"]
        styles += ["where", "if", "max"] if self.real else []
        style = "loop" if self.loop else self.random.choice(styles)
        if style == "expression":
            return [f"return {self.terms()}"]
        if style == "names":
            return [f"t = {self.terms()}", f"r = t + {self.term()}", "return t * 2 - r"]
        e = self.element
        if style == "where":
            return [f"return np.where({e(name)} > {e(name)}, {e(name)}, {e(name)} + {e(name)})"]
        if style == "max":
            return [f"return max({e(name)}, {e(name)}, {e(name)}) + {self.terms()}"]
        if style == "if":
            return [f"if {e(name)} < {e(name)}:", f"    return {e(name)}", f"return {e(name)} * 2"]
        self.loop = True
        r = self.radius
        return [
            f"t = {e(name)}",
            f"for k in range({-r}, {r + 1}):",
            f"    t = t + {e(name, 'k')}",
            "return t",
        ]

    def array(self, name: str) -> Any:
        shape, dtype = self.shape, numpy.dtype(self.dtypes[name])
        source = numpy.random.default_rng(self.random.randrange(2**30))
        if dtype.kind == "c":
            return (source.integers(-4, 5, shape) + 1j * source.integers(-4, 5, shape)).astype(
                dtype
            )
        if dtype.kind == "f":
            return source.normal(0, 2, shape).astype(dtype)
        return source.integers(0, 200 if dtype.kind == "u" else 3000, shape).astype(dtype)


def parts(few: int, count: int) -> list[Any]:
    """So many parts of generated tests, of which few are run each time."""
    return [pytest.param(k, marks=[pytest.mark.slow] if k >= few else []) for k in range(count)]


@pytest.mark.parametrize("part", parts(2, 10))
def test_generated(part: int) -> None:
    for seed in range(10 * part, 10 * part + 10):
        one = Generated(seed)
        kernel = made(one.text)
        args = (*(one.array(name) for name in one.names), 2)
        options: dict[str, Any] = {"neighborhood": one.reach} if one.loop else {}
        if one.mode in ("constant", "grid-constant") and seed % 2:
            options["cval"] = 1
        check(kernel, args, one.reach, one.mode, (seed, one.mode, one.shape, one.text), **options)


@pytest.mark.parametrize("part", parts(1, 4))
def test_generated_time_loops(part: int) -> None:
    """Steps that follow from one another, computed together where that can be, as NumPy's arrays have them."""
    for seed in range(1000 + 10 * part, 1010 + 10 * part):
        one = Generated(seed)
        one.dtypes = dict.fromkeys(one.names, one.random.choice(("f8", "f4", "i8")))
        kernel = made(one.text)
        reach = one.reach if one.loop else None
        stencil = quelea.stencil(kernel, mode=one.mode, neighborhood=reach)
        fields = [one.array(name) for name in one.names] + [one.array(one.names[0])]
        fresh = one.mode != "skip" and one.random.randrange(2)
        results = []
        for u in fields, ours(fields):
            u = [x.copy() for x in u]
            for _ in range(9):
                *given, out = u
                new = stencil(*given, 2) if fresh else stencil(*given, 2, out=out)
                u = [new, *given]
            results.append(u)
        for mine, theirs in zip(results[1], results[0], strict=True):
            same(mine, theirs, (seed, one.mode, one.shape, one.text))


# ---- each mode ----


def weighted(a, b):
    return a[-2, 0] + 3 * a[0, 1] - b[1, -1] * a[0, 0]


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


@pytest.mark.parametrize("dtype", DTYPES)
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


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "float16", "float32", "float64", "int32", "uint8", "complex128"]
)
def test_elements_and_views_have_the_same_bits(dtype):
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
    for name in sorted(plain.ELEMENTWISE):
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
    assert tried > 30


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


# ---- what Numba documents, by kind ----


@pytest.mark.parametrize("give", [numpy.asarray, quelea.asarray])
def test_numbas(give):
    a = give(numpy.arange(30).reshape(5, 6))

    @quelea.stencil
    def cross(a):
        return (a[-1, 0] + a[1, 0] + a[0, -1] + a[0, 1]) / 4

    got = cross(a)
    assert got.dtype == float and cross.neighborhood == ((-1, 1), (-1, 1))
    assert host(got).tolist()[0] == [0] * 6 and host(got).tolist()[2] == [0, 13, 14, 15, 16, 0]
    out = give(numpy.full((5, 6), 9.0))
    assert cross(a, out=out) is out
    assert host(out)[0, 0] == 9 and host(out)[1, 1] == 7

    @quelea.stencil(neighborhood=((-3, 0),))
    def trailing(a):
        total = 0
        for i in range(-3, 1):
            total += a[i]
        return total / 4

    got = host(trailing(give(numpy.arange(8.0))))
    assert got.tolist() == [0, 0, 0, 1.5, 2.5, 3.5, 4.5, 5.5]

    @quelea.stencil(standard_indexing=("w",))
    def by_weights(a, w, scale):
        return scale * (a[-1] * w[0] + a[0] * w[1] + a[1] * w[2])

    w = numpy.array([1.0, 10.0, 100.0])
    x = give(numpy.arange(5.0))
    for weights in w, give(w), quelea.asarray(w):
        if isinstance(weights, quelea.ndarray) and not isinstance(x, quelea.ndarray):
            continue
        got = host(by_weights(x, weights, 2.0))
        assert got.tolist() == [0, 2 * 210, 2 * 321, 2 * 432, 0]
    same_size = quelea.stencil(lambda a, b: a[0] - b[1])
    assert host(same_size(x, give(numpy.arange(5.0) * 2))).tolist() == [-2, -3, -4, -5, 0]

    @quelea.stencil(cval=1.5)
    def next_one(a):
        return a[1, 1]

    got = next_one(give(numpy.ones((3, 3))))
    assert host(got).tolist() == [[1, 1, 1.5], [1, 1, 1.5], [1.5, 1.5, 1.5]]
    out = give(numpy.zeros((3, 3)))
    assert host(next_one(give(numpy.ones((3, 3))), out=out)).tolist() == host(got).tolist()


def test_slices():
    @quelea.stencil(neighborhood=((-1, 1), (-2, 0)))
    def total(a):
        return np_sum(a[-1:2, -2:1])

    a = numpy.arange(30).reshape(5, 6)
    want = numpy.zeros_like(a)
    for i in range(1, 4):
        for j in range(2, 6):
            want[i, j] = a[i - 1 : i + 2, j - 2 : j + 1].sum()
    equal(total(a), want)
    same(total(quelea.asarray(a)), want)


@pytest.mark.parametrize("mode", MODES)
def test_inner_loops(mode):
    def f(a):
        return sum([a[at, 0] for at in range(-1, 2)]) + sum(a[0, to] for to in range(-2, 2))

    def g(a):
        def one(k):
            return a[k, k]

        return one(-1) - one(1) + (lambda x: x * a[0, 0])(2)

    a = numpy.random.default_rng(8).integers(0, 99, (6, 5))
    for kernel in f, g:
        check(kernel, (a,), [(-1, 1), (-2, 1)], mode, neighborhood=((-1, 1), (-2, 1)))


np_sum = numpy.sum
FACTOR = 3.0


def helper(x, y):
    return x * y if x > 0 else y


def test_names_from_outside():
    around = 2.0

    def f(a, *, by=1.5):
        return helper(a[0], a[1]) * FACTOR + around * by

    a = numpy.array([1.0, -2.0, 3.0])

    def want(by):
        return numpy.array([helper(a[0], a[1]), helper(a[1], a[2]), 0]) * 3 + [2 * by, 2 * by, 0]

    stencil = quelea.stencil(f)
    for x in a, quelea.asarray(a):
        assert host(stencil(x)).tolist() == want(1.5).tolist()
        assert host(stencil(x, by=4.0)).tolist() == want(4).tolist()
    around = 10.0
    for x in a, quelea.asarray(a):
        assert host(stencil(x, by=4.0)).tolist() == (want(4) + numpy.array([32, 32, 0])).tolist()
    around = 1j
    for x in a, quelea.asarray(a):
        assert stencil(x).dtype == complex


def test_arguments_by_name():
    def f(a, /, b, *, by=2.0, c):
        return a[0] * by + b[1] - c[0]

    x, y, z = (numpy.arange(4.0) ** k for k in (1, 2, 3))
    for a, b, c in (x, y, z), ours((x, y, z)):
        for got, by in (
            (quelea.stencil(f)(a, b, c=c), 2),
            (quelea.stencil(f)(a, c=c, b=b, by=3.0), 3),
        ):
            assert host(got).tolist() == [x[k] * by + y[k + 1] - z[k] for k in range(3)] + [0]


FUNCTION = numpy.sqrt


def test_names_that_change():
    global FUNCTION
    stencil = quelea.stencil(lambda a: FUNCTION(a[1]))
    a = numpy.array([1.0, 4.0, 9.0])
    for x in a, quelea.asarray(a):
        FUNCTION = numpy.sqrt
        assert host(stencil(x)).tolist() == [2, 3, 0]
        FUNCTION = helper_of_one
        assert host(stencil(x)).tolist() == [4, 1, 0]
    FUNCTION = numpy.sqrt


def helper_of_one(x):
    return 1.0 if x > 5 else x


def doubled(x):
    return 2 * x


def halved(x):
    return 0.5 * x


SCALED = doubled


def test_the_dtype_follows_what_changes():
    global SCALED
    a = numpy.arange(5)
    stencil = quelea.stencil(lambda a: SCALED(a[1]))
    for SCALED in (doubled, halved, doubled):
        want = numpy.array([*(SCALED(x) for x in a[1:]), 0])
        equal(stencil(a), want)
        same(stencil(quelea.asarray(a)), want)


def test_names_that_become_something_else():
    module = types.ModuleType("settings")
    module.factor, module.function = 2.0, numpy.sqrt
    a = numpy.array([1.0, 4.0, 9.0])
    for x in a, quelea.asarray(a):
        stencil = quelea.stencil(lambda a: module.function(a[1]) * module.factor)
        module.factor, module.function = 2.0, numpy.sqrt
        assert host(stencil(x)).tolist() == [4, 6, 0]
        module.factor = 3
        assert host(stencil(x)).tolist() == [6, 9, 0]
        module.factor = numpy.array([1.0, 2.0])  # is no factor of views
        with pytest.raises(TypeError, match="a stencil's kernel gives a number"):
            stencil(x)
        module.factor, module.function = 2.0, numpy.cumsum  # nor is that a function of them
        with pytest.raises((TypeError, JitError)):
            stencil(x)


def test_out_is_read_from_outside():
    for m in (numpy, quelea):
        outside = m.asarray(numpy.array([1.0, 2.0, 3.0, 4.0]))
        stencil = quelea.stencil(lambda a: a[0] + WEIGHTS[0] + WEIGHTS[1] + WEIGHTS[2])
        globals()["WEIGHTS"] = outside
        assert stencil(m.zeros(4), out=outside) is outside
        assert host(outside).tolist() == [6, 6, 6, 6]


WEIGHTS: Any = None


def test_decorated_kernels():
    def decorated(kernel):
        @functools.wraps(kernel)
        def doubled(a, s=1):
            return kernel(a[0], a[1]) * 2 * s

        return doubled

    @quelea.stencil
    @decorated
    def sums(x, y):
        return x + y

    @quelea.stencil
    @quelea.jit
    def compiled(a):
        return a[0] + a[1]

    for x in LINE, quelea.asarray(LINE):
        assert host(sums(x)).tolist() == [4, 4, 4, 0]
        assert host(sums(x, s=3)).tolist() == [12, 12, 12, 0]
        assert host(compiled(x)).tolist() == [2, 2, 2, 0]


def test_functions_of_others_are_refused():
    own = numpy.frompyfunc(numpy.sqrt, 1, 1)  # a ufunc, and not NumPy's
    stencil = quelea.stencil(lambda a: own(a[0]))
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(JitError):
            stencil(x)


def test_numbers_of_no_axes():
    def f(a, s):
        return a[1] * s

    def g(a, s):
        return max(a[1], s)

    a = quelea.asarray(numpy.arange(5.0))
    for kernel, want in (f, [4, 8, 12, 16, 0]), (g, [4, 4, 4, 4, 0]):
        for s in 4.0, numpy.float64(4), numpy.array(4.0), quelea.asarray(4.0), a.max():
            assert host(quelea.stencil(kernel)(a, s)).tolist() == want
    assert quelea.stencil(f)(a.astype("f4"), 4.0).dtype == numpy.float32
    assert quelea.stencil(f)(a.astype("f4"), numpy.float64(4)).dtype == float
    assert quelea.stencil(f)(a.astype("f4"), quelea.asarray(4.0)).dtype == float


def test_mixed_sides():
    def f(a, b):
        return a[-1] + b[1]

    a, b = numpy.arange(5.0), numpy.arange(5.0) ** 2
    want = numpy.array([0, 4, 10, 18, 0.0])
    same(quelea.stencil(f)(quelea.asarray(a), b), want)
    same(quelea.stencil(f)(a, quelea.asarray(b)), want)
    out = quelea.zeros(5)
    same(quelea.stencil(f)(a, b, out=out), want)
    with pytest.raises(TypeError, match=r"out is NumPy's, and the arrays are Quelea's"):
        quelea.stencil(f)(a, quelea.asarray(b), out=numpy.zeros(5))


# ---- refusals ----


def refused(text: str, *args: Any, **options: Any) -> JitError:
    for given in args, ours(args):
        with pytest.raises(JitError) as caught:
            quelea.stencil(made(text), **options)(*given)
    return caught.value


GRID = numpy.ones((4, 4))
LINE = numpy.ones(4)


@pytest.mark.parametrize(
    "code, line, args, options",
    [
        ("QJ150", "a[0] = 1", [LINE], {}),
        ("QJ150", "a[0] += 1", [LINE], {}),
        ("QJ151", "a = 1", [LINE], {}),
        ("QJ152", "b = a", [LINE], {}),
        ("QJ152", "b = a.shape", [LINE], {}),
        ("QJ152", "b = len(a)", [LINE], {}),
        ("QJ152", "b = helper(a, 1)", [LINE], {}),
        ("QJ153", "b = a[0, 0]", [LINE], {}),
        ("QJ153", "b = a[()]", [LINE], {}),
        ("QJ154", "b = a[3]", [LINE], {"neighborhood": ((-1, 2),)}),
        ("QJ155", "k = 1; b = a[k]", [LINE], {}),
        ("QJ156", "b = a[:1]", [LINE], {"neighborhood": ((-1, 2),)}),
        ("QJ156", "b = np.sum(a[-1:1])", [LINE], {"neighborhood": ((-1, 2),), "mode": "wrap"}),
        ("QJ119", "b = {1: a[0]}", [LINE], {}),
        ("QJ115", "import os", [LINE], {}),
    ],
)
def test_refused_at_the_line(code, line, args, options):
    text = f"def f(a):\n    {line}\n    return a[0]\n"
    error = refused(text.replace("helper", "np.maximum"), *args, **options)
    assert error.codes[0] == code, error
    assert error.lineno == 2 and error.filename.startswith("<made"), error
    assert "instead:" in str(error.msg)


def test_refused_together():
    text = "def f(a):\n    b = a\n    a[0, 0] = 1\n    return a[0] + {}\n"
    error = refused(text, GRID)
    assert sorted(error.codes) == ["QJ119", "QJ150", "QJ152", "QJ153"]


@pytest.mark.parametrize("shape", [(9, 7), (2, 1), (0, 5), (70, 40)])
def test_in_compiled_functions(shape):
    def sum_(a, b, s=2.0, *, t=1):
        return a[0, 1] * s if b[1, 0] > 0.5 else b[1, 0] * t + a[-1, 0]

    source = numpy.random.default_rng(6)
    x, y = source.random(shape), source.random(shape)
    sum_.__name__ = "around"  # not NumPy's function of that name
    plain, filled, skips = (
        quelea.stencil(sum_, **options) for options in ({}, {"cval": 1.5}, {"mode": "skip"})
    )

    @quelea.jit
    def make(x, y, k):
        return plain(x, y, k) - filled(x, b=y, t=k)

    @quelea.jit
    def store(x, y, out, steps):
        v = x.copy()
        for _step in range(steps):
            skips(x, y, t=3, out=out)
            filled(out, y, out=v)
            x, v = v, x
        return x + plain(x, v, out=out)

    want = plain(x, y, 3) - filled(x, b=y, t=3)
    equal(make(x, y, 3), want)
    same(make(*ours((x, y)), 3), want)
    out, u = numpy.ones(shape), x
    for _ in range(3):
        skips(u, y, t=3, out=out)
        v = filled(out, y)
        u, v = v, u
    w = u + plain(u, v, out=out)
    for given in (x.copy(), y, numpy.ones(shape)), ours((x, y, numpy.ones(shape))):
        got = store(*given, 3)
        numpy.testing.assert_array_equal(host(got), w)
        numpy.testing.assert_array_equal(host(given[2]), out)
    for dtype in "f4", "i4", "c16":
        assert quelea.jit(lambda a: quelea_of_one(a))(x.astype(dtype)).dtype == dtype


quelea_of_one = quelea.stencil(lambda a: a[0, 1])


def test_refused_in_compiled_functions():
    wraps = quelea.stencil(lambda a: a[1], mode="wrap")
    skips = quelea.stencil(lambda a: a[1], mode="skip")
    two = quelea.stencil(lambda a, b: a[1] + b[0])
    by_zero = quelea.stencil(lambda a: a[0] // a[1])
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(JitError, match="call it outside the function: inside are the modes"):
            quelea.jit(lambda x: wraps(x))(x)
        with pytest.raises(JitError, match="is not given its argument 'out'"):
            quelea.jit(lambda x: skips(x))(x)
        with pytest.raises(JitError):
            quelea.jit(lambda x: two(x, x[:, None]))(x)
        with pytest.raises(ValueError, match="b is smaller than a, the first array"):
            quelea.jit(lambda x: two(x, x[1:]))(x)
        with pytest.raises(ValueError, match="out has another shape"):
            quelea.jit(lambda x: skips(x, out=x[1:]))(x)
        with pytest.raises(ZeroDivisionError):
            quelea.jit(lambda x: by_zero(x))((x - 1).astype(int))
    imaginary = quelea.stencil(lambda a: a[1], cval=1j)
    assert quelea.jit(lambda x: imaginary(x))(LINE * 1j).tolist() == [1j] * 4
    with pytest.raises(JitError, match="cannot hold complex"):
        quelea.jit(lambda x: imaginary(x))(LINE)


def test_arguments_that_do_not_fit():
    def f(a, b=0):
        return a[1]

    def g(a, b):
        return a[1] + b[0]

    stencil = quelea.stencil(f)
    for x in LINE, quelea.asarray(LINE):
        with pytest.raises(TypeError, match=r"f\(\) missing a required argument: 'a'"):
            stencil()
        with pytest.raises(TypeError, match="a, the first argument of a stencil, is an array"):
            stencil(3.0)
        with pytest.raises(TypeError, match="a is list: a stencil takes arrays and numbers"):
            stencil([1.0, 2.0])
        with pytest.raises(ValueError, match=r"out has shape \(3,\), and a \(4,\)"):
            stencil(x, out=x[:3].copy())
        with pytest.raises(TypeError, match="out is no array, but int"):
            stencil(x, out=3)
        with pytest.raises(TypeError, match="Cannot cast the result of f"):
            stencil(x, out=x.astype(int))
        with pytest.raises(ValueError, match="mode 'skip' leaves the border as it is in out"):
            quelea.stencil("skip")(f)(x)
        with pytest.raises(ValueError, match="b has 2 axes, and a 1"):
            quelea.stencil(g)(x, x[:, None])
        with pytest.raises(ValueError, match="neighborhood has 2 axes, and a 1"):
            quelea.stencil(f, neighborhood=((0, 1), (0, 1)))(x)
        with pytest.raises(TypeError, match="has no offsets for b, which is an array"):
            quelea.stencil(made("def f(a, b):\n    return a[0] * b\n"))(x, x)
        with pytest.raises(ValueError, match=r"f\(\) at <made.*:1 looks at no element"):
            quelea.stencil(made("def f(a, b):\n    return b\n"))(x, 1)
        with pytest.raises(TypeError, match=r"f\(\) gives \(f64, f64\), and a stencil's kernel"):
            quelea.stencil(made("def f(a):\n    return a[0], a[1]\n"))(x)
    with pytest.raises(TypeError, match="has a mask"):
        stencil(numpy.ma.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="which stencils do not take"):
        stencil(numpy.array(["a"]))
    with pytest.raises(TypeError, match="names all of its arguments"):
        quelea.stencil(lambda *a: a[0])
    with pytest.raises(TypeError, match="names an argument out"):
        quelea.stencil(lambda a, out: a[0])
    with pytest.raises(TypeError, match="has no argument"):
        quelea.stencil(lambda: 0)
    with pytest.raises(TypeError, match="takes Python functions, not int"):
        quelea.stencil(3)
    with pytest.raises(ValueError, match="names what <lambda>"):
        quelea.stencil(lambda a: a[0], standard_indexing="b")
    with pytest.raises(ValueError, match="not in standard_indexing"):
        quelea.stencil(lambda a: a[0], standard_indexing=["a"])
    for wrong in ((-1, 1), ((1, -1),), 3, ()):
        with pytest.raises(ValueError, match="a pair"):
            quelea.stencil(neighborhood=wrong)


def test_its_own():
    stencil = quelea.stencil(weighted)
    assert repr(stencil) == "<quelea.stencil weighted>"
    assert stencil.py_func is weighted and stencil.__name__ == "weighted"
    assert quelea.stencil(stencil).py_func is weighted
    assert quelea.stencil(quelea.jit(weighted)).py_func is weighted
    assert stencil.neighborhood is None


# ---- time loops, halos ----


SWEPT = """
    def slices(a): return 0.25 * (a[0, 1] + a[1, 0] + a[0, -1] + a[-1, 0])
    n, steps = 700, 66
    def run(stencil, given):
        u, v = np.zeros((n, n)), np.zeros((n, n))
        u[0] = v[0] = 1
        np.sync()
        before = np.counters()
        for step in range(steps):
            if given: u, v = stencil(u, out=v), u
            else: u = stencil(u)
        np.sync()
        after = np.counters()
        return u, {k: after[k] - before[k] for k in ("swept_kernels", "sweeps", "flushes")}
    for mode in "constant", "nearest", "mirror", "grid-constant":
        for given in True, False:
            u, made = run(np.stencil(slices, mode=mode), given)
            assert made["swept_kernels"] >= 60 and made["sweeps"] <= 16 and made["flushes"] <= 16, (mode, made)
            blocked = [row for row in np.why_not_blocked() if "value is looked at" not in row["why"]]
            assert not blocked, (mode, blocked)
            x = numpy.zeros((n, n)); x[0] = 1
            y = x.copy()
            pads = {"nearest": "edge", "mirror": "reflect", "grid-constant": "constant"}
            for step in range(steps):
                w = numpy.pad(x, 1, pads.get(mode, "constant"))
                z = 0.25 * (w[1:-1, 2:] + w[2:, 1:-1] + w[1:-1, :-2] + w[:-2, 1:-1])
                if mode == "constant":
                    inside, z = z[1:-1, 1:-1], (y.copy() if given else numpy.zeros((n, n)))
                    z[1:-1, 1:-1] = inside
                x, y = z, x
            assert (numpy.asarray(u) == x).all(), mode
    print("swept")
"""


@pytest.fixture
def script(tmp_path):
    """A program of a file, where functions have their source."""

    def run(text, ranks=0, **extra):
        import textwrap

        file = tmp_path / "program.py"
        file.write_text("import numpy\nimport quelea as np\n" + textwrap.dedent(text))
        return fine(f"import runpy\nrunpy.run_path({str(file)!r})", ranks, **extra)

    return run


@starts_jobs
@pytest.mark.parametrize("ranks, threads", [(0, "1"), (0, "2"), (2, "1")])
def test_time_loops_are_swept(script, ranks, threads):
    small = {"QUELEA_FRONT_BYTES": "100k", "QUELEA_NEAR_BYTES": "100k", "QUELEA_REPLICATE": "1024"}
    assert "swept" in script(SWEPT, ranks, QUELEA_THREADS=threads, **small)


HALOS = """
    a = numpy.random.default_rng(1).normal(0, 1, (64, 64))
    def plain(a): return a[-2, 0] + a[0, 1] * a[1, -1]
    def loops(a): return max(a[-2, 0], a[0, 1], a[1, -1])
    def varies(a):
        t = a[0, 0]
        for k in range(-2, 2): t = t + a[k, 0] * a[0, k]
        return t
    x = np.asarray(a)
    for kernel in plain, loops, varies:
        for mode in "constant", "nearest", "reflect", "mirror", "wrap", "grid-constant":
            reach = ((-2, 1), (-2, 1)) if kernel is varies else None
            stencil = np.stencil(kernel, mode=mode, neighborhood=reach)
            want = stencil(a)
            for _ in range(2):
                x += 0
                np.sync()
                before = np.counters()
                y = stencil(x)
                np.sync()
            after = np.counters()
            moved = {k: after[k] - before[k] for k in before}
            rows = (moved["halo_bytes"] + moved["redistributed_bytes"]) / (64 * 8)
            assert 0 < rows <= (20 if mode == "wrap" else 8), (kernel, mode, moved)
            assert moved["gathers"] == 0 and (mode == "wrap" or moved["redistributions"] == 0), (mode, moved)
            assert (numpy.asarray(y) == want).all(), (kernel, mode)
    print("halos")
"""


@starts_jobs
@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_messages_are_halos(script, ranks):
    assert "halos" in script(HALOS, ranks, QUELEA_NODE_SIZE="1")


@starts_jobs
def test_without_compiling(script):
    text = """
        from quelea import stencil
        a = numpy.arange(20.0).reshape(4, 5)
        def f(a, w): return max(a[-1, 0], a[0, 1]) * w[1]
        for mode in "constant", "nearest", "grid-constant":
            got = stencil(f, mode=mode, standard_indexing=["w"])(a, numpy.array([1, 2.0]))
            print(got.sum())
            ours = stencil(f, mode=mode, standard_indexing=["w"])(np.asarray(a), numpy.array([1, 2.0]))
            assert (numpy.asarray(ours) == got).all() and type(ours) is np.ndarray
    """
    assert script(text, QUELEA_JIT="off") == script(text)


def test_nothing_is_made_again():
    """A second call makes no plan and compiles nothing."""
    stencil = quelea.stencil(weighted, mode="nearest")
    a, b = (quelea.asarray(numpy.ones((40, 40)) * k) for k in (1, 2))
    for _ in range(3):
        c = stencil(a, b)
        quelea.sync()
    made = happened(lambda: stencil(a, b))
    assert made["kernels_compiled"] == 0
    assert float(c[0, 0]) == 2.0
