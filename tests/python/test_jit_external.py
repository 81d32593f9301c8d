"""Functions of C that compiled functions call: of ctypes, of cffi, by an address."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import quelea
from quelea.errors import JitError

SOURCE = r"""
#include <stdbool.h>
#include <stdint.h>
static int calls;
int8_t minus8(int8_t a) { return (int8_t)-a; }
uint8_t plus8(uint8_t a, uint8_t b) { return (uint8_t)(a + b); }
int16_t minus16(int16_t a) { return (int16_t)-a; }
uint16_t plus16(uint16_t a) { return (uint16_t)(a + 1); }
int32_t minus32(int32_t a) { return -a; }
uint32_t plus32(uint32_t a) { return a + 1; }
int64_t minus64(int64_t a) { return -a; }
float halff(float x) { return x / 2; }
double half(double x) { return x / 2; }
bool odd(int a) { return a % 2 != 0; }
bool both(bool a, bool b) { return a && b; }
double many(int a, double b, int64_t c, float d, int8_t e, double f, uint16_t g, double h, int i, int j, int k) {
  return a + b + (double)c + d + e + f + g + h + i + 10 * j + 100 * k;
}
void count(void) { calls++; }
int counted(void) { return calls; }
double total(const double *x, int64_t n) {
  double s = 0;
  for (int64_t k = 0; k < n; k++) s += x[k];
  return s;
}
void scale(double *x, int64_t n, double by) {
  for (int64_t k = 0; k < n; k++) x[k] *= by;
}
void fill(void *x, int64_t n, double value) {
  for (int64_t k = 0; k < n; k++) ((double *)x)[k] = value;
}
int is_null(const void *x) { return x == 0; }
double each(double (*f)(double), double x) { return f(x); }
long double wide(double x) { return x; }
"""

INTS = {
    name: getattr(ctypes, f"c_{name}") for name in ("int8", "uint8", "int16", "uint16", "int32")
}
INTS |= {name: getattr(ctypes, f"c_{name}") for name in ("uint32", "int64")}
DOUBLE, LONG = ctypes.c_double, ctypes.c_int64
TYPES: dict[str, tuple[list[Any], Any]] = {
    "minus8": ([INTS["int8"]], INTS["int8"]),
    "plus8": ([INTS["uint8"]] * 2, INTS["uint8"]),
    "minus16": ([INTS["int16"]], INTS["int16"]),
    "plus16": ([INTS["uint16"]], INTS["uint16"]),
    "minus32": ([INTS["int32"]], INTS["int32"]),
    "plus32": ([INTS["uint32"]], INTS["uint32"]),
    "minus64": ([LONG], LONG),
    "halff": ([ctypes.c_float], ctypes.c_float),
    "half": ([DOUBLE], DOUBLE),
    "odd": ([ctypes.c_int], ctypes.c_bool),
    "both": ([ctypes.c_bool] * 2, ctypes.c_bool),
    "many": (
        [ctypes.c_int, DOUBLE, LONG, ctypes.c_float, INTS["int8"], DOUBLE, INTS["uint16"], DOUBLE, ctypes.c_int]
        + [ctypes.c_int] * 2,
        DOUBLE,
    ),
    "count": ([], None),
    "counted": ([], ctypes.c_int),
    "total": ([ctypes.POINTER(DOUBLE), LONG], DOUBLE),
    "scale": ([ctypes.POINTER(DOUBLE), LONG, DOUBLE], None),
    "fill": ([ctypes.c_void_p, LONG, DOUBLE], None),
    "is_null": ([ctypes.c_void_p], ctypes.c_int),
    "each": ([ctypes.CFUNCTYPE(DOUBLE, DOUBLE), DOUBLE], DOUBLE),
    "wide": ([DOUBLE], ctypes.c_longdouble),
}  # fmt: skip

lib: Any = None
half: Any = None


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    global lib, half
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler of C")
    folder = tmp_path_factory.mktemp("external")
    (folder / "lib.c").write_text(SOURCE)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(folder / "libexternal.so")]
    subprocess.run([*command, str(folder / "lib.c")], check=True)
    lib = ctypes.CDLL(str(folder / "libexternal.so"))
    for name, (taken, given) in TYPES.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = taken, given
    half = lib.half


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("minus8", (0, 5, -128, 127)),
        ("minus16", (7, -(2**15))),
        ("plus16", (2**16 - 1,)),
        ("minus32", (7, -(2**31))),
        ("plus32", (2**32 - 1, 3)),
        ("minus64", (7, 2**62)),
        ("odd", (0, 1, -3)),
    ],
)
def test_integers(name: str, values: tuple[int, ...]) -> None:
    function = getattr(lib, name)
    made = quelea.jit(lambda x: function(x))
    for value in values:
        assert made(value) == function(value) and type(made(value)) is type(function(value))
        assert made(numpy.int64(value)) == function(value)


def test_numbers() -> None:
    @quelea.jit
    def f(x):
        return half(x), lib.halff(x), lib.plus8(200, 100), lib.both(x, True), half(3)

    assert f(0.7) == f.__wrapped__(0.7)
    assert f(numpy.float32(0.7)) == f.__wrapped__(numpy.float32(0.7))
    assert [type(v) for v in f(0.7)] == [float, float, int, bool, float]

    @quelea.jit
    def g(x):
        return lib.many(1, x, 3, 4.5, -5, 6, 7, 8, 9, 10, 11)

    assert g(2.25) == g.__wrapped__(2.25)


def test_calls_are_counted_and_ordered() -> None:
    @quelea.jit
    def f(n):
        before = lib.counted()
        for _ in range(n):
            lib.count()
        lib.odd(n)
        return lib.counted() - before

    assert f(0) == 0 and f(1000) == 1000 and f(3) == 3


def test_addresses_of_arrays() -> None:
    pointer = ctypes.POINTER(ctypes.c_double)

    @quelea.jit
    def f(x):
        lib.scale(x.ctypes.data_as(pointer), len(x), 2.0)
        before = x[0]
        lib.scale(x.ctypes.data_as(pointer), len(x), 2.0)
        y = numpy.empty(4)
        lib.fill(y.ctypes.data, 4, 1.5)
        return (
            before,
            x[0],
            lib.total(x[1:].ctypes.data_as(pointer), len(x) - 1),
            y,
            lib.is_null(None),
        )

    x, z = numpy.arange(1.0, 6.0), numpy.arange(1.0, 6.0)
    got, want = f(x), f.__wrapped__(z)
    numpy.testing.assert_array_equal(x, z)
    assert got[:3] == want[:3] and got[4] == want[4] == 1
    numpy.testing.assert_array_equal(got[3], want[3])

    @quelea.jit
    def g(x):
        return lib.total((x + 1).ctypes, len(x))  # Numba has it so

    assert g(numpy.arange(3.0)) == 6.0


def test_arrays_themselves() -> None:
    array = numpy.ctypeslib.ndpointer(numpy.float64, ndim=1, flags="C_CONTIGUOUS")
    total = ctypes.CDLL(lib._name).total
    total.argtypes, total.restype = [array, LONG], DOUBLE
    made = quelea.jit(lambda x: total(x, len(x)))
    assert made(numpy.arange(4.0)) == 6.0
    with pytest.raises(JitError, match="takes an array of float64 of 1 dimensions in C order") as e:
        made(numpy.arange(8.0)[::2])
    assert e.value.codes == ("QJ388",)
    with pytest.raises(JitError, match="QJ388"):
        made(numpy.arange(4))


def address_of(function: Any) -> int:
    value = ctypes.cast(function, ctypes.c_void_p).value
    assert value is not None
    return value


def test_by_an_address() -> None:
    scale = quelea.jit.external(
        "void scale(double x[n], int64_t n, double by)", address_of(lib.scale)
    )
    total = quelea.jit.external("double total(const double x[n], int64_t n)", address_of(lib.total))

    @quelea.jit
    def f(x, n):
        scale(x, n, 0.5)
        return total(x, n)

    x = numpy.arange(5.0)
    assert f(x, 5) == 5.0 == total(x, 5)
    with pytest.raises(ValueError, match=r"scale\(\) is given an array of other extents"):
        f(x, 4)
    with pytest.raises(ValueError, match="other extents"):
        total(x, 4)
    with pytest.raises(TypeError, match="takes a NumPy array of float64"):
        total(x.astype("f4"), 5)
    x.flags.writeable = False
    with pytest.raises(JitError, match="QJ365"):
        f(x, 5)
    assert quelea.jit(lambda x: total(x, 5))(x) == 5.0


def test_what_is_compiled_for_c_is_called_again() -> None:
    square = quelea.jit(lambda x: x * x)
    address = square.address("double square(double x)")
    pointer = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)
    made = quelea.jit(lambda x: pointer(x) + 1)
    assert made(3.0) == 10.0


def test_a_function_of_c_as_an_argument() -> None:
    @quelea.jit
    def twice(f, x):
        return f(f(x))

    assert twice(lib.half, 8.0) == 2.0
    assert twice(lib.minus64, 8) == 8


def test_a_name_that_gets_another_function() -> None:
    global half
    made = quelea.jit(lambda x: half(x))
    assert made(3.0) == 1.5
    before = half
    try:
        half = quelea.jit(lambda x: x * 10)
        assert made(3.0) == 30.0
        half = lib.halff
        assert made(3.0) == 1.5
    finally:
        half = before


def test_a_compiled_function_for_c_calls_c() -> None:
    made = quelea.cfunc("double quarter(double x)")(lambda x: half(half(x)))
    assert made.ctypes(8.0) == 2.0


def test_vectorize_and_stencil() -> None:
    made = quelea.vectorize(lambda x: half(x) + 1)
    x = numpy.arange(1000.0)
    numpy.testing.assert_array_equal(made(x), x / 2 + 1)
    numpy.testing.assert_array_equal(numpy.asarray(made(quelea.array(x))), x / 2 + 1)
    smooth = quelea.stencil(lambda a: half(a[-1] + a[1]))
    want = numpy.zeros_like(x)
    want[1:-1] = (x[:-2] + x[2:]) / 2
    numpy.testing.assert_array_equal(smooth(x), want)
    numpy.testing.assert_array_equal(numpy.asarray(smooth(quelea.array(x))), want)


def test_loops_over_distributed_arrays() -> None:
    @quelea.jit
    def f(x, y):
        for i in range(1, x.shape[0] - 1):
            for j in range(x.shape[1]):
                y[i, j] = lib.many(i, x[i - 1, j], j, x[i + 1, j], 1, 2, 3, 4, 5, 6, 7)

    x = numpy.random.default_rng(1).random((40, 30))
    want, got = numpy.zeros_like(x), quelea.zeros(x.shape)
    f.__wrapped__(x, want)
    f(quelea.array(x), got)
    numpy.testing.assert_array_equal(numpy.asarray(got), want)

    @quelea.jit
    def total(x):
        s = 0.0
        for i in range(len(x)):
            s += half(x[i])
        return s

    x = numpy.arange(5000.0)
    assert float(total(quelea.array(x))) == x.sum() / 2

    @quelea.jit
    def rows(x, y):  # what an iteration has for itself has an address
        for i in range(len(x)):
            t = numpy.empty(3)
            t[0], t[1], t[2] = x[i], 2 * x[i], 1.0
            y[i] = lib.total(t.ctypes, 3)

    got = quelea.zeros(len(x))
    rows(quelea.array(x), got)
    numpy.testing.assert_array_equal(numpy.asarray(got), 3 * x + 1)


def test_addresses_of_distributed_arrays_are_refused() -> None:
    made = quelea.jit(lambda x: lib.total(x.ctypes, len(x)))
    with pytest.raises(JitError, match="elements of an array that is Quelea's") as caught:
        made(quelea.arange(10.0))
    assert caught.value.codes == ("QJ386",)

    @quelea.jit
    def beside(x, y):
        return x[0] + lib.total(y.ctypes, len(y))

    with pytest.raises(JitError, match="QJ386"):
        beside(quelea.arange(10.0), numpy.arange(3.0))


REFUSED = [
    (lambda: ctypes.CDLL(lib._name).half, "argtypes are not set", "set argtypes"),
    (lambda: lib.each, "it takes a function", "call it outside"),
    (lambda: lib.wide, "it gives c_longdouble", "use functions that give a number"),
    (lambda: ctypes.pythonapi.PyLong_AsLong, "Python's interpreter", "call it outside"),
    (lambda: TYPES["each"][0][0](lambda x: x), "Python's, a callback", "call the Python function"),
]


@pytest.mark.parametrize(("make", "what", "advice"), REFUSED)
def test_what_cannot_be_called(make: Any, what: str, advice: str) -> None:
    function = make()
    made = quelea.jit(lambda x: function(x))
    with pytest.raises(JitError, match=what) as caught:
        made(1.0)
    assert caught.value.codes == ("QJ140",) and f"instead: {advice}" in str(caught.value)


def test_what_is_given_wrongly() -> None:
    for body, code in (
        (lambda x: lib.half(x, x), "QJ371"),
        (lambda x: lib.half(1j), "QJ372"),
        (lambda x: lib.minus64(1.5), "QJ372"),
        (lambda x: lib.total(numpy.zeros(3, numpy.int64).ctypes, 3), "QJ387"),
        (lambda x: lib.total(5, 3), "QJ372"),
        (lambda x: lib.half(x=x), "QJ370"),
        (lambda x: lib.nothing(x), "QJ135"),
        (lambda x: lib._name, "QJ141"),
    ):
        with pytest.raises(JitError) as caught:
            quelea.jit(body)(1.0)
        assert caught.value.codes == (code,), (code, str(caught.value))


def test_kernels_know_no_address() -> None:
    made = quelea.jit(lambda x: half(x) + 3)
    made(1.0)
    for stage in ("program", "ir", "llvm"):
        assert str(address_of(half)) not in made.inspect(stage)
        assert "quelea_c_half_" in made.inspect(stage)


AGAIN = """
import ctypes, sys
import quelea
lib = ctypes.CDLL(sys.argv[1])
lib.half.argtypes, lib.half.restype = [ctypes.c_double], ctypes.c_double
f = quelea.jit(lambda x: lib.half(x) + 0.125)
assert f(1.0) == 0.625
print(f.stats()[0].cache)
"""


def test_from_the_cache_on_disk(tmp_path: Any) -> None:
    import os

    if os.environ.get("OMPI_COMM_WORLD_SIZE", "1") != "1":
        pytest.skip("each rank would start processes")
    (tmp_path / "again.py").write_text(AGAIN)
    environment = {**os.environ, "QUELEA_CACHE": str(tmp_path / "kernels")}
    found = [
        subprocess.run(
            [sys.executable, str(tmp_path / "again.py"), lib._name],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert found == ["compiled", "on disk"]


# ---- cffi ----


def test_cffi_by_declarations() -> None:
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef("""
        double half(double x); int8_t minus8(int8_t a); _Bool odd(int a); void count(void); int counted(void);
        double total(const double *x, int64_t n); void fill(void *x, int64_t n, double value);
        int printf(const char *format, ...); double each(double (*f)(double), double x);
    """)
    library, process = ffi.dlopen(lib._name), ffi.dlopen(None)

    @quelea.jit
    def f(x, y):
        before = library.counted()
        library.count()
        library.fill(ffi.from_buffer(y), len(y), x)
        s = library.total(ffi.from_buffer("double[]", y), len(y))
        return library.half(x), library.minus8(5), library.odd(3), library.counted() - before, s

    y, z = numpy.zeros(3), numpy.zeros(3)
    assert f(0.75, y) == f.__wrapped__(0.75, z) == (0.375, -5, True, 1, 2.25)
    numpy.testing.assert_array_equal(y, z)
    for body, what in (
        (lambda x: process.printf(x), "any number of arguments"),
        (lambda x: library.each(x, x), "it takes"),
    ):
        with pytest.raises(JitError, match=what) as caught:
            quelea.jit(body)(1.0)
        assert caught.value.codes == ("QJ140",)


@pytest.mark.slow
def test_cffi_by_a_compiled_module(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cffi = pytest.importorskip("cffi")
    pytest.importorskip("setuptools")
    ffi = cffi.FFI()
    ffi.cdef("double third(double x); enum kind { ONE = 1, TWO }; int kind_of(enum kind k);")
    ffi.set_source(
        "_quelea_external",
        "enum kind { ONE = 1, TWO }; double third(double x) { return x / 3; }"
        "int kind_of(enum kind k) { return (int)k; }",
    )
    ffi.compile(tmpdir=str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    library = __import__("_quelea_external").lib
    made = quelea.jit(lambda x: library.third(x) + library.kind_of(library.TWO))
    assert made(6.0) == 4.0


def test_what_is_called_cannot_use_quelea() -> None:
    said, kind = [], ctypes.CFUNCTYPE(DOUBLE, DOUBLE)

    @kind
    def uses(x: float) -> float:
        if not said:
            with pytest.raises(RuntimeError) as caught:
                quelea.ones(3000).sum().item()
            said.append(str(caught.value))
        return x + 1

    by_address = kind(ctypes.cast(uses, ctypes.c_void_p).value)  # type: ignore[arg-type]

    @quelea.jit
    def calls(a: Any) -> None:
        for i in range(a.shape[0]):
            a[i] = by_address(a[i])

    a = quelea.ones(3000)
    calls(a)
    assert float(a.sum()) == 6000
    assert len(said) <= 1, "each rank looks at its own"
    assert all("while it executes" in text for text in said)
    assert float((a + 1).sum()) == 9000, "nothing is broken"


def test_libraries_of_one_name_in_any_order(tmp_path: Path) -> None:
    """Ranks that meet functions of the same names in another order mean the same ones."""
    functions = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "same.c").write_text(f"double more(double x) {{ return x + {number}; }}\n")
        command = [
            shutil.which("gcc") or "cc",
            "-shared",
            "-fPIC",
            "-o",
            str(folder / "libsame.so"),
        ]
        subprocess.run([*command, str(folder / "same.c")], check=True)
        more = ctypes.CDLL(str(folder / "libsame.so")).more
        more.argtypes, more.restype = [DOUBLE], DOUBLE
        functions.append(more)
    compiled = [quelea.jit(lambda x, f=f: f(x)) for f in functions]
    order = (0, 1) if quelea.rank % 2 == 0 else (1, 0)
    assert [compiled[k](1.0) for k in order] == [2.0 + k for k in order]

    first, second = functions

    @quelea.jit
    def both(x, y):
        for i in range(len(x)):
            y[i] = first(x[i]) - second(x[i])

    y = quelea.zeros(3000)
    both(quelea.zeros(3000), y)
    assert float(y.sum()) == -3000


def test_arguments_are_what_they_are_now() -> None:
    apply = quelea.jit(lambda f, x: f(x))
    absolute = ctypes.CDLL(None).llabs
    absolute.argtypes, absolute.restype = [LONG], LONG
    assert apply(absolute, -3) == 3
    absolute.restype = ctypes.c_bool
    assert apply(absolute, -3) is True
    absolute.errcheck = lambda result, function, arguments: result
    with pytest.raises(JitError, match="errcheck"):
        apply(absolute, -3)
