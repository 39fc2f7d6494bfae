"""The arguments of classes and functions, and errors about those that they don't have."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar, cast

from nnkit import spellings

__all__ = [
    "did_you_mean",
    "explain_arguments",
    "parameters",
    "refuse_unknown",
    "signature",
    "takes",
]

F = TypeVar("F", bound=Callable[..., Any])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The text ``"; did you mean 'x'?"`` with the nearest known name, or ``"."``."""
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else "."


@functools.cache
def parameters(cls: type) -> frozenset[str]:
    """Names of the arguments of a class, with those that it passes on to its base classes.

    Examples
    --------
    >>> import nnkit
    >>> sorted(parameters(nnkit.layers.Softmax))
    ['activity_regularizer', 'axis', 'batch_size', ..., 'name', 'trainable', 'weights']
    """
    found = signature(cls).parameters.values()
    return frozenset(p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


@functools.cache
def signature(cls: type) -> inspect.Signature:
    """The signature of a class: its own arguments, then those that it passes on to base classes.

    ``**options`` stands for the arguments of the next base class, passed by name. With
    ``*arguments`` as well, they may be passed by position.

    Examples
    --------
    >>> import nnkit
    >>> class Narrow(nnkit.layers.Softmax):
    ...     def __init__(self, width: float = 1.0, **options):
    ...         super().__init__(**options)
    >>> list(signature(Narrow).parameters)
    ['width', 'axis', 'name', 'trainable', 'dtype', 'input_shape', ..., 'weights']
    """
    ordered: dict[str, inspect.Parameter] = {}
    named: dict[str, inspect.Parameter] = {}
    many: list[inspect.Parameter] = []  # ``*arguments`` that no base class names.
    options: list[inspect.Parameter] = []
    first, by_name = True, False
    settled: set[str] = set()
    for base in cls.__mro__[:-1]:  # Without object, which has no arguments.
        if "__init__" not in vars(base):
            continue
        _, *found = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
        by_position = [p for p in found if p.kind < p.KEYWORD_ONLY]
        if not first and not by_name:
            by_name = not (many and by_position)
            many = [] if by_position else many
        for p in by_position:
            if p.name in settled:
                continue
            if p.kind is p.VAR_POSITIONAL:
                many = many or [p]
                continue
            # Python allows no positional argument without a default after one with a default.
            by_name |= p.default is p.empty and any(
                q.default is not q.empty for q in ordered.values()
            )
            if by_name:
                named.setdefault(p.name, p.replace(kind=p.KEYWORD_ONLY))
            elif p.name not in named:
                ordered.setdefault(p.name, p)
        for p in found:
            if p.kind is p.KEYWORD_ONLY and p.name not in settled:
                named.setdefault(p.name, p)
        options = [p for p in found if p.kind is p.VAR_KEYWORD]
        first = False
        settled |= set(vars(base).get("settled", ()))
        if not options:
            break
    named = {name: p for name, p in named.items() if name not in ordered}
    return inspect.Signature([*ordered.values(), *many, *named.values(), *options])


def refuse_unknown(owner: str, named: Iterable[str], known: Collection[str]) -> None:
    """Raise an error that suggests the nearest known argument, if a given one is unknown.

    Raises
    ------
    TypeError
    """
    for name in named:
        if name not in known:
            raise TypeError(
                f"{owner} has no argument {name!r}{did_you_mean(name, known)} "
                f"It takes: {', '.join(sorted(known)) or 'none'}."
            )


def explain_arguments(function: F) -> F:
    """Decorate a method so that errors about unknown arguments suggest the nearest known one.

    Arguments are taken under the names that they had before, too (:mod:`nnkit.spellings`).

    With too many positional arguments, the error says which ones are keyword-only. A method that
    takes any keyword (``**hooks``) stays unchanged.
    """
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return function
    known = parameters.keys() - {"self"}
    owner = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
    named_only = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
    most = len(parameters) - len(named_only)

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        if not named.keys() <= known:
            _, named = spellings.today(owner, [owner], (), named, known)
        refuse_unknown(owner, named, known)
        if named_only and len(arguments) > most:
            raise TypeError(
                f"{owner}: too many arguments without a name; these go by name, as in "
                f"{named_only[0]}=...: {', '.join(named_only)}"
            )
        return function(*arguments, **named)

    return cast(F, checked)


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has a parameter of that name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # Not every function of C's says what it takes.
        return False
