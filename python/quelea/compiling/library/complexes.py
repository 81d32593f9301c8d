"""Functions of cmath that take complex numbers apart, and put them together."""

from __future__ import annotations

import math


def phase(z: complex) -> float:
    """The angle."""
    z = complex(z)
    return math.atan2(z.imag, z.real)


def polar(z: complex) -> tuple[float, float]:
    """The magnitude and the angle."""
    z = complex(z)
    return abs(z), math.atan2(z.imag, z.real)


def rect(r: float, phi: float) -> complex:
    """Of a magnitude and an angle."""
    if phi == 0.0:
        return complex(float(r), r * float(phi))
    return complex(r * math.cos(phi), r * math.sin(phi))


def isfinite(z: complex) -> bool:
    """Whether both parts are numbers, and finite."""
    z = complex(z)
    return math.isfinite(z.real) and math.isfinite(z.imag)


def isinf(z: complex) -> bool:
    """Whether one of the parts is infinite."""
    z = complex(z)
    return math.isinf(z.real) or math.isinf(z.imag)


def isnan(z: complex) -> bool:
    """Whether one of the parts is no number."""
    z = complex(z)
    return math.isnan(z.real) or math.isnan(z.imag)


def isclose(a: complex, b: complex, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Whether they differ by no more than a part of the larger one."""
    a, b = complex(a), complex(b)
    if a == b:
        return True
    if isinf(a) or isinf(b):
        return False
    distance = abs(b - a)
    return distance <= rel_tol * abs(b) or distance <= rel_tol * abs(a) or distance <= abs_tol
