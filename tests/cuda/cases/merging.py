import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import merging as reference

WIDTHS = [(1, 1, 1), (3, 2, 5), (7, 5, 2)]


def cases(dtype, rng):
    for size in SIZES:
        a, b, dy = rng.normal(size=(3, size)).astype(dtype)
        b[::2] = a[::2]
        for name in ("add", "multiply", "maximum"):
            expected = getattr(reference, name)(*wide(a, b))
            yield Case(name, (a, b, np.empty_like(a)), {"y": expected})
        da, db = reference.maximum_backward(*wide(dy, a, b))
        arguments = (dy, a, b, np.empty_like(a), np.empty_like(a))
        yield Case("maximum_backward", arguments, {"da": da, "db": db})
    nan = np.array([np.nan, 1, np.nan], dtype), np.array([1, np.nan, np.nan], dtype)
    yield Case("maximum", (*nan, np.empty(3, dtype)), {"y": np.full(3, np.nan)})
    for rows, m, n in WIDTHS:
        a, b = rng.normal(size=(rows, m)).astype(dtype), rng.normal(size=(rows, n)).astype(dtype)
        y = reference.join(*wide(a, b))
        yield Case("join", (a, b, np.empty(y.shape, dtype)), {"y": y})
        arguments = y.astype(dtype), np.empty_like(a), np.empty_like(b)
        yield Case("cut", arguments, {"a": a.astype(float), "b": b.astype(float)})
