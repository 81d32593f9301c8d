"""Other threads of the program run while Quelea computes, compiles or waits for long, and cannot disturb it."""

import os
import textwrap

import pytest
from jobs import LAUNCHED, run

pytestmark = pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own")

TICKING = """
    import threading, time, quelea as np

    class Ticking(threading.Thread):
        '''Notes the time, and does something, every two milliseconds.'''
        def __init__(self, act=lambda: None):
            super().__init__(daemon=True)
            self.act, self.times, self.halt = act, [], threading.Event()
        def run(self):
            while not self.halt.wait(0.002):
                self.act()
                self.times.append(time.monotonic())
        def during(self, work):
            '''Do it; how often has this ticked meanwhile?'''
            self.start()
            while not self.times: time.sleep(0.001)
            begin = time.monotonic(); result = work(); end = time.monotonic()
            self.halt.set(); self.join()
            return result, sum(begin < t < end for t in self.times)

    def roots(x):
        for _ in range(60): x = np.sqrt(x * 1.5 + 1.0)
        return x
"""


@pytest.mark.parametrize("ranks", [0, 2])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_they_run_while_it_computes(ranks, threads):
    code = f"""{TICKING}
    x = np.arange(4_000_000.0); float(x[1])
    want = float(roots(x)[1:3].sum())
    y = roots(x)
    _, ticks = Ticking().during(np.sync)
    print(ticks >= 3, float(y[1:3].sum()) == want)
    """
    status, out, err = run(code, ranks, QUELEA_THREADS=threads)
    assert (status, out) == (0, "True True\n"), err


LONGER = """
    @np.jit
    def turns(x, most):
        out = np.empty(len(x), int)
        for i in range(len(x)):
            k = 0
            while k < most and x[i] < 4.0:
                k += 1
                if (k ^ i) % 3 == 0: k += 1
            out[i] = k
        return out

    x = np.ones(3000)
    first = int(turns(x, 9)[0])
    y = turns(x, 150_000)
    _, ticks = Ticking().during(np.sync)
    print(ticks >= 3, int(y.min()) >= 150_000)
"""


@pytest.mark.parametrize(("ranks", "threads"), [(0, "2"), (2, "1")])
def test_they_run_while_it_computes_what_takes_longer_than_it_seems(tmp_path, ranks, threads):
    """Portions, of one process, and slices, of a node with one worker."""
    program = tmp_path / "longer.py"
    program.write_text(textwrap.dedent(TICKING) + textwrap.dedent(LONGER))
    code = f"import runpy; runpy.run_path({str(program)!r})"
    status, out, err = run(code, ranks, QUELEA_THREADS=threads, QUELEA_NODE_SIZE="1")
    assert (status, out) == (0, "True True\n"), err


ENDLESS = """
    import os, signal

    @np.jit
    def loop(n):
        while n >= 0: n ^= 1
        return n

    @np.jit
    def elements(x):
        k = 0
        while True:
            x[k % 10] = k
            k += 1

    @np.jit
    def tail(n):
        if n < 0: return n
        return tail(n ^ 1)

    @np.jit
    def counting(n):
        return 1 + counting(n ^ 1) if n >= 0 else 0

    @np.jit
    def count(n):
        s = 0
        for i in range(n):
            for j in range(1000): s ^= i * j
        return s

    for work, argument in (loop, 1), (elements, np.ones(10)), (tail, 1), (counting, 1):
        found = []
        def act():
            found.append(count(len(found) * 50))
            if len(found) == 5: os.kill(os.getpid(), signal.SIGINT)
        ticking = Ticking(act)
        try: ticking.during(lambda: work(argument))
        except KeyboardInterrupt: ticking.halt.set()
        ticking.join()
        print(work.__name__, found[:5] == [count(n * 50) for n in range(5)])
"""


def test_they_run_while_compiled_functions_do(tmp_path):
    """One of them computes so too, and ends what would never end; of simple recursion the compiler makes loops."""
    program = tmp_path / "endless.py"
    program.write_text(textwrap.dedent(TICKING) + textwrap.dedent(ENDLESS))
    status, out, err = run(program)
    assert (status, out) == (0, "loop True\nelements True\ntail True\ncounting True\n"), err


def test_they_run_while_it_sorts():
    code = f"""{TICKING}
    x = np.random.default_rng(1).random(8_000_000); float(x[1])
    y, ticks = Ticking().during(lambda: np.sort(x))
    print(ticks >= 3, bool((y[1:] >= y[:-1]).all()))
    """
    status, out, err = run(code)
    assert (status, out) == (0, "True True\n"), err


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_they_run_while_it_waits_for_other_ranks(nodes):
    code = f"""{TICKING}
    x = np.arange(5000.0); float(x[1])
    if np.info()["rank"]: time.sleep(0.5)
    total, ticks = Ticking().during(lambda: (np.sync(), float(x.sum()))[1])
    print(ticks >= 3, total)
    """
    status, out, err = run(code, 2, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="-1")
    assert (status, out) == (0, "True 12497500.0\n"), err


def test_what_they_drop_meanwhile_is_freed_later():
    code = f"""{TICKING}
    x = np.arange(4_000_000.0); float(x[1])
    want = float(roots(x)[1:3].sum())
    held = [x + k for k in range(5)]; np.sync()
    before = np.counters()["arena_bytes"]
    y = roots(x)
    _, ticks = Ticking(lambda: held and held.pop()).during(np.sync)
    print(len(held), float(y[1:3].sum()) == want)
    np.sync()
    print(before - np.counters()["arena_bytes"] >= 4 * 32_000_000)
    """
    status, out, err = run(code)
    assert (status, out) == (0, "0 True\nTrue\n"), err


def test_they_cannot_use_it_meanwhile():
    code = f"""{TICKING}
    x = np.arange(4_000_000.0); float(x[1])
    want = float(roots(x)[1:3].sum())
    said = set()
    def use():
        for what in (lambda: x + 1, lambda: float(x[5]), np.sync, lambda: np.ones(3)):
            try: said.add(what())
            except RuntimeError as error: said.add("one thread only" in str(error))
    y = roots(x)
    _, ticks = Ticking(use).during(np.sync)
    print(said, ticks >= 1, float(y[1:3].sum()) == want)
    """
    status, out, err = run(code)
    assert (status, out) == (0, "{True} True True\n"), err


def test_none_opens_it_while_another_does():
    code = f"""{TICKING}
    import os
    said = set()
    def use():
        if not opening.is_set(): return
        try: said.add(float(np.ones(3).sum()))
        except RuntimeError as error: said.add("one thread only" in str(error))
    opening = threading.Event()
    def begin():
        opening.set()
        return float(np.ones(5000).sum())
    if os.environ["OMPI_COMM_WORLD_RANK"] == "1": time.sleep(0.7)
    if os.environ["OMPI_COMM_WORLD_RANK"] == "0": total, _ = Ticking(use).during(begin)
    else: total = float(np.ones(5000).sum())
    print(said, total)
    """
    status, out, err = run(code, 2)
    assert (status, out) == (0, "{True} 5000.0\n"), err


def test_signals_and_errors_are_heard_beside_them():
    code = f"""{TICKING}
    import os, signal
    x = np.arange(6_000_000.0); float(x[1])
    def interrupt():
        if begun.is_set(): begun.clear(); os.kill(os.getpid(), signal.SIGINT)
    begun = threading.Event()
    def work():
        y = x
        try:
            begun.set()
            while True: y = roots(y); np.sync()
        except KeyboardInterrupt: return "heard"
    said, _ = Ticking(interrupt).during(work)
    print(said, float(x[5]))
    """
    status, out, err = run(code)
    assert (status, out) == (0, "heard 5.0\n"), err


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
@pytest.mark.parametrize(
    "wish, ranks, pinned", [("1", 0, 1), ("0", 0, 0), ("-1", 0, 0), ("1", 2, 0)]
)
def test_workers_stay_on_cores_that_are_their_own(wish, ranks, pinned):
    """Where that is asked; never on those of another rank. The program's own threads go where they went."""
    code = """
        import os, quelea as np
        before = {int(t) for t in os.listdir("/proc/self/task")}
        x = np.ones(1 << 20); float((x * 2).sum())
        cores = {int(t): len(os.sched_getaffinity(int(t))) for t in os.listdir("/proc/self/task")}
        assert all(cores[t] > 1 for t in before), cores
        print(sum(count == 1 for count in cores.values()))
    """
    unbound = {"OMPI_MCA_hwloc_base_binding_policy": "none"}
    status, out, err = run(code, ranks, QUELEA_PIN=wish, QUELEA_THREADS="2", **unbound)
    assert (status, out.split()) == (0, [str(pinned)]), err
