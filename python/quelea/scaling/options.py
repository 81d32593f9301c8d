"""The words of ``python -m quelea scale``, and the study that they ask for."""

import argparse
import math
import os
import re
import shlex
from pathlib import Path
from typing import Any

from .launchers import Place, cores, hosts_of
from .measuring import Reading
from .study import Study

__all__ = ["counts", "described", "parser", "place_of", "reading_of", "study_of"]

_EPILOG = """examples:
  python -m quelea scale examples/jacobi.py --n 2000                     here, 1, 2, 4, ... ranks up to its cores
  python -m quelea scale --size n=1000,4000 jacobi.py --n {n}            a curve for each size
  python -m quelea scale --weak 'n=1000*sqrt(ranks)' jacobi.py --n {n}   as much for each rank
  python -m quelea scale --hosts hostfile --nodes 1,2,4 --per-node 16 jacobi.py
  python -m quelea scale --sbatch='--time=20' --nodes 1,2,4,8 --per-node 64 jacobi.py
  python -m quelea scale --out scale-jacobi --report                     the table and the pictures again

A study that was interrupted goes on when the same line is typed again. Answers are compared bit by bit: what the script
gives to quelea.digest(), else all numbers that it has looked at (float(x), if x > y, print(x.sum()))."""


def counts(text: str) -> tuple[int, ...]:
    """Read a list of numbers of at least 1."""
    words = text.split(",")
    if not all(word.strip().isdecimal() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers of at least 1, as 1,2,4"
        )
    return tuple(dict.fromkeys(map(int, words)))


def _count(text: str) -> int:
    return counts(text)[0] if "," not in text else counts("-")[0]


def _not_negative(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _named(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*=(.+)", text)
    if not match or match[1] in ("ranks", "nodes"):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=..., as n=1000")
    return match[1], match[2].strip()


def _numbers(text: str) -> tuple[str, tuple[float, ...]]:
    name, words = _named(text)
    try:
        return name, tuple(float(word) for word in words.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBERS, as n=1000,2000") from None


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
    return text


def parser() -> argparse.ArgumentParser:
    """Make the reader of the words."""
    made = argparse.ArgumentParser(
        prog="python -m quelea scale",
        usage="%(prog)s [options] SCRIPT [ARGS]",
        description="Runs a script on several numbers of ranks and says how it scales.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("script", metavar="SCRIPT", nargs="?")
    add(
        "arguments",
        metavar="ARGS",
        nargs=argparse.REMAINDER,
        help="of the script, with {n} for sizes",
    )
    add("--ranks", type=counts, metavar="1,2,4", help="numbers of ranks")
    add("--nodes", type=counts, metavar="1,2", help="numbers of nodes (1); here they are pretended")
    add("--per-node", type=counts, metavar="2", help="ranks of each node, in place of --ranks")
    add("--threads", type=_count, default=1, metavar="1", help="of each rank")
    add(
        "--size",
        type=_numbers,
        action="append",
        default=[],
        metavar="n=1000,2000",
        help="strong scaling, of each of these sizes",
    )
    add(
        "--weak",
        type=_named,
        action="append",
        default=[],
        metavar="'n=1000*ranks**0.5'",
        help="weak scaling: a size that grows; rounded",
    )
    add(
        "--work",
        default="",
        metavar="'n*n'",
        help="what a run does, to compare sizes exactly (weak: ranks)",
    )
    add("--repeats", type=_count, default=3, metavar="3", help="measured runs of each point")
    add(
        "--warm",
        type=_not_negative,
        default=1,
        metavar="1",
        help="runs before these, which compile",
    )
    add(
        "--seconds",
        type=_pattern,
        default="",
        metavar="REGEX",
        help="take the time from what the script prints: 'took ([0-9.]+) s'",
    )
    add(
        "--answer",
        type=_pattern,
        default="",
        metavar="REGEX",
        help="compare what it prints, where this matches",
    )
    add(
        "--limit",
        type=_count,
        default=3600,
        metavar="3600",
        help="seconds that a run may take (not under Slurm)",
    )
    where = made.add_mutually_exclusive_group()
    where.add_argument(
        "--hosts", default="", metavar="FILE", help="a hostfile, or the program cluster/hosts"
    )
    where.add_argument("--slurm", action="store_true", help="submit a job for each point")
    add(
        "--sbatch",
        default="",
        metavar="=OPTIONS",
        help="of the jobs: --sbatch='--partition=long --time=20'",
    )
    add(
        "--launch",
        default="",
        metavar="COMMAND",
        help="starts ranks: 'srun -N {nodes} -n {ranks}'; in jobs of Slurm 'srun --mpi=pmix' by default",
    )
    add("--write-only", action="store_true", help="write the scripts for Slurm, and submit nothing")
    add(
        "--out",
        default="",
        metavar="FOLDER",
        help="of the results (scale-SCRIPT); all hosts must see it",
    )
    add("--report", action="store_true", help="run nothing: table and pictures of what there is")
    return made  # fmt: skip


def _powers() -> tuple[int, ...]:
    return tuple(2**k for k in range(int(math.log2(cores())) + 1))


def _is_slurm(given: Any) -> bool:
    return bool(given.slurm or given.sbatch)


def place_of(given: Any) -> Place:
    """Say where it runs."""
    launch = given.launch or ("srun --mpi=pmix" if _is_slurm(given) else "")
    return Place(given.threads, given.hosts, launch, given.limit)


def reading_of(given: Any) -> Reading:
    """Say what is taken from the output."""
    return Reading(given.seconds, given.answer)


def _launcher(given: Any) -> str:
    if _is_slurm(given):
        if given.hosts:
            raise ValueError(
                "Slurm chooses the hosts: give --sbatch='--nodelist=...' in place of --hosts"
            )
        return "slurm"
    if not given.hosts:
        return "launch" if given.launch else "local"
    if given.launch:
        raise ValueError("--hosts and --launch both say how ranks are started: give one of them")
    if os.access(given.hosts, os.X_OK):
        return "lab"
    hosts_of(given.hosts)  # an OSError now, if any
    return "hostfile"


def study_of(given: Any) -> Study:
    """Make the study.

    Raises
    ------
    ValueError, OSError
        With what to write instead.
    """
    if not given.script:
        raise ValueError("which script? python -m quelea scale SCRIPT [ARGS]")
    if not Path(given.script).is_file():
        raise ValueError(f"there is no script {given.script}")
    launcher = _launcher(given)
    if given.write_only and launcher != "slurm":
        raise ValueError("--write-only writes scripts for Slurm: add --slurm")
    if given.ranks and given.per_node:
        raise ValueError("--per-node is in place of --ranks: give one of them")
    return described(given, launcher)


def described(given: Any, launcher: str) -> Study:
    """Make the study of words that were in order when it was begun; its script may be elsewhere."""
    where = [
        given.hosts,
        given.launch,
        *shlex.split(given.sbatch),
        given.seconds,
        given.answer,
    ]
    return Study(
        script=given.script,
        arguments=tuple(given.arguments),
        ranks=given.ranks or _powers(),
        nodes=given.nodes or (1,),
        per_node=given.per_node or (),
        threads=given.threads,
        sizes=tuple(given.size),
        weak=tuple(given.weak),
        work=given.work,
        repeats=given.repeats,
        warm=given.warm,
        launcher=launcher,
        where=tuple(where),
    )
