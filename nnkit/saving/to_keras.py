"""Translation of nnkit's descriptions of models to those that Keras 3 reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.activations import LAYERS
from nnkit.layers.input import InputLayer
from nnkit.layers.wrapper import Wrapper
from nnkit.networks import Network
from nnkit.optimizers import Nadam, RMSprop
from nnkit.registry import each, is_registered, lookup, resolve, snake_case, to_plain
from nnkit.saving.graphs_to_keras import functional, is_functional, network_of

if TYPE_CHECKING:
    from nnkit.engine.variable import Variable
    from nnkit.models import Model
    from nnkit.optimizers import Optimizer

__all__ = [
    "INNER_LAYERS",
    "derived",
    "model_config",
    "slot_order",
    "slot_places",
    "training_config",
]

# Arguments of every layer.
_COMMON = ("name", "trainable", "dtype", "input_shape", "batch_size", "activity_regularizer")
# Arguments that are layers.
INNER_LAYERS = ("layer", "backward_layer", "cell")

_MODULES_OF_MODELS = {"Functional": "keras.src.models.functional", "Sequential": "keras"}

# Layers that are only functions in Keras, where they become Activation("tanh").
_OF_KERAS = ("ELU", "LeakyReLU", "ReLU", "Softmax")
FUNCTIONS = {layer: name for name, (layer, _) in LAYERS.items() if layer not in _OF_KERAS}

# Keras's order of an optimizer's state: the slots of a tuple alternate, weight by weight.
_SLOTS = {
    "Adafactor": (("r", "c", "velocity"),),
    "Lamb": (("momentum", "velocity"),),
    "Muon": (("momentum", "velocity"),),
    "Ftrl": (("accumulator", "linear"),),
    "SGD": (("momentum",),),
    "RMSprop": (("velocity",), ("momentum",), ("average_gradient",)),
    "Adam": (("momentum", "velocity"), ("velocity_hat",)),
    "AdamW": (("momentum", "velocity"), ("velocity_hat",)),
    "Adamax": (("momentum", "norm"),),
    "Nadam": (("momentum", "velocity"),),
    "Adagrad": (("accumulator",),),
    "Adadelta": (("accumulated_grad", "accumulated_delta_var"),),
    "Lion": (("momentum",),),
}


def model_config(model: Model) -> dict[str, Any]:
    """The value of Keras's attribute ``model_config``."""
    network = model.network
    if isinstance(network, Network) and is_functional(model):
        return _functional(network, model.name, model.trainable)
    if isinstance(network, Network) and network.layers == [model]:  # Its class is the user's.
        return _layer(to_plain(model))
    return _sequential(model.get_config(), model)


def training_config(compiled: dict[str, Any]) -> dict[str, Any]:
    """The value of Keras's attribute ``training_config``."""
    optimizer = compiled["optimizer"]
    return {
        "loss": each(compiled["loss"], _loss),
        "loss_weights": _weights(compiled),
        "metrics": each(compiled["metrics"], _metric),
        "weighted_metrics": each(compiled["weighted_metrics"], _metric) or None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": True,
        "optimizer_config": _optimizer(optimizer),
    }


def _optimizer(described: dict[str, Any]) -> dict[str, Any]:
    config = {k: _value(k, v) for k, v in described["config"].items()}
    rate = config.get("learning_rate")
    if decay := config.pop("decay", 0.0):  # Today's Keras has a schedule for it.
        of_rate = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay}
        rate = {"class_name": "InverseTimeDecay", "config": of_rate}
    if isinstance(rate, dict):
        config["learning_rate"] = _object("keras.optimizers.schedules", rate)
    return {"class_name": described["class_name"], "config": config}


def _weights(compiled: dict[str, Any]) -> Any:
    """Weights of losses; in a dictionary, Keras needs one for each loss."""
    given, losses = compiled["loss_weights"], compiled["loss"]
    if isinstance(given, dict) and isinstance(losses, dict):
        return {name: given.get(name, 1.0) for name in losses}
    return given


def _loss(loss: Any) -> dict[str, Any]:
    return _object("keras.losses", loss)


def slot_order(optimizer: Optimizer) -> list[tuple[str, ...]]:
    """The slots of an optimizer in Keras's order; the slots of a tuple alternate weight by weight.

    Examples
    --------
    >>> import nnkit
    >>> slot_order(nnkit.optimizers.Adam())
    [('momentum', 'velocity')]
    >>> slot_order(nnkit.optimizers.RMSprop(momentum=0.9))
    [('velocity',), ('momentum',)]
    """
    slots = list(optimizer.all_slots)
    if isinstance(optimizer, RMSprop):  # Keras has only those slots that are used.
        used = {"momentum": optimizer.momentum, "average_gradient": optimizer.centered}
        slots = [s for s in slots if used.get(s, True)]
    groups = (("average",), ("gradient_accumulator",), *_SLOTS.get(type(optimizer).__name__, ()))
    known = [tuple(s for s in group if s in slots) for group in groups]
    rest = [(s,) for s in slots if not any(s in group for group in known)]
    return [group for group in known if group] + rest


def slot_places(
    optimizer: Optimizer, weights: Sequence[Variable], slot_by_slot: bool = False
) -> list[tuple[str, int]]:
    """Names of slots and indices of weights in Keras's order; Keras has none that are empty."""
    order = slot_order(optimizer)
    if slot_by_slot:
        order = [(name,) for names in order for name in names]
    places = [(name, i) for names in order for i in range(len(weights)) for name in names]
    return [(name, i) for name, i in places if 0 not in optimizer.slot_shape(name, weights[i])]


def derived(optimizer: Optimizer) -> dict[str, Any]:
    """What Keras keeps behind the slots, and nnkit computes from the number of the step."""
    if isinstance(optimizer, Nadam):
        return {"u_product": np.float32(optimizer.momentum_product())}
    return {}


def _functional(network: Network, name: str, trainable: bool = True) -> dict[str, Any]:
    made: dict[str, Any] = functional(network, _name(name), trainable, _described, _names)
    return made


def _described(layer: Any) -> dict[str, Any]:
    """Keras's description of a layer, or of the graph that it is made of."""
    inside = network_of(layer)
    if inside is not None:
        return _functional(inside, layer.name, layer.trainable)
    if hasattr(layer, "network"):
        return model_config(layer)
    if isinstance(layer, InputLayer):
        return {"class_name": "InputLayer", "config": layer.get_config()}
    made: dict[str, Any] = _layer(to_plain(layer))
    if isinstance(layer, Wrapper):
        inner = _described(layer.layer)
        module = _MODULES_OF_MODELS.get(inner["class_name"], "keras.layers")
        made["config"]["layer"] = _object(module, inner)
    return made


def _sequential(config: dict[str, Any], model: Model | None = None) -> dict[str, Any]:
    shape, layers = config["input_shape"], config["layers"]
    dtype = layers[0]["config"].get("dtype", "float32") if layers else "float32"
    first = {"batch_shape": shape, "dtype": dtype, "name": "input_layer"}
    made = map(_layer, layers) if model is None else map(_described, model.layers)
    inside = [{"class_name": "InputLayer", "config": first}, *made]
    names = _names([layer["config"]["name"] for layer in layers])
    for layer, original in zip(inside[1:], layers, strict=True):
        layer["config"]["name"] = names[original["config"]["name"]]
    described = {
        "name": _name(config["name"]),
        "trainable": config.get("trainable", True),
        "dtype": _policy(dtype),
        "layers": inside,
        "build_input_shape": shape,
    }
    return {"class_name": "Sequential", "config": described}


def _name(name: str) -> str:
    """A name without slashes, which Keras 3 refuses; it finds weights by order, not by name."""
    return name.replace("/", "_")


def _names(originals: list[str]) -> dict[str, str]:
    """Names without slashes, different for different originals such as ``a/b`` and ``a_b``."""
    names: dict[str, str] = {}
    for original in originals:
        name = _name(original)
        while original not in names and name in names.values():
            name += "_"
        names.setdefault(original, name)
    return names


def _layer(described: dict[str, Any], dtype: str = "float32") -> dict[str, Any]:
    """Keras's description of a layer; ``dtype`` is the default, that of the layer around it."""
    class_name, config = described["class_name"], {"dtype": dtype} | described["config"]
    if class_name == "Sequential":
        return _sequential(config)
    for own in ("input_shape", "batch_size"):  # The model has them.
        config.pop(own, None)
    config["name"] = _name(config.get("name", snake_case(class_name)))
    if class_name == "HardSigmoid" and not _is_function(described):
        return _hard_sigmoid(config)
    if _is_function(described):
        config = {k: v for k, v in config.items() if k in _COMMON}
        class_name, config["activation"] = "Activation", FUNCTIONS[class_name]
    if config.get("score_mode") == "dot":  # The default, which Keras 3.15 takes for its function.
        config.pop("score_mode")
    if class_name.startswith("SpatialDropout") or class_name == "Discretization":
        config.pop("trainable")  # Not an argument of Keras's constructor.
    dtype = config["dtype"]
    config = {k: _value(k, v, dtype) for k, v in config.items()} | {"dtype": _policy(dtype)}
    return {"class_name": class_name, "config": config}


def _value(name: str, value: Any, dtype: str = "float32") -> Any:
    """Keras's description of an argument's value."""
    if name.endswith("activation"):
        return _activation(value)
    if value is None:
        return None
    if name in INNER_LAYERS:
        return _object("keras.layers", _layer(value, dtype))
    if name == "cells":
        return [_object("keras.layers", _layer(cell, dtype)) for cell in value]
    for kind in ("initializer", "regularizer", "constraint"):
        if name.endswith(f"_{kind}"):
            return _object(f"keras.{kind}s", to_plain(resolve(kind, value)))
    return value


def _activation(value: Any) -> Any:
    if value is None:
        return "linear"
    if isinstance(value, str):
        return value
    if _is_function(value):
        return FUNCTIONS[value["class_name"]]
    if value["class_name"] == "HardSigmoid":
        return _object("keras", _hard_sigmoid(value["config"]))
    return _object("keras.layers", value)


def _hard_sigmoid(config: dict[str, Any]) -> dict[str, Any]:
    """A hard sigmoid whose slope isn't Keras 3's, composed of layers that Keras has."""
    common = {"dtype": _policy(config.get("dtype", "float32")), "trainable": True}
    rising = {"name": "rescaling", "scale": config["slope"], "offset": 0.5, **common}
    limited = {"name": "re_lu", "max_value": 1.0, **common}
    layers = [
        _object("keras.layers", {"class_name": "Rescaling", "config": rising}),
        _object("keras.layers", {"class_name": "ReLU", "config": limited}),
    ]
    return {
        "class_name": "Sequential",
        "config": {"name": config.get("name", "hard_sigmoid"), "layers": layers, **common},
    }


def _is_function(described: dict[str, Any]) -> bool:
    """Whether a layer, with default arguments only, is a function in Keras."""
    name, config = described["class_name"], described["config"]
    if name not in FUNCTIONS:
        return False
    usual = lookup("layer", name)().get_config()
    return all(config[k] == v for k, v in usual.items() if k in config and k not in _COMMON)


def _metric(metric: Any) -> Any:
    """Keras's description of a metric: a string that Keras knows (not "mse"), or an object."""
    if not isinstance(metric, str):
        return _object("keras.metrics", metric)
    if metric in ("accuracy", "acc"):
        return "accuracy"
    if is_registered(metric):
        return metric
    return snake_case(lookup("metric", metric).__name__)


def _object(module: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, **value, "registered_name": None}


def _policy(dtype: str) -> dict[str, Any]:
    value = {"class_name": "DTypePolicy", "config": {"name": dtype}}
    return _object("keras", value)
