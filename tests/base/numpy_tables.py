"""Write what NumPy does into the tables that the C tests of runtime/base read.

The tests run without NumPy; the tables are committed. Regenerate them, on x86-64 and with the newest NumPy, after a
change of ops.def or dtype.def, and read the difference before committing it::

    python tests/base/numpy_tables.py            # writes numpy_types.txt and numpy_casts.txt beside this file
    python tests/base/numpy_tables.py --check    # writes nothing, fails where the committed tables differ

NumPy 2.0 differs: its floor, ceil and trunc of integers are floats, and it rounds a large Python integer to float32
once, not twice.

Both files are lines of words; ``#`` starts a comment. Dtypes go by their names in the IR (i8, f32, ...), in the order
of dtype.def, and a row has one column for each of them, or for each literal of the line ``literals``.

numpy_types.txt
    promote A B...                   result_type(A, each dtype)
    safe A 0|1...                    can_cast(A, each dtype)
    same_kind A 0|1...               can_cast(A, each dtype, "same_kind")
    unary OP LOOP>RESULT|-...        the loop for each dtype; -: there is none
    binary OP A LOOP>RESULT|-...     the loop for A beside each dtype
    literals L...                    Python literals
    weak OP A RESULT|O|V|T|*...      dtype of OP(array of A, each literal), or OverflowError, ValueError, TypeError
    scalar A BITS|*...               each literal as an element of A
    values OP A BITS|*...            OP(element, each literal) for the elements of ``elements A`` as a string of 0 and 1
    elements A BITS...               elements of dtype A
    message OP A LITERAL TEXT        the text of the exception of OP(array of A, literal); A alone when LITERAL is -

    ``*`` marks what NumPy refuses or answers and Quelea need not: see ``may_differ``.

numpy_casts.txt
    inputs A BITS...                 elements of dtype A
    cast A B BITS...                 each of them as astype(B)

BITS is hexadecimal, the parts of a complex number joined by a comma; a NaN is ``nan``.
"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
BASE = HERE.parent.parent / "runtime" / "base"

DTYPE_ROWS = re.findall(
    r'^QL_DTYPE\(\w+,\s*"(\w+)",\s*"(\w+)"', (BASE / "dtype.def").read_text(), re.MULTILINE
)
OP_ROWS = re.findall(
    r'^QL_OP_ROW\(\w+,\s*"(\w+)",\s*(\d)', (BASE / "ops.def").read_text(), re.MULTILINE
)
DTYPES: dict[str, np.dtype[Any]] = {ir: np.dtype(name) for name, ir in DTYPE_ROWS}
IR_NAMES: dict[np.dtype[Any], str] = {dtype: ir for ir, dtype in DTYPES.items()}

COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
LOGICAL = ("logical_and", "logical_or", "logical_xor")

WIDTHS = (8, 16, 32, 64)
LITERALS: list[Any] = sorted(
    {0, 1, -1, 2, 300, 70000, 2**24 + 1, 2**53 + 1, 2**60 + 2**36 + 1}
    | {2**width - 1 for width in WIDTHS}
    | {2 ** (width - 1) for width in WIDTHS}
    | {2 ** (width - 1) - 1 for width in WIDTHS}
    | {-(2 ** (width - 1)) for width in WIDTHS}
    | {2**width for width in WIDTHS[:-1]}
    | {-(2 ** (width - 1)) - 1 for width in WIDTHS[:-1]}
)
LITERALS += [True, False, 0.0, -0.0, 1.5, 300.5, 65520.0, 1e-300, 1e300, float("inf"), float("nan")]
LITERALS += [1j, 2.5 - 1e300j, 1e-300j]


def bits(value: Any) -> str:
    """One element as the tables write it."""
    if value.dtype.kind == "c":
        return bits(value.real) + "," + bits(value.imag)
    if value.dtype.kind == "f" and np.isnan(value):
        return "nan"
    return f"{int(value.reshape(1).view(f'u{value.dtype.itemsize}')[0]):x}"


def loop_and_result(ufunc: np.ufunc, *inputs: np.dtype[Any]) -> str:
    try:
        resolved = ufunc.resolve_dtypes((*inputs, None))
    except TypeError:
        return "-"
    if ufunc.__name__ in COMPARISONS and resolved[0] != resolved[1]:
        # int64 against uint64: NumPy compares exactly, in a loop of two dtypes; ours is uint64's, into which a signed
        # input enters as int64 (see ql_op_input).
        return "u64>b8"
    if ufunc.__name__ in LOGICAL and inputs[0] != inputs[-1]:
        # NumPy casts each input to bool by itself. Promotion keeps the truth of both, so our loop is the promoted one.
        return IR_NAMES[np.result_type(*inputs)] + ">b8"
    return IR_NAMES[resolved[0]] + ">" + IR_NAMES[resolved[-1]]


def type_lines() -> list[str]:
    lines = []
    for a, dtype in DTYPES.items():
        lines.append(
            f"promote {a} "
            + " ".join(IR_NAMES[np.result_type(dtype, other)] for other in DTYPES.values())
        )
    for rule in ("safe", "same_kind"):
        for a, dtype in DTYPES.items():
            lines.append(
                f"{rule} {a} "
                + " ".join(str(int(np.can_cast(dtype, b, rule))) for b in DTYPES.values())
            )
    return lines


def ufuncs(arity: int) -> list[np.ufunc]:
    """NumPy's ufuncs of that arity in ops.def; `real`, `imag`, `where` and `from_parts` are in ops.def and are none."""
    found = [getattr(np, name, None) for name, count in OP_ROWS if int(count) == arity]
    return [ufunc for ufunc in found if isinstance(ufunc, np.ufunc)]


def op_lines() -> list[str]:
    lines = []
    for ufunc in ufuncs(1):
        cells = (loop_and_result(ufunc, dtype) for dtype in DTYPES.values())
        lines.append(f"unary {ufunc.__name__} " + " ".join(cells))
    for ufunc in ufuncs(2):
        for a, dtype in DTYPES.items():
            cells = (loop_and_result(ufunc, dtype, other) for other in DTYPES.values())
            lines.append(f"binary {ufunc.__name__} {a} " + " ".join(cells))
    return lines


def may_differ(ufunc: np.ufunc, dtype: np.dtype[Any], literal: Any) -> bool:
    """Where Quelea answers otherwise, on purpose."""
    if ufunc.__name__ not in COMPARISONS + LOGICAL or type(literal) is not int or literal < 2**63:
        return False
    # NumPy refuses a literal of 2^63 or more beside bool, and in logical operations beside integers.
    return dtype.kind == "b" or ufunc.__name__ in LOGICAL


def weak_cell(ufunc: np.ufunc, dtype: np.dtype[Any], literal: Any) -> str:
    if may_differ(ufunc, dtype, literal):
        return "*"
    try:
        return IR_NAMES[ufunc(np.ones(1, dtype), literal).dtype]
    except (OverflowError, ValueError, TypeError) as error:
        return "T" if isinstance(error, TypeError) else type(error).__name__[0]


def spelled(literal: Any) -> str:
    return repr(literal).strip("()")


def scalar_cell(dtype: np.dtype[Any], literal: Any) -> str:
    try:
        total = (
            np.maximum(np.full(1, literal, dtype), literal)
            if literal == literal
            else np.zeros(1, dtype) + literal
        )
    except (OverflowError, TypeError, ValueError):
        return "*"
    return bits(total[0]) if total.dtype == dtype else "*"


def elements(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        return np.array([np.iinfo(dtype).min, 0, 1, 44, np.iinfo(dtype).max], dtype)
    return np.array(
        [0.0, 1.0, -1.0, np.finfo(dtype).max, np.finfo(dtype).tiny, np.inf, np.nan], dtype
    )


def values_cell(ufunc: np.ufunc, dtype: np.dtype[Any], literal: Any) -> str:
    if may_differ(ufunc, dtype, literal):
        return "*"
    return "".join(str(int(truth)) for truth in ufunc(elements(dtype), literal))


MESSAGES: list[tuple[str, str, Any]] = [
    ("add", "u8", 300), ("add", "u8", -1), ("maximum", "i8", -129), ("multiply", "i64", 2**63), ("add", "b8", 2**63),
    ("bitwise_and", "u64", -1), ("left_shift", "u16", 65536), ("power", "i32", -1), ("power", "b8", -1),
    ("subtract", "b8", True), ("floor_divide", "c64", 1), ("bitwise_or", "f32", 1), ("left_shift", "f64", 1),
    ("arctan2", "c128", 1.0), ("negative", "b8", None), ("sign", "b8", None), ("positive", "b8", None),
    ("floor", "c64", None), ("invert", "f16", None), ("cbrt", "c128", None), ("signbit", "c64", None),
]  # fmt: skip


def message_line(name: str, ir: str, literal: Any) -> str:
    inputs = [np.ones(1, DTYPES[ir])] + ([] if literal is None else [literal])
    try:
        getattr(np, name)(*inputs)
    except (OverflowError, ValueError, TypeError) as error:
        return f"message {name} {ir} {'-' if literal is None else spelled(literal)} {error}"
    raise AssertionError(f"{name}({ir}, {literal}) is no error")


def weak_lines() -> list[str]:
    lines = ["literals " + " ".join(spelled(literal) for literal in LITERALS)]
    for ufunc in ufuncs(2):
        for ir, dtype in DTYPES.items():
            cells = (weak_cell(ufunc, dtype, literal) for literal in LITERALS)
            lines.append(f"weak {ufunc.__name__} {ir} " + " ".join(cells))
    for ir, dtype in DTYPES.items():
        lines.append(
            f"scalar {ir} " + " ".join(scalar_cell(dtype, literal) for literal in LITERALS)
        )
    for ir, dtype in DTYPES.items():
        lines.append(f"elements {ir} " + " ".join(bits(element) for element in elements(dtype)))
        for ufunc in (np.less, np.equal, np.greater_equal, np.logical_and, np.logical_xor):
            cells = (values_cell(ufunc, dtype, literal) for literal in LITERALS)
            lines.append(f"values {ufunc.__name__} {ir} " + " ".join(cells))
    return lines + [message_line(*case) for case in MESSAGES]


def cast_inputs(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Values at every edge that a cast can have, and a few inside."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        whole = {0, 1, 2, 2049, 4099, 65504, 65519, 65520}
        whole |= {2**24 + 1, 2**25 + 2, 2**53 + 1, 2**54 + 2, 2**60 + 2**36 + 1}
        whole |= {
            2**power + step for power in (7, 8, 15, 16, 31, 32, 63, 64) for step in (-1, 0, 1)
        }
        whole |= {limits.min, limits.max, limits.max // 3}
        whole |= {-value for value in whole}
        return np.array(
            sorted(value for value in whole if limits.min <= value <= limits.max), dtype
        )
    if dtype.kind == "c":
        parts = cast_inputs(np.dtype(f"f{dtype.itemsize // 2}"))
        pairs = np.empty(parts.size, dtype)
        pairs.real = parts
        pairs.imag = np.roll(parts, 7)
        return np.concatenate([pairs, np.array([0, 1j, -0.0, complex(0, np.nan)], dtype)])
    edges = [
        0.0,
        0.5,
        0.99,
        1.5,
        2.5,
        1 / 3,
        np.pi,
        1000.7,
        2049.0,
        2051.0,
        65519.0,
        65519.996,
        65520.0,
        65536.0,
    ]
    edges += [2.0**-24, 2.0**-25, 2.0**-25 * (1 + 2.0**-20), 2.0**-14, 2.0**-14 - 2.0**-25]
    edges += [1 + 2.0**-11, 1 + 3 * 2.0**-11]
    edges += [
        2.0**-149,
        2.0**-150,
        1e-45,
        1e-310,
        1e40,
        3.4028235e38,
        3.4028235677973366e38,
        1e300,
        np.inf,
        np.nan,
    ]
    for power in (7, 8, 15, 16, 31, 32, 63, 64):
        edge = 2.0**power
        edges += [edge - 1, edge - 0.5, edge, edge + 0.5, edge + 1, edge * 1.37]
        edges += [np.nextafter(edge, 0), np.nextafter(edge, np.inf)]
    both = np.concatenate([np.array(edges), -np.array(edges)]).astype(dtype)
    return np.unique(both.view(f"u{dtype.itemsize}")).view(dtype)


def cast_lines() -> list[str]:
    lines = []
    for a, dtype in DTYPES.items():
        inputs = cast_inputs(dtype)
        lines.append(f"inputs {a} " + " ".join(bits(value) for value in inputs))
        for b, target in DTYPES.items():
            # One element at a time: NumPy's vector loop from contiguous floats to uint32 gives others out of range.
            cells = (bits(inputs[k : k + 1].astype(target)[0]) for k in range(inputs.size))
            lines.append(f"cast {a} {b} " + " ".join(cells))
    return lines


def main(arguments: list[str]) -> int:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    heading = f"# Written with NumPy {np.__version__} by numpy_tables.py, which explains the lines."
    tables = {
        "numpy_types.txt": type_lines() + op_lines() + weak_lines(),
        "numpy_casts.txt": cast_lines(),
    }
    differ = 0
    for name, lines in tables.items():
        text = "\n".join([heading, *lines]) + "\n"
        path = HERE / name
        if "--check" in arguments:
            same = path.exists() and path.read_text().splitlines()[1:] == lines
            print(f"{name}: {'same' if same else 'differs'}")
            differ += not same
        else:
            path.write_text(text)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
