"""Layers that transform images at random against Keras's, where nothing is left to draw."""

import numpy as np
import pytest

import nnkit
from nnkit import layers
from tests.keras.theirs import QUIET, assert_close, keras

pytestmark = QUIET
FILLS = ["reflect", "wrap", "constant", "nearest"]


def compare(name, x, *arguments, **options):
    ours, theirs = (getattr(m.layers, name)(*arguments, **options) for m in (nnkit, keras))
    assert_close(ours(x, training=True), np.asarray(theirs(x, training=True)), 1e-4)
    np.testing.assert_array_equal(ours(x, training=False), x)
    config = {k: v for k, v in theirs.get_config().items() if k not in ("name", "dtype", "seed")}
    assert config.keys() <= ours.get_config().keys() | {"trainable"}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_warps(interpolation, fill, rng):
    x = rng.uniform(0, 255, (2, 7, 5, 3)).astype(np.float32)
    options = {"fill_mode": fill, "interpolation": interpolation, "fill_value": 40.0}
    compare("RandomRotation", x, (0.13, 0.13), **options)
    compare("RandomZoom", x, (-0.31, -0.31), (0.26, 0.26), **options)
    compare("RandomTranslation", x, (-0.31, -0.31), (0.72, 0.72), **options)


def test_one_factor_of_both(rng):
    compare("RandomZoom", rng.uniform(0, 255, (2, 4, 6, 1)).astype(np.float32), (0.3, 0.3))


def test_channels_first(rng):
    x = rng.uniform(0, 255, (2, 3, 6, 5)).astype(np.float32)
    compare("RandomRotation", x, (0.2, 0.2), data_format="channels_first")


@pytest.mark.parametrize("value_range", [(0, 255), (0, 100)])
def test_tones(value_range, rng):
    x = rng.uniform(value_range[0], value_range[1], (2, 5, 4, 3)).astype(np.float32)
    compare("RandomBrightness", x, (0.3, 0.3), value_range)
    compare("RandomBrightness", x, (-0.2, -0.2), value_range)
    found = layers.RandomContrast((0.0, 0.0), value_range)(x, training=True)
    assert_close(found, x)
