"""RMSNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit import checks
from nnkit.layers.base import Layer, Shape
from nnkit.layers.sample_axes import axis_list, first_axis, last_axes

__all__ = ["RMSNormalization"]


class RMSNormalization(Layer):
    """Divide each sample by its root mean square over its last axes, then scale it.

    B. Zhang, R. Sennrich, 2019, "Root mean square layer normalization".

    Parameters
    ----------
    axis : int or list of int
        The last axis, or several last axes. Not the batch.
    epsilon : float
        Greater than 0; added to the mean square.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    scale : Variable
        The sizes of the normalised axes.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the axes are not
        its last ones, or their sizes are unknown.

    Notes
    -----
    Output of the input's shape: scale x / sqrt(mean(x^2) + epsilon), the mean over the axes. As in
    Keras, a mask of the input is none of the output.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.RMSNormalization()(np.array([[3.0, 4.0]])).round(3)
    array([[0.849, 1.131]], dtype=float32)
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any
    ) -> None:
        super().__init__(**options)
        self.axis = axis_list("RMSNormalization", axis)
        self.epsilon = checks.number("RMSNormalization", "epsilon", epsilon, "(0, inf)")

    def build(self, input_shape: Shape) -> None:
        """Make the weight."""
        sizes = tuple(self.known_size(input_shape, i) for i in last_axes(self, input_shape))
        self.scale = self.add_weight("scale", sizes, "ones")

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The sizes from the first normalised axis on."""
        return shape[first_axis(self, shape) :]

    def call(self, x: Any) -> Any:
        """scale x / sqrt(mean(x^2) + epsilon)."""
        from nnkit import ops

        axes = tuple(range(-len(self.axis), 0))
        mean = ops.mean(ops.square(x), axis=axes, keepdims=True)
        return x * ops.rsqrt(mean + self.epsilon) * self.scale
