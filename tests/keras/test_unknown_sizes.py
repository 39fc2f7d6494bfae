"""Layers for sizes of None against Keras's: the shapes that they state, and what they give."""

import pytest

from nnkit.layers.conv_lstm import ConvLSTM
from nnkit.testing import flat
from tests.keras.theirs import QUIET, assert_close, keras, loaded
from tests.layers.catalogue import LAYERS
from tests.layers.test_unknown_sizes import batch_of, built, doubled, forward, free_axes, unknown

pytestmark = QUIET

CASES = [
    case
    for case in LAYERS
    if isinstance(case.shape, tuple)
    and not (case.named or case.batch or isinstance(case.keras, str))
]


def pair(case, shape, path):
    """Two layers with the same weights, nnkit's and, in a model of any length, Keras's."""
    ours, model = built(case, shape), case.model()
    ours.set_weights(model.layers[-1].get_weights())
    weights = ours.get_weights()
    if case.keras is None:
        model.save(path, include_optimizer=False)
        fixed = loaded(path).layers[-1]
        theirs, weights = type(fixed).from_config(fixed.get_config()), fixed.get_weights()
    else:
        theirs = case.keras(keras)
    x = keras.Input(shape)
    masked = keras.layers.Masking()(x) if case.masked else x
    whole = keras.Model(x, theirs(masked))
    theirs.set_weights(weights)
    return ours, whole


@pytest.mark.parametrize("case", CASES, ids=str)
def test_any_length(case, rng, files):
    for axes in free_axes(case)[-1:]:  # All of them together.
        if isinstance(case.layer, ConvLSTM):
            axes = axes[:1]  # Keras's takes images of one size only.
        shape = unknown(case.shape, axes)
        ours, theirs = pair(case, shape, files())
        stated = ours.compute_output_shape((None, *shape))
        outputs = theirs.output
        several = isinstance(outputs, (list, tuple))
        assert stated == ([y.shape for y in outputs] if several else outputs.shape)
        for actual in (doubled(case.shape, axes), case.shape):
            x, mask = batch_of(case, ours, rng, actual)
            found, _ = forward(ours, x, mask, training=False)
            wanted = theirs(x, training=False)
            for one, other in zip(flat(found), list(wanted) if several else [wanted], strict=True):
                assert_close(one, other)
