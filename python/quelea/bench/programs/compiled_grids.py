"""More programs in loops, over grids: written for `quelea.jit` and for Numba alike, as those in `compiled`."""

# mypy: allow-untyped-defs

from collections.abc import Callable
from typing import Any

import numpy

__all__ = ["grids"]

np = numpy

VELOCITIES = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, 1), (-1, -1), (1, -1))
"""Of the nine populations of lattice Boltzmann: along the rows and along the columns."""


def grids(jit: Callable[..., Any], prange: Callable[..., Any]) -> dict[str, Any]:
    """Give the functions by their names, as a compiler's decorator makes them; `prange` is its own."""

    @jit
    def dilation_separable(image, k):
        m, n = image.shape
        rows, out = np.empty_like(image), np.empty_like(image)
        for i in prange(m):
            for j in range(n):
                best = image[i, j]
                for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                    best = max(best, image[i, jj])
                rows[i, j] = best
        for i in prange(m):
            for j in range(n):
                best = rows[i, j]
                for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                    best = max(best, rows[ii, j])
                out[i, j] = best
        return out

    @jit
    def erosion_separable(image, k):
        m, n = image.shape
        rows, out = np.empty_like(image), np.empty_like(image)
        for i in prange(m):
            for j in range(n):
                least = image[i, j]
                for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                    least = min(least, image[i, jj])
                rows[i, j] = least
        for i in prange(m):
            for j in range(n):
                least = rows[i, j]
                for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                    least = min(least, rows[ii, j])
                out[i, j] = least
        return out

    @jit
    def mandelbrot_plane(real, imaginary, most):
        m, n = real.shape
        out = np.empty_like(real)
        for i in prange(m):
            for j in range(n):
                cx, cy = real[i, j], imaginary[i, j]
                x, y, k = 0.0, 0.0, 0
                while k < most and x * x + y * y <= 4.0:
                    x, y = x * x - y * y + cx, 2.0 * x * y + cy
                    k += 1
                out[i, j] = k
        return out

    @jit
    def julia(real, imaginary, most):
        m, n = real.shape
        out = np.empty_like(real)
        for i in prange(m):
            for j in range(n):
                x, y, k = real[i, j], imaginary[i, j], 0
                while k < most and x * x + y * y <= 4.0:
                    x, y = x * x - y * y - 0.8, 2.0 * x * y + 0.156
                    k += 1
                out[i, j] = k
        return out

    @jit
    def harris(image):
        m, n = image.shape
        xx, xy, yy = np.zeros_like(image), np.zeros_like(image), np.zeros_like(image)
        corners = np.zeros_like(image)
        for i in prange(1, m - 1):
            for j in range(1, n - 1):
                above = (
                    image[i - 1, j - 1] + image[i - 1, j] + image[i - 1, j] + image[i - 1, j + 1]
                )
                below = (
                    image[i + 1, j - 1] + image[i + 1, j] + image[i + 1, j] + image[i + 1, j + 1]
                )
                left = image[i - 1, j - 1] + image[i, j - 1] + image[i, j - 1] + image[i + 1, j - 1]
                right = (
                    image[i - 1, j + 1] + image[i, j + 1] + image[i, j + 1] + image[i + 1, j + 1]
                )
                x, y = right - left, below - above
                xx[i, j] = x * x
                xy[i, j] = x * y
                yy[i, j] = y * y
        for i in prange(2, m - 2):
            for j in range(2, n - 2):
                a, b, c = 0.0, 0.0, 0.0
                for ii in range(i - 1, i + 2):
                    for jj in range(j - 1, j + 2):
                        a += xx[ii, jj]
                        b += xy[ii, jj]
                        c += yy[ii, jj]
                corners[i, j] = a * c - b * b - 0.04 * (a + c) * (a + c)
        return corners

    @jit
    def fdtd(ex_first, ey_first, hz_first, steps):
        m, n = hz_first.shape
        ex, ey, hz = ex_first.copy(), ey_first.copy(), hz_first.copy()
        for t in range(steps):
            for j in range(n):
                ey[0, j] = t
            for i in prange(1, m):
                for j in range(n):
                    ey[i, j] = ey[i, j] - 0.5 * (hz[i, j] - hz[i - 1, j])
            for i in prange(m):
                for j in range(1, n):
                    ex[i, j] = ex[i, j] - 0.5 * (hz[i, j] - hz[i, j - 1])
            for i in prange(m - 1):
                for j in range(n - 1):
                    hz[i, j] = hz[i, j] - 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
        return hz

    @jit
    def shallow_water(height, steps):
        m, n = height.shape
        h, u, v = height.copy(), np.zeros_like(height), np.zeros_like(height)
        for _ in range(steps):
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    u[i, j] = u[i, j] - 0.1 * (h[i + 1, j] - h[i - 1, j])
                    v[i, j] = v[i, j] - 0.1 * (h[i, j + 1] - h[i, j - 1])
            for i in prange(1, m - 1):
                for j in range(1, n - 1):
                    flow = u[i + 1, j] - u[i - 1, j] + v[i, j + 1] - v[i, j - 1]
                    h[i, j] = h[i, j] - 0.1 * (1.0 + 0.1 * h[i, j]) * flow
        return h

    @jit
    def lattice_boltzmann(first, rows, columns, weights, steps):
        count, m, n = first.shape
        now, then = first.copy(), np.empty_like(first)
        for _ in range(steps):
            for i in range(m):
                for j in range(n):
                    density, x, y = 0.0, 0.0, 0.0
                    for k in range(count):
                        f = now[k, (i - rows[k]) % m, (j - columns[k]) % n]
                        density += f
                        x += rows[k] * f
                        y += columns[k] * f
                    x, y = x / density, y / density
                    square = 1.5 * (x * x + y * y)
                    for k in range(count):
                        c = 3.0 * (rows[k] * x + columns[k] * y)
                        rest = weights[k] * density * (1.0 + c + 0.5 * c * c - square)
                        f = now[k, (i - rows[k]) % m, (j - columns[k]) % n]
                        then[k, i, j] = 0.4 * f + 0.6 * rest
            now, then = then, now
        return now

    @jit
    def conjugate_gradients(matrix, right, steps):
        n = len(right)
        x, product = np.zeros_like(right), np.empty_like(right)
        residual, direction = right.copy(), right.copy()
        square = 0.0
        for i in range(n):
            square += residual[i] * residual[i]
        for _ in range(steps):
            slope = 0.0
            for i in range(n):
                s = 0.0
                for j in range(n):
                    s += matrix[i, j] * direction[j]
                product[i] = s
                slope += direction[i] * s
            step = square / slope
            before, square = square, 0.0
            for i in range(n):
                x[i] += step * direction[i]
                residual[i] -= step * product[i]
                square += residual[i] * residual[i]
            for i in range(n):
                direction[i] = residual[i] + square / before * direction[i]
        return x

    return dict(locals())
