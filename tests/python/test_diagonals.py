"""Diagonals read, made into matrices and filled: NumPy's elements, bit for bit, on any ranks."""

from typing import Any

import numpy
import pytest
from support import HERE, same, same_error, values

import quelea

VIEWS = {
    "whole": lambda x: x,
    "transposed": lambda x: x.T,
    "steps": lambda x: x[::2, ::-1],
    "part": lambda x: x[1:, :-1],
    "stack": lambda x: x.reshape(-1, 1, x.shape[1]).transpose(1, 0, 2),
}
SHAPES = [(7, 5), (5, 8), (6, 6), (1, 4), (9, 2)]


def matrix(dtype: str, shape: tuple[int, ...]) -> numpy.ndarray[Any, Any]:
    """Numbers of both signs, zeros of both signs, infinities, NaN."""
    return numpy.resize(values(dtype), shape)


@pytest.mark.parametrize("dtype", HERE)
def test_diagonals_are_numpys(dtype: str) -> None:
    shapes = SHAPES if dtype in ("float64", "int64") else SHAPES[:2]
    for shape in shapes:
        a = matrix(dtype, shape)
        x = quelea.asarray(a)
        for name, view in VIEWS.items():
            for k in (0, 1, -2, 20):
                context = (shape, name, k)
                axes = (-2, -1)
                same(quelea.diagonal(view(x), k, *axes), numpy.diagonal(view(a), k, *axes), context)
        same(x.diagonal(1, 1, 0), a.diagonal(1, 1, 0))


def test_diagonals_of_nothing() -> None:
    for shape in ((0, 3), (3, 0), (0, 0), (2, 0, 3), (0, 3, 3)):
        a = numpy.zeros(shape)
        same(quelea.diagonal(quelea.asarray(a)), numpy.diagonal(a))


def test_a_diagonal_is_a_copy_that_cannot_be_written() -> None:
    x = quelea.zeros((4, 4))
    line = quelea.diagonal(x)
    x[...] = 1
    same(line, numpy.zeros(4))
    with pytest.raises(ValueError, match="read-only"):
        line[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        quelea.diag(x)[...] = 2


@pytest.mark.parametrize("dtype", HERE)
def test_matrices_of_diagonals(dtype: str) -> None:
    for count in (0, 1, 7):
        v = matrix(dtype, (count,))
        for k in (0, 2, -3):
            same(quelea.diag(quelea.asarray(v), k), numpy.diag(v, k), (count, k))
    a = matrix(dtype, (3, 4))
    same(quelea.diagflat(quelea.asarray(a)[:, ::2], 1), numpy.diagflat(a[:, ::2], 1))


def test_diagonals_of_lists_and_numbers() -> None:
    for make in (
        lambda m: m.diag([1, 2]),
        lambda m: m.diagflat(3),
        lambda m: m.diagflat([[1], [2]], -1),
    ):
        same(make(quelea), make(numpy))
    same(quelea.diag([[1, 2], [3, 4]]), numpy.diag([[1, 2], [3, 4]]))


def test_what_diagonals_refuse() -> None:
    for work in (
        lambda m: m.diag(m.zeros(())),
        lambda m: m.diag(m.zeros((2, 2, 2))),
        lambda m: m.diagonal(m.zeros(3)),
        lambda m: m.diagonal(m.zeros((3, 3)), 0, 1, 1),
        lambda m: m.diagonal(m.zeros((3, 3)), 0, 0, 2),
        lambda m: m.fill_diagonal(m.zeros(3), 1),
        lambda m: m.fill_diagonal(m.zeros((2, 3, 2)), 1),
        lambda m: m.diag_indices_from(m.zeros(3)),
        lambda m: m.diag_indices_from(m.zeros((3, 2))),
        lambda m: m.fill_diagonal(m.zeros((2, 2), "i1"), 300),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy))
    with pytest.raises(ValueError, match="read-only"):
        quelea.fill_diagonal(quelea.broadcast_to(1.0, (3, 3)), 2)


VALUES: list[Any] = [
    2,
    -0.0,
    [5, 6],
    [[1, 2], [3, 4]],
    numpy.arange(40.0),
    numpy.zeros(0),
    numpy.array(7),
]


@pytest.mark.parametrize("dtype", ["float64", "int32", "complex64", "bool"])
@pytest.mark.parametrize("shape", [*SHAPES, (0, 3), (4, 4, 4), (3, 3, 3, 3)])
def test_filled_diagonals(dtype: str, shape: tuple[int, ...]) -> None:
    for value in VALUES:
        for wrap in (False, True):
            is_long = shape[0] > shape[1] + 1 and len(shape) == 2
            if wrap and is_long and numpy.size(value) > 1:
                with pytest.raises(NotImplementedError, match="for every"):
                    quelea.fill_diagonal(quelea.zeros(shape), value, wrap)
                continue
            theirs = matrix(dtype, shape)
            ours = quelea.array(theirs)
            numpy.fill_diagonal(theirs, value, wrap)
            quelea.fill_diagonal(ours, value, wrap)
            same(ours, theirs, (value, wrap))


@pytest.mark.parametrize("name", VIEWS)
def test_diagonals_of_views_are_filled(name: str) -> None:
    theirs = numpy.arange(35.0).reshape(7, 5)
    ours = quelea.array(theirs)
    if name == "stack":
        return
    numpy.fill_diagonal(VIEWS[name](theirs), [-1, -2, -3])
    quelea.fill_diagonal(VIEWS[name](ours), quelea.asarray([-1, -2, -3]))
    same(ours, theirs)


def test_indices_of_diagonals() -> None:
    for ours, theirs in (
        (quelea.diag_indices(4), numpy.diag_indices(4)),
        (quelea.diag_indices(3, 3), numpy.diag_indices(3, 3)),
        (
            quelea.diag_indices_from(quelea.ones((2, 2))),
            numpy.diag_indices_from(numpy.ones((2, 2))),
        ),
    ):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)


@pytest.mark.parametrize(
    "shape", [(4, None), (3, 7), (7, 3), (1, 5), (5, 1), (0, 3), (3, 0), (1, 1), (0, None)]
)
def test_indices_of_triangles(shape: Any) -> None:
    n, m = shape
    for name in ("tril_indices", "triu_indices"):
        for k in (0, 1, -1, 2, -2, 3, -4, 6, 9, -9):
            ours, theirs = (getattr(module, name)(n, k, m) for module in (quelea, numpy))
            assert len(ours) == 2
            for a, b in zip(ours, theirs, strict=True):
                same(a, b, (name, k))
    a = numpy.zeros((n, n if m is None else m))
    for name in ("tril_indices_from", "triu_indices_from"):
        ours, theirs = getattr(quelea, name)(quelea.asarray(a), 1), getattr(numpy, name)(a, 1)
        for i, j in zip(ours, theirs, strict=True):
            same(i, j, name)
        same_error(
            lambda name=name: getattr(quelea, name)(quelea.ones(3)),
            lambda name=name: getattr(numpy, name)(numpy.ones(3)),
        )


def test_rows_of_large_triangles_are_exact() -> None:
    """Where the square root is rounded: at the ends of rows that are far down."""
    for row in (2**20, 2**26 + 1, 94906265, 2**27 - 3):
        begin = row * (row + 1) // 2
        at = quelea.asarray([begin - 1, begin, begin + row])
        i, j = quelea.diagonals._below(at, 1)
        same(i, numpy.array([row - 1, row, row]))
        same(j, numpy.array([row - 1, 0, row]))


def test_a_diagonal_brings_no_elements() -> None:
    """Between nodes, where what moves is counted, only what leaves of the sums need comes, in boxes."""
    x = quelea.ones((300, 300)) * 2
    quelea.sync()
    before = quelea.counters()
    quelea.fill_diagonal(x, 3.0)
    total = float(quelea.sum(quelea.diagonal(x, 1))), float(quelea.trace(x))
    after = quelea.counters()
    assert total == (598.0, 900.0)
    moved = [after[k] - before[k] for k in ("redistributed_bytes", "halo_bytes", "gathered_bytes")]
    assert sum(moved) < x.nbytes / 16
