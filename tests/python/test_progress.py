"""Bars: what they say, who says it, and that they change nothing of what is executed."""

import io
import itertools
import os
import re
import sys
import types
from typing import Any

import pytest

import quelea
from quelea import bars

IS_ROOT = quelea.info()["rank"] == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: Any) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr(
        bars, "sys", types.SimpleNamespace(stderr=stream)
    )  # pytest sets sys.stderr anew
    return stream


@pytest.fixture
def plain(monkeypatch: Any) -> None:
    """As where tqdm is not installed."""
    monkeypatch.setitem(sys.modules, "tqdm", None)


def last(stream: io.StringIO) -> str:
    return stream.getvalue().split("\r")[-1]


def test_a_line(terminal: Terminal, plain: None) -> None:
    assert list(quelea.progress(range(7), points=1000, name="heat")) == list(range(7))
    pattern = r"heat: 100 % 7/7 \[[\d:]+ < 00:00\] \S+ steps/s \S+ points/s *\n"
    assert re.fullmatch(pattern, last(terminal)) if IS_ROOT else terminal.getvalue() == ""


def test_points_of_an_array_and_no_length(terminal: Terminal, plain: None) -> None:
    list(quelea.progress(iter(range(3)), points=quelea.zeros((10, 10))))
    assert (
        re.fullmatch(r"3 steps \[[\d:]+\] \S+ steps/s \S+ points/s *\n", last(terminal))
        or not IS_ROOT
    )


def test_lines_come_now_and_then(terminal: Terminal, plain: None, monkeypatch: Any) -> None:
    ticks = itertools.count()  # a step takes a sixteenth of a second
    monkeypatch.setattr(bars, "time", types.SimpleNamespace(perf_counter=lambda: next(ticks) / 16))
    for _ in quelea.progress(range(10)):
        pass
    assert terminal.getvalue().count("\r") == 6 or not IS_ROOT, "each second step, and the end"


def test_a_loop_that_is_left(terminal: Terminal, plain: None) -> None:
    for k in quelea.progress(range(100)):
        if k == 4:
            break
    assert " 4 % 4/100" in last(terminal) or not IS_ROOT


def test_an_error_in_the_loop_is_its_own(terminal: Terminal, plain: None) -> None:
    with pytest.raises(KeyError):
        for _ in quelea.progress(range(3)):
            raise KeyError(1)


def test_batch_jobs_are_quiet(monkeypatch: Any) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(bars, "sys", types.SimpleNamespace(stderr=stream))
    monkeypatch.setattr(bars, "_is_terminal", lambda path: False)
    bar = quelea.progress(range(5))
    assert type(iter(bar)) is type(iter(range(5))), "it costs nothing"
    assert len(bar) == 5
    assert list(bar) == list(range(5))
    assert stream.getvalue() == ""
    list(quelea.progress(range(5), show=True))
    assert bool(stream.getvalue()) is IS_ROOT


def test_nobody_else_shows(terminal: Terminal) -> None:
    list(quelea.progress(range(5), show=False))
    assert terminal.getvalue() == ""


def test_a_length_that_nobody_knows() -> None:
    with pytest.raises(TypeError, match="total="):
        len(quelea.progress(iter([1])))
    assert len(quelea.progress(iter([1]), total=1)) == 1


def test_tqdm_where_it_is(terminal: Terminal) -> None:
    pytest.importorskip("tqdm")
    list(quelea.progress(range(7), points=1000))
    assert ("7/7" in last(terminal) and "points/s" in last(terminal)) or not IS_ROOT


def counted(items: Any) -> dict[str, int]:
    x = quelea.ones((200, 300))
    quelea.sync()
    before = quelea.counters()
    for _ in items:
        x[1:-1] = 0.5 * (x[:-2] + x[2:])
        x[0] = 1.0
    after = quelea.counters()
    names = [
        "statements",
        "flushes",
        "plans_made",
        "plans_reused",
        "kernels_run",
        "sweeps",
        "swept_kernels",
    ]
    return {name: after[name] - before[name] for name in names}


def test_it_changes_no_plan(terminal: Terminal, plain: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(bars, "_EACH", 0.0)
    counted(range(100))
    without = counted(range(100))
    assert counted(quelea.progress(range(100))) == without
    assert os.environ.get("QUELEA_FLUSH") or without["plans_made"] == 0


class Closed(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def test_a_bar_that_nobody_can_see_ends_nothing(plain: None, monkeypatch: Any) -> None:
    for stream in (Closed(), None):
        monkeypatch.setattr(bars, "sys", types.SimpleNamespace(stderr=stream))
        assert list(quelea.progress(range(3), show=True)) == [0, 1, 2]


def test_a_total_is_a_whole_number(terminal: Terminal, plain: None) -> None:
    with pytest.raises(TypeError, match="float"):
        quelea.progress(iter(range(3)), total=3.0)  # type: ignore[arg-type]
