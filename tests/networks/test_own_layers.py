"""Layers made of layers: their weights are made once, and are listed as Keras lists them."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, Sequential, ops
from nnkit.layers import BatchNormalization, Dense, Lambda, Layer


class Scaled(Layer):
    """A layer that is made, and built, within ``build``."""

    def build(self, input_shape):
        self.dense = Dense(input_shape[-1])
        self.dense.build(input_shape)
        self.scale = self.add_weight("scale", (input_shape[-1],), "ones")

    def call(self, x):
        return self.dense(x) * self.scale


class Normalized(Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.steps = [Dense(4), BatchNormalization(), Dense(4)]

    def call(self, x, training=False):
        for step in self.steps:
            x = step(x)
        self.add_loss(0.5 * ops.mean(ops.square(x)))
        return x


def test_weights_are_made_once_if_build_calls_build(rng):
    model = Sequential([Input((4,)), Scaled()])
    assert [v.path for v in model.weights] == [
        "scaled/scale",
        "scaled/dense/kernel",
        "scaled/dense/bias",
    ]
    x = rng.normal(size=(5, 4)).astype(np.float32)
    scale, kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x), (x @ kernel + bias) * scale, 1e-5, 1e-5)


def test_a_layer_that_was_built_for_another_shape():
    dense = Dense(3)
    dense.build((None, 5))
    with pytest.raises(ValueError, match=r"was built for inputs of shape \(5,\).*got \(4,\)"):
        dense(np.ones((2, 4), np.float32))


def test_weights_come_layer_by_layer():
    model = Sequential([Input((4,)), Normalized()])
    assert [v.name for v in model.weights] == [
        *("kernel", "bias"),
        *("gamma", "beta", "moving_mean", "moving_variance"),
        *("kernel", "bias"),
    ]


def test_an_added_loss_counts_once_a_call(rng):
    x = Input((4,))
    layer = Normalized()
    model = Model(x, layer(layer(x, training=False), training=False))
    model.compile(nnkit.optimizers.SGD(0.0), "mse")
    data = rng.normal(size=(6, 4)).astype(np.float32)
    once = np.asarray(layer(data))
    twice = np.asarray(layer(once))
    np.testing.assert_allclose(model.predict(data), twice, 1e-5, 1e-6)
    expected = (
        np.square(twice).mean() + 0.5 * np.square(once).mean() + 0.5 * np.square(twice).mean()
    )
    y = np.zeros_like(data)
    np.testing.assert_allclose(model.evaluate(data, y, verbose=0), expected, 1e-5)
    np.testing.assert_allclose(model.train_on_batch(data, y), expected, 1e-5)


def test_a_penalty_on_a_shared_weight_counts_once(rng):
    x = Input((4,))
    dense = Dense(4, kernel_regularizer=nnkit.regularizers.L2(0.3))
    inner = Model(x, dense(dense(x)))
    z = Input((4,))
    model = Model(z, [inner(z), inner(dense(z))])
    model.compile(nnkit.optimizers.SGD(0.1), "mse")
    data = np.zeros((6, 4), np.float32)
    kernel = model.get_weights()[0]
    loss = model.train_on_batch(data, [data, data], return_dict=True)["loss"]
    np.testing.assert_allclose(loss, 0.3 * np.square(kernel).sum(), 1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel * (1 - 0.1 * 0.6), 1e-5)


class Small(Layer):
    """It has no layer inside, and wants small outputs."""

    def call(self, x):
        self.add_loss(ops.mean(ops.square(x)))
        return x


def test_a_layer_without_layers_adds_a_loss(rng):
    model = Sequential([Input((4,)), Dense(3, use_bias=False), Small()])
    model.compile(nnkit.optimizers.SGD(0.1))
    x = rng.normal(size=(6, 4)).astype(np.float32)
    kernel = model.get_weights()[0]
    y = x @ kernel
    np.testing.assert_allclose(model.train_on_batch(x), np.square(y).mean(), 1e-5)
    expected = kernel - 0.1 * x.T @ y * (2 / y.size)
    np.testing.assert_allclose(model.get_weights()[0], expected, 1e-5, 1e-6)


@pytest.mark.parametrize("told", [None, False, True])
def test_the_training_flag_reaches_layers_inside(told, rng):
    """Also where ``call`` does not hand it on; a flag in a call holds whatever is around it."""

    class Twice(Layer):
        def call(self, x, training=False):
            return 2 * x if training else x

    class Outer(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = Twice()

        def call(self, x):
            return self.inner(x) if told is None else self.inner(x, training=told)

    model = Sequential([Input((4,)), Outer()])
    model.compile("sgd", "mse")
    x = rng.normal(size=(6, 4)).astype(np.float32)
    once = np.square(x).mean()
    trained = once if told is False else 4 * once
    evaluated = 4 * once if told else once
    np.testing.assert_allclose(model.evaluate(x, 0 * x, verbose=0), evaluated, 1e-5)
    with_dense = Sequential([Input((4,)), Dense(4, kernel_initializer="identity"), Outer()])
    with_dense.compile(nnkit.optimizers.SGD(0.0), "mse")
    np.testing.assert_allclose(with_dense.train_on_batch(x, 0 * x), trained, 1e-5)


def test_a_layer_that_is_made_in_call():
    class Makes(nnkit.layers.Layer):
        def call(self, x):
            return nnkit.layers.Dense(3)(x)

    with pytest.raises(ValueError, match="its call uses the layer 'dense', which is none of its"):
        Makes()(np.ones((2, 3)))


class Shifted(Layer):
    def __init__(self):
        super().__init__()
        self.scale, self.shifts, self.table = 2.0, [1.0], np.zeros(2)
        self.inner = Lambda(lambda x: x)

    def call(self, x):
        return self.inner(x) * self.scale + self.shifts[0] + self.table


def test_a_call_on_arrays_sees_what_attributes_are_now():
    layer, x = Shifted(), np.ones((3, 2))

    def gives(number):
        np.testing.assert_array_equal(layer(x), np.full((3, 2), number))

    gives(3)
    layer.scale = 5.0
    gives(6)
    layer.shifts[0] = 2.0
    gives(7)
    layer.table += 1
    gives(8)
    layer.inner = Lambda(lambda x: x + 1)
    gives(13)
    layer.activation = nnkit.activations.get("softmax")
    gives(13)  # A call says itself what it activates.


def test_a_function_of_shapes_as_output_shape(tmp_path):
    """As in Keras 2's example of a siamese network."""

    def distance(vectors):
        return nnkit.ops.norm(vectors[0] - vectors[1], axis=1, keepdims=True)

    a, b = Input((4,)), Input((4,))
    layer = Lambda(nnkit.saving.register(distance), output_shape=lambda shapes: (shapes[0][0], 1))
    model = nnkit.Model([a, b], layer([a, b]))
    assert model.output_shape == (None, 1)
    x = np.eye(4)
    np.testing.assert_allclose(model.predict([x, x[::-1]]), 2**0.5, rtol=1e-6)
    model.save(tmp_path / "model.h5")
    assert nnkit.load_model(tmp_path / "model.h5").output_shape == (None, 1)


class Activated(Layer):
    """As Keras's guides write a layer with an activation."""

    def __init__(self, activation=None, **options):
        super().__init__(**options)
        self.activation = nnkit.activations.get(activation)

    def call(self, x):
        return self.activation(2 * x)


@pytest.mark.parametrize("name", [None, "linear", "tanh", "relu6"])
def test_a_call_applies_its_activation_once(name):
    x = np.array([[0.3, -0.2]], np.float32)
    expected = {"tanh": np.tanh(2 * x), "relu6": np.clip(2 * x, 0, 6)}.get(name, 2 * x)
    layer = Activated(name)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-6)
    np.testing.assert_allclose(Activated.from_config(layer.get_config())(x), expected, rtol=1e-6)
    layer.activation = nnkit.activations.get("softplus")
    np.testing.assert_allclose(layer(x), np.log1p(np.exp(2 * x)), rtol=1e-6)


@pytest.mark.parametrize("value", ["linear", None, nnkit.activations.linear])
def test_an_activation_is_resolved_when_it_is_assigned(value):
    layer = nnkit.layers.Dense(2, "tanh", kernel_initializer="identity")
    x = np.array([[0.5, 2.0]], np.float32)
    layer(x)
    layer.activation = value
    assert layer.activation is None
    np.testing.assert_array_equal(layer(x), x)
    layer.activation = nnkit.activations.relu
    np.testing.assert_array_equal(layer(-x), 0 * x)
    with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
        layer.activation = "tahn"


def test_a_changed_activation_counts_in_a_model(rng):
    model = Sequential([Input((3,)), Dense(3, "tanh", kernel_initializer="identity")])
    model.compile("sgd", "mse")
    x = rng.normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_allclose(model.predict(x), np.tanh(x), rtol=1e-5)
    model.fit(x, np.tanh(x), epochs=3, verbose=0)
    model.layers[0].activation = "linear"
    kernel = model.layers[0].kernel.numpy()
    np.testing.assert_allclose(model.predict(x), x @ kernel, rtol=1e-5, atol=1e-6)
    loss = np.square(x @ kernel).mean()
    assert model.evaluate(x, 0 * x, verbose=0) == pytest.approx(loss, rel=1e-5)
    assert model.train_on_batch(x, 0 * x) == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("rows", [1, 4])
def test_backward_follows_a_call_on_arrays(rows, rng):
    layer = Shifted()
    layer(np.ones((2, 2)))
    layer(rng.normal(size=(rows, 2)))
    np.testing.assert_array_equal(layer.backward(np.ones((rows, 2), np.float32)), 2.0)


def test_backward_needs_forward():
    layer = Shifted()
    layer.build((None, 2))
    with pytest.raises(RuntimeError, match=r"'shifted': call forward\(x\) before backward\(dy\)"):
        layer.backward(np.ones((1, 2)))


def test_few_graphs_of_calls_are_kept():
    layer = Shifted()
    for rows in range(1, 40):
        assert layer(np.ones((rows, 2))).shape == (rows, 2)
    assert len(layer._call_graphs) == 16
