"""The other ways to the same answers, where `bench jit` compares with something else than Numba."""

import ctypes
import functools
import importlib
import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from ...temporary import TemporaryFolder
from .compiled_doors import of_scipy

__all__ = ["clang", "lacking", "references"]

_FIBONACCI = """
#include <stdint.h>
int64_t fibonacci(int64_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
"""


def clang() -> str | None:
    """Find a clang, of the LLVM that Quelea is built with if it is there."""
    quelea = importlib.import_module("quelea")
    version = str(quelea.info()["target"]).split()[1].split(".")[0]
    return shutil.which(f"clang-{version}") or shutil.which("clang")


def lacking(what: str) -> str | None:
    """Say why a program that needs this cannot be measured, or nothing."""
    if what == "scipy" and importlib.util.find_spec("scipy") is None:
        return "SciPy is missing: pip install scipy"
    if what == "dask" and importlib.util.find_spec("dask") is None:
        return "Dask is missing: pip install 'dask[array]'"
    if what == "numexpr" and importlib.util.find_spec("numexpr") is None:
        return "numexpr is missing: pip install numexpr"
    if what == "clang" and clang() is None:
        return "clang is missing (Debian package clang)"
    if what == "mpirun" and shutil.which("mpirun") is None:
        return "mpirun is missing (Debian package openmpi-bin)"
    return None


@functools.cache
def _c_fibonacci() -> Any:
    with TemporaryFolder("bench") as folder:
        source, library = Path(folder) / "fibonacci.c", Path(folder) / "fibonacci.so"
        source.write_text(_FIBONACCI)
        words = [str(clang()), "-O3", "-march=native", "-shared", "-fPIC", "-o"]
        subprocess.run([*words, str(library), str(source)], check=True)
        function = ctypes.CDLL(str(library)).fibonacci
    function.argtypes, function.restype = [ctypes.c_int64], ctypes.c_int64
    return function


def references(compiled: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Give them by the names of the functions that they are compared with; `compiled` are those."""

    def dilation_separable(image: Any, k: int) -> Any:
        return importlib.import_module("scipy.ndimage").maximum_filter(image, k, mode="nearest")

    def jacobi(u: Any, steps: int) -> Any:
        a, b = u.copy(), u.copy()
        for _ in range(steps):
            b[1:-1, 1:-1] = 0.25 * (a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:])
            a, b = b, a
        return a

    return {
        **of_scipy(),
        "dilation_separable": dilation_separable,
        "count_below": lambda x, limit: numpy.sum(x < limit),
        "sum_below": compiled["count_below"],
        "fibonacci": lambda n: _c_fibonacci()(n),
        "jacobi": jacobi,
        "first_two": lambda x, y: x + y,  # of one element
    }
