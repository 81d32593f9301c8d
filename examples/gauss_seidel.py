"""Gauss-Seidel in two colours: a red point's neighbours are black, so each half of a step is a loop in any order.

mpirun -n 4 python examples/gauss_seidel.py --check --picture gauss_seidel.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


@np.jit
def relax(u, v, steps):
    """Sweep red, then black. A loop over ranks stores into another array than it reads its neighbours from."""
    m, n = u.shape
    for _ in range(steps):
        for colour in range(2):
            for i in range(1, m - 1):
                for j in range(1, n - 1):
                    v[i, j] = u[i, j]
                    if (i + j) % 2 == colour:
                        v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
            u, v = v, u
    return u


def plate(np, n):
    """Give a cold plate with two warm edges."""
    u = np.zeros((n, n))
    u[0, :] = 1.0
    u[:, 0] = 0.5
    return u


def by_arrays(n, steps):
    """Do the same by NumPy, in place: a colour's points are read by the other colour alone."""
    u = plate(numpy, n)
    i, j = numpy.indices((n, n))[:, 1:-1, 1:-1]
    for _ in range(steps):
        for colour in range(2):
            mean = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
            u[1:-1, 1:-1] = numpy.where((i + j) % 2 == colour, mean, u[1:-1, 1:-1])
    return u


def show(given, u):
    if given.check:
        difference = abs(u - by_arrays(given.n, given.steps)).max()
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, u, cmap="inferno")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="points along each side (1000)")
    parser.add_argument("--steps", type=int, default=100, help="sweeps of both colours (100)")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    parser.add_argument("--picture", metavar="FILE", help="draw it")
    given = parser.parse_args()

    u = plate(np, given.n)
    start = time.perf_counter()
    u = relax(u, u.copy(), given.steps)
    mean = float(u.mean())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.steps} sweeps on {np.size} ranks: {seconds:.3f} s, compilation included"
    )
    print(f"mean {mean:.9f}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, u)


if __name__ == "__main__":
    main()
