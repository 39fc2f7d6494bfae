"""Whether a network trains: asked within ``call``, or told to ``nnkit.backend.function``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnkit.errors import warn
from nnkit.layers.tracing import current_trace

__all__ = [
    "in_test_phase",
    "in_train_phase",
    "learning_phase",
    "learning_phase_scope",
    "set_learning_phase",
]


class LearningPhase(int):
    """0 for inference, 1 for training; among the inputs of ``function`` it stands for either."""


_phase = LearningPhase(0)


def learning_phase() -> int:
    """1 in training and 0 in inference.

    Within ``call``, it is what the network does. Elsewhere it is what :func:`set_learning_phase`
    set, and as an input of ``nnkit.backend.function`` it takes 0 or 1.
    """
    trace = current_trace()
    return _phase if trace is None else LearningPhase(trace.training)


def set_learning_phase(value: int) -> None:
    """Set what :func:`learning_phase` says outside of ``call``.

    It doesn't change what models do: ``fit`` trains, ``predict`` and ``evaluate`` don't, and
    ``model(x, training=True)`` says it for one call. So 1 gives a warning.

    Parameters
    ----------
    value : {0, 1}
    """
    global _phase
    if value not in (0, 1):
        raise ValueError(f"learning_phase is 0 or 1, not {value!r}")
    if value:
        warn(
            "set_learning_phase(1) changes nothing for models: fit trains, predict and evaluate "
            "do not; model(x, training=True) runs one call as in training"
        )
    _phase = LearningPhase(value)


@contextmanager
def learning_phase_scope(value: int) -> Iterator[None]:
    """A block with another :func:`learning_phase`."""
    before = int(_phase)
    set_learning_phase(value)
    try:
        yield
    finally:
        set_learning_phase(before)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x in training and ``alt`` in inference; functions without arguments are called.

    Parameters
    ----------
    x, alt : array, placeholder or callable
    training : bool, optional
        By default :func:`learning_phase`.
    """
    chosen = x if (learning_phase() if training is None else training) else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x in inference and ``alt`` in training; see :func:`in_train_phase`."""
    return in_train_phase(alt, x, training)
