"""Random graphs, built here and in Keras from one seed: equal, also after ten steps."""

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras

NO_MASKS = "ignore:.*(does not support masking|takes no notice of the mask):UserWarning"
pytestmark = [QUIET, pytest.mark.filterwarnings(NO_MASKS)]

SIZE, BATCH, LENGTH, STEPS = 4, 6, 5, 10
LOSSES = {
    "linear": "mse",
    "sigmoid": "binary_crossentropy",
    "softmax": "categorical_crossentropy",
}


class AsPredicted(keras.layers.BatchNormalization):
    """``layer(x, training=False)`` of nnkit: in Keras, ``fit`` sets the flag all the same."""

    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=False, mask=mask)


class Maker:
    """A model from random choices, which do not depend on the library.

    Attributes
    ----------
    flat : list
        Placeholders of shape (None, SIZE).
    sequences : list
        Placeholders of shape (None, None, SIZE), some with a mask.
    """

    def __init__(self, library, seed):
        self.library, self.layers, self.ops = library, library.layers, library.ops
        self.rng = np.random.default_rng(seed)
        self.shared = {
            "dense": self.layers.Dense(SIZE, "tanh", name="shared"),
            "model": self.nested("nested"),
        }

    def nested(self, name):
        """A model in which a layer is used twice, and batches are normalized."""
        x = self.library.Input((SIZE,))
        dense = self.layers.Dense(SIZE, "sigmoid")
        once = dense(x)
        twice = self.layers.BatchNormalization(momentum=0.8)(dense(once) + x)
        return self.library.Model(x, self.layers.Add()([once, twice]), name=name)

    def among(self, *names):
        return str(self.rng.choice(names))

    def one_of(self, values):
        return values[self.rng.integers(len(values))]

    def model(self):
        given = {"table": self.library.Input((SIZE,), name="table")}
        self.flat, self.sequences = [given["table"]], []
        ids = self.library.Input((None,), dtype="int32", name="ids")
        masked = bool(self.rng.integers(2))
        embedding = self.layers.Embedding(7, SIZE, mask_zero=masked)
        steps = self.library.Input((None, SIZE), name="steps")
        kind = self.among("ids", "steps", "both")
        if kind != "steps":
            given["ids"] = ids
            self.sequences.append(embedding(ids))
        if kind != "ids":
            given["steps"] = steps
            self.sequences.append(self.layers.Masking()(steps) if self.rng.integers(2) else steps)
        for _ in range(self.rng.integers(3, 6)):
            getattr(self, "add_" + self.among("flat", "flat", "sequence", "flattened"))()
        # Every input is used.
        for sequence in self.sequences[: len(given) - 1]:
            self.flat.append(self.layers.GlobalAveragePooling1D()(sequence))
        last = self.layers.Concatenate()([given["table"], *self.flat[-3:]])
        outputs, losses = {}, {}
        for name in ["a", "b", "c"][: self.rng.integers(1, 4)]:
            activation = self.among(*LOSSES)
            losses[name] = LOSSES[activation]
            x = self.one_of([last, *self.sequences[-1:]]) if outputs else last
            outputs[name] = self.layers.Dense(3, activation, name=name)(x)
        self.losses = losses
        return self.library.Model(list(given.values()), list(outputs.values()))

    def merged(self, values):
        a, b = self.one_of(values), self.one_of(values)
        match self.among("Add", "Multiply", "Average", "Maximum", "Subtract", "Dense", "-", "*"):
            case "-":
                return 1 - a * 0.5 - b
            case "*":
                return self.ops.sigmoid(a) * b
            case "Dense":
                return self.layers.Dense(SIZE)(self.layers.Concatenate()([a, b]))
            case name:
                return getattr(self.layers, name)()([a, b])

    def add_flat(self):
        x = self.one_of(self.flat)
        layers = self.layers
        match self.among("merge", "merge", "dense", "shared", "model", "batch", "still", "ops"):
            case "merge":
                x = self.merged(self.flat)
            case "dense":
                x = layers.Dense(SIZE, "tanh", kernel_regularizer="l2", activity_regularizer="l1")(
                    x
                )
            case "shared":
                dense = self.shared["dense"]
                x = dense(self.ops.tanh(dense(x)))
            case "model":
                x = self.shared["model"](x)
            case "batch":
                x = layers.BatchNormalization(momentum=0.7)(x)
            case "still":
                x = self.batches_as_predicted(x)
            case "ops":
                x = self.ops.exp(-self.ops.square(x)) / 2 + self.ops.abs(x)
        self.flat.append(x)

    def batches_as_predicted(self, x):
        if self.library is keras:
            return AsPredicted()(x)
        return self.layers.BatchNormalization()(x, training=False)

    def add_sequence(self):
        x = self.one_of(self.sequences)
        layers = self.layers
        match self.among("merge", "dense", "LSTM", "GRU", "both", "Conv1D"):
            case "merge":
                x = self.merged(self.sequences)
            case "dense":
                x = self.shared["dense"](x)
            case "Conv1D":
                x = layers.Conv1D(SIZE, 3, padding="same", activation="tanh")(x)
            case "both":
                x = layers.Bidirectional(
                    layers.SimpleRNN(SIZE, return_sequences=True), merge_mode="sum"
                )(x)
            case name:
                x = getattr(layers, name)(SIZE, return_sequences=True)(x)
        self.sequences.append(x)

    def add_flattened(self):
        x, state = self.one_of(self.sequences), self.one_of(self.flat)
        layers = self.layers
        # With initial states, Keras forgets the mask of a sequence; operators drop it.
        match self.among("pool", "state", "states", "max"):
            case "pool":
                x = layers.GlobalAveragePooling1D()(x)
            case "max":
                x = layers.GlobalMaxPooling1D()(x)
            case "state":
                x = layers.GRU(SIZE)(1 * x, initial_state=state)
            case "states":
                lstm = layers.LSTM(SIZE, return_state=True)
                _, *states = lstm(1 * x, initial_state=[state, state])
                x = states[0] + states[1]
        self.flat.append(x)


def data(model, rng, length):
    """Inputs of a length, with steps that are masked, and targets that fit each output."""
    x = {}
    for value in model.inputs:
        name = value.name
        shape = (BATCH, *(length if n is None else n for n in value.shape[1:]))
        if name == "ids":
            x[name] = rng.integers(0, 7, shape).astype(np.int32)
            x[name][:, 0] = 1
        else:
            x[name] = rng.normal(size=shape).astype(np.float32)
        if name == "steps":
            x[name][:, 1:][rng.uniform(size=(BATCH, length - 1)) < 0.3] = 0
    y = []
    for value in model.outputs:
        shape = (BATCH, *(length if n is None else n for n in value.shape[1:]))
        y.append(np.eye(3, dtype=np.float32)[rng.integers(0, 3, shape[:-1])])
    return list(x.values()), y


def listed(given):
    return list(given) if isinstance(given, (list, tuple)) else [given]


@pytest.mark.parametrize("seed", range(32))
def test_random_graph(seed, rng):
    ours, theirs = (maker.model() for maker in (Maker(nnkit, seed), Maker(keras, seed)))
    losses = Maker(nnkit, seed)
    losses.model()
    shapes = [w.shape for w in ours.get_weights()]
    assert shapes == [w.shape for w in theirs.get_weights()]
    start = [
        np.abs(w) if v.path.endswith("moving_variance") else 0.5 * rng.normal(size=w.shape)
        for v, w in zip(ours.weights, ours.get_weights(), strict=True)
    ]
    ours.set_weights(start)
    theirs.set_weights(start)
    for model, library in [(ours, nnkit), (theirs, keras)]:
        optimizers = library.optimizers
        # A large epsilon: Adam's steps are no signs of gradients that are nothing but rounding.
        way = optimizers.SGD(0.05, 0.5) if seed % 2 else optimizers.Adam(0.01, epsilon=0.1)
        model.compile(way, list(losses.losses.values()))
    x, y = data(ours, rng, LENGTH)
    for mine, other in zip(listed(ours.predict(x)), listed(theirs(x)), strict=True):
        assert_close(mine, other)
    for _ in range(STEPS):
        x, y = data(ours, rng, LENGTH)
        found = ours.train_on_batch(x, y, return_dict=True)
        expected = theirs.train_on_batch(x, y, return_dict=True)
        theirs.reset_metrics()
        assert sorted(found) == list(expected)
        assert_close([found[name] for name in expected], list(expected.values()))
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, other)
    x, _ = data(ours, rng, LENGTH + 2)
    for mine, other in zip(listed(ours.predict(x)), listed(theirs(x)), strict=True):
        assert_close(mine, other)
