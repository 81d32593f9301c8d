"""The Mandelbrot set point by point: the loop that ends where a point escapes is compiled, and points are shared out.

`@jit` compiles the loops over all points; `@vectorize` makes a function of one point one of arrays.

mpirun -n 4 python examples/mandelbrot_jit.py --picture mandelbrot.png --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


@np.jit
def escape(count, most):
    """Store after how many steps each point has escaped."""
    n = count.shape[0]
    for i in range(n):
        for j in range(n):
            cx, cy = 2.6 * j / (n - 1) - 2.0, 2.6 * i / (n - 1) - 1.3
            x, y, k = 0.0, 0.0, 0
            while k < most and x * x + y * y <= 4.0:
                x, y = x * x - y * y + cx, 2.0 * x * y + cy
                k += 1
            count[i, j] = k


@np.vectorize
def steps(c, most):
    """Give after how many steps a point has escaped."""
    z, k = 0j, 0
    while k < most and z.real * z.real + z.imag * z.imag <= 4.0:
        z = z * z + c
        k += 1
    return k


def by_jit(n, most):
    count = np.zeros((n, n), dtype=np.int64)
    escape(count, most)
    return count


def by_vectorize(n, most):
    x, y = (2.6 * np.arange(n) / (n - 1) - start for start in (2.0, 1.3))
    return steps(x + 1j * y[:, None], most)


def by_arrays(n, most):
    """Do the same by NumPy: every point takes every step."""
    cx = (2.6 * numpy.arange(n) / (n - 1) - 2.0)[None, :]
    cy = (2.6 * numpy.arange(n) / (n - 1) - 1.3)[:, None]
    x, y, count = numpy.zeros((n, n)), numpy.zeros((n, n)), numpy.zeros((n, n), dtype=int)
    for _ in range(most):
        inside = x * x + y * y <= 4.0
        x, y = (
            numpy.where(inside, x * x - y * y + cx, x),
            numpy.where(inside, 2.0 * x * y + cy, y),
        )
        count += inside
    return count


def show(given, count):
    if given.check:
        different = (count != by_arrays(given.n, given.iterations)).sum()
        print(f"points that differ from NumPy's: {different}")
        if different:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, numpy.sqrt(count), cmap="twilight_shifted")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="points along each side (1000)")
    parser.add_argument("--iterations", type=int, default=200, help="at most so many steps (200)")
    parser.add_argument("--by", choices=("jit", "vectorize"), default="jit")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    parser.add_argument("--picture", metavar="FILE", help="draw it")
    given = parser.parse_args()

    compute = {"jit": by_jit, "vectorize": by_vectorize}[given.by]
    start = time.perf_counter()
    count = compute(given.n, given.iterations)
    inside = int((count == given.iterations).sum())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.iterations} iterations on {np.size} ranks: {seconds:.3f} s, "
        "compilation included"
    )
    print(f"area {inside / given.n**2 * 2.6**2:.5f}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, count)


if __name__ == "__main__":
    main()
