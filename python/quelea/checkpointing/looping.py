"""Checkpoints of a loop: when it is time by rank 0's clock, and when a signal says that the job will end.

When is asked for and agreed on in C (runtime/run/asked.c), beside whatever the ranks agree on anyway: so a call that
writes nothing costs no message, and the decision is the same on all ranks.
"""

import contextlib
import os
import signal
import sys
import warnings
from typing import Any

from .. import _quelea
from ..info import on_root
from .keeping import CheckpointReport, checkpoint, kept

__all__ = ["checkpoint_every"]

_TIME, _SIGNAL = 1, 2  # QlAsk
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class _Loop:
    """The loop that is being kept: there is one clock."""

    path: str | None = None
    former: frozenset[str] = frozenset()
    heeds_signals = False

    def begin(self, path: str, seconds: float) -> None:
        if path in self.former:
            raise ValueError(
                f"checkpoint_every({path!r}) comes again after another path: there is one clock; give everything "
                "to one call, by names of its own, or call quelea.checkpoint"
            )
        if self.path is not None:
            self.former |= {self.path}
        self.path = path
        _quelea.ask_in(seconds)


_loop = _Loop()


def _come(number: int, frame: Any) -> None:
    _quelea.ask(_SIGNAL)
    if number == signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)  # a second one does not wait


def _heed_signals() -> None:
    """Take the signals that would end the process, where the program does nothing with them itself."""
    _loop.heeds_signals = True
    try:
        for number in _SIGNALS:
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _come)
    except ValueError:  # what Python says in its other threads
        warnings.warn(
            "checkpoint_every is called in a thread that is not Python's main one, where Python takes no handlers of "
            "signals: SIGTERM and SIGUSR1 do not ask for a checkpoint; use Quelea in the main thread",
            RuntimeWarning,
            stacklevel=3,
        )


def _heed_none() -> None:
    """In a forked child, which no loop will end: signals do what they do without us."""
    _loop.heeds_signals = False
    for number in _SIGNALS:
        if signal.getsignal(number) is _come:
            signal.signal(number, signal.SIG_DFL)


os.register_at_fork(after_in_child=_heed_none)


def _end(report: CheckpointReport) -> None:
    text = f"quelea: a signal asks the job to end: it goes on from {report}"

    def say() -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more
            print(text, file=sys.stderr, flush=True)

    on_root(say)
    raise SystemExit(0)


def checkpoint_every(
    seconds: float, path: Any, /, *, keep: int = 2, **what: Any
) -> CheckpointReport | None:
    """Call `checkpoint` in a loop, when so many seconds have gone since the last one. Collective.

    Rank 0's clock decides, for all ranks. From the first call on SIGTERM and SIGUSR1, on any rank, ask for a checkpoint
    too: the next call writes it and then ends the program, by ``SystemExit(0)``, unless the program has handlers of its
    own for them. A second SIGTERM ends it at once. Slurm sends such a signal before the time limit:
    ``sbatch --signal=USR1@300``. Children that the process forks do not heed them.

    Parameters
    ----------
    seconds : float
        From the end of one to the next; from the first call to the first. 0: each call writes.
    path : path
        As of `checkpoint`. There is one clock: a program has one such call in a loop.
    keep : int, default 2
    **what
        As of `checkpoint`. What is recorded is executed only when it is written.

    Returns
    -------
    CheckpointReport or None
        None: it was not time.

    Warns
    -----
    RuntimeWarning
        Once, in a thread that is not Python's main one: Python takes handlers of signals in that alone, and so only
        the clock asks.

    Notes
    -----
    One that fails raises what `checkpoint` does. A program that catches that goes on: the clock asks again after so
    many seconds, a signal at the next call, until one is written.

    A call that writes nothing sends no message and executes nothing: what some rank asks for comes with what the ranks
    agree on anyway; where they agree on nothing, each 16th call is such a meeting.

    Examples
    --------
    >>> import quelea as np, tempfile
    >>> folder = np.on_root(tempfile.mkdtemp)
    >>> saved = np.restore(folder, None)
    >>> u, first = (saved["u"], saved["step"]) if saved else (np.ones(1000), 0)
    >>> for step in range(first, 100):
    ...     written = np.checkpoint_every(600, folder, u=u, step=step)    # before the step
    ...     u[1:-1] = 0.5 * (u[:-2] + u[2:])
    """
    if not seconds >= 0:
        raise ValueError(f"checkpoint_every: {seconds!r} is no number of seconds")
    place, keep = os.fsdecode(path), kept(keep)
    asked = _quelea.asked()
    if place != _loop.path:
        _loop.begin(place, seconds)
    if not _loop.heeds_signals:
        _heed_signals()
    if not asked and seconds > 0:
        return None
    try:
        report = checkpoint(path, keep=keep, **what)
    finally:  # one that fails is not the last
        _quelea.answered(_TIME)
        _quelea.ask_in(seconds)
    if asked & _SIGNAL:
        _quelea.answered(_SIGNAL)
        _end(report)
    return report
