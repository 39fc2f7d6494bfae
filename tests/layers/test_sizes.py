"""What can't be, and what doesn't fit, is found before memory is asked for or native code runs."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Sequential, budget
from nnkit.engine.dispatch import launch
from nnkit.layers import (
    LSTM,
    Bidirectional,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Layer,
    RepeatVector,
    Reshape,
    TimeDistributed,
    UpSampling2D,
    ZeroPadding2D,
)

HUGE = 2**31
X = np.ones((3, 4), np.float32)


@pytest.mark.parametrize(
    ("shape", "layer", "message"),
    [
        ((4,), lambda: Dense(HUGE), r"dense/kernel, of shape \(4, 2147483648\), needs 687\d+ b"),
        ((4,), lambda: Embedding(HUGE - 1, 2**20), r"embedding/embeddings, .* needs 180\d+ bytes"),
        ((8, 8, 3), lambda: Conv2D(4, 2**20, padding="same"), "conv2d/kernel, .* needs 105.* byt"),
        ((4, 3), lambda: LSTM(2**30), r"lstm/kernel, of shape \(3, 4294967296\), needs \d+ byte"),
        ((4, 3), lambda: Bidirectional(LSTM(2**30)), r"forward_lstm/kernel, .* needs \d+ bytes"),
        ((4, 3), lambda: TimeDistributed(Dense(HUGE)), r"dense/kernel, .* needs \d+ bytes"),
        ((HUGE,), lambda: Dense(1), r"dense/kernel, .* needs \d+ bytes"),
        ((HUGE, HUGE, HUGE), Flatten, r"'flatten' gives for a sample, .* needs 396\d+ bytes"),
        ((8, 8, 3), lambda: ZeroPadding2D(HUGE), r"'zero_padding2d' gives for a sample, .* needs"),
        ((8, 8, 3), lambda: UpSampling2D(HUGE), r"'up_sampling2d' gives for a sample, .* needs"),
        ((2**20,), lambda: RepeatVector(HUGE), r"'repeat_vector' gives for a sample, .* needs"),
    ],
)
def test_sizes_that_cannot_be(shape, layer, message):
    with pytest.raises(MemoryError, match=f"cannot build .*{message}"):
        Sequential([Input(shape), layer()])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(2**40), "Dense: units must be a whole number from 1 to"),
        (lambda: Embedding(2**40, 8), "Embedding: input_dim must be a whole number from 1 to"),
        (lambda: RepeatVector(2**40), "RepeatVector: n must be a whole number from 1 to"),
        (lambda: Reshape((2**40, 2**40)), "Reshape: target_shape must be a whole number"),
        (lambda: Input((10**10,)), "Input: shape must be a whole number from 1 to"),
    ],
)
def test_sizes_that_no_layer_takes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_results_that_cannot_be(monkeypatch):
    with pytest.raises(MemoryError, match=r"a result of 'repeat_vector', .* needs \d+ bytes"):
        RepeatVector(HUGE)(np.ones((1, 2**10), np.float32))
    with pytest.raises(MemoryError, match=r"to_categorical's result, .* needs \d+ bytes"):
        nnkit.utils.to_categorical([1, 2], HUGE)
    model = Sequential([Input((4,)), Dense(3)])
    monkeypatch.setattr(budget, "memory", lambda: 4 * 3 * 5)
    with pytest.raises(MemoryError, match=r"the prediction, of shape \(6, 3\), needs 72 bytes"):
        model.predict(np.ones((6, 4)))


def test_a_model_that_cannot_be_leaves_the_one_before():
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(MemoryError, match="cannot build 'dense_1'"):
        model.add(Dense(HUGE))
    assert [layer.name for layer in model.layers] == ["dense"]
    assert model.predict(X).shape == (3, 3)


class Returns(nnkit.initializers.Initializer):
    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype="float32"):
        return self.value


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            np.ones(3),
            ValueError,
            r"'dense': Returns must .* \(4, 3\) for 'kernel', got \(3,\)",
        ),
        (np.ones((3, 4)), ValueError, r"shape \(4, 3\) for 'kernel', got \(3, 4\)"),
        (1.0, ValueError, r"shape \(4, 3\) for 'kernel', got \(\)"),
        (None, TypeError, "what Returns gives for dense/kernel is missing"),
        ("a", TypeError, "what Returns gives for dense/kernel must be an array of numbers"),
        (np.ones((4, 3)) + 1j, TypeError, "dense/kernel must be .* of dtype complex128"),
    ],
)
def test_initializers_that_give_something_else(value, error, message):
    with pytest.raises(error, match=message):
        Dense(3, kernel_initializer=Returns(value))(X)


@pytest.mark.parametrize("value", [np.ones((4, 3)), np.ones((3, 4)).T, [[1, 1, 1]] * 4])
def test_initializers_of_other_types(value):
    layer = Dense(3, kernel_initializer=Returns(value))
    np.testing.assert_array_equal(layer(X), np.full((3, 3), 4))
    assert layer.kernel.dtype == "float32"


def launching(columns, rows=0, dtype=None):
    """A layer that makes its result with kernels, of another shape or type than it says."""

    class Own(Layer):
        recordable = True

        def forward(self, x, training=False):
            y = self.empty((len(x) + rows, columns), dtype)
            launch.fill(1.0, y)
            return y

    return Own()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (launching(5), r"'own': forward returned shape \(3, 5\) for an input of shape \(3, 4\)"),
        (launching(4, rows=1), r"'own': forward returned shape \(4, 4\)"),
        (launching(4, dtype="float64"), r"takes a \(m, k\), .* got a \(3, 4\) of float64, b"),
    ],
)
def test_what_a_recorded_layer_returns(layer, message):
    model = Sequential([Input((4,)), layer, Dense(2)])
    for method in (model, model.predict):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_what_a_recorded_backward_returns():
    class Own(Layer):
        recordable = True

        def forward(self, x, training=False):
            y = self.empty(x.shape)
            launch.copy(x, y)
            return y

        def backward(self, dy):
            return launching(9).forward(dy)

    model = Sequential([Input((4,)), Dense(4), Own(), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"'own': backward .* shape \(3, 4\), .* shape \(3, 9\)"):
        model.fit(X, np.ones(3), verbose=0)


@pytest.mark.parametrize(
    ("kernel", "others"),
    [
        (launch.matmul, [np.ones((5, 2), "f4")]),
        (launch.matmul, [np.ones((4, 3), "f4")]),
        (launch.matmul, [np.ones((4, 2), "f8")]),
        (launch.matmul, [np.ones(4, "f4")]),
        (launch.matmul_bias, [np.ones((4, 2), "f4"), np.ones(1, "f4")]),
        (launch.matmul_add, [np.ones((2, 4), "f4")]),
    ],
)
def test_products_of_what_does_not_fit(kernel, others):
    with pytest.raises(ValueError, match=r"kernel matmul.* takes a \(m, k\), b \(k, n\), c \(m, n"):
        kernel(X, *others, np.zeros((3, 2), np.float32))
