"""Keywords: for every public function and ufunc, each parameter of NumPy's is given values, by keyword and by position.

The result, or the class of what is raised, is NumPy's; what is not there yet says so. None is taken and ignored.
"""

import inspect
import random
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from support import host, is_elementwise

import quelea

IS_ALONE = quelea.info()["size"] == 1
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
    **dict.fromkeys(
        ["nansum", "nanmean", "nanmin", "nanmax", "nanprod", "nanvar", "nanstd"], (NAN,)
    ),
    **dict.fromkeys(["isclose", "allclose", "array_equal", "array_equiv"], (X, X + 1e-9)),
    **dict.fromkeys(["zeros", "ones"], ((2, 3),)),
    **dict.fromkeys(["concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"], ([X, X],)),
    **dict.fromkeys(["inner", "vdot", "outer", "append"], (X, X)),
    **dict.fromkeys(["linspace", "logspace", "geomspace"], (1.0, 2.0)),
    "arange": (5,), "broadcast_to": (X, (2, 3, 4)), "clip": (X, 2, 5), "dot": (X, X.T), "expand_dims": (X, 0),
    "eye": (3,), "identity": (3,), "full": ((2, 3), 7), "full_like": (X, 7), "indices": ((2, 3),),
    "matmul": (X, X.T), "meshgrid": (X[0], X[1]), "moveaxis": (X, 0, 1), "pad": (X, 1), "repeat": (X, 2),
    "take": (X, [1, 0]), "compress": ([True, False, True], X), "extract": (X > 3, X),
    **dict.fromkeys(["nonzero", "flatnonzero", "argwhere"], (X,)),
    **dict.fromkeys(["sort", "argsort", "sort_complex", "lexsort"], (X[::-1],)),
    **dict.fromkeys(["partition", "argpartition"], (X[::-1], 2)),
    "searchsorted": (X[0], X), "digitize": (X, X[0]),
    **dict.fromkeys(["unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"], (X % 5,)),
    **dict.fromkeys(["isin", "union1d", "intersect1d", "setdiff1d", "setxor1d"], (X, X[0] * 2)),
    "median": (X,), "nanmedian": (NAN,), "quantile": (X, 0.3), "nanquantile": (NAN, 0.3),
    "percentile": (X, [30, 60]), "nanpercentile": (NAN, 30),
    "reshape": (X, (4, 3)), "rollaxis": (X, 1), "split": (X, 3), "array_split": (X, 2), "swapaxes": (X, 0, 1),
    "tensordot": (X, X.T, 1), "tile": (X, 2), "tri": (3,), "vecdot": (X, X), "where": (MASK, X, 0),
    "broadcast_arrays": (X, X[0]), "astype": (X, "f4"), "concat": ([X, X],), "permute_dims": (X,),
    "isscalar": (X,), "result_type": (X, 1), "can_cast": (X, "f4"), "min_scalar_type": (X,),
    "diag": (X,), "diagflat": (X[0],), "diagonal": (X,), "fill_diagonal": (X, 2), "diag_indices": (3,),
    "diag_indices_from": (X[:, :3],), "tril_indices": (4,), "triu_indices": (4,), "tril_indices_from": (X,),
    "triu_indices_from": (X,),
    "block": ([X, X],), "ix_": (X[0].astype(int), X[1].astype(int)), "row_stack": ([X, X],),
    "einsum": ("ij,kj->ik", X, X), "einsum_path": ("ij,kj,kl", X, X, X),
    **dict.fromkeys(["argmax", "argmin", "cumsum", "cumprod", "unwrap"], (X,)),
    **dict.fromkeys(["nanargmax", "nanargmin", "nancumsum", "nancumprod"], (NAN,)),
    **dict.fromkeys(["cumulative_sum", "cumulative_prod"], (X[0],)),
    "gradient": (X,), "ediff1d": (X,), "cov": (X,), "corrcoef": (X,),
    "convolve": (X[0], X[1, :3]), "correlate": (X[0], X[1, :3]),
    **dict.fromkeys(("bartlett", "blackman", "hamming", "hanning"), (7,)), "kaiser": (7, 14.0), "i0": (X,),
    **dict.fromkeys(("polyadd", "polysub", "polymul"), (X[0], X[1, :3])), "polyval": (X[0], X[1]),
    "polyder": (X[0],), "poly": (X[0],), "roots": (X[0],), "polydiv": (X[0], X[1, :2]),
    "polyfit": (X[0], X[1] ** 2, 1), "polyint": (X[0],), "select": ([MASK, X > 7], [X, -X]), "choose": (MASK, [X, -X]),
    "piecewise": (X, [MASK], [1, 2]), "putmask": (X, MASK, 3), "place": (X, MASK, 3), "real_if_close": (X + 0j,),
    "apply_over_axes": (lambda m: m.sum, X, (0,)), "asarray_chkfinite": (X,), "common_type": (X,), "isfortran": (X,),
    "require": (X,), "geterr": (), "geterrcall": (), "seterr": (), "seterrcall": (None,),
    "cross": (X[:, :3], X[:, 1:]), "kron": (X, X[0]), "matvec": (X, X[0]), "vecmat": (X[0], X.T), "vander": (X[0],),
    "bincount": ([3, 1, 1, 5],), "histogram": (X,), "histogram_bin_edges": (X,), "histogram2d": (X[0], X[1]),
    "histogramdd": (X,),
    "put": (X, [1, -1], [7, 8]), "take_along_axis": (X, numpy.array([[1], [0], [2]])),
    "put_along_axis": (X, numpy.array([[1], [0], [2]]), 7),
    "insert": (X, 1, 7), "delete": (X, 1), "resize": (X, (2, 9)), "trim_zeros": (X,), "mask_indices": (3, numpy.triu),
    "ravel_multi_index": (([1, 2], [0, 3]), (3, 4)), "unravel_index": ([3, 5], (3, 4)),
    "array2string": (X,), "array_repr": (X,), "array_str": (X,),
    "divmod": (X, 5), "modf": (X / 2,), "frexp": (X / 2,), "interp": (X, X[1], X[2]),
    "apply_along_axis": (lambda m: _largest, 0, X), "packbits": (X > 3,),
    "unpackbits": (X.astype("u1"),),
    "unstack": (X,), "vsplit": (X, 3), "hsplit": (X, 2), "dsplit": (X[None], 2),
}  # fmt: skip


def _largest(line: Any) -> Any:
    return line.max()


def _without_axes(m: Any) -> Any:
    return m.zeros(())


SCANS = ("cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod")
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
        _without_axes,
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
    "m": [X.T, 2, 0, -1],
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
    "mode": [
        "edge",
        "wrap",
        "reflect",
        "median",
        "constant",
        "clip",
        "raise",
        "no",
        "valid",
        "same",
        "full",
    ],
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
    "ndmax": [0, 1, 3],
    "max_line_width": [None, 20],
    "precision": [None, 2],
    "suppress_small": [None, True],
    "separator": [" ", ", "],
    "prefix": ["", "x = "],
    "style": [],
    "formatter": [None, {"float": lambda x: "?"}],
    "threshold": [None, 3],
    "edgeitems": [None, 1],
    "sign": [None, "+"],
    "floatmode": [None, "fixed"],
    "suffix": ["", ")"],
    "legacy": [None],
    "wrap": [True],
    **{name: [0, 1, -2, 2] for name in ("axisa", "axisb", "axisc")},
    "increasing": [True],
    "default": [7, 2.5, lambda m: m.ones(4)],
    "tol": [100, 0.5],
    "requirements": [None, "C", ["F"], ["W", "A"], ["C", "F"], ["E", "O"]],
    **{name: ["ignore", None, "no"] for name in ("all", "divide", "over", "under", "invalid")},
    "edge_order": [1, 2, 3],
    "include_initial": [True, False],
    "discont": [None, 4.0],
    "period": [5.0],
    **{name: [3.0, [1.0, 2.0], 1j] for name in ("to_end", "to_begin")},
    "y": [X + 1, X[0], X[:, 0]],
    "rowvar": [False],
    "bias": [True],
    "fweights": [[1, 2, 1, 3], [1, 2], [0.5, 1, 1, 1], [-1, 1, 1, 1]],
    "aweights": [[1, 2, 1, 3.5], [1, 2], [-1, 1, 1, 1]],
    "optimize": [True, False, "greedy", "optimal", "no", ["einsum_path", (0, 1)]],
    "einsum_call": [False],
    "ndim": [1, 3, -1],
    "trim": ["f", "b", "fb", "no"],
    "minlength": [0, 9, -1, None],
    "bins": [3, [0.0, 2.5, 7.0], 0, 2.5, "sqrt", "no"],
    "range": [(0, 5), (5, 0), (3, 3)],
    "density": [True, False, None],
    "kind": ["quicksort", "stable", "introselect", "no", None, 3],
    "stable": [True, False, None],
    "side": ["left", "right", "no", 3],
    "sorter": [[3, 2, 1, 0], [0, 1], [0.0, 1, 2, 3], [0, 1, 2, 9], None],
    "right": [True, False, 3],
    **{
        name: [True, False]
        for name in ("overwrite_input", "assume_unique", "invert", "return_indices", "sorted")
    },
    **{f"return_{name}": [True] for name in ("index", "inverse", "counts")},
    "count": [3, 0, -2, 100, -100, 12],
    "rcond": [1e-3, None],
    "full": [True],
    "cov": [True, False, "unscaled"],
    "w": [[1.0, 2, 3, 4], [1.0, 2]],
    "left": [3, -1.5, 1j],
    "bitorder": ["big", "little", "no", 3],
    "method": ["linear", "lower", "midpoint", "no"],
}


def outcome(function: Callable[..., Any], m: Any, args: Any, kwargs: Any) -> Any:
    def of(x: Any) -> Any:
        if isinstance(x, numpy.ndarray):
            return m.array(x)
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


def difference(ours: Any, theirs: Any, loop: Any = None) -> str | None:
    """Say what is different; loop: the dtype that is asked for."""
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
        pairs = [difference(a, b, loop) for a, b in zip(ours, theirs, strict=True)]
        return next((p for p in pairs if p), None)
    if not isinstance(theirs, (numpy.ndarray, numpy.generic)):
        return None if ours == theirs else f"{theirs!r}, not {ours!r}"
    got = host(ours)
    if (got.dtype, got.shape) != (theirs.dtype, theirs.shape):
        return f"{theirs.dtype}{theirs.shape}, not {got.dtype}{got.shape}"
    eps = float(numpy.finfo(theirs.dtype).eps) if theirs.dtype.kind in "fc" else 0
    if loop in ("f2", "f4"):
        eps = max(eps, float(numpy.finfo(loop).eps))
    near = numpy.allclose(got, theirs, 16 * eps, 16 * eps, equal_nan=theirs.dtype.kind in "fc")
    return None if near else f"{theirs!r}, not {got!r}"


OF_TUPLES = ("matmul", "matvec", "vecmat", "vecdot", "divmod", "modf", "frexp")  # ufuncs of NumPy's


def tried() -> Iterator[tuple[str, str, tuple[Any, ...], dict[str, Any]]]:
    """Calls with one parameter given: its name, positional arguments, keyword arguments."""
    for name, args in CALLS.items():
        yield name, "", args, {}
        yield name, "nonsense", args, {"nonsense": 1}
        parameters = list(inspect.signature(getattr(numpy, name)).parameters.values())
        for place, parameter in enumerate(parameters):
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or place < len(
                args
            ):
                continue
            if name in NO_VALUE.get(parameter.name, ()):
                continue
            is_tuple = parameter.name == "out" and name in OF_TUPLES
            # by position too, behind the defaults of those before it
            before = [p.default for p in parameters[len(args) : place]]
            is_positional = parameter.kind is not parameter.KEYWORD_ONLY and not is_tuple
            is_positional &= not any(
                repr(b).startswith("<no value>") or b is parameter.empty for b in before
            )
            for value in VALUES[parameter.name]:
                if value is _without_axes and name in SCANS:
                    continue  # which ends the process in NumPy 2.4
                yield name, parameter.name, args, {parameter.name: value}
                if is_positional:
                    yield name, parameter.name, (*args, *before, value), {}
    for name in UFUNCS:
        args = ufunc_arguments(name)
        yield name, "", args, {}
        yield name, "nonsense", args, {"nonsense": 1}
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
            values = VALUES[word]
            if not IS_ALONE and name not in WHOLE:
                values = [values[len(name) % len(values)]]
            for value in values:
                more = {"out": _zeros} if word == "where" else {}
                yield name, word, args, {word: value, **more}
        for value in VALUES["out"] if IS_ALONE or name in WHOLE else VALUES["out"][:1]:
            yield name, "out", (*args, value), {}


def _zeros(m: Any) -> Any:
    return m.zeros((3, 4))


_INTEGERS = (
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "left_shift",
    "right_shift",
    "invert",
    "ldexp",
    "gcd",
    "lcm",
    "bitwise_count",
)
UFUNCS = [
    name
    for name in dir(quelea)
    if is_elementwise(ufunc := getattr(quelea, name)) and ufunc.__name__ == name
]
# Whose every keyword is tried on several ranks too; of the others one value of each.
WHOLE = (
    "add",
    "divide",
    "power",
    "less",
    "logical_and",
    "maximum",
    "negative",
    "absolute",
    "isnan",
    "left_shift",
)


def ufunc_arguments(name: str) -> tuple[Any, ...]:
    if name in _INTEGERS:
        return (X.astype(int), X.astype(int) % 3)[: getattr(numpy, name).nin]
    return (X / 16,) if getattr(numpy, name).nin == 1 else (X, X + 1)


NO_VALUE: dict[str, tuple[str, ...]] = {
    "m": ("tril_indices", "triu_indices"),  # in test_diagonals
    "where": ("divmod", "modf", "frexp"),  # without out= what is left out has any value
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
    and name
    not in ("shape", "size", "ndim", "real", "imag", "resize")  # the last one counts references
]

# Methods that are no functions, by the signatures that NumPy documents.
OWN_METHODS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "astype": [
        (("f4",), {}), ((), {"dtype": "i4"}), (("f4", "F"), {}), (("f4",), {"order": "C"}),
        (("i4",), {"casting": "safe"}),
        (("i4", "K", "unsafe"), {}), (("f8",), {"copy": False}), (("f8",), {"copy": True}), (("f4",), {"subok": True}),
        (("f4", "K", "unsafe", True, False), {}), ((), {}), (("f4",), {"nonsense": 1}), (("nonsense",), {}),
        (("f4",), {"order": "X"}), (("f4",), {"casting": "any"}),
    ],
    "copy": [((), {}), (("F",), {}), ((), {"order": "C"}), (("X",), {}), ((), {"nonsense": 1})],
    "flatten": [((), {}), (("F",), {}), ((), {"order": "C"}), ((), {"order": "K"}), (("X",), {}), ((1,), {})],
    "ravel": [((), {}), (("F",), {}), ((), {"order": "K"}), (("X",), {})],
    "reshape": [
        ((4, 3), {}), (((4, 3),), {}), ((-1,), {}), ((4, 3), {"order": "F"}), ((4, 3), {"copy": True}),
        ((5,), {}), ((), {}),
        ((-1, -1), {}), ((4, 3), {"order": "K"}), ((4.0, 3), {}), (([4, 3],), {}), ((12,), {"copy": False}),
        ((4, 3), {"nonsense": 1}), (((),), {}), ((2**62, 4), {}), ((None,), {}),
    ],
    "transpose": [((), {}), ((1, 0), {}), (((1, 0),), {}), ((None,), {}), ((0, 0), {}), ((0,), {}), ((0, 2), {}),
        ((-1, 0), {}),
                  ((), {"axes": (1, 0)})],
    "item": [((3,), {}), ((1, 2), {}), (((1, 2),), {}), ((), {}), ((-1,), {}), ((12,), {}), ((1, 4), {}), ((1.0,), {}),
             ((1, 2, 3), {})],
    "fill": [((2,), {}), ((2.5,), {}), ((), {}), ((1, 2), {}), (("x",), {}), ((None,), {}), ((1j,), {})],
    "tolist": [((), {}), ((1,), {})],
    "tobytes": [((), {}), (("F",), {}), ((), {"order": "A"}), (("X",), {})],
    "view": [((), {}), (("f8",), {})],
    "conj": [((), {}), ((lambda m: m.zeros((3, 4)),), {}), ((1, 2), {})],
    "conjugate": [((), {})],
    "squeeze": [((), {}), ((0,), {}), ((), {"axis": ()}), ((3,), {})],
    "swapaxes": [((0, 1), {}), ((-1, 0), {}), ((0,), {}), ((0, 2), {}), ((0, 1.0), {})],
    "clip": [((2, 5), {}), ((None, 5), {}), ((), {"min": 3}), ((), {"max": 3}), ((), {}),
        ((2, 5, lambda m: m.zeros((3, 4))), {}),
             ((2, 5), {"dtype": "f4"}), ((2, 5), {"where": True}), ((2, 5), {"casting": "unsafe"}),
             ((2, 5), {"nonsense": 1}),
             ((1, 2, None, 4), {})],
    "round": [((), {}), ((1,), {}), ((), {"decimals": -1}), ((1, lambda m: m.zeros((3, 4))), {}),
        ((), {"out": lambda m: m.zeros(3)}),
              ((1.5,), {})],
    "dot": [((X.T,), {}), ((X.T, lambda m: m.zeros((3, 3))), {}), ((), {"b": X.T}), ((X,), {}), ((2,), {})],
    "trace": [((), {}), ((1,), {}), ((0, 1, 0), {}), ((), {"dtype": "i4"}), ((0, 0, 0), {}),
        ((), {"out": lambda m: m.zeros(())})],
    "repeat": [((2,), {}), ((2, 0), {}), ((), {"repeats": 2, "axis": 1}), ((2, 2), {}), ((-1,), {}), ((), {})],
    "take": [((2,), {}), (([2, 0], 0), {}), (([1],), {"axis": 1, "mode": "wrap"}), ((99,), {}), ((), {})],
    "nonzero": [((), {})],
    "sort": [((), {}), ((0,), {}), ((), {"axis": 1, "kind": "stable"}), ((2,), {}), ((0, "x"), {})],
    "argsort": [((), {}), ((0,), {}), ((None,), {}), ((), {"kind": "q", "stable": True}), ((2,), {})],
    "partition": [((2,), {}), ((2, 0), {}), ((9,), {}), ((), {})],
    "argpartition": [((2,), {}), ((2, 0), {}), ((9,), {}), ((), {})],
    "searchsorted": [((2,), {}), ((), {})],
    "compress": [(([True, False], 0), {}), (([False, True],), {"axis": 1}), ((), {})],
    "__array__": [((), {}), (("f4",), {}), ((), {"copy": True})],
    "__copy__": [((), {})],
    "__deepcopy__": [(({},), {})],
    "__len__": [((), {})],
    "__contains__": [((2.0,), {}), ((99,), {})],
    "__divmod__": [((2,), {})],
    "__pow__": [((2,), {}), ((2, None), {})],
    "__format__": [(("",), {})],
    "__int__": [((), {})],
    "__float__": [((), {})],
    "__index__": [((), {})],
    "__complex__": [((), {})],
    "__bool__": [((), {})],
    "__iter__": [((1,), {})],
}  # fmt: skip


@pytest.mark.parametrize("name", OWN_METHODS)
def test_own_methods(name: str) -> None:
    differences = []
    for args, kwargs in OWN_METHODS[name]:
        theirs, ours = (
            outcome(
                lambda x, *rest, **given: getattr(x, name)(*rest, **given), m, (X, *args), kwargs
            )
            for m in (numpy, quelea)
        )
        found = difference(ours, theirs)
        if found:
            differences.append(f"x.{name}({args}, {kwargs}): {found}")
    assert not differences


REDUCE_WORDS = ("axis", "dtype", "out", "keepdims", "initial", "where")
REDUCTIONS = ("add", "multiply", "maximum", "minimum", "logical_or", "logical_and")


@pytest.mark.parametrize("name", [*REDUCTIONS, "subtract", "hypot", "fmax", "logical_xor"])
def test_methods_of_ufuncs(name: str) -> None:
    """The keywords of reduce, by keyword and by position; what there is not yet says so."""
    differences = []
    words = REDUCE_WORDS
    defaults: list[Any] = [
        0,
        None,
        None,
        False,
        None if name in ("maximum", "minimum", "fmax") else 0,
    ]
    cases: list[Any] = [
        ("reduce", (X,), {}),
        ("reduce", (), {"array": X}),
        ("reduce", (X,), {"nonsense": 1}),
    ]
    for place, word in enumerate(words):
        for value in VALUES[word]:
            cases.append(("reduce", (X,), {word: value}))
            if place < 4:
                cases.append(("reduce", (X, *defaults[:place], value), {}))
    cases += [("outer", (X, X[0]), {}), ("outer", (X,), {}), ("outer", (X, 2), {"dtype": "f4"})]
    for place, word in enumerate(("axis", "dtype", "out")):
        for value in VALUES[word]:
            if value is _without_axes:
                continue  # as in `tried`
            cases.append(("accumulate", (X,), {word: value}))
            cases.append(("accumulate", (X, *defaults[:place], value), {}))
    cases += [
        ("accumulate", (X,), {}),
        ("accumulate", (), {"array": X}),
        ("reduceat", (X, [0, 1]), {}),
        ("at", (X, 0, 1), {}),
    ]
    for method, args, kwargs in cases:
        theirs, ours = (
            outcome(getattr(getattr(m, name), method), m, args, kwargs) for m in (numpy, quelea)
        )
        found = difference(ours, theirs)
        if found:
            differences.append(f"{name}.{method}({args[1:]}, {kwargs}): {found}")
    assert not differences


def two_at_once() -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Two keywords together: the value of both, or of two faults the one that NumPy names first."""
    chance = random.Random(5)
    for name, cases in CASES.items():
        given = [c for c in cases if len(c[3]) == 1 and c[1] != "nonsense"]
        for _ in range(24 if IS_ALONE else 4):
            if not given:
                break
            first, second = chance.choice(given), chance.choice(given)
            if first[1] != second[1]:
                yield name, first[2], {**first[3], **second[3]}


def test_two_keywords() -> None:
    differences = []
    for name, args, kwargs in two_at_once():
        theirs, ours = (outcome(getattr(m, name), m, args, kwargs) for m in (numpy, quelea))
        found = difference(ours, theirs, kwargs.get("dtype"))
        if found:
            differences.append(f"{name}({kwargs}): {found}")
    assert not differences


@pytest.mark.parametrize("name", METHODS)
def test_keywords_of_methods(name: str) -> None:
    differences = []
    for _, word, args, kwargs in CASES.get(name, ()):
        if word == "correction":
            continue  # ours takes it here too
        if name in ("all", "any") and len(args) > 2:
            continue  # NumPy's methods take a dtype by position that its documents do not know
        if name == "choose" and len(args) > 2:
            continue  # the arrays of NumPy's method may be arguments
        theirs, ours = (
            outcome(lambda x, *rest, **given: getattr(x, name)(*rest, **given), m, args, kwargs)
            for m in (numpy, quelea)
        )
        found = difference(ours, theirs)
        if found:
            extra = f"{word}={kwargs[word]!r}" if word in kwargs else f"{args[-1]!r}"
            differences.append(f"x.{name}({extra}): {found}")
    assert not differences


def pairs() -> set[tuple[str, str]]:
    """Functions, ufuncs and methods with a keyword of theirs that is given values."""
    words = {(name, word) for name, cases in CASES.items() for _, word, _, _ in cases}
    words |= {(f"x.{name}", word) for name, word in words if name in METHODS}
    words |= {
        (f"x.{name}", key)
        for name, calls in OWN_METHODS.items()
        for _, given in calls
        for key in given
    }
    words |= {(f"{name}.reduce", word) for name in REDUCTIONS for word in REDUCE_WORDS}
    return {(name, word) for name, word in words if word not in ("", "nonsense")}


def test_how_much_is_tried() -> None:
    """pytest -s -k how_much says it."""
    tried_pairs, calls = pairs(), sum(len(cases) for cases in CASES.values())
    print(f"{len(tried_pairs)} pairs of a function and a keyword, in {calls} calls")
    assert len(tried_pairs) > 1000 and {w for _, w in tried_pairs} >= {
        "out",
        "where",
        "dtype",
        "casting",
        "initial",
    }


def public_functions() -> Iterator[str]:
    for name in dir(quelea):
        ours, theirs = getattr(quelea, name), getattr(numpy, name, None)
        is_function = callable(ours) and callable(theirs) and ours is not theirs
        if is_function and not (isinstance(ours, type) or is_elementwise(ours)) and name[0] != "_":
            yield name


def test_every_function_is_tried() -> None:
    known = {
        "empty",
        "empty_like",
        "copyto",
        "fromfunction",
        "info",
        "may_share_memory",
        "shares_memory",
    }  # of no certain values; in test_reports
    known |= {"vectorize"}  # in test_vectorize
    known |= set(quelea.files.__all__)  # in test_files
    known |= set(quelea.buffers.__all__)  # in test_buffers
    assert sorted(set(public_functions()) - set(CALLS) - known) == []


def test_editors_are_told_signatures() -> None:
    """Also of what is written in C, of which Python knows none by itself."""
    of_types = [
        getattr(ours, name)
        for ours, theirs in ((quelea.ndarray, numpy.ndarray), (quelea.ufunc, numpy.ufunc))
        for name, method in vars(theirs).items()
        if isinstance(method, types.MethodDescriptorType) and callable(getattr(ours, name, None))
    ]
    for method in of_types:
        assert inspect.signature(method).parameters  # self, or what stands for it
    for name in public_functions():
        inspect.signature(getattr(quelea, name))
    if hasattr(numpy.add, "__signature__"):
        assert inspect.signature(quelea.add) == inspect.signature(numpy.add)


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
