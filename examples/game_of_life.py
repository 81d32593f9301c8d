"""Conway's Game of Life on a torus, from random cells; where cells have lived lately is drawn too.

mpirun -n 4 python examples/game_of_life.py --picture game_of_life.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


def live(np, n, steps):
    """Give the cells after so many generations, and a trace of them that fades."""
    cells = np.zeros((n + 2, n + 2), dtype=np.uint8)  # the outermost ones are those across the edge
    inside = cells[1:-1, 1:-1]
    inside[...] = np.random.default_rng(1).random((n, n)) < 0.2
    trace = np.zeros((n, n))
    for _ in range(steps):
        cells[0], cells[-1] = cells[-2], cells[1]
        cells[:, 0], cells[:, -1] = cells[:, -2], cells[:, 1]
        rows = cells[:-2] + cells[1:-1] + cells[2:]
        around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - inside
        born = (around == 3) & (inside == 0)
        stays = ((around == 2) | (around == 3)) & (inside == 1)
        inside[...] = born | stays
        trace = np.maximum(0.98 * trace, inside)
    return inside, trace


def show(given, cells, trace):
    if given.check:
        theirs, faded = live(numpy, given.n, given.steps)
        others, difference = int((cells != theirs).sum()), abs(trace - faded).max()
        print(f"{others} cells differ from NumPy's, their traces by {difference}")
        if others or difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, trace + cells, cmap="magma")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=600, help="cells along each side (600)")
    parser.add_argument("--steps", type=int, default=500, help="generations (500)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the cells")
    given = parser.parse_args()

    start = time.perf_counter()
    cells, trace = live(np, given.n, given.steps)
    alive = int(np.count_nonzero(cells))
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} cells, {given.steps} generations on {np.size} ranks: {seconds:.3f} s, {alive} alive"
    )
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, cells, trace)


if __name__ == "__main__":
    main()
