import numpy as np
import pytest

from nnkit.kernels.cpu import embedding as kernels
from tests.helpers import run
from tests.reference import embedding as reference

DTYPES = (np.float32, np.float64)
IDS = (np.int32, np.int64, np.uint8, np.float32)
# Rows of the table, columns, numbers.
SIZES = ((1, 1, 1), (5, 3, 17), (300, 16, 40))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ids_dtype", IDS)
@pytest.mark.parametrize("size", SIZES)
def test_take_rows(size, ids_dtype, dtype, rng):
    rows, k, n = size
    ids = rng.integers(0, min(rows, 256), n).astype(ids_dtype)
    table, y = rng.normal(size=(rows, k)).astype(dtype), np.empty((n, k), dtype)
    run(kernels.take_rows, ids, table, y)
    np.testing.assert_array_equal(y, reference.take_rows(ids, table))


@pytest.mark.parametrize("outside", [-1, 3, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("ids_dtype", [np.int32, np.int64, np.float64])
def test_no_row_is_read_or_written_outside(outside, ids_dtype):
    ids = np.array([0, outside, 2], ids_dtype)
    table, y = np.arange(6.0).reshape(3, 2), np.empty((3, 2))
    run(kernels.take_rows, ids, table, y)
    np.testing.assert_array_equal(y, [[0, 1], [np.nan, np.nan], [4, 5]])
    used, g = np.zeros(3, np.uint8), np.zeros((3, 2))
    run(kernels.add_rows, np.ones((3, 2)), ids, 0, used, g)
    np.testing.assert_array_equal(g, [[1, 1], [0, 0], [1, 1]])


def test_nan_is_no_row():
    y = np.empty((1, 2))
    run(kernels.take_rows, np.array([np.nan]), np.zeros((3, 2)), y)
    assert np.isnan(y).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_gradient(size, dtype, rng):
    """Step after step, only what the last one wrote is cleared."""
    rows, k, n = size
    used, g = np.ones(rows, np.uint8), np.full((rows, k), np.nan, dtype)
    for _ in range(3):
        ids = rng.integers(0, rows, n)
        dy = rng.normal(size=(n, k)).astype(dtype)
        run(kernels.clear_rows, used, g)
        assert not used.any()
        assert not g.any()
        run(kernels.add_rows, dy, ids, 0, used, g)
        want_used, want = reference.add_rows(
            dy.astype(float), ids, 0, np.zeros(rows), np.zeros((rows, k))
        )
        np.testing.assert_array_equal(used, want_used)
        np.testing.assert_allclose(g, want, rtol=1e-5, atol=1e-5)


def test_clear_rows_leaves_the_others():
    used, g = np.array([1, 0], np.uint8), np.ones((2, 3))
    run(kernels.clear_rows, used, g)
    np.testing.assert_array_equal(g, [[0] * 3, [1] * 3])


@pytest.mark.parametrize("cut", [1, 3])
def test_workers_add_up_alike(cut, rng):
    ids, dy = rng.integers(0, 5, 50), rng.normal(size=(50, 3)).astype(np.float32)
    used, g = np.zeros((2, 5), np.uint8), np.zeros((2, 5, 3), np.float32)
    run(kernels.add_rows, dy, ids, 0, used[0], g[0])
    run(kernels.add_rows, dy, ids, 0, used[1, :cut], g[1, :cut])
    run(kernels.add_rows, dy, ids, cut, used[1, cut:], g[1, cut:])
    np.testing.assert_array_equal(g[0], g[1])
    np.testing.assert_array_equal(used[0], used[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_sgd_rows(dtype, rng):
    g, p = rng.normal(size=(2, 7, 3)).astype(dtype)
    used = np.array([1, 0, 0, 1, 1, 0, 1], np.uint8)
    want = reference.sgd_rows(g.astype(float), 0.1, used, p.astype(float))
    run(kernels.sgd_rows, g, np.array([0.1]), used, p)
    np.testing.assert_allclose(p, want, rtol=1e-6)


@pytest.mark.parametrize("dtype", IDS)
def test_not_zero(dtype):
    mask = np.empty(3, bool)
    run(kernels.not_zero, np.array([0, 1, 200], dtype), mask)
    np.testing.assert_array_equal(mask, [False, True, True])
