"""What will be done of what is recorded, in words: `explain`.

The runtime plans the log as it would to execute it, tells what the plan is, and forgets it (runtime/plan/explain.c).
Each node knows of its own messages only, so their numbers are put together; the rest is rank 0's, and so is the text.
"""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

from . import _quelea
from ._quelea import ndarray
from .checkpointing.together import on_all
from .errors import StrictError

__all__ = ["explain"]

Row = Sequence[Any]  # kind, text, line, shape, numbers


class _Kind(IntEnum):  # QlPlannedKind
    ARRAY = 0
    SUMMARY = 1
    GROUP = 2
    STORE = 3
    LINE = 4
    SWEEP = 5
    REMARK = 6


class _State(IntEnum):  # QlPlannedState
    LOST = 0
    EMPTY = 1
    PENDING = 2
    BLANK = 3
    COMPUTED = 4


_WHERE = (  # QlPlannedWhere
    "by the owners of what is stored, each its points",
    "by every rank, all of it, which has what it stores for itself",
    "by every node, all of it, since what it stores cannot be cut",
    "by one worker after another, in order",
    "by the nodes of what is stored, whose workers take portions in turn: points may cost different amounts",
)
_WHY = {
    "halo": "elements near the cuts, of neighbours, into the margins of arrays",
    "redistribution": "elements that lie elsewhere than what is computed of them, into copies",
    "gather": "all elements, to every node",
}
_MOVES = len(_WHY)  # remarks of these kinds are about bytes, others about sweeps


def _bytes(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shape(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "1"


# ---- what ranks tell ----


def _told(x: ndarray, is_root: bool, leads: bool) -> dict[str, Any]:
    """What this rank has to say: all, on rank 0; of another node its messages; else nothing."""
    try:
        rows = _quelea.explain(x)
    except StrictError as error:  # on all ranks alike
        return {"strict": str(error), "notes": getattr(error, "__notes__", [])}
    groups = [row[4] for row in rows if row[0] == _Kind.GROUP]
    moved = [
        (row[1], row[2], row[4][1]) for row in rows if row[0] == _Kind.REMARK and row[4][0] < _MOVES
    ]
    return {
        "rows": rows if is_root else [],
        "messages": [(g, n[3], n[4]) for g, n in enumerate(groups) if n[3] or n[4]]
        if leads
        else [],
        "moved": moved if leads else [],
    }


def _leads() -> bool:
    """Whether this rank speaks for its node."""
    info = _quelea.info()
    if info["node_count"] == 1:
        return bool(info["rank"] == 0)
    nodes = on_all(lambda: _quelea.info()["node"])
    return bool(nodes.index(info["node"]) == info["rank"])


# ---- in words ----


def _about_array(x: ndarray, row: Row) -> str:
    _, _, line, shape, numbers = row
    state, partitioned, decided, size, waiting = numbers[:5]
    ndim = len(shape) // 2
    name = f"{x.dtype} {x.shape}"
    if state == _State.EMPTY:
        return f"{name}: it has no elements, and nothing is computed for it"
    if state == _State.LOST:
        return f"{name}: its value was lost in an execution that failed"
    if state == _State.PENDING:
        return f"{name}, not computed yet; its value comes of {line}"
    place = "where it lies is decided when something is stored in it"
    cells = shape[ndim:]
    if partitioned:
        place = f"{_bytes(size)}, shared by all workers of one node"
        if max(cells, default=1) > 1:
            cuts = ", ".join(f"axis {a} in {k}" for a, k in enumerate(cells) if k > 1)
            place = f"{_bytes(size)}, cut over nodes: {cuts}"
    elif decided:
        place = f"{_bytes(size)}, which every rank has for itself"
    if x.shape != tuple(shape[:ndim]):
        place = f"a view of {tuple(shape[:ndim])}, {place}"
    if state == _State.BLANK:
        return f"{name}: nothing has been stored in it, from {line}; {place}"
    text = f"{name}: it is computed, nothing is to be done; {place}"
    if waiting and partitioned:
        text += f"\n{_some(waiting, 'statement')} recorded since do not store it, and are executed when it is looked at"
    return text


def _about_all(numbers: Sequence[int], groups: Sequence[Row]) -> list[str]:
    statements, live, inlined, threads, new_bytes, known = numbers[:6]
    parts = [f"{_some(statements, 'statement')} executed together when a value is looked at"]
    if live < statements:
        parts.append(f"{statements - live} of them not at all, for nobody needs what they give")
    if inlined:
        parts.append(f"{inlined} inside of those that use them, not stored")
    missing = len({row[4][1] for row in groups} - {0})
    kernels = f", {_some(missing, 'kernel')} to be compiled" if missing else ""
    plan = "the plan is known" if known else "the plan is new"
    return [
        ", ".join(parts),
        f"{_some(len(groups), 'group')}{kernels}; {plan}; {_some(threads, 'thread')} of each rank",
        f"{_bytes(new_bytes)} of memory for new arrays, on all nodes together",
    ]


class _Lines:
    """Lines of the program: each with its text when it is first named, then by its place alone."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def name(self, line: str) -> str:
        if not line:
            return "a place that was not recorded"
        place = _PLACE.match(line)
        if line in self._named and place:
            return place[0]
        self._named.add(line)
        return line


_PLACE = re.compile(r".*?:\d+(?=:)")
_TELLING = {  # groups whose statement says nothing of what they do
    "import": "takes in the program's own array",
    "move": "brings what was stored into a copy back into its array",
    "renewal": "gives an array new memory: with room for more ghosts, or since a snapshot holds the old one",
}


def _operations(rows: Sequence[Row], lines: _Lines) -> list[str]:
    """Lines of the program, each with what is computed of it."""
    found: dict[str, list[str]] = {}
    for _, text, line, _, numbers in rows:
        times = f" x {numbers[0]}" if numbers[0] > 1 else ""
        found.setdefault(line, []).append(f"{text.lower()}{times}")
    return [f"   {lines.name(line)}  [{', '.join(did)}]" for line, did in found.items()]


def _about_group(
    row: Row, stores: Sequence[Row], did: Sequence[Row], messages: Sequence[int], lines: _Lines
) -> list[str]:
    _, text, line, shape, numbers = row
    where, missing, sweep, _, _, touched, reduces, apart = numbers[:8]
    if text in _TELLING:
        texts = [f"{_TELLING[text]}, for {lines.name(line)}"]
    else:
        name = text if text in ("kernel", "loop") else f"routine {text.lower()}"
        said = [f"{name} over {_shape(shape)} points"]
        said += ["reducing them"] if reduces and name == "kernel" else []
        said += [_WHERE[where]]
        said += ["to be compiled"] if missing else []
        said += [f"in sweep {sweep + 1}"] if sweep >= 0 else []
        texts = [", ".join(said)]
        texts += [f"   apart from the one before, {_quelea.apart_text(apart)}"] if apart else []
    for _, dtype, _, extents, kept in stores:
        kind = "" if kept[0] else ", a temporary"
        texts.append(f"   stores {dtype} ({', '.join(map(str, extents))}){kind}")
    if touched:
        texts.append(f"   touches {_bytes(touched)} of arrays")
    if messages[0]:
        sent, received = messages
        texts.append(f"   waits for {_some(sent, 'message')} between nodes, {_bytes(received)}")
    return texts if text in _TELLING else texts + _operations(did, lines)


def _about_sweeps(sweeps: Sequence[Row]) -> list[str]:
    texts = []
    for number, row in enumerate(sweeps, 1):
        groups, fronts, height, strips, workers = row[4][:5]
        texts.append(
            f"sweep {number}: {groups} groups together, front by front, while their data is in the cache: "
            f"{_some(fronts, 'front')} of {_some(height, 'row')}, {_some(strips, 'strip')}, "
            f"{_some(workers, 'worker')} of rank 0's node"
        )
    return texts


def _about_moves(told: Sequence[dict[str, Any]], lines: _Lines) -> list[str]:
    moved: dict[tuple[str, str], int] = {}
    for one in told:
        for name, line, size in one["moved"]:
            moved[name, line] = moved.get((name, line), 0) + size
    texts = []
    for (name, line), size in sorted(moved.items(), key=lambda item: -item[1]):
        texts.append(
            f"{name}, {_bytes(size)} on all nodes together: {_WHY[name]}; for {lines.name(line)}"
        )
    return texts


def _about_ends(rows: Sequence[Row], lines: _Lines) -> list[str]:
    found = dict.fromkeys((row[2], row[1]) for row in rows if row[4][0] >= _MOVES)
    return [f"a sweep ends before {lines.name(line)}: {why}" for line, why in found]


def _text(x: ndarray, told: Sequence[dict[str, Any]]) -> str:
    rows = told[0]["rows"]
    texts = [_about_array(x, rows[0])]
    if len(rows) == 1:
        return texts[0]
    by_kind: dict[int, list[Row]] = {kind: [] for kind in _Kind}
    parts: list[tuple[list[Row], list[Row]]] = []  # what each group stores and computes
    for row in rows:
        by_kind[row[0]].append(row)
        if row[0] == _Kind.GROUP:
            parts.append(([], []))
        elif row[0] in (_Kind.STORE, _Kind.LINE):
            parts[-1][row[0] == _Kind.LINE].append(row)
    groups = by_kind[_Kind.GROUP]
    messages = [[0, 0] for _ in groups]
    for one in told:
        for g, sent, received in one["messages"]:
            messages[g][0] += sent
            messages[g][1] += received
    texts += _about_all(by_kind[_Kind.SUMMARY][0][4], groups)
    lines = _Lines()
    for g, row in enumerate(groups):
        first, *rest = _about_group(row, *parts[g], messages[g], lines)
        texts += [f"{g + 1}. {first}", *rest]
    texts += _about_sweeps(by_kind[_Kind.SWEEP])
    texts += _about_moves(told, lines)
    texts += _about_ends(by_kind[_Kind.REMARK], lines)
    return "\n".join(texts)


def explain(x: ndarray) -> str:
    """Say what will be done for an array that is not computed yet, and why.

    Collective, for nodes know of their own messages only; the text is the same on all ranks. Nothing is executed, and
    what will be executed is the same as without the call. It is everything that is recorded by now, not only what x
    needs: a look at any value executes it together, and so does a log that has become long.

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    str
        Of an array that has its value, where it lies. Else how many statements are executed, and which are left out;
        then the groups in their order, each a kernel, a compiled loop or a routine that computes statements of
        several lines at once: who computes it, why it is not one with the kernel before it, what it stores, the bytes
        that it touches, the messages it waits for;
        then sweeps, groups that are computed front by front; what is brought from other nodes (halos,
        redistributions, gathers), how many bytes, for which lines; and which lines end a sweep, and why.

    Raises
    ------
    StrictError, MemoryError
        As the execution would, before anything is stored.

    See Also
    --------
    why_not_blocked, movements, counters : what was done.

    Examples
    --------
    >>> import quelea as np
    >>> u = np.linspace(0, 1, 10**6)
    >>> v = np.sqrt(u[1:] * u[:-1]) + 1
    >>> print(np.explain(v))                                            # doctest: +SKIP
    """
    if not isinstance(x, ndarray):
        raise TypeError(f"explain takes a Quelea array, not {type(x).__name__}")
    _quelea.agree(None)  # on what was dropped: it is not computed
    leads, is_root = _leads(), _quelea.info()["rank"] == 0
    told = on_all(lambda: _told(x, is_root, leads))
    if "strict" in told[0]:
        refusal = StrictError(told[0]["strict"])
        for note in told[0]["notes"]:
            refusal.add_note(note)
        raise refusal
    return _text(x, told)
