"""What Quelea found and what it did: ranks, nodes, memory, counters, parameters."""

import os
from collections.abc import Callable
from typing import Any

import numpy

from . import _quelea, config
from ._quelea import ndarray
from .answers import packed_failure, packed_result, unpacked

__all__ = ["counters", "info", "init", "movements", "on_root", "params", "sync", "why_not_blocked"]


def init(comm: Any = None) -> None:
    """Start Quelea on a communicator, before the first array does so.

    Collective over the ranks of the communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm, optional
        It is duplicated. Without it: all ranks of the job.

    Raises
    ------
    RuntimeError
        Quelea is initialised already.

    Examples
    --------
    >>> from mpi4py import MPI                                          # doctest: +SKIP
    >>> quelea.init(MPI.COMM_WORLD.Split(MPI.COMM_WORLD.rank % 2))      # doctest: +SKIP
    """
    if comm is None:
        _quelea.open(None)
        return
    try:
        from mpi4py import MPI
    except ImportError:
        raise TypeError(
            "quelea.init takes a communicator of mpi4py, which is not installed"
        ) from None
    if not isinstance(comm, MPI.Comm):
        raise TypeError(f"quelea.init takes a communicator of mpi4py, not {type(comm).__name__}")
    _quelea.open(MPI._addressof(comm))


def sync() -> None:
    """Execute everything that is recorded, and wait until it is done. Collective.

    Nothing needs it: looking at a value executes what it depends on. It is for measuring time, and for errors that are
    wanted here.

    Raises
    ------
    DivergenceError
        The ranks have recorded different things.
    MemoryError
        Some rank has no memory for it; all ranks raise it, with the line that recorded what needs it.

    Examples
    --------
    >>> import quelea as np
    >>> u = np.ones(1000) + 1
    >>> np.sync()
    """
    _quelea.sync()


_CAPTURED = (
    "the function of on_root runs on rank 0 alone, where Quelea arrays cannot be used: "
    "pass the array to on_root as an argument, and the function gets a NumPy array"
)


def on_root(function: Callable[..., Any], /, *arrays: Any) -> Any:
    """Call a function on rank 0 alone, with NumPy arrays: for files and pictures.

    Collective: the arrays are gathered to rank 0 first, whatever `quelea.config.strict` says. All ranks wait until
    the function returns, however long that takes; Ctrl-C ends the wait.

    Parameters
    ----------
    function : callable
        Called on rank 0 as ``function(*arrays)``, each Quelea array replaced by a NumPy array.
    *arrays : ndarray or any
        Other objects are passed on as they are.

    Returns
    -------
    Any
        What the function returns, on every rank: the other ranks get a pickled copy. None costs nothing.

    Raises
    ------
    Exception
        What the function raises, on every rank; what cannot be pickled becomes a RuntimeError with its text.
    TypeError
        The result cannot be pickled.
    RuntimeError
        The function used a Quelea array that it was not given, which needs all ranks; or some rank
        cannot unpickle the result.

    Examples
    --------
    >>> import quelea as np
    >>> np.on_root(lambda x: float(x.sum()), np.ones(3))
    3.0
    """
    with config._looking_is_allowed():
        given = [_quelea.gather(x, 0) if isinstance(x, ndarray) else x for x in arrays]
    if _quelea.info()["rank"] != 0:
        return _received(_quelea.share(b""))
    result: Any = None
    failure: BaseException | None = None
    _quelea.refuse(_CAPTURED)
    try:
        result = function(*given)
    except BaseException as error:
        failure = error
    finally:
        _quelea.refuse(None)
    if failure is None:
        packed, failure = packed_result(result)
    else:
        packed, failure = packed_failure(failure)
    _quelea.share(packed)
    if packed:
        _quelea.agree(None)
    if failure is not None:
        raise failure
    return result


def _received(packed: bytes) -> Any:
    if not packed:
        return None
    refusal = None
    try:
        has_failed, value = unpacked(packed)
    except Exception as error:  # whatever a class does when it is made again
        refusal = (
            f"what on_root's function gives cannot be unpickled: {type(error).__name__}: {error}"
        )
    _quelea.agree(refusal)
    if has_failed:
        value.add_note("raised by the function of on_root, on rank 0")
        raise value
    return value


def info() -> dict[str, Any]:
    """What was found at the start.

    Returns
    -------
    dict
        ``rank``, ``size``, ``node``, ``node_count``, ``threads``, ``workers``, ``memory_budget`` (bytes of a node),
        ``replicated_size`` (the most elements of an array that is replicated for its size), ``host``, ``comm``,
        ``target``, ``cache_folder``.
    """
    return _quelea.info()


def counters() -> dict[str, int]:
    """What really happened since the start, on this rank: statements, kernels, exchanges, gathers and their bytes.

    ``sweeps`` counts runs of kernels that were computed together, front by front (time blocking), and ``swept_kernels``
    the kernels in them: divided by each other they say how deep sweeps are. ``streamed_kernels`` are those that store
    what no cache can keep past the caches, ``portioned_kernels`` loops whose iterations cost different amounts, of
    which the workers of a node take portions in turn. Of what is there now ``arena_bytes`` and ``kept_copies_bytes``
    are memory of the node's, ``objects`` the arrays, views and exports of this rank, ``templates`` ways in which arrays
    are cut, and ``plans`` those that can be found again, which hold ``plan_bytes`` of this rank's memory.
    """
    return _quelea.counters()


def movements() -> list[dict[str, Any]]:
    """What moved between nodes, and for which lines of the program.

    Local. What is recorded and not yet executed is not in it: call `sync` first.

    Returns
    -------
    list of dict
        The most bytes first: ``line`` (file, number and text), ``what`` ("halo", "redistribution" or "gather"),
        ``times``, and ``bytes``, what this rank's node has received for it altogether. An exchange serves the
        first line that needs it.

    Examples
    --------
    >>> import quelea as np
    >>> for row in np.movements():                                      # doctest: +SKIP
    ...     print(row["bytes"], row["what"], row["line"])
    """
    rows = sorted(_quelea.movements(), key=lambda row: -row[3])
    return [dict(zip(("line", "what", "times", "bytes"), row, strict=True)) for row in rows]


def why_not_blocked() -> list[dict[str, Any]]:
    """Which lines of the program ended a sweep, and why.

    Local. The steps of a loop, statements that read what others before them have stored nearby, are computed together,
    front by front, while their data is in the cache (time blocking); ``counters()["swept_kernels"]`` says how many
    kernels were, in how many ``sweeps``. What is recorded and not yet executed is not in it: call `sync` first. Arrays
    that lie in the caches of the cores as they are, and what is touched once, are not swept, and not listed.

    Returns
    -------
    list of dict
        The most frequent first: ``line`` (file, number and text), ``why``, and ``times``.

    See Also
    --------
    counters : how much was computed in sweeps.

    Examples
    --------
    >>> import quelea as np
    >>> for row in np.why_not_blocked():                                # doctest: +SKIP
    ...     print(row["times"], row["line"], row["why"])
    """
    rows = sorted(_quelea.sweep_ends(), key=lambda row: -row[2])
    return [dict(zip(("line", "why", "times"), row[:3], strict=True)) for row in rows]


def params() -> list[dict[str, str]]:
    """The ``QUELEA_*`` parameters.

    Returns
    -------
    list of dict
        ``name``, ``type``, ``default``, ``text`` and the ``value`` that holds now.
    """
    return [
        {
            "name": name,
            "type": kind,
            "default": fallback,
            "text": text,
            "value": os.environ.get(name, fallback),
        }
        for name, kind, fallback, text in _quelea.params()
    ]


class __array_namespace_info__:
    """What the array API standard asks of a namespace: dtypes and devices, NumPy's, and what there is of it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy.__array_namespace_info__(), name)

    def capabilities(self) -> Any:
        """What is optional in the standard. What has a shape that depends on values is not in Quelea yet."""
        return {
            "boolean indexing": False,
            "data-dependent shapes": False,
            "max dimensions": _quelea.MAX_DIMS,
        }


def cache_place(folder: str) -> tuple[str, bool]:
    """Give what there is of a folder, itself or one that it will be in, and whether files can be made there."""
    nearest = os.path.realpath(folder)
    while not os.path.exists(nearest):
        nearest = os.path.dirname(nearest)
    return nearest, os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK)


def _cache_text(folder: str | None) -> str:
    """Say where kernels are kept, or why they are not."""
    if not folder:
        return "none: kernels are compiled anew each time"
    if cache_place(folder)[1]:
        return folder
    return f"{folder}, not writable: kernels are compiled anew each time"


def report() -> str:
    """The text of ``python -m quelea info``."""
    found = info()
    budget = found["memory_budget"] / 2**30
    rows = [
        (
            "ranks",
            f"{found['size']} on {found['node_count']} node(s), {found['threads']} thread(s) each",
        ),
        ("workers", f"{found['workers']} on this node"),
        ("host", found["host"]),
        ("communication", found["comm"]),
        ("memory budget", f"{budget:.1f} GiB a node"),
        ("replicated", f"arrays of at most {found['replicated_size']} element(s)"),
        ("compiler target", found["target"]),
        ("kernel cache", _cache_text(found["cache_folder"])),
        ("NumPy", numpy.__version__),
    ]
    return "\n".join(f"{name:16} {value}" for name, value in rows)
