"""Nearest neighbours: each point of a picture gets the class that most of the nearest known points have.

Distances of all pairs by `allpairs`, votes by `map`, the most uncertain point by `reduce`.

mpirun -n 4 python examples/nearest.py --check --picture nearest.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


def spirals(np, count, arms):
    """Give points on some spiral arms, and the number of the arm of each."""
    k = np.arange(count)
    arm = k % arms
    turn = (k - arm) / count
    angle = 2.0 * numpy.pi * (1.2 * turn + arm / arms) + (k * 7919 % 1009) / 1009.0 - 0.5
    return np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1), arm


def places(np, n):
    """Give the points of a square picture."""
    line = (2.0 * np.arange(n) + 1.0) / n - 1.0
    x, y = line[None, :] + 0.0 * line[:, None], line[:, None] + 0.0 * line[None, :]
    return np.stack([x.reshape(-1), y.reshape(-1)], axis=1)


def distance(a, b):
    """Give the squared distance of two points."""
    d = 0.0
    for k in range(len(a)):
        d += (a[k] - b[k]) * (a[k] - b[k])
    return d


def surest(a, b):
    """Give the one with more votes, of equal ones the first."""
    return a if a[0] >= b[0] else b


def classify(points, known, arm, arms, nearest):
    def vote(row):
        votes = np.zeros(arms, dtype=np.int64)
        order = np.argsort(row)
        for k in range(nearest):
            votes[arm[order[k]]] += 1
        return np.argmax(votes), votes.max()

    found, votes = np.map(vote, np.allpairs(distance, points, known))
    most, where = np.reduce(surest, votes, np.arange(len(votes)))
    return found, votes, int(most), int(where)


def by_arrays(points, known, arm, arms, nearest):
    """Do the same by NumPy."""
    squares = sum((points[:, None, d] - known[None, :, d]) ** 2 for d in range(2))
    order = squares.argsort(axis=1, kind="stable")[:, :nearest]
    votes = numpy.stack([(arm[order] == a).sum(axis=1) for a in range(arms)], axis=1)
    return votes.argmax(axis=1), votes.max(axis=1)


def show(given, found, votes, most, where):
    if given.check:
        theirs, numbers = by_arrays(
            places(numpy, given.n),
            *spirals(numpy, given.known, given.arms),
            given.arms,
            given.nearest,
        )
        others = int((found != theirs).sum() + (votes != numbers).sum())
        print(f"{others} points with other classes or votes than NumPy's")
        if others or (most, where) != (numbers.max(), numbers.argmax()):
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        shown = found + 0.5 * (votes / given.nearest)
        pyplot.imsave(given.picture, shown.reshape(given.n, given.n), cmap="turbo", origin="lower")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=300, help="points along each side (300)")
    parser.add_argument("--known", type=int, default=600, help="points whose class is known (600)")
    parser.add_argument("--arms", type=int, default=3, help="classes (3)")
    parser.add_argument("--nearest", type=int, default=9, help="neighbours that vote (9)")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    parser.add_argument("--picture", metavar="FILE", help="draw the classes")
    given = parser.parse_args()

    known, arm = spirals(np, given.known, given.arms)
    start = time.perf_counter()
    found, votes, most, where = classify(places(np, given.n), known, arm, given.arms, given.nearest)
    mean = float(votes.mean())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.known} known, on {np.size} ranks: {seconds:.3f} s, compilation included"
    )
    print(f"{mean:.6f} votes of {given.nearest} on average, {most} at point {where}")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, found, votes, most, where)


if __name__ == "__main__":
    main()
