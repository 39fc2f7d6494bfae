"""GRU."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.gated import Gated
from nnkit.layers.step_formulas import GRUStep, ResetFirstStep
from nnkit.layers.through_time import rows

__all__ = ["GRU"]


class GRU(Gated):
    """Gated recurrent unit: an update gate keeps part of the state, a reset gate hides part of it.

    K. Cho et al., 2014, "Learning phrase representations using RNN encoder-decoder for statistical
    machine translation".

    Parameters
    ----------
    units : int
        Size of the output's last axis, and of the state.
    activation : str or Layer, optional
        Activation of the new state.
    recurrent_activation : str or Layer, optional
        Activation of the gates.
    use_bias : bool
    reset_after : bool
        Whether the reset gate is applied after the matrix product, as in cuDNN and in Keras; or
        before it, as in the paper.
    **options
        Arguments of :class:`Recurrent`.

    Notes
    -----
    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    ``return_sequences``. From x of the step and the state h, with the columns of the weights in
    the order z, r, g, and s the recurrent activation::

        z = s(x K_z + b_z + h R_z + d_z)
        r = s(x K_r + b_r + h R_r + d_r)
        g = activation(x K_g + b_g + r (h R_g + d_g))    with reset_after
        g = activation(x K_g + b_g + (r h) R_g)          without; d is not used
        h = z h + (1 - z) g

    Weights: kernel K (features, 3 units), recurrent_kernel R (units, 3 units), bias (2, 3 units)
    with b in row 0 and d in row 1, or b (3 units,) without ``reset_after``. With tanh, sigmoid and
    ``reset_after`` a timestep is two launches, otherwise about twenty.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.GRU(3, return_sequences=True)(np.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    gates: ClassVar[int] = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, activation, recurrent_activation, use_bias, **options)
        self.reset_after = checks.flag("GRU", "reset_after", reset_after)

    def bias_shape(self) -> tuple[int, ...]:
        """(2, 3 units) with ``reset_after``, otherwise (3 units,)."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def of_inputs(self, bias: np.ndarray) -> np.ndarray:
        """The part of the bias, or of its gradient, that belongs to the kernel."""
        return bias[0] if self.reset_after else bias

    def begin(self, steps: int, batch: int) -> None:
        """Make memory for the gates and for the products of all timesteps."""
        super().begin(steps, batch)
        # h R + d, an addend of the activations' arguments: of z, r and g, or of z and r only.
        width = 3 if self.reset_after else 2
        self.of_state = self.empty((steps, batch, width * self.units))
        if not self.reset_after:
            self.remaining = self.empty((steps, batch, self.units))

    @property
    def inner(self) -> np.ndarray:
        """h R + d for all timesteps."""
        return self.of_state

    def step(self, t: int) -> None:
        """Overwrite the activations' arguments by z, r and g, and compute h."""
        state, recurrent = self.previous(t), self.recurrent_kernel.value
        if not self.reset_after:
            self._step_resetting_first(t, state)
            return
        bias = None if self.bias is None else self.bias.value[1]
        self.product(state, recurrent, bias, self.inner[t])
        forward = launch.gru_gates if self.fused else self.formulas(t).forward
        forward(self.h[t], self.inner[t], self.sums[t], self.h[t + 1])

    def step_backward(self, t: int) -> None:
        """Overwrite gates and ``inner`` by their gradients; add dh z to the gradient of h."""
        if not self.reset_after:
            self._step_resetting_first_backward(t)
            return
        backward = launch.gru_gates_backward if self.fused else self.formulas(t).backward
        backward(self.dh[t + 1], self.h[t], self.inner[t], self.sums[t], self.dh[t])

    def _step_resetting_first(self, t: int, state: np.ndarray) -> None:
        of_gates, of_new = self._parts_of_recurrent_kernel()
        step = self.formulas(t)
        launch.matmul(state, of_gates, self.inner[t])
        step.reset(state, self.inner[t], self.sums[t], self.remaining[t])
        inner_g = self.empty(state.shape)
        launch.matmul(self.remaining[t], of_new, inner_g)
        step.forward(self.h[t], inner_g, self.h[t + 1])

    def _step_resetting_first_backward(self, t: int) -> None:
        step = self.formulas(t)
        if t == len(self.x) - 1:
            self.d_new = self.empty(self.remaining.shape)
        step.backward(self.dh[t + 1], self.h[t], self.dh[t], self.d_new[t])
        of_remaining = self.empty(self.remaining[t].shape)
        launch.matmul(self.d_new[t], self._parts_of_recurrent_kernel()[1].T, of_remaining)
        past = step.reset_backward(of_remaining, self.d_new[t], self.inner[t], self.sums[t])
        launch.add_to(self.of_undropped(past), self.dh[t])

    def weight_gradients(self) -> None:
        """Compute each weight's gradient as one product or sum over all timesteps."""
        super().weight_gradients()
        if self.bias is not None and self.reset_after:
            launch.sum_rows(rows(self.inner), 0, self.bias.gradient[1])

    def recurrent_gradient(self, states: np.ndarray) -> None:
        """The gradient of the recurrent kernel."""
        if self.reset_after:
            super().recurrent_gradient(states)
            return
        of_gates, of_new = (self.empty(part.shape) for part in self._parts_of_recurrent_kernel())
        launch.matmul(rows(states).T, rows(self.inner), of_gates)
        launch.matmul(rows(self.remaining).T, rows(self.d_new), of_new)
        launch.join(of_gates, of_new, self.recurrent_kernel.gradient)

    def _parts_of_recurrent_kernel(self) -> tuple[np.ndarray, np.ndarray]:
        """The columns of z and r, and those of g."""
        value = self.recurrent_kernel.value
        return value[:, : 2 * self.units], value[:, 2 * self.units :]

    def make_formulas(self) -> GRUStep | ResetFirstStep:
        """The formulas of a timestep for any activations."""
        kind = GRUStep if self.reset_after else ResetFirstStep
        return kind(self.activation, self.recurrent_activation)
