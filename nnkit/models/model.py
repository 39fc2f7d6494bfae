"""Model: a network of layers, with one or several inputs and outputs."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnkit import checks, registry, saving
from nnkit.arguments import did_you_mean, explain_arguments
from nnkit.engine.variable import Variable
from nnkit.layers.base import GRAPHS, Layer, Shape
from nnkit.layers.graph import Graph
from nnkit.layers.nodes import Node, Placeholder, map_shapes
from nnkit.layers.tracing import owned_layers
from nnkit.layers.weights import name_among, set_weights
from nnkit.models.summary import summary
from nnkit.models.trainer import Trainer
from nnkit.nested import leaves, mapped, packed
from nnkit.networks import Network, Pending, inputs_for
from nnkit.networks.description import check_shared, described, made
from nnkit.registry import each, resolve, to_plain
from nnkit.training import inputs as given_inputs
from nnkit.training.guard import Guard
from nnkit.training.predictor import Predictors

__all__ = ["Model"]


class Model(Trainer):
    """A network of layers: ``Model(inputs, outputs)``; in another model it is a layer.

    A class derived from it that defines ``call(self, inputs, training, mask)`` needs no inputs and
    outputs: the layers in its attributes are its own, and it is built when it first sees data.

    Parameters
    ----------
    inputs, outputs : Placeholder, or nested lists and dictionaries of them
        From :func:`nnkit.Input`, and from calling layers on these.
    name : str, optional
    trainable : bool

    Raises
    ------
    TypeError, ValueError
        Something else than a placeholder is given; an output does not depend on the inputs alone;
        an input leads to no output; or two layers have one name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import Dense
    >>> image, table = nnkit.Input((8,), name="image"), nnkit.Input((3,), name="table")
    >>> both = nnkit.layers.concatenate([Dense(4, "relu")(image), table])
    >>> model = nnkit.Model([image, table], Dense(1)(both))
    >>> model.predict({"image": np.ones((2, 8)), "table": np.ones((2, 3))}).shape
    (2, 1)
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name)
        checks.flag(type(self).__name__, "trainable", trainable)
        if (inputs is None) != (outputs is None):
            raise TypeError(f"{type(self).__name__} needs both inputs and outputs")
        if inputs is not None:
            self._become(Network(inputs, outputs))
        elif not (self._has_own_call or type(self).layers is not Model.layers):
            raise TypeError(
                f"{type(self).__name__} needs inputs and outputs: Model(inputs, outputs); or a "
                "class derived from it defines call(self, inputs)"
            )
        if not trainable:
            self.trainable = False

    def _become(self, network: Network | Pending) -> None:
        """Have another network from now on; a compiled model must be compiled again."""
        for layer in network.layers if isinstance(network, Network) else ():
            for inner in layer.walk():
                inner.turns.join(self.turns)
        self.network = network
        self.compiled = False
        self._drop_session()

    @property
    def is_functional(self) -> bool:
        """Whether the nodes are known, not only what ``call`` does."""
        return not self._has_own_call or (
            isinstance(self.network, Network)
            and not (len(self.network.layers) == 1 and self.network.layers[0] is self)
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Find a layer by its name or its index.

        Raises
        ------
        ValueError
            There is no such layer, or neither or both arguments were given.
        """
        if (name is None) == (index is None):
            raise ValueError("give the layer's name or its index")
        if index is not None:
            index = checks.integer("get_layer", "index", index, -(2**31))
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"there are {len(self.layers)} layers, so none with index {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(f"no layer is called {name!r}{did_you_mean(str(name), names)} {names}")

    def build(self, input_shape: Any = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple, or lists or dictionaries of tuples
            The inputs' shapes with the batch axis: ``(None, 784)``.
        """
        with self.turns.alone(writes=True):
            if isinstance(self.network, Network):
                return
            shapes = checked_shapes(self.name, input_shape)
            self.network = self._connected(inputs_for(shapes))
            self.predictors = Predictors(self.network, self.guard)

    def _connected(self, inputs: Any) -> Network:
        """The network of a class that defines ``call``."""
        self.refuse_loops()
        shapes = self.shapes_of_outputs({"x": inputs})
        for i, layer in enumerate(self.layers):
            name_among(self.layers[:i], layer)
        node = Node(self, {"x": inputs}, None, shapes, self.dtype)
        network = Network(inputs, node.outputs, layers=[self])
        for layer in self.walk():
            layer.turns.join(self.turns)
        for layer in reversed(self.layers):
            layer.locate(layer.name)
        return network

    def widened(self, shapes: Sequence[Shape]) -> bool:
        """Build anew for inputs of any size along the axes in which these shapes differ.

        False if the user gave the inputs' shapes, or if a layer's weights depend on them.
        """
        network = self.network
        if self.is_functional or not isinstance(network, Network):
            return False
        if [len(s) for s in shapes] != [len(s) for s in network.input_shapes]:
            return False
        wide = [
            tuple(a if a == b else None for a, b in zip(old, new, strict=True))
            for old, new in zip(network.input_shapes, shapes, strict=True)
        ]
        try:
            self.network = self._connected(inputs_for(packed(network.input_form, wide)))
        except (TypeError, ValueError):
            return False
        self.predictors = Predictors(self.network, self.guard)
        return True

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; later inputs must fit the first."""
        if not isinstance(self.network, Network):
            self.build(input_shape)
            return
        given: list[Shape] = []
        map_shapes(given.append, input_shape)
        expected = self.network.input_shapes
        if len(given) != len(expected) or not all(
            given_inputs.fits(a[1:], b[1:]) or given_inputs.fits(b[1:], a[1:])
            for a, b in zip(given, expected, strict=True)
        ):
            raise ValueError(
                f"model {self.name!r} takes inputs of the shapes {expected}, got {given}"
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input of this shape, or lists and dictionaries of shapes."""
        if not isinstance(self.network, Network):
            if self._has_own_call:
                return super().compute_output_shape(input_shape)
            return self._unbuilt_output_shape(input_shape)
        if self.is_traced:
            return super().compute_output_shape(input_shape)
        given: list[Shape] = []
        map_shapes(given.append, input_shape)
        found = self.network.output_shapes_for(given)
        form = self.network.output_form
        return found[0] if isinstance(form, Placeholder) else packed(form, found)

    def _unbuilt_output_shape(self, input_shape: Any) -> Any:
        raise ValueError(f"the model {self.name!r} is not built")

    def shapes_of_outputs(self, arguments: dict[str, Any]) -> Any:
        """The shape of the output, or nested lists of them, for placeholders."""
        if self.is_traced:
            return super().shapes_of_outputs(arguments)
        return self.compute_output_shape(mapped(lambda p: p.shape, arguments["x"]))

    takes_list = True
    _names_all = True  # Whether the layers are those of all nodes.

    @property
    def is_traced(self) -> bool:
        """Whether ``call`` says what the model does; not nodes that are known."""
        return self._has_own_call and not self.is_functional

    @property
    def augments(self) -> bool:  # type: ignore[override]
        """Whether it has no weights, and a layer that transforms images at random."""
        return not self.weights and any(layer.augments for layer in self.layers)

    def connected(self, arguments: dict[str, Any], training: bool | None) -> Any:
        """The placeholders that the model gives for others: a node of a network."""
        if self.built and self.is_functional:
            self._in_order(arguments["x"])
        return super().connected(arguments, training)

    def added_to(self, graph: Graph, arguments: dict[str, Any], training: bool) -> Any:
        """Add all nodes to a graph."""
        if self.is_traced:
            return super().added_to(graph, arguments, training)
        return self.built_network().added_to(graph, self._in_order(arguments["x"]), training)

    def _in_order(self, x: Any) -> list[Any]:
        """What a call is given for each input, also by name."""
        network = self.built_network()
        if isinstance(x, dict):
            keys = given_inputs.keys_of(network, x)
            given_inputs.check_names(x, keys)
            return leaves([x[key] for key in keys])
        found = leaves(x)
        if len(found) != len(network.inputs):
            shapes = [getattr(one, "shape", one) for one in found]
            raise ValueError(
                f"model {self.name!r} takes inputs of the shapes {network.input_shapes} "
                f"({', '.join(network.input_names)}), got {shapes}"
            )
        return found

    # ----------------------------------------------------------------------------- as a layer

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, in Keras's order."""
        if self.is_traced:
            return owned_layers(self)
        return self.network.layers if isinstance(self.network, Network) else []

    @layers.setter
    def layers(self, layers: Sequence[Layer]) -> None:
        raise AttributeError("the layers of a model follow from its inputs and outputs")

    @property
    def input_shape(self) -> Any:
        """The input's shape, batch axis first, or a list of them; None before it is built."""
        if not isinstance(self.network, Network):
            return None
        return mapped(lambda p: p.shape, self.network.input_form)

    @input_shape.setter
    def input_shape(self, shape: Any) -> None:
        pass  # It is that of the network.

    @property  # type: ignore[misc]  # Layers of one's own may set it, models not.
    def output_shape(self) -> Any:
        """The output's shape, batch axis first, or a list; () before the model is built."""
        if not isinstance(self.network, Network):
            return ()
        return mapped(lambda p: p.shape, self.network.output_form)

    @property
    def inputs(self) -> list[Placeholder]:
        """The placeholders that it begins with."""
        return list(self.built_network().inputs)

    @property
    def outputs(self) -> list[Placeholder]:
        """The placeholders that it ends with."""
        return list(self.built_network().outputs)

    @property
    def input(self) -> Any:
        """The placeholders that it begins with, in the form of its inputs."""
        return self.built_network().input_form

    @property
    def output(self) -> Any:
        """The placeholders that it ends with, in the form of its outputs."""
        return self.built_network().output_form

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return list(self.built_network().input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self.built_network().output_names

    @property
    def built(self) -> bool:
        """Whether the weights exist. What is assigned to it is forgotten: nnkit knows it."""
        return isinstance(self.network, Network)

    @built.setter
    def built(self, value: bool) -> None:
        pass

    @property
    def dtype(self) -> str:
        """Data type of the weights and of every result."""
        if self.is_traced:
            inner = [layer.dtype for layer in owned_layers(self)]
            return inner[0] if inner else self._dtype
        return self.network.dtype

    @dtype.setter
    def dtype(self, value: str) -> None:
        self._dtype = value  # It is that of the layers.

    @property
    def input_dtype(self) -> Any:
        """What data is cast to: None, as each layer says it itself."""
        return None

    def as_inputs(self, x: Any) -> Any:
        """What a call is given, with a last axis of size 1 added or taken away if that fits."""
        network = self.network
        found = given_inputs.samples(network, x)
        if isinstance(network, Network):
            found = given_inputs.checked(self, found)
            dtypes = network.input_dtypes
            made = [np.ascontiguousarray(a, t) for a, t in zip(found, dtypes, strict=True)]
            return packed(network.input_form, made)
        made = [np.ascontiguousarray(a, self.dtype) for a in found]
        if isinstance(x, dict):
            return dict(zip(sorted(x, key=str), made, strict=True))
        return made if len(made) > 1 else made[0]

    def add_loss(self, loss: Any) -> None:
        """Add the sum of a placeholder to the loss, computed from the model's inputs or layers."""
        if isinstance(self.network, Network) and isinstance(loss, Placeholder):
            old = self.network
            with self.guard.changing("add_loss"):
                layers = None if self._names_all else old.layers
                self._become(Network(old.input_form, old.output_form, [*old.losses, loss], layers))
            return
        super().add_loss(loss)

    def forget(self) -> None:
        """Drop the weights, as if the model had never been built."""
        with self.guard.changing("forget"):
            super().forget()
            self._drop_session()

    @explain_arguments
    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of weights.

        Parameters
        ----------
        line_length : int, optional
            Of the table, 40 or more; by default 65, and 98 where the graph is not a line: then
            there is one more column, with where each layer's inputs come from, such as
            ``dense[0][0]``: the layer, the number of its use in this model, the number of the use's
            output.
        positions
            Accepted because Keras has it; columns are as wide as they need to be.
        print_fn : callable, optional
            Gets each line, instead of ``print``.
        expand_nested : bool
            Whether the layers of models among the layers are shown, indented.
        show_trainable : bool
            Whether layers with frozen weights are marked.
        layer_range : pair of str, optional
            Names, or regular expressions, of the first and the last layer that are shown.

        Raises
        ------
        TypeError, ValueError
            An argument is none of these.
        """
        with self.turns.alone():
            summary(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer, in Keras's order."""
        if self.is_traced:
            return Layer.weights.fget(self)  # type: ignore[attr-defined]
        return self.network.weights

    def set_weights(self, weights: list[Any]) -> None:
        """Replace all weights; an error lists all wrong shapes, and then no weight is changed."""
        self._require_built("set_weights")
        with self.turns.alone(writes=True):
            set_weights(f"model {self.name!r}", self.weights, weights)

    def count_params(self) -> int:
        """The number of elements in all weights."""
        self._require_built("count_params")
        return super().count_params()

    def _require_built(self, method: str) -> None:
        if not self.built:
            raise ValueError(
                f"the model has no weights yet: give it an Input, or call build(input_shape), "
                f"before {method}"
            )

    # ----------------------------------------------------------------------------------- files

    @explain_arguments
    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        zipped: bool | None = None,
        *,
        include_optimizer: bool = True,
    ) -> None:
        """Write the whole model to an HDF5 file, with the arguments of ``compile`` and the state.

        See :func:`nnkit.saving.save_model`.

        Parameters
        ----------
        filepath : path
        overwrite : bool
            Whether a file that is there is replaced.
        zipped : bool, optional
            Accepted because Keras has it for its other format.
        include_optimizer : bool

        Raises
        ------
        FileExistsError
            The file is there, and is not to be replaced.
        """
        _refuse_to_replace(filepath, overwrite)
        saving.save_model(self, filepath, include_optimizer=include_optimizer)

    def check_savable(self) -> None:
        """Raise the error that :meth:`save` would raise, without writing anything."""
        from nnkit.saving.writer import check_savable

        check_savable(self)

    @explain_arguments
    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """Write the weights to an HDF5 file; see :func:`nnkit.saving.save_weights`.

        Parameters
        ----------
        filepath : path
        overwrite : bool
            Whether a file that is there is replaced.
        max_shard_size : float, optional
            None: nnkit writes one file.

        Raises
        ------
        FileExistsError
            The file is there, and is not to be replaced.
        ValueError
            Another ``max_shard_size``.
        """
        if max_shard_size is not None:
            raise ValueError(
                f"save_weights: nnkit writes one file, max_shard_size is None, not {max_shard_size}"
            )
        _refuse_to_replace(filepath, overwrite)
        saving.save_weights(self, filepath)

    @explain_arguments
    def load_weights(
        self, filepath: Any, skip_mismatch: bool = False, *, by_name: bool = False
    ) -> None:
        """Read weights from an HDF5 file; see :func:`nnkit.saving.load_weights`."""
        saving.load_weights(self, filepath, by_name=by_name, skip_mismatch=skip_mismatch)

    def to_json(self, **options: Any) -> str:
        """The layers and connections as a text, which Keras reads, too.

        ``options`` are those of ``json.dumps``. See :func:`nnkit.models.model_from_json`.

        Raises
        ------
        ValueError
            A layer is shared between the model and a model in it.
        TypeError
            An argument of a layer has no text: an array, or a function that is not registered.
        """
        check_shared(self)
        own = {
            "class_name": type(self).__name__,
            "config": self.get_config(),
            "input_shapes": self.input_shape,
        }
        described = {**saving.to_keras.model_config(self), "nnkit": own}
        return json.dumps(described, **{"default": _no_text, **options})

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of ``compile`` as plain data."""
        self._require_compiled("get_compile_config")
        return {
            "optimizer": to_plain(self.optimizer),
            "loss": plain(self.aims.loss),
            "loss_weights": plain(self.aims.weights),
            "metrics": plain(self.aims.metrics),
            "weighted_metrics": plain(self.aims.weighted),
            "run_eagerly": self.run_eagerly,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what :meth:`get_compile_config` returned."""

        def metric(given: Any) -> Any:
            return given if isinstance(given, str) else resolve("metric", given)

        self.compile(
            optimizer=resolve("optimizer", config["optimizer"]),
            loss=each(config.get("loss"), partial(resolve, "loss")),
            loss_weights=config.get("loss_weights"),
            metrics=each(config.get("metrics"), metric),
            weighted_metrics=each(config.get("weighted_metrics"), metric),
            run_eagerly=config.get("run_eagerly", False),
        )

    def optimizer_slots(self) -> dict[str, list[np.ndarray]]:
        """The optimizer's slots by name: for each a view for every trainable weight."""
        self._require_compiled("optimizer_slots")
        self._require_built("optimizer_slots")
        return self.session().slot_views()

    @property
    def training_state(self) -> dict[str, Any]:
        """The remaining state of training, which a file keeps: the seed of shuffling.

        And what :meth:`nnkit.optimizers.Optimizer.exclude_from_weight_decay` was given, if it was.
        """
        self._require_compiled("training_state")
        state: dict[str, Any] = {"seed": self._seed}
        names, variables = self.optimizer.undecayed
        if names or variables:
            places = {id(v): i for i, v in enumerate(self.weights)}
            known = [places[id(v)] for v in variables if id(v) in places]
            state["undecayed"] = {"names": list(names), "weights": known}
        return state

    @training_state.setter
    def training_state(self, state: dict[str, Any]) -> None:
        self._seed = checks.integer("training_state", "seed", state["seed"], 0, 2**63 - 1)
        if "undecayed" in state:
            names, places = state["undecayed"]["names"], state["undecayed"]["weights"]
            variables = [self.weights[i] for i in places]
            self.optimizer.exclude_from_weight_decay(variables, names)

    # ---------------------------------------------------------------------------------- copies

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle needs: not the recordings, which hold addresses."""
        with self.turns.alone():
            dropped = ("held", "predictors", "guard", "_networks", *GRAPHS)
            state = {k: v for k, v in self.__dict__.items() if k not in dropped}
            slots = {} if self.held is None else self.optimizer_slots()
            state["_nodes"] = []
            if not self.is_functional:  # The network is made of the model itself.
                state["network"] = self.input_shape
            state["slots"] = {n: [a.copy() for a in arrays] for n, arrays in slots.items()}
            return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        slots, network = state.pop("slots"), state.pop("network")
        self.__dict__.update(state)
        self.guard = Guard(self.turns)
        self.network = network
        if not isinstance(network, (Network, Pending)):
            self.network = Pending(lambda: self.layers)
            if network is not None:
                self.network = self._connected(inputs_for(network))
        self._drop_session()
        for name, arrays in slots.items():
            for array, value in zip(self.optimizer_slots()[name], arrays, strict=True):
                array[...] = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        with self.turns.alone():
            twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Make a model from what :meth:`get_config` returned, with new weights.

        ``custom_objects`` are custom classes and functions by name.
        """
        with registry.custom_objects(custom_objects):
            if "nodes" not in config:
                return super().from_config(config)
            network = made(config)
            model = Model(network.input_form, network.output_form, config["name"])
            model._become(network)
            if not config.get("trainable", True):
                model.trainable = False
            return model

    def get_config(self) -> dict[str, Any]:
        """The architecture as plain data."""
        if self.is_traced:
            return super().get_config()
        return described(self.built_network(), self.name, self.trainable)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, {len(self.layers)} layers>"


def _refuse_to_replace(filepath: Any, overwrite: bool) -> None:
    if not checks.flag("save", "overwrite", overwrite) and os.path.exists(filepath):
        raise FileExistsError(f"{filepath} is there already, and overwrite is False")


def plain(given: Any) -> Any:
    """Nested lists and dictionaries of losses or metrics as plain data."""
    return each(given, to_plain)


def _no_text(value: Any) -> Any:
    raise TypeError(
        f"to_json: {value!r} has no text; register a function with nnkit.saving.register, and "
        "write a model with arrays by save"
    )


def checked_shapes(owner: str, given: Any) -> Any:
    """Shapes of inputs, in lists and dictionaries, if they are shapes.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(given, dict):
        return {name: checked_shapes(owner, one) for name, one in given.items()}
    if isinstance(given, list) and given and all(isinstance(one, (list, tuple)) for one in given):
        return [checked_shapes(owner, one) for one in given]
    if not isinstance(given, (list, tuple)):
        raise TypeError(
            f"build needs the shape of the input, for example (None, 784), got {given!r}"
        )
    shape = tuple(given)
    if len(shape) < 2 or not all(_is_size(n) for n in shape[1:]):
        raise ValueError(
            f"input_shape has a batch axis, and sizes from 1 on: (None, 784), got {shape}"
        )
    return shape


def _is_size(n: Any) -> bool:
    whole = isinstance(n, (int, np.integer)) and not isinstance(n, bool)
    return n is None or (whole and bool(n >= 1))
