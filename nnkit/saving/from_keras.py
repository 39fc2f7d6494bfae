"""Translation of the descriptions in Keras's files to nnkit's."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from nnkit.arguments import parameters
from nnkit.errors import FileFormatError
from nnkit.registry import (
    each,
    find,
    flat,
    function_named,
    is_custom_function,
    is_registered,
    lookup,
    means_function,
    resolve,
)
from nnkit.saving.graphs_from_keras import is_function, nodes_of, operation_of
from nnkit.saving.keras_versions import EVERY, KERAS_3, Generation
from nnkit.saving.to_keras import INNER_LAYERS

__all__ = ["Translator"]

_FORBIDDEN = ("_regularizer", "_constraint")  # Refused if nnkit's class doesn't have them.
_FUNCTIONAL = ("Functional", "Model")  # Names of the class in Keras 3 and before.
_LONGEST = 80  # Characters of a value in a message.


class Translator:
    """Translate Keras's descriptions to nnkit's, and collect the arguments that were left out.

    Parameters
    ----------
    generation : Generation
        The generation of Keras that wrote the file, which defines the meaning of names.

    Attributes
    ----------
    ignored : list of str
        Arguments unknown to nnkit that change results, with their values.
    changed : list of str
        Arguments that have a different effect in nnkit.
    """

    def __init__(self, generation: Generation = KERAS_3) -> None:
        self.generation = generation
        self.ignored: list[str] = []
        self.changed: list[str] = []
        self._of_all: dict[str, Any] = {}
        self._unnamed = 0  # The number of Sequential models without a name so far.

    # ------------------------------------------------------------------------------ the model

    def model(self, described: Any) -> dict[str, Any]:
        """nnkit's description of a Sequential or functional model, or of a user's class."""
        described = _plain(described)
        class_name = _member(described, "class_name", str, "model_config")
        config = described.get("config")
        if class_name in _FUNCTIONAL or _is_graph(config):
            return self._graph(config)
        if class_name != "Sequential":
            made: dict[str, Any] = self._object("layer", described)["config"]
            return made
        layers = _member(config, "layers", list, "model_config")
        if "name" not in config:
            self._unnamed += 1
        self._of_all = self._of_all or self._found_of_all(layers)
        shape: list[int | None] | None = config.get("build_input_shape")
        translated: list[dict[str, Any]] = []
        for layer in layers:
            class_name = _member(layer, "class_name", str, "a layer")
            arguments = _member(layer, "config", dict, class_name)
            given = arguments.get("batch_shape") or arguments.get("batch_input_shape")
            shape = given if given and not translated else shape
            if class_name != "InputLayer":
                translated.append(self._layer(class_name, arguments))
        if shape is not None and not _is_shape(shape):
            raise FileFormatError(f"the input shape is {_short(shape)}, not a list of sizes")
        if shape is not None and not _is_stateful(translated):
            shape = [None, *shape[1:]]  # Only stateful layers need the batch size.
        return {
            "name": config.get("name", f"sequential_{self._unnamed}"),
            "layers": translated,
            "input_shape": shape,
        }

    def _graph(self, config: Any) -> dict[str, Any]:
        """nnkit's description of a functional model."""
        described = _member(config, "layers", list, "model_config")
        if not _is_graph(config):
            raise FileFormatError("a Functional model without input_layers and output_layers")
        inputs, outputs = config.get("input_layers"), config.get("output_layers")
        self._of_all = self._of_all or self._found_of_all(described)
        layers: list[dict[str, Any]] = []
        for layer in described:
            class_name = _member(layer, "class_name", str, "a layer")
            arguments = dict(_member(layer, "config", dict, class_name))
            if "name" in layer:
                arguments["name"] = layer["name"]
            if is_function(layer):
                layers.append(operation_of(class_name, arguments))
            elif class_name == "InputLayer":
                layers.append(_input(arguments))
            else:
                layers.append(self._layer(class_name, arguments))
        return {
            "name": config.get("name", "model"),
            "trainable": config.get("trainable", True) is not False,
            "layers": layers,
            **nodes_of(described, layers, inputs, outputs, self._is_recurrent),
        }

    def _is_recurrent(self, class_name: str) -> bool:
        cls = find("layer", class_name)
        return cls is not None and "initial_state" in getattr(cls, "named_inputs", ())

    def _layer(self, class_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(arguments)
        dtype = self._dtype(arguments.pop("dtype", None))
        if class_name == "Sequential" or _is_graph(arguments):
            inside = self.model({"class_name": class_name, "config": arguments})
            return {"class_name": "Model" if "nodes" in inside else class_name, "config": inside}
        layer = self._object("layer", {"class_name": class_name, "config": arguments})
        if dtype is not None:
            layer["config"]["dtype"] = dtype
        return layer

    def _dtype(self, policy: Any) -> str | None:
        """The data type in a Keras dtype or policy."""
        if isinstance(policy, dict):
            policy = _member(policy, "config", dict, "dtype").get("name")
        if policy in ("int32", "int64") and self.generation is not KERAS_3:
            return None  # Integer inputs, for an Embedding.
        if policy not in (None, "float32", "float64"):
            raise FileFormatError(f"data type {_short(policy)}; nnkit has float32 and float64")
        return str(policy) if policy else None

    # ----------------------------------------------------------------------- compile's arguments

    def training(self, described: dict[str, Any]) -> dict[str, Any] | None:
        """nnkit's description of the arguments of ``compile``; None if there was no loss."""
        try:
            return self._training(_plain(described))
        except FileFormatError as error:
            raise FileFormatError(f"{error} compile=False loads the rest") from None

    def _training(self, described: dict[str, Any]) -> dict[str, Any] | None:
        optimizer = _member(described, "optimizer_config", dict, "training_config")
        loss = each(described.get("loss"), partial(self._measure, "loss"))
        if isinstance(loss, list) and len(loss) == 1:
            loss = loss[0]
        if not flat(loss):
            return None
        name = loss["class_name"] if isinstance(loss, dict) and "class_name" in loss else loss
        accuracy = self.generation.accuracies.get(name) if isinstance(name, str) else None

        def metric(one: Any) -> Any:
            if accuracy is not None and one in ("accuracy", "acc"):
                one = {"class_name": accuracy, "config": {"name": one}}
            return self._measure("metric", one)

        return {
            "optimizer": self._object("optimizer", optimizer),
            "loss": loss,
            "loss_weights": described.get("loss_weights"),
            "metrics": each(described.get("metrics"), metric),
            "weighted_metrics": each(described.get("weighted_metrics"), metric),
        }

    def _measure(self, kind: str, described: Any) -> Any:
        """Translate a loss or metric, for which Keras may give a class, a function, or both."""
        if isinstance(described, str) and means_function(kind, described):
            return _of_function(kind, described, {})
        if not isinstance(described, dict):
            return described
        class_name = _member(described, "class_name", str, f"a {kind}")
        config = dict(_member(described, "config", dict, class_name))
        function = config.pop("fn", None)
        if class_name in ("LossFunctionWrapper", "MeanMetricWrapper"):
            if not isinstance(function, str):
                raise FileFormatError(f"a {class_name} without a name of its function.")
            class_name = function
            if means_function(kind, function):
                return _of_function(kind, function, config)
        if kind == "loss" and config.get("reduction") == "none":
            raise FileFormatError(f"{class_name} has reduction='none', which gives no single loss.")
        return self._object(kind, {"class_name": class_name, "config": config})

    # ------------------------------------------------------------------------- objects of any kind

    def _object(self, kind: str, described: Any) -> Any:
        """Translate an object's description, without the arguments that nnkit doesn't have."""
        if isinstance(described, str):
            return described
        generation = self.generation
        old_name = _member(described, "class_name", str, f"a {kind}")
        given = _member(described, "config", dict, old_name)
        cls = self._class(kind, generation.classes.get(old_name, old_name))
        own = cls.__module__.split(".")[0] == "nnkit"
        name = cls.__name__ if own else old_name
        where = f"{name} {_short(given['name'])}" if kind == "layer" and "name" in given else name
        known = parameters(cls) | ({"name", "trainable", "dtype"} if kind == "layer" else set())
        given = self._renamed(name, given, set() if own else known)
        if own:
            if name == "Lambda":
                _find_function(where, given)
            of_all = {k: v for k, v in self._of_all.items() if name in generation.of_all[k]}
            for each in (name, old_name):
                of_all |= generation.defaults.get(each, {})
            given = of_all | given
        config = {}
        for argument, value in given.items():
            why = generation.changed.get(argument) or generation.changed.get(f"{argument}={value}")
            if value and why:
                self.changed.append(f"{argument}={_short(value)} of {where} ({why})")
            if own and argument.endswith("_initializer") and not self._can_be_made(value):
                continue  # Initializers don't matter: the file has the weights.
            if argument in known:
                if kind != "optimizer" or value is not None:  # None is an optimizer's default.
                    config[argument] = self._argument(where, argument, value)
            elif value and argument.endswith(_FORBIDDEN):
                raise FileFormatError(f"{where}: nnkit has no {argument} yet, it can't be loaded")
            elif not (kind == "initializer" or self._is_harmless(argument, value)):
                self.ignored.append(f"{argument}={_short(value)} of {where}")
        return {"class_name": name, "config": config}

    def _found_of_all(self, layers: list[Any]) -> dict[str, Any]:
        """Settings that are common to all layers, from the first layer that has them."""
        configs = [layer.get("config") for layer in layers if isinstance(layer, dict)]
        given = [self._renamed(EVERY, c) for c in configs if isinstance(c, dict)]
        return {
            name: next(config[name] for config in given if name in config)
            for name in self.generation.of_all
            if any(name in config for config in given)
        }

    def _renamed(
        self, name: str, given: dict[str, Any], kept: Collection[str] = ()
    ) -> dict[str, Any]:
        """Arguments under today's names, with today's values."""
        names = {**self.generation.names.get(EVERY, {}), **self.generation.names.get(name, {})}
        names = {old: new for old, new in names.items() if old not in kept}
        renamed = {old: value for old, value in given.items() if old not in names}
        for old, new in names.items():
            if old in given and new is not None:
                parts = [given[o] for o, n in names.items() if n == new and o in given]
                renamed[new] = parts[0] if len(parts) == 1 else parts
        for argument, meanings in self.generation.values.items():
            value = renamed.get(argument)
            if isinstance(value, str) and value in meanings:
                renamed[argument] = meanings[value]
        return renamed

    def _argument(self, where: str, name: str, value: Any) -> Any:
        if name == "axis" and isinstance(value, list) and len(value) == 1:
            return value[0]
        if name.endswith("activation"):
            if isinstance(value, str) and len(value) <= _LONGEST:
                known = {} if is_custom_function(value) else self.generation.activations
                return known.get(value, value)
            is_object = isinstance(value, dict) and value.get("class_name") != "__lambda__"
            if value is not None and not is_object:
                raise FileFormatError(_no_code(f"the {name} of {where}", "Use load_weights"))
        if name == "cells" and isinstance(value, list):
            return [self._argument(where, "cell", cell) for cell in value]
        if not isinstance(value, dict):
            return value
        if name.endswith("activation") or (name in INNER_LAYERS and "class_name" in value):
            class_name = _member(value, "class_name", str, f"{name} of {where}")
            return self._layer(class_name, _member(value, "config", dict, name))
        if name == "learning_rate":
            return self._object("schedule", value)
        for kind in ("initializer", "regularizer", "constraint"):
            if name.endswith(f"_{kind}"):
                return self._object(kind, _with_class_name(value))
        return value

    def _can_be_made(self, described: Any) -> bool:
        """Whether nnkit has an initializer with these arguments."""
        name = described
        if isinstance(described, dict):
            described = _with_class_name(described)
            name = described.get("class_name")
        if not isinstance(name, str) or find("initializer", name) is None:
            return False
        try:
            resolve("initializer", self._object("initializer", described))
        except (TypeError, ValueError):
            return False
        return True

    def _is_harmless(self, argument: str, value: Any) -> bool:
        """Whether an argument that nnkit doesn't have can be left out without changing results."""
        silent, usual = self.generation.silent, self.generation.usual
        if argument in silent or argument in ("name", "dtype") or argument.endswith("_initializer"):
            return True
        if argument in usual:
            return value in (usual[argument], None) or value == [usual[argument]] * 2
        return value is None or value is False

    def _class(self, kind: str, name: str) -> type:
        try:
            return lookup(kind, name)
        except ValueError as error:
            hint = "Give your own in custom_objects, or register it."
            raise FileFormatError(f"{error} {hint}") from None


# ---------------------------------------------------------------------------------- plain data


def _plain(value: Any) -> Any:
    """A value without Keras's wrappers of tuples, shapes, arrays, functions and modules."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape"):
        return _plain(value.get("items", []))
    if value.keys() == {"type", "value"} and isinstance(value["type"], str):
        array = _plain(value["value"])  # A NumPy scalar or array.
        return array[0] if isinstance(array, list) and len(array) == 1 else array
    if value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return value["config"]
    if "class_name" in value and "config" in value:
        name, registered = value["class_name"], value.get("registered_name")
        if isinstance(registered, str) and registered.rpartition(">")[2] == name:
            name = registered
        config = _plain(value["config"])
        if name == "Sequential" and isinstance(config, list):  # Keras's form until 2.2.2.
            config = {"layers": config}
        kept = {"class_name": name, "config": config}
        if "inbound_nodes" in value:
            kept |= {k: _plain(value[k]) for k in ("name", "inbound_nodes", "module") if k in value}
        return kept
    return {k: _plain(v) for k, v in value.items()}


def _of_function(kind: str, function: str, config: dict[str, Any]) -> dict[str, Any]:
    """The description of a loss or metric that is a user's function."""
    function_named(kind, function)
    kept = {k: v for k, v in config.items() if k == "name"}
    if kind == "metric":  # The function in custom_objects may have a different name, or none.
        kept.setdefault("name", function.rpartition(">")[2])
    return {"class_name": f"Function{kind.title()}", "config": {"function": function, **kept}}


def _with_class_name(value: dict[str, Any]) -> dict[str, Any]:
    """Convert Keras 1's ``{"name": "L1L2Regularizer", "l1": 0.1}`` to Keras 2's form."""
    if "class_name" in value or "name" not in value:
        return value
    return {
        "class_name": value["name"],
        "config": {k: v for k, v in value.items() if k != "name"},
    }


def _is_stateful(described: Any) -> bool:
    """Whether one of the layers, or a layer inside one, is stateful."""
    if isinstance(described, dict):
        return bool(described.get("stateful")) or _is_stateful(list(described.values()))
    return isinstance(described, list) and any(map(_is_stateful, described))


def _find_function(where: str, given: dict[str, Any]) -> None:
    """Find the function of a Lambda layer; refuse code in the file.

    A function's name is looked up as usual. For code, ``custom_objects`` must have a function under
    the layer's name.
    """
    function, name = given.get("function"), given.get("name")
    if given.get("function_type") == "lambda" or not isinstance(function, str):
        if not (isinstance(name, str) and is_custom_function(name)):
            hint = f"Give custom_objects={{{_short(name)}: your_function}}, by the layer's name"
            raise FileFormatError(_no_code(where, hint))
        given["function"] = name
    elif not is_registered(function):
        raise FileFormatError(
            f"{where} calls {_short(function)}, and a file never holds code that nnkit would run. "
            f"Give custom_objects={{{_short(function)}: your_function}}"
        )
    for unused in ("output_shape", "mask"):  # nnkit infers the shape, and passes the mask itself.
        given.pop(unused, None)


def _no_code(where: str, hint: str) -> str:
    return f"{where} is Python code, and a file never holds code that nnkit would run. {hint}"


def _is_graph(config: Any) -> bool:
    return isinstance(config, dict) and "input_layers" in config and "output_layers" in config


def _input(arguments: dict[str, Any]) -> dict[str, Any]:
    shape = arguments.get("batch_shape") or arguments.get("batch_input_shape")
    if not _is_shape(shape) and not (isinstance(shape, list) and len(shape) == 1):
        raise FileFormatError(f"the input shape is {_short(shape)}, not a list of sizes")
    dtype = arguments.get("dtype")
    dtype = dtype if isinstance(dtype, str) else None
    config = {"batch_shape": shape, "dtype": dtype, "name": arguments.get("name")}
    return {"class_name": "InputLayer", "config": config}


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and 1 < len(shape) <= 8
        and all(n is None or (type(n) is int and 0 < n <= 2**31) for n in shape[1:])
        and (shape[0] is None or (type(shape[0]) is int and 0 < shape[0] <= 2**31))
    )


def _short(value: Any) -> str:
    """A value from a file, shortened for a message."""
    said = repr(value)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _member(described: Any, name: str, kind: type, where: str) -> Any:
    found = described.get(name) if isinstance(described, dict) else None
    if not isinstance(found, kind):
        raise FileFormatError(
            f"{_short(where)[1:-1]} should have a {name!r} that is a {kind.__name__}"
        )
    return found
