"""Finding the weights in a file in any of Keras's layouts, and matching them with a model's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnkit.errors import FileFormatError, warn
from nnkit.layers.bidirectional import Bidirectional
from nnkit.layers.cell import Cell
from nnkit.layers.conv_lstm import ConvLSTM
from nnkit.layers.multi_head_attention import MultiHeadAttention
from nnkit.layers.recurrent import Recurrent
from nnkit.layers.rnn import RNN
from nnkit.layers.spectral_normalization import SpectralNormalization
from nnkit.layers.stacked_rnn_cells import StackedRNNCells
from nnkit.layers.wrapper import Wrapper
from nnkit.registry import snake_case
from nnkit.saving.arrangements import Source, values
from nnkit.saving.graphs_to_keras import is_functional, network_of
from nnkit.saving.hdf5 import Dataset, Group
from nnkit.saving.keras_versions import Origin, place_of_slots
from nnkit.saving.plain import printable
from nnkit.saving.safe import child, text, texts

if TYPE_CHECKING:
    from nnkit.engine.variable import Variable
    from nnkit.layers.base import Layer

__all__ = [
    "StoredLayer",
    "assign",
    "fill",
    "keras_order",
    "optimizer_arrays",
    "pair",
    "slots_of",
    "stored_bytes",
    "stored_layers",
    "weights_by_slot",
]

_MOST_WEIGHTS = 1024  # The limit for one layer.
_MOST_NAMED = 2**15  # The limit for all layers, counting an array each time it is named.
_DEEPEST = 32  # The limit of nesting.
_LONGEST_NAME = 255  # Bytes of a layer's name.
_CELL = re.compile(r"(lstm|gru|simple_rnn)_cell(_\d+)?")  # A part of names in tf.keras's files.
# Keras's attributes for the projections of MultiHeadAttention.
_PROJECTIONS = {name: f"{name}_dense" for name in ("query", "key", "value")}
_PROJECTIONS |= {"gate": "_gate_dense", "attention_output": "output_dense"}

Pairs = list[tuple["Variable", Source]]


@dataclass(frozen=True)
class StoredLayer:
    """A layer's weights in a file: checked, but not read yet."""

    name: str
    names: Sequence[str]
    datasets: Sequence[Dataset]


def stored_layers(root: Group, layers: Sequence[Layer]) -> list[StoredLayer]:
    """All layers of a file, in order.

    The file is a whole model, weights in the layout of a whole model's file, or weights in the
    layout of Keras 3's ``.weights.h5``; for the latter, the order is known only with the model's
    ``layers``.
    """
    group, names = root, texts(root, "layer_names")
    if names is None and isinstance(whole := child(root, "model_weights"), Group):
        group, names = whole, texts(whole, "layer_names")
    if names is None and (place := place_of_slots(root)) is not None:
        return _by_slots(root, place, layers)
    if names is None:
        raise FileFormatError("there are no weights of a model in it: no 'layer_names'")
    groups = [(name, _group(group, name)) for name in names]
    named = sum(len(texts(inner, "weight_names") or []) for _, inner in groups)
    if named > _MOST_NAMED:
        raise FileFormatError(f"{named} weights are named; at most {_MOST_NAMED} are read")
    return [_by_names(name, inner) for name, inner in groups]


def stored_bytes(layers: Sequence[StoredLayer]) -> int:
    """The number of bytes of all arrays, counting each array once even if named repeatedly."""
    return sum(d.nbytes for d in {d for layer in layers for d in layer.datasets})


def _by_names(name: str, group: Group) -> StoredLayer:
    names = texts(group, "weight_names") or []
    if len(names) > _MOST_WEIGHTS:
        raise FileFormatError(f"layer {name!r} has {len(names)} weights; at most {_MOST_WEIGHTS}")
    return StoredLayer(name, names, [_dataset(group, path) for path in names])


def _by_slots(root: Group, place: str, layers: Sequence[Layer]) -> list[StoredLayer]:
    """The layers in Keras 3's layout, ``layers/dense_1/vars/0``, with classes numbered in order."""
    result = []
    slots = _group(root, place)
    layers = list(dict.fromkeys(layers))
    seen: set[Group] = set()
    for i, slot in enumerate(slots_of(layers) or sorted(slots.members)):
        group = child(slots, slot)
        if isinstance(group, Group):
            found = _of_layer(group, place, layers[i]) if layers else dict(_below(group, "", seen))
            named = child(group, "vars")
            name = None if named is None else text(named, "name", _LONGEST_NAME)
            result.append(StoredLayer(name or slot, list(found), list(found.values())))
    return result


def _of_layer(group: Group, place: str, layer: Layer) -> dict[str, Dataset]:
    """The data sets of a layer in the order of its weights; those without a weight come last."""
    order = {variable: i for i, variable in enumerate(keras_order(layer))}
    found: list[tuple[int, str, Dataset]] = []
    for path, variables in weights_by_slot(layer):
        places = [order[v] for v in variables]
        path = path.replace("layers/", f"{place}/")
        for i, (name, dataset) in enumerate(_vars(group, path)):
            place_of = places[i] if i < len(places) else len(order)
            if i >= len(places) or all(place_of != known for known, _, _ in found):
                found.append((place_of, name, dataset))  # Some files have a weight twice.
    return {name: dataset for _, name, dataset in sorted(found, key=lambda entry: entry[0])}


def _below(group: Group, path: str, seen: set[Group]) -> Iterator[tuple[str, Dataset]]:
    """All data sets in a group and the groups inside that are not in ``seen``."""
    seen.add(group)
    yield from _vars(group, "vars", path)
    for name in sorted(group.members):
        inner = child(group, name)
        if isinstance(inner, Group) and inner not in seen and path.count("/") <= _DEEPEST:
            yield from _below(inner, f"{path}{name}/", seen)


def _vars(group: Group, path: str, before: str = "") -> Iterator[tuple[str, Dataset]]:
    """The data sets 0, 1, 2... in ``group/path``, by their paths without ``vars/``."""
    found = child(group, path)
    if isinstance(found, Group):
        for i in range(min(len(found.members), _MOST_WEIGHTS)):
            yield f"{before}{path}/{i}".replace("vars/", ""), _dataset(found, str(i))


def weights_by_slot(layer: Layer) -> list[tuple[str, list[Variable]]]:
    """The paths of a layer's weights in its group in Keras 3: ``vars``, ``cell/vars`` and so on.

    Examples
    --------
    >>> import nnkit
    >>> lstm = nnkit.layers.LSTM(2)
    >>> [path for path, _ in weights_by_slot(nnkit.layers.Bidirectional(lstm))]
    ['forward_layer/cell/vars', 'backward_layer/cell/vars']
    """
    if isinstance(layer, (Recurrent, ConvLSTM)):
        return [("cell/vars", layer.weights)]
    if isinstance(layer, Cell):
        return [("vars", layer.weights)]
    inside: dict[str, Layer]
    if isinstance(layer, Bidirectional):
        inside = {"forward_layer": layer.forward_layer, "backward_layer": layer.backward_layer}
    elif isinstance(layer, Wrapper):
        inside = {"layer": layer.layer}
    elif isinstance(layer, RNN):
        inside = {"cell": layer.cell}
    elif isinstance(layer, StackedRNNCells):
        slots = slots_of(layer.cells)
        inside = {f"cells/{s}": cell for s, cell in zip(slots, layer.cells, strict=True)}
    elif isinstance(layer, MultiHeadAttention):
        inside = {_PROJECTIONS[part.name]: part for part in layer.layers}
    elif layer.layers:
        layers = _inside(layer)
        inside = {f"layers/{s}": c for s, c in zip(slots_of(layers), layers, strict=True)}
    else:
        return [("vars", layer.weights)]
    own = [("vars", layer.own_variables)] if layer.own_variables else []
    if isinstance(layer, SpectralNormalization):  # There, the kernel is its own as well.
        own = [("vars", [layer.normalized, *layer.own_variables])]
    return own + [(f"{at}/{path}", v) for at, c in inside.items() for path, v in weights_by_slot(c)]


def slots_of(layers: Sequence[Layer]) -> list[str]:
    """Keras 3's names of a model's layers in a file, such as dense, dropout, dense_1."""
    classes = [snake_case(_class_in_keras(layer)) for layer in layers]
    return [f"{name}_{number}" if number else name for name, number in _numbered(classes)]


def _class_in_keras(layer: Layer) -> str:
    """The name of the class that a layer has in Keras."""
    return "Functional" if is_functional(layer) else type(layer).__name__


def _inside(layer: Layer) -> list[Layer]:
    """The layers in a layer, each once, in Keras's order."""
    network = network_of(layer)
    found = layer.layers if network is None else network.layers
    return [inner for inner in dict.fromkeys(found) if not inner.fuses]


def _group(parent: Group, name: str) -> Group:
    found = child(parent, name)
    if not isinstance(found, Group):
        raise FileFormatError(f"the group {name!r} is missing from {parent.name}")
    return found


def _dataset(parent: Group, path: str) -> Dataset:
    found = child(parent, path)
    if not isinstance(found, Dataset):
        raise FileFormatError(f"the data set {path!r} is missing from {parent.name}")
    return found


def optimizer_arrays(
    root: Group,
) -> tuple[Dataset | None, Dataset | None, list[Dataset]] | None:
    """Learning rate, number of steps and the optimizer's slots, in order; None without a state.

    The rate may be missing, because the configuration has it, too. The number of steps is None in
    files of Keras 1 and 2 that lack it.
    """
    group = child(root, "optimizer_weights")
    names = texts(group, "weight_names") if isinstance(group, Group) else None
    if not isinstance(group, Group) or not names:
        return None
    iteration, *arrays = (_dataset(group, name) for name in names)
    if iteration.shape:
        return None, None, [iteration, *arrays]
    named = bool(arrays) and names[1].removesuffix(":0").endswith("learning_rate")
    rate = arrays.pop(0) if named else None
    return rate, iteration, arrays


# ------------------------------------------------------------------------------------- matching


def pair(
    layers: Sequence[Layer],
    stored: Sequence[StoredLayer],
    by_name: bool = False,
    skip_mismatch: bool = False,
    origin: Origin | None = None,
) -> Pairs:
    """Pair each weight of a model with its data set, or with a weight computed from several.

    One error lists all mismatches.
    """
    layers = [layer for layer in dict.fromkeys(layers) if layer.weights]
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
        weights = keras_order(layer)
        expected = tuple(variable.shape for variable in weights)
        sources: list[Source] = _in_order(weights, found)
        if origin is not None and origin.is_old:
            sources = origin.arranged(layer, sources)
        if expected == tuple(source.shape for source in sources):
            pairs += zip(weights, sources, strict=True)
        else:
            given = tuple(dataset.shape for dataset in found.datasets)
            wrong.append(f"{layer.name}: {_shapes(expected)}, in the file {_shapes(given)}")
    if wrong and not skip_mismatch:
        raise FileFormatError(f"weights of other shapes than the model's: {'; '.join(wrong)}")
    if wrong:
        warn(f"layers left as they are: {'; '.join(wrong)}")
    unsure = [] if origin is None else origin.unsure([layer for layer, _ in matched])
    if unsure:
        warn(
            f"the file, of Keras 1, doesn't say on which backend {', '.join(map(repr, unsure))} "
            "learnt. If it was Theano, which turned kernels, set the file's attribute with h5py, "
            "file.attrs['backend'] = 'theano', and load it again"
        )
    return pairs


def keras_order(layer: Layer) -> list[Variable]:
    """A layer's weights in the order of Keras's older files: trainable ones first."""
    if network_of(layer) is None:
        return [*layer.trainable_weights, *layer.non_trainable_weights]
    found = [v for inner in _inside(layer) for v in inner.weights]
    trained = set(layer.trainable_weights)
    return sorted(dict.fromkeys(found), key=lambda v: v not in trained)


def _in_order(weights: Sequence[Variable], stored: StoredLayer) -> list[Source]:
    """A layer's data sets in the order of its weights, if names allow to match them.

    The order of a nested model's weights depends on which layers were frozen when the file was
    written. If the layers inside have other names than in the file, equal names of weights are
    matched in order: the first ``gamma`` is the first layer's.
    """
    for parts in (2, 1):
        names = _numbered([_tail(name, parts) for name in stored.names])
        wanted = _numbered([_tail(variable.path, parts) for variable in weights])
        if sorted(names) == sorted(wanted):
            named = dict(zip(names, stored.datasets, strict=True))
            return [named[name] for name in wanted]
    return list(stored.datasets)


def _tail(path: str, parts: int) -> str:
    """The last parts of a path: ``dense/kernel`` for ``model/block/dense/kernel:0``."""
    names = [name for name in path.removesuffix(":0").split("/") if not _CELL.fullmatch(name)]
    return "/".join(names[-parts:])


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Pairs of each name and the number of equal names before it."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbered.append((name, seen[name]))
        seen[name] += 1
    return numbered


def assign(pairs: Pairs) -> None:
    """Read all data sets, then change the weights, so that an error changes none."""
    found = [values(source, v.dtype) for v, source in pairs]
    for (variable, _), value in zip(pairs, found, strict=True):
        variable.assign(value)
    _warn_of_nan([v for v, _ in pairs])


def fill(pairs: Pairs) -> None:
    """Read all data sets directly into the weights of a new model."""
    for variable, source in pairs:
        variable.assign(values(source, variable.dtype))
    _warn_of_nan([v for v, _ in pairs])


def _warn_of_nan(variables: Sequence[Variable]) -> None:
    wrong = [v.path for v in variables if not np.isfinite(v.value).all()]
    if wrong:
        named = printable(", ".join(wrong))
        warn(f"NaN or infinite weights in the file: {named}")


def _names(layers: Sequence[Layer] | Sequence[StoredLayer]) -> str:
    return ", ".join(layer.name for layer in layers)


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " and ".join(str(shape) for shape in shapes)
