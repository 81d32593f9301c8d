"""``quelea.vectorize``, in NumPy's form and in Numba's."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

import numpy

from ..compiling import Function
from ..compiling.signatures import IR, Signature, parse_signatures
from .general import LayoutFunction
from .options import check_numba
from .vectorized import Vectorized

__all__ = ["vectorize"]


def _is_declaration(given: Any) -> bool:
    """Whether it is Numba's signatures, rather than NumPy's function."""
    return isinstance(given, (str, list, Signature)) or (
        isinstance(given, tuple) and not callable(given)
    )


def _otypes_of(given: Any) -> list[numpy.dtype[Any]] | None:
    """NumPy's otypes: a text of letters, or dtypes."""
    if given is None:
        return None
    if isinstance(given, str):
        if any(letter not in numpy.typecodes["All"] for letter in given):
            raise ValueError(f"Invalid otype specified: {given}")
        found = [numpy.dtype(letter) for letter in given]
    elif isinstance(given, Iterable):
        found = [numpy.dtype(item) for item in given]
    else:
        raise ValueError("Invalid otype specification")
    for dtype in found:
        if dtype.name not in IR:
            raise TypeError(f"an element function gives numbers, not {dtype}")
    return found


def vectorize(
    pyfunc: Any = None,
    otypes: Any = None,
    doc: str | None = None,
    excluded: Iterable[int | str] | None = None,
    cache: bool = False,
    signature: str | None = None,
    *,
    identity: Any = None,
    **numba: Any,
) -> Any:
    """Make a function of numbers a function of arrays, which is called for each element.

    The function is compiled as `quelea.jit` does it; what is not in its language is refused, with the line, and
    never called by Python. One without loops, which raises nothing, is recorded as its operations over whole arrays,
    and fused with what is around it; any other is a loop over the elements, shared out by the owners of what it stores.

    Parameters
    ----------
    pyfunc : function, or str, signature or list of these, optional
        The function; or, as in Numba, the types for which it is compiled, as "float64(float64, float64)": then, and
        without it, a decorator is made. With types arguments are cast to the first ones that hold them, and results
        to the declared one.
    otypes : str or list of dtypes, optional
        The dtypes of the results. Otherwise they follow from what the function returns for the dtypes of the
        arguments; Python's numbers are weak, as in all of NumPy.
    doc : str, optional
        The docstring; otherwise the function's.
    excluded : set of str or int, optional
        Names or numbers of arguments that are given to the function as they are.
    cache : bool, optional
        Taken, and of no effect: the function is not called to find out what it gives.
    signature : str, optional
        As "(n),(n)->()": the function takes and returns arrays; what it returns has axes of its arguments.
    identity : number, optional
        With which any number combines to itself: what `reduce` gives of nothing.
    **numba
        Other options of Numba's: `nopython`, `target` ('cpu', 'parallel') and what only allows something.

    Returns
    -------
    Vectorized
        Called with arrays, lists and numbers, which are broadcast, and with ``out``, ``where``, ``dtype``,
        ``casting`` and ``order`` as ufuncs are. Results are Quelea's if an array is, or if there are lists alone;
        with NumPy's arrays they are NumPy's, and each process computes them; of numbers alone they are NumPy's
        numbers. Where ``where`` is false and there is no ``out``, they are 0. With `dtype`, arguments are cast to it
        first. Functions of two arguments have the methods `reduce`, `accumulate` and `outer`.

    Raises
    ------
    quelea.errors.JitError
        The function is not in the language of `quelea.jit`: at the first call, or at once with types.
    TypeError
        The function gives no numbers; an argument is none, has a mask, or may not be cast.
    OverflowError
        A number of Python's meets a dtype that does not hold it, as 200 beside int8. In branches and loops such
        numbers wrap, as in `quelea.jit`.

    See Also
    --------
    guvectorize : of functions of small arrays.
    jit

    Examples
    --------
    >>> import quelea as np
    >>> @np.vectorize
    ... def clipped(a, b):
    ...     return a - b if a > b else a + b
    >>> print(clipped([1, 2, 3, 4], 2))
    [3 4 1 2]
    >>> @np.vectorize(["float64(float64, float64)"])
    ... def larger(x, y):
    ...     return x if x > y else y
    >>> print(larger.reduce(np.arange(6.0).reshape(2, 3), axis=1))
    [2. 5.]
    """
    check_numba("vectorize", numba)
    types_given = _is_declaration(pyfunc)
    declared = parse_signatures(pyfunc) if types_given else ()
    if identity == "reorderable":  # Numba's word for none
        identity = None
    if not isinstance(identity, (type(None), bool, int, float, complex, numpy.generic)):
        raise TypeError(f"identity is a number, not {identity!r}")

    def made(function: Any) -> Any:
        if not isinstance(function, (types.FunctionType, Function)):
            raise TypeError(
                f"vectorize compiles Python functions, not {type(function).__name__}: write a function around it"
            )
        if signature is not None and excluded:
            raise NotImplementedError("vectorize(excluded=, signature=) is not in Quelea yet")
        if signature is not None:
            return LayoutFunction(function, signature, _otypes_of(otypes), doc)
        return Vectorized(function, declared, _otypes_of(otypes), excluded or (), identity, doc)

    return made if pyfunc is None or types_given else made(pyfunc)
