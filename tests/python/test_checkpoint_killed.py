"""Checkpoints of jobs that are killed: whoever goes, and whenever, a whole generation stays, and the job that goes on,
on other numbers of ranks, ends with the bits of one that was never disturbed."""

import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED, Job, fine, job, run

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)


@pytest.fixture
def folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as path:
        yield path + "/run"


# Children of one process, each of which makes an array for the first time, and dies at the k-th call of the system's.
AT_ANY_CALL = """
import os, sys
import quelea as np

folder, number = sys.argv[1], int(sys.argv[2])
CALLS = "mkdir open write fsync rename unlink rmdir listdir".split()


def die_at(k):
    left = [k]

    def dying(call):
        def called(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            return call(*args, **kwargs)
        return called

    for name in CALLS:
        setattr(os, name, dying(getattr(os, name)))


def child(work):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def keep(k, generation):
    die_at(k)
    np.checkpoint(folder, x=np.full((300, 40), float(generation)), generation=generation)


def check(*generations):
    saved = np.restore(folder)
    assert saved["generation"] in generations, saved["generation"]
    assert float((saved["x"] == saved["generation"]).sum()) == 300 * 40


for generation in range(3):
    assert child(lambda: keep(10**6, generation)) == 0
last = 2
for k in range(200):
    died = child(lambda: keep(k, last + 1)) == 9
    assert child(lambda: check(last, last + 1)) == 0
    if not died:
        break
assert k > 12, k
print("calls", k)
"""


def test_a_process_that_dies_at_any_call_leaves_a_whole_generation(
    folder: str, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(AT_ANY_CALL.replace("sys.argv[1], int(sys.argv[2])", f"{folder!r}, 0"))
    status, out, err = run(program, QUELEA_THREADS="1")
    assert status == 0, err
    assert out.startswith("calls")


# ---- jobs of several ranks ----

JACOBI = """
import hashlib, time
folder, steps, every, slowly = {folder!r}, {steps}, {every}, {slowly}
n = 61
saved = np.restore(folder, None)
if saved:
    (u, v), first, rng = saved["fields"], saved["step"], saved["rng"]
else:
    u = np.zeros((n, 2 * n)); u[0] = 1.0
    v, first, rng = u.copy(), 0, np.random.default_rng(3)
print("from", first, os.getpid(), flush=True)
for step in range(first, steps):
    np.checkpoint_every(every, folder, fields=[u, v], step=step, rng=rng)
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    v[1:-1, 5] += 1e-3 * rng.random(n - 2)
    u, v = v, u
    if slowly: time.sleep(slowly); float(u[3, 3])
print("sum", float(u.sum()).hex())
print("bits", np.on_root(lambda a: hashlib.sha256(a.tobytes()).hexdigest(), u))
"""


def jacobi(folder: str, steps: int = 60, every: float = 0, slowly: float = 0) -> str:
    return JACOBI.format(folder=folder, steps=steps, every=every, slowly=slowly)


def undisturbed(steps: int = 60, n: int = 61) -> Any:
    u = numpy.zeros((n, 2 * n))
    u[0] = 1.0
    v, rng = u.copy(), numpy.random.default_rng(3)
    for _ in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        v[1:-1, 5] += 1e-3 * rng.random(n - 2)
        u, v = v, u
    return u


def last_of(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith(("sum", "bits"))]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: Any) -> list[str]:
    """An undisturbed run's, which has NumPy's bits."""
    import hashlib

    path = str(tmp_path_factory.mktemp("undisturbed") / "run")
    found = last_of(fine(jacobi(path, every=1e6), 0))
    assert found[1] == "bits " + hashlib.sha256(undisturbed().tobytes()).hexdigest()
    return found


@pytest.mark.parametrize(("ranks", "then", "nodes"), [(3, 2, "1"), (2, 3, "0"), (4, 0, "2")])
def test_a_killed_rank_and_other_ranks_afterwards(
    ranks: int, then: int, nodes: str, folder: str, expected: list[str]
) -> None:
    die = f"    if step == 25 and np.rank == {ranks - 1}: os.kill(os.getpid(), signal.SIGKILL)\n    u, v"
    status, _, err = job(jacobi(folder).replace("    u, v", die, 1), ranks, QUELEA_NODE_SIZE=nodes)
    assert status != 0
    assert "signal 9" in err or "Killed" in err
    out = fine(jacobi(folder), then, QUELEA_NODE_SIZE=nodes)
    first = int(out.split()[1])
    assert 20 <= first <= 25
    assert last_of(out) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_ranks_killed_at_random_moments(seed: int, folder: str, expected: list[str]) -> None:
    choose = random.Random(seed)
    for _ in range(3):
        ranks = choose.choice([2, 3, 4])
        running = Job(
            jacobi(folder, slowly=0.01),
            ranks,
            QUELEA_NODE_SIZE=choose.choice(["0", "1"]),
            QUELEA_OUTPUT="all",
        )
        pids = [int(running.process.stdout.readline().split()[2]) for _ in range(ranks)]
        time.sleep(choose.random() * 0.4)
        try:
            import os
            import signal

            os.kill(choose.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            pass  # it had come to its end
        running.end()
    assert last_of(fine(jacobi(folder), choose.choice([0, 2, 3]))) == expected


def test_a_signal_ends_the_job_and_it_goes_on(folder: str, expected: list[str]) -> None:
    keeps = "    np.checkpoint_every(every, folder, fields=[u, v], step=step, rng=rng)\n"
    waits = f"""
    if step == 5:
        float(u.sum())  # all ranks are there, and heed signals
        if np.rank == 0: print("here", flush=True)
    while step == 20:
        time.sleep(0.01)
    {keeps}{keeps}"""  # as the step begins, where a run goes on
    code = jacobi(folder, every=1e6).replace(keeps, waits, 1)
    running = Job(code, 3, QUELEA_NODE_SIZE="1")
    assert running.process.stdout.readline().startswith("from 0")
    assert running.process.stdout.readline() == "here\n"
    running.process.send_signal(10)  # SIGUSR1, which mpirun hands on
    status, _, err = running.end()
    assert status == 0, err
    assert "a signal asks the job to end" in err
    out = fine(jacobi(folder, every=1e6), 2)
    assert 5 < int(out.split()[1]) <= 20
    assert last_of(out) == expected


@pytest.mark.parametrize("rank", [0, 2])
def test_a_full_disk_on_one_rank(rank: int, folder: str) -> None:
    code = f"""
    import resource
    np.checkpoint({folder!r}, x=np.full((300, 100), 1.0))
    if np.rank == {rank}:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    try:
        np.checkpoint({folder!r}, x=np.full((300, 100), 2.0))
    except OSError as error:
        print(np.rank, type(error).__name__, error)
    np.sync()
    print(np.rank, float(np.restore({folder!r})["x"].sum()))
    """
    out = fine(code, 3, QUELEA_OUTPUT="all", QUELEA_NODE_SIZE="1")
    said = [line.split(" ", 1)[1] for line in out.splitlines() if "File too large" in line]
    assert len(said) == 3
    assert len(set(said)) == 1
    where = rf"{re.escape(folder)}/\.new-00000002-\w+/piece-{rank:05d}"
    assert re.fullmatch(rf"OSError \[Errno 27\] File too large: '{where}'", said[0])
    assert out.count("30000.0") == 3


def test_a_thread_that_is_not_the_main_one_has_a_clock_and_no_signals(folder: str) -> None:
    code = f"""
    import threading, warnings
    def work():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for k in range(3): print(np.checkpoint_every(0, {folder!r}, k=k).generation)
        print(len(caught), caught[0].category.__name__, caught[0].filename, "main" in str(caught[0].message))
    thread = threading.Thread(target=work)
    thread.start(), thread.join()
    print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
    """
    assert fine(code, 0).split() == [
        "1",
        "2",
        "3",
        "1",
        "RuntimeWarning",
        "<string>",
        "True",
        "True",
    ]
