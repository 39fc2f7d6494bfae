"""GatedCell: the base class of LSTMCell and GRUCell."""

from __future__ import annotations

from typing import Any

from nnkit import activations
from nnkit.layers.cell import Cell, applied
from nnkit.layers.split import Split

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
        return applied(self.recurrent_activation, x)

    def gates_of(self, x: Any, count: int) -> list[Any]:
        """The parts of (batch, count units) for each gate."""
        parts: list[Any] = Split(-1, count, self.dtype)(x)
        return parts

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        serialized = activations.serialize(self.recurrent_activation)
        return super().get_config() | {"recurrent_activation": serialized}
