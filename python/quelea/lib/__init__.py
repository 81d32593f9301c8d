"""``np.lib``: NumPy's, but for what makes views of arrays and complex functions."""

from typing import Any

import numpy

from .. import emath as scimath
from . import stride_tricks

__all__ = ["scimath", "stride_tricks"]


def __getattr__(name: str) -> Any:
    return getattr(numpy.lib, name)


def __dir__() -> list[str]:
    return dir(numpy.lib)
