"""Runs a program on the ranks of a job and judges how the job ends: exit code, what it says, and that it leaves nothing.

    run.py [--ranks N] [--env NAME=VALUE]... [--fails | --code N] [--says REGEX]... [--times N] [--silent] PROGRAM ARGUMENTS

N = 0 runs the program without mpirun. The job must end by itself within --limit seconds. Afterwards no process of it may live, and neither
/dev/shm nor the job's private TMPDIR may hold a file that was not there before and that nobody has open.
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

SHARED = pathlib.Path("/dev/shm")


def processes(tag: str) -> list[int]:
    """The processes whose environment holds the tag."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if tag.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
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


def settle(check, seconds: float = 8.0):
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


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, default=0)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--fails", action="store_true")
    parser.add_argument("--code", type=int)
    parser.add_argument("--says", action="append", default=[])
    parser.add_argument("--times", type=int, default=1, help="how often each thing is said; 0: at least once")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--no-cleaner", action="store_true", help="mpirun dies: its own session files may stay")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    tag = f"QUELEA_TEST_JOB={secrets.token_hex(8)}"
    before = set(SHARED.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, TMPDIR=folder, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        if options.ranks:  # Open MPI leaks at its end, and takes its locks in more than one order
            environment.setdefault("ASAN_OPTIONS", "detect_leaks=0")
            environment.setdefault("TSAN_OPTIONS", "detect_deadlocks=0")
        environment.update(pair.split("=", 1) for pair in [tag, *options.env])
        job = subprocess.run(command(options), env=environment, capture_output=True, text=True, timeout=options.limit + 30)
        wrong = judge(options, job.returncode, job.stderr)
        if left := settle(lambda: processes(tag)):
            wrong.append(f"processes are left: {left}")
            for process in left:
                os.kill(process, signal.SIGKILL)
        if left := settle(lambda: [path for path in set(SHARED.iterdir()) - before if not mapped(path)]):
            wrong.append(f"files are left: {left}")
        if not options.no_cleaner and (left := settle(lambda: [path for path in pathlib.Path(folder).rglob("*") if not path.is_dir()], 2.0)):
            wrong.append(f"files are left: {left}")
    if wrong:
        print(job.stdout, job.stderr, *wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
