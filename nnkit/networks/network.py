"""Network: the layers of a model, in the order in which they run."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape
from nnkit.layers.chain import Chain
from nnkit.layers.input import InputLayer
from nnkit.layers.inside import build_in_turn, name_among
from nnkit.losses.base import Loss

__all__ = ["Network"]


class Network:
    """Layers that follow each other, without data.

    Sessions and steps know a model only through its network. The layers of a network never change:
    a model makes another network when a layer is added.

    Parameters
    ----------
    layers : sequence of Layer
    first : InputLayer, optional
        The Input, if there is one.

    Attributes
    ----------
    input_shape, output_shape : tuple
        Shapes with the batch axis. They are None and () before :meth:`build`.
    fixed_batch_size : int or None
        The batch size of a network with ``stateful`` layers, otherwise None.
    """

    def __init__(self, layers: Sequence[Layer] = (), first: InputLayer | None = None) -> None:
        self.layers, self.first = list(layers), first
        self.input_shape: Shape | None = None
        self.output_shape: Shape = ()
        self.fixed_batch_size: int | None = None
        self._dtype = config.floatx()  # The data type of a network without layers.

    # ------------------------------------------------------------------------------- structure

    def followed_by(self, layer: Layer) -> Network:
        """This network with one more layer, not yet built.

        Raises
        ------
        TypeError
            ``layer`` is not a layer.
        ValueError
            Another layer has the same name, or an Input is not the first layer.
        """
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise TypeError(f"{layer.__name__} is a class; add an object: {layer.__name__}(...)")
        if not isinstance(layer, Layer):
            raise TypeError(f"a Sequential is made of layers, got {layer!r}")
        if not isinstance(layer, InputLayer):
            name_among(self.layers, layer)
            return Network([*self.layers, layer], self.first)
        if self.layers or self.first is not None:
            raise ValueError("Input must be the first layer")
        return Network([], layer)

    def with_layers(self, layers: Sequence[Layer]) -> Network:
        """This network with other objects for its layers, which are already built."""
        other = copy.copy(self)
        other.layers = list(layers)
        if self.input_shape is not None:
            other.output_shape = other.compute_output_shape(self.input_shape)
        return other

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input of this shape."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def known_input_shape(self) -> Shape | None:
        """The input's shape if the layers define it; None if only data do."""
        if self.first is not None:
            return self.first.batch_shape
        first = self.layers[0] if self.layers else None
        if first is None:
            return None
        if first.given_input_shape is not None:
            return (None, *first.given_input_shape)
        return first.input_shape if first.variables else None  # Built by another model.

    def build(self, owner: str, input_shape: Any) -> None:
        """Make the weights for inputs of a shape, the batch axis first.

        Raises
        ------
        TypeError, ValueError
            The shape is invalid, a layer refuses its input, or layers have different data types.
        """
        if not isinstance(input_shape, (list, tuple)):
            raise TypeError(
                f"build needs the shape of the input, for example (None, 784), got {input_shape!r}"
            )
        shape: Shape = tuple(input_shape)
        if len(shape) < 2 or not all(_is_size(n) for n in shape[1:]):
            raise ValueError(
                f"input_shape has a batch axis, and sizes from 1 on: (None, 784), got {shape}"
            )
        for layer in self.walk():
            if layer.dtype != self.dtype:
                raise ValueError(
                    f"layer {layer.name!r} is {layer.dtype}, but the model is {self.dtype}; "
                    "give all layers one dtype (nnkit.config.set_floatx sets the default)"
                )
        self.output_shape = build_in_turn(owner, self.layers, shape)
        self.input_shape = shape
        stateful = any(getattr(layer, "stateful", False) for layer in self.walk())
        self.fixed_batch_size = shape[0] if stateful else None
        for layer in reversed(self.layers):  # What is here twice is found at its first place.
            layer.locate(layer.name)

    def parts(self) -> tuple[Layer, ...]:
        """Every layer, each followed by its activation, in the order in which they run."""
        return tuple(part for layer in self.layers for part in layer.parts())

    def walk(self) -> Iterator[Layer]:
        """All layers that run, including those inside other layers."""
        for layer in self.layers:
            yield from layer.walk()

    # ------------------------------------------------------------------------------------ data

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample of the input."""
        return tuple(n or 0 for n in (self.input_shape or (None,))[1:])

    @property
    def input_name(self) -> str | None:
        """The name of the Input; None if there is none."""
        return None if self.first is None else self.first.name

    @property
    def dtype(self) -> str:
        """Data type of the weights and of every result."""
        return self.layers[0].dtype if self.layers else self._dtype

    @property
    def input_dtype(self) -> str:
        """The data type that the first layer takes, to which data are cast."""
        return self.layers[0].input_dtype if self.layers else self._dtype

    def check_values(self, x: Any, name: str) -> None:
        """Refuse data that the first layer can't take."""
        if self.layers:
            self.layers[0].check_values(x, name)

    @property
    def makes_mask(self) -> bool:
        """Whether the output may have a mask, which only a step computes."""
        return len(self.output_shape) > 2 and any(layer.makes_mask for layer in self.walk())

    # --------------------------------------------------------------------------------- weights

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer, in Keras's order."""
        return list(dict.fromkeys(v for layer in self.layers for v in layer.weights))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer updates, each once."""
        return list(dict.fromkeys([v for layer in self.layers for v in layer.trainable_weights]))

    def states(self) -> list[np.ndarray]:
        """Arrays that layers keep from step to step besides weights, such as states."""
        states = {id(a): a for layer in self.walk() for a in layer.states}
        return list(states.values())

    # ----------------------------------------------------------------------------------- a step

    def chain(self, loss: Loss | None = None) -> Chain:
        """What runs in a step; without the last activation (softmax, sigmoid) if a loss absorbs it.

        Parameters
        ----------
        loss : Loss, optional
        """
        parts = self.parts()
        absorbed = loss is not None and bool(parts) and loss.absorbs(parts[-1])
        return Chain(parts[:-1] if absorbed else parts, absorbed)


def _is_size(n: Any) -> bool:
    return isinstance(n, (int, np.integer)) and not isinstance(n, bool) and bool(n >= 1)
