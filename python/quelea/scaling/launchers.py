"""How ranks are started: a table. What is not Slurm's is started by this process, one run after another."""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .study import Point

__all__ = ["LAUNCHERS", "Launcher", "Place", "environment", "hosts_of"]

# What jobs on other hosts need of this environment: Open MPI hands on its own variables only.
_HANDED_ON = re.compile(
    r"(QUELEA_|PYTHON|OMP_|OPENBLAS_)\w*|LD_LIBRARY_PATH|XDG_CACHE_HOME|PATH|VIRTUAL_ENV|HOME"
)


@dataclass(frozen=True)
class Place:
    """Where a study runs, as the options say it."""

    threads: int = 1
    hosts: str = ""  # a hostfile, or the program cluster/hosts
    launch: str = ""  # a command with {ranks}, {nodes}, {per_node}
    limit: int = 3600  # seconds that a run may take


@dataclass(frozen=True)
class Launcher:
    """One way to start ranks."""

    name: str
    meaning: str
    words: Callable[[Place, Point, Mapping[str, str]], list[str]]
    variables: Callable[[Place, Point], dict[str, str]]


def hosts_of(path: str) -> list[str]:
    """Read the names of hosts, of Open MPI's or MPICH's files: the first word of each line."""
    lines = [line.split("#")[0].split() for line in Path(path).read_text().splitlines()]
    return list(dict.fromkeys(words[0].split(":")[0] for words in lines if words))


def cores() -> int:
    """Give how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _binding(place: Place, ranks: int) -> list[str]:
    alone = place.threads == 1 and ranks <= cores()
    return ["--bind-to", "core" if alone else "none"]


def _local(place: Place, point: Point, given: Mapping[str, str]) -> list[str]:
    limit = ["--timeout", str(place.limit)]
    return [
        "mpirun",
        *limit,
        "--oversubscribe",
        *_binding(place, point.ranks),
        "-n",
        str(point.ranks),
    ]


def _handing_on(given: Mapping[str, str]) -> list[str]:
    return [word for name in sorted(given) if _HANDED_ON.fullmatch(name) for word in ("-x", name)]


def _hostfile(place: Place, point: Point, given: Mapping[str, str]) -> list[str]:
    names = hosts_of(place.hosts)
    if point.nodes > len(names):
        raise ValueError(f"{point.nodes} nodes of the {len(names)} hosts in {place.hosts}")
    listed = ",".join(f"{name}:{point.per_node}" for name in names[: point.nodes])
    limit = ["--timeout", str(place.limit)]
    where = ["--host", listed, "--bind-to", "none", "-n", str(point.ranks)]
    return ["mpirun", *limit, *where, *_handing_on(given)]


def _lab(place: Place, point: Point, given: Mapping[str, str]) -> list[str]:
    return [os.path.abspath(place.hosts), "run", str(point.per_node), "-n", str(point.ranks)]


def _template(place: Place, point: Point, given: Mapping[str, str]) -> list[str]:
    numbers = {"ranks": point.ranks, "nodes": point.nodes, "per_node": point.per_node}
    return [
        re.sub(r"\{(ranks|nodes|per_node)\}", lambda match: str(numbers[str(match[1])]), word)
        for word in shlex.split(place.launch)
    ]


def _none(place: Place, point: Point) -> dict[str, str]:
    return {}


def _pretended(place: Place, point: Point) -> dict[str, str]:
    return {"QUELEA_NODE_SIZE": str(point.per_node if point.nodes > 1 else 0)}


LAUNCHERS = {
    one.name: one
    for one in (
        Launcher("local", "mpirun on this machine, where nodes are pretended", _local, _pretended),
        Launcher("hostfile", "mpirun on the first of the hosts in a file", _hostfile, _none),
        Launcher("lab", "hosts of network namespaces on this machine", _lab,
                 lambda place, point: {"TIMEOUT": str(place.limit)}),
        Launcher("launch", "a command of the user's", _template, _none),
        Launcher("slurm", "a job of Slurm's for each point", _template,
                 lambda place, point: {"SRUN_CPUS_PER_TASK": str(place.threads)}),
    )
}  # fmt: skip


def environment(launcher: Launcher, place: Place, point: Point, file: Path) -> dict[str, str]:
    """Give what is set for a run, beside what is set already."""
    return {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "QUELEA_THREADS": str(place.threads),
        "QUELEA_OUTPUT": "root",
        "QUELEA_PROFILE_FILE": str(file.resolve()),
        **launcher.variables(place, point),
    }
