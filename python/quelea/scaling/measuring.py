"""What a run was: the row that its files make, whoever has started it."""

import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..profiling import SPLIT
from .records import Records, Row
from .study import Run, Study

__all__ = ["Reading", "row_of", "tail"]


@dataclass(frozen=True)
class Reading:
    """How times and answers are found in what a script prints, where the user says it; else as Quelea measures them."""

    seconds: str = ""
    answer: str = ""


def _matches(pattern: str, text: str) -> list[str]:
    found = re.finditer(pattern, text, re.MULTILINE)
    return [match[match.re.groups and 1] or "" for match in found]


def tail(path: Path, lines: int) -> str:
    """Give the end of what a run has written."""
    try:
        text = path.read_text(errors="replace").rstrip()
    except OSError:
        return ""
    return "\n".join(text.split("\n")[-lines:])


def _answer(reading: Reading, said: dict[str, Any], out: str) -> tuple[str, str]:
    """Give the answer, or a text that stands for all its bits, and whence it is."""
    if reading.answer:
        found = _matches(reading.answer, out)
        text = hashlib.blake2b("\n".join(found).encode(), digest_size=8).hexdigest()
        return (text, "output") if found else ("", "none")
    if said.get("digests"):
        return " ".join(said["digests"]), "digest"
    count, sums = said.get("looks", [0, ""])
    return (sums, f"{count} number(s)") if count else ("", "none")


def row_of(
    study: Study, reading: Reading, records: Records, run: Run, status: str, wall: float
) -> Row:
    """Make the row of a run that has ended; one that says nothing of itself has failed."""
    point = run.point
    try:
        said: dict[str, Any] = json.loads(records.file(run, "json").read_text())
    except (OSError, ValueError):
        said = {}
    out = tail(records.file(run, "out"), 100000)
    seconds = said.get("seconds")
    if status == "ok" and not said:
        status = "it used no array of Quelea's, or ended before its end"
    if status == "ok" and (said["ranks"], said["nodes"]) != (point.ranks, point.nodes):
        status = f"it ran on {said['ranks']} rank(s) on {said['nodes']} node(s)"
    if status == "ok" and reading.seconds:
        try:
            seconds = float(_matches(reading.seconds, out)[-1])
        except (IndexError, ValueError):
            status = f"its output has no seconds as --seconds {reading.seconds!r} has them"
    answer, by = _answer(reading, said, out)
    row = {
        "study": records.key,
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "series": point.series,
        "ranks": str(point.ranks),
        "nodes": str(point.nodes),
        "threads": str(study.threads),
        "repeat": str(run.repeat),
        "status": status,
        "seconds": f"{seconds:.6f}" if seconds is not None else "",
        "process_seconds": f"{wall:.3f}",
        "answer": answer,
        "answer_by": by,
        "work": f"{point.work:.15g}",
        "arguments": " ".join(point.arguments),
        "hosts": " ".join(said.get("hosts", [])),
    }
    return {**row, **{name: f"{said[name]:.6f}" if said else "" for name in SPLIT}}
