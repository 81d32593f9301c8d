"""What is known of the job: each rank says what it sees of itself, each node's first rank what it sees of its host."""

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from .. import _quelea
from . import memory, places, wires

__all__ = ["Job", "gathered", "of_this_process"]

CLOCK_LOOKS = 5


@dataclass(frozen=True)
class Job:
    """What the checks look at."""

    failure: str | None  # why Quelea does not start
    asked: dict[
        str, Any
    ]  # by rank 0's environment: launcher, ends_jobs, ranks, nodes, cpus, settings
    ranks: list[dict[str, Any]]  # host, node, threads, cpus
    nodes: list[dict[str, Any]]  # of their first ranks: what `places.host` gives and more
    clocks: list[float]  # seconds by which each node's is ahead of node 0's
    cache_seen: list[bool]  # does each node see a file that rank 0 has put into the cache folder?
    rates: list[float]  # bytes in a second of each node's memory
    wires: wires.Wires | None

    @functools.cached_property
    def hosts(self) -> dict[str, list[int]]:
        """Give the ranks of each host."""
        found: dict[str, list[int]] = {}
        for number, rank in enumerate(self.ranks):
            found.setdefault(rank["host"], []).append(number)
        return found

    @functools.cached_property
    def host_facts(self) -> dict[str, dict[str, Any]]:
        """Give what is known of each host, as its first node says."""
        found: dict[str, dict[str, Any]] = {}
        for node in self.nodes:
            found.setdefault(node["host"], node)
        return found


# ---- of this process ----


def _number(*names: str) -> int | None:
    texts = (os.environ.get(name, "") for name in names)
    return next((int(text) for text in texts if text.isdecimal()), None)


def _allocated_cpus() -> int | None:
    """Give how many hardware threads of a host Slurm has given the job: the most of ``4(x2),2``."""
    given = os.environ.get("SLURM_JOB_CPUS_PER_NODE", "")
    return max((int(text) for text in re.findall(r"(?:^|,)(\d+)", given)), default=None)


def _listed_nodes() -> int | None:
    """Give how many hosts PBS lists."""
    listed = places.text_of(os.environ.get("PBS_NODEFILE", "/nonexistent")).split()
    return len(set(listed)) or None


def _mpirun() -> str | None:
    """Give what the first mpirun in PATH says that it is."""
    path = shutil.which("mpirun")
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _srun_ends_jobs() -> bool:
    """Say whether srun ends a job when a rank dies, as far as a rank sees: what srun itself was told it does not."""
    given = os.environ.get("SLURM_KILL_BAD_EXIT")
    if given is not None:
        return given != "0"
    try:
        shown = subprocess.run(
            ["scontrol", "show", "config"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.search(r"^KillOnBadExit\s*=\s*1\b", shown, re.M) is not None


def _asked() -> dict[str, Any]:
    launched = _quelea.launched_rank() is not None
    by_slurm = (
        launched and "OMPI_COMM_WORLD_SIZE" not in os.environ and "SLURM_STEP_ID" in os.environ
    )
    by_mpirun = launched and "OMPI_COMM_WORLD_SIZE" in os.environ
    settings = {
        name: os.environ[name] for name, *_ in _quelea.params() if os.environ.get(name, "") != ""
    }
    return {
        "launcher": "srun"
        if by_slurm
        else "mpirun"
        if by_mpirun
        else "another"
        if launched
        else None,
        "ends_jobs": _srun_ends_jobs() if by_slurm else by_mpirun or None,
        "mpirun": None if launched else _mpirun(),
        "ranks": _number("OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "PMI_SIZE")
        if launched
        else None,
        "nodes": _number("SLURM_STEP_NUM_NODES")
        if by_slurm
        else _number("SLURM_JOB_NUM_NODES", "SLURM_NNODES") or _listed_nodes(),
        "cpus": _allocated_cpus(),
        "settings": settings,
    }


def _versions() -> dict[str, str]:
    found, built = _quelea.mpi()
    library = Path(_quelea.__file__ or "")
    return {
        "mpi": found,
        "mpi_built": built,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "quelea": hashlib.sha256(library.read_bytes()).hexdigest()[:12]
        if library.is_file()
        else "",
    }


def _of_node(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **places.host(),
        **_versions(),
        "host": found["host"],
        "target": found["target"],
        "budget": found["memory_budget"],
        "workers": found["workers"],
        "cache": places.cache(found["cache_folder"]),
    }


def of_this_process(failure: str) -> Job:
    """Give what there is to say where Quelea does not start. Local."""
    nothing = {
        "host": socket.gethostname(),
        "target": "",
        "memory_budget": 0,
        "workers": 1,
        "cache_folder": None,
    }
    here = {"host": nothing["host"], "node": 0, "threads": 1, "cpus": _cpus()}
    return Job(failure, _asked(), [here], [_of_node(nothing)], [0.0], [True], [], None)


def _cpus() -> str:
    return places.ranges(list(os.sched_getaffinity(0)))


# ---- together ----


def _together(mine: Any) -> list[Any]:
    return [json.loads(text) for text in _quelea.collect(json.dumps(mine).encode())]


def _clocks(leaders: list[int]) -> list[float]:
    """Give by how much each node's clock is ahead: the least of some looks, behind a meeting each."""
    looks = []
    for _ in range(CLOCK_LOOKS):
        _quelea.collect(b"")
        looks.append(time.time())
    told = _together(looks)
    return [
        min((theirs - ours for theirs, ours in zip(told[leader], told[0], strict=True)), key=abs)
        for leader in leaders
    ]


def _cache_seen(folder: str | None, rank: int, leaders: list[int]) -> list[bool]:
    """Give which nodes see what rank 0 has just put there."""
    mark = None
    if folder and rank == 0:
        try:
            os.makedirs(folder, exist_ok=True)
            mark = Path(folder, f".doctor-{secrets.token_hex(8)}")
            mark.touch()
        except OSError:
            mark = None
    name = _together(mark.name if mark else None)[0]
    seen = _together(bool(name and folder and os.path.exists(os.path.join(folder, name))))
    if mark:
        with contextlib.suppress(OSError):
            mark.unlink()
    return [seen[leader] for leader in leaders]


def gathered(rounds: int) -> Job:
    """Look and measure. Collective.

    Parameters
    ----------
    rounds : int
        The most rounds in which pairs of nodes are measured.
    """
    found = _quelea.info()
    rank, node = found["rank"], found["node"]
    mine = {"host": found["host"], "node": node, "threads": found["threads"], "cpus": _cpus()}
    ranks = _together(mine)
    leaders = list({other["node"]: k for k, other in reversed(list(enumerate(ranks)))}.values())
    leaders.sort()  # nodes are numbered by their lowest ranks
    told = _together(_of_node(found) if rank == leaders[node] else None)
    nodes = [told[leader] for leader in leaders]
    return Job(
        None,
        _together(_asked() if rank == 0 else None)[0],
        ranks,
        nodes,
        _clocks(leaders),
        _cache_seen(found["cache_folder"], rank, leaders),
        memory.measured(ranks, nodes),
        wires.measured(leaders, node, rank, rounds),
    )
