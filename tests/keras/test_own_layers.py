"""Models and layers of one's own, from the same lines here and in Keras."""

import numpy as np
import pytest

import nnkit
from tests.keras.theirs import QUIET, assert_close, keras

pytestmark = QUIET

BATCH, LENGTH, SIZE = 6, 5, 4


def classes(library):
    """Makers of models by name, of one library."""
    layers, ops = library.layers, library.ops

    class Block(layers.Layer):
        """A list and a dictionary of layers, the training flag, an added loss."""

        def __init__(self, **options):
            super().__init__(**options)
            self.row = [layers.Dense(SIZE, "tanh") for _ in range(2)]
            self.norm = layers.BatchNormalization(momentum=0.8)
            self.by_name = {"last": layers.Dense(SIZE)}

        def call(self, x, training=None):
            h = x
            for dense in self.row:
                h = dense(h)
            h = self.norm(h, training=training)
            if training:
                h = h * 1.5
            self.add_loss(0.1 * ops.mean(ops.square(h)))
            return self.by_name["last"](h) + x

    class Scaled(layers.Layer):
        """A weight of its own, and a layer made in ``build``."""

        def build(self, input_shape):
            self.dense = layers.Dense(input_shape[-1], "sigmoid", kernel_regularizer="l2")
            self.dense.build(input_shape)
            self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")

        def call(self, x):
            return self.dense(x) * self.scale

    class Last(layers.Layer):
        """It takes a mask."""

        def __init__(self, **options):
            super().__init__(**options)
            self.gru = layers.GRU(SIZE)

        def compute_mask(self, x, mask=None):
            return None

        def call(self, x, mask=None):
            return self.gru(x, mask=mask)

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.block = Block()
            self.head = layers.Dense(2)
            self.hidden = [layers.Dense(SIZE, "relu"), Block()]

        def call(self, x, training=False):
            h = self.block(x, training=training)
            for layer in self.hidden:
                # Passed on by itself here, but not always in Keras.
                h = layer(h, training=training) if isinstance(layer, Block) else layer(h)
            return self.head(h)

    class Two(library.Model):
        """A list of inputs, one of them with a mask."""

        def __init__(self):
            super().__init__()
            self.masking, self.last = layers.Masking(), Last()
            self.scaled, self.head = Scaled(), layers.Dense(2)

        def call(self, inputs):
            steps, table = inputs
            return self.head(self.last(self.masking(steps)) + self.scaled(table))

    class Named(library.Model):
        """A dictionary of inputs."""

        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(2), layers.Dense(2, "tanh")

        def call(self, inputs):
            return self.one(inputs["table"]) * self.two(inputs["other"])

    def functional():
        x = library.Input((SIZE,))
        return library.Model(x, layers.Dense(2)(Block()(Scaled()(x))))

    def line():
        return library.Sequential(
            [library.Input((None, SIZE)), layers.Masking(), Last(), Block(), layers.Dense(2)]
        )

    def lazy():
        return library.Sequential([Scaled(), Block(), layers.Dense(2)])

    return {
        "net": Net,
        "two": Two,
        "named": Named,
        "functional": functional,
        "line": line,
        "lazy": lazy,
    }


@pytest.mark.parametrize("kind", ["net", "two", "named", "functional", "line", "lazy"])
def test_own_classes(kind, rng):
    ours, theirs = classes(nnkit)[kind](), classes(keras)[kind]()
    steps = rng.normal(size=(BATCH, LENGTH, SIZE)).astype(np.float32)
    steps[:, 3:][rng.uniform(size=(BATCH, LENGTH - 3)) < 0.5] = 0
    table, other = rng.normal(size=(2, BATCH, SIZE)).astype(np.float32)
    x = {"two": [steps, table], "named": {"table": table, "other": other}, "line": steps}
    x = x.get(kind, table)
    y = rng.normal(size=(BATCH, 2)).astype(np.float32)
    ours.compile(nnkit.optimizers.SGD(0.01), "mse")
    theirs.compile(keras.optimizers.SGD(0.01), "mse")
    ours.predict(x)
    theirs.predict(x, verbose=0)
    start = [0.3 * np.abs(rng.normal(size=w.shape)) for w in ours.get_weights()]
    assert [w.shape for w in start] == [w.shape for w in theirs.get_weights()]
    ours.set_weights(start)
    theirs.set_weights(start)
    assert_close(ours.predict(x), theirs.predict(x, verbose=0))
    options = {"batch_size": BATCH, "epochs": 10, "shuffle": False, "verbose": 0}
    found, expected = (model.fit(x, y, **options).history for model in (ours, theirs))
    assert list(found) == list(expected) == ["loss"]
    assert_close(found["loss"], expected["loss"])
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(mine, other)
    assert_close(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0))
