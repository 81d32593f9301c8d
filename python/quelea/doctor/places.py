"""What Linux says: processors, memory, file systems, and what jobs that died have left.

Nothing here fails: what is not there is empty, or None.
"""

import contextlib
import ctypes
import hashlib
import os
import platform
import re
import resource
from pathlib import Path
from typing import Any

from ..info import cache_place

__all__ = ["cache", "expanded", "host", "ranges", "text_of"]

_CPUS = Path("/sys/devices/system/cpu")
_PAGES = Path("/sys/kernel/mm/transparent_hugepage")
_SHM = "/dev/shm"
# What MPI libraries and their transports name in /dev/shm, and remove when they end well.
_LEFT_BY_JOBS = ("vader_segment.", "sm_segment.", "quelea", "psm2_shm", "mpich_shar", "ucx_shm")
# File systems that several hosts may see; others lie on one.
_SHARED = {
    "nfs",
    "nfs4",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "cifs",
    "9p",
    "panfs",
    "orangefs",
    "pvfs2",
    "wekafs",
}


def text_of(path: str | Path) -> str:
    """Give a file's text, without the end of its last line; empty where there is none."""
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def expanded(ranges: str) -> list[int]:
    """Give the numbers in a text such as ``0-3,8``."""
    numbers: list[int] = []
    for word in filter(None, ranges.split(",")):
        first, _, last = word.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def ranges(numbers: list[int]) -> str:
    """Give numbers as a text such as ``0-3,8``."""
    words: list[str] = []
    start = before = None
    for number in [*sorted(numbers), None]:
        if before is None or number is None or number != before + 1:
            if start is not None:
                words.append(str(start) if start == before else f"{start}-{before}")
            start = number
        before = number
    return ",".join(words)


def _chosen(text: str) -> str:
    """Give the word in brackets: what the kernel does of what it could."""
    return text.partition("[")[2].partition("]")[0]


def _shared_pages() -> str:
    """Give what is done for memory that processes share; since Linux 6.1 Quelea can ask for large pages itself."""
    chosen = _chosen(text_of(_PAGES / "shmem_enabled"))
    version = re.match(r"(\d+)\.(\d+)", platform.release())
    asks = version is not None and tuple(map(int, version.groups())) >= (6, 1)
    return "on request" if chosen == "never" and asks else chosen


def _field(path: str, name: str) -> str:
    """Give what follows ``name:`` in a file of such lines."""
    lines = (line.partition(":") for line in text_of(path).splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def _kilobytes(path: str, name: str) -> int:
    words = _field(path, name).split()
    return 1024 * int(words[0]) if words and words[0].isdecimal() else 0


# ---- processors ----


def _cores() -> str:
    """Give the hardware threads of each core, as ``0,2;1,3``."""
    found = {}
    for cpu in expanded(text_of(_CPUS / "online")):
        siblings = text_of(_CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list")
        found[siblings or str(cpu)] = True
    return ";".join(found)


def _allowed() -> str:
    """Give the hardware threads that the control group lets this host's processes use."""
    path = _field("/proc/self/cgroup", "0").removeprefix(":")
    return text_of(f"/sys/fs/cgroup{path}/cpuset.cpus.effective") or text_of(_CPUS / "online")


def _quota() -> float | None:
    """Give how many cores' time the control group and those above it permit, if they say so."""
    path = Path("/sys/fs/cgroup" + _field("/proc/self/cgroup", "0").removeprefix(":"))
    least = None
    for folder in (path, *path.parents):
        words = text_of(folder / "cpu.max").split()
        if len(words) == 2 and words[0].isdecimal() and int(words[1]) > 0:
            cores = int(words[0]) / int(words[1])
            least = cores if least is None else min(least, cores)
    return least


def _flags() -> str:
    """Give a digest of what the processor can do: equal where that is."""
    words = (_field("/proc/cpuinfo", "flags") or _field("/proc/cpuinfo", "Features")).split()
    return hashlib.sha256(" ".join(sorted(words)).encode()).hexdigest()[:12]


def _last_cache() -> int:
    sizes = [text_of(path) for path in (_CPUS / "cpu0" / "cache").glob("index*/size")]
    return max((1024 * int(size[:-1]) for size in sizes if size[:-1].isdecimal()), default=0)


def _single_copy() -> bool:
    """Whether a process may read another one's memory: the call on itself is forbidden where that is."""
    read = getattr(ctypes.CDLL(None), "process_vm_readv", None)
    if read is None:
        return False
    source, target = ctypes.create_string_buffer(b"x"), ctypes.create_string_buffer(1)
    vectors = [(ctypes.c_size_t * 2)(ctypes.addressof(buffer), 1) for buffer in (target, source)]
    read.restype = ctypes.c_ssize_t
    return bool(read(os.getpid(), vectors[0], 1, vectors[1], 1, 0) == 1)


# ---- shared memory ----


def _mapped() -> set[str]:
    """Give the files of shared memory that somebody has mapped, as far as we may look."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/maps"):
        try:
            with path.open(errors="replace") as file:
                found |= {line.split()[-1] for line in file if _SHM in line}
        except OSError:
            continue  # it has ended, or is another user's
    return {os.path.basename(name) for name in found}


def _leftovers() -> tuple[int, int]:
    """Give how many files of ours in shared memory nobody has mapped any more, and their bytes."""
    count = size = 0
    try:
        entries = [entry for entry in os.scandir(_SHM) if entry.name.startswith(_LEFT_BY_JOBS)]
    except OSError:
        return 0, 0
    mapped = _mapped() if entries else set()
    for entry in entries:
        with contextlib.suppress(OSError):
            state = entry.stat(follow_symlinks=False)
            if entry.name not in mapped and state.st_uid == os.getuid():
                count, size = count + 1, size + 512 * state.st_blocks
    return count, size


def _space(folder: str) -> tuple[int, int]:
    """Give a file system's bytes, and those that are left."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return 0, 0
    return state.f_frsize * state.f_blocks, state.f_frsize * state.f_bavail


# ---- folders ----


def _mount(folder: str) -> tuple[str, str]:
    """Give the kind of the file system that a folder lies on, and where that is mounted."""
    best = ("", "")
    for line in text_of("/proc/self/mounts").splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        where = words[1].replace("\\040", " ")
        inside = folder == where or folder.startswith(where.rstrip("/") + "/")
        if inside and len(where) >= len(best[1]):
            best = (words[2], where)
    return best


def cache(folder: str | None) -> dict[str, Any]:
    """Give what there is to say of the folder of compiled kernels."""
    if not folder:
        return {"folder": None}
    nearest, writable = cache_place(folder)
    kind, _ = _mount(nearest)
    return {
        "folder": folder,
        "kind": kind,
        "network": kind in _SHARED or (kind.startswith("fuse.") and kind != "fuse.overlayfs"),
        "writable": writable,
        "left": _space(nearest)[1],
    }


def _cards() -> list[str]:
    """Give the adapters that do more than TCP."""
    try:
        return sorted(os.listdir("/sys/class/infiniband"))
    except OSError:
        return []


def host() -> dict[str, Any]:
    """Give what one process sees of its host, as JSON has it."""
    size, left = _space(_SHM)
    count, held = _leftovers()
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    frequency = _CPUS / "cpu0" / "cpufreq"
    return {
        "flags": _flags(),
        "cores": _cores(),
        "allowed": _allowed(),
        "quota": _quota(),
        "numa": [
            cpus
            for path in sorted(Path("/sys/devices/system/node").glob("node[0-9]*/cpulist"))
            if (cpus := text_of(path))
        ],
        "last_cache": _last_cache(),
        "governor": text_of(frequency / "scaling_governor"),
        "governed_by": text_of(frequency / "scaling_driver"),
        "clock": text_of("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "load": os.getloadavg()[0],
        "memory": _kilobytes("/proc/meminfo", "MemTotal"),
        "shm": size,
        "shm_left": left,
        "leftovers": count,
        "leftover_bytes": held,
        "pages": _chosen(text_of(_PAGES / "enabled")),
        "shared_pages": _shared_pages(),
        "single_copy": _single_copy(),
        "ptrace": int(text_of("/proc/sys/kernel/yama/ptrace_scope") or 0),
        "cards": _cards(),
        "locked": None if locked == resource.RLIM_INFINITY else locked,
    }
