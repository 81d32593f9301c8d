"""The source of Python functions: where it stands, whether it is what the function was made of."""

from __future__ import annotations
import __future__

import ast
import copy
import dis
import functools
import inspect
import linecache
import tokenize
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import names

if TYPE_CHECKING:
    from .syntax import Translator


class NoSource(Exception):
    """The source of a function cannot be had."""


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
    is_library: bool = False

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
    tree, line = tree_of(lines, code)
    node: ast.FunctionDef | ast.Lambda | None
    if code.co_name == "<lambda>":
        node = lambda_of(code, tree, line)
    else:
        nodes = ast.walk(tree)
        named = (n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == code.co_name)
        node = first = next(named, None)
        while node and line_of(node) + line != code.co_firstlineno:
            node = next(named, None)
        node = node or first
    if node is None:
        raise NoSource(f"{what} was not found in {code.co_filename}")
    if not is_source(node, function):
        raise NoSource(
            f"{what} is not what stands in {code.co_filename}: the file has changed since, or "
            "something has rewritten the function"
        )
    return Source(function, code.co_filename, code.co_name, node, lines, line)


def last_line(code: types.CodeType) -> int:
    """The last line that some code, or what stands in it, has an instruction of."""
    inner = [last_line(value) for value in code.co_consts if isinstance(value, types.CodeType)]
    return max([line or 0 for _, _, line in code.co_lines()] + inner)


def block_of(lines: list[str], code: types.CodeType) -> list[str]:
    """The lines of a definition: up to the first behind its code that stands as far left as it."""

    def depth(line: str) -> int:
        return len(line) - len(line.lstrip())

    first, end = code.co_firstlineno - 1, last_line(code)
    while end < len(lines) and (
        not lines[end].strip()
        or lines[end].lstrip().startswith("#")
        or depth(lines[end]) > depth(lines[first])
    ):
        end += 1
    return lines[first:end]


def tree_of(lines: list[str], code: types.CodeType) -> tuple[ast.AST, int]:
    """The tree of what some code was made of, and what its lines lack to those of the file."""
    first = code.co_firstlineno
    for block in (block_of(lines, code), None):
        try:
            if block is None:  # slower, but sees the ends of brackets and texts
                block = inspect.getblock(lines[first - 1 :])
            text = "".join(block)
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
    flags = code.co_flags & FUTURE

    def made() -> list[types.CodeType]:
        whole = compile(around, code.co_filename, "exec", flags, dont_inherit=True)
        return codes_in(whole, code.co_name)

    try:
        found = made()
        if any(map(functools.partial(same_code, code, exact=True), found)):
            return True
        modules = [n for n in code.co_names if names.is_module(function.__globals__.get(n))]
        if modules:  # how their functions are called depends on it
            around.body.insert(0, ast.parse("import " + ", ".join(modules)).body[0])
            found = made()
    except (SyntaxError, ValueError):
        return False
    return any(map(functools.partial(same_code, code), found))


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
        if name not in ("PUSH_NULL", "EXTENDED_ARG"):  # how far jumps go depends on the former
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


def same_code(a: types.CodeType, b: types.CodeType, exact: bool = False) -> bool:
    """Say whether they compute the same, wherever they stand; exact: and are byte by byte the same."""
    if len(a.co_consts) != len(b.co_consts):
        return False
    if a.co_code != b.co_code and (exact or steps_of(a) != steps_of(b)):
        return False
    if (a.co_names, a.co_varnames, a.co_freevars) != (b.co_names, b.co_varnames, b.co_freevars):
        return False
    return all(
        same_code(x, y, exact)
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
