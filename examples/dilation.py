"""Dilation of an image by a square, as the loops that define it: `@jit` shares the rows out among the ranks.

mpirun -n 4 python examples/dilation.py --check --picture dilation.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


@np.jit
def dilate(image, k):
    """Give each point the largest value of the k x k points around it: a halo of k // 2, which nobody states."""
    m, n = image.shape
    out = np.empty_like(image)
    for i in range(m):
        for j in range(n):
            best = image[i, j]
            for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                    best = max(best, image[ii, jj])
            out[i, j] = best
    return out


def grains(np, n):
    """Give grains on a dark ground."""
    x = np.arange(n * n).reshape(n, n)
    return (x * 7919 % 10007 % 499 == 0) * (1.0 + x % 101)


def shifted(image, k):
    """Dilate by NumPy: the largest of k * k shifted images."""
    m, n = image.shape
    wide = numpy.pad(image, k // 2, constant_values=-numpy.inf)
    shifts = [(a, b) for a in range(k) for b in range(k)]
    return numpy.maximum.reduce([wide[a : a + m, b : b + n] for a, b in shifts])


def show(given, out):
    if given.check:
        difference = abs(out - shifted(grains(numpy, given.n), given.k)).max()
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, out, cmap="magma")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="points along each side (1000)")
    parser.add_argument("--k", type=int, default=7, help="points along the square's side, odd (7)")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    parser.add_argument("--explain", action="store_true", help="say what became of the loops")
    parser.add_argument("--picture", metavar="FILE", help="draw it")
    given = parser.parse_args()

    image = grains(np, given.n)
    start = time.perf_counter()
    out = dilate(image, given.k)
    mean = float(out.mean())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.k} x {given.k} on {np.size} ranks: {seconds:.3f} s, compilation included"
    )
    print(f"mean {mean:.6f}")
    if given.explain:
        print(dilate.explain())
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, out)


if __name__ == "__main__":
    main()
