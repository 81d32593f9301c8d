"""Time blocking: steps of a stencil that are computed together have the bits of one step at a time."""

from pathlib import Path

import pytest
from jobs import LAUNCHED, fine, sampled
from stencil_random import different
from support import happened

import quelea as np

starts_jobs = pytest.mark.skipif(LAUNCHED, reason="starts jobs, which a rank of a job cannot")
PARAMS = {p["name"]: p["value"] for p in np.params()}
ONE_NODE = np.info()["node_count"] == 1

# Caches so small that fields of a test are large beside them.
SMALL = {"QUELEA_THREADS": "2", "QUELEA_FRONT_BYTES": "100k", "QUELEA_NEAR_BYTES": "100k"}

COMPARED = f"""
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    from stencil_random import different
    wrong = [text for seed in range({{}}, {{}}) if (text := different(seed, np))]
    assert not wrong, wrong[0]
    print(np.counters()["swept_kernels"], np.counters()["streamed_kernels"])
"""


# ---- generated programs ----


@pytest.mark.parametrize("seed", range(40))
def test_generated_programs(seed):
    text = different(seed, np)
    assert not text, text


JOBS = [  # ranks, node size, threads, depth, cache, seeds: the first of them, and more when there is time
    (0, 0, 1, 1, "0", (0, 4, 20)),
    (0, 0, 1, 2, "0", (20, 26, 60)),
    (0, 0, 2, 16, "2k", (60, 70, 110)),
    (0, 0, 3, 5, "600", (110, 120, 160)),
    (0, 0, 5, 40, "1k", (160, 168, 200)),
    (2, 0, 1, 16, "1k", (200, 206, 215)),
    (3, 0, 2, 4, "0", (215, 220, 225)),
    (2, 1, 1, 5, "0", (0, 8, 25)),
    (3, 1, 2, 16, "2k", (25, 30, 40)),
    (4, 1, 1, 3, "1k", (120, 126, 140)),  # cut along both axes
    (4, 2, 1, 20, "600", (50, 55, 60)),
    (7, 1, 1, 7, "0", (60, 63, 66)),  # fewer rows than ranks
]
FIRST = [(*job, first, middle) for *job, (first, middle, _) in JOBS]
MORE = [(*job, middle, end) for *job, (_, middle, end) in JOBS]


@starts_jobs
@pytest.mark.parametrize(
    "ranks, node, threads, depth, cache, first, end", sampled([*FIRST, *MORE], FIRST)
)
def test_generated_programs_at_any_depth(ranks, node, threads, depth, cache, first, end):
    out = fine(
        COMPARED.format(first, end),
        ranks,
        QUELEA_NODE_SIZE=str(node),
        QUELEA_THREADS=str(threads),
        QUELEA_TIME_BLOCK=str(depth),
        QUELEA_FRONT_BYTES=cache,
        QUELEA_IMMEDIATE="0",
        QUELEA_SHARE="0",
        QUELEA_STREAM_BYTES="1",
    )
    swept, streamed = map(int, out.split())
    assert (swept > 0) == (depth > 1)
    assert streamed > 0 or depth > 1


# ---- what is swept ----

LOOPS = """
    n, steps = 700, 66
    u, v = np.zeros((n, n)), np.zeros((n, n))
    u[0] = v[0] = 1
    x, y = numpy.array(u), numpy.array(v)
    seen, right = [], []
    np.sync()
    before = np.counters()
    for step in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        {}
        u, v = v, u
    np.sync()
    after = np.counters()
    made = {{k: after[k] - before[k] for k in ("sweeps", "swept_kernels", "kernels_run", "flushes")}}
    for step in range(steps):
        y[1:-1, 1:-1] = 0.25 * (x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:])
        {}
        x, y = y, x
    assert (numpy.asarray(u) == x).all() and (numpy.asarray(v) == y).all()
    assert [float(a) for a in seen] == [float(a) for a in right]
    print(*made.values())
"""


def loop(line="", right="", **extra):
    """Sweeps, kernels in them, kernels, and executions of the log, of a loop with that line in each step."""
    env = {**SMALL, **extra}
    return [int(word) for word in fine(LOOPS.format(line, right or line), 0, **env).split()]


@starts_jobs
def test_steps_are_computed_together():
    sweeps, swept, kernels, flushes = loop()
    assert swept >= 60 and kernels == 66
    assert sweeps <= 16 and flushes <= 6
    assert loop(QUELEA_TIME_BLOCK="1")[:3] == [0, 0, 66]
    assert loop(QUELEA_NEAR_BYTES="100m")[0] == 0  # it is all in the cache


AGAIN = """
    def run(steps):
        u, v = np.zeros((700, 700)), np.zeros((700, 700))
        for _ in range(steps):
            v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
            u, v = v, u
        float(u[-1, -1])
    for steps in (80, 80, 150, 260):
        before = np.counters()
        run(steps)
        after = np.counters()
        print(*(after[key] - before[key] for key in ("plans_made", "flushes", "statements")), end=" ")
"""


@starts_jobs
@pytest.mark.parametrize("ranks", [0, 2])
def test_a_loop_that_is_run_again_has_its_plans(ranks):
    """Its first step is unlike the others, so that at first it repeats nothing but all of the earlier loop."""
    words = [int(word) for word in fine(AGAIN, ranks, **SMALL).split()]
    for made, flushes, statements in zip(words[3::3], words[4::3], words[5::3], strict=True):
        assert made <= 1, words  # of the last steps
        assert statements <= 170 * flushes, words


@starts_jobs
def test_what_is_looked_at_later_ends_nothing():
    sweeps, swept, _, flushes = loop("seen.append(u.max())", "right.append(x.max())")
    assert sweeps <= 20 and flushes <= 8
    assert swept >= 60 + 30  # the steps, and the largest of each row, of two arrays at a time


@starts_jobs
def test_a_look_ends_a_sweep():
    sweeps, swept, _, flushes = loop(
        "if step % 11 == 10: seen.append(float(u.max()))",
        "if step % 11 == 10: right.append(x.max())",
    )
    assert 6 <= sweeps <= 24 and swept >= 60 and flushes >= 6


@starts_jobs
def test_edges_are_a_part_of_it():
    sides = "{0}[0] = {0}[1]; {0}[-1] = {0}[-2]; {0}[:, 0] = {0}[:, 1]; {0}[:, -1] = {0}[:, -2]"
    sweeps, swept, kernels, _ = loop(sides.format("v"), sides.format("y"))
    assert swept >= 0.85 * kernels and sweeps <= 40


@starts_jobs
def test_what_is_periodic_along_columns_is_a_part_of_it():
    sides = "{0}[:, 0] = {0}[:, -2]; {0}[:, -1] = {0}[:, 1]"
    _, swept, kernels, _ = loop(sides.format("v"), sides.format("y"))
    assert swept >= 0.85 * kernels


@starts_jobs
def test_the_far_end_ends_a_sweep():
    """Row 1 is computed last: who needs it at the other end has to wait for all of the step."""
    _, swept, _, _ = loop("v[-1] = v[1]", "y[-1] = y[1]")
    assert swept == 0


# ---- what is said of it ----


@starts_jobs
@pytest.mark.parametrize(
    "line, word",
    [
        ("v[-1] = v[1]", "far away"),
        ("v *= 1 + 0 * v[:, ::-1].sum(0)", "in parts"),
        ("v[1:-1] = v[1:-1][::-1]", "far away"),
        ("if step % 9 == 8: seen.append(float(v[3, 3]))", "looked at"),
    ],
)
def test_why_steps_are_not_computed_together(line, word):
    code = LOOPS.format(line, "pass").split("    for step in range(steps):\n        y[")[0]
    number = 3 + next(k for k, text in enumerate(code.splitlines()) if line in text)
    code += "    print(*np.why_not_blocked(), sep=chr(10))"
    rows = fine(code, 0, **SMALL).splitlines()
    assert any(word in row and f"<string>:{number}'" in row for row in rows), rows


def test_nothing_is_said_of_what_is_small():
    quiet = happened(lambda: [np.ones(9) + k for k in range(9)])
    assert quiet["sweeps"] == 0


# ---- between nodes ----


@starts_jobs
def test_ghosts_are_brought_once_for_several_steps():
    """On nodes of two ranks: hardly more bytes than with a message for each step, in a fraction of the messages."""
    code = LOOPS.format("", "pass").replace('"kernels_run"', '"halo_exchanges", "halo_bytes"')
    one, many = (
        [int(word) for word in fine(code, 6, QUELEA_NODE_SIZE="2", QUELEA_TIME_BLOCK=block).split()]
        for block in ("1", "0")
    )
    assert one[2] >= 66 and many[2] <= one[2] / 8
    assert many[3] <= 1.2 * one[3]


# ---- memory ----


@pytest.mark.skipif(not ONE_NODE or PARAMS["QUELEA_FLUSH"] != "64", reason="counts executions")
def test_temporaries_do_not_count_as_memory(monkeypatch):
    """A step whose temporaries are many times what it stores is executed with others all the same."""
    n = 300
    u, v = np.zeros((n, n)), np.zeros((n, n))

    def work():
        nonlocal u, v
        for _ in range(40):
            v[1:-1] = u[1:-1] + 0.1 * (u[:-2] - 2 * u[1:-1] + u[2:])
            u, v = v, u

    assert happened(work)["flushes"] <= 5
