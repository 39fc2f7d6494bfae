import itertools

import numpy as np

from tests.cuda.cases import MATRICES, Case, wide
from tests.reference import dense as reference

# m, k, n: a single product, less than a tile, and more tiles than the simulator's grid has blocks.
SIZES = [(1, 1, 1), (3, 2, 5), (13, 4, 14)]


# Row by row, and transposed. No others: numba copies no other to a device.
LAYOUTS = [np.ascontiguousarray, np.asfortranarray]


def cases(dtype, rng):
    for m, k, n in SIZES:
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        bias = rng.normal(size=n).astype(dtype)
        c, want = np.empty((m, n), dtype), reference.matmul(*wide(a, b))
        yield Case("matmul", (a, b, c), {"c": want})
        yield Case("matmul_bias", (a, np.asfortranarray(b), bias, c), {"c": want + bias})
        c = rng.normal(size=(m, n)).astype(dtype)
        yield Case("matmul_add", (a, np.asfortranarray(b), c), {"c": c + want})

    a, b = rng.normal(size=(5, 4)).astype(dtype), rng.normal(size=(4, 6)).astype(dtype)
    a[1, 2] = np.nan
    c, want = np.empty((5, 6), dtype), reference.matmul(*wide(a, b))
    for lay_a, lay_b in itertools.product(LAYOUTS, LAYOUTS):
        yield Case("matmul", (lay_a(a), lay_b(b), c), {"c": want})

    for shape in [*MATRICES, (9, 17)]:
        x, total = rng.normal(size=shape).astype(dtype), np.empty(shape[1], dtype)
        want = reference.sum_rows(*wide(x), 0, shape[1])
        yield Case("sum_rows", (x, 0, total), {"total": want})
