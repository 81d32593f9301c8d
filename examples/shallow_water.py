"""Waves in a basin of shallow water, three fields on staggered grids: the rings of a drop come back from the walls.

mpirun -n 4 python examples/shallow_water.py --picture shallow_water.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


def wave(np, n, steps, courant=0.45):
    x = (np.arange(n) + 0.5) / n
    h = 1.0 / (1.0 + 400.0 * ((x[:, None] - 0.3) ** 2 + (x[None, :] - 0.4) ** 2))
    u = np.zeros((n + 1, n))  # through the sides of the cells; none through the walls
    v = np.zeros((n, n + 1))
    for _ in range(steps):
        u[1:-1, :] -= courant * (h[1:, :] - h[:-1, :])
        v[:, 1:-1] -= courant * (h[:, 1:] - h[:, :-1])
        h -= courant * (u[1:, :] - u[:-1, :] + v[:, 1:] - v[:, :-1])
    return u, v, h


def show(given, *fields):
    if given.check:
        expected = wave(numpy, given.n, given.steps)
        difference = max(abs(a - b).max() for a, b in zip(fields, expected, strict=True))
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, fields[2], cmap="ocean")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=600, help="cells along each side (600)")
    parser.add_argument("--steps", type=int, default=1000, help="time steps (1000)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the water's height")
    given = parser.parse_args()

    start = time.perf_counter()
    u, v, h = wave(np, given.n, given.steps)
    highest = float(h.max())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} cells, {given.steps} steps on {np.size} ranks: {seconds:.3f} s, highest {highest:.6f}"
    )
    print(f"all bits of the fields: {np.digest(u, v, h)}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, u, v, h)


if __name__ == "__main__":
    main()
