"""``python -m quelea coverage``: what it prints is found, not written down, and everything that is there has a test."""

import subprocess
import sys
from pathlib import Path

from quelea import coverage

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300


def lines(*words):
    command = [sys.executable, "-m", "quelea", "coverage", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    rows = {}
    for line in done.stdout.splitlines():
        if line[:1].isalpha() and len(line) > 66:
            rows[line[:34].strip()] = [
                line[34:45].strip(),
                line[45:53].strip(),
                line[53:66].strip(),
                line[66:],
            ]
    return done, rows


def test_everything_that_is_there_is_named_by_a_test():
    done, rows = lines("--ranks", "0")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert rows["cumsum"][:3] == ["yes", "biufc", "?"]
    assert rows["arctan2"][1] == "biuf-"  # as NumPy's
    assert rows["frompyfunc"][0] == "no"
    assert rows["isdtype"][0] == "NumPy's"
    assert "4/2" in rows["cumsum"][3]


def test_who_reads_may_stop() -> None:
    piped = f"{sys.executable} -m quelea coverage --ranks 0 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", piped], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.stdout.splitlines()[-1] in ("0", "141")
    assert done.stderr == ""


def test_what_moves_is_counted():
    done, rows = lines("numpy.linalg", "numpy.fft")
    assert "numpy.linalg: " in done.stdout
    assert rows["norm"][2] == "distributed"
    assert rows["fftn"][2] == "distributed"
    assert rows["inv"][2] == "one node"


def test_names_of_namespaces_are_checked():
    done, _ = lines("numpy.polynomial")
    assert done.returncode == 2
    assert "there are: numpy, numpy.linalg" in done.stderr


def test_layouts_are_read_from_the_stages():
    listing = """ruff ruff check .
ranks.0 distributed ranks.0 0 --
ranks.4.nodes.2 distributed ranks.4.nodes.2 4 QUELEA_NODE_SIZE=2 QUELEA_FLUSH=1 -- tests/python/test_a.py
again distributed again 4 QUELEA_NODE_SIZE=2 -- tests/python/test_a.py tests/python/test_c.py
asan.0 under debug 0"""
    assert coverage.layouts(listing, ["test_a.py", "test_b.py"]) == {
        "test_a.py": ["0", "4/2"],
        "test_b.py": ["0"],
    }
    done = subprocess.run(
        ["bash", str(ROOT / "test.sh"), "--list"], capture_output=True, text=True, check=True
    )
    found = coverage.layouts(done.stdout, ["test_scans.py"])["test_scans.py"]
    assert {"0", "1", "2", "3/1", "4/2"} <= set(found)
