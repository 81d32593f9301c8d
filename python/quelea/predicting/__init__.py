"""``python -m quelea predict STUDY``: how long a step would take on other numbers of ranks, and over another network.

What a small study (``python -m quelea scale``) has measured and counted is put into a sum of terms, each of which says
what it is and who has shown it:

evidence   what a study's runs measured and counted
geometry   how nodes cut an array, and what they touch of each other: sums that are exact
networks   what a message takes: LogGP
terms      the table: a row for each term of the time
model      evidence, geometry and network put together: a prediction
simulation the same pattern of messages, played by SimGrid's SMPI
report     the table, for people and for programs
plots      the picture: what was measured, and what is predicted
"""

from .command import main

__all__ = ["main"]
