"""Two discs of stars that meet: gravity between all pairs of them, by leaps of Verlet's method.

mpirun -n 4 python examples/n_body.py --picture n_body.png
"""

import argparse
import sys
import time

import numpy

import quelea as np

SOFT = 0.02  # squared distance that is added to each


def discs(np, n):
    """Give the places, velocities and masses of the stars of two discs; the first star of each holds it together."""
    rng = np.random.default_rng(3)
    radius = np.sqrt(rng.random(n) + 0.05)
    angle = 2.0 * numpy.pi * rng.random(n)
    second = np.arange(n) % 2
    radius[:2] = 0.0
    speed = np.sqrt(1.0 / (radius + 0.1)) * (radius > 0.0)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.05 * rng.random(n)], axis=1)
    v = np.stack([-speed * np.sin(angle), speed * np.cos(angle), 0.0 * angle], axis=1)
    x += np.where(second[:, None] == 1, 1.3, -1.3) * np.asarray([1.0, 0.6, 0.1])
    v += np.where(second[:, None] == 1, -0.45, 0.45) * np.asarray([1.0, 0.0, 0.0])
    mass = np.full(n, 0.2 / n)
    mass[:2] = 1.0
    return x, v, mass


def pull(x, mass):
    between = x[None, :, :] - x[:, None, :]
    square = (between**2).sum(axis=2) + SOFT
    return (between * (mass / (square * square**0.5))[:, :, None]).sum(axis=1)


def move(np, n, steps, step=0.004):
    x, v, mass = discs(np, n)
    a = pull(x, mass)
    for _ in range(steps):
        v += 0.5 * step * a
        x += step * v
        a = pull(x, mass)
        v += 0.5 * step * a
    return x, v


def show(given, x, v):
    if given.check:
        theirs = move(numpy, given.n, given.steps)
        difference = max(abs(x - theirs[0]).max(), abs(v - theirs[1]).max())
        print(f"largest difference from NumPy {difference:.3g}")
        if not difference < 1e-9:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(8, 8), facecolor="black", layout="constrained")
        speed = numpy.sqrt((v**2).sum(axis=1))
        axes.scatter(x[:, 0], x[:, 1], s=3, c=speed, cmap="inferno", vmin=-0.5, linewidths=0)
        axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
        axes.axis("off")
        figure.savefig(given.picture, dpi=150)
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1200, help="stars (1200)")
    parser.add_argument("--steps", type=int, default=800, help="time steps (800)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the stars")
    given = parser.parse_args()

    start = time.perf_counter()
    x, v = move(np, given.n, given.steps)
    kinetic = 0.5 * float((v**2).sum()) / given.n
    seconds = time.perf_counter() - start
    print(
        f"{given.n} stars, {given.steps} steps on {np.size} ranks: {seconds:.3f} s, "
        f"mean kinetic energy of unit masses {kinetic:.6f}"
    )
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, x, v)


if __name__ == "__main__":
    main()
