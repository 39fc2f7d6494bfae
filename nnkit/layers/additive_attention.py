"""AdditiveAttention."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.layers.attention import Attention
from nnkit.layers.base import Shape

__all__ = ["AdditiveAttention"]


class AdditiveAttention(Attention):
    """:class:`Attention` with scores that are weighted sums of tanh(query + key).

    D. Bahdanau, K. Cho, Y. Bengio, 2015, "Neural machine translation by jointly learning to align
    and translate".

    Parameters
    ----------
    use_scale : bool
        Whether the weights are learned; otherwise all are 1.
    dropout : float
        The fraction of weights to drop in training, from 0 to 1.
    seed : int, optional
        Of the dropout.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    scale : Variable or None
        (features,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once shapes are known, inputs don't fit.

    Notes
    -----
    Inputs, output and further arguments of a call are those of :class:`Attention`. Backward, with
    h = tanh(q + k) and s = sum(scale h): d scale = sum(ds h), dq = sum(ds scale (1 - h^2)) over the
    sources, dk the same over the targets.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> query, value = np.ones((1, 1, 2)), np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> nnkit.layers.AdditiveAttention(use_scale=False)([query, value])
    array([[[0.5, 0.5]]], dtype=float32)
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **options)

    def fixed_sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """The number of features."""
        return shape[-1:]

    def build(self, input_shape: Any) -> None:
        """Make the weights of the features."""
        self.compute_output_shape(input_shape)
        features = input_shape[0][-1]
        self.scale = self.add_weight("scale", (features,)) if self.use_scale else None

    def score(self, query: np.ndarray, key: np.ndarray) -> np.ndarray:
        """How well each key fits each query; (batch, 1, targets, sources)."""
        return self.additive(query, key, None, self.scale)

    def score_backward(self, dscores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of query and key."""
        gradients: tuple[np.ndarray, np.ndarray] = self.additive_backward(dscores, None, self.scale)
        return gradients
