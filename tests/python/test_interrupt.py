"""Ctrl-C while much is computed: it comes through at once, and nothing has a wrong value afterwards."""

import itertools
import re
import textwrap
import time

import numpy
import pytest
from jobs import LAUNCHED, run, sampled

import quelea as np

START = """
import numpy, os, signal, time, quelea as np
class Alarm(Exception): pass
def alarm(number, frame): raise EXCEPTION
def interrupt(work, seconds=0.25):
    signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    began = time.monotonic()
    try: work()
    except (KeyboardInterrupt, Alarm) as error: print(type(error).__name__, time.monotonic() - began - seconds < 4)
    else: print("was not interrupted")
def value(x):
    try: return float(x[-1])
    except RuntimeError as error: return "lost" if "interrupted" in str(error) else str(error)
x = np.arange(6_000_000) * 1e-7; np.sync()
def long(y, steps=80):
    for k in range(steps): y = np.sin(y) + np.cos(y)
    return y
"""

SETTINGS = {"QUELEA_FLUSH": "100000", "QUELEA_FLUSH_BYTES": "1t"}


def outcome(code, threads="2", exception="KeyboardInterrupt", ranks=0, **extra):
    start = START.replace("EXCEPTION", exception)
    program = start + textwrap.dedent(code)
    return run(program, ranks, QUELEA_THREADS=threads, **SETTINGS, **extra)


one_process = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)


@one_process
@pytest.mark.parametrize(
    ("threads", "exception"),
    sampled(
        [(threads, kind) for threads in "123" for kind in ("KeyboardInterrupt", "Alarm")],
        [("1", "KeyboardInterrupt"), ("2", "Alarm"), ("3", "KeyboardInterrupt")],
    ),
)
def test_assignments(threads, exception):
    """What was being stored is lost; what was stored before, or not yet, has its value."""
    code = """
    def work(u, w, old):
        w[:] = 7
        for k in range(200): u[:] = np.sin(u) + np.cos(u)
        old[:] = u
        return u + 1
    few = [x[:200_000] + k for k in range(3)]; np.sync()
    little = work(*few); np.sync()
    u, w, old = x + 0, x + 1, x + 2; np.sync()
    compiled = np.counters()["kernels_compiled"]  # a compilation is not interrupted, and may take long
    new = work(u, w, old)
    interrupt(np.sync)
    assert np.counters()["kernels_compiled"] == compiled
    print(value(u), value(w), value(old) == 2 + 1e-7 * 5_999_999, value(new), value(x + 1) > 1)
    old += 1; print(float(old.sum() - x.sum()) / 18e6)
    u = x + 5; print(value(u) > 5)
    """
    status, out, err = outcome(code, threads, exception)
    assert status == 0, err
    lines = out.splitlines()
    assert lines[0] == f"{exception} True"
    assert lines[1] == "lost 7.0 True lost True"
    assert float(lines[2]) == pytest.approx(1, rel=1e-9)
    assert lines[3:] == ["True"]


@one_process
def test_one_statement():
    works = [
        "long(x, 200)",
        "long(x, 200)[None, :] * 1.0",
        "float(long(x, 200).sum())",
        "np.sync() if float(long(x, 200).reshape(3, -1).sum(axis=1).max()) else 0",
        "float(long(x, 200).reshape(-1, 3).sum(axis=0).max())",
        "float((np.cos(x[:, None]) * np.sin(x[None, :20000])).max())",
    ]
    code = "".join(
        f"""
    def work(): result = {work}; np.sync()
    interrupt(work)
    print(value(x) == 1e-7 * 5_999_999, float(np.ones(40000).sum()))
    """
        for work in works
    )
    status, out, err = outcome(code)
    assert status == 0, err
    lines = out.splitlines()
    for k, work in enumerate(works):
        assert lines[2 * k : 2 * k + 2] == ["KeyboardInterrupt True", "True 40000.0"], work


@one_process
def test_sorts():
    """The main thread's part is sorted at once: it hears of the signal while it waits for the others."""
    code = """
    n = 6_000_000; k = np.arange(n)
    made = np.where(k < n // 3, 0, np.sin(k)) * (1 + 1j); y = made.copy(); np.sync()
    for sort in lambda: np.argsort(y), lambda: y.sort():
        def work():
            for _ in range(20): sort(); y[...] = made; np.sync()
        for k in range(3): interrupt(work, 0.1)
        y[...] = made
    y.sort()
    print(bool((y[1:] >= y[:-1]).all()), abs(complex((y - made).sum())) < 1e-3)
    """
    status, out, err = outcome(code, threads="3")
    assert status == 0, err
    assert out.split() == ["KeyboardInterrupt", "True"] * 6 + ["True", "True"]


@one_process
def test_an_array_that_was_exported_keeps_its_value():
    code = """
    u = x + 3; shown = numpy.asarray(u)
    for k in range(200): u[:] = np.sin(u) + np.cos(u)
    interrupt(np.sync)
    print(value(u) == shown[-1] == 1e-7 * 5_999_999 + 3)
    u += 1; print(round(value(u) - shown[-1], 9))
    """
    status, out, err = outcome(code)
    assert status == 0, err
    assert out.split() == ["KeyboardInterrupt", "True", "True", "1.0"]


@one_process
def test_memory_is_given_back():
    code = """
    np.sync(); before = np.counters()["arena_bytes"]
    for n in range(3):
        y = long(x, 100); z = y * 2; kept = [y + k for k in range(4)]
        interrupt(np.sync, 0.1)
        del y, z, kept
    np.sync()
    print(np.counters()["arena_bytes"] - before)
    """
    status, out, err = outcome(code)
    assert status == 0, err
    assert out.splitlines()[-1] == "0"


@one_process
def test_while_kernels_are_compiled():
    code = """
    def work():
        for n in range(400):
            y = x[: 1000 + n]
            for k in range(n % 20 + 1): y = np.tanh(y) + (np.arctan(y) if n >> k & 1 else np.exp(y))
            kept.append(y + n)
        np.sync()
    kept = []
    interrupt(work, 0.3)  # compiling takes several times as long
    kept.clear()
    print(value(x) == 1e-7 * 5_999_999)
    """
    status, out, err = outcome(code, QUELEA_CACHE="off")
    assert status == 0, err
    assert out.split() == ["KeyboardInterrupt", "True", "True"]


@one_process
@pytest.mark.parametrize("nodes", ["0", "1"])
def test_a_job_of_several_ranks_ends(nodes):
    code = """
    u = x + 1; np.sync()
    def work():
        for k in range(800): u[:] = np.sin(u) + np.cos(u)
        print(float(u[5]))
    if np.rank == 1: interrupt(work)
    else: work()
    """
    began = time.monotonic()
    status, out, err = outcome(code, "1", ranks=3, QUELEA_NODE_SIZE=nodes)
    assert time.monotonic() - began < 15
    assert status != 0
    assert out == ""
    assert err.count("interrupted at") == 1


# ---- slices compute what a whole box computes ----


@pytest.mark.parametrize("shape", [(1_000_003,), (7, 300_001), (300_001, 7), (3, 50, 20_001)])
def test_large_boxes(shape):
    a = (numpy.arange(numpy.prod(shape)) % 1013).astype(float).reshape(shape)
    x = np.array(a)
    assert (numpy.array(x * 3 - 1) == a * 3 - 1).all()
    for axis in (None, *range(len(shape))):
        assert (numpy.array(x.sum(axis)) == a.sum(axis)).all()
        assert (numpy.array((x * x).max(axis)) == (a * a).max(axis)).all()
    y, b = x + 0, a.copy()
    y[1:] += y[:-1]
    b[1:] += b[:-1].copy()
    y[..., ::-1] -= y
    b[..., ::-1] -= b.copy()
    assert (numpy.array(y) == b).all()
    assert (numpy.array(np.roll(x.T, 5)) == numpy.roll(a.T, 5)).all()


# ---- what computes for long says so ----


@one_process
@pytest.mark.parametrize("ranks", [0, 2])
def test_a_long_execution_reports_how_far_it_is(ranks):
    """It is made longer until it takes ten times what may pass without a report."""
    code = """
    for k in range(30):
        began = time.monotonic()
        y = long(x, 2 + 2**k); np.sync()
        if np.rank == 0: os.write(2, b"the next one\\n")
        if np.on_root(lambda: time.monotonic() - began > 1): break
    long(np.ones(1000), 50); np.sync()
    print("done")
    """
    status, out, err = outcome(code, "1", ranks=ranks, QUELEA_WAIT_REPORT="0.1")
    assert (status, out) == (0, "done\n"), err
    line = r"rank 0 has computed for (\S+) s: (\S+) % are done, at <string>:\d+"
    *executions, small = [re.findall(line, part) for part in err.split("the next one")]
    assert executions[-1] and not small
    assert sum(map(len, [*executions, small])) == err.count("has computed")
    for reports in executions:
        seconds, parts = [float(s) for s, _ in reports], [float(p) for _, p in reports]
        assert parts == sorted(parts) and all(0 < part <= 100 for part in parts)
        assert all(1.99 * a < b for a, b in itertools.pairwise(seconds))


@one_process
def test_what_would_take_forever_reports_and_can_be_interrupted():
    code = """
    interrupt(lambda: float(np.zeros((10**6, 10**8)).sum()), 1)
    print(float(x[-1]))
    """
    status, out, err = outcome(code, QUELEA_WAIT_REPORT="0.2")
    assert status == 0, err
    assert out.split() == ["KeyboardInterrupt", "True", str((6_000_000 - 1) * 1e-7)]
    assert re.search(r"rank 0 has computed for 0.2\S* s: 0.\S* % are done, at <string>:\d+", err)


@one_process
def test_joined_list_that_a_handler_clears():
    """A signal's handler may run in the middle of a join: the parts are those of the call."""
    code = """
    def clear(number, frame): parts.clear()
    signal.signal(signal.SIGALRM, clear)
    for k in range(20):
        parts = [np.arange(6000.0) + i for i in range(2000)]
        signal.setitimer(signal.ITIMER_REAL, 0.002 * (k + 1))
        joined = np.concatenate(parts)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert joined.shape == (12_000_000,) and joined[-1] == 7998, joined
    print("joined")
    """
    status, out, err = run(START + textwrap.dedent(code), QUELEA_THREADS="1")
    assert (status, out.split()) == (0, ["joined"]), err
