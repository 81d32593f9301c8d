"""The table of checks: a row for each line of the page, with what to do where the line is not fine."""

from collections.abc import Callable
from typing import NamedTuple

from . import findings as f
from .facts import Job

__all__ = ["CHECKS", "Answer", "Check", "answers"]


class Answer(NamedTuple):
    """A line of the page; the remedy is empty where it is fine."""

    name: str
    state: str
    value: str
    remedy: str


class Check(NamedTuple):
    """A row: what is printed in front, what looks, what to do. Some can look where Quelea does not start."""

    name: str
    function: Callable[[Job], f.Finding]
    remedy: str
    before_start: bool = False


_NETWORK = (
    "Ask for the fast network (Open MPI: --mca pml ucx, UCX_TLS, --mca btl_tcp_if_include), look at the cable or the "
    "switch of hosts that stand out, and leave these out (srun --exclude)."
)
_THP = "/sys/kernel/mm/transparent_hugepage"

CHECKS = (
    Check(
        "start",
        f.start,
        "Do what the message says; what follows is of this process alone.",
        before_start=True,
    ),
    Check(
        "MPI",
        f.mpi,
        "Load the module of the MPI that Quelea was built with, on all hosts, or build Quelea again with the one that "
        "is there.",
        before_start=True,
    ),
    Check(
        "launcher",
        f.launcher,
        "Put the mpirun of that MPI first in PATH, or start programs by 'srun --mpi=pmix'.",
        before_start=True,
    ),
    Check(
        "a rank's death",
        f.deaths,
        "Set SLURM_KILL_BAD_EXIT=1 (srun --kill-on-bad-exit=1 does the same, but is not seen from here): until ranks "
        "know each other nobody else ends a job of which one has died.",
        before_start=True,
    ),
    Check(
        "ranks",
        f.ranks,
        "Start again: the launcher and its MPI did not bring up what you asked for.",
    ),
    Check(
        "nodes",
        f.nodes,
        "Start it on all of the allocation: 'srun -N NODES -n RANKS', or mpirun with --map-by ppr:K:node.",
    ),
    Check(
        "ranks of a host",
        f.even,
        "Give each host as many ranks: srun --ntasks-per-node=K, or mpirun --map-by ppr:K:node.",
    ),
    Check(
        "versions",
        f.versions,
        "Use one environment on all hosts: put it on a file system that they share, or copy it to each again.",
    ),
    Check(
        "LLVM, processor",
        f.processors,
        "Ask for hosts of one kind (srun --constraint=...): each kind compiles for itself, the slowest holds up the "
        "others, and products of matrices may differ in the last bits.",
    ),
    Check(
        "settings",
        f.settings,
        "Unset it in the environment: it makes programs slow, or fail on purpose.",
    ),
    Check(
        "binding",
        f.binding,
        "Give each rank cores of its own: mpirun --map-by slot:PE=K --bind-to core, or srun --cpus-per-task=K "
        "--cpu-bind=cores.",
    ),
    Check(
        "idle cores",
        f.idle,
        "Let ranks have them: mpirun --bind-to none (or --map-by slot:PE=K), srun --cpus-per-task=K, or more ranks; "
        "and unset QUELEA_THREADS.",
    ),
    Check(
        "threads",
        f.threads,
        "Give each rank as many cores: the ranks with few hold up the others.",
    ),
    Check(
        "oversubscription",
        f.oversubscribed,
        "Start fewer ranks, or set QUELEA_THREADS to cores divided by ranks: workers that share a core wait for each "
        "other.",
    ),
    Check(
        "others",
        f.others,
        "Ask for whole hosts (srun --exclusive), or wait: believe no figure meanwhile.",
        before_start=True,
    ),
    Check(
        "NUMA",
        f.numa,
        "Start a rank in each domain: mpirun --map-by numa --bind-to numa, or srun --cpu-bind=ldoms.",
    ),
    Check(
        "processor clock",
        f.governor,
        "Have the administrator choose the governor 'performance' (cpupower frequency-set -g performance).",
        before_start=True,
    ),
    Check(
        "/dev/shm",
        f.shm,
        "Remove what is left there, or make it larger (mount -o remount,size=50% /dev/shm; docker run --shm-size): MPI "
        "keeps its own segments there.",
        before_start=True,
    ),
    Check(
        "leftovers",
        f.leftovers,
        "Remove what jobs that died have left, when none of yours runs there: rm /dev/shm/vader_segment.* "
        "/dev/shm/sm_segment.*",
        before_start=True,
    ),
    Check(
        "huge pages",
        f.pages,
        f"Have the administrator write 'madvise' into {_THP}/enabled: arrays ask for them.",
        before_start=True,
    ),
    Check(
        "huge pages, shared",
        f.shared_pages,
        f"Have the administrator write 'advise' into {_THP}/shmem_enabled, or start one rank a node, with threads.",
    ),
    Check(
        "single copies (CMA)",
        f.single_copy,
        "Allow them (sysctl kernel.yama.ptrace_scope=0; docker run --cap-add SYS_PTRACE): messages inside of a host "
        "are copied twice otherwise.",
    ),
    Check(
        "memory budget",
        f.budget,
        "Free memory, or ask for more (srun --mem=0: all of it); QUELEA_MEMORY, where it is set, should be what a node "
        "has.",
    ),
    Check(
        "locked memory",
        f.locked,
        "Have 'ulimit -l unlimited' hold in jobs (Slurm: LimitMEMLOCK=infinity of slurmd): the adapter needs it.",
        before_start=True,
    ),
    Check(
        "memory bandwidth",
        f.rates,
        "Look at what else runs on the slow node, at its binding and its NUMA domains; else leave it out.",
    ),
    Check(
        "kernel cache",
        f.cache,
        "Set QUELEA_CACHE to a folder that every rank may write, with some hundred megabytes left.",
    ),
    Check(
        "cache shared",
        f.cache_shared,
        "Set QUELEA_CACHE to a folder of a file system that all hosts share, to compile once.",
    ),
    Check(
        "clocks",
        f.clocks,
        "Let the hosts keep time (chronyd or ntpd): ages of files in shared folders, and logs, are compared by it.",
    ),
    Check(
        "clock source",
        f.clock_source,
        "Let the kernel use the processor's counter (boot with tsc=reliable): each look at the clock is slow "
        "otherwise.",
        before_start=True,
    ),
    Check("latency", f.latency, _NETWORK),
    Check("bandwidth", f.bandwidth, _NETWORK),
)


def answers(job: Job) -> list[Answer]:
    """Go through the table, as far as it can be where Quelea did not start."""
    found = []
    for check in CHECKS:
        if job.failure is not None and not check.before_start:
            continue
        state, value = check.function(job)
        found.append(Answer(check.name, state, value, "" if state == f.FINE else check.remedy))
    return found
