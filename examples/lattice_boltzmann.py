"""A street of vortices behind a cylinder: the lattice Boltzmann method, nine speeds on a square lattice.

mpirun -n 4 python examples/lattice_boltzmann.py --picture lattice_boltzmann.png
"""

import argparse
import sys
import time

import numpy

import quelea as np

# Where populations go, along the channel and across it, and their weights; population 8 - k is the opposite of k.
ALONG = (1, 1, 1, 0, 0, 0, -1, -1, -1)
ACROSS = (1, 0, -1, 1, 0, -1, 1, 0, -1)
WEIGHTS = (1 / 36, 1 / 9, 1 / 36, 1 / 9, 4 / 9, 1 / 9, 1 / 36, 1 / 9, 1 / 36)
SPEED = 0.06  # of what comes in, in cells per step


def equilibrium(density, u, v):
    square = 1.5 * (u * u + v * v)
    moved = (3.0 * (a * u + b * v) for a, b in zip(ALONG, ACROSS, strict=True))
    return [
        w * density * (1.0 + m + 0.5 * m * m - square) for w, m in zip(WEIGHTS, moved, strict=True)
    ]


def flow(np, n, steps, reynolds=160.0):
    """Give the velocity in a channel of 4 n by n cells after so many steps."""
    x, y = np.arange(4 * n)[:, None], np.arange(n)[None, :]
    radius = n / 9
    cylinder = (x - 0.8 * n) ** 2 + (y - 0.5 * n - 1) ** 2 < radius**2
    relaxation = 1.0 / (3.0 * SPEED * radius * 2.0 / reynolds + 0.5)
    u = SPEED * (1.0 + 1e-4 * np.sin(y * 2.0 * numpy.pi / n)) + 0.0 * x
    f = equilibrium(1.0, u, 0.0 * u)
    entering = [population[0].copy() for population in f]
    for _ in range(steps):
        density = sum(f)
        u = (f[0] + f[1] + f[2] - f[6] - f[7] - f[8]) / density
        v = (f[0] + f[3] + f[6] - f[2] - f[5] - f[8]) / density
        rested = equilibrium(density, u, v)
        for k in range(9):  # they collide, but in the cylinder, where they turn round
            rested[k] = np.where(cylinder, f[8 - k], f[k] + relaxation * (rested[k] - f[k]))
        f = [np.roll(rested[k], (ALONG[k], ACROSS[k]), axis=(0, 1)) for k in range(9)]
        for k in range(3):
            f[k][0] = entering[k]
            f[8 - k][-1] = f[8 - k][-2]
    return np.where(cylinder, 0.0, u), np.where(cylinder, 0.0, v)


def show(given, u, v):
    if given.check:
        theirs = flow(numpy, given.n, given.steps)
        difference = max(abs(u - theirs[0]).max(), abs(v - theirs[1]).max())
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        turn = numpy.gradient(v, axis=0) - numpy.gradient(u, axis=1)
        most = abs(turn[given.n :]).max()
        pyplot.imsave(given.picture, turn.T, cmap="RdBu", vmin=-most, vmax=most, origin="lower")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=120, help="cells across the channel (120)")
    parser.add_argument("--steps", type=int, default=12000, help="time steps (12000)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the vorticity")
    given = parser.parse_args()

    start = time.perf_counter()
    u, v = flow(np, given.n, given.steps)
    fastest = float(np.sqrt(u * u + v * v).max()) / SPEED
    seconds = time.perf_counter() - start
    print(
        f"{4 * given.n} x {given.n} cells, {given.steps} steps on {np.size} ranks: {seconds:.3f} s, "
        f"up to {fastest:.4f} of the speed that comes in"
    )
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, u, v)


if __name__ == "__main__":
    main()
