"""MultiHeadAttention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.arguments import refuse_unknown
from nnkit.engine.dispatch import launch
from nnkit.layers.attending import Attending, inputs_of, same_size
from nnkit.layers.attention_axes import AttentionAxes, checked_axes
from nnkit.layers.base import Layer, Shape
from nnkit.layers.inside import build_in_turn
from nnkit.layers.projection import Projection

__all__ = ["MultiHeadAttention"]

_CALL = ["query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"]
_CALL += ["return_attention_scores", "training", "use_causal_mask", "mask"]


class MultiHeadAttention(Attending):
    """Several times :class:`Attention`, each between projections of its own.

    A. Vaswani et al., 2017, "Attention is all you need".

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Features of a head's queries and keys.
    value_dim : int, optional
        Those of its values; by default ``key_dim``.
    dropout : float
        The fraction of weights to drop in training, from 0 to 1.
    use_bias : bool
        Whether the projections add a bias.
    output_shape : int or tuple of int, optional
        What takes the place of the query's features in the output; by default as many.
    attention_axes : int or tuple of int, optional
        The axes of the steps, in ascending order; by default all but batch and features. Along
        other axes, query and value have equal sizes, and places attend to their own only.
    sliding_window : int, optional
        Sources count that are fewer positions away from a target.
    flash_attention : bool, optional
        Here without effect; True excludes dropout and ``return_attention_scores``, as in Keras.
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    activity_regularizer : str or Regularizer, optional
        A penalty on what each projection gives.
    kernel_constraint, bias_constraint : str or Constraint, optional
    use_gate : bool
        Whether a projection of the query, through a sigmoid, multiplies what the heads give.
    seed : int, optional
        Of the dropout.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    query_dense, key_dense, value_dense, output_dense : Layer
        The projections. Kernels are (features, heads, key_dim), (heads, value_dim, outputs).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once shapes are known, inputs don't fit.

    Notes
    -----
    Called with ``(query, value, key=None, query_mask=None, value_mask=None, key_mask=None,
    attention_mask=None, return_attention_scores=False, training=None, use_causal_mask=False)``.
    Query (batch, ..., targets, features), value and key (batch, ..., sources, features), output
    (batch, ..., targets, features of the query). The masks of query, value and key, bool (batch,
    steps), ``attention_mask``, bool (batch, targets, sources) or (batch, heads, targets, sources),
    and ``use_causal_mask`` (no sources after the target) are joined by "and". The second output
    with ``return_attention_scores`` are the weights before dropout, (batch, ..., heads, targets,
    sources).

    As in Keras, a target without any source gives all sources equal weight if inputs are (batch,
    steps, features) and there is neither dropout nor ``return_attention_scores``; else none.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.ones((2, 5, 8))
    >>> nnkit.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    (2, 5, 8)
    """

    named_inputs = ("attention_mask",)

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(dropout, seed, **options)
        kind = "MultiHeadAttention"
        self.num_heads = checks.integer(kind, "num_heads", num_heads)
        self.key_dim = checks.integer(kind, "key_dim", key_dim)
        self.value_dim = (
            self.key_dim if value_dim is None else checks.integer(kind, "value_dim", value_dim)
        )
        self.use_bias = checks.flag(kind, "use_bias", use_bias)
        outputs = (output_shape,) if isinstance(output_shape, (int, np.integer)) else output_shape
        self.outputs = outputs and checks.shape(kind, "output_shape", outputs)
        self.attention_axes = checked_axes(attention_axes)
        if sliding_window is not None:
            checks.integer(kind, "sliding_window", sliding_window)
        self.sliding_window = sliding_window
        self.flash_attention = bool(flash_attention)
        if self.flash_attention and self.dropout:
            raise ValueError(f"{kind}: flash_attention=True excludes dropout, which is {dropout}")
        self.use_gate = checks.flag(kind, "use_gate", use_gate)
        heads = {
            "query": self.key_dim,
            "key": self.key_dim,
            **({"gate": self.value_dim} if self.use_gate else {}),
            "value": self.value_dim,
        }
        how: dict[str, Any] = {
            "kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
            "bias": (bias_initializer, bias_regularizer, bias_constraint),
            "use_bias": self.use_bias,
            "activity_regularizer": activity_regularizer,
            "dtype": self.dtype,
        }
        self.layers = [
            *(Projection((self.num_heads, n), 1, name=name, **how) for name, n in heads.items()),
            Projection(self.outputs or (), 2, name="attention_output", **how),
        ]
        if not self.trainable:
            self.trainable = False

    def _part(self, name: str) -> Any:
        return next(layer for layer in self.layers if layer.name == name)

    @property
    def query_dense(self) -> Layer:
        """The projection of the query."""
        return self._part("query")

    @property
    def key_dense(self) -> Layer:
        """The projection of the key."""
        return self._part("key")

    @property
    def value_dense(self) -> Layer:
        """The projection of the value."""
        return self._part("value")

    @property
    def output_dense(self) -> Layer:
        """The projection of what the heads give."""
        return self._part("attention_output")

    def __call__(  # type: ignore[override]
        self,
        query: Any,
        value: Any = None,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
        *,
        mask: Any = None,
        **unknown: Any,
    ) -> Any:
        """The output, or [output, weights]; see the class. ``query`` may be a list of all inputs.

        Raises
        ------
        TypeError
            There is no value, or an argument is unknown.
        """
        refuse_unknown(f"layer {self.name!r}", unknown, _CALL)
        if value is None and not isinstance(query, (list, tuple)):
            raise TypeError(
                f"layer {self.name!r} (MultiHeadAttention) is called with a query and a value; for "
                "attention of a sequence to itself, give it twice"
            )
        key = value if key is None and key_mask is not None else key
        given = [*query] if value is None else [query, value, *([] if key is None else [key])]
        masks = [query_mask, value_mask, key_mask][: len(given)]
        if any(one is not None for one in masks):
            mask = masks
        named = {"attention_mask": attention_mask, "mask": mask, "training": training}
        named = {name: value for name, value in named.items() if value is not None}
        if return_attention_scores:
            named["return_attention_scores"] = True
        if use_causal_mask:
            named["use_causal_mask"] = True
        return super().__call__(given, **named)

    def build(self, input_shape: Any) -> None:
        """Make the projections' weights."""
        query, value, key, _ = self._checked(input_shape)
        inner = (*query[:-1], self.num_heads, self.value_dim)
        self._part("attention_output").outputs = self.outputs or query[-1:]
        shapes = {"query": query, "key": key, "gate": query, "value": value}
        for layer in self.layers:
            build_in_turn(self.name, [layer], shapes.get(layer.name, inner))

    def _checked(self, shapes: Any) -> tuple[Shape, Shape, Shape, AttentionAxes]:
        query, value, key = self.check_inputs(shapes)
        axes = AttentionAxes(self, self.attention_axes, len(query))
        if not all(same_size(query[i], key[i]) for i in (0, *axes.places)):
            raise ValueError(
                f"layer {self.name!r} (MultiHeadAttention): query and value must have equal sizes "
                f"but for the axes of attention, {axes.steps}, and the features, got {query} and "
                f"{value}"
            )
        return query, value, key, axes

    def compute_output_shape(
        self,
        input_shape: Any,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        """The query's shape with other features; and that of the weights."""
        query, _, key, axes = self._checked(input_shape)
        shape = (*query[:-1], *(self.outputs or query[-1:]))
        if use_causal_mask and len(axes.steps) > 1:
            raise ValueError(
                f"layer {self.name!r} (MultiHeadAttention): use_causal_mask needs one axis of "
                f"attention, there are {axes.steps}; say which by attention_axes"
            )
        if not return_attention_scores:
            return shape
        if self.flash_attention:
            raise ValueError(
                f"layer {self.name!r} (MultiHeadAttention) has flash_attention=True, which "
                "excludes return_attention_scores"
            )
        return [shape, self._shape_of_weights(query, key, axes)]

    def _shape_of_weights(self, query: Shape, key: Shape, axes: AttentionAxes) -> Shape:
        places = [query[i] for i in axes.places]
        steps = [sizes[i] for sizes in (query, key) for i in axes.steps]
        return (query[0], *places, self.num_heads, *steps)

    def forward(
        self,
        x: Any,
        training: bool = False,
        mask: list[np.ndarray | None] | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
        attention_mask: np.ndarray | None = None,
    ) -> Any:
        """y = the projection of softmax(query key^T / sqrt(key_dim)) value, of all heads."""
        shapes = inputs_of([array.shape for array in x])
        self._axes = axes = AttentionAxes(self, self.attention_axes, x[0].ndim)
        shape: Any = self._shape_of_weights(shapes[0], shapes[2], axes)
        self._inputs, self._has_mask = len(x), attention_mask is not None
        query, value, key = inputs_of([axes.steps_last(array) for array in x])
        self._before = {"query": query.shape, "value": value.shape, "key": key.shape}
        self._query = axes.stacked(self._run("query", query, training))
        self._key = axes.stacked(self._run("key", key, training))
        self._value = axes.stacked(self._run("value", value, training))
        scores = self.multiplied(self._query, self._key.swapaxes(2, 3))
        masks = [
            axes.spread(one, sizes, of_query=i == 0)
            for i, (one, sizes) in enumerate(zip(mask or [], shapes, strict=False))
            if one is not None
        ]
        if attention_mask is not None:
            masks.append(axes.spread_over_scores(attention_mask, shape))
        plain = x[0].ndim == 3 and not self.dropout and not return_attention_scores
        sources = scores.shape[3]
        self.weigh(
            scores.reshape(x[0].shape[0], -1, *scores.shape[1:]),
            masks,
            training,
            causal=use_causal_mask,
            window=self.sliding_window,
            factor=1 / math.sqrt(self.key_dim),
            nothing=1 / sources if plain and sources else 0.0,
        )
        found = self.empty((*query.shape[:-1], self.num_heads, self.value_dim))
        launch.matmul_stack(self.kept.reshape(scores.shape), self._value, axes.stacked(found))
        if self.use_gate:
            found = self._gated(found, self._run("gate", query, training))
        y = axes.steps_back(self._run("attention_output", found, training))
        self._gives_weights = return_attention_scores
        return [y, self.shares.reshape(shape)] if return_attention_scores else y

    def backward(self, dy: Any) -> Any:
        """The projections' gradients, and those of the inputs."""
        dy, dweights = dy if self._gives_weights else (dy, None)
        for layer in self.layers:
            layer.propagate = self.propagate
        self.output_dense.propagate = True
        found = self._run_backward("attention_output", self._axes.steps_last(dy))
        if self.use_gate:
            found, dgate = self._gated_backward(found)
        stack = self._axes.stacked(found)
        dkept = self.multiplied(stack, self._value.swapaxes(2, 3))
        dscores = self.weigh_backward(dkept.reshape(self.shares.shape), dweights)
        dscores, kept = dscores.reshape(dkept.shape), self.kept.reshape(dkept.shape)
        dquery = self._projected_back("query", dscores, self._key)
        dkey = self._projected_back("key", dscores.swapaxes(2, 3), self._query)
        dvalue = self._projected_back("value", kept.swapaxes(2, 3), stack)
        of_gate = self._run_backward("gate", dgate) if self.use_gate else None
        if not self.propagate:
            return None
        if of_gate is not None:
            dquery = self.summed(dquery, of_gate)
        gradients = [dquery, dvalue, dkey]
        if self._inputs == 2:
            gradients = [dquery, self.summed(dvalue, dkey)]
        return [*map(self._axes.steps_back, gradients), *([None] if self._has_mask else [])]

    def _run(self, name: str, x: np.ndarray, training: bool) -> np.ndarray:
        """What a projection gives, and the penalty on it sees."""
        for part in self._part(name).parts():
            x = part.forward(x, training)
        return x

    def _run_backward(self, name: str, dy: np.ndarray) -> Any:
        for part in reversed(self._part(name).parts()):
            dy = part.backward(dy)
        return dy

    def _projected_back(self, name: str, a: np.ndarray, b: np.ndarray) -> Any:
        """The gradient of an input, where that of its projection is the stack of products a b."""
        dy = self.empty((*self._before[name][:-1], *self._part(name).outputs))
        launch.matmul_stack(a, b, self._axes.stacked(dy))
        return self._run_backward(name, dy)

    def _gated(self, found: np.ndarray, x: np.ndarray) -> np.ndarray:
        self._found, self._gate = found, self.empty(x.shape)
        launch.sigmoid(x, self._gate)
        y = self.empty(found.shape)
        launch.multiply(found, self._gate, y)
        return y

    def _gated_backward(self, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dfound, dgate, dx = (self.empty(dy.shape) for _ in range(3))
        launch.multiply(dy, self._gate, dfound)
        launch.multiply(dy, self._found, dgate)
        launch.sigmoid_backward(dgate, self._gate, dx)
        return dfound, dx
