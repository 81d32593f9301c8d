"""Jobs of a private Slurm over three hosts of network namespaces, by srun and by mpirun in a batch job; some die.

A failure accuses cluster/slurm when the first test fails; else comm/launch.c, where ranks do not find each other, and
comm/ring.c, where nobody notices that one is gone.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from labs import KEPT, LIMIT, ROOT, Lab, assert_nothing_left, job_processes, not_permitted

SLURM = str(ROOT / "cluster" / "slurm")
RECIPES = ROOT / "cluster" / "recipes"
MARK = f"QUELEA_TEST_MARK={os.getpid()}.slurm"  # of the lab, its daemons and their jobs
SRUN = ("srun", "--mpi=pmix", "--ntasks-per-node=1", "--kill-on-bad-exit=0")


class Slurm(Lab):
    """What users have: commands, and what jobs print, in files."""

    script = SLURM

    def command(self, *words: str | Path, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [SLURM, "run", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **more},
            text=True,
        )

    def said(self, *words: str | Path, **more: str) -> str:
        with self.command(*words, **more) as job:
            out, err = job.communicate(timeout=LIMIT)
        assert job.returncode == 0, out + err
        return out


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if reason := not_permitted(SLURM):
        pytest.skip(reason)
    name, value = MARK.split("=")
    shared = set(os.listdir("/dev/shm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        made = Slurm(tmp_path_factory.mktemp("slurm") / "state")
    assert len(job_processes(MARK)) > 3
    yield made
    made.keeper.send_signal(signal.SIGTERM)  # as Ctrl-C, and as any end of it
    made.close()
    assert_nothing_left(MARK, shared)


def until(check: Callable[[], Any], what: Callable[[], str]) -> Any:
    """Wait until something is so; say what is known if it never is."""
    end = time.monotonic() + LIMIT
    while not (found := check()):
        assert time.monotonic() < end, what()
        time.sleep(0.05)
    return found


class Batch:
    """A recipe that was submitted with a program's words; what it prints goes to a file."""

    def __init__(
        self,
        slurm: Slurm,
        folder: Path,
        recipe: str,
        words: Sequence[str | Path],
        *options: str,
        **more: str,
    ) -> None:
        self.file = folder / "out.txt"
        self.slurm = slurm
        submit = ("sbatch", "--parsable", "-N3", "-o", self.file, *options, RECIPES / recipe)
        self.begun = time.monotonic()
        self.number = slurm.said(*submit, *words, PYTHON=sys.executable, **more).strip()

    def text(self) -> str:
        return self.file.read_text() if self.file.exists() else ""

    def has_ended(self) -> bool:
        """Nothing of it runs on hosts that are there."""
        return not self.slurm.said("squeue", "-h", "-t", "R,PD", "-j", self.number)

    def await_text(self, text: str) -> None:
        until(lambda: text in self.text() or self.has_ended(), self.text)
        assert text in self.text(), self.text()

    def end(self) -> str:
        until(self.has_ended, self.text)
        return self.text()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(KEPT)
    return path


@pytest.fixture(scope="module")
def bits(slurm: Slurm, program: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The last line of a run on three hosts that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    out = slurm.said(*SRUN, "-N3", sys.executable, program, folder, "0", "1e6")
    assert "from 0 on 3 hosts" in out
    return out.splitlines()[-1]


def test_srun(bits: str) -> None:
    assert re.fullmatch(r"bits [0-9a-f]{64} 0x1\.[0-9a-f]+p\+\d+", bits)


# Slurm looks at time limits twice a minute.
@pytest.mark.parametrize("who", ["user", pytest.param("limit", marks=pytest.mark.slow)])
def test_mpirun_in_a_batch_job_is_told_that_it_will_end(
    slurm: Slurm, program: Path, bits: str, tmp_path: Path, who: str
) -> None:
    command = (program, tmp_path / "run")
    options = ("--ntasks-per-node=2", "--cpus-per-task=1", "--signal=B:USR1@55", "--time=10")
    job = Batch(slurm, tmp_path, "slurm-mpirun.sh", (*command, "0.05", "1e6"), *options)
    job.await_text("first kept")
    if who == "user":
        slurm.said("scancel", "--batch", "--signal=USR1", job.number)
    else:
        minutes = 2 + int((time.monotonic() - job.begun) / 60)  # one at least is left
        slurm.said("scontrol", "update", f"JobId={job.number}", f"TimeLimit={minutes}")
    out = job.end()
    assert "from 0 on 3 hosts" in out
    assert "a signal asks the job to end: it goes on from generation 1" in out
    out = slurm.said(*SRUN, "-N2", sys.executable, *command, "0", "1e6")
    assert re.search(r"from [1-9]\d? on 2 hosts", out), out
    assert out.splitlines()[-1] == bits


def test_a_rank_dies_under_srun(slurm: Slurm, program: Path, tmp_path: Path) -> None:
    mark = f"{MARK}.rank"
    name, value = mark.split("=")
    command = (*SRUN, "-N3", sys.executable, program, tmp_path / "run", "0.05", "1e6")
    with slurm.command(*command, **{name: value}) as job:
        assert job.stdout is not None
        while "first kept" not in job.stdout.readline():
            assert job.poll() is None
        (victim,) = (
            process
            for process in job_processes(mark)
            if b"\0SLURM_PROCID=1\0" in Path(f"/proc/{process}/environ").read_bytes()
            and b"program.py" in Path(f"/proc/{process}/cmdline").read_bytes()
        )
        os.kill(victim, signal.SIGKILL)
        _, err = job.communicate(timeout=LIMIT)
    assert job.returncode != 0
    assert re.search(r"quelea: rank [02]: rank 1 on h1 has died while rank [02] waits at", err), err
    until(lambda: not job_processes(mark), lambda: str(job_processes(mark)))


# The last one: the host does not come back.
def test_a_host_goes_silent_and_the_job_goes_on_on_two(
    slurm: Slurm, program: Path, bits: str, tmp_path: Path
) -> None:
    command = (program, tmp_path / "run")
    job = Batch(slurm, tmp_path, "slurm-srun.sh", (*command, "0.05", "0"), QUELEA_SILENCE="4")
    job.await_text("kept generation 5")
    slurm.cut("h1")
    out = job.end()
    assert re.search(r"quelea: rank \d: h1, the host of rank 1, does not answer any more", out), out
    out = slurm.said(*SRUN, "-N2", sys.executable, *command, "0", "1e6")
    assert re.search(r"from [1-9]\d? on 2 hosts", out), out
    assert out.splitlines()[-1] == bits
