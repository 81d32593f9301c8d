"""Stencils in time loops: plain slices in Python, which `bench sweeps` sets beside C + MPI, Numba and NumPy.

Each is written three times with the same operations in the same order, so that all answers have the same bits: here, in
`stencil_loops`, and as ``cluster/bench/NAME_mpi.c``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..grids import start_values

__all__ = ["STENCILS", "Case", "Stencil", "jacobi"]


def jacobi(steps: int, u: Any, v: Any) -> tuple[Any, ...]:
    """Relax Laplace's equation: the mean of four neighbours."""
    for _ in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
    return (u,)


def heat3d(steps: int, u: Any, v: Any) -> tuple[Any, ...]:
    """Let heat flow in a cube."""
    for _ in range(steps):
        here = u[1:-1, 1:-1, 1:-1]
        v[1:-1, 1:-1, 1:-1] = here + 0.1 * (
            u[:-2, 1:-1, 1:-1]
            + u[2:, 1:-1, 1:-1]
            + u[1:-1, :-2, 1:-1]
            + u[1:-1, 2:, 1:-1]
            + u[1:-1, 1:-1, :-2]
            + u[1:-1, 1:-1, 2:]
            - 6.0 * here
        )
        u, v = v, u
    return (u,)


def shallow(steps: int, u: Any, v: Any, h: Any) -> tuple[Any, ...]:
    """Let shallow water move: two velocities and the height, in place."""
    for _ in range(steps):
        u[1:-1, 1:-1] -= 0.1 * (h[2:, 1:-1] - h[:-2, 1:-1]) * 0.5
        v[1:-1, 1:-1] -= 0.1 * (h[1:-1, 2:] - h[1:-1, :-2]) * 0.5
        h[1:-1, 1:-1] -= 0.1 * (u[2:, 1:-1] - u[:-2, 1:-1] + v[1:-1, 2:] - v[1:-1, :-2]) * 0.5
    return u, v, h


def fdtd(steps: int, ex: Any, ey: Any, hz: Any) -> tuple[Any, ...]:
    """Let an electric and a magnetic field change one another on staggered grids, with a source in row 0."""
    for step in range(steps):
        ey[0, :] = 0.01 * step
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return ex, ey, hz


def gray_scott(steps: int, u: Any, v: Any, next_u: Any, next_v: Any) -> tuple[Any, ...]:
    """Let two substances react and diffuse."""
    for _ in range(steps):
        around_u, around_v = (
            w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:] - 4.0 * w[1:-1, 1:-1]
            for w in (u, v)
        )
        a, b = u[1:-1, 1:-1], v[1:-1, 1:-1]
        reaction = a * b * b
        next_u[1:-1, 1:-1] = a + (0.16 * around_u - reaction + 0.035 * (1.0 - a))
        next_v[1:-1, 1:-1] = b + (0.08 * around_v + reaction - 0.095 * b)
        u, v, next_u, next_v = next_u, next_v, u, v
    return u, v


def star(steps: int, u: Any, v: Any) -> tuple[Any, ...]:
    """Diffuse, of fourth order: a star of radius 2."""
    for _ in range(steps):
        v[2:-2, 2:-2] = (
            0.6 * u[2:-2, 2:-2]
            + 0.12 * (u[1:-3, 2:-2] + u[3:-1, 2:-2] + u[2:-2, 1:-3] + u[2:-2, 3:-1])
            - 0.02 * (u[:-4, 2:-2] + u[4:, 2:-2] + u[2:-2, :-4] + u[2:-2, 4:])
        )
        u, v = v, u
    return (u,)


class Case(NamedTuple):
    """A size, and how many times as fast as C + MPI it must be computed: in sweeps, and one step after another."""

    n: int
    steps: int
    numpy_steps: int  # NumPy's speed is taken from fewer
    least: float | None = None
    least_unblocked: float | None = None


class Stencil(NamedTuple):
    """A program, and how its arrays begin."""

    run: Callable[..., tuple[Any, ...]]  # run(steps, *arrays): the arrays of the answer
    title: str
    flops: int  # of a point
    cases: tuple[Case, ...]
    scales: tuple[float, ...] = (1.0,)  # of the start values, for each array of the answer
    twice: bool = True  # as many arrays again, that begin as copies
    dimensions: int = 2
    by_hand: str | None = None  # the reference with time blocking
    least_by_hand: float | None = None
    least_numba: float | None = 1.6
    many: bool = False  # also on 16 ranks

    @property
    def name(self) -> str:
        """What `--rows` and the references call it."""
        return self.run.__name__

    @property
    def moved(self) -> int:
        """Bytes of a point, at best: each array of the answer is read and written once in a step."""
        return 16 * len(self.scales)

    def size(self, n: int) -> int:
        """Give the bytes of all arrays."""
        return 8 * int(n**self.dimensions) * len(self.scales) * (2 if self.twice else 1)

    def arrays(self, np: Any, n: int) -> list[Any]:
        """Make them as slab_start in cluster/bench/slab.h does, with so many points along a side."""
        shape, count = (n,) * self.dimensions, n**self.dimensions
        made = [
            scale * start_values(np, shape, field * count)
            for field, scale in enumerate(self.scales)
        ]
        return made + [array.copy() for array in made] if self.twice else made


STENCILS = (
    Stencil(
        jacobi,
        "Jacobi, 5 points",
        5,  # as README counts them
        (Case(1000, 1000, 100, 1.9), Case(8192, 64, 2, 2.8)),
        by_hand="jacobi_sweep",
        least_by_hand=0.85,
        many=True,
    ),
    Stencil(
        heat3d,
        "Heat 3-D, 7 points",
        9,
        (Case(256, 64, 2, 1.45), Case(512, 32, 1, 1.7)),
        dimensions=3,
    ),
    Stencil(
        shallow,
        "Shallow water, 3 fields in place",
        14,
        (Case(1000, 500, 50, 1.6), Case(4096, 64, 2, 2.4)),
        scales=(1.0, 1.0, 1.0),
        twice=False,
    ),
    Stencil(
        fdtd,
        "FDTD, staggered, 3 fields in place",
        11,
        (Case(2048, 128, 8, 1.5),),
        scales=(1.0, 1.0, 1.0),
        twice=False,
    ),
    Stencil(
        gray_scott,
        "Gray-Scott, 2 fields",
        23,
        (Case(2048, 128, 4, 1.5),),
        scales=(1.0, 0.25),
    ),
    Stencil(
        star,
        "Star of radius 2",
        11,
        (Case(8192, 32, 2, None, 0.97),),
        least_numba=None,
    ),
)
