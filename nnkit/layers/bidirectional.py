"""Bidirectional."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.chain import Chain
from nnkit.layers.inside import build_in_turn, layers_from
from nnkit.layers.merge import Merge
from nnkit.layers.recurrent import Recurrent, with_steps_of

__all__ = ["Bidirectional"]

_MERGES = {"sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average"}


class Bidirectional(Layer):
    """Process a sequence in both directions, with a recurrent layer for each.

    M. Schuster and K. K. Paliwal, 1997, "Bidirectional recurrent neural networks".

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
        The template: two copies of this layer are made, one for each direction. It is not used
        itself.
    merge_mode : {"concat", "sum", "mul", "ave", None}
        How the two outputs are combined at each timestep. None returns both, which a model can't
        use: there, one array goes from layer to layer.
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
    Output of the template's shape, with the last axis twice as long for ``"concat"``. With
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
        """Build once; later inputs may differ from the first in the number of timesteps only."""
        super().ensure_built(with_steps_of(self, input_shape))

    def build(self, input_shape: Shape) -> None:
        """Build both layers, and check that their outputs can be merged."""
        for layer in self.layers:
            build_in_turn(self.name, [layer], input_shape)
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the merged outputs."""
        shape = self.forward_layer.compute_output_shape(input_shape)
        other = self.backward_layer.compute_output_shape(input_shape)
        return (
            shape if self.merge_mode is None else self.merge.output_shape(self.name, [shape, other])
        )

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """The input's mask with ``return_sequences``, otherwise None."""
        return mask if self.return_sequences else None

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def __call__(
        self, x: Any, training: bool = False, mask: Any = None, initial_state: Any = None
    ) -> Any:
        """The layer's output; see :meth:`Recurrent.__call__`.

        ``initial_state`` and the states that ``return_state`` adds are those of ``forward_layer``,
        then those of ``backward_layer``. Without a ``merge_mode``, there are two outputs.
        """
        x = np.ascontiguousarray(self.as_input(x), self.dtype)
        self.ensure_built((len(x) if self.forward_layer.stateful else None, *x.shape[1:]))
        half = len(self.forward_layer.state_names)
        given = (
            (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
        )
        results = [
            layer(x, training, mask, states)
            for layer, states in zip((self.forward_layer, self.backward_layer), given, strict=True)
        ]
        states: list[np.ndarray] = []
        if self.return_state:
            states = [state for result in results for state in result[1:]]
            results = [result[0] for result in results]
        outputs = results if self.merge_mode is None else [self.merge.forward(results)]
        everything = [*outputs, *states]
        return everything if len(everything) > 1 else everything[0]

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """The merged outputs of both layers."""
        if self.merge_mode is None:
            raise ValueError(
                f"layer {self.name!r} (Bidirectional) has merge_mode=None, which gives two arrays; "
                f"in a model one goes from layer to layer: choose one of {', '.join(_MERGES)}"
            )
        return self.merge.forward([chain.forward(x, training, mask) for chain in self._both()])

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute both layers' gradients, and return the sum of their input gradients."""
        gradients = zip(self._both(), self.merge.backward(dy), strict=True)
        found = [chain.backward(gradient, self.propagate) for chain, gradient in gradients]
        if found[0] is None or found[1] is None:
            return None
        dx = self.empty(found[0].shape)
        launch.add(*found, dx)
        return dx

    def _both(self) -> list[Chain]:
        """Both layers' chains, made once, so that records are alike."""
        if "chains" not in vars(self):
            self.chains = [Chain(layer.parts()) for layer in self.layers]
        return self.chains


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
