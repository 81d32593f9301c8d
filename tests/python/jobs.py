"""Programs that tests start: processes of their own, and jobs of several ranks."""

import os
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest

LAUNCHED = "OMPI_COMM_WORLD_RANK" in os.environ
LIMIT = (
    300  # seconds that only a hang takes, also beside other work; mpirun says that they are over
)


def sampled(rows, sample):
    """Parameters of tests that start a job each: without --all, which has time for all of them, those of the sample."""
    assert set(sample) <= set(rows)
    each = [(row, row if isinstance(row, tuple) else (row,)) for row in rows]
    return [pytest.param(*of, marks=() if row in sample else pytest.mark.slow) for row, of in each]


def environment(extra):
    import quelea

    env = {k: v for k, v in os.environ.items() if k not in ("QUELEA_OUTPUT", "PYTHONUNBUFFERED")}
    folder = os.path.dirname(os.path.dirname(quelea.__file__))
    path = os.pathsep.join(filter(None, [folder, env.get("PYTHONPATH")]))
    return {
        **env,
        "PYTHONPATH": path,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        **extra,
    }


def command(code, ranks, limit):
    """Arguments that run a program, text or file, in one process (0 ranks), or on ranks for at most so many seconds."""
    program = [
        sys.executable,
        *([str(code)] if isinstance(code, Path) else ["-c", textwrap.dedent(code)]),
    ]
    if not ranks:
        return program
    return ["mpirun", "--timeout", str(limit), "--oversubscribe", "-n", str(ranks), *program]


def run(code, ranks=0, **extra):
    """Run a program in one process, or on ranks of a job that cannot last; give status, output and errors."""
    done = subprocess.run(
        command(code, ranks, LIMIT),
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=LIMIT + 30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


# ---- jobs that leave nothing behind ----


def _fixed_environment(extra):
    """Of nothing that is set for the tests themselves but the cache."""
    fixed = {"QUELEA_REPLICATE": "-1", "QUELEA_THREADS": "1", **extra}
    inherited = environment(fixed).items()
    return {
        k: v
        for k, v in inherited
        if not k.startswith("QUELEA_") or k in fixed or k == "QUELEA_CACHE"
    }


def living(mark):
    """Processes that carry the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
        except OSError:
            continue  # gone, or not ours
    return found


def shared_memory():
    return {name for name in os.listdir("/dev/shm") if "quelea" in name.lower()}


class Job:
    """A program, text or file with arguments, on some ranks; 0: without mpirun."""

    def __init__(self, code, ranks, given=(), limit=LIMIT, **extra):
        self.mark = f"JOB_{uuid.uuid4().hex}"
        self.shared, self.limit = shared_memory(), limit
        if not isinstance(code, Path):
            code = "import numpy, os, signal, sys\nimport quelea as np\n" + textwrap.dedent(code)
        self.process = subprocess.Popen(
            [*command(code, ranks, limit), *map(str, given)],
            env=_fixed_environment({self.mark: "1", **extra}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self):
        out, err = self.process.communicate(timeout=self.limit + 30)
        assert "time limit" not in err, f"a hang: {out}\n{err}"
        deadline = time.monotonic() + 20
        while (left := living(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == []
        assert shared_memory() <= self.shared
        return self.process.returncode, out, err


def job(code, ranks=3, **extra):
    return Job(code, ranks, **extra).end()


def fine(code, ranks=3, **extra):
    status, out, err = job(code, ranks, **extra)
    assert status == 0, err
    return out
