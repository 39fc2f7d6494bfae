"""Bidirectional."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.first_states import Arrays, FirstStates, as_list
from nnkit.layers.inside import build_in_turn, layers_from
from nnkit.layers.merged import Merge
from nnkit.layers.recurrent import Recurrent

__all__ = ["Bidirectional"]

_MERGES = {"sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average"}


class Bidirectional(FirstStates):
    """Process a sequence in both directions, with a recurrent layer for each.

    M. Schuster and K. K. Paliwal, 1997, "Bidirectional recurrent neural networks".

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
        The template: two copies of this layer are made, one for each direction. It is not used
        itself.
    merge_mode : {"concat", "sum", "mul", "ave", None}
        How the two outputs are combined at each timestep. With None there are two outputs.
    backward_layer : Recurrent, optional
        The layer for the backward direction, if it is to differ from ``layer``.
    **options
        Arguments of :class:`Layer`; ``dtype`` is by default the layer's.

    Attributes
    ----------
    forward_layer, backward_layer : Recurrent

    Raises
    ------
    TypeError, ValueError
        ``layer`` is not recurrent; ``layer`` has ``go_backwards=True``, or ``backward_layer``
        hasn't; the two differ in what they return or in ``stateful``; ``merge_mode`` is unknown.

    Notes
    -----
    Output of the template's shape, with the last axis twice as long for ``"concat"``. With a
    template of ``return_state=True``, it is followed by the last states of ``forward_layer``, then
    those of ``backward_layer``; ``initial_state=`` is a list in this order. With
    ``return_sequences`` both outputs are in the order of the input, and 0 where it is masked;
    without, each output is that of its direction's last timestep.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import LSTM, Bidirectional
    >>> Bidirectional(LSTM(3, return_sequences=True))(np.ones((2, 5, 4))).shape
    (2, 5, 6)
    """

    recordable = True
    uses_mask = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        *,
        backward_layer: Any = None,
        **options: Any,
    ) -> None:
        (layer,) = layers_from([layer])
        _check_recurrent("layer", layer)
        super().__init__(**{"dtype": layer.dtype} | options)
        if merge_mode is not None:
            checks.one_of("Bidirectional", "merge_mode", merge_mode, tuple(_MERGES))
            self.merge = Merge(_MERGES[merge_mode])
        self.merge_mode = merge_mode
        if backward_layer is None:
            back = type(layer).from_config(layer.get_config() | {"go_backwards": True})
            back.name = layer.name
        else:
            (back,) = layers_from([backward_layer])
            _check_recurrent("backward_layer", back)
        _check_pair(layer, back)
        self.forward_layer = self._remade(layer, "forward")
        self.backward_layer = self._remade(back, "backward")
        self.layers = [self.forward_layer, self.backward_layer]
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        for each in (self.forward_layer, self.backward_layer):
            each.keeps_order = True
            each.zero_output_for_mask = layer.return_sequences
        if not self.trainable:
            self.trainable = False

    def _remade(self, layer: Recurrent, direction: str) -> Recurrent:
        name = f"{direction}_{layer.name.removeprefix(f'{direction}_')}"
        config = layer.get_config() | {"name": name, "dtype": self.dtype}
        made: Recurrent = type(layer).from_config(config)
        return made

    def ensure_built(self, input_shape: Shape) -> None:
        """Build both layers once; later inputs must fit their weights."""
        for layer in self.layers:
            build_in_turn(self.name, [layer], input_shape)
        super().ensure_built(input_shape)

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of features."""
        return shape[2:]

    def build(self, input_shape: Shape) -> None:
        """Check that the layers' outputs can be merged."""
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The shape of the merged outputs; a list of shapes if there are several outputs."""
        (forth, *states), (back, *others) = (
            _shapes(layer.compute_output_shape(input_shape)) for layer in self.layers
        )
        if self.merge_mode is None:
            return [forth, back, *states, *others]
        merged = self.merge.output_shape(self.name, [forth, back])
        return [merged, *states, *others] if states else merged

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> Any:
        """The input's mask with ``return_sequences``, otherwise None; states have none."""
        of_y = mask if self.return_sequences else None
        outputs = 2 if self.merge_mode is None else 1
        states = len(self.state_sizes()) if self.return_state else 0
        masks = [of_y] * outputs + [None] * states
        return masks if len(masks) > 1 else of_y

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def forward(
        self,
        x: np.ndarray,
        training: bool = False,
        mask: np.ndarray | None = None,
        initial_state: Arrays | None = None,
    ) -> np.ndarray | list[np.ndarray]:
        """The merged outputs of both layers, or both; with ``return_state`` also the states."""
        outputs, states = [], []
        both: Any = self.layers
        for layer, first in zip(both, self._halves(initial_state), strict=True):
            y, *last = as_list(layer.forward(x, training, mask, first))
            for penalty in layer.parts()[1:]:
                y = penalty.forward(y, training)
            outputs.append(y)
            states += last
        if self.merge_mode is not None:
            outputs = [self.merge.forward(outputs)]
        results = [*outputs, *states]
        return results if len(results) > 1 else results[0]

    def backward(self, dy: Arrays) -> np.ndarray | list[np.ndarray] | None:
        """Compute both layers' gradients; the sum of their input gradients, then the states'."""
        gradients = as_list(dy)
        if self.merge_mode is None:
            of_outputs, of_states = gradients[:2], gradients[2:]
        else:
            of_outputs, of_states = self.merge.backward(gradients[0]), gradients[1:]
        found = []
        for layer, of_y, of_last in zip(
            self.layers, of_outputs, self._halves(of_states), strict=True
        ):
            for penalty in reversed(layer.parts()[1:]):
                of_y = penalty.backward(of_y)
            layer.propagate = self.propagate
            found.append(layer.backward([of_y, *of_last] if of_last else of_y))
        if not self.propagate:
            return None
        (dx, *forth), (other, *back) = map(as_list, found)
        total = self.empty(dx.shape)
        launch.add(dx, other, total)
        return [total, *forth, *back] if forth else total

    def another_use(self) -> Layer:
        """The same layer for one more place of a step, with a memory of its own for merging."""
        use: Any = super().another_use()
        if self.merge_mode is not None:
            use.merge = copy.copy(self.merge)
        return use

    def state_sizes(self) -> list[int]:
        """The number of units of each state, those of ``forward_layer`` first."""
        return [*self.forward_layer.state_sizes(), *self.backward_layer.state_sizes()]

    def _halves(self, arrays: list[np.ndarray] | None) -> list[list[np.ndarray] | None]:
        """What belongs to the states of ``forward_layer``, and of ``backward_layer``."""
        if not arrays:
            return [None, None]
        half = len(self.forward_layer.state_names)
        return [arrays[:half], arrays[half:]]


def _shapes(given: Any) -> list[Shape]:
    return given if isinstance(given, list) else [given]


def _check_recurrent(name: str, layer: Layer) -> None:
    if not isinstance(layer, Recurrent):
        raise TypeError(
            f"Bidirectional: {name} must be a SimpleRNN, LSTM or GRU, got {type(layer).__name__}"
        )


def _check_pair(layer: Recurrent, back: Recurrent) -> None:
    if layer.go_backwards or not back.go_backwards:
        raise ValueError(
            "Bidirectional: layer must have go_backwards=False, and backward_layer True; got "
            f"{layer.go_backwards} and {back.go_backwards}"
        )
    for name in ("return_sequences", "return_state", "stateful"):
        mine, other = getattr(layer, name), getattr(back, name)
        if mine != other:
            raise ValueError(
                f"Bidirectional: layer and backward_layer must have the same {name}, got {mine} "
                f"and {other}"
            )
