"""The small product in registers, against NumPy: every size of a tile, and nothing beyond it."""

import sys

import numba
import numpy as np
import pytest

import nnkit
from nnkit.kernels import _tile
from nnkit.kernels._fingerprint import shape_of
from nnkit.kernels._tile import MOST_ROWS, lanes
from tests.helpers import run


def _kernel(add):
    @nnkit.kernel(updates=["c"])
    def tile(sizes, c, c_at, c_row, a, a_at, a_strides, b, b_at, b_strides):
        shape = sizes[0], sizes[1], sizes[2], sizes[3]
        of_a, of_b = (a_strides[0], a_strides[1], a_strides[2]), (b_strides[0], b_strides[1])
        add(shape, c, c_at, c_row, a, a_at, of_a, b, b_at, of_b)

    return tile


in_registers, in_loops = _kernel(_tile.add_in_registers), _kernel(_tile.add_in_loops)


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
            sizes, plain = np.array([rows, columns, steps, runs]), c.copy()
            of_a, of_b = np.array([a_row, a_step, a_run]), np.array([b_step, b_run])
            run(in_registers, sizes, c, 1, c_row, a, 2, of_a, b, 3, of_b)
            run(in_loops, sizes, plain, 1, c_row, a, 2, of_a, b, 3, of_b)
            tolerance = 1e-5 if dtype == np.float32 else 1e-13
            np.testing.assert_allclose(c, want, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(plain, want, rtol=tolerance, atol=tolerance)


def laid_out(rng, dtype, sizes, strides):
    """Small whole numbers, of which sums are exact, and the index of the first to be used."""
    reach = [stride * (size - 1) for size, stride in zip(sizes, strides, strict=True)]
    first = int(rng.integers(4)) - sum(min(0, r) for r in reach)
    size = first + sum(max(0, r) for r in reach) + 1 + int(rng.integers(4))
    return rng.integers(-9, 10, size).astype(dtype), first


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_plain_loops_do_the_same(dtype, rng):
    """To the bit, wherever operands lie: backwards, on top of each other, single elements."""
    width = number_of_lanes(dtype)
    for _ in range(300):
        rows, steps, runs = (int(rng.choice([1, 1, 2, 3, 7, MOST_ROWS])) for _ in range(3))
        columns = int(rng.choice([1, 2, width - 1, width, width + 3]))
        done = min(columns, width)
        of_a, of_b = rng.integers(-8, 9, 3), rng.integers(-20, 21, 2)
        of_a[rng.integers(2)] = 1
        c_row = int(rng.choice([-1, 1])) * (done + int(rng.integers(3)))
        c, c_at = laid_out(rng, dtype, (rows, done), (c_row, 1))
        a, a_at = laid_out(rng, dtype, (rows, steps, runs), of_a)
        b, b_at = laid_out(rng, dtype, (steps, runs, done), (*of_b, 1))
        want, sizes = c.copy(), np.array([rows, columns, steps, runs])
        run(in_registers, sizes, c, c_at, c_row, a, a_at, of_a, b, b_at, of_b)
        run(in_loops, sizes, want, c_at, c_row, a, a_at, of_a, b, b_at, of_b)
        np.testing.assert_array_equal(c, want)


CHECKED = pytest.mark.skipif(not numba.config.BOUNDSCHECK, reason="without bounds checks")


@pytest.mark.parametrize(
    ("sizes", "a_at", "error"),
    [
        ((0, 1, 1, 1), 0, ValueError),
        ((MOST_ROWS + 1, 1, 1, 1), 0, ValueError),
        ((1, 1, 1, 1), -1, IndexError),
        pytest.param((1, 1, 1, 1), 8, IndexError, marks=CHECKED),
    ],
)
def test_loops_refuse_what_registers_take_on_trust(sizes, a_at, error, monkeypatch):
    """Machine code can't raise; what it would have raised is reported."""
    reported, one = [], np.ones(3, np.int64)
    monkeypatch.setattr(sys, "unraisablehook", lambda given: reported.append(given.exc_type))
    c = np.zeros(40)
    run(in_loops, np.array(sizes), c, 0, 1, np.ones(8), a_at, one, np.ones(8), 0, one[:2])
    assert reported == [error]
    assert not c.any()


def test_the_cache_tells_them_apart():
    assert shape_of(in_registers.function) != shape_of(in_loops.function)


def test_what_is_beyond_the_columns_is_not_read():
    """The last vector of an array ends where the array does, maybe with its page of memory."""
    a, b, c = np.ones(8), np.full(19, np.nan), np.zeros(13)
    b[3:4] = 2
    one = np.ones(3, np.int64)
    run(in_registers, np.ones(4, np.int64), c, 1, 1, a, 2, one, b, 3, one[:2])
    assert c[1] == 2
    assert not c[2:].any()
