"""When the log is executed: loops are cut at a multiple of their period, so that few plans are made for them."""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from support import happened, recorded, same

import quelea as np

N = 300
FLUSH = int(os.environ.get("QUELEA_FLUSH", "64"))
SWEPT = int(os.environ.get("QUELEA_TIME_BLOCK", "0")) > 1  # logs are long on purpose
Work = Callable[[int], Any]


def fields(count: int) -> Work:
    """A statement for each of so many fields, and one more, in every step."""
    f = [np.ones(N) for _ in range(count)]

    def run(steps: int) -> Any:
        for _ in range(steps):
            for k in range(count):
                f[k][1:-1] = 0.5 * (f[k][:-2] + f[(k + 1) % count][2:]) + 0.1
            f[0][0] = 1.0
        return f[0]

    return run


def rotation() -> Work:
    u = [np.zeros(N) + k for k in range(3)]

    def run(steps: int) -> Any:
        for _ in range(steps):
            u[2][1:-1] = 2 * u[1][1:-1] - u[0][1:-1] + 0.1 * (u[1][2:] + u[1][:-2])
            u.append(u.pop(0))
        return u[1]

    return run


def fresh() -> Work:
    def run(steps: int) -> Any:
        u = np.zeros(N)
        for _ in range(steps):
            u = u * 0.5 + 1
            w = u - 1
            u = w + 0.25 * u
        return u

    return run


def nested() -> Work:
    u, v = np.zeros(N), np.ones(N)

    def run(steps: int) -> Any:
        for _ in range(steps // 10):
            for _ in range(47):
                v[1:-1] = 0.25 * (u[:-2] + u[2:])
            for _ in range(31):
                u[1:-1] = 0.25 * v[:-2]
                u[0] = 1
        return u

    return run


def looking() -> Work:
    """A look every ten steps, which have more statements than a log usually has."""
    u, v = np.zeros(N), np.ones(N)

    def run(steps: int) -> Any:
        nonlocal u, v
        for step in range(steps):
            v[1:-1] = 0.25 * (u[:-2] + u[2:]) + 0.5 * u[1:-1] + 1 + u[1:-1]
            u, v = v, u
            if step % 10 == 9:
                float(abs(u - v).max())
        return u

    return run


LOOPS: dict[str, Callable[[], Work]] = {
    **{f"{k} fields": lambda k=k: fields(k) for k in (1, 3, 7, 19, 50)},  # type: ignore[misc]
    "rotation": rotation,
    "fresh": fresh,
    "nested": nested,
    "looking": looking,
}


@recorded
@pytest.mark.skipif(FLUSH < 20, reason="each assignment has a plan of its own")
def test_views_move_and_temporaries_do_not() -> None:
    a = np.zeros((4, 500))

    def run() -> None:
        for j in range(1, 500):
            a[:, j] = (a[:, j] + a[:, j - 1]) * 0.5 + 1

    counts = happened(run)
    assert counts["statements"] < 2 * FLUSH * counts["flushes"], counts


@recorded
@pytest.mark.skipif(FLUSH < 20 or SWEPT, reason="logs have another length")
def test_rows_of_a_loop_that_is_run_again() -> None:
    """Where it was run before every row seems to go on; logs must not wait for that, longer each time."""
    a, out = np.ones((34, 64)), np.zeros((30, 60, 5))

    def run() -> None:
        for i in range(30):
            for j in range(60):
                out[i, j] = a[i : i + 5, j : j + 5].sum(0) * 2 + 1
        np.sync()

    for _ in range(4):
        counts = happened(run)
        assert counts["statements"] <= 5 * FLUSH * counts["flushes"], counts


@recorded
@pytest.mark.skipif(FLUSH < 20 or SWEPT, reason="logs have another length")
def test_long_steps_are_cut_at_the_same_places() -> None:
    """Plans of thousands of statements take long to make: at most 1024, and the same ones in each step."""
    chance = random.Random(1)
    u, order = [np.ones(N) for _ in range(3)], [chance.randrange(9) for _ in range(1500)]

    def run(steps: int) -> None:
        for _ in range(steps):
            for k in order:
                u[k % 3][1 + k // 3 : -1] = u[(k + 1) % 3][: N - 2 - k // 3] * 0.5

    run(3)
    counts = happened(lambda: run(4))
    assert counts["plans_made"] <= 1 and counts["statements"] <= 1024 * counts["flushes"], counts


@recorded
@pytest.mark.skipif(FLUSH < 20 or SWEPT, reason="logs have another length")
def test_a_call_of_many_rows_has_its_plans_soon() -> None:
    a, b, out = np.ones((19, 64)), np.ones(5), np.zeros((15, 60, 5))

    def run() -> None:
        out[...] = 0
        for i in range(15):
            for j in range(60):
                out[i, j] = (a[i : i + 5, j : j + 5, None] * b).sum((0, 1))
        np.sync()

    for _ in range(4):
        run()
    counts = happened(run)
    assert counts["plans_made"] == 0 and counts["statements"] <= 1024 * counts["flushes"], counts


@pytest.mark.skipif(FLUSH < 20, reason="each assignment has a plan of its own")
@pytest.mark.parametrize("name", LOOPS)
def test_few_plans_for_a_loop(name: str) -> None:
    run = LOOPS[name]()
    counts = happened(lambda: run(200))
    assert counts["plans_made"] <= (8 if name == "nested" else 5), counts
    assert sum(counts[f"plans_{how}"] for how in ("made", "reused", "moved")) == counts["flushes"]


@pytest.mark.parametrize("name", LOOPS)
def test_wherever_it_is_cut_the_values_are_the_same(name: str) -> None:
    often, seldom = LOOPS[name](), LOOPS[name]()
    for _ in range(7):
        often(10)
        np.sync()
    same(seldom(70) if name != "fresh" else seldom(10), often(0) if name != "fresh" else often(10))


@pytest.mark.skipif(FLUSH > 1, reason="assignments are executed together")
@recorded
def test_each_assignment_at_once() -> None:
    # three arrays are made first, which is no assignment: with what follows they are four statements
    assert happened(lambda: fields(3)(20))["flushes"] == 1 + 4 * 20


def test_loops_that_change() -> None:
    """After each change a loop is soon cut as if it had always run."""
    u, v = np.zeros(N), np.ones(N)

    def first() -> None:
        v[1:-1] = 0.25 * (u[:-2] + u[2:])

    def second() -> None:
        u[1:-1] = 0.25 * v[:-2]
        u[0] = 1

    for step in (first, second, first, second):
        counts = happened(lambda step=step: [step() for _ in range(400)])  # type: ignore[misc]
        assert counts["plans_made"] <= 4, counts
