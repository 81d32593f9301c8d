"""Runs that this process starts, one after another."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from .launchers import LAUNCHERS, Place, environment
from .measuring import Reading, row_of
from .records import Records, Row
from .study import Run, Study

__all__ = ["run_here"]

_PR_SET_PDEATHSIG = 1
_GRACE = 20  # seconds in which mpirun ends its ranks


def _ends_with_us() -> Callable[[], None] | None:
    """Make a job end when this process is killed, however that is: its ranks would disturb the runs to come."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(job: "subprocess.Popen[bytes]") -> None:
    """End a job and all that it has started."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.wait(_GRACE)
            return


def run_here(study: Study, place: Place, reading: Reading, records: Records, run: Run) -> Row:
    """Run once, and give the row that it makes.

    Raises
    ------
    ValueError
        There are not so many hosts.
    OSError
        The launcher cannot be started.
    """
    launcher = LAUNCHERS[study.launcher]
    files = {kind: records.file(run, kind) for kind in ("json", "out", "err")}
    for file in files.values():
        file.unlink(missing_ok=True)
    more = environment(launcher, place, run.point, files["json"])
    given = {**os.environ, **more}
    words = launcher.words(place, run.point, given)
    command = [*words, *study.command(run.point, sys.executable)]
    began = time.monotonic()
    with open(files["out"], "wb") as out, open(files["err"], "wb") as err:
        job = subprocess.Popen(
            command,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=_ends_with_us(),
        )
        try:
            code = job.wait(place.limit + _GRACE)
            status = "ok" if code == 0 else f"status {code}"
        except subprocess.TimeoutExpired:
            _end(job)
            status = f"more than {place.limit} s"
        except BaseException:
            _end(job)
            raise
    return row_of(study, reading, records, run, status, time.monotonic() - began)
