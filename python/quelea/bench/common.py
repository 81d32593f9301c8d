"""What the benchmarks share: how jobs are started, what their options take, what makes figures worthless."""

import argparse
import os

__all__ = ["count", "environment", "mpirun", "warn_of_others"]


def environment(**more: str) -> dict[str, str]:
    """Give this process's environment and what a job needs beside it."""
    return {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        **more,
    }


def mpirun(ranks: int, limit: int = 600) -> list[str]:
    """Give the words that launch ranks, on a core each if there are so many, for some seconds at most."""
    bind = "core" if ranks <= (os.cpu_count() or 1) else "none"
    words = ["mpirun", "--timeout", str(limit), "-n", str(ranks), "--oversubscribe"]
    return [*words, "--bind-to", bind]


def count(text: str) -> int:
    """Read an argument that must be at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def warn_of_others() -> None:
    """Say that others use this machine, if they do."""
    if os.getloadavg()[0] > 0.5:
        print(f"others use this machine (load {os.getloadavg()[0]:.1f}): believe no figure")
