"""Studies under Slurm: a job for each point, whose script runs the repeats one after another and says how each ended.

    jobs/8x2.sh             for sbatch
    jobs/submitted          which job is whose; a study that was interrupted finds its jobs again
    runs/KEY/8x2-run1.end   status, and seconds, of a run that has ended

Scripts can be read, changed and submitted by hand: a run that has its ``.end`` is not run again.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .launchers import LAUNCHERS, Place, environment
from .measuring import Reading, row_of, tail
from .records import Records, Row
from .study import Point, Run, Study

__all__ = ["Jobs", "script_of"]

_FIRST, _LAST = 1.0, 15.0  # seconds between two looks at the queue

_BODY = r"""
cd {folder} || exit 1
{exports}

# run NAME COMMAND...: once; its output is kept in files, and how it ended.
runs={runs}
run() {{
  local name=$1 status=0 began
  shift
  [ ! -e "$runs/$name.end" ] || return 0
  began=$(date +%s.%N)
  export QUELEA_PROFILE_FILE="$runs/$name.json"
  rm -f "$QUELEA_PROFILE_FILE"
  "$@" >"$runs/$name.out" 2>"$runs/$name.err" </dev/null || status=$?
  echo "$status $began $(date +%s.%N)" >"$runs/$name.end.new" && mv "$runs/$name.end.new" "$runs/$name.end"
  return "$status"
}}

{calls}
"""


def _name(study: Study, point: Point) -> str:
    return f"{Path(study.script).stem}-{point.name}"


def script_of(
    study: Study,
    place: Place,
    records: Records,
    point: Point,
    runs: Sequence[Run],
    options: Sequence[str],
) -> str:
    """Write the script of a point's job."""
    launcher = LAUNCHERS["slurm"]
    folder = records.folder.resolve()
    asked = [
        f"--job-name={_name(study, point)}",
        f"--nodes={point.nodes}",
        f"--ntasks={point.ranks}",
        f"--ntasks-per-node={point.per_node}",
        f"--cpus-per-task={place.threads}",
        f"--output={folder / 'jobs' / point.name}.log",
        *options,
    ]
    more = environment(launcher, place, point, Path("unused"))
    inherited = {name: text for name, text in os.environ.items() if name.startswith("QUELEA_")}
    exports = [
        f"export {name}={shlex.quote(text)}"
        for name, text in sorted({**inherited, **more}.items())
        if name != "QUELEA_PROFILE_FILE"
    ]
    command = [*launcher.words(place, point, {}), *study.command(point, sys.executable)]
    body = _BODY.format(
        folder=shlex.quote(os.getcwd()),
        exports="\n".join(exports),
        runs=shlex.quote(str(records.runs.resolve())),
        calls="\n".join(f"run {run.name} {shlex.join(command)} || exit" for run in runs),
    )
    return "#!/bin/bash\n" + "".join(f"#SBATCH {option}\n" for option in asked) + body


@dataclass
class Jobs:
    """The jobs of a study."""

    study: Study
    place: Place
    reading: Reading
    records: Records
    options: Sequence[str]

    @property
    def _folder(self) -> Path:
        return self.records.folder / "jobs"

    def write(self, wanted: Iterable[Run]) -> dict[str, Path]:
        """Write the scripts of those runs; of what has failed before, the files go."""
        by_point: dict[Point, list[Run]] = {}
        for run in wanted:
            by_point.setdefault(run.point, []).append(run)
        made = {}
        for point, runs in by_point.items():
            text = script_of(self.study, self.place, self.records, point, runs, self.options)
            made[point.name] = self._folder / f"{point.name}.sh"
            made[point.name].write_text(text)
        return made

    def submitted(self) -> dict[str, str]:
        """Give the jobs of earlier submissions, the last of each point."""
        try:
            lines = (self._folder / "submitted").read_text().splitlines()
        except OSError:
            return {}
        return dict(line.split() for line in lines if len(line.split()) == 2)

    def submit(self, point: str, script: Path) -> str:
        """Submit a job; its number is on the disk before anything else happens."""
        done = subprocess.run(
            ["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"sbatch {script}: {done.stderr.strip() or done.stdout.strip()}")
        number = done.stdout.strip().split(";")[0]
        with open(self._folder / "submitted", "a") as file:
            file.write(f"{point} {number}\n")
            file.flush()
            os.fsync(file.fileno())
        return number

    @staticmethod
    def queued(numbers: Iterable[str]) -> dict[str, str]:
        """Say which of the jobs are waiting or running, and what Slurm says of them."""
        listed = ",".join(numbers)
        if not listed:
            return {}
        command = ["squeue", "--noheader", "--format=%i %T %r", f"--jobs={listed}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and "Invalid job id" not in done.stderr:
            raise RuntimeError(f"squeue: {done.stderr.strip()}")
        parts = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
        return {
            words[0]: words[1].strip().lower().removesuffix(" none")
            for words in parts
            if len(words) == 2
        }

    def ended(self, run: Run) -> Row | None:
        """Give the row of a run that has ended."""
        words = tail(self.records.file(run, "end"), 1).split()
        if len(words) != 3:
            return None
        code, began, end = words
        status = "ok" if code == "0" else f"status {code}"
        # the decimal point is the locale's
        wall = float(end.replace(",", ".")) - float(began.replace(",", "."))
        return row_of(self.study, self.reading, self.records, run, status, wall)

    def lost(self, run: Run) -> Row:
        """Give the row of a run whose job has ended without it."""
        return row_of(
            self.study, self.reading, self.records, run, "its job ended before it did", 0.0
        )

    def forget(self, run: Run) -> None:
        """Remove what says that a run has ended: it is to be run again."""
        self.records.file(run, "end").unlink(missing_ok=True)

    def all(
        self,
        wanted: Sequence[Run],
        told: Callable[[Run, Row], None],
        says: Callable[[str], None],
    ) -> None:
        """Submit what is missing, and wait for all of it; `told` hears of each run that has ended."""
        left = {run.name: run for run in wanted}
        self._take(left, told)
        known = self.submitted()
        alive = self.queued(known.values())
        jobs = {point: number for point, number in known.items() if number in alive}
        scripts = self.write(run for run in left.values() if run.point.name not in jobs)
        for point, script in scripts.items():
            jobs[point] = self.submit(point, script)
        names = {run.point.name for run in left.values()}
        jobs = {point: number for point, number in jobs.items() if point in names}
        earlier = set(jobs) - set(scripts)  # their scripts may have other runs than are wanted now
        says(f"jobs {' '.join(jobs.values())}" if jobs else "no job is needed")
        pause, shown = _FIRST, ""
        while left:
            alive = self.queued(jobs[run.point.name] for run in left.values())
            over = [run for run in left.values() if jobs[run.point.name] not in alive]
            self._take(left, told)
            # their jobs were not in the queue before we looked for their ends
            over = [run for run in over if left.pop(run.name, None) and not self._first_failed(run)]
            again = [run for run in over if run.point.name in earlier]
            for point, script in self.write(again).items():
                jobs[point] = self.submit(point, script)
                earlier.remove(point)
            left.update((run.name, run) for run in again)
            for run in over:
                if run not in again:
                    told(run, self.lost(run))
            text = ", ".join(
                f"{sum(state == one for state in alive.values())} {one}"
                for one in sorted(set(alive.values()))
            )
            if left and text != shown:
                says(f"jobs: {text}")
                shown = text
            if left:
                time.sleep(pause)
                pause = min(1.5 * pause, _LAST)

    def _first_failed(self, run: Run) -> bool:
        """Whether a run was left out since one before it, of the same point, had failed."""
        rows = [self.records.of(Run(run.point, k)) for k in range(1 - self.study.warm, run.repeat)]
        return any(row is not None and row["status"] != "ok" for row in rows)

    def _take(self, left: dict[str, Run], told: Callable[[Run, Row], None]) -> None:
        os.listdir(self.records.runs)  # by NFS: what was not there a moment ago is looked for again
        for name, run in list(left.items()):
            row = self.ended(run)
            if row is not None:
                told(run, row)
                del left[name]
