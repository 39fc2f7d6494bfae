"""SimpleRNN."""

from __future__ import annotations

from nnkit.engine.dispatch import launch
from nnkit.layers.recurrent import Recurrent
from nnkit.layers.step_formulas import Activated

__all__ = ["SimpleRNN"]


class SimpleRNN(Recurrent):
    """At each timestep ``h = activation(x @ kernel + h @ recurrent_kernel + bias)``.

    J. L. Elman, 1990, "Finding structure in time".

    Parameters
    ----------
    units, activation, use_bias, **options
        Arguments of :class:`Recurrent`.

    Notes
    -----
    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    ``return_sequences``. Weights: kernel (features, units), recurrent_kernel (units, units), bias
    (units,). Backward, from the last timestep to the first, with a = the activation's argument:
    da = dh activation'(a), and the previous timestep's dh = da recurrent_kernel^T.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.SimpleRNN(3)(np.ones((2, 5, 4))).shape
    (2, 3)
    """

    def step(self, t: int) -> None:
        """h = activation(sums + h_previous recurrent)."""
        launch.matmul_add(self.previous(t), self.recurrent_kernel.value, self.sums[t])
        launch.copy(self.formulas(t).forward(self.sums[t]), self.h[t + 1])

    def step_backward(self, t: int) -> None:
        """Compute the gradient of the activation's argument."""
        launch.copy(self.formulas(t).backward(self.dh[t + 1]), self.sums[t])

    def make_formulas(self) -> Activated:
        """The activation of a timestep."""
        return Activated(self.activation)
