"""Operators between layers, in graphs whose sizes are known only in a step."""

import copy

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, ops
from nnkit.layers import Dense, GlobalAveragePooling1D


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (lambda x: x * x, np.square),
        (lambda x: ops.tanh(x) + x, lambda x: np.tanh(x) + x),
        (lambda x: x - ops.mean(x, axis=1, keepdims=True), lambda x: x - x.mean(1, keepdims=True)),
    ],
)
def test_a_layer_behind_an_expression_of_any_length(inner, outer, rng):
    x = Input((None, 4))
    dense = Dense(3)
    model = Model(x, GlobalAveragePooling1D()(dense(inner(x))))
    model.compile(nnkit.optimizers.SGD(0.1), "mse")
    kernel, bias = model.get_weights()
    for length in (5, 2):
        data = rng.normal(size=(6, length, 4)).astype(np.float32)
        expected = (outer(data) @ kernel + bias).mean(1)
        np.testing.assert_allclose(model.predict(data), expected, 1e-5, 1e-5)
    y = np.zeros((6, 3), np.float32)
    np.testing.assert_allclose(model.train_on_batch(data, y), np.square(expected).mean(), 1e-5)
    slope = 2 / expected.size * np.einsum("bti,bo->io", outer(data), expected) / length
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.1 * slope, 1e-5, 1e-5)


@pytest.mark.parametrize("begin", [lambda a: a[:, :2], lambda a: ops.reshape(a, (-1, 2, 3))])
def test_a_value_never_waits_for_its_gradient(begin):
    """Sizes in an expression were read off the gradient, which has the same."""
    a = nnkit.Input((6,))
    y = begin(a)
    model = nnkit.Model(a, y + ops.mean(y + 1, axis=-1, keepdims=True))
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    z = x[:, :2] if y.ndim == 2 else x.reshape(-1, 2, 3)
    np.testing.assert_allclose(
        model.predict(x), z + (z + 1).mean(axis=-1, keepdims=True), rtol=1e-5, atol=1e-6
    )


def test_sizes_that_are_placeholders():
    b = nnkit.Input((None, 4))
    n, steps, _ = ops.shape(b)
    outputs = [
        ops.reshape(b, (-1, steps * 4)),
        ops.reshape(b, (n, -1)),
        ops.reshape(b, (n, steps, 2, 2)),
    ]
    model = nnkit.Model(b, outputs)
    assert model.output_shape == [(None, None), (None, None), (None, None, 2, 2)]
    for length in (5, 3):
        x = np.random.default_rng(0).normal(size=(3, length, 4)).astype(np.float32)
        found = model.predict(x)
        for one, shape in zip(found, [(3, -1), (3, -1), (3, length, 2, 2)], strict=True):
            np.testing.assert_array_equal(one, x.reshape(shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda a: ops.sum(a, axis=0), "first axis must be that of the batch"),
        (ops.mean, "first axis must be that of the batch"),
        (ops.transpose, "first axis must be that of the batch"),
        (lambda a: ops.concatenate([a, a], axis=0), r"shape \(20, 6\) for a batch of 10 rows"),
        (lambda a: a[:5], r"shape \(5, 6\) for a batch of 10 rows"),
        (lambda a: ops.reshape(a, (-1, 3)), r"shape \(20, 3\) for a batch of 10 rows"),
    ],
)
def test_outputs_without_a_row_for_each_sample(make, message):
    a = nnkit.Input((6,))
    with pytest.raises(ValueError, match=message):
        nnkit.Model(a, make(a)).predict(np.ones((10, 6)))


def test_each_use_of_dropout_draws_for_itself():
    a, b = nnkit.Input((200,)), nnkit.Input((200,))
    drop = nnkit.layers.Dropout(0.5, seed=1)
    model = nnkit.Model([a, b], drop(a) - drop(b))
    model.compile(nnkit.optimizers.SGD(0.0), "mse")
    ones = np.ones((4, 200), np.float32)
    assert model.train_on_batch([ones, ones], ones * 0) == pytest.approx(2, rel=0.2)


def test_call_gets_the_mask():
    class Nothing(nnkit.layers.Layer):
        def call(self, x, mask=None):
            return x if mask is None else x * 0

    words = nnkit.Input((None,))
    embedded = nnkit.layers.Embedding(7, 4, mask_zero=True)(words)
    assert not nnkit.Model(words, Nothing()(embedded)).predict(np.ones((1, 3))).any()


def test_added_losses_are_cloned_and_saved(tmp_path):
    a = nnkit.Input((4,))
    model = nnkit.Model(a, nnkit.layers.Dense(2)(a))
    model.add_loss(ops.sum(model.output**2))
    model.compile("sgd")
    x = np.ones((3, 4), np.float32)
    model.fit(x, verbose=0)
    clone = nnkit.models.clone_model(model)
    clone.set_weights(model.get_weights())
    clone.compile("sgd")
    model.save(tmp_path / "m.h5")
    loaded = nnkit.load_model(tmp_path / "m.h5")
    expected = model.evaluate(x, verbose=0)
    assert clone.evaluate(x, verbose=0) == loaded.evaluate(x, verbose=0) == expected


def test_copies_of_a_subclass():
    class Net(nnkit.Model):
        def __init__(self):
            super().__init__()
            self.dense = nnkit.layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    net, x = Net(), np.ones((2, 4), np.float32)
    net.predict(x)
    a = nnkit.Input((4,))
    outer = nnkit.Model(a, net(a))
    for model in (net, outer):
        np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))
