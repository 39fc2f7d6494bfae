"""Merging: what all layers that merge several inputs share."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit.layers.base import Layer, Shape
from nnkit.layers.merged import Merge

__all__ = ["Merging", "list_of_shapes"]


class Merging(Layer, abstract=True):
    """A layer that merges the arrays of a list, element by element.

    Sizes of 1, and axes that an input lacks after the batch's, are repeated (broadcast). If all
    inputs have masks, a step of the output counts where it counts in any of them; otherwise the
    output has no mask.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    how : str
        Class attribute: how :class:`Merge` is to merge.
    """

    takes_list = True
    recordable = True
    uses_mask = True
    supports_masking = True
    how: ClassVar[str]
    axis: int = -1

    def build(self, input_shape: Any) -> None:
        """Check that the inputs can be merged."""
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape of the merged inputs."""
        shapes = list_of_shapes(self, input_shape)
        return Merge(self.how, self.axis).output_shape(self.name, shapes)

    def compute_mask(self, x: Any, mask: Any = None) -> np.ndarray | None:
        """Where any of the inputs counts, if all of them have masks."""
        return self._merge.mask

    def forward(self, x: Any, training: bool = False, mask: Any = None) -> np.ndarray:
        """The merged inputs."""
        self._merge = Merge(self.how, self.axis)  # One for each use of the layer.
        return self._merge.forward(x, mask or ())

    def backward(self, dy: np.ndarray) -> Any:
        """The gradient of each input."""
        return self._merge.backward(dy)


def list_of_shapes(layer: Layer, input_shape: Any, exactly: int | None = None) -> list[Shape]:
    """The shapes of a layer's inputs, if there are at least two, or exactly so many.

    Raises
    ------
    ValueError
        There are fewer, or more.
    """
    wanted = "at least 2" if exactly is None else f"exactly {exactly}"
    several = isinstance(input_shape, (list, tuple)) and all(
        isinstance(shape, (list, tuple)) for shape in input_shape
    )
    if not several:
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) takes a list of {wanted} inputs, got "
            f"one, of shape {input_shape}"
        )
    if len(input_shape) != exactly if exactly else len(input_shape) < 2:
        shapes = ", ".join(map(str, input_shape))
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) takes a list of {wanted} inputs, got "
            f"{len(input_shape)}: {shapes or 'none'}"
        )
    return [tuple(shape) for shape in input_shape]
