"""Jobs that run long, and such as are killed again and again: memory stays, bits are right, nothing is left behind."""

import contextlib
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import soak
from jobs import LAUNCHED, Job

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"),
]

PROGRAM = Path(soak.__file__)
LIMIT = 3600  # seconds that only a hang takes
PROGRAMS, ROUNDS = 12, 18  # about 570 executions in each round on one node, 780 on several


@pytest.fixture
def folder() -> Iterator[Path]:
    """Temporary files of a job, with a short name, as those of sockets must have."""
    with tempfile.TemporaryDirectory(prefix="q") as path:
        yield Path(path)


def ended(running: Job, temporary: Path) -> tuple[int, str, str]:
    result = running.end()
    assert os.listdir(temporary) == []
    return result


def slope(rank: list[dict[str, int]], name: str) -> float:
    """By how much that grows in a round, beside what each plan takes; in the first ones all begins."""
    begun = rank[4:]
    factors = [(1, level["plans"], k) for k, level in enumerate(begun)]
    solved = numpy.linalg.lstsq(factors, [level[name] for level in begun], rcond=None)
    return float(solved[0][2])


@pytest.mark.parametrize("nodes", ["0", "1", "2"])
def test_memory_is_constant(nodes: str, folder: Path) -> None:
    """By half of the time all plans are kept that there is room for; a lost object takes 32 bytes at least."""
    running = Job(
        PROGRAM,
        4,
        (int(nodes), PROGRAMS, ROUNDS),
        LIMIT,
        QUELEA_NODE_SIZE=nodes,
        TMPDIR=str(folder),
    )
    status, out, err = ended(running, folder)
    assert status == 0, err
    told = json.loads(out)
    assert told["flushes"] >= 10_000
    for rank in told["levels"]:
        half, last = rank[: ROUNDS // 2], rank[-1]
        for name in ("arena_bytes", "kept_copies_bytes", "objects", "files"):
            assert {level[name] for level in rank} == {last[name]}, (name, rank)
        for name in ("templates", "plans"):
            assert last[name] <= max(level[name] for level in half), (name, rank)
        assert slope(rank, "allocated") < 8 * told["flushes"] / ROUNDS, rank
        for name in ("own", "shared"):  # what the allocator has in pieces, too
            grown = last[name] - max(level[name] for level in half)
            assert grown < 256 * told["flushes"] / 2, (name, rank)


@pytest.mark.parametrize("seed", range(4))
def test_ranks_are_killed_and_others_go_on(seed: int, folder: Path) -> None:
    choose, steps = random.Random(seed), 400
    path, temporary = folder / "run", folder / "t"
    temporary.mkdir()

    def start(ranks: int, **extra: Any) -> Job:
        given = (seed, steps, "kept", path)
        return Job(PROGRAM, ranks, given, LIMIT, TMPDIR=str(temporary), **extra)

    begins = []
    for _ in range(5):
        ranks = choose.choice([2, 3, 4])
        nodes = choose.choice(["0", "1", "2"])
        running = start(ranks, QUELEA_NODE_SIZE=nodes, QUELEA_OUTPUT="all")
        words = [running.process.stdout.readline().split() for _ in range(ranks)]
        begins.append(int(words[0][1]))
        until = soak.generation(path) + choose.randrange(4)
        while soak.generation(path) < until and running.process.poll() is None:
            time.sleep(0.01)
        time.sleep(choose.random() * 0.3)
        with contextlib.suppress(ProcessLookupError):  # it had come to its end
            os.kill(int(choose.choice(words)[2]), signal.SIGKILL)
        ended(running, temporary)
    status, out, err = ended(start(choose.choice([0, 2, 3])), temporary)
    assert status == 0, err
    assert 0 < max(begins) < steps, begins
    assert out.splitlines()[-1] == soak.undisturbed(seed, steps)
