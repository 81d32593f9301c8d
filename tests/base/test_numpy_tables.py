"""The committed tables are what the installed NumPy does (a NumPy older than theirs is let pass)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


def version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(".")[:2])


@pytest.mark.parametrize("name", ["numpy_types.txt", "numpy_casts.txt"])
def test_tables_are_those_of_numpy(name: str) -> None:
    heading = (HERE / name).read_text().splitlines()[0]
    written = re.search(r"NumPy (\d+\.\d+)", heading)
    assert written, heading
    if version(np.__version__) < version(written[1]):
        pytest.skip(f"NumPy {np.__version__} is older than the tables' {written[1]}")
    check = subprocess.run(
        [sys.executable, str(HERE / "numpy_tables.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"{name}: same" in check.stdout, check.stdout + check.stderr
