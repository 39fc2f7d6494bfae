"""The weights in a file, found in any of Keras's layouts, and matched with a model's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnkit.errors import FileFormatError
from nnkit.registry import snake_case
from nnkit.saving.safe import check_dataset, child, read, text, texts

if TYPE_CHECKING:
    import h5py

    from nnkit.engine.variable import Variable
    from nnkit.layers.base import Layer

__all__ = ["StoredLayer", "assign", "optimizer_arrays", "pair", "slots_of", "stored_layers"]

_MOST_WEIGHTS = 1024  # In one layer.

Pairs = list[tuple["Variable", "h5py.Dataset"]]


@dataclass(frozen=True)
class StoredLayer:
    """A layer's weights in a file: checked for safety, not read."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    nbytes: int
    contents: str
    datasets: tuple[h5py.Dataset, ...]

    @property
    def count(self) -> int:
        """Number of weights, counted one by one."""
        return sum(math.prod(shape) for shape in self.shapes)


def stored_layers(root: h5py.Group, layers: Sequence[Layer]) -> list[StoredLayer]:
    """All layers of a file, in order.

    The file is a whole model, weights in the layout of such a file, or weights as Keras 3 writes
    them under ``.weights.h5``. The last are in order only if ``layers``, the model's, are given.
    """
    group, names = root, texts(root, "layer_names")
    if names is None and (whole := child(root, "model_weights")) is not None:
        group, names = whole, texts(whole, "layer_names")
    if names is None and (slots := child(root, "layers")) is not None:
        return _by_slots(slots, layers)
    if names is None:
        raise FileFormatError("there are no weights of a model in it: no 'layer_names'")
    return [_by_names(name, _group(group, name), "weight_names") for name in names]


def _by_names(name: str, group: h5py.Group, attribute: str) -> StoredLayer:
    names = texts(group, attribute) or []
    if len(names) > _MOST_WEIGHTS:
        raise FileFormatError(f"layer {name!r} has {len(names)} weights; at most {_MOST_WEIGHTS}")
    return _stored(name, names, [_dataset(group, path) for path in names])


def _by_slots(slots: h5py.Group, layers: Sequence[Layer]) -> list[StoredLayer]:
    """Keras 3's ``layers/dense_1/vars/0``: classes counted in the model's order."""
    result = []
    for slot in slots_of(layers) or sorted(slots):
        group = child(slots, f"{slot}/vars")
        if group is not None:
            names = [str(i) for i in range(min(len(group), _MOST_WEIGHTS))]
            datasets = [_dataset(group, name) for name in names]
            result.append(_stored(text(group, "name") or slot, names, datasets))
    return result


def slots_of(layers: Sequence[Layer]) -> list[str]:
    """Keras 3's names of a model's layers in a file: dense, dropout, dense_1."""
    classes = [snake_case(type(layer).__name__) for layer in layers]
    numbers = [classes[:i].count(name) for i, name in enumerate(classes)]
    return [f"{c}_{n}" if n else c for c, n in zip(classes, numbers, strict=True)]


def _stored(name: str, names: list[str], datasets: list[h5py.Dataset]) -> StoredLayer:
    return StoredLayer(
        name,
        tuple(d.shape for d in datasets),
        sum(d.size * d.dtype.itemsize for d in datasets),
        ", ".join(f"{n} {d.dtype} {d.shape}" for n, d in zip(names, datasets, strict=True)),
        tuple(datasets),
    )


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    import h5py

    found = child(parent, name)
    if not isinstance(found, h5py.Group):
        raise FileFormatError(f"the group {name!r} is missing from {parent.name}")
    return found


def _dataset(parent: h5py.Group, path: str) -> h5py.Dataset:
    import h5py

    found = child(parent, path)
    if not isinstance(found, h5py.Dataset):
        raise FileFormatError(f"the data set {path!r} is missing from {parent.name}")
    check_dataset(found)
    return found


def optimizer_arrays(root: h5py.Group) -> tuple[h5py.Dataset, list[h5py.Dataset]] | None:
    """The number of steps and what the optimizer remembers, in order; None if it isn't there.

    The learning rate that Keras 3 puts in between is left out: the configuration has it, too.
    """
    group = child(root, "optimizer_weights")
    names = None if group is None else texts(group, "weight_names")
    if not names:
        return None
    iteration, *arrays = (_dataset(group, name) for name in names)
    if arrays and names[1].endswith("learning_rate"):
        del arrays[0]
    return iteration, arrays


# ------------------------------------------------------------------------------------- matching


def pair(
    layers: Sequence[Layer],
    stored: Sequence[StoredLayer],
    by_name: bool = False,
    skip_mismatch: bool = False,
) -> Pairs:
    """Each weight of a model with its data set; every mismatch is in one error."""
    layers = [layer for layer in layers if layer.weights]
    stored = [layer for layer in stored if layer.datasets]
    if by_name:
        named = {layer.name: layer for layer in stored}
        matched = [(layer, named[layer.name]) for layer in layers if layer.name in named]
        if not matched:
            raise FileFormatError(
                f"no layer of the model ({_names(layers)}) is in the file ({_names(stored)})"
            )
    elif len(layers) != len(stored):
        raise FileFormatError(
            f"the model has {len(layers)} layers with weights ({_names(layers)}), the file has "
            f"{len(stored)} ({_names(stored)}); by_name=True takes those whose names match"
        )
    else:
        matched = list(zip(layers, stored, strict=True))
    pairs: Pairs = []
    wrong = []
    for layer, found in matched:
        expected = tuple(variable.shape for variable in layer.weights)
        if expected == found.shapes:
            pairs += zip(layer.weights, found.datasets, strict=True)
        else:
            wrong.append(f"{layer.name}: {_shapes(expected)}, in the file {_shapes(found.shapes)}")
    if wrong and not skip_mismatch:
        raise FileFormatError(f"weights of other shapes than the model's: {'; '.join(wrong)}")
    if wrong:
        warnings.warn(f"layers left as they are: {'; '.join(wrong)}", stacklevel=3)
    return pairs


def assign(pairs: Pairs) -> None:
    """Read all data sets, and only then change the weights."""
    values = [read(dataset, v.shape, v.dtype) for v, dataset in pairs]
    for (variable, _), value in zip(pairs, values, strict=True):
        variable.assign(value)


def _names(layers: Sequence[Layer] | Sequence[StoredLayer]) -> str:
    return ", ".join(layer.name for layer in layers)


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " and ".join(str(shape) for shape in shapes)
