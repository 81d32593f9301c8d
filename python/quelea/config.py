"""Settings that a program may change while it runs: ``quelea.config.strict = True``.

Everything else is set by the environment; ``python -m quelea params`` lists it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from . import _quelea

__all__ = ["strict"]

strict: bool


class _Config(ModuleType):
    @property
    def strict(self) -> bool:
        """Whether statements that move large parts of arrays between nodes are errors: `quelea.StrictError`.

        It acts between nodes only (``QUELEA_NODE_SIZE=1`` pretends that every rank is one): on redistributions that
        bring more than 1024 elements of an array to one node, and on gathers to every rank of arrays that are too
        large to be replicated (``quelea.info()["replicated_size"]``, which ``QUELEA_REPLICATE`` sets). Halos are
        allowed, and so are `on_root` and what is printed.
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


@contextmanager
def _looking_is_allowed() -> Iterator[None]:
    """Suspend `strict` for what the program shows or writes; everything recorded before is executed under it first."""
    config: _Config = sys.modules[__name__]  # type: ignore[assignment]
    if not config.strict:
        yield
        return
    config.strict = False
    try:
        yield
    finally:
        config.strict = True


sys.modules[__name__].__class__ = _Config
