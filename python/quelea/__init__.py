"""Quelea: NumPy-compatible arrays partitioned over MPI ranks, through compiled kernels.

``import quelea as np`` in a NumPy script, then ``mpirun -n 16 python script.py``. The namespace is NumPy's; what is not
there yet says so. Beyond NumPy: ``rank``, ``size``, ``init``, ``sync``, ``on_root``, ``info``, ``counters``,
``movements``, ``why_not_blocked``, ``config``, ``explain``, ``profile``, ``progress``, ``show``, ``movie``,
``checkpoint``, ``checkpoint_every``, ``restore``, ``digest``; of compiled functions ``jit``, ``cfunc``, ``evaluate``,
``map``, ``reduce``, ``scan``, ``allpairs``.
"""

import builtins as _builtins
import importlib as _importlib
import os as _os
import sys as _sys
from types import ModuleType as _ModuleType
from typing import Any as _Any

import numpy as _numpy
from numpy import (
    base_repr,
    binary_repr,
    bool_,
    broadcast_shapes,
    byte,
    cdouble,
    complex64,
    complex128,
    complexfloating,
    csingle,
    double,
    dtype,
    dtypes,
    e,
    euler_gamma,
    exceptions,
    finfo,
    float16,
    float32,
    float64,
    floating,
    format_float_positional,
    format_float_scientific,
    generic,
    get_printoptions,
    getbufsize,
    half,
    iinfo,
    index_exp,
    inexact,
    inf,
    int8,
    int16,
    int32,
    int64,
    int_,
    intc,
    integer,
    intp,
    isdtype,
    issubdtype,
    iterable,
    long,
    longlong,
    mintypecode,
    nan,
    ndindex,
    newaxis,
    number,
    pi,
    printoptions,
    promote_types,
    s_,
    set_printoptions,
    setbufsize,
    short,
    signedinteger,
    single,
    typecodes,
    typename,
    typing,
    ubyte,
    uint,
    uint8,
    uint16,
    uint32,
    uint64,
    uintc,
    uintp,
    ulong,
    ulonglong,
    unsignedinteger,
    ushort,
    version,
)
from numpy import bool as bool

from . import (
    _blas,
    _quelea,
    attributes,
    bits,
    buffers,
    calculus,
    checkpointing,
    choosing,
    config,
    correlation,
    creation,
    described,
    diagonals,
    dispatch,
    editing,
    einstein,
    elementwise,
    emath,
    errors,
    fft,
    files,
    flat,
    grids,
    histograms,
    in_order,
    indexing,
    interpolating,
    joins,
    lib,
    linalg,
    linear,
    manipulation,
    nans,
    packing,
    padding,
    polynomials,
    printing,
    process,
    products,
    putting,
    ranges,
    rearranging,
    requirements,
    scans,
    settings,
    sorting,
    statistics,
    testing,
    windows,
)
from ._quelea import (
    absolute,
    add,
    all,
    any,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    bitwise_and,
    bitwise_count,
    bitwise_or,
    bitwise_xor,
    cbrt,
    ceil,
    conjugate,
    copysign,
    cos,
    cosh,
    count_nonzero,
    cumprod,
    cumsum,
    deg2rad,
    divide,
    equal,
    exp,
    exp2,
    expm1,
    fabs,
    float_power,
    floor,
    floor_divide,
    fmax,
    fmin,
    fmod,
    gcd,
    greater,
    greater_equal,
    heaviside,
    hypot,
    invert,
    isfinite,
    isinf,
    isnan,
    lcm,
    ldexp,
    left_shift,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    max,
    maximum,
    min,
    minimum,
    multiply,
    ndarray,
    negative,
    nextafter,
    not_equal,
    positive,
    power,
    prod,
    rad2deg,
    reciprocal,
    remainder,
    right_shift,
    rint,
    sign,
    signbit,
    sin,
    sinh,
    spacing,
    sqrt,
    square,
    subtract,
    sum,
    tan,
    tanh,
    trunc,
    ufunc,
)
from .bars import progress
from .buffers import *
from .calculus import *
from .checkpointing import *
from .choosing import *
from .compiling import cfunc, jit, njit, prange
from .correlation import *
from .creation import *
from .diagonals import *
from .digests import digest
from .editing import *
from .einstein import *
from .elementwise import *
from .errors import *
from .evaluating import evaluate
from .explaining import explain
from .files import *
from .flat import *
from .grids import *
from .histograms import *
from .indexing import *
from .info import (
    __array_namespace_info__,
    counters,
    info,
    init,
    movements,
    on_root,
    params,
    sync,
    why_not_blocked,
)
from .interpolating import *
from .joins import *
from .linear import *
from .manipulation import *
from .mapping import allpairs, map, reduce, scan
from .nans import *
from .packing import *
from .padding import *
from .pictures import movie, show
from .polynomials import *
from .printing import *
from .products import *
from .profiling import profile
from .putting import *
from .quantiles import *
from .ranges import *
from .rearranging import *
from .requirements import *
from .scans import *
from .sets import *
from .settings import *
from .sorting import *
from .statistics import *
from .stencils import stencil
from .two_results import *
from .vectorizing import guvectorize, vectorize
from .windows import *

__version__ = "0.1.0"
__array_api_version__ = "2024.12"

rank: int
size: "_Size"

# ---- aliases: NumPy's own, and those of the array API standard ----

abs = absolute
acos, acosh, asin, asinh, atan, atan2, atanh = (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
)
amax, amin = max, min
bitwise_invert = bitwise_not = invert
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
concat = concatenate
conj = conjugate
degrees, radians = rad2deg, deg2rad
mod = remainder
permute_dims = transpose
pow = power
true_divide = divide
False_, True_ = _numpy.False_, _numpy.True_


# ---- dtypes of Quelea arrays ----


def result_type(*arrays_and_dtypes: _Any) -> _numpy.dtype[_Any]:
    """Give the dtype that NumPy's promotion gives to arrays, dtypes and scalars together.

    Returns
    -------
    numpy.dtype
    """
    return _numpy.result_type(
        *(a.dtype if isinstance(a, ndarray) else a for a in arrays_and_dtypes)
    )


def can_cast(from_: _Any, to: _Any, casting: _Any = "safe") -> "_builtins.bool":
    """Tell whether a dtype, or that of an array, can be cast by that rule.

    Parameters
    ----------
    from_ : dtype, scalar of NumPy, or array
    to : dtype
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}

    Returns
    -------
    bool

    Examples
    --------
    >>> import quelea as np
    >>> np.can_cast(np.ones(3), "float32"), np.can_cast(np.ones(3), "float32", "same_kind")
    (False, True)
    """
    return _numpy.can_cast(from_.dtype if isinstance(from_, ndarray) else from_, to, casting)


def min_scalar_type(a: _Any, /) -> _numpy.dtype[_Any]:
    """Give the smallest dtype that holds a scalar; an array's own one. Collective where an array of no axes is given.

    Returns
    -------
    numpy.dtype

    Examples
    --------
    >>> import quelea as np
    >>> np.min_scalar_type(10), np.min_scalar_type(np.arange(3))
    (dtype('uint8'), dtype('int64'))
    """
    if isinstance(a, ndarray):
        return a.dtype if a.ndim else _numpy.min_scalar_type(_numpy.asarray(a))
    return _numpy.min_scalar_type(a)


class errstate(_numpy.errstate):
    """Context for floating-point errors. Quelea ignores them; asking for anything else is refused.

    Raises
    ------
    NotImplementedError
        A category is to warn, raise, call, print or log.
    """

    def __init__(self, **kwargs: _Any) -> None:
        settings.refuse_actions("errstate", {k: v for k, v in kwargs.items() if k != "call"})
        super().__init__(**kwargs)


# ---- names that NumPy has and Quelea does not ----


class _Size(int):
    """The number of ranks; called, it is NumPy's function ``size(a, axis=None)``."""

    def __call__(self, a: _Any, axis: _Any = None) -> int:
        """Give the number of elements of an array, in all or along an axis."""
        return _size(a) if axis is None else _size(a, axis)


def __getattr__(name: str) -> _Any:
    if name == "rank":
        return info()["rank"]
    if name == "size":
        return _Size(info()["size"])
    if name in ("random", "types"):  # when they are wanted: the first takes NumPy's with it
        return _importlib.import_module(f".{name}", __name__)
    raise dispatch.missing_name(name)


# ---- what C calls, and what it lacks ----


def _namespace(api_version: str | None) -> _Any:
    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(f'Version "{api_version}" of the Array API Standard is not supported.')
    return _sys.modules[__name__]


_quelea.set_folders(*(_os.path.dirname(file) for file in (__file__, _os.__file__, _numpy.__file__)))
_quelea.set_hooks(
    repr=printing._repr,
    str=printing._str,
    format=printing._format,
    array_function=dispatch.array_function,
    matmul=linear._matmul_operator,
    divmod=_numpy.divmod,
    empty=lambda shape, kind, order: empty(shape, kind, order or "C"),
    stack=joins._stack_nested,
    assign_arrays=putting._assign,
    index_arrays=indexing._read,
    ufunc_at=putting._at,
    ufunc_method=in_order._method,
    namespace=_namespace,
    reduce_slowly=statistics._reduce_slowly,
    view=bits._view,
)
_quelea.add_methods(
    {
        "trace": trace,
        "__round__": printing._round,
        "repeat": repeat,
        "tofile": files._tofile,
        "put": putting._method_put,
        "flat": flat._flat,
        "compress": indexing._method_compress,
        "sort": sorting._method_sort,
        "argsort": sorting._method_argsort,
        "partition": sorting._method_partition,
        "argpartition": sorting._method_argpartition,
        "searchsorted": sorting._method_searchsorted,
        "flags": property(attributes._flags),
        "setflags": attributes._setflags,
        "data": property(attributes._data),
        "resize": attributes._resize,
        "byteswap": bits._byteswap,
        "tobytes": manipulation._tobytes,
        "__bytes__": manipulation._bytes,
        "__array_interface__": property(manipulation._array_interface),
    }
)
_quelea.add_methods(
    {
        name: dispatch.missing_attribute(name)
        for name in dir(_numpy.ndarray)
        if not hasattr(ndarray, name) and not name.startswith("_")
    }
)

_MODULES = (  # of ours that are NumPy's too
    "dtypes",
    "emath",
    "exceptions",
    "fft",
    "lib",
    "linalg",
    "random",
    "testing",
    "typing",
    "version",
)
__all__ = [
    name
    for name in dir()
    if name in _MODULES
    or not (
        name.startswith("_")
        or name in ("config", "rank", "map", "reduce")  # of these the last two are Python's
        or isinstance(globals()[name], _ModuleType)
    )
]

dispatch.fill_table(_sys.modules[__name__], __all__)
dispatch.fill_table(manipulation, ["size"])
dispatch.fill_table(emath, emath.__all__, _numpy.emath)
dispatch.fill_table(linalg, linalg.__all__, _numpy.linalg)
dispatch.fill_table(fft, fft.__all__, _numpy.fft)
dispatch.fill_table(
    lib.stride_tricks, ["sliding_window_view"], _importlib.import_module("numpy.lib.stride_tricks")
)
dispatch.ask_others(globals(), __all__)
described.describe(globals())
dispatch.ask_others(vars(linalg), linalg.__all__, _numpy.linalg)
dispatch.ask_others(vars(fft), fft.__all__, _numpy.fft)
_methods = {
    "mean": statistics.mean,
    "var": statistics.var,
    "std": statistics.std,
    "clip": elementwise._limited,
    "round": elementwise.round,
    "dot": linear.dot,
    "diagonal": diagonals.diagonal,
    "choose": choosing._choose,
    "take": indexing.take,
    "nonzero": indexing.nonzero,
}
dispatch.ask_others(_methods, _methods)
_methods |= {"__dlpack__": buffers._dlpack, "__dlpack_device__": buffers._dlpack_device}
_quelea.add_methods(_methods)
_functions = {"size": manipulation.size}
dispatch.ask_others(_functions, _functions)
_size = _functions["size"]
_quelea.numpy_ufuncs.update(
    {
        getattr(_numpy, name): globals()[name]
        for name in ("divmod", "frexp", "modf", "matmul", "matvec", "vecdot", "vecmat")
    }
)
# that they can be imported by name, as NumPy's
_sys.modules.update(
    {
        f"{__name__}.{module}": globals()[module]
        for module in ("dtypes", "exceptions", "typing", "version")
    }
)
process.install()
