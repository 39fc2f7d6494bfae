"""Pooling in Keras's manner: shapes, ties and errors. Values are in the catalogue's tests."""

import re

import numpy as np
import pytest

import nnkit
from nnkit import layers

SHAPES = [
    (layers.MaxPooling2D(), (5, 6, 3), (2, 3, 3)),
    (layers.MaxPooling2D(padding="same"), (5, 6, 3), (3, 3, 3)),
    (layers.MaxPooling2D((2, 3), strides=1), (5, 6, 3), (4, 4, 3)),
    (layers.AveragePooling2D(2, data_format="channels_first"), (3, 5, 6), (3, 2, 3)),
    (layers.MaxPooling1D(), (5, 3), (2, 3)),
    (layers.AveragePooling1D(3, data_format="channels_first"), (3, 7), (3, 2)),
    (layers.GlobalMaxPooling2D(), (5, 6, 3), (3,)),
    (layers.GlobalMaxPooling2D(keepdims=True), (5, 6, 3), (1, 1, 3)),
    (layers.GlobalAveragePooling2D("channels_first", keepdims=True), (3, 5, 6), (3, 1, 1)),
    (layers.GlobalAveragePooling1D(), (5, 3), (3,)),
    (layers.GlobalMaxPooling1D("channels_first", keepdims=True), (3, 5), (3, 1)),
    (layers.MaxPooling3D(), (5, 6, 4, 3), (2, 3, 2, 3)),
    (layers.AveragePooling3D((1, 2, 3), padding="same"), (5, 6, 4, 3), (5, 3, 2, 3)),
    (layers.GlobalMaxPooling3D(), (5, 6, 4, 3), (3,)),
    (layers.GlobalAveragePooling3D("channels_first", True), (3, 5, 6, 4), (3, 1, 1, 1)),
    (layers.AdaptiveAveragePooling2D((2, 9)), (5, 6, 3), (2, 9, 3)),
    (layers.AdaptiveMaxPooling1D(2, "channels_first"), (3, 5), (3, 2)),
]


@pytest.mark.parametrize(("layer", "shape", "expected"), SHAPES)
def test_shapes(layer, shape, expected):
    assert layer.compute_output_shape((None, *shape)) == (None, *expected)
    for rows in (2, 0):
        assert layer(np.zeros((rows, *shape))).shape == (rows, *expected)


@pytest.mark.parametrize("format", ["channels_last", "channels_first"])
def test_the_first_of_equal_elements_gets_the_gradient(format):
    layer = layers.MaxPooling2D(2, strides=1, data_format=format)
    layer(np.ones((1, 3, 3, 1) if format == "channels_last" else (1, 1, 3, 3)))
    dx = layer.backward(np.ones((1, 2, 2, 1), np.float32).reshape(layer.pooled))
    np.testing.assert_array_equal(dx.reshape(3, 3), [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("format", ["channels_last", "channels_first"])
def test_the_first_of_equal_elements_of_volumes(format, rng):
    """Planes come first, then rows, then columns, though planes are pooled before the depth."""
    layer = layers.MaxPooling3D(2, data_format=format)
    x = np.zeros((1, 2, 2, 2, 1) if format == "channels_last" else (1, 1, 2, 2, 2), np.float32)
    for first in range(8):
        x.reshape(8)[first:] = first + 1
        layer(x)
        dx = layer.backward(np.ones(layer.compute_output_shape(x.shape), np.float32))
        np.testing.assert_array_equal(dx.reshape(8), np.arange(8) == first)


def test_large_windows(rng):
    """More elements than a byte can number."""
    layer, x = layers.GlobalMaxPooling2D(), rng.normal(size=(2, 20, 30, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x.max((1, 2)))
    dx = layer.backward(np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(dx, x == x.max((1, 2), keepdims=True))
    layer, x = layers.GlobalMaxPooling3D(), rng.normal(size=(2, 300, 2, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x.max((1, 2, 3)))
    dx = layer.backward(np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(dx, x == x.max((1, 2, 3), keepdims=True))


@pytest.mark.parametrize("format", ["channels_last", "channels_first"])
def test_the_mean_of_the_steps_that_count(format, rng):
    x = rng.normal(size=(2, 4, 3)).astype(np.float32)
    mask = np.array([[True, False, True, False], [False] * 4])
    layer = layers.GlobalAveragePooling1D(format, keepdims=True)
    given = x if format == "channels_last" else np.ascontiguousarray(x.swapaxes(1, 2))
    layer.ensure_built(given.shape)
    y = layer.forward(given, mask=mask)
    assert y.shape == layer.compute_output_shape(given.shape)
    np.testing.assert_allclose(y.reshape(2, 3), [(x[0, 0] + x[0, 2]) / 2, [0] * 3], 1e-6)
    dx = layer.backward(np.ones_like(y))
    assert dx.shape == given.shape
    dx = dx if format == "channels_last" else dx.swapaxes(1, 2)
    np.testing.assert_array_equal(dx[:, :, 0], mask * 0.5)


def test_keras_s_other_names():
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.GlobalAvgPool1D is layers.GlobalAveragePooling1D


ARGUMENTS = [
    (layers.MaxPooling2D, {"pool_size": 0}, "pool_size must be a whole number from 1"),
    (layers.MaxPooling2D, {"strides": (1, 0)}, "strides must be a whole number from 1"),
    (layers.MaxPooling1D, {"pool_size": (2, 2)}, "pool_size must be a whole number or 1"),
    (layers.MaxPooling2D, {"padding": "causal"}, "padding must be one of valid, same"),
    (layers.AveragePooling2D, {"pool_size": 2, "data_format": "channel_last"}, "'channels_last'"),
    (layers.GlobalMaxPooling2D, {"keepdims": 1}, "keepdims must be True or False"),
    (layers.GlobalMaxPooling2D, {"pool_size": 2}, "no argument 'pool_size'"),
]


@pytest.mark.parametrize(("cls", "arguments", "message"), ARGUMENTS)
def test_bad_arguments(cls, arguments, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        cls(**arguments)


INPUTS = [
    (layers.MaxPooling2D(3), (2, 9, 9), "a window that spans (3, 3) is larger"),
    (layers.MaxPooling2D(2), (1, 28, 28), "data_format='channels_first'"),
    (layers.MaxPooling1D(3), (2, 9), "a window that spans (3,) is larger"),
    (layers.MaxPooling2D(2), (9, 9), "(batch, height, width, channels)"),
    (layers.GlobalAveragePooling1D(), (9, 9, 2), "(batch, steps, channels)"),
]


@pytest.mark.parametrize(("layer", "shape", "message"), INPUTS)
def test_bad_inputs(layer, shape, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        nnkit.Sequential([nnkit.Input(shape), layer])
