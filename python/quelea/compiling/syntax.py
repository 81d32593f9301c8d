"""A Python function's syntax tree becomes program text.

Each node of the tree becomes one node of the
text, with its line and column; what the names mean is decided here (names.py), what has which type
in C. What the language does not have becomes a ``refuse`` node, so that all refusals of a function
are told together, those of types too.
"""

from __future__ import annotations

import ast
import builtins
import ctypes
import inspect
import operator
import types
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy

from .. import _quelea
from . import c_functions, library, names
from .generators import loops_of, with_names
from .source import Source

if TYPE_CHECKING:
    from .program import Builder

BINARY = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.MatMult: "matmul",
}
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "not"}
COMPARE = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Is: "is",
    ast.IsNot: "isnot",
    ast.In: "in",
    ast.NotIn: "notin",
}
MAX_INT = 2**63
_WHOLE: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.LShift: lambda a, b: a << min(b, 64),
    ast.Pow: lambda a, b: a ** (min(b, 64) if abs(a) > 1 else b and b % 2 + 2),
}
SCOPES = ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp

# What is refused by its kind: code, what, what to write instead.
REFUSED: dict[type, tuple[str, str, str]] = {
    ast.Try: ("QJ110", "try is not in the language", "check the condition with if"),
    ast.With: ("QJ111", "with is not in the language", "enter the context outside the function"),
    ast.Delete: ("QJ112", "del is not in the language", "leave it out: arrays go with their names"),
    ast.Global: ("QJ113", "global is not in the language", "return the value"),
    ast.Nonlocal: ("QJ114", "nonlocal is not in the language", "return the value"),
    ast.Import: ("QJ115", "import is not in the language", "import outside the function"),
    ast.ImportFrom: ("QJ115", "import is not in the language", "import outside the function"),
    ast.ClassDef: ("QJ116", "classes are not in the language", "use arrays and tuples"),
    ast.Yield: ("QJ117", "generators are not in the language", "fill an array and return it"),
    ast.YieldFrom: ("QJ117", "generators are not in the language", "fill an array and return it"),
    ast.Await: ("QJ118", "await is not in the language", "call it outside the function"),
    ast.AsyncFor: ("QJ118", "async is not in the language", "write a plain loop"),
    ast.AsyncWith: ("QJ118", "async is not in the language", "enter it outside the function"),
    ast.AsyncFunctionDef: ("QJ118", "async is not in the language", "write a plain function"),
    ast.Dict: ("QJ119", "dicts are not in the language", "use arrays and tuples"),
    ast.DictComp: ("QJ119", "dicts are not in the language", "use arrays and tuples"),
    ast.Set: ("QJ120", "sets are not in the language", "use arrays and tuples"),
    ast.SetComp: ("QJ120", "sets are not in the language", "use arrays and tuples"),
    ast.JoinedStr: ("QJ121", "f-strings are not in the language", "give print the values"),
    ast.GeneratorExp: (
        "QJ122",
        "a generator stands in sum, any, all, min, max, list and tuple alone",
        "write a loop, or a list",
    ),
    ast.Match: ("QJ127", "match is not in the language", "write if and elif"),
}


INTRINSIC_NAMES = ("room.", "grown.", "taken.")


def quoted(text: str) -> str:
    """The text as program text has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def assigned_names(node: ast.FunctionDef | ast.Lambda) -> set[str]:
    """The local variables of a function: its arguments, and what it assigns."""
    args = node.args
    found = {a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs]}
    found |= {a.arg for a in (args.vararg, args.kwarg) if a}
    body = node.body if isinstance(node.body, list) else [node.body]
    waiting: list[ast.AST] = [*body]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.FunctionDef):
            found.add(inner.name)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, (ast.Store, ast.Del)):
            found.add(inner.id)
        if not isinstance(inner, SCOPES):
            waiting += ast.iter_child_nodes(inner)
    return found


def whole_number(node: ast.expr) -> int | None:
    """What Python makes of numbers that stand in the text, or anything that 64 bits do not hold; None: it is none."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = whole_number(node.operand)
        return None if number is None else -number
    if not isinstance(node, ast.BinOp) or type(node.op) not in _WHOLE:
        return None
    left, right = whole_number(node.left), whole_number(node.right)
    if left is None or right is None or max(abs(left), abs(right)) > MAX_INT:
        return None  # what is too large is refused where it stands
    if right < 0 and isinstance(node.op, (ast.Pow, ast.LShift)):
        return None
    return _WHOLE[type(node.op)](left, right)


class Translator:
    """One function."""

    def __init__(self, builder: Builder, source: Source, number: int) -> None:
        self.builder = builder
        self.source = source
        self.number = number
        self.locals = assigned_names(source.node)
        self.hidden = 0  # variables of comprehensions

    def _guard(self, place: names.Place, name: str, value: Any) -> None:
        """The program holds as long as the name, looked up here, has this value."""
        if self.source.is_library:
            return
        if place is vars(builtins):
            self.builder.guard(self.source.function.__globals__, name)
        elif value is names.Missing:
            self.builder.guard(place, name)
        else:
            self.builder.guard(place, name, value)

    # ---- nodes ----

    def _place(self, node: ast.AST) -> str:
        line = getattr(node, "lineno", None)
        if line is None:
            return ""
        return f"@{line + self.source.line}:{getattr(node, 'col_offset', 0)}"

    def _node(self, kind: str, at: ast.AST, *items: str, text: str | None = None) -> str:
        parts = [kind + self._place(at)]
        if text is not None:
            parts.append(quoted(text))
        return "(" + " ".join([*parts, *items]) + ")"

    def _refuse(self, at: ast.AST, code: str, what: str, advice: str) -> str:
        items = f"(text {quoted(what)})", f"(text {quoted(advice)})"
        return self._node("refuse", at, *items, text=code)

    # ---- functions ----

    def function(self) -> str:
        """Its text."""
        node = self.source.node
        items = self._arguments(node.args)
        fixed = [
            self._node(
                "assign", node, self._node("name", node, text=name), self._value(node, value)
            )
            for name, value in self.source.fixed.items()
        ]
        if isinstance(node, ast.Lambda):
            body = self._node("return", node.body, self._expression(node.body))
            items.append(f"(block {' '.join([*fixed, body])})")
        else:
            statements = [*fixed, *(self._statement(item) for item in node.body)]
            items.append("(block\n" + "\n".join(statements) + ")")
        return self._node("function", node, *items, text=self.source.name)

    def _arguments(self, args: ast.arguments) -> list[str]:
        items = []
        every = [*args.posonlyargs, *args.args]
        defaults = [None] * (len(every) - len(args.defaults)) + list(args.defaults)
        pairs = [*zip(every, defaults, strict=True)]
        pairs += zip(args.kwonlyargs, args.kw_defaults, strict=True)
        for argument, default in pairs:
            if argument.arg in self.source.fixed:
                continue
            given = ['(keyword "only")'] if argument in args.kwonlyargs else []
            given += ["(pass)"] if argument in args.posonlyargs else []
            given += [] if default is None else [self._default(argument.arg, default)]
            items.append(self._node("argument", argument, *given, text=argument.arg))
        if args.vararg:
            star = self._node("starred", args.vararg)
            items.append(self._node("argument", args.vararg, star, text=args.vararg.arg))
        if args.kwarg:
            what = self._refuse(args.kwarg, "QJ128", "** is not in the language", "name arguments")
            items.append(self._node("argument", args.kwarg, what, text=args.kwarg.arg))
        return items

    def _default(self, name: str, node: ast.expr) -> str:
        """A default is what it was when the function was defined."""
        if self.source.around:
            if isinstance(node, ast.Constant):
                return self._expression(node)
            what = "the default of a function inside a function must be a constant"
            return self._refuse(node, "QJ136", what, "give it the value at each call")
        signature = inspect.signature(self.source.function, follow_wrapped=False)
        return self._value(node, signature.parameters[name].default, name)

    def _value(self, node: ast.AST, value: Any, name: str = "it") -> str:
        """A value that is known when the program is made, functions too."""
        if isinstance(value, tuple) and type(value) is tuple:
            return self._node("tuple", node, *(self._value(node, item, name) for item in value))
        if isinstance(value, _quelea.Function):
            return self._use(node, value)
        if c_functions.is_external(value):
            return self._external(node, value, name)
        known = names.known_name(value)
        if known is not None:
            return self._ref(node, known)
        if names.is_python_function(value):
            return self._node("use", node, text=str(self.builder.number_of(value)))
        return self._literal(node, value, name)

    def _external(self, node: ast.AST, value: Any, name: str) -> str:
        """A function of C."""
        try:
            return self._node("ref", node, text=c_functions.name_of(value))
        except c_functions.Unusable as unusable:
            name = name.strip("'")
            what = f"'{name}' is a function of C that cannot be called here: {unusable.what}"
            return self._refuse(node, "QJ140", what, unusable.advice)

    def _use(self, node: ast.AST, function: Any) -> str:
        """A compiled function, called by another."""
        lines, rewrite = getattr(function, "_lines", None), getattr(function, "_rewrite", None)
        number = self.builder.number_of(function.__wrapped__, lines, rewrite)
        return self._node("use", node, text=str(number))

    def _ref(self, node: ast.AST, name: str) -> str:
        """What the compiler knows by its name, or finds in the library."""
        own = "numpy." + name.removeprefix("quelea.") if name.startswith("quelea.") else name
        for needed in library.NEEDS.get(own, ()):
            self.builder.need(needed)
        if own in library.FUNCTIONS:
            self.builder.need(own)
        return self._node("ref", node, text=name)

    # ---- statements ----

    def _block(self, body: list[ast.stmt]) -> str:
        return "(block\n" + "\n".join(self._statement(item) for item in body) + ")"

    def _statement(self, node: ast.stmt) -> str:
        method = getattr(self, "_stmt_" + type(node).__name__, None)
        if method is None:
            return self._unknown(node)
        return str(method(node))

    def _unknown(self, node: ast.AST) -> str:
        usual = ("QJ100", f"{type(node).__name__} is not in the language", "write it another way")
        return self._refuse(node, *REFUSED.get(type(node), usual))

    def _stmt_Assign(self, node: ast.Assign) -> str:
        targets = [self._expression(target) for target in node.targets]
        return self._node("assign", node, *targets, self._expression(node.value))

    def _stmt_AnnAssign(self, node: ast.AnnAssign) -> str:
        if node.value is None:
            return self._node("pass", node)
        return self._node(
            "assign", node, self._expression(node.target), self._expression(node.value)
        )

    def _stmt_AugAssign(self, node: ast.AugAssign) -> str:
        if isinstance(node.op, ast.MatMult):
            self.builder.need("numpy.matmul")
        items = self._expression(node.target), self._expression(node.value)
        return self._node("augment", node, *items, text=BINARY[type(node.op)])

    def _stmt_Expr(self, node: ast.Expr) -> str:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return self._node("pass", node)  # a docstring
        return self._node("expr", node, self._expression(node.value))

    def _stmt_If(self, node: ast.If) -> str:
        items = [self._expression(node.test), self._block(node.body)]
        if node.orelse:
            items.append(self._block(node.orelse))
        return self._node("if", node, *items)

    def _stmt_While(self, node: ast.While) -> str:
        items = [self._expression(node.test), self._block(node.body)]
        if node.orelse:
            items.append(self._block(node.orelse))
        return self._node("while", node, *items)

    def _stmt_For(self, node: ast.For) -> str:
        items = [self._expression(node.target), self._expression(node.iter), self._block(node.body)]
        if node.orelse:
            items.append(self._block(node.orelse))
        return self._node("for", node, *items)

    def _stmt_Return(self, node: ast.Return) -> str:
        return self._node("return", node, *([self._expression(node.value)] if node.value else []))

    def _stmt_Pass(self, node: ast.Pass) -> str:
        return self._node("pass", node)

    def _stmt_Break(self, node: ast.Break) -> str:
        return self._node("break", node)

    def _stmt_Continue(self, node: ast.Continue) -> str:
        return self._node("continue", node)

    def _stmt_Assert(self, node: ast.Assert) -> str:
        items = [self._expression(node.test)]
        if node.msg:
            items.append(self._message(node.msg))
        return self._node("assert", node, *items)

    def _stmt_Raise(self, node: ast.Raise) -> str:
        raised, text = node.exc, []
        if isinstance(raised, ast.Call) and len(raised.args) <= 1 and not raised.keywords:
            text = [self._message(item) for item in raised.args]
            raised = raised.func
        value: Any = None
        if isinstance(raised, ast.Name):
            value, place = names.lookup(self.source.function, raised.id)
            self._guard(place, raised.id, value)
        name = value.__name__ if isinstance(value, type) and issubclass(value, Exception) else ""
        if not name or getattr(builtins, name, None) is not value or node.cause:
            advice = 'write raise ValueError("...")'
            what = "raise takes an exception of Python's own, with a constant text"
            return self._refuse(node, "QJ129", what, advice)
        return self._node("raise", node, *text, text=name)

    def _message(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._literal(node, node.value, "a text")
        what = "the text of an exception must be a constant"
        return self._refuse(node, "QJ130", what, "write the text out, without values")

    # ---- expressions ----

    def _expression(self, node: ast.expr) -> str:
        method = getattr(self, "_expr_" + type(node).__name__, None)
        return self._unknown(node) if method is None else str(method(node))

    def _expr_Constant(self, node: ast.Constant) -> str:
        return self._literal(node, node.value, "a constant")

    def _literal(self, node: ast.AST, value: Any, name: str) -> str:
        """A value that the program holds as it is."""
        if value is None or value is True or value is False:
            return self._node(str(value).lower(), node)
        if value is Ellipsis:
            return self._node("ellipsis", node)
        if type(value) is int and -MAX_INT <= value < 0:
            return self._node("unary", node, self._node("int", node, text=str(-value)), text="neg")
        if type(value) is int and 0 <= value < MAX_INT:
            return self._node("int", node, text=str(value))
        if type(value) is float:
            return self._node(
                "float", node, text=value.hex() if abs(value) < 1e400 else repr(value)
            )
        if type(value) is complex and value.real == 0:
            return self._node("complex", node, text=value.imag.hex())
        if type(value) is complex:
            parts = (self._literal(node, part, name) for part in (value.real, value.imag))
            return self._node("call", node, self._node("ref", node, text="complex"), *parts)
        if isinstance(value, numpy.generic) and names.known_name(type(value)) is not None:
            kind = self._node("ref", node, text=names.known_name(type(value)))
            return self._node("call", node, kind, self._literal(node, value.item(), name))
        if type(value) is str and "\0" in value:
            what = "a text has no bytes of zero in @jit"
            return self._refuse(node, "QJ139", what, "leave them out")
        if type(value) is str:
            return self._node("text", node, text=value)
        if type(value) is tuple:
            return self._node("tuple", node, *(self._literal(node, item, name) for item in value))
        known = names.known_name(value)
        if known is not None:
            return self._ref(node, known)
        if type(value) is int:
            what, advice = "integers have 64 bits in @jit", "use a float, or split the number"
            return self._refuse(node, "QJ131", what, advice)
        what = f"{name} is {type(value).__name__}, which is not in the language"
        advice = getattr(value, "_instead", "use numbers, arrays, tuples and functions")
        return self._refuse(node, "QJ132", what, advice)

    def _expr_Name(self, node: ast.Name) -> str:
        if node.id in INTRINSIC_NAMES:
            return self._node("ref", node, text="library." + node.id[:-1])
        if node.id in self.locals:
            return self._node("name", node, text=node.id)
        around = self._around_with(node.id)
        if around is not None:
            name = f"(text {quoted(node.id)})"
            return self._node("outer", node, name, text=str(around.number))
        value, place = names.lookup(self.source.function, node.id)
        if value is names.Missing:
            self._guard(place, node.id, value)
            what = f"name '{node.id}' is not defined"
            return self._refuse(node, "QJ133", what, "define it before the first call")
        return self._outer(node, value, place, node.id)

    def _around_with(self, name: str) -> Translator | None:
        """The function around this one that has the variable."""
        around = self.source.around
        while around is not None and name not in around.locals:
            around = around.source.around
        return around

    def _inner(self, node: ast.FunctionDef | ast.Lambda, name: str) -> str:
        """A function that stands inside this one."""
        own = self.source
        name = f"library.{name}" if own.is_library else name
        source = replace(own, name=name, node=node, around=self, fixed={})
        return self._node("use", node, text=str(self.builder.add(source)))

    def _expr_Lambda(self, node: ast.Lambda) -> str:
        return self._inner(node, "<lambda>")

    def _stmt_FunctionDef(self, node: ast.FunctionDef) -> str:
        if node.decorator_list:
            what = "a function inside a function has no decorators here"
            return self._refuse(
                node, "QJ137", what, "leave them out: it is compiled with the other"
            )
        name = self._node("name", node, text=node.name)
        return self._node("assign", node, name, self._inner(node, node.name))

    def _expr_ListComp(self, node: ast.ListComp) -> str:
        part = node.generators[0]
        if len(node.generators) > 1 or part.ifs:
            return self._by_loops(node, "list")
        return self._comprehension(node, part, None)

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp, part: ast.comprehension, text: str | None
    ) -> str:
        """A list of one for, or a tuple, whose items are known."""
        targets = [n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)]
        self.hidden += 1
        renamed = {name: f"{name}.{self.hidden}" for name in targets}
        self.locals |= set(renamed.values())
        items = [with_names(node.elt, renamed), with_names(part.target, renamed), part.iter]
        items += [with_names(condition, renamed) for condition in part.ifs]
        parts = (self._expression(item) for item in items)
        return self._node("comprehension", node, *parts, text=text)

    def _by_loops(
        self, node: ast.ListComp | ast.GeneratorExp, what: str, default: ast.expr | None = None
    ) -> str:
        """sum(...), any(...) or a list of a generator: a function with its loops, called here."""
        if any(part.is_async for part in node.generators):
            return self._refuse(node, *REFUSED[ast.AsyncFor])
        if what == "sum" and default is None:
            default = ast.Constant(0)
        function = loops_of(node, what, default is not None)
        given = [node.generators[0].iter, *([default] if default is not None else [])]
        if default is not None and not hasattr(default, "lineno"):
            ast.copy_location(default, node)
        call = [self._inner(function, function.name), *(self._expression(item) for item in given)]
        return self._node("call", node, *call)

    def _expr_GeneratorExp(self, node: ast.GeneratorExp) -> str:
        return self._unknown(node)

    def _expr_NamedExpr(self, node: ast.NamedExpr) -> str:
        items = self._expression(node.target), self._expression(node.value)
        return self._node("named", node, *items)

    def _builtin(self, node: ast.expr) -> str:
        """The name of the function of Python's own that an expression is; "" if it is none."""
        if not isinstance(node, ast.Name) or node.id in self.locals or self._around_with(node.id):
            return ""
        value, place = names.lookup(self.source.function, node.id)
        if getattr(value, "__module__", None) != "builtins":
            return ""
        self._guard(place, node.id, value)
        return str(getattr(value, "__name__", ""))

    def _of_generator(self, node: ast.Call) -> str | None:
        """A call of a function that goes through a generator."""
        if not node.args or not isinstance(node.args[0], ast.GeneratorExp):
            return None
        name, generator = self._builtin(node.func), node.args[0]
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if name == "tuple" and len(node.args) == 1 and len(generator.generators) == 1:
            return self._comprehension(generator, generator.generators[0], "tuple")
        if name == "list" and len(node.args) == 1:
            return self._expr_ListComp(
                ast.copy_location(ast.ListComp(generator.elt, generator.generators), node)
            )
        extra = "start" if name == "sum" else "default" if name in ("min", "max") else None
        if name not in ("sum", "any", "all", "min", "max") or set(keywords) - {extra}:
            return None
        if len(node.args) > (2 if name == "sum" else 1):
            return None
        default = node.args[1] if len(node.args) > 1 else keywords.get(extra)
        return self._by_loops(generator, name, default)

    def _outer(self, node: ast.expr, value: Any, place: names.Place, name: str) -> str:
        """A value from outside the function."""
        if self.source.is_library:
            return self._of_library(node, value, name)
        if isinstance(value, _quelea.Function):
            self._guard(place, name, value)
            return self._use(node, value)
        if c_functions.is_external(value):
            self._guard(place, name, value)
            return self._external(node, value, name)
        known = names.known_name(value)
        if known is not None:
            self._guard(place, name, value)
            return self._ref(node, known)
        make = getattr(value, "_inside", None)  # a stencil
        if make is not None and value._has_inside:
            self._guard(place, name, value)
            return self._node("use", node, text=str(self.builder.number_of_made(value, make)))
        if names.is_python_function(value):
            self._guard(place, name, value)
            return self._node("use", node, text=str(self.builder.number_of(value)))
        if names.is_capture(value):
            return self._node("capture", node, text=str(self.builder.capture(place, name)))
        self._guard(place, name, value)
        if names.is_module(value):
            what = f"the module {value.__name__} is not known in @jit"
            return self._refuse(node, "QJ134", what, "use numpy, quelea, math and cmath")
        return self._literal(node, value, f"'{name}'")

    def _of_library(self, node: ast.expr, value: Any, name: str) -> str:
        """A global name of the library's own functions."""
        if isinstance(value, types.FunctionType):
            if value in library.INTRINSICS:
                return self._node("ref", node, text=library.INTRINSICS[value])
            number = self.builder.number_in_library(value)
            return self._node("use", node, text=str(number))
        if isinstance(value, _quelea.Function):
            return self._use(node, value)
        return self._literal(node, value, name)

    def _limit(self, node: ast.Attribute) -> Any:
        """The value of np.finfo(np.float64).eps and its like; Missing: it is none."""
        call = node.value
        if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
            return names.Missing
        about, of = self._object(call.func), self._object(call.args[0])
        if about not in (numpy.finfo, numpy.iinfo):
            return names.Missing
        try:
            value = getattr(about(of), node.attr)
        except (TypeError, ValueError, AttributeError):
            return names.Missing
        return value

    def _object(self, node: ast.expr) -> Any:
        """What a name from outside, or an attribute of a module, is now."""
        if isinstance(node, ast.Attribute):
            base = self._module_of(node.value)
            return getattr(base, node.attr, names.Missing) if base else names.Missing
        if isinstance(node, ast.Name) and node.id not in self.locals:
            value, place = names.lookup(self.source.function, node.id)
            self._guard(place, node.id, value)
            return value
        return names.Missing

    def _expr_Attribute(self, node: ast.Attribute) -> str:
        limit = self._limit(node)
        if isinstance(limit, numpy.floating):
            number = self._literal(node, float(limit), "a limit")
            return self._node("call", node, self._ref(node, "numpy." + limit.dtype.name), number)
        if isinstance(limit, (int, float)):
            return self._literal(node, limit, "a limit")
        base = self._module_of(node.value)
        if base is None:
            library = self._library_of(node.value)
            if library is not None:
                return self._of_c(node, library)
            if node.attr == "data" and self._is_ctypes(node.value):
                return self._address(node, node.value)
            return self._node("attr", node, self._expression(node.value), text=node.attr)
        module = names.known_module(base)
        value = getattr(base, node.attr, names.Missing)
        if value is names.Missing:
            what = f"{base.__name__} has no '{node.attr}'"
            return self._refuse(node, "QJ135", what, "look up its name")
        if module is None and base.__name__.startswith("numpy."):
            what = f"the module {base.__name__} is not known in @jit"
            return self._refuse(node, "QJ134", what, "call it outside the function")
        if module is None:
            return self._outer(node, value, vars(base), node.attr)
        if module and names.is_capture(value):  # numpy.pi
            return self._node("ref", node, text=f"{module}.{node.attr}")
        known = names.known_name(value) or (f"{module}.{node.attr}" if module else node.attr)
        return self._ref(node, known)

    # ---- functions of C ----

    def _library_of(self, node: ast.expr) -> Any:
        """The library of C's functions that an expression names, or None."""
        value: Any = None
        if (
            isinstance(node, ast.Name)
            and node.id not in self.locals
            and not self._around_with(node.id)
        ):
            value, place = names.lookup(self.source.function, node.id)
            name = node.id
        elif isinstance(node, ast.Attribute):
            base = self._module_of(node.value)
            value = getattr(base, node.attr, None) if base else None
            place, name = vars(base) if base else {}, node.attr
        if value is None or not c_functions.is_library(value):
            return None
        self._guard(place, name, value)
        return value

    def _of_c(self, node: ast.Attribute, library: Any) -> str:
        """An attribute of a library."""
        try:
            value = getattr(library, node.attr)
        except AttributeError:
            what = f"the library has no '{node.attr}'"
            return self._refuse(node, "QJ135", what, "look up its name")
        if c_functions.is_external(value):
            if isinstance(library, ctypes.CDLL):
                self._guard(vars(library), node.attr, value)
            return self._external(node, value, node.attr)
        if type(value) in (int, float, bool):  # a constant of cffi's
            return self._literal(node, value, node.attr)
        what = f"'{node.attr}' is no function of C"
        return self._refuse(node, "QJ141", what, "give its value to the function")

    def _is_ctypes(self, node: ast.expr) -> bool:
        """Say whether an expression is x.ctypes, of what may be an array."""
        is_it = isinstance(node, ast.Attribute) and node.attr == "ctypes"
        return is_it and self._module_of(node.value) is None  # type: ignore[attr-defined]

    def _address(self, at: ast.expr, node: ast.expr) -> str:
        """Where the elements are of the array of which that is the attribute `ctypes`."""
        return self._call_of(at, "c.address", node.value)  # type: ignore[attr-defined]

    def _call_of(self, at: ast.expr, name: str, *given: ast.expr) -> str:
        items = (self._expression(item) for item in given)
        return self._node("call", at, self._node("ref", at, text=name), *items)

    def _of_pointer(self, node: ast.Call) -> str | None:
        """x.ctypes.data_as(type), ffi.from_buffer(x): addresses that C is given."""
        function = node.func
        if not isinstance(function, ast.Attribute) or node.keywords:
            return None
        if function.attr == "data_as" and len(node.args) == 1 and self._is_ctypes(function.value):
            return self._address(node, function.value)
        if function.attr == "from_buffer" and len(node.args) in (1, 2):
            base = function.value
            if isinstance(base, ast.Name) and base.id not in self.locals:
                value, place = names.lookup(self.source.function, base.id)
                if c_functions.is_ffi(value):
                    self._guard(place, base.id, value)
                    return self._call_of(node, "c.address", node.args[-1])
        return None

    def _argument(self, node: ast.expr) -> str:
        """An argument of a call: x.ctypes is an address to C."""
        return self._address(node, node) if self._is_ctypes(node) else self._expression(node)

    def _module_of(self, node: ast.expr) -> types.ModuleType | None:
        """The module that an expression names, or None."""
        if isinstance(node, ast.Name) and node.id not in self.locals:
            if self._around_with(node.id) is not None:
                return None
            value, place = names.lookup(self.source.function, node.id)
            if names.is_module(value):
                self._guard(place, node.id, value)
                module: types.ModuleType = value
                return module
        if isinstance(node, ast.Attribute):
            base = self._module_of(node.value)
            value = getattr(base, node.attr, None) if base else None
            if not isinstance(value, types.ModuleType):
                return None
            if base is not None and node.attr in vars(base):  # it may be found otherwise
                self._guard(vars(base), node.attr, value)
            return value
        return None

    def _expr_BinOp(self, node: ast.BinOp) -> str:
        number = whole_number(node)
        if number is not None:
            return self._literal(node, number, "a constant")
        if isinstance(node.op, ast.MatMult):
            self.builder.need("numpy.matmul")
        items = self._expression(node.left), self._expression(node.right)
        return self._node("binary", node, *items, text=BINARY[type(node.op)])

    def _expr_UnaryOp(self, node: ast.UnaryOp) -> str:
        number = whole_number(node.operand)
        if isinstance(node.op, ast.USub) and number == MAX_INT:
            return self._literal(node, -number, "a constant")  # the least, whose half is too large
        return self._node("unary", node, self._expression(node.operand), text=UNARY[type(node.op)])

    def _expr_BoolOp(self, node: ast.BoolOp) -> str:
        kind = "and" if isinstance(node.op, ast.And) else "or"
        return self._node(kind, node, *(self._expression(value) for value in node.values))

    def _expr_Compare(self, node: ast.Compare) -> str:
        items = [self._expression(node.left)]
        for op, right in zip(node.ops, node.comparators, strict=True):
            items += [f"(text {quoted(COMPARE[type(op)])})", self._expression(right)]
        return self._node("compare", node, *items)

    def _expr_IfExp(self, node: ast.IfExp) -> str:
        parts = node.test, node.body, node.orelse
        return self._node("ifexp", node, *(self._expression(part) for part in parts))

    def _expr_Tuple(self, node: ast.Tuple) -> str:
        return self._node("tuple", node, *(self._expression(item) for item in node.elts))

    def _expr_List(self, node: ast.List) -> str:
        return self._node("list", node, *(self._expression(item) for item in node.elts))

    def _expr_Starred(self, node: ast.Starred) -> str:
        return self._node("starred", node, self._expression(node.value))

    def _expr_Call(self, node: ast.Call) -> str:
        if isinstance(node.func, ast.Name) and node.func.id == "maybe.":
            return self._node("maybe", node, self._expression(node.args[0]))
        if isinstance(node.func, ast.Name) and node.func.id == "refuse.":
            return self._refuse(node, *(arg.value for arg in node.args))  # type: ignore[attr-defined]
        whole = self._of_generator(node) or self._of_pointer(node)
        if whole is not None:
            return whole
        if isinstance(node.func, ast.Attribute) and node.func.attr in library.METHODS:
            self.builder.need(library.METHODS[node.func.attr])
        items = [self._expression(node.func), *(self._argument(arg) for arg in node.args)]
        for keyword in node.keywords:
            if keyword.arg is None:
                what = "** is not in the language"
                items.append(self._refuse(keyword.value, "QJ128", what, "name the arguments"))
                continue
            value = self._expression(keyword.value)
            items.append(self._node("keyword", keyword, value, text=keyword.arg))
        return self._node("call", node, *items)

    def _expr_Subscript(self, node: ast.Subscript) -> str:
        items = self._expression(node.value), self._expression(node.slice)
        return self._node("index", node, *items)

    def _expr_Slice(self, node: ast.Slice) -> str:
        parts = node.lower, node.upper, node.step
        return self._node("slice", node, *(self._expression(p) if p else "(none)" for p in parts))
