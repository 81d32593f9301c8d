"""A Python function's syntax tree becomes program text.

This is the only place that knows Python's ``ast``. Each node of the tree becomes one node of the
text, with its line and column; what the names mean is decided here (names.py), what has which type
in C. What the language does not have becomes a ``refuse`` node, so that all refusals of a function
are told together, those of types too.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import copy
import dis
import functools
import inspect
import linecache
import tokenize
import types
from dataclasses import dataclass, field, replace
from typing import Any

import numpy

from .. import _quelea
from . import library, names

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


# sum, any, all, min, max and lists of generators, with what they are given and without: the loop
# becomes those of the generator, and _put_ an element.
LOOPS = {
    ("sum", True): """
total_ = given_
for _ in _:
    total_ = total_ + put_
return total_""",
    ("any", False): """
for _ in _:
    if put_:
        return True
return False""",
    ("all", False): """
for _ in _:
    if not put_:
        return False
return True""",
    ("min", False): """
first_ = True
for _ in _:
    item_ = put_
    if first_ or item_ < best_:
        best_ = item_
    first_ = False
if first_:
    raise ValueError("min() iterable argument is empty")
return best_""",
    ("min", True): """
first_ = True
for _ in _:
    item_ = put_
    if first_ or item_ < best_:
        best_ = item_
    first_ = False
if first_:
    return given_
return best_""",
    ("list", False): """
count_ = 0
size_ = 0
for _ in _:
    item_ = put_
    if count_ == 0:
        list_ = room_(item_)
        size_ = 16
    elif count_ == size_:
        list_ = grown_(list_)
        size_ = size_ * 2
    list_[count_] = item_
    count_ += 1
return taken_(maybe_(list_), count_)""",
}
for _given in (False, True):
    LOOPS["max", _given] = LOOPS["min", _given].replace("<", ">").replace("min()", "max()")


INTRINSIC_NAMES = ("room.", "grown.", "taken.")


class Put(ast.NodeTransformer):
    """Puts an element into one of LOOPS, whose names get a point, which no other name has."""

    def __init__(self, element: ast.expr) -> None:
        self.element = element

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name of the text."""
        if node.id == "put_":
            return self.element
        name = node.id[:-1] + "." if node.id.endswith("_") else node.id
        return ast.Name(name, node.ctx)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A copy without the text's places."""
        super().generic_visit(node)
        for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            node.__dict__.pop(name, None)
        return node


class NoSource(Exception):
    """The source of a function cannot be had."""


def quoted(text: str) -> str:
    """The text as program text has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@dataclass
class Source:
    """Where a function's text stands."""

    function: types.FunctionType
    file: str
    name: str
    node: ast.FunctionDef | ast.Lambda
    lines: list[str]  # of the file
    line: int  # what the lines of the tree lack to those of the file
    around: Translator | None = None  # of the function in which it stands
    fixed: dict[str, Any] = field(default_factory=dict)  # arguments that are part of the program
    library: bool = False

    def text_of(self, line: int) -> str:
        """The line of the file, as it stands there."""
        return self.lines[line - 1].rstrip("\n") if 0 < line <= len(self.lines) else ""


def lines_of(function: types.FunctionType) -> list[str]:
    """The lines of the file in which a function stands, as they are now; none: it is not there."""
    file = function.__code__.co_filename
    linecache.checkcache(file)
    return linecache.getlines(file, function.__globals__)


def source_of(function: types.FunctionType, lines: list[str]) -> Source:
    """Finds and parses the source of a function or a lambda, in the lines of its file."""
    code = function.__code__
    what = f"the source of {function.__qualname__}()"
    if not lines:
        raise NoSource(
            f"{what} cannot be had ({code.co_filename}); "
            "define it in a file, a notebook's cell or a string given to linecache"
        )
    tree, line = tree_of(lines, code.co_firstlineno)
    node: ast.FunctionDef | ast.Lambda | None
    if code.co_name == "<lambda>":
        node = lambda_of(code, tree, line)
    else:
        defs = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        named = [n for n in defs if n.name == code.co_name]
        exact = [n for n in named if line_of(n) + line == code.co_firstlineno] or named[:1]
        node = exact[0] if exact else None
    if node is None:
        raise NoSource(f"{what} was not found in {code.co_filename}")
    if not is_source(node, function):
        raise NoSource(
            f"{what} is not what stands in {code.co_filename}: the file has changed since, or "
            "something has rewritten the function"
        )
    return Source(function, code.co_filename, code.co_name, node, lines, line)


def tree_of(lines: list[str], first: int) -> tuple[ast.AST, int]:
    """The tree of what begins in a line, and what its lines lack to those of the file."""
    try:
        text = "".join(inspect.getblock(lines[first - 1 :]))
        if text[:1].isspace():
            return ast.parse("if 1:\n" + text), first - 2
        return ast.parse(text), first - 1
    except (SyntaxError, tokenize.TokenError):  # it begins in the middle of an expression
        pass
    try:
        return ast.parse("".join(lines)), 0
    except SyntaxError:
        raise NoSource("the file cannot be parsed: it has changed since") from None


FUTURE = 0  # all flags of compile() that stand for a `from __future__ import`
for _name in __future__.all_feature_names:
    FUTURE |= getattr(__future__, _name).compiler_flag


def is_source(node: ast.FunctionDef | ast.Lambda, function: types.FunctionType) -> bool:
    """Say whether the code of a function is what its source is compiled to.

    Where something has rewritten the source on purpose, as pytest does with assert, and inside of
    classes, where names are others, it is not asked.
    """
    code = function.__code__
    if any(map(is_rewritten, names_in(code))):
        return True
    free = code.co_freevars
    own: ast.stmt
    if isinstance(node, ast.Lambda):
        own = ast.Expr(node, lineno=node.lineno, col_offset=0)
    else:
        own = copy.copy(node)
        own.decorator_list = []
    around = ast.Module([own], [])
    if free:
        around = ast.parse("def around():\n    " + " = ".join(free) + " = 0")
        around.body[0].body.append(own)  # type: ignore[attr-defined]
    modules = [name for name in code.co_names if names.is_module(function.__globals__.get(name))]
    if modules:  # how their functions are called depends on it
        around.body.insert(0, ast.parse("import " + ", ".join(modules)).body[0])
    flags = code.co_flags & FUTURE
    try:
        made = compile(around, code.co_filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return any(same_code(made, code) for made in codes_in(made, code.co_name))


def steps_of(code: types.CodeType) -> list[tuple[str, Any]]:
    """The instructions, but for how a method is found: that depends on the rest of the file."""
    steps: list[tuple[str, Any]] = []
    places: dict[int, int] = {}  # which step of these an address is
    jumps = {*dis.hasjrel, *dis.hasjabs}
    for step in dis.get_instructions(code):
        places[step.offset] = len(steps)
        name, what = step.opname, step.argrepr
        if name in ("LOAD_METHOD", "LOAD_ATTR", "LOAD_GLOBAL"):
            name, what = name.replace("METHOD", "ATTR"), what.split(" + ")[-1]
        elif isinstance(step.argval, types.CodeType):
            what = ""
        if name != "PUSH_NULL":
            steps.append((name, step.argval if step.opcode in jumps else what))
    return [(name, places[what] if isinstance(what, int) else what) for name, what in steps]


def names_in(code: types.CodeType) -> list[str]:
    """All names of some code, and of what stands in it."""
    inner = [value for value in code.co_consts if isinstance(value, types.CodeType)]
    own = [*code.co_names, *code.co_varnames, *code.co_freevars]
    return own + [name for other in inner for name in names_in(other)]


def is_rewritten(name: str) -> bool:
    """Say whether it stands in no source: pytest's, or that of `__name` in a class."""
    mangled = name.startswith("_") and not name.startswith("__") and "__" in name
    return name.startswith("@") or name == "__class__" or mangled


def codes_in(code: types.CodeType, name: str) -> list[types.CodeType]:
    """The code of a name that stands in some code, and what stands in that."""
    inner = [value for value in code.co_consts if isinstance(value, types.CodeType)]
    return [c for c in inner if c.co_name == name] + [d for c in inner for d in codes_in(c, name)]


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Say whether they compute the same, wherever they stand."""
    if len(a.co_consts) != len(b.co_consts):
        return False
    if a.co_code != b.co_code and steps_of(a) != steps_of(b):
        return False
    if (a.co_names, a.co_varnames, a.co_freevars) != (b.co_names, b.co_varnames, b.co_freevars):
        return False
    return all(
        same_code(x, y)
        if isinstance(x, types.CodeType) and isinstance(y, types.CodeType)
        else repr(x) == repr(y)
        for x, y in zip(a.co_consts, b.co_consts, strict=True)
    )


def line_of(node: ast.FunctionDef) -> int:
    """The line of a function with its decorators."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def lambda_of(code: types.CodeType, tree: ast.AST, line: int) -> ast.Lambda | None:
    """The lambda with that code: of several in one line, the one where its instructions stand."""
    lambdas = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda)]
    found = [n for n in lambdas if n.lineno + line == code.co_firstlineno]
    if len(found) > 1:
        starts = {(number, column) for number, _, column, _ in code.co_positions()}
        body = [(n.body.lineno + line, n.body.col_offset) for n in found]
        found = [n for n, place in zip(found, body, strict=True) if place in starts]
        found = [n for n in found if len(n.args.args) == code.co_argcount][:1]
    return found[0] if found else None


@dataclass
class Program:
    """The program of a function and of all that it calls."""

    text: str
    sources: list[Source]
    captures: list[tuple[names.Place, str]]
    guards: list[tuple[Any, ...]]  # (where, name, value), or (where, name): there is none


@dataclass
class Builder:
    """What the functions of a program have in common."""

    sources: list[Source] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    captures: list[tuple[names.Place, str]] = field(default_factory=list)
    guards: list[tuple[Any, ...]] = field(default_factory=list)

    def number_of(self, function: types.FunctionType, lines: list[str] | None = None) -> int:
        """The function's number in the program, to which it is added; the lines of its file."""
        if function not in self.numbers:
            source = source_of(function, lines or lines_of(function))
            self.numbers[function] = len(self.sources)
            self.sources.append(source)
        return self.numbers[function]

    def need(self, name: str) -> int:
        """The number of a function of the library, by that name in the program."""
        if name not in self.numbers:
            self.numbers[name] = len(self.sources)
            source = library_source(library.FUNCTIONS[name])
            self.sources.append(replace(source, name=name))
        return self.numbers[name]

    def library_number(self, function: types.FunctionType) -> int:
        """The number of a function of the library that another one calls."""
        name = library.NAMES[function]
        if name in library.FUNCTIONS:
            return self.need(name)
        if function not in self.numbers:
            self.numbers[function] = len(self.sources)
            self.sources.append(library_source(function))
        return self.numbers[function]

    def add(self, source: Source) -> int:
        """The number of a function that stands inside another."""
        self.sources.append(source)
        return len(self.sources) - 1

    def capture(self, place: names.Place, name: str) -> int:
        """The number of a hidden argument."""
        for number, (other, known) in enumerate(self.captures):
            if other is place and known == name:
                return number
        self.captures.append((place, name))
        return len(self.captures) - 1

    def guard(self, place: names.Place, name: str, *value: Any) -> None:
        """The program holds only as long as the name has this value, or none."""
        if not any(other[0] is place and other[1] == name for other in self.guards):
            self.guards.append((place, name, *value))


@functools.cache
def library_source(function: types.FunctionType) -> Source:
    """The source of a function of the library."""
    source = source_of(function, lines_of(function))
    return replace(source, name=library.NAMES[function], library=True)


def build(
    function: types.FunctionType, lines: list[str], fixed: dict[str, Any] | None = None
) -> Program:
    """The program text of a function, whose file has these lines; `fixed` arguments are part of it."""
    builder = Builder()
    if fixed:
        builder.add(replace(source_of(function, lines or lines_of(function)), fixed=fixed))
    else:
        builder.number_of(function, lines)
    done: list[str] = []
    while len(done) < len(builder.sources):
        done.append(Translator(builder, builder.sources[len(done)], len(done)).function())
    text = f"(program {quoted(str(len(builder.captures)))}\n" + "\n".join(done) + ")"
    return Program(text, builder.sources, builder.captures, builder.guards)


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


def with_names(node: ast.expr, names: dict[str, str]) -> ast.expr:
    """The expression with other names for some variables."""

    class Rename(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.Name:
            return ast.copy_location(ast.Name(names.get(name.id, name.id), name.ctx), name)

        def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
            args = node.args
            own = {a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs]}
            own |= {a.arg for a in (args.vararg, args.kwarg) if a}
            node.args = self.visit(args)  # the defaults are of the function around
            outer = {name: other for name, other in names.items() if name not in own}
            node.body = with_names(node.body, outer)
            return node

    renamed: ast.expr = Rename().visit(copy.deepcopy(node))
    return renamed


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
        if self.source.library:
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
        known = names.known_name(value)
        if known is not None:
            return self._ref(node, known)
        if names.is_python_function(value):
            return self._node("use", node, text=str(self.builder.number_of(value)))
        return self._literal(node, value, name)

    def _use(self, node: ast.AST, function: Any) -> str:
        """A compiled function, called by another."""
        number = self.builder.number_of(function.__wrapped__, getattr(function, "_lines", None))
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
        return self._refuse(node, "QJ132", what, "use numbers, arrays, tuples and functions")

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
        name = f"library.{name}" if own.library else name
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
        loops = ast.parse(LOOPS[what, default is not None]).body
        body: list[ast.stmt] = [Put(node.elt).visit(statement) for statement in loops]
        at = next(k for k, statement in enumerate(body) if isinstance(statement, ast.For))
        inside = body[at].body  # type: ignore[attr-defined]
        for number in reversed(range(len(node.generators))):
            part = node.generators[number]
            for condition in reversed(part.ifs):
                inside = [ast.If(condition, inside, [])]
            items = part.iter if number else ast.Name("items.", ast.Load())
            inside = [ast.For(part.target, items, inside, [])]
        body[at] = inside[0]
        arguments = ["items.", *(["given."] if default is not None else [])]
        args = ast.arguments([], [ast.arg(name) for name in arguments], None, [], [], None, [])
        function = ast.FunctionDef(f"<{what}>", args, body, [])
        for inner in ast.walk(function):
            if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
                ast.copy_location(inner, node)
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
        if self.source.library:
            return self._of_library(node, value, name)
        if isinstance(value, _quelea.Function):
            self._guard(place, name, value)
            return self._use(node, value)
        known = names.known_name(value)
        if known is not None:
            self._guard(place, name, value)
            return self._ref(node, known)
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
            number = self.builder.library_number(value)
            return self._node("use", node, text=str(number))
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
            return value if isinstance(value, types.ModuleType) else None
        return None

    def _expr_BinOp(self, node: ast.BinOp) -> str:
        if isinstance(node.op, ast.MatMult):
            self.builder.need("numpy.matmul")
        items = self._expression(node.left), self._expression(node.right)
        return self._node("binary", node, *items, text=BINARY[type(node.op)])

    def _expr_UnaryOp(self, node: ast.UnaryOp) -> str:
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and type(number) is int and number == MAX_INT:
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
        whole = self._of_generator(node)
        if whole is not None:
            return whole
        if isinstance(node.func, ast.Attribute) and node.func.attr in library.METHODS:
            self.builder.need(library.METHODS[node.func.attr])
        items = [self._expression(node.func), *(self._expression(arg) for arg in node.args)]
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
