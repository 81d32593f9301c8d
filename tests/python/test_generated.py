"""Generated calls: public functions, methods and operators, with operands of all dtypes and shapes that lie in any way.

dtype, shape, bits, order in memory, what is a scalar, and the class of what is raised are NumPy's. What is not
compared: bits of what NumPy leaves to a library (its BLAS decides the signs of zeros and what NaN spreads to in
products of complex numbers) or to the order of a reduction (contract C7), and casts of numbers that the dtype does not
hold.
"""

import operator
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from jobs import LAUNCHED
from support import host, is_elementwise

import quelea

IS_ALONE = quelea.info()["size"] == 1
SEEDS, CALLS = (2, 20) if not IS_ALONE else (4, 110) if LAUNCHED else (16, 110)  # of each kind
DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
WIDE = ["?", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]  # which hold, or cut, what is cast to them
SHAPES = [
    (), (1,), (3,), (4,), (0,), (1, 1), (2, 3), (3, 3), (3, 1), (1, 3), (0, 3), (3, 0),
    (2, 3, 4), (2, 1, 3), (4, 3, 2), (2, 2, 2, 2),
]  # fmt: skip
MATRICES = [
    (), (1,), (3,), (0,), (2, 3), (3, 2), (3, 3), (1, 3), (3, 1), (0, 3), (3, 0),
    (2, 3, 3), (1, 3, 2), (2, 2, 3, 3),
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 2, 3, 300, -300, 2**40, 2**63, 2**70, True, False, 0.5, -0.0, 2.0, 1e30, 1j, 2 - 1j,
    float("nan"), float("inf"), numpy.float32(1.5), numpy.float64(2), numpy.int8(3), numpy.uint64(7),
    numpy.bool(True), numpy.complex64(1j), numpy.float16(0.5),
]  # fmt: skip
LISTS = [[1, 2, 3], [1.5, 2, -1], [[1, 2, 3]], [True, False, True], [], [1j, 2, 3], range(3)]
AXES = [None, 0, 1, -1, -2, 2, (0, 1), (0,), (), (0, -1), 3, -4, numpy.int64(0)]


# ---- operands ----


class Array:
    """An array whose axes are permuted, reversed, stepped over and broadcast, alike in NumPy and ours."""

    def __init__(
        self,
        choose: random.Random,
        shape: tuple[int, ...],
        dtype: str | None = None,
        *,
        special: bool = False,
        writable: bool = False,
    ) -> None:
        self.shape, self.dtype = shape, dtype or choose.choice(DTYPES)
        self.order = list(range(len(shape)))
        self.steps = [1] * len(shape)
        self.repeats = [False] * len(shape)
        if choose.random() < 0.6:
            choose.shuffle(self.order)
            self.steps = [choose.choice([1, 1, 1, -1, 2, -2]) for _ in shape]
            if not writable:
                self.repeats = [n > 1 and choose.random() < 0.15 for n in shape]
        lying = [0] * len(shape)
        for to, lies in enumerate(self.order):
            lying[lies] = 1 if self.repeats[to] else shape[to] * abs(self.steps[to])
        special = special and choose.random() < 0.4
        size = int(numpy.prod(lying, dtype=int))
        values = [_element(choose, numpy.dtype(self.dtype).kind, special) for _ in range(size)]
        self.base = numpy.array(values, self.dtype).reshape(lying)

    def of(self, m: Any) -> Any:
        x = m.asarray(self.base) if m is quelea else self.base.copy()
        if not self.shape:
            return x
        steps = zip(self.repeats, self.steps, strict=True)
        x = x.transpose(self.order)[tuple(slice(None, None, 1 if r else s) for r, s in steps)]
        return m.broadcast_to(x, self.shape) if any(self.repeats) else x

    def __repr__(self) -> str:
        return f"<{self.dtype} {self.shape} {self.order} {self.steps} {self.repeats} {self.base.tolist()}>"


def _element(choose: random.Random, kind: str, special: bool) -> Any:
    if kind == "b":
        return choose.random() < 0.5
    if kind == "u":
        return choose.choice([0, 1, 2, 3, 5, 100])
    if kind == "i":
        return choose.choice([0, 1, -1, 2, -3, 5, 100, -100])
    numbers = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0]
    numbers += [float("nan"), float("inf"), -float("inf")] * special
    if kind == "f":
        return choose.choice(numbers)
    return complex(choose.choice(numbers), choose.choice(numbers))


def any_operand(choose: random.Random, **given: Any) -> Any:
    chance = choose.random()
    if chance < 0.75:
        return Array(choose, choose.choice(SHAPES), **given)
    return choose.choice(NUMBERS if chance < 0.93 else LISTS)


def operand_beside(choose: random.Random, other: Any, **given: Any) -> Any:
    """One that can often be broadcast with another."""
    chance = choose.random()
    if not isinstance(other, Array) or chance > 0.7:
        return any_operand(choose, **given)
    if chance < 0.4:
        return Array(choose, other.shape, **given)
    return Array(choose, tuple(n if choose.random() < 0.6 else 1 for n in other.shape), **given)


def mask_of(choose: random.Random, x: Any) -> Any:
    shape = x.shape if isinstance(x, Array) else (1,)
    return Array(choose, tuple(n if choose.random() < 0.7 else 1 for n in shape), "?")


# ---- calls ----

REDUCTIONS = """
    sum min max any all mean var std nansum nanmean nanmin nanmax ptp count_nonzero average prod
    add.reduce minimum.reduce maximum.reduce logical_or.reduce multiply.reduce
"""
PRODUCTS = "dot inner matmul vdot outer tensordot vecdot operator.matmul"
UNARY = "neg pos abs invert"
BINARY = "add sub mul truediv floordiv mod pow and_ or_ xor lshift rshift lt le eq ne gt ge"
IN_PLACE = "iadd isub imul itruediv ifloordiv imod iand ior ixor ilshift irshift imatmul"

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def given_of(m: Any, x: Any) -> Any:
    if isinstance(x, Array):
        return x.of(m)
    return [given_of(m, item) for item in x] if type(x) is list else x


def outcome(call: Call, m: Any) -> Any:
    name, args, kwargs = call
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        operands = [given_of(m, x) for x in args]
        words = {key: given_of(m, x) for key, x in kwargs.items()}
        try:
            if name.startswith("x."):
                function = getattr(operands.pop(0), name[2:])
            elif name.startswith("operator."):
                function = getattr(operator, name[9:])
            else:
                function = m
                for part in name.split("."):
                    function = getattr(function, part)
            result = function(*operands, **words) if callable(function) else function
        except Exception as error:
            return error
    return (result, words["out"]) if words.get("out") is not None else result


def ufunc_call(choose: random.Random) -> Call:
    name = choose.choice(UFUNCS)
    args = [any_operand(choose, special=True)]
    if getattr(numpy, name).nin == 2:
        args.append(operand_beside(choose, args[0], special=True))
        choose.shuffle(args)
    words: dict[str, Any] = {}
    if choose.random() < 0.15:
        words["casting"] = choose.choice(["no", "safe", "same_kind"])
    if choose.random() < 0.1:
        words["order"] = choose.choice("CFAK")
    shape = next((x.shape for x in args if isinstance(x, Array)), None)
    if choose.random() < 0.15 and shape is not None and name in EXACT.split():
        words["out"] = Array(choose, shape, writable=True)
        if choose.random() < 0.4:
            words["where"] = mask_of(choose, words["out"])
    return name, tuple(args), words


def reduction_call(choose: random.Random) -> Call:
    name = choose.choice(REDUCTIONS.split())
    x = any_operand(choose)
    if "." in name:
        x = Array(choose, choose.choice(SHAPES))
    words: dict[str, Any] = {}
    if choose.random() < 0.6:
        words["axis"] = choose.choice(AXES)
    if choose.random() < 0.3:
        words["keepdims"] = choose.random() < 0.7
    if choose.random() < 0.2 and name in ("sum", "mean", "var", "std", "nansum", "add.reduce"):
        words["dtype"] = choose.choice(WIDE)
    if choose.random() < 0.2 and name not in ("ptp", "count_nonzero", "average"):
        words["where"] = mask_of(choose, x)
    if choose.random() < 0.2 and name in ("sum", "nansum", "add.reduce"):
        words["initial"] = choose.choice([0, -0.0, 2, 2.5, 0j, complex(-0.0, -0.0), None])
    if choose.random() < 0.3 and name in ("var", "std"):
        words["ddof"] = choose.choice([0, 1, 2, 0.5])
    if choose.random() < 0.5 and name == "average" and isinstance(x, Array):
        words["weights"] = Array(choose, choose.choice([x.shape, x.shape[-1:]]))
    is_method = isinstance(x, Array) and choose.random() < 0.4
    return (f"x.{name}" if is_method and hasattr(numpy.ndarray, name) else name), (x,), words


def product_call(choose: random.Random) -> Call:
    name = choose.choice(PRODUCTS.split())
    a = Array(choose, choose.choice(MATRICES))
    b = Array(choose, choose.choice(MATRICES))
    if a.shape and choose.random() < 0.6:
        b = Array(
            choose, choose.choice([a.shape[-1:], (a.shape[-1], 2), (a.shape[-1], 1), a.shape])
        )
    words: dict[str, Any] = {}
    if name == "tensordot":
        words["axes"] = choose.choice([0, 1, 2, ([0], [0]), ([-1], [0]), ([0, 1], [1, 0]), (1, 0)])
    if name in ("matmul", "vecdot") and choose.random() < 0.2:
        words["order"] = choose.choice("CFAK")
    return name, (a, b), words


def operator_call(choose: random.Random) -> Call:
    x = Array(choose, choose.choice(SHAPES), writable=True)
    y = operand_beside(choose, x, special=True)
    chance = choose.random()
    if chance < 0.3:
        return f"operator.{choose.choice(IN_PLACE.split())}", (x, y), {}
    if chance < 0.4:
        return f"operator.{choose.choice(UNARY.split())}", (x,), {}
    name = f"operator.{choose.choice(BINARY.split())}"
    return name, (y, x) if choose.random() < 0.4 else (x, y), {}


def method_call(choose: random.Random) -> Call:
    x = Array(choose, choose.choice(SHAPES), writable=True)
    keys: list[Any] = [
        slice(None), Ellipsis, 0, -1, slice(None, None, -1), None, (Ellipsis, 0), (0, 0), (1, slice(None)),
        (Ellipsis, None), 5, (0, 0, 0, 0, 0), (),
    ]  # fmt: skip
    options: list[Call] = [
        ("x.copy", (x, choose.choice("CFAK")), {}),
        ("x.flatten", (x, choose.choice("CFAK")), {}),
        ("x.ravel", (x, choose.choice("CFAK")), {}),
        ("x.tobytes", (x, choose.choice("CFA")), {}),
        ("x.reshape", (x, *choose.choice([(-1,), (1, -1), (2, -1), (-1, 3), (x.base.size,)])), {}),
        ("x.astype", (x, choose.choice(WIDE)), {"order": choose.choice("CFAK"), "copy": False}),
        (
            "x.astype",
            (x, choose.choice(WIDE)),
            {"casting": choose.choice(["no", "safe", "same_kind"])},
        ),
        ("x.swapaxes", (x, choose.choice([0, 1, -1, 2]), choose.choice([0, -1, 2])), {}),
        ("x.repeat", (x, choose.choice([0, 1, 2]), choose.choice([None, 0, 1, -1])), {}),
        ("x.round", (x, choose.choice([0, 1, -1, 2])), {}),
        ("x.trace", (Array(choose, choose.choice([(3, 3), (2, 3), (3,)]), writable=True),), {}),
        ("x.__getitem__", (x, choose.choice(keys)), {}),
        ("x.item", (x,), {}),
        ("x.tolist", (x,), {}),
        ("x.conj", (x,), {}),
        ("x.real", (x,), {}),
        ("x.imag", (x,), {}),
    ]
    return choose.choice(options)


def function_call(choose: random.Random) -> Call:
    x = any_operand(choose)
    y, z = operand_beside(choose, x), operand_beside(choose, x)
    axis = choose.choice([0, 1, -1, -2, 2, 3])
    order = choose.choice("CFAK")
    options: list[Call] = [
        ("ravel", (x, order), {}),
        ("copy", (x, order), {}),
        ("array", (x,), {"order": order, "ndmin": choose.choice([0, 1, 3])}),
        ("asarray", (x, choose.choice(WIDE)), {"order": order}),
        ("ascontiguousarray", (x,), {}),
        ("asfortranarray", (x,), {}),
        ("reshape", (x, choose.choice([(-1,), (1, -1), (2, -1), (-1, 3), (), (0, -1)])), {}),
        ("reshape", (x, (-1, 3)), {"order": choose.choice("CFA")}),
        ("transpose", (x,), {}),
        ("squeeze", (x, choose.choice(AXES)), {}),
        ("expand_dims", (x, choose.choice([0, -1, 1, (0, 1), (0, -1), 3, (0, 0)])), {}),
        ("moveaxis", (x, axis, choose.choice([0, -1])), {}),
        ("swapaxes", (x, axis, 0), {}),
        ("rollaxis", (x, axis), {}),
        ("flip", (x, choose.choice(AXES)), {}),
        ("rot90", (x, choose.choice([0, 1, 2, 3, -1]), choose.choice([(0, 1), (1, 0), (0, 0)])), {}),
        ("roll", (x, choose.choice([0, 1, -1, 5, (1, 2)])), {"axis": choose.choice([None, 0, (0, 1)])}),
        ("tile", (x, choose.choice([1, 2, 0, (2, 1), (2, 1, 2), ()])), {}),
        ("repeat", (x, choose.choice([0, 1, 2, [2]])), {"axis": choose.choice([None, 0, 1])}),
        ("atleast_1d", (x,), {}), ("atleast_2d", (x,), {}), ("atleast_3d", (x,), {}),
        ("broadcast_to", (x, choose.choice([(3,), (2, 3), 3, (0, 3), (2, 2, 3, 3)])), {}),
        ("broadcast_arrays", (x, y), {}),
        ("zeros_like", (x,), {"order": order}), ("ones_like", (x,), {"shape": (2, 3)}),
        ("full_like", (x, 1), {"order": order}),
        ("tril", (x, choose.choice([0, 1, -1])), {}), ("triu", (x, choose.choice([0, 1, -1])), {}),
        ("diff", (x,), {"n": choose.choice([0, 1, 2]), "axis": axis}),
        ("append", (x, y), {"axis": choose.choice([None, 0, -1])}),
        ("pad", (x, choose.choice([0, 1, (1, 2), -1]), choose.choice(["edge", "wrap", "constant"])), {}),
        ("concatenate", ([x, y],), {"axis": choose.choice([0, 1, -1, None])}),
        ("concatenate", ([x, y, z],), {"casting": choose.choice(["no", "safe"])}),
        ("stack", ([x, y],), {"axis": axis}),
        ("vstack", ([x, y],), {}), ("hstack", ([x, y],), {}), ("dstack", ([x, y],), {}),
        ("column_stack", ([x, y],), {}),
        ("split", (x, choose.choice([1, 3, [1], [0, 5], 0])), {"axis": axis}),
        ("array_split", (x, choose.choice([1, 2, [1, 2]])), {"axis": axis}),
        ("hsplit", (x, 1), {}), ("unstack", (x,), {"axis": axis}),
        ("meshgrid", (x, y), {"indexing": choose.choice(["xy", "ij"])}),
        ("round", (x, choose.choice([0, 1, 2, -1, -2])), {}), ("round", (x,), {}),
        ("clip", (x, 0, 2), {}), ("clip", (x, 0.5, 2.5), {}), ("clip", (x, numpy.float64(1), 2.0), {}),
        ("clip", (x, y, z), {}), ("clip", (x, None, y), {}),
        ("where", (mask_of(choose, x), x, y), {}),
        ("isclose", (x, y), {"equal_nan": choose.random() < 0.5}), ("allclose", (x, y), {}),
        ("array_equal", (x, y), {}), ("array_equiv", (x, y), {}),
        ("linspace", (x, y), {"num": choose.choice([0, 1, 3]), "endpoint": choose.random() < 0.5}),
        ("full", ((2, 3), x), {}), ("trapezoid", (x,), {}),
        ("nan_to_num", (x,), {}), ("sinc", (x,), {}), ("angle", (x,), {}),
        ("real", (x,), {}), ("imag", (x,), {}), ("isreal", (x,), {}), ("iscomplex", (x,), {}),
        ("isposinf", (x,), {}), ("divmod", (x, y), {}), ("modf", (x,), {}),
        ("eye", (3, choose.choice([None, 2, 5]), choose.choice([0, 1, -2])), {"dtype": choose.choice(WIDE)}),
        ("tri", (3, choose.choice([None, 2, 5]), choose.choice([0, 1, -2])), {}),
        ("shape", (x,), {}), ("size", (x,), {}), ("ndim", (x,), {}), ("matrix_transpose", (x,), {}),
    ]  # fmt: skip
    return choose.choice(options)


UFUNCS = [
    name
    for name in dir(quelea)
    if is_elementwise(ufunc := getattr(quelea, name)) and ufunc.__name__ == name
]
KINDS: dict[str, Callable[[random.Random], Call]] = {
    "ufuncs": ufunc_call,
    "reductions": reduction_call,
    "products": product_call,
    "operators": operator_call,
    "methods": method_call,
    "functions": function_call,
}


# ---- comparison ----

# By bits; of the others the last places are their libraries' or the tree's.
EXACT = """
    add subtract multiply divide negative positive fabs square maximum minimum equal not_equal less less_equal
    greater greater_equal logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor invert
    left_shift right_shift isnan isinf isfinite signbit copysign nextafter spacing ldexp floor ceil trunc rint conjugate
    floor_divide remainder fmod heaviside sub mul truediv floordiv mod and_ or_ xor lshift rshift lt le eq ne gt ge
    neg pos any all count_nonzero array asarray copy ravel reshape concatenate stack where round isclose tril triu
    roll tile repeat append pad clip diff astype flatten
"""
# Which of two equal zeros it is, and which NaN.
ANY_ZERO = """
    fmax fmin min max nanmin nanmax minimum.reduce maximum.reduce clip prod multiply.reduce dot inner matmul vdot
    vecdot tensordot imatmul ptp power pow float_power sign
"""


def differs(name: str, got: Any, want: Any) -> str | None:
    if isinstance(got, NotImplementedError) or (
        isinstance(got, Exception) and "not in Quelea" in str(got)
    ):
        return None
    if isinstance(want, Exception):
        builtin = next(c for c in type(want).__mro__ if c.__module__ == "builtins")
        return None if isinstance(got, builtin) else f"{want!r}, not {got!r}"
    if isinstance(got, Exception):
        return None if is_of_objects(want) else f"raised {got!r} for {want!r}"
    if isinstance(want, (tuple, list)):
        if type(got) is not type(want) or len(got) != len(want):
            return f"{want!r}, not {got!r}"
        pairs = zip(got, want, strict=True)
        return next((d for d in (differs(name, a, b) for a, b in pairs) if d), None)
    if not isinstance(want, (numpy.ndarray, numpy.generic)):
        is_same = not isinstance(got, quelea.ndarray) and (got == want or want != want)
        return None if is_same else f"{want!r}, not {got!r}"
    if is_of_objects(want):
        return None
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        return f"{want.dtype}{want.shape}, not {got.dtype}{got.shape}"
    if isinstance(got, quelea.ndarray):
        if quelea.isscalar(got) != numpy.isscalar(want):
            return f"{want!r} is a scalar, or {got!r} is"
        if lies(got) != lies(want):
            return f"strides {want.strides}, not {got.strides}"
    return differs_in_value(name, numpy.asarray(host(got)), numpy.asarray(want))


def is_of_objects(x: Any) -> bool:
    return getattr(getattr(x, "dtype", None), "kind", "") == "O"


def lies(x: Any) -> list[tuple[int, int]]:
    if 0 in x.shape:
        return []
    return [(i, s) for i, (n, s) in enumerate(zip(x.shape, x.strides, strict=True)) if n > 1]


def differs_in_value(name: str, got: Any, want: Any) -> str | None:
    text = f"{want!r}, not {got!r}"
    if want.dtype.kind == "c":
        parts = [(got.real, want.real), (got.imag, want.imag)]
        is_near = numpy.allclose(*(numpy.nan_to_num(x) for x in (got, want)), 1e-3, 1e-3)
        if name in ANY_ZERO.split() and is_near:
            return None
        return next((text for a, b in parts if differs_in_value(name, a, b)), None)
    if want.dtype.kind != "f":
        return None if numpy.array_equal(got, want) else text
    if not numpy.array_equal(numpy.isnan(got), numpy.isnan(want)):
        return text
    number = ~numpy.isnan(want)
    a, b = (numpy.where(number, x, 0) for x in (got, want))
    eps = 0.0 if name in EXACT.split() else 32 * float(numpy.finfo(want.dtype).eps)
    if not numpy.allclose(a.astype(float), b.astype(float), eps, eps):
        return text
    same_signs = numpy.array_equal(numpy.signbit(a), numpy.signbit(b))
    return None if same_signs or name in ANY_ZERO.split() or eps else text


def is_comparable(call: Call) -> bool:
    """Not of what NumPy takes as objects, or refuses as it does by the way."""
    name, args, words = call
    is_product = name in ("matmul", "vecdot", "operator.matmul", "operator.imatmul")
    if is_product and any(not isinstance(x, (Array, list, range)) for x in args):
        return False  # of two faults of a number's NumPy names the cast
    targets = [x for x in (words.get("out"),) if isinstance(x, Array)]
    casts = bool(targets and targets[0].dtype[0] in "iu?") or "dtype" in words
    special = any(isinstance(x, Array) and not numpy.isfinite(x.base).all() for x in args)
    if name == "sign" and special:
        return False  # of complex numbers it depends on how they lie
    is_huge = any(type(x) is int and abs(x) > 2**64 for x in args)
    return not (casts and special) and not is_huge


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_calls(kind: str, seed: int) -> None:
    choose = random.Random(f"{kind} {seed}")
    differences = []
    for _ in range(CALLS):
        call = KINDS[kind](choose)
        if not is_comparable(call):
            continue
        want, got = outcome(call, numpy), outcome(call, quelea)
        difference = differs(call[0].removeprefix("x.").removeprefix("operator."), got, want)
        if difference:
            differences.append(f"{call[0]}({call[1:]}): {difference}")
    assert not differences
