"""NumPy's settings for floating-point errors, of which Quelea has one: they are ignored."""

from collections.abc import Callable
from typing import Any

__all__ = ["geterr", "geterrcall", "seterr", "seterrcall"]

_CATEGORIES = ("divide", "over", "under", "invalid")


def refuse_actions(name: str, actions: dict[str, Any]) -> None:
    """Refuse to do anything about errors."""
    for category, action in actions.items():
        if action not in ("ignore", None):
            raise NotImplementedError(
                f"{name}({category}={action!r}) is not in Quelea yet; errors are ignored, test with np.isfinite"
            )


def geterr() -> dict[str, str]:
    """Say what happens at floating-point errors: they are ignored.

    Returns
    -------
    dict
    """
    return dict.fromkeys(_CATEGORIES, "ignore")


def seterr(
    all: str | None = None,
    divide: str | None = None,
    over: str | None = None,
    under: str | None = None,
    invalid: str | None = None,
) -> dict[str, str]:
    """Accept that floating-point errors are ignored.

    Returns
    -------
    dict
        What held before.

    Raises
    ------
    NotImplementedError
        A category is to warn, raise, call, print or log.
    """
    given = {"all": all, "divide": divide, "over": over, "under": under, "invalid": invalid}
    for action in given.values():
        if action not in (None, "ignore", "warn", "raise", "call", "print", "log"):
            raise ValueError(f"invalid error mode {action!r}")
    refuse_actions("seterr", given)
    return geterr()


def geterrcall() -> None:
    """Give the function that is called at floating-point errors: none is."""
    return None


def seterrcall(func: Callable[..., Any] | None) -> None:
    """Accept that no function is called at floating-point errors.

    Raises
    ------
    NotImplementedError
        There is a function.
    """
    if func is not None:
        raise NotImplementedError(
            "seterrcall(function) is not in Quelea yet; errors are ignored, test with np.isfinite"
        )
