"""Element functions as ufuncs, and functions of small arrays as generalized ufuncs.

========== =====================================================================
making     `quelea.vectorize`, in NumPy's form and in Numba's
vectorized what it makes: calls, dtypes, reductions
general    what `quelea.guvectorize` makes: layouts, loop dimensions
typed      an element function for some types of numbers: what it gives
straight   the IR of one without loops as operations on whole arrays
written    loops around a function, as text that is compiled as the user's is
stored     what a function stores into: its arguments it must not
options    of Numba's decorators
folds      reductions and scans by a function, in the order of contract C7
========== =====================================================================
"""

from __future__ import annotations

from .general import Generalized, guvectorize
from .making import vectorize
from .vectorized import Vectorized

__all__ = ["Generalized", "Vectorized", "guvectorize", "vectorize"]
