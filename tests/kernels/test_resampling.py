import numpy as np
import pytest

from nnkit.kernels.cpu import resampling
from nnkit.layers.interpolation import METHODS, Samples, tables
from tests.helpers import run
from tests.reference import resampling as reference

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# Arrays (batch, outer, length, inner), and the new length.
SHAPES = [((1, 1, 1, 1), 1), ((2, 3, 5, 2), 3), ((3, 1, 4, 17), 9), ((0, 2, 3, 1), 2)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("method", [*METHODS, "mean"])
@pytest.mark.parametrize(("shape", "new"), SHAPES)
def test_resample(shape, new, method, dtype, rng):
    """There and back: the way back has the transposed matrix."""
    length = shape[2]
    x, dy = rng.normal(size=shape), rng.normal(size=(*shape[:2], new, shape[3]))
    there, back = tables(Samples(method, length, new, 0, length), np.dtype(dtype).name)
    y, dx = np.empty(dy.shape, dtype), np.empty(shape, dtype)
    run(resampling.resample, x.astype(dtype), *there, y)
    near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(y, reference.resample(x, *there), **near)
    run(resampling.resample, dy.astype(dtype), *back, dx)
    np.testing.assert_allclose(dx, reference.resample(dy, *back), **near)
    assert np.isclose((y * dy).sum(), (x * dx).sum(), rtol=1e-4)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("shape", "new"), SHAPES)
def test_range_max(shape, new, dtype, rng):
    x = rng.integers(-2, 3, shape).astype(dtype)  # Many are equal.
    x[:1, 0, -1] = np.nan
    there, back = tables(Samples("mean", shape[2], new, 0, shape[2]), np.dtype(dtype).name)
    want, want_at = reference.range_max(x, *there[:2])
    dy = rng.normal(size=want.shape).astype(dtype)
    y, at, dx = np.empty_like(dy), np.empty(dy.shape, np.int32), np.empty_like(x)
    run(resampling.range_max, x, *there[:2], y, at)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(at, want_at)
    run(resampling.range_max_backward, dy, at, *back[:2], dx)
    near = {"rtol": TOLERANCE[dtype], "atol": 10 * TOLERANCE[dtype]}
    np.testing.assert_allclose(dx, reference.range_max_backward(dy, at, shape[2]), **near)


def test_a_part_that_reaches_beyond_the_axis():
    """Its surroundings have no weight, and elements outside the part are seen by nobody."""
    there, back = tables(Samples("nearest", 2, 4, -1, 4), "float32")
    assert there.counts.tolist() == [0, 1, 1, 0]
    assert back.starts.tolist() == [1, 2]
    there, back = tables(Samples("nearest", 5, 2, 1, 2), "float32")
    assert there.starts.tolist() == [1, 2]
    assert back.counts.tolist() == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("antialias", [False, True])
def test_weights_sum_to_1(method, antialias):
    for length, new in [(1, 7), (7, 1), (5, 13), (13, 5), (640, 224)]:
        there, _ = tables(Samples(method, length, new, 0, length, antialias), "float64")
        np.testing.assert_allclose(there.weights.sum(axis=1), 1)
        assert (there.starts + there.counts <= length).all()
