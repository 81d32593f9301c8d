"""Products of matrices against NumPy: every dtype, transposed, strided, stacked, long in k; their bits on any ranks."""

import math
import os
import subprocess
import sys

import numpy
import pytest
from jobs import LAUNCHED, fine
from support import HERE, host

import quelea as np

SHAPES = [
    (2, 2, 2),
    (3, 5, 7),
    (130, 40, 150),
    (300, 70, 20),
    (5, 9000, 6),
    (20, 33, 700),
    (2, 1, 3),
]
SLACK = {"e": 2e-2, "f": 1e-4, "F": 1e-4}


def matrix(shape, dtype, seed=0):
    random, kind = numpy.random.default_rng([*shape, seed]), numpy.dtype(dtype)
    if kind.kind == "b":
        return random.random(shape) < 0.2
    if kind.kind in "iu":
        return random.integers(0, 100, shape).astype(kind)
    x = random.standard_normal(shape)
    return (x + 1j * random.standard_normal(shape) if kind.kind == "c" else x).astype(kind)


def close(ours, theirs):
    got = host(ours)
    assert (got.shape, got.dtype) == (theirs.shape, theirs.dtype)
    if theirs.dtype.kind in "biu":
        assert (got == theirs).all()
    else:
        slack = SLACK.get(theirs.dtype.char, 1e-11)
        most = abs(theirs).max() if theirs.size else 0
        numpy.testing.assert_allclose(got, theirs, slack, 10 * slack * max(1, most))


@pytest.mark.parametrize("dtype", HERE)
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_products(dtype, m, k, n):
    a, b = matrix((m, k), dtype), matrix((k, n), dtype, 1)
    p, q = np.asarray(a), np.asarray(b)
    close(p @ q, a @ b)
    left, right = (numpy.ascontiguousarray(x.T) for x in (a, b))
    close(np.asarray(left).T @ np.asarray(right).T, left.T @ right.T)
    close(np.asarray(left).T @ q, a @ b)
    close(p[::-1, ::-1] @ q[::-1], a[::-1, ::-1] @ b[::-1])  # not as BLAS has it


@pytest.mark.parametrize("dtype", ["bool", "int16", "float16", "float32", "complex128"])
def test_stacks(dtype):
    a, b, c = matrix((4, 30, 20), dtype), matrix((4, 20, 25), dtype), matrix((5, 9, 20), dtype)
    p, q, r = np.asarray(a), np.asarray(b), np.asarray(c)
    close(p @ q, a @ b)
    close(p @ q[0], a @ b[0])
    close(p[0] @ q, a[0] @ b)
    close(p[:, None] @ q[None], a[:, None] @ b[None])
    close(np.dot(p, q), numpy.dot(a, b))
    close(np.inner(p, r), numpy.inner(a, c))
    close(np.tensordot(p, r, axes=([2], [2])), numpy.tensordot(a, c, axes=([2], [2])))
    x, y = a.transpose(1, 2, 0), b.transpose(1, 2, 0)
    words = "ikb,kjb->ijb"  # the matrices are not along the last axes
    close(np.einsum(words, np.asarray(x), np.asarray(y)), numpy.einsum(words, x, y))
    words = "ijk,ljk->il"  # several axes are summed
    close(
        np.einsum(words, p[:, :25], q.transpose(0, 2, 1)),
        numpy.einsum(words, a[:, :25], b.transpose(0, 2, 1)),
    )


def test_broadcast_and_views():
    a, b = matrix((40, 50), "f8"), matrix((50, 60), "f8")
    p, q = np.asarray(a), np.asarray(b)
    close(np.broadcast_to(p, (3, 40, 50)) @ q, numpy.broadcast_to(a, (3, 40, 50)) @ b)
    close(np.broadcast_to(p[0], (40, 50)) @ q, numpy.broadcast_to(a[0], (40, 50)) @ b)
    close(p[::2, ::2] @ q[::2, ::3], a[::2, ::2] @ b[::2, ::3])
    close(p.reshape(50, 40) @ p, a.reshape(50, 40) @ a)
    z = p + 1j * p
    close(z.real @ q, a @ b)
    close(z.imag @ q.astype("f4"), a @ b.astype("f4"))


def test_what_is_stored_meanwhile():
    a = matrix((70, 70), "f8")
    p = np.asarray(a)
    q = p @ p
    p[:] = 0
    q += q @ q
    close(q, a @ a + (a @ a) @ (a @ a))


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0)])
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_nothing(shape, dtype):
    m, k, n = shape
    close(
        np.ones((m, k), dtype) @ np.ones((k, n), dtype),
        numpy.ones((m, k), dtype) @ numpy.ones((k, n), dtype),
    )


def test_special_values():
    a, b = matrix((6, 9), "f8"), matrix((9, 5), "f8")
    a[2, 3], b[4, 1], a[5, 0] = math.nan, math.inf, -math.inf
    close(np.asarray(a) @ np.asarray(b), a @ b)
    close(
        np.asarray([[-128, 127]], "i1").T @ np.asarray([[127, 2]], "i1"),
        numpy.array([[-128, 127]], "i1").T @ numpy.array([[127, 2]], "i1"),
    )


PROGRAM = """
import hashlib
random = numpy.random.default_rng(5)
def show(x): print(hashlib.sha256(numpy.ascontiguousarray(x).tobytes()).hexdigest()[:16])
for dtype in ("f4", "f8", "c16", "f2"):
    a, b, c = (random.normal(size=s).astype(dtype) for s in ((270, 333), (333, 140), (20000, 7)))
    x, y, z = (np.asarray(u) for u in (a, b, c))
    show(x @ y), show(x.T @ x), show(z.T @ z), show(x[:, ::3] @ x[:111]), show(np.einsum("ij,kj->ik", x, x))
    show(np.asarray(a[:120].reshape(4, 30, 333)) @ np.asarray(b[:, :60]))
"""


@pytest.mark.skipif(LAUNCHED, reason="it starts jobs of its own")
def test_bits_do_not_depend_on_ranks():
    alone = fine(PROGRAM, 0)
    assert len({*alone.splitlines()}) == 24
    threads = {"QUELEA_THREADS": "3", "QUELEA_SHARE": "1", "QUELEA_IMMEDIATE": "0"}
    jobs = [
        (1, threads),
        (2, {"QUELEA_NODE_SIZE": "1"}),
        (3, {}),
        (3, {"QUELEA_NODE_SIZE": "1", "QUELEA_REPLICATE": "-1"}),
    ]
    for ranks, settings in jobs:
        assert fine(PROGRAM, ranks, **settings) == alone


@pytest.mark.skipif(LAUNCHED, reason="it starts jobs of its own")
def test_memory():
    """The broadcast product would take 5.8 GB; a right factor is brought panel by panel."""
    code = """
    n = 900
    a = np.ones((n, n)); np.sync()
    b = a @ a
    print(float(b.sum()) == n ** 3)
    """
    for ranks, nodes in ((1, "0"), (2, "0"), (2, "1")):
        memory = {"QUELEA_MEMORY": "32m" if nodes == "0" else "48m"}
        assert fine(code, ranks, QUELEA_NODE_SIZE=nodes, **memory).split() == ["True"]


_CORE = """
import ctypes, os
import quelea
quelea.ones(3).sum()
core = ctypes.CDLL("libopenblas.so.0").openblas_get_corename
core.restype = ctypes.c_char_p
print(core().decode(), os.environ.get("OPENBLAS_CORETYPE"))
"""


@pytest.mark.skipif(LAUNCHED, reason="starts a process of its own")
def test_openblas_uses_the_vectors_that_there_are():
    """Also one that is older than the processor; what the user says stands."""
    with open("/proc/cpuinfo") as file:
        if "avx2" not in file.read():
            pytest.skip("a processor without AVX2")

    def core(**given):
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        command = [sys.executable, "-c", _CORE]
        done = subprocess.run(
            command, env=environment | given, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert core()[0] not in ("Prescott", "Nehalem", "Sandybridge") and core()[1] == "None"
    assert core(OPENBLAS_CORETYPE="Nehalem") == ["Nehalem", "Nehalem"]
