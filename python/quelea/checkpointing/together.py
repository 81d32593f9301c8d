"""What each rank does by itself with files, and all of them answer for: a failure of one is the same error on all."""

from collections.abc import Callable
from typing import Any

from .. import _quelea
from ..answers import packed_failure, packed_result, unpacked

__all__ = ["on_all"]


def on_all(work: Callable[[], Any]) -> list[Any]:
    """Call a function on every rank by itself. Collective.

    Returns
    -------
    list
        What it gives on each rank, on all ranks.

    Raises
    ------
    Exception
        What it raised on the lowest rank on which it failed.
    """
    cause: BaseException | None = None
    try:
        packed, cause = packed_result(work())
    except Exception as error:  # the others wait
        packed, cause = packed_failure(error)
    given = [unpacked(one) for one in _quelea.collect(packed)]
    for rank, (has_failed, value) in enumerate(given):
        if has_failed:
            value.add_note(f"raised on rank {rank}")
            raise value from cause
    return [value for _, value in given]
