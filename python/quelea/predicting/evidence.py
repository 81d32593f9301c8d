"""What a study's runs have measured and counted: of each point medians, from what each run wrote of itself."""

import csv
import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..profiling import SPLIT
from ..scaling.options import described, parser
from ..scaling.study import Point, Run, Study

__all__ = ["Evidence", "Seen", "evidence_of"]

_MOVED = ("gathered_bytes", "redistributions", "redistributed_bytes")
_TOGETHER = ("lab", "local")  # launchers whose nodes are one machine's, which shares its memory


@dataclass(frozen=True)
class Seen:
    """What the runs of a point were: medians, and the times of the fastest and the slowest."""

    point: Point
    seconds: tuple[float, float, float]
    split: dict[str, float]  # seconds, means of the ranks
    counted: dict[str, float]  # sums over ranks, or over nodes; agreements and kernels: of a rank


@dataclass(frozen=True)
class Evidence:
    """A study, and what is known of its points."""

    study: Study
    seen: list[Seen]

    @property
    def together(self) -> bool:
        """Whether all its nodes are on one machine."""
        return self.study.launcher in _TOGETHER

    @property
    def has_wires(self) -> bool:
        """Whether there are wires between its nodes, or they are pretended."""
        return self.study.launcher != "local"


def _run(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    if "together" not in said or "agreements" not in said["counters"]:
        raise ValueError(
            f"{path} does not say what was counted: an earlier Quelea wrote it; run the study again"
        )
    return said


def _counts(said: dict[str, Any]) -> dict[str, float]:
    counters = said["counters"]
    names = ("agreements", "kernels_run", "overlapped_statements", *_MOVED)
    looks = 0 if said["digests"] else said["looks"][0]
    return {**said["together"], **{name: counters[name] for name in names}, "looks": looks}


def _medians(all_: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in all_) for name in all_[0]}


def evidence_of(folder: Path) -> Evidence:
    """Read a study.

    Raises
    ------
    ValueError
        There is none, none of its runs has ended, or an earlier Quelea has written it.
    """
    try:
        asked = json.loads((folder / "study.json").read_text())
        with open(folder / "runs.csv", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError):
        raise ValueError(f"there is no study in {folder}") from None
    if "launcher" not in asked:
        raise ValueError(f"the study in {folder} is an earlier Quelea's: run it again")
    study = described(parser().parse_args(asked["words"]), asked["launcher"])
    names = ("series", "ranks", "nodes", "repeat", "arguments")
    ended = {tuple(row[name] for name in names): row for row in rows}  # the last counts
    seen = []
    for point in study.points():
        said = []
        where = (point.series, str(point.ranks), str(point.nodes))
        for repeat in range(1, study.repeats + 1):
            row = ended.get((*where, str(repeat), " ".join(point.arguments)))
            name = f"{Run(point, repeat).name}.json"
            if (
                row
                and row["status"] == "ok"
                and (run := _run(folder / "runs" / asked["key"] / name))
            ):
                said.append(run)
        if said:
            took = [run["seconds"] for run in said]
            three = (statistics.median(took), min(took), max(took))
            split = _medians([{name: run[name] for name in SPLIT} for run in said])
            seen.append(Seen(point, three, split, _medians([_counts(run) for run in said])))
    if not seen:
        raise ValueError(f"no run of the study in {folder} has ended well")
    return Evidence(study, seen)
