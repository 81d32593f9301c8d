"""Loops whose views move or shrink: a plan that was made for other positions is moved, and computes the same.

Whether two views of an array meet changes from step to step here: a plan may only be moved where it serves.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import SWEPT, happened, recorded, same

import quelea

N, M = 23, 17
STEPS = 9
FLUSH = int(os.environ.get("QUELEA_FLUSH", "64"))
ONE_NODE = quelea.info()["node_count"] == 1
Arrays = dict[str, Any]


def arrays() -> dict[str, numpy.ndarray[Any, Any]]:
    values = numpy.random.default_rng(5)
    made = {name: values.integers(-4, 5, N).astype(float) for name in "abc"}
    made |= {name: values.integers(-4, 5, (N, M)).astype(float) for name in "XY"}
    return made | {"Z": values.integers(-4, 5, (N, N)).astype(float)}


def run(statements: list[str], steps: int = STEPS, between: str = "np.sync()") -> Arrays:
    """Runs the statements for k = 0, 1, ..., in NumPy and Quelea, and compares all arrays and results."""
    theirs = arrays()
    ours: Arrays = {name: quelea.asarray(x) for name, x in theirs.items()}
    code = compile("\n".join(statements), "program", "exec")
    for k in range(steps):
        for np, scope in ((numpy, theirs), (quelea, ours)):
            exec(code, {"np": np, "k": k}, scope)
        exec(between, {"np": quelea}, ours)
    for name in theirs:
        if isinstance(ours[name], quelea.ndarray):
            same(ours[name], theirs[name], (name, statements))
        else:
            assert ours[name] == theirs[name], (name, statements)
    return ours


# ---- what people write ----

LOOPS = {
    "columns": ["X[:, k + 1] = X[:, k] * .5 + 1"],
    "rows": ["X[k + 1] = X[k] * .5 + Y[k]"],
    "time": ["X[k + 1, 1:-1] = X[k, 1:-1] + .25 * (X[k, :-2] - 2 * X[k, 1:-1] + X[k, 2:])"],
    "elimination": [
        "Z[k + 1:, k] /= Z[k, k] + 9",
        "Z[k + 1:, k + 1:] -= Z[k + 1:, k:k + 1] * Z[k:k + 1, k + 1:]",
    ],
    "substitution": ["a[k] = (b[k] - (Z[k, :k] * a[:k]).sum()) / (Z[k, k] + 9)"],
    "recurrence": ["a[k + 1] = a[k] * .5 + b[k + 1]"],
    "shrinking": [f"a[k:] += b[:{N} - k] * 2"],
    "growing": ["a[:k + 1] = b[:k + 1][::-1] + 1"],
    "distances": ["c[k] = ((X - X[k]) ** 2).sum()", "Y[k] = ((X - X[k]) ** 2).sum(0)"],
    "made": ["t = X[k] * 2 + Y[k]", "a[:17] += t", "u = t[1:] - t[:-1]"],
    "rolled": ["X[k] = np.roll(X[k + 1], 1) + np.roll(X[k + 1], -1)"],
    "backwards": ["a[:k + 1][::-1] = b[:k + 1] * 2"],
    "ramps": ["c[:k + 1][::-1] = np.arange(k + 1.0)"],
    "kept": ["t = Z[:k + 1, : 2 * k + 1] + 1"],
    "kept and read": ["t = Z[:k + 1, : 2 * k + 1] + 1", "u = t[::-1] * 2", "v = (t * t).sum(0)"],
    "met once": ["a[k] += 1", "c[k] = a[5]", "X[k] += 1", "Y[k] = X[5] * 2"],
    "met by half": ["a[k : k + 4] = b[:4]", "c[k : k + 4] = a[5:9] * 2"],
    "stretched over": ["a[:k] = b[:k] * 2", "c[:k] = a[6 : k + 6]"],
    "stretched over columns": ["X[: k + 1, 0] = 1", "Y[: k + 1, 1] = X[4 : k + 5, 0]"],
    "joined": ["a[:] = np.concatenate([b[k:], b[:k]]) + a"],
    "looking": ["s = float(a[k])", "b[k] = s + 1"],
    "bubbles": ["t = np.minimum(a[:-1], a[1:])", "a[1:] = np.maximum(a[:-1], a[1:])", "a[:-1] = t"],
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("between", ["np.sync()", "pass"])
def test_loops(name: str, between: str) -> None:
    run(LOOPS[name], between=between)


MOVING = ["columns", "rows", "time", "elimination", "recurrence", "shrinking", "made", "looking"]


@recorded
@pytest.mark.skipif(not ONE_NODE, reason="on several nodes each position has a plan of its own")
@pytest.mark.skipif(FLUSH == 1, reason="a product that shrinks is stored before it is subtracted")
@pytest.mark.skipif(SWEPT, reason="plans whose kernels are computed together stay where they are")
@pytest.mark.parametrize("name", MOVING)
def test_their_plans_are_moved(name: str) -> None:
    run(LOOPS[name])
    counts = happened(lambda: run(LOOPS[name]))
    assert counts["plans_made"] <= 6 and counts["plans_moved"] > STEPS / 2, counts


# ---- ranks that let go of an array at different times ----

PLACES = [6, 7, 3, 12, 13, 15, 20, 22, 25, 30, 9, 10, 11, 16]


@pytest.mark.parametrize("seed", range(4))
def test_ranks_hold_arrays_longer_than_others(seed: int) -> None:
    """The first try of a flush is void then. What it tried is not the same on all ranks, and must leave no trace.

    Where the views meet a plan has one group more: ranks that take different plans wait in vain.
    """
    choose = random.Random(seed).choice
    a, b, c = numpy.arange(40.0), numpy.arange(40.0) * 3, numpy.zeros(40)
    x, y, z = quelea.asarray(a), quelea.asarray(b), quelea.asarray(c)
    ranks, rank = quelea.info()["size"], quelea.info()["rank"]
    held: list[Any] = []
    for step in range(60):
        k = choose(PLACES)
        t = y[:4] + k
        x[k : k + 4] = t
        z[k : k + 4] = x[5:9] * 2
        a[k : k + 4] = b[:4] + k
        c[k : k + 4] = a[5:9] * 2
        held[:] = [t] if step % ranks == rank and step // ranks % 3 == 0 else []
        del t
        quelea.sync()
    same(x, a, seed)
    same(z, c, seed)


# ---- views that meet now and then ----

# Each twice: which view of which array, over what is always one shape.
SHAPES: dict[str, list[str]] = {
    "5": [
        "{v}[k:k + 5]", "{v}[k + 3:k + 8]", "{v}[6:11]", "{v}[k + 1:k + 11:2]", "{v}[k + 4:k + 14:2]",
        "{v}[k + 8:k + 3:-1]", "{v}[14 - k:19 - k]", "{v}[:5]", "{v}[2 * k:2 * k + 5]", "{m}[k, :5]",
        "{m}[k:k + 5, 3]", "{m}[k + 1:k + 6, k]", "{m}[4, k:k + 5]", "{m}[5, 8 - k:13 - k]", "{m}[k, k:k + 5]",
        "{m}[k + 10:k:-2, 2]",
    ],
    "point": ["{v}[k]", "{v}[k + 1]", "{v}[5]", "{v}[8 - k]", "{m}[k, 2]", "{m}[3, k]", "{m}[k, k]"],
    "3, 4": [
        "{m}[k:k + 3, :4]", "{m}[4:7, k:k + 4]", "{m}[k + 2:k + 5, 3:7]", "{m}[k + 1:k + 7:2, k:k + 4]",
        "{m}[k + 2:k - 1 if k else None:-1, :4]",
        "{m}[8 - k:11 - k, 8 - k:12 - k]", "{m}[k:k + 4, k + 1:k + 4].T[:]",
    ],
    "n - k": [
        "{v}[k:]", "{v}[k:][::-1]", "{v}[:23 - k]", "{m}[k:, k]", "{m}[k:, 3]", "Z[k, k:]", "Z[3, k:]",
    ],
    "n - k, n - k": ["Z[k:, k:]", "Z[:23 - k, k:]", "Z[k:, k:].T[:]", "Z[k:, k:][::-1]"],
}  # fmt: skip
WITH: dict[str, list[str]] = {
    "5": ["5", "point"],
    "point": ["point"],
    "3, 4": ["3, 4", "point"],
    "n - k": ["n - k", "point"],
    "n - k, n - k": ["n - k, n - k", "n - k", "point"],
}
TWO = "{0} = np.array({1}); {2} = np.array({3})"
FORMS = [
    "{0} = {1} + {2}", "{0} += {1} * {2}", "{0} = np.array({1})", "{0} *= .5", "t = {1} - {2}; {0} = t * {3}",
    "t = {1} * 2; u = {2} + t; {0} = u - t", "{0} = np.where({1} > {2}, {2}, {3})", "t = {0} + {1}", TWO,
    "{0} = ({1}).sum() + {2}", "s = ({1} * {2}).sum()", "{0} = -{0} + {1}; {0} += {2}",
    "t = np.zeros_like({0}); t[...] = {1}; {0} = t + t[::-1]",
]  # fmt: skip


def statement(random: Any, shape: str) -> str:
    """Of views of that shape, or smaller ones; the arrays are few, so that they meet."""

    def view(shapes: list[str]) -> str:
        form: str = random.choice(SHAPES[random.choice(shapes)])
        return form.format(v=random.choice("aab"), m=random.choice("XXY"))

    form: str = random.choice(FORMS)
    if shape == "point":
        form = form.replace("t[...] = {1}; {0} = t + t[::-1]", "{0} = t + {1}")
    targets = ["{0}", "{2}"] if form == TWO else ["{0}"]
    views = [view([shape] if f"{{{k}}}" in targets else WITH[shape]) for k in range(4)]
    return form.format(*views)


@given(st.data())
def test_programs(data: Any) -> None:
    random = data.draw(st.randoms(use_true_random=False))
    shape = random.choice(list(SHAPES))
    run(
        [
            statement(random, random.choice([shape, shape, "5"]))
            for _ in range(random.randrange(1, 4))
        ]
    )


@given(st.data())
def test_positions_at_random(data: Any) -> None:
    """The same statements again and again, k going to and fro; others between them."""
    random = data.draw(st.randoms(use_true_random=False))
    programs = [[statement(random, random.choice(list(SHAPES)))] for _ in range(3)]
    theirs = arrays()
    ours: Arrays = {name: quelea.asarray(x) for name, x in theirs.items()}
    runs: list[Callable[[], None]] = []
    for program in programs:
        code = compile("\n".join(program), "program", "exec")
        runs.append(
            lambda code=code: [
                exec(code, {"np": np, "k": k}, s) for np, s in ((numpy, theirs), (quelea, ours))
            ]
        )  # type: ignore[misc]
    for _ in range(30):
        k = random.randrange(STEPS)
        random.choice(runs)()
        quelea.sync()
    for name in theirs:
        if isinstance(ours[name], quelea.ndarray):
            same(ours[name], theirs[name], (name, programs))
