"""Wrapper: the base class of layers around another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnkit.layers.base import Layer, Shape
from nnkit.layers.graph import Graph
from nnkit.layers.inside import build_in_turn, layers_from

__all__ = ["Wrapper"]


class Wrapper(Layer, abstract=True):
    """Base class of layers around another one, whose weights are theirs.

    A subclass of your own defines ``call``, in which it uses ``self.layer``.

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
        ``layer`` is not a layer; or, once it is known, it refuses the input's shape.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Doubled(nnkit.layers.Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Doubled(nnkit.layers.Dense(3, kernel_initializer="identity"))(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, layer: Any, **options: Any) -> None:
        (self.layer,) = layers_from([layer])
        super().__init__(**{"dtype": self.layer.dtype} | options)
        if self.layer.dtype != self.dtype:
            config = self.layer.get_config() | {"dtype": self.dtype}
            self.layer = type(self.layer).from_config(config)
        self.layers = [self.layer]
        if not self.trainable:
            self.trainable = False

    def build(self, input_shape: Shape) -> None:
        """Build the layer."""
        build_in_turn(self.name, self.layers, input_shape)

    def inner_graph(self, shape: Shape, training: bool) -> Graph:
        """The graph of the layer inside; made once, so that records are alike."""
        graphs = vars(self).setdefault("graphs", {})
        layer, key = self.layers[0], (self.layers[0], shape, training)
        if key not in graphs:
            graphs[key] = Graph.of(layer, shape, training, fresh=self.is_copy)
        graph: Graph = graphs[key]
        for part in layer.walk():
            if hasattr(part, "counter"):  # Of this step: the graph has copies of what draws.
                graph.draw_by(part.counter)
        return graph

    def penalties(self) -> Iterator[Any]:
        """What the layer adds to the loss."""
        if "graph" in vars(self):
            yield from self.graph.penalties()
        else:
            yield from super().penalties()
