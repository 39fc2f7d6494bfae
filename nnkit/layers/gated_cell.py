"""GatedCell: the base class of LSTMCell and GRUCell."""

from __future__ import annotations

from typing import Any

from nnkit import activations
from nnkit.layers.cell import Cell

__all__ = ["GatedCell"]


class GatedCell(Cell, abstract=True):
    """A cell whose gates have an activation of their own."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = self.activation_of(recurrent_activation)

    def gate(self, x: Any) -> Any:
        """The recurrent activation of x."""
        return x if self.recurrent_activation is None else self.recurrent_activation(x)

    def columns(self, x: Any, number: int) -> Any:
        """The part of a vector for all gates, or of the columns of a matrix, for one gate."""
        part = slice(number * self.units, (number + 1) * self.units)
        return x[part] if len(x.shape) == 1 else x[:, part]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        serialized = activations.serialize(self.recurrent_activation)
        return super().get_config() | {"recurrent_activation": serialized}
