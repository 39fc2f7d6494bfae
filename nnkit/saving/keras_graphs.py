"""Graphs of layers in Keras's files: how layers are called, both ways."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from nnkit.registry import lookup, to_plain

__all__ = ["WITHOUT_EFFECT", "functional", "is_functional", "nodes_of", "traced"]

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
# Layers whose calls say training=False only if their caller did. Those of other layers, such as
# Dropout, always say it, as the default of their arguments, and Keras takes no notice.
_WITHOUT_DEFAULT = (
    *("BatchNormalization", "Bidirectional", "Model", "MultiHeadAttention", "Sequential"),
    "TimeDistributed",
)
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


def is_functional(layer: Layer) -> bool:
    """Whether a layer is a functional model in Keras, where no Sequential has a layer twice."""
    sequential: Any = lookup("layer", "Sequential")
    if isinstance(layer, sequential):
        return len(set(layer.layers)) < len(layer.layers)
    return isinstance(layer, Parallel) or getattr(layer, "is_functional", False) is True


# -------------------------------------------------------------------------------- nnkit to Keras


def functional(
    network: Network,
    name: str,
    trainable: bool,
    describe: Callable[[Layer], dict[str, Any]],
    names_of: Callable[[list[str]], dict[str, str]],
) -> dict[str, Any]:
    """Keras 3's description of a model with a graph.

    Parameters
    ----------
    network : Network
    name : str
    trainable : bool
    describe : callable
        ``describe(layer)`` is Keras's description of a layer.
    names_of : callable
        ``names_of(names)`` says what layers of these names are called in Keras.
    """
    inputs = [p.node.layer for p in network.inputs if p.node is not None]
    ordered = dict.fromkeys([*(i for i in inputs if i not in network.layers), *network.layers])
    names = names_of([layer.name for layer in ordered])
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
    for layer in ordered:
        if isinstance(layer, Operation):
            described = _operation(layer, names[layer.name], calls[id(layer)])
        else:
            described = describe(layer)
        described["config"]["name"] = names[layer.name]
        layers.append({**described, "name": names[layer.name], "inbound_nodes": calls[id(layer)]})

    def end(nested: Any) -> Any:
        if isinstance(nested, Placeholder):
            name, call, output = places[id(nested)]["config"]["keras_history"]
            # Keras counts the calls of functional models from 1 here, and nowhere else.
            node = nested.node
            return [name, call + (node is not None and is_functional(node.layer)), output]
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
    references: list[_Reference] = []

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
        made = {"from": [-1, output]}  # The number follows when the calls have an order.
        references.append(_Reference(made, layer, node))
        return made

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

    calls: dict[_Call, dict[str, Any]] = {}
    spans: dict[_Call, tuple[int, int]] = {}  # Which references are in a call.
    numbers_of_calls: list[int] = []
    old = False
    for i, layer in enumerate(described):
        of_layer = layer.get("inbound_nodes") or []
        if not isinstance(of_layer, list):
            raise FileFormatError("inbound_nodes should be a list")
        numbers_of_calls.append(len(of_layer))
        if layers[i]["class_name"] == "InputLayer":
            calls[i, 0], spans[i, 0] = {"arguments": {"x": []}, "training": None}, (0, 0)
            continue
        for k, call in enumerate(of_layer):
            old = old or isinstance(call, list)
            before = len(references)
            calls[i, k] = _arguments(layers[i], call, value, is_recurrent)
            spans[i, k] = before, len(references)

    def end(nested: Any) -> Any:
        if isinstance(nested, dict):
            return {key: end(one) for key, one in nested.items()}
        if isinstance(nested, list) and nested and isinstance(nested[0], str):
            return reference(nested)
        if not isinstance(nested, list):
            raise FileFormatError(f"{str(nested)[:80]} is no place of a tensor")
        return [end(one) for one in nested]

    in_calls = len(references)
    ends = [end(inputs), end(outputs)]
    nested = [layer["class_name"] in ("Model", "Sequential") for layer in layers]
    if old:
        _count_from_zero(references, [i for i, one in enumerate(nested) if one], numbers_of_calls)
    else:  # Only where outputs of the model are meant, Keras 3 counts from 1.
        for one in references[in_calls:]:
            one.call -= layers[one.layer]["class_name"] == "Model"
    for one in references:
        if (one.layer, one.call) not in calls:
            name = described[one.layer].get("name")
            raise FileFormatError(f"layer {name!r} has no call {one.call}")
    needs = {
        call: {(one.layer, one.call) for one in references[start:end]}
        for call, (start, end) in spans.items()
    }
    order = _ordered(needs, described)
    places = {call: place for place, call in enumerate(order)}
    for one in references:
        one.made["from"][0] = places[one.layer, one.call]
    nodes = [{"layer": call[0], **calls[call]} for call in order]
    alone = [e[0] if isinstance(e, list) and len(e) == 1 else e for e in ends]
    return {"nodes": nodes, "inputs": alone[0], "outputs": alone[1], "losses": []}


_Call = tuple[int, int]  # The number of a layer, and of its call.


@dataclass
class _Reference:
    """What stands for a tensor in nnkit's description, and the call that gives it."""

    made: dict[str, Any]
    layer: int
    call: int


def _count_from_zero(
    references: Sequence[_Reference], nested: Sequence[int], numbers_of_calls: Sequence[int]
) -> None:
    """Count calls of models from 0: in Keras 2 a model was called once when it was made.

    But not a Sequential that had no input then. In a file each call leads somewhere.
    """
    last = dict.fromkeys(nested, 0)
    for one in references:
        if one.layer in last:
            last[one.layer] = max(last[one.layer], one.call)
    for one in references:
        one.call -= last.get(one.layer) == numbers_of_calls[one.layer]


def _ordered(needs: dict[_Call, set[_Call]], described: Sequence[dict[str, Any]]) -> list[_Call]:
    """The calls, by the numbers of their layers, in an order in which they can run."""
    users: dict[_Call, list[_Call]] = {}
    for call, needed in needs.items():
        for one in needed:
            users.setdefault(one, []).append(call)
    left = {call: len(needed) for call, needed in needs.items()}
    ready = deque(call for call, count in left.items() if not count)
    order: list[_Call] = []
    while ready:
        order.append(ready.popleft())
        for user in users.get(order[-1], ()):
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    if len(order) < len(needs):
        stuck = list(dict.fromkeys(described[i].get("name") for i, k in needs if left[i, k]))[:5]
        raise FileFormatError(f"the calls of {stuck} go round in a circle, or lead nowhere")
    return order


def _is_old_reference(given: Any, numbers: dict[str, int]) -> bool:
    """Whether it is ``["dense", 0, 0]``, perhaps with a dictionary of arguments."""
    return (
        isinstance(given, list)
        and len(given) in (3, 4)
        and isinstance(given[0], str)
        and given[0] in numbers
        and all(type(n) is int for n in given[1:3])
    )


def _said(call: Any) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of a call as the file has them: Keras 3's, or a list of inputs as in Keras 2."""
    given: Any = None
    named: Any = {}
    if isinstance(call, dict):
        given, named = call.get("args") or [], call.get("kwargs") or {}
    elif isinstance(call, list) and all(isinstance(one, list) and one for one in call):
        inputs = [{"class_name": _TENSOR, "config": {"keras_history": one[:3]}} for one in call]
        by_name = [one[3] for one in call if len(one) > 3]
        given = inputs if len(inputs) == 1 else [inputs]
        if all(isinstance(one, dict) for one in by_name):
            named = {name: one for each in by_name for name, one in each.items()}
        else:
            named = None
    if not isinstance(given, list) or not isinstance(named, dict):
        raise FileFormatError(f"{str(call)[:80]} is no call of a layer")
    return given, named


def _arguments(
    layer: dict[str, Any],
    call: Any,
    value: Callable[[Any], Any],
    is_recurrent: Callable[[str], bool],
) -> dict[str, Any]:
    """Arguments of a call and its ``training``, from Keras's."""
    said, said_by_name = _said(call)
    given = [value(one) for one in said]
    named = {name: value(one) for name, one in said_by_name.items()}
    class_name = layer["class_name"]
    if class_name == "Operation":
        config = layer.get("settings") or {}
        if layer["config"]["function"] == "getitem" and given and isinstance(given[-1], list):
            given[-1] = {"tuple": given[-1]}
        return {"arguments": {"arguments": given, "named": config | named}, "training": None}
    named = {k: v for k, v in named.items() if v is not None}
    training = named.pop("training", None)
    if training is False and class_name not in _WITHOUT_DEFAULT:
        training = None
    if class_name == "MultiHeadAttention":
        parts = [*given, *(named.pop(n) for n in ("query", "value", "key") if n in named)]
        x: Any = parts[0] if len(parts) == 1 else parts
        masks = [named.pop(n, None) for n in _MASKS]
        if any(m is not None for m in masks):
            named["mask"] = masks[: len(parts)]
        named = {k: v for k, v in named.items() if v is not False}
    else:
        if not given or given[0] == []:
            raise FileFormatError(f"a call of {class_name} has no input")
        x, *others = given
        if is_recurrent(class_name):
            if isinstance(x, list):
                x, *others = x
                others = [others] if others else []
            if others:
                named["initial_state"] = others[0]
        elif others:
            raise FileFormatError(f"a call of {class_name} with {len(given)} arguments")
    return {"arguments": {"x": x, **named}, "training": training}
