import numpy as np

from tests.cuda.cases import SIZES, Case, wide
from tests.reference import merging as reference

WIDTHS = [(1, 1, 1), (3, 2, 5), (7, 5, 2)]


def cases(dtype, rng):
    for size in SIZES:
        a, b, dy = rng.normal(size=(3, size)).astype(dtype)
        b[::2] = a[::2]
        for name in ("add", "subtract", "multiply", "maximum", "minimum"):
            expected = getattr(reference, name)(*wide(a, b))
            yield Case(name, (a, b, np.empty_like(a)), {"y": expected})
        da, db = reference.maximum_backward(*wide(dy, a, b))
        arguments = (dy, a, b, np.empty_like(a), np.empty_like(a))
        yield Case("maximum_backward", arguments, {"da": da, "db": db})
    nan = np.array([np.nan, 1, np.nan], dtype), np.array([1, np.nan, np.nan], dtype)
    for name in ("maximum", "minimum"):
        yield Case(name, (*nan, np.empty(3, dtype)), {"y": np.full(3, np.nan)})
    for rows, m, n in WIDTHS:
        a, b = rng.normal(size=(rows, m)).astype(dtype), rng.normal(size=(rows, n)).astype(dtype)
        y = reference.join(*wide(a, b))
        yield Case("join", (a, b, np.empty(y.shape, dtype)), {"y": y})
        arguments = y.astype(dtype), np.empty_like(a), np.empty_like(b)
        yield Case("cut", arguments, {"a": a.astype(float), "b": b.astype(float)})

    yield from cases_of_masks(dtype, rng)
    for shape in [(1, 1, 1), (2, 3, 5), (3, 37, 1), (7, 2, 2)]:
        x, dy = rng.normal(size=(2, *shape)).astype(dtype)
        x[0] = 0
        x[-1, :, 0] *= 1e-3
        most, y = 100.0, np.empty_like(x)
        yield Case("unit_vectors", (x, most, y), {"y": reference.unit_vectors(*wide(x), most)})
        dx = reference.unit_vectors_backward(*wide(dy, x), most)
        yield Case("unit_vectors_backward", (dy, x, most, np.empty_like(x)), {"dx": dx})


def cases_of_masks(dtype, rng):
    for size in SIZES:
        a, b = rng.uniform(size=(2, size)) < 0.5
        yield Case("either", (a, b, np.empty_like(a)), {"y": a | b})
    for rows, n in [(1, 1), (9, 5), (4, 37)]:
        merged, a, b, dy = rng.normal(size=(4, rows, n)).astype(dtype)
        a_counts, b_counts = rng.uniform(size=(2, rows)) < 0.5
        a[~a_counts] = np.nan
        for keep in (0, 1):
            masks = a_counts, b_counts, keep
            y = reference.merge_what_counts(*wide(merged, a, b), *masks)
            yield Case("merge_what_counts", (merged, a, b, *masks, np.empty_like(a)), {"y": y})
            found = reference.merge_what_counts_backward(*wide(dy), *masks)
            arguments = dy, *masks, *(np.empty_like(a) for _ in found)
            expected = dict(zip(["dmerged", "da", "db"], found, strict=True))
            yield Case("merge_what_counts_backward", arguments, expected)
