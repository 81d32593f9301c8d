"""`quelea.jit`: which source is compiled, and when names stand for something else."""

import functools
import gc
import importlib.util
import linecache
import sys
from typing import Any

import numpy
import pytest
from jit_support import check

import quelea
from quelea.compiling.written import function_of
from quelea.errors import JitError

TEXT = """
import quelea


def plain(x):
    return x + 1


@quelea.jit
def compiled(x):
    return x * 2


@quelea.jit
def calls(x):
    return plain(x) * 10
"""


def imported(path: Any) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_file_that_changes_after_its_import(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "edited.py"
    path.write_text(TEXT)
    module = imported(path)
    path.write_text(TEXT.replace("x * 2", "x * 3 ").replace("x + 1", "x + 1000"))
    assert module.compiled(5) == 10  # what it was when it was decorated
    with pytest.raises(JitError, match=r"QJ101.*the file has changed"):
        module.calls(5)  # plain() is read here for the first time
    assert imported(path).calls(5) == 10050
    path.write_text(TEXT.replace("def plain", "# moved\n\ndef plain"))
    again = imported(path)
    assert again.calls(5) == 60 and again.compiled(5) == 10


def scaled_by(factor):
    def decorate(function):
        @functools.wraps(function)
        def function_scaled(x):
            return function(x) * factor

        return function_scaled

    return decorate


def named_alike(function):
    @functools.wraps(function)
    def wrapped(x, y=2):
        return function(x) + y

    return wrapped


@quelea.jit
@scaled_by(3)
def wrapped(x):
    return x + 1


@quelea.jit
@named_alike
def wrapped_alike(x):
    return x + 1


wrapped_alike.__wrapped__.__name__ = "wrapped"


def test_a_decorated_function_is_what_the_decorator_gave():
    check(wrapped, 2)
    check(wrapped_alike, 2)
    assert wrapped(2) == 9 and wrapped_alike(2) == 5 and wrapped_alike(2, 7) == 10


# fmt: off
in_a_call = [quelea.jit(f) for f in (
    abs if False else lambda x: x + 1,
    lambda x: x * 2)]
# fmt: on


@quelea.jit
def texts(x):
    if x < 0:
        raise ValueError("""first
    second""")
    return x


def test_sources_in_the_middle_of_others():
    assert [f(5) for f in in_a_call] == [6, 10]
    raised = []
    for function in texts, texts.__wrapped__:
        with pytest.raises(ValueError, match="first") as caught:
            function(-1)
        raised.append(caught.value.args)
    assert raised[0] == raised[1]


def made(text: str, name: str, **scope: Any) -> Any:
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    exec(compile(text, name, "exec"), scope)
    return scope["f"]


ENDS = {
    "a comment as far left": "def f(x):\n    y = x\n# so\n    return y + 1\n\n\nz = 1\n",
    "brackets as far left": "def f(\n    x,\n):\n    return (\n        x\n+ 1\n)\nz = 1\n",
    "a text as far left": 'def f(x):\n    y = x + 1\n    """so\nit is"""\n    return y\n',
    "a text behind the code": 'def f(x):\n    return x + 1\n    """so\nit is"""\nz = 1\n',
    "what is never run": "def f(x):\n    return x + 1\n    for k in x:\n        pass\n",
    "a branch without code": "def f(x):\n    if x:\n        return x + 1\n    else:\n        pass\n    return 1\n",
    "inside": "def around():\n    def f(x):\n        return x + 1\n\n    return f\n\n\nf = around()\n",
    "inside, a comment further left": "if True:\n    def f(x):\n  # so\n        return x + 1\nz = 1\n",
    "in one line": "def f(x): return x + 1\nz = 1\n",
    "the last line": "def f(x):\n    return x + 1",
}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS)
def test_where_a_source_ends(text):
    function = made(text, f"<ends {text}>")
    assert quelea.jit(function)(4) == function(4) == 5


@pytest.mark.parametrize("how", ["import numpy as np", "import numpy\nnp = numpy"])
def test_modules_by_other_names(how):
    """How functions of modules are called depends on whether the file imports them by that name."""
    function = made(f"{how}\ndef f(x):\n    return np.sqrt(x) + np.abs(x)\n", f"<{how}>")
    assert quelea.jit(function)(4.0) == 6.0


def test_names_that_stand_for_something_else_later():
    function = made("def f(x):\n    return x + later\n", "<later>")
    compiled = quelea.jit(function)
    with pytest.raises(JitError, match="QJ133"):
        compiled(1)
    function.__globals__["later"] = 5
    assert compiled(1) == 6
    function = made("def f(x):\n    return abs(x) + abs(x)\n", "<shadowed>")
    compiled = quelea.jit(function)
    assert compiled(-1) == 2
    function.__globals__["abs"] = made("def f(x):\n    return x * 100\n", "<shadow>")
    assert compiled(-1) == -200
    del function.__globals__["abs"]
    assert compiled(-1) == 2


def test_the_caret_stands_below_the_column():
    text = "def f(x):\n    größe = 'äöü'; y = x + nope_ü\n    return y\n"
    with pytest.raises(JitError) as caught:
        quelea.jit(made(text, "<caret>"))(1)
    lines = str(caught.value.msg).splitlines()
    at = next(k for k, line in enumerate(lines) if line.strip() == "^")
    assert lines[at].index("^") == lines[at - 1].index("nope_ü")


def test_what_was_rewritten_is_not_compiled():
    first = made("def f(x):\n    return x + 1\n", "<rewritten>")
    text = "def f(x):\n    return x + 2\n"
    linecache.cache["<rewritten>"] = len(text), None, text.splitlines(True), "<rewritten>"
    with pytest.raises(JitError, match="QJ101"):
        quelea.jit(first)(1)
    second = made("def f(x):\n    if x > 1:\n        return x\n    return 0\n", "<rewritten>")
    text = "def f(x):\n    if x > 1:\n        return 0\n    return x\n"
    linecache.cache["<rewritten>"] = len(text), None, text.splitlines(True), "<rewritten>"
    with pytest.raises(JitError, match="QJ101"):
        quelea.jit(second)(numpy.int64(1))


def test_lines_of_written_functions_go_with_them():
    function = function_of("def f(x):\n    return x + y\n", {"y": 2}, "test")
    file = function.__code__.co_filename
    assert function(1) == 3 and linecache.getline(file, 2) == "    return x + y\n"
    del function
    gc.collect()
    assert file not in linecache.cache
