"""Generators and comprehensions as loops: what `sum(... for ...)` and the like become."""

import ast
import copy

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


def loops_of(
    node: ast.ListComp | ast.GeneratorExp, what: str, has_default: bool
) -> ast.FunctionDef:
    """A function with the loops of a generator, of what its first `for` goes through, and the default."""
    loops = ast.parse(LOOPS[what, has_default]).body
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
    arguments = ["items.", *(["given."] if has_default else [])]
    args = ast.arguments([], [ast.arg(name) for name in arguments], None, [], [], None, [])
    function = ast.FunctionDef(f"<{what}>", args, body, [])
    for inner in ast.walk(function):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    return function
