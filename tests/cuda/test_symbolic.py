"""Layers, losses, metrics and activations by expression on a device: without stops on the host."""

import numpy as np
import pytest

import nnkit
from nnkit import ops
from nnkit.engine.cuda import program
from nnkit.layers import Dense, Lambda, Layer, Softmax
from tests.cuda.test_training import Swish, X, Y, _flat, model


class Normalized(Layer):
    """Sums along both axes, and rows that broadcast."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", input_shape[1:], "ones")
        self.shift = self.add_weight("shift", (1,), "zeros")

    def call(self, x, training=None):
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        size = ops.sqrt(ops.mean(ops.square(centred), axis=-1, keepdims=True) + 1e-3)
        return self.scale * centred / size + self.shift


class Attention(Layer):
    """Products, a softmax and a transposed operand."""

    def build(self, input_shape):
        self.keys = self.add_weight("keys", (3, input_shape[-1]), "glorot_uniform")

    def call(self, x):
        return x + ops.matmul(ops.softmax(ops.matmul(x, ops.transpose(self.keys))), self.keys)


def crossentropy(y_true, y_pred):
    return -ops.sum(y_true * ops.log(y_pred + 1e-7), axis=-1)


def hits(y_true, y_pred):
    return ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))


def largest(y_true, y_pred):
    return ops.max(y_pred, axis=-1)


HOT = np.eye(3, dtype=np.float32)[Y]
KINDS = {
    "layer": lambda: model(Dense(4), Swish(), Dense(3), Softmax()),
    "sums": lambda: model(Dense(4), Normalized(), Dense(3), Softmax()),
    "products": lambda: model(Dense(4), Attention(), Dense(3), Softmax()),
    "lambda": lambda: model(Dense(4), Lambda(lambda x: ops.tanh(x) + 1), Dense(3), Softmax()),
    "activation": lambda: model(Dense(4, activation=lambda x: ops.sin(x)), Dense(3), Softmax()),
    "loss": lambda: model(Dense(3), Softmax(), loss=crossentropy, metrics=[]),
    "metrics": lambda: model(Dense(3), Softmax(), loss=crossentropy, metrics=[hits, largest]),
}


@pytest.fixture
def no_stops(monkeypatch):
    """A step that needs Python on the host fails."""

    def stop(*arguments):
        raise AssertionError(f"stops on the host: {arguments[1]}")

    monkeypatch.setattr(program, "_HostStop", stop)


@pytest.mark.parametrize("kind", KINDS)
def test_training_equals_the_cpu_bit_for_bit(kind, gpu, use, no_stops, one_thread):
    """With a last partial batch, validation, several epochs, and evaluate and predict after it."""
    outcomes = []
    targets = HOT if kind in ("loss", "metrics") else Y
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = KINDS[kind]()
        history = trained.fit(X, targets, 8, 3, 0, validation_split=0.2).history
        results = trained.evaluate(X, targets, 16, 0), trained.predict(X, 16)
        outcomes.append((history, results, trained.get_weights()))
    for mine, theirs in zip(*map(_flat, outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_kernel_that_fails_is_named_with_its_layer(gpu):
    trained = KINDS["layer"]()
    gpu.failing.add("fused")
    with pytest.raises(nnkit.errors.DeviceError, match="kernel fused of 'swish' failed"):
        trained.fit(X, Y, 8, 1, 0)
