"""quelea.stencil in time loops: swept as slices are, with halos as messages."""

import numpy
import pytest
from jobs import fine, sampled
from stencil_support import starts_jobs, weighted
from support import happened

import quelea

SWEPT = """
    def slices(a): return 0.25 * (a[0, 1] + a[1, 0] + a[0, -1] + a[-1, 0])
    n, steps = 700, 66
    def run(stencil, given):
        u, v = np.zeros((n, n)), np.zeros((n, n))
        u[0] = v[0] = 1
        np.sync()
        before = np.counters()
        for step in range(steps):
            if given: u, v = stencil(u, out=v), u
            else: u = stencil(u)
        np.sync()
        after = np.counters()
        return u, {k: after[k] - before[k] for k in ("swept_kernels", "sweeps", "flushes")}
    for mode in "constant", "nearest", "mirror", "grid-constant":
        for given in True, False:
            u, made = run(np.stencil(slices, mode=mode), given)
            assert made["swept_kernels"] >= 60 and made["sweeps"] <= 16 and made["flushes"] <= 16, (mode, made)
            blocked = [row for row in np.why_not_blocked() if "value is looked at" not in row["why"]]
            assert not blocked, (mode, blocked)
            x = numpy.zeros((n, n)); x[0] = 1
            y = x.copy()
            pads = {"nearest": "edge", "mirror": "reflect", "grid-constant": "constant"}
            for step in range(steps):
                w = numpy.pad(x, 1, pads.get(mode, "constant"))
                z = 0.25 * (w[1:-1, 2:] + w[2:, 1:-1] + w[1:-1, :-2] + w[:-2, 1:-1])
                if mode == "constant":
                    inside, z = z[1:-1, 1:-1], (y.copy() if given else numpy.zeros((n, n)))
                    z[1:-1, 1:-1] = inside
                x, y = z, x
            assert (numpy.asarray(u) == x).all(), mode
    @np.jit
    def loop(u, steps):
        a, b = u.copy(), u.copy()
        for _ in range(steps):
            for i in range(1, a.shape[0] - 1):
                for j in range(1, a.shape[1] - 1):
                    b[i, j] = 0.25 * (a[i, j + 1] + a[i + 1, j] + a[i, j - 1] + a[i - 1, j])
            a, b = b, a
        return a
    x = numpy.random.default_rng(1).random((n, n))
    u = np.asarray(x)
    np.sync()
    before = np.counters()
    made = loop(u, steps)
    np.sync()
    after = np.counters()
    assert after["swept_kernels"] - before["swept_kernels"] >= 60, (before, after)
    assert (numpy.asarray(made) == loop(x, steps)).all()
    print("swept")
"""


@pytest.fixture
def script(tmp_path):
    """A program of a file, where functions have their source."""

    def run(text, ranks=0, **extra):
        import textwrap

        file = tmp_path / "program.py"
        file.write_text("import numpy\nimport quelea as np\n" + textwrap.dedent(text))
        return fine(f"import runpy\nrunpy.run_path({str(file)!r})", ranks, **extra)

    return run


@starts_jobs
@pytest.mark.parametrize("ranks, threads", [(0, "1"), (0, "2"), (2, "1")])
def test_time_loops_are_swept(script, ranks, threads):
    small = {"QUELEA_FRONT_BYTES": "100k", "QUELEA_NEAR_BYTES": "100k", "QUELEA_REPLICATE": "1024"}
    assert "swept" in script(SWEPT, ranks, QUELEA_THREADS=threads, **small)


HALOS = """
    a = numpy.random.default_rng(1).normal(0, 1, (64, 64))
    def plain(a): return a[-2, 0] + a[0, 1] * a[1, -1]
    def loops(a): return max(a[-2, 0], a[0, 1], a[1, -1])
    def varies(a):
        t = a[0, 0]
        for k in range(-2, 2): t = t + a[k, 0] * a[0, k]
        return t
    x = np.asarray(a)
    for kernel in plain, loops, varies:
        for mode in "constant", "nearest", "reflect", "mirror", "wrap", "grid-constant":
            reach = ((-2, 1), (-2, 1)) if kernel is varies else None
            stencil = np.stencil(kernel, mode=mode, neighborhood=reach)
            want = stencil(a)
            for _ in range(2):
                x += 0
                np.sync()
                before = np.counters()
                y = stencil(x)
                np.sync()
            after = np.counters()
            moved = {k: after[k] - before[k] for k in before}
            rows = (moved["halo_bytes"] + moved["redistributed_bytes"]) / (64 * 8)
            assert 0 < rows <= (20 if mode == "wrap" else 8), (kernel, mode, moved)
            assert moved["gathers"] == 0 and (mode == "wrap" or moved["redistributions"] == 0), (mode, moved)
            assert (numpy.asarray(y) == want).all(), (kernel, mode)
    print("halos")
"""


@starts_jobs
@pytest.mark.parametrize("ranks", sampled([2, 3, 4], [3]))
def test_messages_are_halos(script, ranks):
    assert "halos" in script(HALOS, ranks, QUELEA_NODE_SIZE="1")


@starts_jobs
def test_without_compiling(script):
    text = """
        from quelea import stencil
        a = numpy.arange(20.0).reshape(4, 5)
        def f(a, w): return max(a[-1, 0], a[0, 1]) * w[1]
        for mode in "constant", "nearest", "grid-constant":
            got = stencil(f, mode=mode, standard_indexing=["w"])(a, numpy.array([1, 2.0]))
            print(got.sum())
            ours = stencil(f, mode=mode, standard_indexing=["w"])(np.asarray(a), numpy.array([1, 2.0]))
            assert (numpy.asarray(ours) == got).all() and type(ours) is np.ndarray
    """
    assert script(text, QUELEA_JIT="off") == script(text)


def test_nothing_is_made_again():
    """A second call makes no plan and compiles nothing."""
    stencil = quelea.stencil(weighted, mode="nearest")
    a, b = (quelea.asarray(numpy.ones((40, 40)) * k) for k in (1, 2))
    for _ in range(3):
        c = stencil(a, b)
        quelea.sync()
    made = happened(lambda: stencil(a, b))
    assert made["kernels_compiled"] == 0
    assert float(c[0, 0]) == 2.0
