"""NumPy's older generator, and the functions that share one: MT19937, whose stream has no short way to its middle.

So every rank draws all numbers of a call with NumPy's own generator, and keeps its part; there is a limit to that.
"""

from collections.abc import Callable
from typing import Any

import numpy

from ..dispatch import as_numpy
from .bits import MT19937, SeedSequence
from .generator import delegated, refuse_many

__all__ = ["RandomState"]

ALIKE = 2**24
_INSTEAD = "random.default_rng(seed) fills larger arrays by all ranks"


class RandomState:
    """NumPy's RandomState, with arrays that are Quelea's.

    Its numbers are NumPy's bit for bit. Every rank draws all of them: at most `ALIKE` in a call.

    Parameters
    ----------
    seed : None, int, array_like of ints or BitGenerator, optional
        The same on all ranks. None: rank 0's entropy, on all of them.

    Examples
    --------
    >>> import quelea as np
    >>> np.random.RandomState(1).rand(2)
    array([0.417022  , 0.72032449])
    """

    ALIKE = ALIKE

    def __init__(self, seed: Any = None) -> None:
        self._numpy = numpy.random.RandomState(MT19937() if seed is None else as_numpy(seed))

    def __repr__(self) -> str:
        return f"{self} at 0x{id(self):X}"

    def __str__(self) -> str:
        return f"{type(self).__name__}({type(self._bit_generator).__name__})"

    def __getstate__(self) -> Any:
        return self.get_state(legacy=False)

    def __setstate__(self, state: Any) -> None:
        self.set_state(state)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (0,), self.__getstate__()

    @property
    def _bit_generator(self) -> Any:
        return self._numpy._bit_generator

    def seed(self, seed: Any = None) -> None:
        """Begin the numbers anew.

        Parameters
        ----------
        seed : int, array_like of ints or SeedSequence, optional
            The same on all ranks. None: rank 0's entropy, which makes it collective.
        """
        self._numpy.seed(SeedSequence().generate_state(624) if seed is None else as_numpy(seed))

    def get_state(self, legacy: bool = True) -> Any:
        """Give the state, which is the same on all ranks. Local.

        Parameters
        ----------
        legacy : bool, default True
            Whether it is a tuple; else a dict.

        Returns
        -------
        tuple or dict
            As NumPy's, and good for NumPy's `set_state`.
        """
        return self._numpy.get_state(legacy=legacy)  # type: ignore[call-overload]

    def set_state(self, state: Any) -> None:
        """Go on from a state. Local, alike on all ranks.

        Parameters
        ----------
        state : tuple or dict
            What `get_state` gave, here or of NumPy's.
        """
        self._numpy.set_state(state)

    def bytes(self, length: int) -> bytes:
        """Draw bytes, the same on every rank.

        Parameters
        ----------
        length : int
            How many.

        Returns
        -------
        bytes
            NumPy's.
        """
        return self._numpy.bytes(length)

    def rand(self, *args: int) -> Any:
        """Draw floats from [0, 1), in an array of those extents.

        Parameters
        ----------
        *args : int
            The extents; none: one number.

        Returns
        -------
        ndarray or float
            float64, NumPy's bits.

        Raises
        ------
        NotImplementedError
            More than 2^24 elements: `default_rng` fills larger arrays by all ranks.
        """
        return self.random_sample(args or None)  # type: ignore[attr-defined]

    def randn(self, *args: int) -> Any:
        """Draw from the standard normal distribution, in an array of those extents.

        Parameters
        ----------
        *args : int
            The extents; none: one number.

        Returns
        -------
        ndarray or float
            float64, NumPy's bits.

        Raises
        ------
        NotImplementedError
            More than 2^24 elements: `default_rng` fills larger arrays by all ranks.
        """
        return self.standard_normal(args or None)  # type: ignore[attr-defined]

    def random(self, size: Any = None) -> Any:
        """Draw floats from [0, 1).

        Parameters
        ----------
        size : int or tuple of int, optional
            The shape; None: one number.

        Returns
        -------
        ndarray or float
            float64, NumPy's bits.

        Raises
        ------
        NotImplementedError
            More than 2^24 elements: `default_rng` fills larger arrays by all ranks.
        """
        return self.random_sample(size)  # type: ignore[attr-defined]

    def shuffle(self, x: Any) -> None:
        """Shuffle an array, or a list, in place along its first axis, as NumPy does.

        Parameters
        ----------
        x : ndarray or list
            Of Quelea's arrays each rank has all elements meanwhile. Collective then.

        Raises
        ------
        NotImplementedError
            More than 2^24 elements.
        """
        total = int(numpy.size(x)) if hasattr(x, "shape") else len(x)
        refuse_many("RandomState", "shuffle", total, ALIKE, "shuffle what selects from it")
        values = as_numpy(x)
        if values is x or not hasattr(x, "shape"):
            self._numpy.shuffle(x)
            return
        values = numpy.array(values)
        self._numpy.shuffle(values)
        x[...] = values


_OWN = set(vars(RandomState))
for _name in dir(numpy.random.RandomState):
    if not _name.startswith("_") and _name not in _OWN:
        setattr(RandomState, _name, delegated(numpy.random.RandomState, _name, ALIKE, _INSTEAD))

# ---- the functions that share one ----

_shared: list[RandomState] = []


def shared_state() -> RandomState:
    """Give the generator of the functions, which is made when it is used first. Collective then."""
    if not _shared:
        _shared.append(RandomState())
    return _shared[0]


def seed(seed: Any = None) -> None:
    """Begin the numbers of the functions anew.

    Parameters
    ----------
    seed : None, int or array_like of ints, optional
        The same on all ranks. None: rank 0's entropy, on all of them.

    Examples
    --------
    >>> import quelea as np
    >>> np.random.seed(1)
    >>> np.random.rand(2)
    array([0.417022  , 0.72032449])
    """
    if seed is None or not _shared:
        _shared[:] = [RandomState(seed)]
    else:
        _shared[0].seed(seed)


def _function(name: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        return getattr(shared_state(), name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(RandomState, name).__doc__
    return function


_OTHER_NAMES = {"ranf": "random_sample", "sample": "random_sample"}
_NOT_SHARED = ("ALIKE", "seed", "tomaxint")
for _name in [*dir(RandomState), *_OTHER_NAMES]:
    if not _name.startswith("_") and _name not in _NOT_SHARED:
        globals()[_name] = _function(_OTHER_NAMES.get(_name, _name))
        __all__ += [_name]
__all__ += ["seed"]
