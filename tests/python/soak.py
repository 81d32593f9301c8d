"""Random programs for a job of ranks, for long: their values are NumPy's, and what is dropped leaves its memory.

    mpirun -n 4 python tests/python/soak.py SEED PROGRAMS ROUNDS        the same programs in each round
    mpirun -n 4 python tests/python/soak.py SEED STEPS kept FOLDER      one that keeps itself, and goes on

What a rank holds on to beside the program, and when it lets go of that, by which thread, or by which collection of
cycles, is decided by that rank alone.
"""

import ctypes
import gc
import hashlib
import json
import os
import queue
import random
import resource
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
from fusion_random import Program

import quelea

STATEMENTS = 32  # of a program


@quelea.jit
def _widest(x: Any, y: Any) -> None:
    for i in range(1, len(x) - 1):
        best = x[i - 1]
        for k in range(i, i + 2):
            best = max(best, x[k])
        y[i] = best


@quelea.jit
def _total(x: Any) -> Any:
    s = 0.0
    for i in range(len(x)):
        if x[i] > 3:
            s += x[i]
    return s


@quelea.stencil(mode="wrap")
def _around(a: Any) -> Any:
    return a[-1] + a[0] + a[1]


class Mixed(Program):
    """Also sorts, scans, products, indices and masks, compiled functions, random numbers, and looks."""

    def __init__(self, np: ModuleType, seed: int, scale: int) -> None:
        super().__init__(np, seed, scale)
        self.seen: list[float] = []

    def any_line(self) -> int:
        return self.random.randrange(len(self.lines))

    def any_sheet(self) -> int:
        return self.random.randrange(len(self.sheets))

    def step(self) -> None:
        if self.random.random() < 0.6:
            super().step()
        else:
            self.random.choice(self.KINDS)(self)

    def sorted(self) -> None:
        self.lines[self.any_line()] = self.np.sort(self.view((self.long,)))

    def places(self) -> None:
        self.lines[self.any_line()] = self.np.argsort(self.view((self.long,)), stable=True) * 1.0

    def scanned(self) -> None:
        axis = self.random.choice([0, 1])
        self.sheets[self.any_sheet()] = self.np.cumsum(self.target((9, self.wide)), axis) % 83

    def product(self) -> None:
        x = self.sheets[self.any_sheet()] % 97
        y = self.sheets[self.any_sheet()] % 97
        self.sheets[self.any_sheet()][:, :9] = x @ y.T % 79

    def taken(self) -> None:
        order = list(range(self.long))
        self.random.shuffle(order)
        places = self.np.asarray(numpy.array(order))
        if self.random.random() < 0.5:
            self.lines[self.any_line()] = self.lines[self.any_line()][places]
        else:
            self.lines[self.any_line()][places] = self.lines[self.any_line()] + 1

    def masked(self) -> None:
        x, y = self.sheets[self.any_sheet()], self.target((9, self.wide))
        choice = self.random.random()
        if choice < 0.4:
            x[y > 20] = self.random.randint(0, 9)
        elif choice < 0.7:
            self.numbers[self.random.randrange(2)] = x[y > 20].sum() % 71
        else:
            self.sheets[self.any_sheet()] = self.np.where(y > x, y - x, x)

    def joined(self) -> None:
        x = self.lines[self.any_line()]
        cut = self.random.randrange(1, self.long)
        self.lines[self.any_line()] = self.np.concatenate((x[cut:], x[:cut]))
        y = self.sheets[self.any_sheet()]
        self.sheets[self.any_sheet()] = self.np.roll(y, self.random.randint(-3, 3), axis=1)

    def cast(self) -> None:
        x = (self.lines[self.any_line()] % 50).astype(self.random.choice(["i2", "f4", "i8", "u1"]))
        self.lines[self.any_line()] = (x + x[::-1]) * 1.0

    def looped(self) -> None:
        x, y = self.lines[self.any_line()], self.lines[self.any_line()] + 1
        _widest(x, y)
        self.lines[self.any_line()] = y
        self.seen.append(float(_total(x)))

    def around(self) -> None:
        self.lines[self.any_line()] = _around(self.lines[self.any_line()])

    def drawn(self) -> None:
        numbers = self.np.random.default_rng(self.random.randrange(99)).integers(0, 90, self.long)
        self.lines[self.any_line()] = numbers * 1.0

    def looked(self) -> None:
        self.seen.append(float(self.lines[self.any_line()].max() - self.numbers[0]))

    KINDS = (sorted, places, scanned, product, taken, masked, joined, cast, looped, around, drawn, looked)  # fmt: skip

    def everything(self) -> list[Any]:
        return self.lines + self.sheets + self.numbers


class Rubbish:
    """What this rank alone holds on to."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"{seed} {quelea.rank}")
        self.held: list[Any] = []
        self.others: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._drop, daemon=True)
        self.thread.start()
        gc.disable()  # it comes when this rank decides

    def _drop(self) -> None:
        while (given := self.others.get()) is not None:
            given.clear()

    def hold(self, x: Any) -> None:
        if self.random.random() < 0.3:
            self.held.append(x)
        elif x.ndim and self.random.random() < 0.3:
            self.held.append(
                x[self.random.choice([slice(1, None), slice(None, None, -2), slice(0)])]
            )

    def let_go(self) -> None:
        for _ in range(self.random.choice([0, 0, 1, 2, 8])):
            if self.held:
                x = self.held.pop(self.random.randrange(len(self.held)))
                match self.random.randrange(3):
                    case 0:
                        cycle = [x]
                        cycle.append(cycle)
                    case 1:
                        self.others.put([x])
        if self.random.random() < 0.04:
            gc.collect()

    def nothing(self) -> None:
        """The thread, too, has let go of what it was given."""
        self.held.clear()
        self.others.put(None)
        self.thread.join()
        gc.collect()
        self.thread = threading.Thread(target=self._drop, daemon=True)
        self.thread.start()


def advance(ours: Mixed, theirs: Mixed | None, rubbish: Rubbish, choose: random.Random) -> None:
    """One flush, of some statements, and beside it what this rank does."""
    for _ in range(choose.choice([1, 1, 2, 4])):
        rubbish.hold(choose.choice(ours.everything()))
        ours.step()
        if theirs:
            theirs.step()
        rubbish.let_go()
    if choose.random() < 0.2:
        rubbish.hold(numpy.asarray(choose.choice(ours.lines)))  # all ranks', and held by some
    ours.shrink()
    if theirs:
        theirs.shrink()
    quelea.sync()


def begin(np: ModuleType, seed: int) -> tuple[Mixed, random.Random]:
    choose = random.Random(seed)
    return Mixed(np, seed, choose.choice([1, 7, 40])), choose


def play(seed: int, rubbish: Rubbish) -> None:
    (ours, choose), (theirs, _) = begin(quelea, seed), begin(numpy, seed)
    for _ in range(STATEMENTS):
        advance(ours, theirs, rubbish, choose)
    for k, (x, y) in enumerate(zip(ours.everything(), theirs.everything(), strict=True)):
        numpy.testing.assert_array_equal(numpy.asarray(x), y, f"program {seed}, array {k}")
    assert ours.seen == theirs.seen, seed


class _Mallinfo(ctypes.Structure):
    FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS.split()]


def allocated() -> int:
    """Bytes that malloc has given and not taken back; 0 where the C library does not say."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    mallinfo.restype = _Mallinfo
    told = mallinfo()
    return int(told.uordblks + told.hblkhd)


def levels() -> dict[str, int]:
    """What there is now: of the node's memory, of this process, of shared memory."""
    with open("/proc/self/statm") as file:
        resident, shared = map(int, file.read().split()[1:3])
    counters = quelea.counters()
    return {
        **{
            name: counters[name]
            for name in ("arena_bytes", "kept_copies_bytes", "objects", "templates", "plans")
        },
        "allocated": allocated() - counters["plan_bytes"],
        "files": len(os.listdir("/proc/self/fd")),
        "own": (resident - shared) * resource.getpagesize(),
        "shared": shared * resource.getpagesize(),
    }


def rounds(seed: int, programs: int, count: int) -> None:
    rubbish = Rubbish(seed)
    told = []
    for _ in range(count):
        for k in range(programs):
            play(1000 * seed + k, rubbish)
        rubbish.nothing()
        quelea.sync()
        quelea.sync()
        told.append(levels())
    everyone = [json.loads(one) for one in quelea._quelea.collect(json.dumps(told).encode())]
    if quelea.rank == 0:
        print(json.dumps({"flushes": quelea.counters()["flushes"], "levels": everyone}))


def bits(program: Mixed) -> str:
    words = hashlib.sha256(repr(program.seen).encode())
    for x in program.everything():
        words.update(numpy.asarray(x).tobytes())
    return f"bits {words.hexdigest()}"


def undisturbed(seed: int, steps: int) -> str:
    """What NumPy ends with."""
    theirs, choose = begin(numpy, seed)
    rubbish = Rubbish(0)
    for _ in range(steps):
        advance(theirs, None, rubbish, choose)
    rubbish.nothing()
    gc.enable()
    return bits(theirs)


def generation(folder: str | Path) -> int:
    """Say which the last whole checkpoint is."""
    names = os.listdir(folder) if os.path.exists(folder) else []
    return max((int(name) for name in names if name.isdigit()), default=0)


def kept(seed: int, steps: int, folder: str) -> None:
    """A program that ends with the same bits, however often it was ended and went on."""
    rubbish = Rubbish(os.getpid())
    (ours, choose), first = begin(quelea, seed), 0
    if saved := quelea.restore(folder, None):
        ours.lines, ours.sheets, ours.numbers = saved["lines"], saved["sheets"], saved["numbers"]
        ours.seen, first = saved["seen"], saved["step"]
        ours.random.setstate(saved["random"][0])
        choose.setstate(saved["random"][1])
    print("from", first, os.getpid(), flush=True)
    for step in range(first, steps):
        quelea.checkpoint_every(
            0.05,
            folder,
            lines=ours.lines,
            sheets=ours.sheets,
            numbers=ours.numbers,
            seen=ours.seen,
            step=step,
            random=[ours.random.getstate(), choose.getstate()],
        )
        advance(ours, None, rubbish, choose)
    print(bits(ours))


if __name__ == "__main__":
    numpy.seterr(all="ignore")
    if sys.argv[3] == "kept":
        kept(int(sys.argv[1]), int(sys.argv[2]), sys.argv[4])
    else:
        rounds(*map(int, sys.argv[1:4]))
