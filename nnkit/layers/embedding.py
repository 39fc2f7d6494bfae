"""Embedding: a learnt vector for each token id."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.nodes import Placeholder, operate

__all__ = ["Embedding"]

_SLICE = 1 << 20  # Ids that are checked at a time.


class Embedding(Layer):
    """Replace token ids, or other whole numbers, by vectors: rows of a learnt table.

    Parameters
    ----------
    input_dim : int
        The number of rows of the table: the largest id plus 1.
    output_dim : int
        Size of a vector.
    embeddings_initializer : str or Initializer
    embeddings_regularizer : str or Regularizer, optional
    embeddings_constraint : str or Constraint, optional
    mask_zero : bool
        Whether id 0 is padding, which layers that support masks then skip.
    weights : array, optional
        The table's initial value, (input_dim, output_dim), or a list with only this array.
    input_length : int, optional
        Keras 2's spelling of ``input_shape=(input_length,)``.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    embeddings : Variable
        (input_dim, output_dim).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or ids have fractions, are negative, or not below
        ``input_dim``. ``fit``, ``evaluate`` and ``predict`` check all ids once, before any work.

    Notes
    -----
    Input (batch, ...), output (batch, ..., output_dim). Backward: a row's gradient is the sum of dy
    over all occurrences of its id; 0 for a row that the batch doesn't use. Only rows in use are
    written, and SGD without momentum changes no others. An id outside of the table that another
    layer computed, so that no check saw it, gives NaN.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Embedding(3, 2, weights=np.arange(6).reshape(3, 2))
    >>> layer(np.array([[0, 2]]))
    array([[[0., 1.],
            [4., 5.]]], dtype=float32)
    """

    recordable = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        *,
        input_length: int | None = None,
        **options: Any,
    ) -> None:
        if input_length is not None:
            length = checks.integer("Embedding", "input_length", input_length)
            options.setdefault("input_shape", (length,))
        super().__init__(**options)
        self.input_dim = checks.integer("Embedding", "input_dim", input_dim, high=2**31 - 1)
        self.output_dim = checks.integer("Embedding", "output_dim", output_dim)
        self.plan_weight(
            "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint
        )
        self.mask_zero = self.makes_mask = checks.flag("Embedding", "mask_zero", mask_zero)
        self._table = None if weights is None else self._checked_table(weights)

    def _checked_table(self, weights: Any) -> list[Any]:
        """``weights`` in a list: after a step, a layer drops attributes that are arrays."""
        weights = weights if isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights]
        table = to_numpy(weights[0], "Embedding: weights")
        if table.shape != (self.input_dim, self.output_dim) or table.dtype.kind not in "fiub":
            raise ValueError(
                f"Embedding: weights must be an array of numbers of shape "
                f"{(self.input_dim, self.output_dim)}, got shape {table.shape} of {table.dtype}"
            )
        return [table]

    def build(self, input_shape: Shape) -> None:
        """Make the table."""
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim))
        self.embeddings.rows_used = np.ones(self.input_dim, np.uint8)
        if self._table is not None:
            self.embeddings.assign(self._table[0])

    def fixed_sizes(self, shape: Shape) -> Shape:
        """None at all: the table doesn't depend on the input's shape."""
        return ()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with ``output_dim`` as an additional last size."""
        return (*input_shape, self.output_dim)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """With ``mask_zero``, True where the input is not 0; otherwise None."""
        if not self.mask_zero:
            return None
        if isinstance(x, Placeholder):  # In a call that hands the mask on by itself.
            return operate("not_equal", x, 0)
        mask = self.empty(x.shape, np.bool_)
        launch.not_zero(x, mask)
        return mask

    @property
    def input_dtype(self) -> str:
        """int32: float32 would be exact for ids up to 2**24 only."""
        return "int32"

    def check_values(self, x: Any, name: str) -> None:
        """Refuse ids that are not a row of the table."""
        flat = (x if isinstance(x, np.ndarray) else x.numpy()).reshape(-1)
        for start in range(0, flat.size, _SLICE):
            part = flat[start : start + _SLICE]
            low, high = part.min(), part.max()
            if low < 0 or high >= self.input_dim:
                raise ValueError(
                    f"layer {self.name!r} (Embedding) takes numbers from 0 to "
                    f"{self.input_dim - 1}, but {name} contains {low if low < 0 else high}; "
                    "input_dim must be one more than the largest"
                )
            if part.dtype.kind == "f" and (part != np.floor(part)).any():
                raise ValueError(
                    f"layer {self.name!r} (Embedding) takes whole numbers, but {name} has fractions"
                )

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = table[x]."""
        self.x = x
        y = self.empty((*x.shape, self.output_dim))
        launch.take_rows(x.reshape(-1), self.embeddings.value, y.reshape(-1, self.output_dim))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute the table's gradient; the ids' gradient, if anyone needs it, is 0."""
        rows = dy.reshape(-1, self.output_dim)
        gradient, used = self.embeddings.gradient, self.embeddings.rows_used
        launch.clear_rows(used, gradient)
        launch.add_rows(rows, self.x.reshape(-1), 0, used, gradient)
        if not self.propagate:
            return None
        dx = self.empty(self.x.shape)
        launch.fill(0.0, dx)
        return dx
