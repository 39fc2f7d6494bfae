"""Convolutions and pooling in native programs, against NumPy."""

import numpy as np
import pytest

import nnkit.symbolic.tensor as T
from tests.symbolic.test_native_ops import natively

SETTINGS = [
    {},
    {"border_mode": "full", "filter_flip": False},
    {"border_mode": "half", "subsample": (2, 1)},
    {"border_mode": (2, 0), "filter_dilation": (1, 2)},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conv2d_and_its_gradients(settings, dtype):
    rng = np.random.default_rng(0)
    x, w = T.tensor4("x", dtype=dtype), T.tensor4("w", dtype=dtype)
    y = T.tanh(T.nnet.conv2d(x, w, **settings))
    outputs = [y, *T.grad(T.sqr(y).sum(), [x, w])]
    arrays = [rng.normal(size=s).astype(dtype) for s in ((2, 3, 6, 7), (4, 3, 3, 2))]
    tolerance = 1e-4 if dtype == "float32" else 1e-10
    natively([x, w], outputs, arrays, [a[:1] for a in arrays], tolerance=tolerance)


def test_images_that_are_views():
    rng = np.random.default_rng(0)
    x, w = T.ftensor4("x"), T.ftensor4("w")
    y = T.nnet.conv2d(x.dimshuffle(0, 3, 1, 2), w.dimshuffle(1, 0, 3, 2)).dimshuffle(0, 2, 3, 1)
    arrays = [rng.normal(size=s).astype("float32") for s in ((2, 5, 6, 3), (3, 1, 2, 4))]
    natively([x, w], [y, y.sum(axis=(1, 2))], arrays, tolerance=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"ws": 2, "ignore_border": True},
        {"ws": (3, 2), "ignore_border": False},
        {"ws": 3, "stride": (1, 2), "pad": (1, 0), "ignore_border": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["max", "average_exc_pad"])
def test_pooling(settings, mode):
    x = T.ftensor4("x")
    y = T.signal.pool.pool_2d(x, mode=mode, **settings)
    array = np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype("float32")
    natively([x], [y, y.sum()], [array])
