"""Network: the layers of a model and how they are connected."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer, Shape
from nnkit.layers.graph import Graph, Value
from nnkit.layers.input import InputLayer
from nnkit.layers.nodes import Node, Placeholder, add_shapes, map_shapes, topological
from nnkit.layers.operation import Cast
from nnkit.layers.weights import name_among
from nnkit.losses.base import Loss
from nnkit.nested import leaves, listed, mapped

__all__ = ["Network", "Pending", "Reference", "check_dtypes", "connected_again", "inputs_for"]


class Layers:
    """The layers of a model.

    Attributes
    ----------
    layers : list of Layer
    fixed_batch_size : int or None
        The batch size of a network with ``stateful`` layers, otherwise None.
    makes_mask : bool
        Whether an output may have a mask, which only a step computes.
    """

    layers: list[Layer]
    fixed_batch_size: int | None = None
    makes_mask: bool = False

    def walk(self) -> Iterator[Layer]:
        """All layers that run, including those inside other layers."""
        for layer in self.layers:
            yield from layer.walk()

    @functools.cached_property
    def dtype(self) -> str:
        """Data type of the weights and of every result."""
        for layer in self.layers:
            if layer.variables or not (isinstance(layer, InputLayer) or layer.fuses):
                return layer.dtype
        return self.layers[0].dtype if self.layers else config.floatx()

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


class Network(Layers):
    """The nodes between some inputs and outputs, without data.

    Sessions and steps know a model only through its network. The layers of a network never change:
    a model makes another network when a layer is added.

    Parameters
    ----------
    inputs, outputs : Placeholder, or nested lists and dictionaries of them
    losses : sequence of Placeholder
        What is added to the loss, the sum of each.
    layers : sequence of Layer, optional
        By default those of the nodes, in Keras's order.

    Attributes
    ----------
    nodes : list of Node
        In an order in which they can run.

    Raises
    ------
    TypeError, ValueError
        Something else than a placeholder is given; an output does not depend on the inputs alone;
        an input leads to no output; or two layers have one name.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        losses: Sequence[Placeholder] = (),
        layers: Sequence[Layer] | None = None,
    ) -> None:
        # A tuple is told from a shape nowhere, so what goes in and out is in lists.
        inputs, outputs = listed(inputs), listed(outputs)
        _placeholders("inputs", inputs)
        _placeholders("outputs", outputs)
        if not all(_begins(p) for p in leaves(inputs)):
            inputs, outputs, losses = _from_new_inputs(inputs, outputs, losses)
        self.input_form, self.output_form, self.losses = inputs, outputs, list(losses)
        self.inputs, self.outputs = leaves(inputs), leaves(outputs)
        self.nodes = topological([*self.outputs, *self.losses], self.inputs)
        self._check()
        if layers is None:
            layers = _in_keras_order(self.nodes, self.inputs, [*self.outputs, *self.losses])
            ordered = sorted(layers, key=lambda layer: not layer.networks)  # The named ones first.
            for i, layer in enumerate(ordered):
                name_among(ordered[:i], layer)
        self.layers = list(layers)
        check_dtypes(self.layers)
        self.locate()

    def _check(self) -> None:
        known = {id(p) for p in self.inputs}
        for node in self.nodes:
            if isinstance(node.layer, InputLayer):
                raise ValueError(
                    f"the outputs depend on the input {node.layer.name!r}, which is not among the "
                    f"inputs {[p.name for p in self.inputs]}"
                )
        reached = {id(p) for node in self.nodes for p in node.inputs}
        reached |= {id(p) for p in self.outputs}
        batches = {p.shape[0] for p in self.inputs}
        for placeholder in self.outputs:
            if not placeholder.shape or placeholder.shape[0] not in batches | {None}:
                raise ValueError(
                    f"the output {placeholder.name!r} has shape {placeholder.shape}; its first "
                    "axis must be that of the batch"
                )
        for placeholder in self.inputs:
            if id(placeholder) not in reached:
                raise ValueError(
                    f"no output depends on the input {placeholder.name!r}; leave it out"
                )
        if len(known) < len(self.inputs):
            raise ValueError(f"an input is given twice: {[p.name for p in self.inputs]}")

    def leave(self) -> None:
        """Let the layers forget these calls, as another network takes the place of this one."""
        for node in self.nodes:
            node.layer.forget_call(node)

    def locate(self) -> None:
        """Tell all layers where they are."""
        for layer in self.layers:
            layer.networks.add(self)
        for layer in reversed(self.layers):  # What is here twice is found at its first place.
            layer.locate(layer.name)

    # ------------------------------------------------------------------------------- structure

    @functools.cached_property
    def input_layers(self) -> list[Layer]:
        """The layers that give the inputs."""
        return [p.node.layer for p in self.inputs if p.node is not None]

    @functools.cached_property
    def input_shapes(self) -> list[Shape]:
        """Shapes of the inputs, the batch axis first; sizes may be None."""
        return [p.shape for p in self.inputs]

    @functools.cached_property
    def gives_one(self) -> bool:
        """Whether it gives an array, not a list or dictionary of arrays."""
        return isinstance(self.output_form, Placeholder)

    @functools.cached_property
    def samples(self) -> list[Shape]:
        """Shapes of a sample of each input."""
        return [shape[1:] for shape in self.input_shapes]

    @functools.cached_property
    def output_shapes(self) -> list[Shape]:
        """Shapes of the outputs, the batch axis first; sizes may be None."""
        return [p.shape for p in self.outputs]

    @functools.cached_property
    def input_names(self) -> list[str]:
        """Names of the inputs: those of their layers."""
        return [p.name for p in self.inputs]

    @functools.cached_property
    def output_names(self) -> list[str]:
        """Names of the outputs: their keys in a dictionary, otherwise those of their layers.

        They are numbered if one layer gives several.
        """
        form = self.output_form
        if isinstance(form, dict) and len(form) == len(self.outputs):
            return sorted(map(str, form))
        names = [p.node.layer.name if p.node else p.name for p in self.outputs]
        seen: Counter[str] = Counter()
        unique = []
        for name in names:
            unique.append(f"{name}_{seen[name]}" if seen[name] else name)
            seen[name] += 1
        return unique

    @functools.cached_property
    def fixed_batch_size(self) -> int | None:  # type: ignore[override]
        """The batch size of a network with ``stateful`` layers, otherwise None."""
        stateful = any(getattr(layer, "stateful", False) for layer in self.walk())
        return self.input_shapes[0][0] if stateful else None

    @functools.cached_property
    def input_dtypes(self) -> list[str]:
        """The data types to which data are cast: whole numbers if all layers take these."""
        return [self._input_dtype(p) for p in self.inputs]

    def _input_dtype(self, placeholder: Placeholder) -> str:
        if placeholder.dtype.startswith(("int", "uint", "bool")):
            return "int32"
        takers = [node.layer for node in self._takers(placeholder)]
        types = {layer.input_dtype for layer in takers if layer.input_dtype is not None}
        return types.pop() if len(types) == 1 else self.dtype

    def _takers(self, placeholder: Placeholder) -> list[Node]:
        return [n for n in self.nodes if any(p is placeholder for p in n.inputs)]

    def check_values(self, number: int, x: Any, name: str) -> None:
        """Refuse data that the layers behind an input can't take."""
        for layer in self._checking[number]:
            layer.check_values(x, name)

    @functools.cached_property
    def checks_values(self) -> bool:
        """Whether some layer behind an input can't take all values."""
        return any(self._checking)

    @functools.cached_property
    def _checking(self) -> list[list[Layer]]:
        """For each input, the layers that have something to check, however deep they are."""
        found: list[list[Layer]] = [[] for _ in self.inputs]
        if not any(_checks(layer) for layer in self.walk()):
            return found
        graph = self.graph(self.input_shapes, training=False)
        inputs = {value.index: number for number, value in enumerate(graph.inputs)}
        for use in graph.uses:
            number = inputs.get(use.inputs[0]) if use.alone else None
            if number is None:
                continue
            if isinstance(use.part, Cast):
                inputs[use.results[0]] = number
            elif _checks(use.part):
                found[number].append(use.part)
        return found

    @functools.cached_property
    def makes_mask(self) -> bool:  # type: ignore[override]
        """Whether an output may have a mask, which only a step computes."""
        longer = any(len(shape) > 2 for shape in self.output_shapes)
        return longer and any(layer.makes_mask for layer in self.walk())

    # ----------------------------------------------------------------------------------- a step

    def graph(
        self,
        shapes: Sequence[Shape],
        training: bool,
        losses: Sequence[Loss | None] | None = None,
    ) -> Graph:
        """What runs in a step for inputs of some shapes.

        Parameters
        ----------
        shapes : sequence of tuple
            Of the inputs, the batch axis first.
        training : bool
        losses : sequence of (Loss or None), optional
            Of each output. The last activation (softmax, sigmoid) is left out if the loss absorbs
            it. None: nothing is added to a loss, either.
        """
        graph = Graph(training)
        pairs = zip(shapes, self.input_dtypes, strict=True)
        inputs = [graph.input(shape, dtype) for shape, dtype in pairs]
        outputs = self.added_to(graph, inputs, training, losses is not None)
        graph.finish(leaves(outputs))
        for number, loss in enumerate(losses or ()):
            if loss is not None:
                graph.absorb(number, loss)
        return graph

    def added_to(
        self, graph: Graph, inputs: Sequence[Value], training: bool, with_losses: bool = True
    ) -> Any:
        """Add the nodes to a graph; the values of the outputs, in their form."""
        values: dict[int, Any] = {
            id(p): value for p, value in zip(self.inputs, inputs, strict=True)
        }
        wanted = [self.output_form, self.losses if with_losses else []]
        outputs, losses = graph.follow(self.nodes, values, wanted, training)
        graph.add_losses(losses, training)
        return outputs

    def output_shapes_for(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Shapes of the outputs for inputs of some shapes, the batch axis first.

        Raises
        ------
        ValueError
            Inputs of these shapes can't pass through the layers.
        """
        if list(shapes) == self.input_shapes:
            return self.output_shapes
        known: dict[int, Shape] = {
            id(p): tuple(shape) for p, shape in zip(self.inputs, shapes, strict=True)
        }
        add_shapes(self.nodes, known)
        return [known[id(p)] for p in self.outputs]

    # ------------------------------------------------------------------------- copies and files

    def plan(self) -> list[tuple[Layer, Any, bool | None, list[Any]]]:
        """The nodes as a flat list: layer, arguments, training, shapes and types of outputs.

        In arguments, :class:`Reference` stands for a placeholder.
        """
        places = self._places()
        plan = []
        for node in [*_sources(self.inputs), *self.nodes]:
            outputs = mapped(lambda p: _Output(p.shape, p.dtype), node.outputs)
            plan.append((node.layer, node.given(lambda p: places[id(p)]), node.training, outputs))
        return plan

    def _places(self) -> dict[int, Reference]:
        """Where each placeholder comes from: the number of its node, and of the output."""
        nodes = [*_sources(self.inputs), *self.nodes]
        return {
            id(p): Reference(i, k)
            for i, node in enumerate(nodes)
            for k, p in enumerate(leaves(node.outputs))
        }

    def __getstate__(self) -> dict[str, Any]:
        places = self._places()

        def place(nested: Any) -> Any:
            return mapped(lambda p: places[id(p)], nested)

        return {
            "plan": self.plan(),
            "forms": (place(self.input_form), place(self.output_form), place(self.losses)),
            "layers": self.layers,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        made: list[list[Placeholder]] = []

        def found(value: Any) -> Any:
            return made[value.node][value.output] if isinstance(value, Reference) else value

        for layer, arguments, training, outputs in state["plan"]:
            given = {name: mapped(found, value) for name, value in arguments.items()}
            node = Node(layer, given, training, _nested_shapes(outputs), layer.dtype)
            for placeholder, output in zip(leaves(node.outputs), leaves(outputs), strict=True):
                placeholder.dtype = output.dtype
            layer._nodes.append(node)
            made.append(leaves(node.outputs))
        inputs, outputs, losses = (mapped(found, form) for form in state["forms"])
        self.input_form, self.output_form, self.losses = inputs, outputs, losses
        self.inputs, self.outputs = leaves(inputs), leaves(outputs)
        self.nodes = topological([*self.outputs, *losses], self.inputs)
        self.layers = state["layers"]
        self.locate()


class Reference:
    """An output of a node: their numbers."""

    def __init__(self, node: int, output: int) -> None:
        self.node, self.output = node, output


class _Output:
    def __init__(self, shape: Shape, dtype: str) -> None:
        self.shape, self.dtype = shape, dtype


def _nested_shapes(outputs: Any) -> Any:
    return mapped(lambda output: output.shape, outputs)


class Pending(Layers):
    """The layers of a model whose inputs' shapes are not known yet.

    Parameters
    ----------
    layers : callable
        ``layers()`` gives the layers.
    is_line : bool
        Whether there will be one input.
    """

    def __init__(self, layers: Callable[[], Sequence[Layer]], is_line: bool = False) -> None:
        self._layers, self.is_line = layers, is_line

    @property
    def layers(self) -> list[Layer]:  # type: ignore[override]
        """The layers, in the order in which they run."""
        return list(self._layers())


def check_dtypes(layers: Sequence[Layer]) -> None:
    """Refuse layers of different data types.

    Raises
    ------
    ValueError
    """
    first: Layer | None = None
    for layer in (inner for outer in layers for inner in outer.walk()):
        if isinstance(layer, InputLayer) or layer.fuses:
            continue
        first = first or layer
        if layer.dtype != first.dtype:
            raise ValueError(
                f"layer {layer.name!r} is {layer.dtype}, but the model is {first.dtype}; "
                "give all layers one dtype (nnkit.config.set_floatx sets the default)"
            )


def _checks(layer: Layer) -> bool:
    """Whether a layer can refuse values of its input."""
    return type(layer).check_values is not Layer.check_values


def _placeholders(what: str, nested: Any) -> list[Placeholder]:
    found = leaves(nested)
    for value in found:
        if not isinstance(value, Placeholder):
            raise TypeError(
                f"a model's {what} are placeholders, from nnkit.Input or from calling layers on "
                f"them, got {value!r}"
            )
    if not found:
        raise ValueError(f"a model needs {what}")
    return found


def _begins(placeholder: Placeholder) -> bool:
    return placeholder.node is not None and isinstance(placeholder.node.layer, InputLayer)


def _from_new_inputs(inputs: Any, outputs: Any, losses: Sequence[Placeholder]) -> Any:
    """The same calls from inputs of their own, for a network that begins amid another."""

    def begun(p: Placeholder) -> Placeholder:
        begin: Placeholder = InputLayer(batch_shape=p.shape, dtype=p.dtype).output
        return p if _begins(p) else begin

    new = mapped(begun, inputs)
    values = {id(p): q for p, q in zip(leaves(inputs), leaves(new), strict=True)}
    nodes = topological([*leaves(outputs), *losses], leaves(inputs))
    return (new, *connected_again(nodes, values, [outputs, list(losses)]))


def connected_again(nodes: Sequence[Node], values: dict[int, Placeholder], wanted: Any) -> Any:
    """What nodes give for other placeholders: the same layers are called once more.

    Parameters
    ----------
    nodes : sequence of Node
    values : dict of int to Placeholder
        By the id of a placeholder, what stands in its place; those of the nodes are added.
    wanted : Placeholder, or nested lists of them
    """
    for node in nodes:
        given = node.given(lambda p: values.get(id(p), p))
        outputs = node.layer.connected(given, node.training)
        pairs = zip(leaves(node.outputs), leaves(outputs), strict=True)
        values.update({id(old): new for old, new in pairs})
    return mapped(lambda p: values.get(id(p), p), wanted)


def _sources(inputs: Sequence[Placeholder]) -> list[Node]:
    """Nodes of the inputs."""
    return [p.node for p in inputs if p.node is not None]


def _in_keras_order(
    nodes: Sequence[Node], inputs: Sequence[Placeholder], outputs: Sequence[Placeholder]
) -> list[Layer]:
    """Layers by their distance from the outputs, then in the order in which they are met."""
    met: dict[Layer, int] = {}
    stop = {id(p) for p in inputs}
    sources = {id(p): p.node for p in inputs}
    waiting = list(reversed(outputs))
    seen: set[int] = set()
    while waiting:
        placeholder = waiting.pop()
        node = placeholder.node
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        met.setdefault(node.layer, len(met))
        if id(placeholder) not in stop:
            waiting += reversed(node.inputs)
    depths: dict[int, int] = {}
    of_layers: dict[Layer, int] = {}
    ordered = [*(n for n in sources.values() if n is not None), *nodes]
    for node in reversed(ordered):
        depth = max(depths.get(id(node), 0), of_layers.get(node.layer, 0))
        depths[id(node)] = of_layers[node.layer] = depth
        if any(node is source for source in sources.values()):
            continue
        for p in node.inputs:
            if p.node is not None:
                depths[id(p.node)] = max(depths.get(id(p.node), 0), depth + 1)
    return sorted(of_layers, key=lambda layer: (-of_layers[layer], met.get(layer, -1)))


def inputs_for(shapes: Any, dtype: str | None = None) -> Any:
    """New inputs of some shapes, in the form of the shapes."""

    def made(shape: Shape) -> Placeholder:
        placeholder: Placeholder = InputLayer(batch_shape=shape, dtype=dtype).output
        return placeholder

    return map_shapes(made, shapes)
