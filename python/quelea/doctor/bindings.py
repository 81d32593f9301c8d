"""Which cores the ranks of each host may use, and how many workers they have there.

A worker belongs on a core, not on a hardware thread; ranks whose cores overlap compete for them, so they are counted
together.
"""

import functools
import math
from typing import Any, NamedTuple

from .facts import Job
from .places import expanded

__all__ = ["Group", "cores_of", "domains", "groups", "idle", "oversubscribed", "usable"]


class Group(NamedTuple):
    """Ranks of a host whose cores overlap: workers, cores that they have, and cores that the host has for the job."""

    host: str
    ranks: list[int]
    workers: int
    cores: int
    usable: int


@functools.cache
def _core_of(cores: str) -> dict[int, int]:
    """Give each hardware thread's core: the lowest one that shares it."""
    apart = [expanded(threads) for threads in cores.split(";")]
    return {cpu: min(threads) for threads in apart for cpu in threads}


def _cores(facts: dict[str, Any], cpus: str) -> frozenset[int]:
    core_of = _core_of(facts["cores"])
    return frozenset(core_of.get(cpu, cpu) for cpu in expanded(cpus))


def cores_of(job: Job, number: int) -> frozenset[int]:
    """Give the cores that a rank may use."""
    rank = job.ranks[number]
    return _cores(job.host_facts[rank["host"]], rank["cpus"])


def usable(job: Job, host: str) -> int:
    """Give how many cores the job may use on a host: by its control group, and by what Slurm has given it."""
    facts = job.host_facts[host]
    count = len(_cores(facts, facts["allowed"]))
    if job.asked["cpus"] is not None:
        core_of = _core_of(facts["cores"])
        threads = len(core_of) / len(set(core_of.values()))
        count = min(count, math.ceil(job.asked["cpus"] / threads))
    return count if facts["quota"] is None else max(min(count, math.floor(facts["quota"])), 1)


def groups(job: Job) -> list[Group]:
    """Give the groups of ranks, on all hosts."""
    found = []
    for host, numbers in job.hosts.items():
        facts, most = job.host_facts[host], usable(job, host)
        apart: list[tuple[frozenset[int], list[int]]] = []
        for number in numbers:
            cores, together = _cores(facts, job.ranks[number]["cpus"]), [number]
            for other in [other for other in apart if other[0] & cores]:
                apart.remove(other)
                cores, together = cores | other[0], other[1] + together
            apart.append((cores, together))
        found += [
            Group(host, ranks, sum(job.ranks[k]["threads"] for k in ranks), len(cores), most)
            for cores, ranks in apart
        ]
    return found


def _of_hosts(job: Job) -> dict[str, tuple[int, int]]:
    """Give the workers of each host, and the cores that its ranks have together."""
    found: dict[str, tuple[int, int]] = {}
    for group in groups(job):
        workers, cores = found.get(group.host, (0, 0))
        found[group.host] = (workers + group.workers, cores + group.cores)
    return found


def oversubscribed(job: Job) -> dict[str, tuple[int, int]]:
    """Give workers and cores of the hosts that have more of those than of these."""
    return {
        host: (workers, min(cores, usable(job, host)))
        for host, (workers, cores) in _of_hosts(job).items()
        if workers > min(cores, usable(job, host))
    }


def idle(job: Job) -> dict[str, int]:
    """Give how many cores of each host that the job may use have no worker."""
    busy = dict.fromkeys(job.hosts, 0)
    for group in groups(job):
        busy[group.host] += min(group.workers, group.cores)
    return {host: max(usable(job, host) - count, 0) for host, count in busy.items()}


def domains(job: Job, number: int) -> int:
    """Give in how many NUMA domains the threads of a rank may be; 1 where it has one thread."""
    rank = job.ranks[number]
    if rank["threads"] == 1:
        return 1
    cpus = set(expanded(rank["cpus"]))
    numa = job.host_facts[rank["host"]]["numa"]
    return max(sum(not cpus.isdisjoint(expanded(domain)) for domain in numa), 1)
