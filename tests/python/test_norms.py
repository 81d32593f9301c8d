"""np.linalg: norms and products, NumPy's up to rounding, exactly where nothing is rounded."""

import inspect
from typing import Any

import numpy
import pytest
from support import near, same, same_error

import quelea

ORDERS: list[Any] = [
    None,
    0,
    1,
    -1,
    2,
    -2,
    3,
    0.5,
    -1.5,
    numpy.inf,
    -numpy.inf,
    "fro",
    "f",
    "nuc",
    "x",
]
NODES = quelea.info()["node_count"]
DTYPES = ["float64", "float32", "complex128", "complex64", "int32", "bool"]


def some(dtype: str, shape: tuple[int, ...], seed: int = 0) -> numpy.ndarray[Any, Any]:
    random = numpy.random.default_rng(seed)
    if dtype in ("int32", "bool"):
        return random.integers(-4, 5, shape).astype(dtype)
    x = random.normal(size=shape)
    return (x + 1j * random.normal(size=shape) if dtype.startswith("c") else x).astype(dtype)


def alike(ours: Any, theirs: Any, context: object = "", absolute: float = 0) -> None:
    """Of the same value, or the same error."""
    with numpy.errstate(all="ignore"):
        try:
            expected = theirs(numpy)
        except Exception:
            same_error(lambda: ours(quelea), lambda: theirs(numpy), text=False)
            return
    near(ours(quelea), expected, 64, context, absolute=absolute)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ord", ORDERS)
def test_norms(ord: Any, dtype: str) -> None:
    cases: list[tuple[tuple[int, ...], Any]] = [
        ((7,), None), ((7,), 0), ((5, 4), None), ((5, 4), 0), ((5, 4), -1), ((5, 4), (0, 1)), ((4, 3, 5), None),
        ((4, 3, 5), (2, 0)), ((4, 3, 5), (0, -1)), ((4, 3, 5), 1), ((4, 3), (0, 0)), ((4, 3, 5), (0, 1, 2)), ((), None),
        ((3, 2), 2), ((3, 2), (0,)), ((3,), "a"),
    ]  # fmt: skip
    for shape, axis in cases:
        x = some(dtype, shape)
        for keepdims in (False, True):
            alike(
                lambda m, x=x, a=axis, k=keepdims: m.linalg.norm(quelea.asarray(x), ord, a, k),
                lambda m, x=x, a=axis, k=keepdims: m.linalg.norm(x, ord, a, k),
                (shape, axis, keepdims),
                64 if ord == -2 else 0,  # the least of singular values, beside the greatest
            )


@pytest.mark.parametrize("ord", [1, -1, numpy.inf, -numpy.inf, "fro", 2, None])
def test_norms_of_stacks(ord: Any) -> None:
    x = some("float64", (3, 5, 4))
    for keepdims in (False, True):
        if ord == 2:
            continue
        near(
            quelea.linalg.matrix_norm(quelea.asarray(x), ord=ord, keepdims=keepdims),
            numpy.linalg.matrix_norm(x, ord=ord, keepdims=keepdims),
            64,
        )
    for axis in (None, 0, -1, (0, 2), (2, 1), (0, 1, 2), (1,)):
        for keepdims in (False, True):
            if ord == "fro":
                continue
            near(
                quelea.linalg.vector_norm(quelea.asarray(x), axis=axis, ord=ord, keepdims=keepdims),
                numpy.linalg.vector_norm(x, axis=axis, ord=ord, keepdims=keepdims),
                64,
                (axis, keepdims),
            )


def test_norms_of_nothing_and_of_one() -> None:
    for shape in ((0,), (0, 3), (3, 0), (2, 0, 3)):
        x = numpy.zeros(shape)
        for ord in (None, 1, 2, 0, numpy.inf, -numpy.inf):
            if len(shape) == 2 and ord in (2, 0):
                continue
            alike(
                lambda m, x=x, o=ord: m.linalg.norm(quelea.asarray(x), o),
                lambda m, x=x, o=ord: m.linalg.norm(x, o),
                (shape, ord),
            )
    near(quelea.linalg.vector_norm(quelea.asarray(3.0)), numpy.linalg.vector_norm(3.0), 4)
    near(quelea.linalg.vector_norm(-3), numpy.linalg.vector_norm(-3), 4)


def test_norms_of_views() -> None:
    a = some("float64", (9, 8))
    x = quelea.asarray(a)
    for view in (lambda z: z.T, lambda z: z[::2, ::-1], lambda z: z[1:, 3], lambda z: z[:, :1]):
        for ord in (None, 1, numpy.inf):
            near(quelea.linalg.norm(view(x), ord), numpy.linalg.norm(view(a), ord), 64)


def test_numpys_functions_give_ours() -> None:
    x = some("float64", (4, 4))
    near(numpy.linalg.norm(quelea.asarray(x)), numpy.linalg.norm(x), 64)
    near(numpy.linalg.matrix_power(quelea.asarray(x), 3), numpy.linalg.matrix_power(x, 3), 1024)


# ---- products ----


@pytest.mark.parametrize("dtype", ["float64", "int64", "complex64"])
def test_products_of_the_module(dtype: str) -> None:
    a, b, v, w = (
        some(dtype, (4, 4)),
        some(dtype, (4, 4), 1),
        some(dtype, (4,), 2),
        some(dtype, (5, 3), 3),
    )
    s = some(dtype, (2, 3, 3), 4)
    for make in (
        lambda m, o: m.linalg.matmul(o(a), o(b)),
        lambda m, o: m.linalg.outer(o(v), o(v)),
        lambda m, o: m.linalg.vecdot(o(a), o(b), axis=0),
        lambda m, o: m.linalg.tensordot(o(a), o(b), axes=1),
        lambda m, o: m.linalg.trace(o(s), offset=1),
        lambda m, o: m.linalg.diagonal(o(s), offset=-1),
        lambda m, o: m.linalg.matrix_transpose(o(s)),
        lambda m, o: m.linalg.cross(o(w), o(w[::-1])),
        lambda m, o: m.linalg.cross(o(s), o(s[:1]), axis=1),
        lambda m, o: m.linalg.multi_dot([o(a), o(b)]),
        lambda m, o: m.linalg.multi_dot([o(v), o(a), o(b)]),
        lambda m, o: m.linalg.multi_dot([o(v), o(a), o(b), o(v)]),
        lambda m, o: m.linalg.multi_dot([o(w.T), o(w), o(s[0]), o(w.T), o(w)]),
        *(lambda m, o, n=n: m.linalg.matrix_power(o(s), n) for n in range(8)),
    ):
        theirs = make(numpy, lambda x: x)
        ours = make(quelea, quelea.asarray)
        near(ours, theirs, 256, absolute=256) if theirs.dtype.kind in "fc" else same(ours, theirs)


def test_what_the_module_refuses() -> None:
    for work in (
        lambda m: m.linalg.outer(m.ones((2, 2)), m.ones(2)),
        lambda m: m.linalg.cross(m.ones(2), m.ones(2)),
        lambda m: m.linalg.multi_dot([m.ones((2, 2))]),
        lambda m: m.linalg.matrix_power(m.ones((2, 3)), 2),
        lambda m: m.linalg.matrix_power(m.ones(2), 2),
        lambda m: m.linalg.matrix_power(m.ones((2, 2)), 1.5),
        lambda m: m.linalg.multi_dot([m.ones((2, 2)), m.ones((2, 2, 2)), m.ones((2, 2))]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        quelea.linalg.nonsense  # noqa: B018
    assert quelea.linalg.LinAlgError is numpy.linalg.LinAlgError


def test_signatures_of_the_module() -> None:
    for name in quelea.linalg.__all__:
        if name != "LinAlgError":
            ours, theirs = (inspect.signature(getattr(m.linalg, name)) for m in (quelea, numpy))
            kinds = [
                [(p.name, p.kind, p.default) for p in s.parameters.values()] for s in (ours, theirs)
            ]
            assert kinds[0] == kinds[1], name


# ---- the functions of the namespace ----


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("dtype", ["float64", "int32", "complex64", "float16", "bool"])
def test_cross_products(dtype: str) -> None:
    for left in (2, 3):
        for right in (2, 3):
            a, b = some(dtype, (5, left)), some(dtype, (4, 1, right), 1)
            for x, y, words in (
                (a[0], b[0, 0], {}), (a, b[:1, 0], {}), (a, b, {}), (a.T, b, {"axisa": 0}),
                (a, b[:, 0], {"axisc": 0}), (a.T, a.T, {"axis": 0}), (a[:0], b[0], {}),
            ):  # fmt: skip
                if words.get("axisc") == 0 and x.shape[0] != y.shape[0]:
                    x = x[:4]
                if words.get("axis") == 0:
                    y = x[::-1].copy()
                pair = quelea.asarray(x), quelea.asarray(y)
                try:
                    theirs = numpy.cross(x, y, **words)
                except TypeError:
                    with pytest.raises(TypeError):
                        quelea.cross(*pair, **words)
                    continue
                ours = quelea.cross(*pair, **words)
                if dtype.startswith("complex"):
                    near(ours, theirs, 8, absolute=8)  # NumPy's loops may fuse them
                else:
                    same(ours, theirs, (left, right, words))


@pytest.mark.parametrize("dtype", ["float64", "int64", "complex128", "bool", "float16"])
def test_kroneckers_products(dtype: str) -> None:
    shapes = [(), (3,), (2, 3), (4, 1), (2, 2, 2), (0,), (3, 0)]
    for i, left in enumerate(shapes):
        for right in shapes[i % 2 :]:
            a, b = some(dtype, left), some(dtype, right, 1)
            ours = quelea.kron(quelea.asarray(a), quelea.asarray(b))
            if dtype.startswith("complex"):
                near(ours, numpy.kron(a, b), 4, absolute=4)
            else:
                same(ours, numpy.kron(a, b), (left, right))


def test_kroneckers_products_lie_where_they_are_computed() -> None:
    """Between nodes: each is sent no more than its part of the product, and where parts lie by each other little."""
    x, y = quelea.ones((200, 200)) * 2, quelea.asarray([[1.0, 2.0], [3.0, 4.0]])
    row = 400 * 8
    for left, right, most in ((x, y, 4096), (y, x, row * (400 // NODES + 3))):
        quelea.sync()
        before = quelea.counters()
        assert float(quelea.kron(left, right).sum()) == 2 * 40000 * 10
        after = quelea.counters()
        added = {name: after[name] - before[name] for name in after}
        assert added["redistributed_bytes"] + added["halo_bytes"] < most
        assert added["kept_copies_bytes"] < most


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "complex128", "bool"])
def test_matrices_and_vectors(dtype: str) -> None:
    a, v = some(dtype, (2, 5, 4)), some(dtype, (4,), 1)
    for call in (
        lambda m, o: m.matvec(o(a), o(v)),
        lambda m, o: m.matvec(o(a[0]), o(v)),
        lambda m, o: m.matvec(o(a[0]), o(a)),
        lambda m, o: m.vecmat(o(v), o(a.mT)),
        lambda m, o: m.vecmat(o(a[:, 0]), o(a.mT)),
        lambda m, o: m.matvec(o(a.transpose(1, 2, 0)), o(v), axes=[(2, 1), 0, 0]),
        lambda m, o: m.vecmat(o(v), o(a[0]), axes=[0, (1, 0), 0]),
    ):
        theirs, ours = call(numpy, lambda x: x), call(quelea, quelea.asarray)
        near(ours, theirs, 64, absolute=64) if theirs.dtype.kind in "fc" else same(ours, theirs)
    for call in (
        lambda m: m.matvec(m.ones(3), m.ones(3)),
        lambda m: m.matvec(m.ones((3, 2)), m.ones(3)),
        lambda m: m.vecmat(m.ones(3), m.ones((2, 3))),
        lambda m: m.vecmat(m.ones(()), m.ones((2, 3))),
    ):
        same_error(lambda call=call: call(quelea), lambda call=call: call(numpy), text=False)


@pytest.mark.parametrize("dtype", ["float64", "int8", "uint64", "complex64", "bool"])
def test_vandermondes_matrices(dtype: str) -> None:
    x = some("int32", (7,)).astype(dtype)
    for words in ({}, {"N": 3}, {"increasing": True}, {"N": 0}, {"N": 1}, {"N": 12}):
        same(quelea.vander(quelea.asarray(x), **words), numpy.vander(x, **words), words)
    same_error(lambda: quelea.vander([[1, 2]]), lambda: numpy.vander([[1, 2]]))


def test_norms_in_compiled_functions() -> None:
    @quelea.jit
    def length(x):  # type: ignore[no-untyped-def]
        return quelea.linalg.norm(x)

    of = quelea.linalg.norm

    @quelea.jit
    def same_length(x):  # type: ignore[no-untyped-def]
        return of(x)

    for x in (quelea.asarray([3.0, 4.0]), numpy.array([3.0, 4.0])):
        assert float(length(x)) == float(same_length(x)) == 5.0
