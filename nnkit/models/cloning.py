"""Models from descriptions: clone_model and model_from_json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnkit.errors import FileFormatError
from nnkit.layers.base import Layer
from nnkit.models.model import Model
from nnkit.networks.description import check_shared
from nnkit.registry import custom_objects as known
from nnkit.registry import lookup
from nnkit.saving.counts import check_counts
from nnkit.saving.from_keras import Translator
from nnkit.saving.plain import parse_json

__all__ = ["clone_model", "model_from_json"]


def clone_model(model: Model) -> Model:
    """A model with the same layers and connections, and new weights.

    Layers that the model uses several times are shared in the clone, too. Classes and functions
    need not be registered.

    Parameters
    ----------
    model : Model

    Raises
    ------
    TypeError, ValueError
        ``model`` is none; a class of layers can't be made from its ``get_config``; or a layer is
        shared between the model and a model in it.

    Examples
    --------
    >>> import nnkit
    >>> model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)])
    >>> clone = nnkit.models.clone_model(model)
    >>> clone.layers[0].name, clone.layers[0] is model.layers[0]
    ('dense', False)
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model takes a model, got {model!r}")
    check_shared(model)
    with model.turns.alone(), known(_classes(model)):
        clone: Model = type(model).from_config(model.get_config())
        if model.built and not clone.built:
            clone.build(model.input_shape)
    return clone


def _classes(model: Model) -> dict[str, type[Layer]]:
    """The user's classes of layers in a model."""
    found = [type(inner) for layer in [model, *model.layers] for inner in layer.walk()]
    return {cls.__name__: cls for cls in found if not cls.__module__.startswith("nnkit.")}


def model_from_json(
    text: str, custom_objects: Mapping[str, type | Callable[..., Any]] | None = None
) -> Model:
    """A model from what ``to_json`` of nnkit's or Keras's gave, with new weights.

    Parameters
    ----------
    text : str
    custom_objects : dict, optional
        Custom classes and functions by name.

    Raises
    ------
    nnkit.errors.FileFormatError
        The text describes no model.

    Examples
    --------
    >>> import nnkit
    >>> model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)])
    >>> nnkit.models.model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    with known(custom_objects):
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"model_from_json takes the text that to_json returned, got {text!r}")
        described = parse_json(text, "the text")
        if not isinstance(described, dict):
            raise FileFormatError(f"a model's JSON is a dictionary, got {str(described)[:80]}")
        own = described.get("nnkit")
        try:
            if isinstance(own, dict):
                check_counts(own["config"])
                cls: Any = lookup("layer", own["class_name"])
                model: Model = cls.from_config(own["config"])
                shapes = own.get("input_shapes")
            else:
                config = Translator().model(described)
                check_counts(config)
                cls = lookup("layer", "Model" if "nodes" in config else "Sequential")
                model, shapes = cls.from_config(config), None
            if shapes is not None and not model.built:
                model.build(tuple(shapes) if _is_shape(shapes) else shapes)
        except Exception as error:  # A constructor may fail in any way with a text's arguments.
            raise FileFormatError(f"the model it describes can't be made: {error}") from error
    return model


def _is_shape(given: Any) -> bool:
    return isinstance(given, list) and not any(isinstance(one, (list, dict)) for one in given)
