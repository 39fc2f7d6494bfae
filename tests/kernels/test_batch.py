import numpy as np
import pytest

from nnkit.kernels.cpu import batch as kernels
from tests.helpers import run
from tests.reference import batch as reference

CONVERSIONS = [
    (np.uint8, np.float32),
    (np.bool_, np.float32),
    (np.int64, np.int32),
    (np.int16, np.float64),
    (np.float64, np.float32),
    (np.float32, np.float32),
]


def sample(dtype, n, features, rng):
    return rng.integers(100, size=(n, features)).astype(dtype)


@pytest.mark.parametrize(("source", "target"), CONVERSIONS)
@pytest.mark.parametrize("features", [1, 13, 784])
def test_gather(features, source, target, rng):
    data, order = sample(source, 23, features, rng), rng.permutation(23)
    batch, size = np.array([2]), 6
    for first, count in [(0, 6), (2, 3), (5, 1)]:
        rows = np.empty((count, features), target)
        run(kernels.gather, data, order, batch, size, first, rows)
        want = reference.gather(data, order, 2, size, first, count)
        np.testing.assert_array_equal(rows, want.astype(target))
        run(kernels.gather_sequence, data, batch, size, first, rows)
        want = reference.gather_sequence(data, 2, size, first, count)
        np.testing.assert_array_equal(rows, want.astype(target))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scatter(dtype, rng):
    data, rows = sample(dtype, 23, 10, rng), sample(np.float32, 3, 10, rng)
    want = reference.scatter_sequence(rows, 1, 6, 2, data)
    run(kernels.scatter_sequence, rows, np.array([1]), 6, 2, data)
    np.testing.assert_array_equal(data, want)


def test_advance():
    rates, rate = np.array([0.1, 0.2, 0.3]), np.array([np.nan])
    position, batch, iteration = np.array([1]), np.array([5]), np.array([100])
    run(kernels.advance, rates, position, batch, iteration, rate)
    assert (rate[0], position[0], batch[0], iteration[0]) == (0.2, 2, 6, 101)
    run(kernels.advance_batch, batch)
    assert batch[0] == 7
