"""Operators between layers, in graphs whose sizes are known only in a step."""

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
