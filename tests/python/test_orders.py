"""Where elements lie: the strides of what each function makes are NumPy's, for operands that lie in any order.

They decide whether a later reshape or ravel is a view or a copy.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy
import pytest
from support import same

import quelea

Make = Callable[[Any, Any], Any]  # of a module and an array


def _views(ndim: int) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Ways of lying in memory: axes in all orders, reversed, with steps."""
    for order in permutations(range(ndim)):
        yield f"transpose{order}", lambda x, order=order: x.transpose(order)
    if ndim == 3:
        yield "reversed", lambda x: x[::-1]
        yield "reversed columns", lambda x: x.transpose(2, 0, 1)[:, ::-1]
        yield "steps", lambda x: x.transpose(1, 0, 2)[:, :, ::2]
        yield "part", lambda x: x.transpose(2, 1, 0)[1:3, :, 1:]
        yield "one row", lambda x: x.transpose(1, 2, 0)[:, 1:2]
        yield "new axis", lambda x: x[:, None, 1].transpose(2, 0, 1)


VIEWS = {name: view for ndim in (2, 3) for name, view in _views(ndim)}


def _base(m: Any, ndim: int) -> Any:
    shape = (2, 3, 4)[:ndim]
    return m.asarray(numpy.arange(float(numpy.prod(shape))).reshape(shape) + 0.25)


ONE: dict[str, Make] = {
    "x + 1": lambda m, x: x + 1,
    "negative": lambda m, x: m.negative(x),
    "isnan": lambda m, x: m.isnan(x),
    "sqrt": lambda m, x: m.sqrt(x),
    "add(where=)": lambda m, x: m.add(x, 1, where=x > 0, out=None),
    "astype": lambda m, x: x.astype("f4"),
    "astype(C)": lambda m, x: x.astype("f4", order="C"),
    "astype(A)": lambda m, x: x.astype("f4", order="A"),
    "copy": lambda m, x: x.copy(),
    "copy(K)": lambda m, x: x.copy("K"),
    "copy(A)": lambda m, x: x.copy("A"),
    "m.copy": lambda m, x: m.copy(x),
    "array": lambda m, x: m.array(x),
    "array(dtype)": lambda m, x: m.array(x, dtype="f4"),
    "array(ndmin)": lambda m, x: m.array(x, ndmin=4),
    "array(C)": lambda m, x: m.array(x, order="C"),
    "asarray(dtype)": lambda m, x: m.asarray(x, "i8"),
    "asarray(C)": lambda m, x: m.asarray(x, order="C"),
    "ascontiguousarray": lambda m, x: m.ascontiguousarray(x),
    "sum(0)": lambda m, x: x.sum(0),
    "sum(1)": lambda m, x: x.sum(1),
    "sum(-1)": lambda m, x: x.sum(-1),
    "sum(keepdims)": lambda m, x: x.sum(1, keepdims=True),
    "sum(dtype)": lambda m, x: x.sum(0, dtype="f4"),
    "sum(where)": lambda m, x: x.sum(0, where=x > 2),
    "sum(initial)": lambda m, x: x.sum(0, initial=2),
    "sum(())": lambda m, x: x.sum(()),
    "prod": lambda m, x: x.prod(1),
    "max": lambda m, x: x.max(0),
    "max(initial)": lambda m, x: x.max(0, initial=2),
    "any": lambda m, x: x.any(0),
    "all": lambda m, x: x.all(1),
    "count_nonzero": lambda m, x: m.count_nonzero(x, 0),
    "add.reduce": lambda m, x: m.add.reduce(x),
    "mean": lambda m, x: x.mean(0),
    "mean(where)": lambda m, x: x.mean(0, where=x > 2),
    "var": lambda m, x: x.var(1),
    "std": lambda m, x: x.std(0),
    "ptp": lambda m, x: m.ptp(x, 0),
    "average": lambda m, x: m.average(x, 0),
    "average(weights)": lambda m, x: m.average(x, 0, weights=x),
    "nansum": lambda m, x: m.nansum(x, 0),
    "nanmean": lambda m, x: m.nanmean(x, 0),
    "nanprod": lambda m, x: m.nanprod(x, 0),
    "nanvar": lambda m, x: m.nanvar(x, 0),
    "nanstd": lambda m, x: m.nanstd(x, 1),
    "nanmin": lambda m, x: m.nanmin(x, 0),
    "nanmax": lambda m, x: m.nanmax(x, 1),
    "trapezoid": lambda m, x: m.trapezoid(x, axis=0),
    "trace": lambda m, x: m.trace(x),
    "trace(1,0)": lambda m, x: m.trace(x, axis1=1, axis2=0),
    "clip": lambda m, x: m.clip(x, 1, 3),
    "insert": lambda m, x: m.insert(x, 1, 7, 0),
    "insert several": lambda m, x: m.insert(x, [0, 1], 7, -1),
    "delete": lambda m, x: m.delete(x, 1, 0),
    "delete a slice": lambda m, x: m.delete(x, slice(0, 1), -1),
    "delete nothing": lambda m, x: m.delete(x, slice(0, 0), -1),
    "resize": lambda m, x: m.resize(x, (5, 7)),
    "repeat by a list": lambda m, x: m.repeat(x, list(range(x.shape[0])), 0),
    "trim_zeros": lambda m, x: m.trim_zeros(x),
    "x.flat": lambda m, x: x.flat[:],
    "x.clip": lambda m, x: x.clip(1, 3),
    "clip(min)": lambda m, x: m.clip(x, 1, None),
    "round": lambda m, x: m.round(x),
    "round(1)": lambda m, x: x.round(1),
    "round(-1)": lambda m, x: m.round(x.astype("i8"), -1),
    "round int": lambda m, x: m.round(x.astype("i8")),
    "fix": lambda m, x: m.fix(x),
    "real": lambda m, x: m.real(x + 1j),
    "imag": lambda m, x: m.imag(x),
    "angle": lambda m, x: m.angle(x),
    "isreal": lambda m, x: m.isreal(x),
    "iscomplex": lambda m, x: m.iscomplex(x),
    "isposinf": lambda m, x: m.isposinf(x),
    "nan_to_num": lambda m, x: m.nan_to_num(x),
    "sinc": lambda m, x: m.sinc(x),
    "modf": lambda m, x: m.modf(x)[0],
    "modf 1": lambda m, x: m.modf(x)[1],
    "interp": lambda m, x: m.interp(x, [0.0, 1, 3], [1.0, 2, 5]),
    "interp complex": lambda m, x: m.interp(x, [0.0, 1, 3], [1.0, 2j, 5]),
    "apply_along_axis": lambda m, x: m.apply_along_axis(m.cumsum, 0, x),
    "apply_along_axis(1)": lambda m, x: m.apply_along_axis(m.max, 1, x),
    "unique(axis)": lambda m, x: m.unique(x, axis=0),
    "unique(axis=1)": lambda m, x: m.unique(x, axis=1),
    "quantile(weights)": lambda m, x: m.quantile(x, 0.4, 0, method="inverted_cdf", weights=x + 1),
    "polyval of it": lambda m, x: m.poly1d([1, 2])(x),
    "packbits": lambda m, x: m.packbits(x > 2, 0),
    "packbits(-1)": lambda m, x: m.packbits(x > 2, -1),
    "unpackbits": lambda m, x: m.unpackbits(x.astype("u1"), 1),
    "frexp": lambda m, x: m.frexp(x)[0],
    "frexp 1": lambda m, x: m.frexp(x)[1],
    "ldexp": lambda m, x: m.ldexp(x, 2),
    "gcd": lambda m, x: m.gcd(x.astype("i4"), 6),
    "divmod": lambda m, x: m.divmod(x, 2)[0],
    "divmod 1": lambda m, x: divmod(x, 2)[1],
    "where": lambda m, x: m.where(x > 2, x, 0),
    "select": lambda m, x: m.select([x > 2, x < 1], [x, 1.5], 0),
    "choose": lambda m, x: m.choose(x > 2, [x, -x]),
    "piecewise": lambda m, x: m.piecewise(x, [x > 2], [1, 2]),
    "apply_over_axes": lambda m, x: m.apply_over_axes(m.sum, x, (0,)),
    "polyval": lambda m, x: m.polyval([1, 2, 3], x),
    "i0": lambda m, x: m.i0(x),
    "real_if_close": lambda m, x: m.real_if_close(x + 0j),
    "require(F)": lambda m, x: m.require(x, None, "F"),
    "where scalar": lambda m, x: m.where(x > 2, 1, 0),
    "isclose": lambda m, x: m.isclose(x, 1.0),
    "zeros_like": lambda m, x: m.zeros_like(x),
    "ones_like": lambda m, x: m.ones_like(x, dtype="f4"),
    "full_like": lambda m, x: m.full_like(x, 3),
    "full_like array": lambda m, x: m.full_like(x, x),
    "empty_like": lambda m, x: m.empty_like(x),
    "empty_like(C)": lambda m, x: m.empty_like(x, order="C"),
    "empty_like(shape)": lambda m, x: m.empty_like(x, shape=(3, 5, 4)[: x.ndim]),
    "zeros_like(shape)": lambda m, x: m.zeros_like(x, shape=(3, 5)),
    "tril": lambda m, x: m.tril(x),
    "diagflat": lambda m, x: m.diagflat(x),
    "triu": lambda m, x: m.triu(x, 1),
    "roll": lambda m, x: m.roll(x, 1),
    "roll(0)": lambda m, x: m.roll(x, 1, 0),
    "roll(-1)": lambda m, x: m.roll(x, 1, -1),
    "roll(0, 1)": lambda m, x: m.roll(x, (1, 1), (0, 1)),
    "roll(0 by 0)": lambda m, x: m.roll(x, 0, 0),
    "concatenate": lambda m, x: m.concatenate([x, x]),
    "concatenate(1)": lambda m, x: m.concatenate([x, x], 1),
    "concatenate(None)": lambda m, x: m.concatenate([x, x], None),
    "concatenate(dtype)": lambda m, x: m.concatenate([x, x], -1, dtype="f4"),
    "concatenate mixed": lambda m, x: m.concatenate([x, x.astype("f4")], 1),
    "concatenate with C": lambda m, x: m.concatenate([x, m.ones(x.shape)], 1),
    "concatenate one": lambda m, x: m.concatenate([x]),
    "stack": lambda m, x: m.stack([x, x]),
    "stack(1)": lambda m, x: m.stack([x, x], 1),
    "stack(-1)": lambda m, x: m.stack([x, x], -1),
    "stack(dtype)": lambda m, x: m.stack([x, x], 1, dtype="f4"),
    "stack with C": lambda m, x: m.stack([x, m.ones(x.shape)], 1),
    "vstack": lambda m, x: m.vstack([x, x]),
    "hstack": lambda m, x: m.hstack([x, x]),
    "dstack": lambda m, x: m.dstack([x, x]),
    "column_stack": lambda m, x: m.column_stack([x, x]),
    "append": lambda m, x: m.append(x, x, 0),
    "append(None)": lambda m, x: m.append(x, x),
    "r_": lambda m, x: m.r_["-1", x, x],
    "c_": lambda m, x: m.c_[x, x],
    "r_(0,3,1)": lambda m, x: m.r_["0,4,1", x, x],
    "block": lambda m, x: m.block([[x, x], [x, x]]),
    "block with C": lambda m, x: m.block([x, m.ones(x.shape)]),
    "block of one": lambda m, x: m.block(x),
    "array of arrays": lambda m, x: m.array([x, x]),
    "pad": lambda m, x: m.pad(x, 1),
    "pad(edge)": lambda m, x: m.pad(x, 1, "edge"),
    "pad(wrap)": lambda m, x: m.pad(x, 1, "wrap"),
    "pad(reflect)": lambda m, x: m.pad(x, 1, "reflect"),
    "pad(linear_ramp)": lambda m, x: m.pad(x, 1, "linear_ramp"),
    "pad(maximum)": lambda m, x: m.pad(x, 1, "maximum"),
    "byteswap": lambda m, x: x.byteswap(),
    "view": lambda m, x: x.view(f"i{x.itemsize}"),
    "pad(0)": lambda m, x: m.pad(x, 0, "edge"),
    "tile": lambda m, x: m.tile(x, 2),
    "tile(1)": lambda m, x: m.tile(x, 1),
    "tile(2, 1)": lambda m, x: m.tile(x, (2, 1)),
    "tile(2, 1, 1, 1)": lambda m, x: m.tile(x, (2, 1, 1, 1)),
    "tile(1, 1, 1, 1)": lambda m, x: m.tile(x, (1, 1, 1, 1)),
    "repeat": lambda m, x: m.repeat(x, 2),
    "repeat(0)": lambda m, x: m.repeat(x, 2, 0),
    "repeat(1)": lambda m, x: m.repeat(x, 2, 1),
    "repeat(1 by 1)": lambda m, x: m.repeat(x, 1, 1),
    "cumsum": lambda m, x: m.cumsum(x, 0),
    "cumprod(-1)": lambda m, x: x.cumprod(-1),
    "cumulative_sum": lambda m, x: m.cumulative_sum(x, axis=1, include_initial=True),
    "subtract.accumulate": lambda m, x: m.subtract.accumulate(x, 1),
    "subtract.reduce": lambda m, x: m.subtract.reduce(x, 1),
    "add.reduceat": lambda m, x: m.add.reduceat(x, [0, 1]),
    "add.reduceat(-1)": lambda m, x: m.add.reduceat(x, [1, 0], -1),
    "maximum.accumulate": lambda m, x: m.maximum.accumulate(x, 1),
    "nancumsum": lambda m, x: m.nancumsum(x, 0),
    "argmax": lambda m, x: m.argmax(x, 0),
    "argmin(-1)": lambda m, x: x.argmin(-1),
    "argmax(keepdims)": lambda m, x: m.argmax(x, 1, keepdims=True),
    "unwrap": lambda m, x: m.unwrap(x, axis=0),
    "diff": lambda m, x: m.diff(x),
    "diff(0)": lambda m, x: m.diff(x, axis=0),
    "diff(prepend)": lambda m, x: m.diff(x, axis=0, prepend=0),
    "gradient": lambda m, x: m.gradient(x)[0],
    "gradient(1)": lambda m, x: m.gradient(x, 2.0, axis=1),
    "flip": lambda m, x: m.flip(x, 0),
    "rot90": lambda m, x: m.rot90(x),
    "ravel": lambda m, x: m.ravel(x),
    "flatten": lambda m, x: x.flatten(),
    "reshape": lambda m, x: x.reshape(x.shape[::-1]),
    "reshape(-1)": lambda m, x: x.reshape(-1),
    "meshgrid": lambda m, x: m.meshgrid(x.ravel(), x.ravel())[0],
    "meshgrid(ij)": lambda m, x: m.meshgrid(x.ravel(), x.ravel(), indexing="ij")[1],
    "dot": lambda m, x: m.dot(x, m.ones((x.shape[-1], 2))),
    "dot vector": lambda m, x: m.dot(x, m.ones(x.shape[-1])),
    "dot 3": lambda m, x: m.dot(m.ones((2, x.shape[-2])), x),
    "matmul": lambda m, x: x @ m.ones((x.shape[-1], 2)),
    "matmul left": lambda m, x: m.ones((2, x.shape[-2])) @ x,
    "matmul vector": lambda m, x: x @ m.ones(x.shape[-1]),
    "inner": lambda m, x: m.inner(x, m.ones((2, x.shape[-1]))),
    "outer": lambda m, x: m.outer(x, x),
    "ufunc.outer": lambda m, x: m.multiply.outer(x, m.ones(2)),
    "kron": lambda m, x: m.kron(x, m.ones((2, 3))),
    "kron left": lambda m, x: m.kron(m.ones(2), x),
    "cross": lambda m, x: m.cross(x[..., :3], x[..., -3:], axisc=0),
    "matvec": lambda m, x: m.matvec(x, m.ones(x.shape[-1])),
    "vecmat": lambda m, x: m.vecmat(m.ones(x.shape[-2]), x),
    "vander": lambda m, x: m.vander(x.ravel(), 3),
    "norm(0)": lambda m, x: m.linalg.norm(x, axis=0),
    "norm(1, inf)": lambda m, x: m.linalg.norm(x, m.inf, 1, keepdims=True),
    "matrix_norm": lambda m, x: m.linalg.matrix_norm(x, ord=1),
    "fft": lambda m, x: m.fft.fft(x),
    "fft(0)": lambda m, x: m.fft.fft(x, axis=0),
    "rfftn": lambda m, x: m.fft.rfftn(x),
    "irfft": lambda m, x: m.fft.irfft(x, 5, 0),
    "fftshift": lambda m, x: m.fft.fftshift(x),
    "matrix_power": lambda m, x: m.linalg.matrix_power(x[..., :2, :2], 3),
    "cov": lambda m, x: m.cov(x[..., 0] if x.ndim > 2 else x),
    "tensordot": lambda m, x: m.tensordot(x, m.ones((x.shape[-1], 2)), 1),
    "vecdot": lambda m, x: m.vecdot(x, m.ones(x.shape[-1])),
    "vecdot self": lambda m, x: m.vecdot(x, x),
    "broadcast copy": lambda m, x: m.broadcast_to(x, (2, *x.shape)).copy(order="K"),
    "broadcast copy C": lambda m, x: m.broadcast_to(x, (2, *x.shape)).copy(),
    "broadcast + 1": lambda m, x: m.broadcast_to(x, (2, *x.shape)) + 1,
    "broadcast astype": lambda m, x: m.broadcast_to(x, (2, *x.shape)).astype("f4"),
    "broadcast last": lambda m, x: m.broadcast_to(x[..., None], (*x.shape, 2)).astype("f4"),
    "broadcast last + 1": lambda m, x: m.broadcast_to(x[..., None], (*x.shape, 2)) + 1,
    "broadcast last sum": lambda m, x: m.broadcast_to(x[..., None], (*x.shape, 2)).sum(0),
    "broadcast like": lambda m, x: m.zeros_like(m.broadcast_to(x, (2, *x.shape))),
    "broadcast last like": lambda m, x: m.zeros_like(
        m.broadcast_to(x[..., None], (*x.shape, 2))
    ),
    "broadcast max": lambda m, x: m.broadcast_to(x, (2, *x.shape)).max(1),
    "+ row": lambda m, x: x + m.ones(x.shape[-1]),
    "+ C": lambda m, x: x + m.ones(x.shape),
    "C +": lambda m, x: m.ones(x.shape) + x,
    "where C": lambda m, x: m.where(m.ones(x.shape, bool), x, 0),
    "+ reversed": lambda m, x: x + m.ones(x.shape[::-1]).T,
    "linspace": lambda m, x: m.linspace(x, x + 1, 3),
    "linspace(-1)": lambda m, x: m.linspace(x, x + 1, 3, axis=-1),
    "logspace": lambda m, x: m.logspace(x * 0, x * 0 + 1, 3),
    "logspace(-1)": lambda m, x: m.logspace(x * 0, x * 0 + 1, 3, axis=-1),
}  # fmt: skip


def _strides(x: Any) -> list[tuple[int, int]]:
    """Of the axes that have more than one element."""
    if 0 in x.shape:
        return []
    return [(a, step) for a, (n, step) in enumerate(zip(x.shape, x.strides, strict=True)) if n > 1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ONE)
def test_results_lie_as_numpys(name: str) -> None:
    failures = []
    for view_name, view in VIEWS.items():
        ndim = 2 if len(view_name) < 16 and view_name.startswith("transpose") else 3
        results = []
        for m in (numpy, quelea):
            try:
                results.append(ONE[name](m, view(_base(m, ndim))))
            except Exception as error:
                results.append(error)
        theirs, ours = results
        if isinstance(theirs, Exception):
            continue
        if isinstance(ours, Exception):
            failures.append((view_name, repr(ours)))
        elif theirs.shape != ours.shape:
            failures.append((view_name, theirs.shape, ours.shape))
        elif _strides(theirs) != _strides(ours):
            failures.append((view_name, theirs.shape, theirs.strides, ours.strides))
    assert not failures


@pytest.mark.parametrize("axes", list(permutations(range(4))))
def test_stacks_of_matrices_lie_as_numpys(axes: tuple[int, ...]) -> None:
    for others in ((0, 1, 2, 3), (1, 0, 2, 3), (3, 2, 1, 0)):
        x = numpy.arange(120.0).reshape(2, 3, 4, 5).transpose(axes)
        shape = (*x.shape[:2], x.shape[3], 2)
        y = numpy.ones([shape[i] for i in others]).transpose(numpy.argsort(others))
        for a, b in ((x, y), (x[0], y), (x, y[:, :1])):
            ours, theirs = quelea.asarray(a) @ quelea.asarray(b), a @ b
            same(ours, theirs, (axes, others))
            assert _strides(ours) == _strides(theirs), (axes, others)


# ---- order= and arrays that enter ----


def _zeroed(x: Any) -> Any:
    x[...] = 0
    return x


ORDERED: dict[str, Callable[[Any, Any, str], Any]] = {
    "array": lambda m, x, order: m.array(x, order=order),
    "array(copy=None)": lambda m, x, order: m.array(x, order=order, copy=None),
    "asarray": lambda m, x, order: m.asarray(x, order=order),
    "asanyarray": lambda m, x, order: m.asanyarray(x, order=order),
    "copy": lambda m, x, order: m.copy(x, order=order),
    "x.copy": lambda m, x, order: x.copy(order),
    "astype": lambda m, x, order: x.astype("f4", order),
    "astype(copy=False)": lambda m, x, order: x.astype("f8", order, copy=False),
    "reshape": lambda m, x, order: x.reshape(x.shape[1:] + x.shape[:1], order=order),
    "m.reshape": lambda m, x, order: m.reshape(x, (-1, x.shape[0]), order=order),
    "reshape(copy)": lambda m, x, order: x.reshape((x.shape[-1], -1), order=order, copy=True),
    "ravel": lambda m, x, order: x.ravel(order),
    "m.ravel": lambda m, x, order: m.ravel(x, order=order),
    "flatten": lambda m, x, order: x.flatten(order),
    "zeros": lambda m, x, order: m.zeros(x.shape, order=order),
    "ones": lambda m, x, order: m.ones(x.shape, order=order),
    "empty": lambda m, x, order: _zeroed(m.empty(x.shape, order=order)),
    "full": lambda m, x, order: m.full(x.shape, 2, order=order),
    "full array": lambda m, x, order: m.full(x.shape, m.arange(x.shape[-1]), order=order),
    "eye": lambda m, x, order: m.eye(3, 4, order=order),
    "zeros_like": lambda m, x, order: m.zeros_like(x, order=order),
    "full_like": lambda m, x, order: m.full_like(x, 2, order=order),
    "zeros_like(shape)": lambda m, x, order: m.zeros_like(x, order=order, shape=(3, 2)),
}


@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("name", ORDERED)
def test_order_is_taken(name: str, order: str) -> None:
    for view_name, view in VIEWS.items():
        ndim = 2 if len(view_name) < 16 and view_name.startswith("transpose") else 3
        theirs_base, ours_base = (view(_base(m, ndim)) for m in (numpy, quelea))
        try:
            theirs = ORDERED[name](numpy, theirs_base, order)
        except ValueError:
            with pytest.raises(ValueError):
                ORDERED[name](quelea, ours_base, order)
            continue
        ours = ORDERED[name](quelea, ours_base, order)
        same(ours, theirs, (view_name, order))
        assert _strides(ours) == _strides(theirs), (view_name, order)
        is_view = numpy.shares_memory(theirs, theirs_base)
        assert quelea.shares_memory(ours, ours_base) == is_view, (view_name, order)


@pytest.mark.parametrize("order", ["X", "", "CC", 3])
def test_orders_that_there_are_not(order: Any) -> None:
    for name, make in ORDERED.items():
        for m in (numpy, quelea):
            with pytest.raises((ValueError, TypeError)):
                make(m, _base(m, 2), order)
                pytest.fail(f"{name} of {m.__name__}")


@pytest.mark.parametrize("view_name", VIEWS)
def test_what_enters_lies_as_it_lay(view_name: str) -> None:
    x = (
        VIEWS[view_name](_base(numpy, 2 if len(view_name) < 16 else 3))
        if "transpose" in view_name
        else VIEWS[view_name](_base(numpy, 3))
    )
    for ours, theirs in (
        (quelea.array(x), numpy.array(x)),
        (quelea.asarray(x, order="C"), numpy.asarray(x, order="C")),
        (quelea.asfortranarray(x), numpy.asfortranarray(x)),
        (quelea.ones(x.shape) + x, numpy.ones(x.shape) + x),
        (quelea.add(x, quelea.asarray(x)), numpy.add(x, x)),
    ):
        same(ours, theirs, view_name)
        assert _strides(ours) == _strides(theirs)


def test_a_reshaped_sum_is_a_copy_where_numpys_is() -> None:
    """A public report's example."""
    results = []
    for m in (numpy, quelea):
        x = m.asarray(numpy.arange(24.0).reshape(2, 3, 4)).transpose(2, 1, 0)
        y = x.sum(axis=0)
        z = y.reshape(-1)
        y[...] = 9
        results.append(z[:4])
    same(results[1], results[0])
