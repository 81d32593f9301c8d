"""What every Python test shares.

The same tests run in one process and, under mpirun, on every rank at once: all ranks must draw the same examples in the
same order, and a flush that fails must be blamed on the test that recorded it.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, os.path.dirname(__file__))  # for `support`
pytest.register_assert_rewrite("support")
signal.signal(
    signal.SIGINT, signal.default_int_handler
)  # a shell's background jobs ignore it, and so would ours
os.environ.setdefault("QUELEA_REUSE", "0")  # arrays of every size take turns in blocks
os.environ.setdefault("QUELEA_OUTPUT", "all")  # pytest's report of every rank is wanted
os.environ.setdefault("QUELEA_SHARE", "0")  # small arrays are computed by all threads
os.environ.setdefault("QUELEA_POSITIONS", "1")  # plans are moved as soon as they can be

import quelea  # noqa: E402  it reads the environment

settings.register_profile(
    "ranks",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    phases=[
        Phase.explicit,
        Phase.generate,
    ],  # shrinking goes by the clock, and the ranks' clocks differ
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ranks")


def _new_folder() -> Iterator[Path]:
    path = Path(quelea.on_root(tempfile.mkdtemp))
    yield path
    quelea.sync()
    quelea.on_root(lambda: shutil.rmtree(path))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a new folder, which is the same for all ranks."""
    yield from _new_folder()


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let temporary files lie in a folder that goes, with those that nobody removes."""
    for path in _new_folder():
        with monkeypatch.context() as patched:
            patched.setattr(tempfile, "tempdir", str(path))
            yield


# Where all is on one node, many new plans in a row let larger statements be executed without one.
_MAY_DO_WITHOUT = quelea.info()["node_count"] == 1 and "-1" not in [
    p["value"] for p in quelea.params() if p["name"] == "QUELEA_REPLICATE"
]
_KNOWN = quelea.zeros(20000)
_MADE = 0


@pytest.fixture(autouse=True)
def _nothing_left_recorded() -> Iterator[None]:
    yield
    quelea.sync()
    global _KNOWN, _MADE
    if _MAY_DO_WITHOUT and quelea.counters()["plans_made"] != _MADE:
        for _ in range(128):
            _KNOWN += 1  # by plans that are found again
        quelea.sync()
        _MADE = quelea.counters()["plans_made"]
