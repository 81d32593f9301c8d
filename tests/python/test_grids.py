"""mgrid, ogrid, r_, c_, ix_ and block: NumPy's arrays, bit for bit, and its errors."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import same, same_error

import quelea

A = numpy.arange(6.0).reshape(2, 3)


def alike(make: Callable[[Any], Any], context: object = "") -> None:
    ours, theirs = make(quelea), make(numpy)
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple) and len(ours) == len(theirs), context
        for a, b in zip(ours, theirs, strict=True):
            same(a, b, context)
    else:
        same(ours, theirs, context)


KEYS: list[Any] = [
    slice(5), slice(1, 5), slice(0, 5, 2), slice(5, 0, -1), slice(0, 1, 0.3), slice(-1, 1, 5j), slice(0, 3, 1j),
    slice(2, 2, 0j), slice(0, 4, numpy.complex64(3j)), slice(1.5), slice(numpy.float32(0), numpy.float32(2)),
    (slice(3), slice(2, 4)), (slice(3),), (slice(0, 1, 3j), slice(0, 3)),
    (slice(-2.5, 2, 1.5), slice(4)),
    (slice(0, 3), slice(0, 2), slice(1, 3)), (slice(0, 1, 4j), slice(1, 2, 1j)), (slice(numpy.int8(3)), slice(2)),
    (slice(0, 2.0, 0.5), slice(0, 1, numpy.float32(0.5))), (slice(1, 9, 4), slice(9, 1, -3)),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_grids(key: Any) -> None:
    alike(lambda m: m.mgrid[key])
    alike(lambda m: m.ogrid[key])


def test_grids_of_nothing() -> None:
    alike(lambda m: m.ogrid[3:0, 0:2])
    alike(lambda m: m.mgrid[3:3, 0:2])
    same_error(lambda: quelea.mgrid[3:0, 0:2], lambda: numpy.mgrid[3:0, 0:2])


def test_grids_to_numbers_of_ours() -> None:
    n = quelea.asarray([3, 4]).max()
    same(quelea.mgrid[0:n, 0:2], numpy.mgrid[0:4, 0:2])
    same(quelea.r_[0:n], numpy.r_[0:4])


def test_grids_that_are_computed_with() -> None:
    def bell(m: Any) -> Any:
        y, x = m.mgrid[-1:1:9j, -2:2:7j]
        return x * x + y * y

    alike(bell)
    alike(lambda m: sum(m.ogrid[0:7, 0:5]))


JOINS: list[tuple[str, Callable[[Any], Any]]] = [
    ("r_ ranges", lambda m: m.r_[1:4, 0, 4]),
    ("r_ floats", lambda m: m.r_[-1:1:6j, [0] * 3, 5, 6]),
    ("r_ of arrays", lambda m: m.r_[m.asarray(A[0]), 0, 0, m.asarray(A[1])]),
    ("r_ of matrices", lambda m: m.r_[m.asarray(A), m.asarray(A)]),
    ("r_ -1", lambda m: m.r_["-1", m.asarray(A), m.asarray(A)]),
    ("r_ 0,2", lambda m: m.r_["0,2", [1, 2, 3], [4, 5, 6]]),
    ("r_ 0,2,0", lambda m: m.r_["0,2,0", [1, 2, 3], [4, 5, 6]]),
    ("r_ 1,2,0", lambda m: m.r_["1,2,0", [1, 2, 3], [4, 5, 6]]),
    ("r_ 0,3,1", lambda m: m.r_["0,3,1", [1, 2, 3], [4, 5, 6]]),
    ("r_ 0,3,-2", lambda m: m.r_["0,3,-2", m.asarray(A), m.asarray(A)]),
    ("r_ 1,3", lambda m: m.r_["1,3", 0:3, m.asarray([1, 2, 3])]),
    ("r_ one number", lambda m: m.r_[3]),
    ("r_ weak numbers", lambda m: m.r_[m.asarray([1, 2], "f4"), 1.5, True]),
    ("r_ small integers", lambda m: m.r_[m.asarray([1, 2], "i1"), 3]),
    ("r_ strong numbers", lambda m: m.r_[m.asarray([1, 2], "f4"), numpy.float64(3)]),
    ("r_ of nothing", lambda m: m.r_[0:0, m.asarray([1.0])]),
    ("r_ no axes", lambda m: m.r_[m.asarray(2.5), 1:3]),
    ("c_", lambda m: m.c_[m.asarray([1, 2, 3]), m.asarray([4, 5, 6])]),
    ("c_ mixed", lambda m: m.c_[m.asarray([[1, 2, 3]]), 0, 0, m.asarray([[4, 5, 6]])]),
    ("c_ ranges", lambda m: m.c_[0:3, 3:6, 0:1:3j]),
    ("c_ matrices", lambda m: m.c_[m.asarray(A), m.asarray(A[:, 0])]),
    ("c_ three axes", lambda m: m.c_[m.ones((2, 2, 3)), m.zeros((2, 2, 1))]),
]


@pytest.mark.parametrize(("name", "make"), JOINS, ids=[name for name, _ in JOINS])
def test_joins_by_indices(name: str, make: Callable[[Any], Any]) -> None:
    alike(make)


def test_what_joins_refuse() -> None:
    for work in (
        lambda m: m.r_[1:3, "0"],
        lambda m: m.r_["x", 1:3],
        lambda m: m.r_["1,x", 1:3],
        lambda m: m.r_[()],
        lambda m: m.c_[m.ones(3), m.ones(2)],
        lambda m: m.r_[m.ones(3), m.ones((2, 2))],
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy))
    for key in ("r", "c"):
        with pytest.raises(NotImplementedError, match="matrices"):
            quelea.r_[key, 1:3]
    with pytest.raises(NotImplementedError, match="matrices"):
        quelea.c_["1 2; 3 4"]
    assert len(quelea.r_) == len(quelea.c_) == 0


def test_indices_of_grids() -> None:
    for args in (([0, 1], [2, 4]), ([0, 1, 2],), ([], [1]), (range(3), [1], [2, 3])):
        alike(lambda m, a=args: m.ix_(*a))
    alike(lambda m: m.ix_(m.arange(3), m.arange(2)))
    same_error(lambda: quelea.ix_([[1]]), lambda: numpy.ix_([[1]]))
    for args in (([True, False, True], [1, 0]), ([False],), ([0, 1], [True, True, False])):
        alike(lambda m, a=args: m.ix_(*a))
        alike(lambda m, a=args: m.ix_(*map(m.asarray, a)))
    alike(lambda m: m.arange(12).reshape(3, 4)[m.ix_([True, False, True], m.arange(4) % 3 == 0)])


BLOCKS: list[Callable[[Any, Any], Any]] = [
    lambda m, o: [[o(A), m.zeros((2, 2))], [m.ones((1, 3)), m.ones((1, 2)) * 7]],
    lambda m, o: [o(A[0]), o(A[1]), 10],
    lambda m, o: [[o(A[0]), 0], [1, 2, o(A[1, :2])]],
    lambda m, o: o(A),
    lambda m, o: 5,
    lambda m, o: [[o(A)]],
    lambda m, o: [[[o(A), o(A)]], [[o(A), o(A)]]],
    lambda m, o: [o(A.T), m.ones((3, 1), int)],
    lambda m, o: [[m.ones((2, 2, 3)), m.zeros((2, 2, 1))]],
    lambda m, o: [[1, 2], [3, 4]],
    lambda m, o: [m.zeros(0), o(A[0])],
    lambda m, o: [[m.eye(600), m.zeros((600, 300))], [m.ones((100, 900))]],
    lambda m, o: [[m.ones((400, 500), order="F"), m.zeros((400, 300), "f4", order="F")]],
]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_blocks(number: int) -> None:
    ours = quelea.block(BLOCKS[number](quelea, quelea.asarray))
    theirs = numpy.block(BLOCKS[number](numpy, lambda x: x))
    same(ours, theirs)
    if theirs.ndim > 1 and 1 not in theirs.shape:
        assert ours.strides == theirs.strides


def test_a_block_is_a_copy() -> None:
    x = quelea.asarray(A)
    y = quelea.block(x)
    x[...] = 0
    same(y, A)


def test_what_blocks_refuse() -> None:
    for work in (
        lambda m: m.block([]),
        lambda m: m.block([[1], []]),
        lambda m: m.block([[1], 2]),
        lambda m: m.block([(1, 2)]),
        lambda m: m.block((1, 2)),
        lambda m: m.block([[m.ones(2)], [m.ones(3)]]),
        lambda m: m.block([[m.ones((900, 900))], [m.ones((2, 3))]]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy))


def test_the_old_name_of_vstack() -> None:
    with pytest.warns(DeprecationWarning, match="vstack"):
        same(quelea.row_stack([[1, 2], [3, 4]]), numpy.vstack([[1, 2], [3, 4]]))
