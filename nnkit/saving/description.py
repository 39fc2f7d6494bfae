"""Description: all that a file says about a model, as plain data in nnkit's terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnkit.errors import FileFormatError, warn
from nnkit.saving.from_keras import Translator
from nnkit.saving.hdf5 import Dataset, Group
from nnkit.saving.keras_versions import origin
from nnkit.saving.plain import parse_json
from nnkit.saving.safe import child, number, text
from nnkit.saving.writer import FORMAT_VERSION

__all__ = ["Description", "describe"]


@dataclass(frozen=True)
class Description:
    """All that a file says about a model besides its weights, in nnkit's terms.

    Attributes
    ----------
    model, training : dict
        For ``Sequential.from_config`` and ``compile_from_config``; training may be None.
    state : dict
        Keys of random generators and progress of training; only nnkit writes this.
    by_keras : bool
    slot_by_slot : bool
        Whether the optimizer's state is ordered slot by slot, as before Keras 3.
    class_name : str
        Of the model.
    input_shapes : tuple, or lists and dictionaries of tuples
        With the batch axis; None if the description of the model says them.
    """

    model: dict[str, Any]
    training: dict[str, Any] | None
    state: dict[str, Any]
    by_keras: bool
    slot_by_slot: bool = False
    class_name: str = "Sequential"
    input_shapes: Any = None


def describe(root: Group, compile: bool) -> Description:
    """Read and check a file's description: nnkit's own if the file has one, else Keras's."""
    own = child(root, "nnkit")
    group: Group | Dataset = root if own is None else own
    if own is not None:
        _check_version(own)
    config = text(group, "model_config")
    if config is None:
        raise FileFormatError(
            "no whole model, there is no 'model_config'; for a file of weights, build the model "
            "and call model.load_weights"
        )
    model = _parsed(config, "model_config")
    cls: Any = None
    if own is not None and (named := text(group, "model_class")) is not None:
        cls = parse_json(named, "model_class")
    document = text(group, "training_config") if compile else None
    training = None if document is None else _parsed(document, "training_config")
    state = _parsed(text(group, "state") or "{}", "state") if own else {}
    slot_by_slot = False
    if own is None:
        written = origin(root)
        translator = Translator(written.generation)
        slot_by_slot = written.is_old and not _in_turns(training)
        cls = model.get("class_name")
        model = translator.model(model)
        training = None if training is None else translator.training(training)
        ignored, changed = ", ".join(translator.ignored), ", ".join(translator.changed)
        if ignored:
            warn(f"nnkit doesn't know these arguments of Keras's, and goes on without: {ignored}")
        if changed:
            warn(f"these arguments do something else than in the file's Keras: {changed}")
    if cls is None or cls in ("Functional", "Model", "Sequential"):
        cls = "Model" if "nodes" in model else "Sequential"
    shapes = None
    if own is not None and (given := text(group, "input_shapes")) is not None:
        shapes = _shapes(parse_json(given, "input_shapes"))
    return Description(model, training, state, own is None, slot_by_slot, cls, shapes)


def _shapes(given: Any) -> Any:
    """Shapes in lists and dictionaries, as tuples."""
    if isinstance(given, dict):
        return {name: _shapes(one) for name, one in given.items()}
    if isinstance(given, list) and any(isinstance(one, (list, dict)) for one in given):
        return [_shapes(one) for one in given]
    return tuple(given) if isinstance(given, list) else given


def _parsed(document: str, what: str) -> dict[str, Any]:
    value = parse_json(document, what)
    if not isinstance(value, dict):
        raise FileFormatError(f"{what} should be a dictionary, but is a {type(value).__name__}")
    return value


def _in_turns(training: Any) -> bool:
    """Whether an optimizer is one of tf.keras's newer ones, whose slots are ordered by weight."""
    optimizer = training.get("optimizer_config") if isinstance(training, dict) else None
    config = optimizer.get("config") if isinstance(optimizer, dict) else None
    return isinstance(config, dict) and config.get("is_legacy_optimizer") is False


def _check_version(own: Group | Dataset) -> None:
    version = number(own, "format_version")
    if version is None or version < 1:
        raise FileFormatError("the group 'nnkit' has no format_version")
    if version > FORMAT_VERSION:
        raise FileFormatError(
            f"written by nnkit {text(own, 'nnkit_version')}, in format {version}; this nnkit reads "
            f"formats up to {FORMAT_VERSION}. Install a newer one"
        )
