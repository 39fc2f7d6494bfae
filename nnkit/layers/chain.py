"""The parts of a model one after the other: forward, and backward in reverse.

Both run in Python, for one step; what they launch is recorded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nnkit.engine.device import current_tape
from nnkit.engine.stops import in_python
from nnkit.layers.base import Layer

__all__ = ["Chain"]

Watch = Callable[[Layer, str, np.ndarray], None]
Passed = tuple[np.ndarray, np.ndarray]


class Chain:
    """Layers and their activations in the order in which they run.

    Parameters
    ----------
    parts : sequence of Layer
    watch : callable, optional
        ``watch(part, what, array)`` sees every result (to look for NaN).
    """

    def __init__(self, parts: Sequence[Layer], watch: Watch | None = None) -> None:
        self.parts = list(parts)
        self.watch = watch or (lambda part, what, array: None)
        self._passed: list[Passed] = []

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        """The output of the last part for a batch."""
        self._passed = []
        for part in self.parts:
            y = _forward(part, x, training)
            self.watch(part, "output", y)
            self._passed.append((x, y))
            x = y
        return x

    def backward(self, dy: np.ndarray) -> None:
        """All gradients, down to the first part that has weights to train."""
        trained = [bool(part.trainable_weights) for part in self.parts]
        first = trained.index(True) if any(trained) else len(trained)
        for i in reversed(range(first, len(self.parts))):
            part = self.parts[i]
            part.propagate = i > first
            dx = _backward(part, dy, self._passed[i])
            for variable in part.trainable_weights:
                self.watch(part, f"gradient of {variable.name!r}", variable.gradient)
            if dx is None:
                break
            self.watch(part, "gradient of the input", dx)
            dy = dx
        self._passed = []


def _forward(part: Layer, x: np.ndarray, training: bool) -> np.ndarray:
    def checked(x: np.ndarray) -> np.ndarray:
        y = np.asarray(part.forward(x, training))
        expected = (len(x), *part.compute_output_shape((None, *x.shape[1:]))[1:])
        if y.shape != expected:
            raise ValueError(
                f"layer {part.name!r}: forward returned shape {y.shape} for an input of shape "
                f"{x.shape}, but compute_output_shape says {expected}"
            )
        return y

    if part.recordable:
        y = _recorded(part, lambda: part.forward(x, training))
        if y is not None:
            return y
    weights = tuple(v.value for v in part.variables)
    states = tuple(v.value for v in part.variables if not v.trainable) if training else ()
    return in_python(part.name, checked, (x,), part.dtype, reads=weights, updates=states)


def _backward(part: Layer, dy: np.ndarray, passed: Passed) -> np.ndarray | None:
    shape = passed[0].shape  # Not the array: a recorded stop outlives it.

    def checked(dy: np.ndarray) -> np.ndarray:
        dx = part.backward(dy)
        if dx is None and not part.propagate:
            return np.zeros(shape, part.dtype)
        if dx is None or np.shape(dx) != shape:
            raise ValueError(
                f"layer {part.name!r}: backward must return the gradient of its input, of shape "
                f"{shape}, but returned {'None' if dx is None else f'shape {np.shape(dx)}'}"
            )
        return dx

    if part.recordable:
        dx = _recorded(part, lambda: part.backward(dy))
        if dx is not None or not part.propagate:
            return dx
    weights = tuple(v.value for v in part.variables)
    gradients = tuple(v.gradient for v in part.trainable_weights)
    return in_python(part.name, checked, (dy,), part.dtype, passed, weights, gradients)


def _recorded(part: Layer, run: Callable[[], np.ndarray | None]) -> np.ndarray | None:
    """What a part made by launching kernels; None if it made its result in NumPy after all."""
    tape = current_tape()
    if tape is None:
        return run()
    other, tape.owner = tape.owner, part
    before = len(tape.entries)
    result = run()
    if result is not None and tape.temporary(result) is None:
        del tape.entries[before:]
        tape.owner = other
        return None
    return result
