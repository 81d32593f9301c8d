"""``python -m quelea bench``: how fast Quelea is here.

`parallel` measures ranks and threads against C and MPI, `small` what is made of small statements against NumPy, `jit`
compiled functions against Numba, `sweeps` stencils in time loops against C and MPI, `arrays` products, order,
positions, transforms and random numbers against NumPy.
"""

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] = ()) -> int:
    """Run a benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench``: those of `parallel`, or a word and those of `small`, `jit`,
        `sweeps` or `arrays`.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not, 2 when nothing can be measured so.
    """
    if arguments and arguments[0] == "small":
        from .small import main as small

        return small(arguments[1:])
    if arguments and arguments[0] == "jit":
        from .jit import main as jit

        return jit(arguments[1:])
    if arguments and arguments[0] == "sweeps":
        from .sweeps import main as sweeps

        return sweeps(arguments[1:])
    if arguments and arguments[0] == "arrays":
        from .arrays import main as arrays

        return arrays(arguments[1:])
    from .parallel import main as parallel

    return parallel(arguments)
