"""Old paths of modules: ``import nnkit.layers.core`` gives what is in ``nnkit.layers`` now."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from nnkit import spellings

__all__ = ["Finder", "install"]


class Finder(MetaPathFinder, Loader):
    """Find the modules of :data:`nnkit.spellings.MODULES` that no file has.

    Examples
    --------
    >>> import nnkit.layers.core
    >>> nnkit.layers.core is nnkit.layers
    True
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The way to a module; None for all that are not in the table."""
        return ModuleSpec(fullname, self) if fullname in spellings.MODULES else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make an empty module, in whose place another comes."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module that the path leads to in the place of the empty one."""
        old, new = module.__name__, spellings.MODULES[module.__name__]
        spellings.say(old, new)
        sys.modules[old] = importlib.import_module(new)


def install() -> None:
    """Have Python ask the table last, for what it finds nowhere else."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())
