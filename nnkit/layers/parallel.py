"""Parallel: branches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import activations, checks
from nnkit.layers.base import Layer, Shape
from nnkit.layers.chain import Chain
from nnkit.layers.inside import build_in_turn, layers_from, name_among
from nnkit.layers.merge import MERGES, Merge
from nnkit.layers.shared import adding_up, distinct

__all__ = ["Parallel"]


class Parallel(Layer):
    """Apply several branches to the same input, and merge their outputs.

    With this layer, a ``Sequential`` can have branches.

    Parameters
    ----------
    branches : list
        Each branch is a layer, a model, or a list of layers in sequence. An empty list is the
        identity.
    merge : str
        ``"concatenate"``, ``"add"``, ``"average"``, ``"multiply"`` or ``"maximum"``.
    axis : int
        The axis along which ``"concatenate"`` joins the outputs: any but 0, the batch.
    activation : str or Layer, optional
        Applied to the merged output.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        There is no branch, or a branch contains something that is not a layer; or, once the input's
        shape is known, the outputs' shapes can't be merged.

    Notes
    -----
    Where two outputs are equal, ``"maximum"`` gives each half of the gradient. A layer may be in
    several branches, which then share its weights.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import Dense, Parallel
    >>> layer = Parallel([Dense(3), [Dense(8, activation="relu"), Dense(2)], []])
    >>> layer(np.ones((1, 4))).shape
    (1, 9)
    """

    recordable = True
    uses_mask = True

    def __init__(
        self,
        branches: Sequence[Any],
        merge: str = "concatenate",
        axis: int = -1,
        activation: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        if not isinstance(branches, (list, tuple)) or not branches:
            raise TypeError(f"{owner} needs a list of branches, got {branches!r}")
        self.axis = checks.integer(owner, "axis", axis, -8, 8)
        self.merge = Merge(checks.one_of(owner, "merge", merge, MERGES), self.axis)
        self.activation = activations.get(activation, self.dtype)
        lists = [list(b) if isinstance(b, (list, tuple)) else [b] for b in branches]
        self._lengths = [len(b) for b in lists]
        made = layers_from([layer for b in lists for layer in b])
        for i, layer in enumerate(made):
            name_among(made[:i], layer)
        self.layers = made
        if not self.trainable:
            self.trainable = False

    @property
    def branches(self) -> list[list[Layer]]:
        """Lists of the layers of each branch."""
        left = iter(self.layers)
        return [[next(left) for _ in range(n)] for n in self._lengths]

    def build(self, input_shape: Shape) -> None:
        """Build the branches, and check that their outputs can be merged."""
        for branch in self.branches:
            build_in_turn(self.name, branch, input_shape)
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the merged outputs."""
        shapes = []
        for branch in self.branches:
            shape = input_shape
            for layer in branch:
                shape = layer.compute_output_shape(shape)
            shapes.append(shape)
        return self.merge.output_shape(self.name, shapes)

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """The input's mask, if all branches keep it."""
        return mask if all(chain.mask is mask for chain in self.chains) else None

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """y = merge(branch(x), ...)."""
        if "chains" not in vars(self):  # Made once, so that records are alike.
            parts = [[p for layer in branch for p in layer.parts()] for branch in self.branches]
            uses = iter(distinct([part for branch in parts for part in branch]))
            self.chains = [Chain([next(uses) for _ in branch]) for branch in parts]
        return self.merge.forward([chain.forward(x, training, mask) for chain in self.chains])

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """dx = the sum of the branches' input gradients."""
        written: set[Any] = set()
        found = []
        for chain, gradient in zip(self.chains, self.merge.backward(dy), strict=True):
            with adding_up(chain, written):
                found.append(chain.backward(gradient, self.propagate))
        if not self.propagate:
            return None
        return Merge("add").forward([dx for dx in found if dx is not None])
