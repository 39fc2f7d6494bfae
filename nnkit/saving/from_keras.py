"""From the descriptions in files of Keras 2 and 3 to nnkit's own."""

from __future__ import annotations

from typing import Any

from nnkit.errors import FileFormatError
from nnkit.registry import lookup, parameters
from nnkit.saving.to_keras import INNER_LAYERS

__all__ = ["Translator"]

# Arguments that nnkit need not know as long as they have Keras's default.
_DEFAULTS: dict[str, Any] = {
    "data_format": "channels_last",
    "dilation_rate": 1,
    "groups": 1,
    "renorm_momentum": 0.99,
    "ema_momentum": 0.99,
    "decay": 0.0,
    "initial_decay": 0.0,
    "jit_compile": True,
    "is_legacy_optimizer": False,
}
_RENAMED = {"lr": "learning_rate"}
_FORBIDDEN = ("_regularizer", "_constraint")  # If nnkit's class does not know them.


class Translator:
    """Turns Keras's descriptions into nnkit's, and remembers what had to be left out.

    Parameters
    ----------
    custom : dict, optional
        Classes of the user's by name.

    Attributes
    ----------
    ignored : list of str
        Arguments that nnkit does not know and that are not at Keras's default.
    """

    def __init__(self, custom: dict[str, type] | None = None) -> None:
        self.custom = custom
        self.ignored: list[str] = []

    def model(self, described: Any) -> dict[str, Any]:
        """nnkit's description of a Sequential model."""
        if _member(described, "class_name", str, "model_config") != "Sequential":
            raise FileFormatError(
                f"a {described['class_name']} model; nnkit reads Sequential models. "
                "Build the same layers in nnkit and use load_weights"
            )
        config = described.get("config")
        if isinstance(config, list):  # As Keras 2.0 wrote it.
            config = {"layers": config}
        layers = _member(config, "layers", list, "model_config")
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
            raise FileFormatError(f"the input shape is {str(shape)[:80]}, not a list of sizes")
        shape = None if shape is None else [None, *shape[1:]]
        return {
            "name": config.get("name", "sequential"),
            "layers": translated,
            "input_shape": shape,
        }

    def training(self, described: dict[str, Any]) -> dict[str, Any] | None:
        """nnkit's description of what ``compile`` was given; None if there was no loss."""
        optimizer = _member(described, "optimizer_config", dict, "training_config")
        loss = _plain(described.get("loss"))
        if loss is None:
            return None
        metrics = _plain(described.get("metrics")) or []
        if len(metrics) == 1 and isinstance(metrics[0], list):  # One list for each output.
            metrics = metrics[0]
        if isinstance(loss, list) or (isinstance(loss, dict) and "class_name" not in loss):
            raise FileFormatError("a model of several losses; nnkit's have one. Use compile=False")
        return {
            "optimizer": self._object("optimizer", _plain(optimizer)),
            "loss": self._object("loss", _unwrap(loss)),
            "metrics": [self._object("metric", _unwrap(metric)) for metric in metrics],
        }

    def _layer(self, class_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(arguments)
        dtype = _dtype(arguments.pop("dtype", None))
        for used in ("batch_input_shape", "batch_shape"):
            arguments.pop(used, None)
        if class_name == "Sequential":
            inside = self.model({"class_name": class_name, "config": arguments})
            return {"class_name": class_name, "config": inside}
        layer = self._object("layer", {"class_name": class_name, "config": _plain(arguments)})
        if dtype is not None:
            layer["config"]["dtype"] = dtype
        return layer

    def _object(self, kind: str, described: Any) -> Any:
        """The description of an object without the arguments that nnkit does not know."""
        if isinstance(described, str):
            return described
        class_name = _member(described, "class_name", str, f"a {kind}").split(">")[-1]
        given = _member(described, "config", dict, class_name)
        cls = self._class(kind, class_name)
        known = parameters(cls) | ({"name", "trainable", "dtype"} if kind == "layer" else set())
        where = f"{class_name} {given['name']!r}" if kind == "layer" else class_name
        config = {}
        for name, value in given.items():
            name = _RENAMED.get(name, name)
            if name in known:
                config[name] = self._argument(name, value)
            elif value and name.endswith(_FORBIDDEN):
                raise FileFormatError(f"{where}: nnkit has no {name} yet, it can't be loaded")
            elif name not in ("name", "dtype") and not _is_default(name, value):
                self.ignored.append(f"{name}={value!r} of {where}")
        return {"class_name": class_name, "config": config}

    def _argument(self, name: str, value: Any) -> Any:
        if name == "axis" and isinstance(value, list) and len(value) == 1:
            return value[0]
        if not (isinstance(value, dict) and "class_name" in value):
            return value
        if name in INNER_LAYERS:
            return self._layer(value["class_name"], _member(value, "config", dict, name))
        if name.endswith("activation"):
            return self._object("layer", value)
        for kind in ("initializer", "regularizer", "constraint"):
            if name.endswith(f"_{kind}"):
                return self._object(kind, value)
        return value

    def _class(self, kind: str, name: str) -> type:
        try:
            return lookup(kind, name, self.custom)
        except ValueError as error:
            hint = "Give a class of your own in custom_objects, or register it."
            raise FileFormatError(f"{error} {hint}") from None


def _plain(value: Any) -> Any:
    """Without Keras's wrappers of tuples, functions and modules."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__tuple__":
        return _plain(value.get("items", []))
    if value.get("class_name") == "function" and isinstance(value.get("config"), str):
        return value["config"]
    if "class_name" in value and "config" in value:
        return {"class_name": value["class_name"], "config": _plain(value["config"])}
    return {k: _plain(v) for k, v in value.items()}


def _unwrap(described: Any) -> Any:
    """The function inside Keras 2's MeanMetricWrapper or LossFunctionWrapper."""
    config = described.get("config") if isinstance(described, dict) else None
    function = config.get("fn") if isinstance(config, dict) else None
    return function if isinstance(function, str) else described


def _is_default(name: str, value: Any) -> bool:
    if name in _DEFAULTS:
        return value in (_DEFAULTS[name], None) or value == [_DEFAULTS[name]] * 2
    return value is None or value is False


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and 1 < len(shape) <= 8
        and all(type(n) is int and 0 < n <= 2**31 for n in shape[1:])
    )


def _dtype(policy: Any) -> str | None:
    """The data type in a Keras dtype or policy."""
    if isinstance(policy, dict):
        policy = policy.get("config", {}).get("name")
    if policy not in (None, "float32", "float64"):
        raise FileFormatError(f"data type {str(policy)[:80]!r}; nnkit has float32 and float64")
    return policy


def _member(described: Any, name: str, kind: type, where: str) -> Any:
    found = described.get(name) if isinstance(described, dict) else None
    if not isinstance(found, kind):
        raise FileFormatError(f"{where} should have a {name!r} that is a {kind.__name__}")
    return found
