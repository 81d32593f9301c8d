"""The Python process of a rank: import, output, exceptions, exit, fork, and the commands of ``python -m quelea``."""

import importlib.util
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from jobs import LAUNCHED, LIMIT, environment, run, sampled

from quelea.bench.limits import Level, Limit, Limits

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)


def command(*arguments, **extra):
    done = subprocess.run(
        [sys.executable, "-m", "quelea", *arguments],
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


# ---- start ----


def test_import_starts_nothing():
    """And takes nothing along that only some programs want, unless NumPy does."""
    code = """
    import numpy, sys
    before = set(sys.modules)
    import quelea, quelea._quelea as q
    print(q.is_open()); quelea.ones(1); print(q.is_open())
    print({"numpy.testing", "unittest", "numpy.random", "matplotlib", "numba"} & set(sys.modules) - before)
    """
    status, out, _ = run(code)
    assert (status, out.split()) == (0, ["False", "True", "set()"])


@pytest.mark.parametrize("arguments", [["-"], []])
def test_a_program_from_standard_input(arguments):
    """Only rank 0 gets it; that it says so is better than to wait for the others."""
    done = subprocess.run(
        [
            "mpirun",
            "--timeout",
            str(LIMIT),
            "--oversubscribe",
            "-n",
            "2",
            sys.executable,
            *arguments,
        ],
        input="import quelea as np\nprint(float(np.ones(5000).sum()))\n",
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=LIMIT + 30,
        check=False,
    )
    assert done.returncode != 0
    assert "standard input" in done.stderr and "put it into a file" in done.stderr
    assert "time limit" not in done.stderr


def test_init():
    code = """
    import quelea as np
    np.init()
    try: np.init()
    except RuntimeError as error: print(error)
    try: np.init(3)
    except TypeError as error: print("TypeError")
    """
    status, out, err = run(code)
    assert status == 0, err
    assert "before the first array" in out


@pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed")
@pytest.mark.parametrize("nodes", ["0", "1"])
def test_mpi_that_the_program_finalises(nodes):
    code = """
    from mpi4py import MPI
    import quelea as np
    x = np.ones(5000); float(x.sum())
    MPI.Finalize()
    for use in (lambda: x + 1, lambda: float(x[0]), np.sync, lambda: np.ones(3), x.tolist):
        try: use()
        except RuntimeError as error: print("has been finalised" in str(error))
    """
    status, out, err = run(code, 2, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="-1")
    assert status == 0, err
    assert out.split() == ["True"] * 5


@pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed")
def test_mpi_that_was_finalised_before():
    code = """
    from mpi4py import MPI
    MPI.Finalize()
    import quelea as np
    try: np.ones(3)
    except RuntimeError as error: print("finalised already" in str(error))
    """
    status, out, err = run(code, 2)
    assert status == 0, err
    assert set(out.split()) == {"True"}


@pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed")
def test_init_with_a_communicator():
    code = """
    from mpi4py import MPI
    import quelea as np
    half = MPI.COMM_WORLD.Split(MPI.COMM_WORLD.rank % 2)
    np.init(half)
    total = float(np.arange(1000).sum())
    assert np.size == half.size, np.size
    assert MPI.COMM_WORLD.allreduce(total) == 4 * 499500.0
    print("fine", flush=True)
    """
    status, out, err = run(code, 4, QUELEA_REPLICATE="-1")
    assert status == 0, err
    assert out.split() == ["fine"]


def test_malformed_parameter():
    status, _, err = run("import quelea; quelea.ones(1)", QUELEA_FLUSH="many")
    assert status == 1
    assert "ValueError" in err and "QUELEA_FLUSH" in err


def test_unknown_parameters_are_named_once():
    code = "import quelea as np; float(np.ones(2).sum())"
    status, _, err = run(
        code, 2, QUELEA_FLUHS="1", QUELEA_LAB="file", QUELEA_TEST_MARK="x", QUELEA_FLUSH="2"
    )
    assert status == 0
    assert err.count("RuntimeWarning") == 1
    assert "QUELEA_FLUHS is not a parameter" in err and "did you mean QUELEA_FLUSH?" in err
    assert "did you mean" not in run(code, QUELEA_XYZZY="1")[2]


# ---- output ----


def test_output_appears_once():
    code = (
        "import quelea as np, sys; print(float(np.ones(10).sum())); print('error', file=sys.stderr)"
    )
    status, out, err = run(code, 3)
    assert (status, out.split()) == (0, ["10.0"])
    assert {"[rank 1] error", "[rank 2] error"} <= set(err.splitlines())
    assert err.count("error") == 3
    status, out, _ = run(code, 3, QUELEA_OUTPUT="all")
    assert (status, out.split()) == (0, ["10.0"] * 3)


def test_what_a_rank_starts_prints_as_itself():
    """And so does what is not Python's: only sys.stdout of other ranks is dropped."""
    child = "import os, quelea as np; print('child', np.size, float(np.ones(5).sum()), flush=True)"
    code = f"""
    import os, subprocess, sys, quelea as np
    np.sync()
    subprocess.run([sys.executable, "-c", {child!r}], check=True)
    os.write(1, b"written\\n")
    print("printed", flush=True)
    """
    status, out, err = run(code, 3)
    assert status == 0, err
    assert sorted(out.splitlines()) == ["child 1 5.0"] * 3 + ["printed"] + ["written"] * 3


SHELLS = ["os.system(command)", "subprocess.run(command, shell=True)"]


@pytest.mark.parametrize(("ranks", "before", "after"), [(0, *SHELLS), (3, *reversed(SHELLS))])
def test_what_a_shell_starts_is_a_process_of_its_own(ranks, before, after):
    """It runs while the rank has arrays, and while it has none yet."""
    child = "import quelea as np; print('child', np.size, float(np.ones(5).sum()))"
    code = f"""
    import os, shlex, subprocess, sys, quelea as np
    command = shlex.join([sys.executable, "-c", {child!r}])
    {before}
    np.sync()
    {after}
    print("printed", float(np.ones(3000).sum()))
    """
    status, out, err = run(code, ranks)
    assert status == 0, err
    assert sorted(out.splitlines()) == ["child 1 5.0"] * (2 * max(ranks, 1)) + ["printed 3000.0"]


@pytest.mark.parametrize("ranks", [0, 3])
def test_a_fork_is_a_process_of_its_own(ranks):
    """Before the first array: it prints as itself, its failures and exits are its own, and nothing is printed twice."""
    code = """
    import os, sys
    print("early")
    import quelea as np
    def fork(work):
        pid = os.fork()
        if pid == 0: work(); sys.exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    def fail(): raise KeyError("only here")
    print("rank", flush=True)
    assert fork(lambda: print("child", np.size, float(np.ones(5).sum()))) == 0
    assert fork(fail) == 1
    assert fork(lambda: sys.exit(3)) == 3
    print("printed", float(np.ones(3000).sum()))
    """
    status, out, err = run(code, ranks, QUELEA_REPLICATE="-1")
    count = max(ranks, 1)
    assert status == 0, err
    assert sorted(out.splitlines()) == sorted(
        ["early", "child 1 5.0"] * count + ["rank", "printed 3000.0"]
    )
    assert err.count("KeyError: 'only here'") == count and "[rank" not in err


@pytest.mark.parametrize(
    ("method", "ranks"),
    sampled(
        [(method, ranks) for method in ("fork", "spawn", "forkserver") for ranks in (0, 2)],
        [("fork", 0), ("fork", 2), ("spawn", 2), ("forkserver", 0)],
    ),
)
def test_workers_of_multiprocessing_are_processes_of_their_own(method, ranks, tmp_path):
    """Fork before the first array, the others at any time."""
    program = tmp_path / "program.py"
    program.write_text(f"""
import multiprocessing, quelea as np
def work(n):
    print("worker", flush=True)
    return float(np.ones(n).sum()), np.size
if __name__ == "__main__":
    if {method!r} != "fork": float(np.ones(3000).sum())
    with multiprocessing.get_context({method!r}).Pool(2) as pool: print(pool.map(work, [5, 5000]))
    print(float(np.ones(3000).sum()), np.size)
""")
    status, out, err = run(program, ranks, QUELEA_REPLICATE="-1")
    count = max(ranks, 1)
    assert status == 0, err
    assert sorted(out.splitlines()) == sorted(
        ["worker"] * (2 * count) + ["[(5.0, 1), (5000.0, 1)]", f"3000.0 {count}"]
    )


@pytest.mark.parametrize("output", ["root", "all"])
def test_what_is_not_pythons_is_printed_on_every_rank(output):
    code = """
    import ctypes, os, sys, quelea as np
    np.sync()
    c = ctypes.CDLL(None)
    c.puts(b"from C"); c.fflush(None)
    os.write(1, b"written\\n")
    print("python"), sys.stdout.write("stream\\n")
    """
    status, out, err = run(code, 3, QUELEA_OUTPUT=output)
    python = 3 if output == "all" else 1
    assert status == 0, err
    assert sorted(out.splitlines()) == sorted(
        ["from C", "written"] * 3 + ["python", "stream"] * python
    )


def test_on_root_runs_once():
    code = """
    import quelea as np
    x = np.arange(5000.0)
    result = np.on_root(lambda a: float(a.sum()), x)
    assert result == 12497500.0
    np.on_root(lambda a: print(type(a).__name__, a.sum()), x)
    """
    status, out, err = run(code, 3, QUELEA_REPLICATE="-1", QUELEA_OUTPUT="all")
    assert status == 0, err
    assert out.split() == ["ndarray", "12497500.0"]


def test_what_one_rank_cannot_unpickle_no_rank_gets():
    code = """
    import quelea as np
    def take():
        if np.rank == 1: raise KeyError("not here")
        return "taken"
    class Result:
        def __reduce__(self): return take, ()
    try: np.on_root(Result)
    except RuntimeError as error: print("cannot be unpickled: KeyError: 'not here'" in str(error))
    print(float(np.ones(5000).sum()))
    """
    status, out, err = run(code, 3, QUELEA_REPLICATE="-1", QUELEA_OUTPUT="all")
    assert (status, sorted(out.split())) == (0, ["5000.0"] * 3 + ["True"] * 3), err


@pytest.mark.parametrize("ranks", [0, 2])
def test_on_root_refuses_what_it_was_not_given(ranks):
    code = """
    import quelea as np
    x = np.ones(5000)
    np.on_root(lambda: x + 1)
    print("never")
    """
    status, out, err = run(code, ranks, QUELEA_REPLICATE="-1", QUELEA_FLUSH="64")
    assert status != 0 and "never" not in out
    assert (
        "RuntimeError: the function of on_root" in err
        and "pass the array to on_root as an argument" in err
    )


def test_on_root_may_take_longer_than_any_wait():
    code = """
    import time, quelea as np
    x = np.ones(5000)
    print(np.on_root(lambda a: time.sleep(3) or float(a.sum()), x), float(x.max()))
    """
    settings = {"QUELEA_WAIT_REPORT": "1", "QUELEA_WAIT_ABORT": "1.5", "QUELEA_REPLICATE": "-1"}
    status, out, err = run(code, 3, QUELEA_OUTPUT="all", **settings)
    assert (status, sorted(out.splitlines())) == (0, ["5000.0 1.0"] * 3), err
    assert "rank 1 has waited" in err and "rank 2 has waited" in err


# ---- the end ----


def test_an_exception_on_every_rank_is_printed_once():
    status, _, err = run("import quelea as np\nnp.ones(3) + np.ones(4)", 3)
    assert status != 0
    assert err.count("Traceback") == 1
    assert "could not be broadcast" in err


def test_an_exception_before_the_first_array_ends_the_job():
    status, _, err = run(
        "import quelea as np, os\nif os.environ['OMPI_COMM_WORLD_RANK'] == '1': 1/0\nfloat(np.ones(3000).sum())",
        2,
    )
    assert status != 0
    assert "ZeroDivisionError" in err


def test_an_exit_that_is_caught_ends_nothing():
    code = """
    import sys, quelea as np
    def work():
        try: sys.exit(3)
        except SystemExit as error: return error.code
    print(work(), float(np.ones(9).sum()))
    sys.exit(0)
    """
    status, out, err = run(code, 2)
    assert (status, out.split()) == (0, ["3", "9.0"]), err


def test_interrupt():
    code = "import quelea as np, time\nx = np.ones(2000)\nprint('ready', flush=True)\n"
    code += "while True:\n  x += 1; float(x[0])"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=LIMIT)
    assert child.returncode != 0
    assert "KeyboardInterrupt" in err


def test_an_interrupt_while_a_lone_process_waits_for_its_workers():
    """The worker shares the main thread's core at the lowest priority, so that the main thread waits for long."""
    code = """
    import os, quelea as np
    x = np.ones(3_000_000); float(x[0])
    for task in map(int, os.listdir("/proc/self/task")):
        os.sched_setaffinity(task, {min(os.sched_getaffinity(task))})
        if task != os.getpid(): os.setpriority(os.PRIO_PROCESS, task, 19)
    y = x
    for _ in range(60): y = np.sin(y)
    z = y + 0
    print("ready", flush=True)
    try:
        while True: float(z[-1])
    except KeyboardInterrupt: pass
    try: print(bool((z == y).all()))
    except RuntimeError as error: print("interrupted" in str(error))  # it had not been computed
    print(float(x.sum()))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment({"QUELEA_THREADS": "2"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=LIMIT)
    assert (child.returncode, out.split()) == (0, ["True", "3000000.0"]), err


# ---- where Quelea cannot be used ----


def test_fork():
    code = """
    import os, quelea as np
    x = np.ones(3)
    pid = os.fork()
    if pid == 0:
        try: x + 1
        except RuntimeError as error: os._exit(7 if "fork" in str(error) else 1)
        os._exit(2)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), float((x + 1).sum()))
    """
    status, out, err = run(code)
    assert (status, out.split()) == (0, ["7", "6.0"]), err


def test_no_later_thread_takes_the_place_of_the_one_that_opened():
    """Their states may lie at one address."""
    code = """
    import threading, quelea as np
    def work():
        try: accepted.append(float(np.ones(5).sum()))
        except RuntimeError as error: assert "one thread only" in str(error)
    accepted = []
    for _ in range(40):
        thread = threading.Thread(target=work); thread.start(); thread.join()
    print(accepted)
    """
    status, out, err = run(code)
    assert (status, out) == (0, "[5.0]\n"), err


@pytest.mark.parametrize("how", ["sys.exit(0)", "time.sleep(9)"])
def test_a_rank_that_makes_no_array_is_reported_and_not_waited_for_forever(how):
    code = f"""
    import os, sys, time, quelea as np
    if os.environ["OMPI_COMM_WORLD_RANK"] == "1": {how}
    else: print(float(np.ones(5000).sum()))
    """
    status, out, err = run(code, 2, QUELEA_WAIT_REPORT="1", QUELEA_WAIT_ABORT="3")
    assert status != 0
    assert out == ""
    assert "rank 0: waits for 1 s, at <string>:4" in err
    assert (
        ": ending" in err or "exiting improperly" in err
    )  # Open MPI's newer launchers see it first


HANDLER = """
import os, signal, time, quelea as np
x = np.ones(50000); np.sync()
def write():
    try: x[0] = 7
    except RuntimeError as error: print("handler" in str(error), flush=True)
def fail(): raise ValueError("time is over")
def handle(number, frame): HANDLE()
signal.signal(signal.SIGALRM, handle)
if np.rank == 0: signal.setitimer(signal.ITIMER_REAL, 0.4)
else: time.sleep(1.2)
print(float(x.sum()))
"""


def test_a_signal_handler_does_not_come_back_into_an_execution():
    status, out, err = run(HANDLER.replace("HANDLE", "write"), 2)
    assert (status, out.split()) == (0, ["True", "50000.0"]), err


def test_what_a_signal_handler_raises_is_shown():
    status, _, err = run(HANDLER.replace("HANDLE", "fail"), 2)
    assert status != 0
    assert "ValueError: time is over" in err


def test_arrays_at_the_end_of_the_interpreter():
    code = """
    import atexit, quelea as np
    kept = np.ones(3)
    cycle = [kept]; cycle.append(cycle)
    class Late:
        def __del__(self): self.array = None
    late = Late(); late.array = np.ones(4)
    snapshot = __import__("numpy").asarray(np.ones(5))
    """
    assert run(code)[::2] == (0, "")


@pytest.mark.parametrize("memory", ["8000000t", "9223372036854775807"])
def test_more_memory_than_there_are_addresses(memory):
    status, _, err = run(
        "import quelea as np\nprint(float(np.ones(2000).sum()))", QUELEA_MEMORY=memory
    )
    assert status == 1
    assert "MemoryError" in err
    assert "QUELEA_MEMORY" in err


@pytest.mark.parametrize("ranks", [0, 2])
def test_numpy_arrays_outlive_the_context(ranks):
    """They lie in memory of the node, and may be looked at after Quelea's own end."""
    code = """
    import atexit, numpy
    kept = []
    atexit.register(lambda: print("late", kept[0].sum(), flush=True))
    import quelea as np
    kept.append(numpy.asarray(np.ones(500_000)))
    print("early", kept[0].sum(), flush=True)
    """
    status, out, err = run(code, ranks)
    assert status == 0, err
    assert out.split("\n")[:2] == ["early 500000.0", "late 500000.0"]


def test_recorded_lines_are_named():
    code = "import quelea as np\nx = np.ones((1 << 22,))\ny = x * 2.0\nprint(float(y.sum()))"
    status, _, err = run(code, QUELEA_MEMORY="1m")
    assert status == 1
    assert "MemoryError" in err


# ---- commands ----


def test_params():
    status, out, _ = command("params", QUELEA_FLUSH="7")
    assert status == 0
    assert "QUELEA_FLUSH=7   (int, default: 64)" in out and "QUELEA_CACHE" in out
    status, _, err = command("params", QUELEA_SPIN="x")
    assert status == 1
    assert "QUELEA_SPIN" in err


def test_info():
    status, out, err = command("info")
    assert status == 0, err
    for word in ("ranks", "memory budget", "compiler target", "kernel cache", "NumPy"):
        assert word in out


def test_info_says_whether_kernels_are_kept(tmp_path):
    def line(folder):
        return next(
            row
            for row in command("info", QUELEA_CACHE=str(folder))[1].splitlines()
            if "kernel cache" in row
        )

    (tmp_path / "file").touch()
    assert line(tmp_path / "new" / "folder").endswith("new/folder")
    assert line(tmp_path / "file" / "folder").endswith(
        ", not writable: kernels are compiled anew each time"
    )
    assert line("off").endswith("none: kernels are compiled anew each time")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--n", "5"], "1000"),
        (["--repeats", "0"], "at least 1"),
        (["--repeats", "two"], "at least 1"),
    ],
)
def test_bench_takes_what_it_can_measure(arguments, text):
    status, out, err = command("bench", *arguments)
    assert (status, out) == (2, "")
    assert "error: argument" in err and text in err


@pytest.mark.parametrize("extra", [[], ["--busy"]])
def test_bench_small_prints_a_row_for_each_program(extra):
    rows = ["--rows", "elements: ", "--rows", "lu, S", "--rows", "complex abs"]
    status, out, err = command("bench", "small", "--tiny", "--repeats", "1", *rows, *extra)
    assert (status in (0, 1), err) == (True, ""), err
    for name in ("float(x[i])", "x[i, j] = v", "x[i] = x[i-1] * a + b", "lu, S", "complex abs"):
        row = next(line for line in out.splitlines() if line.startswith(f"  {name}  "))
        bar = re.search(r" (?:s|ms|us|ns) +\d+\.\d{3} +>= \d\.\d\d   (?:NOT MET|met)$", row)
        assert bar, row
    assert out.count("geometric mean") == 1  # of the section that is whole
    assert " so far)" in out and out.endswith("requirements not met\n" if status else "met\n")


@pytest.mark.parametrize("ranks", ["1", "2"])
def test_bench_arrays_prints_a_row_for_each_program(ranks):
    rows = ["--rows", "products: ", "--rows", "cumsum", "--rows", "sort of int64", "--ranks", ranks]
    status, out, err = command("bench", "arrays", "--tiny", "--repeats", "1", *rows)
    assert (status in (0, 1), err) == (True, ""), err
    for name in ("a @ b, 256, float32", "a @ b, 2048, float64", "cumsum", "sort of int64"):
        row = next(line for line in out.splitlines() if line.startswith(f"  {name}  "))
        assert re.search(r" +\d+\.\d{3}", row), row
        assert (">=" in row) == (ranks == "2"), row


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rows", "nothing of this name"], "no program"),
        (["--repeats", "0"], "at least 1"),
        (["--seconds", "-1"], "seconds"),
    ],
)
def test_bench_small_takes_what_it_can_measure(arguments, text):
    status, out, err = command("bench", "small", *arguments)
    assert (status, out) == (2, "")
    assert text in err


def test_bench_jit():
    rows = ["--rows", "compiled: fibonacci", "--rows", "calls", "--rows", "statement: "]
    status, out, err = command("bench", "jit", "--tiny", "--repeats", "1", *rows)
    if importlib.util.find_spec("numba") is None:
        assert (status, out) == (2, "") and "Numba is missing" in err
        return
    assert (status in (0, 1), err) == (True, ""), err
    for name, rows in (("fibonacci", 3), ("first_two", 2)):  # warm, first twice; of both arrays
        assert sum(line.startswith(f"  {name}  ") for line in out.splitlines()) == rows
    assert "empty cache" in out and "full cache" in out


def test_bench_jit_takes_what_it_can_measure():
    status, out, err = command("bench", "jit", "--rows", "nothing of this name")
    assert (status, out) == (2, "") and "no program" in err


def test_limits_of_arithmetic_memory_and_messages():
    launch = "mpirun -n 2 --oversubscribe"
    status, out, err = command("limits", "--tiny", "--launch", launch)
    assert (status, err) == (0, ""), err
    rows = re.findall(r"^  (memory|L[12]\b.*?)  +(\d+\.\d) +(\d+\.\d) +(\d+\.\d)$", out, re.M)
    assert {name[:2] for name, *_ in rows} >= {"me"}, out
    assert all(float(speed) > 0 for _, *speeds in rows for speed in speeds), out
    assert re.search(r"^  additions, float64 +\d+\.\d GFLOP/s$", out, re.M), out
    assert f"\n{launch}, by MPI\n  latency" in out


def test_limits_are_those_of_where_the_arrays_lie():
    levels = (Level("L2", 1e6, 50.0, 60.0, 80.0), Level("memory", 1e8, 10.0, 12.0, 16.0))
    limits = Limits(2, 100.0, 200.0, levels)
    assert limits.of(5, 16, 1e6) == Limit(5e9, "L2")
    assert limits.of(5, 16, 2e6) == Limit(1e9, "memory")
    assert limits.of(5, 16, 1e9) == Limit(1e9, "memory")
    assert limits.of(500, 16, 1e9) == Limit(2e8, "arithmetic")


def test_unknown_command():
    assert command("dance")[0] == 2
    assert command("--help")[0] == 0


# ---- strict ----


@pytest.mark.parametrize(
    ("ranks", "nodes", "bound"), [(2, "1", 2048), (3, "1", 3072), (3, "2", 2048), (2, "0", 1024)]
)
def test_what_is_replicated_follows_the_nodes(ranks, nodes, bound):
    code = f"""
    import numpy, quelea as np
    np.config.strict = True
    print(np.info()["replicated_size"])
    small, large = np.ones({bound}) * 2, np.ones({bound + 1}) * 2
    print(numpy.asarray(small).sum())
    try: print(numpy.asarray(large).sum())
    except np.StrictError as e: print("of {bound + 1} elements" in str(e), "beyond {bound} elements" in str(e))
    """
    status, out, err = run(code, ranks, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="1024")
    assert status == 0, err
    last = f"{2.0 * bound + 2}" if nodes == "0" else "True True"
    assert out.splitlines() == [str(bound), f"{2.0 * bound}", last]


def test_strict_refuses_moving_arrays_but_not_showing_them():
    code = """
    import numpy, quelea as np
    x = np.arange(10000.0).reshape(100, 100) + 1
    np.config.strict = True
    same = repr(x) == repr(numpy.arange(10000.0).reshape(100, 100) + 1)
    print(same, float(x.max()), float(x[3, 4]), np.config.strict)
    try: numpy.asarray(x)
    except np.StrictError as error: print("refused", "strict" in str(error), "on_root" in error.__notes__[0])
    total = np.on_root(lambda a: float(a.sum()), x)
    print(total, np.config.strict)
    z = np.zeros((600, 600))
    try: w = z.T + z; np.sync()
    except np.StrictError as error: print("refused", "moves 90000 elements" in str(error))
    """
    status, out, err = run(code, 2, QUELEA_NODE_SIZE="1")
    assert status == 0, err
    assert out.splitlines() == [
        "True 10000.0 305.0 True",
        "refused True True",
        "50005000.0 True",
        "refused True",
    ]
