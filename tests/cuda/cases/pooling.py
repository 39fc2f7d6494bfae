import numpy as np

from tests.cuda.cases import Case, wide
from tests.reference import pooling as reference

# Images; window, strides, padding before the input; pixels of the output.
GEOMETRIES = [
    ((1, 1, 1, 1), (1, 1, 1, 1, 0, 0), (1, 1)),
    ((2, 5, 4, 3), (2, 2, 2, 2, 0, 0), (2, 2)),
    ((1, 5, 4, 2), (3, 2, 1, 2, 1, 0), (5, 2)),
    ((2, 3, 5, 2), (3, 5, 1, 1, 0, 0), (1, 1)),
]


def cases(dtype, rng):
    for shape, place, pixels in GEOMETRIES:
        x = rng.integers(-3, 3, shape).astype(dtype)  # Many are equal.
        dy = rng.normal(size=(shape[0], *pixels, shape[3])).astype(dtype)
        y, at = reference.max_pool2d(x, place, pixels)
        at = at.astype(np.uint8)
        empty = np.empty_like(dy), np.empty_like(at)
        yield Case("max_pool2d", (x, *place, *empty), {"y": y, "at": at})
        dx = reference.max_pool2d_backward(*wide(dy), at.astype(int), place, shape)
        yield Case("max_pool2d_backward", (dy, at, *place, np.empty_like(x)), {"dx": dx})
        y = reference.average_pool2d(*wide(x), place, pixels)
        yield Case("average_pool2d", (x, *place, np.empty_like(dy)), {"y": y})
        dx = reference.average_pool2d_backward(*wide(dy), place, shape)
        yield Case("average_pool2d_backward", (dy, *place, np.empty_like(x)), {"dx": dx})

    for shape in [(1, 1, 1), (3, 5, 3)]:
        x, mask = rng.normal(size=shape).astype(dtype), rng.uniform(size=shape[:2]) < 0.6
        mask[-1] = False
        y, count = reference.masked_mean(*wide(x), mask)
        count = count.astype(np.int32)
        arguments = x, mask, y.astype(dtype), np.empty_like(count)
        yield Case("masked_mean", arguments, {"y": y, "count": count})
        dy = rng.normal(size=y.shape).astype(dtype)
        dx = reference.masked_mean_backward(*wide(dy), mask, count)
        yield Case("masked_mean_backward", (dy, mask, count, np.empty_like(x)), {"dx": dx})
