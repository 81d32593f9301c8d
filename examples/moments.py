"""Statistics of many columns at once: mean, deviation, correlation and a histogram, as reductions over rows.

mpirun -n 4 python examples/moments.py --rows 1000000 --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


def describe(np, rows, columns):
    i, j = np.arange(rows)[:, None], np.arange(columns)[None, :]
    noise = ((i * 7919 + j * 104729) * (i % 1009 + 31 * j + 1)) % 65521  # the same on every machine
    data = noise / 65521.0 + 0.1 * j
    data[:, 1:] += 0.5 * data[:, :1]
    mean, deviation = data.mean(axis=0), data.std(axis=0)
    scaled = (data - mean) / deviation
    correlation = np.stack([(scaled * scaled[:, k : k + 1]).mean(axis=0) for k in range(columns)])
    histogram = np.stack(
        [((data >= 0.25 * b) & (data < 0.25 * (b + 1))).sum(axis=0) for b in range(8)]
    )
    return mean, deviation, correlation, histogram


def compare(given, *ours):
    for name, mine, theirs in zip(
        ("mean", "deviation", "correlation", "histogram"),
        ours,
        describe(numpy, given.rows, given.columns),
        strict=True,
    ):
        difference = abs(mine - theirs).max()
        print(f"{name}: largest difference from NumPy {difference:.3g}")
        if (
            not difference < 1e-11
        ):  # sums are rounded in another order than NumPy's; counts are exact
            sys.exit("the answer is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000, help="observations (200000)")
    parser.add_argument("--columns", type=int, default=4, help="variables (4)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    given = parser.parse_args()

    start = time.perf_counter()
    results = describe(np, given.rows, given.columns)
    np.sync()
    print(
        f"{given.rows} x {given.columns} values on {np.size} ranks: {time.perf_counter() - start:.3f} s"
    )
    for name, value in zip(("mean", "deviation", "correlation", "histogram"), results, strict=True):
        print(f"{name}\n{value}")
    if given.check:
        np.on_root(compare, given, *results)


if __name__ == "__main__":
    main()
