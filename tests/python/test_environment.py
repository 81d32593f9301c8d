"""The floating-point environment of the program around us: it changes none of our bits, and is the program's again."""

import os
import shutil
import subprocess

import pytest
from jobs import LAUNCHED, run

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)

# Compilers link the start-up code that -ffast-math stands for into shared objects or not, by their version.
LIBRARY = """
#ifdef __SSE__
#include <xmmintrin.h>
__attribute__((constructor)) static void start(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
#endif
int loaded = 1;
"""

# Subnormal numbers made, read, compared, converted, reduced, folded, and as scalars of either side. Python's own
# arithmetic is spoiled too, so its numbers are literals, which were read before.
PROGRAM = """
import ctypes, hashlib, os, numpy, quelea as np
library = os.environ["QUELEA_TEST_LIBRARY"]
def is_spoiled(): return bool((numpy.full(9, 5e-324) * numpy.full(9, 4.0) == 0).all())
def load():
    if library: ctypes.CDLL(library)
    assert is_spoiled() == bool(library)
def show(name, value):
    digest = hashlib.sha256(numpy.array(value, copy=True).tobytes()).hexdigest()[:16]
    print(kind, name, numpy.array(value, copy=True).dtype, digest)
WHEN_LOADED
least = {"float64": 1e-310, "complex128": 1e-310, "float32": 1e-40, "complex64": 1e-40, "float16": 6e-8}
for kind, small in least.items():
    x = np.arange(40000).astype(kind) * small
    y = x * 4 + small
    y[1:] += y[:-1]
    for name, value in ("x", x), ("y", y), ("third", x / 3), ("nonzero", x != 0), ("sum", y.sum()):
        show(name, value)
    show("columns", y.reshape(200, 200).sum(0))
    show("full", np.full(5, small, kind))
    show("wider", x.astype("complex128"))
    show("rows", np.array([1, -1, 3], kind) * np.full(3, small, kind))
    show("list", np.array([small, -small], kind))
    show("cast", numpy.asarray(x, "float32" if kind[0] == "f" else "complex64"))
    show("scalars", np.ones(7, kind) * small * 2.0 * 0.5)
    if kind[0] == "f":
        show("greater", x > y); show("maximum", np.maximum(x, -y)); show("sqrt", np.sqrt(x))
        show("max", y.max()); show("where", np.where(x, 1, 2)); show("hypot", np.hypot(x, y))
        show("floor", np.floor(-x)); show("bool", x.astype(bool)); show("half", x.astype("float16"))
print(is_spoiled())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("library")
    (folder / "fast.c").write_text(LIBRARY)
    made = folder / "libfast.so"
    subprocess.run(
        [compiler, "-O2", "-ffast-math", "-shared", "-fPIC", "-o", made, folder / "fast.c"],
        check=True,
    )
    return os.fspath(made)


@pytest.mark.parametrize(
    ("threads", "flush", "when"),
    [("1", "1", "load()"), ("3", "64", "load()"), ("3", "64", "float(np.ones(9).sum()); load()")],
)
def test_a_library_of_fast_mathematics_changes_no_bit(library, threads, flush, when):
    program = PROGRAM.replace("WHEN_LOADED", when)
    settings = {"QUELEA_THREADS": threads, "QUELEA_FLUSH": flush, "QUELEA_REPLICATE": "-1"}
    plain = run(program, QUELEA_TEST_LIBRARY="", QUELEA_CACHE="off", **settings)
    spoiled = run(program, QUELEA_TEST_LIBRARY=library, QUELEA_CACHE="off", **settings)
    assert plain[0] == 0, plain[2]
    assert spoiled[0] == 0, spoiled[2]
    *before, own = plain[1].splitlines()
    *after, still = spoiled[1].splitlines()
    assert before == after
    assert (own, still) == ("False", "True")  # the program's environment is its own again


def test_signals_are_for_the_threads_of_the_program():
    code = """
    import os, signal, quelea as np
    def tasks(): return set(os.listdir("/proc/self/task"))
    def blocked(task):
        with open(f"/proc/self/task/{task}/status") as file:
            word = next(int(line.split()[1], 16) for line in file if line.startswith("SigBlk"))
        return {number for number in signal.valid_signals() if word >> (number - 1) & 1}
    before = tasks(); own = blocked(os.getpid())
    float(np.ones(90000).sum())
    ours = tasks() - before
    names = "SEGV BUS FPE ILL ABRT TRAP SYS".split()
    faults = {getattr(signal, "SIG" + name) for name in names}
    wanted = signal.valid_signals() - faults - {signal.SIGKILL, signal.SIGSTOP}
    print(len(ours), all(blocked(task) >= wanted and not blocked(task) & faults for task in ours))
    print(blocked(os.getpid()) == own)
    """
    status, out, err = run(code, QUELEA_THREADS="4")
    assert (status, out.split()) == (0, ["3", "True", "True"]), err
