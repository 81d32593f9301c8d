"""``python -m quelea bench``: how fast Quelea is here.

`parallel` measures ranks and threads against C and MPI, and what small statements cost.
"""

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] = ()) -> int:
    """Run a benchmark.

    Parameters
    ----------
    arguments : sequence of str
        The command's words after ``bench``.

    Returns
    -------
    int
        0 when every requirement is met, 1 when one is not, 2 when nothing can be measured so.
    """
    from .parallel import main as parallel

    return parallel(arguments)
