import numpy as np
import pytest

from nnkit.kernels.cpu import activations as kernels
from tests.helpers import run, slope
from tests.reference import activations as reference

SHAPES = [(1,), (7,), (3, 5, 2), (4099,)]
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-14}
CASES = [
    (name, numbers)
    for name in (*reference.OF_Y, *reference.OF_X, "rescale", "scale", "copy")
    for numbers in reference.NUMBERS.get(name, [()])
]
BACKWARD = [case for case in CASES if case[0] in reference.OF_Y + reference.OF_X]


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
    kept = x if name in reference.OF_X else getattr(reference, name)(x)
    dx = np.empty_like(x)
    run(getattr(kernels, name + "_backward"), dy, kept, *numbers, dx)
    wide = dy.astype(float), kept.astype(float)
    want = getattr(reference, name + "_backward")(*wide, *numbers)
    np.testing.assert_allclose(dx, want, rtol=10 * TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize(("name", "numbers"), BACKWARD)
def test_gradient(name, numbers, rng):
    x, dy = rng.normal(size=(2, 20))
    kept = x if name in reference.OF_X else getattr(reference, name)(x)
    dx = np.empty_like(x)
    run(getattr(kernels, name + "_backward"), dy, kept, *numbers, dx)
    want = slope(lambda x: np.sum(dy * getattr(reference, name)(x, *numbers)), x)
    np.testing.assert_allclose(dx, want, atol=1e-8)


def test_relu_at_its_corners():
    """At the maximum the gradient is 0; at the threshold 0, or 1 if there is a slope below."""
    x, dy = np.array([1.0, 1.5, 6.0, 7.0, 0.5, np.inf, -np.inf]), np.ones(7)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(kernels.relu, x, 0.0, 6.0, 1.0, y)
    np.testing.assert_array_equal(y, [1, 1.5, 6, 6, 0, 6, 0])
    run(kernels.relu_backward, dy, x, 0.0, 6.0, 1.0, dx)
    np.testing.assert_array_equal(dx, [0, 1, 0, 0, 0, 0, 0])
    run(kernels.relu_backward, dy, x, 0.5, np.inf, 1.0, dx)
    np.testing.assert_array_equal(dx, [1, 1, 1, 1, 0.5, 0, 0.5])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "numbers"), CASES)
def test_nan_stays_nan(name, numbers, dtype):
    x = np.full(33, np.nan, dtype)
    y = np.empty_like(x)
    run(getattr(kernels, name), x, *numbers, y)
    assert np.isnan(y).all()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "numbers"), BACKWARD)
@np.errstate(over="ignore")
def test_far_out(name, numbers, dtype):
    """Nothing overflows that need not."""
    x = np.array([-1e4, -100, 100, 1e4], dtype)
    y, dx, ones = np.empty_like(x), np.empty_like(x), np.ones_like(x)
    run(getattr(kernels, name), x, *numbers, y)
    want = getattr(reference, name)(x.astype(float), *numbers).astype(dtype)
    np.testing.assert_allclose(y, want, rtol=1e-6, atol=1e-37)
    kept = x if name in reference.OF_X else y
    run(getattr(kernels, name + "_backward"), ones, kept, *numbers, dx)
    want = getattr(reference, name + "_backward")(1.0, kept.astype(float), *numbers)
    np.testing.assert_allclose(dx, want.astype(dtype), rtol=1e-6, atol=1e-37)


def test_gelu_far_below_zero():
    """Where 1 + erf x would be 0."""
    x = np.linspace(-12, -4, 100).astype(np.float32)
    y = np.empty_like(x)
    run(kernels.gelu, x, y)
    np.testing.assert_allclose(y, reference.gelu(x.astype(float)), rtol=1e-5)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (2, 3, 4, 9, 1), (3, 1, 2, 3, 17)])
def test_prelu(shape, dtype, rng):
    x, dy = rng.normal(size=(2, *shape)).astype(dtype)
    alpha = rng.uniform(size=(shape[2], shape[4])).astype(dtype)
    y, dx, dalpha = np.empty_like(x), np.empty_like(x), np.empty((shape[0], *alpha.shape), dtype)
    run(kernels.prelu, x, alpha, y)
    np.testing.assert_array_equal(y, reference.prelu(x, alpha))
    run(kernels.prelu_backward, dy, x, alpha, dx, dalpha)
    want, sums = reference.prelu_backward(dy, x, alpha)
    np.testing.assert_array_equal(dx, want)
    np.testing.assert_allclose(dalpha, sums, 10 * TOLERANCE[dtype], 10 * TOLERANCE[dtype])
