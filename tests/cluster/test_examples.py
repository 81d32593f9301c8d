"""Every program of examples/, alone and on ranks: it ends well when its answer is NumPy's, and badly when it is not."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import quelea

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("QUELEA_BUILD", ROOT / "build" / "release"))
LIMIT = 300  # seconds after which a program hangs, and the test fails

SMALL = {
    "black_scholes.py": ["--n", "5000", "--check"],
    "cg.py": ["--n", "48", "--check"],
    "dilation.py": ["--n", "80", "--k", "5", "--check"],
    "game_of_life.py": ["--n", "70", "--steps", "40", "--check"],
    "gauss_seidel.py": ["--n", "60", "--steps", "8", "--check"],
    "gray_scott.py": ["--n", "80", "--steps", "20", "--check"],
    "heat3d.py": ["--n", "24", "--steps", "10", "--check"],
    "jacobi.py": ["--n", "100", "--steps", "30", "--check"],
    "k_means.py": ["--n", "3000", "--check"],
    "lattice_boltzmann.py": ["--n", "24", "--steps", "30", "--check"],
    "mandelbrot.py": ["--n", "80", "--iterations", "20", "--check"],
    "mandelbrot_jit.py": ["--n", "80", "--iterations", "20", "--check"],
    "morphology.py": ["--n", "90", "--times", "2", "--check"],
    "navier_stokes.py": ["--n", "48", "--steps", "10", "--check"],
    "n_body.py": ["--n", "60", "--steps", "10", "--check"],
    "nearest.py": ["--n", "40", "--known", "150", "--check"],
    "shallow_water.py": ["--n", "60", "--steps", "20", "--check"],
    "moments.py": ["--rows", "3000", "--check"],
}
# What serves several lines.
NO_LINES = ("planning", "agreeing with other ranks, and waiting for them to come")
# Adds one to whatever the program compares with NumPy's answer.
SPOILED = """
import runpy, sys
import quelea
gathers = quelea.on_root
spoil = lambda x: x + 1 if isinstance(x, quelea.ndarray) else x
quelea.on_root = lambda function, *given: gathers(function, *map(spoil, given))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def launch(ranks: int, *command: str | Path, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run a program on ranks of a node each; 0: without mpirun."""
    launcher = [
        "mpirun",
        "-n",
        str(ranks),
        "--timeout",
        str(LIMIT),
        "--oversubscribe",
        "--bind-to",
        "none",
    ]
    path = os.pathsep.join(
        filter(None, [str(Path(quelea.__file__).parent.parent), os.environ.get("PYTHONPATH")])
    )
    more = {
        "QUELEA_NODE_SIZE": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    return subprocess.run(
        [*(launcher if ranks else []), *map(str, command)],
        env={**os.environ, "PYTHONPATH": path, **more, **extra},
        capture_output=True,
        text=True,
        timeout=LIMIT + 30,
        check=False,
    )


def test_none_is_forgotten() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SMALL)


def check_profile(text: str) -> None:
    """The table's lines, and what is in none of them, are all of the run; of what has lines little is in none."""
    total = float(re.search(r"([\d.]+) s from the first array on", text)[1])
    lines, _, rest = text.partition("not in these lines:")
    in_lines = [float(n) for n in re.findall(r"^ *(-?\d+\.\d{3,4}) ", lines, re.MULTILINE)]
    others = re.findall(r"^ *(-?\d+\.\d{3,4}) +-?[\d.]+  (.*)", rest, re.MULTILINE)
    others = {name: float(n) for n, name in others}
    assert abs(sum(in_lines) + sum(others.values()) - total) <= 0.05 * total, text
    assert all(took >= -0.05 * total for took in others.values()), text
    nobodys = sum(took for name, took in others.items() if name not in NO_LINES)
    assert nobodys <= 0.05 * total + 0.02, text


@pytest.mark.parametrize("ranks", [0, 2])
@pytest.mark.parametrize("name", SMALL)
def test_example(name: str, ranks: int, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    extra = {"QUELEA_PROFILE": "1", "QUELEA_PROFILE_FILE": str(file)}
    done = launch(ranks, sys.executable, ROOT / "examples" / name, *SMALL[name], **extra)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NumPy" in done.stdout
    check_profile(done.stderr)
    said = json.loads(file.read_text())
    counters = said["counters"]
    names = {
        "halo": "halo_bytes",
        "redistribution": "redistributed_bytes",
        "gather": "gathered_bytes",
    }
    assert said["moved"] == {kind: counters[name] for kind, name in names.items()}


@pytest.mark.parametrize("ranks", [0, 2])
def test_the_other_way(ranks: int) -> None:
    name = "mandelbrot_jit.py"
    program = ROOT / "examples" / name
    done = launch(ranks, sys.executable, program, *SMALL[name], "--by", "vectorize")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differ from NumPy's: 0" in done.stdout


@pytest.mark.parametrize("name", SMALL)
def test_a_wrong_answer_is_an_error(name: str) -> None:
    done = launch(
        0, sys.executable, "-c", textwrap.dedent(SPOILED), ROOT / "examples" / name, *SMALL[name]
    )
    assert done.returncode == 1
    assert "the answer is wrong" in done.stderr


def test_a_wrong_answer_on_ranks_is_an_error() -> None:
    done = launch(
        2,
        sys.executable,
        "-c",
        textwrap.dedent(SPOILED),
        ROOT / "examples" / "jacobi.py",
        *SMALL["jacobi.py"],
    )
    assert done.returncode != 0
    assert "the answer is wrong" in done.stderr


def test_the_example_in_c() -> None:
    alone, together = (
        launch(ranks, BUILD / "examples" / "jacobi", "100", "30") for ranks in (0, 2)
    )
    assert (alone.returncode, together.returncode) == (0, 0), alone.stderr + together.stderr
    mean = alone.stdout.rpartition(" mean ")[2]
    assert float(mean) > 0
    assert together.stdout.rpartition(" mean ")[2] == mean
