"""What the language of `quelea.jit` does not have: each code, its whole message, and its advice.

`jit_refused.txt` has them: after `=== CODE ARGUMENT` the body of f(x), the body that the advice leads to, the message.
"""

import collections
import linecache
import math
import os
import textwrap
from typing import Any

import numpy
import pytest

import quelea
from quelea.errors import JitError

# Of what no short function reaches, and of other tests.
ELSEWHERE = {
    "QJ100",
    "QJ114",
    "QJ117",
    "QJ118",
    "QJ128",
    "QJ136",
    "QJ202",
    "QJ322",
    "QJ323",
    "QJ324",
}
ELSEWHERE |= {"QJ365", "QJ374"}
ELSEWHERE |= {"QJ140", "QJ141", "QJ386", "QJ387", "QJ388"}  # test_jit_external.py
ELSEWHERE |= {f"QJ{number}" for number in range(400, 411)}  # test_jit_ranks_said.py


def read() -> dict[str, tuple[str, str, str, str]]:
    with open(os.path.join(os.path.dirname(__file__), "jit_refused.txt")) as file:
        sections = file.read().split("=== ")[1:]
    rows = {}
    for section in sections:
        head, rest = section.split("\n", 1)
        body, rest = rest.split("\n--- instead\n")
        instead, message = rest.split("\n--- message\n")
        code, given = head.split(" ", 1)
        rows[code] = given, body, instead, message.strip()
    return rows


ROWS = read()


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
    arrays = {"a": numpy.arange(4.0), "n": numpy.arange(4)}
    return eval(text, {"np": numpy}, arrays)


@pytest.mark.parametrize(("code", "row"), ROWS.items())
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_refused(code, row):
    given, body, instead, message = row
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


def test_several_are_told_together():
    function = made("y = x.tolist()\nd = {1: 2}\nreturn unknown", "<several>")
    with pytest.raises(JitError) as caught:
        function(numpy.arange(3.0))
    assert caught.value.codes == ("QJ379", "QJ119", "QJ133")
    assert "in 3 places" in str(caught.value)
