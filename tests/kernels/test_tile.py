"""The small product in registers, against NumPy: every size of a tile, and nothing beyond it."""

import numpy as np
import pytest

import nnkit
from nnkit.kernels._tile import MOST_ROWS, add_product, lanes
from tests.helpers import run


@nnkit.kernel(updates=["c"])
def tile(rows, columns, steps, runs, c, c_row, a, a_row, a_step, a_run, b, b_step, b_run):
    shape = rows, columns, steps, runs
    add_product(shape, c, 1, c_row, a, 2, (a_row, a_step, a_run), b, 3, (b_step, b_run))


@nnkit.kernel(outputs=["count"])
def count_lanes(like, count):
    count[0] = lanes(like)


def number_of_lanes(dtype):
    count = np.empty(1, np.int64)
    run(count_lanes, np.empty(1, dtype), count)
    return int(count[0])


def taken(x, first, *strides_and_sizes):
    """The elements at first + sum of i strides, for all i below sizes."""
    strides, sizes = zip(*strides_and_sizes, strict=True)
    steps = [s * x.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(x[first:], sizes, steps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", range(1, MOST_ROWS + 1))
@pytest.mark.parametrize("apart", [False, True], ids=["steps together", "rows together"])
def test_every_size(rows, apart, dtype, rng):
    width = number_of_lanes(dtype)
    for columns in {1, width - 1, width, width + 5}:
        done = min(columns, width)
        for steps, runs in ((1, 1), (5, 1), (2, 3)):
            a_row, a_step = (1, rows + 1) if apart else (steps + 2, 1)
            a_run, b_step, c_row = 3 * (rows + steps), width + 1, width + 2
            b_run = b_step * steps + 4
            a = rng.normal(size=2 + runs * a_run + rows * a_row + steps * a_step).astype(dtype)
            b = rng.normal(size=3 + runs * b_run).astype(dtype)
            c = rng.normal(size=1 + rows * c_row).astype(dtype)
            left = taken(a, 2, (a_row, rows), (a_run, runs), (a_step, steps))
            right = taken(b, 3, (b_run, runs), (b_step, steps), (1, done))
            want = c.copy()
            taken(want, 1, (c_row, rows), (1, done))[...] += np.einsum("irs,rsj", left, right)
            sizes = rows, columns, steps, runs
            run(tile, *sizes, c, c_row, a, a_row, a_step, a_run, b, b_step, b_run)
            tolerance = 1e-5 if dtype == np.float32 else 1e-13
            np.testing.assert_allclose(c, want, rtol=tolerance, atol=tolerance)


def test_what_is_beyond_the_columns_is_not_read():
    """The last vector of an array ends where the array does, maybe with its page of memory."""
    a, b, c = np.ones(8), np.full(19, np.nan), np.zeros(13)
    b[3:4] = 2
    run(tile, 1, 1, 1, 1, c, 1, a, 1, 1, 1, b, 1, 1)
    assert c[1] == 2
    assert not c[2:].any()
