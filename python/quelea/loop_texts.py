"""Texts of loops that `mapping` has compiled, around a function that they call by the name ``function``.

In a text ``x0``, ``x1``, ... are the arrays whose items are taken, ``y0``, ... what is made, ``r0``, ... what the
function gives. Items are ``x0[i]``, whatever axes they have.
"""

from collections.abc import Sequence
from typing import Any

import numpy

from .applying import Result

__all__ = [
    "SHAPES_DIFFER",
    "Found",
    "assigned",
    "definition",
    "dtype_name",
    "indented",
    "nest_text",
    "new_array",
    "pairs_text",
    "returned",
    "shapes_text",
]

Found = tuple[list[Result], bool]  # what a function gives; whether that is a tuple


def new_array(name: str, extents: Sequence[str], dtype: numpy.dtype[Any]) -> str:
    """Write a new array."""
    return f"{name} = np.empty(({', '.join(extents)},), np.{dtype_name(dtype)})"


def dtype_name(dtype: numpy.dtype[Any]) -> str:
    """Give the name of a dtype in a text."""
    return "bool_" if dtype.kind == "b" else dtype.name


def indented(lines: Sequence[str], levels: int) -> list[str]:
    """Write lines some levels deeper."""
    return ["    " * levels + line for line in lines]


def assigned(results: Sequence[Result], several: bool, call: str) -> list[str]:
    """Write the assignment of what a call gives to r0, r1, ...; lists become arrays."""
    left = ", ".join(f"r{k}" for k in range(len(results)))
    lines = [f"{left}{',' if several and len(results) == 1 else ''} = {call}"]
    return lines + [f"r{k} = np.array(r{k})" for k, r in enumerate(results) if r.is_list]


SHAPES_DIFFER = "the function gives arrays of different shapes"


def _kept(results: Sequence[Result], index: str) -> list[str]:
    """Write how what was given is stored."""
    lines = []
    for k, result in enumerate(results):
        for d in range(result.ndim):
            lines.append(f"if r{k}.shape[{d}] != s{k}_{d}:")
            lines.append(f"    raise ValueError({SHAPES_DIFFER!r})")
        lines.append(f"y{k}[{index}] = r{k}")
    return lines


def _extents(results: Sequence[Result]) -> list[str]:
    return [f"s{k}_{d}" for k, result in enumerate(results) for d in range(result.ndim)]


def definition(name: str, arguments: Sequence[str], body: Sequence[str]) -> str:
    """Write a function."""
    return "\n".join([f"def {name}({', '.join(arguments)}):", *indented(body, 1)]) + "\n"


def returned(results: Sequence[Result], names: str = "y") -> str:
    """Write what is returned, a tuple."""
    return f"return ({', '.join(f'{names}{k}' for k in range(len(results)))},)"


# ---- nests over places ----


def nest_text(
    name: str, arguments: Sequence[str], call: str, lead: Sequence[str], found: Found
) -> str:
    """Write a nest over places, at each of which what is given is stored."""
    results, several = found
    index = ", ".join(f"i{d}" for d in range(len(lead)))
    body = [
        new_array(f"y{k}", [*lead, *(f"s{k}_{d}" for d in range(r.ndim))], r.dtype)
        for k, r in enumerate(results)
    ]
    for d, extent in enumerate(lead):
        body += indented([f"for i{d} in range({extent}):"], d)
    body += indented([*assigned(results, several, call), *_kept(results, index)], len(lead))
    return definition(name, [*arguments, *_extents(results)], [*body, returned(results)])


def shapes_text(name: str, arguments: Sequence[str], call: str, found: Found) -> str:
    """Write the function that finds the shapes of results: those for the first items."""
    results, several = found
    places = [(k, d) for k, result in enumerate(results) for d in range(result.ndim)]
    body = [
        f"y0 = np.empty((1, {len(places)}), np.int64)",
        "for i0 in range(1):",
        *indented(assigned(results, several, call), 1),
        *(f"    y0[i0, {n}] = r{k}.shape[{d}]" for n, (k, d) in enumerate(places)),
        "return y0",
    ]
    return definition(name, arguments, body)


def pairs_text(found: Found) -> str:
    """Write the nest over all pairs, with the other side in blocks."""
    results, several = found
    extents = ["x0.shape[0]", "x1.shape[0]"]
    body = [
        new_array(f"y{k}", [*extents, *(f"s{k}_{d}" for d in range(r.ndim))], r.dtype)
        for k, r in enumerate(results)
    ]
    body += [
        "for start in range(0, x1.shape[0], block):",
        "    for i in range(x0.shape[0]):",
        "        for j in range(start, min(start + block, x1.shape[0])):",
        *indented(
            [*assigned(results, several, "function(x0[i], x1[j])"), *_kept(results, "i, j")], 3
        ),
        returned(results),
    ]
    return definition("allpairs", ["x0", "x1", "block", *_extents(results)], body)
