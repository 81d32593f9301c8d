"""gradient, ediff1d, covariances, correlate and convolve, and what leaves NaN out: NumPy's numbers."""

from typing import Any

import numpy
import pytest
from support import near, same, same_error

import quelea


def some(dtype: str, shape: tuple[int, ...], seed: int = 0) -> numpy.ndarray[Any, Any]:
    random = numpy.random.default_rng(seed)
    if dtype[0] in "iub":
        return random.integers(0, 5, shape).astype(dtype)
    x = random.normal(size=shape)
    return (x + 1j * random.normal(size=shape) if dtype[0] == "c" else x).astype(dtype)


# ---- gradients ----


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32", "uint8", "complex128"])
def test_gradients(dtype: str) -> None:
    a = some(dtype, (6, 5, 4))
    places = numpy.array([0.0, 1, 3, 3.5, 7, 8]), numpy.array([1, 2, 4, 8, 16]), numpy.arange(4) * 2
    for args, words in (
        ((), {}), ((2.0,), {}), ((0.5, 2, 3), {}), (places, {}), (places, {"edge_order": 2}), ((), {"edge_order": 2}),
        ((), {"axis": 0}), ((), {"axis": (0, -1)}), ((places[1],), {"axis": 1}), ((places[0], 2.0), {"axis": (0, 2)}),
        ((0.25,), {"axis": -1, "edge_order": 2}), ((numpy.float32(0.5),), {}),
    ):  # fmt: skip
        theirs = numpy.gradient(a, *args, **words)
        given = (quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args)
        ours = quelea.gradient(quelea.asarray(a), *given, **words)
        theirs, ours = ((x,) if not isinstance(x, tuple) else x for x in (theirs, ours))
        for x, y in zip(ours, theirs, strict=True):
            if dtype[0] == "c":
                near(x, y, 8, (args, words), absolute=8)
            else:
                same(x, y, (args, words))


def test_gradients_of_vectors_and_lists() -> None:
    for args, words in (
        (([1, 2, 4, 7, 11, 16],), {}),
        (([1.0, 2, 4, 7], [0.0, 1, 2, 3]), {}),
        (([[1, 2, 6], [3, 4, 5]],), {"axis": 0}),
        (([1, 3],), {}),
    ):
        same(quelea.gradient(*args, **words), numpy.gradient(*args, **words))


def test_what_gradients_refuse() -> None:
    for work in (
        lambda m: m.gradient(m.ones(1)),
        lambda m: m.gradient(m.ones(2), edge_order=2),
        lambda m: m.gradient(m.ones(4), edge_order=3),
        lambda m: m.gradient(m.ones((3, 3)), 1, 2, 3),
        lambda m: m.gradient(m.ones((3, 3)), m.ones(3), m.ones(4)),
        lambda m: m.gradient(m.ones((3, 3)), m.ones((3, 3)), 1),
        lambda m: m.gradient(m.ones((3, 3)), axis=2),
        lambda m: m.gradient(m.ones(3, bool)),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy), text=False)


def test_differences_with_ends() -> None:
    a = numpy.array([[1, 4], [9, 16]])
    for args, words in (
        ((a,), {}), ((a, 5), {}), ((a, [5, 6], [7]), {}), ((a.astype("f4"),), {"to_begin": -1}), (([3],), {}),
        (([],), {"to_end": 1}), ((a[:0], 1, 2), {}), ((a.astype("i1"), numpy.int8(3)), {}),
    ):  # fmt: skip
        ours = quelea.ediff1d(
            *(quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args), **words
        )
        same(ours, numpy.ediff1d(*args, **words), (args, words))
    same_error(lambda: quelea.ediff1d([1, 2], 1.5), lambda: numpy.ediff1d([1, 2], 1.5))
    same_error(lambda: quelea.ediff1d([1, 2], None, 1j), lambda: numpy.ediff1d([1, 2], None, 1j))


# ---- covariances ----


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "complex128"])
def test_covariances(dtype: str) -> None:
    a, b = some(dtype, (4, 9)), some(dtype, (4, 9), 1)
    x, y = quelea.asarray(a), quelea.asarray(b)
    often, weight = numpy.arange(9) % 3 + 1, some("float64", (9,)) ** 2
    for words in (
        {}, {"rowvar": False}, {"bias": True}, {"ddof": 0}, {"ddof": 2}, {"ddof": 20}, {"fweights": often},
        {"aweights": weight}, {"fweights": often, "aweights": weight}, {"aweights": weight, "ddof": 0},
        {"dtype": "c16" if dtype[0] == "c" else "f4"}, {"aweights": weight, "ddof": 30},
    ):  # fmt: skip
        if (
            dtype[0] != "c" or words.get("ddof", 0) < 20
        ):  # of infinite complex numbers the parts are anything
            near(quelea.cov(x, **words), numpy.cov(a, **words), 4096, words, absolute=256)
    near(quelea.cov(x, y), numpy.cov(a, b), 4096, absolute=256)
    near(quelea.cov(x[0], y[0]), numpy.cov(a[0], b[0]), 4096, absolute=256)
    near(quelea.cov(x[0]), numpy.cov(a[0]), 4096, absolute=256)
    near(quelea.cov(x, y, rowvar=False), numpy.cov(a, b, rowvar=False), 4096, absolute=256)
    near(quelea.corrcoef(x), numpy.corrcoef(a), 4096, absolute=256)
    near(
        quelea.corrcoef(x, y, rowvar=False), numpy.corrcoef(a, b, rowvar=False), 4096, absolute=256
    )
    near(quelea.corrcoef(x[0]), numpy.corrcoef(a[0]), 16)
    near(quelea.cov(x[:0]), numpy.cov(a[:0]), 1)
    if dtype == "float64":
        near(quelea.corrcoef(x, dtype="f4"), numpy.corrcoef(a, dtype="f4"), 256, absolute=64)


@pytest.mark.filterwarnings("ignore")
def test_what_covariances_refuse() -> None:
    a = numpy.arange(6.0).reshape(2, 3)
    for words in (
        {"ddof": 1.5}, {"fweights": [0.5, 1, 1]}, {"fweights": [1, 1]}, {"fweights": [-1, 1, 1]}, {"aweights": [1, 1]},
        {"aweights": [-1.0, 1, 1]}, {"fweights": [[1, 1, 1]]}, {"aweights": [[1, 1, 1]]}, {"y": [[[1]]]},
    ):  # fmt: skip
        same_error(
            lambda w=words: quelea.cov(quelea.asarray(a), **w), lambda w=words: numpy.cov(a, **w)
        )
    same_error(lambda: quelea.cov(quelea.ones((2, 2, 2))), lambda: numpy.cov(numpy.ones((2, 2, 2))))
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        quelea.cov(quelea.ones((2, 1)))


# ---- moved along ----


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "int8", "int64", "complex64", "bool"]
)
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_vectors_moved_along(name: str, dtype: str) -> None:
    for many in (1, 2, 7, 40):
        for few in (1, 2, 3, 6, 7, 19, 40):
            a, v = some(dtype, (many,)), some(dtype, (few,), 1)
            for mode in ("full", "same", "valid"):
                theirs = getattr(numpy, name)(a, v, mode)
                ours = getattr(quelea, name)(quelea.asarray(a), quelea.asarray(v), mode)
                if theirs.dtype.kind in "fc":
                    near(ours, theirs, 64, (many, few, mode), absolute=64)
                else:
                    same(ours, theirs, (many, few, mode))


def test_mixed_vectors_moved_along() -> None:
    a = numpy.arange(12.0)
    x = quelea.asarray(a)
    same(quelea.convolve(x[::2], [1, 2, 1]), numpy.convolve(a[::2], [1, 2, 1]))
    same(
        quelea.correlate(x[::-1], x[:3].astype("f4")), numpy.correlate(a[::-1], a[:3].astype("f4"))
    )
    same(quelea.convolve(x, 2), numpy.convolve(a, 2))
    same(quelea.convolve([1, 2, 3], [0, 1, 0.5]), numpy.convolve([1, 2, 3], [0, 1, 0.5]))
    same(quelea.correlate(x, x[:4]), numpy.correlate(a, a[:4]))
    b = numpy.array([1.0, numpy.inf, 2.0, numpy.nan, 3.0, 4.0, 5.0, 6.0])
    for mode in ("full", "same", "valid"):
        near(
            quelea.convolve(quelea.asarray(b), [1.0, 2.0, 3.0], mode),
            numpy.convolve(b, [1.0, 2.0, 3.0], mode),
            4,
        )
        given = [1.0, numpy.inf, 3.0]
        near(quelea.convolve(quelea.asarray(b), given, mode), numpy.convolve(b, given, mode), 4)


def test_what_moving_along_refuses() -> None:
    for name in ("convolve", "correlate"):
        modes = ("no", 7, -1, None, 1.5, True, b"full")
        for args in (([], [1]), ([1], []), ([[1]], [1]), *(([1], [1], mode) for mode in modes)):
            same_error(
                lambda n=name, a=args: getattr(quelea, n)(*a),
                lambda n=name, a=args: getattr(numpy, n)(*a),
                text=False,
            )
        with pytest.raises(NotImplementedError, match=f"numpy.{name}"):
            getattr(quelea, name)(quelea.ones(5000), quelea.ones(5000))


# ---- without NaN ----


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex64", "int32", "bool"])
def test_without_nan(dtype: str) -> None:
    a = some(dtype, (6, 5, 4))
    if dtype[0] in "fc":
        a[a.real > 0.7] = numpy.nan
        a[2, :, 1] = numpy.nan
        a[1, 1:, 2] = numpy.nan
        a[0, 0, 0] = numpy.inf
    x = quelea.asarray(a)
    mask = some("bool", (6, 5, 4), 2)
    for name in ("nanprod", "nanvar", "nanstd"):
        for axis in (None, 0, 1, -1, (0, 2), ()):
            cases: list[dict[str, Any]] = [{}, {"keepdims": True}, {"where": mask}]
            if name != "nanprod":
                cases += [{"ddof": 1}, {"ddof": 4, "keepdims": True}, {"correction": 1}]
            for words in cases:
                if axis == () and name != "nanprod":
                    continue
                theirs = getattr(numpy, name)(a, axis, **words)
                ours = getattr(quelea, name)(x, axis, **words)
                near(
                    ours, theirs, 256, (name, axis, words), absolute=64
                ) if theirs.dtype.kind in "fc" else same(ours, theirs)
        if dtype == "float64":
            out = quelea.zeros((5, 4))
            assert getattr(quelea, name)(x, 0, out=out) is out
            near(out, getattr(numpy, name)(a, 0), 64, absolute=64)
            near(
                getattr(quelea, name)(x, 0, dtype="f4"),
                getattr(numpy, name)(a, 0, dtype="f4"),
                64,
                absolute=64,
            )
    if dtype[0] in "f":
        for name in ("nanvar", "nanstd"):
            same_error(
                lambda n=name: getattr(quelea, n)(x, 0, dtype=int),
                lambda n=name: getattr(numpy, n)(a, 0, dtype=int),
            )
