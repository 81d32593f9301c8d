"""``python -m quelea doctor``: whether this machine, or this allocation, is set up well, and what to do where not.

Alone it looks at this machine; under mpirun or srun at every rank, every host, and the wires between them. It
measures in the job as it was started, with its ranks, bindings and threads, by Quelea's own messages and kernels: what
it says is what programs get. ``python -m quelea limits`` has what C programs get at best.

======================  ==================================================================
``facts``               what a rank sees of itself and of its host, and all of them together
``places``              what Linux says: Linux: processors, memory, file systems, leftovers
``memory``, ``wires``   what is measured: bytes of each node's memory, messages of each pair
``findings``            what each check finds, of ``bindings`` among others
``checks``              the table: a row for each line of the page
``page``, ``picture``   how it is shown
======================  ==================================================================
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence

from .. import _quelea
from ..info import on_root
from . import page, picture
from .checks import CHECKS, answers
from .facts import Job, gathered, of_this_process

__all__ = ["CHECKS", "Job", "answers", "main"]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quelea doctor",
        description="Is this machine, or this allocation, set up well? Alone, or started as your programs are: "
        "'mpirun -n 4 python -m quelea doctor', 'srun python -m quelea doctor'. Exit status 1: something is wrong.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--picture",
        metavar="FILE.png",
        help="also draw latency and bandwidth between each two nodes (by matplotlib)",
    )
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=64,
        help="rounds in which pairs of nodes are measured, each node with one other in each: "
        "so many cover all pairs of one node more (%(default)s)",
    )
    return parser


def main(arguments: Sequence[str] = ()) -> int:
    """Look, measure and print the page.

    Collective.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``doctor``.

    Returns
    -------
    int
        0, 1 where something is wrong, 2 when what is asked cannot be done; the same on all ranks.
    """
    given = _parser().parse_args(arguments)
    try:
        _quelea.info()
    except (RuntimeError, ValueError, OSError, MemoryError) as error:
        return _shown(of_this_process(str(error)), given.json)
    if given.picture and not on_root(lambda: importlib.util.find_spec("matplotlib") is not None):
        return _refuse(
            "--picture draws by matplotlib, which is not installed: pip install matplotlib"
        )
    job = gathered(given.rounds)
    if given.picture and job.wires is None:
        return _refuse("--picture draws what is between nodes, and here is one")
    if given.picture:
        try:
            on_root(lambda: picture.draw(job, given.picture))
        except (OSError, ValueError) as error:
            return _refuse(f"--picture {given.picture}: {error}")
    return _shown(job, given.json)


def _refuse(text: str) -> int:
    if not _quelea.launched_rank():
        print(text, file=sys.stderr)
    return 2


def _shown(job: Job, as_json: bool) -> int:
    found = answers(job)
    if not _quelea.launched_rank():  # one page also under QUELEA_OUTPUT=all
        print(page.json_text(job, found) if as_json else page.text(job, found), flush=True)
    return 1 if any(answer.state == "wrong" for answer in found) else 0
