"""Pictures of distributed fields.

pixels   a field reduced to pixels, each rank its part
fields   what can be shown, and how it is wanted
drawing  pixels as a drawing, on rank 0
showing  `show`
movies   `movie`; frames into files: reels
"""

from .movies import movie
from .showing import show

__all__ = ["movie", "show"]
