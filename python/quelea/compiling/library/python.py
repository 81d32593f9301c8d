"""Python's own functions, of what a loop goes through."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def sum_(items: Any, start: Any = 0) -> Any:
    """In order, as Python adds."""
    total = start
    for item in items:
        total = total + item
    return total


def any_(items: Any) -> bool:
    """Up to the first that is true."""
    for item in items:  # noqa: SIM110
        if item:
            return True
    return False


def all_(items: Any) -> bool:
    """Up to the first that is not true."""
    for item in items:  # noqa: SIM110
        if not item:
            return False
    return True


def min_(items: Any, default: Any = None) -> Any:
    """The first of those that no other is less than."""
    first = True
    for item in items:
        if first:  # noqa: SIM114
            least = item
        elif item < least:
            least = item
        first = False
    if first:
        if default is None:
            raise ValueError("min() iterable argument is empty")
        else:
            return default
    return least


def max_(items: Any, default: Any = None) -> Any:
    """The first of those that are less than no other."""
    first = True
    for item in items:
        if first:  # noqa: SIM114
            most = item
        elif item > most:
            most = item
        first = False
    if first:
        if default is None:
            raise ValueError("max() iterable argument is empty")
        else:
            return default
    return most


def list_(items: Any) -> Any:
    """The items, as a list."""
    return [item for item in items]  # noqa: C416


def list_index(items: Any, wanted: Any) -> int:
    """Where the first item is that equals it."""
    for k in range(len(items)):
        if items[k] == wanted:
            return k
    raise ValueError("the list does not hold it")


def list_count(items: Any, wanted: Any) -> int:
    """How many items equal it."""
    count = 0
    for item in items:
        if item == wanted:
            count += 1
    return count


def gcd(a: int, b: int) -> int:
    """The greatest common divisor."""
    a, b = abs(a), abs(b)
    while b != 0:
        a, b = b, a % b
    return int(a)


def lcm(a: int, b: int) -> int:
    """The least common multiple."""
    return abs(a * b) // gcd(a, b) if a != 0 and b != 0 else 0


def factorial(n: int) -> int:
    """The product of 1 to n."""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    if n > 20:
        raise OverflowError("factorial() of more than 20 has more than 64 bits")
    product = 1
    for k in range(2, n + 1):
        product *= k
    return product


def comb(n: int, k: int) -> int:
    """How many sets of k there are in n."""
    if n < 0 or k < 0:
        raise ValueError("comb() takes numbers that are not negative")
    if k > n:
        return 0
    count = 1
    for j in range(min(k, n - k)):
        common = gcd(count, j + 1)  # so that nothing on the way is larger than the result
        count = count // common * ((n - j) // ((j + 1) // common))
    return count


def perm(n: int, k: int) -> int:
    """How many sequences of k there are in n."""
    if n < 0 or k < 0:
        raise ValueError("perm() takes numbers that are not negative")
    if k > n:
        return 0
    count = 1
    for j in range(k):
        count *= n - j
    return count


def isqrt(n: int) -> int:
    """The integer part of the square root."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(float(n) ** 0.5)
    while root > 3037000499 or root * root > n:
        root -= 1
    while root < 3037000499 and (root + 1) * (root + 1) <= n:
        root += 1
    return root


def isclose(a: float, b: float, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Whether they differ by no more than a part of the larger one."""
    if a == b:
        return True
    if abs(a) == math.inf or abs(b) == math.inf:
        return False
    distance = abs(b - a)
    return distance <= abs(rel_tol * b) or distance <= abs(rel_tol * a) or distance <= abs_tol


def modf(x: float) -> tuple[float, float]:
    """What stands behind the point, and what before it."""
    x = float(x)
    if abs(x) == math.inf:
        return math.copysign(0.0, x), x
    whole = float(np.trunc(x))
    return math.copysign(x - whole, x), whole


def frexp(x: float) -> tuple[float, int]:
    """A number of 0.5 to 1, and by which power of two it is multiplied."""
    part, exponent = float(x), 0
    if part == 0.0 or not math.isfinite(part):
        return part, exponent
    while abs(part) >= 1.0:
        part *= 0.5
        exponent += 1
    while abs(part) < 0.5:
        part *= 2.0
        exponent -= 1
    return part, exponent


def ldexp(x: float, i: int) -> float:
    """A number times a power of two; infinity where Python's raises."""
    return float(np.ldexp(float(x), i))


def ulp(x: float) -> float:
    """The distance to the next number away from zero, or of the largest to the one before."""
    x = abs(float(x))
    if not math.isfinite(x):
        return x
    above = math.nextafter(x, math.inf)
    return above - x if math.isfinite(above) else x - math.nextafter(x, 0.0)


def remainder(x: float, y: float) -> float:
    """By the quotient that is rounded to the nearest integer, of two to the even one."""
    x, y = float(x), abs(float(y))
    if y == math.inf:
        return x if math.isfinite(x) else math.nan
    part = abs(math.fmod(x, y))
    rest = y - part
    if part < rest:
        result = part
    elif part > rest:
        result = -rest
    else:  # x is half-way, or no number
        result = part - 2.0 * math.fmod(0.5 * (abs(x) - part), y)
    return math.copysign(1.0, x) * result


def prod(items: Any, *, start: Any = 1) -> Any:
    """In order, as Python multiplies."""
    total = start
    for item in items:
        total = total * item
    return total
