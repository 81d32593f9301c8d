"""The programs of ``python -m quelea bench small``: what is made of many small statements."""

from .arithmetic import ARITHMETIC
from .elements import ELEMENTS, STATEMENTS
from .kernels import KERNELS
from .loops import LOOPS
from .program import Program, Section, Way

__all__ = ["SECTIONS", "Program", "Section", "Way"]

SECTIONS = (ELEMENTS, STATEMENTS, KERNELS, LOOPS, ARITHMETIC)
