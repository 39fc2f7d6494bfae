import numpy as np
import pytest

from nnkit.kernels.cpu import softmax as kernels
from tests.helpers import run, slope
from tests.reference import softmax as reference

SHAPES = [(1, 1, 1), (3, 1, 1), (32, 10, 1), (5, 37, 1), (2, 3, 4), (1, 1000, 1), (3, 17, 33)]
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}


BOTH = pytest.mark.parametrize("name", ["softmax", "log_softmax"])


def functions(name):
    """A kernel and its gradient, then what they should compute."""
    names = name, f"{name}_backward"
    return [getattr(module, n) for module in (kernels, reference) for n in names]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
@BOTH
def test_softmax(name, shape, dtype, rng):
    forward, backward, right, right_backward = functions(name)
    x, dy = rng.normal(scale=3, size=(2, *shape)).astype(dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(forward, x, y)
    np.testing.assert_allclose(y, right(x.astype(float)), TOLERANCE[dtype], 1e-6)
    run(backward, dy, y, dx)
    want = right_backward(dy.astype(float), y.astype(float))
    np.testing.assert_allclose(dx, want, 2 * TOLERANCE[dtype], TOLERANCE[dtype])


@pytest.mark.parametrize("shape", [(2, 5, 1), (2, 3, 2)])
@BOTH
def test_gradient(name, shape, rng):
    _, backward, right, _ = functions(name)
    x, dy = rng.normal(size=(2, *shape))
    dx = np.empty_like(x)
    run(backward, dy, right(x), dx)
    want = slope(lambda x: np.sum(dy * right(x)), x)
    np.testing.assert_allclose(dx, want, atol=1e-8)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_extremes(dtype):
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [-np.inf, 0, -np.inf]], dtype)
    y = np.empty_like(x)
    run(kernels.softmax, x[..., None], y[..., None])
    np.testing.assert_allclose(y, [[1, 0, 0], [1 / 3] * 3, [0, 1, 0]], rtol=1e-6)
    run(kernels.log_softmax, x[..., None], y[..., None])
    want = [[0, -2e4, -1e4], [-np.log(3)] * 3, [-np.inf, 0, -np.inf]]
    np.testing.assert_allclose(y, want, rtol=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n", [1, 10, 100])
@BOTH
def test_nan_fills_its_row_only(name, n, dtype):
    x = np.zeros((3, n, 1), dtype)
    for at in range(n):
        x[1] = 0
        x[1, at] = np.nan
        y = np.empty_like(x)
        run(getattr(kernels, name), x, y)
        np.testing.assert_array_equal(np.isnan(y).all(axis=1).ravel(), [False, True, False])
