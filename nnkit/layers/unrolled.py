"""Unrolled: the base class of recurrent layers whose timesteps are uses of other layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.first_states import FirstStates, as_list
from nnkit.layers.split import Split

__all__ = ["Unrolled"]


class Unrolled(FirstStates, abstract=True):
    """A layer that processes a sequence timestep by timestep, each a part of the graph.

    A step for n timesteps is recorded in a time proportional to n.

    Parameters
    ----------
    return_sequences, return_state, go_backwards : bool
        As in :class:`RNN`.
    stateful : bool
        Refused if True: this is for SimpleRNN, LSTM and GRU.
    unroll, zero_output_for_mask : bool
        As in :class:`RNN`.
    **options
        Arguments of :class:`Layer`.
    """

    supports_masking = True

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.return_sequences = checks.flag(owner, "return_sequences", return_sequences)
        self.return_state = checks.flag(owner, "return_state", return_state)
        self.go_backwards = checks.flag(owner, "go_backwards", go_backwards)
        if checks.flag(owner, "stateful", stateful):
            raise ValueError(
                f"{owner} has no stateful=True; SimpleRNN, LSTM and GRU have it, or hand the "
                "states on by return_state and initial_state"
            )
        checks.flag(owner, "unroll", unroll)
        self.zero_output_for_mask = checks.flag(owner, "zero_output_for_mask", zero_output_for_mask)

    # --------------------------------------------------------------- what a subclass implements

    def state_shapes(self, step: Shape) -> list[tuple[int, ...]]:
        """The shape of each state of a sample, for inputs of a shape in each timestep."""
        raise NotImplementedError

    def output_shape_of(self, step: Shape) -> tuple[int, ...]:
        """The shape of a sample's output in a timestep, for inputs of a shape."""
        return self.state_shapes(step)[0]

    def of_inputs(self, x: Any) -> Any:
        """What is computed from the inputs of all timesteps at once."""
        return x

    def masks(self, ones: Any, step: Shape) -> dict[str, Any]:
        """What all timesteps of a batch have in common, for ``step``; ones are (batch, 1)."""
        return {}

    def step(self, x: Any, states: list[Any], **common: Any) -> Any:
        """The output and the new states of a timestep."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------ the sequence

    def fixed_sizes(self, shape: Shape) -> Shape:
        """All but the batch's and the number of timesteps."""
        return shape[2:]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, size), or (batch, steps, size) with ``return_sequences``.

        With ``return_state`` a list: this, then the shape of each state.
        """
        batch, steps, *step = input_shape
        y = (
            batch,
            *((steps,) if self.return_sequences else ()),
            *self.output_shape_of(tuple(step)),
        )
        states = [(batch, *shape) for shape in self.state_shapes(tuple(step))]
        return [y, *states] if self.return_state else y

    def shapes_of_outputs(self, arguments: dict[str, Any]) -> Any:
        """The same: a sequence of unknown length can't be processed yet."""
        return self.compute_output_shape(arguments["x"].shape)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """The input's mask with ``return_sequences``, otherwise None; states have none."""
        of_y = mask if self.return_sequences else None
        return (
            [of_y, *(None for _ in self.state_shapes(x.shape[2:]))] if self.return_state else of_y
        )

    def call(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        """The output, and perhaps the states, after all timesteps."""
        from nnkit import ops

        ones = ops.ones_like(ops.reshape(x, (-1, math.prod(x.shape[1:])))[:, :1])
        shapes = self.state_shapes(x.shape[2:])
        y = _zeros(ones, self.output_shape_of(x.shape[2:]))
        states = as_list(initial_state)
        if initial_state is None:
            states = [_zeros(ones, shape) for shape in shapes]
        steps = range(x.shape[1])
        common = self.masks(ones, x.shape[2:])
        inputs = Split(1, dtype=self.dtype)(self.of_inputs(x))
        outputs = []
        for t in reversed(steps) if self.go_backwards else steps:
            out, new = self.step(inputs[t], states, **common)
            if mask is not None:
                counts = mask[:, t]
                new = [_where(counts, a, b) for a, b in zip(new, states, strict=True)]
                shown = _where(counts, out, ops.zeros_like(out) if self.zero_output_for_mask else y)
                out = _where(counts, out, y)
            else:
                shown = out
            y, states = out, new
            outputs.append(shown)
        if self.return_sequences:
            y = ops.stack(outputs, axis=1)
        return [y, *states] if self.return_state else y


def _zeros(ones: Any, shape: Sequence[int]) -> Any:
    """Zeros of a shape for each row of ones, (batch, 1)."""
    from nnkit import ops

    column = ops.reshape(ones, (-1, *(1 for _ in shape)))
    return column * np.zeros((1, *shape), ones.dtype)


def _where(counts: Any, a: Any, b: Any) -> Any:
    """Rows of a where they count, otherwise of b."""
    from nnkit import ops

    return ops.where(ops.reshape(counts, (-1, *(1 for _ in a.shape[1:]))), a, b)
