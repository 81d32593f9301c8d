"""The benchmark's programs on tiny data: those of ``bench small`` give NumPy's results, of ``bench jit`` Python's."""

import numpy
import pytest
from support import host, near, same

import quelea
from quelea.bench.programs import SECTIONS
from quelea.bench.programs.compiled import COMPILED, made

PROGRAMS = {p.run: p for s in SECTIONS for p in reversed(s.programs)}  # once, not for each size


def parts(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)
def test_as_numpy(program):
    data = program.data(*program.tiny)
    before = [x.copy() if isinstance(x, numpy.ndarray) else x for x in data]
    ours = [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in data]
    theirs, results = parts(program.run(numpy, *data)), parts(program.run(quelea, *ours))
    assert len(theirs) == len(results)
    for want, got in zip(theirs, results, strict=True):
        if not isinstance(got, quelea.ndarray):  # numbers that were looked at
            assert got == (want if program.exact else pytest.approx(want, rel=1e-12))
        elif program.exact:
            same(got, want)
        else:
            near(got, want, 1000, absolute=1000)
    for given, taken, kept in zip(data, ours, before, strict=True):
        numpy.testing.assert_array_equal(given, kept)
        numpy.testing.assert_array_equal(host(taken), kept)


@pytest.fixture(scope="module")
def functions():
    return made(lambda function: function), made(quelea.jit)


@pytest.mark.parametrize("program", [p for s in COMPILED for p in s.programs], ids=lambda p: p.name)
def test_as_python(program, functions):
    plain, compiled = functions
    data = program.data(*program.tiny)
    before = [x.copy() if isinstance(x, numpy.ndarray) else x for x in data]
    want, got = program.run(plain, *data), program.run(compiled, *data)
    if program.name == "black_scholes":  # exp and log
        numpy.testing.assert_allclose(got, want, rtol=1e-13)
    else:
        numpy.testing.assert_array_equal(got, want)
    for given, kept in zip(data, before, strict=True):
        numpy.testing.assert_array_equal(given, kept)


def test_names_choose_one_program():
    for section in (*SECTIONS, *COMPILED):
        names = [program.name for program in section.programs]
        assert len(set(names)) == len(names)
    assert len({section.name for section in (*SECTIONS, *COMPILED)}) == len(SECTIONS) + len(
        COMPILED
    )
