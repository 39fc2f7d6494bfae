"""The one list of all layers and losses: a new one is tested by adding one line."""

import numpy as np
import pytest

import nnkit
from nnkit import layers, losses, ops
from nnkit.registry import registered
from nnkit.testing import check_layer, check_loss

LAYERS = [
    (layers.Activation("tanh"), (5,)),
    (layers.Dense(3), (4,)),
    (layers.Dense(1), (1,)),
    (layers.Dense(3, use_bias=False), (2, 4)),
    (layers.Dense(4, activation="softmax"), (2, 3, 5)),
    (layers.Dense(4, activation="relu"), (7,)),
    (layers.Dropout(0.4, seed=3), (6, 5)),
    (layers.Flatten(), (2, 3, 4)),
    (layers.Lambda(lambda x: x * ops.sigmoid(x)), (4,)),
    (layers.ReLU(), (9,)),
    (layers.ReLU(max_value=1.5, negative_slope=0.3, threshold=0.2), (3, 9)),
    (layers.Rescaling(0.5, offset=-1.0), (4, 3)),
    (layers.Reshape((-1, 2)), (4, 3)),
    (layers.Sigmoid(), (5, 1)),
    (layers.Softmax(), (5,)),
    (layers.Softmax(axis=1), (3, 4)),
    (layers.Softmax(axis=-2), (2, 3, 4)),
    (layers.Tanh(), (1,)),
]

ONE_HOT = np.eye(4)[[0, 3, 1]]
SHARES = np.random.default_rng(1).dirichlet(np.ones(4), 3)
LOSSES = [
    (losses.CategoricalCrossentropy(), ONE_HOT, "probabilities"),
    (losses.CategoricalCrossentropy(label_smoothing=0.2), SHARES, "probabilities"),
    (losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, "logits"),
    (losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2), SHARES, "logits"),
    (losses.SparseCategoricalCrossentropy(), np.array([2, 0, 3]), "probabilities"),
    (losses.SparseCategoricalCrossentropy(from_logits=True), np.array([2, 0, 3]), "logits"),
    (losses.BinaryCrossentropy(), ONE_HOT, "probabilities"),
    (losses.BinaryCrossentropy(label_smoothing=0.1), SHARES, "probabilities"),
    (losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ONE_HOT, "logits"),
    (losses.MeanSquaredError(), SHARES, "logits"),
    (losses.MeanAbsoluteError(), SHARES, "logits"),
    (losses.FunctionLoss(lambda y_true, y_pred: ops.cosh(y_pred - y_true)), SHARES, "logits"),
]


def label(case):
    return f"{type(case[0]).__name__}-{case[1] if isinstance(case[1], tuple) else case[2]}"


@pytest.mark.parametrize(("layer", "input_shape"), LAYERS, ids=map(label, LAYERS))
@pytest.mark.parametrize("batch_size", [1, 4])
def test_layer(layer, input_shape, batch_size):
    check_layer(layer, input_shape, batch_size=batch_size)


@pytest.mark.parametrize(("loss", "y_true", "kind"), LOSSES, ids=map(label, LOSSES))
def test_loss(loss, y_true, kind, rng):
    y_pred = rng.normal(size=(3, 4))
    if kind == "probabilities":
        y_pred = rng.dirichlet(np.ones(4), 3)
    check_loss(loss, y_true, y_pred)


def test_the_lists_are_complete():
    listed = {type(layer) for layer, _ in LAYERS} | {layers.InputLayer}
    assert {cls for cls in registered("layer").values() if own(cls)} == listed
    listed = {type(loss) for loss, _, _ in LOSSES}
    assert {cls for cls in registered("loss").values() if own(cls)} == listed


def own(cls):
    return cls.__module__.startswith("nnkit.")


class Wrong(nnkit.layers.Layer):
    """A gradient that is off by a factor, to see that the check sees it."""

    def forward(self, x, training=False):
        self.x = x
        return x * x

    def backward(self, dy):
        return dy * self.x


class Adds(nnkit.layers.Dense):
    """Adds to its gradient instead of overwriting it."""

    recordable = False

    def backward(self, dy):
        before = self.kernel.gradient.copy()
        dx = super().backward(dy)
        self.kernel.gradient += before
        return dx


class Shapeless(nnkit.layers.Layer):
    """Another output shape than it says."""

    def forward(self, x, training=False):
        return x[:, :1]

    def backward(self, dy):
        return dy


class Changes(nnkit.layers.Layer):
    """Changes its input."""

    def forward(self, x, training=False):
        x *= 2
        return x.copy()

    def backward(self, dy):
        return 2 * dy


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Wrong(), "gradient of the input is wrong"),
        (Adds(2), "not finite, or not all of it was written"),
        (Shapeless(), "compute_output_shape says"),
        (Changes(), "changed its input"),
    ],
)
def test_the_check_sees_a_mistake(layer, message):
    with pytest.raises(AssertionError, match=message):
        check_layer(layer, (3,))


def test_the_check_of_a_loss_sees_a_mistake():
    class WrongLoss(nnkit.losses.MeanSquaredError):
        def backward(self, weights):
            return 2 * super().backward(weights)

    with pytest.raises(AssertionError, match="the gradient is wrong"):
        check_loss(WrongLoss(), SHARES, ONE_HOT)
