"""Random numbers: ``numpy.random`` with arrays that are Quelea's, the same bits on any number of ranks.

`default_rng` is what to use: `Generator` says which of its numbers are NumPy's. The functions beside it share a
`RandomState`, of which every rank draws all numbers. What has no seed takes rank 0's entropy, on all ranks.
"""

from numpy.random import BitGenerator

from . import legacy
from .bits import MT19937, PCG64, PCG64DXSM, SFC64, Philox, SeedSequence
from .generator import Generator, default_rng
from .legacy import *

__all__ = [
    "MT19937",
    "PCG64",
    "PCG64DXSM",
    "SFC64",
    "BitGenerator",
    "Generator",
    "Philox",
    "SeedSequence",
    "default_rng",
    *legacy.__all__,
]
