"""``python -m quelea bench``: how fast Quelea is here.

`parallel` measures ranks and threads against C and MPI, `small` what is made of small statements against NumPy, `jit`
compiled functions against Numba, `sweeps` stencils in time loops against C and MPI, `arrays` products, order,
positions, transforms and random numbers against NumPy, `sizes` a stencil on grids of many sizes,
`latency` what a slow network costs it.
"""

from collections.abc import Sequence
from importlib import import_module

__all__ = ["main"]

_OTHERS = ("arrays", "jit", "latency", "sizes", "small", "sweeps")  # each a module


def main(arguments: Sequence[str] = ()) -> int:
    """Run a benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench``: those of `parallel`, or a word and those of `small`, `jit`,
        `sweeps`, `sizes`, `latency` or `arrays`.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not, 2 when nothing can be measured so.

    Raises
    ------
    RuntimeError
        A side failed, or two answers differ.
    """
    if arguments and arguments[0] in _OTHERS:
        found: int = import_module(f".{arguments[0]}", __name__).main(arguments[1:])
        return found
    from .parallel import main as parallel

    return parallel(arguments)
