import numpy as np

from tests.cuda.cases import MATRICES, SIZES, Case, wide
from tests.reference import metrics as reference


def accuracies(p, t, sparse):
    match = np.empty(len(p), p.dtype)
    expected = {"match": reference.categorical_accuracy(p, t)}
    yield Case("categorical_accuracy", (p, t, match), expected)
    expected = {"match": reference.sparse_categorical_accuracy(p, sparse)}
    yield Case("sparse_categorical_accuracy", (p, sparse, match), expected)
    expected = {"match": reference.binary_accuracy(p, t, 2)}
    yield Case("binary_accuracy", (p, t, 2.0, match), expected)


def cases(dtype, rng):
    for shape in MATRICES:
        p = rng.integers(5, size=shape).astype(dtype)  # Few values: many ties.
        t = rng.integers(2, size=shape).astype(dtype)
        yield from accuracies(p, t, rng.integers(shape[1], size=shape[0]).astype(np.int32))

    # Of equal elements the first is the largest, also among those of one thread.
    equal = np.ones((2, 67), dtype)
    yield from accuracies(equal, equal, np.array([0, 66], np.int32))

    # A NaN is the largest where it is the first element, and never elsewhere.
    p = np.array([[np.nan, 1, 2], [1, np.nan, 2], [-np.inf, -np.inf, np.nan]], dtype)
    match = np.empty(3, dtype)
    t = np.array([0, 2, 0], np.int32)
    yield Case("sparse_categorical_accuracy", (p, t, match), {"match": np.ones(3)})
    t = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]], dtype)
    yield Case("categorical_accuracy", (p, t, match), {"match": np.ones(3)})

    for size in SIZES:
        values, weights = rng.normal(size=(2, size)).astype(dtype)
        sums = np.array([3.0, 4.0])
        expected = {"sums": reference.accumulate(values, weights, size, sums)}
        yield Case("accumulate", (values, weights, float(size), sums), expected)
        for kind in (dtype, np.int32, np.int64):
            y = np.empty(size, kind)
            yield Case("fill", (2.0, y), {"y": np.full(size, 2, kind)})

    # In float32 the hundred would be lost.
    values, ones = np.array([1e9] + [1] * 100, dtype), np.ones(101, dtype)
    expected = {"sums": np.array([1e9 + 100, 1])}
    yield Case("accumulate", (values, ones, 1.0, np.zeros(2)), expected, tolerance=1e-15)

    for steps in (1, 3):
        sample_weight = rng.uniform(size=29).astype(dtype)
        w = np.empty(29 * steps, dtype)
        expected = reference.broadcast_weights(*wide(sample_weight), 0.25, w.size)
        yield Case("broadcast_weights", (sample_weight, 0.25, w), {"w": expected})

    for share in (0, 0.4, 1):
        mask, w = rng.uniform(size=53) < share, rng.uniform(size=53).astype(dtype)
        yield Case("mask_weights", (mask, w), {"w": reference.mask_weights(mask, *wide(w))})
    penalty, sums = np.array([0.5]), np.array([3.0, 4.0])
    expected = {"sums": reference.accumulate_penalty(penalty, 10.0, sums)}
    yield Case("accumulate_penalty", (penalty, 10.0, sums), expected)
