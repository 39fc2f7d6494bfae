"""Graphs of layers for Keras's files: how layers are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.layers import MultiHeadAttention, Parallel
from nnkit.layers.base import Layer
from nnkit.layers.input import InputLayer
from nnkit.layers.nodes import Node, Placeholder
from nnkit.layers.operation import Operation, parameters_of
from nnkit.layers.tracing import traced
from nnkit.nested import leaves
from nnkit.networks import Network, inputs_for
from nnkit.registry import lookup, to_plain

__all__ = ["MASKS", "OF_CALLS", "TENSOR", "functional", "is_functional", "network_of"]

TENSOR = "__keras_tensor__"
MASKS = ("query_mask", "value_mask", "key_mask")
# Modules of Keras with the classes behind its functions; the others are in keras.src.ops.numpy.
_NN = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "log_sigmoid"),
    *("hard_sigmoid", "softplus", "softsign", "softmax", "log_softmax", "one_hot", "celu", "glu"),
    *("hard_shrink", "hard_silu", "hard_tanh", "soft_shrink", "sparse_plus", "sparse_sigmoid"),
    *("sparsemax", "squareplus", "tanh_shrink", "threshold", "binary_crossentropy", "multi_hot"),
    *("categorical_crossentropy", "sparse_categorical_crossentropy", "dot_product_attention"),
    *("depth_to_space", "space_to_depth", "moments", "normalize"),
)
_MATH = (
    *("logsumexp", "rsqrt", "erf", "erfc", "logdet", "in_top_k", "top_k"),
    *("segment_max", "segment_min", "segment_prod", "segment_sum"),
)
_CORE = (
    *("cast", "stop_gradient", "scatter", "scatter_update", "slice", "slice_update", "unstack"),
    *("convert_to_tensor", "saturate_cast"),
)
_LINALG = (
    *("norm", "cholesky", "cholesky_inverse", "det", "eigh", "inv", "solve", "solve_triangular"),
)
_MODULES = dict.fromkeys(_NN, "nn")
_MODULES |= dict.fromkeys(_MATH, "math") | dict.fromkeys(_CORE, "core")
_MODULES |= dict.fromkeys(_LINALG, "linalg")
# Arguments after the first that Keras's functions take when they are called; others are settings.
_OF_CALL = ("x1", "x2", "indices", "fill_value", "key")
# Of functions whose arguments are called otherwise.
OF_CALLS = {
    **{f"bitwise_{n}": ("x", "y") for n in ("and", "or", "xor", "left_shift", "right_shift")},
    **{
        f"{n}_crossentropy": ("target", "output")
        for n in ("binary", "categorical", "sparse_categorical")
    },
    **{f"segment_{n}": ("data", "segment_ids") for n in ("max", "min", "prod", "sum")},
    **dict.fromkeys(("percentile", "quantile"), ("x", "q")),
    **dict.fromkeys(("solve", "solve_triangular"), ("a", "b")),
    **dict.fromkeys(("geomspace", "linspace", "logspace"), ("start", "stop")),
    "arange": ("start", "stop", "step"),
    "average": ("x", "weights"),
    "digitize": ("x", "bins"),
    "dot_product_attention": ("query", "key", "value", "bias", "mask", "scale"),
    "full": ("fill_value",),
    "in_top_k": ("targets", "predictions"),
    "isclose": ("x1", "x2", "rtol", "atol"),
    "pad": ("x", "constant_values"),
    "scatter": ("indices", "values"),
    "scatter_update": ("inputs", "indices", "updates"),
    "select": ("condlist", "choicelist", "default"),
    "slice": ("inputs", "start_indices"),
    "slice_update": ("inputs", "start_indices", "updates"),
}


def network_of(layer: Layer) -> Network | None:
    """What nnkit's layers that are made of layers do, as a network; None for other layers.

    Keras doesn't have these classes, but it has their graph.
    """
    if not isinstance(layer, Parallel):
        return None
    x = inputs_for(layer.input_shape, layer.dtype)
    outputs, losses = traced(layer, {"x": x}, False)
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
            places[id(p)] = {"class_name": TENSOR, "config": config}
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
        named |= {n: m for n, m in zip(MASKS, masks, strict=False) if m is not None}
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
    of_call = OF_CALLS.get(layer.function, (*parameters[:1], *_OF_CALL))
    settings: dict[str, Any] = {}
    for call in calls:
        if layer.function in ("einsum", "meshgrid"):  # They take any number of arrays.
            first = 1 if layer.function == "einsum" else 0
            settings |= dict(zip(parameters, call["args"][:first], strict=False)) | call["kwargs"]
            call["args"], call["kwargs"] = call["args"][first:], {}
            continue
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
