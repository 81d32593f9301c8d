"""``np.testing``: NumPy's assertions, given copies of arrays; all ranks make them alike."""

import functools
from collections.abc import Callable
from typing import Any

import numpy

from .dispatch import as_numpy


def _looking(assertion: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(assertion)
    def call(*args: Any, **kwargs: Any) -> Any:
        return assertion(*as_numpy(args), **as_numpy(kwargs))

    return call


def __getattr__(name: str) -> Any:
    given = getattr(numpy.testing, name)  # which numpy imports when it is asked for
    if not name.startswith("assert_") or isinstance(given, type):
        return given
    globals()[name] = looking = _looking(given)
    return looking


def __dir__() -> list[str]:
    return dir(numpy.testing)
