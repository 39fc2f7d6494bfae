"""Limits on the numbers of layers, calls and metrics that a description asks for."""

from __future__ import annotations

from typing import Any

from nnkit.errors import FileFormatError

__all__ = ["check_counts"]

_MOST_LAYERS = 1024  # Including layers inside others.
_MOST_CALLS = 2**13  # The nodes of all graphs.
_MOST_USES = 2**14  # Calls in a step: a model that is called twice counts twice, inside of others.
_MOST_METRICS = 128


def check_counts(model: dict[str, Any], training: dict[str, Any] | None = None) -> None:
    """Refuse absurd numbers of layers, calls and metrics before making any of them.

    Parameters
    ----------
    model : dict
        nnkit's description of a model, from JSON: its depth is limited.
    training : dict, optional
        The arguments of ``compile``.

    Raises
    ------
    FileFormatError
    """
    layers, calls, waiting = 0, 0, [model]
    while waiting:
        described: Any = waiting.pop()
        if isinstance(described, dict):
            layers += _length(described.get("layers"))
            calls += _length(described.get("nodes"))
            waiting += described.values()
        elif isinstance(described, list):
            waiting += described
    if layers > _MOST_LAYERS:
        raise FileFormatError(f"a model of {layers} layers; at most {_MOST_LAYERS} are read")
    if calls > _MOST_CALLS:
        raise FileFormatError(f"{calls} calls of layers; at most {_MOST_CALLS} are read")
    uses = _uses(model)
    if uses > _MOST_USES:
        raise FileFormatError(
            f"layers are used {uses} times in a step, as models are called in models; at most "
            f"{_MOST_USES} times are read"
        )
    metrics = (training or {}).get("metrics")
    if _length(metrics) > _MOST_METRICS:
        raise FileFormatError(f"{_length(metrics)} metrics; at most {_MOST_METRICS} are read")


def _length(given: Any) -> int:
    return len(given) if isinstance(given, (list, dict)) else 0


def _uses(described: Any) -> int:
    """How often layers are used when what is described is used once."""
    if isinstance(described, list):
        return sum(map(_uses, described))
    if not isinstance(described, dict):
        return 0
    layers, nodes = described.get("layers"), described.get("nodes")
    if not isinstance(layers, list) or not isinstance(nodes, list):
        return ("class_name" in described) + sum(map(_uses, described.values()))
    each = dict(enumerate(map(_uses, layers)))
    used = [node.get("layer") for node in nodes if isinstance(node, dict)]
    return sum(each.get(n, 0) for n in used if isinstance(n, int))
