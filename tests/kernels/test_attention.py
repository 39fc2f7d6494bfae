import itertools

import numpy as np
import pytest

from nnkit.kernels.cpu import attention as kernels
from tests.helpers import run
from tests.reference import attention as reference

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}
EVERYWHERE = 2**31
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def heads_inside(x):
    """(b, h, m, k), as it lies where the heads of each step are side by side."""
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)


def turned(x):
    return np.ascontiguousarray(x.swapaxes(2, 3)).swapaxes(2, 3)


LAYOUTS = [np.ascontiguousarray, heads_inside, turned]


@dtypes
@pytest.mark.parametrize(
    ("b", "h", "m", "k", "n"),
    [(1, 1, 1, 1, 1), (2, 3, 5, 1, 4), (2, 2, 1, 7, 3), (3, 2, 9, 5, 1), (2, 3, 17, 8, 33)],
)
def test_matmul_stack(b, h, m, k, n, dtype, rng):
    x, z = rng.normal(size=(b, h, m, k)).astype(dtype), rng.normal(size=(b, h, k, n)).astype(dtype)
    want = reference.matmul_stack(x.astype(float), z.astype(float))
    for lay_x, lay_z, lay_y in itertools.product(LAYOUTS, LAYOUTS, LAYOUTS[:2]):
        y = lay_y(np.empty((b, h, m, n), dtype))
        run(kernels.matmul_stack, lay_x(x), lay_z(z), y)
        np.testing.assert_allclose(y, want, TOLERANCE[dtype], TOLERANCE[dtype])


SHAPES = [(1, 1, 1, 1, 1), (2, 3, 2, 5, 4), (2, 1, 3, 4, 17)]


def masks(shape, rng):
    """One for each combination of axes that are shared."""
    for shared in itertools.product([False, True], repeat=5):
        size = [1 if one else n for one, n in zip(shared, shape, strict=True)]
        yield rng.uniform(size=size) < 0.6


@pytest.mark.parametrize("shape", SHAPES)
def test_join_masks(shape, rng):
    y = np.empty(shape, bool)
    for x, z in zip(masks(shape, rng), reversed([*masks(shape, rng)]), strict=True):
        run(kernels.join_masks, x, z, 0, y)
        np.testing.assert_array_equal(y, np.broadcast_to(x, shape) & z)
    run(kernels.join_masks, x, z, 1, y[1:])  # Another worker's rows.
    np.testing.assert_array_equal(y[1:], (np.broadcast_to(x, shape) & z)[1:])


@dtypes
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("before", "after"), [(EVERYWHERE, EVERYWHERE), (EVERYWHERE, 0), (1, 1), (2, 0)]
)
def test_masked_softmax(shape, before, after, dtype, rng):
    x, dy = rng.normal(scale=3, size=(2, *shape)).astype(dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    for mask, nothing in zip(masks(shape, rng), itertools.cycle([0.0, 0.25]), strict=False):
        where = mask, before, after, 0.5
        run(kernels.masked_softmax, x, *where, nothing, 0, y)
        want = reference.masked_softmax(x.astype(float), *where, nothing)
        np.testing.assert_allclose(y, want, TOLERANCE[dtype], 1e-7)
        run(kernels.masked_softmax_backward, dy, y, *where, 0, dx)
        want = reference.masked_softmax_backward(dy.astype(float), y.astype(float), *where)
        np.testing.assert_allclose(dx, want, TOLERANCE[dtype], TOLERANCE[dtype])
    if len(x) > 1:  # Another worker's rows.
        part = y[1:].copy()
        run(kernels.masked_softmax, x[1:], *where, nothing, 1, part)
        np.testing.assert_array_equal(part, y[1:])


@dtypes
def test_masked_softmax_of_extremes(dtype):
    """What doesn't count may be NaN or infinite; what counts, as for softmax."""
    nan, inf = np.nan, np.inf
    x = np.array([[nan, 1, 1], [inf, -inf, 0], [1e4, -1e4, 1e4], [nan, 0, nan], [0, nan, 0]], dtype)
    mask = np.array([[0, 1, 1], [0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 0]], bool)
    y = np.empty((1, 1, 1, 5, 3), dtype)
    run(kernels.masked_softmax, x.reshape(y.shape), mask.reshape(y.shape), 9, 9, 1.0, 1 / 3, 0, y)
    want = [[0, 0.5, 0.5], [0, 0, 1], [1, 0, 0], [1 / 3] * 3, [nan] * 3]
    np.testing.assert_allclose(y[0, 0, 0], want, 1e-6)


@dtypes
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 4, 5), (3, 5, 2, 17)])
@pytest.mark.parametrize("shared", [False, True])
def test_additive_scores(shape, shared, dtype, rng):
    b, t, s, n = shape
    query, key = rng.normal(size=(b, t, n)).astype(dtype), rng.normal(size=(b, s, n)).astype(dtype)
    factor, weight = rng.normal(size=1).astype(dtype), rng.normal(size=1 if shared else n)
    weight, dy = weight.astype(dtype), rng.normal(size=(b, t, s)).astype(dtype)
    y = np.empty_like(dy)
    arrays = query, key, factor, weight
    exact = [a.astype(float) for a in (dy, *arrays)]
    run(kernels.additive_scores, *arrays, y)
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(y, reference.additive_scores(*exact[1:]), **close)
    made = [np.empty(size, dtype) for size in (query.shape, key.shape, (b, n), (b, n))]
    run(kernels.additive_scores_backward, dy, *arrays, *made)
    for got, want in zip(made, reference.additive_scores_backward(*exact), strict=True):
        np.testing.assert_allclose(got, want, **close)
