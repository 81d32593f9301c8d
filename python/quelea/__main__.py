"""``python -m quelea params | info | doctor | limits | bench | coverage | scale | predict``."""

import importlib
import importlib.util
import os
import signal
import sys
from typing import NoReturn

from . import _quelea
from .info import params, report

_USAGE = """python -m quelea COMMAND

  params   every QUELEA_* environment variable: value, default, meaning
  info     what was found: MPI, nodes, ranks, threads, memory budget, compiler, cache
  doctor   says whether this machine, or the job that it is started as, is set up well, and what to do if not
  limits   measures what this machine gives at best: arithmetic, caches, memory, messages
  bench    measures this machine and Quelea on it: Jacobi beside C + MPI; `bench small`: small statements
           beside NumPy, `bench arrays`: products, sorts, transforms and the like beside NumPy, `bench jit`:
           compiled functions beside Numba, `bench sweeps`: stencils in time loops beside C + MPI,
           `bench sizes`: one of them on grids of many sizes, with a picture, `bench latency`: over
           two hosts with a slow network
  coverage which of NumPy's functions there are: dtypes, over ranks, in which tests; `coverage numpy.fft`: of these
  scale    runs a script on several numbers of ranks, here, on hosts or under Slurm: how it scales; `scale --help`
  predict  says how a script would scale to many ranks, over another network, from a small study of `scale`"""


def _print_params() -> int:
    for row in params():
        print(
            f"{row['name']}={row['value']}   ({row['type'].lower()}, default: {row['default'] or 'empty'})"
        )
        print(f"    {row['text']}")
    _quelea.check_params()
    return 0


def _print_info() -> int:
    print(report())
    return 0


def _measure(module: str, arguments: list[str]) -> int:
    """Run the `main` of the benchmarks, or of one of their modules."""
    if importlib.util.find_spec("quelea.bench") is None:
        print("this installation has no quelea.bench", file=sys.stderr)
        return 2
    return int(importlib.import_module(module, __package__).main(arguments) or 0)


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    command = arguments[0] if arguments else ""
    if command == "params":
        return _print_params()
    if command == "info":
        return _print_info()
    if command == "doctor":
        from .doctor import main as doctor

        raise SystemExit(doctor(arguments[1:]))  # of all ranks alike: none has to end the others
    if command == "limits":
        return _measure(".bench.limits", arguments[1:])
    if command == "bench":
        return _measure(".bench", arguments[1:])
    if command == "coverage":
        from .coverage import main as coverage

        return coverage(arguments[1:])
    if command == "scale":
        from .scaling import main as scale

        return scale(arguments[1:])
    if command == "predict":
        from .predicting import main as predict

        return predict(arguments[1:])
    print(_USAGE, file=sys.stdout if command in ("-h", "--help", "help") else sys.stderr)
    return 0 if command in ("-h", "--help", "help") else 2


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


def _run() -> int:
    """Run the command of this process; that a reader has seen enough (``| head``) is no error to speak of."""
    if sys.argv[1:2] not in (["doctor"], ["info"]):  # these are ranks of a job
        signal.signal(signal.SIGTERM, _end)  # what they have started ends, and temporary files go
    try:
        try:
            return main(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(_run())
