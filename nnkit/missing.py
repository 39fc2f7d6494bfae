"""Errors about names that a package lacks: they say where the name is, or the nearest one."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from nnkit import spellings
from nnkit.arguments import did_you_mean
from nnkit.left_out import reason
from nnkit.registry import expect, former

__all__ = ["also_from", "explain_missing", "missing"]

# The lines below ``if TYPE_CHECKING:``, and an import there: of names in parentheses, or of others.
_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:.*\n((?:[ )].*\n|\n)+)", re.MULTILINE)
_FROM = re.compile(r"^ +from ([\w.]+) import (?:\(([^)]*)\)|([^#\n]*))", re.MULTILINE)

PAGE = " What Keras has and nnkit lacks is listed in the manual, docs/comparison.rst, as left out"


def missing(package: str, kind: str | None = None) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package, and let ``dir`` show all of its public names.

    What the package imports ``if TYPE_CHECKING:`` is imported when a name of it is first used.

    Parameters
    ----------
    package : str
        ``__name__`` of the package.
    kind : str, optional
        The registry's name for the classes among them, which files and strings may name, too.

    Returns
    -------
    callable
        It raises AttributeError, or ImportError in ``from package import name``.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.layers.Dens
    Traceback (most recent call last):
    AttributeError: nnkit.layers has no 'Dens'; did you mean 'Dense'? What Keras has ...
    >>> from nnkit import EarlyStopping
    Traceback (most recent call last):
    ImportError: nnkit has no 'EarlyStopping'; it is nnkit.callbacks.EarlyStopping
    >>> hasattr(nnkit, "Tensor")
    False
    """
    later = _imported_for_types(package)
    if kind is not None:
        classes = {real: home for home, real in later.values() if real[0].isupper()}
        expect(kind, classes)

    def of_package(name: str) -> Any:
        module = f"{package}.{name}"
        home, real = later.get(name, ("", ""))
        if home and home != package:
            found = getattr(importlib.import_module(home), real)
            setattr(sys.modules[package], name, found)
            return found
        # A module may also be missing because Ctrl-C ended an earlier import of the package.
        if home or module in sys.modules or module in spellings.MODULES:
            return importlib.import_module(module)
        old = spellings.CLASSES.get(package, {})
        if name in old:
            spellings.say(module, f"{package}.{old[name]}")
            return former(getattr(importlib.import_module(package), old[name]), name, package)
        if name.startswith("_"):  # Looked up by a protocol, not by a user.
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        message = f"{package} has no {name!r}{_hint(package, name)}"
        if _imports(sys._getframe(1)):  # Python would replace an AttributeError's text.
            raise ImportError(message, name=package)
        raise AttributeError(message)

    names = vars(sys.modules[package])
    names["__dir__"] = lambda: sorted({*names, *names.get("__all__", ())})
    return of_package


def _imported_for_types(package: str) -> dict[str, tuple[str, str]]:
    """What a package imports ``if TYPE_CHECKING:``: names, each with its module and name there.

    Raises
    ------
    ImportError
        There is no source to read it from.
    """
    spec: Any = sys.modules[package].__spec__
    source = spec.loader.get_source(package)
    if source is None:
        raise ImportError(f"{package} reads its own source; install it with its .py files")
    found = {}
    for block in _FOR_TYPES.findall(source):
        for home, listed, line in _FROM.findall(block):
            for item in filter(None, map(str.strip, (listed or line).split(","))):
                real, _, name = item.partition(" as ")
                found[name or real] = home, real
    return found


def explain_missing() -> None:
    """Set the ``__getattr__`` of all imported public packages to that of :func:`missing`.

    A package that has one already, for what it imports on demand, keeps it.
    """
    for name in _public("nnkit"):
        package = sys.modules.get(f"nnkit.{name}")
        if package is not None:
            vars(package).setdefault("__getattr__", missing(package.__name__))


def also_from(path: str) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of one of nnkit's modules whose path led to others before.

    What :data:`nnkit.spellings.MODULES` has for the path is found in the module, too.
    """
    target = spellings.MODULES[path]

    def of_module(name: str) -> Any:
        module = f"{path}.{name}"
        if module in sys.modules or module in spellings.MODULES:
            return importlib.import_module(module)
        if name.startswith("_"):
            raise AttributeError(f"module {path!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(target), name, None)
        # keras.engine had what layers are made of, and Model, which is nnkit's own.
        return getattr(sys.modules["nnkit"], name) if found is None else found

    return of_module


def _hint(package: str, name: str) -> str:
    """Text for an error: the package that has the name, or the nearest name."""
    public = {module: _public(module) for module in list(sys.modules) if _is_public(module)}
    for module in sorted(public):
        if name in public[module]:
            return f"; it is {module}.{name}"
    why = reason(package.removeprefix("nnkit."), name)
    return f": {why}" if why else did_you_mean(name, public.get(package, [])) + PAGE


def _is_public(module: str) -> bool:
    """Whether a module is nnkit or one of its public packages, such as ``nnkit.layers``."""
    return module in ("nnkit", *(f"nnkit.{name}" for name in _public("nnkit")))


def _public(module: str) -> list[str]:
    names = getattr(sys.modules.get(module), "__all__", [])
    return [name for name in names if not name.startswith("_")]


def _imports(frame: FrameType) -> bool:
    """Whether a frame currently executes ``from ... import name``."""
    import dis

    code, at = frame.f_code.co_code, frame.f_lasti
    while dis.opname[code[at]] == "EXTENDED_ARG":
        at += 2
    return dis.opname[code[at]] == "IMPORT_FROM"
