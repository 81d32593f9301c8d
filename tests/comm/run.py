"""Runs a program on the ranks of a job and judges how it ends: its exit code, what it says, and that it leaves nothing.

    run.py [--ranks N] [--env NAME=VALUE]... [--fails | --code N] [--says REGEX]... [--times N] [--silent] PROGRAM...

N = 0 runs the program without mpirun. The job must end by itself within --limit seconds. Afterwards no process of it
may live, and neither /dev/shm nor the job's private TMPDIR may hold a file that was not there before and that nobody
has mapped, but for what the launcher itself forgets.
"""

import argparse
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SHARED = pathlib.Path("/dev/shm")
LAUNCHER = "pmix-gds-shmem."  # PMIx 5 leaves two files behind when a job is aborted


def processes(tag: str) -> list[int]:
    """The processes whose environment holds the tag."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (
                tag.encode() in (folder / "environ").read_bytes()
                and int(folder.name) != os.getpid()
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def mapped(path: pathlib.Path) -> bool:
    """Whether a process has the file mapped: then it belongs to another job that is running."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(path) in (folder / "maps").read_text():
                return True
        except OSError:
            continue
    return False


def settle(check: Callable[[], list[T]], seconds: float = 8.0) -> list[T]:
    """Asks until the answer is empty, or time is over: launchers clean up a moment after they return."""
    end = time.monotonic() + seconds
    while (answer := check()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


def command(options: argparse.Namespace) -> list[str]:
    program = [options.program, *options.arguments]
    if options.ranks == 0:
        return program
    names = [word for pair in options.env for word in ("-x", pair.split("=", 1)[0])]
    limit = ["--timeout", str(options.limit)]
    return ["mpirun", *limit, "--oversubscribe", "-n", str(options.ranks), *names, *program]


def judge(options: argparse.Namespace, code: int, text: str) -> list[str]:
    wrong = []
    if options.code is not None and code != options.code:
        wrong.append(f"exit code {code}, expected {options.code}")
    if options.code is None and (code != 0) != options.fails:
        wrong.append(f"exit code {code}, expected {'a failure' if options.fails else '0'}")
    for pattern in options.says:
        times = len(re.findall(pattern, text))
        if times != options.times and not (options.times == 0 and times):
            wrong.append(f"says {pattern!r} {times} times, expected {options.times or 'some'}")
    if options.silent and "quelea:" in text:
        wrong.append("says something")
    return wrong


def environment(options: argparse.Namespace, tag: str, folder: str) -> dict[str, str]:
    """The environment of the job: a private TMPDIR, and a tag by which its processes are known."""
    variables = dict(
        os.environ, TMPDIR=folder, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1"
    )
    if options.ranks:  # Open MPI leaks at its end, and takes its locks in more than one order
        variables.setdefault("ASAN_OPTIONS", "detect_leaks=0")
        variables.setdefault("TSAN_OPTIONS", "detect_deadlocks=0")
    for pair in [tag, *options.env]:
        name, value = pair.split("=", 1)
        variables[name] = value
    return variables


def written(folder: pathlib.Path) -> list[pathlib.Path]:
    """The job's files below the folder."""
    return [
        path
        for path in folder.rglob("*")
        if not path.is_dir() and not path.name.startswith(LAUNCHER)
    ]


def remains(
    options: argparse.Namespace, tag: str, folder: str, before: set[pathlib.Path]
) -> list[str]:
    """What the job has left, in words. Its processes are ended."""
    wrong = []
    if left := settle(lambda: processes(tag)):
        wrong.append(f"processes are left: {left}")
        for process in left:
            os.kill(process, signal.SIGKILL)
    if files := settle(
        lambda: [path for path in set(SHARED.iterdir()) - before if not mapped(path)]
    ):
        wrong.append(f"files are left: {files}")
    if not options.no_cleaner and (files := settle(lambda: written(pathlib.Path(folder)))):
        wrong.append(f"files are left: {files}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, default=0)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--fails", action="store_true")
    parser.add_argument("--code", type=int)
    parser.add_argument("--says", action="append", default=[])
    parser.add_argument(
        "--times", type=int, default=1, help="how often each thing is said; 0: at least once"
    )
    parser.add_argument("--silent", action="store_true")
    parser.add_argument(
        "--no-cleaner", action="store_true", help="mpirun dies: its own session files may stay"
    )
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    tag = f"QUELEA_TEST_JOB={secrets.token_hex(8)}"
    before = set(SHARED.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        try:
            job = subprocess.run(
                command(options),
                env=environment(options, tag, folder),
                capture_output=True,
                text=True,
                timeout=options.limit + 30,
            )
            wrong = judge(options, job.returncode, job.stderr)
            said = job.stdout + job.stderr
        except subprocess.TimeoutExpired as late:
            wrong, said = ["does not end"], f"{late.stdout!r}\n{late.stderr!r}"
        wrong += remains(options, tag, folder, before)
    if wrong:
        print(said, *wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
