"""RNN: a recurrent layer made of a cell."""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Shape
from nnkit.layers.cell import output_size, state_sizes
from nnkit.layers.first_states import as_list
from nnkit.layers.inside import layers_from
from nnkit.layers.stacked_rnn_cells import StackedRNNCells
from nnkit.layers.unrolled import Unrolled
from nnkit.registry import to_plain

__all__ = ["RNN"]


class RNN(Unrolled):
    """Process a sequence timestep by timestep with a cell.

    A cell is a layer: ``cell(x, states)`` returns its output and a list of new states. It says the
    sizes of its states as ``state_size``, a number or a list of numbers, and perhaps the size of
    its output as ``output_size``, by default that of the first state.

    Parameters
    ----------
    cell : Layer or list of Layer
        A list is a :class:`StackedRNNCells`.
    return_sequences : bool
        Whether to return the outputs of all timesteps, not only the last.
    return_state : bool
        Whether the layer has several outputs: the output, then the states after the last timestep.
    go_backwards : bool
        Whether to process the last timestep first; outputs are in the order of processing.
    stateful : bool
        Refused if True: this is for SimpleRNN, LSTM and GRU.
    unroll : bool
        Accepted because Keras has it: a recorded step is unrolled anyway.
    zero_output_for_mask : bool
        Whether, with ``return_sequences``, a masked timestep's output is 0, not the previous one.
    **options
        Arguments of :class:`Layer`; ``dtype`` is by default the cell's.

    Attributes
    ----------
    cell : Layer

    Raises
    ------
    TypeError, ValueError
        ``cell`` is not a layer or has no ``state_size``; an argument has a wrong type or value; or
        the cell returns something else than an output and as many states as it has.

    Notes
    -----
    Input (batch, steps, ...). A timestep that the mask, bool (batch, steps), leaves out keeps the
    states and repeats the previous output. Each timestep is a use of the cell in the graph, so a
    step for n timesteps is recorded in a time proportional to n.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> class Sum(nnkit.layers.Layer):
    ...     state_size = 4
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> nnkit.layers.RNN(Sum())(np.ones((1, 3, 4)))
    array([[3., 3., 3., 3.]], dtype=float32)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **options: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        (self.cell,) = layers_from([cell])
        flags = return_sequences, return_state, go_backwards, stateful, unroll
        super().__init__(*flags, zero_output_for_mask, **{"dtype": self.cell.dtype} | options)
        if not hasattr(self.cell, "state_size"):
            raise TypeError(
                f"{type(self).__name__}: the cell {self.cell.name!r} ({type(self.cell).__name__}) "
                "has no state_size; a cell says the sizes of its states"
            )

    def build(self, input_shape: Shape) -> None:
        """Build the cell for one timestep."""
        if len(input_shape) < 3 or 0 in input_shape[1:]:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) needs inputs of shape (batch, steps, "
                f"features), got {input_shape}"
            )
        try:
            self.cell.ensure_built((None, *input_shape[2:]))
        except (TypeError, ValueError) as error:
            raise type(error)(f"layer {self.name!r}: for each of the timesteps: {error}") from error

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        return super().get_config() | {"cell": to_plain(self.cell)}

    def state_sizes(self) -> list[Any]:
        """The size of each state."""
        return state_sizes(self.cell)

    def state_shapes(self, step: Shape) -> list[tuple[int, ...]]:
        """The shape of each state of a sample, for inputs of a shape in each timestep."""
        return [(size,) for size in self.state_sizes()]

    def output_shape_of(self, step: Shape) -> tuple[int, ...]:
        """The shape of a sample's output in a timestep, for inputs of a shape."""
        return (output_size(self.cell),)

    def masks(self, ones: Any, step: Shape) -> dict[str, Any]:
        """The cell's masks of dropout, if it has any."""
        return self.cell.masks(ones, step[-1]) if hasattr(self.cell, "masks") else {}

    def step(self, x: Any, states: list[Any], **common: Any) -> Any:
        """The cell's output and its new states."""
        given = self.cell(x, states, **common)
        if not isinstance(given, (list, tuple)) or len(given) != 2:
            raise TypeError(
                f"the cell {self.cell.name!r} must return its output and its new states, got "
                f"{given!r}"
            )
        out, new = given[0], as_list(given[1])
        if len(new) != len(states):
            raise ValueError(
                f"the cell {self.cell.name!r} has {len(states)} states, but returned {len(new)}"
            )
        return out, new
