"""Conversion of weights in older files to the weights of today's layers.

A :class:`Recipe` says which of a layer's stored arrays make up each of its weights, and how.
:mod:`nnkit.saving.keras_versions` says which recipes apply to which files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.saving.hdf5 import Dataset
from nnkit.saving.safe import read

if TYPE_CHECKING:
    from nnkit.engine.variable import Variable
    from nnkit.layers.base import Layer

__all__ = [
    "CUDNN_GRU",
    "CUDNN_LSTM",
    "FLIPPED",
    "GATES_OF_GRU",
    "GATES_OF_LSTM",
    "INPUTS_FIRST",
    "OUTPUTS_FIRST",
    "OUTPUTS_FIRST_OF_BOTH",
    "OUTPUTS_FIRST_OF_VOLUMES",
    "OUTPUTS_FIRST_TRANSPOSE",
    "OUTPUTS_FIRST_WITH_WIDTH",
    "WITH_WIDTH",
    "Arranged",
    "Recipe",
    "arranged",
    "by_class",
    "values",
]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Arranged:
    """A weight that is computed from stored arrays when it is read; ``shape`` is the result's."""

    sources: tuple[Dataset | Arranged, ...]
    shape: Shape
    make: Callable[..., np.ndarray]

    def read(self, dtype: str) -> np.ndarray:
        """The weight's values."""
        return np.ascontiguousarray(self.make(*(values(s, dtype) for s in self.sources)), dtype)


Source = Any  # A Dataset, or an Arranged.


def values(source: Source, dtype: str) -> np.ndarray:
    """The values of a data set, or of a weight computed from several."""
    if isinstance(source, Arranged):
        return source.read(dtype)
    return read(source, source.shape, dtype)


# ------------------------------------------------------------- one weight from several arrays

# Each function takes shapes, and returns the weight's shape and the function for its values.
Making = Callable[..., tuple[Shape, Callable[..., np.ndarray]]]


def _joined(*shapes: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    """Concatenate the arrays of all gates along the last axis."""
    width = sum(shape[-1] for shape in shapes)
    return (*shapes[0][:-1], width), lambda *parts: np.concatenate(parts, axis=-1)


def _transposed(*axes: int) -> Making:
    return lambda shape: (tuple(shape[n] for n in axes), lambda a: a.transpose(axes))


def _without_width(shape: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    return (shape[0], *shape[2:]), lambda a: a[:, 0]


def _outputs_first_without_width(shape: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    return (shape[2], shape[1], shape[0]), lambda a: a[..., 0].transpose(2, 1, 0)


def _flipped(shape: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    """Reverse a kernel along its spatial axes, which are all but the last two."""
    return shape, lambda a: np.flip(a, tuple(range(a.ndim - 2)))


def _of_each_gate(gates: int, turn: Callable[[np.ndarray], np.ndarray]) -> Making:
    return lambda shape: (
        shape,
        lambda a: np.concatenate([turn(part) for part in np.split(a, gates, axis=1)], axis=1),
    )


def _of_inputs(gates: int) -> Making:
    """Convert cuDNN's kernel of the inputs, whose gates are stored transposed."""
    return _of_each_gate(gates, lambda part: part.T.reshape(part.shape, order="F"))


def _of_state(gates: int) -> Making:
    return _of_each_gate(gates, np.transpose)


def _both_biases(shape: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    """Add cuDNN's biases of the inputs and of the state, whose sum is an LSTM's bias."""
    half = shape[0] // 2
    return (half,), lambda a: a[:half] + a[half:]


def _biases_in_rows(shape: Shape) -> tuple[Shape, Callable[..., np.ndarray]]:
    return (2, shape[0] // 2), lambda a: a.reshape(2, -1)


# ---------------------------------------------------------------------- all weights of a layer


@dataclass(frozen=True)
class Recipe:
    """How to compute each of a layer's first weights from its stored arrays.

    Attributes
    ----------
    weights : tuple of (places, making)
        For each weight, the indices of its arrays among those of the layer, and the function that
        combines them. Later weights of the layer are stored unchanged.
    ranks : tuple of int
        The numbers of axes of the arrays in this layout.
    only_if_needed : bool
        Whether arrays that have the right shapes already are in today's layout. If False, shapes
        don't tell the layouts apart.
    """

    weights: tuple[tuple[tuple[int, ...], Making], ...]
    ranks: tuple[int, ...]
    only_if_needed: bool = True

    def apply(self, sources: Sequence[Source], wanted: Sequence[Shape]) -> list[Source] | None:
        """The layer's weights; None if the arrays are not in this layout."""
        shapes = [source.shape for source in sources]
        count = len(self.ranks)
        if tuple(len(shape) for shape in shapes[:count]) != self.ranks:
            return None
        if self.only_if_needed and shapes == list(wanted):
            return None
        made: list[Source] = []
        for places, making in self.weights:
            shape, make = making(*(shapes[n] for n in places))
            made.append(Arranged(tuple(sources[n] for n in places), shape, make))
        made += sources[count:]
        return made if [source.shape for source in made] == list(wanted) else None


def _gates(orders: Sequence[Sequence[int]]) -> Recipe:
    """The recipe for weights that are stored gate by gate: W, U, b of the first gate, and so on."""
    ranks = (2, 2, 1) * len(orders[0])
    return Recipe(tuple((tuple(order), _joined) for order in orders), ranks)


# Keras 1 stored the gates as i, c, f, o (LSTM) and z, r, h (GRU).
GATES_OF_LSTM = _gates([(0, 6, 3, 9), (1, 7, 4, 10), (2, 8, 5, 11)])
GATES_OF_GRU = _gates([(0, 3, 6), (1, 4, 7), (2, 5, 8)])
# Conv1D's kernels: (steps, 1, channels, filters), or (filters, channels, steps, 1).
WITH_WIDTH = Recipe((((0,), _without_width),), (4,))
OUTPUTS_FIRST_WITH_WIDTH = Recipe((((0,), _outputs_first_without_width),), (4,))
# Conv2D's kernels: (filters, channels, height, width). Conv2DTranspose's have channels and filters
# exchanged, and were stored as (height, width, channels, filters), too.
OUTPUTS_FIRST = Recipe((((0,), _transposed(2, 3, 1, 0)),), (4,), only_if_needed=False)
OUTPUTS_FIRST_TRANSPOSE = Recipe((((0,), _transposed(2, 3, 0, 1)),), (4,), only_if_needed=False)
INPUTS_FIRST = Recipe((((0,), _transposed(0, 1, 3, 2)),), (4,), only_if_needed=False)
# Conv3D's kernels, and both of SeparableConv2D's, likewise.
OUTPUTS_FIRST_OF_VOLUMES = Recipe((((0,), _transposed(2, 3, 4, 1, 0)),), (5,), False)
OUTPUTS_FIRST_OF_BOTH = Recipe(
    (((0,), _transposed(2, 3, 1, 0)), ((1,), _transposed(2, 3, 1, 0))), (4, 4), False
)
# Kernels rotated by 180 degrees, of convolutions along one to three axes.
FLIPPED = tuple(Recipe((((0,), _flipped),), (axes + 2,), False) for axes in (1, 2, 3))
# cuDNN's layout is recognised by its two biases; its kernels have the usual shapes.
CUDNN_LSTM = Recipe((((0,), _of_inputs(4)), ((1,), _of_state(4)), ((2,), _both_biases)), (2, 2, 1))
CUDNN_GRU = Recipe(
    (((0,), _of_inputs(3)), ((1,), _of_state(3)), ((2,), _biases_in_rows)), (2, 2, 1)
)


def arranged(
    layer: Layer, sources: Sequence[Source], recipes: Callable[[Layer], Sequence[Sequence[Recipe]]]
) -> list[Source]:
    """Convert the arrays that are stored for a layer to its weights.

    Parameters
    ----------
    layer : Layer
        The layer; layers inside it are converted, too.
    sources : list of Dataset
        In the order of older files: trainable weights, then the others.
    recipes : callable
        Returns groups of recipes for a layer; in each group, the first that fits is applied.
    """
    leaves = [leaf for leaf in dict.fromkeys(layer.inside()) if not leaf.layers]
    groups = [(leaf, leaf.trainable_weights) for leaf in leaves]
    groups += [(leaf, leaf.non_trainable_weights) for leaf in leaves]
    groups = [(leaf, weights) for leaf, weights in groups if weights]
    usual = [len(weights) for _, weights in groups]
    split = [_most(leaf, weights, recipes) for leaf, weights in groups]
    counts = next((c for c in (usual, split) if sum(c) == len(sources)), None)
    if counts is None:
        return list(sources)
    made: list[Source] = []
    start = 0
    for (leaf, weights), count in zip(groups, counts, strict=True):
        mine = list(sources[start : start + count])
        wanted = [variable.shape for variable in weights]
        for group in recipes(leaf):
            found = (recipe.apply(mine, wanted) for recipe in group)
            mine = next((arrays for arrays in found if arrays is not None), mine)
        made += mine
        start += count
    return made


def _most(
    leaf: Layer,
    weights: Sequence[Variable],
    recipes: Callable[[Layer], Sequence[Sequence[Recipe]]],
) -> int:
    """The number of arrays of a layer whose weights are stored in parts."""
    recipe = max(
        (r for group in recipes(leaf) for r in group if len(r.weights) == len(weights)),
        key=lambda r: len(r.ranks),
        default=None,
    )
    return len(weights) if recipe is None else len(recipe.ranks)


def by_class(*tables: Mapping[str, Sequence[Recipe]]) -> Callable[[Layer], list[Sequence[Recipe]]]:
    """Make the function ``recipes`` for :func:`arranged` from tables of recipes by class name.

    An entry ``"Conv2D channels_first"`` applies to layers of that data format only.
    """

    def recipes(layer: Layer) -> list[Sequence[Recipe]]:
        names = [cls.__name__ for cls in type(layer).__mro__]
        names = [f"{name} {getattr(layer, 'data_format', '')}" for name in names] + names
        found = [next((t[n] for n in names if n in t), ()) for t in tables]
        return [group for group in found if group]

    return recipes
