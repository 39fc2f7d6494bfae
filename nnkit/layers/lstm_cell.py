"""LSTMCell."""

from __future__ import annotations

from typing import Any, ClassVar

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.cell import masked
from nnkit.layers.gated_cell import GatedCell
from nnkit.layers.lstm_gates import LSTMGates

__all__ = ["LSTMCell"]


class LSTMCell(GatedCell):
    """A timestep of an :class:`LSTM`, which has the formulas.

    Parameters
    ----------
    units : int
    activation : str or Layer, optional
        Activation of the candidate values, and of the cell's state in the output.
    recurrent_activation : str or Layer, optional
        Activation of the gates.
    use_bias : bool
    unit_forget_bias : bool
        Whether the forget gate's bias begins as 1.
    **options
        Arguments of :class:`Cell`.

    Notes
    -----
    ``cell(x, [h, c])`` returns h, and the new states [h, c]. :class:`LSTM` is faster than an
    :class:`RNN` of this.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> cells = [nnkit.layers.LSTMCell(3), nnkit.layers.LSTMCell(2)]
    >>> nnkit.layers.RNN(cells)(np.ones((2, 5, 4))).shape
    (2, 2)
    """

    gates: ClassVar[int] = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, activation, recurrent_activation, use_bias, **options)
        self.unit_forget_bias = checks.flag("LSTMCell", "unit_forget_bias", unit_forget_bias)

    @property
    def state_size(self) -> list[int]:
        """The sizes of h and c."""
        return [self.units, self.units]

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs (batch, features)."""
        super().build(input_shape)
        if self.bias is not None and self.unit_forget_bias:
            self.bias.value[self.units : 2 * self.units] = 1

    def call(
        self,
        inputs: Any,
        states: Any,
        input_mask: Any = None,
        state_mask: Any = None,
    ) -> tuple[Any, list[Any]]:
        """The output and the states after a timestep."""
        from nnkit import ops

        h, c = states
        z = ops.matmul(masked(inputs, input_mask), self.kernel)
        if self.bias is not None:
            z = z + self.bias
        of_state = ops.matmul(masked(h, state_mask), self.recurrent_kernel)
        gates = LSTMGates(self.activation, self.recurrent_activation, self.dtype)
        h, c = gates([z, of_state, c])
        return h, [h, c]
