"""``python -m quelea bench latency``: what a slow network costs a stencil that two hosts share.

The hosts are namespaces of this machine (``cluster/hosts``): once without latency, which is what a step takes to be
computed, and once with as much latency as half of that. Answers are compared bit by bit.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..temporary import TemporaryFolder
from .common import count, warn_of_others
from .jobs import Reading, agree, median, reading
from .programs.stencils import STENCILS
from .report import Report

__all__ = ["main"]

_HOSTS = Path(__file__).resolve().parents[3] / "cluster" / "hosts"
_LEAST = 5000  # microseconds of latency
_MOST_RATIO = 1.15
_WAYS = {"in sweeps": "0", "one step after another": "1"}


class _Lab:
    """Two hosts that are up."""

    def __init__(self, state: str) -> None:
        self._state = state

    def run(self, *words: str, **more: str) -> Reading:
        command = [str(_HOSTS), "run", "1", sys.executable, "-m", "quelea.bench.sweeps"]
        variables = {"QUELEA_LAB": self._state, "QUELEA_OUTPUT": "root", "QUELEA_THREADS": "1"}
        return reading([*command, "--worker", "quelea", *words], **variables, **more)


@contextmanager
def _lab(delay: int) -> Iterator[_Lab]:
    with TemporaryFolder("lab") as folder:
        state = os.path.join(folder, "state")
        keeper = subprocess.Popen(
            [str(_HOSTS), "up", "2", "--delay", str(delay), "--hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "QUELEA_LAB": state},
            text=True,
        )
        try:
            assert keeper.stdout is not None
            if not keeper.stdout.readline().startswith("ready"):
                raise RuntimeError("cluster/hosts could not make its hosts")
            yield _Lab(state)
        finally:
            keeper.communicate()


def _not_permitted() -> str:
    if not _HOSTS.exists():
        return "cluster/hosts is not here: run this from a checkout"
    done = subprocess.run([str(_HOSTS), "check"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"cluster/hosts: {done.stdout or done.stderr}".strip()


def _measure(lab: _Lab, words: Sequence[str], block: str, repeats: int) -> list[Reading]:
    return [lab.run(*words, QUELEA_TIME_BLOCK=block) for _ in range(repeats)]


def main(arguments: Sequence[str] = ()) -> int:
    """Run the benchmark: arguments, status and errors are those of `bench.main`."""
    parser = argparse.ArgumentParser(
        prog="python -m quelea bench latency",
        description="What a step of a stencil takes on two hosts whose messages travel for half of that, "
        f"or {_LEAST} us: at most {_MOST_RATIO} times what it takes without latency.",
    )
    names = [stencil.name for stencil in STENCILS]
    parser.add_argument("--row", choices=names, default="jacobi", help="which one (jacobi)")
    parser.add_argument("--n", type=count, default=8192, help="points along a side (8192)")
    parser.add_argument("--steps", type=count, default=128, help="time steps (128)")
    parser.add_argument("--repeats", type=count, default=3, help="runs whose median counts (3)")
    given = parser.parse_args(arguments)
    if reason := _not_permitted():
        print(reason, file=sys.stderr)
        return 2
    warn_of_others()
    report = Report(44)
    words = (given.row, str(given.n), str(given.steps), str(min(given.steps, 64)))
    for way, block in _WAYS.items():
        with _lab(0) as lab:
            near = _measure(lab, words, block, given.repeats)
        step = median(near) / given.steps
        delay = max(_LEAST, round(5e5 * step))
        with _lab(delay) as lab:
            far = _measure(lab, words, block, given.repeats)
        agree(f"{given.row}, {way}", {"near": near, "far": far})
        taken = median(far) / given.steps
        report.title(
            f"{given.row}, n = {given.n}, {given.steps} steps, two hosts, {way}; ms a step"
        )
        report.row("without latency", f"{1e3 * step:.2f}")
        bound = _MOST_RATIO if step >= 2e-6 * _LEAST else None
        report.row(f"with {delay} us", f"{1e3 * taken:.2f}", taken / step, most=bound)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
