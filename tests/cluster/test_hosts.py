"""One job over three hosts of network namespaces: TCP between them, shared memory inside each, and the death of one.

A failure accuses cluster/hosts when the first test fails, else comm/.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soak
from labs import KEPT, LIMIT, ROOT, Lab, assert_nothing_left, not_permitted

BUILD = Path(os.environ.get("QUELEA_BUILD", ROOT / "build" / "release"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if reason := not_permitted():
        pytest.skip(reason)
    made = Lab(tmp_path_factory.mktemp("lab") / "state")
    yield made
    made.close()


# ---- the hosts ----


def test_hosts_have_names_processes_and_networks_of_their_own(lab: Lab) -> None:
    status, out, err = lab.run(
        1,
        "sh",
        "-c",
        'echo "$(hostname) $(ls -d /proc/[0-9]* | wc -l) $(ls /dev/shm | wc -l)"; ip -o -4 addr show eth0',
    )
    assert status == 0, err
    assert sorted(re.findall(r"^h\d", out, re.M)) == ["h0", "h1", "h2"]
    assert sorted(re.findall(r"10\.77\.0\.\d+(?=/24)", out)) == [
        "10.77.0.1",
        "10.77.0.2",
        "10.77.0.3",
    ]
    assert all(int(count) < 40 for count in re.findall(r"^h\d (\d+)", out, re.M))


def test_the_machine_does_not_see_them(lab: Lab) -> None:
    shown = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    assert "10.77.0." not in shown
    assert "to-h0" not in shown


def test_they_vanish_with_the_process_that_holds_them(tmp_path: Path) -> None:
    if reason := not_permitted():
        pytest.skip(reason)
    lab = Lab(tmp_path / "state")
    assert lab.run(1, "true")[0] == 0
    lab.keeper.send_signal(signal.SIGKILL)
    lab.keeper.communicate(timeout=30)
    status, _, err = lab.run(1, "true")
    assert status != 0
    assert "no hosts are up" in err


# ---- jobs over them ----


@pytest.mark.parametrize("program", ["nodes", "agree", "messages"])
def test_communication(lab: Lab, program: str) -> None:
    # What the tests expect of pretended nodes of two ranks must hold for hosts of two ranks.
    status, out, err = lab.run(
        2, BUILD / "tests" / "comm" / f"comm_test_{program}", QUELEA_NODE_SIZE="2"
    )
    assert status == 0, out + err


JACOBI = (sys.executable, ROOT / "examples" / "jacobi.py", "--n", "300", "--steps", "60", "--check")


@pytest.mark.parametrize("slots", [1, 2])
def test_jacobi(lab: Lab, slots: int) -> None:
    status, out, err = lab.run(slots, *JACOBI)
    assert status == 0, out + err
    assert f"{3 * slots} on 3 node(s)" in out
    assert "largest difference from NumPy 0.0" in out
    assert out.count("residual") == 1, "printed once"


def test_jacobi_over_a_slow_network(tmp_path: Path) -> None:
    if reason := not_permitted():
        pytest.skip(reason)
    lab = Lab(tmp_path / "state", "--delay", "300", "--rate", "500")
    try:
        status, out, err = lab.run(1, *JACOBI)
    finally:
        lab.close()
    assert status == 0, out + err
    assert "largest difference from NumPy 0.0" in out


SLOW = [
    pytest.param(file, marks=pytest.mark.slow)
    for file in ("test_elementwise.py", "test_reductions.py")
]


@pytest.mark.parametrize("file", ["test_indexing.py", *SLOW])
def test_python_surface(lab: Lab, file: str) -> None:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        ROOT / "tests" / "python" / file,
    )
    status, out, err = lab.run(1, *command, QUELEA_REPLICATE="-1")
    assert status == 0, out + err
    assert "passed" in out


def test_the_doctor_finds_hosts_wires_and_folders(lab: Lab) -> None:
    command = (sys.executable, "-m", "quelea", "doctor", "--json")
    folder = "/dev/shm/kernels"  # of each host
    status, out, err = lab.run(2, *command, QUELEA_CACHE=folder, QUELEA_THREADS="1")
    found = json.loads(out[out.index("{") :])
    checks = {check["name"]: check for check in found["checks"]}
    assert status == (found["state"] == "wrong"), err
    assert [node["host"] for node in found["nodes"]] == ["h0", "h1", "h2"]
    assert [pair["nodes"] for pair in found["pairs"]] == [[0, 1], [0, 2], [1, 2]]
    assert all(pair["seconds"] > 0 for pair in found["pairs"])
    assert checks["ranks"]["value"] == "6 as asked"
    assert checks["nodes"]["value"] == "3 hosts"
    assert checks["versions"]["state"] == checks["/dev/shm"]["state"] == "fine"
    assert "h1, h2 see another folder than rank 0" in checks["cache shared"]["value"]
    assert "QUELEA_CACHE" in checks["cache shared"]["remedy"]


# ---- one of them dies ----

ENDLESS = """
import quelea as np
u = np.zeros((300, 300))
print("first result", float(u.sum()), flush=True)
while True:
    u[1:-1] = 0.5 * (u[:-2] + u[2:]) + 1.0
    float(u[0, 0])
"""


@pytest.mark.parametrize("host", ["h0", "h2"])
def test_a_host_dies(lab: Lab, host: str) -> None:
    mark = f"QUELEA_TEST_MARK={os.getpid()}.{host}"
    shared = set(os.listdir("/dev/shm"))
    name, value = mark.split("=")
    with lab.start(
        2, "-x", name, sys.executable, "-c", textwrap.dedent(ENDLESS), **{name: value}
    ) as job:
        assert job.stdout is not None
        assert "first result" in job.stdout.readline()
        lab.kill(host)
        job.communicate(timeout=LIMIT)
    assert job.returncode != 0
    assert_nothing_left(mark, shared)


def test_the_launcher_dies(lab: Lab) -> None:
    mark = f"QUELEA_TEST_MARK={os.getpid()}.launcher"
    shared = set(os.listdir("/dev/shm"))
    name, value = mark.split("=")
    with lab.start(
        1, "-x", name, sys.executable, "-c", textwrap.dedent(ENDLESS), **{name: value}
    ) as job:
        assert job.stdout is not None
        assert "first result" in job.stdout.readline()
        job.kill()
    assert_nothing_left(mark, shared)


# ---- and the job goes on ----


def test_a_host_dies_and_the_job_goes_on_on_two(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(KEPT)
    status, undisturbed, err = lab.run(
        1, sys.executable, program, tmp_path / "undisturbed", "0", "1e6"
    )
    assert status == 0, err
    assert "from 0 on 3 hosts" in undisturbed
    mark = f"QUELEA_TEST_MARK={os.getpid()}.kept"
    shared = set(os.listdir("/dev/shm"))
    name, value = mark.split("=")
    command = (sys.executable, program, tmp_path / "run")
    with lab.start(2, "-x", name, *command, "0.05", "0", **{name: value}) as job:
        assert job.stdout is not None
        assert "from 0 on 3 hosts" in job.stdout.readline()
        assert "first kept generation 1" in job.stdout.readline()
        assert "kept generation 5" in job.stdout.readline()
        lab.kill("h1")
        job.communicate(timeout=LIMIT)
    assert job.returncode != 0
    assert_nothing_left(mark, shared)
    status, out, err = lab.run(1, "-n", "2", *command, "0", "1e6")
    assert status == 0, err
    assert re.search(r"from [1-9]\d? on 2 hosts", out), out
    assert out.splitlines()[-1] == undisturbed.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_hosts_die_at_random_moments_and_others_go_on(lab: Lab, tmp_path: Path, seed: int) -> None:
    choose, steps, begins = random.Random(seed), 250, []
    path = tmp_path / "run"
    command = (sys.executable, soak.__file__, str(seed), str(steps), "kept", path)
    for k in range(5):
        slots, hosts = choose.choice([1, 2]), choose.choice([2, 3])
        name, value = "QUELEA_TEST_MARK", f"{os.getpid()}.random.{k}"
        shared = set(os.listdir("/dev/shm"))
        given = ("-x", name, "-n", str(slots * hosts), *command)
        extra = {name: value, "QUELEA_REPLICATE": "-1", "QUELEA_SILENCE": "4"}
        with lab.start(slots, *given, **extra) as job:
            assert job.stdout is not None
            begins.append(int(job.stdout.readline().split()[1]))
            until = soak.generation(path) + choose.randrange(4)
            while soak.generation(path) < until and job.poll() is None:
                time.sleep(0.01)
            time.sleep(choose.random() * 0.3)
            choose.choice([lab.kill, lab.cut])(f"h{choose.randrange(hosts)}")
            job.communicate(timeout=LIMIT)
        assert_nothing_left(f"{name}={value}", shared)
    status, out, err = lab.run(1, "-n", "2", *command, QUELEA_REPLICATE="-1")
    assert status == 0, err
    assert 0 < max(begins) < steps, begins
    assert out.splitlines()[-1] == soak.undisturbed(seed, steps)


def test_a_folder_that_the_hosts_do_not_share(lab: Lab) -> None:
    code = """
    import quelea as np
    try:
        np.checkpoint("/dev/shm/run", u=np.ones((300, 300)))
    except np.CheckpointError as error:
        print(error)
    """
    status, out, err = lab.run(1, sys.executable, "-c", textwrap.dedent(code))
    assert status == 0, err
    assert re.search(
        r"piece-00001, which rank 1 on h1 has written, is not there for rank 0: give a path", out
    ), out
