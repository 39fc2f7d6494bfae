"""Attention against Keras's: outputs, and gradients of all inputs and weights.

Left out is what fails in Keras 3.15 on JAX: without dropout or ``return_attention_scores``, a
``value_dim`` other than ``key_dim``; and masks together with an ``attention_mask`` of four axes.
"""

import numpy as np
import pytest

from nnkit import layers
from tests.keras.theirs import QUIET, assert_close, jax, keras

pytestmark = QUIET

ALONE = [(3, 4, 6), (3, 5, 6)]
KEYED = [(3, 4, 6), (3, 5, 7), (3, 5, 6)]
DEEP = [(2, 3, 4, 6), (2, 3, 5, 6)]
SCORES = {"return_attention_scores": True}
BOTH = SCORES | {"use_causal_mask": True}

PLAIN = [
    ("Attention", {}, ALONE, {}),
    ("Attention", {"use_scale": True}, KEYED, BOTH),
    ("Attention", {"use_scale": True, "score_mode": "concat"}, KEYED, SCORES),
    ("Attention", {"use_scale": True}, DEEP, {}),
    ("AdditiveAttention", {}, KEYED, BOTH),
    ("AdditiveAttention", {"use_scale": False}, ALONE, {}),
]
HEADS = [
    ({}, ALONE, {}),
    ({"value_dim": 4}, KEYED, BOTH),
    ({"use_gate": True, "output_shape": (3, 2)}, ALONE, {"use_causal_mask": True}),
    ({"sliding_window": 2, "use_bias": False}, KEYED, {}),
    ({"attention_axes": 2}, DEEP, SCORES),
    ({"attention_axes": -2}, DEEP, {}),
    ({"attention_axes": 1}, [(2, 4, 3, 6), (2, 5, 3, 6)], SCORES),
    ({}, DEEP, SCORES),
    ({"attention_axes": (1, 3)}, [(2, 3, 4, 2, 6), (2, 5, 4, 3, 6)], SCORES),
    ({"dropout": 0.5}, ALONE, {}),
]


def check(ours, theirs, x, masks, named, options, call):
    """``call(arrays)`` is Keras's layer."""
    rng = np.random.default_rng(3)
    ours.ensure_built([(None, *a.shape[1:]) for a in x])
    call(x)
    theirs.set_weights([rng.normal(size=w.shape) for w in theirs.get_weights()])
    for variable, value in zip(ours.weights, theirs.get_weights(), strict=True):
        variable.assign(value)
    wanted = several(call(x))
    found = ours.forward(x, False, masks, **named, **options)
    for mine, other in zip(several(found), wanted, strict=True):
        assert_close(mine, other)
    directions = [rng.normal(size=y.shape).astype(np.float32) for y in several(found)]

    def total(weights, arrays):
        pairs = zip(theirs.trainable_variables, weights, strict=True)
        with keras.StatelessScope(list(pairs)):
            outputs = several(call(arrays))
        return sum((y * d).sum() for y, d in zip(outputs, directions, strict=True))

    weights = [v.value for v in theirs.trainable_variables]
    arrays = [jax.numpy.asarray(a) for a in x]
    of_weights, of_inputs = jax.grad(total, argnums=(0, 1))(weights, arrays)
    ours.propagate = True
    dx = ours.backward(directions if isinstance(found, list) else directions[0])
    gradients = [*dx[: len(x)], *(variable.gradient for variable in ours.weights)]
    wanted = [np.asarray(a) for a in (*of_inputs, *of_weights)]
    largest = max(abs(a).max() for a in wanted)  # The bias of a key has none but for rounding.
    for mine, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(mine, other, 1e-4, 1e-5 * largest)


def several(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def arrays_of(shapes, rng):
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("name", "given", "shapes", "options"), PLAIN)
def test_attention(name, given, shapes, options, masked, rng):
    x, masks = arrays_of(shapes, rng), None
    if masked:
        if len(shapes[0]) > 3:
            pytest.skip("masks are (batch, steps)")
        masks = [rng.uniform(size=shape[:2]) < 0.6 for shape in shapes[:2]]
        masks[1][:, 0] = True
    theirs = getattr(keras.layers, name)(**given)
    ours = getattr(layers, name)(**given)
    padded = masks and [*masks, *[None] * (len(x) - 2)]
    check(ours, theirs, x, padded, {}, options, lambda a: theirs(list(a), mask=masks, **options))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("given", "shapes", "options"), HEADS)
def test_multi_head_attention(given, shapes, options, masked, rng):
    """With masks, some targets have no source."""
    x, masks, named, given_masks = arrays_of(shapes, rng), None, {}, {}
    if masked:
        if len(shapes[0]) > 3:
            pytest.skip("masks are (batch, steps)")
        masks = [None, *(rng.uniform(size=shape[:2]) < 0.6 for shape in shapes[1:])]
        names = ["value_mask", "key_mask"]
        given_masks = dict(zip(names, masks[1:], strict=False))
        named["attention_mask"] = rng.uniform(size=(3, 4, 5)) < 0.6
        named["attention_mask"][:, 1] = False
    theirs = keras.layers.MultiHeadAttention(2, 3, **given)
    ours = layers.MultiHeadAttention(2, 3, **given)
    everything = given_masks | named | options
    check(ours, theirs, x, masks, named, options, lambda a: theirs(*a, **everything))
