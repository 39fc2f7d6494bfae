import numpy as np
import pytest

from nnkit.kernels.cpu import softmax as kernels
from tests.helpers import run, slope
from tests.reference import softmax as reference

SHAPES = [(1, 1, 1), (3, 1, 1), (32, 10, 1), (5, 37, 1), (2, 3, 4), (1, 1000, 1), (3, 17, 33)]
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(shape, dtype, rng):
    x, dy = rng.normal(scale=3, size=(2, *shape)).astype(dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(kernels.softmax, x, y)
    np.testing.assert_allclose(y, reference.softmax(x.astype(float)), rtol=TOLERANCE[dtype])
    run(kernels.softmax_backward, dy, y, dx)
    want = reference.softmax_backward(dy.astype(float), y.astype(float))
    np.testing.assert_allclose(dx, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("shape", [(2, 5, 1), (2, 3, 2)])
def test_gradient(shape, rng):
    x, dy = rng.normal(size=(2, *shape))
    dx = np.empty_like(x)
    run(kernels.softmax_backward, dy, reference.softmax(x), dx)
    want = slope(lambda x: np.sum(dy * reference.softmax(x)), x)
    np.testing.assert_allclose(dx, want, atol=1e-8)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_extremes(dtype):
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [-np.inf, 0, -np.inf]], dtype)
    y = np.empty_like(x)
    run(kernels.softmax, x[..., None], y[..., None])
    np.testing.assert_allclose(y, [[1, 0, 0], [1 / 3] * 3, [0, 1, 0]], rtol=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n", [1, 10, 100])
def test_nan_fills_its_row_only(n, dtype):
    x = np.zeros((3, n, 1), dtype)
    for at in range(n):
        x[1] = 0
        x[1, at] = np.nan
        y = np.empty_like(x)
        run(kernels.softmax, x, y)
        np.testing.assert_array_equal(np.isnan(y).all(axis=1).ravel(), [False, True, False])
