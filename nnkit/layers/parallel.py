"""Parallel: branches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit import checks
from nnkit.layers.base import Layer
from nnkit.layers.inside import layers_from
from nnkit.layers.weights import name_among
from nnkit.registry import lookup

__all__ = ["Parallel"]

_MERGES = {
    "add": "Add",
    "average": "Average",
    "concatenate": "Concatenate",
    "maximum": "Maximum",
    "multiply": "Multiply",
}


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
        checks.one_of(owner, "merge", merge, tuple(_MERGES))
        self.activation = activation
        lists = [list(b) if isinstance(b, (list, tuple)) else [b] for b in branches]
        left = iter(layers_from([layer for b in lists for layer in b]))
        self.branches = [[next(left) for _ in b] for b in lists]
        for i, layer in enumerate(self.layers):
            name_among(self.layers[:i], layer)
        given = {"axis": self.axis} if merge == "concatenate" else {}
        make: Any = lookup("layer", _MERGES[merge])
        self.merge = make(dtype=self.dtype, **given)
        if not self.trainable:
            self.trainable = False

    def call(self, x: Any) -> Any:
        """The merged outputs of the branches."""
        outputs = []
        for branch in self.branches:
            y = x
            for layer in branch:
                y = layer(y)
            outputs.append(y)
        return self.merge(outputs) if len(outputs) > 1 else outputs[0]
