import math

import numpy as np
import pytest

from nnkit.kernels.cpu import random, warping
from tests.helpers import run
from tests.reference import random as words
from tests.reference import warping as reference
from tests.reference.warping import MODES

TOLERANCE = {np.float32: 1e-4, np.float64: 1e-10}
# Images, and height and width of the result.
SHAPES = [
    ((1, 1, 1, 1, 1), (1, 1)),
    ((2, 3, 5, 4, 1), (5, 4)),
    ((3, 1, 4, 7, 3), (2, 9)),
    ((0, 1, 2, 2, 1), (2, 2)),
]
SCALES = [(-1.0, 2.0), (0.5, 1.5), (0.7, 0.9), (-2.0, 2.0), (-3.0, 1.0)]


def test_uniform():
    """Some of the numbers of a step, from any element on."""
    for key, step in ((7, 0), (0x123456789ABCDEF, 2**33 + 5)):
        y = np.empty(11)
        random.uniform(key, np.array([step]), 5, y)
        np.testing.assert_array_equal(y, words.words_of(np.arange(5, 16), key, step) * 2.0**-32)
    y = np.empty(40_000)
    random.uniform(1, np.array([1]), 0, y)
    assert 0 <= y.min() < 1e-3 < 0.999 < y.max() < 1
    assert abs(y.mean() - 0.5) < 0.01
    assert abs(y.var() - 1 / 12) < 0.001


@pytest.mark.parametrize("alike", [0, 1])
def test_random_points(alike, rng):
    shares, points = rng.random((9, 7)), np.empty((9, 2, 3))
    numbers = *SCALES[0], *SCALES[1], *SCALES[2], alike, *SCALES[3], *SCALES[4], 1, 1, 6, 9
    run(warping.random_points, shares, *numbers, points)
    want = reference.random_points(shares, *SCALES[:3], alike, *SCALES[3:], 1, 1, (6, 9))
    np.testing.assert_allclose(points, want, atol=1e-12)


def test_random_corner(rng):
    points = np.empty((3, 2, 3))
    for shares, corner in (((0.0, 0.0), (0, 0)), ((0.999, 0.5), (2, 4)), ((0.3, 0.999), (0, 7))):
        run(warping.random_corner, np.array([shares]), 2, 7, points)
        np.testing.assert_array_equal(points, [[[1, 0, corner[0]], [0, 1, corner[1]]]] * 3)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_warp(shape, size, mode, order, dtype, rng):
    """There and back: the way back has the transposed matrix."""
    points = rng.normal(size=(shape[0], 2, 3)) * [1, 1, 6]
    x, dy = rng.normal(size=shape), rng.normal(size=(*shape[:2], *size, shape[4]))
    y, dx = np.empty(dy.shape, dtype), np.empty(shape, dtype)
    run(warping.warp, x.astype(dtype), points, order, mode, 0.25, y)
    near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(y, reference.warp(x, points, order, MODES[mode], 0.25, size), **near)
    run(warping.warp_backward, dy.astype(dtype), points, order, mode, dx)
    want = reference.warp_backward(dy, points, order, MODES[mode], shape)
    np.testing.assert_allclose(dx, want, **near)


def test_what_weighs_nothing_does_not_count():
    x = np.array([1.0, np.nan, np.inf, 2.0]).reshape(1, 1, 2, 2, 1)
    y = np.empty_like(x)
    run(warping.warp, x, np.eye(2, 3)[None], 1, 0, math.nan, y)
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 1, 6, 2), (2, 3, 5, 1), (0, 1, 3, 1)])
def test_random_tones(shape, dtype, rng):
    x, dy, shares = rng.normal(size=shape), rng.normal(size=shape), rng.random((shape[0], 2))
    for factors, shifts in (((0.5, 1.8), (-0.5, 0.5)), ((1.0, 1.0), (-2.0, 2.0))):
        numbers = *factors, *shifts, -1.0, 0.8
        y, dx = np.empty(shape, dtype), np.empty(shape, dtype)
        run(warping.random_tones, x.astype(dtype), shares, *numbers, y)
        near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
        want = reference.random_tones(x, shares, factors, shifts, -1.0, 0.8)
        np.testing.assert_allclose(y, want, **near)
        run(warping.random_tones_backward, x.astype(dtype), shares, *numbers, dy.astype(dtype), dx)
        want = reference.random_tones_backward(x, shares, factors, shifts, -1.0, 0.8, dy)
        np.testing.assert_allclose(dx, want, **near)
