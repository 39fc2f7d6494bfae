import numpy as np
import pytest

from nnkit.kernels.cpu import pooling
from tests.helpers import run
from tests.reference import pooling as reference

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# Images; window, strides, padding before the input; pixels of the output.
GEOMETRIES = {
    "one": ((1, 1, 1, 1), (1, 1, 1, 1, 0, 0), (1, 1)),
    "apart": ((2, 4, 6, 3), (2, 2, 2, 2, 0, 0), (2, 3)),
    "squares": ((2, 4, 6, 17), (2, 2, 2, 2, 0, 0), (2, 3)),
    "squares and a rest": ((3, 5, 7, 6), (2, 2, 2, 2, 0, 0), (2, 3)),
    "squares beyond the image": ((2, 5, 3, 4), (2, 2, 2, 2, 0, 0), (3, 2)),
    "rest": ((2, 5, 7, 17), (2, 3, 2, 3, 0, 0), (2, 2)),
    "overlapping": ((2, 6, 6, 2), (3, 3, 1, 2, 0, 0), (4, 2)),
    "gaps": ((1, 7, 9, 2), (2, 2, 3, 4, 0, 0), (2, 2)),
    "same": ((2, 5, 5, 3), (3, 2, 2, 2, 1, 0), (3, 3)),
    "mostly padding": ((1, 2, 1, 2), (5, 5, 1, 1, 2, 2), (2, 1)),
    "whole": ((3, 4, 5, 2), (4, 5, 1, 1, 0, 0), (1, 1)),
    "sequence": ((2, 1, 9, 3), (1, 4, 1, 4, 0, 0), (1, 2)),
    "large": ((1, 20, 20, 1), (17, 17, 3, 3, 0, 0), (2, 2)),
}


@pytest.fixture(params=TOLERANCE, ids=lambda t: t.__name__)
def dtype(request):
    return request.param


@pytest.fixture(params=GEOMETRIES)
def case(request, dtype, rng):
    shape, place, pixels = GEOMETRIES[request.param]
    x = rng.integers(-3, 3, shape).astype(dtype)  # Many are equal.
    return x, rng.normal(size=(shape[0], *pixels, shape[3])).astype(dtype), place


def test_max(case):
    x, dy, place = case
    y, dx = np.empty_like(dy), np.empty_like(x)
    at = np.empty(y.shape, np.uint8 if place[0] * place[1] <= 256 else np.int32)
    run(pooling.max_pool2d, x, *place, y, at)
    want, want_at = reference.max_pool2d(x, place, dy.shape[1:3])
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(at, want_at)
    run(pooling.max_pool2d_backward, dy, at, *place, dx)
    want = reference.max_pool2d_backward(dy.astype(float), at.astype(int), place, x.shape)
    np.testing.assert_allclose(dx, want, rtol=TOLERANCE[x.dtype.type], atol=1e-6)


def test_average(case):
    x, dy, place = case
    y, dx = np.empty_like(dy), np.empty_like(x)
    tolerance = TOLERANCE[x.dtype.type]
    run(pooling.average_pool2d, x, *place, y)
    want = reference.average_pool2d(x.astype(float), place, dy.shape[1:3])
    np.testing.assert_allclose(y, want, rtol=tolerance, atol=tolerance)
    run(pooling.average_pool2d_backward, dy, *place, dx)
    want = reference.average_pool2d_backward(dy.astype(float), place, x.shape)
    np.testing.assert_allclose(dx, want, rtol=tolerance, atol=tolerance)


def test_nan_is_the_largest_and_infinity_is_a_number(dtype):
    inf, nan = np.inf, np.nan
    x = np.array([[-inf, -inf], [1, nan], [inf, 2]], dtype).reshape(3, 1, 2, 1)
    y, at = np.empty((3, 1, 1, 1), dtype), np.empty((3, 1, 1, 1), np.uint8)
    run(pooling.max_pool2d, x, 1, 2, 1, 2, 0, 0, y, at)
    np.testing.assert_array_equal(y.ravel(), [-inf, nan, inf])
    np.testing.assert_array_equal(at.ravel(), [0, 1, 0])
    squares = np.array([[1, nan, inf, 2], [nan, 0, 3, 4], [0, 1, 2, nan], [-inf] * 4], dtype)
    x, (y, at) = squares.reshape(4, 2, 2, 1), (np.empty((4, 1, 1, 1), t) for t in (dtype, "u1"))
    run(pooling.max_pool2d, x, 2, 2, 2, 2, 0, 0, y, at)
    np.testing.assert_array_equal(y.ravel(), [nan, nan, nan, -inf])
    np.testing.assert_array_equal(at.ravel(), [1, 0, 3, 0])


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 7, 3), (3, 5, 33)])
def test_masked_mean(shape, dtype, rng):
    """Of no step at all it is 0."""
    x = rng.normal(size=shape).astype(dtype)
    mask = rng.uniform(size=shape[:2]) < 0.6
    mask[-1] = False
    y, count = np.empty((shape[0], shape[2]), dtype), np.empty(shape[0], np.int32)
    run(pooling.masked_mean, x, mask, y, count)
    want, steps = reference.masked_mean(x.astype(float), mask)
    np.testing.assert_allclose(y, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    np.testing.assert_array_equal(count, steps)
    dy, dx = rng.normal(size=y.shape).astype(dtype), np.empty_like(x)
    run(pooling.masked_mean_backward, dy, mask, count, dx)
    want = reference.masked_mean_backward(dy.astype(float), mask, steps)
    np.testing.assert_allclose(dx, want, rtol=TOLERANCE[dtype])
