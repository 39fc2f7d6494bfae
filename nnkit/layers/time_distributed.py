"""TimeDistributed."""

from __future__ import annotations

import numpy as np

from nnkit.layers.base import Shape
from nnkit.layers.batch_normalization import BatchNormalization
from nnkit.layers.inside import build_in_turn
from nnkit.layers.wrapper import Wrapper

__all__ = ["TimeDistributed"]


class TimeDistributed(Wrapper):
    """Apply a layer to every timestep of a sequence by itself.

    Parameters
    ----------
    layer : Layer
    **options
        Arguments of :class:`Layer`; ``dtype`` is by default the layer's.

    Attributes
    ----------
    layer : Layer

    Raises
    ------
    TypeError, ValueError
        ``layer`` is not a layer; or, once it is known, the input has no axis of timesteps, or the
        layer refuses the timesteps' shape.

    Notes
    -----
    Input (batch, steps, ...), output (batch, steps, ...). All timesteps of all samples are rows of
    one batch: ``BatchNormalization`` normalises over all that are not masked, where Keras's
    normalises over one timestep at a time.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.TimeDistributed(nnkit.layers.Flatten())
    >>> layer(np.ones((2, 5, 3, 4))).shape
    (2, 5, 12)
    """

    recordable = True
    supports_masking = True
    uses_mask = True

    def build(self, input_shape: Shape) -> None:
        """Build the layer for one timestep."""
        if len(input_shape) < 3:
            raise ValueError(
                f"layer {self.name!r} (TimeDistributed) needs inputs of shape (batch, steps, ...) "
                f"with something in each step, got {input_shape}"
            )
        build_in_turn(self.name, self.layers, (None, *input_shape[2:]))

    def ensure_built(self, input_shape: Shape) -> None:
        """Build once; later inputs must fit the layer's weights."""
        super().ensure_built(input_shape)
        build_in_turn(self.name, self.layers, (None, *input_shape[2:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, steps, ...), where ... is the layer's output shape for a timestep."""
        try:
            step = self.layer.compute_output_shape((None, *input_shape[2:]))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: for each step of {input_shape}: {error}") from error
        if isinstance(step, list):
            raise ValueError(
                f"layer {self.name!r} (TimeDistributed) takes layers with one output; "
                f"{self.layer.name!r} has {len(step)}"
            )
        return (*input_shape[:2], *step[1:])

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """The layer's output for each timestep."""
        self.leading = x.shape[:2]
        if mask is not None:  # Other layers would take it for a mask within a timestep.
            mask = mask.reshape(-1) if isinstance(self.layer, BatchNormalization) else None
        self.graph = self.inner_graph((None, *x.shape[2:]), training)
        (y,) = self.graph.forward([x.reshape(-1, *x.shape[2:])], [mask])
        return y.reshape(*self.leading, *y.shape[1:])

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute the layer's gradients, summed over all timesteps."""
        (dx,) = self.graph.backward([dy.reshape(-1, *dy.shape[2:])], self.propagate)
        return None if dx is None else dx.reshape(*self.leading, *dx.shape[1:])
