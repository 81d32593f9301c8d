"""What the lines of a program took (``QUELEA_PROFILE=1``), and when (``QUELEA_TRACE=file:NAME``), from all ranks.

What is measured, and for which lines, is C's (runtime/run/profile.c); here it is put together and written down.
"""

import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

from . import _quelea, digests
from .new_files import new_file

__all__ = ["at_end", "profile"]

_LINES = 60  # of each rank in the report, those that took longest


def _trace_file() -> str:
    """Give where the timeline goes, whatever folder the program will be in at its end; empty: there is none."""
    _, wanted, path = os.environ.get("QUELEA_TRACE", "").partition("file:")
    if wanted and not path:
        raise ValueError("QUELEA_TRACE=file: needs the name of a file behind it")
    return os.path.abspath(path) if wanted else ""


_TRACE = _trace_file()
_FILE = os.environ.get("QUELEA_PROFILE_FILE", "")
_FILE = _FILE and os.path.abspath(_FILE)

# What the ranks tell of a line: what is added up, then times, of which the report has the mean and the largest.
_COUNTS = (
    *("calls", "at_once", "kernels", "swept"),  # alike on all ranks
    *("points", "operations", "bytes", "messages", "sent_bytes", "all_threads"),
)
_EXECUTED = ("computing", "few", "waiting", "moving")  # of statements
_PHASES = {  # of these the time is given to the lines where they end, and PROGRAM's by samples
    "Python, recording, statements on few elements": "program",
    "compiled functions that Python calls": "functions",
    "sorting, and what is done at once by all ranks": "at_work",
    "looking at values: waiting until they are there, gathers": "looking",
    "what rank 0 alone does, on_root, files": "root",
}
_TIMES = (*_EXECUTED, "compiling", *_PHASES.values())
_TOLD = (*_COUNTS, *_TIMES)


def _lines(rows: list[tuple[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Put together what belongs to one line of a file."""
    lines: dict[str, dict[str, float]] = {}
    for text, numbers in rows:
        line = lines.setdefault(
            text or "(a place that was not recorded)", dict.fromkeys(numbers, 0.0)
        )
        for name, value in numbers.items():
            if name != "used":
                line[name] += value
    return lines


def _took(line: dict[str, float]) -> float:
    return sum(line[name] for name in _TIMES)


def profile() -> list[dict[str, Any]]:
    """What each line of the program took so far, on this rank, under ``QUELEA_PROFILE=1``.

    Local. What is recorded and not yet executed is not in it: call `sync` first.

    Returns
    -------
    list of dict
        The slowest first: ``line`` (file, number and text); ``seconds`` of the rank's main thread, which are
        ``computing``, ``few`` (statements on few elements, executed when they were recorded), ``waiting`` (for other
        workers, and for messages: ``receiving``), ``moving`` (packing and unpacking of messages), ``compiling``,
        ``functions`` (compiled ones, on NumPy's arrays, in order, or on few elements), ``at_work`` (sorts, elements
        of other nodes), ``looking`` (until values are there), ``root`` (`on_root`, files) and ``program`` (Python, by
        samples: an interval of 2 ms is the line's at whose next call, or end of a round of a loop, it ends);
        ``all_threads``, seconds of computing of all threads; ``calls``, statements recorded, of which ``at_once``
        were executed then (of these about one in 16 is measured: theirs are estimates); ``kernels`` executed,
        ``swept`` of them in sweeps; ``points`` and floating-point ``operations`` computed; ``bytes`` of arrays read
        and written, each array once in a kernel; ``messages`` and ``sent_bytes`` of this node's leader; ``halo``,
        ``redistribution`` and ``gather``: bytes that this node has received. A kernel that serves several lines is
        shared among them by what their operations cost.

    Raises
    ------
    RuntimeError
        Nothing is measured.

    Examples
    --------
    >>> import quelea as np
    >>> for row in np.profile():                                        # doctest: +SKIP
    ...     print(row["seconds"], row["line"])
    """
    found = _quelea.profile()
    if found is None:
        raise RuntimeError("nothing is measured: set QUELEA_PROFILE=1 before the program starts")
    return _rows(found)


def _rows(found: tuple[Any, ...]) -> list[dict[str, Any]]:
    lines = _lines(found[3])
    for row in lines.values():
        row["seconds"] = _took(row)
    moved = {text: dict.fromkeys(("halo", "redistribution", "gather"), 0.0) for text in lines}
    for text, what, _, size in _quelea.movements():
        moved.setdefault(text, dict.fromkeys(("halo", "redistribution", "gather"), 0.0))[what] += (
            size
        )
    empty = dict.fromkeys([*_TOLD, "receiving", "seconds"], 0.0)
    rows = [{"line": text, **lines.get(text, empty), **moved[text]} for text in moved]
    return sorted(rows, key=lambda row: -row["seconds"])


# ---- all ranks ----

_MOVED = ("halo", "redistribution", "gather")
_COLUMNS = (*_TOLD, *_MOVED)


def _of_all_ranks(found: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Collect the lines of all ranks: sums, and of times the mean and the largest. Collective."""
    mine = _rows(found)[:_LINES]
    texts = json.loads(_quelea.share(json.dumps([row["line"] for row in mine]).encode()))
    by_text = {row["line"]: row for row in mine}
    flat = [
        float(by_text[text][name]) if text in by_text else 0.0
        for text in texts
        for name in _COLUMNS
    ]
    told = [
        struct.unpack(f"{len(flat)}d", one)
        for one in _quelea.collect(struct.pack(f"{len(flat)}d", *flat))
    ]
    rows = []
    for k, text in enumerate(texts):
        parts = [dict(zip(_COLUMNS, one[k * len(_COLUMNS) :], strict=False)) for one in told]
        row: dict[str, Any] = {name: sum(part[name] for part in parts) for name in _COLUMNS}
        for name in _COUNTS[:4]:
            row[name] = max(part[name] for part in parts)
        for name in _TIMES:
            row[name] /= len(parts)
        computing = [part["all_threads"] for part in parts]
        mean = sum(computing) / len(computing)
        row["imbalance"] = max(computing) / mean - 1 if mean else 0.0
        row["slowest"] = max(sum(part[name] for name in _EXECUTED) for part in parts)
        rows.append({"line": text, "seconds": _took(row), **row})
    return sorted(rows, key=lambda row: -row["seconds"])


def _short(value: float) -> str:
    """Write a number in at most five characters."""
    if value == 0:
        return "-"
    for unit in ("", "k", "M", "G", "T"):
        if abs(value) < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}P"


def _fixed(value: float, total: float) -> str:
    return f"{value:.{3 if total >= 10 else 4}f}"


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "-"


def _place(text: str, width: int) -> str:
    file, colon, rest = text.partition(":")
    shown = os.path.basename(file) + colon + rest
    return shown if len(shown) <= width else shown[: width - 3] + "..."


_Cell = Callable[[dict[str, Any], float], str]
_TABLE: tuple[tuple[str, _Cell], ...] = (
    # heading, what is below it
    ("seconds", lambda row, total: _fixed(row["seconds"], total)),
    ("%", lambda row, total: f"{100 * row['seconds'] / total:.1f}" if total else "-"),
    ("calls", lambda row, total: ("~" if row["at_once"] else "") + _short(row["calls"])),
    ("kernels", lambda row, total: _short(row["kernels"])),
    ("swept", lambda row, total: _short(row["swept"])),
    ("points/s", lambda row, total: _short(row["points"] / row["slowest"]) if row["slowest"] else "-"),
    ("flop/s", lambda row, total: _short(row["operations"] / row["slowest"]) if row["slowest"] else "-"),
    ("B/s", lambda row, total: _short(row["bytes"] / row["slowest"]) if row["slowest"] else "-"),
    ("wait s", lambda row, total: _seconds(row["waiting"])),
    ("compile s", lambda row, total: _seconds(row["compiling"])),
    ("function s", lambda row, total: _seconds(row["functions"])),
    ("look s", lambda row, total: _seconds(row["at_work"] + row["looking"] + row["root"])),
    ("Python s", lambda row, total: _seconds(row["program"])),
    ("imbalance", lambda row, total: f"{100 * row['imbalance']:.0f} %" if row["imbalance"] else "-"),
    ("messages", lambda row, total: _short(row["messages"])),
    ("halo B", lambda row, total: _short(row["halo"])),
    ("redist. B", lambda row, total: _short(row["redistribution"])),
    ("gather B", lambda row, total: _short(row["gather"])),
)  # fmt: skip


def _text(
    rows: list[dict[str, Any]], seconds: float, at_once: float, phases: dict[str, float], ranks: int
) -> str:
    shown = [
        row
        for row in rows
        if row["seconds"] >= 0.0005 * seconds or any(row[name] for name in _MOVED)
    ]
    cells = [[heading for heading, _ in _TABLE]]
    cells += [[write(row, seconds) for _, write in _TABLE] for row in shown]
    widths = [max(len(line[k]) for line in cells) for k in range(len(_TABLE))]
    used = [k for k in range(len(_TABLE)) if k < 2 or any(line[k] != "-" for line in cells[1:])]
    places = ["line", *(_place(row["line"], 76) for row in shown)]
    took = _fixed(seconds, seconds)
    lines = [
        f"quelea: the profile of {ranks} rank(s), {took} s from the first array on; means over ranks"
    ]
    for place, line in zip(places, cells, strict=True):
        lines.append(" ".join(line[k].rjust(widths[k]) for k in used) + "  " + place)
    planned = ("executing plans", "compiling kernels")
    executed = sum(row[name] for row in rows for name in (*_EXECUTED, "compiling") if name != "few")
    rest = {
        "other lines, and between steps": sum(phases[name] for name in planned) - executed,
        **{name: part for name, part in phases.items() if name not in planned},
    }
    for phase, name in _PHASES.items():
        rest[phase] -= sum(row[name] for row in rows)
    rest[next(iter(phases))] -= at_once
    rest["other lines, and between steps"] += sum(
        row["seconds"] for row in rows if row not in shown
    )
    lines.append("not in these lines:")
    lines += [
        f"{_fixed(part, seconds).rjust(widths[0])} {100 * part / seconds if seconds else 0:{widths[1]}.1f}  {name}"
        for name, part in rest.items()
        if abs(part) >= 0.0005 * seconds
    ]
    return "\n".join(lines)


def report() -> str:
    """Write the report of all ranks. Collective."""
    found = _quelea.profile()
    assert found is not None
    seconds, at_once, phases, *_ = found
    rows = _of_all_ranks(found)
    told = [
        json.loads(one) for one in _quelea.collect(json.dumps([seconds, at_once, phases]).encode())
    ]
    count = len(told)
    mean = {name: sum(one[2][name] for one in told) / count for name in phases}
    return _text(
        rows, sum(one[0] for one in told) / count, sum(one[1] for one in told) / count, mean, count
    )


# ---- a run, for programs that read it ----

SPLIT = ("compute", "communication", "wait", "compile", "python", "other")


def _split(found: tuple[Any, ...]) -> dict[str, float]:
    """Say what the time of this rank's main thread went into, in a few words; they add up to all of it."""
    seconds, at_once, phases, rows = found[:4]
    spent = {name: sum(numbers[name] for _, numbers in rows) for name in (*_TIMES, "receiving")}
    python, functions, planning, compiling, agreeing, _, work, looking, root = phases.values()
    split = {
        "compute": spent["computing"] + at_once + functions + work,
        "communication": spent["moving"] + spent["receiving"],
        "wait": spent["waiting"] - spent["receiving"] + agreeing + looking,
        "compile": compiling,
        "python": max(python - at_once, 0.0) + planning + root,
    }
    return {**split, "other": seconds - sum(split.values())}


# What is summed over all ranks of a run, and what over its nodes, of which each rank knows all.
_OF_RANKS = ("points", "bytes", "messages", "message_bytes", "halo_messages")
_OF_NODES = ("halo_bytes",)
_FEW = 0.05  # of the bytes of halos: lines that bring less are no part of a loop over steps


def _counted(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Say what this rank has counted; of halos what belongs to the lines that bring most of them."""
    counters = _quelea.counters()
    least = _FEW * sum(row["halo"] for row in rows)
    main = [row for row in rows if row["halo"] > least]
    return {
        "points": sum(row["points"] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
        "messages": counters["messages"],
        "message_bytes": counters["message_bytes"],
        "halo_messages": sum(row["messages"] for row in main),
        "halo_bytes": sum(row["halo"] for row in main),
    }


def _together(parts: list[dict[str, Any]]) -> dict[str, float]:
    nodes = {part["node"]: part for part in reversed(parts)}.values()  # of each its first rank
    return {
        **{name: sum(part[name] for part in parts) for name in _OF_RANKS},
        **{name: sum(part[name] for part in nodes) for name in _OF_NODES},
    }


def write_run(path: str) -> None:
    """Write what the run took, and what it gave, as JSON, on rank 0. Collective."""
    found = _quelea.profile()
    assert found is not None
    info, rows = _quelea.info(), _rows(found)
    mine = {
        "seconds": found[0],
        "host": info["host"],
        "node": info["node"],
        **_split(found),
        **_counted(rows),
    }
    parts = [json.loads(one) for one in _quelea.collect(json.dumps(mine).encode())]
    if info["rank"]:
        return
    said = {
        "ranks": info["size"],
        "nodes": info["node_count"],
        "threads": info["threads"],
        "hosts": sorted({part["host"] for part in parts}),
        **{name: sum(part[name] for part in parts) / len(parts) for name in ("seconds", *SPLIT)},
        "digests": digests.given(),
        "looks": [found[4], f"{found[5]:016x}"],
        "counters": _quelea.counters(),
        "together": _together(parts),
        "moved": {name: sum(row[name] for row in rows) for name in _MOVED},  # to rank 0's node
    }
    try:
        with new_file(path) as written, open(written, "w") as file:
            json.dump(said, file)
    except OSError as error:
        print(f"quelea: what the run took could not be written: {error}", file=sys.stderr)


# ---- the timeline ----

_NAMED = ("computing", "compiled functions that Python calls")  # by their lines


def _trace(rank: int, events: list[tuple[str, int, str, float, float]]) -> list[dict[str, Any]]:
    """Give a rank's events as Chrome's and Perfetto's format has them: a process each, with its threads."""
    made: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": rank, "args": {"name": f"rank {rank}"}}
    ]
    for what, thread, line, begin, length in events:
        name = _place(line, 60) if line and what in _NAMED else what
        made.append(
            {"name": name, "cat": what, "ph": "X", "pid": rank, "tid": thread, "ts": round(begin, 3),
             "dur": round(length, 3), "args": {"line": line}}
        )  # fmt: skip
    return made


def write_trace(path: str) -> None:
    """Write the timeline of all ranks on rank 0. Collective."""
    rank = _quelea.info()["rank"]
    events_of_rank, lost = _quelea.trace_events()
    if lost:
        print(
            f"quelea: the timeline has the first {len(events_of_rank)} events; {lost} more had no room",
            file=sys.stderr,
        )
    mine = json.dumps(_trace(rank, events_of_rank), separators=(",", ":"))
    parts = _quelea.collect(mine.encode())
    if rank == 0:
        events = b",\n".join(part[1:-1] for part in parts)
        try:
            with open(path, "wb") as file:
                file.write(b'{"displayTimeUnit":"ms","traceEvents":[\n' + events + b"\n]}\n")
        except OSError as error:
            print(f"quelea: the timeline could not be written: {error}", file=sys.stderr)


def at_end() -> None:
    """Write what the environment asks for. Collective, after the last statement."""
    if not _quelea.is_open():
        return
    if _FILE:
        write_run(_FILE)
    if os.environ.get("QUELEA_PROFILE", "0") == "1":
        text = report()
        if _quelea.info()["rank"] == 0:
            print(text, file=sys.stderr, flush=True)
    if _TRACE:
        write_trace(_TRACE)
