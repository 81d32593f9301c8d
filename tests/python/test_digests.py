"""Digests: the same bits give the same text, on any number of ranks; other bits another one."""

import json
from pathlib import Path

import numpy
import pytest
from jobs import LAUNCHED, run

import quelea as np
from quelea import digests

DTYPES = ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]
SHAPES = [(), (0, 3), (3, 0), (5,), (40, 50), (50, 40), (3, 4, 5)]


def test_shapes_dtypes_and_elements_count() -> None:
    rng = numpy.random.default_rng(1)
    texts = []
    for dtype in DTYPES:
        for shape in SHAPES:
            host = (100 * rng.random(shape)).astype(dtype)
            texts.append(np.digest(np.asarray(host)))
            assert texts[-1] == np.digest(host)
    assert len(set(texts)) == len(texts)
    # what it was when this was written: it may not depend on the machine, nor on ranks
    assert np.digest(np.arange(1000.0).reshape(20, 50)) == "a767ee258c59040a"


def test_what_becomes_of_elements_is_not_stored() -> None:
    u = np.ones((500, 400))
    np.sync()
    told = str(np.explain(digests._sums(u, 0)[0]))
    assert told.count("stores uint64 (500, 400)") <= 1, (
        told
    )  # where the expression is too long for a kernel


def test_views_are_what_they_show() -> None:
    x = np.arange(3000.0).reshape(60, 50)
    z = x + 1j * x.T.reshape(60, 50)
    for view in (x[::2, ::-3].T, x[:, 7], z.real, z.imag, z[1::2].conj(), x[3:3]):
        assert np.digest(view) == np.digest(view.copy())
    assert np.digest(x, z) not in (np.digest(x), np.digest(z), np.digest(z, x))


@pytest.mark.parametrize(
    ("other", "place"), [(-0.0, (39, 49)), (5e-324, (0, 0)), (numpy.nan, (7, 7))]
)
def test_one_bit_is_enough(other: float, place: tuple[int, int]) -> None:
    x = np.zeros((40, 50))
    before = np.digest(x)
    x[place] = other
    after = np.digest(x)
    assert after != before
    x[place] = 0.0
    x[place[0], place[1] - 1] = other
    assert np.digest(x) not in (before, after)


@pytest.mark.skipif(LAUNCHED, reason="starts processes of its own")
def test_a_program_says_what_it_has_given(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import quelea as np\nu = np.ones(5000)\nprint(np.digest(u), float(u.sum()))\n"
    )
    said = []
    for ranks in (0, 2):
        file = tmp_path / f"{ranks}.json"
        status, out, err = run(program, ranks, QUELEA_PROFILE_FILE=str(file))
        assert status == 0, err
        said.append(json.loads(file.read_text()))
        assert out.split()[0] == said[-1]["digests"][0]
        parts = ("compute", "communication", "wait", "compile", "python", "other")
        assert sum(said[-1][name] for name in parts) == pytest.approx(said[-1]["seconds"])
    assert [one["ranks"] for one in said] == [1, 2]
    assert said[0]["digests"] == said[1]["digests"]
    assert said[0]["looks"] == said[1]["looks"] and said[0]["looks"][0] >= 3
