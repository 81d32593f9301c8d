"""Generator: NumPy's, with arrays that are Quelea's."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from .. import _quelea
from .._quelea import ndarray
from ..dispatch import as_numpy, taken_in
from .bits import INTEGERS, PCG64, count, filled, is_large, shape_of, words

__all__ = ["Generator", "default_rng"]

ALIKE = 2**20
UNIFORM, NORMAL, EXPONENTIAL = range(3)  # of QlDistribution

# ---- how many numbers ----

# methods whose elements are vectors as long as this argument
_VECTORS = {
    "dirichlet": "alpha",
    "multinomial": "pvals",
    "multivariate_hypergeometric": "colors",
    "multivariate_normal": "mean",
}
# methods that take an array to choose from, or a number for arange of it
_TAKING = {"choice": "a", "permutation": "x", "permuted": "x", "shuffle": "x"}


def _elements(x: Any) -> int:
    return int(x.size) if isinstance(x, ndarray) else numpy.size(x)


def shape_wanted(size: Any, parameters: Sequence[Any]) -> tuple[int, ...] | None:
    """Give the shape of what parameters and size= ask for; None: a number."""
    shape = shape_of(size)
    if shape is None:
        shape = numpy.broadcast_shapes(*(numpy.shape(p) for p in parameters)) or None
    return shape


def how_many(name: str, arguments: dict[str, Any]) -> int:
    """Count the numbers that a call of NumPy's method makes, or moves."""
    if name in _TAKING:
        source = arguments[_TAKING[name]]
        whole = _elements(source)
        if whole == 1 and name != "shuffle" and not numpy.shape(source):
            whole = int(source) if arguments.get("replace") is False or name == "permutation" else 1
        return max(whole, count(shape_of(arguments.get("size")) or ()))
    if name in _VECTORS:
        return count(shape_of(arguments.get("size")) or ()) * _elements(arguments[_VECTORS[name]])
    given = [v for k, v in arguments.items() if k not in ("self", "size", "dtype", "out", "method")]
    numbers = [v for v in given if not isinstance(v, (bool, str, type, numpy.dtype))]
    return count(shape_wanted(arguments.get("size"), numbers) or ())


def refuse_many(owner: str, name: str, total: int, most: int, instead: str) -> None:
    """Refuse what every rank would have to make alone."""
    if total > most:
        raise NotImplementedError(
            f"{owner}.{name} of {total} elements is not in Quelea yet: every rank draws all of them, "
            f"at most {most}; {instead}"
        )


# ---- methods of NumPy's that every rank calls ----


def delegated(owner: type, name: str, most: int, instead: str) -> Callable[..., Any]:
    """Make a method that calls NumPy's on every rank, and takes its array in."""
    theirs = getattr(owner, name)
    signature = inspect.signature(theirs)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(self._numpy, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None
        refuse_many(owner.__name__, name, how_many(name, bound.arguments), most, instead)
        out = kwargs.pop("out", None)
        result = theirs(self._numpy, *map(as_numpy, args), **as_numpy(kwargs))
        return delivered(taken_in(result), out)

    method.__name__ = name
    method.__qualname__ = f"{owner.__name__}.{name}"
    method.__signature__ = signature  # type: ignore[attr-defined]
    text = inspect.cleandoc(theirs.__doc__ or "").split("\nExamples\n")[0].rstrip()
    text = text.replace(">>> ", "")  # an example in a parameter's description: no test of ours
    method.__doc__ = (
        f"Draw as NumPy's ``{owner.__name__}.{name}``, on every rank: at most {most} elements.\n\n"
        "Collective; arrays are Quelea's, and have NumPy's bits. More elements are a NotImplementedError.\n\n"
        f"NumPy's text:\n\n{text}\n"
    )
    return method


def delivered(result: Any, out: Any) -> Any:
    """Give a result, in `out` if there is one."""
    if out is None:
        return result
    out[...] = result
    return out


def check_out(out: Any, shape: tuple[int, ...] | None, dtype: Any) -> tuple[int, ...] | None:
    """Give the shape that is wanted where there may be an array for it."""
    if out is None:
        return shape
    if not isinstance(out, ndarray):
        raise TypeError(f"out must be a quelea.ndarray, not {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(
            f"Supplied output array has the wrong type. Expected {numpy.dtype(dtype)}, got {out.dtype}"
        )
    if shape is not None and shape != out.shape:
        raise ValueError("size must match out.shape when used together")
    return tuple(out.shape)


# ---- numbers made of one draw each ----


def _check_signs(name: str, value: Any) -> None:
    is_array = isinstance(value, ndarray) or numpy.ndim(value)
    if is_array and _quelea.any(_quelea.asarray(value) < 0):
        raise ValueError(f"{name} < 0")


def _tan_of_half_turns(g: "Generator", shape: tuple[int, ...]) -> Any:
    return _quelea.tan(numpy.pi * (g.random(shape) - 0.5))


def _laplace(g: "Generator", shape: tuple[int, ...], loc: Any, scale: Any) -> Any:
    u = g.random(shape) - 0.5
    return loc - scale * _quelea.sign(u) * _quelea.log1p(-2 * _quelea.absolute(u))


def _triangular(g: "Generator", shape: tuple[int, ...], left: Any, mode: Any, right: Any) -> Any:
    u, base = g.random(shape), right - left
    low = left + ((mode - left) * base * u) ** 0.5
    high = right - ((right - mode) * base * (1 - u)) ** 0.5
    return _quelea.where(u * base <= mode - left, low, high)


# of a shape and the method's parameters
_MADE: dict[str, Callable[..., Any]] = {
    "normal": lambda g, shape, loc, scale: loc + scale * g.standard_normal(shape),
    "exponential": lambda g, shape, scale: scale * g.standard_exponential(shape),
    "lognormal": lambda g, shape, mean, sigma: _quelea.exp(mean + sigma * g.standard_normal(shape)),
    "gumbel": lambda g, shape, loc, scale: (
        loc - scale * _quelea.log(g.standard_exponential(shape))
    ),
    "laplace": _laplace,
    "logistic": lambda g, shape, loc, scale: (
        loc + scale * _quelea.log(_quelea.expm1(g.standard_exponential(shape)))
    ),
    "pareto": lambda g, shape, a: _quelea.expm1(g.standard_exponential(shape) / a),
    "power": lambda g, shape, a: (-_quelea.expm1(-g.standard_exponential(shape))) ** (1 / a),
    "rayleigh": lambda g, shape, scale: scale * (2 * g.standard_exponential(shape)) ** 0.5,
    "standard_cauchy": _tan_of_half_turns,
    "triangular": _triangular,
    "weibull": lambda g, shape, a: g.standard_exponential(shape) ** (1 / a),
}


def _made(name: str) -> Callable[..., Any]:
    theirs = getattr(numpy.random.Generator, name)
    signature, make = inspect.signature(theirs), _MADE[name]
    few = delegated(numpy.random.Generator, name, ALIKE, "")

    def method(self: "Generator", *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(self._numpy, *args, **kwargs)
        bound.apply_defaults()
        parameters = {k: v for k, v in bound.arguments.items() if k not in ("self", "size")}
        shape = shape_wanted(bound.arguments["size"], list(parameters.values()))
        if shape is None or count(shape) <= ALIKE or words(self.bit_generator) is None:
            return few(self, *args, **kwargs)
        return self._made_of(name, shape, parameters, make)

    method.__name__, method.__qualname__ = name, f"Generator.{name}"
    method.__signature__ = signature  # type: ignore[attr-defined]
    method.__doc__ = f"""Draw as ``numpy.random.Generator.{name}``: NumPy's own numbers up to ``ALIKE`` elements,
        then numbers of the same distribution that all ranks share out, one draw each."""
    return method


class Generator:
    """NumPy's Generator, with arrays that are Quelea's.

    What it gives has the same bits on any number of ranks. `random`, `uniform`, `integers` of a power of two, and
    `random_raw` of the bit generator, are NumPy's bit for bit, at any size and over any calls; larger arrays are filled
    by all ranks, each its own part. Everything else is NumPy's bit for bit up to `ALIKE` elements in a call, drawn by
    every rank; above that `integers` stay NumPy's until it rejects a draw, distributions that follow from one number
    (normal, exponential, lognormal, laplace, logistic, gumbel, pareto, power, rayleigh, weibull, triangular,
    standard_cauchy) are made of one draw for each element, and the others are refused.

    Parameters
    ----------
    bit_generator : BitGenerator
        Of `quelea.random` or `numpy.random`, alike on all ranks. Large arrays take PCG64 or Philox.

    Examples
    --------
    >>> import quelea as np
    >>> rng = np.random.default_rng(7)
    >>> rng.random(3)
    array([0.62509547, 0.8972138 , 0.77568569])
    >>> rng.integers(10, size=4)
    array([8, 2, 0, 3])
    """

    ALIKE = ALIKE

    def __init__(self, bit_generator: Any) -> None:
        self._numpy = numpy.random.Generator(bit_generator)

    def __repr__(self) -> str:
        return f"{self} at 0x{id(self):X}"

    def __str__(self) -> str:
        return f"{type(self).__name__}({type(self.bit_generator).__name__})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.bit_generator,)

    @property
    def bit_generator(self) -> Any:
        """The bit generator, one of `quelea.random` or `numpy.random`, with the state. It is alike on all ranks."""
        return self._numpy.bit_generator

    def spawn(self, n_children: int) -> list["Generator"]:
        """Make generators of streams of their own, NumPy's for the same seed. Local, alike on all ranks.

        Parameters
        ----------
        n_children : int
            How many.

        Returns
        -------
        list of Generator
        """
        return [type(self)(bits) for bits in self.bit_generator.spawn(n_children)]

    def bytes(self, length: int) -> bytes:
        """Draw bytes, the same on every rank."""
        return self._numpy.bytes(length)

    def _made_of(
        self, name: str, shape: tuple[int, ...], parameters: dict[str, Any], make: Any
    ) -> ndarray:
        """Make a large array by whole-array operations on draws."""
        theirs = getattr(self._numpy, name)
        if all(numpy.ndim(p) == 0 and not isinstance(p, ndarray) for p in parameters.values()):
            theirs(**parameters, size=0)  # NumPy's checks
        elif numpy.broadcast_shapes(shape, *map(numpy.shape, parameters.values())) != shape:
            raise ValueError(
                f"Output size {shape} is not compatible with broadcast dimensions of inputs."
            )
        for parameter, value in parameters.items():
            if parameter not in ("loc", "mean", "left", "mode", "right"):
                _check_signs(parameter, value)
        result: ndarray = make(self, shape, *(self._taken(p) for p in parameters.values()))
        return result

    @staticmethod
    def _taken(parameter: Any) -> Any:
        return (
            parameter
            if isinstance(parameter, ndarray) or numpy.ndim(parameter) == 0
            else _quelea.asarray(parameter)
        )

    def _standard(
        self, name: str, distribution: int, size: Any, dtype: Any, out: Any, most: int, **how: Any
    ) -> Any:
        """Draw standard numbers; `most`: so many may be NumPy's own."""
        theirs = getattr(self._numpy, name)
        kind = numpy.dtype(dtype)
        if kind not in (numpy.float64, numpy.float32):
            theirs(0, dtype)
        shape = check_out(out, shape_of(size), kind)
        if shape is None:
            return theirs(dtype=kind, **how)
        bits, width = self.bit_generator, 32 if most == 0 and kind == numpy.float32 else 64
        if count(shape) > most and is_large(shape) and words(bits) is not None:
            return delivered(filled(bits, shape, kind, distribution, 0.0, 1.0, width), out)
        refuse_many("Generator", name, count(shape), ALIKE, "take PCG64 or Philox")
        return delivered(taken_in(theirs(shape, kind, **how)), out)

    def random(self, size: Any = None, dtype: Any = numpy.float64, out: Any = None) -> Any:
        """Draw floats from [0, 1), NumPy's bit for bit.

        Parameters
        ----------
        size : int or tuple of ints, optional
            By default one number, as a float.
        dtype : dtype, default float64
            Or float32.
        out : ndarray, optional
            Where they go.

        Returns
        -------
        float or ndarray

        Examples
        --------
        >>> import quelea as np
        >>> np.random.default_rng(1).random((2, 2))
        array([[0.51182162, 0.9504637 ],
               [0.14415961, 0.94864945]])
        """
        return self._standard("random", UNIFORM, size, dtype, out, 0)

    def standard_normal(self, size: Any = None, dtype: Any = numpy.float64, out: Any = None) -> Any:
        """Draw from the standard normal distribution: NumPy's own numbers up to `ALIKE` elements.

        Parameters
        ----------
        size : int or tuple of ints, optional
            By default one number, as a float.
        dtype : dtype, default float64
            Or float32.
        out : ndarray, optional
            Where they go.

        Returns
        -------
        float or ndarray
        """
        return self._standard("standard_normal", NORMAL, size, dtype, out, ALIKE)

    def standard_exponential(
        self, size: Any = None, dtype: Any = numpy.float64, method: str = "zig", out: Any = None
    ) -> Any:
        """Draw from the standard exponential distribution: NumPy's own numbers up to `ALIKE` elements.

        Parameters
        ----------
        size : int or tuple of ints, optional
            By default one number, as a float.
        dtype : dtype, default float64
            Or float32.
        method : {'zig', 'inv'}, default 'zig'
            Of NumPy's; larger arrays are made by inversion.
        out : ndarray, optional
            Where they go.

        Returns
        -------
        float or ndarray
        """
        how = {"method": method}
        return self._standard("standard_exponential", EXPONENTIAL, size, dtype, out, ALIKE, **how)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Draw floats from [low, high), NumPy's bit for bit.

        Parameters
        ----------
        low, high : float or array_like of floats
            They are broadcast.
        size : int or tuple of ints, optional
            By default as many as they have together.

        Returns
        -------
        float or ndarray

        Examples
        --------
        >>> import quelea as np
        >>> np.random.default_rng(1).uniform(-1, 1, 3)
        array([ 0.02364325,  0.90092739, -0.71168077])
        """
        shape = shape_wanted(size, (low, high))
        if shape is None or not is_large(shape) or words(self.bit_generator) is None:
            total = 0 if shape is None else count(shape)
            refuse_many("Generator", "uniform", total, ALIKE, "take PCG64 or Philox")
            return taken_in(self._numpy.uniform(as_numpy(low), as_numpy(high), size))
        if numpy.ndim(low) == numpy.ndim(high) == 0:
            low, high = float(low), float(high)
            self._numpy.uniform(low, high, 0)  # NumPy's checks
            return filled(self.bit_generator, shape, "float64", UNIFORM, low, high - low)
        extent = self._taken(high) - self._taken(low)
        if not _quelea.all(_quelea.isfinite(extent)):
            raise OverflowError("Range exceeds valid bounds")
        if _quelea.any(_quelea.signbit(extent)):
            raise ValueError("high - low < 0")
        if numpy.broadcast_shapes(shape, numpy.shape(extent)) != shape:
            raise ValueError(
                f"Output size {shape} is not compatible with broadcast dimensions of inputs."
            )
        return self._taken(low) + extent * self.random(shape)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Draw from normal distributions: NumPy's own numbers up to `ALIKE` elements.

        Parameters
        ----------
        loc, scale : float or array_like of floats
            Means and standard deviations; they are broadcast.
        size : int or tuple of ints, optional
            By default as many as they have together.

        Returns
        -------
        float or ndarray
        """
        return self._shifted("normal", NORMAL, size, loc=loc, scale=scale)

    def exponential(self, scale: Any = 1.0, size: Any = None) -> Any:
        """Draw from exponential distributions: NumPy's own numbers up to `ALIKE` elements.

        Parameters
        ----------
        scale : float or array_like of floats
            Their means.
        size : int or tuple of ints, optional
            By default as many as there are means.

        Returns
        -------
        float or ndarray
        """
        return self._shifted("exponential", EXPONENTIAL, size, scale=scale)

    def _shifted(self, name: str, distribution: int, size: Any, **parameters: Any) -> Any:
        shape = shape_wanted(size, list(parameters.values()))
        bits = self.bit_generator
        if shape is None or count(shape) <= ALIKE or words(bits) is None:
            total = 0 if shape is None else count(shape)
            refuse_many("Generator", name, total, ALIKE, "take PCG64 or Philox")
            given = {key: as_numpy(value) for key, value in parameters.items()}
            return taken_in(getattr(self._numpy, name)(**given, size=size))
        if any(numpy.ndim(p) for p in parameters.values()):
            return self._made_of(name, shape, parameters, _MADE[name])
        numbers = {key: float(value) for key, value in parameters.items()}
        getattr(self._numpy, name)(**numbers, size=0)  # NumPy's checks
        loc, scale = numbers.get("loc", 0.0), numbers["scale"]
        return filled(bits, shape, "float64", distribution, loc, scale)

    def integers(
        self,
        low: Any,
        high: Any = None,
        size: Any = None,
        dtype: Any = numpy.int64,
        endpoint: bool = False,
    ) -> Any:
        """Draw integers from [low, high), or with `endpoint` from [low, high].

        They are NumPy's bit for bit where there are a power of two of them, or at most `ALIKE` are drawn in the call;
        in a larger array until NumPy rejects a draw, which it does to be exact, by which all later ones move.

        Parameters
        ----------
        low, high : int or array_like of ints
            With `low` alone: from [0, low).
        size : int or tuple of ints, optional
            By default as many as the bounds have together.
        dtype : dtype, default int64
            Of integers, or bool.
        endpoint : bool, default False
            Whether `high` is one of them.

        Returns
        -------
        int or ndarray
        """
        bounds = (low,) if high is None else (low, high)
        shape = shape_wanted(size, bounds)
        scalars = all(numpy.ndim(b) == 0 for b in bounds)
        bits = self.bit_generator
        if shape is not None and scalars and is_large(shape) and words(bits) is not None:
            checks: Any = numpy.random.Generator(numpy.random.PCG64(0))
            checks.integers(
                *map(as_numpy, bounds), size=1, dtype=dtype, endpoint=endpoint
            )  # NumPy's checks
            least, end = (0, int(low)) if high is None else (int(low), int(high))
            most, kind = end - least - (not endpoint), numpy.dtype(dtype)
            if count(shape) > ALIKE or (most & (most + 1)) == 0:
                return self._integers(shape, kind, least, most)
        total = 0 if shape is None else count(shape)
        refuse_many("Generator", "integers", total, ALIKE, "make them in parts")
        given: list[Any] = [as_numpy(low), None if high is None else as_numpy(high)]
        theirs: Any = self._numpy
        drawn = theirs.integers(*given, size, dtype, endpoint)
        return taken_in(drawn)

    def _integers(self, shape: tuple[int, ...], kind: Any, least: int, most: int) -> ndarray:
        if most == 0:
            return _quelea.full(shape, least, kind)
        width = 64 if most > 2**32 - 1 else min(8 * kind.itemsize, 32)
        width = 1 if kind.kind == "b" else width
        return filled(self.bit_generator, shape, kind, INTEGERS, least, most, width)

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Shuffle an array, or a list, in place along an axis: at most `ALIKE` elements, as NumPy does.

        Parameters
        ----------
        x : ndarray or list
            What is shuffled.
        axis : int, default 0
            Along which; of a list the only one.
        """
        refuse_many("Generator", "shuffle", _elements(x), ALIKE, "shuffle what selects from it")
        if not isinstance(x, ndarray):
            self._numpy.shuffle(x, axis)
            return
        values = numpy.array(as_numpy(x))
        self._numpy.shuffle(values, axis)
        x[...] = values


_OWN = set(vars(Generator))
for _name in dir(numpy.random.Generator):
    if _name.startswith("_") or _name in _OWN:
        continue
    setattr(
        Generator,
        _name,
        _made(_name)
        if _name in _MADE
        else delegated(numpy.random.Generator, _name, ALIKE, "make them in parts"),
    )


def default_rng(seed: Any = None) -> Generator:
    """Make a Generator, by default with PCG64.

    Parameters
    ----------
    seed : None, int, array_like of ints, SeedSequence, BitGenerator, Generator or RandomState, optional
        The same on all ranks. None: rank 0's entropy, on all of them.

    Returns
    -------
    Generator

    Examples
    --------
    >>> import quelea as np
    >>> np.random.default_rng(1).normal(size=2)
    array([0.34558419, 0.82161814])
    """
    if isinstance(seed, Generator):
        return seed
    if isinstance(seed, numpy.random.Generator):
        return Generator(seed.bit_generator)
    if isinstance(seed, numpy.random.BitGenerator):
        return Generator(seed)
    state = getattr(seed, "_bit_generator", None)
    return Generator(PCG64(as_numpy(seed)) if state is None else state)
