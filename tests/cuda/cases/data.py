import numpy as np

from tests.cuda.cases import Case


def cases(dtype, rng):
    largest = float(np.finfo(dtype).max)
    for bad, first in ([], 60), ([52], 52), ([40, 3, 17], 3):
        for value in (np.nan, np.inf, -np.inf):
            x = np.full(53, -largest, dtype)
            x[bad] = value
            expected = {"found": np.array([first])}
            yield Case("first_not_finite", (x, largest, np.array([60])), expected)
