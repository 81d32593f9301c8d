"""Copies of remote elements: they travel once, until their array is written; what is read is never what it was.

On one node there are none, and the same programs must give the same values.
"""

import gc

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import LAUNCHED, fine, sampled
from support import happened, same

import quelea

NODES = quelea.info()["node_count"]
starts_jobs = pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own")
ALL_JOBS = [(2, "1"), (3, "1"), (4, "1"), (4, "2"), (7, "1"), (7, "2")]  # ranks, node size
SAMPLE = [(3, "1"), (4, "2")]  # parts that are not of one size; nodes of several ranks
JOBS = sampled(ALL_JOBS, SAMPLE)


def brought(work):
    """How often something was brought to the nodes; the same number on all ranks."""
    return happened(work)["redistributions"]


# ---- what is read again ----

ROWS, COLUMNS = 360, 370  # ghosts are at most 128 deep
READ = {
    "backwards": lambda w: w[::-1, ::-1] + 1,
    "turned": lambda w: w.T.reshape(COLUMNS, ROWS)[:ROWS, :ROWS],
    "a few columns, turned": lambda w: w[:, 3:9].T + 1,
    "with steps": lambda w: w[::2, ::3] * 2,
    "with steps, backwards": lambda w: w[-3::-2, -1::-4] * 2,
    "every seventh": lambda w: w.reshape(-1)[3::7],
    "a diagonal": lambda w: w.reshape(-1)[:: COLUMNS + 1] * 2,
    "of other rows": lambda w: w.reshape(COLUMNS, ROWS)[::-1] + 1,
    "a row for all": lambda w: w[::-1] + w[5],
    "a column for all": lambda w: w[::-1] + w[:, 7:8],
}


def pair():
    x = numpy.arange(float(ROWS * COLUMNS)).reshape(ROWS, COLUMNS)
    return quelea.asarray(x), x


@pytest.mark.parametrize("name", READ)
def test_what_nothing_has_written_since_is_not_brought_again(name):
    read, (u, x) = READ[name], pair()
    first = brought(lambda: same(read(u), read(x)))
    for _ in range(3):
        again = brought(lambda: same(read(u), read(x)))
        assert again == 0 or NODES == 1
    if name == "backwards" and NODES > 1:
        assert first == 1


def test_what_is_reduced_is_not_brought_again():
    """Sums of the nodes are new values, and travel each time."""
    u, x = pair()
    a, b = quelea.asarray(x + 1), x + 1
    first = brought(lambda: same((u[::-1] * a).sum(0), (x[::-1] * b).sum(0)))
    again = brought(lambda: same((u[::-1] * a).sum(0), (x[::-1] * b).sum(0)))
    assert again < first or NODES == 1


def test_several_readers_share_a_copy():
    u, x = pair()
    v, y = quelea.zeros((ROWS, COLUMNS)), numpy.zeros((ROWS, COLUMNS))

    def several(v, u):
        v += u[::-1, ::-1]
        v *= u[::-1, ::-1] + 1
        v[4:-3] += u[::-1, ::-1][4:-3]
        v[:] = v + abs(u[::-1, ::-1])

    def both():
        several(v, u), several(y, x)

    assert brought(both) == (1 if NODES > 1 else 0)
    assert brought(both) == 0
    same(v, y)


def test_what_all_nodes_have_serves_every_reader():
    u, x = pair()
    row, line = quelea.zeros((300, COLUMNS)), numpy.zeros((300, COLUMNS))

    def all_have():
        row[:] = u[7]
        line[:] = x[7]

    both = [lambda w: row + w[7], lambda w: line + w[7]]
    all_have()
    quelea.sync()
    for cut in [slice(None), slice(2, 9), slice(None, None, -1)]:
        assert brought(lambda c=cut: same((both[0](u))[:, c], (both[1](x))[:, c])) == 0 or NODES > 1
        assert happened(lambda c=cut: row[:, : len(line[0, c])] + u[7][c])["redistributions"] == 0
    same(row, line)


# ---- what ends a copy ----


def swap_out(w):
    w[:] = w[::-1].copy()


def by_view(w):
    part = w[3:40].T[5:]
    part -= 0.5


def by_reshape(w):
    w.reshape(-1)[11:17] = 7


def by_step(w):
    w[1::3, ::-2] *= 3


def in_place(w):
    w += 1


def from_itself(w):
    w[1:] = w[:-1] * 2


def one_element(w):
    w[-2, 5] = 3


def all_of_it(w):
    w[...] = 8


WRITE = {
    f.__name__: f
    for f in [
        all_of_it,
        one_element,
        by_view,
        by_reshape,
        by_step,
        in_place,
        from_itself,
        swap_out,
    ]
}


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("name", WRITE)
def test_a_store_ends_it(name, flushed):
    u, x = pair()
    for _ in range(3):
        for read in (READ["backwards"], READ["turned"], READ["every seventh"]):
            ours = read(u) * 1
            if flushed:
                quelea.sync()
            theirs = read(x) * 1
            WRITE[name](u), WRITE[name](x)
            after = read(u) - 1
            same(ours, theirs)
            same(after, read(x) - 1)


def test_only_what_was_written_is_brought_again():
    (u, x), (v, y) = pair(), pair()

    def read():
        same(u[::-1, ::-1] + v[::-1, ::-1] * 2, x[::-1, ::-1] + y[::-1, ::-1] * 2)

    brought(read)
    u[3, 4] = x[3, 4] = -1
    assert brought(read) == (1 if NODES > 1 else 0)
    assert brought(read) == 0


def test_a_copy_is_what_the_array_was_when_it_was_read():
    u, x = pair()
    before = u[::-1] + 0
    u *= 2
    after = u[::-1] + 0
    u += 1
    quelea.sync()
    same(before, x[::-1])
    same(after, 2 * x[::-1])
    same(u[::-1] + 0, 2 * x[::-1] + 1)


def test_snapshots_do_not_end_it_and_do_not_see_stores():
    u, x = pair()
    same(u[::-1] + 1, x[::-1] + 1)
    taken = numpy.asarray(u)
    u += 1
    same(u[::-1] + 1, x[::-1] + 2)
    assert (taken == x).all()
    assert brought(lambda: u[::-1] + 1) == 0


def test_dropped_arrays_take_their_copies_along():
    gc.collect()
    quelea.sync()
    before = quelea.counters()["kept_copies_bytes"]
    u, x = pair()
    for name in ["backwards", "turned", "a diagonal"]:
        same(READ[name](u) + 0, READ[name](x) + 0)
    quelea.sync()
    assert quelea.counters()["kept_copies_bytes"] > before or NODES == 1
    del u
    quelea.sync()
    quelea.sync()
    assert quelea.counters()["kept_copies_bytes"] == before


def test_arrays_of_the_same_shape_do_not_share():
    """Handles and storages are used again; what was read of one array is nothing of the next."""
    for k in range(20):
        u = quelea.full((ROWS, COLUMNS), k)
        same(u[::-1] + 0, numpy.full((ROWS, COLUMNS), k))
        quelea.sync()
        del u


def test_many_readings_of_one_array():
    """More than are kept of one array."""
    u, x = pair()
    for _ in range(2):
        for k in range(1, 20):
            same(u[::-1][k:] + u[:-k], x[::-1][k:] + x[:-k])


# ---- generated programs ----

VIEWS = [
    lambda w: w,
    lambda w: w[::-1],
    lambda w: w.T,
    lambda w: w.T[::-1],
    lambda w: w[::2],
    lambda w: w[1::3, ::-1],
    lambda w: w.reshape(-1)[5:],
    lambda w: w.reshape(-1)[::-2],
    lambda w: w.reshape(w.shape[::-1])[3:],
    lambda w: w[:, 4:5],
    lambda w: w[11],
    lambda w: w[2:-3, 1:-1],
]


@given(st.data())
def test_programs(data):
    """Arrays are read and written through views, dropped and made again, flushed now and then."""
    random = data.draw(st.randoms(use_true_random=False))
    shapes = [(40, 50), (50, 40), (2000,), (3, 700)]
    pairs = []

    def make():
        shape = random.choice(shapes[:2])
        x = numpy.arange(float(numpy.prod(shape))).reshape(shape) + random.randrange(9)
        pairs.append((quelea.asarray(x), x))

    def view(w):
        ours, theirs = w
        f = random.choice(VIEWS)
        return f(ours), f(theirs)

    make(), make()
    results = []
    for _ in range(24):
        k = random.randrange(len(pairs))
        what = random.choice(
            ["read", "read", "read", "write", "add", "sync", "drop", "sum", "look"]
        )
        ours, theirs = view(pairs[k])
        if what == "read":
            results.append((ours * 2 + 1, theirs * 2 + 1))
        elif what == "write":
            other, its = view(pairs[random.randrange(len(pairs))])
            if other.shape == ours.shape:
                ours[...], theirs[...] = other + 1, its + 1
            else:
                ours[...], theirs[...] = 5, 5
        elif what == "add":
            ours += 1
            theirs += 1
        elif what == "sync":
            quelea.sync()
        elif what == "drop":
            del pairs[k], ours, theirs
            make()
        elif what == "sum":
            results.append((ours.sum(0), theirs.sum(0)))
        else:
            same(ours, theirs)
    for ours, theirs in [*results, *pairs]:
        same(ours, theirs)


# ---- how much is kept ----

RESENT = """
n = 4096
w, A = np.ones(n), np.ones((n, 64)); np.sync()
for k in range(3):
    before = np.counters()["redistributed_bytes"]
    B = A[:, 0] * w[::-1]; np.sync()
    print(np.counters()["redistributed_bytes"] - before)
print(np.counters()["kept_copies_bytes"])
"""


@starts_jobs
@pytest.mark.parametrize(
    ("keep", "sent"),
    [
        ("0", [16384, 0, 0, 16384]),
        ("16384", [16384, 0, 0, 16384]),
        ("16383", [16384, 16384, 16384, 0]),
        ("-1", [16384, 16384, 16384, 0]),
    ],
)
def test_a_copy_is_kept_if_there_is_room(keep, sent):
    out = fine(RESENT, 2, QUELEA_NODE_SIZE="1", QUELEA_KEEP=keep)
    assert list(map(int, out.split())) == sent


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes"), JOBS)
def test_those_go_that_were_read_least_lately(ranks, nodes):
    code = """
    n = 4096
    most = 3 * 8 * -(-n // np.info()["node_count"])  # three copies
    given = [np.arange(n) * 1.0 for k in range(5)]
    theirs = numpy.arange(n) * 1.0
    def read(k):
        before = np.counters()["redistributions"]
        ours = given[k][::-1] + k; np.sync()
        right = bool((numpy.asarray(ours) == theirs[::-1] + k).all())
        assert right and np.counters()["kept_copies_bytes"] <= 3 * 8 * (n // 2 + 1)
        return np.counters()["redistributions"] - before
    print(*[read(k) for k in [0, 1, 2, 0, 3, 0, 2, 1, 4, 3]])
    """
    nodes_count = -(-ranks // int(nodes))
    each = 8 * -(-4096 // nodes_count)
    out = fine(code, ranks, QUELEA_NODE_SIZE=nodes, QUELEA_KEEP=str(3 * each))
    # 3 makes 1 go, 1 makes 3, 4 makes 0, 3 makes 2
    assert out.split() == ["1", "1", "1", "0", "1", "0", "0", "1", "1", "1"]


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes"), JOBS)
def test_one_execution_keeps_no_more_than_there_is_room_for(ranks, nodes):
    code = """
    n = 4096
    given = [np.arange(n) * (1.0 + k) for k in range(12)]; np.sync()
    total, theirs = np.zeros(n), numpy.zeros(n)
    for k, w in enumerate(given):
        total += w[::-1]; theirs += (numpy.arange(n) * (1.0 + k))[::-1]
    for k, w in enumerate(given):
        total *= w[::-1] + 1; theirs *= (numpy.arange(n) * (1.0 + k))[::-1] + 1
    np.sync()
    print(np.counters()["kept_copies_bytes"] <= 40000, (numpy.asarray(total) == theirs).all())
    """
    out = fine(code, ranks, QUELEA_NODE_SIZE=nodes, QUELEA_KEEP="40000", QUELEA_FLUSH="64")
    assert out.split() == ["True", "True"]


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes"), JOBS)
def test_copies_give_way_to_arrays(ranks, nodes):
    """What fits without copies fits; when it was too large with them, they go on all ranks."""
    code = """
    nodes, budget = np.info()["node_count"], np.info()["memory_budget"]
    w = np.arange(50000) * 1.0; np.sync()
    filler = np.ones(int(budget * 0.7 / 8) * nodes); np.sync()
    def read():  # what it makes is dropped again
        ours = w[::-1] + 1
        return bool((numpy.asarray(ours) == numpy.arange(50000.0)[::-1] + 1).all())
    assert read(); np.sync()
    kept = np.counters()["kept_copies_bytes"]
    free = budget - np.on_root(lambda: np.counters()["arena_bytes"]) - 16384
    last = np.ones(nodes * (free + kept // 2) // 8); np.sync()
    print(kept > 0, np.counters()["kept_copies_bytes"], float(last[-1]))
    del last; np.sync()
    print(read(), np.counters()["kept_copies_bytes"] == kept)
    """
    out = fine(code, ranks, QUELEA_NODE_SIZE=nodes, QUELEA_MEMORY="8m")
    assert out.split() == ["True", "0", "1.0", "True", "True"]


# ---- ranks that differ, and failures ----

FAILING = [(*of, nth) for of in ALL_JOBS for nth in range(5, 11)]  # the block that is not there
FEW = [(3, "1", nth) for nth in range(5, 11)] + [(4, "2", 6), (4, "2", 9)]


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes"), JOBS)
def test_a_rank_that_drops_earlier_than_others(ranks, nodes):
    code = """
    n = 5000
    theirs = numpy.arange(n) * 1.0
    for k in range(4):
        w, v = np.arange(n) * 1.0, np.arange(n) * 1.0
        x = w[::-1] + v[::-1]; np.sync()
        last = w
        if np.info()["rank"] == 1: del w
        del last
        y = v[::-1] * 2; np.sync()
        z = v[::-1] * 3 + np.ones(n)[::-1]; np.sync()
        if np.info()["rank"] == 1: w = None
        del w
        u = np.arange(n) + 5.0
        right = [(x, 2 * theirs[::-1]), (y, 2 * theirs[::-1]), (z, 3 * theirs[::-1] + 1),
                 (u[::-1] + 0, theirs[::-1] + 5)]
        assert all((numpy.asarray(a) == b).all() for a, b in right)
        del v, u, x, y, z, right
        np.sync()
    np.sync()
    print(np.counters()["kept_copies_bytes"])
    """
    assert fine(code, ranks, QUELEA_NODE_SIZE=nodes).split() == ["0"]


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes", "nth"), sampled(FAILING, FEW))
def test_after_a_failed_flush_nothing_stale_is_read(ranks, nodes, nth):
    """Some block of some flush is not there on one rank; whatever was stored nevertheless counts."""
    code = """
    n = 5000
    theirs = numpy.arange(n) * 1.0
    w, v = np.arange(n) * 1.0, np.zeros(n)
    x = w[::-1] + 1; np.sync()
    for k in range(4):
        try:
            w += 1
            v[:] = w[::-1]
            y = w[::-1] + v
            np.sync()
            del y
        except MemoryError:
            pass
        now = float(w[0])
        assert (numpy.asarray(w) == theirs + now).all()
        assert (numpy.asarray(w[::-1] + 0) == theirs[::-1] + now).all()
    print("right", now)
    """
    fault = {"QUELEA_FAULT": f"alloc:{nth}@1"}
    assert fine(code, ranks, QUELEA_NODE_SIZE=nodes, **fault).split() == ["right", "4.0"]


@starts_jobs
@pytest.mark.parametrize(("ranks", "nodes"), JOBS)
def test_ranks_that_diverge_while_copies_are_kept(ranks, nodes):
    code = """
    n = 5000
    w = np.arange(n) * 1.0
    x = w[::-1] + 1; np.sync()
    if np.info()["rank"] == 1: w[3] = 2
    try:
        y = w[::-1] + 1; np.sync()
    except np.DivergenceError:
        print("diverged")
    try:
        y = w[::-1] + 1; np.sync()
    except np.DivergenceError:
        print("broken")
    """
    assert fine(code, ranks, QUELEA_NODE_SIZE=nodes).split() == ["diverged", "broken"]
