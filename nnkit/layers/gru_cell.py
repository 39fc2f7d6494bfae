"""GRUCell."""

from __future__ import annotations

from typing import Any, ClassVar

from nnkit import checks
from nnkit.layers.cell import masked
from nnkit.layers.gated_cell import GatedCell

__all__ = ["GRUCell"]


class GRUCell(GatedCell):
    """A timestep of a :class:`GRU`, which has the formulas.

    Parameters
    ----------
    units : int
    activation : str or Layer, optional
        Activation of the new state.
    recurrent_activation : str or Layer, optional
        Activation of the gates.
    use_bias : bool
    reset_after : bool
        Whether the reset gate is applied after the matrix product.
    **options
        Arguments of :class:`Cell`.

    Notes
    -----
    ``cell(x, [h])`` returns h, and the new states [h]. :class:`GRU` is faster than an
    :class:`RNN` of this.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.RNN(nnkit.layers.GRUCell(3), return_sequences=True)
    >>> layer(np.ones((2, 5, 4))).shape
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
        self.reset_after = checks.flag("GRUCell", "reset_after", reset_after)

    def bias_shape(self) -> tuple[int, ...]:
        """(2, 3 units) with ``reset_after``, otherwise (3 units,)."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(
        self,
        inputs: Any,
        states: Any,
        input_mask: Any = None,
        state_mask: Any = None,
    ) -> tuple[Any, list[Any]]:
        """The output and the state after a timestep."""
        from nnkit import ops

        h, bias = states[0], self.bias
        x = ops.matmul(masked(inputs, input_mask), self.kernel)
        if bias is not None:
            x = x + (bias[0] if self.reset_after else bias)
        of_z, of_r, of_g = self.gates_of(x, 3)
        state, kernel = masked(h, state_mask), self.recurrent_kernel
        if self.reset_after:
            inner = ops.matmul(state, kernel)
            if bias is not None:
                inner = inner + bias[1]
            z, r, g = self.gates_of(inner, 3)
            new = self.gate(of_r + r) * g
        else:
            z, r = self.gates_of(ops.matmul(state, kernel[:, : 2 * self.units]), 2)
            new = ops.matmul(self.gate(of_r + r) * state, kernel[:, 2 * self.units :])
        z = self.gate(of_z + z)
        h = z * h + (1.0 - z) * self.activate(of_g + new)
        return h, [h]
