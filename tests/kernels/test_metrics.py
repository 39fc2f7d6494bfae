import numpy as np
import pytest

from nnkit.kernels.cpu import metrics as kernels
from tests.helpers import run
from tests.reference import metrics as reference

SHAPES = [(1, 1), (1, 9), (33, 1), (32, 10), (5, 67)]
DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_accuracies(shape, dtype, rng):
    p = rng.integers(5, size=shape).astype(dtype)  # Few values: many ties.
    t = rng.integers(2, size=shape).astype(dtype)
    sparse = rng.integers(shape[1], size=shape[0]).astype(np.int32)
    match = np.empty(shape[0], dtype)
    run(kernels.categorical_accuracy, p, t, match)
    np.testing.assert_array_equal(match, reference.categorical_accuracy(p, t))
    run(kernels.sparse_categorical_accuracy, p, sparse, match)
    np.testing.assert_array_equal(match, reference.sparse_categorical_accuracy(p, sparse))
    run(kernels.binary_accuracy, p, t, 2.0, match)
    np.testing.assert_allclose(match, reference.binary_accuracy(p, t, 2), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 7, 10_001])
def test_accumulate(n, dtype, rng):
    values, weights = rng.normal(size=(2, n)).astype(dtype)
    sums = np.array([3.0, 4.0])
    want = reference.accumulate(values, weights, n, sums)
    run(kernels.accumulate, values, weights, float(n), sums)
    np.testing.assert_allclose(sums, want, rtol=1e-12)


def test_accumulate_in_float64():
    """In float32 the hundred would be lost."""
    values, ones = np.array([1e9] + [1.0] * 100, np.float32), np.ones(101, np.float32)
    sums = np.zeros(2)
    run(kernels.accumulate, values, ones, 1.0, sums)
    np.testing.assert_array_equal(sums, [1e9 + 100, 1])


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize("n", [1, 1000])
def test_fill(n, dtype):
    y = np.empty(n, dtype)
    run(kernels.fill, 2.0, y)
    np.testing.assert_array_equal(y, np.full(n, 2, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [1, 3])
def test_broadcast_weights(steps, dtype, rng):
    sample_weight = rng.uniform(size=5).astype(dtype)
    w = np.empty(5 * steps, dtype)
    run(kernels.broadcast_weights, sample_weight, 0.25, w)
    np.testing.assert_array_equal(w, reference.broadcast_weights(sample_weight, 0.25, 5 * steps))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0, 0.4, 1])
def test_mask_weights(share, dtype, rng):
    mask, w = rng.uniform(size=37) < share, rng.uniform(size=37).astype(dtype)
    expected = reference.mask_weights(mask, w)
    run(kernels.mask_weights, mask, w)
    np.testing.assert_allclose(w, expected, rtol=1e-6)


def test_accumulate_penalty():
    penalty, sums = np.array([0.5]), np.array([3.0, 4.0])
    run(kernels.accumulate_penalty, penalty, 10.0, sums)
    np.testing.assert_array_equal(sums, [8, 4])
