"""Recurrent: the base class of SimpleRNN, LSTM and GRU, without the formulas of a timestep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.engine.mirrors import writing
from nnkit.layers.base import Layer, Shape
from nnkit.layers.first_states import Arrays
from nnkit.layers.random_layer import RandomLayer
from nnkit.layers.through_time import ThroughTime
from nnkit.missing import also_from

__all__ = ["Recurrent"]


class Recurrent(ThroughTime, RandomLayer, abstract=True):
    """A layer that processes a sequence timestep by timestep, and keeps a state in between.

    Parameters
    ----------
    units : int
        Size of the state and of the output's last axis.
    activation : str or Layer, optional
        Activation of the new state; see :mod:`nnkit.activations`.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
        ``kernel`` multiplies the inputs, ``recurrent_kernel`` the state.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint, optional
    dropout, recurrent_dropout : float
        The fraction of the inputs, or of the state before it is multiplied by the recurrent kernel,
        that is set to 0 in training; at least 0 and less than 1. All timesteps of a batch share a
        mask (Y. Gal and Z. Ghahramani, 2016, "A theoretically grounded application of dropout in
        recurrent neural networks"), and so do all gates.
    seed : int, optional
        Seed of both masks; see :class:`Dropout`.
    return_sequences : bool
        Whether to return the outputs of all timesteps, (batch, steps, units), not only the last.
    return_state : bool
        Whether the layer has several outputs: the output, then the states after the last timestep,
        (batch, units) each. Gradients flow back through all of them.
    go_backwards : bool
        Whether to process the last timestep first; outputs are in the order of processing.
    stateful : bool
        Whether row i of a batch continues row i of the previous batch: it starts from that row's
        last state, unless the call gives an ``initial_state``. This needs a fixed batch size,
        ``Input(shape, batch_size=...)``; and in ``fit``, ``shuffle=False``.
    unroll : bool
        Accepted because Keras has it: a recorded step is unrolled anyway.
    zero_output_for_mask : bool
        Whether, with ``return_sequences``, a masked timestep's output is 0, not the previous one.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel, recurrent_kernel, bias : Variable
        (features, n units), (units, n units) and (n units,), for n gates; bias may be None.
    states : list of numpy.ndarray
        With ``stateful``, arrays (batch, units); otherwise an empty list.

    Notes
    -----
    Call it with x, (batch, steps, features), and perhaps with ``initial_state=``: an array
    (batch, units) or, for several states, a list of them, as ``return_state`` gives them. By
    default they are zeros, or those that a stateful layer remembers. A timestep that ``mask=``
    (bool, (batch, steps)) leaves out keeps the states, and repeats the previous output.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once it is known, the input is not of shape
        (batch, steps, features), or not of the batch size of a layer that is ``stateful``.
    """

    of_sequences = True

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(seed, activity_regularizer=activity_regularizer, **options)
        owner = type(self).__name__
        self.units = checks.integer(owner, "units", units)
        self.activation = activation
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
        self.return_sequences = checks.flag(owner, "return_sequences", return_sequences)
        self.return_state = checks.flag(owner, "return_state", return_state)
        self.go_backwards = checks.flag(owner, "go_backwards", go_backwards)
        self.stateful = checks.flag(owner, "stateful", stateful)
        checks.flag(owner, "unroll", unroll)
        self.zero_output_for_mask = checks.flag(owner, "zero_output_for_mask", zero_output_for_mask)
        self.keeps_order = False
        self.steps = {}

    # --------------------------------------------------------------------- building and calling

    def build(self, input_shape: Shape) -> None:
        """Make the weights, and the states of a stateful layer."""
        owner = f"layer {self.name!r} ({type(self).__name__})"
        if len(input_shape) != 3 or 0 in input_shape[1:]:
            raise ValueError(
                f"{owner} needs inputs of shape (batch, steps, features), got {input_shape}"
            )
        width = self.gates * self.units
        self.kernel = self.add_weight("kernel", (self.known_size(input_shape, -1), width))
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, width), plan="recurrent"
        )
        self.bias = self.add_weight("bias", self.bias_shape()) if self.use_bias else None
        for activation in self.inner_activations():
            if activation is not None:
                self._build_activation(activation, (None, self.units))
        if self.stateful and input_shape[0]:
            shape = input_shape[0], self.units
            self.states = [np.zeros(shape, self.dtype) for _ in self.state_names]

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of features: the weights fit any number of timesteps."""
        return shape[2:]

    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the bias: (n units,) for n gates."""
        return (self.gates * self.units,)

    def inner_activations(self) -> tuple[Layer | None, ...]:
        """The activations that run within a timestep."""
        return (self.activation,)

    def parts(self) -> tuple[Layer, ...]:
        """The layers to run: this one, without the activations that it runs within a timestep."""
        inside = self.activation.parts() if self.activation is not None else ()
        return tuple(part for part in super().parts() if part not in inside)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, units), or (batch, steps, units) with ``return_sequences``.

        With ``return_state`` a list: this, then (batch, units) for each state.
        """
        state = input_shape[0], self.units
        y = (*input_shape[:2], self.units) if self.return_sequences else state
        return [y, *(state for _ in self.state_names)] if self.return_state else y

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> Any:
        """The input's mask with ``return_sequences``, otherwise None; states have none."""
        of_y = mask if self.return_sequences else None
        return [of_y, *(None for _ in self.state_names)] if self.return_state else of_y

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        for state in self.states:
            writing(state).fill(0)

    reset_states = reset_state

    def forward(
        self,
        x: np.ndarray,
        training: bool = False,
        mask: np.ndarray | None = None,
        initial_state: Arrays | None = None,
    ) -> np.ndarray | list[np.ndarray]:
        """The output after the last timestep, or after each one; see :class:`ThroughTime`."""
        self._check_use(*x.shape[:2])
        return super().forward(x, training, mask, initial_state)

    def _check_use(self, batch: int, steps: int) -> None:
        who = f"layer {self.name!r} ({type(self).__name__})"
        if steps == 0:
            raise ValueError(f"{who} got sequences without a timestep; they need at least one")
        if self.stateful and not self.states:
            raise ValueError(
                f"{who} is stateful and needs a fixed batch size: begin the model with "
                "Input(shape, batch_size=...)"
            )
        if self.stateful and batch != len(self.states[0]):
            raise ValueError(
                f"{who} is stateful with a batch size of {len(self.states[0])}, got a batch of "
                f"{batch} rows"
            )


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = also_from(__name__)
