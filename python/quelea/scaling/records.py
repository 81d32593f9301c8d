"""The folder of a study, and its table: a row for each run as it ends, so that a study loses one run at most.

study.json   what was asked for
runs.csv     a row for each run (of what has run again, the last counts)
runs/KEY/    what each run printed, and what it said of itself
jobs/        of Slurm: a script for each point, and which jobs are theirs
before-1/    an earlier study of another script, or of other arguments
table.csv, speedup.png, ...   the results
"""

import csv
import fcntl
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..profiling import SPLIT
from .study import Run

__all__ = ["COLUMNS", "Records", "Row"]

Row = dict[str, str]

COLUMNS = (
    *("study", "when", "series", "ranks", "nodes", "threads", "repeat", "status"),
    *("seconds", "process_seconds", *SPLIT),
    *("answer", "answer_by", "work", "arguments", "hosts"),
)


def _line(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


class Records:
    """The rows of one study in its folder; others are put away."""

    def __init__(self, folder: Path, key: str, asked: Mapping[str, Any]) -> None:
        self.folder, self.key = folder, key
        self.put_away = ""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise RuntimeError(
                f"another study is at work in {folder}: give another folder by --out"
            ) from None
        except OSError:  # this file system has no locks
            pass
        self._table = folder / "runs.csv"
        before = self._asked().get("key")
        if before is not None and before != key:
            self._put_away()
        # jobs of a study that was put away, which still run, do not find this one's files
        self.runs = folder / "runs" / key
        for made in (self.runs, folder / "jobs"):
            made.mkdir(parents=True, exist_ok=True)
        new = folder / "study.json.new"
        new.write_text(json.dumps({"key": key, **asked}, indent=1) + "\n")
        new.replace(folder / "study.json")
        self._mend()
        self.rows = self._read()

    def _asked(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "study.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def _put_away(self) -> None:
        number = 1
        while (self.folder / f"before-{number}").exists():
            number += 1
        old = self.folder / f"before-{number}"
        old.mkdir()
        for entry in self.folder.iterdir():
            if entry.name != "lock" and not entry.name.startswith("before-"):
                entry.rename(old / entry.name)
        self.put_away = str(old)

    def _mend(self) -> None:
        """Cut off a row that was being written when all ended."""
        if not self._table.exists() or not self._table.read_bytes():
            self._table.write_text(_line(COLUMNS))
            return
        text = self._table.read_bytes()
        if not text.endswith(b"\n"):
            os.truncate(self._table, text.rfind(b"\n") + 1)
            if not self._table.stat().st_size:
                self._table.write_text(_line(COLUMNS))

    def _read(self) -> dict[str, Row]:
        with open(self._table, newline="") as file:
            return {self._name(row): dict(row) for row in csv.DictReader(file)}

    @staticmethod
    def _name(row: Row) -> str:
        return " ".join(row[name] for name in ("series", "ranks", "nodes", "repeat", "arguments"))

    def close(self) -> None:
        """Let others work in the folder."""
        os.close(self._lock)

    def of(self, run: Run) -> Row | None:
        """Find the row of a run."""
        point = run.point
        words = (point.series, point.ranks, point.nodes, run.repeat, " ".join(point.arguments))
        return self.rows.get(" ".join(map(str, words)))

    def add(self, row: Row) -> None:
        """Write a row to the disk."""
        file = os.open(self._table, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, _line([row[name] for name in COLUMNS]).encode())
            os.fsync(file)
        finally:
            os.close(file)
        self.rows[self._name(row)] = row

    def file(self, run: Run, kind: str) -> Path:
        """Name a file of a run: json, out, err or end."""
        return self.runs / f"{run.name}.{kind}"
