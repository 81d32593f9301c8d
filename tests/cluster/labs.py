"""What the tests over hosts of network namespaces share: the hosts, and what must not be left of their jobs."""

import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOSTS = str(ROOT / "cluster" / "hosts")
LIMIT = 1200  # seconds that a job may take on a busy machine; what hangs is known by its waits
WAIT = 120


class Lab:
    """Three hosts that live while this process holds their input open: not even SIGKILL leaves them behind."""

    script = HOSTS

    def __init__(self, state: Path, *options: str) -> None:
        self.environment = {
            **os.environ,
            "QUELEA_LAB": str(state),
            "TIMEOUT": str(LIMIT),
            "QUELEA_WAIT_ABORT": str(WAIT),
        }
        self.keeper = subprocess.Popen(
            [self.script, "up", "3", *options, "--hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        assert self.keeper.stdout is not None
        assert self.keeper.stdout.readline().startswith("ready")

    def start(self, slots: int, *command: str | Path, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [HOSTS, "run", str(slots), *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **more},
            text=True,
        )

    def run(self, slots: int, *command: str | Path, **more: str) -> tuple[int, str, str]:
        with self.start(slots, *command, **more) as job:
            out, err = job.communicate(timeout=LIMIT + 30)
        return job.returncode, out, err

    def kill(self, host: str) -> None:
        subprocess.run([HOSTS, "kill", host], env=self.environment, check=True)

    def cut(self, host: str) -> None:
        subprocess.run([HOSTS, "cut", host], env=self.environment, check=True)

    def close(self) -> None:
        self.keeper.communicate(timeout=30)


def not_permitted(script: str = HOSTS) -> str:
    """Say why this machine does not permit them."""
    done = subprocess.run([script, "check"], capture_output=True, text=True, check=False)
    return (
        ""
        if done.returncode == 0
        else f"cluster/{Path(script).name}: {done.stdout.strip() or done.stderr.strip()}"
    )


def job_processes(mark: str) -> list[int]:
    """Processes, on any host, whose environment holds a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def assert_nothing_left(mark: str, shared: set[str]) -> None:
    end = time.monotonic() + 20
    while job_processes(mark) and time.monotonic() < end:
        time.sleep(0.1)
    assert job_processes(mark) == []
    assert {name for name in os.listdir("/dev/shm") if "quelea" in name} <= shared


# A program that keeps itself: arguments are its folder, the seconds that a step takes at least,
# and those between two checkpoints. One that takes time never comes to the end: it is ended.
KEPT = """
import hashlib, sys, time
import quelea as np
folder, slowly, every = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
n = 90
saved = np.restore(folder, None)
if saved:
    u, v, first = saved["u"], saved["v"], saved["step"]
else:
    u = np.zeros((n, 2 * n)); u[0] = 1.0
    v, first = u.copy(), 0
print("from", first, "on", np.info()["node_count"], "hosts", flush=True)
step = first
while step < 80:
    written = np.checkpoint_every(every, folder, u=u, v=v, step=step)
    if step == first: print("first kept", written, flush=True)
    if step == 4: print("kept", written, flush=True)
    if slowly: time.sleep(slowly); float(u[3, 3])
    if slowly and step == 40: continue
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
    u, v, step = v, u, step + 1
print("bits", np.on_root(lambda a: hashlib.sha256(a.tobytes()).hexdigest(), u), float(u.sum()).hex())
"""
