"""Reading of models and weights from HDF5 files of nnkit and Keras."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import budget
from nnkit.errors import FileFormatError, warn
from nnkit.registry import custom_objects as known
from nnkit.registry import lookup
from nnkit.saving import to_keras
from nnkit.saving.arrangements import Arranged
from nnkit.saving.counts import check_counts
from nnkit.saving.description import Description, describe
from nnkit.saving.hdf5 import Group
from nnkit.saving.keras_versions import origin
from nnkit.saving.plain import printable
from nnkit.saving.safe import MAX_BYTES, child, open_hdf5, read, text
from nnkit.saving.stored import (
    assign,
    fill,
    optimizer_arrays,
    pair,
    stored_bytes,
    stored_layers,
)

if TYPE_CHECKING:
    from nnkit.models import Model

__all__ = ["inspect", "load_model", "load_weights"]

# A model may need this much even if its file is smaller, so that errors can name wrong shapes.
_SLACK = 64 * 2**20
_MOST_STEPS = 2**62
_LONGEST_LINE = 2**20  # Characters of a line of inspect's output.


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    max_bytes: int = MAX_BYTES,
) -> Model:
    """Read a whole model that nnkit or Keras saved with ``model.save("model.h5")``.

    No code in the file is run or imported, and no link to another file is followed. A file can
    refer to classes of nnkit, registered classes, and those in ``custom_objects``. Files of Keras
    1 and 2 and of tf.keras are read with the meaning that they had there.

    Parameters
    ----------
    filepath : path
    custom_objects : dict, optional
        Custom classes and functions by name, as in ``{"Swish": Swish}``; for a class that Keras
        registered as ``"package>Swish"``, both names work. The function of a ``Lambda`` whose file
        contains byte code is found by the layer's name.
    compile : bool
        Whether to compile the model as it was, and restore the optimizer's state, so that training
        resumes as if it had never stopped.
    safe_mode : bool
        Accepted because Keras has it; no file's code is run, whatever it is.
    max_bytes : int
        Files larger than this are not read.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
        The file doesn't exist.
    nnkit.errors.FileFormatError
        The file is not HDF5 or not a model, damaged, written by a newer nnkit, or unsafe; or it
        needs a class or function that isn't known.
    TypeError
        A value of ``custom_objects`` is neither a class that can be saved nor a function.

    Warns
    -----
    UserWarning
        A file of Keras has arguments that change results and that nnkit doesn't have; the text
        lists them. Or weights are NaN or infinite; the text names them.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.h5")
    >>> nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)]).save(path)
    >>> nnkit.load_model(path).layers
    [<Dense name=dense>]
    """
    with known(custom_objects), open_hdf5(filepath, max_bytes) as root:
        description = describe(root, compile)
        check_counts(description.model, description.training)
        stored = stored_layers(root, [])
        model = _build(description, stored_bytes(stored))
        pairs = pair(model.layers, stored, origin=origin(root))
        fill(pairs)
        if compile and description.training is not None:
            as_stored = not any(isinstance(source, Arranged) for _, source in pairs)
            _compile(model, description, root, as_stored)
        _restore_state(model, description)
    return model


def load_weights(
    model: Model,
    path: str | os.PathLike[str],
    by_name: bool = False,
    skip_mismatch: bool = False,
    *,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Read the weights of a model from a file of nnkit or Keras, with weights or a whole model.

    Layers with weights are matched by their order. Weights that Keras 1 and 2 stored in other
    layouts are converted. On any error the model is unchanged.

    Parameters
    ----------
    model : Model
        A model that is built.
    path : path
    by_name : bool
        Whether to match layers by name instead; layers without a match are skipped.
    skip_mismatch : bool
        Whether to skip layers whose shapes differ, with a warning, instead of refusing the file.
    max_bytes : int
        Files larger than this are not read.

    Raises
    ------
    FileNotFoundError
        The file doesn't exist.
    nnkit.errors.FileFormatError
        The file can't be read, or its weights don't fit; the text names every mismatch.
    ValueError
        The model has no weights yet.

    Warns
    -----
    UserWarning
        Weights are NaN or infinite; the text names their layers.
    """
    with model.turns.alone(writes=True):
        if not model.built:
            raise ValueError(
                "the model has no weights yet: give it an Input, or call build, before load_weights"
            )
        with open_hdf5(path, max_bytes) as root:
            stored = stored_layers(root, model.layers)
            assign(pair(model.layers, stored, by_name, skip_mismatch, origin(root)))


def inspect(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> str:
    """Describe the contents of a model's file as text, without building the model.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.h5")
    >>> nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)]).save(path)
    >>> print(nnkit.saving.inspect(path))
    model.h5: a whole model, written by nnkit ...
    dense: dense/kernel float32 (4, 2), dense/bias float32 (2,)
    10 weights, 40 bytes
    """
    with open_hdf5(path, max_bytes) as root:
        own = child(root, "nnkit")
        writer, version = ("nnkit", text(own, "nnkit_version")) if own else ("Keras", None)
        version = version or text(child(root, "model_weights") or root, "keras_version")
        whole = "a whole model" if text(root, "model_config") else "weights"
        lines = [f"{os.path.basename(path)}: {whole}, written by {writer} {version or '?'}"]
        layers = stored_layers(root, [])
    for layer in layers:
        named = zip(layer.names, layer.datasets, strict=True)
        contents = ", ".join(f"{name} {d.dtype} {d.shape}" for name, d in named)
        lines.append(f"{layer.name}: {contents or 'no weights'}")
    found = [dataset for layer in layers for dataset in layer.datasets]
    lines.append(f"{sum(d.size for d in found)} weights, {sum(d.nbytes for d in found)} bytes")
    return "\n".join(printable(line, _LONGEST_LINE) for line in lines)


# ------------------------------------------------------------------------------------- building


def _build(description: Description, nbytes: int) -> Model:
    try:
        # Weights of 16 bits become float32.
        with budget.limit(max(2 * nbytes, nbytes + _SLACK)):
            cls: Any = lookup("layer", description.class_name)
            model: Model = cls.from_config(description.model)
            if not model.built and description.input_shapes is not None:
                model.build(description.input_shapes)
    except Exception as error:  # A constructor may fail in any way with a file's arguments.
        raise FileFormatError(f"the model it describes can't be made: {_said(error)}") from error
    if not model.built:
        raise FileFormatError(
            "the shape of the input isn't in it; build the model yourself and use load_weights"
        )
    return model


def _compile(model: Model, description: Description, root: Group, as_stored: bool) -> None:
    try:
        training = description.training or {}
        model.compile_from_config(training)
        model.trained.restore(model, training.get("trained", ()))
    except Exception as error:
        raise FileFormatError(
            f"the model can't be compiled as it was: {_said(error)} (load it with compile=False)"
        ) from error
    try:
        _restore_optimizer(model, root, description.slot_by_slot, as_stored)
    except FileFormatError as error:
        if not description.by_keras:
            raise
        warn(f"the optimizer starts afresh: {error}")


def _restore_optimizer(model: Model, root: Group, slot_by_slot: bool, as_stored: bool) -> None:
    stored = optimizer_arrays(root)
    if stored is None:
        if child(root, "nnkit") is not None:
            raise FileFormatError(
                "what the optimizer remembers is missing from it (load it with compile=False)"
            )
        return
    rate, iteration, arrays = stored
    steps = None if iteration is None else int(read(iteration, (), "int64"))
    if iteration is not None and steps is not None and not 0 <= steps <= _MOST_STEPS:
        raise FileFormatError(f"{iteration.name} is {steps}; steps done are from 0 to 2**62")
    if rate is not None and not np.isfinite(read(rate, (), "float64")):
        raise FileFormatError(f"{rate.name} is not finite")
    optimizer, weights = model.optimizer, model.trained_weights
    places = to_keras.slot_places(optimizer, weights, slot_by_slot)
    if slot_by_slot or not places or to_keras.derived(optimizer):
        arrays = arrays[: len(places)]  # Before Keras 3, files contain unused slots, too.
    if places and not as_stored:
        raise FileFormatError("the weights are stored in another layout than nnkit's")
    shapes = [array.shape for array in arrays]
    expected = [optimizer.slot_shape(name, weights[i]) for name, i in places]
    if shapes != expected:
        raise FileFormatError(f"its state has shapes {shapes}, expected {expected}")
    slots = model.optimizer_slots()
    targets = [slots[name][i] for name, i in places]
    values = [read(a, t.shape, str(t.dtype)) for a, t in zip(arrays, targets, strict=True)]
    if steps is not None:
        model.optimizer.steps_done = steps
    for target, value in zip(targets, values, strict=True):
        target[...] = value


def _restore_state(model: Model, description: Description) -> None:
    """Restore what only nnkit's files contain: keys of random generators, progress of training."""
    state = description.state
    try:
        for layer in model.walk():
            if layer.path in state.get("layers", {}):
                layer.set_state(state["layers"][layer.path])
        if model.compiled and "training" in state:
            model.training_state = state["training"]
    except Exception as error:
        raise FileFormatError(f"its 'state' does not fit the model: {_said(error)}") from error


def _said(error: Exception) -> str:
    """The text of an error, with its type if it isn't from one of nnkit's checks."""
    return str(error) if isinstance(error, (ValueError, TypeError, MemoryError)) else repr(error)
