"""What fails, fails clearly: one message, no hang, nothing left behind.

Each test starts a job. All of them share what is checked in `job`: the job ends long before mpirun would end it, no
process of it lives on, and /dev/shm is as it was.
"""

import re
import signal
import time

import pytest
from jobs import LAUNCHED, Job, fine, job, run

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)

# ---- a rank ends ----


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_an_exception_on_one_rank(nodes):
    code = """
    x = np.ones((60, 50)); np.sync()
    if np.rank == 1: raise KeyError("only here")
    for step in range(1000): x[1:] = x[:-1] + step
    float(x.sum())
    """
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert err.count("KeyError: 'only here'") == 1


def test_an_exit_on_one_rank():
    status, _, err = job(
        "x = np.ones(5000); np.sync()\nif np.rank == 1: sys.exit(3)\nfloat(x.sum())"
    )
    assert status == 3
    assert "sys.exit(3)" in err


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_a_killed_rank(nodes):
    code = """
    x = np.ones((60, 50)); np.sync()
    if np.rank == 2: os.kill(os.getpid(), signal.SIGKILL)
    for step in range(1000): x[1:] = x[:-1] + step; float(x[0, 0])
    """
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert "signal 9" in err or "Killed" in err


def test_an_interrupt():
    code = """
    x = np.ones(5000); np.sync()
    print("ready", flush=True)
    while True: x += 1; float(x[0])
    """
    running = Job(code, 3)
    assert running.process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    running.process.send_signal(signal.SIGINT)
    assert running.end()[0] != 0


# ---- something is missing ----


@pytest.mark.parametrize(("ranks", "nodes"), [(0, "0"), (3, "0"), (3, "1"), (4, "2")])
def test_too_little_memory(ranks, nodes):
    code = """
    x = np.arange(5000.0); y = x + 1; w = x + 2; float(y.sum()), float(w.sum())
    before = np.counters()["arena_bytes"]
    try:
        y[:] = 7; z = np.ones((3000, 10000)); z[0, 0] = 1
        v = x + z[0, 0]; w += z[1, 1]; w *= 2; u = y * 3; np.sync(); print("no error")
    except MemoryError as error:
        assert "QUELEA_MEMORY" in str(error), error
        print("MemoryError", flush=True)
    for lost in (z, v):
        try: float(lost.sum())
        except RuntimeError as error: assert "no value" in str(error), error
        else: raise AssertionError("a value that was never computed")
    assert np.asarray(y).tolist() == [7.0] * 5000   # does not depend on what failed
    assert np.asarray(u).tolist() == [21.0] * 5000
    assert np.asarray(w).tolist() == [k + 2.0 for k in range(5000)]  # does, and is as it was
    del z, v, lost, u
    y += x
    assert float(y.sum()) == 5000 * 4999 / 2 + 7 * 5000
    np.sync()
    assert np.counters()["arena_bytes"] == before
    """
    out = fine(code, ranks, QUELEA_MEMORY="16m", QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
    assert out.split() == ["MemoryError"] * max(ranks, 1)


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_too_little_memory_for_a_gathered_array_on_one_rank(nodes):
    """Rank 1 may not have the copy: nobody gets it, and all go on."""
    code = """
    import resource
    u = np.arange(20e6); total = float(u.sum())
    def copy(): return numpy.array(u, copy=True)
    def to_rank_1(): return quelea.gather(u, 1)
    import quelea._quelea as quelea
    for gather in copy, to_rank_1:
        limits = resource.getrlimit(resource.RLIMIT_AS)
        if np.rank == 1:
            with open("/proc/self/statm") as file: size = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + 40_000_000, limits[1]))
        try: gather(); print("no error")
        except MemoryError: print("MemoryError", flush=True)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        kept = gather()
        assert kept is None or kept.sum() == total
        del kept
    assert float(u.sum()) == total
    """
    out = fine(code, 3, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
    assert out.split() == ["MemoryError"] * 6


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_too_little_memory_for_what_one_rank_makes_of_an_array(nodes):
    """Rank 1 gets the values, but has no memory for them as it wants them: nobody gets them."""
    code = """
    import resource
    u = np.arange(3e6); total = float(u.sum())
    def other_dtype(): return numpy.asarray(u, dtype=complex)
    def copied(): return numpy.array(u, dtype=complex)
    def listed(): return u.tolist()
    for make in other_dtype, copied, listed:
        limits = resource.getrlimit(resource.RLIMIT_AS)
        if np.rank == 1:
            with open("/proc/self/statm") as file: size = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + 40_000_000, limits[1]))
        try: made = make(); print("no error")
        except MemoryError as error: print(make.__name__, flush=True)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        made = make()
        assert sum(made) == total
        del made
        assert float(u.sum()) == total
    """
    out = fine(code, 3, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
    assert sorted(out.split()) == sorted(["other_dtype", "copied", "listed"] * 3)
    assert out.split()[:3] == ["other_dtype"] * 3


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_an_exception_over_what_was_looked_at_on_one_rank(nodes):
    code = """
    import warnings
    z = np.arange(5000.0) * (1 + 2j)
    if np.rank == 2: warnings.simplefilter("error")
    else: warnings.simplefilter("ignore")
    try: numpy.asarray(z, dtype=float); print("no error")
    except Exception as error: print(type(error).__name__, "discards" in str(error), flush=True)
    assert numpy.asarray(z)[2] == 2 + 4j
    assert float(z.real.sum()) == 5000 * 4999 / 2
    """
    out = fine(code, 3, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
    assert sorted(out.splitlines()) == ["ComplexWarning True"] + ["RuntimeError True"] * 2


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_a_parameter_that_one_rank_cannot_read(nodes):
    code = """
    if int(os.environ["OMPI_COMM_WORLD_RANK"]) == 1: os.environ["QUELEA_FLUSH"] = "many"
    try: np.zeros(3); print("no error")
    except ValueError as error: print("QUELEA_FLUSH='many'" in str(error), flush=True)
    """
    out = fine(code, 3, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
    assert out.split() == ["True"] * 3


FAULTS = [
    ("alloc:2@1", "MemoryError", "0"),
    ("alloc:2@1", "MemoryError", "1"),
    ("alloc:2@0", "MemoryError", "2"),
    ("compile:2@0", "Error", "0"),
    ("compile:2@2", "Error", "1"),
]


@pytest.mark.parametrize(("fault", "raised", "nodes"), FAULTS)
def test_a_fault_on_one_rank_is_an_exception_on_all(fault, raised, nodes):
    """All ranks raise the same, once; what was lost can be computed again, by the same statements."""
    code = """
    def work():
        x = np.arange(700_000.0)
        np.sync()
        y = x * 2 + 1
        np.sync()
        y[1:] += y[:-1]
        return float(y.sum()), float(y[12345])
    failed = []
    while len(failed) < 3:
        try: result = work()
        except Exception as error: failed.append(error)
        else: break
    assert len(failed) == 1, failed
    print(type(failed[0]).__name__, str(failed[0]).splitlines()[0].replace(" ", "_"), flush=True)
    x = numpy.arange(700_000.0); y = x * 2 + 1; y[1:] += y[:-1].copy()
    assert result == (y.sum(), y[12345]), result
    again = [work() for _ in range(3)]
    assert again == [result] * 3
    """
    out = fine(
        code, 4, QUELEA_FAULT=fault, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all", QUELEA_CACHE="off"
    )
    words = out.split()
    assert len(words) == 8
    assert len(set(words)) == 2, words  # one class, one message
    assert raised in words[0]


@pytest.mark.parametrize("nodes", ["0", "1"])
@pytest.mark.parametrize("number", [2, 3, 4])
def test_what_fits_piece_by_piece_is_computed(number, nodes):
    """An allocation fails once, in a log of several assignments: they are executed one by one, and nothing is lost."""
    code = """
    def work():
        x = np.arange(7000.0)
        y = x * 2 + 1
        y[1:] += y[:-1]
        z = y[::-1] * x
        s = z.sum(); y[:100] = s; del z
        return float(s), float(y.sum()), np.asarray(y[95:105]).tolist()
    assert work() == work()
    """
    fine(code, 4, QUELEA_FAULT=f"alloc:{number}@1", QUELEA_NODE_SIZE=nodes, QUELEA_CACHE="off")


def test_a_lost_message_ends_the_job():
    code = "x = np.ones((60, 50)); y = x[::-1] + x.sum(axis=0); print(float(y.sum()), flush=True)"
    status, out, err = job(code, QUELEA_FAULT="message:1", QUELEA_NODE_SIZE="1")
    assert status != 0
    assert out == ""
    assert "message" in err


# ---- the program is wrong ----


@pytest.mark.parametrize(
    ("line", "raised"),
    [
        ("x + y", "ValueError: operands could not be broadcast together with shapes (60,50) (7,)"),
        ("x += 1j", "UFuncTypeError"),
        ("x[70]", "IndexError: index 70 is out of bounds for axis 0 with size 60"),
        ("x.sum(axis=2)", "AxisError: axis 2 is out of bounds for array of dimension 2"),
    ],
)
def test_errors_come_on_the_line_of_the_user(tmp_path, line, raised):
    program = tmp_path / "program.py"
    program.write_text(
        f"import quelea as np\nx = np.ones((60, 50))\ny = np.ones(7)\n{line}\nprint('not reached')\n"
    )
    code = f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    status, out, err = job(code)
    assert (status, out) == (1, "")
    assert raised in err
    assert err.count("Traceback") == 1
    assert 'program.py", line 4' in err


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_ranks_that_run_different_code(tmp_path, nodes):
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nx = np.ones((60, 50))\nif np.rank == 0:\n  x += 1\nelse:\n  x *= 2\nfloat(x.sum())\n"
    )
    code = f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert "DivergenceError" in err
    assert "program.py:4" in err and "program.py:6" in err


def test_different_scalars_are_a_divergence():
    status, _, err = job("x = np.ones(5000); x += np.rank + 0.5; float(x[0])")
    assert status != 0
    assert "DivergenceError: the ranks compute with different values" in err
    assert "0.5 on rank 0" in err and "1.5 on rank 1" in err


@pytest.mark.parametrize(
    "code",
    ["np.arange(s * 1.0, s * 9.0, s * 2.0)", "y = x[2] * s; y = x[3] * s", "x[1] = x[4] = s"],
)
def test_two_differences_do_not_cancel(code):
    """Words that differ in the same bit of two numbers, or of two statements."""
    status, _, err = job(
        f"x = np.ones(5); s = 1.0 if np.rank else -1.0\n{code}", 2, QUELEA_REPLICATE="64"
    )
    assert status != 0
    assert err.count("DivergenceError: the ranks compute with different values at <string>:") == 1


@pytest.mark.parametrize(
    "use", ["y = v * 2", "x[1] = v", "y = x - v", "y = v[()] * 2", "y = doubled(v)"]
)
@pytest.mark.parametrize("size", [5, 5000])
def test_different_elements_are_a_divergence(use, size, tmp_path):
    """What is read is compared where it is used, and named with the line where it was read."""
    script = tmp_path / "elements.py"
    script.write_text(
        f"""import quelea as np
doubled = np.jit(lambda v: v * 2)
x = np.ones({size}); x *= 3; np.sync()
v = x[np.rank]
{use}
np.sync()
"""
    )
    status, _, err = run(script, 2)
    assert status != 0
    assert err.count("DivergenceError: ") == 1
    assert "elements.py:5" in err
    assert "elements.py:4" in err or "a compiled function with different arguments" in err


@pytest.mark.parametrize("size", [5, 5000])
def test_an_element_before_and_after_a_store_is_another(size):
    code = f"""
    x = np.ones({size}); x *= 3; np.sync()
    if np.rank: v = x[1]
    x[1] = 4
    if not np.rank: v = x[1]
    x[0] = v
    np.sync()
    """
    status, _, err = job(code, 2)
    assert status != 0
    assert err.count("DivergenceError: ") == 1


def test_reading_elements_on_one_rank_changes_nothing():
    code = """
    x = np.arange(9.0) * 2; np.sync()
    if np.rank: print([float(x[k]) for k in range(3)], float(x[2] if float(x[3]) > 5 else x[4]))
    x[1] = x[2]
    print(x.tolist()[:3])
    """
    out = fine(code, ranks=2, QUELEA_OUTPUT="all").split("\n")
    alone, both = "[0.0, 2.0, 4.0] 4.0", "[0.0, 4.0, 4.0]"
    assert sorted(line for line in out if line) == [alone, both, both]


@pytest.mark.parametrize("size", [3, 5000, 300_000])
@pytest.mark.parametrize("nodes", ["0", "1"])
def test_different_arrays_that_enter_are_a_divergence(size, nodes):
    """Nobody must set QUELEA_CHECK to notice random numbers that are seeded by the clock."""
    code = f"""
    x = np.ones({size})
    x += numpy.random.default_rng().random({size})
    float(x.sum())
    """
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert "DivergenceError: what enters differs between the ranks" in err
    assert "seed" in err


@pytest.mark.parametrize("given", ["float(np.rank)", "1 + np.rank * 1j", "numpy.full(3, np.rank)"])
def test_compiled_functions_that_are_called_with_different_values(given, tmp_path):
    script = tmp_path / "calls.py"
    script.write_text(
        f"""import numpy
import quelea as np

@np.jit
def scaled(x, a):
    x += a

x = np.ones(3, dtype=complex)
scaled(x, {given})
np.sync()
"""
    )
    status, _, err = run(script, 2, QUELEA_REPLICATE="1024")
    assert status != 0
    assert "the ranks call a compiled function with different arguments" in err
    assert "calls.py:9" in err


def test_compiled_functions_that_are_called_with_values_that_lie_elsewhere(tmp_path):
    script = tmp_path / "calls.py"
    script.write_text(
        """import numpy
import quelea as np

@np.jit
def scaled(x, a):
    x += a

x = np.ones(3)
wide = numpy.zeros((3, np.rank + 1))
wide[:, 0] = 1, 2, 3
wide.flags.writeable = np.rank == 0
scaled(x, wide[:, 0])
np.sync()
print(x.tolist())
"""
    )
    status, out, err = run(script, 2, QUELEA_REPLICATE="1024")
    assert status == 0, err
    assert out.strip() == "[2.0, 3.0, 4.0]"


def test_after_a_divergence_nothing_can_be_used():
    code = """
    kept = np.ones((200, 300)); np.sync()
    try: float((kept + np.rank).sum())
    except np.errors.DivergenceError: pass
    for use in (lambda: np.ones(3), lambda: kept + 1, lambda: float(kept[0, 0]), np.sync):
        try: use()
        except np.errors.DivergenceError as error: print("diverged before" in str(error))
    """
    assert fine(code, ranks=2, QUELEA_OUTPUT="all").split() == ["True"] * 8


@pytest.mark.parametrize("nodes", ["0", "1"])
@pytest.mark.parametrize(
    "alone",
    [
        "numpy.asarray(x)",
        "float(x[7])",
        "x.tolist()",
        "print(x)",
        "np.zeros(5)",
        "x[2:4] = 1",
        "np.sync()",
        "setattr(np.config, 'strict', True)",
    ],
)
def test_what_one_rank_does_alone_is_named(alone, nodes):
    if alone == "float(x[7])" and nodes == "0":
        pytest.skip("an element that lies in the node's memory: the next test")
    code = f"""
    x = np.zeros(100000); x += 1; float(x.sum())
    if np.rank == 0: held = {alone.replace(" = 1", ".fill(1)")}
    x += 1
    print(np.asarray(x).min(), np.asarray(x).max())
    """
    status, out, err = job(code, 2, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert out == ""
    assert "DivergenceError" in err
    assert "<string>:5" in err


def test_an_element_of_a_node_may_be_looked_at_by_one_rank():
    """Nothing is executed for it, and nothing is made of it."""
    code = """
    x = np.zeros(100000); x += 1; float(x.sum())
    if np.rank == 0: print(float(x[7]))
    x += 1
    print(np.asarray(x).min(), np.asarray(x).max())
    """
    assert fine(code, ranks=2).split() == ["1.0", "2.0", "2.0"]


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_what_is_replicated_may_be_looked_at_by_one_rank(nodes):
    """It is computed, every rank has it, and nothing depends on who looks."""
    code = """
    x, small = np.ones(100000), np.arange(5.0)
    s = x.sum(); float(s); small += 1; np.sync()
    if np.rank == 0: print(s, small.tolist()[2]); held = numpy.asarray(small)
    if np.rank == 1: np.zeros(0); float(s)
    small += s; x += small[0]
    if np.rank == 0: assert held.tolist() == [1, 2, 3, 4, 5]
    print(float(x.sum()), small.tolist()[:2])
    """
    out = fine(code, ranks=2, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="64")
    assert out.split("\n")[:2] == ["100000.0 3.0", "10000200000.0 [100001.0, 100002.0]"]


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_a_snapshot_of_one_rank_changes_nothing_of_what_is_executed_at_once(nodes):
    """Also where the value that is stored is read by what is pending."""
    code = """
    x, large, kept = np.zeros(10), np.ones(100000), []
    np.sync()
    if np.rank == 0: kept.append(numpy.asarray(x))
    for k in range(10):
        s = x[1] + 1.0
        large *= s
        x[k] = s
    print(float(large.sum()), x.tolist())
    """
    out = fine(code, ranks=2, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="64")
    assert out == f"{100000.0 * 2**8} {[1.0, 1.0, *[2.0] * 8]}\n"


def test_a_rank_that_goes_on_where_another_ends_is_told_so():
    code = """
    u = np.ones(50000); np.sync()
    for k in range(10 + (np.rank == 1)): u[1:-1] = (u[:-2] + u[2:]) * .5
    """
    status, _, err = job(code, 2, QUELEA_FLUSH="1")
    assert status != 0
    assert "rank 0 has come to the end of the program, but rank 1" in err
    assert "<string>:5" in err


def test_an_order_that_differs_is_told_with_where_arrays_were_made():
    code = """
    fields = {"u": np.ones(5000)}
    fields["v"] = np.ones(5000)
    for name in ("u", "v") if np.rank else ("v", "u"):
        fields[name] += 2
    float(fields["u"].sum())
    """
    status, _, err = job(code, 2)
    assert status != 0
    assert "the ranks use different arrays at <string>:7" in err
    assert "made at <string>:4" in err and "made at <string>:5" in err
    assert "sort it" in err


def test_different_shapes_are_a_divergence():
    status, _, err = job("x = np.ones(5000 + np.rank); float(x[0])")
    assert status != 0
    assert "shape (5000,)" in err and "shape (5001,)" in err


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_looking_in_a_branch_of_one_rank(nodes):
    code = """
    x = np.ones(5000)
    if np.rank == 0: print(float(x[0]))
    y = x + 1
    float(y.sum())
    """
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert "DivergenceError" in err
    assert "branches" in err


def test_looking_in_a_branch_at_the_end():
    """The other ranks exit while one waits for them."""
    status, _, err = job("x = np.ones(5000); y = x + 1\nif np.rank == 0: print(float(y[0]))")
    assert status != 0
    assert "branches that depend on the rank" in err


@pytest.mark.parametrize("nodes", ["0", "1"])
@pytest.mark.parametrize(
    "alone", ["x[3] = 7", "x += 1", "y = x * x", "y = np.asarray([1.0, 2])", "y = x @ x"]
)
def test_executing_in_a_branch_of_one_rank(alone, nodes):
    """What every rank has for itself is executed at once, and the ranks meet at the end at the latest."""
    code = f"""
    x = np.arange(10.0); x -= 1
    if np.rank == 1: {alone}
    x.tolist()
    """
    status, _, err = job(code, QUELEA_NODE_SIZE=nodes, QUELEA_REPLICATE="64")
    assert status != 0
    assert err.count("DivergenceError: ") == 1
    assert "rank 1 computes at <string>:5" in err
    assert "has come to the end of the program" in err


def test_the_launcher_of_another_mpi():
    """Processes that a launcher of another MPI started would each be alone: that is refused."""
    status, out, err = job("print(float(np.ones(3).sum()))", 0, PMI_RANK="1", PMI_SIZE="4")
    assert status == 1
    assert out == ""
    assert "launcher" in err or "mpirun" in err


def test_a_child_after_fork():
    code = """
    x = np.ones(5000); np.sync()
    pid = os.fork()
    if pid == 0:
        try: float((x + 1).sum())
        except RuntimeError as error: os._exit(7 if "fork" in str(error) else 1)
        os._exit(2)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), float((x + 1).sum()))
    """
    assert fine(code, 2).split() == ["7", "10000.0"]


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_a_child_of_a_killed_rank_lives_on(nodes):
    """And holds nothing by which the others would take the rank for alive. The launcher is told to say nothing."""
    code = """
    import time
    x = np.ones((60, 50)); np.sync()
    if np.rank == 1:
        launcher = os.getppid()
        if os.fork() == 0:
            for file in 0, 1, 2: os.close(file)
            while os.path.exists(f"/proc/{launcher}"): time.sleep(0.02)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    for step in range(1000): x[1:] = x[:-1] + step; float(x[0, 0])
    """
    _, _, err = job(code, 2, QUELEA_NODE_SIZE=nodes, OMPI_MCA_orte_enable_recovery="1")
    assert re.search(r"rank 1( on \S+)? has died while rank 0 waits", err), err


# ---- drops ----


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_drops_in_any_order_cost_no_memory(nodes):
    """10,000 executions; each rank drops in an order of its own; arena and process stay as large as they were."""
    code = """
    import gc, resource
    random = numpy.random.default_rng(np.rank)
    x = np.ones((40, 50))
    def resident():
        with open("/proc/self/statm") as file: return int(file.read().split()[1]) * resource.getpagesize()
    def work(flushes):
        held = []
        for n in range(flushes):
            held.append(x + n)
            if n % 4: held.append(held[-1][1:] * 2)
            np.sync()
            if len(held) >= 8:
                random.shuffle(held)
                del held[: random.integers(1, 8)]
        del held
        gc.collect(); np.sync(); np.sync()
        return np.counters()["arena_bytes"], resident()
    first, last = work(1000), work(10_000)
    assert last[0] == first[0], (first, last)
    assert last[1] < first[1] + 4e6, (first, last)
    """
    fine(code, 3, QUELEA_NODE_SIZE=nodes)


@pytest.mark.parametrize(("ranks", "nodes", "plans"), [(0, "0", 1200), (3, "1", 400)])
def test_plans_of_changing_bounds_cost_bounded_memory(ranks, nodes, plans):
    """250 statements at a time, with new bounds each time: ranks forget the plans that were not used for longest."""
    code = f"""
    import resource
    v, random = numpy.zeros(20000), numpy.random.default_rng(0)
    a = np.asarray(v)
    def resident():
        with open("/proc/self/statm") as file: return int(file.read().split()[1]) * resource.getpagesize()
    def work(plans):
        for n in range(plans):
            for start in random.integers(0, 19000, 250).tolist():
                v[start:start + 50] += n; a[start:start + 50] += n
            np.sync()
        assert (numpy.asarray(a) == v).all()
        return resident()
    before = np.counters()["plans_made"]
    first, last = work({plans // 4}), work({plans})
    assert np.counters()["plans_made"] > before + {plans}
    assert last < first + 24e6, (first, last)
    """
    fine(
        code,
        ranks,
        QUELEA_NODE_SIZE=nodes,
        QUELEA_IMMEDIATE="0",
        QUELEA_FLUSH="100000",
        QUELEA_REPLICATE="-1",
        QUELEA_THREADS="1",
    )
