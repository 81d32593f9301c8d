"""What Quelea's kernels get of each node's memory: one pass over arrays that no cache holds, all nodes at once."""

import json
import time
from typing import Any

from .. import _quelea
from ..creation import zeros

__all__ = ["measured"]

REPEATS = 4
LEAST, MOST = 64 << 20, 512 << 20  # bytes of a host's two arrays


def _bytes_of_host(last_cache: int, budget: int, nodes: int) -> int:
    wanted = min(max(4 * last_cache, LEAST), MOST)
    return min(wanted, budget * nodes // 8)


def measured(ranks: list[dict[str, Any]], nodes: list[dict[str, Any]]) -> list[float]:
    """Give bytes in a second, read and written, of each node. Collective.

    A node is as fast as the last of its ranks. Pretended nodes share the memory of their host, at the same time.
    """
    hosts = {node["host"] for node in nodes}
    a_host = max(
        _bytes_of_host(node["last_cache"], node["budget"], len(nodes) // len(hosts))
        for node in nodes
    )
    elements = max(a_host * len(hosts) // 16, len(ranks))
    source, target = zeros(elements), zeros(elements)
    best = 1e30
    for repeat in range(REPEATS):  # the first one compiles
        _quelea.sync()
        _quelea.collect(b"")
        start = time.perf_counter()
        target[:] = source + float(repeat)
        _quelea.sync()
        taken = time.perf_counter() - start
        best = min(best, taken) if repeat else best
    (begin,), (end,) = _quelea.piece(source)
    told = [json.loads(text) for text in _quelea.collect(json.dumps([end - begin, best]).encode())]
    counts, times = [0] * len(nodes), [0.0] * len(nodes)
    for rank, (count, taken) in zip(ranks, told, strict=True):
        counts[rank["node"]] += count
        times[rank["node"]] = max(times[rank["node"]], taken)
    return [16 * count / taken for count, taken in zip(counts, times, strict=True)]
