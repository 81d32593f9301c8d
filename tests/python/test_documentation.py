"""The examples in the docstrings of the package, and what README says is missing."""

import doctest
import importlib
import re
from pathlib import Path

import numpy
import pytest

import quelea
from quelea.dispatch import missing_attribute

README = Path(__file__).resolve().parents[2] / "README.md"
MODULES = [
    "bars",
    "buffers",
    "calculus",
    "checkpointing.keeping",
    "checkpointing.looping",
    "choosing",
    "compiling.native",
    "correlation",
    "creation",
    "diagonals",
    "editing",
    "einstein",
    "elementwise",
    "emath",
    "evaluating",
    "explaining",
    "fft",
    "factors",
    "files",
    "flat",
    "grids",
    "histograms",
    "indexing",
    "info",
    "joins",
    "lib.stride_tricks",
    "linalg",
    "linear",
    "manipulation",
    "mapping",
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
    "sets",
    "sorting",
    "spectra",
    "statistics",
    "systems",
    "vectorizing.general",
    "vectorizing.making",
    "windows",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"quelea.{name}")
    result = doctest.testmod(module, extraglobs={"quelea": quelea})
    assert result.failed == 0
    if name in (
        "creation",
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
