"""Morphology of an image by `@stencil`: dilation and erosion by a 3 x 3 cross, and opening, which takes specks away.

mpirun -n 4 python examples/morphology.py --check --picture morphology.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


@np.stencil(mode="nearest")
def dilate(a):
    """Give each point the largest value of the cross around it."""
    return np.maximum(
        a[0, 0], np.maximum(np.maximum(a[-1, 0], a[1, 0]), np.maximum(a[0, -1], a[0, 1]))
    )


@np.stencil(mode="nearest")
def erode(a):
    """Give each point the least value of the cross around it."""
    return np.minimum(
        a[0, 0], np.minimum(np.minimum(a[-1, 0], a[1, 0]), np.minimum(a[0, -1], a[0, 1]))
    )


def several(once, image, times):
    """Apply it several times: by a diamond that is as wide."""
    for _ in range(times):
        image = once(image)
    return image


def opening(image, times):
    """Erode and dilate: what is narrower than the diamond is gone, all else has its shape again."""
    return several(dilate, several(erode, image, times), times)


def blobs(np, n):
    """Give bright discs on a dark ground, and bright specks between them."""
    y, x = np.arange(n)[:, None] / n, np.arange(n)[None, :] / n
    discs = (x * 4 % 1 - 0.5) ** 2 + (y * 4 % 1 - 0.5) ** 2 < 0.04 + 0.1 * x * y
    number = np.arange(n * n).reshape(n, n)
    specks = number * number % 10007 * 7919 % 10007 < 40
    return np.where(discs, 0.6 + 0.4 * y, np.where(specks, 1.0, 0.1 * x))


def by_numpy(choose, image, times):
    """Compute the same of shifted images."""
    for _ in range(times):
        wide = numpy.pad(image, 1, mode="edge")
        parts = wide[1:-1, 1:-1], wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]
        image = choose.reduce(parts)
    return image


def show(given, image, dilated, eroded, opened):
    if given.check:
        first = blobs(numpy, given.n)
        small = by_numpy(numpy.minimum, first, given.times)
        wanted = (
            first,
            by_numpy(numpy.maximum, first, given.times),
            small,
            by_numpy(numpy.maximum, small, given.times),
        )
        pairs = zip((image, dilated, eroded, opened), wanted, strict=True)
        difference = max(abs(got - want).max() for got, want in pairs)
        print(f"largest difference from NumPy {difference}")
        if difference != 0.0:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        figure, places = pyplot.subplots(1, 4, figsize=(16, 4.4), layout="constrained")
        names = "image", "dilation", "erosion", "opening"
        for place, name, drawn in zip(places, names, (image, dilated, eroded, opened), strict=True):
            place.imshow(drawn, cmap="magma", vmin=0.0, vmax=1.0)
            place.set_title(name)
            place.set_axis_off()
        figure.savefig(given.picture, dpi=100)
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=600, help="points along each side (600)")
    parser.add_argument("--times", type=int, default=3, help="how often the cross is applied (3)")
    parser.add_argument("--check", action="store_true", help="compare with NumPy")
    parser.add_argument("--picture", metavar="FILE", help="draw it")
    given = parser.parse_args()

    image = blobs(np, given.n)
    start = time.perf_counter()
    dilated = several(dilate, image, given.times)
    eroded = several(erode, image, given.times)
    opened = opening(image, given.times)
    bright = int((opened > 0.5).sum())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, a cross {given.times} times on {np.size} ranks: {seconds:.3f} s, "
        "compilation included"
    )
    print(f"{bright} bright points of {int((image > 0.5).sum())} stay")
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, image, dilated, eroded, opened)


if __name__ == "__main__":
    main()
