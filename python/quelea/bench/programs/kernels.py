"""Kernels whose loops lie in Python and whose views move: those of NPBench that are made of small statements.

They compute what NPBench's kernels of these names do, in its sizes S and M (Ziogas et al., "NPBench: A benchmarking
suite for high-performance NumPy", ICS 2021; most come from PolyBench), and are written from the definitions.
"""

import math
from typing import Any

import numpy

from .program import Program, Section

__all__ = ["KERNELS"]


def _ramp(*shape: int) -> Any:
    """Give numbers between 0 and 1 that repeat late."""
    count = math.prod(shape)
    return (numpy.arange(count) * 7919 % 10007 / 10007.0).reshape(shape)


# ---- factors and triangles ----


def _positive(n: int) -> tuple[Any, ...]:
    return (_ramp(n, n) @ _ramp(n, n).T + n * numpy.eye(n),)


def cholesky(np: Any, a: Any) -> Any:
    """Factor a = l @ l.T: each element from the dot product of two rows of l."""
    n = a.shape[0]
    l = np.zeros_like(a)
    for i in range(n):
        for j in range(i):
            l[i, j] = (a[i, j] - l[i, :j] @ l[j, :j]) / l[j, j]
        l[i, i] = np.sqrt(a[i, i] - l[i, :i] @ l[i, :i])
    return l


def _dominant(n: int) -> tuple[Any, ...]:
    return (_ramp(n, n) + n * numpy.eye(n),)


def lu(np: Any, a: Any) -> Any:
    """Factor a = l @ u in one array, row by row; l's diagonal is 1."""
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] = (a[i, j] - a[i, :j] @ a[:j, j]) / a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return a


def _system(n: int) -> tuple[Any, ...]:
    return (*_dominant(n), _ramp(n))


def ludcmp(np: Any, a: Any, b: Any) -> Any:
    """Solve a @ x = b by its factors, forwards and then backwards."""
    factors = lu(np, a)
    n = b.shape[0]
    x, y = np.zeros_like(b), np.zeros_like(b)
    for i in range(n):
        y[i] = b[i] - factors[i, :i] @ y[:i]
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - factors[i, i + 1 :] @ x[i + 1 :]) / factors[i, i]
    return x, y


def trisolv(np: Any, l: Any, b: Any) -> Any:
    """Solve l @ x = b for a lower triangle."""
    x = np.zeros_like(b)
    for i in range(b.shape[0]):
        x[i] = (b[i] - l[i, :i] @ x[:i]) / l[i, i]
    return x


# ---- products with triangles ----


def _triangle(m: int, n: int) -> tuple[Any, ...]:
    return 1.5, _ramp(m, m), _ramp(m, n)


def trmm(np: Any, alpha: float, a: Any, b: Any) -> Any:
    """Give alpha * a.T @ b for a lower triangle of which the diagonal is 1."""
    b = b.copy()
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            b[i, j] += a[i + 1 :, i] @ b[i + 1 :, j]
    return alpha * b


def _symmetric(m: int, n: int) -> tuple[Any, ...]:
    return 1.5, 1.2, _ramp(m, n), _ramp(m, m), _ramp(m, n)[::-1].copy()


def symm(np: Any, alpha: float, beta: float, c: Any, a: Any, b: Any) -> Any:
    """Give beta * c + alpha * a @ b for a symmetric a, of which only the lower triangle is read."""
    c = beta * c
    above = np.zeros(c.shape[1])
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            c[:i, j] += alpha * b[i, j] * a[i, :i]
            above[j] = b[:i, j] @ a[i, :i]
        c[i] += alpha * (b[i] * a[i, i] + above)
    return c


def _update(m: int, n: int) -> tuple[Any, ...]:
    return 1.5, 1.2, _ramp(m, m), _ramp(m, n)


def syrk(np: Any, alpha: float, beta: float, c: Any, a: Any) -> Any:
    """Give beta * c + alpha * a @ a.T in the lower triangle of c."""
    c = c.copy()
    for i in range(c.shape[0]):
        c[i, : i + 1] *= beta
        for k in range(a.shape[1]):
            c[i, : i + 1] += alpha * a[i, k] * a[: i + 1, k]
    return c


def _two_updates(m: int, n: int) -> tuple[Any, ...]:
    return (*_update(m, n), _ramp(m, n)[::-1].copy())


def syr2k(np: Any, alpha: float, beta: float, c: Any, a: Any, b: Any) -> Any:
    """Give beta * c + alpha * (a @ b.T + b @ a.T) in the lower triangle of c."""
    c = c.copy()
    for i in range(c.shape[0]):
        c[i, : i + 1] *= beta
        for k in range(a.shape[1]):
            c[i, : i + 1] += alpha * a[: i + 1, k] * b[i, k] + alpha * b[: i + 1, k] * a[i, k]
    return c


def _covariances(n: int) -> tuple[Any, ...]:
    return (1.0 / (2.0 + numpy.arange(n)),)


def durbin(np: Any, r: Any) -> Any:
    """Solve the Yule-Walker equations of covariances 1, r[0], r[1], ... by Levinson's recursion."""
    y = np.zeros_like(r)
    y[0] = alpha = -r[0]
    beta = 1.0
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.flip(r[:k]) @ y[:k]) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


def _tall(m: int, n: int) -> tuple[Any, ...]:
    return (numpy.random.default_rng(42).random((m, n)),)


def gramschmidt(np: Any, a: Any) -> Any:
    """Factor a = q @ r: make the columns orthonormal, each against those after it."""
    a = a.copy()
    n = a.shape[1]
    q, r = np.zeros_like(a), np.zeros((n, n))
    for k in range(n):
        r[k, k] = np.sqrt(a[:, k] @ a[:, k])
        q[:, k] = a[:, k] / r[k, k]
        for j in range(k + 1, n):
            r[k, j] = q[:, k] @ a[:, j]
            a[:, j] -= q[:, k] * r[k, j]
    return q, r


# ---- sweeps over grids ----


def _field(steps: int, n: int) -> tuple[Any, ...]:
    return steps, 1.0 + _ramp(n, n)


def _implicit(along: float, across: float, new: Any, old: Any, p: Any, q: Any) -> None:
    """Diffuse for a half step: implicitly along axis 0 of `new`, explicitly along axis 0 of `old.T`.

    Each line is a tridiagonal system with 1 at both ends; `p` and `q` are room for its elimination.
    """
    n = new.shape[0]
    p[1:-1, 0] = 0.0
    q[1:-1, 0] = 1.0
    for j in range(1, n - 1):
        pivot = 1.0 + 2.0 * along - along * p[1:-1, j - 1]
        given = across * (old[j, :-2] + old[j, 2:]) + (1.0 - 2.0 * across) * old[j, 1:-1]
        p[1:-1, j] = along / pivot
        q[1:-1, j] = (given + along * q[1:-1, j - 1]) / pivot
    new[0, 1:-1] = 1.0
    new[-1, 1:-1] = 1.0
    for j in range(n - 2, 0, -1):
        new[j, 1:-1] = p[1:-1, j] * new[j + 1, 1:-1] + q[1:-1, j]


def adi(np: Any, steps: int, u: Any) -> Any:
    """Diffuse on the unit square in alternating directions (Peaceman and Rachford), 1 around."""
    u = u.copy()
    n = u.shape[0]
    v, p, q = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    fast, slow = 2.0 * n * n / steps / 2, 1.0 * n * n / steps / 2
    for _ in range(steps):
        _implicit(fast, slow, v, u.T, p, q)
        _implicit(slow, fast, u.T, v, p, q)
    return u


def seidel_2d(np: Any, steps: int, a: Any) -> Any:
    """Replace each point by the mean of the nine around it, in place, in the order of the elements."""
    a = a.copy()
    n = a.shape[0]
    for _ in range(steps - 1):
        for i in range(1, n - 1):
            a[i, 1:-1] += a[i, 2:] + a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:]
            a[i, 1:-1] += a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:]
            for j in range(1, n - 1):
                a[i, j] = (a[i, j] + a[i, j - 1]) / 9.0
    return a


def _image(width: int, height: int) -> tuple[Any, ...]:
    return 0.25, _ramp(width, height)


def _both_ways(np: Any, weights: tuple[float, ...], x: Any) -> Any:
    """Filter along axis 0 with a recursion of second order, forwards and backwards."""
    a1, a2, a3, a4, b1, b2 = weights
    n = x.shape[0]
    y, z = np.empty_like(x), np.empty_like(x)
    y[0] = a1 * x[0]
    y[1] = a1 * x[1] + a2 * x[0] + b1 * y[0]
    for i in range(2, n):
        y[i] = a1 * x[i] + a2 * x[i - 1] + b1 * y[i - 1] + b2 * y[i - 2]
    z[-1] = 0.0
    z[-2] = a3 * x[-1]
    for i in range(n - 3, -1, -1):
        z[i] = a3 * x[i + 1] + a4 * x[i + 2] + b1 * z[i + 1] + b2 * z[i + 2]
    return y + z


def deriche(np: Any, alpha: float, image: Any) -> Any:
    """Smooth an image with Deriche's recursive filter, along the rows and along the columns."""
    e = math.exp(-alpha)
    k = (1.0 - e) ** 2 / (1.0 + 2.0 * alpha * e - e * e)
    weights = (k, k * e * (alpha - 1.0), k * e * (alpha + 1.0), -k * e * e, 2.0 * e, -e * e)
    return _both_ways(np, weights, _both_ways(np, weights, image.T).T)


def _line(steps: int, n: int) -> tuple[Any, ...]:
    return steps, _ramp(n), _ramp(n)[::-1].copy()


def jacobi_1d(np: Any, steps: int, a: Any, b: Any) -> Any:
    """Take means of three on a line, from one array into the other and back."""
    a, b = a.copy(), b.copy()
    for _ in range(steps - 1):
        b[1:-1] = 0.33333 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.33333 * (b[:-2] + b[1:-1] + b[2:])
    return a, b


def _channel(n: int, iterations: int, least: float) -> tuple[Any, ...]:
    return iterations, least, numpy.zeros((n, n)), numpy.zeros((n, n)), numpy.ones((n, n))


# columns, and those to their west and east: inside, at the left and at the right edge of a channel that is periodic
_ALONG = (
    (slice(None, -2), slice(1, -1), slice(2, None)),
    (-1, 0, 1),
    (-2, -1, 0),
)
_SOUTH, _INNER, _NORTH = slice(None, -2), slice(1, -1), slice(2, None)


def _channel_step(iterations: int, dt: float, dx: float, dy: float, u: Any, v: Any, p: Any) -> None:
    """Advance velocities and pressure in place (projection, upwind differences, Jacobi for the pressure)."""
    density, viscosity, force = 1.0, 0.1, 1.0
    old_u, old_v = u.copy(), v.copy()
    source = p * 0.0
    for west, here, east in _ALONG:
        du_dx = (u[_INNER, east] - u[_INNER, west]) / (2 * dx)
        dv_dy = (v[_NORTH, here] - v[_SOUTH, here]) / (2 * dy)
        du_dy = (u[_NORTH, here] - u[_SOUTH, here]) / (2 * dy)
        dv_dx = (v[_INNER, east] - v[_INNER, west]) / (2 * dx)
        source[_INNER, here] = density * (
            (du_dx + dv_dy) / dt - du_dx**2 - 2 * (du_dy * dv_dx) - dv_dy**2
        )
    for _ in range(iterations):
        before = p.copy()
        for west, here, east in _ALONG:
            p[_INNER, here] = (
                (before[_INNER, east] + before[_INNER, west]) * dy**2
                + (before[_NORTH, here] + before[_SOUTH, here]) * dx**2
                - dx**2 * dy**2 * source[_INNER, here]
            ) / (2 * (dx**2 + dy**2))
        p[-1] = p[-2]
        p[0] = p[1]
    for west, here, east in _ALONG:
        uh, vh = old_u[_INNER, here], old_v[_INNER, here]
        for new, old, slope, pushed in (
            (u, old_u, (p[_INNER, east] - p[_INNER, west]) / (2 * density * dx), force),
            (v, old_v, (p[_NORTH, here] - p[_SOUTH, here]) / (2 * density * dy), 0.0),
        ):
            w = old[_INNER, here]
            new[_INNER, here] = (
                w
                - uh * dt / dx * (w - old[_INNER, west])
                - vh * dt / dy * (w - old[_SOUTH, here])
                - dt * slope
                + viscosity * dt / dx**2 * (old[_INNER, east] - 2 * w + old[_INNER, west])
                + viscosity * dt / dy**2 * (old[_NORTH, here] - 2 * w + old[_SOUTH, here])
                + pushed * dt
            )
    for wall in (0, -1):
        u[wall] = 0.0
        v[wall] = 0.0


def channel_flow(np: Any, iterations: int, least: float, u: Any, v: Any, p: Any) -> Any:
    """Let a force drive a viscous flow through a channel until it hardly grows."""
    u, v, p = u.copy(), v.copy(), p.copy()
    rows, columns = u.shape
    dx, dy = 2 / (columns - 1), 2 / (rows - 1)
    dt = 0.1 / ((rows - 1) * (columns - 1))
    steps, before, growth = 0, 0.0, 1.0
    while growth > least:
        _channel_step(iterations, dt, dx, dy, u, v, p)
        now = np.sum(u)
        growth = (now - before) / now
        before = now
        steps += 1
    return u, v, p, steps


# ---- windows and paths ----


def _layer(images: int, size: int, channels: int, window: int, filters: int) -> tuple[Any, ...]:
    given = (
        _ramp(images, size, size, channels),
        _ramp(window, window, channels, filters),
        _ramp(filters),
    )
    return tuple(x.astype(numpy.float32) for x in given)


def conv2d_bias(np: Any, images: Any, weights: Any, bias: Any) -> Any:
    """Convolve images with filters, window by window, and add a bias."""
    k = weights.shape[0]
    count, height, width = (images.shape[0], images.shape[1] - k + 1, images.shape[2] - k + 1)
    out = np.empty((count, height, width, weights.shape[3]), dtype=np.float32)
    for i in range(height):
        for j in range(width):
            window = images[:, i : i + k, j : j + k, :, np.newaxis]
            out[:, i, j] = np.sum(window * weights, axis=(1, 2, 3))
    return out + bias


def _distances(n: int) -> tuple[Any, ...]:
    i, j = numpy.arange(n)[:, None], numpy.arange(n)[None, :]
    missing = ((i + j) % 13 == 0) | ((i + j) % 7 == 0) | ((i + j) % 11 == 0)
    return (numpy.where(missing, 999, i * j % 7 + 1).astype(numpy.int32),)


def floyd_warshall(np: Any, distances: Any) -> Any:
    """Find the shortest ways between all places: over the first one, the first two, ..."""
    path = distances.copy()
    for k in range(path.shape[0]):
        path[:] = np.minimum(path, np.add.outer(path[:, k], path[k, :]))
    return path


def _two_sizes(
    run: Any,
    data: Any,
    small: tuple[float, ...],
    medium: tuple[float, ...],
    tiny: tuple[float, ...],
    exact: bool = False,
) -> tuple[Program, ...]:
    return tuple(
        Program(f"{run.__name__}, {name}", run, data, size, tiny, 0.7, exact)
        for name, size in (("S", small), ("M", medium))
    )


KERNELS = Section(
    "NPBench",
    "NPBench's kernels of moving views, sizes S and M",
    (
        *_two_sizes(adi, _field, (5, 100), (20, 200), (2, 5), True),
        *_two_sizes(cholesky, _positive, (100,), (300,), (5,)),
        *_two_sizes(lu, _dominant, (60,), (220,), (5,)),
        *_two_sizes(ludcmp, _system, (60,), (220,), (5,)),
        *_two_sizes(trisolv, _system, (2000,), (5000,), (6,)),
        *_two_sizes(trmm, _triangle, (65, 80), (200, 250), (4, 3)),
        *_two_sizes(symm, _symmetric, (40, 50), (120, 150), (4, 3)),
        *_two_sizes(syrk, _update, (50, 70), (150, 200), (4, 3), True),
        *_two_sizes(syr2k, _two_updates, (35, 50), (110, 140), (4, 3), True),
        *_two_sizes(durbin, _covariances, (1000,), (6000,), (6,)),
        *_two_sizes(gramschmidt, _tall, (70, 60), (220, 180), (5, 3)),
        *_two_sizes(seidel_2d, _field, (8, 50), (15, 100), (3, 6), True),
        *_two_sizes(deriche, _image, (400, 200), (1500, 1000), (6, 5), True),
        *_two_sizes(channel_flow, _channel, (61, 5, 1e-3), (121, 10, 1e-3), (5, 2, 0.1)),
        *_two_sizes(jacobi_1d, _line, (800, 3200), (3000, 12000), (4, 9), True),
        *_two_sizes(conv2d_bias, _layer, (8, 32, 3, 2, 16), (8, 64, 3, 5, 8), (2, 5, 2, 2, 3)),
        *_two_sizes(floyd_warshall, _distances, (200,), (400,), (6,), True),
    ),
    1.15,
)
