"""run.sh and test.sh: what is asked wrongly is refused at once, by a sentence, before anything is built."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def run(
    script: Path, *arguments: str, user: int | None = None, **more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(script), *arguments],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        user=user,
    )


@pytest.mark.parametrize("ranks", ["0", "-1", "two", "2.5", "4 4"])
def test_ranks_must_be_a_number(ranks: str) -> None:
    done = run(ROOT / "run.sh", RANKS=ranks)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"RANKS='{ranks}' is not a positive number" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--only"], ["--only", "no such stage"], ["--only", "("], ["--dance"]]
)
def test_stages_that_are_not_there(arguments: list[str]) -> None:
    done = run(ROOT / "test.sh", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "./test.sh --only REGEX" in done.stderr
    if len(arguments) == 2:
        assert "no stage matches" in done.stderr and "ctest.release" in done.stderr


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder with the scripts alone, which anybody may read."""
    folder = Path(tempfile.mkdtemp(prefix="quelea-scripts-"))
    folder.chmod(0o755)
    (folder / "cluster").mkdir(mode=0o755)
    (folder / "examples").mkdir(mode=0o755)
    for name in ("run.sh", "cluster/setup.sh", "examples/jacobi.py"):
        shutil.copy(ROOT / name, folder / name)
    yield folder
    for path in folder.iterdir():
        if path.is_dir():
            path.chmod(0o755)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ((), "cannot write into"),
        (("build",), "build belongs to"),
        (("build", ".venv"), "build belongs to"),
    ],
)
def test_folders_that_cannot_be_written(checkout: Path, made: tuple[str, ...], text: str) -> None:
    for name in made:
        (checkout / name).mkdir()
        (checkout / name).chmod(0o555)
    if len(made) != 1:
        checkout.chmod(0o555)
    else:
        checkout.chmod(0o777)
    done = run(checkout / "run.sh", user=NOBODY if os.getuid() == 0 else None)
    assert (done.returncode, done.stdout) == (1, "")
    assert text in done.stderr
