"""What ``python -m quelea predict`` does: it reads a study and a network, and writes what follows."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..scaling.options import counts
from .evidence import Evidence, evidence_of
from .model import Model, Predicted
from .networks import Network, measured_network
from .plots import draw
from .report import assumptions, table, verdict, write_csv
from .simulation import Simulator

__all__ = ["main"]

_MOST = 16384

_EPILOG = """A study that says enough has runs on one node, with as many ranks as nodes will have, for the speed of
kernels, and runs on several nodes, pretended ones too, for what they send:

  python -m quelea scale --ranks 1,2,16 --nodes 1,16 --weak 'n=1000*sqrt(ranks)' --work 'n*n' --out study \\
      examples/jacobi.py --n {n} --steps 500
  python -m quelea predict study --shape n,n --steps 500 --latency 2 --bandwidth 12.5

The network may be measured, in a job of several nodes: srun python -m quelea doctor --json >network.json"""


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _not_negative(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _positive(text)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m quelea predict",
        description="Says how long a step would take on other numbers of ranks, and over another network: "
        "from a study of 'python -m quelea scale', and what messages take.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("study", metavar="STUDY", help="the folder of a study of 'python -m quelea scale'")
    add(
        "--shape",
        required=True,
        metavar="n,n",
        help="of the arrays whose halos travel: numbers, or expressions of the study's sizes",
    )
    add("--steps", default="1", metavar="500", help="of a run: times are divided by it")
    add("--item", type=int, choices=(1, 2, 4, 8, 16), default=8, help="bytes of an element (8)")
    add(
        "--arrays",
        type=int,
        choices=range(1, 65),
        default=1,
        metavar="1",
        help="of such a shape, whose halos travel in each step (1)",
    )
    add(
        "--ranks",
        type=counts,
        metavar="1,2,4",
        help=f"numbers of ranks (doubled up to {_MOST})",
    )
    add(
        "--per-node",
        type=counts,
        metavar="2",
        help="ranks of each node (as many as the study has on one node)",
    )
    add(
        "--network",
        metavar="FILE",
        help="what 'python -m quelea doctor --json' has printed in a job of several nodes",
    )
    add(
        "--latency",
        type=_positive,
        metavar="US",
        help="of a short message between nodes, in place of it",
    )
    add("--bandwidth", type=_positive, metavar="GB/S", help="of a node's link, each way")
    add(
        "--overhead",
        type=_not_negative,
        metavar="US",
        help="of a processor, at either end of a message (as measured; with --latency 0.5)",
    )
    add(
        "--eager",
        type=_positive,
        default=65536,
        metavar="BYTES",
        help="of the longest message that does not ask first (65536)",
    )
    add(
        "--memory",
        type=_positive,
        metavar="GB/S",
        help="of a node's memory, where ranks share it that the study has not seen together",
    )
    add(
        "--simulate",
        type=counts,
        default=(),
        metavar="64,256",
        help="also let SimGrid's SMPI play the messages of these numbers of ranks",
    )
    add("--out", metavar="FOLDER", help="of the table and the picture (the study's)")
    return made  # fmt: skip


def _network(given: Any) -> Network:
    overhead = None if given.overhead is None else 1e-6 * given.overhead
    if given.network:
        if given.latency or given.bandwidth:
            raise ValueError("--network has latency and bandwidth: give it, or both of these")
        return measured_network(Path(given.network), overhead, given.eager)
    if not (given.latency and given.bandwidth):
        raise ValueError("which network? --network FILE, or --latency US --bandwidth GB/S")
    latency = 1e-6 * given.latency
    return Network(
        latency,
        1e9 * given.bandwidth,
        0.5e-6 if overhead is None else overhead,
        given.eager,
        latency,
    )


def _per_node(given: Any, evidence: Evidence) -> int:
    if given.per_node:
        if len(given.per_node) > 1:
            raise ValueError("--per-node is one number: give another prediction another --out")
        return int(given.per_node[0])
    alone = [seen.point.ranks for seen in evidence.seen if seen.point.nodes == 1]
    return max(alone, default=1)


def _ranks(given: Any, per_node: int) -> list[int]:
    within = [2**k for k in range(per_node.bit_length()) if 2**k < per_node]
    across = [per_node * 2**k for k in range(_MOST.bit_length()) if per_node * 2**k <= _MOST]
    return sorted({*(given.ranks or [*within, *across]), *given.simulate})


def _title(evidence: Evidence, network: Network, per_node: int) -> str:
    study = evidence.study
    shown = " ".join([os.path.basename(study.script), *study.arguments])
    growing = "".join(f", {name} = {text}" for name, text in study.weak)
    return (
        f"{study.kind} scaling of {shown}{growing}: {per_node} rank(s) on a node, "
        f"{1e6 * network.latency:.4g} us, {1e-9 * network.bandwidth:.4g} GB/s"
    )


def _simulated(given: Any, found: Sequence[Predicted]) -> dict[int, float]:
    if not given.simulate:
        return {}
    simulator = Simulator()
    return {
        k: simulator.seconds(one)
        for k, one in enumerate(found)
        if one.point.ranks in given.simulate
    }


def _main(given: Any) -> int:
    evidence = evidence_of(Path(given.study))
    network = _network(given)
    memory = 1e9 * given.memory if given.memory else None
    model = Model(evidence, network, given.shape, given.steps, given.item, given.arrays, memory)
    per_node = _per_node(given, evidence)
    study, found = model.of_the_study(), model.of(_ranks(given, per_node), per_node)
    simulated = _simulated(given, found)
    folder = Path(given.out or given.study)
    folder.mkdir(parents=True, exist_ok=True)
    title = _title(evidence, network, per_node)
    shown = (
        f"the study\n{table(study, {})}\n{verdict(study)}\n\n{title}\n{table(found, simulated)}\n"
    )
    text = f"{shown}\n{assumptions(found)}\n"
    print(text)
    (folder / "prediction.txt").write_text(text)
    write_csv(folder / "prediction.csv", found, simulated)
    write_csv(folder / "prediction-study.csv", study, {})
    made = ["prediction.csv", "prediction-study.csv", "prediction.txt"]
    try:
        made += draw(folder, study, found, title)
    except ImportError as error:
        print(f"no pictures: {error}; pip install 'matplotlib>=3.8', and the same line again")
    print(f"in {folder}: {' '.join(made)}")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Predict, and write it down.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``predict``.

    Returns
    -------
    int
        0; 2: the study, or what is said of it, does not say enough.
    """
    given = _parser().parse_args(list(arguments))
    try:
        return _main(given)
    except BrokenPipeError:
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"quelea predict: {error}", file=sys.stderr)
        return 2
