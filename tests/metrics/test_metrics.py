import json

import numpy as np
import pytest

from nnkit import losses, metrics
from nnkit.metrics import (
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalAccuracy,
)

P = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.15], [1.0, 0.0, 0.0]])
T = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]])

# As Keras 3.15.1 gives it: without sample weights, and with 1, 0, 2.
KERAS = [
    (BinaryAccuracy, T, (0.4444444, 0.4444444)),
    (CategoricalAccuracy, T, (0.0, 0.0)),
    (CategoricalAccuracy, np.eye(3)[[2, 1, 0]], (0.6666667, 1.0)),
    (SparseCategoricalAccuracy, [1, 2, 0], (0.3333333, 0.6666667)),
    (MeanSquaredError, T, (0.4794444, 0.5311111)),
    (MeanAbsoluteError, T, (0.5777778, 0.6)),
]


@pytest.mark.parametrize(("cls", "y", "expected"), KERAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_as_keras(cls, y, expected, dtype):
    metric = cls()
    metric.update_state(y, P.astype(dtype))
    assert metric.result() == pytest.approx(expected[0])
    metric.reset_state()
    metric.update_state(y, P.astype(dtype), np.array([1, 0, 2]))
    assert metric.result() == pytest.approx(expected[1])


def test_several_batches_count_by_their_size():
    metric = SparseCategoricalAccuracy()
    metric.update_state([0], P[2:])
    metric.update_state([1, 2], P[:2])
    assert metric.result() == pytest.approx(1 / 3)
    assert SparseCategoricalAccuracy().result() == 0


def test_steps_of_a_sequence_count_each():
    metric = SparseCategoricalAccuracy()
    metric.update_state([[2, 1, 0]], P[None], sample_weight=[3])
    assert metric.result() == pytest.approx(2 / 3)


def test_threshold_is_strict():
    for threshold, expected in ((0.5, 0.5), (0.4, 1.0)):
        metric = BinaryAccuracy(threshold=threshold)
        metric.update_state([1, 0], [0.5, 0.1])
        assert metric.result() == expected


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("loss", "output_shape", "expected"),
    [
        ("sparse_categorical_crossentropy", (None, 3), SparseCategoricalAccuracy),
        ("categorical_crossentropy", (None, 3), CategoricalAccuracy),
        ("binary_crossentropy", (None, 1), BinaryAccuracy),
        ("mse", (None, 1), BinaryAccuracy),
        ("binary_crossentropy", (None, 4), CategoricalAccuracy),
    ],
)
def test_accuracy_chooses(name, loss, output_shape, expected):
    metric = metrics.get(name, losses.get(loss), output_shape)
    assert type(metric) is expected
    assert metric.name == name
    assert metric.direction == "max"


def test_names():
    assert metrics.get("mse").name == "mse"
    assert metrics.get("MeanSquaredError").name == "MeanSquaredError"
    assert metrics.get(MeanSquaredError()).name == "mean_squared_error"
    assert metrics.get(MeanSquaredError("error")).name == "error"
    assert metrics.get("mae").direction == "min"


def test_configs():
    config = json.loads(json.dumps(BinaryAccuracy("hits", threshold=0.3).get_config()))
    assert config == {"name": "hits", "dtype": None, "threshold": 0.3}
    again = metrics.get({"class_name": "BinaryAccuracy", "config": config})
    assert (again.name, again.threshold) == ("hits", 0.3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.get("acuracy"), "did you mean"),
        (lambda: metrics.get(3), "metric: expected an object or the name of one"),
        (
            lambda: metrics.get("mse", losses.get("sparse_categorical_crossentropy"), (None, 3)),
            "metric 'mse' takes targets that are one value for every output, but the loss",
        ),
        (
            lambda: metrics.get("sparse_categorical_accuracy", losses.get("mse"), (None, 3)),
            "takes targets that are class numbers",
        ),
        (lambda: BinaryAccuracy().update_state([1, 0], [[1.0]]), "2 targets, but 1 predictions"),
        (lambda: CategoricalAccuracy().update_state([1], P[:1]), "don't fit outputs"),
        (lambda: BinaryAccuracy(threshold="a"), "threshold must be a number"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_metric_of_ones_own():
    class Bias(metrics.Metric):
        def forward(self, y_true, y_pred):
            return (y_pred - y_true).mean(axis=-1)

    bias = Bias()
    bias.update_state([1.0, 2.0], [2.0, 4.0])
    assert (bias.name, bias.result(), bias.direction, bias.recordable) == (
        "bias",
        1.5,
        None,
        False,
    )
