"""Programs that tests start: processes of their own, and jobs of several ranks."""

import os
import subprocess
import sys
import textwrap

LAUNCHED = "OMPI_COMM_WORLD_RANK" in os.environ


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
    """Arguments that run a program in one process (0 ranks), or on ranks for at most so many seconds."""
    program = [sys.executable, "-c", textwrap.dedent(code)]
    if not ranks:
        return program
    return ["mpirun", "--timeout", str(limit), "--oversubscribe", "-n", str(ranks), *program]


def run(code, ranks=0, **extra):
    """Run a program in one process, or on ranks of a job that cannot last; give status, output and errors."""
    done = subprocess.run(
        command(code, ranks, 60),
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
