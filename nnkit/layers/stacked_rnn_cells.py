"""StackedRNNCells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.base import Layer, Shape
from nnkit.layers.cell import output_size, state_sizes
from nnkit.layers.inside import layers_from

__all__ = ["StackedRNNCells"]


class StackedRNNCells(Layer):
    """Several cells as one: each gets the output of the one before, in every timestep.

    Parameters
    ----------
    cells : list of Layer
    **options
        Arguments of :class:`Layer`; ``dtype`` is by default the first cell's.

    Attributes
    ----------
    cells : list of Layer
    state_size : list of int
        The sizes of all cells' states.

    Raises
    ------
    TypeError, ValueError
        ``cells`` is empty, or holds something else than layers.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import RNN, GRUCell, LSTMCell, StackedRNNCells
    >>> RNN(StackedRNNCells([LSTMCell(3), GRUCell(2)]))(np.ones((2, 5, 4))).shape
    (2, 2)
    """

    named_inputs = ("states",)

    def __init__(self, cells: Sequence[Any], **options: Any) -> None:
        self.cells = layers_from(cells)
        if not self.cells:
            raise ValueError("StackedRNNCells needs at least one cell")
        super().__init__(**{"dtype": self.cells[0].dtype} | options)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of all states, those of the first cell first."""
        return [size for cell in self.cells for size in state_sizes(cell)]

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Build all cells."""
        for cell in self.cells:
            cell.ensure_built(input_shape)
            input_shape = input_shape[0], output_size(cell)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, size of the last cell's output), and a list of the shapes of all states."""
        batch = input_shape[0]
        return [(batch, self.output_size), [(batch, size) for size in self.state_size]]

    def masks(self, ones: Any, features: int) -> dict[str, Any]:
        """What to call each cell with in all timesteps of a batch, as ``inner``."""
        found = []
        for cell in self.cells:
            found.append(cell.masks(ones, features) if hasattr(cell, "masks") else {})
            features = output_size(cell)
        return {"inner": found} if any(found) else {}

    def call(self, inputs: Any, states: Any, inner: Any = None) -> tuple[Any, list[Any]]:
        """The last cell's output, and all states after a timestep."""
        states = list(states)
        after: list[Any] = []
        for cell, named in zip(self.cells, inner or [{}] * len(self.cells), strict=True):
            own, states = states[: len(state_sizes(cell))], states[len(state_sizes(cell)) :]
            inputs, new = cell(inputs, own, **named)
            after += new if isinstance(new, (list, tuple)) else [new]
        return inputs, after
