import json

import numpy as np
import pytest

from nnkit.layers import Dense, ReLU


def test_formula(rng):
    layer = Dense(3, activation="tanh", bias_initializer="random_normal", dtype="float64")
    x = rng.normal(size=(5, 4))
    y = layer(x)
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(y, np.tanh(x @ kernel + bias), rtol=1e-12)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (5, 2, 4), (5, 2, 3, 4), (0, 4), (0, 2, 4)])
def test_any_rank(rng, shape, use_bias):
    layer = Dense(3, use_bias=use_bias, dtype="float64")
    x = rng.normal(size=shape)
    y = layer(x)
    assert y.shape == (*shape[:-1], 3) == layer.compute_output_shape(shape)
    np.testing.assert_allclose(y, x @ layer.kernel.value, rtol=1e-12)
    assert len(layer.weights) == 1 + use_bias


@pytest.mark.parametrize("shape", [(5, 4), (5, 2, 4)])
def test_backward(rng, shape):
    layer = Dense(3, dtype="float64")
    x, dy = rng.normal(size=shape), rng.normal(size=(*shape[:-1], 3))
    layer(x)
    dx = layer.backward(dy)
    rows, dz = x.reshape(-1, 4), dy.reshape(-1, 3)
    np.testing.assert_allclose(dx, dy @ layer.kernel.value.T, rtol=1e-12)
    np.testing.assert_allclose(layer.kernel.gradient, rows.T @ dz, rtol=1e-12)
    np.testing.assert_allclose(layer.bias.gradient, dz.sum(axis=0), rtol=1e-12)


def test_no_gradient_for_nobody(rng):
    layer = Dense(3)
    layer.propagate = False
    y = layer(rng.normal(size=(5, 4)))
    assert layer.backward(y) is None


def test_float32_stays_float32(rng):
    layer = Dense(3, activation="relu")
    assert layer(rng.normal(size=(5, 4))).dtype == np.float32
    assert layer.backward(np.ones((5, 3), np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "layer",
    [
        Dense(3),
        Dense(3, "tanh", name="mine", dtype="float64", input_shape=(4,)),
        Dense(3, ReLU(max_value=6), False, "he_normal", trainable=False),
    ],
)
def test_config_goes_through_json(layer):
    config = json.loads(json.dumps(layer.get_config()))
    again = Dense.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config


def test_config():
    config = Dense(3, activation="tanh").get_config()
    assert (config["units"], config["activation"], config["use_bias"]) == (3, "tanh", True)
    assert config["kernel_initializer"] == {"class_name": "GlorotUniform", "config": {"seed": None}}
    assert config["bias_initializer"] == {"class_name": "Zeros", "config": {}}


@pytest.mark.parametrize("units", [0, -1, 2.0, "3", None, True, 2**31 + 1])
def test_units(units):
    with pytest.raises((TypeError, ValueError), match="Dense: units must be a whole number"):
        Dense(units)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"activaton": "tanh"}, "did you mean 'activation'"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"use_bias": 1}, "use_bias must be True or False"),
        ({"kernel_initializer": "glorot"}, "unknown initializer 'glorot'"),
        ({"dtype": "float16"}, "dtype is 'float32' or 'float64'"),
        ({"name": "a\nb"}, "a layer's name"),
    ],
)
def test_arguments(named, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Dense(3, **named)


def test_input_without_features():
    with pytest.raises(ValueError, match=r"layer 'out' \(Dense\) needs inputs of shape \(batch"):
        Dense(3, name="out")(np.zeros(4))


def test_other_inputs_later():
    layer = Dense(3)
    layer(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="built for inputs of shape"):
        layer(np.zeros((2, 5)))
