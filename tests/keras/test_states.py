"""Encoder-decoder models against Keras's: states as inputs and outputs, through ten steps."""

import numpy as np
import pytest

import nnkit
from nnkit import optimizers
from tests.keras.theirs import QUIET, assert_close, keras, training_step

pytestmark = QUIET

FEATURES, UNITS, BATCH = 3, 4, 5


def encoder_decoder(library, kind, options):
    given, asked = library.Input((None, FEATURES)), library.Input((None, 2))
    layers = library.layers
    encoder = getattr(layers, kind)(UNITS, return_state=True, **options)
    if library is keras:  # Its SimpleRNN forgets the argument.
        encoder.activity_regularizer = keras.regularizers.get(options.get("activity_regularizer"))
    _, *states = encoder(layers.Masking()(given))
    decoder = getattr(layers, kind)(UNITS, return_sequences=True, return_state=True)
    sequence, *last = decoder(asked, initial_state=states)
    both = layers.Concatenate()([sequence, layers.RepeatVector(3)(last[-1])])
    return library.Model([given, asked], layers.Dense(2)(both))


def in_both_directions(library, kind, options):
    given, asked = library.Input((None, FEATURES)), library.Input((None, 2))
    layers = library.layers

    def both(**more):
        return layers.Bidirectional(
            getattr(layers, kind)(UNITS, **options, **more), merge_mode=None
        )

    _, _, *states = both(return_state=True)(layers.Masking()(given))
    forth, back = both(return_sequences=True)(asked, initial_state=states)
    return library.Model([given, asked], layers.Dense(2)(layers.Multiply()([forth, back])))


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (encoder_decoder, {}),
        (encoder_decoder, {"go_backwards": True, "activity_regularizer": "l2"}),
        (in_both_directions, {}),
    ],
)
def test_encoder_decoder(make, kind, options, rng):
    ours = make(nnkit, kind, options)
    theirs = make(keras, kind, options)
    ours.set_weights([0.5 * rng.normal(size=w.shape) for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    rate = 0.1
    ours.compile(optimizers.SGD(rate), "mse")
    step = training_step(theirs)
    trained = [v.value for v in theirs.trainable_variables]
    others = [v.value for v in theirs.non_trainable_variables]
    for _ in range(10):
        given = rng.normal(size=(BATCH, 4, FEATURES)).astype(np.float32)
        given[rng.uniform(size=given.shape[:2]) < 0.3] = 0
        x = [given, rng.normal(size=(BATCH, 3, 2)).astype(np.float32)]
        y = rng.normal(size=(BATCH, 3, 2)).astype(np.float32)
        loss, gradients, y_pred, others = step(trained, others, x, y)
        assert_close(ours.predict(x), y_pred)
        assert_close(ours.train_on_batch(x, y), loss)
        trained = [w - rate * g for w, g in zip(trained, gradients[0], strict=True)]
    for mine, value in zip(ours.trainable_weights, trained, strict=True):
        assert_close(mine.value, value)
