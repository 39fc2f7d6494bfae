"""Tracing: the ``call`` of a layer, run on placeholders to learn what it computes."""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import config
from nnkit.layers.nodes import Node, Placeholder
from nnkit.layers.weights import WeightOwner
from nnkit.nested import leaves

if TYPE_CHECKING:
    from nnkit.layers.base import Layer

__all__ = [
    "Trace",
    "check_owned",
    "current_trace",
    "owned_layers",
    "settings",
    "traced",
    "tracing",
]


class Trace:
    """What the ``call`` of a layer does with placeholders.

    Parameters
    ----------
    layer : Layer, optional
        Whose ``call`` it is.
    given : sequence of Placeholder
        What the call was given.
    training : bool
        What it was told.

    Attributes
    ----------
    losses : list of Placeholder
        What ``add_loss`` was given.
    draws : int
        How often random numbers were drawn.
    """

    def __init__(
        self,
        layer: Layer | None = None,
        given: Sequence[Placeholder] = (),
        training: bool = False,
    ) -> None:
        self.layer, self.given, self.training = layer, given, training
        self.dtype = config.floatx() if layer is None else layer.dtype
        self.losses: list[Placeholder] = []
        self.draws = 0


class _Current(threading.local):
    trace: Trace | None = None


_current = _Current()


@contextmanager
def tracing(trace: Trace | None = None) -> Iterator[Trace]:
    """In the block, ``add_loss`` of any layer adds to this trace."""
    outer, _current.trace = _current.trace, trace or Trace()
    try:
        yield _current.trace
    finally:
        _current.trace = outer


def current_trace() -> Trace | None:
    """What is being traced in this thread, or None."""
    return _current.trace


def traced(
    layer: Layer, arguments: dict[str, Any], training: bool
) -> tuple[Any, list[Placeholder]]:
    """What the ``call`` of a layer gives for placeholders, and what it adds to the loss.

    Parameters
    ----------
    layer : Layer
        One that defines ``call``. It stays as it is: ``call`` runs on a copy, whose weights are
        placeholders, too.
    arguments : dict
        Those of ``call`` by name, the first as ``x``.
    training : bool
        What ``call`` is told, if it asks.

    Returns
    -------
    outputs : Placeholder, or nested lists and dictionaries of them
    losses : list of Placeholder

    Raises
    ------
    TypeError
        ``call`` returns something else. Other errors are those of ``call``, with the layer's name.
    """
    call = _with_placeholders(layer).call
    told = {name: value for name, value in arguments.items() if name != "x"}
    for name, value in (("training", training), ("mask", None)):
        if name in inspect.signature(call).parameters:
            told.setdefault(name, value)
    given = [value for value in leaves(arguments) if isinstance(value, Placeholder)]
    with tracing(Trace(layer, given, training)) as trace:
        try:
            made = call(arguments["x"], **told)
        except Exception as error:
            if type(error) in (TypeError, ValueError):
                error = type(error)(f"layer {layer.name!r}: {error}").with_traceback(
                    error.__traceback__
                )
            error.add_note(
                f"This was in {layer.name!r}, which gets placeholders without values: use "
                "nnkit.ops instead of NumPy's functions, and ops.where instead of if."
            )
            raise error from error.__cause__
    outputs = list(made) if isinstance(made, tuple) else made
    for output in leaves(outputs):
        if not isinstance(output, Placeholder):
            raise TypeError(
                f"layer {layer.name!r}: call must return what it computes from its input with "
                f"layers and nnkit.ops, got {output!r}"
            )
    return outputs, trace.losses


def _with_placeholders(layer: Layer) -> Any:
    """A copy of a layer with a placeholder in place of each of its own weights."""
    own = {id(v) for v in layer.own_variables}

    def replaced(value: Any) -> Any:
        if id(value) in own:
            return Placeholder(
                value.shape, str(value.dtype), value.name, variable=value, owner=layer
            )
        if type(value) in (list, tuple):
            return type(value)(replaced(v) for v in value)
        if type(value) is dict:
            return {k: replaced(v) for k, v in value.items()}
        return value

    copied: Any = object.__new__(type(layer))
    copied.__dict__.update({name: replaced(value) for name, value in vars(layer).items()})
    return copied


def settings(layer: Layer, apart: frozenset[str]) -> tuple[Any, ...]:
    """The attributes of a layer, but for some, as values that are equal as long as they stay.

    What ``call`` computes depends on them, so a graph of it is good for these only.
    """
    return tuple((n, _comparable(v)) for n, v in vars(layer).items() if n not in apart)


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, str(value.dtype), hashlib.blake2b(value.tobytes()).digest()
    if isinstance(value, dict):
        return dict, tuple((key, _comparable(one)) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(_comparable(one) for one in value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


def check_owned(layer: Layer, nodes: Sequence[Node]) -> None:
    """Refuse layers that a ``call`` makes or takes from elsewhere: nobody would train them.

    Raises
    ------
    ValueError
    """
    own = set(layer.walk())
    for node in nodes:
        if node.layer.variables and node.layer not in own:
            raise ValueError(
                f"layer {layer.name!r}: its call uses the layer {node.layer.name!r}, which is "
                "none of its own; make it in __init__ or build, as an attribute of self"
            )


def owned_layers(owner: Any) -> list[Layer]:
    """The layers in the attributes of an object, and in lists and dictionaries there.

    Raises
    ------
    ValueError
        An attribute hides a method of nnkit's; or the object is in its own attributes.
    """
    definer = next(c for c in type(owner).__mro__ if c.__module__.startswith("nnkit."))
    for name in vars(owner).keys() & _methods(definer):
        if isinstance(getattr(owner, name), WeightOwner) or not callable(getattr(owner, name)):
            raise ValueError(
                f"layer {owner.name!r}: its attribute {name!r} hides the method of that name, "
                "which nnkit calls; give the attribute another name"
            )
    found: dict[Any, None] = {}
    for name, value in vars(owner).items():
        if name in ("_penalty", "_layers"):
            continue
        if name == "_activation" and not owner._activates_in_call:
            continue
        inner = leaves(value) if isinstance(value, (list, tuple, dict)) else [value]
        found |= {layer: None for layer in inner if isinstance(layer, WeightOwner)}
    if any(layer is owner for layer in found):
        raise ValueError(f"layer {owner.name!r} is made of itself: it is among its attributes")
    return list(found)


@cache
def _methods(definer: type) -> frozenset[str]:
    """Names of the methods of one of nnkit's classes."""
    return frozenset(n for n in dir(definer) if inspect.isroutine(getattr(definer, n)))
