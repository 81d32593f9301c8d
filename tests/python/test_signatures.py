"""Keywords: for every public function and ufunc, each parameter of NumPy's is given values, by keyword and by position.

The result, or the class of what is raised, is NumPy's; what is not there yet says so. None is taken and ignored.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from support import host

import quelea

X = numpy.arange(1.0, 13.0).reshape(3, 4)
NAN = numpy.where(X % 5 == 0, numpy.nan, X)
MASK = X % 2 > 0

_OF_ONE = """
    all any amax amin max min sum prod mean std var ptp average count_nonzero around round fix
    angle real imag isposinf isneginf iscomplex isreal nan_to_num ravel squeeze transpose flip
    flipud fliplr rot90 ones_like zeros_like diff roll tril triu trace copy array asarray
    asanyarray ascontiguousarray asfortranarray trapezoid sinc atleast_1d atleast_2d atleast_3d
    ndim size shape matrix_transpose iscomplexobj isrealobj
"""

# What the functions are called with, before the keyword: arrays are those of the module.
CALLS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        _OF_ONE.split(),
        (X,),
    ),
    **dict.fromkeys(["nansum", "nanmean", "nanmin", "nanmax"], (NAN,)),
    **dict.fromkeys(["isclose", "allclose", "array_equal", "array_equiv"], (X, X + 1e-9)),
    **dict.fromkeys(["zeros", "ones"], ((2, 3),)),
    **dict.fromkeys(["concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"], ([X, X],)),
    **dict.fromkeys(["inner", "vdot", "outer", "append"], (X, X)),
    **dict.fromkeys(["linspace", "logspace", "geomspace"], (1.0, 2.0)),
    "arange": (5,), "broadcast_to": (X, (2, 3, 4)), "clip": (X, 2, 5), "dot": (X, X.T), "expand_dims": (X, 0),
    "eye": (3,), "identity": (3,), "full": ((2, 3), 7), "full_like": (X, 7), "indices": ((2, 3),),
    "matmul": (X, X.T), "meshgrid": (X[0], X[1]), "moveaxis": (X, 0, 1), "pad": (X, 1), "repeat": (X, 2),
    "reshape": (X, (4, 3)), "rollaxis": (X, 1), "split": (X, 3), "array_split": (X, 2), "swapaxes": (X, 0, 1),
    "tensordot": (X, X.T, 1), "tile": (X, 2), "tri": (3,), "vecdot": (X, X), "where": (MASK, X, 0),
    "divmod": (X, 5), "modf": (X / 2,), "unstack": (X,), "vsplit": (X, 3), "hsplit": (X, 2), "dsplit": (X[None], 2),
}  # fmt: skip

# Values for parameters by their names. A callable makes one of a module.
VALUES: dict[str, list[Any]] = {
    "axis": [0, 1, -1, -2, 2, -3, None, (0, 1), (1,), (0, 0), (0, -2), (), 1.5, "0"],
    "axis1": [0, 1, -1, 2],
    "axis2": [0, 1, -2, 2],
    "axes": [(1, 0), (0, 1), (0, 0), 1],
    "source": [0, -1],
    "destination": [0, 3],
    "start": [0, 2, 3],
    "stop": [3, 7.5],
    "step": [1, 2, -1, 0.5],
    "keepdims": [True, False],
    "dtype": ["f4", "f8", "i4", "c16", "f2", bool, None, "nonsense"],
    "out": [
        lambda m: m.zeros((3, 4)),
        lambda m: m.zeros(3),
        lambda m: m.zeros(4),
        lambda m: m.zeros(()),
        lambda m: m.zeros((3, 3)),
        lambda m: m.zeros((3, 4), "f4"),
        lambda m: m.zeros(4, int),
        None,
        lambda m: (m.zeros((3, 4)),),
        lambda m: (m.zeros((3, 4)), m.zeros((3, 4))),
    ],
    "where": [
        lambda m: m.asarray(MASK),
        lambda m: m.asarray(MASK[0]),
        True,
        [True, False, True, True],
        lambda m: m.ones(4, int),
        lambda m: m.ones(3, bool),
    ],
    "initial": [2, 2.5, None, -100, numpy.float32(3)],
    "casting": ["no", "safe", "same_kind", "unsafe", "any"],
    "order": ["C", "F", "A", "K", "X", None],
    "subok": [True, False],
    "ddof": [0, 1, 1.5],
    "correction": [0, 1],
    "mean": [lambda m: m.asarray(X).mean()],
    "weights": [lambda m: m.asarray(X), lambda m: m.ones(3), lambda m: m.zeros((3, 4))],
    "returned": [True, False],
    "decimals": [0, 1, -1, 1.5],
    "deg": [True],
    "copy": [True, False, None],
    "nan": [1.0],
    "posinf": [2.0],
    "neginf": [3.0],
    "shape": [(2, 2), 5, (-1, 2), (3, -1)],
    "k": [0, 1, -1, 0.5],
    "m": [X.T],
    "n": [0, 1, 2, -1],
    "prepend": [0, lambda m: m.ones((3, 1))],
    "append": [0, lambda m: m.ones((3, 1))],
    "shift": [1, -2, (1, 2)],
    "offset": [0, 1, -2, 9],
    "ndmin": [0, 3],
    "dx": [2.0],
    "x": [lambda m: m.arange(4.0)],
    "rtol": [0, 1],
    "atol": [0, 1.0],
    "equal_nan": [True],
    "like": [None],
    "device": ["cpu", None, "gpu"],
    "num": [3, 0, -1, 2.5],
    "endpoint": [True, False],
    "retstep": [True, False],
    "base": [2.0, lambda m: m.array([2.0, 3.0])],
    "M": [2, None, 5],
    "N": [2],
    "sparse": [True],
    "indexing": ["ij", "xy", "no"],
    "mode": ["edge", "wrap", "constant", "no"],
    "constant_values": [3, (1, 2)],
    "a_min": [3],
    "a_max": [4],
    "min": [3, None],
    "max": [4],
    "reps": [(2, 1)],
    "repeats": [3],
    "sections": [3],
    "indices_or_sections": [3, [1, 2], 5],
    "fill_value": [2.5],
    "prototype": [X],
    "signature": ["dd->d"],
}


def outcome(function: Callable[..., Any], m: Any, args: Any, kwargs: Any) -> Any:
    def of(x: Any) -> Any:
        if isinstance(x, numpy.ndarray):
            return m.asarray(x)
        if isinstance(x, list):
            return [of(a) for a in x]
        return x(m) if callable(x) and not isinstance(x, type) else x

    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        given = {key: of(value) for key, value in kwargs.items()}
        try:
            result = function(*(of(a) for a in args), **given)
        except Exception as error:
            return error
    if given.get("out") is not None:
        return result, given["out"]
    return result


def difference(ours: Any, theirs: Any) -> str | None:
    if isinstance(ours, NotImplementedError) and "is not in Quelea yet" in str(ours):
        return None
    if isinstance(theirs, Exception):
        builtin = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
        kinds = (builtin, TypeError) if builtin is AttributeError else builtin
        return None if isinstance(ours, kinds) else f"{theirs!r}, not {ours!r}"
    if isinstance(ours, Exception):
        return repr(ours)
    if isinstance(theirs, (tuple, list)):
        if not isinstance(ours, (tuple, list)) or len(ours) != len(theirs):
            return f"{theirs!r}, not {ours!r}"
        pairs = [difference(a, b) for a, b in zip(ours, theirs, strict=True)]
        return next((p for p in pairs if p), None)
    if not isinstance(theirs, (numpy.ndarray, numpy.generic)):
        return None if ours == theirs else f"{theirs!r}, not {ours!r}"
    got = host(ours)
    if (got.dtype, got.shape) != (theirs.dtype, theirs.shape):
        return f"{theirs.dtype}{theirs.shape}, not {got.dtype}{got.shape}"
    eps = float(numpy.finfo(theirs.dtype).eps) if theirs.dtype.kind in "fc" else 0
    near = numpy.allclose(got, theirs, 16 * eps, 16 * eps, equal_nan=theirs.dtype.kind in "fc")
    return None if near else f"{theirs!r}, not {got!r}"


def tried() -> Iterator[tuple[str, str, tuple[Any, ...], dict[str, Any]]]:
    """Calls with one parameter given: its name, positional arguments, keyword arguments."""
    for name, args in CALLS.items():
        parameters = list(inspect.signature(getattr(numpy, name)).parameters.values())
        for place, parameter in enumerate(parameters):
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or place < len(
                args
            ):
                continue
            if name in NO_VALUE.get(parameter.name, ()):
                continue
            for value in VALUES[parameter.name]:
                yield name, parameter.name, args, {parameter.name: value}
                is_next = place == len(args)
                is_tuple = parameter.name == "out" and name in (
                    "matmul",
                    "vecdot",
                    "divmod",
                    "modf",
                )
                if is_next and parameter.kind is not parameter.KEYWORD_ONLY and not is_tuple:
                    yield name, parameter.name, (*args, value), {}
    for name in UFUNCS:
        args = UFUNC_ARGUMENTS[getattr(numpy, name).nin]
        for word in (
            "out",
            "where",
            "casting",
            "order",
            "dtype",
            "subok",
            "signature",
            "axis",
            "keepdims",
        ):
            for value in VALUES[word]:
                yield (
                    name,
                    word,
                    args,
                    {word: value, **({"out": _zeros} if word == "where" else {})},
                )
        for value in VALUES["out"]:
            yield name, "out", (*args, value), {}


def _zeros(m: Any) -> Any:
    return m.zeros((3, 4))


UFUNC_ARGUMENTS: dict[int, tuple[Any, ...]] = {1: (X / 16,), 2: (X, X + 1)}
UFUNCS = [
    "add",
    "divide",
    "power",
    "hypot",
    "less",
    "logical_and",
    "maximum",
    "negative",
    "exp",
    "absolute",
    "isnan",
    "floor",
]
NO_VALUE: dict[str, tuple[str, ...]] = {
    "ndmax": ("array",),
    "where": ("divmod", "modf"),  # without out= what is left out has any value
}


@pytest.mark.parametrize("name", [*CALLS, *UFUNCS])
def test_keywords(name: str) -> None:
    differences = []
    for function, word, args, kwargs in CASES.get(name, ()):
        theirs, ours = (outcome(getattr(m, function), m, args, kwargs) for m in (numpy, quelea))
        found = difference(ours, theirs)
        if found:
            extra = f"{word}={kwargs[word]!r}" if word in kwargs else f"{args[-1]!r}"
            differences.append(f"{function}({extra}): {found}")
    assert not differences


CASES: dict[str, list[Any]] = {}
for _case in tried():
    CASES.setdefault(_case[0], []).append(_case)


METHODS = [
    name
    for name in CALLS
    if hasattr(numpy.ndarray, name)
    and not hasattr(object, name)
    and hasattr(quelea.ndarray, name)
    and name not in ("shape", "size", "ndim", "real", "imag")
]


@pytest.mark.parametrize("name", METHODS)
def test_keywords_of_methods(name: str) -> None:
    differences = []
    for _, word, args, kwargs in CASES.get(name, ()):
        if word == "correction":
            continue  # ours takes it here too
        theirs, ours = (
            outcome(lambda x, *rest, **given: getattr(x, name)(*rest, **given), m, args, kwargs)
            for m in (numpy, quelea)
        )
        found = difference(ours, theirs)
        if found:
            extra = f"{word}={kwargs[word]!r}" if word in kwargs else f"{args[-1]!r}"
            differences.append(f"x.{name}({extra}): {found}")
    assert not differences


def public_functions() -> Iterator[str]:
    for name in dir(quelea):
        ours, theirs = getattr(quelea, name), getattr(numpy, name, None)
        is_function = callable(ours) and callable(theirs) and ours is not theirs
        if is_function and not isinstance(ours, (type, quelea.ufunc)) and not name.startswith("_"):
            yield name


def test_every_function_is_tried() -> None:
    known = {"amax", "amin", "empty", "empty_like", "array2string", "array_repr", "array_str", "copyto", "fromfunction",
             "broadcast_arrays", "may_share_memory", "shares_memory", "isscalar", "info", "result_type", "astype",
             "permute_dims", "concat"}  # fmt: skip
    assert sorted(set(public_functions()) - set(CALLS) - known) == []


def test_every_parameter_of_numpys_is_known() -> None:
    """Also where a value is refused: Python's own words would say that there is no such keyword."""
    missing = []
    for name in public_functions():
        try:
            ours = inspect.signature(getattr(quelea, name)).parameters
            theirs = inspect.signature(getattr(numpy, name)).parameters
        except ValueError:
            continue  # of C: tried above
        takes_any = any(p.kind is p.VAR_KEYWORD for p in ours.values())
        missing += [f"{name}({p})" for p in theirs if p not in ours and not takes_any]
    assert sorted(missing) == [
        "arange(start_or_stop)",
        "info(maxwidth)",
        "info(object)",
        "info(output)",
        "info(toplevel)",
    ]
