"""Statements on few elements, which are executed when they are recorded, where every rank has their arrays.

Where arrays are partitioned, and where QUELEA_IMMEDIATE is 0, the same programs are recorded: the values are the same.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
import pytest
from support import AT_ONCE, happened, same

import quelea

LARGE = 5000  # elements: such statements are recorded, unless each has needed a plan of its own


# ---- programs ----


def start(np: Any) -> list[Any]:
    """Arrays of several dtypes and sizes: few elements, and some that no immediate statement takes."""
    n = numpy.arange(48)
    whole = [
        n * 0.25 - 3,
        (n * 7 % 13).astype("float32"),
        n * 5 % 11,
        (n * 3 % 7).astype("uint8"),
        n % 3 == 0,
        (n * 0.5 - 4) + 1j * (n % 5),
        numpy.arange(float(LARGE)) % 17,
    ]
    arrays = [np.asarray(a.reshape(6, 8) if a.size == 48 else a) for a in whole]
    return [*arrays, np.asarray((n * 0.125).reshape(6, 8), order="F")]


VIEWS = [
    "{}",
    "{}[1:5]",
    "{}[::-1]",
    "{}[::2]",
    "{}.T",
    "{}.T[::-2, ::-1]",
    "{}[2]",
    "{}[2:3]",
    "{}[-1, 1:6]",
    "{}[:, 3]",
    "{}[4:1:-1, ::3]",
    "{}[None, 1]",
    "{}[0, 0]",
]
READ_VIEWS = [
    "np.broadcast_to({}[2], (6, 8))",
    "np.broadcast_to({}[:, 3:4], (6, 8))[::-1]",
    "np.broadcast_to({}[::-1, None, ::2], (6, 2, 4))[:, 1]",
    "np.broadcast_to({}[0, 5], (6, 8)).T",
]
FLAT_VIEWS = ["{}[:40]", "{}[8:48]", "{}[::200]", "{}[-30:-5]", "{}[3]", "{}"]
REDUCTIONS = ["sum()", "sum(0)", "sum(-1)", "max()", "min(0)", "any()", "all(-1)", "prod(0)"]


def view_of(choose: random.Random, arrays: list[Any], i: int, views: list[str]) -> str:
    return choose.choice(views if arrays[i].ndim == 2 else FLAT_VIEWS).format(f"x[{i}]")


def statement(choose: random.Random, arrays: list[Any]) -> tuple[str, Any]:
    """One line of a program over `x` (arrays) and `np`, and what is drawn with it."""
    i, j = choose.randrange(len(arrays)), choose.randrange(len(arrays))
    a = view_of(choose, arrays, i, VIEWS)
    b = view_of(choose, arrays, j, VIEWS + READ_VIEWS)
    k = choose.randrange(-3, 4)
    return choose.choice(
        [
            f"y = {a} + {b}",
            f"y = {a} * {k} - {b}",
            f"y = np.where({a} > {b}, {a}, {k})",
            f"y = np.maximum({a}, {b})",
            f"y = -{a} if {a}.dtype != bool else ~{a}",
            f"y = {a}.{choose.choice(REDUCTIONS)}",
            f"y = np.count_nonzero({a}, axis=0)",
            f"y = {b}.{choose.choice(REDUCTIONS)}",
            f"y = {b}.ravel({choose.choice('CFK')!r})",
            f"y = {b}.copy({choose.choice('CFAK')!r})",
            f"{a}[...] = {b}",
            f"{a}[...] = {k}",
            f"{a}[...] += {b}",
            f"{a}[...] = {a}[::-1] * {k}",
            f"np.add({a}, {b}, out={a})",
            f"y = {a}.astype('float32')",
            f"y = np.concatenate([{a}.ravel(), {b}.ravel()])",
            f"y = np.stack([{a}, {a}])",
            f"y = {a}.copy()",
            f"kept.append(numpy.asarray({a}))",
            "kept.clear()",
            f"y = {a} == {b}",
        ]
    ), k


def execute(np: Any, line: str, x: list[Any], kept: list[Any]) -> tuple[Any, bool]:
    """What a line gives, and whether it raises an exception."""
    scope = {"np": np, "x": x, "kept": kept, "numpy": numpy}
    try:
        exec(line, scope)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None, True
    return scope.get("y"), False


def need_plans() -> None:
    """Statements on up to 16 times as many elements are executed at once afterwards, by one process alone."""
    for n in range(1100, 3300):
        quelea.ones(n)
    quelea.sync()


def touch_few(arrays: list[Any]) -> None:
    """On the ranks of one node, arrays of middle size are replicated afterwards."""
    for x in arrays:
        for k in range(70):
            x[(k % 5,) * x.ndim] = x[(k % 3,) * x.ndim]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("large", ["recorded", "at once", "moved"])
def test_programs(seed: int, large: str) -> None:
    """Views that overlap, exports that are held, large arrays that wait: bit for bit NumPy's."""
    choose = random.Random(seed)
    if large == "at once":
        need_plans()
    x, y = start(quelea), start(numpy)
    y = [a.copy("K") for a in y]
    if large == "moved":
        touch_few(x)
        touch_few(y)
    kept: list[Any] = []
    held: list[Any] = []
    with numpy.errstate(all="ignore"):
        for step in range(60):
            line, _ = statement(choose, y)
            want, raised = execute(numpy, line, y, held)
            got, refused = execute(quelea, line, x, kept)
            assert raised == refused, (seed, step, line)
            if want is not None and choose.random() < 0.5:
                same(quelea.asarray(got), want, (seed, step, line))
            if choose.random() < 0.1:
                for ours, theirs in zip(kept, held, strict=True):
                    assert (
                        ours.shape == theirs.shape
                    )  # NumPy's shows what comes later, ours does not
    for k, (ours, theirs) in enumerate(zip(x, y, strict=True)):
        same(ours, theirs, (seed, k))


def test_an_export_keeps_its_values() -> None:
    x = quelea.zeros(10)
    x += 1
    seen = numpy.asarray(x)
    x[3] = 7
    x += 1
    assert seen.tolist() == [1.0] * 10
    assert numpy.asarray(x).tolist() == [2.0] * 3 + [8.0] + [2.0] * 6


def test_order_with_what_is_pending() -> None:
    """A small statement on a large array waits for those before it, and comes before those behind it."""
    a = numpy.arange(float(LARGE))
    x = quelea.asarray(a)
    small = quelea.zeros(5)
    x += 1
    small[...] = x[:5]
    x[:5] = small * 2
    x *= 3
    small += x[:5]
    a += 1
    b = a[:5].copy()
    a[:5] = b * 2
    a *= 3
    b += a[:5]
    same(small, b)
    same(x, a)


# ---- elements, then kernels ----

UNARY = ["exp", "log", "sin", "sqrt", "tanh", "arctan", "floor", "negative", "square", "isnan"]
BINARY = ["add", "subtract", "divide", "power", "maximum", "less", "hypot", "remainder"]


def cases(x: Any) -> list[Callable[[], Any]]:
    made: list[Callable[[], Any]] = [partial(getattr(quelea, name), x) for name in UNARY]
    made += [partial(getattr(quelea, name), x, x[::-1]) for name in BINARY]
    return [*made, x.sum, x[::-1].prod, lambda: x.reshape(25, 40).sum(0), lambda: x.astype("int16")]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_kernel_gives_what_elements_gave(dtype: str) -> None:
    """Met often enough, a statement is compiled: nothing changes."""
    for case in cases(quelea.asarray(numpy.linspace(0.1, 9.3, 1000).astype(dtype))):
        first = numpy.array(case())
        for _ in range(80):
            last = case()
        same(last, first)


# ---- what is immediate ----


@pytest.mark.skipif(not AT_ONCE, reason="arrays are partitioned, or every statement is recorded")
def test_small_statements_are_not_recorded() -> None:
    x = quelea.ones(50)
    x[3] = 2.0

    def work() -> None:
        for k in range(1, 50):
            x[k] = x[k - 1] * 0.5 + 1
        y = (x + x * 2)[::-1]
        assert float(y.sum()) > 0 and bool((y > 0).all())

    counts = happened(work)
    assert counts["statements"] == counts["flushes"] == 0 and counts["immediate"] > 150


@pytest.mark.skipif(not AT_ONCE, reason="arrays are partitioned, or every statement is recorded")
def test_looking_leaves_what_is_pending() -> None:
    x = quelea.ones(50)
    large = quelea.ones(LARGE)
    quelea.sync()

    def work() -> None:
        y = large + 1
        for k in range(10):
            assert float(x[k]) == 1.0
        assert quelea.counters()["flushes"] == before
        assert float(y[7]) == 2.0

    before = quelea.counters()["flushes"]
    assert happened(work)["flushes"] == 1


@pytest.mark.skipif(not AT_ONCE or quelea.info()["size"] > 1, reason="nothing large is at once")
def test_what_always_needs_a_new_plan_is_executed_without() -> None:
    """Extents that grow, beside sums that are looked at: no plan serves twice."""
    a, b = numpy.arange(float(LARGE)) % 7, numpy.arange(float(LARGE)) % 5
    x, y = quelea.asarray(a), quelea.asarray(b)

    def run(np: Any, u: Any, v: Any, first: int, last: int) -> None:
        for k in range(first, last):
            s = np.flip(u[:k]) @ v[:k]
            u[:k] += np.flip(v[:k]) * 0.5
            v[k] = np.floor(s) % 3  # sums stay exact

    need_plans()
    counts = happened(lambda: run(quelea, x, y, 1500, 1600))
    run(numpy, a, b, 1500, 1600)
    same(x, a)
    same(y, b)
    assert counts["flushes"] <= 1 and counts["immediate"] > 400, counts
    for _ in range(200):
        x += 1
        quelea.sync()
    assert happened(lambda: x.__iadd__(1))["immediate"] <= 1


# ---- where arrays of middle size lie ----

ONE_NODE_OF_RANKS = quelea.info()["size"] > 1 and quelea.info()["node_count"] == 1


@pytest.mark.parametrize("seed", range(6))
def test_arrays_that_move_there_and_back(seed: int) -> None:
    """Few elements at a time, then many, several times over; views, exports and results of what moves are held."""
    choose = random.Random(seed)
    shape = choose.choice([(3000,), (60, 70), (5, 11, 300)])
    a = numpy.arange(float(numpy.prod(shape))).reshape(shape) % 11
    b = a[::-1] * 2
    x, y = quelea.asarray(a), quelea.asarray(b)
    seen, held = [], []
    for turn in range(5):
        for k in range(choose.choice([50, 80, 150])):
            i = tuple(choose.randrange(n) for n in shape)
            j = tuple(choose.randrange(n) for n in shape)
            a[i] = a[j] + k
            x[i] = x[j] + k
            a[i[0]] += b[j[0]]
            x[i[0]] += y[j[0]]
        if choose.random() < 0.5:
            seen.append((numpy.asarray(x), a.copy()))
            held.append((x * 1, a.copy()))
        for _ in range(choose.choice([20, 40, 80])):
            a = numpy.where(a > 50, a - 50, a * 1.5)
            x[...] = quelea.where(x > 50, x - 50, x * 1.5)
            b += a
            y += x
            b %= 13
            y %= 13
        same(x, a, (seed, turn))
    same(y, b, seed)
    for ours, theirs in [*seen, *held]:
        same(quelea.asarray(ours), theirs, seed)


@pytest.mark.skipif(not (AT_ONCE and ONE_NODE_OF_RANKS), reason="nothing moves")
def test_what_is_computed_by_elements_moves_to_every_rank() -> None:
    x = quelea.zeros((60, 70))
    quelea.sync()

    def few() -> None:
        for k in range(1, 60):
            for j in range(20):
                x[k, j] = x[k - 1, j] + 1

    counts = happened(few)
    assert counts["statements"] < 300 and counts["immediate"] > 2000, counts

    def many() -> None:
        x[...] += 1

    assert happened(many)["replicated_statements"] == 1
    for _ in range(100):
        many()
    assert happened(many)["partitioned_statements"] == 1
    assert x[:, :20].tolist() == [[102.0 + k] * 20 for k in range(60)]


@pytest.mark.skipif(not (AT_ONCE and ONE_NODE_OF_RANKS), reason="nothing moves")
def test_a_new_array_of_which_few_elements_are_computed_is_replicated() -> None:
    a = numpy.arange(6000.0).reshape(60, 100)
    whole = quelea.asarray(a)
    made = []

    def columns() -> None:
        x = whole.copy()
        for k in range(1, 100):
            x[:, k] = x[:, k - 1] * 0.5 + 1
        made.append(x)

    counts = happened(columns)
    assert counts["statements"] < 40 and counts["immediate"] > 200, counts
    for k in range(1, 100):
        a[:, k] = a[:, k - 1] * 0.5 + 1
    same(made[0], a)


NEW = [
    "x * 2 + y",
    "np.where(x > y, x, y)",
    "x.copy()",
    "x.T.copy()",
    "x.T + 1",
    "x.astype('float32')",
    "np.concatenate([x, y[:7]])",
    "np.roll(x, 3, 1)",
    "np.stack([x, y, x]).sum(0)",
    "np.zeros((60, 70)) + 1",
    "np.arange(4200.0).reshape(60, 70) % 7",
    "x[::-1, ::2] * 1",
    "np.maximum(x[:, None], y[:40]).max(2)",
]


@pytest.mark.parametrize("made", NEW)
@pytest.mark.parametrize("seed", range(2))
def test_new_arrays_that_few_elements_wait_for(made: str, seed: int) -> None:
    """However it is computed, and whatever large follows."""
    choose = random.Random(seed)
    a = numpy.arange(4200.0).reshape(60, 70) % 11
    b = a[::-1] * 2 - 5
    x, y = quelea.asarray(a), quelea.asarray(b)
    if seed:
        quelea.sync()
    want = eval(made, {"np": numpy, "x": a, "y": b})
    got = eval(made, {"np": quelea, "x": x, "y": y})
    held = got * 1 if seed else got[2:]
    kept = want * 1 if seed else want[2:]
    for k in range(choose.choice([7, 20])):
        i, j = choose.randrange(want.shape[0]), choose.randrange(want.shape[1])
        for m in (want, got):
            m[i, 3:20] = m[j % m.shape[0], 1:18] * 0.5 + k
            m[:, j % m.shape[1]] += m[i, j]
            m[i, j] = m[0, j] + 1
    for m, other in ((want, b), (got, y)):
        m += m[::-1, ::-1]
        other[:5] = m[0, 1] + other[5:10]
        m[1] = m[:, 2].max() + k
    same(got, want, made)
    same(y, b, made)
    same(held, kept, made)


@pytest.mark.skipif(not (AT_ONCE and ONE_NODE_OF_RANKS), reason="nothing moves")
def test_edges_beside_large_statements_do_not_make_an_array_replicated() -> None:
    """Four small statements to a large one."""
    x = quelea.zeros((60, 70))
    for _ in range(50):
        x[0], x[-1], x[:, 0], x[:, -1] = 1.0, 2.0, 3.0, 4.0
        x[1:-1, 1:-1] = (x[:-2, 1:-1] + x[2:, 1:-1]) * 0.5

    def large() -> None:
        x[...] += 1
        quelea.sync()

    quelea.sync()
    assert happened(large)["partitioned_statements"] == 1
