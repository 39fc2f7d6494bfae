"""Attending: the base class of layers whose targets give each source a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.random_layer import RandomLayer

__all__ = ["Attending", "inputs_of", "same_size"]

_EVERYWHERE = 2**31  # Further than any source is away.
_ALL = np.ones((1, 1, 1, 1, 1), bool)  # The mask where all count: it is shared along each axis.


class Attending(RandomLayer, abstract=True):
    """A layer that makes weights of scores, by softmax over the sources that count.

    Parameters
    ----------
    dropout : float
        The fraction of weights to drop in training, from 0 to 1.
    seed : int, optional
        Of the dropout.
    **options
        Arguments of :class:`Layer`.
    """

    takes_list = True
    uses_mask = True
    call_options = ("use_causal_mask", "return_attention_scores")

    def __init__(self, dropout: float = 0.0, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.dropout = checks.number(type(self).__name__, "dropout", dropout, "[0, 1]")

    def fixed_sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """The number of features: weights don't depend on the number of steps."""
        return shape[-1:]

    def ensure_built(self, input_shape: Any) -> None:
        """Build once; later inputs must fit each other, and the weights."""
        self.compute_output_shape(input_shape)
        if self.input_shape is None:
            super().ensure_built(input_shape)
            return
        first: Any = self.input_shape
        both = inputs_of(first), inputs_of(input_shape)
        fixed = [[self.fixed_sizes(shape) for shape in shapes] for shapes in both]
        if self.variables and fixed[0] != fixed[1]:
            features = [[shape[-1] for shape in shapes] for shapes in both]
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) was built for query, value and key "
                f"of {features[0]} features, got {features[1]}"
            )

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """The query's mask."""
        return mask[0] if isinstance(mask, list) else mask

    def weigh(
        self,
        scores: np.ndarray,
        masks: Sequence[np.ndarray],
        training: bool,
        *,
        causal: bool = False,
        window: int | None = None,
        factor: float = 1.0,
        nothing: float = 0.0,
    ) -> None:
        """Make ``shares`` of scores, and of these what is left after ``dropout``, ``kept``.

        Parameters
        ----------
        scores : numpy.ndarray
            (batch, places, heads, targets, sources).
        masks : sequence of numpy.ndarray
            bool, with the axes of the scores, which may be of size 1. Sources count where all are
            True.
        training : bool
        causal : bool
            Whether a target's sources are those up to its own position.
        window : int, optional
            How many positions they are at most away, plus 1.
        factor : float
            For the scores.
        nothing : float
            What all weights of a target are for which no source counts.
        """
        mask = masks[0] if masks else _ALL
        for other in masks[1:]:
            joined = self.empty(np.broadcast_shapes(mask.shape, other.shape), bool)
            launch.join_masks(mask, other, 0, joined)
            mask = joined
        before = _EVERYWHERE if window is None else window - 1
        self._counts = mask, before, 0 if causal else before, factor
        self.shares = self.empty(scores.shape)
        launch.masked_softmax(scores, *self._counts, nothing, 0, self.shares)
        self._drops = training and self.dropout > 0
        self.kept = self._dropped(self.shares) if self._drops else self.shares

    def weigh_backward(self, dkept: np.ndarray, dweights: np.ndarray | None = None) -> np.ndarray:
        """The gradient of the scores, given that of ``kept``, and perhaps one of ``shares``."""
        total = self._dropped(dkept) if self._drops else dkept
        if dweights is not None:
            dkept, total = total, self.empty(dkept.shape)
            launch.add(dkept, dweights.reshape(dkept.shape), total)
        dscores = self.empty(total.shape)
        launch.masked_softmax_backward(total, self.shares, *self._counts, 0, dscores)
        return dscores

    def _dropped(self, x: np.ndarray) -> np.ndarray:
        y = self.empty(x.shape)
        launch.dropout(x, self.dropout, self.key, self.counter, 0, y)
        return y

    def multiplied(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The products of two stacks of matrices, (batch, heads, m, k) and (batch, heads, k, n)."""
        c = self.empty((*a.shape[:3], b.shape[3]))
        launch.matmul_stack(a, b, c)
        return c

    def summed(self, dvalue: np.ndarray, dkey: np.ndarray) -> np.ndarray:
        """The gradient of a value that is also the key."""
        total = self.empty(dvalue.shape)
        launch.add(dvalue, dkey, total)
        return total

    def check_inputs(self, shapes: Any) -> tuple[Shape, Shape, Shape]:
        """Shapes of query, value and key; without a key, that is the value.

        Raises
        ------
        ValueError
            They are not two or three, or don't fit each other.
        """
        kind = f"layer {self.name!r} ({type(self).__name__})"
        if not isinstance(shapes, list) or not 2 <= len(shapes) <= 3:
            count = len(shapes) if isinstance(shapes, list) else 1
            raise ValueError(
                f"{kind} takes a list of two or three inputs, [query, value] or [query, value, "
                f"key], got {count}"
            )
        query, value, key = inputs_of([tuple(shape) for shape in shapes])
        if min(map(len, (query, value, key))) < 3 or not len(query) == len(value) == len(key):
            raise ValueError(
                f"{kind}: query, value and key must each be (batch, ..., steps, features), with "
                f"equally many axes, got {query}, {value} and {key}"
            )
        if not all(map(same_size, value[:-1], key[:-1])):
            raise ValueError(
                f"{kind}: value and key must be of one shape but for the features, got {value} and "
                f"{key}"
            )
        return query, value, key


def inputs_of(x: list[Any]) -> tuple[Any, Any, Any]:
    """Query, value and key of the two or three inputs."""
    return x[0], x[1], x[-1]


def same_size(size: int | None, other: int | None) -> bool:
    """Whether two sizes may be equal: None is any."""
    return None in (size, other) or size == other
