"""Sequential: a model whose layers follow each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnkit import checks, registry
from nnkit.layers.base import Layer, Shape
from nnkit.layers.input import InputLayer
from nnkit.layers.inside import connect_in_turn, layers_from
from nnkit.layers.nodes import Placeholder
from nnkit.layers.weights import name_among
from nnkit.models.model import Model, checked_shapes
from nnkit.networks import Network, Pending, check_dtypes
from nnkit.registry import to_plain
from nnkit.training.predictor import Predictors

__all__ = ["Sequential"]


class Sequential(Model):
    """A model whose layers follow each other; in another model it is a layer.

    Parameters
    ----------
    layers : list of Layer, optional
        May start with ``Input(shape)``; otherwise the model is built when it first sees data (or
        its first layer has an ``input_shape``).
    trainable : bool
    name : str

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import Dense, Softmax, Tanh
    >>> nnkit.utils.set_random_seed(0)
    >>> model = nnkit.Sequential([nnkit.Input((4,)), Dense(8), Tanh(), Dense(3), Softmax()])
    >>> model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    >>> x, y = np.eye(4, dtype="float32"), np.array([0, 1, 2, 0])
    >>> history = model.fit(x, y, epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    >>> model.predict(x).shape
    (4, 3)
    """

    _names_all = False
    # What ``build`` builds in place of the present layers.
    _coming: tuple[list[Layer], InputLayer | None] | None = None

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        self._stack: list[Layer] = []
        self._first: InputLayer | None = None
        super().__init__(name=name)
        checks.flag("Sequential", "trainable", trainable)
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise TypeError(f"Sequential: layers must be a list of layers, got {layers!r}")
        stack, first = self._stack, self._first
        for layer in layers or []:
            stack, first = _followed_by(stack, first, layer)
        if layers:
            self._change(stack, first)
        if not trainable:
            self.trainable = False

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer.

        Parameters
        ----------
        layer : Layer
        rebuild : bool
            Accepted because Keras has it; what must be built is built.

        Raises
        ------
        TypeError
            ``layer`` is not a layer.
        ValueError
            Another layer has the same name, or an Input is not the first layer.
        """
        stack, first = _followed_by(self._stack, self._first, layer)
        if any(inner is self for inner in stack[-1:] for inner in inner.walk()):
            raise ValueError(f"model {self.name!r} can't be a layer of itself")
        self._share_turns([layer])
        with self.guard.changing("add"):
            self._change(stack, first)

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it; ``rebuild`` is as in :meth:`add`."""
        if not self.layers:
            raise ValueError("there is no layer to remove")
        with self.guard.changing("pop"):
            layer = self._stack[-1]
            self._change(self._stack[:-1], self._first)
        return layer

    def _share_turns(self, layers: Sequence[Any]) -> None:
        """Whoever uses the layers, here or in another model, waits for whoever else does."""
        for layer in layers:
            for inner in layer.walk() if isinstance(layer, Layer) else ():
                inner.turns.join(self.turns)

    def _change(self, stack: list[Layer], first: InputLayer | None) -> None:
        """Have other layers from now on; a compiled model must be compiled again."""
        self._share_turns(stack)
        shape = _known_input_shape(stack, first)
        before = self._stack, self._first, self.network
        try:
            if shape is None:
                self._stack, self._first = stack, first
                self.network = Pending(lambda: stack, is_line=True)
            else:
                self._coming = stack, first
                self.build(shape)
        except BaseException:  # Layers that don't fit, or Ctrl-C: the model stays as it was.
            self._stack, self._first, self.network = before
            raise
        finally:
            self._coming = None
        self.compiled = False
        self._drop_session()

    def _line(self, stack: Sequence[Layer], first: InputLayer | None, shape: Shape) -> Network:
        """The network of layers that follow each other."""
        check_dtypes(stack)
        if first is None or first.batch_shape != shape:
            name = None if first is None else first.name
            dtype = stack[0].dtype if stack else None
            first = InputLayer(batch_shape=shape, dtype=dtype, name=name)
        before = self.network
        x: Placeholder = first.output
        start, present = 0, self._stack
        if isinstance(before, Network):
            goes_on = before.input_layers == [first] and stack[: len(present)] == present
            if goes_on and present:
                x, start = before.outputs[0], len(present)
            else:
                before.leave()
        return Network(first.output, connect_in_turn(self.name, stack[start:], x), layers=stack)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple
            The input's shape with the batch axis: ``(None, 784)``.
        """
        with self.turns.alone(writes=True):
            shape = checked_shapes(self.name, input_shape)
            if not isinstance(shape, tuple):
                raise TypeError(f"a Sequential has one input, got the shapes {shape}")
            stack, first = self._coming or (self._stack, self._first)
            network = self._line(stack, first, shape)
            # Other threads never see one that is not built yet.
            self._stack, self._first, self.network = stack, first, network
            self.predictors = Predictors(self.network, self.guard)

    def widened(self, shapes: Sequence[Shape]) -> bool:
        """Build anew for inputs of any size along the axes in which these shapes differ.

        False if the user gave the input's shape, or if a layer's weights depend on it.
        """
        network = self.network
        given = self._stack[0].given_input_shape if self._stack else None
        if self._first is not None or given is not None or not isinstance(network, Network):
            return False
        old, new = network.input_shapes[0], shapes[0]
        if len(old) != len(new):
            return False
        wide = tuple(a if a == b else None for a, b in zip(old, new, strict=True))
        try:
            self.build(wide)
        except (TypeError, ValueError):
            return False
        return True

    def forget(self) -> None:
        """Drop the weights, as if the model had never been built."""
        super().forget()
        self.network = Pending(lambda: self._stack, is_line=True)

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, in the order in which they run."""
        return self._stack

    @layers.setter
    def layers(self, layers: Sequence[Layer]) -> None:
        raise AttributeError("use add and pop, or make another Sequential")

    def _unbuilt_output_shape(self, input_shape: Any) -> Any:
        for layer in self._stack:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The architecture as plain data."""
        shape = self.input_shape
        return {
            "name": self.name,
            "layers": [to_plain(layer) for layer in self.layers],
            "input_shape": None if shape is None else list(shape),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Sequential:
        """Make a model from what :meth:`get_config` returned, with new weights.

        ``custom_objects`` are custom classes and functions by name.
        """
        with registry.custom_objects(custom_objects):
            model = cls(layers_from(config["layers"]), name=config["name"])
        if config.get("input_shape") is not None and not model.built:
            model.build(config["input_shape"])
        return model


def _followed_by(
    stack: list[Layer], first: InputLayer | None, given: Any
) -> tuple[list[Layer], InputLayer | None]:
    """A list of layers with one more, and the Input."""
    layer = given
    if isinstance(given, Placeholder) and given.node is not None:
        layer = given.node.layer
        if not isinstance(layer, InputLayer):
            raise TypeError(
                f"a Sequential is made of layers, got what layer {layer.name!r} gives; use "
                "Model(inputs, outputs)"
            )
    if isinstance(layer, type) and issubclass(layer, Layer):
        raise TypeError(f"{layer.__name__} is a class; add an object: {layer.__name__}(...)")
    if not isinstance(layer, Layer):
        raise TypeError(f"a Sequential is made of layers, got {layer!r}")
    if not isinstance(layer, InputLayer):
        name_among(stack, layer)
        return [*stack, layer], first
    if stack or first is not None:
        raise ValueError("Input must be the first layer")
    return stack, layer


def _known_input_shape(stack: Sequence[Layer], first: InputLayer | None) -> Shape | None:
    """The input's shape if the layers define it; None if only data do."""
    if first is not None:
        return first.batch_shape
    begin = stack[0] if stack else None
    if begin is None:
        return None
    if begin.given_input_shape is not None:
        return (begin.given_batch_size, *begin.given_input_shape)
    return begin.input_shape if begin.variables else None  # Built by another model.
