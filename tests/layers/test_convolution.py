"""Convolutions in Keras's manner: shapes and errors. Values are in the catalogue's tests."""

import re

import numpy as np
import pytest

import nnkit
from nnkit.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)

SHAPES = [
    (Conv2D(4, 3), (28, 28, 1), (26, 26, 4)),
    (Conv2D(4, (3, 5), strides=(2, 3)), (28, 28, 3), (13, 8, 4)),
    (Conv2D(4, 3, strides=2, padding="same"), (5, 6, 3), (3, 3, 4)),
    (Conv2D(4, 3, dilation_rate=3), (7, 8, 3), (1, 2, 4)),
    (Conv2D(4, 3, data_format="channels_first"), (3, 8, 9), (4, 6, 7)),
    (Conv2D(4, 3, padding="same"), (1, 1, 2), (1, 1, 4)),
    (Conv1D(4, 3), (10, 2), (8, 4)),
    (Conv1D(4, 3, strides=2, padding="causal"), (9, 2), (5, 4)),
    (Conv1D(4, 8, padding="causal"), (3, 2), (3, 4)),
    (Conv2DTranspose(4, 3), (5, 6, 2), (7, 8, 4)),
    (Conv2DTranspose(4, 3, strides=2, padding="same"), (5, 6, 2), (10, 12, 4)),
    (Conv2DTranspose(4, 2, strides=3), (5, 6, 2), (15, 18, 4)),
    (Conv2DTranspose(4, 2, strides=3, output_padding=0), (5, 6, 2), (14, 17, 4)),
    (Conv2DTranspose(4, 3, 2, "same", output_padding=(0, 1)), (5, 6, 2), (9, 12, 4)),
    (DepthwiseConv2D(3, depth_multiplier=2), (5, 6, 3), (3, 4, 6)),
    (DepthwiseConv1D(3, padding="causal"), (5, 3), (5, 3)),
    (SeparableConv1D(4, 3, strides=2, padding="same"), (5, 2), (3, 4)),
    (SeparableConv2D(4, (2, 3), depth_multiplier=3), (5, 6, 2), (4, 4, 4)),
    (Conv1DTranspose(4, 2, strides=3), (5, 2), (15, 4)),
    (Conv3D(4, (1, 2, 3), (2, 1, 1)), (5, 4, 6, 2), (3, 3, 4, 4)),
    (Conv3D(4, 3, padding="same", groups=2), (1, 1, 1, 2), (1, 1, 1, 4)),
    (Conv3DTranspose(4, 3, 2, "same"), (2, 3, 1, 2), (4, 6, 2, 4)),
    (Conv3DTranspose(4, 2, 3, output_padding=(0, 1, 2)), (2, 1, 3, 2), (5, 3, 10, 4)),
]


@pytest.mark.parametrize(("layer", "shape", "expected"), SHAPES)
def test_shapes(layer, shape, expected):
    assert layer.compute_output_shape((None, *shape)) == (None, *expected)
    assert layer(np.zeros((2, *shape))).shape == (2, *expected)
    assert layer(np.zeros((0, *shape))).shape == (0, *expected)


def test_weights_are_keras_s():
    layer = Conv2D(6, (3, 2), groups=2)
    layer(np.zeros((1, 5, 5, 4)))
    assert [(v.name, v.shape) for v in layer.weights] == [("kernel", (3, 2, 2, 6)), ("bias", (6,))]
    layer = Conv2DTranspose(6, (3, 2), use_bias=False)
    layer(np.zeros((1, 5, 5, 4)))
    assert [v.shape for v in layer.weights] == [(3, 2, 6, 4)]
    layer = SeparableConv2D(6, (3, 2), depth_multiplier=2)
    layer(np.zeros((1, 5, 5, 4)))
    named = [(v.name, v.shape) for v in layer.weights]
    assert named[:2] == [("depthwise_kernel", (3, 2, 4, 2)), ("pointwise_kernel", (1, 1, 8, 6))]
    assert named[2:] == [("bias", (6,))]
    layer = DepthwiseConv2D(3, depth_multiplier=5)
    layer(np.zeros((1, 5, 5, 4)))
    assert [v.shape for v in layer.weights] == [(3, 3, 4, 5), (20,)]


def test_a_causal_convolution_does_not_look_ahead(rng):
    layer, x = Conv1D(3, 4, padding="causal", dilation_rate=2), rng.normal(size=(1, 12, 2))
    y = layer(x)
    x[:, 7:] = 9
    np.testing.assert_array_equal(layer(x)[:, :7], y[:, :7])


def test_channels_first_is_channels_last_with_other_axes(rng):
    nnkit.utils.set_random_seed(1)
    last, first = Conv2D(4, 3), Conv2D(4, 3, data_format="channels_first")
    x = rng.normal(size=(2, 5, 6, 3))
    y = last(x)
    first.ensure_built((None, 3, 5, 6))
    first.set_weights(last.get_weights())
    np.testing.assert_array_equal(first(x.transpose(0, 3, 1, 2)), y.transpose(0, 3, 1, 2))


def test_keras_s_other_names():
    assert type(nnkit.layers.Convolution2D(2, 3)) is Conv2D
    config = {"class_name": "Convolution2D", "config": {"filters": 2, "kernel_size": 3}}
    assert isinstance(nnkit.registry.resolve("layer", config), Conv2D)


ARGUMENTS = [
    (Conv2D, {"filters": 0, "kernel_size": 3}, "filters must be a whole number from 1"),
    (Conv2D, {"filters": 2, "kernel_size": 0}, "kernel_size must be a whole number from 1"),
    (Conv2D, {"filters": 2, "kernel_size": (3, 3, 3)}, "kernel_size must be a whole number or 2"),
    (
        Conv2D,
        {"filters": 2, "kernel_size": 3, "strides": 0},
        "strides must be a whole number from 1",
    ),
    (Conv2D, {"filters": 2, "kernel_size": 3, "padding": "smae"}, "did you mean 'same'"),
    (
        Conv2D,
        {"filters": 2, "kernel_size": 3, "padding": "causal"},
        "valid, same, got 'causal'",
    ),
    (
        Conv2D,
        {"filters": 2, "kernel_size": 3, "data_format": "last"},
        "one of channels_last, ",
    ),
    (Conv2D, {"filters": 4, "kernel_size": 3, "groups": 3}, "3 groups can't share 4 filters"),
    (Conv2D, {"filters": 4, "kernel_size": 3, "stridess": 2}, "did you mean 'strides'"),
    (
        Conv1D,
        {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
        "set one of them",
    ),
    (Conv2DTranspose, {"filters": 4, "kernel_size": 3, "groups": 2}, "no argument 'groups'"),
    (
        Conv2DTranspose,
        {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 2},
        "(2, 2) must be smaller than the strides (2, 2)",
    ),
    (DepthwiseConv2D, {"kernel_size": 3, "depth_multiplier": 0}, "depth_multiplier must be"),
    (DepthwiseConv2D, {"kernel_size": 3, "kernel_initializer": "ones"}, "'depthwise_initializer'"),
    (SeparableConv2D, {"filters": 2, "kernel_size": 3, "depth_multiplier": 1.5}, "a whole number"),
    (SeparableConv2D, {"filters": 2, "kernel_size": 3, "pointwise_l2": 1}, "no argument 'pointwi"),
    (Conv3D, {"filters": 2, "kernel_size": (3, 3)}, "kernel_size must be a whole number or 3"),
    (Conv3D, {"filters": 2, "kernel_size": 3, "padding": "causal"}, "one of valid, same"),
    (Conv1DTranspose, {"filters": 2, "kernel_size": 3, "padding": "causal"}, "one of valid, same"),
]


@pytest.mark.parametrize(("cls", "arguments", "message"), ARGUMENTS)
def test_bad_arguments(cls, arguments, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        cls(**arguments)


INPUTS = [
    (Conv2D(2, 3), (2, 28, 28), r"a window that spans (3, 3) is larger than its input"),
    (Conv2D(2, 3), (1, 28, 28), "data_format='channels_first'"),
    (Conv2D(2, 3, data_format="channels_first"), (28, 28, 1), "data_format='channels_last'"),
    (Conv2D(2, 3, dilation_rate=3), (6, 9, 1), "spans (7, 7)"),
    (Conv2D(2, 3), (28, 28), "inputs of shape (batch, height, width, channels)"),
    (Conv1D(2, 3), (28, 28, 1), "inputs of shape (batch, steps, channels)"),
    (Conv2D(4, 3, groups=2), (8, 8, 3), "2 groups can't share the 3 channels"),
    (Conv2D(4, 3, groups=2, data_format="channels_first"), (3, 8, 8), "the 3 channels"),
    (Conv2DTranspose(1, 3, data_format="channels_first"), (8, 8), "(batch, channels, height, "),
    (Conv2DTranspose(1, 2, 2, "same", output_padding=0), (1, 1, 1), None),
    (DepthwiseConv2D(5), (4, 9, 2), "spans (5, 5)"),
    (SeparableConv2D(2, 5), (4, 9, 2), "spans (5, 5)"),
    (Conv3D(2, 3), (2, 9, 9, 1), "spans (3, 3, 3)"),
    (Conv3D(2, 3), (9, 9, 1), "inputs of shape (batch, depth, height, width, channels)"),
    (Conv3D(4, 1, groups=2), (3, 3, 3, 3), "2 groups can't share the 3 channels"),
    (Conv3DTranspose(1, 2, 2, "same", output_padding=0), (1, 1, 1, 1), None),
]


@pytest.mark.parametrize(("layer", "shape", "message"), INPUTS)
def test_bad_inputs(layer, shape, message):
    """Refused when the layer is built, with its name."""
    layer = type(layer).from_config(layer.get_config() | {"name": "mine"})
    if message is None:
        message = "leaves nothing of inputs"
    with pytest.raises(ValueError, match="'mine'.*" + re.escape(message)):
        nnkit.Sequential([nnkit.Input(shape), layer])
    assert not layer.variables
