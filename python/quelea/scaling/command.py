"""What ``python -m quelea scale`` does: it runs what there is no row for yet, and reports on all rows."""

import contextlib
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from .launchers import Place, cores
from .measuring import Reading, tail
from .options import parser, place_of, reading_of, study_of
from .plots import draw
from .records import Records, Row
from .report import differing, lines_of, table, write_csv
from .running import run_here
from .slurm import Jobs
from .study import Point, Run, Study

__all__ = ["main"]

_SHOWN = 15  # lines of what a run that failed has written


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class _Progress:
    """A line for each run as it ends, how many are left, and about how long these take."""

    def __init__(
        self, study: Study, records: Records, wanted: Sequence[Run], guesses: bool
    ) -> None:
        self._study, self._records, self._guesses = study, records, guesses
        self._left = list(wanted)
        self._all = len(study.runs())
        self._took: dict[Point, float] = {}
        for row_of_run in (records.of(run) for run in study.runs()):
            if row_of_run is not None and row_of_run["status"] == "ok":
                self._sum(row_of_run)

    def _sum(self, row: Row) -> None:
        for point in self._study.points():
            if (str(point.ranks), str(point.nodes), point.series) == (
                row["ranks"],
                row["nodes"],
                row["series"],
            ):
                self._took[point] = float(row["process_seconds"])

    def _time_left(self) -> str:
        if not self._guesses or not self._left or not self._took:
            return ""
        mean = sum(self._took.values()) / len(self._took)
        seconds = sum(self._took.get(run.point, mean) for run in self._left)
        return f", about {_clock(seconds)} left"

    def told(self, run: Run, row: Row) -> None:
        """Keep a row and show it."""
        self._records.add(row)
        self._left.remove(run)
        if row["status"] == "ok":
            self._sum(row)
        number = self._all - len(self._left)
        width = len(str(self._all))
        point = run.point
        where = f"{point.ranks:4d} rank(s) on {point.nodes} node(s)"
        kind = f"run {run.repeat}" if run.repeat > 0 else "warm"
        said = (
            f"{float(row['seconds']):9.3f} s"
            if row["status"] == "ok"
            else f"FAILED: {row['status']}"
        )
        name = f"{point.series}  " if point.series else ""
        print(
            f"[{number:{width}d}/{self._all}] {name}{where}  {kind}  {said}{self._time_left()}",
            flush=True,
        )
        if row["status"] != "ok":
            self._show_end(run)

    def left_out(self, run: Run) -> None:
        """Of a point whose run has failed the others are not run."""
        self._left.remove(run)

    def _show_end(self, run: Run) -> None:
        for kind in ("out", "err"):
            file = self._records.file(run, kind)
            text = tail(file, _SHOWN)
            if text:
                print(f"  the end of {file}:", *text.split("\n"), sep="\n    ", flush=True)


def _run_all(
    study: Study, place: Place, reading: Reading, records: Records, wanted: list[Run]
) -> None:
    progress = _Progress(study, records, wanted, guesses=True)
    failed: set[Point] = set()
    for run in wanted:
        if run.point in failed:
            progress.left_out(run)
            continue
        row = run_here(study, place, reading, records, run)
        progress.told(run, row)
        if row["status"] != "ok":
            failed.add(run.point)


def _run_jobs(jobs: Jobs, wanted: list[Run], again: list[Run]) -> None:
    progress = _Progress(jobs.study, jobs.records, wanted, guesses=False)
    for run in again:
        jobs.forget(run)
    jobs.all(wanted, progress.told, lambda text: print(text, flush=True))


def _write_jobs(jobs: Jobs, wanted: list[Run]) -> None:
    made = jobs.write(wanted)
    for script in made.values():
        print(script)
    print(
        f"{len(made)} script(s): submit each by sbatch, and when they have run:\n"
        f"  python -m quelea scale --out {jobs.records.folder} --report"
    )


def _collect(jobs: Jobs, study: Study, records: Records) -> None:
    """Take the rows of jobs that somebody else has submitted."""
    for run in study.runs():
        known = records.of(run)
        if known is not None and known["status"] == "ok":
            continue
        if (row := jobs.ended(run)) is not None:
            records.add(row)
            if row["status"] != "ok":
                jobs.forget(run)  # it is to be run again


def _title(study: Study) -> str:
    shown = " ".join([os.path.basename(study.script), *study.arguments])
    threads = f", {study.threads} threads each" if study.threads > 1 else ""
    growing = "".join(f", {name} = {text}" for name, text in study.weak)
    return f"{study.kind} scaling of {shown}{growing}{threads}"


def _report(study: Study, records: Records) -> int:
    lines = lines_of(study, records)
    text = table(study, lines)
    print(f"\n{_title(study)}\n{text}\n")
    (records.folder / "table.txt").write_text(f"{_title(study)}\n{text}\n")
    write_csv(records.folder / "table.csv", lines)
    made = ["runs.csv", "table.csv", "table.txt"]
    try:
        made += draw(records.folder, study, lines, _title(study))
    except ImportError as error:
        print(f"no pictures: {error}; pip install 'matplotlib>=3.8', then: "
              f"python -m quelea scale --out {records.folder} --report")  # fmt: skip
    print(f"in {records.folder}: {' '.join(made)}")
    return _verdict(study, records)


def _verdict(study: Study, records: Records) -> int:
    """Say what is wrong, and give the command's status."""
    rows = [(run, records.of(run)) for run in study.runs()]
    failed = [run for run, row in rows if row is not None and row["status"] != "ok"]
    good = [row for _, row in rows if row is not None and row["status"] == "ok"]
    wrong = differing(study, records)
    for point, said in wrong.items():
        size = f" with {point.series}" if point.series else ""
        print(f"the answer{size} on {point.ranks} rank(s) on {point.nodes} node(s) {said}")
    if good and all(row["answer_by"] == "none" for row in good):
        print(
            "no answers were compared: end the script with quelea.digest(u), or say --answer REGEX"
        )
    for run in failed:
        print(f"failed: {run.name}; {records.file(run, 'err')}")
    missing = sum(row is None for _, row in rows)
    if missing:
        print(f"{missing} run(s) were left out, or have not been run: the same line runs them")
    return 1 if wrong or failed or missing else 0


def _is_short_of_cores(study: Study) -> bool:
    return (
        study.launcher in ("local", "lab")
        and max(ranks for ranks, _ in study.places()) * study.threads > cores()
    )


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _given(arguments: Sequence[str]) -> tuple[Any, list[str]]:
    """Read the words; those of an earlier study, where there is a report to make of it."""
    words = list(arguments)
    given = parser().parse_args(words)
    if given.report and not given.script:
        if not given.out:
            raise ValueError("a report of which study? --out FOLDER")
        try:
            asked = json.loads((Path(given.out) / "study.json").read_text())
        except (OSError, ValueError):
            raise ValueError(f"there is no study in {given.out}") from None
        os.chdir(asked["folder"]) if os.path.isdir(asked["folder"]) else None
        out = os.path.abspath(given.out)
        words = asked["words"]
        given = parser().parse_args(words)
        given.out, given.report, given.key = out, True, asked["key"]
    return given, words


def _main(arguments: Sequence[str]) -> int:
    started = os.getcwd()
    given, words = _given(arguments)
    if given.report:
        words = [word for word in words if word != "--report"]
    study = study_of(given)
    study.points()
    if not (given.ranks or given.per_node):  # a report may be made where there are other cores
        words = [f"--ranks={','.join(map(str, study.ranks))}", *words]
    folder = Path(os.path.join(started, given.out or f"scale-{Path(given.script).stem}"))
    key = getattr(given, "key", study.key())
    asked = {"folder": os.getcwd(), "words": words, "launcher": study.launcher}
    records = Records(folder, key, asked)
    try:
        return _work(given, study, records)
    finally:
        records.close()


def _work(given: Any, study: Study, records: Records) -> int:
    place, reading = place_of(given), reading_of(given)
    if records.put_away:
        print(f"another script, arguments or options: the earlier study is in {records.put_away}")
    jobs = Jobs(study, place, reading, records, _options(given))
    if given.report or study.launcher == "slurm":
        _collect(jobs, study, records)
    if given.report:
        return _report(study, records)
    wanted, again = [], []
    for run in study.runs():
        row = records.of(run)
        if row is None or row["status"] != "ok":
            wanted.append(run)
        if row is not None and row["status"] != "ok":
            again.append(run)
    done = len(study.runs()) - len(wanted)
    print(f"{_title(study)}: {len(study.points())} point(s), {len(study.runs())} run(s)"
          + (f", {done} of them done before" if done else ""), flush=True)  # fmt: skip
    if _is_short_of_cores(study):
        print(f"this machine has {cores()} core(s): more ranks take turns, and gain nothing")
    if given.write_only:
        _write_jobs(jobs, wanted)
        return 0
    if study.launcher == "slurm":
        _run_jobs(jobs, wanted, again)
    else:
        _run_all(study, place, reading, records, wanted)
    return _report(study, records)


def _options(given: Any) -> list[str]:
    return shlex.split(given.sbatch)


def main(arguments: Sequence[str]) -> int:
    """Run a study, or go on with it.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``scale``.

    Returns
    -------
    int
        0: all runs ended well and have the same answer; 1: some did not; 2: nothing could be done; 130: interrupted.
    """
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _on_signal)
    began = time.monotonic()
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        print(
            f"\ninterrupted after {_clock(time.monotonic() - began)}: type the same line again to go on"
        )
        return 130
    except BrokenPipeError:
        return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"quelea scale: {error}", file=sys.stderr)
        return 2
