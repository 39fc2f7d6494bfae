"""Networks as plain data: the layers, and the nodes that connect them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.layers.base import Layer
from nnkit.layers.input import InputLayer
from nnkit.layers.nodes import Placeholder
from nnkit.nested import leaves
from nnkit.networks import Network
from nnkit.registry import resolve, to_plain

__all__ = ["check_shared", "described", "made"]

_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64")
_MOST_VALUES = 2**14  # In an array in a call; readers of files have limits, too.
_REFERENCE = "from"  # The key of a list [node, output] that stands for a placeholder.


def check_shared(layer: Layer) -> None:
    """Refuse a layer that two lists of layers share, as a description would make two of it.

    Raises
    ------
    ValueError
    """
    _check_shared(layer, {})


def _check_shared(layer: Layer, places: dict[Layer, Layer]) -> None:
    for child in dict.fromkeys(layer.layers):
        if isinstance(child, InputLayer):  # Two inputs are as good as one that is shared.
            continue
        if child in places:
            raise ValueError(
                f"layer {child.name!r} is in {places[child].name!r} and in {layer.name!r}; a file, "
                "a text or a clone would make two layers of it. save_weights and copy.deepcopy "
                "keep it one"
            )
        places[child] = layer
        _check_shared(child, places)


def described(network: Network, name: str, trainable: bool = True) -> dict[str, Any]:
    """A network as plain data: its layers, and how they are called.

    Layers come in the model's order; nodes in an order in which they can run, with ``layer`` a
    number in that list. In arguments ``{"from": [node, output]}`` stands for a placeholder.
    """
    layers = network.layers
    numbers = {id(layer): i for i, layer in enumerate(layers)}
    nodes = [*(p.node for p in network.inputs if p.node is not None), *network.nodes]
    places = {
        id(p): {_REFERENCE: [i, k]}
        for i, node in enumerate(nodes)
        for k, p in enumerate(leaves(node.outputs))
    }
    return {
        "name": name,
        "trainable": trainable,
        "layers": [to_plain(layer) for layer in layers],
        "nodes": [
            {
                "layer": numbers[id(node.layer)],
                "arguments": _plain(node.arguments, places),
                "training": node.training,
            }
            for node in nodes
        ],
        "inputs": _plain(network.input_form, places),
        "outputs": _plain(network.output_form, places),
        "losses": _plain(network.losses, places),
    }


def _plain(nested: Any, places: dict[int, Any]) -> Any:
    if isinstance(nested, Placeholder):
        if nested.variable is not None:
            raise ValueError(
                f"{nested.name!r} is what nnkit.backend.variable made, and belongs to no layer: a "
                "description has no place for it. Make it a weight of a layer, by add_weight"
            )
        return places[id(nested)]
    if isinstance(nested, dict):
        return {name: _plain(value, places) for name, value in nested.items()}
    if isinstance(nested, (list, tuple)):
        items = [_plain(value, places) for value in nested]
        return items if isinstance(nested, list) else {"tuple": items}
    if isinstance(nested, slice):
        return {"slice": [_plain(v, places) for v in (nested.start, nested.stop, nested.step)]}
    if nested is Ellipsis:
        return {"ellipsis": True}
    if isinstance(nested, (np.ndarray, np.generic)):
        return _array(np.asarray(nested))
    if isinstance(nested, np.dtype) or (
        isinstance(nested, type) and issubclass(nested, np.generic)
    ):
        return np.dtype(nested).name
    return to_plain(nested)


def _array(array: np.ndarray) -> dict[str, Any]:
    if array.size > _MOST_VALUES or array.dtype.name not in _DTYPES:
        raise ValueError(
            f"a call has an array of {array.size} values of {array.dtype}; a description has room "
            f"for {_MOST_VALUES} numbers. Make it a weight of a layer, by add_weight"
        )
    return {"array": array.tolist(), "dtype": array.dtype.name}


def made(config: dict[str, Any]) -> Network:
    """A network from what :func:`described` gave, with new weights.

    Raises
    ------
    ValueError
        Numbers of layers, nodes or outputs are not there; or a layer refuses what it is given.
    """
    layers: list[Layer] = [resolve("layer", one) for one in config["layers"]]
    outputs: list[list[Placeholder]] = []

    def value_of(given: Any) -> Any:
        if isinstance(given, list):
            return [value_of(v) for v in given]
        if not isinstance(given, dict):
            return given
        if set(given) == {_REFERENCE}:
            node, output = given[_REFERENCE]
            found = outputs[_number(node, len(outputs))]
            return found[_number(output, len(found))]
        if set(given) == {"tuple"}:
            return tuple(value_of(v) for v in given["tuple"])
        if set(given) == {"slice"}:
            return slice(*(value_of(v) for v in given["slice"]))
        if set(given) == {"ellipsis"}:
            return Ellipsis
        if set(given) == {"array", "dtype"}:
            if given["dtype"] not in _DTYPES:
                raise ValueError(f"an array of {given['dtype']!r}; known are {_DTYPES}")
            return np.array(given["array"], given["dtype"])
        return {name: value_of(value) for name, value in given.items()}

    for node in config["nodes"]:
        layer = layers[_number(node["layer"], len(layers))]
        if isinstance(layer, InputLayer):
            outputs.append([layer.output])
            continue
        found = layer.connected(value_of(node["arguments"]), node.get("training"))
        outputs.append(leaves(found))
    ends = value_of(config["inputs"]), value_of(config["outputs"])
    return Network(*ends, value_of(config.get("losses") or []), layers)


def _number(given: Any, end: int) -> int:
    if type(given) is not int or not 0 <= given < end:
        raise ValueError(f"{given!r} is no number from 0 to {end - 1}")
    return given
