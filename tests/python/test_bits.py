"""Functions that are made of others give the same bits on any number of ranks, though their sums are rounded."""

import pytest
from jobs import LAUNCHED, fine

pytestmark = pytest.mark.skipif(LAUNCHED, reason="it starts jobs of its own")

PROGRAM = """
import hashlib
random = numpy.random.default_rng(7)
a, b = (random.normal(size=(37, 29)) for _ in range(2))
x, y, v = np.asarray(a), np.asarray(b), np.asarray(a[:, 0])
g = np.where(x > 1, np.nan, x)
results = {
    "norm": np.linalg.norm(x), "norm 1": np.linalg.norm(x, 1), "norm of vectors": np.linalg.norm(x, 3, axis=0),
    "vector_norm": np.linalg.vector_norm(x, ord=1.5), "matrix_power": np.linalg.matrix_power(x[:29], 5),
    "solve": np.linalg.solve(x[:29], y[:29]), "det": np.linalg.det(x[:29]),
    "multi_dot": np.linalg.multi_dot([x, y.T, x, v[:29]]), "trace": np.trace(x, 2), "diagonal": np.diagonal(x, -3),
    "kron": np.kron(x[:5, :4], y[:3, :2]), "matvec": np.matvec(x, v[:29]), "cross": np.cross(x[:, :3], y[:, :3]),
    "einsum": np.einsum("ij,kj,kl->il", x, y, x),
    "einsum 2": np.einsum("ij,ij->", x, y), "einsum 3": np.einsum("ii", x[:29]),
    "cov": np.cov(x), "corrcoef": np.corrcoef(x, rowvar=False), "weighted": np.cov(x.T, aweights=np.abs(v)),
    "nanvar": np.nanvar(g, 0), "nanstd": np.nanstd(g), "nanprod": np.nanprod(g, 1),
    "convolve": np.convolve(x.ravel(), v), "correlate": np.correlate(v, x[0], "same"),
    "gradient": np.gradient(x, axis=0),
    "polyval": np.polyval(a[0], y), "kaiser": np.kaiser(41, 5.0),
    "select": np.select([x > 0, y > 0], [x, y * 2], x * y),
    "mgrid": np.mgrid[0:1:7j, -1:2:0.3],
    "fft": np.fft.fft(x + 1j * y), "fft 0": np.fft.fft(x, axis=0), "fft2": np.fft.fft2(x, (64, 30), (0, 1)),
    "rfftn": np.fft.rfftn(x[:36].reshape(6, 6, 29)), "one line": np.fft.fft(x.ravel()),
    "hfft": np.fft.hfft(x, 101, 0, "ortho"),
    "irfft2": np.fft.irfft2(np.fft.rfft2(y.astype("f4"))),
}
for name, result in results.items():
    print(name, hashlib.sha256(numpy.ascontiguousarray(result).tobytes()).hexdigest()[:16])
"""


def test_bits_do_not_depend_on_ranks() -> None:
    alone = fine(PROGRAM, 0)
    assert alone
    for ranks, nodes in ((2, {"QUELEA_NODE_SIZE": "1"}), (3, {}), (3, {"QUELEA_NODE_SIZE": "1"})):
        assert fine(PROGRAM, ranks, **nodes) == alone
