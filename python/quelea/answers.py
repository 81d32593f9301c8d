"""What a rank gives the others of a call that it has made by itself: the result, or a failure that all raise."""

import pickle
from typing import Any

__all__ = ["packed_failure", "packed_result", "unpacked"]


def packed_result(result: Any) -> tuple[bytes, BaseException | None]:
    """Pack a result; or the TypeError that says that it cannot be, which is given too. None is nothing."""
    if result is None:
        return b"", None
    try:
        return pickle.dumps((False, result)), None
    except Exception as error:
        refusal = TypeError(
            f"the result of on_root's function is a {type(result).__name__}, which cannot be given to "
            f"the other ranks: {error}"
        )
        return pickle.dumps((True, refusal)), refusal


def packed_failure(error: BaseException) -> tuple[bytes, BaseException]:
    """Pack an exception of which all ranks can raise the same class; gives what this rank is to raise."""
    try:
        packed = pickle.dumps((True, error))
        copy = pickle.loads(packed)[1]
        if type(copy) is type(error) and str(copy) == str(error):
            return packed, error
    except Exception:  # whatever a class does when it is pickled
        pass
    text = RuntimeError(f"{type(error).__name__}: {error}")
    text.__cause__ = error
    return pickle.dumps((True, text)), text


def unpacked(packed: bytes) -> tuple[bool, Any]:
    """Give whether it failed, and the result or the exception."""
    return pickle.loads(packed) if packed else (False, None)
