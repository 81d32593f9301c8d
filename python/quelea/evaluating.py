"""``quelea.evaluate``: expressions given as texts, with numexpr's interface.

The text is read as Python, and every node of its tree must be on a list of what is allowed: numbers, names,
operators, calls of functions that are on a list, ``.real`` and ``.imag``. From the tree a function of the names is
written, which `quelea.jit` compiles; the text itself is never executed. Values are those that NumPy gives, for NumPy's
arrays and Quelea's.
"""

import ast
import itertools
import re
import sys
from typing import Any, Literal, NoReturn

import numpy

from . import _quelea
from ._quelea import asarray, ndarray
from .compiling import jit
from .compiling.written import functions_of
from .errors import ExpressionError, JitError

__all__ = ["evaluate"]

# ---- what an expression may have ----

_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.USub: "-", ast.UAdd: "+", ast.Invert: "~",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip

_FUNCTIONS_OF = {
    1: """abs arccos arccosh arcsin arcsinh arctan arctanh ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan
        log log10 log1p log2 ones_like real rint round sign signbit sin sinh sqrt square tan tanh trunc""",
    2: "arctan2 copysign fmod hypot maximum minimum nextafter",
    3: "where",
}
_REDUCTIONS = ("sum", "prod", "min", "max")
_CASTS = {
    "bool": "bool_", "int": "int64", "long": "int64", "int32": "int32", "int64": "int64",
    "float": "float64", "double": "float64", "float32": "float32", "float64": "float64",
    "complex": "complex128", "complex64": "complex64", "complex128": "complex128",
}  # fmt: skip

# Each function by its name: NumPy's name of it, and how many arguments it takes.
_FUNCTIONS = {
    **{name: (name, count) for count, names in _FUNCTIONS_OF.items() for name in names.split()},
    **{name: (numpys, 1) for name, numpys in _CASTS.items()},
}
_CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
_DEEPEST = 300  # operations, as in a sum of so many terms
_NESTED = (
    50  # of parentheses, of which Python takes no more than 200: beyond that there is a statement
)


def _nesting(text: str) -> int:
    return max(itertools.accumulate((c == "(") - (c == ")") for c in text), default=0)


class _Writer:
    """An expression's tree as the text of what it may be."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        try:
            self.tree: ast.expr = ast.parse(text, "<quelea.evaluate>", "eval").body
        except SyntaxError as error:
            place = error.lineno, error.offset, error.text
            raise ExpressionError(error.msg, ("<quelea.evaluate>", *place)) from None
        except (ValueError, RecursionError, MemoryError):
            raise ExpressionError("this is no expression, or it is nested too deeply") from None
        used = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        self.module, self.target = (
            next(name for name in map(f"{wish}{{}}".format, itertools.count()) if name not in used)
            for wish in ("numpy", "target")
        )
        self.part = "part"
        while any(name.startswith(self.part) for name in used):
            self.part += "_"
        self.parts: list[str] = []  # statements before the expression
        self.reduces = False
        self.written = self.write(self.tree, 0)

    def refuse(self, node: ast.AST, what: str, instead: str) -> NoReturn:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        text = self.text.splitlines()[line - 1]
        raise ExpressionError(f"{what}; {instead}", ("<quelea.evaluate>", line, column + 1, text))

    def write(self, node: ast.expr, depth: int) -> str:
        if depth > _DEEPEST:
            self.refuse(node, "the expression is nested too deeply", "evaluate a part of it first")
        write = getattr(self, f"_{type(node).__name__}", None)
        if write is None:
            self.refuse(
                node,
                f"{type(node).__name__} is not allowed in expressions",
                "they have numbers, names, operators and calls of known functions",
            )
        text = str(write(node, depth + 1))
        if _nesting(text) <= _NESTED:
            return text
        self.parts.append(f"{self.part}{len(self.parts)} = {text}")
        return self.parts[-1].partition(" ")[0]

    def _Constant(self, node: ast.Constant, depth: int) -> str:
        if type(node.value) not in (bool, int, float, complex):
            self.refuse(
                node, f"{node.value!r} is no number", "write a number, or the name of an array"
            )
        return repr(node.value).replace("inf", "1e999")

    def _Name(self, node: ast.Name, depth: int) -> str:
        if "__" in node.id:
            self.refuse(node, f"the name {node.id} is not allowed", "give the array another name")
        if node.id not in self.names:
            self.names.append(node.id)
        return node.id

    def _operator(self, node: Any, operator: ast.AST) -> str:
        if type(operator) not in _OPERATORS:
            self.refuse(
                node,
                f"the operator {type(operator).__name__} is not allowed",
                "for truths write &, | and ~, for products of matrices quelea.matmul",
            )
        return _OPERATORS[type(operator)]

    def _BinOp(self, node: ast.BinOp, depth: int) -> str:
        operator = self._operator(node, node.op)
        return f"({self.write(node.left, depth)} {operator} {self.write(node.right, depth)})"

    def _UnaryOp(self, node: ast.UnaryOp, depth: int) -> str:
        return f"({self._operator(node, node.op)}{self.write(node.operand, depth)})"

    def _Compare(self, node: ast.Compare, depth: int) -> str:
        if len(node.ops) > 1:
            self.refuse(node, "this compares several arrays at once", "write (a < b) & (b < c)")
        operator = self._operator(node, node.ops[0])
        return (
            f"({self.write(node.left, depth)} {operator} {self.write(node.comparators[0], depth)})"
        )

    def _BoolOp(self, node: ast.BoolOp, depth: int) -> str:
        self.refuse(node, "`and` and `or` are not for arrays", "write (a) & (b) or (a) | (b)")

    def _IfExp(self, node: ast.IfExp, depth: int) -> str:
        self.refuse(node, "`if` is not for arrays", "write where(condition, a, b)")

    def _Attribute(self, node: ast.Attribute, depth: int) -> str:
        if node.attr not in ("real", "imag"):
            self.refuse(
                node, f"the attribute {node.attr} is not allowed", "there are .real and .imag"
            )
        return f"({self.write(node.value, depth)}).{node.attr}"

    def _Call(self, node: ast.Call, depth: int) -> str:
        if not isinstance(node.func, ast.Name):
            self.refuse(node, "only functions are called, by their names", "see quelea.evaluate")
        name = node.func.id
        if name in _REDUCTIONS:
            return self._reduction(node, name, depth)
        if name not in _FUNCTIONS and not (name == "complex" and len(node.args) == 2):
            self.refuse(
                node,
                f"there is no function {name}",
                f"there are {', '.join(sorted([*_FUNCTIONS, *_REDUCTIONS]))}",
            )
        numpys, count = _FUNCTIONS[name]
        if name == "complex" and len(node.args) == 2:
            count = 2
        if node.keywords or len(node.args) != count:
            self.refuse(node, f"{name} takes {count} arguments, and none by name", "give it these")
        args = [self.write(arg, depth) for arg in node.args]
        if name == "complex" and count == 2:
            return f"({args[0]} + 1j * {args[1]})"
        return f"{self.module}.{numpys}({', '.join(args)})"

    def _reduction(self, node: ast.Call, name: str, depth: int) -> str:
        given = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
        if not node.args or len(given) > 1 or any(k.arg != "axis" for k in node.keywords):
            self.refuse(node, f"{name} takes an array, and an axis", f"write {name}(a, axis=0)")
        axis = self._axis(given[0]) if given else None
        self.reduces = True
        return f"{self.module}.{name}({self.write(node.args[0], depth)}, axis={axis!r})"

    def _axis(self, node: ast.expr) -> Any:
        """A literal: None, an integer or several."""
        if isinstance(node, ast.Tuple):
            return tuple(self._axis(item) for item in node.elts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            axis = self._axis(node.operand)
            if isinstance(axis, int):
                return -axis
        if not isinstance(node, ast.Constant) or type(node.value) not in (int, type(None)):
            self.refuse(node, "an axis is a number that stands in the text", "write axis=0")
        return node.value


# ---- expressions as functions ----


_LARGE = 1 << 16  # elements, from which on new memory is better NumPy's, which asks for large pages


class _Expression:
    """A text as a function of the names in it."""

    def __init__(self, text: str) -> None:
        writer = _Writer(text)
        self.names = writer.names
        # The result may be an argument, or see one.
        self.may_share = not isinstance(writer.tree, (ast.BinOp, ast.Compare))
        self.reduces = writer.reduces
        names, target = ", ".join(self.names), writer.target
        parts = "".join(f"    {part}\n" for part in writer.parts)
        source = (
            f"def expression({names}):\n{parts}    return {writer.written}\n"
            f"def store({target}, {names}):\n{parts}    {target}[...] = {writer.written}\n"
        )
        self.function, self.store = map(
            jit, functions_of(source, {writer.module: numpy}, "evaluate")
        )
        self.dtypes: dict[tuple[Any, ...], numpy.dtype[Any]] = {}

    def dtype_of(self, args: list[Any]) -> numpy.dtype[Any]:
        """Give the dtype of the result, which one element of each array tells."""
        key = tuple(a.dtype if isinstance(a, numpy.ndarray) else type(a) for a in args)
        if key not in self.dtypes:
            few = [a[(slice(1),) * a.ndim] if isinstance(a, numpy.ndarray) else a for a in args]
            self.dtypes[key] = numpy.asarray(self.function(*few)).dtype
        return self.dtypes[key]

    def computed_into(self, args: list[Any], out: Any) -> Any:
        """Compute large arrays of NumPy's in C order where the result goes. None: this is something else."""
        arrays = [a for a in args if isinstance(a, numpy.ndarray) and a.ndim]
        if (
            self.reduces
            or not arrays
            or arrays[0].size < _LARGE
            or any(isinstance(a, ndarray) for a in args)
        ):
            return None
        shape = arrays[0].shape
        if any(a.shape != shape or not a.flags.c_contiguous for a in arrays):
            return None
        dtype = self.dtype_of(args)
        if out is None:
            out = numpy.empty(shape, dtype)
        elif (
            not isinstance(out, numpy.ndarray)
            or (out.shape, out.dtype) != (shape, dtype)
            or not out.flags.writeable
            or any(numpy.may_share_memory(out, a) for a in arrays)
        ):
            return None
        self.store(out, *args)
        return out


_KEPT = 512
_known: dict[str, _Expression] = {}


def _expression(text: str) -> _Expression:
    if not isinstance(text, str):
        raise TypeError(f"an expression is a text, not {type(text).__name__}")
    found = _known.get(text)
    if found is None:
        if len(_known) >= _KEPT:
            del _known[next(iter(_known))]
        found = _known[text] = _Expression(text.strip())
    return found


def _taken(name: str, value: Any) -> Any:
    kind = type(value)
    if kind in (float, int, bool, complex):
        return value
    if kind in (list, tuple):
        value = numpy.asarray(value)
    if isinstance(value, numpy.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask is not seen: give its data, x.filled(...)"
        )
    if isinstance(value, ndarray):
        # loops over ranks' arrays take no parts; an expression stores nothing, so that a copy is as good
        return value.copy() if _quelea.is_part(value) and _quelea.info()["size"] > 1 else value
    if isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "biufc":
        return value if isinstance(value, numpy.generic) else numpy.asarray(value)
    raise TypeError(f"{name} is neither an array of numbers nor a number: {type(value).__name__}")


def _look_up(name: str, around: tuple[Any, ...]) -> Any:
    for names in around:
        if name in names:
            return _taken(name, names[name])
    raise KeyError(name)


def _refused(text: str, error: JitError) -> ExpressionError:
    """What the compiler does not do with these arguments, without the program that it was given."""
    said = [line for line in str(error).splitlines() if re.match(r"QJ\d+: ", line)]
    found = ExpressionError("; ".join(line.partition(": ")[2] for line in said) + f", in {text!r}")
    found.codes = error.codes
    return found


def _delivered(result: Any, out: Any, casting: str) -> Any:
    if not isinstance(out, (ndarray, numpy.ndarray)):
        raise TypeError(f"out is no array, but {type(out).__name__}")
    if out.shape != result.shape:
        raise ValueError(f"out has shape {out.shape}, and the result {result.shape}")
    if not numpy.can_cast(result.dtype, out.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast the result from {result.dtype!r} to {out.dtype!r} according to the rule '{casting}'"
        )
    out[...] = result
    return out


def evaluate(
    ex: str,
    local_dict: dict[str, Any] | None = None,
    global_dict: dict[str, Any] | None = None,
    out: Any = None,
    order: Literal["K", "C", "F", "A"] = "K",
    casting: str = "safe",
    sanitize: bool | None = None,
    optimization: str = "aggressive",
    truediv: bool | str = True,
    disable_cache: bool = False,
) -> Any:
    """Value of an expression that is given as a text, as `numexpr.evaluate` has it.

    It is compiled, fused into one loop over all elements, and kept for the next call. Values and dtypes are those that
    NumPy gives for the same expression.

    Parameters
    ----------
    ex : str
        Of numbers, names, the operators ``+ - * / // % ** << >> & | ^ ~`` and comparisons, ``.real`` and ``.imag``,
        ``where(condition, a, b)``, elementwise functions (``sqrt``, ``sin``, ``arctan2``, ...), casts (``int32``,
        ``float64``, ``complex``, ...), and ``sum``, ``prod``, ``min`` and ``max`` with an optional axis.
    local_dict, global_dict : dict, optional
        Where names are looked up: the caller's, by default.
    out : ndarray, optional
    order : {'K', 'C', 'F', 'A'}
        How the result lies in memory.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}
        How the result may be cast to the dtype of `out`.
    sanitize, optimization, truediv, disable_cache : optional
        For numexpr's callers. What is not allowed is refused in any case, and ``/`` is a division of floats.

    Returns
    -------
    ndarray
        Quelea's if one of the arrays is, else NumPy's.

    Raises
    ------
    ExpressionError
        Something in the text is not allowed. (A SyntaxError and a ValueError.)
    KeyError
        There is no such name.

    Examples
    --------
    >>> import quelea as np
    >>> x, y = np.array([3.0, 6.0]), np.array([4.0, 8.0])
    >>> print(np.evaluate("y / sqrt(x**2 + y**2)"))
    [0.8 0.8]
    """
    if truediv not in (True, "auto"):
        raise ValueError("truediv is True, as in Python: write // for whole numbers")
    expression = _expression(ex)
    if casting not in _CASTINGS:
        raise ValueError(f"casting must be one of {', '.join(_CASTINGS)}")
    if order not in ("K", "C", "F", "A"):
        raise ValueError("order must be one of K, C, F, A")
    around = local_dict, global_dict
    if local_dict is None or global_dict is None:
        frame = sys._getframe(1)
        around = (
            frame.f_locals if local_dict is None else local_dict,
            frame.f_globals if global_dict is None else global_dict,
        )
        del frame
    args = [_look_up(name, around) for name in expression.names]
    try:
        result = expression.computed_into(args, out) if order in "KAC" else None
        if result is not None:
            return result
        result = expression.function(*args)
    except JitError as error:
        raise _refused(ex, error) from None
    if not isinstance(result, (ndarray, numpy.ndarray)):
        ours = any(isinstance(arg, ndarray) for arg in args)
        result = asarray(result) if ours else numpy.asarray(result)
    if out is not None:
        return _delivered(result, out, casting)
    if order not in "KA" or expression.may_share:
        return result.copy(order=order)
    return result
