"""Graphs of layers in Keras's files: how layers are called, both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.layers import MultiHeadAttention, Parallel
from nnkit.layers.base import Layer
from nnkit.layers.input import InputLayer
from nnkit.layers.nodes import Node, Placeholder
from nnkit.layers.operation import Operation, parameters_of
from nnkit.nested import leaves
from nnkit.networks import Network, inputs_for
from nnkit.registry import to_plain

__all__ = ["WITHOUT_EFFECT", "functional", "nodes_of", "traced"]

_TENSOR = "__keras_tensor__"
_MASKS = ("query_mask", "value_mask", "key_mask")
# Modules of Keras with the classes behind its functions; the others are in keras.src.ops.numpy.
_NN = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "log_sigmoid"),
    *("hard_sigmoid", "softplus", "softsign", "softmax", "log_softmax", "one_hot"),
)
_MODULES = dict.fromkeys(_NN, "nn")
_MODULES |= dict.fromkeys(("logsumexp", "rsqrt", "erf"), "math")
_MODULES |= dict.fromkeys(("cast", "stop_gradient"), "core") | {"norm": "linalg"}
# Arguments after the first that Keras's functions take when they are called; others are settings.
_OF_CALL = ("x1", "x2", "indices", "fill_value", "key")
# Settings of Keras's functions that nnkit's lack, with the values that change nothing.
WITHOUT_EFFECT = {"initial": None, "dtype": None, "decimals": 0, "sparse": False}


def traced(layer: Layer) -> Network | None:
    """What nnkit's layers that are made of layers do, as a network; None for other layers.

    Keras doesn't have these classes, but it has their graph.
    """
    if not isinstance(layer, Parallel):
        return None
    x = inputs_for(layer.input_shape, layer.dtype)
    outputs, losses = layer.traced({"x": x}, False)
    if layer.activation is not None:
        outputs = layer.activation(outputs)
    network = Network(x, outputs, losses)
    layer.locate(layer.path)  # Weights are still called by their places in the model.
    return network


# -------------------------------------------------------------------------------- nnkit to Keras


def functional(
    network: Network,
    name: str,
    trainable: bool,
    describe: Callable[[Layer], dict[str, Any]],
    names: dict[str, str],
) -> dict[str, Any]:
    """Keras 3's description of a model with a graph.

    Parameters
    ----------
    network : Network
    name : str
    trainable : bool
    describe : callable
        ``describe(layer)`` is Keras's description of a layer.
    names : dict of str to str
        What the layers are called in Keras, by their names.
    """
    places: dict[int, dict[str, Any]] = {}
    calls: dict[int, list[Any]] = {}
    nodes = [*(p.node for p in network.inputs if p.node is not None), *network.nodes]

    def tensor(value: Any) -> Any:
        if isinstance(value, Placeholder):
            return places[id(value)]
        if isinstance(value, slice):
            parts = {"start": value.start, "stop": value.stop, "step": value.step}
            return {"class_name": "__slice__", "config": parts}
        if value is Ellipsis:
            return {"class_name": "__ellipsis__", "config": {}}
        if isinstance(value, dict):
            return {key: tensor(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [tensor(one) for one in value]
        if isinstance(value, np.ndarray) and value.ndim:
            config = {"value": value.tolist(), "dtype": value.dtype.name}
            return {"class_name": "__numpy__", "config": config}
        if isinstance(value, (np.dtype, type)):
            return np.dtype(value).name
        return to_plain(value)

    for node in nodes:
        layer = node.layer
        made = calls.setdefault(id(layer), [])
        if not isinstance(layer, InputLayer):
            arguments, named = _call(node)
            made.append({"args": tensor(arguments), "kwargs": tensor(named)})
        number = max(len(made) - 1, 0)
        for k, p in enumerate(leaves(node.outputs)):
            history = [names[layer.name], number, k]
            config = {"shape": list(p.shape), "dtype": p.dtype, "keras_history": history}
            places[id(p)] = {"class_name": _TENSOR, "config": config}
    layers = []
    for layer in network.layers:
        if isinstance(layer, Operation):
            described = _operation(layer, names[layer.name], calls[id(layer)])
        else:
            described = describe(layer)
        described["config"]["name"] = names[layer.name]
        layers.append({**described, "name": names[layer.name], "inbound_nodes": calls[id(layer)]})

    def end(nested: Any) -> Any:
        if isinstance(nested, Placeholder):
            return places[id(nested)]["config"]["keras_history"]
        if isinstance(nested, dict):
            return {key: end(one) for key, one in nested.items()}
        return [end(one) for one in nested]

    return {
        "class_name": "Functional",
        "config": {
            "name": name,
            "trainable": trainable,
            "layers": layers,
            "input_layers": end(network.input_form),
            "output_layers": end(network.output_form),
        },
    }


def _call(node: Node) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments of a call, as Keras's layer takes them."""
    layer, given = node.layer, dict(node.arguments)
    if isinstance(layer, Operation):
        arguments = list(given["arguments"])
        if layer.function == "getitem":
            arguments[1] = _without_ellipsis(*arguments)
        return arguments, dict(given["named"])
    x = given.pop("x")
    named = {} if node.training is None else {"training": node.training}
    if isinstance(layer, MultiHeadAttention):
        masks = given.pop("mask", None) or ()
        named |= {n: m for n, m in zip(_MASKS, masks, strict=False) if m is not None}
        return list(x), named | given
    return [x], named | given


def _without_ellipsis(x: Placeholder, key: Any) -> Any:
    """A key that names every axis: Keras 3.15 can't read its own keys with an ellipsis."""
    keys = list(key) if isinstance(key, tuple) else [key]
    places = [i for i, one in enumerate(keys) if one is Ellipsis]
    if not places:
        return key
    others = sum(one is not None for one in keys) - 1
    keys[places[0] : places[0] + 1] = [slice(None)] * (len(x.shape) - others)
    return tuple(keys)


def _operation(layer: Operation, name: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Keras's description of a function: its settings are the class's, tensors the call's."""
    parameters = parameters_of(layer.function) or []
    of_call = (*parameters[:1], *_OF_CALL)
    settings: dict[str, Any] = {}
    for call in calls:
        given = dict(zip(parameters, call["args"], strict=False)) | call["kwargs"]
        call["args"] = [value for name, value in given.items() if name in of_call]
        call["kwargs"] = {}
        settings |= {name: value for name, value in given.items() if name not in of_call}
    return {
        "module": f"keras.src.ops.{_MODULES.get(layer.function, 'numpy')}",
        "class_name": _class_of(layer.function),
        "config": {"name": name, **settings},
    }


def _class_of(function: str) -> str:
    if function == "getitem":
        return "GetItem"
    return "".join(word.capitalize() for word in function.split("_"))


# -------------------------------------------------------------------------------- Keras to nnkit


def nodes_of(
    described: Sequence[dict[str, Any]],
    layers: Sequence[dict[str, Any]],
    inputs: Any,
    outputs: Any,
    is_recurrent: Callable[[str], bool],
) -> dict[str, Any]:
    """nnkit's nodes, inputs and outputs from Keras's.

    Parameters
    ----------
    described : sequence of dict
        Keras's layers, with ``name`` and ``inbound_nodes``.
    layers : sequence of dict
        nnkit's descriptions of the same.
    inputs, outputs : list or dict
        ``input_layers`` and ``output_layers``.
    is_recurrent : callable
        ``is_recurrent(class_name)``: whether further inputs are first states.

    Raises
    ------
    FileFormatError
        Something is missing, or no order of the calls is possible.
    """
    numbers: dict[str, int] = {}
    for i, layer in enumerate(described):
        name = layer.get("name", layer.get("config", {}).get("name"))
        if not isinstance(name, str) or name in numbers:
            raise FileFormatError(f"two layers, or none, are called {name!r}")
        numbers[name] = i
    places: dict[tuple[int, int], int] = {}
    nodes: list[dict[str, Any]] = []

    def history(given: Any) -> tuple[int, int, int]:
        right = (
            isinstance(given, list)
            and len(given) >= 3
            and isinstance(given[0], str)
            and all(type(n) is int and 0 <= n < 2**16 for n in given[1:3])
        )
        if not right:
            raise FileFormatError(f"{str(given)[:80]} is no place of a tensor")
        if given[0] not in numbers:
            raise FileFormatError(f"a call refers to a layer {given[0]!r}, which is not there")
        return numbers[given[0]], given[1], given[2]

    def reference(given: Any) -> dict[str, Any]:
        layer, node, output = history(given)
        if (layer, node) not in places:
            raise _Later
        return {"from": [places[layer, node], output]}

    def value(given: Any) -> Any:
        if isinstance(given, dict):
            name, config = given.get("class_name"), given.get("config")
            if name == _TENSOR and isinstance(config, dict):
                return reference(config.get("keras_history"))
            if name == "__slice__" and isinstance(config, dict):
                return {"slice": [config.get(n) for n in ("start", "stop", "step")]}
            if name in ("__numpy__", "__tensor__") and isinstance(config, dict):
                return {"array": config.get("value"), "dtype": config.get("dtype")}
            if name == "__ellipsis__":
                return {"ellipsis": True}
            return {key: value(one) for key, one in given.items()}
        if isinstance(given, list):
            if _is_old_reference(given, numbers):
                return reference(given)
            return [value(one) for one in given]
        return given

    waiting: list[tuple[int, int, Any]] = []
    for i, layer in enumerate(described):
        calls = layer.get("inbound_nodes") or []
        if not isinstance(calls, list):
            raise FileFormatError("inbound_nodes should be a list")
        if layers[i]["class_name"] == "InputLayer":
            places[i, 0] = len(nodes)
            nodes.append({"layer": i, "arguments": {"x": []}, "training": None})
        else:
            waiting += [(i, k, call) for k, call in enumerate(calls)]
    if len(waiting) > 2**13:
        raise FileFormatError(f"{len(waiting)} calls of layers; at most {2**13} are read")
    while waiting:
        later = []
        for i, k, call in waiting:
            try:
                made = _arguments(layers[i], call, value, is_recurrent)
            except _Later:
                later.append((i, k, call))
                continue
            places[i, k] = len(nodes)
            nodes.append({"layer": i, **made})
        if len(later) == len(waiting):
            stuck = [described[i].get("name") for i, _, _ in later][:5]
            raise FileFormatError(f"the calls of {stuck} go round in a circle, or lead nowhere")
        waiting = later

    def end(nested: Any) -> Any:
        if isinstance(nested, dict):
            return {key: end(one) for key, one in nested.items()}
        if _is_old_reference(nested, numbers):
            return reference(nested)
        if not isinstance(nested, list):
            raise FileFormatError(f"{str(nested)[:80]} is no place of a tensor")
        return [end(one) for one in nested]

    try:
        ends = [end(inputs), end(outputs)]
    except _Later:
        raise FileFormatError("an input or output is not there") from None
    alone = [e[0] if isinstance(e, list) and len(e) == 1 else e for e in ends]
    return {"nodes": nodes, "inputs": alone[0], "outputs": alone[1], "losses": []}


class _Later(Exception):  # noqa: N818
    """What a call needs is not there yet."""


def _is_old_reference(given: Any, numbers: dict[str, int]) -> bool:
    """Whether it is ``["dense", 0, 0]``, perhaps with a dictionary of arguments."""
    return (
        isinstance(given, list)
        and len(given) in (3, 4)
        and isinstance(given[0], str)
        and given[0] in numbers
        and all(type(n) is int for n in given[1:3])
    )


def _arguments(
    layer: dict[str, Any],
    call: Any,
    value: Callable[[Any], Any],
    is_recurrent: Callable[[str], bool],
) -> dict[str, Any]:
    """Arguments of a call and its ``training``, from Keras's."""
    if isinstance(call, dict):
        given = [value(a) for a in call.get("args") or []]
        named = {k: value(v) for k, v in (call.get("kwargs") or {}).items()}
    elif isinstance(call, list):
        given = [value(one[:3]) for one in call]
        named = {}
        for one in call:
            named |= {k: value(v) for k, v in (one[3] if len(one) > 3 else {}).items()}
        given = [given[0]] if len(given) == 1 else [given]
    else:
        raise FileFormatError("a call of a layer should be a list or a dictionary")
    class_name = layer["class_name"]
    if class_name == "Operation":
        config = layer.get("settings") or {}
        if layer["config"]["function"] == "getitem" and isinstance(given[-1], list):
            given[-1] = {"tuple": given[-1]}
        return {"arguments": {"arguments": given, "named": config | named}, "training": None}
    named = {k: v for k, v in named.items() if v is not None}
    training = named.pop("training", None)
    if class_name == "MultiHeadAttention":
        parts = [*given, *(named.pop(n) for n in ("query", "value", "key") if n in named)]
        x: Any = parts[0] if len(parts) == 1 else parts
        masks = [named.pop(n, None) for n in _MASKS]
        if any(m is not None for m in masks):
            named["mask"] = masks[: len(parts)]
        named = {k: v for k, v in named.items() if v is not False}
    else:
        if not given:
            raise FileFormatError(f"a call of {class_name} has no input")
        x, *others = given
        if is_recurrent(class_name):
            training = None  # Keras notes what it was when the graph was made.
            if isinstance(x, list):
                x, *others = x
                others = [others] if others else []
            if others:
                named["initial_state"] = others[0]
        elif others:
            raise FileFormatError(f"a call of {class_name} with {len(given)} arguments")
    return {"arguments": {"x": x, **named}, "training": training}
