import numpy as np
import pytest

from nnkit.layers import Flatten, Input, InputLayer, Rescaling, Reshape


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3, 4), (2, 12)), ((2, 3), (2, 3)), ((2,), (2, 1)), ((0, 3, 4), (0, 12))],
)
def test_flatten(shape, expected):
    layer, x = Flatten(), np.zeros(shape, np.float32)
    y = layer(x)
    assert y.shape == expected == layer.compute_output_shape(shape)
    assert np.shares_memory(x, y) or x.size == 0
    assert layer.backward(y).shape == shape


def test_flatten_keeps_the_order(rng):
    x = rng.normal(size=(2, 3, 4))
    np.testing.assert_array_equal(Flatten(dtype="float64")(x), x.reshape(2, 12))


def test_flatten_of_channels_first():
    assert Flatten("channels_first").get_config()["data_format"] == "channels_first"
    for shape in ((2, 3, 4, 5), (2, 3, 4), (2, 3)):
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        want = np.moveaxis(x, 1, -1).reshape(2, -1)
        np.testing.assert_array_equal(Flatten("channels_first")(x), want)
    with pytest.raises(ValueError, match="data_format must be one of channels_last, channels_fi"):
        Flatten("channels_middle")


@pytest.mark.parametrize(
    ("target", "expected"), [((3, 4), (3, 4)), ((-1,), (12,)), ((2, -1, 3), (2, 2, 3))]
)
@pytest.mark.parametrize("rows", [0, 5])
def test_reshape(target, expected, rows):
    layer, x = Reshape(target), np.zeros((rows, 6, 2), np.float32)
    y = layer(x)
    assert y.shape == (rows, *expected)
    assert layer.backward(y).shape == x.shape
    assert layer.compute_output_shape((None, 6, 2)) == (None, *expected)
    assert Reshape.from_config(layer.get_config()).target_shape == target


@pytest.mark.parametrize("target", [(5,), (5, -1), (3, 5)])
def test_reshape_to_another_size(target):
    with pytest.raises(ValueError, match=r"samples of shape \(6, 2\) \(12 elements\)"):
        Reshape(target)(np.zeros((2, 6, 2)))


@pytest.mark.parametrize("target", [12, (-1, -1), (0,), (-2,), (2.0,), "ab"])
def test_reshape_arguments(target):
    with pytest.raises((TypeError, ValueError), match="Reshape: target_shape"):
        Reshape(target)


def test_rescaling(rng):
    layer, x = Rescaling(2, offset=-1, dtype="float64"), rng.normal(size=(3, 4))
    np.testing.assert_allclose(layer(x), 2 * x - 1)
    np.testing.assert_allclose(layer.backward(x), 2 * x)
    with pytest.raises(TypeError, match="scale must be a number"):
        Rescaling([1, 2])


def test_input():
    placeholder = Input((28, 28))
    layer = placeholder.node.layer
    assert isinstance(layer, InputLayer)
    assert placeholder.shape == layer.batch_shape == (None, 28, 28)
    assert layer.output is placeholder
    assert Input((None, 3)).shape == (None, None, 3)
    assert Input(batch_shape=(5, 3)).shape == (5, 3)
    assert Input((3,), batch_size=5).shape == (5, 3)
    assert Input(()).shape == (None,)


def test_input_config():
    config = InputLayer([3], dtype="float64", name="pixels").get_config()
    assert config == {"batch_shape": [None, 3], "dtype": "float64", "name": "pixels"}
    assert InputLayer.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"shape": 784}, r"write \(784,\)"),
        ({"shape": "ab"}, "whole number"),
        ({"shape": (0,)}, "whole number from 1"),
        ({}, "either shape or batch_shape"),
        ({"shape": (1,), "batch_shape": (None, 1)}, "either shape or batch_shape"),
        ({"shape": (1,), "batch_size": 0}, "batch_size must be"),
        ({"shape": (1,), "dtype": "complex64"}, "dtype"),
    ],
)
def test_input_arguments(named, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Input(**named)
