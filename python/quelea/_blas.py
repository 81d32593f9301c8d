"""Loads the extension, and with it OpenBLAS, which is to start no threads: workers are the parallelism.

NumPy has an OpenBLAS of its own, which has read the environment before, and what the program starts reads it as it was.
"""

import os

import numpy as numpy

_NAME = "OPENBLAS_NUM_THREADS"
_given = os.environ.get(_NAME)
os.environ[_NAME] = "1"
try:
    from . import _quelea as _quelea
finally:
    if _given is None:
        del os.environ[_NAME]
    else:
        os.environ[_NAME] = _given
