"""Heat spreads from a hot edge and hot plates: Jacobi's iteration for the 5-point Laplacian.

mpirun -n 4 python examples/jacobi.py --check --picture jacobi.png
"""

import argparse
import time

import numpy

import quelea as np


def solve(np, n, steps):
    u = np.zeros((n, n))
    u[0] = 1.0
    u[n // 4 : n // 2, n // 8 : n // 3] = 1.0
    u[n // 3 : n - n // 8, n // 2 : n - n // 6] = 0.6
    u[n // 2 : n - n // 4, n // 2 + n // 10 : n - n // 4] = 0.0
    v = u.copy()
    for _ in range(steps):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
    return u, float(abs(u - v).max())


def draw(field, path):
    from matplotlib import pyplot

    pyplot.imsave(path, field, cmap="inferno", vmin=0.0, vmax=1.0)
    print(f"picture      {path}")


def compare(field, n, steps):
    expected, _ = solve(numpy, n, steps)
    print(f"largest difference from NumPy {abs(field - expected).max()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="points along each side (1000)")
    parser.add_argument("--steps", type=int, default=1000, help="iterations (1000)")
    parser.add_argument("--check", action="store_true", help="compare with the same function under NumPy")
    parser.add_argument("--picture", metavar="FILE", help="draw the field")
    given = parser.parse_args()
    n, steps = given.n, given.steps

    start = time.perf_counter()
    u, residual = solve(np, n, steps)
    seconds = time.perf_counter() - start

    info = np.info()
    print(f"grid         {n} x {n}, {steps} steps")
    print(f"ranks        {info.size} on {info.node_count} nodes, {info.threads} threads each")
    print(f"seconds      {seconds:.4f}, first touch and compilation included")
    print(f"GFLOP/s      {5e-9 * (n - 2) ** 2 * steps / seconds:.2f}")
    print(f"residual     {residual:.6e}")
    if given.check:
        np.on_root(lambda field: compare(field, n, steps), u)
    if given.picture:
        np.on_root(lambda field: draw(field, given.picture), u)


if __name__ == "__main__":
    main()
