"""Prices of European options (Black and Scholes 1973): element by element, exp, log and sqrt.

mpirun -n 4 python examples/black_scholes.py --n 10000000 --check
"""

import argparse
import sys
import time

import numpy

import quelea as np


def normal(np, x):
    """Distribution function of the normal law: Abramowitz and Stegun 26.2.17, within 7.5e-8."""
    k = 1.0 / (1.0 + 0.2316419 * abs(x))
    series = (
        (((1.330274429 * k - 1.821255978) * k + 1.781477937) * k - 0.356563782) * k + 0.319381530
    ) * k
    tail = np.exp(-0.5 * x * x) * 0.3989422804014327 * series
    return np.where(x < 0.0, tail, 1.0 - tail)


def price(np, n, rate=0.02, volatility=0.3):
    spot = np.linspace(10.0, 100.0, n)
    strike = np.linspace(80.0, 30.0, n)
    years = np.linspace(0.25, 10.0, n)
    spread = volatility * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    discounted = strike * np.exp(-rate * years)
    call = spot * normal(np, d1) - discounted * normal(np, d1 - spread)
    return call, call - spot + discounted


def compare(given, call, put):
    for name, ours, theirs in zip(("call", "put"), (call, put), price(numpy, given.n), strict=True):
        difference = abs(ours - theirs).max()
        print(f"{name}: largest difference from NumPy {difference:.3g}")
        if (
            not difference < 1e-11
        ):  # prices of up to 100; exp and log are within some units in the last place
            sys.exit("the answer is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="options (1000000)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same functions under NumPy"
    )
    given = parser.parse_args()

    start = time.perf_counter()
    call, put = price(np, given.n)
    mean_call, mean_put = float(call.mean()), float(put.mean())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} options on {np.size} ranks: {seconds:.3f} s, {given.n / seconds:.3g} a second"
    )
    print(f"mean call {mean_call:.6f}, mean put {mean_put:.6f}")
    if given.check:
        np.on_root(compare, given, call, put)


if __name__ == "__main__":
    main()
