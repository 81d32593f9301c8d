"""Profiles: times add up to the run's, counts are the counters', and nothing is measured unless it is asked for."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jobs import LAUNCHED, fine, job, run

import quelea

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts jobs of its own, which a rank of a job cannot"
)

LOOP = """
import numpy, sys
import quelea as np
u = np.zeros((600, 500)); u[0] = 1.0
v = u.copy()
for step in range(200):
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    u, v = v, u
total = float(u.sum())
np.sync()
"""

ROWS = """
import json
print(json.dumps([np.profile(), np.counters(), np._quelea.profile()[:3]]))
"""


def rows_of(out: str) -> Any:
    return json.loads(out.splitlines()[-1])


def test_nothing_is_measured_unless_it_is_asked_for() -> None:
    with pytest.raises(RuntimeError, match="QUELEA_PROFILE=1"):
        quelea.profile()
    assert quelea._quelea.profile() is None
    assert quelea._quelea.trace_events() == ([], 0)


@pytest.mark.parametrize(
    "extra", [{}, {"QUELEA_THREADS": "2", "QUELEA_SHARE": "1k"}, {"QUELEA_TIME_BLOCK": "6"}]
)
def test_counts_are_the_counters_and_times_are_the_runs(
    tmp_path: Path, extra: dict[str, str]
) -> None:
    program = tmp_path / "program.py"
    program.write_text(LOOP + ROWS)
    status, out, err = run(program, QUELEA_PROFILE="1", QUELEA_IMMEDIATE="0", **extra)
    assert status == 0, err
    rows, counters, (seconds, at_once, phases) = rows_of(out)
    stencil = next(row for row in rows if "0.25 *" in row["line"])
    assert at_once == 0
    assert sum(row["kernels"] for row in rows) == counters["kernels_run"]
    assert sum(row["swept"] for row in rows) == counters["swept_kernels"]
    points = 200 * 598 * 498
    assert stencil["points"] == pytest.approx(points)
    assert stencil["operations"] == pytest.approx(4 * points)
    assert stencil["bytes"] == pytest.approx(16 * points)
    assert stencil["calls"] >= 200
    assert abs(sum(phases.values()) - seconds) <= 1e-6 * seconds
    executed = sum(row["computing"] + row["waiting"] + row["moving"] for row in rows)
    assert 0.5 * phases["executing plans"] <= executed <= 1.01 * phases["executing plans"] + 1e-3
    assert "program.py:7: v[1:-1, 1:-1] = 0.25" in err
    assert "not in these lines:" in err


def test_lines_and_the_rest_add_up_to_the_run(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(LOOP)
    _, _, err = run(program, QUELEA_PROFILE="1")
    seconds = float(re.search(r"([\d.]+) s from", err)[1])
    taken = [
        float(line.split()[0]) for line in err.splitlines() if re.match(r" *-?\d+\.\d{3,4} ", line)
    ]
    assert abs(sum(taken) - seconds) <= 0.05 * seconds + 0.003


def test_a_fused_kernel_is_shared_among_its_lines(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nx = np.ones((500, 500)); np.sync()\n"
        "y = np.exp(x)\nz = y + x\nnp.sync()\n" + ROWS
    )
    _, out, _ = run(program, QUELEA_PROFILE="1", QUELEA_IMMEDIATE="0")
    rows = {row["line"].split(": ")[-1]: row for row in rows_of(out)[0]}
    exp, add = rows["y = np.exp(x)"], rows["z = y + x"]
    assert exp["kernels"] + add["kernels"] >= 1
    assert exp["computing"] > add["computing"] > 0


def test_statements_at_once_are_estimated(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nx = np.ones(100)\nfor k in range(20000):\n    x *= 1.0\n" + ROWS
    )
    _, out, _ = run(program, QUELEA_PROFILE="1")
    rows, counters, (_, at_once, _) = rows_of(out)
    line = next(row for row in rows if row["line"].endswith("x *= 1.0"))
    assert abs(line["calls"] - 20000) < 1000
    assert line["at_once"] == line["calls"]
    assert line["few"] > 0
    assert at_once > 0
    assert sum(row["few"] for row in rows) == pytest.approx(at_once, rel=0.05)
    assert counters["immediate"] >= 20000


def test_compiling_has_its_line(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nx = np.ones((500, 500))\nx += np.sin(x) * 3\nnp.sync()\n" + ROWS
    )
    _, out, _ = run(program, QUELEA_PROFILE="1", QUELEA_CACHE="off")
    rows, counters, (_, _, phases) = rows_of(out)
    assert counters["kernels_compiled"] > 0
    assert sum(row["compiling"] for row in rows) <= 1.05 * phases["compiling kernels"] + 1e-3
    assert sum(row["compiling"] for row in rows) >= 0.5 * phases["compiling kernels"]


def test_compiled_functions_have_the_line_that_calls_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nx = np.ones(100)\n@np.jit\ndef f(x):\n    s = 0.0\n    for k in range(len(x)):\n"
        "        s += x[k]\n    return s\nf(x)\n" + ROWS
    )
    _, out, _ = run(program, QUELEA_PROFILE="1", QUELEA_CACHE="off")
    rows, _, (_, _, phases) = rows_of(out)
    call = next(row for row in rows if row["line"].endswith(": f(x)"))
    assert 0 < call["compiling"] <= 1.05 * phases["compiling kernels"] + 1e-3


# Lines that each do one thing for a while, by their own clock and by the profile.
KINDS = """
import json, sys, time
import numpy
import quelea as np

n, folder = 400, sys.argv[1]
A = numpy.random.default_rng(0).random((n, n))
a, v = np.array(A), np.array(A.ravel())
few = np.arange(50.0)

@np.jit
def in_order(x):
    s = 0.0
    for i in range(len(x)):
        s = s * 0.5 + x[i]
    return s

@np.jit
def rows(x):
    y = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] ** 1.5
    return y

@np.vectorize
def clipped(p, q):
    return p - q if p > q else p + q

@np.stencil
def smooth(x):
    return x[0, 0] + 0.1 * (x[-1, 0] + x[1, 0])

def taken(name):
    # what the profile gives to that line so far, and to what it calls
    lines = (f'timed("{name}"', "return x[0, 0] +")[: 1 + (name == "stencil")]
    return sum(row["seconds"] for row in np.profile() if any(text in row["line"] for text in lines))

told = {}
def timed(name, work):
    kept = work(); np.sync()  # what is compiled is
    before, began = taken(name), time.perf_counter()
    while time.perf_counter() - began < 0.15:
        kept = work(); np.sync()
    told[name] = [time.perf_counter() - began, taken(name) - before]

TIMED
print(json.dumps(told))
"""

CALLS = {
    "in order, NumPy's": "in_order(A.ravel())",
    "in order, few": "[in_order(few) for k in range(2000)]",
    "rows, NumPy's": "rows(A)",
    "rows": "rows(a)",
    "vectorize, NumPy's": "clipped(A, 0.5)",
    "vectorize": "clipped(a, 0.5) + 1",
    "stencil, NumPy's": "smooth(A)",
    "stencil": "smooth(a)",
    "evaluate, NumPy's": "np.evaluate('sin(A) + 1')",
    "evaluate": "np.evaluate('sin(a) + 1')",
    "map, NumPy's": "np.map(lambda row: row - row.mean(), A)",
    "map": "np.map(lambda row: row - row.mean(), a)",
    "reduce": "np.reduce(lambda p, q: p + q, v)",
    "sort": "np.sort(v)",
    "fft": "np.fft.fft2(a)",
    "product": "a @ a",
    "linalg": "np.linalg.solve(a, a[0])",
    "save": "np.save(folder + '/a.npy', a)",
    "load": "np.load(folder + '/a.npy')",
    "checkpoint": "np.checkpoint(folder + '/run', a=a)",
    "random": "np.random.default_rng(1).normal(size=300000)",
    "list": "a.tolist()",
    "Python": "sum(range(200000))",
}


def test_each_kind_of_call_has_its_line(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    timed = "\n".join(f'timed("{name}", lambda: {call})' for name, call in CALLS.items())
    program.write_text(KINDS.replace("TIMED", timed).replace("sys.argv[1]", repr(str(tmp_path))))
    status, out, err = run(program, QUELEA_PROFILE="1", QUELEA_THREADS="1")
    assert status == 0, err
    for name, (clock, taken) in rows_of(out).items():
        # where the machine is busy, samples come late, and a little is the line's before or after it
        assert 0.6 * clock - 0.02 <= taken <= 1.4 * clock + 0.02, (name, clock, taken)


JOB = LOOP.partition("quelea as np\n")[2] + ROWS


@pytest.mark.parametrize("nodes", ["0", "1"])
def test_ranks_together(nodes: str) -> None:
    status, out, err = job(JOB, 3, QUELEA_PROFILE="1", QUELEA_NODE_SIZE=nodes)
    assert status == 0, err
    rows, counters, _ = rows_of(out)
    assert sum(row["halo"] for row in rows) == counters["halo_bytes"]
    assert sum(row["gather"] for row in rows) == counters["gathered_bytes"]
    assert (sum(row["messages"] for row in rows) > 0) == (nodes == "1")
    assert err.count("the profile of 3 rank(s)") == 1
    assert "imbalance" in err


def test_a_timeline_can_be_read_back(tmp_path: Path) -> None:
    path, program = tmp_path / "flushed.json", tmp_path / "program.py"
    program.write_text(LOOP)
    status, _, err = run(
        program, QUELEA_TRACE=f"file:{path}", QUELEA_THREADS="2", QUELEA_SHARE="1k"
    )
    assert status == 0, err
    assert "quelea: node" not in err, "the file's name is no word of QUELEA_TRACE"
    check_timeline(path, 1)


def check_timeline(path: Path, ranks: int) -> None:
    events = json.loads(path.read_text())["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    assert {event["pid"] for event in events} == set(range(ranks))
    assert [event["args"]["name"] for event in events if event["ph"] == "M"] == [
        f"rank {k}" for k in range(ranks)
    ]
    assert sum(event["cat"] == "computing" for event in slices) >= 10
    assert {"planning"} <= {event["cat"] for event in slices}
    lanes: dict[Any, list[Any]] = {}
    for event in slices:
        assert event["dur"] >= 0
        assert event["ts"] >= 0
        lanes.setdefault((event["pid"], event["tid"]), []).append(
            (event["ts"], event["ts"] + event["dur"])
        )
    for lane in lanes.values():
        lane.sort()
        assert all(a[1] <= b[0] + 0.01 for a, b in pairwise(lane)), "no two at a time"


def test_a_timeline_of_ranks(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    fine(JOB.replace(ROWS, ""), 3, QUELEA_TRACE=f"file:{path}", QUELEA_NODE_SIZE="1")
    check_timeline(path, 3)


def test_the_timeline_goes_where_the_program_began(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    program = tmp_path / "program.py"
    program.write_text("import os\nimport quelea as np\nos.chdir('elsewhere')\nnp.ones(9).sum()\n")
    command = f"import os; os.chdir({str(tmp_path)!r}); exec(open('program.py').read())"
    starter = tmp_path / "starter.py"
    starter.write_text(command)
    status, _, err = run(starter, QUELEA_TRACE="file:trace.json")
    assert status == 0, err
    assert "traceEvents" in json.loads((tmp_path / "trace.json").read_text())


def test_a_timeline_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import quelea as np\nprint(float(np.ones(9).sum()))\n")
    status, out, err = run(program, QUELEA_TRACE=f"file:{tmp_path}/absent/trace.json")
    assert (status, out) == (0, "9.0\n")
    assert "the timeline could not be written" in err
    status, _, err = run(program, QUELEA_TRACE="file:")
    assert status == 1
    assert "needs the name of a file" in err


@pytest.mark.parametrize("shift", range(3))
def test_long_lines_end_at_a_character(tmp_path: Path, shift: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"import quelea as np\nu = np.ones(500)\nu += 1; np.sync()  #{'-' * shift}{'€' * 900}\n"
        "lines = [row['line'] for row in np.profile()]\n"
        "assert any('€' in line for line in lines)\n"
    )
    status, _, err = run(program, QUELEA_PROFILE="1", QUELEA_IMMEDIATE="0")
    assert status == 0, err
