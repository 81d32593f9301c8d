"""The programs of `stencils` as loops, for Numba's ``njit(parallel=True)``: fused as the references in C are."""

# mypy: allow-untyped-defs

from collections.abc import Callable
from typing import Any

__all__ = ["loops"]


def loops(jit: Callable[..., Any], prange: Callable[..., Any]) -> dict[str, Any]:
    """Give the functions by their names, as a compiler's decorator makes them; `prange` is its own."""

    @jit
    def jacobi(steps, u, v):
        m, n = u.shape
        for _ in range(steps):
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
            u, v = v, u
        return (u,)

    @jit
    def heat3d(steps, u, v):
        l, m, n = u.shape
        for _ in range(steps):
            for i in prange(1, l - 1):
                for k in range(1, m - 1):
                    for j in range(1, n - 1):
                        v[i, k, j] = u[i, k, j] + 0.1 * (
                            u[i - 1, k, j]
                            + u[i + 1, k, j]
                            + u[i, k - 1, j]
                            + u[i, k + 1, j]
                            + u[i, k, j - 1]
                            + u[i, k, j + 1]
                            - 6.0 * u[i, k, j]
                        )
            u, v = v, u
        return (u,)

    @jit
    def shallow(steps, u, v, h):
        m, n = u.shape
        for _ in range(steps):
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    u[i, j] -= 0.1 * (h[i + 1, j] - h[i - 1, j]) * 0.5
                    v[i, j] -= 0.1 * (h[i, j + 1] - h[i, j - 1]) * 0.5
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    h[i, j] -= 0.1 * (u[i + 1, j] - u[i - 1, j] + v[i, j + 1] - v[i, j - 1]) * 0.5
        return u, v, h

    @jit
    def fdtd(steps, ex, ey, hz):
        m, n = hz.shape
        for step in range(steps):
            for i in prange(m):
                if i == 0:
                    for j in range(n):
                        ey[i, j] = 0.01 * step
                else:
                    for j in range(n):
                        ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
                for j in range(1, n):
                    ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
            for i in prange(m - 1):
                for j in range(n - 1):
                    hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
        return ex, ey, hz

    @jit
    def gray_scott(steps, u, v, next_u, next_v):
        m, n = u.shape
        for _ in range(steps):
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    a, b = u[i, j], v[i, j]
                    around_u = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * a
                    around_v = v[i - 1, j] + v[i + 1, j] + v[i, j - 1] + v[i, j + 1] - 4.0 * b
                    reaction = a * b * b
                    next_u[i, j] = a + (0.16 * around_u - reaction + 0.035 * (1.0 - a))
                    next_v[i, j] = b + (0.08 * around_v + reaction - 0.095 * b)
            u, v, next_u, next_v = next_u, next_v, u, v
        return u, v

    @jit
    def star(steps, u, v):
        m, n = u.shape
        for _ in range(steps):
            for i in prange(2, m - 2):
                for j in range(2, n - 2):
                    v[i, j] = (
                        0.6 * u[i, j]
                        + 0.12 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                        - 0.02 * (u[i - 2, j] + u[i + 2, j] + u[i, j - 2] + u[i, j + 2])
                    )
            u, v = v, u
        return (u,)

    functions = (jacobi, heat3d, shallow, fdtd, gray_scott, star)
    return {function.__name__: function for function in functions}
