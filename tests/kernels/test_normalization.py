import numpy as np
import pytest

from nnkit.kernels.cpu import normalization as kernels
from tests.helpers import run
from tests.reference import normalization as reference

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# Rows, lanes, inner, channels; rows of a block.
SHAPES = [(1, 1, 1, 1, 4), (13, 6, 1, 3, 4), (5, 3, 7, 3, 2), (70, 64, 1, 64, 32), (2, 1, 5, 1, 9)]

both = pytest.mark.parametrize("dtype", TOLERANCE)
shapes = pytest.mark.parametrize("shape", SHAPES)
masks = pytest.mark.parametrize("kind", [0, 1, -1], ids=["all", "rows", "lanes"])


def same(got, want, factor=1):
    tolerance = factor * TOLERANCE[got.dtype.type]
    np.testing.assert_allclose(got, want, tolerance, tolerance)


def mask_of(kind, x, rng):
    """None, or a mask of rows or of their lanes that leaves out all of the first rows."""
    mask = rng.uniform(size=(len(x), x.shape[1] if kind < 0 else kind)) < 0.6
    mask[: len(x) // 2] = False
    return mask if kind else None


@both
@shapes
@masks
def test_batch_moments(shape, kind, dtype, rng):
    *shape, _, size = shape
    x = (5 + rng.normal(size=shape)).astype(dtype)
    mask = mask_of(kind, x, rng)
    want = reference.batch_moments(x.astype(float), size, mask)
    if mask is not None:
        x[np.broadcast_to(~mask[..., None], x.shape)] = np.nan  # They are not looked at.
    given = (kernels.batch_moments, x) if mask is None else (kernels.masked_moments, x, mask)
    partial = np.empty(want.shape, dtype)
    run(*given, size, 0, partial)
    same(partial, want, 4)
    if len(partial) > 1:  # A worker's share of the blocks.
        run(*given, size, 1, partial[1:])
        same(partial, want, 4)


@both
@shapes
@masks
def test_batch_statistics(shape, kind, dtype, rng):
    rows, lanes, inner, n, size = shape
    x = 5 + rng.normal(size=(rows, lanes, inner))
    mask = mask_of(kind, x, rng)
    partial = reference.batch_moments(x, size, mask).astype(dtype)
    moving = rng.uniform(1, 2, (2, n)).astype(dtype)
    before, outputs = moving.astype(float), np.empty((3, n), dtype)
    run(kernels.batch_statistics, partial, 0.9, *moving, *outputs)
    want = reference.channel_moments(x, n, mask)
    same(outputs, want)
    same(moving, np.where(want[2] > 0, 0.9 * before + 0.1 * want[:2], before))


@both
@shapes
def test_lines_and_normalize(shape, dtype, rng):
    rows, lanes, inner, n, _ = shape
    x = rng.normal(size=(rows, lanes, inner)).astype(dtype)
    given = rng.uniform(1, 2, (4, n)).astype(dtype)
    mean, variance, gamma, beta = given
    lines, y = np.empty((3, lanes), dtype), np.empty_like(x)
    run(kernels.batch_lines, mean, variance, 0.1, gamma, beta, lines)
    want = reference.batch_lines(*given[:2].astype(float), 0.1, *given[2:].astype(float), lanes)
    same(lines, want)
    run(kernels.normalize, x, lines, y)
    same(y, reference.normalize(x.astype(float), lines.astype(float)))


@both
@shapes
@pytest.mark.parametrize("by_batch", [True, False])
@masks
def test_batch_gradients(shape, by_batch, kind, dtype, rng):
    rows, lanes, inner, n, size = shape
    x, dy = 5 + rng.normal(size=(2, rows, lanes, inner))
    gamma, channels = rng.uniform(1, 2, n), reference.channels(x, n)
    mean, variance = channels.mean(axis=1), channels.var(axis=1)
    lines = reference.batch_lines(mean, variance, 0.1, gamma, gamma, lanes).astype(dtype)
    want = reference.batch_gradient_sums(dy, x, lines[0].astype(float), size)
    x, dy = x.astype(dtype), dy.astype(dtype)
    partial = np.empty(want.shape, dtype)
    run(kernels.batch_gradient_sums, dy, x, lines, size, 0, partial)
    same(partial, want, 30)

    mask = mask_of(kind, x, rng)
    share = reference.channel_moments(x, n, mask)[2] * by_batch
    slopes, sums = np.empty((3, lanes), dtype), np.empty((2, n), dtype)
    given = variance.astype(dtype), 0.1, gamma.astype(dtype), share.astype(dtype)
    run(kernels.batch_gradients, want.astype(dtype), *given, slopes, *sums)
    right, *right_sums = reference.batch_slopes(x.astype(float), dy, gamma, 0.1, share)
    same(slopes, right, 100)
    same(sums, right_sums, 100)

    dx = np.empty_like(x)
    if mask is None:
        run(kernels.normalize_backward, dy, x, lines, slopes, dx)
    else:
        run(kernels.masked_normalize_backward, dy, x, mask, lines, slopes, dx)
    same(dx, reference.normalize_backward(dy, x, lines, slopes, mask), 4)


@both
@pytest.mark.parametrize(("rows", "n", "size"), [(1, 1, 4), (9, 37, 4), (5, 130, 2), (3, 4, 9)])
def test_layer_normalization(rows, n, size, dtype, rng):
    x, dy = (2 + rng.normal(size=(2, rows, n))).astype(dtype)
    gamma, beta = rng.uniform(1, 2, (2, n)).astype(dtype)
    y, dx, kept = np.empty_like(x), np.empty_like(x), np.empty((2, rows), dtype)
    run(kernels.layer_normalization, x, gamma, beta, 0.1, y, *kept)
    want = reference.layer_normalization(*(a.astype(float) for a in (x, gamma, beta)), 0.1)
    for got, right in zip((y, *kept), want, strict=True):
        same(got, right)
    sums = np.empty((2, -(-rows // size), n), dtype)
    run(kernels.layer_normalization_backward, dy, x, gamma, *kept, size, 0, dx, *sums)
    wide = (a.astype(float) for a in (dy, x, gamma, *kept))
    want = reference.layer_normalization_backward(*wide, size)
    for got, right in zip((dx, *sums), want, strict=True):
        same(got, right, 4)


# Batch, rows, channels, inner; groups.
GROUPS = [(1, 1, 1, 1, 1), (3, 5, 6, 1, 3), (2, 9, 8, 1, 1), (4, 1, 6, 5, 2), (2, 3, 4, 7, 4)]


@both
@pytest.mark.parametrize("shape", GROUPS)
def test_group_normalization(shape, dtype, rng):
    *shape, groups = shape
    x, dy = (100 + rng.normal(size=(2, *shape))).astype(dtype)
    gamma, beta = rng.uniform(1, 2, (2, shape[2])).astype(dtype)
    batch, n = shape[0], shape[2]
    lines, inverse = np.empty((batch, 3, n), dtype), np.empty((batch, groups), dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    run(kernels.group_normalization, x, gamma, beta, 0.1, y, lines, inverse)
    wide = (a.astype(float) for a in (x, gamma, beta))
    want = reference.group_normalization(*wide, 0.1, groups)
    for got, right in zip((y, lines, inverse), want, strict=True):
        same(got, right, 10)
    slopes, sums = np.empty_like(lines), np.empty((2, batch, n), dtype)
    run(kernels.group_normalization_backward, dy, x, gamma, lines, inverse, dx, slopes, *sums)
    want = reference.group_normalization_backward(
        *(a.astype(float) for a in (dy, x, gamma, lines, inverse))
    )
    for got, right in zip((dx, slopes, *sums), want, strict=True):
        np.testing.assert_allclose(got, right, 100 * TOLERANCE[dtype], 1000 * TOLERANCE[dtype])


@pytest.mark.parametrize("inner", [1, 4])
def test_a_large_mean_costs_no_precision(inner, rng):
    """The sum of squares less the square of the sum would leave nothing of the variance."""
    x = (1e4 + rng.normal(size=(500, 3, inner))).astype(np.float32)
    partial, outputs = np.empty((8, 3, 3), np.float32), np.empty((5, 3), np.float32)
    for given in [(kernels.batch_moments, x), (kernels.masked_moments, x, np.ones((500, 1), bool))]:
        run(*given, 64, 0, partial)
        run(kernels.batch_statistics, partial, 0.0, *outputs)
        np.testing.assert_allclose(outputs[2], x.astype(float).mean(axis=(0, 2)), rtol=1e-7)
        np.testing.assert_allclose(outputs[3], x.astype(float).var(axis=(0, 2)), rtol=1e-3)
    rows = x.reshape(3, -1)
    y, kept = np.empty_like(rows), np.empty((2, 3), np.float32)
    ones = np.ones(rows.shape[1], np.float32)
    run(kernels.layer_normalization, rows, ones, 0 * ones, 1e-3, y, *kept)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-3)
