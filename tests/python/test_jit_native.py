"""Compiled functions that C calls: through ctypes, as callbacks of C's library, from a C program that links them."""

import ctypes
import ctypes.util
import math
import shutil
import subprocess
from typing import Any

import numpy
import pytest

import quelea
from quelea.compiling.prototypes import Prototype
from quelea.errors import JitError

random = numpy.random.default_rng(3)


def pointer(array: Any) -> Any:
    return numpy.ctypeslib.as_ctypes(array.reshape(-1))


@quelea.jit
def fibonacci_of(n):
    return n if n < 2 else fibonacci_of(n - 1) + fibonacci_of(n - 2)


@quelea.jit
def odd_of(n):
    return n != 0 and (n == 1 or odd_of(n - 2))


@quelea.cfunc("double (int n, const double x[n], void *data)")
def norm(n, x):
    """Of a vector."""
    s = 0.0
    for k in range(n):
        s += x[k] * x[k]
    return s**0.5


@quelea.cfunc("void outer(long m, uint8_t n, const float x[m], const float y[n], float a[m][n])")
def outer_of(m, n, x, y, a):
    for i in range(m):
        for j in range(n):
            a[i, j] = x[i] * y[j]


@quelea.cfunc("int (const double a[1], const double b[1])")
def compare(a, b):
    return -1 if a[0] < b[0] else int(a[0] > b[0])


@quelea.cfunc("int64_t fibonacci(int64_t n)")
def fibonacci(n):
    if n < 0:
        raise ValueError("less than 0 */")
    return n if n < 2 else fibonacci_of(n - 1) + fibonacci_of(n - 2)


@quelea.cfunc("double (int n, const double x[n])")
def median(n, x):
    room = numpy.empty(n)
    room[:] = x
    room.sort()
    return room[n // 2] if n % 2 else (room[n // 2 - 1] + room[n // 2]) / 2


@quelea.cfunc("bool even(int64_t n)")
def even(n):
    return n == 0 or odd_of(n - 1)


@quelea.cfunc("float64(float64, int32)")
def wave(x, k):
    return numpy.sin(k * x) / numpy.log(x + 2)


def test_numbers_and_arrays_are_taken_from_c() -> None:
    x = random.random(7)
    assert norm.ctypes(7, pointer(x), None) == norm(7, x) == norm.__wrapped__(7, x)
    assert norm.ctypes(0, pointer(x), None) == 0.0
    a, b = random.random(5).astype("f4"), random.random(3).astype("f4")
    c = numpy.zeros((5, 3), "f4")
    outer_of.ctypes(5, 3, pointer(a), pointer(b), pointer(c))
    numpy.testing.assert_array_equal(c, numpy.outer(a, b))
    assert median.ctypes(7, pointer(x)) == numpy.median(x)
    assert wave.ctypes(0.5, -3) == wave(0.5, numpy.int32(-3))
    assert [even.ctypes(k) for k in range(4)] == [True, False, True, False]
    assert fibonacci.ctypes(20) == 6765


TYPES = [
    ("int8_t", "i1"), ("uint8_t", "u1"), ("short", "i2"), ("uint16_t", "u2"), ("int", "i4"), ("unsigned", "u4"),
    ("long long", "i8"), ("size_t", "u8"), ("float", "f4"), ("double", "f8"), ("bool", "?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dtype"), TYPES)
def test_all_types(name: str, dtype: str) -> None:
    made = quelea.cfunc(f"{name} last({name} a, int n, {name} x[n][2])")(
        lambda a, n, x: set_and_get(a, x)
    )
    for value in (0, 1, 100):
        x = numpy.zeros((3, 2), dtype)
        x[2, 1] = 7
        got = made.ctypes(value, 3, pointer(x))
        assert got == numpy.array(7).astype(dtype) and x[0, 0] == numpy.array(value).astype(dtype)
    if dtype[0] == "i":
        assert made.ctypes(-5, 3, pointer(x)) == 7 and x[0, 0] == -5
        x[2, 1] = -7
        assert made.ctypes(-5, 3, pointer(x)) == -7


@quelea.jit
def set_and_get(a, x):
    x[0, 0] = a
    return x[2, 1]


def test_callbacks_of_the_c_library() -> None:
    library, x = ctypes.CDLL(None), random.random(50)
    want = numpy.sort(x)
    size = ctypes.c_size_t
    library.qsort(x.ctypes.data_as(ctypes.c_void_p), size(50), size(8), compare.ctypes)
    numpy.testing.assert_array_equal(x, want)
    assert ctypes.cast(compare.ctypes, ctypes.c_void_p).value == compare.address


def test_what_is_raised_is_kept() -> None:
    assert fibonacci.ctypes(-1) == 0 and fibonacci.status == 1
    with pytest.raises(ValueError, match="less than 0") as caught:
        fibonacci.check()
    assert "test_jit_native.py" in caught.value.__notes__[0]
    assert fibonacci.status == 0
    fibonacci.check()
    bad = quelea.cfunc("double bad(int64_t n)")(lambda n: 1.0 if 1 // n else 2.0)
    assert bad.ctypes(1) == 1.0 and bad.status == 0
    assert math.isnan(bad.ctypes(0)) and bad.status > 0
    with pytest.raises(ZeroDivisionError):
        bad.check()


def test_an_address_and_a_header_of_any_compiled_function() -> None:
    made = quelea.jit(lambda n, x: n + x)
    prototype = "double (int n, double x)"
    with pytest.raises(ValueError, match="a lambda has no name in C"):
        made.address(prototype)
    prototype = "double plus(int n, double x)"
    assert made.address(prototype) == made.address(prototype)
    call = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_double)(made.address(prototype))
    assert call(2, 0.5) == 2.5
    text = made.c_header(prototype)
    assert "double plus(int n, double x);" in text and "extern int64_t plus_status;" in text
    assert "1: ValueError: less than 0 * /, line" in fibonacci.c_header()


PROGRAM = r"""
#include "made.h"
#include <stdio.h>
int main(void) {
  double x[5] = {3, 4, 0, 12, 84};
  float a[2] = {1, 2}, b[3] = {3, 4, 5}, c[6];
  outer(2, 3, a, b, c);
  printf("%g %g %g %g\n", norm(5, x, 0), median(5, x), median(4, x), c[5]);
  printf("%d %d %d\n", compare(x, x + 1), even(6), even(7));
  printf("%lld %lld", (long long)fibonacci(20), (long long)fibonacci_status);
  long long none = fibonacci(-1);
  printf(" %lld %lld\n", none, (long long)fibonacci_status);
  printf("%.17g\n", wave(0.5, -3));
  return 0;
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_c_program_links_an_object_file(tmp_path: Any) -> None:
    quelea.jit.export(tmp_path / "made", [norm, outer_of, compare, fibonacci, median, even, wave])
    (tmp_path / "program.c").write_text(PROGRAM)
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    link = ["made.o", "-lsleef", "-lm", "-o", "program"]
    assert "-lsleef" in (tmp_path / "made.h").read_text()
    subprocess.run(["cc", *strict, "program.c", *link], cwd=tmp_path, check=True)
    done = subprocess.run(["./program"], cwd=tmp_path, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert lines[:3] == ["85 4 3.5 10", "-1 1 0", "6765 0 0 1"]
    assert float(lines[3]) == wave(0.5, numpy.int32(-3))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "made.h",
        "made.o",
        "program",
        "program.c",
    ]


@quelea.cfunc("void grow(int n, const double x[n], double y[n], float z[n])")
def grow(n, x, y, z):
    for k in range(n):
        y[k] = numpy.exp(x[k]) + x[k] ** 2.5 + numpy.tan(x[k]) + numpy.hypot(x[k], 2.0)
    for k in range(n):
        z[k] = numpy.exp(z[k]) * numpy.sinh(z[k])


library = ctypes.CDLL(ctypes.util.find_library("m"))
library.ldexp.argtypes, library.ldexp.restype = [ctypes.c_double, ctypes.c_int], ctypes.c_double


@quelea.cfunc("double scaled(double x)")
def scaled(x):
    return library.ldexp(math.exp(x), 3)


GROWS = r"""
#include "grows.h"
#include <stdio.h>
int main(void) {
  double x[21], y[21];
  float z[21];
  for (int k = 0; k < 21; k++) x[k] = k / 16.0, z[k] = (float)x[k];
  grow(21, x, y, z);
  for (int k = 0; k < 21; k++) printf("%.17g %.9g\n", y[k], z[k]);
  printf("%.17g\n", scaled(0.75));
  return 0;
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_c_program_links_our_functions(tmp_path: Any) -> None:
    """What SLEEF does not have is in a library beside the package: exp, pow, tan, hypot, sinh; of vectors too."""
    quelea.jit.export(tmp_path / "grows", [grow, scaled])
    (tmp_path / "program.c").write_text(GROWS)
    header = (tmp_path / "grows.h").read_text()
    command = header.splitlines()[0].partition("Link with: ")[2].split()
    assert "-lquelea_math" in command and command[:3] == ["cc", "program.c", "grows.o"]
    subprocess.run([*command, "-o", "program"], cwd=tmp_path, check=True)
    done = subprocess.run(["./program"], cwd=tmp_path, check=True, capture_output=True, text=True)
    *lines, last = done.stdout.splitlines()
    x = numpy.arange(21) / 16
    y, z = numpy.zeros(21), x.astype("f4")
    grow(21, x, y, z)
    got = numpy.array([line.split() for line in lines], float)
    numpy.testing.assert_array_equal(got[:, 0], y)
    numpy.testing.assert_array_equal(got[:, 1].astype("f4"), z)
    assert float(last) == scaled(0.75)


WRONG = [
    ("double", "write one as"), ("double (double x", "write one as"), ("elephant (int x)", "elephant is no type"),
    ("double f(complex z)", "complex is none of"), ("double (double *x)", "write 'double [*]x' with its extents"),
    ("double (double x[])", "neither a number nor an array"), ("double (double x[n])", "n is neither a number nor"),
    ("double (double n, double x[n])", "n is neither a number nor"), ("int (int a, int a)", "two parameters have"),
    ("float64(float64[:])", "has arrays: write a prototype"), ("complex128(float64)", "no function of C"),
    ("(float64)", "no function of C"), ("void *(int n)", "no prototype"),
    ("int unsigned (int n)", "called unsigned in C"),
    ("double f(double int)", "called int in C"), ("double f(double x[010])", "010 is no extent"),
    ("double f(double x[9223372036854775808])", "is no extent"), ("double f(double \u00e9)", "neither a number"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_prototypes_that_are_none(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quelea.cfunc(text)


def test_prototypes_as_they_are_written() -> None:
    for text, want in {
        "unsigned int(long long, const unsigned char b[3][4], void *)": "uint32_t f(long long unnamed0, "
        "const unsigned char *b, void *unnamed2);",
        "double   f ( void ) ;": "double f(void);",
        "void()": "void f(void);",
        "bool(float64, int8)": "bool f(double unnamed0, int8_t unnamed1);",
    }.items():
        assert Prototype(text).declaration("f") == want


def named(name: str, amount: float = 1.0) -> Any:
    """A function of that name in C."""
    if amount == 1.0:
        return quelea.cfunc(f"double {name}(double x)")(lambda x: numpy.floor(x) + 1.0)
    return quelea.cfunc(f"double {name}(double x)")(lambda x: numpy.floor(x) + 2.0)


@pytest.mark.parametrize(
    "names",
    [
        ["f", "f_status"],
        ["floor"],
        ["free"],
        ["malloc"],
        ["index"],
        ["y1"],
        ["errno"],
        ["quelea_host_look"],
        ["main"],
        ["f", "f"],
    ],
)
def test_names_that_programs_have(names: list[str], tmp_path: Any) -> None:
    for name in names:
        assert named(name).ctypes(2.5) == 3.0
    with pytest.raises(ValueError, match=r"two functions have one name|write another name"):
        quelea.jit.export(tmp_path / "made", [named(name) for name in names])
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_names_that_look_like_ours(tmp_path: Any) -> None:
    """``f_kernel`` was called in the place of what ``f`` is around; a guard began with a digit; types had no header."""

    @quelea.cfunc("_Bool all_of(size_t n, npy_intp m, ssize_t k, const _Bool x[n])")
    def all_of(n: Any, m: Any, k: Any, x: Any) -> Any:
        for i in range(n):
            if not x[i]:
                return False
        return m + k > 0

    quelea.jit.export(tmp_path / "3-d.x", [named("f"), named("f_kernel", 2.0), all_of])
    program = """#include "3-d.x.h"
#include <stdio.h>
int main(void) { bool x[2] = {true, true}; printf("%g %g %d", f(0.5), f_kernel(0.5), all_of(2, 1, 1, x)); return 0; }
"""
    (tmp_path / "program.c").write_text(program)
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    link = ["program.c", "3-d.x.o", "-lm", "-o", "program"]
    subprocess.run(["cc", *strict, *link], cwd=tmp_path, check=True)
    done = subprocess.run(["./program"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "1 2 1"


captured = 2.5


def test_what_cannot_be_given_to_c() -> None:
    for function, prototype, error, said in (
        (lambda x: x * captured, "double f(double x)", ValueError, "takes captured from outside"),
        (
            lambda x: x,
            "int f(double x)",
            TypeError,
            "gives f64, and 'int f[(]double x[)]' says int32_t",
        ),
        (lambda x: None, "int f(double x)", TypeError, "gives nothing"),
        (lambda x: 1, "void f(double x)", TypeError, "gives int, and"),
        (lambda x: x[:1], "double f(double x[3])", TypeError, "convert what it returns, or store"),
        (lambda x, y: x, "double f(double x)", JitError, "takes 2 arguments"),
        (lambda x: {1: x}, "double f(double x)", JitError, "dicts"),
    ):
        with pytest.raises(error, match=said):
            quelea.cfunc(prototype)(function)

    def stores(x: Any) -> Any:
        x[0] = 1.0

    with pytest.raises(JitError):
        quelea.cfunc("void (const double x[2])")(stores)

    def shows(x: Any) -> Any:
        print(x)
        return x

    with pytest.raises(ValueError, match="prints"):
        quelea.cfunc("double (double x)")(shows)
    with pytest.raises(TypeError, match="takes a prototype in C"):
        quelea.cfunc(shows)


def test_what_cannot_be_exported(tmp_path: Any) -> None:
    @quelea.cfunc("double (double x)")
    def grows(x: Any) -> Any:
        return math.gamma(x)

    @quelea.cfunc("double (int n, double x[n])")
    def multiplies(n: Any, x: Any) -> Any:
        return (x * 1j).prod().imag

    assert grows.ctypes(5.0) == pytest.approx(24.0)
    assert multiplies.ctypes(3, pointer(numpy.array([1.0, 2.0, 3.0]))) == -6.0
    with pytest.raises(ValueError, match="only in Quelea: gamma"):
        quelea.jit.export(tmp_path / "made", [grows])
    with pytest.raises(ValueError, match="products of arrays of complex numbers"):
        quelea.jit.export(tmp_path / "made", [multiplies])
    with pytest.raises(ValueError, match="two functions have one name"):
        quelea.jit.export(tmp_path / "made", [norm, norm])
    with pytest.raises(ValueError, match="there are no functions"):
        quelea.jit.export(tmp_path / "made", [])
    with pytest.raises(TypeError, match="takes what quelea"):
        quelea.jit.export(tmp_path / "made", [fibonacci_of])
    assert not list(tmp_path.iterdir())
