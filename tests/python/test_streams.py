"""Results that no cache keeps are stored past the caches: which kernels do it, and that all bits are there."""

import pytest
from jobs import LAUNCHED, fine

pytestmark = pytest.mark.skipif(LAUNCHED, reason="starts jobs, which a rank of a job cannot")

PROGRAM = """
    def streamed(work):
        np.sync()
        before = np.counters()["streamed_kernels"]
        result = work(np)
        np.sync()
        wanted = work(numpy)
        assert result.dtype == wanted.dtype and result.shape == wanted.shape
        assert numpy.asarray(result).tobytes() == wanted.tobytes()
        return np.counters()["streamed_kernels"] > before

    def values(m, shape, dtype):
        return m.array((numpy.arange(numpy.prod(shape)) * 7919 % 251).astype(dtype).reshape(shape))

    # of every width, at every place in a line
    for dtype in ("bool", "i1", "u2", "f2", "f4", "i4", "f8", "i8", "u8"):
        for first in range(9):
            def part(m):
                a, c = values(m, 30011, dtype), m.zeros(30011, dtype)
                c[first : 29000 + 3 * first] = m.maximum(a[: 29000 + 2 * first], a[1011 - 2 * first :])
                return c
            assert streamed(part), (dtype, first)

    def several(m):
        a, b = values(m, (301, 407), "f8"), values(m, (301, 407), "f8")[::-1] + 1.0
        c, d = m.zeros((301, 407)), m.zeros((301, 407))
        c[2:-1, 3:-5] = 2.0 * a[2:-1, 3:-5] - b[2:-1, :-8]
        d[:, 1:] = m.sqrt(a[:, :-1]) / b[:, 1:]
        return c + 0.5 * d
    assert streamed(several)

    def reduced(m):
        a = values(m, (301, 407), "f8")
        return m.where(a > 100.0, a, -a) + a.max(axis=1)[:, None]
    assert streamed(reduced)

    # what is read as well, and short rows, are not
    a, c = values(np, 50000, "f8"), np.zeros(50000)
    for work in ("a += 1.0", "c[::2] = a[1::2]", "c[:100] = a[:100]"):
        np.sync()
        before = np.counters()["streamed_kernels"]
        exec(work)
        np.sync()
        assert np.counters()["streamed_kernels"] == before, work
"""


@pytest.mark.parametrize("ranks, threads", [(0, 2), (3, 1)])
def test_large_results_are_streamed(ranks: int, threads: int) -> None:
    fine(
        PROGRAM,
        ranks,
        QUELEA_NODE_SIZE="2",
        QUELEA_THREADS=str(threads),
        QUELEA_SHARE="0",
        QUELEA_STREAM_BYTES="4k",
    )


def test_what_caches_keep_is_not_streamed() -> None:
    out = fine(
        """
        a = np.arange(100000) * 2.0
        c = a + 1.0
        np.sync()
        print(np.counters()["streamed_kernels"])
        """,
        0,
    )
    assert int(out) == 0
