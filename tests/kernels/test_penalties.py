import numpy as np
import pytest

from nnkit.kernels.cpu import penalties as kernels
from tests.helpers import run, slope
from tests.reference import penalties as reference

DTYPES = (np.float32, np.float64)
SIZES = (1, 17, 4096, 10_001)
SHAPES = ((1, 1, 1), (1, 5, 3), (4, 3, 1), (3, 2, 5), (2, 1, 1))
EPSILON = 1e-7
BOUNDS = ((0.0, 2.0, 1.0), (1.0, 1.0, 1.0), (0.5, 1.5, 0.3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_penalty(size, dtype, rng):
    w = rng.normal(size=size).astype(dtype)
    want = reference.penalty_blocks(w.astype(float), 0.1, 0.2)
    partial, total = np.empty_like(want), np.empty(1)
    run(kernels.penalty_blocks, w, 0.1, 0.2, 0, partial)
    np.testing.assert_allclose(partial, want, rtol=1e-13)
    run(kernels.penalty_sum, partial, 0.5, total)
    np.testing.assert_allclose(total, 0.5 * want.sum(), rtol=1e-13)


def test_each_worker_does_its_own_blocks(rng):
    w = rng.normal(size=10_001)
    want, partial = np.empty((2, 3))
    run(kernels.penalty_blocks, w, 0.1, 0.2, 0, want)
    run(kernels.penalty_blocks, w, 0.1, 0.2, 0, partial[:1])
    run(kernels.penalty_blocks, w, 0.1, 0.2, 1, partial[1:])
    np.testing.assert_array_equal(partial, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_penalty_gradient(size, dtype, rng):
    w, g = rng.normal(size=(2, size)).astype(dtype)
    w[0] = 0
    want = reference.penalty_gradient(w.astype(float), 0.1, 0.2, g.astype(float))
    run(kernels.penalty_gradient, w, 0.1, 0.2, g)
    np.testing.assert_allclose(g, want, rtol=1e-5, atol=1e-6)


def test_gradient_is_the_slope(rng):
    w = rng.normal(size=7)
    gradient = np.zeros(7)
    run(kernels.penalty_gradient, w, 0.1, 0.2, gradient)
    want = slope(lambda w: reference.penalty_blocks(w, 0.1, 0.2).sum(), w)
    np.testing.assert_allclose(gradient, want, atol=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinity_stay(dtype):
    w = np.array([np.nan, np.inf, -np.inf, 1, -0.0], dtype)
    total, gradient, bounded = np.empty(1), np.zeros_like(w), w.copy()
    run(kernels.penalty_blocks, w, 0.1, 0.0, 0, total)
    assert np.isnan(total[0])
    run(kernels.penalty_gradient, w, 0.5, 1.0, gradient)
    np.testing.assert_array_equal(gradient, [np.nan, np.inf, -np.inf, 2.5, 0])
    run(kernels.not_negative, bounded)
    np.testing.assert_array_equal(bounded, [np.nan, np.inf, 0, 1, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_elements(size, dtype, rng):
    x, y = rng.normal(size=(2, size)).astype(dtype)
    total, bounded = y.copy(), x.copy()
    run(kernels.add_to, x, total)
    np.testing.assert_array_equal(total, x + y)
    run(kernels.not_negative, bounded)
    np.testing.assert_array_equal(bounded, reference.not_negative(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_norms(shape, bounds, dtype, rng):
    w = rng.normal(size=shape).astype(dtype)
    outer, n, inner = shape
    want = reference.norm_factors(w.astype(float), *bounds, EPSILON)
    factor = np.empty(outer * inner)
    run(kernels.norm_factors, w, *bounds, EPSILON, 0, factor)
    np.testing.assert_allclose(factor, want, rtol=1e-13)
    want = reference.scale_vectors(factor.astype(dtype), w)
    run(kernels.scale_vectors, factor, n, 0, w.reshape(outer * n, inner))
    np.testing.assert_allclose(w, want, rtol=1e-6)


@pytest.mark.parametrize("cut", [1, 4, 7, 14])
def test_norms_of_each_worker(cut, rng):
    w = rng.normal(size=(3, 2, 5))
    want, factor = np.empty((2, 15))
    run(kernels.norm_factors, w, *BOUNDS[0], EPSILON, 0, want)
    run(kernels.norm_factors, w, *BOUNDS[0], EPSILON, 0, factor[:cut])
    run(kernels.norm_factors, w, *BOUNDS[0], EPSILON, cut, factor[cut:])
    np.testing.assert_array_equal(factor, want)
    whole, rows = w.reshape(6, 5).copy(), w.reshape(6, 5).copy()
    run(kernels.scale_vectors, factor, 2, 0, whole)
    run(kernels.scale_vectors, factor, 2, 0, rows[:3])
    run(kernels.scale_vectors, factor, 2, 3, rows[3:])
    np.testing.assert_array_equal(rows, whole)


def test_a_norm_of_zero():
    w = np.zeros((1, 3, 1))
    factor = np.empty(1)
    for bounds, want in (((0.0, 2.0, 1.0), 0), ((1.0, 1.0, 1.0), 1e7)):
        run(kernels.norm_factors, w, *bounds, EPSILON, 0, factor)
        np.testing.assert_allclose(factor, want)
