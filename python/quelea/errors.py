"""The exceptions of Quelea that Python does not have already.

`status.def` names them; `ext/errors.c` raises them.
"""

import sys
import warnings
from pathlib import Path

__all__ = [
    "CheckpointError",
    "CommError",
    "CompileError",
    "DivergenceError",
    "ExpressionError",
    "GatherWarning",
    "JitError",
    "StrictError",
    "UFuncTypeError",
]


class DivergenceError(RuntimeError):
    """The ranks run different code; the message names the first differing line on each side."""


class GatherWarning(RuntimeWarning):
    """An array that lies on several nodes is brought to one, which computes alone and has to have memory for it."""


_PACKAGE = str(Path(__file__).parent)


def warn_of_gather(name: str, what: str) -> None:
    """Give a GatherWarning of the user's line, which it names: there the function does what is said."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    warnings.warn(f"{name} at {place} {what}", GatherWarning, stacklevel=level)


class CommError(RuntimeError):
    """Communication between ranks failed; the message says what MPI says."""


class CheckpointError(RuntimeError):
    """A file of a checkpoint is not as it was written; the message names it."""


class CompileError(SyntaxError):
    """LLVM could not compile a kernel. Arrays that depend on it keep their earlier values, or have none."""


class JitError(SyntaxError):
    """A function is not in the language of `quelea.jit`: what and where, and what to write instead.

    Attributes
    ----------
    codes : tuple of str
        The codes of all that was refused ("QJ110").
    """

    codes: tuple[str, ...] = ()


class ExpressionError(JitError, ValueError):
    """A text is no expression of `quelea.evaluate`: what is not allowed and where, and what to write instead."""


class StrictError(RuntimeError):
    """A gather or a redistribution was refused because `quelea.config.strict` is set."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.add_note(
            "on_root(function, *arrays) and print may look at whole arrays under strict; "
            "movements() says what each line of the program moved"
        )


class UFuncTypeError(TypeError):
    """A ufunc has no loop for the dtypes it was given, or may not cast its result to that of `out`."""
