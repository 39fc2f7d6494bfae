"""Values, gradients, and what Keras 3.15.1 gives for the same arrays."""

import json

import numpy as np
import pytest

import nnkit
from nnkit import losses
from nnkit.layers import Dense, Sigmoid, Softmax
from nnkit.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from tests.helpers import slope

P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.15], [1.0, 0.0, 0.0]])
Z = 4 * P - 1
T = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]])
LABELS = T.argmax(axis=1)
ANY = np.array([[0, -2.5, 0], [0, 0, 3], [0.5, -1, 2]])

# Loss, loss with sample weights 1, 0, 2, and loss with reduction="sum".
KERAS = [
    (CategoricalCrossentropy, {}, T, P, (6.438166, 11.146721, 19.314499)),
    (CategoricalCrossentropy, {"label_smoothing": 0.1}, T, P, (6.250204, 10.787372, 18.750613)),
    (CategoricalCrossentropy, {"from_logits": True}, T, Z, (2.825258, 3.143956, 8.475774)),
    (SparseCategoricalCrossentropy, {}, LABELS, P, (6.438166, 11.146721, 19.314499)),
    (
        SparseCategoricalCrossentropy,
        {"from_logits": True},
        LABELS,
        Z,
        (2.825258, 3.143956, 8.475774),
    ),
    (BinaryCrossentropy, {}, T, P, (4.270194, 7.360136, 12.810581)),
    (BinaryCrossentropy, {"label_smoothing": 0.1}, T, P, (4.179133, 7.185993, 12.537400)),
    (BinaryCrossentropy, {"from_logits": True}, T, Z, (1.237823, 1.317751, 3.713470)),
    (CategoricalCrossentropy, {"label_smoothing": 0.1}, ANY, P, (6.181490, 9.523199, 18.544472)),
    (CategoricalCrossentropy, {"from_logits": True}, ANY, Z, (3.297942, 1.569381, 9.893826)),
    (BinaryCrossentropy, {"label_smoothing": 0.1}, ANY, P, (3.432380, 5.295200, 10.297141)),
    (BinaryCrossentropy, {"from_logits": True}, ANY, Z, (1.237823, 1.062196, 3.713470)),
    (MeanSquaredError, {}, T, P, (0.479444, 0.531111, 1.438333)),
    (MeanAbsoluteError, {}, T, P, (0.577778, 0.6, 1.733333)),
]
EACH = pytest.mark.parametrize(("cls", "named", "y", "p", "expected"), KERAS)


@EACH
def test_as_keras(cls, named, y, p, expected):
    p, weights = p.astype(np.float32), np.array([1, 0, 2])
    loss = cls(**named)
    found = (loss(y, p), loss(y, p, weights), cls(**named, reduction="sum")(y, p))
    assert found == pytest.approx(expected, rel=2e-6)


def targets(loss, y, p):
    return loss.prepare(y, p.shape).astype(loss.target_dtype("float64"))


@EACH
@pytest.mark.parametrize("shape", [(3, 3), (1, 3, 3)])
def test_gradients(cls, named, y, p, expected, shape):
    p = np.clip(p, 0.1, 0.9).reshape(shape)
    loss, weights = cls(**named), np.array([0.5, 0.0, 2.0])
    t = targets(loss, y.reshape(*shape[:-1], *y.shape[1:]), p)
    assert loss.forward(t, p).shape == (3,)
    dy = loss.backward(weights)
    numeric = slope(lambda q: weights @ cls(**named).forward(t, q), p)
    np.testing.assert_allclose(dy, numeric, atol=1e-7)


@pytest.mark.parametrize(
    ("loss", "activation", "y"),
    [
        (CategoricalCrossentropy(label_smoothing=0.2), Softmax(dtype="float64"), T),
        (SparseCategoricalCrossentropy(), Softmax(dtype="float64"), LABELS),
        (BinaryCrossentropy(label_smoothing=0.2), Sigmoid(dtype="float64"), T),
        (CategoricalCrossentropy(label_smoothing=0.2), Softmax(dtype="float64"), ANY),
        (BinaryCrossentropy(label_smoothing=0.2), Sigmoid(dtype="float64"), ANY),
    ],
)
def test_absorbing_an_activation_changes_nothing(loss, activation, y):
    assert loss.absorbs(activation, 2)
    p, t, weights = activation(Z), targets(loss, y, Z), np.array([0.5, 0.0, 2.0])
    values = loss.forward(t, p)
    dz = activation.backward(loss.backward(weights))
    np.testing.assert_allclose(loss.forward_logits(t, Z), values, rtol=1e-12)
    np.testing.assert_allclose(loss.y_pred, p, rtol=1e-12)
    np.testing.assert_allclose(loss.backward(weights), dz, atol=1e-12)


def test_what_is_absorbed():
    softmax, first_axis, sigmoid = Softmax(), Softmax(axis=1), Sigmoid()
    for loss in (CategoricalCrossentropy, SparseCategoricalCrossentropy):
        assert loss().absorbs(softmax, 3)
        assert loss().absorbs(first_axis, 2)
        assert not loss(from_logits=True).absorbs(softmax, 3)
        assert not any(loss().absorbs(layer, 3) for layer in (sigmoid, first_axis, Dense(3)))
    assert BinaryCrossentropy().absorbs(sigmoid, 2)
    assert not BinaryCrossentropy(from_logits=True).absorbs(sigmoid, 2)
    assert not BinaryCrossentropy().absorbs(softmax, 2)
    assert not MeanSquaredError().absorbs(softmax, 2)


def test_a_softmax_that_is_used_at_two_ranks(rng):
    """Axis 1 is the last of its first input only, so the loss of the second computes no softmax."""
    softmax, vector, steps = Softmax(axis=1), nnkit.Input((4,)), nnkit.Input((3, 4))
    model = nnkit.Model([vector, steps], [softmax(vector), softmax(steps)])
    model.compile("sgd", ["mse", "categorical_crossentropy"])
    x = [rng.normal(size=(5, 4)), rng.normal(size=(5, 3, 4))]
    y = np.eye(4)[rng.integers(0, 4, (5, 3))]
    p = np.exp(x[1]) / np.exp(x[1]).sum(axis=1, keepdims=True)
    wanted = -(np.log(p / p.sum(axis=-1, keepdims=True)) * y).sum(axis=-1).mean()
    _, _, found = model.evaluate(x, [np.zeros((5, 4)), y], verbose=0)
    np.testing.assert_allclose(found, wanted, 1e-5)


def test_a_derived_activation_is_not_absorbed():
    """It may compute something else, which the loss would leave out."""

    class Sharper(Softmax):
        def forward(self, x, training=False):
            return super().forward(4 * x, training)

    model = nnkit.Sequential([nnkit.Input((3,)), Sharper()])
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    x = np.array([[0.1, 0.2, 0.3]], np.float32)
    want = CategoricalCrossentropy()(np.eye(3)[:1], Softmax()(4 * x))
    assert model.evaluate(x, np.eye(3)[:1], verbose=0) == pytest.approx(want, rel=1e-6)


def test_extreme_logits_stay_finite():
    z, t = np.array([[1e4, -1e4]], np.float32), np.array([[0, 1]])
    assert CategoricalCrossentropy(from_logits=True)(t, z) == pytest.approx(2e4)
    assert SparseCategoricalCrossentropy(from_logits=True)([1], z) == pytest.approx(2e4)
    assert BinaryCrossentropy(from_logits=True)(t, z) == pytest.approx(1e4)


@EACH
def test_configs(cls, named, y, p, expected):
    loss = cls(**named, name="mine", reduction="sum")
    config = json.loads(json.dumps(loss.get_config()))
    again = losses.get({"class_name": cls.__name__, "config": config})
    assert again.get_config() == config == {**config, **named, "reduction": "sum", "name": "mine"}


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", MeanSquaredError),
        ("MSE", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("mae", MeanAbsoluteError),
        ("binary_crossentropy", BinaryCrossentropy),
        ("categorical_crossentropy", CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy),
    ],
)
def test_names(name, cls):
    assert type(losses.get(name)) is cls


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.get("mes"), "did you mean 'mse'"),
        (lambda: losses.get(3), "loss: expected an object or the name of one"),
        (lambda: losses.get("mse")([1.0], [1.0, 2.0]), "1 targets, but 2 predictions"),
        (
            lambda: losses.get("mse")([1.0], [1.0], [1.0, 2.0]),
            r"sample_weight must have shape \(1,",
        ),
        (lambda: MeanSquaredError(reduction="avg"), "reduction must be one of sum_over_batch"),
        (lambda: CategoricalCrossentropy(from_logits=1), "from_logits must be True or False"),
        (lambda: CategoricalCrossentropy(label_smoothing=2), r"label_smoothing must .* \[0, 1\]"),
        (lambda: BinaryCrossentropy(axis=0), "axis must be"),
        (lambda: SparseCategoricalCrossentropy(ignore_class=0.5), "ignore_class must be"),
        (lambda: SparseCategoricalCrossentropy(label_smoothing=0.1), "has no argument"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_loss_of_ones_own():
    class Cubic(losses.Loss):
        def forward(self, y_true, y_pred):
            return (abs(y_pred - y_true) ** 3).mean(axis=-1)

    assert Cubic()([1.0, 2.0], [1.0, 4.0]) == 4.0
    assert not Cubic.recordable
    assert Cubic().name == "cubic"
