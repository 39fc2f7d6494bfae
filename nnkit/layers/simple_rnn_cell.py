"""SimpleRNNCell."""

from __future__ import annotations

from typing import Any

from nnkit.layers.cell import Cell, masked

__all__ = ["SimpleRNNCell"]


class SimpleRNNCell(Cell):
    """``h = activation(x @ kernel + h @ recurrent_kernel + bias)``: a timestep of a SimpleRNN.

    Parameters
    ----------
    units, activation, use_bias, **options
        Arguments of :class:`Cell`.

    Notes
    -----
    ``cell(x, [h])`` returns h, and the new states [h]. :class:`SimpleRNN` is faster than an
    :class:`RNN` of this.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.RNN(nnkit.layers.SimpleRNNCell(3))
    >>> layer(np.ones((2, 5, 4))).shape
    (2, 3)
    """

    def call(
        self,
        inputs: Any,
        states: Any,
        input_mask: Any = None,
        state_mask: Any = None,
    ) -> tuple[Any, list[Any]]:
        """The output and the state after a timestep."""
        from nnkit import ops

        a = ops.matmul(masked(inputs, input_mask), self.kernel)
        if self.bias is not None:
            a = a + self.bias
        h = self.activate(a + ops.matmul(masked(states[0], state_mask), self.recurrent_kernel))
        return h, [h]
