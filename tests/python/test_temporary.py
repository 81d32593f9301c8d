"""Temporary folders of commands: nobody's stay, whatever ends the command."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from jobs import LAUNCHED, environment

from quelea.temporary import TemporaryFolder

pytestmark = pytest.mark.skipif(
    LAUNCHED, reason="starts processes of its own, which a rank of a job cannot"
)

HOLDS = """
import sys
from quelea.temporary import TemporaryFolder
folder = TemporaryFolder("test")
print(folder.name, flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_its_folder_to_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment({"TMPDIR": str(tmp_path)}),
            text=True,
        )
        for _ in range(2)
    ]
    killed, living = (Path(holder.stdout.readline().strip()) for holder in holders)
    (killed / "file").write_text("left")
    (tmp_path / "quelea-test-other").mkdir()  # has no lock: nobody knows whose it is
    holders[0].send_signal(signal.SIGKILL)
    holders[0].communicate()
    with TemporaryFolder("test") as path:
        assert not killed.exists()
        assert living.is_dir()
        assert os.path.isdir(path)
    holders[1].communicate()  # ends
    assert os.listdir(tmp_path) == ["quelea-test-other"]


def test_a_command_that_is_asked_to_end_takes_its_files_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quelea", "bench", "small", "--rows", "loops"]
    with subprocess.Popen(
        command, env=environment({"TMPDIR": str(tmp_path)}), stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not list(tmp_path.glob("quelea-*/orders")):
            pass
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    assert os.listdir(tmp_path) == []
