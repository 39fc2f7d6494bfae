"""The float32 functions against float64, over all of float32."""

import math

import numpy as np
import pytest

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu import _math
from tests.helpers import run

EVERY = 509  # Every so many bit patterns of the 2^32.


def _sigmoid(x):
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, z) / (1 + z)


REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
}


def apply(name, x):
    """A function of ``_math`` on an array, in a loop with the kernels' flags."""
    function = getattr(_math, name)

    @kernel(outputs=["y"], split=["x", "y"], elementwise=True)
    def loop(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    loop.name = name
    y = np.empty_like(x)
    run(loop, x, y)
    return y


def all_of_float32():
    return np.arange(0, 2**32, EVERY, dtype=np.uint64).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("name", REFERENCES)
@np.errstate(all="ignore")
def test_within_four_ulp(name):
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-45, -1e-45], np.float32)
    edges = np.linspace(-110, 110, 100_001).astype(
        np.float32
    )  # Where the results over- and underflow.
    x = np.concatenate([special, edges, all_of_float32()])
    y = apply(name, x)
    exact = REFERENCES[name](x.astype(np.float64))
    rounded = exact.astype(np.float32)
    right = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    wrong_kind = ~right & ~(np.isfinite(y) & np.isfinite(rounded))
    assert not wrong_kind.any(), x[wrong_kind][:10]
    with np.errstate(invalid="ignore"):
        ulps = np.abs(y - exact) / np.spacing(np.abs(rounded)).astype(np.float64)
    ulps[right] = 0
    worst = np.argmax(ulps)
    assert ulps[worst] <= 4, (x[worst], y[worst], exact[worst])


@pytest.mark.parametrize("name", REFERENCES)
@np.errstate(all="ignore")
def test_float64(name):
    x = np.concatenate([np.linspace(-750, 750, 10_001), [0, np.inf, -np.inf, np.nan, 1e-300]])
    np.testing.assert_allclose(apply(name, x), REFERENCES[name](x), rtol=1e-14)


def test_signs_of_zero():
    x = np.array([0.0, -0.0], np.float32)
    np.testing.assert_array_equal(np.signbit(apply("tanh", x)), [False, True])


def test_normal_cdf():
    """Its tail is as precise as its larger values, up to what squaring x loses."""
    x = np.linspace(-12, 12, 10_001)
    want = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x.astype(np.float32)])
    got = apply("normal_cdf", x.astype(np.float32))
    np.testing.assert_allclose(got, want, rtol=2e-5)
    near = np.abs(x) < 1
    np.testing.assert_allclose(got[near], want[near], rtol=5e-7)
    want = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x])
    np.testing.assert_allclose(apply("normal_cdf", x), want, rtol=1e-13)
    ends = np.array([-np.inf, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(apply("normal_cdf", ends), [0, 1, np.nan])
