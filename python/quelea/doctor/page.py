"""The page, and the same as JSON."""

import json
import textwrap
from collections.abc import Sequence

from . import picture
from .checks import Answer
from .facts import Job

__all__ = ["json_text", "text"]

WIDTH = 118
STATES = ("fine", "worth a look", "wrong")


def _line(answer: Answer) -> list[str]:
    front = f"{answer.state:13} {answer.name:20} "
    lines = textwrap.wrap(
        answer.value, WIDTH - len(front), break_long_words=False, break_on_hyphens=False
    )
    shown = [front + (lines[0] if lines else ""), *(" " * len(front) + line for line in lines[1:])]
    if answer.remedy:
        shown += textwrap.wrap(
            answer.remedy,
            WIDTH,
            initial_indent=" " * 35 + "-> ",
            subsequent_indent=" " * 38,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return shown


def _summary(answers: Sequence[Answer]) -> str:
    counts = {state: sum(answer.state == state for answer in answers) for state in STATES}
    return f"{counts['fine']} fine, {counts['worth a look']} worth a look, {counts['wrong']} wrong"


def text(job: Job, answers: Sequence[Answer]) -> str:
    """Give the page."""
    lines = [line for answer in answers for line in _line(answer)]
    return "\n".join([*lines, *picture.lines(job), "", _summary(answers)])


def json_text(job: Job, answers: Sequence[Answer]) -> str:
    """Give the answers and what was measured of each node and each pair of nodes."""
    nodes = (
        [
            {
                "host": node["host"],
                "workers": node["workers"],
                "memory_budget": node["budget"],
                "memory_bytes_per_second": rate,
                "clock_ahead": ahead,
            }
            for node, rate, ahead in zip(job.nodes, job.rates, job.clocks, strict=True)
        ]
        if job.rates
        else []
    )
    wires = job.wires
    pairs = (
        [
            {
                "nodes": list(pair),
                "seconds": wires.latency[pair],
                "usual_seconds": wires.usual[pair],
                "overhead_seconds": wires.overhead[pair],
                "bytes_per_second": wires.bandwidth[pair],
            }
            for pair in sorted(wires.latency)
        ]
        if wires
        else []
    )
    state = max((answer.state for answer in answers), key=STATES.index)
    return json.dumps(
        {
            "state": state,
            "checks": [answer._asdict() for answer in answers],
            "nodes": nodes,
            "agreement_seconds": wires.agreement if wires else 0.0,
            "pairs": pairs,
        },
        indent=1,
    )
