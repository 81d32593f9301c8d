"""Text of arrays is NumPy's, character for character, and only what is shown is gathered."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HERE, values

import quelea as np

ARRAYS = {
    "0-d": numpy.array(2.5),
    "empty": numpy.zeros((0,)),
    "empty 2-d": numpy.zeros((0, 3), "float32"),
    "1-d": numpy.arange(5) / 3,
    "mixed sizes": numpy.array([1e-10, 1.0, 1e10]),
    "special": numpy.array([numpy.nan, numpy.inf, -0.0]),
    "2-d": numpy.arange(12).reshape(3, 4),
    "wide": numpy.arange(80.0).reshape(2, 40),
    "long": numpy.arange(5000),
    "long floats": numpy.linspace(0, 1, 3000),
    "tall": numpy.arange(9000.0).reshape(3000, 3),
    "flat": numpy.arange(9000.0).reshape(3, 3000),
    "both": numpy.arange(10000).reshape(100, 100),
    "cube": numpy.arange(8000.0).reshape(20, 20, 20),
    "small axes": numpy.arange(4096).reshape(4, 4, 4, 4, 16),
    "six": numpy.arange(1296).reshape(6, 6, 6, 6),
    "float32": numpy.linspace(0, 1, 3000, dtype="float32"),
    "odd middle": numpy.where(numpy.arange(2000) == 1000, 1e30, 1.5),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_text(name):
    x = ARRAYS[name]
    a = np.asarray(x)
    assert repr(a) == repr(x)
    assert str(a) == str(x)
    assert f"{a}" == f"{x}"
    for options in (
        {"precision": 2},
        {"threshold": 5, "edgeitems": 1},
        {"threshold": 5, "edgeitems": 2, "linewidth": 30},
        {"suppress": True},
        {"threshold": 10**9} if x.size < 200 else {"sign": "+"},
    ):
        with np.printoptions(**options):
            assert repr(a) == repr(x), options
            assert str(a) == str(x), options
    assert np.array2string(a, separator=";") == numpy.array2string(x, separator=";")
    assert np.array_repr(a, 40, 3) == numpy.array_repr(x, 40, 3)
    assert numpy.array_str(a, 40, 3, True) == numpy.array_str(x, 40, 3, True)


@pytest.mark.parametrize("dtype", HERE)
def test_text_of_every_dtype(dtype):
    x = values(dtype, 30)
    a = np.asarray(x)
    assert (repr(a), str(a)) == (repr(x), str(x))
    with np.printoptions(threshold=10):
        assert (repr(a), str(a)) == (repr(x), str(x))
    total, element = a.max(), x.max()
    assert (repr(total), str(total), f"{a[3]}") == (repr(element), str(element), f"{x[3]}")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 40), st.integers(1, 4))
def test_summaries(shape, threshold, edgeitems):
    x = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape) * 1.25
    with np.printoptions(threshold=threshold, edgeitems=edgeitems):
        assert repr(np.asarray(x)) == repr(x)
        assert str(np.asarray(x)) == str(x)


def test_only_the_corners_are_gathered():
    a = np.ones((600, 600))
    np.sync()
    before = np.counters()["gathered_bytes"]
    repr(a)
    assert 0 <= np.counters()["gathered_bytes"] - before <= 4 * 9 * 8


def test_format():
    a = np.arange(3.0)
    assert (
        f"{a.sum():.2f}" == "3.00"
        and f"{a[1]:e}" == f"{1.0:e}"
        and f"{np.arange(3)[2]:5d}" == "    2"
    )
    assert f"{np.asarray(2.5):.3f}" == "2.500"
    assert "%.1f %d" % (a.mean(), np.arange(4).max()) == "1.0 3"  # noqa: UP031
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{a:.2f}"
