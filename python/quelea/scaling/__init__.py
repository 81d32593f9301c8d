"""``python -m quelea scale SCRIPT [ARGS]``: strong and weak scaling studies.

sizes      {n} in arguments, and expressions of ranks
study      the table of points and of runs
launchers  how ranks are started: a table
running    runs that are started here
slurm      jobs
measuring  what a run was: a row
records    the rows, on the disk as soon as there are any
report     what they come to
plots      pictures of that
"""

from .command import main

__all__ = ["main"]
