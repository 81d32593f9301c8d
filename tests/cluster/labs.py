"""What tests of jobs on hosts share."""

from pathlib import Path


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
