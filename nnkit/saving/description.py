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
    """

    model: dict[str, Any]
    training: dict[str, Any] | None
    state: dict[str, Any]
    by_keras: bool
    slot_by_slot: bool = False


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
    document = text(group, "training_config") if compile else None
    training = None if document is None else _parsed(document, "training_config")
    state = _parsed(text(group, "state") or "{}", "state") if own else {}
    slot_by_slot = False
    if own is None:
        written = origin(root)
        translator = Translator(written.generation)
        slot_by_slot = written.is_old and not _in_turns(training)
        model = translator.model(model)
        training = None if training is None else translator.training(training)
        ignored, changed = ", ".join(translator.ignored), ", ".join(translator.changed)
        if ignored:
            warn(f"nnkit doesn't know these arguments of Keras's, and goes on without: {ignored}")
        if changed:
            warn(f"these arguments do something else than in the file's Keras: {changed}")
    return Description(model, training, state, own is None, slot_by_slot)


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
