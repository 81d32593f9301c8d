"""Jacobi's iteration for the 5-point Laplacian: heat spreads between hot and cold frames, and the thin ones fade first.

mpirun -n 4 python examples/jacobi.py --check --picture jacobi.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


def solve(np, n, steps):
    u = np.zeros((n, n))
    for k in range(14):
        edge = int(n / 2 * (1 - 0.78**k))
        u[edge : n - edge, edge : n - edge] = 1 - k % 2
    v = u.copy()
    for _ in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
    return u, float(abs(u - v).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="points along each side (1000)")
    parser.add_argument("--steps", type=int, default=1000, help="iterations (1000)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the field")
    given = parser.parse_args()

    start = time.perf_counter()
    u, residual = solve(np, given.n, given.steps)
    seconds = time.perf_counter() - start

    info = np.info()
    print(f"grid        {given.n} x {given.n}, {given.steps} steps")
    print(
        f"ranks       {info['size']} on {info['node_count']} node(s), {info['threads']} thread(s) each"
    )
    print(f"seconds     {seconds:.4f}, start-up and compilation included")
    print(f"GFLOP/s     {5e-9 * given.n**2 * given.steps / seconds:.3g}")
    print(f"residual    {residual:.6e}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, u)


def show(given, field):
    if given.check:
        expected, _ = solve(numpy, given.n, given.steps)
        difference = abs(field - expected).max()
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(8, 7), layout="constrained")
        shown = axes.imshow(field, cmap="inferno", extent=(0, 1, 1, 0))
        axes.set_title(f"{given.n} x {given.n} points after {given.steps} steps")
        figure.colorbar(shown, label="temperature")
        figure.savefig(given.picture, dpi=150)
        print(f"picture     {given.picture}")


if __name__ == "__main__":
    main()
