"""What is given as pairs: updates of shared variables, and variables that replace others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, ancestors, clone, describe
from nnkit.symbolic.tensor.variable import SharedVariable, as_tensor

__all__ = ["default_updates", "fitting", "pairs", "replacements", "updates_of"]


def pairs(given: Any, what: str) -> list[tuple[Any, Any]]:
    """Pairs from a dictionary or a sequence of them.

    Raises
    ------
    TypeError
        It is neither.
    """
    items = list(given.items()) if isinstance(given, Mapping) else given
    items = [] if items is None else list(items) if isinstance(items, Iterable) else [items]
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in items):
        raise TypeError(f"{what} are pairs or a dictionary, got {given!r}")
    return [tuple(pair) for pair in items]


def fitting(value: Any, wanted: Variable, problem: str) -> Variable:
    """A variable in the type of another, if nothing can be lost.

    Parameters
    ----------
    value : variable, or what can be made one
    wanted : Variable
    problem : str
        How an error begins.

    Raises
    ------
    TypeError
    """
    try:
        variable: Variable = as_tensor(value)
    except TypeError as error:
        raise TypeError(f"{problem} {value!r}: {error}") from None
    if variable.type.ndim != wanted.type.ndim:
        raise TypeError(f"{problem} {describe(variable)}, which has another number of axes")
    if not np.can_cast(variable.type.dtype, wanted.type.dtype):
        raise TypeError(
            f"{problem} {describe(variable)}: {variable.type.dtype} may lose something as "
            f"{wanted.type.dtype}; convert it with T.cast"
        )
    axes = zip(wanted.type.broadcastable, variable.type.broadcastable, strict=True)
    for axis, (one, its) in enumerate(axes):
        if one and not its:
            raise TypeError(
                f"{problem} {describe(variable)}, whose axis {axis} is not known to be of size 1"
            )
    if variable.type.dtype != wanted.type.dtype:
        variable = as_tensor(variable).astype(wanted.type.dtype)
    return variable


def replacements(given: Any, what: str) -> dict[Variable, Variable]:
    """What replaces which variables.

    Parameters
    ----------
    given : dict or sequence of pairs
    what : str
        Name of the argument, for errors.

    Raises
    ------
    TypeError, ValueError
        Something is no variable, of another type, or twice there.
    """
    found: dict[Variable, Variable] = {}
    for old, by in pairs(given, what):
        if not isinstance(old, Variable):
            raise TypeError(f"{what}: {old!r} is no symbolic variable, so it can't be replaced")
        if old in found:
            raise ValueError(f"{what}: {describe(old)} is replaced twice")
        found[old] = fitting(by, old, f"{what}: {describe(old)} can't be replaced by")
    return found


def updates_of(changes: Iterable[tuple[Any, Any]]) -> dict[SharedVariable, Variable]:
    """New values of shared variables.

    Raises
    ------
    TypeError, ValueError
        A variable is not shared or twice there, or its new value of another type.
    """
    found: dict[SharedVariable, Variable] = {}
    for shared, new in changes:
        if not isinstance(shared, SharedVariable):
            what = describe(shared) if isinstance(shared, Variable) else repr(shared)
            raise TypeError(f"only shared variables can be updated, got {what}")
        if shared in found:
            raise ValueError(f"{describe(shared)} is updated twice")
        found[shared] = fitting(new, shared, f"{describe(shared)} can't be updated to")
    return found


def default_updates(
    outputs: Sequence[Variable],
    left_out: Any,
    given: Collection[SharedVariable],
    replaced: Mapping[Variable, Variable],
) -> Iterator[tuple[SharedVariable, Variable]]:
    """The ``default_update`` of each shared variable that outputs need, or these updates in turn.

    Parameters
    ----------
    outputs : sequence of Variable
    left_out : bool or sequence of SharedVariable
        What has none: True for all.
    given : collection of SharedVariable
        What has another update.
    replaced : dict of Variable to Variable
        What is replaced in an update.

    Raises
    ------
    TypeError
        ``left_out`` is something else, or an update of another type.
    """
    several = isinstance(left_out, (list, tuple, set, frozenset))
    if not several and not isinstance(left_out, bool):
        raise TypeError(
            f"no_default_updates is a bool or a list of shared variables, got {left_out!r}"
        )
    if left_out is True:
        return
    met = {*given, *(left_out if several else ())}
    waiting = [list(outputs)]
    while waiting:
        for variable in ancestors(waiting.pop()):
            if not isinstance(variable, SharedVariable) or variable in met:
                continue
            met.add(variable)
            new = getattr(variable, "default_update", None)
            if new is not None:
                update: Variable
                (update,) = clone(list(updates_of([(variable, new)]).values()), replaced)
                waiting.append([update])
                yield variable, update
