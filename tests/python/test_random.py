"""Random numbers: NumPy's where that is promised, else of the right distribution; the same bits on any ranks."""

import copy
import hashlib
import math
import pickle

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import LAUNCHED, job
from support import happened, same, same_error

import quelea as np
from quelea.random import power
from quelea.random.generator import ALIKE

LARGE = 5003  # all ranks fill it; by 2, 3 and 4 it cannot be divided
BITS = ["PCG64", "Philox"]


def pair(bits, seed=7):
    ours = np.random.Generator(getattr(np.random, bits)(seed))
    return ours, numpy.random.Generator(getattr(numpy.random, bits)(seed))


def state_of(rng):
    state = rng.bit_generator.state
    return {
        key: {k: list(map(int, numpy.ravel(v))) for k, v in value.items()}
        if isinstance(value, dict)
        else list(value)
        if isinstance(value, numpy.ndarray)
        else value
        for key, value in state.items()
        if key != "buffer"
    }


def compare(ours, theirs, name, *args, **kwargs):
    """Both draw the same, and go on from the same state."""
    got, want = (getattr(rng, name)(*args, **kwargs) for rng in (ours, theirs))
    if isinstance(want, numpy.ndarray):
        same(got, want, (name, args, kwargs))
    else:
        assert type(got) is type(want)
        assert got == want
    assert state_of(ours) == state_of(theirs), (name, args, kwargs)


# ---- NumPy's own numbers ----


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(
    "shape", [None, (), 0, 1, 3, 7, (3, 0), (1, 5), LARGE, (41, 1, 77), (2, 3, 997), (1025, 1)]
)
def test_floats(bits, shape):
    ours, theirs = pair(bits)
    for _ in range(2):
        compare(ours, theirs, "random", shape)
        compare(ours, theirs, "random", shape, dtype="float32")
        compare(ours, theirs, "uniform", -3, 8.5, shape)


@pytest.mark.parametrize("bits", BITS)
def test_raw_numbers(bits):
    for size in (None, 5, LARGE, (30, 70), 3):
        ours, theirs = pair(bits)
        ours.random(3), theirs.random(3)
        got, want = (rng.bit_generator.random_raw(size) for rng in (ours, theirs))
        if size is None:
            assert got == want
        else:
            same(got, want)
        assert state_of(ours) == state_of(theirs)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(
    ("least", "end", "dtype"),
    [
        (0, 1 << 20, "int64"),
        (-5, 59, "int64"),
        (-(1 << 40), 1 << 40, "int64"),
        (-(2**63), 2**63, "int64"),
        (0, 2**64, "uint64"),
        (0, 2**32, "uint32"),
        (-100, 28, "int32"),
        (0, 2**16, "uint16"),
        (-7, 1, "int16"),
        (-128, 128, "int8"),
        (3, 67, "uint8"),
        (0, 2, "bool"),
        (4, 5, "int64"),
    ],
)
def test_integers_of_powers_of_two(bits, least, end, dtype):
    ours, theirs = pair(bits)
    for size in (LARGE, (7, 11, 13), 5):
        compare(ours, theirs, "integers", least, end, size, dtype)
        compare(ours, theirs, "integers", least, end - 1, size, dtype, True)


@given(
    st.sampled_from(BITS),
    st.lists(
        st.tuples(
            st.sampled_from(["random", "float32", "int64", "uint8", "bool", "raw", "normal"]),
            st.sampled_from([1, 2, 3, 4, 5, 1025, 1026, 1027, 2049, LARGE]),
        ),
        max_size=8,
    ),
)
def test_any_calls(bits, calls):
    """What was drawn before, and the halves that are left, move what comes next as they move NumPy's."""
    ours, theirs = pair(bits, 3)
    for what, size in calls:
        if what == "float32":
            compare(ours, theirs, "random", size, dtype=what)
        elif what in ("int64", "uint8", "bool"):
            compare(ours, theirs, "integers", 2, size=size, dtype=what)
        elif what == "raw":
            same(*(rng.bit_generator.random_raw(size) for rng in (ours, theirs)))
        else:
            compare(ours, theirs, what, size=size)


def test_a_carry_in_the_counter():
    for counter in ([2**64 - 2, 0, 0, 0], [2**64 - 1] * 4):
        ours, theirs = (
            m.random.Generator(m.random.Philox(key=5, counter=numpy.array(counter, "uint64")))
            for m in (np, numpy)
        )
        for _ in range(2):
            compare(ours, theirs, "random", LARGE)


def test_bounds_that_are_arrays():
    ours, theirs = pair("PCG64")
    low = numpy.arange(2000.0)
    for high in (3000.0, numpy.linspace(2000, 3000, 3)[:, None]):
        want = theirs.uniform(low, high)
        same(ours.uniform(np.asarray(low), high), want)
    same(ours.uniform(low, 9000, (3, 2000)), theirs.uniform(low, 9000, (3, 2000)))
    same(ours.integers([1, 20], np.asarray([9, 90])), theirs.integers([1, 20], [9, 90]))
    same(ours.normal(np.asarray([0.0, 9.0]), [1, 2], (4, 2)), theirs.normal([0, 9], [1, 2], (4, 2)))


CALLS = {
    "beta": (2, 3),
    "binomial": (10, 0.3),
    "chisquare": (3,),
    "dirichlet": ([1, 2, 3],),
    "exponential": (2,),
    "f": (3, 4),
    "gamma": (2, 3),
    "geometric": (0.2,),
    "gumbel": (1, 2),
    "hypergeometric": (5, 6, 7),
    "integers": (-3, 95),
    "laplace": (1, 2),
    "logistic": (1, 2),
    "lognormal": (0, 0.5),
    "logseries": (0.4,),
    "multinomial": (9, [0.2, 0.8]),
    "multivariate_hypergeometric": ([3, 4, 5], 6),
    "multivariate_normal": ([1, 2], [[2, 1], [1, 3]]),
    "negative_binomial": (4, 0.3),
    "noncentral_chisquare": (2, 3),
    "noncentral_f": (2, 3, 4),
    "normal": (1, 2),
    "pareto": (3,),
    "poisson": (4,),
    "power": (3,),
    "rayleigh": (2,),
    "standard_cauchy": (),
    "standard_exponential": (),
    "standard_gamma": (2,),
    "standard_normal": (),
    "standard_t": (5,),
    "triangular": (0, 1, 3),
    "uniform": (2, 3),
    "vonmises": (1, 2),
    "wald": (1, 2),
    "weibull": (2,),
    "zipf": (3,),
    "choice": (20,),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_distribution(name):
    ours, theirs = pair("PCG64")
    for size in (None, 5, (2, 3), 2000):
        compare(ours, theirs, name, *CALLS[name], size=size)
    ours, theirs = np.random.RandomState(3), numpy.random.RandomState(3)
    if hasattr(theirs, name):
        for size in (4, (300, 7)):
            same(
                getattr(ours, name)(*CALLS[name], size=size),
                getattr(theirs, name)(*CALLS[name], size=size),
            )


def test_all_of_numpys_methods_are_there():
    for kind in ("Generator", "RandomState"):
        theirs = {n for n in dir(getattr(numpy.random, kind)) if not n.startswith("_")}
        assert theirs - set(dir(getattr(np.random, kind))) == set()
    assert {n for n in numpy.random.__all__ if not hasattr(np.random, n)} == set()


def test_choosing_and_shuffling():
    ours, theirs = pair("PCG64")
    x = numpy.arange(60.0).reshape(12, 5)
    compare(ours, theirs, "permutation", 10)
    same(ours.permutation(np.asarray(x)), theirs.permutation(x))
    same(ours.permuted(np.asarray(x), axis=1), theirs.permuted(x, axis=1))
    same(ours.choice(np.asarray(x), 4, axis=1), theirs.choice(x, 4, axis=1))
    same(ours.choice(30, (2, 2), replace=False), theirs.choice(30, (2, 2), replace=False))
    mine, own = np.asarray(x), x.copy()
    ours.shuffle(mine[2:], axis=1), theirs.shuffle(own[2:], axis=1)
    same(mine, own)
    ours.permuted(mine, out=mine), theirs.permuted(own, out=own)
    same(mine, own)
    names = ["a", "b", "c", "d"]
    again = list(names)
    ours.shuffle(names), theirs.shuffle(again)
    assert names == again
    assert list(ours.permutation(names)) == list(theirs.permutation(names))


def test_where_they_go():
    ours, theirs = pair("PCG64")
    for name in ("random", "standard_normal", "standard_exponential"):
        for size, dtype in ((60, "float64"), (LARGE, "float32")):
            out, own = np.zeros(size, dtype), numpy.zeros(size, dtype)
            assert getattr(ours, name)(out=out, dtype=dtype) is out
            getattr(theirs, name)(out=own, dtype=dtype)
            same(out, own)
    every = np.zeros(2 * LARGE)
    ours.random(out=every[::2])
    same(every[::2], theirs.random(LARGE))
    with pytest.raises(TypeError):
        ours.random(out=numpy.zeros(3))
    for bad in (
        lambda m, g: g.random(3, out=m.zeros(4)),
        lambda m, g: g.random(3, dtype=int),
        lambda m, g: g.normal(0, -1, 5),
        lambda m, g: g.normal(0, -1, 2 * ALIKE),
        lambda m, g: g.exponential(-1.0, 2 * ALIKE),
        lambda m, g: g.rayleigh(-1.0, 2 * ALIKE),
        lambda m, g: g.uniform(0, math.inf, LARGE),
        lambda m, g: g.uniform(m.zeros(LARGE), m.full(LARGE, math.inf)),
        lambda m, g: g.uniform(m.ones(LARGE), m.zeros(LARGE)),
        lambda m, g: g.integers(5, 5, LARGE),
        lambda m, g: g.integers(0, 300, LARGE, dtype="int8"),
        lambda m, g: g.integers(0, 3, LARGE, dtype="float64"),
        lambda m, g: g.random(-1),
        lambda m, g: m.random.default_rng("a"),
        lambda m, g: m.random.SeedSequence(-1),
    ):
        same_error(lambda f=bad, g=ours: f(np, g), lambda f=bad, g=theirs: f(numpy, g), text=False)


# ---- the numbers of large arrays ----


def digest(x):
    return hashlib.sha256(numpy.asarray(x).tobytes()).hexdigest()[:16]


def test_the_same_bits_on_any_ranks():
    """And on any machine: these are what one process gives."""
    rng = np.random.default_rng(11)
    shape = (1031, 1021)  # more than ALIKE
    assert [digest(rng.normal(2, 3, shape)), digest(rng.standard_normal(shape, "float32"))] == [
        "cf9b0fb958249400",
        "da38ffd9439d5b0a",
    ]
    assert digest(rng.exponential(0.5, shape)) == "e7f891c40ac3a017"
    assert digest(rng.integers(0, 100, shape, dtype="int8")) == "fc0f50fc671c886c"


def test_integers_are_numpys_until_one_is_rejected():
    ours, theirs = pair("PCG64")
    got, want = (rng.integers(0, 1000, ALIKE + 9) for rng in (ours, theirs))
    got = numpy.asarray(got)
    first = int((got != want).argmax())  # of some 10 million draws one is rejected
    assert first > 100_000
    assert (got[first + 1 :] == want[first:-1]).mean() > 0.99  # with it, all others move
    ours, theirs = pair("PCG64")
    compare(ours, theirs, "integers", 0, 10, ALIKE + 9)
    got = numpy.asarray(ours.integers(0, 100, 2 * ALIKE, dtype="uint8"))
    assert got.min() == 0
    assert got.max() == 99
    counts = numpy.bincount(got, minlength=100)
    expected = 2 * ALIKE / 100
    assert ((counts - expected) ** 2 / expected).sum() < 99 + 6 * math.sqrt(2 * 99)


def uniform_of(name, x):
    """What is uniform from 0 to 1 if x has the distribution."""
    erf = numpy.vectorize(math.erf, otypes=[float])
    return {
        "normal": lambda: 0.5 * (1 + erf(x / math.sqrt(2))),
        "exponential": lambda: -numpy.expm1(-x),
        "lognormal": lambda: 0.5 * (1 + erf(numpy.log(x) / math.sqrt(2))),
        "laplace": lambda: numpy.where(x < 0, 0.5 * numpy.exp(x), 1 - 0.5 * numpy.exp(-x)),
        "logistic": lambda: 1 / (1 + numpy.exp(-x)),
        "gumbel": lambda: numpy.exp(-numpy.exp(-x)),
        "pareto": lambda: 1 - (1 + x) ** -3.0,
        "power": lambda: x**3.0,
        "rayleigh": lambda: -numpy.expm1(-(x**2) / 2),
        "standard_cauchy": lambda: numpy.arctan(x) / math.pi + 0.5,
        "weibull": lambda: -numpy.expm1(-(x**3.0)),
        "triangular": lambda: numpy.where(x < 1, x**2 / 3, 1 - (3 - x) ** 2 / 6),
    }[name]()


PARAMETERS = {"pareto": (3,), "power": (3,), "weibull": (3,), "triangular": (0, 1, 3)}


@pytest.mark.parametrize(
    "name",
    [
        "normal",
        "exponential",
        "lognormal",
        "laplace",
        "logistic",
        "gumbel",
        "pareto",
        "power",
        "rayleigh",
        "standard_cauchy",
        "weibull",
        "triangular",
    ],
)
@pytest.mark.parametrize("bits", BITS)
def test_distributions(name, bits):
    """The largest distance from the distribution is below what chance exceeds once in 10^7 tries (Kolmogorov)."""
    rng, _ = pair(bits, 5)
    x = numpy.asarray(getattr(rng, name)(*PARAMETERS.get(name, ()), size=ALIKE + 77))
    some = numpy.sort(uniform_of(name, x[::7]))
    n = len(some)
    places = numpy.arange(n)
    distance = max((some - places / n).max(), ((places + 1) / n - some).max())
    assert distance < 2.9 / math.sqrt(n)
    u = uniform_of(name, x[: 1 << 17]) - 0.5
    for lag in (1, 2, 4, 256, 1021):
        together = (u[lag:] * u[:-lag]).mean() * 12
        assert abs(together) < 5.5 / math.sqrt(len(u) - lag), lag


def test_tails():
    x = numpy.asarray(np.random.default_rng(2).standard_normal(1 << 22))
    for least, chance in ((3, 2.699796063e-3), (4, 6.334248367e-5)):
        expected = chance * x.size
        assert abs((abs(x) > least).sum() - expected) < 6 * math.sqrt(expected)
    assert abs(x.mean()) < 6 / math.sqrt(x.size)
    assert abs(x.var() - 1) < 6 * math.sqrt(2 / x.size)


def test_parameters_that_are_arrays():
    rng = np.random.default_rng(4)
    size = (1 << 11, 600)
    scale = np.linspace(1, 3, 600)
    x = numpy.asarray(rng.normal(np.arange(600.0), scale, size))
    assert abs(x.mean(0) - numpy.arange(600)).max() < 6 * 3 / math.sqrt(size[0])
    with pytest.raises(ValueError, match="scale < 0"):
        rng.normal(0, scale - 2, size)
    for bad in (np.zeros(7), np.zeros((3, *size))):
        with pytest.raises(ValueError):
            rng.normal(bad, 1, size)


def test_one_plan_serves_all_states():
    rng = np.random.default_rng(1)
    x = np.zeros(LARGE)

    def step():
        x[...] = rng.random(LARGE)
        np.sync()

    step(), step(), step()
    assert happened(step)["plans_made"] == 0


# ---- generators ----


def test_seeds():
    for seed in (0, 5, [1, 2, 3], 2**100, numpy.random.SeedSequence(9), np.random.SeedSequence(9)):
        same(np.random.default_rng(seed).random(3), numpy.random.default_rng(seed).random(3))
    rng = np.random.default_rng(3)
    assert np.random.default_rng(rng) is rng
    same(np.random.default_rng(numpy.random.default_rng(3)).random(2), rng.random(2))
    same(
        np.random.default_rng(np.random.RandomState(3)).random(2),
        numpy.random.default_rng(numpy.random.RandomState(3)).random(2),
    )
    same(
        np.random.Generator(numpy.random.PCG64(3)).random(LARGE),
        numpy.random.default_rng(3).random(LARGE),
    )
    ours, theirs = (m.random.default_rng(8).spawn(2) for m in (np, numpy))
    for mine, own in zip(ours, theirs, strict=True):
        same(mine.random(4), own.random(4))
    assert [s.entropy for s in np.random.SeedSequence(4).spawn(2)] == [4, 4]


def test_without_a_seed_all_ranks_are_alike():
    for make in (np.random.default_rng, np.random.RandomState):
        a, b = make(), make()
        mine = a.random(), b.random()
        assert np.on_root(lambda given=mine: given) == mine
        assert mine[0] != mine[1]
        np.random.default_rng(a.__reduce__()[1][0]).random(LARGE)
    np.random.seed()
    mine = np.random.rand()
    assert np.on_root(lambda: mine) == mine


def test_copies():
    rng = np.random.Generator(np.random.Philox(6))
    rng.random(5)
    for again in (copy.deepcopy(rng), pickle.loads(pickle.dumps(rng))):
        same(again.random(LARGE), numpy.asarray(copy.deepcopy(rng).random(LARGE)))
    state = np.random.RandomState(6)
    state.rand(3)
    again = pickle.loads(pickle.dumps(state))
    assert again.rand() == state.rand()


@pytest.mark.parametrize("bits", ["MT19937", "SFC64", "PCG64DXSM"])
def test_other_bits(bits):
    ours, theirs = pair(bits)
    for name in ("random", "standard_normal", "uniform", "normal"):
        compare(ours, theirs, name, size=LARGE)
    compare(ours, theirs, "integers", 8, size=LARGE)
    with pytest.raises(NotImplementedError, match=r"at most 1048576; take PCG64 or Philox"):
        ours.random(2 * ALIKE)


# ---- the older functions ----


def test_the_older_functions():
    np.random.seed(12), numpy.random.seed(12)
    for call in (
        lambda m: m.random.rand(3, 4),
        lambda m: m.random.rand(70, 80),
        lambda m: m.random.randn(5),
        lambda m: m.random.random((2, 3)),
        lambda m: m.random.random_sample(2),
        lambda m: m.random.ranf(2),
        lambda m: m.random.sample(2),
        lambda m: m.random.randint(3, 9, (4, 5)),
        lambda m: m.random.random_integers(3, 9, (4, 5)),
        lambda m: m.random.uniform(1, 2, 3),
        lambda m: m.random.normal(1, 2, 3),
        lambda m: m.random.standard_normal(LARGE),
        lambda m: m.random.permutation(9),
        lambda m: m.random.choice(9, 3),
        lambda m: m.random.poisson(3, 4),
    ):
        same(call(np), call(numpy))
    assert np.random.rand() == numpy.random.rand()
    assert np.random.bytes(4) == numpy.random.bytes(4)
    x, own = np.arange(20), numpy.arange(20)
    np.random.shuffle(x), numpy.random.shuffle(own)
    same(x, own)
    np.random.set_state(numpy.random.get_state())
    same(np.random.rand(4), numpy.random.rand(4))
    with pytest.raises(NotImplementedError, match="default_rng"):
        np.random.rand(5000, 5000)


# ---- what is refused ----


def by_module(x):
    return np.random.rand(x)


def by_name(x):
    return power(x)  # which is no power


@pytest.mark.parametrize("function", [by_module, by_name])
def test_compiled_functions(function):
    with pytest.raises(Exception, match="random numbers are not there in @jit yet"):
        np.jit(function)(3)


def test_what_every_rank_would_draw():
    rng = np.random.default_rng(1)
    before = state_of(rng)
    for call in (
        lambda: rng.gamma(2, size=2 * ALIKE),
        lambda: rng.gamma(np.ones(2 * ALIKE)),
        lambda: rng.choice(2 * ALIKE, 3, replace=False),
        lambda: rng.permutation(2 * ALIKE),
        lambda: rng.multinomial(5, [0.5] * 2, ALIKE),
        lambda: rng.integers(np.zeros(2 * ALIKE, int), 9),
        lambda: rng.shuffle(np.zeros(2 * ALIKE)),
    ):
        with pytest.raises(NotImplementedError, match=r"at most 1048576"):
            call()
    assert state_of(rng) == before
    with pytest.raises(TypeError, match="gamma"):
        rng.gamma()


@pytest.mark.skipif(LAUNCHED, reason="starts a job of its own")
@pytest.mark.parametrize("size", [3, LARGE])
def test_another_seed_on_another_rank(size):
    code = f"""
    x = np.random.default_rng(np.rank).random({size})
    float(x.sum())
    """
    status, _, err = job(code, ranks=2)
    assert status != 0
    assert "DivergenceError" in err
