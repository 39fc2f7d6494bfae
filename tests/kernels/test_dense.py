"""Products against NumPy: every way a matrix can lie in memory, and every size-1 corner."""

import itertools

import numpy as np
import pytest

from nnkit.kernels.cpu import dense as kernels
from tests.helpers import run
from tests.reference import dense as reference

SIZES = [
    (1, 1, 1),
    (1, 7, 5),
    (5, 1, 7),
    (7, 5, 1),
    (1, 1, 9),
    (1, 0, 5),
    (16, 0, 8),
    (3, 17, 33),
    (32, 64, 10),
    (13, 40, 33),
    (64, 9, 8),
    (65, 9, 8),
]
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


def plain(a):
    return a


def transposed(a):
    return np.ascontiguousarray(a.T).T


def part_of_rows(a):
    wide = np.full((a.shape[0], a.shape[1] + 3), np.nan, a.dtype)
    wide[:, 1:-2] = a
    return wide[:, 1:-2]


def part_of_columns(a):
    return part_of_rows(a.T).T


LAYOUTS = [plain, transposed, part_of_rows, part_of_columns]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("m", "k", "n"), SIZES)
def test_matmul_of_any_layout(m, k, n, dtype, rng):
    a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    bias = rng.normal(size=n).astype(dtype)
    want = reference.matmul(a.astype(float), b.astype(float))
    for lay_a, lay_b in itertools.product(LAYOUTS, LAYOUTS):
        c = np.empty((m, n), dtype)
        run(kernels.matmul, lay_a(a), lay_b(b), c)
        np.testing.assert_allclose(c, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        run(kernels.matmul_bias, lay_a(a), lay_b(b), bias, c)
        np.testing.assert_allclose(c, want + bias, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        run(kernels.matmul_add, lay_a(a), lay_b(b), c)
        np.testing.assert_allclose(
            c, 2 * want + bias, rtol=2 * TOLERANCE[dtype], atol=2 * TOLERANCE[dtype]
        )


def test_inputs_may_be_read_only(rng):
    a, b, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 2)), np.empty((2, 2))
    a.flags.writeable = b.flags.writeable = False
    run(kernels.matmul, a, b, c)
    np.testing.assert_allclose(c, a @ b)


def test_nan_stays(rng):
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), np.empty((3, 2))
    a[1, 2] = np.nan
    run(kernels.matmul, a, b, c)
    np.testing.assert_array_equal(np.isnan(c).all(axis=1), [False, True, False])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (33, 17)])
def test_sum_rows(shape, dtype, rng):
    x = rng.normal(size=shape).astype(dtype)
    for first in range(shape[1]):
        total = np.empty(shape[1] - first, dtype)
        run(kernels.sum_rows, x, first, total)
        want = reference.sum_rows(x.astype(float), first, total.size)
        np.testing.assert_allclose(total, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
