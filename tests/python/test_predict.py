"""python -m quelea predict: how nodes cut arrays, sums over nodes, and each term of the model, by hand.

A failure accuses python/quelea/predicting; that of the first test `ql_grid_cells` (runtime/array/grid.c).
"""

import dataclasses
import itertools
import json
import math
import re
from pathlib import Path

import numpy
import pytest

import quelea
from quelea import _quelea
from quelea.folding import LEAF
from quelea.predicting.geometry import Geometry, geometry_of
from quelea.predicting.networks import Network, measured_network
from quelea.predicting.terms import DEEPEST, PART, TERMS, Case, Pattern

SOURCES = Path(__file__).resolve().parents[2]


def test_numbers_are_those_of_the_runtime():
    known = {"PART": PART, "DEEPEST": DEEPEST, "JIT_LEAF": LEAF}
    text = "".join((SOURCES / name).read_text() for name in ("runtime/plan/deepen.c", "jit/jit.h"))
    found = dict(re.findall(r"\b(PART|DEEPEST|JIT_LEAF) = (\d+)", text))
    assert {name: int(number) for name, number in found.items()} == known


@pytest.mark.parametrize("shape", [(6000,), (300, 200), (40, 900), (30, 40, 50)])
def test_nodes_cut_arrays_as_is_said(shape):
    begin, end = _quelea.piece(quelea.zeros(shape))
    info = quelea.info()
    told = _quelea.collect(json.dumps([info["node"], begin, end]).encode())
    parts = {}
    for node, low, high in map(json.loads, told):
        if all(a < b for a, b in zip(low, high, strict=True)):
            parts[node] = numpy.minimum(parts.get(node, low), low)
    cells = tuple(len({int(low[a]) for low in parts.values()}) for a in range(len(shape)))
    assert cells == _quelea.grid_cells(shape, info["node_count"])


def test_grids_have_the_smallest_surface():
    assert _quelea.grid_cells((1000, 1000), 1) == (1, 1)
    assert _quelea.grid_cells((1000, 1000), 7) == (7, 1)
    assert _quelea.grid_cells((1000, 1000), 16) == (8, 2)  # the last axis costs double
    assert math.prod(_quelea.grid_cells((128000, 128000), 16384)) == 16384
    for shape, nodes in (((10, 10), 0), ((), 2)):
        with pytest.raises(ValueError):
            _quelea.grid_cells(shape, nodes)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((10,), (3,)), ((24, 30), (1, 5)), ((24, 30), (4, 3)), ((8, 6, 9), (2, 3, 1))],
)
def test_sums_over_nodes(shape, cells):
    geometry = Geometry(shape, cells)
    numbers = list(itertools.product(*map(range, cells)))
    touching, depth = 0, 2
    ghosts = 0
    for one in numbers:
        for other in numbers:
            touching += (
                one != other and max(abs(a - b) for a, b in zip(one, other, strict=True)) == 1
            )
        own = [n * (k + 1) // c - n * k // c for n, k, c in zip(shape, one, cells, strict=True)]
        wide = [
            n + depth * ((k > 0) + (k < c - 1)) for n, k, c in zip(own, one, cells, strict=True)
        ]
        ghosts += math.prod(wide) - math.prod(own)
    assert geometry.all_neighbours == touching
    assert geometry.all_ghosts(depth) == ghosts
    assert geometry.depth(ghosts) == pytest.approx(depth)
    assert geometry.thinnest == min(n // c for n, c in zip(shape, cells, strict=True) if c > 1)
    assert geometry.nodes == len(numbers)


PATTERN = Pattern(
    points=3.0,
    exchanges=10,
    kernels=2,
    depth=2,
    arrays=3,
    item=8,
    overlapped=0.5,
    agreements=5,
    sums=2,
    gathered=24.0,
    redistributions=3,
    redistributed=16.0,
)
NETWORK = Network(latency=1e-3, bandwidth=1e6, overhead=1e-5, eager=1000, stage=2e-3)
CASE = Case(
    pattern=PATTERN,
    network=NETWORK,
    geometry=Geometry((100, 200), (2, 3)),
    per_node=4,
    point=1e-6,
    rate=1e9,
    waiting=0.25,
    program=0.5,
)


def test_terms_by_hand():
    # a part has 50 x 67 elements, and a node in the middle neighbours on 1 and 2 sides: 5, with corners
    own = 3 * 50 * 67 / 4 * 1e-6
    brought = (52 * 71 - 50 * 67) * 8 * 3
    largest = 2 * 67 * 8 * 3  # is asked for first
    latency, sent = 3e-3 + 2 * 4 * 1e-5, brought / 1e6
    wanted = {
        "kernels": own,
        "beyond": own * (51 * 69 - 50 * 67) / (50 * 67) / 2,
        "packing": 10 * 4 * brought / (4 * 1e9),
        "latency": 10 * latency,
        "bytes": 10 * sent,
        "hidden": -0.5 * 10 * min(latency + sent, own / 20),
        "agreeing": 5 * 3 * 2e-3,
        "gathers": 24 * 20000 * 5 / 6 / 1e6,
        "redistributions": 3 * (1e-3 + 2 * 4 * 1e-5) + 16 * 20000 / 6 * 5 / 6 / 1e6,
        "sums": 2 * (4 * 1e-3 + 1e-5 * (5 + 1)),
        "waiting": 0.25,
        "program": 0.5,
    }
    assert largest > NETWORK.eager and CASE.largest == largest
    assert {term.name: term.seconds(CASE) for term in TERMS} == pytest.approx(wanted)
    short = dataclasses.replace(CASE, network=dataclasses.replace(NETWORK, eager=largest))
    assert short.travel == pytest.approx((1e-3 + 8e-5, sent))


def test_a_node_alone_sends_nothing():
    alone = dataclasses.replace(CASE, geometry=Geometry((100, 200), (1, 1)))
    found = {term.name: term.seconds(alone) for term in TERMS}
    assert found == pytest.approx(
        dict.fromkeys(found, 0.0)
        | {"kernels": 3 * 20000 / 4 * 1e-6, "waiting": 0.25, "program": 0.5}
    )


def test_thin_parts_exchange_more_often():
    deep = dataclasses.replace(PATTERN, depth=12, kernels=6)
    assert deep.within(Geometry((400, 400), (2, 2))) == deep  # a sixteenth of 200 is 12
    thin = deep.within(Geometry((160, 400), (2, 2)))
    assert (thin.exchanges, thin.depth, thin.kernels) == (30, 4, 2)
    # but what one kernel reads beyond is brought at once, however thin
    assert deep.within(Geometry((20, 400), (2, 2))).depth == 2


def total(case):
    return sum(term.seconds(case) for term in TERMS)


def test_more_never_takes_less():
    numbers = numpy.random.default_rng(3)
    for _ in range(200):
        cells = tuple(int(c) for c in numbers.integers(1, 9, 2))
        shape = tuple(int(n) for n in numbers.integers(300, 5000, 2))
        network = Network(*(10 ** numbers.uniform((-6, 6, -8, 3, -6), (-2, 10, -6, 6, -2))))
        pattern = dataclasses.replace(PATTERN, depth=float(numbers.integers(1, 12)))
        case = dataclasses.replace(
            CASE, network=network, pattern=pattern, geometry=Geometry(shape, cells)
        )
        worse_by = {"latency": 2, "overhead": 2, "bandwidth": 0.5, "eager": 0.01, "stage": 2}
        for name, by in worse_by.items():
            worse = dataclasses.replace(network, **{name: by * getattr(network, name)})
            assert total(dataclasses.replace(case, network=worse)) >= total(case) * (1 - 1e-12)
        for name in (
            *("exchanges", "agreements", "sums", "item", "points"),
            *("gathered", "redistributions", "redistributed"),
        ):
            worse = dataclasses.replace(pattern, **{name: 2 * getattr(pattern, name)})
            assert total(dataclasses.replace(case, pattern=worse)) >= total(case) * (1 - 1e-12)
        further = tuple(2 * c for c in cells)
        weak = geometry_weak(case, further)
        assert total(weak) >= total(case) * (1 - 1e-12)


def geometry_weak(case, cells):
    """As much for each node, on more of them."""
    shape = tuple(
        n * c // old
        for n, c, old in zip(case.geometry.shape, cells, case.geometry.cells, strict=True)
    )
    return dataclasses.replace(case, geometry=Geometry(shape, cells))


def test_networks_are_read_from_the_doctor(folder):
    page, one = folder / "network.json", folder / "one.json"
    latency, bandwidth = 3e-5, 1e8
    whole = 3 * latency + (1 << 20) / bandwidth
    pairs = [
        {
            "nodes": [0, node],
            "seconds": k * latency,
            "usual_seconds": 2 * k * latency,
            "overhead_seconds": k * 1e-6,
            "bytes_per_second": (1 << 20) / whole,
        }
        for node, k in ((1, 0.5), (2, 1), (4, 2))  # of five nodes
    ]
    said = {"pairs": pairs, "agreement_seconds": 6e-4}
    quelea.on_root(lambda: page.write_text(json.dumps(said)))
    quelea.on_root(lambda: one.write_text(json.dumps({"pairs": [], "agreement_seconds": 0})))
    found = measured_network(page, None, 65536)
    assert dataclasses.astuple(found) == pytest.approx((2 * latency, bandwidth, 1e-6, 65536, 2e-4))
    assert measured_network(page, 5e-6, 65536).overhead == 5e-6
    for wrong in (one, folder / "nowhere"):
        with pytest.raises(ValueError, match="doctor --json"):
            measured_network(wrong, 1e-6, 65536)


def test_geometry_of_the_runtime():
    assert geometry_of((1000, 1000), 16).part == (125, 500)
