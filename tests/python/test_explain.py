"""What `explain` says is what is done then, the same on all ranks, and saying it changes nothing."""

import hashlib
import os
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from support import host, same

import quelea
from quelea import explaining
from quelea.checkpointing.together import on_all

INFO = quelea.info()
# Every statement may be executed as soon as it is recorded.
IS_AT_ONCE = INFO["size"] == 1 or os.environ.get("QUELEA_FLUSH") == "1"
NODES = INFO["node_count"]
# Of what is done; other counters are of memory, or of what was done before.
DONE = (
    "flushes",
    "plans_made",
    "plans_reused",
    "plans_moved",
    "kernels_run",
    "fused_statements",
    "sweeps",
    "swept_kernels",
    "halo_bytes",
    "redistributed_bytes",
    "gathered_bytes",
    "renewals",
)


def jacobi(np: Any, seen: Callable[[Any], Any]) -> Any:
    u = np.arange(120.0 * 90).reshape(120, 90) % 17
    v = u.copy()
    for _ in range(4):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
        seen(u)
    seen(abs(u - v).max())
    return u


def mixed(np: Any, seen: Callable[[Any], Any]) -> Any:
    x = np.arange(6000.0).reshape(100, 60)
    seen(x)
    y = np.cumsum(x[::-1] + x, axis=0)
    z = np.sort(y, axis=1)[:, :7] if np is numpy else quelea.sort(y, axis=1)[:, :7]
    seen(y)
    z[::2] += x[1::2, :7]
    seen(z)
    w = np.concatenate([z, y[:, :7]])
    unused = w * 2
    seen(unused)
    del unused
    seen(w)
    return w


PROGRAMS = {"jacobi": jacobi, "mixed": mixed}


def done(program: Any, seen: Callable[[Any], Any]) -> tuple[Any, dict[str, int]]:
    quelea.sync()
    before = quelea.counters()
    result = program(quelea, seen)
    quelea.sync()
    after = quelea.counters()
    return host(result), {name: after[name] - before[name] for name in DONE}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_changes(name: str) -> None:
    program = PROGRAMS[name]
    expected = program(numpy, lambda _: None)
    done(program, lambda _: None)
    same(quelea.asarray(done(program, lambda _: None)[0]), expected)
    _, plain = done(program, lambda _: None)
    texts: list[str] = []
    result, explained = done(program, lambda x: texts.append(quelea.explain(x)))
    same(quelea.asarray(result), expected)
    assert explained == plain
    if name == "jacobi" and not IS_AT_ONCE:
        assert "apart from the one before, for it needs at other points" in texts[-1]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    assert on_all(lambda: digest) == [digest] * INFO["size"]


def told(x: Any, kind: int) -> list[Any]:
    return [row for row in quelea._quelea.explain(x) if row[0] == kind]


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_said_is_done(name: str) -> None:
    last: list[Any] = []
    quelea.sync()

    def look(x: Any) -> None:
        rows = quelea._quelea.explain(x)
        kinds = [row[0] for row in rows]
        if explaining._Kind.SUMMARY not in kinds:
            return
        summary = next(row for row in rows if row[0] == explaining._Kind.SUMMARY)[4]
        groups = [row for row in rows if row[0] == explaining._Kind.GROUP]
        moved = [0, 0, 0]
        for row in rows:
            if row[0] == explaining._Kind.REMARK and row[4][0] < 3:
                moved[row[4][0]] += row[4][1]
        before = quelea.counters()
        quelea.sync()
        after = quelea.counters()
        gone = {name: after[name] - before[name] for name in DONE}
        assert gone["flushes"] == 1
        assert [gone[key] for key in ("halo_bytes", "redistributed_bytes")] == moved[:2]
        assert gone["sweeps"] == kinds.count(explaining._Kind.SWEEP)
        assert gone["plans_reused"] + gone["plans_moved"] == summary[5]
        assert gone["kernels_run"] == sum(row[1] in ("kernel", "loop") for row in groups)
        last.append(summary)

    PROGRAMS[name](quelea, look)
    assert last or IS_AT_ONCE


def text_of(x: Any) -> str:
    text = quelea.explain(x)
    assert on_all(lambda: text) == [text] * INFO["size"]
    return text


def test_of_arrays_that_are_there() -> None:
    x = quelea.asarray(numpy.arange(9000.0).reshape(90, 100))
    quelea.sync()
    text = text_of(x)
    assert text.startswith("float64 (90, 100): it is computed, nothing is to be done; 72.0 KB")
    if NODES > 1:
        assert "cut over nodes: axis" in text
    assert "a view of (90, 100), 72.0 KB" in text_of(x[3:5])
    assert text_of(quelea.ones((3, 0))).endswith("nothing is computed for it")
    assert "nothing has been stored" in text_of(quelea.empty((90, 100)))


def test_of_an_array_that_waits() -> None:
    x = quelea.asarray(numpy.arange(30000.0).reshape(300, 100))
    quelea.sync()
    y = x[::-1] + 1
    unused = x * 3
    del unused
    z = y[1:-1].sum()
    if not told(z, explaining._Kind.SUMMARY):
        pytest.skip("statements are executed at once")
    text = text_of(z)
    assert text.startswith("float64 (), not computed yet; its value comes of ")
    assert "1 of them not at all, for nobody needs what they give" in text
    assert "z = y[1:-1].sum()" in text and "[add" in text and "1. kernel over" in text
    assert ("redistribution, " in text and "messages between nodes" in text) == (NODES > 1)
    assert float(z) == (numpy.arange(30000.0).reshape(300, 100)[1:-1] + 1).sum()
    assert "it is computed" in text_of(z)


def test_routines_and_loops_are_named() -> None:
    x = quelea.asarray(numpy.random.default_rng(1).random((64, 80)))
    quelea.sync()
    y = quelea.fft.fft(x)
    if told(y, explaining._Kind.SUMMARY):
        assert "routine transform over 64 x 80 points" in text_of(y)
    numpy.testing.assert_allclose(host(y), numpy.fft.fft(host(x)), atol=1e-12)


@pytest.mark.skipif(NODES == 1, reason="nothing is refused on one node")
def test_what_is_strict_is_refused_as_then() -> None:
    x = quelea.asarray(numpy.arange(60000.0).reshape(600, 100))
    quelea.config.strict = True
    try:
        y = x[::-1] + 1
        with pytest.raises(quelea.StrictError, match="redistribution") as raised:
            quelea.explain(y)
        assert any("y = x[::-1] + 1" in note for note in raised.value.__notes__)
        with pytest.raises(quelea.StrictError):
            quelea.sync()
    finally:
        quelea.config.strict = False


def test_what_is_no_array() -> None:
    with pytest.raises(TypeError, match="explain takes a Quelea array, not ndarray"):
        quelea.explain(numpy.ones(3))  # type: ignore[arg-type]
