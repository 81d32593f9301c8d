"""Gray and Scott's reaction of two chemicals that diffuse: spots that grow and divide, on a torus.

mpirun -n 4 python examples/gray_scott.py --picture gray_scott.png --movie gray_scott.gif
"""

import argparse
import sys
import time
from contextlib import nullcontext

import numpy

import quelea as np


def react(np, n, steps, feed=0.0367, kill=0.0649, movie=None):
    u = np.ones(
        (n + 2, n + 2)
    )  # one more row and column on each side hold what lies across the edge
    v = np.zeros((n + 2, n + 2))
    for k in range(1, 6):
        spot = slice(k * n // 6 - n // 40, k * n // 6 + n // 40)
        u[spot, spot], v[spot, spot] = 0.5, 0.25
        u[spot, spot.start // 2 : spot.stop // 2], v[spot, spot.start // 2 : spot.stop // 2] = (
            0.5,
            0.25,
        )
    for _ in range(steps):
        for w in (u, v):
            w[0], w[-1] = w[-2], w[1]
            w[:, 0], w[:, -1] = w[:, -2], w[:, 1]
        laplace_u, laplace_v = (
            (w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:]) - 4.0 * w[1:-1, 1:-1]
            for w in (u, v)
        )
        a, b = u[1:-1, 1:-1], v[1:-1, 1:-1]
        reaction = a * b * b
        a += 0.16 * laplace_u - reaction + feed * (1.0 - a)
        b += 0.08 * laplace_v + reaction - (feed + kill) * b
        if movie:
            movie.add(b)
    return v[1:-1, 1:-1]


def show(given, v):
    if given.check:
        difference = abs(v - react(numpy, given.n, given.steps)).max()
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, v, cmap="magma")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=400, help="points along each side (400)")
    parser.add_argument("--steps", type=int, default=4000, help="time steps (4000)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the second chemical")
    parser.add_argument(
        "--movie", metavar="FILE", help="a frame each 50 steps, into a .gif or .mp4"
    )
    given = parser.parse_args()

    start = time.perf_counter()
    with np.movie(given.movie, every=50) if given.movie else nullcontext() as movie:
        v = react(np, given.n, given.steps, movie=movie)
    total = float(v.sum())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.steps} steps on {np.size} ranks: {seconds:.3f} s, {total:.6f} in all"
    )
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, v)


if __name__ == "__main__":
    main()
