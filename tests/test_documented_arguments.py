"""The arguments that a docstring describes are those of the signature, all of them and in order."""

import importlib
import inspect
import pkgutil
import re

import pytest

import nnkit
from nnkit.layers import Conv1D, Dense, Layer

FOUND = [module.name for module in pkgutil.walk_packages(nnkit.__path__, "nnkit.")]
MODULES = ["nnkit", *sorted(name for name in FOUND if "._" not in name)]
# A docstring need not describe what is accepted for Theano's sake and has no effect.
IGNORED = {"ignored"}
# These describe only the arguments that their base class doesn't.
PARTIAL = {"CudaStep"}
# Users get objects of these classes, but never make one.
MADE_BY_NNKIT = {"Apply", "Function"}


def exported(name):
    """The classes and functions of nnkit that a module names in ``__all__``."""
    module = importlib.import_module(name)
    for item in (getattr(module, name) for name in getattr(module, "__all__", [])):
        # Exceptions take a message, as every exception does; Python gives them no signature.
        is_class = inspect.isclass(item) and not issubclass(item, BaseException)
        if (is_class or inspect.isfunction(item)) and item.__module__.startswith("nnkit."):
            yield item


def with_methods(item):
    """A class or function, then the public methods of a class."""
    yield item
    if inspect.isclass(item):
        for name, method in vars(item).items():
            if inspect.isfunction(method) and (name == "__call__" or not name.startswith("_")):
                yield method


def described(item):
    """The names under "Parameters" in a docstring, in order; None if it has no such section."""
    text = inspect.cleandoc(item.__doc__ or "")
    section = re.search(r"^Parameters\n-+\n(.+?)(?=\n\n\S[^\n]*\n-+\n|\Z)", text, re.M | re.S)
    if section is None:
        return None
    heads = [line.split(" : ")[0] for line in section[1].splitlines() if re.match(r"\S", line)]
    return [name.lstrip("*") for head in heads for name in head.split(", ")]


def taken(item):
    """The names that a call takes, in order, but for ``self`` and private ones."""
    names = list(inspect.signature(item).parameters)
    return [name for name in names if not name.startswith("_") and name != "self"]


def differences(item):
    """What a docstring describes besides a signature or lacks; empty if they agree."""
    names, arguments = described(item), [n for n in taken(item) if n not in IGNORED]
    if names is None or item.__name__ in PARTIAL:
        return []
    if "options" in names and "options" not in arguments:
        # ``**options`` stands for arguments that a base class describes. help() shows their names.
        bases = {name for base in item.__mro__[1:] for name in described(base) or []}
        names.remove("options")
        arguments = [name for name in arguments if name in names or name not in bases]
    names = [name for name in names if name not in IGNORED]
    return [] if names == arguments else [f"described: {names}, taken: {arguments}"]


ITEMS = sorted(
    {part for name in MODULES for item in exported(name) for part in with_methods(item)},
    key=lambda item: (item.__module__, item.__qualname__),
)
# What users meet: everything that a package itself offers, but for the machinery below layers.
USERS = sorted(
    {
        item
        for name in MODULES
        if name.count(".") < 2 and name.partition(".")[2] not in ("engine", "forks", "kernels")
        for item in exported(name)
        if inspect.isclass(item) and item.__name__ not in MADE_BY_NNKIT
    },
    key=lambda item: (item.__module__, item.__qualname__),
)


def test_described_arguments_are_taken():
    wrong = {f"{i.__module__}.{i.__qualname__}": differences(i) for i in ITEMS}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert sum(described(item) is not None for item in ITEMS) > 200


@pytest.mark.parametrize("cls", USERS, ids=lambda cls: cls.__name__)
def test_classes_for_users_describe_their_arguments(cls):
    assert described(cls) is not None or set(taken(cls)) <= {"args", "kwargs"}


class Twice(Dense):
    """A layer that says too much.

    Parameters
    ----------
    units, activation : int and str
    factor : float
    **options
        Those of :class:`Dense`.
    """


class Silent(Layer):
    """A layer with an argument of its own that it doesn't describe.

    Parameters
    ----------
    **options
        Those of :class:`Layer`.
    """

    def __init__(self, depth, **options):
        super().__init__(**options)


def swapped(a, b):
    """Arguments in another order.

    Parameters
    ----------
    b : int
    a : int

    Returns
    -------
    int
    """


@pytest.mark.parametrize("item", [Twice, Silent, swapped])
def test_a_difference_is_found(item):
    assert differences(item) != []
    assert differences(Conv1D) == []
