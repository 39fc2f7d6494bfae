"""Networks as plain data: the layers, and the nodes that connect them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnkit.layers.base import Layer
from nnkit.layers.input import InputLayer
from nnkit.layers.nodes import Placeholder
from nnkit.nested import leaves
from nnkit.networks import Network
from nnkit.registry import resolve, to_plain

if TYPE_CHECKING:
    from nnkit.models.model import Model

__all__ = ["described", "made"]

_REFERENCE = "from"  # The key of a list [node, output] that stands for a placeholder.


def described(model: Model) -> dict[str, Any]:
    """A functional model as plain data: its layers, and how they are called.

    Layers come in the model's order; nodes in an order in which they can run, with ``layer`` a
    number in that list. In arguments ``{"from": [node, output]}`` stands for a placeholder.
    """
    network = model.built_network()
    layers = list(model.layers)
    nodes = [*(p.node for p in network.inputs if p.node is not None), *network.nodes]
    places = {
        id(p): {_REFERENCE: [i, k]}
        for i, node in enumerate(nodes)
        for k, p in enumerate(leaves(node.outputs))
    }

    def place(nested: Any) -> Any:
        return _plain(nested, places)

    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [to_plain(layer) for layer in layers],
        "nodes": [
            {
                "layer": next(i for i, layer in enumerate(layers) if layer is node.layer),
                "arguments": place(node.arguments),
                "training": node.training,
            }
            for node in nodes
        ],
        "inputs": place(network.input_form),
        "outputs": place(network.output_form),
        "losses": place(network.losses),
    }


def _plain(nested: Any, places: dict[int, Any]) -> Any:
    if isinstance(nested, Placeholder):
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
    return to_plain(nested)


def made(cls: type[Model], config: dict[str, Any]) -> Model:
    """A model from what :func:`described` gave.

    Raises
    ------
    ValueError
        Numbers of layers, nodes or outputs are not there.
    """
    layers: list[Layer] = [resolve("layer", one) for one in config["layers"]]
    outputs: list[list[Placeholder]] = []

    def value_of(given: Any) -> Any:
        if isinstance(given, dict):
            if set(given) == {_REFERENCE}:
                node, output = given[_REFERENCE]
                return outputs[_number(node, len(outputs))][_number(output, 2**16)]
            if set(given) == {"tuple"}:
                return tuple(value_of(v) for v in given["tuple"])
            if set(given) == {"slice"}:
                return slice(*(value_of(v) for v in given["slice"]))
            if set(given) == {"ellipsis"}:
                return Ellipsis
            return {name: value_of(value) for name, value in given.items()}
        return [value_of(v) for v in given] if isinstance(given, list) else given

    for node in config["nodes"]:
        layer = layers[_number(node["layer"], len(layers))]
        if isinstance(layer, InputLayer):
            outputs.append([layer.output])
            continue
        found = layer.connected(value_of(node["arguments"]), node.get("training"))
        outputs.append(leaves(found))
    model = cls(value_of(config["inputs"]), value_of(config["outputs"]), name=config["name"])
    losses = value_of(config.get("losses") or [])
    if losses:
        network = model.built_network()
        model._become(Network(network.input_form, network.output_form, losses, network.layers))
    if not config.get("trainable", True):
        model.trainable = False
    return model


def _number(given: Any, end: int) -> int:
    if type(given) is not int or not 0 <= given < end:
        raise ValueError(f"{given!r} is no number from 0 to {end - 1}")
    return given
