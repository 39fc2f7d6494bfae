import numpy as np

from tests.cuda.cases import MATRICES, Case
from tests.reference import batch as reference


def cases(dtype, rng):
    batch, size = np.array([2]), 13
    for source in (np.uint8, np.bool_, np.int64, np.float64):
        for rows, columns in MATRICES:
            data = rng.integers(100, size=(3 * size, columns)).astype(source)
            out = np.empty((rows, columns), dtype)
            # Some rows twice, and longer than the data.
            order = rng.permutation(6 * size) % len(data)
            want = reference.gather(data, order, 2, size, 0, rows).astype(dtype)
            yield Case("gather", (data, order, batch, size, 0, out), {"rows": want})
            want = reference.gather_sequence(data, 2, size, 0, rows).astype(dtype)
            yield Case("gather_sequence", (data, batch, size, 0, out), {"rows": want})

    data, order = np.array([[300], [-7]]), np.array([1, 0])
    out = np.empty((2, 1), np.int32)
    first, want = np.array([0]), np.array([[-7], [300]], np.int32)
    yield Case("gather", (data, order, first, 2, 0, out), {"rows": want})

    for rows, columns in MATRICES:
        data = rng.normal(size=(3 * size, columns)).astype(dtype)
        new = rng.normal(size=(rows, columns)).astype(np.float32)
        want = reference.scatter_sequence(new, 2, size, 0, data)
        yield Case("scatter_sequence", (new, batch, size, 0, data), {"data": want})

    rates, rate = np.array([0.1, 0.2, 0.3]), np.array([np.nan])
    arguments = rates, np.array([1]), np.array([5]), np.array([100]), rate
    expected = {"rate": np.array([0.2]), "position": np.array([2])}
    expected |= {"batch": np.array([6]), "iteration": np.array([101])}
    yield Case("advance", arguments, expected)
    yield Case("advance_batch", (np.array([5]),), {"batch": np.array([6])})
