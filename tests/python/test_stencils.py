"""The stencils of ``bench sweeps``: Quelea, loops for Numba and the references in C have NumPy's bits; the command."""

import re

import numpy
import pytest
from jobs import LAUNCHED, LIMIT
from support import same

import quelea
from quelea.bench import main
from quelea.bench.grids import checksum, start_values
from quelea.bench.jobs import References, agree, reading
from quelea.bench.programs.stencil_loops import loops
from quelea.bench.programs.stencils import STENCILS

N, STEPS = 23, 5
OF_NUMPY = {}  # the answers; made once
each = pytest.mark.parametrize("stencil", STENCILS, ids=lambda stencil: stencil.name)
starts_jobs = pytest.mark.skipif(LAUNCHED, reason="starts jobs of its own")


def answer(stencil, n=N, steps=STEPS):
    key = stencil.name, n, steps
    if key not in OF_NUMPY:
        OF_NUMPY[key] = stencil.run(steps, *stencil.arrays(numpy, n))
    return OF_NUMPY[key]


def test_start_values_differ_and_go_on():
    whole = start_values(numpy, (4, 5, 6))
    assert 0 <= whole.min() < 0.1 and 0.9 < whole.max() < 1 and len(set(whole.flat)) == whole.size
    numpy.testing.assert_array_equal(start_values(numpy, (2, 5, 6), 60), whole[2:])


def test_checksums_see_every_bit_and_place():
    a = start_values(numpy, (5, 7))
    want = sum((2 * k + 1) * int(bits) for k, bits in enumerate(a.view(numpy.uint64).flat))
    assert checksum(a) == checksum(a[:3], a[3:]) == want % 2**64
    b = a.copy()
    b[4, 6] = numpy.nextafter(b[4, 6], 2)
    c = a[:, ::-1]
    assert len({checksum(a), checksum(b), checksum(c)}) == 3


@each
def test_as_numpy(stencil):
    got = stencil.run(STEPS, *stencil.arrays(quelea, N))
    want = answer(stencil)
    assert len(got) == len(want) == len(stencil.scales)
    for ours, theirs, start in zip(got, want, stencil.arrays(numpy, N), strict=False):
        same(ours, theirs)
        assert (theirs != start).any()


@each
def test_loops_as_slices(stencil):
    function = loops(lambda given: given, range)[stencil.name]
    for ours, theirs in zip(
        function(STEPS, *stencil.arrays(numpy, N)), answer(stencil), strict=True
    ):
        numpy.testing.assert_array_equal(ours, theirs)


# ---- what starts processes ----


@pytest.fixture(scope="module")
def references():
    return References()


@starts_jobs
@pytest.mark.parametrize("ranks", [2, 3])
@each
def test_references_on_ranks_have_the_bits(stencil, ranks, references):
    command = ["mpirun", "--timeout", str(LIMIT), "--oversubscribe", "-n", str(ranks)]
    program = references.program(f"{stencil.name}_mpi")
    got = reading([*command, program, str(N), str(STEPS), "2"])
    assert got["checksum"] == checksum(*answer(stencil))
    assert got["seconds"] > 0 and got["start"] > 0


@starts_jobs
@pytest.mark.parametrize(
    "words",
    [
        "jacobi_omp",
        *(f"jacobi_sweep {how}" for how in ("1000 16 2", "7 5 1", "2 16 4", "3 1 3", "1000 100 2")),
    ],
)
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_references_on_threads_have_the_bits(words, threads, references):
    name, *how = words.split()
    n, steps = 40, 23
    command = [references.program(name), str(n), str(steps), "2", *how]
    got = reading(command, OMP_NUM_THREADS=threads)
    assert got["checksum"] == checksum(*answer(STENCILS[0], n, steps))


def row(out, name):
    return next(line for line in out.splitlines() if line.startswith(f"  {name}  "))


@starts_jobs
@pytest.mark.slow
def test_command(capsys):
    asked = ["--rows", "shallow", "--n", "24", "--steps", "6", "--rows", "vectors"]
    status = main(["sweeps", *asked, "--elements", "1003", "--repeats", "1"])
    out = capsys.readouterr().out
    assert "24 x 24, 6 steps; GPts/s, GFLOP/s at 14 a point, and percent of the limit of" in out
    assert re.search(
        r"^one step after another, \d+\.\d{3} GPts/s: \w+, 48 bytes a point$", out, re.M
    ), out
    assert re.search(
        r"ranks  +\d+\.\d{3} +\d+\.\d\d +\d+ %$", row(out, "C + MPI, 2 ranks").rstrip()
    )
    for side in ("Quelea, 2 ranks", "Quelea, 1 process, 2 threads, no sweeps", "NumPy"):
        assert re.search(r"\d\.\d{3}$", row(out, f"{side}  (to C + MPI)").rstrip())
    for name in ("sum", "dot", "triad", "copy"):
        assert f"\n{name}, 1003 float64" in out
    assert len(re.findall(r"^  C, 2 threads +\d+\.\d\d +\d+ % *$", out, re.M)) == 4
    assert out.count("Quelea, 2 ranks  (to C)") == 4
    assert (status, "required" in out) == (0, True)  # of these sizes nothing is


@starts_jobs
@pytest.mark.parametrize(
    ("asked", "text"),
    [(["--rows", "nothing"], "invalid choice"), (["--repeats", "0"], "at least 1")],
)
def test_command_takes_what_it_can_measure(asked, text, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["sweeps", *asked])
    assert text in capsys.readouterr().err


def test_different_answers_are_said():
    with pytest.raises(RuntimeError, match="what: the answers differ"):
        agree("what", {"a": [{"checksum": 1}], "b": [{"checksum": 1}, {"checksum": 2}]})
