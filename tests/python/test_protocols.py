"""What others see of a Quelea array: NumPy's functions, __array__, copies, pickle; and what is missing says so."""

import copy
import gc
import pickle
import re
import threading
import weakref

import numpy
import pytest
from support import same

import quelea as np


def test_numpy_functions_come_back_to_quelea():
    x = numpy.arange(6.0).reshape(2, 3)
    a = np.asarray(x)
    for function in (
        numpy.sin,
        numpy.sum,
        numpy.mean,
        numpy.transpose,
        numpy.flip,
        numpy.zeros_like,
    ):
        assert isinstance(function(a), np.ndarray)
    same(numpy.add(x, a), x + x)
    same(numpy.where(a > 2, a, 0), numpy.where(x > 2, x, 0))
    same(numpy.concatenate([a, a]), numpy.concatenate([x, x]))
    same(numpy.add.reduce(a), numpy.add.reduce(x))
    assert numpy.result_type(a, 1.0) == numpy.float64
    assert np.result_type(np.ones(1, "int8"), 3) == numpy.int8


@pytest.mark.parametrize("name", ["is_busday"])
def test_missing_functions_are_named(name):
    a = np.ones(3)
    with pytest.raises(TypeError, match=rf"numpy\.{name} is not in Quelea yet"):
        getattr(numpy, name)(a)
    with pytest.raises(AttributeError, match=f"{name} is not in Quelea yet"):
        getattr(np, name)


def test_missing_names():
    with pytest.raises(AttributeError, match="polynomial is not in Quelea yet"):
        np.polynomial  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        np.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match=r"ndarray\.dumps is not in Quelea yet"):
        np.ones(3).dumps()
    assert not hasattr(np.ones(3), "getfield")
    with pytest.raises(TypeError, match="not in Quelea yet"):
        numpy.isnat(np.ones(3))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("fromregex", "every rank reads the same file: np.asarray(numpy.fromregex("),
        ("polynomial", "numpy.polynomial works on numpy.asarray(x)"),
        ("frompyfunc", "quelea.vectorize compiles"),
        ("longdouble", "floats of up to 64"),
        ("ScalarType", "use numpy.ScalarType"),
    ],
)
def test_what_is_missing_says_what_to_write_instead(name, advice):
    with pytest.raises(AttributeError, match=re.escape(advice)):
        getattr(np, name)


def test_missing_functions_and_methods_say_what_to_write_instead():
    a = np.ones(3)
    with pytest.raises(TypeError, match=r"numpy\.is_busday is not .* use numpy\.is_busday"):
        numpy.is_busday(a)
    with pytest.raises(AttributeError, match=r"quelea\.on_root\(lambda a: a\.dump"):
        a.dump("never written")
    with pytest.raises(AttributeError, match="shares_memory"):
        a.base  # noqa: B018


def test_snapshots():
    a = np.arange(12.0).reshape(3, 4)
    shot = numpy.asarray(a)
    assert not shot.flags.writeable
    a[0] = -1
    a += 1
    numpy.testing.assert_array_equal(shot, numpy.arange(12.0).reshape(3, 4))
    view = numpy.asarray(a[::2, ::-1])
    numpy.testing.assert_array_equal(view, numpy.array([[0.0, 0, 0, 0], [12, 11, 10, 9]]))
    private = numpy.array(a)
    private[...] = 0
    assert float(a[2, 3]) == 12.0
    assert numpy.asarray(a, dtype="float32").dtype == numpy.float32
    assert float(numpy.asarray(a.sum())) == float(a.sum())
    with pytest.raises(ValueError, match="copy"):
        numpy.asarray(a, dtype="float32", copy=False)
    kept = numpy.asarray(np.ones(5) * 2)
    gc.collect()
    np.sync()
    assert kept.sum() == 10


def test_snapshot_of_everything():
    for dtype in ("bool", "int8", "float16", "complex64"):
        for shape in ((), (0,), (3, 0), (2, 3, 4)):
            x = numpy.ones(shape, dtype)
            same(np.asarray(x), numpy.asarray(np.asarray(x)))


def test_on_root():
    a = np.arange(5)
    result = np.on_root(lambda x, y: (type(x), int(x.sum()) + y), a, 1)
    assert result == (numpy.ndarray, 11)
    assert np.on_root(lambda: None) is None


class Odd(Exception):
    """Cannot be made from its text alone."""

    def __init__(self, first, second):
        super().__init__(f"{first}{second}")


def fail_with(error):
    raise error


@pytest.mark.parametrize(
    ("error", "raised", "text"),
    [
        (KeyError("k"), KeyError, "k"),
        (OSError(2, "gone", "file"), FileNotFoundError, "gone"),
        (KeyboardInterrupt("now"), KeyboardInterrupt, "now"),
        (SystemExit(3), SystemExit, "3"),
        (Odd(1, 2), RuntimeError, "Odd: 12"),
        (ValueError(lambda: 0), RuntimeError, "ValueError: <function"),
    ],
)
def test_on_root_raises_on_every_rank(error, raised, text):
    a = np.arange(5000.0)
    with pytest.raises(raised, match=text) as caught:
        np.on_root(lambda x: fail_with(error), a)
    assert type(caught.value) is raised
    assert float((a + 1).sum()) == 5000 * 5001 / 2


def test_on_root_gives_its_result_to_every_rank():
    table = {"a": numpy.arange(100_000), "b": [1, None, "text"]}
    found = np.on_root(lambda: table)
    assert (found["a"] == table["a"]).all()
    assert found["b"] == table["b"]
    with pytest.raises(TypeError, match="cannot be given to the other ranks"):
        np.on_root(lambda: lambda: 0)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        lambda x: float(x[0]),
        lambda x: x.__setitem__(0, 3),
        lambda x: numpy.asarray(x),
        lambda x: repr(x),
        lambda x: numpy.unwrap(x),
        lambda x: numpy.savetxt("never-made.txt", x),
        lambda x: x.tofile("never-made.txt"),
        lambda x: np.zeros(3),
        lambda x: np.sync(),
        lambda x: np.on_root(lambda: 1),
        lambda x: np.on_root(lambda y: 1, x),
    ],
)
def test_on_root_refuses_what_it_was_not_given(use):
    """On any number of ranks, and nothing is recorded by it."""
    a = np.arange(5000.0)
    b = a * 2
    with pytest.raises(RuntimeError, match="pass the array to on_root as an argument"):
        np.on_root(lambda: use(a))
    assert np.on_root(lambda: (a.shape, np.size > 0)) == ((5000,), True)
    assert float((a + b).sum()) == 3 * 5000 * 4999 / 2


def test_copies_and_weak_references():
    a = np.arange(3)
    for b in (copy.copy(a), copy.deepcopy(a), a.copy()):
        b[0] = 9
        assert int(a[0]) == 0
    ref = weakref.ref(a)
    assert ref() is a
    del a
    assert ref() is None


def test_pickle_and_hash_are_refused():
    with pytest.raises(TypeError, match=r"numpy\.asarray"):
        pickle.dumps(np.ones(2))
    with pytest.raises(TypeError, match="unhashable"):
        hash(np.ones(2))
    with pytest.raises(NotImplementedError, match=r"quelea\.asarray"):
        np.ndarray((2, 3), buffer=bytes(48))


def test_annotations():
    assert np.ndarray[int, float].__origin__ is np.ndarray


def test_array_api():
    a = np.ones(3)
    assert a.__array_namespace__() is np
    assert a.__array_namespace__(api_version="2024.12") is np
    with pytest.raises(ValueError, match="1999"):
        a.__array_namespace__(api_version="1999")
    assert a.device == "cpu" and a.to_device("cpu") is a
    with pytest.raises(ValueError, match="device"):
        a.to_device("gpu")
    with pytest.raises(ValueError, match="stream"):
        a.to_device("cpu", stream=1)
    for name in (
        "acos",
        "atan2",
        "pow",
        "concat",
        "permute_dims",
        "bitwise_invert",
        "matrix_transpose",
        "isdtype",
        "astype",
        "unstack",
    ):
        assert callable(getattr(np, name))


def test_namespace():
    for name in (
        "pi",
        "e",
        "inf",
        "nan",
        "newaxis",
        "float64",
        "int8",
        "complex64",
        "bool_",
        "dtype",
        "finfo",
        "iinfo",
        "promote_types",
    ):
        assert getattr(np, name) is getattr(numpy, name)
    assert np.size == np.info()["size"] and np.rank == np.info()["rank"]
    assert np.size(np.ones((2, 3))) == 6
    for name in np.__all__:
        assert getattr(np, name) is not None or name == "newaxis", name


def test_errstate():
    with np.errstate(divide="ignore"):
        assert numpy.isinf(float((np.ones(1) / 0)[0]))
    with pytest.raises(NotImplementedError, match="errstate"):
        np.errstate(all="raise")


class Deferring:
    """A type that computes with arrays itself."""

    __array_ufunc__ = None

    def __add__(self, other):
        return "added"

    __radd__ = __add__


def test_operators_of_other_types():
    a = np.ones(2)
    assert a + Deferring() == "added" and Deferring() + a == "added"
    for stranger in (object(), "text", None, {}):
        with pytest.raises(TypeError):
            a + stranger
        with pytest.raises(TypeError):
            np.add(a, stranger)


def test_collection_releases_later():
    a = np.ones(4)
    cycle = [a + i for i in range(5)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert float((a + 1).sum()) == 8.0


def test_other_threads_are_refused():
    a = np.ones(2)
    caught = []

    def work():
        try:
            a + a
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(caught) == 1 and "one thread" in caught[0]
    assert float((a + a).sum()) == 4.0


def test_arrays_dropped_by_other_threads():
    box = [np.ones(3)]
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    assert float(np.ones(3).sum()) == 3.0


def test_errors_leave_arrays_alone():
    a = np.arange(3.0)
    with pytest.raises(ValueError, match=r"shapes \(3,\) \(4,\)"):
        a + np.ones(4)
    same(a, numpy.arange(3.0))


def test_asarray_copies_numpy_arrays():
    x = numpy.zeros(3)
    a = np.asarray(x)
    a[0], x[1] = 1.0, 2.0
    same(a, numpy.array([1.0, 0.0, 0.0]))
    numpy.testing.assert_array_equal(x, [0.0, 2.0, 0.0])


def test_elements_and_sums_are_arrays():
    a = np.arange(4.0)
    for s in (a.sum(), a[1]):
        assert isinstance(s, np.ndarray) and s.shape == () and not isinstance(s, float)
        assert type(s.item()) is float and type(float(s)) is float


def test_strict():
    np.config.strict = False
    assert np.config.strict is False


def test_results_in_arrays_of_ours():
    x, a = numpy.ones((3, 3)), np.ones((3, 3))
    out = np.zeros((3, 3))
    assert numpy.matmul(x, a, out=out) is out
    same(out, numpy.full((3, 3), 3.0))
