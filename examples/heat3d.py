"""Heat in a cube: the 7-point stencil, with a hot plate inside.

mpirun -n 4 python examples/heat3d.py --n 128 --steps 100 --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


def solve(np, n, steps, rate=0.1):
    u = np.zeros((n, n, n))
    u[n // 3 : n // 2, n // 4 : -n // 4, n // 4 : -n // 4] = 100.0
    inside = u[1:-1, 1:-1, 1:-1]
    for _ in range(steps):
        around = u[:-2, 1:-1, 1:-1] + u[2:, 1:-1, 1:-1] + u[1:-1, :-2, 1:-1] + u[1:-1, 2:, 1:-1]
        around += u[1:-1, 1:-1, :-2] + u[1:-1, 1:-1, 2:]
        inside += rate * (around - 6.0 * inside)
    return u


def compare(given, u):
    difference = abs(u - solve(numpy, given.n, given.steps)).max()
    print(f"largest difference from NumPy {difference}")
    if difference != 0.0:
        sys.exit("the answer is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=128, help="points along each side (128)")
    parser.add_argument("--steps", type=int, default=100, help="time steps (100)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    given = parser.parse_args()

    start = time.perf_counter()
    u = solve(np, given.n, given.steps)
    hottest, mean = float(u.max()), float(u.mean())
    seconds = time.perf_counter() - start
    print(f"{given.n}^3 points, {given.steps} steps on {np.size} ranks: {seconds:.3f} s")
    print(f"hottest {hottest:.6f}, mean {mean:.6f}")
    if given.check:
        np.on_root(compare, given, u)


if __name__ == "__main__":
    main()
