"""The examples in docstrings and in README, and what the texts name: functions, variables, options, files, folders."""

import ctypes
import doctest
import importlib
import linecache
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from support import same

import quelea
import quelea.__main__
from quelea.dispatch import missing_attribute

TOP = Path(__file__).resolve().parents[2]
README = TOP / "README.md"
TEXTS = {
    path.relative_to(TOP).as_posix(): path.read_text()
    for path in (*TOP.glob("*.md"), *TOP.glob("jit/*.md"), *TOP.glob("tests/**/*.md"))
}
ALL_TEXT = "\n".join(TEXTS.values())
MODULES = [
    "bars",
    "buffers",
    "calculus",
    "checkpointing.keeping",
    "checkpointing.looping",
    "choosing",
    "compiling.c_functions",
    "compiling.function",
    "compiling.native",
    "compiling.report",
    "correlation",
    "creation",
    "described",
    "diagonals",
    "editing",
    "einstein",
    "elementwise",
    "emath",
    "evaluating",
    "explaining",
    "factors",
    "fft",
    "files",
    "flat",
    "grids",
    "histograms",
    "in_order",
    "indexing",
    "info",
    "interpolating",
    "joins",
    "lib.stride_tricks",
    "linalg",
    "linear",
    "manipulation",
    "mapping",
    "nans",
    "packing",
    "padding",
    "pictures.movies",
    "pictures.showing",
    "polynomials",
    "printing",
    "products",
    "profiling",
    "putting",
    "quantiles",
    "random.generator",
    "random.legacy",
    "ranges",
    "rearranging",
    "scans",
    "sets",
    "sorting",
    "spectra",
    "statistics",
    "stencils",
    "systems",
    "two_results",
    "vectorizing.general",
    "vectorizing.making",
    "windows",
]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("temporary")
def test_examples(name, monkeypatch):
    module = importlib.import_module(f"quelea.{name}")
    texts = {k: f.__doc__ for k, f in vars(module).items() if isinstance(f, quelea.ufunc)}
    own = {k: text for k, text in texts.items() if k in module.__all__ and ">>> import" in text}
    own |= getattr(module, "__test__", {})
    monkeypatch.setattr(module, "__test__", own, raising=False)
    result = doctest.testmod(module, extraglobs={"quelea": quelea})
    assert result.failed == 0
    if name in (
        "creation",
        "described",
        "diagonals",
        "elementwise",
        "linear",
        "printing",
        "ranges",
        "statistics",
    ):
        assert result.attempted > 0


def named_as_missing():
    """Names in the table of README's section, but `where`, of which it says what is missing."""
    section = README.read_text().split("## What is not there yet")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"where"}


def missing_methods():
    return {
        name for name, value in vars(quelea.ndarray).items() if isinstance(value, missing_attribute)
    }


def test_readme_names_everything_that_is_missing():
    functions = {
        name for name in dir(numpy) if not name.startswith("_") and not hasattr(quelea, name)
    }
    assert sorted((functions | missing_methods()) - named_as_missing()) == []


def test_readme_names_nothing_that_is_there():
    there = {name for name in named_as_missing() - missing_methods() if hasattr(quelea, name)}
    assert sorted(there) == []


# ---- what README shows ----


@pytest.fixture
def folder(folder: Path) -> Iterator[None]:
    """All ranks work in it."""
    before = os.getcwd()
    os.chdir(folder)
    yield
    os.chdir(before)


RANDOM = numpy.random.default_rng(0)
ROWS, IMAGE, MATRICES = RANDOM.random((9, 4)), RANDOM.random((50, 40)), RANDOM.random((20, 3, 3))


def dilated(image, width):
    """The largest of the elements around each."""
    padded = numpy.pad(image, width // 2, constant_values=-numpy.inf)
    return numpy.lib.stride_tricks.sliding_window_view(padded, (width, width)).max((2, 3))


# A word of each block; what it is tried with beside np, quelea and ctypes; what holds then.
BLOCKS = {
    "import quelea as np": lambda v: abs(float(v["u"].mean()) - 0.0356) < 1e-3,
    "def dilate": lambda v: same(v["dilate"](quelea.asarray(IMAGE), 5), dilated(IMAGE, 5)),
    "def smooth": lambda v: v["u"].shape == v["a"].shape,
    "def clipped": lambda v: same(v["clipped"](v["y"], 2.0), v["y"].__array__() + 2),
    "quelea.allpairs": lambda v: v["distances"].shape == (9, 3) and float(v["place"]) < 9,
    "quelea.cfunc": lambda v: v["norm"](3, numpy.array([1.0, 2.0, 2.0])) == 3,
    "libm.jn": lambda v: v["bessel"](numpy.ones(2), v["b"]) is None and 0.11 < v["b"][0] < 0.12,
    "np.restore": lambda v: v["step"] == 9,
    "np.show": lambda v: quelea.on_root(lambda: os.path.getsize("u.png")) > 0,
}
PYTHON = re.findall(r"```python\n(.*?)```", TEXTS["README.md"], re.DOTALL)


def test_readme_is_tried():
    assert len(PYTHON) == len(BLOCKS)


@pytest.mark.parametrize("word", BLOCKS)
def test_readme_runs(word, folder):
    [text] = [text for text in PYTHON if word in text]
    for large, small in (
        ("4096", "64"),
        ("(1000)", "(10)"),
        ("100000", "10"),
        ("(10000)", "(100)"),
    ):
        text = text.replace(large, small)
    x, y = quelea.asarray(ROWS), quelea.asarray(ROWS[:3])
    named = {"np": quelea, "quelea": quelea, "ctypes": ctypes, "x": x, "y": y, "v": x[:, 0].copy()}
    named |= {"u": x, "a": x, "b": numpy.empty(2), "matrices": quelea.asarray(MATRICES)}
    name = f"<README, {word}>"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), named)
    assert BLOCKS[word](named) in (True, None)


# ---- what the texts name ----


def test_readme_names_what_is_beside_numpys():
    beside = {name for name in quelea.__all__ if not hasattr(numpy, name)} | {"config", "types"}
    words = set(re.findall(r"\w+", TEXTS["README.md"]))
    assert sorted(beside - words) == []


def test_functions_that_are_named_exist():
    named = re.findall(r"`(?:quelea|np)\.([a-z]\w*)", ALL_TEXT)
    missing = {name for name in named if not hasattr(quelea, name)} - {"h"}  # quelea.h
    assert sorted(missing - named_as_missing()) == []


def test_variables_that_are_named_exist():
    parameters = {row["name"] for row in quelea.params()}
    others = {"QUELEA_LAB", "QUELEA_CANARIES"}  # of cluster/hosts and CMake
    assert sorted(set(re.findall(r"QUELEA_[A-Z_]+", ALL_TEXT)) - parameters - others) == []


def test_commands_and_options_that_are_named_exist():
    package = TOP / "python/quelea"
    sources = [
        path
        for name in ("bench", "doctor", "predicting", "scaling")
        for path in (package / name).glob("*.py")
    ]
    sources.append(package / "coverage.py")
    known = {word for path in sources for word in re.findall(r'"(--[\w-]+)"', path.read_text())}
    lines = [line for line in re.split(r"\n|\. ", ALL_TEXT) if re.search(r"-m quelea|`bench", line)]
    options = {word for line in lines for word in re.findall(r"(?<!\S)`?(--[\w-]+)", line)}
    not_ours = {
        "--host",
        "--bind-to",
        "--n",
        "--steps",
        "--help",
    }  # mpirun's, the script's, argparse's
    assert sorted(options - known - not_ours) == []
    usage = quelea.__main__._USAGE
    commands = re.findall(r"^  (\w+) ", usage, re.MULTILINE)
    benches = set(re.findall(r"`bench (\w+)`", usage))
    assert set(re.findall(r"-m quelea (\w+)", ALL_TEXT)) == set(commands)
    assert set(re.findall(r"-m quelea bench ([a-z]+)", ALL_TEXT)) == benches
    assert set(importlib.import_module("quelea.bench")._OTHERS) == benches


SUFFIXES = r"(?:c|cc|h|py|def|md|sh|cmake|toml|txt)"
NOT_OURS = {"Python.h", "hwloc.h", "mpi.h", "my_script.py", "norm.h", "NAME_mpi.c", "program.c"}


def files() -> list[str]:
    """What lies in the rooms."""
    rooms = ("cluster", "comm", "examples", "jit", "python", "runtime", "tests", ".ci")
    found = [*TOP.iterdir(), *(path for room in rooms for path in (TOP / room).rglob("*"))]
    return [
        path.relative_to(TOP).as_posix()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    ]


def test_files_that_are_named_exist():
    there = ["/" + name for name in files()]
    named = set(re.findall(rf"(?<![\w*/.<{{-])[\w./-]+\.{SUFFIXES}\b(?!\w)", ALL_TEXT)) - NOT_OURS
    missing = [
        name
        for name in named
        if not any(path.endswith("/" + name.removeprefix("./")) for path in there)
    ]
    assert sorted(missing) == []


def test_folders_have_a_place_in_the_texts():
    folders = {os.path.dirname(name) for name in files() if re.search(rf"\.{SUFFIXES}$", name)}
    folders = {name for name in folders if name and not name.startswith("tests/jit/")}
    text = TEXTS["ARCHITECTURE.md"] + TEXTS["CONTRIBUTING.md"]
    assert sorted(name for name in folders if f"`{name}`" not in text) == []
