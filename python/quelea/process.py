"""What Quelea does to the Python process of a rank: output, exceptions, the end of the program (contracts C5 and C10).

Under a launcher every rank runs the whole script. What its Python prints appears once, from rank 0; standard error is
kept from every rank and says whose it is. A rank that fails ends the job, so that no other waits for it.
"""

import atexit
import difflib
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TextIO

from . import _quelea, profiling

__all__ = ["install"]


class _Tagged:
    """A text stream that begins each line with the rank and writes whole lines, so that ranks do not mix theirs."""

    def __init__(self, stream: TextIO, tag: str) -> None:
        self._stream = stream
        self._tag = tag
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        if lines:
            self._stream.write("".join(f"{self._tag}{line}\n" for line in lines))
            self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self._line:
            self._stream.write(self._tag + self._line)
            self._line = ""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_rank() -> bool:
    """Whether this process is a rank, and no fork of one."""
    return _quelea.launched_rank() is not None


def _redirect(rank: int) -> None:
    """Drop what a rank above 0 prints, and tag its errors; a fork of it is no rank, and prints as itself."""
    out, error = sys.stdout, sys.stderr
    ours: list[object] = []

    def give_back() -> None:
        if sys.stdout in ours:
            sys.stdout = out
        if sys.stderr in ours:
            sys.stderr = error

    sys.stderr = _Tagged(error, f"[rank {rank}] ")
    if os.environ.get("QUELEA_OUTPUT", "root") != "all":
        print(end="", flush=True)  # else each fork would print again what is there
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  it lives as long as the process
    ours += [sys.stdout, sys.stderr]
    os.register_at_fork(after_in_child=give_back)


def _let_root_speak(rank: int) -> None:
    """Most failures are the same on every rank: give rank 0 the time to report one and to end the job."""
    if rank > 0:
        time.sleep(min(0.5 + 0.05 * rank, 2.0))


ExceptHook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def _end_job_after(previous: ExceptHook, rank: int) -> ExceptHook:
    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if not _is_rank():
            previous(kind, value, trace)
            return
        _let_root_speak(rank)
        previous(kind, value, trace)
        sys.stdout.flush()
        sys.stderr.flush()
        _quelea.abort(1, f"{kind.__name__} was not caught")

    return hook


class _Exit(SystemExit):
    """`sys.exit`'s exception. It notices that nobody caught it: it is then destroyed when no frame is left."""

    pending: "int | str | None" = None

    def __del__(self) -> None:
        if sys._getframe().f_back is None and self.code not in (None, 0):
            _Exit.pending = self.code


def _exit(status: "int | str | None" = None, /) -> None:
    """Exit the interpreter by raising SystemExit(status)."""
    raise _Exit(status)


def _end(rank: int) -> None:
    if _Exit.pending is not None and _is_rank():
        _let_root_speak(rank)
        status = _Exit.pending & 0xFF if isinstance(_Exit.pending, int) else 1
        _quelea.abort(status or 1, f"the program ended by sys.exit({_Exit.pending!r})")
    try:
        _quelea.end()
        profiling.at_end()
    except Exception as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
    _quelea.close()


# What carries our prefix and is read by others than the library: cluster/hosts, and the tests.
_OF_OTHERS = ("QUELEA_LAB", "QUELEA_BUILD", "QUELEA_TEST_")


def _warn_of_unknown_variables() -> None:
    prefix = "QUELEA_"
    known = [name.removeprefix(prefix) for name, *_ in _quelea.params()]
    for name in sorted(os.environ):
        word = name.removeprefix(prefix)
        if word == name or word in known or name.startswith(_OF_OTHERS):
            continue
        near = difflib.get_close_matches(word, known, n=1)
        question = f"did you mean {prefix}{near[0]}? " if near else ""
        text = f"{name} is not a parameter and changes nothing; {question}`python -m quelea params` lists them all"
        warnings.warn(text, RuntimeWarning, stacklevel=4)  # the line that imports quelea


def _refuse_standard_input() -> None:
    """Mpirun gives its standard input to rank 0 alone: the others would run an empty program, and never come."""
    read_from_input = getattr(sys, "argv", [""])[0] in ("", "-")
    if read_from_input and int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1")) > 1:
        raise RuntimeError(
            "this program comes from standard input, which mpirun gives to rank 0 alone, so that the other "
            "ranks have none: put it into a file, and run 'mpirun -n N python FILE'"
        )


def install() -> None:
    """Arrange output, exceptions and the end of the program; called once, by ``import quelea``."""
    rank = _quelea.launched_rank()
    if not rank:
        _warn_of_unknown_variables()
    if rank is not None:
        sys.excepthook = _end_job_after(sys.excepthook, rank)
        sys.exit = _exit  # type: ignore[assignment]
        _refuse_standard_input()
        if rank > 0:
            _redirect(rank)
    atexit.register(_end, rank or 0)
