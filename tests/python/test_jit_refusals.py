"""What the language of `quelea.jit` does not have: each code, its whole message, and its advice.

`jit_refused.txt` has them: after `=== CODE ARGUMENT` the body of f(x), the body that the advice leads to, the message.
"""

import ast
import collections
import linecache
import math
import os
import textwrap
from typing import Any

import numpy
import pytest
from jit_support import refused

import quelea
from quelea.compiling import syntax
from quelea.errors import JitError

# Below, and in test_jit_ranks_said.py.
ELSEWHERE = {"QJ100", "QJ324"} | {f"QJ{number}" for number in range(400, 411)}
ELSEWHERE |= {"QJ140", "QJ141", "QJ386", "QJ387", "QJ388"}  # test_jit_external.py

ROWS = {row[0].split(" ", 1)[0]: row for row in refused("jit_refused.txt")}


@quelea.jit
def helper(a, b=2):
    return a + b


def made(body: str, name: str) -> Any:
    """The function f(x) of that body."""
    text = "def f(x):\n" + textwrap.indent(body, "    ") + "\n"
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    scope: dict[str, Any] = {
        "np": numpy,
        "math": math,
        "os": os,
        "helper": helper,
        "OTHER": object(),
        "Point": collections.namedtuple("Point", "x y"),
    }
    exec(compile(text, name, "exec"), scope)
    return quelea.jit(scope["f"])


def argument(text: str) -> Any:
    arrays = {"a": numpy.arange(4.0), "n": numpy.arange(4), "r": numpy.arange(4.0)}
    arrays["r"].flags.writeable = False
    return eval(text, {"np": numpy}, arrays)


@pytest.mark.parametrize(("code", "row"), ROWS.items())
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_refused(code, row):
    head, body, instead, message = row
    given = head.split(" ", 1)[1]
    function = made(body, f"<{code}>")
    with pytest.raises(JitError) as caught:
        function(argument(given))
    assert str(caught.value.msg) == message
    assert len(message.splitlines()) < 15
    assert caught.value.codes[0] == code
    assert caught.value.filename == f"<{code}>"
    # what the advice says is in the language, and is what Python computes
    better = made(instead, f"<{code} instead>")
    try:
        want = better.__wrapped__(argument(given))
    except ValueError:
        with pytest.raises(ValueError, match="text"):
            better(argument(given))
        return
    got = better(argument(given))
    assert numpy.array_equal(numpy.asarray(got), numpy.asarray(want)), (got, want)


def test_all_codes_are_here():
    """Whoever adds a code adds its row."""
    folder = os.path.dirname(__file__)
    sources = [os.path.join(os.path.dirname(quelea.__file__), "compiling", "syntax.py")]
    root = os.path.join(folder, "..", "..", "jit", "program")
    if os.path.isdir(root):
        sources += [os.path.join(root, name) for name in os.listdir(root) if name.endswith(".c")]
    text = ""
    for source in sources:
        with open(source) as file:
            text += file.read()
    codes = {f"QJ{number}" for number in range(100, 500) if f'"QJ{number}"' in text}
    assert codes - set(ROWS) == ELSEWHERE


DEEP = """f(int) is not in the language of @jit
QJ324: calls are nested deeper than 40 functions
  <deep>:4, in <lambda>
    g2 = lambda v: g1(v) + 1
                   ^
  instead: write fewer functions around each other"""


def test_calls_that_are_nested_too_deep():
    def deep(count):
        lines = [f"g{k} = lambda v: g{k - 1}(v) + 1" for k in range(1, count)]
        return "\n".join(["g0 = lambda v: v", *lines, f"return g{count - 1}(x)"])

    with pytest.raises(JitError) as caught:
        made(deep(42), "<deep>")(3)
    assert caught.value.msg == DEEP
    assert made(deep(30), "<less deep>")(3) == 32


UNKNOWN = """f(int) is not in the language of @jit
QJ100: Delete is not in the language
  <unknown>:2, in f
    del x
    ^
  instead: write it another way"""


def test_what_has_no_code_of_its_own_is_told_by_its_kind(monkeypatch):
    monkeypatch.delitem(syntax.REFUSED, ast.Delete)  # as syntax of a later Python is not there
    with pytest.raises(JitError) as caught:
        made("del x\nreturn 1", "<unknown>")(3)
    assert caught.value.msg == UNKNOWN
    assert made("return 1", "<known>")(3) == 1


def test_several_are_told_together():
    function = made("y = x.tolist()\nd = {1: 2}\nreturn unknown", "<several>")
    with pytest.raises(JitError) as caught:
        function(numpy.arange(3.0))
    assert caught.value.codes == ("QJ379", "QJ119", "QJ133")
    assert "in 3 places" in str(caught.value)
