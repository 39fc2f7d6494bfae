"""Cell: the base class of SimpleRNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit import activations, checks
from nnkit.layers.base import Layer, Shape
from nnkit.layers.dropout import Dropout
from nnkit.layers.first_states import as_list

__all__ = ["Cell", "applied", "masked", "output_size", "state_sizes"]


class Cell(Layer, abstract=True):
    """One timestep of a recurrent layer, for :class:`RNN`: ``cell(x, states)``.

    Parameters
    ----------
    units : int
        Size of the output and of each state.
    activation : str or Layer, optional
        Activation of the new state; see :mod:`nnkit.activations`.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        ``kernel`` multiplies the inputs, ``recurrent_kernel`` the state.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint, optional
    dropout, recurrent_dropout : float
        The fraction of the inputs, or of the state before it is multiplied, that is set to 0 in
        training; at least 0 and less than 1. An ``RNN`` draws one mask for all timesteps; a cell
        that is called by itself drops nothing.
    seed : int, optional
        Seed of both masks; see :class:`Dropout`.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    state_size : int or list of int
        The size of the state, or of each one.
    output_size : int

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.
    """

    named_inputs = ("states",)
    gates: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.units = checks.integer(owner, "units", units)
        self.activation = self.activation_of(activation)
        self.use_bias = checks.flag(owner, "use_bias", use_bias)
        self.plan_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.plan_weight(
            "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint
        )
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = checks.number(owner, "dropout", dropout, "[0, 1)")
        self.recurrent_dropout = checks.number(
            owner, "recurrent_dropout", recurrent_dropout, "[0, 1)"
        )
        self.seed = checks.seed(owner, seed)
        self._drops = {
            name: Dropout(rate, seed=self.seed, dtype=self.dtype, name=name)
            for name, rate in (("input_mask", dropout), ("state_mask", recurrent_dropout))
            if rate
        }

    @property
    def state_size(self) -> Any:
        """The size of the state."""
        return self.units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self.units

    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the bias: (n units,) for n gates."""
        return (self.gates * self.units,)

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs (batch, features)."""
        if len(input_shape) != 2:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) needs inputs of shape (batch, "
                f"features) in each timestep, got {input_shape}"
            )
        width = self.gates * self.units
        self.kernel = self.add_weight("kernel", (self.known_size(input_shape, -1), width))
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, width), plan="recurrent"
        )
        self.bias = self.add_weight("bias", self.bias_shape()) if self.use_bias else None

    def parts(self) -> tuple[Layer, ...]:
        """This layer: the activation runs within it."""
        return (self,)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, units), and a list of the same for each state."""
        batch = input_shape[0]
        sizes = [self.state_size] if isinstance(self.state_size, int) else self.state_size
        return [(batch, self.units), [(batch, size) for size in sizes]]

    def masks(self, ones: Any, features: int) -> dict[str, Any]:
        """What to call the cell with in all timesteps of a batch: masks of its dropout.

        Parameters
        ----------
        ones : Any
            (batch, 1).
        features : int
            The number of inputs of a timestep.
        """
        sizes = {"input_mask": features, "state_mask": self.units}
        return {
            name: drop(ones * np.ones((1, sizes[name]), self.dtype))
            for name, drop in self._drops.items()
        }

    def activate(self, x: Any) -> Any:
        """The activation of x."""
        return applied(self.activation, x)


def applied(activation: Layer | None, x: Any) -> Any:
    """The activation of x, if possible by a function, as a part of the formula around it."""
    from nnkit import ops

    name = activations.serialize(activation)
    if name in (None, "linear"):
        return x
    function = getattr(ops, name, None) if isinstance(name, str) else None
    return activation(x) if function is None else function(x)  # type: ignore[misc]


def masked(x: Any, mask: Any) -> Any:
    """x times a mask, if there is one."""
    return x if mask is None else x * mask


def state_sizes(cell: Layer) -> list[Any]:
    """The sizes of a cell's states, as a list."""
    return as_list(cell.state_size)  # type: ignore[attr-defined]


def output_size(cell: Layer) -> Any:
    """The size of a cell's output: what it says, or the size of its first state."""
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size
