"""Programs of several statements against NumPy, on any number of ranks, threads and nodes.

Every rank draws the same programs. A program works on pairs of arrays, ours and NumPy's, that start equal; each step
does the same to both, views share memory on both sides, and what is compared are bits. Values are whole numbers, so
that sums are exact in any order; the order itself is held against contract C7 further down.
"""

import gc

import numpy
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support import happened, recorded, same

import quelea

NODES = quelea.info()["node_count"]
EXTENTS = [0, 1, 2, 3, 5, 8, 13, 37]
KINDS = ["float64"] * 4 + ["float32", "int64", "int16", "uint8", "bool", "complex128", "float16"]


# ---- programs ----


def whole(dtype, shape, seed):
    random = numpy.random.default_rng(seed)
    return random.integers(0, 2 if dtype == "bool" else 30, shape).astype(dtype)


@st.composite
def shapes(draw):
    ndim = draw(st.sampled_from([0, 1, 1, 2, 2, 2, 3, 4]))
    extents = EXTENTS if ndim < 3 else EXTENTS[1:6]
    return tuple(draw(st.sampled_from(extents)) for _ in range(ndim))


@st.composite
def slices(draw, extent):
    step = draw(st.sampled_from([1, 1, 1, 2, 3, -1, -1, -2, -5]))
    bound = st.one_of(st.none(), st.integers(-extent - 2, extent + 2))
    return slice(draw(bound), draw(bound), step)


class Program:
    """Pairs of arrays, and a text of what was done to them."""

    def __init__(self, draw):
        self.draw, self.pairs, self.text = draw, [], []

    def add(self, ours, theirs, text):
        self.text.append(text)
        immutable, theirs = isinstance(theirs, numpy.generic), numpy.asarray(theirs)
        theirs.flags.writeable &= not immutable
        self.pairs.append((ours, theirs))

    def pick(self):
        return self.pairs[self.draw(st.integers(0, len(self.pairs) - 1))]

    def create(self):
        dtype, shape = self.draw(st.sampled_from(KINDS)), self.draw(shapes())
        array = whole(dtype, shape, len(self.text))
        self.add(quelea.asarray(array), array.copy(), f"x = {dtype} {shape}")

    def view(self):
        x, y = self.pick()
        how = self.draw(
            st.sampled_from(["slice", "slice", "transpose", "index", "newaxis", "reshape"])
        )
        if how == "slice":
            key = tuple(self.draw(slices(n)) for n in y.shape)
        elif how == "index":
            fixed = [n > 0 and k % 2 == 0 for k, n in enumerate(y.shape)]
            key = [
                self.draw(st.integers(-n, n - 1)) if f else slice(None)
                for f, n in zip(fixed, y.shape, strict=True)
            ]
            key = (*key, ...)
        elif how == "newaxis":
            key = (None, ...)
        elif how == "transpose":
            axes = tuple(self.draw(st.permutations(range(y.ndim))))
            self.add(x.transpose(axes), y.transpose(axes), f"transpose {axes}")
            return
        else:
            shape = self.draw(st.sampled_from([(-1,), (1, -1), (y.size, 1), y.shape[::-1]]))
            if y.size:
                self.add(x.reshape(shape), y.reshape(shape), f"reshape {shape}")
            return
        if y.ndim < 6:
            self.add(x[key], y[key], f"[{key}] of {y.shape}")

    def operands(self):
        """Two pairs that broadcast: the second is cut to fit the first, or a scalar."""
        x, y = self.pick()
        a, b = self.pick()
        if self.draw(st.booleans()):
            key = tuple(
                slice(0, 1) if n == 1 or self.draw(st.booleans()) else slice(None) for n in b.shape
            )
            a, b = a[key], b[key]
        try:
            numpy.broadcast_shapes(y.shape, b.shape)
        except ValueError:
            number = self.draw(st.integers(0, 20))
            return (x, y), (number, number)
        return (x, y), (a, b)

    def compute(self):
        (x, y), (a, b) = self.operands()
        name = self.draw(
            st.sampled_from(
                ["add", "subtract", "minimum", "maximum", "less", "equal", "where", "chain"]
            )
        )
        if name == "subtract" and bool in (y.dtype, numpy.result_type(b)):
            name = "logical_xor"
        if name == "where":
            self.add(quelea.where(x > 9, x, a), numpy.where(y > 9, y, b), "where")
        elif name == "chain":
            self.add((x + a) + (a + x + 1), (y + b) + (b + y + 1), "chain")
        else:
            self.add(getattr(quelea, name)(x, a), getattr(numpy, name)(y, b), name)

    def assign(self):
        (x, y), (a, b) = self.operands()
        if (
            y.dtype != bool
            and getattr(b, "dtype", None) is not None
            and b.dtype.kind == "c"
            and y.dtype.kind != "c"
        ):
            return
        if y.flags.writeable and numpy.broadcast_shapes(y.shape, numpy.shape(b)) == y.shape:
            x[...] = a
            y[...] = numpy.array(b)
            self.text.append("assign")

    def overlap(self):
        """A region of an array receives another region of it."""
        x, y = self.pick()
        if y.ndim == 0 or y.dtype == bool or not y.flags.writeable:
            return
        axis, step = (
            self.draw(st.integers(0, y.ndim - 1)),
            self.draw(st.sampled_from([1, 1, -1, 2])),
        )
        n = y.shape[axis]
        shift = self.draw(st.integers(-min(n, 4), min(n, 4)))
        to, source = [slice(None)] * y.ndim, [slice(None)] * y.ndim
        to[axis] = slice(max(0, shift), n + min(0, shift))
        source[axis] = slice(max(0, -shift), n + min(0, -shift))
        to, source = tuple(to), tuple(source)
        if step == 2:
            cut = (slice(None),) * axis + (slice(None, None, 2),)
            x[to][cut] += x[source][cut]
            y[to][cut] += y[source][cut]
        elif step == -1:
            x[to] = x[source][(slice(None),) * axis + (slice(None, None, -1),)]
            y[to] = y[source][(slice(None),) * axis + (slice(None, None, -1),)].copy()
        else:
            x[to] += x[source]
            y[to] += y[source]
        self.text.append(f"overlap axis {axis} shift {shift} step {step}")

    def reduce(self):
        x, y = self.pick()
        axes = tuple(k for k in range(y.ndim) if self.draw(st.booleans()))
        name = self.draw(st.sampled_from(["sum", "sum", "max", "min", "any"]))
        if name in ("max", "min") and y.size == 0:
            return
        if name == "sum" and y.dtype in (numpy.float16, numpy.float32):
            name = "max" if y.size else "any"
        keep = self.draw(st.booleans())
        ours, theirs = (getattr(z, name)(axis=axes, keepdims=keep) for z in (x, y))
        self.add(ours, theirs, f"{name} {axes} of {y.shape}")

    def look(self):
        x, y = self.pick()
        same(x, y, self.text)

    def drop(self):
        if len(self.pairs) > 2:
            del self.pairs[self.draw(st.integers(0, len(self.pairs) - 1))]
            self.text.append("drop")

    def run(self):
        for _ in range(2):
            self.create()
        kinds = ["create", "look", "drop", "reduce", "assign", *["view", "compute", "overlap"] * 2]
        for _ in range(self.draw(st.integers(3, 10))):
            getattr(self, self.draw(st.sampled_from(kinds)))()
        for x, y in self.pairs:
            same(x, y, self.text)


# Shrinking is bounded by time, which no two ranks measure alike.
@settings(max_examples=150, phases=[Phase.generate], report_multiple_bugs=False)
@given(st.data())
@numpy.errstate(all="ignore")
def test_programs(data):
    Program(data.draw).run()


# ---- the order of sums (contract C7) ----


def join(a, b):
    return b if a is None else a if b is None else a + b


def leaf(x):
    lanes = [None] * 8
    for k in range(len(x)):
        lanes[k % 8] = join(lanes[k % 8], x[k])
    while len(lanes) > 1:
        lanes = [join(lanes[k], lanes[k + 1]) for k in range(0, len(lanes), 2)]
    return lanes[0]


def tree(x):
    """Sum along the first axis: leaves of 128 elements, combined like the carries of a counter."""
    stack = []
    for start in range(0, len(x), 128):
        size, value = 1, leaf(x[start : start + 128])
        while stack and stack[-1][0] == size:
            size, value = 2 * size, stack.pop()[1] + value
        stack.append((size, value))
    value = stack.pop()[1]
    while stack:
        value = stack.pop()[1] + value
    return value


def fixed_sum(x, axes):
    for axis in sorted(axes, reverse=True):
        x = tree(numpy.moveaxis(x, axis, 0))
    return x + x.dtype.type(0)  # a sum begins with zero: no negative zero is left


SUMS = [
    ((5,), (0,)),
    ((1000,), (0,)),
    ((40000,), (0,)),
    ((300, 70), (0,)),
    ((70, 300), (1,)),
    ((70, 300), (0, 1)),
    ((2, 1300), (0,)),
    ((3, 1300), (1,)),
    ((7, 9, 140), (0, 2)),
    ((7, 140, 9), (1,)),
    ((140, 3, 5, 2), (0, 1, 3)),
    ((4000, 3), (0, 1)),
    ((500, 16), (1,)),
    ((500, 17), (1,)),
    ((500, 11), (0, 1)),
    ((60, 4, 5), (1, 2)),
    ((60, 5, 5), (1, 2)),
    ((2, 3, 4), (0, 1, 2)),
]


@pytest.mark.parametrize(("shape", "axes"), SUMS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_sums_have_the_bits_of_the_fixed_tree(shape, axes, dtype):
    random = numpy.random.default_rng(5)
    x = (random.normal(0, 1, shape) * 10.0 ** random.integers(-8, 8, shape)).astype(dtype)
    ours = quelea.asarray(x)
    same(ours.sum(axis=axes), fixed_sum(x, axes))
    same((ours * ours).sum(axis=axes), fixed_sum(x * x, axes))


@st.composite
def stored(draw):
    """A shape with perhaps one long axis, the order of its axes in memory, and slices of it."""
    shape = [draw(st.sampled_from([1, 2, 3, 5])) for _ in range(draw(st.integers(1, 4)))]
    shape[draw(st.integers(0, len(shape) - 1))] = draw(st.sampled_from([3, 17, 140, 600, 1500]))
    order = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from([1, 1, 1, -1, -1, 2, -2])) for _ in shape]
    starts = [
        draw(st.integers(0, 1)) if step > 0 and n > 1 else None
        for n, step in zip(shape, steps, strict=True)
    ]
    return shape, order, tuple(map(slice, starts, [None] * len(shape), steps))


OPERANDS = {
    "view": lambda v: v,
    "computed": lambda v: v + v * 3,
    "broadcast": lambda v: v * v[..., -1:],
    "against another order": lambda v: v + v[::-1].copy(),
    "against a row": lambda v: v[..., None] + v[(0,) * (v.ndim - 1)][:3],
}


@settings(max_examples=80)
@given(
    stored(),
    st.sampled_from(list(OPERANDS)),
    st.sampled_from(["float32", "float64", "int32", "bool"]),
    st.sampled_from(["sum", "max", "any"]),
    st.booleans(),
    st.data(),
)
def test_bits_of_reductions_do_not_depend_on_how_elements_lie(
    view, operand, dtype, name, keepdims, data
):
    shape, order, cut = view
    random = numpy.random.default_rng(len(shape))
    x = random.normal(0, 1, shape) * 10.0 ** random.integers(0, 8, shape)
    x = x > 1 if dtype == "bool" else x.astype(dtype)
    ours, theirs = (OPERANDS[operand](a.transpose(order)[cut]) for a in (quelea.asarray(x), x))
    axes = tuple(data.draw(st.sets(st.integers(0, theirs.ndim - 1), min_size=1)))
    want = getattr(theirs, name)(axes, keepdims=keepdims)
    if name == "sum" and dtype.startswith("float"):
        want = fixed_sum(theirs, axes).reshape(want.shape)
    same(getattr(ours, name)(axes, keepdims=keepdims), want)


def test_reductions_of_transposed_arrays_move_no_elements():
    x = numpy.arange(2100.0 * 300).reshape(
        2100, 300
    )  # on 16 nodes too more rows than in a leaf of the sum
    a = quelea.asarray(x)
    for axis in (0, 1):
        counts = happened(lambda axis=axis: same(a.T.sum(axis), x.T.sum(axis)))
        assert counts["redistributions"] == 0


# ---- what really happens ----


def test_stencils_exchange_halos():
    x = numpy.arange(90.0 * 80).reshape(90, 80)
    u = quelea.asarray(x)
    v = quelea.zeros((90, 80))

    def work():
        v[1:-1, 1:-1] = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]

    counts = happened(work)
    assert counts["partitioned_statements"] > 0
    assert counts["redistributions"] == 0
    if NODES == 1:
        assert counts["halo_bytes"] == 0
    elif quelea.rank == 0:
        assert 0 < counts["halo_bytes"] <= 8 * 4 * 90 * NODES
    # Nothing was written to u: its ghosts are still valid.
    assert happened(work)["halo_bytes"] == 0
    y = numpy.zeros((90, 80))
    y[1:-1, 1:-1] = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]
    same(v, y)


def stencil(u, v):
    v[1:-1] = u[:-2] + u[2:]


# Ghosts that were valid, and a store that makes them invalid: each way in which a target can be written.
STORES = {
    "slices": lambda u: u.__setitem__(slice(None), u * 2),
    "rows": lambda u: u.__setitem__(slice(3, None, 7), -1),
    "across rows": lambda u: u.reshape(-1).__setitem__(slice(None, None, 7), -1),
    "transposed": lambda u: u.T.__setitem__((slice(2, 30), slice(None)), 5),
    "shifted onto itself": lambda u: u.__setitem__(slice(1, None), u[:-1]),
    "from outside": lambda u: u.__setitem__(
        slice(None), numpy.arange(60.0 * 40).reshape(60, 40)[::-1]
    ),
}


@pytest.mark.parametrize("store", STORES)
def test_ghosts_are_invalid_after_a_store(store):
    x = numpy.arange(60.0 * 40).reshape(60, 40)
    u = quelea.asarray(x)
    x, y, v = x.copy(), numpy.zeros((60, 40)), quelea.zeros((60, 40))
    for _ in range(3):
        for a, b in ((u, v), (x, y)):
            stencil(a, b)
            STORES[store](a)
        stencil(u, v), stencil(x, y)
        same(v, y)
        same(u, x)


def test_interiors_are_computed_while_messages_travel():
    x = numpy.arange(800.0 * 300).reshape(800, 300)
    u, v = quelea.asarray(x), quelea.zeros((800, 300))

    def work():
        v[1:-1, 1:-1] = u[:-2, 1:-1] - u[2:, 1:-1] + u[1:-1, :-2] * u[1:-1, 2:]

    counts = happened(work)
    assert (counts["overlapped_statements"] > 0) == (NODES > 1)
    y = numpy.zeros((800, 300))
    y[1:-1, 1:-1] = x[:-2, 1:-1] - x[2:, 1:-1] + x[1:-1, :-2] * x[1:-1, 2:]
    same(v, y)

    def in_place():  # what is sent lies between what is stored
        u[1:-1:2, :] = u[:-2:2, :] + u[2::2, :]

    in_place()
    x[1:-1:2] = x[:-2:2] + x[2::2]
    same(u, x)


def test_movements_name_their_lines():
    u, v = quelea.ones((300, 200)), quelea.zeros((200, 300))
    before = {(m["line"], m["what"]): m for m in quelea.movements()}
    for _ in range(3):
        quelea.sync()  # steps together would compute what they exchange apart
        v += u.T  # moved
        u[1:-1] = u[:-2] + u[2:]  # exchanged
    x = numpy.asarray(u)  # gathered
    assert x.shape == u.shape
    moved = [m for m in quelea.movements() if (m["line"], m["what"]) not in before]
    if NODES == 1:
        assert moved == []  # nothing left a node
        return
    found = {m["what"]: m for m in moved}
    assert sorted(found) == ["gather", "halo", "redistribution"]
    assert found["redistribution"]["line"].endswith("v += u.T  # moved")
    assert found["halo"]["line"].endswith("# exchanged")
    assert found["gather"]["line"].endswith("# gathered")
    assert found["gather"]["bytes"] == x.nbytes
    assert found["redistribution"]["times"] == 3
    assert [m["bytes"] for m in quelea.movements()] == sorted(
        (m["bytes"] for m in quelea.movements()), reverse=True
    )


RESHAPED = {
    "whole": lambda xp, x: x.reshape(-1) + 1,
    "in pairs": lambda xp, x: x.reshape(-1, 2)[:, 0] - x.reshape(-1, 2)[:, 1],
    "every seventh": lambda xp, x: x.reshape(-1)[3::7] * 2,
    "diagonal": lambda xp, x: x.reshape(-1)[:: x.shape[1] + 1] * 2,
    "sum": lambda xp, x: x.reshape(-1).sum(),
}


@pytest.mark.parametrize("name", RESHAPED)
def test_reshapes_fetch_what_is_read(name):
    """Across rows a view is no box; each node fetches the stretch that it reads, not the array."""
    x = numpy.arange(6000.0 * 70).reshape(6000, 70)
    u = quelea.asarray(x)
    results = []
    counts = happened(lambda: results.append(RESHAPED[name](quelea, u)))
    same(results[0], RESHAPED[name](numpy, x))
    assert counts["redistributed_bytes"] <= 8 * x.size / 10


def test_transposes_redistribute():
    x = numpy.arange(500.0 * 400).reshape(500, 400)
    u = quelea.asarray(x)
    made = []
    counts = happened(lambda: made.append(u.T.copy()))
    if NODES == 1:
        assert counts["redistributed_bytes"] == 0
    elif quelea.rank == 0:
        assert counts["redistributions"] > 0
        assert counts["redistributed_bytes"] > 0
    same(made[0], x.T)


@pytest.mark.parametrize("depths", [(1,), (1, 3), (3, 1), (1, 2, 3)])
def test_arrays_are_made_with_the_margins_that_later_flushes_want(depths):
    """The plan that makes v is known before anybody asks for ghosts of v; then it is made again."""
    u = quelea.ones(
        (3000, 5 + sum(10**k * d for k, d in enumerate(depths)))
    )  # a partition of its own

    def step():
        v = u * 2.0
        quelea.sync()
        for d in depths:
            w = v[:-d] + v[d:]
            quelea.sync()
        return w

    first = happened(step)
    assert first["renewals"] == (
        len({max(depths[: k + 1]) for k in range(len(depths))}) if NODES > 1 else 0
    )
    for _ in range(2):
        assert happened(step)["renewals"] == 0


def test_aligned_statements_exchange_nothing():
    u, v = quelea.ones((100, 60)), quelea.ones((100, 60))

    def work():
        v[:] = 2 * u + v
        v[1:] += u[1:]

    counts = happened(work)
    assert counts["partitioned_statements"] > 0
    assert (counts["halo_bytes"], counts["redistributed_bytes"], counts["gathered_bytes"]) == (
        0,
        0,
        0,
    )


def parameter(name):
    return next(p["value"] for p in quelea.params() if p["name"] == name)


@pytest.mark.skipif(
    parameter("QUELEA_REPLICATE") == "-1", reason="small arrays are partitioned too"
)
def test_small_arrays_send_nothing():
    a = quelea.arange(4)
    counts = happened(lambda: float((a[::-1] + a).sum()))
    assert counts["partitioned_statements"] == 0
    assert (counts["halo_bytes"], counts["redistributed_bytes"], counts["gathered_bytes"]) == (
        0,
        0,
        0,
    )


# ---- long runs ----


@recorded
def test_changing_scalars_and_bounds_compile_nothing_new():
    u = quelea.zeros((30, 40))
    t = 0.0

    def step(n):
        nonlocal t
        t += 0.125
        k = 1 + n % 20
        u[k : k + 5, 1:-1] = u[k : k + 5, 2:] * t + n
        if n % 100 == 0:
            assert float(u[k, 1]) >= 0

    def work(first, last):
        for n in range(first, last):
            step(n)

    work(0, 600)
    counts = happened(lambda: work(600, 10_000))
    assert counts["kernels_compiled"] + counts["kernels_from_disk"] == 0
    assert counts["statements"] >= 9400


@pytest.mark.parametrize("shape", [(2**60 - 1,), (2**60 // 3, 3), (3, 2**60 // 3), (2**50,)])
def test_arrays_of_nearly_all_addresses_are_a_memory_error(shape):
    """Sizes are rounded up, padded and cut into parts before memory is asked for."""
    kept = []
    with pytest.raises(MemoryError):
        kept.append(quelea.zeros(shape))
        quelea.sync()
    assert float(quelea.ones(5000).sum()) == 5000


def test_ramps_seen_through_changing_bounds_compile_nothing_new():
    u, x = quelea.zeros(2000), numpy.zeros(2000)

    def work(m, v, first, last):
        for n in range(first, last):
            v[n:] += m.arange(2000.0)[n:]
            v[: 2000 - n] += m.arange(2000.0)[: n - 1 if n else None : -1] + m.arange(2000.0 + n)[n]
        return v

    work(quelea, u, 0, 30)
    counts = happened(lambda: work(quelea, u, 30, 60))
    assert counts["kernels_compiled"] + counts["kernels_from_disk"] == 0
    assert counts["statements"] > 0
    same(u, work(numpy, x, 0, 60))


def test_drops_in_another_order_on_every_rank():
    random = numpy.random.default_rng(quelea.rank)
    x = quelea.ones((50, 60))

    def work(rounds):
        held = []
        for n in range(rounds):
            held.append(x + n)
            if n % 3 == 2:
                quelea.sync()
            if len(held) == 8:  # a rank drops some, in an order of its own, and the rest later
                random.shuffle(held)
                del held[: random.integers(1, 8)]
        del held[:]
        quelea.sync()
        same(x + rounds, numpy.ones((50, 60)) + rounds)
        quelea.sync()

    work(40)
    gc.collect()
    quelea.sync()
    before = quelea.counters()["arena_bytes"]
    work(240)
    gc.collect()
    quelea.sync()
    assert quelea.counters()["arena_bytes"] == before


def test_snapshots_dropped_by_some_ranks_only():
    """What was exported is freed when its last user lets go of it, on each rank at another time."""
    x = quelea.ones((50, 60))
    kept = []
    for n in range(60):
        snapshot = numpy.asarray(x)
        if (n + quelea.rank) % 3 == 0:
            kept.append(snapshot)
        assert snapshot[7, 8] == n + 1
        del snapshot
        if len(kept) > 4:
            kept.pop(0)
        x += 1
        y = x * 2
        same(y, numpy.full((50, 60), 2.0 * (n + 2)))
    assert all(numpy.all(s == s[0, 0]) for s in kept)


@pytest.mark.parametrize("length", [60, 64, 300])
@pytest.mark.parametrize(
    "step",
    [
        lambda xp, x, y: x + 1,
        lambda xp, x, y: x * x,
        lambda xp, x, y: xp.where(x > y, x + y, x - y) * 0.5 - 1,
    ],
)
def test_long_expressions(length, step):
    """Chains of temporaries that no kernel could hold as one expression."""
    ours, theirs = quelea.ones(100), numpy.ones(100)
    for _ in range(length):
        ours, theirs = (
            step(quelea, ours, quelea.arange(100.0)),
            step(numpy, theirs, numpy.arange(100.0)),
        )
    same(ours, theirs)


@pytest.mark.parametrize(
    "view", [numpy.s_[:], numpy.s_[::-1], numpy.s_[3:, 1:-1:2], numpy.s_[5], numpy.s_[2:2]]
)
@pytest.mark.parametrize("dtype", ["float64", "int8", "complex128"])
def test_on_root_gathers_to_one_rank(view, dtype):
    x = numpy.arange(90 * 70).reshape(90, 70).astype(dtype)
    u = quelea.asarray(x)
    u += 1
    found = quelea.on_root(lambda a, b: (a.copy(), type(a), b), u[view], "passed on")
    numpy.testing.assert_array_equal(found[0], (x + 1).astype(dtype)[view], strict=True)
    assert found[1:] == (numpy.ndarray, "passed on")


def test_strict_counts_what_a_node_does_not_own():
    """Rows of another shape lie nearly where the elements do: a few go to a neighbour."""
    x = quelea.sqrt(quelea.arange(90000.0))
    quelea.sync()
    before, kept = quelea.config.strict, []
    quelea.config.strict = True
    try:
        y = x.reshape(3000, 30) * 2
        z = y.reshape(-1)[1:] + 1
        quelea.sync()
        if NODES > 1:
            with pytest.raises(quelea.StrictError, match=r"moves [0-9]+ elements"):
                kept.append(x[::-1] + x)
                quelea.sync()
    finally:
        quelea.config.strict = before
    want = numpy.sqrt(numpy.arange(90000.0)).reshape(3000, 30) * 2
    numpy.testing.assert_array_equal(numpy.asarray(y), want)
    numpy.testing.assert_array_equal(numpy.asarray(z), want.reshape(-1)[1:] + 1)
