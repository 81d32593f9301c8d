"""Poisson's equation by conjugate gradients (Hestenes and Stiefel 1952); the matrix is a stencil and is never stored.

mpirun -n 4 python examples/cg.py --n 512 --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


def apply(u, result):
    """Put -h^2 Laplace(u) into the inside of result; both are zero at the edges."""
    result[1:-1, 1:-1] = (
        4.0 * u[1:-1, 1:-1] - u[:-2, 1:-1] - u[2:, 1:-1] - u[1:-1, :-2] - u[1:-1, 2:]
    )


def solve(np, n, tolerance=1e-8):
    x = np.zeros((n, n))
    residual = np.zeros((n, n))
    residual[n // 4, n // 4] = 1.0
    residual[-n // 4, -n // 3] = -1.0
    direction = residual.copy()
    image = np.zeros((n, n))
    rho = float((residual * residual).sum())
    goal = rho * tolerance**2
    iterations = 0
    while rho > goal:
        apply(direction, image)
        alpha = rho / float((direction * image).sum())
        x += alpha * direction
        residual -= alpha * image
        rho, before = float((residual * residual).sum()), rho
        direction = residual + (rho / before) * direction
        iterations += 1
    return x, iterations


def compare(given, x):
    expected, iterations = solve(numpy, given.n)
    difference = abs(x - expected).max()
    print(f"NumPy: {iterations} iterations, largest difference {difference:.3g}")
    if (
        not difference < 1e-6
    ):  # both stop at a residual of 1e-8 of the first; sums are rounded in other orders
        sys.exit("the answer is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=256, help="points along each side (256)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    given = parser.parse_args()

    start = time.perf_counter()
    x, iterations = solve(np, given.n)
    seconds = time.perf_counter() - start
    left = np.zeros((given.n, given.n))
    apply(x, left)
    left[given.n // 4, given.n // 4] -= 1.0
    left[-given.n // 4, -given.n // 3] += 1.0
    print(
        f"{given.n} x {given.n} points on {np.size} ranks: {iterations} iterations, {seconds:.3f} s"
    )
    print(f"largest residual {float(abs(left).max()):.3g}")
    if given.check:
        np.on_root(compare, given, x)


if __name__ == "__main__":
    main()
