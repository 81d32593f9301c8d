"""The benchmarks' programs on tiny data: of ``bench small`` and ``arrays`` as NumPy, of ``bench jit`` as Python."""

import numpy
import pytest
from support import host, near, same

import quelea
from quelea.bench.programs import SECTIONS
from quelea.bench.programs.arrays import ARRAYS
from quelea.bench.programs.compiled import COMPILED, FIRST, made
from quelea.bench.programs.compiled_doors import doors
from quelea.bench.programs.references import lacking, references

PROGRAMS = {  # once, not for each size
    p.run: p for s in (*SECTIONS, *ARRAYS) for p in reversed(s.programs)
}


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


def neighbours(u):
    """Sum of what stands beside each element, without those beyond the border."""
    inside = (slice(1, -1),) * u.ndim
    total = 0.0
    for axis in range(u.ndim):
        for k in (slice(None, -2), slice(2, None)):
            total = total + u[tuple(k if a == axis else slice(1, -1) for a in range(u.ndim))]
    return u[inside], total


def plain_doors():
    """What `doors` compute, by NumPy."""

    def stencil(centre, side):
        def function(u):
            out = numpy.zeros_like(u)
            own, around = neighbours(u)
            out[(slice(1, -1),) * u.ndim] = centre * own + side * around
            return out

        return function

    def convolution(centre, side):
        def function(u):
            own, around = neighbours(numpy.pad(u, 1, mode="edge"))
            return centre * own + side * around

        return function

    def dilation(image):
        wide = numpy.pad(image, 3, mode="edge")
        return numpy.lib.stride_tricks.sliding_window_view(wide, (7, 7)).max(axis=(2, 3))

    return {
        "five points": stencil(0.5, 0.125),
        "seven points": stencil(0.4, 0.1),
        "convolution of five": convolution(0.5, 0.125),
        "convolution of seven": convolution(0.4, 0.1),
        "dilation by stencils": dilation,
        "dilation by reduce": dilation,
        "pairs": lambda x, z: ((x[:, None] - z[None]) ** 2).sum(axis=2),
        "evaluate": lambda text, given: eval(text, vars(numpy).copy(), given),
    }


@pytest.fixture(scope="module")
def functions():
    return (
        {**made(lambda function: function), **plain_doors()},
        {**made(quelea.jit, quelea.prange, quelea.vectorize), **doors(quelea)},
    )


def programs_of(sections):
    return [pytest.param(p, id=f"{s.name}: {p.name}") for s in sections for p in s.programs]


@pytest.mark.parametrize("program", programs_of(COMPILED))
def test_as_python(program, functions):
    plain, compiled = functions
    data = program.data(*program.tiny)
    before = [x.copy() if isinstance(x, numpy.ndarray) else x for x in data]
    want, got = program.run(plain, *data), program.run(compiled, *data)
    rounded = ("black_scholes", "bell", "squared distances, 10000 x 50")  # exp and log; sums
    if program.name in rounded or program.needs == "numexpr" or "points" in program.name:
        numpy.testing.assert_allclose(got, want, rtol=1e-13)
    else:
        numpy.testing.assert_array_equal(got, want)
    for given, kept in zip(data, before, strict=True):
        numpy.testing.assert_array_equal(given, kept)


ON_ARRAYS = [s for s in COMPILED if s.ways and s.ways[1].kind == "jit arrays"]


@pytest.mark.parametrize("program", programs_of(ON_ARRAYS))
def test_on_arrays_as_python(program, functions):
    plain, compiled = functions
    data = program.data(*program.tiny)
    ours = [quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in data]
    want, got = program.run(plain, *data), program.run(compiled, *ours)
    assert isinstance(got, quelea.ndarray) or numpy.ndim(want) == 0
    numpy.testing.assert_allclose(numpy.asarray(got), want, rtol=1e-13)
    for given, kept in zip(ours, data, strict=True):
        numpy.testing.assert_array_equal(host(given), kept)


def test_references(functions):
    """What the benchmark compares with has the same answers."""
    others, checked = references(functions[1]), []
    for section in COMPILED:
        for program in section.programs:
            kinds = [way.kind for way in section.ways or ()]
            if not any("reference" in kind for kind in kinds):
                continue
            if program.needs and lacking(program.needs):
                continue
            data = program.data(*program.tiny)
            want, got = program.run(functions[1], *data), program.run(others, *data)
            numpy.testing.assert_allclose(numpy.squeeze(got), want, rtol=1e-13)
            checked.append(program.name)
    assert len(checked) >= 4


def test_as_many_as_are_required():
    first = [s for s in COMPILED if s.name in FIRST]
    assert sum(len(s.programs) for s in first) == 25


def test_names_choose_one_program():
    for section in (*SECTIONS, *COMPILED):
        names = [program.name for program in section.programs]
        assert len(set(names)) == len(names)
    assert len({section.name for section in (*SECTIONS, *COMPILED)}) == len(SECTIONS) + len(
        COMPILED
    )
