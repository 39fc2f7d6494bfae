import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import counting as reference

SHAPES = [(1, 1), (9, 1), (1, 5), (33, 7)]
BOUNDS = ([0.5], [-1e-7, 0.2, 0.4, 0.6, 0.8, 1 + 1e-7], [0.0, 0.1, 0.9, 0.95], [0.3, 0.3, 0.7])


def histograms(p, t, weights):
    n = p.shape[1]
    for bounds in BOUNDS:
        thresholds = np.array(bounds, p.dtype)
        for labels, column, columns, clipped in ((1, 0, n, 0), (n, 0, n, 1), (1, n - 1, 1, 0)):
            each, counts = np.arange(1.0, columns + 1), np.ones((labels, len(bounds) + 1, 2))
            given = (p, t, weights, each, thresholds, column, clipped, counts)
            expected = {"counts": reference.count_by_threshold(*given)}
            yield Case("count_by_threshold", given, expected)


def cases(dtype, rng):
    for rows, n in SHAPES:
        p = (rng.integers(-1, 12, (rows, n)) / 10).astype(dtype)  # Many ties, some thresholds.
        t = rng.integers(0, 2, (rows, n)).astype(dtype)
        weights = rng.integers(0, 3, rows).astype(dtype)
        yield from histograms(p, t, weights)
        for threshold in (0.0, 0.45):
            given = (p, t * dtype(0.5), weights, threshold, np.ones((3, n)))
            yield Case("count_hits", given, {"counts": reference.count_hits(*given)})
        given = (p, t, weights, np.ones((4, n)))
        yield Case("add_moments", given, {"sums": reference.add_moments(*given)})
        labels = rng.integers(-1, n + 1, rows).astype(np.int32)
        match = np.empty(rows, dtype)
        for k in (1, 2, 100):
            expected = {"match": reference.top_k_categorical_accuracy(p, labels, k)}
            yield Case("top_k_categorical_accuracy", (p, labels, k, match), expected)
            ids = np.round(10 * p)
            expected = {"match": reference.among_first(ids, labels, k)}
            yield Case("among_first", (ids, labels, k, match), expected)
            expected = {"y": reference.keep_largest(p, k)}
            yield Case("keep_largest", (p, k, np.empty_like(p)), expected)
        found = np.empty(rows, np.int32)
        yield Case("argmax_rows", (p, found), {"labels": reference.argmax_rows(p)})
        flat, reached = p.reshape(-1), np.empty(rows * n, np.int32)
        yield Case("reach", (flat, 0.5, reached), {"labels": reference.reach(flat, dtype(0.5))})
        kept, counts = reference.ignore_class(labels, -1)
        expected = {"labels": kept, "counts": counts}
        yield Case("ignore_class", (labels, -1, found, match), expected)
    for size in (1, 57):
        values, weights = rng.normal(size=(2, size)).astype(dtype)
        values[::3], weights[::3] = np.nan, 0
        given = (values, weights, np.array([3.0, 4.0]))
        yield Case("accumulate_weighted", given, {"sums": reference.accumulate_weighted(*given)})
        for w in (weights, np.zeros_like(weights)):
            yield Case("normalize_weights", (w,), {"w": reference.normalize_weights(*wide(w))})
        a, b = (rng.integers(-1, 5, size).astype(kind) for kind in (dtype, np.int32))
        for ignored in (2, -(2**31)):
            given = (a, b, np.abs(weights), ignored, np.ones((4, 4)))
            yield Case("count_pairs", given, {"counts": reference.count_pairs(*given)})
