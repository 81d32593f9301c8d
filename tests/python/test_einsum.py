"""einsum: NumPy's numbers for subscripts of every form; exactly, of small integers, in every dtype."""

import random
from typing import Any

import numpy
import pytest
from support import near, same, same_error

import quelea

EXTENTS = dict(zip("ijklmn", (3, 4, 2, 5, 1, 6), strict=True))

SUBSCRIPTS = [
    "i", "i->", "i->i", "ij", "ij->ji", "ij->", "ij->j", "ii",
    "ii->i", "iij", "iij->ij", "iij->ji", "iii->i", "iiji->j", "ijij->ij", "ijk->kij",
    "ij->i", "i,i", "i,i->i", "i,j", "i,j->ji", "ij,j", "ij,i", "ij,ij",
    "ij,ij->", "ij,ji->j", "ij,ij->ij", "ij,jk", "ij,jk->ik", "ij,jk->ki", "ij,kj->ik", "ij,jk->",
    "ij,jk->i", "ii,ii", "ii,i->i", "iij,j->i", "ij,kl->ijkl", "ijk,ijk->", "ijk,ilk->jl", "ijk,jil->kl",
    "jik,jil->jkl", "im,mj", "im,im->", "ijk,jl,kl->il", "ij,jk,kl->il", "i,j,k->kji", "ij,ij,ij->ij", "ij,jk,ki",
    "ij,jk,kl,ln->in", "i,ij,ijk->k", "ii,jj,kk->ijk", "...", "...->...", "i...", "i...->...", "...i->i...",
    "...ij->...ji", "...ii->...i", "...ii", "...ij,...jk", "...ij,...jk->...ik", "i...,i...->...", "...,...",
    "...i,...i->...", "...i,i", "ij...,jk...->ik...", "...,i->i...", "i,...->...", "...ij,kj->...ki",
    "...i,...j,...k->...kji",
]  # fmt: skip
DOTS = [(), (4,), (2, 3)]


def some(dtype: str, shape: tuple[int, ...], seed: int) -> numpy.ndarray[Any, Any]:
    x = numpy.random.default_rng(seed).integers(-2 if dtype[0] != "u" else 0, 3, shape)
    return x.astype(dtype)


def operands(text: str, dtype: str, dots: tuple[int, ...]) -> list[Any]:
    made = []
    for k, term in enumerate(text.split("->")[0].split(",")):
        before, _, after = term.partition("...")
        shape = [EXTENTS[c] for c in before]
        shape += dots[k % 2 :] if "..." in term else ()
        shape += [EXTENTS[c] for c in after]
        made.append(some(dtype, tuple(shape), k))
    return made


@pytest.mark.parametrize("text", SUBSCRIPTS)
def test_sums(text: str) -> None:
    for dtype in ("float64", "int8", "complex64", "bool", "float16"):
        for dots in DOTS if "..." in text else [()]:
            given = operands(text, dtype, dots)
            ours = quelea.einsum(text, *(quelea.asarray(x) for x in given))
            same(ours, numpy.einsum(text, *given), (text, dtype, dots))


def test_subscripts_that_are_drawn() -> None:
    chance = random.Random(3)
    for _ in range(40):
        terms = [
            "".join(chance.choices("ijkl", k=chance.randint(1, 3)))
            for _ in range(chance.randint(1, 3))
        ]
        used = sorted({*"".join(terms)})
        result = "".join(chance.sample(used, chance.randint(0, len(used))))
        text = ",".join(terms) + chance.choice([f"->{result}", ""])
        given = operands(text, "float64", ())
        words = {"optimize": chance.choice([False, True, "optimal", "greedy"])}
        ours = quelea.einsum(text, *(quelea.asarray(x) for x in given), **words)
        same(ours + 0.0, numpy.einsum(text, *given) + 0.0, text)


def test_rounded_sums() -> None:
    random_numbers = numpy.random.default_rng(1)
    a, b, c = (random_numbers.normal(size=(17, 17)) for _ in range(3))
    for text, given in (
        ("ij,jk->ik", (a, b)),
        ("ij,jk,kl->il", (a, b, c)),
        ("ij,ij->", (a, b)),
        ("ii", (a,)),
    ):
        ours = quelea.einsum(text, *(quelea.asarray(x) for x in given))
        near(ours, numpy.einsum(text, *given), 256, text, absolute=256)


def test_lists_of_axes() -> None:
    a, b = some("float64", (3, 4), 0), some("float64", (4, 5), 1)
    for args in (
        (a, [0, 1], b, [1, 2], [0, 2]), (a, [0, 1], b, [1, 2]), (a, [..., 0]), (a, [0, 30], [30, 0]),
        (a, [0, ...], [...]), (a, [30, 2]), (a, (1, 0)),
    ):  # fmt: skip
        ours = quelea.einsum(
            *(quelea.asarray(x) if isinstance(x, numpy.ndarray) else x for x in args)
        )
        same(ours, numpy.einsum(*args), args[1:])


def test_views_and_copies() -> None:
    x = quelea.arange(12.0).reshape(3, 4)
    view = quelea.einsum("ij->ji", x)
    x[0, 1] = 9
    assert float(view[1, 0]) == 9.0
    line = quelea.einsum("ii->i", x[:, :3])
    with pytest.raises(ValueError, match="read-only"):
        line[0] = 1
    x[...] = 0
    same(line, numpy.array([0.0, 5.0, 10.0]))


def test_views_enter() -> None:
    a = numpy.arange(60.0).reshape(10, 6)
    x = quelea.asarray(a)
    for view in (lambda z: z[::2, ::-1], lambda z: z.T, lambda z: z[1:7, 2:]):
        same(
            quelea.einsum("ij,kj->ik", view(x), view(x)),
            numpy.einsum("ij,kj->ik", view(a), view(a)),
        )
    same(quelea.einsum("ij,ij->i", x, x[:, :1]), numpy.einsum("ij,ij->i", a, a[:, :1]))
    for shape in ((0, 3), (3, 0)):
        z = numpy.zeros(shape)
        same(quelea.einsum("ij,ij->j", quelea.asarray(z), z), numpy.einsum("ij,ij->j", z, z))
    same(quelea.einsum("i,i", [1, 2], [3, 4]), numpy.einsum("i,i", [1, 2], [3, 4]))
    same(numpy.einsum("ij->i", x), numpy.einsum("ij->i", a))


def test_dtypes_and_outputs() -> None:
    a, b = some("float32", (3, 4), 0), some("int64", (3, 4), 1)
    x, y = quelea.asarray(a), quelea.asarray(b)
    same(quelea.einsum("ij,ij->i", x, y), numpy.einsum("ij,ij->i", a, b))
    same(quelea.einsum("ij->i", x, dtype="f8"), numpy.einsum("ij->i", a, dtype="f8"))
    same(
        quelea.einsum("ij->i", y, dtype="f4", casting="unsafe"),
        numpy.einsum("ij->i", b, dtype="f4", casting="unsafe"),
    )
    out = quelea.zeros(3, "f8")
    assert quelea.einsum("ij->i", x, out=out) is out
    same(out, numpy.einsum("ij->i", a, out=numpy.zeros(3)))
    for order in "CFAK":
        ours = quelea.einsum("ij->ji", x, order=order)
        assert ours.strides == numpy.einsum("ij->ji", a, order=order).strides


def test_what_einsum_refuses() -> None:
    for work in (
        lambda m: m.einsum(),
        lambda m: m.einsum("i"),
        lambda m: m.einsum("i,j", m.ones(2)),
        lambda m: m.einsum("ij", m.ones(2)),
        lambda m: m.einsum("i", m.ones((2, 2))),
        lambda m: m.einsum("i->ii", m.ones(2)),
        lambda m: m.einsum("i->j", m.ones(2)),
        lambda m: m.einsum("i-i", m.ones(2)),
        lambda m: m.einsum("i..", m.ones(2)),
        lambda m: m.einsum("1", m.ones(2)),
        lambda m: m.einsum("ij,ij", m.ones((2, 3)), m.ones((3, 2))),
        lambda m: m.einsum("ii", m.ones((2, 3))),
        lambda m: m.einsum("...i->i", m.ones((2, 3))),
        lambda m: m.einsum("i", m.ones(2), casting="any"),
        lambda m: m.einsum("i", m.ones(2), nonsense=1),
        lambda m: m.einsum("ij->i", m.ones((2, 3)), out=m.ones(2, "f4")),
        lambda m: m.einsum("ij->i", m.ones((2, 3)), dtype="i4"),
        lambda m: m.einsum(m.ones(2), [60]),
        lambda m: m.einsum(m.ones(2), ["i"]),
    ):
        same_error(lambda work=work: work(quelea), lambda work=work: work(numpy), text=False)
    assert quelea.einsum_path("ij,jk,kl", *[quelea.ones((3, 3))] * 3) == numpy.einsum_path(
        "ij,jk,kl", *[numpy.ones((3, 3))] * 3
    )
