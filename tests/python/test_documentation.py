"""The examples in the docstrings of the package."""

import doctest
import importlib

import pytest

import quelea

MODULES = ["creation", "elementwise", "info", "linear", "manipulation", "printing", "statistics"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"quelea.{name}")
    result = doctest.testmod(module, extraglobs={"quelea": quelea})
    assert result.failed == 0
    if name in ("creation", "elementwise", "linear", "printing", "statistics"):
        assert result.attempted > 0
