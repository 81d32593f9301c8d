"""What each check finds: functions of the job that give a state and what there is, in words.

They measure nothing and start nothing, so that a test can show them any job.
"""

import collections
import re
import statistics
from collections.abc import Callable, Iterable
from typing import Any

from . import bindings
from .facts import Job

__all__ = ["FINE", "LOOK", "WRONG", "Finding"]

FINE, LOOK, WRONG = "fine", "worth a look", "wrong"
Finding = tuple[str, str]

MEGABYTE, GIGABYTE = 1 << 20, 1 << 30
SEGMENT = 16 * MEGABYTE  # of /dev/shm, for each rank, that Open MPI may take
CLOCK_SECONDS = 0.1
GOOD_CLOCKS = ("tsc", "kvm-clock", "arch_sys_counter", "timebase", "hyperv", "tod")


def _listed(names: Iterable[Any], most: int = 3) -> str:
    """Name some of many."""
    words = [str(name) for name in names]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _size(size: float) -> str:
    return f"{size / GIGABYTE:.1f} GiB" if size >= GIGABYTE else f"{size / MEGABYTE:.0f} MiB"


def _alike(job: Job, say: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """Give what hosts say, each answer once, the most frequent first."""
    said = [say(facts) for facts in job.host_facts.values()]
    return sorted(set(said), key=lambda answer: (-said.count(answer), str(answer)))


def _where(job: Job, is_so: Callable[[dict[str, Any]], Any]) -> list[str]:
    return [name for name, facts in job.host_facts.items() if is_so(facts)]


def _here_and_there(job: Job, say: Callable[[dict[str, Any]], str]) -> str:
    """Say it once where it is so on all hosts, else for some of them."""
    if len(_alike(job, say)) == 1:
        return say(job.nodes[0])
    return _listed(f"{name}: {say(facts)}" for name, facts in job.host_facts.items())


# ---- how it was started ----


def start(job: Job) -> Finding:
    if job.failure is not None:
        return WRONG, job.failure
    return FINE, f"{_counted(len(job.ranks), 'rank')} on {_counted(len(job.hosts), 'host')}"


def _family(version: str) -> str:
    """Give the MPI by what it says of itself; the launcher of MPICH and of those that stem from it is Hydra."""
    words = ("Open MPI", "MPICH", "HYDRA", "Intel", "MVAPICH")
    found = next((word for word in words if word in version), version)
    return "MPICH" if found in words[1:] else found


def _kind(version: str) -> tuple[str, str]:
    """Give the MPI's family and its first number."""
    number = re.search(r"ANL base (\d+)", version) or re.search(r"(\d+)", version)  # Cray's first
    return _family(version), number[1] if number else ""


def mpi(job: Job) -> Finding:
    first = job.nodes[0]
    text = f"{first['mpi']}, built with {first['mpi_built']}"
    others = [name for name, facts in job.host_facts.items() if facts["mpi"] != first["mpi"]]
    if others:
        return WRONG, f"{text}; another one on {_listed(others)}"
    return (FINE if _kind(first["mpi"]) == _kind(first["mpi_built"]) else WRONG), text


def launcher(job: Job) -> Finding:
    if job.asked["launcher"]:
        return FINE, f"started by {job.asked['launcher']}"
    given = job.asked["mpirun"]
    if given is None:
        return LOOK, "no mpirun in PATH"
    fits = _family(given) == _family(job.nodes[0]["mpi"])
    return (
        FINE if fits else LOOK
    ), f"in PATH: {given or 'an mpirun that does not say whose it is'}"


def deaths(job: Job) -> Finding:
    who, ends = job.asked["launcher"], job.asked["ends_jobs"]
    if who is None:
        return FINE, "no launcher"
    if ends is None:
        return FINE, "the launcher is not known"
    return (FINE, f"{who} ends the job") if ends else (LOOK, f"{who} is not seen to end the job")


def ranks(job: Job) -> Finding:
    asked, there = job.asked["ranks"], len(job.ranks)
    if asked is not None and asked != there:
        return WRONG, f"{there}, {asked} were asked for"
    return FINE, f"{there}{' as asked' if asked else ''}"


def nodes(job: Job) -> Finding:
    asked, hosts = job.asked["nodes"], len(job.hosts)
    pretended = f", pretending to be {len(job.nodes)} nodes" if len(job.nodes) > hosts else ""
    text = _counted(hosts, "host")
    if asked is not None and asked > hosts:
        return LOOK, f"{text} of {asked}{pretended}"
    return FINE, text + (" as asked" if asked == hosts else "") + pretended


def even(job: Job) -> Finding:
    counts = [len(ranks) for ranks in job.hosts.values()]
    if min(counts) == max(counts):
        return FINE, f"{counts[0]} on each host"
    return LOOK, f"{min(counts)} to {max(counts)} on a host"


def versions(job: Job) -> Finding:
    for name, word in (("quelea", "Quelea"), ("numpy", "NumPy"), ("python", "Python")):
        if len(found := _alike(job, lambda facts, key=name: facts[key])) > 1:  # type: ignore[misc]
            return WRONG, f"{word} differs: {_listed(found)}"
    first = job.nodes[0]
    return FINE, f"Python {first['python']}, NumPy {first['numpy']}, the same Quelea everywhere"


def processors(job: Job) -> Finding:
    kinds = _alike(job, lambda facts: (facts["target"], facts["flags"]))
    if len(kinds) == 1:
        return FINE, f"{kinds[0][0]}{' on all hosts' if len(job.hosts) > 1 else ''}"
    return LOOK, f"{len(kinds)} kinds: {_listed(dict.fromkeys(target for target, _ in kinds))}"


def settings(job: Job) -> Finding:
    given = job.asked["settings"]
    text = _listed((f"{name}={value}" for name, value in given.items()), 4) or "defaults"
    slow = {
        "QUELEA_FAULT": True,
        "QUELEA_CHECK": given.get("QUELEA_CHECK") == "1",
        "QUELEA_JIT": given.get("QUELEA_JIT") == "off",
        "QUELEA_CACHE": given.get("QUELEA_CACHE") == "off",
        "QUELEA_FLUSH": given.get("QUELEA_FLUSH") == "1",
        "QUELEA_TRACE": not given.get("QUELEA_TRACE", "").startswith("file:"),
    }
    named = [f"{name}={given[name]}" for name, is_slow in slow.items() if name in given and is_slow]
    return (LOOK, f"{_listed(named)} is for tests") if named else (FINE, text)


# ---- processors ----


def binding(job: Job) -> Finding:
    for group in bindings.groups(job):
        if group.workers > group.cores and group.cores < group.usable:
            return WRONG, (
                f"ranks {_listed(group.ranks)} on {group.host} share {_counted(group.cores, 'core')} of {group.usable}"
            )
    kinds = sorted({len(bindings.cores_of(job, number)) for number in range(len(job.ranks))})
    text = f"{kinds[0]} to {kinds[-1]} cores" if len(kinds) > 1 else _counted(kinds[0], "core")
    bound = any(group.cores < group.usable for group in bindings.groups(job))
    return (
        FINE,
        f"{text} for each rank, {'bound' if bound or len(bindings.groups(job)) > len(job.hosts) else 'not bound'}",
    )


def idle(job: Job) -> Finding:
    idle = {name: idle for name, idle in bindings.idle(job).items() if idle}
    if not idle:
        return FINE, "every core has a worker"
    return LOOK, _listed(
        f"{count} of {bindings.usable(job, name)} on {name}" for name, count in idle.items()
    )


def threads(job: Job) -> Finding:
    kinds = sorted({rank["threads"] for rank in job.ranks})
    if len(kinds) == 1:
        return FINE, f"{kinds[0]} for each rank"
    return LOOK, f"{kinds[0]} to {kinds[-1]} for each rank"


def oversubscribed(job: Job) -> Finding:
    over = bindings.oversubscribed(job)
    if not over:
        return FINE, "no more workers than cores"
    return WRONG, _listed(
        f"{workers} workers on {cores} cores of {name}" for name, (workers, cores) in over.items()
    )


def others(job: Job) -> Finding:
    busy = {
        name: facts["load"]
        for name, facts in job.host_facts.items()
        if facts["load"] > max(0.5, 0.1 * facts["cores"].count(";"))
    }
    if busy:
        return LOOK, _listed(f"load {load:.1f} on {name}" for name, load in busy.items())
    return FINE, "nobody else computes here"


def numa(job: Job) -> Finding:
    astride = [number for number in range(len(job.ranks)) if bindings.domains(job, number) > 1]
    text = _here_and_there(
        job, lambda facts: _counted(max(len(facts["numa"]), 1), "domain") + " a host"
    )
    if astride:
        return LOOK, f"{text}; the threads of ranks {_listed(astride)} are in several"
    return FINE, text


def governor(job: Job) -> Finding:
    slow = _where(
        job,
        lambda facts: facts["governor"] in ("powersave", "conservative", "userspace")
        and "pstate" not in facts["governed_by"],
    )
    if slow:
        return LOOK, f"slowed down to save power on {_listed(slow)}"
    return FINE, _here_and_there(job, lambda facts: facts["governor"] or "not for us to choose")


# ---- memory ----


def shm(job: Job) -> Finding:
    short = []
    for name, facts in job.host_facts.items():
        if facts["shm"] == 0 or facts["shm_left"] < SEGMENT * len(job.hosts[name]):
            short.append(f"{name}: {_size(facts['shm_left'])} of {_size(facts['shm'])}")
    if short:
        return WRONG, f"too little is left on {_listed(short)}"
    least = min(job.nodes, key=lambda facts: facts["shm_left"])
    return FINE, f"{_size(least['shm_left'])} left of {_size(least['shm'])}"


def leftovers(job: Job) -> Finding:
    left = [
        f"{_counted(facts['leftovers'], 'file')} of {_size(facts['leftover_bytes'])} on {name}"
        for name, facts in job.host_facts.items()
        if facts["leftovers"]
    ]
    return (LOOK, _listed(left)) if left else (FINE, "none")


def pages(job: Job) -> Finding:
    off = _where(job, lambda facts: facts["pages"] not in ("always", "madvise"))
    if off:
        return LOOK, f"none on {_listed(off)}"
    return FINE, _here_and_there(job, lambda facts: facts["pages"])


def shared_pages(job: Job) -> Finding:
    several = len(job.ranks) > len(job.nodes)
    off = _where(job, lambda facts: facts["shared_pages"] in ("never", "deny", ""))
    text = _here_and_there(job, lambda facts: facts["shared_pages"] or "none")
    if not several:
        return FINE, f"{text}; no node has several ranks, which would need them"
    return (LOOK, f"none on {_listed(off)}") if off else (FINE, text)


def single_copy(job: Job) -> Finding:
    off = _where(job, lambda facts: not facts["single_copy"] or facts["ptrace"] > 0)
    if not off:
        return FINE, "possible"
    if len(job.nodes) == len(job.hosts):
        return FINE, f"not on {_listed(off)}, where no messages travel inside of a host"
    return LOOK, f"forbidden on {_listed(off)}"


def budget(job: Job) -> Finding:
    wrong, low = [], []
    nodes = collections.Counter(node["host"] for node in job.nodes)
    for name, facts in job.host_facts.items():
        of_host = facts["budget"] * nodes[name]
        said = f"{_size(of_host)} of {_size(facts['memory'])} on {name}"
        if of_host > facts["memory"]:
            wrong.append(said)
        elif of_host < 0.3 * facts["memory"]:
            low.append(said)
    if wrong or low:
        return (WRONG if wrong else LOOK), _listed(wrong or low)
    return FINE, f"{_size(min(node['budget'] for node in job.nodes))} for the arrays of each node"


def locked(job: Job) -> Finding:
    cards = _here_and_there(job, lambda facts: " ".join(facts["cards"]))
    if not cards:
        return FINE, "not needed: no adapter but for TCP"
    limited = _where(job, lambda facts: facts["cards"] and facts["locked"] is not None)
    return (
        (LOOK, f"limited on {_listed(limited)}, for {cards}")
        if limited
        else (FINE, f"unlimited, for {cards}")
    )


def rates(job: Job) -> Finding:
    """What Quelea's kernels get of each node's memory."""
    middle = statistics.median(job.rates)
    slow = [
        f"{1e-9 * rate:.1f} of node {number} ({job.nodes[number]['host']})"
        for number, rate in enumerate(job.rates)
        if rate < 0.7 * middle
    ]
    if len(job.rates) <= 4:
        text = ", ".join(f"{1e-9 * rate:.1f}" for rate in job.rates)
    else:
        text = f"{1e-9 * min(job.rates):.1f} to {1e-9 * max(job.rates):.1f}, mostly {1e-9 * middle:.1f}"
    text += f" GB/s of {'the node' if len(job.rates) == 1 else 'each node'}, read and written"
    return (LOOK, f"{text}; only {_listed(slow)}") if slow else (FINE, text)


# ---- folders and clocks ----


def cache(job: Job) -> Finding:
    if job.nodes[0]["cache"]["folder"] is None:
        return LOOK, "none: kernels are compiled anew each time"
    folder = job.nodes[0]["cache"]["folder"]
    for trouble, is_so in (
        ("cannot be written", lambda facts: not facts["cache"].get("writable")),
        ("has less than 64 MiB left", lambda facts: facts["cache"].get("left", 0) < 64 * MEGABYTE),
    ):
        if where := _where(job, is_so):
            return LOOK, f"{folder} {trouble} on {_listed(where)}"
    return (
        FINE,
        f"{folder}, {_here_and_there(job, lambda facts: facts['cache']['kind'] or 'unknown')}",
    )


def cache_shared(job: Job) -> Finding:
    if len(job.hosts) == 1:
        return FINE, "one host"
    lacking = sorted(
        {job.nodes[node]["host"] for node, seen in enumerate(job.cache_seen) if not seen}
    )
    if lacking:
        return LOOK, f"{_listed(lacking)} see another folder than rank 0: each compiles for itself"
    return FINE, "all hosts see the same"


def clocks(job: Job) -> Finding:
    most = max(job.clocks, key=abs)
    where = job.nodes[job.clocks.index(most)]["host"]
    if abs(most) > CLOCK_SECONDS:
        return (
            LOOK,
            f"{where} is {abs(most):.1f} s {'ahead of' if most > 0 else 'behind'} rank 0's host",
        )
    return FINE, "one clock" if len(job.hosts) == 1 else f"at most {1e3 * abs(most):.1f} ms apart"


def clock_source(job: Job) -> Finding:
    slow = _where(job, lambda facts: not facts["clock"].startswith(GOOD_CLOCKS))
    text = _here_and_there(job, lambda facts: facts["clock"] or "unknown")
    return (LOOK if slow else FINE), text


# ---- between nodes ----


def _named(job: Job, pair: tuple[int, int]) -> str:
    a, b = (job.nodes[node]["host"] for node in pair)
    return f"{a} and {b}" if a != b else f"nodes {pair[0]} and {pair[1]} of {a}"


def _contended(job: Job) -> str:
    """Say what messages wait for, beside the network, where workers outnumber cores."""
    return "; workers share cores, for which messages wait" if bindings.oversubscribed(job) else ""


def latency(job: Job) -> Finding:
    if job.wires is None:
        return FINE, "one node: nothing is sent"
    values = job.wires.latency
    middle = statistics.median(values.values())
    slow = sorted(
        (pair for pair in values if values[pair] > 3 * middle), key=lambda pair: -values[pair]
    )
    text = f"{1e6 * min(values.values()):.1f} to {1e6 * max(values.values()):.1f} us, mostly {1e6 * middle:.1f}"
    text += _contended(job)
    if slow:
        return LOOK, f"{text}; slow between {_listed(_named(job, pair) for pair in slow)}"
    return (LOOK if middle > 200e-6 else FINE), text


def bandwidth(job: Job) -> Finding:
    if job.wires is None:
        return FINE, "one node: nothing is sent"
    values = job.wires.bandwidth
    middle = statistics.median(values.values())
    slow = sorted(
        (pair for pair in values if values[pair] < middle / 2), key=lambda pair: values[pair]
    )
    text = f"{1e-9 * min(values.values()):.2f} to {1e-9 * max(values.values()):.2f} GB/s, mostly {1e-9 * middle:.2f}"
    text += _contended(job)
    if slow:
        return LOOK, f"{text}; slow between {_listed(_named(job, pair) for pair in slow)}"
    return (LOOK if middle < 0.2e9 else FINE), text
