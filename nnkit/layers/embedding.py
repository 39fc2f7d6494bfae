"""Embedding: a vector for each of a number of things."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.engine.device import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Embedding"]

_SLICE = 1 << 20  # Numbers that are checked at once.


class Embedding(Layer):
    """Turns whole numbers, of words for example, into vectors: the rows of a table.

    Parameters
    ----------
    input_dim : int
        Rows of the table: one more than the largest number.
    output_dim : int
        Size of a vector.
    embeddings_initializer : str or Initializer
    embeddings_regularizer : str or Regularizer, optional
    embeddings_constraint : str or Constraint, optional
    mask_zero : bool
        Whether 0 stands for no word, so that layers which know masks leave it out.
    weights : array, optional
        The table to begin with, (input_dim, output_dim), or a list with nothing but it.
    input_length : int, optional
        Keras 2's way to say ``input_shape=(input_length,)``.
    **options
        Those of :class:`Layer`.

    Attributes
    ----------
    embeddings : Variable
        (input_dim, output_dim).

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or data has fractions, or numbers below 0 or from
        ``input_dim`` on. ``fit``, ``evaluate`` and ``predict`` look once, before any work.

    Notes
    -----
    Input (batch, ...), output (batch, ..., output_dim). Backward: a row's gradient is the sum of dy
    over all places with its number; 0 for a row that the batch doesn't use. Only rows that are used
    are written, and SGD without momentum changes no others. A number outside of the table that was
    not seen before, because another layer computed it, gives NaN.

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
        self.mask_zero = checks.flag("Embedding", "mask_zero", mask_zero)
        self._table = None if weights is None else self._checked_table(weights)

    def _checked_table(self, weights: Any) -> list[Any]:
        """A list of one array: attributes that are arrays last for a step only."""
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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's, with ``output_dim`` as one more axis."""
        return (*input_shape, self.output_dim)

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """With ``mask_zero``, where the input is not 0."""
        if not self.mask_zero:
            return None
        mask = self.empty(x.shape, np.bool_)
        launch.not_zero(x, mask)
        return mask

    @property
    def makes_mask(self) -> bool:
        """Whether 0 stands for no word."""
        return self.mask_zero

    @property
    def input_dtype(self) -> str:
        """Whole numbers stay what they are: float32 holds those up to 2**24 only."""
        return "int32"

    def check_values(self, x: Any, name: str) -> None:
        """Refuse numbers that no row of the table has."""
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
        """y = the rows of the table that x names."""
        self.x = x
        y = self.empty((*x.shape, self.output_dim))
        launch.take_rows(x.reshape(-1), self.embeddings.value, y.reshape(-1, self.output_dim))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """The gradient of the table; that of whole numbers, if anyone needs it, is 0."""
        rows = dy.reshape(-1, self.output_dim)
        gradient, used = self.embeddings.gradient, self.embeddings.rows_used
        launch.clear_rows(used, gradient)
        launch.add_rows(rows, self.x.reshape(-1), 0, used, gradient)
        if not self.propagate:
            return None
        dx = self.empty(self.x.shape)
        launch.fill(0.0, dx)
        return dx

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data, without ``weights``."""
        config = super().get_config()
        del config["weights"]
        return config
