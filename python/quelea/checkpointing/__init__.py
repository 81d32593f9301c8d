"""Survival: what a program keeps of itself, so that it can be ended, by whatever it is, and goes on on other ranks.

A checkpoint is a folder of generations, of which each is whole or not there:

    run/00000003/manifest       what is kept (`state`), which files there are, and their checksums
    run/00000003/piece-00000    what rank 0 wrote of each array, in chunks, each with a checksum (`pieces`)
    run/00000003/piece-00001    what rank 1 did
    run/.new-00000004/          one that is being written: it gets its name when all of it is there (`generations`)
"""

from .keeping import CheckpointReport, Restored, checkpoint, restore
from .looping import checkpoint_every

__all__ = ["CheckpointReport", "Restored", "checkpoint", "checkpoint_every", "restore"]
