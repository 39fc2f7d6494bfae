"""Training of graphs: gradients in float64, recorded steps, losses of several outputs."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, Sequential, ops
from nnkit.layers import (
    LSTM,
    Add,
    Attention,
    Bidirectional,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    MultiHeadAttention,
    Parallel,
    Residual,
    concatenate,
)
from nnkit.nested import leaves

RNG = np.random.default_rng(0)


class Block(Layer):
    """Layers and a weight of its own, and something added to the loss."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.first, self.more = Dense(units, "tanh"), [Dense(units), Dense(units)]

    def build(self, input_shape):
        self.scale = self.add_weight("scale", input_shape[-1:], "ones")

    def call(self, x):
        y = self.first(x)
        for layer in self.more:
            y = layer(y)
        self.add_loss(0.1 * ops.sum(y * y))
        return ops.sin(x * self.scale) + y


class Net(Model):
    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.hidden, self.last = Dense(units, "tanh"), Dense(1)

    def call(self, x):
        return self.last(self.hidden(x))


def two_outputs():
    a, b = Input((4,)), Input((3,))
    hidden = Dense(5, "tanh")(a)
    outputs = [Dense(1)(concatenate([hidden, b])), Dense(3, "softmax")(hidden)]
    targets = [RNG.normal(size=(6, 1)), np.arange(6) % 3]
    losses = ["mse", "sparse_categorical_crossentropy"]
    return (
        Model([a, b], outputs),
        [RNG.normal(size=(6, 4)), RNG.normal(size=(6, 3))],
        targets,
        losses,
    )


def shared_and_operators():
    hidden = Dense(3, "tanh", activity_regularizer="l2", kernel_regularizer="l2")
    base = Sequential([Input((4,)), hidden, Dense(3)])
    a, b = Input((4,)), Input((4,))
    u, v = base(a), base(b)
    z = ops.exp(u[:, :2]) * v[:, 1:] - u[:, :2] / (1 + v[:, 1:] ** 2)
    targets = [RNG.normal(size=(6, 2)), None]
    x = [RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))]
    return Model([a, b], [z, Dense(1)(u)]), x, targets, ["mse", None]


def blocks():
    i = x = Input((4,))
    for _ in range(2):
        x = Residual([Dense(4, "tanh"), Dense(4)], activation="tanh")(x)
    x = Parallel([Dense(2), [], Block(4)])(x)
    return Model(i, x), RNG.normal(size=(6, 4)), RNG.normal(size=(6, 10)), "mse"


def states():
    encoded, decoded = Input((None, 5)), Input((None, 6))
    _, h, c = LSTM(4, return_state=True)(encoded)
    y = LSTM(4, return_sequences=True)(decoded, initial_state=[h, c])
    seen = Attention(use_scale=True)([y, LSTM(4, return_sequences=True)(encoded)])
    outputs = Dense(3, "softmax")(concatenate([y, seen]))
    x = [RNG.normal(size=(3, 7, 5)), RNG.normal(size=(3, 4, 6))]
    return (
        Model([encoded, decoded], outputs),
        x,
        np.eye(3)[RNG.integers(0, 3, (3, 4))],
        ("categorical_crossentropy"),
    )


def masks():
    i = Input((7,), dtype="int32")
    x = Embedding(10, 8, mask_zero=True)(i)
    y = LayerNormalization()(Add()([x, MultiHeadAttention(2, 4)(x, x)]))
    y = Bidirectional(LSTM(3))(y)
    return Model(i, Dense(2)(y)), RNG.integers(0, 10, (4, 7)), RNG.normal(size=(4, 2)), "mse"


def subclass():
    model = Net(3)
    model.build((None, 4))
    return model, RNG.normal(size=(6, 4)), RNG.normal(size=(6, 1)), "mse"


GRAPHS = [two_outputs, shared_and_operators, blocks, states, masks, subclass]


@pytest.fixture
def float64():
    nnkit.config.set_floatx("float64")
    yield
    nnkit.config.set_floatx("float32")


@pytest.mark.parametrize("make", GRAPHS)
@pytest.mark.usefixtures("float64")
def test_gradients(make):
    """Along a random direction of each weight, against central differences of the whole loss."""
    model, x, y, loss = make()
    model.compile(nnkit.optimizers.SGD(0.0), loss)
    model.train_on_batch(x, y)
    for variable in model.trainable_weights:
        gradient, start = variable.gradient.copy(), variable.numpy()
        direction = RNG.normal(size=variable.shape)
        found = []
        for step in (1e-6, -1e-6):
            variable.assign(start + step * direction)
            found.append(model.evaluate(x, y, verbose=0, return_dict=True)["loss"])
        variable.assign(start)
        slope = (found[0] - found[1]) / 2e-6
        claimed = float((gradient * direction).sum())
        assert claimed == pytest.approx(slope, rel=2e-5, abs=1e-7), variable.path


@pytest.mark.parametrize("make", GRAPHS)
def test_recorded_steps_are_those_of_python(make):
    model, x, y, loss = make()
    losses = []
    for eagerly in (True, False):
        other = nnkit.models.clone_model(model)
        other.set_weights(model.get_weights())
        other.compile(nnkit.optimizers.Adam(0.01), loss, run_eagerly=eagerly)
        history = other.fit(x, y, batch_size=2, epochs=4, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
        for a, b in zip(leaves(other.predict(x)), leaves(other(x)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_an_inner_call_says_whether_it_trains():
    """Unlike in Keras, ``training=False`` of a call in a graph holds in ``fit``."""
    i = Input((4,))
    drop = nnkit.layers.Dropout(0.9, seed=0)
    model = Model(i, [drop(i), drop(i, training=False)])
    model.compile(nnkit.optimizers.SGD(0.0), "mse")
    x = np.ones((8, 4), np.float32)
    logs = model.train_on_batch(x, [x, x], return_dict=True)
    first, second = (logs[f"{name}_loss"] for name in model.output_names)
    assert first > 0.5
    assert second == 0


def test_an_output_without_a_loss_leaves_its_layers_as_they_are():
    i = Input((4,))
    with_loss, without = Dense(2), Dense(3)
    model = Model(i, [with_loss(i), without(i)])
    model.compile("sgd", ["mse", None])
    before = [layer.get_weights()[0] for layer in (with_loss, without)]
    history = model.fit(np.ones((6, 4)), [np.zeros((6, 2)), None], verbose=0)
    after = [layer.get_weights()[0] for layer in (with_loss, without)]
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])
    assert list(history.history) == ["loss"]


def test_a_penalty_on_a_shared_weight_counts_once():
    i, layer = Input((4,)), Dense(4, use_bias=False, kernel_regularizer=nnkit.regularizers.L2(0.5))
    model = Model(i, layer(layer(i)))
    model.compile("sgd", "mse")
    x = np.zeros((2, 4), np.float32)
    assert model.evaluate(x, x, verbose=0) == pytest.approx(
        0.5 * float((layer.get_weights()[0] ** 2).sum()), rel=1e-5
    )


def test_what_is_added_to_the_loss_counts_once_a_call():
    class Adds(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = Flatten()

        def call(self, x):
            self.add_loss(ops.mean(x))
            return self.inner(x)

    i, layer = Input((4,)), Adds()
    model = Model(i, layer(layer(i)))
    model.compile("sgd", "mse")
    x = np.ones((2, 4), np.float32)
    assert model.evaluate(x, x, verbose=0) == pytest.approx(2.0)


def test_only_what_is_added_is_learnt():
    i = Input((4,))
    z = Dense(2)(i)
    model = Model(i, z)
    model.add_loss(ops.mean(ops.square(z - 1)))
    model.compile(nnkit.optimizers.SGD(0.1))
    x = np.ones((8, 4), np.float32)
    history = model.fit(x, epochs=30, verbose=0, validation_data=(x, None))
    assert history.history["val_loss"][-1] < 1e-3
    np.testing.assert_allclose(model.predict(x), 1, atol=0.05)
