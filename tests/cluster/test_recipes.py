"""cluster/recipes: what can be said of them without running them; test_slurm.py submits two.

A failure means that what Quelea needs has changed in cluster/setup.sh or pyproject.toml, and not there.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "cluster" / "recipes"
SCRIPTS = sorted(path.name for path in RECIPES.glob("*.sh"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_can_be_read(name: str) -> None:
    subprocess.run(["bash", "-n", RECIPES / name], check=True)
    assert (RECIPES / name).stat().st_mode & 0o111


def test_each_is_described_and_said_how_far_it_was_tried() -> None:
    text = (RECIPES / "README.md").read_text()
    files = [path.relative_to(RECIPES) for path in RECIPES.rglob("*") if path.is_file()]
    for path in files:
        assert str(path) == "README.md" or f"| `{path}` |" in text, path


def test_the_image_has_the_packages_of_the_setup() -> None:
    found = re.search(r"^packages=\((.*)\)$", (ROOT / "cluster" / "setup.sh").read_text(), re.M)
    assert found
    text = (RECIPES / "quelea.def").read_text()
    assert [name for name in found.group(1).split() if f" {name}" not in text] == []


def test_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = (RECIPES / "conda" / "meta.yaml").read_text()
    assert f"version: {project['project']['version']}\n" in text
    for requirement in [*project["project"]["dependencies"], *project["build-system"]["requires"]]:
        assert re.sub(r"([a-z])([<>=])", r"\1 \2", requirement, count=1) in text
    compile((RECIPES / "spack" / "package.py").read_text(), "package.py", "exec")
