"""What each rank does by itself with files, and all of them answer for: a failure of one is the same error on all."""

import json
from collections.abc import Callable
from typing import Any

from .. import _quelea
from ..errors import CheckpointError

__all__ = ["on_all"]

_CLASSES: tuple[type[Exception], ...] = (CheckpointError, MemoryError, ValueError)


def _said(error: Exception) -> dict[str, Any]:
    """What the others need to raise the same."""
    if isinstance(error, OSError) and error.errno is not None:
        return {"os": [error.errno, error.strerror or "", error.filename]}
    for kind in _CLASSES:
        if type(error) is kind:
            return {"class": kind.__name__, "text": str(error)}
    return {"class": "RuntimeError", "text": f"{type(error).__name__}: {error}"}


def _made(said: dict[str, Any]) -> Exception:
    if "os" in said:
        return OSError(*said["os"])
    kinds = {kind.__name__: kind for kind in _CLASSES}
    return kinds.get(said["class"], RuntimeError)(said["text"])


def on_all(work: Callable[[], Any]) -> list[Any]:
    """Call a function on every rank by itself. Collective.

    Returns
    -------
    list
        What it gives, as JSON has it, on each rank, on all ranks.

    Raises
    ------
    Exception
        What it raised on the lowest rank on which it failed.
    """
    mine: dict[str, Any]
    cause: Exception | None = None
    try:
        mine = {"is": work()}
    except Exception as error:  # the others wait
        cause, mine = error, _said(error)
    all_said = [json.loads(text) for text in _quelea.collect(json.dumps(mine).encode())]
    for rank, said in enumerate(all_said):
        if "is" not in said:
            raised = _made(said)
            raised.add_note(f"raised on rank {rank}")
            raise raised from cause
    return [said["is"] for said in all_said]
