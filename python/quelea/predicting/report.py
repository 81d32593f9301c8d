"""The prediction as a table: for people, and for programs."""

import csv
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from .model import Predicted
from .terms import TERMS

__all__ = ["assumptions", "efficiencies", "table", "verdict", "write_csv"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def _time(seconds: float) -> str:
    scale, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds / scale:.4g} {unit}"


def efficiencies(found: Sequence[Predicted]) -> list[float]:
    """Give work in a second and a rank, of that of the first point of the series."""
    first: dict[str, float] = {}
    made = []
    for one in found:
        speed = one.point.work / one.seconds / one.point.ranks if one.seconds > 0 else 0.0
        made.append(speed / first.setdefault(one.point.series, speed or 1.0))
    return made


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(lines)


def table(found: Sequence[Predicted], simulated: Mapping[int, float]) -> str:
    """Write a line for each point: the time of a step, and the parts of it.

    Parameters
    ----------
    found : sequence of Predicted
        The points.
    simulated : mapping of int to float
        By places in `found`, seconds of a run's messages.
    """
    series = any(one.point.series for one in found)
    measured = any(one.measured for one in found)
    terms = [
        term.name
        for term in TERMS
        if any(abs(one.terms[term.name]) > 5e-4 * one.seconds for one in found)
    ]
    heads = (["size"] if series else []) + ["ranks", "nodes", "cut", "a step"]
    heads += ["measured", "error, %"] if measured else []
    heads += ["messages", "simulated", "error, %"] if simulated else []
    heads += ["efficiency, %", *(f"{name} %" if name == terms[0] else name for name in terms)]
    rows = [heads]
    for k, (one, part) in enumerate(zip(found, efficiencies(found), strict=True)):
        cells = "x".join(map(str, one.case.geometry.cells))
        row = [one.point.series] if series else []
        row += [str(one.point.ranks), str(one.point.nodes), cells, _time(one.seconds / one.steps)]
        if measured:
            row += (
                [_time(one.measured[0] / one.steps), f"{100 * (one.error or 0.0):+.1f}"]
                if one.measured
                else ["-", "-"]
            )
        if simulated:
            told, known = _time(one.travel / one.steps), simulated.get(k)
            row += (
                [told, _time(known / one.steps), f"{100 * (one.travel / known - 1):+.1f}"]
                if known
                else [told, "-", "-"]
            )
        row += [f"{100 * part:.1f}"]
        row += [
            f"{100 * one.terms[name] / one.seconds:.1f}" if one.seconds else "-" for name in terms
        ]
        rows.append(row)
    return _columns(rows)


def verdict(found: Sequence[Predicted]) -> str:
    """Say how far what was measured is missed."""
    errors = [abs(one.error) for one in found if one.error is not None and one.point.nodes > 1]
    if not errors:
        return (
            "no point on several nodes was measured over wires: nothing here checks the prediction"
        )
    return (
        f"measured on several nodes: {len(errors)} point(s), missed by {100 * statistics.median(errors):.0f} % "
        f"(median), {100 * max(errors):.0f} % at most"
    )


def assumptions(found: Sequence[Predicted]) -> str:
    """Say what the prediction stands on."""
    network, pattern = found[-1].case.network, found[-1].case.pattern
    said = [
        f"network: {1e6 * network.latency:.4g} us for a short message, of which {1e6 * network.overhead:.4g} us keep "
        f"a processor busy at either end, {1e6 * network.stage:.4g} us for one in an agreement; "
        f"{1e-9 * network.bandwidth:.4g} GB/s for each node, each way; messages of "
        f"more than {network.eager:.6g} bytes ask first; no node disturbs others' messages, and all are as far apart",
        f"a run: {pattern.agreements:.0f} agreements, {pattern.exchanges:.0f} exchanges of ghosts "
        f"{pattern.depth:.3g} deep, {pattern.sums:.0f} number(s) looked at, as counted in the study",
        "every rank has a core of its own, of nodes like the one that the study ran on, and is delayed by nothing else",
    ]
    said += [f"{term.name}: {term.meaning} ({term.source})" for term in TERMS]
    return "\n".join(["assumptions", *(f"  {text}" for text in said)])


def write_csv(path: Path, found: Sequence[Predicted], simulated: Mapping[int, float]) -> None:
    """Write the same for programs, in seconds of a step."""
    new = path.with_suffix(".new")
    with open(new, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        heads = ["series", "ranks", "nodes", "cells", "part", "messages", "message_bytes", "steps"]
        times = ["predicted", "measured", "measured_low", "measured_high", "simulated"]
        writer.writerow([*heads, *times, "efficiency", *(term.name for term in TERMS), "arguments"])
        for k, (one, part) in enumerate(zip(found, efficiencies(found), strict=True)):
            point, case = one.point, one.case
            geometry, exchanges = case.geometry, case.pattern.exchanges
            known = [*(one.measured or ("", "", "")), simulated.get(k, "")]
            seconds = [one.seconds, *known]
            numbers = [f"{x / one.steps:.6g}" if x != "" else "" for x in seconds]
            terms = [f"{one.terms[term.name] / one.steps:.6g}" for term in TERMS]
            writer.writerow(
                [point.series, point.ranks, point.nodes, "x".join(map(str, geometry.cells)),
                 "x".join(map(str, geometry.part)), f"{exchanges * geometry.neighbours:.6g}",
                 f"{exchanges * case.brought:.6g}", f"{one.steps:.15g}", *numbers, f"{part:.6g}", *terms,
                 " ".join(point.arguments)]
            )  # fmt: skip
    new.replace(path)
