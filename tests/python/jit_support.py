"""Comparison of a compiled function with Python itself."""

import copy
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy


def outcome(function: Callable[..., Any], args: Any) -> Any:
    """What a call gives, what it leaves in its arguments, and what it raises."""
    given = copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*given), given, None
        except (ArithmeticError, AssertionError, LookupError, NameError, ValueError) as error:
            return None, given, error


def same(got: Any, want: Any, where: str = "") -> None:
    if isinstance(want, (tuple, list)):
        assert isinstance(got, (tuple, list)) and len(got) == len(want), (where, got, want)
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            same(one, other, f"{where}[{k}]")
        return
    assert type(got) is type(want), (where, got, want)
    if isinstance(want, numpy.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape, (where, got, want)
        assert numpy.array_equal(got, want, equal_nan=want.dtype.kind in "fc"), (where, got, want)
    else:
        assert got == want or (got != got and want != want), (where, got, want)


def check(function: Any, *args: Any) -> None:
    """The compiled function does what Python does: values, types, arguments, exceptions."""
    want, left, raised = outcome(function.__wrapped__, args)
    got, ours, error = outcome(function, args)
    assert type(error) is type(raised), (args, error, raised)
    same(got, want, f"{function.__name__}{args}")
    same(list(ours), list(left), "arguments")


def refused(name: str) -> list[tuple[str, str, str, str]]:
    """The rows of a file of refusals: their head, the body, what the advice leads to, the message."""
    with open(os.path.join(os.path.dirname(__file__), name)) as file:
        sections = file.read().split("=== ")[1:]
    rows = []
    for section in sections:
        head, rest = section.split("\n", 1)
        body, rest = rest.split("\n--- instead\n")
        instead, message = rest.split("\n--- message\n")
        rows.append((head, body, instead, message.strip()))
    return rows
