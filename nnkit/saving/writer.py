"""Writing of models and weights to HDF5 files."""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nnkit import checks
from nnkit._version import __version__
from nnkit.interrupts import check
from nnkit.networks.description import check_shared
from nnkit.registry import to_plain
from nnkit.saving import to_keras
from nnkit.saving.atomic import replacing
from nnkit.saving.library import hdf5
from nnkit.saving.stored import keras_order, slots_of, weights_by_slot

if TYPE_CHECKING:
    import h5py

    from nnkit.layers.base import Layer
    from nnkit.models import Model

__all__ = ["check_savable", "save_model", "save_weights"]

FORMAT_VERSION = 1
_KERAS_VERSION = "3.0.0"  # The version whose layout this is.
_LONGEST_LIST = 2000  # HDF5 limits an attribute's size.


def save_model(model: Model, path: str | os.PathLike[str], include_optimizer: bool = True) -> None:
    """Write a whole model: architecture, weights, arguments of ``compile`` and state of training.

    ``keras.models.load_model`` of Keras 3 reads the file, unless the model has custom classes. An
    existing file is replaced atomically: an error leaves it unchanged.

    Parameters
    ----------
    model : Model
        A model that is built.
    path : path
        Ends in ``.h5`` or ``.hdf5``.
    include_optimizer : bool
        Whether to write the arguments of ``compile`` and the optimizer's state, too.

    Raises
    ------
    ValueError
        The suffix is a different one, the model isn't built, or an argument of one of its objects
        can't be written.
    OSError
        The folder doesn't exist, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.h5")
    >>> model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)])
    >>> nnkit.saving.save_model(model, path)
    >>> nnkit.load_model(path).count_params()
    10
    """
    checks.model_file(path)
    with model.turns.alone():
        described = _describe(model, include_optimizer)
        with replacing(path) as file, _new(file) as root:
            _write_attributes(root, described["keras"])
            _write_weights(_group(root, "model_weights"), model)
            if "training_config" in described["keras"]:
                _write_optimizer(_group(root, "optimizer_weights"), model)
            own = _group(root, "nnkit")
            own.attrs["format_version"] = FORMAT_VERSION
            _write_attributes(own, described["nnkit"] | {"nnkit_version": __version__})


def save_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the weights of a model.

    A name that ends in ``.weights.h5`` chooses Keras 3's layout, any other the older layout, that
    of ``/model_weights`` in a whole model's file. Keras 3 reads both.

    Parameters
    ----------
    model : Model
        A model that is built.
    path : path
        Ends in ``.h5`` or ``.hdf5``.

    Raises
    ------
    ValueError
        The suffix is a different one, or the model isn't built.
    OSError
        The folder doesn't exist, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile, nnkit
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.weights.h5")
    >>> model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2)])
    >>> nnkit.saving.save_weights(model, path)
    >>> nnkit.saving.load_weights(model, path)
    """
    checks.model_file(path)
    with model.turns.alone():
        _check_built(model)
        with replacing(path) as file, _new(file) as root:
            if os.fspath(path).endswith(".weights.h5"):
                _write_slots(root, model)
            else:
                _write_weights(root, model)


def check_savable(model: Model) -> None:
    """Raise the error that ``save_model`` would raise for this model, without writing anything."""
    _describe(model, True)


# ----------------------------------------------------------------------- checks before writing


def _check_built(model: Model) -> None:
    if not model.built:
        raise ValueError(
            "the model has no weights yet, so there is nothing to save: give it an Input first, "
            "call build, or fit it"
        )


def _describe(model: Model, include_optimizer: bool) -> dict[str, dict[str, str]]:
    """Make and check all texts of the file, Keras's and nnkit's, before it is written."""
    _check_built(model)
    check_shared(model)
    own: dict[str, Any] = {"model_config": model.get_config()}
    for layer in model.layers:
        _describe_layer(layer)
    own["model_class"] = type(model).__name__
    own["input_shapes"] = model.input_shape
    _check_plain("the model", own["model_config"])
    keras: dict[str, Any] = {"model_config": to_keras.model_config(model)}
    states = {layer.path: layer.get_state() for layer in model.walk()}
    state: dict[str, Any] = {"layers": {path: one for path, one in states.items() if one}}
    if include_optimizer and model.compiled:
        compiled = model.get_compile_config()
        for name, value in compiled.items():
            _check_plain(f"compile: {name}", value)
        own["training_config"] = compiled | {"trained": model.trained.described(model)}
        keras["training_config"] = to_keras.training_config(compiled)
        state["training"] = model.training_state
    own["state"] = state
    return {"keras": _as_json(keras), "nnkit": _as_json(own)}


def _describe_layer(layer: Layer) -> dict[str, Any]:
    described: dict[str, Any] = to_plain(layer)
    for name, value in described["config"].items():
        _check_plain(f"layer {layer.name!r}: {name}", value)
    return described


def _check_plain(where: str, value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{where} is {value!r}, which a file can't hold ({error}). Make it a number, a string, "
            "a list, a dictionary, an object of a class derived from nnkit's, or a function under "
            "@nnkit.saving.register; save_weights works"
        ) from None


def _as_json(documents: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, allow_nan=False) for name, value in documents.items()}


def stored_in_order(model: Model) -> list[Layer]:
    """The layers that a file lists, each once."""
    return [layer for layer in dict.fromkeys(model.layers) if not layer.fuses]


def _named_weights(layer: Layer) -> dict[str, np.ndarray]:
    """The layer's weights, by names that are unique in the layer."""
    weights: dict[str, np.ndarray] = {}
    for variable in keras_order(layer):
        name, number = variable.path, 0
        while name in weights:
            number += 1
            name = f"{variable.path}_{number}"
        weights[name] = variable.numpy()
    return weights


# ------------------------------------------------------------------------------------ writing


def _new(file: BinaryIO) -> h5py.File:
    """Make a file in the oldest format, which all readers know, whatever h5py's default is."""
    root: h5py.File = hdf5().File(file, "w", libver="earliest", track_order=False)
    return root


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    return parent.create_group(name, track_order=False)


def _write_weights(group: h5py.Group, model: Model) -> None:
    layers = [(layer.name, _named_weights(layer)) for layer in stored_in_order(model)]
    _write_attributes(group, {"backend": "numpy", "keras_version": _KERAS_VERSION})
    _write_names(group, "layer_names", [name for name, _ in layers])
    for name, weights in [*layers, ("top_level_model_weights", {})]:
        part = group[name] if name in group else _group(group, name)  # "a/b" may come before "a".
        _write_names(part, "weight_names", list(weights))
        for path, value in weights.items():
            _write_array(part, path, value)


def _write_slots(root: h5py.Group, model: Model) -> None:
    """Write the weights in Keras 3's layout, ``layers/dense_1/vars/0``."""
    _group(root, "vars")
    layers = stored_in_order(model)
    for slot, layer in zip(slots_of(layers), layers, strict=True):
        _write_attributes(_group(root, f"layers/{slot}/vars"), {"name": layer.name})
        for path, variables in weights_by_slot(layer):
            place = f"layers/{slot}/{path}"
            group = root[place] if place in root else _group(root, place)
            for i, variable in enumerate(variables):
                _write_array(group, str(i), variable.numpy())


def _write_optimizer(group: h5py.Group, model: Model) -> None:
    """Write the optimizer's state in Keras's order."""
    optimizer, slots = model.optimizer, model.optimizer_slots()
    prefix = optimizer.name
    arrays: dict[str, Any] = {
        f"{prefix}/iteration": np.int64(optimizer.steps_done),
    }
    if optimizer.schedule is None and not optimizer.decay:  # To Keras, that is a schedule.
        arrays[f"{prefix}/learning_rate"] = np.float32(optimizer.learning_rate)
    trained = model.trained_weights
    for name, i in to_keras.slot_places(optimizer, trained):
        arrays[f"{prefix}/{trained[i].path}/{name}"] = slots[name][i]
    for name, value in to_keras.derived(optimizer).items():
        arrays[f"{prefix}/{name}"] = value
    _write_names(group, "weight_names", list(arrays))
    for path, value in arrays.items():
        _write_array(group, path, value)


def _write_array(group: h5py.Group, path: str, value: Any) -> None:
    """Write a data set with a checksum of its bytes, by which a reader detects damage."""
    check()
    value = np.asarray(value, np.asarray(value).dtype.newbyteorder("<"), order="C")
    dataset = group.create_dataset(path, data=value)
    dataset.attrs["crc32"] = np.uint32(zlib.crc32(value.data))


def _write_attributes(group: h5py.Group, attributes: dict[str, Any]) -> None:
    import h5py

    for name, value in attributes.items():
        group.attrs.create(name, value, dtype=h5py.string_dtype())


def _write_names(group: h5py.Group, attribute: str, names: list[str]) -> None:
    """Write a list of strings, split into name0, name1... if it is long, as Keras does."""
    parts = [names[i : i + _LONGEST_LIST] for i in range(0, len(names), _LONGEST_LIST)] or [[]]
    for i, part in enumerate(parts):
        name = attribute if len(parts) == 1 else f"{attribute}{i}"
        _write_attributes(group, {name: np.array(part, object)})
