"""python -m quelea doctor: every row of the table on a job that is well and on one that is not, and the command itself.

A failure accuses python/quelea/doctor; where measured figures are missing, comm/wires.c.
"""

import copy
import dataclasses
import itertools
import json
import os

import numpy
import pytest
from jobs import LAUNCHED, run

from quelea.doctor import CHECKS, Job, answers, page, picture, places, wires

on_its_own = pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own, which a rank cannot")

# ---- a job as it should be: two ranks with two threads each on every host ----

HOST = {
    "mpi": "Open MPI 4.1.4",
    "mpi_built": "Open MPI 4.1.6",
    "python": "3.11.2",
    "numpy": "2.4.1",
    "quelea": "abc",
    "target": "LLVM 19.1.7, znver3, 256-bit vectors",
    "flags": "f",
    "cores": "0,4;1,5;2,6;3,7",
    "allowed": "0-7",
    "quota": None,
    "numa": ["0-1,4-5", "2-3,6-7"],
    "last_cache": 1 << 24,
    "governor": "performance",
    "governed_by": "acpi-cpufreq",
    "clock": "tsc",
    "load": 0.1,
    "memory": 64 << 30,
    "shm": 32 << 30,
    "shm_left": 31 << 30,
    "leftovers": 0,
    "leftover_bytes": 0,
    "pages": "madvise",
    "shared_pages": "advise",
    "single_copy": True,
    "ptrace": 0,
    "cards": ["mlx5_0"],
    "locked": None,
    "budget": 50 << 30,
    "workers": 4,
    "cache": {
        "folder": "/shared/c",
        "kind": "nfs",
        "network": True,
        "writable": True,
        "left": 1 << 30,
    },
}


def well(hosts=3):
    every = list(itertools.combinations(range(hosts), 2))
    return Job(
        failure=None,
        asked={
            "launcher": "srun",
            "ends_jobs": True,
            "mpirun": None,
            "ranks": 2 * hosts,
            "nodes": hosts,
            "cpus": 8,
            "settings": {},
        },
        ranks=[
            {"host": f"h{node}", "node": node, "threads": 2, "cpus": cpus}
            for node in range(hosts)
            for cpus in ("0-1,4-5", "2-3,6-7")
        ],
        nodes=[{**copy.deepcopy(HOST), "host": f"h{node}"} for node in range(hosts)],
        clocks=[0.0] * hosts,
        cache_seen=[True] * hosts,
        rates=[1e11] * hosts,
        wires=wires.Wires(
            hosts, *(dict.fromkeys(every, x) for x in (2e-6, 1e10, 3e-6, 5e-7)), 1e-5
        ),
    )


def asked(**more):
    return lambda job: job.asked.update(more)


def node(at, **more):
    return lambda job: job.nodes[at].update(more)


def everywhere(**more):
    return lambda job: [one.update(more) for one in job.nodes]


def rank(at, **more):
    return lambda job: job.ranks[at].update(more)


def cache(at, **more):
    return lambda job: job.nodes[at]["cache"].update(more)


def item(field, at, value):
    return lambda job: getattr(job, field).__setitem__(at, value)


def wire(field, pair, value):
    return lambda job: getattr(job.wires, field).__setitem__(pair, value)


def every_wire(field, value):
    def change(job):
        of_pairs = getattr(job.wires, field)
        of_pairs.update(dict.fromkeys(of_pairs, value))

    return change


def both(*changes):
    return lambda job: [change(job) for change in changes]


def one_node_more(job):
    """Of the first host, as if it pretended to be several."""
    for of_nodes in (job.nodes, job.clocks, job.cache_seen, job.rates):
        of_nodes.append(of_nodes[0])


# check, what is wrong, state, what the line says, what the remedy says
FAULTS = [
    ("MPI", everywhere(mpi="MPICH Version:\t4.0"), "wrong", "built with Open MPI 4.1.6", "module"),
    ("MPI", everywhere(mpi="Open MPI 5.0.1"), "wrong", "5.0.1, built with", "build Quelea again"),
    ("MPI", node(1, mpi="Open MPI 4.1.6"), "wrong", "another one on h1", "on all hosts"),
    (
        "launcher",
        asked(launcher=None, mpirun="HYDRA build details:"),
        "worth a look",
        "HYDRA",
        "PATH",
    ),
    ("launcher", asked(launcher=None), "worth a look", "no mpirun", "srun --mpi=pmix"),
    (
        "a rank's death",
        asked(ends_jobs=False),
        "worth a look",
        "srun is not seen to end the job",
        "SLURM_KILL_BAD_EXIT=1",
    ),
    ("ranks", asked(ranks=8), "wrong", "6, 8 were asked for", "Start again"),
    ("nodes", asked(nodes=4), "worth a look", "3 hosts of 4", "srun -N"),
    (
        "ranks of a host",
        rank(5, host="h0"),
        "worth a look",
        "1 to 3 on a host",
        "--ntasks-per-node",
    ),
    ("versions", node(2, numpy="2.3.0"), "wrong", "NumPy differs: 2.4.1, 2.3.0", "one environment"),
    ("versions", node(2, quelea="abd"), "wrong", "Quelea differs", "one environment"),
    (
        "LLVM, processor",
        node(1, target="LLVM 18.1.0, znver3, 256-bit vectors"),
        "worth a look",
        "2 kinds: LLVM 19.1.7",
        "one kind",
    ),
    ("LLVM, processor", node(1, flags="g"), "worth a look", "2 kinds", "--constraint"),
    ("settings", asked(settings={"QUELEA_CHECK": "1"}), "worth a look", "QUELEA_CHECK=1", "Unset"),
    (
        "settings",
        asked(settings={"QUELEA_TRACE": "plan"}),
        "worth a look",
        "QUELEA_TRACE=plan",
        "Unset",
    ),
    (
        "binding",
        both(rank(2, cpus="0,4"), rank(3, cpus="0,4")),
        "wrong",
        "on h1 share 1 core of 4",
        "--map-by slot:PE=K",
    ),
    (
        "idle cores",
        both(rank(2, threads=1), rank(3, threads=1)),
        "worth a look",
        "2 of 4 on h1",
        "--bind-to none",
    ),
    ("threads", rank(0, threads=1), "worth a look", "1 to 2 for each rank", "as many cores"),
    (
        "oversubscription",
        rank(1, threads=5),
        "wrong",
        "7 workers on 4 cores of h0",
        "fewer ranks",
    ),
    (
        "oversubscription",
        node(1, quota=2.5),
        "wrong",
        "4 workers on 2 cores of h1",
        "QUELEA_THREADS",
    ),
    ("oversubscription", asked(cpus=4), "wrong", "4 workers on 2 cores of h0, 4", "fewer ranks"),
    ("others", node(1, load=3.0), "worth a look", "load 3.0 on h1", "--exclusive"),
    ("NUMA", rank(4, cpus="0-7"), "worth a look", "ranks 4 are in several", "--map-by numa"),
    ("processor clock", node(2, governor="powersave"), "worth a look", "on h2", "performance"),
    ("/dev/shm", node(1, shm=64 << 20, shm_left=1 << 20), "wrong", "h1: 1 MiB of 64", "--shm-size"),
    ("leftovers", node(1, leftovers=2), "worth a look", "2 files of 0 MiB on h1", "rm /dev/shm"),
    ("huge pages", node(0, pages="never"), "worth a look", "none on h0", "madvise"),
    (
        "huge pages, shared",
        everywhere(shared_pages="never"),
        "worth a look",
        "none on h0, h1, h2",
        "shmem_enabled",
    ),
    (
        "single copies (CMA)",
        both(
            everywhere(single_copy=False),
            rank(5, node=3),
            one_node_more,
        ),
        "worth a look",
        "forbidden on h0",
        "SYS_PTRACE",
    ),
    ("memory budget", node(1, budget=1 << 30), "worth a look", "1.0 GiB of 64.0", "--mem=0"),
    ("memory budget", node(1, budget=80 << 30), "wrong", "80.0 GiB of 64.0", "QUELEA_MEMORY"),
    ("locked memory", node(2, locked=65536), "worth a look", "limited on h2", "ulimit -l"),
    ("memory bandwidth", item("rates", 1, 5e10), "worth a look", "50.0 of node 1 (h1)", "binding"),
    ("kernel cache", cache(1, writable=False), "worth a look", "cannot be written on h1", "CACHE"),
    ("kernel cache", cache(2, left=1 << 20), "worth a look", "64 MiB left on h2", "CACHE"),
    ("kernel cache", cache(0, folder=None), "worth a look", "compiled anew", "QUELEA_CACHE"),
    ("cache shared", item("cache_seen", 1, False), "worth a look", "h1 see another", "all hosts"),
    ("clocks", item("clocks", 2, -3.0), "worth a look", "h2 is 3.0 s behind", "chronyd"),
    ("clock source", node(0, clock="hpet"), "worth a look", "h0: hpet", "tsc"),
    ("latency", wire("latency", (0, 2), 9e-6), "worth a look", "between h0 and h2", "--exclude"),
    ("latency", every_wire("latency", 1e-3), "worth a look", "mostly 1000.0", "fast network"),
    (
        "latency",
        both(every_wire("latency", 1e-3), asked(cpus=4)),
        "worth a look",
        "1000.0; workers share cores",
        "fast network",
    ),
    ("bandwidth", wire("bandwidth", (1, 2), 1e9), "worth a look", "between h1 and h2", "cable"),
    ("bandwidth", every_wire("bandwidth", 1e8), "worth a look", "mostly 0.10", "ucx"),
]


@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_a_job_that_is_well(hosts):
    job = well(hosts)
    if hosts == 1:
        job = dataclasses.replace(job, wires=None)
    found = answers(job)
    assert [answer.name for answer in found] == [check.name for check in CHECKS]
    assert {(answer.state, answer.remedy) for answer in found} == {("fine", "")}, found
    assert page.text(job, found).endswith(f"{len(CHECKS)} fine, 0 worth a look, 0 wrong")


@pytest.mark.parametrize(("name", "change", "state", "says", "remedy"), FAULTS)
def test_a_job_that_is_not(name, change, state, says, remedy):
    job = well()
    change(job)
    found = {answer.name: answer for answer in answers(job)}
    assert found[name].state == state
    assert says in found[name].value
    assert remedy in found[name].remedy
    text = " ".join(page.text(job, answers(job)).split())
    assert f"{state} {name} {' '.join(found[name].value.split())} -> {found[name].remedy}" in text
    told = json.loads(page.json_text(job, answers(job)))
    assert told["state"] in (state, "wrong")
    assert {"name": name, **found[name]._asdict()} in told["checks"]


def test_every_row_has_a_fault():
    assert {check.name for check in CHECKS} == {"start", *(fault[0] for fault in FAULTS)}
    assert all(check.remedy.endswith((".", "*")) for check in CHECKS)


def test_a_job_that_does_not_start():
    job = dataclasses.replace(
        well(), failure="srun started 4 processes that cannot find each other"
    )
    first, *rest = answers(job)
    assert (first.name, first.state) == ("start", "wrong")
    assert "cannot find each other" in first.value
    assert 3 < len(rest) < len(CHECKS) - 10


# ---- pairs of nodes, and their picture ----


@pytest.mark.parametrize("nodes", [2, 3, 4, 7, 8, 33])
def test_all_pairs_meet_once(nodes):
    met = []
    for turn in wires.rounds_of(nodes, 100):
        pairs = list(wires.pairs(nodes, turn))
        busy = [one for pair in pairs for one in pair]
        assert len(busy) == len(set(busy)) >= nodes - 1
        for a, b in pairs:
            assert (wires.partner(a, turn, nodes), wires.partner(b, turn, nodes)) == (b, a)
        met += pairs
    assert sorted(met) == list(itertools.combinations(range(nodes), 2))
    assert len(wires.rounds_of(nodes, 2)) == min(2, len(wires.rounds_of(nodes, 100)))


def test_the_worst_pair_is_seen_in_a_small_picture():
    values = dict.fromkeys(itertools.combinations(range(100), 2), 1.0) | {(3, 97): 9.0}
    matrix = wires.tile(100, values, 10, "largest")
    assert matrix.shape == (10, 10)
    assert {(int(i), int(j)) for i, j in numpy.argwhere(matrix == 9)} == {(0, 9), (9, 0)}
    assert wires.tile(100, values | {(0, 99): 0.5}, 10, "least")[9, 0] == 0.5
    assert numpy.isnan(wires.tile(3, {(0, 1): 1.0}, 10, "least")[2]).all()


def test_a_page_for_many_nodes():
    hosts = 600
    sample = [pair for turn in wires.rounds_of(hosts, 5) for pair in wires.pairs(hosts, turn)]
    job = dataclasses.replace(
        well(hosts),
        wires=wires.Wires(
            hosts, *(dict.fromkeys(sample, x) for x in (2e-6, 1e10, 3e-6, 5e-7)), 1e-5
        ),
    )
    job.wires.latency[sample[7]] = 1e-4
    found = answers(job)
    shown = picture.lines(job)
    assert f"1500 of {hosts * (hosts - 1) // 2} pairs" in shown[1]
    assert len(shown) == 3 + 24
    assert max(map(len, shown)) < 120
    assert len(page.text(job, found).splitlines()) < 90
    assert [answer.name for answer in found if answer.state != "fine"] == ["latency"]


# ---- what Linux says ----


def test_ranges_of_numbers():
    for text in ("", "0", "0-3", "0-3,8", "1,3,5-6", "0-255"):
        assert places.ranges(places.expanded(text)) == text


def test_this_host_is_read():
    found = places.host()
    assert json.loads(json.dumps(found)) == found
    assert found.keys() <= HOST.keys()
    assert set(os.sched_getaffinity(0)) <= {
        int(cpu) for core in found["cores"].split(";") for cpu in places.expanded(core)
    }
    assert found["memory"] > 0 and found["shm"] >= found["shm_left"] >= 0
    assert places.cache("/nonexistent/deeper")["kind"]


def test_leftovers_are_what_nobody_maps(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "_SHM", str(tmp_path))
    (tmp_path / "vader_segment.host.1.2.0").write_bytes(b"x" * 5000)
    (tmp_path / "of_others").write_bytes(b"x")
    kept = numpy.memmap(tmp_path / "vader_segment.host.1.3.0", mode="w+", shape=4096)
    count, size = places._leftovers()
    assert count == 1
    assert size >= 4096
    del kept
    assert places._leftovers()[0] == 2


# ---- the command ----


def doctor(*words, ranks=0, **more):
    code = f"""
    import sys
    from quelea.__main__ import main
    sys.exit(main(["doctor", *{list(words)!r}]))
    """
    return run(code, ranks, **more)


def told(status, out, err):
    """The JSON of a job, whose exit status says whether something is wrong."""
    found = json.loads(out)
    states = {check["state"] for check in found["checks"]}
    assert status == ("wrong" in states), err
    assert all(bool(check["remedy"]) == (check["state"] != "fine") for check in found["checks"])
    return found, {check["name"]: check for check in found["checks"]}


@on_its_own
def test_alone():
    cores = len(os.sched_getaffinity(0))
    found, checks = told(*doctor("--json", QUELEA_THREADS=str(cores + 1)))
    assert found["state"] == checks["oversubscription"]["state"] == "wrong"
    assert len(found["nodes"]) == 1 and found["pairs"] == []
    assert found["nodes"][0]["memory_bytes_per_second"] > 0
    assert "in PATH" in checks["launcher"]["value"]


@on_its_own
def test_on_ranks_of_one_node():
    status, out, err = doctor(ranks=3, QUELEA_THREADS="1")
    assert status in (0, 1), err
    assert out.count("\nfine          ranks                3 as asked\n") == 1
    assert "one node: nothing is sent" in out
    assert "Traceback" not in err


@on_its_own
def test_on_pretended_nodes_with_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "wires.png"
    settings = {"QUELEA_NODE_SIZE": "1", "QUELEA_REPLICATE": "-1", "QUELEA_OUTPUT": "all"}
    given = doctor("--json", "--picture", str(path), ranks=3, **settings)
    found, checks = told(*given)
    assert [pair["nodes"] for pair in found["pairs"]] == [[0, 1], [0, 2], [1, 2]]
    assert all(pair["seconds"] > 0 and pair["bytes_per_second"] > 0 for pair in found["pairs"])
    assert all(pair["usual_seconds"] >= pair["seconds"] for pair in found["pairs"])
    assert all(pair["overhead_seconds"] >= 0 for pair in found["pairs"])
    assert found["agreement_seconds"] > 0
    assert all(node["memory_bytes_per_second"] > 0 for node in found["nodes"])
    assert "pretending to be 3 nodes" in checks["nodes"]["value"]
    assert path.read_bytes().startswith(b"\x89PNG")


@on_its_own
def test_what_cannot_be_done_is_refused():
    status, out, err = doctor("--rounds", "1", "--picture", "x.png")
    assert (status, out) == (2, "")
    assert "between nodes, and here is one" in err or "matplotlib" in err
    status, out, err = doctor(QUELEA_MEMORY="much")
    assert status == 1
    assert "wrong         start                QUELEA_MEMORY='much'" in out
