"""Graphs of layers from Keras's files: how layers are called."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnkit.errors import FileFormatError
from nnkit.layers.operation import parameters_of
from nnkit.registry import snake_case
from nnkit.saving.graphs_to_keras import MASKS, OF_CALLS, TENSOR

__all__ = ["is_function", "nodes_of", "operation_of"]

# Layers whose calls say training=False only if their caller did. Those of other layers, such as
# Dropout, always say it, as the default of their arguments, and Keras takes no notice.
_WITHOUT_DEFAULT = (
    *("BatchNormalization", "Bidirectional", "Model", "MultiHeadAttention", "Sequential"),
    "TimeDistributed",
)
# Settings of Keras's functions that nnkit's lack, with the values that change nothing.
_WITHOUT_EFFECT = {"initial": None, "dtype": None, "decimals": 0, "sparse": False}


def is_function(layer: dict[str, Any]) -> bool:
    """Whether Keras's layer is one of its functions, such as ``keras.ops.add``."""
    module, config = layer.get("module"), layer["config"]
    if isinstance(module, str):
        return module.startswith("keras.src.ops")
    # Files of Keras 3 don't name it. Its layers have policies of data types.
    if "trainable" in config or isinstance(config.get("dtype"), dict):
        return False
    return parameters_of(_function_of(layer["class_name"])) is not None


def _function_of(class_name: str) -> str:
    return "getitem" if class_name == "GetItem" else snake_case(class_name)


def operation_of(class_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """nnkit's description of a function of Keras's."""
    function = _function_of(class_name)
    known = parameters_of(function)
    if known is None:
        raise FileFormatError(f"nnkit.ops has no function {repr(function)[:80]}")
    settings = {}
    for name, value in arguments.items():
        if name in known:
            settings[name] = value
        elif name != "name" and value != _WITHOUT_EFFECT.get(name):
            raise FileFormatError(
                f"nnkit.ops.{function} has no argument {name[:80]!r}, which is {str(value)[:80]}"
            )
    config = {"function": function, "name": arguments.get("name", function)}
    return {"class_name": "Operation", "config": config, "settings": settings}


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
            if name == TENSOR and isinstance(config, dict):
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
        inputs = [{"class_name": TENSOR, "config": {"keras_history": one[:3]}} for one in call]
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
        if layer["config"]["function"] == "einsum":
            given, config = [config.get("subscripts"), *given], {}
        elif layer["config"]["function"] in OF_CALLS:  # Settings stand between them in nnkit.
            names = OF_CALLS[layer["config"]["function"]]
            if len(given) > len(names):
                raise FileFormatError(f"{str(call)[:80]} is no call of this function")
            given, named = [], dict(zip(names, given, strict=False)) | named
        return {"arguments": {"arguments": given, "named": config | named}, "training": None}
    named = {k: v for k, v in named.items() if v is not None}
    training = named.pop("training", None)
    if training is False and class_name not in _WITHOUT_DEFAULT:
        training = None
    if class_name == "MultiHeadAttention":
        parts = [*given, *(named.pop(n) for n in ("query", "value", "key") if n in named)]
        x: Any = parts[0] if len(parts) == 1 else parts
        masks = [named.pop(n, None) for n in MASKS]
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
