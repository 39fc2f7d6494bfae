import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import random as reference

KEYS = [(7, 0), (0x123456789ABCDEF, 2**33 + 5)]


def cases(dtype, rng):
    for key, step in KEYS:
        for size in SIZES:
            x = rng.normal(size=size).astype(dtype)
            y = reference.dropout(*wide(x), 0.3, key, step, 0)
            counter = np.array([step])
            yield Case("dropout", (x, 0.3, key, counter, 0, np.empty_like(x)), {"y": y})
            mask = reference.dropout_mask(size, 0.3, key, step, 0)
            yield Case("dropout_mask", (0.3, key, counter, 0, np.empty_like(x)), {"mask": mask})
            y = reference.gaussian_noise(*wide(x), 0.3, key, step, 0)
            arguments = x, 0.3, key, counter, 0, np.empty_like(x)
            yield Case("gaussian_noise", arguments, {"y": y}, 2e-6)

    # A dropped NaN is gone. No rate drops nothing.
    x = np.full(29, np.nan, dtype)
    for rate in (0.0, 0.5):
        y = reference.dropout(*wide(x), rate, 7, 0, 0)
        yield Case("dropout", (x, rate, 7, np.array([0]), 0, np.empty_like(x)), {"y": y})
