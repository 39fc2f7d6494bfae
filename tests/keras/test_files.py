"""Files of nested models: what either side writes, the other reads."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from tests.keras.theirs import QUIET, assert_close, loaded

pytestmark = QUIET


def block(frozen):
    """A model as a layer, whose weights Keras orders otherwise when it is frozen."""
    inside = [layers.Dense(3), layers.BatchNormalization(), layers.Dense(2, activation="tanh")]
    return nnkit.Sequential(inside, trainable=not frozen)


def old_sigmoid():
    """Keras 2's hard_sigmoid, which Keras 3 has no name for."""
    return layers.HardSigmoid(slope=0.2)


MODELS = {
    "recurrent": lambda: [
        layers.Embedding(9, 3, mask_zero=True),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        layers.GRU(2, return_sequences=True, dropout=0.1),
        layers.TimeDistributed(layers.Dense(2)),
        layers.SimpleRNN(3),
    ],
    "nested": lambda: [layers.Dense(4), block(False), block(False)],
    "frozen": lambda: [block(True), layers.Dense(4)],
    "deep": lambda: [nnkit.Sequential([block(False), layers.ReLU(), block(True)])],
    "images": lambda: [
        layers.Reshape((6, 6, 1)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(2, padding="same"),
        layers.MaxPooling2D(),
        layers.Flatten("channels_first"),
    ],
    "volumes": lambda: [
        layers.Reshape((3, 4, 3, 1)),
        layers.Conv3D(2, 2, activation="relu"),
        layers.Conv3DTranspose(2, 2, 2, data_format="channels_last"),
        layers.MaxPooling3D((2, 3, 2)),
        layers.Reshape((-1, 2)),
        layers.SeparableConv1D(3, 2, padding="same"),
        layers.Conv1DTranspose(2, 3),
        layers.DepthwiseConv1D(2),
        layers.Reshape((1, -1, 2)),
        layers.SeparableConv2D(3, 1, depth_multiplier=2, use_bias=False),
    ],
    "old": lambda: [
        layers.LSTM(3, recurrent_activation=old_sigmoid(), return_sequences=True, name="a/b"),
        layers.Bidirectional(layers.GRU(3, "relu", old_sigmoid(), return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3, activation=old_sigmoid()), name="a_b"),
        old_sigmoid(),
        layers.GRU(4, recurrent_activation=old_sigmoid(), reset_after=False, name="größe: 4"),
    ],
}


@pytest.mark.parametrize("kind", MODELS)
def test_there_and_back(kind, rng, tmp_path):
    """Whole models and both kinds of files of weights, with weights that are all different.

    Keras takes no notice of the checksums in ours, and has none in its own.
    """
    shape = {"recurrent": (5,), "images": (36,), "volumes": (36,), "old": (5, 3)}.get(kind, (3,))
    x = rng.integers(0, 9, (4, *shape)).astype(np.float32)
    ours = nnkit.Sequential([nnkit.Input(shape), *MODELS[kind]()])
    ours.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in ours.get_weights()])
    wanted = ours.predict(x)
    ours.save(tmp_path / "ours.h5")
    theirs = loaded(tmp_path / "ours.h5")
    assert_close(theirs(x), wanted)
    theirs.save(tmp_path / "theirs.h5")
    assert_close(nnkit.load_model(tmp_path / "theirs.h5").predict(x), wanted)
    weights = [np.array(w) for w in theirs.get_weights()]
    for name in ("w.h5", "w.weights.h5"):
        ours.save_weights(tmp_path / name)
        theirs.set_weights([0 * w for w in weights])
        theirs.load_weights(tmp_path / name)
        assert_close(theirs(x), wanted)
    theirs.save_weights(tmp_path / "t.weights.h5")
    other = nnkit.Sequential([nnkit.Input(shape), *MODELS[kind]()])
    other.load_weights(tmp_path / "t.weights.h5")
    assert_close(other.predict(x), wanted)
