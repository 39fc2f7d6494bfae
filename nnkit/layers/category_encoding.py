"""CategoryEncoding."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.layers.encoder import Encoder, no_sparse

__all__ = ["CategoryEncoding"]


class CategoryEncoding(Encoder):
    """Turn numbers of categories into codes of ones and zeros, or into counts.

    Parameters
    ----------
    num_tokens : int
        How many categories there are: numbers are from 0 to below it.
    output_mode : {"multi_hot", "one_hot", "count"}
        ``"one_hot"`` gives each number a code, with a one at its place, along a new last axis, or
        in place of a last axis of size 1. ``"multi_hot"`` gives all numbers along the last axis one
        code, with ones for those that occur; ``"count"``, how often each occurs.
    sparse : bool
        False; there are no sparse arrays.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; in a call, a number is out of range or has a
        fraction, or ``count_weights`` don't fit.

    Notes
    -----
    With ``"count"``, a call takes ``count_weights``, of the input's shape: how much each number
    counts. In a model the layer runs in NumPy; numbers have no gradient, their weights do.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.CategoryEncoding(4)([[0, 1], [0, 0], [1, 2], [3, 1]])
    array([[1., 1., 0., 0.],
           [1., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 1., 0., 1.]], dtype=float32)
    >>> count = nnkit.layers.CategoryEncoding(4, output_mode="count")
    >>> count([[0, 1], [0, 0]], count_weights=np.array([[0.1, 0.2], [0.1, 0.1]]))
    array([[0.1, 0.2, 0. , 0. ],
           [0.2, 0. , 0. , 0. ]], dtype=float32)
    """

    named_inputs = ("count_weights",)

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(output_mode, ("multi_hot", "one_hot", "count"), **options)
        if num_tokens is None:
            raise ValueError(
                "CategoryEncoding: num_tokens must be given; if the number of categories isn't "
                "known, use IntegerLookup, which adapts to data"
            )
        self.num_tokens = checks.integer("CategoryEncoding", "num_tokens", num_tokens, 1, 2**24)
        no_sparse("CategoryEncoding", "sparse", sparse)

    @property
    def input_dtype(self) -> str:
        """That of the weights; it is exact for whole numbers up to 2**24."""
        return self.dtype

    @property
    def depth(self) -> int:
        """The number of categories."""
        return self.num_tokens

    def check_range(self, x: np.ndarray, name: str) -> None:
        """Refuse numbers of no category."""
        low, high = x.min(), x.max()
        if low < 0 or high >= self.num_tokens:
            raise ValueError(
                f"layer {self.name!r} (CategoryEncoding) takes numbers from 0 to "
                f"{self.num_tokens - 1}, but {name} contains {low if low < 0 else high}; "
                "num_tokens must be one more than the largest"
            )

    def indices(self, x: np.ndarray) -> np.ndarray:
        """The numbers themselves."""
        return x.astype(np.int64)

    def encoded(self, x: np.ndarray, count_weights: Any = None) -> Any:
        """Codes of an array."""
        if count_weights is None:
            return super().encoded(x)
        weights = to_numpy(count_weights, f"layer {self.name!r}: count_weights")
        if self.output_mode != "count" or weights.shape != x.shape:
            raise ValueError(
                f"layer {self.name!r} (CategoryEncoding): count_weights are for output_mode="
                f"'count', and have the input's shape, {x.shape}; got shape {weights.shape} with "
                f"output_mode={self.output_mode!r}"
            )
        return super().encoded(x, weights)

    def forward(
        self, x: np.ndarray, training: bool = False, count_weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Codes."""
        self._x, self._weighted = x, count_weights is not None
        return np.ascontiguousarray(self.encoded(x, count_weights), self.dtype)

    def backward(self, dy: np.ndarray) -> Any:
        """Zeros; for the weights, dy of each number's category."""
        dx = np.zeros(self._x.shape, self.dtype)
        if not self._weighted:
            return dx
        return [dx, np.take_along_axis(dy, self._x.astype(np.int64), axis=-1)]
