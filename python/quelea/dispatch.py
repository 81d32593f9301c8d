"""NumPy's functions, called on Quelea arrays: each goes to Quelea's function of that name, or is refused by name.

None of them gathers behind the program's back (contract C13). What is refused says what to write instead.
"""

import functools
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy

from . import _quelea

__all__ = ["array_function", "as_numpy", "fill_table", "missing_attribute", "missing_name"]

_table: dict[Any, Callable[..., Any]] = {}

# ---- what to write instead: most functions work on a copy; these are the names for which there is better advice ----

_DTYPES = "arrays hold booleans, integers, floats of up to 64 and complex numbers of up to 128 bits"
_ELEMENTS = "write whole-array operations, or go through the elements of numpy.asarray(x), a copy on every rank"
_MATRIX = "use arrays of two axes, with @ for their product"
_MODULE = (
    "numpy.{name} works on numpy.asarray(x), a copy on every rank, and asarray takes arrays back in"
)
_OWN = "use numpy.{name}"
_READ = "every rank reads the same file: np.asarray(numpy.{name}(...))"

_GROUPS = {
    _READ: "fromregex memmap",
    "quelea.vectorize compiles the function for numbers": "frompyfunc",
    _ELEMENTS: "nditer nested_iters",
    _MATRIX: "asmatrix bmat matrix",
    _DTYPES: """bytes_ character clongdouble complex256 datetime64 flexible float128 longdouble object_ recarray record
        str_ timedelta64 void""",
    _MODULE: "ma polynomial",
    "numpy.strings works on NumPy arrays of text; arrays of Quelea hold numbers": "char rec strings",
    _OWN: """ScalarType busday_count busday_offset busdaycalendar core ctypeslib
        datetime_as_string datetime_data f2py get_include is_busday little_endian
        sctypeDict show_runtime""",
    "`python -m quelea info` says what Quelea found": "show_config",
    "./test.sh in a checkout runs the tests": "test",
}

_GENERAL = "numpy.{name} works on numpy.asarray(x), a copy on every rank, and asarray takes its result back in"

_INSTEAD = {
    name: text.format(name=name) for text, names in _GROUPS.items() for name in names.split()
}

_INSTEAD_OF_METHOD = {
    "dump": "write on rank 0: quelea.on_root(lambda a: a.dump(file), x)",
    **dict.fromkeys(
        ("base", "ctypes"),
        "where elements lie is Quelea's own business; np.shares_memory(a, b) tells whether arrays see the same ones",
    ),
}


# ---- functions and names ----


def fill_table(namespace: ModuleType, names: Iterable[str], beside: Any = numpy) -> None:
    """Pair NumPy's functions with those of the same name in a namespace."""
    for name in names:
        ours = getattr(namespace, name)
        if not callable(ours):  # a module, which numpy would import to be asked
            continue
        theirs = getattr(beside, name, None)
        if callable(theirs) and theirs is not ours and not isinstance(theirs, (type, numpy.ufunc)):
            _table[theirs] = ours


def taken_in(result: Any) -> Any:
    """Give what NumPy's function has computed for others, arrays of its own as ours."""
    if type(result) is numpy.ndarray and result.dtype.kind in "biufc":
        return _quelea.asarray(result)
    if type(result) in (tuple, list):
        return type(result)(taken_in(x) for x in result)
    return result


def ask_others(namespace: dict[str, Any], names: Iterable[str], beside: Any = numpy) -> None:
    """Let functions of a namespace ask their arguments first whose business they are, as NumPy's do."""
    module = beside.__name__.replace("numpy", "quelea", 1)
    made: dict[tuple[int, int], Any] = {}
    for name in names:
        raw = namespace[name]
        if isinstance(raw, (type, _quelea.ufunc)) or not callable(raw):
            continue
        theirs = getattr(beside, name, None)
        makes = "like" in (getattr(raw, "__kwdefaults__", None) or ())
        if theirs is None or raw is theirs or (type(theirs) is not type(numpy.sum) and not makes):
            continue
        key = id(raw), id(theirs)
        if key not in made:
            function: Any = _quelea.function(raw, theirs, taken_in, only_like=makes)
            functools.update_wrapper(function, raw)
            function.__module__, function.__name__, function.__qualname__ = module, name, name
            made[key] = function
        namespace[name] = made[key]


def _refuse_if_captured() -> None:
    """Say first that arrays cannot be used here at all."""
    reason = _quelea.refusal()
    if reason is not None:
        raise RuntimeError(reason)


def as_numpy(x: Any) -> Any:
    """Give arguments of a function with our arrays as NumPy's."""
    if isinstance(x, _quelea.ndarray):
        return (
            x.__array__()
        )  # NumPy would ask for its buffer first, and read what that says in Python
    if type(x) in (list, tuple):
        return type(x)(as_numpy(item) for item in x)
    return {key: as_numpy(item) for key, item in x.items()} if type(x) is dict else x


def _of_types(types: list[type], given: Any) -> Iterable[Any]:
    """Find the arguments of those types."""
    if type(given) in types:
        yield given
    elif type(given) in (list, tuple, dict):
        for item in given.values() if type(given) is dict else given:
            yield from _of_types(types, item)


def holds_ours(given: Any) -> bool:
    """Whether it is an array of ours, or a list or a dict with one."""
    return next(iter(_of_types([_quelea.ndarray], given)), None) is not None


def _plain(x: Any) -> Any:
    """Give what assignment takes in: of subclasses and others an array."""
    return numpy.asarray(x) if _quelea.foreign(x) else x


def _compute_with_numpy(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call NumPy's function on copies; what goes to an array of ours is assigned to it."""
    out = kwargs.get("out")
    if not isinstance(out, _quelea.ndarray):
        return function(*as_numpy(args), **as_numpy(kwargs))
    others = {key: value for key, value in kwargs.items() if key != "out"}
    out[...] = function(*as_numpy(args), **as_numpy(others))
    return out


def array_function(
    function: Callable[..., Any],
    types: Iterable[type],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call Quelea's version of one of NumPy's functions; ``ndarray.__array_function__``.

    Raises
    ------
    TypeError
        There is none.
    """
    others = [t for t in types if t is not _quelea.ndarray and t is not numpy.ndarray]
    for other in _of_types(others, (args, kwargs)):
        if not isinstance(other, numpy.ndarray):
            answer = other.__array_function__(function, types, args, kwargs)
            if answer is not NotImplemented:
                return answer
    name, first = getattr(function, "__name__", str(function)), args[0] if args else None
    if function is numpy.copyto and isinstance(first, _quelea.ndarray):
        return _table[function](first, *map(_plain, args[1:]), **kwargs)
    if function is numpy.copyto:
        return _compute_with_numpy(function, args, kwargs)
    # who does not know our arrays is given NumPy's: whose method NumPy's function calls, subclasses of its arrays,
    # arrays of objects or text
    has_method = _quelea.foreign(first) not in ("", "defers") and hasattr(first, name)
    if (
        others
        or has_method
        or any(a.dtype.kind in "OSTUVmM" for a in _of_types([numpy.ndarray], (args, kwargs)))
    ):
        return _compute_with_numpy(function, args, kwargs)
    ours = _table.get(function)
    if ours is None:
        _refuse_if_captured()
        module = getattr(function, "__module__", "numpy")
        instead = "to compute it with NumPy on a copy on every rank, pass numpy.asarray(x)"
        instead = _INSTEAD.get(name, instead) if module == "numpy" else instead
        raise TypeError(f"{module}.{name} is not in Quelea yet; {instead}")
    return ours(*args, **kwargs)


def missing_name(name: str) -> AttributeError:
    """Make the error for a name that NumPy has and Quelea does not."""
    if hasattr(numpy, name):
        general = (_GENERAL if callable(getattr(numpy, name)) else _OWN).format(name=name)
        return AttributeError(
            f"{name} is not in Quelea yet; {_INSTEAD.get(name, general)}", name=name
        )
    return AttributeError(f"module 'quelea' has no attribute '{name}'", name=name)


class missing_attribute:
    """Descriptor for an attribute that numpy.ndarray has and quelea.ndarray does not."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is not None:
            _refuse_if_captured()
        general = f"numpy.asarray(x).{self._name} works on a copy on every rank"
        instead = _INSTEAD_OF_METHOD.get(self._name, general)
        raise AttributeError(
            f"ndarray.{self._name} is not in Quelea yet; {instead}", name=self._name
        )
