"""LSTM."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.gated import Gated
from nnkit.layers.step_formulas import LSTMStep

__all__ = ["LSTM"]


class LSTM(Gated):
    """Long short-term memory: gates decide what a cell forgets, takes in and outputs.

    S. Hochreiter and J. Schmidhuber, 1997, "Long short-term memory"; the forget gate is that of
    F. Gers, J. Schmidhuber and F. Cummins, 2000, "Learning to forget".

    Parameters
    ----------
    units : int
        Size of the output's last axis, and of both states.
    activation : str or Layer, optional
        Activation of the cell's candidate values, and of the cell in the output.
    recurrent_activation : str or Layer, optional
        Activation of the gates.
    use_bias : bool
    unit_forget_bias : bool
        Whether the forget gate's bias begins as 1 (R. Jozefowicz et al., 2015, "An empirical
        exploration of recurrent network architectures").
    **options
        Arguments of :class:`Recurrent`.

    Notes
    -----
    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    ``return_sequences``. From x of the step and the state h, with the columns of the weights in
    the order i, f, g, o, and s the recurrent activation::

        i = s(x K_i + h R_i + b_i)              f = s(x K_f + h R_f + b_f)
        g = activation(x K_g + h R_g + b_g)     o = s(x K_o + h R_o + b_o)
        c = f c + i g                           h = o activation(c)

    Weights: kernel K (features, 4 units), recurrent_kernel R (units, 4 units), bias (4 units,).
    States: h and c. With tanh and sigmoid a timestep is two launches, otherwise about twenty.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.ones((2, 5, 4))
    >>> nnkit.layers.LSTM(3)(x).shape
    (2, 3)
    >>> y, h, c = nnkit.layers.LSTM(3, return_sequences=True, return_state=True)(x)
    >>> y.shape, bool((y[:, -1] == h).all())
    ((2, 5, 3), True)
    """

    gates: ClassVar[int] = 4
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")

    c: np.ndarray
    dc: np.ndarray

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
        self.unit_forget_bias = checks.flag("LSTM", "unit_forget_bias", unit_forget_bias)

    def build(self, input_shape: Shape) -> None:
        """Make the weights, and the states of a stateful layer."""
        super().build(input_shape)
        if self.bias is not None and self.unit_forget_bias:
            self.bias.value[self.units : 2 * self.units] = 1

    def step(self, t: int) -> None:
        """Overwrite the activations' arguments by i, f, g and o, and compute c and h."""
        launch.matmul_add(self.previous(t), self.recurrent_kernel.value, self.sums[t])
        forward = launch.lstm_gates if self.fused else self.formulas(t).forward
        forward(self.c[t], self.sums[t], self.c[t + 1], self.h[t + 1])

    def step_backward(self, t: int) -> None:
        """Overwrite the gates by their arguments' gradients; add to the previous c's gradient."""
        backward = launch.lstm_gates_backward if self.fused else self.formulas(t).backward
        after = self.dh[t + 1], self.dc[t + 1]
        backward(*after, self.c[t], self.c[t + 1], self.sums[t], self.dc[t])

    def make_formulas(self) -> LSTMStep:
        """The formulas of a timestep for any activations."""
        return LSTMStep(self.activation, self.recurrent_activation)
