"""Two layers of a fluid that roll up to vortices, on a torus: Navier and Stokes' equations by Fourier transforms.

mpirun -n 4 python examples/navier_stokes.py --picture navier_stokes.png
"""

import argparse
import sys
import time

import numpy

import quelea as np


def flow(np, n, steps, viscosity=1e-3, step=0.006):
    """Give the vorticity of two shear layers after so many steps (second-order Runge and Kutta)."""
    x = np.arange(n) * (2.0 * numpy.pi / n)
    u = np.where(
        x <= numpy.pi, np.tanh((x - numpy.pi / 2) * 15.0), np.tanh((1.5 * numpy.pi - x) * 15.0)
    )
    v = 0.05 * np.sin(x)
    ky = np.fft.fftfreq(n, 1.0 / n)[:, None]
    kx = np.fft.rfftfreq(n, 1.0 / n)[None, :]
    square = kx**2 + ky**2
    inverse = 1.0 / np.where(square == 0.0, 1.0, square)
    kept = (abs(kx) < n / 3.0) & (abs(ky) < n / 3.0)
    w = (
        np.fft.rfft2(0.0 * u[:, None] + v[None, :]) * 1j * kx
        - np.fft.rfft2(u[:, None] + 0.0 * v[None, :]) * 1j * ky
    )

    def change(w):
        stream = w * inverse
        velocity_x, velocity_y = np.fft.irfft2(1j * ky * stream), np.fft.irfft2(-1j * kx * stream)
        moved = velocity_x * np.fft.irfft2(1j * kx * w) + velocity_y * np.fft.irfft2(1j * ky * w)
        return -np.fft.rfft2(moved) * kept - viscosity * square * w

    for _ in range(steps):
        half = w + 0.5 * step * change(w)
        w = w + step * change(half)
    return np.fft.irfft2(w)


def show(given, vorticity):
    if given.check:
        difference = abs(vorticity - flow(numpy, given.n, given.steps)).max()
        print(f"largest difference from NumPy {difference:.3g}")
        if not difference < 1e-9:
            sys.exit("the answer is wrong")
    if given.picture:
        from matplotlib import pyplot

        pyplot.imsave(given.picture, vorticity, cmap="RdBu", origin="lower")
        print(f"picture {given.picture}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=192, help="points along each side (192)")
    parser.add_argument("--steps", type=int, default=1200, help="time steps (1200)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the same function under NumPy"
    )
    parser.add_argument("--picture", metavar="FILE", help="draw the vorticity")
    given = parser.parse_args()

    start = time.perf_counter()
    vorticity = flow(np, given.n, given.steps)
    enstrophy = float((vorticity**2).mean())
    seconds = time.perf_counter() - start
    print(
        f"{given.n} x {given.n} points, {given.steps} steps on {np.size} ranks: {seconds:.3f} s, "
        f"mean square {enstrophy:.6f}"
    )
    if given.check or given.picture:  # all of it goes to rank 0
        np.on_root(show, given, vorticity)


if __name__ == "__main__":
    main()
