"""LSTMGates: the formulas of a timestep of an LSTM, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.sigmoid import Sigmoid
from nnkit.layers.step_formulas import LSTMStep
from nnkit.layers.tanh import Tanh

__all__ = ["LSTMGates"]


class LSTMGates(Layer):
    """Give the new states h and c of an LSTM, for the ``call`` of layers.

    Parameters
    ----------
    activation, recurrent_activation : Layer or None
        Of the candidate values and of the cell in the output; and of the gates.
    dtype : str, optional

    Notes
    -----
    Inputs: two arrays (..., 4 units), whose sum has the gates in the order i, f, c, o; and the last
    c, (..., units).
    """

    takes_list = True
    recordable = True
    trusted = True

    def __init__(
        self,
        activation: Layer | None,
        recurrent_activation: Layer | None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(dtype=dtype)
        self.inner = activation, recurrent_activation
        usual = type(activation) is Tanh and type(recurrent_activation) is Sigmoid
        self._formulas = None if usual else LSTMStep(*self.inner)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Make the activations' weights."""
        for activation in self.inner:
            if activation is not None:
                self._build_activation(activation, (None, input_shape[2][-1]))

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> list[Shape]:
        """The shapes of h and c."""
        return [input_shape[2]] * 2

    def forward(self, x: Sequence[np.ndarray], training: bool = False) -> list[np.ndarray]:
        """c = f c_previous + i g, h = o squash(c)."""
        a, b, c_previous = (array.reshape(-1, array.shape[-1]) for array in x)
        gates, c, h = (
            self.empty(a.shape),
            self.empty(c_previous.shape),
            self.empty(c_previous.shape),
        )
        launch.add(a, b, gates)
        step = launch.lstm_gates if self._formulas is None else self._formulas.forward
        step(c_previous, gates, c, h)
        self._kept = c_previous, c, gates
        return [h.reshape(x[2].shape), c.reshape(x[2].shape)]

    def backward(self, dy: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The gradient of both addends is the same array."""
        shape = dy[0].shape
        dh, dc = (array.reshape(-1, shape[-1]) for array in dy)
        c_previous, c, gates = self._kept
        dc_previous = self.empty(c.shape)
        launch.fill(0.0, dc_previous)
        step = launch.lstm_gates_backward if self._formulas is None else self._formulas.backward
        step(dh, dc, c_previous, c, gates, dc_previous)
        of_gates = gates.reshape(*shape[:-1], -1)
        return [of_gates, of_gates, dc_previous.reshape(shape)]

    def compute_mask(
        self, x: Sequence[np.ndarray], mask: Sequence[np.ndarray | None] | None = None
    ) -> None:
        """States have no mask."""
