import numpy as np
import pytest

from nnkit.kernels.cpu import activations as kernels
from tests.helpers import run, slope
from tests.reference import activations as reference

SHAPES = [(1,), (7,), (3, 5, 2), (4099,)]
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-14}
NUMBERS = {
    "relu": [(0.0, np.inf, 0.0), (0.2, 6.0, 0.5), (0.1, 1.0, -0.5)],
    "rescale": [(1 / 255, -0.5)],
    "scale": [(3.0,)],
}
CASES = [
    (name, numbers)
    for name in ("tanh", "sigmoid", "relu", "rescale", "scale", "copy")
    for numbers in NUMBERS.get(name, [()])
]
BACKWARD = [case for case in CASES if case[0] in ("tanh", "sigmoid", "relu")]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "numbers"), CASES)
def test_forward(name, numbers, shape, dtype, rng):
    x = rng.normal(scale=3, size=shape).astype(dtype)
    y = np.empty_like(x)
    run(getattr(kernels, name), x, *numbers, y)
    want = getattr(reference, name)(x.astype(float), *numbers)
    np.testing.assert_allclose(y, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "numbers"), BACKWARD)
def test_backward(name, numbers, shape, dtype, rng):
    x, dy = rng.normal(scale=3, size=(2, *shape)).astype(dtype)
    kept = x if name == "relu" else getattr(reference, name)(x)
    dx = np.empty_like(x)
    run(getattr(kernels, name + "_backward"), dy, kept, *numbers, dx)
    want = getattr(reference, name + "_backward")(dy.astype(float), kept, *numbers)
    np.testing.assert_allclose(dx, want, rtol=10 * TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize(("name", "numbers"), BACKWARD)
def test_gradient(name, numbers, rng):
    x, dy = rng.normal(size=(2, 20))
    kept = x if name == "relu" else getattr(reference, name)(x)
    dx = np.empty_like(x)
    run(getattr(kernels, name + "_backward"), dy, kept, *numbers, dx)
    want = slope(lambda x: np.sum(dy * getattr(reference, name)(x, *numbers)), x)
    np.testing.assert_allclose(dx, want, atol=1e-8)


def test_relu_at_its_corners():
    """At the maximum the gradient is 0, at the threshold 1, as in Keras."""
    x, dy = np.array([1.0, 1.5, 6.0, 7.0, 0.5, np.inf, -np.inf]), np.ones(7)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(kernels.relu, x, 0.0, 6.0, 1.0, y)
    np.testing.assert_array_equal(y, [1, 1.5, 6, 6, 0, 6, 0])
    run(kernels.relu_backward, dy, x, 0.0, 6.0, 1.0, dx)
    np.testing.assert_array_equal(dx, [1, 1, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "numbers"), CASES)
def test_nan_stays_nan(name, numbers, dtype):
    x = np.full(33, np.nan, dtype)
    y = np.empty_like(x)
    run(getattr(kernels, name), x, *numbers, y)
    assert np.isnan(y).all()
