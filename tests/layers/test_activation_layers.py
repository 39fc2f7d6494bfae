import numpy as np
import pytest

from nnkit.layers import Activation, ReLU, Sigmoid, Softmax, Tanh


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


CASES = [
    (Tanh, {}, np.tanh),
    (Sigmoid, {}, lambda x: 1 / (1 + np.exp(-x))),
    (ReLU, {}, lambda x: np.maximum(x, 0)),
    (ReLU, {"max_value": 1}, lambda x: np.clip(x, 0, 1)),
    (ReLU, {"negative_slope": 0.1}, lambda x: np.where(x >= 0, x, 0.1 * x)),
    (ReLU, {"threshold": 0.5}, lambda x: np.where(x >= 0.5, x, 0)),
    (Softmax, {}, lambda x: softmax(x, -1)),
    (Softmax, {"axis": 1}, lambda x: softmax(x, 1)),
    (Softmax, {"axis": -2}, lambda x: softmax(x, -2)),
]


@pytest.mark.parametrize(("cls", "arguments", "formula"), CASES)
def test_formulas(rng, cls, arguments, formula):
    layer, x = cls(dtype="float64", **arguments), 2 * rng.normal(size=(4, 5, 6))
    np.testing.assert_allclose(layer(x), formula(x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("cls", "arguments", "formula"), CASES)
def test_gradients(rng, cls, arguments, formula):
    layer, x = cls(dtype="float64", **arguments), 2 * rng.normal(size=(4, 5, 6))
    dy, step = rng.normal(size=x.shape), 1e-6 * rng.normal(size=x.shape)
    layer(x)
    dx = layer.backward(dy)
    numeric = (dy * (formula(x + step) - formula(x - step))).sum()
    assert (2 * dx * step).sum() == pytest.approx(numeric, rel=1e-5)


@pytest.mark.parametrize(("cls", "arguments", "formula"), CASES)
def test_empty_batches_and_float32(cls, arguments, formula):
    layer = cls(**arguments)
    y = layer(np.zeros((0, 5, 6)))
    assert (y.shape, y.dtype) == ((0, 5, 6), np.float32)
    assert layer.backward(y).shape == (0, 5, 6)


@pytest.mark.parametrize(("cls", "arguments", "formula"), CASES)
def test_configs(cls, arguments, formula):
    config = cls(**arguments).get_config()
    assert config.items() >= arguments.items()
    assert cls.from_config(config).get_config() == config


def test_activation_is_the_named_layer(rng):
    x = rng.normal(size=(4, 5))
    layer = Activation("tanh", dtype="float64")
    np.testing.assert_array_equal(layer(x), Tanh(dtype="float64")(x))
    assert layer.get_config()["activation"] == "tanh"
    assert [type(part).__name__ for part in layer.parts()] == ["Activation", "Tanh"]
    assert Activation.from_config(layer.get_config()).get_config() == layer.get_config()


def test_activation_may_be_linear():
    layer = Activation("linear")
    assert layer(np.ones((1, 2))).tolist() == [[1, 1]]
    assert layer.parts() == (layer,)


@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (2, 3)), (2, (2, 3)), (-2, (2, 3)), (-3, (2, 3)), (-1, (2,))]
)
def test_softmax_without_such_an_axis(axis, shape):
    with pytest.raises(ValueError, match=rf"layer 'softmax' \(Softmax\) has axis {axis}"):
        Softmax(axis=axis)(np.zeros(shape))


@pytest.mark.parametrize("name", ["max_value", "negative_slope", "threshold"])
@pytest.mark.parametrize("value", [-1, "1", float("nan")])
def test_relu_arguments(name, value):
    with pytest.raises((TypeError, ValueError), match=f"ReLU: {name} must be a number in"):
        ReLU(**{name: value})
