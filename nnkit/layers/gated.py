"""Gated: the base class of LSTM and GRU."""

from __future__ import annotations

from typing import Any

from nnkit import activations
from nnkit.layers.base import Layer
from nnkit.layers.recurrent import Recurrent
from nnkit.layers.sigmoid import Sigmoid
from nnkit.layers.tanh import Tanh

__all__ = ["Gated"]


class Gated(Recurrent, abstract=True):
    """A recurrent layer whose gates have an activation of their own."""

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

    def inner_activations(self) -> tuple[Layer | None, ...]:
        """The activations that run within a timestep."""
        return self.activation, self.recurrent_activation

    @property
    def fused(self) -> bool:
        """Whether one kernel computes a timestep: with the usual activations."""
        return type(self.activation) is Tanh and type(self.recurrent_activation) is Sigmoid

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        serialized = activations.serialize(self.recurrent_activation)
        return super().get_config() | {"recurrent_activation": serialized}
