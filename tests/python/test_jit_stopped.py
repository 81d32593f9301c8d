"""Compiled functions that are stopped from outside: by a signal, and where calls fill the stack."""

import linecache
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest
from jobs import LAUNCHED, LIMIT, run

import quelea

one_process = pytest.mark.skipif(LAUNCHED, reason="an interrupt ends a job of several ranks")


class Alarm(Exception):
    pass


def stopped(work, *args, seconds=0.2):
    """What stopped it, and how long after the signal."""

    def handler(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, handler)
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with pytest.raises(Alarm) as caught:
            work(*args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return caught.value, time.monotonic() - began - seconds


def resident_pages():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1])


def function_of(source, name):
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {}
    exec(compile(source, name, "exec"), space)
    return quelea.jit(space["f"])


# ---- what runs for long ----


@quelea.jit
def forever():
    while True:
        pass


@quelea.jit
def one_loop(n):
    s = 0.0
    for i in range(n):
        s = s * 0.5 + i
    return s


@quelea.jit
def in_loops(n, x):
    for i in range(n):
        for j in range(len(x)):
            x[j] = 0.5 * x[j] + i
    return x


@quelea.jit
def five_deep(n):
    s = 0
    for a in range(n):
        for b in range(n):
            for c in range(n):
                for d in range(n):
                    for e in range(n):
                        s ^= a + b + c + d + e
    return s


def turns(n):
    k = 0
    while k < n:
        k = k + 1 if k < 5 else 0
    return k


@quelea.jit
def of_a_callee(n):
    return turns(n) + 1


@quelea.jit
def in_a_branch(n):
    total = 0
    for i in range(n):
        if i % 2 == 0:
            continue
        for j in range(10**6):
            if j > i:
                break
            total += j & i
    return total


@quelea.jit
def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


@quelea.jit
def of_recursion(n):
    s = 0
    for i in range(n):
        s += fibonacci(20 + i % 2) & 1
    return s


LONG = [
    (forever, ()),
    (one_loop, (10**12,)),
    (in_loops, (10**9, numpy.ones(1000))),
    (five_deep, (10**3,)),
    (of_a_callee, (100,)),
    (in_a_branch, (10**9,)),
    (fibonacci, (70,)),
    (of_recursion, (10**9,)),
]


@one_process
@pytest.mark.parametrize("function, args", LONG, ids=[f.__name__ for f, _ in LONG])
def test_a_handler_stops_it(function, args):
    error, late = stopped(function, *args)
    assert late < 1
    note = "".join(error.__notes__)
    assert "test_jit_stopped.py:" in note and "(compiled)" in note


BODIES = {
    "k += 1\ns += k": 1,  # it counts: the loop around it asks
    "k += 1\nif s > 5:\n    s -= 5": 1,
    "s += 1": 2,
    "k += 2": 2,
    "k = k + 1": 2,
    "k += 1\nk, s = s, k": 2,
    "k += 1\nn += 1": 2,
    "if s < 5:\n    continue\nk += 1": 2,
    "if s < 5:\n    k += 1": 2,
}


@pytest.mark.parametrize("body", BODIES)
def test_inner_loops_that_count_ask_nothing(body):
    source = "def f(n):\n s = 0\n for i in range(n):\n  k = START\n  while k < n:\n"
    source += "".join(f"   {line}\n" for line in body.splitlines()) + " return s\n"
    for start, asks in (("0", BODIES[body]), ("0.0", 2)):
        function = function_of(source.replace("START", start), f"<counts {body!r} {start}>")
        function._compile("(int)")
        assert function.inspect("ir").count("host poll") == asks


@one_process
def test_it_says_where():
    error, _ = stopped(forever)
    line = forever.__wrapped__.__code__.co_firstlineno + 2
    assert error.__notes__ == [f"  {__file__}:{line}, in forever (compiled)\n    while True:"]


@one_process
def test_control_c(tmp_path):
    program = """
import os, quelea
@quelea.jit
def forever(n):
    while True:
        n += 1
    return n
print("begins", flush=True)
try: forever(1)
except KeyboardInterrupt as error: print("stopped", error.__notes__)
print(forever.signatures)
"""
    file = tmp_path / "program.py"
    file.write_text(program)
    with subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "begins\n"
        time.sleep(2)  # until it is compiled
        began = time.monotonic()
        job.send_signal(signal.SIGINT)
        out = job.communicate(timeout=LIMIT)[0]
    assert time.monotonic() - began < 30  # it would never end
    assert job.returncode == 0
    assert out.splitlines()[0].startswith("stopped") and out.splitlines()[1] == "['(int)']"


@one_process
def test_handlers_that_return_change_nothing():
    count = [0]

    def handler(number, frame):
        count[0] += 1
        assert one_loop(100) == one_loop.__wrapped__(100)  # compiled code, in a handler

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        result = fibonacci(38)
        small = in_loops(1000, numpy.ones(20000))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert result == 39088169
    assert (small == in_loops(1000, numpy.ones(20000))).all()
    assert count[0]


@one_process
def test_what_it_has_stored_stays():
    x = numpy.zeros(10, numpy.int64)

    @quelea.jit
    def store(x):
        k = 0
        while True:
            x[k % 10] = k
            k += 1

    stopped(store, x)
    assert sorted(x) == list(range(x.min(), x.min() + 10)) and x.min() > 1000


@one_process
@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""), reason="ASan keeps what is freed for a while"
)
def test_arrays_that_it_has_made_are_given_back():
    @quelea.jit
    def make(n):
        while True:
            y = numpy.ones(n)
            y[0] = 2.0

    stopped(make, 1_000_000)
    before = resident_pages()
    for _ in range(5):
        stopped(make, 1_000_000, seconds=0.05)
    assert resident_pages() - before < 5000


@one_process
def test_in_a_fork_too():
    one_loop(10)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            forever()
        except KeyboardInterrupt:
            os._exit(3)
        os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


@one_process
def test_a_job_of_several_ranks_ends():
    code = f"""
import signal, sys, quelea as np
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_jit_stopped import forever
np.ones(3).sum()
if np.rank == 1:
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 1)
forever()
"""
    began = time.monotonic()
    status, _, err = run(code, 2)
    assert time.monotonic() - began < 30
    assert status != 0 and "KeyboardInterrupt" in err


WINDOWS = {
    "range(i - 1, i + 2)": 3,
    "range(i, i + 16)": 16,
    "range(i + 1 - 1, i - 4, -1)": 4,
    "range(i, i - 3)": 0,
    "range(i - 2, i + 3, 2)": 3,
    "range(i - n, i + 2)": None,
    "range(i, i + 17)": None,
    "range(i - 1, n + 1)": None,
}


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_of_few_turns_are_no_loops(window):
    """The loop around them is one that stands alone: it asks in chunks."""
    source = "def f(n):\n s, turns = 0, 0\n for i in range(n):\n"
    source += (
        f"  for j in {window}:\n   s, turns = (3 * s + j) % 1009, turns + 1\n return s, turns\n"
    )
    function = function_of(source, f"<window {window}>")
    assert function(9) == function.__wrapped__(9)
    turns = WINDOWS[window]
    few = "in order, a small, known number of turns" in function.explain()
    assert few == (turns is not None)
    if turns is not None:
        assert function(9)[1] == 9 * turns


def test_loops_around_windows_become_vectors():
    x = numpy.arange(400.0).reshape(20, 20)
    assert blur(x).tolist() == blur.__wrapped__(x).tolist()
    assert re.search(r"load <\d+ x double>", blur.inspect("llvm"))


@quelea.jit
def blur(x):
    out = numpy.zeros_like(x)
    for i in range(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            s = 0.0
            for ii in range(i - 1, i + 2):
                for jj in range(j - 1, j + 2):
                    s += x[ii, jj]
            out[i, j] = s
    return out


# ---- the same values as without being asked, however many turns ----


@pytest.mark.parametrize("n", [0, 1, 65535, 65536, 65537, 200_000])
def test_chunks(n):
    @quelea.jit
    def tail(x):
        last, count, k = -1.0, 0, 7
        for k in range(len(x)):
            if k % 3 == 1:
                continue
            if k == 150_000:
                break
            last = x[k]
            count += 1
        else:
            count = -count
        return last, count, k

    @quelea.jit
    def maybe(n):
        for i in range(n):
            t = i
        return t if n else -1

    x = numpy.arange(float(n))
    assert tail(x) == tail.__wrapped__(x)
    assert maybe(n) == n - 1


BOUND = 2**63 - 1


@pytest.mark.parametrize("n", [0, 1, 65535, 65536, 65537, 200_000])
def test_while_loops_in_chunks(n):
    @quelea.jit
    def tail(x):
        i, last, count = 0, -1.0, 0
        while i < len(x):
            if i == 150_000:
                break
            last = x[i]
            i += 1
            count += 2
        else:
            count = -count
        return i, last, count

    x = numpy.arange(float(n))
    assert tail(x) == tail.__wrapped__(x)
    assert tail.inspect("ir").count("host poll") == 1


@pytest.mark.parametrize(
    ("start", "stop"),
    [(BOUND - 5, BOUND), (-BOUND - 1, -BOUND + 7), (5, -BOUND), (-70_000, 70_000)],
)
def test_chunks_at_the_ends_of_the_integers(start, stop):
    @quelea.jit
    def count(i, n):
        turns = 0
        while i < n:
            i += 1
            turns += 3
        return i, turns

    assert count(start, stop) == count.__wrapped__(start, stop)


SHRINKS = """
def f(x):
    i = 0
    while i < LENGTH:
        i += 1
        x = x[:-1]
    return i
"""


@pytest.mark.parametrize("length", ["len(x)", "x.size", "x.shape[0]", "len(x) - 1"])
def test_lengths_that_change_are_no_limits(length):
    function = function_of(SHRINKS.replace("LENGTH", length), f"<shrinks {length}>")
    x = numpy.zeros(100)
    assert function(x) == function.__wrapped__(x)


COUNTERS = """
def f(x, y):
    i, s = 0, 0
    while i < len(x):
        BODY
        i += 1
    return s
"""


@pytest.mark.parametrize("body", ["y[i] = 2.0 * x[i]", "s += x[i] < y[i]"])
def test_while_loops_that_count_become_vectors(body):
    function = function_of(COUNTERS.replace("BODY", body), f"<counters {body}>")
    x, y = numpy.arange(1000.0), numpy.full(1000, 300.0)
    assert function(x, y.copy()) == function.__wrapped__(x, y)
    assert re.search(r"load <\d+ x double>", function.inspect("llvm"))


def test_types_that_meet_in_chunks():
    @quelea.jit
    def widen(n):
        s = 0
        for i in range(n):
            s = s + 0.5 * i
        return s

    assert widen(100_000) == widen.__wrapped__(100_000)
    assert widen(0) == 0


# ---- the stack ----


@quelea.jit
def down(n):
    if n == 0:
        return 0
    return (1 + down(n - 1)) % 1000003


@quelea.jit
def this(n):
    return 0 if n == 0 else (2 * that(n - 1) + 1) % 1009


@quelea.jit
def that(n):
    return 1 if n == 0 else (3 * this(n - 1) + n) % 1013


def line_of(function):
    return function.__wrapped__.__code__.co_firstlineno + 1


@pytest.mark.parametrize("function", [down, this], ids=["down", "this"])
def test_deep_recursion(function):
    for _ in range(3):
        with pytest.raises(RecursionError, match="the stack is full") as caught:
            function(10**15)
        assert f"{__file__}:" in caught.value.__notes__[0]
    assert down(20_000) == 20_000


def test_deep_recursion_names_the_function():
    with pytest.raises(RecursionError) as caught:
        down(10**15)
    assert caught.value.__notes__ == [
        f"  {__file__}:{line_of(down)}, in down (compiled)\n    def down(n):"
    ]


def test_nothing_happens_after_it():
    """A function that stores does so no more when a call in it has failed."""
    out = numpy.full(4, -1)

    @quelea.jit
    def store(n):
        if n == 3:
            out[0] = n
        k = store(n + 1) if n >= 0 else 0
        out[1 + n % 3] = k
        return k

    with pytest.raises(RecursionError):
        store(0)
    assert out.tolist() == [3, -1, -1, -1]


def test_errors_of_the_function_itself():
    @quelea.jit
    def divide(n):
        return 0 if n < -5 else 1 // n + divide(n - 1)

    with pytest.raises(ZeroDivisionError):
        divide(100)


def test_on_a_small_stack():
    """Of a thread with a stack of its own."""
    found = []

    def work():
        with pytest.raises(RecursionError):
            down(10**15)
        found.append(down(100))

    before = threading.stack_size(256 * 1024)
    thread = threading.Thread(target=work)
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert found == [100]
