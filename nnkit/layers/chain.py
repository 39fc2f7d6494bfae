"""Layers one after the other: forward, and backward in reverse.

Both run in Python, for one step; what they launch is recorded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import working
from nnkit.engine.stops import in_python
from nnkit.engine.variable import Storage, Variable
from nnkit.layers.shared import adding_up, distinct, shares_weights

if TYPE_CHECKING:
    from nnkit.layers.base import Layer

__all__ = ["Chain"]

Watch = Callable[["Layer", str, np.ndarray], None]
Mask = np.ndarray | None
Passed = tuple[np.ndarray, ...]


class Chain:
    """Layers and their activations in the order in which they run.

    A model is one, and so is what is inside a layer that is made of layers.

    Parameters
    ----------
    parts : sequence of Layer
        One may be there twice, or more often: its gradient is then the sum over its uses.
    absorbed : bool
        Whether the loss does the work of one more activation, which is not among the parts.

    Attributes
    ----------
    watch : callable or None
        ``watch(part, what, array)`` sees every result (to look for NaN).
    mask : numpy.ndarray or None
        After :meth:`forward`, the mask of the output: bool (batch, steps).
    """

    def __init__(self, parts: Sequence[Layer], absorbed: bool = False) -> None:
        self.parts, self.absorbed = distinct(parts), absorbed
        self.shares = shares_weights(self.parts)
        self.watch: Watch | None = None
        self._find_trained()
        self._passed: list[Passed] = []
        self.mask: Mask = None

    def forward(self, x: np.ndarray, training: bool, mask: Mask = None) -> np.ndarray:
        """The output of the last part for a batch."""
        self._passed = []
        for part in self.parts:
            y, given = None, {"mask": mask} if part.uses_mask else {}
            if part.recordable:
                with working(part) as work:
                    y = work.made(part.forward(x, training, **given))
            if y is None:
                y = _forward_in_python(part, x, training, mask)
            else:
                y = _checked_output(part, x, y)
            if self.watch is not None:
                self.watch(part, "output", y)
            self._passed.append((x, y))
            if mask is not None or part.decides_mask:
                mask = _compute_mask(part, x, mask)
            x = y
        self.mask = mask
        return x

    def backward(self, dy: np.ndarray, propagate: bool = False) -> np.ndarray | None:
        """All gradients, down to the first part that has weights to train.

        Parameters
        ----------
        dy : numpy.ndarray
            The gradient of the output.
        propagate : bool
            Whether to go on to the gradient of the input.

        Returns
        -------
        numpy.ndarray or None
            The gradient of the input, None if nobody needs it.
        """
        if self._moves != Storage.moves:
            self._find_trained()
        first = 0 if propagate else self._first
        written: set[Variable] = set()
        for i in reversed(range(first, len(self.parts))):
            part, dx = self.parts[i], None
            part.propagate = propagate or i > first
            with adding_up(part, written) if self.shares else nullcontext():
                if part.recordable:
                    with working(part) as work:
                        dx = work.made(part.backward(dy))
                if dx is not None:
                    dx = _checked_gradient(part, self._passed[i][0].shape, dx)
                elif part.propagate or not part.recordable:
                    dx = _backward_in_python(part, dy, self._passed[i])
            if self.watch is not None:
                _show_gradients(self.watch, part, dx)
            if dx is None:
                break
            dy = dx
        self._passed = []
        return dy if propagate else None

    def _find_trained(self) -> None:
        """Find the first part that has weights to train, which changes when one is frozen."""
        trained = [i for i, part in enumerate(self.parts) if part.trainable_weights]
        self._first, self._moves = min(trained, default=len(self.parts)), Storage.moves

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer updates, each once."""
        return list(dict.fromkeys(v for part in self.parts for v in part.trainable_weights))

    def penalties(self) -> Iterator[np.ndarray]:
        """What layers add to the loss, after :meth:`forward`: float64 (1,) each."""
        for part in self.parts:
            for layer in part.inside():
                penalty = getattr(layer, "penalty", None)
                if penalty is not None:
                    yield penalty


def _show_gradients(watch: Watch, part: Layer, dx: np.ndarray | None) -> None:
    for variable in part.trainable_weights:
        watch(part, f"gradient of {variable.name!r}", variable.gradient)
    if dx is not None:
        watch(part, "gradient of the input", dx)


# --------------------------------------------------------------------- what a layer gave, checked


def _checked_output(part: Layer, x: np.ndarray, given: Any) -> np.ndarray:
    """What ``forward`` returned, if it is as the layer says: the next one's kernels rely on it."""
    y = to_numpy(given, f"layer {part.name!r}: what forward returned")
    expected = (len(x), *part.compute_output_shape((None, *x.shape[1:]))[1:])
    if y.shape != expected:
        raise ValueError(
            f"layer {part.name!r}: forward returned shape {y.shape} for an input of shape "
            f"{x.shape}, but compute_output_shape says {expected}"
        )
    return y


def _checked_gradient(part: Layer, shape: tuple[int, ...], given: Any) -> np.ndarray:
    """What ``backward`` returned, if it is the gradient of an input of this shape."""
    what = f"layer {part.name!r}: backward must return the gradient of its input, of shape {shape}"
    if given is None:
        raise ValueError(f"{what}, but returned None")
    dx = to_numpy(given, f"layer {part.name!r}: what backward returned")
    if dx.shape != shape:
        raise ValueError(f"{what}, but returned shape {dx.shape}")
    return dx


# -------------------------------------------------------------- layers that no record can repeat


def _forward_in_python(part: Layer, x: np.ndarray, training: bool, mask: Mask) -> np.ndarray:
    def checked(x: np.ndarray, *masks: np.ndarray) -> np.ndarray:
        given = {"mask": masks[0] if masks else None} if part.uses_mask else {}
        return _checked_output(part, x, part.forward(x, training, **given))

    inputs = (x,) if mask is None or not part.uses_mask else (x, mask)
    weights = tuple(v.value for v in part.variables)
    states = tuple(v.value for v in part.variables if not v.trainable) if training else ()
    states += tuple(part.states)
    return in_python(part.name, checked, inputs, part.dtype, reads=weights, updates=states)


def _backward_in_python(part: Layer, dy: np.ndarray, passed: Passed) -> np.ndarray:
    shape = passed[0].shape  # Not the array: a recorded stop outlives it.

    def checked(dy: np.ndarray) -> np.ndarray:
        dx = part.backward(dy)
        if dx is None and not part.propagate:
            return np.zeros(shape, part.dtype)
        return _checked_gradient(part, shape, dx)

    weights = tuple(v.value for v in part.variables)
    gradients = tuple(v.gradient for v in part.trainable_weights)
    return in_python(part.name, checked, (dy,), part.dtype, passed, weights, gradients)


def _compute_mask(part: Layer, x: np.ndarray, mask: Mask) -> Mask:
    """The mask of a part's output; what it computes in NumPy is recorded as a stop."""
    found = part.compute_mask(x, mask)
    if found is None or part.recordable or not part.decides_mask:
        return found

    def checked(x: np.ndarray, *masks: np.ndarray) -> np.ndarray:
        found = part.compute_mask(x, masks[0] if masks else None)
        return to_numpy(found, f"layer {part.name!r}: what compute_mask returned")

    return in_python(part.name, checked, (x,) if mask is None else (x, mask), "bool")
