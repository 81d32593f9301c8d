"""Checkpoints: what was kept comes back with its bits; what fails is one error on all ranks, and leaves what was there.

All ranks run these tests; files are looked at, and spoiled, by rank 0.
"""

import os
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from support import DTYPES, same, values

import quelea
from quelea.checkpointing import generations, keeping, looping, pieces

RANK = quelea.info()["rank"]
RANKS = quelea.info()["size"]


@pytest.fixture
def folder(folder: Path) -> Path:
    return folder / "run"


@pytest.fixture(params=["whole", "chunks"])
def chunk(request: Any, monkeypatch: Any) -> None:
    if request.param == "chunks":
        monkeypatch.setattr(pieces, "_CHUNK", 100)


def names(path: Path) -> list[str]:
    return quelea.on_root(lambda: sorted(os.listdir(path)))


def spoil(path: Path, work: Any) -> None:
    """Rank 0 does something to a file that it chooses."""
    quelea.on_root(lambda: work(path))


# ---- arrays ----

VIEWS = {
    "matrix": lambda x: x,
    "transposed": lambda x: x.T,
    "steps": lambda x: x[::2, ::-1],
    "row": lambda x: x[1],
    "element": lambda x: x[1, 1:2].reshape(()),
    "nothing": lambda x: x[:0],
    "cube": lambda x: x.reshape(6, -1, 3).transpose(1, 0, 2),
}


@pytest.mark.parametrize("name", VIEWS)
def test_arrays_come_back(name: str, folder: Path, chunk: None) -> None:
    for dtype in DTYPES if name in ("matrix", "transposed") else ["float64"]:
        a = numpy.resize(values(dtype), (120, 60))
        x = quelea.asarray(a)
        report = quelea.checkpoint(folder, x=VIEWS[name](x))
        saved = quelea.restore(folder)
        same(saved["x"], VIEWS[name](a), dtype)
        assert report.bytes == VIEWS[name](a).nbytes
        assert saved.report.generation == report.generation
        saved["x"][...] = 0  # it is an array of its own
        same(x, a, dtype)


def test_arrays_of_all_sizes_come_back(folder: Path, chunk: None) -> None:
    shapes = [(), (1,), (0, 3), (7,), (3000,), (1, 5000), (5000, 1), (3, 4, 500), (2, 2, 2, 700)]
    arrays = [
        numpy.arange(numpy.prod(shape, dtype=int), dtype=float).reshape(shape) for shape in shapes
    ]
    quelea.checkpoint(folder, all=[quelea.asarray(a) for a in arrays])
    for a, x in zip(arrays, quelea.restore(folder)["all"], strict=True):
        same(x, a, a.shape)


def test_each_rank_writes_its_piece(folder: Path) -> None:
    assert quelea.checkpoint(folder, x=quelea.ones(())).files == 1, "which all ranks have"
    assert quelea.checkpoint(folder, x=quelea.ones((700, 40)), y=quelea.ones(())).files == RANKS
    assert names(folder / "00000002") == ["manifest", *(f"piece-{r:05d}" for r in range(RANKS))]


def test_what_is_recorded_is_kept_and_not_what_follows(folder: Path) -> None:
    x = quelea.zeros((300, 40))
    for step in range(5):
        x[1:-1] = x[:-2] + x[2:] + step
    a = numpy.zeros((300, 40))
    for step in range(5):
        a[1:-1] = a[:-2] + a[2:] + step
    quelea.checkpoint(folder, x=x)
    x += 1
    same(quelea.restore(folder)["x"], a)


def test_strict_lets_programs_keep_what_they_have(folder: Path) -> None:
    a = numpy.arange(6000.0).reshape(60, 100)
    x = quelea.asarray(a)
    quelea.config.strict = True
    try:
        quelea.checkpoint(folder, turned=x.T[::-1], part=x[7:, 3:])
        saved = quelea.restore(folder)
    finally:
        quelea.config.strict = False
    same(saved["turned"], a.T[::-1])
    same(saved["part"], a[7:, 3:])


def test_one_array_by_two_names_is_one(folder: Path) -> None:
    x = quelea.ones(3000)
    quelea.checkpoint(folder, a=x, b=[x])
    saved = quelea.restore(folder)
    saved["a"][0] = 5
    assert float(saved["b"][0][0]) == 5


@pytest.mark.parametrize("most", [2**25, 50000 // RANKS])
def test_many_arrays_read_each_table_once(most: int, folder: Path, monkeypatch: Any) -> None:
    shapes = [(k % 3, 40) if k % 7 else (k % 3 + 60, 40) for k in range(60)]
    arrays = {f"a{k}": numpy.full(shape, float(k)) for k, shape in enumerate(shapes)}
    quelea.checkpoint(folder, **{name: quelea.asarray(a) for name, a in arrays.items()})
    read, tables = pieces._table, []
    monkeypatch.setattr(pieces, "_table", lambda *args: tables.append(1) or read(*args))
    monkeypatch.setattr(keeping, "_AT_A_TIME", most)
    saved = quelea.restore(folder)
    for name, a in arrays.items():
        same(saved[name], a, name)
    if most == 2**25:
        assert len(tables) <= RANKS
    else:
        counts = [int(one) for one in quelea._quelea.collect(b"%d" % len(tables))]
        assert sum(counts) > RANKS


def test_names_may_come_in_another_order_on_each_rank(folder: Path) -> None:
    arrays = {name: quelea.full((80, 90), float(k)) for k, name in enumerate("uvwp")}
    names_here = list(arrays)[:: -1 if RANK % 2 else 1]
    quelea.checkpoint(folder, **{name: arrays[name] for name in names_here})
    saved = quelea.restore(folder)
    assert "".join(saved) == "uvwp", "rank 0's"
    for k, name in enumerate("uvwp"):
        same(saved[name], numpy.full((80, 90), float(k)), name)


def test_chunks_tile_a_box_in_order(monkeypatch: Any) -> None:
    for most in (8, 16, 24, 100, 1000, 10**6):
        monkeypatch.setattr(pieces, "_CHUNK", most)
        for begin, end in [((), ()), ((2,), (9,)), ((1, 2, 3), (4, 6, 5)), ((0, 0), (3, 0))]:
            a = numpy.arange(9 ** len(begin)).reshape((9,) * len(begin))
            found: list[int] = []
            for lo, hi in pieces.chunks((begin, end), 8):
                part = a[tuple(slice(*s) for s in zip(lo, hi, strict=True))]
                assert part.size * 8 <= most
                found += part.ravel().tolist()
            assert (
                found == a[tuple(slice(*s) for s in zip(begin, end, strict=True))].ravel().tolist()
            )


# ---- values ----

VALUES = [
    None, True, 0, -1, 2**63, -(2**200), 0.1, -0.0, float("inf"), 1e-310, "", "äß\n\"", b"\0\xff",
    1 + 2j, complex(-0.0, float("inf")), [], [1, [2, (3,)]], (), (1, "a", None), {},
    {"a": {1: 2.5, (1, 2): "x", None: []}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back(value: Any, folder: Path) -> None:
    quelea.checkpoint(folder, value=value)
    found = quelea.restore(folder)["value"]
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_nan_keeps_its_bits(folder: Path) -> None:
    odd = numpy.array([0x7FF8000000000123], numpy.uint64).view(numpy.float64)
    quelea.checkpoint(folder, a=float("nan"), b=odd, c=odd[0], d=float(odd[0]))
    found = quelea.restore(folder)
    assert found["a"] != found["a"]
    for name in "bcd":
        assert numpy.float64(found[name]).tobytes() == odd.tobytes(), name


def test_values_of_numpy_come_back(folder: Path) -> None:
    given = {
        "scalar": numpy.float32(0.1),
        "word": numpy.str_("ab"),
        "no word": numpy.str_(""),
        "no bytes": numpy.bytes_(b""),
        "zero": numpy.bytes_(b"a\0"),
        "zeros": numpy.str_("a\0\0"),
        "array": numpy.arange(6, dtype=">i4").reshape(2, 3),
        "texts": numpy.array(["a", "bcd"]),
    }
    quelea.checkpoint(folder, **given)
    found = quelea.restore(folder)
    for name, value in given.items():
        assert numpy.array_equal(found[name], value), name
        assert numpy.shape(found[name]) == numpy.shape(value)
        assert found[name].dtype == value.dtype.newbyteorder("=")
        assert type(found[name]) is type(value)


@pytest.mark.parametrize("bits", ["PCG64", "Philox", "PCG64DXSM", "SFC64", "MT19937"])
def test_random_numbers_go_on(bits: str, folder: Path) -> None:
    rng = quelea.random.Generator(getattr(quelea.random, bits)(5))
    rng.random(3), rng.integers(0, 9, dtype="int32")
    quelea.checkpoint(folder, rng=rng, state=rng.bit_generator.state)
    expected = rng.random(1000).tolist()
    saved = quelea.restore(folder)
    assert saved["rng"].random(1000).tolist() == expected
    rng.bit_generator.state = saved["state"]
    assert rng.random(1000).tolist() == expected


@pytest.mark.parametrize("bits", ["PCG64", "Philox", "PCG64DXSM", "SFC64", "MT19937"])
@pytest.mark.parametrize("seed", [5, 2**70, (1, 2**40), numpy.arange(3)], ids=repr)
def test_children_of_generators_go_on(bits: str, seed: Any, folder: Path) -> None:
    seeds = quelea.random.SeedSequence(seed, spawn_key=(4,), pool_size=8)
    rng = quelea.random.Generator(getattr(quelea.random, bits)(seeds))
    rng.spawn(2)
    quelea.checkpoint(folder, rng=rng)
    found = quelea.restore(folder)["rng"]
    for _ in range(2):
        children, expected = found.spawn(2), rng.spawn(2)
        assert [c.random(3).tolist() for c in children] == [c.random(3).tolist() for c in expected]


def test_a_generator_with_a_key_has_no_children(folder: Path) -> None:
    rng = quelea.random.Generator(quelea.random.Philox(key=3))
    quelea.checkpoint(folder, rng=rng)
    found = quelea.restore(folder)["rng"]
    assert found.random(3).tolist() == rng.random(3).tolist()
    for one in (rng, found):
        with pytest.raises(TypeError):
            one.spawn(1)


class Own(dict):  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "value is a builtins.object"),
        ({"a": [1, {2}]}, r"value\['a'\]\[1\] is a builtins.set"),
        (Own(), "Own"),
        (numpy.array([None]), "dtype object"),
        (numpy.datetime64("2020"), "datetime64"),
    ],
    ids=repr,
)
def test_other_values_are_refused_before_anything_is_written(
    value: Any, text: str, folder: Path
) -> None:
    with pytest.raises(TypeError, match=text):
        quelea.checkpoint(folder, x=quelea.ones(5), value=value)
    assert not quelea.on_root(folder.exists)


def test_large_arrays_of_numpy_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"quelea\.asarray"):
        quelea.checkpoint(folder, x=numpy.zeros(2**21 + 1))


# ---- generations ----


def test_so_many_generations_stay(folder: Path) -> None:
    for k in range(1, 5):
        report = quelea.checkpoint(folder, keep=3, k=k, x=quelea.full(2000, k))
        assert report.generation == k
    assert names(folder) == ["00000002", "00000003", "00000004"]
    assert quelea.restore(folder)["k"] == 4
    assert quelea.restore(folder, generation=2)["k"] == 2
    assert float(quelea.restore(folder, generation=2)["x"].sum()) == 4000
    with pytest.raises(FileNotFoundError):
        quelea.restore(folder, generation=1)


def test_nothing_was_kept(folder: Path) -> None:
    assert quelea.restore(folder, None) is None
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        quelea.restore(folder)
    for call in (
        quelea.checkpoint,
        lambda *args, **what: quelea.checkpoint_every(9, *args, **what),
    ):
        with pytest.raises(ValueError, match="keep=0"):
            call(folder, keep=0)
        with pytest.raises(TypeError, match="float"):
            call(folder, keep=1.5)
    assert not quelea.on_root(folder.exists)


def test_what_a_killed_job_has_left_is_not_seen_and_goes(folder: Path) -> None:
    quelea.checkpoint(folder, k=1)
    spoil(folder, lambda path: [os.mkdir(path / ".new-00000002"), os.mkdir(path / ".old-00000000")])
    assert quelea.restore(folder)["k"] == 1
    quelea.checkpoint(folder, k=2)
    assert names(folder) == ["00000001", "00000002"]


def test_jobs_that_write_to_one_path_leave_each_other_alone(folder: Path) -> None:
    def write() -> list[Any]:
        first = generations.Writing(str(folder))
        second = generations.Writing(str(folder))
        there = [os.path.exists(one.folder) for one in (first, second)]
        return [there, *(one.finish('{"files": {}}', [], 9) for one in (second, first))]

    quelea.checkpoint(folder, k=1)
    assert quelea.on_root(write) == [[True, True], 2, 3]
    assert names(folder) == ["00000001", "00000002", "00000003"]


def test_what_another_job_removes_is_no_checkpoint(folder: Path) -> None:
    """Where files have no locks, it takes what is being written for what a killed job has left."""

    def write() -> Any:
        mine = generations.Writing(str(folder))
        shutil.rmtree(mine.folder)
        os.mkdir(mine.folder)  # as ranks do that do not see it
        with pytest.raises(generations.CheckpointError, match="another job has removed"):
            mine.finish('{"files": {}}', [], 1)
        mine.abandon()

    quelea.checkpoint(folder, k=1)
    quelea.on_root(write)
    assert names(folder) == ["00000001"]
    assert quelea.restore(folder)["k"] == 1


def test_a_number_that_another_job_takes(folder: Path, monkeypatch: Any) -> None:
    quelea.checkpoint(folder, k=1)
    monkeypatch.setattr(generations.Writing, "_next", lambda writing: 1)  # what it saw before
    assert quelea.checkpoint(folder, k=2).generation == 2


def test_a_generation_that_another_job_removes(folder: Path, monkeypatch: Any) -> None:
    for k in (1, 2):
        quelea.checkpoint(folder, keep=1, k=k)
    last, looks = generations.last, []
    monkeypatch.setattr(
        generations, "last", lambda path: looks.append(1) or (last(path) if len(looks) > 1 else 1)
    )
    assert quelea.restore(folder)["k"] == 2


def test_what_is_no_generation_stays(folder: Path) -> None:
    quelea.checkpoint(folder, k=1)
    spoil(folder, lambda path: [(path / "00000099").write_bytes(b""), (path / "00000000").mkdir()])
    assert quelea.restore(folder)["k"] == 1
    assert quelea.checkpoint(folder, k=2, keep=1).generation == 100
    assert names(folder) == ["00000000", "00000099", "00000100"]


@pytest.mark.parametrize("how", ["manifest", "no manifest", "missing", "truncated"])
def test_damaged_generations_are_not_counted(how: str, folder: Path) -> None:
    for k in (1, 2):
        quelea.checkpoint(folder, k=k, x=quelea.full(5000, float(k)))
    name, work, _, _ = SPOILED[how]
    spoil(folder / "00000002" / name, work)
    quelea.checkpoint(folder, k=3)
    assert names(folder) == ["00000001", "00000002", "00000003"]
    spoil(folder / "00000003" / "manifest", lambda p: p.unlink())
    with pytest.raises(FileNotFoundError) as caught:
        quelea.restore(folder)
    assert "generation=1" in str(caught.value.__notes__), "the last that is whole"
    quelea.checkpoint(folder, k=4)
    quelea.checkpoint(folder, k=5)
    left = {"00000002", "00000003"} if how == "no manifest" else {"00000003"}
    assert set(names(folder)) == {"00000004", "00000005"} | left


# ---- failures ----


def refused(folder: Path, kind: Any, text: str) -> None:
    """All ranks get one error, and go on."""
    with pytest.raises(kind, match=text) as caught:
        quelea.restore(folder)
    said = [one.decode() for one in quelea._quelea.collect(str(caught.value).encode())]
    assert len(set(said)) == 1
    assert float(quelea.ones(3000).sum()) == 3000


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


LAST = "00000002"
SPOILED = {
    "missing": ("piece-00000", lambda p: p.unlink(), FileNotFoundError, "piece-00000"),
    "truncated": ("piece-00000", lambda p: os.truncate(p, 100), quelea.CheckpointError, "piece-00000.*100 bytes"),
    "changed": ("piece-00000", lambda p: flip(p, 5), quelea.CheckpointError, "piece-00000.*checksum"),
    "table": ("piece-00000", lambda p: flip(p, -3), quelea.CheckpointError, "piece-00000.*table"),
    "manifest": ("manifest", lambda p: flip(p, -3), quelea.CheckpointError, "manifest"),
    "no manifest": ("manifest", lambda p: p.unlink(), FileNotFoundError, "manifest"),
    "folder": ("manifest", lambda p: [p.unlink(), p.mkdir()], IsADirectoryError, "manifest"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("size", [10, 5000])
def test_a_spoiled_file_is_one_error(how: str, size: int, folder: Path) -> None:
    name, work, kind, text = SPOILED[how]
    for k in (1, 2):
        quelea.checkpoint(folder, k=k, x=quelea.full(size, float(k)))
    spoil(folder / LAST / name, work)
    refused(folder, kind, text)
    with pytest.raises(kind) as caught:
        quelea.restore(folder)
    assert "generation=1" in str(caught.value.__notes__)
    earlier = quelea.restore(folder, generation=1)
    same(earlier["x"], numpy.full(size, 1.0))


@pytest.mark.parametrize("rank", sorted({0, RANKS - 1}))
def test_a_full_disk_is_one_error_and_leaves_the_earlier_generation(
    rank: int, folder: Path
) -> None:
    quelea.checkpoint(folder, x=quelea.full((2000, 10), 1.0))
    x = quelea.full((2000, 10), 2.0)
    quelea.sync()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if rank == RANK:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match=r"piece-0000|manifest") as caught:
            quelea.checkpoint(folder, x=x)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    said = [one.decode() for one in quelea._quelea.collect(str(caught.value).encode())]
    assert len(set(said)) == 1
    assert names(folder) == ["00000001"]
    same(quelea.restore(folder)["x"], numpy.full((2000, 10), 1.0))


def test_a_path_that_is_no_folder(folder: Path) -> None:
    spoil(folder, lambda path: path.write_bytes(b""))
    with pytest.raises((FileExistsError, NotADirectoryError), match="run"):
        quelea.checkpoint(folder, x=1)


# ---- in a loop ----


@pytest.fixture
def loop(monkeypatch: Any) -> Iterator[None]:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)]
    monkeypatch.setattr(looping, "_loop", looping._Loop())
    yield
    quelea._quelea.answered(3)
    for number, handler in zip((signal.SIGTERM, signal.SIGUSR1), handlers, strict=True):
        signal.signal(number, handler)


def test_a_loop_is_kept_when_it_is_time(folder: Path, loop: None) -> None:
    x, written = quelea.ones(3000), []
    for step in range(10**8):  # in less time than that nobody goes through it
        if quelea.checkpoint_every(0.02, folder, x=x, step=step):
            written.append(step)
        x[1:] = x[:-1] + 1
        if len(written) == 2:
            break
    assert 0 < written[0] < written[1]
    assert quelea.restore(folder)["step"] == written[1]
    said = quelea._quelea.collect(str(written).encode())
    assert len(set(said)) == 1, "the ranks decide alike"


def test_a_loop_that_agrees_on_nothing_is_kept(folder: Path, loop: None) -> None:
    written = [step for step in range(50) if quelea.checkpoint_every(1e-6, folder, step=step)]
    assert 2 <= len(written) <= 50
    assert len(set(quelea._quelea.collect(str(written).encode()))) == 1


def test_each_call_and_none(folder: Path, loop: None) -> None:
    assert [quelea.checkpoint_every(1000, folder, k=k) for k in range(50)] == [None] * 50
    assert not quelea.on_root(folder.exists)
    for k in range(3):
        assert quelea.checkpoint_every(0, folder, k=k) is not None
    assert quelea.restore(folder)["k"] == 2
    with pytest.raises(ValueError, match="-1 is no number of seconds"):
        quelea.checkpoint_every(-1, folder, k=k)


def test_there_is_one_clock(folder: Path, loop: None) -> None:
    quelea.checkpoint_every(1000, folder / "a", k=1)
    quelea.checkpoint_every(1000, folder / "b", k=1)  # the next loop
    with pytest.raises(ValueError, match="one clock"):
        quelea.checkpoint_every(1000, folder / "a", k=1)


def test_a_call_that_writes_nothing_executes_nothing(folder: Path, loop: None) -> None:
    quelea.checkpoint_every(1000, folder)
    x = quelea.ones((300, 300))
    quelea.sync()
    before = quelea.counters()["flushes"]
    for _ in range(8):
        x[1:-1] = 0.5 * (x[:-2] + x[2:])
        quelea.checkpoint_every(1000, folder, x=x)
    if "QUELEA_FLUSH" not in os.environ and "QUELEA_TIME_BLOCK" not in os.environ:
        assert quelea.counters()["flushes"] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("rank", sorted({0, RANKS - 1}))
def test_a_signal_is_answered_by_all_ranks(
    number: Any, rank: int, folder: Path, loop: None, capsys: Any
) -> None:
    x, last = quelea.ones(3000), 0
    with pytest.raises(SystemExit) as ended:
        for step in range(10000):
            quelea.checkpoint_every(1000, folder, x=x, step=step)
            x[1:] = x[:-1] + 1
            last = step
            if step == 5 and rank == RANK:
                os.kill(os.getpid(), number)
    assert ended.value.code == 0
    assert quelea.restore(folder)["step"] == last + 1
    assert len(set(quelea._quelea.collect(str(last).encode()))) == 1
    if RANK == 0:
        assert "a signal asks the job to end" in capsys.readouterr().err


def test_one_that_fails_is_not_the_last(folder: Path, loop: None) -> None:
    spoil(folder, lambda path: path.write_bytes(b""))
    x, failed = quelea.ones(3000), 0
    for step in range(10**8):
        try:
            if quelea.checkpoint_every(0.005, folder, x=x, step=step):
                break
        except OSError:
            failed += 1
            if failed == 2:
                spoil(folder, Path.unlink)
        x[1:] = x[:-1] + 1
    assert failed == 2
    assert quelea.restore(folder)["step"] == step


def test_a_signal_stays_asked_until_one_is_written(folder: Path, loop: None) -> None:
    spoil(folder, lambda path: path.write_bytes(b""))
    failed = 0
    with pytest.raises(SystemExit):
        for step in range(200):
            try:
                quelea.checkpoint_every(1000, folder, step=step)
            except OSError:
                failed += 1
                if failed == 2:
                    spoil(folder, Path.unlink)
            if step == 5 and RANK == RANKS - 1:
                os.kill(os.getpid(), signal.SIGUSR1)
    assert failed == 2
    assert quelea.restore(folder)["step"] == step
    assert quelea.checkpoint_every(1000, folder, step=step) is None, "it is answered"


def test_forked_children_heed_no_signals(folder: Path, loop: None) -> None:
    quelea.checkpoint_every(1000, folder)
    child = os.fork()
    if not child:
        handlers = {signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
        os._exit(handlers != {signal.SIG_DFL})
    assert os.waitpid(child, 0)[1] == 0
    assert signal.getsignal(signal.SIGTERM) == looping._come


def test_handlers_of_the_program_stay(folder: Path, loop: None) -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    quelea.checkpoint_every(1000, folder)
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) == looping._come
