"""``python -m quelea coverage``: which of NumPy's functions there are, for which dtypes, how over ranks, and tests.

Nothing of it is written down. The names are those of NumPy that is installed, and what each takes and does is tried
(`probing`) on two ranks that pretend to be two nodes. Which tests name a function, and on which ranks these are run, is
read in the checkout: ``tests/python`` and ``./test.sh --list``.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from . import probing
from .temporary import TemporaryFolder

__all__ = ["main"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_LEGEND = """
dtypes  booleans, integers, unsigned, floats, complex: a letter where arrays of all of a kind's dtypes are taken that
        NumPy takes, "!" where one is refused, "-" where NumPy takes none; empty: nothing was found to call it with,
        or it makes random numbers
ranks   on two nodes: distributed, each computes its part; gathered, all elements went to every rank; one node, they
        were brought to one; local, each rank did all of it, as it does with few random numbers
tests   in how many files of tests/python it is named, and the layouts on which these run: ranks (0: without
        a launcher), and how many of them are a node"""


# ---- the tests ----


def _words(path: Path) -> set[str]:
    """Give the names that a test's text has: attributes, names, and words of its strings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(word.split("(")[0].split(".")[-1] for word in node.value.split())
    return found


def _files(checkout: Path) -> dict[str, set[str]]:
    return {path.name: _words(path) for path in sorted(checkout.glob("tests/python/test_*.py"))}


def layouts(listing: str, files: Iterable[str]) -> dict[str, list[str]]:
    """Give the layouts on which each file of tests is run, from what ``./test.sh --list`` prints."""
    found: dict[str, list[str]] = {name: [] for name in files}
    for line in listing.splitlines():
        words = line.split()
        if words[1:2] != ["distributed"]:
            continue
        given, chosen = words[4 : words.index("--")], words[words.index("--") + 1 :]
        nodes = dict(word.split("=") for word in given).get("QUELEA_NODE_SIZE", "0")
        layout = words[3] if nodes == "0" else f"{words[3]}/{nodes}"
        for name in [Path(path).name for path in chosen] or list(found):
            if layout not in found.get(name, [layout]):
                found[name].append(layout)
    return found


def _listing(checkout: Path) -> str:
    script = checkout / "test.sh"
    if not script.exists():
        return ""
    command = ["bash", str(script), "--all", "--list"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# ---- what is found when functions are called ----


def _probed(names: Sequence[str], ranks: int) -> list[dict[str, Any]]:
    """Call the functions in a job of ranks, each a node; 0: in a process alone."""
    from .bench.common import environment, mpirun  # which not every installation has

    with TemporaryFolder("coverage") as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "quelea.probing", str(found), *names]
        tests = str(_CHECKOUT / "tests" / "python")
        more = {
            "QUELEA_NODE_SIZE": "1",
            "QUELEA_REPLICATE": "-1",
            "QUELEA_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parents[1]), tests, *os.environ.get("PYTHONPATH", "").split()]
            ),
        }
        done = subprocess.run(
            [*(mpirun(ranks) if ranks else []), *command],
            env=environment(**more),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not found.exists():
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        rows: list[dict[str, Any]] = json.loads(found.read_text())
        return rows


# ---- the table ----


def _line(row: dict[str, Any], named: list[str], where: dict[str, list[str]]) -> str:
    ranks = sorted({layout for name in named for layout in where[name]}, key=_order)
    tests = f"{len(named)} on {' '.join(ranks)}" if ranks else str(len(named))
    return f"{row['name']:<34}{row['there']:<11}{row['dtypes']:<8}{row['ranks']:<13}{tests}"


def _order(layout: str) -> tuple[int, ...]:
    return tuple(map(int, layout.split("/")))


def _report(rows: list[dict[str, Any]], files: bool) -> list[str]:
    """Print the table, and give the names that are there and in no test."""
    untested = []
    found = _files(_CHECKOUT)
    where = layouts(_listing(_CHECKOUT), found)
    heading = {"name": "function", "there": "there", "dtypes": "dtypes", "ranks": "ranks"}
    for space in dict.fromkeys(row["space"] for row in rows):
        inside = [row for row in rows if row["space"] == space]
        there = [row for row in inside if row["there"] != "no"]
        print(f"\n{space}: {len(there)} of {len(inside)}")
        print(f"{_line(heading, [], where)[:-1]}tests")
        for row in inside:
            named = [
                name
                for name, words in found.items()
                if row["name"] in words or name == row["generated"]
            ]
            print(_line(row, named, where).rstrip())
            if found and not named and row["there"] == "yes":
                untested.append(f"{space}.{row['name']}")
            if files and named:
                print("    " + " ".join(name[5:-3] for name in named))
    return untested


def main(arguments: Sequence[str] = ()) -> int:
    """Print the table.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``coverage``.

    Returns
    -------
    int
        The exit status: 0, or 1 where something that is there is named by no test.
    """
    parser = argparse.ArgumentParser(prog="python -m quelea coverage", description=__doc__)
    parser.add_argument("spaces", nargs="*", metavar="SPACE", help=", ".join(probing.SPACES))
    parser.add_argument("--files", action="store_true", help="also the names of the files of tests")
    parser.add_argument(
        "--ranks", type=int, default=2, help="of the job; 0: a process alone, which says less"
    )
    given = parser.parse_args(arguments)
    for name in given.spaces:
        if name not in probing.SPACES:
            parser.error(f"there is no {name}; there are: {', '.join(probing.SPACES)}")
    rows = _probed(given.spaces or list(probing.SPACES), given.ranks)
    untested = _report(rows, given.files)
    print(_LEGEND)
    if untested:
        print(f"\nnamed by no test: {' '.join(untested)}")
    return 1 if untested else 0
