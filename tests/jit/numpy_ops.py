"""Writes numpy_ops.txt: what NumPy gives for every operation of ops.def and every loop dtype, where things go wrong.

    python tests/jit/numpy_ops.py > tests/jit/numpy_ops.txt

A line is an operation, a dtype and its cases: arguments and result as hexadecimal bits, separated by commas; a complex
number is its two parts, the imaginary one first. complex64 multiplies and squares as written, without FMA, which NumPy
uses where the processor has it. NumPy 2.4.6 on x86-64 with AVX-512 wrote the file.
"""

import re
from pathlib import Path

import numpy as np

OPS = Path(__file__).parents[2] / "runtime" / "base" / "ops.def"
KINDS = {
    "ANY": "biufc",
    "NUMBER": "iufc",
    "NOBOOL": "iufc",
    "REAL": "iuf",
    "ORDERED": "biuf",
    "DIVIDE": "fc",
    "WIDE": "fc",
    "INEXACT": "fc",
    "FLOAT": "f",
    "INTEGER": "iu",
    "BITS": "biu",
    "WHOLE": "iu",
    "COMPLEX": "c",
    "WORD": "u",
}
INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
DTYPES = ["bool", *INTEGERS, "float16", "float32", "float64", "complex64", "complex128"]
CASES = 16
# Their arguments are drawn by another generator: the others had theirs before.
LATER = (
    "spacing",
    "mantissa",
    "exponent",
    "bitwise_count",
    "ldexp",
    "gcd",
    "lcm",
    "bits",
    "from_bits",
)


def nasty(dtype, rng):
    """Values of a dtype, half of them special."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        special = [
            0,
            1,
            2,
            3,
            7,
            8,
            31,
            63,
            64,
            100,
            info.max,
            info.max - 1,
            info.min,
            info.min + 1,
            -1,
            -2,
            -7,
            -64,
        ]
        special = [x for x in special if info.min <= x <= info.max]
        return np.concatenate(
            [np.array(special, dtype), rng.integers(info.min, info.max, 12, dtype, True)]
        )
    if dtype.kind == "f":
        info = np.finfo(dtype)
        plain = [
            0.0,
            -0.0,
            1,
            -1,
            2,
            -2,
            0.5,
            -0.5,
            1.5,
            2.5,
            -2.5,
            3,
            -3,
            0.1,
            7,
            -7,
            10,
            np.inf,
            -np.inf,
            np.nan,
        ]
        edges = [
            info.max,
            -info.max,
            info.tiny,
            -info.tiny,
            info.smallest_subnormal,
            1 + info.eps,
            1 - info.epsneg,
        ]
        return np.concatenate([np.array(plain + edges), rng.standard_normal(12) * 10]).astype(dtype)
    part = nasty(np.dtype(f"f{dtype.itemsize // 2}"), rng)
    value = np.empty(60, dtype)
    value.real, value.imag = rng.choice(part, 60), rng.choice(part, 60)
    return value


def multiply(a, b):
    """Complex multiplication, each operation rounded."""
    result = np.empty_like(a)
    result.real = a.real * b.real - a.imag * b.imag
    result.imag = a.real * b.imag + a.imag * b.real
    return result


def compute(name, args):
    if args[0].dtype.kind == "c" and name in ("multiply", "square"):
        return multiply(args[0], args[-1])
    if name == "from_parts":
        result = args[0].copy()
        result.imag = args[1].real
        return result
    if name in ("mantissa", "exponent"):
        return np.frexp(args[0])[name == "exponent"]
    if name in ("bits", "from_bits"):
        return args[0].view(f"{'u' if name == 'bits' else 'f'}{args[0].itemsize}")
    if name == "ldexp":
        exponent = np.nan_to_num(args[1].astype("f8"), nan=0).clip(-10000, 10000)
        return np.ldexp(args[0], exponent.astype(int))
    if name in ("real", "imag"):
        return np.ascontiguousarray(getattr(np, name)(args[0]))
    return getattr(np, name)(*args)


def bits(value):
    parts = [value.imag, value.real] if value.dtype.kind == "c" else [value]
    return "".join(x.tobytes()[::-1].hex() for x in parts)


def samples(name, dtype, arity, rng):
    """The arguments: each case 32 times in a row, so that NumPy's loops for long arrays compute it."""
    args = [rng.choice(nasty(dtype, rng), CASES) for _ in range(arity)]
    if name == "power" and dtype.kind == "i":
        args[1] = np.where(args[1] < 0, ~args[1], args[1])
    if name == "reciprocal" and dtype.kind in "iu":
        args[0][0] = 0
    return [np.repeat(a, 32) for a in args]


def main():
    first, later = np.random.default_rng(1), np.random.default_rng(2)
    np.seterr(all="ignore")
    for name, arity, domain in re.findall(
        r'QL_OP_ROW\(\w+,\s*"(\w+)",\s*(\d),\s*(\w+)', OPS.read_text()
    ):
        for dtype in map(np.dtype, DTYPES):
            if (
                dtype.kind not in KINDS[domain]
                or (domain == "WIDE" and dtype.name not in ("float64", "complex128"))
                or (domain == "WORD" and dtype.itemsize == 1)
            ):
                continue
            if name == "where":
                continue
            args = samples(name, dtype, int(arity), later if name in LATER else first)
            result = compute(name, args)
            cases = [
                ",".join(bits(x[k]) for x in (*args, result)) for k in range(0, 32 * CASES, 32)
            ]
            print(name, dtype.name, *sorted(set(cases)))


main()
