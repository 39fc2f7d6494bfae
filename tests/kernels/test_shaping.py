import numpy as np
import pytest

from nnkit.kernels.cpu import shaping as kernels
from tests.helpers import run
from tests.reference import shaping as reference

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@dtypes
@pytest.mark.parametrize(
    ("shape", "top", "left", "bottom", "right"),
    [((1, 1, 1, 1), 0, 0, 0, 0), ((2, 3, 4, 5), 1, 0, 2, 3), ((1, 2, 3, 7), 0, 2, 1, 1)],
)
def test_zero_pad(shape, top, left, bottom, right, dtype, rng):
    padded = (*shape[:2], top + shape[2] + bottom, left + shape[3] + right)
    x, dy = rng.normal(size=shape).astype(dtype), rng.normal(size=padded).astype(dtype)
    y, dx = np.empty_like(dy), np.empty_like(x)
    run(kernels.zero_pad, x, top, left, y)
    np.testing.assert_array_equal(y, reference.zero_pad(x, top, left, padded))
    run(kernels.zero_pad_backward, dy, top, left, dx)
    np.testing.assert_array_equal(dx, reference.zero_pad_backward(dy, top, left, shape))


@dtypes
@pytest.mark.parametrize(
    ("shape", "down", "across"),
    [((1, 1, 1, 1, 1), 1, 1), ((2, 3, 4, 5, 1), 2, 3), ((3, 1, 2, 4, 3), 3, 1)],
)
def test_repeat(shape, down, across, dtype, rng):
    x = rng.normal(size=shape).astype(dtype)
    want = reference.repeat(x, down, across)
    dy = rng.normal(size=want.shape).astype(dtype)
    y, dx = np.empty_like(want), np.empty_like(x)
    run(kernels.repeat, x, y)
    np.testing.assert_array_equal(y, want)
    run(kernels.repeat_backward, dy, dx)
    np.testing.assert_allclose(dx, reference.repeat_backward(dy, down, across), atol=1e-6)


@dtypes
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 4, 1, 3, 2), (0, 2, 1, 4, 3)])
def test_permute(order, dtype, rng):
    x = rng.normal(size=(2, 3, 4, 1, 6)).astype(dtype)
    want = x.transpose(order)
    steps = [step // x.itemsize for step in want.strides[1:]]
    y = np.empty(want.shape, dtype)
    run(kernels.permute, x.reshape(2, -1), *steps, y)
    np.testing.assert_array_equal(y, want)


@dtypes
@pytest.mark.parametrize("shared", [(1, 1, 1, 1, 1), (2, 1, 1, 1, 3), (1, 1, 4, 1, 3)])
def test_apply_mask(shared, dtype, rng):
    """What is masked is 0, also where it was NaN."""
    x = rng.normal(size=(2, 1, 4, 5, 3)).astype(dtype)
    x[0, 0, 0, 0, 0] = np.nan
    mask = rng.integers(0, 2, shared).astype(dtype) * 2
    mask.flat[0] = 0
    spread = np.broadcast_to(mask, x.shape)
    steps = [step // x.itemsize for step in spread.strides]
    y = np.empty_like(x)
    run(kernels.apply_mask, x, mask.reshape(-1), *steps, 0, y)
    np.testing.assert_array_equal(y, reference.apply_mask(x, spread))
    run(kernels.apply_mask, x[1:], mask.reshape(-1), *steps, 1, y[1:])  # A worker's rows.
    np.testing.assert_array_equal(y, reference.apply_mask(x, spread))
