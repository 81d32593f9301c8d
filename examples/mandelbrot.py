"""The Mandelbrot set by whole-array operations: every point takes every step, `where` keeps what has escaped.

mpirun -n 4 python examples/mandelbrot.py --picture mandelbrot.png --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


def escape(np, n, iterations):
    cx = np.linspace(-2.0, 0.6, n)[None, :]
    cy = np.linspace(-1.3, 1.3, n)[:, None]
    x = np.zeros((n, n))
    y = np.zeros((n, n))
    count = np.zeros((n, n), dtype=np.int32)
    for _ in range(iterations):
        inside = x * x + y * y <= 4.0
        x, y = np.where(inside, x * x - y * y + cx, x), np.where(inside, 2.0 * x * y + cy, y)
        count += inside
    return count


def show(given, count):
    if given.check:
        different = (count != escape(numpy, given.n, given.iterations)).sum()
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
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw it")
    given = parser.parse_args()

    start = time.perf_counter()
    count = escape(np, given.n, given.iterations)
    inside = int((count == given.iterations).sum())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.iterations} iterations on {np.size} ranks: {seconds:.3f} s"
    )
    print(f"area {inside / given.n**2 * 2.6**2:.5f}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, count)


if __name__ == "__main__":
    main()
