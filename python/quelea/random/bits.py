"""Bit generators: NumPy's, alike on all ranks, and what their states say of draws that are still to come.

NumPy's own objects hold the state: small requests are answered by them. Of PCG64 and Philox a large array is filled
from the state by all ranks, each its own part (runtime/routine/random.c); then the state moves on as if NumPy had
drawn all of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.random import BitGenerator

from .. import _quelea
from ..info import on_root

__all__ = ["MT19937", "PCG64", "PCG64DXSM", "SFC64", "Philox", "SeedSequence"]

INTEGERS = 3  # the last of QlDistribution
SMALL = 1024  # elements that NumPy's generator makes sooner than a plan


def shared_entropy() -> Any:
    """Draw rank 0's entropy, for all ranks. Collective."""
    if _quelea.launched_rank() is None:
        return numpy.random.SeedSequence().entropy
    return on_root(lambda: numpy.random.SeedSequence().entropy)


class SeedSequence(numpy.random.SeedSequence):
    """NumPy's seed sequence; without entropy of its own it takes rank 0's, on all ranks."""

    def __init__(
        self,
        entropy: int | Sequence[int] | None = None,
        *,
        spawn_key: Sequence[int] = (),
        pool_size: int = 4,
        n_children_spawned: int = 0,
    ) -> None:
        super().__init__(
            shared_entropy() if entropy is None else entropy,
            spawn_key=spawn_key,
            pool_size=pool_size,
            n_children_spawned=n_children_spawned,
        )


def _blank(kind: Callable[[int], Any]) -> Any:
    return kind(0)


class _Seeded:
    """What NumPy's bit generators get: rank 0's entropy where they have no seed, arrays that are Quelea's."""

    state: Any
    __getstate__: Any

    def __init__(self, seed: Any = None) -> None:
        super().__init__(SeedSequence() if seed is None else seed)  # type: ignore[call-arg]

    def __reduce__(self) -> tuple[Any, ...]:
        return _blank, (type(self),), self.__getstate__()

    def random_raw(self, size: Any = None, output: bool = True) -> Any:
        """Draw numbers of 64 bits.

        Parameters
        ----------
        size : int or tuple of ints, optional
            By default one number, as an int.
        output : bool, default True
            Whether they are wanted.

        Returns
        -------
        int or ndarray of uint64
        """
        shape = shape_of(size)
        if shape is not None and output and is_large(shape) and words(self) is not None:
            return filled(self, shape, "uint64", INTEGERS, 0, 2**64 - 1, 64)
        drawn = super().random_raw(size, output)  # type: ignore[misc]
        return _quelea.asarray(drawn) if isinstance(drawn, numpy.ndarray) else drawn


class PCG64(_Seeded, numpy.random.PCG64):
    """NumPy's PCG64, whose large arrays are filled by all ranks."""


class Philox(_Seeded, numpy.random.Philox):
    """NumPy's Philox, whose large arrays are filled by all ranks."""

    def __init__(self, seed: Any = None, counter: Any = None, key: Any = None) -> None:
        own = SeedSequence() if seed is None and key is None else seed
        numpy.random.Philox.__init__(self, own, counter, key)


class PCG64DXSM(_Seeded, numpy.random.PCG64DXSM):
    """NumPy's PCG64DXSM, for arrays of at most `Generator.ALIKE` elements."""


class SFC64(_Seeded, numpy.random.SFC64):
    """NumPy's SFC64, for arrays of at most `Generator.ALIKE` elements."""


class MT19937(_Seeded, numpy.random.MT19937):
    """NumPy's MT19937, for arrays of at most `Generator.ALIKE` elements."""


# ---- shapes ----


def shape_of(size: Any) -> tuple[int, ...] | None:
    """Give a shape as a tuple."""
    if size is None:
        return None
    try:
        return (size.__index__(),)
    except (AttributeError, TypeError):
        return tuple(n.__index__() for n in size)


def count(shape: Sequence[int]) -> int:
    """Count the elements."""
    total = 1
    for n in shape:
        total *= n
    return total


def is_large(shape: Sequence[int]) -> bool:
    """Whether all ranks are to fill it."""
    return count(shape) > SMALL and min(shape) >= 0


# ---- states ----

_MASK = 2**64 - 1


def words(bits: Any) -> tuple[int, ...] | None:
    """Give a state as ql_random takes it; None: the stream cannot be entered in its middle."""
    state = bits.state
    half = (int(state.get("has_uint32", 0)), int(state.get("uinteger", 0)))
    inner = state["state"]
    if state["bit_generator"] == "PCG64":
        now, step = inner["state"], inner["inc"]
        return (0, now >> 64, now & _MASK, step >> 64, step & _MASK, 0, 0, 0, *half)
    if state["bit_generator"] == "Philox":
        numbers = [int(x) for x in (*inner["counter"], *inner["key"])]
        return (1, *numbers, int(state["buffer_pos"]), *half)
    return None


def _go_on(bits: Any, draws: int) -> None:
    """Move on by draws of 64 bits; a half that is left stays."""
    state = bits.state
    half = {name: state[name] for name in ("has_uint32", "uinteger")}
    if state["bit_generator"] == "PCG64":
        bits.advance(draws)
    else:
        at = state["buffer_pos"] + draws
        block = max(at - 1, 0) // 4
        if block:  # to the numbers of the last one, of which some are drawn
            counter = sum(int(x) << 64 * k for k, x in enumerate(state["state"]["counter"]))
            counter = (counter + block - 1) % 2**256
            state["state"]["counter"] = numpy.array(
                [counter >> 64 * k & _MASK for k in range(4)], numpy.uint64
            )
            state["buffer_pos"] = 4
            bits.state = state
            BitGenerator.random_raw(bits, at - 4 * block, False)
        else:
            state["buffer_pos"] = at
            bits.state = state
    bits.state = {**bits.state, **half}


def _go_on_by_halves(bits: Any, draws: int) -> None:
    """Move on by draws of 32 bits, two of which are one of 64."""
    if not draws:
        return
    rest = draws - int(bits.state["has_uint32"])
    half = {"has_uint32": rest % 2}
    if rest:
        _go_on(bits, (rest + 1) // 2 - 1)
        half["uinteger"] = int(BitGenerator.random_raw(bits)) >> 32
    bits.state = {**bits.state, **half}


def filled(
    bits: Any,
    shape: Sequence[int],
    dtype: Any,
    distribution: int,
    first: Any,
    second: Any,
    width: int = 64,
) -> _quelea.ndarray:
    """Make an array of what comes next, by all ranks, and move on."""
    state = words(bits)
    assert state is not None
    made = _quelea.random(tuple(shape), dtype, distribution, state, first, second, width)
    if width == 64:
        _go_on(bits, made.size)
    else:
        each = 32 // width
        _go_on_by_halves(bits, (made.size + each - 1) // each)
    return made
