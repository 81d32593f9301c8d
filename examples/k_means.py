"""Clusters by k-means: a compiled loop finds each point's nearest centre, sums over points give the next centres.

mpirun -n 4 python examples/k_means.py --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


@np.jit
def assign(points, centres, nearest):
    """Store the number of the nearest centre of each point: points are shared out, all ranks have the centres."""
    for p in range(points.shape[0]):
        best, at = np.inf, 0
        for c in range(centres.shape[0]):
            distance = 0.0
            for d in range(points.shape[1]):
                distance += (points[p, d] - centres[c, d]) ** 2
            if distance < best:
                best, at = distance, c
        nearest[p] = at


def clouds(np, n, clusters):
    """Give points around some places."""
    k = np.arange(n)
    angle = 2.0 * numpy.pi * (k % clusters) / clusters
    x = 10.0 * np.cos(angle) + k * 7919 % 1009 / 500.0
    y = 10.0 * np.sin(angle) + k * 104729 % 997 / 500.0
    return np.stack([x, y], axis=1)


def find(np, assign, points, clusters, steps):
    centres = points[:clusters].copy()
    nearest = np.zeros(points.shape[0], dtype=np.int64)
    for _ in range(steps):
        assign(points, centres, nearest)
        for c in range(clusters):
            mine = nearest == c
            size = mine.sum()
            centres[c] = np.where(mine[:, None], points, 0.0).sum(axis=0) / np.maximum(size, 1)
    return centres, nearest


def assign_by_arrays(points, centres, nearest):
    """Do the same by NumPy."""
    nearest[:] = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)


def compare(given, centres, nearest):
    points = clouds(numpy, given.n, given.clusters)
    theirs, numbers = find(numpy, assign_by_arrays, points, given.clusters, given.steps)
    difference, others = abs(centres - theirs).max(), int((nearest != numbers).sum())
    print(f"largest difference from NumPy {difference:.3g}, {others} points in other clusters")
    if not difference < 1e-9 or others:
        sys.exit("the answer is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200_000, help="points (200000)")
    parser.add_argument("--clusters", type=int, default=8, help="centres (8)")
    parser.add_argument("--steps", type=int, default=10, help="iterations (10)")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    given = parser.parse_args()

    points = clouds(np, given.n, given.clusters)
    start = time.perf_counter()
    centres, nearest = find(np, assign, points, given.clusters, given.steps)
    mean = centres.mean(axis=0)
    x, y = float(mean[0]), float(mean[1])
    seconds = time.perf_counter() - start
    print(
        f"{given.n} points, {given.clusters} clusters on {np.size} ranks: {seconds:.3f} s, compilation included"
    )
    print(f"mean centre {x:.6f}, {y:.6f}")
    if given.check:
        np.on_root(compare, given, centres, nearest)


if __name__ == "__main__":
    main()
