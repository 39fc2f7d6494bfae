import numpy as np
import pytest

from nnkit.kernels.cpu import affine as kernels
from tests.helpers import run
from tests.reference import affine as reference

MODES = ("constant", "nearest", "reflect", "wrap")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape", [(4, 1, 5, 7, 3), (2, 3, 6, 4, 1), (1, 1, 1, 5, 1), (1, 1, 1, 1, 2)]
)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("mode", range(4))
def test_affine(shape, order, mode, dtype, rng):
    x = rng.normal(size=shape).astype(dtype)
    y = np.empty_like(x)
    flips = rng.integers(0, 2, (shape[0], 2)).astype(np.int8)
    for spread in (0.5, 3, 40):
        matrices = np.eye(2, 3) + rng.normal(0, spread, (shape[0], 2, 3))
        run(kernels.affine, x, matrices, flips, order, mode, 0.25, y)
        want = reference.affine(x, matrices, flips, order, MODES[mode], 0.25)
        np.testing.assert_allclose(y, want, atol=1e-5 if dtype == np.float32 else 1e-10)


@pytest.mark.parametrize("mode", range(4))
def test_whole_places_are_copied(mode, rng):
    x = rng.normal(size=(1, 1, 4, 5, 2))
    x[0, 0, 2, 3] = np.nan
    x[0, 0, 1, 1] = np.inf
    y = np.empty_like(x)
    run(kernels.affine, x, np.eye(2, 3)[None], np.array([[0, 1]], np.int8), 1, mode, 0.0, y)
    np.testing.assert_array_equal(y, x[:, :, :, ::-1])


def test_far_away(rng):
    x = rng.normal(size=(1, 1, 3, 4, 1))
    y = np.empty_like(x)
    for mode in range(4):
        matrices = np.array([[[1e30, -1e300, 1e18], [-1e-300, 1e15, -1e40]]])
        run(kernels.affine, x, matrices, np.zeros((1, 2), np.int8), 1, mode, 7.0, y)
        assert np.isfinite(y).all()
        assert y.min() >= x.min()
        assert y.max() <= max(7, x.max())
