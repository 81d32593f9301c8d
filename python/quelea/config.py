"""Settings that a program may change while it runs: ``quelea.config.strict = True``.

Everything else is set by the environment; ``python -m quelea params`` lists it.
"""

import os
import sys
from types import ModuleType

from . import _quelea

__all__ = ["strict"]

strict: bool


class _Config(ModuleType):
    @property
    def strict(self) -> bool:
        """Whether statements that move whole arrays between nodes are errors.

        Setting it is collective, and executes what is recorded by the rule that held until then.
        """
        if self._strict is None:
            self._strict = os.environ.get("QUELEA_STRICT", "0") == "1"
        return self._strict

    @strict.setter
    def strict(self, value: bool) -> None:
        _quelea.sync()
        _quelea.set_strict(value)
        self._strict = bool(value)

    _strict: bool | None = None


sys.modules[__name__].__class__ = _Config
