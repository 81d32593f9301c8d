"""Messages between each two nodes: their leaders, which send what nodes send, take turns as teams in a tournament.

In a round each node has at most one partner, so that nobody disturbs a measurement at either end; as many rounds as
there are nodes, less one, let all pairs meet (the circle method). Of many nodes some rounds are played, evenly chosen,
in each of which every node is measured once: the picture is of a sample then, and the page says of how many pairs.
"""

import itertools
import json
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy

from .. import _quelea

__all__ = ["Wires", "measured", "pairs", "partner", "rounds_of", "tile"]

SHORT, LONG, SEVERAL = 8, 1 << 20, 16  # bytes; short messages together
SHORT_TURNS, LONG_TURNS, SEVERAL_TURNS, AGREEMENTS = 50, 5, 20, 50


class Wires(NamedTuple):
    """Of so many nodes: by pairs (a, b) with a < b what messages take, and what it takes until all have agreed."""

    nodes: int
    latency: dict[tuple[int, int], float]  # seconds of a short message: the best,
    bandwidth: dict[tuple[int, int], float]  # bytes in a second of long ones: the best,
    usual: dict[tuple[int, int], float]  # and of a short one, the median
    overhead: dict[tuple[int, int], float]  # seconds by which another one with it comes later
    agreement: float  # seconds, the median


def partner(node: int, turn: int, nodes: int) -> int | None:
    """Give whom a node meets in a round, if anybody."""
    odd = nodes - 1 if nodes % 2 == 0 else nodes
    if node == odd:
        return turn
    other = (2 * turn - node) % odd
    if other == node:
        other = odd
    return other if other < nodes else None


def rounds_of(nodes: int, most: int) -> list[int]:
    """Give the rounds to be played: all, or so many of them."""
    every = nodes - 1 if nodes % 2 == 0 else nodes
    count = min(every, most)
    return [k * every // count for k in range(count)]


def pairs(nodes: int, turn: int) -> Iterator[tuple[int, int]]:
    """Give the pairs (a, b) with a < b of a round."""
    for node in range(nodes):
        other = partner(node, turn, nodes)
        if other is not None and node < other:
            yield node, other


def measured(leaders: list[int], node: int, rank: int, most: int) -> Wires | None:
    """Measure them. Collective.

    Parameters
    ----------
    leaders : list of int
        The rank that sends for each node.
    node, rank : int
        This rank's.
    most : int
        The most rounds.

    Returns
    -------
    Wires or None
        None of one node.
    """
    nodes = len(leaders)
    if nodes < 2:
        return None
    rounds = rounds_of(nodes, most)
    mine: list[list[float] | None] = []
    if rank == leaders[node]:
        short, several, long = (bytearray(n) for n in (SHORT, SEVERAL * SHORT, LONG))
    _quelea.collect(b"")  # all have come this far, with their memory
    for turn in rounds if rank == leaders[node] else ():
        other = partner(node, turn, nodes)
        if other is None:
            mine.append(None)
            continue
        seconds, usual = _quelea.wire(leaders[other], short, SHORT_TURNS)
        whole, _ = _quelea.wire(leaders[other], long, LONG_TURNS)
        _, together = _quelea.wire(leaders[other], several, SEVERAL_TURNS, SEVERAL)
        later = max(together - usual, 0.0) / (SEVERAL - 1)
        mine.append([seconds, LONG / whole, usual, later])
    given = _quelea.collect(json.dumps(mine).encode())
    at = [time.perf_counter()]
    for _ in range(AGREEMENTS):
        _quelea.agree(None)
        at.append(time.perf_counter())
    agreement = statistics.median(after - before for before, after in itertools.pairwise(at))
    told = [json.loads(given[leader]) for leader in leaders]
    found: dict[tuple[int, int], list[float]] = {}
    for k, turn in enumerate(rounds):
        for pair in pairs(nodes, turn):
            found[pair] = told[pair[0]][k]
    latency, bandwidth, average, overhead = (
        {pair: values[k] for pair, values in found.items()} for k in range(4)
    )
    return Wires(nodes, latency, bandwidth, average, overhead, agreement)


def tile(nodes: int, values: dict[tuple[int, int], float], most: int, worst: str) -> numpy.ndarray:
    """Give a matrix of at most so many rows: of the pairs that meet in one of its elements the worst.

    Parameters
    ----------
    nodes : int
        Rows, were there room.
    values : dict
        By pairs of nodes.
    most : int
        Rows.
    worst : {"largest", "least"}
        Which one is shown of several.

    Returns
    -------
    numpy.ndarray
        float64, symmetric; NaN where nothing was measured.
    """
    size = min(nodes, most)
    matrix = numpy.full((size, size), numpy.nan)
    if not values:
        return matrix
    at = numpy.array(list(values)) * size // nodes
    choose = numpy.fmax if worst == "largest" else numpy.fmin
    for rows, columns in ((at[:, 0], at[:, 1]), (at[:, 1], at[:, 0])):
        choose.at(matrix, (rows, columns), list(values.values()))
    return matrix
