"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.attending import Attending, inputs_of
from nnkit.layers.base import Shape

__all__ = ["Attention"]

_ONE = {dtype: np.ones(1, dtype) for dtype in ("float32", "float64")}


class Attention(Attending):
    """For each step of a query the mean of a value's steps, weighted by how well keys fit it.

    M.-T. Luong, H. Pham, C. D. Manning, 2015, "Effective approaches to attention-based neural
    machine translation".

    Parameters
    ----------
    use_scale : bool
        Whether a learned number multiplies the scores (with ``"concat"``: what tanh is taken of).
    score_mode : {"dot", "concat"}
        How well a key k fits a query q: q · k, or c times the sum of tanh(q + k), c learned.
    dropout : float
        The fraction of weights to drop in training, from 0 to 1.
    seed : int, optional
        Of the dropout.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    scale, concat_score_weight : Variable or None
        Numbers, (), at first 1.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once shapes are known, inputs don't fit.

    Notes
    -----
    Called with ``[query, value]`` or ``[query, value, key]``; without a key, the value is the key.
    Query (batch, ..., targets, features), key (batch, ..., sources, features), value (batch, ...,
    sources, n), output (batch, ..., targets, n). Further arguments of a call:

    mask
        ``[query_mask, value_mask]``: sources whose mask is False get weight 0. The output is 0
        where the query's mask is False. Without any source that counts, all have equal weights.
    use_causal_mask
        True: the sources of target i are those up to i.
    return_attention_scores
        True: there is a second output, the weights, (batch, ..., targets, sources).

    Backward: with w = softmax(s), y = w v: dv = w^T dy, ds = w (dw - sum(dw w)), dw = dy v^T.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> query, value = np.ones((1, 1, 2)), np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> nnkit.layers.Attention()([query, value])
    array([[[0.5, 0.5]]], dtype=float32)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(dropout, seed, **options)
        kind = type(self).__name__
        self.use_scale = checks.flag(kind, "use_scale", use_scale)
        self.score_mode = checks.one_of(kind, "score_mode", score_mode, ("dot", "concat"))

    def __call__(self, x: Any = None, *more: Any, **named: Any) -> Any:
        """The output, or [output, weights]; see the class."""
        mask = named.get("mask")
        if isinstance(mask, (list, tuple)) and isinstance(x, (list, tuple)):
            named["mask"] = [*mask, *[None] * (len(x) - len(mask))]  # A key's has no effect.
        return super().__call__(x, *more, **named)

    def build(self, input_shape: Any) -> None:
        """Make the numbers that are learned."""
        self.compute_output_shape(input_shape)
        self.scale = self.add_weight("scale", (), "ones") if self.use_scale else None
        concat = self.score_mode == "concat"
        name = "concat_score_weight"
        self.concat_score_weight = self.add_weight(name, (), "ones") if concat else None

    def fixed_sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """None at all: what is learned are numbers."""
        return ()

    def compute_output_shape(
        self,
        input_shape: Any,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        """The query's shape, with the value's features; and that of the weights."""
        query, value, key = self.check_inputs(input_shape)
        if query[1:-2] != key[1:-2] or query[-1] != key[-1]:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): query and key must be of one shape "
                f"but for the steps, got {query} and {key}"
            )
        shape = (*query[:-1], value[-1])
        return [shape, (*query[:-1], key[-2])] if return_attention_scores else shape

    def forward(
        self,
        x: Any,
        training: bool = False,
        mask: list[np.ndarray | None] | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        """y = softmax(scores) value."""
        self._shapes = [array.shape for array in x]
        query, value, key = inputs_of([_stack(array) for array in x])
        batch, _, targets, _ = query.shape
        sources = key.shape[2]
        query_mask, value_mask, *_ = mask or (None, None)
        self._query, self._value, self._key = query, value, key
        scores = self.score(query, key).reshape(batch, 1, 1, targets, sources)
        masks = [] if value_mask is None else [self._mask(value_mask).reshape(batch, 1, 1, 1, -1)]
        self.weigh(scores, masks, training, causal=use_causal_mask, nothing=1 / max(sources, 1))
        y = self.multiplied(self.kept.reshape(batch, 1, targets, sources), value)
        self._query_mask = None if query_mask is None else self._mask(query_mask).reshape(-1)
        shape, weights = self._shapes[0][:-1], self.kept
        y = self._where_query_counts(y).reshape(*shape, value.shape[3])
        self._gives_weights = return_attention_scores
        return [y, weights.reshape(*shape, sources)] if return_attention_scores else y

    def backward(self, dy: Any) -> Any:
        """The gradients of the inputs, and of the numbers that are learned."""
        dy, dkept = dy if self._gives_weights else (dy, None)
        stack = (*self._query.shape[:3], self._value.shape[3])
        dy = self._where_query_counts(dy.reshape(stack))
        dweights = self.multiplied(dy, self._value.swapaxes(2, 3))
        if dkept is not None:
            dweights = self.summed(dweights, dkept.reshape(dweights.shape))
        dscores = self.weigh_backward(dweights.reshape(self.shares.shape))
        dquery, dkey = self.score_backward(dscores.reshape(dweights.shape))
        if not self.propagate:
            return None
        dvalue = self.multiplied(self.kept.reshape(dweights.shape).swapaxes(2, 3), dy)
        gradients = [dquery, dvalue, dkey]
        if len(self._shapes) == 2:
            gradients = [dquery, self.summed(dvalue, dkey)]
        return [g.reshape(s) for g, s in zip(gradients, self._shapes, strict=True)]

    def score(self, query: np.ndarray, key: np.ndarray) -> np.ndarray:
        """How well each key fits each query; (batch, 1, targets, sources)."""
        if self.score_mode == "concat":
            return self.additive(query, key, self.scale, self.concat_score_weight)
        self._scores = self.multiplied(query, key.swapaxes(2, 3))
        return self._scaled(self._scores)

    def score_backward(self, dscores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of query and key."""
        if self.score_mode == "concat":
            return self.additive_backward(dscores, self.scale, self.concat_score_weight)
        if self.scale is not None:
            row, column = dscores.reshape(1, -1), self._scores.reshape(-1, 1)
            launch.matmul(row, column, self.scale.gradient.reshape(1, 1))
        if not self.propagate:
            return dscores, dscores  # Nobody looks at them.
        dscores = self._scaled(dscores)
        dquery = self.multiplied(dscores, self._key)
        return dquery, self.multiplied(dscores.swapaxes(2, 3), self._query)

    def additive(self, query: np.ndarray, key: np.ndarray, factor: Any, weight: Any) -> np.ndarray:
        """Scores that are sums over the features of weight tanh(factor (query + key))."""
        scores = self.empty((query.shape[0], 1, query.shape[2], key.shape[2]))
        launch.additive_scores(
            _steps(query), _steps(key), self._or_one(factor), self._or_one(weight), _steps(scores)
        )
        return scores

    def additive_backward(self, dscores: np.ndarray, factor: Any, weight: Any) -> Any:
        """The gradients of query and key, and of the factor and the weight if there are any."""
        dquery, dkey = self.empty(self._query.shape), self.empty(self._key.shape)
        sums = (dquery.shape[0], dquery.shape[3])
        dfactor, dweight = self.empty(sums), self.empty(sums)
        arrays = (dscores, self._query, self._key)
        launch.additive_scores_backward(
            *map(_steps, arrays),
            self._or_one(factor),
            self._or_one(weight),
            *map(_steps, (dquery, dkey)),
            dfactor,
            dweight,
        )
        for variable, terms in ((factor, dfactor), (weight, dweight)):
            if variable is not None:
                total = variable.gradient.reshape(-1)
                launch.sum_rows(terms.reshape(-1, total.size), 0, total)
        return dquery, dkey

    def _or_one(self, variable: Any) -> np.ndarray:
        return _ONE[self.dtype] if variable is None else variable.value.reshape(-1)

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        """The learned number times x: a product of a column and that number."""
        if self.scale is None:
            return x
        y = self.empty(x.shape)
        number = self.scale.value.reshape(1, 1)
        launch.matmul(x.reshape(-1, 1), number, y.reshape(-1, 1))
        return y

    def _mask(self, mask: np.ndarray) -> np.ndarray:
        if len(self._shapes[0]) > 3:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) takes masks for inputs of shape "
                f"(batch, steps, features) only, got inputs of shape {self._shapes[0]}"
            )
        return mask

    def _where_query_counts(self, x: np.ndarray) -> np.ndarray:
        if self._query_mask is None:
            return x
        y = self.empty(x.shape)
        rows = (self._query_mask.size, x.shape[3])
        launch.keep_steps(x.reshape(rows), self._query_mask, y.reshape(rows))
        return y


def _stack(x: np.ndarray) -> np.ndarray:
    """(batch, ..., steps, features) as (all before, 1, steps, features)."""
    return x.reshape(math.prod(x.shape[:-2]), 1, *x.shape[-2:])


def _steps(x: np.ndarray) -> np.ndarray:
    """A stack without its axis of size 1."""
    return x.reshape(x.shape[0], *x.shape[2:])
